"""What the readers of single formats share: limits, refusals, and what is known of a sheet beside its values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.returns.problems import RefusedError


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it is refused."""

    file_bytes: int = 100_000_000
    unpacked_bytes: int = 600_000_000
    """Of all the parts of a workbook together."""
    parts: int = 5_000
    rows: int = 200_000
    columns: int = 200
    cells: int = 5_000_000


@dataclass(slots=True)
class SheetFacts:
    """What calamine does not say of a sheet. Rows and columns are counted from 0."""

    formulas: dict[tuple[int, int], bool] = field(default_factory=dict)
    """Whether the file has the formula's value."""
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    """Cells like ``#REF!``: calamine leaves them empty, and a reader must not take them for nothing."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    """First and last of each hidden range: often all the rest of the sheet."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    dates_from_1904: bool = False


def refused(*codes: str, **values: object) -> RefusedError:
    """The exception for a file that is not read.

    Args:
        codes: Why, as keys of ``problems.yml``.
        values: What the messages say of it.
    """
    # Imported only now: it brings pydantic and yaml, and the sandbox's process reads most files without a refusal.
    from ingestion.returns.problems import Problem, RefusedError

    return RefusedError(*(Problem(code, values=dict(values)) for code in codes))


def too_long_sheet(name: str, limits: Limits) -> RefusedError:
    """The exception for a sheet with more in it than is read."""
    from ingestion.returns.problems import Problem, RefusedError

    values = {"rows": f"{limits.rows:,}", "columns": f"{limits.columns:,}"}
    return RefusedError(Problem("too_many_rows", sheet=name, values=values))


def unreadable(reason_en: str, reason_cy: str) -> RefusedError:
    """The exception for a file that is not what it seems to be."""
    return refused("unreadable", reason_en=reason_en, reason_cy=reason_cy)


def in_order(codes: Iterable[str]) -> list[str]:
    """Each once."""
    return list(dict.fromkeys(codes))
