"""What the sample is held to: printed totals, lines that nest, flows that explain stocks, costs that fit spending."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Iterable

import pytest

from ingestion.config import CHECKOUT
from ingestion.sample import calibration
from ingestion.sample.areas import AREAS, WALES, find_area
from ingestion.sample.calibration import PARTS, Part
from ingestion.sample.generate import background, released_in, sample_cube
from ingestion.statswales.registry import load_registry, read_registry

AUTHORITIES = tuple(area.code for area in AREAS if area.code != WALES)
OUTTURN, PLACEMENTS, EPISODES = (
    "social_services_revenue_outturn",
    "children_looked_after_placement_type",
    "episodes_of_care_finishing",
)
YEARS = {f"20{y}-{y + 1}": 2001 + y for y in range(14, 21)}
WAYS_OF_EET = ("in_eet_full_time", "in_eet_part_time")
AREA_NAMES = ("Area Code", "Local Authority", "Area", "Authority")


@functools.cache
def figures(key: str, release: int = 1) -> dict[tuple[str, str, str], float | None]:
    """Values by year, area and member: of the data description, or of the first breakdown where there is one."""
    entry = load_registry()[key]
    cube = sample_cube(key, release)
    text = cube.csv("raw_extended", "en").read_text("utf-8")
    cube.close()
    column = entry.columns[entry.breakdowns[0] if entry.breakdowns else "measure"]
    names = column.names if entry.breakdowns else ("Data description",)
    area_of = functools.cache(find_area)
    member_of = functools.cache(column.find)
    found: dict[tuple[str, str, str], float | None] = {}
    for row in csv.DictReader(io.StringIO(text)):
        (year,) = {value for value in row.values() if value in YEARS}
        area = next(a for name in AREA_NAMES if (a := area_of(row.get(name), row.get(f"{name}_reference"))))
        member = next(m for name in names if (m := member_of(row.get(name))) is not None)
        found[year, area.code, member] = float(row["Data values"]) if row["Data values"] else None
    return found


def wales(key: str, member: str = "all", release: int = 1) -> dict[str, float | None]:
    return {year: n for (year, area, m), n in figures(key, release).items() if (area, m) == (WALES, member)}


def nested(key: str, whole: str, parts: Iterable[Part]) -> Iterable[tuple[str, list[str]]]:
    """Wholes and the members that they are the sum of; a node that is no member of the source is passed through."""
    members = set(load_registry()[key].columns[load_registry()[key].breakdowns[0]].values)
    here: list[str] = []
    for part in parts:
        if part.key in members:
            here.append(part.key)
            if part.parts:
                yield from nested(key, part.key, part.parts)
        else:
            here += [inner.key for inner in part.parts]
    yield whole, here


def test_every_member_of_a_breakdown_is_part_of_something_and_one_is_what_is_left() -> None:
    for (measure, role), parts in PARTS.items():
        columns = [
            entry.columns
            for entry in load_registry().values()
            if measure in entry.measure_keys and (role in entry.columns or role in _hidden(entry.columns["measure"]))
        ]
        assert columns, (measure, role)
        for column in columns:
            if role in column:
                listed = set(column[role].values)
            else:
                listed = {v.breakdown[role] for v in column["measure"].values.values() if role in v.breakdown}
            assert listed - {"all"} <= set(calibration.members(parts)), (measure, role)
        for level in _levels(parts):
            assert sum(part.is_rest for part in level) == 1
    assert set(calibration.TOTALS) | set(calibration.LEVELS) <= read_registry().measures.keys()


def _hidden(column: object) -> set[str]:
    return {role for member in column.values.values() for role in member.breakdown}  # type: ignore[attr-defined]


def _levels(parts: tuple[Part, ...]) -> Iterable[tuple[Part, ...]]:
    yield parts
    for part in parts:
        if part.parts:
            yield from _levels(part.parts)


@pytest.mark.parametrize("release", [1, 2, 3])
def test_lines_of_spending_nest_and_add_up_and_authorities_add_up_to_wales(release: int) -> None:
    found = figures(OUTTURN, release)
    absent = {(year, area) for (year, area, member), n in found.items() if n is None}
    assert len(absent) == 1
    years = {year for year, _, _ in found}
    wholes = dict(nested(OUTTURN, "all", PARTS["social_services_outturn", "service"]))
    assert set(wholes) == {"all", "all_children_and_families", "looked_after_total"}
    assert {area for _, area, _ in found} == {WALES, *AUTHORITIES}
    for year in years:
        for area in (WALES, *AUTHORITIES):
            for whole, parts in wholes.items():
                if (year, area) not in absent:
                    assert sum(found[year, area, part] or 0 for part in parts) == found[year, area, whole]
                    assert all((found[year, area, part] or 0) > 0 for part in parts)
        if year not in {year for year, _ in absent}:
            for member in {"all", *(part for parts in wholes.values() for part in parts)}:
                assert sum(found[year, area, member] or 0 for area in AUTHORITIES) == found[year, WALES, member]


@pytest.mark.parametrize("release", [1, 2, 3])
def test_spending_of_wales_is_what_was_printed_in_every_release(release: int) -> None:
    children, looked_after = (wales(OUTTURN, m, release) for m in ("all_children_and_families", "looked_after_total"))
    years = ("2014-15", "2015-16", "2016-17", "2017-18", "2018-19")
    assert [children[year] for year in years] == [553_950, 554_430, 577_248, 613_135, 659_074]
    assert [looked_after[year] for year in years] == [248_201, 243_970, 256_408, 284_016, 310_578]
    assert round((wales(OUTTURN, "looked_after_fostering", release)["2018-19"] or 0) / 1000) == 127
    assert round((wales(OUTTURN, "looked_after_residential", release)["2018-19"] or 0) / 1000) == 95
    assert round((wales(OUTTURN, "leaving_care", release)["2018-19"] or 0) / 310_578 * 100) == 8


def test_lines_of_spending_nest_as_the_marts_say_that_they_do() -> None:
    said: dict[str, set[str]] = {}
    path = CHECKOUT / "dbt_project" / "seeds" / "social_service_lines.csv"
    lines = list(csv.DictReader(path.open(encoding="utf-8")))
    above = {line["service_line"]: line["adds_to"] for line in lines}
    keys = {line["service_line"]: line["member_key"] for line in lines}
    for line in lines:
        whole = line["adds_to"]
        while whole and not keys[whole]:  # a line of the marts' own, which the source does not have
            whole = above[whole]
        if line["member_key"] and whole:
            said.setdefault(keys[whole], set()).add(line["member_key"])
    wholes = dict(nested(OUTTURN, "all", PARTS["social_services_outturn", "service"]))
    assert said == {whole: set(parts) for whole, parts in wholes.items()}


def test_no_authority_spends_absurdly_much_or_little_on_a_looked_after_child() -> None:
    children = background(1).children
    costs = [
        (figures(OUTTURN)["2018-19", area, "looked_after_total"] or 0) * 1000 / children[2019, area]
        for area in AUTHORITIES
    ]
    assert 30_000 < min(costs) < 45_373 < max(costs) < 75_000


@pytest.mark.parametrize("release", [1, 2, 3])
def test_those_who_started_and_who_left_are_as_many_as_printed(release: int) -> None:
    starts = wales("children_starting_to_be_looked_after_need", release=release)
    left = leavers(release, WALES)
    assert (starts["2018-19"], left["2018-19"]) == (2125, 1680)
    for series, falls in ((starts, {"2018-19": -2, "2017-18": -3}), (left, {"2018-19": -3})):
        for year, fall in falls.items():
            before = series[f"{int(year[:4]) - 1}-{year[2:4]}"]
            assert round(((series[year] or 0) / (before or 1) - 1) * 100) == fall
    assert (
        65
        <= (figures("children_starting_to_be_looked_after_need")["2018-19", WALES, "abuse_or_neglect"] or 0) / 21.25
        <= 68
    )


def leavers(release: int, area: str) -> dict[str, float]:
    found = figures(EPISODES, release)
    return {
        year: (n or 0) - (found[year, a, "new_episode_begins"] or 0)
        for (year, a, member), n in found.items()
        if (a, member) == (area, "all")
    }


def test_flows_explain_how_the_number_of_each_authority_changed() -> None:
    children = background(1).children
    starts = figures("children_starting_to_be_looked_after_need")
    for area in AUTHORITIES:
        net = (starts["2018-19", area, "all"] or 0) - leavers(1, area)["2018-19"]
        assert abs(net - (children[2019, area] - children[2018, area])) <= 10  # three roundings and a few children


def test_placements_of_wales_are_as_printed() -> None:
    found = {m: wales(PLACEMENTS, m) for m in ("all", "foster", "residential", "placed_with_parents")}
    of_2019 = {member: years["2018-19"] or 0 for member, years in found.items()}
    assert (of_2019["all"], of_2019["placed_with_parents"]) == (6845, 1065)
    assert round(of_2019["foster"] / of_2019["all"] * 100) == 71
    assert round(of_2019["residential"] / of_2019["all"] * 100) == 7
    grown = [number or 0 for _, number in sorted(found["placed_with_parents"].items())]
    assert 545 < grown[0] < grown[-1]
    assert grown == sorted(grown)
    places = {
        m: wales("children_looked_after_location", m)["2018-19"] for m in ("out_of_county_in_wales", "out_of_wales")
    }
    assert places == {"out_of_county_in_wales": 1760, "out_of_wales": 350}
    moved = {m: wales("children_looked_after_placements_in_year", m)["2018-19"] or 0 for m in ("all", "three_or_more")}
    assert moved["all"] == 6845
    assert 9 <= moved["three_or_more"] / moved["all"] * 100 <= 10
    assert wales("children_looked_after_foster_location")["2018-19"] == of_2019["foster"]


@pytest.mark.parametrize(
    "key",
    [
        PLACEMENTS,
        "children_looked_after_location",
        "children_looked_after_legal_status",
        "children_looked_after_ethnicity",
        "children_looked_after_placements_in_year",
        "children_looked_after_foster_location",
        "children_starting_to_be_looked_after_need",
    ],
)
@pytest.mark.parametrize("release", [1, 3])
def test_counts_add_up_within_rounding(key: str, release: int) -> None:
    found = figures(key, release)
    members = {member for _, _, member in found} - {"all"}
    for (year, area, member), number in found.items():
        if member == "all" and number is not None:
            assert_adds_up(number, [found[year, area, part] for part in members])


def assert_adds_up(whole: float, parts: list[float | None]) -> None:
    """Each part is rounded by itself, and one that is suppressed may be 1 to 4."""
    off = sum(4.5 if part is None else 2.5 for part in parts) + 2.5
    assert abs(sum(part or 0 for part in parts) - whole) <= off


def test_half_of_care_leavers_are_in_education_training_or_work_and_ways_of_it_nest() -> None:
    found = figures("care_leavers_activity_19")
    assert round((found["2018-19", WALES, "in_eet"] or 0) / (found["2018-19", WALES, "all"] or 1) * 100) == 50
    for (year, area, member), number in found.items():
        if member in ("all", "in_eet") and number is not None:
            parts = {"all": ("in_eet", "not_in_eet", "unknown", "not_applicable"), "in_eet": WAYS_OF_EET}[member]
            assert_adds_up(number, [found[year, area, part] for part in parts])


@pytest.mark.parametrize(
    ("key", "release"),
    [
        (key, release)
        for key, entry in load_registry().items()
        if entry.theme == "leaving_care" and entry.state != "awaiting"
        for release in (1, 3)
        if released_in(entry, release)
    ],
)
def test_care_leavers_are_rounded_to_5_and_small_numbers_of_an_authority_are_suppressed(key: str, release: int) -> None:
    cube = sample_cube(key, release)
    rows = list(csv.DictReader(io.StringIO(cube.csv("raw_extended", "en").read_text("utf-8"))))
    cube.close()
    assert all(int(row["Data values"]) % 5 == 0 for row in rows if row["Data values"])
    assert all(row["Data values"] or {"Confidential", "Not available"} & set(row["Notes"].split(", ")) for row in rows)
    assert any("Confidential" in row["Notes"] for row in rows) == (key != "framework_care_leavers")  # not few anywhere


@pytest.mark.parametrize("release", [1, 2, 3])
def test_official_measures_of_wales_are_those_that_were_published(release: int) -> None:
    found = {m: wales("sspm_children", m, release)["2018-19"] for m in ("pm24", "pm25", "pm26")}
    assert found == {"pm24": 88.9, "pm25": 64.7, "pm26": 9.6}


def test_parts_of_framework_measures_are_no_larger_than_their_wholes() -> None:
    found = figures("framework_children_looked_after", 3)
    assert wales("framework_children_looked_after", "ch046", 3) == {"2020-21": 4435}
    timely = figures("framework_assessments", 3)
    for area in AUTHORITIES:
        if (children := found["2020-21", area, "ch039"]) is not None:
            assert all(
                (found["2020-21", area, m] or 0) <= children for m in ("ch043", "ch044", "ch046", "ch047", "ch048")
            )
            assert (timely["2020-21", area, "ch012"] or 0) <= (timely["2020-21", area, "ch006"] or 0)


def test_weeks_cost_what_such_placements_cost_and_come_near_what_is_spent_on_them() -> None:
    found = figures("placement_weeks_and_costs")
    kinds = {re.sub("^(weeks|cost)_", "", member) for _, _, member in found}
    week = {
        kind: (found["2018-19", WALES, f"cost_{kind}"] or 0) / (found["2018-19", WALES, f"weeks_{kind}"] or 1)
        for kind in kinds
    }
    assert 450 < week["local_authority_foster"] < 550
    assert 800 < week["external_foster"] < 900
    assert 3_500 < week["local_authority_homes"] < week["external_homes"] < 4_500
    assert 6_600 < week["secure"] < 7_200
    cost = {kind: (found["2018-19", WALES, f"cost_{kind}"] or 0) / 1000 for kind in kinds}
    spent = {m: wales(OUTTURN, f"looked_after_{m}")["2018-19"] or 0 for m in ("fostering", "residential", "secure")}
    family = wales(OUTTURN, "looked_after_family_and_friends")["2018-19"] or 0
    assert cost["local_authority_foster"] + cost["external_foster"] == pytest.approx(
        spent["fostering"] + family, rel=0.1
    )
    assert cost["local_authority_homes"] + cost["external_homes"] == pytest.approx(spent["residential"], rel=0.1)
    assert cost["secure"] == pytest.approx(spent["secure"], rel=0.1)


def test_a_figure_is_the_same_in_the_next_release_but_for_the_year_that_is_revised() -> None:
    for key in (OUTTURN, PLACEMENTS, EPISODES, "care_leavers_activity_19", "sspm_children"):
        first, second = figures(key, 1), figures(key, 2)
        moved = {cell for cell, number in first.items() if second[cell] != number}
        assert moved, key
        assert {year for year, _, _ in moved} == {"2018-19"}, key


def test_series_are_interpolated_and_hold_or_grow_beyond_their_last_figure() -> None:
    series = {2015: 10.0, 2019: 20.0}
    assert [calibration.at(series, year) for year in (2010, 2015, 2017, 2019, 2021)] == [10, 10, 15, 20, 20]
    assert calibration.at(series, 2021, growth=1.1) == pytest.approx(24.2)
    assert calibration.at(0.3, 1999) == 0.3
