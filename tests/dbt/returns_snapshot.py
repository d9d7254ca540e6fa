"""What a frozen snapshot has of returns, from a few Python rows.

    write_returns(folder, now="2020-06-01", specs=[...], columns=[...], submissions=[...], cells=[...])

Each file has every column of docs/design.md with its type; what a row leaves out is NULL. `returned` makes a submission
and its cells at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TEXT, WHOLE, FLAG, DAY, MOMENT = pa.string(), pa.int64(), pa.bool_(), pa.date32(), pa.timestamp("us")
MONEY = pa.decimal128(18, 2)
Row = Mapping[str, Any]


def _columns(text: str = "", **typed: pa.DataType) -> pa.Schema:
    return pa.schema([*((name, TEXT) for name in text.split()), *typed.items()])


CELLS = _columns("submission_id sheet column_name cell value value_status value_found", row_number=WHOLE)
SCHEMAS = {
    "snapshot": _columns(frozen_at=MOMENT, as_of=MOMENT, day=DAY),
    "return_specs": _columns(
        "return_key from_period title_en title_cy submitted_by cadence audience certification",
        template_version=WHOLE, accept_in_part=FLAG,
    ),
    "return_columns": _columns(
        "return_key sheet feed column_name role type unit heading_en heading_cy adds_to sums_to constant",
        template_version=WHOLE, position=WHOLE, is_grain=FLAG, is_disclosive=FLAG,
    ),
    "return_choices": _columns("return_key sheet column_name choice_key label_en label_cy", template_version=WHOLE),
    "expected_returns": _columns(
        "return_key area_code period_key", period_start=DAY, period_end=DAY, is_required=FLAG, is_collected=FLAG,
        original_due_date=DAY, extended_due_date=DAY, closes_on=DAY, release_at=MOMENT, recalled_at=MOMENT,
    ),
    "submissions": _columns(
        "submission_id return_key area_code period_key closed_by outcome submitted_by certified_role language channel "
        "original_name landed_sha256",
        template_version=WHOLE, submission_version=WHOLE, received_at=MOMENT, accepted_at=MOMENT, known_from=MOMENT,
        known_to=MOMENT, is_nil=FLAG, rows_received=WHOLE, rows_accepted=WHOLE, rows_quarantined=WHOLE, errors=WHOLE,
        warnings=WHOLE, has_personal_data=FLAG, is_late_correction=FLAG, is_synthetic=FLAG,
    ),
    "return_cells": CELLS,
    "return_quarantined_cells": CELLS,
    "return_problems": _columns(
        "submission_id sheet column_name cell rule_code severity message_en message_cy",
        row_number=WHOLE, quarantines_row=FLAG,
    ),
    "return_offers": _columns(
        "offer_id stream_key area_code financial_year project_key capital_or_revenue", version=WHOLE,
        effective_from=DAY, original_budget_gbp=MONEY, revised_budget_gbp=MONEY, known_from=MOMENT,
    ),
    "return_queries": _columns("query_id submission_id sheet cell kind text_en text_cy", at=MOMENT),
}  # fmt: skip


def write_returns(folder: Path, now: str, **rows: Iterable[Row]) -> Path:
    """Write the files of returns into a snapshot folder.

    Args:
        folder: Where the snapshot is; made if it is not there.
        now: When it was frozen, ISO 8601, UTC.
        rows: Rows of each file by its name; files that are not named are empty.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unknown = set(rows) - set(SCHEMAS)
    assert not unknown, f"a snapshot has no {unknown}"
    given: dict[str, Iterable[Row]] = {"snapshot": [{"frozen_at": now, "day": now[:10]}], **rows}
    for name, schema in SCHEMAS.items():
        whole = [_typed(name, schema, row) for row in given.get(name, [])]
        pq.write_table(pa.Table.from_pylist(whole, schema=schema), folder / f"{name}.parquet")
    return folder


def _typed(name: str, schema: pa.Schema, row: Row) -> dict[str, Any]:
    unknown = set(row) - set(schema.names)
    assert not unknown, f"{name} has no {unknown}"
    return {field.name: _value(field.type, row.get(field.name)) for field in schema}


def _value(data_type: pa.DataType, value: Any) -> Any:
    if value is None:
        return None
    if data_type == MOMENT and isinstance(value, str):
        return datetime.fromisoformat(value)
    if data_type == DAY and isinstance(value, str):
        return date.fromisoformat(value)
    if data_type == MONEY:
        return Decimal(str(value))
    return str(value) if data_type == TEXT else value


def column(return_key: str, sheet: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
    """A column of version 1 of a return."""
    return {
        "return_key": return_key, "template_version": 1, "sheet": sheet, "column_name": name, "role": name,
        "type": kind, "heading_en": f"{name} (en)", "heading_cy": f"{name} (cy)", "position": 1, "is_grain": False,
        "is_disclosive": kind == "count", **more,
    }  # fmt: skip


def returned(
    submission_id: str,
    return_key: str,
    area_code: str,
    period_key: str,
    sheets: Mapping[str, Iterable[Row]],
    *,
    known_from: str,
    known_to: str | None = None,
    version: int = 1,
    **more: Any,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An accepted submission and its cells.

    Args:
        submission_id: Its id.
        return_key: The return.
        area_code: Whose it is.
        period_key: Its period.
        sheets: Rows by sheet, each a value by column; a value of ``:not_offered`` is a status without a value.
        known_from: When it was accepted.
        known_to: Until when it was the one that counts.
        version: The how-manyeth accepted one.
        more: Other columns of the submission.
    """
    listed = {sheet: list(rows) for sheet, rows in sheets.items()}
    total = sum(map(len, listed.values()))
    submission = {
        "submission_id": submission_id, "return_key": return_key, "template_version": 1, "area_code": area_code,
        "period_key": period_key, "submission_version": version, "received_at": known_from, "accepted_at": known_from,
        "known_from": known_from, "known_to": known_to, "outcome": "accepted", "is_nil": False, "language": "en",
        "submitted_by": area_code, "channel": "folder", "rows_received": total, "rows_accepted": total,
        "rows_quarantined": 0, "errors": 0, "warnings": 0, "has_personal_data": False, "is_late_correction": False,
        "is_synthetic": True, "landed_sha256": "0" * 64, "closed_by": "superseded" if known_to else None, **more,
    }  # fmt: skip
    cells = []
    for sheet, rows in listed.items():
        for number, row in enumerate(rows, start=8):
            for place, (name, value) in enumerate(row.items()):
                status = value[1:] if isinstance(value, str) and value.startswith(":") else None
                cells.append({
                    "submission_id": submission_id, "sheet": sheet, "row_number": number, "column_name": name,
                    "cell": f"{chr(65 + place)}{number}", "value": None if status else value,
                    "value_status": status or ("not_available" if value is None else "reported"),
                })  # fmt: skip
    return submission, cells
