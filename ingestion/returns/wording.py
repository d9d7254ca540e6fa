"""What a spec says, in words that people read: headings with their units, entries of lists, what a cell expects.

The blank template, the parser and the report that goes back all call a column by the same words.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal, get_args

from ingestion.returns.areas import SEEDS, Area, areas, areas_of_type, members
from ingestion.returns.cover import COVER_EN, MARKERS, YES_NO
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.spec import AreaType, Column, ReturnSpec, Rule, Sheet, Unit

Languages = Literal["both", "en", "cy"]
Words = tuple[str, str]
"""English, Welsh."""

UNITS: dict[Unit, Words] = {
    "gbp": ("£", "£"),
    "children": ("children", "plant"),
    "young_people": ("young people", "pobl ifanc"),
    "families": ("families", "teuluoedd"),
    "carers": ("carers", "gofalwyr"),
    "people": ("people", "pobl"),
    "offers": ("offers", "cynigion"),
    "responses": ("responses", "ymatebion"),
    "homes": ("homes", "cartrefi"),
    "beds": ("beds", "gwelyau"),
    "projects": ("projects", "prosiectau"),
    "posts": ("posts", "swyddi"),
    "fte": ("full-time equivalent", "cyfwerth ag amser llawn"),
    "percent": ("%", "%"),
    "days": ("days", "diwrnodau"),
    "meetings": ("meetings", "cyfarfodydd"),
    "schools": ("schools", "ysgolion"),
}
PREVIOUS_PREFIX = "Last period / Cyfnod blaenorol"
"""What the heading of a column starts with that shows last period's figures: it is no column of the return."""
GUIDANCE_SHEET = "Guidance – Canllawiau"
LIST_SHEET = "_lists"
"""Hidden; what the drop-downs offer."""

_MONTHS_EN = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December")  # fmt: skip
_MONTHS_CY = ("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref",
              "Tachwedd", "Rhagfyr")  # fmt: skip
_EXCEL_FORBIDS = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_TITLE_LENGTH = 31
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def both(words: Words) -> str:
    """English and Welsh in one text; once where they are the same."""
    return words[0] if words[0] == words[1] else f"{words[0]} / {words[1]}"


def in_language(words: Words, language: Languages) -> str:
    """English, Welsh, or both in one text."""
    return both(words) if language == "both" else words[0 if language == "en" else 1]


@functools.cache
def status_words() -> Mapping[str, Words]:
    """Every status of a return and every outcome of a submission, as people read it.

    The marts, the answers to submitters, the run report and the command line all take their words from this one seed.
    """
    with (SEEDS / "return_statuses.csv").open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle)
        return MappingProxyType({row["return_status"]: (row["label_en"], row["label_cy"]) for row in rows})


def status_in_a_sentence(status: str, language: str) -> str:
    """One of them where other words stand before it: ``not accepted``, ``ni dderbyniwyd``."""
    word = status_words()[status][1 if language == "cy" else 0]
    return word[:1].lower() + word[1:]


def long_date(day: date) -> Words:
    """``15 November 2019`` and ``15 Tachwedd 2019``."""
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}", f"{day.day} {_MONTHS_CY[day.month - 1]} {day.year}"


def heading(column: Column, language: Languages = "both") -> str:
    """The heading of a column with its unit: ``Spend to date (£) / Gwariant hyd yma (£)``.

    Args:
        column: The column.
        language: ``both``, or one of them alone.
    """
    en, cy = column.heading_en, column.heading_cy
    if column.unit:
        unit_en, unit_cy = UNITS[column.unit]
        en = en if f"({unit_en})" in en else f"{en} ({unit_en})"
        cy = cy if f"({unit_cy})" in cy else f"{cy} ({unit_cy})"
    return {"en": en, "cy": cy, "both": f"{en} / {cy}"}[language]


def area_label(code: str) -> str:
    """The name of an area in both languages; the code itself where none has it."""
    area = areas().get(code)
    return both((area.name_en, area.name_cy)) if area else code


def areas_allowed(column: Column, area: Area, period: ReturnPeriod) -> list[str]:
    """The codes of the areas that may stand in a column: of the submitter's own on the period's last day, or of all.

    Args:
        column: A column of type ``area``.
        area: Who submits.
        period: What the return is about.
    """
    if column.within_submitter:
        own = [area.code, *members(area.code, period.end)]
        return [code for code in own if code in areas() and areas()[code].type in column.area_types]
    return [code for kind in column.area_types for code in areas_of_type(kind, period.end)]


def all_areas(on: date) -> list[str]:
    """The codes of every area that may send a return on a day."""
    return [code for kind in get_args(AreaType) for code in areas_of_type(kind, on)]


def entries(column: Column, area: Area, period: ReturnPeriod) -> list[str]:
    """What a drop-down offers for a column: its values in both languages, then what may stand instead of a value.

    Returns:
        Nothing where any value of the column's type may stand there.
    """
    if column.type == "choice":
        found = [both((c.en, c.cy)) for c in column.choices]
    elif column.type == "area":
        found = [area_label(code) for code in areas_allowed(column, area, period)]
    elif column.type == "boolean":
        found = [both(words) for words in YES_NO.values()]
    else:
        return []
    return [*found, *(both(MARKERS[m]) for m in column.allow)] if found else []


