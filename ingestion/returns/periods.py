"""The periods that returns are about: quarters, half-years and years, as the warehouse keys them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingestion.statswales.periods import read_period
from ingestion.statswales.registry import PeriodKind

Cadence = Literal["quarterly", "six_monthly", "annual", "school_year", "once"]
"""How often a return comes. One that comes once is about the financial year of its ``first_period``."""

_KINDS: dict[Cadence, PeriodKind] = {"quarterly": "quarter", "annual": "financial_year", "school_year": "school_year"}
_KINDS |= {"once": "financial_year"}
_HALF = re.compile(r"^(?P<year>\d{4})[-/](?P<pair>\d{2})\s?-?\s?(?:h|half |hanner )(?P<n>[12])$", re.IGNORECASE)
_ORDINAL_CY = {1: "cyntaf", 2: "olaf"}


@dataclass(frozen=True, slots=True)
class ReturnPeriod:
    """A period of a return."""

    key: str
    """``2019-20 Q2``, ``2019-20 H1``, ``2019-20``, ``2019/20`` (a school year)."""
    start: date
    end: date

    @property
    def part(self) -> str:
        """See `period_part`."""
        return period_part(self.key)

    @property
    def year(self) -> str:
        """The year that it is in: ``2019-20``."""
        return self.key[:7]

    @property
    def slug(self) -> str:
        """As it stands in file names and on the command line: ``2019-20Q2``."""
        return self.key.replace(" ", "").replace("/", "-")

    @property
    def label_en(self) -> str:
        """As people read it."""
        names = {"Q": "Quarter {n}, {y}", "H": "{h} half of {y}", "Y": "{y}"}
        return names[self.part[0]].format(n=self.part[1:], y=self.year, h="First" if self.part == "H1" else "Second")

    @property
    def label_cy(self) -> str:
        """As people read it, in Welsh."""
        names = {"Q": "Chwarter {n}, {y}", "H": "Hanner {h} {y}", "Y": "{y}"}
        half = _ORDINAL_CY.get(int(self.part[1:] or 1), "")
        return names[self.part[0]].format(n=self.part[1:], y=self.year, h=half)

    def before(self, cadence: Cadence) -> ReturnPeriod:
        """The period before this one."""
        return _step(self, cadence, -1)


def period_part(key: str) -> str:
    """Which part of its year a period is: ``Q1`` to ``Q4``, ``H1``, ``H2``, or ``Y`` for the whole."""
    return key.rsplit(" ", 1)[1] if " " in key else "Y"


def read_return_period(text: str | None, cadence: Cadence) -> ReturnPeriod | None:
    """Read a period as people and file names write it.

    Args:
        text: ``2019-20 Q2``, ``2019-20Q2``, ``Quarter 2, 2019-20``, ``Chwarter 2 2019-20``, ``2019-20 H1``,
            ``2019-20``.
        cadence: How often the return comes: a quarter is no period of an annual return.

    Returns:
        The period, or None where the text names none of that cadence.
    """
    folded = re.sub(r"\s+", " ", str(text or "").replace(",", " ")).strip()
    if cadence != "six_monthly":
        found = read_period([_KINDS[cadence]], folded, None, None)
        return ReturnPeriod(found.key, found.start, found.end) if found else None
    turned = re.sub(r"^(.+?) ((?:of )?\d{4}[-/]\d{2})$", r"\2 \1", folded, flags=re.IGNORECASE).removeprefix("of ")
    turned = re.sub(r"(?i)\b(first|second) half( of)?$", lambda m: "H1" if m[1].lower() == "first" else "H2", turned)
    turned = re.sub(r"(?i)\bhanner (cyntaf|olaf)$", lambda m: "H1" if m[1].lower() == "cyntaf" else "H2", turned)
    match = _HALF.match(turned)
    if not match or (int(match["year"]) + 1) % 100 != int(match["pair"]):
        return None
    return _half(int(match["year"]), int(match["n"]))


def period_range(
    cadence: Cadence, first: str, last: str | None = None, until: date | None = None
) -> list[ReturnPeriod]:
    """Every period from a first to a last one, or to the last that started by a day.

    Raises:
        ValueError: A text is no period of that cadence.
    """
    start, end = read_return_period(first, cadence), read_return_period(last or first, cadence)
    if start is None or end is None:
        raise ValueError(f"{first!r} to {last!r}: expected periods of a return that is {cadence}")
    found = [start]
    if cadence == "once":
        return found
    while True:
        following = _step(found[-1], cadence, 1)
        if (last and following.start > end.start) or (not last and (until is None or following.start > until)):
            return found
        found.append(following)


def _step(period: ReturnPeriod, cadence: Cadence, by: int) -> ReturnPeriod:
    year = period.start.year if period.start.month >= 4 else period.start.year - 1
    if cadence == "quarterly":
        place = year * 4 + int(period.part[1]) - 1 + by
        text = f"{_pair(place // 4)} Q{place % 4 + 1}"
    elif cadence == "six_monthly":
        place = year * 2 + int(period.part[1]) - 1 + by
        return _half(place // 2, place % 2 + 1)
    elif cadence == "school_year":
        text = _pair(period.start.year + by, "/")
    else:
        text = _pair(year + by)
    found = read_return_period(text, cadence)
    assert found is not None, text  # noqa: S101  # we wrote the text ourselves
    return found


def _half(year: int, number: int) -> ReturnPeriod:
    if number == 1:
        return ReturnPeriod(f"{_pair(year)} H1", date(year, 4, 1), date(year, 9, 30))
    return ReturnPeriod(f"{_pair(year)} H2", date(year, 10, 1), date(year + 1, 3, 31))


def _pair(year: int, separator: str = "-") -> str:
    return f"{year}{separator}{(year + 1) % 100:02d}"
