"""Writes the files in ``rules/``, the same every time: ``python tests/must_fail/returns/make_rules.py``.

Each is a right return with one thing wrong, called after what it must be told for, with ``--`` before a second example
of it. ``rules/registry.yml`` says of each what is expected; it and the offer letters in ``rules/beside/offers.csv`` are
written by hand. Those that begin with ``good`` are
right. A file in ``rules/previous/`` or ``rules/beside/`` came before the file of the same name.
"""

from __future__ import annotations

import copy
import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.returns.areas import areas
from ingestion.returns.periods import read_return_period
from ingestion.returns.spec import ReturnSpec, load_returns
from ingestion.returns.workbook import write_csv, write_submission

FOLDER = Path(__file__).with_name("rules")
Lines = list[list[str]]


class Return:
    """A right return, to be broken."""

    def __init__(self, key: str, area: str, period: str, rows: dict[str, list[dict[str, Any]]], **cover: Any) -> None:
        family = load_returns()[key]
        found = read_return_period(period, family.newest.cadence)
        assert found is not None
        self.spec: ReturnSpec = family.of(found.key)
        self.area, self.period = areas()[area], found
        self.rows = rows
        self.cover: dict[str, Any] = {"prepared_by": "Grants officer", "language": "en"}
        if self.spec.certification:
            self.cover |= {"certified_by": "The lead officer", "certified_role": self.spec.certification}
            self.cover["certified_on"] = date(2023, 11, 10) if found.start.year > 2021 else date(2019, 11, 11)
        for total in self.spec.control_totals:
            self.cover[total.key] = sum(row[total.column] for row in rows[total.sheet])
        self.cover |= cover

    def with_(self, sheet: str = "", row: int = 0, cover: dict[str, Any] | None = None, **values: Any) -> Return:
        """The same with other values in one row, or on the cover."""
        other = copy.copy(self)
        other.rows = copy.deepcopy(self.rows)
        other.cover = self.cover | (cover or {})
        if values:
            other.rows[sheet or next(iter(other.rows))][row] |= values
        return other

    def plus(self, sheet: str, *rows: dict[str, Any]) -> Return:
        """The same with more rows; the cover is left as it was."""
        other = self.with_()
        other.rows[sheet] = [*other.rows[sheet], *rows]
        return other

    def csv(self, name: str, edit: Callable[[Lines], Lines] | None = None, language: Any = "both") -> None:
        """Write it as CSV; ``edit`` changes the lines."""
        path = FOLDER / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(self.spec, self.area, self.period, self.cover, self.rows, path, language=language, encoding="utf-8")
        if edit:
            with path.open(encoding="utf-8", newline="") as handle:
                lines = edit(list(csv.reader(handle)))
            with path.open("w", encoding="utf-8", newline="") as handle:
                csv.writer(handle).writerows(lines)

    def xlsx(self, name: str, edit: Callable[[dict[str, str]], None] | None = None, **options: Any) -> None:
        """Write it as a workbook; ``edit`` changes its XML parts."""
        path = FOLDER / f"{name}.xlsx"
        write_submission(self.spec, self.area, self.period, self.cover, self.rows, path, plain=True, **options)
        if edit:
            with zipfile.ZipFile(path) as archive:
                parts = {i.filename: archive.read(i).decode("utf-8") for i in archive.infolist()}
            edit(parts)
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for part, text in parts.items():
                    archive.writestr(zipfile.ZipInfo(part, (2020, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED, 9)
            path.write_bytes(out.getvalue())


def project(number: int, spend: float, **values: Any) -> dict[str, Any]:
    """A project that is in order, whatever it spent so far."""
    row: dict[str, Any] = {
        "project": f"GWE-{number:02d}",
        "project_name": f"Project {number}",
        "capital_or_revenue": "revenue",
    }
    row |= {"lead_partner": "W06000020", "original_budget": 200_000, "budget": 200_000, "profile_to_date": 100_000}
    row |= {"spend_to_date": spend, "accruals": 1_000, "forecast": 190_000, "underspend": None}
    return row | {"variance_reason": "A post was filled late."} | values


SPEND = Return(
    "icf_spend_quarterly", "rpb_gwent", "2019-20 Q2",
    {"spend": [project(1, 90_000), project(2, 95_500.5, lead_partner="W06000022"), project(3, 60_000)]},
)  # fmt: skip
SPEND_BEFORE = Return(
    "icf_spend_quarterly", "rpb_gwent", "2019-20 Q1",
    {"spend": [project(n, 45_000, profile_to_date=50_000) for n in (1, 2, 3)]}, certified_on=date(2019, 8, 12),
)  # fmt: skip
OUTCOMES = Return(
    "icf_outcomes_six_monthly", "rpb_gwent", "2019-20 H1",
    {
        "outcomes": [
            {
                "project": f"GWE-{n:02d}", "project_name_en": f"Project {n}", "project_name_cy": f"Prosiect {n}",
                "outcome_measure": "Families supported", "measured_in": "families", "outcome_value": 10 * n,
                "narrative": "More families stayed together.", "narrative_language": "en",
            }
            for n in (1, 2)
        ]
    },
)  # fmt: skip
ADVOCACY = Return(
    "nasa_regional", "advocacy_gwent", "2019-20 Q2",
    {
        "offers": [
            {"provider": "Advocacy Service A", "authority": code, "eligible": 40, "offers": 30, "accepted": 12}
            for code in ("W06000018", "W06000020", "W06000022")
        ]
    },
    total_offers=90,
)  # fmt: skip
HOMES = Return(
    "housing_with_care_proposals", "rpb_gwent", "2023-24 Q2",
    {
        "schemes": [
            {
                "scheme": f"GWE-H{n}", "scheme_name": f"Home {n}", "authority": "W06000020", "funding": 700_000,
                "homes": 1, "beds_planned": 4, "beds_open": 3, "beds_outstanding": 1, "children_supported": 3,
                "notes": None,
            }
            for n in (1, 2)
        ]
    },
)  # fmt: skip
PLAN = Return(
    "re_plan", "W06000020", "2019-20",
    {
        "plan": [
            dict(row) | {"planned_reduction": 2, "assumption": "It rests on earlier help for families."}
            for row in load_returns()["re_plan"].of("2019-20").sheet("plan").fixed_rows
        ]
    },
    certified_on=date(2019, 6, 20),
)  # fmt: skip
WORKFORCE = Return(
    "workforce_vacancies", "W06000020", "2021-22",
    {
        "workforce": [
            {"measure": "posts_fte", "value": 60.5, "note": None},
            {"measure": "vacancies_fte", "value": 9.5, "note": None},
            {"measure": "agency_workers", "value": 7, "note": None},
        ]
    },
    certified_on=date(2022, 6, 1),
)  # fmt: skip
YEAR_END = Return(
    "rif_end_of_year", "rpb_gwent", "2021-22",
    {
        "outcomes": [copy.deepcopy(OUTCOMES.rows["outcomes"][0])],
        "residential": [
            {
                "project": "GWE-01", "project_name": "Project 1", "stage": "approved", "opens_on": date(2022, 11, 14),
                "homes": 1, "beds_planned": 3, "delay_reason": None,
            }
        ],
    },
    certified_on=date(2022, 7, 20),
)  # fmt: skip
PUPILS = Return(
    "pdg_lac_monitoring", "education_eas", "2019-20 Q2",
    {
        "spend": [
            {
                "line": line, "original_budget": 100_000, "budget": 100_000, "profile_to_date": 50_000,
                "spend_to_date": 48_000, "accruals": 500, "forecast": 98_000, "underspend": None,
                "variance_reason": None,
            }
            for line in ("schools", "training")
        ],
        "activity": [
            {
                "authority": "W06000020", "meetings": 2, "schools_visited": 5, "pupils_supported": 40,
                "pupils_with_plan": 31, "impact": "Attendance rose.",
            }
        ],
    },
)  # fmt: skip


# -- edits of lines -----------------------------------------------------------------------------------------------


def table(lines: Lines) -> int:
    """Where the first table’s headings stand."""
    return next(n for n, line in enumerate(lines) if line and line[0].startswith("[")) + 1


def reordered(lines: Lines) -> Lines:
    head = table(lines)
    return lines[:head] + [list(reversed(line)) for line in lines[head:]]


def without(place: int) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        head = table(lines)
        return lines[:head] + [line[:place] + line[place + 1 :] for line in lines[head:]]

    return edit


def renamed(place: int, text: str) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        lines[table(lines)][place] = text
        return lines

    return edit


def one_more(heading: str, value: str) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        head = table(lines)
        return lines[:head] + [[*lines[head], heading]] + [[*line, value] for line in lines[head + 1 :]]

    return edit


def cell(row: int, place: int, text: str) -> Callable[[Lines], Lines]:
    """As somebody typed it, with no guard before it."""

    def edit(lines: Lines) -> Lines:
        lines[table(lines) + 1 + row][place] = text
        return lines

    return edit


def unknown(lines: Lines) -> Lines:
    return [["Stock list"], ["Item", "Shelf", "Price"], ["Chair", "B2", "45"], ["Desk", "A1", "120"]]


# -- edits of workbooks -------------------------------------------------------------------------------------------


def sheet_part(parts: dict[str, str]) -> str:
    """The part of the sheet with most rows."""
    return max((n for n in parts if n.startswith("xl/worksheets/sheet")), key=lambda n: parts[n].count("<c "))


def head_row(parts: dict[str, str]) -> int:
    """The row of the first figures: three rows of data stand last."""
    return max(int(n) for n in re.findall(r'<row r="(\d+)"', parts[sheet_part(parts)])) - 2


def edit_sheet(change: Callable[[str, int], str]) -> Callable[[dict[str, str]], None]:
    def edit(parts: dict[str, str]) -> None:
        name = sheet_part(parts)
        before = parts[name]
        parts[name] = change(before, head_row(parts))
        assert parts[name] != before

    return edit


def hidden_row(text: str, row: int) -> str:
    return text.replace(f'<row r="{row}"', f'<row r="{row}" hidden="1"')


def hidden_column(text: str, _: int) -> str:
    text = re.sub(r"<cols>.*?</cols>", "", text)
    return text.replace(
        "<sheetData>", '<cols><col min="9" max="9" width="9" hidden="1" customWidth="1"/></cols><sheetData>'
    )


def merged(text: str, row: int) -> str:
    return text.replace(
        "</sheetData>", f'</sheetData><mergeCells count="1"><mergeCell ref="D{row}:D{row + 1}"/></mergeCells>'
    )


def formula(value: bool) -> Callable[[str, int], str]:
    def change(text: str, row: int) -> str:
        kept = r"\2" if value else ""
        return re.sub(rf'(<c r="H{row}"[^>]*>)(<v>[^<]*</v>)', rf"\1<f>45000+45000</f>{kept}", text)

    return change


def hidden_sheet(parts: dict[str, str]) -> None:
    book = parts["xl/workbook.xml"]
    titles = re.findall(r'<sheet name="[^"]*Spend[^"]*"', book)
    parts["xl/workbook.xml"] = book.replace(titles[0], f'{titles[0]} state="hidden"')
    assert titles


def main() -> None:
    """Write them all."""
    good = SPEND.rows["spend"]
    for name, one in {"good": SPEND, "good--outcomes": OUTCOMES, "good--advocacy": ADVOCACY, "good--homes": HOMES,
                      "good--plan": PLAN, "good--workforce": WORKFORCE, "good--year_end": YEAR_END,
                      "good--pupils": PUPILS}.items():  # fmt: skip
        one.csv(name)
    SPEND.csv("good--translated_headings", language="cy")
    SPEND.csv("good--reordered_columns", reordered)
    SPEND.csv("good--text_like_a_formula", cell(0, 1, '=HYPERLINK("http://example.org";"Project 1")'))
    SPEND.csv("good--text_like_a_formula_plus", cell(0, 1, "+44 project"))
    SPEND.csv("good--text_like_a_formula_minus", cell(0, 1, "-project"))
    SPEND.csv("good--text_like_a_formula_at", cell(0, 1, "@SUM(A1:A9)"))
    SPEND.xlsx("good--workbook")
    # which return, whose, when
    SPEND.csv("unknown_return", unknown)
    SPEND.with_(cover={"area": "Powys Regional Partnership Board"}).xlsx("wrong_area")
    SPEND.csv("wrong_area--anothers_folder")
    SPEND.with_(cover={"area": "Atlantis"}).csv("unknown_area_cover")
    SPEND.with_(cover={"submitted_by": "rpb_powys"}).csv("wrong_submitter")
    SPEND.with_(cover={"period": "2018-19 Q2"}).csv("wrong_period")
    SPEND.with_(cover={"period": "2019-20 Q1"}).xlsx("wrong_period--not_the_templates")
    SPEND.with_(cover={"period": "2019-20 H1"}).csv("unknown_period")
    SPEND.with_(cover={"version": 7}).csv("wrong_version")
    # sheets and columns
    PUPILS.xlsx("missing_sheet", sheets=("spend",))
    SPEND.csv("missing_column", without(8))
    SPEND.csv("renamed_column", renamed(7, "Money used so far"))
    SPEND.csv("repeated_column", renamed(5, "Spend to date"))
    SPEND.csv("extra_column", one_more("Colour", "green"))
    SPEND.with_(cover={"total_spend_to_date": 0}).csv("no_rows", lambda lines: lines[: table(lines) + 1])
    SPEND.plus("spend", good[0] | {"spend_to_date": 0, "accruals": 0}).csv("duplicate_row")
    PLAN.plus("plan", dict(PLAN.rows["plan"][0])).csv("too_many_rows")
    WORKFORCE.csv("fixed_row_missing", lambda lines: lines[:-1])
    SPEND.xlsx("hidden_rows", edit_sheet(hidden_row))
    SPEND.xlsx("hidden_columns", edit_sheet(hidden_column))
    SPEND.xlsx("hidden_sheet", hidden_sheet)
    SPEND.xlsx("merged_cells", edit_sheet(merged))
    SPEND.xlsx("formula_value", edit_sheet(formula(value=True)))
    SPEND.xlsx("formula_without_value", edit_sheet(formula(value=False)))
    # cells
    SPEND.csv("required_missing", cell(2, 7, ""))
    OUTCOMES.csv("required_blank", cell(0, 0, ""))  # an outcome of no project
    SPEND.with_(spend_to_date="£90,000").csv("number_as_text")
    SPEND.with_(accruals="(£500)").csv("number_as_text--negative_in_brackets")
    SPEND.with_(spend_to_date="about ninety thousand").csv("not_a_number")
    SPEND.with_(spend_to_date="90.000,00").csv("not_a_number--continental")
    ADVOCACY.with_(accepted=12.5).csv("not_whole")
    ADVOCACY.with_(accepted="(5)").csv("negative_count")
    HOMES.with_(homes=-1).csv("out_of_range")
    YEAR_END.with_("residential", opens_on="14 Tachwedd 2022").csv("date_as_text")
    YEAR_END.with_("residential", opens_on="11/14/2022").csv("us_date")
    YEAR_END.with_("residential", opens_on="next spring").csv("not_a_date")
    SPEND.with_(capital_or_revenue="Both").csv("unknown_choice")
    ADVOCACY.with_(authority="Atlantis").csv("unknown_area")
    SPEND.with_(lead_partner="Powys").csv("outside_submitter")
    SPEND.with_(project_name="A long name " * 20).csv("too_long_text")
    SPEND.with_(project="=1+1").csv("pattern", cell(0, 0, "=1+1"))
    SPEND.with_(budget="Unable to commit").csv("marker_not_allowed")
    # what does not hold together
    SPEND.with_(cover={"total_spend_to_date": 250_000}).csv("control_total")
    SPEND.with_(cover={"total_spend_to_date": None}).csv("control_total_missing")
    totals = {
        k: sum(row[k] for row in good) for k in ("original_budget", "budget", "profile_to_date", "accruals", "forecast")
    }
    spent = sum(row["spend_to_date"] for row in good)
    SPEND.plus("spend", {"project": "Total", "spend_to_date": spent, **totals}).csv("pasted_total")
    SPEND.plus("spend", {"project": "Cyfanswm", "spend_to_date": spent + 9, **totals}).csv("pasted_total_wrong")
    over = SPEND.with_(spend_to_date=210_000, forecast=210_000, cover={"total_spend_to_date": spent + 120_000})
    over.csv("spend_within_budget")
    SPEND.with_(budget=205_000).csv("budget_as_offered")
    SPEND.with_(variance_reason=None, spend_to_date=70_000, cover={"total_spend_to_date": spent - 20_000}).csv(
        "variance_is_explained"
    )
    SPEND_BEFORE.csv("previous/cumulative_falls")
    SPEND.with_(spend_to_date=40_000, cover={"total_spend_to_date": spent - 50_000}).csv("cumulative_falls")
    ADVOCACY.with_(accepted=31).csv("adds_to")
    HOMES.with_(beds_outstanding=2).csv("sums_to")
    SPEND_BEFORE.csv("previous/project_is_known")
    OUTCOMES.with_(project="GWE-99").csv("project_is_known")
    WORKFORCE.with_(row=1, value=61).csv("vacancies_within_posts")
    # the cover
    SPEND.with_(cover={"certified_by": None, "certified_role": None, "certified_on": None}).csv("not_certified")
    SPEND.with_(cover={"certified_role": "section_151_officer"}).csv("wrong_certifier")
    last = Return("icf_spend_quarterly", "rpb_gwent", "2019-20 Q4", SPEND.rows, certified_on=date(2020, 5, 20))
    last.csv("no_audit_certificate")
    SPEND.with_(cover={"certified_on": "some day in November"}).csv("cover_field")
    OUTCOMES.with_(cover={"nil_return": True}).csv("nil_with_rows")
    SPEND.with_(cover={"nil_return": True, "total_spend_to_date": 0}).csv(
        "nil_not_allowed", lambda lines: lines[: table(lines) + 1]
    )
    # one after the other
    for name in ("reason_needed", "conflicting_submission", "replaces_another"):
        SPEND.csv(f"beside/{name}")
    later = SPEND.with_(spend_to_date=89_000, cover={"total_spend_to_date": spent - 1_000})
    later.csv("reason_needed")
    later.with_(cover={"prepared_by": "Accountant"}).csv("conflicting_submission")
    later.with_(cover={"replaces": 4}).csv("replaces_another")
    SPEND.csv("beside/duplicate")
    SPEND.csv("duplicate")
    # people: all invented; the NHS number is the one that the NHS gives as an example
    for kind, text in {
        "nhs_number": "The number is 943 476 5919.",
        "date_of_birth": "The eldest, born 14/02/2011, went home.",
        "postcode": "The family lives at CF10 3NQ now.",
        "email": "Write to mari.enw-ffug@example.org about it.",
    }.items():
        OUTCOMES.with_(narrative=text).csv(f"personal_data--{kind}")


if __name__ == "__main__":
    main()
