"""Any published dataset, registered or not: one, for an analyst (`pull`), or all of them, to keep (`mirror`).

Neither touches the lake: nothing here was checked, and no mart rests on it. Both fetch as landing does, with the
revision pinned and the rows counted. Whatever is written appears under its name whole or not at all, so a process that
is killed leaves nothing half-done, and the next run goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import uuid as uuids
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel

from ingestion.config import Settings
from ingestion.errors import DataProblem, GofalError, LakeError
from ingestion.lake import Lake, LandedFile, LoadRecord, utc_now
from ingestion.runs import write_json
from ingestion.statswales import extract
from ingestion.statswales.client import CatalogueItem, Metadata, Reply, StatsWalesClient
from ingestion.statswales.registry import UUID4, Column, Dataset, slug

LONGEST_SLUG = 80
DOWN_AFTER = 10
"""So many datasets in a row that the service did not answer for mean that it is down: the mirror ends and says so."""
DOWN = frozenset({"fetch_timeout", "fetch_rate_limited", "fetch_server_error"})

Language = Literal["en", "cy"]


# -- pull ------------------------------------------------------------------------------------------------------


class Pulled(BaseModel):
    """One dataset that was pulled: its provenance, beside the Parquet file."""

    dataset_id: str
    key: str | None = None
    """Its registry key, where it has one."""
    view: str
    revision_id: str
    revision_index: int | None = None
    published_at: datetime | None = None
    pulled_at: datetime
    title_en: str | None = None
    title_cy: str | None = None
    publisher_en: str | None = None
    publisher_cy: str | None = None
    licence: str | None = None
    designation: str | None = None
    archived_at: datetime | None = None
    is_synthetic: bool = False
    rows: int
    columns: dict[str, str]
    """Column of the Parquet file to the source's own name of what it comes from."""
    files: list[LandedFile] = []
    """What was received; the bodies themselves are not kept."""
    path: str
    lang: Language = "en"


