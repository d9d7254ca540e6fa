"""A landed dataset, typed: the staged Parquet of docs/design.md, made with DuckDB alone and in bounded memory.

Every cell stays text, as it came, but for the formula guard, which is undone. Exact note codes are joined from the
second view by labels, the only thing that the two views share, and never guessed.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion import engine
from ingestion.engine import exact, literal, quote
from ingestion.errors import DataProblem
from ingestion.lake import CHUNK, Lake, LoadRecord
from ingestion.statswales.client import fetch_error
from ingestion.statswales.notes import CODE_PATTERN, NOTE_CODES
from ingestion.statswales.registry import Column, Dataset, normalise

if TYPE_CHECKING:
    import duckdb

MAX_ROWS = 1000
"""A message names at most so many rows; its count says how many there are."""


@dataclass
class Dimension:
    """One dimension (or the measure) of a ``raw_extended`` CSV: four columns of the file."""

    name: str
    """Its English display name."""
    label: int
    """Position of the label; the reference, the sort and the hierarchy follow where the file has them."""
    reference: int
    sort: int | None
    hierarchy: int | None
    fact_column: str | None = None
    role: str | None = None


@dataclass
class Layout:
    """Which column of a ``raw_extended`` CSV is what."""

    header: list[str]
    value: int
    notes: int
    dimensions: list[Dimension]
    others: dict[str, int]
    """Columns that are no part of a dimension, by name: there should be none, and what there is is kept."""
    roles: dict[str, Dimension] = field(default_factory=dict)
    """By role of the registry entry, in its order. A role that is not required may be absent."""


def build_batch(dataset: Dataset, lake: Lake, record: LoadRecord, shapes: Mapping[str, Shape] | None = None) -> None:
    """Type a landed dataset into the staged Parquet and its members, as docs/design.md says.

    Args:
        dataset: The registry entry.
        lake: Holds the landed files; receives the batch.
        record: A landed load with its ``files``; ``staged_file``, ``columns`` and messages are filled in.
        shapes: What `scan` found of the files in the roles ``data`` and ``note_codes``, where that is known already.

    Raises:
        DataProblem: The bytes are not what the dataset is contracted to be.
        FetchError: Other than ``record.rows`` rows came out (``row_count``).
        OSError: The lake cannot be written.
    """
    import duckdb

    landed = {file.role: file for file in record.files}
    with contextlib.ExitStack() as held:
        data = held.enter_context(lake.as_local(landed["data"].path))
        notes = held.enter_context(lake.as_local(landed["note_codes"].path))
        filters = held.enter_context(lake.as_local(landed["filters_cy"].path))
        shape = (shapes or {}).get("data") or scan(data)
        notes_shape = (shapes or {}).get("note_codes") or scan(notes)
        for problem in (shape.problem, notes_shape.problem):
            if problem is not None:
                raise problem
        if shape.blank:
            raise no_rows()
        layout = read_layout(dataset, _header(data), record.fact_columns, lake.last_accepted(dataset.key), record)
        wide = held.enter_context(lake.scratch(".parquet"))
        batch = held.enter_context(lake.scratch(".parquet"))
        members = held.enter_context(lake.scratch(".parquet"))
        database = held.enter_context(engine.database(lake))
        try:
            rows = _unpack(database, data, layout, wide, undo_guard=shape.guarded)
            if record.rows is not None and rows != record.rows:
                raise fetch_error(
                    "row_count",
                    "data",
                    f"the data should have {record.rows:,} rows (totalLines) and has {rows:,}",
                    f"dylai fod gan y data {record.rows:,} rhes (totalLines) ac mae ganddo {rows:,}",
                    dataset_id=record.dataset_id,
                    name=record.source_key,
                    url=landed["data"].url,
                )
            record.rows = rows
            coded = _read_codes(database, notes, layout, record) if notes_shape.bracket else 0
            _write_batch(database, dataset, record, layout, wide, batch, coded=coded)
            if coded:
                _assert_codes_unique(database, layout, record, batch, coded)
            _write_members(database, record, layout, wide, filters, members)
        except duckdb.IOException as error:
            raise _as_os_error(error) from error
        staged = lake.staged_path(record.source_key, record.load_id)
        lake.put(members, members_path(staged))
        lake.put(batch, staged)
        record.staged_file = staged


@dataclass
class Shape:
    """What a body looks like before it is parsed."""

    lines: int
    """Data rows, if no cell holds a line end."""
    blank: bool
    """A line end and nothing else: what the service sends for no rows."""
    bracket: bool
    """Whether there is a ``[`` anywhere; without one no row has a note code, and that view need not be parsed."""
    guarded: bool
    """Whether there may be a cell that the formula guard has touched."""
    problem: DataProblem | None = None


GUARD = re.compile(rb"'[=+\-@\t\r\n]")


def scan(path: Path) -> Shape:
    """Read a file once, in pieces, for what decides how it is parsed.

    Args:
        path: A landed or downloaded body.

    Returns:
        Its shape, with the problem where it is no CSV at all.
    """
    newlines, bracket, guarded, last, size = 0, False, False, b"", 0
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(0)
        while piece := file.read(CHUNK):
            newlines += piece.count(b"\n")
            bracket = bracket or b"[" in piece
            guarded = guarded or GUARD.search(last + piece) is not None
            last = piece[-1:]
            size += len(piece)
    blank = size <= 64 and not head.strip()
    shape = Shape(newlines - (last == b"\n"), blank, bracket, guarded)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"<", b"{"):
        shape.problem = not_csv(head)
    return shape


def count_rows(path: Path, shape: Shape, total: int) -> int | None:
    """Count data rows. A file has as many as lines, unless cells hold line ends: only then is it parsed for this.

    Args:
        path: The CSV.
        shape: What `scan` found.
        total: How many there should be.

    Returns:
        The rows; None where the file has enough lines and cannot be parsed (the batch will say where).
    """
    if shape.lines <= total:
        return shape.lines
    try:
        with engine.database() as database, _parsing():
            (rows,) = database.execute(f"SELECT count(*) FROM {_csv(path, len(_header(path)))}").fetchone() or (0,)
            return int(rows)
    except DataProblem:
        return None


def not_csv(head: bytes, content_type: str | None = None) -> DataProblem:
    """Word a body that is no CSV: an error page, or JSON.

    Args:
        head: Its first bytes.
        content_type: What it was sent as, where that gave it away.
    """
    found = head[:120].decode("utf-8", "replace")
    kind = f" ({content_type})" if content_type else ""
    return DataProblem(
        f"Expected CSV and found something else{kind}, which begins {found!r}. The batch is quarantined and the last "
        f"good load stays current. Look at the dataset on the StatsWales website, then run again.",
        f"Disgwyliwyd CSV a chafwyd rhywbeth arall{kind}, sy’n dechrau {found!r}. Mae’r swp mewn cwarantin a’r llwyth "
        f"da diwethaf yn aros yn gyfredol. Edrychwch ar y set ddata ar wefan StatsCymru, yna rhedwch eto.",
        code="not_csv",
    )


def no_rows() -> DataProblem:
    """Word a dataset that has no rows at all."""
    return DataProblem(
        "Expected rows and found none: the service says that the dataset has 0 rows. The batch is quarantined and the "
        "last good load stays current. Ask the publisher, then run again.",
        "Disgwyliwyd rhesi ond nid oedd yr un: dywed y gwasanaeth fod gan y set ddata 0 rhes. Mae’r swp mewn cwarantin "
        "a’r llwyth da diwethaf yn aros yn gyfredol. Holwch y cyhoeddwr, yna rhedwch eto.",
        code="empty",
    )


@contextlib.contextmanager
def _parsing() -> Iterator[None]:
    """What DuckDB finds wrong with a CSV is a problem of the data."""
    import duckdb

    try:
        yield
    except duckdb.InvalidInputException as error:
        raise _malformed(error) from error


def _csv(path: Path, columns: int) -> str:
    """DuckDB's reader, told everything so that nothing is guessed; columns are text, by position."""
    names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(columns))
    return (
        f"read_csv({exact(path)}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = '', strict_mode = true, null_padding = false, max_line_size = 16777216, "
        f"columns = {{{names}}})"
    )


