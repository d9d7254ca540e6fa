"""Old StatsWales wide exports: CSV files of pivot tables, as people saved them from the service that closed.

Two steps, so that each can be wrong only in its own way:

1. `parse_export` knows tables, not Wales. It finds the block of figures, gives each figure the path of labels above it
   and beside it, and reads the markers. It never guesses what a label means.
2. `export_to_batch` knows the registry. It gives each label its meaning (measure, breakdown, area, period), refuses
   what it does not recognise, and writes one batch in the shape of docs/design.md.

How an export says which labels belong to a figure (seen in genuine files): a label stands once, in the first cell of
its group, and the cells after it are blank or ``.``; a label that is given again starts its group anew and clears all
levels below it; on the lowest level a blank or ``.`` is no label, so the figure is the total of the level above.
The same holds for the labels beside the rows.
"""

from __future__ import annotations

import codecs
import csv
import functools
import hashlib
import io
import itertools
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ingestion.config import CHECKOUT
from ingestion.errors import DataProblem
from ingestion.lake import Lake, LandedFile, LoadRecord, Outcome, content_sha256, load_id, utc_now
from ingestion.statswales.meanings import age_key
from ingestion.statswales.registry import Column, Dataset, PeriodKind, normalise

AREA_ALIASES = CHECKOUT / "dbt_project" / "seeds" / "area_aliases.csv"
MAX_HEADER_ROWS = 40
MAX_PROBLEMS = 20
"""How many unrecognised labels or values one message names; all are counted."""

MARKERS: Mapping[str, str] = {
    "*": "c", "**": "c", "!!!": "c", "c": "c", "suppressed": "c", "confidential": "c", "cyfrinachol": "c",
    "..": "x", "...": "x", "\u2026": "x", ":": "x", "x": "x", "n/a": "x", "not available": "x", "ddim ar gael": "x",
    ".": "z", "z": "z", "not applicable": "z", "amherthnasol": "z",
    # Nil or negligible. Some publishers meant a true zero by the dash: it is one where the file's own key says so.
    "~": "k", "-": "k", "\u2013": "k", "\u2014": "k", "\u2212": "k", "k": "k", "low": "k",
    "w": "w", "u": "u",
}  # fmt: skip
"""What stands in place of a figure, and the note code of the present service that says the same (API.md 3.5)."""
FLAGS: Mapping[str, str] = {
    **{c: c for c in ("a", "b", "c", "e", "f", "k", "ns", "p", "r", "s", "ss", "sss", "t", "u", "w", "x", "z")},
    "!": "u", "!!": "u", "!!!": "u", "*": "c", "prov": "p", "rev": "r", "est": "e",
}  # fmt: skip
"""What stands beside a figure, and the note code that says the same. A number there is a footnote: no code."""
LEGEND: Sequence[tuple[str, str]] = (
    (
        "k",
        r"not exactly (zero|nil)|less than half|negligible|low figure|llai na hanner|ffigwr isel|nid yw.*union.*sero",
    ),
    ("c", r"disclos|suppress|confidential|sufficiently robust|datgel|cyfrinach|atal"),
    ("z", r"not applicable|amherthnasol|ddim yn berthnasol"),
    ("x", r"not (yet )?(available|collected)|unavailable|missing|ddim ar gael|heb (ei|eu) gasglu"),
    ("0", r"exactly (zero|nil)|\bnil\b|\bzero\b|\bsero\b"),
)
"""How a key under the table explains a marker, tried in this order (``0``: the marker is a true zero)."""

NEUTRAL = frozenset(
    normalise(t)
    for t in (
        "Value", "Values", "Data", "Data value", "Data values", "Number", "Count", "Measure", "Figure", "Figures",
        "Gwerth", "Gwerthoedd", "Gwerthoedd data", "Nifer", "Ffigur", "Ffigurau", "Mesur",
    )
)  # fmt: skip
"""Headings over figures that say nothing about which figures they are."""
DIMENSIONS = frozenset(
    normalise(t)
    for t in (
        "Year", "Period", "Date", "Area", "Authority", "Local authority", "Local authorities", "Region", "Age",
        "Age group", "Gender", "Sex", "Measure", "Area code", "Blwyddyn", "Cyfnod", "Dyddiad", "Ardal", "Awdurdod",
        "Awdurdod lleol", "Awdurdodau lleol", "Rhanbarth", "Oed", "Oedran", "Grŵp oedran", "Rhyw", "Rhywedd", "Mesur",
    )
)  # fmt: skip
"""Words that name a dimension, so a column of numbers under one is a column of labels."""

TOTAL_WORDS = frozenset(["total", "totals", "all", "both", "every", "cyfanswm", "cyfansymiau", "holl", "pob", "pawb"])
FILLER_WORDS = frozenset(
    ["and", "of", "the", "number", "children", "people", "persons", "a", "ac", "y", "yr", "o", "nifer", "plant", "pobl"]
)

_FIGURE = r"[-+\u2212]?\s*£?\s*(?:\d{1,3}(?:[,\u00a0\u202f '\u2019]\d{3})+|\d+)?(?:\.\d+)?\s*%?"
_YEAR = re.compile(r"(?<!\d)((?:18|19|20|21)\d{2})(?:\s*[-/_\u2013]\s*(\d{4}|\d{2})(?!\d))?(?!\d)")
_YEARLIKE = re.compile(
    r"(?:(?:18|19|20|21)\d{2})(?:\s*[-/\u2013]\s*\d{2,4})?(?:\s*[\[(]\s*(?:\d{1,2}|[a-z]{1,2})\s*[\])])*", re.IGNORECASE
)
_FOOTNOTE = re.compile(
    r"\s*(?:[\[(]\s*(?:\d{1,2}|[a-z]|!{1,3}|\*)(?:\s*,\s*(?:\d{1,2}|[a-z]))*\s*[\])]|[\u00b9\u00b2\u00b3\u2070-\u2079]|\*)$",
    re.IGNORECASE,
)
_COUNTRY = re.compile(r"[EWNS]92\d{6}|K0\d{7}")
_GSS = re.compile(r"[EWKNSJLM]\d{8}")


