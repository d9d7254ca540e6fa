"""From the StatsWales API to a typed batch: discover what to land, land it whole, write it as Parquet.

`discover` spends one request on the list and decides for each registered dataset. `land_dataset` fetches one dataset
with its revision pinned (at most eight requests when all goes well), keeps every byte, and works out from when the
figures were known. `build_batch` turns the landed CSV into the staged Parquet of docs/design.md, with DuckDB and in
bounded memory. What is wrong with the *data* becomes a message on the record, for the check stage to quarantine;
what is wrong with the *fetch* is a `FetchError`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ingestion.errors import DataProblem, FetchError, LakeError
from ingestion.lake import Lake, LandedFile, LoadRecord, Message, Outcome, load_id, utc_now
from ingestion.statswales.batch import (
    MAX_ROWS,
    Shape,
    build_batch,
    count_rows,
    has_raw,
    members_path,
    no_rows,
    not_csv,
    read_layout,
    same_batch,
    scan,
    undo_guard,
)
from ingestion.statswales.client import (
    Catalogue,
    CatalogueItem,
    Download,
    Metadata,
    Reply,
    StatsWalesClient,
    View,
    fetch_error,
    parse_time,
)
from ingestion.statswales.registry import Dataset, normalise

STATE = "state/catalogue.json"
STEP = timedelta(milliseconds=1)
TAKE_UP = timedelta(days=1)
"""How long what a killed run had landed is as good as fetched anew."""
BODY_CODES = frozenset({"empty", "not_csv", "csv_malformed"})
"""Problems of the body itself, not of its figures: it may be sound tomorrow, so it is fetched again."""

State = Literal[
    "changed", "unchanged", "rehash", "missing", "quarantined", "awaiting", "to_find", "found", "unconfirmed"
]
"""The last four are of entries that nothing is fetched of: nothing to load is known yet; no one title in the list is
theirs; one is, and a person is to pin it; the id is a guess that the list does not bear out."""


# -- discover --------------------------------------------------------------------------------------------------


class Discovery(BaseModel):
    """What one look at the list found."""

    fetched_at: datetime
    url: str
    not_modified: bool
    """The service said that the list is the one we hold."""
    count: int
    """Datasets in the list."""
    decisions: dict[str, State]
    """By registry key."""
    found_ids: dict[str, str] = {}
    """Ids of entries that the registry gives none, found by title, by registry key."""
    messages: dict[str, list[Message]] = {}
    """By registry key: renamed, archived, still quarantined…"""
    renamed: list[str] = []
    archived: list[str] = []
    added: list[CatalogueItem] = []
    """Datasets that were not in the list last time, registered or not."""
    requests: int = 0

    @property
    def to_land(self) -> list[str]:
        """The keys to land, in registry order."""
        return [key for key, state in self.decisions.items() if state in ("changed", "rehash", "missing")]


class _CatalogueState(BaseModel):
    """The list as it was seen last, kept in the lake so that a 304 can be used."""

    url: str
    etag: str | None
    fetched_at: datetime
    items: list[CatalogueItem]


def discover(
    client: StatsWalesClient,
    lake: Lake,
    registry: Mapping[str, Dataset],
    *,
    force: bool = False,
    verify: bool = False,
    only: Sequence[str] | None = None,
    slices: int = 28,
    today: date | None = None,
    accept_found: bool = False,
) -> Discovery:
    """Find out, with one request, which datasets there is anything to fetch of.

    The list is compared with the manifest's last event of each dataset, not with the list of last night: a run that
    was killed between the two has nothing to lose.

    Args:
        client: The API.
        lake: Its manifest says what is held; the list is kept there for the next night.
        registry: The datasets, by key.
        force: Land everything, also what was quarantined and has not changed since.
        verify: Hash everything again, not only tonight's slice.
        only: Registry keys to look at; None for all.
        slices: A night hashes one in so many again, to find cubes that were rebuilt under the same revision.
        today: Which slice; the date in UTC by default.
        accept_found: Take an entry's dataset by its title alone, as if it were pinned: for a catalogue of our own.

    Returns:
        A decision for each dataset.

    Raises:
        FetchError: No list after every attempt.
        ValueError: ``only`` names a key that is not in the registry.
    """
    if unknown := sorted(set(only or ()) - set(registry)):
        raise ValueError(f"no dataset {', '.join(unknown)} in the registry; known: {', '.join(registry)}")
    today = today or utc_now().date()
    before = client.requests
    held = read_state(lake)
    usable = held is not None and held.url == client.base_url
    found = client.catalogue(held.etag if held and usable else None)
    not_modified = found is None
    catalogue = found or Catalogue(etag=held.etag if held else None, items=held.items if held else [])
    state = _CatalogueState(url=client.base_url, etag=catalogue.etag, fetched_at=utc_now(), items=catalogue.items)
    lake.write_json(STATE, state.model_dump(mode="json"))

    known = {item.id for item in held.items} if held and usable else None
    result = Discovery(
        fetched_at=state.fetched_at,
        url=client.base_url,
        not_modified=not_modified,
        count=len(catalogue.items),
        decisions={},
        added=[i for i in catalogue.items if known is not None and i.id not in known],
        requests=client.requests - before,
    )
    listing = Listing(catalogue.items)
    for key, dataset in registry.items():
        if only and key not in only:
            continue
        last = lake.last_event(key)
        place = listing.place(dataset, last)
        if place.message is not None:
            result.messages[key] = [place.message]
        if place.found:
            result.found_ids[key] = place.found
        if place.state is not None and not (place.state == "found" and accept_found):
            result.decisions[key] = place.state
            continue
        if place.state == "found":
            del result.messages[key]
            dataset = dataset.model_copy(update={"uuid": place.found})
        again = verify or _in_slice(key, slices, today)
        result.decisions[key] = decide(dataset, place.item, last, force=force, again=again)
        _tell(result, key, place.item, last)
    return result


@dataclass
class Place:
    """Where an entry stands in the list."""

    item: CatalogueItem | None = None
    """Its dataset in the list."""
    state: State | None = None
    """Why nothing is fetched of it; None for an entry whose id is known."""
    found: str | None = None
    """The id that its title led to."""
    message: Message | None = None


class Listing:
    """The list of every dataset, to look entries up in."""

    def __init__(self, items: Sequence[CatalogueItem]) -> None:
        """Take the list.

        Args:
            items: Every dataset, in any order.
        """
        self.by_id = {item.id.lower(): item for item in items}
        self._by_title: dict[str, list[CatalogueItem]] = {}
        for item in self.by_id.values():
            self._by_title.setdefault(fold_title(item.title), []).append(item)

    def place(self, dataset: Dataset, last: LoadRecord | None = None) -> Place:
        """Find an entry in the list, by its id or by its titles.

        Args:
            dataset: The registry entry.
            last: Its last event in the lake. A guessed id under which figures were accepted was confirmed then: it
                does not become a guess again because the source changes a title.

        Returns:
            Where it stands.
        """
        if dataset.state == "awaiting":
            return Place(state="awaiting", message=_awaiting(dataset))
        if dataset.state == "to_find":
            found = self.titled(dataset)
            if len(found) == 1:
                return Place(found[0], "found", found[0].id.lower(), _found(dataset, found[0]))
            return Place(state="to_find", message=_not_found(dataset, found))
        item = self.by_id.get(dataset.uuid or "")
        if dataset.state == "to_confirm" and not (item and dataset.titled(item.title)) and not _loaded(dataset, last):
            return Place(item, "unconfirmed", message=_unconfirmed(dataset, item))
        return Place(item)

    def titled(self, dataset: Dataset) -> list[CatalogueItem]:
        """The datasets that have one of an entry's titles; archived ones only where no other has."""
        titles = dict.fromkeys(map(fold_title, (dataset.title_en, dataset.title_cy, *dataset.titles)))
        found = [item for title in titles for item in self._by_title.get(title, ()) if dataset.titled(item.title)]
        return [item for item in found if not item.archived_at] or found


