"""The newcomer's first three nights on the whole bundled sample, by the command, through Airflow and dbt.

The nights are run once for all of these tests. Of the second release, three datasets are enough.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import CHILDREN, ask, gofal

from ingestion.config import CHECKOUT
from ingestion.sample.generate import released_in, sample_cube
from ingestion.statswales.registry import load_registry

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("first_nights")]
AWAITED = {key for key, entry in load_registry().items() if entry.state == "awaiting"}
LATER = {key for key, entry in load_registry().items() if not released_in(entry, 2)}
"""Datasets of a framework that answers for no year yet: these nights' catalogue does not list them."""
ABSENT = AWAITED | LATER
WALES = "W92000004"


def test_the_first_night_loads_checks_builds_and_publishes(nights: dict[str, Any]) -> None:
    first = nights["first"]
    assert first["exit_code"] == 0
    outcomes = {s["key"]: s["outcome"] for s in first["sources"]}
    assert outcomes.keys() == load_registry().keys()
    assert {key for key, outcome in outcomes.items() if outcome == "awaiting"} == AWAITED
    assert {key for key, outcome in outcomes.items() if outcome == "to_find"} == LATER
    refused = {k: o for k, o in outcomes.items() if k not in ABSENT and not o.startswith("accepted")}
    assert not refused
    assert all(0 < s["requests"] <= 8 for s in first["sources"] if s["key"] not in ABSENT)
    assert first["models"] > 20
    assert first["tests_passed"] > 100
    assert first["tables"]["performance_measures.children_looked_after"] > 200
    assert (nights["kept"] / "data_docs").is_dir()


def test_a_second_night_without_news_downloads_and_builds_nothing(nights: dict[str, Any]) -> None:
    second = nights["second"]
    assert second["exit_code"] == 0
    assert second["build_skipped"]
    assert not second["published_now"]
    assert {s["outcome"] for s in second["sources"] if s["key"] not in ABSENT} == {"unchanged"}


def test_every_dataset_is_staged_and_stands_in_the_one_table_of_measures(nights: dict[str, Any]) -> None:
    found = {key for (key,) in ask(nights["home"], "select distinct source_key from core.fct_measure_value")}
    assert load_registry().keys() - ABSENT <= found
    assert not found & ABSENT


def test_a_new_revision_is_one_new_vintage(nights: dict[str, Any]) -> None:
    rows = ask(
        nights["home"], f"select count(distinct known_from) from core.fct_measure_value where source_key = '{CHILDREN}'"
    )
    assert rows == [(2,)]
    assert nights["third"]["published_now"]


def test_the_revisions_are_exactly_the_cells_that_differ_between_the_two_releases(nights: dict[str, Any]) -> None:
    before, after = sample_cells(1), sample_cells(2)
    moved = {key for key in before.keys() & after.keys() if before[key][0] != after[key][0]}
    new = after.keys() - before.keys()
    assert moved, "the sample's second release is meant to revise something"
    assert new, "the sample's second release is meant to add a year"
    found = ask(
        nights["home"],
        f"select count(*) from core.measure_revisions where source_key = '{CHILDREN}' "
        "and old_value is distinct from new_value",
    )
    assert found == [(len(moved),)]
    change = next(c for c in nights["third"]["changes"] if c["source_key"] == CHILDREN)
    assert change["cells_new"] == len(new)


def sample_cells(release: int) -> dict[tuple[str, ...], tuple[str | None, str | None]]:
    """The sample's cells straight from the generator, by label, without the client or the lake."""
    cube = sample_cube(CHILDREN, release)
    rows = csv.DictReader(io.StringIO(cube.csv("raw", "en").read_text(encoding="utf-8")))
    return {
        (r["Data description"], r["Year"], r["Area Code"], r["Age group"]): (
            r["Data values"] or None,
            r["Notes"] or None,
        )
        for r in rows
    }


def test_what_was_said_on_a_day_is_one_query(nights: dict[str, Any]) -> None:
    sql = """
        select children, revision_status from performance_measures.children_looked_after_as_known
        where area_code = 'W92000004' and snapshot_date = date '2019-03-31' and source_key = '{key}'
          and known_from <= timestamp '{when}' and (known_to is null or timestamp '{when}' < known_to)
    """
    said = {
        when: ask(nights["home"], sql.format(key=CHILDREN, when=when))
        for when in ("2019-12-01 00:00", "2021-01-01 00:00")
    }
    assert said["2019-12-01 00:00"] == [(6845, "provisional")]
    assert said["2021-01-01 00:00"] == [(6835, "revised")]