def undo_guard(text: str) -> str:
    """Undo the source's formula guard on one cell.

    Since July 2026 the service puts an apostrophe before a text that begins with ``=``, ``+``, ``-``, ``@``, a tab or
    a line end, so that spreadsheets do not run it; negative whole numbers arrive as ``'-477``.

    Returns:
        The cell without that one apostrophe; any other cell as it is.
    """
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@\t\r\n" else text


def _unguard_sql(expression: str) -> str:
    return (
        f"CASE WHEN starts_with({expression}, '''') AND substr({expression}, 2, 1) IN "
        f"('=', '+', '-', '@', chr(9), chr(10), chr(13)) THEN substr({expression}, 2) ELSE {expression} END"
    )


def _header(path: Path) -> list[str]:
    """The column names of a CSV, the formula guard undone.

    Raises:
        DataProblem: The first line is not a line of UTF-8 CSV.
    """
    try:
        # What is wrong further down is not this line's: it is let through here, and found when the rows are parsed.
        with path.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="") as file:
            names = next(csv.reader(file, strict=True))
        for name in names:
            name.encode("utf-8")
    except (UnicodeError, csv.Error, StopIteration) as error:
        raise _malformed(error, line=1) from error
    return [undo_guard(name) for name in names]


def _malformed(error: Exception, line: int | None = None) -> DataProblem:
    text = str(error)
    match = re.search(r"Line: (\d+)", text)
    line = int(match[1]) if match else line
    original = re.search(r"Original Line: (.*)", text)
    reason = next(
        (
            part.strip()
            for part in text.splitlines()[1:]
            if part.strip() and not part.startswith(("Original Line", "Possible", "*"))
        ),
        text.splitlines()[0] if text else type(error).__name__,
    )
    where_en = f"line {line}" if line else "a line"
    where_cy = f"llinell {line}" if line else "llinell"
    row: dict[str, Any] = {"source_row": line - 1 if line else None, "reason": reason[:300]}
    if original:
        row["text"] = original[1][:1000]
    return DataProblem(
        f"Expected CSV as RFC 4180 has it, in UTF-8, and {where_en} is not: {reason[:300]} The batch is quarantined "
        f"and the last good load stays current. Ask the publisher to mend it, then run again.",
        f"Disgwyliwyd CSV yn ôl RFC 4180, mewn UTF-8, ac nid felly {where_cy}: {reason[:300]} Mae’r swp mewn cwarantin "
        f"a’r llwyth da diwethaf yn aros yn gyfredol. Gofynnwch i’r cyhoeddwr ei gywiro, yna rhedwch eto.",
        code="csv_malformed",
        line=line,
        count=1,
        rows=[row],
    )


