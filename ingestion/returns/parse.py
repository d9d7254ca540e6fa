"""Cells to a typed submission: which return it is, whose, for which period, and what stands in its columns.

Nothing here stops at the first problem: the officer reads all of them at once. Columns are typed as a whole, value by
value only where something is unusual, because a return may have a hundred thousand rows.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ingestion.returns.areas import areas, find_area, members
from ingestion.returns.book import Book, BookSheet, Value, column_letter
from ingestion.returns.cover import (
    COVER_CY,
    COVER_EN,
    FIELDS,
    LANGUAGES,
    MARK_SHEET,
    MARKERS,
    ROLES,
    SYNTHETIC_CY,
    SYNTHETIC_EN,
    YES_NO,
    CoverField,
)
from ingestion.returns.periods import ReturnPeriod, read_return_period
from ingestion.returns.problems import Problem
from ingestion.returns.spec import Column, Family, ReturnSpec, Sheet, known_return, load_returns
from ingestion.statswales.periods import read_period
from ingestion.statswales.registry import normalise

HEADER_ROWS = 60
"""How far down a sheet its headings may stand."""
PREVIOUS = re.compile(r"^\s*(last period|cyfnod blaenorol)\b", re.IGNORECASE)
OWN_SHEETS = ("_lists", "guidance", "canllawiau", "guidance canllawiau")
GUARDED = re.compile(r"^'[=+\-@\t\r]")
"""How our own CSVs write a text that a spreadsheet would take for a formula (`workbook.csv_text`)."""
TOTALS = frozenset({"total", "totals", "grand total", "sum", "cyfanswm", "cyfansymiau", "y cyfanswm", "subtotal"})
LIKE_TOTALS = re.compile("total|sum|cyfans", re.IGNORECASE)
"""Stands in each of those: most words need no closer look."""
MARKER_WORDS = {
    **{normalise(word): key for key, words in MARKERS.items() for word in (key, key.replace("_", " "), *words)},
    **{normalise(" / ".join(words)): key for key, words in MARKERS.items()},
    **dict.fromkeys(("n/a", "na", "not relevant", "amherthnasol", "z"), "not_applicable"),
    **dict.fromkeys(("x", "not known", "unknown", "anhysbys", "ddim yn hysbys", "..", "tbc"), "not_available"),
    **dict.fromkeys(("unable to commit", "methu ymrwymo", "not offered", "heb ei gynnig"), "not_offered"),
    **dict.fromkeys(("ddim yn cael ei gasglu", "nid yw’n cael ei gasglu"), "not_collected"),
}


@dataclass(slots=True)
class ParsedSheet:
    """One sheet of a submission, column by column."""

    key: str
    name: str
    """As the file has it."""
    rows: list[int]
    """Row numbers as the program shows them."""
    letters: dict[str, str]
    """Column key to the program's column."""
    values: dict[str, list[Any]]
    """Column key to values, one a row: str, float, date, bool or None."""
    statuses: dict[str, dict[int, str]] = field(default_factory=dict)
    """Column key to the status of the rows (by place in ``rows``) that have a marker."""
    found: dict[str, dict[int, str]] = field(default_factory=dict)
    """Column key to what stood there, where that was read as something else."""
    totals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Rows that somebody pasted as totals: row number and values by column key. They are no data."""


@dataclass(slots=True)
class Parsed:
    """A submission as it was read."""

    return_key: str | None = None
    template_version: int | None = None
    area_code: str | None = None
    period: ReturnPeriod | None = None
    cover: dict[str, Any] = field(default_factory=dict)
    control_totals: dict[str, float] = field(default_factory=dict)
    cover_cells: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Cover field to the sheet and the cell of its value, or of where that is to be written."""
    sheets: list[ParsedSheet] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_synthetic: bool = False
    rows_received: int = 0

    @property
    def recognised(self) -> bool:
        """Whether it is known which return this is, whose and for when."""
        return bool(self.return_key and self.area_code and self.period)

    def spec(self, families: Mapping[str, Family] | None = None) -> ReturnSpec:
        """The version of the spec that answers for its period."""
        family = (load_returns() if families is None else families)[str(self.return_key)]
        return family.of(self.period.key) if self.period else family.newest


@dataclass(slots=True)
class _Table:
    """A sheet, or a part of a CSV, with the place of its first row."""

    name: str
    rows: list[list[Value]]
    first: int
    sheet: BookSheet


