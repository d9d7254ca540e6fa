"""Returns small enough to work out by hand: what test_returns_models.py builds a warehouse from."""

from __future__ import annotations

from typing import Any

from returns_snapshot import column, returned

NOW = "2020-09-01T02:00"
RELEASED = "2020-06-01T09:30"
WALES, GWENT = "W92000004", "rpb_gwent"
BRIDGEND, SWANSEA, NEATH, CARDIFF, TORFAEN = "W06000013", "W06000011", "W06000012", "W06000015", "W06000020"
RHONDDA, MERTHYR, NEWPORT, POWYS = "W06000016", "W06000024", "W06000022", "W06000023"


def spec(key: str, submitted_by: str, cadence: str, audience: str = "public") -> dict[str, Any]:
    return {
        "return_key": key, "template_version": 1, "from_period": "2019-20", "title_en": f"{key} (en)",
        "title_cy": f"{key} (cy)", "submitted_by": submitted_by, "cadence": cadence, "audience": audience,
        "accept_in_part": True,
    }  # fmt: skip


SPECS = [
    spec("icf_spend", "regional_partnership_board", "quarterly"),
    spec("ccg_spend", "local_authority", "quarterly"),
    spec("st_davids_day", "local_authority", "quarterly"),
    spec("advocacy", "social_services_collaborative", "quarterly"),
    spec("plan", "local_authority", "once"),
    spec("progress", "local_authority", "quarterly"),
    spec("staff", "local_authority", "annual"),
    spec("survey", "country", "annual"),
    spec("beds", "regional_partnership_board", "quarterly"),
    spec("projects", "regional_partnership_board", "six_monthly"),
    spec("secret", "local_authority", "annual", "restricted"),
    spec("early", "local_authority", "annual"),
]
MONEY = {"unit": "gbp"}


def spend(key: str, *, project: bool) -> list[dict[str, Any]]:
    of = {"feed": "grant_spend"}
    named = (
        [
            column(key, "spend", "project", "text", role="project_key", is_grain=True, **of),
            column(key, "spend", "stream", "constant", role="stream_key", constant="icf_children_annual", **of),
        ]
        if project
        else [column(key, "spend", "programme", "choice", role="stream_key", is_grain=True, **of)]
    )
    return [
        *named,
        column(key, "spend", "capital_or_revenue", "choice", is_grain=True, position=2, **of),
        column(key, "spend", "budget", "money", role="budget_gbp", **of, **MONEY),
        column(key, "spend", "profile", "money", role="profile_gbp", **of, **MONEY),
        column(key, "spend", "spent", "money", role="spend_to_date_gbp", **of, **MONEY),
        column(key, "spend", "reason", "narrative", **of),
    ]


