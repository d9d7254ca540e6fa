"""Children looked after: change, rate, limits, headline and what was said when, on rows that dbt really built."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_runner import results
from measures_sample import (
    CLA,
    FIRST,
    POPULATION_FIRST,
    POPULATION_SECOND,
    POWYS,
    SECOND,
    THIRD,
    TORFAEN,
    WALES,
    authorities,
    build_measures,
    count_of,
    under_18,
    wales,
)

LATEST, AS_KNOWN = "performance_measures.children_looked_after", "performance_measures.children_looked_after_as_known"
Warehouse = duckdb.DuckDBPyConnection

pytestmark = pytest.mark.xdist_group("dbt_measures")


@pytest.fixture(scope="session")
def folder(shared_folder: Path) -> Path:
    return build_measures(shared_folder, is_synthetic=False)


@pytest.fixture(scope="session")
def warehouse(folder: Path) -> Iterator[Warehouse]:
    connection = duckdb.connect(str(folder / "gofal.duckdb"), read_only=True)
    yield connection
    connection.close()


def one(warehouse: Warehouse, sql: str, *parameters: Any) -> Any:
    rows = warehouse.execute(sql, parameters).fetchall()
    assert len(rows) == 1, rows
    return rows[0] if len(rows[0]) > 1 else rows[0][0]


def row(warehouse: Warehouse, columns: str, area: str, year: int, source: str = CLA) -> Any:
    where = "where area_code = ? and snapshot_date = ? and source_key = ?"
    return one(warehouse, f"select {columns} from {LATEST} {where}", area, date(year, 3, 31), source)


def said(warehouse: Warehouse, columns: str, area: str, year: int, moment: str) -> Any:
    return one(
        warehouse,
        f"select {columns} from {AS_KNOWN} where area_code = ? and snapshot_date = ? and is_headline "
        "and known_from <= cast(? as timestamp) and (known_to is null or cast(? as timestamp) < known_to)",
        area, date(year, 3, 31), moment, moment,
    )  # fmt: skip


def test_counts_are_those_of_the_latest_vintage_with_the_change_on_the_year(warehouse: Warehouse) -> None:
    for area in authorities():
        now, before = count_of(area, 2019), count_of(area, 2018)
        assert now is not None
        assert before is not None
        found = row(warehouse, "children, change_n, change_pct, change_n_status", area, 2019)
        assert found == (now, now - before, pytest.approx(100 * (now - before) / before, rel=1e-9), "derived")


def test_rate_is_over_the_population_of_the_mid_year_before(warehouse: Warehouse) -> None:
    for area in authorities():
        found = row(
            warehouse,
            "rate_per_10000, population_under_18, population_reference_date, population_known_from, rate_unit",
            area, 2019,
        )  # fmt: skip
        people = under_18(area, 2018, POPULATION_SECOND)
        assert found == (
            pytest.approx(10_000 * (count_of(area, 2019) or 0) / people, rel=1e-9),
            people,
            date(2018, 6, 30),
            datetime.fromisoformat(POPULATION_SECOND),
            "per_10000",
        )


def test_three_year_rate_pools_counts_and_populations_and_stops_at_a_gap(warehouse: Warehouse) -> None:
    years = (2017, 2018, 2019)
    children = sum(count_of(TORFAEN, y) or 0 for y in years)
    people = sum(under_18(TORFAEN, y - 1, POPULATION_SECOND) for y in years)
    assert row(warehouse, "three_year_rate", TORFAEN, 2019) == pytest.approx(10_000 * children / people, rel=1e-9)
    assert row(warehouse, "three_year_rate, three_year_rate_status", TORFAEN, 2016) == (None, "not_available")
    # Powys is suppressed in 2016, so nothing that rests on that year has a value
    for year in (2016, 2017, 2018):
        assert row(warehouse, "three_year_rate, three_year_rate_status", POWYS, year) == (None, "suppressed")
    assert row(warehouse, "change_n, change_n_status", POWYS, 2017) == (None, "suppressed")
    assert row(warehouse, "change_n_status", POWYS, 2018) == "derived"


def expected_limits(year: int) -> tuple[float, float, dict[str, tuple[float, float]]]:
    """Spiegelhalter's additive limits, worked out here apart from the SQL."""
    cells = [(area, count_of(area, year) or 0, under_18(area, year - 1, POPULATION_SECOND)) for area in authorities()]
    target = sum(c for _, c, _ in cells) / sum(n for _, _, n in cells)
    z = sorted((c / n - target) / math.sqrt(target / n) for _, c, n in cells)
    cut = len(z) // 10
    low, high = z[cut], z[-1 - cut]
    phi = sum(min(max(x, low), high) ** 2 for x in z) / len(z)
    w = [n / target for _, _, n in cells]
    tau2 = max(0.0, (len(z) * phi - (len(z) - 1)) / (sum(w) - sum(x * x for x in w) / sum(w)))
    half = {area: 3.09 * math.sqrt(target / n + tau2) for area, _, n in cells}
    return phi, tau2, {a: (1e4 * max(0.0, target - h), 1e4 * (target + h)) for a, h in half.items()}


