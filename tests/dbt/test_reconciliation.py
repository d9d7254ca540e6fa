"""What documents print beside what the statistics say, on rows that dbt really built; and the load history."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_runner import PROJECT
from measures_sample import CLA, build_measures, wales

from ingestion.config import CHECKOUT

Warehouse = duckdb.DuckDBPyConnection
FIGURES = PROJECT / "seeds" / "published_figures.csv"

pytestmark = pytest.mark.xdist_group("dbt_measures")


@pytest.fixture(scope="session")
def warehouse(shared_folder: Path) -> Iterator[Warehouse]:
    folder = build_measures(shared_folder, is_synthetic=False)
    connection = duckdb.connect(str(folder / "gofal.duckdb"), read_only=True)
    yield connection
    connection.close()


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def figure(warehouse: Warehouse, figure_id: str, columns: str) -> Any:
    found = warehouse.execute(
        f"select {columns} from accountability.published_figure_reconciliation where figure_id = ?", [figure_id]
    ).fetchall()
    assert len(found) == 1, (figure_id, found)
    return found[0]


def test_every_figure_stands_once_by_hand_and_imported(warehouse: Warehouse) -> None:
    found = warehouse.execute(
        "select is_imported, count(*), count(distinct figure_id) "
        "from accountability.published_figure_reconciliation group by 1 order by 1"
    ).fetchall()
    assert found == [(False, 278, 278), (True, 6, 6)]


def test_an_imported_figure_never_takes_the_key_of_another(warehouse: Warehouse) -> None:
    assert figure(warehouse, "wg_cla_total", "published_value, is_imported") == (6846.0, False)
    assert figure(warehouse, "release_2019.wg_cla_total.6", "published_value, is_imported") == (1.0, True)


def test_the_warehouse_value_never_comes_from_a_document(warehouse: Warehouse) -> None:
    sources = warehouse.execute(
        "select distinct warehouse_source_key from accountability.published_figure_reconciliation "
        "where warehouse_value is not null"
    ).fetchall()
    assert {source for (source,) in sources} == {CLA, "areas"}, "a statistic, or how many areas of a kind there are"


def test_unrounded_figures_agree_with_rounded_statistics_within_half_the_rounding(warehouse: Warehouse) -> None:
    columns = "warehouse_value, difference, tolerance, verdict"
    assert figure(warehouse, "h2017", columns) == (wales(2017), -2, 2.5, "agrees_after_rounding")
    assert figure(warehouse, "h2018", columns) == (wales(2018), -3, 2.5, "differs")
    assert figure(warehouse, "undated", columns + ", published_known_from") == (wales(2019), 0, 2.5, "agrees", None)


def test_a_figure_that_was_right_once_agrees_with_another_vintage(warehouse: Warehouse) -> None:
    verdict, value, english, welsh = figure(
        warehouse, "before", "verdict, warehouse_value, explanation_en, explanation_cy"
    )
    assert (verdict, value) == ("agrees_with_other_vintage", wales(2019))
    assert f"10 November 2020 was {wales(2019) - 15:,}" in english
    assert f"10 Tachwedd 2020 oedd {wales(2019) - 15:,}" in welsh


def test_changes_rates_and_growth_are_compared_in_their_own_unit(warehouse: Warehouse) -> None:
    columns = "derivation, unit, round(warehouse_value, 2), verdict"
    change = 100 * (wales(2019) - wales(2018)) / wales(2018)
    assert figure(warehouse, "wg_cla_increase_pct", columns)[:3] == ("change_pct", "percent", round(change, 2))
    growth = 100 * (wales(2019) - wales(2015)) / wales(2015)
    assert figure(warehouse, "nspcc_cla_growth", columns)[:3] == ("growth_pct", "percent", round(growth, 2))
    assert figure(warehouse, "wg_cla_rate_change", columns)[:2] == ("rate_change", "per_10000")
    assert figure(warehouse, "ccfw_rate_torfaen", "area_code, period_key") == ("W06000020", "2019-03-31")


def test_a_figure_without_a_statistic_says_so(warehouse: Warehouse) -> None:
    assert figure(warehouse, "h2003", "verdict, warehouse_value, difference, tolerance") == (
        "no_warehouse_value", None, None, None,
    )  # fmt: skip
    assert figure(warehouse, "fm_homeless_care_leavers", "verdict, measure_key") == (
        "no_warehouse_value", "care_leavers_homeless_supported",
    )  # fmt: skip


def test_statements_that_cannot_all_be_right_are_named_as_conflicts(warehouse: Warehouse) -> None:
    found = {
        row[0]
        for row in warehouse.execute(
            "select figure_id from accountability.published_figure_reconciliation "
            "where verdict = 'conflicts_with_other_document'"
        ).fetchall()
    }
    conflicts = seed("published_figure_conflicts")
    assert found == {row["figure_id"] for row in conflicts if row["figure_id"]}
    assert {"wg_icf_15m_annual", "ar_adoption_support_2_5m", "mag_letter_pa_cost_1m_pa", "nspcc_newborn_2015"} <= found
    claims: dict[str, set[str]] = {}
    for row in conflicts:
        claims.setdefault(row["conflict_group"], set()).add(row["claim"])
    assert all(len(words) > 1 for words in claims.values()), "a group of one claim is no conflict"


def test_a_synthetic_value_says_that_it_is_one_in_both_languages(shared_folder: Path) -> None:
    folder = build_measures(shared_folder, is_synthetic=True)
    connection = duckdb.connect(str(folder / "gofal.duckdb"), read_only=True)
    try:
        synthetic, english, welsh = figure(connection, "wg_cla_total", "is_synthetic, explanation_en, explanation_cy")
        assert synthetic
        assert "synthetic" in english
        assert "synthetig" in welsh
        synthetic, english, _ = figure(connection, "fm_rif_18m", "is_synthetic, explanation_en, verdict")
        assert not synthetic
        assert "synthetic" not in english
    finally:
        connection.close()


def test_explanations_read_as_sentences_with_units(warehouse: Warehouse) -> None:
    assert figure(warehouse, "fm_rif_18m", "explanation_en, explanation_cy") == (
        "The document says about £18,000,000; no statistic follows this award: funding_streams.funding_awards sets "
        "the statements of it side by side.",
        "Dywed y ddogfen tua £18,000,000; nid oes ystadegyn yn dilyn y dyfarniad hwn: mae "
        "funding_streams.funding_awards yn gosod y datganiadau amdano ochr yn ochr.",
    )
    assert "109 per 10,000" in figure(warehouse, "wg_cla_rate", "explanation_en")[0]
    assert "109 fesul 10,000" in figure(warehouse, "wg_cla_rate", "explanation_cy")[0]


def test_a_copy_of_a_document_is_ingested_once_and_cited_twice(warehouse: Warehouse) -> None:
    copies = [row for row in seed("published_figures") if row["duplicate_of"]]
    assert len(copies) == 11
    for row in copies:
        twin = figure(warehouse, row["duplicate_of"], "published_value, verdict, duplicate_of")
        assert figure(warehouse, row["figure_id"], "published_value, verdict, duplicate_of") == (
            *twin[:2], row["duplicate_of"],
        )  # fmt: skip


def test_figures_carry_no_sentences_of_the_documents() -> None:
    assert "quote" not in seed("published_figures")[0]
    assert Counter(row["qualifier"] for row in seed("published_figures"))["exact"] == 239


@pytest.mark.shared
def test_figures_are_those_of_the_shared_reading() -> None:
    shared = Path(os.environ.get("GOFAL_SHARED", CHECKOUT.parent / "shared")) / "domain" / "published_figures.csv"
    if not shared.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"no shared reading at {shared}: set GOFAL_SHARED")
    with shared.open(encoding="utf-8", newline="") as handle:
        theirs = {row["figure_id"]: row for row in csv.DictReader(handle)}
    ours = {row["figure_id"]: row for row in seed("published_figures")}
    assert ours.keys() == theirs.keys()
    for key, row in ours.items():
        for column in ("value", "unit", "qualifier", "figure_kind", "period", "geography", "seed_line"):
            assert row[column] == theirs[key][column], (key, column)


def test_load_history_keeps_refused_loads_and_each_event_once(warehouse: Warehouse) -> None:
    found = warehouse.execute(
        "select outcome, rows, message_en, message_cy from accountability.load_history "
        "where source_key = ? and outcome = 'quarantined'",
        [CLA],
    ).fetchall()
    assert found == [("quarantined", 7, "A year is missing.", "Mae blwyddyn ar goll.")]
    accepted = warehouse.execute(
        "select count(*) from accountability.load_history where source_key = ? and outcome = 'accepted'", [CLA]
    ).fetchone()
    assert accepted == (3,)