def pull(
    target: str,
    client: StatsWalesClient,
    settings: Settings,
    registry: Mapping[str, Dataset],
    *,
    lang: Language = "en",
    force: bool = False,
) -> Pulled:
    """Fetch any published dataset as it is now, into a Parquet file of its own that an analyst can query.

    Columns are text: ``value``, ``notes``, ``note_codes``, and for each dimension its label, its label in the other
    language, its reference (``_code``) and its order (``_sort``), under names made from the source's.

    Args:
        target: A dataset's id, or a registry key.
        client: The API.
        settings: Say where: ``pulled/`` in the home.
        registry: The entries, by key.
        lang: Which language's column names and labels come first.
        force: Fetch it although this revision is there already.

    Returns:
        What was pulled.

    Raises:
        GofalError: ``target`` is neither (``unknown_dataset``), the dataset has no published revision
            (``withdrawn``), or it could not be fetched or read.
    """
    ident, key = _resolve(target, registry)
    root = settings.root / "pulled"
    root.mkdir(parents=True, exist_ok=True)
    client.names[ident] = key or target
    metadata = client.metadata(ident)
    if metadata.revision is None:
        raise _withdrawn(metadata)
    title = metadata.text("title", "en-GB") or metadata.text("title", "cy-GB")
    held = pulled(settings)
    folder = _folder(root, ident, key or slug(title)[:LONGEST_SLUG].strip("_"), held)
    path = folder / f"{metadata.revision_id}.parquet"
    for known in held:
        if known.path == str(path) and known.lang == lang and path.exists() and not force:
            return known
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=root) as scratch:
        lake = Lake(scratch)
        generic = _generic(ident, folder.name, client.filters(ident, "en-GB").document)
        record = extract.land_dataset(generic, client, lake, run_id="pull", force=True)
        if record.staged_file is None or record.revision_id is None:
            raise _unreadable(record)
        made = Path(scratch) / "pulled.parquet"
        columns = _write(lake, record, generic, made, lang)
        path = folder / f"{record.revision_id}.parquet"
        found = Pulled(
            dataset_id=ident,
            key=key,
            view=folder.name,
            path=str(path),
            columns=columns,
            rows=record.rows or 0,
            pulled_at=utc_now(),
            published_at=metadata.publish_at,
            lang=lang,
            **record.model_dump(
                include={
                    "revision_id", "revision_index", "title_en", "title_cy", "publisher_en", "publisher_cy",
                    "licence", "designation", "archived_at", "is_synthetic", "files",
                }
            ),
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        made.replace(path)
        write_json(path.with_suffix(".json"), found.model_dump(mode="json"))
    _write_views(root, pulled(settings))
    return found


def pulled(settings: Settings) -> list[Pulled]:
    """What was pulled into a home so far, oldest first.

    Args:
        settings: Say which home.
    """
    found = []
    for path in (settings.root / "pulled").glob("*/*.json"):
        with contextlib.suppress(ValueError, OSError):  # not one of ours, or removed meanwhile
            found.append(Pulled.model_validate_json(path.read_bytes()))
    return sorted((p for p in found if Path(p.path).exists()), key=lambda p: p.pulled_at)


def example_sql(found: Pulled, settings: Settings) -> tuple[str, str]:
    """SQL that shows what was pulled, and the same beside the published marts.

    Args:
        found: What was pulled.
        settings: Say where the marts are.

    Returns:
        Two texts for DuckDB.
    """
    here = settings.root / "pulled" / "pulled.duckdb"
    marts = settings.published / "current" / "gofal.duckdb"
    attach = f"ATTACH '{_sql(str(here))}' AS pulled (READ_ONLY);"
    first = f'{attach} FROM pulled."{found.view}" LIMIT 10;'
    both = (
        f"{attach} ATTACH '{_sql(str(marts))}' AS gofal (READ_ONLY); "
        f'SELECT p.*, a.area_name_en FROM pulled."{found.view}" AS p '
        f"LEFT JOIN gofal.core.dim_area AS a ON a.is_last_version AND a.area_code = p.{_area_column(found)};"
    )
    return first, both


def _area_column(found: Pulled) -> str:
    names = [name for name in found.columns if name.endswith("_code") and name != "note_codes"]
    likely = [n for n in names if any(word in n for word in ("area", "authority", "awdurdod", "ardal"))]
    return f'"{(likely or names or ["value"])[0]}"'


def _resolve(target: str, registry: Mapping[str, Dataset]) -> tuple[str, str | None]:
    if target in registry:
        return registry[target].id, target
    if UUID4.match(target):
        ident = target.lower()
        return ident, next((key for key, dataset in registry.items() if dataset.uuid == ident), None)
    raise GofalError(
        f"Expected a dataset’s id or a registry key, found {target!r}. Look for it: gofal sources search TEXT",
        f"Disgwyliwyd dynodwr set ddata neu allwedd o’r gofrestr, cafwyd {target!r}. Chwiliwch amdani: "
        "gofal sources search TESTUN",
        code="unknown_dataset",
    )


def _withdrawn(metadata: Metadata) -> GofalError:
    ident = metadata.document["id"]
    return GofalError(
        f"The dataset {ident} has no published revision: the source has withdrawn it. There is nothing to pull.",
        f"Nid oes diwygiad cyhoeddedig o’r set ddata {ident}: mae’r ffynhonnell wedi’i thynnu’n ôl. Nid oes dim i’w "
        "dynnu.",
        code="withdrawn",
    )


def _unreadable(record: LoadRecord) -> DataProblem:
    said = [m for m in record.messages if m.severity == "error"] or record.messages
    return DataProblem(
        "; ".join(m.en for m in said) or f"{record.dataset_id} came without rows.",
        "; ".join(m.cy for m in said) or f"Daeth {record.dataset_id} heb resi.",
        code=said[0].code if said else "empty",
    )


def _folder(root: Path, ident: str, name: str, held: Sequence[Pulled]) -> Path:
    """The folder of a dataset: the one that it has, else one by its name that no other dataset has."""
    for known in reversed(held):
        if known.dataset_id == ident:
            return Path(known.path).parent
    taken = {known.view for known in held}
    name = name or ident.replace("-", "_")
    return root / (f"{name}_{ident[:8]}" if name in taken else name)


def _generic(ident: str, key: str, filters: Sequence[Mapping[str, Any]]) -> Dataset:
    """An entry for a dataset that nobody has described: every dimension is a column, with no meaning attached.

    It is made without the registry's checks, for it has no measure, period and area to be told apart.
    """
    columns: dict[str, Column] = {}
    taken = {"value", "notes", "note_codes"}
    for dimension in filters:
        name = str(dimension.get("columnName") or "")
        if not name:
            continue
        role = _free(slug(name) or "column", taken)
        taken |= {role, f"{role}_code"}
        columns[role] = Column(
            kind="breakdown", names=[name], fact_column=str(dimension.get("factTableColumn") or ""), closed=False
        )
    return Dataset.model_construct(
        key=key, uuid=ident, title_en=key, title_cy=key, columns=columns, titles=[], tidy={}, locked=True
    )


def _free(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while {found, f"{found}_code", f"{found}_sort", f"{found}_en", f"{found}_cy"} & taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _write(lake: Lake, record: LoadRecord, generic: Dataset, path: Path, lang: Language) -> dict[str, str]:
    """Write the pulled Parquet from the batch and its members.

    Returns:
        Its columns, and what each comes from.
    """
    import duckdb

    batch = lake.path(str(record.staged_file))
    members = batch.removesuffix(".parquet") + ".members.parquet"
    with contextlib.closing(duckdb.connect(":memory:")) as database:
        database.execute(
            f"CREATE TEMP TABLE members AS SELECT role, code, min(label_cy) AS label_cy, min(sort) AS sort, "
            f"min(name_cy) AS name_cy FROM read_parquet('{_sql(members)}') GROUP BY role, code"
        )
        welsh = dict(database.execute("SELECT role, min(name_cy) FROM members GROUP BY role").fetchall())
        present = {str(row[0]) for row in database.execute(f"DESCRIBE FROM read_parquet('{_sql(batch)}')").fetchall()}
        columns = {"value": "Data values", "notes": "Notes", "note_codes": "Notes"}
        select, joins = ["b.value", "b.notes", "b.note_codes"], []
        taken = set(columns)
        for number, (role, column) in enumerate(generic.columns.items()):
            if role not in record.columns:
                continue
            source = column.names[0] if lang == "en" else welsh.get(role) or column.names[0]
            name = _free(slug(source) or role, taken)
            label_en, label_cy = f'b."{role}"', f"m{number}.label_cy"
            first, other = (label_en, label_cy) if lang == "en" else (f"coalesce({label_cy}, {label_en})", label_en)
            parts = {
                name: first,
                f"{name}_{'cy' if lang == 'en' else 'en'}": other,
                f"{name}_code": f'b."{role}_code"',
                f"{name}_sort": f"m{number}.sort",
            }
            select += [f'{sql} AS "{part}"' for part, sql in parts.items()]
            columns |= dict.fromkeys(parts, source)
            taken |= set(parts)
            joins.append(
                f"LEFT JOIN members AS m{number} ON m{number}.role = '{role}' "
                f'AND m{number}.code IS NOT DISTINCT FROM b."{role}_code"'
            )
        for own, source in record.columns.items():  # columns that the filters do not speak of
            if own in present and own not in generic.columns:
                name = _free(slug(own) or "column", taken)
                select.append(f'b."{_sql_name(own)}" AS "{name}"')
                columns[name] = source
                taken.add(name)
        database.execute(
            f"COPY (SELECT {', '.join(select)} FROM read_parquet('{_sql(batch)}') AS b {' '.join(joins)} "
            f"ORDER BY b._source_row) TO '{_sql(str(path))}' (FORMAT parquet, COMPRESSION zstd)"
        )
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
    return columns


def _write_views(root: Path, found: Sequence[Pulled]) -> None:
    """Make the database anew: a view of the newest pull of each dataset. Its readers keep the one that they opened."""
    import duckdb

    newest = {known.view: known for known in found}
    temporary = root / f".{os.getpid()}-{uuids.uuid4().hex}.duckdb"
    try:
        with contextlib.closing(duckdb.connect(str(temporary))) as database:
            for view, known in sorted(newest.items()):
                database.execute(f"CREATE VIEW \"{view}\" AS FROM read_parquet('{_sql(known.path)}')")
        temporary.replace(root / "pulled.duckdb")
    finally:
        temporary.unlink(missing_ok=True)


def _sql(text: str) -> str:
    return text.replace("'", "''")


def _sql_name(text: str) -> str:
    return text.replace('"', '""')


# -- mirror ----------------------------------------------------------------------------------------------------


class Kept(BaseModel):
    """What the mirror holds of one dataset: its state file."""

    id: str
    title: str | None = None
    last_updated_at: str | None = None
    archived_at: str | None = None
    revision_id: str | None = None
    """None for a dataset that had no published revision."""
    rows: int | None = None
    files: list[LandedFile] = []
    mirrored_at: datetime


Outcome = Literal["fetched", "unchanged", "withdrawn", "failed"]


class Mirrored(BaseModel):
    """What one run of the mirror did."""

    root: str
    listed: int = 0
    fetched: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    left: int = 0
    """Still to be fetched, because of a limit or because the service was down."""
    gone: list[str] = []
    """Held, and no longer in the list. They are kept."""
    failures: dict[str, dict[str, str]] = {}
    """By dataset id: ``title``, ``code``, ``en``, ``cy``."""
    is_down: bool = False
    requests: int = 0
    bytes: int = 0


def mirror(
    client: StatsWalesClient,
    root: Path,
    *,
    limit: int | None = None,
    on_progress: Callable[[int, int, CatalogueItem, Outcome], None] | None = None,
) -> Mirrored:
    """Bring a copy of the entire catalogue up to date: every dataset's bytes and metadata, archived ones too.

    Bodies are kept under their hashes (``landing/``), as in the lake; ``datasets/<id>.json`` says what is held of a
    dataset and ``revisions/<id>/<revision>.json`` of each revision of it. What has not changed since is not asked for.

    Args:
        client: The API.
        root: The mirror's folder.
        limit: Fetch at most so many datasets in this run.
        on_progress: Told after each dataset: how many are done, of how many, which, and what became of it.

    Returns:
        Counts and failures. A dataset that fails stops no other, and is tried again by the next run.

    Raises:
        FetchError: No list.
        LakeError: The disk is full, or another mirror runs here (``mirror_running``).
    """
    root.mkdir(parents=True, exist_ok=True)
    before = client.requests
    with _alone(root):
        shutil.rmtree(root / "tmp", ignore_errors=True)  # what a killed run had not finished
        lake = Lake(str(root))
        catalogue = client.catalogue()
        items = catalogue.items if catalogue else []
        lake.write_json("catalogue.json", [item.model_dump(mode="json") for item in items])
        result = Mirrored(root=str(root), listed=len(items))
        held = _held(root)
        result.gone = sorted(set(held) - {item.id.lower() for item in items})
        # What is not here yet comes first, then what changed: a limited run adds to the mirror.
        queue = sorted(items, key=lambda item: (item.id.lower() in held, item.id))
        silent = 0
        for done, item in enumerate(queue, start=1):
            if _is_current(lake, held.get(item.id.lower()), item):
                result.unchanged += 1
                _progress(on_progress, done, len(queue), item, "unchanged")
                continue
            if result.is_down or (limit is not None and result.fetched + result.withdrawn >= limit):
                result.left += 1
                continue
            outcome = _mirror_one(client, lake, item, held.get(item.id.lower()), result)
            silent = silent + 1 if result.failures.get(item.id, {}).get("code") in DOWN else 0
            result.is_down = silent >= DOWN_AFTER
            _progress(on_progress, done, len(queue), item, outcome)
        result.requests = client.requests - before
        lake.write_json("last_run.json", result.model_dump(mode="json"))
    return result


def _mirror_one(
    client: StatsWalesClient, lake: Lake, item: CatalogueItem, held: Kept | None, result: Mirrored
) -> Outcome:
    """Fetch one dataset and say so in its state file, last of all: what that names is there."""
    try:
        kept = _fetch(client, lake, item, held, result)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LakeError(
                f"The mirror at {lake.root} has no room left. What it holds is whole. Make room there, or set "
                f"GOFAL_HOME elsewhere, and run gofal mirror again: it goes on where it stopped.",
                f"Nid oes lle ar ôl i’r drych yn {lake.root}. Mae’r hyn sydd ynddo’n gyfan. Gwnewch le yno, neu "
                f"gosodwch GOFAL_HOME rywle arall, a rhedwch gofal mirror eto: bydd yn parhau o’r fan honno.",
                code="disk_full",
            ) from error
        _note(result, item, type(error).__name__, str(error), str(error))
        return "failed"
    except GofalError as error:
        _note(result, item, error.code, error.en, error.cy)
        return "failed"
    except Exception as error:  # one dataset that is not as any other never stops the rest
        said = f"{type(error).__name__}: {error}"
        _note(result, item, "unforeseen", said, said)
        return "failed"
    state = kept.model_dump(mode="json")
    lake.write_json(f"revisions/{kept.id}/{kept.revision_id or 'withdrawn'}.json", state)
    lake.write_json(f"datasets/{kept.id}.json", state)
    if kept.revision_id is None:
        result.withdrawn += 1
        return "withdrawn"
    result.fetched += 1
    return "fetched"


def _fetch(client: StatsWalesClient, lake: Lake, item: CatalogueItem, held: Kept | None, result: Mirrored) -> Kept:
    ident = item.id.lower()
    client.names[ident] = item.title or ident
    anything = _generic(ident, slug(item.title) or ident, [])
    for attempt in (1, 2):
        with contextlib.ExitStack() as scratch:
            metadata = client.metadata(ident)
            kept = Kept(
                id=ident,
                title=item.title,
                last_updated_at=item.last_updated_at,
                archived_at=item.archived_at,
                revision_id=metadata.revision_id,
                mirrored_at=utc_now(),
            )
            described = _land(lake, metadata, "metadata", result)
            if metadata.revision is None:
                kept.files = [described]
                return kept
            if held and held.revision_id == kept.revision_id and _there(lake, held):
                kept.rows = held.rows
                kept.files = [*(f for f in held.files if f.role != "metadata"), described]
                return kept
            try:
                found = extract.fetch(anything, client, lake, metadata, scratch)
            except extract.MovedError as moved:
                if attempt == 2:
                    raise moved.error from moved
                continue
            kept.rows = found.rows
            for role, download in (("data", found.data), ("note_codes", found.note_codes)):
                result.bytes += download.bytes
                kept.files.append(
                    lake.land(
                        download.path, role=role, suffix=".csv", url=download.url, sha256=download.sha256,
                        headers=download.headers,
                    )
                )  # fmt: skip
            kept.files += [_land(lake, found.filters_cy, "filters_cy", result), described]
            return kept
    raise AssertionError("unreachable")


def _land(lake: Lake, reply: Reply, role: str, result: Mirrored) -> LandedFile:
    result.bytes += len(reply.body)
    with lake.scratch(".json") as path:
        path.write_bytes(reply.body)
        return lake.land(path, role=role, suffix=".json", url=reply.url, sha256=reply.sha256, headers=reply.headers)


def _note(result: Mirrored, item: CatalogueItem, code: str, en: str, cy: str) -> None:
    result.failures[item.id] = {"title": item.title or "", "code": code, "en": en, "cy": cy}


def _held(root: Path) -> dict[str, Kept]:
    found = {}
    for path in (root / "datasets").glob("*.json"):
        with contextlib.suppress(ValueError):  # damaged by something else: it is fetched again
            found[path.stem] = Kept.model_validate_json(path.read_bytes())
    return found


def _is_current(lake: Lake, held: Kept | None, item: CatalogueItem) -> bool:
    return (
        held is not None
        and (held.last_updated_at, held.archived_at, held.title) == (item.last_updated_at, item.archived_at, item.title)
        and _there(lake, held)
    )


def _there(lake: Lake, held: Kept) -> bool:
    """Whether every body is where its state file says, with the size that it had."""
    for file in held.files:
        path = Path(lake.path(file.path))
        if not path.is_file() or path.stat().st_size != file.bytes:
            return False
    return bool(held.files)


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    lock = FileLock(root / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LakeError(
            f"Another mirror runs in {root}. Let it end, or stop it, and run gofal mirror again.",
            f"Mae drych arall yn rhedeg yn {root}. Gadewch iddo orffen, neu ei atal, a rhedwch gofal mirror eto.",
            code="mirror_running",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _progress(
    told: Callable[[int, int, CatalogueItem, Outcome], None] | None,
    done: int,
    total: int,
    item: CatalogueItem,
    outcome: Outcome,
) -> None:
    if told:
        told(done, total, item, outcome)


__all__ = ["Mirrored", "Pulled", "example_sql", "mirror", "pull", "pulled"]
