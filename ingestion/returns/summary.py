"""What the run report says of returns: what a run judged, what waits, who is late, and what was spent.

A report is read by more people than an answer is, and may go to a webhook: nothing that stands in a cell is repeated
here, nor what a file was called, nor who signed it. The answers that went to the submitters have all of that.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel

from ingestion.lake import Lake, utc_now
from ingestion.returns.areas import areas
from ingestion.returns.problems import Problem, Wording, catalogue
from ingestion.returns.snapshot import clock
from ingestion.returns.spec import Family, ReturnSpec, load_returns
from ingestion.returns.standing import OWED, Standing, standings
from ingestion.returns.store import Judgement, Ledger, ReturnStore, Submission, SubmissionOutcome
from ingestion.returns.wording import expected, status_words

NOT_TAKEN = ("quarantined", "part_accepted", "held")
"""Outcomes of which a person is told why, in this order."""
PERSONAL = "personal_data"
"""The problem of a cell that appears to hold personal data."""
REASONS = 5
"""Kinds of problem that are told of one submission."""
UNKNOWN = ("A return that was not recognised", "Ffurflen nad adnabuwyd")
LEFT_OUT = "…"
TOTALS = frozenset({"control_total"})
"""Problems on the cover that tell what rows add up to."""


class Reason(BaseModel):
    """One kind of problem of a submission."""

    code: str
    severity: Literal["error", "warning"]
    en: str
    cy: str
    count: int = 1


class Sent(BaseModel):
    """A submission that was not accepted, or not all of it."""

    submission_id: str
    title_en: str
    title_cy: str
    return_key: str | None = None
    area_code: str | None = None
    area_en: str = ""
    area_cy: str = ""
    period_key: str | None = None
    outcome: str
    received_at: datetime
    rows_received: int = 0
    rows_quarantined: int = 0
    reasons: list[Reason] = []
    more_reasons: int = 0
    """Kinds of problem beside those."""
    answer: str | None = None
    """Where the answer to the submitter is; of a submission of this run."""


class Owed(BaseModel):
    """A return that is late."""

    return_key: str
    title_en: str
    title_cy: str
    area_code: str
    area_en: str
    area_cy: str
    period_key: str
    status: str
    due: date
    days_late: int
    days_en: str
    days_cy: str


class Spend(BaseModel):
    """Spend against profile in all of Wales, of a stream or of all. Only lines that have both figures."""

    stream_key: str | None
    """None for all streams."""
    name_en: str
    name_cy: str
    period_key: str
    areas: int
    lines: int
    lines_left_out: int
    """That lack one of the two figures: what is missing is not zero."""
    profile_gbp: Decimal | None = None
    spend_gbp: Decimal | None = None
    variance_gbp: Decimal | None = None


class ReturnsReport(BaseModel):
    """Everything a run has to say of returns."""

    moment: datetime
    """The moment that lateness is told of; of the sample one of its own years."""
    outcomes: dict[str, int] | None = None
    """How many submissions this run judged, by outcome; None where it did not get so far."""
    sent: list[Sent] = []
    """Those of this run that were not accepted whole."""
    waiting: list[Sent] = []
    """Those of earlier runs that are in quarantine or held, and nothing stands in their place."""
    standing: dict[str, int] = {}
    """Expected returns by status."""
    late: list[Owed] = []
    """The latest first."""
    spend: list[Spend] = []

    @property
    def has_warnings(self) -> bool:
        """Whether this run left something out that somebody sent."""
        return any((self.outcomes or {}).get(outcome) for outcome in ("quarantined", "part_accepted"))


def summarise(
    lake: Lake,
    document: Mapping[str, Any] | None,
    published: Path | None,
    *,
    sample: bool,
    families: Mapping[str, Family] | None = None,
    now: datetime | None = None,
) -> ReturnsReport | None:
    """Put together what a report says of returns.

    Args:
        lake: Where the submissions are.
        document: What the stage `returns` wrote of this run, where it got so far.
        published: The published database, where there is one.
        sample: Whether the lake holds the bundled sample.
        families: The returns; by default the project's.
        now: Default: this moment.

    Returns:
        None where nobody ever sent a return.
    """
    store = ReturnStore(lake)
    if not store.receipts():
        return None
    families = load_returns() if families is None else families
    ledger = store.ledger()
    moment = clock(ledger, sample=sample, as_of=None, now=now or utc_now())
    found = standings(ledger, moment, families)
    judged = {str(s["submission_id"]): s.get("answer") for s in (document or {}).get("submissions", [])}
    told = [ledger.submissions[key] for key in judged if key in ledger.submissions]
    earlier = [s for s in _unanswered(ledger, found) if s.submission_id not in judged]
    return ReturnsReport(
        moment=moment,
        outcomes=_ordered(document["outcomes"], get_args(SubmissionOutcome)) if document else None,
        sent=[_sent(store, s, families, judged[s.submission_id]) for s in _in_order(told)],
        waiting=[_sent(store, s, families, None) for s in _in_order(earlier)],
        standing=_ordered(Counter(s.status for s in asked_for(found)), status_words()),
        late=[_owed(s, families) for s in late(found)],
        spend=spend(published) if published is not None and published.exists() else [],
    )


def late(found: Iterable[Standing]) -> list[Standing]:
    """Returns that are owed and past their day, the latest first."""
    owed = [s for s in found if s.status in OWED and s.days_late]
    return sorted(owed, key=lambda s: (-s.days_late, s.return_key, s.area_code))


def asked_for(found: Iterable[Standing]) -> list[Standing]:
    """Without what fell due before anybody collected it here."""
    return [s for s in found if s.status != "not_collected"]


def counts(found: Sequence[Standing]) -> dict[str, int]:
    """How many returns are expected, stand, are held, were not accepted and are overdue: what `gofal status` tells."""
    return {
        "expected": len(asked_for(found)),
        "stand": sum(s.submission_id is not None for s in found),
        "held": sum(s.is_held for s in found),
        "quarantined": sum(s.status == "quarantined" for s in found),
        "overdue": sum(s.status == "overdue" for s in found),
    }


def _ordered(numbers: Mapping[str, int], order: Iterable[str]) -> dict[str, int]:
    return {key: numbers[key] for key in dict.fromkeys([*order, *numbers]) if numbers.get(key)}


def _in_order(submissions: Iterable[Submission]) -> list[Submission]:
    """Those that were not accepted whole, by outcome."""
    wanted = [s for s in submissions if s.outcome in NOT_TAKEN]
    return sorted(wanted, key=lambda s: (NOT_TAKEN.index(str(s.outcome)), s.receipt.received_at, s.submission_id))


def _unanswered(ledger: Ledger, found: Iterable[Standing]) -> list[Submission]:
    """Submissions that are in quarantine or held, and that no later one has taken the place of."""
    open_ones = {(s.return_key, s.area_code, s.period_key) for s in found if s.status == "quarantined" or s.is_held}
    newest: dict[tuple[str, str, str] | str, Submission] = {}
    for one in ledger.submissions.values():  # in the order received
        if one.outcome in ("quarantined", "held") and not one.erased:
            newest[one.about or one.submission_id] = one
    return [s for about, s in newest.items() if about in open_ones or s.about is None]


def _sent(store: ReturnStore, one: Submission, families: Mapping[str, Family], answer: str | None) -> Sent:
    judgement = one.judgement
    assert judgement is not None  # noqa: S101  # it has an outcome
    family = families.get(judgement.return_key or "")
    spec = (family.of(judgement.period_key) if judgement.period_key else family.newest) if family else None
    area = areas().get(judgement.area_code or one.receipt.sender or "")
    reasons = [] if one.erased else _reasons(store, judgement, spec)
    return Sent(
        submission_id=one.submission_id,
        title_en=spec.title_en if spec else UNKNOWN[0],
        title_cy=spec.title_cy if spec else UNKNOWN[1],
        return_key=judgement.return_key,
        area_code=area.code if area else None,
        area_en=area.name_en if area else "",
        area_cy=area.name_cy if area else "",
        period_key=judgement.period_key,
        outcome=str(one.outcome),
        received_at=one.receipt.received_at,
        rows_received=judgement.rows_received,
        rows_quarantined=judgement.rows_quarantined,
        reasons=reasons[:REASONS],
        more_reasons=max(0, len(reasons) - REASONS),
        answer=answer,
    )


def _reasons(store: ReturnStore, judgement: Judgement, spec: ReturnSpec | None) -> list[Reason]:
    """Each kind of problem of each column once, errors first, the commonest first."""
    if judgement.problems is None or not store.lake.exists(judgement.problems):
        return []
    found: dict[tuple[Any, ...], Reason] = {}
    for row in store.read_table(judgement.problems).to_pylist():
        if judgement.has_personal_data and row["rule_code"] != PERSONAL:
            continue  # other messages may repeat what stands beside it
        en, cy = _without_values(row, spec)
        about = (row["sheet"], row["column_name"]) if row["row_number"] is not None else (en,)
        key = (row["rule_code"], *about)
        if key in found:
            found[key].count += 1
        else:
            found[key] = Reason(code=row["rule_code"], severity=row["severity"], en=en, cy=cy)
    return sorted(found.values(), key=lambda r: (r.severity != "error", -r.count))


def _without_values(row: Mapping[str, Any], spec: ReturnSpec | None) -> tuple[str, str]:
    """A problem in words. What is about a cell of a sheet is told anew, with the column's heading and no value."""
    code, name = str(row["rule_code"]), row["column_name"]
    sheet = next((s for s in spec.sheets if s.key == row["sheet"]), None) if spec else None
    about_figures = (sheet is not None and row["row_number"] is not None) or code in TOTALS
    if not about_figures:
        return row["message_en"], row["message_cy"]
    rule = next((r for r in sheet.rules if f"{sheet.key}.{r.code}" == code), None) if sheet else None
    wording = rule or catalogue().get(code)
    if wording is None:
        return code, code
    columns = {c.key: c for c in sheet.columns} if sheet else {}
    column = columns.get(name)
    whole = columns.get((column.adds_to or column.sums_to or "") if column else "")
    total = next((t for t in spec.control_totals if t.key == name), None) if spec else None
    limits = expected(column) if column else (LEFT_OUT, LEFT_OUT)
    told = []
    for place, language in enumerate(("en", "cy")):
        text = getattr(wording, f"message_{language}")
        values = {str(field): LEFT_OUT for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        values |= {
            "heading": getattr(column or total, f"heading_{language}", LEFT_OUT),
            "whole": getattr(whole, f"heading_{language}", LEFT_OUT),
            "row": row["row_number"],
            "limits": limits[place][:1].lower() + limits[place][1:],
        }
        made = Wording(severity="error", message_en=text, message_cy=text, do_en="", do_cy="")
        told.append(_tidied(Problem(code, values=values, wording=made).message("en")))
    return told[0], told[1]


def _tidied(text: str) -> str:
    """A sentence without the brackets, the list or the second stop around what was left out of it."""
    text = text.replace(f" ({LEFT_OUT})", "").replace(f": {LEFT_OUT}.", ".")
    return text.replace(f"{LEFT_OUT}.", LEFT_OUT)


def _owed(one: Standing, families: Mapping[str, Family]) -> Owed:
    from ingestion.freshness import days

    spec, area = families[one.return_key].newest, areas()[one.area_code]
    days_en, days_cy = days(one.days_late)
    return Owed(
        return_key=one.return_key,
        title_en=spec.title_en,
        title_cy=spec.title_cy,
        area_code=one.area_code,
        area_en=area.name_en,
        area_cy=area.name_cy,
        period_key=one.period_key,
        status=one.status,
        due=one.due,
        days_late=one.days_late,
        days_en=days_en,
        days_cy=days_cy,
    )


def spend(database: Path) -> list[Spend]:
    """Spend to date against profile for the newest quarter of all: every stream, then all of them together.

    No area is told by itself here: streams of Wales are compared with their own profile and with nothing else.

    Args:
        database: A published ``gofal.duckdb``.

    Returns:
        Nothing where it has no returns on spend.
    """
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        there = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'funding_streams' and table_name = 'grant_spend'"
        ).fetchone()
        if there is None:
            return []
        rows = connection.execute(
            """
            with quarters as (
                select * from funding_streams.grant_spend
                where regexp_matches(period_key, ' Q[1-4]$') and counts_towards_total and known_to is null
            ),
            newest as (
                select * from quarters where period_end = (select max(period_end) from quarters)
            )
            select
                stream_key, any_value(stream_name_en), any_value(stream_name_cy), any_value(period_key),
                count(distinct area_code), count(*),
                count(*) filter (where spend_to_date_gbp is null or profile_gbp is null),
                sum(profile_gbp) filter (where spend_to_date_gbp is not null),
                sum(spend_to_date_gbp) filter (where profile_gbp is not null),
                sum(spend_to_date_gbp - profile_gbp)
            from newest
            group by grouping sets ((stream_key), ())
            having count(*) > 0
            order by grouping(stream_key), any_value(stream_name_en), stream_key
            """
        ).fetchall()
    return [
        Spend(
            stream_key=key,
            name_en=en or key if key else "All streams, Wales",
            name_cy=cy or key if key else "Pob ffrwd, Cymru",
            period_key=period,
            areas=number,
            lines=lines,
            lines_left_out=left_out,
            profile_gbp=profile,
            spend_gbp=spent,
            variance_gbp=variance,
        )
        for key, en, cy, period, number, lines, left_out, profile, spent, variance in rows
    ]