COLUMNS = [
    *spend("icf_spend", project=True),
    *spend("ccg_spend", project=False),
    *spend("st_davids_day", project=False),
    *(
        column("ccg_spend", "virement", name, "choice", role=role, is_grain=True, feed="virement", position=place)
        for place, (name, role) in enumerate([("from_programme", "from_stream_key"), ("to_programme", "to_stream_key")])
    ),
    column("ccg_spend", "virement", "amount", "money", role="amount_gbp", feed="virement", **MONEY),
    column("advocacy", "offers", "provider", "text", is_grain=True, feed="advocacy"),
    column("advocacy", "offers", "authority", "area", is_grain=True, feed="advocacy", position=2),
    column("advocacy", "offers", "eligible", "count", feed="advocacy"),
    column("advocacy", "offers", "made", "count", role="active_offers_made", feed="advocacy", adds_to="eligible"),
    column("advocacy", "offers", "taken", "count", role="active_offers_accepted", feed="advocacy", adds_to="made"),
    column("plan", "plan", "priority", "choice", is_grain=True, feed="reduction_plan"),
    column("plan", "plan", "financial_year", "choice", is_grain=True, feed="reduction_plan", position=2),
    # an integer by its template, and protected all the same
    column("plan", "plan", "planned_reduction", "integer", feed="reduction_plan", is_disclosive=False),
    column("plan", "plan", "assumption", "narrative", feed="reduction_plan"),
    column("progress", "progress", "priority", "choice", is_grain=True, feed="reduction_progress"),
    column("progress", "progress", "reduction_to_date", "count", feed="reduction_progress"),
    column("staff", "workforce", "measure", "choice", role="measure_key", is_grain=True, feed="measures"),
    column("staff", "workforce", "value", "count", feed="measures"),
    column("survey", "answers", "survey_key", "constant", constant="childrens_survey", feed="children_voice"),
    column("survey", "answers", "age_band", "choice", is_grain=True, feed="children_voice"),
    column("survey", "answers", "question", "text", role="question_key", is_grain=True, feed="children_voice"),
    column("survey", "answers", "question_en", "text", feed="children_voice"),
    column("survey", "answers", "question_cy", "text", feed="children_voice"),
    column("survey", "answers", "responses", "count", feed="children_voice"),
    column("survey", "answers", "response_pct", "percent", feed="children_voice"),
    column("beds", "schemes", "scheme", "text", is_grain=True, feed="regional_accommodation"),
    column("beds", "schemes", "projects", "constant", constant="1", feed="regional_accommodation"),
    column("beds", "schemes", "funding", "money", role="funding_gbp", feed="regional_accommodation", **MONEY),
    column("beds", "schemes", "beds_planned", "integer", feed="regional_accommodation"),
    column("beds", "schemes", "beds_open", "integer", feed="regional_accommodation"),
    column("beds", "schemes", "children", "count", role="children_supported", feed="regional_accommodation"),
    column("projects", "outcomes", "project", "text", role="project_key", is_grain=True, feed="grant_projects"),
    column("projects", "outcomes", "stream", "constant", role="stream_key", constant="rif", feed="grant_projects"),
    column("projects", "outcomes", "outcome_measure", "text", is_grain=True, feed="grant_projects", position=2),
    column("projects", "outcomes", "outcome_value", "decimal", is_disclosive=True, feed="grant_projects"),
    column("projects", "outcomes", "narrative", "narrative", feed="grant_projects"),
    column("projects", "outcomes", "narrative_cy", "narrative", feed="grant_projects"),
    column("secret", "facts", "name", "text", is_grain=True),
    column("secret", "facts", "value", "integer"),
    column("early", "facts", "name", "text", is_grain=True),
    column("early", "facts", "value", "integer"),
    column("early", "facts", "whole", "count"),
    column("early", "facts", "boys", "count", sums_to="whole"),
    column("early", "facts", "girls", "count", sums_to="whole"),
]
CHOICES = [
    {"return_key": "ccg_spend", "template_version": 1, "sheet": "spend", "column_name": "programme",
     "choice_key": "flying_start", "label_en": "Flying Start", "label_cy": "Dechrau’n Deg"},
]  # fmt: skip

PERIODS = {
    "2018-19 Q4": ("2019-01-01", "2019-03-31", "2019-05-15"),
    "2019-20 Q1": ("2019-04-01", "2019-06-30", "2019-08-15"),
    "2019-20 Q2": ("2019-07-01", "2019-09-30", "2019-11-15"),
    "2019-20 Q4": ("2020-01-01", "2020-03-31", "2020-05-31"),
    "2020-21 Q1": ("2020-04-01", "2020-06-30", "2020-08-31"),
    "2020-21 Q2": ("2020-07-01", "2020-09-30", "2020-11-15"),
    "2019-20 H2": ("2019-10-01", "2020-03-31", "2020-05-31"),
    "2018-19": ("2018-04-01", "2019-03-31", "2019-05-31"),
    "2019-20": ("2019-04-01", "2020-03-31", "2020-05-31"),
}


def expected(key: str, area: str, period: str, **more: Any) -> dict[str, Any]:
    start, end, due = PERIODS[period]
    return {
        "return_key": key, "area_code": area, "period_key": period, "period_start": start, "period_end": end,
        "is_required": True, "original_due_date": due, "closes_on": due, "release_at": RELEASED, **more,
    }  # fmt: skip


EXPECTED: list[dict[str, Any]] = []
SUBMISSIONS: list[dict[str, Any]] = []
CELLS: list[dict[str, Any]] = []


