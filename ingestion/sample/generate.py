"""The bundled sample: every dataset of the registry, synthetic, in three releases, made from a seed at run time.

Nothing in it is a real figure but the anchors below and those that `calibration` says were printed, all of Wales but a
few rates. How they are spread over authorities, ages and genders is invented, and so are all other figures and the
whole population. All titles say so, and every reader of the data sees them.

Two datasets are made here; `synthetic` makes the others of what the registry says about them, on the same numbers of
children. A dataset is made when somebody first asks for it: a server with all of them starts at once.

The releases follow the real calendar, so that the figures were known when the papers that quote them were written:

1. children looked after to 31 March 2019 (provisional), population to mid-2018;
2. a year more of each; Wales at 31 March 2019 revised, with three authorities; the population of two revised;
3. a year more of each; one of those authorities goes back to its first figure, another is revised instead.

A dataset of official measures is in a release only if its framework answers for a year that is new in it: those of the
performance and improvement framework come with the third, and those before it end with the second.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ingestion.errors import FetchError
from ingestion.sample.areas import AREAS, SORT, WALES
from ingestion.sample.calibration import Background
from ingestion.sample.cube import (
    COLUMN_CY,
    WORDS,
    Cube,
    Details,
    Dimension,
    Member,
    cube_from_rows,
    period_member,
)
from ingestion.sample.standin import StandIn
from ingestion.sample.synthetic import periods_of, released, spread, synthetic_cube
from ingestion.statswales.registry import Column, Dataset, Theme, load_registry, read_registry

SEED = 20191030
RELEASES = 3
CHILDREN = "children_looked_after_gender_age"
POPULATION = "population_by_age"

WALES_CHILDREN = {
    2009: 4695, 2010: 5160, 2011: 5411, 2012: 5719, 2013: 5763, 2014: 5743,
    2015: 5610, 2016: 5660, 2017: 5960, 2018: 6407, 2019: 6846, 2020: 7172, 2021: 7263,
}  # fmt: skip
"""Children looked after on 31 March as first published."""
FIRST_YEAR = min(WALES_CHILDREN)
WALES_2019_REVISED = 6834
ANCHOR_YEAR = 2019
RATES = {"W06000020": 216, "W06000006": 96, "W06000010": 49}
"""Children looked after on 31 March 2019 for every 10,000 aged under 18: Torfaen, Wrexham, Carmarthenshire."""
UNDER_18 = {2017: 627_900, 2018: 628_600}
"""People under 18 in the sample's Wales at mid-year: with them the rates are 102 (2018) and 109 (2019)."""
FIRST_MID_YEAR = 2007

CHILDREN_RELEASED = [datetime(2019, 10, 30, 9, 30, tzinfo=UTC), datetime(2020, 11, 18, 9, 30, tzinfo=UTC)]
CHILDREN_RELEASED += [datetime(2021, 11, 17, 9, 30, tzinfo=UTC)]
POPULATION_RELEASED = [datetime(2019, 6, 26, 8, 30, tzinfo=UTC), datetime(2020, 6, 24, 8, 30, tzinfo=UTC)]
POPULATION_RELEASED += [datetime(2021, 6, 25, 8, 30, tzinfo=UTC)]

# How large an authority of the sample is: parts of a whole, invented but for the order of magnitude.
SIZES = {
    "W06000001": 3, "W06000002": 5, "W06000003": 5, "W06000004": 5, "W06000005": 7, "W06000006": 6, "W06000023": 5,
    "W06000008": 3, "W06000009": 5, "W06000010": 8, "W06000011": 10, "W06000012": 6, "W06000013": 6, "W06000014": 6,
    "W06000015": 15, "W06000016": 10, "W06000024": 3, "W06000018": 8, "W06000019": 3, "W06000020": 4, "W06000021": 4,
    "W06000022": 7,
}  # fmt: skip
_AGE_SHARES = {"under_1": 6, "1_to_4": 19, "5_to_9": 22, "10_to_15": 37, "16_to_17": 16, "18_and_over": 0}
_AUTHORITIES = [area.code for area in AREAS if area.code != WALES]