class Label(NamedTuple):
    """One label of a figure, and where it stands."""

    level: str
    """``header 3``, ``column 1`` or ``section 1``: all labels of a level belong together."""
    text: str
    row: int
    """Line of the file, from 1."""
    column: int
    """Column of the file, from 1."""


@dataclass(frozen=True)
class ExportCell:
    """One figure, or what stands in place of one."""

    row: int
    column: int
    row_path: tuple[Label, ...]
    column_path: tuple[Label, ...]
    text: str
    """As it stands in the file, without surrounding space."""
    value: str | None
    """The figure without separators and signs of unit; None where there is none."""
    codes: tuple[str, ...]
    """Note codes of the present service, sorted."""


@dataclass
class ExportTable:
    """One export, read but not yet understood."""

    path: Path
    encoding: str
    delimiter: str
    titles: list[Label] = field(default_factory=list)
    """What stands above the table."""
    notes: list[str] = field(default_factory=list)
    """What stands below it."""
    names: dict[str, str] = field(default_factory=dict)
    """What the corner of the table calls a level of row labels, where it does: ``{"column 1": "Area"}``."""
    cells: list[ExportCell] = field(default_factory=list)
    blank_rows: list[list[ExportCell]] = field(default_factory=list)
    """Rows that have labels and no figure at all: headings, or rows whose figures are all missing."""


class _Row(NamedTuple):
    line: int
    cells: list[str]
    width: int


# -- reading ---------------------------------------------------------------------------------------------------


def parse_export(path: Path) -> ExportTable:
    """Read one wide export.

    Args:
        path: A CSV file, in any of the encodings and separators that spreadsheets write.

    Returns:
        Its figures, each with the labels above and beside it.

    Raises:
        DataProblem: There is no table of figures in it, a figure has no label, or a cell holds neither a figure nor a
            known marker.
    """
    text, encoding = _decode(path.read_bytes())
    delimiter, rows = _rows(text)
    shape = _shape(rows)
    if shape is None:
        raise DataProblem(
            f"{path.name}: expected a table of figures with labels above and beside them, found none in {len(rows)} "
            f"lines (read as {encoding}, separated by {delimiter!r}). Save the table from StatsWales as CSV again.",
            f"{path.name}: disgwyliwyd tabl o ffigurau gyda labeli uwchben ac wrth eu hochr, ond ni chafwyd yr un "
            f"mewn {len(rows)} llinell (darllenwyd fel {encoding}, wedi’i wahanu gan {delimiter!r}). "
            f"Cadwch y tabl o StatsCymru fel CSV eto.",
            code="export_no_table",
            file=str(path),
        )
    table = ExportTable(path=path, encoding=encoding, delimiter=delimiter)
    for row in rows[: shape.first]:
        if row.line not in shape.header_lines:
            table.titles += [Label("title", c, row.line, i + 1) for i, c in enumerate(row.cells) if c]
    table.notes = [" ".join(c for c in row.cells if c) for row in rows[shape.last + 1 :] if any(row.cells)]
    headers = [row for row in rows[: shape.first] if row.line in shape.header_lines]
    if headers:
        corner = headers[-1].cells[: shape.labels]
        table.names = {f"column {i + 1}": c for i, c in enumerate(corner) if c and not _placeholder(c)}
    columns = _columns(headers, shape)
    _fill(table, rows[shape.first : shape.last + 1], columns, shape)
    return table


def _decode(data: bytes) -> tuple[str, str]:
    """Decode by the byte order mark, else by what the bytes can be."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    head = data[:4000]
    if head.count(0) > len(head) // 4:  # Latin letters in UTF-16 have a zero in every second byte
        encoding = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        return data.decode(encoding, errors="replace"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    # The Welsh w and y with a circumflex do not exist in cp1252; in Latin-8 they stand where it has Icelandic letters.
    if re.search("[ðþÐÞ]", text):
        return data.decode("iso8859-14"), "iso8859-14"
    return text, "cp1252"


def _rows(text: str) -> tuple[str, list[_Row]]:
    """Split into rows of cells by the separator that makes the most regular table."""
    named = re.match(r"sep=(.)\r?\n", text)
    best: tuple[tuple[float, int], str, list[_Row]] | None = None
    for delimiter in (named[1],) if named else (",", ";", "\t", "|"):
        rows = []
        reader = csv.reader(io.StringIO(text[named.end() :] if named else text, newline=""), delimiter=delimiter)
        line = 2 if named else 1
        for cells in reader:
            clean = [_clean(c) for c in cells]
            while clean and not clean[-1]:
                clean.pop()
            rows.append(_Row(line, clean, len(cells)))
            line = reader.line_num + (2 if named else 1)
        widths = Counter(r.width for r in rows if r.width > 1)
        width, regular = widths.most_common(1)[0] if widths else (1, 0)
        score = (regular / max(1, sum(1 for r in rows if r.cells)), width)
        if best is None or score > best[0]:
            best = (score, delimiter, rows)
    assert best is not None  # noqa: S101  # there is always a separator to try
    widest = max((len(r.cells) for r in best[2]), default=0)
    return best[1], [r._replace(cells=r.cells + [""] * (widest - len(r.cells))) for r in best[2]]


def _clean(cell: str) -> str:
    """Without surrounding space and the apostrophe by which a spreadsheet keeps a figure from being a formula."""
    cell = re.sub(r"\s+", " ", cell.replace("\u00a0", " ").replace("\ufeff", "").replace("\u200b", "")).strip()
    return cell[1:] if re.fullmatch(r"'[-+=@]\S.*", cell) else cell


# -- the shape of the table --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shape:
    first: int
    """Index of the first row of figures."""
    last: int
    labels: int
    """How many columns of row labels."""
    width: int
    header_lines: frozenset[int]


def _placeholder(cell: str) -> bool:
    return cell in ("", ".")


def _is_figure(cell: str) -> bool:
    return _value(cell, {}) is not None


def _is_label(cell: str) -> bool:
    """Whether a cell can only be a label: neither empty nor a figure, a marker or a year."""
    return bool(cell) and not _is_figure(cell) and not _YEARLIKE.fullmatch(cell)


def _is_number(cell: str) -> bool:
    found = _value(cell, {})
    return found is not None and found[0] is not None


def _labels_before(row: _Row) -> int:
    """How many cells there are up to the last one that can only be a label."""
    return max((i + 1 for i, c in enumerate(row.cells) if _is_label(c)), default=0)


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether cells are a run such as 0, 1, 2… or 2003, 2004…: labels that look like figures."""
    numbers = [int(c) for c in cells if re.fullmatch(r"\d{1,4}", c)]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    return len(numbers) == len(cells) >= 3 and len(steps) == 1 and abs(steps.pop()) == 1


