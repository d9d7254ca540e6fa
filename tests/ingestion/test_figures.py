"""Imported figures: two layouts, every problem named by file, row and column."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.errors import DataProblem
from ingestion.figures import figures_to_batch
from ingestion.lake import Lake


def batch(lake: Lake, path: Path, text: str, **more: object) -> list[dict[str, object]]:
    path.write_text(text, encoding="utf-8")
    record = figures_to_batch(path, lake, run_id="r", document_key="doc", **more)  # type: ignore[arg-type]
    assert record.rows is not None
    assert record.staged_file
    return pq.read_table(lake.path(record.staged_file)).to_pylist()


def test_headline_totals_become_national_figures_at_31_march(lake: Lake, tmp_path: Path) -> None:
    rows = batch(
        lake,
        tmp_path / "totals.csv",
        'year_ending_31_march,children_looked_after,known_from,note\n2001,"1,234",2002-10-30,x\n2002,1300,,\n',
    )
    assert [(r["area_code"], r["period_end"], r["value"], r["known_from"]) for r in rows] == [
        ("W92000004", "2001-03-31", "1234", "2002-10-30 00:00:00"),
        ("W92000004", "2002-03-31", "1300", None),
    ]
    assert [r["_source_row"] for r in rows] == [1, 2]


def test_a_date_for_the_document_stands_where_a_row_has_none(lake: Lake, tmp_path: Path) -> None:
    rows = batch(
        lake,
        tmp_path / "t.csv",
        "year_ending_31_march,children_looked_after\n2001,10\n",
        known_from=datetime(2003, 1, 2, 9, 30, tzinfo=UTC),
    )
    assert rows[0]["known_from"] == "2003-01-02 09:30:00"


def test_figures_of_any_measure_are_read(lake: Lake, tmp_path: Path) -> None:
    rows = batch(
        lake,
        tmp_path / "f.csv",
        "figure_id,measure_key,area_code,period_end,value,rounding_base,qualifier\n"
        "f1,children_looked_after,W06000001,2010-03-31,70,5,approx\n",
    )
    assert (rows[0]["measure_key"], rows[0]["rounding_base"], rows[0]["qualifier"]) == (
        "children_looked_after",
        "5",
        "approx",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "expected the columns year_ending_31_march"),
        ("year_ending_31_march,children_looked_after\n2001,many\n", "row 1"),
        ("year_ending_31_march,children_looked_after\n2001,5\nsoon,5\n", "row 2"),
        ("figure_id,measure_key,area_code,period_end,value\nf,m,W,31/03/2001,5\n", "row 1"),
    ],
)
def test_what_cannot_be_read_is_named_by_file_and_row(lake: Lake, tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataProblem, match=says) as caught:
        batch(lake, tmp_path / "bad.csv", text)
    assert "bad.csv" in caught.value.en
    assert "bad.csv" in caught.value.cy
