"""Judging submissions: each is held against its spec, the period before, the offer letter and what stands already."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ingestion.errors import GofalError
from ingestion.lake import Lake, LandedFile, utc_now
from ingestion.returns.areas import areas
from ingestion.returns.calendar import due_date
from ingestion.returns.cover import ROLES
from ingestion.returns.parse import Parsed, ParsedSheet, parse_file
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.problems import Problem, RefusedError
from ingestion.returns.rules import References, check_rules
from ingestion.returns.sandbox import Sandbox
from ingestion.returns.spec import Family, ReturnSpec, load_returns
from ingestion.returns.store import ACCEPTED, Judgement, Receipt, ReturnStore, Submission, SubmissionOutcome
from ingestion.returns.submitters import may_submit
from ingestion.returns.tables import cell_tables, problem_table, rows_of_cells

_log = logging.getLogger(__name__)
READ_AHEAD = 4
"""Files that are read before it is their turn."""
STILL_COMING = timedelta(hours=1)
"""How long a file that ends too early is taken for one that is still being uploaded."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a submission that could be told: which return, whose, for when, and what it says."""

    parsed: Parsed
    spec: ReturnSpec
    area: str
    period: ReturnPeriod

    @property
    def about(self) -> tuple[str, str, str]:
        """Return, area and period."""
        return self.spec.key, self.area, self.period.key


@dataclass(slots=True)
class Judged:
    """What became of one submission."""

    receipt: Receipt
    judgement: Judgement
    problems: list[Problem] = field(default_factory=list)
    parsed: Parsed | None = None
    personal: list[Any] = field(default_factory=list)
    spec: ReturnSpec | None = None
    version: int | None = None
    """Which version it is, if it is accepted."""
    replaces: int | None = None
    """The version that stands, or stood until it came."""
    answer: str | None = None
    """Where its report is."""

    @property
    def known(self) -> Known | None:
        """None where it could not be told what it is, or where it is not looked at further for personal data."""
        parsed, spec = self.parsed, self.spec
        if parsed is None or spec is None or self.personal or parsed.area_code is None or parsed.period is None:
            return None
        return Known(parsed, spec, parsed.area_code, parsed.period)

    @property
    def errors(self) -> list[Problem]:
        """What keeps it, or rows of it, out."""
        return [p for p in self.problems if p.severity == "error"]

    @property
    def bad_rows(self) -> tuple[set[tuple[str | None, int]], bool]:
        """Rows (sheet, row) with an error, and whether there is an error that is not about a row."""
        if self.parsed is None:
            return set(), True
        there = {(s.name, row) for s in self.parsed.sheets for row in s.rows}
        totals = {(s.name, row) for s in self.parsed.sheets for row, _ in s.totals}
        bad: set[tuple[str | None, int]] = set()
        whole = False
        for problem in self.errors:
            place = (problem.sheet, problem.row)
            if problem.row is not None and place in there:
                bad.add((problem.sheet, problem.row))
            elif place not in totals or problem.code == "pasted_total_wrong":  # a row may be missing
                whole = True
        return bad, whole


def judge_file(
    path: Path,
    name: str,
    *,
    sandbox: Sandbox,
    sender: str | None = None,
    references: References | None = None,
    lake: Lake | None = None,
) -> Judged:
    """Judge one file by itself, as `gofal returns check` does: nothing is landed, nothing is recorded.

    Args:
        path: The file.
        name: What it is called.
        sandbox: Where it is read.
        sender: Whose it is, where that is known.
        references: What it is held against.
        lake: Where to look that up, where it is not given. Without either it is held against nothing.
    """
    receipt = Receipt.model_construct(
        submission_id="", received_at=utc_now(), landed_at=utc_now(), channel="check", sender=sender,
        original_name=name, inbox_key="", file=_as_it_is(path), is_backdated=False,
    )  # fmt: skip
    judged = _read(path, receipt, sandbox)
    if (known := judged.known) is not None:
        judge = Judge(lake) if lake is not None else None
        if references is None and judge is not None:
            references = judge.references(known.spec, known.area, known.period)
        _hold_against(judged, known, references or References())
        if judge is not None:
            judge.compare(judged, known)
        _certified(judged, known)
    _settle(judged)
    return judged


