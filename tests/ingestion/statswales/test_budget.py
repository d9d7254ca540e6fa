"""The budget of requests: shared, sliding, and not thrown by a damaged file, a killed holder or a clock."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from ingestion.statswales.budget import Budget


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "requests.json"


def budget(path: Path, per_minute: int, clock: Clock) -> Budget:
    return Budget(path, per_minute, clock=clock, sleep=clock.sleep)


def test_lets_through_what_the_minute_allows_and_then_waits(path: Path, clock: Clock):
    shared = budget(path, 5, clock)
    for _ in range(5):
        assert shared.acquire() == 0
    assert shared.acquire() == pytest.approx(60)


def test_the_window_slides(path: Path, clock: Clock):
    shared = budget(path, 2, clock)
    shared.acquire()
    clock.now += 50
    shared.acquire()
    assert shared.acquire() == pytest.approx(10)
    assert shared.acquire() == pytest.approx(50)


def test_no_minute_ever_sees_more(path: Path, clock: Clock):
    shared = budget(path, 7, clock)
    sent = []
    for i in range(60):
        shared.acquire()
        sent.append(clock.now)
        clock.now += (i * 7) % 5
    for moment in sent:
        assert sum(moment - 60 < other <= moment for other in sent) <= 7


def test_two_objects_on_one_file_share_it(path: Path, clock: Clock):
    one, other = budget(path, 3, clock), budget(path, 3, clock)
    one.acquire()
    other.acquire()
    one.acquire()
    assert other.acquire() > 0


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"sent": "x"}', b'{"sent": [null]}', b'{"until": 1e999}', b"\xff\x00"]
)
def test_a_damaged_file_is_an_empty_window(path: Path, clock: Clock, content: bytes):
    path.parent.mkdir()
    path.write_bytes(content)
    shared = budget(path, 2, clock)
    assert shared.acquire() == 0
    assert shared.spent() == 1


def test_a_clock_that_goes_back_delays_by_a_minute_at_most(path: Path, clock: Clock):
    shared = budget(path, 3, clock)
    for _ in range(3):
        shared.acquire()
    clock.now -= 86_400
    assert 0 < shared.acquire() <= 60
    assert shared.acquire() <= 60


def test_a_hold_from_a_clock_that_went_back_is_forgotten(path: Path, clock: Clock):
    shared = budget(path, 3, clock)
    shared.hold(60)
    clock.now -= 86_400
    assert shared.acquire() == 0


def test_the_service_is_believed_when_it_says_less(path: Path, clock: Clock):
    shared = budget(path, 90, clock)
    shared.observe(remaining=2, reset=30)
    assert shared.acquire() == 0
    assert shared.acquire() == 0
    assert shared.acquire() == pytest.approx(30)


def test_the_service_is_not_believed_when_it_says_more(path: Path, clock: Clock):
    shared = budget(path, 2, clock)
    shared.observe(remaining=1000, reset=30)
    shared.acquire()
    shared.acquire()
    assert shared.acquire() == pytest.approx(60)


def test_answers_that_arrive_out_of_order_count_the_lowest(path: Path, clock: Clock):
    shared = budget(path, 90, clock)
    shared.observe(remaining=0, reset=30)
    shared.observe(remaining=5, reset=30)
    assert shared.acquire() == pytest.approx(30)


def test_a_budget_of_nothing_is_refused(path: Path):
    with pytest.raises(ValueError, match="lets nothing through"):
        Budget(path, 0)


def spend(path: Path, times: int) -> None:
    shared = Budget(path, 1000)
    for _ in range(times):
        shared.acquire()


def hold_the_lock(path: Path, held: Path) -> None:
    with Budget(path, 10)._locked():
        held.touch()
        time.sleep(60)


def test_processes_share_one_budget(path: Path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=spend, args=(path, 15)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    assert Budget(path, 1000).spent() == 45


def test_a_killed_holder_does_not_keep_the_lock(path: Path, tmp_path: Path):
    held = tmp_path / "held"
    holder = multiprocessing.get_context("spawn").Process(target=hold_the_lock, args=(path, held))
    holder.start()
    deadline = time.monotonic() + 30
    while not held.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert held.exists()
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    started = time.monotonic()
    Budget(path, 10).acquire()
    assert time.monotonic() - started < 5