def parse_book(book: Book, *, area: str | None = None, families: Mapping[str, Family] | None = None) -> Parsed:
    """Make a submission of what a file says.

    Args:
        book: The file as it was read.
        area: Whose folder it came in, where that is known: taken where the file does not say.
        families: The returns; by default the project's.

    Returns:
        The submission with all its problems; ``recognised`` is False where it cannot be told what it is.
    """
    families = load_returns() if families is None else families
    parsed = Parsed()
    tables = _tables(book)
    mark = _mark(book)
    _read_cover(tables, parsed, mark, families)
    family = _which_return(tables, parsed, mark, families)
    if family is None:
        return parsed
    parsed.return_key = family.key
    _whose(parsed, mark, family, area)
    spec = _which_version(parsed, mark, family)
    _convert_cover(parsed, spec)
    taken: set[int] = set()
    matched: dict[str, tuple[_Table, int]] = {}
    for sheet in spec.sheets:
        found = _find_table(sheet, spec, tables, taken)
        if found is not None:
            matched[sheet.key] = found
            taken.add(id(found[0]))
    nil = parsed.cover.get("nil_return") is True
    for sheet in spec.sheets:
        if sheet.key in matched:
            _read_sheet(parsed, sheet, *matched[sheet.key], nil=nil)
        elif not nil and sheet.min_rows:
            parsed.problems.append(
                Problem("missing_sheet", values={"title_en": sheet.title_en, "title_cy": sheet.title_cy})
            )
    _other_sheets(parsed, tables, taken)
    if nil and not spec.nil_allowed:
        parsed.problems.append(_on_cover(parsed, "nil_return", "nil_not_allowed"))
    elif nil and parsed.rows_received:
        parsed.problems.append(_on_cover(parsed, "nil_return", "nil_with_rows", rows=parsed.rows_received))
    return parsed


def parse_file(path: Path, name: str, area: str | None = None) -> tuple[Parsed, Book]:
    """Read and parse a file; what the sandbox runs.

    Raises:
        RefusedError: The file cannot be read, or must not be.
    """
    from ingestion.returns.reading import read_book

    book = read_book(path, name)
    return parse_book(book, area=area), book


# -- the shape of the file ---------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """A label as it is compared: without case, line breaks, the mark of a required field, or a unit at its end."""
    folded = normalise(text).replace("*", " ").rstrip(": ")
    folded = re.sub(r"(\s*[(\[][^()\[\]]*[)\]])+\s*$", "", folded)
    return re.sub(r"\s+", " ", folded).strip(" :.-–")


@functools.lru_cache(maxsize=65_536)
def _forms(text: str) -> tuple[str, ...]:
    """The label itself, and each language of one that has both."""
    parts = [p for p in re.split(r"\s+[/|–-]\s+|\n", text) if p.strip()]
    whole = fold(text)
    forms = [whole, *(fold(p) for p in parts)] if len(parts) > 1 else [whole]
    if len(parts) == 1 and "/" in whole:
        forms += [fold(p) for p in whole.split("/")]
    return tuple(f for f in dict.fromkeys(forms) if f)


def _tables(book: Book) -> list[_Table]:
    """Sheets as they are; a CSV in its parts: what stands before the first table, then each ``[table]``."""
    if book.format != "csv":
        return [_Table(s.name, s.rows, 0, s) for s in book.sheets]
    tables = []
    for sheet in book.sheets:
        starts = [(0, COVER_EN)]
        for number, row in enumerate(sheet.rows):
            lead = row[0] if row else None
            if not isinstance(lead, str) or "[" not in lead or any(not _is_blank(c) for c in row[1:]):
                continue
            if match := re.fullmatch(r"\s*\[(.+)\]\s*", lead):
                starts.append((number, match[1]))
        ends = [start for start, _ in starts[1:]] + [len(sheet.rows)]
        for (start, name), end in zip(starts, ends, strict=True):
            first = start + (1 if start else 0)
            if first < end or start:
                tables.append(_Table(name, [_unguarded(row) for row in sheet.rows[first:end]], first, sheet))
    return tables


def _unguarded(row: list[Value]) -> list[Value]:
    """A line of a CSV without the apostrophes that our own CSVs put before what looks like a formula."""
    if "'" not in "".join(map(str, filter(None, row))):
        return row
    return [c[1:] if isinstance(c, str) and GUARDED.match(c) else c for c in row]


def _is_blank(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _mark(book: Book) -> dict[str, str]:
    for sheet in book.sheets:
        if sheet.name == MARK_SHEET:
            return {str(r[0]): _text(r[1]) or "" for r in sheet.rows if len(r) > 1 and r[0] is not None}
    return {}


def _text(value: Value) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool):
        return YES_NO[value][0]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if (value.hour, value.minute, value.second) == (0, 0, 0) else value.isoformat(" ")
        )
    return str(value)


# -- the cover ---------------------------------------------------------------------------------------------------


