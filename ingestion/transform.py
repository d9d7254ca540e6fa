"""Freeze the lake, then one ``dbt build`` into a fresh database.

The warehouse is a pure function of the frozen snapshot, the project's hash, the tools' versions and an as-of moment.
All four are hashed into ``inputs_hash``; a build is skipped only when the published one has the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ingestion.changes import change_id, changes, words
from ingestion.config import CHECKOUT, Settings
from ingestion.engine import exact
from ingestion.errors import BuildError
from ingestion.lake import Lake, LoadRecord, Outcome, utc_now
from ingestion.returns.snapshot import TABLES as RETURN_TABLES
from ingestion.runs import write_json
from ingestion.statswales.corrections import CORRECTIONS, load_corrections
from ingestion.statswales.corrections import rows as correction_rows
from ingestion.statswales.meanings import Meanings, Word, load_aliases, spellings
from ingestion.statswales.registry import Dataset, Measure, read_registry, with_exports

PROJECT = CHECKOUT / "dbt_project"
TOOLS = ("dbt-core", "dbt-duckdb", "duckdb")


class Snapshot(BaseModel):
    """A frozen list of what the lake held: what ``snapshot.json`` says."""

    snapshot_id: str
    as_of: datetime | None
    frozen_at: datetime
    newest_known_from: datetime | None
    lake_kind: str
    vintages: int
    loads: list[str]
    """``source_key/load_id@known_from`` of every vintage: what a later snapshot must contain too."""


class NodeResult(BaseModel):
    """One node of the build, from dbt's ``run_results.json``."""

    unique_id: str
    status: str
    seconds: float
    failures: int | None = None
    message: str | None = None


class Build(BaseModel):
    """One build and what it was made from."""

    build_id: str
    inputs_hash: str
    snapshot: Snapshot
    project_hash: str
    commit: str | None
    tools: dict[str, str]
    as_of: datetime | None
    database: str
    started_at: datetime
    seconds: float
    skipped: bool = False
    nodes: list[NodeResult] = []

    @property
    def warnings(self) -> list[NodeResult]:
        """Tests that warned: rows that a person should look at."""
        return [n for n in self.nodes if n.status == "warn"]


