"""What the sample's figures are held to: totals of Wales, how they nest, and how large their parts are.

Figures that were printed in the documents are marked so; all others are invented, but of the order that readers of
Welsh statistics expect, so that shares, flows and costs that the marts derive from them are plausible. How any of them
is spread over authorities is invented throughout.

A part without a size of its own is what the others leave. It also takes what a revision moves, so that the parts that
were printed stay as they were. Nothing here depends on the release: a figure is the same in each until it is revised.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

_K = TypeVar("_K")
Series = Mapping[int, float]
"""Figures by the calendar year in which their period ends. Those between are interpolated, those beyond the nearest."""
Areas = dict[str, int]


@dataclass(frozen=True, eq=False)
class Background:
    """What the sample knows already, as it was in one release."""

    seed: int
    children: Mapping[tuple[int, str], int]
    """Children looked after on 31 March, unrounded, by year and authority."""
    first: Mapping[tuple[int, str], int]
    """The same as first published, of every year that any release has."""
    under_18: Mapping[tuple[str, int], int]
    """People under 18, by authority and mid-year."""
    sizes: Mapping[str, float]
    """How large each authority is, as parts of a whole."""


@dataclass(frozen=True)
class Part:
    """A part of a whole, by the key of its member. One of each whole's parts has no size: it is what is left."""

    key: str
    share: Series | float | None = None
    """Of its whole, in Wales."""
    number: Series | None = None
    """Of Wales, in the measure's unit, where that is what is known."""
    by: str = "whole"
    """How it is spread over authorities: as their wholes are, or see `_weights`."""
    lean: float = 0.2
    """How far an authority's own share may lie from that of Wales."""
    parts: tuple[Part, ...] = ()
    growth: float = 1.0
    """How it goes on each year after the last number."""

    @property
    def is_rest(self) -> bool:
        """Whether it is what the others leave."""
        return self.share is None and self.number is None


@dataclass(frozen=True)
class Total:
    """A measure as a whole."""

    number: Series
    by: str = "children"
    lean: float = 0.15


STARTS: Series = {2015: 2150, 2016: 2110, 2017: 2235, 2018: 2168, 2019: 2125, 2020: 2030, 2021: 1770}
"""Children who started to be looked after: 2% fewer in 2018-19 and 3% fewer in 2017-18, as printed."""
LEAVERS: Series = {2015: 1944, 2016: 2058, 2017: 1935, 2018: 1727, 2019: 1678, 2020: 1700, 2021: 1675}
"""Children who stopped: 1,678 in 2018-19, 3% fewer than in the year before, as printed."""
NEW_EPISODES: Series = {2015: 3600, 2016: 3680, 2017: 3750, 2018: 3820, 2019: 3900, 2020: 3850, 2021: 3400}
"""Episodes that ended because another began, so that nobody left."""

TOTALS: dict[str, Total] = {
    "children_starting_to_be_looked_after": Total(STARTS),
    "care_leavers_19": Total({2015: 560, 2019: 640, 2021: 670}),
    "framework_children_looked_after": Total({2021: 7250}, lean=0.01),
    "framework_short_breaks": Total({2021: 55}),
    "framework_three_or_more_placements": Total({2021: 605}, by="framework_children_looked_after"),
    "framework_school_changes": Total({2021: 450}, by="framework_children_looked_after"),
    "framework_returned_home": Total({2021: 760}, by="framework_children_looked_after"),
    "framework_away_from_family": Total({2021: 4435}, by="framework_children_looked_after", lean=0.1),
    "framework_out_of_county_in_wales": Total({2021: 1890}, by="framework_children_looked_after"),
    "framework_out_of_wales": Total({2021: 385}, by="framework_children_looked_after"),
    "framework_care_experienced_young_people": Total({2021: 3900}),
    "framework_care_leavers_12_months": Total({2021: 700}),
    "framework_care_leavers_eet_3_months": Total({2021: 375}, by="framework_care_leavers_12_months"),
    "framework_care_and_support_plans": Total({2021: 16100}),
    "framework_direct_payments": Total({2021: 1250}, by="framework_care_and_support_plans"),
    "framework_child_protection_register": Total({2021: 2800}),
    "framework_contacts": Total({2021: 205_000}),
    "framework_contacts_advice": Total({2021: 71_000}, by="framework_contacts"),
    "framework_assessments": Total({2021: 39_000}),
    "framework_assessments_in_time": Total({2021: 34_300}, by="framework_assessments", lean=0.08),
    "social_services_outturn": Total(
        {2015: 1_790_000_000, 2017: 1_890_000_000, 2019: 2_070_000_000, 2021: 2_290_000_000}, by="people"
    ),
    "free_school_meals": Total({2015: 79_000, 2019: 77_500, 2021: 92_000}, by="people"),
}
"""Wales as a whole, by measure."""

