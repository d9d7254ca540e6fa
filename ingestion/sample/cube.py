"""A cube: the figures of one dataset revision, ready to be served in every shape that StatsWales serves.

A cube is made from a CSV file (`cube_from_csv` tells which shape it has) or from rows in hand (`cube_from_table`).
Labels are looked at once each, in Python; rows are only ever touched by DuckDB, so a million of them cost seconds.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ingestion.errors import DataProblem
from ingestion.sample.areas import AREAS, BY_CODE, BY_LEGACY, SORT, Area, find_area
from ingestion.statswales.periods import Period, read_period
from ingestion.statswales.registry import Column, Dataset, PeriodKind, normalise

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Lang = Literal["en", "cy"]
View = Literal["raw", "raw_extended", "formatted", "formatted_extended", "with_note_codes"]
ValueType = Literal["BIGINT", "DOUBLE", "VARCHAR"]
Shape = Literal["tidy", "raw", "raw_extended"]
Filters = tuple[tuple[int, tuple[int, ...]], ...]
"""Pairs of a dimension's place (-1 for the measure) and the places of the members that are wanted."""

VIEWS: tuple[View, ...] = ("raw", "raw_extended", "formatted", "formatted_extended", "with_note_codes")
LANGS: tuple[Lang, ...] = ("en", "cy")
MEASURE = -1
IN_MEMORY = 32 << 20

NOTES: dict[str, tuple[str, str]] = {
    "a": ("Average", "Cyfartaledd"),
    "b": ("Break in time series", "Cyfres toriad mewn amser"),
    "c": ("Confidential", "Cyfrinachol"),
    "e": ("Estimated", "Amcangyfrifedig"),
    "f": ("Forecast", "Rhagolwg"),
    "k": ("Low Figure", "Ffigwr Isel"),
    "ns": ("Not statistically significant", "Ddim yn arwyddocaol yn ystadegol"),
    "p": ("Provisional", "Amodol"),
    "r": ("Revised", "Diwygiedig"),
    "s": ("Statistically significant at 0.05 or 5% level", "Yn arwyddocaol yn ystadegol ar lefel 5% neu 0.05"),
    "ss": ("Statistically significant at 0.01 or 1% level", "Yn arwyddocaol yn ystadegol ar lefel 1% neu 0.01"),
    "sss": ("Statistically significant at 0.001 or 0.1% level", "Yn arwyddocaol yn ystadegol ar lefel 0.1% neu 0.001"),
    "t": ("Total", "Cyfanswm"),
    "u": ("Low Reliability", "Dibynadwyedd Isel"),
    "w": ("None recorded in survey", "Dim wedi eu cofnodi yn yr arolwg"),
    "x": ("Not available", "Ddim ar gael"),
    "z": ("Not Applicable", "Amherthnasol"),
}
"""Note codes and what the raw views write for them (English, Welsh)."""

_MARKERS = {normalise(text): code for code, texts in NOTES.items() for text in texts} | {
    "suppressed": "c",
    "not_available": "x",
    "not_applicable": "z",
    "provisional": "p",
    "revised": "r",
    "estimated": "e",
    "forecast": "f",
}

WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "value": "Data values",
        "measure": "Data description",
        "notes": "Notes",
        "reference": "reference",
        "sort": "sort",
        "hierarchy": "hierarchy",
    },
    "cy": {
        "value": "Gwerthoedd data",
        "measure": "Disgrifiad o’r data",
        "notes": "Nodiadau",
        "reference": "cyfeiriad",
        "sort": "didoli",
        "hierarchy": "hierarchiaeth",
    },
}
"""The column names that the server itself gives."""

COLUMN_CY = {
    "age": "Oedran",
    "age group": "Grŵp oedran",
    "area": "Ardal",
    "area code": "Cod ardal",
    "authority": "Awdurdod",
    "date": "Dyddiad",
    "financial year": "Blwyddyn ariannol",
    "gender": "Rhywedd",
    "local authority": "Awdurdod lleol",
    "period": "Cyfnod",
    "service": "Gwasanaeth",
    "sex": "Rhyw",
    "year": "Blwyddyn",
}
"""Welsh for columns that are often there and that no registry entry names."""