def sheet_titles(spec: ReturnSpec) -> dict[str, str]:
    """What the sheets of a return are called in a workbook, by their keys: the English titles, as Excel allows them."""
    taken = {COVER_EN.casefold(), GUIDANCE_SHEET.casefold()}
    titles: dict[str, str] = {}
    for sheet in spec.sheets:
        titles[sheet.key] = excel_title(sheet.title_en, taken)
    return titles


def excel_title(text: str, taken: set[str]) -> str:
    """Make a text a name of a sheet that Excel allows and that no other sheet has.

    Args:
        text: What it should be called.
        taken: The names that are taken, folded; the new one is added.
    """
    clean = re.sub(r"\s+", " ", _EXCEL_FORBIDS.sub(" ", text)).strip(" '") or "Sheet"
    if clean.casefold() == "history":  # Excel keeps this name for itself
        clean = f"{clean}_"
    title, number = clean[:_TITLE_LENGTH], 1
    while title.casefold() in taken:
        number += 1
        tail = f" {number}"
        title = clean[: _TITLE_LENGTH - len(tail)] + tail
    taken.add(title.casefold())
    return title


def expected(column: Column) -> Words:
    """What a column expects, in a sentence without its full stop."""
    en, cy = {
        "text": ("Text", "Testun"),
        "narrative": (
            "Your own words, without names or anything else that says who a person is",
            "Eich geiriau eich hun, heb enwau na dim arall sy’n dweud pwy yw person",
        ),
        "integer": ("A whole number", "Rhif cyfan"),
        "count": ("A whole number", "Rhif cyfan"),
        "decimal": ("A number", "Rhif"),
        "money": ("An amount in pounds, not thousands", "Swm mewn punnoedd, nid miloedd"),
        "percent": (
            "A percentage as a number: 12.5 stands for 12.5%",
            "Canran fel rhif: mae 12.5 yn golygu 12.5%",
        ),
        "date": ("A date, for example 30/09/2019", "Dyddiad, er enghraifft 30/09/2019"),
        "choice": ("One entry from the list", "Un dewis o’r rhestr"),
        "area": ("One area from the list", "Un ardal o’r rhestr"),
        "boolean": ("Yes or no, from the list", "Ydy neu nac ydy, o’r rhestr"),
    }[column.type]
    low, high = bounds(column)
    if low is not None and high is not None:
        en, cy = f"{en}, from {_plain(low)} to {_plain(high)}", f"{cy}, o {_plain(low)} i {_plain(high)}"
    elif low is not None:
        en, cy = f"{en}, {_plain(low)} or more", f"{cy}, {_plain(low)} neu fwy"
    elif high is not None:
        en, cy = f"{en}, at most {_plain(high)}", f"{cy}, {_plain(high)} ar y mwyaf"
    if column.max_length:
        en = f"{en}, at most {column.max_length:,} characters"
        cy = f"{cy}, {column.max_length:,} nod ar y mwyaf"
    return en, cy


def bounds(column: Column) -> tuple[float | None, float | None]:
    """The least and the greatest number that a column takes; a count is never below 0."""
    low = column.minimum
    return (0.0 if low is None and column.type == "count" else low), column.maximum


def rule_in_words(rule: Rule) -> Words:
    """What a rule says when it fails, with an ellipsis for what stands in the row."""
    en, cy = (_PLACEHOLDER.sub("…", message) for message in (rule.message_en, rule.message_cy))
    return en.replace("….", "…"), cy.replace("….", "…")


def checks_in_words(spec: ReturnSpec, sheet: Sheet) -> list[Words]:
    """What is checked of a sheet beside its own rules, each in a sentence."""
    told: list[Words] = []

    def name(key: str) -> Words:
        column = sheet.column(key)
        return f"“{column.heading_en}”", f"“{column.heading_cy}”"

    grain = [name(key) for key in sheet.grain]
    told.append(
        (
            f"No two rows have the same {_listed([g[0] for g in grain], 'and')}.",
            f"Nid oes gan ddwy res yr un {_listed([g[1] for g in grain], 'a')}.",
        )
    )
    sums: dict[str, list[Words]] = {}
    for column in sheet.columns:
        en, cy = name(column.key)
        if column.cumulative:
            told.append(
                (
                    f"{en} is counted from the start of the financial year: it is not lower than in the period before.",
                    f"Cyfrifir {cy} o ddechrau’r flwyddyn ariannol: nid yw’n is nag yn y cyfnod blaenorol.",
                )
            )
        if column.adds_to:
            whole_en, whole_cy = name(column.adds_to)
            told.append((f"{en} is a part of {whole_en}.", f"Mae {cy} yn rhan o {whole_cy}."))
        if column.sums_to:
            sums.setdefault(column.sums_to, []).append((en, cy))
    for key, parts in sums.items():
        whole_en, whole_cy = name(key)
        told.append(
            (
                f"{_listed([p[0] for p in parts], 'and')} add up to {whole_en}.",
                f"Cyfanswm {_listed([p[1] for p in parts], 'a')} yw {whole_cy}.",
            )
        )
    for total in spec.control_totals:
        if total.sheet == sheet.key:
            en, cy = name(total.column)
            told.append(
                (
                    f"“{total.heading_en}” on the cover is the sum of {en}.",
                    f"“{total.heading_cy}” ar y clawr yw cyfanswm {cy}.",
                )
            )
    return told


def _listed(words: list[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _plain(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,}"
