"""What is said of the difference to the last accepted load: here mostly what is *not* said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from expectations import compare, totals
from expectations.cells import Cells
from expectations.rules import Judged, RuleResult, Status
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.meanings import Meanings, load_aliases
from ingestion.statswales.registry import Column, Dataset, Measure, read_registry

CLA = "children_looked_after_gender_age"
POPULATION = "population_by_age"
Rows = list[dict[str, Any]]
AUTHORITIES = sorted({code for code in load_aliases().values() if code.startswith("W06")})


@pytest.fixture
def tripped(
    lake: Lake, registry: dict[str, Dataset], stage: Callable[..., LoadRecord], accepted: Callable[..., LoadRecord]
) -> Callable[..., dict[str, RuleResult]]:
    """Which rules of DuckDB and of the comparison trip on ``new`` after ``old``; no Great Expectations."""

    def run(
        new: Rows,
        old: Rows | None = None,
        key: str = CLA,
        now: dict[str, Any] | None = None,
        dataset: Dataset | None = None,
        measures: dict[str, Measure] | None = None,
        members: Any = None,
        **was: Any,
    ) -> dict[str, RuleResult]:
        if old is not None:
            accepted(old, key, **was)
        record = stage(new, key, members=members, **(now or {}))
        meanings = Meanings(dataset or registry[key])
        known = read_registry().measures if measures is None else measures
        about = Judged(source_key=key, load_id="new", title_en="T", title_cy="T")
        with Cells(meanings, record, compare.predecessor(lake, record), lake, known) as cells:
            results = totals.shape(cells, about) + compare.columns(cells, about)
            if not any(r.status is Status.FAILED for r in results[:2]):
                cells.encode()
                results += totals.whole(cells, about) + compare.contents(cells, about)
        return {r.rule_code: r for r in results if r.status is Status.FAILED}

    return run


def test_relabelled_years_and_areas_are_the_same_years_and_areas(tripped: Any, good_rows: Any) -> None:
    new = good_rows()
    for row in new:
        end = "20" + row["period"][-2:]
        row |= {"period": f"31 March {end}", "period_code": f"{end}0331"}
        row["area"] = {"Isle of Anglesey": "Ynys Môn", "Wales": "Cymru"}.get(row["area"], row["area"])
        row["area_code"] = {"W06000001": "512"}.get(row["area_code"], row["area_code"])
    assert tripped(new, good_rows()) == {}


def test_a_year_more_is_ordinary(tripped: Any, good_rows: Any) -> None:
    assert tripped(good_rows(), good_rows()[6:]) == {}


def test_an_area_gone_is_named_and_does_not_count_as_shrinking(tripped: Any, good_rows: Any) -> None:
    found = tripped([r for r in good_rows() if r["area"] != "Gwynedd"], good_rows())
    assert set(found) == {"area_gone"}
    assert found["area_gone"].rows == [{"area": "Gwynedd"}]


def test_a_role_renamed_is_information_and_an_extra_column_keeps_its_fact(tripped: Any, good_rows: Any) -> None:
    old = [{**row, "Authority": "x", "Authority_reference": "1"} for row in good_rows()]
    new = [{**row, "Local Authority": "x", "Local Authority_reference": "1"} for row in good_rows()]
    found = tripped(
        new,
        old,
        fact_columns={"Authority": "LaCode"},
        now={"fact_columns": {"Local Authority": "LaCode"}},
    )
    assert set(found) == {"column_renamed"}
    assert found["column_renamed"].rows == [
        {"column": "Authority → Local Authority"},
        {"column": "Authority_reference → Local Authority_reference"},
    ]


def test_a_column_with_another_name_and_no_fact_is_removed_and_added(tripped: Any, good_rows: Any) -> None:
    old = [{**row, "Authority": "x"} for row in good_rows()]
    new = [{**row, "Local Authority": "x"} for row in good_rows()]
    assert set(tripped(new, old)) == {"column_removed", "column_added"}


def test_a_role_without_its_column_is_told_once_in_both_languages(tripped: Any, good_rows: Any) -> None:
    new = [{k: v for k, v in row.items() if not k.startswith("age_group")} for row in good_rows()]
    found = tripped(new, good_rows())
    assert set(found) == {"column_removed"}
    assert "Age group" in found["column_removed"].message_en
    assert "Grŵp oedran" in found["column_removed"].message_cy


@pytest.mark.parametrize(
    ("was", "now", "retyped"),
    [
        ("number", "number", False),
        ("number", "text", True),
        ("text", "number", True),
        ("number", "time", True),
        ("number", "empty", False),
        ("number", "half", False),
    ],
)
def test_a_column_is_retyped_when_most_of_it_is_something_else(
    tripped: Any, good_rows: Any, was: str, now: str, retyped: bool
) -> None:
    def fill(kind: str) -> Rows:
        values = {"number": "1.5", "text": "n/a", "time": "12:30", "empty": ""}
        return [{**row, "More": values.get(kind, "7" if n % 2 else "seven")} for n, row in enumerate(good_rows())]

    assert set(tripped(fill(now), fill(was))) == ({"column_retyped"} if retyped else set())


def test_values_that_became_times_are_retyped(tripped: Any, good_rows: Any) -> None:
    new = [{**row, "value": row["value"] and "10:30"} for row in good_rows()]
    assert set(tripped(new, good_rows())) == {"column_retyped", "value_is_time"}


def test_small_counts_may_jump_and_large_ones_drift(tripped: Any, good_rows: Any) -> None:
    old = good_rows()
    new = good_rows()
    old[4]["value"], new[4]["value"] = "5", "25"
    old[1]["value"], new[1]["value"] = "7100", "7500"
    assert tripped(new, old) == {}


def test_a_suppressed_value_that_is_shown_now_is_no_swing(tripped: Any, good_rows: Any) -> None:
    old = good_rows()
    old[5]["value"] = ""
    assert tripped(good_rows(), old) == {}


def test_a_swing_names_the_row_and_what_it_was(tripped: Any, good_rows: Any) -> None:
    old = good_rows()
    old[5]["value"] = "100"
    (row,) = tripped(good_rows(), old)["value_swing"].rows
    assert (row["source_row"], row["value"], row["previous_value"], row["area"]) == (6, "280", "100", "Gwynedd")


def test_a_load_that_grew_threefold_in_the_same_places_is_told(tripped: Any, good_rows: Any) -> None:
    first, *_ = good_rows(POPULATION)
    spread = [{**first, "age": str(n), "age_code": str(n), "period": str(2000 + n % 3)} for n in range(9)]
    for row in spread:
        row["period_code"] = row["period_sort"] = ""
    dense = [{**row, "age": age, "age_code": age} for row in spread[:3] for age in map(str, range(9))]
    found = tripped(dense, spread, POPULATION)
    assert set(found) == {"row_count_swing"}
    assert (found["row_count_swing"].count, found["row_count_swing"].rows) == (
        18,
        [{"rows_before": 9, "rows_now": 27}],
    )


def test_wales_may_exceed_its_authorities_while_some_are_not_there(tripped: Any, good_rows: Any) -> None:
    assert "wales_sum" not in tripped(good_rows())


def all_authorities(value: int, wales: int, template: dict[str, Any]) -> Rows:
    assert len(AUTHORITIES) == 22
    parts = [{**template, "area": c, "area_code": c, "value": str(value)} for c in AUTHORITIES]
    return [{**template, "area": "Wales", "area_code": "W92000004", "value": str(wales)}, *parts]


@pytest.mark.parametrize(
    ("wales", "trips"), [(220, False), (220 + 55, False), (220 - 55, False), (220 + 60, True), (220 - 60, True)]
)
def test_the_sum_of_all_authorities_is_wales_within_rounding(
    tripped: Any, good_rows: Any, wales: int, trips: bool
) -> None:
    found = tripped(all_authorities(10, wales, good_rows()[0]))
    assert set(found) == ({"wales_sum"} if trips else set())
    if trips:
        (row,) = found["wales_sum"].rows
        assert (row["source_row"], row["sum_of_authorities"]) == (1, 220)


def test_an_unrounded_dataset_has_no_such_tolerance(tripped: Any, good_rows: Any) -> None:
    rows = good_rows(POPULATION)
    assert tripped(all_authorities(10, 220, rows[0]), key=POPULATION) == {}
    assert set(tripped(all_authorities(10, 221, rows[0]), key=POPULATION)) == {"wales_sum"}


def test_what_is_no_count_is_not_added_up(tripped: Any, good_rows: Any) -> None:
    rows = all_authorities(10, 10, good_rows(POPULATION)[0])
    own = read_registry().measures["population"]
    rate = own.model_copy(update={"unit": "rate", "rate_base": 1000})
    average = own.model_copy(update={"unit": "gbp", "title_en": "Average cost per child"})
    assert set(tripped(rows, key=POPULATION)) == {"wales_sum"}
    assert tripped(rows, key=POPULATION, measures={"population": rate}) == {}
    assert tripped(rows, key=POPULATION, measures={"population": average}) == {}
    rows[0]["value"] = "10.5"  # a count of halves is an average, whatever its unit says
    assert tripped(rows, key=POPULATION) == {}


@pytest.mark.parametrize(("total", "trips"), [("231", False), ("232", True), ("231.6", True)])
def test_money_is_added_up_within_the_unit_it_is_printed_in(
    tripped: Any, good_rows: Any, total: str, trips: bool
) -> None:
    rows = all_authorities(10, 220, good_rows(POPULATION)[0])
    rows[0]["value"] = total
    if "." in total:  # printed to the tenth, so 22 of them are off by less than a pound and a bit
        rows[1]["value"] = "20.1"
    money = read_registry().measures["population"].model_copy(update={"unit": "gbp", "scale": 1000})
    assert set(tripped(rows, key=POPULATION, measures={"population": money})) == ({"wales_sum"} if trips else set())


AGES = {"U1": 10, "A1": 40, "A5": 50, "A10": 60, "A16": 30, "A18": 5}


def by_age(template: dict[str, Any], total: int, **parts: str) -> Rows:
    """The age groups of one area, and all ages."""
    rows = [{**template, "age_group": code, "age_group_code": code, "value": str(v)} for code, v in AGES.items()]
    rows = [{**row, "value": parts.get(row["age_group_code"], row["value"])} for row in rows]
    return [{**template, "age_group": "All ages", "age_group_code": "T", "value": str(total)}, *rows]


@pytest.mark.parametrize(("total", "trips"), [(195, False), (210, False), (180, False), (215, True), (175, True)])
def test_a_total_is_the_sum_of_its_parts_within_rounding(tripped: Any, good_rows: Any, total: int, trips: bool) -> None:
    found = tripped(by_age(good_rows()[5], total))
    assert set(found) == ({"parts_sum"} if trips else set())
    if trips:
        (row,) = found["parts_sum"].rows
        assert (row["source_row"], row["value"], row["sum_of_parts"]) == (1, str(total), 195)
        assert "Age group" in found["parts_sum"].message_en
        assert "Grŵp oedran" in found["parts_sum"].message_cy


def test_a_total_is_not_judged_while_a_part_is_not_shown(tripped: Any, good_rows: Any) -> None:
    rows = by_age(good_rows()[5], 400, U1="")
    assert tripped(rows) == {}
    assert tripped([row for row in rows if row["age_group_code"] != "U1"]) == {}


def test_parts_that_hardly_ever_make_the_total_are_another_list_and_no_error(tripped: Any, good_rows: Any) -> None:
    areas = [{**good_rows()[5], "area": code, "area_code": code} for code in AUTHORITIES[:12]]
    few = [row for n, area in enumerate(areas) for row in by_age(area, 400 if n < 6 else 195)]
    most = [row for n, area in enumerate(areas) for row in by_age(area, 400 if n < 7 else 195)]
    assert set(tripped(few)) == {"parts_sum"}
    assert set(tripped(most)) == {"parts_sum_open"}


def test_parts_of_an_open_column_that_differ_are_a_warning(tripped: Any, good_rows: Any, registry: Any) -> None:
    entry = registry[CLA].model_copy(deep=True)
    entry.columns["age_group"].closed = False
    found = tripped(by_age(good_rows()[5], 400), dataset=entry)
    assert {code: result.severity for code, result in found.items()} == {"parts_sum_open": "warning"}


def test_a_member_within_another_is_counted_once(tripped: Any, good_rows: Any, registry: Any, tmp_path: Path) -> None:
    entry = registry[CLA].model_copy(deep=True)
    column = entry.columns["age_group"]
    column.values["5_to_7"] = column.values["5_to_9"].model_copy(update={"en": "5 to 7", "cy": "5 i 7", "also": []})
    column.values["5_to_7"].code = "A57"
    rows = by_age(good_rows()[5], 195)
    rows.append({**rows[3], "age_group": "5 to 7", "age_group_code": "A57", "value": "30"})
    members = tmp_path / "members.csv"
    members.write_text("role,code,label_en,label_cy,hierarchy\nage_group,A57,5 to 7,5 i 7,A5\n", encoding="utf-8")
    assert set(tripped(rows, dataset=entry)) == {"parts_sum"}
    assert set(tripped(rows, dataset=entry, members=members)) == set()


def test_a_breakdown_hidden_in_the_data_description_is_added_up_too(tripped: Any, good_rows: Any) -> None:
    row = good_rows()[5]
    rows = [
        {**row, "measure": "Number of boys", "measure_code": "1", "value": "140"},
        {**row, "measure": "Number of girls", "measure_code": "2", "value": "130"},
        {**row, "measure": "Number of children", "measure_code": "3", "value": "275"},
    ]
    assert tripped(rows) == {}  # three figures, each rounded to the nearest 5
    assert tripped(rows[1:]) == {}
    rows[0]["value"] = "80"
    found = tripped(rows)
    assert set(found) == {"parts_sum_open"}
    assert (found["parts_sum_open"].rows[0]["source_row"], found["parts_sum_open"].rows[0]["sum_of_parts"]) == (3, 210)


def test_years_in_two_forms_are_mixed_in_one_file_and_not_in_two(tripped: Any, good_rows: Any) -> None:
    rows = [
        row | ({"period": "2022", "period_code": "2022"} if row["period"] == "2021-22" else {}) for row in good_rows()
    ]
    found = tripped(rows)
    assert set(found) == {"period_mixed"}
    assert found["period_mixed"].count == 6
    assert "Year" in found["period_mixed"].message_en
    assert tripped(rows, now={"sha": "CASE WHEN period = '2022' THEN 'one' ELSE 'other' END"}) == {}


def test_years_and_quarters_are_not_mixed_years(tripped: Any, good_rows: Any, registry: Any) -> None:
    entry = registry[CLA].model_copy(deep=True)
    entry.columns["period"].period = ["financial_year", "quarter", "month"]
    rows = good_rows()[:3]
    for row, period in zip(rows, ("2021-22", "Q1 2021-22", "April 2021-22"), strict=True):
        row |= {"period": period, "period_code": "", "period_sort": ""}
    assert tripped(rows, dataset=entry) == {}


def test_a_column_that_says_a_role_again_or_says_nothing_is_not_unknown(tripped: Any, good_rows: Any) -> None:
    rows = [{**row, "Authority": row["area"].upper(), "Unit": "Number", "Empty": ""} for row in good_rows()]
    assert tripped(rows) == {}
    rows = [{**row, "Tenure": str(n), "Tenure_reference": str(n)} for n, row in enumerate(good_rows())]
    assert [row["column"] for row in tripped(rows)["column_unknown"].rows] == ["Tenure"]


def test_a_dataset_about_wales_alone_has_no_area_column_of_its_own(tripped: Any, good_rows: Any, registry: Any) -> None:
    entry = registry[CLA].model_copy(deep=True)
    entry.columns["area"] = Column(kind="area", constant="W92000004")
    rows = [{**row, "area": "", "area_code": "W92000004"} for row in good_rows() if row["area"] == "Wales"]
    assert tripped(rows, rows, dataset=entry) == {}


def open_entry(registry: Any, **column: Any) -> Dataset:
    entry: Dataset = registry[CLA].model_copy(deep=True)
    entry.columns["age_group"] = Column(kind="breakdown", names=["Age group"], name_cy="Grŵp oedran", **column)
    return entry


def test_members_in_the_publishers_own_words_are_cells_like_others(tripped: Any, good_rows: Any, registry: Any) -> None:
    rows = good_rows()[:2]
    for row, age in zip(rows, ("Babies", "babies "), strict=True):
        row |= {"age_group": age, "age_group_code": ""}
    entry = open_entry(registry, closed=False)
    assert set(tripped(rows, dataset=entry)) == {"duplicate_cells"}
    rows[1]["age_group"] = "Toddlers"
    assert tripped(rows, dataset=entry) == {}


def test_two_spellings_of_one_cell_are_duplicates(tripped: Any, good_rows: Any) -> None:
    rows = good_rows()
    rows.append({**rows[0], "area": "Cymru", "area_code": ""})
    found = tripped(rows)["duplicate_cells"]
    assert (found.count, [row["source_row"] for row in found.rows]) == (2, [1, 13])
    assert "row 13" in found.message_en
    assert "rhes 13" in found.message_cy


def day(month: int) -> datetime:
    return datetime(2026, month, 1, tzinfo=UTC)


def test_a_revision_is_compared_with_what_was_known_before_it(
    lake: Lake, stage: Any, accepted: Any, good_rows: Any
) -> None:
    accepted(good_rows(), load_id="march", known_from=day(3))
    accepted(good_rows(), load_id="january", known_from=day(1))
    accepted(good_rows(), load_id="export", known_from=day(1), kind="export")

    def before(**record: Any) -> str | None:
        found = compare.predecessor(lake, stage(good_rows(), **record))
        return found.load_id if found else None

    assert before(known_from=day(4)) == "march"
    assert before(known_from=day(2)) == "january"
    assert before(known_from=datetime(2025, 1, 1, tzinfo=UTC)) is None
    assert before(known_from=None) == "march"
    assert before(known_from=day(2), known_from_basis="silent_change") == "march"
    assert before(known_from=day(4), kind="export") == "export"
    assert before(known_from=day(4), kind="document") is None
