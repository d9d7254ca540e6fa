"""The whole history of a dataset: every published revision on record, and those that are still to be had fetched.

The service lists the revisions of a dataset and serves the figures of the current one only. A query that was made
while an earlier one was current keeps returning that, so what we or another load of the same dataset once began to
fetch can still be had; so can what lies in the lake and was never accepted. Whatever else was published stands in the
ledger (``history/<key>.json`` in the lake) as not served, with its date and the publisher's note on it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from ingestion.errors import FetchError
from ingestion.lake import Lake, LandedFile, LoadRecord, Message, Outcome, utc_now
from ingestion.statswales.batch import has_raw
from ingestion.statswales.client import Reply, StatsWalesClient, View, parse_time
from ingestion.statswales.extract import Past, land_past
from ingestion.statswales.registry import Dataset

FOLDER = "history"
RevisionState = Literal["held", "to_load", "quarantined", "failed", "not_served"]
ROLES: dict[str, View] = {"data": "raw_extended", "note_codes": "with_note_codes"}
"""The landed file that each view is, by its role."""
STATES: dict[RevisionState, tuple[str, str]] = {
    "held": ("held", "wedi’i gadw"),
    "to_load": ("current, not loaded yet", "cyfredol, heb ei lwytho eto"),
    "quarantined": ("in quarantine", "mewn cwarantin"),
    "failed": ("could not be fetched or checked", "ni ellid ei nôl na’i wirio"),
    "not_served": ("no longer served", "ddim ar gael mwyach"),
}
"""Every state of a revision, as a person reads it."""

Judge = Callable[[LoadRecord], object]


@dataclass
class Landing:
    """What was once landed of a revision, whatever became of it."""

    files: dict[str, LandedFile]
    """By role. Of a dataset that was pulled by hand the bodies were not kept: their addresses name the queries."""
    store: Lake
    fact_columns: dict[str, str]


Landings = Mapping[tuple[str, str], Sequence[Landing]]


class _Document(BaseModel):
    """What a landing's provenance, the mirror and a pull each write down of a revision."""

    model_config = ConfigDict(extra="ignore")
    dataset_id: str = Field(validation_alias=AliasChoices("dataset_id", "id"))
    revision_id: str
    files: list[LandedFile]
    fact_columns: dict[str, str] = {}


class Revision(BaseModel):
    """One published revision, as the ledger has it."""

    id: str
    dataset_id: str
    index: int | None = None
    previous_id: str | None = None
    publish_at: datetime
    title_en: str | None = None
    title_cy: str | None = None
    reason_en: str | None = None
    """The publisher's note on the update; the first revision has none."""
    reason_cy: str | None = None
    is_current: bool = False
    withdrawn: bool = False
    """Whether the history once had it and no longer has."""
    state: RevisionState = "not_served"
    load_id: str | None = None
    """The vintage that holds its figures; of a revision of the description only, the one before it."""
    known_from: datetime | None = None
    gone: list[str] = []
    """Queries for it that the service no longer has: they are not asked for again."""


class Ledger(BaseModel):
    """Every published revision of a source, the oldest first."""

    source_key: str
    url: str
    checked_at: datetime
    revisions: list[Revision]

    def count(self, state: RevisionState) -> int:
        """How many revisions are in a state."""
        return sum(r.state == state for r in self.revisions)


