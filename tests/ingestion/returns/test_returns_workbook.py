"""The blank workbook: protected, bilingual, made from the spec alone; and filled ones that are safe to open."""

from __future__ import annotations

import csv
import itertools
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from ingestion.returns.areas import areas
from ingestion.returns.cover import COVER_EN, FIELDS, LANGUAGES, MARK_SHEET, MARKERS, ROLES, SYNTHETIC_EN, YES_NO
from ingestion.returns.guidance import about_field, guidance
from ingestion.returns.parse import parse_book
from ingestion.returns.periods import ReturnPeriod, read_return_period
from ingestion.returns.reading import read_book
from ingestion.returns.spec import Column, Family, ReturnSpec
from ingestion.returns.wording import (
    GUIDANCE_SHEET,
    LIST_SHEET,
    PREVIOUS_PREFIX,
    UNITS,
    Languages,
    checks_in_words,
    entries,
    excel_title,
    expected,
    heading,
    sheet_titles,
)
from ingestion.returns.workbook import FIRST_FIELD, HEADING_ROW, csv_text, write_csv, write_submission, write_template

PERIOD = read_return_period("2019-20 Q2", "quarterly")
assert PERIOD is not None
GWENT = areas()["rpb_gwent"]


def column(key: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"key": key, "heading_en": f"{key} in English", "heading_cy": f"{key} yn Gymraeg", "type": kind, **more}


def make_spec(**more: Any) -> ReturnSpec:
    """A return with every type of column, and a sheet whose rows are given."""
    spend = {
        "key": "spend", "title_en": "Spend", "title_cy": "Gwariant", "grain": ["project", "kind"], "prefill": "offers",
        "constants": {"stream_key": "icf"}, "max_rows": 500,
        "columns": [
            column("project", required=True, role="project_key", max_length=40),
            column("name"),
            column("kind", "choice", role="capital_or_revenue", choices=[
                {"key": "capital", "en": "Capital", "cy": "Cyfalaf"},
                {"key": "revenue", "en": "Revenue", "cy": "Refeniw"},
            ]),
            column("partner", "area", area_types=["local_authority"], within_submitter=True),
            column("budget", "money", unit="gbp", role="budget_gbp", min=0),
            column("spent", "money", unit="gbp", min=0, allow=["not_available"], cumulative=True),
            column("children", "count", unit="children"),
            column("share", "percent", unit="percent", min=0, max=100),
            column("begun", "date"),
            column("done", "boolean"),
            column("why", "narrative", max_length=2000),
        ],
        "rules": [{
            "code": "within", "check": "spent <= budget", "columns": ["spent"],
            "message_en": "{spent} is over {budget}.", "message_cy": "Mae {spent} dros {budget}.",
        }],
    }  # fmt: skip
    plan = {
        "key": "plan", "title_en": "Plan: what/when?", "title_cy": "Cynllun", "grain": ["priority"],
        "fixed_rows": [{"priority": "first"}, {"priority": "second"}],
        "columns": [
            column("priority", "choice", choices=[
                {"key": "first", "en": "First", "cy": "Cyntaf"}, {"key": "second", "en": "Second", "cy": "Ail"},
            ]),
            column("figure", "integer", unit="beds", allow=["not_offered"]),
        ],
    }  # fmt: skip
    fields = {
        "key": "made_up", "title_en": "Made-up return", "title_cy": "Ffurflen ffug", "about_en": "About it.",
        "about_cy": "Amdani.", "submitted_by": "regional_partnership_board", "submitted_to_en": "Nobody",
        "submitted_to_cy": "Neb", "cadence": "quarterly", "first_period": "2019-20 Q1", "certification": "rpb_lead",
        "due": {"days": {"Q1": "08-15", "Q2": "11-15", "Q3": "02-15", "Q4": "05-31"}},
        "control_totals": [
            {"key": "total", "sheet": "spend", "column": "spent",
             "heading_en": "Total (£)", "heading_cy": "Cyfanswm (£)"}
        ],
        "sheets": [spend, plan],
    }  # fmt: skip
    return ReturnSpec.model_validate(fields | more)


SPEC = make_spec()
SPEND = SPEC.sheet("spend")
OFFERS = [
    dict(zip(("project_key", "capital_or_revenue", "revised_budget_gbp", "version", "stream_key"), line, strict=True))
    for line in (
        ("GW-1", "revenue", "90.00", 1, "icf"),
        ("GW-1", "revenue", "120.50", 2, "icf"),
        ("GW-9", "capital", 7, 1, "other"),
    )
]
PREVIOUS = {"spend": [{"project": "GW-1", "name": "Edge of care", "kind": "revenue", "spent": "44.25", "why": "Snow"}]}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("workbook") / "template.xlsx"
    return write_template(SPEC, GWENT, PERIOD, made, offers=OFFERS, previous=PREVIOUS, due=date(2019, 11, 15))


