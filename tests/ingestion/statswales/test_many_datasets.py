"""A night over many datasets: none stops the others, a killed one is taken up where it stopped, and requests are few.

Tiny made-up datasets on the stand-in server; the checks are the real ones, only dbt is replaced (fake_dbt.py).
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_statswales import RELEASED, areas, cube, placements, publish, years

from ingestion import nightly
from ingestion.config import Settings
from ingestion.lake import Lake, Outcome
from ingestion.nightly import Params, Run, discover, land, run_all
from ingestion.report import Report
from ingestion.sample.cube import Cube, Details
from ingestion.sample.standin import StandIn
from ingestion.statswales.registry import load_registry

MANY = 40
KEYS = [f"made_up_{number}" for number in range(MANY)]
ENTRY = """\
  made_up_{number}:
    uuid: {uuid}
    title_en: Made up {number}
    title_cy: Dychmygol {number}
    columns:
      measure:
        kind: measure
        names: [Data description]
        name_cy: Disgrifiad o’r data
        values: {{number: {{en: Number, cy: Nifer, code: "1", measure_key: flying_start_staff}}}}
      period: {{kind: period, period: financial_year, names: [Year], name_cy: Blwyddyn}}
      area: {{kind: area, names: [Local authority], name_cy: Awdurdod lleol}}
      placement:
        kind: breakdown
        names: [Placement]
        name_cy: Lleoliad
        values:
          all: {{en: All placements, cy: Pob lleoliad, code: T, is_total: true}}
          foster: {{en: Foster care, cy: Gofal maeth, code: A1}}
"""
UNSURE = """\
  sought:
    title_en: Nobody has published this
    title_cy: Nid oes neb wedi cyhoeddi hwn
    columns: &columns
      measure:
        kind: measure
        names: [Data description]
        values: {number: {en: Number, cy: Nifer, measure_key: flying_start_staff}}
      period: {kind: period, period: financial_year, names: [Year]}
      area: {kind: area, names: [Local authority]}
  awaited:
    title_en: Not published yet
    title_cy: Heb ei gyhoeddi eto
    awaiting_en: Not published yet.
    awaiting_cy: Heb ei gyhoeddi eto.
    columns: *columns
  guessed:
    uuid: 22222222-aaaa-4aaa-8aaa-000000009999
    confirm: true
    title_en: A guess
    title_cy: Dyfaliad
    columns: *columns