SAME_CHILDREN = {"children_looked_after", "children_looked_after_by_placements"}
"""Measures of all children looked after: as many as in the sample's main dataset."""
FOSTER = "children_looked_after_foster"
EPISODES = "episodes_of_care_finishing"

_SPENT: Series = {2015: 553_950_000, 2016: 554_430_000, 2017: 577_248_000, 2018: 613_135_000, 2019: 659_074_000}
_SPENT_ON_LOOKED_AFTER: Series = {
    2015: 248_201_000, 2016: 243_970_000, 2017: 256_408_000, 2018: 284_016_000, 2019: 310_578_000,
}  # fmt: skip

_LOOKED_AFTER_LINES = (
    # £127m and £95m in 2018-19, as printed; other years go from the shares of an earlier report to them.
    Part("looked_after_fostering", {2015: 0.45, 2019: 0.409}, lean=0.08),
    Part("looked_after_residential", {2015: 0.25, 2019: 0.306}, lean=0.12),
    Part("looked_after_secure", 0.0173),
    Part("looked_after_short_breaks", 0.022),
    Part("looked_after_family_and_friends", 0.065),
    Part("looked_after_advocacy", 0.0075),
    Part("leaving_care", 0.08),  # as the earlier report has it: of what is spent on looked after children
    Part("looked_after_other"),
)
_CHILDREN_LINES = (
    Part(
        "looked_after_total", None, _SPENT_ON_LOOKED_AFTER, by="mostly_children", lean=0.1, parts=_LOOKED_AFTER_LINES,
        growth=1.05,
    ),
    Part("adoption", 0.042),
    Part("family_support", 0.1),
    Part("youth_justice", 0.03),
    Part("asylum_seekers_children", 0.0045),
    Part("children_strategy", 0.011),
    Part("other_children", 0.064),
    Part("safeguarding"),
)  # fmt: skip

PARTS: dict[tuple[str, str], tuple[Part, ...]] = {
    ("social_services_outturn", "service"): (
        Part(
            "all_children_and_families", None, _SPENT, by="people_and_children", lean=0.02, parts=_CHILDREN_LINES,
            growth=1.05,
        ),
        Part(  # no line of the source: all others
            "adults_and_other", None,
            parts=(
                Part("adults_under_65", 0.445, lean=0.08),
                Part("adult_strategy", 0.009),
                Part("other_adults", 0.02),
                Part("other", 0.0175),
                Part("older_people"),
            ),
        ),
    ),
    ("children_looked_after", "placement_type"): (
        # 1,063 in 2019 and 545 in 2014, as printed; 71% in foster and about 7% in residential placements in 2019.
        Part(
            "placed_with_parents", None,
            {2014: 545, 2015: 650, 2016: 745, 2017: 850, 2018: 960, 2019: 1063, 2020: 1110, 2021: 1090}, lean=0.35,
        ),
        Part("residential", {2015: 0.062, 2019: 0.07, 2021: 0.078}),
        Part("placed_for_adoption", {2015: 0.043, 2019: 0.033, 2021: 0.029}),
        Part("living_independently", 0.0165),
        Part("other", 0.0155),
        Part("foster"),
    ),
    ("children_looked_after", "location"): (
        # What the planned reductions imply of 31 March 2019: 282 are 16% and 70 are 20% of them.
        Part("out_of_county_in_wales", None, {2015: 1440, 2019: 1760, 2021: 1880}, lean=0.3),
        Part("out_of_wales", None, {2015: 275, 2019: 350, 2021: 380}, lean=0.4),
        Part("no_postcode", 0.03),
        Part("in_county"),
    ),
    ("children_looked_after", "legal_status"): (
        Part("single_period", {2015: 0.19, 2019: 0.135}),
        Part("compulsory_order", 0.002),
        Part("other", 0.115),
        Part("care_order"),
    ),
    ("children_looked_after", "ethnicity"): (
        Part("asian", 0.017, lean=0.5),
        Part("black", 0.014, lean=0.5),
        Part("mixed", 0.036, lean=0.4),
        Part("other", 0.019, lean=0.5),
        Part("unknown", 0.014),
        Part("white"),
    ),
    (FOSTER, "location"): (
        Part("out_of_county_in_wales", {2015: 0.245, 2019: 0.25}, lean=0.3),
        Part("out_of_wales", 0.035, lean=0.4),
        Part("no_postcode", 0.01),
        Part("in_county"),
    ),
    ("children_looked_after_by_placements", "placements"): (
        Part("two", 0.22),
        Part("three_or_more", {2015: 0.1, 2019: 0.095, 2020: 0.09, 2021: 0.083}, lean=0.25),
        Part("one"),
    ),
    ("children_starting_to_be_looked_after", "need"): (
        Part("disability", 0.02),
        Part("parental_illness_or_disability", 0.04),
        Part("family_in_acute_stress", 0.09),
        Part("family_dysfunction", 0.115),
        Part("socially_unacceptable_behaviour", 0.035),
        Part("absent_parenting", 0.03),
        Part("adoption_disruption", 0.004),
        Part("low_income", 0.001),
        Part("abuse_or_neglect"),
    ),
    (EPISODES, "reason"): (
        Part(  # no member of the source: what is left when those episodes are left out that another follows
            "children_who_left", None, LEAVERS, by="leaving",
            parts=(
                Part("adopted_unopposed", 0.045),
                Part("adopted_consent_dispensed", 0.139),
                Part("died", 0.006),
                Part("other_authority", 0.02),
                Part("special_guardianship_foster", 0.07),
                Part("special_guardianship_other", 0.08),
                Part("independent_supported", 0.045),
                Part("independent_unsupported", 0.025),
                Part("adult_services", 0.03),
                Part("custody", 0.015),
                Part("when_i_am_ready", 0.09),
                Part("other", 0.08),
                Part("returned_home"),
            ), lean=0.0,
        ),
        Part("new_episode_begins"),
    ),
    ("care_leavers_19", "activity"): (
        Part("in_eet", {2015: 0.46, 2019: 0.5}, parts=(Part("in_eet_part_time", 0.22), Part("in_eet_full_time"))),
        Part("unknown", 0.07),
        Part("not_applicable", 0.015),
        Part("not_in_eet"),
    ),
    ("care_leavers_19", "contact"): (Part("not_in_touch", 0.06), Part("in_touch")),
    ("framework_care_experienced_young_people", "category"): (
        Part("category_1", 0.19),
        Part("category_2", 0.15),
        Part("category_4", 0.07),
        Part("category_5", 0.03),
        Part("category_6", 0.08),
        Part("category_3"),
    ),
}  # fmt: skip
"""How a measure nests in one of its breakdowns: every member but the whole."""