_GUARDED = "('=', '+', '-', '@', chr(9), chr(10), chr(13))"
_INTEGER = r"[+-]?\d+"
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_PASSING, _NOT_KEPT = "'p', 'f', 'r'", "'', 'r'"
_TIME = r"\d{1,2}:\d{2}(:\d{2})?"


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a dimension."""

    reference: str
    en: str
    cy: str
    sort: int | None = None
    hierarchy: str | None = None


@dataclass(slots=True)
class Dimension:
    """One column of a cube, the measure included."""

    fact_column: str
    name_en: str
    name_cy: str
    members: list[Member] = field(default_factory=list)
    is_date: bool = False
    counts: list[int] = field(default_factory=list)
    """Facts of each member; filled in when the cube is made."""

    def name(self, lang: Lang) -> str:
        """Its display name."""
        return self.name_en if lang == "en" else self.name_cy


@dataclass(frozen=True)
class Details:
    """What a dataset says about itself, in both languages; part of a revision."""

    title_en: str
    title_cy: str
    summary_en: str = ""
    summary_cy: str = ""
    collection_en: str = ""
    collection_cy: str = ""
    quality_en: str = ""
    quality_cy: str = ""
    rounding_en: str | None = None
    rounding_cy: str | None = None
    designation: str = "official"
    topics: tuple[int, ...] = (54,)
    organisation_en: str = "Welsh Government"
    organisation_cy: str = "Llywodraeth Cymru"
    group_en: str = "Gofal stand-in server"
    group_cy: str = "Gweinydd dros dro Gofal"
    email_en: str = "standin@example.com"
    email_cy: str = "standin@example.com"
    source_en: str = "Stand-in server"
    source_cy: str = "Gweinydd dros dro"
    related_links: tuple[Mapping[str, str], ...] = ()
    update_frequency: Mapping[str, Any] = field(default_factory=lambda: {"update_type": "none"})


class Cube:
    """The figures of one revision. Make one with a ``cube_from_…`` function; its files go when it does.

    Attributes:
        measure: The data description.
        dimensions: The other columns, in the publisher's order.
        rows: How many facts it has.
        value_type: ``BIGINT`` (a JSON string, guarded in CSV), ``DOUBLE`` (a JSON number) or ``VARCHAR`` (times).
        note_codes: Every different note cell, as the publisher wrote it; rows hold its place.
        coverage: First and last day that the date dimensions cover, or None without one.
    """

    def __init__(
        self,
        folder: Path,
        measure: Dimension,
        dimensions: list[Dimension],
        *,
        rows: int,
        value_type: ValueType,
        decimals: Sequence[int],
        note_codes: Sequence[str],
    ) -> None:
        self.folder = folder
        self.measure = measure
        self.dimensions = dimensions
        self.rows = rows
        self.value_type = value_type
        self.decimals = list(decimals)
        self.note_codes = list(note_codes)
        self.coverage = _coverage(dimensions)
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._databases: dict[bool, duckdb.DuckDBPyConnection] = {}
        self._finalizer = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def close(self) -> None:
        """Remove its files."""
        with self._opening:
            while self._databases:
                self._databases.popitem()[1].close()
        self._finalizer()

    def columns(self) -> list[tuple[int, Dimension]]:
        """The measure and the dimensions, each with its place."""
        return [(MEASURE, self.measure), *enumerate(self.dimensions)]

    def names(self, lang: Lang) -> dict[int, str]:
        """Display names by place; one that clashes with a name already taken gets ``_1``, as on the real server."""
        taken = {WORDS[lang]["value"], WORDS[lang]["notes"]}
        found: dict[int, str] = {}
        for place, dimension in self.columns():
            name = dimension.name(lang)
            number = 0
            while name in taken:
                number += 1
                name = f"{dimension.name(lang)}_{number}"
            taken.add(name)
            found[place] = name
        return found

    # -- views -------------------------------------------------------------------------------------------------

    def csv(
        self,
        view: View,
        lang: Lang,
        *,
        filters: Filters = (),
        page: tuple[int, int] | None = None,
        order: Sequence[tuple[int | None, bool]] = (),
    ) -> Path:
        r"""The CSV of a view, made at the first call and kept.

        Args:
            view: Which columns.
            lang: Which language.
            filters: Which members.
            page: Limit and offset, for a paged download; those have the extra ``_sort`` columns and are not kept.
            order: For a page: columns (None is the value) and whether descending.

        Returns:
            A file: UTF-8, ``\n`` between rows and none after the last; a single ``\n`` where no row matches.
        """
        key = json.dumps([view, lang, filters])
        stem = view + "_" + lang + (f"_{_digest(key)}" if filters else "")
        path = self.folder / f"{stem}.csv"
        if page is None:
            with self._lock:
                if not path.exists():
                    self._write(path, view, lang, filters, None, order)
            return path
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix="page_", suffix=".csv", delete=False) as handle:
            path = Path(handle.name)
        self._write(path, view, lang, filters, page, order)
        return path

    def _write(
        self,
        path: Path,
        view: View,
        lang: Lang,
        filters: Filters,
        page: tuple[int, int] | None,
        order: Sequence[tuple[int | None, bool]],
    ) -> None:
        select = self._select(view, lang, csv=True, paged=page is not None)
        part = path.with_suffix(".part")
        with self._connect(csv=True) as con:
            rows = self._from(filters, page, order)
            columns = ", ".join(f"{sql} AS {_quote(name)}" for name, sql in select)
            con.execute(f"COPY (SELECT {columns} {rows}) TO {_text(part)} (FORMAT csv, HEADER true, NULLSTR '')")
            empty = con.execute(f"SELECT NOT EXISTS (SELECT 1 {self._from(filters, page, ())})").fetchone()
        if empty and empty[0]:
            part.write_bytes(b"\n")
        else:
            with part.open("rb+") as handle:
                handle.seek(-1, 2)
                if handle.read(1) == b"\n":
                    handle.seek(-1, 2)
                    handle.truncate()
        part.replace(path)

    def page(
        self,
        view: View,
        lang: Lang,
        *,
        filters: Filters = (),
        limit: int | None = 100,
        offset: int = 0,
        order: Sequence[tuple[int | None, bool]] = (),
        sorts: bool = True,
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Rows as JSON has them: names, then values typed as the wire types them.

        Args:
            view: Which columns.
            lang: Which language.
            filters: Which members.
            limit: How many rows, or None for all.
            offset: Rows to pass over.
            order: Columns (None is the value) and whether descending.
            sorts: Whether to add the ``_sort`` columns that pages have.

        Returns:
            Column names, and the rows.
        """
        select = self._select(view, lang, csv=False, paged=sorts)
        columns = ", ".join(f"{sql} AS {_quote(name)}" for name, sql in select)
        page = None if limit is None else (limit, offset)
        with self._connect(csv=False) as con:
            rows = con.execute(f"SELECT {columns} {self._from(filters, page, order)}").fetchall()
        return [name for name, _ in select], rows

    def count(self, filters: Filters = ()) -> int:
        """How many facts match."""
        if not filters:
            return self.rows
        with self._connect(csv=False) as con:
            found = con.execute(f"SELECT count(*) FROM (SELECT 1 {self._from(filters, None, ())})").fetchone()
        return int(found[0]) if found else 0

    def warm(self, views: Iterable[View] = VIEWS, langs: Iterable[Lang] = LANGS) -> None:
        """Make the CSV of these views now, so that no request has to wait for it."""
        wanted = list(langs)
        for view in views:
            for lang in wanted:
                self.csv(view, lang)

    def header(self, view: View, lang: Lang) -> list[str]:
        """The column names of a view, as bulk CSV has them."""
        return [name for name, _ in self._select(view, lang, csv=True, paged=False)]

    def _select(self, view: View, lang: Lang, *, csv: bool, paged: bool) -> list[tuple[str, str]]:
        """Columns of a view: name and SQL."""
        words = WORDS[lang]
        extended = view.endswith("extended")
        names = self.names(lang)
        plain = "r.value"
        if csv and self.value_type != "DOUBLE":  # node-pg hands big integers over as text, and text is guarded
            plain = _guard("r.value")
        elif not csv and self.value_type == "DOUBLE":
            plain = "CAST(r.value AS DOUBLE)"
        if view == "with_note_codes":
            value = f"nullif(concat({self._formatted()}, n.annotation), '')"
        elif view.startswith("formatted"):
            value = self._formatted()
        else:
            value = plain
        columns = [(words["value"], value)]
        if extended:
            columns.append((f"{words['value']}_{words['sort']}", plain))
        sorts: list[tuple[str, str]] = []
        for place, _ in self.columns():
            table = f"d{place}" if place >= 0 else "m"
            name = names[place]
            columns.append((name, f"{table}.{lang}"))
            sort = (f"{name}_{words['sort']}", f"{table}.sort")
            if extended:
                columns += [
                    (f"{name}_{words['reference']}", f"{table}.reference"),
                    sort,
                    (f"{name}_{words['hierarchy']}", f"{table}.hierarchy"),
                ]
            else:
                sorts.append(sort)
        if view != "with_note_codes":
            columns.append((words["notes"], f"n.{lang}"))
        if paged and not extended:
            first = self._time()
            keys = sorts[1:]
            columns += [*keys[first : first + 1], *keys[:first], *keys[first + 1 :], sorts[0]] if keys else sorts
        return columns

    def _formatted(self) -> str:
        """SQL for the padded text: width 11 before the decimals, one more for a sign, thousands separated."""
        if self.value_type == "VARCHAR":
            return "r.value"
        if self.value_type == "BIGINT":
            text = "CASE WHEN length(r.value) <= 18 THEN format('{:,}', CAST(r.value AS BIGINT)) "
            text += "ELSE format('{:,}', CAST(r.value AS HUGEINT)) END"
            return f"lpad({text}, greatest(12, length({text})::INT), ' ')"
        cases = " ".join(
            f"WHEN {places} THEN lpad({text}, greatest({12 + (places and places + 1)}, length({text})::INT), ' ')"
            for places in sorted(set(self.decimals) | {0})
            for text in (f"format('{{:,.{places}f}}', round(CAST(r.value AS DOUBLE), {places}))",)
        )
        return f"CASE WHEN r.value IS NULL THEN NULL ELSE CASE coalesce(m.decimals, 0) {cases} END END"

    def _time(self) -> int:
        """The place of the date dimension, else of the first."""
        return next((place for place, dimension in enumerate(self.dimensions) if dimension.is_date), 0)

    def _from(
        self,
        filters: Filters,
        page: tuple[int, int] | None,
        order: Sequence[tuple[int | None, bool]],
    ) -> str:
        joins = " ".join(
            f"LEFT JOIN {table} ON {table}.place = r.{table}"
            for table in ("m", *(f"d{place}" for place in range(len(self.dimensions))))
        )
        where = " AND ".join(
            f"r.{'m' if place < 0 else f'd{place}'} IN ({', '.join(str(m) for m in members) or '-2'})"
            for place, members in filters
        )
        sort = "r.file_row_number"
        if page is not None:
            keys = [
                f"{self._sort_key(place)} {'DESC NULLS FIRST' if descending else 'ASC NULLS LAST'}"
                for place, descending in order
            ]
            if not keys:
                first = self._time()
                rest = [place for place in range(len(self.dimensions)) if place != first]
                keys = [f"r.d{place}" for place in ([first, *rest] if self.dimensions else [])] + ["r.m"]
            sort = ", ".join([*keys, "r.file_row_number"])
        limit = f" LIMIT {page[0]} OFFSET {page[1]}" if page else ""
        source = f"read_parquet({_text(self.folder / 'rows.parquet')}, file_row_number = true)"
        return (
            f"FROM {source} r {joins} LEFT JOIN n ON n.place = r.note"
            + (f" WHERE {where}" if where else "")
            + f" ORDER BY {sort}{limit}"
        )

    def _sort_key(self, place: int | None) -> str:
        if place is None:
            return "r.value" if self.value_type == "VARCHAR" else "CAST(r.value AS DOUBLE)"
        return "r.m" if place == MEASURE else f"r.d{place}"

    def _connect(self, *, csv: bool) -> duckdb.DuckDBPyConnection:
        """A cursor of a database with a table for each dimension, labels guarded where they are for CSV.

        The database is made at the first call and kept: a dataset is asked for several views in a row.
        """
        with self._opening:
            if csv not in self._databases:
                self._databases[csv] = self._open(csv=csv)
            return self._databases[csv].cursor()

    def _open(self, *, csv: bool) -> duckdb.DuckDBPyConnection:
        import duckdb
        import pyarrow as pa

        con = duckdb.connect(config={"temp_directory": str(self.folder / "spill")})
        for place, dimension in self.columns():
            table = "m" if place < 0 else f"d{place}"
            members = dimension.members
            con.register(
                "incoming",
                pa.table(
                    {
                        "place": pa.array(range(len(members)), pa.int32()),
                        "reference": pa.array([m.reference or None for m in members], pa.string()),
                        "en": pa.array([m.en or None for m in members], pa.string()),
                        "cy": pa.array([m.cy or None for m in members], pa.string()),
                        "sort": pa.array([None if m.sort is None else str(m.sort) for m in members], pa.string()),
                        "hierarchy": pa.array([m.hierarchy or None for m in members], pa.string()),
                        "decimals": pa.array(self.decimals if place < 0 else [0] * len(members), pa.int32()),
                    }
                ),
            )
            texts = ("reference", "en", "cy", "sort", "hierarchy")
            columns = ", ".join(f"{_guard(text) if csv else text} AS {text}" for text in texts)
            con.execute(f"CREATE TABLE {table} AS SELECT place, decimals, {columns} FROM incoming")
            con.unregister("incoming")
        con.register(
            "incoming",
            pa.table(
                {
                    "place": pa.array(range(len(self.note_codes)), pa.int32()),
                    "en": pa.array([notes_text(codes, "en") for codes in self.note_codes], pa.string()),
                    "cy": pa.array([notes_text(codes, "cy") for codes in self.note_codes], pa.string()),
                    "annotation": pa.array([annotation(codes) for codes in self.note_codes], pa.string()),
                }
            ),
        )
        con.execute("CREATE TABLE n AS SELECT * FROM incoming")
        con.unregister("incoming")
        return con


