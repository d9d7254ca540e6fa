"""Looking after the registry: what the catalogue has for it, what an entry makes of a dataset, and what has changed.

Nothing here writes to the lake. `pin` writes the lock file and `drift` proposes an edit of the registry; both are for a
person to look at. `check` lands into a lake of its own that is gone afterwards.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel

from ingestion.config import Settings
from ingestion.errors import BuildError, DataProblem, FetchError, RegistryError
from ingestion.lake import Lake, LoadRecord, Message, utc_now
from ingestion.statswales import extract, scaffold
from ingestion.statswales.batch import read_layout
from ingestion.statswales.client import CatalogueItem, Lang, StatsWalesClient, TopicName, parse_time
from ingestion.statswales.meanings import GSS, TOTALS, Meanings, age_key, area_key, load_aliases
from ingestion.statswales.periods import read_period
from ingestion.statswales.registry import (
    DATASETS,
    LOCK,
    UUID4,
    YEAR_KINDS,
    Dataset,
    Designation,
    PeriodKind,
    Pin,
    Registry,
    Theme,
    load_registry,
    normalise,
    read_lock,
    read_registry,
    slug,
    write_lock,
)

LANGUAGES: tuple[Lang, Lang] = ("en-GB", "cy-GB")
NEW_FOR = timedelta(days=31)
"""A dataset counts as new for so long after it was first published."""
ALIKE = 0.5
"""Share of words, of two titles together, that stand in both, from which one is worth a person's look."""
CANDIDATES = 3
MANY = 40
"""A closed column with more members than this unknown to it is no list any more: it is proposed to open it."""

THEME_TOPICS: dict[Theme, tuple[str, ...]] = {
    "children_looked_after": ("children", "social services", "social care"),
    "leaving_care": ("children", "social services", "social care"),
    "adoption": ("children", "social services", "social care"),
    "care_and_support": ("children", "social services", "social care"),
    "child_protection": ("children", "social services", "social care"),
    "services": ("social services", "social care"),
    "performance": ("social services", "performance"),
    "finance": ("revenue", "local government finance", "budgets", "settlement"),
    "homelessness": ("homelessness", "homeless"),
    "early_years": ("flying start", "early years", "childcare", "day care"),
    "education": ("pupils", "schools", "free school meals"),
    "wellbeing": ("children", "counselling", "wellbeing"),
    "population": ("population", "births"),
}
"""Words of the topics, in English, that bear on a theme: a topic is followed where its name has all words of one."""

_SMALL_WORDS = frozenset(
    {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "year", "years"}
    | {"ac", "ar", "gan", "gyda", "i", "mewn", "o", "yn", "yr", "y", "ol", "synthetic", "synthetig"}
)


# -- list ------------------------------------------------------------------------------------------------------


class Entry(BaseModel):
    """A registry entry and what is held of it."""

    key: str
    theme: Theme
    state: Designation
    id: str | None
    title_en: str
    title_cy: str
    known_from: datetime | None = None
    """Of the newest vintage."""
    vintages: int = 0
    rows: int | None = None
    next_update: date | None = None
    message_en: str = ""
    """How fresh it is, or why there is nothing to load."""
    message_cy: str = ""


def overview(lake: Lake, registry: Mapping[str, Dataset]) -> list[Entry]:
    """Say of each entry what is known and held of it.

    Args:
        lake: Where loads are.
        registry: The entries, by key.

    Returns:
        In registry order.
    """
    from ingestion import freshness

    return [
        Entry(
            key=fresh.source_key,
            theme=fresh.theme,
            state=dataset.state,
            id=dataset.uuid,
            title_en=dataset.title_en,
            title_cy=dataset.title_cy,
            known_from=fresh.known_from,
            vintages=fresh.vintages,
            rows=fresh.rows,
            next_update=fresh.next_expected,
            message_en=fresh.message_en,
            message_cy=fresh.message_cy,
        )
        for fresh, dataset in zip(freshness.status(lake, registry), registry.values(), strict=True)
    ]


# -- discover --------------------------------------------------------------------------------------------------

What = Literal["new", "changed", "archived", "replaced", "withdrawn", "unregistered"]
WHAT: dict[What, tuple[str, str]] = {
    "new": ("New in the topics that we follow", "Newydd yn y pynciau a ddilynwn"),
    "changed": ("Changed since our load", "Wedi newid ers ein llwyth"),
    "archived": ("Archived", "Wedi’u harchifo"),
    "replaced": ("Replaced by another", "Wedi’u disodli gan un arall"),
    "withdrawn": ("Withdrawn by the source", "Wedi’u tynnu’n ôl gan y ffynhonnell"),
    "unregistered": ("In the topics that we follow, not registered", "Yn y pynciau a ddilynwn, heb eu cofrestru"),
}


class Seen(BaseModel):
    """One thing that a look at the catalogue showed."""

    what: What
    id: str
    key: str | None = None
    title: str | None = None
    topics: list[str] = []
    en: str
    cy: str


class Candidate(BaseModel):
    """A dataset that may be the one that an entry without a sure id means."""

    key: str
    id: str
    title: str | None
    likeness: float
    """1 for the same title."""
    en: str
    cy: str


class Findings(BaseModel):
    """What one look at the catalogue showed."""

    url: str
    listed: int
    topics: list[str] = []
    """Names of the topics whose datasets were looked through."""
    seen: list[Seen] = []
    candidates: list[Candidate] = []
    notes: list[Message] = []
    """What could not be looked at."""
    requests: int = 0


def look(
    client: StatsWalesClient,
    lake: Lake,
    registry: Mapping[str, Dataset],
    topics: Sequence[str] = (),
    *,
    now: datetime | None = None,
) -> Findings:
    """Compare the catalogue with the registry and with what is held.

    One request reads the list; the topics cost one each, and a registered dataset that changed, is archived or is
    missing costs one for its metadata, which says what replaces it.

    Args:
        client: The API.
        lake: What is held.
        registry: The entries, by key.
        topics: Topics to follow, by id or by words of their names in either language; by default those of the
            registry's themes.
        now: The time.

    Returns:
        What there is to know.

    Raises:
        FetchError: No list.
    """
    now = now or utc_now()
    before = client.requests
    held = extract.read_state(lake)
    catalogue = client.catalogue()
    items = catalogue.items if catalogue else []
    listing = extract.Listing(items)
    result = Findings(url=client.base_url, listed=len(items))
    owners = {d.uuid: key for key, d in registry.items() if d.uuid}
    for key, dataset in registry.items():
        if dataset.uuid:
            result.seen += _registered(client, lake, key, dataset, listing, result)
    free = [item for item in items if item.id.lower() not in owners]
    for key, dataset in registry.items():
        if dataset.state in ("to_find", "to_confirm", "awaiting"):
            result.candidates += _candidates(key, dataset, listing, free)
    # What has the very title of an entry is told with that entry.
    titled = {candidate.id for candidate in result.candidates if candidate.likeness == 1}
    seen_before = {i.id.lower() for i in held.items} if held and held.url == client.base_url else None
    for item, names in _followed(client, registry, topics, result):
        ident = item.id.lower()
        if ident in owners or ident in titled:
            continue
        published = parse_time(item.first_published_at)
        fresh = (published is not None and now - published < NEW_FOR) or (
            seen_before is not None and ident not in seen_before
        )
        day = f"{published:%Y-%m-%d}" if published else "?"
        result.seen.append(
            Seen(
                what="new" if fresh else "unregistered",
                id=ident,
                title=item.title,
                topics=names,
                en=f"{item.title!r} was first published on {day}" + (" and is archived." if item.archived_at else "."),
                cy=f"Cyhoeddwyd {item.title!r} gyntaf ar {day}"
                + (" ac mae wedi’i harchifo." if item.archived_at else "."),
            )
        )
    result.requests = client.requests - before
    return result


