"""What a file says once it has been read: cells, and what a program would show of them. No meaning yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

Value = str | float | int | bool | date | datetime | time | timedelta | None
Format = Literal["xlsx", "xls", "ods", "csv"]


@dataclass(slots=True)
class BookSheet:
    """One sheet. Rows and columns are counted from 0 here, and start at the sheet's first cell (A1)."""

    name: str
    rows: list[list[Value]]
    """Trailing rows and columns without a value are left out; None where a cell is empty."""
    visible: bool = True
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row, first column, last row, last column of each merged range."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    formulas: dict[tuple[int, int], bool] = field(default_factory=dict)
    """Cells with a formula, and whether the file holds the value that it had when it was saved."""


@dataclass(slots=True)
class Book:
    """A file as it was read."""

    format: Format
    sheets: list[BookSheet]
    encoding: str | None = None
    """Of a CSV."""
    delimiter: str | None = None
    dates_from_1904: bool = False


def column_letter(number: int) -> str:
    """The name of a column: ``A`` for 0, ``AA`` for 26."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