"""


def uuid(number: int) -> str:
    return f"22222222-aaaa-4aaa-8aaa-{number:012d}"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with many entries, and some that nothing is fetched of."""
    path = tmp_path_factory.mktemp("registry") / "datasets.yml"
    measure = "measures:\n  flying_start_staff: {title_en: Staff, title_cy: Staff, unit: count}\n"
    entries = "".join(ENTRY.format(number=number, uuid=uuid(number)) for number in range(MANY))
    path.write_text(f"{measure}datasets:\n{entries}{UNSURE}", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _registered(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's entries and ours; pages of checks (Data Docs) are seen in tests/e2e."""
    ours = load_registry(path=registry, lock=None)
    monkeypatch.setattr(nightly, "load_registry", lambda overrides=None: load_registry(overrides) | ours)
    monkeypatch.setattr("expectations.engine.Engine.publish", lambda _: None)


def made() -> Cube:
    return cube(years(), areas(), placements())


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(rate_limit=None) as server:
        for number in range(MANY):
            details = Details(title_en=f"Made up {number}", title_cy=f"Dychmygol {number}", topics=(54,))
            server.publish(uuid(number), made, details, uuid=uuid(number), publish_at=RELEASED)
        yield server


@pytest.fixture
def served(server: StandIn, tmp_path: Path) -> Settings:
    script = tmp_path / "fake-dbt"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parents[1] / "fake_dbt.py"} "$@"\n')
    script.chmod(0o755)
    return Settings(
        source="live",
        home=tmp_path / "home",
        statswales_url=server.url,
        count_requests=False,
        backoff=0.01,
        attempts=2,
        read_timeout=2.5,
        dbt=str(script),
        rehash_slices=1_000_000,
        lock_wait=60,
    )


def night(settings: Settings, name: str, keys: list[str]) -> Report:
    return run_all(Run(name, Params(datasets=keys), settings))


def asked(server: StandIn, number: int) -> int:
    return len(server.requests(uuid(number)))


def test_a_first_full_pull_takes_eight_requests_a_dataset_and_one_for_the_list(
    server: StandIn, served: Settings
) -> None:
    run = Run("first", Params(datasets=KEYS), served)
    assert sorted(discover(run)) == sorted(KEYS)
    assert len(server.log) == 1
    records = [land(run, key) for key in KEYS]
    assert all(record.staged_file for record in records)
    assert len(server.log) <= 1 + 8 * MANY
    assert all(0 < asked(server, number) <= 8 for number in range(MANY))
    # what a record says that it cost is what the server has seen
    assert sum(record.requests for record in records) == len(server.log) - 1


def test_several_failing_datasets_stop_none_of_the_others(server: StandIn, served: Settings) -> None:
    keys = KEYS[:8]
    server.misbehave("error", match=uuid(0), status=500)
    server.misbehave("drop", match=f"{uuid(2)}/data/")
    server.misbehave("truncate", match=f"{uuid(5)}/data/", after_bytes=60)
    server.misbehave("wrong_total", match=f"{uuid(7)}/query/")
    report = night(served, "bad", keys)
    outcomes = {source.key: source.outcome for source in report.sources}
    failed = {KEYS[number] for number in (0, 2, 5, 7)}
    assert {key for key, outcome in outcomes.items() if outcome == "failed"} == failed
    assert all(str(outcomes[key]).startswith("accepted") for key in set(keys) - failed), outcomes
    assert report.exit_code == 1
    assert report.published_now
    assert all(
        any(m.severity == "error" and key in m.en and m.cy for m in source.messages)
        for source in report.sources
        if (key := source.key) in failed
    )
    server.behave()
    server.log.clear()
    again = night(served, "good", keys)
    assert again.exit_code == 0
    landed = {source.key for source in again.sources if str(source.outcome).startswith("accepted")}
    assert landed == failed
    assert all(asked(server, number) == 0 for number in (1, 3, 4, 6))


def test_one_in_quarantine_and_one_withdrawn_stop_none_of_the_others(server: StandIn, served: Settings) -> None:
    keys = KEYS[:4]
    assert night(served, "first", keys).exit_code == 0
    for number in range(4):
        title = (f"Made up {number}", f"Dychmygol {number}")
        publish(server, uuid(number), *title, [years(2022, 2023, 2024), areas(), placements()])
    server.current(uuid(1)).rebuild(cube(years(2022), areas()))  # a breakdown and two years less
    server.unpublish(uuid(2))
    report = night(served, "second", keys)
    assert {s.key: s.outcome for s in report.sources} == {
        KEYS[0]: "accepted",
        KEYS[1]: "quarantined",
        KEYS[2]: "withdrawn",
        KEYS[3]: "accepted",
    }
    assert report.exit_code == 0
    assert report.published_now


KILLED = """
import os, signal, sys
from pathlib import Path
from ingestion import lake, nightly
from ingestion.config import Settings
from ingestion.statswales.registry import load_registry
ours = load_registry(path=Path(sys.argv[2]), lock=None)
nightly.load_registry = lambda overrides=None: load_registry(overrides) | ours
landed, write = [], lake.Lake.write_provenance
def die(self, record):
    if len(landed) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    landed.append(record)
    write(self, record)
lake.Lake.write_provenance = die
nightly.run_all(nightly.Run("victim", nightly.Params(datasets=sys.argv[3:]), Settings.model_validate_json(sys.argv[1])))
"""


def test_a_run_killed_in_the_middle_of_landing_is_taken_up_by_the_next(
    server: StandIn, served: Settings, registry: Path
) -> None:
    keys = KEYS[:12]
    words = [sys.executable, "-c", textwrap.dedent(KILLED), served.model_dump_json(), str(registry), *keys]
    victim = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert victim.returncode == -signal.SIGKILL, victim.stderr[-2000:]
    begun = {key for number, key in enumerate(keys) if asked(server, number)}
    lake = Lake(served.lake_url)
    whole = {key for key in keys if lake.last_landing(key)}
    assert (len(whole), len(begun)) == (6, 7)
    assert lake.records() == []  # nothing of it counts yet
    moments = {key: landing.landed_at for key in whole if (landing := lake.last_landing(key))}
    server.log.clear()
    report = night(served, "next", keys)
    assert report.exit_code == 0, report.model_dump_json(indent=1)
    assert {s.outcome for s in report.sources} == {"accepted"}
    for number, key in enumerate(keys):
        bodies = server.requests(f"{uuid(number)}/data/")
        assert len(bodies) == (0 if key in whole else 2), (key, bodies)
        assert asked(server, number) == 1 if key in whole else asked(server, number) <= 8
    # what was landed then is said to have been landed then, and every byte is there
    records = {record.source_key: record for record in lake.records()}
    assert {key: records[key].landed_at for key in whole} == moments
    assert all(lake.verify(file) for record in records.values() for file in record.files)
    assert all(record.rows == 8 for record in records.values())


def test_what_was_left_behind_is_fetched_again_where_the_source_has_moved_on(server: StandIn, served: Settings) -> None:
    run = Run("killed", Params(datasets=KEYS[:2]), served)
    discover(run)
    old = {key: land(run, key) for key in KEYS[:2]}
    publish(server, uuid(1), "Made up 1", "Dychmygol 1", [years(2024), areas(), placements()])
    path = Path(Lake(served.lake_url).path(old[KEYS[0]].files[0].path))
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    server.log.clear()
    after = Run("next", Params(datasets=KEYS[:2]), served)
    discover(after)
    damaged, newer = (land(after, key) for key in KEYS[:2])
    assert all(len(server.requests(f"{uuid(number)}/data/")) >= 2 for number in range(2))
    assert damaged.load_id == old[KEYS[0]].load_id
    assert newer.revision_id != old[KEYS[1]].revision_id
    assert newer.rows == 4


def test_what_a_fetch_that_failed_had_landed_before_is_not_taken_for_new(server: StandIn, served: Settings) -> None:
    run = Run("first", Params(datasets=KEYS[:1]), served)
    discover(run)
    record = land(run, KEYS[0])
    record.outcome = Outcome.FAILED  # its check broke
    run.lake.record(record)
    server.log.clear()
    land(Run("next", Params(datasets=KEYS[:1]), served), KEYS[0])
    assert server.requests(f"{uuid(0)}/data/")


def test_entries_that_nothing_is_known_of_yet_are_told_and_end_no_run_badly(server: StandIn, served: Settings) -> None:
    keys = [KEYS[0], "sought", "awaited", "guessed"]
    report = night(served, "one", keys)
    assert report.exit_code == 0, report.model_dump_json(indent=1)
    assert {s.key: s.outcome for s in report.sources} == {
        KEYS[0]: "accepted",
        "sought": "to_find",
        "awaited": "awaiting",
        "guessed": "unconfirmed",
    }
    assert len(server.log) <= 1 + 8
    assert night(served, "two", keys).exit_code == 0
