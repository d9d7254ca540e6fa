"""Made-up figures for the core tests: small, and every one of them chosen to show one thing. Nothing here is real."""

from __future__ import annotations

from typing import Any

from snapshot import Load

CLA, POPULATION = "children_looked_after_gender_age", "population_by_age"
OUTTURN, ADOPTIONS, MEALS = "revenue_outturn", "adoptions_gender_age", "free_school_meals"
EXPORT = f"statswales_export_{CLA}"
FIRST, SECOND, THIRD, FOURTH = "2019-10-30T09:30", "2020-10-29T09:30", "2021-10-28T09:30", "2022-10-27T09:30"
CARDIFF, TORFAEN, MERTHYR, WALES = "W06000015", "W06000020", "W06000024", "W92000004"
GONE, BACK = "W06000018", "W06000019"


def cells(**changed: Any) -> list[dict[str, Any]]:
    """The rows of one vintage of children looked after."""
    return [
        {"area": WALES, "period": 2019, "value": 6850},
        {"area": WALES, "period": 2019, "measure": "male", "value": 3700},
        {"area": CARDIFF, "period": 2019, "value": changed.get("cardiff", 980), "note_codes": changed.get("note", "p")},
        {"area": CARDIFF, "period": 2019, "measure": "male", "age_group": "under_1",
         **changed.get("small", {"note_codes": "c"})},
        {"area": TORFAEN, "period": 2019, "value": 450},
    ]  # fmt: skip


gone = {"area": GONE, "period": 2019, "value": 480}
back = {"area": BACK, "period": 2019, "value": 210}
# the same three areas as publishers also write them: a legacy code, a Welsh label, a label that a person typed
SPELLINGS: list[dict[str, Any]] = [
    {"area": ("Merthyr Tydfil", "542"), "period": ("2008", "2008", "5"), "value": 150},
    {"area": ("Bro Morgannwg", "x-1"), "period": ("31/03/2019", None, None), "value": 240},
    {"area": ("  Rhondda  Cynon\u00a0TAFF ", None), "period": ("2018-19 (r)", "18", "2"), "value": 675},
]
DUPLICATE_LABEL = {"area": CARDIFF, "period": 2019, "measure": ("Rate per 10,000", "9"), "value": "131.5"}
"""A data description that the registry does not map: it stays in staging."""

LOADS = [
    Load(CLA, FIRST, [*cells(), gone, back, *SPELLINGS, DUPLICATE_LABEL], landed_at="2026-11-01T02:00"),
    Load(CLA, SECOND, [*cells(cardiff=985, note="r", small={"value": 5}), gone], landed_at="2026-11-01T02:00"),
    Load(CLA, THIRD, [*cells(note=None, small={"value": 5}), back], landed_at="2026-11-02T02:00"),
    Load(
        CLA, FOURTH, [*cells(note=None, small={"value": 5}), back, {"area": WALES, "period": 2020, "value": 7000}],
        landed_at="2026-11-20T02:00",
    ),
    *[
        Load(POPULATION, known, [
            {"area": area, "period": 2018, "age": age, "value": value}
            for area, factor in ((CARDIFF, 1), (TORFAEN, 2))
            for age, value in (("Under 1", 100 * factor), ("Aged 5", 110 * factor + more), ("90+", 10 * factor),
                               ("All ages", 220 * factor + more), ("Aged 0 to 15", 210 * factor + more))
        ])
        for known, more in (("2019-06-26T08:30", 0), ("2020-06-24T08:30", 1))
    ],
    # money in thousands, in pounds and per head; a dataset of Wales alone; a percentage of a member that no list knows
    Load(OUTTURN, FIRST, [
        {"area": CARDIFF, "period": 2019, "measure": "thousand", "service": "social_services", "value": "1,234.5"},
        {"area": TORFAEN, "period": 2019, "measure": "pounds", "service": "social_services", "value": "700"},
        {"area": WALES, "period": 2019, "measure": "thousand", "service": "social_services", "value": "1,235.2"},
        {"area": CARDIFF, "period": 2019, "measure": "per_head", "service": "social_services", "value": "812"},
        {"area": WALES, "period": 2019, "measure": "per_head", "service": "social_services", "value": "790.5"},
    ]),
    Load(ADOPTIONS, FIRST, [
        {"period": 2019, "measure": ("Number of adoptions", "1"), "gender": gender, "age_at_adoption": age,
         "value": value}
        for gender, age, value in (("all", "under_1", 30), ("male", "under_1", 20), ("female", "under_1", 10),
                                   ("male", "1_to_4", 40))
    ]),
    Load(MEALS, FIRST, [
        {"area": area, "period": "2018/19", "measure": "percent", "category": ("Known to be eligible", "7"),
         "value": value}
        for area, value in ((CARDIFF, "21.5"), (WALES, "18.1"))
    ]),
    # old exports, imported a year at a time; the first of 2004 was withdrawn for another, and came back
    *[
        Load(EXPORT, f"2026-11-02T{hour}", [{"area": TORFAEN, "period": year, "value": children}],
             load_id=load, kind="export")
        for hour, year, children, load in (
            (10, 2003, 155, "of2003"), (11, 2004, 165, "of2004"), (12, 2004, 170, "other"), (13, 2004, 165, "of2004"),
        )
    ],
]  # fmt: skip
