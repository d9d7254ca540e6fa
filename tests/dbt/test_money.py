"""Money over a made-up outturn: it adds up, is put in real terms by the deflators that are current, and says what it
cannot. Two authorities and Wales, two years, and GDP deflators in two vintages. The numbers are invented.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_runner import failures, results, run_dbt
from filelock import FileLock
from snapshot import Load, make_snapshot

from ingestion.deflators import deflators_to_batch
from ingestion.lake import Lake, Outcome
from ingestion.statswales.registry import load_registry
from ingestion.transform import freeze

pytestmark = pytest.mark.xdist_group("dbt_core")

OUTTURN, CHILDREN = "social_services_revenue_outturn", "children_looked_after_gender_age"
WALES, CARDIFF, TORFAEN = "W92000004", "W06000015", "W06000020"
MARTS = ["social_services_outturn", "spend_per_child", "spend_growth", "prevention_and_acute", "placement_costs"]
REFERENCE = [
    "stg_lake__spellings",
    "stg_imported__gdp_deflators",
    "resource_type:seed",
    "dim_source",
    "dim_area",
    "dim_measure",
]
DEFLATORS = "Financial year,2017-18 = 100\n2016-17,90\n2017-18,100\n2018-19,{last}\n"
LINES = {
    "looked_after_fostering": 20, "looked_after_residential": 15, "looked_after_secure": 1,
    "looked_after_short_breaks": 2, "looked_after_family_and_friends": 3, "looked_after_advocacy": 1,
    "looked_after_other": 4, "leaving_care": 4, "family_support": 30, "adoption": 5, "safeguarding": 8,
    "youth_justice": 2, "asylum_seekers_children": 1, "children_strategy": 1, "other_children": 3,
}  # fmt: skip
"""£ thousand, gross, of an authority in 2017-18: 50 on looked after children and 50 on others."""


def spending(area: str, year: int, times: float, *, wrong: bool = False) -> Iterator[dict[str, Any]]:
    amounts = {line: amount * times for line, amount in LINES.items()}
    looked_after = sum(v for line, v in amounts.items() if line.startswith("looked_after") or line == "leaving_care")
    amounts |= {"looked_after_total": looked_after, "all_children_and_families": sum(amounts.values())}
    if wrong:  # £10,000 more than its lines
        amounts["looked_after_total"] += 10
    for line, amount in amounts.items():
        for basis, share in (("gross", 1.0), ("net", 0.9), ("income", 0.1)):
            yield {"area": area, "period": year, "measure": "thousand", "service": line, "expenditure_basis": basis,
                   "value": round(amount * share, 3)}  # fmt: skip


def loads(*, wrong: bool) -> list[Load]:
    rows = [*spending(CARDIFF, 2018, 1), *spending(CARDIFF, 2019, 1.2, wrong=wrong), *spending(TORFAEN, 2019, 2)]
    stock = {2017: 9, 2018: 10, 2019: 12}
    return [
        Load(OUTTURN, "2020-01-01T09:30", rows),
        Load(CHILDREN, "2019-10-30T09:30", [{"area": CARDIFF, "period": y, "value": v} for y, v in stock.items()]),
    ]


def built(core_folder: Path, folder: Path, *, wrong: bool = False) -> Any:
    """The marts of money on a copy of the warehouse of `core_folder`, from a lake with two vintages of deflators."""
    snapshot = make_snapshot(folder / "snapshot", loads(wrong=wrong))
    lake = Lake(str(snapshot / "lake"))
    for day, last in ((1, "120"), (2, "125")):
        file = folder / "deflators.csv"
        file.write_text(DEFLATORS.format(last=last), encoding="utf-8")
        record = deflators_to_batch(file, lake, run_id="r", known_from=datetime(2021, 1, day, tzinfo=UTC))
        record.outcome = Outcome.ACCEPTED
        lake.accept(record)
    freeze(lake, load_registry(), snapshot, now=datetime(2026, 11, 21, 2, tzinfo=UTC))
    shutil.copyfile(core_folder / "gofal.duckdb", folder / "gofal.duckdb")
    changed = [f"int_observations+,+{mart}" for mart in MARTS]
    return run_dbt(
        folder, snapshot, "build", "--select", *REFERENCE, *changed, "spending_adds_up_to_what_it_is_part_of",
        "--exclude-resource-type", "unit_test",
    )  # fmt: skip


@pytest.fixture(scope="module")
def money(core_folder: Path, shared_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = shared_folder / "money"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            done = built(core_folder, folder)
            (folder / "done").write_text("" if done.returncode == 0 else done.stdout + done.stderr, encoding="utf-8")
    assert not (said := (folder / "done").read_text(encoding="utf-8")), said
    ran = {key.split(".")[2] for key in results(folder) if key.startswith("test.")}
    assert {"spending_adds_up_to_what_it_is_part_of", "spend_per_child_holds_in_every_row"} <= ran
    connection = duckdb.connect(str(folder / "gofal.duckdb"), read_only=True)
    yield connection
    connection.close()


def ask(money: duckdb.DuckDBPyConnection, columns: str, mart: str, where: str) -> list[tuple[Any, ...]]:
    return money.execute(f"select {columns} from funding_streams.{mart} where {where} order by all").fetchall()


def test_amounts_are_in_the_prices_of_the_deflators_that_are_current(money: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        money,
        "financial_year, amount_gbp, amount_real_gbp, amount_real_gbp_status, price_base_year, deflator_known_from",
        "social_services_outturn", f"area_code = '{CARDIFF}' and service_line = 'looked_after_total'",
    )  # fmt: skip
    known = datetime(2021, 1, 2)
    assert found == [
        ("2017-18", Decimal("50000.00"), Decimal("50000.00"), "derived", "2017-18", known),
        ("2018-19", Decimal("60000.00"), Decimal("48000.00"), "derived", "2017-18", known),
    ]


def test_what_the_deflator_was_before_its_revision_is_kept(money: duckdb.DuckDBPyConnection) -> None:
    found = money.execute(
        "select vintage_no, deflator, known_to is null from staging.stg_imported__gdp_deflators "
        "where financial_year = '2018-19' order by all"
    ).fetchall()
    assert found == [(1, 120.0, False), (2, 125.0, True)]


def test_deflators_are_a_source_like_any_other_and_not_synthetic(money: duckdb.DuckDBPyConnection) -> None:
    found = money.execute(
        "select kind, title_en <> title_cy, publisher_cy, is_synthetic from core.dim_source "
        "where source_key = 'gdp_deflators'"
    ).fetchall()
    assert found == [("reference", True, "Trysorlys EF", False)]


def test_gross_stands_and_net_beside_it_and_income_is_no_spending(money: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        money, "expenditure_basis, amount_gbp, amount_net_gbp, series_id", "social_services_outturn",
        f"area_code = '{CARDIFF}' and financial_year = '2017-18' and service_line in ('adoption', 'other_children')",
    )  # fmt: skip
    assert found == [
        ("gross", Decimal("5000.00"), Decimal("4500.00"), "social_services_outturn.gross"),
        ("gross", Decimal("50000.00"), Decimal("45000.00"), "social_services_outturn.gross"),
    ]


def test_wales_by_sum_is_partial_and_has_no_cost(money: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        money, "financial_year, amount_gbp, value_status, areas_reporting, areas_expected, coverage_en, coverage_cy",
        "social_services_outturn",
        f"area_code = '{WALES}' and service_line = 'looked_after_total' and financial_year = '2018-19' "
        f"and source_key = '{OUTTURN}'",
    )  # fmt: skip
    # a document of the project's own gives this year for Wales, and a document that has a value goes before a sum
    assert found == []
    assert ask(
        money, "amount_gbp, value_status, areas_reporting, areas_expected, coverage_en, coverage_cy",
        "social_services_outturn",
        f"area_code = '{WALES}' and service_line = 'adoption' and financial_year = '2018-19'",
    ) == [
        (Decimal("16000.00"), "partial", 2, 22, "2 of 22 local authorities", "2 o’r 22 awdurdod lleol"),
    ]  # fmt: skip


def test_both_denominators_stand_side_by_side_and_a_missing_stock_leaves_none(money: duckdb.DuckDBPyConnection) -> None:
    columns = "financial_year, denominator_basis, children, spend_per_child_gbp, spend_per_child_gbp_status"
    assert ask(money, columns, "spend_per_child", f"area_code = '{CARDIFF}'") == [
        ("2017-18", "closing_stock", 10.0, Decimal("5000.00"), "derived"),
        ("2017-18", "mean_of_opening_and_closing", 9.5, Decimal("5263.16"), "derived"),
        ("2018-19", "closing_stock", 12.0, Decimal("5000.00"), "derived"),
        ("2018-19", "mean_of_opening_and_closing", 11.0, Decimal("5454.55"), "derived"),
    ]
    assert ask(money, columns, "spend_per_child", f"area_code = '{TORFAEN}'") == [
        ("2018-19", "closing_stock", None, None, "not_available"),
        ("2018-19", "mean_of_opening_and_closing", None, None, "not_available"),
    ]


def test_growth_is_that_of_numbers_where_the_cost_stood_still(money: duckdb.DuckDBPyConnection) -> None:
    [(numbers, cost)] = ask(
        money, "numbers_share_pct, unit_cost_growth_pct", "spend_growth",
        f"area_code = '{CARDIFF}' and denominator_basis = 'closing_stock'",
    )  # fmt: skip
    assert numbers == pytest.approx(100)
    assert cost == pytest.approx(0, abs=1e-9)


def test_lines_that_do_not_add_up_fail_the_build(core_folder: Path, shared_folder: Path) -> None:
    folder = shared_folder / "money_wrong"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            built(core_folder, folder, wrong=True)
            (folder / "done").touch()
    assert "spending_adds_up_to_what_it_is_part_of" in failures(folder)
