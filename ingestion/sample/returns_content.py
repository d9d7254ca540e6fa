"""What the synthetic submissions say: rows for every sheet of every return, worked out from its spec.

A column that nothing here knows gets a value of its type and unit: within its limits, as a part of its whole, and no
lower than in the period before where it is a running total. What the marts are compared with is calibrated: ``_FEEDS``
makes rows by the names that a mart has for them, so that the sums over Wales are those that were published (what was
planned, offered or counted). How they are spread over areas and projects is invented, and so is everything else.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from ingestion.returns.areas import areas, areas_of_type, members
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.spec import Column, ReturnSpec, Sheet
from ingestion.sample.generate import _SIZES as SIZES
from ingestion.sample.generate import WALES_CHILDREN
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


def content(place: Place) -> Rows:
    """The rows of a submission without a mistake."""
    return {sheet.key: [_row(place, sheet, line) for line in lines(place, sheet)] for sheet in place.spec.sheets}


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
_THINGS = (
    ("North service", "Gwasanaeth y gogledd"),
    ("South service", "Gwasanaeth y de"),
    ("Coast service", "Gwasanaeth yr arfordir"),
)
_MOST_LINES = 60


def lines(place: Place, sheet: Sheet) -> list[Row]:
    """What names each row of a sheet: the values of its grain, and the role columns that belong to them."""
    if sheet.fixed_rows:
        return [dict(row) | _rest_of_grain(place, sheet, row, number) for number, row in enumerate(sheet.fixed_rows)]
    if sheet.feed == "virement":
        return _moves(place, sheet)
    project = _project(sheet)
    if project and project.key in sheet.grain and not project.choices:
        return _project_lines(place, sheet, project)
    values = [_members_of_grain(place, sheet.column(key)) for key in sheet.grain]
    found = [dict(zip(sheet.grain, combined, strict=True)) for combined in itertools.product(*values)]
    return found[: max(sheet.min_rows, min(sheet.max_rows, _MOST_LINES))]


def _moves(place: Place, sheet: Sheet) -> list[Row]:
    """Money is moved in a third of the places, between two programmes."""
    columns = [_role(sheet, role) for role in ("from_stream_key", "to_stream_key")]
    draw = place.draw("moves", place.year)
    if draw.random() > 1 / 3 and sheet.min_rows == 0:
        return []
    pair = draw.sample([choice.key for choice in columns[0].choices], 2) if columns[0] else []
    return [{column.key: key for column, key in zip(columns, pair, strict=False) if column}]


def _rest_of_grain(place: Place, sheet: Sheet, row: Mapping[str, str], number: int) -> Row:
    rest = [key for key in sheet.grain if key not in row]
    return {
        k: _members_of_grain(place, sheet.column(k))[number % len(_members_of_grain(place, sheet.column(k)))]
        for k in rest
    }


def _members_of_grain(place: Place, column: Column) -> list[Any]:
    if column.choices:
        return [choice.key for choice in column.choices]
    if (column.role or column.key) == "question_key":
        return list(_QUESTIONS)
    if (column.role or column.key) == "provider":
        return [words[1 if place.language == "cy" else 0] for words in _PROVIDERS[: 1 + (place.size > 15)]]
    if column.type == "area":
        return _areas_for(place, column) or [place.area]
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
    return [english if place.language == "en" else welsh for english, welsh in _THINGS[:2]]


def _areas_for(place: Place, column: Column) -> list[str]:
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
        for combined in itertools.product(*(_of_project(place, sheet.column(key), number) for key in rest)):
            found.append(row | dict(zip(rest, combined, strict=True)))
    return found


def _of_project(place: Place, column: Column, number: int) -> list[Any]:
    """What a project has in another column of the grain: mostly one thing of those that there are."""
    if (column.role or column.key) == "outcome_measure" and not column.choices:
        language = 3 if place.language == "cy" else 2
        return [_MEASURES[number % 3][language], _MEASURES[3][language]][: 2 if number % 2 else 1]
    values = _members_of_grain(place, column)
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
    known = (sheet.key, stream_of(place.spec, sheet), "")
    total = next(PROJECTS[key] for key in known if key in PROJECTS)
    everywhere = len(submitters(place.spec, place.period))  # every submitter has one at least
    return 1 + share(place, max(0, total - everywhere))


def _initials(area: str) -> str:
    words = re.findall(r"[A-Z]", areas()[area].name_en.replace("Regional Partnership Board", ""))
    return "".join(words) if len(words) > 1 else areas()[area].name_en[:3].upper()


def stream_of(spec: ReturnSpec, sheet: Sheet) -> str:
    """The funding stream that a sheet is about: what the sheet says, or another of the return."""
    said = [s.constants["stream_key"] for s in (sheet, *spec.sheets) if "stream_key" in s.constants]
    return said[0] if said else spec.key


def _project(sheet: Sheet) -> Column | None:
    return _role(sheet, "project_key") or _role(sheet, "scheme_key")


def _role(sheet: Sheet, role: str) -> Column | None:
    return next((c for c in sheet.columns if (c.role or c.key) == role), None)


# -- values by type and unit --------------------------------------------------------------------------------------
_LEVELS = {
    "gbp": 400_000, "children": 40, "young_people": 25, "families": 30, "carers": 14, "people": 30, "offers": 30,
    "responses": 40, "homes": 2, "beds": 5, "projects": 3, "posts": 20, "fte": 18, "days": 20, "meetings": 4,
    "schools": 12, "percent": 70,
}  # fmt: skip
"""About what an authority of middling size has in a year: orders of magnitude, invented."""
_MIDDLING = 6


def _row(place: Place, sheet: Sheet, line: Row) -> Row:
    """A row: what names it, what its mart is calibrated to, then whatever else the spec asks for."""
    row: Row = dict(line)
    known = _FEEDS[sheet.feed](place, sheet, line) if sheet.feed in _FEEDS else {}
    for column in sheet.columns:
        role = column.role or column.key
        if column.key not in row and role in known:
            row[column.key] = _allowed(column, known[role])
    makers = _Makers(place, sheet, row)
    return {column.key: makers.value(column) for column in sheet.columns}


def _allowed(column: Column, value: Any) -> Any:
    """A calibrated value, or an empty cell where the column allows no such marker."""
    if isinstance(value, Marker) and value not in column.allow:
        return None
    if column.type == "choice" and value not in {choice.key for choice in column.choices}:
        return None
    return value


class _Makers:
    """Makes the values that are not known yet: parts after their wholes."""

    def __init__(self, place: Place, sheet: Sheet, row: Row) -> None:
        self.place, self.sheet, self.row = place, sheet, row
        self.line = _name(sheet, row)
        named = lines(place, sheet)
        here = next((row[k] for k in sheet.grain if sheet.column(k).type == "area" and row.get(k)), None)
        beside = [r for r in named if here is None or here in r.values()]
        self.size: float = size_of(here, place.period.end) if here else place.size
        self.size /= max(1, len(beside))
        """How large the part of the submitter is that the row is about."""

    def value(self, column: Column) -> Any:
        if column.key in self.row and (self.row[column.key] is not None or not column.required):
            return self.row[column.key]
        self.row[column.key] = made = self._number(column) if column.is_number else self._other(column)
        return made

    def _draw(self, column: Column, *words: object) -> random.Random:
        return self.place.draw(self.sheet.key, self.line, column.key, *words)

    def _number(self, column: Column) -> Any:
        if column.sums_to:
            self._parts_of(column.sums_to)
            return self.row[column.key]
        if column.adds_to:
            whole = self.value(self.sheet.column(column.adds_to))
            fellows = sum(c.adds_to == column.adds_to for c in self.sheet.columns)
            if not isinstance(whole, int | float):
                return whole if isinstance(whole, Marker) and whole in column.allow else None
            return _whole(column, whole * (0.3 + 0.5 * self._draw(column).random()) / fellows)
        return self._plain(column)

    def _parts_of(self, total: str) -> None:
        """Share a total out over the columns that add up to it."""
        parts = [c for c in self.sheet.columns if c.sums_to == total]
        known = {c.key: v for c in parts if isinstance(v := self.row.get(c.key), int | float)}
        whole = self.value(self.sheet.column(total))
        unknown = [c for c in parts if c.key not in known]
        if not isinstance(whole, int | float):
            self.row |= dict.fromkeys((c.key for c in unknown), None)
            return
        left = max(0, round(whole) - round(sum(known.values())))
        self.row |= spread(left, {c.key: 0.5 + self._draw(c).random() for c in unknown}) if unknown else {}

    def _plain(self, column: Column) -> Any:
        if self.sheet.key == "residential" and column.unit in ("beds", "homes"):
            names = [_name(self.sheet, line) for line in lines(self.place, self.sheet)]
            total = share(self.place, RESIDENTIAL_BEDS) if column.unit == "beds" else len(names)
            return spread(total, dict.fromkeys(names, 1.0))[self.line]
        place, draw = self.place, self._draw(column)
        if column.unit == "percent" or column.type == "percent":
            level = (
                _LEVELS["percent"] * (0.75 + 0.4 * draw.random())
                + (self._draw(column, place.period.key).random() - 0.5) * 4
            )
        else:
            level = _LEVELS.get(column.unit or "", 10) * self.size / _MIDDLING * (0.6 + 0.8 * draw.random())
            level *= 1 + 0.03 * (place.year - 2019)
            if column.cumulative:
                level *= place.elapsed - 0.05 * draw.random()
            else:
                part = {"Q": 4, "H": 2}.get(place.period.part[0], 1) if column.type in ("count", "money") else 1
                level *= (0.9 + 0.2 * self._draw(column, place.period.key).random()) / part
        return _whole(column, level)

    def _other(self, column: Column) -> Any:
        place, draw = self.place, self._draw(column, self.place.period.key)
        language = 1 if place.language == "cy" else 0
        if column.type == "choice":
            # one thing for all rows of a project
            thing = self.row.get(project.key) if (project := _project(self.sheet)) else self.line
            return column.choices[place.draw(column.key, thing).randrange(len(column.choices))].key
        if column.type == "area":
            fitting = _areas_for(place, column)
            return fitting[self._draw(column).randrange(len(fitting))] if fitting else None
        if column.type == "date":
            return place.period.end - timedelta(days=draw.randrange(1, 60))
        if column.type == "boolean":
            return draw.random() < 0.8
        if column.type == "narrative":
            if not column.required and draw.random() < 0.4:
                return None
            return _fits(column, _SENTENCES[draw.randrange(len(_SENTENCES))][language])
        if column.pattern:
            return _members_of_grain(place, column)[0]
        return _fits(column, _THINGS[draw.randrange(len(_THINGS))][language])


def _whole(column: Column, number: float) -> float | int:
    """A number as its column has it, within its limits."""
    low, high = column.minimum if column.minimum is not None else 0, column.maximum
    number = max(low, number if high is None else min(high, number))
    if column.type == "money":
        return int(number // 10 * 10) if number >= low + 10 else int(number)
    return round(number, 1) if column.type in ("decimal", "percent") else int(number)


def _fits(column: Column, text: str) -> str:
    return text[: column.max_length] if column.max_length else text


_SENTENCES = (
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


# -- what the marts are compared with -----------------------------------------------------------------------------
PROJECTS = {"icf_children_annual": 40, "rif": 28, "housing_with_care_proposals": 30, "residential": 15, "": 28}
"""How many projects a stream, or a sheet, has in Wales: 40 of the Integrated Care Fund in November 2019, 15 homes of
the regional accommodation programme; the others are invented."""
RESIDENTIAL_BEDS = 26
"""Beds of those fifteen."""
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
VARIED = 0.25
"""How many offer letters are varied in the autumn: a quarter of them, one line each."""
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
    varied = place.draw("variation", place.year).random() < VARIED
    for number, line in enumerate(lines(place, sheet)):
        values = {(c.role or c.key): line.get(c.key) for c in sheet.columns}
        budget = budgets[_name(sheet, line)]
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
        found.append((_name(sheet, line), first))
        if number == 0 and varied:
            more = replace(
                first,
                version=2,
                effective_from=date(place.year, 10, 1),
                revised_budget_gbp=budget + max(1000, budget // 10_000 * 1000),
                known_from=date(place.year, 9, 20),
            )
            found.append((_name(sheet, line), more))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _shares(place: Place, sheet_key: str) -> dict[str, int]:
    """The original budget of each line of a sheet of spend: together the submitter's part of the stream."""
    sheet = place.spec.sheet(sheet_key)
    stream = _role(sheet, "stream_key")
    by_stream: dict[str, list[str]] = {}
    for line in lines(place, sheet):
        key = str(line[stream.key]) if stream else stream_of(place.spec, sheet)
        by_stream.setdefault(key, []).append(_name(sheet, line))
    budgets: dict[str, int] = {}
    for key, names in by_stream.items():
        weights = {name: 0.5 + place.draw("budget", key, name).random() for name in names}
        hundreds = share(place, budget_of(key, place.year) // 100)
        budgets |= {name: 100 * part for name, part in spread(hundreds, weights).items()}
    return budgets


def _name(sheet: Sheet, line: Mapping[str, Any]) -> str:
    return "/".join(str(line.get(key)) for key in sheet.grain)


def _grant_spend(place: Place, sheet: Sheet, line: Row) -> Row:
    """Spend that rises over the year, under the budget that is in force at the period's end."""
    name = _name(sheet, line)
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


_MEASURES = (
    ("children", 40, "Children supported to stay at home safely", "Plant a gefnogwyd i aros gartref yn ddiogel"),
    ("families", 25, "Families offered a family conference", "Teuluoedd a gafodd gynnig cynhadledd deuluol"),
    ("carers", 12, "Foster carers who had training", "Gofalwyr maeth a gafodd hyfforddiant"),
    ("percent", 78, "Families who say that it helped (percent)", "Teuluoedd sy’n dweud iddo helpu (y cant)"),
)


def _grant_projects(place: Place, sheet: Sheet, line: Row) -> Row:
    """What a project reached since the start of the year, in numbers and mostly in words too."""
    column = _role(sheet, "outcome_measure")
    said = line.get(column.key) if column else None
    unit, level, *_ = next((m for m in _MEASURES if said in m), ("other", 20, ""))
    draw = place.draw("outcome", _name(sheet, line))
    if unit == "percent":
        value: float = round(level * (0.85 + 0.25 * draw.random()))
    else:
        value = int(level * (0.5 + draw.random()) * (1 + 0.05 * (place.year - 2019)) * place.elapsed)
    told = draw.random() < 0.7
    sentence = _SENTENCES[place.draw("outcome", _name(sheet, line), place.period.key).randrange(len(_SENTENCES))]
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
    chance = {code: random.Random(f"{seed}/{priority}/{year}/{code}").random() for code in SIZES}  # noqa: S311
    weights = {code: size * (0.3 + chance[code]) for code, size in SIZES.items() if code not in UNABLE}
    return spread(totals[year - 2019], weights).get(area)


def _reduction_plan(place: Place, sheet: Sheet, line: Row) -> Row:
    priority, year = _said(sheet, line, "priority"), _said(sheet, line, "financial_year")
    number = planned(place.area, priority, int(year[:4]), place.seed)
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
    sentence = _SENTENCES[place.draw("progress", priority, place.period.key).randrange(len(_SENTENCES))]
    return {
        "reduction_to_date": reached,
        "returned_to_care": int(place.size * draw.random() * place.elapsed),
        "narrative": sentence[language],
        "assumption_review": _ASSUMPTIONS[len(priority) % len(_ASSUMPTIONS)][language],
    }


def _said(sheet: Sheet, line: Mapping[str, Any], role: str) -> str:
    column = _role(sheet, role)
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
    draw = place.draw("moved", _name(sheet, line), place.year)
    amount = int(place.size * (4000 + 9000 * draw.random()) * place.elapsed // 100 * 100)
    return {"amount_gbp": amount}


_PROVIDERS = (("Advocacy Service A", "Gwasanaeth Eiriolaeth A"), ("Advocacy Service B", "Gwasanaeth Eiriolaeth B"))
_OFFERED, _ACCEPTED = 0.82, 0.55


def _advocacy(place: Place, sheet: Sheet, line: Row) -> Row:
    """Offers to most of those entitled; a little over half of them are taken up."""
    authority = str(line.get(column.key)) if (column := _role(sheet, "authority")) else place.area
    draw = place.draw("offers", _name(sheet, line), place.period.key)
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
    names = [_name(sheet, other) for other in lines(place, sheet)]
    number = names.index(_name(sheet, line))
    beds = spread(share(place, BEDS), dict.fromkeys(names, 1.0))[names[number]]
    quarter = (place.year - 2023) * 4 + round(place.elapsed * 4)
    homes = _OPEN_FROM.get(quarter, HOMES_OPEN + max(0, quarter - max(_OPEN_FROM)))
    regions = submitters(place.spec, place.period)
    is_open = number * len(regions) + regions.index(place.area) < homes if place.area in regions else False
    open_beds = min(BEDS_OF_A_HOME, beds) if is_open else 0
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


_QUESTIONS = {
    "safe_where_i_live": (88, "I feel safe where I live", "Rwy’n teimlo’n ddiogel lle rwy’n byw"),
    "adult_to_trust": (84, "There is an adult that I trust", "Mae oedolyn yr wyf yn ymddiried ynddo"),
    "see_my_family": (61, "I see my family as often as I like", "Rwy’n gweld fy nheulu mor aml ag yr hoffwn"),
    "i_am_listened_to": (70, "People listen to what I want", "Mae pobl yn gwrando ar yr hyn rwyf ei eisiau"),
    "know_why_in_care": (72, "I know why I am in care", "Rwy’n gwybod pam rwyf mewn gofal"),
}
_COVERAGE = ("Looked after children in all of Wales", "Plant sy’n derbyn gofal ledled Cymru")
_SMALL_BASE = 10


def _children_voice(place: Place, sheet: Sheet, line: Row) -> Row:
    """Questions of our own, and a percentage wherever ten or more answered."""
    key = _said(sheet, line, "question_key")
    level, english, welsh = _QUESTIONS.get(key, (70, key, key))
    draw = place.draw("answers", _name(sheet, line), place.period.key)
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


_FEEDS: dict[str, Callable[[Place, Sheet, Row], Row]] = {
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