def _read_cover(
    tables: Sequence[_Table], parsed: Parsed, mark: Mapping[str, str], families: Mapping[str, Family]
) -> None:
    """Find labels and the values beside them, in any sheet: on the cover, or above a table."""
    labels = _cover_labels()
    totals = {
        fold(text): total.key
        for family in families.values()
        for _, version in family.versions
        for total in version.control_totals
        for text in (total.heading_en, total.heading_cy, total.key)
    }
    blank: dict[str, tuple[str, str]] = {}
    for table in tables:
        for number, row in enumerate(table.rows[:HEADER_ROWS]):
            for place, cell in enumerate(row[:4]):
                if not isinstance(cell, str):
                    continue
                if cell.strip() in (SYNTHETIC_EN, SYNTHETIC_CY) or SYNTHETIC_EN in cell:
                    parsed.is_synthetic = True
                forms = _forms(cell)
                found: CoverField | None = next((labels[f] for f in forms if f in labels), None)
                total = next((totals[f] for f in forms if f in totals), None)
                if found is None and total is None:
                    continue
                value = next(
                    ((p, v) for p, v in enumerate(row[place + 1 : place + 4], place + 1) if not _is_blank(v)), None
                )
                key = found.key if found else f"total:{total}"
                if value is None and fold(table.name) in (fold(COVER_EN), fold(COVER_CY)):
                    # where it is to be written, for what is missing
                    blank.setdefault(key, (table.name, f"{column_letter(place + 1)}{table.first + number + 1}"))
                if value is None or key in parsed.cover_cells or (found and _is_heading_row(row, labels, families)):
                    continue
                parsed.cover_cells[key] = (table.name, f"{column_letter(value[0])}{table.first + number + 1}")
                if found:
                    parsed.cover[key] = value[1]
                elif isinstance(value[1], float | int):
                    parsed.control_totals[str(total)] = float(value[1])
                elif (read := read_number(str(value[1]))) is not None:
                    parsed.control_totals[str(total)] = read
                break
    parsed.cover_cells = blank | parsed.cover_cells
    if mark.get("is_synthetic") == "true":
        parsed.is_synthetic = True


@functools.cache
def _cover_labels() -> dict[str, CoverField]:
    return {fold(text): f for f in FIELDS for text in (f.label_en, f.label_cy, f.key)}


def _is_heading_row(row: Sequence[Value], labels: Mapping[str, CoverField], families: Mapping[str, Family]) -> bool:
    """A heading line of a table can have words of the cover (“Area”, “Reason”) beside others."""
    words = [_forms(c) for c in row if isinstance(c, str)]
    known = [labels, *(_heading_index(s) for f in families.values() for _, v in f.versions for s in v.sheets)]
    return any(sum(any(f in names for f in forms) for forms in words) > 1 for names in known)


def _which_return(
    tables: Sequence[_Table], parsed: Parsed, mark: Mapping[str, str], families: Mapping[str, Family]
) -> Family | None:
    said = _text(parsed.cover.get("return"))
    words = [*re.split(r"\s+/\s+", said), said] if said else []
    named = next((found for word in words if (found := known_return(word, families))), None)
    marked = families.get(mark.get("return_key", ""))
    if marked and named and marked.key != named.key:
        parsed.problems.append(
            _on_cover(
                parsed,
                "return",
                "wrong_return",
                found=said,
                title_en=marked.newest.title_en,
                title_cy=marked.newest.title_cy,
            )
        )
        return marked
    chosen = marked or named
    by_headings = None
    if chosen is None or (marked is None and not _fits(tables, chosen)):
        by_headings = _by_headings(tables, families)
    if by_headings is not None and chosen is not by_headings:
        if chosen is not None and by_headings is not None:
            parsed.problems.append(
                _on_cover(
                    parsed, "return", "wrong_return", found=said,
                    title_en=by_headings.newest.title_en, title_cy=by_headings.newest.title_cy,
                )
            )  # fmt: skip
        chosen = by_headings
    if chosen is None:
        names = {
            language: "; ".join(getattr(f.newest, f"title_{language}") for f in families.values())
            for language in ("en", "cy")
        }
        parsed.problems.append(
            Problem("unknown_return", found=said, values={"known_en": names["en"], "known_cy": names["cy"]})
        )
    return chosen


def _by_headings(tables: Sequence[_Table], families: Mapping[str, Family]) -> Family | None:
    """The return whose headings the file has, where one fits clearly best."""
    scores: list[tuple[float, int, str]] = []
    for key, family in families.items():
        score, known = 0.0, 0
        for sheet in family.newest.sheets:
            names = _heading_index(sheet)
            best = max((_header(table, names)[1] for table in tables), default=0)
            if best >= max(2, len(sheet.columns) / 2):
                score += best / len(sheet.columns)
                known += best
        if score:  # of two that fit as well, one may have all headings of the other and more of them
            scores.append((score / len(family.newest.sheets), known, key))
    scores.sort(reverse=True)
    if not scores or (len(scores) > 1 and scores[0][:2] == scores[1][:2]):
        return None
    return families[scores[0][2]]


def _fits(tables: Sequence[_Table], family: Family) -> bool:
    return any(
        _header(t, _heading_index(s))[1] >= max(2, len(s.columns) / 3) for s in family.newest.sheets for t in tables
    )


