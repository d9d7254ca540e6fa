"""The lake: landed bytes, the load manifest and raw Parquet, under one fsspec URL.

What is in it, and what may happen to it:

``lake.json``
    The stamp: ``sample`` or ``real``, for good. A lake refuses the other kind.
``landing/sha256/ab/<sha256><suffix>``
    The exact bytes received, content-addressed. Written once, never changed.
``provenance/<source_key>/<time>_<load_id>.json``
    For each landing: URLs, parameters, when, response headers, sizes, hashes, licence, the previous hash.
``staged/<source_key>/<load_id>.parquet`` (and ``.members.parquet``)
    A typed batch that no check has judged yet.
``raw/<source_key>/<load_id>.parquet``, ``members/<source_key>/<load_id>.parquet``
    Accepted batches. One file a load.
``changes/<source_key>/<earlier load>_<later load>.parquet``, ``words/<source_key>/<load_id>.parquet``
    Worked out of accepted batches once and kept (``ingestion/changes.py``): may be deleted, and comes back.
``quarantine/<source_key>/<load_id>.parquet``
    Batches that were refused, whole.
``history/<source_key>.json``
    Every published revision of a source, held or not (``ingestion/statswales/history.py``).
``manifest/<source_key>/<time>_<load_id>_<outcome>.json``
    One small file an event. **This is the commit point**: a batch that no ``accepted`` event names does not exist,
    so whatever a killed process left behind is ignored and overwritten by the next run.

Every write is atomic in the way its store is: on a file system a temporary name, fsync, rename; elsewhere one object
put. Nothing here is ever deleted but what was staged.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Literal

import fsspec
from pydantic import BaseModel, ConfigDict

from ingestion.errors import LakeError

LakeKind = Literal["sample", "real"]
CHUNK = 1 << 20


class Outcome(StrEnum):
    """What became of one load. The names are those of ``accountability.load_history``."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    QUARANTINED = "quarantined"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def accepted(self) -> bool:
        """Whether the load's rows are current or history in the warehouse."""
        return self in (Outcome.ACCEPTED, Outcome.ACCEPTED_WITH_WARNINGS)


class Message(BaseModel):
    """Something to tell a person, in both languages."""

    code: str
    severity: Literal["info", "warning", "error"]
    en: str
    cy: str
    count: int | None = None
    rows: list[dict[str, Any]] = []
    """Up to the first 1,000 rows concerned: ``source_row`` and the values."""


class LandedFile(BaseModel):
    """One body as it was received."""

    role: str
    """``data``, ``note_codes``, ``filters_cy``, ``metadata``, ``export``…"""
    sha256: str
    bytes: int
    path: str
    """Relative to the lake's root."""
    url: str
    headers: dict[str, str] = {}


class LoadRecord(BaseModel):
    """One load, from landing to its outcome; one event of the manifest when it is recorded."""

    model_config = ConfigDict(extra="forbid")
    load_id: str
    source_key: str
    kind: Literal["statswales", "document", "export", "import", "return"] = "statswales"
    run_id: str
    landed_at: datetime
    known_from: datetime | None = None
    known_from_basis: Literal["published", "silent_change", "reinstated", "stated", "landed"] = "published"
    outcome: Outcome | None = None
    """None until the batch has been judged."""
    dataset_id: str | None = None
    revision_id: str | None = None
    revision_index: int | None = None
    previous_revision_id: str | None = None
    rows: int | None = None
    landed_sha256: str | None = None
    """SHA-256 of the data file, as each raw row carries it."""
    content_sha256: str | None = None
    """Over every landed body that the batch is made from."""
    previous_content_sha256: str | None = None
    files: list[LandedFile] = []
    staged_file: str | None = None
    raw_file: str | None = None
    members_file: str | None = None
    is_synthetic: bool = False
    backfilled: bool = False
    """Whether it is a past revision that was fetched after it had been superseded: it says nothing of what the source
    shows now."""
    title_en: str | None = None
    title_cy: str | None = None
    publisher_en: str | None = None
    publisher_cy: str | None = None
    licence: str | None = "Open Government Licence v3.0"
    designation: str | None = None
    url: str | None = None
    update_frequency: dict[str, Any] | None = None
    archived_at: datetime | None = None
    replaced_by: str | None = None
    last_updated_at: str | None = None
    """As the list gave it: the key by which the next night knows that nothing changed."""
    columns: dict[str, str] = {}
    """Role to the source's column name, and every unmapped column to itself."""
    fact_columns: dict[str, str] = {}
    """The source's English column name to its fact table column."""
    messages: list[Message] = []
    requests: int = 0
    seconds: float = 0.0

    def add(self, code: str, severity: Literal["info", "warning", "error"], en: str, cy: str, **more: Any) -> None:
        """Add a message."""
        self.messages.append(Message(code=code, severity=severity, en=en, cy=cy, **more))