def received(
    key: str, area: str, period: str, sheets: dict[str, list[dict[str, Any]]], known_from: str = "2019-05-01T12:00",
    known_to: str | None = None, version: int = 1, *, plan: dict[str, Any] | None = None, **more: Any,
) -> str:  # fmt: skip
    """An accepted submission of a return that is expected."""
    name = f"{key}|{area}|{period}|{version}"
    submission, cells = returned(
        name, key, area, period, sheets, known_from=known_from, known_to=known_to, version=version, **more
    )
    SUBMISSIONS.append(submission)
    CELLS.extend(cells)
    wanted = expected(key, area, period, **(plan or {}))
    if not any(all(e[k] == wanted[k] for k in ("return_key", "area_code", "period_key")) for e in EXPECTED):
        EXPECTED.append(wanted)
    return name


def icf(spent: Any, profile: int = 100) -> dict[str, list[dict[str, Any]]]:
    row = {"project": "P1", "capital_or_revenue": "revenue", "profile": profile, "spent": spent, "reason": "why"}
    return {"spend": [row]}


received("icf_spend", GWENT, "2019-20 Q1", icf("100.10"))
received("icf_spend", GWENT, "2019-20 Q2", icf("999.99"), known_to="2020-07-01T12:00")
received("icf_spend", GWENT, "2019-20 Q2", icf("250.30", 300), "2020-07-01T12:00", version=2)
received("icf_spend", GWENT, "2019-20 Q4", icf("400"))


def ccg(moves: list[tuple[str, str, int]]) -> dict[str, list[dict[str, Any]]]:
    programmes = ("flying_start", "families_first", "ppeyp", "st_davids_day_fund")
    return {
        "spend": [
            {"programme": p, "capital_or_revenue": "revenue", "budget": 1000, "profile": 500, "spent": 400}
            for p in programmes
        ],
        "virement": [{"from_programme": a, "to_programme": b, "amount": n} for a, b, n in moves],
    }


MOVES = [("flying_start", "families_first", 100), ("flying_start", "ppeyp", 80), ("ppeyp", "flying_start", 10)]
for authority in (RHONDDA, SWANSEA):
    received("ccg_spend", authority, "2018-19 Q4", ccg(MOVES))
received("ccg_spend", SWANSEA, "2019-20 Q4", ccg(MOVES[:1]))
received("st_davids_day", SWANSEA, "2018-19 Q4", {
    "spend": [{"programme": "st_davids_day_fund", "capital_or_revenue": "revenue", "budget": 9, "spent": 7}],
})  # fmt: skip


def offers(*rows: tuple[str, str, Any, Any, Any]) -> dict[str, list[dict[str, Any]]]:
    names = ("provider", "authority", "eligible", "made", "taken")
    return {"offers": [dict(zip(names, row, strict=True)) for row in rows]}


received("advocacy", "advocacy_gwent", "2019-20 Q4", offers(
    ("A", TORFAEN, 40, 30, 12), ("B", TORFAEN, 20, 18, 3), ("A", NEWPORT, 61, 52, 44),
))  # fmt: skip
received("advocacy", "advocacy_north_wales", "2019-20 Q4", offers(("A", "W06000001", 52, 0, 0)))
EXPECTED.append(expected("advocacy", "advocacy_mid_and_west_wales", "2019-20 Q4"))


def plan(*numbers: Any) -> dict[str, list[dict[str, Any]]]:
    years = ("2019-20", "2020-21", "2021-22")
    return {"plan": [
        {"priority": "in_care", "financial_year": y, "planned_reduction": n, "assumption": f"as in {y}: ({n}) fewer"}
        for y, n in zip(years, numbers, strict=False)
    ]}  # fmt: skip


received("plan", CARDIFF, "2019-20", plan(23, 31, 12))
received("plan", TORFAEN, "2019-20", plan(41, 3, 18))
received("plan", NEWPORT, "2019-20", plan(52, 22, 0), language="cy")
received("plan", POWYS, "2019-20", plan(":not_offered", ":not_offered", ":not_offered"))
received("progress", CARDIFF, "2019-20 Q4", {"progress": [{"priority": "in_care", "reduction_to_date": 25}]})


def staff(value: Any) -> dict[str, list[dict[str, Any]]]:
    return {"workforce": [{"measure": "vacancies", "value": value}]}


