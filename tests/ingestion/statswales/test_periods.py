"""Which period each writing names: StatsWales' own forms, older exports', and what is no period at all."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from ingestion.statswales.periods import KEY, Period, form, read_period, shown_period
from ingestion.statswales.registry import YEAR_KINDS, PeriodKind


def sort_of(day: date) -> str:
    """A date dimension's sort: the end of the period in milliseconds since 1970."""
    return str(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000))


FINANCIAL_ENDS = "2014-03-31"
WRITINGS: list[tuple[PeriodKind, str | None, str | None, str]] = [
    # a count on 31 March
    *(
        ("financial_year_end", text, None, FINANCIAL_ENDS)
        for text in (
            "2013-14", "2013/14", "2013-2014", "2013–14", "2014", "31/03/2014", "31.3.2014", "2014-03-31", "20140331",
            "31 March 2014", "31st March 2014", "31 Mawrth 2014", "At 31 March 2014", "Ar 31 Mawrth 2014",
            "Year ending 31 March 2014", "Blwyddyn yn diweddu 31 Mawrth 2014", "2013-14 [p]",
            "2013-14 (provisional)", "2013-14 provisional", "April 2013 to March 2014", "2014-03-31T00:00:00.000Z",
        )
    ),
    ("financial_year_end", None, "201314", FINANCIAL_ENDS),
    ("financial_year_end", "Year 9", "20140331", FINANCIAL_ENDS),
    ("financial_year_end", "1999-00", "199900", "2000-03-31"),
    ("financial_year_end", None, "201112", "2012-03-31"),
    ("financial_year_end", "31/12/2015", None, "2015-03-31"),  # a calendar dimension that dates a collection year
    # April to March
    *(
        ("financial_year", text, None, "2013-14")
        for text in ("2013-14", "2013/14", "2013-2014", "Financial year 2013-14", "31/03/2014", "2013 to 2014",
                     "2013 i 2014", "Year to 31 March 2014", "Blwyddyn hyd at Mawrth 2014", "Ebrill 2013 i Mawrth 2014")
    ),
    ("financial_year", None, "201314", "2013-14"),
    ("financial_year", "1999-2000", None, "1999-00"),
    # September to August
    *(("school_year", text, None, "2023/24") for text in ("2023/24", "2023-24", "31/08/2024", "Academic year 2023/24")),
    ("school_year", "September 2023 to August 2024", None, "2023/24"),
    ("school_year", "Medi 2023 i Awst 2024", None, "2023/24"),
    # mid-year estimates
    *(
        ("mid_year", text, None, "2019-06-30")
        for text in ("2019", "Mid-2019", "mid 2019", "Mid-year 2019", "2019 mid-year", "Canol 2019",
                     "Canol y flwyddyn 2019", "30/06/2019", "30 June 2019", "30 Mehefin 2019", "31/12/2019")
    ),
    # calendar years
    *(("calendar_year", text, None, "2024") for text in ("2024", "31/12/2024", "January to December 2024",
                                                          "Ionawr i Rhagfyr 2024", "Year ending December 2024")),
    # days
    *(("point", text, None, "2024-02-29") for text in ("29/02/2024", "2024-02-29", "20240229", "29 February 2024",
                                                        "29 Chwefror 2024", "29 Feb 2024")),
    # quarters
    *(("quarter", text, None, "2024-25 Q4") for text in ("Q4 2024-25", "2024-25 Q4", "2024Q4", "Ch4 2024-25",
                                                          "Quarter 4 2024-25", "Chwarter 4 2024-25",
                                                          "January to March 2025", "Ionawr i Mawrth 2025",
                                                          "31/03/2025")),
    ("quarter", "Q2 2019-20", None, "2019-20 Q2"),
    ("calendar_quarter", "2024Q4", None, "2024 Q4"),
    ("calendar_quarter", "Q4 2024", None, "2024 Q4"),
    ("calendar_quarter", "Chwarter 1 2024", None, "2024 Q1"),
    ("calendar_quarter", "Oct - Dec 2024", None, "2024 Q4"),
    # months
    *(("month", text, None, "2022-M01") for text in ("January 2022", "Ionawr 2022", "Jan 2022", "January 2021-22",
                                                     "Ionawr 2021-22", "2022-01", "202201", "2022m01", "31/01/2022",
                                                     "01/01/2022")),
    ("month", "April 2022-23", "202204", "2022-M04"),
    # years to the end of any month
    *(("rolling_year", text, None, "year to 2020-09-30") for text in
      ("Year ending September 2020", "Year ending 30 September 2020", "12 months to September 2020",
       "Blwyddyn yn dod i ben Medi 2020", "Y flwyddyn hyd at 30 Medi 2020", "October 2019 to September 2020",
       "30/09/2020")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "label", "code", "key"), WRITINGS)
