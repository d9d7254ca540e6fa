from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from ingestion.returns.problems import Problem, RefusedError
from ingestion.returns.reading import read_book
from ingestion.returns.sandbox import Sandbox

READING = Path(__file__).parents[2] / "must_fail" / "returns" / "reading"


def add(a: int, b: int) -> int:
    return a + b


def pid() -> int:
    return os.getpid()


def hang() -> None:
    while True:
        pass


def leave() -> None:
    os._exit(3)


def crash() -> None:
    ctypes.string_at(0)


def eat() -> int:
    return len([bytes(1 << 20) for _ in range(4000)])


def refuse() -> None:
    raise RefusedError(Problem("macros", sheet="Taflen"), Problem("zip_bomb", values={"limit": "5"}))


class Awkward(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def raise_awkward() -> None:
    raise Awkward("first", "second")


def talk() -> str:
    print("on the way out")
    os.write(1, b"\0\0\0\0\0\0\0\0\0\0\0\0")
    return sys.stdin.read()


def big(size: int) -> bytes:
    return b"x" * size


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as box:
        yield box


def test_a_function_runs_in_a_process_of_its_own_that_is_used_again(sandbox):
    assert sandbox.run(add, 2, 3) == 5
    assert sandbox.run(pid) == sandbox.run(pid) != os.getpid()


@pytest.mark.parametrize(
    ("function", "code"), [(hang, "too_long"), (leave, "reader_died"), (crash, "reader_died"), (eat, "too_large")]
)
def test_whatever_it_does_it_is_refused_and_the_next_file_is_read(sandbox, function, code):
    started = time.monotonic()
    with pytest.raises(RefusedError) as caught:
        sandbox.run(function, seconds=0.7 if function is hang else 30)
    assert [p.code for p in caught.value.problems] == [code]
    assert all("–" not in p.message(language) for p in caught.value.problems for language in ("en", "cy"))
    assert time.monotonic() - started < 10
    assert sandbox.run(add, 1, 1) == 2


def test_what_the_function_raises_travels_back(sandbox):
    with pytest.raises(RefusedError) as caught:
        sandbox.run(refuse)
    assert caught.value.problems == [Problem("macros", sheet="Taflen"), Problem("zip_bomb", values={"limit": "5"})]
    with pytest.raises(ValueError, match="invalid literal"):
        sandbox.run(int, "x")
    with pytest.raises(RuntimeError, match="Awkward: first"):
        sandbox.run(raise_awkward)


def test_what_the_function_prints_does_not_get_between(sandbox):
    assert sandbox.run(talk) == ""
    assert sandbox.run(add, 1, 2) == 3


def test_large_answers_and_arguments_come_whole(sandbox):
    assert sandbox.run(big, 5_000_000) == b"x" * 5_000_000
    assert sandbox.run(len, b"x" * 5_000_000) == 5_000_000


def test_a_child_that_somebody_ended_in_between_is_replaced(sandbox):
    child = psutil.Process(sandbox.run(pid))
    child.kill()
    psutil.wait_procs([child], timeout=5)
    assert sandbox.run(add, 1, 2) == 3


def test_nothing_is_left_when_it_is_closed():
    with Sandbox() as box:
        child = box.run(pid)
    assert not psutil.pid_exists(child)
    assert box.run(add, 1, 2) == 3  # closed is not broken
    box.close()
    box.close()


def test_a_child_whose_parent_is_gone_ends_by_itself(monkeypatch):
    monkeypatch.setattr("ingestion.returns.sandbox._GRACE", -4.0)  # the child's own clock ends before ours
    with Sandbox() as box:
        started = time.monotonic()
        with pytest.raises(RefusedError, match="too_long"):
            box.run(hang, seconds=5.0)
        assert time.monotonic() - started < 4.5


def test_the_memory_of_one_function_is_bounded():
    with Sandbox(memory=200 << 20) as box:
        with pytest.raises(RefusedError, match="too_large"):
            box.run(big, 300 << 20)
        assert len(box.run(big, 10 << 20)) == 10 << 20


def test_hostile_files_are_refused_from_within(sandbox):
    with pytest.raises(RefusedError, match="zip_bomb"):
        sandbox.run(read_book, READING / "zip_bomb.xlsx", "a.xlsx")
    assert sandbox.run(read_book, READING / "good.xlsx", "a.xlsx").sheets[0].rows == [["Spend"], [1200.5]]
