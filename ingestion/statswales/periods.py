"""Which period a label, a code or a date names: as StatsWales writes it (API.md, 3.4), and old exports, and people.

A column is registered with the kinds of period that it holds, so that ``2015`` means 31 March for a count at the end of
March and 30 June for a mid-year estimate. A reading that contradicts the kind (June for a 31 March count, a pair of
years for a mid-year estimate) or the calendar (``2019-21``) is refused, not bent.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ingestion.statswales.registry import PeriodKind, normalise

KEY = (
    r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}[-/][0-9]{2}(?: Q[1-4])?|[0-9]{4}(?: Q[1-4])?|[0-9]{4}-M[0-9]{2}"
    r"|year to [0-9]{4}-[0-9]{2}-[0-9]{2})$"
)
"""Every key that `read_period` gives, and nothing else that a source may write: see `shown_period`."""
YEARS = range(1900, 2101)


@dataclass(frozen=True)
class Period:
    """A period as the warehouse keys it."""

    kind: PeriodKind
    key: str
    """``2014-03-31`` for a day, ``2013-14`` for a financial year, ``2013/14`` for a school year, ``2019`` for a
    calendar year, ``2019-20 Q2`` and ``2019 Q4`` for quarters, ``2022-M01`` for a month, ``year to 2020-09-30``."""
    start: date
    end: date


def read_period(kinds: Sequence[PeriodKind], label: str | None, code: str | None, sort: str | None) -> Period | None:
    """Recognise a period by what people read, else by its code, else by its end.

    Args:
        kinds: What kinds of period the column is registered to hold; of two that a text could name, the first.
        label: ``2013-14``, ``31/03/2014``, ``Q4 2024-25``, ``Mid-2019``, ``Year ending September 2020``…
        code: ``201314``, ``20240331``, ``2024Q4``…
        sort: The period's end in milliseconds since 1970, for a date dimension; a lookup's own order says nothing.

    Returns:
        The period; None where nothing is recognised, or where the label has the form of years that do not follow
        each other.
    """
    for text in (label, code):
        core = _core(normalise(text))
        readings = list(_readings(core))
        for kind in kinds:
            for reading in readings:
                if found := _of_kind(kind, reading):
                    return found
        if text is label and re.fullmatch(r"\d{4}\s?[-/]\s?(\d{2}|\d{4})", core) and not readings:
            return None  # the form of a pair of years that is none: no code can make it one
    if sort and re.fullmatch(r"-?\d{10,14}", sort.strip()):
        end = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(sort))).date()
        return next((found for kind in kinds if (found := _of_kind(kind, _Day(end)))), None)
    return None


def shown_period(period: Period | None, label: str | None, code: str | None) -> str:
    """What a check is shown for a period: its key, or the text as it came behind a mark that no key has."""
    return period.key if period else f"? {label or code or ''}".rstrip()


def form(label: str | None) -> str | None:
    """Which form of year a label has: ``year`` (2014), ``pair`` (2013-14), ``slashed pair`` (2013/14), else None.

    One column that writes years in two forms holds two kinds of year, or one year twice.
    """
    core = _core(normalise(label))
    if re.fullmatch(r"(19|20)\d{2}", core):
        return "year"
    if re.fullmatch(r"\d{4}\s?-\s?(\d{2}|\d{4})", core):
        return "pair"
    return "slashed pair" if re.fullmatch(r"\d{4}\s?/\s?(\d{2}|\d{4})", core) else None


# -- inside: what a text says --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Day:
    day: date


@dataclass(frozen=True)
class _Year:
    year: int


@dataclass(frozen=True)
class _Pair:
    first: int


@dataclass(frozen=True)
class _Quarter:
    number: int
    year: int
    paired: bool


@dataclass(frozen=True)
class _Months:
    """From the first to the last month, both included."""

    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(frozen=True)
class _YearTo:
    """A year that ends with a month."""

    last: tuple[int, int]


_Reading = _Day | _Year | _Pair | _Quarter | _Months | _YearTo

_NAMES = (
    "january jan ionawr", "february feb chwefror", "march mar mawrth", "april apr ebrill", "may mai",
    "june jun mehefin", "july jul gorffennaf", "august aug awst", "september sept sep medi", "october oct hydref",
    "november nov tachwedd", "december dec rhagfyr",
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_FIRST = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$")
_YEAR_FIRST = re.compile(r"^(\d{4})(-?)(\d{2})\2(\d{2})(?:[t ][\d:.]+z?)?$")
_WORDED = re.compile(rf"^(\d{{1,2}})(?:st|nd|rd|th|ain|af|fed|eg|ydd)?\s+(?:of )?({_MONTH})\.?,?\s+(\d{{4}})$")
_QUARTERS = (
    re.compile(r"^(?P<year>\d{4})(?:[-/](?P<pair>\d{2}))?\s?-?\s?(?:q|ch|quarter |chwarter )(?P<n>[1-4])$"),
    re.compile(r"^(?:q|ch|quarter |chwarter )(?P<n>[1-4])[ -]+(?P<year>\d{4})(?:[-/](?P<pair>\d{2}))?$"),
)
_ONE_MONTH = re.compile(rf"^({_MONTH})\.?\s+(\d{{4}})(?:[-/](\d{{2}}))?$")
_MONTH_RANGE = re.compile(rf"^({_MONTH})\.?(?:\s+(\d{{4}}))?\s*(?:-|to|i)\s*({_MONTH})\.?\s+(\d{{4}})$")
_YEAR_TO = re.compile(
    rf"^(?:(?:the )?(?:12|twelve) months|(?:the )?year|blwyddyn|y flwyddyn)\s+"
    rf"(?:to|ending|ended|hyd at|yn diweddu|yn dod i ben)\s+(?:(?:the )?end of |diwedd )?"
    rf"(?:(\d{{1,2}})(?:st|nd|rd|th)?\s+)?({_MONTH})\.?\s+(\d{{4}})$"
)


def _core(text: str) -> str:
    """A label without what surrounds the period: markers in brackets, "at", "mid-year", provisional."""
    text = re.sub(r"\s*[\[(][^\])]*[\])]", "", text)
    text = re.sub("[\u2012-\u2015\u2212]", "-", text)
    text = re.sub(r"^(?:as )?(?:at|on|ar)\s+|^(?:financial|academic|school|calendar) year\s+(?=\d)", "", text)
    text = re.sub(r"^(?:mid|canol)[- ]*(?:year|y flwyddyn|blwyddyn)?[- ]*(?=\d)", "", text)
    return re.sub(r"(?:\s+(?:provisional|revised|final|p|r|mid-?year|mid|amodol|diwygiedig))+$", "", text).strip()


def _readings(core: str) -> Iterator[_Reading]:
    if match := re.fullmatch(r"(\d{4})\s?(?:[-/]|to|i)\s?(\d{2}|\d{4})", core):
        first, last = int(match[1]), match[2]
        if int(last) == (first + 1) % 10 ** len(last):
            yield _Pair(first)
        elif len(last) == 2 and "-" in core and 1 <= int(last) <= 12:
            yield _Months((first, int(last)), (first, int(last)))
    elif re.fullmatch(r"\d{4}", core):
        yield _Year(int(core))
    elif match := re.fullmatch(r"(\d{4})(\d{2})", core):
        if (int(match[1]) + 1) % 100 == int(match[2]):
            yield _Pair(int(match[1]))
        if 1 <= int(match[2]) <= 12:
            yield _Months((int(match[1]), int(match[2])), (int(match[1]), int(match[2])))
    elif match := re.fullmatch(r"(\d{4})-?m(\d{2})", core):
        if 1 <= int(match[2]) <= 12:
            yield _Months((int(match[1]), int(match[2])), (int(match[1]), int(match[2])))
    elif match := _DAY_FIRST.match(core):
        yield from _day(match[3], match[2], match[1])
    elif match := _YEAR_FIRST.match(core):
        yield from _day(match[1], match[3], match[4])
    elif match := _WORDED.match(core):
        yield from _day(match[3], _MONTHS[match[2]], match[1])
    elif match := next((m for pattern in _QUARTERS if (m := pattern.match(core))), None):
        year, pair = int(match["year"]), match["pair"]
        if pair is None or int(pair) == (year + 1) % 100:
            yield _Quarter(int(match["n"]), year, pair is not None)
    elif match := _ONE_MONTH.match(core):
        year, month = int(match[2]), _MONTHS[match[1]]
        if match[3] is None:
            yield _Months((year, month), (year, month))
        elif int(match[3]) == (year + 1) % 100:  # January 2022-23: the one that lies in the financial year
            inside = (year if month >= 4 else year + 1, month)
            yield _Months(inside, inside)
    elif match := _MONTH_RANGE.match(core):
        last = (int(match[4]), _MONTHS[match[3]])
        month = _MONTHS[match[1]]
        year = int(match[2]) if match[2] else last[0] - (month > last[1])
        if (year, month) <= last:
            yield _Months((year, month), last)
    elif match := _YEAR_TO.match(core):
        year, month = int(match[3]), _MONTHS[match[2]]
        if match[1] is None or int(match[1]) == calendar.monthrange(year, month)[1]:
            yield _YearTo((year, month))


def _day(year: object, month: object, day: object) -> Iterator[_Day]:
    try:
        yield _Day(date(int(str(year)), int(str(month)), int(str(day))))
    except ValueError:
        return


# -- inside: which period that is, of a kind -------------------------------------------------------------------


def _of_kind(kind: PeriodKind, reading: _Reading) -> Period | None:
    found = _KINDS[kind](reading)
    return found if found and found.end.year in YEARS else None


def _end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _spans_year(reading: _Reading) -> tuple[int, int] | None:
    """The month with which a reading's twelve months end, if it is twelve months."""
    if isinstance(reading, _YearTo):
        return reading.last
    if isinstance(reading, _Months):
        (year, month), (last_year, last_month) = reading.first, reading.last
        if (last_year - year) * 12 + last_month - month == 11:
            return reading.last
    return None


