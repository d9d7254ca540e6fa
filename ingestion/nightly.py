"""The stages of a night, as plain functions. The DAG, the command line and the tests call these and nothing else.

A stage takes a `Run`, reads what earlier stages wrote into the run's folder, does its part, and writes what it found.
Running a stage again is safe: what is already done is found done.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pydantic import BaseModel

from ingestion import report as reporting
from ingestion.config import LIVE_URL, Settings
from ingestion.errors import BuildError, GofalError, LakeError
from ingestion.lake import Lake, LoadRecord, Outcome, utc_now
from ingestion.lock import WriterLease
from ingestion.runs import RunFolder
from ingestion.statswales.registry import Dataset, load_registry, with_exports

if TYPE_CHECKING:
    from ingestion.publish import Publication
    from ingestion.statswales.client import StatsWalesClient
    from ingestion.transform import Build


P = ParamSpec("P")
R = TypeVar("R")


class Params(BaseModel):
    """What a run may be asked for; the DAG's params are these."""

    datasets: list[str] = []
    """Registry keys; empty means all."""
    dataset_ids: dict[str, str] = {}
    """Other ids than those the registry pins, for another deployment of StatsWales: ``{key: uuid}``."""
    force: bool = False
    """Fetch, build and publish although nothing changed."""
    verify: bool = False
    """Re-hash every dataset, not only tonight's slice."""
    as_of: datetime | None = None
    """Build what was known at this moment; such a build is kept but does not become current."""


class Run:
    """One run: its settings, its parameters and its folder."""

    def __init__(self, run_id: str, params: Params | None = None, settings: Settings | None = None) -> None:
        """Name a run; nothing is read or written yet.

        Args:
            run_id: Airflow's run id, or one of ours. Characters that a path should not have are replaced.
            params: What is asked for.
            settings: From the environment by default.
        """
        self.settings = settings or Settings()
        self.params = params or Params()
        self.run_id = re.sub(r"[^A-Za-z0-9_.-]+", "-", run_id)
        self.folder = RunFolder(path=self.settings.runs / self.run_id)

    @property
    def entries(self) -> dict[str, Dataset]:
        """The whole registry, with this run's ids and those that `discover` found by title and was told to take."""
        entries = load_registry(self.params.dataset_ids)
        document = self.folder.read("discover") or {}
        for key, uuid in document.get("found_ids", {}).items():
            if key in entries and entries[key].uuid is None and document["decisions"].get(key) != "found":
                entries[key] = entries[key].model_copy(update={"uuid": uuid})
        return entries

    @property
    def registry(self) -> dict[str, Dataset]:
        """Of those, only the datasets that the run was asked for."""
        entries = self.entries
        unknown = sorted(set(self.params.datasets) - set(entries))
        if unknown:
            raise ValueError(f"no dataset {', '.join(unknown)} in datasets.yml; known: {', '.join(entries)}")
        return {k: d for k, d in entries.items() if not self.params.datasets or k in self.params.datasets}

    @cached_property
    def lake(self) -> Lake:
        """The lake of this run's kind of data."""
        return Lake.open(self.settings.lake_url, self.settings.lake_kind)

    @contextlib.contextmanager
    def client(self) -> Iterator[StatsWalesClient]:
        """A StatsWales client, on the stand-in server where the sample is asked for and no address is given."""
        from ingestion.statswales.budget import Budget
        from ingestion.statswales.client import StatsWalesClient

        with api_url(self.settings) as (url, limited):
            path = self.settings.root / f"requests-{hashlib.sha256(url.encode()).hexdigest()[:8]}.json"
            budget = Budget(path, self.settings.requests_per_minute) if limited else None
            yield StatsWalesClient(url, budget=budget, settings=self.settings)

    def lease(self) -> WriterLease:
        """The writer's lease for this run."""
        return WriterLease(self.settings.root, self.run_id, wait=self.settings.lock_wait)


@contextlib.contextmanager
def api_url(settings: Settings) -> Iterator[tuple[str, bool]]:
    """The address of the v2 API that this run pulls from, and whether requests to it are to be counted.

    Without an address of its own the sample comes from the stand-in server, started here on a free loopback port and
    stopped afterwards. Our own server needs no budget; every other one gets it.
    """
    if settings.statswales_url:
        yield settings.statswales_url.rstrip("/"), settings.count_requests
    elif settings.source == "live":
        yield LIVE_URL, True
    else:
        from ingestion.sample.generate import build_sample

        with build_sample(settings.sample_release, rate_limit=None) as server:
            yield server.url, False