def _registered(
    client: StatsWalesClient, lake: Lake, key: str, dataset: Dataset, listing: extract.Listing, result: Findings
) -> list[Seen]:
    """What has become of a dataset that we know the id of."""
    last = lake.last_event(key)
    item = listing.by_id.get(dataset.id)
    title = item.title if item else (last.title_en if last else dataset.title_en)
    found: list[Seen] = []

    def say(what: What, en: str, cy: str) -> None:
        found.append(Seen(what=what, id=dataset.id, key=key, title=title, en=en, cy=cy))

    changed = item is not None and last is not None and extract.decide(dataset, item, last) == "changed"
    if changed and item is not None:
        day = (item.last_updated_at or "?")[:10]
        say(
            "changed",
            f"{key}: the source shows {title!r} of {day}, which is not what was loaded last. Load it: gofal run "
            f"--only {key}",
            f"{key}: mae’r ffynhonnell yn dangos {title!r} dyddiedig {day}, nad dyna a lwythwyd ddiwethaf. Llwythwch "
            f"ef: gofal run --only {key}",
        )
    if item is not None and item.archived_at:
        day = item.archived_at[:10]
        say(
            "archived",
            f"{key}: archived on {day}. It is still served; expect no more updates.",
            f"{key}: archifwyd ar {day}. Mae’n dal ar gael; peidiwch â disgwyl rhagor o ddiweddariadau.",
        )
    if not (changed or item is None or item.archived_at):
        return found
    if item is None and last is None:
        return found  # a guess, or an id of another deployment: the run tells of it
    try:
        metadata = client.metadata(dataset.id)
    except FetchError as error:
        if error.code != "fetch_not_found":
            result.notes.append(Message(code=error.code, severity="warning", en=error.en, cy=error.cy))
            return found
        metadata = None
    if metadata is not None and metadata.replaced_by:
        other = metadata.replaced_by
        say(
            "replaced",
            f"{key}: replaced by {other.get('dataset_title') or '?'} ({other['dataset_id']}). Put that id into the "
            f"entry, and see what differs: gofal sources drift {key}",
            f"{key}: disodlwyd gan {other.get('dataset_title') or '?'} ({other['dataset_id']}). Rhowch y dynodwr "
            f"hwnnw yn y cofnod, a gwelwch beth sy’n wahanol: gofal sources drift {key}",
        )
    elif item is None and (metadata is None or metadata.revision is None):
        say(
            "withdrawn",
            f"{key}: we hold it and the source shows it no longer. The last good load stays current. Ask its "
            "publisher.",
            f"{key}: mae gennym ni hi ac nid yw’r ffynhonnell yn ei dangos bellach. Mae’r llwyth da diwethaf yn aros "
            "yn gyfredol. Holwch y cyhoeddwr.",
        )
    return found


def _followed(
    client: StatsWalesClient, registry: Mapping[str, Dataset], wanted: Sequence[str], result: Findings
) -> list[tuple[CatalogueItem, list[str]]]:
    """The datasets of the topics that are followed, each with the names of its topics."""
    phrases = list(wanted) or sorted({word for d in registry.values() for word in THEME_TOPICS[d.theme]})
    found: dict[str, tuple[CatalogueItem, list[str]]] = {}
    matched: set[str] = set()

    def walk(topic: TopicName | None, *, follow: bool) -> None:
        try:
            below = client.topics(topic.id if topic else None)
        except FetchError as error:
            result.notes.append(Message(code=error.code, severity="warning", en=error.en, cy=error.cy))
            return
        if topic is not None and follow and not below.children:
            result.topics.append(f"{topic.id} {topic.name_en}")
            for item in below.items:
                found.setdefault(item.id.lower(), (item, []))[1].append(topic.name_en)
        for child in below.children:
            hits = {phrase for phrase in phrases if _names(child, phrase)}
            matched.update(hits)
            # The first level is walked whole, for what is followed stands below it.
            if topic is None or follow or hits:
                walk(child, follow=follow or bool(hits))

    walk(None, follow=False)
    for phrase in wanted:
        if phrase not in matched:
            result.notes.append(
                Message(
                    code="unknown_topic",
                    severity="warning",
                    en=f"No topic with datasets is called {phrase!r}.",
                    cy=f"Nid oes pwnc â setiau data o’r enw {phrase!r}.",
                )
            )
    return list(found.values())


def _names(topic: TopicName, phrase: str) -> bool:
    if phrase.strip() == str(topic.id):
        return True
    wanted = set(_words(phrase))
    return any(wanted and wanted <= set(_words(name)) for name in (topic.name_en, topic.name_cy))


def _candidates(key: str, dataset: Dataset, listing: extract.Listing, free: Sequence[CatalogueItem]) -> list[Candidate]:
    """What in the list may be the entry's dataset, the likeliest first."""
    found: dict[str, Candidate] = {}

    def add(item: CatalogueItem, likeness: float, en: str, cy: str) -> None:
        ident = item.id.lower()
        found.setdefault(
            ident, Candidate(key=key, id=ident, title=item.title, likeness=round(likeness, 2), en=en, cy=cy)
        )

    guessed = listing.by_id.get(dataset.uuid or "")
    if guessed is not None:
        same = dataset.titled(guessed.title)
        add(
            guessed,
            1.0 if same else _likeness(dataset, guessed.title),
            "the registry’s guess" + (", and it has the entry’s title" if same else ""),
            "dyfaliad y gofrestr" + (", ac mae ganddi deitl y cofnod" if same else ""),
        )
    for item in listing.titled(dataset):
        add(item, 1.0, "it has the entry’s title", "mae ganddi deitl y cofnod")
    if dataset.state != "awaiting":
        for item in free:
            likeness = _likeness(dataset, item.title)
            if likeness >= ALIKE:
                share = round(100 * likeness)
                add(
                    item,
                    likeness,
                    f"{share}% of the titles’ words are the same",
                    f"mae {share}% o eiriau’r teitlau yr un fath",
                )
    return sorted(found.values(), key=lambda c: -c.likeness)[:CANDIDATES]


def _likeness(dataset: Dataset, title: str | None) -> float:
    theirs = set(_words(title))
    best = 0.0
    for ours in (dataset.title_en, dataset.title_cy, *dataset.titles):
        words = set(_words(ours))
        if words and theirs:
            best = max(best, len(words & theirs) / len(words | theirs))
    return best


def _words(text: str | None) -> list[str]:
    return [word for word in re.findall(r"\w+", fold(text)) if word not in _SMALL_WORDS]


def fold(text: str | None) -> str:
    """Fold case, accents and spacing, so that ``Tŷ`` is found by ``ty``."""
    decomposed = unicodedata.normalize("NFKD", normalise(text))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


# -- search ----------------------------------------------------------------------------------------------------


class Hit(BaseModel):
    """A dataset that a search found."""

    id: str
    title_en: str | None = None
    title_cy: str | None = None
    key: str | None = None
    """Its registry key, where it is registered."""
    state: Designation | None = None
    archived_at: str | None = None
    last_updated_at: str | None = None
    in_title: bool = True
    """False where only its summary has the words."""


class SearchResult(BaseModel):
    """What a search found."""

    hits: list[Hit]
    hidden: int = 0
    """Archived ones that were left out."""
    offline: Message | None = None
    """Why only the list that was kept could be searched, where that is so."""
    as_of: datetime