_Counts = dict[tuple[int, str, str, str], int]
"""Children by year, authority, gender and age group, unrounded."""


@dataclass(frozen=True)
class _Change:
    """A revision of one cell."""

    year: int
    area: str
    gender: str
    age: str
    by: int


TOPICS: dict[Theme, tuple[int, ...]] = {
    "children_looked_after": (43, 54),
    "leaving_care": (43, 54),
    "adoption": (43, 54),
    "care_and_support": (43, 54),
    "child_protection": (43, 54),
    "services": (53,),
    "performance": (54,),
    "finance": (38,),
    "early_years": (43,),
    "population": (80,),
}
"""Where the catalogue files a theme. Themes whose topics' ids nobody has told us are in none."""


def sample_cube(key: str, release: int, seed: int = SEED, entry: Dataset | None = None) -> Cube:
    """A dataset of the registry as it was in a release.

    Args:
        key: Its registry key.
        release: 1 to 3.
        seed: Another seed, another sample; the anchors hold for each.
        entry: Its registry entry, where that is not the project's own.

    Returns:
        The cube.

    Raises:
        FetchError: There is no such release, or the dataset has no period yet in it.
        KeyError: The registry has no such dataset.
    """
    _known(release)
    if entry is None and key in (CHILDREN, POPULATION):
        return _children_cube(release, seed) if key == CHILDREN else _population_cube(release, seed)
    entry = entry or load_registry()[key]
    releases = released_in(entry, release)
    if not releases:
        raise _not_yet(key, release)
    return synthetic_cube(entry, read_registry().measures, releases[-1], lambda number: background(number, seed))


@functools.lru_cache(maxsize=8)
def background(release: int, seed: int = SEED) -> Background:
    """What the two datasets that are made here say in a release, for the others to agree with.

    Args:
        release: 1 to 3.
        seed: See `sample_cube`.
    """
    children = {
        (year, area): number
        for (year, area, gender, age), number in _children_cells(release, seed).items()
        if (gender, age) == ("all", "all")
    }
    first: dict[tuple[int, str], int] = {}
    for (year, area, _, _), number in _children(seed).items():
        first[year, area] = first.get((year, area), 0) + number
    return Background(seed, children, first, _under_18(seed), SIZES)


def build_sample(
    release: int, *, seed: int = SEED, uuids: Mapping[str, str] | None = None, **server: object
) -> StandIn:
    """A stand-in server that holds the sample as it was in a release, earlier ones in its history.

    Around the registry's datasets the catalogue has what a real one has: an archived dataset, one replaced by another,
    one withdrawn, and one with a revision that is not out yet.

    Args:
        release: 1 to 3.
        seed: See `sample_cube`.
        uuids: Other ids for registry keys.
        server: Further arguments of `StandIn`.

    Returns:
        The server, not started.

    Raises:
        FetchError: There is no such release.
    """
    _known(release)
    registry = load_registry(uuids)
    standin = StandIn(**server)  # type: ignore[arg-type]
    for key, entry in registry.items():
        if entry.state == "awaiting":
            continue
        for number in released_in(entry, release):
            when = _released(entry, number)
            first = number == released_in(entry, number)[0]
            standin.publish(
                key,
                _maker(key, number, seed),
                _about(entry, number),
                uuid=entry.uuid,  # one that is found by its title gets an id that its key gives
                publish_at=when,
                reason_en=None if first else "A further year added, and earlier figures revised.",
                reason_cy=None if first else "Blwyddyn arall wedi’i hychwanegu, a ffigurau cynharach wedi’u diwygio.",
            )
    _others(standin)
    return standin