def stage(function: Callable[Concatenate[Run, P], R]) -> Callable[Concatenate[Run, P], R]:
    """Keep what a stage raised in the run's folder, for the report, whichever process the stage ran in."""

    @functools.wraps(function)
    def kept(run: Run, *args: P.args, **kwargs: P.kwargs) -> R:
        name = " ".join([function.__name__, *(str(a) for a in args)])
        try:
            result = function(run, *args, **kwargs)
        except Exception as error:
            told = error if isinstance(error, GofalError) else _unforeseen(name, error)
            with contextlib.suppress(OSError):  # the disk may be what failed
                run.folder.write(f"errors/{name}", _told_error(name, told))
            raise
        (run.folder.path / "errors" / f"{name}.json").unlink(missing_ok=True)
        return result

    return kept  # type: ignore[return-value]  # functools.wraps names the first parameter


# -- the stages ------------------------------------------------------------------------------------------------


@stage
def discover(run: Run) -> list[str]:
    """Find which datasets to land.

    Returns:
        Registry keys: changed, never loaded, missing from the list, or in tonight's re-hash slice.

    Raises:
        FetchError: The catalogue did not answer. Nothing is landed; what is published stays.
    """
    from ingestion.statswales import extract

    started = time.monotonic()
    run.folder.write("run", {"run_id": run.run_id, "started_at": utc_now().isoformat(), **_told(run)})
    with run.client() as client:
        found = extract.discover(
            client,
            run.lake,
            run.registry,
            force=run.params.force,
            verify=run.params.verify,
            slices=run.settings.rehash_slices,
            today=utc_now().date(),
            accept_found=run.settings.source == "sample",  # a catalogue of our own
        )
    document = {**found.model_dump(mode="json"), "seconds": round(time.monotonic() - started, 2)}
    run.folder.write("discover", document)
    return found.to_land


@stage
def land(run: Run, key: str) -> LoadRecord:
    """Fetch one dataset, keep its bytes and type them into a batch.

    Returns:
        The record; its outcome is set where there is nothing to judge (unchanged, withdrawn).

    Raises:
        FetchError: After every retry. It is on record; the run goes on with the other datasets and then fails.
    """
    from ingestion.statswales import extract

    decision = (run.folder.read("discover") or {}).get("decisions", {}).get(key, "changed")
    started = time.monotonic()
    try:
        with run.client() as client:
            record = extract.land_dataset(
                run.registry[key], client, run.lake, run_id=run.run_id, decision=decision, force=run.params.force
            )
    except (GofalError, OSError) as error:
        told = error if isinstance(error, GofalError) else _unforeseen(f"land {key}", error)
        record = _failed(run, key, told)
        with contextlib.suppress(OSError):  # the disk may be what failed
            run.lake.record(record)
            run.folder.write(f"land/{key}", record)
        raise
    record.seconds = round(time.monotonic() - started, 2)
    if record.outcome is not None:
        run.lake.record(record)
    run.folder.write(f"land/{key}", record)
    return record


@stage
def receive_returns(run: Run) -> int:
    """Land what is in the inbox of returns.

    Returns:
        How many submissions wait to be judged.
    """
    from ingestion.returns import inbox
    from ingestion.returns.judging import Judge

    settings = run.settings
    with _returns_lock(run):
        quiet = settings.inbox_quiet
        if settings.source == "sample" and settings.bundled_returns:
            from ingestion.sample.inbox import lay_out

            quiet = 0.0 if lay_out(run.lake, settings.inbox_url, settings.sample_release) else quiet
        inbox.receive(run.lake, settings.inbox_url, quiet=quiet)
        return len(Judge(run.lake).waiting())


@stage
def judge_returns(run: Run) -> dict[str, int]:
    """Judge what waits, answer it, and clear the inbox of what is on record.

    Returns:
        How many submissions there are of each outcome.
    """
    from ingestion.returns import inbox
    from ingestion.returns.judging import Judge

    started = time.monotonic()
    with _returns_lock(run):
        judge = Judge(run.lake)
        with inbox.Outbox(run.lake, run.settings.outbox_url) as outbox:
            judged = judge.judge(judge.waiting(), run.folder.path / "data_docs_returns", answer=outbox.answer)
        inbox.tidy(run.lake, run.settings.inbox_url)
    outcomes: dict[str, int] = dict(Counter(str(one.judgement.outcome) for one in judged))
    told = [
        {
            **one.judgement.model_dump(mode="json", exclude=NOT_TOLD),
            "submission_id": one.receipt.submission_id,
            "received_at": one.receipt.received_at.isoformat(),
            "answer": one.answer,
        }
        for one in judged
    ]
    document = {"outcomes": outcomes, "submissions": told, "seconds": round(time.monotonic() - started, 2)}
    run.folder.write("returns", document)
    return outcomes


