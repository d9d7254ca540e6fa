"""GDP deflators: the layouts that are published, every problem named by row and column. The numbers are made up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.config import Settings
from ingestion.deflators import deflators_to_batch, read_deflators
from ingestion.errors import DataProblem
from ingestion.lake import Lake, LoadRecord
from ingestion.nightly import Params, Run, accept, check
from ingestion.transform import freeze

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PUBLISHED = """\
"GDP DEFLATORS AT MARKET PRICES, AND MONEY GDP",,,,,,,,,
,,,,,,,,,
Outturn data are the latest National Accounts figures from ONS - last updated 29 September 2017.,,,,,,,,,
Forecast data are consistent with the Budget as at 22 November 2017,,,,,,,,,
The next update is expected on 8 January 2018,,,,,,,,,
Financial year,,,,,,Calendar year,,,
,GDP deflator at market prices,,"Money GDP (3), (4)",,,,GDP deflator at market prices,,Money GDP (3)
Financial year,2016-17 = 100,per cent change on previous year,Cash £ million,Cash £ million,,Calendar year,2016 = 100,per cent change on previous year,Cash £ million
2013-14,80.000,,"1,000","1,100",,2013,81.000,,999
2014-15,90.000,12.50,"1,200","1,300",,2014,89.000,9.88,"1,111"
2015-16,95,5.56,,,,2015,95,6.74,
2016-17,100.000,5.26,,,,2016,100.000,5.26,
2017-18 (1),,2.00,,,,2017 (1),,1.5,
2018-19 (1),-,10.0,,,,2018 (1),-,1.5,
,,,,,,,,,
2018-19 and later are forecasts of the Office for Budget Responsibility and not outturn.,,,,,,,,,
(1) Forecasts.,,,,,,,,,
"""  # noqa: E501
PLAIN = "Year,2016-17 = 100,note\n2015-16,98,x\n2016-17,100,\n2017-18,102,\n"


def read(tmp_path: Path, text: str, encoding: str = "utf-8-sig") -> Any:
    path = tmp_path / "deflators.csv"
    path.write_bytes(text.encode(encoding))
    return read_deflators(path, now=NOW)


def batch(lake: Lake, path: Path, text: str, **more: Any) -> tuple[LoadRecord, list[dict[str, Any]]]:
    path.write_text(text, encoding="utf-8")
    record = deflators_to_batch(path, lake, run_id="r", **more)
    assert record.staged_file
    return record, pq.read_table(lake.path(record.staged_file)).to_pylist()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252"])
def test_the_published_layout_is_read_by_its_headings(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, PUBLISHED, encoding)
    assert found.base_year == "2016-17"
    assert [(r.financial_year, r.deflator, r.change_pct, r.is_forecast, r.line) for r in found.rows] == [
        ("2013-14", "80.000", None, False, 9),
        ("2014-15", "90.000", "12.50", False, 10),
        ("2015-16", "95", "5.56", False, 11),
        ("2016-17", "100.000", "5.26", False, 12),
        ("2017-18", None, "2.00", True, 13),
        ("2018-19", None, "10.0", True, 14),
    ]
    assert found.disagreements == []


def test_the_day_is_the_latest_that_the_heading_names_and_never_that_of_a_next_update(tmp_path: Path) -> None:
    assert read(tmp_path, PUBLISHED).dated == datetime(2017, 11, 22, tzinfo=UTC)
    assert read(tmp_path, PLAIN).dated is None
    assert read(tmp_path, "Updated 31 February 2017,,\nUpdated 1 May 2099,,\n" + PLAIN).dated is None


def test_a_plain_table_of_years_and_index_is_enough(tmp_path: Path) -> None:
    found = read(tmp_path, PLAIN)
    assert [r.deflator for r in found.rows] == ["98", "100", "102"]
    assert not any(r.is_forecast for r in found.rows)


@pytest.mark.parametrize("year", ["2017/18", "2017\u201318", "2017-2018", " 2017-18 (1), (2)"])
def test_years_are_read_however_they_are_written(tmp_path: Path, year: str) -> None:
    text = PLAIN.replace("2017-18", f'"{year}"')
    assert [r.financial_year for r in read(tmp_path, text).rows] == ["2015-16", "2016-17", "2017-18"]


def test_an_index_that_goes_on_into_forecast_years_is_marked_by_what_the_file_says(tmp_path: Path) -> None:
    text = "Forecasts covering periods 2017-18 to 2021-22 are from the OBR,,\n" + PLAIN
    assert [r.is_forecast for r in read(tmp_path, text).rows] == [False, False, True]


def test_a_calendar_index_of_the_same_base_year_is_told_apart_by_its_years(tmp_path: Path) -> None:
    found = read(tmp_path, PUBLISHED.replace("2016 = 100", "2016-17 = 100"))
    assert found.rows[1].deflator == "90.000"


def test_a_percentage_that_the_index_contradicts_is_told(tmp_path: Path) -> None:
    assert read(tmp_path, PUBLISHED.replace("95,5.56", "95,6.65")).disagreements == ["2015-16"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found none"),
        ("a,b\n1,2\n", "found none"),
        (PLAIN.replace(" = 100", ""), "found none"),
        ("Year,2016 = 100\n2015,98\n2016,100\n", "found none"),
        ("Year,2016-17 = 100,Year,2016-17 = 100\n2016-17,100,2016-17,100\n", "found row 1, column B, row 1, column D"),
        (PLAIN.replace("2016-17,100", "2016-17,many"), "row 3, column B: expected a number, found “many”"),
        (PLAIN.replace("2016-17,100", "2016-17,nan"), "row 3, column B: expected a number"),
        (PLAIN.replace("2015-16,98", "2015-16,-98"), "row 2, column B: expected an index above zero"),
        (PLAIN.replace("2015-16,98", "2015-17,98"), "row 2, column A: expected a financial year"),
        (PLAIN.replace("2016-17,100,\n", ""), "row 3, column A: expected the year 2016-17, found “2017-18”"),
        (PLAIN.replace("2016-17,100", "2015-16,100"), "row 3, column A: expected the year 2016-17, found “2015-16”"),
        (PLAIN.replace("2017-18,102", "2017-18,"), "row 4, column B: expected an index, or for a year ahead"),
        (PLAIN.replace("2016-17,100", "2016-17,98.2"), "row 3, column B: expected 100 in 2016-17, as the heading says"),
        (PLAIN.replace("2016-17 = 100", "2030-31 = 100"), "expected 100 in 2030-31"),
        (PUBLISHED.replace("2018-19 (1),-", "2018-19 (1),120"), "row 14, column B: expected no index after a year"),
        (PUBLISHED.replace(",,2.00", ",,-100"), "row 13, column C: expected a change above"),
        (PUBLISHED.replace(",,2.00", ",,two"), "row 13, column C: expected a number, found “two”"),
        ("\x00\x01" + PLAIN, "another kind of file"),
        (PLAIN + "x" * 5_000_000, "far too large"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_file_row_and_column(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataProblem) as caught:
        read(tmp_path, text)
    assert says in caught.value.en
    for message in (caught.value.en, caught.value.cy):
        assert "deflators.csv" in message
    assert caught.value.en != caught.value.cy


def test_a_file_that_is_refused_leaves_nothing_in_the_lake(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(DataProblem):
        batch(lake, tmp_path / "bad.csv", "a,b\n1,2\n")
    assert lake.records() == []


def test_a_batch_holds_the_file_as_it_came_with_its_base_year_and_moment(lake: Lake, tmp_path: Path) -> None:
    record, rows = batch(lake, tmp_path / "d.csv", PUBLISHED, known_from=datetime(2017, 11, 28, 9, 30, tzinfo=UTC))
    assert (record.source_key, record.kind, record.known_from_basis) == ("gdp_deflators", "import", "stated")
    assert record.known_from == datetime(2017, 11, 28, 9, 30, tzinfo=UTC)
    assert not record.is_synthetic
    assert record.messages == []
    assert rows[4] == {
        "financial_year": "2017-18", "deflator": None, "change_pct": "2.00", "is_forecast": "true",
        "price_base_year": "2016-17", "_source_row": 13, "_load_id": record.load_id,
        "_landed_sha256": record.landed_sha256,
    }  # fmt: skip
    assert lake.verify(record.files[0])


def test_without_a_moment_the_files_own_day_stands_and_without_that_today(lake: Lake, tmp_path: Path) -> None:
    dated, _ = batch(lake, tmp_path / "d.csv", PUBLISHED)
    assert (dated.known_from, dated.known_from_basis) == (datetime(2017, 11, 22, tzinfo=UTC), "stated")
    undated, _ = batch(lake, tmp_path / "p.csv", PLAIN)
    assert (undated.known_from, undated.known_from_basis) == (undated.landed_at, "landed")
    assert [(m.code, m.severity) for r in (dated, undated) for m in r.messages] == [
        ("deflators_dated", "info"),
        ("deflators_undated", "warning"),
    ]


def test_two_files_are_two_vintages_that_a_snapshot_names(settings: Settings, tmp_path: Path) -> None:
    for day, text in ((1, PLAIN), (2, PLAIN.replace("2017-18,102", "2017-18,104"))):
        this = Run(f"import-{day}", Params(), settings)
        record, _ = batch(this.lake, tmp_path / "d.csv", text, known_from=datetime(2020, 1, day, tzinfo=UTC))
        this.folder.write(f"land/{record.source_key}", record)
        assert check(this) == {}
        assert accept(this) == {"gdp_deflators": "accepted"}
    lake = Lake(settings.lake_url)
    freeze(lake, {}, tmp_path / "snapshot", now=NOW)
    vintages = pq.read_table(tmp_path / "snapshot" / "vintages.parquet").to_pylist()
    assert [(v["source_key"], v["vintage_no"], v["kind"], v["known_to"]) for v in vintages] == [
        ("gdp_deflators", 1, "import", datetime(2020, 1, 2)),
        ("gdp_deflators", 2, "import", None),
    ]
    files = pq.read_table(tmp_path / "snapshot" / "files.parquet").to_pylist()
    assert [f["relation"] for f in files] == ["raw_gdp_deflators"] * 2
