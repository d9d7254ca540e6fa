"""What stands in an old Excel file (xls) beside its values: a stream of records inside an OLE file."""

from __future__ import annotations

import struct
from pathlib import Path

import olefile

from ingestion.returns.reading_facts import Limits, SheetFacts, in_order, refused, too_long_sheet, unreadable

_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_MACRO_SHEETS = (1, 6)
_WORKSHEET = 0x0010
_OWN_BOOK, _ADD_IN = 0x0401, 0x3A01


def inspect_xls(path: Path, limits: Limits) -> list[SheetFacts]:
    """Look through an OLE file, which should be an old workbook.

    Args:
        path: The file.
        limits: What is refused.

    Returns:
        What each worksheet has, in the order of the file.

    Raises:
        RefusedError: It is none, is protected by a password, has something in it that is not opened, or is cut off.
    """
    try:
        with olefile.OleFileIO(path, raise_defects=olefile.DEFECT_INCORRECT) as ole:
            names = ["/".join(parts).lower() for parts in ole.listdir(storages=True)]
            found = _refused_parts(names)
            if found:
                raise refused(*in_order(found))
            book = next((n for n in ("workbook", "book") if n in names), None)
            if book is None:
                raise refused("not_a_spreadsheet", **_kind(names))
            stream = ole.openstream(book).read()
    except (OSError, IndexError, ValueError, struct.error):  # olefile's own are the first; the others come of damage
        raise refused("incomplete_file") from None
    return _Records(stream, limits).sheets


def _refused_parts(names: list[str]) -> list[str]:
    found = []
    if any(n in ("encryptedpackage", "encryptioninfo") for n in names):
        return ["password_protected"]
    if any(n.startswith(("_vba_project_cur", "macros")) for n in names):
        found.append("macros")
    if any(n.startswith(("mbd", "objectpool")) for n in names):
        found.append("embedded_objects")
    return found


def _kind(names: list[str]) -> dict[str, str]:
    if "worddocument" in names:
        return {"kind_en": "a Word document", "kind_cy": "dogfen Word"}
    if "powerpoint document" in names:
        return {"kind_en": "a PowerPoint presentation", "kind_cy": "cyflwyniad PowerPoint"}
    if any(n.startswith(("__substg", "__nameid")) for n in names):
        return {"kind_en": "an e-mail message", "kind_cy": "neges e-bost"}
    return {"kind_en": "a file of another program", "kind_cy": "ffeil rhaglen arall"}


class _Records:
    """One walk through the records. Sheets come after the part about the whole book, in its order."""

    def __init__(self, stream: bytes, limits: Limits) -> None:
        self.sheets: list[SheetFacts] = []
        self._limits = limits
        self._stream = stream
        self._names: dict[int, str] = {}
        self._sheet: SheetFacts | None = None
        self._cells = 0
        self._codes: list[str] = []
        self._from_1904 = False
        self._walk()
        if self._codes:
            raise refused(*in_order(self._codes))
        for sheet in self.sheets:
            sheet.dates_from_1904 = self._from_1904

    def _walk(self) -> None:
        stream, at, end = self._stream, 0, len(self._stream)
        header = struct.Struct("<HH")
        if end < 4 or stream[0] != 0x09:
            raise unreadable("its workbook does not begin as one does", "nid yw ei llyfr gwaith yn dechrau fel y dylai")
        while at + 4 <= end:
            kind, size = header.unpack_from(stream, at)
            if at + 4 + size > end:
                raise refused("incomplete_file")
            if kind in _HANDLERS:
                _HANDLERS[kind](self, at + 4, size)
            at += 4 + size
            if kind == 0 and size == 0:  # padding: nothing comes any more
                break

    def _u16(self, at: int) -> int:
        return int.from_bytes(self._stream[at : at + 2], "little")

    def _begin(self, at: int, size: int) -> None:
        """The book, a sheet of it, or a chart, which may stand within a sheet."""
        if size >= 4 and self._u16(at + 2) == _WORKSHEET:
            self._sheet = SheetFacts()
            self.sheets.append(self._sheet)

    def _password(self, _at: int, _size: int) -> None:
        raise refused("password_protected")  # what follows cannot be read

    def _dates(self, at: int, size: int) -> None:
        self._from_1904 = size >= 2 and self._u16(at) == 1

    def _bound_sheet(self, at: int, size: int) -> None:
        if size >= 6 and self._stream[at + 5] & 0x0F in _MACRO_SHEETS:
            self._codes.append("macros")

    def _supporting_book(self, at: int, size: int) -> None:
        if size >= 4 and self._u16(at + 2) not in (_OWN_BOOK, _ADD_IN):
            self._codes.append("external_links")

    def _data_connection(self, _at: int, _size: int) -> None:
        self._codes.append("data_connection")

    def _formula(self, at: int, size: int) -> None:
        if self._sheet is None or size < 14:
            return
        self._cells += 1
        if self._cells > self._limits.cells:
            raise too_long_sheet(str(len(self.sheets)), self._limits)
        place = (self._u16(at), self._u16(at + 2))
        self._sheet.formulas[place] = True  # the record always has its answer
        if self._stream[at + 12 : at + 14] == b"\xff\xff" and self._stream[at + 6] == 2:
            self._sheet.errors[place] = _ERRORS.get(self._stream[at + 8], "#ERR!")

    def _error(self, at: int, size: int) -> None:
        if self._sheet is not None and size >= 8 and self._stream[at + 7] == 1:
            place = (self._u16(at), self._u16(at + 2))
            self._sheet.errors[place] = _ERRORS.get(self._stream[at + 6], "#ERR!")

    def _row(self, at: int, size: int) -> None:
        if self._sheet is not None and size >= 16 and self._u16(at + 12) & 0x20:
            self._sheet.hidden_rows.add(self._u16(at))

    def _columns(self, at: int, size: int) -> None:
        if self._sheet is not None and size >= 10 and (self._u16(at + 8) & 1 or self._u16(at + 4) == 0):
            self._sheet.hidden_columns.append((self._u16(at), self._u16(at + 2)))


_HANDLERS = {
    0x809: _Records._begin,
    0x02F: _Records._password,
    0x022: _Records._dates,
    0x085: _Records._bound_sheet,
    0x1AE: _Records._supporting_book,
    0x050: _Records._data_connection,
    0x876: _Records._data_connection,
    0x006: _Records._formula,
    0x205: _Records._error,
    0x208: _Records._row,
    0x07D: _Records._columns,
}
"""Records of BIFF8 by their number: BOF, FILEPASS, DATEMODE, BOUNDSHEET, SUPBOOK, DCON, DBQUERYEXT, FORMULA, BOOLERR,
ROW, COLINFO. Those that an older Excel wrote stand at the same places."""