def _whose(parsed: Parsed, mark: Mapping[str, str], family: Family, sender: str | None) -> None:
    spec = family.newest
    kinds = (spec.submitted_by,)
    said, marked = _text(parsed.cover.get("area")), mark.get("area_code") or None
    if marked not in areas() or areas()[marked].type != spec.submitted_by:
        marked = None  # somebody wrote in the hidden sheet: the cover says whose it is
    code = None
    for word in (said, *(re.split(r"\s+/\s+", said) if said else ())):
        if word and code is None:
            try:
                code = find_area(word, kinds)
            except KeyError:
                continue
    if said and code is None:
        parsed.problems.append(_on_cover(parsed, "area", "unknown_area_cover", found=said))
    if marked and code and marked != code:
        parsed.problems.append(_on_cover(parsed, "area", "wrong_area", found=said, **_named(marked)))
        code = marked
    parsed.area_code = code or marked or (sender if sender and areas()[sender].type == spec.submitted_by else None)
    if parsed.area_code is None and not said:
        parsed.problems.append(_on_cover(parsed, "area", "no_area"))

    text, marked = _text(parsed.cover.get("period")), mark.get("period_key") or None
    period = read_return_period(text, spec.cadence) if text else None
    if period is None and text:
        for part in re.split(r"\s+/\s+", text):
            period = period or read_return_period(part, spec.cadence)
    should = read_return_period(marked, spec.cadence) if marked else None
    if period and should and period.key != should.key:
        parsed.problems.append(_on_cover(parsed, "period", "wrong_period", found=text, **_told(should)))
        period = should
    parsed.period = period or should
    if parsed.period is None:
        parsed.problems.append(_on_cover(parsed, "period", "unknown_period" if text else "no_period", found=text))
    else:
        first = read_return_period(family.versions[0][1].first_period, spec.cadence)
        last = read_return_period(spec.last_period, spec.cadence) if spec.last_period else None
        if first and parsed.period.start < first.start:
            parsed.problems.append(_on_cover(parsed, "period", "wrong_period", found=text, **_told(first, "from")))
        elif last and parsed.period.start > last.start:
            parsed.problems.append(_on_cover(parsed, "period", "wrong_period", found=text, **_told(last, "to")))


def _told(period: ReturnPeriod, bound: str = "") -> dict[str, str]:
    words = {"": ("", ""), "from": ("from ", "o "), "to": ("until ", "hyd at ")}[bound]
    return {"expected_en": words[0] + period.label_en, "expected_cy": words[1] + period.label_cy}


def _named(code: str) -> dict[str, str]:
    area = areas()[code]
    return {"expected_en": area.name_en, "expected_cy": area.name_cy}


def _which_version(parsed: Parsed, mark: Mapping[str, str], family: Family) -> ReturnSpec:
    spec = family.of(parsed.period.key) if parsed.period else family.newest
    said = mark.get("template_version") or _text(parsed.cover.get("version"))
    if said is not None and said != str(spec.version) and parsed.period is not None:
        parsed.problems.append(
            _on_cover(parsed, "version", "wrong_version", found=said, expected=spec.version,
                      why_en=spec.why_en or "", why_cy=spec.why_cy or "")
        )  # fmt: skip
    parsed.template_version = spec.version
    return spec


def _convert_cover(parsed: Parsed, spec: ReturnSpec) -> None:
    """Type the cover's other fields; what cannot be read is a problem, and unknown."""
    for one in FIELDS:
        value = parsed.cover.get(one.key)
        if value is None or one.key in ("return", "version", "area", "period"):
            continue
        text = _text(value) or ""
        read: Any = text
        if one.kind == "date":
            read, _ = read_date(value)
        elif one.kind == "yes_no":
            read = _word(text, YES_NO) if not isinstance(value, bool) else value
        elif one.kind == "language":
            read = _word(text, LANGUAGES)
        elif one.kind == "role":
            read = _word(text, ROLES)
        elif one.kind == "integer":
            number = read_number(text)
            read = int(number) if number is not None and number.is_integer() else None
        elif one.kind == "area":
            try:
                read = find_area(re.split(r"\s+/\s+", text)[0])
            except KeyError:
                read = None
        if read is None or read == "":
            parsed.problems.append(
                _on_cover(parsed, one.key, "cover_field", found=text, label_en=one.label_en, label_cy=one.label_cy)
            )
        parsed.cover[one.key] = read
    for key in ("return", "version", "area", "period"):
        parsed.cover.pop(key, None)
    parsed.control_totals = {
        t.key: parsed.control_totals[t.key] for t in spec.control_totals if t.key in parsed.control_totals
    }


def _word(text: str, known: Mapping[Any, tuple[str, str]]) -> Any:
    words = {normalise(w): key for key, pair in known.items() for w in (str(key), str(key).replace("_", " "), *pair)}
    words |= {normalise(" / ".join(pair)): key for key, pair in known.items()}
    words |= {"y": True, "n": False, "oes": True, "nac oes": False, "ie": True, "na": False} if True in known else {}
    return words.get(normalise(text))


def _on_cover(parsed: Parsed, key: str, code: str, found: str | None = None, **values: Any) -> Problem:
    sheet, cell = parsed.cover_cells.get(key, (f"{COVER_EN} / {COVER_CY}", ""))
    place = re.fullmatch(r"([A-Z]+)(\d+)", cell)
    return Problem(
        code,
        sheet=sheet,
        row=int(place[2]) if place else None,
        column=place[1] if place else None,
        column_key=key,
        found=found,
        values=values,
    )


# -- tables ------------------------------------------------------------------------------------------------------


_INDEXES: dict[int, tuple[Sheet, dict[str, str]]] = {}


def _heading_index(sheet: Sheet) -> dict[str, str]:
    """Every wording of a sheet's headings, and the columns' keys. Kept for each sheet, which never changes."""
    known = _INDEXES.get(id(sheet))
    if known is not None:
        return known[1]
    index: dict[str, str] = {}
    for column in sheet.columns:
        for text in (column.heading_en, column.heading_cy, column.key, column.key.replace("_", " "), *column.also):
            index.setdefault(fold(text), column.key)
            index.setdefault(normalise(text), column.key)
    _INDEXES[id(sheet)] = (sheet, index)  # the sheet is kept too, so that its id stays its own
    return index