def _is_heading_row(row: _Row, before: int, *, years_seen: bool) -> bool:
    """Whether a row without text over the figures is still a row of headings: years, or ages that count up."""
    cells = [c for c in row.cells[before:] if not _placeholder(c)]
    if len(cells) == 1 and len(row.cells) - before > 1 and _YEARLIKE.fullmatch(cells[0]):
        return True  # a year for the whole table, with its name before it
    unlabelled = before == 0 and not row.cells[0]
    named = before > 0 and normalise(_bare(row.cells[before - 1])) in DIMENSIONS
    years = [c for c in cells if _YEARLIKE.fullmatch(c)]
    if years and len(years) == len(cells) and (unlabelled or named or (not years_seen and _rises(years))):
        return True
    return (unlabelled or named) and _counts_up(cells)


def _rises(years: Sequence[str]) -> bool:
    """Whether years stand in order, either way, as headings do and figures hardly ever do."""
    numbers = [int(y[:4]) for y in years]
    return len(numbers) > 1 and (numbers == sorted(set(numbers)) or numbers == sorted(set(numbers), reverse=True))


def _shape(rows: list[_Row]) -> _Shape | None:
    """Find where the table is; None where there is none."""
    width = max((len(r.cells) for r in rows), default=0)
    seeds: list[tuple[int, int]] = []
    years_seen = False
    for index, row in enumerate(rows):
        before = _labels_before(row)
        beyond = [c for c in row.cells[max(before, 1) :] if c]
        if not beyond:
            continue
        if not seeds and _is_heading_row(row, before, years_seen=years_seen):
            years_seen = True
            continue
        # A row of headings is full of dots as well, so dots alone do not make a row of figures.
        solid = [c for c in beyond if c != "."]
        if solid and (before or row.cells[0] or seeds):
            seeds.append((index, before))
    if not seeds:
        return None
    counts = Counter(before for _, before in seeds)
    labels = max(b for b, n in counts.items() if n == max(counts.values()) or n * 5 >= len(seeds))
    seeds = [(i, b) for i, b in seeds if b <= labels] or seeds
    first = seeds[0][0]
    while first > 0 and _dotted(rows[first - 1], labels):  # rows above it in which nothing applies
        first -= 1
    above = rows[max(0, first - MAX_HEADER_ROWS) : first]
    headers = [r for r in above if any(not _placeholder(c) for c in r.cells[max(labels, 1) :])]
    leading = [next(i for i, c in enumerate(r.cells) if not _placeholder(c)) for r in headers]
    labels = max(labels, min(leading, default=0)) if labels < width else labels
    while labels < width - 1 and _label_column(rows[first : seeds[-1][0] + 1], headers, labels):
        labels += 1
    if labels == 0 and len(seeds) > 1:
        labels = 1  # figures down the first column can only be what the rows are called: years, or single ages
    headers = [r for r in above if any(not _placeholder(c) for c in r.cells[labels:])]
    if headers:  # a heading between the rows may stand before the first row of figures as well
        between = [i for i in range(first) if rows[i].line > headers[-1].line and any(rows[i].cells)]
        first = min([*between, first])
    full = Counter(rows[i].width for i, _ in seeds).most_common(1)[0][0]
    # Below the table, prose that has separators in it falls into cells as well, but seldom into as many.
    last = max((i for i in range(first, len(rows)) if _has_figures(rows[i], full, labels)), default=seeds[-1][0])
    return _Shape(first, last, labels, width, frozenset(r.line for r in headers))


def _has_figures(row: _Row, full: int, labels: int) -> bool:
    """Whether a row below the headings belongs to the table, also if something in it cannot be read."""
    cells = [c for c in row.cells[labels:] if c]
    half = len(cells) * 2 >= len(row.cells) - labels
    return (row.width == full and (half or any(map(_is_figure, cells)))) or (half and all(map(_is_figure, cells)))


def _dotted(row: _Row, labels: int) -> bool:
    """Whether a row has a label beside it and nothing but dots, or markers, for figures."""
    beside, cells = row.cells[:labels], [c for c in row.cells[labels:] if c]
    return any(not _placeholder(c) for c in beside) and len(cells) > 0 and all(c == "." for c in cells)


def _label_column(body: list[_Row], headers: list[_Row], column: int) -> bool:
    """Whether a column of what look like figures holds labels: years or ages under such a heading, or under none."""
    cells = [r.cells[column] for r in body if r.cells[column]]
    if not cells or not all(_YEARLIKE.fullmatch(c) or re.fullmatch(r"\d{1,3}\+?", c) for c in cells):
        return False
    heading = next((r.cells[column] for r in reversed(headers) if not _placeholder(r.cells[column])), "")
    if normalise(_bare(heading)) in DIMENSIONS:
        return True
    others = any(not _placeholder(c) for r in headers for c in r.cells[column + 1 :])
    return not heading and others and all(_YEARLIKE.fullmatch(c) for c in cells)


# -- labels ------------------------------------------------------------------------------------------------------


def _carry(state: list[Label | None], found: Iterable[tuple[int, Label | None]], *, lowest: int) -> None:
    """Take one column's (or row's) labels into the state: given again, a label clears the levels below it."""
    for level, label in found:
        if label is not None:
            state[level] = label
            state[level + 1 :] = [None] * (len(state) - level - 1)
        elif level == lowest:
            state[level] = None


