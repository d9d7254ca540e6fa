"""The workbook of a return, from its spec alone: the blank one that a return officer fills in, and filled ones.

What goes out to people is protected without a password, which guards against slips and stops nobody who means it.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.returns.areas import Area, areas
from ingestion.returns.book import column_letter
from ingestion.returns.cover import (
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
from ingestion.returns.guidance import about_field, guidance
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.spec import Column, ReturnSpec, Sheet
from ingestion.returns.wording import (
    GUIDANCE_SHEET,
    LIST_SHEET,
    PREVIOUS_PREFIX,
    Languages,
    Words,
    all_areas,
    area_label,
    both,
    bounds,
    entries,
    expected,
    heading,
    in_language,
    long_date,
    sheet_titles,
)

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Row = Mapping[str, object]
Rows = Mapping[str, Sequence[Row]]

HEADING_ROW = 2
"""Where the headings of a data sheet stand, counted from 0: below the title and the line that says what is required."""
_GUIDANCE_COLUMN = 4
"""Of the cover; away from the values, so that nobody takes it for one where the value is empty."""
FIRST_FIELD = 4
"""Where the cover's first field stands, counted from 0."""

_ROOM, _SPARE = 50, 25
"""Rows that a blank sheet shows at least, and beyond those that are filled in. More may be written below them."""
_TEXT_LIMIT = 32_767
_DIGITS = 300
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_INK, _SOFT, _LINE = "#1D2733", "#5B6775", "#C3CBD4"
_HEAD, _GREY, _INPUT = "#1F4E5F", "#E9ECEF", "#FFFFFF"
_WIDEST = 60
_WIDTHS = {"text": 26, "narrative": 50, "choice": 24, "area": 28, "date": 14, "boolean": 12}
_NUMBER_FORMATS = {
    "money": "£#,##0.00",
    "integer": "#,##0",
    "count": "#,##0",
    "decimal": "#,##0.0#",
    "percent": "0.0#",
    "date": "dd/mm/yyyy",
}


def write_template(
    spec: ReturnSpec,
    area: Area,
    period: ReturnPeriod,
    path: Path,
    *,
    prefill: Rows | None = None,
    previous: Rows | None = None,
    offers: Sequence[Row] = (),
    due: date | None = None,
    synthetic: bool = False,
) -> Path:
    """Write a blank, bilingual, protected workbook.

    Args:
        spec: The version of the return that answers for the period.
        area: Who submits it.
        period: What it is about.
        path: Where it goes.
        prefill: Rows by sheet, by the columns' keys. Without them a sheet takes its first rows from where its spec
            says: the offer letter's lines, or the names of ``previous``.
        previous: The rows of the last accepted return by sheet; their figures stand beside those to fill in.
        offers: Lines of the offer letter in force: ``project_key``, ``capital_or_revenue``, ``original_budget_gbp``,
            ``revised_budget_gbp``, ``stream_key``.
        due: When it is due; told on the cover.
        synthetic: Mark it as one for the bundled sample.

    Returns:
        ``path``.
    """
    tables = [
        _template_table(sheet, (prefill or {}).get(sheet.key), (previous or {}).get(sheet.key, ()), offers)
        for sheet in spec.sheets
    ]
    return _Workbook(spec, area, period, synthetic=synthetic).write(path, tables, {}, due=due)


def write_submission(
    spec: ReturnSpec,
    area: Area,
    period: ReturnPeriod,
    cover: Row,
    rows: Rows,
    path: Path,
    *,
    plain: bool = False,
    synthetic: bool = False,
    language: Languages = "both",
    sheets: Collection[str] | None = None,
) -> Path:
    """Write a workbook that is filled in.

    Args:
        spec: The version of the return.
        area: Who submits it.
        period: What it is about.
        cover: Values of the cover by the keys of its fields and of the spec's control totals. What the template fills
            in need not be given; what is given wins.
        rows: Rows by sheet, by the columns' keys. Keys of choices, codes of areas and markers are written as people
            read them; any other text as it is, also in a column of numbers.
        path: Where it goes.
        plain: Without drop-downs, guidance and protection, which is five times as fast.
        synthetic: Mark it as synthetic on the cover.
        language: Of the headings.
        sheets: Only these sheets; all by default.

    Returns:
        ``path``.
    """
    tables = [_Table(s, list(rows.get(s.key, ()))) for s in spec.sheets if sheets is None or s.key in sheets]
    book = _Workbook(spec, area, period, plain=plain, synthetic=synthetic, language=language)
    return book.write(path, tables, cover)


