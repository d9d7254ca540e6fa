"""What the words of a batch mean: which period, which area, which member a label or a code names.

Each function gives *our key*, under which two spellings of one thing are one thing, or None where it is not known.
The same keys serve the suites (is it known?), uniqueness (is it the same cell?) and the comparison with the last
accepted load (is it still there?), so that a new spelling of a year is not a year gone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingestion.config import CHECKOUT
from ingestion.errors import GofalError
from ingestion.statswales.registry import PeriodKind, normalise

AREA_ALIASES = CHECKOUT / "dbt_project" / "seeds" / "area_aliases.csv"
WALES = "W92000004"
AUTHORITY = re.compile(r"^W06\d{6}$")
"""GSS codes of the 22 local authorities (domain/entities.md)."""
GSS = re.compile(r"^[a-z]\d{8}$")

PERIOD_KEY = r"^[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?(?:-[qm][0-9]{1,2})?$"
"""Every key that `period_key` gives, and nothing else that a source may write: see `shown_period`."""

_YEARS = range(1900, 2101)
_MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan", "ionawr"),
            ("february", "feb", "chwefror"),
            ("march", "mar", "mawrth"),
            ("april", "apr", "ebrill"),
            ("may", "mai"),
            ("june", "jun", "mehefin"),
            ("july", "jul", "gorffennaf"),
            ("august", "aug", "awst"),
            ("september", "sep", "sept", "medi"),
            ("october", "oct", "hydref"),
            ("november", "nov", "tachwedd"),
            ("december", "dec", "rhagfyr"),
        ),
        start=1,
    )
    for name in names
}
_CLOSING: dict[PeriodKind, tuple[int, int]] = {
    "financial_year_end": (3, 31),
    "financial_year": (3, 31),
    "mid_year": (6, 30),
    "calendar_year": (12, 31),
}
"""The day on which a year of each kind ends, or is counted: a date on it names the year."""

_SPAN = re.compile(r"^(\d{4}) ?[-/–] ?(\d{2}|\d{4})$")
_DAY_FIRST = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$")
_YEAR_FIRST = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})(?:t[\d:.]+z?)?$")
_WORDED = re.compile(r"\b(\d{1,2}) ([a-z]+) (\d{4})$")
_MID_YEAR = re.compile(r"^(?:mid|canol)[ -]?(?:year |blwyddyn )?(\d{4})$")
_QUARTER = re.compile(r"^(?:(\d{4}) ?-?q([1-4])|q([1-4]) (\d{4})(?:-(\d{2}))?|(\d{4})-(\d{2}) ?-?q([1-4]))$")
_MONTH = re.compile(r"^([a-z]+) (\d{4})(?:-(\d{2}))?$")
_SIX_DIGITS = re.compile(r"^(\d{4})(\d{2})$")
_EPOCH_MS = re.compile(r"^-?\d{9,15}$")


def period_key(kind: PeriodKind, label: str | None, code: str | None, sort: str | None) -> str | None:
    """Recognise a period by what people read, else by its code, else by its end.

    The forms are those that StatsWales writes (API.md, 3.4) and those of its older exports.

    Args:
        kind: What kind of period the column is registered to hold.
        label: ``2013-14``, ``31/03/2014``, ``Q4 2024-25``, ``Mid-2019``…
        code: ``201314``, ``20240331``, ``2024Q4``…
        sort: The period's end in milliseconds since 1970, for a date dimension.

    Returns:
        ``2014`` for a year (of ``financial_year_end``: the year it ends in), ``2013-14`` for a financial year,
        ``2014-03-31`` for another day, ``2024-q4`` or ``2024-25-q4``, ``2022-m01`` or ``2022-23-m01``; None where
        nothing is recognised.
    """
    for text in (label, code):
        if found := _read_period(kind, normalise(text)):
            return found
    if sort and _EPOCH_MS.match(sort.strip()):
        end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(sort))
        return _day(kind, end.year, end.month, end.day)
    return None


def shown_period(key: str | None, label: str | None, code: str | None) -> str:
    """What the suite is shown for a period: its key, or the text as it came behind a mark that no key has."""
    return key or f"? {label or code or ''}".rstrip()


def _read_period(kind: PeriodKind, text: str) -> str | None:
    if span := _SPAN.match(text):
        # 2011-12 is a year of two; 2014-03, which is not one, is March
        return _span(kind, span[1], span[2]) or _month(span[1], span[2])
    if re.fullmatch(r"\d{4}", text):
        return text if int(text) in _YEARS else None
    if mid := _MID_YEAR.match(text):
        return mid[1] if int(mid[1]) in _YEARS else None
    if six := _SIX_DIGITS.match(text):
        # 201112 is 2011-12 or December 2011: it is a month only where no year is made of two
        if kind.startswith("financial") or not 1 <= int(six[2]) <= 12:
            return _span(kind, six[1], six[2])
        return _month(six[1], six[2])
    if day := _DAY_FIRST.match(text):
        return _day(kind, int(day[3]), int(day[2]), int(day[1]))
    if day := _YEAR_FIRST.match(text):
        return _day(kind, int(day[1]), int(day[2]), int(day[3]))
    if (worded := _WORDED.search(text)) and worded[2] in _MONTHS:
        return _day(kind, int(worded[3]), _MONTHS[worded[2]], int(worded[1]))
    if quarter := _QUARTER.match(text):
        year = quarter[1] or quarter[4] or quarter[6]
        span_end = quarter[5] or quarter[7]
        number = quarter[2] or quarter[3] or quarter[8]
        return f"{year}-{span_end}-q{number}" if span_end else f"{year}-q{number}"
    if (month := _MONTH.match(text)) and month[1] in _MONTHS:
        year = f"{month[2]}-{month[3]}" if month[3] else month[2]
        return f"{year}-m{_MONTHS[month[1]]:02d}"
    return None


def _span(kind: PeriodKind, first: str, last: str) -> str | None:
    start = int(first)
    if start not in _YEARS or int(last[-2:]) != (start + 1) % 100 or (len(last) == 4 and int(last) != start + 1):
        return None
    return str(start + 1) if kind == "financial_year_end" else f"{start}-{(start + 1) % 100:02d}"


def _month(year: str, month: str) -> str | None:
    known = len(month) == 2 and int(year) in _YEARS and 1 <= int(month) <= 12
    return f"{year}-m{month}" if known else None


def _day(kind: PeriodKind, year: int, month: int, day: int) -> str | None:
    try:
        moment = date(year, month, day)
    except ValueError:
        return None
    if year not in _YEARS:
        return None
    if _CLOSING.get(kind) == (month, day):
        return f"{year - 1}-{year % 100:02d}" if kind == "financial_year" else str(year)
    return moment.isoformat()


def load_aliases(path: Path = AREA_ALIASES) -> dict[str, str]:
    """Read every spelling of every area.

    Args:
        path: A CSV with the columns ``alias`` and ``area_code``, the dbt seed.

    Returns:
        Spelling, folded as `registry.normalise` does, to our area code. A code is a spelling of itself.

    Raises:
        GofalError: The file is not there or has other columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = [(row["alias"], row["area_code"]) for row in csv.DictReader(handle)]
    except (OSError, KeyError) as problem:
        raise GofalError(
            f"The list of areas was expected at {path} with the columns alias and area_code, and could not be read "
            f"({problem!r}). Restore the seed from the repository and run the load again.",
            f"Disgwylid y rhestr ardaloedd yn {path} gyda’r colofnau alias ac area_code, ac ni ellid ei darllen "
            f"({problem!r}). Adferwch y ffeil o’r gadwrfa a rhedwch y llwyth eto.",
            code="area_aliases_missing",
            path=str(path),
        ) from problem
    return {normalise(code): code for _, code in rows} | {normalise(alias): code for alias, code in rows}


def area_key(aliases: Mapping[str, str], label: str | None, code: str | None) -> str | None:
    """Recognise an area by its code, else by its label.

    A code that has the form of a GSS code is believed: where the list does not know it, the area is not known,
    whatever its label says.
    """
    folded = normalise(code)
    if found := aliases.get(folded):
        return found
    if GSS.match(folded):
        return None
    return aliases.get(normalise(label))