def _columns(headers: list[_Row], shape: _Shape) -> list[tuple[Label, ...]]:
    """The path of labels over each column of figures."""
    state: list[Label | None] = [None] * len(headers)
    lowest = len(headers) - 1
    if len(headers) > 1:
        given = [c for c in headers[-1].cells[shape.labels :] if not _placeholder(c)]
        if len(given) == 1 and given[0] == headers[-1].cells[shape.labels] and shape.width - shape.labels > 1:
            lowest = len(headers)  # a single label below all the others holds for every column
    paths = []
    for column in range(shape.labels, shape.width):
        found = (
            (level, None if _placeholder(row.cells[column]) else _label("header", level, row, column))
            for level, row in enumerate(headers)
        )
        _carry(state, found, lowest=lowest)
        paths.append(tuple(label for label in state if label))
    return paths


def _label(kind: str, level: int, row: _Row, column: int) -> Label:
    return Label(f"{kind} {level + 1}", row.cells[column], row.line, column + 1)


def _fill(table: ExportTable, body: list[_Row], columns: list[tuple[Label, ...]], shape: _Shape) -> None:
    """Read the figures, row by row, with the labels beside them."""
    legend = _legend(table.notes)
    used = [i for i in range(len(columns)) if columns[i] or any(r.cells[shape.labels + i] for r in body)]
    problems: list[tuple[int, int, str]] = []
    sections: list[Label] = []
    pending: list[Label] = []
    state: list[Label | None] = [None] * shape.labels
    for row in body:
        if not any(row.cells):
            continue
        beside = [
            None if _placeholder(c) else _label("column", i, row, i) for i, c in enumerate(row.cells[: shape.labels])
        ]
        figures = any(row.cells[shape.labels :])
        if not figures:
            headings = [b for b in beside if b]
            blank_path = (*sections, *headings)
            cells = [ExportCell(row.line, shape.labels + i + 1, blank_path, columns[i], "", None, ()) for i in used]
            table.blank_rows.append(cells)
            if shape.labels > 1:
                _carry(state, enumerate(beside), lowest=shape.labels - 1)
            else:
                pending += headings
            continue
        if pending:  # as many headings in a row replace as many levels of what was said before
            kept = sections[: max(0, len(sections) - len(pending))]
            sections = [label._replace(level=f"section {i + 1}") for i, label in enumerate([*kept, *pending])]
            pending = []
        _carry(state, enumerate(beside), lowest=shape.labels - 1)
        path = (*sections, *(label for label in state if label))
        for i in used:
            text = row.cells[shape.labels + i]
            found = _value(text, legend) if text else (None, ())
            if found is None:
                problems.append((row.line, shape.labels + i + 1, text))
                continue
            if text and len(used) > 1 and not columns[i]:
                problems.append((row.line, shape.labels + i + 1, text))
                continue
            table.cells.append(ExportCell(row.line, shape.labels + i + 1, path, columns[i], text, *found))
    if problems:
        raise _problem(table.path, problems, "export_value")


def _value(text: str, legend: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]] | None:
    """Read one cell.

    Args:
        text: The cell, cleaned.
        legend: What the file's own key says of its markers.

    Returns:
        The figure (None where a marker stands in its place) and the note codes; None where it is neither.
    """
    bare = normalise(text)
    marker = re.sub(r"^[\[(]\s*(.*?)\s*[\])]$", r"\1", bare)
    for form in dict.fromkeys((bare, marker)):
        if form in legend:
            return ("0", ()) if legend[form] == "0" else (None, (legend[form],))
        if form in MARKERS:
            return None, (MARKERS[form],)
    codes: set[str] = set()
    rest = text.strip()
    for pattern in (
        r"^[\[(]\s*(?P<mark>[a-z]{1,4}|!{1,3}|\*|\d{1,2})\s*[\])]\s*(?P<rest>.*\d.*)$",
        r"^(?P<rest>.*\d.*?)\s*[\[(]\s*(?P<mark>[a-z]{1,4}|!{1,3}|\*|\d{1,2})\s*[\])]$",
        r"^(?P<rest>.*\d%?)\s*(?P<mark>[a-z]{1,2}|!{1,3}|[\u00b9\u00b2\u00b3\u2070-\u2079])$",
    ):
        while found := re.match(pattern, rest, re.IGNORECASE):
            mark = found["mark"].casefold()
            if mark in FLAGS:
                codes.add(FLAGS[mark])
            elif not mark.isdigit():
                return None
            rest = found["rest"].strip()
    if not re.search(r"\d", rest) or not re.fullmatch(_FIGURE, rest):
        return None
    number = re.sub(r"[^\d.]", "", rest)
    return ("-" if rest[0] in "-\u2212" else "") + number, tuple(sorted(codes))


def _legend(notes: list[str]) -> dict[str, str]:
    """Read the key to the markers under the table, where there is one."""
    found: dict[str, str] = {}
    for note in notes:
        line = re.match(r"""["'(\[]?(\*{1,2}|\.{1,3}|\u2026|-|\u2013|~|:)["')\]]?\s*[=:\u2013-]?\s+(.{3,160})$""", note)
        if line is None:
            continue
        meaning = normalise(line[2])
        for code, pattern in LEGEND:
            if re.search(pattern, meaning):
                # A dash may also start an item of a list: it explains the dash only where it speaks of the data item.
                if line[1] not in "-\u2013" or re.match(r"(the |mae'r |nid yw'r )?(data|eitem|nil|zero|sero)", meaning):
                    found.setdefault(normalise(line[1]), code)
                break
    return found


