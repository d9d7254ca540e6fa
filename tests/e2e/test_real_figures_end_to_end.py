"""Real figures, read in place and never copied: through the stand-in server, Airflow, the checks and dbt."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from commands import ask, gofal

from ingestion.config import Settings
from ingestion.nightly import Params, Run, accept, check, discover, land
from ingestion.sample.areas import BY_LEGACY
from ingestion.sample.serve import Update, serve_files

pytestmark = [pytest.mark.e2e, pytest.mark.shared, pytest.mark.timeout(900), pytest.mark.xdist_group("real_figures")]
KEY = "children_looked_after_gender_age"
FLYING_START = "flying_start_contacts"
REVENUE = "social_services_revenue_outturn"
POPULATION = "population_by_age"
EXPORT = f"statswales_export_{KEY}"
ALL = "select {columns} from core.fct_measure_value where source_key = '{key}' and is_latest"
GENDERS = {"boys": "male", "girls": "female", "all": "all"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> dict[str, Any]:
    """The tidy files by the API, the old exports by their parser, and the headline totals as printed figures.

    Flying Start has two revisions, landed on two nights. One build, of the second night, has all of it.
    """
    home = tmp_path_factory.mktemp("home")
    real = shared / "real_data"
    tidy = real / "children_looked_after_31_march_2003_2015.csv"
    totals = real / "children_looked_after_wales_headline_totals.csv"
    exports = sorted((real / "statswales_wide").glob("*.csv"))
    flying = (real / "flying_start_hlth1250" / "data-orig.csv", real / "flying_start_hlth1250" / "data-update.csv")
    files: dict[str, list[Path | Update]] = {
        KEY: [tidy],
        FLYING_START: [flying[0], Update(flying[1])],
        REVENUE: [real / "social_services_revenue_wales_2006_2015.csv"],
        POPULATION: [real / "population_single_year_of_age_2019_2020.csv"],
    }
    with serve_files(files, rate_limit=None, publish_upto=1) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOFAL_STATSWALES_URL", server.url)
        settings = Settings(source="live", home=home, statswales_url=server.url, count_requests=False)
        first = Run("first", Params(datasets=[FLYING_START]), settings)
        assert discover(first) == [FLYING_START]
        land(first, FLYING_START)
        check(first)
        assert set(accept(first).values()) <= {"accepted", "accepted_with_warnings"}
        gofal(home, "import", "statswales-export", *map(str, exports), "--known-from", "2015-12-01", "--no-build",
              "--source", "live")  # fmt: skip
        gofal(home, "import", "figures", str(totals), "--document", "headline_totals", "--no-build", "--source", "live")
        assert server.publish_next() is not None
        run = gofal(home, "run", "--source", "live", *(w for key in files for w in ("--only", key)), "--json")
        uuid = server.entry(KEY).id
    with tidy.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with totals.open(newline="") as handle:
        printed = {int(r["year_ending_31_march"]): int(r["children_looked_after"]) for r in csv.DictReader(handle)}
    sources = {source["key"]: source for source in run["sources"]}
    return {
        "home": home, "run": run, "rows": rows, "printed": printed, "uuid": uuid, "sources": sources,
        "flying": [filed(path) for path in flying], "revenue": filed(files[REVENUE][0]),
        "population": filed(files[POPULATION][0]),
    }  # fmt: skip


def filed(path: Any) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


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
    assert loaded["sources"][KEY]["rows"] == len(loaded["rows"]) == 4485
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


STAFF = {"1": "health_visitor", "2": "wider_health_team", "3": "other"}
MEASURES = {"1": "flying_start_contacts", "2": "flying_start_contacts_per_child"}
FlyingStart = dict[tuple[str, str, str, str], float]


def flying_start(rows: list[dict[str, str]]) -> FlyingStart:
    """A file's figures by measure, area, end of the financial year and breakdown."""
    return {
        (
            MEASURES[row["Measure"]],
            BY_LEGACY[row["AreaCode"]].code,
            f"{int(row['YearCode'][:4]) + 1}-03-31",
            f"staff_group={STAFF[row['RowRef']]}",
        ): float(row["Data"])
        for row in rows
    }


GRAIN = "measure_key, area_code, cast(period_end as varchar), breakdown"


def test_an_update_is_exactly_its_new_rows_its_revised_rows_and_nothing_else(loaded: dict[str, Any]) -> None:
    before, said = map(flying_start, loaded["flying"])
    new = {key: value for key, value in said.items() if key not in before}
    revised = {key: (before[key], value) for key, value in said.items() if before.get(key, value) != value}
    assert loaded["sources"][FLYING_START]["outcome"].startswith("accepted")
    assert len(before) == len(loaded["flying"][0]) == 1416
    assert new or revised
    home = loaded["home"]
    rows = ask(
        home,
        f"select {GRAIN}, value, known_to is null, known_from = min(known_from) over () "
        f"from core.fct_measure_value where source_key = '{FLYING_START}'",
    )
    of_first = {tuple(row[:4]): row[4] for row in rows if row[6]}
    of_second = {tuple(row[:4]): row[4] for row in rows if not row[6]}
    current = {tuple(row[:4]): row[4] for row in rows if row[5]}
    assert of_first == before
    assert current == before | said
    assert {key for key in of_second if key not in before} == set(new)
    assert {key: of_second[key] for key in new} == new
    assert set(of_second) <= set(said), "a row that the update does not name is as it was"
    moved = ask(
        home,
        f"select {GRAIN}, old_value, new_value from core.measure_revisions where source_key = '{FLYING_START}'",
    )
    assert {tuple(row[:4]): (row[4], row[5]) for row in moved} == revised
    assert len(moved) == len(revised)


def test_what_was_known_before_the_update_is_one_query(loaded: dict[str, Any]) -> None:
    before, _ = map(flying_start, loaded["flying"])
    rows = ask(
        loaded["home"],
        f"""
        with moments as (
            select min(known_from) as first from core.fct_measure_value where source_key = '{FLYING_START}'
        )
        select {GRAIN}, value from core.fct_measure_value, moments
        where source_key = '{FLYING_START}' and known_from <= first and (known_to is null or first < known_to)
        """,
    )
    assert {tuple(row[:4]): row[4] for row in rows} == before


def test_thousands_of_pounds_are_pounds(loaded: dict[str, Any]) -> None:
    rows = ask(
        loaded["home"],
        "select year(period_end), cast(value as bigint), unit, area_code "
        f"from core.fct_measure_value where source_key = '{REVENUE}' and is_latest",
    )
    assert {row[2:] for row in rows} == {("gbp", "W92000004")}
    printed = [(int(r["Year"][:4]) + 1, int(r["Data"]) * 1000) for r in loaded["revenue"]]
    assert sorted((year, value) for year, value, *_ in rows) == sorted(printed)
    assert {year for year, *_ in rows} == set(range(2007, 2016))


def test_the_population_of_each_year_of_age_is_staged(loaded: dict[str, Any]) -> None:
    rows = ask(
        loaded["home"],
        "select cast(period_end as varchar), area_code, cast(value as bigint) "
        f"from core.fct_measure_value where source_key = '{POPULATION}' and is_latest",
    )
    printed = [(f"{r['mid_year']}-06-30", r["la_code"], int(r["population"])) for r in loaded["population"]]
    assert sorted(rows) == sorted(printed)
    assert len({breakdown for (breakdown,) in ask(
        loaded["home"], f"select distinct breakdown from core.fct_measure_value where source_key = '{POPULATION}'"
    )}) == len({r["age"] for r in loaded["population"]})  # fmt: skip
