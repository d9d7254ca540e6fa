"""What goes wrong with the synthetic submissions, and how it is put right: the ordinary mistakes that people make.

A mistake turns what a submitter would have sent into the files that came instead: a wrong one and the right one some
days later, one too many, or none.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from ingestion.returns.calendar import due_date
from ingestion.returns.spec import ReturnSpec
from ingestion.sample.returns_content import content
from ingestion.sample.returns_lines import Place, Row, Rows, submitters

DAYS_LATE = (3, 45)

Kind = Literal[
    "late", "numbers_as_text", "pasted_total", "spend_over_budget", "wrong_period", "missing_sheet", "duplicate",
    "personal_data", "nil", "never", "uncertified", "never_certified", "no_audit_certificate", "date_in_words",
    "in_part", "late_correction", "no_reason", "changed_mind", "conflicting", "control_total", "cumulative_falls",
    "outside_region", "to_withdraw",
]  # fmt: skip

MISTAKES: dict[tuple[str, str, str], Kind] = {
    # late, by days or by weeks
    ("ccg_spend_quarterly", "W06000016", "2019-20 Q2"): "late",
    ("ccg_spend_quarterly", "W06000024", "2020-21 Q1"): "late",
    ("hsg_spend_quarterly", "W06000006", "2019-20 Q4"): "late",
    ("hsg_spend_quarterly", "W06000019", "2020-21 Q3"): "late",
    ("re_plan", "W06000012", "2019-20"): "late",
    ("re_progress_quarterly", "W06000011", "2019-20 Q4"): "late",
    ("re_progress_quarterly", "W06000013", "2020-21 Q2"): "late",
    ("re_progress_annual", "W06000019", "2019-20"): "late",
    ("icf_spend_quarterly", "rpb_powys", "2019-20 Q3"): "late",
    ("icf_outcomes_six_monthly", "rpb_cardiff_and_vale", "2020-21 H1"): "late",
    ("pdg_lac_monitoring", "education_csc", "2020-21 Q2"): "late",
    ("pif_metrics", "W06000018", "2020-21"): "late",
    ("workforce_vacancies", "W06000004", "2021-22"): "late",
    ("st_davids_day_monitoring", "W06000005", "2019-20"): "late",
    ("rif_quarterly_progress", "rpb_gwent", "2022-23 Q2"): "late",
    ("housing_with_care_proposals", "rpb_west_glamorgan", "2023-24 Q3"): "late",
    # read, with a word about it
    ("ccg_spend_quarterly", "W06000005", "2019-20 Q1"): "numbers_as_text",
    ("hsg_spend_quarterly", "W06000012", "2020-21 Q2"): "numbers_as_text",
    ("icf_spend_quarterly", "rpb_gwent", "2020-21 Q1"): "numbers_as_text",
    ("ccg_spend_quarterly", "W06000014", "2019-20 Q3"): "pasted_total",
    ("hsg_spend_quarterly", "W06000001", "2019-20 Q2"): "pasted_total",
    ("icf_spend_quarterly", "rpb_west_wales", "2019-20 Q2"): "pasted_total",
    ("pdg_lac_monitoring", "education_eas", "2020-21 Q1"): "pasted_total",
    ("ccg_spend_quarterly", "W06000002", "2019-20 Q4"): "date_in_words",
    ("rif_end_of_year", "rpb_west_wales", "2022-23"): "date_in_words",
    # sent back, and sent again
    ("ccg_spend_quarterly", "W06000021", "2020-21 Q2"): "spend_over_budget",
    ("hsg_spend_quarterly", "W06000015", "2019-20 Q3"): "spend_over_budget",
    ("icf_spend_quarterly", "rpb_cwm_taf_morgannwg", "2019-20 Q2"): "spend_over_budget",
    ("pdg_lac_monitoring", "education_erw", "2019-20 Q4"): "spend_over_budget",
    ("rif_quarterly_progress", "rpb_north_wales", "2022-23 Q3"): "spend_over_budget",
    ("ccg_spend_quarterly", "W06000008", "2019-20 Q2"): "wrong_period",
    ("icf_outcomes_six_monthly", "rpb_powys", "2019-20 H1"): "wrong_period",
    ("re_progress_quarterly", "W06000020", "2019-20 Q3"): "wrong_period",
    ("ccg_spend_quarterly", "W06000009", "2020-21 Q3"): "missing_sheet",
    ("pdg_lac_monitoring", "education_gwe", "2020-21 Q3"): "missing_sheet",
    ("rif_quarterly_progress", "rpb_powys", "2023-24 Q1"): "missing_sheet",
    ("ccg_spend_quarterly", "W06000006", "2020-21 Q3"): "control_total",
    ("hsg_spend_quarterly", "W06000022", "2020-21 Q3"): "cumulative_falls",
    ("icf_spend_quarterly", "rpb_west_glamorgan", "2019-20 Q1"): "outside_region",
    ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q4"): "no_audit_certificate",
    ("ccg_spend_quarterly", "W06000003", "2019-20 Q4"): "uncertified",
    ("re_progress_annual", "W06000010", "2020-21"): "uncertified",
    ("icf_outcomes_six_monthly", "rpb_north_wales", "2019-20 H2"): "personal_data",
    ("re_progress_quarterly", "W06000015", "2020-21 Q1"): "personal_data",
    # taken in part
    ("nasa_regional", "advocacy_north_wales", "2020-21 Q2"): "in_part",
    ("nasa_regional", "advocacy_cardiff_and_vale", "2019-20 Q3"): "in_part",
    # sent twice
    ("hsg_spend_quarterly", "W06000010", "2020-21 Q1"): "duplicate",
    ("nasa_regional", "advocacy_gwent", "2019-20 Q2"): "duplicate",
    ("ccg_spend_quarterly", "W06000023", "2019-20 Q3"): "changed_mind",
    ("re_plan", "W06000020", "2019-20"): "changed_mind",
    ("hsg_spend_quarterly", "W06000023", "2019-20 Q4"): "conflicting",
    ("icf_spend_quarterly", "rpb_north_wales", "2019-20 Q3"): "late_correction",
    ("ccg_spend_quarterly", "W06000011", "2019-20 Q1"): "late_correction",
    # nothing to tell, and nothing told
    ("icf_outcomes_six_monthly", "rpb_powys", "2020-21 H2"): "nil",
    ("st_davids_day_monitoring", "W06000019", "2020-21"): "nil",
    ("hsg_spend_quarterly", "W06000018", "2020-21 Q4"): "never_certified",
    ("hsg_spend_quarterly", "W06000024", "2020-21 Q4"): "never",
    ("re_progress_quarterly", "W06000022", "2020-21 Q4"): "never",
}
"""What goes wrong in the first release: about one submission in twenty."""
LATER_MISTAKES: dict[int, dict[tuple[str, str, str], Kind]] = {
    2: {
        ("icf_spend_quarterly", "rpb_gwent", "2020-21 Q3"): "no_reason",
        ("re_progress_quarterly", "W06000006", "2020-21 Q3"): "to_withdraw",
    },
    3: {("ccg_spend_quarterly", "W06000001", "2020-21 Q4"): "late_correction"},
}
"""What comes in a later release about a period that an earlier one has."""


@dataclass(frozen=True)
class Draft:
    """A file that is to be written."""

    place: Place
    received_at: datetime
    cover: Row
    rows: Rows
    mistake: Kind | None = None
    is_mended: bool = False
    suffix: str = ""
    sheets: tuple[str, ...] | None = None
    """Only these sheets, in a workbook."""
    is_workbook: bool = False
    copies: tuple[str, ...] = field(default=())
    """Suffixes of further names for the same bytes, which come a day later each."""


def control_totals(spec: ReturnSpec, rows: Rows) -> Row:
    """What the cover has to say of the sums of columns."""
    return {
        total.key: sum(v for row in rows.get(total.sheet, ()) if isinstance(v := row.get(total.column), int | float))
        for total in spec.control_totals
    }


def working_hours(day: date, draw: random.Random) -> datetime:
    """A moment of that day, or of the Friday before it."""
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return datetime.combine(day, time(8 + draw.randrange(9), draw.randrange(60), draw.randrange(60)), UTC)


# -- what goes wrong ----------------------------------------------------------------------------------------------


def _later(draft: Draft, days: int, **changes: Any) -> Draft:
    """The same, some days later: certified anew."""
    at = working_hours(draft.received_at.date() + timedelta(days=days), draft.place.draw("again", days))
    at = max(at, draft.received_at + timedelta(hours=1))
    cover = dict(draft.cover)
    if cover.get("certified_on"):
        cover["certified_on"] = at.date() - timedelta(days=1)
    return replace(draft, received_at=at, cover=cover, **changes)


def _mended(draft: Draft, kind: Kind, wrong: Draft, days: int = 6) -> list[Draft]:
    """A wrong file, and some days later the right one."""
    return [
        replace(wrong, mistake=kind),
        _later(draft, days, mistake=kind, is_mended=True, suffix="_v2"),
    ]


def _with_rows(draft: Draft, rows: Rows) -> Draft:
    """The draft with other rows, and control totals that agree with them."""
    return replace(draft, rows=rows, cover=draft.cover | control_totals(draft.place.spec, rows))


def _spend_column(draft: Draft) -> tuple[str, str]:
    """The sheet and the column of what was spent, or of the first numbers that there are."""
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.role == "spend_to_date_gbp":
                return sheet.key, column.key
    return next((s.key, c.key) for s in draft.place.spec.sheets for c in s.columns if c.is_number)


def _changed(draft: Draft, sheet: str, column: str, by: Callable[[Any], Any], first: int = 0, rows: int = 1) -> Draft:
    """The draft with another value in one column of some rows."""
    lines = [dict(row) for row in draft.rows[sheet]]
    for line in lines[first : first + rows]:
        if line.get(column) is not None:
            line[column] = by(line[column])
    return _with_rows(draft, draft.rows | {sheet: lines})


def _late(draft: Draft) -> list[Draft]:
    due = due_date(draft.place.spec, draft.place.period)
    days = (due - draft.received_at.date()).days + draft.place.draw("late", draft.place.period.key).randrange(
        *DAYS_LATE
    )
    return [_later(draft, days, mistake="late")]


def _numbers_as_text(draft: Draft) -> list[Draft]:
    sheet, column = _spend_column(draft)
    right = draft.cover
    wrong = _changed(
        draft, sheet, column, lambda v: f"£{v:,}" if isinstance(v, int) else v, rows=len(draft.rows[sheet])
    )
    return [replace(wrong, cover=right, mistake="numbers_as_text")]


def _pasted_total(draft: Draft) -> list[Draft]:
    sheet_key, _ = _spend_column(draft)
    sheet = draft.place.spec.sheet(sheet_key)
    rows = draft.rows[sheet_key]
    total: Row = {sheet.grain[0]: "Cyfanswm" if draft.place.language == "cy" else "Total"}
    for column in sheet.columns:
        if column.type == "money":
            total[column.key] = sum(v for row in rows if isinstance(v := row.get(column.key), int | float))
    return [replace(draft, rows=draft.rows | {sheet_key: [*rows, total]}, mistake="pasted_total")]


def _spend_over_budget(draft: Draft) -> list[Draft]:
    sheet_key, column = _spend_column(draft)
    budget = next((c.key for c in draft.place.spec.sheet(sheet_key).columns if c.role == "budget_gbp"), column)
    most = int(draft.rows[sheet_key][0][budget])
    return _mended(draft, "spend_over_budget", _changed(draft, sheet_key, column, lambda _: most + most // 10))


def _wrong_period(draft: Draft) -> list[Draft]:
    """Last year’s number on the cover: before the return was first asked for."""
    year = draft.place.year - 1
    text = draft.place.period.key.replace(draft.place.period.key[:7], f"{year}-{(year + 1) % 100:02d}")
    wrong = replace(draft, cover=draft.cover | {"period": text}, is_workbook=False)
    return _mended(replace(draft, is_workbook=False), "wrong_period", wrong)


def _missing_sheet(draft: Draft) -> list[Draft]:
    needed = [s.key for s in draft.place.spec.sheets if s.min_rows]
    kept = tuple(s.key for s in draft.place.spec.sheets if s.key != needed[-1])
    return _mended(draft, "missing_sheet", replace(draft, sheets=kept, is_workbook=True))


def _duplicate(draft: Draft) -> list[Draft]:
    return [replace(draft, mistake="duplicate", copies=(" (2)",))]


_PERSONAL = (
    "Mari Invented-Name (born 14/02/2011, NHS number 943 476 5919) moved to a new foster home.",
    "Symudodd Mari Enw-Ffug (ganwyd 14/02/2011, rhif GIG 943 476 5919) i gartref maeth newydd.",
)
"""Nobody: the name is invented, and the number is the one that the NHS gives as an example."""


def _personal_data(draft: Draft) -> list[Draft]:
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.type == "narrative" and draft.rows[sheet.key]:
                lines = [dict(row) for row in draft.rows[sheet.key]]
                lines[0][column.key] = _PERSONAL[1 if draft.place.language == "cy" else 0]
                lines[0] |= {"narrative_language": draft.place.language} if "narrative_language" in lines[0] else {}
                return _mended(draft, "personal_data", replace(draft, rows=draft.rows | {sheet.key: lines}))
    return [draft]


def _nil(draft: Draft) -> list[Draft]:
    empty: Rows = {key: [] for key in draft.rows}
    cover = {k: v for k, v in draft.cover.items() if k not in {t.key for t in draft.place.spec.control_totals}}
    return [replace(draft, rows=empty, cover=cover | {"nil_return": True}, mistake="nil")]


def _never(_: Draft) -> list[Draft]:
    return []


_CERTIFIED = ("certified_by", "certified_role", "certified_on")


def _without(draft: Draft, *keys: str) -> Draft:
    return replace(draft, cover={k: v for k, v in draft.cover.items() if k not in keys})


def _uncertified(draft: Draft) -> list[Draft]:
    return _mended(draft, "uncertified", _without(draft, *_CERTIFIED))


def _never_certified(draft: Draft) -> list[Draft]:
    return [replace(_without(draft, *_CERTIFIED), mistake="never_certified")]


def _no_audit_certificate(draft: Draft) -> list[Draft]:
    return _mended(draft, "no_audit_certificate", _without(draft, "audit_reference", "audit_date"))


def _date_in_words(draft: Draft) -> list[Draft]:
    """Dates as Welsh people write them in a letter: ``14 Tachwedd 2019``."""
    cover = {k: _in_words(v) if isinstance(v, date) else v for k, v in draft.cover.items()}
    rows = {
        key: [{k: _in_words(v) if isinstance(v, date) else v for k, v in row.items()} for row in lines]
        for key, lines in draft.rows.items()
    }
    return [replace(draft, cover=cover, rows=rows, mistake="date_in_words")]


def _in_words(day: date) -> str:
    from ingestion.returns.wording import long_date

    return long_date(day)[1]


def _one_more_than(whole: Any, _: Any) -> Any:
    return whole + 1


def _in_part(draft: Draft) -> list[Draft]:
    """More of a part than of its whole in one row; the other rows are right."""
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.adds_to and draft.rows[sheet.key]:
                whole = draft.rows[sheet.key][0][column.adds_to]
                wrong = _changed(draft, sheet.key, column.key, functools.partial(_one_more_than, whole))
                return [replace(wrong, mistake="in_part")]
    return [draft]


_REASONS = (
    "An invoice was found after the period was closed.",
    "Daethpwyd o hyd i anfoneb ar ôl cau’r cyfnod.",
)


def _corrected(draft: Draft) -> Draft:
    """A little less in the last row than was said first: no less than the quarter before."""
    sheet, column = _spend_column(draft)
    last = len(draft.rows[sheet]) - 1
    return _changed(draft, sheet, column, lambda v: v - (10 if v > 100 else 1) if isinstance(v, int) and v else v, last)


def _late_correction(draft: Draft) -> list[Draft]:
    after = draft.place.spec.closes_days + 60
    again = _later(_corrected(draft), after, mistake="late_correction", is_mended=True, suffix="_v2")
    reason = _REASONS[1 if draft.place.language == "cy" else 0]
    return [draft, replace(again, cover=again.cover | {"replaces": 1, "reason": reason})]


def _no_reason(draft: Draft) -> list[Draft]:
    after = draft.place.spec.closes_days + 120
    return [draft, _later(_corrected(draft), after, mistake="no_reason", suffix="_v2")]


def _changed_mind(draft: Draft) -> list[Draft]:
    again = _later(_corrected(draft), 3, mistake="changed_mind", is_mended=True, suffix="_v2")
    return [draft, replace(again, cover=again.cover | {"replaces": 1})]


def _conflicting(draft: Draft) -> list[Draft]:
    """Two officers send different figures on one day, and neither says that it replaces the other."""
    other = replace(
        _corrected(draft),
        received_at=draft.received_at + timedelta(minutes=95),
        mistake="conflicting",
        suffix="_finance",
    )
    return [draft, replace(other, cover=other.cover | {"prepared_by": "Accountant"})]


def _control_total(draft: Draft) -> list[Draft]:
    keys = [total.key for total in draft.place.spec.control_totals]
    wrong = {key: draft.cover[key] + 900 for key in keys[:1]}
    return _mended(draft, "control_total", replace(draft, cover=draft.cover | wrong))


def _cumulative_falls(draft: Draft) -> list[Draft]:
    """What was spent in the quarter alone, where the sum since April is asked for."""
    sheet, column = _spend_column(draft)
    wrong = _changed(draft, sheet, column, lambda v: v // 4, rows=len(draft.rows[sheet]))
    return _mended(draft, "cumulative_falls", wrong)


def _outside_region(draft: Draft) -> list[Draft]:
    """Bridgend, which left the region with April 2019."""
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.type == "area" and column.within_submitter:
                return _mended(draft, "outside_region", _changed(draft, sheet.key, column.key, lambda _: "W06000013"))
    return [draft]


def _to_withdraw(draft: Draft) -> list[Draft]:
    """A neighbour’s figures under the submitter’s own name."""
    other = next(code for code in submitters(draft.place.spec, draft.place.period) if code != draft.place.area)
    again = _with_rows(draft, content(replace(draft.place, area=other)))
    return [draft, _later(again, 20, mistake="to_withdraw", suffix="_v2")]


HAPPENS: dict[Kind, Callable[[Draft], list[Draft]]] = {
    "late": _late,
    "numbers_as_text": _numbers_as_text,
    "pasted_total": _pasted_total,
    "spend_over_budget": _spend_over_budget,
    "wrong_period": _wrong_period,
    "missing_sheet": _missing_sheet,
    "duplicate": _duplicate,
    "personal_data": _personal_data,
    "nil": _nil,
    "never": _never,
    "uncertified": _uncertified,
    "never_certified": _never_certified,
    "no_audit_certificate": _no_audit_certificate,
    "date_in_words": _date_in_words,
    "in_part": _in_part,
    "late_correction": _late_correction,
    "no_reason": _no_reason,
    "changed_mind": _changed_mind,
    "conflicting": _conflicting,
    "control_total": _control_total,
    "cumulative_falls": _cumulative_falls,
    "outside_region": _outside_region,
    "to_withdraw": _to_withdraw,
}