def _header(table: _Table, names: Mapping[str, str]) -> tuple[int, int]:
    """The row with most of the headings, and how many it has."""
    best = (0, 0)
    for number, row in enumerate(table.rows[:HEADER_ROWS]):
        keys = {names[f] for c in row if isinstance(c, str) for f in _forms(c) if f in names and not PREVIOUS.match(c)}
        if len(keys) > best[1]:
            best = (number, len(keys))
    return best


def _find_table(sheet: Sheet, spec: ReturnSpec, tables: Sequence[_Table], taken: set[int]) -> tuple[_Table, int] | None:
    names = _heading_index(sheet)
    titles = {fold(t) for t in (sheet.title_en, sheet.title_cy, sheet.key)}
    candidates = []
    for table in tables:
        if id(table) in taken or table.name == MARK_SHEET:
            continue
        row, score = _header(table, names)
        titled = any(f in titles for f in _forms(table.name)) or any(table.name.casefold() == t[:31] for t in titles)
        if score >= 2 or (score == 1 and (titled or len(sheet.columns) == 1)):
            candidates.append((titled, score, table, row))
    if not candidates:
        return None
    best = max(candidates, key=lambda c: (c[0], c[1]))
    others = [s for s in spec.sheets if s is not sheet]
    # another sheet of the return may share headings: the title decides, else who has more of its own
    if not best[0] and any(_header(best[2], _heading_index(o))[1] > best[1] for o in others):
        return None
    return best[2], best[3]


def _read_sheet(parsed: Parsed, sheet: Sheet, table: _Table, header: int, *, nil: bool) -> None:
    names = _heading_index(sheet)
    headings = table.rows[header]
    body = table.rows[header + 1 :]
    places: dict[str, int] = {}
    extra: list[tuple[int, str]] = []
    head_row = table.first + header + 1
    for place, cell in enumerate(headings):
        text = _text(cell)
        if text is None or PREVIOUS.match(text):
            continue
        key = next((names[f] for f in [normalise(text), *_forms(text)] if f in names), None)
        if key is None:
            extra.append((place, text))
        elif key in places:
            parsed.problems.append(
                Problem("repeated_column", table.name, head_row, column_letter(place), key, text,
                        {"other": column_letter(places[key])})
            )  # fmt: skip
        else:
            places[key] = place
    beyond = range(len(headings), max((len(r) for r in body), default=0))
    extra += [(place, "") for place in beyond if any(len(r) > place and not _is_blank(r[place]) for r in body)]
    _name_columns(parsed, sheet, table, head_row, places, extra, body)
    if table.sheet.visible is False:
        parsed.problems.append(Problem("hidden_sheet", table.name))

    rows: list[int] = []
    lines: list[list[Value]] = []
    width = max(places.values(), default=0) + 1
    wanted = sorted(places.values())
    lead = min(wanted, default=0)
    for number, row in enumerate(body, table.first + header + 2):
        first = row[lead] if len(row) > lead else None
        if (first is None or _is_blank(first)) and all(p >= len(row) or _is_blank(row[p]) for p in wanted):
            continue
        rows.append(number)
        lines.append(row if len(row) >= width else row + [None] * (width - len(row)))
    _structure(parsed, table, places, rows)
    read = ParsedSheet(
        key=sheet.key,
        name=table.name,
        rows=rows,
        letters={k: column_letter(p) for k, p in places.items()},
        values={},
    )
    turned = list(zip(*lines, strict=False)) if lines else []
    raw = {k: list(turned[p]) if turned else [] for k, p in places.items()}
    parsed.rows_received += len(rows)
    _take_totals(sheet, raw, read)
    for column in sheet.columns:
        cells = raw.get(column.key)
        if cells is None:
            read.values[column.key] = [None] * len(read.rows)
            continue
        _convert(parsed, table, column, cells, read)
    parsed.sheets.append(read)
    if not read.rows and not nil and sheet.min_rows:
        parsed.problems.append(
            Problem("no_rows", table.name, values={"title_en": sheet.title_en, "title_cy": sheet.title_cy})
        )
    elif len(read.rows) > sheet.max_rows:
        parsed.problems.append(
            Problem("too_many_rows", table.name, values={"rows": sheet.max_rows, "columns": len(sheet.columns)})
        )


