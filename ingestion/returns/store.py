"""Submissions and what happened to them, in the lake. Nothing is changed: a receipt, then events.

``submissions/<submission_id>/receipt.json``
    What came, when, from whom: written when the bytes have landed.
``submissions/<submission_id>/{cells,quarantined,problems}.parquet``
    What was read of it. A file that no event names does not exist.
``submission_events/<time>_<kind>_<event id>.json``
    **The commit point.** A submission is what its receipt and its events say together.
``offers/<time>_<event id>.json``
    Lines of offer letters, as they became known.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from ingestion.errors import LakeError
from ingestion.lake import Lake, LandedFile, utc_now

if TYPE_CHECKING:
    import pyarrow as pa

SubmissionOutcome = Literal["accepted", "part_accepted", "held", "quarantined", "duplicate"]
EventKind = Literal["judged", "certified", "withdrawn", "recalled", "extended", "query", "reply", "released", "erased"]
ACCEPTED: frozenset[str] = frozenset({"accepted", "part_accepted"})


class Receipt(BaseModel):
    """A file as it came."""

    model_config = ConfigDict(extra="forbid")
    submission_id: str
    received_at: datetime
    landed_at: datetime
    channel: str
    """``inbox``, ``command line``…: how it came."""
    sender: str | None = None
    """The area whose folder it came in."""
    original_name: str
    inbox_key: str
    """Where it lay, how large it was and when it was last changed: what the inbox knows a file by."""
    file: LandedFile
    is_backdated: bool = False
    """Whether ``received_at`` was told by the bundled sample."""


class Judgement(BaseModel):
    """What became of a submission when it was read."""

    model_config = ConfigDict(extra="forbid")
    outcome: SubmissionOutcome
    return_key: str | None = None
    template_version: int | None = None
    area_code: str | None = None
    period_key: str | None = None
    submitted_by: str | None = None
    prepared_by: str | None = None
    language: str | None = None
    certified_by: str | None = None
    certified_role: str | None = None
    certified_on: date | None = None
    audit_reference: str | None = None
    is_nil: bool = False
    is_late_correction: bool = False
    reason: str | None = None
    rows_received: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    errors: int = 0
    warnings: int = 0
    has_personal_data: bool = False
    is_synthetic: bool = False
    cells: str | None = None
    quarantined: str | None = None
    problems: str | None = None
    """Paths in the lake."""


class Event(BaseModel):
    """Something that happened to a submission, or to a return of a period."""

    model_config = ConfigDict(extra="forbid")
    event_id: str
    kind: EventKind
    at: datetime
    submission_id: str | None = None
    return_key: str | None = None
    area_code: str | None = None
    period_key: str | None = None
    by: str | None = None
    """In what role somebody did it."""
    reason: str | None = None
    until: date | None = None
    sheet: str | None = None
    cell: str | None = None
    text_en: str | None = None
    text_cy: str | None = None
    judgement: Judgement | None = None


class Submission(BaseModel):
    """A submission and all that happened to it until a moment."""

    receipt: Receipt
    judgement: Judgement | None = None
    version: int | None = None
    accepted_at: datetime | None = None
    known_to: datetime | None = None
    closed_by: Literal["superseded", "withdrawn", "recalled"] | None = None
    certified_role: str | None = None
    released: bool = False
    erased: bool = False

    @property
    def submission_id(self) -> str:
        """Its key."""
        return self.receipt.submission_id

    @property
    def outcome(self) -> str | None:
        """What became of it; a held one is accepted once it is certified. None while nobody has judged it."""
        if self.judgement is None:
            return None
        if self.erased:
            return "erased"
        return "accepted" if self.judgement.outcome == "held" and self.accepted_at else self.judgement.outcome

    @property
    def about(self) -> tuple[str, str, str] | None:
        """Return, area and period, where they are known."""
        j = self.judgement
        return (
            (j.return_key, j.area_code, j.period_key) if j and j.return_key and j.area_code and j.period_key else None
        )

    @property
    def is_current(self) -> bool:
        """Whether its figures stand now."""
        return self.accepted_at is not None and self.closed_by is None


class Ledger(BaseModel):
    """Every submission until a moment, by its key, in the order received."""

    submissions: dict[str, Submission] = {}
    events: list[Event] = []
    offers: list[dict[str, Any]] = []

    def of(self, return_key: str, area_code: str, period_key: str) -> list[Submission]:
        """Submissions of one return of one submitter for one period, in the order received."""
        return [s for s in self.submissions.values() if s.about == (return_key, area_code, period_key)]

    def current(self, return_key: str, area_code: str, period_key: str) -> Submission | None:
        """The one whose figures stand."""
        return next((s for s in self.of(return_key, area_code, period_key) if s.is_current), None)

    def extension(self, return_key: str, area_code: str, period_key: str) -> date | None:
        """The last extension that was given: to this submitter, or to all."""
        given = [
            e.until
            for e in self.events
            if e.kind == "extended" and (e.return_key, e.period_key) == (return_key, period_key)
            if e.area_code in (None, area_code)
        ]
        return given[-1] if given else None

    def recalled_at(self, return_key: str, area_code: str, period_key: str) -> datetime | None:
        """When the return was last recalled for that period."""
        found = [
            e.at
            for e in self.events
            if e.kind == "recalled" and (e.return_key, e.period_key) == (return_key, period_key)
            if e.area_code in (None, area_code)
        ]
        return max(found, default=None)

    def find(self, text: str) -> Submission:
        """A submission by its key, or by the first characters of it.

        Raises:
            KeyError: None, or several, begin so.
        """
        start = text.strip().lower()
        found = [s for key, s in self.submissions.items() if start and key.startswith(start)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} submissions begin with {text!r}")
        return found[0]


class ReturnStore:
    """The part of a lake that holds submissions."""

    def __init__(self, lake: Lake) -> None:
        """Point at a lake; nothing is read or written yet."""
        self.lake = lake

    # -- writing -------------------------------------------------------------------------------------------------

    def receive(
        self,
        local: Path,
        *,
        original_name: str,
        inbox_key: str,
        channel: str,
        sender: str | None,
        received_at: datetime,
        backdated: bool = False,
    ) -> Receipt:
        """Land a file's bytes and write its receipt.

        Args:
            local: The file; it is moved into the lake.
            original_name: What it was called, without a folder.
            inbox_key: See `Receipt`.
            channel: How it came.
            sender: Whose folder it came in.
            received_at: When.
            backdated: Whether the bundled sample says when.

        Returns:
            The receipt. The same file at the same place gives the same submission, however often it is received.
        """
        sha256 = hashlib.sha256()
        with local.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                sha256.update(chunk)
        digest = sha256.hexdigest()
        key = hashlib.sha256(f"{digest}|{inbox_key}|{received_at.isoformat()}".encode()).hexdigest()[:16]
        if (known := self.lake.read_json(_receipt(key))) is not None:
            local.unlink(missing_ok=True)
            return Receipt.model_validate(known)
        suffix = Path(original_name).suffix.lower()
        suffix = suffix if suffix[1:].isalnum() and len(suffix) <= 6 else ""
        landed = self.lake.land(local, role="return", suffix=suffix, url=inbox_key, sha256=digest, headers={})
        receipt = Receipt(
            submission_id=key,
            received_at=received_at,
            landed_at=utc_now(),
            channel=channel,
            sender=sender,
            original_name=original_name,
            inbox_key=inbox_key,
            file=landed,
            is_backdated=backdated,
        )
        self.lake.write_json(_receipt(key), receipt.model_dump(mode="json"))
        return receipt

    def record(self, kind: EventKind, *, at: datetime | None = None, **about: Any) -> Event:
        """Append an event; after it, it counts."""
        moment = at or utc_now()
        text = json.dumps({k: str(v) for k, v in about.items()}, sort_keys=True)
        written = utc_now()
        key = hashlib.sha256(f"{kind}|{moment.isoformat()}|{written.isoformat()}|{text}".encode()).hexdigest()[:12]
        event = Event(event_id=key, kind=kind, at=moment, **about)
        self.lake.write_json(
            f"submission_events/{written.strftime('%Y%m%dT%H%M%S%fZ')}_{kind}_{key}.json",
            event.model_dump(mode="json", exclude_none=True),
        )
        return event

    def write_table(self, submission_id: str, name: str, table: pa.Table) -> str | None:
        """Write what was read of a submission; nothing for no rows.

        Returns:
            The path in the lake.
        """
        if not table.num_rows:
            return None
        import pyarrow.parquet as pq

        path = f"submissions/{submission_id}/{name}.parquet"
        with self.lake.scratch(".parquet") as local:
            pq.write_table(table, local, compression="zstd")
            self.lake.put(local, path)
        return path

    def write_offers(self, lines: Sequence[Mapping[str, Any]], known_from: datetime | None = None) -> str:
        """Keep the lines of offer letters.

        Returns:
            The key of this import.
        """
        moment = known_from or utc_now()
        rows = [{k: (v.isoformat() if isinstance(v, date) else v) for k, v in line.items()} for line in lines]
        key = hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()[:12]
        document = {"offer_id": key, "known_from": moment.isoformat(), "lines": rows}
        if not any(str(p).endswith(f"_{key}.json") for p in self._names("offers")):
            self.lake.write_json(f"offers/{utc_now().strftime('%Y%m%dT%H%M%S%fZ')}_{key}.json", document)
        return key

    def erase(self, submission_id: str, reason: str, by: str | None = None) -> list[str]:
        """Remove a submission's bytes and everything that was read of it; a tombstone says that it was there.

        Bytes that another submission has too are removed with it: they are the same bytes.

        Returns:
            The paths that are gone.

        Raises:
            LakeError: There is no such submission.
        """
        ledger = self.ledger()
        try:
            submission = ledger.find(submission_id)
        except KeyError as error:
            raise LakeError(
                f"Expected the key of one submission, and {submission_id!r} is the beginning of none or of several. "
                "`gofal returns status` lists them; run again with the whole key.",
                f"Disgwylid allwedd un cyflwyniad, ac nid yw {submission_id!r} yn ddechrau i un yn unig. Mae "
                "`gofal returns status` yn eu rhestru; rhedwch eto gyda’r allwedd gyfan.",
                code="no_submission",
            ) from error
        sha256 = submission.receipt.file.sha256
        same = [s for s in ledger.submissions.values() if s.receipt.file.sha256 == sha256]
        # the tombstone first: a process that is killed in between leaves something to finish, not something to find
        for one in same:
            self.record("erased", submission_id=one.submission_id, reason=reason, by=by)
        gone = []
        paths = [s.receipt.file.path for s in same[:1]]
        paths += [p for s in same if s.judgement for p in (s.judgement.cells, s.judgement.quarantined) if p]
        paths += [p for s in same for p in self._names(f"submissions/{s.submission_id}") if p.endswith(".parquet")]
        for path in dict.fromkeys(paths):
            if self.lake.exists(path):
                self.lake.fs.rm_file(self.lake.path(path))
                gone.append(path)
        for one in same:  # a file's name can say who somebody is, too
            key = erased_key(one.receipt.inbox_key)
            file = one.receipt.file.model_copy(update={"url": key})
            left = one.receipt.model_copy(update={"original_name": "", "inbox_key": key, "file": file})
            self.lake.write_json(_receipt(one.submission_id), left.model_dump(mode="json"))
        self.lake.write_json(
            f"tombstones/{sha256}.json",
            {"sha256": sha256, "bytes": submission.receipt.file.bytes, "reason": reason, "at": utc_now().isoformat(),
             "submissions": [s.submission_id for s in same]},
        )  # fmt: skip
        return gone

    # -- reading -------------------------------------------------------------------------------------------------

    def receipts(self) -> list[Receipt]:
        """Every receipt, in the order received."""
        paths = [p for p in self._names("submissions") if p.endswith("/receipt.json")]
        return sorted((Receipt.model_validate(d) for d in self._documents(paths)), key=_received)

    def ledger(self, as_of: datetime | None = None) -> Ledger:
        """What is known of every submission.

        Args:
            as_of: Leave out what was received, and what happened, later.
        """
        receipts = [r for r in self.receipts() if as_of is None or r.received_at <= as_of]
        events = [Event.model_validate(d) for d in self._documents(sorted(self._names("submission_events")))]
        offers = [
            {**line, "offer_id": d["offer_id"], "known_from": line.get("known_from") or d["known_from"]}
            for d in self._documents(sorted(self._names("offers")))
            for line in d["lines"]
        ]
        if as_of is not None:
            events = _until(events, as_of)
            offers = [o for o in offers if _moment(o["known_from"]) <= as_of]
        return fold(receipts, events, offers)

    def read_table(self, path: str) -> pa.Table:
        """Read one of a submission's tables."""
        import pyarrow.parquet as pq

        with self.lake.open_read(path) as handle:
            return pq.read_table(handle)

    def _names(self, folder: str) -> list[str]:
        full = self.lake.path(folder)
        if not self.lake.fs.exists(full):
            return []
        cut = len(self.lake.root) + 1
        return [str(p)[cut:] for p in self.lake.fs.find(full)]

    def _documents(self, paths: Sequence[str]) -> Iterable[Any]:
        if self.lake.local:
            return [self.lake.read_json(p) for p in paths]
        with ThreadPoolExecutor(8) as pool:  # each is a round trip to the store
            return list(pool.map(self.lake.read_json, paths))