def _as_it_is(path: Path) -> LandedFile:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return LandedFile(role="return", sha256=digest, bytes=path.stat().st_size, path="", url="")


class Judge:
    """Judges what was received, in the order received, each against what was accepted before it."""

    def __init__(self, lake: Lake, families: Mapping[str, Family] | None = None) -> None:
        """Read what is on record.

        Args:
            lake: The lake.
            families: The returns; by default the project's.
        """
        self.lake = lake
        self.store = ReturnStore(lake)
        self.families = load_returns() if families is None else families
        self.ledger = self.store.ledger()
        self._current: dict[tuple[str, str, str], list[tuple[Submission | Judged, Parsed | None]]] = defaultdict(list)
        for one in self.ledger.submissions.values():
            if one.accepted_at is not None and one.about:
                self._current[one.about].append((one, None))

    def waiting(self) -> list[Receipt]:
        """What was received and not judged yet; what a person released is judged again."""
        return [s.receipt for s in self.ledger.submissions.values() if s.judgement is None and not s.erased]

    def judge(
        self,
        receipts: Sequence[Receipt],
        docs_dir: Path | None = None,
        *,
        expectations: bool = True,
        answer: Callable[[Judged], str] | None = None,
    ) -> list[Judged]:
        """Judge submissions and put them on record.

        Args:
            receipts: In the order received.
            docs_dir: Where Great Expectations' Data Docs go.
            expectations: Whether Great Expectations looks at what is about to be accepted.
            answer: Tells the submitter, before it is on record, and gives the place of what it told.

        Returns:
            What became of each. A file that ends too early and came within the hour is left for the next time: it may
            still be coming.
        """
        found: list[Judged] = []
        # while one file is held against its rules the next is read, in the other process
        with Sandbox() as sandbox, ThreadPoolExecutor(1, "gofal-read") as reader:
            ahead = deque(reader.submit(self._read, receipt, sandbox) for receipt in receipts[:READ_AHEAD])
            for number, receipt in enumerate(receipts):
                judged = self._judged(receipt, ahead.popleft())
                if number + READ_AHEAD < len(receipts):
                    ahead.append(reader.submit(self._read, receipts[number + READ_AHEAD], sandbox))
                if not _still_coming(judged):
                    found.append(judged)
        if expectations:
            self._expect(found, docs_dir)
        with ThreadPoolExecutor(4, "gofal-record") as writer:  # which waits for the disk
            written: list[Future[None]] = []
            for judged in found:
                # before it is on record: a run that dies in between judges and answers it again
                judged.answer = answer(judged) if answer else None
                written.append(writer.submit(self._record, judged))
            for one in written:
                one.result()
        return found

    def _read(self, receipt: Receipt, sandbox: Sandbox) -> Judged:
        with self.lake.as_local(receipt.file.path) as local:
            return _read(local, receipt, sandbox, released=self._released(receipt))

    def _judged(self, receipt: Receipt, reading: Future[Judged]) -> Judged:
        """One submission; where we fail at it, it is quarantined, so that it does not stop everybody else's."""
        try:
            judged = reading.result()
            if not _still_coming(judged):
                self._assess(judged)
        except (OSError, MemoryError, GofalError):  # the machine's trouble, which the next run may not have
            raise
        except Exception:
            _log.exception("submission %s could not be judged", receipt.submission_id)
            return Judged(receipt, Judgement(outcome="quarantined", errors=1), [Problem("not_judged")])
        return judged

    def _released(self, receipt: Receipt) -> bool:
        return self.ledger.submissions[receipt.submission_id].released

    def _assess(self, judged: Judged) -> None:
        known = judged.known
        if known is not None:
            self._of_this_lake(judged, known)
            _entitled(judged, known)
            _hold_against(judged, known, self.references(known.spec, known.area, known.period))
            _certified(judged, known)
            self.compare(judged, known)
        _settle(judged)
        # what is held is not accepted: it stands for nothing until it is certified, in this run or in a later one
        if known is not None and judged.judgement.outcome in ACCEPTED:
            self._current[known.about].append((judged, known.parsed))

    def references(self, spec: ReturnSpec, area: str, period: ReturnPeriod) -> References:
        """What a return is held against: the period before, the offer in force, the projects that spend."""
        told = " ".join(rule.check for sheet in spec.sheets for rule in sheet.rules)
        before = period.before(spec.cadence) if spec.cadence != "once" else None
        previous = self._rows(spec.key, area, before.key) if before else {}
        if before and previous:
            previous = _by_role(previous, self.families[spec.key].of(before.key), spec)
        return References(
            previous=previous,
            previous_period=before.key if before and previous else None,
            offers=offers_in_force(self.ledger.offers, area, period.year, period.end) if "offer." in told else (),
            projects=self._projects(area) if "projects" in told else (),
        )

    def _rows(self, return_key: str, area: str, period: str) -> dict[str, list[dict[str, Any]]]:
        """Rows of the accepted submission that stands, by sheet."""
        standing = self._current.get((return_key, area, period), [])
        if not standing:
            return {}
        one, parsed = standing[-1]
        if isinstance(one, Judged):
            assert parsed is not None  # noqa: S101  # kept with it
            left_out = {(p.sheet, p.row) for p in one.errors}
            return {s.key: _as_rows(s, left_out) for s in parsed.sheets}
        if not one.is_current or one.judgement is None or one.judgement.cells is None:
            return {}
        return rows_of_cells(self.store.read_table(one.judgement.cells), self.families[return_key].of(period))

    def _projects(self, area: str) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for (return_key, submitter, about), _ in list(self._current.items()):
            if submitter != area:
                continue
            spec = self.families[return_key].of(about)
            for sheet in spec.sheets:
                roles = {c.role or c.key: c.key for c in sheet.columns}
                if sheet.feed != "grant_spend" or "project_key" not in roles:
                    continue
                for row in self._rows(return_key, area, about).get(sheet.key, []):
                    if key := row.get(roles["project_key"]):
                        name = row.get(roles.get("project_name", ""))
                        found[str(key)] = {"project_key": key, "project_name": name}
        return list(found.values())

    def _of_this_lake(self, judged: Judged, known: Known) -> None:
        """A lake holds synthetic submissions or real ones, never both (design/MARTS: publishing refuses a mix)."""
        stamp = self.lake.stamp()
        parsed = known.parsed
        if stamp is not None and parsed.is_synthetic is not (stamp.kind == "sample"):
            code = "synthetic_in_real" if parsed.is_synthetic else "real_in_sample"
            judged.problems.append(_cover_problem(parsed, "return", code))

    def compare(self, judged: Judged, known: Known) -> None:
        """Compare with what stands: a successor says so, and says why when the period is closed.

        Args:
            judged: Problems are added to it. The same bytes again are no successor.
            known: What is known of it.
        """
        parsed = known.parsed
        standing = self._current.get(known.about, [])
        judged.version = len(standing) + 1
        last = standing[-1][0] if standing else None
        if last is None or (isinstance(last, Submission) and not last.is_current):
            return
        judged.replaces = len(standing)
        if last.receipt.file.sha256 == judged.receipt.file.sha256:
            judged.judgement.outcome = "duplicate"
            judged.problems = [_cover_problem(parsed, "return", "sent_before", number=len(standing))]
            return
        due = self.ledger.extension(*known.about) or due_date(known.spec, known.period)
        closes = due + timedelta(days=known.spec.closes_days)
        received = judged.receipt.received_at.date()
        judged.judgement.is_late_correction = received >= closes
        if received >= closes and not parsed.cover.get("reason"):
            judged.problems.append(_cover_problem(parsed, "reason", "reason_needed", closed=closes.isoformat()))
        theirs = last.judgement.prepared_by if last.judgement else None
        mine = parsed.cover.get("prepared_by")
        said = parsed.cover.get("replaces")
        if said is not None and said != len(standing):
            judged.problems.append(
                _cover_problem(parsed, "replaces", "replaces_another", found=str(said), expected=len(standing))
            )
        elif said is None and theirs and mine and theirs.casefold() != str(mine).casefold():
            judged.problems.append(_cover_problem(parsed, "replaces", "conflicting_submission", number=len(standing)))

    def _expect(self, found: Sequence[Judged], docs_dir: Path | None) -> None:
        batches = [
            (j.receipt.submission_id, _without(known.parsed, j.bad_rows[0]), known.spec)
            for j in found
            if (known := j.known) is not None and j.judgement.outcome in (*ACCEPTED, "held")
        ]
        if not batches:
            return
        from expectations.returns import judge_submissions

        seen = judge_submissions(batches, docs_dir)
        for judged in found:
            if more := seen.get(judged.receipt.submission_id):
                judged.problems += more
                _settle(judged)

    def _record(self, judged: Judged) -> None:
        key = judged.receipt.submission_id
        made = judged.judgement
        if judged.parsed is not None and judged.spec is not None and made.outcome != "duplicate":
            accepted, quarantined = cell_tables(judged)
            if made.outcome in (*ACCEPTED, "held"):
                made.cells = self.store.write_table(key, "cells", accepted)
            made.quarantined = self.store.write_table(key, "quarantined", quarantined)
        made.problems = self.store.write_table(key, "problems", problem_table(judged))
        at = judged.receipt.received_at if judged.receipt.is_backdated else None
        self.store.record("judged", at=at, submission_id=key, judgement=made)