def _name_columns(
    parsed: Parsed,
    sheet: Sheet,
    table: _Table,
    head_row: int,
    places: Mapping[str, int],
    extra: Sequence[tuple[int, str]],
    body: Sequence[Sequence[Value]],
) -> None:
    """Columns that are missing, and headings that nothing knows: one that was renamed is told once."""
    missing = [c for c in sheet.columns if c.key not in places]
    left = list(extra)
    for column in missing:
        words = {fold(column.heading_en): column.heading_en, fold(column.heading_cy): column.heading_cy}
        near = None
        for place, text in left:
            # a gap between the neighbours that the template has is where a renamed column stands
            between = _neighbours(sheet, places, column.key) == (place - 1, place + 1)
            if text and (difflib.get_close_matches(fold(text), words, n=1, cutoff=0.6) or between):
                near = (place, text)
                break
        values = {"heading_en": column.heading_en, "heading_cy": column.heading_cy}
        if near:
            left.remove(near)
            parsed.problems.append(
                Problem("renamed_column", table.name, head_row, column_letter(near[0]), column.key, near[1], values)
            )
        else:
            parsed.problems.append(Problem("missing_column", table.name, head_row, None, column.key, None, values))
    for place, text in left:
        if any(len(r) > place and not _is_blank(r[place]) for r in body):
            parsed.problems.append(Problem("extra_column", table.name, head_row, column_letter(place), None, text))


def _neighbours(sheet: Sheet, places: Mapping[str, int], key: str) -> tuple[int | None, int | None]:
    keys = [c.key for c in sheet.columns]
    at = keys.index(key)
    before = places.get(keys[at - 1]) if at else -1
    return before, places.get(keys[at + 1]) if at + 1 < len(keys) else None


def _structure(parsed: Parsed, table: _Table, places: Mapping[str, int], rows: Sequence[int]) -> None:
    """What a person would not see, or would see differently: merged and hidden cells, formulas."""
    sheet = table.sheet
    if not rows:
        return
    there, first, last = set(rows), rows[0], rows[-1]
    keys = {p: k for k, p in places.items()}
    for r1, c1, r2, c2 in sheet.merged:
        if r2 + 1 >= first and r1 + 1 <= last and any(c1 <= p <= c2 for p in keys):
            area = f"{column_letter(c1)}{r1 + 1}:{column_letter(c2)}{r2 + 1}"
            parsed.problems.append(Problem("merged_cells", table.name, r1 + 1, column_letter(c1), keys.get(c1), area))
    parsed.problems += [
        Problem("hidden_rows", table.name, number + 1) for number in sorted(sheet.hidden_rows) if number + 1 in there
    ]
    for place in sorted(sheet.hidden_columns & set(keys)):
        parsed.problems.append(Problem("hidden_columns", table.name, None, column_letter(place), keys[place]))
    for (row, place), has_value in sheet.formulas.items():
        if row + 1 in there and place in keys:
            code = "formula_value" if has_value else "formula_without_value"
            parsed.problems.append(Problem(code, table.name, row + 1, column_letter(place), keys[place]))


def _take_totals(sheet: Sheet, raw: dict[str, list[Value]], read: ParsedSheet) -> None:
    """Take out the rows that somebody pasted as totals."""
    texts = [k for k in raw if sheet.column(k).type in ("text", "choice", "area", "narrative")]
    suspects: set[int] = set()
    for key in texts[:3]:
        words = {v for v in set(raw[key]) if isinstance(v, str) and LIKE_TOTALS.search(v) and fold(v) in TOTALS}
        if words:
            suspects |= {n for n, v in enumerate(raw[key]) if v in words}
    if not suspects:
        return
    gone = {n for n in suspects if sum(raw[k][n] is not None for k in sheet.grain if k in raw) <= 1}
    for n in sorted(gone):
        read.totals.append((read.rows[n], {k: v[n] for k, v in raw.items()}))
    for key, cells in raw.items():
        raw[key] = [v for n, v in enumerate(cells) if n not in gone]
    read.rows = [r for n, r in enumerate(read.rows) if n not in gone]


def _other_sheets(parsed: Parsed, tables: Sequence[_Table], taken: set[int]) -> None:
    """Sheets that the return does not have: what is hidden may not be, what is visible is not read."""
    covered = {sheet for sheet, _ in parsed.cover_cells.values()}
    for table in tables:
        own = table.name in covered or table.name == MARK_SHEET or any(f in OWN_SHEETS for f in _forms(table.name))
        if id(table) in taken or own or fold(table.name) in (fold(COVER_EN), fold(COVER_CY)):
            continue
        if any(v is not None for row in table.rows for v in row):
            code = "extra_sheet" if table.sheet.visible else "hidden_sheet"
            parsed.problems.append(Problem(code, table.name, found=table.name))


# -- values ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cell:
    """What became of one unusual cell."""

    value: Any = None
    status: str | None = None
    code: str | None = None
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    keep: bool = False
    """Whether what stood there is to be kept beside the value."""


_APART = {str, float, type(None), date, datetime}


def _convert(parsed: Parsed, table: _Table, column: Column, cells: list[Value], read: ParsedSheet) -> None:
    """Type one column. Each distinct value is read once."""
    reader = _readers(parsed, column)
    letter = read.letters[column.key]
    problems = parsed.problems
    kinds = set(map(type, cells))
    settled = _settled(column, cells, kinds)
    if settled is not None:
        read.values[column.key] = settled
        return
    # True, 1 and 1.0 are one key and not one cell; other kinds are never equal
    apart: list[Any] = list(cells)
    if not kinds <= _APART:
        apart = [(type(cell), cell) for cell in cells]
    known = {key: _read_cell(column, cell, reader) for key, cell in dict(zip(apart, cells, strict=True)).items()}
    read.values[column.key] = [known[key].value for key in apart]
    if not any(one.status or one.keep or one.code for one in known.values()):
        return
    statuses: dict[int, str] = {}
    found: dict[int, str] = {}
    for place, (key, cell) in enumerate(zip(apart, cells, strict=True)):
        one = known[key]
        if one.status:
            statuses[place] = one.status
        if one.keep:
            found[place] = str(_text(cell))
        if one.code:
            problems.append(
                Problem(one.code, table.name, read.rows[place], letter, column.key, _text(cell), one.values)
            )
    if statuses:
        read.statuses[column.key] = statuses
    if found:
        read.found[column.key] = found


