"""Freezing: a snapshot says exactly what the lake held, and its hash changes when a mart could."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import transform
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import load_registry

MOMENT = datetime(2020, 1, 1, 9, 30, tzinfo=UTC)
CHILDREN = "children_looked_after_gender_age"
Row = dict[str, str | None]


def load(
    lake: Lake,
    name: str,
    days: int,
    outcome: Outcome = Outcome.ACCEPTED,
    source: str = "a",
    rows: list[Row] | None = None,
    kind: str = "statswales",
) -> None:
    record = LoadRecord(
        load_id=name,
        source_key=source,
        run_id="r",
        landed_at=MOMENT,
        known_from=MOMENT + timedelta(days=days),
        outcome=outcome,
        kind=kind,  # type: ignore[arg-type]  # one of those that a record may have
        raw_file=f"raw/{source}/{name}.parquet",
        members_file=f"members/{source}/{name}.parquet",
    )
    record.add("x", "warning", "Something.", "Rhywbeth.")
    for path, of in ((record.raw_file, rows or [{"area": "Wales", "value": "1"}]), (record.members_file, members())):
        with lake.scratch(".parquet") as out:
            pq.write_table(pa.Table.from_pylist(of), out)
            lake.put(out, str(path))
    lake.record(record)


def members() -> list[Row]:
    return [{"role": "gender", "code": "M", "label_en": "Boys", "label_cy": "Bechgyn"}]


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
    assert [(f["relation"], f["load_id"], f["path"]) for f in files] == [
        ("raw_a", "a1", lake.path("raw/a/a1.parquet")),
    ]


def test_of_a_later_vintage_only_what_it_changed_is_read(lake: Lake, tmp_path: Path) -> None:
    load(lake, "a1", 0, rows=[{"area": "Wales", "value": "1"}, {"area": "Conwy", "value": "2"}])
    load(lake, "a2", 5, rows=[{"area": "Wales", "value": "1"}, {"area": "Conwy", "value": "3"}])
    load(lake, "a3", 6, rows=[{"area": "Wales", "value": "1"}])
    freeze(lake, tmp_path)
    vintages = pq.read_table(tmp_path / "vintages.parquet").to_pylist()
    assert [v["change_id"] for v in vintages] == ["a1", "a1_a2", "a2_a3"]
    files = {f["load_id"]: f["path"] for f in pq.read_table(tmp_path / "files.parquet").to_pylist()}
    assert files["a1"] == lake.path("raw/a/a1.parquet")
    said = {
        key: sorted((r["area"], r["value"], r["_gone"]) for r in pq.read_table(files[key]).to_pylist())
        for key in ("a2", "a3")
    }
    assert said == {"a2": [("Conwy", "2", True), ("Conwy", "3", False)], "a3": [("Conwy", "3", True)]}


def test_what_was_superseded_at_the_moment_it_became_known_is_no_step(lake: Lake, tmp_path: Path) -> None:
    load(lake, "a1", 0)
    load(lake, "a2", 0, rows=[{"area": "Wales", "value": "2"}])
    freeze(lake, tmp_path)
    changes = {v["load_id"]: v["change_id"] for v in pq.read_table(tmp_path / "vintages.parquet").to_pylist()}
    assert sorted(changes.values(), key=str) == sorted([None, next(c for c in changes.values() if c)], key=str)
    files = pq.read_table(tmp_path / "files.parquet").to_pylist()
    (current,) = (name for name, change in changes.items() if change)
    assert [f["load_id"] for f in files] == [current]


def test_each_import_of_files_is_read_as_it_is(lake: Lake, tmp_path: Path) -> None:
    load(lake, "a1", 0, kind="export")
    load(lake, "a2", 5, kind="export")
    freeze(lake, tmp_path)
    files = pq.read_table(tmp_path / "files.parquet").to_pylist()
    assert [f["path"] for f in files] == [lake.path(f"raw/a/{name}.parquet") for name in ("a1", "a2")]


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


def test_every_spelling_that_stands_in_the_rows_is_in_the_snapshot_with_what_it_means(
    lake: Lake, tmp_path: Path
) -> None:
    said: Row = {
        "measure": "Number of boys",
        "age_group": "Dan 1 oed",
        "area": "Sir Ynys Môn",
        "area_code": "W06000001",
    }
    load(lake, "a1", 0, source=CHILDREN, rows=[said])
    load(lake, "a2", 5, source=CHILDREN, rows=[{**said, "age_group": "Children of an age that nobody has"}])
    freeze(lake, tmp_path)
    rows = pq.read_table(tmp_path / "spellings.parquet").to_pylist()
    assert {r["source_key"] for r in rows} == {CHILDREN}
    found = {(r["role"], r["label"]): r for r in rows if r["label"]}
    hidden = {r["label"]: r for r in rows if r["role"] == "gender"}  # in the data description
    assert found["age_group", "Dan 1 oed"]["member_key"] == "under_1"
    assert found["measure", "Number of boys"]["measure_key"] == "children_looked_after"
    assert hidden["Number of boys"]["breakdown"] == "gender=male"
    assert found["area", "Sir Ynys Môn"]["area_code"] == "W06000001"
    assert ("age_group", "Children of an age that nobody has") in found
    assert ("age_group", "16 or 17") not in found


def test_an_empty_lake_freezes_to_typed_empty_files(lake: Lake, tmp_path: Path) -> None:
    snapshot, _ = freeze(lake, tmp_path)
    assert snapshot.vintages == 0
    assert pq.read_schema(tmp_path / "vintages.parquet").field("known_from").type == "timestamp[us]"
