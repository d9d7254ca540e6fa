"""One batch, and the last accepted one, as numbered cells in a private DuckDB: what every check reads.

The Parquet files are read once. A label is looked at once for each distinct spelling, in Python; each row then carries
only small numbers, so that a million rows are judged in bounded memory and DuckDB spills what does not fit.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from expectations.rules import ROW_CAP
from ingestion.engine import exact, quote
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.meanings import ALL, AUTHORITY, GSS, WALES, Meanings, Member
from ingestion.statswales.periods import shown_period
from ingestion.statswales.registry import Column, Measure, normalise

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

MEMORY_LIMIT = "512MB"
FEW_ROWS = 100_000
VECTOR = 2048
"""DuckDB hands rows over in vectors of this many."""
FIXED = {"value", "notes", "note_codes", "period_sort", "area_hierarchy"}
NUMBER = r"^ *[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *$"
TIME = r"^ *[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})? *$"
"""Written without ``\\s`` and ``\\d``: those mean more in Unicode, and pandas leaves Arrow for Python to match them."""
THOUSANDS = "^ *[+-]?[0-9]{1,3}(?:[ ,'\u00a0\u2009\u202f\u2019][0-9]{3})+(?:[.][0-9]+)? *$"
"""A number with separators between its thousands."""


UNKNOWN, UNFIT = "? ", "! "
"""Marks before a text as it came, which no key has: nobody knows what it means; it is known, and not as it should be
(an area outside Wales, a member that the registry does not list)."""
COUNTED = frozenset({"children", "people", "households", "count", "episodes", "cases"})
"""Units of which there are whole ones."""
_PER = re.compile(r"\b(average|mean|median|per|rate|ratio|percentage)\b", re.IGNORECASE)
"""Words in the title of a measure that does not add up, whatever its unit is: pounds per child."""

Text = tuple[str | None, str | None, str | None]
"""A spelling: label, code and, of a period, sort."""


class Known(BaseModel):
    """One thing that a column names: all spellings of it together."""

    key: str | None
    """Our key for it, or None where no list knows it."""
    shown: str
    """What the suite sees: the key, or the text as it came behind a mark."""
    label: str
    """What a message calls it."""
    measure_key: str | None = None
    """Of a data description: the measure that its rows are staged as."""
    scale: float = 1.0
    hidden: dict[str, str] = {}
    """Of a measured data description: every breakdown that the dataset hides there, with this one's member."""


