"""What the marts may never say, read from the manifest and the SQL of every model (the domain's rules R1 to R26)."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from dbt_runner import PROJECT

from ingestion.lake import Outcome
from ingestion.returns.problems import catalogue
from ingestion.returns.spec import load_returns

pytestmark = pytest.mark.xdist_group("dbt_core")

RANKING = re.compile(
    r"(^|_)(rank|ranking|ranked|rag|rating|rated|league|quartile|quintile|decile|percentile|outlier|worst|best|top|"
    r"bottom|underperforming|performing|score|scored|grade|traffic|light|red|amber|green|on_target|target_met|"
    r"attainment_of_target|achieved_pct|progress_pct)(_|$)"
)
"""Columns that would set authorities in an order or colour them (R1)."""
ORDERING = re.compile(r"\b(rank|dense_rank|percent_rank|cume_dist|ntile)\s*\(", re.IGNORECASE)
TO_ZERO = re.compile(r"coalesce\(\s*([^(),]+(?:\([^()]*\))?[^(),]*),\s*0(?:\.0)?\s*\)", re.IGNORECASE)
COUNTED = {
    "problems", "submissions", "vintages", "rows_quarantined", "errors", "warnings", "areas_expected",
    "areas_reporting", "suppressed", "reporting", "expected", "missing", "counted", "cells", "vintages_met",
    "protected_cells", "any_suppressed", "is_provisional", "is_synthetic", "part_rounding_base",
}  # fmt: skip
"""What is 0 where there is none of it: how many submissions, problems, areas; a mark that nothing set; the rounding of
parts that are not rounded. A measure is never among them (R17)."""
COMPANIONS = {"re_registrations", "returns_to_care", "placed_with_parents"}
FALLS = {"change_n", "stock_change", "children_change_n", "expected_stock"}
"""Columns in which a fall in the number of children in care shows (R2)."""
COSTS = re.compile(r"^(spend_per_child|cost_per_(week|child|night|placement))")
SHOWS_NO_FIGURE = re.compile(r"^(dim_|area_membership$|measure_publishability$)")


def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["path"].startswith("marts/")]
    assert len(found) > 50
    return found


def code(model: dict[str, Any]) -> str:
    """The SQL of a model without its comments."""
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", model["raw_code"], flags=re.DOTALL)


def test_no_column_ranks_colours_or_scores_an_area(manifest: dict[str, Any]) -> None:
    found = [(m["name"], c) for m in marts(manifest) for c in m["columns"] if RANKING.search(c)]
    assert found == []


def test_no_model_puts_rows_in_an_order_of_merit(manifest: dict[str, Any]) -> None:
    """`rank() over (… order by a value)`. `int_document_figures` ranks loads by recency, no areas."""
    found = []
    for model in manifest["nodes"].values():
        if model["resource_type"] == "model" and ORDERING.search(code(model)):
            orders = re.findall(r"rank\(\)\s*over\s*\((.*?)\)", code(model), flags=re.DOTALL)
            merit = [o for o in orders if not re.search(r"order by\s+[\w.]*(vintage_no|known_from|period_end)", o)]
            found += [(model["name"], order) for order in merit]
    assert found == []


def test_a_ranking_column_would_be_seen() -> None:
    for name in ("rank", "rate_rank", "rag_status", "quartile_2019", "is_outlier", "target_met", "worst_areas"):
        assert RANKING.search(name), name
    for name in ("targets", "framework", "drag", "target_pct", "attainment_pct", "scale", "redetermined"):
        assert not RANKING.search(name), name


def test_no_measure_becomes_zero_where_it_is_missing(manifest: dict[str, Any]) -> None:
    found = []
    for model in manifest["nodes"].values():
        if model["resource_type"] != "model":
            continue
        for argument in TO_ZERO.findall(code(model)):
            name = argument.strip().split(".")[-1]
            if name not in COUNTED and not re.match(r"(sum|count|max|min)\((case|distinct)?", argument.strip()):
                found.append((model["name"], argument.strip()))
    assert found == []


def test_no_model_says_which_way_is_good() -> None:
    seeds = (PROJECT / "seeds" / "measures.csv").read_text(encoding="utf-8").splitlines()
    place = seeds[0].split(",").index("direction_of_good")
    assert {row[place] for row in list(csv.reader(seeds))[1:]} == {""}


def test_a_fall_stands_beside_its_companions(manifest: dict[str, Any]) -> None:
    bare = []
    for mart in marts(manifest):
        columns = set(mart["columns"])
        if mart["schema"] in ("performance_measures", "outcomes", "funding_streams") and columns & FALLS:
            missing = COMPANIONS - columns
            missing |= {f"{c}_status" for c in COMPANIONS} - columns
            if missing:
                bare.append((mart["name"], sorted(missing)))
    assert bare == []


def test_a_cost_stands_beside_its_outcomes(manifest: dict[str, Any]) -> None:
    seen = []
    for mart in marts(manifest):
        columns = set(mart["columns"])
        if any(COSTS.match(c) for c in columns):
            seen.append(mart["name"])
            outcomes = {c for c in columns if re.search(r"(_pct|outcome_pct)$", c) and f"{c}_status" in columns}
            assert outcomes, mart["name"]
    assert {"spend_per_child", "placement_costs"} <= set(seen)


def test_attainment_stands_beside_distance_travelled(manifest: dict[str, Any]) -> None:
    seen = []
    for mart in marts(manifest):
        if any(c.startswith("attainment") for c in mart["columns"]):
            seen.append(mart["name"])
            assert "distance_travelled" in mart["columns"], mart["name"]
            assert "distance_travelled_status" in mart["columns"], mart["name"]
    assert seen == ["education_outcomes"]


def test_what_shows_figures_says_whether_they_are_synthetic_who_may_see_them_and_since_when(
    manifest: dict[str, Any],
) -> None:
    for mart in marts(manifest):
        if not SHOWS_NO_FIGURE.match(mart["name"]) and mart["schema"] != "restricted":
            missing = {"is_synthetic"} - set(mart["columns"])
            if mart["schema"] != "core":
                missing |= {"audience", "release_at", "loaded_at"} - set(mart["columns"])
            assert not missing, (mart["name"], missing)


def test_a_mart_that_leaves_out_a_common_column_of_time_says_why(manifest: dict[str, Any]) -> None:
    left_out = set()
    for mart in marts(manifest):
        if mart["schema"] == "accountability":
            missing = {"known_from", "known_to", "revision_status"} - set(mart["columns"])
            assert all(f"`{column}`" in mart["description"] for column in missing), (mart["name"], missing)
            left_out |= {mart["name"]} if missing else set()
    assert left_out == {"load_history", "return_calendar", "return_quality", "quarantined_rows", "return_queries"}


def test_what_people_read_stands_in_both_languages(manifest: dict[str, Any]) -> None:
    for mart in marts(manifest):
        english = {c.removesuffix("_en") for c in mart["columns"] if c.endswith("_en")}
        welsh = {c.removesuffix("_cy") for c in mart["columns"] if c.endswith("_cy")}
        assert english == welsh, (mart["name"], english ^ welsh)


def test_an_aggregate_says_how_many_areas_are_in_it(manifest: dict[str, Any]) -> None:
    for mart in marts(manifest):
        columns = set(mart["columns"])
        if {"area_code", "total_basis"} <= columns:
            assert {"areas_reporting", "areas_expected"} <= columns, mart["name"]


def test_a_mart_with_wholes_and_parts_says_what_they_are_in_one_way(manifest: dict[str, Any]) -> None:
    """`is_total` means one thing in every mart: its description is the common one, or says which rows it can be of."""
    common = re.search(
        r"{% docs col_is_total %}\n(.*?)\n{% enddocs %}", (PROJECT / "models" / "docs.md").read_text("utf-8"), re.DOTALL
    )
    assert common
    seen = 0
    for mart in marts(manifest):
        columns = mart["columns"]
        if "is_total" in columns and mart["name"] != "dim_breakdown":
            seen += 1
            assert "adds_to" in columns, mart["name"]
            said = columns["is_total"]["description"].strip()
            assert said == common[1].strip() or said.startswith(("FALSE: ", "Always FALSE: ", "TRUE for `away_")), mart[
                "name"
            ]
    assert seen > 25


def test_every_kind_of_problem_that_a_return_can_have_has_a_label() -> None:
    labels = list(csv.DictReader((PROJECT / "seeds" / "code_labels.csv").open(encoding="utf-8")))
    named = {row["code"] for row in labels if row["code_list"] == "rule_code"}
    of_specs = {
        f"{sheet.key}.{rule.code}"
        for family in load_returns().values()
        for _, spec in family.versions
        for sheet in spec.sheets
        for rule in sheet.rules
    }
    assert len(of_specs) > 30
    assert (of_specs | set(catalogue())) - named == set()
    assert {row["code"] for row in labels if row["code_list"] == "outcome"} >= {str(one) for one in Outcome}
    assert all(row["label_en"] and row["label_cy"] for row in labels)


def test_what_is_compared_over_time_names_its_series(manifest: dict[str, Any]) -> None:
    change = re.compile(r"(^|_)(change|growth)(_|$)")
    for mart in marts(manifest):
        columns = set(mart["columns"])
        shown = {c for c in columns if change.search(c) and not c.endswith("_status")}
        if shown and mart["schema"] in ("performance_measures", "outcomes", "funding_streams"):
            assert any(c == "series_id" or c.endswith("_series_id") for c in columns), (mart["name"], shown)


def test_every_mart_belongs_to_a_group_with_an_owner(manifest: dict[str, Any]) -> None:
    owners = {g["name"]: g["owner"]["name"] for g in manifest["groups"].values()}
    for mart in marts(manifest):
        assert owners[mart["config"]["group"]], mart["name"]
        assert mart["config"]["group"] == mart["schema"], mart["name"]
        assert mart["config"]["meta"]["owner"] == mart["schema"], mart["name"]


def test_exposures_and_metrics_are_declared(manifest: dict[str, Any]) -> None:
    assert {e["owner"]["name"] for e in manifest["exposures"].values()} <= {
        g["owner"]["name"] for g in manifest["groups"].values()
    }
    assert len(manifest["metrics"]) >= 10
    assert all(m["description"] for m in manifest["metrics"].values())
    assert all("|" in m["label"] for m in manifest["metrics"].values()), "a label is in both languages"
