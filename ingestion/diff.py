"""What changed in every mart between two builds: rows added and removed, cells changed, by column and by measure.

Both databases are attached read-only and compared inside DuckDB. One pass over each mart takes a hash of every key and
of every row; only keys whose rows differ are joined and looked at cell by cell, so that a mart of ten million rows in
which little changed costs its two scans, and memory stays bounded.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, computed_field

from ingestion import publish as publishing
from ingestion.engine import literal, quote
from ingestion.errors import GofalError
from ingestion.publish import RESTRICTED

if TYPE_CHECKING:
    import duckdb

    from ingestion.config import Settings

DATABASE = "gofal.duckdb"
NOT_MARTS = frozenset({"staging", "intermediate", "reference", "lake", "main"})
"""Schemas of a build that no reader sees; every other schema holds marts."""
BY_NATURE = frozenset(
    {"loaded_at", "landed_at", "load_id", "old_load_id", "new_load_id", "run_id", "build_id", "built_at"}
)
"""Columns that say when and by which load a row came to us: they differ although nothing was said differently."""
MEASURES = (
    *("measure_key", "official_code", "stream_key", "from_stream_key", "service_line", "priority", "question_key"),
    *("commitment_key", "return_key"),
)
"""Of a mart's columns the first of these is what its changes are counted by."""
TOLERANCE = 1e-9
"""Two floating-point numbers that differ by no more than this part of the larger one are the same."""
EXAMPLES = 5
TEMPLATE = Path(__file__).with_name("templates") / "diff.html.j2"

Language = Literal["en", "cy"]


class Side(BaseModel):
    """One of the two builds."""

    asked: str
    database: str
    build_id: str | None = None
    commit: str | None = None
    frozen_at: str | None = None


class Retyped(BaseModel):
    """A column whose type is another."""

    column: str
    old: str
    new: str


class Count(BaseModel):
    """What changed of one measure."""

    key: str | None
    added: int
    removed: int
    changed: int
    cells: int


class Cell(BaseModel):
    """One value that changed."""

    column: str
    old: Any
    new: Any


class Example(BaseModel):
    """One row that is new, gone or other."""

    kind: Literal["added", "removed", "changed"]
    key: dict[str, Any]
    cells: list[Cell] = []


class MartDiff(BaseModel):
    """What changed in one mart."""

    name: str
    state: Literal["same", "changed", "added", "removed"]
    rows_a: int | None = None
    rows_b: int | None = None
    grain: list[str] = []
    """What a row is known by. Empty where nothing says it, or where it is not unique: whole rows are compared."""
    grain_not_unique: bool = False
    ignored: list[str] = []
    columns_added: list[str] = []
    columns_removed: list[str] = []
    columns_retyped: list[Retyped] = []
    added: int = 0
    removed: int = 0
    changed: int = 0
    """Rows that are in both and differ."""
    cells: int = 0
    by_column: dict[str, int] = {}
    measure: str | None = None
    """The column that `by_measure` counts by."""
    by_measure: list[Count] = []
    examples: list[Example] = []
    is_restricted: bool = False


class Diff(BaseModel):
    """What changed between two builds."""

    a: Side
    b: Side
    marts: list[MartDiff]
    ignored: list[str]
    restricted_left_out: bool

    @computed_field  # type: ignore[prop-decorator]
    @property
    def differs(self) -> bool:
        """Whether anything changed."""
        return any(mart.state != "same" for mart in self.marts)

    @property
    def changed(self) -> list[MartDiff]:
        """The marts in which something did."""
        return [mart for mart in self.marts if mart.state != "same"]


# -- which builds ----------------------------------------------------------------------------------------------