def freeze(
    lake: Lake,
    registry: Mapping[str, Dataset],
    folder: Path,
    *,
    as_of: datetime | None = None,
    now: datetime,
    measures: Mapping[str, Measure] | None = None,
    corrections: Path | None = None,
) -> Snapshot:
    """Write the snapshot that dbt reads (docs/design.md lists its files and columns).

    Args:
        lake: The lake.
        registry: Its entries say what the rows mean (``spellings``).
        folder: Where to write; created.
        as_of: Leave out vintages that became known later.
        now: The moment of freezing.
        measures: What is measured; by default the registry's.
        corrections: The file of known errors; by default ``corrections.yml``.

    Returns:
        What was frozen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    definitions = read_registry().measures if measures is None else measures
    vintages = [r for r in lake.vintages() if as_of is None or (r.known_from and r.known_from <= as_of)]
    rows = [
        {**record.model_dump(include=set(VINTAGE_COLUMNS)), "vintage_no": number, "known_to": None, "change_id": None}
        for _, of_source in itertools.groupby(vintages, key=lambda r: r.source_key)
        for number, record in enumerate(of_source, start=1)
    ]
    for earlier, later in itertools.pairwise(rows):
        if earlier["source_key"] == later["source_key"]:
            earlier["known_to"] = later["known_from"]
    files = _files(lake, vintages, rows)
    _parquet(folder / "vintages.parquet", VINTAGE_COLUMNS, rows)
    _parquet(folder / "files.parquet", dict.fromkeys(("relation", "source_key", "load_id", "path"), "string"), files)
    _parquet(folder / "loads.parquet", LOAD_COLUMNS, [_load_row(r) for r in _history(lake)])
    spelled = _spellings(lake, with_exports(registry), vintages, {k: m.scale for k, m in definitions.items()})
    _parquet(folder / "spellings.parquet", SPELLING_COLUMNS, spelled)
    _parquet(folder / "registry_columns.parquet", COLUMN_COLUMNS, list(_columns(registry)))
    _parquet(folder / "registry_measures.parquet", MEASURE_COLUMNS, list(_measures(definitions)))
    known_errors = correction_rows(load_corrections(corrections or CORRECTIONS, with_exports(registry)))
    # whether an error ever stood, and stands still, only a lake with all of its vintages can tell
    judged = [{**row, "is_judged": as_of is None} for row in known_errors]
    _parquet(folder / "corrections.parquet", CORRECTION_COLUMNS, judged)

    stamp = lake.stamp()
    loads = [f"{r['source_key']}/{r['load_id']}@{_iso(r['known_from'])}" for r in rows]
    loads += _freeze_returns(lake, folder, sample=bool(stamp and stamp.kind == "sample"), as_of=as_of, now=now)
    snapshot = Snapshot(
        snapshot_id=_hash(loads)[:16],
        as_of=as_of,
        frozen_at=now,
        newest_known_from=max((r["known_from"] for r in rows), default=None),
        lake_kind=stamp.kind if stamp else "sample",
        vintages=len(rows),
        loads=loads,
    )
    write_json(folder / "snapshot.json", snapshot.model_dump(mode="json"))
    return snapshot


def _freeze_returns(lake: Lake, folder: Path, *, sample: bool, as_of: datetime | None, now: datetime) -> list[str]:
    """Write what the snapshot has of returns, and the moment that it speaks of; say what a later one must contain."""
    from ingestion.returns import snapshot as returns
    from ingestion.returns.store import ReturnStore

    ledger = ReturnStore(lake).ledger(as_of)
    moment = returns.clock(ledger, sample=sample, as_of=as_of, now=now)
    for name, (columns, rows) in returns.tables(ledger, moment).items():
        _parquet(folder / f"{name}.parquet", columns, rows)
    returns.write_cells(lake, ledger, folder)
    # what is late today is later tomorrow: with returns on record, a day is an input of the build
    day = moment.date() if ledger.submissions else None
    _parquet(folder / "snapshot.parquet", SNAPSHOT_COLUMNS, [{"frozen_at": moment, "as_of": as_of, "day": day}])
    return returns.identities(ledger)


SNAPSHOT_COLUMNS = {"frozen_at": "timestamp", "as_of": "timestamp", "day": "date"}
VINTAGE_COLUMNS = {
    "source_key": "string",
    "load_id": "string",
    "vintage_no": "int64",
    "known_from": "timestamp",
    "known_to": "timestamp",
    "known_from_basis": "string",
    "revision_id": "string",
    "revision_index": "int64",
    "landed_at": "timestamp",
    "landed_sha256": "string",
    "is_synthetic": "bool",
    "title_en": "string",
    "title_cy": "string",
    "publisher_en": "string",
    "publisher_cy": "string",
    "licence": "string",
    "designation": "string",
    "url": "string",
    "kind": "string",
    "rows": "int64",
    "change_id": "string",
}
LOAD_COLUMNS = {
    "load_id": "string",
    "source_key": "string",
    "run_id": "string",
    "landed_at": "timestamp",
    "known_from": "timestamp",
    "outcome": "string",
    "rows": "int64",
    "landed_sha256": "string",
    "message_en": "string",
    "message_cy": "string",
    "is_synthetic": "bool",
}
SPELLING_COLUMNS = {
    "source_key": "string",
    "role": "string",
    "label": "string",
    "code": "string",
    "sort": "string",
    "member_key": "string",
    "measure_key": "string",
    "scale": "double",
    "area_code": "string",
    "period_kind": "string",
    "period_key": "string",
    "period_start": "date",
    "period_end": "date",
    "is_total": "bool",
    "is_whole": "bool",
    "breakdown": "string",
    "label_en": "string",
    "label_cy": "string",
    "cell_place": "int64",
}
COLUMN_COLUMNS = {"source_key": "string", "role": "string", "kind": "string", "rounding_base": "int64"}
MEASURE_COLUMNS = {
    "measure_key": "string",
    **dict.fromkeys(("official_code", "framework", "title_en", "title_cy", "definition_en", "definition_cy"), "string"),
    **dict.fromkeys(("population_definition_en", "population_definition_cy", "unit"), "string"),
    "rate_base": "int64",
    "scale": "int64",
    "rounding_base": "int64",
    "series_id": "string",
    "valid_from": "date",
    "valid_to": "date",
    "comparable_to_previous": "bool",
    "confidence": "string",
}
CORRECTION_COLUMNS = {
    **dict.fromkeys(("correction_id", "source_key", "measure_key", "area_code", "period_key", "breakdown"), "string"),
    **dict.fromkeys(("found", "action"), "string"),
    "new_value": "double",
    "factor": "double",
    **dict.fromkeys(("reason_en", "reason_cy", "status", "reported_on", "provider"), "string"),
    "is_judged": "bool",
}


def _files(lake: Lake, vintages: list[LoadRecord], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The Parquet files to read, and in each vintage's row the ``change_id`` by which its rows are found.

    A dataset of the service comes whole each time: its first vintage is read, then what each later one changed. What
    was superseded at the very moment at which it became known was never current to anybody: it is no step. An import
    of files replaces only the periods that they hold, so each is read as it is.
    """
    files: dict[str, dict[str, Any]] = {}
    before: dict[str, LoadRecord] = {}
    for record, row in zip(vintages, rows, strict=True):
        path: str | None = record.raw_file
        row["change_id"] = record.load_id
        if record.kind == "statswales":
            if row["known_to"] is not None and row["known_to"] <= row["known_from"]:
                row["change_id"] = None
                continue
            earlier = before.get(record.source_key)
            row["change_id"] = change_id(earlier, record)
            path = changes(lake, earlier, record) if earlier else record.raw_file
            before[record.source_key] = record
        if path:
            where = {"source_key": record.source_key, "load_id": record.load_id, "path": lake.path(path)}
            files.setdefault(path, {"relation": f"raw_{record.source_key}", **where})
    return list(files.values())