class LakeStamp(BaseModel):
    """What ``lake.json`` holds."""

    kind: LakeKind
    created_at: datetime
    layout: int = 1


class Lake:
    """One lake. Safe for several processes: files are immutable or events, and nobody updates another's."""

    def __init__(self, url: str) -> None:
        """Point at a lake; nothing is read or written yet. Use `open` to stamp or verify it."""
        self.fs, self.root = fsspec.core.url_to_fs(url)
        self.root = self.root.rstrip("/")
        self.local = self.fs.protocol == "file" or "file" in self.fs.protocol
        self.url = url

    @classmethod
    def open(cls, url: str, kind: LakeKind) -> Lake:
        """Open a lake of this kind, stamping it if it is new.

        Raises:
            LakeError: The lake holds the other kind of data, or its location cannot be written.
        """
        lake = cls(url)
        stamp = lake.stamp()
        if stamp is None:
            lake.write_json("lake.json", LakeStamp(kind=kind, created_at=datetime.now(UTC)).model_dump(mode="json"))
            stamp = lake.stamp()
        if stamp is None or stamp.kind != kind:
            found = stamp.kind if stamp else "nothing"
            raise LakeError(
                f"The lake at {url} holds {found} data and this run brings {kind} data: a lake never mixes the two. "
                f"Use another GOFAL_HOME, or SOURCE={'sample' if found == 'sample' else 'live'}.",
                f"Mae’r llyn data yn {url} yn cynnwys data {found} ac mae’r rhediad hwn yn dod â data {kind}: "
                f"nid yw llyn data byth yn cymysgu’r ddau. Defnyddiwch GOFAL_HOME arall.",
                code="lake_kind",
                expected=kind,
                found=found,
            )
        return lake

    def stamp(self) -> LakeStamp | None:
        """The lake's stamp, or None where there is no lake yet."""
        found = self.read_json("lake.json")
        return LakeStamp.model_validate(found) if found else None

    # -- paths -------------------------------------------------------------------------------------------------

    def path(self, relative: str) -> str:
        """The full path, for DuckDB or fsspec, of a path relative to the lake's root."""
        return f"{self.root}/{relative}"

    def landing_path(self, sha256: str, suffix: str) -> str:
        """Where a body with this hash is kept, relative to the root."""
        return f"landing/sha256/{sha256[:2]}/{sha256}{suffix}"

    def exists(self, relative: str) -> bool:
        """Whether a file is there."""
        return bool(self.fs.exists(self.path(relative)))

    # -- atomic writes -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def scratch(self, suffix: str = "") -> Iterator[Path]:
        """A local temporary path, on the lake's own file system where it has one, removed afterwards.

        What is written there becomes part of the lake through `put` only.
        """
        if self.local:
            folder = Path(self.root) / "tmp"
            folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = Path(tempfile.gettempdir())
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex}{suffix}"
        try:
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    def put(self, local: Path, relative: str) -> None:
        """Move a finished local file into the lake, atomically: there under its name, whole, or not at all."""
        target = self.path(relative)
        if self.local:
            destination = Path(target)
            destination.parent.mkdir(parents=True, exist_ok=True)
            with local.open("rb+") as handle:
                os.fsync(handle.fileno())
            if local.stat().st_dev != destination.parent.stat().st_dev:  # another file system: rename would copy
                with self.scratch() as near:
                    shutil.copyfile(local, near)
                    self.put(near, relative)
                local.unlink()
                return
            local.replace(destination)
            _fsync_folder(destination.parent)
        else:
            self.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            self.fs.put_file(str(local), target)
            local.unlink()

    def write_json(self, relative: str, document: Any) -> None:
        """Write a small JSON document atomically."""
        with self.scratch(".json") as path:
            path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
            self.put(path, relative)

    def read_json(self, relative: str) -> Any:
        """Read a JSON document; None where there is none."""
        try:
            with self.fs.open(self.path(relative), "rb") as handle:
                return json.loads(handle.read())
        except FileNotFoundError:
            return None

    def open_read(self, relative: str) -> IO[bytes]:
        """Open a lake file for reading."""
        handle: IO[bytes] = self.fs.open(self.path(relative), "rb")
        return handle

    @contextlib.contextmanager
    def as_local(self, relative: str) -> Iterator[Path]:
        """A file of the lake as a local path: itself on a file system, a copy of it from elsewhere."""
        if self.local:
            yield Path(self.path(relative))
            return
        with self.scratch(Path(relative).suffix) as path:
            with self.open_read(relative) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
            yield path

    def land(
        self, local: Path, *, role: str, suffix: str, url: str, sha256: str, headers: dict[str, str]
    ) -> LandedFile:
        """Put received bytes into the content-addressed store.

        Args:
            local: The file as received; it is moved.
            role: What it is to its load (see `LandedFile`).
            suffix: ``.csv``, ``.json``, ``.xlsx``…
            url: Where it came from.
            sha256: Its hash, computed while it was received.
            headers: The response's headers.

        Returns:
            The record of it. Bytes that are already there, whole, are not written again.
        """
        size = local.stat().st_size
        relative = self.landing_path(sha256, suffix)
        if self.exists(relative) and self.fs.size(self.path(relative)) == size:
            local.unlink()
        else:
            self.put(local, relative)
        return LandedFile(role=role, sha256=sha256, bytes=size, path=relative, url=url, headers=headers)

    def verify(self, file: LandedFile) -> bool:
        """Whether landed bytes still have the hash they are filed under."""
        digest = hashlib.sha256()
        with self.open_read(file.path) as handle:
            while chunk := handle.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest() == file.sha256

    def write_provenance(self, record: LoadRecord) -> None:
        """Write what is known of a landing beside the bytes."""
        self.write_json(
            f"provenance/{record.source_key}/{_stamp(record.landed_at)}_{record.load_id}.json",
            record.model_dump(mode="json"),
        )

    def last_landing(self, source_key: str) -> LoadRecord | None:
        """What was landed last of a source, whether or not anybody has judged it since."""
        folder = self.path(f"provenance/{source_key}")
        try:
            names = [str(path).rsplit("/", 1)[1] for path in self.fs.ls(folder, detail=False)]
        except FileNotFoundError:
            return None
        last = max((name for name in names if name.endswith(".json")), default=None)
        if last is None:
            return None
        with self.fs.open(f"{folder}/{last}", "rb") as handle:
            return LoadRecord.model_validate_json(handle.read())

    # -- the manifest ------------------------------------------------------------------------------------------

    def record(self, record: LoadRecord) -> None:
        """Append one event to the manifest. After an ``accepted`` one the load counts; before it, it does not."""
        if record.outcome is None:
            raise ValueError(f"load {record.load_id} of {record.source_key} has no outcome yet")
        self.write_json(
            f"manifest/{record.source_key}/{_stamp(datetime.now(UTC))}_{record.load_id}_{record.outcome}.json",
            record.model_dump(mode="json"),
        )

    def records(self, source_key: str | None = None) -> list[LoadRecord]:
        """Every event, oldest first (by file name, so a clock that went back is seen as it was)."""
        folder = self.path(f"manifest/{source_key}" if source_key else "manifest")
        if not self.fs.exists(folder):
            return []
        found = []
        events = [str(path) for path in self.fs.find(folder) if str(path).endswith(".json")]
        for path in sorted(events, key=lambda p: p.rsplit("/", 1)[1]):
            with self.fs.open(path, "rb") as handle:
                found.append(LoadRecord.model_validate_json(handle.read()))
        return found

    def events(self, source_key: str) -> list[LoadRecord]:
        """The events of what a source showed as current, oldest first: backfilled revisions are left out.

        The last of them says what the next look is to be compared with.
        """
        return [r for r in self.records(source_key) if not r.backfilled]

    def last_event(self, source_key: str) -> LoadRecord | None:
        """The last of a source's `events`, or None: one listing and a file or two, however long its history."""
        folder = self.path(f"manifest/{source_key}")
        try:
            names = [str(path).rsplit("/", 1)[1] for path in self.fs.ls(folder, detail=False)]
        except FileNotFoundError:
            return None
        for name in sorted((name for name in names if name.endswith(".json")), reverse=True):
            with self.fs.open(f"{folder}/{name}", "rb") as handle:
                record = LoadRecord.model_validate_json(handle.read())
            if not record.backfilled:
                return record
        return None

    def vintages(self, source_key: str | None = None) -> list[LoadRecord]:
        """Accepted loads in the order in which they became known: by ``known_from``, then revision index.

        An event for each time that a load became current: one that was withdrawn and came back stands twice.
        """
        return vintages_of(self.records(source_key))

    def last_accepted(self, source_key: str) -> LoadRecord | None:
        """The current vintage of a source, or None."""
        vintages = self.vintages(source_key)
        return vintages[-1] if vintages else None

    # -- batches -----------------------------------------------------------------------------------------------

    def staged_path(self, source_key: str, load_id: str) -> str:
        """Where an unjudged batch is kept, relative to the root."""
        return f"staged/{source_key}/{load_id}.parquet"

    def raw_path(self, source_key: str, load_id: str) -> str:
        """Where an accepted batch is kept, relative to the root."""
        return f"raw/{source_key}/{load_id}.parquet"

    def members_path(self, source_key: str, load_id: str) -> str:
        """Where an accepted batch's dimension members are kept, relative to the root."""
        return f"members/{source_key}/{load_id}.parquet"

    def accept(self, record: LoadRecord) -> LoadRecord:
        """Move a judged batch to ``raw/`` and commit it to the manifest. Doing it twice is the same as once."""
        if record.outcome is None or not record.outcome.accepted:
            raise ValueError(f"load {record.load_id} was not accepted: {record.outcome}")
        raw = self.raw_path(record.source_key, record.load_id)
        members = self.members_path(record.source_key, record.load_id)
        self._move(record.staged_file, raw)
        self._move(_members_of(record.staged_file), members)
        record.raw_file = raw
        record.members_file = members if self.exists(members) else None
        record.staged_file = None
        self.record(record)
        return record

    def quarantine(self, record: LoadRecord) -> LoadRecord:
        """Move a refused batch to ``quarantine/`` and record why. The last good load stays current."""
        record.outcome = Outcome.QUARANTINED
        if record.staged_file:
            self._move(record.staged_file, f"quarantine/{record.source_key}/{record.load_id}.parquet")
            record.staged_file = None
        self.record(record)
        return record

    def _move(self, source: str | None, target: str) -> None:
        if source is None or not self.exists(source):
            return
        self.fs.makedirs(self.path(target).rsplit("/", 1)[0], exist_ok=True)
        if self.local:
            Path(self.path(source)).replace(self.path(target))
            _fsync_folder(Path(self.path(target)).parent)
        else:
            self.fs.mv(self.path(source), self.path(target))