@pytest.fixture(scope="module")
def book(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def at(book: openpyxl.Workbook, sheet: str, key: str, row: int = 0) -> Any:
    """The cell of a data sheet in a column, ``row`` rows below the headings."""
    keys = [c.key for c in SPEC.sheet(sheet).columns]
    return book[sheet_titles(SPEC)[sheet]].cell(HEADING_ROW + 2 + row, keys.index(key) + 1)


def rule_of(cell: Any) -> Any:
    return next(r for r in cell.parent.data_validations.dataValidation if cell.coordinate in r.sqref)


def listed(book: openpyxl.Workbook, formula: str) -> list[object]:
    name, _, cells = formula.lstrip("=").partition("!")
    return [cell.value for (cell,) in book[name.strip("'")][cells.replace("$", "")]]


def test_sheets_come_in_order_and_what_is_ours_is_hidden(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == [COVER_EN, GUIDANCE_SHEET, "Spend", "Plan what when", MARK_SHEET, LIST_SHEET]
    assert [s.title for s in book if s.sheet_state != "visible"] == [MARK_SHEET, LIST_SHEET]
    marks = {row[0].value: row[1].value for row in book[MARK_SHEET].iter_rows()}
    assert marks == {
        "return_key": "made_up",
        "template_version": 1,
        "area_code": "rpb_gwent",
        "period_key": "2019-20 Q2",
    }


def test_every_sheet_is_protected_without_a_password(book: openpyxl.Workbook) -> None:
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)


def test_only_cells_for_people_are_open(book: openpyxl.Workbook) -> None:
    for place, _ in enumerate(SPEND.columns, 1):
        assert book["Spend"].cell(HEADING_ROW + 1, place).protection.locked
        assert not book["Spend"].cell(HEADING_ROW + 2, place).protection.locked
        assert not book["Spend"].cell(HEADING_ROW + 1 + 50, place).protection.locked
    for number, item in enumerate(FIELDS, FIRST_FIELD + 1):
        assert book[COVER_EN].cell(number, 1).value == item.label
        assert book[COVER_EN].cell(number, 2).protection.locked == (item.by == "template")


def test_rows_that_every_return_has_stand_locked_with_their_figures_open(book: openpyxl.Workbook) -> None:
    assert [at(book, "plan", "priority", n).value for n in range(3)] == ["First / Cyntaf", "Second / Ail", None]
    assert [at(book, "plan", "priority", n).protection.locked for n in range(3)] == [True, True, False]
    assert not at(book, "plan", "figure").protection.locked


def test_headings_are_read_back_in_both_languages_with_their_unit(path: Path) -> None:
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Spend").to_python()
    assert rows[HEADING_ROW][: len(SPEND.columns)] == [heading(c) for c in SPEND.columns]
    assert heading(SPEND.column("spent")) == "spent in English (£) / spent yn Gymraeg (£)"
    assert rows[0][0] == "Spend / Gwariant"


def test_offer_lines_come_first_in_their_newest_version_with_last_times_names(book: openpyxl.Workbook) -> None:
    row = {key: at(book, "spend", key).value for key in ("project", "name", "kind", "budget", "spent", "why")}
    assert row == {
        "project": "GW-1",
        "name": "Edge of care",
        "kind": "Revenue / Refeniw",
        "budget": 120.5,
        "spent": None,
        "why": None,
    }
    assert at(book, "spend", "project", 1).value is None  # GW-9 is of another grant


def test_last_periods_figures_stand_to_the_right_and_say_so(book: openpyxl.Workbook) -> None:
    sheet = book["Spend"]
    beside = len(SPEND.columns) + 2
    assert sheet.cell(HEADING_ROW + 1, beside - 1).value is None
    assert sheet.cell(HEADING_ROW + 1, beside).value == f"{PREVIOUS_PREFIX}: {heading(SPEND.column('spent'))}"
    assert sheet.cell(HEADING_ROW + 2, beside).value == 44.25
    assert sheet.cell(HEADING_ROW + 2, beside).protection.locked
    assert sheet.cell(HEADING_ROW + 1, beside + 1).value is None  # columns without a figure last time are left out


def test_lists_offer_both_languages_and_only_the_submitters_own_areas(book: openpyxl.Workbook) -> None:
    assert listed(book, rule_of(at(book, "spend", "kind")).formula1) == ["Capital / Cyfalaf", "Revenue / Refeniw"]
    assert listed(book, rule_of(at(book, "spend", "done")).formula1) == ["Yes / Ydy", "No / Nac ydy"]
    partners = listed(book, rule_of(at(book, "spend", "partner")).formula1)
    assert "Monmouthshire / Sir Fynwy" in partners
    assert "Torfaen" in partners
    assert len(partners) == 5


def test_members_are_those_of_the_periods_last_day() -> None:
    partner = SPEND.column("partner")
    morgannwg, west = areas()["rpb_cwm_taf_morgannwg"], areas()["rpb_west_glamorgan"]
    assert "Bridgend / Pen-y-bont ar Ogwr" in entries(partner, morgannwg, PERIOD)
    assert "Bridgend / Pen-y-bont ar Ogwr" not in entries(partner, west, PERIOD)


def test_numbers_have_bounds_and_a_marker_may_stand_where_it_is_allowed(book: openpyxl.Workbook) -> None:
    budget, share, children = (rule_of(at(book, "spend", k)) for k in ("budget", "share", "children"))
    assert (budget.type, float(budget.formula1)) == ("decimal", 0)
    assert (float(share.formula1), float(share.formula2)) == (0, 100)
    assert (children.type, float(children.formula1)) == ("whole", 0)
    spent = rule_of(at(book, "spend", "spent"))
    assert spent.type == "custom"
    assert listed(book, spent.formula1.partition("COUNTIF(")[2].partition(",")[0]) == [
        " / ".join(MARKERS["not_available"])
    ]
    assert rule_of(at(book, "spend", "begun")).type == "date"
    assert at(book, "spend", "budget").number_format == "£#,##0.00"


def test_checks_go_as_far_down_as_the_return_may(book: openpyxl.Workbook) -> None:
    assert rule_of(at(book, "spend", "kind", SPEND.max_rows - 1)) is rule_of(at(book, "spend", "kind"))


def test_what_excel_shows_is_in_both_languages_and_short_enough(book: openpyxl.Workbook) -> None:
    for place in range(len(SPEND.columns)):
        rule = rule_of(book["Spend"].cell(HEADING_ROW + 2, place + 1))
        assert "\n" in rule.prompt
        assert len(rule.prompt) <= 255
        assert len(rule.promptTitle) <= 32


def test_a_blank_template_holds_no_formula_and_no_persons_name(book: openpyxl.Workbook) -> None:
    cells = itertools.chain.from_iterable(row for sheet in book for row in sheet.iter_rows())
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    assert not book.properties.creator
    assert not book.properties.lastModifiedBy


def test_the_same_template_is_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = write_template(
        SPEC, GWENT, PERIOD, tmp_path / "b.xlsx", offers=OFFERS, previous=PREVIOUS, due=date(2019, 11, 15)
    )
    assert again.read_bytes() == path.read_bytes()


def test_the_cover_says_when_it_is_due_in_both_languages(book: openpyxl.Workbook) -> None:
    told = book[COVER_EN]["A3"].value
    assert "15 November 2019" in told
    assert "15 Tachwedd 2019" in told


def test_every_label_exists_in_welsh(book: openpyxl.Workbook) -> None:
    for words in (*UNITS.values(), *MARKERS.values(), *ROLES.values(), *YES_NO.values(), *LANGUAGES.values()):
        assert all(words)
    kinds = {c.type for c in SPEND.columns} | {"integer", "decimal"}
    for kind in kinds:
        choices = ({"key": "a", "en": "A", "cy": "B"},) if kind == "choice" else ()
        types = ("local_authority",) if kind == "area" else ()
        one = Column(
            key="x", heading_en="x", heading_cy="x", type=kind, choices=choices, area_types=types, min=1, max=2
        )
        en, cy = expected(one)
        assert en
        assert cy
        assert en != cy
    told = [words for words, _ in guidance(SPEC)] + [w for s in SPEC.sheets for w in checks_in_words(SPEC, s)]
    told += [words for item in (*FIELDS, None) if (words := about_field(SPEC, PERIOD, item))]
    assert all(en and cy and en != cy for en, cy in told)
    for sheet in SPEC.sheets:
        for place, c in enumerate(sheet.columns, 1):
            text = book[sheet_titles(SPEC)[sheet.key]].cell(HEADING_ROW + 1, place).value
            assert c.heading_en in text
            assert c.heading_cy in text


def test_what_is_checked_is_told_without_placeholders() -> None:
    told = [words for words, _ in guidance(SPEC)]
    assert ("You are asked to mend a row where: … is over …", "Gofynnir i chi gywiro rhes os: Mae … dros …") in told
    assert any("counted from the start of the financial year" in en for en, _ in told)
    assert any("Total (£)" in en and "Cyfanswm (£)" in cy for en, cy in told)


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("a[b]:c*d?e/f\\g", "a b c d e f g"),
        ("'quoted'", "quoted"),
        ("History", "History_"),
        ("x" * 40, "x" * 31),
        ("*", "Sheet"),
    ],
)
def test_a_sheets_name_is_one_that_excel_takes(title: str, made: str) -> None:
    assert excel_title(title, set()) == made