def fold(receipts: Sequence[Receipt], events: Sequence[Event], offers: Sequence[dict[str, Any]] = ()) -> Ledger:
    """Put receipts and events together.

    Args:
        receipts: In the order received.
        events: In the order written.
        offers: Lines of offer letters.

    Returns:
        The ledger: of each return of a submitter and period the accepted submissions are numbered in the order
        received, and each is known until the next one, its withdrawal or a recall.
    """
    found = {r.submission_id: Submission(receipt=r) for r in receipts}
    told = [e for e in events if e.submission_id is None or e.submission_id in found]
    gone: dict[str, datetime] = {}
    for event in told:
        if event.submission_id is None:
            continue
        one = found[event.submission_id]
        if event.kind == "judged" and event.judgement is not None:
            one.judgement = event.judgement
            one.accepted_at = event.at if event.judgement.outcome in ACCEPTED else None
            one.certified_role = event.judgement.certified_role
        elif event.kind == "certified" and one.judgement is not None and one.judgement.outcome == "held":
            one.certified_role = event.by
            one.accepted_at = one.accepted_at or event.at
        elif event.kind == "released":  # a person looked: it is judged again
            one.released = True
            one.judgement = None
            one.accepted_at = None
        elif event.kind == "erased":
            one.erased = True
            if one.accepted_at is not None:
                gone[one.submission_id] = one.accepted_at
            one.accepted_at = None
    ends = [e for e in told if e.kind in ("withdrawn", "recalled")]
    by_about: dict[tuple[str, str, str], list[Submission]] = defaultdict(list)
    for one in found.values():
        # what was erased keeps its place: no earlier version comes back by it
        if (one.accepted_at is not None or one.submission_id in gone) and one.about is not None:
            by_about[one.about].append(one)
    for about, accepted in by_about.items():
        for number, one in enumerate(accepted, 1):
            one.version = number
        for earlier, later in itertools.pairwise(accepted):
            earlier.known_to, earlier.closed_by = later.receipt.received_at, "superseded"
        for event in ends:
            same = (event.return_key, event.period_key) == (about[0], about[2]) and event.area_code in (None, about[1])
            for one in accepted:
                ended = event.kind == "withdrawn" and event.submission_id == one.submission_id
                ended = ended or (event.kind == "recalled" and same and one.receipt.received_at <= event.at)
                if ended and (one.known_to is None or event.at < one.known_to):
                    one.known_to = event.at
                    one.closed_by = "withdrawn" if event.kind == "withdrawn" else "recalled"
    return Ledger(submissions=found, events=list(told), offers=list(offers))


def _until(events: Iterable[Event], as_of: datetime) -> list[Event]:
    """What had happened by a moment.

    A submission counts from when it was received, however much later it was judged; but not one that a person released
    later. What was erased was never there.
    """
    kept = []
    released_later = set()
    for event in events:
        if event.kind == "released" and event.at > as_of:
            released_later.add(event.submission_id)
        if event.kind == "judged":
            counts = event.submission_id not in released_later
        else:
            counts = event.kind == "erased" or event.at <= as_of
        if counts:
            kept.append(event)
    return kept


def erased_key(inbox_key: str) -> str:
    """What an inbox knows a file by whose name must not be kept."""
    return inbox_key if inbox_key.startswith("erased:") else f"erased:{hashlib.sha256(inbox_key.encode()).hexdigest()}"


def _receipt(submission_id: str) -> str:
    return f"submissions/{submission_id}/receipt.json"


def _received(receipt: Receipt) -> tuple[datetime, datetime, str]:
    return receipt.received_at, receipt.landed_at, receipt.submission_id


def _moment(value: str | datetime) -> datetime:
    from datetime import UTC

    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo else read.replace(tzinfo=UTC)
