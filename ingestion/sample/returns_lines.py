"""Who sends the synthetic returns, how large they are, and which rows their sheets have: no figures yet.

What names a row follows from the grain of its sheet: the rows that every return has, projects, members of a region,
every combination of choices. It is the same in each period, so that running totals and comparisons hold.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ingestion.returns.areas import areas, areas_of_type, members
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.spec import Column, ReturnSpec, Sheet
from ingestion.sample.generate import SIZES
from ingestion.sample.synthetic import spread

Row = dict[str, Any]
"""Values by the keys of columns: numbers, dates, keys of choices, codes of areas, ``Marker``; None where empty."""
Rows = dict[str, list[Row]]
"""Rows by the keys of sheets."""

WELSH = frozenset(
    {"W06000001", "W06000002", "W06000008", "W06000010", "education_gwe", "rpb_west_wales", "advocacy_north_wales"}
)
"""Submitters of the sample that write in Welsh (invented)."""
UNABLE = ("W06000003", "W06000009", "W06000018", "W06000021")
"""Four authorities of the sample that commit to no numbers. Which four did so was never published: these are drawn."""


class Marker(str):
    """The key of a marker that stands instead of a value (``not_offered``)."""

    __slots__ = ()


@dataclass(frozen=True)
class Place:
    """Where and when: everything that a submission's figures depend on, beside its spec."""

    spec: ReturnSpec
    area: str
    period: ReturnPeriod
    seed: int

    def __hash__(self) -> int:
        """Specs have none."""
        return hash((self.spec.key, self.spec.version, self.area, self.period, self.seed))

    @property
    def language(self) -> str:
        """What the submitter writes in."""
        return "cy" if self.area in WELSH else "en"

    @property
    def size(self) -> int:
        """How large the submitter is, against the sum over Wales."""
        return size_of(self.area, self.period.end)

    @property
    def year(self) -> int:
        """The calendar year in which the period's year starts."""
        return int(self.period.key[:4])

    @property
    def elapsed(self) -> float:
        """How much of the period's year is over at its end."""
        part = self.period.part
        return {"Q": 0.25, "H": 0.5}.get(part[0], 1.0) * int(part[1:] or 1)

    @property
    def at_year_start(self) -> Place:
        """The same for the year's first period: one for all that stays the same in a year."""
        first = ReturnPeriod(self.year_label, date(self.year, 4, 1), date(self.year, 4, 1))
        return replace(self, period=first)

    @property
    def year_label(self) -> str:
        """The financial year: ``2019-20``."""
        return self.period.year.replace("/", "-")

    def draw(self, *words: object) -> random.Random:
        """Chance that depends on the seed, the return, the submitter and the words, and on nothing else."""
        return random.Random(f"{self.seed}/{self.spec.key}/{self.area}/{'/'.join(map(str, words))}")  # noqa: S311


def size_of(area: str, on: date) -> int:
    """How large an area of the sample is: parts of a whole, of Wales or of a region the sum of its members."""
    if area in SIZES:
        return SIZES[area]
    return sum(SIZES.values()) if area.startswith("W92") else sum(SIZES[code] for code in members(area, on))


def submitters(spec: ReturnSpec, period: ReturnPeriod) -> list[str]:
    """Who sends a return for a period."""
    return list(spec.submitters) or areas_of_type(spec.submitted_by, period.end)


def share(place: Place, total: int) -> int:
    """The submitter's part of a total over all who send the return."""
    codes = submitters(place.spec, place.period)
    return spread(total, {code: size_of(code, place.period.end) for code in codes}).get(place.area, 0)


# -- which rows ---------------------------------------------------------------------------------------------------
_PROJECTS = (
    ("Edge of care team", "Tîm ymyl gofal"),
    ("Family group conferences", "Cynadleddau grŵp teulu"),
    ("Going home safely", "Mynd adref yn ddiogel"),
    ("Therapy for foster families", "Therapi i deuluoedd maeth"),
    ("Support after adoption", "Cymorth ar ôl mabwysiadu"),
    ("Short breaks", "Seibiannau byr"),
    ("Step-down homes", "Cartrefi camu i lawr"),
    ("Young parents’ support", "Cymorth i rieni ifanc"),
    ("Children with complex needs", "Plant ag anghenion cymhleth"),
    ("Emotional health in schools", "Iechyd emosiynol mewn ysgolion"),
)
THINGS = (
    ("North service", "Gwasanaeth y gogledd"),
    ("South service", "Gwasanaeth y de"),
    ("Coast service", "Gwasanaeth yr arfordir"),
)
_MOST_LINES = 60
PROJECTS = {"icf_children_annual": 40, "rif": 28, "housing_with_care_proposals": 30, "residential": 15, "": 28}
"""How many projects a stream, or a sheet, has in Wales: 40 of the Integrated Care Fund in November 2019, 15 homes of
the regional accommodation programme; the others are invented."""

