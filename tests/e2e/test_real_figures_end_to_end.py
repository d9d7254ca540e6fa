"""Real figures, read in place and never copied: through the stand-in server, Airflow, the checks and dbt."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from commands import ask, gofal

from ingestion.sample.serve import serve_files

pytestmark = [pytest.mark.e2e, pytest.mark.shared, pytest.mark.timeout(900), pytest.mark.xdist_group("real_figures")]
KEY = "children_looked_after_gender_age"
EXPORT = f"statswales_export_{KEY}"
ALL = "select {columns} from core.fct_measure_value where source_key = '{key}' and is_latest"
GENDERS = {"boys": "male", "girls": "female", "all": "all"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> dict[str, Any]:
    """The tidy file by the API, the old exports by their parser, and the headline totals as printed figures."""
    home = tmp_path_factory.mktemp("home")
    real = shared / "real_data"
    tidy = real / "children_looked_after_31_march_2003_2015.csv"
    with serve_files({KEY: [tidy]}, rate_limit=None) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOFAL_STATSWALES_URL", server.url)
        run = gofal(home, "run", "--source", "live", "--only", KEY, "--json")
        uuid = server.entry(KEY).id
    totals = real / "children_looked_after_wales_headline_totals.csv"
    exports = sorted((real / "statswales_wide").glob("*.csv"))
    gofal(home, "import", "statswales-export", *map(str, exports), "--known-from", "2015-12-01", "--no-build")
    gofal(home, "import", "figures", str(totals), "--document", "headline_totals")
    with tidy.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with totals.open(newline="") as handle:
        printed = {int(r["year_ending_31_march"]): int(r["children_looked_after"]) for r in csv.DictReader(handle)}
    return {"home": home, "run": run, "rows": rows, "printed": printed, "uuid": uuid}


def cells(rows: list[tuple[Any, ...]]) -> dict[tuple[str, str, str], tuple[float | None, str]]:
    return {(str(area), str(end), breakdown): (value, status) for area, end, breakdown, value, status in rows}


def expected(rows: list[dict[str, str]]) -> dict[tuple[str, str, str], tuple[float | None, str]]:
    found = {}
    for row in rows:
        parts = []
        if row["age_group"] != "all_ages":
            parts.append(f"age_group={row['age_group']}")
        if row["gender"] != "all":
            parts.append(f"gender={GENDERS[row['gender']]}")
        value = (float(row["children"]), "reported") if row["children"] else (None, row["marker"])
        found[row["area_code"], f"{row['year_ending_31_march']}-03-31", "; ".join(parts) or "all"] = value
    return found


def test_every_cell_lands_as_it_was_published_and_suppressed_ones_as_suppressed(loaded: dict[str, Any]) -> None:
    assert loaded["run"]["exit_code"] == 0
    assert loaded["run"]["sources"][0]["rows"] == len(loaded["rows"]) == 4485
    columns = "area_code, period_end, breakdown, value, value_status"
    assert cells(ask(loaded["home"], ALL.format(columns=columns, key=KEY))) == expected(loaded["rows"])


def test_real_figures_are_not_synthetic_whatever_served_them(loaded: dict[str, Any]) -> None:
    assert ask(loaded["home"], "select distinct is_synthetic from core.fct_measure_value") == [(False,)]


def test_the_old_exports_give_the_same_figures_cell_by_cell(loaded: dict[str, Any]) -> None:
    columns = "area_code, period_end, breakdown, value, value_status"
    assert cells(ask(loaded["home"], ALL.format(columns=columns, key=EXPORT))) == expected(loaded["rows"])


def test_the_13_totals_of_wales_in_the_mart_are_those_of_the_file(loaded: dict[str, Any]) -> None:
    found = ask(
        loaded["home"],
        "select year(snapshot_date), children from performance_measures.children_looked_after "
        f"where area_code = 'W92000004' and source_key = '{KEY}'",
    )
    file = {
        int(r["year_ending_31_march"]): int(r["children"])
        for r in loaded["rows"]
        if r["area_code"] == "W92000004" and r["gender"] == "all" and r["age_group"] == "all_ages"
    }
    assert dict(found) == file
    assert len(file) == 13


def test_authorities_add_up_to_wales_within_rounding(loaded: dict[str, Any]) -> None:
    found = ask(
        loaded["home"],
        "select snapshot_date, sum(children) filter (where not is_total) - max(children) filter (where is_total), "
        f"count(*) from performance_measures.children_looked_after where source_key = '{KEY}' group by 1",
    )
    assert len(found) == 13
    # 22 authorities and Wales, each rounded to the nearest 5 on its own: at most 2.5 apiece
    assert all(count == 23 and abs(difference) <= 23 * 2.5 for _, difference, count in found)


def test_reconciliation_agrees_after_rounding_where_it_should_and_says_so_where_not(loaded: dict[str, Any]) -> None:
    found = ask(
        loaded["home"],
        "select cast(right(figure_id, 4) as integer), published_value, warehouse_value, verdict, explanation_en, "
        "explanation_cy from accountability.published_figure_reconciliation where figure_id like 'headline_totals%'",
    )
    by_year = {year: row for year, *row in found}
    assert {year: row[0] for year, row in by_year.items()} == loaded["printed"]
    totals = {
        int(r["year_ending_31_march"]): int(r["children"])
        for r in loaded["rows"]
        if r["area_code"] == "W92000004" and r["gender"] == "all" and r["age_group"] == "all_ages"
    }
    for year, (printed, warehouse, verdict, english, welsh) in by_year.items():
        assert english
        assert welsh
        if year not in totals:
            assert (warehouse, verdict) == (None, "no_warehouse_value"), year
        elif printed == totals[year]:
            assert verdict == "agrees", year
        elif abs(printed - totals[year]) <= 3:
            assert verdict == "agrees_after_rounding", year
        else:
            assert verdict == "differs", year


def test_the_figure_to_quote_is_the_unrounded_one_of_the_later_release(loaded: dict[str, Any]) -> None:
    found = ask(
        loaded["home"],
        "select year(snapshot_date), children from performance_measures.children_looked_after "
        "where area_code = 'W92000004' and is_headline and year(snapshot_date) between 2003 and 2015",
    )
    assert len(found) == 13
    assert all(children is not None for _, children in found)