def _problem(path: Path, problems: Sequence[tuple[int, int, str]], code: str, **more: Any) -> DataProblem:
    """Say what was not recognised and where, all in one go."""
    shown = [
        {"row": row, "column": column, "text": text}
        for row, column, text in list(dict.fromkeys(problems))[:MAX_PROBLEMS]
    ]
    places_en = "; ".join(f"row {p['row']}, column {p['column']}: “{p['text']}”" for p in shown)
    places_cy = "; ".join(f"rhes {p['row']}, colofn {p['column']}: “{p['text']}”" for p in shown)
    wanted_en, wanted_cy, remedy_en, remedy_cy = {
        "export_value": (
            "a figure with a label above it, or a known marker (*, .., ., -, ~)",
            "ffigur â label uwch ei ben, neu farciwr hysbys (*, .., ., -, ~)",
            "Compare the file with the table it was saved from and save it again",
            "Cymharwch y ffeil â’r tabl gwreiddiol a’i chadw eto",
        ),
        "export_label": (
            "labels that the registry and the list of area names know",
            "labeli y mae’r gofrestr a’r rhestr enwau ardaloedd yn eu hadnabod",
            "Add the wording to `also` in datasets.yml, or the area to area_aliases.csv, or choose another --dataset",
            "Ychwanegwch y geiriad at `also` yn datasets.yml, neu’r ardal at area_aliases.csv, neu newidiwch --dataset",
        ),
        "export_conflict": (
            "one meaning for each figure",
            "un ystyr i bob ffigur",
            "Look at the headings: two of them give this figure different meanings, or two cells the same",
            "Edrychwch ar y penawdau: mae dau yn rhoi ystyron gwahanol i’r ffigur hwn, neu mae dwy gell yr un fath",
        ),
    }[code]
    total = len(set(problems))
    return DataProblem(
        f"{path.name}: expected {wanted_en}; found {total} that are not: {places_en}. {remedy_en}.",
        f"{path.name}: disgwyliwyd {wanted_cy}; cafwyd {total} nad ydynt felly: {places_cy}. {remedy_cy}.",
        code=code,
        file=str(path),
        count=total,
        places=shown,
        **more,
    )


def _bare(label: str) -> str:
    """A label without the markers of footnotes after it."""
    before = None
    while before != label:
        before, label = label, _FOOTNOTE.sub("", label).strip()
    return label


# -- meaning -----------------------------------------------------------------------------------------------------


class Period(NamedTuple):
    """One period as the present service would give it."""

    label: str
    code: str
    sort: str
    """Its end, in milliseconds since 1970, UTC."""


def period_of(text: str, kind: PeriodKind) -> Period | None:
    """Read a period from a label, a title or a file name.

    Args:
        text: ``2008``, ``2007-08``, ``31 March 2008``, ``CLA_31MAR_2008``…
        kind: What kind of period the dataset has. A lone year of a financial kind is the year that it ends in.

    Returns:
        The one period it names; None where it names none, or several.
    """
    found: set[int] = set()
    for match in _YEAR.finditer(text):
        first, second = int(match[1]), match[2]
        if second is None:
            found.add(first)
        elif int(second[-2:]) == (first + 1) % 100:
            found.add(first + 1 if kind in ("financial_year", "financial_year_end") else first)
        else:
            return None  # a span such as 2003-2015
    for match in re.finditer(r"(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)", text):
        found.add(int(match[1]))
    if len(found) != 1:
        return None
    year = found.pop()
    if kind in ("financial_year", "financial_year_end"):
        end = date(year, 3, 31)
        label, code = f"{year - 1}-{year % 100:02d}", f"{year - 1}{year % 100:02d}"
    elif kind == "school_year":
        end = date(year + 1, 8, 31)
        label, code = f"{year}/{(year + 1) % 100:02d}", f"{year}{(year + 1) % 100:02d}"
    else:
        end = date(year, 12, 31)
        label = code = str(year)
    moment = datetime(end.year, end.month, end.day, tzinfo=UTC)
    return Period(label, code, str(int(moment.timestamp()) * 1000))


@functools.cache
def area_codes(path: Path = AREA_ALIASES) -> Mapping[str, str]:
    """Every folded spelling of an area and its code, from the seed that dbt uses as well."""
    with path.open(encoding="utf-8", newline="") as handle:
        return {normalise(row["alias"]): row["area_code"] for row in csv.DictReader(handle)}


Finder = Callable[[str], str | None]


def _finder(column: Column) -> Finder:
    """What reads a label of this column: to our key, area code or period."""
    if column.kind == "area":
        areas = area_codes()
        known = frozenset(areas.values())

        def area(text: str) -> str | None:
            return areas.get(normalise(text)) or (text if _GSS.fullmatch(text) and text in known else None)

        return area
    if column.kind == "period":
        kind = column.periods[0]

        def period(text: str) -> str | None:
            plain = re.sub(r"[\s(]*\b(r|p|e|revised|provisional|diwygiedig|amodol)\)?$", "", text, flags=re.IGNORECASE)
            words = re.sub(r"[\d\s/.,()_\u2013-]|(st|nd|rd|th|ain|eg|af)\b", "", plain.casefold())
            found = period_of(plain, kind) if len(words) <= 30 else None
            return found.code if found else None

        return period
    if column.ages:

        def age(text: str) -> str | None:
            key = column.find(text) or age_key(text)
            return key if key and (key in column.values or re.fullmatch(r"\d{1,3}(_and_over)?|all", key)) else None

        return age
    return column.find


