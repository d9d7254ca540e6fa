"""Bad days, through every stage: the outcome that was settled, a message that helps, nothing lost, and a way back.

The stand-in server misbehaves for real, over HTTP; checks are the real ones; only dbt is replaced (fake_dbt.py).
"""

from __future__ import annotations

import contextlib
import csv
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import lake as lakes
from ingestion.config import Settings
from ingestion.nightly import Params, Run, run_all
from ingestion.publish import current_manifest
from ingestion.report import Report
from ingestion.sample.cube import Details, cube_from_csv
from ingestion.sample.standin import StandIn
from ingestion.statswales.registry import load_registry

KEY = "children_looked_after_gender_age"
ENTRY = load_registry()[KEY]
AREAS = ("W92000004", "W06000001", "W06000002", "W06000003")
AGES = ("under_1", "1_to_4", "5_to_9", "10_to_15", "16_to_17", "18_and_over")
Row = dict[str, str]
FIRST = datetime(2020, 1, 2, 9, 30, tzinfo=UTC)


def good_rows(years: tuple[int, ...] = (2011, 2012, 2013)) -> list[Row]:
    """Made-up figures, whole and consistent."""
    rows = []
    for year in years:
        for place, area in enumerate(AREAS):
            base = 300 if place == 0 else 100
            cells = {(gender, age): base + 5 * i for gender in ("boys", "girls") for i, age in enumerate(AGES)}
            for gender in ("boys", "girls"):
                cells[gender, "all_ages"] = sum(cells[gender, age] for age in AGES)
            cells["all", "all_ages"] = cells["boys", "all_ages"] + cells["girls", "all_ages"]
            for (gender, age), value in cells.items():
                rows.append(
                    {
                        "year_ending_31_march": str(year),
                        "area_code": area,
                        "area_name": area,
                        "gender": gender,
                        "age_group": age,
                        "children": str(value),
                        "marker": "",
                    }
                )
    return rows


class World:
    """A stand-in server with one dataset, a home, and the means to break both."""

    def __init__(self, server: StandIn, settings: Settings, folder: Path) -> None:
        self.server = server
        self.settings = settings
        self.folder = folder
        self.details = Details(title_en=ENTRY.title_en, title_cy=ENTRY.title_cy)
        self.runs = 0

    def cube(self, rows: list[Row]) -> Any:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.csv"
        with path.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return cube_from_csv(path, ENTRY)

    def publish(self, rows: list[Row], **details: Any) -> None:
        self.details = replace(self.details, **details)
        self.server.publish(KEY, self.cube(rows), self.details, uuid=ENTRY.uuid)

    def night(self, **params: Any) -> Report:
        self.runs += 1
        return run_all(Run(f"{self.folder.parent.name}-{self.runs}", Params(datasets=[KEY], **params), self.settings))

    def published(self) -> list[tuple[Any, ...]]:
        """Every row readers see, by grain."""
        path = self.settings.published / "current" / "gofal.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute("select * from core.fct_measure_value order by all").fetchall()

    def vintages(self) -> int:
        return len(lakes.Lake(self.settings.lake_url).vintages(KEY))


@contextlib.contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """A server and settings over ``folder/home``; the first revision is always the same one."""
    script = folder / "fake-dbt"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake_dbt.py")} "$@"\n')
    script.chmod(0o755)
    (folder / "csv").mkdir()
    with StandIn(rate_limit=None) as server:
        settings = Settings(
            source="live",
            home=folder / "home",
            statswales_url=server.url,
            count_requests=False,
            backoff=0.01,
            attempts=2,
            read_timeout=2.5,
            connect_timeout=5,
            dbt=str(script),
            rehash_slices=1_000_000,
            lock_wait=60,
        )
        one = World(server, settings, folder / "csv")
        server.publish(KEY, one.cube(good_rows()), one.details, uuid=ENTRY.uuid, publish_at=FIRST)
        yield one


