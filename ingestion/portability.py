"""Whether a second engine built the same marts: each compared with DuckDB's, cell by cell.

The other engine leaves a folder of Parquet files for each table (``<schema>.db/<table>/*.parquet``, as Spark does).
Rows have no order and are known by nothing but what stands in them: two rows are one if every cell is the same, and
doubles the same within ``TOLERANCE``. ``.ci/spark`` runs it: ``python -m ingestion.portability gofal.duckdb FOLDER``.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingestion.engine import exact, literal, quote

if TYPE_CHECKING:
    import duckdb

NOT_MARTS = frozenset({"main", "lake", "staging", "intermediate", "reference"})
"""Schemas of a build that are made on the way; every other schema holds marts."""
TOLERANCE = 1e-9
"""Two doubles that differ by no more than this part of the larger one are the same."""
EXAMPLES = 3
PAIRED = 300
"""Of so many rows that only one engine has, the likeliest pairs are looked for, to name the cells that differ."""


@dataclass
class Compared:
    """One mart in two engines.

    Attributes:
        mart: Schema and name.
        rows: Rows that DuckDB has.
        duckdb_only: Rows that only DuckDB has.
        other_only: Rows that only the other engine has.
        problems: Sentences about tables, columns and types that are not the same.
        columns: In how many of the rows that nearly agree each column differs.
        examples: Some cells that differ.
    """

    mart: str
    rows: int = 0
    duckdb_only: int = 0
    other_only: int = 0
    problems: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.problems or self.duckdb_only or self.other_only)

    def lines(self) -> Iterator[str]:
        """What is said of it: one line, and what differs below."""
        yield f"{'same   ' if self.same else 'DIFFERS'}  {self.mart}  {self.rows} rows"
        if self.duckdb_only or self.other_only:
            yield f"         rows of DuckDB alone: {self.duckdb_only}; of the other engine alone: {self.other_only}"
        if self.columns:
            yield "         columns: " + ", ".join(f"{name} ({rows})" for name, rows in self.columns.items())
        yield from (f"         {sentence}" for sentence in (*self.problems, *self.examples))


def compare(database: Path, folder: Path, *, schemas: Sequence[str] = ()) -> Iterator[Compared]:
    """Compare every mart of a build with what another engine made of the same snapshot.

    Args:
        database: DuckDB's build.
        folder: The other engine's: a folder a schema, in it a folder of Parquet files a table.
        schemas: Only these, and of DuckDB's build whatever they hold; by default the marts.

    Yields:
        Each table, by name.
    """
    import duckdb

    with contextlib.closing(duckdb.connect(":memory:")) as db:
        db.execute(f"attach {literal(str(database))} as build (read_only)")
        tables = db.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'build'"
        ).fetchall()
        built = {(s, t) for s, t in tables if (s in schemas if schemas else s not in NOT_MARTS)}
        there = {
            (path.parent.name.removesuffix(".db"), path.name)
            for path in folder.glob("*.db/*")
            if any(path.glob("*.parquet"))
        }
        marts = built | {(s, t) for s, t in there if (s in schemas if schemas else s not in NOT_MARTS)}
        for schema, table in sorted(marts):
            compared = Compared(f"{schema}.{table}")
            if (schema, table) not in there:
                compared.problems.append("The other engine has no such table.")
            elif (schema, table) not in built:
                compared.problems.append("DuckDB has no such table.")
            else:
                files = folder / f"{schema}.db" / table
                db.execute(f"create or replace temp view ours as from build.{quote(schema)}.{quote(table)}")
                db.execute(
                    f"create or replace temp view theirs as from read_parquet({exact(files)} || '/*.parquet', "
                    "union_by_name = true)"
                )
                _compare(db, compared)
            yield compared


ZONED = "TIMESTAMP WITH TIME ZONE"


def _types(db: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    """Columns and their types."""
    return {row[0]: str(row[1]) for row in db.execute(f"describe {view}").fetchall()}


def _cell(name: str, data_type: str) -> str:
    """A cell as it is compared: a moment in UTC is one type, whether or not the zone is said."""
    return f"make_timestamp(epoch_us({quote(name)})) as {quote(name)}" if data_type == ZONED else quote(name)


def _compare(db: duckdb.DuckDBPyConnection, compared: Compared) -> None:
    found = {view: _types(db, view) for view in ("ours", "theirs")}
    ours, theirs = ({name: t.replace(ZONED, "TIMESTAMP") for name, t in types.items()} for types in found.values())
    (compared.rows,) = db.execute("select count(*) from ours").fetchone() or (0,)
    for name in {**ours, **theirs}:
        if ours.get(name) != theirs.get(name):
            compared.problems.append(
                f"{name}: DuckDB has {ours.get(name, 'no such column')}, the other engine "
                f"{theirs.get(name, 'no such column')}."
            )
    both = [name for name in ours if ours[name] == theirs.get(name)]
    doubles = [name for name in both if ours[name] == "DOUBLE"]
    others = [name for name in both if name not in doubles]
    # rows that agree in all else are numbered by their doubles, so that the first meets the first
    for view, table in (("ours", "a"), ("theirs", "b")):
        cells = ", ".join(_cell(name, found[view][name]) for name in both)
        numbered = f"partition by {_list(others)}" if others else ""
        numbered += f" order by {_list(doubles)}" if doubles else ""
        db.execute(
            f"create or replace temp table {table} as select *, row_number() over ({numbered}) as place, "
            f"true as is_there from (select {cells} from {view})"
        )
    same = [f"a.{quote(name)} is not distinct from b.{quote(name)}" for name in others]
    near = [_near(f"a.{quote(name)}", f"b.{quote(name)}") for name in doubles]
    db.execute(
        "create or replace temp table apart as select a as ours, b as theirs from a full join b on "
        + " and ".join(("a.place = b.place", *same))
        + " where a.is_there is null or b.is_there is null"
        + "".join(f" or not {condition}" for condition in near)
    )
    compared.duckdb_only, compared.other_only = db.execute(
        "select count(*) filter (ours.is_there), count(*) filter (theirs.is_there) from apart"
    ).fetchone() or (0, 0)
    if compared.duckdb_only or compared.other_only:
        left, right = (
            db.execute(
                f"select {', '.join(f'{side}.{quote(name)}' for name in both)} from apart "
                f"where {side}.is_there limit {PAIRED}"
            ).fetchall()
            for side in ("ours", "theirs")
        )
        _explain(compared, both, left, right)


def _list(names: Sequence[str]) -> str:
    return ", ".join(quote(name) for name in names)


def _near(a: str, b: str) -> str:
    return (
        f"({a} is not distinct from {b} or coalesce(isfinite({a}) and isfinite({b}) "
        f"and abs({a} - {b}) <= {TOLERANCE} * greatest(abs({a}), abs({b})), false))"
    )


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b) or abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
    return bool(a == b)


def _explain(compared: Compared, names: Sequence[str], left: list[Any], right: list[Any]) -> None:
    """Pair each row with the likest of the other engine's, and say which cells of the two differ."""
    counts: dict[str, int] = {}
    rest = list(right)
    for row in left:
        if not rest:
            break
        other = max(rest, key=lambda candidate: sum(_agree(a, b) for a, b in zip(row, candidate, strict=True)))
        rest.remove(other)
        differing = [(name, a, b) for name, a, b in zip(names, row, other, strict=True) if not _agree(a, b)]
        for name, _, _ in differing:
            counts[name] = counts.get(name, 0) + 1
        if len(compared.examples) < EXAMPLES:
            known = ", ".join(str(a) for a, b in zip(row[:6], other[:6], strict=True) if _agree(a, b))
            told = "; ".join(f"{name}: {a!r} against {b!r}" for name, a, b in differing)
            compared.examples.append(f"{known}: {told}")
    compared.columns = dict(sorted(counts.items(), key=lambda item: -item[1]))


def main(arguments: Sequence[str]) -> int:
    """Compare, and print a line a mart.

    Args:
        arguments: DuckDB's database, the other engine's folder, and names of schemas if not the marts are meant.

    Returns:
        0 where all is the same, 1 where something differs, 2 where there is nothing to compare.
    """
    if len(arguments) < 2:
        click.echo("usage: python -m ingestion.portability GOFAL_DUCKDB FOLDER [SCHEMA…]", err=True)
        return 2
    database, folder, *schemas = arguments
    marts = 0
    differing = []
    for compared in compare(Path(database), Path(folder), schemas=schemas):
        click.echo("\n".join(compared.lines()))
        marts += 1
        if not compared.same:
            differing.append(compared.mart)
    click.echo(f"{marts} tables compared; {len(differing)} differ{': ' + ', '.join(differing) if differing else ''}")
    return 2 if not marts else 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