for period in ("2018-19", "2019-20"):
    for place, (authority, number) in enumerate([(BRIDGEND, 20), (SWANSEA, 33), (NEATH, 41), (RHONDDA, 52),
                                                 (MERTHYR, 14)]):  # fmt: skip
        late = {"known_from": "2020-08-01T10:00"} if (authority, period) == (MERTHYR, "2019-20") else {}
        received("staff", authority, period, staff(2 if late else number + place), **late)

ASKED = {"question_en": "Do you feel safe?", "question_cy": "Ydych chi’n teimlo’n ddiogel?"}
received("survey", WALES, "2019-20", {"answers": [
    {"age_band": "8_to_10", "question": "safe", **ASKED,
     "responses": 52, "response_pct": "75"},
    {"age_band": "4_to_7", "question": "safe", **ASKED,
     "responses": 40, "response_pct": "95"},
]})  # fmt: skip

received("beds", GWENT, "2019-20 Q2", {"schemes": [
    {"scheme": "a", "funding": 900, "beds_planned": 9, "beds_open": 1, "children": 0},
]})  # fmt: skip
received("beds", GWENT, "2019-20 Q4", {"schemes": [
    {"scheme": "a", "funding": 1000, "beds_planned": 6, "beds_open": 2, "children": 11},
    {"scheme": "b", "funding": 200, "beds_planned": 4, "beds_open": 4, "children": 2},
]})  # fmt: skip

received("projects", GWENT, "2019-20 H2", {"outcomes": [
    {"project": "P1", "outcome_measure": "Children home", "outcome_value": 3, "narrative": "It went well.",
     "narrative_cy": "Aeth yn dda."},
    {"project": "P2", "outcome_measure": "Children home", "outcome_value": 17, "narrative": "It went well."},
]}, "2020-02-01T10:00", known_to="2020-07-01T10:00")  # fmt: skip
received("projects", GWENT, "2019-20 H2", {"outcomes": [
    {"project": "P1", "outcome_measure": "Children home", "outcome_value": 30, "narrative": "It went well.",
     "narrative_cy": "Aeth yn dda."},
    {"project": "P2", "outcome_measure": "Children home", "outcome_value": 17, "narrative": "It went well."},
]}, "2020-07-01T10:00", version=2)  # fmt: skip

received("secret", CARDIFF, "2019-20", {"facts": [{"name": "x", "value": 6}]})
received("early", CARDIFF, "2019-20", {"facts": [{"name": "x", "value": 6, "whole": 20, "boys": 3, "girls": 17}]},
         plan={"release_at": "2020-10-01T09:30"})  # fmt: skip
received("early", TORFAEN, "2019-20", {"facts": [{"name": "x", "value": 6, "whole": 22, "boys": 4, "girls": 18}]},
         known_to="2020-07-02T10:00")  # fmt: skip
received("early", TORFAEN, "2019-20", {"facts": [{"name": "x", "value": 6, "whole": 30, "boys": 9, "girls": 21}]},
         "2020-07-02T10:00", version=2)  # fmt: skip
# superseded before it was released: never public
received("early", NEWPORT, "2019-20", {"facts": [{"name": "x", "value": 1, "whole": 0, "boys": 0, "girls": 0}]},
         known_to="2020-05-02T10:00")  # fmt: skip
received("early", NEWPORT, "2019-20", {"facts": [{"name": "x", "value": 2, "whole": 0, "boys": 0, "girls": 0}]},
         "2020-05-02T10:00", version=2)  # fmt: skip


def other(submission_id: str, area: str | None, outcome: str, **more: Any) -> None:
    """A submission that was never accepted, of the return `early`."""
    SUBMISSIONS.append({
        "submission_id": submission_id, "return_key": "early" if area else None,
        "template_version": 1 if area else None,
        "area_code": area, "period_key": "2019-20" if area else None, "received_at": "2020-05-20T10:00",
        "outcome": outcome, "is_nil": False, "rows_received": 0, "rows_accepted": 0, "rows_quarantined": 0, "errors": 1,
        "warnings": 0, "has_personal_data": False, "is_late_correction": False, "is_synthetic": True,
        "original_name": "a.xlsx", **more,
    })  # fmt: skip


