"""Synthetic figures for any registry entry: what adds up, what is anchored, what changes from release to release."""

from __future__ import annotations

import csv
import functools
import io
from collections import defaultdict

import pytest

from ingestion.sample.areas import AREAS, BY_LEGACY, WALES, find_area
from ingestion.sample.cube import Cube, member_of
from ingestion.sample.generate import CHILDREN_RELEASED, POPULATION_RELEASED, background
from ingestion.sample.synthetic import LIMIT, ROOM, _plan, _size, periods_of, released, synthetic_cube
from ingestion.statswales.periods import read_period
from ingestion.statswales.registry import Dataset, Registry, load_registry, normalise, read_registry

OWN = """
columns:
  area: {kind: area, names: [Local Authority], name_cy: Awdurdod lleol}
  year: {kind: period, period: financial_year_end, names: [Year], name_cy: Blwyddyn}
  number: &number
    kind: measure
    names: [Data description]
    values: {number: {en: Number, cy: Nifer, code: "1", measure_key: households, is_total: true}}
measures:
  children_looked_after: {title_en: Children, title_cy: Plant, unit: children, rounding_base: 5}
  children_looked_after_rate: {title_en: Rate, title_cy: Cyfradd, unit: rate, rate_base: 10000}
  households: {title_en: Households, title_cy: Aelwydydd, unit: households}
  share: {title_en: Share, title_cy: Cyfran, unit: percent, max_value: 100}
  spend: {title_en: Spend, title_cy: Gwariant, unit: gbp, scale: 1000}
datasets:
  by_gender_and_group:
    title_en: Children by gender and group
    title_cy: Plant yn ôl rhywedd a grŵp
    rounding_base: 5
    columns:
      measure:
        kind: measure
        names: [Data description]
        values:
          boys: {en: Boys, cy: Bechgyn, measure_key: children_looked_after, breakdown: {gender: male}}
          girls: {en: Girls, cy: Merched, measure_key: children_looked_after, breakdown: {gender: female}}
          all: {en: Children, cy: Plant, measure_key: children_looked_after, breakdown: {gender: all}, is_total: true}
          rate: {en: Rate, cy: Cyfradd, measure_key: children_looked_after_rate}
      period: year
      area: area
      group:
        kind: breakdown
        names: [Group]
        name_cy: Grŵp
        values: {one: {en: One, cy: Un}, two: {en: Two, cy: Dau}, all: {en: Both, cy: Y ddau, is_total: true}}
  crossed:
    title_en: Households by reason and age
    title_cy: Aelwydydd yn ôl rheswm ac oedran
    columns:
      measure: number
      period: {kind: period, period: [financial_year, quarter], names: [Period], name_cy: Cyfnod}
      area: area
      reason: {kind: breakdown, names: [Reason], name_cy: Rheswm, closed: false}
      age: {kind: breakdown, names: [Age], name_cy: Oedran, ages: true, closed: false}
  wide:
    title_en: Households by very much
    title_cy: Aelwydydd yn ôl llawer iawn
    columns:
      measure: number
      period: year
      area: area
      first: {kind: breakdown, names: [First], name_cy: Cyntaf, ages: true, closed: false}
      second: {kind: breakdown, names: [Second], name_cy: Ail, ages: true, closed: false}
      third: {kind: breakdown, names: [Third], name_cy: Trydydd, ages: true, closed: false}
  shares:
    title_en: Shares
    title_cy: Cyfrannau
    columns:
      measure:
        kind: measure
        names: [Data description]
        values: {share: {en: Percentage, cy: Canran, measure_key: share}}
      period: {kind: period, period: school_year, names: [Academic year], name_cy: Blwyddyn ysgol}
      area: area
      group: {kind: breakdown, names: [Group], name_cy: Grŵp, closed: false}
  of_wales:
    title_en: Spending of Wales
    title_cy: Gwariant Cymru
    columns:
      measure:
        kind: measure
        names: [Data description]
        closed: false
        otherwise: {measure_key: spend, breakdown: service}
      period: {kind: period, period: [rolling_year, month], names: [Period], name_cy: Cyfnod}
      area: {kind: area, constant: W92000004}
  coded:
    title_en: Households by area code
    title_cy: Aelwydydd yn ôl cod ardal
    columns:
      measure: number
      period: {kind: period, period: mid_year, names: [Year], name_cy: Blwyddyn}
      area: {kind: area, names: [Area Code, Area], name_cy: Ardal, fact_column: AreaCode}
"""
Row = dict[str, str]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    path = tmp_path_factory.mktemp("registry") / "datasets.yml"
    path.write_text(OWN, "utf-8")
    return read_registry(path)


