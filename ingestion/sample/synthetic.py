"""Synthetic figures for any registry entry: a small cube, made of what the entry says about its columns.

Every member that the entry lists is there, in both languages; where it lists none, a few plain ones are invented. Parts
add up to their totals and authorities to Wales, before each figure is rounded by itself. What is drawn depends on the
seed, the entry, the place and the period only, so that an earlier figure is the same in each release unless it was
revised. What figures are held to, and how they nest, is in `calibration`.
"""

from __future__ import annotations

import calendar
import functools
import hashlib
import itertools
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from ingestion.sample import calibration
from ingestion.sample.areas import AREAS, BY_CODE, SORT, WALES, Area
from ingestion.sample.calibration import Background as Background
from ingestion.sample.calibration import draw as _draw
from ingestion.sample.calibration import spread as spread
from ingestion.sample.cube import (
    COLUMN_CY,
    MONTHS,
    WORDS,
    Cube,
    Dimension,
    Member,
    area_member,
    cube_from_rows,
    display_name,
    member_of,
)
from ingestion.statswales.periods import Period, read_period
from ingestion.statswales.registry import (
    YEAR_KINDS,
    Column,
    Dataset,
    Measure,
    PeriodKind,
    normalise,
    read_registry,
)

LIMIT = 3000
"""About how many rows a cube may have in the last release."""
LAST_RELEASE = 3
FIRST = 5
"""Periods of the first release, where the dataset has one kind of them."""
NEWEST = 2019
"""The year in which the first release came out."""
AUTHORITIES = tuple(area.code for area in AREAS if area.code != WALES)
FEW = (WALES, "W06000001", "W06000015", "W06000006", "W06000010", "W06000020")
"""Wales and a handful of authorities, for cubes that would be too large with all of them."""

ROOM = {"social_services_revenue_outturn": 4_000}
"""Datasets that have every authority although they are larger: spending is compared with numbers of children."""
OF_NO_BASIS = {"social_services_outturn"}
"""Measures of which figures are published without a word on whether they are gross or net."""
_REST = "rest"
NOT_STATED = "not_stated"
"""The registry's member for a breakdown that a dataset does not have."""
_Cell = tuple[str, str, str, tuple[str, ...]]
"""Measure member, period, area, and a member of each breakdown."""
_Figures = dict[_Cell, float]

LEVELS: tuple[tuple[str, float], ...] = (
    (r"birth", 30_000),
    (r"population", 3_150_000),
    (r"staff", 1_200),
    (r"flying_start.*contact", 190_000),
    (r"flying_start", 37_000),
    (r"pupil", 470_000),
    (r"counsel", 11_000),
    (r"asylum|unaccompanied|uasc", 120),
    (r"adopt", 310),
    (r"protection", 2_820),
    (r"secure", 20),
    (r"short_break|respite", 300),
    (r"leaver|leaving|ceas", 1_700),
    (r"start", 2_000),
    (r"foster.*(carer|household)", 3_800),
    (r"foster", 4_800),
    (r"looked_after", 6_800),
    (r"care_and_support|in_need", 16_600),
    (r"referral|contact|assessment", 30_000),
    (r"rough_sleep", 400),
    (r"homeless|temporary|prevent", 9_800),
    (r"social_services", 2_100_000_000),
    (r"outturn|budget|settlement", 4_000_000_000),
    (r"grant", 20_000_000),
)
"""How many in Wales in a year, by a word of the measure's or the dataset's key: invented, but of that order."""
_LEVEL_OF_UNIT = {
    "children": 2_000, "people": 2_000, "households": 3_000, "count": 1_500, "episodes": 2_500, "cases": 900,
    "days": 200, "gbp": 60_000_000, "percent": 60.0, "rate": 90.0,
}  # fmt: skip
_AGES = (
    ("all", "All ages", "Pob oed"), ("0_to_4", "0 to 4", "0 i 4"), ("5_to_9", "5 to 9", "5 i 9"),
    ("10_to_15", "10 to 15", "10 i 15"), ("16_to_17", "16 to 17", "16 i 17"),
    ("18_and_over", "18 and over", "18 a throsodd"),
)  # fmt: skip


@dataclass(frozen=True)
class _Item:
    """A member of a measure or breakdown column."""

    key: str
    reference: str
    en: str
    cy: str
    is_total: bool = False
    measure: Measure | None = field(default=None, compare=False)
    measure_key: str | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    """Breakdowns in the data description, but for those that it is the whole of."""
    scale: float = 1
    weight: float = 1
    """What is listed first is mostly what there is most of."""


@dataclass(frozen=True)
class _Plan:
    """What a cube has in it, the same in every release but for its periods."""

    entry: Dataset
    measures: list[_Item]
    breakdowns: list[list[_Item]]
    areas: tuple[str, ...]
    joint: bool
    """Whether breakdowns are crossed with each other; else one at a time is broken down, the others being totals."""