def released_in(entry: Dataset, release: int) -> list[int]:
    """The releases up to one that a dataset is part of: those that bring it a period that it did not have.

    Measures of a framework that no longer answers get no more of them, those of one that does not yet answer none.

    Args:
        entry: Its registry entry.
        release: 1 to 3.
    """
    lengths = [0, *(len(periods_of(entry, number)) for number in range(1, release + 1))]
    return [number for number in range(1, release + 1) if lengths[number] > lengths[number - 1]]


def _maker(key: str, release: int, seed: int) -> Callable[[], Cube]:
    return lambda: sample_cube(key, release, seed)


def _released(entry: Dataset, release: int) -> datetime:
    if entry.key in (CHILDREN, POPULATION):
        return (CHILDREN_RELEASED if entry.key == CHILDREN else POPULATION_RELEASED)[release - 1]
    return released(entry, release, CHILDREN_RELEASED, POPULATION_RELEASED)


def _known(release: int) -> None:
    if not 1 <= release <= RELEASES:
        raise FetchError(
            f"Expected a release of the bundled sample from 1 to {RELEASES}, found {release}. "
            f"Set GOFAL_SAMPLE_RELEASE to one of them.",
            f"Disgwyliwyd datganiad o’r sampl rhwng 1 a {RELEASES}, ond cafwyd {release}. "
            f"Gosodwch GOFAL_SAMPLE_RELEASE i un ohonynt.",
            code="sample_release",
            expected=list(range(1, RELEASES + 1)),
            found=release,
        )


def _not_yet(key: str, release: int) -> FetchError:
    return FetchError(
        f"Expected a period of {key} in release {release} of the bundled sample, found none: its framework answers for "
        f"later years. Choose a later release with GOFAL_SAMPLE_RELEASE.",
        f"Disgwyliwyd cyfnod o {key} yn natganiad {release} o’r sampl, ond ni chafwyd yr un: mae ei fframwaith yn "
        f"ymwneud â blynyddoedd diweddarach. Dewiswch ddatganiad diweddarach gyda GOFAL_SAMPLE_RELEASE.",
        code="sample_release",
        expected=key,
        found=release,
    )


# -- children looked after -------------------------------------------------------------------------------------


def _children(seed: int) -> _Counts:
    """Unrounded counts of every year, as first published."""
    rng = random.Random(f"{seed}/children")  # noqa: S311 - a sample, not a secret
    under_18 = _under_18(seed)
    rate = {area: RATES.get(area, rng.randint(70, 150)) for area in _AUTHORITIES}
    counts: _Counts = {}
    for year, total in sorted(WALES_CHILDREN.items()):
        weights = {}
        fixed: dict[str, int] = {}
        for area in _AUTHORITIES:
            people = under_18[area, max(year - 1, FIRST_MID_YEAR)]
            drift = 1.0 if area in RATES else 1.0 + (rng.random() - 0.5) * 0.08
            if year == ANCHOR_YEAR and area in RATES:
                fixed[area] = _nearest_5(people * RATES[area] / 10_000)
            else:
                weights[area] = people * rate[area] * drift
        shares = spread(total - sum(fixed.values()), weights) | fixed
        for area in _AUTHORITIES:
            ages = {age: part * (0.8 + 0.4 * rng.random()) for age, part in _AGE_SHARES.items()}
            by_age = spread(shares[area], ages)
            for age, number in by_age.items():
                boys = number * (0.48 + 0.12 * rng.random())
                male = min(number, round(boys))
                counts[year, area, "male", age] = male
                counts[year, area, "female", age] = number - male
            if rng.random() < 0.4:  # a few young people stay on after their eighteenth birthday
                moved = rng.randint(1, 4)
                gender = rng.choice(["male", "female"])
                moved = min(moved, counts[year, area, gender, "16_to_17"])
                counts[year, area, gender, "16_to_17"] -= moved
                counts[year, area, gender, "18_and_over"] += moved
    return counts