@pytest.fixture(scope="module")
def table(registry: Registry):
    """The rows of a dataset in a release and a view."""

    @functools.cache
    def read(key: str, release: int = 1, view: str = "raw_extended", lang: str = "en") -> list[Row]:
        cube = make(registry, registry.datasets[key], release)
        text = cube.csv(view, lang).read_text(encoding="utf-8")  # type: ignore[arg-type]
        cube.close()
        return list(csv.DictReader(io.StringIO(text)))

    return read


def make(registry: Registry, entry: Dataset, release: int = 1) -> Cube:
    return synthetic_cube(entry, registry.measures, release, background)


def test_children_looked_after_are_as_many_as_in_the_other_datasets_of_the_sample(table) -> None:
    for release in (1, 2, 3):
        known = background(release).children
        shown = {
            row["Year"]: int(row["Data values"])
            for row in table("by_gender_and_group", release)
            if (row["Data description"], row["Group"]) == ("Children", "Both")
            and row["Local Authority"] in NAMES_OF_WALES
        }
        assert len(shown) == 4 + release
        assert shown == {year: 5 * int((known[int(year[:4]) + 1, WALES] + 2.5) // 5) for year in shown}
        assert shown["2018-19"] == (6845 if release == 1 else 6835)


NAMES_OF_WALES = {"Wales", "Total Welsh local authorities"}


def test_a_rate_is_that_of_the_counts(table) -> None:
    rates = {
        (row["Year"], row["Local Authority"]): float(row["Data values"])
        for row in table("by_gender_and_group")
        if (row["Data description"], row["Group"]) == ("Rate", "Both") and row["Data values"]
    }
    (wales,) = {area for _, area in rates} & NAMES_OF_WALES
    assert round(rates["2018-19", wales]) == 109
    assert round(rates["2018-19", "Torfaen"]) == 216


def test_parts_add_up_to_totals_and_authorities_to_wales_and_quarters_to_years(table) -> None:
    rows = [row for row in table("crossed", 3) if row["Notes"] != "Not available"]
    value = {
        (row["Period"], row["Local Authority"], row["Reason_reference"], row["Age"]): int(row["Data values"])
        for row in rows
    }
    sums: dict[str, dict[tuple[str, ...], int]] = defaultdict(lambda: defaultdict(int))
    for (period, area, reason, age), number in value.items():
        if reason != "T":
            sums["reason"][period, area, "T", age] += number
        if age != "All ages":
            sums["age"][period, area, reason, "All ages"] += number
        if period.startswith("Q"):
            sums["year"][period[3:], area, reason, age] += number
    assert all(sums[kind] for kind in ("reason", "age", "year"))
    for cells in sums.values():
        for cell, number in cells.items():
            assert value[cell] == number, cell


def test_authorities_add_up_to_wales(registry: Registry) -> None:
    entry = registry.datasets["coded"]
    cube = make(registry, entry, 3)
    rows = list(csv.DictReader(cube.csv("raw", "en").open(encoding="utf-8")))
    cube.close()
    missing = {row["Year"] for row in rows if not row["Data values"]}
    assert len(missing) == 1
    for year in {row["Year"] for row in rows} - missing:
        of_year = {row["Area Code"]: int(row["Data values"]) for row in rows if row["Year"] == year}
        assert sum(number for code, number in of_year.items() if code != WALES) == of_year[WALES]
        assert len(of_year) == 23


def test_data_descriptions_add_up_in_each_cell_of_a_breakdown(registry: Registry) -> None:
    entry = registry.datasets["by_gender_and_group"].model_copy(update={"rounding_base": None})
    measures = dict(registry.measures)
    measures["children_looked_after"] = measures["children_looked_after"].model_copy(update={"rounding_base": None})
    cube = synthetic_cube(entry, measures, 1, background)
    rows = list(csv.DictReader(cube.csv("raw", "en").open(encoding="utf-8")))
    cube.close()
    place = ("Year", "Local Authority", "Group")
    cell = {(row["Data description"], *(row[n] for n in place)): row["Data values"] for row in rows}
    wholes = [key for key in cell if key[0] == "Children"]
    assert len(wholes) == 5 * 23 * 3
    for _, *where in wholes:
        boys, girls, children = (int(cell[what, *where]) for what in ("Boys", "Girls", "Children"))
        assert boys + girls == children


def test_each_figure_is_rounded_and_small_ones_are_suppressed(table) -> None:
    rows = [row for row in table("by_gender_and_group") if row["Data description"] != "Rate"]
    assert all(int(row["Data values"]) % 5 == 0 for row in rows if row["Data values"])
    assert all(("Confidential" in row["Notes"]) == (row["Data values"] == "") for row in rows)


def test_percentages_stay_within_a_hundred(table) -> None:
    shares = [float(row["Data values"]) for row in table("shares", 3) if row["Data values"]]
    assert len(set(shares)) > 50
    assert all(0 <= share <= 100 for share in shares)


def test_one_authority_is_not_available_in_the_oldest_period(table) -> None:
    absent = {
        (row["Academic year"], row["Local Authority"]) for row in table("shares") if row["Notes"] == "Not available"
    }
    assert len(absent) == 1
    assert {year for year, _ in absent} == {min(row["Academic year"] for row in table("shares"))}


def test_the_newest_period_is_provisional_and_only_it(table) -> None:
    for release, newest in ((1, "2018/19"), (2, "2019/20"), (3, "2020/21")):
        provisional = {row["Academic year"] for row in table("shares", release) if "Provisional" in row["Notes"]}
        assert provisional == {newest}


def cells(rows: list[Row]) -> dict[tuple[str, ...], str]:
    return {tuple(v for k, v in row.items() if k.endswith("_reference")): row["Data values"] for row in rows}


@pytest.mark.parametrize("key", ["coded", "crossed", "shares", "by_gender_and_group", "of_wales"])
def test_later_releases_add_a_period_revise_a_few_figures_and_take_one_back(table, key: str) -> None:
    first, second, third = (cells(table(key, release)) for release in (1, 2, 3))
    assert set(first) < set(second) < set(third)
    moved = {cell for cell in first if first[cell] != second[cell]}
    assert 0 < len(moved) < len(first) / 2
    marked = {cell for cell, row in zip(second, table(key, 2), strict=True) if "Revised" in row["Notes"]}
    assert marked == moved
    if key != "by_gender_and_group":
        assert any(first[cell] == third[cell] != second[cell] for cell in first) or key == "of_wales"


def test_the_same_seed_gives_the_same_bytes(registry: Registry) -> None:
    bodies = []
    for _ in range(2):
        cube = make(registry, registry.datasets["crossed"])
        bodies.append(cube.csv("raw_extended", "cy").read_bytes())
        cube.close()
    assert bodies[0] == bodies[1]


def test_a_cube_that_would_be_too_large_has_one_breakdown_at_a_time(table) -> None:
    rows = table("wide", 3)
    assert len(rows) <= LIMIT
    broken = [sum(row[name] != "All ages" for name in ("First", "Second", "Third")) for row in rows]
    assert max(broken) == 1
    value = {tuple(row[n] for n in ("Year", "Local Authority", "First", "Second", "Third")): row for row in rows}
    for (year, area, *_), row in value.items():
        whole = value[year, area, "All ages", "All ages", "All ages"]["Data values"]
        if row["First"] != "All ages" and whole:
            parts = [
                int(r["Data values"])
                for (y, a, f, *_), r in value.items()
                if (y, a) == (year, area) and f != "All ages"
            ]
            assert sum(parts) == int(whole)


def test_a_dataset_of_wales_alone_has_no_area_column(table) -> None:
    assert list(table("of_wales", 1, "raw")[0]) == ["Data values", "Data description", "Period", "Notes"]
    assert {row["Data description"] for row in table("of_wales")} == {"Category A", "Category B", "Category C"}


def test_names_stand_beside_a_column_of_codes_or_alone(table) -> None:
    assert list(table("coded", 1, "raw")[0]) == [
        "Data values",
        "Data description",
        "Year",
        "Area",
        "Area Code",
        "Notes",
    ]
    assert {row["Area_reference"] for row in table("coded")} == set(BY_LEGACY)
    assert {row["Area Code"] for row in table("coded")} == {area.code for area in AREAS}
    assert "Area Code" not in table("shares", 1, "raw")[0]


def test_areas_are_spelt_and_coded_in_every_way_that_publishers_use(registry: Registry) -> None:
    entry = registry.datasets["shares"]
    spellings, references = set(), set()
    for number in range(12):
        cube = make(registry, entry.model_copy(update={"key": f"shares_{number}"}))
        (area,) = [dimension for dimension in cube.dimensions if dimension.fact_column == "LocalAuthority"]
        spellings |= {member.en for member in area.members}
        references |= {member.reference for member in area.members}
        assert all(find_area(member.en) and find_area(member.cy) for member in area.members)
        cube.close()
    assert {"Wales", "Total Welsh local authorities", "The Vale of Glamorgan", "Rhondda Cynon Taff"} <= spellings
    assert {"596", "W92000004", "Wales"} <= references


def test_welsh_views_are_welsh(table) -> None:
    rows = table("crossed", 1, "raw", "cy")
    assert {"Ynys Môn", "Caerdydd"} <= {row["Awdurdod lleol"] for row in rows}
    assert {row["Rheswm"] for row in rows} == {"Categori A", "Categori B", "Categori C", "Cyfanswm"}
    assert "Ch4 2018-19" in {row["Cyfnod"] for row in rows}
    assert "Blwyddyn yn diweddu Mehefin 2018" in {row["Cyfnod"] for row in table("of_wales", 1, "raw", "cy")}


def test_every_entry_of_the_registry_has_a_plan_within_the_limit_and_periods_that_are_read_back() -> None:
    whole = read_registry()
    assert len(whole.datasets) > 2
    for key, entry in whole.datasets.items():
        plan = _plan(entry, whole.measures)
        limit = ROOM.get(key, LIMIT)
        assert _size(plan) * len(periods_of(entry, 3)) <= limit or key == "population_by_age", key
        framework = {whole.measures[measure].framework for measure in entry.measure_keys} - {"statistics"}
        names = [normalise(item.en) for item in plan.measures]
        assert len(set(names)) == len(names), key
        for release in (1, 2, 3):
            periods = periods_of(entry, release)
            references = [member_of(period).reference for period in periods]
            assert len(set(references)) == len(references) >= (0 if framework else 4), key
            for period in periods:
                member = member_of(period)
                kinds = entry.columns["period"].periods
                sort = None if member.sort is None else str(member.sort)
                assert read_period(kinds, member.en, member.reference, sort) == period, key
                assert read_period(kinds, member.cy, None, None) == period, key


def test_a_release_comes_out_after_its_periods_and_after_the_one_before() -> None:
    for entry in load_registry().values():
        moments = [released(entry, n, CHILDREN_RELEASED, POPULATION_RELEASED) for n in (1, 2, 3)]
        assert moments == sorted(set(moments)), entry.key
        for number, moment in enumerate(moments, start=1):
            assert all(period.end < moment.date() for period in periods_of(entry, number)), entry.key


@pytest.mark.parametrize(
    "key", ["children_looked_after_ethnicity", "social_services_revenue_outturn", "homelessness_priority_need"]
)
def test_an_entry_of_the_registry_has_its_listed_members(key: str) -> None:
    whole = read_registry()
    if key not in whole.datasets:
        pytest.skip("the registry does not have it")
    cube = synthetic_cube(whole.datasets[key], whole.measures, 1, background)
    served = {member.en for member in cube.measure.members}
    column = whole.datasets[key].columns["measure"]
    assert served <= {member.en for member in column.values.values()}
    assert {member.measure_key for member in column.values.values() if member.en in served} == whole.datasets[
        key
    ].measure_keys
    assert 0 < cube.rows <= LIMIT
    cube.close()


def test_spending_is_what_was_published_where_it_was() -> None:
    whole = read_registry()
    entry = whole.datasets["social_services_revenue_outturn"]
    cube = synthetic_cube(entry, whole.measures, 1, background)
    rows = list(csv.DictReader(cube.csv("raw_extended", "en").open(encoding="utf-8")))
    cube.close()
    found = {
        (service, year): int(row["Data values"])
        for row in rows
        for service in ("looked_after_total", "all_children_and_families")
        for year in ("2017-18", "2018-19")
        if {service, year} <= {v for k, v in row.items() if not k.endswith("_hierarchy")}
        and NAMES_OF_WALES & set(row.values())
    }
    assert found["looked_after_total", "2017-18"] == 284_016
    assert found["all_children_and_families", "2018-19"] == 659_074