def fold_title(title: str | None) -> str:
    """A title as `Dataset.titled` compares it: what the sample puts before its own is left out."""
    return normalise(title).removeprefix("synthetic ").removeprefix("synthetig ")


def _loaded(dataset: Dataset, last: LoadRecord | None) -> bool:
    """Whether the last event says that figures of this very id are held."""
    held = last is not None and (last.outcome is Outcome.UNCHANGED or bool(last.outcome and last.outcome.accepted))
    return held and last is not None and last.dataset_id == dataset.uuid


def _awaiting(dataset: Dataset) -> Message:
    return Message(
        code="awaiting",
        severity="info",
        en=f"{dataset.key} is awaited: {dataset.awaiting_en}",
        cy=f"Disgwylir {dataset.key}: {dataset.awaiting_cy}",
    )


def _found(dataset: Dataset, item: CatalogueItem) -> Message:
    return Message(
        code="found",
        severity="info",
        en=f"{dataset.key} was found by its title: {item.title!r} ({item.id}). Nothing is loaded until a person pins "
        f"it: gofal sources pin {dataset.key}",
        cy=f"Cafwyd hyd i {dataset.key} drwy ei deitl: {item.title!r} ({item.id}). Ni lwythir dim nes i berson ei "
        f"binio: gofal sources pin {dataset.key}",
    )


def _not_found(dataset: Dataset, found: Sequence[CatalogueItem]) -> Message:
    if found:
        several = ", ".join(item.id for item in found)
        return Message(
            code="found_several",
            severity="info",
            en=f"{len(found)} datasets have the title of {dataset.key}: {several}. Choose one: gofal sources pin "
            f"{dataset.key} --uuid ID",
            cy=f"Mae gan {len(found)} o setiau data deitl {dataset.key}: {several}. Dewiswch un: gofal sources pin "
            f"{dataset.key} --uuid ID",
        )
    return Message(
        code="not_found",
        severity="info",
        en=f"No dataset in the list has the title of {dataset.key}, {dataset.title_en!r}. See what comes near it: "
        f"gofal sources discover. Then add its title to `titles` in datasets.yml.",
        cy=f"Nid oes gan yr un set ddata yn y rhestr deitl {dataset.key}, {dataset.title_cy!r}. Gwelwch beth sy’n "
        f"debyg iddo: gofal sources discover. Yna ychwanegwch ei theitl at `titles` yn datasets.yml.",
    )


def _unconfirmed(dataset: Dataset, item: CatalogueItem | None) -> Message:
    found_en = f"calls {dataset.uuid} {item.title!r}" if item else f"does not have {dataset.uuid}"
    found_cy = (
        f"mae’r rhestr yn galw {dataset.uuid} yn {item.title!r}" if item else f"nid yw {dataset.uuid} yn y rhestr"
    )
    return Message(
        code="unconfirmed",
        severity="info",
        en=f"The id of {dataset.key} is a guess, and the list {found_en}. If it is {dataset.title_en!r} all the same, "
        f"pin it: gofal sources pin {dataset.key} --uuid {dataset.uuid}. Else mend its id or `titles` in datasets.yml.",
        cy=f"Dyfaliad yw dynodwr {dataset.key}; {found_cy}. Os {dataset.title_cy!r} yw hi serch "
        f"hynny, piniwch hi: gofal sources pin {dataset.key} --uuid {dataset.uuid}. Fel arall cywirwch ei dynodwr "
        f"neu `titles` yn datasets.yml.",
    )


