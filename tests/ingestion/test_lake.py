"""The lake: stamped for good, atomic, and true to what it was given."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.errors import LakeError
from ingestion.lake import Lake, LoadRecord, Outcome, load_id

MOMENT = datetime(2020, 1, 1, tzinfo=UTC)


def record(name: str, known_from: datetime, outcome: Outcome = Outcome.ACCEPTED, **more: object) -> LoadRecord:
    return LoadRecord(
        load_id=name, source_key="a", run_id="r", landed_at=MOMENT, known_from=known_from, outcome=outcome, **more
    )


def test_a_lake_keeps_its_kind_and_refuses_the_other(tmp_path: Path) -> None:
    Lake.open(str(tmp_path / "lake"), "sample")
    Lake.open(str(tmp_path / "lake"), "sample")
    with pytest.raises(LakeError, match="holds sample data and this run brings real data") as caught:
        Lake.open(str(tmp_path / "lake"), "real")
    assert "sample" in caught.value.cy
    assert caught.value.code == "lake_kind"


def test_a_lake_can_live_behind_any_fsspec_url() -> None:
    lake = Lake.open("memory://lake-anywhere", "real")
    lake.record(record("l1", MOMENT))
    assert [r.load_id for r in Lake("memory://lake-anywhere").records()] == ["l1"]
    with lake.scratch(".csv") as path:
        path.write_bytes(b"x")
        landed = lake.land(
            path, role="data", suffix=".csv", url="u", sha256=hashlib.sha256(b"x").hexdigest(), headers={}
        )
    assert lake.verify(landed)


def test_landed_bytes_are_content_addressed_and_written_once(lake: Lake) -> None:
    digest = hashlib.sha256(b"a,b\n1,2").hexdigest()
    paths = []
    for _ in range(2):
        with lake.scratch(".csv") as path:
            path.write_bytes(b"a,b\n1,2")
            landed = lake.land(path, role="data", suffix=".csv", url="u", sha256=digest, headers={})
        paths.append(Path(lake.path(landed.path)).stat().st_ino)
    assert landed.path == f"landing/sha256/{digest[:2]}/{digest}.csv"
    assert paths[0] == paths[1]
    assert lake.verify(landed)
    Path(lake.path(landed.path)).write_bytes(b"a,b\n1,3")
    assert not lake.verify(landed)


def test_a_landed_file_cut_short_by_a_crash_is_written_again(lake: Lake) -> None:
    body = b"whole body"
    digest = hashlib.sha256(body).hexdigest()
    half = Path(lake.path(lake.landing_path(digest, ".csv")))
    half.parent.mkdir(parents=True)
    half.write_bytes(body[:4])
    with lake.scratch(".csv") as path:
        path.write_bytes(body)
        landed = lake.land(path, role="data", suffix=".csv", url="u", sha256=digest, headers={})
    assert lake.verify(landed)


def test_vintages_are_ordered_by_when_they_were_known_not_by_when_they_were_loaded(lake: Lake) -> None:
    lake.record(record("second", MOMENT + timedelta(days=9), revision_index=2))
    lake.record(record("first", MOMENT, revision_index=1))
    lake.record(record("refused", MOMENT + timedelta(days=10), Outcome.QUARANTINED))
    assert [r.load_id for r in lake.vintages("a")] == ["first", "second"]
    assert lake.last_accepted("a").load_id == "second"  # type: ignore[union-attr]


def test_the_same_load_accepted_twice_by_two_runs_is_one_vintage(lake: Lake) -> None:
    lake.record(record("one", MOMENT))
    lake.record(record("one", MOMENT))
    assert [r.load_id for r in lake.vintages()] == ["one"]


def test_a_load_that_comes_back_after_another_stands_twice(lake: Lake) -> None:
    lake.record(record("one", MOMENT))
    lake.record(record("two", MOMENT + timedelta(days=1)))
    lake.record(record("one", MOMENT + timedelta(days=2), known_from_basis="reinstated"))
    assert [r.load_id for r in lake.vintages()] == ["one", "two", "one"]


def test_accepting_twice_is_the_same_as_once(lake: Lake) -> None:
    staged = lake.staged_path("a", "one")
    Path(lake.path(staged)).parent.mkdir(parents=True)
    Path(lake.path(staged)).write_bytes(b"batch")
    load = record("one", MOMENT, staged_file=staged)
    again = load.model_copy(deep=True)
    lake.accept(load)
    lake.accept(again)
    assert Path(lake.path("raw/a/one.parquet")).read_bytes() == b"batch"
    assert len(lake.vintages()) == 1


def test_a_refused_batch_is_kept_in_quarantine_and_does_not_count(lake: Lake) -> None:
    staged = lake.staged_path("a", "bad")
    Path(lake.path(staged)).parent.mkdir(parents=True)
    Path(lake.path(staged)).write_bytes(b"batch")
    lake.quarantine(record("bad", MOMENT, staged_file=staged))
    assert lake.exists("quarantine/a/bad.parquet")
    assert lake.vintages() == []
    assert [r.outcome for r in lake.records()] == [Outcome.QUARANTINED]


def test_a_load_is_named_by_source_revision_and_content() -> None:
    assert load_id("a", "r1", "x") == load_id("a", "r1", "x")
    assert (
        len({load_id("a", "r1", "x"), load_id("a", "r2", "x"), load_id("a", "r1", "y"), load_id("b", "r1", "x")}) == 4
    )


def test_a_writer_killed_at_any_moment_leaves_no_half_file_under_its_name(lake: Lake, tmp_path: Path) -> None:
    """kill -9 a process that writes the same JSON file over and over: what is there is always whole."""
    program = textwrap.dedent(
        f"""
        from ingestion.lake import Lake
        lake = Lake({lake.url!r})
        print("go", flush=True)
        n = 0
        while True:
            n += 1
            lake.write_json("state/x.json", {{"n": n, "filler": "y" * 200_000}})
        """
    )
    for wait in (0.02, 0.05, 0.11):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        with_timeout = datetime.now(UTC) + timedelta(seconds=wait)
        while datetime.now(UTC) < with_timeout:
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        found = lake.read_json("state/x.json")
        assert found is None or len(found["filler"]) == 200_000
