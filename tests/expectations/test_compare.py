"""What is said of the difference to the last accepted load: here mostly what is *not* said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from expectations import compare, totals
from expectations.cells import Cells
from expectations.rules import Judged, RuleResult, Status
from expectations.vocabulary import load_aliases
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.registry import Dataset

CLA = "children_looked_after_gender_age"
POPULATION = "population_by_age"
Rows = list[dict[str, Any]]


@pytest.fixture
def tripped(
    lake: Lake, registry: dict[str, Dataset], stage: Callable[..., LoadRecord], accepted: Callable[..., LoadRecord]
) -> Callable[..., dict[str, RuleResult]]:
    """Which rules of DuckDB and of the comparison trip on ``new`` after ``old``; no Great Expectations."""

    def run(
        new: Rows, old: Rows | None = None, key: str = CLA, now: dict[str, Any] | None = None, **was: Any
    ) -> dict[str, RuleResult]:
        if old is not None:
            accepted(old, key, **was)
        record = stage(new, key, **(now or {}))
        about = Judged(source_key=key, load_id="new", title_en="T", title_cy="T")
        with Cells(registry[key], record, compare.predecessor(lake, record), lake, load_aliases()) as cells:
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
    assert set(tripped(new, good_rows())) == {"column_retyped"}


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
    codes = sorted({c for c in load_aliases().values() if c.startswith("W06")})
    assert len(codes) == 22
    parts = [{**template, "area": c, "area_code": c, "value": str(value)} for c in codes]
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


def test_rates_are_not_added_up(tripped: Any, good_rows: Any) -> None:
    rows = all_authorities(10, 10, good_rows(POPULATION)[0])
    rows[0]["value"] = "10.5"
    assert tripped(rows, key=POPULATION) == {}


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