def _spellings(
    lake: Lake, entries: Mapping[str, Dataset], vintages: list[LoadRecord], scales: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Every spelling that stands in the frozen rows, and what it means."""
    import duckdb

    rows: list[dict[str, Any]] = []
    aliases = load_aliases()
    with contextlib.closing(duckdb.connect(":memory:")) as database:
        for key, of_source in itertools.groupby(vintages, key=lambda r: r.source_key):
            dataset = entries.get(key)
            if dataset is None:  # a document, or an entry that was taken out of the registry: nothing stages its rows
                continue
            loads = {r.load_id: r for r in of_source if r.raw_file}
            found: dict[str, set[Word]] = {}
            with contextlib.ExitStack() as held:
                said = [str(held.enter_context(lake.as_local(words(lake, dataset, r)))) for r in loads.values()]
                named = [
                    str(held.enter_context(lake.as_local(r.members_file)))
                    for r in loads.values()
                    if r.members_file and lake.exists(r.members_file)
                ]
                if not said:
                    continue
                if named:
                    # of several loads the newest that gives a label; one that is missing there is passed over
                    each = " UNION ALL BY NAME ".join(
                        f"SELECT *, {number} AS load_no FROM read_parquet({_list([path])})"
                        for number, path in enumerate(named)
                    )
                    labels = (
                        "(SELECT role, code, arg_max(label_en, load_no) AS label_en, "
                        f"arg_max(label_cy, load_no) AS label_cy FROM ({each}) GROUP BY role, code)"
                    )
                else:
                    labels = "(SELECT '' AS role, '' AS code, '' AS label_en, '' AS label_cy WHERE false)"
                query = (
                    "SELECT DISTINCT w.role, w.label, w.code, w.sort, m.label_en, m.label_cy FROM "
                    f"read_parquet({_list(said)}) AS w LEFT JOIN {labels} AS m ON m.role = w.role AND m.code = w.code"
                )
                for role, *word in database.execute(query).fetchall():
                    label, code, sort, en, cy = word
                    found.setdefault(role, set()).add((label, code, sort, en or label, cy))
            rows += [dataclasses.asdict(s) for s in spellings(Meanings(dataset, aliases, scales), found)]
    return rows


def _list(paths: list[str]) -> str:
    return f"[{', '.join(map(exact, paths))}]"


def _history(lake: Lake) -> list[LoadRecord]:
    """Every event but the checks that found nothing new: those stay in the manifest, and cause no build."""
    return [r for r in lake.records() if r.outcome is not Outcome.UNCHANGED]


def _load_row(record: LoadRecord) -> dict[str, Any]:
    told = [m for m in record.messages if m.severity != "info"] or record.messages
    return {
        **record.model_dump(include=set(LOAD_COLUMNS) - {"outcome"}),
        "outcome": str(record.outcome),
        "message_en": " ".join(m.en for m in told) or None,
        "message_cy": " ".join(m.cy for m in told) or None,
    }


def _columns(registry: Mapping[str, Dataset]) -> Iterator[dict[str, Any]]:
    for dataset in with_exports(registry).values():
        for role, column in dataset.columns.items():
            yield {
                "source_key": dataset.key,
                "role": role,
                "kind": column.kind,
                "rounding_base": dataset.rounding_base,
            }


def _measures(definitions: Mapping[str, Measure]) -> Iterator[dict[str, Any]]:
    for key, measure in definitions.items():
        yield {
            **measure.model_dump(include=set(MEASURE_COLUMNS)),
            "measure_key": key,
            "series_id": measure.series_id or key,
        }


def _parquet(path: Path, columns: Mapping[str, str], rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "money": pa.decimal128(18, 2),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    plain = [{name: _plain(row.get(name)) for name in columns} for row in rows]
    temporary = path.with_suffix(".tmp")
    pq.write_table(pa.Table.from_pylist(plain, schema=schema), temporary)
    temporary.replace(path)


def _plain(value: Any) -> Any:
    """A UTC timestamp without its zone, as every timestamp in the warehouse is."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _iso(value: datetime | None) -> str:
    return value.astimezone(UTC).isoformat() if value else ""


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def project_hash() -> str:
    """Hash the code that turns the lake into marts: the dbt project, this module and the registry."""
    files = [
        p
        for p in sorted(PROJECT.rglob("*"))
        if p.is_file()
        and p.suffix in {".sql", ".yml", ".csv", ".md"}
        and not {"target", "logs", "dbt_packages"} & set(p.relative_to(PROJECT).parts)
    ]
    own = ("publish.py", "changes.py", "returns/snapshot.py", "returns/store.py")
    files += [Path(__file__), *(CHECKOUT / "ingestion" / name for name in own)]
    return _hash([f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files])


def inputs_hash(folder: Path, *, as_of: datetime | None) -> str:
    """Hash everything that a mart depends on.

    Args:
        folder: A frozen snapshot.
        as_of: The as-of moment, if one was asked for.
    """
    import pyarrow.parquet as pq

    parts = [project_hash(), json.dumps(tool_versions(), sort_keys=True), _iso(as_of)]
    for name in ("vintages", "loads", "spellings", "registry_columns", "registry_measures", "corrections"):
        rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
        parts.append(json.dumps(rows, sort_keys=True, default=str))
    for name in RETURN_TABLES:
        path = folder / f"{name}.parquet"
        parts.append(json.dumps(pq.read_table(path).to_pylist(), sort_keys=True, default=str))
    parts.append(str(pq.read_table(folder / "snapshot.parquet", columns=["day"]).to_pylist()))
    return _hash(parts)


def tool_versions() -> dict[str, str]:
    """Versions of the tools that a build's rows could depend on."""
    return {name: importlib.metadata.version(name) for name in TOOLS}


def commit() -> str | None:
    """The checkout's commit, ``+changes`` where the tree differs from it; None outside a repository."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+changes", "--exclude=*"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


def build(
    settings: Settings,
    lake: Lake,
    registry: Mapping[str, Dataset],
    *,
    as_of: datetime | None = None,
    force: bool = False,
    current: Mapping[str, Any] | None = None,
) -> Build:
    """Freeze the lake and build the warehouse from it.

    Args:
        settings: Where things live.
        lake: The lake.
        registry: The dataset registry.
        as_of: Build what was known at this moment.
        force: Build even where nothing would change.
        current: The published manifest, to know what nothing-changed means.

    Returns:
        The build; ``skipped`` where the published one has the same inputs.

    Raises:
        BuildError: dbt failed, or a test on a model did. The build's folder keeps dbt's log and results.
    """
    started = utc_now()
    build_id = started.strftime("%Y%m%dT%H%M%S%fZ")
    folder = settings.builds / build_id
    # what submitters wrote, before rounding and suppression, is in here: for the account that builds, and no other
    folder.mkdir(parents=True, exist_ok=True)
    settings.builds.chmod(0o700)
    snapshot = freeze(lake, registry, folder / "snapshot", as_of=as_of, now=started)
    build = Build(
        build_id=build_id,
        inputs_hash=inputs_hash(folder / "snapshot", as_of=as_of),
        snapshot=snapshot,
        project_hash=project_hash(),
        commit=commit(),
        tools=tool_versions(),
        as_of=as_of,
        database=str(folder / "gofal.duckdb"),
        started_at=started,
        seconds=0.0,
    )
    if current and not force and current.get("inputs_hash") == build.inputs_hash:
        shutil.rmtree(folder)
        build.skipped = True
        return build
    if as_of is None:
        point(settings.snapshot, folder / "snapshot")
    began = time.monotonic()
    build.nodes = run_dbt(settings, folder)
    build.seconds = round(time.monotonic() - began, 2)
    write_json(folder / "build.json", build.model_dump(mode="json"))
    return build


def run_dbt(settings: Settings, folder: Path) -> list[NodeResult]:
    """One ``dbt build`` of the whole project in a process of its own (a database file stays locked by its process).

    Args:
        settings: For the executable.
        folder: The build's folder; holds ``snapshot/``, receives ``gofal.duckdb``, dbt's log and artifacts.

    Raises:
        BuildError: Naming every node that failed and what it said.
    """
    target = settings.root / "dbt_target"
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    # Unit tests prove the logic on made-up rows: they belong to `make test`, and would say the same every night.
    command = [*dbt_command(settings, "build"), "--exclude-resource-type", "unit_test", "--log-path", str(folder)]
    with parsing(settings):
        done = subprocess.run(
            command,
            env=dbt_environment() | {"GOFAL_SNAPSHOT": str(folder / "snapshot")},
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
    nodes = []
    if results.exists():
        for result in json.loads(results.read_text(encoding="utf-8"))["results"]:
            node = NodeResult(
                unique_id=result["unique_id"],
                status=result["status"],
                seconds=round(result["execution_time"], 3),
                failures=result.get("failures"),
                message=result.get("message"),
            )
            nodes.append(node)
        for name in ("run_results.json", "manifest.json"):
            shutil.copyfile(target / name, folder / name)
    if done.returncode != 0:
        bad = [n for n in nodes if n.status in {"error", "fail", "runtime error"}]
        said = "; ".join(f"{n.unique_id}: {(n.message or n.status).strip()}" for n in bad[:10])
        said = said or (done.stdout + done.stderr).strip()[-2000:]
        raise BuildError(
            f"dbt build failed in stage build: {said}. Nothing was published. The whole log: {folder / 'dbt.log'}",
            f"Methodd dbt build yn y cam adeiladu: {said}. Ni chyhoeddwyd dim. Y log cyfan: {folder / 'dbt.log'}",
            code="dbt_failed",
            nodes=[n.unique_id for n in bad],
        )
    return nodes


@contextlib.contextmanager
def parsing(settings: Settings) -> Iterator[None]:
    """Hold dbt's target folder, whose parsed project is read and written by one dbt at a time."""
    from filelock import FileLock

    settings.root.mkdir(parents=True, exist_ok=True)
    # one thread may wait for what another began
    with FileLock(settings.root / "dbt_target.lock", thread_local=False):
        yield


@contextlib.contextmanager
def parsed_ahead(settings: Settings) -> Iterator[None]:
    """Parse the project while something else goes on, where this home has never done it: it takes a while.

    dbt keeps what it parsed, and the build that comes later waits for it. Whether it works is the build's to say.
    """
    import threading

    if (settings.root / "dbt_target" / "partial_parse.msgpack").exists():
        yield
        return
    with contextlib.ExitStack() as held:
        held.enter_context(parsing(settings))
        process = _parse(settings)
        release = held.pop_all()

    def wait() -> None:
        with release:
            process.wait()

    waiting = threading.Thread(target=wait, name="dbt-parse")
    waiting.start()
    try:
        yield
    finally:
        process.terminate()
        waiting.join()


def parse(settings: Settings) -> None:
    """Parse the project now, and wait for it. Whether it works is the build's to say."""
    with parsing(settings):
        _parse(settings).wait()


def _parse(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*dbt_command(settings, "parse"), "--log-path", str(settings.root / "dbt_target")],
        env=dbt_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=settings.root,
    )


def dbt_command(settings: Settings, command: str, target: str = "dbt_target", project: Path = PROJECT) -> list[str]:
    """The beginning of a dbt command on this project, to be run in the folder that receives ``gofal.duckdb``.

    Args:
        settings: For the executable, and the home.
        command: What dbt is to do.
        target: The folder of the home in which dbt keeps the parsed project and leaves its results.
        project: The dbt project.
    """
    executable = shutil.which(settings.dbt, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return [
        # at the level debug, lines of log are a seventh of what a build costs; the SQL that ran is in the target folder
        *(executable or settings.dbt, "--log-format-file", "text", "--log-level-file", "info", command),
        *("--target", "build", "--quiet"),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(settings.root / target)),
    ]


def dbt_environment() -> dict[str, str]:
    """The environment of a dbt command.

    The database's path is relative, and so the same for all: dbt parses the whole project anew when a variable changes
    that its profile reads.
    """
    return {
        **os.environ,
        "GOFAL_BUILD_FILE": "gofal.duckdb",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def point(link: Path, target: Path) -> None:
    """Make ``link`` a symbolic link to ``target`` in one step: readers see the old target or the new one."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    temporary.replace(link)