# -- notes -----------------------------------------------------------------------------------------------------


def notes_text(codes: str, lang: Lang) -> str | None:
    """What the raw views write for a note cell: descriptions in alphabetical order.

    A code counts only where it is written exactly (``T``, or the ``e`` of ``p, e``, does not): so the real server
    loses notes, and so does this one.
    """
    which = 0 if lang == "en" else 1
    found = sorted({NOTES[code][which] for code in codes.split(",") if code in NOTES})
    return ", ".join(found) or None


def annotation(codes: str) -> str:
    """What ``with_note_codes`` puts after a value: `` [p] [ e]`` for ``p, e``; lower case."""
    return "".join(f" [{code.lower()}]" for code in codes.split(",")) if codes else ""


def _codes_of_marker(text: str) -> str | None:
    """The note codes that a cell of a marker or notes column means, or None where a part of it is unknown.

    A cell that holds codes already stays exactly as it was written, so that the codes that the real server loses
    can be served.
    """
    parts = [part for part in re.split(r"[,;|]", text) if part.strip()]
    if all(part.strip().lower() in NOTES for part in parts):
        return text if "," in text or len(parts) == 1 else ",".join(part.strip() for part in parts)
    codes = [
        _MARKERS.get(normalise(part)) or (part.strip().lower() if part.strip().lower() in NOTES else None)
        for part in parts
    ]
    return None if None in codes else ",".join(sorted({code for code in codes if code}))


# -- periods ---------------------------------------------------------------------------------------------------