def _financial_year_end(reading: _Reading) -> Period | None:
    year = None
    if isinstance(reading, _Day):
        # 31 December is how a calendar-year dimension dates the collection year 2015: 31 March of that year
        if reading.day.month == 3 or (reading.day.month, reading.day.day) == (12, 31):
            year = reading.day.year
    elif isinstance(reading, _Pair):
        year = reading.first + 1
    elif isinstance(reading, _Year):
        year = reading.year
    elif (last := _spans_year(reading)) and last[1] == 3:
        year = last[0]
    return _on("financial_year_end", date(year, 3, 31)) if year else None


def _financial_year(reading: _Reading) -> Period | None:
    first = None
    if isinstance(reading, _Day) and (reading.day.month, reading.day.day) == (3, 31):
        first = reading.day.year - 1
    elif isinstance(reading, _Pair):
        first = reading.first
    elif (last := _spans_year(reading)) and last[1] == 3:
        first = last[0] - 1
    return Period("financial_year", _pair(first, "-"), date(first, 4, 1), date(first + 1, 3, 31)) if first else None


def _school_year(reading: _Reading) -> Period | None:
    first = None
    if isinstance(reading, _Day) and (reading.day.month, reading.day.day) == (8, 31):
        first = reading.day.year - 1
    elif isinstance(reading, _Pair):
        first = reading.first
    elif (last := _spans_year(reading)) and last[1] == 8:
        first = last[0] - 1
    return Period("school_year", _pair(first, "/"), date(first, 9, 1), date(first + 1, 8, 31)) if first else None