def test_two_sheets_of_one_name_are_told_apart() -> None:
    taken: set[str] = set()
    assert [excel_title("x" * 40, taken), excel_title("X" * 40, taken)] == ["x" * 31, "X" * 29 + " 2"]


def test_more_rows_than_usual_leave_room_below_them(tmp_path: Path) -> None:
    rows = [{"project": f"P{n}", "kind": "capital"} for n in range(60)]
    book = openpyxl.load_workbook(write_template(SPEC, GWENT, PERIOD, tmp_path / "t.xlsx", prefill={"spend": rows}))
    assert at(book, "spend", "project", 59).value == "P59"
    assert not at(book, "spend", "project", 84).protection.locked
    assert at(book, "spend", "project", 84).border.left.style


@pytest.mark.parametrize("plain", [True, False])
def test_a_filled_workbook_holds_what_was_given_and_text_never_runs(tmp_path: Path, plain: bool) -> None:
    rows = {
        "spend": [
            {"project": "=1+1", "name": "@SUM(A1)", "kind": "capital", "partner": "W06000021",
             "budget": Decimal("10.5"), "spent": "not_available", "children": "£1,234", "share": 12.5,
             "begun": date(2019, 9, 1), "done": True},
            {"project": "Total", "spent": 5},
        ]
    }  # fmt: skip
    cover = {"nil_return": False, "certified_on": date(2019, 11, 1), "certified_role": "rpb_lead", "total": 5}
    made = write_submission(SPEC, GWENT, PERIOD, cover, rows, tmp_path / "s.xlsx", plain=plain, synthetic=True)
    book = openpyxl.load_workbook(made)
    values = [at(book, "spend", c.key).value for c in SPEND.columns]
    assert [v.date() if hasattr(v, "date") else v for v in values] == [
        "=1+1", "@SUM(A1)", "Capital / Cyfalaf", "Monmouthshire / Sir Fynwy", 10.5, "Not available / Ddim ar gael",
        "£1,234", 12.5, date(2019, 9, 1), "Yes / Ydy", None,
    ]  # fmt: skip
    assert at(book, "spend", "project").data_type == "s"
    assert SYNTHETIC_EN in book[COVER_EN]["A1"].value
    told = {row[0].value: row[1].value for row in book[COVER_EN].iter_rows() if row[0].value}
    assert told["Certified as / Ardystiwyd fel"] == " / ".join(ROLES["rpb_lead"])
    assert told["Nil return / Dim i’w adrodd"] == "No / Nac ydy"
    assert told["Total (£) / Cyfanswm (£)"] == 5
    assert book[MARK_SHEET]["B1"].value == "made_up"