def _settled(column: Column, cells: list[Any], kinds: set[type]) -> list[Any] | None:
    """The values of a column in which nothing is unusual; None where cells need to be looked at one by one."""
    if column.is_number and kinds <= {float, int}:
        values: list[Any] = [float(v) for v in cells]
        return values if _plain(column, values) else None
    if kinds != {str}:
        return None
    distinct = set(cells)
    if column.is_number:
        if not all(map(_PLAIN_NUMBER.fullmatch, distinct)):
            return None
        numbers = {text: float(text) for text in distinct}
        return [numbers[text] for text in cells] if _plain(column, list(numbers.values())) else None
    if column.type not in ("text", "narrative") or "" in distinct or any(text != text.strip() for text in distinct):
        return None
    if column.max_length and max(map(len, distinct)) > column.max_length:
        return None
    return cells if not column.pattern or all(map(re.compile(column.pattern).fullmatch, distinct)) else None


_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?")
"""A number in a CSV of which nothing is worth keeping but its value."""


def _plain(column: Column, values: Sequence[float]) -> bool:
    """Whether numbers need no second look."""
    if not values:
        return True
    least, most = _limits(column)
    low, high = min(values), max(values)
    if not (math.isfinite(low) and math.isfinite(high)) or low < least or high > most:
        return False
    return column.type not in ("integer", "count") or all(map(float.is_integer, values))


def _limits(column: Column) -> tuple[float, float]:
    least = column.minimum if column.minimum is not None else {"count": 0.0, "percent": 0.0}.get(column.type, -math.inf)
    most = column.maximum if column.maximum is not None else {"percent": 100.0}.get(column.type, math.inf)
    return least, most


def _readers(parsed: Parsed, column: Column) -> Callable[[Value], _Cell]:
    if column.is_number:
        return lambda cell: _number(column, cell)
    if column.type == "date":
        return _date
    if column.type == "boolean":
        return _boolean
    if column.type == "choice":
        words = {}
        for choice in column.choices:
            for word in (choice.key, choice.key.replace("_", " "), choice.en, choice.cy, *choice.also):
                words[normalise(word)] = choice.key
            words[normalise(f"{choice.en} / {choice.cy}")] = choice.key
        allowed = {lang: "; ".join(getattr(c, lang) for c in column.choices) for lang in ("en", "cy")}
        return lambda cell: _choice(words, allowed, cell)
    if column.type == "area":
        within = None
        if column.within_submitter and parsed.area_code and parsed.period:
            within = {parsed.area_code, *members(parsed.area_code, parsed.period.end)}
        return lambda cell: _area(column, within, cell)
    pattern = re.compile(column.pattern) if column.pattern else None
    return lambda cell: _words(column, pattern, cell)


def _read_cell(column: Column, cell: Value, reader: Callable[[Value], _Cell]) -> _Cell:
    text = _text(cell)
    said = {"heading_en": column.heading_en, "heading_cy": column.heading_cy}
    if text is None:
        if not column.required:
            return _Cell()
        allowed = {
            f"allowed_{lang}": "; ".join(MARKERS[m][n] for m in column.allow) for n, lang in enumerate(("en", "cy"))
        }
        code = "required_missing" if column.allow else "required_blank"
        return _Cell(code=code, values={**said, **allowed})
    if column.type not in ("text", "narrative") and isinstance(cell, str):
        marker = MARKER_WORDS.get(normalise(text))
        if marker and marker in column.allow:
            return _Cell(status=marker, keep=True)
        if marker:
            allowed_en = "; ".join(MARKERS[m][0] for m in column.allow) or "nothing"
            allowed_cy = "; ".join(MARKERS[m][1] for m in column.allow) or "dim"
            return _Cell(code="marker_not_allowed", values={**said, "allowed_en": allowed_en, "allowed_cy": allowed_cy})
    one = reader(cell)
    one.values = {**said, **one.values}
    return one


def read_number(text: str) -> float | None:
    """A number as people write it: ``£1,234.50``, ``(1,234)``, ``1 234``, ``-5``, ``12%``, ``5-``.

    Returns:
        The number, or None. ``1.234,50`` is none: its comma would be read as something else by somebody else.
    """
    bare = re.sub(r"\s+", " ", text).strip(" '’").replace("\u2212", "-").replace("\u2013", "-")
    bare = re.sub(r"(?<!\d) | (?!\d)", "", bare)  # a space between digits may part thousands: others say nothing
    bare = re.sub(r"^([-+(]?)(?:£|gbp)|(?:gbp|%)(\)?)$", r"\1\2", bare, flags=re.IGNORECASE)
    negative = False
    if match := re.fullmatch(r"\(([^-+]+)\)|([^-+]+)-", bare):
        negative, bare = True, match[1] or match[2]
    if not re.fullmatch(r"[-+]?(\d{1,3}(,\d{3})+|\d{1,3}( \d{3})+|\d+)?(\.\d+)?", bare) or not re.search(r"\d", bare):
        return None
    value = float(re.sub("[, ]", "", bare))
    return -value if negative else value


