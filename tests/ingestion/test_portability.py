"""The comparison of two engines says of every cell whether it is the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ingestion.portability import Compared, compare, main

ROWS = """
    select * from (values
        ('W06000001', date '2019-03-31', 102.5::double, 12.30::decimal(18, 2), timestamp '2019-11-01 09:30:00', true),
        ('W06000001', date '2020-03-31', null::double, null::decimal(18, 2), timestamp '2020-11-01 09:30:00', false),
        ('W06000002', date '2020-03-31', 0.1::double, 0.00::decimal(18, 2), null::timestamp, null::boolean)
    ) as made(area_code, period_end, rate, amount_gbp, known_from, is_latest)
"""


def build(folder: Path, rows: str = ROWS, table: str = "core.fct") -> Path:
    """A database with one mart."""
    path = folder / "gofal.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(f"create schema if not exists {table.split('.')[0]}")
        db.execute(f"create or replace table {table} as {rows}")
    return path


def other(folder: Path, rows: str = ROWS, table: str = "core/fct") -> Path:
    """What another engine left: the rows the other way round, in two files, its moments with their zone."""
    schema, name = table.split("/")
    made = folder / "spark" / f"{schema}.db" / name
    made.mkdir(parents=True)
    with duckdb.connect() as db:
        db.execute(f"create view made as select *, row_number() over () as place from ({rows})")
        columns = [row[0] for row in db.execute("describe made").fetchall() if row[0] != "place"]
        cells = ", ".join("known_from::timestamptz as known_from" if c == "known_from" else c for c in columns)
        for number, part in enumerate(("place > 1", "place = 1")):
            db.execute(
                f"copy (select {cells} from made where {part} order by place desc) to '{made}/part-{number}.parquet'"
            )
    return folder / "spark"


def only(database: Path, folder: Path) -> Compared:
    """The one mart compared."""
    (compared,) = compare(database, folder)
    return compared


def test_rows_in_another_order_and_moments_with_their_zone_are_the_same(tmp_path: Path) -> None:
    compared = only(build(tmp_path), other(tmp_path))
    assert compared.same
    assert compared.rows == 3


@pytest.mark.parametrize(("factor", "same"), [("1 + 1e-12", True), ("1 - 9e-10", True), ("1 + 1e-7", False)])
def test_doubles_are_the_same_within_a_billionth(tmp_path: Path, factor: str, same: bool) -> None:
    compared = only(build(tmp_path), other(tmp_path, f"select * replace (rate * ({factor}) as rate) from ({ROWS})"))
    assert compared.same is same
    assert list(compared.columns) == ([] if same else ["rate"])


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("area_code", "upper(area_code) || ' '"),
        ("period_end", "(period_end + 1)::date"),
        ("rate", "coalesce(rate, 0)"),
        ("amount_gbp", "(amount_gbp + 0.01)::decimal(18, 2)"),
        ("known_from", "known_from + interval 1 microsecond"),
        ("is_latest", "coalesce(is_latest, false)"),
    ],
)
def test_a_cell_that_differs_is_named(tmp_path: Path, column: str, cell: str) -> None:
    compared = only(build(tmp_path), other(tmp_path, f"select * replace ({cell} as {column}) from ({ROWS})"))
    assert not compared.same
    assert list(compared.columns) == [column]
    assert compared.duckdb_only == compared.other_only > 0
    assert any(column in example for example in compared.examples)


def test_a_row_too_many_differs_even_where_it_repeats_another(tmp_path: Path) -> None:
    compared = only(build(tmp_path), other(tmp_path, f"{ROWS} union all ({ROWS} limit 1)"))
    assert (compared.duckdb_only, compared.other_only) == (0, 1)


def test_a_column_of_another_type_or_missing_differs(tmp_path: Path) -> None:
    rows = f"select * exclude (is_latest) replace (amount_gbp::double as amount_gbp) from ({ROWS})"
    compared = only(build(tmp_path), other(tmp_path, rows))
    assert compared.problems == [
        "amount_gbp: DuckDB has DECIMAL(18,2), the other engine DOUBLE.",
        "is_latest: DuckDB has BOOLEAN, the other engine no such column.",
    ]


def test_a_mart_that_one_engine_lacks_differs_and_what_is_made_on_the_way_is_not_compared(tmp_path: Path) -> None:
    database = build(tmp_path)
    build(tmp_path, table="outcomes.advocacy")
    build(tmp_path, table="staging.stg_made")
    found = {compared.mart: compared.same for compared in compare(database, other(tmp_path))}
    assert found == {"core.fct": True, "outcomes.advocacy": False}


def test_a_mart_without_rows_is_compared_by_its_columns(tmp_path: Path) -> None:
    empty = f"select * from ({ROWS}) where false"
    assert only(build(tmp_path, empty), other(tmp_path, empty)).same


def test_the_command_fails_where_something_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, folder = build(tmp_path), other(tmp_path, f"select * replace ('W1' as area_code) from ({ROWS})")
    assert main([str(database), str(folder)]) == 1
    assert "DIFFERS  core.fct" in capsys.readouterr().out
    assert main([str(database), str(tmp_path / "nothing")]) == 1
    assert main([str(database), str(folder), "outcomes"]) == 2
    assert main([]) == 2
