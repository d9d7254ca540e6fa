"""What stands of every return that is expected: received, late, in quarantine, owed. For people and for scripts.

The mart ``accountability.return_calendar`` says the same of the same ledger, by the same rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from ingestion.returns.calendar import Expected, days_late
from ingestion.returns.snapshot import expected_returns
from ingestion.returns.spec import Family
from ingestion.returns.store import Ledger, Submission

Status = Literal[
    "not_due",
    "not_required",
    "not_collected",
    "nil_return",
    "received",
    "received_late",
    "part_accepted",
    "quarantined",
    "overdue",
    "withdrawn",
    "recalled",
]
OWED: frozenset[Status] = frozenset({"overdue", "quarantined"})
"""Nothing of it stands yet, and it gets later every day."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of one return of one submitter for one period."""

    return_key: str
    area_code: str
    period_key: str
    status: Status
    original_due_date: date
    extended_due_date: date | None = None
    first_received_at: datetime | None = None
    """Of the first file that came, whatever became of it; a second copy of the same file is none."""
    accepted_at: datetime | None = None
    """Of the submission that stands."""
    days_late: int = 0
    """Against the extended due date: of one that stands, until the first that was accepted came; of one that is owed,
    until the moment; 0 of one that is not due, not required, not collected, withdrawn or recalled."""
    submission_id: str | None = None
    """The submission that stands."""
    submission_version: int | None = None
    submissions: int = 0
    """How many files came for it, without second copies."""
    is_held: bool = False
    """Whether the newest waits for certification."""
    problems: int = 0
    """Of the submission that stands; where none does, of the newest."""

    @property
    def due(self) -> date:
        """The day that lateness counts from."""
        return self.extended_due_date or self.original_due_date


def standings(ledger: Ledger, moment: datetime, families: Mapping[str, Family] | None = None) -> list[Standing]:
    """Say of every expected return what stands of it.

    Args:
        ledger: What was known at the moment.
        moment: See `ingestion.returns.snapshot.clock`.
        families: The returns; by default the project's.

    Returns:
        One for each return, submitter and period, in the order of `ingestion.returns.snapshot.expected_returns`.
    """
    came: dict[tuple[str, str, str], list[Submission]] = defaultdict(list)
    for submission in ledger.submissions.values():
        if submission.about is not None and submission.outcome != "duplicate":
            came[submission.about].append(submission)
    recalls: dict[tuple[str, str], list[tuple[str | None, datetime]]] = defaultdict(list)
    for event in ledger.events:
        if event.kind == "recalled" and event.return_key and event.period_key:
            recalls[event.return_key, event.period_key].append((event.area_code, event.at))
    found = []
    for one in expected_returns(ledger, moment, families):
        about = (one.return_key, one.area_code, one.period_key)
        told = [at for area, at in recalls[one.return_key, one.period_key] if area in (None, one.area_code)]
        found.append(_standing(one, came.get(about, ()), max(told, default=None), moment))
    return found


def _standing(
    expected: Expected, came: Sequence[Submission], recalled_at: datetime | None, moment: datetime
) -> Standing:
    newest = min(came, key=lambda s: (-_stamp(s.receipt.received_at), s.submission_id), default=None)
    current = max(
        (s for s in came if s.is_current), key=lambda s: (s.receipt.received_at, s.version or 0), default=None
    )
    status = _status(expected, came, newest, current, recalled_at, moment)
    counted = _counted(came, newest, current)
    if counted is not None:
        late = days_late(counted, expected.due)
    else:
        late = days_late(moment, expected.due) if status in OWED else 0
    told = current or newest
    judgement = told.judgement if told else None
    return Standing(
        return_key=expected.return_key,
        area_code=expected.area_code,
        period_key=expected.period_key,
        status=status,
        original_due_date=expected.original_due_date,
        extended_due_date=expected.extended_due_date,
        first_received_at=min((s.receipt.received_at for s in came), default=None),
        accepted_at=current.accepted_at if current else None,
        days_late=late,
        submission_id=current.submission_id if current else None,
        submission_version=current.version if current else None,
        submissions=len(came),
        is_held=newest is not None and newest.outcome == "held",
        problems=judgement.errors + judgement.warnings if judgement else 0,
    )


def _status(
    expected: Expected,
    came: Sequence[Submission],
    newest: Submission | None,
    current: Submission | None,
    recalled_at: datetime | None,
    moment: datetime,
) -> Status:
    if recalled_at is not None and (newest is None or newest.receipt.received_at <= recalled_at):
        return "recalled"
    if current is not None and current.judgement is not None and current.judgement.is_nil:
        return "nil_return"
    if current is not None and current.outcome == "part_accepted":
        return "part_accepted"
    counted = _counted(came, newest, current)
    if counted is not None:
        return "received_late" if days_late(counted, expected.due) else "received"
    if newest is not None and newest.outcome == "quarantined":
        return "quarantined"
    if newest is not None and newest.closed_by in ("withdrawn", "recalled"):
        return "withdrawn" if newest.closed_by == "withdrawn" else "recalled"
    if not expected.is_required:
        return "not_required"
    if expected.due >= moment.astimezone(UTC).date():
        return "not_due"
    return "overdue" if expected.is_collected else "not_collected"


def _counted(came: Sequence[Submission], newest: Submission | None, current: Submission | None) -> datetime | None:
    """When it came, where it stands or only waits for certification. A file that was sent back whole is no return."""
    if current is not None:
        return min(s.receipt.received_at for s in came if s.accepted_at is not None)
    if newest is not None and newest.outcome == "held":
        return newest.receipt.received_at
    return None


def _stamp(moment: datetime) -> float:
    return moment.timestamp()