def synthetic_cube(
    entry: Dataset, measures: Mapping[str, Measure], release: int, background: Callable[[int], Background]
) -> Cube:
    """A dataset as it was in a release.

    Args:
        entry: The registry entry.
        measures: The registry's measures, by key.
        release: 1 to 3.
        background: What the sample knows, by release.

    Returns:
        The cube.
    """
    plan = _plan(entry, measures)
    periods = periods_of(entry, release)
    published = _published(plan, periods, release, background)
    earlier = _published(plan, periods_of(entry, release - 1), release - 1, background) if release > 1 else {}
    newest = {_key(period) for period in periods if period.end == _period_end(periods)}
    described = _measure(plan)
    columns = list(_dimensions(plan, periods))
    names = ["value", "note_codes", described.fact_column, *(dimension.fact_column for dimension, _ in columns)]
    rows: dict[str, list[str | None]] = {name: [] for name in names}
    for cell, (value, notes) in published.items():
        measure, period, area, combination = cell
        codes = list(notes)
        if period in newest:
            codes.append("p")
        elif cell in earlier and earlier[cell][0] != value:
            codes.append("r")
        rows["value"].append(value)
        rows["note_codes"].append(",".join(codes))
        rows[described.fact_column].append(measure)
        for dimension, reference in columns:
            rows[dimension.fact_column].append(reference(period, area, combination))
    return cube_from_rows(rows, described, [dimension for dimension, _ in columns])


def released(entry: Dataset, release: int, children: Sequence[datetime], population: Sequence[datetime]) -> datetime:
    """When a release of a dataset came out.

    Args:
        entry: The registry entry.
        release: 1 to 3.
        children: When those of the children looked after did: others of their year are near them.
        population: When those of the population did.

    Returns:
        A moment, always after the periods that the release has.
    """
    kinds = entry.columns["period"].periods
    days = int(_draw(entry.key, "released") * 20)
    if "mid_year" in kinds:
        moment = population[release - 1]
    elif kinds[0] in ("financial_year_end", "financial_year"):
        moment = children[release - 1] - timedelta(days=days)
    else:
        end = _period_end(periods_of(entry, release))
        moment = datetime(end.year, end.month, end.day, 9, 30, tzinfo=UTC) + timedelta(days=55 + days)
    return moment


def periods_of(entry: Dataset, release: int) -> list[Period]:
    """The periods of a release: of one kind, or of a year with its quarters, months or days.

    Args:
        entry: The registry entry.
        release: 1 to 3; each has one more than the one before, or one more year with its parts.

    Returns:
        They, oldest first. A framework's measures have those for which it answered, so that there may be none yet.
    """
    return [period for period in _all_periods(entry, release) if _answered_for(entry, period)]


def _answered_for(entry: Dataset, period: Period) -> bool:
    known = read_registry().measures
    measures = [known[key] for key in entry.measure_keys if key in known]
    return not measures or any(
        measure.valid_from <= period.end and (measure.valid_to is None or period.end < measure.valid_to)
        for measure in measures
    )


