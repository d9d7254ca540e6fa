"""A return officer's day, by the commands of docs/returns.md and through Airflow, from a bad file to a mart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from commands import ask, gofal

from ingestion.airflow_local import environment, initialise
from ingestion.config import CHECKOUT, Settings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("returns_day")]
GOOD = [
    ["GW-01", "Edge of care team", "Revenue / Refeniw", "Torfaen", 100000, 100000, 50000, 48500, None, 99000],
    ["GW-02", "Home works", "Capital / Cyfalaf", "Newport", 50000, 50000, 20000, 18000, None, 50000],
]


def fill(template: Path, target: Path, rows: list[list[Any]], total: float, *, certified: bool) -> None:
    """What an officer does in a spreadsheet program."""
    book = openpyxl.load_workbook(template)
    for number, row in enumerate(rows, 4):
        for place, value in enumerate(row, 1):
            book["Spend"].cell(number, place, value)
    cover = {str(line[0].value).split(" / ")[0]: line[1] for line in book["Cover"].iter_rows(max_col=2)}
    cover["Total spend to date (£)"].value = total
    cover["Prepared by"].value = "Finance team"
    if certified:
        cover["Certified by (name)"].value = "A Lead"
        cover["Certified as"].value = "Regional Partnership Board lead"
        cover["Date of certification"].value = "15/11/2019"
    book.save(target)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole day, once for all tests."""
    home = tmp_path_factory.mktemp("home")
    template = tmp_path_factory.mktemp("desk") / "template.xlsx"
    found: dict[str, Any] = {"home": home}
    gofal(home, "returns", "template", "icf_spend", "--area", "gwent", "--period", "2019-20Q2", "--out", str(template))
    inbox = home / "inbox" / "gwent"
    inbox.mkdir(parents=True)

    bad = [[*GOOD[0][:7], "lots", *GOOD[0][8:]], GOOD[1]]
    fill(template, inbox / "first try.xlsx", bad, 66500, certified=True)
    found["bad"] = gofal(home, "returns", "inbox", "--no-build")
    found["report"] = [p.name for p in (home / "outbox").rglob("*") if p.is_file()]

    fill(template, inbox / "second try.xlsx", GOOD, 66500, certified=False)
    found["held"] = gofal(home, "returns", "inbox", "--no-build")
    held = found["held"].split()[0]
    found["certified"] = gofal(home, "returns", "certify", held, "--as", "rpb_lead", "--name", "A Lead")

    fill(template, inbox / "late.xlsx", [GOOD[0], [*GOOD[1][:7], 19000, *GOOD[1][8:]]], 67500, certified=True)
    settings = Settings(home=home, bundled_returns=False, inbox_quiet=0.5)
    env = environment(settings) | {"GOFAL_BUNDLED_RETURNS": "false", "GOFAL_INBOX_QUIET": "0.5"}
    initialise(settings, env=env)
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "returns_inbox"],
        env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found["airflow"] = done
    return found


def test_a_bad_file_is_answered_in_both_languages_with_its_cells_marked(day: dict[str, Any]) -> None:
    assert "not accepted" in day["bad"]
    assert sorted(day["report"]) == ["adroddiad.cy.html", "report-adroddiad.xlsx", "report.en.html"]


def test_what_is_in_order_waits_for_its_certificate(day: dict[str, Any]) -> None:
    assert "waiting to be certified" in day["held"]


def test_the_inbox_runs_through_airflow_and_publishes(day: dict[str, Any]) -> None:
    done = day["airflow"]
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert (day["home"] / "published" / "current" / "gofal.duckdb").exists()
    assert not list((day["home"] / "inbox").rglob("*.xlsx"))


def test_the_certified_return_is_in_the_mart_and_the_late_one_without_a_reason_is_not(day: dict[str, Any]) -> None:
    rows = ask(
        day["home"],
        "select project_key, spend_to_date_gbp, submission_version, is_synthetic from funding_streams.grant_spend "
        "order by 1",
    )
    assert [(key, float(spend), version, synthetic) for key, spend, version, synthetic in rows] == [
        ("GW-01", 48500.0, 1, True),
        ("GW-02", 18000.0, 1, True),
    ]


def test_the_calendar_and_the_quality_table_tell_the_same_story(day: dict[str, Any]) -> None:
    outcomes = ask(
        day["home"],
        "select outcome, rows_received, rows_accepted, rows_quarantined from accountability.return_quality "
        "order by rows_accepted desc, outcome",
    )
    assert [row[0] for row in outcomes] == ["accepted", "quarantined", "quarantined"]
    assert all(received == accepted + quarantined for _, received, accepted, quarantined in outcomes)
    (status,) = ask(
        day["home"],
        "select status, submission_version from accountability.return_calendar "
        "where return_key = 'icf_spend_quarterly' and area_code = 'rpb_gwent' and period_key = '2019-20 Q2'",
    )
    assert status == ("received_late", 1)


def test_originals_are_in_the_restricted_database_only(day: dict[str, Any]) -> None:
    current = (day["home"] / "published" / "current").resolve()
    schemas = {schema for (schema,) in ask(day["home"], "select distinct table_schema from information_schema.tables")}
    assert "restricted" not in schemas
    assert not list((current / "parquet").glob("restricted*"))
    assert (current / "restricted").stat().st_mode & 0o077 == 0
