"""What holds in every mart, looked at in the whole sample as it was published: no rule may pass on an empty column."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from commands import gofal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("first_nights")]

Warehouse = duckdb.DuckDBPyConnection
FIGURES = ("performance_measures", "funding_streams", "outcomes")
HAS_VALUE = "('reported', 'derived', 'partial')"
NOBODY_COUNTS = {
    # no source has it yet, and the status says so
    "returns_to_care", "largest_sibling_group_n", "share_of_change_pct", "distance_travelled", "deprivation_share_pct",
    "amount_real_gbp", "outcome_pct",
}  # fmt: skip
NOT_IN_THE_SAMPLE = {
    # the sample's first release is of 2019: what it plans for is still to come
    "outcomes.reduction_expectations.actual_stock",
    "outcomes.reduction_expectations.placed_with_parents",
    "outcomes.reduction_expectations.re_registrations",
    # of one basis only, and no denominators: a real one never stands beside a synthetic share
    "funding_streams.social_services_outturn.amount_net_gbp",
    "outcomes.education_outcomes.denominator",
    "performance_measures.social_services_performance_measures.denominator",
}
ADDED_UP: dict[str, tuple[str, str | None, tuple[str, ...], float]] = {
    # what is added up; the column that `adds_to` names where groups or lines nest; what is chosen first (a source, a
    # measure, a period); and to what its parts are rounded
    "performance_measures.children_looked_after": ("children", None, ("source_key", "snapshot_date"), 5),
    "performance_measures.children_looked_after_by_group": (
        "children", "breakdown", ("source_key", "snapshot_date"), 5,
    ),
    "performance_measures.children_looked_after_flows": ("starts", None, ("source_key", "financial_year"), 5),
    "performance_measures.placement_mix": ("children", "placement_type", ("source_key", "snapshot_date"), 5),
    "performance_measures.placement_location": ("children", "location", ("source_key", "snapshot_date"), 5),
    "performance_measures.area_context": ("population_under_18", None, ("year",), 1),
    "funding_streams.social_services_outturn": (
        "amount_gbp", "service_line", ("financial_year", "expenditure_basis"), 25_000,
    ),
    "funding_streams.prevention_and_acute": (
        "amount_gbp", "spend_class", ("financial_year", "expenditure_basis"), 25_000,
    ),
    "funding_streams.grant_project_counts": ("projects", None, ("source_key", "stream_key", "as_at_date"), 0),
    "outcomes.advocacy": ("eligible", None, ("source_key", "period_key"), 5),
    "outcomes.care_leavers": ("value", "measure_key", ("financial_year",), 5),
    "outcomes.workforce": ("value", None, ("source_key", "as_at_date", "measure_key"), 5),
}  # fmt: skip
PARTS_ARE_NOT_ALL_OF_IT = {"funding_streams.prevention_and_acute"}
"""A class of work has parts that no line shows, beside those that have a row."""
AS_WRITTEN = {"assumption_en", "narrative_en"}
"""Texts of a return stand in the language that they were written in."""


@pytest.fixture(scope="module")
def warehouse(nights: dict[str, Any]) -> Iterator[Warehouse]:
    with duckdb.connect(str(nights["kept"] / "gofal.duckdb"), read_only=True) as connection:
        yield connection


def columns(warehouse: Warehouse) -> dict[str, set[str]]:
    """Columns of each mart that shows figures, by `schema.table`."""
    found: dict[str, set[str]] = {}
    for schema, table, column in warehouse.execute(
        "select table_schema, table_name, column_name from information_schema.columns where table_schema in (?, ?, ?)",
        FIGURES,
    ).fetchall():
        found.setdefault(f"{schema}.{table}", set()).add(column)
    assert len(found) >= 30
    return found


def test_every_mart_has_rows(warehouse: Warehouse) -> None:
    empty = [name for name in columns(warehouse) if not warehouse.execute(f"select 1 from {name} limit 1").fetchone()]
    assert empty == []


def test_a_value_stands_exactly_where_its_status_says_so(warehouse: Warehouse) -> None:
    wrong, looked_at = [], 0
    for name, found in columns(warehouse).items():
        for column in sorted(found):
            if f"{column}_status" in found:
                looked_at += 1
                row = warehouse.execute(
                    f"select count(*) filter (where ({column} is not null) <> ({column}_status in {HAS_VALUE})), "
                    f"count({column}), count(*) filter (where {column}_status is null) from {name}"
                ).fetchone()
                assert row
                if row[0] or row[2]:
                    wrong.append((name, column, row))
    assert wrong == []
    assert looked_at > 80


def test_no_column_of_figures_is_empty_but_those_that_nobody_counts(warehouse: Warehouse) -> None:
    empty = []
    for name, found in columns(warehouse).items():
        for column in sorted(found):
            if f"{column}_status" in found and column not in NOBODY_COUNTS:
                row = warehouse.execute(f"select count({column}) from {name}").fetchone()
                if row == (0,):
                    empty.append(f"{name}.{column}")
    assert set(empty) == NOT_IN_THE_SAMPLE


@pytest.mark.parametrize("name", sorted(ADDED_UP))
def test_rows_added_up_as_the_documentation_says_make_up_the_row_that_they_name(
    warehouse: Warehouse, name: str
) -> None:
    """As in `docs/bi.md`: of one area the rows with one `adds_to`, of all areas those that are parts of Wales."""
    value, line, keys, rounding = ADDED_UP[name]
    held = columns(warehouse)[name]
    status = f"{value}_status" if f"{value}_status" in held else "value_status"
    assert ("area_adds_to" in held) == (line is not None), "areas and groups nest in two columns, areas alone in one"
    of_areas = ("area_adds_to" if line else "adds_to", "area_code", (*keys, line) if line else keys)
    of_lines = ("adds_to", line, (*keys, "area_code"))
    no_row_of_the_whole = name.endswith(("placement_mix", "placement_location"))  # it is the denominator
    ways = [of_areas] if not line or no_row_of_the_whole or name in PARTS_ARE_NOT_ALL_OF_IT else [of_areas, of_lines]
    for adds, whole, by in ways:
        # groups are cut one way at a time: by gender, or by age
        cut = f"regexp_extract_all({line}, '([^ ;]+)=', 1)" if adds == "adds_to" and line else "[]"
        same = " and ".join(f"w.{column} is not distinct from p.{column}" for column in by)
        found = warehouse.execute(
            f"with p as (select {', '.join(by)}, {adds} as named, {cut} as cut, sum({value}) as added, "
            f"count(*) as parts, count({value}) as known from {name} where {adds} is not null group by all) "
            f"select count(*), count(*) filter (abs(w.{value} - p.added) > {rounding} / 2.0 * (p.parts + 1)), "
            f"count(*) filter (not w.is_total) from p inner join {name} as w on w.{whole} = p.named and {same} "
            f"where p.parts = p.known and w.{status} in ('reported', 'derived')"
        ).fetchone()
        assert found is not None
        compared, differ, not_marked = found
        assert compared > 0, (name, adds)
        assert differ == 0, (name, adds)
        if adds == "adds_to":
            assert not_marked == 0, (name, "what others are part of is a total")


def test_parts_of_one_area_that_are_not_totals_count_everything_once(warehouse: Warehouse) -> None:
    for name, value, top, keys in (
        ("performance_measures.children_looked_after_by_group", "children", "breakdown = 'all'", "snapshot_date"),
        ("outcomes.care_leavers", "value", "measure_key = 'care_leavers_19'", "financial_year"),
        (
            "funding_streams.social_services_outturn", "amount_gbp", "service_line = 'all_children_and_families'",
            "financial_year, expenditure_basis",
        ),
    ):  # fmt: skip
        only = {
            "outcomes.care_leavers": "measure_key like 'care_leavers_19%'",
            "funding_streams.social_services_outturn": "share_of_children_services_pct_status <> 'not_applicable'",
        }.get(name, "true")
        found = warehouse.execute(
            "select count(*), count(*) filter (abs(added - whole) > 0.02 * whole + 40) from ("
            f"select area_code, {keys}, sum({value}) filter (where not is_total) as added, "
            f"max({value}) filter (where {top}) as whole, count(*) - count({value}) as unknown from {name} "
            f"where {only} group by all) where unknown = 0 and whole is not null"
        ).fetchone()
        assert found is not None
        assert found[1] == 0, name
        assert found[0] > 0, name
    wales = warehouse.execute(
        "select count(*) from funding_streams.social_services_outturn "
        "where area_code = 'W92000004' and not is_total and amount_gbp is not null"
    ).fetchone()
    assert wales is not None
    assert wales[0] > 0


def test_a_return_accepted_in_part_leaves_the_sums_over_it_partial(warehouse: Warehouse) -> None:
    found = warehouse.execute(
        "with part as (select return_key, area_code, period_key from accountability.return_calendar "
        "where status = 'part_accepted') "
        "select area_code = 'W92000004' as is_wales, count(*), "
        "count(*) filter (where eligible_status not in ('partial', 'suppressed')), count(offer_rate_pct) "
        "from outcomes.advocacy as sums where exists (select 1 from part where part.return_key = sums.return_key "
        "and part.period_key = sums.period_key and sums.area_code in (part.area_code, 'W92000004')) "
        "group by all order by is_wales"
    ).fetchall()
    assert [row[0] for row in found] == [False, True]
    assert all(looked_at > 0 and whole == 0 and rates == 0 for _, looked_at, whole, rates in found)


def test_what_is_added_up_over_a_return_says_who_is_missing_and_a_nil_return_is_not(warehouse: Warehouse) -> None:
    """Of a return and period, the areas with a row and the nil returns report. The calendar knows who is asked."""
    found = warehouse.execute(
        "with calendar as (select return_key, period_key, count(*) filter (where is_required) as expected, "
        "count(*) filter (where status = 'nil_return') as nil from accountability.return_calendar group by all), "
        "told as (select return_key, period_key, area_code, areas_reporting, areas_expected "
        "from funding_streams.grant_spend union all select return_key, period_key, area_code, areas_reporting, "
        "areas_expected from funding_streams.grant_projects), "
        "sums as (select return_key, period_key, count(distinct area_code) as areas, min(areas_reporting) reporting, "
        "max(areas_expected) as expected from told group by all) "
        "select count(*) filter (where sums.reporting is distinct from sums.areas + calendar.nil), "
        "count(*) filter (where sums.expected is distinct from calendar.expected), "
        "count(*) filter (where sums.reporting < sums.expected), count(*) filter (where calendar.nil > 0) "
        "from sums inner join calendar using (return_key, period_key)"
    ).fetchone()
    assert found is not None
    wrong, not_expected, incomplete, with_nil = found
    assert (wrong, not_expected) == (0, 0)
    assert incomplete > 0
    assert with_nil > 0


def test_nothing_is_public_before_its_release(warehouse: Warehouse, nights: dict[str, Any]) -> None:
    manifest = json.loads((nights["kept"] / "manifest.json").read_text(encoding="utf-8"))
    moment = manifest["snapshot"]["frozen_at"].replace("Z", "")
    looked_at = 0
    for name, found in columns(warehouse).items():
        if "release_at" in found:
            looked_at += 1
            row = warehouse.execute(
                f"select count(*) filter (where release_at > cast(? as timestamp)), "
                f"count(*) filter (where audience <> 'public'), count(*) filter (where release_at is null) from {name}",
                [moment],
            ).fetchone()
            assert row is not None
            assert row[0] == 0, name
            assert row[2] == 0, name
    assert looked_at >= 30


def test_what_the_sample_gives_is_synthetic_and_what_documents_say_is_not(warehouse: Warehouse) -> None:
    documents = "(select source_key from core.dim_source where kind in ('document', 'reference'))"
    synthetic, real = 0, 0
    for name, found in columns(warehouse).items():
        if not {"is_synthetic", "source_key"} <= found:
            continue
        row = warehouse.execute(
            f"select count(*) filter (where source_key not in {documents} and not is_synthetic), "
            f"count(*) filter (where is_synthetic), count(*) filter (where not is_synthetic) from {name}"
        ).fetchone()
        assert row is not None
        assert row[0] == 0, (name, "a figure of the sample that does not say so")
        synthetic += row[1]
        real += row[2]
    assert synthetic > 1000
    assert real > 50


def test_labels_stand_in_both_languages_or_in_neither(warehouse: Warehouse) -> None:
    for name, found in columns(warehouse).items():
        for column in sorted(c for c in found if c.endswith("_en")):
            welsh = f"{column[:-3]}_cy"
            if column in AS_WRITTEN:
                continue
            row = warehouse.execute(
                f"select count(*) from {name} where ({column} is null) <> ({welsh} is null)"
            ).fetchone()
            assert row == (0,), (name, column)


def test_the_definitions_of_the_semantic_layer_run_on_the_marts(warehouse: Warehouse, nights: dict[str, Any]) -> None:
    target = nights["home"] / "dbt_target" / "semantic_manifest.json"
    layer = json.loads(target.read_text(encoding="utf-8"))
    assert len(layer["metrics"]) >= 10
    for model in layer["semantic_models"]:
        relation = f"{model['node_relation']['schema_name']}.{model['node_relation']['alias']}"
        said = [m["expr"] or m["name"] for m in model["measures"]]
        for expression in (*said, *(d["expr"] or d["name"] for d in model["dimensions"])):
            warehouse.execute(f"select {expression} from {relation}")
        for expression in said:
            row = warehouse.execute(f"select count({expression}) from {relation}").fetchone()
            assert row is not None
            assert row[0] > 0, (relation, expression)


def test_every_question_is_answered_as_the_documents_say(nights: dict[str, Any]) -> None:
    told = gofal(nights["home"], "questions", "--database", str(nights["kept"] / "gofal.duckdb"), "--strict", "--json")
    assert len({asked["question"]["number"] for asked in told["questions"]}) == 25
