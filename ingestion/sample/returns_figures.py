"""What the marts of returns are compared with: figures of the sample whose sums over Wales were published.

One function a mart makes values by the names that the mart has for them. What was planned, offered or counted in all
of Wales is as published; how it is spread over areas, projects and quarters is invented, and so are all other levels.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ingestion.returns.spec import Sheet
from ingestion.sample.generate import SIZES, WALES_CHILDREN
from ingestion.sample.returns_lines import (
    OUTCOMES,
    QUESTIONS,
    SENTENCES,
    UNABLE,
    Marker,
    Place,
    Row,
    line_name,
    lines,
    project_name,
    projects_in_wales,
    role_column,
    share,
    size_of,
    stream_of,
    submitters,
)
from ingestion.sample.synthetic import spread

BUDGETS: dict[str, dict[int, int]] = {
    "icf_children_annual": {0: 15_000_000},
    "rif": {0: 18_000_000},
    "pdg_lac": {0: 5_000_000, 2023: 5_700_000},
    "st_davids_day_fund": {0: 1_000_000, 2019: 2_000_000},
    "nasa_550k": {0: 550_000},
    "regional_accommodation_2021_23": {0: 3_500_000},
    "housing_with_care_fund": {0: 23_000_000},
    # of these nobody stated an amount: invented
    "flying_start": {0: 70_000_000}, "families_first": {0: 34_000_000}, "legacy_fund": {0: 6_000_000},
    "ppeyp": {0: 5_000_000}, "childcare_and_play": {0: 2_500_000}, "communities_for_work_plus": {0: 11_000_000},
    "supporting_people": {0: 110_000_000}, "homelessness_prevention": {0: 6_000_000}, "rent_smart_wales": {0: 900_000},
}  # fmt: skip
"""Pounds a year for all of Wales, from a year on (0: from the first)."""
VARIED = 4
"""One offer letter of so many is varied in the autumn: one of its lines is raised."""
_VARIANCE = (
    (
        "Recruitment took longer than planned; the money is spent in the later quarters.",
        "Cymerodd y recriwtio fwy o amser na’r disgwyl; caiff yr arian ei wario yn y chwarteri nesaf.",
    ),
    (
        "Invoices from a partner came early in the year.",
        "Daeth anfonebau gan bartner yn gynnar yn y flwyddyn.",
    ),
)
_MATERIAL = 1_000
"""Pounds between spend and profile from which the sample says why: no return asks earlier."""
_OTHER_BUDGET = 18_000_000
"""Of a stream whose amount nobody stated: invented."""


def budget_of(stream: str, year: int) -> int:
    """What a funding stream has for all of Wales in a financial year, in pounds."""
    steps = BUDGETS.get(stream, {0: _OTHER_BUDGET})
    return steps[max(start for start in steps if start <= year)]


@dataclass(frozen=True)
class Offer:
    """A line of an offer letter: a version of it, from a day on."""

    stream_key: str
    project_key: str
    project_name: str
    capital_or_revenue: str
    version: int
    effective_from: date
    original_budget_gbp: int
    revised_budget_gbp: int
    known_from: date


def offers(place: Place, sheet: Sheet) -> list[tuple[str, Offer]]:
    """The offer letter that a sheet of spend answers to, for the year of a period: each line in all its versions.

    Returns:
        The name of the row that a line is for, and the line.
    """
    return list(_offers(place.at_year_start, sheet.key))


@functools.lru_cache(maxsize=4096)
def _offers(place: Place, sheet_key: str) -> tuple[tuple[str, Offer], ...]:
    found: list[tuple[str, Offer]] = []
    sheet = place.spec.sheet(sheet_key)
    budgets = _shares(place, sheet_key)
    everyone = submitters(place.spec, place.period)
    varied = place.area in everyone and (everyone.index(place.area) + place.year) % VARIED == 0
    for number, line in enumerate(lines(place, sheet)):
        values = {(c.role or c.key): line.get(c.key) for c in sheet.columns}
        budget = budgets[line_name(sheet, line)]
        first = Offer(
            stream_key=str(values.get("stream_key") or stream_of(place.spec, sheet)),
            project_key=str(values.get("project_key") or ""),
            project_name=str(values.get("project_name") or ""),
            capital_or_revenue=str(values.get("capital_or_revenue") or sheet.constants.get("capital_or_revenue", "")),
            version=1,
            effective_from=date(place.year, 4, 1),
            original_budget_gbp=budget,
            revised_budget_gbp=budget,
            known_from=date(place.year, 3, 18),
        )
        found.append((line_name(sheet, line), first))
        if number == 0 and varied:
            more = replace(
                first,
                version=2,
                effective_from=date(place.year, 10, 1),
                revised_budget_gbp=budget + max(1000, budget // 10_000 * 1000),
                known_from=date(place.year, 9, 20),
            )
            found.append((line_name(sheet, line), more))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _shares(place: Place, sheet_key: str) -> dict[str, int]:
    """The original budget of each line of a sheet of spend: together the submitter's part of the stream."""
    sheet = place.spec.sheet(sheet_key)
    stream = role_column(sheet, "stream_key")
    by_stream: dict[str, list[str]] = {}
    for line in lines(place, sheet):
        key = str(line[stream.key]) if stream else stream_of(place.spec, sheet)
        by_stream.setdefault(key, []).append(line_name(sheet, line))
    budgets: dict[str, int] = {}
    for key, names in by_stream.items():
        weights = {name: 0.5 + place.draw("budget", key, name).random() for name in names}
        hundreds = share(place, budget_of(key, place.year) // 100)
        budgets |= {name: 100 * part for name, part in spread(hundreds, weights).items()}
    return budgets


def _grant_spend(place: Place, sheet: Sheet, line: Row) -> Row:
    """Spend that rises over the year, under the budget that is in force at the period's end."""
    name = line_name(sheet, line)
    original = _shares(place.at_year_start, sheet.key)[name]
    in_force = [
        o.revised_budget_gbp for n, o in offers(place, sheet) if n == name and o.effective_from <= place.period.end
    ]
    budget = in_force[-1] if in_force else original
    draw = place.draw("spend", name, place.year)
    used = 0.88 + 0.12 * draw.random()
    slow = 0.75 + 0.3 * draw.random()
    pace = used * place.elapsed ** (1 / slow) if place.elapsed < 1 else used
    spend = int(original * pace // 10 * 10)
    profile = int(original * place.elapsed // 10 * 10)
    forecast = spend if place.elapsed == 1 else max(spend, int(original * used // 10 * 10))
    reason = _VARIANCE[0 if spend < profile else 1][1 if place.language == "cy" else 0]
    return {
        "original_budget_gbp": original,
        "budget_gbp": budget,
        "profile_gbp": profile,
        "spend_to_date_gbp": spend,
        "accruals_gbp": int(spend * 0.08 * draw.random() // 10 * 10),
        "forecast_gbp": forecast,
        "clawback_gbp": (budget - spend) // 2 // 10 * 10 if place.elapsed == 1 else None,
        "variance_reason": reason
        if max(abs(spend - profile), abs(spend - budget) * (place.elapsed == 1)) > _MATERIAL
        else None,
    }


def _grant_projects(place: Place, sheet: Sheet, line: Row) -> Row:
    """What a project reached since the start of the year, in numbers and mostly in words too."""
    column = role_column(sheet, "outcome_measure")
    said = line.get(column.key) if column else None
    unit, level, *_ = next((m for m in OUTCOMES if said in m), ("other", 20, ""))
    draw = place.draw("outcome", line_name(sheet, line))
    if unit == "percent":
        value: float = round(level * (0.85 + 0.25 * draw.random()))
    else:
        value = int(level * (0.5 + draw.random()) * (1 + 0.05 * (place.year - 2019)) * place.elapsed)
    told = draw.random() < 0.7
    sentence = SENTENCES[place.draw("outcome", line_name(sheet, line), place.period.key).randrange(len(SENTENCES))]
    first = 1 if place.language == "cy" else 0
    # the second text is for those who tell it in both languages: English first, Welsh beside it
    both = told and not first and draw.random() < 0.25
    return {
        "measured_in": unit,
        "outcome_value": value,
        "narrative": sentence[first] if told else None,
        "narrative_language": ("en", "cy")[first] if told else None,
        "narrative_cy": sentence[1] if both else None,
    }


PLANNED = {
    "in_care": (198, 215, 178),
    "out_of_county_in_wales": (94, 96, 92),
    "out_of_wales": (36, 28, 6),
    "parents_learning_disability": (6, 5, 5),
}
"""Reductions that eighteen authorities planned for 2019-20, 2020-21 and 2021-22, as published for Wales."""


def planned(area: str, priority: str, year: int, seed: int) -> int | None:
    """What an authority planned for a priority in a year; None where it committed to no numbers."""
    totals = PLANNED.get(priority)
    if totals is None or area in UNABLE or not 2019 <= year < 2019 + len(totals):
        return None
    return _planned(priority, year, seed).get(area)


@functools.lru_cache(maxsize=64)
def _planned(priority: str, year: int, seed: int) -> dict[str, int]:
    weights = {
        code: size * (0.3 + random.Random(f"{seed}/{priority}/{year}/{code}").random())  # noqa: S311
        for code, size in SIZES.items()
        if code not in UNABLE
    }
    return spread(PLANNED[priority][year - 2019], weights)


def _reduction_plan(place: Place, sheet: Sheet, line: Row) -> Row:
    priority, year = _said(sheet, line, "priority"), _said(sheet, line, "financial_year")
    number = planned(place.area, priority, int(year[:4]) if year[:4].isdigit() else place.year, place.seed)
    language = 1 if place.language == "cy" else 0
    text = _UNABLE_TEXT if number is None else _ASSUMPTIONS[len(priority) % len(_ASSUMPTIONS)]
    return {"planned_reduction": Marker("not_offered") if number is None else number, "assumption": text[language]}


def _reduction_progress(place: Place, sheet: Sheet, line: Row) -> Row:
    priority = _said(sheet, line, "priority")
    by_year = [planned(place.area, priority, year, place.seed) for year in range(2019, place.year + 1)]
    draw = place.draw("progress", priority)
    language = 1 if place.language == "cy" else 0
    reached: Any = Marker("not_offered")
    if by_year and by_year[0] is not None:
        so_far = sum(n or 0 for n in by_year[:-1]) + (by_year[-1] or 0) * place.elapsed
        reached = max(0, int(so_far * (0.3 + 0.8 * draw.random())))
    sentence = SENTENCES[place.draw("progress", priority, place.period.key).randrange(len(SENTENCES))]
    return {
        "reduction_to_date": reached,
        "returned_to_care": int(place.size * draw.random() * place.elapsed),
        "narrative": sentence[language],
        "assumption_review": _ASSUMPTIONS[len(priority) % len(_ASSUMPTIONS)][language],
    }


def _said(sheet: Sheet, line: Mapping[str, Any], role: str) -> str:
    column = role_column(sheet, role)
    return str(line.get(column.key, "")) if column else ""


_UNABLE_TEXT = (
    "The authority cannot commit to numbers: too much depends on the courts and on single large families.",
    "Ni all yr awdurdod ymrwymo i rifau: mae gormod yn dibynnu ar y llysoedd ac ar deuluoedd mawr unigol.",
)
_ASSUMPTIONS = (
    (
        "It rests on earlier help for families and on going home safely where a court agrees.",
        "Mae’n seiliedig ar gymorth cynharach i deuluoedd ac ar fynd adref yn ddiogel lle mae llys yn cytuno.",
    ),
    (
        "It rests on more foster carers near home, and no child moves only to meet a number.",
        "Mae’n seiliedig ar fwy o ofalwyr maeth yn agos at adref, ac nid oes plentyn yn symud er mwyn rhif yn unig.",
    ),
)


def _virement(place: Place, sheet: Sheet, line: Row) -> Row:
    draw = place.draw("moved", line_name(sheet, line), place.year)
    amount = int(place.size * (4000 + 9000 * draw.random()) * place.elapsed // 100 * 100)
    return {"amount_gbp": amount}


_OFFERED, _ACCEPTED = 0.82, 0.55


def _advocacy(place: Place, sheet: Sheet, line: Row) -> Row:
    """Offers to most of those entitled; a little over half of them are taken up."""
    authority = str(line.get(column.key)) if (column := role_column(sheet, "authority")) else place.area
    draw = place.draw("offers", line_name(sheet, line), place.period.key)
    providers = max(1, len(lines(place, sheet)) // max(1, len({str(r.get("authority")) for r in lines(place, sheet)})))
    eligible = max(1, int(size_of(authority, place.period.end) * 5 * (0.7 + 0.6 * draw.random()) / providers))
    offered = max(1, int(eligible * min(1.0, _OFFERED * (0.85 + 0.3 * draw.random()))))
    return {
        "eligible": eligible,
        "active_offers_made": offered,
        "active_offers_accepted": int(offered * min(1.0, _ACCEPTED * (0.8 + 0.4 * draw.random()))),
    }


BEDS, HOMES_OPEN, BEDS_OF_A_HOME = 96, 5, 3
"""Beds planned with the Housing with Care Fund; five homes with fifteen beds were open in June 2024."""
_OPEN_FROM = {1: 2, 2: 3, 3: 4, 4: HOMES_OPEN, 5: HOMES_OPEN}
"""Homes open at the end of each quarter from April 2023; after that one more a quarter."""


def _regional_accommodation(place: Place, sheet: Sheet, line: Row) -> Row:
    """Schemes of one home each; the first homes open in region after region."""
    names = [line_name(sheet, other) for other in lines(place, sheet)]
    number = names.index(line_name(sheet, line))
    more = max(0, BEDS - BEDS_OF_A_HOME * projects_in_wales(place, sheet))
    beds = BEDS_OF_A_HOME + spread(share(place, more), dict.fromkeys(names, 1.0))[names[number]]
    quarter = (place.year - 2023) * 4 + round(place.elapsed * 4)
    homes = _OPEN_FROM.get(quarter, HOMES_OPEN + max(0, quarter - max(_OPEN_FROM)))
    regions = submitters(place.spec, place.period)
    is_open = number * len(regions) + regions.index(place.area) < homes if place.area in regions else False
    open_beds = BEDS_OF_A_HOME if is_open else 0
    return {
        "scheme_name": project_name(place, number + 7)[1 if place.language == "cy" else 0],
        "funding_gbp": 100
        * spread(share(place, budget_of("housing_with_care_fund", place.year) // 100), dict.fromkeys(names, 1.0))[
            names[number]
        ],
        "homes": 1,
        "beds_planned": beds,
        "beds_open": open_beds,
        "beds_outstanding": beds - open_beds,
        "children_supported": open_beds
        and max(1, open_beds - place.draw("lived", number, place.period.key).randrange(2)),
    }


_COVERAGE = ("Looked after children in all of Wales", "Plant sy’n derbyn gofal ledled Cymru")
_SMALL_BASE = 10


def _children_voice(place: Place, sheet: Sheet, line: Row) -> Row:
    """Questions of our own, and a percentage wherever ten or more answered."""
    key = _said(sheet, line, "question_key")
    level, english, welsh = QUESTIONS.get(key, (70, key, key))
    draw = place.draw("answers", line_name(sheet, line), place.period.key)
    band = _said(sheet, line, "age_band")
    responses = int({"4_to_7": 120, "8_to_10": 190, "11_to_18": 380}.get(band, 100) * (0.9 + 0.2 * draw.random()))
    if band == "4_to_7" and key == "know_why_in_care" and place.year % 2 == 0:
        responses = 7  # few of the youngest answered this one
    share_ = round(min(98.0, level * (0.92 + 0.14 * draw.random())), 1)
    return {
        "question_en": english,
        "question_cy": welsh,
        "responses": responses,
        "response_pct": share_ if responses >= _SMALL_BASE else Marker("not_applicable"),
        "coverage_en": _COVERAGE[0],
        "coverage_cy": _COVERAGE[1],
    }


MEASURES: dict[str, dict[int, float]] = {
    "ch_001": {0: 92_000}, "ch_002": {0: 51_000}, "ch_006": {0: 41_000}, "ch_012": {0: 36_000}, "ch_015": {0: 16_600},
    "ch_026": {0: 2_600}, "ch_039": {2019: WALES_CHILDREN[2020], 2020: WALES_CHILDREN[2021]}, "ch_040": {0: 900},
    "ch_043": {0: 650}, "ch_044": {0: 800}, "ch_045": {0: 420}, "ch_046": {0: 4_300}, "ch_047": {0: 1_700},
    "ch_048": {0: 350}, "ch_052": {0: 310}, "ch_053": {0: 290}, "ch_054": {0: 190},
    "posts_fte": {0: 2_900}, "vacancies_fte": {0: 639}, "agency_workers": {0: 320},
}  # fmt: skip
"""For all of Wales, from a financial year on: children looked after, vacancies in 2022 and agency workers in October
2023 as published, the others invented."""
_PARTS_OF = {"ch_002": "ch_001", "ch_012": "ch_006"}
_NOT_COLLECTED = {("ch_040", "W06000016"), ("ch_044", "W06000019"), ("ch_053", "W06000024"), ("ch_054", "W06000008")}


def _measures(place: Place, sheet: Sheet, line: Row) -> Row:
    key = _said(sheet, line, "measure_key")
    if key not in MEASURES:
        return {}
    if (key, place.area) in _NOT_COLLECTED:
        missing = Marker("not_collected")
        return {"value": missing, "numerator": None, "denominator": None, "note": None}
    number = _measured(place, key)
    whole = _PARTS_OF.get(key)
    return {
        "value": number,
        "numerator": number if whole else None,
        "denominator": _measured(place, whole) if whole else None,
        "note": None,
    }


def _measured(place: Place, key: str) -> int:
    steps = MEASURES[key]
    start = max((y for y in steps if y <= place.year), default=min(steps))
    return share(place, int(steps[start]))


FEEDS: dict[str, Callable[[Place, Sheet, Row], Row]] = {
    "grant_spend": _grant_spend,
    "virement": _virement,
    "grant_projects": _grant_projects,
    "reduction_plan": _reduction_plan,
    "reduction_progress": _reduction_progress,
    "advocacy": _advocacy,
    "regional_accommodation": _regional_accommodation,
    "children_voice": _children_voice,
    "measures": _measures,
}