def _number(column: Column, cell: Value) -> _Cell:
    one = _Cell()
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return _Cell(code="not_a_number")
    if isinstance(cell, str):
        number = read_number(cell)
        if number is None or ("%" in cell and column.type != "percent"):
            return _Cell(code="not_a_number")  # 12% is not 12 pounds
        plain = re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", cell) is not None
        keep = not _PLAIN_NUMBER.fullmatch(cell)
        one = _Cell(number, keep=keep, code=None if plain else "number_as_text", values={"value": _shown(number)})
    else:
        number = float(cell)
        one.value = number
    least, most = _limits(column)
    if not math.isfinite(number):
        return _Cell(code="not_a_number")
    if column.type in ("integer", "count") and not number.is_integer():
        return _Cell(code="not_whole")
    if number < least or number > most:
        code = "negative_count" if column.type == "count" and number < 0 else "out_of_range"
        return _Cell(code=code, values=limits_in_words(column))
    return one


def _shown(number: float) -> str:
    return f"{number:,.2f}".removesuffix(".00")


def limits_in_words(column: Column) -> dict[str, str]:
    """What a column of numbers takes, in both languages, for the message on a number that it does not."""
    least, most = _limits(column)
    en = [f"at least {_shown(least)}"] * math.isfinite(least) + [f"at most {_shown(most)}"] * math.isfinite(most)
    cy = [f"o leiaf {_shown(least)}"] * math.isfinite(least) + [f"ar y mwyaf {_shown(most)}"] * math.isfinite(most)
    return {"limits_en": " and ".join(en), "limits_cy": " ac ".join(cy)}


_TEXT_DATE = re.compile(r"^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$")


def read_date(cell: Value) -> tuple[date | None, str | None]:
    """A date, and what is unusual about how it was written (a code of the catalogue)."""
    if isinstance(cell, datetime):
        return cell.date(), None
    if isinstance(cell, date):
        return cell, None
    if not isinstance(cell, str):
        return None, "not_a_date"
    text = cell.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and (iso := read_period(["point"], text, None, None)):
        return iso.start, None
    found = read_period(["point"], text, None, None) or read_period(
        ["point"], re.sub(r"^\w+,?\s+(?=\d)", "", text), None, None
    )
    if found:
        return found.start, "date_as_text"
    if (match := _TEXT_DATE.match(text)) and int(match[2]) > 12 >= int(match[1]):
        return None, "us_date"
    return None, "not_a_date"


def _date(cell: Value) -> _Cell:
    day, code = read_date(cell)
    if day is None:
        return _Cell(code=code)
    return _Cell(day, keep=code is not None, code=code, values={"value": day.isoformat()})


def _boolean(cell: Value) -> _Cell:
    value = cell if isinstance(cell, bool) else _word(str(_text(cell)), YES_NO)
    if value is None:
        both = {lang: "; ".join(words[n] for words in YES_NO.values()) for n, lang in enumerate(("en", "cy"))}
        return _Cell(code="unknown_choice", values={"allowed_en": both["en"], "allowed_cy": both["cy"], "near": ""})
    return _Cell(value)


def _choice(words: Mapping[str, str], allowed: Mapping[str, str], cell: Value) -> _Cell:
    text = str(_text(cell))
    for form in (normalise(text), fold(text)):
        if form in words:
            return _Cell(words[form])
    near = difflib.get_close_matches(normalise(text), words, n=1)
    values = {"allowed_en": allowed["en"], "allowed_cy": allowed["cy"], "near": near[0] if near else ""}
    return _Cell(code="unknown_choice", values=values)


def _area(column: Column, within: Iterable[str] | None, cell: Value) -> _Cell:
    text = str(_text(cell))
    code = None
    for word in (text, *re.split(r"\s+/\s+", text)):
        try:
            code = find_area(word, tuple(column.area_types))
            break
        except KeyError:
            continue
    if code is None:
        return _Cell(code="unknown_area")
    if within is not None and code not in within:
        names = [areas()[c] for c in sorted(within)]
        return _Cell(
            code="outside_submitter",
            values={
                "allowed_en": "; ".join(a.name_en for a in names),
                "allowed_cy": "; ".join(a.name_cy for a in names),
            },
        )
    return _Cell(code)


def _words(column: Column, pattern: re.Pattern[str] | None, cell: Value) -> _Cell:
    text = str(_text(cell))
    if column.max_length and len(text) > column.max_length:
        return _Cell(code="too_long_text", values={"length": len(text), "most": column.max_length})
    if pattern is not None and not pattern.fullmatch(text):
        return _Cell(code="pattern", values={"pattern": column.pattern})
    return _Cell(text)
