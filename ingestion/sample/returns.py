"""The bundled sample of returns: two years of synthetic submissions of every return, from everyone who sends it.

What they say is made by `returns_content`; here is who sent what and when, in which form, and with which mistake. All
of it comes from a seed, and every file says on its cover that it is synthetic.

The two years are those from April 2019 wherever a return was asked for then. A return that began later has its own
first two years, and the St David’s Day Fund one year more before, because its money was told apart until then. The
releases follow each return’s own calendar: what a later one brings of a return came after all of the earlier.

1. the two years whole, with all that happened to them: this is what ``make run`` loads. A return has no earlier
   release, as a dataset has, because a quarter of spend says nothing without the quarters around it;
2. the next period of each return that comes more than once a year, a correction that came too late and without a
   reason, and a resubmission with somebody else’s figures, which is to be withdrawn;
3. the period after that, and a late correction with its reason.

A lake of the sample expects the periods of `sample_periods` and no others: nobody is late with what is not in it.
"""

from __future__ import annotations

import csv
import functools
import json
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ingestion.returns.areas import areas
from ingestion.returns.calendar import due_date
from ingestion.returns.cover import ROLES
from ingestion.returns.periods import ReturnPeriod, period_range
from ingestion.returns.spec import Family, Sheet, load_returns
from ingestion.sample.generate import RELEASES, SEED
from ingestion.sample.returns_content import content
from ingestion.sample.returns_figures import Offer, offers
from ingestion.sample.returns_lines import Place, Row, Rows, submitters
from ingestion.sample.returns_mistakes import (
    HAPPENS,
    LATER_MISTAKES,
    MISTAKES,
    Draft,
    Kind,
    control_totals,
    working_hours,
)

RECEIVED = "received.json"
"""When each file of the inbox came: name to an ISO time in UTC. Only a lake of the sample believes it."""
FIRST_YEAR = 2019
EARLIER = {"st_davids_day_monitoring": 1}
"""Years before the first that a return has in the sample besides."""
YEARS = 2
WORKBOOKS = 0.12
"""How many submissions are workbooks, beside the first of each return; the others are CSV, which is written at once."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of the inbox."""

    name: str
    """Relative to the inbox: ``W06000020/ccg_spend_2019-20Q2.csv``."""
    received_at: datetime
    return_key: str
    area: str
    period: str
    mistake: Kind | None = None
    """What is wrong with it, or odd about it."""
    is_mended: bool = False
    """Whether it is the one that makes good what was wrong."""


def sample_periods(family: Family, release: int = 1) -> list[ReturnPeriod]:
    """The periods that the sample has of a return, up to a release.

    Args:
        family: The return.
        release: 1 to 3.

    Returns:
        Two years of periods, and one more for each later release where it comes more than once a year.
    """
    spec = family.newest
    first = family.versions[0][1].first_period
    every = period_range(spec.cadence, first, spec.last_period, date(FIRST_YEAR + 20, 3, 31))
    from_year = FIRST_YEAR - EARLIER.get(spec.key, 0)
    every = [p for p in every if p.start >= date(from_year, 4, 1)]
    start = every[0].start
    end = start.replace(year=start.year + YEARS + EARLIER.get(spec.key, 0))
    inside = [p for p in every if p.start < end]
    more = release - 1 if spec.cadence in ("quarterly", "six_monthly") else 0
    return inside + every[len(inside) : len(inside) + more]


def build_returns(
    folder: Path, *, release: int, seed: int = SEED, returns: Collection[str] | None = None
) -> list[SampleFile]:
    """Write the files of a release into an inbox.

    Args:
        folder: The inbox: a folder for each submitter is made in it, and ``received.json``.
        release: 1 to 3; only what is new in it is written.
        seed: Another seed, another sample.
        returns: Only these; all by default.

    Returns:
        The files, in the order in which they were received.

    Raises:
        ValueError: There is no such release.
    """
    if not 1 <= release <= RELEASES:
        raise ValueError(f"the sample has the releases 1 to {RELEASES}, not {release}")
    folder.mkdir(parents=True, exist_ok=True)
    files = [one for draft in drafts(release, seed, returns) for one in _write(folder, draft)]
    files.sort(key=lambda one: (one.received_at, one.name))
    sidecar = folder / RECEIVED
    known: dict[str, str] = json.loads(sidecar.read_text("utf-8")) if sidecar.exists() else {}
    known |= {one.name: one.received_at.isoformat() for one in files}
    sidecar.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
    return files


OFFER_COLUMNS = (
    "stream_key", "area_code", "financial_year", "project_key", "project_name", "capital_or_revenue", "version",
    "effective_from", "original_budget_gbp", "revised_budget_gbp", "known_from",
)  # fmt: skip


