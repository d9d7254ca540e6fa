"""A submission as tables: cells, those of quarantined rows, problems; and rows again of cells (docs/design.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from ingestion.returns.spec import Column, ReturnSpec, Sheet

if TYPE_CHECKING:
    import pyarrow as pa

    from ingestion.returns.judging import Judged
    from ingestion.returns.parse import ParsedSheet


def canonical(value: Any) -> str | None:
    """A value as the lake keeps it: plain decimals, ISO dates, keys of choices, codes of areas, ``true``."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def cell_tables(judged: Judged) -> tuple[pa.Table, pa.Table]:
    """The cells of accepted rows and those of quarantined ones (docs/design.md, ``return_cells``)."""
    bad = judged.bad_rows[0]
    everything = judged.judgement.outcome == "quarantined"
    assert judged.parsed is not None and judged.spec is not None  # noqa: S101, PT018  # the caller has looked
    parts: tuple[list[pa.Table], list[pa.Table]] = ([], [])
    for read in judged.parsed.sheets:
        sheet = judged.spec.sheet(read.key)
        if judged.personal:
            parts[1].append(_withheld(judged, sheet, read))
            continue
        out = [everything or (read.name, row) in bad for row in read.rows]
        for target, wanted in ((parts[0], False), (parts[1], True)):
            places = [n for n, is_out in enumerate(out) if is_out is wanted]
            if places:
                target += _columns(judged, sheet, read, places)
        if read.totals:
            parts[1].append(_totals(judged, sheet, read))
    return _joined(parts[0]), _joined(parts[1])


def _columns(judged: Judged, sheet: Sheet, read: ParsedSheet, places: Sequence[int]) -> Iterator[pa.Table]:
    import pyarrow as pa

    whole = len(places) == len(read.rows)
    rows = read.rows if whole else [read.rows[n] for n in places]
    for column in sheet.columns:
        values = read.values[column.key] if whole else [read.values[column.key][n] for n in places]
        statuses, found = read.statuses.get(column.key, {}), read.found.get(column.key, {})
        letter = read.letters.get(column.key)
        texts = [canonical(v) for v in values]
        if statuses:
            said = [
                statuses.get(n) or ("not_available" if texts[m] is None else "reported") for m, n in enumerate(places)
            ]
        else:
            said = ["not_available" if t is None else "reported" for t in texts]
        yield pa.table(
            {
                "submission_id": _repeated(judged.receipt.submission_id, len(rows)),
                "sheet": _repeated(sheet.key, len(rows)),
                "row_number": pa.array(rows, pa.int64()),
                "column_name": _repeated(column.key, len(rows)),
                "cell": pa.array([f"{letter}{r}" if letter else None for r in rows], pa.string()),
                "value": pa.array(texts, pa.string()),
                "value_status": pa.array(said, pa.string()),
                "value_found": pa.array([found.get(n) for n in places] if found else [None] * len(rows), pa.string()),
            },
            schema=cell_schema(),
        )


def _withheld(judged: Judged, sheet: Sheet, read: ParsedSheet) -> pa.Table:
    """Of a submission with personal data: which rows there were, and nothing that stands in them."""
    import pyarrow as pa

    lines = [
        {"submission_id": judged.receipt.submission_id, "sheet": sheet.key, "row_number": row,
         "column_name": sheet.grain[0], "value_status": "suppressed"}
        for row in [*read.rows, *(row for row, _ in read.totals)]
    ]  # fmt: skip
    return pa.Table.from_pylist(lines, schema=cell_schema())


def _totals(judged: Judged, sheet: Sheet, read: ParsedSheet) -> pa.Table:
    """Rows that were pasted as totals, as they stood."""
    import pyarrow as pa

    lines = [
        {
            "submission_id": judged.receipt.submission_id,
            "sheet": sheet.key,
            "row_number": row,
            "column_name": key,
            "cell": f"{read.letters.get(key, '')}{row}",
            "value": None if value is None else str(value),
            "value_status": "not_available" if value is None else "reported",
            "value_found": None,
        }
        for row, values in read.totals
        for key, value in values.items()
    ]
    return pa.Table.from_pylist(lines, schema=cell_schema())


def _repeated(text: str, times: int) -> pa.Array:
    import pyarrow as pa

    return pa.repeat(pa.scalar(text, pa.string()), times)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables) if tables else cell_schema().empty_table()


def cell_schema() -> pa.Schema:
    """Columns of the cells of a submission."""
    import pyarrow as pa

    names = ("submission_id", "sheet", "row_number", "column_name", "cell", "value", "value_status", "value_found")
    return pa.schema([(name, pa.int64() if name == "row_number" else pa.string()) for name in names])


def problem_table(judged: Judged) -> pa.Table:
    """The problems of a submission (docs/design.md, ``return_problems``)."""
    import pyarrow as pa

    there = set()
    if judged.parsed is not None:
        there = {(s.name, row) for s in judged.parsed.sheets for row in [*s.rows, *(r for r, _ in s.totals)]}
    keys = {s.name: s.key for s in judged.parsed.sheets} if judged.parsed else {}
    lines = [
        {
            "submission_id": judged.receipt.submission_id,
            "sheet": keys.get(p.sheet or "", p.sheet),
            "row_number": p.row,
            "column_name": p.column_key,
            "cell": p.cell,
            "rule_code": p.code,
            "severity": p.severity,
            "quarantines_row": (p.sheet, p.row) in there and (p.severity == "error" or p.code == "pasted_total"),
            # a mart shows them to everybody; the value itself is in the restricted schema and in the officer's report
            "message_en": p.discreet().message("en"),
            "message_cy": p.discreet().message("cy"),
        }
        for p in judged.problems
    ]
    return pa.Table.from_pylist(lines, schema=problem_schema())


def problem_schema() -> pa.Schema:
    """Columns of the problems of a submission."""
    import pyarrow as pa

    kinds = {"row_number": pa.int64(), "quarantines_row": pa.bool_()}
    names = ("submission_id", "sheet", "row_number", "column_name", "cell", "rule_code", "severity", "quarantines_row",
             "message_en", "message_cy")  # fmt: skip
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def rows_of_cells(cells: pa.Table, spec: ReturnSpec) -> dict[str, list[dict[str, Any]]]:
    """Rows by sheet, typed as the spec says, of a submission's cells.

    Args:
        cells: As `cell_tables` makes them.
        spec: The version that the submission answers to.
    """
    rows: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    kinds = {(s.key, c.key): c for s in spec.sheets for c in s.columns}
    columns = [cells.column(name).to_pylist() for name in ("sheet", "row_number", "column_name", "value")]
    for sheet, row, name, value in zip(*columns, strict=True):
        column = kinds.get((sheet, name))
        if column is not None:
            rows[sheet].setdefault(row, {})[name] = _typed(column, value)
    return {sheet: list(found.values()) for sheet, found in rows.items()}


def _typed(column: Column, text: str | None) -> Any:
    if text is None:
        return None
    if column.is_number:
        return float(text)
    if column.type == "date":
        return date.fromisoformat(text)
    return text == "true" if column.type == "boolean" else text