def test_one_figure_to_quote_for_every_area_and_date(nights: dict[str, Any]) -> None:
    doubled = ask(
        nights["home"],
        "select area_code, snapshot_date from performance_measures.children_looked_after "
        "group by all having count(*) filter (where is_headline) <> 1",
    )
    assert doubled == []


def test_the_rates_are_those_that_the_documents_print(nights: dict[str, Any]) -> None:
    rates = dict(
        ask(
            nights["home"],
            "select area_code, round(rate_per_10000) "
            "from performance_measures.children_looked_after_as_known "
            f"where source_key = '{CHILDREN}' and snapshot_date = date '2019-03-31' "
            "and known_from <= timestamp '2019-12-01' and (known_to is null or known_to > timestamp '2019-12-01')",
        )
    )
    assert rates[WALES] == 109
    assert rates["W06000020"] == 216
    assert rates["W06000006"] == 96
    assert rates["W06000010"] == 49


def test_all_278_printed_figures_are_reconciled_and_a_synthetic_yardstick_says_so(nights: dict[str, Any]) -> None:
    rows = ask(
        nights["home"],
        # how many areas there are is reference data, and real
        "select verdict, count(*), bool_and(warehouse_value is null or warehouse_source_key = 'areas' "
        "or explanation_en ilike '%synthetic%') "
        "from accountability.published_figure_reconciliation group by 1",
    )
    assert sum(n for _, n, _ in rows) == 278
    assert all(says for _, _, says in rows)
    assert "no_warehouse_value" in {verdict for verdict, _, _ in rows}
    assert {verdict for verdict, _, _ in rows} & {"agrees", "agrees_after_rounding", "agrees_with_other_vintage"}


def test_every_row_of_a_statistic_says_that_it_is_synthetic(nights: dict[str, Any]) -> None:
    assert ask(nights["home"], "select bool_and(is_synthetic) from core.fct_measure_value") == [(True,)]
    titles = ask(nights["home"], "select title_en, title_cy from core.dim_source where kind = 'statswales'")
    assert all(en.startswith("SYNTHETIC") and cy.startswith("SYNTHETIG") for en, cy in titles)


def test_every_cell_leads_back_to_the_landed_file_and_row(nights: dict[str, Any]) -> None:
    home = nights["home"]
    (digest, row, value), *_ = ask(
        home,
        "select landed_sha256, source_row, cast(value as bigint) from core.fct_measure_value "
        f"where source_key = '{CHILDREN}' and value is not null order by landed_sha256, source_row limit 1",
    )
    (path,) = (home / "lake" / "landing").rglob(f"{digest}.csv")
    assert path.read_text(encoding="utf-8").splitlines()[row].split(",")[0] == str(value)


def test_status_says_what_is_there(nights: dict[str, Any]) -> None:
    status = gofal(nights["home"], "status", "--json")
    assert status["lake"] == "sample"
    assert {s["key"]: s["vintages"] for s in status["sources"]}[CHILDREN] == 2
    assert status["published"]["build_id"]
    assert CHILDREN in gofal(nights["home"], "status")


def test_a_sample_lake_refuses_real_data(nights: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gofal")), "run", "--source", "live"],
        env={**os.environ, "GOFAL_HOME": str(nights["home"])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "holds sample data and this run brings real data" in done.stderr


def test_an_analyst_builds_on_the_lake_that_is_there_in_a_file_of_their_own(
    nights: dict[str, Any], tmp_path: Path
) -> None:
    before = (nights["home"] / "published" / "current").resolve()
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            "build",
            "--quiet",
            "--indirect-selection",
            "buildable",
            "--select",
            "+dim_area_current",
            "+stg_statswales__population_by_age",
            "--target-path",
            str(tmp_path / "target"),
            "--log-path",
            str(tmp_path),
        ],
        cwd=CHECKOUT / "dbt_project",
        env={**os.environ, "GOFAL_HOME": str(nights["home"]), "GOFAL_ANALYST_FILE": str(tmp_path / "mine.duckdb")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "mine.duckdb").exists()
    assert (nights["home"] / "published" / "current").resolve() == before


def test_the_release_before_can_be_brought_back_and_holds(nights: dict[str, Any]) -> None:
    home = nights["home"]
    now = (home / "published" / "current").resolve().name
    assert "Publishing is held" in gofal(home, "publish", "--rollback")
    assert (home / "published" / "current").resolve() == nights["kept"]
    gofal(home, "publish", "--release")
    assert now in gofal(home, "publish")
