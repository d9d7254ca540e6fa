"""What is due when: working days of Wales, submitters as they were, extensions, lateness."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from ingestion.errors import GofalError
from ingestion.returns.calendar import (
    Expected,
    days_late,
    due_date,
    expected,
    is_working_day,
    with_extension,
)
from ingestion.returns.periods import read_return_period
from ingestion.returns.spec import Family, find_return, load_returns, read_family

SPEC = """\
key: tried
title_en: Tried
title_cy: Rhoi cynnig
about_en: About.
about_cy: Ynghylch.
submitted_by: {who}
submitted_to_en: Them
submitted_to_cy: Nhw
cadence: quarterly
first_period: {first}
due: {due}
closes_days: 10
release_days: 20
sheets:
  - key: one
    title_en: One
    title_cy: Un
    grain: [name]
    columns:
      - {{key: name, heading_en: Name, heading_cy: Enw, type: text}}
"""
EVERY_QUARTER = "{days: {Q1: 08-15, Q2: 11-15, Q3: 02-15, Q4: 05-31}}"


def tried(folder: Path, who: str, first: str = "2018-19 Q4", due: str = EVERY_QUARTER, more: str = "") -> Family:
    path = folder / "tried.yml"
    path.write_text(SPEC.format(who=who, first=first, due=due) + more, encoding="utf-8")
    return read_family(path)


def due(key: str, period: str) -> date:
    family = find_return(key)
    found = read_return_period(period, family.newest.cadence)
    assert found is not None
    return due_date(family.of(period), found)


def day_moved(folder: Path, day: str, how: str, year: int) -> date:
    """When a return of Q1 is due whose spec names a day."""
    spec = tried(folder, "country", due=f"{{days: {{Q1: {day}}}, working_day: {how}}}").newest
    period = read_return_period(f"{year}-{(year + 1) % 100:02d} Q1", "quarterly")
    assert period is not None
    return due_date(spec, period)


@pytest.mark.parametrize(
    ("key", "period", "day"),
    [
        ("icf_outcomes_six_monthly", "2019-20 H1", "2019-11-15"),  # as the paper says
        ("icf_outcomes_six_monthly", "2020-21 H1", "2020-11-16"),  # a Sunday
        ("icf_spend_quarterly", "2019-20 Q2", "2019-11-15"),
        ("icf_spend_quarterly", "2019-20 Q3", "2020-02-17"),  # a Saturday, in the year after
        ("icf_spend_quarterly", "2020-21 Q4", "2021-06-01"),  # the spring bank holiday
        ("re_plan", "2019-20", "2019-06-28"),  # after the period’s start, not its end
        ("re_progress_quarterly", "2019-20 Q3", "2020-02-17"),
        ("pif_metrics", "2020-21", "2021-08-02"),
    ],
)
def test_a_return_is_due_on_its_day_or_the_next_working_one(key: str, period: str, day: str) -> None:
    assert due(key, period) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "how", "year", "moved"),
    [
        ("12-25", "next", 2021, "2021-12-29"),  # Saturday, Sunday, two substitute days
        ("12-25", "previous", 2021, "2021-12-24"),
        ("12-25", "as_it_is", 2021, "2021-12-25"),
        ("09-19", "next", 2022, "2022-09-20"),  # the funeral of the Queen
        ("08-06", "next", 2018, "2018-08-06"),  # a bank holiday of Scotland only
    ],
)
def test_how_a_day_moves_is_up_to_the_spec(tmp_path: Path, day: str, how: str, year: int, moved: str) -> None:
    assert day_moved(tmp_path, day, how, year) == date.fromisoformat(moved)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2020-05-04", True),  # the bank holiday was moved to VE day
        ("2020-05-08", False),
        ("2022-06-02", False),
        ("2022-06-03", False),  # the platinum jubilee
        ("2023-05-08", False),  # the coronation
        ("2024-03-01", True),  # St David’s Day is no bank holiday
        ("2024-03-29", False),
        ("2024-03-18", True),  # one of Northern Ireland only
        ("2024-03-02", False),
    ],
)
def test_working_days_are_those_of_wales(day: str, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) is works


def test_a_part_of_the_year_that_is_not_asked_for_has_no_due_date(tmp_path: Path) -> None:
    family = tried(tmp_path, "country", "2019-20 Q1", "{days: {Q2: 11-15, Q4: 05-31}}")
    assert {e.period_key for e in expected([family], date(2020, 12, 31))} == {
        "2019-20 Q2", "2019-20 Q4", "2020-21 Q2",
    }  # fmt: skip
    period = read_return_period("2019-20 Q1", "quarterly")
    assert period is not None
    with pytest.raises(ValueError, match="Q1"):
        due_date(family.newest, period)


def test_submitters_are_those_of_the_last_day_of_the_period(tmp_path: Path) -> None:
    found = expected([tried(tmp_path, "regional_partnership_board")], date(2019, 6, 30))
    boards = {p: {e.area_code for e in found if e.period_key == p} for p in ("2018-19 Q4", "2019-20 Q1")}
    assert boards["2018-19 Q4"] - boards["2019-20 Q1"] == {"rpb_western_bay", "rpb_cwm_taf"}
    assert boards["2019-20 Q1"] - boards["2018-19 Q4"] == {"rpb_west_glamorgan", "rpb_cwm_taf_morgannwg"}


def test_a_consortium_that_ended_is_asked_no_more() -> None:
    found = expected({"pdg": find_return("pdg_lac_monitoring")}, date(2021, 12, 31))
    of = {p: {e.area_code for e in found if e.period_key == p} for p in ("2021-22 Q1", "2021-22 Q2")}
    assert "education_erw" in of["2021-22 Q1"]
    assert of["2021-22 Q2"] >= {"education_partneriaeth", "education_mid_wales"}
    assert "education_erw" not in of["2021-22 Q2"]


def test_every_authority_owes_every_quarter_that_has_ended() -> None:
    found = expected([find_return("ccg_spend_quarterly")], date(2020, 3, 30))
    assert len(found) == 22 * 3
    assert len(expected([find_return("ccg_spend_quarterly")], date(2020, 3, 31))) == 22 * 4


def test_a_return_that_ended_is_expected_no_more() -> None:
    periods = {e.period_key for e in expected([find_return("icf_spend_quarterly")], date(2030, 1, 1))}
    assert len(periods) == 12
    assert max(periods) == "2021-22 Q4"


def test_a_plan_is_expected_from_the_start_of_its_year() -> None:
    assert expected([find_return("re_plan")], date(2019, 3, 31)) == []
    assert len(expected([find_return("re_plan")], date(2019, 4, 1))) == 22


def test_areas_that_the_return_is_not_asked_of_are_not_required(tmp_path: Path) -> None:
    family = tried(tmp_path, "local_authority", more="submitters: [W06000001, W06000002]\n")
    found = expected([family], date(2019, 3, 31))
    assert len(found) == 22
    assert {e.area_code for e in found if e.is_required} == {"W06000001", "W06000002"}


def test_nothing_is_expected_twice() -> None:
    found = expected(load_returns(), date(2026, 3, 31))
    assert len({(e.return_key, e.area_code, e.period_key) for e in found}) == len(found) > 2000


@pytest.fixture
def one(tmp_path: Path) -> Expected:
    return expected([tried(tmp_path, "country")], date(2019, 3, 31))[0]


def test_closing_and_release_count_from_the_due_date(one: Expected) -> None:
    assert (one.due, one.closes_on) == (date(2019, 5, 31), date(2019, 6, 10))
    assert one.release_at == datetime(2019, 6, 20, 9, 30, tzinfo=UTC)


def test_an_extension_moves_all_that_counts_from_the_due_date(one: Expected) -> None:
    longer = with_extension(one, date(2019, 6, 7))
    assert (longer.original_due_date, longer.extended_due_date, longer.due) == (
        date(2019, 5, 31), date(2019, 6, 7), date(2019, 6, 7),
    )  # fmt: skip
    assert (longer.closes_on, longer.release_at) == (
        date(2019, 6, 17), datetime(2019, 6, 27, 9, 30, tzinfo=UTC),
    )  # fmt: skip
    assert days_late(date(2019, 6, 6), longer.due) == 0
    assert days_late(date(2019, 6, 6), one.due) == 6


def test_a_second_extension_takes_the_place_of_the_first(one: Expected) -> None:
    assert with_extension(with_extension(one, date(2019, 6, 30)), date(2019, 6, 7)) == with_extension(
        one, date(2019, 6, 7)
    )


def test_an_extension_ends_later_than_the_due_date(one: Expected) -> None:
    with pytest.raises(GofalError) as caught:
        with_extension(one, date(2019, 5, 31))
    assert "31 May 2019" in caught.value.en
    assert "31 Mai 2019" in caught.value.cy


@pytest.mark.parametrize(
    ("received", "days"),
    [
        (date(2019, 11, 14), 0),
        (date(2019, 11, 15), 0),
        (datetime(2019, 11, 15, 23, 59, tzinfo=UTC), 0),
        (datetime(2019, 11, 16, 0, 30, tzinfo=timezone(timedelta(hours=1))), 0),
        (date(2019, 11, 17), 2),  # a Sunday counts: only the due date itself is moved to a working day
        (date(2020, 1, 2), 48),
    ],
)
def test_lateness_is_counted_in_days(received: date, days: int) -> None:
    assert days_late(received, date(2019, 11, 15)) == days