def vintages_of(records: Iterable[LoadRecord]) -> list[LoadRecord]:
    """The vintages among events that were read already, as `Lake.vintages` orders them."""
    accepted = [r for r in records if r.outcome and r.outcome.accepted and r.known_from]
    accepted.sort(key=lambda r: (r.source_key, r.known_from or r.landed_at, r.revision_index or 0))
    # Two runs at once may both accept a load: standing next to itself it became current only once.
    return [r for before, r in zip([None, *accepted], accepted, strict=False) if not (before and _same(before, r))]


def _same(one: LoadRecord, other: LoadRecord) -> bool:
    return (one.source_key, one.load_id) == (other.source_key, other.load_id)


def _members_of(staged: str | None) -> str | None:
    return staged.removesuffix(".parquet") + ".members.parquet" if staged else None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load_id(source_key: str, revision_id: str | None, content_sha256: str) -> str:
    """Name a load by what it is: the same source, revision and bytes are the same load.

    Returns:
        16 hexadecimal characters.
    """
    return hashlib.sha256(f"{source_key}|{revision_id or ''}|{content_sha256}".encode()).hexdigest()[:16]


def utc_now() -> datetime:
    """Now, in UTC, to the microsecond. Tests replace the clock here."""
    return datetime.now(UTC)


def content_sha256(files: list[LandedFile]) -> str:
    """One hash over several landed bodies, in the order of their roles."""
    text = "\n".join(f"{f.role} {f.sha256}" for f in sorted(files, key=lambda f: f.role))
    return hashlib.sha256(text.encode()).hexdigest()
