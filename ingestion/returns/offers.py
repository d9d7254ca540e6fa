"""Offer letters: what a submitter was offered, line by line, with every variation, from a CSV of the grant manager."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from ingestion.errors import DataProblem
from ingestion.returns.areas import find_area
from ingestion.returns.parse import read_date, read_number

REQUIRED = (
    "stream_key",
    "area_code",
    "financial_year",
    "version",
    "effective_from",
    "original_budget_gbp",
    "revised_budget_gbp",
)
OPTIONAL = ("project_key", "project_name", "capital_or_revenue", "known_from")
"""``known_from``: when the letter was sent, where that is not the moment of the import."""


def read_offers(path: Path) -> list[dict[str, Any]]:
    """Read the lines of offer letters.

    Args:
        path: A CSV with a line for each version of each budget line: stream_key, area_code (a code or a name),
            financial_year (2019-20), project_key, capital_or_revenue, version (1 is the letter, each variation one
            more), effective_from, original_budget_gbp, revised_budget_gbp, known_from.

    Returns:
        The lines, typed; amounts are texts of pounds and pence.

    Raises:
        DataProblem: The file has not these columns, or a line cannot be read; the message says which.
    """
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        found = reader.fieldnames or []
        missing = [c for c in REQUIRED if c not in found]
        if missing:
            raise DataProblem(
                f"{path.name}: expected the columns {', '.join(REQUIRED)} and found {', '.join(found) or 'none'}. "
                f"Add {', '.join(missing)} and run again.",
                f"{path.name}: disgwylid y colofnau {', '.join(REQUIRED)} a chafwyd {', '.join(found) or 'dim'}. "
                f"Ychwanegwch {', '.join(missing)} a rhedwch eto.",
                code="offers_columns",
                file=str(path),
            )
        return [_line(path, number, row) for number, row in enumerate(reader, 2)]


def _line(path: Path, number: int, row: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {c: (row.get(c) or "").strip() or None for c in (*REQUIRED, *OPTIONAL)}
    empty = [c for c in REQUIRED if line[c] is None]
    if empty:
        raise _wrong(path, number, empty[0], "", "a value", "werth")
    try:
        line["area_code"] = find_area(str(line["area_code"]))
    except KeyError as error:
        raise _wrong(path, number, "area_code", line["area_code"], "an area", "ardal") from error
    day, _ = read_date(line["effective_from"])
    if day is None:
        raise _wrong(path, number, "effective_from", line["effective_from"], "a date", "dyddiad")
    line["effective_from"] = day
    for name in ("original_budget_gbp", "revised_budget_gbp"):
        amount = read_number(str(line[name]))
        if amount is None:
            raise _wrong(path, number, name, line[name], "an amount in pounds", "swm mewn punnoedd")
        line[name] = f"{amount:.2f}"
    if not str(line["version"]).isdecimal():
        raise _wrong(path, number, "version", line["version"], "a whole number", "rhif cyfan")
    line["version"] = int(str(line["version"]))
    if line["known_from"] is not None and not _is_moment(line["known_from"]):
        raise _wrong(path, number, "known_from", line["known_from"], "a moment (ISO 8601)", "amser (ISO 8601)")
    return line


def _is_moment(text: str) -> bool:
    from datetime import datetime

    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _wrong(path: Path, row: int, column: str, found: object, en: str, cy: str) -> DataProblem:
    return DataProblem(
        f"{path.name}, row {row}, {column}: expected {en} and found {str(found)!r}. Mend the line and run again.",
        f"{path.name}, rhes {row}, {column}: disgwylid {cy} a chafwyd {str(found)!r}. Cywirwch hi a rhedwch eto.",
        code="offers_line",
        file=str(path),
        row=row,
        column=column,
    )