def _as_os_error(error: Exception) -> OSError:
    full = re.search(r"no space left|disk full|out of disk|temp.?directory.?size", str(error), re.IGNORECASE)
    return OSError(errno.ENOSPC if full else errno.EIO, str(error).splitlines()[0])


# -- which column is what --------------------------------------------------------------------------------------


def read_layout(
    dataset: Dataset,
    header: list[str],
    fact_columns: Mapping[str, str],
    newest: LoadRecord | None,
    record: LoadRecord,
) -> Layout:
    """Find each role of the registry entry among the columns of a ``raw_extended`` CSV.

    A role keeps the fact table column that it had in the last accepted load, whatever its display name is now;
    otherwise the first of its names wins that is a display name or a fact table column here, without regard to case.

    Args:
        dataset: The registry entry.
        header: Column names, English.
        fact_columns: Display name to fact table column, from the stored query.
        newest: The last accepted load.
        record: Receives ``columns`` and a warning for each renamed column.

    Returns:
        The layout.

    Raises:
        DataProblem: A required column is missing, or two columns have one name.
    """
    folded = [normalise(name) for name in header]
    twice = sorted({header[i] for i, name in enumerate(folded) if folded.count(name) > 1})
    if twice:
        raise _columns_problem(
            "column_duplicate",
            dataset,
            header,
            f"expected each column once and found {_listing(twice)} more than once",
            f"disgwyliwyd pob colofn unwaith a chafwyd {_listing(twice)} fwy nag unwaith",
        )
    at = {name: i for i, name in enumerate(folded)}
    missing = [name for name in ("Data values", "Notes") if normalise(name) not in at]
    dimensions = []
    claimed = {at[n] for n in ("data values", "data values_sort", "notes") if n in at}
    for i, name in enumerate(header):
        reference, sort, hierarchy = (at.get(normalise(f"{name}_{x}")) for x in ("reference", "sort", "hierarchy"))
        if reference is not None and i not in claimed:
            fact = next((f for n, f in fact_columns.items() if normalise(n) == folded[i]), None)
            dimensions.append(Dimension(name, i, reference, sort, hierarchy, fact))
            claimed |= {x for x in (i, reference, sort, hierarchy) if x is not None}
    others = {name: i for i, name in enumerate(header) if i not in claimed}
    layout = Layout(header, at.get("data values", -1), at.get("notes", -1), dimensions, others)
    for role, column in dataset.columns.items():
        if column.constant is not None:
            continue
        found = _find_role(role, column, [d for d in dimensions if d.role is None], newest)
        if found is not None:
            found.role = role
            layout.roles[role] = found
        elif column.required:
            missing.append(" / ".join(column.names))
    if missing:
        raise _columns_problem(
            "column_missing",
            dataset,
            header,
            f"expected {_listing(missing)}, not found",
            f"disgwyliwyd {_listing(missing)}, heb ei chanfod",
        )
    record.columns = {role: found.name for role, found in layout.roles.items()}
    taken = _claimed(dataset)
    unmapped = [*(d.name for d in dimensions if d.role is None), *others]
    record.columns |= {_own_name(name, taken): name for name in unmapped}
    for role, found in layout.roles.items():
        was = newest.columns.get(role) if newest else None
        if was is not None and was != found.name:
            record.add(
                "column_renamed",
                "warning",
                f"The column for {role} was called {was!r} and is now called {found.name!r}"
                f"{f' (fact table column {found.fact_column})' if found.fact_column else ''}. If that is so, add the "
                f"new name to `names` in datasets.yml.",
                f"Enw’r golofn ar gyfer {role} oedd {was!r}; ei henw bellach yw {found.name!r}"
                f"{f' (colofn {found.fact_column})' if found.fact_column else ''}. Os felly, ychwanegwch yr enw newydd "
                f"at `names` yn datasets.yml.",
            )
    return layout


