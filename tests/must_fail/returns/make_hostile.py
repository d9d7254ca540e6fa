"""Writes the files in ``reading/``, the same every time: ``python tests/must_fail/returns/make_hostile.py``.

A file is called after the problem that it must be refused with (``macros--excel_4.xls``), or ``good``. Those with
``libreoffice`` in their names were saved by LibreOffice and are not made here.
"""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

FOLDER = Path(__file__).with_name("reading")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
ROWS = '<row r="1"><c r="A1" t="inlineStr"><is><t>Spend</t></is></c></row><row r="2"><c r="A2"><v>1200.5</v></c></row>'


def zipped(parts: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def sheet(rows: str = ROWS, before: str = "", after: str = "", doctype: str = "") -> str:
    return f'{HEAD}{doctype}<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def relations(*each: tuple[str, str, str]) -> str:
    """Of kind, target, mode."""
    inside = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}"{mode}/>'
        for n, (kind, target, mode) in enumerate(each, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}">{inside}</Relationships>'


def xlsx(
    sheets: tuple[str, ...] = (sheet(),),
    properties: str = "",
    states: tuple[str, ...] = ("", "", ""),
    links: tuple[tuple[str, str, str], ...] = (),
    styles: str = "",
    **parts: bytes | str,
) -> dict[str, bytes | str]:
    """The parts of a small workbook; ``parts`` replaces or adds some (``__`` stands for ``/``, ``_dot_`` for a dot)."""
    names = [f"worksheets/sheet{n}.xml" for n in range(1, len(sheets) + 1)]
    listed = "".join(
        f'<sheet name="Sheet{n}" sheetId="{n}" {states[n - 1]} r:id="rId{n}"/>' for n in range(1, len(sheets) + 1)
    )
    every = (*(("worksheet", name, "") for name in names), *links)
    if styles:
        every = (*every, ("styles", "styles.xml", ""))
    kinds = "".join(
        f'<Override PartName="/xl/{n}" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for n in names
    )
    made: dict[str, bytes | str] = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        f"{kinds}</Types>",
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml", "")),
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(*every),
        **{f"xl/{name}": body for name, body in zip(names, sheets, strict=True)},
    }
    if styles:
        made["xl/styles.xml"] = styles
    return made | {name.replace("__", "/").replace("_dot_", "."): body for name, body in parts.items()}


