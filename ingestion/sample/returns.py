"""The bundled sample of returns: two years of synthetic submissions of every return, from everyone who sends it.

What they say is made by `returns_content`; here is who sent what and when, in which form, and with which mistake. All
of it comes from a seed, and every file says on its cover that it is synthetic.

The two years are those from April 2019 wherever a return was asked for then. A return that began later has its own
first two years, and the St David’s Day Fund one year more before, because its money was told apart until then. The
releases follow each return’s own calendar, so that a build of a past moment sees of each return what had come by then:

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
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from ingestion.returns.areas import areas
from ingestion.returns.cover import ROLES
from ingestion.returns.periods import ReturnPeriod, period_range
from ingestion.returns.spec import Family, ReturnSpec, Sheet, load_returns
from ingestion.sample.generate import RELEASES, SEED
from ingestion.sample.returns_content import Offer, Place, Row, Rows, content, offers, submitters

RECEIVED = "received.json"
"""When each file of the inbox came: name to an ISO time in UTC. Only a lake of the sample believes it."""
FIRST_YEAR = 2019
EARLIER = {"st_davids_day_monitoring": 1}
"""Years before the first that a return has in the sample besides."""
YEARS = 2
WORKBOOKS = 0.12
"""How many submissions are workbooks, beside the first of each return; the others are CSV, which is written at once."""
DAYS_LATE = (3, 45)

Kind = Literal[
    "late", "numbers_as_text", "pasted_total", "spend_over_budget", "wrong_period", "missing_sheet", "duplicate",
    "personal_data", "nil", "never", "uncertified", "never_certified", "no_audit_certificate", "date_in_words",
    "in_part", "late_correction", "no_reason", "changed_mind", "conflicting", "control_total", "cumulative_falls",
    "outside_region", "to_withdraw",
]  # fmt: skip

MISTAKES: dict[tuple[str, str, str], Kind] = {
    # late, by days or by weeks
    ("ccg_spend_quarterly", "W06000016", "2019-20 Q2"): "late",
    ("ccg_spend_quarterly", "W06000024", "2020-21 Q1"): "late",
    ("hsg_spend_quarterly", "W06000006", "2019-20 Q4"): "late",
    ("hsg_spend_quarterly", "W06000019", "2020-21 Q3"): "late",
    ("re_plan", "W06000012", "2019-20"): "late",
    ("re_progress_quarterly", "W06000011", "2019-20 Q4"): "late",
    ("re_progress_quarterly", "W06000013", "2020-21 Q2"): "late",
    ("re_progress_annual", "W06000019", "2019-20"): "late",
    ("icf_spend_quarterly", "rpb_powys", "2019-20 Q3"): "late",
    ("icf_outcomes_six_monthly", "rpb_cardiff_and_vale", "2020-21 H1"): "late",
    ("pdg_lac_monitoring", "education_csc", "2020-21 Q2"): "late",
    ("pif_metrics", "W06000018", "2020-21"): "late",
    ("workforce_vacancies", "W06000004", "2021-22"): "late",
    ("st_davids_day_monitoring", "W06000005", "2019-20"): "late",
    ("rif_quarterly_progress", "rpb_gwent", "2022-23 Q2"): "late",
    ("housing_with_care_proposals", "rpb_west_glamorgan", "2023-24 Q3"): "late",
    # read, with a word about it
    ("ccg_spend_quarterly", "W06000005", "2019-20 Q1"): "numbers_as_text",
    ("hsg_spend_quarterly", "W06000012", "2020-21 Q2"): "numbers_as_text",
    ("icf_spend_quarterly", "rpb_gwent", "2020-21 Q1"): "numbers_as_text",
    ("ccg_spend_quarterly", "W06000014", "2019-20 Q3"): "pasted_total",
    ("hsg_spend_quarterly", "W06000001", "2019-20 Q2"): "pasted_total",
    ("icf_spend_quarterly", "rpb_west_wales", "2019-20 Q2"): "pasted_total",
    ("pdg_lac_monitoring", "education_eas", "2020-21 Q1"): "pasted_total",
    ("ccg_spend_quarterly", "W06000002", "2019-20 Q4"): "date_in_words",
    ("rif_end_of_year", "rpb_west_wales", "2022-23"): "date_in_words",
    # sent back, and sent again
    ("ccg_spend_quarterly", "W06000021", "2020-21 Q2"): "spend_over_budget",
    ("hsg_spend_quarterly", "W06000015", "2019-20 Q3"): "spend_over_budget",
    ("icf_spend_quarterly", "rpb_cwm_taf_morgannwg", "2019-20 Q2"): "spend_over_budget",
    ("pdg_lac_monitoring", "education_erw", "2019-20 Q4"): "spend_over_budget",
    ("rif_quarterly_progress", "rpb_north_wales", "2022-23 Q3"): "spend_over_budget",
    ("ccg_spend_quarterly", "W06000008", "2019-20 Q2"): "wrong_period",
    ("icf_outcomes_six_monthly", "rpb_powys", "2019-20 H1"): "wrong_period",
    ("re_progress_quarterly", "W06000020", "2019-20 Q3"): "wrong_period",
    ("ccg_spend_quarterly", "W06000009", "2020-21 Q3"): "missing_sheet",
    ("pdg_lac_monitoring", "education_gwe", "2020-21 Q3"): "missing_sheet",
    ("rif_quarterly_progress", "rpb_powys", "2023-24 Q1"): "missing_sheet",
    ("ccg_spend_quarterly", "W06000006", "2020-21 Q3"): "control_total",
    ("hsg_spend_quarterly", "W06000022", "2020-21 Q3"): "cumulative_falls",
    ("icf_spend_quarterly", "rpb_west_glamorgan", "2019-20 Q1"): "outside_region",
    ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q4"): "no_audit_certificate",
    ("ccg_spend_quarterly", "W06000003", "2019-20 Q4"): "uncertified",
    ("re_progress_annual", "W06000010", "2020-21"): "uncertified",
    ("icf_outcomes_six_monthly", "rpb_north_wales", "2019-20 H2"): "personal_data",
    ("re_progress_quarterly", "W06000015", "2020-21 Q1"): "personal_data",
    # taken in part
    ("nasa_regional", "advocacy_north_wales", "2020-21 Q2"): "in_part",
    ("nasa_regional", "advocacy_cardiff_and_vale", "2019-20 Q3"): "in_part",
    # sent twice
    ("hsg_spend_quarterly", "W06000010", "2020-21 Q1"): "duplicate",
    ("nasa_regional", "advocacy_gwent", "2019-20 Q2"): "duplicate",
    ("ccg_spend_quarterly", "W06000023", "2019-20 Q3"): "changed_mind",
    ("re_plan", "W06000020", "2019-20"): "changed_mind",
    ("hsg_spend_quarterly", "W06000023", "2019-20 Q4"): "conflicting",
    ("icf_spend_quarterly", "rpb_north_wales", "2019-20 Q3"): "late_correction",
    ("ccg_spend_quarterly", "W06000011", "2019-20 Q1"): "late_correction",
    # nothing to tell, and nothing told
    ("icf_outcomes_six_monthly", "rpb_powys", "2020-21 H2"): "nil",
    ("st_davids_day_monitoring", "W06000019", "2020-21"): "nil",
    ("hsg_spend_quarterly", "W06000018", "2020-21 Q4"): "never_certified",
    ("hsg_spend_quarterly", "W06000024", "2020-21 Q4"): "never",
    ("re_progress_quarterly", "W06000022", "2020-21 Q4"): "never",
}
"""What goes wrong in the first release: about one submission in twenty."""
LATER_MISTAKES: dict[int, dict[tuple[str, str, str], Kind]] = {
    2: {
        ("icf_spend_quarterly", "rpb_gwent", "2020-21 Q3"): "no_reason",
        ("re_progress_quarterly", "W06000006", "2020-21 Q3"): "to_withdraw",
    },
    3: {("ccg_spend_quarterly", "W06000001", "2020-21 Q4"): "late_correction"},
}
"""What comes in a later release about a period that an earlier one has."""


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


@dataclass(frozen=True)
class _Draft:
    """A file that is to be written."""

    place: Place
    received_at: datetime
    cover: Row
    rows: Rows
    mistake: Kind | None = None
    is_mended: bool = False
    suffix: str = ""
    sheets: tuple[str, ...] | None = None
    """Only these sheets, in a workbook."""
    is_workbook: bool = False
    copies: tuple[str, ...] = field(default=())
    """Suffixes of further names for the same bytes, which come a day later each."""


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


def build_returns(folder: Path, *, release: int, seed: int = SEED) -> list[SampleFile]:
    """Write the files of a release into an inbox.

    Args:
        folder: The inbox: a folder for each submitter is made in it, and ``received.json``.
        release: 1 to 3; only what is new in it is written.
        seed: Another seed, another sample.

    Returns:
        The files, in the order in which they were received.

    Raises:
        ValueError: There is no such release.
    """
    if not 1 <= release <= RELEASES:
        raise ValueError(f"the sample has the releases 1 to {RELEASES}, not {release}")
    folder.mkdir(parents=True, exist_ok=True)
    files = [one for draft in _drafts(release, seed) for one in _write(folder, draft)]
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


def _drafts(release: int, seed: int) -> Iterator[_Draft]:
    for family in load_returns().values():
        earlier = sample_periods(family, release - 1) if release > 1 else []
        for number, period in enumerate(sample_periods(family, release)[len(earlier) :]):
            spec = family.of(period.key)
            for order, area in enumerate(submitters(spec, period)):
                place = Place(spec, area, period, seed)
                usual = _usual(place, is_workbook=number == order == 0)
                kind = MISTAKES.get((spec.key, area, period.key))
                yield from _HAPPENS[kind](usual) if kind else (usual,)
        for (key, area, period_key), kind in LATER_MISTAKES.get(release, {}).items():
            period = next((p for p in earlier if p.key == period_key), None) if key == family.key else None
            if period:
                yield from _HAPPENS[kind](_usual(Place(family.of(period.key), area, period, seed)))[1:]


def _usual(place: Place, *, is_workbook: bool = False) -> _Draft:
    """What most submitters send: in time, certified, right."""
    draw = place.draw("sent", place.period.key)
    due = due_date(place.spec, place.period)
    sent = due - timedelta(days=draw.randrange(0, 12))
    rows = content(place)
    received = _working_hours(sent, draw)
    return _Draft(
        place,
        received,
        _cover(place, rows, received.date()),
        rows,
        is_workbook=is_workbook or draw.random() < WORKBOOKS,
    )


def due_date(spec: ReturnSpec, period: ReturnPeriod) -> date:
    """The day on which a return is due, whatever day of the week it is."""
    text = spec.due.days.get(period.part) or next(iter(spec.due.days.values()))
    after = period.start if spec.due.after == "start" else period.end
    month, day = (int(part) for part in text.split("-"))
    due = date(after.year, month, day)
    return due if due > after else date(after.year + 1, month, day)


def _working_hours(day: date, draw: random.Random) -> datetime:
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return datetime.combine(day, time(8 + draw.randrange(9), draw.randrange(60), draw.randrange(60)), UTC)


_PEOPLE = ("Finance team", "Performance team", "Grants officer", "Children’s services support")
_PEOPLE_CY = ("Tîm cyllid", "Tîm perfformiad", "Swyddog grantiau", "Cymorth gwasanaethau plant")


def _cover(place: Place, rows: Rows, on: date) -> Row:
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


def control_totals(spec: ReturnSpec, rows: Rows) -> Row:
    """What the cover has to say of the sums of columns."""
    return {
        total.key: sum(v for row in rows.get(total.sheet, ()) if isinstance(v := row.get(total.column), int | float))
        for total in spec.control_totals
    }


# -- what goes wrong ----------------------------------------------------------------------------------------------


def _later(draft: _Draft, days: int, **changes: Any) -> _Draft:
    """The same, some days later: certified anew."""
    at = _working_hours(draft.received_at.date() + timedelta(days=days), draft.place.draw("again", days))
    at = max(at, draft.received_at + timedelta(hours=1))
    cover = dict(draft.cover)
    if cover.get("certified_on"):
        cover["certified_on"] = at.date() - timedelta(days=1)
    return replace(draft, received_at=at, cover=cover, **changes)


def _mended(draft: _Draft, kind: Kind, wrong: _Draft, days: int = 6) -> list[_Draft]:
    """A wrong file, and some days later the right one."""
    return [
        replace(wrong, mistake=kind),
        _later(draft, days, mistake=kind, is_mended=True, suffix="_v2"),
    ]


def _with_rows(draft: _Draft, rows: Rows) -> _Draft:
    """The draft with other rows, and control totals that agree with them."""
    return replace(draft, rows=rows, cover=draft.cover | control_totals(draft.place.spec, rows))


def _spend_column(draft: _Draft) -> tuple[str, str]:
    """The sheet and the column of what was spent, or of the first numbers that there are."""
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.role == "spend_to_date_gbp":
                return sheet.key, column.key
    return next((s.key, c.key) for s in draft.place.spec.sheets for c in s.columns if c.is_number)


def _changed(draft: _Draft, sheet: str, column: str, by: Callable[[Any], Any], first: int = 0, rows: int = 1) -> _Draft:
    """The draft with another value in one column of some rows."""
    lines = [dict(row) for row in draft.rows[sheet]]
    for line in lines[first : first + rows]:
        if line.get(column) is not None:
            line[column] = by(line[column])
    return _with_rows(draft, draft.rows | {sheet: lines})


def _late(draft: _Draft) -> list[_Draft]:
    due = due_date(draft.place.spec, draft.place.period)
    days = (due - draft.received_at.date()).days + draft.place.draw("late", draft.place.period.key).randrange(
        *DAYS_LATE
    )
    return [_later(draft, days, mistake="late")]


def _numbers_as_text(draft: _Draft) -> list[_Draft]:
    sheet, column = _spend_column(draft)
    right = draft.cover
    wrong = _changed(
        draft, sheet, column, lambda v: f"£{v:,}" if isinstance(v, int) else v, rows=len(draft.rows[sheet])
    )
    return [replace(wrong, cover=right, mistake="numbers_as_text")]


def _pasted_total(draft: _Draft) -> list[_Draft]:
    sheet_key, _ = _spend_column(draft)
    sheet = draft.place.spec.sheet(sheet_key)
    rows = draft.rows[sheet_key]
    total: Row = {sheet.grain[0]: "Cyfanswm" if draft.place.language == "cy" else "Total"}
    for column in sheet.columns:
        if column.type == "money":
            total[column.key] = sum(v for row in rows if isinstance(v := row.get(column.key), int | float))
    return [replace(draft, rows=draft.rows | {sheet_key: [*rows, total]}, mistake="pasted_total")]


def _spend_over_budget(draft: _Draft) -> list[_Draft]:
    sheet_key, column = _spend_column(draft)
    budget = next((c.key for c in draft.place.spec.sheet(sheet_key).columns if c.role == "budget_gbp"), column)
    most = int(draft.rows[sheet_key][0][budget])
    return _mended(draft, "spend_over_budget", _changed(draft, sheet_key, column, lambda _: most + most // 10))


def _wrong_period(draft: _Draft) -> list[_Draft]:
    """Last year’s number on the cover: before the return was first asked for."""
    year = draft.place.year - 1
    text = draft.place.period.key.replace(draft.place.period.key[:7], f"{year}-{(year + 1) % 100:02d}")
    wrong = replace(draft, cover=draft.cover | {"period": text}, is_workbook=False)
    return _mended(replace(draft, is_workbook=False), "wrong_period", wrong)


def _missing_sheet(draft: _Draft) -> list[_Draft]:
    needed = [s.key for s in draft.place.spec.sheets if s.min_rows]
    kept = tuple(s.key for s in draft.place.spec.sheets if s.key != needed[-1])
    return _mended(draft, "missing_sheet", replace(draft, sheets=kept, is_workbook=True))


def _duplicate(draft: _Draft) -> list[_Draft]:
    return [replace(draft, mistake="duplicate", copies=(" (2)",))]


_PERSONAL = (
    "Mari Invented-Name (born 14/02/2011, NHS number 943 476 5919) moved to a new foster home.",
    "Symudodd Mari Enw-Ffug (ganwyd 14/02/2011, rhif GIG 943 476 5919) i gartref maeth newydd.",
)
"""Nobody: the name is invented, and the number is the one that the NHS gives as an example."""


def _personal_data(draft: _Draft) -> list[_Draft]:
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.type == "narrative" and draft.rows[sheet.key]:
                lines = [dict(row) for row in draft.rows[sheet.key]]
                lines[0][column.key] = _PERSONAL[1 if draft.place.language == "cy" else 0]
                lines[0] |= {"narrative_language": draft.place.language} if "narrative_language" in lines[0] else {}
                return _mended(draft, "personal_data", replace(draft, rows=draft.rows | {sheet.key: lines}))
    return [draft]


def _nil(draft: _Draft) -> list[_Draft]:
    empty: Rows = {key: [] for key in draft.rows}
    cover = {k: v for k, v in draft.cover.items() if k not in {t.key for t in draft.place.spec.control_totals}}
    return [replace(draft, rows=empty, cover=cover | {"nil_return": True}, mistake="nil")]


def _never(_: _Draft) -> list[_Draft]:
    return []


_CERTIFIED = ("certified_by", "certified_role", "certified_on")


def _without(draft: _Draft, *keys: str) -> _Draft:
    return replace(draft, cover={k: v for k, v in draft.cover.items() if k not in keys})


def _uncertified(draft: _Draft) -> list[_Draft]:
    return _mended(draft, "uncertified", _without(draft, *_CERTIFIED))


def _never_certified(draft: _Draft) -> list[_Draft]:
    return [replace(_without(draft, *_CERTIFIED), mistake="never_certified")]


def _no_audit_certificate(draft: _Draft) -> list[_Draft]:
    return _mended(draft, "no_audit_certificate", _without(draft, "audit_reference", "audit_date"))


def _date_in_words(draft: _Draft) -> list[_Draft]:
    """Dates as Welsh people write them in a letter: ``14 Tachwedd 2019``."""
    cover = {k: _in_words(v) if isinstance(v, date) else v for k, v in draft.cover.items()}
    rows = {
        key: [{k: _in_words(v) if isinstance(v, date) else v for k, v in row.items()} for row in lines]
        for key, lines in draft.rows.items()
    }
    return [replace(draft, cover=cover, rows=rows, mistake="date_in_words")]


def _in_words(day: date) -> str:
    from ingestion.returns.wording import long_date

    return long_date(day)[1]


def _in_part(draft: _Draft) -> list[_Draft]:
    """More of a part than of its whole in one row; the other rows are right."""
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.adds_to and draft.rows[sheet.key]:
                whole = draft.rows[sheet.key][0][column.adds_to]
                wrong = _changed(draft, sheet.key, column.key, lambda _, most=whole: most + 2)
                return [replace(wrong, mistake="in_part")]
    return [draft]


_REASONS = (
    "An invoice was found after the period was closed.",
    "Daethpwyd o hyd i anfoneb ar ôl cau’r cyfnod.",
)


def _corrected(draft: _Draft) -> _Draft:
    """A little less spent in the last row than was said first: still no less than the quarter before."""
    sheet, column = _spend_column(draft)
    return _changed(draft, sheet, column, lambda v: v - 10 if isinstance(v, int) and v > 10 else v, first=-1)


def _late_correction(draft: _Draft) -> list[_Draft]:
    after = draft.place.spec.closes_days + 60
    again = _later(_corrected(draft), after, mistake="late_correction", is_mended=True, suffix="_v2")
    reason = _REASONS[1 if draft.place.language == "cy" else 0]
    return [draft, replace(again, cover=again.cover | {"replaces": 1, "reason": reason})]


def _no_reason(draft: _Draft) -> list[_Draft]:
    after = draft.place.spec.closes_days + 120
    return [draft, _later(_corrected(draft), after, mistake="no_reason", suffix="_v2")]


def _changed_mind(draft: _Draft) -> list[_Draft]:
    again = _later(_corrected(draft), 3, mistake="changed_mind", is_mended=True, suffix="_v2")
    return [draft, replace(again, cover=again.cover | {"replaces": 1})]


def _conflicting(draft: _Draft) -> list[_Draft]:
    """Two officers send different figures on one day, and neither says that it replaces the other."""
    other = replace(
        _corrected(draft),
        received_at=draft.received_at + timedelta(minutes=95),
        mistake="conflicting",
        suffix="_finance",
    )
    return [draft, replace(other, cover=other.cover | {"prepared_by": "Accountant"})]


def _control_total(draft: _Draft) -> list[_Draft]:
    keys = [total.key for total in draft.place.spec.control_totals]
    wrong = {key: draft.cover[key] + 900 for key in keys[:1]}
    return _mended(draft, "control_total", replace(draft, cover=draft.cover | wrong))


def _cumulative_falls(draft: _Draft) -> list[_Draft]:
    """What was spent in the quarter alone, where the sum since April is asked for."""
    sheet, column = _spend_column(draft)
    wrong = _changed(draft, sheet, column, lambda v: v // 4, rows=len(draft.rows[sheet]))
    return _mended(draft, "cumulative_falls", wrong)


def _outside_region(draft: _Draft) -> list[_Draft]:
    """Bridgend, which left the region with April 2019."""
    for sheet in draft.place.spec.sheets:
        for column in sheet.columns:
            if column.type == "area" and column.within_submitter:
                return _mended(draft, "outside_region", _changed(draft, sheet.key, column.key, lambda _: "W06000013"))
    return [draft]


def _to_withdraw(draft: _Draft) -> list[_Draft]:
    """A neighbour’s figures under the submitter’s own name."""
    other = next(code for code in submitters(draft.place.spec, draft.place.period) if code != draft.place.area)
    again = _with_rows(draft, content(replace(draft.place, area=other)))
    return [draft, _later(again, 20, mistake="to_withdraw", suffix="_v2")]


_HAPPENS: dict[Kind, Callable[[_Draft], list[_Draft]]] = {
    "late": _late,
    "numbers_as_text": _numbers_as_text,
    "pasted_total": _pasted_total,
    "spend_over_budget": _spend_over_budget,
    "wrong_period": _wrong_period,
    "missing_sheet": _missing_sheet,
    "duplicate": _duplicate,
    "personal_data": _personal_data,
    "nil": _nil,
    "never": _never,
    "uncertified": _uncertified,
    "never_certified": _never_certified,
    "no_audit_certificate": _no_audit_certificate,
    "date_in_words": _date_in_words,
    "in_part": _in_part,
    "late_correction": _late_correction,
    "no_reason": _no_reason,
    "changed_mind": _changed_mind,
    "conflicting": _conflicting,
    "control_total": _control_total,
    "cumulative_falls": _cumulative_falls,
    "outside_region": _outside_region,
    "to_withdraw": _to_withdraw,
}


# -- files --------------------------------------------------------------------------------------------------------


def _write(folder: Path, draft: _Draft) -> Iterable[SampleFile]:
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
