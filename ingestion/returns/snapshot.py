"""What the frozen snapshot has of returns: the ledger, the specs and the calendar as tables, and all cells in one file.

docs/design.md lists the files and their columns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.engine import database, exact
from ingestion.lake import Lake
from ingestion.returns.calendar import Expected, expected, with_extension
from ingestion.returns.spec import Family, load_returns
from ingestion.returns.store import Ledger, Submission
from ingestion.returns.tables import cell_schema, problem_schema

SAMPLE_CLOCK = timedelta(days=60)
"""In a lake of the bundled sample it is this long after the last submission: its years are over, and what it is made to
show is who was late then."""
Table = tuple[dict[str, str], list[dict[str, Any]]]
"""Columns with their types, and rows."""

_SUBMISSION_COLUMNS = {
    **dict.fromkeys(("submission_id", "return_key"), "string"),
    "template_version": "int64",
    **dict.fromkeys(("area_code", "period_key"), "string"),
    "submission_version": "int64",
    **dict.fromkeys(("received_at", "accepted_at", "known_from", "known_to"), "timestamp"),
    **dict.fromkeys(("closed_by", "outcome"), "string"),
    "is_nil": "bool",
    **dict.fromkeys(("submitted_by", "certified_role", "language", "channel"), "string"),
    **dict.fromkeys(("rows_received", "rows_accepted", "rows_quarantined", "errors", "warnings"), "int64"),
    **dict.fromkeys(("has_personal_data", "is_late_correction"), "bool"),
    **dict.fromkeys(("original_name", "landed_sha256"), "string"),
    "is_synthetic": "bool",
}
_SPEC_COLUMNS = {
    "return_key": "string",
    "template_version": "int64",
    **dict.fromkeys(
        ("from_period", "title_en", "title_cy", "submitted_by", "cadence", "audience", "certification"), "string"
    ),
    "accept_in_part": "bool",
}
_COLUMN_COLUMNS = {
    "return_key": "string",
    "template_version": "int64",
    **dict.fromkeys(("sheet", "feed", "column_name", "role", "type", "unit", "heading_en", "heading_cy"), "string"),
    "position": "int64",
    **dict.fromkeys(("is_grain", "is_disclosive"), "bool"),
    **dict.fromkeys(("adds_to", "sums_to", "constant"), "string"),
}
_CHOICE_COLUMNS = {
    "return_key": "string",
    "template_version": "int64",
    **dict.fromkeys(("sheet", "column_name", "choice_key", "label_en", "label_cy"), "string"),
}
_EXPECTED_COLUMNS = {
    **dict.fromkeys(("return_key", "area_code", "period_key"), "string"),
    **dict.fromkeys(("period_start", "period_end"), "date"),
    **dict.fromkeys(("is_required", "is_collected"), "bool"),
    **dict.fromkeys(("original_due_date", "extended_due_date", "closes_on"), "date"),
    **dict.fromkeys(("release_at", "recalled_at"), "timestamp"),
}
_OFFER_COLUMNS = {
    **dict.fromkeys(
        ("offer_id", "stream_key", "area_code", "financial_year", "project_key", "capital_or_revenue"), "string"
    ),
    "version": "int64",
    "effective_from": "date",
    **dict.fromkeys(("original_budget_gbp", "revised_budget_gbp"), "money"),
    "known_from": "timestamp",
}
_QUERY_COLUMNS = {
    **dict.fromkeys(("query_id", "submission_id", "sheet", "cell", "kind"), "string"),
    "at": "timestamp",
    **dict.fromkeys(("text_en", "text_cy"), "string"),
}
TABLES = (
    "return_specs",
    "return_columns",
    "return_choices",
    "expected_returns",
    "submissions",
    "return_offers",
    "return_queries",
)
"""Names of the tables that `tables` gives."""
CELLS = ("return_cells", "return_quarantined_cells", "return_problems")
"""Names of the files that `write_cells` writes."""


def clock(ledger: Ledger, *, sample: bool, as_of: datetime | None, now: datetime) -> datetime:
    """The moment that a calendar speaks of: what was asked for, else now; in a lake of the sample that of its data."""
    if as_of is not None:
        return as_of
    received = [s.receipt.received_at for s in ledger.submissions.values() if s.receipt.is_backdated]
    return max(received) + SAMPLE_CLOCK if sample and received else now


def expected_returns(ledger: Ledger, moment: datetime, families: Mapping[str, Family] | None = None) -> list[Expected]:
    """What is expected of whom, with extensions as they were given, and whether it was ever collected here.

    A return is collected for a period for which anybody sent it, or was given more time or told to send it again, and
    for every period for which it falls due on or after the day on which its collection began: that of the first file of
    it from anybody, unless its spec names another (`collected_from`). What fell due before is late for nobody.

    Args:
        ledger: What is on record.
        moment: Periods that ended by then.
        families: The returns; by default the project's.
    """
    families = load_returns() if families is None else families
    found = []
    sent = {(s.about[0], s.about[2]) for s in ledger.submissions.values() if s.about}
    asked = sent | {(e.return_key, e.period_key) for e in ledger.events if e.kind in ("extended", "recalled")}
    began = _began(ledger) | {f.key: f.newest.collected_from for f in families.values() if f.newest.collected_from}
    # the bundled sample asks for what it has: every submitter in a period for which anybody sent something
    sample = any(s.receipt.is_backdated for s in ledger.submissions.values())
    for one in expected(families, moment.date()):
        about = (one.return_key, one.period_key)
        if sample and about not in sent:
            continue
        since = began.get(one.return_key)
        collected = about in asked or (since is not None and one.original_due_date >= since)
        one = replace(one, is_collected=collected)
        until = ledger.extension(one.return_key, one.area_code, one.period_key)
        found.append(with_extension(one, until) if until else one)
    return found


def _began(ledger: Ledger) -> dict[str, date]:
    """The day on which the first file of each return came, whatever became of it."""
    days: dict[str, date] = {}
    for one in ledger.submissions.values():  # in the order received
        if one.judgement is not None and one.judgement.return_key is not None:
            days.setdefault(one.judgement.return_key, one.receipt.received_at.astimezone(UTC).date())
    return days


def tables(ledger: Ledger, moment: datetime, families: Mapping[str, Family] | None = None) -> dict[str, Table]:
    """Everything but the cells, as columns and rows.

    Args:
        ledger: What was known at the moment.
        moment: See `clock`.
        families: The returns; by default the project's.
    """
    families = load_returns() if families is None else families
    return {
        "return_specs": (_SPEC_COLUMNS, list(_specs(families))),
        "return_columns": (_COLUMN_COLUMNS, list(_columns(families))),
        "return_choices": (_CHOICE_COLUMNS, list(_choices(families))),
        "expected_returns": (_EXPECTED_COLUMNS, list(_expected(ledger, moment, families))),
        "submissions": (_SUBMISSION_COLUMNS, [_submission(s) for s in ledger.submissions.values() if s.judgement]),
        "return_offers": (_OFFER_COLUMNS, [_offer(o) for o in ledger.offers]),
        "return_queries": (_QUERY_COLUMNS, list(_queries(ledger))),
    }


def identities(ledger: Ledger) -> list[str]:
    """What a later snapshot must contain too: every event, every import of offers."""
    found = {f"returns/event/{e.event_id}" for e in ledger.events}
    return sorted(found | {f"returns/offers/{o['offer_id']}" for o in ledger.offers})


def write_cells(lake: Lake, ledger: Ledger, folder: Path) -> None:
    """Gather the tables of all submissions, one Parquet file for each kind.

    Args:
        lake: Where they are.
        ledger: Which of them count: cells of what was ever accepted; nothing of what was erased.
        folder: The snapshot's folder.
    """
    kept = [s for s in ledger.submissions.values() if s.judgement and not s.erased]
    wanted = {
        "return_cells": [s.judgement.cells for s in kept if s.judgement and s.accepted_at],
        "return_quarantined_cells": [s.judgement.quarantined for s in kept if s.judgement],
        "return_problems": [s.judgement.problems for s in kept if s.judgement],
    }
    for name, paths in wanted.items():
        schema = problem_schema() if name == "return_problems" else cell_schema()
        _gather(lake, [p for p in paths if p], schema, folder / f"{name}.parquet")


def _gather(lake: Lake, paths: Sequence[str], schema: Any, target: Path) -> None:
    import pyarrow.parquet as pq

    if not paths:
        pq.write_table(schema.empty_table(), target)
        return
    with contextlib.ExitStack() as held, database(lake) as connection:
        local = [str(held.enter_context(lake.as_local(p))) for p in paths]
        names = ", ".join(schema.names)
        connection.execute(
            f"COPY (SELECT {names} FROM read_parquet([{', '.join(map(exact, local))}])) "
            f"TO {exact(target)} (FORMAT parquet, COMPRESSION zstd)"
        )


def _specs(families: Mapping[str, Family]) -> Iterator[dict[str, Any]]:
    for family in families.values():
        for first, spec in family.versions:
            row = spec.model_dump(include=set(_SPEC_COLUMNS))
            yield row | {"return_key": spec.key, "template_version": spec.version, "from_period": first}


def _columns(families: Mapping[str, Family]) -> Iterator[dict[str, Any]]:
    for family in families.values():
        for _, spec in family.versions:
            for sheet in spec.sheets:
                common = {
                    "return_key": spec.key,
                    "template_version": spec.version,
                    "sheet": sheet.key,
                    "feed": sheet.feed,
                }
                for position, column in enumerate(sheet.columns, 1):
                    row = column.model_dump(include={"type", "unit", "heading_en", "heading_cy", "adds_to", "sums_to"})
                    yield (
                        common
                        | row
                        | {
                            "column_name": column.key,
                            "role": column.role or column.key,
                            "position": position,
                            "is_grain": column.key in sheet.grain,
                            "is_disclosive": column.is_disclosive,
                        }
                    )
                for role, text in sheet.constants.items():
                    yield common | {
                        "column_name": role,
                        "role": role,
                        "type": "constant",
                        "position": 0,
                        "is_grain": False,
                        "is_disclosive": False,
                        "constant": text,
                    }


def _choices(families: Mapping[str, Family]) -> Iterator[dict[str, Any]]:
    for family in families.values():
        for _, spec in family.versions:
            for sheet in spec.sheets:
                for column in sheet.columns:
                    for choice in column.choices:
                        yield {
                            "return_key": spec.key,
                            "template_version": spec.version,
                            "sheet": sheet.key,
                            "column_name": column.key,
                            "choice_key": choice.key,
                            "label_en": choice.en,
                            "label_cy": choice.cy,
                        }


def _expected(ledger: Ledger, moment: datetime, families: Mapping[str, Family]) -> Iterator[dict[str, Any]]:
    for one in expected_returns(ledger, moment, families):
        about = (one.return_key, one.area_code, one.period_key)
        row = {name: getattr(one, name, None) for name in _EXPECTED_COLUMNS}
        yield row | {"extended_due_date": ledger.extension(*about), "recalled_at": ledger.recalled_at(*about)}


def _submission(one: Submission) -> dict[str, Any]:
    judgement = one.judgement
    assert judgement is not None  # noqa: S101  # the caller has looked
    row = judgement.model_dump(include=set(_SUBMISSION_COLUMNS))
    if one.erased:
        row |= dict.fromkeys(("rows_received", "rows_accepted", "rows_quarantined"), 0)
    return row | {
        "submission_id": one.submission_id,
        "submission_version": one.version,
        "received_at": one.receipt.received_at,
        "accepted_at": one.accepted_at,
        "known_from": one.receipt.received_at if one.accepted_at else None,
        "known_to": one.known_to,
        "closed_by": one.closed_by,
        "outcome": one.outcome,
        "certified_role": one.certified_role,
        "channel": one.receipt.channel,
        "original_name": one.receipt.original_name,
        "landed_sha256": one.receipt.file.sha256,
    }


def _offer(line: Mapping[str, Any]) -> dict[str, Any]:
    from decimal import Decimal

    row = {name: line.get(name) for name in _OFFER_COLUMNS}
    for name in ("original_budget_gbp", "revised_budget_gbp"):
        row[name] = None if row[name] in (None, "") else Decimal(str(row[name]))
    known = datetime.fromisoformat(str(line["known_from"]))
    row |= {
        "version": int(str(line["version"])),
        "effective_from": date.fromisoformat(str(line["effective_from"])),
        "known_from": known if known.tzinfo else known.replace(tzinfo=UTC),
    }
    return row


def _queries(ledger: Ledger) -> Iterator[dict[str, Any]]:
    for event in ledger.events:
        if event.kind in ("query", "reply"):
            row = event.model_dump(include=set(_QUERY_COLUMNS))
            yield row | {"query_id": event.event_id}