def search(
    text: str, client: StatsWalesClient, lake: Lake, registry: Mapping[str, Dataset], *, archived: bool = False
) -> SearchResult:
    """Find published datasets by words of their titles, in either language and any order, case and accents aside.

    The whole list is searched here, by the English titles that it has; the service's own search adds Welsh titles and
    summaries. Where the service does not answer, the list of the last run is searched.

    Args:
        text: Words.
        client: The API.
        lake: Holds the list of the last run.
        registry: Says which are registered.
        archived: Also archived ones.

    Returns:
        What was found: by title first, then in alphabetical order.

    Raises:
        FetchError: The service does not answer, and no list was kept.
    """
    words = re.findall(r"\w+", fold(text))
    held = extract.read_state(lake)
    offline = None
    as_of = utc_now()
    hits: dict[str, Hit] = {}
    try:
        catalogue = client.catalogue()
        items = catalogue.items if catalogue else []
    except FetchError as error:
        if held is None:
            raise
        offline = Message(code=error.code, severity="warning", en=error.en, cy=error.cy)
        items, as_of = held.items, held.fetched_at
    for item in items:
        if words and all(word in fold(item.title) for word in words):
            hits[item.id.lower()] = _hit(item, registry)
    if offline is None and words:
        listed = {item.id.lower(): item for item in items}
        try:
            for lang, asked in _questions(text):
                for found in client.search(asked, lang):
                    ident = found.id.lower()
                    in_title = all(word in fold(found.title) for word in words)
                    if asked != text and not in_title:
                        continue
                    hit = hits.get(ident)
                    if hit is None:
                        hit = hits[ident] = _hit(listed.get(ident, found), registry)
                        hit.in_title = in_title
                    hit.in_title = hit.in_title or in_title
                    if lang == "cy-GB":
                        hit.title_cy = found.title
        except FetchError as error:
            offline = Message(code=error.code, severity="warning", en=error.en, cy=error.cy)
    shown = [hit for hit in hits.values() if archived or not hit.archived_at]
    shown.sort(key=lambda hit: (not hit.in_title, hit.archived_at is not None, fold(hit.title_en or hit.title_cy)))
    return SearchResult(hits=shown, hidden=len(hits) - len(shown), offline=offline, as_of=as_of)


def _questions(text: str) -> list[tuple[Lang, str]]:
    """What to ask the service for: the words in both languages, and in Welsh the longest of several by itself.

    The service does not fold accents: of the words of ``ty gofal`` it finds one, and the rest is compared here.
    """
    words = sorted(text.split(), key=len)
    questions: list[tuple[Lang, str]] = [("en-GB", text), ("cy-GB", text)]
    if len(words) > 1:
        questions.append(("cy-GB", words[-1]))
    return questions


def _hit(item: CatalogueItem, registry: Mapping[str, Dataset]) -> Hit:
    ident = item.id.lower()
    owner = next((d for d in registry.values() if d.uuid == ident), None)
    return Hit(
        id=ident,
        title_en=item.title,
        title_cy=owner.title_cy if owner else None,
        key=owner.key if owner else None,
        state=owner.state if owner else None,
        archived_at=item.archived_at,
        last_updated_at=item.last_updated_at,
    )


# -- confirm and pin -------------------------------------------------------------------------------------------


class Confirmation(BaseModel):
    """What a dataset turned out to be, held against an entry."""

    key: str
    id: str
    title_en: str | None
    title_cy: str | None
    is_titled: bool
    """Whether it has one of the entry's titles."""
    archived_at: datetime | None = None
    rows: int
    columns: dict[str, str]
    """Role to the column that was found for it."""
    all_columns: list[tuple[str, str | None, str]]
    """Every column: its English name, its Welsh name and its fact table column."""
    problem: Message | None = None
    """Why it cannot be the entry's dataset; None where each required role has a column."""


def confirm(dataset: Dataset, client: StatsWalesClient, uuid: str) -> Confirmation:
    """Hold a dataset's titles and columns against an entry, without fetching its rows.

    Args:
        dataset: The entry.
        client: The API.
        uuid: The dataset's id.

    Returns:
        What was found.

    Raises:
        FetchError: No such dataset, or no answer.
        RegistryError: It has no published revision.
    """
    shape = _shape(client, uuid, dataset.key, members=False)
    header = ["Data values", "Notes"]
    for english, _, _ in shape.columns:
        header += [english, f"{english}_reference", f"{english}_sort", f"{english}_hierarchy"]
    record = LoadRecord(load_id="", source_key=dataset.key, run_id="confirm", landed_at=utc_now())
    problem = None
    try:
        read_layout(dataset, header, {en: fact for en, _, fact in shape.columns}, None, record)
    except DataProblem as found:
        problem = Message(code=found.code, severity="error", en=found.en, cy=found.cy)
    return Confirmation(
        key=dataset.key,
        id=uuid,
        title_en=shape.title_en,
        title_cy=shape.title_cy,
        is_titled=dataset.titled(shape.title_en) or dataset.titled(shape.title_cy),
        archived_at=shape.archived_at,
        rows=shape.rows,
        columns={role: name for role, name in record.columns.items() if role in dataset.columns},
        all_columns=shape.columns,
        problem=problem,
    )


def pin(
    key: str,
    client: StatsWalesClient,
    registry: Mapping[str, Dataset],
    *,
    uuid: str | None = None,
    lock: Path = LOCK,
    now: datetime | None = None,
) -> Confirmation:
    """Find an entry's dataset, confirm it by its columns, and write its id into the lock file.

    Args:
        key: The entry.
        client: The API.
        registry: The entries, by key.
        uuid: The dataset, where a person knows it: then its title may be any. Without it the entry's own guess or
            its titles lead to it, and of several with its title the one whose columns fit.
        lock: The lock file.
        now: The time.

    Returns:
        What was pinned.

    Raises:
        RegistryError: No such entry, nothing or too much found, columns that do not fit, or an id that is taken.
        FetchError: The service did not answer.
    """
    dataset = entry(registry, key)
    if uuid is not None and not UUID4.match(uuid):
        raise _refuse(
            "bad_id",
            f"Expected a version 4 UUID, as in a StatsWales address, found {uuid!r}.",
            f"Disgwyliwyd UUID fersiwn 4, fel mewn cyfeiriad StatsCymru, cafwyd {uuid!r}.",
        )
    found = confirm(dataset, client, uuid.lower()) if uuid is not None else _find(dataset, client)
    if found.problem is not None:
        raise _refuse("columns_do_not_fit", found.problem.en, found.problem.cy)
    owner = next((k for k, d in registry.items() if d.uuid == found.id and k != key), None)
    if owner:
        raise _refuse(
            "id_taken",
            f"{found.id} is the dataset of {owner} already: one dataset, one entry. Take it out of one of them.",
            f"Set ddata {owner} yw {found.id} eisoes: un set ddata, un cofnod. Tynnwch hi o un ohonynt.",
        )
    pins = read_lock(lock)
    pins[key] = Pin(
        uuid=found.id,
        title=found.title_en or found.title_cy or dataset.title_en,
        columns=[en for en, _, _ in found.all_columns],
        pinned_on=f"{now or utc_now():%Y-%m-%d}",
    )
    write_lock(pins, lock)
    return found


def entry(registry: Mapping[str, Dataset], key: str) -> Dataset:
    """An entry by its key.

    Raises:
        RegistryError: There is none; the nearest key is named.
    """
    if key in registry:
        return registry[key]
    near = difflib.get_close_matches(key, list(registry), n=1)
    raise _refuse(
        "unknown_key",
        f"No entry of datasets.yml is called {key!r}" + (f"; did you mean {near[0]!r}?" if near else "."),
        f"Nid oes cofnod o’r enw {key!r} yn datasets.yml" + (f"; ai {near[0]!r} a olygwyd?" if near else "."),
    )


def _find(dataset: Dataset, client: StatsWalesClient) -> Confirmation:
    """The one dataset that an entry's id or titles lead to."""
    catalogue = client.catalogue()
    listing = extract.Listing(catalogue.items if catalogue else [])
    if dataset.uuid:
        found = confirm(dataset, client, dataset.uuid)
        if not found.is_titled and dataset.state != "locked":
            raise _refuse(
                "not_titled",
                f"The source calls {dataset.uuid} {found.title_en!r}, which is none of the titles of {dataset.key}. If "
                f"it is the one all the same, say so: gofal sources pin {dataset.key} --uuid {dataset.uuid}",
                f"Mae’r ffynhonnell yn galw {dataset.uuid} yn {found.title_cy or found.title_en!r}, nad yw’n un o "
                f"deitlau {dataset.key}. Os hi ydyw serch hynny, dywedwch hynny: gofal sources pin {dataset.key} "
                f"--uuid {dataset.uuid}",
            )
        return found
    items = listing.titled(dataset)
    confirmed = [confirm(dataset, client, item.id.lower()) for item in items[:CANDIDATES]]
    fitting = [found for found in confirmed if found.problem is None]
    if len(fitting) == 1 or len(items) == 1:
        return fitting[0] if fitting else confirmed[0]
    if not items:
        raise _refuse(
            "not_found",
            f"No dataset has the title of {dataset.key}, {dataset.title_en!r}. See what comes near it: gofal sources "
            f"discover. Then pin it by its id: gofal sources pin {dataset.key} --uuid ID",
            f"Nid oes gan yr un set ddata deitl {dataset.key}, {dataset.title_cy!r}. Gwelwch beth sy’n debyg iddo: "
            f"gofal sources discover. Yna piniwch hi yn ôl ei dynodwr: gofal sources pin {dataset.key} --uuid ID",
        )
    several = ", ".join(item.id for item in items)
    raise _refuse(
        "found_several",
        f"{len(items)} datasets have the title of {dataset.key}, and the columns of {len(fitting)} fit: {several}. "
        f"Choose one: gofal sources pin {dataset.key} --uuid ID",
        f"Mae gan {len(items)} o setiau data deitl {dataset.key}, ac mae colofnau {len(fitting)} yn gweddu: "
        f"{several}. Dewiswch un: gofal sources pin {dataset.key} --uuid ID",
    )