def _find_role(role: str, column: Column, free: Sequence[Dimension], newest: LoadRecord | None) -> Dimension | None:
    if newest and (was := newest.columns.get(role)) and (fact := newest.fact_columns.get(was)):
        kept = next((d for d in free if normalise(d.fact_column) == normalise(fact)), None)
        if kept is not None:
            return kept
    for name in (*column.names, column.fact_column, column.name_cy):
        for dimension in free:
            if normalise(name) in (normalise(dimension.name), normalise(dimension.fact_column)):
                return dimension
    return None


def _columns_problem(code: str, dataset: Dataset, header: list[str], en: str, cy: str) -> DataProblem:
    columns = [name for name in header if not name.endswith(("_reference", "_sort", "_hierarchy"))]
    return DataProblem(
        f"In the columns of {dataset.key}: {en}. The columns are: {_listing(columns)}. The batch is quarantined and "
        f"the last good load stays current. If the source has changed a name, add it to `names` in datasets.yml and "
        "run again.",
        f"Yng ngholofnau {dataset.key}: {cy}. Y colofnau yw: {_listing(columns)}. Mae’r swp mewn cwarantin a’r llwyth "
        f"da diwethaf yn aros yn gyfredol. Os newidiodd y ffynhonnell enw, ychwanegwch ef at `names` yn datasets.yml a "
        f"rhedwch eto.",
        code=code,
        columns=columns,
    )