def epoch_ms(day: date) -> int:
    """A day as the source sorts it: milliseconds since 1970 at midnight UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def period_member(kinds: PeriodKind | Sequence[PeriodKind], text: str) -> Member | None:
    """How StatsWales writes a period.

    Args:
        kinds: What the registry says the column holds.
        text: The period as a file has it: ``2015``, ``2014-15``, ``201415``, ``2015-03-31``, ``2024Q4``…

    Returns:
        Labels, reference and sort (the period's last day, for kinds that are a date dimension; a mid-year is a plain
        lookup and has none), or None where the text is no such period.
    """
    found = read_period([kinds] if isinstance(kinds, str) else kinds, text.strip(), None, None)
    return member_of(found) if found else None


def member_of(period: Period) -> Member:
    """How StatsWales writes a period that is known: see `period_member`."""
    end, sort = period.end, epoch_ms(period.end)
    if period.kind == "mid_year":
        return Member(str(end.year), str(end.year), str(end.year))
    if period.kind == "calendar_year":
        return Member(period.key, period.key, period.key, sort)
    if period.kind == "point":
        return Member(f"{end:%Y%m%d}", f"{end:%d/%m/%Y}", f"{end:%d/%m/%Y}", sort)
    if period.kind in ("quarter", "calendar_quarter"):
        year, number = period.key.split(" Q")
        label, first = f"{number} {year}", year[:4]
        return Member(f"{first}Q{number}", f"Q{label}", f"Ch{label}", sort, year.replace("-", "") or None)
    if period.kind == "month":
        en, cy = MONTHS[end.month - 1]
        return Member(f"{end:%Y%m}", f"{en} {end.year}", f"{cy} {end.year}", sort)
    if period.kind == "rolling_year":
        en, cy = MONTHS[end.month - 1]
        label_cy = f"Blwyddyn yn diweddu {cy} {end.year}"
        return Member(f"{end:%Y%m%d}", f"Year ending {en} {end.year}", label_cy, sort)
    separator = "/" if period.kind == "school_year" else "-"
    label = f"{end.year - 1}{separator}{end.year % 100:02}"
    return Member(label.replace(separator, ""), label, label, sort)


MONTHS = [
    ("January", "Ionawr"), ("February", "Chwefror"), ("March", "Mawrth"), ("April", "Ebrill"), ("May", "Mai"),
    ("June", "Mehefin"), ("July", "Gorffennaf"), ("August", "Awst"), ("September", "Medi"), ("October", "Hydref"),
    ("November", "Tachwedd"), ("December", "Rhagfyr"),
]  # fmt: skip


def _coverage(dimensions: Iterable[Dimension]) -> tuple[date, date] | None:
    days: list[tuple[date, date]] = []
    for dimension in dimensions:
        if dimension.is_date:
            for member, count in zip(dimension.members, dimension.counts, strict=True):
                if member.sort is not None and count:
                    end = datetime.fromtimestamp(member.sort / 1000, UTC).date()
                    days.append((_start(member, end), end))
    return (min(start for start, _ in days), max(end for _, end in days)) if days else None


def _start(member: Member, end: date) -> date:
    """The first day of a period, from how its label is written."""
    if re.fullmatch(r"\d{2}/\d{2}/\d{4}", member.en):
        return end
    if re.fullmatch(r"\d{4}", member.en):
        return date(end.year, 1, 1)
    if member.en.startswith("Year "):
        return date(end.year - (end.month < 12), end.month % 12 + 1, 1)
    if re.match(r"Q\d ", member.en):
        return date(end.year, end.month - 2, 1)
    if re.fullmatch(r"\d{4}[-/]\d{2}", member.en):
        after = (end.month % 12) + 1
        return date(end.year - 1 if after > 1 else end.year, after, 1)
    return date(end.year, end.month, 1)


# -- reading ---------------------------------------------------------------------------------------------------


@dataclass
class _Plan:
    """A column of the cube to be: where its keys are in the source, and what they mean."""

    dimension: Dimension
    key: str
    """SQL over the table ``src`` that gives the text by which a row names its member."""
    members: dict[str, Member]
    """By that text. Several texts may share a reference: they are one member."""
    rest: list[Member] = field(default_factory=list)
    """Members of the lookup that no row may have."""


class _Source:
    """A CSV file in DuckDB, every column text, named by its place."""

    def __init__(self, path: Path, folder: Path) -> None:
        import duckdb

        self.path = path
        self.header = read_header(path)
        # Large files are loaded on disk: memory then stays bounded, whatever their size.
        place = ":memory:" if path.stat().st_size < IN_MEMORY else str(folder / "load.duckdb")
        self.con = duckdb.connect(place, config={"temp_directory": str(folder / "spill")})
        columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(self.header)))
        try:
            self.con.execute(
                f"CREATE TABLE src AS SELECT * FROM read_csv({_text(path)}, auto_detect = false, header = true, "
                f"delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}})"
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            self.con.close()
            raise _unreadable(path, str(error), len(self.header)) from error

    def col(self, name: str) -> str:
        """The SQL name of a column, spaces around its text dropped."""
        return f"nullif(trim(c{self.header.index(name)}), '')"

    def raw(self, name: str) -> str:
        """The SQL name of a column, as it came."""
        return f"c{self.header.index(name)}"

    def distinct(self, *expressions: str) -> list[tuple[Any, ...]]:
        """Each value of the first expression, in order of its first row; the first of the others; the row's number."""
        first, *others = expressions
        more = "".join(f", arg_min({sql}, rowid) FILTER (WHERE {sql} IS NOT NULL)" for sql in others)
        found: list[tuple[Any, ...]] = self.con.execute(
            f"SELECT {first} AS k{more}, min(rowid) + 1 AS row FROM src GROUP BY k ORDER BY row"
        ).fetchall()
        return found


def read_header(path: Path) -> list[str]:
    """The column names of a CSV file.

    Raises:
        DataProblem: The file is empty, is not UTF-8, or names a column twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header = [name.strip() for name in next(csv.reader(handle), [])]
    except (UnicodeDecodeError, OSError) as error:
        raise _unreadable(path, str(error), 0) from error
    if not any(header):
        raise DataProblem(
            f"Expected a CSV file with column names in its first line, found nothing in {path.name}. "
            f"Export the file again and serve the new one.",
            f"Disgwyliwyd ffeil CSV ag enwau colofnau yn ei llinell gyntaf, ond roedd {path.name} yn wag. "
            f"Allforiwch y ffeil eto a gweinwch yr un newydd.",
            code="csv_empty",
            file=str(path),
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataProblem(
            f"Expected every column of {path.name} to have its own name, found {twice[0]!r} more than once in the "
            f"first line. Rename one of them.",
            f"Disgwyliwyd enw gwahanol i bob colofn yn {path.name}, ond mae {twice[0]!r} yno fwy nag unwaith yn y "
            f"llinell gyntaf. Ailenwch un ohonynt.",
            code="csv_duplicate_column",
            file=str(path),
            column=twice[0],
        )
    return header


def detect_shape(header: Sequence[str], dataset: Dataset | None) -> tuple[Shape, Lang] | None:
    """Which shape a file's columns have: the API's own (either language), or tidy by the entry's mapping; else None."""
    for lang in LANGS:
        words = WORDS[lang]
        if words["value"] in header and words["measure"] in header:
            extended = f"{words['measure']}_{words['reference']}" in header
            return ("raw_extended" if extended else "raw"), lang
    mapped = [name for name in dataset.tidy.values() if not name.startswith("=")] if dataset else []
    if mapped and all(name in header for name in mapped):
        return "tidy", "en"
    return None


def cube_from_csv(path: Path, dataset: Dataset | None = None) -> Cube:
    """A cube from a CSV file in either shape.

    Args:
        path: The file.
        dataset: The registry entry whose mapping, codes and Welsh labels to use; None for a dataset that has none.

    Returns:
        The cube.

    Raises:
        DataProblem: The file has neither shape, or a cell that cannot be served.
    """
    header = read_header(path)
    found = detect_shape(header, dataset)
    if found is None:
        raise _shapeless(path, header, dataset)
    if found[0] == "tidy" and dataset:
        return cube_from_tidy(dataset, path)
    return cube_from_raw_csv(path, dataset)