def write_csv(
    spec: ReturnSpec,
    area: Area,
    period: ReturnPeriod,
    cover: Row,
    rows: Rows,
    path: Path,
    *,
    synthetic: bool = False,
    language: Languages = "both",
    encoding: str = "utf-8-sig",
) -> Path:
    """Write the CSV form: the cover's labels and values, then each sheet's name in brackets, headings and rows.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.

    Args:
        spec: The version of the return.
        area: Who submits it.
        period: What it is about.
        cover: As for `write_submission`.
        rows: As for `write_submission`.
        path: Where it goes.
        synthetic: Mark it as synthetic in the first line.
        language: Of labels and headings.
        encoding: Of the file.

    Returns:
        ``path``.
    """
    with path.open("w", encoding=encoding, newline="") as handle:
        out = csv.writer(handle)
        if synthetic:
            out.writerow([in_language((SYNTHETIC_EN, SYNTHETIC_CY), language)])
        for label, value, _ in _cover_lines(spec, area, period, cover):
            out.writerow([in_language(label, language), csv_text(value)])
        titles = sheet_titles(spec)
        for sheet in spec.sheets:
            out.writerow([])
            out.writerow([f"[{titles[sheet.key]}]"])
            out.writerow([heading(c, language) for c in sheet.columns])
            for row in rows.get(sheet.key, ()):
                out.writerow([csv_text(_shown(c, row.get(c.key))) for c in sheet.columns])
    return path


