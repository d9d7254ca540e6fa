"""The answer to the officer: every problem at its place in both languages; nothing that runs, nothing private."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import openpyxl
import pytest

from ingestion.returns import feedback
from ingestion.returns.areas import areas
from ingestion.returns.book import Book, BookSheet
from ingestion.returns.cover import MARK_SHEET
from ingestion.returns.feedback import SUMMARY_SHEET, Answer, lines, write_feedback_html, write_feedback_xlsx
from ingestion.returns.periods import read_return_period
from ingestion.returns.problems import Problem, Wording
from ingestion.returns.spec import TEMPLATES, read_family
from ingestion.returns.store import SubmissionOutcome

OUTCOMES = get_args(SubmissionOutcome)
PERIOD = read_return_period("2019-20 Q2", "quarterly")
SPEC = read_family(TEMPLATES / "icf_spend_quarterly.yml").of("2019-20 Q2")
SECRET = "Angharad Jones, 943 476 5919"
ERROR = Wording(
    severity="error",
    message_en="{found} is wrong here.",
    message_cy="Mae {found} yn anghywir yma.",
    do_en="Mend it.",
    do_cy="Cywirwch ef.",
)
WARNING = ERROR.model_copy(update={"severity": "warning"})


def problem(row: int | None = None, column: str | None = None, found: str | None = None, **more: Any) -> Problem:
    return Problem(
        more.pop("code", "odd"), more.pop("sheet", "Spend"), row, column, None, found, more.pop("values", {}),
        more.pop("wording", ERROR), **more,
    )  # fmt: skip


def answer(*problems: Problem, **more: Any) -> Answer:
    rows: list[list[Any]] = [
        ["Project", "Amount", "Day"],
        ["=HYPERLINK(1)", 5.5, date(2019, 9, 1)],
        ["+44", "£12", None],
        ["@x", True, datetime(2019, 9, 1, 10, 30)],
        [None, float("nan"), date(1800, 1, 1)],
    ]
    book = Book("xlsx", [BookSheet("Spend", rows), BookSheet(MARK_SHEET, [["return_key", "x"]], visible=False)])
    known: dict[str, Any] = {
        "original_name": "spend <final>.xlsx",
        "received_at": datetime(2019, 7, 1, 9, 30, tzinfo=UTC),
        "outcome": "quarantined" if problems else "accepted",
        "spec": SPEC,
        "area": areas()["rpb_gwent"],
        "period": PERIOD,
        "problems": list(problems),
        "book": book,
        "rows_received": 4,
    }
    return Answer(**(known | more))


def opened(made: Answer, tmp_path: Path) -> openpyxl.Workbook:
    write_feedback_xlsx(made, tmp_path / "answer.xlsx")
    return openpyxl.load_workbook(tmp_path / "answer.xlsx")


def pages(made: Answer, tmp_path: Path) -> tuple[str, str]:
    en, cy = tmp_path / "answer.en.html", tmp_path / "answer.cy.html"
    write_feedback_html(made, en, cy)
    return en.read_text(encoding="utf-8"), cy.read_text(encoding="utf-8")


def text_of(book: openpyxl.Workbook) -> str:
    cells = itertools.chain.from_iterable(row for sheet in book for row in sheet.iter_rows())
    return "\n".join(f"{c.value}\n{c.comment.text if c.comment else ''}" for c in cells)


def marked(book: openpyxl.Workbook, sheet: str = "Spend") -> set[str]:
    return {c.coordinate for row in book[sheet].iter_rows() for c in row if c.comment}


# -- the list of problems ------------------------------------------------------------------------------------------


def test_the_same_problem_in_many_rows_is_one_line_with_ranges() -> None:
    made = answer(*(problem(row, "B") for row in (3, 4, 5, 9, 11, 12)))
    (line,) = lines(made)
    assert line.place == ("B3:B5, B9, B11:B12",) * 2
    assert (line.cell, line.count) == ("B3", 6)


def test_problems_with_different_words_stay_apart_until_they_are_many() -> None:
    few = answer(*(problem(row, "B", str(row)) for row in range(2, 6)))
    assert [line.message[0] for line in lines(few)] == [f"{n} is wrong here." for n in range(2, 6)]
    many = answer(*(problem(row, "B", str(row)) for row in range(2, 202)))
    (line,) = lines(many)
    assert line.place == ("B2:B201",) * 2
    assert (line.message[0], line.found, line.count) == ("2 is wrong here.", None, 200)


def test_the_whole_file_comes_first_then_sheets_as_they_stand_errors_before_warnings() -> None:
    book = Book("xlsx", [BookSheet("Zebra", []), BookSheet("Ape", [])])
    made = answer(
        problem(1, "A", sheet="Ape"),
        problem(1, "A", sheet="Zebra", wording=WARNING, code="look"),
        problem(9, "A", sheet="Zebra"),
        problem(sheet=None, code="whole"),
        book=book,
    )
    assert [(x.sheet, x.severity) for x in lines(made)] == [
        (None, "error"), ("Zebra", "error"), ("Zebra", "warning"), ("Ape", "error")
    ]  # fmt: skip


def test_a_problem_of_a_row_or_a_column_says_so_in_both_languages() -> None:
    made = answer(problem(7), problem(None, "C", code="column"), problem(8, code="pair"), problem(9, code="pair"))
    assert {x.place for x in lines(made)} == {
        ("row 7", "rhes 7"),
        ("column C", "colofn C"),
        ("rows 8–9", "rhesi 8–9"),
    }


def test_long_values_are_shortened_everywhere(tmp_path: Path) -> None:
    made = answer(problem(2, "A", "x" * 500))
    assert "x" * 81 not in "".join(pages(made, tmp_path))
    assert "x" * 81 not in text_of(opened(made, tmp_path))


def test_a_hundred_thousand_problems_are_listed_quickly() -> None:
    made = answer(*(problem(row, "B", str(row)) for row in range(2, 100_002)))
    start = time.perf_counter()
    assert lines(made)[0].count == 100_000
    assert time.perf_counter() - start < 5


# -- the workbook --------------------------------------------------------------------------------------------------


def test_exactly_the_problem_cells_are_marked_where_they_stood(tmp_path: Path) -> None:
    book = opened(answer(problem(2, "A"), problem(3, "B", "£12", wording=WARNING), problem(40, "E")), tmp_path)
    assert marked(book) == {"A2", "B3", "E40"}
    framed = {c.coordinate for row in book["Spend"].iter_rows() for c in row if c.border.left.style}
    assert framed == marked(book)
    assert book["Spend"]["A2"].fill.fgColor.rgb != book["Spend"]["B3"].fill.fgColor.rgb
    assert book["Spend"]["A2"].border.left.style != book["Spend"]["B3"].border.left.style  # not by colour alone
    comment = book["Spend"]["B3"].comment.text
    assert "Warning: £12 is wrong here. Mend it." in comment
    assert "Rhybudd: Mae £12 yn anghywir yma. Cywirwch ef." in comment


def test_two_problems_of_one_cell_are_both_told_and_the_worse_colours_it(tmp_path: Path) -> None:
    two = opened(answer(problem(2, "A", "one", wording=WARNING), problem(2, "A", "two", code="b")), tmp_path)
    cell = two["Spend"]["A2"]
    assert "one is wrong" in cell.comment.text
    assert "two is wrong" in cell.comment.text
    alone = opened(answer(problem(2, "A", "two")), tmp_path)
    assert cell.fill.fgColor.rgb == alone["Spend"]["A2"].fill.fgColor.rgb


def test_values_are_copied_as_they_were_and_nothing_runs(tmp_path: Path) -> None:
    book = opened(answer(problem(2, "A", "=HYPERLINK(1)")), tmp_path)
    sheet = book["Spend"]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=HYPERLINK(1)", "s")
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("+44", "s")
    assert (sheet["B2"].value, sheet["C2"].value) == (5.5, datetime(2019, 9, 1))
    assert (sheet["B4"].value, sheet["C4"].value) == (True, datetime(2019, 9, 1, 10, 30))
    assert (sheet["B5"].value, sheet["C5"].value) == ("nan", "1800-01-01")
    cells = itertools.chain.from_iterable(row for page in book for row in page.iter_rows())
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    assert MARK_SHEET not in book.sheetnames


def test_the_list_links_to_the_marked_cell(tmp_path: Path) -> None:
    book = opened(answer(problem(3, "B")), tmp_path)
    links = [c.hyperlink.location for row in book[SUMMARY_SHEET].iter_rows() for c in row if c.hyperlink]
    assert links == ["'Spend'!B3"]


def test_sheets_with_names_that_excel_refuses_are_copied_and_linked(tmp_path: Path) -> None:
    names = ["Bob's", "a/b", "x" * 40, SUMMARY_SHEET, "History"]
    book = Book("ods", [BookSheet(n, [["v"]]) for n in names])
    made = opened(answer(*(problem(1, "A", sheet=n) for n in names), book=book), tmp_path)
    assert len(made.sheetnames) == 6
    assert all(marked(made, name) == {"A1"} for name in made.sheetnames[1:])
    links = [c.hyperlink.location for row in made[SUMMARY_SHEET].iter_rows() for c in row if c.hyperlink]
    assert "'Bob''s'!A1" in links


def test_of_a_huge_sheet_the_first_rows_and_those_with_problems_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "MOST_ROWS", 10)
    book = Book("csv", [BookSheet("Spend", [[f"r{n}", "x"] for n in range(1, 41)])])
    made = opened(answer(problem(30, "A"), book=book), tmp_path)
    kept = [c.value for c in made["Spend"]["A"] if c.value]
    assert kept == [f"r{n}" for n in range(1, 11)] + ["r30"]
    assert made["Spend"]["B30"].value == "x"
    assert "first 10 rows" in text_of(made)
    assert "10 rhes gyntaf" in text_of(made)


def test_a_long_list_says_how_many_more_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_LISTED", 3)
    monkeypatch.setattr(feedback, "MOST_ON_PAGE", 2)
    made = answer(*(problem(2, c, c) for c in "ABCDE"))
    assert "And 2 more. / A 2 arall." in text_of(opened(made, tmp_path))
    en, cy = pages(made, tmp_path)
    assert "And 3 more" in en
    assert "A 3 arall" in cy


# -- the page ------------------------------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """What a browser would fetch, and what a reader hears."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [v or "" for k, v in attrs if k in ("src", "href") and v]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def test_everything_from_the_file_is_escaped_and_nothing_is_fetched(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    made = answer(problem(2, "A", bad), problem(1, "A", sheet="<b>sheet</b>"), original_name=f"{bad}.xlsx")
    for page, other in zip(pages(made, tmp_path), ("answer.cy.html", "answer.en.html"), strict=True):
        reader = read(page)
        assert not {"script", "b", "img", "link"} & set(reader.tags)
        assert reader.fetched == [other]
        assert bad in "".join(reader.words)