def _all_periods(entry: Dataset, release: int) -> list[Period]:
    kinds = entry.columns["period"].periods
    years = [kind for kind in kinds if kind in YEAR_KINDS]
    parts = [kind for kind in kinds if kind not in YEAR_KINDS]
    if {"quarter", "calendar_quarter"} <= set(parts):  # they are coded alike: a dataset has one of them
        parts.remove("calendar_quarter" if parts.index("quarter") < parts.index("calendar_quarter") else "quarter")
    found: list[Period] = []
    if not years:
        for kind in parts:
            step = 1 if kind == "month" else 3
            texts = [_text(kind, _months(date(NEWEST, 3, 1), step * n)) for n in range(1 - FIRST, release)]
            found += _read(kind, texts)
        return found
    for kind in years:
        last = NEWEST + release - 1 - (kind in ("mid_year", "calendar_year"))
        span = FIRST + release - 1 if not parts else 2 + release
        found += _read(kind, [_text(kind, date(year, 3, 1)) for year in range(last - span + 1, last + 1)])
    for whole in [period for period in found if period.end.year >= NEWEST]:
        for kind in parts:
            step = 1 if kind == "month" else 3
            ends = [_months(whole.end.replace(day=1), -step * n) for n in range(12 // step - 1, -1, -1)]
            if kind == "rolling_year":  # one that ends with the year is that year
                ends = ends[:-1]
            found += _read(kind, [_text(kind, end) for end in ends])
    # Of two kinds that one text could name, the column has the first: the last day of a quarter is that quarter.
    readable = [period for period in found if read_period(kinds, member_of(period).en, None, None) == period]
    return sorted(readable, key=lambda period: (period.end, -period.start.toordinal()))


def _read(kind: PeriodKind, texts: Iterable[str]) -> list[Period]:
    return [found for text in texts if (found := read_period([kind], text, None, None))]


def _months(first: date, by: int) -> date:
    """The first of another month, so many later."""
    months = first.year * 12 + first.month - 1 + by
    return date(months // 12, months % 12 + 1, 1)


def _text(kind: PeriodKind, month: date) -> str:
    """A period of a kind that ends with a month, as people write it."""
    year, number = month.year, month.month
    if kind in ("financial_year_end", "financial_year"):
        return f"{year - 1}-{year % 100:02}"
    if kind == "school_year":
        return f"{year - 1}/{year % 100:02}"
    if kind in ("mid_year", "calendar_year"):
        return str(year)
    if kind == "quarter":
        first = year if number > 3 else year - 1
        return f"Q{(number // 3 - 2) % 4 + 1} {first}-{(first + 1) % 100:02}"
    if kind == "calendar_quarter":
        return f"Q{number // 3} {year}"
    if kind == "month":
        return f"{MONTHS[number - 1][0]} {year}"
    if kind == "rolling_year":
        return f"Year ending {MONTHS[number - 1][0]} {year}"
    return f"{calendar.monthrange(year, number)[1]}/{number:02}/{year}"


def _period_end(periods: Iterable[Period]) -> date:
    return max(period.end for period in periods)


@functools.lru_cache(maxsize=4096)
def _key(period: Period) -> str:
    return member_of(period).reference


# -- what is in a cube -----------------------------------------------------------------------------------------


def _plan(entry: Dataset, measures: Mapping[str, Measure]) -> _Plan:
    items = _measure_items(entry, measures)
    published = bool(entry.measure_keys & OF_NO_BASIS)
    breakdowns = [_items(entry.columns[role], published=published) for role in entry.breakdowns]
    constant = entry.columns["area"].constant
    periods = len(periods_of(entry, LAST_RELEASE))
    limit = ROOM.get(entry.key, LIMIT)
    every = (WALES, *AUTHORITIES)
    choices = ((constant if constant in BY_CODE else WALES,),) if constant else (every, FEW)
    for joint, areas in itertools.product((True, False), choices):
        plan = _Plan(entry, items, breakdowns, areas, joint)
        if _size(plan) * periods <= limit:
            return plan
    while _size(plan) * periods > limit:  # what is left has no total to stand at: some members are left out
        longest = max(plan.breakdowns, key=len, default=[])
        if len(longest) <= 3:
            break
        kept = [members if members is not longest else _shorter(members) for members in plan.breakdowns]
        plan = replace(plan, breakdowns=kept)
    return plan


def _shorter(members: list[_Item]) -> list[_Item]:
    """One member fewer; never the total."""
    last = max(index for index, member in enumerate(members) if not member.is_total)
    return [member for index, member in enumerate(members) if index != last]


def _size(plan: _Plan) -> int:
    """Rows of one period."""
    sizes = [len(members) for members in plan.breakdowns]
    if plan.joint:
        combinations = math.prod(sizes)
    else:
        fixed = math.prod(len(m) for m in plan.breakdowns if not _has_total(m))
        combinations = fixed * (1 + sum(len(m) - 1 for m in plan.breakdowns if _has_total(m)))
    return len(plan.measures) * len(plan.areas) * combinations


def _has_total(members: Sequence[_Item]) -> bool:
    return any(m.is_total for m in members) and not all(m.is_total for m in members)


def _measure_items(entry: Dataset, measures: Mapping[str, Measure]) -> list[_Item]:
    column = entry.columns["measure"]
    found: list[_Item] = []
    for key, member in column.values.items():
        measure = measures.get(member.measure_key or "")
        hidden = tuple(sorted((role, value) for role, value in member.breakdown.items() if value != "all"))
        scale = member.scale or (measure.scale if measure else 1)
        if any((i.measure_key, i.hidden) == (member.measure_key, hidden) and i.scale != scale for i in found):
            continue  # the same in another unit: a dataset has it in one of them
        weight = 1 / (1 + sum(len(item.hidden) > 0 for item in found))
        found.append(
            _Item(
                key, member.code or key, member.en, member.cy, False, measure, member.measure_key, hidden, scale, weight
            )
        )
    if not found and (rest := column.otherwise):
        measure = measures[rest.measure_key]
        if rest.breakdown is None:
            texts = [("1", measure.title_en, measure.title_cy, "")]
        else:
            texts = [(str(n), f"Category {c}", f"Categori {c}", c.lower()) for n, c in enumerate("ABC", start=1)]
        for code, en, cy, value in texts:
            hidden = ((rest.breakdown, value),) if rest.breakdown else ()
            found.append(_Item(code, code, en, cy, False, measure, rest.measure_key, hidden, measure.scale))
    return found or [_Item("1", "1", "Number", "Nifer")]


def _items(column: Column, *, published: bool) -> list[_Item]:
    """Members of a breakdown. Of published figures nobody says of which basis they are: nor does the sample."""
    level = column.ages or any("age" in normalise(name).split() for name in column.names)
    listed = [
        _Item(key, member.code or key, member.en, member.cy, member.is_total, weight=1 if level else 1 / (1 + place))
        for place, (key, member) in enumerate(column.values.items())
        if (key == NOT_STATED) == (published and NOT_STATED in column.values)
    ]
    if listed:
        return listed
    if column.ages:
        return [_Item(key, en, en, cy, key == "all") for key, en, cy in _AGES]
    invented = [_Item(c.lower(), c, f"Category {c}", f"Categori {c}") for c in "ABC"]
    return [*invented, _Item("all", "T", "Total", "Cyfanswm", is_total=True)]


_Reference = Callable[[str, str, tuple[str, ...]], str]
"""What a column says of a period, an area and a combination."""


def _dimensions(plan: _Plan, periods: Sequence[Period]) -> Iterator[tuple[Dimension, _Reference]]:
    """The columns but for the measure, and what to write in each."""
    names: set[str] = {normalise(text) for word in ("value", "measure", "notes") for text in (WORDS["en"][word],)}
    facts: set[str] = {plan.entry.columns["measure"].fact_column.casefold(), "value", "note_codes"}

    def named(name: str, fact: str, cy: str) -> tuple[str, str, str]:
        """Names that no column has yet."""
        while normalise(name) in names:
            name, cy = f"{name} 2", f"{cy} 2"
        while fact.casefold() in facts:
            fact += "2"
        names.add(normalise(name))
        facts.add(fact.casefold())
        return fact, name, cy

    place = 0
    for column in plan.entry.columns.values():
        name_cy = column.name_cy or COLUMN_CY.get(normalise(column.names[0] if column.names else ""), "")
        if column.kind == "period":
            members = [member_of(period) for period in periods]
            fact, name, cy = named(display_name(column), column.fact_column, name_cy or "Cyfnod")
            dated = all(member.sort is not None for member in members)
            yield Dimension(fact, name, cy, members, is_date=dated), lambda period, _area, _c: period
        elif column.kind == "area" and column.constant is None:
            for fact, name, cy, members, written in _area_columns(plan, column, name_cy):
                dimension = Dimension(*named(name, fact, cy), members)
                yield dimension, lambda _p, area, _c, written=written: written[area]  # type: ignore[misc]
        elif column.kind == "breakdown":
            items = plan.breakdowns[place]
            above = _above(plan, place)
            members = [
                Member(item.reference, item.en, item.cy, order, above.get(item.key)) for order, item in enumerate(items)
            ]
            shown = display_name(column)
            dimension = Dimension(*named(shown, column.fact_column, name_cy or shown), members)
            yield dimension, lambda _p, _a, chosen, place=place: chosen[place]  # type: ignore[misc]
            place += 1


def _above(plan: _Plan, place: int) -> dict[str, str]:
    """The member that each member of a breakdown lies within, where they nest; as publishers say it, by its code."""
    references = {item.key: item.reference for item in plan.breakdowns[place]}
    role = plan.entry.breakdowns[place]
    found: dict[str, str] = {}
    for measure in plan.entry.measure_keys:
        for whole, part in calibration.nested(measure, role):
            if whole in references and part in references:
                found[part] = references[whole]
    return found


def _area_columns(
    plan: _Plan, column: Column, name_cy: str
) -> Iterator[tuple[str, str, str, list[Member], dict[str, str]]]:
    """The area as datasets have it: names beside a column of codes; or names alone, spelt and coded in various ways."""
    areas = [BY_CODE[code] for code in plan.areas if code in BY_CODE]
    if column.values:
        members = [Member(m.code or k, m.en, m.cy, order) for order, (k, m) in enumerate(column.values.items())]
        written = {area.code: (column.values[key].code or key) for area in areas if (key := _own_key(column, area))}
        rest = [area_member(area) for area in areas if area.code not in written]
        written |= {member.reference: member.reference for member in rest}
        yield column.fact_column, display_name(column), name_cy or "Ardal", [*members, *rest], written
        return
    codes = [name for name in column.names if re.search(r"(^| )code$", normalise(name))]
    labels = [name for name in column.names if not normalise(name).endswith("code")]
    if codes and labels:
        legacy = [area_member(area, legacy=True) for area in areas]
        cy = COLUMN_CY.get(normalise(labels[0]), name_cy or labels[0])
        yield "AuthorityCode", labels[0], cy, legacy, {area.code: area.legacy for area in areas}
        coded = [area_member(area, area.code, area.code) for area in areas]
        yield column.fact_column, codes[0], COLUMN_CY["area code"], coded, {area.code: area.code for area in areas}
        return
    style = _style(plan.entry)
    members = [_spelt(area, style) for area in areas]
    written = {area.code: member.reference for area, member in zip(areas, members, strict=True)}
    yield column.fact_column, display_name(column), name_cy or "Ardal", members, written


def _own_key(column: Column, area: Area) -> str | None:
    return column.find(area.code, area.en, area.cy, *area.also)


def _style(entry: Dataset) -> int:
    return int(hashlib.sha256(entry.key.encode()).hexdigest(), 16) % 4


def _spelt(area: Area, style: int) -> Member:
    """An area in one of the ways in which publishers write it."""
    if style == 1 and area.code == WALES:
        return area_member(area, "Total Welsh local authorities", "Cyfanswm awdurdodau lleol Cymru")
    if style == 3:  # no codes: a name is its own reference
        en = {"W06000014": "The Vale of Glamorgan", "W06000016": "Rhondda Cynon Taff"}.get(area.code, area.en)
        return Member(en, en, area.cy, SORT[area.code])
    return area_member(area, legacy=style == 2)


def _measure(plan: _Plan) -> Dimension:
    members = [Member(item.reference, item.en, item.cy, order) for order, item in enumerate(plan.measures, start=1)]
    column = plan.entry.columns["measure"]
    return Dimension(column.fact_column, WORDS["en"]["measure"], WORDS["cy"]["measure"], members)


# -- figures ---------------------------------------------------------------------------------------------------


def _published(
    plan: _Plan, periods: Sequence[Period], release: int, background: Callable[[int], Background]
) -> dict[_Cell, tuple[str | None, tuple[str, ...]]]:
    """Every cell as it is published: a value or none, and the codes that say why none."""
    known = background(release)
    shown = set(plan.areas)
    absent = _absent(plan, periods)
    found: dict[_Cell, tuple[str | None, tuple[str, ...]]] = {}
    for group in _groups(plan.measures):
        figures = _figures(plan, group, periods, release, known)
        items = {item.reference: item for item in group}
        for cell, number in figures.items():
            if cell[2] not in shown:
                continue
            item = items[cell[0]]
            if cell[1:3] == absent and not _is_children(item):
                found[cell] = None, ("x",)
            else:
                found[cell] = _written(plan.entry, item, number)
    return found


def _absent(plan: _Plan, periods: Sequence[Period]) -> tuple[str, str] | None:
    """The period and authority of which nothing was collected."""
    if len(plan.areas) < 3 or not periods:
        return None
    others = plan.areas[1:]
    return _key(periods[0]), others[int(_draw(plan.entry.key, "absent") * len(others))]


def _written(entry: Dataset, item: _Item, number: float) -> tuple[str | None, tuple[str, ...]]:
    measure = item.measure
    if not _adds(item):
        low = measure.min_value if measure and measure.min_value is not None else 0
        high = (
            measure.max_value if measure and measure.max_value is not None else 100 if _is_percent(item) else math.inf
        )
        return f"{min(max(number, low), high):.1f}".removesuffix(".0"), ()
    base = entry.rounding_base or (measure.rounding_base if measure else None)
    if base and measure and measure.unit != "gbp":
        if 0 < number < 5:
            return None, ("c",)
        return str(base * int((number + base / 2) // base)), ()
    return str(round(number)), ()


def _is_percent(item: _Item) -> bool:
    return item.measure is not None and item.measure.unit == "percent"


def _adds(item: _Item) -> bool:
    """Whether its figures add up to totals."""
    if item.measure and item.measure.unit in ("percent", "rate", "days"):
        return False
    return not re.search(r"average|mean|median|_per_|^rate|_rate$", item.measure_key or "")


def _is_children(item: _Item) -> bool:
    return item.measure_key == "children_looked_after"


def _of_children(item: _Item) -> bool:
    """Whether it counts the children looked after, or those of them in foster placements."""
    return item.measure_key in calibration.SAME_CHILDREN or item.measure_key == calibration.FOSTER


def _groups(items: Sequence[_Item]) -> list[list[_Item]]:
    """Items of one measure in one unit, which are parts and wholes of each other."""
    groups: dict[tuple[str, float], list[_Item]] = {}
    for item in items:
        groups.setdefault((item.measure_key or item.key, item.scale), []).append(item)
    return list(groups.values())


def _figures(
    plan: _Plan, group: Sequence[_Item], periods: Sequence[Period], release: int, known: Background
) -> _Figures:
    """All figures of one measure, authorities that are not shown included, for they are part of Wales."""
    figures: _Figures = {}
    lead = group[0]
    for period in [period for period in periods if _whole_of(period, periods) is None]:
        parts = [other for other in periods if _whole_of(other, periods) is period]
        bases = _bases(plan, lead, period, release, known)
        spans = [other for other in parts if other.kind != "point"] if _adds(lead) else []
        if not spans:
            figures |= _drawn(plan, group, period, bases, known)
        for other in parts:
            if other not in spans:  # a figure of its own, not a part of the year's
                own = bases if _adds(lead) else _bases(plan, lead, other, release, known)
                figures |= _drawn(plan, group, other, own, known)
        finest = [span for span in spans if span.kind == _finest(spans)]
        shares = {
            area: spread(round(base), {_key(s): 0.8 + 0.4 * _draw(plan.entry.key, _key(s), area) for s in finest})
            for area, base in (bases.items() if finest else ())
        }
        for span in finest:  # the year, and a quarter of months, is what its parts add up to
            drawn = _drawn(plan, group, span, {area: shares[area][_key(span)] for area in bases}, known)
            figures |= drawn
            wider = [o for o in spans if o.kind != span.kind and o.start <= span.start and span.end <= o.end]
            for (reference, _, area, combination), number in drawn.items():
                for whole in (period, *wider):
                    cell = (reference, _key(whole), area, combination)
                    figures[cell] = figures.get(cell, 0) + number
    return figures


def _finest(spans: Sequence[Period]) -> PeriodKind:
    kinds = [span.kind for span in spans]
    return max(kinds, key=kinds.count)


def _drawn(
    plan: _Plan, group: Sequence[_Item], period: Period, bases: Mapping[str, float], known: Background
) -> _Figures:
    """The figures of one period: of each authority that is shown, and of Wales."""
    lead, key = group[0], _key(period)
    adds, sizes = _adds(lead), dict(known.sizes)
    rest = [area for area in bases if area not in plan.areas]
    if len(rest) > 1:  # those that are not shown are part of Wales all the same: they are drawn as one
        sizes[_REST] = sum(sizes[area] for area in rest)
        summed = sum(bases[area] * (1 if adds else sizes[area] / sizes[_REST]) for area in rest)
        bases = {area: base for area, base in bases.items() if area in plan.areas} | {_REST: summed}
    held = _held(plan, group, period, bases, known)
    figures: _Figures = {}
    for area, base in bases.items():
        rng = random.Random(f"{known.seed}/{plan.entry.key}/{lead.measure_key}/{key}/{area}")  # noqa: S311
        cells = _added(plan, group, base, rng, held.get(area, {})) if adds else _leveled(plan, group, base, rng)
        for (reference, combination), number in cells.items():
            figures[reference, key, area, combination] = number
            wales = (reference, key, WALES, combination)
            share = number if adds else number * sizes[area] / sum(sizes[other] for other in bases)
            figures[wales] = figures.get(wales, 0) + share
    rate = None if adds else _level(lead, period, None, known) or _held_level(lead, period)
    if rate is not None:  # a rate of Wales is that of its numbers, not of what its authorities happened to draw
        rng = random.Random(f"{known.seed}/{plan.entry.key}/{lead.measure_key}/{key}")  # noqa: S311
        for (reference, combination), number in _leveled(plan, group, rate, rng).items():
            figures[reference, key, WALES, combination] = number
    return figures


_Held = dict[str, dict[tuple[str, str], int]]
"""Figures that are not drawn, by authority and by a breakdown and its member."""


def _held(plan: _Plan, group: Sequence[_Item], period: Period, bases: Mapping[str, float], known: Background) -> _Held:
    """What the parts of a measure are held to; what a revision moved is taken by those that are what is left."""
    lead, year = group[0], period.end.year
    if not _is_year(period) or lead.measure_key is None:
        return {}
    shown = [area for area in bases if area != _REST]
    held: _Held = {area: {} for area in bases}
    for role in _held_roles(plan, group):
        first = _first(plan, lead, period, known)
        for member, areas in calibration.parts(lead.measure_key, role, year, first, known, lead.scale).items():
            for area in shown:
                held[area][role, member] = areas[area]
            if _REST in bases:
                held[_REST][role, member] = sum(number for area, number in areas.items() if area not in shown)
        wholes = {area: first[area] for area in shown}
        wholes |= {_REST: sum(number for area, number in first.items() if area not in shown)} if _REST in bases else {}
        for area, number in wholes.items():
            for member in calibration.takers(lead.measure_key, role):
                held[area][role, member] = max(held[area][role, member] + round(bases[area]) - number, 0)
    tables = {"placement_weeks": calibration.placements, "placement_expenditure": calibration.placement_costs}
    if table := tables.get(lead.measure_key):
        for member, areas in (table(year, known) or {}).items():
            for area in shown:
                held[area]["placement_type", member] = areas[area]
    return held


def _held_roles(plan: _Plan, group: Sequence[_Item]) -> list[str]:
    """The breakdowns whose parts are held to something, where each other one has one member only."""
    hidden = {role for item in group for role, _ in item.hidden}
    shown = dict(zip(plan.entry.breakdowns, plan.breakdowns, strict=True))
    roles = [role for role in (*hidden, *shown) if (group[0].measure_key, role) in calibration.PARTS]
    if len(roles) != 1 or any(len(members) > 1 for role, members in shown.items() if role not in roles):
        return []
    return roles


def _first(plan: _Plan, lead: _Item, period: Period, known: Background) -> dict[str, int]:
    """A measure of each authority as first published, before any revision."""
    found = calibration.whole(lead.measure_key, period.end.year, known, lead.scale)
    return found or {area: round(number) for area, number in _bases(plan, lead, period, 1, known).items()}


def _held_level(lead: _Item, period: Period) -> float | None:
    return calibration.level(lead.measure_key, period.end.year) if _is_year(period) and not lead.hidden else None


def _is_year(period: Period) -> bool:
    return period.kind in YEAR_KINDS


def _whole_of(period: Period, periods: Sequence[Period]) -> Period | None:
    """The year of the dataset that a quarter, month or day lies in."""
    if period.kind in YEAR_KINDS or period.kind == "rolling_year":
        return None
    return next((p for p in periods if p.kind in YEAR_KINDS and p.start <= period.start and period.end <= p.end), None)


def _bases(plan: _Plan, lead: _Item, period: Period, release: int, known: Background) -> dict[str, float]:
    """The figure of each authority for a measure as a whole, with the release's revisions."""
    if not _adds(lead):
        found: dict[str, float] = {}
        for area in AUTHORITIES:
            exact = _level(lead, period, area, known)
            general = _general_level(plan, lead) * (0.85 + 0.3 * _draw(plan.entry.key, lead.key, area))
            drift = 0.97 + 0.06 * _draw(plan.entry.key, lead.key, area, _key(period))
            held = _held_level(lead, period)
            if exact is not None:
                found[area] = exact
            elif held is not None:
                ratio = (0.85 + 0.3 * _draw(plan.entry.key, lead.key, area)) * drift
                found[area] = calibration.about(held, ratio, percent=_is_percent(lead))
            else:
                found[area] = general * drift
    elif _of_children(lead) and _at_march(period) and (period.end.year, AUTHORITIES[0]) in known.children:
        first = calibration.whole(lead.measure_key, period.end.year, known) or {}
        year = period.end.year
        return {a: float(first[a] + known.children[year, a] - known.first[year, a]) for a in AUTHORITIES}
    elif _is_year(period) and (held_to := calibration.whole(lead.measure_key, period.end.year, known, lead.scale)):
        found = {area: float(number) for area, number in held_to.items()}
    else:
        level = _general_level(plan, lead) / lead.scale
        growth = 1 + 0.04 * _draw(plan.entry.key, lead.measure_key, "growth") - 0.01
        months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month + 1
        fraction = months / 12 if period.kind in ("quarter", "calendar_quarter", "month") else 1
        total = round(level * fraction * growth ** (period.end.year - NEWEST + period.end.month / 12))
        weights = {
            area: known.sizes[area] * (0.7 + 0.6 * _draw(plan.entry.key, lead.measure_key, area))
            * (0.96 + 0.08 * _draw(plan.entry.key, lead.measure_key, area, _key(period)))
            for area in AUTHORITIES
        }  # fmt: skip
        found = {area: float(number) for area, number in spread(total, weights).items()}
    opening = periods_of(plan.entry, 1)
    newest = next((p for p in reversed(opening) if _whole_of(p, opening) is None), None)
    if newest is not None and _key(period) == _key(newest):
        for area, times in _revised(plan, release):
            step = max(plan.entry.rounding_base or 5, round(found[area] * 0.02)) if _adds(lead) else found[area] * 0.03
            found[area] = max(found[area] + times * step, 0)
    return found


def _at_march(period: Period) -> bool:
    return (period.end.month, period.end.day) == (3, 31)


def _revised(plan: _Plan, release: int) -> list[tuple[str, int]]:
    """Authorities whose figures of the first release's newest period are revised, and which way.

    The second release revises two; in the third one of them is back at its first figure and another is revised.
    """
    areas = [area for area in plan.areas if area != WALES and area in AUTHORITIES] or list(AUTHORITIES)
    areas.sort(key=lambda area: _draw(plan.entry.key, "revised", area))
    first, second, third = (*areas, *areas)[:3]
    return {2: [(first, 1), (second, -1)], 3: [(second, -1), (third, 1)]}.get(release, [])


def _general_level(plan: _Plan, lead: _Item) -> float:
    unit = lead.measure.unit if lead.measure else "count"
    level = float(_LEVEL_OF_UNIT[unit])
    if unit == "rate" and lead.measure and lead.measure.rate_base:
        level = level * lead.measure.rate_base / 10_000 if lead.measure.rate_base >= 1000 else 5.0
    if not _adds(lead):
        level = 1_200.0 if unit == "gbp" else level  # so much a head
        return level * (0.5 + _draw(plan.entry.key, lead.key, "level"))
    for text in (lead.measure_key or "", plan.entry.key):
        for pattern, number in LEVELS:
            if re.search(pattern, text) and (unit == "gbp") == (number > 10_000_000):
                return number
    return level * (0.7 + 0.6 * _draw(plan.entry.key, lead.measure_key, "level"))


def _level(lead: _Item, period: Period, area: str | None, known: Background) -> float | None:
    """A rate that the sample's own counts give: children looked after for so many people under 18."""
    measure, year = lead.measure, period.end.year
    if measure is None or measure.unit != "rate" or "looked_after" not in (lead.measure_key or ""):
        return None
    areas = [area] if area else list(AUTHORITIES)
    if any((year, a) not in known.children or (a, year - 1) not in known.under_18 for a in areas):
        return None
    people = sum(known.under_18[a, year - 1] for a in areas)
    return sum(known.children[year, a] for a in areas) / people * (measure.rate_base or 10_000)


def _added(
    plan: _Plan, group: Sequence[_Item], base: float, rng: random.Random, held: Mapping[tuple[str, str], int]
) -> dict[tuple[str, tuple[str, ...]], float]:
    """One authority's figure, spread over data descriptions and breakdowns so that parts add up."""
    fixed = [None if _has_total(members) else members for members in plan.breakdowns]
    choices = list(itertools.product(*[[None] if members is None else members for members in fixed]))
    outer = spread(round(base), {n: _weight(plan, choice) * _noise(rng) for n, choice in enumerate(choices)})
    found: dict[tuple[str, tuple[str, ...]], float] = {}
    for n, choice in enumerate(choices):
        cells: dict[_Item, dict[tuple[str, ...], int]] = {}
        for item, (number, parts) in _families(plan, group, outer[n], rng, held).items():
            own: dict[tuple[str, ...], int] = {} if parts else _broken_down(plan, choice, number, rng, held)
            for part in parts:  # so that each cell of a whole is the sum of its parts' cells
                for combination, share in cells[part].items():
                    own[combination] = own.get(combination, 0) + share
            cells[item] = own
            found |= {(item.reference, combination): share for combination, share in own.items()}
    return found


def _families(
    plan: _Plan, group: Sequence[_Item], base: int, rng: random.Random, held: Mapping[tuple[str, str], int]
) -> dict[_Item, tuple[int, list[_Item]]]:
    """The data descriptions of a measure: those that name the same breakdowns are parts of the whole.

    ``boys under 5`` is a part of ``boys`` where both are there: the finer ones are drawn, the others are their sums.

    Returns:
        For each item its number, and the items that it is the sum of; parts before their wholes.
    """
    found: dict[_Item, tuple[int, list[_Item]]] = {}
    whole: list[_Item] = []
    if any(item.hidden and item.hidden[0] in held for item in group):  # they may nest: each has a number of its own
        return {item: (held[item.hidden[0]] if item.hidden else base, []) for item in group}
    names = {item: frozenset(role for role, _ in item.hidden) for item in group}
    for family in sorted(set(names.values()), key=lambda roles: (-len(roles), sorted(roles))):
        members = [item for item in group if names[item] == family]
        if not family:
            found |= dict.fromkeys(members, (base, whole))
            continue
        finer = [item for item in found if names[item] > family]
        sums = {m: [f for f in finer if set(m.hidden) <= set(f.hidden)] for m in members}
        if all(sums.values()) and len({names[item] for item in finer}) == 1:
            found |= {member: (sum(found[part][0] for part in parts), parts) for member, parts in sums.items()}
        else:
            shares = spread(base, {m: _weight(plan, (m,)) * _noise(rng) for m in members})
            found |= {member: (share, []) for member, share in shares.items()}
            whole = whole or members
    return found


def _broken_down(
    plan: _Plan,
    choice: Sequence[_Item | None],
    number: int,
    rng: random.Random,
    held: Mapping[tuple[str, str], int],
) -> dict[tuple[str, ...], int]:
    """A figure by those breakdowns that have a total: all of them crossed, or one after the other."""
    open_places = [place for place, item in enumerate(choice) if item is None]
    views = [open_places] if plan.joint or not open_places else [[place] for place in open_places]
    found: dict[tuple[str, ...], int] = {}
    if any(role in plan.entry.breakdowns for role, _ in held):  # all but one place are chosen: see `_held_roles`
        (place,) = open_places
        role = plan.entry.breakdowns[place]
        for member in plan.breakdowns[place]:
            cell = tuple((item or member).reference for item in choice)
            found[cell] = number if member.is_total else held[role, member.key]
        return found
    for view in views:
        leaves = [[item for item in plan.breakdowns[place] if not item.is_total] for place in view]
        parts = list(itertools.product(*leaves))
        shares = spread(number, {n: _weight(plan, part) * _noise(rng) for n, part in enumerate(parts)})
        cells: dict[tuple[str, ...], int] = {}
        for n, part in enumerate(parts):
            options = []
            for place, chosen in enumerate(choice):
                totals = [item.reference for item in plan.breakdowns[place] if item.is_total]
                if chosen is not None:
                    options.append([chosen.reference])
                elif place in view:
                    options.append([part[view.index(place)].reference, *totals])
                else:
                    options.append(totals)
            for combination in itertools.product(*options):
                cells[combination] = cells.get(combination, 0) + shares[n]
        found |= cells
    return found


def _leveled(
    plan: _Plan, group: Sequence[_Item], base: float, rng: random.Random
) -> dict[tuple[str, tuple[str, ...]], float]:
    """One authority's rate or percentage by breakdown: the whole is the base, parts lie about it."""
    found: dict[tuple[str, tuple[str, ...]], float] = {}
    for item in group:
        own = base * (1.0 if not item.hidden else 0.8 + 0.4 * _draw(plan.entry.key, item.key))
        for combination in _combinations(plan):
            parts = [member for member in combination if not member.is_total]
            factor = math.prod(0.85 + 0.3 * _draw(plan.entry.key, member.key, member.en) for member in parts)
            found[item.reference, tuple(m.reference for m in combination)] = (
                own * factor * (0.98 + 0.04 * rng.random() if parts else 1.0)
            )
    return found


def _combinations(plan: _Plan) -> Iterator[tuple[_Item, ...]]:
    totals = [[m for m in members if m.is_total] if _has_total(members) else None for members in plan.breakdowns]
    if plan.joint:
        yield from itertools.product(*plan.breakdowns)
        return
    seen: set[tuple[_Item, ...]] = set()
    for place in [place for place, total in enumerate(totals) if total] or [-1]:
        options = [
            members if total is None or here == place else total
            for here, (members, total) in enumerate(zip(plan.breakdowns, totals, strict=True))
        ]
        for combination in itertools.product(*options):
            if combination not in seen:
                seen.add(combination)
                yield combination


def _weight(plan: _Plan, items: Sequence[_Item | None]) -> float:
    """How large a part is, the same everywhere and always."""
    drawn = (item.weight * (0.6 + 0.8 * _draw(plan.entry.key, item.key, item.en)) for item in items if item is not None)
    return math.prod(drawn)


def _noise(rng: random.Random) -> float:
    return 0.85 + 0.3 * rng.random()
