"""Batches to judge, staged from small CSVs in the shape of a batch, all text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import Dataset, load_registry

CLA = "children_looked_after_gender_age"
POPULATION = "population_by_age"


@pytest.fixture(scope="session")
def registry() -> dict[str, Dataset]:
    return load_registry()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"), "sample")


@pytest.fixture
def stage(lake: Lake) -> Callable[..., LoadRecord]:
    """Stage a CSV, or rows, as a landed batch."""

    def staged(
        source: Path | list[dict[str, Any]],
        key: str = CLA,
        load_id: str = "new",
        members: Path | None = None,
        sha: str = "'sha'",
        **record: Any,
    ) -> LoadRecord:
        known = {"known_from": datetime(2026, 2 if load_id == "new" else 1, 1, tzinfo=UTC), **record}
        new = LoadRecord(
            load_id=load_id,
            source_key=key,
            run_id="run",
            landed_at=datetime(2026, 3, 1, tzinfo=UTC),
            staged_file=lake.staged_path(key, load_id),
            **known,
        )
        target = Path(lake.path(new.staged_file or ""))
        target.parent.mkdir(parents=True, exist_ok=True)
        write(source, target, f"row_number() OVER () AS _source_row, 'new' AS _load_id, {sha} AS _landed_sha256")
        if members:
            write(members, target.with_name(f"{load_id}.members.parquet"), "'new' AS _load_id")
        return new

    return staged


@pytest.fixture
def accepted(lake: Lake, stage: Callable[..., LoadRecord]) -> Callable[..., LoadRecord]:
    """Stage a batch and accept it: the load that the next one is compared with."""

    def accept(source: Path | list[dict[str, Any]], key: str = CLA, load_id: str = "old", **record: Any) -> LoadRecord:
        old = stage(source, key, load_id, **record)
        old.outcome = Outcome.ACCEPTED
        return lake.accept(old)

    return accept


def write(source: Path | list[dict[str, Any]], target: Path, more: str) -> None:
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else as_csv(source)
    names = next(csv.reader(io.StringIO(text)))
    scratch = target.with_suffix(".csv")
    scratch.write_text(text, encoding="utf-8")
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT *, {more} FROM read_csv('{scratch}', header = true, delim = ',', quote = '\"', "
            f"nullstr = '', auto_detect = false, columns = {{{columns}}})) TO '{target}' (FORMAT parquet)"
        )
    scratch.unlink()


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def good_rows() -> Callable[..., list[dict[str, Any]]]:
    """The rows of a good batch, to be spoilt."""

    def rows(key: str = CLA) -> list[dict[str, Any]]:
        path = Path(__file__).parents[1] / "must_fail" / "statswales" / key / "good.csv"
        with path.open(encoding="utf-8", newline="") as handle:
            return list(csv.DictReader(handle))

    return rows