def cube_from_tidy(dataset: Dataset, path: Path) -> Cube:
    """A cube from a tidy CSV, its columns mapped by the registry entry's ``tidy``.

    Columns that no mapping claims are served as further dimensions.

    Args:
        dataset: The entry.
        path: The file.

    Returns:
        The cube, with the entry's references and labels in both languages.

    Raises:
        DataProblem: A mapped column is missing, or a period, number or marker is none.
    """
    header = read_header(path)
    missing = [name for name in dataset.tidy.values() if not name.startswith("=") and name not in header]
    if missing or not dataset.tidy:
        raise _shapeless(path, header, dataset)
    folder = _folder()
    try:
        source = _Source(path, folder)
        with source.con:
            measure, plans = _tidy_plans(dataset, source)
            marker = dataset.tidy.get("marker")
            notes = source.raw(marker) if marker else "NULL"
            return _finish(
                source.con,
                folder,
                path,
                source.raw(dataset.tidy["value"]),
                dataset.tidy["value"],
                notes,
                marker,
                measure,
                plans,
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _tidy_plans(dataset: Dataset, source: _Source) -> tuple[_Plan, list[_Plan]]:
    plans: list[_Plan] = []
    for role in dataset.grain:
        column = dataset.columns[role]
        if column.constant is not None:
            continue
        name = dataset.tidy.get(role)
        if name is None:
            raise _shapeless(source.path, source.header, dataset)
        key = _text(name[1:]) if name.startswith("=") else source.col(name)
        label_column = dataset.tidy.get("area_label") if column.kind == "area" else None
        label = source.col(label_column) if label_column else "NULL"
        plan = _Plan(Dimension(column.fact_column, display_name(column), column.name_cy), key, {})
        entries = source.distinct(key, label)
        if column.periods:
            for text, _, row in entries:
                member = period_member(column.periods, text or "")
                if member is None:
                    kinds = " / ".join(column.periods).replace("_", " ")
                    raise _cell(source.path, name, row, text, f"a period ({kinds})", "cyfnod")
                plan.members[text] = member
            plan.dimension.is_date = all(m.sort is not None for m in plan.members.values())
        elif column.kind == "area":
            plan.members, plan.rest = _areas([(text, shown) for text, shown, _ in entries])
        else:
            plan.members, plan.rest = _registered(column, [text for text, _, _ in entries])
        plans.append(plan)
    claimed = set(dataset.tidy.values())
    for name in source.header:
        if name not in claimed:
            texts = [text for text, _ in source.distinct(source.col(name))]
            dimension = Dimension(_fact_column(name), name, COLUMN_CY.get(normalise(name), name))
            plans.append(_Plan(dimension, source.col(name), _plain(texts)))
    return plans[0], plans[1:]


def cube_from_raw_csv(path: Path, dataset: Dataset | None = None) -> Cube:
    """A cube from a CSV in the API's own shape: ``Data values, Data description, …, Notes``, extended or not.

    A column ``NoteCodes`` is the publisher's note cell as it is written; without one the codes are worked out from
    ``Notes``. Where the file has no references they come from the registry entry, from the areas of Wales and from
    how periods are written; else a label is its own reference.

    Args:
        path: The file.
        dataset: The registry entry, or None.

    Returns:
        The cube.

    Raises:
        DataProblem: The file has not that shape, or a cell that cannot be served.
    """
    header = read_header(path)
    found = detect_shape(header, None)
    if found is None:
        raise _shapeless(path, header, None)
    lang = found[1]
    words = WORDS[lang]
    folder = _folder()
    try:
        source = _Source(path, folder)
        with source.con:
            measure, plans = _raw_plans(source, dataset, lang)
            note_column = next((name for name in ("NoteCodes", words["notes"]) if name in header), None)
            notes = _unguard(source.raw(note_column)) if note_column else "NULL"
            value = _unguard(source.raw(words["value"]))
            return _finish(source.con, folder, path, value, words["value"], notes, note_column, measure, plans)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _raw_plans(source: _Source, dataset: Dataset | None, lang: Lang) -> tuple[_Plan, list[_Plan]]:
    words = WORDS[lang]
    suffixes = [f"_{words[part]}" for part in ("reference", "sort", "hierarchy")]
    own = {"NoteCodes", words["value"], words["notes"], f"{words['value']}_{words['sort']}"}
    names = [
        name
        for name in source.header
        if name not in own and not any(name.endswith(s) and name.removesuffix(s) in source.header for s in suffixes)
    ]
    roles = _claims(dataset, names)
    plans: dict[str, _Plan] = {}
    for name in names:
        column = roles.get(name)
        is_measure = name == words["measure"]
        name_cy = (
            WORDS["cy"]["measure"]
            if is_measure
            else COLUMN_CY.get(normalise(name)) or (column.name_cy if column else None) or name
        )
        name_en = WORDS["en"]["measure"] if is_measure else _english(name, column, lang)
        fact = column.fact_column if column else ("Measure" if is_measure else _fact_column(name))
        dimension = Dimension(fact, name_en, name_cy)
        label = _unguard(source.col(name))
        parts = [f"{name}{suffix}" for suffix in suffixes]
        if parts[0] in source.header:
            plans[name] = _extended(source, dimension, label, parts, column)
            continue
        texts = [text for text, _ in source.distinct(label)]
        plan = _Plan(dimension, label, {})
        if column and column.periods:
            plan.members = _periods(texts, column.periods)
            dimension.is_date = all(m.sort is not None for m in plan.members.values())
        elif column and column.values:
            plan.members, _ = _registered(column, texts, keep_labels=True)
        elif any(texts) and ((column and column.kind == "area") or all(find_area(text) for text in texts if text)):
            plan.members, _ = _areas([(text, text) for text in texts])
        else:
            kind = _guess_period([text for text in texts if text])
            plan.members = _periods(texts, kind) if kind else _plain(texts)
            dimension.is_date = kind is not None
        plans[name] = plan
    measure = plans.pop(words["measure"])
    return measure, list(plans.values())


def _extended(source: _Source, dimension: Dimension, label: str, parts: list[str], column: Column | None) -> _Plan:
    """A plan for a column whose references, sort orders and hierarchy are in the file."""
    reference, sort, hierarchy = (_unguard(source.col(name)) if name in source.header else "NULL" for name in parts)
    key = f"coalesce({reference}, {label})"
    plan = _Plan(dimension, key, {})
    for text, shown, order, parent, row in source.distinct(key, label, sort, hierarchy):
        if text is None:
            continue
        try:
            number = int(order) if order is not None else None
        except ValueError:
            raise _cell(source.path, parts[1], row, order, "a whole number", "rhif cyfan") from None
        shown = shown or text
        plan.members[text] = Member(text, shown, _welsh(column, shown, text), number, parent)
    sorts = [member.sort for member in plan.members.values()]
    dated = all(number is not None and abs(number) > 10**9 for number in sorts)
    dimension.is_date = bool(sorts) and dated
    return plan


def _claims(dataset: Dataset | None, names: Sequence[str]) -> dict[str, Column]:
    """Which column of the file each column of the entry is: the preferred name that is there."""
    claims: dict[str, Column] = {}
    if dataset:
        for column in dataset.columns.values():
            wanted = [text for text in (*column.names, column.fact_column, column.name_cy) if text]
            found = next((name for text in wanted for name in names if normalise(name) == normalise(text)), None)
            if found and found not in claims:
                claims[found] = column
    return claims


def _english(name: str, column: Column | None, lang: Lang) -> str:
    if lang == "en":
        return name
    return display_name(column) if column else name


def _welsh(column: Column | None, *texts: str) -> str:
    """The Welsh label for one that a file gives in English only; the same text where nobody knows better."""
    if column and (key := column.find(*texts)):
        return column.values[key].cy
    area = find_area(*texts)
    return area.cy if area and normalise(texts[0]) != normalise(area.code) else texts[0]


def _registered(
    column: Column, texts: Iterable[str | None], *, keep_labels: bool = False
) -> tuple[dict[str, Member], list[Member]]:
    """Members by the registry: those that the texts name, and the ones that no text names."""
    first = 1 if column.kind == "measure" else 0
    known = {
        key: Member(member.code or key, member.en, member.cy, order)
        for order, (key, member) in enumerate(column.values.items(), start=first)
    }
    members: dict[str, Member] = {}
    unknown: list[str] = []
    taken: set[str] = set()
    for text in texts:
        if text is None:
            continue
        key = column.find(text)
        if key is None or (keep_labels and key in taken):
            unknown.append(text)
        else:
            taken.add(key)
            member = known[key]
            shown = text if keep_labels and normalise(text) != normalise(member.cy) else member.en
            members[text] = Member(member.reference, shown, member.cy, member.sort)
    after = first + len(known)
    for text, member in _plain(unknown).items():
        members[text] = Member(text, text, text, after + (member.sort or 0))
    return members, [member for key, member in known.items() if key not in taken]


def _areas(entries: Iterable[tuple[str | None, str | None]]) -> tuple[dict[str, Member], list[Member]]:
    """Members for areas: codes (or names) with the names that the file gives them.

    Codes of the old StatsWales stay the references, as they do on the real server.
    """
    listed = [(text, shown) for text, shown in entries if text is not None]
    coded = {text for text, _ in listed if text in BY_LEGACY}
    legacy = bool(coded) and all(text in coded or not find_area(text) for text, _ in listed)
    members: dict[str, Member] = {}
    after = len(AREAS)
    for text, shown in listed:
        area = BY_LEGACY[text] if legacy and text in coded else find_area(text)
        if area and (area.legacy if legacy else area.code) not in {member.reference for member in members.values()}:
            label = shown or area.en
            is_code = normalise(label) == normalise(area.code)
            members[text] = area_member(area, label, label if is_code else area.cy, legacy=legacy)
        else:
            members[text] = Member(text, shown or text, shown or text, after)
            after += 1
    seen = {member.reference for member in members.values()}
    every = [area_member(area, legacy=legacy) for area in AREAS]
    rest = [member for member in every if member.reference not in seen]
    return members, rest if len(rest) < len(AREAS) else []


def area_member(area: Area, en: str | None = None, cy: str | None = None, *, legacy: bool = False) -> Member:
    """An area of Wales as a member.

    Args:
        area: The area.
        en: Its English label, where that is not its name.
        cy: Its Welsh label, where that is not its name.
        legacy: Whether its reference, and that of the area above it, is the old StatsWales's.
    """
    above = BY_CODE[area.parent] if area.parent else None
    reference = area.legacy if legacy else area.code
    return Member(
        reference,
        en or area.en,
        cy or area.cy,
        SORT[area.code],
        (above.legacy if legacy else above.code) if above else None,
    )


def _periods(texts: Iterable[str | None], kinds: PeriodKind | Sequence[PeriodKind]) -> dict[str, Member]:
    """Members for periods; one that is written in another way is served as it is."""
    return {text: period_member(kinds, text) or Member(text, text, text) for text in texts if text is not None}


def _guess_period(texts: Sequence[str]) -> PeriodKind | None:
    if texts and all(re.fullmatch(r"\d{4}-\d{2}", t) and period_member("financial_year", t) for t in texts):
        return "financial_year"
    if texts and all(re.fullmatch(r"\d{2}/\d{2}/\d{4}", t) and period_member("point", t) for t in texts):
        return "point"
    return None


def _plain(texts: Iterable[str | None]) -> dict[str, Member]:
    """Members for labels that nobody describes: numbers in their order, then the rest as they come."""
    kept = [text for text in texts if text is not None]

    def natural(entry: tuple[int, str]) -> tuple[int, int]:
        match = re.fullmatch(r"(\d{1,9})\+?", entry[1])
        return (int(match[1]), entry[0]) if match else (10**9, entry[0])

    ordered = sorted(enumerate(kept), key=natural)
    return {text: Member(text, text, text, order) for order, (_, text) in enumerate(ordered)}


def display_name(column: Column) -> str:
    """What to call a registry column when its members are named: the first name that is not one for codes."""
    for name in column.names:
        if name != column.fact_column and not name.lower().endswith("code"):
            return name
    return column.names[0]


def _fact_column(name: str) -> str:
    return re.sub(r"\W+", "", name) or "Column"


# -- making ----------------------------------------------------------------------------------------------------


def cube_from_table(table: pa.Table, measure: Dimension, dimensions: Sequence[Dimension]) -> Cube:
    """A cube from rows in hand, whose members are known in both languages.

    Args:
        table: Columns ``value`` (text), ``note_codes`` (text, as a publisher writes them) and one for each fact
            column, holding references.
        measure: The data description, with its members.
        dimensions: The other columns, with theirs.

    Returns:
        The cube.
    """
    import duckdb

    folder = _folder()
    try:
        with duckdb.connect() as con:
            con.register("incoming", table)
            con.execute("CREATE TABLE src AS SELECT * FROM incoming")
            con.unregister("incoming")
            plans = [
                _Plan(
                    Dimension(d.fact_column, d.name_en, d.name_cy, is_date=d.is_date),
                    _quote(d.fact_column),
                    {member.reference: member for member in d.members},
                )
                for d in (measure, *dimensions)
            ]
            return _finish(con, folder, Path("-"), "value", "value", "note_codes", "note_codes", plans[0], plans[1:])
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def updated_cube(before: Cube, update: Cube, *, path: Path = Path("-")) -> Cube:
    """A cube after a publisher's "add and revise" update, as the real server applies one.

    Rows of the update whose cell was there before take its place and are marked ``r`` (unless the old or the new one
    is provisional or a forecast); the others are added; every other row stays, but for its codes ``p``, ``f`` and
    ``r``, which the server takes from the whole dataset first. Nothing is deleted.

    Args:
        before: The revision that is updated.
        update: The rows of the update, with the same columns.
        path: The update's file, for what is said of it.

    Returns:
        The new revision.

    Raises:
        DataProblem: The update has other columns, or has one cell twice.
    """
    import duckdb

    columns = [dimension.fact_column for _, dimension in before.columns()]
    found = {dimension.fact_column.casefold(): (place, dimension) for place, dimension in update.columns()}
    if {column.casefold() for column in columns} != set(found):
        raise _other_columns(path, columns, [dimension.fact_column for _, dimension in update.columns()])
    pairs = [(name, old, *found[name.casefold()]) for name, (_, old) in zip(columns, before.columns(), strict=True)]
    folder = _folder()
    try:
        with duckdb.connect(config={"temp_directory": str(folder / "spill")}) as con:
            _load(con, "old", before, [(f"k{n}", place) for n, (place, _) in enumerate(before.columns())])
            _load(con, "new", update, [(f"k{n}", place) for n, (_, _, place, _) in enumerate(pairs)])
            keys = [f"k{n}" for n in range(len(pairs))]
            _assert_once(con, path, keys)
            same = " AND ".join(f"o.{key} IS NOT DISTINCT FROM n.{key}" for key in keys)
            codes = "list_transform(string_split({}, ','), code -> lower(trim(code)))"
            tentative = " OR ".join(
                f"list_has_any({codes.format(notes)}, ['p', 'f'])" for notes in ("w.notes", "n.notes")
            )
            without = "list_filter(string_split({}, ','), code -> lower(trim(code)) NOT IN ({}))"
            kept = f"array_to_string({without.format('o.notes', _PASSING)}, ',')"
            revised = f"array_to_string(list_append({without.format('n.notes', _NOT_KEPT)}, 'r'), ',')"
            con.execute(
                "CREATE TABLE src AS "
                f"SELECT o.value, {kept} AS notes, {', '.join(f'o.{key}' for key in keys)} FROM old o "
                f"WHERE NOT EXISTS (SELECT 1 FROM new n WHERE {same}) UNION ALL "
                f"SELECT n.value, CASE WHEN w.was IS NULL OR {tentative} THEN n.notes ELSE {revised} END, "
                f"{', '.join(f'n.{key}' for key in keys)} FROM new n LEFT JOIN "
                f"(SELECT true AS was, first(notes) AS notes, {', '.join(keys)} FROM old GROUP BY {', '.join(keys)}) w "
                f"ON {same.replace('o.', 'w.')}"
            )
            plans = []
            for number, (_, old, _, new) in enumerate(pairs):
                dimension = Dimension(old.fact_column, old.name_en, old.name_cy, is_date=old.is_date)
                plans.append(_Plan(dimension, f"k{number}", _joined(old, new)))
            return _finish(con, folder, path, "value", "value", "notes", "NoteCodes", plans[0], plans[1:])
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _assert_once(con: duckdb.DuckDBPyConnection, path: Path, keys: Sequence[str]) -> None:
    found = con.execute(
        f"SELECT {', '.join(keys)} FROM new GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if found:
        raise _twice(path, [str(text) for text in found])


def _load(con: duckdb.DuckDBPyConnection, table: str, cube: Cube, keys: Sequence[tuple[str, int]]) -> None:
    """Put a cube's rows into a table: value, notes as the publisher wrote them, and references."""
    import pyarrow as pa

    joins, names = [], []
    for key, place in keys:
        members = (cube.measure if place == MEASURE else cube.dimensions[place]).members
        references = pa.array([member.reference for member in members], pa.string())
        con.register("incoming", pa.table({"place": pa.array(range(len(members)), pa.int32()), "text": references}))
        con.execute(f"CREATE OR REPLACE TEMP TABLE ref_{key} AS SELECT * FROM incoming")
        con.unregister("incoming")
        joins.append(f"LEFT JOIN ref_{key} ON ref_{key}.place = r.{'m' if place == MEASURE else f'd{place}'}")
        names.append(f"ref_{key}.text AS {key}")
    notes = pa.array(cube.note_codes, pa.string())
    con.register("incoming", pa.table({"place": pa.array(range(len(notes)), pa.int32()), "text": notes}))
    con.execute("CREATE OR REPLACE TEMP TABLE ref_note AS SELECT * FROM incoming")
    con.unregister("incoming")
    rows = f"read_parquet({_text(cube.folder / 'rows.parquet')})"
    con.execute(
        f"CREATE TABLE {table} AS SELECT r.value, coalesce(ref_note.text, '') AS notes, {', '.join(names)} "
        f"FROM {rows} r {' '.join(joins)} LEFT JOIN ref_note ON ref_note.place = r.note"
    )


def _joined(old: Dimension, new: Dimension) -> dict[str, Member]:
    """Members of both by reference; a new one that is no date goes behind those that were there."""
    members = {member.reference: member for member in old.members}
    last = max((member.sort for member in old.members if member.sort is not None), default=0)
    for member in new.members:
        if member.reference not in members:
            last += 1
            dated = old.is_date or member.sort is None
            members[member.reference] = member if dated else replace(member, sort=last)
    return members


def cube_from_rows(
    rows: Mapping[str, Sequence[str | None]], measure: Dimension, dimensions: Sequence[Dimension]
) -> Cube:
    """A cube from columns of text: see `cube_from_table`."""
    import pyarrow as pa

    table = pa.table({name: pa.array(values, pa.string()) for name, values in rows.items()})
    return cube_from_table(table, measure, dimensions)


def _finish(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    path: Path,
    value: str,
    value_name: str,
    notes: str,
    notes_name: str | None,
    measure: _Plan,
    plans: list[_Plan],
) -> Cube:
    """Type the values, put each row's members in place of its texts, sort, and write the rows as Parquet."""
    import pyarrow as pa

    value = f"nullif(trim({value}), '')"
    value_type = _value_type(con, path, value, value_name)
    tables: list[tuple[str, _Plan]] = [("m", measure), *((f"d{i}", plan) for i, plan in enumerate(plans))]
    for table, plan in tables:
        places = _settle(plan)
        mapping = pa.table(
            {"key": pa.array(list(places), pa.string()), "place": pa.array(list(places.values()), pa.int32())}
        )
        con.register("incoming", mapping)
        con.execute(f"CREATE TEMP TABLE map_{table} AS SELECT * FROM incoming")
        con.unregister("incoming")
    codes = _note_table(con, path, notes, notes_name)
    canonical = {
        "BIGINT": f"CASE WHEN length({value}) <= 18 THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST(CAST({value} AS HUGEINT) AS VARCHAR) END",
        "DOUBLE": f"regexp_replace(CAST(CAST({value} AS DOUBLE) AS VARCHAR), '\\.0$', '')",
        "VARCHAR": value,
    }[value_type]
    joins = " ".join(f"LEFT JOIN map_{table} ON map_{table}.key = {plan.key}" for table, plan in tables)
    places_sql = ", ".join(f"map_{table}.place AS {table}" for table, _ in tables)
    time = next((i for i, plan in enumerate(plans) if plan.dimension.is_date), None)
    order = ["m", *([f"d{time} DESC"] if time is not None else []), *(f"d{i}" for i in range(len(plans)) if i != time)]
    con.execute(
        f"COPY (SELECT {canonical} AS value, map_n.place AS note, {places_sql} FROM src {joins} "
        f"LEFT JOIN map_n ON map_n.key = {_note_key(notes)} ORDER BY {', '.join(order)}, src.rowid) "
        f"TO {_text(folder / 'rows.parquet')} (FORMAT parquet)"
    )
    rows = f"read_parquet({_text(folder / 'rows.parquet')})"
    for table, plan in tables:
        counts = dict(con.execute(f"SELECT {table}, count(*) FROM {rows} GROUP BY {table}").fetchall())
        plan.dimension.counts = [int(counts.get(place, 0)) for place in range(len(plan.dimension.members))]
    decimals = [0] * len(measure.dimension.members)
    if value_type == "DOUBLE":
        found = con.execute(
            "SELECT m, max(length(coalesce(nullif(split_part(value, '.', 2), ''), ''))) "
            f"FROM {rows} WHERE m IS NOT NULL AND value NOT LIKE '%e%' GROUP BY m"
        ).fetchall()
        for place, most in found:
            decimals[place] = min(int(most or 0), 9)
    total = con.execute(f"SELECT count(*) FROM {rows}").fetchone()
    con.close()
    for leftover in folder.glob("load.duckdb*"):
        leftover.unlink()
    return Cube(
        folder,
        measure.dimension,
        [plan.dimension for plan in plans],
        rows=int(total[0]) if total else 0,
        value_type=value_type,
        decimals=decimals,
        note_codes=codes,
    )


def _settle(plan: _Plan) -> dict[str, int]:
    """Put a plan's members in order, give them to its dimension, and say which place each text has."""
    by_reference: dict[str, Member] = {}
    for member in (*plan.members.values(), *plan.rest):
        by_reference.setdefault(member.reference, member)
    ordered = sorted(by_reference.values(), key=lambda m: (m.sort is None, m.sort or 0, m.en, m.reference))
    plan.dimension.members = ordered
    place = {member.reference: index for index, member in enumerate(ordered)}
    return {text: place[member.reference] for text, member in plan.members.items()}


def _value_type(con: duckdb.DuckDBPyConnection, path: Path, value: str, name: str) -> ValueType:
    fractions = _others(con, value, _INTEGER)
    texts = fractions and _others(con, value, _NUMBER)
    unknown = texts and _others(con, value, f"{_NUMBER}|{_TIME}")
    if unknown:
        bad = con.execute(
            f"SELECT rowid + 1, {value} FROM src "
            f"WHERE NOT regexp_full_match({value}, '{_NUMBER}|{_TIME}') ORDER BY rowid LIMIT 1"
        ).fetchone()
        row, text = bad or (0, "")
        raise _cell(path, name, row, text, "a number, a time or nothing", "rhif, amser neu ddim byd")
    return "VARCHAR" if texts else "DOUBLE" if fractions else "BIGINT"


def _others(con: duckdb.DuckDBPyConnection, value: str, pattern: str) -> int:
    """How many values are not of this pattern."""
    found = con.execute(f"SELECT count(*) FROM src WHERE NOT regexp_full_match({value}, '{pattern}')").fetchone()
    return int(found[0]) if found else 0


def _note_key(notes: str) -> str:
    return f"coalesce({notes}, '')"


def _note_table(con: duckdb.DuckDBPyConnection, path: Path, notes: str, name: str | None) -> list[str]:
    """Make ``map_n`` from note cells to places, and say what is at each place: note codes."""
    import pyarrow as pa

    cells = con.execute(
        f"SELECT {_note_key(notes)} AS cell, min(rowid) + 1 AS row FROM src GROUP BY cell ORDER BY row"
    ).fetchall()
    codes: list[str] = []
    keys: list[str] = []
    places: list[int] = []
    for cell, row in cells:
        found = _codes_of_marker(cell) if cell.strip() else ""
        if found is None:
            raise _cell(
                path, name or "", row, cell, "note codes or markers that are known", "codau nodyn neu farcwyr hysbys"
            )
        if found not in codes:
            codes.append(found)
        keys.append(cell)
        places.append(codes.index(found))
    con.register("incoming", pa.table({"key": pa.array(keys, pa.string()), "place": pa.array(places, pa.int32())}))
    con.execute("CREATE TEMP TABLE map_n AS SELECT * FROM incoming")
    con.unregister("incoming")
    return codes


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="gofal-cube-"))


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _guard(sql: str) -> str:
    """SQL for the formula guard: an apostrophe before what a spreadsheet would take for a formula."""
    return f"CASE WHEN left({sql}, 1) IN {_GUARDED} THEN chr(39) || {sql} ELSE {sql} END"