def _refuse(code: str, en: str, cy: str) -> RegistryError:
    return RegistryError(en, cy, code=code)


# -- a dataset's present shape ---------------------------------------------------------------------------------


Members = dict[str, tuple[str | None, str | None]]
"""Reference to labels, English and Welsh."""


@dataclass
class Shape:
    """What a dataset is made of now."""

    title_en: str | None
    title_cy: str | None
    archived_at: datetime | None
    rows: int
    columns: list[tuple[str, str | None, str]]
    """English name, Welsh name, fact table column."""
    members: dict[str, Members] = field(default_factory=dict)
    """By fact table column: reference to its labels, English and Welsh."""


def _shape(client: StatsWalesClient, uuid: str, name: str, *, members: bool) -> Shape:
    client.names[uuid] = name
    metadata = client.metadata(uuid)
    if metadata.revision is None:
        raise _refuse(
            "withdrawn",
            f"The dataset {uuid} of {name} has no published revision: the source has withdrawn it.",
            f"Nid oes diwygiad cyhoeddedig o set ddata {uuid} ({name}): mae’r ffynhonnell wedi’i thynnu’n ôl.",
        )
    query = client.query(uuid, client.create_query(uuid, "raw_extended"))
    names: dict[str, dict[str, str]] = {}
    for mapping in query.get("columnMapping") or []:
        fact, called = str(mapping.get("fact_table_column")), mapping.get("dimension_name")
        if called:
            names.setdefault(fact, {})[str(mapping.get("language", ""))[:2].lower()] = str(called)
    shape = Shape(
        title_en=metadata.text("title", "en-GB"),
        title_cy=metadata.text("title", "cy-GB"),
        archived_at=metadata.archived_at,
        rows=int(query["totalLines"]),
        columns=[(found.get("en") or found.get("cy") or fact, found.get("cy"), fact) for fact, found in names.items()],
    )
    if members:
        for place, lang in enumerate(LANGUAGES):
            for dimension in client.filters(uuid, lang).document:
                labels = shape.members.setdefault(str(dimension.get("factTableColumn")), {})
                for code, label in flatten(dimension.get("values") or []):
                    both = labels.get(code, (None, None))
                    labels[code] = (label, both[1]) if place == 0 else (both[0], label)
    return shape


