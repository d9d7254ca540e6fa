"""Figures printed in documents, imported by hand: a source like any other, and a yardstick for the statistics.

Two kinds of CSV are read. Both may have more columns; those are left alone.

*Headline totals*: ``year_ending_31_march``, ``children_looked_after``, and if known ``known_from``: one national total
a year, unrounded, as a statistical release prints it.

*Figures*: ``figure_id``, ``measure_key``, ``area_code``, ``period_end``, ``value``, and if known ``rounding_base``,
``qualifier``, ``known_from``.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ingestion.errors import DataProblem
from ingestion.lake import Lake, LoadRecord, content_sha256, load_id, utc_now

SOURCE_KEY = "imported_figures"
WALES = "W92000004"
COLUMNS = (
    "figure_id",
    "document_key",
    "document_title_en",
    "document_title_cy",
    "measure_key",
    "area_code",
    "period_end",
    "value",
    "rounding_base",
    "qualifier",
    "known_from",
)


def figures_to_batch(
    path: Path,
    lake: Lake,
    *,
    run_id: str,
    document_key: str,
    title_en: str | None = None,
    title_cy: str | None = None,
    known_from: datetime | None = None,
) -> LoadRecord:
    """Land a CSV of printed figures and type it into a batch.

    A later import of the same ``document_key`` replaces the earlier one; other documents stay.

    Args:
        path: The file.
        lake: Where to.
        run_id: The run that brings it.
        document_key: A short key for the document.
        title_en: Its title; the key if not given.
        title_cy: Its title in Welsh.
        known_from: When the document was published, for rows that do not say. Without either, the row has no place
            in time: it is reconciled, and is never a headline.

    Returns:
        The record, with its staged batch; not judged yet.

    Raises:
        DataProblem: The file is of neither kind, or a row of it cannot be read: file, row, column, and what to do.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _read(path, document_key, known_from)
    for row in rows:
        row["document_title_en"] = title_en or document_key
        row["document_title_cy"] = title_cy or title_en or document_key
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with lake.scratch(".csv") as copy:
        shutil.copyfile(path, copy)
        landed = lake.land(copy, role="data", suffix=".csv", url=path.name, sha256=digest, headers={})
    key = load_id(f"{SOURCE_KEY}/{document_key}/{known_from}/{title_en}/{title_cy}", None, digest)
    moment = utc_now()
    record = LoadRecord(
        load_id=key,
        source_key=SOURCE_KEY,
        kind="document",
        run_id=run_id,
        landed_at=moment,
        known_from=moment,
        known_from_basis="landed",
        rows=len(rows),
        landed_sha256=digest,
        content_sha256=content_sha256([landed]),
        files=[landed],
        title_en=title_en or document_key,
        title_cy=title_cy or title_en or document_key,
        licence=None,
        url=path.name,
        columns={name: name for name in COLUMNS},
    )
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in COLUMNS}
    table = pa.table(
        {
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
            "_source_row": pa.array([row["_source_row"] for row in rows], pa.int64()),
            "_load_id": pa.array([key] * len(rows), pa.string()),
            "_landed_sha256": pa.array([digest] * len(rows), pa.string()),
        }
    )
    record.staged_file = lake.staged_path(SOURCE_KEY, key)
    with lake.scratch(".parquet") as batch:
        pq.write_table(table, batch)
        lake.put(batch, record.staged_file)
    lake.write_provenance(record)
    return record


def _read(path: Path, document_key: str, known_from: datetime | None) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        names = set(reader.fieldnames or [])
        if {"year_ending_31_march", "children_looked_after"} <= names:
            read = _headline_row
        elif {"figure_id", "measure_key", "area_code", "period_end", "value"} <= names:
            read = _figure_row
        else:
            raise DataProblem(
                f"{path.name}: expected the columns year_ending_31_march and children_looked_after, or figure_id, "
                f"measure_key, area_code, period_end and value; found {', '.join(sorted(names)) or 'none'}.",
                f"{path.name}: disgwylid y colofnau year_ending_31_march a children_looked_after, neu figure_id, "
                f"measure_key, area_code, period_end a value; canfuwyd {', '.join(sorted(names)) or 'dim'}.",
                code="figures_columns",
                file=path.name,
            )
        rows = []
        for number, source in enumerate(reader, start=1):
            try:
                row = read(source, document_key)
                Decimal(row["value"])
                date.fromisoformat(row["period_end"])
                moment = _moment(source.get("known_from")) or known_from
            except (KeyError, TypeError, ValueError, InvalidOperation) as error:
                raise DataProblem(
                    f"{path.name}, row {number}: {dict(source)} cannot be read as a figure ({error}). "
                    "Correct the row and import the file again.",
                    f"{path.name}, rhes {number}: ni ellir darllen {dict(source)} fel ffigur ({error}). "
                    "Cywirwch y rhes a mewnforiwch y ffeil eto.",
                    code="figures_row",
                    file=path.name,
                    row=number,
                ) from None
            row |= {
                "document_key": document_key,
                "known_from": moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else None,
                "_source_row": number,
            }
            rows.append(row)
    return rows


def _headline_row(source: dict[str, str], document_key: str, /) -> dict[str, Any]:
    year = int(source["year_ending_31_march"])
    return {
        "figure_id": f"{document_key}_children_looked_after_{year}",
        "measure_key": "children_looked_after",
        "area_code": source.get("area_code") or WALES,
        "period_end": f"{year:04d}-03-31",
        "value": source["children_looked_after"].replace(",", "").strip(),
        "rounding_base": "1",
        "qualifier": "exact",
    }


def _figure_row(source: dict[str, str], _document_key: str, /) -> dict[str, Any]:
    return {
        "figure_id": source["figure_id"],
        "measure_key": source["measure_key"],
        "area_code": source["area_code"],
        "period_end": source["period_end"],
        "value": source["value"].replace(",", "").strip(),
        "rounding_base": source.get("rounding_base") or "1",
        "qualifier": source.get("qualifier") or "exact",
    }


def _moment(text: str | None) -> datetime | None:
    if not text or not text.strip():
        return None
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