def test_control_limits_allow_for_overdispersion(warehouse: Warehouse) -> None:
    phi, tau2, limits = expected_limits(2019)
    assert phi > 1
    assert tau2 > 0, "the made-up figures must be overdispersed, or this shows nothing"
    for area, (low, high) in limits.items():
        found = row(warehouse, "control_limit_low, control_limit_high, dispersion", area, 2019)
        assert found == pytest.approx((low, high, phi), rel=1e-9)


def test_wales_has_no_limits(warehouse: Warehouse) -> None:
    found = row(warehouse, "control_limit_low, control_limit_high, control_limit_low_status", WALES, 2019)
    assert found == (None, None, "not_applicable")


def test_wales_is_summed_only_where_the_source_has_no_row(warehouse: Warehouse) -> None:
    columns = "children, children_status, total_basis, areas_reporting, areas_expected"
    assert row(warehouse, columns, WALES, 2019) == (wales(2019), "reported", "published", 22, 22)
    assert row(warehouse, columns, WALES, 2015) == (wales(2015), "derived", "sum", 22, 22)
    # a group with a suppressed member is suppressed
    assert row(warehouse, columns, WALES, 2016) == (None, "suppressed", "sum", 21, 22)
    assert row(warehouse, "rate_per_10000, rate_per_10000_status", WALES, 2016) == (None, "suppressed")


def test_small_numbers_are_flagged_by_size_and_by_rounding(warehouse: Warehouse) -> None:
    first, third = authorities()[0], authorities()[2]
    assert row(warehouse, "children <= 100, small_number_flag", first, 2019) == (True, True)
    assert row(warehouse, "children > 100, change_n > 5, small_number_flag", third, 2019) == (True, True, False)
    assert said(warehouse, "children > 100, abs(change_n) <= 5, small_number_flag", TORFAEN, 2019, SECOND) == (
        True, True, True,
    )  # fmt: skip


def test_a_value_that_goes_a_b_a_has_three_intervals_and_is_no_first_release(warehouse: Warehouse) -> None:
    found = warehouse.execute(
        f"select distinct release_at, children, is_first_release from {AS_KNOWN} "
        "where area_code = ? and snapshot_date = '2019-03-31' and source_key = ? order by 1",
        [TORFAEN, CLA],
    ).fetchall()
    a, b = count_of(TORFAEN, 2019, FIRST), count_of(TORFAEN, 2019, SECOND)
    moments = [datetime.fromisoformat(m) for m in (FIRST, SECOND, THIRD)]
    assert found == [(moments[0], a, True), (moments[1], b, False), (moments[2], a, False)]
    assert row(warehouse, "children, is_first_release", TORFAEN, 2019) == (a, False)
    assert row(warehouse, "is_first_release", TORFAEN, 2018) is True


def test_as_known_rates_use_the_population_known_then(warehouse: Warehouse) -> None:
    for moment, known in (("2019-12-01", POPULATION_FIRST), ("2020-07-01", POPULATION_SECOND)):
        rate, people, since = said(
            warehouse, "rate_per_10000, population_under_18, population_known_from", TORFAEN, 2019, moment
        )
        assert people == under_18(TORFAEN, 2018, known)
        assert since == datetime.fromisoformat(known)
        assert rate == pytest.approx(10_000 * (count_of(TORFAEN, 2019) or 0) / people, rel=1e-9)


def test_what_was_said_on_a_day_is_one_query(warehouse: Warehouse) -> None:
    """The first release and the documents that repeat it are one release, in which the unrounded figure leads."""
    columns = "children, source_key"
    assert said(warehouse, columns, WALES, 2019, "2019-11-01") == (wales(2019), CLA)
    assert said(warehouse, columns, WALES, 2019, "2019-12-01") == (6846, "wg_evidence_2019")
    assert said(warehouse, columns, WALES, 2019, "2020-01-15") == (6846, "wg_evidence_2019")
    assert said(warehouse, columns, WALES, 2019, "2020-11-11") == (wales(2019) - 15, CLA)
    assert said(warehouse, columns, WALES, 2019, "2021-11-11") == (wales(2019), CLA)