def _unguard(sql: str) -> str:
    """SQL that undoes the formula guard, for files that were downloaded from the API."""
    guarded = f"left({sql}, 1) = chr(39) AND substr({sql}, 2, 1) IN {_GUARDED}"
    return f"CASE WHEN {guarded} THEN substr({sql}, 2) ELSE {sql} END"


# -- errors ----------------------------------------------------------------------------------------------------


def _cell(path: Path, column: str, row: int, text: object, en: str, cy: str) -> DataProblem:
    shown = "nothing" if text is None else repr(text)
    shown_cy = "dim byd" if text is None else repr(text)
    return DataProblem(
        f"Expected {en}, found {shown} in {path.name}, column {column!r}, data row {row}. "
        f"Correct the cell and serve the file again.",
        f"Disgwyliwyd {cy}, ond cafwyd {shown_cy} yn {path.name}, colofn {column!r}, rhes ddata {row}. "
        f"Cywirwch y gell a gweinwch y ffeil eto.",
        code="csv_cell",
        file=str(path),
        column=column,
        row=row,
    )


def _other_columns(path: Path, expected: Sequence[str], found: Sequence[str]) -> DataProblem:
    return DataProblem(
        f"Expected the update {path.name} to have the columns of the revision before it ({', '.join(expected)}), found "
        f"{', '.join(found)}. Give it the same columns, or serve a whole revision without the +.",
        f"Disgwyliwyd i’r diweddariad {path.name} gynnwys colofnau’r diwygiad blaenorol ({', '.join(expected)}), ond "
        f"cafwyd {', '.join(found)}. Rhowch yr un colofnau iddo, neu gweinwch ddiwygiad cyfan heb y +.",
        code="update_columns",
        file=str(path),
        columns=list(found),
    )