def flatten(values: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """Every member of a tree of filter values: reference and label, each before those below it."""
    for value in values:
        if isinstance(value, Mapping) and value.get("reference") is not None:
            yield str(value["reference"]), extract.undo_guard(str(value.get("description") or "")) or None
            yield from flatten(value.get("children") or [])


# -- check -----------------------------------------------------------------------------------------------------


class MemberSeen(BaseModel):
    """One spelling of a column, and what we make of it."""

    label_en: str | None
    label_cy: str | None = None
    code: str | None
    rows: int
    key: str | None
    """Our key; None where nobody knows it."""
    listed: bool
    hint: str | None = None
    """The listed member that is written most like it."""


class ColumnSeen(BaseModel):
    """One column of an entry, as the data fills it."""

    role: str
    kind: str
    name: str | None
    """What the source calls it; None where the data has no such column."""
    line: int | None = None
    """Where the registry file speaks of it."""
    known: int = 0
    """Members that have a key."""
    members: list[MemberSeen] = []

    @property
    def unknown(self) -> list[MemberSeen]:
        """Members that nobody knows."""
        return [member for member in self.members if member.key is None]


class CheckReport(BaseModel):
    """What an entry makes of its dataset."""

    key: str
    id: str
    title_en: str | None = None
    title_cy: str | None = None
    file: str
    line: int | None = None
    rows: int | None = None
    outcome: str
    columns: list[ColumnSeen] = []
    unmapped: list[str] = []
    """The source's columns that no role claims."""
    periods: list[str] = []
    """First and last, where there are any."""
    areas: int = 0
    messages: list[Message] = []
    staging_model: str | None = None
    """Its dbt model, where there is one."""
    staged_rows: int | None = None
    """Rows that the model made of it; None where it was not run."""
    requests: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether the batch would be accepted."""
        return self.outcome in ("accepted", "accepted_with_warnings")


def check(
    dataset: Dataset,
    client: StatsWalesClient,
    folder: Path,
    *,
    file: Path = DATASETS,
    project: Path = scaffold.PROJECT,
    stage_with: Settings | None = None,
) -> CheckReport:
    """Land a dataset into a lake of its own, judge it, and say what the entry makes of its words.

    Args:
        dataset: The entry. One without an id is looked for by its titles.
        client: The API.
        folder: An empty folder for the lake; it is the caller's to remove.
        file: The registry file that the entry stands in, for line numbers.
        project: The dbt project.
        stage_with: Settings to run its staging model with, where there is one and the batch is sound; None runs none.

    Returns:
        What was found. A batch that would be quarantined is a finding, not an error.

    Raises:
        FetchError: The service did not answer.
        RegistryError: The entry's dataset cannot be told.
    """
    from expectations.checks import CheckErrored, judge

    before = client.requests
    lake = Lake(str(folder))
    place = _Places(file).of("datasets", dataset.key)
    discovery = extract.discover(client, lake, {dataset.key: dataset}, accept_found=True)
    told = discovery.messages.get(dataset.key, [])
    if dataset.uuid is None:
        found = discovery.found_ids.get(dataset.key)
        if found is None:
            message = told[0]
            raise _refuse(message.code, message.en, message.cy)
        dataset = dataset.model_copy(update={"uuid": found})
    record = extract.land_dataset(dataset, client, lake, run_id="check", force=True)
    record.messages[:0] = told
    if record.outcome is None:
        with contextlib.suppress(CheckErrored):  # it is on the record, as failed
            judge([record], lake, {dataset.key: dataset})
    report = CheckReport(
        key=dataset.key,
        id=dataset.id,
        title_en=record.title_en,
        title_cy=record.title_cy,
        file=str(file),
        line=place,
        rows=record.rows,
        outcome=str(record.outcome),
        messages=record.messages,
        unmapped=[source for own, source in record.columns.items() if own not in dataset.columns],
        requests=client.requests - before,
    )
    model = project / scaffold.FOLDER / f"{scaffold.PREFIX}{dataset.key}.sql"
    report.staging_model = str(model) if model.exists() else None
    if record.staged_file:
        _read_members(report, dataset, lake, record, file)
    if stage_with is not None and report.staging_model and record.outcome and record.outcome.accepted:
        try:
            report.staged_rows = _stage(dataset, lake, record, folder, stage_with, project, file)
        except BuildError as error:
            report.messages.append(Message(code=error.code, severity="error", en=error.en, cy=error.cy))
    return report


def _stage(
    dataset: Dataset, lake: Lake, record: LoadRecord, folder: Path, settings: Settings, project: Path, file: Path
) -> int | None:
    """Run an entry's staging model over the batch, and the tests on it.

    Returns:
        The rows that it made; None where the model leaves no relation behind.

    Raises:
        BuildError: dbt failed, or a test on the model did.
    """
    import duckdb

    from ingestion import transform

    lake.accept(record)
    model = f"{scaffold.PREFIX}{dataset.key}"
    # The project declares every dataset's tables, so the snapshot speaks of all; only this one has rows.
    everything = {**load_registry(), dataset.key: dataset}
    transform.freeze(lake, everything, folder / "snapshot", now=utc_now(), measures=_registry_of(file).measures)
    database = folder / "gofal.duckdb"
    # A target of its own: a run that goes on meanwhile reads its results from the other.
    own, parsed = settings.root / "dbt_target_check", "partial_parse.msgpack"
    if not (own / parsed).exists() and (settings.root / "dbt_target" / parsed).exists():
        own.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(settings.root / "dbt_target" / parsed, own / parsed)
    command = [*transform.dbt_command(settings, "build", own.name, project), "--select", f"+{model}"]
    command += ["--exclude-resource-type", "unit_test", "--log-path", str(folder)]
    environment = transform.dbt_environment() | {"GOFAL_SNAPSHOT": str(folder / "snapshot")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise BuildError(
            f"The staging model {model} did not build: {said}. Write it anew: gofal sources scaffold {dataset.key}",
            f"Ni adeiladwyd y model {model}: {said}. Ysgrifennwch ef o’r newydd: gofal sources scaffold {dataset.key}",
            code="dbt_failed",
        )
    with contextlib.closing(duckdb.connect(str(database), read_only=True)) as connection:
        where = connection.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = ?", [model]
        ).fetchone()
        if where is None:
            return None
        (rows,) = connection.execute(f'SELECT count(*) FROM "{where[0]}"."{model}"').fetchone() or (0,)
    return int(rows)


def _read_members(report: CheckReport, dataset: Dataset, lake: Lake, record: LoadRecord, file: Path) -> None:
    import duckdb

    meanings = Meanings(dataset)
    places = _Places(file)
    batch = lake.path(str(record.staged_file))
    members = batch.removesuffix(".parquet") + ".members.parquet"
    with contextlib.closing(duckdb.connect(":memory:")) as database:
        welsh = {
            (role, code): label
            for role, code, label in database.execute(
                "SELECT role, code, min(label_cy) FROM read_parquet(?) GROUP BY role, code", [members]
            ).fetchall()
        }
        for role, column in dataset.columns.items():
            sort = f'"{role}_sort"' if column.kind == "period" else "NULL"
            rows = database.execute(
                f'SELECT "{role}", "{role}_code", {sort}, count(*) FROM read_parquet(?) '
                f"GROUP BY ALL ORDER BY min(_source_row)",
                [batch],
            ).fetchall()
            seen = ColumnSeen(
                role=role,
                kind=column.kind,
                name=record.columns.get(role),
                line=places.of("datasets", dataset.key, "columns", role),
            )
            ends = []
            for label, code, order, count in rows:
                if label is None and code is None and role not in record.columns and column.constant is None:
                    continue  # a column that need not be there, and is not
                meant = meanings.of(role, label, code, order)
                if meant.period:
                    ends.append((meant.period.end, meant.period.key))
                seen.members.append(
                    MemberSeen(
                        label_en=label,
                        label_cy=welsh.get((role, code)),
                        code=code,
                        rows=count,
                        key=meant.key,
                        listed=meant.listed,
                        hint=None if meant.key else _near(dataset, role, label),
                    )
                )
            keys = {member.key for member in seen.members if member.key is not None}
            seen.known = len(keys)
            report.columns.append(seen)
            if column.kind == "period" and ends:
                report.periods = list(dict.fromkeys((min(ends)[1], max(ends)[1])))
            if column.kind == "area":
                report.areas = len(keys)


def _near(dataset: Dataset, role: str, label: str | None) -> str | None:
    spellings = {text: key for key, member in dataset.columns[role].values.items() for text in member.matches()}
    near = difflib.get_close_matches(normalise(label), list(spellings), n=1, cutoff=0.75)
    return spellings[near[0]] if near else None


def read_entry(path: Path, key: str | None = None) -> Dataset:
    """Read one entry from a file of its own, which may name the registry's shared columns and measures.

    Args:
        path: A registry file: ``datasets``, and ``columns`` and ``measures`` where it needs new ones.
        key: Which entry; the only one by default.

    Raises:
        RegistryError: It is not what it should be.
    """
    found = _registry_of(path).datasets
    if key is not None:
        return entry(found, key)
    if len(found) != 1:
        raise _refuse(
            "which_entry",
            f"{path.name} has {len(found)} entries: say which: {', '.join(found) or '–'}.",
            f"Mae gan {path.name} {len(found)} o gofnodion: dywedwch pa un: {', '.join(found) or '–'}.",
        )
    return next(iter(found.values()))


def _registry_of(path: Path) -> Registry:
    return read_registry(path, _beside(path))


def _beside(path: Path) -> Path | None:
    """The registry, for a file that is not it: an entry of its own may name what the registry shares."""
    return DATASETS if path.resolve() != DATASETS.resolve() else None


# -- drift -----------------------------------------------------------------------------------------------------


class Change(BaseModel):
    """One way in which a dataset is no longer what the entry, or the last load, says."""

    what: Literal["added", "removed", "renamed", "unlisted"]
    of: Literal["title", "column", "member"]
    role: str | None = None
    code: str | None = None
    was: str | None = None
    now: str | None = None
    since_load: bool = False
    """Whether the last accepted load was otherwise (else only the entry does not say so)."""
    en: str
    cy: str


class Drift(BaseModel):
    """How a dataset's present shape differs from the entry and from the last load."""

    key: str
    id: str
    title_en: str | None
    title_cy: str | None
    loaded_from: datetime | None = None
    """Since when the load that it is compared with was known; None where none was accepted."""
    changes: list[Change] = []
    diff: str = ""
    """The edit that would bring the entry up to date, as a unified diff; empty where none is needed."""
    edited: str = ""
    """The whole file with the edit."""


def drift(dataset: Dataset, client: StatsWalesClient, lake: Lake, *, file: Path = DATASETS) -> Drift:
    """Compare a dataset's present shape with its entry and with its last accepted load, and propose an edit.

    Args:
        dataset: The entry, with its id.
        client: The API: five requests, no rows.
        lake: Holds the last load.
        file: The registry file to propose an edit of.

    Returns:
        The changes and the edit; nothing is written.

    Raises:
        FetchError: The service did not answer.
        RegistryError: The entry has no id, or its dataset is withdrawn.
    """
    shape = _shape(client, dataset.id, dataset.key, members=True)
    newest = lake.last_accepted(dataset.key)
    result = Drift(
        key=dataset.key,
        id=dataset.id,
        title_en=shape.title_en,
        title_cy=shape.title_cy,
        loaded_from=newest.known_from if newest else None,
    )
    edit = _Edit(file, dataset)
    before = _loaded_members(lake, newest) if newest else {}
    titles = ((shape.title_en, "title_en"), (shape.title_cy, "title_cy"))
    for title, name in titles:
        if title and not dataset.titled(title):
            loaded = getattr(newest, name, None)
            was = loaded or getattr(dataset, name)
            result.changes.append(_change("renamed", "title", was=was, now=title, since=bool(loaded)))
            edit.add_title(title)
    claimed = _claim(dataset, shape, newest, before)
    for role, column in dataset.columns.items():
        if role not in claimed:
            if column.required and column.constant is None:
                result.changes.append(_change("removed", "column", role, was=column.names[0], since=newest is not None))
            continue
        english, _, fact = claimed[role]
        last = newest.columns.get(role) if newest else None
        if normalise(english) not in {normalise(name) for name in column.names}:
            was = last or next(iter(column.names), role)
            result.changes.append(_change("renamed", "column", role, was=was, now=english, since=bool(last)))
            edit.add_name(role, english)
        _compare_members(result, edit, dataset, role, shape.members.get(fact, {}), before.get(fact))
    taken = {fact for _, _, fact in claimed.values()}
    settled = set(newest.fact_columns.values()) if newest else set()
    for english, welsh, fact in shape.columns:
        # What was there when the last load was accepted is no news, and areas by name beside areas by code break
        # nothing down.
        if fact in taken | settled or _area_share(shape.members.get(fact, {})) >= ALIKE:
            continue
        result.changes.append(_change("added", "column", now=english, since=newest is not None))
        edit.add_column(english, welsh, fact, set(dataset.columns))
    result.edited, result.diff = edit.done()
    return result


def _compare_members(
    result: Drift,
    edit: _Edit,
    dataset: Dataset,
    role: str,
    now: Mapping[str, tuple[str | None, str | None]],
    before: Mapping[str, tuple[str | None, str | None]] | None,
) -> None:
    """Say which members came, went or were renamed, and which the entry does not list."""
    column = dataset.columns[role]
    meanings = Meanings(dataset)
    missing: dict[str, tuple[str | None, str | None]] = {}
    for code, labels in now.items():
        was = (before or {}).get(code)
        renamed = was is not None and any(
            old and new and normalise(old) != normalise(new) for old, new in zip(was, labels, strict=True)
        )
        added = before is not None and was is None
        meant = meanings.of(role, labels[0], code)
        # a label alone, for a code that means the same still may stand beside a label that nobody knows
        unread = meant.key is None or (renamed and column.values and column.find(*labels) is None)
        if added or renamed:
            result.changes.append(
                _change(
                    "renamed" if renamed else "added", "member", role, code,
                    was=_shown(was) if was else None, now=_shown(labels), since=True, key=meant.key,
                )
            )  # fmt: skip
        if unread and column.kind in ("measure", "breakdown"):
            if not (added or renamed):
                result.changes.append(_change("unlisted", "member", role, code, now=_shown(labels)))
            listed = column.find(code)
            if listed is not None:
                edit.add_spellings(role, listed, [text for text in labels if text])
            elif column.closed:
                missing[code] = labels
        elif unread and not added:
            result.changes.append(_change("unlisted", "member", role, code, now=_shown(labels)))
    for code, labels in (before or {}).items():
        if code not in now:
            result.changes.append(_change("removed", "member", role, code, was=_shown(labels), since=True))
    if len(missing) > MANY:
        edit.open_column(role)
    elif missing:
        edit.add_members(role, missing)


def _claim(
    dataset: Dataset,
    shape: Shape,
    newest: LoadRecord | None,
    before: Mapping[str, Mapping[str, tuple[str | None, str | None]]],
) -> dict[str, tuple[str, str | None, str]]:
    """Which column each role has now: by its fact table column in the last load, by name, else by its members."""
    free = list(shape.columns)
    found: dict[str, tuple[str, str | None, str]] = {}

    def take(role: str, column: tuple[str, str | None, str] | None) -> None:
        if column is not None:
            found[role] = column
            free.remove(column)

    for role in dataset.columns:
        fact = newest.fact_columns.get(newest.columns.get(role, "")) if newest else None
        take(role, next((c for c in free if fact and normalise(c[2]) == normalise(fact)), None))
    for role, column in dataset.columns.items():
        for name in (*column.names, column.fact_column, column.name_cy):
            if role not in found and name:
                folded = normalise(name)
                take(role, next((c for c in free if folded in map(normalise, c)), None))
    for role, column in dataset.columns.items():
        if role in found or column.constant is not None:
            continue
        fact = newest.fact_columns.get(newest.columns.get(role, ""), "") if newest else ""
        known = {normalise(code) for code in before.get(fact, {})}
        known |= {text for member in column.values.values() for text in member.matches()}
        shares = []
        for candidate in free:
            members = shape.members.get(candidate[2], {})
            same = sum(1 for code, labels in members.items() if known & set(map(normalise, (code, *labels))))
            shares.append((same / len(members) if members else 0.0, candidate))
        share, best = max(shares, key=lambda s: s[0], default=(0.0, None))
        take(role, best if share >= 0.6 else None)
    return found


def _loaded_members(lake: Lake, newest: LoadRecord) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    """The members of the last accepted load, by fact table column: as it landed them, in both languages."""
    found: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    landed = next((file for file in newest.files if file.role == "filters_cy"), None)
    if landed and lake.exists(landed.path):
        for dimension in lake.read_json(landed.path):
            found[str(dimension.get("factTableColumn"))] = {
                code: (None, label) for code, label in flatten(dimension.get("values") or [])
            }
    if newest.members_file and lake.exists(newest.members_file):
        import pyarrow.parquet as pq

        with lake.open_read(newest.members_file) as handle:
            rows = pq.read_table(handle, columns=["role", "code", "label_en", "label_cy"]).to_pylist()
        for row in rows:
            fact = newest.fact_columns.get(newest.columns.get(row["role"], ""))
            if fact and row["code"] is not None:
                found.setdefault(fact, {})[row["code"]] = (row["label_en"], row["label_cy"])
    return found


def _shown(labels: tuple[str | None, str | None]) -> str:
    return " / ".join(text for text in labels if text) or "–"


_WORDS = {
    "title": ("title", "teitl"),
    "column": ("column", "colofn"),
    "member": ("member", "aelod"),
}


def _change(
    what: Literal["added", "removed", "renamed", "unlisted"],
    of: Literal["title", "column", "member"],
    role: str | None = None,
    code: str | None = None,
    *,
    was: str | None = None,
    now: str | None = None,
    since: bool = False,
    key: str | None = None,
) -> Change:
    en, cy = _WORDS[of]
    where_en = f" of {role}" if role and of == "member" else f" for {role}" if role else ""
    where_cy = f" {role}" if role else ""
    mark = f" ({code})" if code else ""
    as_en, as_cy = (f"; we read it as {key}", f"; fe’i darllenwn fel {key}") if key else ("", "")
    texts = {
        "added": (
            f"New {en}{where_en}: ‘{now}’{mark}{as_en}.",
            f"{cy.title()}{where_cy} newydd: ‘{now}’{mark}{as_cy}.",
        ),
        "removed": (
            f"The {en}{where_en} ‘{was}’{mark} is gone.",
            f"Nid yw’r {cy}{where_cy} ‘{was}’{mark} yno bellach.",
        ),
        "renamed": (
            f"The {en}{where_en} ‘{was}’{mark} is now called ‘{now}’{as_en}.",
            f"Enw’r {cy}{where_cy} ‘{was}’{mark} bellach yw ‘{now}’{as_cy}.",
        ),
        "unlisted": (
            f"The entry does not know the {en}{where_en} ‘{now}’{mark}.",
            f"Nid yw’r cofnod yn adnabod yr {cy}{where_cy} ‘{now}’{mark}.",
        ),
    }[what]
    return Change(what=what, of=of, role=role, code=code, was=was, now=now, since_load=since, en=texts[0], cy=texts[1])


# -- drafting --------------------------------------------------------------------------------------------------

LISTED = 25
"""A column with no more members than this is drafted as a list of them; a longer one is left open."""
_KINDS: tuple[PeriodKind, ...] = (
    "financial_year", "school_year", "calendar_year", "quarter", "calendar_quarter", "month", "rolling_year", "point",
)  # fmt: skip


def draft(client: StatsWalesClient, uuid: str, key: str, theme: Theme = "children_looked_after") -> str:
    """Write an entry for a dataset that has none, from its columns and members: for a person to look over.

    Args:
        client: The API: five requests, no rows.
        uuid: The dataset.
        key: What to call it.
        theme: What it is about.

    Returns:
        YAML of a registry file with one entry and the measures that it needs. What is a guess says so in a comment.

    Raises:
        FetchError: No such dataset, or no answer.
        RegistryError: It has no published revision.
    """
    shape = _shape(client, uuid.lower(), key, members=True)
    title_en, title_cy = shape.title_en or key, shape.title_cy or shape.title_en or key
    left = {fact: (english, welsh or english, shape.members.get(fact, {})) for english, welsh, fact in shape.columns}
    measure = next((f for f in left if "data description" in normalise(left[f][0])), next(iter(left), ""))
    measures, measure_lines = _draft_measure(key, title_en, title_cy, measure, left.pop(measure, ("", "", {})))
    lines = ["measures:"]
    for name, (en, cy, unit) in measures.items():
        lines.append(f"  {name}: {{title_en: {_scalar(en)}, title_cy: {_scalar(cy)}, {unit}}}")
    lines += ["datasets:", f"  {key}:", f"    uuid: {uuid.lower()}"]
    lines += [f"    title_en: {_scalar(title_en)}", f"    title_cy: {_scalar(title_cy)}", f"    theme: {theme}"]
    lines += ["    columns:", *measure_lines]
    texts = f"{title_en} {' '.join(english for english, _, _ in left.values())}"
    kinds = {fact: found for fact in left if (found := _period_kinds(texts, left[fact][2]))}
    period = next(iter(kinds), None)
    if period:
        how = f"[{', '.join(kinds[period])}]" if len(kinds[period]) > 1 else kinds[period][0]
        lines += _draft_column("period", "period", period, left.pop(period), [f"period: {how}"])
    areas = {fact: share for fact in left if (share := _area_share(left[fact][2])) >= ALIKE}
    area = max(areas, key=lambda fact: (areas[fact], _has_codes(left[fact][2])), default=None)
    if area:
        lines += _draft_column("area", "area", area, left.pop(area), [])
    else:
        lines.append("      area: {kind: area, constant: W92000004}   # no column says where: all of Wales?")
    taken = {"measure", "period", "area", "value", "notes", "note_codes"}
    for fact, (english, welsh, members) in left.items():
        if fact in areas:
            continue  # the same areas again, by name beside by code
        role = _unused(slug(english) or "column", taken)
        taken.add(role)
        fields, values = ["closed: false"], []
        if "age" in _words(english) and _age_share(members) >= ALIKE and len(members) > LISTED:
            fields.append("ages: true")
        elif 0 < len(members) <= LISTED:
            fields, values = [], _draft_values(members)
        lines += _draft_column(role, "breakdown", fact, (english, welsh, members), fields, values)
    return "\n".join([*lines, ""])


def add_entry(text: str, file: Path = DATASETS) -> None:
    """Put a drafted entry into the registry file, at the end of its sections.

    Args:
        text: What `draft` wrote.
        file: The registry file.

    Raises:
        RegistryError: The file would not be a registry any more, e.g. because it has the key already.
    """
    places = _Places(file)
    sections = re.split(r"^(?=measures:|datasets:)", text, flags=re.MULTILINE)
    whole = places.text
    for name in ("datasets", "measures"):  # from the end of the file
        body = next(s for s in sections if s.startswith(f"{name}:")).partition("\n")[2].rstrip("\n")
        node = places.node(name)
        if node is None:
            whole = f"{whole.rstrip()}\n{name}:\n{body}\n"
        else:
            at = _line_end(places.text, node)
            whole = f"{whole[:at]}\n{body}{whole[at:]}"
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        trial.write_text(whole, encoding="utf-8")
        read_registry(trial)
    replace_text(file, whole if whole.endswith("\n") else f"{whole}\n")


def _draft_column(
    role: str,
    kind: str,
    fact: str,
    column: tuple[str, str, Members],
    fields: Sequence[str],
    values: Sequence[str] = (),
) -> list[str]:
    english, welsh, _ = column
    head = [f"kind: {kind}", *fields, f"names: {_flow([english])}", f"name_cy: {_scalar(welsh)}"]
    head.append(f"fact_column: {_scalar(fact)}")
    return [f"      {role}:", *(f"        {line}" for line in head), *(["        values:"] if values else []), *values]


def _draft_values(members: Members, more: Mapping[str, str] | None = None) -> list[str]:
    keys: set[str] = set()
    lines = []
    totals = [code for code, labels in members.items() if TOTALS.match(normalise(labels[0] or labels[1]))]
    for code, (english, welsh) in members.items():
        total = not more and totals == [code]
        key = _unused("all" if total else slug(english or welsh) or f"code_{slug(code)}", keys)
        keys.add(key)
        parts = [f"en: {_scalar(english or welsh or code)}", f"cy: {_scalar(welsh or english or code)}"]
        parts += [f"code: {_scalar(code, True)}", *(["is_total: true"] if total else [])]
        parts += [f"measure_key: {more[code]}"] if more else []
        lines.append(f"          {_scalar(key)}: {{{', '.join(parts)}}}")
    return lines


def _draft_measure(
    key: str, title_en: str, title_cy: str, fact: str, column: tuple[str, str, Members]
) -> tuple[dict[str, tuple[str, str, str]], list[str]]:
    """The measures that the data descriptions are, and the lines of their column."""
    members = column[2]
    if len(members) > LISTED:
        fields = [f"otherwise: {{measure_key: {key}, breakdown: description}}", "closed: false"]
        return {key: (title_en, title_cy, _unit(title_en))}, _draft_column("measure", "measure", fact, column, fields)
    measures: dict[str, tuple[str, str, str]] = {}
    of: dict[str, str] = {}
    for code, (english, welsh) in members.items():
        one = len(members) == 1
        name = key if one else _unused(f"{key}_{slug(english or welsh)}", set(measures))
        label_en, label_cy = english or welsh or code, welsh or english or code
        titles = (title_en, title_cy) if one else (f"{title_en}: {label_en}", f"{title_cy}: {label_cy}")
        measures[name] = (*titles, _unit(f"{label_en} {title_en if one else ''}"))
        of[code] = name
    return measures, _draft_column("measure", "measure", fact, column, [], _draft_values(members, of))


def _unit(text: str) -> str:
    """The unit that a wording speaks of."""
    folded = normalise(text)
    per = re.search(r"\bper ([\d,]+)", folded)
    if per or re.search(r"\brate\b", folded):
        return f"unit: rate, rate_base: {per[1].replace(',', '') if per else 10000}"
    if "%" in folded or "percent" in folded or "per cent" in folded:
        return "unit: percent"
    if "£" in folded:
        return "unit: gbp" + (", scale: 1000" if "thousand" in folded or "000" in folded else "")
    for word, unit in (("household", "households"), ("child", "children"), ("people", "people"), ("day", "days")):
        if word in folded:
            return f"unit: {unit}"
    return "unit: count"


def _period_kinds(texts: str, members: Members) -> list[PeriodKind]:
    """The kinds of period that together read all members; none where it is no column of periods."""
    folded = normalise(texts)
    first: list[PeriodKind] = ["financial_year_end"] if "31 march" in folded else []
    first += ["mid_year"] if "mid-year" in folded or "population" in folded else []
    # School years are written 2023/24, financial years 2023-24.
    if members and all(re.fullmatch(r"\d{4}/\d{2}", (en or cy or "").strip()) for en, cy in members.values()):
        first += ["school_year"]
    waiting = dict(members)
    found: list[PeriodKind] = []
    for kind in (*first, *_KINDS):
        if kind in YEAR_KINDS and YEAR_KINDS & set(found):
            continue
        read = [code for code, (english, welsh) in waiting.items() if read_period([kind], english or welsh, code, None)]
        if read:
            found.append(kind)
            waiting = {code: labels for code, labels in waiting.items() if code not in read}
    return found if members and not waiting else []


def _area_share(members: Members) -> float:
    aliases = load_aliases()
    known = sum(area_key(aliases, labels[0], code) is not None for code, labels in members.items())
    return known / len(members) if members else 0.0


def _has_codes(members: Members) -> bool:
    return any(GSS.match(code.lower()) for code in members)


def _age_share(members: Members) -> float:
    known = sum(age_key(labels[0]) is not None for labels in members.values())
    return known / len(members) if members else 0.0


# -- editing YAML that people wrote ----------------------------------------------------------------------------


class _Places:
    """Where things stand in a registry file."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.root = yaml.compose(self.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def node(self, *place: str) -> yaml.Node | None:
        """The value at a place."""
        found: yaml.Node | None = self.root
        for part in place:
            found = _value(found, part)
        return found

    def of(self, *place: str) -> int | None:
        """The line of a key; None where it does not stand there."""
        above = self.node(*place[:-1])
        for key, _ in above.value if isinstance(above, yaml.MappingNode) else []:
            if key.value == place[-1]:
                return int(key.start_mark.line) + 1
        return None


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


class _Edit:
    """Edits of one entry in the text of the registry file: the least that does it, all comments kept."""

    def __init__(self, path: Path, dataset: Dataset) -> None:
        self.path, self.dataset = path, dataset
        self.places = _Places(path)
        self.text = self.places.text
        self.entry = ("datasets", dataset.key)
        self.edits: list[tuple[int, int, str]] = []
        self._lists: dict[tuple[int, str], tuple[yaml.MappingNode, list[str]]] = {}
        """What goes into lists, by the mapping that they stand in and their name."""
        self._instead: dict[str, dict[str, str]] = {}
        """By role: what an entry says in place of the bare name of a shared column."""

    def add_title(self, title: str) -> None:
        self._into_list(self.places.node(*self.entry), "titles", [title])

    def add_name(self, role: str, name: str) -> None:
        node = self.places.node(*self.entry, "columns", role)
        column = self.dataset.columns[role]
        if isinstance(node, yaml.ScalarNode):  # `area: local_authority`
            self._instead.setdefault(role, {})["names"] = _flow([*column.names, name])
        elif _value(node, "names") is None:  # `use:` with the shared names
            self._into_list(node, "names", [*column.names, name])
        else:
            self._into_list(node, "names", [name])

    def add_members(self, role: str, members: Mapping[str, tuple[str | None, str | None]]) -> None:
        owner = self._owner(role, "values")
        keys = set(self.dataset.columns[role].values)
        made: list[tuple[str, str]] = []
        for code, (english, welsh) in members.items():
            is_total = bool(TOTALS.match(normalise(english or welsh))) and "all" not in keys
            key = "all" if is_total else _unused(slug(english or welsh) or f"code_{slug(code)}", keys)
            keys.add(key)
            total = ", is_total: true" if is_total else ""
            texts = {"en": english or welsh or code, "cy": welsh or english or code, "code": code}
            body = ", ".join(f"{name}: {_scalar(text, name == 'code')}" for name, text in texts.items())
            made.append((_scalar(key), f"{{{body}{total}}}"))
        values = _value(owner, "values")
        if isinstance(values, yaml.MappingNode) and values.value:
            self._into_mapping(values, made)
        elif isinstance(owner, yaml.MappingNode):
            inner = ", ".join(f"{key}: {body}" for key, body in made)
            if values is not None:
                self._replace(values, f"{{{inner}}}")
            elif owner.flow_style:
                self._into_mapping(owner, [("values", f"{{{inner}}}")])
            else:
                indent = " " * (owner.start_mark.column + 2)
                block = "".join(f"\n{indent}{key}: {body}" for key, body in made)
                self._into_mapping(owner, [("values", block)])

    def add_spellings(self, role: str, key: str, texts: Sequence[str]) -> None:
        known = self.dataset.columns[role].values[key].matches()
        new = list(dict.fromkeys(text for text in texts if normalise(text) not in known))
        member = _value(_value(self._owner(role, "values"), "values"), key)
        if new and member is not None:
            self._into_list(member, "also", new)

    def open_column(self, role: str) -> None:
        owner = self.places.node(*self.entry, "columns", role)
        closed = _value(owner, "closed")
        if closed is not None:
            self._replace(closed, "false")
        elif isinstance(owner, yaml.MappingNode):
            self._into_mapping(owner, [("closed", "false")])
        elif isinstance(owner, yaml.ScalarNode):
            self._instead.setdefault(role, {})["closed"] = "false"

    def add_column(self, english: str, welsh: str | None, fact: str, taken: set[str]) -> None:
        columns = self.places.node(*self.entry, "columns")
        role = _unused(slug(english) or "column", taken | {"measure", "period", "area"})
        body = f"{{kind: breakdown, names: {_flow([english])}, name_cy: {_scalar(welsh or english)}, "
        body += f"fact_column: {_scalar(fact)}, closed: false}}"
        if isinstance(columns, yaml.MappingNode):
            self._into_mapping(columns, [(role, body)])

    def done(self) -> tuple[str, str]:
        """The edited text, and the edit as a unified diff.

        Raises:
            RegistryError: The edit would not be a registry any more.
        """
        for role, fields in self._instead.items():
            node = self.places.node(*self.entry, "columns", role)
            if node is not None:
                self._replace(node, f"{{use: {node.value}, {', '.join(f'{k}: {v}' for k, v in fields.items())}}}")
        for (_, name), (mapping, texts) in self._lists.items():
            self._write_list(mapping, name, texts)
        text = self.text
        # From the end, so that what comes before stays where it was. Of several at one place, what is indented more
        # belongs to what stands before it, and so comes before what is indented less.
        order = sorted(enumerate(self.edits), key=lambda e: (e[1][0], -_indent(e[1][2]), e[0]), reverse=True)
        for _, (start, end, new) in order:
            text = text[:start] + new + text[end:]
        if text != self.text:
            with tempfile.TemporaryDirectory() as folder:
                trial = Path(folder) / self.path.name
                trial.write_text(text, encoding="utf-8")
                read_registry(trial, _beside(self.path))
        name = f"ingestion/statswales/{self.path.name}" if self.path == DATASETS else self.path.name
        diff = difflib.unified_diff(
            self.text.splitlines(keepends=True), text.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
        return text, "".join(line if line.endswith("\n") else f"{line}\n" for line in diff)

    # -- inside ------------------------------------------------------------------------------------------------

    def _owner(self, role: str, name: str) -> yaml.Node | None:
        """The mapping in which a column's field is written: its own, or the shared column that it uses."""
        own = self.places.node(*self.entry, "columns", role)
        if _value(own, name) is not None:
            return own
        used = own.value if isinstance(own, yaml.ScalarNode) else getattr(_value(own, "use"), "value", None)
        shared = self.places.node("columns", used) if used else None
        return shared if _value(shared, name) is not None else own

    def _replace(self, node: yaml.Node, new: str) -> None:
        self.edits.append((node.start_mark.index, node.end_mark.index, new))

    def _into_list(self, mapping: yaml.Node | None, name: str, texts: Sequence[str]) -> None:
        if isinstance(mapping, yaml.MappingNode):
            _, waiting = self._lists.setdefault((id(mapping), name), (mapping, []))
            waiting += [text for text in texts if text not in waiting]

    def _write_list(self, mapping: yaml.MappingNode, name: str, texts: Sequence[str]) -> None:
        node = _value(mapping, name)
        if not isinstance(node, yaml.SequenceNode):
            self._into_mapping(mapping, [(name, _flow(texts))])
        elif node.flow_style:
            at = node.end_mark.index - 1
            inner = ", ".join(_scalar(text) for text in texts)
            self.edits.append((at, at, f", {inner}" if node.value else inner))
        else:
            at = _line_end(self.text, node)
            indent = " " * node.start_mark.column
            self.edits.append((at, at, "".join(f"\n{indent}- {_scalar(text)}" for text in texts)))

    def _into_mapping(self, mapping: yaml.MappingNode, pairs: Sequence[tuple[str, str]]) -> None:
        if mapping.flow_style:
            at = mapping.end_mark.index - 1
            inner = ", ".join(f"{key}: {body}" for key, body in pairs)
            self.edits.append((at, at, f", {inner}" if mapping.value else inner))
        else:
            at = _line_end(self.text, mapping)
            indent = " " * mapping.start_mark.column
            lines = (f"\n{indent}{key}:{'' if body.startswith(chr(10)) else ' '}{body}" for key, body in pairs)
            self.edits.append((at, at, "".join(lines)))


def _line_end(text: str, node: yaml.Node) -> int:
    """The end of the line on which the last thing in a node stands, a comment behind it included."""
    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    end = text.find("\n", max(last.end_mark.index - 1, last.start_mark.index))
    return len(text) if end < 0 else end


def _indent(inserted: str) -> int:
    return len(inserted) - len(inserted.lstrip()) if inserted.startswith("\n") else 0


def _unused(key: str, taken: set[str]) -> str:
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    return found


def _scalar(text: str, quoted: bool = False) -> str:
    """A text as YAML inside a flow collection."""
    if quoted:
        return json.dumps(text, ensure_ascii=False)
    return yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=10**6).strip()[1:-1]


def _flow(texts: Sequence[str]) -> str:
    return f"[{', '.join(_scalar(text) for text in texts)}]"


def replace_text(path: Path, text: str) -> None:
    """Write an edited registry file, whole or not at all.

    Args:
        path: The file.
        text: What it is to say.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