def _changes(seed: int, counts: _Counts) -> dict[int, list[_Change]]:
    """Revisions by release. In the third, the first authority of the second goes back to what it was (A, B, A)."""
    rng = random.Random(f"{seed}/changes")  # noqa: S311
    cell = ("male", "10_to_15")
    free = [area for area in _AUTHORITIES if area not in RATES and counts[ANCHOR_YEAR, area, *cell] >= 20]
    rng.shuffle(free)
    total = {area: sum(n for (year, a, _, _), n in counts.items() if (year, a) == (ANCHOR_YEAR, area)) for area in free}
    first, second, third = free[:3]
    # The last step is not a multiple of 5: take an authority whose rounded total it moves.
    last = next((area for area in free[2:] if total[area] % 5 in (3, 4)), third)
    other = next(area for area in free if area not in (first, second, last))
    step = WALES_2019_REVISED - WALES_CHILDREN[ANCHOR_YEAR] + 10

    def change(area: str, by: int) -> _Change:
        return _Change(ANCHOR_YEAR, area, *cell, by)

    return {2: [change(first, -5), change(second, -5), change(last, step)], 3: [change(first, 5), change(other, -5)]}


def _children_cells(release: int, seed: int) -> dict[tuple[int, str, str, str], int]:
    """Every cell that a release publishes, Wales and all ages included, unrounded.

    Both genders together stand at all ages only: so the real dataset has them.
    """
    counts = _children(seed)
    changes = _changes(seed, counts)
    for number in range(2, release + 1):
        for change in changes[number]:
            counts[change.year, change.area, change.gender, change.age] += change.by
    newest = ANCHOR_YEAR + release - 1
    cells: dict[tuple[int, str, str, str], int] = {}
    for (year, area, gender, age), number in counts.items():
        if year <= newest:
            for where in (area, WALES):
                for key in ((year, where, gender, age), (year, where, gender, "all"), (year, where, "all", "all")):
                    cells[key] = cells.get(key, 0) + number
    return cells


def _children_cube(release: int, seed: int) -> Cube:
    column = load_registry()[CHILDREN].columns
    newest = ANCHOR_YEAR + release - 1
    cells = _children_cells(release, seed)
    before = _children_cells(release - 1, seed) if release > 1 else {}
    rows: dict[str, list[str | None]] = {
        name: [] for name in ("value", "note_codes", "Measure", "YearCode", "AuthorityCode", "AreaCode", "AgeCode")
    }
    periods = [
        member for year in range(FIRST_YEAR, newest + 1) if (member := period_member("financial_year_end", str(year)))
    ]
    by_code = {area.code: area for area in AREAS}
    ages, genders = column["age_group"].values, column["measure"].values
    for year, period in zip(range(FIRST_YEAR, newest + 1), periods, strict=True):
        for area in AREAS:
            for gender, measure in genders.items():
                for age, group in ages.items():
                    cell = cells.get((year, area.code, gender, age))
                    if cell is None:
                        continue
                    value, notes = _protected(cell)
                    if year == newest:
                        notes.append("p")
                    elif before and _protected(before[year, area.code, gender, age])[0] != value:
                        notes.append("r")
                    written = ",".join(notes)
                    # Two cells as publishers sometimes write them, which the server's own notes then lose.
                    if area.code == WALES and (gender, age, year) == ("all", "all", FIRST_YEAR):
                        written = "T"
                    elif area.code == WALES and (gender, age, year) == ("all", "all", newest):
                        written = "p, e"
                    rows["value"].append(value)
                    rows["note_codes"].append(written)
                    rows["Measure"].append(measure.code)
                    rows["YearCode"].append(period.reference)
                    rows["AuthorityCode"].append(by_code[area.code].legacy)
                    rows["AreaCode"].append(area.code)
                    rows["AgeCode"].append(group.code)
    legacy = [Member(a.legacy, a.en, a.cy, SORT[a.code], by_code[a.parent].legacy if a.parent else None) for a in AREAS]
    codes = [Member(a.code, a.code, a.code, SORT[a.code], a.parent) for a in AREAS]
    dimensions = [
        Dimension("YearCode", "Year", "Blwyddyn", periods, is_date=True),
        Dimension("AuthorityCode", "Local Authority", "Awdurdod lleol", legacy),
        Dimension("AreaCode", "Area Code", COLUMN_CY["area code"], codes),
        Dimension("AgeCode", "Age group", "Grŵp oedran", _members(column["age_group"])),
    ]
    return cube_from_rows(rows, _measure(column["measure"]), dimensions)