def _mid_year(reading: _Reading) -> Period | None:
    if isinstance(reading, _Year):
        return _on("mid_year", date(reading.year, 6, 30))
    if isinstance(reading, _Day) and (reading.day.month, reading.day.day) in ((6, 30), (7, 1), (12, 31)):
        return _on("mid_year", date(reading.day.year, 6, 30))
    return None


def _calendar_year(reading: _Reading) -> Period | None:
    year = None
    if isinstance(reading, _Year):
        year = reading.year
    elif isinstance(reading, _Day) and (reading.day.month, reading.day.day) == (12, 31):
        year = reading.day.year
    elif (last := _spans_year(reading)) and last[1] == 12:
        year = last[0]
    return Period("calendar_year", str(year), date(year, 1, 1), date(year, 12, 31)) if year else None


def _point(reading: _Reading) -> Period | None:
    return _on("point", reading.day) if isinstance(reading, _Day) else None


def _quarter_end(reading: _Reading) -> tuple[int, int] | None:
    """The last month of a quarter that is named by its months or its last day."""
    if isinstance(reading, _Day) and reading.day.month % 3 == 0 and reading.day == _end(*_month_of(reading.day)):
        return _month_of(reading.day)
    if isinstance(reading, _Months) and reading.last[1] % 3 == 0:
        (year, month), (last_year, last_month) = reading.first, reading.last
        if (last_year, last_month - 2) == (year, month):
            return reading.last
    return None