LEVELS: dict[str, Series] = {
    # PM24, PM25 and PM26 of 2018-19 as published; the other measures and years are invented.
    "sspm_assessments_in_time": {2017: 85.6, 2018: 87.4, 2019: 88.9, 2020: 88.3},
    "sspm_supported_at_home": {2017: 66.7, 2018: 65.8, 2019: 64.7, 2020: 63.9},
    "sspm_returned_home": {2017: 11.4, 2018: 10.4, 2019: 9.6, 2020: 9.1},
    "sspm_re_registrations": {2017: 5.6, 2018: 5.4, 2019: 6.1, 2020: 6.0},
    "sspm_days_on_register": {2017: 242, 2018: 236, 2019: 231, 2020: 234},
    "sspm_core_subjects_ks2": {2017: 56.4, 2018: 58.1, 2019: 58.9, 2020: 58.5},
    "sspm_core_subjects_ks4": {2017: 14.1, 2018: 9.9, 2019: 10.4, 2020: 10.6},
    "sspm_dentist": {2017: 59.4, 2018: 60.2, 2019: 58.7, 2020: 55.6},
    "sspm_gp": {2017: 90.1, 2018: 91.4, 2019: 92.2, 2020: 91.7},
    "sspm_school_changes": {2017: 12.7, 2018: 12.2, 2019: 11.8, 2020: 10.9},
    "sspm_three_or_more_placements": {2017: 9.8, 2018: 9.6, 2019: 9.4, 2020: 9.0},
    "sspm_care_leavers_eet_12_months": {2017: 52.4, 2018: 51.1, 2019: 50.6, 2020: 49.8},
    "sspm_care_leavers_eet_24_months": {2017: 47.1, 2018: 48.0, 2019: 48.6, 2020: 47.7},
    "sspm_care_leavers_homeless": {2017: 10.6, 2018: 10.9, 2019: 10.4, 2020: 9.8},
    "free_school_meals_percent": {2015: 18.8, 2019: 17.6, 2021: 20.9},
}
"""Percentages and averages of Wales, by measure."""

WEEKLY_COST = {
    "local_authority_foster": 500, "external_foster": 850, "local_authority_homes": 3_600, "external_homes": 4_200,
    "secure": 6_900,
}  # fmt: skip
"""Pounds for one child and week in 2018-19: with the weeks they come near what is spent on such placements."""
_DEARER = 1.03
_MIXED = {"people_and_children": 0.5, "mostly_children": 0.75}
_WEEKS = 365 / 7
_SECURE_WEEKS = 780