def csv_text(value: object) -> str:
    """A value as it stands in a CSV that a spreadsheet may open: dates as ISO, and no text that runs as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return both(YES_NO[value])
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_RISKY) else text


def put(sheet: Worksheet, row: int, column: int, value: object, style: Any = None) -> None:
    """Write a value into a cell as what it is; text always as text, whatever it begins with.

    Args:
        sheet: A sheet of XlsxWriter's.
        row: Counted from 0.
        column: Counted from 0.
        value: None for a cell that has a format only.
        style: A format of XlsxWriter's.
    """
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, style)
    elif isinstance(value, (int, float, Decimal)) and _fits(value):
        sheet.write_number(row, column, float(value), style)
    elif isinstance(value, (time, timedelta)) or (isinstance(value, date) and value.year >= 1900):
        sheet.write_datetime(row, column, value, style)
    else:
        text = value.isoformat() if isinstance(value, date) else str(value)
        text = text.encode("utf-8", "replace").decode("utf-8")  # half a character of UTF-16 cannot be saved
        sheet.write_string(row, column, text[:_TEXT_LIMIT], style)


def _fits(number: float | Decimal) -> bool:
    """Whether a cell can hold a number: Excel knows none that is endless or not a number."""
    exact = Decimal(number)
    return exact.is_finite() and exact.adjusted() < _DIGITS


@dataclass
class _Table:
    """What stands on one data sheet."""

    sheet: Sheet
    rows: list[Row]
    fixed: int = 0
    """How many of the first rows every return has: the columns that name them are locked."""
    previous: list[Row | None] = field(default_factory=list)
    """What stood in the same row last period."""


def _template_table(
    sheet: Sheet, given: Sequence[Row] | None, previous: Sequence[Row], offers: Sequence[Row]
) -> _Table:
    before = {_grain(sheet, row): row for row in previous}
    rest: list[Row] = list(given or ())
    if given is None and sheet.prefill == "offers":
        # An offer letter knows a project by its reference; what it is called was said last time.
        rest = [{**_names(sheet, before.get(_grain(sheet, row), {})), **row} for row in _offered(sheet, offers)]
    elif given is None and sheet.prefill == "previous":
        rest = [_names(sheet, row) for row in previous]
    rows: list[Row] = []
    for fixed in sheet.fixed_rows:
        mine = next((r for r in rest if all(_key(r.get(k)) == _key(v) for k, v in fixed.items())), {})
        rest = [r for r in rest if r is not mine]
        rows.append({**mine, **fixed})
    rows += rest
    rows = [{c.key: _typed(c, row.get(c.key)) for c in sheet.columns} for row in rows]
    beside = [before.get(_grain(sheet, row)) for row in rows]
    return _Table(sheet, rows, len(sheet.fixed_rows), beside if any(beside) else [])


def _offered(sheet: Sheet, offers: Sequence[Row]) -> list[Row]:
    """The lines of an offer letter as rows of a sheet, by the roles of its columns; of a line the newest version."""
    newest: dict[tuple[str, ...], tuple[int, Row]] = {}
    for offer in offers:
        stream = sheet.constants.get("stream_key")
        if stream and offer.get("stream_key") not in (None, stream):
            continue
        known = {**offer, "budget_gbp": offer.get("revised_budget_gbp")}
        row = {c.key: known[c.role or c.key] for c in sheet.columns if known.get(c.role or c.key) is not None}
        version = int(str(offer.get("version") or 0))
        if version >= newest.get(_grain(sheet, row), (0, row))[0]:
            newest[_grain(sheet, row)] = version, row
    return [row for _, row in newest.values()]


def _names(sheet: Sheet, row: Row) -> dict[str, object]:
    """What names a row and stays the same from period to period: no figures, no words about the period."""
    kept = [c for c in sheet.columns if c.key in sheet.grain or not (c.is_number or c.type in ("narrative", "date"))]
    return {c.key: row[c.key] for c in kept if row.get(c.key) is not None}


def _grain(sheet: Sheet, row: Row) -> tuple[str, ...]:
    return tuple(_key(row.get(key)) for key in sheet.grain)


def _key(value: object) -> str:
    return "" if value is None else str(value).strip().casefold()


def _typed(column: Column, value: object) -> object:
    """A value as the lake keeps it (text) as what it is."""
    if not isinstance(value, str):
        return value
    try:
        if column.is_number:
            number = Decimal(value)
            return number if number.is_finite() else value
        if column.type == "date":
            return date.fromisoformat(value)
    except (InvalidOperation, ValueError):
        return value
    return {"true": True, "false": False}.get(value, value) if column.type == "boolean" else value


def _shown(column: Column, value: object) -> object:
    """A value as it stands in a cell: choices, areas, markers, yes and no in both languages."""
    if isinstance(value, bool):
        return both(YES_NO[value])
    if not isinstance(value, str):
        return value
    if value in column.allow:
        return both(MARKERS[value])
    if column.type == "choice":
        return next((both((c.en, c.cy)) for c in column.choices if c.key == value), value)
    if column.type == "area" and value in areas():
        return area_label(value)
    return value


def _cover_lines(
    spec: ReturnSpec, area: Area, period: ReturnPeriod, cover: Row
) -> list[tuple[Words, object, CoverField | None]]:
    """Every line of the cover: its label, its value, and the field it is (None for a control total)."""
    own: dict[str, object] = {
        "return": both((spec.title_en, spec.title_cy)),
        "version": spec.version,
        "area": both((area.name_en, area.name_cy)),
        "period": period.key,
    }
    known = {**own, **cover}
    lines: list[tuple[Words, object, CoverField | None]] = []
    for item in FIELDS:
        value = known.get(item.key)
        if item.kind == "area" and isinstance(value, str):
            value = area_label(value)
        elif item.kind == "language" and value in LANGUAGES:
            value = both(LANGUAGES[str(value)])
        elif item.kind == "role" and value in ROLES:
            value = both(ROLES[str(value)])
        elif isinstance(value, bool):
            value = both(YES_NO[value])
        lines.append(((item.label_en, item.label_cy), value, item))
    lines += [((t.heading_en, t.heading_cy), known.get(t.key), None) for t in spec.control_totals]
    return lines


class _Workbook:
    """One workbook while it is written."""

    def __init__(
        self,
        spec: ReturnSpec,
        area: Area,
        period: ReturnPeriod,
        *,
        plain: bool = False,
        synthetic: bool = False,
        language: Languages = "both",
    ) -> None:
        self.spec, self.area, self.period = spec, area, period
        self.plain, self.synthetic, self.language = plain, synthetic, language
        self.book: xlsxwriter.Workbook
        self.lists: list[list[str]] = []
        self._styles: dict[tuple[tuple[str, object], ...], Format] = {}

    def write(self, path: Path, tables: Sequence[_Table], cover: Row, due: date | None = None) -> Path:
        import xlsxwriter

        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as self.book:
            # The same content makes the same bytes: a template made again is the file that was made before.
            self.book.set_properties(
                {
                    "title": both((self.spec.title_en, self.spec.title_cy)),
                    "subject": f"{self.area.name_en}, {self.period.key}",
                    "created": datetime.combine(self.period.end, time()),
                }
            )
            self._cover(cover, due)
            if not self.plain:
                self._guidance()
            titles = sheet_titles(self.spec)
            for table in tables:
                self._data(table, titles[table.sheet.key])
            self._mark()
            if self.lists:
                self._lists()
        return path

    def style(self, **properties: object) -> Format:
        """A format; the same one for the same properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._styles:
            base = {"font_name": "Calibri", "font_size": 11, "font_color": _INK, "valign": "top"}
            self._styles[key] = self.book.add_format({**base, **properties})
        return self._styles[key]

    def input_style(self, kind: str) -> Format:
        """Of a cell that people write in."""
        wrap = kind in ("text", "narrative", "choice", "area")
        return self.style(
            locked=False,
            border=1,
            border_color=_LINE,
            bg_color=_INPUT,
            num_format=_NUMBER_FORMATS.get(kind, "@"),
            text_wrap=wrap,
        )

    def locked_style(self, kind: str) -> Format:
        """Of a cell that is filled in for them."""
        return self.style(
            border=1,
            border_color=_LINE,
            bg_color=_GREY,
            num_format=_NUMBER_FORMATS.get(kind, "@"),
            text_wrap=kind not in _NUMBER_FORMATS,
        )

    def _print(self, sheet: Worksheet) -> None:
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&A&R&P / &N")

    def _protect(self, sheet: Worksheet) -> None:
        sheet.protect("", {"format_columns": True, "format_rows": True})

    def _list(self, found: Sequence[str]) -> str:
        """Put the entries of a drop-down aside, once, and say where they stand."""
        if list(found) not in self.lists:
            self.lists.append(list(found))
        letter = column_letter(self.lists.index(list(found)))
        return f"={LIST_SHEET}!${letter}$1:${letter}${len(found)}"

    # -- the cover ------------------------------------------------------------------------------------------------

    def _cover(self, cover: Row, due: date | None) -> None:
        sheet = self.book.add_worksheet(COVER_EN)
        lines = _cover_lines(self.spec, self.area, self.period, cover)
        title = both((self.spec.title_en, self.spec.title_cy))
        put(sheet, 0, 0, both((SYNTHETIC_EN, SYNTHETIC_CY)) if self.synthetic else title, self._title())
        if self.plain:
            sheet.set_column(0, 1, 40)
            for number, (label, value, _) in enumerate(lines, FIRST_FIELD):
                put(sheet, number, 0, both(label))
                put(sheet, number, 1, value, self.input_style("date") if isinstance(value, date) else None)
            return
        sheet.hide_gridlines(2)
        for column, width in enumerate((46, 52, 1, 1, 62)):
            sheet.set_column(column, column, width)
        sheet.set_row(0, 24)
        soft = self.style(font_color=_SOFT)
        about = f"{self.area.name_en}, {self.period.label_en}"
        put(sheet, 1, 0, both((about, f"{self.area.name_cy}, {self.period.label_cy}")), self.style(bold=True))
        put(sheet, 2, 0, both(self._due(due)), soft)
        wrapped = self.style(text_wrap=True, font_color=_SOFT, font_size=10)
        bold = self.style(bold=True, text_wrap=True, bg_color=_GREY, border=1, border_color=_LINE)
        for number, (label, value, item) in enumerate(lines, FIRST_FIELD):
            kind = item.kind if item else "money"
            told = about_field(self.spec, self.period, item)
            put(sheet, number, 0, both(label), bold)
            locked = item is not None and item.by == "template"
            put(sheet, number, 1, value, self.locked_style("text") if locked else self.cover_style(kind))
            put(sheet, number, _GUIDANCE_COLUMN, "\n".join(told) if told else None, wrapped)

            tall = max(_lines([both(label)], 42), _lines([str(value or "")], 50))
            sheet.set_row(number, 15.5 * max(tall, sum(_lines([t], 72) for t in told)))
            if not locked:
                self._cover_validation(sheet, number, kind)
        sheet.activate()
        self._protect(sheet)
        self._print(sheet)

    def cover_style(self, kind: str) -> Format:
        """Of a cell of the cover that people write in."""
        return self.input_style({"date": "date", "money": "money", "integer": "integer"}.get(kind, "text"))

    def _title(self) -> Format:
        return self.style(bold=True, font_size=15, font_color=_HEAD)

    def _due(self, due: date | None) -> Words:
        en = "White cells are for you; grey cells are filled in."
        cy = "Chi sy’n llenwi’r celloedd gwyn; mae’r rhai llwyd wedi’u llenwi."
        if due is None:
            return en, cy
        day_en, day_cy = long_date(due)
        return f"Due {day_en}. {en}", f"I’w chyflwyno erbyn {day_cy}. {cy}"

    def _cover_validation(self, sheet: Worksheet, row: int, kind: str) -> None:
        offered = {
            "yes_no": [both(words) for words in YES_NO.values()],
            "language": [both(words) for words in LANGUAGES.values()],
            "role": [both(words) for words in ROLES.values()],
            "area": sorted(area_label(code) for code in all_areas(self.period.end)),
        }.get(kind)
        rule: dict[str, object]
        if offered:
            rule = {
                "validate": "list",
                "source": self._list(offered),
                **_wrong("One entry from the list", "Un dewis o’r rhestr"),
            }
        elif kind == "date":
            rule = _any_date()
        elif kind == "integer":
            rule = {"validate": "integer", "criteria": ">=", "value": 1, **_wrong("A whole number", "Rhif cyfan")}
        elif kind == "money":
            rule = {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -1e15,
                "maximum": 1e15,
                **_wrong("An amount in pounds", "Swm mewn punnoedd"),
            }
        else:
            return
        sheet.data_validation(row, 1, row, 1, rule)

    # -- the guidance ---------------------------------------------------------------------------------------------

    def _guidance(self) -> None:
        sheet = self.book.add_worksheet(GUIDANCE_SHEET)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 1, 80)
        head = self.style(bold=True, font_size=13, font_color=_HEAD, text_wrap=True, indent=1)
        plain = self.style(text_wrap=True, indent=1)
        for row, (words, is_head) in enumerate(guidance(self.spec)):
            for column, text in enumerate(words):
                put(sheet, row, column, text, head if is_head else plain)
            sheet.set_row(row, (20 if is_head else 15.5) * _lines(words, 68 if is_head else 82))
        self._protect(sheet)
        self._print(sheet)

    # -- the data -------------------------------------------------------------------------------------------------

    def _data(self, table: _Table, title: str) -> None:
        sheet = self.book.add_worksheet(title)
        spec = table.sheet
        headings = [heading(c, self.language) for c in spec.columns]
        put(sheet, 0, 0, both((spec.title_en, spec.title_cy)), self._title())
        if self.plain:
            for number, text in enumerate(headings):
                put(sheet, HEADING_ROW, number, text)
            dates = self.input_style("date")
            for at, row in enumerate(table.rows, HEADING_ROW + 1):
                for number, column in enumerate(spec.columns):
                    value = _shown(column, row.get(column.key))
                    if value is not None:
                        put(sheet, at, number, value, dates if isinstance(value, date) else None)
            return
        widths = [self._width(c) for c in spec.columns]
        head = self.style(
            bold=True,
            text_wrap=True,
            font_color="#FFFFFF",
            bg_color=_HEAD,
            border=1,
            border_color=_LINE,
            valign="vcenter",
        )
        note = self.style(font_color=_SOFT, italic=True, font_size=9, valign="bottom", text_wrap=True)
        last = HEADING_ROW + max(_ROOM, len(table.rows) + _SPARE)
        # Rows below the ruled ones may be written in too: the whole column is open, and its checks go as far as the
        # return does.
        depth = min(HEADING_ROW + max(spec.max_rows, last - HEADING_ROW), 1_048_575)
        for number, column in enumerate(spec.columns):
            sheet.set_column(number, number, widths[number], self._open(column))
            put(sheet, 1, number, "Required / Gofynnol" if column.required else None, note)
            put(sheet, HEADING_ROW, number, headings[number], head)
            if rule := self._validation(column, number):
                sheet.data_validation(HEADING_ROW + 1, number, depth, number, rule)
            style = self.input_style(column.type)
            for at in range(HEADING_ROW + 1, last + 1):
                index = at - HEADING_ROW - 1
                value = table.rows[index].get(column.key) if index < len(table.rows) else None
                named = index < table.fixed and column.key in spec.fixed_rows[index]
                put(sheet, at, number, _shown(column, value), self.locked_style(column.type) if named else style)
        for at, row in enumerate(table.rows, HEADING_ROW + 1):  # not every program makes room for a text by itself
            shown = [str(_shown(c, row.get(c.key)) or "") for c in spec.columns]
            tall = max(_lines([t], w * 0.88) for t, w in zip(shown, widths, strict=True))
            if tall > 1:
                sheet.set_row(at, 15.5 * tall)
        locked = self.style()
        sheet.set_row(0, 26, locked)
        sheet.set_row(1, 15, locked)
        sheet.set_row(
            HEADING_ROW, 15.5 * max(_lines([t], w * 0.88) for t, w in zip(headings, widths, strict=True)), locked
        )
        self._beside(sheet, table)
        sheet.freeze_panes(HEADING_ROW + 1, 1)
        sheet.repeat_rows(HEADING_ROW)
        sheet.print_area(0, 0, last, len(spec.columns) - 1)
        self._protect(sheet)
        self._print(sheet)

    def _width(self, column: Column) -> int:
        """Of a column: its longest entry fits in two lines, as far as that is sensible."""
        usual = _WIDTHS.get(column.type, 17)
        longest = max(map(len, entries(column, self.area, self.period)), default=0)
        return min(_WIDEST, max(usual, longest // 2 + 6))

    def _open(self, column: Column) -> Format:
        """Of a column below its ruled cells."""
        return self.style(locked=False, num_format=_NUMBER_FORMATS.get(column.type, "@"))

    def _beside(self, sheet: Worksheet, table: _Table) -> None:
        """Last period's figures, grey, to the right of an empty column."""
        if not table.previous:
            return
        columns = [c for c in table.sheet.columns if c.is_number and any(r and r.get(c.key) for r in table.previous)]
        head = self.style(
            text_wrap=True,
            italic=True,
            font_color=_SOFT,
            bg_color=_GREY,
            border=1,
            border_color=_LINE,
            valign="vcenter",
        )
        first = len(table.sheet.columns) + 1
        sheet.set_column(first - 1, first - 1, 3)
        for number, column in enumerate(columns, first):
            sheet.set_column(number, number, 22)
            put(sheet, HEADING_ROW, number, f"{PREVIOUS_PREFIX}: {heading(column)}", head)
            for at, row in enumerate(table.previous, HEADING_ROW + 1):
                if row is not None:
                    value = _shown(column, _typed(column, row.get(column.key)))
                    put(sheet, at, number, value, self.locked_style(column.type))

    def _validation(self, column: Column, number: int) -> dict[str, object] | None:
        """What Excel lets people write in a column, and what it tells them when they come to a cell."""
        en, cy = expected(column)
        told = {"input_title": _cut(both((column.heading_en, column.heading_cy)), 32), "input_message": _hint(column)}
        wrong = _wrong(en, cy)
        if found := entries(column, self.area, self.period):
            return {"validate": "list", "source": self._list(found), **told, **wrong}
        if column.type == "date":
            return {**_any_date(), **told}
        if column.is_number and column.allow:
            low, high = bounds(column)
            cell = f"{column_letter(number)}{HEADING_ROW + 2}"
            tests = [f"ISNUMBER({cell})"]
            tests += [f"{cell}>={low:.15g}"] if low is not None else []
            tests += [f"{cell}<={high:.15g}"] if high is not None else []
            tests += [f"{cell}=INT({cell})"] if column.type in ("integer", "count") else []
            # IFERROR: a text has no whole part, and AND asks for all of them.
            words = self._list([both(MARKERS[m]) for m in column.allow]).removeprefix("=")
            formula = f"=OR(IFERROR(AND({','.join(tests)}),FALSE),COUNTIF({words},{cell})>0)"
            return {"validate": "custom", "value": formula, **told, **wrong}
        if column.is_number:
            low, high = bounds(column)
            kind = "integer" if column.type in ("integer", "count") else "decimal"
            limit = 2_000_000_000 if kind == "integer" else 1e15
            low, high = -limit if low is None else low, limit if high is None else high
            return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high, **told, **wrong}
        if column.max_length and not column.allow:
            return {"validate": "length", "criteria": "<=", "value": column.max_length, **told, **wrong}
        return {"validate": "any", **told}

    # -- what is hidden -------------------------------------------------------------------------------------------

    def _mark(self) -> None:
        sheet = self.book.add_worksheet(MARK_SHEET)
        marks = {
            "return_key": self.spec.key,
            "template_version": self.spec.version,
            "area_code": self.area.code,
            "period_key": self.period.key,
            **({"is_synthetic": "true"} if self.synthetic else {}),
        }
        for number, (key, value) in enumerate(marks.items()):
            put(sheet, number, 0, key)
            put(sheet, number, 1, value)
        sheet.hide()
        sheet.protect()

    def _lists(self) -> None:
        sheet = self.book.add_worksheet(LIST_SHEET)
        for number, found in enumerate(self.lists):
            for row, text in enumerate(found):
                put(sheet, row, number, text)
        sheet.hide()
        sheet.protect()


def _hint(column: Column) -> str:
    """What Excel shows beside a cell: half of what it can hold for each language."""
    en, cy = expected(column)
    told_en = " ".join(filter(None, (column.guidance_en, f"{en}.")))
    told_cy = " ".join(filter(None, (column.guidance_cy, f"{cy}.")))
    return f"{_cut(told_en, 126)}\n{_cut(told_cy, 126)}"


def _wrong(en: str, cy: str) -> dict[str, object]:
    return {
        "error_title": "Please check / Gwiriwch",
        "error_message": f"{_cut(f'Expected: {en}.', 126)}\n{_cut(f'Disgwyliwyd: {cy}.', 126)}",
    }


def _any_date() -> dict[str, object]:
    return {
        "validate": "date",
        "criteria": "between",
        "minimum": date(1900, 1, 1),
        "maximum": date(2199, 12, 31),
        **_wrong("A date, for example 30/09/2019", "Dyddiad, er enghraifft 30/09/2019"),
    }


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _lines(texts: Collection[str], width: float) -> int:
    """How many lines the longest of some texts takes in a cell of a width: Excel makes no room by itself."""
    return max((sum(max(1, -(-len(part) // max(1, int(width)))) for part in t.split("\n")) for t in texts), default=1)