# the calendar, of the return `early` and period 2019-20, due on 31 May 2020
for authority, more in {
    BRIDGEND: {"original_due_date": "2020-10-15"}, SWANSEA: {"is_required": False}, NEATH: {},
    RHONDDA: {"extended_due_date": "2020-08-27"}, MERTHYR: {"extended_due_date": "2020-06-10"},
    POWYS: {}, "W06000001": {}, "W06000002": {}, "W06000003": {}, "W06000004": {}, "W06000005": {},
    "W06000006": {"recalled_at": "2020-06-15T10:00"},
}.items():  # fmt: skip
    EXPECTED.append(expected("early", authority, "2019-20", **more))
ROW = {"facts": [{"name": "x", "value": 6, "whole": 30, "boys": 10, "girls": 20}]}
received("early", MERTHYR, "2019-20", ROW, "2020-06-13T10:00")
received(
    "early", POWYS, "2019-20", ROW, "2020-05-01T10:00", outcome="part_accepted", rows_received=2, rows_quarantined=1
)
received("early", "W06000001", "2019-20", {}, "2020-05-01T10:00", is_nil=True)
received("early", "W06000002", "2019-20", ROW, "2020-05-01T10:00", "2020-06-01T10:00", closed_by="withdrawn")
received("early", "W06000006", "2019-20", ROW, "2020-05-01T10:00", "2020-06-15T10:00", closed_by="recalled")
other("bad", "W06000003", "quarantined", rows_received=2, rows_quarantined=2)
other("held", "W06000004", "held")
other("private", None, "quarantined", rows_received=5, rows_quarantined=5, has_personal_data=True)
other("twice", "W06000005", "duplicate")

BAD = "early|W06000023|2019-20|1"  # Powys, accepted in part
QUARANTINED = [
    {"submission_id": BAD, "sheet": "facts", "row_number": 9, "column_name": "value", "cell": "B9", "value": None,
     "value_found": "zwölf", "value_status": "reported"},
    *({"submission_id": "bad", "sheet": "facts", "row_number": n, "column_name": "value", "cell": f"B{n}", "value": "4"}
      for n in (8, 9)),
]  # fmt: skip
PROBLEMS = [
    {"submission_id": BAD, "sheet": "facts", "row_number": 9, "column_name": "value", "cell": "B9",
     "rule_code": "not_a_number", "severity": "error", "quarantines_row": True,
     "message_en": "“value” expects a number and has “zwölf”.", "message_cy": "Mae “value” yn disgwyl rhif; “zwölf”."},
    {"submission_id": "bad", "rule_code": "wrong_period", "severity": "error", "quarantines_row": False,
     "message_en": "The period is wrong.", "message_cy": "Mae’r cyfnod yn anghywir."},
    {"submission_id": "private", "rule_code": "personal_data", "severity": "error", "quarantines_row": False,
     "message_en": "It carries personal data.", "message_cy": "Mae’n cynnwys data personol."},
]  # fmt: skip
OFFERS = [
    {"offer_id": f"o{n}", "stream_key": "icf_children_annual", "area_code": GWENT, "financial_year": "2019-20",
     "project_key": "P1", "capital_or_revenue": "revenue", "version": n, "effective_from": day,
     "original_budget_gbp": 1000, "revised_budget_gbp": revised, "known_from": "2019-04-01T10:00"}
    for n, day, revised in [(1, "2019-04-01", 1000), (2, "2019-12-01", 1200)]
]  # fmt: skip
QUERIES = [
    {"query_id": "q1", "submission_id": "icf_spend|rpb_gwent|2019-20 Q1|1", "sheet": "spend", "cell": "D8",
     "kind": kind, "at": at, "text_en": "Why?", "text_cy": "Pam?"}
    for kind, at in [("query", "2019-05-02T10:00"), ("reply", "2019-05-03T10:00")]
]  # fmt: skip
FILES: dict[str, list[dict[str, Any]]] = {
    "return_specs": SPECS, "return_columns": COLUMNS, "return_choices": CHOICES, "expected_returns": EXPECTED,
    "submissions": SUBMISSIONS, "return_cells": CELLS, "return_quarantined_cells": QUARANTINED,
    "return_problems": PROBLEMS, "return_offers": OFFERS, "return_queries": QUERIES,
}  # fmt: skip