def _listing(names: Sequence[str]) -> str:
    return ", ".join(f"‘{name}’" for name in names)


def _claimed(dataset: Dataset) -> set[str]:
    """Names of the batch that a source's own column may not take (without regard to case: so DuckDB reads them)."""
    names = {"value", "notes", "note_codes", "period_sort", "area_hierarchy"}
    names |= set(dataset.columns) | {f"{role}_code" for role in dataset.columns}
    return names


def _own_name(name: str, taken: set[str]) -> str:
    """The name of an unmapped column in the batch: its own, unless a role has that one."""
    own = name.removeprefix("_") or "column"
    while own.casefold() in taken or f"{own}_reference".casefold() in taken:
        own += " (source)"
    return own


# -- SQL -------------------------------------------------------------------------------------------------------


def _unpack(database: duckdb.DuckDBPyConnection, data: Path, layout: Layout, wide: Path, *, undo_guard: bool) -> int:
    """Parse the CSV once, in parallel and in order, into a scratch Parquet file with the columns that are used.

    Two passes, CSV to Parquet to Parquet, beat one: the row number is the second file's own, and the dimension members
    come from dictionary-encoded columns instead of from parsing the text again.

    Returns:
        The number of rows.
    """
    used = {layout.value, layout.notes, *layout.others.values()}
    for d in layout.dimensions:
        used |= {d.label, d.reference}
        if d.role is not None:
            used |= {i for i in (d.sort, d.hierarchy) if i is not None}
    columns = ", ".join(f"{_unguard_sql(f'c{i}')} AS c{i}" if undo_guard else f"c{i}" for i in sorted(used))
    with _parsing():
        database.execute(
            f"COPY (SELECT {columns} FROM {_csv(data, len(layout.header))}) TO {literal(str(wide))} (FORMAT parquet)"
        )
    (rows,) = database.execute(f"SELECT count(*) FROM read_parquet({exact(wide)})").fetchone() or (0,)
    return int(rows)


def _read_codes(database: duckdb.DuckDBPyConnection, notes: Path, layout: Layout, record: LoadRecord) -> int:
    """Read the rows of the ``with_note_codes`` view that carry a code into the table ``coded``.

    Returns:
        How many there are.

    Raises:
        DataProblem: The view has other columns than the data, or labels that name more than one row.
    """
    header = _header(notes)
    folded = [normalise(name) for name in header]
    wanted = [normalise(d.name) for d in layout.dimensions]
    if not set(wanted) <= set(folded) or "data values" not in folded:
        raise _ambiguous(
            f"expected the view with note codes to have the columns {_listing([d.name for d in layout.dimensions])} "
            f"and found {_listing(header)}",
            f"disgwyliwyd i’r wedd â chodau nodiadau gynnwys y colofnau "
            f"{_listing([d.name for d in layout.dimensions])} a chafwyd {_listing(header)}",
        )
    value = f"c{folded.index('data values')}"
    labels = [_unguard_sql(f"c{folded.index(name)}") for name in wanted]
    codes = f"list_sort(list_distinct(regexp_extract_all(lower({value}), {literal(CODE_PATTERN)}, 1)))"
    selected = "".join(f"{sql} AS l{i}, " for i, sql in enumerate(labels))
    with _parsing():
        database.execute(
            f"CREATE TEMP TABLE coded AS SELECT {selected}array_to_string({codes}, ',') AS codes "
            f"FROM {_csv(notes, len(header))} "
            f"WHERE contains({value}, '[') AND regexp_matches(lower({value}), {literal(CODE_PATTERN)})"
        )
    (count,) = database.execute("SELECT count(*) FROM coded").fetchone() or (0,)
    names = ", ".join(f"l{i}" for i in range(len(labels)))
    clash = database.execute(
        f"SELECT {names}, count(*) AS n, count(*) OVER () AS groups FROM coded GROUP BY {names} HAVING count(*) > 1 "
        f"LIMIT {MAX_ROWS}"
    ).fetchall()
    if clash:
        raise _labels_clash(layout, [row[: len(labels)] for row in clash], int(clash[0][-1]))
    unknown = database.execute(
        "SELECT code, count(*) FROM (SELECT unnest(string_split(codes, ',')) AS code FROM coded) "
        f"WHERE code NOT IN ({', '.join(literal(c) for c in NOTE_CODES)}) GROUP BY code ORDER BY code"
    ).fetchall()
    if unknown:
        listing = ", ".join(f"[{code}] ({n:,})" for code, n in unknown)
        record.add(
            "note_code_unknown",
            "warning",
            f"The source uses note codes that we do not know: {listing}. They are kept in note_codes and change no "
            "value.",
            f"Mae’r ffynhonnell yn defnyddio codau nodiadau nad ydym yn eu hadnabod: {listing}. Fe’u cedwir yn "
            f"note_codes ac nid ydynt yn newid unrhyw werth.",
            count=sum(n for _, n in unknown),
        )
    return int(count)