OUTCOMES = (
    ("children", 40, "Children supported to stay at home safely", "Plant a gefnogwyd i aros gartref yn ddiogel"),
    ("families", 25, "Families offered a family conference", "Teuluoedd a gafodd gynnig cynhadledd deuluol"),
    ("carers", 12, "Foster carers who had training", "Gofalwyr maeth a gafodd hyfforddiant"),
    ("percent", 78, "Families who say that it helped (percent)", "Teuluoedd sy’n dweud iddo helpu (y cant)"),
)
QUESTIONS = {
    "safe_where_i_live": (88, "I feel safe where I live", "Rwy’n teimlo’n ddiogel lle rwy’n byw"),
    "adult_to_trust": (84, "There is an adult that I trust", "Mae oedolyn yr wyf yn ymddiried ynddo"),
    "see_my_family": (61, "I see my family as often as I like", "Rwy’n gweld fy nheulu mor aml ag yr hoffwn"),
    "i_am_listened_to": (70, "People listen to what I want", "Mae pobl yn gwrando ar yr hyn rwyf ei eisiau"),
    "know_why_in_care": (72, "I know why I am in care", "Rwy’n gwybod pam rwyf mewn gofal"),
}
_PROVIDERS = (("Advocacy Service A", "Gwasanaeth Eiriolaeth A"), ("Advocacy Service B", "Gwasanaeth Eiriolaeth B"))


def lines(place: Place, sheet: Sheet) -> list[Row]:
    """What names each row of a sheet: the values of its grain, and the role columns that belong to them."""
    return [dict(line) for line in _lines(place, sheet.key)]


@functools.lru_cache(maxsize=256)
def _lines(place: Place, sheet_key: str) -> list[Row]:
    """Every row of a sheet asks for them."""
    sheet = place.spec.sheet(sheet_key)
    if sheet.fixed_rows:
        return [dict(row) | _rest_of_grain(place, sheet, row, number) for number, row in enumerate(sheet.fixed_rows)]
    if sheet.feed == "virement":
        return _moves(place, sheet)
    project = project_column(sheet)
    if project and project.key in sheet.grain and not project.choices:
        return _project_lines(place, sheet, project)
    values = [grain_members(place, sheet.column(key)) for key in sheet.grain]
    found = [dict(zip(sheet.grain, combined, strict=True)) for combined in itertools.product(*values)]
    return found[: max(sheet.min_rows, min(sheet.max_rows, _MOST_LINES))]


def _moves(place: Place, sheet: Sheet) -> list[Row]:
    """Money is moved in a third of the places, between two programmes."""
    columns = [role_column(sheet, role) for role in ("from_stream_key", "to_stream_key")]
    draw = place.draw("moves", place.year)
    if draw.random() > 1 / 3 and sheet.min_rows == 0:
        return []
    keys = [choice.key for choice in columns[0].choices] if columns[0] else []
    pair = draw.sample(keys, 2) if len(keys) > 1 else []
    return [{column.key: key for column, key in zip(columns, pair, strict=False) if column}]


def _rest_of_grain(place: Place, sheet: Sheet, row: Mapping[str, str], number: int) -> Row:
    rest = [key for key in sheet.grain if key not in row]
    return {k: grain_members(place, sheet.column(k))[number % len(grain_members(place, sheet.column(k)))] for k in rest}


def grain_members(place: Place, column: Column) -> list[Any]:
    """What stands in a column that names rows, one row each."""
    if column.choices:
        return [choice.key for choice in column.choices]
    if (column.role or column.key) == "question_key":
        return list(QUESTIONS)
    if (column.role or column.key) == "provider":
        return [words[1 if place.language == "cy" else 0] for words in _PROVIDERS[: 1 + (place.size > 15)]]
    if column.type == "area":
        return areas_for(place, column) or [place.area]
    if column.type == "boolean":
        return [True, False]
    if column.type == "date":
        return [place.period.end]
    if column.is_number:
        low = int(column.minimum or 1)
        return [low, low + 1]
    if column.pattern:
        return [t for t in (f"{_initials(place.area)}-{n:02d}" for n in (1, 2)) if re.fullmatch(column.pattern, t)] or [
            "1"
        ]
    return [english if place.language == "en" else welsh for english, welsh in THINGS[:2]]


def areas_for(place: Place, column: Column) -> list[str]:
    """Areas that may stand in a column, the submitter's own where it says so."""
    if column.within_submitter:
        own = [place.area, *members(place.area, place.period.end)]
    else:
        own = [code for kind in column.area_types for code in areas_of_type(kind, place.period.end)]
    fitting = [code for code in own if not column.area_types or areas()[code].type in column.area_types]
    parts = [code for code in fitting if code != place.area]
    return parts or fitting