# -- what Wales and its authorities have ---------------------------------------------------------------------------


def at(series: Series | float, year: int, growth: float = 1.0) -> float:
    """A series in a year.

    Args:
        series: Figures by year, or one for all of them.
        year: Which.
        growth: By how much it goes on each year after the last that it has.

    Returns:
        Its figure, that between its neighbours, or the nearest one.
    """
    if not isinstance(series, Mapping):
        return series
    before = [known for known in series if known <= year]
    after = [known for known in series if known >= year]
    if not before:
        return series[min(after)]
    if not after:
        return series[max(before)] * growth ** (year - max(before))
    low, high = max(before), min(after)
    part = (year - low) / (high - low) if high > low else 0.0
    return series[low] + (series[high] - series[low]) * part


def whole(measure: str | None, year: int, known: Background, scale: float = 1) -> Areas | None:
    """A measure of each authority as first published, where it is held to something.

    Args:
        measure: Its key.
        year: In which the period ends.
        known: What the sample knows.
        scale: In what it is counted: 1000 for £ thousand.

    Returns:
        A number of each authority; None where the measure is drawn freely.
    """
    if measure in SAME_CHILDREN:
        return _children(year, known)
    if measure == FOSTER:
        children = _children(year, known)
        return parts("children_looked_after", "placement_type", year, children, known)["foster"] if children else None
    if measure == EPISODES:
        return {area: number + _new_episodes(year, known)[area] for area, number in _leaving(year, known).items()}
    total = TOTALS.get(measure or "")
    if total is None:
        return None
    weights = _weights(measure or "", total.by, total.lean, year, known)
    return spread(round(at(total.number, year) / scale), weights)


def parts(
    measure: str, role: str, year: int, wholes: Mapping[str, int], known: Background, scale: float = 1
) -> dict[str, Areas]:
    """The parts of a measure in a breakdown, of each authority as first published; those of parts too.

    Args:
        measure: Its key.
        role: The breakdown, one of `PARTS`.
        year: In which the period ends.
        wholes: The measure of each authority as a whole.
        known: What the sample knows.
        scale: In what the wholes are counted: 1000 for £ thousand.

    Returns:
        By member, a number of each authority. They add up to the wholes, and each of Wales to its number or share.
    """
    found: dict[str, Areas] = {}
    _share_out(f"{measure}/{role}", PARTS[measure, role], year, dict(wholes), known, scale, found)
    return found


def takers(measure: str, role: str) -> set[str]:
    """The members that take what a revision moves: what the others leave, and what is left within that."""
    found: set[str] = set()
    level = PARTS[measure, role]
    while level:
        (rest,) = [part for part in level if part.is_rest]
        found.add(rest.key)
        level = rest.parts
    return found


def placements(year: int, known: Background) -> dict[str, Areas] | None:
    """Weeks in placements, by kind and authority: of the children who are in such placements on 31 March."""
    children = _children(year, known)
    if children is None:
        return None
    kinds = parts("children_looked_after", "placement_type", year, children, known)
    found: dict[str, Areas] = {kind: {} for kind in WEEKLY_COST}
    secure = {area: number if draw("secure", area) > 0.4 else 0.0 for area, number in children.items()}
    found["secure"] = spread(_SECURE_WEEKS, secure)
    for area in children:
        foster, homes = kinds["foster"][area] * _WEEKS, kinds["residential"][area] * _WEEKS * 0.93
        bought = foster * (0.13 + 0.24 * draw("external foster", area))
        own = homes * max(0.0, draw("own homes", area) - 0.3) * 0.95
        found["external_foster"][area] = round(bought)
        found["local_authority_foster"][area] = round(foster - bought + kinds["placed_for_adoption"][area] * _WEEKS)
        found["local_authority_homes"][area] = round(own)
        found["external_homes"][area] = round(homes - own)
    return found


def placement_costs(year: int, known: Background) -> dict[str, Areas] | None:
    """What those weeks cost, in pounds."""
    weeks = placements(year, known)
    if weeks is None:
        return None
    week = {kind: cost * _DEARER ** (year - 2019) for kind, cost in WEEKLY_COST.items()}
    return {
        kind: {a: round(number * week[kind] * (0.92 + 0.16 * draw("cost", kind, a))) for a, number in areas.items()}
        for kind, areas in weeks.items()
    }