@contextlib.contextmanager
def workbench() -> Iterator[duckdb.DuckDBPyConnection]:
    """A private DuckDB with room to spill, for one batch or for many one after another."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="gofal-check-") as folder:
        config: dict[str, Any] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with contextlib.closing(duckdb.connect(":memory:", config=config)) as database:
            database.execute("SET enable_progress_bar = false")
            yield database


class Cells:
    """A context: open it, ask, and everything is gone afterwards."""

    def __init__(
        self,
        meanings: Meanings,
        record: LoadRecord,
        previous: LoadRecord | None,
        lake: Lake,
        measures: Mapping[str, Measure] | None = None,
        database: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        """Say what to read; nothing is read before the context is entered.

        Args:
            meanings: Those of the registry entry.
            record: The load to judge; it has a staged file.
            previous: The load that it is compared with, or None.
            lake: Where both are.
            measures: The registry's, by key.
            database: From `workbench`, shared with other batches one after another; by default one of its own.
        """
        self.meanings = meanings
        self.dataset = meanings.dataset
        self.record = record
        self.previous = previous if previous and previous.raw_file else None
        self.known: dict[str, list[Known]] = {}
        """By role: what the numbers in the cells stand for."""
        self.numbers: dict[str, dict[Text, int]] = {}
        """By role: the number of each spelling in the batch."""
        self.measures = measures or {}
        self._lake = lake
        self._database = database

    def __enter__(self) -> Cells:
        self._held = contextlib.ExitStack()
        try:
            shared = self._database if self._lake.local else None
            # Temporary tables are the cursor's own, and go with it
            self._db = self._held.enter_context((shared or self._held.enter_context(workbench())).cursor())
            # Joins stand as they are written, so that the rows stay in their order: it is the first that are named
            self._db.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
            if not self._lake.local:
                self._db.register_filesystem(self._lake.fs)
            self._look()
        except BaseException:
            self._held.close()
            raise
        return self

    def _look(self) -> None:
        """See which columns there are, and how much work."""
        (rows,) = self.one(f"SELECT count(*) FROM {self.new_file}")
        # Handing a little work to several threads takes longer than doing it
        self._db.execute("SET threads = 1" if rows < FEW_ROWS else "RESET threads")
        self.columns = self._describe(self.record.staged_file)
        self.old_columns = self._describe(self.previous.raw_file) if self.previous else []
        self.roles = [role for role in self.dataset.columns if role in self.columns]

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

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

        measured = self.measured
        base = self.dataset.rounding_base
        rounded = [number for number in measured if self._is_count(self.known["measure"][number])]
        off_base = (
            f"CASE WHEN measure IN ({listed(rounded)}) THEN abs(number - round(number / {base}) * {base}) END"
            if base and rounded
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

    def ids(self, role: str, wanted: Callable[[Known], object]) -> list[int]:
        """The numbers of what a role names, where ``wanted(known)``."""
        return [number for number, known in enumerate(self.known.get(role, [])) if wanted(known)]

    @property
    def measured(self) -> list[int]:
        """The numbers of the data descriptions whose rows are staged."""
        return self.ids("measure", lambda known: known.measure_key is not None)

    def adding(self) -> dict[int, float]:
        """The data descriptions whose figures add up, and to what each figure is rounded (0: not at all).

        Counts and money do; rates, shares and averages do not, nor does a "count" with parts of a whole.
        """
        decimals = {
            measure: (int(fractions), int(places or 0))
            for measure, fractions, places in self.all(
                "SELECT measure, count(*) FILTER (number <> round(number)), "
                "max(CASE WHEN contains(value, '.') THEN length(regexp_extract(trim(value), '[.]([0-9]+)$', 1)) END) "
                "FROM cells WHERE number IS NOT NULL GROUP BY measure"
            )
        }
        found = {}
        for number in self.measured:
            fractions, places = decimals.get(number, (0, 0))
            measure = self.measures.get(self.known["measure"][number].measure_key or "")
            if measure and _PER.search(measure.title_en):
                continue
            base = float(max(self.dataset.rounding_base or 0, (measure.rounding_base or 0) if measure else 0))
            if measure and measure.unit == "gbp":
                found[number] = max(base, 10.0**-places)
            elif not fractions and (measure is None or measure.unit in COUNTED):
                found[number] = base
        return found

    def _is_count(self, known: Known) -> bool:
        measure = self.measures.get(known.measure_key or "")
        return measure is None or measure.unit in COUNTED

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
        return f"read_parquet({exact(url)})"

    def _describe(self, relative: str | None) -> list[str]:
        return [row[0] for row in self.all(f"DESCRIBE SELECT * FROM {self._scan(relative)}")]

    def _extras(self, columns: list[str]) -> list[str]:
        claimed = FIXED | set(self.dataset.columns) | {f"{role}_code" for role in self.dataset.columns}
        return [name for name in columns if name not in claimed and not name.startswith("_")]

    def _number(self, role: str) -> None:
        """Give everything that a role names a number, in a table ``d_<role>`` of its spellings."""
        sources = [("true", self.new_file, self.columns)]
        if self.previous and role in self.old_columns:
            sources.append(("false", self.old_file, self.old_columns))
        found = self.all(
            " UNION ".join(
                f"SELECT DISTINCT {self._spelling(role, columns)}, {new} FROM {file}" for new, file, columns in sources
            )
        )
        spellings: list[Text] = sorted({row[:3] for row in found}, key=lambda s: tuple(text or "" for text in s))
        here = {row[:3] for row in found if row[3]}
        numbers: dict[str, int] = {}
        known: list[Known] = []
        given = []
        for spelling in spellings:
            one, identity = self._recognise(role, *spelling)
            if identity not in numbers:
                numbers[identity] = len(known)
                known.append(one)
            given.append(numbers[identity])
        self.known[role] = known
        self.numbers[role] = {text: number for text, number in zip(spellings, given, strict=True) if text in here}
        self._db.execute(
            f"CREATE TEMP TABLE {quote('d_' + role)} AS SELECT unnest(?::VARCHAR[]) AS label, "
            f"unnest(?::VARCHAR[]) AS code, unnest(?::VARCHAR[]) AS ending, unnest(?::UINTEGER[]) AS id",
            [*([text[part] for text in spellings] for part in range(3)), given],
        )

    def _spelling(self, role: str, columns: list[str]) -> str:
        names = [role, f"{role}_code", "period_sort" if role == "period" else ""]
        return ", ".join(quote(name) if name in columns else "NULL" for name in names)

    def _recognise(self, role: str, label: str | None, code: str | None, end: str | None) -> tuple[Known, str]:
        """What a spelling names, and the identity under which all spellings of it are one."""
        column, member = self.dataset.columns[role], self.meanings.of(role, label, code, end)
        known = Known(
            key=member.key,
            shown=_shown(column, member, label, code),
            label=label or code or "",
            measure_key=member.measure_key,
            scale=member.scale,
        )
        if member.measure_key is not None:
            known.hidden = {key: member.hidden.get(key, ALL) for key in self.dataset.measure_breakdowns}
            return known, f"={member.measure_key} {sorted(known.hidden.items())}"
        # The identity of what no list knows is its code, which outlives a change of label
        return known, f"#{member.key}" if member.key is not None else f"~{normalise(code) or normalise(label)}"

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


def _shown(column: Column, member: Member, label: str | None, code: str | None) -> str:
    """What the suite is shown for a spelling: the key, or the text as it came behind the mark of its fault."""
    if column.kind == "period":
        return shown_period(member.period, label, code)
    text = f"{label} ({code})" if label and code and label != code else label or code or ""
    if column.kind == "area":
        if any(GSS.match(normalise(one)) and not normalise(one).startswith("w") for one in (member.key, code)):
            return f"{UNFIT}{text}"
        return member.key or f"{UNKNOWN}{text}"
    if column.closed:
        return member.key if member.key is not None and member.listed else f"{UNKNOWN}{text}"
    if column.kind == "measure":
        return member.key if member.key is not None and (member.listed or column.otherwise) else f"{UNFIT}{text}"
    if member.key is None:
        return f"{UNKNOWN}{text}"
    return member.key if member.listed or not column.values else f"{UNFIT}{text}"


def marker_regex() -> str:
    """What a cell looks like that holds an old marker, or a note code in brackets, in place of a value."""
    from ingestion.statswales.export import MARKERS
    from ingestion.statswales.notes import NOTE_CODES

    marks = "|".join(re.escape(mark) for mark in sorted(MARKERS, key=lambda mark: (-len(mark), mark)))
    return rf"^ *(?i:{marks}|\[ *(?:{'|'.join(NOTE_CODES)}) *\]|[(\[] *(?:{marks}) *[)\]]) *$"


def marker_code(text: str) -> str | None:
    """The note code that says what an old marker means; None where nobody knows."""
    from ingestion.statswales.export import MARKERS
    from ingestion.statswales.notes import NOTE_CODES

    bare = normalise(text)
    inner = bare.strip("[]() ")
    return MARKERS.get(bare) or MARKERS.get(inner) or (inner if inner in NOTE_CODES else None)


def titles(role: str, column: Column | None) -> tuple[str, str]:
    """What messages call a column, in English and Welsh; a role without a column of its own keeps its own name."""
    names = column.names if column else []
    own = role.replace("_", " ")
    return (names[0] if names else own), ((column.name_cy if column else "") or (names[0] if names else own))


def listed(numbers: Sequence[int]) -> str:
    """Numbers for ``IN (…)``; never empty, so that the SQL stands."""
    return ", ".join(map(str, numbers)) or "-1"