def test_a_period_is_recognised_however_it_is_written(
    kind: PeriodKind, label: str | None, code: str | None, key: str
) -> None:
    found = read_period([kind], label, code, None)
    assert found is not None
    assert (found.kind, found.key) == (kind, key)
    assert found.start <= found.end
    assert re.match(KEY, shown_period(found, label, code))


@pytest.mark.parametrize("kind", get_args(PeriodKind))
def test_every_kind_of_period_is_read_from_its_end_alone(kind: PeriodKind) -> None:
    """The sort of a date dimension is enough where neither label nor code is understood."""
    ends = {"financial_year_end": (3, 31), "financial_year": (3, 31), "mid_year": (6, 30), "school_year": (8, 31)}
    day = date(2021, *ends.get(kind, (12, 31)))
    found = read_period([kind], "Blwyddyn olaf", "z9", sort_of(day))
    assert found is not None
    assert (found.kind, found.end) == (kind, day)
    assert re.match(KEY, found.key)


@pytest.mark.parametrize(
    ("kind", "key", "start", "end"),
    [
        ("financial_year_end", "2014-03-31", date(2014, 3, 31), date(2014, 3, 31)),
        ("financial_year", "2013-14", date(2013, 4, 1), date(2014, 3, 31)),
        ("school_year", "2013/14", date(2013, 9, 1), date(2014, 8, 31)),
        ("mid_year", "2014-06-30", date(2014, 6, 30), date(2014, 6, 30)),
        ("calendar_year", "2014", date(2014, 1, 1), date(2014, 12, 31)),
    ],
)
def test_a_year_begins_and_ends_where_its_kind_says(kind: PeriodKind, key: str, start: date, end: date) -> None:
    text = "2014" if kind in ("mid_year", "calendar_year") else "2013-14"
    assert read_period([kind], text, None, None) == Period(kind, key, start, end)


