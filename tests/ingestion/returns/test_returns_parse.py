"""Cells to a submission: recognised by content, typed column by column, told once for everything that is wrong."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from datetime import time as clock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.returns.areas import areas
from ingestion.returns.book import Book, BookSheet
from ingestion.returns.cover import MARK_SHEET
from ingestion.returns.judging import Judged, _certified, _hold_against, _settle
from ingestion.returns.parse import parse_book, parse_file, read_date, read_number
from ingestion.returns.periods import read_return_period
from ingestion.returns.rules import References, check_rules
from ingestion.returns.spec import load_returns
from ingestion.returns.store import Judgement, Receipt
from ingestion.returns.tables import cell_tables, rows_of_cells
from ingestion.returns.wording import heading

SPEND = load_returns()["icf_spend_quarterly"].of("2019-20 Q2")
COLUMNS = SPEND.sheet("spend").columns
COVER = [
    ["Return / Ffurflen", "Integrated Care Fund – quarterly spend"],
    ["Area / Ardal", "Gwent Regional Partnership Board"],
    ["Period / Cyfnod", "2019-20 Q2"],
    ["Certified by (name)", "The lead officer"],
    ["Certified as", "Regional Partnership Board lead"],
    ["Date of certification", datetime(2019, 11, 11)],
]
ROW = ["GWE-01", "Project 1", "Revenue", "Torfaen", 2e5, 2e5, 1e5, 9e4, 1e3, 1.9e5, None, "Late."]


def codes(parsed):
    return sorted({p.code for p in parsed.problems})


def book(rows, headings=None, cover=COVER, form="xlsx", mark=None, title="Spend / Gwariant"):
    headings = [heading(c) for c in COLUMNS] if headings is None else headings
    sheets = [BookSheet("Cover / Clawr", [list(line) for line in cover])] if cover else []
    sheets.append(BookSheet(title, [[], [], list(headings), *map(list, rows)]))
    if mark:
        sheets.append(BookSheet(MARK_SHEET, [[k, v] for k, v in mark.items()], visible=False))
    return Book(form, sheets)


def changed(**values):
    return [values.get(c.key, v) for c, v in zip(COLUMNS, ROW, strict=True)]


def read(column, value):
    """One value in one column: what became of it, and what was said."""
    parsed = parse_book(book([changed(**{column: value})]))
    (sheet,) = parsed.sheets
    return sheet.values[column][0], sheet.statuses.get(column, {}).get(0), codes(parsed)


# -- which return, whose, for when --------------------------------------------------------------------------------


def test_a_right_submission_is_read_without_a_word():
    parsed = parse_book(book([ROW]))
    assert (parsed.return_key, parsed.area_code) == ("icf_spend_quarterly", "rpb_gwent")
    assert parsed.period.key == "2019-20 Q2"
    assert parsed.problems == []
    assert parsed.cover["certified_role"] == "rpb_lead"
    assert parsed.cover["certified_on"] == date(2019, 11, 11)
    (sheet,) = parsed.sheets
    assert sheet.rows == [4]
    assert sheet.letters["spend_to_date"] == "H"
    assert [sheet.values[c.key][0] for c in COLUMNS] == [
        "GWE-01", "Project 1", "revenue", "W06000020", 2e5, 2e5, 1e5, 9e4, 1e3, 1.9e5, None, "Late."
    ]  # fmt: skip


def test_the_hidden_mark_says_what_a_file_is_where_its_cover_does_not():
    mark = {
        "return_key": "icf_spend_quarterly",
        "template_version": "1",
        "area_code": "rpb_gwent",
        "period_key": "2019-20 Q2",
    }
    parsed = parse_book(book([ROW], cover=None, mark=mark))
    assert parsed.recognised
    assert parsed.problems == []


@pytest.mark.parametrize(
    "name", ["Y Gronfa Gofal Integredig – gwariant chwarterol", "icf_spend", "ICF_SPEND_QUARTERLY"]
)
def test_the_cover_may_be_in_welsh_or_name_the_return_by_an_alias(name):
    cover = [["Ffurflen", name], ["Ardal", "Bwrdd Partneriaeth Rhanbarthol Gwent"], ["Cyfnod", "Chwarter 2, 2019-20"]]
    parsed = parse_book(book([ROW], cover=cover))
    assert (parsed.area_code, parsed.period.key) == ("rpb_gwent", "2019-20 Q2")
    assert parsed.problems == []


def test_headings_alone_say_which_return_it_is():
    parsed = parse_book(book([ROW], cover=COVER[1:], title="Sheet1"))
    assert parsed.return_key == "icf_spend_quarterly"
    assert parsed.problems == []


def test_every_return_is_recognised_by_its_headings_alone():
    said = {key: [[heading(c) for c in s.columns] for s in f.newest.sheets] for key, f in load_returns().items()}
    for key, tables in said.items():
        found = parse_book(Book("xlsx", [BookSheet(f"Sheet{n}", [line]) for n, line in enumerate(tables)]))
        twins = [k for k, other in said.items() if other == tables]
        assert found.return_key == (key if len(twins) == 1 else None)  # which of two twins it is, nobody guesses
        assert found.return_key or codes(found) == ["unknown_return"]


def test_a_cover_of_one_return_with_the_tables_of_another_is_the_wrong_return():
    cover = [["Return", "Workforce vacancies"], *COVER[1:]]
    title = load_returns()["workforce_vacancies"].newest.title_en
    cover[0] = ["Return", title]
    parsed = parse_book(book([ROW], cover=cover))
    assert "wrong_return" in codes(parsed)
    mark = {
        "return_key": "icf_spend_quarterly",
        "template_version": "1",
        "area_code": "rpb_gwent",
        "period_key": "2019-20 Q2",
    }
    marked = parse_book(book([ROW], cover=cover, mark=mark))
    assert codes(marked) == ["wrong_return"]
    assert marked.problems[0].cell == "B1"


def test_a_file_that_says_nothing_of_area_and_period_is_told_so():
    parsed = parse_book(book([ROW], cover=None))
    assert codes(parsed) == ["no_area", "no_period"]
    assert not parsed.recognised


def test_the_folder_says_whose_it_is_where_the_file_does_not():
    cover = [line for line in COVER if not line[0].startswith("Area")]
    assert parse_book(book([ROW], cover=cover), area="rpb_gwent").area_code == "rpb_gwent"
    assert "no_area" in codes(parse_book(book([ROW], cover=cover), area="W06000020"))  # sends no such return


@pytest.mark.parametrize("code", ["rpb_atlantis", "W06000020", "", "=1"])
def test_a_mark_that_somebody_wrote_over_is_not_believed(code):
    mark = {"return_key": "icf_spend_quarterly", "template_version": "1", "area_code": code, "period_key": "nonsense"}
    parsed = parse_book(book([ROW], mark=mark))
    assert parsed.area_code == "rpb_gwent"
    assert parsed.problems == []
    assert codes(parse_book(book([ROW], cover=None, mark=mark))) == ["no_area", "no_period"]


def test_a_sheet_that_is_not_of_the_return_is_said_not_to_have_been_read():
    one = book([ROW])
    one.sheets.append(BookSheet("My workings", [["x", 1.0]]))
    parsed = parse_book(one)
    assert codes(parsed) == ["extra_sheet"]
    assert parsed.problems[0].severity == "warning"
    one.sheets[-1].visible = False
    assert codes(parse_book(one)) == ["hidden_sheet"]


def test_blank_cells_of_the_cover_are_blank_though_somebody_pressed_space():
    parsed = parse_book(
        book(
            [ROW],
            cover=[*COVER, ["Date of certification", "   "], ["Nil return", " "], ["Replaces submission number", "\t"]],
        )
    )
    assert parsed.problems == []


def test_headings_of_a_table_are_no_cover():
    columns = [heading(c) for c in COLUMNS]
    columns[-1] = "Reason for variance"
    lines = [["Reason for a change after the period is closed", columns[1], columns[2]]]
    parsed = parse_book(book([ROW], cover=[*COVER, *lines]))
    assert parsed.cover.get("reason") is None


# -- columns ------------------------------------------------------------------------------------------------------


def test_columns_may_stand_in_any_order_and_values_follow_them():
    parsed = parse_book(book([ROW[::-1]], [heading(c) for c in COLUMNS][::-1]))
    assert parsed.problems == []
    assert parsed.sheets[0].values["spend_to_date"] == [9e4]
    assert parsed.sheets[0].letters["project"] == "L"


@pytest.mark.parametrize(
    "write",
    [
        lambda c: c.heading_cy,
        lambda c: c.heading_en,
        lambda c: c.heading_en.upper() + " *",
        lambda c: f"{c.heading_en}\n{c.heading_cy}",
        lambda c: f"{c.heading_en} / {c.heading_cy} (£)",
        lambda c: f"  {c.heading_en}  (£) ",
        lambda c: c.key,
        lambda c: c.heading_en.replace(" ", "\u00a0"),
    ],
    ids=["cy", "en", "shouted", "two lines", "both with unit", "unit", "key", "nbsp"],
)
def test_headings_are_known_in_both_languages_with_units_and_marks(write):
    assert parse_book(book([ROW], [write(c) for c in COLUMNS])).problems == []


def test_a_renamed_column_is_told_once_and_with_the_heading_that_was_expected():
    headings = [heading(c) for c in COLUMNS]
    headings[7] = "Spent so far"
    (problem,) = [p for p in parse_book(book([ROW], headings)).problems if p.code != "required_missing"]
    assert (problem.code, problem.cell, problem.found) == ("renamed_column", "H3", "Spent so far")
    assert "Spend to date" in problem.message("en")
    assert "Gwariant hyd yma" in problem.message("cy")


def test_a_missing_an_extra_and_a_repeated_column_are_told_each_once():
    headings = [heading(c) for c in COLUMNS]
    missing = parse_book(book([ROW[:8] + ROW[9:]], headings[:8] + headings[9:]))
    assert [(p.code, p.column_key) for p in missing.problems] == [("missing_column", "accruals")]
    extra = parse_book(book([[*ROW, "green"]], [*headings, "Colour"]))
    assert [(p.code, p.cell, p.found) for p in extra.problems] == [("extra_column", "M3", "Colour")]
    twice = parse_book(book([[*ROW, 5.0]], [*headings, headings[7]]))
    assert [(p.code, p.cell) for p in twice.problems] == [("repeated_column", "M3")]


def test_a_heading_above_nothing_and_last_periods_figures_are_no_extra_columns():
    headings = [*[heading(c) for c in COLUMNS], "Notes", "Last period / Cyfnod blaenorol: Spend to date"]
    assert parse_book(book([[*ROW, " ", 45_000.0]], headings)).problems == []


def test_values_under_no_heading_are_an_extra_column():
    assert codes(parse_book(book([[*ROW, None, 4.0]]))) == ["extra_column"]


def test_blank_rows_are_no_rows():
    parsed = parse_book(book([ROW, [None] * 12, ["  ", None, "\t"] + [None] * 9, changed(project="GWE-02")]))
    assert parsed.sheets[0].rows == [4, 7]
    assert parsed.rows_received == 2
    assert parsed.problems == []


# -- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234", 1234), ("1,234", 1234), ("£1,234.50", 1234.5), ("£ 1,234", 1234), ("1 234", 1234),
        ("1 234 567.5", 1234567.5), ("1\u00a0234", 1234), ("1\u202f234", 1234), ("(1,234)", -1234), ("(£1,234)", -1234),
        ("£(1,234)", -1234), ("-5", -5), ("\u22125", -5), ("–5", -5), ("5-", -5), ("1,234-", -1234), ("-£5", -5),
        ("£-5", -5), ("+3", 3), (".5", 0.5), ("0.5", 0.5), ("12%", 12), ("12 %", 12), ("GBP 5", 5), ("5 gbp", 5),
        ("0", 0), ("'5", 5), ("  7 ", 7),
        ("1.234,56", None), ("1,23", None), ("12,34,567", None), ("12 34", None),
        ("1 234,5", None), ("1,234 567", None),
        ("", None), ("-", None), ("–", None), ("£", None), ("(-5)", None), ("--5", None), ("5--", None), ("(5", None),
        ("1e5", None), ("10–20", None), ("10-20", None), ("5.", None), ("about 5", None), ("nil", None), ("5k", None),
        ("$5", None), ("£5m", None), ("nan", None), ("inf", None), ("0x10", None), ("1_000", None), ("½", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it_or_not_at_all(text, number):
    assert read_number(text) == number


@given(st.text(alphabet="0123456789,.()-−–£% \u00a0gbp'", max_size=14))
def test_no_text_breaks_the_reader_of_numbers(text):
    found = read_number(text)
    if found is not None:  # no digit is left out and none is made up
        assert abs(found) == float("".join(c for c in text if c in "0123456789."))


@pytest.mark.parametrize(
    ("value", "day", "said"),
    [
        (datetime(2019, 11, 15, 9), date(2019, 11, 15), None),
        (date(2019, 11, 15), date(2019, 11, 15), None),
        ("2019-11-15", date(2019, 11, 15), None),
        ("15/11/2019", date(2019, 11, 15), "date_as_text"),
        ("15 November 2019", date(2019, 11, 15), "date_as_text"),
        ("15 Tachwedd 2019", date(2019, 11, 15), "date_as_text"),
        ("1 Mawrth 2020", date(2020, 3, 1), "date_as_text"),
        ("11/15/2019", None, "us_date"),
        ("02/30/2019", None, "us_date"),
        ("30/02/2019", None, "not_a_date"),
        ("next spring", None, "not_a_date"),
        ("2019-13-01", None, "not_a_date"),
        (43784.0, None, "not_a_date"),  # a serial number without a date’s format: which day it is depends on the file
        (True, None, "not_a_date"),
    ],
)
def test_a_date_is_read_with_what_is_odd_about_it(value, day, said):
    assert read_date(value) == (day, said)


@pytest.mark.parametrize(
    ("column", "value", "read_as", "status", "said"),
    [
        ("spend_to_date", "£90,000", 90_000, None, ["number_as_text"]),
        ("spend_to_date", "90000", 90_000, None, []),
        ("spend_to_date", "Not available / Ddim ar gael", None, "not_available", []),
        ("spend_to_date", "ddim ar gael", None, "not_available", []),
        ("spend_to_date", "n/a", None, None, ["marker_not_allowed"]),
        ("spend_to_date", None, None, None, ["required_missing"]),
        ("budget", None, None, None, ["required_blank"]),
        ("budget", "Unable to commit", None, None, ["marker_not_allowed"]),
        ("budget", "12%", None, None, ["not_a_number"]),
        ("budget", -1.0, None, None, ["out_of_range"]),
        ("budget", float("nan"), None, None, ["not_a_number"]),
        ("budget", float("inf"), None, None, ["not_a_number"]),
        ("budget", True, None, None, ["not_a_number"]),
        ("budget", datetime(2020, 1, 1), None, None, ["not_a_number"]),
        ("accruals", None, None, None, []),
        ("accruals", "(£500)", -500, None, ["number_as_text"]),
        ("project", 12.0, "12", None, []),
        ("project_name", "=1+1", "=1+1", None, []),
        ("project_name", "-project", "-project", None, []),
        ("project_name", 7.5, "7.5", None, []),
        ("project_name", "n/a", "n/a", None, []),
        ("project_name", "x" * 201, None, None, ["too_long_text"]),
        ("project", "=1+1", None, None, ["pattern"]),
        ("capital_or_revenue", "CYFALAF", "capital", None, []),
        ("capital_or_revenue", "Capital / Cyfalaf", "capital", None, []),
        ("capital_or_revenue", "Both", None, None, ["unknown_choice"]),
        ("lead_partner", "Sir Fynwy", "W06000021", None, []),
        ("lead_partner", "W06000021", "W06000021", None, []),
        ("lead_partner", "Powys", None, None, ["outside_submitter"]),
        ("lead_partner", "Atlantis", None, None, ["unknown_area"]),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_its_column_says(column, value, read_as, status, said):
    assert read(column, value) == (read_as, status, said)


def test_missing_is_not_zero_and_a_marker_keeps_its_word():
    parsed = parse_book(book([changed(spend_to_date="ddim ar gael", accruals=None)]))
    (sheet,) = parsed.sheets
    assert sheet.values["spend_to_date"] == [None]
    assert sheet.found["spend_to_date"] == {0: "ddim ar gael"}
    assert sheet.values["accruals"] == [None]


def test_a_csv_of_ours_has_its_guard_undone_and_nothing_else(write_return, made, tmp_path):
    texts = ["=1+1", "+44", "-x", "@SUM(A1)", "'quoted'", "’Welsh", "a'b"]
    rows = [made.project(n, 0, project_name=text) for n, text in enumerate(texts)]
    one = made.SPEND.with_(cover={"total_spend_to_date": 0})
    one.rows = {"spend": rows}
    for name in ("one.csv", "one.xlsx"):
        parsed, _ = parse_file(write_return(one, tmp_path / name), name)
        assert parsed.sheets[0].values["project_name"] == texts
        assert parsed.problems == []


def test_a_number_whose_text_says_the_same_keeps_no_second_text(write_return, made, tmp_path):
    parsed, _ = parse_file(write_return(made.SPEND.with_(budget="£200,000"), tmp_path / "a.csv"), "a.csv")
    assert parsed.sheets[0].found == {"budget": {0: "£200,000"}}


# -- totals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Total", "TOTALS:", "Cyfanswm", "grand total"])
def test_a_pasted_total_is_left_out_and_still_received(word):
    parsed = parse_book(book([ROW, [word, None, None, None, 2e5, 2e5, 1e5, 9e4, 1e3, 1.9e5, None, None]]))
    (sheet,) = parsed.sheets
    assert sheet.rows == [4]
    assert [row for row, _ in sheet.totals] == [5]
    assert parsed.rows_received == 2
    assert parsed.problems == []
    found = check_rules(parsed, SPEND)
    assert [p.code for p in found if "total" in p.code] == ["pasted_total", "control_total_missing"]


def test_a_project_that_is_called_total_and_has_its_other_names_is_a_row():
    parsed = parse_book(book([ROW, changed(project="Total")]))
    assert parsed.sheets[0].rows == [4, 5]


# -- whatever comes -----------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [heading(c) for c in COLUMNS] + [c.heading_cy for c in COLUMNS] + ["Area", "Period / Cyfnod", "Return", "Total",
     "Version", "Template version", "Nil return", "Yes", "Ydy", "rpb_gwent", "Torfaen", "2019-20 Q2", "icf_spend",
     "n/a",      "[Spend]", "[]", "'=1", "£1", "(5)", "15 Tachwedd 2019", "Total spend to date (£)", "'", " "]
)  # fmt: skip
CELLS = st.one_of(
    st.none(), WORDS, st.text(max_size=12), st.floats(), st.booleans(), st.integers(-(10**12), 10**12),
    st.datetimes(), st.dates(), st.times(), st.timedeltas(),
)  # fmt: skip


@st.composite
def books(draw):
    form = draw(st.sampled_from(["xlsx", "xls", "ods", "csv"]))
    cells = st.one_of(st.none(), WORDS, st.text(min_size=1, max_size=12)) if form == "csv" else CELLS
    sheets = []
    for _ in range(draw(st.integers(0, 1 if form == "csv" else 3))):
        rows = draw(st.lists(st.lists(cells, max_size=6), max_size=8))
        small = st.integers(0, 9)
        sheets.append(
            BookSheet(
                draw(st.sampled_from(["Cover", "Spend", MARK_SHEET, "", "x"])), rows, draw(st.booleans()),
                draw(st.lists(st.tuples(small, small, small, small), max_size=2)), draw(st.sets(small)),
                draw(st.sets(small)),
                draw(st.dictionaries(st.tuples(small, small), st.booleans(), max_size=3)),
            )
        )  # fmt: skip
    return Book(form, sheets)


def told(problems):
    return [(p.message(lang), p.do(lang), p.cell, p.severity) for p in problems for lang in ("en", "cy")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books(), st.sampled_from([None, "rpb_gwent", "W06000020"]))
def test_whatever_stands_in_a_book_parsing_it_ends_with_a_submission(some, area):
    parsed = parse_book(some, area=area)
    told(parsed.problems)
    if parsed.recognised:
        told(check_rules(parsed, parsed.spec()))


def settled(some, spec=None):
    """What `judge_file` makes of a book."""
    parsed = parse_book(some)
    receipt = Receipt.model_construct(submission_id="s", sender=None, original_name="x")
    judged = Judged(receipt, Judgement(outcome="quarantined"), list(parsed.problems), parsed)
    judged.spec = parsed.spec() if parsed.return_key else None
    if parsed.recognised:
        _hold_against(judged, judged.known, References())
        _certified(judged, judged.known)
    _settle(judged)
    return judged


@st.composite
def mutated(draw):
    """A right submission after somebody worked in it."""
    key = draw(st.sampled_from(["icf_spend_quarterly", "nasa_regional"]))
    if key == "icf_spend_quarterly":
        cover, columns, title = COVER, COLUMNS, "Spend"
        rows = [changed(project=f"GWE-{n:02d}", project_name=f"Project {n}") for n in range(4)]
        cover = [*COVER, ["Total spend to date (£)", 3.6e5]]
    else:
        spec = load_returns()[key].of("2019-20 Q2")
        sheet = spec.sheet("offers")
        title, columns = sheet.title_en, sheet.columns
        cover = [["Return", spec.title_en], ["Area", areas()["advocacy_gwent"].name_en], ["Period", "2019-20 Q2"]]
        total = spec.control_totals[0]
        cover.append([total.heading_en, 120.0])
        known = {"provider": "Service A", "eligible": 40.0, "offers": 30.0, "accepted": 12.0}
        rows = [
            [known.get(c.key, code) for c in columns] for code in ("W06000018", "W06000020", "W06000021", "W06000022")
        ]
    rows = [list(r) for r in rows]
    headings = [heading(c) for c in columns]
    for _ in range(draw(st.integers(0, 4))):
        what = draw(st.sampled_from(["drop", "double", "alter", "total", "blank", "heading", "cover"]))
        at = draw(st.integers(0, max(len(rows) - 1, 0)))
        if what == "drop" and rows:
            del rows[at]
        elif what == "double" and rows:
            rows.append(list(rows[at]))
        elif what == "alter" and rows:
            rows[at][draw(st.integers(0, len(columns) - 1))] = draw(CELLS)
        elif what == "total":
            rows.append(["Total", *[draw(st.sampled_from([None, 120.0])) for _ in columns[1:]]])
        elif what == "blank":
            rows.insert(at, [None] * len(columns))
        elif what == "heading":
            headings[draw(st.integers(0, len(columns) - 1))] = draw(st.sampled_from(["x", None, *headings]))
        elif what == "cover":
            cover = [list(line) for line in cover]
            draw(st.sampled_from(cover))[1] = draw(CELLS)
    return Book("xlsx", [BookSheet("Cover", cover), BookSheet(title, [headings, *rows])])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_received_is_accepted_and_quarantined_whatever_somebody_did_to_a_right_submission(some):
    judged = settled(some)
    made = judged.judgement
    assert made.rows_received == made.rows_accepted + made.rows_quarantined
    assert min(made.rows_accepted, made.rows_quarantined) >= 0
    told(judged.problems)
    if judged.spec is None:
        return
    accepted, quarantined = cell_tables(judged)
    places = [
        set(zip(*(t.column(n).to_pylist() for n in ("sheet", "row_number")), strict=True))
        for t in (accepted, quarantined)
    ]
    assert not places[0] & places[1]
    counted = [len(p) for p in places]
    if made.outcome in ("accepted", "part_accepted", "held"):
        assert counted == [made.rows_accepted, made.rows_quarantined]
    else:
        assert sum(counted) == made.rows_received


def test_cells_give_the_rows_again_that_they_were_made_of():
    judged = settled(
        book([changed(accruals=None, budget=200_000.1)], cover=[*COVER, ["Total spend to date (£)", 90_000.0]])
    )
    assert judged.judgement.outcome == "accepted"
    accepted, _ = cell_tables(judged)
    (row,) = rows_of_cells(accepted, SPEND)["spend"]
    assert row == {k: v[0] for k, v in judged.parsed.sheets[0].values.items()}


# -- many rows ----------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_rows_are_typed_and_checked_in_seconds():
    spec = load_returns()["nasa_regional"].of("2019-20 Q2")
    columns = spec.sheet("offers").columns
    known = {"eligible": 40.0, "offers": 30.0, "accepted": 12.0, "authority": "Torfaen / Torfaen"}
    rows = [[f"Service {n}" if c.key == "provider" else known[c.key] for c in columns] for n in range(100_000)]
    cover = [["Return", spec.title_en], ["Area", areas()["advocacy_gwent"].name_en], ["Period", "2019-20 Q2"]]
    cover.append([spec.control_totals[0].heading_en, 3_000_000.0])
    one = Book("xlsx", [BookSheet("Cover", cover), BookSheet("x", [[heading(c) for c in columns], *rows])])
    started = time.monotonic()
    parsed = parse_book(one)
    problems = check_rules(parsed, spec)
    assert parsed.problems + problems == []
    assert parsed.rows_received == 100_000
    assert time.monotonic() - started < 15  # a second or two where nothing else runs


def test_a_hundred_thousand_bad_cells_are_told_each():
    spec = load_returns()["nasa_regional"].of("2019-20 Q2")
    columns = spec.sheet("offers").columns
    known = {"eligible": 40.0, "offers": "many", "accepted": 12.0, "authority": "Torfaen"}
    rows = [[f"Service {n}" if c.key == "provider" else known[c.key] for c in columns] for n in range(20_000)]
    cover = [["Return", spec.title_en], ["Area", areas()["advocacy_gwent"].name_en], ["Period", "2019-20 Q2"]]
    one = Book("xlsx", [BookSheet("Cover", cover), BookSheet("x", [[heading(c) for c in columns], *rows])])
    found = [p for p in parse_book(one).problems if p.code == "not_a_number"]
    assert len(found) == 20_000
    assert found[-1].row == 20_001


def test_kinds_of_cells_that_no_column_asks_for_are_told_and_break_nothing():
    for value in (clock(9, 30), timedelta(hours=30), float("-inf"), 10**30, ""):
        for column in COLUMNS:
            read(column.key, value)


def test_the_version_of_the_period_is_expected():
    later = read_return_period("2020-21 Q1", "quarterly")
    cover = [*COVER[:2], ["Period", later.key], ["Template version", 1.0], *COVER[3:]]
    parsed = parse_book(book([ROW], cover=cover))
    assert "wrong_version" in codes(parsed)
    assert parsed.template_version == 2
