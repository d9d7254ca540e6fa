"""What stands in the parts of an xlsx or ods file, before anything else opens it.

Every part is looked through as a stream, so that neither a zip bomb nor a sheet of a million blank rows costs memory.
Only a sheet that has something to tell (a formula, something hidden, an error) is parsed.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import defusedxml
import defusedxml.ElementTree as SafeElementTree

from ingestion.returns.reading_facts import Limits, SheetFacts, in_order, refused, too_long_sheet, unreadable

_CHUNK = 4 << 20
_OVERLAP = 512
"""Longer than any tag that is looked for, so that none is lost between two chunks."""
_XML = (".xml", ".rels", ".vml", ".rdf")
_ROOT = re.compile(rb"<(\w+:)?worksheet\b")
_DIMENSION = re.compile(rb'<(?:\w+:)?dimension ref="(?:[A-Z]+\d+:)?([A-Z]+\d+)"')
_FAR_VALUE = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]{2,3}\d+)"[^>]*(?<!/)>\s*<(?:\w+:)?(?:v|is)\b')
_ROW_NUMBER = re.compile(rb'[^>]*?\sr="(\d+)"')
_TELLING = (
    (b"<f", b"<f>", b"<f ", b"<f/"),
    (b"hidden=", b'hidden="1', b'hidden="t'),
    (b't="e"',),
    (b't="0"', b' ht="0"'),
)
"""A sheet without any of these has nothing to tell. The first of each is looked for first: this is 50 MB of text."""
_HEAD = 3000
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

# Folders and files of an xlsx file that hold what is not opened.
_XLSX_REFUSED = (
    (re.compile(r"vbaproject\.bin$|^xl/(macrosheets|intlmacrosheets|dialogsheets)/"), "macros"),
    (re.compile(r"^xl/externallinks/"), "external_links"),
    (re.compile(r"^xl/(embeddings|activex)/"), "embedded_objects"),
    (re.compile(r"^xl/(connections\.xml$|querytables/|model/)|^customdata/"), "data_connection"),
    (re.compile(r"^xl/workbook\.bin$"), "binary_workbook"),
)
_ODS_REFUSED = (
    (re.compile(r"^(basic|scripts)/"), "macros"),
    (re.compile(r"^object [^/]*$"), "embedded_objects"),  # a file, not the folder of a chart
)
_RELATIONS_REFUSED = {
    "externallink": "external_links",
    "externallinkpath": "external_links",
    "oleobject": "embedded_objects",
    "package": "embedded_objects",
    "connections": "data_connection",
    "vbaproject": "macros",
    "xlmacrosheet": "macros",
}
_ODS_ELEMENTS_REFUSED = {
    "table:table-source": "external_links",
    "table:cell-range-source": "external_links",
    "table:dde-link": "external_links",
    "office:dde-source": "external_links",
    "table:database-source-sql": "data_connection",
    "table:database-source-query": "data_connection",
    "table:database-source-table": "data_connection",
    "draw:object-ole": "embedded_objects",
    "draw:applet": "embedded_objects",
    "draw:plugin": "embedded_objects",
    "script:event-listener": "macros",
}


class Package:
    """A zip file of the right sort, each part once.

    Args:
        path: The file.
        limits: What is refused.

    Raises:
        RefusedError: It is cut off, damaged, packed too tightly, or is protected by a password.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, IndexError, RuntimeError, struct.error):
            raise refused("incomplete_file") from None
        infos = [i for i in self._zip.infolist() if not i.filename.endswith("/")]
        if len(infos) > limits.parts or sum(i.file_size for i in infos) > limits.unpacked_bytes:
            raise refused("zip_bomb", limit=f"{limits.unpacked_bytes // 1_000_000:,}")
        if any(i.flag_bits & 1 for i in infos):
            raise refused("password_protected")
        # Programs do not agree on capitals and slashes, nor on which of two parts of one name is meant.
        self.parts = {i.filename.replace("\\", "/").lstrip("/").lower(): i for i in infos}
        if len(self.parts) < len(infos):
            raise unreadable("two of its parts have one name", "mae gan ddwy o’i rhannau yr un enw")

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part, piece by piece.

        Raises:
            RefusedError: It is damaged, or is XML that brings its own entities.
        """
        tail = b""
        try:
            with self._zip.open(self.parts[name]) as stream:
                while chunk := stream.read(_CHUNK):
                    if name.endswith(_XML):
                        _check_xml(chunk if tail else chunk.lstrip(), tail)
                        tail = chunk[-_OVERLAP:]
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
            # What `zipfile` raises where a part is not as the list of parts says. RuntimeError: a way of packing that
            # it does not know, or a password.
            raise refused("incomplete_file") from None

    def text(self, name: str) -> bytes:
        """A small part whole.

        Raises:
            RefusedError: It is not small, or see `chunks`.
        """
        if name not in self.parts:
            raise unreadable(f"its part {name} is missing", f"mae ei rhan {name} ar goll")
        if self.parts[name].file_size > 50_000_000:
            raise refused("zip_bomb", limit="50")
        return b"".join(self.chunks(name))

    def xml(self, name: str) -> SafeElementTree.Element:
        """A small part, parsed."""
        try:
            return SafeElementTree.fromstring(self.text(name), forbid_dtd=True)
        except defusedxml.DefusedXmlException:
            raise refused("xml_entities") from None
        except (SafeElementTree.ParseError, ValueError, LookupError):
            raise _broken(name) from None


def _check_xml(chunk: bytes, tail: bytes) -> None:
    seam = tail[-16:] + chunk[:16]
    for piece in (chunk, seam):
        # `<!` alone is rare, so that the costlier question is seldom asked
        if b"<!" in piece and re.search(rb"<!(DOCTYPE|ENTITY)", piece, re.IGNORECASE):
            raise refused("xml_entities")
    if not tail and (chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in chunk[:64]):
        raise unreadable("one of its parts is not UTF-8", "nid yw un o’i rhannau’n UTF-8")


def _broken(name: str) -> Exception:
    return unreadable(f"its part {name} is damaged", f"mae ei rhan {name} wedi’i difrodi")


# -- xlsx ---------------------------------------------------------------------------------------------------------


def inspect_xlsx(package: Package) -> dict[str, SheetFacts]:
    """Look through an xlsx file.

    Args:
        package: The file.

    Returns:
        What each sheet has, by its name.

    Raises:
        RefusedError: It has something in it that is not opened, or more than is read.
    """
    found = [code for name in package.parts for pattern, code in _XLSX_REFUSED if pattern.search(name)]
    for name in package.parts:
        if name.endswith(".rels"):
            found += _relations_refused(package, name)
    if found:
        raise refused(*in_order(found))
    start = {r.kind: r.target for r in _relations(package, "_rels/.rels")}
    workbook = start.get("officedocument", "xl/workbook.xml")
    sheets, from_1904 = _sheets_of(package, workbook)
    looked_at = set()
    facts = {}
    for sheet, part in sheets:
        facts[sheet] = SheetFacts() if part in looked_at else _look_at_sheet(package, sheet, part)
        facts[sheet].dates_from_1904 = from_1904
        looked_at.add(part)
    for name in package.parts:
        if name.endswith(_XML) and name not in looked_at:
            for _ in package.chunks(name):
                pass
    return facts


class _Relation:
    __slots__ = ("external", "id", "kind", "target")

    def __init__(self, folder: str, element: SafeElementTree.Element) -> None:
        self.id = element.get("Id", "")
        self.kind = element.get("Type", "").rpartition("/")[2].lower()
        self.external = element.get("TargetMode", "").lower() == "external"
        target = element.get("Target", "").replace("\\", "/")
        self.target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/").lower()


def _relations(package: Package, name: str) -> list[_Relation]:
    if name not in package.parts:
        return []
    folder = posixpath.dirname(posixpath.dirname(name))
    return [_Relation(folder, e) for e in package.xml(name)]


def _relations_refused(package: Package, name: str) -> list[str]:
    found = []
    for relation in _relations(package, name):
        if code := _RELATIONS_REFUSED.get(relation.kind):
            found.append(code)
        elif relation.external and relation.kind != "hyperlink":  # a link that somebody may click on is only text
            found.append("external_links")
    return found


def _sheets_of(package: Package, workbook: str) -> tuple[list[tuple[str, str]], bool]:
    """Name and part of every sheet, and whether dates are counted from 1904."""
    folder, base = posixpath.split(workbook)
    parts = {r.id: r for r in _relations(package, f"{folder}/_rels/{base}.rels")}
    sheets = []
    from_1904 = False
    for element in package.xml(workbook).iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "workbookPr":
            from_1904 = element.get("date1904", "0") in ("1", "true")
        elif tag == "sheet":
            key = next((v for k, v in element.items() if k.rpartition("}")[2] == "id"), "")
            relation = parts.get(key)
            if relation is None or relation.target not in package.parts:
                name = element.get("name", "")
                raise unreadable(f"its sheet “{name}” is missing", f"mae ei thaflen “{name}” ar goll")
            if relation.kind == "worksheet":
                sheets.append((element.get("name", ""), relation.target))
    return sheets, from_1904


def _look_at_sheet(package: Package, sheet: str, part: str) -> SheetFacts:
    telling = may_be_wide = False
    row = last = 0
    row_tag, value_tags = b"<row ", (b"<v", b"<is")
    tail = b""
    for chunk in package.chunks(part):
        piece = tail + chunk
        if not tail:
            head = piece[:_HEAD]
            if (root := _ROOT.search(head)) and root[1]:  # a program that writes <x:f>
                row_tag, value_tags = b"<%brow " % root[1], (b"<%bv" % root[1], b"<%bis" % root[1])
            telling = b"<worksheet" not in head or b"='" in head or b'width="0"' in head
            may_be_wide = _is_far(_DIMENSION.search(head), package.limits)
        # One value far to the right would make calamine think of all the cells between.
        if may_be_wide and any(_is_far(found, package.limits) for found in _FAR_VALUE.finditer(piece)):
            raise too_long_sheet(sheet, package.limits)
        telling = telling or any(
            first in piece and any(m in piece for m in marks or [first]) for first, *marks in _TELLING
        )
        # The last cell with a value says where the sheet ends: `<dimension>` counts blank rows that have a border.
        if (value := max(piece.rfind(tag) for tag in value_tags)) >= 0:
            last = max(last, _row_before(piece, row_tag, value) or row)
        row = _row_before(piece, row_tag, len(piece)) or row
        tail = piece[-_OVERLAP:]
    if last > package.limits.rows:
        raise too_long_sheet(sheet, package.limits)
    if not telling:
        return SheetFacts()
    walk = _XlsxSheet(package.limits)
    _parse(package, part, walk)
    return walk.facts


def _is_far(reference: re.Match[bytes] | None, limits: Limits) -> bool:
    """Whether a cell is beyond the columns that are read; so may be one that nobody names."""
    place = cell_place(reference[1].decode()) if reference else None
    return place is None or place[1] >= limits.columns


def _row_before(piece: bytes, tag: bytes, end: int) -> int | None:
    """The number of the last row that starts before a place."""
    start = piece.rfind(tag, 0, end)
    found = _ROW_NUMBER.match(piece, start + len(tag) - 1) if start >= 0 else None
    return int(found[1]) if found else None


def cell_place(reference: str) -> tuple[int, int] | None:
    """Row and column of ``B12``, counted from 0; None where it is no cell."""
    found = _CELL.fullmatch(reference)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _is_true(value: str | None) -> bool:
    return value in ("1", "true")


def _is_zero(value: str | None) -> bool:
    return value in ("0", "0.0")


class _XlsxSheet:
    """Takes in a sheet's elements. As little as can be is done for a cell: there may be a million."""

    def __init__(self, limits: Limits) -> None:
        self.facts = SheetFacts()
        self._limits = limits
        self._cell: dict[str, str] = {}
        self._row = -1
        self._column = -1
        self._prefix: str | None = None
        self._formula: tuple[int, int] | None = None
        self._text: list[str] | None = None

    def attach(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._prefix is None:
            self._prefix = name.rpartition(":")[0]
        if self._prefix:
            name = name.removeprefix(self._prefix + ":")
        if name == "c":
            self._cell = attributes
            self._column += 1
            self._formula = None
        elif name == "v":
            if self._formula is not None or self._cell.get("t") == "e":
                self._text = []
                self._parser.CharacterDataHandler = self._text.append
                self._parser.EndElementHandler = self._end
        elif name == "f":
            self._formula = self._place()
            # A formula whose answer is an empty text says so with its type; without one, `<v/>` is no answer.
            self.facts.formulas[self._formula] = self._cell.get("t") == "str"
            if attributes.get("t") == "array":
                self._spread(attributes.get("ref", ""))
        elif name == "row":
            self._row = int(r) - 1 if (r := attributes.get("r", "")).isdecimal() else self._row + 1
            self._column = -1
            if _is_true(attributes.get("hidden")) or _is_zero(attributes.get("ht")):
                self.facts.hidden_rows.add(self._row)
        elif name == "col" and (_is_true(attributes.get("hidden")) or _is_zero(attributes.get("width"))):
            first, last = attributes.get("min", ""), attributes.get("max", "")
            if first.isdecimal() and last.isdecimal():
                self.facts.hidden_columns.append((int(first) - 1, int(last) - 1))

    def _end(self, _name: str) -> None:
        # Only ever attached inside a <v>, which has no elements in it.
        text = "".join(self._text or ())
        if text and self._formula is not None:
            self.facts.formulas[self._formula] = True
        if text and self._cell.get("t") == "e":
            self.facts.errors[self._place()] = text
        self._text = None
        self._parser.CharacterDataHandler = None
        self._parser.EndElementHandler = None

    def _place(self) -> tuple[int, int]:
        return cell_place(self._cell.get("r", "")) or (self._row, self._column)

    def _spread(self, area: str) -> None:
        """The other cells of a formula that fills an area have values only."""
        first, _, last = area.partition(":")
        start, end = cell_place(first), cell_place(last or first)
        if start and end and (end[0] - start[0] + 1) * (end[1] - start[1] + 1) <= self._limits.cells // 10:
            for row in range(start[0], end[0] + 1):
                for column in range(start[1], end[1] + 1):
                    self.facts.formulas.setdefault((row, column), True)


# -- ods ----------------------------------------------------------------------------------------------------------


def inspect_ods(package: Package) -> dict[str, SheetFacts]:
    """Look through an ods file. See `inspect_xlsx`."""
    found = [code for name in package.parts for pattern, code in _ODS_REFUSED if pattern.search(name)]
    if "meta-inf/manifest.xml" in package.parts:
        for element in package.xml("meta-inf/manifest.xml").iter():
            if element.tag.endswith("}encryption-data"):
                raise refused("password_protected")
    if found:
        raise refused(*in_order(found))
    if "content.xml" not in package.parts:
        raise unreadable("its part content.xml is missing", "mae ei rhan content.xml ar goll")
    for name in package.parts:
        if name.endswith(_XML) and name != "content.xml":
            for _ in package.chunks(name):
                pass
    walk = _OdsContent(package.limits)
    _parse(package, "content.xml", walk)
    if walk.refused:
        raise refused(*in_order(walk.refused))
    return walk.sheets


class _OdsContent:
    """Takes in a content.xml: repeated cells are written once, so that a few bytes may stand for a billion cells."""

    def __init__(self, limits: Limits) -> None:
        self.sheets: dict[str, SheetFacts] = {}
        self.refused: list[str] = []
        self._limits = limits
        self._facts = SheetFacts()
        self._sheet = ""
        self._cells = 0
        self._row = self._column = self._band = 0
        self._rows = self._columns = 1
        self._texts: list[str] = []
        self._cell: dict[str, str] | None = None
        self._in_note = False

    def attach(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            self._columns = _count(attributes.get("table:number-columns-repeated"))
            self._cell = attributes
            self._texts = []
        elif name == "text:p":
            if self._cell is not None and not self._in_note:
                self._parser.CharacterDataHandler = self._texts.append
        elif name == "office:annotation":
            self._in_note = True
        elif name == "table:table-row":
            self._rows = _count(attributes.get("table:number-rows-repeated"))
            self._column = 0
            if attributes.get("table:visibility") in ("collapse", "filter"):
                first = self._row
                self._facts.hidden_rows.update(range(first, min(first + self._rows, self._limits.rows)))
        elif name == "table:table-column":
            count = _count(attributes.get("table:number-columns-repeated"))
            if attributes.get("table:visibility") in ("collapse", "filter"):
                self._facts.hidden_columns.append((self._band, self._band + count - 1))
            self._band += count
        elif name == "table:table":
            self._sheet = attributes.get("table:name", "")
            self._facts = self.sheets.setdefault(self._sheet, SheetFacts())
            self._row = self._band = 0
        elif code := _ODS_ELEMENTS_REFUSED.get(name):
            self.refused.append(code)

    def _end(self, name: str) -> None:
        if name == "text:p":
            self._parser.CharacterDataHandler = None
        elif name == "office:annotation":
            self._in_note = False
        elif name in ("table:table-cell", "table:covered-table-cell"):
            if self._cell is not None:
                self._take(self._cell, "".join(self._texts))
            self._column += self._columns
            self._cell = None
        elif name == "table:table-row":
            self._row += self._rows

    def _take(self, cell: dict[str, str], text: str) -> None:
        kind = cell.get("office:value-type")
        formula = cell.get("table:formula")
        if kind or text or formula:
            self._cells += self._rows * self._columns
            too_far = self._row + self._rows > self._limits.rows or self._column + self._columns > self._limits.columns
            if too_far or self._cells > self._limits.cells:
                raise too_long_sheet(self._sheet, self._limits)
        across, down = (_count(cell.get(f"table:number-{k}-spanned")) for k in ("columns", "rows"))
        if across > 1 or down > 1:
            place = (self._row, self._column, self._row + down - 1, self._column + across - 1)
            self._facts.merged.append(place)
        is_error = cell.get("calcext:value-type") == "error"
        if formula or is_error:
            for row in range(self._row, self._row + self._rows):
                for column in range(self._column, self._column + self._columns):
                    if formula:
                        self._facts.formulas[row, column] = bool(kind or text)
                    if is_error:
                        self._facts.errors[row, column] = text or "#ERR!"


def _count(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 10 else 1


def _parse(package: Package, part: str, walk: _XlsxSheet | _OdsContent) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.EntityDeclHandler = _no_entities
    walk.attach(parser)
    try:
        for chunk in package.chunks(part):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise _broken(part) from None


def _no_entities(*_: object) -> None:
    raise refused("xml_entities")