def _protected(number: int) -> tuple[str | None, list[str]]:
    """A count as it is published: to the nearest 5, and suppressed under 5."""
    if 0 < number < 5:
        return None, ["c"]
    return str(_nearest_5(number)), []


def _nearest_5(number: float) -> int:
    return 5 * int((number + 2.5) // 5)


# -- population ------------------------------------------------------------------------------------------------


def _under_18(seed: int) -> dict[tuple[str, int], int]:
    """People under 18 by authority and mid-year, as first published; Wales is their sum."""
    rng = random.Random(f"{seed}/under18")  # noqa: S311
    size = {area: SIZES[area] * (0.9 + 0.2 * rng.random()) for area in _AUTHORITIES}
    slope = {area: (rng.random() - 0.5) * 0.006 for area in _AUTHORITIES}
    whole = sum(SIZES.values())
    anchor = ANCHOR_YEAR - 1
    # An authority with a quoted rate needs a population in which a count rounded to 5 gives just that rate.
    exact: dict[str, int] = {}
    for area, rate in RATES.items():
        people = UNDER_18[anchor] * size[area] / whole
        exact[area] = round(_nearest_5(people * rate / 10_000) * 10_000 / rate)
    people_of: dict[tuple[str, int], int] = {}
    for year in range(FIRST_MID_YEAR, max(WALES_CHILDREN)):
        wales = UNDER_18.get(year) or UNDER_18[anchor] + (year - anchor) * 350
        fixed = {area: round(number * (1 + slope[area] * (year - anchor))) for area, number in exact.items()}
        weights = {area: size[area] * (1 + slope[area] * (year - anchor)) for area in _AUTHORITIES if area not in exact}
        for area, number in (spread(wales - sum(fixed.values()), weights) | fixed).items():
            people_of[area, year] = number
    return people_of


def _ages(seed: int) -> Iterator[tuple[int, str, dict[tuple[str, int], int]]]:
    """For each mid-year and authority: people by sex and single year of age, 90 standing for 90 and over."""
    rng = random.Random(f"{seed}/ages")  # noqa: S311
    under_18 = _under_18(seed)
    lean = {area: (rng.random() - 0.5) * 0.3 for area in _AUTHORITIES}
    for year in range(FIRST_MID_YEAR, max(WALES_CHILDREN)):
        for area in _AUTHORITIES:
            children = {age: 1.0 + 0.12 * (rng.random() - 0.5) for age in range(18)}
            by_age = spread(under_18[area, year], children)
            grown = round(under_18[area, year] * (3.9 + lean[area]))
            adults = {age: _adult(age) * (1.0 + 0.08 * (rng.random() - 0.5)) for age in range(18, 91)}
            by_age |= spread(grown, adults)
            people: dict[tuple[str, int], int] = {}
            for age, number in by_age.items():
                # More boys are born; more women live long.
                female = round(number * (0.488 + (0.0006 * age if age < 60 else 0.036 + 0.0045 * (age - 60))))
                people["F", age], people["M", age] = female, number - female
            yield year, area, people


def _adult(age: int) -> float:
    """The shape of the sample's adult population: level, then fewer and fewer."""
    return 1.0 if age < 65 else 2.2 if age == 90 else 1.0 - (age - 64) * 0.031


def _population_cube(release: int, seed: int) -> Cube:
    column = load_registry()[POPULATION].columns
    newest = ANCHOR_YEAR + release - 2
    rng = random.Random(f"{seed}/population revised")  # noqa: S311
    revised = rng.sample([area for area in _AUTHORITIES if area not in RATES], 2) if release > 1 else []
    ages = [*(str(age) for age in range(90)), "90+"]
    people: dict[tuple[int, str, str, str], int] = {}
    for year, area, parts in _ages(seed):
        if year > newest:
            continue
        for (sex, age), number in parts.items():
            if area in revised and year in (ANCHOR_YEAR - 2, ANCHOR_YEAR - 1) and 18 <= age < 30:
                number += 3 if sex == "F" else 2
            for where in (area, WALES):
                for which in (sex, "P"):
                    for which_age in (ages[age], "all"):
                        key = (year, where, which, which_age)
                        people[key] = people.get(key, 0) + number
    changed = {(year, area) for area in (*revised, WALES) for year in (ANCHOR_YEAR - 2, ANCHOR_YEAR - 1)}
    members = [Member("all", "All ages", "Pob oed", 0)]
    members += [Member(age, age, age, order) for order, age in enumerate(ages, start=1)]
    rows: dict[str, list[str | None]] = {
        name: [] for name in ("value", "note_codes", "Measure", "YearCode", "AgeCode", "SexCode", "AreaCode")
    }
    years = range(FIRST_MID_YEAR, newest + 1)
    touched = {"all", *ages[18:30]} if release == 2 else set()
    for year, group, sex, place in itertools.product(years, members, ("P", "M", "F"), AREAS):
        rows["value"].append(str(people[year, place.code, sex, group.reference]))
        moved = group.reference in touched and (year, place.code) in changed
        rows["note_codes"].append("r" if moved else "")
        rows["Measure"].append("1")
        rows["YearCode"].append(str(year))
        rows["AgeCode"].append(group.reference)
        rows["SexCode"].append(sex)
        rows["AreaCode"].append(place.code)
    dimensions = [
        Dimension("YearCode", "Year", "Blwyddyn", [m for y in years if (m := period_member("mid_year", str(y)))]),
        Dimension("AgeCode", "Age", "Oedran", members),
        Dimension("SexCode", "Sex", "Rhyw", _members(column["sex"])),
        Dimension("AreaCode", "Area", "Ardal", [Member(a.code, a.en, a.cy, SORT[a.code], a.parent) for a in AREAS]),
    ]
    return cube_from_rows(rows, _measure(column["measure"]), dimensions)


# -- the rest of the catalogue ---------------------------------------------------------------------------------


def _others(standin: StandIn) -> None:
    """Datasets that nobody loads, so that the list has in it what lists have in them."""
    start = datetime(2019, 3, 1, 9, 30, tzinfo=UTC)
    small = [
        ("sample_archived", "Respite nights", "Nosweithiau seibiant"),
        ("sample_replaced", "Children looked after, old tables", "Plant sy’n derbyn gofal, hen dablau"),
        ("sample_withdrawn", "Adoption orders", "Gorchmynion mabwysiadu"),
        ("sample_scheduled", "Movement on reserves", "Symudiad ar gronfeydd wrth gefn"),
    ]
    for number, (key, en, cy) in enumerate(small):
        when = start + timedelta(days=number)
        standin.publish(key, lambda: _small_cube(2019), _details(en, cy, when + timedelta(days=365)), publish_at=when)
    far = datetime(2099, 1, 1, 9, 30, tzinfo=UTC)
    details = standin.entry("sample_scheduled").revisions[0].details
    standin.publish("sample_scheduled", lambda: _small_cube(2020), details, publish_at=far)
    standin.archive("sample_archived", at=start + timedelta(days=60))
    standin.archive("sample_replaced", at=start + timedelta(days=61), replaced_by=CHILDREN, auto_redirect=True)
    standin.unpublish("sample_withdrawn")


def _small_cube(last: int) -> Cube:
    years = [
        member
        for year in range(2017, last + 1)
        if (member := period_member("financial_year", f"{year}-{year % 100 + 1}"))
    ]
    rows: dict[str, list[str | None]] = {"value": [], "note_codes": [], "Measure": [], "YearCode": [], "ItemCode": []}
    for number, year in enumerate(years):
        for item in ("1", "2"):
            rows["value"].append(str(-477 + 100 * number if item == "1" else 1000 + number))
            rows["note_codes"].append("")
            rows["Measure"].append("1")
            rows["YearCode"].append(year.reference)
            rows["ItemCode"].append(item)
    items = [Member("1", "Change", "Newid", 0), Member("2", "=Total", "=Cyfanswm", 1)]
    measure = Dimension("Measure", WORDS["en"]["measure"], WORDS["cy"]["measure"], [Member("1", "Number", "Nifer", 1)])
    dimensions = [
        Dimension("YearCode", "Year", "Blwyddyn", years, is_date=True),
        Dimension("ItemCode", "Item", "Eitem", items),
    ]
    return cube_from_rows(rows, measure, dimensions)


# -- helpers ---------------------------------------------------------------------------------------------------


def _about(entry: Dataset, release: int) -> Details:
    """What a registered dataset of the sample says about itself in a release."""
    last = _released(entry, RELEASES) + (_released(entry, RELEASES) - _released(entry, RELEASES - 1))
    expected = _released(entry, release + 1) if release < RELEASES else last
    details = replace(
        _details(entry.title_en, entry.title_cy, expected),
        topics=TOPICS.get(entry.theme, ()),
        designation="in_development" if entry.theme == "performance" else "official",
    )
    if release == released_in(entry, RELEASES)[-1] < RELEASES:  # a framework that answers for no year to come
        details = replace(details, update_frequency={"update_type": "none"})
    base = entry.rounding_base
    if base is None:
        return details
    return replace(
        details,
        rounding_en=f"Rounded to the nearest {base}; figures under 5 suppressed.",
        rounding_cy=f"Wedi’u talgrynnu i’r {base} agosaf; ffigurau dan 5 wedi’u hatal.",
    )


def _details(en: str, cy: str, expected: datetime) -> Details:
    """What the sample says about itself: that it is one."""
    return Details(
        title_en=f"SYNTHETIC {en}",
        title_cy=f"SYNTHETIG {cy}",
        summary_en="Synthetic figures, made to try the warehouse out. They describe nobody and must not be quoted.",
        summary_cy="Ffigurau synthetig, wedi’u creu i roi cynnig ar y warws. Nid ydynt yn disgrifio neb ac ni ddylid "
        "eu dyfynnu.",
        collection_en="Generated by a program from a seed.",
        collection_cy="Cynhyrchwyd gan raglen o hedyn.",
        quality_en="Some totals of Wales follow published figures; everything else is invented.",
        quality_cy="Mae rhai o gyfansymiau Cymru’n dilyn ffigurau cyhoeddedig; dyfeisiwyd popeth arall.",
        organisation_en="Gofal synthetic sample",
        organisation_cy="Sampl synthetig Gofal",
        source_en="Gofal sample generator",
        source_cy="Cynhyrchydd sampl Gofal",
        update_frequency={
            "update_type": "update",
            "date": {"year": str(expected.year), "month": f"{expected.month:02}"},
        },
    )


def _measure(column: Column) -> Dimension:
    return Dimension(column.fact_column, WORDS["en"]["measure"], WORDS["cy"]["measure"], _members(column, first=1))


def _members(column: Column, first: int = 0) -> list[Member]:
    return [
        Member(m.code or key, m.en, m.cy, order) for order, (key, m) in enumerate(column.values.items(), start=first)
    ]
