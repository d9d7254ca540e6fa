from __future__ import annotations

import contextlib
import importlib.util
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import odf.opendocument
import odf.table
import odf.text
import openpyxl
import openpyxl.styles
import pytest
import xlsxwriter

from ingestion.returns.book import Book, BookSheet
from ingestion.returns.problems import RefusedError
from ingestion.returns.reading import read_book
from ingestion.returns.reading_csv import trimmed
from ingestion.returns.reading_facts import Limits

FOLDER = Path(__file__).parents[2] / "must_fail" / "returns" / "reading"
FILES = sorted(FOLDER.iterdir())
BAD = [f for f in FILES if not f.name.startswith("good")]


def refusal(path: Path, limits: Limits | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_book(path, path.name, limits=limits or Limits())
    return caught.value


def good(name: str) -> Book:
    return read_book(FOLDER / f"good{name}", "any name")


def only_sheet(name: str) -> BookSheet:
    (sheet,) = good(name).sheets
    return sheet


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.name)
def test_a_hostile_file_is_refused_for_what_it_is_and_told_in_both_languages(path):
    (problem,) = refusal(path).problems
    assert problem.code == path.stem.split("--")[0]
    for language in ("en", "cy"):
        text = problem.message(language) + problem.do(language)
        assert "{" not in text
        assert "–" not in text.replace(" – ", "")  # stands where a value is missing
    assert problem.message("en") != problem.message("cy")


@pytest.mark.parametrize("path", [f for f in FILES if f not in BAD], ids=lambda p: p.name)
def test_a_file_that_is_only_odd_is_read(path):
    assert read_book(path, path.name).sheets[0].rows


def test_the_files_are_what_the_script_writes():
    spec = importlib.util.spec_from_file_location("make_hostile", FOLDER.parent / "make_hostile.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.files()
    assert {f.name for f in FILES if "libreoffice" not in f.name} == set(made)
    # Compressed sizes differ between versions of zlib, what is inside does not.
    assert {n: b for n, b in made.items() if b[:2] != b"PK"} == {
        f.name: f.read_bytes() for f in FILES if f.name in made and made[f.name][:2] != b"PK"
    }


def test_a_million_blank_rows_are_not_rows():
    assert only_sheet("--million_blank_rows.xlsx").rows == [["Spend"], [1200.5]]
    assert only_sheet("--repeated_blank_rows.ods").rows == [[1200.5]]


@pytest.mark.parametrize("name", ["formulas", "formulas_with_prefix", "single_quotes"])
def test_formulas_are_told_apart_by_whether_their_value_is_there(name):
    sheet = only_sheet(f"--{name}.xlsx")
    assert sheet.formulas == {
        (0, 0): False,
        (0, 1): False,
        (0, 2): True,
        (1, 0): True,  # an empty text is an answer
        (1, 1): True,
        (1, 2): True,
        (2, 2): True,
    }
    assert sheet.rows == [[None, None, 2, None], [None, "#DIV/0!", 4, None], [None, None, 8, "=1+1"]]


def test_every_cell_that_an_array_formula_fills_is_a_formula():
    assert only_sheet("--array_formula.xlsx").formulas == {(0, 0): True, (1, 0): True}


def test_hidden_rows_and_columns_are_told_within_what_is_used():
    sheet = only_sheet("--hidden_rows_and_columns.xlsx")
    assert sheet.hidden_rows == {1, 2}
    assert sheet.hidden_columns == {1}


def test_hidden_sheets_are_told():
    assert [s.visible for s in good("--hidden_sheets.xlsx").sheets] == [True, False, False]


def test_merged_cells_are_told():
    assert only_sheet("--merged_cells.xlsx").merged == [(0, 0, 1, 1)]


def test_dates_counted_from_1904_come_out_right():
    book = good("--dates_from_1904.xlsx")
    assert book.dates_from_1904
    assert book.sheets[0].rows == [[date(2019, 6, 30)]]


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_what_libreoffice_saved_is_read_alike_in_its_formats(kind):
    figures, lists = good(f"--libreoffice.{kind}").sheets
    assert figures.rows == [
        ["Project", "Spend", "Date"],
        ["P1", 1200.5, date(2019, 6, 30)],
        ["P2", 2401, None],
        ["P3", "#DIV/0!", None],
        [None, None, None],
        ["merged", None, None],
    ]
    assert figures.formulas == {(2, 1): True, (3, 1): True}
    assert figures.merged == [(5, 0, 6, 1)]
    assert figures.hidden_rows == {2}
    assert figures.hidden_columns == {2}
    assert (figures.visible, lists.visible) == (True, False)


def test_the_content_says_what_a_file_is_and_not_its_name():
    assert good("--named_as_something_else.csv").format == "xlsx"


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "rows"),
    [
        ("cp1252", "cp1252", ";", [["Prosiect", "Gwariant"], ["Ty Newydd – Caffi", "£1.200,50"]]),
        ("iso8859_14", "iso8859-14", ",", [["Prosiect", "Gwariant"], ["Tŷ Dŵr", "£1"]]),
        ("utf16", "utf-16", "\t", [["Prosiect", "Gwariant"], ["Tŷ Dŵr", "1"]]),
        ("utf8_with_mark", "utf-8-sig", ",", [["Prosiect", "Gwariant"], ["Tŷ Dŵr", "1"]]),
        ("delimiter_announced", "utf-8", ";", [[None, None], ["Project", "Spend"], ["a,b", "1"]]),
        ("text_like_formulas", "utf-8", ",", [["Project", "Spend"], ["=1+1", "+1"], ["-1", "@x"]]),
    ],
)
def test_a_csv_is_read_in_whatever_encoding_and_with_whatever_delimiter(name, encoding, delimiter, rows):
    book = good(f"--{name}.csv")
    assert (book.encoding, book.delimiter) == (encoding, delimiter)
    assert book.sheets[0].rows == rows