@pytest.mark.parametrize(
    ("kind", "text", "start", "end"),
    [
        ("quarter", "Q1 2024-25", date(2024, 4, 1), date(2024, 6, 30)),
        ("quarter", "Q4 2023-24", date(2024, 1, 1), date(2024, 3, 31)),
        ("calendar_quarter", "Q1 2024", date(2024, 1, 1), date(2024, 3, 31)),
        ("month", "February 2024", date(2024, 2, 1), date(2024, 2, 29)),
        ("rolling_year", "Year ending February 2024", date(2023, 3, 1), date(2024, 2, 29)),
        ("rolling_year", "Year ending December 2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_shorter_and_rolling_periods_have_their_days(kind: PeriodKind, text: str, start: date, end: date) -> None:
    found = read_period([kind], text, None, None)
    assert found is not None
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    ("kind", "label", "code", "sort"),
    [
        ("financial_year_end", "2019-21", "201921", None),
        ("financial_year_end", "2019-21", "20200331", "1585612800000"),  # no code makes it a pair of years
        ("financial_year", "2019-21", "201921", None),
        ("financial_year", None, "201921", None),
        ("financial_year", "2019-18", None, None),
        ("financial_year", "2019-19", None, None),
        ("financial_year", "1999-01", None, None),
        ("school_year", "2019/21", None, None),
        ("point", "31/02/2014", None, None),
        ("point", "29 February 2023", None, None),
        ("point", "00/01/2014", None, None),
        ("financial_year_end", "30/06/2014", "20140630", "1404086400000"),  # June is no 31 March
        ("mid_year", "2013-14", "201314", None),
        ("mid_year", "31/03/2014", None, None),
        ("calendar_year", "2013-14", None, None),
        ("financial_year", "2014", None, None),
        ("quarter", "Q5 2024-25", None, None),
        ("quarter", "Q1 2024-26", None, None),
        ("calendar_quarter", "Q1 2024-25", None, None),
        ("month", "January 2022-24", None, None),
        ("month", "13/2022", None, None),
        ("month", "2022m13", None, None),
        ("rolling_year", "Year ending 29 September 2020", None, None),
        ("rolling_year", "October 2019 to October 2020", None, None),
        ("financial_year_end", "1066", None, None),
        ("calendar_year", "2999", None, None),
        ("financial_year_end", "2014 estimate", "x", None),
        ("calendar_year", "?", None, "-62135596800000"),
        ("calendar_year", "?", None, "7"),  # a lookup's own order
        ("financial_year_end", "", "", ""),
        ("financial_year_end", None, None, None),
    ],
)
def test_what_is_no_period_of_the_kind_is_refused(
    kind: PeriodKind, label: str | None, code: str | None, sort: str | None
) -> None:
    found = read_period([kind], label, code, sort)
    assert found is None
    assert not re.match(KEY, shown_period(found, label, code))


def test_one_column_may_hold_years_and_parts_of_years() -> None:
    kinds: list[PeriodKind] = ["financial_year", "quarter", "month"]
    read = {
        text: found.kind if (found := read_period(kinds, text, None, None)) else None
        for text in ("2022-23", "Q4 2022-23", "January 2022-23", "Ionawr 2023", "2022-24", "2022")
    }
    assert read == {
        "2022-23": "financial_year",
        "Q4 2022-23": "quarter",
        "January 2022-23": "month",
        "Ionawr 2023": "month",
        "2022-24": None,
        "2022": None,
    }


def test_of_two_kinds_that_a_text_may_name_the_first_is_meant() -> None:
    first = read_period(["quarter", "financial_year"], "31/03/2024", None, None)
    second = read_period(["financial_year", "quarter"], "31/03/2024", None, None)
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind) == ("quarter", "financial_year")


def test_the_label_is_believed_before_the_code() -> None:
    found = read_period(["financial_year"], "2013-14", "201415", sort_of(date(2016, 3, 31)))
    assert found is not None
    assert found.key == "2013-14"


@pytest.mark.parametrize("kind", sorted(YEAR_KINDS))
def test_years_in_a_row_are_years_in_a_row(kind: PeriodKind) -> None:
    """Whatever the kind, successive years neither overlap nor leave their order, over a century."""
    bare = kind in ("mid_year", "calendar_year")
    found = [
        read_period([kind], str(year) if bare else f"{year}-{(year + 1) % 100:02d}", None, None)
        for year in range(1950, 2050)
    ]
    assert all(found)
    assert len({one.key for one in found if one}) == 100
    for before, after in itertools.pairwise(found):
        assert before is not None
        assert after is not None
        assert before.end < after.start or before.end == after.start - timedelta(days=1)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("2014", "year"),
        ("2014 [p]", "year"),
        ("2013-14", "pair"),
        ("2013-2014", "pair"),
        ("2013–14 (revised)", "pair"),
        ("2013/14", "slashed pair"),
        ("31/03/2014", None),
        ("Q4 2013-14", None),
        ("1066", None),
        ("", None),
        (None, None),
    ],
)
def test_the_form_of_a_year_tells_kinds_of_year_apart(label: str | None, expected: str | None) -> None:
    assert form(label) == expected


def test_what_is_shown_of_no_period_is_the_text_behind_a_mark() -> None:
    assert shown_period(None, "2019-21", "201921") == "? 2019-21"
    assert shown_period(None, None, "201921") == "? 201921"
    assert shown_period(None, None, None) == "?"
