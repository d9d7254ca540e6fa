"""Freeze a lake that holds a few Python rows.

    make_snapshot(
        folder,
        loads=[
            Load("children_looked_after_gender_age", "2019-10-30T09:30", [
                {"area": "W06000015", "period": 2019, "value": 980},
                {"area": "W06000015", "period": 2019, "measure": "male", "age_group": "under_1", "value": None,
                 "note_codes": "c"},
            ]),
        ],
    )

A row names each role of the registry entry by our member key (``male``, ``under_1``), or by any other text, which then
stands as label and code, or by a pair ``(label, code)``. A role that is left out is its total. A period is a year, a
text, or ``(label, code, sort)``. The source key of old exports is ``statswales_export_<dataset>``; their rows are the
dataset's, and ``kind`` is ``export``. A load that is given twice with the same ``load_id`` was withdrawn and came back.
"""

from __future__ import annotations

import csv
import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.config import CHECKOUT
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.registry import Column, Dataset, load_registry
from ingestion.transform import freeze

NOTES = {"c": "Confidential", "e": "Estimated", "f": "Forecast", "p": "Provisional", "r": "Revised", "t": "Total",
         "x": "Not available", "z": "Not Applicable"}  # fmt: skip
MOMENT = pa.timestamp("us")


@dataclass
class Load:
    """One accepted load and, by its place in time, one vintage."""

    source_key: str
    known_from: str
    """ISO 8601, UTC."""
    rows: list[dict[str, Any]]
    landed_at: str | None = None
    """Default: `known_from`."""
    load_id: str | None = None
    revision_index: int | None = None
    basis: str = "published"
    is_synthetic: bool = True
    kind: str = "statswales"
    extra: dict[str, Any] = field(default_factory=dict)
    """Other columns of `vintages.parquet`, e.g. ``title_cy``."""


def make_snapshot(
    folder: Path,
    loads: Iterable[Load],
    *,
    registry: Mapping[str, Dataset] | None = None,
    history: Iterable[Mapping[str, Any]] = (),
    corrections: Path | None = None,
) -> Path:
    """Write every file of the snapshot, and the raw Parquet that it names, below ``folder``.

    Args:
        folder: Made if it is not there.
        loads: In any order.
        registry: Default: the project's.
        history: Further rows of `loads.parquet` (loads that were not accepted), any of its columns.
        corrections: A file of known errors; default: the project's.

    Returns:
        The folder: what `GOFAL_SNAPSHOT` should be.
    """
    registry = registry or load_registry()
    lake = Lake.open(str(folder / "lake"), "sample")
    ordered = sorted(loads, key=lambda load: (load.source_key, load.known_from, load.revision_index or 0))
    numbers: dict[str, int] = {}
    for load in ordered:
        number = numbers[load.source_key] = numbers.get(load.source_key, 0) + 1
        load_id = (
            load.load_id or hashlib.sha256(f"{load.source_key}|{load.known_from}|{number}".encode()).hexdigest()[:16]
        )
        sha = hashlib.sha256(load_id.encode()).hexdigest()
        entry = registry[load.source_key.removeprefix("statswales_export_")]
        raw, members = (path(load.source_key, load_id) for path in (lake.raw_path, lake.members_path))
        batch = [_row(entry, row, load_id, sha, i) for i, row in enumerate(load.rows, start=1)]
        if not lake.exists(raw):
            _write(Path(lake.path(raw)), batch, _raw_schema(entry, batch))
            _write(Path(lake.path(members)), _members(entry, batch, load_id), _schema(
                "role code label_en label_cy sort hierarchy name_en name_cy _load_id"
            ))  # fmt: skip
        lake.record(
            LoadRecord.model_validate({
                "load_id": load_id, "source_key": load.source_key, "kind": load.kind, "run_id": "run-1",
                "landed_at": _moment(load.landed_at or load.known_from), "known_from": _moment(load.known_from),
                "known_from_basis": load.basis, "outcome": "accepted", "revision_id": f"revision-{number}",
                "revision_index": load.revision_index or number, "rows": len(load.rows), "landed_sha256": sha,
                "raw_file": raw, "members_file": members, "is_synthetic": load.is_synthetic,
                "title_en": entry.title_en, "title_cy": entry.title_cy, "publisher_en": "Welsh Government",
                "publisher_cy": "Llywodraeth Cymru", "designation": "official",
                "url": f"https://example.invalid/{entry.key}",
            } | load.extra)
        )  # fmt: skip
    for row in history:
        told = {language: row.get(f"message_{language}") for language in ("en", "cy")}
        moment = _moment(row["landed_at"])
        lake.record(
            LoadRecord.model_validate({
                **{k: v for k, v in row.items() if k not in ("message_en", "message_cy")}, "run_id": "run-1",
                "landed_at": moment, "is_synthetic": True,
                "messages": [{"code": "told", "severity": "error", **told}] if told["en"] else [],
            })
        )  # fmt: skip
    freeze(lake, registry, folder, now=datetime(2026, 11, 21, 2, tzinfo=UTC), corrections=corrections)
    return folder