class _Reader:
    """Gives each label of one table its meaning."""

    def __init__(self, table: ExportTable, dataset: Dataset) -> None:
        self.table = table
        self.dataset = dataset
        self.find = {role: _finder(column) for role, column in dataset.columns.items()}
        self.unknown: list[tuple[int, int, str]] = []
        labels = {label for cell in self._all() for label in (*cell.row_path, *cell.column_path)}
        self.levels = self._levels(labels)
        self.open_role = self._open_role(labels)
        self.welsh = self._welsh(labels)

    def _all(self) -> Iterable[ExportCell]:
        yield from self.table.cells
        for cells in self.table.blank_rows:
            yield from cells[:1]

    def _match(self, role: str, text: str) -> str | None:
        """What a label means in a role, with and without its footnotes."""
        for form in dict.fromkeys((text, _bare(text))):
            if form and (found := self.find[role](form)):
                return found
        return None

    def _levels(self, labels: Iterable[Label]) -> dict[str, str]:
        """Which role each level of labels has: the one that knows most of them (a bare total counts half)."""
        votes: dict[str, Counter[str]] = {}
        for level, text in {(label.level, normalise(label.text)): label.text for label in labels}.items():
            for role, column in self.dataset.columns.items():
                key = self._match(role, text)
                if key is not None:
                    total = column.values[key].is_total if key in column.values else False
                    votes.setdefault(level[0], Counter())[role] += 1 if total else 2
        for level_name, text in self.table.names.items():
            for role, column in self.dataset.columns.items():
                if normalise(_bare(text)) in {normalise(n) for n in (*column.names, column.name_cy, role)}:
                    votes.setdefault(level_name, Counter())[role] += 1_000
        order = list(self.dataset.columns)
        return {
            level: max(count, key=lambda role, count=count: (count[role], -order.index(role)))  # type: ignore[misc]
            for level, count in votes.items()
        }

    def _open_role(self, labels: Iterable[Label]) -> tuple[str, str] | None:
        """The level that nothing knows and the breakdown with members that the registry leaves open, if one each."""
        roles = [
            role for role, c in self.dataset.columns.items()
            if c.kind == "breakdown" and not c.closed and not c.values
        ]  # fmt: skip
        named = [level for level, role in self.levels.items() if role in roles]
        if len(roles) == 1 and named:
            return named[0], roles[0]
        loose = Counter(
            label.level for label in labels
            if label.level not in self.levels and normalise(_bare(label.text)) not in NEUTRAL
        )  # fmt: skip
        return (next(iter(loose)), roles[0]) if len(roles) == 1 and len(loose) == 1 else None

    def _welsh(self, labels: Iterable[Label]) -> bool:
        """Whether the export is in Welsh: more of its labels are our Welsh wording than our English one."""
        english = welsh = 0
        texts = {normalise(_bare(label.text)) for label in (*labels, *self.table.titles)} | {
            normalise(n) for n in self.table.names.values()
        }
        for column in self.dataset.columns.values():
            welsh += normalise(column.name_cy) in texts
            english += any(normalise(n) in texts for n in column.names)
            for member in column.values.values():
                english += normalise(member.en) in texts
                welsh += normalise(member.cy) in texts
        return welsh > english

    def meaning(self, cell: ExportCell) -> dict[str, str]:
        """The roles that a figure's labels give it.

        Raises:
            DataProblem: Two labels give one role different meanings.
        """
        found: dict[str, tuple[str, Label]] = {}
        for label in (*cell.row_path, *cell.column_path):
            said = self._say(label)
            if said is None:
                continue
            role, key = said
            column = self.dataset.columns[role]
            before = found.get(role)
            if column.kind == "area" and before and _COUNTRY.fullmatch(key):
                continue  # Wales over the whole table, and an area beside the row
            if before is None or before[0] == key or column.kind == "area" or self._total(column, before[0]):
                found[role] = (key, label)  # the lower level says more: an area within a region, an age of all ages
            elif not self._total(column, key):
                raise _problem(
                    self.table.path,
                    [(label.row, label.column, label.text), (before[1].row, before[1].column, before[1].text)],
                    "export_conflict",
                    role=role,
                )
        return {role: key for role, (key, _) in found.items()}

    def _total(self, column: Column, key: str) -> bool:
        return key in column.values and column.values[key].is_total

    def _say(self, label: Label) -> tuple[str, str] | None:
        """Role and key of a label; None where it says nothing, and on record where it is not known."""
        if self.open_role and label.level == self.open_role[0]:
            return self.open_role[1], _bare(label.text)
        first = self.levels.get(label.level)
        if first and (key := self._match(first, label.text)):
            return first, key
        if first and (key := self._total_of(first, label.text)):
            return first, key
        others = [(role, key) for role in self.dataset.columns if (key := self._match(role, label.text))]
        if len(others) == 1:
            return others[0]
        if normalise(_bare(label.text)) not in NEUTRAL | DIMENSIONS:
            self.unknown.append((label.row, label.column, label.text))
        return None

    def _total_of(self, role: str, text: str) -> str | None:
        """The total that a label spells out (“Total boys and girls”, “Cyfanswm pob oed”) on a level of this role."""
        column = self.dataset.columns[role]
        words = set(re.findall(r"[^\W\d_]+|\d+", normalise(_bare(text))))
        if not words & TOTAL_WORDS:
            return None
        named = {w for n in (*column.names, column.name_cy) for w in normalise(n).split()} | {
            "ages",
            "oedrannau",
            "oed",
        }
        rest = words - TOTAL_WORDS - FILLER_WORDS - named
        parts = {key: m.matches() for key, m in column.values.items() if not m.is_total}
        spelled = {key for key, forms in parts.items() if rest & forms}
        if rest and (spelled != set(parts) or not rest <= {f for key in spelled for f in parts[key]}):
            return None
        return next((key for key, member in column.values.items() if member.is_total), None)

    def constants(self) -> tuple[dict[str, str], list[str]]:
        """What the lines above the table say for the whole of it.

        Returns:
            Keys by role, and the roles among them that are only read from a sentence.
        """
        exact: dict[str, set[str]] = {}
        loose: dict[str, set[str]] = {}
        for title in self.table.titles:
            for part in (title.text, *re.split(r"\s*[:=]\s*", title.text)[1:]):
                for role, column in self.dataset.columns.items():
                    if column.kind != "period" and (key := self._match(role, part)):
                        exact.setdefault(role, set()).add(key)
            words = " " + re.sub(r"[^\w]+", " ", normalise(title.text)) + " "
            for role, column in self.dataset.columns.items():
                for key, member in column.values.items():
                    forms = {re.sub(r"[^\w]+", " ", m) for m in member.matches() if len(m) > 3}
                    if not member.is_total and any(f" {form} " in words for form in forms):
                        loose.setdefault(role, set()).add(key)
        sure = {role: next(iter(keys)) for role, keys in exact.items() if len(keys) == 1}
        guessed = {role: next(iter(k)) for role, k in loose.items() if len(k) == 1 and role not in sure}
        return {**guessed, **sure}, list(guessed)

    def period(self, year: str | None) -> Period | None:
        """The period of the whole table: as it was given, else from the titles, else from the file's name."""
        kind = self.dataset.columns["period"].periods[0]
        if year:
            return period_of(year, kind)
        in_titles = {p for t in self.table.titles if (p := period_of(t.text, kind))}
        if len(in_titles) == 1:
            return in_titles.pop()
        return period_of(self.table.path.stem, kind)


