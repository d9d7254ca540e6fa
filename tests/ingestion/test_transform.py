"""Freezing: a snapshot says exactly what the lake held, and its hash changes when a mart could."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from ingestion import transform
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import load_registry

MOMENT = datetime(2020, 1, 1, 9, 30, tzinfo=UTC)


def load(lake: Lake, name: str, days: int, outcome: Outcome = Outcome.ACCEPTED, source: str = "a") -> None:
    record = LoadRecord(
        load_id=name,
        source_key=source,
        run_id="r",
        landed_at=MOMENT,
        known_from=MOMENT + timedelta(days=days),
        outcome=outcome,
        raw_file=f"raw/{source}/{name}.parquet",
        members_file=f"members/{source}/{name}.parquet",
    )
    record.add("x", "warning", "Something.", "Rhywbeth.")
    lake.record(record)


def freeze(lake: Lake, folder: Path, as_of: datetime | None = None) -> tuple[transform.Snapshot, str]:
    snapshot = transform.freeze(lake, load_registry(), folder, as_of=as_of, now=MOMENT)
    return snapshot, transform.inputs_hash(folder, as_of=as_of)


def test_vintages_are_numbered_by_source_and_end_where_the_next_begins(lake: Lake, tmp_path: Path) -> None:
    load(lake, "a2", 5)
    load(lake, "a1", 0)
    load(lake, "b1", 3, source="b")
    load(lake, "bad", 9, Outcome.QUARANTINED)
    freeze(lake, tmp_path)
    rows = pq.read_table(tmp_path / "vintages.parquet").to_pylist()
    naive = MOMENT.replace(tzinfo=None)
    assert [(r["load_id"], r["vintage_no"], r["known_from"], r["known_to"]) for r in rows] == [
        ("a1", 1, naive, naive + timedelta(days=5)),
        ("a2", 2, naive + timedelta(days=5), None),
        ("b1", 1, naive + timedelta(days=3), None),
    ]


def test_only_the_files_of_accepted_loads_are_named(lake: Lake, tmp_path: Path) -> None:
    load(lake, "a1", 0)
    load(lake, "bad", 1, Outcome.QUARANTINED)
    freeze(lake, tmp_path)
    files = pq.read_table(tmp_path / "files.parquet").to_pylist()
    assert sorted((f["relation"], f["path"]) for f in files) == [
        ("members", lake.path("members/a/a1.parquet")),
        ("raw_a", lake.path("raw/a/a1.parquet")),
    ]


def test_as_of_leaves_out_what_became_known_later(lake: Lake, tmp_path: Path) -> None:
    load(lake, "a1", 0)
    load(lake, "a2", 5)
    snapshot, _ = freeze(lake, tmp_path, as_of=MOMENT + timedelta(days=1))
    assert [name.split("@")[0] for name in snapshot.loads] == ["a/a1"]
    assert pq.read_table(tmp_path / "vintages.parquet").to_pylist()[0]["known_to"] is None


def test_checks_that_found_nothing_new_do_not_change_the_hash_and_anything_else_does(
    lake: Lake, tmp_path: Path
) -> None:
    load(lake, "a1", 0)
    _, first = freeze(lake, tmp_path / "1")
    load(lake, "a1", 0, Outcome.UNCHANGED)
    _, same = freeze(lake, tmp_path / "2")
    assert same == first
    load(lake, "bad", 1, Outcome.QUARANTINED)
    _, other = freeze(lake, tmp_path / "3")
    assert other != first
    _, as_of = freeze(lake, tmp_path / "4", as_of=MOMENT)
    assert as_of != other
    assert [r["outcome"] for r in pq.read_table(tmp_path / "3" / "loads.parquet").to_pylist()] == [
        "accepted",
        "quarantined",
    ]


def test_every_spelling_of_every_member_is_in_the_snapshot(lake: Lake, tmp_path: Path) -> None:
    freeze(lake, tmp_path)
    rows = pq.read_table(tmp_path / "registry_members.parquet").to_pylist()
    found = {
        (r["role"], r["match_text"]): (r["member_key"], r["breakdown"])
        for r in rows
        if r["source_key"] == "children_looked_after_gender_age"
    }
    assert found["age_group", "dan 1 oed"] == ("under_1", None)
    assert found["measure", "number of boys"] == ("male", "gender=male")


def test_an_empty_lake_freezes_to_typed_empty_files(lake: Lake, tmp_path: Path) -> None:
    snapshot, _ = freeze(lake, tmp_path)
    assert snapshot.vintages == 0
    assert pq.read_schema(tmp_path / "vintages.parquet").field("known_from").type == "timestamp[us]"