NOT_TOLD = {"cells", "quarantined", "problems", "prepared_by", "certified_by", "audit_reference", "reason"}
"""Of a submission, what a run's folder does not repeat: where its tables are, and what names an officer."""


def returns(run: Run) -> dict[str, int]:
    """Both in turn; see `judge_returns`."""
    receive_returns(run)
    return judge_returns(run)


@contextlib.contextmanager
def _returns_lock(run: Run) -> Iterator[None]:
    """Two runs at once take turns: a file is received once, a submission is judged once."""
    from filelock import FileLock

    run.settings.root.mkdir(parents=True, exist_ok=True)
    with FileLock(run.settings.root / "returns.lock"):
        yield


@stage
def check(run: Run) -> dict[str, str]:
    """Judge every batch that was landed, in one task (Great Expectations takes seconds to import).

    A check that itself breaks says nothing about the data: that load is on record as failed, neither accepted nor
    quarantined, and the run fails; the other datasets go on.

    Returns:
        Outcomes by registry key.
    """
    records = [LoadRecord.model_validate(r) for r in run.folder.read_all("land").values()]
    for record in records:
        if record.kind in ("document", "import") and record.outcome is None:
            record.outcome = Outcome.ACCEPTED  # its import has refused whatever it could not read
            run.folder.write(f"check/{record.source_key}", record)
    waiting = [r for r in records if r.outcome is None]
    judged: list[LoadRecord] = []
    if waiting:
        from expectations.checks import CheckErrored, judge

        started = time.monotonic()
        entries = with_exports(run.entries)
        with contextlib.suppress(CheckErrored):  # on record as failed; the report tells it, and the others go on
            judge(waiting, run.lake, entries, docs_dir=run.folder.path / "data_docs")
        judged = waiting
        run.folder.write("check_timing", {"seconds": round(time.monotonic() - started, 2), "batches": len(judged)})
    for record in judged:
        if record.outcome is Outcome.FAILED:
            run.lake.record(record)
        run.folder.write(f"check/{record.source_key}", record)
    return {r.source_key: str(r.outcome) for r in judged}


@stage
def accept(run: Run) -> dict[str, str]:
    """Move accepted batches to ``raw/``, refused ones to quarantine, and commit both to the manifest.

    Returns:
        Outcomes by registry key.
    """
    done = run.folder.read_all("raw")
    outcomes = {}
    for key, document in run.folder.read_all("check").items():
        record = LoadRecord.model_validate(document)
        if key not in done and record.outcome is not None and record.outcome is not Outcome.FAILED:
            record = run.lake.accept(record) if record.outcome.accepted else run.lake.quarantine(record)
            run.folder.write(f"raw/{key}", record)
        outcomes[key] = str(record.outcome)
    return outcomes


@stage
def build(run: Run) -> Build:
    """Freeze the lake and build the warehouse, unless the published one has the same inputs.

    Raises:
        BuildError: dbt failed; nothing will be published.
    """
    from ingestion import publish as publishing
    from ingestion import transform
    from ingestion.returns.store import ReturnStore

    if not run.lake.vintages() and not ReturnStore(run.lake).receipts():
        raise BuildError(
            "There is nothing to build from: the lake has no accepted load yet. See why above, and run again.",
            "Nid oes dim i adeiladu ohono: nid oes llwyth a dderbyniwyd yn y llyn data eto. Gweler pam uchod, "
            "a rhedwch eto.",
            code="lake_empty",
        )
    lease = run.lease()
    lease.acquire()
    try:
        made = transform.build(
            run.settings,
            run.lake,
            run.entries,
            as_of=run.params.as_of,
            force=run.params.force,
            current=publishing.current_manifest(run.settings),
        )
        run.folder.write("build", made)
    except BaseException:
        lease.release()
        raise
    if made.skipped or made.as_of:
        lease.release()
    else:
        lease.hand_over()
    return made