def test_each_page_is_in_its_language_and_names_severity_in_words(tmp_path: Path) -> None:
    en, cy = pages(answer(problem(2, "A", "12"), problem(3, "A", "13", wording=WARNING)), tmp_path)
    assert '<html lang="en">' in en
    assert '<html lang="cy">' in cy
    for page, words in ((en, ("Error", "Warning", "12 is wrong here.")), (cy, ("Gwall", "Rhybudd", "Mae 12 yn"))):
        assert all(word in page for word in words)
    assert "Mend it." not in cy
    assert "Cywirwch ef." not in en
    assert "1 July 2019, 10:30" in en  # as clocks in Wales showed it
    assert "1 Gorffennaf 2019, 10:30" in cy
    assert "Taflen: Spend (Gwariant)" in cy


@pytest.mark.parametrize(
    ("more", "en", "cy"),
    [
        ({"version": 1}, "Accepted as version 1.", "Derbyniwyd fel fersiwn 1."),
        ({"version": 3, "replaces": 2}, "It replaces version 2.", "Mae’n disodli fersiwn 2."),
        ({"outcome": "held"}, "Regional Partnership Board lead", "Arweinydd y Bwrdd"),
        ({"outcome": "duplicate"}, "Nothing changed", "Ni newidiodd dim"),
        ({"outcome": "quarantined", "current": 4}, "Version 4, accepted earlier", "Mae fersiwn 4"),
        ({"outcome": "quarantined", "spec": None, "area": None, "period": None}, "Unknown return", "Ffurflen anhysbys"),
        ({"outcome": "part_accepted", "version": 1, "rows_accepted": 3, "rows_quarantined": 1}, "3 rows", "3 o resi"),
        ({"is_check": True}, "nothing was sent", "nid anfonwyd dim"),
        ({"is_nil": True, "version": 1}, "Nil return", "Dim i’w adrodd"),
    ],
)
def test_it_says_what_became_of_it_and_what_happens_next(
    more: dict[str, Any], en: str, cy: str, tmp_path: Path
) -> None:
    made = answer(**more)
    page_en, page_cy = pages(made, tmp_path)
    assert en in page_en
    assert cy in page_cy
    told = text_of(opened(made, tmp_path))
    assert en in told
    assert cy in told