@pytest.fixture(autouse=True, scope="session")
def _no_pages_of_checks() -> Iterator[None]:
    """The checks are the real ones; their pages (Data Docs), half of a night here, are seen in tests/e2e."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("expectations.engine.Engine.publish", lambda _: None)
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world before its first night."""
    with open_world(tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that one good night leaves behind; tests copy it, since every first night is the same."""
    folder = tmp_path_factory.mktemp("first_night")
    with open_world(folder) as one:
        report = one.night()
        assert report.exit_code == 0, report.model_dump_json(indent=1)
    return folder / "home"


@pytest.fixture
def published(tmp_path: Path, first_night: Path) -> Iterator[World]:
    """A world in which one good night has been."""
    shutil.copytree(first_night, tmp_path / "home", symlinks=True)
    with open_world(tmp_path) as one:
        yield one


def changed(rows: list[Row]) -> list[Row]:
    rows[0] = {**rows[0], "children": str(int(rows[0]["children"]) + 5)}
    return rows


# -- the service is in trouble ---------------------------------------------------------------------------------

TROUBLE: dict[str, tuple[dict[str, Any], str]] = {
    "drops every connection": ({"kind": "drop", "match": "/data/"}, "fetch_"),
    "hangs after the first byte": ({"kind": "hang_after", "after_bytes": 1}, "fetch_timeout"),
    "answers 500": ({"kind": "error", "status": 500}, "fetch_server_error"),
    "cuts the body": ({"kind": "truncate", "after_bytes": 2000}, "fetch_truncated"),
    "ends the body too early in good order": ({"kind": "short", "after_bytes": 2000}, ""),
    "counts other rows than it sends": ({"kind": "wrong_total", "match": "/query/"}, "row_count"),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_when_the_service_fails_the_last_good_load_stays_and_the_next_night_mends_it(
    published: World, name: str
) -> None:
    fault, code = TROUBLE[name]
    before = published.published()
    published.publish(changed(good_rows()))
    published.server.misbehave(**fault)
    report = published.night()
    assert report.exit_code == 1, report.model_dump_json(indent=1)
    (message,) = [m for s in report.sources for m in s.messages if m.severity == "error"]
    assert message.code.startswith(code)
    assert KEY in message.en
    assert message.cy
    assert published.published() == before
    assert published.vintages() == 1
    published.server.behave()
    assert published.night().exit_code == 0
    assert published.vintages() == 2
    assert report.sources[0].outcome == "failed"


def test_a_short_fault_is_retried_and_nobody_notices(published: World) -> None:
    published.publish(changed(good_rows()))
    published.server.misbehave("error", status=503, times=1)
    published.server.misbehave("truncate", match="/filters", after_bytes=50, times=1)
    assert published.night().exit_code == 0
    assert published.vintages() == 2


def test_a_slow_service_is_only_slow(published: World) -> None:
    published.publish(changed(good_rows()))
    published.server.misbehave("slow", seconds=0.3)
    assert published.night().exit_code == 0


def test_a_service_that_is_down_fails_the_run_and_not_the_readers(world: World) -> None:
    world.server.misbehave("drop", match=".")
    report = world.night()
    assert report.exit_code == 2  # nothing was ever published
    assert report.errors[0].stage == "discover"
    world.server.behave()
    assert world.night().exit_code == 0
    before = world.published()
    world.server.misbehave("drop", match=".")
    assert world.night().exit_code == 1
    assert world.published() == before


def test_a_revision_that_comes_out_between_metadata_and_data_is_the_one_that_is_loaded(published: World) -> None:
    published.publish(changed(good_rows()))
    newest = changed(changed(good_rows()))
    published.server.misbehave("then", match=f"{ENTRY.uuid}\\?", times=1, call=lambda: published.publish(newest))
    assert published.night().exit_code == 0
    assert published.vintages() == 2
    newest_value = str(int(good_rows()[0]["children"]) + 10)
    assert any(newest_value in row for row in published.published())


def test_a_body_over_the_cap_is_refused(world: World) -> None:
    world.settings.max_body_mb = 0.01
    report = world.night()
    assert report.exit_code == 2
    assert [m.code for m in report.sources[0].messages] == ["fetch_too_large"]


# -- the data are in trouble -----------------------------------------------------------------------------------


def without_column(name: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{k: v for k, v in row.items() if k != name} for row in rows]


def where(test: Callable[[Row], bool], **change: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, **change} if test(row) else row for row in rows]


QUARANTINED: dict[str, tuple[Callable[[list[Row]], list[Row]], str]] = {
    "an unknown area code": (where(lambda r: r["area_code"] == AREAS[3], area_code="W06009999"), "area_unknown"),
    "a year that was there is missing": (
        lambda rows: [r for r in rows if r["year_ending_31_march"] != "2012"],
        "year_gone",
    ),
    "an area that was there is missing": (lambda rows: [r for r in rows if r["area_code"] != AREAS[2]], "area_gone"),
    "a cell stands twice": (lambda rows: [*rows, rows[0]], "duplicate_cells"),
}


@pytest.mark.parametrize("name", QUARANTINED)
def test_what_breaks_the_contract_is_quarantined_and_the_last_good_load_stays(published: World, name: str) -> None:
    spoil, code = QUARANTINED[name]
    before = published.published()
    published.publish(spoil(good_rows()))
    report = published.night()
    assert report.exit_code == 0  # a warning to people, not a failure of the run
    assert report.sources[0].outcome == "quarantined", report.model_dump_json(indent=1)
    codes = [m.code for m in report.sources[0].messages if m.severity == "error"]
    assert code in codes or (name.endswith("twice") and "note_codes_ambiguous" in codes), report.sources
    assert published.published() == before
    again = published.night()
    assert again.sources[0].outcome in {"quarantined", "unchanged"}
    published.publish(changed(good_rows()))
    assert published.night().exit_code == 0
    assert published.vintages() == 2


ORDINARY: dict[str, Callable[[list[Row]], list[Row]]] = {
    "every value is suppressed": where(lambda r: True, children="", marker="suppressed"),
    "negative numbers": where(lambda r: r["age_group"] == "under_1", children="-5"),
    "a further year": lambda rows: [*rows, *good_rows((2014,))],
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_data_are_accepted_however_odd(published: World, name: str) -> None:
    published.publish(ORDINARY[name](good_rows()))
    report = published.night()
    assert report.exit_code == 0
    assert report.sources[0].outcome.startswith("accepted"), report.model_dump_json(indent=1)
    assert published.vintages() == 2


def test_a_column_more_is_a_warning_and_a_column_less_is_a_quarantine(published: World) -> None:
    wider = [{**row, "tenure": "x"} for row in changed(good_rows())]
    published.publish(wider)
    report = published.night()
    assert report.sources[0].outcome == "accepted_with_warnings", report.model_dump_json(indent=1)
    assert "column_added" in [m.code for m in report.sources[0].messages]
    published.publish(good_rows())
    report = published.night()
    assert report.sources[0].outcome == "quarantined"
    assert "column_removed" in [m.code for m in report.sources[0].messages]


def test_a_value_column_that_became_words_is_quarantined(published: World) -> None:
    revision = published.server.publish(KEY, published.cube(changed(good_rows())), published.details)
    cube = revision.cube
    for view in ("raw_extended", "with_note_codes"):
        path = cube.csv(view, "en")
        head, *lines = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join([head, *(b"about " + line.lstrip(b' "') for line in lines)]))
    report = published.night()
    assert report.sources[0].outcome == "quarantined", report.sources
    assert {"value_not_numeric", "column_retyped"} & {m.code for m in report.sources[0].messages}


def test_withdrawn_archived_and_renamed_are_news_and_not_failures(published: World) -> None:
    before = published.published()
    published.server.rename(KEY, "Another title", "Teitl arall")
    renamed = published.night()
    assert renamed.exit_code == 0
    assert any(m.code == "renamed" for m in renamed.sources[0].messages)
    published.server.archive(KEY)
    assert published.night().exit_code == 0
    published.server.unpublish(KEY)
    gone = published.night()
    assert gone.exit_code == 0
    assert gone.sources[0].outcome == "withdrawn"
    assert published.published() == before


def test_the_same_revision_with_other_bytes_is_a_new_vintage_known_from_now(published: World) -> None:
    began = datetime.now(UTC)
    published.server.rebuild(KEY, published.cube(changed(good_rows())))
    assert published.night().sources[0].outcome == "unchanged"  # the list cannot show it
    report = published.night(verify=True)
    assert report.sources[0].outcome.startswith("accepted")
    last = lakes.Lake(published.settings.lake_url).last_accepted(KEY)
    assert last is not None
    assert last.known_from_basis == "silent_change"
    assert last.known_from is not None
    assert last.known_from >= began


def test_labels_in_welsh_only_are_understood_and_reported(world: World) -> None:
    world.publish(good_rows())
    cube = world.server.current(KEY).cube
    for dimension in [cube.measure, *cube.dimensions]:
        for place, member in enumerate(dimension.members):
            dimension.members[place] = replace(member, en=member.cy)
    report = world.night()
    assert report.exit_code == 0, report.model_dump_json(indent=1)
    assert report.sources[0].outcome.startswith("accepted")


# -- the machine is in trouble ---------------------------------------------------------------------------------


def in_process(world: World, before: str, *, run_id: str = "victim") -> subprocess.CompletedProcess[str]:
    """Run a night in a process of its own, with code of the test's put in before it."""
    program = textwrap.dedent(
        """
        import os, signal, sys
        from ingestion import nightly, lake, publish, transform
        from ingestion.config import Settings
        settings = Settings.model_validate_json(sys.argv[1])
        {before}
        report = nightly.run_all(nightly.Run(sys.argv[2], nightly.Params(datasets=[sys.argv[3]]), settings))
        sys.exit(report.exit_code)
        """
    ).replace("{before}", before)
    return subprocess.run(
        [sys.executable, "-c", program, world.settings.model_dump_json(), run_id, KEY],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


KILL = "os.kill(os.getpid(), signal.SIGKILL)"
KILLED_IN = {
    "land": f"lake.Lake.write_provenance = lambda *a: {KILL}",
    "check": f"import expectations.checks as c; c.judge_batch = lambda *a, **k: {KILL}",
    "raw, batch moved and not committed": f"lake.Lake.record = lambda *a: {KILL}",
    "raw, committed": (
        f"old = lake.Lake.accept\ndef accept(self, r):\n    old(self, r)\n    {KILL}\nlake.Lake.accept = accept"
    ),
    "build": f"transform.run_dbt = lambda *a: {KILL}",
    "publish, before the flip": f"publish._sync = lambda *a: {KILL}",
    "publish, after the flip": f"publish.prune = lambda *a: {KILL}",
}


@pytest.mark.parametrize("stage", KILLED_IN)
def test_a_run_killed_at_any_stage_is_put_right_by_the_next(published: World, stage: str) -> None:
    published.publish(changed(good_rows()))
    before = KILLED_IN[stage].replace("\n", "\n" + " " * 0)
    victim = in_process(published, before)
    assert victim.returncode == -signal.SIGKILL, victim.stderr[-2000:]
    assert current_manifest(published.settings) is not None
    assert published.published()
    report = published.night()
    assert report.exit_code == 0, report.model_dump_json(indent=1)
    assert published.vintages() == 2
    # the same rows as in a world where nothing was killed
    rows = published.published()
    rerun = published.night(force=True)
    assert rerun.exit_code == 0
    assert published.published() == rows
    values = [r[5] for r in rows if r[8] is None]
    assert sorted(map(int, values)) == sorted(int(r["children"]) for r in changed(good_rows()))


def test_a_full_disk_while_landing_fails_that_load_and_leaves_nothing_half_written(published: World) -> None:
    before = published.published()
    published.publish(changed(good_rows()))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    victim = in_process(published, limit + "; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)")
    assert victim.returncode in {1, 2}, victim.stderr[-2000:]
    assert published.published() == before
    lake = lakes.Lake(published.settings.lake_url)
    assert all(lake.verify(f) for r in lake.records() for f in r.files)
    told = (published.settings.runs / "victim" / "errors").glob("*.json")
    assert any("disk_full" in path.read_text() for path in told)
    assert published.night().exit_code == 0
    assert published.vintages() == 2


def test_two_runs_at_once_both_end_well_and_load_once(world: World) -> None:
    program = textwrap.dedent(
        """
        import sys
        from ingestion import nightly
        from ingestion.config import Settings
        settings = Settings.model_validate_json(sys.argv[1])
        run = nightly.Run(sys.argv[2], nightly.Params(datasets=[sys.argv[3]]), settings)
        sys.exit(nightly.run_all(run).exit_code)
        """
    )
    both = [
        subprocess.Popen([sys.executable, "-c", program, world.settings.model_dump_json(), name, KEY])
        for name in ("one", "two")
    ]
    assert [process.wait(120) for process in both] == [0, 0]
    assert world.vintages() == 1
    assert len(world.published()) == len(good_rows())


def test_a_clock_that_goes_back_puts_no_change_before_what_it_changed(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = datetime.now(UTC) - timedelta(days=400)
    monkeypatch.setattr(lakes, "utc_now", lambda: past)
    monkeypatch.setattr("ingestion.statswales.extract.utc_now", lambda: past, raising=False)
    published.server.rebuild(KEY, published.cube(changed(good_rows())))
    assert published.night(verify=True).exit_code == 0
    first, second = lakes.Lake(published.settings.lake_url).vintages(KEY)
    assert first.known_from is not None
    assert second.known_from is not None
    assert second.known_from > first.known_from