def decide(
    dataset: Dataset, item: CatalogueItem | None, last: LoadRecord | None, *, force: bool = False, again: bool = False
) -> State:
    """Decide whether there is anything to fetch of a dataset.

    Args:
        dataset: The registry entry, with its id.
        item: What the list says of it; None where it is not in the list.
        last: Its last event in the lake.
        force: Land it whatever was seen before.
        again: It is to be hashed again.

    Returns:
        The decision.
    """
    if item is None:
        return "missing"
    if force or last is None or last.outcome in (Outcome.FAILED, Outcome.WITHDRAWN):
        return "changed"
    same = (
        last.dataset_id == dataset.uuid
        and _same_moment(last.last_updated_at, item.last_updated_at)
        and last.archived_at == parse_time(item.archived_at)
        and last.title_en == item.title
    )
    if not same:
        return "changed"
    if last.outcome is Outcome.QUARANTINED:
        if any(m.code in BODY_CODES for m in last.messages):
            return "changed"
        return "rehash" if again else "quarantined"
    return "rehash" if again else "unchanged"


def _tell(result: Discovery, key: str, item: CatalogueItem | None, last: LoadRecord | None) -> None:
    """Say what a person should know of a dataset although nothing may be fetched of it."""
    messages: list[Message] = []
    if item and last and last.title_en and item.title and item.title != last.title_en:
        result.renamed.append(key)
        messages.append(_renamed(last.title_en, item.title))
    if item and item.archived_at:
        result.archived.append(key)
        messages.append(_archived(parse_time(item.archived_at), item.title))
    if result.decisions[key] == "quarantined" and last:
        messages.append(
            Message(
                code="still_quarantined",
                severity="warning",
                en=f"{key} has not changed since it was quarantined on {last.landed_at:%Y-%m-%d}, so it was not "
                f"fetched again. The last good load stays current. To check it again, run with --force.",
                cy=f"Nid yw {key} wedi newid ers ei roi mewn cwarantin ar {last.landed_at:%Y-%m-%d}, felly ni chafodd "
                f"ei nôl eto. Mae’r llwyth da diwethaf yn aros yn gyfredol. I’w wirio eto, rhedwch gyda --force.",
            )
        )
    if messages:
        result.messages[key] = result.messages.get(key, []) + messages


def _renamed(was: str, now: str) -> Message:
    return Message(
        code="renamed",
        severity="info",
        en=f"The dataset was called {was!r} and is now called {now!r}.",
        cy=f"Enw’r set ddata oedd {was!r}; ei henw bellach yw {now!r}.",
    )


def _archived(when: datetime | None, title: str | None) -> Message:
    day = f"{when:%Y-%m-%d}" if when else "?"
    return Message(
        code="archived",
        severity="info",
        en=f"The source archived {title!r} on {day}. It is still served and stays loaded; expect no more updates.",
        cy=f"Archifodd y ffynhonnell {title!r} ar {day}. Mae’n dal ar gael ac yn aros wedi’i llwytho; "
        f"peidiwch â disgwyl rhagor o ddiweddariadau.",
    )


def _in_slice(key: str, slices: int, today: date) -> bool:
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return place % slices == today.toordinal() % slices


def _same_moment(one: str | None, other: str | None) -> bool:
    return one == other or (parse_time(one) is not None and parse_time(one) == parse_time(other))


def read_state(lake: Lake) -> _CatalogueState | None:
    """The list as `discover` saw it last; None where there is none or it cannot be read (it is only a saving)."""
    try:
        found = lake.read_json(STATE)
        return _CatalogueState.model_validate(found) if found else None
    except (ValueError, ValidationError):
        return None


# -- land ------------------------------------------------------------------------------------------------------


@dataclass
class _Fetched:
    """All answers of one consistent look at a dataset."""

    metadata: Metadata
    data: Download
    note_codes: Download
    filters_cy: Reply
    query: dict[str, Any]
    rows: int | None
    """What the service promised; None where the bytes were in the lake already."""
    shapes: dict[str, Shape]
    problem: DataProblem | None = None

    @property
    def content_sha256(self) -> str:
        bodies = {
            "data": self.data.sha256,
            "note_codes": self.note_codes.sha256,
            "filters_cy": self.filters_cy.sha256,
        }
        return hashlib.sha256("\n".join(f"{k}:{v}" for k, v in sorted(bodies.items())).encode()).hexdigest()


class MovedError(Exception):
    """What was fetched does not belong together; another look may find it settled."""

    def __init__(self, error: FetchError) -> None:
        super().__init__(error.en)
        self.error = error