def _by_role(
    rows: dict[str, list[dict[str, Any]]], then: ReturnSpec, now: ReturnSpec
) -> dict[str, list[dict[str, Any]]]:
    """Rows of an earlier version under the column keys of a later one: a column that was renamed kept its role."""
    if then.version == now.version:
        return rows
    found: dict[str, list[dict[str, Any]]] = {}
    for sheet in now.sheets:
        before = next((s for s in then.sheets if s.key == sheet.key), None)
        if before is None or sheet.key not in rows:
            continue
        keys = {c.role or c.key: c.key for c in before.columns}
        pairs = [(c.key, keys[c.role or c.key]) for c in sheet.columns if (c.role or c.key) in keys]
        found[sheet.key] = [{new: row.get(old) for new, old in pairs} for row in rows[sheet.key]]
    return found


def offers_in_force(lines: Iterable[Mapping[str, Any]], area: str, year: str, on: date) -> list[dict[str, Any]]:
    """The lines of offer letters that hold for an area on a day: of several versions of a line the last one.

    Args:
        lines: As `Ledger.offers` has them.
        area: The area.
        year: The financial year.
        on: The last day of the period.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    fitting = [
        x for x in lines if x["area_code"] == area and x["financial_year"] == year
        and date.fromisoformat(str(x["effective_from"])) <= on
    ]  # fmt: skip
    for line in sorted(fitting, key=lambda x: (int(x["version"]), str(x["known_from"]))):
        found[line["stream_key"], line.get("project_key") or "", line.get("capital_or_revenue") or ""] = dict(line)
    return list(found.values())


def _read(path: Path, receipt: Receipt, sandbox: Sandbox, *, released: bool = False) -> Judged:
    judged = Judged(receipt=receipt, judgement=Judgement(outcome="quarantined"))
    try:
        parsed, personal = sandbox.run(read_submission, path, receipt.original_name, receipt.sender)
    except RefusedError as refused:
        judged.problems = refused.problems
        return judged
    judged.parsed = parsed
    judged.problems = list(parsed.problems)
    judged.personal = [] if released else personal
    if judged.personal:
        # what was found is not repeated, nor anything that stands beside it
        judged.problems = [
            Problem("personal_data", f.where[0], f.where[1], f.where[2], values=_kind(f.kind)) for f in personal
        ]
    if parsed.return_key:
        judged.spec = parsed.spec()
    return judged


def read_submission(path: Path, name: str, area: str | None) -> tuple[Parsed, list[Any]]:
    """Read, parse and search a file for personal data: what runs in the sandbox.

    Raises:
        RefusedError: The file cannot be read, or must not be.
    """
    from ingestion.returns.personal import find_personal_data

    parsed, _ = parse_file(path, name, area)
    cells: list[tuple[tuple[str, int, str], str, bool]] = []
    narratives: set[str] = set()
    if parsed.return_key:
        spec = parsed.spec()
        narratives = {c.key for s in spec.sheets for c in s.columns if c.type == "narrative"}
        for read in parsed.sheets:
            for column in spec.sheet(read.key).columns:
                letter, narrative = read.letters.get(column.key, ""), column.type == "narrative"
                if column.type in ("text", "narrative"):
                    cells += [
                        ((read.name, read.rows[place], letter), value, narrative)
                        for place, value in enumerate(read.values[column.key])
                        if isinstance(value, str)
                    ]
                cells += [
                    ((read.name, row, letter), value, narrative)
                    for row, values in read.totals
                    if isinstance(value := values.get(column.key), str)
                ]
    # what could not be read is told with the words that stood there, whatever the column was for
    cells += [
        ((p.sheet, p.row, p.column), p.found, p.column_key in narratives)
        for p in parsed.problems
        if p.found is not None and p.sheet is not None and p.row is not None and p.column is not None
    ]
    reason = parsed.cover.get("reason")
    if isinstance(reason, str):
        sheet, cell = parsed.cover_cells["reason"]
        place = re.fullmatch(r"([A-Z]+)(\d+)", cell)
        if place:
            cells.append(((sheet, int(place[2]), place[1]), reason, True))
    return parsed, find_personal_data(cells)


def _kind(kind: str) -> dict[str, str]:
    words = {
        "nhs_number": ("an NHS number", "rhif GIG"),
        "date_of_birth": ("a date of birth", "dyddiad geni"),
        "postcode": ("a postcode", "cod post"),
        "email": ("an e-mail address", "cyfeiriad e-bost"),
        "phone": ("a telephone number", "rhif ffôn"),
        "national_insurance_number": ("a National Insurance number", "rhif Yswiriant Gwladol"),
        "name": ("a person’s name", "enw person"),
    }
    en, cy = words[kind]
    return {"kind_en": en, "kind_cy": cy}


def _still_coming(judged: Judged) -> bool:
    recent = utc_now() - judged.receipt.received_at < STILL_COMING
    return recent and any(p.code in ("incomplete_file", "empty_file") for p in judged.problems)


def _hold_against(judged: Judged, known: Known, references: References) -> None:
    judged.problems += check_rules(known.parsed, known.spec, references)


def _entitled(judged: Judged, known: Known) -> None:
    """Whether who sends it may send it for that area."""
    parsed, spec, area, period = known.parsed, known.spec, known.area, known.period
    on = judged.receipt.received_at.date()
    for who, key in ((judged.receipt.sender, "area"), (parsed.cover.get("submitted_by"), "submitted_by")):
        if who and who != area and not may_submit(who, area, spec.key, on):
            code = "wrong_area" if key == "area" else "wrong_submitter"
            name = areas()[who]
            judged.problems.append(
                _cover_problem(parsed, key, code, **_found(area), expected_en=name.name_en, expected_cy=name.name_cy)
            )
    if spec.submitters and area not in spec.submitters:
        judged.problems.append(_cover_problem(parsed, "area", "not_asked", **_found(area)))
    if period.start > on:
        judged.problems.append(
            _cover_problem(
                parsed,
                "period",
                "wrong_period",
                found=period.key,
                expected_en="a period that has begun",
                expected_cy="cyfnod sydd wedi dechrau",
            )
        )


def _certified(judged: Judged, known: Known) -> None:
    parsed, spec = known.parsed, known.spec
    cover = parsed.cover
    if spec.certification is not None:
        en, cy = ROLES[spec.certification]
        role = cover.get("certified_role")
        if role and role != spec.certification:
            judged.problems.append(
                _cover_problem(
                    parsed,
                    "certified_role",
                    "wrong_certifier",
                    found=ROLES[role][0],
                    found_cy=ROLES[role][1],
                    expected_en=en,
                    expected_cy=cy,
                )
            )
        elif not (role and cover.get("certified_by") and cover.get("certified_on")):
            judged.problems.append(
                _cover_problem(parsed, "certified_by", "not_certified", expected_en=en, expected_cy=cy)
            )
    needed = known.period.part in spec.audit_certificate
    if needed and not (cover.get("audit_reference") and cover.get("audit_date")):
        judged.problems.append(_cover_problem(parsed, "audit_reference", "no_audit_certificate"))


def _found(area: str) -> dict[str, str]:
    return {"found": areas()[area].name_en, "found_cy": areas()[area].name_cy}


def _cover_problem(parsed: Parsed, key: str, code: str, found: str | None = None, **values: Any) -> Problem:
    sheet, cell = parsed.cover_cells.get(key, ("Cover / Clawr", ""))
    place = re.fullmatch(r"([A-Z]+)(\d+)", cell)
    row, column = (int(place[2]), place[1]) if place else (None, None)
    return Problem(code, sheet, row, column, key, found, values)


def _settle(judged: Judged) -> None:
    """Decide: errors of the whole keep all of it out, errors of rows keep those rows out where the spec allows that."""
    parsed, spec, made = judged.parsed, judged.spec, judged.judgement
    made.errors = sum(p.severity == "error" for p in judged.problems)
    made.warnings = len(judged.problems) - made.errors
    if parsed is None:
        return
    cover = parsed.cover
    made.return_key, made.template_version = parsed.return_key, parsed.template_version
    made.area_code, made.period_key = parsed.area_code, parsed.period.key if parsed.period else None
    made.is_synthetic = parsed.is_synthetic
    made.rows_received = parsed.rows_received
    made.has_personal_data = bool(judged.personal)
    made.is_nil = cover.get("nil_return") is True
    made.submitted_by = cover.get("submitted_by") or judged.receipt.sender or parsed.area_code
    for name in (
        "prepared_by",
        "language",
        "certified_by",
        "certified_role",
        "certified_on",
        "audit_reference",
        "reason",
    ):
        value = cover.get(name)
        setattr(made, name, None if judged.personal and name == "reason" else value)
    bad, whole = judged.bad_rows
    totals = sum(len(s.totals) for s in parsed.sheets)
    rows = parsed.rows_received - totals
    if made.outcome == "duplicate":  # its rows were received with the file that is current
        made.rows_received = made.rows_accepted = made.rows_quarantined = 0
        return
    outcome: SubmissionOutcome
    if (
        judged.personal
        or whole
        or not parsed.recognised
        or spec is None
        or (bad and not spec.accept_in_part)
        or (bad and len(bad) >= rows)
    ):
        outcome, out = "quarantined", rows
    elif bad:
        outcome, out = "part_accepted", len(bad)
    else:
        outcome, out = "accepted", 0
    if outcome in ACCEPTED and any(p.code == "not_certified" for p in judged.problems):
        outcome = "held"
    made.outcome = outcome
    made.rows_quarantined, made.rows_accepted = out + totals, rows - out


def _without(parsed: Parsed, bad: set[tuple[str | None, int]]) -> Parsed:
    """What is about to be accepted of a submission: without its quarantined rows."""
    if not bad:
        return parsed
    kept = Parsed(return_key=parsed.return_key, area_code=parsed.area_code, period=parsed.period)
    kept.sheets = [_kept(s, [n for n, row in enumerate(s.rows) if (s.name, row) not in bad]) for s in parsed.sheets]
    return kept


def _kept(sheet: ParsedSheet, places: Sequence[int]) -> ParsedSheet:
    return ParsedSheet(
        key=sheet.key,
        name=sheet.name,
        rows=[sheet.rows[n] for n in places],
        letters=sheet.letters,
        values={k: [v[n] for n in places] for k, v in sheet.values.items()},
        statuses={k: {m: v[n] for m, n in enumerate(places) if n in v} for k, v in sheet.statuses.items()},
        found={k: {m: v[n] for m, n in enumerate(places) if n in v} for k, v in sheet.found.items()},
    )


def _as_rows(sheet: ParsedSheet, left_out: set[tuple[str | None, int | None]]) -> list[dict[str, Any]]:
    keys = list(sheet.values)
    lines = zip(sheet.rows, zip(*(sheet.values[k] for k in keys), strict=True), strict=True)
    return [dict(zip(keys, line, strict=True)) for row, line in lines if (sheet.name, row) not in left_out]