def _write_batch(
    database: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    record: LoadRecord,
    layout: Layout,
    wide: Path,
    batch: Path,
    *,
    coded: int,
) -> None:
    """Write the batch: columns under the names of docs/design.md, each row with where it came from."""
    columns: list[tuple[str, str]] = [
        ("value", f"w.c{layout.value}"),
        ("notes", f"w.c{layout.notes}"),
        ("note_codes", "k.codes" if coded else "NULL::VARCHAR"),
    ]

    def cell(index: int | None) -> str:
        return "NULL::VARCHAR" if index is None else f"w.c{index}"

    for role, column in dataset.columns.items():
        found = layout.roles.get(role)
        columns.append((role, cell(found.label if found else None)))
        code = literal(column.constant) if column.constant else cell(found.reference if found else None)
        columns.append((f"{role}_code", code))
        if column.kind == "period":
            columns.append((f"{role}_sort", cell(found.sort if found else None)))
        if column.kind == "area":
            columns.append((f"{role}_hierarchy", cell(found.hierarchy if found else None)))
    taken = _claimed(dataset)
    for d in layout.dimensions:
        if d.role is None:
            own = _own_name(d.name, taken)
            columns += [(own, cell(d.label)), (f"{own}_reference", cell(d.reference))]
    columns += [(_own_name(name, taken), cell(i)) for name, i in layout.others.items()]
    columns += [
        ("_source_row", "(w.file_row_number + 1)::BIGINT"),
        ("_load_id", literal(record.load_id)),
        ("_landed_sha256", literal(record.landed_sha256 or "")),
    ]
    select = ", ".join(f"{sql} AS {quote(name)}" for name, sql in columns)
    joined = ""
    if coded:
        on = " AND ".join(f"w.c{d.label} IS NOT DISTINCT FROM k.l{i}" for i, d in enumerate(layout.dimensions))
        joined = f" LEFT JOIN coded AS k ON {on}"
    database.execute(
        f"COPY (SELECT {select} FROM read_parquet({exact(wide)}, file_row_number = true) AS w{joined}) "
        f"TO {literal(str(batch))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    )


def _assert_codes_unique(
    database: duckdb.DuckDBPyConnection, layout: Layout, record: LoadRecord, batch: Path, coded: int
) -> None:
    """Whether each row with codes found exactly one row of data, and each row of data at most one.

    Raises:
        DataProblem: Labels name more than one row, or a row of the other view is not in the data.
    """
    source = f"read_parquet({exact(batch)})"
    own = {source: name for name, source in record.columns.items()}
    names = ", ".join(quote(d.role or own[d.name]) for d in layout.dimensions)
    clash = database.execute(
        f"SELECT {names}, count(*) OVER () FROM {source} WHERE note_codes IS NOT NULL GROUP BY {names} "
        f"HAVING count(*) > 1 LIMIT {MAX_ROWS}"
    ).fetchall()
    if clash:
        raise _labels_clash(layout, [row[:-1] for row in clash], int(clash[0][-1]))
    (matched,) = database.execute(f"SELECT count(note_codes) FROM {source}").fetchone() or (0,)
    if matched != coded:
        raise _ambiguous(
            f"the view with note codes has {coded:,} rows with codes, of which {matched:,} are in the data",
            f"mae gan y wedd â chodau nodiadau {coded:,} rhes â chodau, ac mae {matched:,} ohonynt yn y data",
        )


def _labels_clash(layout: Layout, tuples: Sequence[tuple[Any, ...]], count: int) -> DataProblem:
    rows = [{d.name: label for d, label in zip(layout.dimensions, labels, strict=True)} for labels in tuples]
    first = " / ".join(str(label) for label in tuples[0])
    return _ambiguous(
        f"{count:,} combinations of labels with note codes name more than one row, the first {first!r}",
        f"mae {count:,} o gyfuniadau o labeli â chodau nodiadau yn enwi mwy nag un rhes, y cyntaf {first!r}",
        count=count,
        rows=rows,
    )


def _ambiguous(en: str, cy: str, **context: Any) -> DataProblem:
    return DataProblem(
        f"Expected every note code to belong to one row: {en}. Codes are joined by labels, for that view has no "
        f"references, and are never guessed. The batch is quarantined and the last good load stays current. Ask the "
        f"publisher to make the labels distinct, then run again.",
        f"Disgwyliwyd i bob cod nodyn berthyn i un rhes: {cy}. Cysylltir codau drwy labeli, gan nad oes cyfeiriadau yn "
        f"y wedd honno, ac ni ddyfelir byth. Mae’r swp mewn cwarantin a’r llwyth da diwethaf yn aros yn gyfredol. "
        f"Gofynnwch i’r cyhoeddwr wneud y labeli’n wahanol, yna rhedwch eto.",
        code="note_codes_ambiguous",
        **context,
    )


def _write_members(
    database: duckdb.DuckDBPyConnection,
    record: LoadRecord,
    layout: Layout,
    wide: Path,
    filters: Path,
    members: Path,
) -> None:
    """Write the members that the data uses, with both languages' labels, one row a role and code."""
    import pyarrow as pa

    welsh: list[tuple[str, str, str | None]] = []
    names: list[tuple[str, str, str | None]] = []
    by_fact = {
        normalise(str(dimension.get("factTableColumn"))): dimension
        for dimension in json.loads(filters.read_text(encoding="utf-8"))
    }
    for role, found in layout.roles.items():
        dimension = by_fact.get(normalise(found.fact_column), {}) if found.fact_column else {}
        names.append((role, found.name, dimension.get("columnName") or None))
        welsh += [(role, code, label) for code, label in _flatten(dimension.get("values") or [])]
    database.register("welsh", _table(pa, ("role", "code", "label_cy"), welsh))
    database.register("names", _table(pa, ("role", "name_en", "name_cy"), names))
    parts = []
    for role, found in layout.roles.items():
        sort, hierarchy = (f"min(c{i})" if i is not None else "NULL::VARCHAR" for i in (found.sort, found.hierarchy))
        parts.append(
            f"SELECT {literal(role)} AS role, c{found.reference} AS code, min(c{found.label}) AS label_en, {sort} AS "
            f"sort, {hierarchy} AS hierarchy FROM read_parquet({exact(wide)}) GROUP BY c{found.reference}"
        )
    database.execute(
        f"CREATE TEMP TABLE members AS SELECT m.role, m.code, m.label_en, w.label_cy, m.sort, m.hierarchy, n.name_en, "
        f"n.name_cy, {literal(record.load_id)} AS _load_id FROM ({' UNION ALL '.join(parts)}) AS m "
        f"LEFT JOIN names AS n USING (role) LEFT JOIN welsh AS w ON w.role = m.role AND w.code = m.code "
        f"ORDER BY m.role, try_cast(m.sort AS BIGINT) NULLS LAST, m.code"
    )
    database.execute(f"COPY members TO {literal(str(members))} (FORMAT parquet)")
    for column, language_en, language_cy in (
        ("label_cy", "Welsh", "Cymraeg"),
        ("label_en", "English", "Saesneg"),
    ):
        rows = database.execute(
            f"SELECT role, code, coalesce(label_en, label_cy) FROM members WHERE {column} IS NULL ORDER BY role, code"
        ).fetchall()
        if rows:
            first = ", ".join(f"{role} {code} ({label})" for role, code, label in rows[:5])
            record.add(
                f"{column}_missing",
                "warning",
                f"The source gives no {language_en} label for {len(rows):,} members of {record.source_key}: {first}"
                f"{' …' if len(rows) > 5 else ''}.",
                f"Nid yw’r ffynhonnell yn rhoi label {language_cy} ar gyfer {len(rows):,} o aelodau "
                f"{record.source_key}: {first}{' …' if len(rows) > 5 else ''}.",
                count=len(rows),
                rows=[{"role": role, "code": code, "label": label} for role, code, label in rows[:MAX_ROWS]],
            )


def _table(pa: Any, columns: tuple[str, ...], rows: Sequence[tuple[str | None, ...]]) -> Any:
    return pa.table({name: pa.array([r[i] for r in rows], pa.string()) for i, name in enumerate(columns)})


def _flatten(values: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Every member of a tree of filter values, each code once."""
    found: dict[str, str | None] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and value.get("reference") is not None:
            found.setdefault(str(value["reference"]), undo_guard(str(value.get("description") or "")) or None)
            waiting += value.get("children") or []
    return list(found.items())


def same_batch(lake: Lake, record: LoadRecord, newest: LoadRecord) -> bool:
    """Whether a staged batch holds the same rows and members as an accepted one, in whatever order.

    Args:
        lake: Holds both.
        record: The staged load.
        newest: The accepted one.

    Returns:
        False also where either is not there.
    """
    if record.staged_file is None or not has_raw(lake, newest) or newest.raw_file is None:
        return False
    pairs = [(record.staged_file, newest.raw_file)]
    if newest.members_file and lake.exists(newest.members_file):
        pairs.append((members_path(record.staged_file), newest.members_file))
    with contextlib.ExitStack() as held:
        database = held.enter_context(engine.database(lake))
        return all(
            _same_rows(database, held.enter_context(lake.as_local(one)), held.enter_context(lake.as_local(other)))
            for one, other in pairs
        )


def _same_rows(database: duckdb.DuckDBPyConnection, one: Path, other: Path) -> bool:
    """Compare two Parquet files as bags of rows, the columns with ``_`` left out."""
    sources = [f"read_parquet({exact(path)})" for path in (one, other)]
    names = []
    for source in sources:
        described = database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        names.append(sorted(column[0] for column in described if not column[0].startswith("_")))
    if names[0] != names[1]:
        return False
    columns = ", ".join(quote(name) for name in names[0])
    # Sums of hashes tell different bags apart at the cost of one scan; only bags that seem equal are compared in full.
    sums = [
        database.execute(
            f"SELECT count(*), bit_xor(hash({columns})), sum(hash({columns})::HUGEINT) FROM {source}"
        ).fetchone()
        for source in sources
    ]
    if sums[0] != sums[1]:
        return False
    left, right = (f"SELECT {columns} FROM {source}" for source in sources)
    (more,) = database.execute(f"SELECT count(*) FROM ({left} EXCEPT ALL {right})").fetchone() or (1,)
    return bool(more == 0)  # as many rows on both sides, none of them only on the left


def has_raw(lake: Lake, record: LoadRecord) -> bool:
    """Whether an accepted load's rows are in the lake."""
    return record.raw_file is not None and lake.exists(record.raw_file)


def members_path(staged: str) -> str:
    """Where the members of a staged batch are kept, as `Lake` has it."""
    return staged.removesuffix(".parquet") + ".members.parquet"