def land_dataset(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    *,
    run_id: str,
    decision: str = "changed",
    force: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> LoadRecord:
    """Fetch one dataset, keep its bytes with their provenance, and type them into a staged batch.

    Args:
        dataset: The registry entry.
        client: The API.
        lake: Where to.
        run_id: The run.
        decision: What `discover` decided: ``changed``, ``rehash`` or ``missing``.
        force: Fetch the data even where the revision is the one that is held.
        now: The clock.

    Returns:
        The load, not yet in the manifest. Its outcome is ``unchanged`` or ``withdrawn``, or None where a batch waits
        for judgement; a batch that could not be made has no ``staged_file`` and a message that says why.

    Raises:
        FetchError: The service did not answer as it should, after every retry.
        LakeError: The lake could not be written (a full disk), or does not hold what its manifest says.
    """
    started = time.monotonic()
    before = client.requests
    client.names[dataset.id] = dataset.key
    try:
        record = _land(dataset, client, lake, run_id=run_id, decision=decision, force=force, now=now)
    except OSError as error:
        raise _cannot_write(dataset, lake, error) from error
    record.requests = client.requests - before
    record.seconds = round(time.monotonic() - started, 3)
    return record


def _land(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    *,
    run_id: str,
    decision: str,
    force: bool,
    now: Callable[[], datetime],
) -> LoadRecord:
    history = lake.events(dataset.key)
    last = history[-1] if history else None
    vintages = lake.vintages(dataset.key)
    newest = vintages[-1] if vintages else None
    item = _listed(lake, dataset)
    refused: str | None = None
    for attempt in (1, 2):
        with contextlib.ExitStack() as scratch:
            metadata = client.metadata(dataset.id)
            record = _described(dataset, metadata, run_id=run_id, landed_at=now(), item=item)
            if metadata.revision is None:
                return _withdrawn(record, metadata, lake, last)
            _compare_names(record, metadata, newest)
            if not force and decision != "rehash" and _nothing_new(record, last):
                return _unchanged_revision(record, metadata, lake, last)
            left = None
            if attempt == 1 and not force and decision != "rehash":
                left = _left_behind(lake, record, history, now())
            try:
                if left is not None:
                    fetched = _take_up(dataset, client, lake, metadata, left, scratch)
                else:
                    fetched = fetch(dataset, client, lake, metadata, scratch)
            except MovedError as moved:
                if attempt == 2:
                    raise moved.error from moved
                continue
            record.landed_at = left.landed_at if left else now()
            _keep(record, fetched, lake, history)
            if left is not None:
                record.rows, record.fact_columns = left.rows, left.fact_columns
            lake.write_provenance(record)
            if newest is not None and newest.content_sha256 == record.content_sha256 and has_raw(lake, newest):
                return _unchanged(record, newest, "the same bytes", "yr un beitiau")
            try:
                if fetched.problem is not None:
                    raise fetched.problem
                build_batch(dataset, lake, record, fetched.shapes)
            except DataProblem as problem:
                if problem.code in BODY_CODES and attempt == 1:
                    # Damaged on the way, or broken at the source? The source's own bytes come twice the same.
                    refused = fetched.data.sha256
                    continue
                if problem.code == "csv_malformed" and refused not in (None, fetched.data.sha256):
                    raise fetch_error(
                        "fetch_truncated",
                        "data",
                        "two downloads were both broken CSV and differ from each other",
                        "roedd dau lawrlwythiad yn CSV diffygiol ac yn wahanol i’w gilydd",
                        dataset_id=dataset.uuid,
                        name=dataset.key,
                        url=client.base_url,
                    ) from problem
                _note_problem(record, problem)
            except FetchError as error:
                if error.code == "row_count" and attempt == 1:
                    continue
                raise
            else:
                if newest is not None and same_batch(lake, record, newest):
                    _discard(lake, record)
                    return _unchanged(record, newest, "the same rows in another order", "yr un rhesi mewn trefn arall")
            _settle_known_from(record, metadata, history, vintages, record.landed_at)
            return record
    raise AssertionError("unreachable")


def _left_behind(lake: Lake, record: LoadRecord, history: Sequence[LoadRecord], moment: datetime) -> LoadRecord | None:
    """What a run that was killed had landed of this very revision, and nothing has come of since.

    It is good for a day: a cube that is rebuilt under the same revision is looked for by other nights.
    """
    left = lake.last_landing(record.source_key)
    if (
        left is None
        or left.outcome is not None
        or left.backfilled
        or (left.dataset_id, left.revision_id) != (record.dataset_id, record.revision_id)
        or not _same_moment(left.last_updated_at, record.last_updated_at)
        or not timedelta(0) <= moment - left.landed_at < TAKE_UP
        or any(event.landed_at >= left.landed_at for event in history)
    ):
        return None
    landed = {file.role: file for file in left.files}
    return left if all(_whole(lake, landed.get(role)) for role in ("data", "note_codes", "filters_cy")) else None


def _take_up(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    metadata: Metadata,
    left: LoadRecord,
    scratch: contextlib.ExitStack,
) -> _Fetched:
    """Read what was left behind in place of fetching it again."""
    past = Past(metadata.revision or {}, metadata, {}, {f.role: f for f in left.files}, left.fact_columns, lake)
    return dataclasses.replace(_fetch_past(dataset, client, lake, past, scratch), metadata=metadata)


@dataclass
class Past:
    """Where the bodies of a past revision are to be had."""

    revision: dict[str, Any]
    """The revision as the history has it."""
    history: Reply
    filter_ids: dict[View, str]
    """Made while it was current, of the whole dataset: they keep returning it."""
    landed: dict[str, LandedFile]
    """What was landed of it, by role: that is not fetched again where it is still whole."""
    fact_columns: dict[str, str]
    store: Lake
    """Where the landed bodies are: this lake, or a mirror."""


def land_past(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    past: Past,
    *,
    run_id: str,
    now: Callable[[], datetime] = utc_now,
) -> LoadRecord:
    """Land a revision that has been superseded, in its place in history: before what came after it.

    Args:
        dataset: The registry entry.
        client: The API.
        lake: Where to.
        past: Where its bodies are to be had.
        run_id: The run.
        now: The clock.

    Returns:
        The load, not yet in the manifest, marked ``backfilled`` and known from the revision's publication. Its
        outcome is ``unchanged`` where it holds what the vintage before it holds, else None: a batch waits for
        judgement, or a message says why there is none.

    Raises:
        FetchError: A body is not to be had (``fetch_not_found``: the service no longer has the query), or is not of
            this revision (``revision_moved``).
        LakeError: The lake could not be written.
    """
    started, before = time.monotonic(), client.requests
    client.names[dataset.id] = dataset.key
    try:
        with contextlib.ExitStack() as scratch:
            record = _land_past(dataset, client, lake, past, scratch, run_id=run_id, now=now)
    except OSError as error:
        raise _cannot_write(dataset, lake, error) from error
    record.requests = client.requests - before
    record.seconds = round(time.monotonic() - started, 3)
    return record


def _land_past(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    past: Past,
    scratch: contextlib.ExitStack,
    *,
    run_id: str,
    now: Callable[[], datetime],
) -> LoadRecord:
    fetched = _fetch_past(dataset, client, lake, past, scratch)
    record = _described(dataset, fetched.metadata, run_id=run_id, landed_at=now(), item=None)
    record.backfilled = True
    record.known_from = fetched.metadata.publish_at
    vintages = lake.vintages(dataset.key)
    place = (record.known_from or record.landed_at, record.revision_index or 0)
    earlier = [v for v in vintages if (v.known_from or v.landed_at, v.revision_index or 0) <= place]
    near = next((v for v in [*reversed(earlier), *vintages] if v.dataset_id == dataset.id), None)
    if near and record.publisher_en is None:  # the history does not say who provides the figures
        record.publisher_en, record.publisher_cy = near.publisher_en, near.publisher_cy
    _keep(record, fetched, lake, earlier)
    record.fact_columns = record.fact_columns or past.fact_columns or (near.fact_columns if near else {})
    if "metadata" not in past.landed:
        record.files[-1].role = "history"
    lake.write_provenance(record)
    for vintage in vintages:
        if vintage.load_id == record.load_id:  # its rows were lost from the lake: the same vintage again
            record.known_from, record.known_from_basis = vintage.known_from, vintage.known_from_basis
    newest = next((v for v in reversed(earlier) if v.load_id != record.load_id), None)
    try:
        if fetched.problem is not None:
            raise fetched.problem
        build_batch(dataset, lake, record, fetched.shapes)
    except DataProblem as problem:
        _note_problem(record, problem)
    else:
        if newest is not None and not _lost(lake, record, vintages) and same_batch(lake, record, newest):
            _discard(lake, record)
            return _unchanged(record, newest, "the same rows", "yr un rhesi")
    return record


def _lost(lake: Lake, record: LoadRecord, vintages: Sequence[LoadRecord]) -> bool:
    """Whether a load was accepted and its rows are no longer in the lake."""
    return any(v.load_id == record.load_id and not has_raw(lake, v) for v in vintages)


def _fetch_past(
    dataset: Dataset, client: StatsWalesClient, lake: Lake, past: Past, scratch: contextlib.ExitStack
) -> _Fetched:
    """Take each body from the lake where it is whole there, else from the service."""
    revision = str(past.revision["id"])
    query: dict[str, Any] = {}
    shapes: dict[str, Shape] = {}
    problems: list[DataProblem] = []

    def refused(code: str, stage: str, en: str, cy: str) -> FetchError:
        return fetch_error(code, stage, en, cy, dataset_id=dataset.id, name=dataset.key, url=client.base_url)

    def stands_for(filter_id: str) -> dict[str, Any]:
        said = client.query(dataset.id, filter_id)
        if said["datasetId"].lower() != dataset.id or said["revisionId"] != revision:
            found = f"{said['datasetId']} / {said['revisionId']}"
            raise refused(
                "revision_moved",
                "query",
                f"revision {revision} was expected and {found} was found",
                f"disgwyliwyd diwygiad {revision} a chafwyd {found}",
            )
        return said

    def body(role: str, view: View) -> Download:
        path = scratch.enter_context(lake.scratch(f".{view}.csv"))
        if file := _whole(past.store, past.landed.get(role)):
            with past.store.open_read(file.path) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            download = Download(path=path, sha256=file.sha256, bytes=file.bytes, headers=file.headers, url=file.url)
            total = None
        else:
            filter_id = past.filter_ids.get(view)
            if filter_id is None:
                raise refused(
                    "fetch_not_found",
                    "query",
                    f"no query of the view {view} was made while revision {revision} was current",
                    f"ni wnaed ymholiad o’r wedd {view} tra oedd diwygiad {revision} yn gyfredol",
                )
            query.update(said := stands_for(filter_id))
            download = client.download_csv(dataset.id, filter_id, "en-GB", path)
            total = int(said["totalLines"])
        shape = shapes[role] = _shape(download)
        rows = 0 if shape.blank else count_rows(path, shape, total) if total is not None else None
        if shape.problem is not None:
            problems.append(shape.problem)
        elif shape.blank and not total:
            problems.append(no_rows())
        elif total is not None and rows is not None and rows != total:
            raise refused(
                "row_count",
                "data",
                f"the view {view} should have {total:,} rows (totalLines) and came with {rows:,}",
                f"dylai’r wedd {view} fod â {total:,} rhes (totalLines) a daeth gyda {rows:,}",
            )
        return download

    data = body("data", "raw_extended")
    note_codes = body("note_codes", "with_note_codes")
    promised = int(query["totalLines"]) if query else None
    if not query and not past.fact_columns and past.filter_ids:
        with contextlib.suppress(FetchError):  # the names of fact columns help, and are not needed
            query.update(stands_for(next(iter(past.filter_ids.values()))))
    held = _whole(past.store, past.landed.get("filters_cy"))
    # The service tells the members of the current revision only: of a member that is gone, the Welsh label is unknown
    filters_cy = _reply_of(past.store, held) if held else client.filters(dataset.id, "cy-GB")
    metadata = _whole(past.store, past.landed.get("metadata"))
    if metadata:
        described = Metadata(**vars(_reply_of(past.store, metadata)))
    else:
        past.landed.pop("metadata", None)
        document = {"id": dataset.id, "published_revision": past.revision}
        described = Metadata(document, past.history.body, past.history.headers, past.history.url)
    return _Fetched(described, data, note_codes, filters_cy, query, promised, shapes, problems[0] if problems else None)


def _whole(lake: Lake, file: LandedFile | None) -> LandedFile | None:
    """A landed file, where its bytes are in the lake and are what they were."""
    try:
        return file if file and lake.verify(file) else None
    except FileNotFoundError:
        return None


def _reply_of(lake: Lake, file: LandedFile) -> Reply:
    with lake.open_read(file.path) as handle:
        body = handle.read()
    return Reply(json.loads(body), body, file.headers, file.url)


def _listed(lake: Lake, dataset: Dataset) -> CatalogueItem | None:
    """The dataset as the list that `discover` read gave it."""
    state = read_state(lake)
    return next((i for i in state.items if i.id.lower() == dataset.uuid), None) if state else None


def _described(
    dataset: Dataset, metadata: Metadata, *, run_id: str, landed_at: datetime, item: CatalogueItem | None
) -> LoadRecord:
    """A record with what the metadata says. Its id is settled when the bytes are there."""
    revision = metadata.revision or {}
    publish_at = revision.get("publish_at")
    replaced = metadata.replaced_by
    title = metadata.text("title", "en-GB") or (item.title if item else None)
    index = revision.get("revision_index")
    frequency = revision.get("update_frequency")
    record = LoadRecord(
        load_id=load_id(dataset.key, metadata.revision_id, metadata.sha256),
        source_key=dataset.key,
        run_id=run_id,
        landed_at=landed_at,
        dataset_id=dataset.uuid,
        revision_id=metadata.revision_id,
        revision_index=index if isinstance(index, int) else None,
        previous_revision_id=revision.get("previous_revision_id"),
        is_synthetic=(title or "").lstrip().casefold().startswith("synthetic"),
        title_en=title,
        title_cy=metadata.text("title", "cy-GB"),
        publisher_en=metadata.publisher("en-GB"),
        publisher_cy=metadata.publisher("cy-GB"),
        designation=revision.get("designation"),
        url=_page(metadata, dataset),
        update_frequency=frequency if isinstance(frequency, dict) else None,
        archived_at=metadata.archived_at,
        replaced_by=str(replaced["dataset_id"]) if replaced else None,
        last_updated_at=item.last_updated_at if item else publish_at,
    )
    if metadata.archived_at:
        record.messages.append(_archived(metadata.archived_at, title))
    if replaced:
        name = f"{replaced.get('dataset_title') or '?'} ({replaced['dataset_id']})"
        record.add(
            "replaced",
            "warning",
            f"The source says that {title!r} is replaced by {name}. Register the replacement in datasets.yml.",
            f"Mae’r ffynhonnell yn dweud bod {name} yn disodli {title!r}. Cofrestrwch y set newydd yn datasets.yml.",
        )
    return record


def _page(metadata: Metadata, dataset: Dataset) -> str:
    """Where a person reads about the dataset: its page on the website; elsewhere than live, its metadata."""
    base = metadata.url.partition("?")[0]
    if base.startswith("https://api.stats.gov.wales/"):
        return f"https://stats.gov.wales/en-GB/{dataset.uuid}"
    return base


def _compare_names(record: LoadRecord, metadata: Metadata, newest: LoadRecord | None) -> None:
    if newest and newest.title_en and record.title_en and newest.title_en != record.title_en:
        record.messages.append(_renamed(newest.title_en, record.title_en))
    if metadata.text("title", "cy-GB") is None:
        record.add(
            "welsh_title_missing",
            "warning",
            f"The source gives no Welsh title for {record.title_en!r}.",
            f"Nid yw’r ffynhonnell yn rhoi teitl Cymraeg ar gyfer {record.title_en!r}.",
        )


def _withdrawn(record: LoadRecord, metadata: Metadata, lake: Lake, last: LoadRecord | None) -> LoadRecord:
    """The dataset is there and no revision of it is published."""
    record.outcome = Outcome.WITHDRAWN
    record.last_updated_at = None
    record.files = [_land_reply(lake, metadata, "metadata")]
    again = last is not None and last.outcome is Outcome.WITHDRAWN
    record.title_en, record.title_cy = (last.title_en, last.title_cy) if last else (record.title_en, record.title_cy)
    record.add(
        "withdrawn",
        "info" if again else "warning",
        f"The source has withdrawn {record.source_key} ({record.dataset_id}): no revision of it is published. The last "
        f"good load stays current. Ask its publisher; if it does not come back, take it out of datasets.yml.",
        f"Mae’r ffynhonnell wedi tynnu {record.source_key} ({record.dataset_id}) yn ôl: nid oes diwygiad ohoni wedi’i "
        f"gyhoeddi. Mae’r llwyth da diwethaf yn aros yn gyfredol. Holwch y cyhoeddwr; os na ddaw yn ôl, tynnwch hi o "
        f"datasets.yml.",
    )
    lake.write_provenance(record)
    return record


def _nothing_new(record: LoadRecord, last: LoadRecord | None) -> bool:
    """Whether the last load was of this very revision, and sound: only its title or archiving was news."""
    return (
        last is not None
        and (last.outcome is Outcome.UNCHANGED or bool(last.outcome and last.outcome.accepted))
        and last.revision_id == record.revision_id
        and last.dataset_id == record.dataset_id
        and _same_moment(last.last_updated_at, record.last_updated_at)
    )


def _unchanged_revision(record: LoadRecord, metadata: Metadata, lake: Lake, last: LoadRecord | None) -> LoadRecord:
    if last is None:
        raise AssertionError("a revision that is not new was seen before")
    for name in ("load_id", "content_sha256", "landed_sha256", "rows", "columns", "fact_columns", "known_from"):
        setattr(record, name, getattr(last, name))
    record.known_from_basis = last.known_from_basis
    record.previous_content_sha256 = last.content_sha256
    record.files = [_land_reply(lake, metadata, "metadata")]
    record.outcome = Outcome.UNCHANGED
    lake.write_provenance(record)
    return record


def _unchanged(record: LoadRecord, newest: LoadRecord, en: str, cy: str) -> LoadRecord:
    """The batch is what is current already: no vintage."""
    record.outcome = Outcome.UNCHANGED
    record.known_from, record.known_from_basis = newest.known_from, newest.known_from_basis
    record.columns = record.columns or newest.columns
    record.fact_columns = record.fact_columns or newest.fact_columns
    if record.revision_id != newest.revision_id:
        record.add(
            "metadata_only_revision",
            "info",
            f"Revision {record.revision_id} holds {en} as the current load: only its description changed. No new "
            "vintage.",
            f"Mae diwygiad {record.revision_id} yn cynnwys {cy} â’r llwyth cyfredol: dim ond ei ddisgrifiad a "
            f"newidiodd. Dim fersiwn newydd.",
        )
    elif record.content_sha256 != newest.content_sha256:
        record.add(
            "row_order_only",
            "info",
            f"The source now sends {en}. No new vintage.",
            f"Mae’r ffynhonnell bellach yn anfon {cy}. Dim fersiwn newydd.",
        )
    return record


def fetch(
    dataset: Dataset,
    client: StatsWalesClient,
    lake: Lake,
    metadata: Metadata,
    scratch: contextlib.ExitStack,
) -> _Fetched:
    """Fetch both views and the Welsh members of one revision.

    Raises:
        MovedError: The parts do not belong to one revision, or a body has not the rows that it should have.
        FetchError: No answer after every attempt.
    """
    uuid = dataset.id
    revision = metadata.revision_id

    def moved(code: str, stage: str, en: str, cy: str) -> MovedError:
        return MovedError(fetch_error(code, stage, en, cy, dataset_id=uuid, name=dataset.key, url=client.base_url))

    def revision_moved(stage: str, found: object) -> MovedError:
        return moved(
            "revision_moved",
            stage,
            f"revision {revision} was expected and {found} was found, twice: the dataset is being republished",
            f"disgwyliwyd diwygiad {revision} a chafwyd {found}, ddwywaith: mae’r set ddata’n cael ei hailgyhoeddi",
        )

    shapes: dict[str, Shape] = {}

    def view(
        name: View, role: str, total: int | None
    ) -> tuple[Download, dict[str, Any] | None, int, DataProblem | None]:
        filter_id = client.create_query(uuid, name)
        query = None
        if total is None:
            query = client.query(uuid, filter_id)
            if query["datasetId"].lower() != uuid or query["revisionId"] != revision:
                raise revision_moved("query", f"{query['datasetId']} / {query['revisionId']}")
            total = int(query["totalLines"])
        path = scratch.enter_context(lake.scratch(f".{name}.csv"))
        download = client.download_csv(uuid, filter_id, "en-GB", path)
        shape = shapes[role] = _shape(download)
        if shape.problem is not None:
            return download, query, total, shape.problem
        if total == 0 and shape.blank:
            return download, query, total, no_rows()
        rows = 0 if shape.blank else count_rows(path, shape, total)
        if rows is not None and rows != total:
            raise moved(
                "row_count",
                "data",
                f"the view {name} should have {total:,} rows (totalLines) and came with {rows:,}, twice",
                f"dylai’r wedd {name} fod â {total:,} rhes (totalLines) a daeth gyda {rows:,}, ddwywaith",
            )
        return download, query, total, None

    try:
        data, query, rows, problem = view("raw_extended", "data", None)
        note_codes, _, _, note_problem = view("with_note_codes", "note_codes", rows)
        filters_cy = client.filters(uuid, "cy-GB")
    except FetchError as error:
        if error.code == "fetch_not_found":  # withdrawn since the metadata was read: another look will say so
            raise MovedError(error) from error
        raise
    after = client.metadata(uuid)
    if after.revision_id != revision:
        raise revision_moved("metadata", after.revision_id)
    return _Fetched(metadata, data, note_codes, filters_cy, query or {}, rows, shapes, problem or note_problem)


def _shape(download: Download) -> Shape:
    shape = scan(download.path)
    if shape.problem is None and download.content_type in ("text/html", "application/json", "application/xml"):
        shape.problem = not_csv(download.path.read_bytes()[:1024], download.content_type)
    return shape


def _keep(record: LoadRecord, fetched: _Fetched, lake: Lake, history: Sequence[LoadRecord]) -> None:
    """Land every body and complete the record with what names it."""
    record.rows = fetched.rows
    record.landed_sha256 = fetched.data.sha256
    record.content_sha256 = fetched.content_sha256
    record.load_id = load_id(record.source_key, record.revision_id, fetched.content_sha256)
    record.previous_content_sha256 = next((r.content_sha256 for r in reversed(history) if r.content_sha256), None)
    for mapping in fetched.query.get("columnMapping") or []:
        if str(mapping.get("language", "")).lower() == "en-gb" and mapping.get("dimension_name"):
            record.fact_columns[str(mapping["dimension_name"])] = str(mapping.get("fact_table_column"))
    record.files = [
        _land_download(lake, fetched.data, "data"),
        _land_download(lake, fetched.note_codes, "note_codes"),
        _land_reply(lake, fetched.filters_cy, "filters_cy"),
        _land_reply(lake, fetched.metadata, "metadata"),
    ]


def _land_download(lake: Lake, download: Download, role: str) -> LandedFile:
    return lake.land(
        download.path, role=role, suffix=".csv", url=download.url, sha256=download.sha256, headers=download.headers
    )


def _land_reply(lake: Lake, reply: Reply, role: str) -> LandedFile:
    with lake.scratch(".json") as path:
        path.write_bytes(reply.body)
        return lake.land(path, role=role, suffix=".json", url=reply.url, sha256=reply.sha256, headers=reply.headers)


def _note_problem(record: LoadRecord, problem: DataProblem) -> None:
    record.staged_file = None
    record.add(
        problem.code,
        "error",
        f"{record.source_key}, stage land: {problem.en}",
        f"{record.source_key}, cam glanio: {problem.cy}",
        count=problem.context.get("count"),
        rows=problem.context.get("rows", [])[:MAX_ROWS],
    )


def _settle_known_from(
    record: LoadRecord,
    metadata: Metadata,
    history: Sequence[LoadRecord],
    vintages: Sequence[LoadRecord],
    now: datetime,
) -> None:
    """Work out from when these figures were known, so that what is landed now comes last.

    A revision was known when it was published. Two things happen without a publication: other bytes under a revision
    that was seen before, and a revision that is current again: an older one because a later one was withdrawn, or the
    one that was. Both are known from when we met them. Whatever the clocks say, the source shows this *after* the
    newest vintage.
    """
    published = metadata.publish_at or now
    newest = vintages[-1] if vintages else None
    after = (newest.known_from or newest.landed_at) + STEP if newest else None
    if newest and newest.load_id == record.load_id:  # its rows were lost from the lake: the same vintage again
        record.known_from, record.known_from_basis = newest.known_from, newest.known_from_basis
        return
    if newest and after and _came_back(record, newest, vintages):
        record.known_from_basis = "reinstated"
        # A second publication has a date of its own; going back to an earlier one has none
        record.known_from = published if published >= after else max(now, after)
        record.add(
            "reinstated",
            "info",
            f"Revision {record.revision_index} is published again in place of revision {newest.revision_index}.",
            f"Mae diwygiad {record.revision_index} wedi’i gyhoeddi eto yn lle diwygiad {newest.revision_index}.",
        )
        return
    rebuilt = any(
        r.revision_id == record.revision_id
        and r.dataset_id == record.dataset_id
        and r.content_sha256 is not None
        and r.content_sha256 != record.content_sha256
        and r.outcome is not Outcome.FAILED
        for r in history
    )
    if rebuilt:
        record.known_from_basis = "silent_change"
        record.known_from = max(t for t in (now, published, after) if t is not None)
        record.add(
            "silent_change",
            "warning",
            f"The figures changed without a new revision (still {record.revision_id}). They count as known from "
            f"{record.known_from:%Y-%m-%d %H:%M} UTC, when they were first met.",
            f"Newidiodd y ffigurau heb ddiwygiad newydd ({record.revision_id} o hyd). Ystyrir eu bod yn hysbys ers "
            f"{record.known_from:%Y-%m-%d %H:%M} UTC, pan gafwyd hwy gyntaf.",
        )
        return
    record.known_from_basis = "published"
    record.known_from = published
    if newest and after:
        place = (published, record.revision_index or 0)
        if place <= (newest.known_from or newest.landed_at, newest.revision_index or 0):
            record.known_from = after
            record.add(
                "known_from_adjusted",
                "info",
                f"The source dates this revision {published:%Y-%m-%d %H:%M:%S} UTC, not after the load that it follows "
                f"({newest.known_from:%Y-%m-%d %H:%M:%S} UTC; a clock went back). It is placed just after it.",
                f"Mae’r ffynhonnell yn dyddio’r diwygiad hwn {published:%Y-%m-%d %H:%M:%S} UTC, nid ar ôl y llwyth y "
                f"mae’n ei ddilyn ({newest.known_from:%Y-%m-%d %H:%M:%S} UTC; aeth cloc yn ôl). Fe’i gosodir yn union "
                "ar ei ôl.",
            )


def _came_back(record: LoadRecord, newest: LoadRecord, vintages: Sequence[LoadRecord]) -> bool:
    """Whether the source shows a revision again that another had taken the place of.

    Either the newest vintage's was withdrawn, so that one before it is current, or one that was withdrawn is back.
    """
    if record.dataset_id != newest.dataset_id or record.revision_id == newest.revision_id:
        return False
    if any(v.revision_id == record.revision_id and v.dataset_id == record.dataset_id for v in vintages):
        return True
    ours, theirs = record.revision_index, newest.revision_index
    return ours is not None and theirs is not None and ours < theirs


def _discard(lake: Lake, record: LoadRecord) -> None:
    """Remove a staged batch that says nothing new."""
    if record.staged_file:
        for path in (record.staged_file, members_path(record.staged_file)):
            if lake.exists(path):
                lake.fs.rm(lake.path(path))
        record.staged_file = None


def _cannot_write(dataset: Dataset, lake: Lake, error: OSError) -> LakeError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    en = "the disk is full" if full else f"it cannot be written or read ({error})"
    cy = "mae’r ddisg yn llawn" if full else f"ni ellir ei ysgrifennu na’i ddarllen ({error})"
    return LakeError(
        f"Landing {dataset.key}, stage land: expected to write to the lake at {lake.url}; {en}. Nothing was lost: the "
        f"last good load stays current. Make room there, or set GOFAL_HOME or GOFAL_LAKE elsewhere, and run again.",
        f"Glanio {dataset.key}, cam glanio: disgwyliwyd ysgrifennu i’r llyn data yn {lake.url}; {cy}. Ni chollwyd dim: "
        f"mae’r llwyth da diwethaf yn aros yn gyfredol. Gwnewch le yno, neu gosodwch GOFAL_HOME neu GOFAL_LAKE rywle "
        f"arall, a rhedwch eto.",
        code="disk_full" if full else "lake_write",
        dataset=dataset.key,
        stage="land",
    )


__all__ = [
    "Discovery",
    "Past",
    "build_batch",
    "discover",
    "land_dataset",
    "land_past",
    "read_layout",
    "undo_guard",
]