def test_a_file_without_a_problem_is_told_so(tmp_path: Path) -> None:
    en, cy = pages(answer(version=1), tmp_path)
    assert "Nothing is wrong with this file." in en
    assert "Nid oes dim o’i le ar y ffeil hon." in cy
    assert "<table" not in en


def test_every_outcome_and_step_exists_in_welsh() -> None:
    for outcome, version, check, personal in itertools.product(OUTCOMES, (None, 1), (False, True), (False, True)):
        for problems in ((), (problem(1, "A"),), (problem(1, "A", wording=WARNING),)):
            made = answer(*problems, outcome=outcome, version=version, is_check=check, has_personal_data=personal)
            headline, steps = feedback.what_now(made)
            assert all(en and cy and en != cy for en, cy in (headline, *steps))


# -- personal data -------------------------------------------------------------------------------------------------


def test_where_personal_data_was_found_its_place_is_told_and_nothing_of_the_file_is_repeated(tmp_path: Path) -> None:
    kind = Wording(
        severity="error",
        message_en="This looks like {kind}. {found} {value}",
        message_cy="Mae hwn yn edrych fel {kind}. {found} {value}",
        do_en="Take it out of {heading}.",
        do_cy="Tynnwch ef o {heading}.",
    )
    values = {"kind_en": "an NHS number", "kind_cy": "rhif GIG", "value": SECRET, "heading": SECRET}
    book = Book("xlsx", [BookSheet("Spend", [[SECRET]])])
    made = answer(
        problem(12, "C", SECRET, wording=kind, values=values, code="personal"),
        *(problem(row, "A", SECRET) for row in range(2, 60)),
        problem(5, "B", SECRET, values={"spend": SECRET}, code="other"),
        book=book,
        has_personal_data=True,
        original_name=f"{SECRET}.xlsx",
    )
    told = [text_of(opened(made, tmp_path)), *pages(made, tmp_path)]
    assert all("C12" in text for text in told)
    assert "This looks like an NHS number." in told[1]
    assert "Mae hwn yn edrych fel rhif GIG." in told[2]
    assert not any(word in text for text in told for word in ("Angharad", "943", "5919"))
    assert openpyxl.load_workbook(tmp_path / "answer.xlsx").sheetnames == [SUMMARY_SHEET]