def _row(entry: Dataset, row: Mapping[str, Any], load_id: str, sha: str, number: int) -> dict[str, Any]:
    unknown = set(row) - {*entry.columns, "value", "notes", "note_codes", "other"}
    assert not unknown, f"{entry.key} has no {unknown}"
    codes = row.get("note_codes")
    notes = ", ".join(sorted(NOTES[c] for c in codes.split(","))) if codes else None
    out: dict[str, Any] = {
        "value": None if row.get("value") is None else str(row["value"]),
        "notes": row.get("notes", notes), "note_codes": codes,
        "_source_row": number, "_load_id": load_id, "_landed_sha256": sha, **row.get("other", {}),
    }  # fmt: skip
    for role, column in entry.columns.items():
        if column.kind == "period":
            out |= dict(zip(("period", "period_code", "period_sort"), _period(column, row[role]), strict=True))
        elif column.kind == "area":
            label, code = _pair(row.get(role, "W92000004"), _area_names())
            out |= {"area": label, "area_code": code,
                    "area_hierarchy": "W92000004" if str(code).startswith("W06") else None}  # fmt: skip
        else:
            out |= dict(
                zip((role, f"{role}_code"), _pair(row.get(role, _total(column)), _spellings(column)), strict=True)
            )
    return out


def _pair(given: Any, known: Mapping[str, tuple[str, str]]) -> tuple[str | None, str | None]:
    if isinstance(given, tuple):
        return given
    return known.get(str(given), (str(given), str(given)))


def _spellings(column: Column) -> dict[str, tuple[str, str]]:
    return {key: (member.en, member.code or key) for key, member in column.values.items()}


def _total(column: Column) -> str:
    return next((key for key, member in column.values.items() if member.is_total), "All ages")


def _period(column: Column, given: Any) -> tuple[str | None, str | None, str | None]:
    if isinstance(given, tuple):
        return given
    if isinstance(given, str):
        return given, given, None
    ends = {"financial_year_end": (3, 31), "financial_year": (3, 31), "mid_year": (12, 31), "calendar_year": (12, 31)}
    month, day = ends[column.periods[0]]
    sort = str(int(datetime(given, month, day, tzinfo=UTC).timestamp() * 1000))
    if month == 3:
        return f"{given - 1}-{given % 100:02}", f"{given - 1}{given % 100:02}", sort
    return str(given), str(given), sort


@functools.cache
def _area_names() -> dict[str, tuple[str, str]]:
    path = CHECKOUT / "dbt_project" / "seeds" / "areas.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["official_code"]: (row["area_name_en"], row["official_code"]) for row in csv.DictReader(handle)}


def _members(entry: Dataset, batch: list[dict[str, Any]], load_id: str) -> list[dict[str, Any]]:
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for row in batch:
        for role, column in entry.columns.items():
            label, code = row[role], row[f"{role}_code"]
            key = column.find(label, code)
            found[role, code] = {
                "role": role, "code": code, "label_en": label, "label_cy": column.values[key].cy if key else label,
                "sort": row.get(f"{role}_sort"), "hierarchy": row.get(f"{role}_hierarchy"),
                "name_en": (column.names or [role])[0], "name_cy": column.name_cy, "_load_id": load_id,
            }  # fmt: skip
    return list(found.values())


def _raw_schema(entry: Dataset, batch: list[dict[str, Any]]) -> pa.Schema:
    named = ["value", "notes", "note_codes"]
    for role, column in entry.columns.items():
        more = {"period": ["period_sort"], "area": ["area_hierarchy"]}.get(column.kind, [])
        named += [role, f"{role}_code", *more]
    named += [name for row in batch for name in row if not name.startswith("_") and name not in named]
    fields = [pa.field(name, pa.string()) for name in dict.fromkeys(named)]
    return pa.schema([*fields, ("_source_row", pa.int64()), ("_load_id", pa.string()), ("_landed_sha256", pa.string())])


def _schema(text: str) -> pa.Schema:
    types = {"": pa.string(), "int": pa.int64(), "time": MOMENT, "bool": pa.bool_()}
    return pa.schema([(name, types[kind]) for name, _, kind in (word.partition(":") for word in text.split())])


def _write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = [{name: row.get(name) for name in schema.names} for row in rows]
    pq.write_table(pa.Table.from_pylist(whole, schema=schema), path)


def _moment(text: str | date) -> datetime:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else datetime.combine(text, datetime.min.time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