def _twice(path: Path, cell: Sequence[str]) -> DataProblem:
    return DataProblem(
        f"Expected each cell once in the update {path.name}, found {', '.join(cell)} more than once. "
        f"Remove one of the rows and serve the file again.",
        f"Disgwyliwyd pob cell unwaith yn y diweddariad {path.name}, ond mae {', '.join(cell)} yno fwy nag unwaith. "
        f"Dilëwch un o’r rhesi a gweinwch y ffeil eto.",
        code="update_duplicate",
        file=str(path),
        cell=list(cell),
    )


def _shapeless(path: Path, header: Sequence[str], dataset: Dataset | None) -> DataProblem:
    raw = "Data values, Data description, …, Notes"
    mapped = [name for name in dataset.tidy.values() if not name.startswith("=")] if dataset else []
    missing = [name for name in mapped if name not in header]
    more = f", or the tidy columns of {dataset.key} ({', '.join(mapped)})" if dataset and mapped else ""
    more_cy = f", neu golofnau taclus {dataset.key} ({', '.join(mapped)})" if dataset and mapped else ""
    lacking = f" Missing: {', '.join(missing)}." if missing else ""
    lacking_cy = f" Ar goll: {', '.join(missing)}." if missing else ""
    return DataProblem(
        f"Expected the columns of the API ({raw}){more} in the first line of {path.name}, found {', '.join(header)}."
        f"{lacking} Rename the columns, or map them under `tidy` in datasets.yml.",
        f"Disgwyliwyd colofnau’r API ({raw}){more_cy} yn llinell gyntaf {path.name}, ond cafwyd {', '.join(header)}."
        f"{lacking_cy} Ailenwch y colofnau, neu mapiwch nhw o dan `tidy` yn datasets.yml.",
        code="csv_shape",
        file=str(path),
        columns=list(header),
        missing=missing,
        row=1,
    )