def test_personal_data_comes_before_other_problems_of_its_sheet() -> None:
    made = answer(problem(2, "A"), problem(9, "C", code="personal_data"), has_personal_data=True)
    assert [line.cell for line in lines(made)] == ["C9", "A2"]


def test_words_of_the_spec_are_told_even_then() -> None:
    heading = SPEC.sheets[0].columns[0].heading_en
    wording = ERROR.model_copy(update={"message_en": "“{heading}” is empty."})
    one = problem(2, "A", wording=wording, values={"heading_en": heading, "heading_cy": heading})
    (line,) = lines(answer(one, has_personal_data=True))
    assert line.message[0] == f"“{heading}” is empty."


def test_a_file_that_must_not_be_repeated_is_not_copied_but_its_problems_are_listed(tmp_path: Path) -> None:
    made = replace(answer(problem(3, "B", "12")), book=None)
    book = opened(made, tmp_path)
    assert book.sheetnames == [SUMMARY_SHEET]
    assert "12 is wrong here." in text_of(book)


@pytest.mark.parametrize("cover", ["Cover", "Clawr"])
def test_a_field_that_the_cover_leaves_out_is_told_with_the_others_of_the_cover(cover: str) -> None:
    made = answer(problem(sheet="Cover / Clawr", found="x"), problem(row=20, column="B", sheet=cover, found="y"))
    made.book = Book("xlsx", [BookSheet(cover, [["Return"]])])
    assert [line.sheet for line in lines(made)] == [cover, cover]