def test_a_sheet_can_be_left_out_and_headings_can_be_in_one_language(tmp_path: Path) -> None:
    made = write_submission(
        SPEC, GWENT, PERIOD, {}, {}, tmp_path / "s.xlsx", plain=True, sheets=["plan"], language="cy"
    )
    book = openpyxl.load_workbook(made)
    assert "Spend" not in book.sheetnames
    assert book["Plan what when"].cell(HEADING_ROW + 1, 2).value == "figure yn Gymraeg (gwelyau)"


def test_a_csv_says_the_cover_then_each_sheet_and_escapes_what_would_run(tmp_path: Path) -> None:
    rows = {"spend": [{"project": "=cmd", "budget": -5, "done": False}], "plan": [{"priority": "first", "figure": 3}]}
    made = write_csv(SPEC, GWENT, PERIOD, {"certified_on": date(2019, 11, 1)}, rows, tmp_path / "s.csv")
    lines = list(csv.reader(made.read_text(encoding="utf-8-sig").splitlines()))
    assert ["Period / Cyfnod", "2019-20 Q2"] in lines
    assert ["Date of certification / Dyddiad ardystio", "2019-11-01"] in lines
    start = lines.index(["[Spend]"])
    assert lines[start - 1] == []
    assert lines[start + 1] == [heading(c) for c in SPEND.columns]
    assert lines[start + 2] == ["'=cmd", "", "", "", "-5", "", "", "", "", "No / Nac ydy", ""]
    assert lines[lines.index(["[Plan what when]"]) + 2] == ["First / Cyntaf", "3"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_escaped_and_a_number_is_not(text: str) -> None:
    assert csv_text(text) == f"'{text}"
    assert csv_text(-1.5) == "-1.5"
    assert csv_text(Decimal("-1.50")) == "-1.50"


FILLED = {
    "spend": [
        {"project": "GW-1", "name": "Edge of care", "kind": "capital", "partner": "W06000021", "budget": 10.5,
         "spent": "not_available", "children": 7, "share": 12.5, "begun": date(2019, 9, 1), "done": True,
         "why": "Work began late."},
        {"project": "GW-2", "name": "Respite", "kind": "revenue", "partner": "W06000020", "budget": 1000, "spent": 5.25,
         "children": 0, "share": 0, "begun": date(2019, 4, 30), "done": False},
    ],
    "plan": [{"priority": "first", "figure": 3}, {"priority": "second", "figure": "not_offered"}],
}  # fmt: skip
FAMILIES = {"made_up": Family(versions=(("2019-20 Q1", SPEC),))}


@pytest.mark.parametrize("form", ["plain.xlsx", "full.xlsx", "form.csv"])
@pytest.mark.parametrize("language", ["both", "en", "cy"])
def test_what_is_written_is_read_again(form: str, language: Languages, tmp_path: Path) -> None:
    cover = {"nil_return": False, "certified_on": date(2019, 11, 1), "certified_role": "rpb_lead", "language": "cy"}
    path = tmp_path / form
    if form.endswith("csv"):
        write_csv(SPEC, GWENT, PERIOD, cover, FILLED, path, synthetic=True, language=language)
    else:
        plain = form.startswith("plain")
        write_submission(SPEC, GWENT, PERIOD, cover, FILLED, path, plain=plain, synthetic=True, language=language)
    parsed = parse_book(read_book(path, form), families=FAMILIES)
    assert [p.code for p in parsed.problems] == []
    assert (parsed.return_key, parsed.area_code, parsed.period) == ("made_up", "rpb_gwent", PERIOD)
    assert parsed.is_synthetic
    assert {key: parsed.cover.get(key) for key in cover} == cover
    for sheet in parsed.sheets:
        for number, row in enumerate(FILLED[sheet.key]):
            read = {k: sheet.statuses.get(k, {}).get(number) or v[number] for k, v in sheet.values.items()}
            assert {k: v for k, v in read.items() if v is not None} == row


def test_a_blank_template_is_read_as_one_with_nothing_in_it_but_what_was_filled_in(path: Path) -> None:
    parsed = parse_book(read_book(path, "t.xlsx"), families=FAMILIES)
    assert {p.code for p in parsed.problems} <= {"required_missing", "required_blank"}
    spend, plan = parsed.sheets
    assert spend.values["project"] == ["GW-1"]
    assert spend.values["spent"] == [None]  # last period’s figure is no answer
    assert plan.values["priority"] == ["first", "second"]
    assert not set(parsed.cover) & {f.key for f in FIELDS if f.by == "submitter"}  # nor is the cover’s guidance


def test_every_return_of_the_project_has_a_template(tmp_path: Path) -> None:
    from ingestion.returns.areas import areas_of_type
    from ingestion.returns.spec import load_returns

    for family in load_returns().values():
        for first, spec in family.versions:
            period = read_return_period(first, spec.cadence)
            assert isinstance(period, ReturnPeriod)
            code = (spec.submitters or areas_of_type(spec.submitted_by, period.end))[0]
            made = write_template(spec, areas()[code], period, tmp_path / f"{spec.key}{spec.version}.xlsx")
            book = CalamineWorkbook.from_path(str(made))
            for sheet in spec.sheets:
                head = book.get_sheet_by_name(sheet_titles(spec)[sheet.key]).to_python()[HEADING_ROW]
                assert head == [heading(c) for c in sheet.columns]
                assert all(words[0] and words[1] for words, _ in guidance(spec))
