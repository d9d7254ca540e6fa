"""A hostile file to cells: what must not be opened is refused, the rest is read by calamine.

Runs inside the sandbox (`ingestion.returns.sandbox`). What a file is, its first bytes say; its name says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from ingestion.returns.book import Book, BookSheet, Value
from ingestion.returns.reading_csv import read_csv, trimmed
from ingestion.returns.reading_facts import Limits, SheetFacts, refused, too_long_sheet, unreadable
from ingestion.returns.reading_xls import inspect_xls
from ingestion.returns.reading_zip import Package, inspect_ods, inspect_xlsx

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_EMPTY_ZIP = b"PK\x05\x06"
_HTML = re.compile(rb"<(!doctype\s+html|html|head|meta|body|table|style|script|div)\b|mime-version:", re.IGNORECASE)
_OTHER_KINDS = (
    (b"%PDF", "a PDF", "PDF"),
    (rb"{\rtf", "a text document (RTF)", "dogfen destun (RTF)"),
    (b"\x89PNG", "a picture", "llun"),
    (b"\xff\xd8\xff", "a picture", "llun"),
    (b"GIF8", "a picture", "llun"),
    (b"\x1f\x8b", "a compressed file", "ffeil wedi’i chywasgu"),
    (b"7z\xbc\xaf", "a compressed file", "ffeil wedi’i chywasgu"),
    (b"Rar!", "a compressed file", "ffeil wedi’i chywasgu"),
    (b"MZ", "a program", "rhaglen"),
    (b"\x7fELF", "a program", "rhaglen"),
)
_WORD = {"kind_en": "a Word document", "kind_cy": "dogfen Word"}
_SLIDES = {"kind_en": "a presentation", "kind_cy": "cyflwyniad"}
_ARCHIVE = {"kind_en": "a zip archive", "kind_cy": "archif zip"}
_LIMITS = Limits()


def read_book(path: Path, name: str, *, limits: Limits = _LIMITS) -> Book:
    """Read a workbook or CSV.

    Args:
        path: The file.
        name: What its sender calls it, for messages only.
        limits: How much is read.

    Returns:
        Its cells, and what a program would show of them.

    Raises:
        RefusedError: It cannot be read, or must not be; all the reasons that could be told at once.
    """
    size = path.stat().st_size
    if size == 0:
        raise refused("empty_file", name=name)
    if size > limits.file_bytes:
        raise refused("too_large", name=name)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return _read_package(path, limits)
    if head.startswith(_OLE):
        facts = inspect_xls(path, limits)
        return _read_sheets(path, "xls", facts, limits)
    _refuse_what_is_no_csv(head)
    return read_csv(path, limits)


def _refuse_what_is_no_csv(head: bytes) -> None:
    for mark, kind_en, kind_cy in _OTHER_KINDS:
        if head.startswith(mark):
            raise refused("not_a_spreadsheet", kind_en=kind_en, kind_cy=kind_cy)
    start = head.removeprefix(b"\xef\xbb\xbf")
    if start.startswith((b"\xff\xfe<", b"\xfe\xff\0<")):
        start = start[2:].replace(b"\0", b"")
    start = start.lstrip()
    if start.lower().startswith(b"<?xml"):
        if b"office:spreadsheet" in start or b"Excel.Sheet" in start:
            raise refused("old_xml_workbook")
        if not _HTML.search(start):
            raise refused("not_a_spreadsheet", kind_en="an XML file", kind_cy="ffeil XML")
    if _HTML.match(start) or (start.startswith(b"<") and _HTML.search(start)):
        raise refused("html_page")


def _read_package(path: Path, limits: Limits) -> Book:
    package = Package(path, limits)
    try:
        sort = _sort_of(package)
        facts = inspect_xlsx(package) if sort == "xlsx" else inspect_ods(package)
    finally:
        package.close()
    return _read_sheets(path, sort, facts, limits)


def _sort_of(package: Package) -> Literal["xlsx", "ods"]:
    if "mimetype" in package.parts:
        said = package.text("mimetype").strip()
        if said.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
            return "ods"
        kind = _SLIDES if b"presentation" in said else {"kind_en": "a text document", "kind_cy": "dogfen destun"}
        raise refused("not_a_spreadsheet", **(kind if b"opendocument" in said else _ARCHIVE))
    if "[content_types].xml" in package.parts and not any(n.startswith("xl/") for n in package.parts):
        if any(n.startswith("word/") for n in package.parts):
            raise refused("not_a_spreadsheet", **_WORD)
        if any(n.startswith("ppt/") for n in package.parts):
            raise refused("not_a_spreadsheet", **_SLIDES)
    if "[content_types].xml" not in package.parts or not any(n.startswith("xl/") for n in package.parts):
        raise refused("not_a_spreadsheet", **_ARCHIVE)
    return "xlsx"


def _read_sheets(
    path: Path, sort: Literal["xlsx", "xls", "ods"], facts: dict[str, SheetFacts] | list[SheetFacts], limits: Limits
) -> Book:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    sheets = []
    cells = 0
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            worksheets = [
                (index, meta)
                for index, meta in enumerate(workbook.sheets_metadata)
                if meta.typ == SheetTypeEnum.WorkSheet
            ]
            for number, (index, meta) in enumerate(worksheets):
                known = _known(facts, number, meta.name)
                sheet = workbook.get_sheet_by_index(index)
                last = sheet.end or (0, 0)
                cells += (last[0] + 1) * (last[1] + 1)
                _check_extent(meta.name, last, cells, limits)
                merged = [(a[0], a[1], b[0], b[1]) for a, b in sheet.merged_cell_ranges or ()] or known.merged
                rows = _values(sheet.to_python(skip_empty_area=False), known.errors)
                sheets.append(_sheet(meta.name, rows, meta.visible == SheetVisibleEnum.Visible, merged, known))
    except PasswordError:
        raise refused("password_protected") from None
    except CalamineError as error:
        raise unreadable(f"the reader says “{error}”", f"dywed y darllenydd “{error}”") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's own, which is no Exception
            raise
        raise refused("reader_died") from None
    known_sheets: Iterable[SheetFacts] = facts.values() if isinstance(facts, dict) else facts
    return Book(format=sort, sheets=sheets, dates_from_1904=any(f.dates_from_1904 for f in known_sheets))


def _check_extent(name: str, last: tuple[int, int], cells: int, limits: Limits) -> None:
    if last[0] >= limits.rows or last[1] >= limits.columns or cells > limits.cells:
        raise too_long_sheet(name, limits)


def _known(facts: dict[str, SheetFacts] | list[SheetFacts], number: int, name: str) -> SheetFacts:
    if isinstance(facts, list):
        if number < len(facts):
            return facts[number]
    elif name in facts:
        return facts[name]
    # Two programs that do not see the same sheets: what is hidden in one of them must not be read.
    raise unreadable(f"its sheet “{name}” is missing", f"mae ei thaflen “{name}” ar goll")


def _values(found: Sequence[Sequence[Value]], errors: dict[tuple[int, int], str]) -> list[list[Value]]:
    rows: list[list[Value]] = [[None if value == "" else value for value in row] for row in found]
    for (row, column), error in errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = error
    return trimmed(rows)


def _sheet(
    name: str, rows: list[list[Value]], visible: bool, merged: list[tuple[int, int, int, int]], known: SheetFacts
) -> BookSheet:
    height, width = len(rows), len(rows[0]) if rows else 0
    hidden_columns = {c for first, last in known.hidden_columns for c in range(first, min(last + 1, width))}
    return BookSheet(
        name=name,
        rows=rows,
        visible=visible,
        merged=[m for m in merged if m[0] < height and m[1] < width],
        hidden_rows={row for row in known.hidden_rows if row < height},
        hidden_columns=hidden_columns,
        formulas=known.formulas,
    )