def resolve(asked: str, settings: Settings) -> Path:
    """The database that somebody means.

    Args:
        asked: A ``gofal.duckdb``, the folder of a build or a publication, a build id of the home or how one begins, or
            ``current`` or ``previous``.
        settings: Where the home is.

    Raises:
        GofalError: There is no such build, or the beginning of an id fits several.
    """
    path = Path(asked).expanduser()
    if path.is_file():
        return path.resolve()
    if path.is_dir() and (path / DATABASE).is_file():
        return (path / DATABASE).resolve()
    published = publishing.versions(settings)
    now = publishing.current_version(settings)
    if asked == "current" and now:
        return settings.published / now / DATABASE
    if asked == "previous" and now:
        earlier = [version for version in published if version < now]
        if earlier:
            return settings.published / earlier[-1] / DATABASE
    built = [p.name for p in settings.builds.iterdir()] if settings.builds.is_dir() else []
    # what is published has the same marts as its build, and is the smaller file
    known = {name: settings.builds / name for name in built} | {name: settings.published / name for name in published}
    known = {name: folder for name, folder in known.items() if (folder / DATABASE).is_file()}
    fits = [asked] if asked in known else [name for name in known if asked and name.startswith(asked)]
    if len(fits) == 1:
        return known[fits[0]] / DATABASE
    kept = ", ".join(sorted(known)) or "–"
    raise GofalError(
        f"Expected a build: a {DATABASE}, a folder with one, current, previous, or one of the builds of "
        f"{settings.root}. Found ‘{asked}’, which {'fits several' if fits else 'is none of these'}. Kept: {kept}.",
        f"Disgwylid adeiladwaith: {DATABASE}, ffolder ag un ynddi, current, previous, neu un o adeiladweithiau "
        f"{settings.root}. Cafwyd ‘{asked}’, {'sy’n cyfateb i sawl un' if fits else 'nad yw’n un o’r rhain'}. "
        f"Ar gadw: {kept}.",
        code="no_build",
    )


