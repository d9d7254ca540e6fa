"""One batch, and the last accepted one, as numbered cells in a private DuckDB: what every check reads.

The Parquet files are read once. A label is looked at once for each distinct spelling, in Python; each row then carries
only small numbers, so that a million rows are judged in bounded memory and DuckDB spills what does not fit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from expectations.rules import ROW_CAP
from expectations.vocabulary import AUTHORITY, WALES, area_key, period_key, shown_period
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.registry import Dataset, normalise

if TYPE_CHECKING:
    import pandas as pd

MEMORY_LIMIT = "512MB"
VECTOR = 2048
"""DuckDB hands rows over in vectors of this many."""
FIXED = {"value", "notes", "note_codes", "period_sort", "area_hierarchy"}
NUMBER = r"^ *[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *$"
TIME = r"^ *[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})? *$"
"""Written without ``\\s`` and ``\\d``: those mean more in Unicode, and pandas leaves Arrow for Python to match them."""


class Known(BaseModel):
    """One thing that a column names: all spellings of it together."""

    key: str | None
    """Our key for it, or None where no list knows it."""
    shown: str
    """What the suite sees: the key, or the text as it came."""
    label: str
    """What a message calls it."""


class Cells:
    """A context: open it, ask, and everything is gone afterwards."""

    def __init__(
        self,
        dataset: Dataset,
        record: LoadRecord,
        previous: LoadRecord | None,
        lake: Lake,
        aliases: Mapping[str, str],
    ) -> None:
        """Say what to read; nothing is read before the context is entered.

        Args:
            dataset: The registry entry.
            record: The load to judge; it has a staged file.
            previous: The load that it is compared with, or None.
            lake: Where both are.
            aliases: From `vocabulary.load_aliases`.
        """
        self.dataset = dataset
        self.record = record
        self.previous = previous if previous and previous.raw_file else None
        self.known: dict[str, list[Known]] = {}
        """By role: what the numbers in the cells stand for."""
        self._lake = lake
        self._aliases = aliases

    def __enter__(self) -> Cells:
        import duckdb

        self._folder = tempfile.TemporaryDirectory(prefix="gofal-check-")
        self._db = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": self._folder.name,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        self._db.execute("SET enable_progress_bar = false")
        # Joins stand as they are written, so that the rows stay in their order: it is the first that are named
        self._db.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        if not self._lake.local:
            self._db.register_filesystem(self._lake.fs)
        self.columns = self._describe(self.record.staged_file)
        self.old_columns = self._describe(self.previous.raw_file) if self.previous else []
        self.roles = [role for role in self.dataset.columns if role in self.columns]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._folder.cleanup()

    # -- what is in the files ------------------------------------------------------------------------------------

    @property
    def missing(self) -> list[str]:
        """The required roles that the batch has no column for. A cell without measure, period and area is none."""
        return [
            role
            for role, column in self.dataset.columns.items()
            if (column.required or column.kind != "breakdown") and role not in self.columns
        ]

    @property
    def extras(self) -> list[str]:
        """The batch's columns that no role claims."""
        return self._extras(self.columns)

    @property
    def old_extras(self) -> list[str]:
        """The last accepted batch's columns that no role claims."""
        return self._extras(self.old_columns)

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
        """Ask for one row."""
        row: tuple[Any, ...] = self._db.execute(sql, list(parameters)).fetchone() or ()
        return row

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask for rows; the question bounds how many."""
        rows: list[tuple[Any, ...]] = self._db.execute(sql, list(parameters)).fetchall()
        return rows

    @property
    def new_file(self) -> str:
        """The batch, as SQL."""
        return self._scan(self.record.staged_file)

    @property
    def old_file(self) -> str:
        """The last accepted batch, as SQL; only where there is one."""
        return self._scan(self.previous.raw_file if self.previous else None)

    def members_file(self) -> str | None:
        """The staged dimension members, as SQL, or None where the landing gave none."""
        staged = self.record.staged_file or ""
        members = self.record.members_file or staged.removesuffix(".parquet") + ".members.parquet"
        return self._scan(members) if self._lake.exists(members) else None

    def rows(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The rows with these numbers, as they came: ``source_row`` and the values.

        Args:
            numbers: At most `ROW_CAP` of them are looked up.
        """
        wanted = sorted(set(numbers))[:ROW_CAP]
        if not wanted:
            return []
        names = ["value", "notes", "note_codes"]
        for role in self.roles:
            names += [role, f"{role}_code"]
        names = [name for name in names if name in self.columns]
        found = self._db.execute(
            f"SELECT _source_row, {', '.join(map(quote, names))} FROM {self.new_file} "
            f"WHERE _source_row IN (SELECT unnest(?::BIGINT[])) ORDER BY _source_row",
            [wanted],
        ).fetchall()
        return [dict(zip(["source_row", *names], row, strict=True)) for row in found]

    # -- the cells ---------------------------------------------------------------------------------------------

    def encode(self) -> None:
        """Read the files into the tables ``cells`` and ``old_cells``.

        Both have ``n`` (the source row), ``value``, ``number``, ``notes`` and, for each role, its number under
        `quote`d role name. A number stands for the same thing in both.
        """
        for role in self.roles:
            self._number(role)
        self._encode("cells", self.new_file, self.columns)
        if self.previous:
            self._encode("old_cells", self.old_file, self.old_columns)

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """The columns that the suite needs, in pieces.

        Args:
            chunk_rows: How many rows at most in a piece (rounded up to a multiple of DuckDB's vectors).

        Yields:
            ``_source_row``, ``value``, ``note_codes``, ``notes_of_empty_value``, ``number``, ``off_base`` (how far a
            number is from a rounded one), and a column for each role of what it is shown as.
        """
        import pandas as pd

        measured = self.ids("measure", lambda known: known.key is not None)
        base = self.dataset.rounding_base
        off_base = (
            f"CASE WHEN measure IN ({listed(measured)}) THEN abs(number - round(number / {base}) * {base}) END"
            if base and measured
            else "NULL::DOUBLE"
        )
        number = f"CASE WHEN measure IN ({listed(measured)}) THEN number END" if measured else "NULL::DOUBLE"
        result = self._db.execute(
            f"SELECT n AS _source_row, value, notes AS note_codes, "
            f"CASE WHEN value IS NULL THEN coalesce(notes, '') END AS notes_of_empty_value, "
            f"{number} AS number, {off_base} AS off_base, {', '.join(map(quote, self.roles))} FROM cells"
        )
        shown = {role: pd.Index([known.shown for known in self.known[role]]) for role in self.roles}
        unique = {role: index.unique() for role, index in shown.items()}
        codes = {role: unique[role].get_indexer(index) for role, index in shown.items()}
        vectors = max(1, chunk_rows // VECTOR)
        while len(frame := result.fetch_df_chunk(vectors)):
            for role in self.roles:
                numbers = codes[role][frame[role].to_numpy()]
                frame[role] = pd.Categorical.from_codes(numbers, categories=unique[role])
            yield frame

    def ids(self, role: str, wanted: Any) -> list[int]:
        """The numbers of what a role names, where ``wanted(known)``."""
        return [number for number, known in enumerate(self.known.get(role, [])) if wanted(known)]

    @property
    def wales(self) -> list[int]:
        """The number of Wales, if it is there."""
        return self.ids("area", lambda known: known.key == WALES)

    @property
    def authorities(self) -> list[int]:
        """The numbers of the local authorities that are there."""
        return self.ids("area", lambda known: known.key is not None and AUTHORITY.match(known.key))

    # -- inside ------------------------------------------------------------------------------------------------

    def _scan(self, relative: str | None) -> str:
        if not relative:
            raise ValueError("there is no file to read")
        path = self._lake.path(relative)
        url = path if self._lake.local else self._lake.fs.unstrip_protocol(path)
        return f"read_parquet({literal(url)})"

    def _describe(self, relative: str | None) -> list[str]:
        return [row[0] for row in self.all(f"DESCRIBE SELECT * FROM {self._scan(relative)}")]

    def _extras(self, columns: list[str]) -> list[str]:
        claimed = FIXED | set(self.dataset.columns) | {f"{role}_code" for role in self.dataset.columns}
        return [name for name in columns if name not in claimed and not name.startswith("_")]

    def _number(self, role: str) -> None:
        """Give everything that a role names a number, in a table ``d_<role>`` of its spellings."""
        import pandas as pd

        sort = role == "period"
        sources = [(self.new_file, self.columns)]
        if self.previous and role in self.old_columns:
            sources.append((self.old_file, self.old_columns))
        spellings = self.all(
            " UNION ".join(f"SELECT DISTINCT {self._spelling(role, columns)} FROM {file}" for file, columns in sources)
        )
        spellings.sort(key=lambda s: tuple(text or "" for text in s))
        numbers: dict[str, int] = {}
        known: list[Known] = []
        given = []
        for label, code, end in spellings:
            key, shown = self._recognise(role, label, code, end)
            # The identity of what no list knows is its code, which outlives a change of label
            identity = key if key is not None else f"~{normalise(code) or normalise(label)}"
            if identity not in numbers:
                numbers[identity] = len(known)
                known.append(Known(key=key, shown=shown, label=label or code or ""))
            given.append(numbers[identity])
        self.known[role] = known
        table = pd.DataFrame(
            {
                "label": pd.Series([s[0] for s in spellings], dtype=object),
                "code": pd.Series([s[1] for s in spellings], dtype=object),
                "ending": pd.Series([s[2] for s in spellings], dtype=object),
                "id": pd.Series(given, dtype="uint32"),
            }
        )
        self._db.register("spellings", table)
        self._db.execute(
            f"CREATE TEMP TABLE {quote('d_' + role)} AS SELECT label::VARCHAR AS label, code::VARCHAR AS code, "
            f"{'ending::VARCHAR' if sort else 'NULL::VARCHAR'} AS ending, id FROM spellings"
        )
        self._db.unregister("spellings")

    def _spelling(self, role: str, columns: list[str]) -> str:
        names = [role, f"{role}_code", "period_sort" if role == "period" else ""]
        return ", ".join(quote(name) if name in columns else "NULL" for name in names)

    def _recognise(self, role: str, label: str | None, code: str | None, end: str | None) -> tuple[str | None, str]:
        column = self.dataset.columns[role]
        if column.kind == "period" and column.period:
            key = period_key(column.period, label, code, end)
            return key, shown_period(key, label, code)
        key = area_key(self._aliases, label, code) if column.kind == "area" else column.find(label, code)
        # What is not recognised must not look like a key: a label may be the code of an area that we know.
        unknown = f"{label} ({code})" if label and code and label != code else label or code or ""
        return key, key or unknown

    def _encode(self, table: str, file: str, columns: list[str]) -> None:
        joins, ids = [], []
        for role in self.roles:
            if role not in columns:
                continue
            d = quote("d_" + role)
            label, code, end = (
                f"b.{quote(name)}" if name in columns else "NULL"
                for name in (role, f"{role}_code", "period_sort" if role == "period" else "")
            )
            joins.append(
                f"JOIN {d} ON {d}.label IS NOT DISTINCT FROM {label} AND {d}.code IS NOT DISTINCT FROM {code}"
                + (f" AND {d}.ending IS NOT DISTINCT FROM {end}" if role == "period" else "")
            )
            ids.append(f"{d}.id AS {quote(role)}")
        notes = "b.note_codes" if "note_codes" in columns else "NULL::VARCHAR"
        self._db.execute(
            f"CREATE TEMP TABLE {table} AS SELECT b._source_row AS n, b.value, "
            f"TRY_CAST(b.value AS DOUBLE) AS number, {notes} AS notes, {', '.join(ids)} FROM {file} b {' '.join(joins)}"
        )


def quote(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def listed(numbers: Sequence[int]) -> str:
    """Numbers for ``IN (…)``; never empty, so that the SQL stands."""
    return ", ".join(map(str, numbers)) or "-1"