def test_nothing_was_said_before_anything_was_known(warehouse: Warehouse) -> None:
    found = warehouse.execute(f"select count(*) from {AS_KNOWN} where known_from < '2019-10-30'").fetchone()
    assert found == (0,)


def test_imported_unrounded_figure_of_the_same_release_is_the_headline(warehouse: Warehouse) -> None:
    found = one(
        warehouse,
        f"select children, source_key, rounding_base, load_id is not null, source_row from {LATEST} "
        "where area_code = ? and snapshot_date = '2018-03-31' and is_headline",
        WALES,
    )
    assert found == (wales(2018) + 3, "release_2019", 1, True, 2)


def test_a_later_import_of_a_document_replaces_it_and_an_undated_figure_has_no_row(warehouse: Warehouse) -> None:
    found = warehouse.execute(
        f"select year(snapshot_date), children from {LATEST} where source_key = 'release_2019' order by 1"
    ).fetchall()
    assert found == [(2003, 4194), (2017, wales(2017) + 2), (2018, wales(2018) + 3)]


def test_documents_keep_what_they_print(warehouse: Warehouse) -> None:
    columns = "children, change_n, change_pct, change_n_status, change_pct_status, qualifier"
    assert row(warehouse, columns, WALES, 2019, "wg_evidence_2019") == (6846, 439, 7, "reported", "reported", None)
    series = [row(warehouse, "children", WALES, year, "nspcc_2019") for year in range(2015, 2020)]
    assert series == [5610, 5660, 5960, 6405, 6845]
    assert row(warehouse, "change_n, change_n_status", WALES, 2019, "nspcc_2019") == (440, "derived")
    loose = row(warehouse, "children, qualifier, is_headline", WALES, 2019, "children_in_wales_2019")
    assert loose == (7000, "approx", False)


def test_groups_are_as_published(warehouse: Warehouse) -> None:
    found = warehouse.execute(
        "select gender, age_group, children, value_status, is_total, adds_to "
        "from performance_measures.children_looked_after_by_group "
        "where area_code = ? and snapshot_date = '2019-03-31' order by breakdown",
        [TORFAEN],
    ).fetchall()
    assert found == [
        ("male", "1_to_4", 45, "reported", False, "gender=male"),
        ("male", "under_1", None, "suppressed", False, "gender=male"),
        ("all", "all", count_of(TORFAEN, 2019), "reported", True, None),
        ("male", "all", 200, "reported", True, "all"),
    ]


def test_nothing_ranks_colours_or_flags_an_authority(warehouse: Warehouse) -> None:
    names = warehouse.execute(
        "select column_name from information_schema.columns where table_schema = 'performance_measures'"
    ).fetchall()
    assert len(names) > 50
    for (name,) in names:
        assert not {"rank", "rag", "quartile", "decile", "outlier", "colour", "league"} & set(name.split("_")), name


def test_synthetic_statistics_give_way_to_a_documents_figure_and_are_never_mixed_with_it(
    shared_folder: Path, folder: Path
) -> None:
    synthetic = build_measures(shared_folder, is_synthetic=True)
    connection = duckdb.connect(str(synthetic / "gofal.duckdb"), read_only=True)
    try:
        headline = one(
            connection,
            "select children, is_synthetic, rate_per_10000, rate_change, population_under_18, source_key "
            f"from {LATEST} where area_code = ? and snapshot_date = '2019-03-31' and is_headline",
            WALES,
        )
        assert headline == (6846, False, 109, 7, None, "wg_evidence_2019")
        assert row(connection, "is_synthetic, is_headline", TORFAEN, 2019) == (True, True)
        mixed = f"select count(*) from {LATEST} where not is_synthetic and population_under_18 is not null"
        assert one(connection, mixed) == 0
    finally:
        connection.close()


def test_every_unit_test_and_grain_test_ran(folder: Path) -> None:
    ran = results(folder)
    assert sum(key.startswith("unit_test.") and "children_looked_after" in key for key in ran) >= 9
    assert any("one_headline_at_every_moment" in key for key in ran)
    assert any("children_looked_after_as_known_holds_in_every_row" in key for key in ran)