def _manifest(database: Path) -> dict[str, Any]:
    """What stands beside a database: a publication's manifest, dbt's own, or nothing."""
    try:
        found: dict[str, Any] = json.loads(database.with_name("manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def side(asked: str, database: Path) -> Side:
    """What is known of a build."""
    told = _manifest(database)
    if "nodes" in told:  # a build that was not published: dbt's manifest, and ours beside it
        try:
            told = json.loads(database.with_name("build.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            told = {}
    return Side(
        asked=asked,
        database=str(database),
        build_id=told.get("build_id"),
        commit=told.get("commit"),
        frozen_at=(told.get("snapshot") or {}).get("frozen_at"),
    )


def grains(database: Path, settings: Settings) -> dict[str, list[str]]:
    """The grain of each mart, as the manifest beside a database has it."""
    told = _manifest(database)
    if "grain" not in told and "nodes" not in told and told.get("build_id"):
        # published before publications said it: its build does, where it is kept
        told = _manifest(settings.builds / str(told["build_id"]) / DATABASE)
    found: dict[str, list[str]] = publishing.grains(told) if "nodes" in told else told.get("grain") or {}
    return found


# -- comparing -------------------------------------------------------------------------------------------------


@dataclass
class _Table:
    """A mart in one of the builds."""

    qualified: str
    types: dict[str, str]
    """Columns and their types, in their order."""


@dataclass
class _Pair:
    """A mart in both builds, and how to compare it."""

    a: _Table
    b: _Table
    grain: list[str]
    compared: list[str]
    """Columns in both that are neither its grain nor left out."""

    def value(self, alias: str, column: str) -> str:
        """A column in a form that both builds share: where its type changed, the same figure is the same still."""
        name = f"{alias}.{quote(column)}"
        old, new = self.a.types[column], self.b.types[column]
        if column == "url" and old == new == "VARCHAR":  # the sample is served at another port each time
            return f"regexp_replace({name}, '^http://(127[.]0[.]0[.]1|localhost):[0-9]+', '')"
        if old == new:
            return name
        if _is_number(old) and _is_number(new):
            return f"cast({name} as double)"
        if old.startswith(("DATE", "TIMESTAMP")) and new.startswith(("DATE", "TIMESTAMP")):
            return f"cast({name} as timestamp)"
        return f"cast({name} as varchar)"

    def hashed(self, alias: str, columns: Sequence[str]) -> str:
        """One number for the values of several columns."""
        return f"hash({', '.join(self.value(alias, column) for column in columns) or '0'})"

    def differs(self, column: str) -> str:
        """SQL that is true where a column's values differ; NULL is the same as NULL."""
        x, y = self.value("a", column), self.value("b", column)
        apart = f"{x} is distinct from {y}"
        if not self.is_float(column):
            return f"({apart})"
        near = f"isfinite({x}) and isfinite({y}) and abs({x} - {y}) <= {TOLERANCE} * greatest(abs({x}), abs({y}))"
        return f"({apart} and not coalesce({near}, false))"

    def is_float(self, column: str) -> bool:
        """Whether its values may differ by how they were added up."""
        kinds = {self.a.types[column], self.b.types[column]}
        return bool(kinds & {"DOUBLE", "FLOAT"}) and all(_is_number(kind) for kind in kinds)

    @property
    def same_key(self) -> str:
        """SQL that is true where ``a`` and ``b`` are the same row."""
        return " and ".join(f"{self.value('a', c)} is not distinct from {self.value('b', c)}" for c in self.grain)


def _is_number(kind: str) -> bool:
    return kind.startswith("DECIMAL") or kind in {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    }


def compare(
    asked_a: str,
    asked_b: str,
    settings: Settings,
    *,
    only: Sequence[str] = (),
    restricted: bool = False,
    every_column: bool = False,
    ignore: Sequence[str] = (),
    examples: int = EXAMPLES,
    memory: str = "2GB",
) -> Diff:
    """Compare every mart of two builds.

    Args:
        asked_a: The earlier build, as `resolve` takes it.
        asked_b: The later one.
        settings: Where the home is.
        only: Marts to compare, ``schema.table`` or ``table``; all by default.
        restricted: Count also what changed in the schema ``restricted``; its keys and values are never shown.
        every_column: Compare also the columns that differ by nature.
        ignore: More columns to leave out.
        examples: How many rows of each kind to show of a mart.
        memory: What DuckDB may hold; the rest is spilled to disk.

    Raises:
        GofalError: There is no such build or mart, or a file cannot be opened.
    """
    path_a, path_b = resolve(asked_a, settings), resolve(asked_b, settings)
    left_out = frozenset({*ignore, *(() if every_column else BY_NATURE)})
    # of two manifests the later says how its mart is meant; where it does not, the earlier
    known = {**grains(path_a, settings), **grains(path_b, settings)}
    with _connected(memory) as connection:
        tables_a = _tables(connection, "a", path_a, restricted=restricted)
        # a build beside itself: DuckDB opens a file once
        tables_b = tables_a if path_a == path_b else _tables(connection, "b", path_b, restricted=restricted)
        names = sorted({*tables_a, *tables_b})
        hidden = [name for name in names if name.startswith(f"{RESTRICTED}.") and not restricted]
        marts = [
            _mart(connection, name, tables_a.get(name), tables_b.get(name), known.get(name, []), left_out, examples)
            for name in _chosen([name for name in names if name not in hidden], only)
        ]
    return Diff(
        a=side(asked_a, path_a),
        b=side(asked_b, path_b),
        marts=marts,
        ignored=sorted({column for mart in marts for column in mart.ignored}),
        restricted_left_out=bool(hidden) or any(_restricted(p).exists() and not restricted for p in (path_a, path_b)),
    )


def _restricted(database: Path) -> Path:
    """Where a publication keeps what only the owner of the home may read."""
    return database.parent / RESTRICTED / "gofal_restricted.duckdb"


def _chosen(names: list[str], only: Sequence[str]) -> list[str]:
    missing = [one for one in only if not any(one in (name, name.split(".")[1]) for name in names)]
    if missing:
        raise GofalError(
            f"Neither build has a mart {', '.join(missing)}. There are: {', '.join(names)}.",
            f"Nid oes mart {', '.join(missing)} yn y naill adeiladwaith na’r llall. Y rhai sydd: {', '.join(names)}.",
            code="no_mart",
        )
    return [name for name in names if not only or name in only or name.split(".")[1] in only]


@contextmanager
def _connected(memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with tempfile.TemporaryDirectory(prefix="gofal-diff-") as spill:
        config: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": spill,
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(":memory:", config=config) as connection:
            yield connection


def _tables(connection: duckdb.DuckDBPyConnection, alias: str, path: Path, *, restricted: bool) -> dict[str, _Table]:
    """The marts of a build. Attached under a name of its own, because every build is called gofal inside."""
    found = _attach(connection, alias, path)
    if restricted and _restricted(path).exists():
        found |= _attach(connection, f"{alias}_{RESTRICTED}", _restricted(path))
    return found


def _attach(connection: duckdb.DuckDBPyConnection, alias: str, path: Path) -> dict[str, _Table]:
    import duckdb

    try:
        connection.execute(f"attach {literal(str(path))} as {alias} (read_only)")
    except duckdb.Error as error:
        raise GofalError(
            f"{path} cannot be opened: {error}. A build opens once it is written, and only with the DuckDB that wrote "
            "it or a later one; gofal publish lists what is published.",
            f"Ni ellir agor {path}: {error}. Gellir agor adeiladwaith ar ôl iddo gael ei ysgrifennu, a dim ond gyda’r "
            "DuckDB a’i hysgrifennodd neu un diweddarach; mae gofal publish yn rhestru’r hyn a gyhoeddwyd.",
            code="build_unreadable",
        ) from error
    found: dict[str, _Table] = {}
    for schema, table, column, kind in connection.execute(
        """
        select c.schema_name, c.table_name, c.column_name, c.data_type
        from duckdb_columns() as c
        inner join duckdb_tables() as t
            on c.database_name = t.database_name and c.schema_name = t.schema_name and c.table_name = t.table_name
        where c.database_name = ? order by c.schema_name, c.table_name, c.column_index
        """,
        [alias],
    ).fetchall():
        if schema not in NOT_MARTS:
            where = f"{alias}.{quote(schema)}.{quote(table)}"
            found.setdefault(f"{schema}.{table}", _Table(where, {})).types[column] = kind
    return found


def _mart(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    a: _Table | None,
    b: _Table | None,
    grain: list[str],
    left_out: frozenset[str],
    examples: int,
) -> MartDiff:
    is_restricted = name.startswith(f"{RESTRICTED}.")
    result = MartDiff(name=name, state="same", is_restricted=is_restricted)
    result.rows_a, result.rows_b = (
        _one(connection, f"select count(*) from {t.qualified}") if t else None for t in (a, b)
    )
    if a is None or b is None:
        result.state = "added" if a is None else "removed"
        result.added, result.removed = result.rows_b or 0, result.rows_a or 0
        return result
    result.columns_added = [column for column in b.types if column not in a.types]
    result.columns_removed = [column for column in a.types if column not in b.types]
    shared = [column for column in b.types if column in a.types]
    result.columns_retyped = [
        Retyped(column=column, old=a.types[column], new=b.types[column])
        for column in shared
        if a.types[column] != b.types[column]
    ]
    result.grain = grain if set(grain) <= set(shared) else []
    compared = [column for column in shared if column not in left_out and column not in result.grain]
    result.ignored = [column for column in shared if column in left_out and column not in result.grain]
    result.measure = next((column for column in MEASURES if column in shared), None)
    pair = _Pair(a, b, result.grain, compared)
    if a.qualified != b.qualified and not _is_same(connection, pair):
        if result.grain and _touched(connection, pair):
            _by_key(connection, pair, result, 0 if is_restricted else examples)
        else:
            result.grain_not_unique = bool(result.grain)
            _by_row(connection, pair, result, 0 if is_restricted else examples)
    if is_restricted:  # a key of a small measure would say who
        result.by_measure, result.measure = [], None
    columns = result.columns_added or result.columns_removed or result.columns_retyped
    if columns or result.added or result.removed or result.changed:
        result.state = "changed"
    return result


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    found = connection.execute(sql).fetchone()
    return found[0] if found else None


BUCKETS = 65536


def _is_same(connection: duckdb.DuckDBPyConnection, pair: _Pair) -> bool:
    """Whether every row is the same to the last bit: what is so of most marts, and cheap to know.

    Rows fall into buckets by their key, and only those of buckets that are not the same are looked at again.
    """
    columns = [*pair.grain, *pair.compared]
    each = " union all ".join(
        f"select {_bucket(pair, alias)} as bucket, {sign} as side, {pair.hashed(alias, columns)} as r "
        f"from {table.qualified} as {alias}"
        for alias, table, sign in (("a", pair.a, 1), ("b", pair.b, -1))
    )
    connection.execute(
        f"create or replace temp table buckets as select bucket from ({each}) group by bucket "
        "having sum(side) <> 0 or bit_xor(r) <> 0 or sum(side * cast(r >> 33 as bigint)) <> 0"
    )
    return not _one(connection, "select count(*) from buckets")


def _bucket(pair: _Pair, alias: str) -> str:
    return f"({pair.hashed(alias, pair.grain)} % {BUCKETS})"


def _touched(connection: duckdb.DuckDBPyConnection, pair: _Pair) -> bool:
    """Find the keys whose rows are not the same on both sides. False where the grain is not unique."""
    each = " union all ".join(
        f"select {pair.hashed(alias, pair.grain)} as k, {pair.hashed(alias, pair.compared)} as r, "
        f"{int(alias == 'a')} as in_a, {int(alias == 'b')} as in_b from {table.qualified} as {alias} "
        f"where {_bucket(pair, alias)} in (from buckets)"
        for alias, table in (("a", pair.a), ("b", pair.b))
    )
    connection.execute(
        "create or replace temp table touched as "
        f"select k, sum(in_a) as n_a, sum(in_b) as n_b from ({each}) group by k having not "
        "(sum(in_a) = 1 and sum(in_b) = 1 and min(r) = max(r))"
    )
    if not _one(connection, "select count(*) from touched where n_a > 1 or n_b > 1"):
        return True
    for alias, table in (("a", pair.a), ("b", pair.b)):  # unless two keys happen to have one hash
        key = ", ".join(pair.value(alias, column) for column in pair.grain)
        twice = (
            f"select 1 from {table.qualified} as {alias} where {pair.hashed(alias, pair.grain)} in "
            f"(select k from touched where n_a > 1 or n_b > 1) group by {key} having count(*) > 1 limit 1"
        )
        if _one(connection, twice):
            return False
    return True


BITS = 60
"""Columns whose difference one number holds."""


def _by_key(connection: duckdb.DuckDBPyConnection, pair: _Pair, result: MartDiff, examples: int) -> None:
    """Compare cell by cell the rows that are known by the mart's grain."""
    masks = [pair.compared[start : start + BITS] for start in range(0, len(pair.compared), BITS)]
    bits = [
        " + ".join(f"(cast({pair.differs(column)} as bigint) << {place})" for place, column in enumerate(columns))
        for columns in masks
    ]
    both = "a._here and b._here"
    kept = [*pair.grain, *([result.measure] if result.measure and result.measure not in pair.grain else [])]
    keys = [
        f"case when b._here then {pair.value('b', column)} else {pair.value('a', column)} end as {quote(column)}"
        for column in kept
    ]
    flags = [f"case when {both} then {mask} else 0 end as _m{number}" for number, mask in enumerate(bits)]
    sides = [
        f"(select *, true as _here from {table.qualified} as {alias} "
        f"where {pair.hashed(alias, pair.grain)} in (select k from touched)) as {alias}"
        for alias, table in (("a", pair.a), ("b", pair.b))
    ]
    connection.execute(
        f"create or replace temp table pairs as select {', '.join([*keys, *flags])}, "
        f"case when a._here is null then 'added' when b._here is null then 'removed' else 'both' end as _kind "
        f"from {sides[0]} full join {sides[1]} on {pair.same_key}"
    )
    numbers = range(len(masks))
    changed = " or ".join(f"_m{number} <> 0" for number in numbers) or "false"
    cells = " + ".join(f"bit_count(_m{number})" for number in numbers) or "0"
    measure = quote(result.measure) if result.measure else "null"
    counted = connection.execute(
        f"select cast({measure} as varchar), count(*) filter (_kind = 'added'), count(*) filter (_kind = 'removed'), "
        f"count(*) filter ({changed}), cast(coalesce(sum({cells}), 0) as bigint) from pairs "
        f"where _kind <> 'both' or {changed} group by 1 order by 1 nulls first"
    ).fetchall()
    counts = [Count(key=k, added=n, removed=g, changed=c, cells=v) for k, n, g, c, v in counted]
    result.added, result.removed = sum(c.added for c in counts), sum(c.removed for c in counts)
    result.changed, result.cells = sum(c.changed for c in counts), sum(c.cells for c in counts)
    if result.measure:
        result.by_measure = sorted(counts, key=lambda c: (-(c.added + c.removed + c.changed), c.key or ""))
    if pair.compared:
        sums = [
            f"coalesce(sum((_m{number} >> {place}) & 1), 0)"
            for number, columns in enumerate(masks)
            for place in range(len(columns))
        ]
        row = connection.execute(f"select {', '.join(sums)} from pairs").fetchone() or ()
        found = {column: int(number) for column, number in zip(pair.compared, row, strict=True) if number}
        result.by_column = dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
    result.examples = _examples(connection, pair, changed, examples)


def _examples(connection: duckdb.DuckDBPyConnection, pair: _Pair, changed: str, count: int) -> list[Example]:
    """The first rows of each kind, by key, and of those that changed every value that did."""
    key = ", ".join(quote(column) for column in pair.grain)
    found: list[Example] = []
    for kind, which in (("changed", changed), ("added", "_kind = 'added'"), ("removed", "_kind = 'removed'")):
        rows = connection.execute(f"select {key} from pairs where {which} order by {key} limit {count}").fetchall()
        found += [
            Example.model_validate({"kind": kind, "key": dict(zip(pair.grain, row, strict=True))}) for row in rows
        ]
    changed_ones = [example for example in found if example.kind == "changed"]
    if changed_ones and pair.compared:
        connection.execute(
            f"create or replace temp table shown as select {key} from pairs "
            f"where {changed} order by {key} limit {count}"
        )
        hashed = f"select hash({key}) from shown"  # keys are kept in the form that both sides share
        sides = [
            f"(from {table.qualified} as {alias} where {pair.hashed(alias, pair.grain)} in ({hashed}))"
            for alias, table in (("a", pair.a), ("b", pair.b))
        ]
        each = ", ".join(f"{pair.differs(c)}, a.{quote(c)}, b.{quote(c)}" for c in pair.compared)
        same_key = " and ".join(
            f"s.{quote(column)} is not distinct from {pair.value('b', column)}" for column in pair.grain
        )
        rows = connection.execute(
            f"select {each} from {sides[0]} as a inner join {sides[1]} as b on {pair.same_key} "
            f"inner join shown as s on {same_key} order by {', '.join(f's.{quote(c)}' for c in pair.grain)}"
        ).fetchall()
        for example, row in zip(changed_ones, rows, strict=True):
            triples = zip(pair.compared, row[::3], row[1::3], row[2::3], strict=True)
            example.cells = [Cell(column=c, old=old, new=new) for c, differs, old, new in triples if differs]
    return found


def _by_row(connection: duckdb.DuckDBPyConnection, pair: _Pair, result: MartDiff, examples: int) -> None:
    """Compare whole rows, where nothing says what a row is known by: one that changed is a removed and an added one."""
    columns = [*pair.grain, *pair.compared]

    def rounded(alias: str, column: str) -> str:
        value = pair.value(alias, column)
        if not pair.is_float(column):
            return value
        # nine digits: what was added up in another order is the same
        return f"case when isfinite({value}) then format('{{:.9g}}', {value}::double) else {value}::varchar end"

    def values(alias: str) -> str:
        return ", ".join(f"{rounded(alias, column)} as {quote(column)}" for column in columns)

    connection.execute(
        f"create or replace temp table moved as "
        f"select h, sum(n) as n from (select hash(t) as h, 1 as n from (select {values('b')} from {pair.b.qualified} "
        f"as b) as t union all select hash(t), -1 from (select {values('a')} from {pair.a.qualified} as a) as t) "
        "group by h having sum(n) <> 0"
    )
    measure = f"cast({quote(result.measure)} as varchar)" if result.measure else "null"
    counts: dict[str | None, Count] = {}
    for kind, alias, table, sign in (("added", "b", pair.b, 1), ("removed", "a", pair.a, -1)):
        chosen = (
            f"select t.*, m.n from (select *, hash(t) as h from (select {values(alias)} from {table.qualified} as "
            f"{alias}) as t) as t inner join (select h, n * {sign} as n from moved where n * {sign} > 0) as m "
            "on t.h = m.h "
            "qualify row_number() over (partition by t.h) <= m.n"
        )
        for key, number in connection.execute(
            f"select {measure}, count(*) from ({chosen}) group by 1 order by 1 nulls first"
        ).fetchall():
            setattr(counts.setdefault(key, Count(key=key, added=0, removed=0, changed=0, cells=0)), kind, number)
        named = ", ".join(quote(column) for column in columns)
        for row in connection.execute(f"select {named} from ({chosen}) order by {named} limit {examples}").fetchall():
            key_of = dict(zip(columns, row, strict=True))
            result.examples.append(Example(kind=kind, key=key_of))
    result.added = sum(c.added for c in counts.values())
    result.removed = sum(c.removed for c in counts.values())
    if result.measure:
        result.by_measure = sorted(counts.values(), key=lambda c: (-(c.added + c.removed), c.key or ""))


# -- saying it -------------------------------------------------------------------------------------------------

WORDS: dict[str, tuple[str, str]] = {
    "title": ("What changed in the marts", "Beth newidiodd yn y martiau"),
    "build_a": ("Build A (the earlier)", "Adeiladwaith A (y cynharaf)"),
    "build_b": ("Build B (the later)", "Adeiladwaith B (y diweddaraf)"),
    "mart": ("Mart", "Mart"),
    "rows_a": ("Rows in A", "Rhesi yn A"),
    "rows_b": ("Rows in B", "Rhesi yn B"),
    "added": ("Rows added", "Rhesi newydd"),
    "removed": ("Rows removed", "Rhesi a dynnwyd"),
    "changed": ("Rows changed", "Rhesi a newidiodd"),
    "cells": ("Cells changed", "Celloedd a newidiodd"),
    "columns": ("Columns added, removed or of another type", "Colofnau newydd, a dynnwyd neu o fath arall"),
    "mart_added": ("the mart is new", "mae’r mart yn newydd"),
    "mart_removed": ("the mart is gone", "mae’r mart wedi mynd"),
    "column_added": ("column added", "colofn newydd"),
    "column_removed": ("column removed", "colofn a dynnwyd"),
    "column_retyped": ("column of another type", "colofn o fath arall"),
    "by_column": ("Cells changed, by column", "Celloedd a newidiodd, fesul colofn"),
    "by": ("By", "Fesul"),
    "column": ("Column", "Colofn"),
    "key": ("Row", "Rhes"),
    "old": ("In A", "Yn A"),
    "new": ("In B", "Yn B"),
    "examples": ("The first rows", "Y rhesi cyntaf"),
    "row_added": ("added", "newydd"),
    "row_removed": ("removed", "tynnwyd"),
    "row_changed": ("changed", "newidiodd"),
    "grain": ("One row for each", "Un rhes ar gyfer pob"),
    "ignored": (
        "Not compared, because they say only when and by which load a row came",
        "Heb eu cymharu, am mai dim ond pryd a chyda pha lwyth y daeth rhes y maent yn ei ddweud",
    ),
    "restricted_left_out": (
        "The restricted schema was left out; --restricted counts what changed in it.",
        "Gadawyd y sgema cyfyngedig allan; mae --restricted yn cyfrif beth newidiodd ynddo.",
    ),
    "restricted": (
        "Restricted: only counted, never shown.",
        "Cyfyngedig: dim ond ei gyfrif, byth ei ddangos.",
    ),
    "no_grain": (
        "Nothing says what one row is known by, so whole rows were compared: one that changed counts as removed and "
        "added.",
        "Nid oes dim yn dweud beth sy’n adnabod rhes, felly cymharwyd rhesi cyfan: mae un a newidiodd yn cyfrif fel "
        "rhes a dynnwyd a rhes newydd.",
    ),
    "grain_not_unique": (
        "The key of this mart is not unique, so whole rows were compared: one that changed counts as removed and "
        "added.",
        "Nid yw allwedd y mart hwn yn unigryw, felly cymharwyd rhesi cyfan: mae un a newidiodd yn cyfrif fel rhes a "
        "dynnwyd a rhes newydd.",
    ),
    "same": ("Nothing changed in", "Ni newidiodd dim yn"),
    "number": ("Number", "Nifer"),
    "note": (
        "NULL is the same as NULL, and floating-point numbers are the same within a billionth of the larger.",
        "Mae NULL yr un fath â NULL, ac mae rhifau pwynt arnawf yr un fath o fewn biliynfed ran o’r mwyaf.",
    ),
}
"""What the page and the terminal say, in English and Welsh."""


def summary(found: Diff) -> tuple[str, str]:
    """What changed, in a sentence."""
    if not found.differs:
        return (
            f"Nothing differs in {len(found.marts)} marts.",
            f"Nid oes dim yn wahanol mewn {len(found.marts)} mart.",
        )
    added, removed, changed, cells = (
        sum(getattr(mart, what) for mart in found.marts) for what in ("added", "removed", "changed", "cells")
    )
    return (
        f"{len(found.changed)} of {len(found.marts)} marts differ: {added:,} rows added, {removed:,} removed, "
        f"{changed:,} changed ({cells:,} cells).",
        f"Mae {len(found.changed)} o {len(found.marts)} mart yn wahanol: {added:,} o resi newydd, {removed:,} wedi’u "
        f"tynnu, {changed:,} wedi newid ({cells:,} o gelloedd).",
    )


def said(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "∅"
    if isinstance(value, float):
        return f"{value:,.12g}"
    return str(value)


def render(found: Diff, language: Language = "en") -> str:
    """The comparison as one HTML page that needs nothing else, in both languages.

    Args:
        found: The comparison.
        language: Which of the two the page opens in.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["said"] = said
    return environment.get_template(TEMPLATE.name).render(
        diff=found, first=language, words=WORDS, summary=summary(found), restricted_schema=RESTRICTED
    )