@stage
def publish(run: Run) -> Publication | None:
    """Publish the run's build, if it made one.

    Returns:
        The publication; None where there was nothing to publish.

    Raises:
        PublishError: Publishing refuses (held, older, mixed, lease lost).
    """
    from ingestion import publish as publishing
    from ingestion.transform import Build

    document = run.folder.read("build")
    if document is None or document["skipped"] or document["as_of"]:
        return None
    lease = run.lease()
    lease.acquire()
    try:
        made = publishing.publish(
            run.settings, Build.model_validate(document), data_docs=_data_docs(run), force=run.params.force
        )
        run.folder.write("publish", made)
    finally:
        lease.release()
    return made


def report(run: Run, ended: str | None = None) -> reporting.Report:
    """Write the run's report, tell the webhook where one is set, and give the lease back.

    Args:
        run: The run.
        ended: Why the run ended early, where no stage could say so itself.

    Returns:
        The report; its ``exit_code`` is 0, 1 (a fetch failed, the rest is published) or 2 (nothing published).
    """
    run.lease().release()
    made = reporting.make(run.settings, run.folder, run.registry, ended)
    reporting.write(made, run.folder)
    reporting.notify(run.settings, made)
    return made


def run_all(run: Run) -> reporting.Report:
    """Every stage in turn, in this process, as the DAG wires them: one failing dataset never stops the others."""
    with contextlib.suppress(Exception):  # each is on record, and the report tells it
        for key in discover(run):
            with contextlib.suppress(Exception):
                land(run, key)
    with contextlib.suppress(Exception):
        returns(run)
    with contextlib.suppress(Exception):
        check(run)
        accept(run)
        build(run)
        publish(run)
    return report(run)


def begin_inbox(run: Run) -> None:
    """Write down that a run began that takes returns only."""
    run.folder.write("run", {"run_id": run.run_id, "started_at": utc_now().isoformat(), "is_inbox": True, **_told(run)})


def run_returns(run: Run) -> reporting.Report:
    """What `returns_inbox` does, in this process: the inbox, then build and publish what came of it."""
    begin_inbox(run)
    with contextlib.suppress(Exception):
        returns(run)
    with contextlib.suppress(Exception):
        build(run)
        publish(run)
    return report(run)


def _told_error(name: str, error: GofalError) -> dict[str, Any]:
    return {"stage": name, "code": error.code, "en": error.en, "cy": error.cy, "at": utc_now().isoformat()}


def _unforeseen(stage_name: str, error: Exception) -> GofalError:
    """What a person is told of an error that we did not foresee; a full disk has a remedy of its own."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return LakeError(
            f"{stage_name}: there is no room left to write {error.filename or 'a file'} ({error.strerror}). "
            "Nothing half-written counts. Make room and run again.",
            f"{stage_name}: nid oes lle ar ôl i ysgrifennu {error.filename or 'ffeil'} ({error.strerror}). "
            "Nid yw dim a hanner-ysgrifennwyd yn cyfrif. Gwnewch le a rhedwch eto.",
            code="disk_full",
        )
    said = f"{stage_name}: {type(error).__name__}: {error}"
    return GofalError(
        f"{said}. This was not foreseen; the log has the details. Run again, and report it if it stays.",
        f"{said}. Ni ragwelwyd hyn; mae’r manylion yn y log. Rhedwch eto, a rhowch wybod os yw’n parhau.",
        code="unforeseen",
    )


def _failed(run: Run, key: str, error: GofalError) -> LoadRecord:
    dataset = run.registry[key]
    moment = utc_now()
    record = LoadRecord(
        load_id=hashlib.sha256(f"{key}|{run.run_id}|{moment.isoformat()}".encode()).hexdigest()[:16],
        source_key=key,
        run_id=run.run_id,
        landed_at=moment,
        dataset_id=dataset.uuid,
        outcome=Outcome.FAILED,
        title_en=dataset.title_en,
        title_cy=dataset.title_cy,
    )
    record.add(error.code, "error", error.en, error.cy)
    return record


def _data_docs(run: Run) -> Path | None:
    """Data Docs of this run, or those that the last publication carried: a rebuild checks nothing anew."""
    mine = run.folder.path / "data_docs"
    if mine.is_dir():
        return mine
    last = run.settings.published / "current" / "data_docs"
    return last.resolve() if last.is_dir() else None


def _told(run: Run) -> dict[str, Any]:
    settings = run.settings
    return {
        "source": settings.source,
        "home": str(settings.root),
        "lake": settings.lake_url,
        "statswales_url": settings.statswales_url or (LIVE_URL if settings.source == "live" else None),
        "params": json.loads(run.params.model_dump_json()),
    }