def read_rows(table: ExportTable, dataset: Dataset, year: str | None = None) -> tuple[list[dict[str, Any]], list[str]]:
    """Give each figure of a table its meaning.

    Args:
        table: From `parse_export`.
        dataset: Whose figures these are.
        year: The period, where neither the table nor its file's name says it (it goes before the name).

    Returns:
        One dictionary a figure (roles to keys; ``period`` to a `Period`; ``value``, ``codes``, ``cell``, ``welsh``),
        and the roles that were read from a sentence above the table.

    Raises:
        DataProblem: A label is unknown, two labels disagree, or nothing says a role.
    """
    reader = _Reader(table, dataset)
    constants, guessed = reader.constants()
    whole = reader.period(year)
    period_kind = dataset.columns["period"].periods[0]
    rows: list[dict[str, Any]] = []
    silent: dict[str, ExportCell] = {}
    used_guesses: set[str] = set()
    for cell in [*table.cells, *_missing(reader)]:
        row: dict[str, Any] = {"value": cell.value, "codes": cell.codes, "cell": cell, "welsh": reader.welsh}
        said = reader.meaning(cell)
        for role, column in dataset.columns.items():
            if column.kind == "period":
                row[role] = _as_period(said[role], period_kind) if role in said else whole
            elif column.constant:
                row[role] = column.constant
            elif role in said:
                row[role] = said[role]
            elif role in constants:
                row[role] = constants[role]
                used_guesses.update({role} & set(guessed))
            else:
                row[role] = next((key for key, member in column.values.items() if member.is_total), None)
                if column.kind == "breakdown" and not column.values and not column.closed:
                    row[role] = "Total"  # the registry leaves its members open, so the total has no wording of ours
            if row[role] is None:
                silent.setdefault(role, cell)
        rows.append(row)
    if reader.unknown:
        raise _problem(table.path, reader.unknown, "export_label")
    for role, cell in silent.items():
        raise _silent(table.path, role, dataset, cell)
    return rows, sorted(used_guesses)


def _as_period(code: str, kind: PeriodKind) -> Period | None:
    """The period of a code that `period_of` gave before."""
    paired = kind in ("financial_year", "financial_year_end", "school_year")
    return period_of(f"{code[:4]}-{code[4:]}" if paired else code, kind)


def _missing(reader: _Reader) -> list[ExportCell]:
    """Rows without a figure that are rows all the same: called like their neighbours, not like a group of them."""
    table = reader.table
    areas = Counter(
        key[:3] for cell in table.cells for label in cell.row_path[-1:]
        if (said := reader._say(label)) and said[0] == "area" and (key := said[1])
    )  # fmt: skip
    if not areas:
        return []
    usual = areas.most_common(1)[0][0]
    found = []
    reader_unknown = len(reader.unknown)
    for cells in table.blank_rows:
        said = reader._say(cells[0].row_path[-1]) if cells and cells[0].row_path else None
        if said and said[0] == "area" and said[1].startswith(usual):
            found += cells
    del reader.unknown[reader_unknown:]  # a heading that nothing hangs on says nothing wrong
    return found


def _silent(path: Path, role: str, dataset: Dataset, cell: ExportCell) -> DataProblem:
    period = dataset.columns[role].kind == "period"
    remedy_en = "Give it with --year" if period else "Add a line such as “Area: Wales” above the table"
    remedy_cy = "Rhowch hi gyda --year" if period else "Ychwanegwch linell fel “Ardal: Cymru” uwchben y tabl"
    name = dataset.columns[role].names[0]
    return DataProblem(
        f"{path.name}: nothing says the {name} of the figure in row {cell.row}, column {cell.column} "
        f"(“{cell.text}”): no heading, no line above the table and not the file’s name. {remedy_en}.",
        f"{path.name}: nid oes dim yn dweud beth yw {dataset.columns[role].name_cy} y ffigur yn rhes {cell.row}, "
        f"colofn {cell.column} (“{cell.text}”): na phennawd, na llinell uwchben y tabl, nac enw’r ffeil. {remedy_cy}.",
        code="export_silent",
        file=str(path),
        role=role,
        row=cell.row,
        column=cell.column,
    )


# -- the batch ---------------------------------------------------------------------------------------------------


def source_key(dataset: Dataset) -> str:
    """The source key of the exports of a dataset."""
    return f"statswales_export_{dataset.key}"


def export_to_batch(
    paths: Sequence[Path],
    dataset: Dataset,
    lake: Lake,
    *,
    run_id: str,
    year: str | None = None,
    known_from: datetime | None = None,
) -> LoadRecord:
    """Land exports of one dataset and stage them as one batch (docs/design.md, "A batch").

    A batch has the figures of all the files. `_source_row` is the line of the file that the figure stands in, and
    ``source_file``, ``source_column``, ``row_labels`` and ``column_labels`` say the rest of where it came from.

    Args:
        paths: The files; one that is given twice counts once.
        dataset: The registry entry whose figures these are.
        lake: Where to.
        run_id: The run.
        year: The period, where neither the files nor their names say it.
        known_from: When the figures were published; the moment of landing by default.

    Returns:
        The record, not yet judged; or with the outcome `unchanged`, on record already, where the last accepted load has
        the same bytes.

    Raises:
        DataProblem: A file cannot be read as a table of these figures. Nothing is staged.
    """
    landed_at = utc_now()
    key = source_key(dataset)
    read: dict[str, tuple[Path, list[dict[str, Any]], list[str]]] = {}
    for path in paths:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in read:
            read[digest] = (path, *read_rows(parse_export(path), dataset, year))
    files = [_land(lake, path, digest) for digest, (path, *_) in sorted(read.items())]
    content = content_sha256(files)
    last = lake.last_accepted(key)
    record = LoadRecord(
        load_id=load_id(key, f"year={year}" if year else None, content),
        source_key=key,
        kind="export",
        run_id=run_id,
        landed_at=landed_at,
        known_from=known_from or landed_at,
        known_from_basis="stated" if known_from else "landed",
        dataset_id=dataset.uuid,
        landed_sha256=files[0].sha256 if len(files) == 1 else content,
        content_sha256=content,
        previous_content_sha256=last.content_sha256 if last else None,
        files=files,
        title_en=f"{dataset.title_en} (exported from the former StatsWales)",
        title_cy=f"{dataset.title_cy} (wedi’i allforio o’r hen StatsCymru)",
        publisher_en="Welsh Government",
        publisher_cy="Llywodraeth Cymru",
        url="https://statswales.gov.wales/",
        columns={role: role for role in dataset.columns}
        | {name: name for name in ("source_file", "source_column", "row_labels", "column_labels")},
    )
    for path, _, guessed in read.values():
        for role in guessed:
            record.add(
                "export_read_from_title",
                "warning",
                f"{path.name}: {dataset.columns[role].names[0]} stands in no heading and was read from the lines above "
                f"the table. Check that it is meant so.",
                f"{path.name}: nid yw {dataset.columns[role].name_cy} mewn pennawd; fe’i darllenwyd o’r llinellau "
                f"uwchben y tabl. Gwiriwch mai dyna’r bwriad.",
            )
    if last and last.load_id == record.load_id and (known_from is None or known_from == last.known_from):
        record.outcome, record.rows = Outcome.UNCHANGED, last.rows
        record.known_from, record.known_from_basis = last.known_from, last.known_from_basis
        lake.record(record)
        return record
    rows = _unique([(path, digest, row) for digest, (path, found, _) in read.items() for row in found], dataset, record)
    record.rows = len(rows)
    record.staged_file = lake.staged_path(key, record.load_id)
    _write(rows, dataset, record, lake)
    lake.write_provenance(record)
    return record


