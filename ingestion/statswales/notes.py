"""StatsWales note codes: what they mean in both languages, what they say of a value, and how to read them.

In the raw views ``Notes`` holds descriptions, from which codes written as ``T`` or ``p, e`` have been lost. The
``with_note_codes`` view shows them behind the value, as ``4 [p] [e]``; that is where exact codes come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ValueStatus = Literal["suppressed", "not_available", "not_applicable"]
RevisionStatus = Literal["provisional", "revised", "forecast"]


@dataclass(frozen=True)
class NoteCode:
    """One code of the source."""

    code: str
    en: str
    """As the English ``Notes`` column writes it."""
    cy: str
    """As the Welsh ``Nodiadau`` column writes it."""
    status: ValueStatus | None = None
    """Why there is no value, where the code says so."""
    revision: RevisionStatus | None = None
    """How final the value is, where the code says so. A forecast is never final."""


NOTE_CODES: dict[str, NoteCode] = {
    note.code: note
    for note in (
        NoteCode("a", "Average", "Cyfartaledd"),
        NoteCode("b", "Break in time series", "Cyfres toriad mewn amser"),
        NoteCode("c", "Confidential", "Cyfrinachol", status="suppressed"),
        NoteCode("e", "Estimated", "Amcangyfrifedig"),
        NoteCode("f", "Forecast", "Rhagolwg", revision="forecast"),
        NoteCode("k", "Low Figure", "Ffigwr Isel"),
        NoteCode("ns", "Not statistically significant", "Ddim yn arwyddocaol yn ystadegol"),
        NoteCode("p", "Provisional", "Amodol", revision="provisional"),
        NoteCode("r", "Revised", "Diwygiedig", revision="revised"),
        NoteCode(
            "s",
            "Statistically significant at 0.05 or 5% level",
            "Yn arwyddocaol yn ystadegol ar lefel 5% neu 0.05",
        ),
        NoteCode(
            "ss",
            "Statistically significant at 0.01 or 1% level",
            "Yn arwyddocaol yn ystadegol ar lefel 1% neu 0.01",
        ),
        NoteCode(
            "sss",
            "Statistically significant at 0.001 or 0.1% level",
            "Yn arwyddocaol yn ystadegol ar lefel 0.1% neu 0.001",
        ),
        NoteCode("t", "Total", "Cyfanswm"),
        NoteCode("u", "Low Reliability", "Dibynadwyedd Isel"),
        NoteCode("w", "None recorded in survey", "Dim wedi eu cofnodi yn yr arolwg"),
        NoteCode("x", "Not available", "Ddim ar gael", status="not_available"),
        NoteCode("z", "Not Applicable", "Amherthnasol", status="not_applicable"),
    )
}
"""By code. The wording is the source's own, in both languages."""

CODE_PATTERN = r"\[\s*([a-z]+)\s*\]"
"""A code behind a value, in lower case; the same text works in Python and in DuckDB."""
_CODE = re.compile(CODE_PATTERN, re.IGNORECASE)


def parse_codes(annotated: str | None) -> list[str]:
    """Read the codes behind a value of the ``with_note_codes`` view.

    Args:
        annotated: E.g. ``"     160,918 [t]"``, ``"4 [p] [ e]"``, ``" [c]"``; None for an empty cell.

    Returns:
        The codes, lower case, each once, in the order a to z. Codes that we do not know are kept.
    """
    return sorted({code.lower() for code in _CODE.findall(annotated or "")})


def join_codes(codes: Iterable[str]) -> str | None:
    """Write codes as the batch holds them: a to z, joined by commas; None for none."""
    return ",".join(sorted(set(codes))) or None


def value_status(codes: Iterable[str]) -> ValueStatus | None:
    """Why a cell without a value has none, going by its codes.

    Suppression is said first: a cell that is both suppressed and unavailable was withheld.

    Returns:
        None where no code says why (a blank without a note is ``not_available`` to the warehouse).
    """
    found = {NOTE_CODES[c].status for c in codes if c in NOTE_CODES}
    order: tuple[ValueStatus, ...] = ("suppressed", "not_applicable", "not_available")
    return next((status for status in order if status in found), None)


def revision_status(codes: Iterable[str]) -> RevisionStatus | None:
    """How final a value is, going by its codes: a forecast before provisional before revised; None is final."""
    found = {NOTE_CODES[c].revision for c in codes if c in NOTE_CODES}
    order: tuple[RevisionStatus, ...] = ("forecast", "provisional", "revised")
    return next((status for status in order if status in found), None)