def level(measure: str | None, year: int) -> float | None:
    """A percentage or average of Wales; None where it is drawn freely."""
    series = LEVELS.get(measure or "")
    return None if series is None else at(series, year)


def about(level: float, ratio: float, *, percent: bool) -> float:
    """An authority's level, so many times that of Wales; a percentage by its odds, which keeps it within 0 and 100."""
    if not percent:
        return level * ratio
    odds = level / (100 - level) * ratio**2
    return 100 * odds / (1 + odds)


def _share_out(
    name: str,
    level: Iterable[Part],
    year: int,
    wholes: Areas,
    known: Background,
    scale: float,
    found: dict[str, Areas],
) -> None:
    left = dict(wholes)
    wales = sum(wholes.values())
    ordered = sorted(level, key=lambda part: part.is_rest)
    for part in ordered:
        if part.is_rest:
            own = left
        else:
            share = at(part.share or 0, year)
            number = at(part.number, year, part.growth) / scale if part.number else wales * share
            weights = _weights(f"{name}/{part.key}", part.by, part.lean, year, known, wholes)
            own = spread(round(number), weights)
            left = {area: left[area] - own[area] for area in left}
        found[part.key] = own
        if part.parts:
            _share_out(f"{name}/{part.key}", part.parts, year, own, known, scale, found)


def _weights(
    name: str, by: str, lean: float, year: int, known: Background, wholes: Mapping[str, int] | None = None
) -> dict[str, float]:
    """How a figure is spread: by people, by children looked after, by those who leave, or as another measure is."""
    base: Mapping[str, float]
    if by == "whole" and wholes is not None:
        base = wholes
    elif by == "leaving":
        base = _leaving(year, known)
    elif by in _MIXED:
        base = _mixed(_MIXED[by], year, known)
    elif by == "children":
        base = _children(year, known) or known.sizes
    else:
        base = whole(by, year, known) or known.sizes
    return {
        area: number
        * (1 + lean * (2 * draw(name, area) - 1))
        * (1 + lean * 0.3 * (2 * draw(name, area, str(year)) - 1))
        for area, number in base.items()
    }


@functools.lru_cache(maxsize=256)
def _children(year: int, known: Background) -> Areas | None:
    """Children looked after, by authority, as first published."""
    found = {area: known.first[year, area] for area in known.sizes if (year, area) in known.first}
    return found or None


def _mixed(share: float, year: int, known: Background) -> dict[str, float]:
    """How large authorities are by children looked after, for a share of it, and by people for the rest."""
    children: Mapping[str, float] = _children(year, known) or known.sizes
    looked_after, people = sum(children.values()), sum(known.sizes.values())
    return {a: share * children[a] / looked_after + (1 - share) * known.sizes[a] / people for a in known.sizes}


@functools.lru_cache(maxsize=256)
def _leaving(year: int, known: Background) -> Areas:
    """Children who left, so that those who started and those who left explain how the number changed."""
    starts = whole("children_starting_to_be_looked_after", year, known) or {}
    now, before = _children(year, known) or {}, _children(year - 1, known) or {}
    explained = {
        area: max(float(number - now.get(area, 0) + before.get(area, now.get(area, 0))), 1.0)
        for area, number in starts.items()
    }
    return spread(round(at(LEAVERS, year)), explained)


@functools.lru_cache(maxsize=256)
def _new_episodes(year: int, known: Background) -> Areas:
    return spread(round(at(NEW_EPISODES, year)), _weights("new episodes", "children", 0.2, year, known))


# -- drawing -------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=100_000)
def draw(*parts: str | None) -> float:
    """A number from 0 to 1 that depends on nothing but these parts."""
    digest = hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def spread(total: int, weights: Mapping[_K, float]) -> dict[_K, int]:
    """Share a whole number out by weight, to the last one: largest remainders get what is left over."""
    whole = math.fsum(weights.values())  # the same on every Python
    exact = {key: total * weight / whole for key, weight in weights.items()}
    shares = {key: int(number) for key, number in exact.items()}
    left = total - sum(shares.values())
    for key in sorted(exact, key=lambda key: shares[key] - exact[key])[:left]:
        shares[key] += 1
    return shares


def nested(measure: str, role: str) -> Iterator[tuple[str, str]]:
    """Members that lie within another that is not the whole: that one, and the member."""
    for part in PARTS.get((measure, role), ()):
        yield from _within(part)


def _within(part: Part) -> Iterator[tuple[str, str]]:
    for inner in part.parts:
        yield part.key, inner.key
        yield from _within(inner)


def members(parts: Iterable[Part]) -> Iterator[str]:
    """The keys of parts and of theirs."""
    for part in parts:
        yield part.key
        yield from members(part.parts)