def _land(lake: Lake, path: Path, digest: str) -> LandedFile:
    with lake.scratch(".csv") as copy:
        shutil.copyfile(path, copy)
        return lake.land(copy, role="export", suffix=".csv", url=f"file:{path.name}", sha256=digest, headers={})


def _unique(
    rows: list[tuple[Path, str, dict[str, Any]]], dataset: Dataset, record: LoadRecord
) -> list[tuple[Path, str, dict[str, Any]]]:
    """Drop figures that are given again and are the same; refuse those that are given again and differ."""
    seen: dict[tuple[Any, ...], tuple[Path, str, dict[str, Any]]] = {}
    again = 0
    for path, digest, row in rows:
        cell = tuple(row[role] for role in dataset.grain)
        before = seen.setdefault(cell, (path, digest, row))
        if before[2] is row:
            continue
        if (before[2]["value"], before[2]["codes"]) != (row["value"], row["codes"]):
            one, other = before[2]["cell"], row["cell"]
            raise _problem(
                path,
                [
                    (one.row, one.column, f"{before[0].name}: {one.text}"),
                    (other.row, other.column, f"{path.name}: {other.text}"),
                ],
                "export_conflict",
                other_file=str(before[0]),
            )
        again += 1
    if again:
        record.add(
            "export_repeated",
            "info",
            f"{again:,} figures are given more than once, each time the same; they count once.",
            f"Rhoddir {again:,} ffigur fwy nag unwaith, yr un fath bob tro; maent yn cyfrif unwaith.",
            count=again,
        )
    return list(seen.values())


def _write(rows: list[tuple[Path, str, dict[str, Any]]], dataset: Dataset, record: LoadRecord, lake: Lake) -> None:
    """Write the batch and its members, each file whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text: dict[str, list[str | None]] = {name: [] for name in ("value", "notes", "note_codes")}
    members: dict[tuple[str, str], dict[str, Any]] = {}
    lines: list[int] = []
    hashes: list[str] = []
    for path, digest, row in rows:
        cell: ExportCell = row["cell"]
        out: dict[str, str | None] = {
            "value": row["value"],
            "notes": None,
            "note_codes": ",".join(row["codes"]) or None,
            "source_file": path.name,
            "source_column": str(cell.column),
            "row_labels": " > ".join(_bare(label.text) for label in cell.row_path),
            "column_labels": " > ".join(_bare(label.text) for label in cell.column_path),
        }
        for role, column in dataset.columns.items():
            out |= _conformed(role, column, row, cell, members)
        for name, value in out.items():
            text.setdefault(name, []).append(value)
        lines.append(cell.row)
        hashes.append(digest)
    batch = pa.table(
        {
            **{name: pa.array(values, pa.string()) for name, values in text.items()},
            "_source_row": pa.array(lines, pa.int64()),
            "_load_id": pa.array([record.load_id] * len(rows), pa.string()),
            "_landed_sha256": pa.array(hashes, pa.string()),
        }
    )
    names = ("role", "code", "label_en", "label_cy", "sort", "hierarchy", "name_en", "name_cy", "_load_id")
    found = []
    for _, member in sorted(members.items()):
        column = dataset.columns[member["role"]]
        called = {"name_en": column.names[0], "name_cy": column.name_cy, "_load_id": record.load_id}
        found.append({**member, **called})
    beside = pa.table({name: pa.array([m.get(name) for m in found], pa.string()) for name in names})
    staged = record.staged_file or lake.staged_path(record.source_key, record.load_id)
    for table, target in ((beside, staged.removesuffix(".parquet") + ".members.parquet"), (batch, staged)):
        with lake.scratch(".parquet") as local:
            pq.write_table(table, local, compression="zstd")
            lake.put(local, target)


def _conformed(
    role: str, column: Column, row: dict[str, Any], cell: ExportCell, members: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, str | None]:
    """One role's columns of a batch row; its member is noted beside them."""
    if column.kind == "period":
        period: Period = row[role]
        members[role, period.code] = {
            "role": role, "code": period.code, "label_en": period.label, "label_cy": period.label, "sort": period.sort,
        }  # fmt: skip
        return {role: period.label, f"{role}_code": period.code, f"{role}_sort": period.sort}
    key: str = row[role]
    member = column.values.get(key)
    if member is not None:
        code = member.code or key
        members[role, code] = {
            "role": role, "code": code, "label_en": member.en, "label_cy": member.cy,
            "sort": str(list(column.values).index(key)),
        }  # fmt: skip
        return {role: member.en, f"{role}_code": code}
    label = key
    if column.kind == "area":
        find = _finder(column)
        label = next(
            (_bare(x.text) for x in reversed(cell.row_path + cell.column_path) if find(_bare(x.text)) == key), key
        )
    known = members.setdefault((role, key), {"role": role, "code": key})
    known["label_cy" if row["welsh"] else "label_en"] = label
    if column.kind == "area":
        return {role: label, f"{role}_code": key, f"{role}_hierarchy": None}
    return {role: label, f"{role}_code": key}