DATE_STYLE = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE file. Streams are padded, so that none is small enough for the part where small ones are kept."""
    free, end, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    padded = {name: body + bytes(max(4096, -(-len(body) // 512) * 512) - len(body)) for name, body in streams.items()}
    entries = [("Root Entry", 5, end, 0, 1 if padded else free), *(("", 0, 0, 0, 0) for _ in padded)]
    fat, at = [fat_mark], 1
    directory_at = at
    directory_sectors = -(-len(entries) // 4)
    fat += [at + n + 1 for n in range(directory_sectors - 1)] + [end]
    at += directory_sectors
    for number, (name, body) in enumerate(padded.items(), 1):
        count = len(body) // 512
        entries[number] = (name, 2, at, len(body), free)
        fat += [at + n + 1 for n in range(count - 1)] + [end]
        at += count
    directory = b""
    for number, (name, kind, start, size, child) in enumerate(entries):
        text = name.encode("utf-16-le")
        right = number + 1 if 0 < number < len(entries) - 1 else free
        directory += struct.pack(
            "<64sHBBIII16sIQQIQ", text, len(text) + 2, kind, 1, free, right, child, bytes(16), 0, 0, 0, start, size
        )
    directory += (struct.pack("<64sHBBIII", b"", 0, 0, 1, free, free, free) + bytes(48)) * (-len(entries) % 4)
    header = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(16),
        *(0x3E, 3, 0xFFFE, 9, 6, 0),
        *(0, 0, 1, directory_at, 0, 4096, end, 0, end, 0),
    )
    fat_sector = struct.pack("<128I", *(fat + [free] * (128 - len(fat))))
    first = struct.pack("<109I", 0, *[free] * 108)
    return header + first + fat_sector + directory + b"".join(padded.values())


def records(*each: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in each)


def beginning(kind: int) -> tuple[int, bytes]:
    return 0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6)


def old_workbook(*extra: tuple[int, bytes], sheet_kind: int = 0) -> bytes:
    bound = struct.pack("<IBBBB", 0, 0, sheet_kind, 6, 0) + b"Sheet1"
    return records(beginning(5), *extra, (0x85, bound), (0x0A, b""), beginning(0x10), (0x203, bytes(14)), (0x0A, b""))


def ods(content: str, **parts: bytes | str) -> dict[str, bytes | str]:
    namespaces = " ".join(
        f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for p, n in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return {
        "mimetype": kind,
        "META-INF/manifest.xml": f'{HEAD}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:'
        f'manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        "content.xml": f"{HEAD}<office:document-content {namespaces}><office:body><office:spreadsheet>{content}"
        "</office:spreadsheet></office:body></office:document-content>",
        **{name.replace("__", "/").replace("_dot_", "."): body for name, body in parts.items()},
    }


def bomb() -> bytes:
    """A hundred parts that are all the same ten megabytes of nothing."""
    packed = zipped(xlsx() | {"xl/media/a.bin": bytes(10_000_000)})
    end = packed.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<HII", packed, end + 10)
    entry = packed[packed.rindex(b"PK\x01\x02", 0, end) : end]
    more = b"".join(entry.replace(b"a.bin", b"%05d" % n) for n in range(100))
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count + 100, count + 100, size + len(more), start, 0)
    return packed[:end] + more + tail


def lying() -> bytes:
    """A sheet that says it is small."""
    packed = bytearray(zipped(xlsx((sheet(ROWS + " " * 500_000),))))
    at = packed.rindex(b"PK\x01\x02", 0, packed.rindex(b"PK\x05\x06"))
    packed[at + 24 : at + 28] = struct.pack("<I", 400)
    return bytes(packed)


ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "lol">{ENTITIES}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
EXTERNAL = f'{HEAD}<externalLink xmlns="{MAIN}"><externalBook/></externalLink>'
DDE = f'{HEAD}<externalLink xmlns="{MAIN}"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
FORMULAS = (
    '<row r="1"><c r="A1"><f>1+1</f></c><c r="B1"><f>1+1</f><v></v></c><c r="C1"><f>1+1</f><v>2</v></c></row>'
    '<row r="2"><c r="A2" t="str"><f>""</f><v></v></c><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    '<c r="C2"><f t="shared" ref="C2:C3" si="0">C1*2</f><v>4</v></c></row>'
    '<row r="3"><c r="C3"><f t="shared" si="0"/><v>8</v></c><c r="D3" t="inlineStr"><is><t>=1+1</t></is></c></row>'
)


def table(rows: str) -> str:
    return f'<table:table table:name="Sheet1">{rows}</table:table>'


def ods_row(cells: str, repeated: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


def ods_number(value: str, repeated: int = 1) -> str:
    return (
        f'<table:table-cell table:number-columns-repeated="{repeated}" office:value-type="float" '
        f'office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
    )


def files() -> dict[str, bytes]:
    hidden = sheet(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c><c r="C1"><v>3</v></c></row>'
        '<row r="2" hidden="1"><c r="A2"><v>1</v></c></row>'
        '<row r="3" ht="0" customHeight="1"><c r="A3"><v>1</v></c></row>'
        '<row r="4"><c r="A4"><v>1</v></c></row>',
        before='<cols><col min="2" max="2" width="9" hidden="1"/><col min="4" max="16384" hidden="1"/></cols>',
    )
    blank = '<row s="1" customFormat="1"/>' * 1_000_000
    far = (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t> </t></is></c></row>'
    )
    array = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:A2">B1:B2</f><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c></row>'
    )
    prefixed = (
        sheet(FORMULAS).replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    )
    password = compound({"EncryptionInfo": b"\4\0\4\0" + bytes(4), "EncryptedPackage": bytes(5000)})
    good = zipped(xlsx())
    return {
        "good.xlsx": good,
        "good--named_as_something_else.csv": good,
        "good--million_blank_rows.xlsx": zipped(xlsx((sheet(ROWS + blank),))),
        "good--formulas.xlsx": zipped(xlsx((sheet(FORMULAS),))),
        "good--formulas_with_prefix.xlsx": zipped(xlsx((prefixed,))),
        "good--single_quotes.xlsx": zipped(xlsx((sheet(FORMULAS).replace('"', "'"),))),
        "good--array_formula.xlsx": zipped(xlsx((sheet(array),))),
        "good--hidden_rows_and_columns.xlsx": zipped(xlsx((hidden,))),
        "good--hidden_sheets.xlsx": zipped(
            xlsx((sheet(), sheet(), sheet()), states=("", 'state="hidden"', 'state="veryHidden"'))
        ),
        "good--merged_cells.xlsx": zipped(xlsx((sheet(after='<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'),))),
        "good--dates_from_1904.xlsx": zipped(
            xlsx(
                (sheet('<row r="1"><c r="A1" s="1"><v>42184</v></c></row>'),),
                properties='<workbookPr date1904="1"/>',
                styles=DATE_STYLE,
            )
        ),
        "good--repeated_blank_rows.ods": zipped(
            ods(
                table(
                    ods_row(ods_number("1200.5"))
                    + ods_row('<table:table-cell table:number-columns-repeated="16384"/>', 1_048_575)
                )
            )
        ),
        "good--cp1252.csv": "Prosiect;Gwariant\r\nTŷ Newydd – Caffi;£1.200,50\r\n".replace("ŷ", "y").encode("cp1252"),
        "good--iso8859_14.csv": "Prosiect,Gwariant\nTŷ Dŵr,£1\n".encode("iso8859-14"),
        "good--utf16.csv": "\ufeffProsiect\tGwariant\r\nTŷ Dŵr\t1\r\n".encode("utf-16-le"),
        "good--utf8_with_mark.csv": "\ufeffProsiect,Gwariant\nTŷ Dŵr,1\n".encode(),
        "good--delimiter_announced.csv": b"sep=;\r\nProject;Spend\r\na,b;1\r\n",
        "good--text_like_formulas.csv": b"Project,Spend\n=1+1,+1\n-1,@x\n",
        "empty_file.xlsx": b"",
        "incomplete_file.xlsx": good[: len(good) // 2],
        "incomplete_file--damaged_part.xlsx": good.replace(good[400:440], bytes(40), 1),
        "incomplete_file--declared_size_lies.xlsx": lying(),
        "incomplete_file--still_being_uploaded.xls": compound({"Workbook": old_workbook()})[:2000],
        "zip_bomb.xlsx": bomb(),
        "password_protected.xlsx": password,
        "password_protected.xls": compound({"Workbook": old_workbook((0x2F, bytes(6)))}),
        "macros.xlsm": zipped(xlsx(xl__vbaProject_dot_bin=b"macro")),
        "macros--under_another_name.xlsx": zipped(xlsx(links=(("vbaProject", "code.bin", ""),))),
        "macros--excel_4.xlsx": zipped(xlsx(xl__macrosheets__sheet1_dot_xml=sheet())),
        "macros.xls": compound({"Workbook": old_workbook(), "_VBA_PROJECT_CUR": b"macro"}),
        "macros--excel_4.xls": compound({"Workbook": old_workbook(sheet_kind=1)}),
        "macros.ods": zipped(ods(table(""), Basic__Standard__Module1_dot_xml="<x/>")),
        "xml_entities--billion_laughs.xlsx": zipped(xlsx((sheet(doctype=LAUGHS).replace("Spend", "&l9;"),))),
        "xml_entities--outside_file.xlsx": zipped(xlsx((sheet(doctype=OUTSIDE).replace("Spend", "&f;"),))),
        "xml_entities--in_workbook.xlsx": zipped(
            {
                k: v.replace("<workbook", OUTSIDE + "<workbook") if k == "xl/workbook.xml" else v
                for k, v in xlsx().items()
                if isinstance(v, str)
            }
        ),
        "xml_entities.ods": zipped(
            {
                k: v.replace("<office:document-content", LAUGHS + "<office:document-content")
                for k, v in ods(table(ods_row(ods_number("1")))).items()
                if isinstance(v, str)
            }
        ),
        "external_links.xlsx": zipped(xlsx(xl__externalLinks__externalLink1_dot_xml=EXTERNAL)),
        "external_links--dde.xlsx": zipped(xlsx(xl__externalLinks__externalLink1_dot_xml=DDE)),
        "external_links--picture.xlsx": zipped(
            xlsx(
                xl__worksheets___rels__sheet1_dot_xml_dot_rels=relations(
                    ("image", "http://example.org/x.png", ' TargetMode="External"')
                )
            )
        ),
        "external_links.xls": compound(
            {"Workbook": old_workbook((0x1AE, struct.pack("<HHBB", 1, 6, 0, 1) + b"x.xls"))}
        ),
        "external_links.ods": zipped(ods(table('<table:table-source table:mode="copy-all"/>'))),
        "embedded_objects.xlsx": zipped(xlsx(xl__embeddings__oleObject1_dot_bin=b"object")),
        "embedded_objects.xls": compound({"Workbook": old_workbook(), "MBD0001F2A3": b"object"}),
        "data_connection.xlsx": zipped(xlsx(xl__connections_dot_xml="<connections/>")),
        "binary_workbook.xlsb": zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"\0"}),
        "too_many_rows--stray_value.xlsx": zipped(xlsx((sheet(far),))),
        "too_many_rows--stray_column.xlsx": zipped(
            xlsx((sheet('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'),))
        ),
        "too_many_rows--repeated_value.ods": zipped(ods(table(ods_row(ods_number("1", 16_384), 1_048_576)))),
        "html_page.xls": b"<html><body><table><tr><td>Spend</td></tr></table></body></html>",
        "html_page--with_xml_head.xls": b'<?xml version="1.0"?>\n<!DOCTYPE html>\n<html xmlns="x"/>',
        "old_xml_workbook.xls": b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook/>',
        "not_a_spreadsheet--pdf.xlsx": b"%PDF-1.7\n",
        "not_a_spreadsheet--word.xlsx": zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}),
        "not_a_spreadsheet--old_word.xls": compound({"WordDocument": b"text"}),
        "not_a_spreadsheet--archive.xlsx": zipped({"figures.csv": "a,b\n1,2\n"}),
        "nul_bytes.csv": b"Project,Spend\nA\0B,1\n",
        "unreadable--missing_sheet.xlsx": zipped({k: v for k, v in xlsx().items() if "sheet1" not in k}),
        "unreadable--same_part_twice.xlsx": zipped(xlsx(XL__worksheets__SHEET1_dot_XML=sheet())),
        "unreadable--not_text.csv": bytes(range(1, 256)),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, body in files().items():
        (FOLDER / name).write_bytes(body)