def _project_lines(place: Place, sheet: Sheet, project: Column) -> list[Row]:
    found: list[Row] = []
    for number in range(1, _projects(place, sheet) + 1):
        name = project_name(place, number)
        row: Row = {project.key: f"{_initials(place.area)}-{number:02d}"}
        names = {"project_name": name[1 if place.language == "cy" else 0]}
        names |= {"project_name_en": name[0], "project_name_cy": name[1]}
        row |= {c.key: names[c.role or c.key] for c in sheet.columns if (c.role or c.key) in names}
        rest = [key for key in sheet.grain if key != project.key]
        if any(sheet.column(key).type == "area" for key in rest) and number % 3 != 1 and not sheet.min_rows:
            continue  # most projects have one partner only
        things = itertools.product(*(_of_project(place, sheet.column(key), number) for key in rest))
        found += [row | dict(zip(rest, combined, strict=True)) for combined in things]
    return found


def _of_project(place: Place, column: Column, number: int) -> list[Any]:
    """What a project has in another column of the grain: mostly one thing of those that there are."""
    if (column.role or column.key) == "outcome_measure" and not column.choices:
        language = 3 if place.language == "cy" else 2
        return [OUTCOMES[number % 3][language], OUTCOMES[3][language]][: 2 if number % 2 else 1]
    values = grain_members(place, column)
    if column.type == "area":
        start = number % len(values)
        return (values[start:] + values[:start])[:3] if len(values) > 1 else []
    if set(values) == {"capital", "revenue"}:
        return ["revenue", "capital"] if number % 5 == 3 else ["revenue"]
    if column.choices and len(values) > 3:
        return [values[number % len(values)]]
    return values


def project_name(place: Place, number: int) -> tuple[str, str]:
    """What a project is called, in English and in Welsh."""
    english, welsh = _PROJECTS[(number - 1 + len(place.area)) % len(_PROJECTS)]
    round_ = (number - 1) // len(_PROJECTS)
    return (english, welsh) if not round_ else (f"{english} {round_ + 1}", f"{welsh} {round_ + 1}")


def _projects(place: Place, sheet: Sheet) -> int:
    place = place.at_year_start  # a project stays for the year, whoever joins or leaves
    everywhere = len(submitters(place.spec, place.period))  # every submitter has one at least
    return 1 + share(place, max(0, projects_in_wales(place, sheet) - everywhere))


def projects_in_wales(place: Place, sheet: Sheet) -> int:
    """How many projects, or schemes, all submitters of a sheet have together."""
    known = (sheet.key, stream_of(place.spec, sheet), "")
    return next(PROJECTS[key] for key in known if key in PROJECTS)


def _initials(area: str) -> str:
    words = re.findall(r"[A-Z]", areas()[area].name_en.replace("Regional Partnership Board", ""))
    return "".join(words) if len(words) > 1 else areas()[area].name_en[:3].upper()


def stream_of(spec: ReturnSpec, sheet: Sheet) -> str:
    """The funding stream that a sheet is about: what the sheet says, or another of the return."""
    said = [s.constants["stream_key"] for s in (sheet, *spec.sheets) if "stream_key" in s.constants]
    return said[0] if said else spec.key


def line_name(sheet: Sheet, line: Mapping[str, Any]) -> str:
    """What tells a row of a sheet from the others, as one text."""
    return "/".join(str(line.get(key)) for key in sheet.grain)


def project_column(sheet: Sheet) -> Column | None:
    """The column that names a project, or a scheme."""
    return role_column(sheet, "project_key") or role_column(sheet, "scheme_key")


def role_column(sheet: Sheet, role: str) -> Column | None:
    """The column that a mart knows by a name."""
    return next((c for c in sheet.columns if (c.role or c.key) == role), None)


SENTENCES = (
    (
        "The team worked with families earlier than last year, and fewer of them needed more help later.",
        "Gweithiodd y tîm gyda theuluoedd yn gynharach na’r llynedd, ac roedd angen llai o gymorth arnynt wedyn.",
    ),
    (
        "Two posts were vacant for part of the period; both are filled now.",
        "Roedd dwy swydd yn wag am ran o’r cyfnod; mae’r ddwy wedi’u llenwi erbyn hyn.",
    ),
    (
        "Young people helped to choose the staff and to plan the next half-year.",
        "Helpodd pobl ifanc i ddewis y staff ac i gynllunio’r hanner blwyddyn nesaf.",
    ),
    (
        "Demand was higher than planned, and the waiting list was opened again.",
        "Roedd y galw’n uwch na’r disgwyl, ac ailagorwyd y rhestr aros.",
    ),
    (
        "Work with schools began in the autumn and reaches most of the area.",
        "Dechreuodd y gwaith gydag ysgolion yn yr hydref ac mae’n cyrraedd y rhan fwyaf o’r ardal.",
    ),
    (
        "Most of the work moved to telephone and video, and visits began again later.",
        "Symudodd y rhan fwyaf o’r gwaith i ffôn a fideo, a dechreuodd ymweliadau eto’n ddiweddarach.",
    ),
)