class Backfill(BaseModel):
    """What a backfill of one dataset found and did."""

    source_key: str
    dataset_id: str
    ledger: Ledger
    landed: list[LoadRecord] = []
    """Past revisions that were landed now, judged, the oldest first."""
    messages: list[Message] = []
    requests: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether something may be had by running again."""
        return any(r.state == "failed" for r in self.ledger.revisions)

    def counts(self) -> dict[RevisionState, int]:
        """Revisions by state."""
        return {state: self.ledger.count(state) for state in get_args(RevisionState)}


# -- the ledger ------------------------------------------------------------------------------------------------


def read_ledger(lake: Lake, source_key: str) -> Ledger | None:
    """Read what is on record of a source's revisions.

    Args:
        lake: The lake.
        source_key: The source.

    Returns:
        The ledger; None where no backfill has looked yet, or where it cannot be read (the next one writes it anew).
    """
    try:
        found = lake.read_json(_path(source_key))
        return Ledger.model_validate(found) if found else None
    except (ValueError, ValidationError):
        return None


def ledgers(lake: Lake, keys: Iterable[str]) -> dict[str, Ledger]:
    """Read the ledgers of several sources, for those that have one.

    Args:
        lake: The lake.
        keys: The sources.

    Returns:
        Ledgers by source key.
    """
    return {key: found for key in keys if (found := read_ledger(lake, key))}


def landings(lake: Lake, *others: Path) -> dict[tuple[str, str], list[Landing]]:
    """Find every landing of figures on record, whatever became of it and under whichever key.

    Args:
        lake: Its provenance is read.
        others: Folders of a mirror, or of datasets that were pulled by hand; one that is not there is empty.

    Returns:
        Landings by dataset id and revision id, the lake's before the others', the oldest first.
    """
    found: dict[tuple[str, str], list[Landing]] = {}
    places = [(lake, "provenance/*/*.json")]
    for folder in others:
        places += [(Lake(str(folder)), pattern) for pattern in ("revisions/*/*.json", "*/*.json")]
    for store, pattern in places:
        for path in sorted(map(str, store.fs.glob(store.path(pattern))), key=lambda p: p.rsplit("/", 1)[1]):
            with store.fs.open(path, "rb") as handle:
                try:
                    document = _Document.model_validate_json(handle.read())
                except ValidationError:  # no landing of a revision
                    continue
            files = {f.role: f for f in document.files}
            if set(files) >= set(ROLES):
                landing = Landing(files, store, document.fact_columns)
                found.setdefault((document.dataset_id.lower(), document.revision_id), []).append(landing)
    return found


# -- backfill --------------------------------------------------------------------------------------------------


def backfill(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    run_id: str,
    *,
    filter_ids: Sequence[str] = (),
    again: bool = False,
    known: Landings | None = None,
    judge: Judge | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Backfill:
    """Put every published revision of a dataset on record, and land those past ones that are still to be had.

    One request where there is nothing to fetch. A revision that is held, gone or refused is not tried again, and the
    ledger is written after each one, so a backfill that was stopped goes on where it was.

    Args:
        dataset: The registry entry; it has an id.
        client: The API.
        lake: Where to. Its provenance says which queries were made while a revision was current.
        run_id: The run.
        filter_ids: Queries that somebody else made while a revision was current.
        again: Try also what was quarantined (its entry may have been mended) and what was gone.
        known: What `landings` found, where several datasets are backfilled in a row.
        judge: Sets the outcome of a staged load; by default every check that a nightly load goes through.
        now: The clock.

    Returns:
        The ledger as it is now, and what was landed.

    Raises:
        FetchError: The history itself did not answer, or the service refuses further requests for now.
        LakeError: The lake could not be written.
        RegistryError: The entry has no id.
    """
    started, before = time.monotonic(), client.requests
    client.names[dataset.id] = dataset.key
    history = client.history(dataset.id)
    ledger = _merge(dataset, client, history, lake, read_ledger(lake, dataset.key), now())
    result = Backfill(source_key=dataset.key, dataset_id=dataset.id, ledger=ledger)
    documents = {str(r["id"]): r for r in history.document}
    given = _given(dataset, client, filter_ids, result)
    known = landings(lake) if known is None else known
    work = _Work(dataset, client, lake, run_id, history, judge or _judge(dataset, lake), now, result)
    lake.write_json(_path(dataset.key), ledger.model_dump(mode="json"))
    for revision in ledger.revisions:
        past_state = revision.state
        wanted = (
            revision.state in ("failed", "not_served") or (again and revision.state == "quarantined")
        ) and not revision.is_current
        if wanted and revision.id in documents and revision.dataset_id == dataset.id:
            loads = list(known.get((dataset.id, revision.id), ()))
            queries = _queries(loads, client.base_url, given.get(revision.id, {}))
            if again:
                revision.gone = []
            work.fetch(revision, documents[revision.id], loads, queries)
        if revision.state != past_state or revision.gone:
            lake.write_json(_path(dataset.key), ledger.model_dump(mode="json"))
    result.requests = client.requests - before
    result.seconds = round(time.monotonic() - started, 3)
    return result


def _path(source_key: str) -> str:
    return f"{FOLDER}/{source_key}.json"


def _merge(
    dataset: Dataset, client: StatsWalesClient, history: Reply, lake: Lake, before: Ledger | None, moment: datetime
) -> Ledger:
    """The ledger with what the history says now; a revision that it no longer has was withdrawn."""
    revisions = {r.id: r for r in before.revisions} if before else {}
    published = [r for r in history.document if parse_time(r.get("publish_at")) is not None]
    published.sort(key=lambda r: (parse_time(r["publish_at"]), _index(r) or 0))
    for old in revisions.values():
        old.is_current = False
        old.withdrawn = old.dataset_id == dataset.id
    for document in published:
        was = revisions.get(document["id"])
        revisions[document["id"]] = Revision(
            id=document["id"],
            dataset_id=dataset.id,
            index=_index(document),
            previous_id=document.get("previous_revision_id"),
            publish_at=parse_time(document["publish_at"]),
            title_en=_text(document, "title", "en-gb"),
            title_cy=_text(document, "title", "cy-gb"),
            reason_en=_text(document, "reason", "en-gb"),
            reason_cy=_text(document, "reason", "cy-gb"),
            is_current=document is published[-1],
            gone=was.gone if was else [],
        )
    _hold(lake, dataset.key, revisions.values())
    ordered = sorted(revisions.values(), key=lambda r: (r.publish_at, r.index or 0))
    return Ledger(source_key=dataset.key, url=client.base_url, checked_at=moment, revisions=ordered)


def _hold(lake: Lake, source_key: str, revisions: Iterable[Revision]) -> None:
    """Say of each revision what the lake has of it; what is there is looked at, not remembered."""
    vintages = lake.vintages(source_key)
    records = lake.records(source_key)
    for revision in revisions:
        mine = [r for r in records if r.revision_id == revision.id and r.dataset_id == revision.dataset_id]
        held = [v for v in vintages if v.revision_id == revision.id and v.dataset_id == revision.dataset_id]
        same = [r.known_from for r in mine if r.outcome is Outcome.UNCHANGED]
        held += [v for v in vintages if v.known_from in same]
        whole = [v for v in held if has_raw(lake, v)]
        if whole:
            revision.state, revision.load_id, revision.known_from = "held", whole[0].load_id, whole[0].known_from
            continue
        outcomes = [r.outcome for r in mine]
        revision.load_id = revision.known_from = None
        if Outcome.QUARANTINED in outcomes:
            revision.state = "quarantined"
        elif revision.is_current:
            revision.state = "to_load"
        else:
            revision.state = "failed" if Outcome.FAILED in outcomes else "not_served"


def _given(
    dataset: Dataset, client: StatsWalesClient, filter_ids: Sequence[str], result: Backfill
) -> dict[str, dict[View, str]]:
    """Ask what each query that somebody handed us stands for: revision id to view to query."""
    found: dict[str, dict[View, str]] = {}
    for filter_id in filter_ids:
        try:
            said = client.query(dataset.id, filter_id)
        except FetchError as error:
            if error.code != "fetch_not_found":
                raise
            said = {}
        asked = said.get("requestObject") or {}
        options = asked.get("options") or {}
        view = next((v for v in ROLES.values() if v == options.get("data_value_type")), None)
        ours = str(said.get("datasetId", "")).lower() == dataset.id
        if view and ours and not asked.get("filters"):  # how columns and members are named matters to filters only
            found.setdefault(said["revisionId"], {})[view] = filter_id
            continue
        result.messages.append(
            Message(
                code="query_not_usable",
                severity="warning",
                en=f"The query {filter_id} does not stand for the whole of {dataset.key} in a view that we read "
                f"({', '.join(ROLES.values())}), or the service no longer has it. It was left out.",
                cy=f"Nid yw’r ymholiad {filter_id} yn cynrychioli {dataset.key} gyfan mewn gwedd yr ydym yn ei darllen "
                f"({', '.join(ROLES.values())}), neu nid yw gan y gwasanaeth mwyach. Fe’i hepgorwyd.",
            )
        )
    return found


def _queries(loads: Sequence[Landing], base_url: str, given: Mapping[View, str]) -> dict[View, list[str]]:
    """Queries for a revision by view: those we were handed, then those of its landings on this deployment."""
    found: dict[View, list[str]] = {view: [given[view]] if view in given else [] for view in ROLES.values()}
    for load in loads:
        for role, file in load.files.items():
            match = re.search(r"/data/([^/?#]+)", file.url)
            view = ROLES.get(role)
            if view and match and file.url.startswith(f"{base_url}/") and match[1] not in found[view]:
                found[view].append(match[1])
    return found


@dataclass
class _Work:
    """What fetching one revision after the other needs."""

    dataset: Dataset
    client: StatsWalesClient
    lake: Lake
    run_id: str
    history: Reply
    judge: Judge
    now: Callable[[], datetime]
    result: Backfill

    def fetch(
        self,
        revision: Revision,
        document: dict[str, Any],
        loads: Sequence[Landing],
        queries: Mapping[View, Sequence[str]],
    ) -> None:
        """Land one revision from wherever it is to be had; the revision then says what came of it."""
        revision.state = "not_served"
        for ids, landing in _ways(loads, queries, revision.gone):
            past = Past(
                revision=document,
                history=self.history,
                filter_ids=ids,
                landed=dict(landing.files) if landing else {},
                fact_columns=landing.fact_columns if landing else {},
                store=landing.store if landing else self.lake,
            )
            try:
                record = land_past(self.dataset, self.client, self.lake, past, run_id=self.run_id, now=self.now)
            except FetchError as error:
                if error.code == "fetch_rate_limited":
                    raise
                if error.code in ("fetch_not_found", "revision_moved"):  # the service rebuilt it or let it go
                    revision.gone += [i for i in ids.values() if i not in revision.gone]
                else:
                    revision.state = "failed"
                    self.result.messages.append(Message(code=error.code, severity="warning", en=error.en, cy=error.cy))
                continue
            self.result.landed.append(self._settle(record))
            _hold(self.lake, self.dataset.key, [revision])
            return

    def _settle(self, record: LoadRecord) -> LoadRecord:
        if record.outcome is None:
            self.judge(record)
        if record.outcome and record.outcome.accepted:
            return self.lake.accept(record)
        if record.outcome is Outcome.QUARANTINED:
            return self.lake.quarantine(record)
        record.outcome = record.outcome or Outcome.FAILED
        self.lake.record(record)
        return record


def _ways(
    loads: Sequence[Landing], queries: Mapping[View, Sequence[str]], gone: Sequence[str]
) -> list[tuple[dict[View, str], Landing | None]]:
    """The ways to have a revision: each landing with its own queries, oldest first; then any queries for it."""
    ways: list[tuple[dict[View, str], Landing | None]] = []
    usable = {view: [i for i in ids if i not in gone] for view, ids in queries.items()}
    for load in loads:
        own = {view: i for view, ids in usable.items() for i in ids if f"/data/{i}" in load.files[_role(view)].url}
        ways.append((own, load))
    if all(usable.values()):
        ways.append(({view: ids[0] for view, ids in usable.items()}, loads[0] if loads else None))
    return ways


def _role(view: View) -> str:
    return next(role for role, name in ROLES.items() if name == view)


def _judge(dataset: Dataset, lake: Lake) -> Judge:
    """Every check of a nightly load. A check that breaks leaves the load on record as failed."""

    def judge(record: LoadRecord) -> None:
        from expectations.checks import CheckErrored
        from expectations.checks import judge as check

        try:
            check([record], lake, {dataset.key: dataset})
        except CheckErrored:
            record.outcome = Outcome.FAILED

    return judge


def _index(document: Mapping[str, Any]) -> int | None:
    found = document.get("revision_index")
    return found if isinstance(found, int) else None


def _text(document: Mapping[str, Any], name: str, language: str) -> str | None:
    for entry in document.get("metadata") or []:
        if str(entry.get("language", "")).lower() == language:
            return entry.get(name) or None
    return None