def _quarter(reading: _Reading) -> Period | None:
    if isinstance(reading, _Quarter):
        # a code such as 2024Q4 counts from the year in which the financial year begins
        last = (reading.year + reading.number // 4, reading.number % 4 * 3 + 3)
    elif not (last := _quarter_end(reading) or (0, 0))[0]:
        return None
    first_year = last[0] if last[1] > 3 else last[0] - 1
    key = f"{_pair(first_year, '-')} Q{(last[1] // 3 - 2) % 4 + 1}"
    return Period("quarter", key, date(last[0], last[1] - 2, 1), _end(*last))


def _calendar_quarter(reading: _Reading) -> Period | None:
    if isinstance(reading, _Quarter):
        if reading.paired:
            return None
        last = (reading.year, reading.number * 3)
    elif not (last := _quarter_end(reading) or (0, 0))[0]:
        return None
    return Period("calendar_quarter", f"{last[0]} Q{last[1] // 3}", date(last[0], last[1] - 2, 1), _end(*last))


def _month(reading: _Reading) -> Period | None:
    if isinstance(reading, _Day):
        found = (
            _month_of(reading.day)
            if reading.day in (_end(*_month_of(reading.day)), reading.day.replace(day=1))
            else None
        )
    else:
        found = reading.first if isinstance(reading, _Months) and reading.first == reading.last else None
    return Period("month", f"{found[0]}-M{found[1]:02d}", date(*found, 1), _end(*found)) if found else None


def _rolling_year(reading: _Reading) -> Period | None:
    last = _spans_year(reading)
    if isinstance(reading, _Day) and reading.day == _end(*_month_of(reading.day)):
        last = _month_of(reading.day)
    if last is None:
        return None
    end = _end(*last)
    start = date(end.year - (end.month < 12), end.month % 12 + 1, 1)
    return Period("rolling_year", f"year to {end.isoformat()}", start, end)


_KINDS = {
    "financial_year_end": _financial_year_end,
    "financial_year": _financial_year,
    "mid_year": _mid_year,
    "calendar_year": _calendar_year,
    "school_year": _school_year,
    "point": _point,
    "quarter": _quarter,
    "calendar_quarter": _calendar_quarter,
    "month": _month,
    "rolling_year": _rolling_year,
}


def _on(kind: PeriodKind, day: date) -> Period:
    return Period(kind, day.isoformat(), day, day)


def _pair(first: int, separator: str) -> str:
    return f"{first}{separator}{(first + 1) % 100:02d}"


def _month_of(day: date) -> tuple[int, int]:
    return day.year, day.month