def build_offers(path: Path, *, release: int = RELEASES, seed: int = SEED) -> Path:
    """Write the offer letters of every stream as ``gofal returns offers`` takes them.

    Args:
        path: The CSV to write.
        release: Up to which release of the sample.
        seed: That of the submissions.

    Returns:
        ``path``.
    """
    # two returns can tell of one stream (the fund within a grant): its letter stands here once
    found: dict[tuple[object, ...], Row] = {}
    for place, sheet in _spend(release, seed):
        for _, offer in offers(place, sheet):
            row = _offer_row(place, offer)
            found.setdefault(tuple(row[k] for k in OFFER_COLUMNS[:7] if k != "project_name"), row)
    with path.open("w", encoding="utf-8", newline="") as handle:
        out = csv.DictWriter(handle, OFFER_COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(found.values())
    return path


def _offer_row(place: Place, offer: Offer) -> Row:
    own = {"area_code": place.area, "financial_year": place.year_label}
    return own | {k: getattr(offer, k) for k in OFFER_COLUMNS if k not in own}


def _spend(release: int, seed: int) -> Iterator[tuple[Place, Sheet]]:
    """Every sheet of spend in every year, once a submitter."""
    for family in load_returns().values():
        seen: set[tuple[str, int]] = set()
        for period in sample_periods(family, release):
            spec = family.of(period.key)
            for sheet in spec.sheets:
                for area in submitters(spec, period) if sheet.feed == "grant_spend" else ():
                    place = Place(spec, area, period, seed)
                    if (area, place.year) not in seen:
                        seen.add((area, place.year))
                        yield place, sheet


# -- who sends what, and when -------------------------------------------------------------------------------------


def drafts(release: int, seed: int = SEED, returns: Collection[str] | None = None) -> Iterator[Draft]:
    """Every file of a release before it is written.

    Args:
        release: 1 to 3; only what is new in it.
        seed: Another seed, another sample.
        returns: Only these; all by default.
    """
    for family in load_returns().values():
        if returns is not None and family.key not in returns:
            continue
        earlier = sample_periods(family, release - 1) if release > 1 else []
        for number, period in enumerate(sample_periods(family, release)[len(earlier) :]):
            spec = family.of(period.key)
            for order, area in enumerate(submitters(spec, period)):
                place = Place(spec, area, period, seed)
                usual = _usual(place, is_workbook=number == order == 0)
                kind = MISTAKES.get((spec.key, area, period.key))
                yield from HAPPENS[kind](usual) if kind else (usual,)
        for (key, area, period_key), kind in LATER_MISTAKES.get(release, {}).items():
            known = next((p for p in earlier if p.key == period_key), None) if key == family.key else None
            if known:
                yield from HAPPENS[kind](_usual(Place(family.of(known.key), area, known, seed)))[1:]


def _usual(place: Place, *, is_workbook: bool = False) -> Draft:
    """What most submitters send: in time, certified, right."""
    draw = place.draw("sent", place.period.key)
    due = due_date(place.spec, place.period)
    sent = due - timedelta(days=draw.randrange(0, 12))
    rows = content(place)
    received = working_hours(sent, draw)
    return Draft(
        place,
        received,
        cover_of(place, rows, received.date()),
        rows,
        is_workbook=is_workbook or draw.random() < WORKBOOKS,
    )


_PEOPLE = ("Finance team", "Performance team", "Grants officer", "Children’s services support")
_PEOPLE_CY = ("Tîm cyllid", "Tîm perfformiad", "Swyddog grantiau", "Cymorth gwasanaethau plant")


def cover_of(place: Place, rows: Rows, on: date) -> Row:
    """The cover of a right submission: prepared, certified a day before, with its control totals."""
    spec, draw = place.spec, place.draw("cover", place.period.key)
    number = draw.randrange(len(_PEOPLE))
    cover: Row = {
        "prepared_by": (_PEOPLE_CY if place.language == "cy" else _PEOPLE)[number],
        "language": place.language,
    }
    if spec.certification:
        words = ROLES[spec.certification]
        cover |= {
            "certified_by": words[1 if place.language == "cy" else 0],
            "certified_role": spec.certification,
            "certified_on": on - timedelta(days=1),
        }
    if place.period.part in spec.audit_certificate:
        reference = f"AUD-{place.year_label}-{draw.randrange(1000, 9999)}"
        cover |= {"audit_reference": reference, "audit_date": on - timedelta(days=9)}
    return cover | control_totals(spec, rows)


# -- files --------------------------------------------------------------------------------------------------------


def _write(folder: Path, draft: Draft) -> Iterable[SampleFile]:
    """Write a draft and its copies."""
    from ingestion.returns.workbook import write_csv, write_submission

    place = draft.place
    own = folder / place.area
    own.mkdir(exist_ok=True)
    stem = _stem(place)
    ending = "xlsx" if draft.is_workbook else "csv"
    path = own / f"{stem}{draft.suffix}.{ending}"
    area = _area(place.area)
    language: Literal["both", "cy"] = "cy" if place.language == "cy" and not draft.is_workbook else "both"
    if draft.is_workbook:
        write_submission(
            place.spec, area, place.period, draft.cover, draft.rows, path,
            plain=True, synthetic=True, sheets=draft.sheets,
        )  # fmt: skip
    else:
        write_csv(place.spec, area, place.period, draft.cover, draft.rows, path, synthetic=True, language=language)
    names = [path]
    for suffix in draft.copies:
        names.append(path.with_name(f"{stem}{suffix}.{ending}"))
        shutil.copyfile(path, names[-1])
    for number, one in enumerate(names):
        yield SampleFile(
            name=one.relative_to(folder).as_posix(),
            received_at=draft.received_at + timedelta(days=number),
            return_key=place.spec.key,
            area=place.area,
            period=place.period.key,
            mistake=draft.mistake,
            is_mended=draft.is_mended,
        )


@functools.cache
def _area(code: str) -> Any:
    return areas()[code]


def _stem(place: Place) -> str:
    """What people call a file: the return and the period, in one of a few ways."""
    name = place.spec.aliases[0] if place.spec.aliases else place.spec.key
    ways = ("{name}_{slug}", "{name} {slug} final", "{slug}-{name}", "{name}_{slug}_terfynol")
    way = ways[3] if place.language == "cy" else ways[place.draw("name").randrange(3)]
    return way.format(name=name, slug=place.period.slug)