def _unreadable(path: Path, reason: str, columns: int) -> DataProblem:
    line = re.search(r"CSV Error on Line: (\d+)", reason)
    found = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", reason)
    where = f", line {line[1]}" if line else ""
    where_cy = f", llinell {line[1]}" if line else ""
    what = f"{found[2]} cells where the first line has {found[1]}" if found else reason.splitlines()[0]
    what_cy = f"{found[2]} cell lle mae gan y llinell gyntaf {found[1]}" if found else reason.splitlines()[0]
    if "unicode" in reason.lower() or "utf-8" in reason.lower():
        what, what_cy = "text in another encoding", "testun mewn amgodiad arall"
    return DataProblem(
        f"Expected a CSV file in UTF-8 with as many cells in every line, found {what} in {path.name}{where}. "
        f"Save the file as CSV (UTF-8) and serve it again.",
        f"Disgwyliwyd ffeil CSV mewn UTF-8 â’r un nifer o gelloedd ym mhob llinell, ond cafwyd {what_cy} yn "
        f"{path.name}{where_cy}. Cadwch y ffeil fel CSV (UTF-8) a gweinwch hi eto.",
        code="csv_unreadable",
        file=str(path),
        row=int(line[1]) if line else None,
        columns=columns,
    )


CubeMaker = Callable[[], Cube]
"""A cube that is made when it is first asked for."""