def csv_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n1,25;3\n", ";"),
        ('a,b\n"x;y",1\n"z;w;v",2\n', ","),
        ("name\tnote\nA\tone, two; three\n", "\t"),
        ("Title of the return\n\na,b,c\n1,2,3\n4,5,6\n", ","),
        ("a\n1\n2\n", ","),
    ],
)
def test_the_delimiter_is_what_rows_agree_on(tmp_path, text, delimiter):
    assert read_book(csv_of(tmp_path, text), "a").delimiter == delimiter


def test_fields_of_several_lines_and_rows_of_unequal_length_are_read(tmp_path):
    book = read_book(csv_of(tmp_path, 'a,b,\r\n"one\ntwo",\r\n3\r\n,\r\n,,\r\n'), "a")
    assert book.sheets[0].rows == [["a", "b"], ["one\ntwo", None], ["3", None]]


def test_more_rows_than_are_read_are_refused(tmp_path):
    limits = Limits(rows=3, columns=3)
    assert refusal(csv_of(tmp_path, "a\n" * 10), limits).problems[0].code == "too_many_rows"
    assert refusal(csv_of(tmp_path, "a,b,c,d\n"), limits).problems[0].code == "too_many_rows"
    book = openpyxl.Workbook()
    for number in range(5):
        book.active.append([number])
    book.save(tmp_path / "a.xlsx")
    problem = refusal(tmp_path / "a.xlsx", limits).problems[0]
    assert (problem.code, problem.sheet) == ("too_many_rows", "Sheet")


def test_a_file_over_the_size_is_refused_unread(tmp_path):
    assert refusal(csv_of(tmp_path, "a,b\n" * 10), Limits(file_bytes=20)).problems[0].code == "too_large"


def test_all_that_must_not_be_opened_is_told_at_once(tmp_path):
    book = openpyxl.Workbook()
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
        archive.writestr("xl/embeddings/object.bin", b"object")
    assert [p.code for p in refusal(tmp_path / "a.xlsx").problems] == ["macros", "embedded_objects"]


def test_what_xlsxwriter_writes_is_read_with_every_type(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Gwariant")
        day = book.add_format({"num_format": "d mmm yyyy"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        hour = book.add_format({"num_format": "hh:mm"})
        sheet.write_row(1, 1, ["=1+1", "-", "£1,200", 5, True, "Tŷ"])
        sheet.write_datetime(2, 1, datetime(2019, 6, 30), day)
        sheet.write_datetime(2, 2, datetime(2019, 6, 30, 12, 30), moment)
        sheet.write_datetime(2, 3, time(12, 30), hour)
        sheet.write_url(3, 1, "https://example.org")
        sheet.write_blank(900, 90, None, day)
        sheet.data_validation("B2:B9", {"validate": "list", "source": ["a", "b"]})
        sheet.conditional_format("B2:B9", {"type": "formula", "criteria": "=$B2>1", "format": day})
        sheet.write_comment("B2", "a comment")
    (read,) = read_book(path, "a").sheets
    assert read.rows[:3] == [
        [None] * 7,
        [None, "=1+1", "-", "£1,200", 5, True, "Tŷ"],
        [None, date(2019, 6, 30), datetime(2019, 6, 30, 12, 30), time(12, 30), None, None, None],
    ]
    assert len(read.rows) == 4
    assert read.formulas == {}


def test_an_ods_sheet_may_have_notes_and_repeated_formulas(tmp_path):
    document = odf.opendocument.OpenDocumentSpreadsheet()
    table = odf.table.Table(name="Taflen")
    row = odf.table.TableRow(numberrowsrepeated=2)
    cell = odf.table.TableCell(valuetype="float", value=3, formula="of:=1+2")
    cell.addElement(odf.text.P(text="3"))
    row.addElement(cell)
    empty = odf.table.TableCell(formula="of:=1+2")
    row.addElement(empty)
    table.addElement(row)
    document.spreadsheet.addElement(table)
    document.save(str(tmp_path / "a.ods"))
    (sheet,) = read_book(tmp_path / "a.ods", "a").sheets
    assert sheet.rows == [[3.0], [3.0]]
    assert sheet.formulas == {(0, 0): True, (1, 0): True, (0, 1): False, (1, 1): False}


def test_every_damaged_copy_of_a_workbook_is_read_or_refused_and_nothing_else(tmp_path):
    # Cut off and overwritten at many places: only a refusal may come of it, never another error.
    for original in (
        FOLDER / "good--formulas.xlsx",
        FOLDER / "good--libreoffice.xls",
        FOLDER / "good--libreoffice.ods",
    ):
        data = original.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 25)):
            for damaged in (data[:at], data[:at] + b"\xff\0\x13" + data[at + 3 :]):
                path = tmp_path / "damaged"
                path.write_bytes(damaged)
                with contextlib.suppress(RefusedError):
                    assert read_book(path, "damaged").sheets is not None


def test_trimming_takes_away_what_has_no_value():
    assert trimmed([[None, "a", None], [None, None, None]]) == [[None, "a"]]
    assert trimmed([[None], [None]]) == []
    assert trimmed([]) == []


def test_a_value_far_to_the_right_is_refused_and_a_border_there_is_not(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["A1000"] = "Spend", 1
    sheet["XFD3"].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "border.xlsx")
    assert len(read_book(tmp_path / "border.xlsx", "a").sheets[0].rows[0]) == 1
    sheet["XFD3"] = " "
    book.save(tmp_path / "stray.xlsx")
    (problem,) = refusal(tmp_path / "stray.xlsx").problems
    assert (problem.code, problem.sheet) == ("too_many_rows", "Sheet")
