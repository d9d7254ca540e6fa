"""Publishing: marts copied as tables into a new versioned folder, then one atomic flip of ``current``.

::

    published/<build_id>/gofal.duckdb                      the marts, as tables, with their descriptions
    published/<build_id>/parquet/<schema>/<table>.parquet  the same, for everything else
    published/<build_id>/restricted/gofal_restricted.duckdb
                                                           the schema ``restricted``, which is in no other file
    published/<build_id>/manifest.json                     what it was made from
    published/<build_id>/data_docs/                        Great Expectations' Data Docs of the run
    published/current -> <build_id>

Readers never see half a build and never block one: an open file stays what it was, and a new reader follows the link.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ingestion.config import Settings
from ingestion.engine import literal, quote
from ingestion.errors import PublishError
from ingestion.lake import utc_now
from ingestion.runs import write_json
from ingestion.transform import Build, point

RESTRICTED = "restricted"
"""The schema of originals, not rounded and not suppressed: whoever may read the marts may not read it."""


class Publication(BaseModel):
    """What a publication made."""

    build_id: str
    folder: str
    published_at: datetime
    tables: dict[str, int]
    """``schema.table`` to its number of rows."""
    restricted_tables: dict[str, int] = {}
    """The same, of those that only the owner of the home may read."""
    kept: list[str]


def current_manifest(settings: Settings) -> dict[str, Any] | None:
    """The manifest of what readers see now, or None where nothing is published."""
    try:
        found: dict[str, Any] = json.loads((settings.published / "current" / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return found


def publish(settings: Settings, build: Build, *, data_docs: Path | None = None, force: bool = False) -> Publication:
    """Publish a build that passed its tests.

    Args:
        settings: Where things live.
        build: The build.
        data_docs: A folder of Data Docs to publish with it.
        force: Publish although the current one knows vintages that this one does not.

    Raises:
        PublishError: A rollback is held; the snapshot is older than the current one; or real and synthetic
            figures are mixed.
    """
    held = hold(settings)
    if held:
        raise PublishError(
            f"Publishing is held since the rollback to build {held['build_id']} at {held['at']}. "
            "Look into what was wrong, then: gofal publish --release",
            f"Mae cyhoeddi wedi’i ddal ers dychwelyd i adeiladwaith {held['build_id']} ar {held['at']}. "
            "Edrychwch beth oedd o’i le, yna: gofal publish --release",
            code="publish_held",
        )
    current = current_manifest(settings)
    lost = sorted(set((current or {}).get("snapshot", {}).get("loads", [])) - set(build.snapshot.loads))
    if lost and not force:
        raise PublishError(
            f"The snapshot of build {build.build_id} lacks {len(lost)} vintage(s) that the published build has, "
            f"first {lost[0]}: it is older. Run the load again, or publish it with --force.",
            f"Mae ciplun adeiladwaith {build.build_id} yn brin o {len(lost)} fersiwn sydd yn yr un a gyhoeddwyd, "
            f"y cyntaf yw {lost[0]}: mae’n hŷn. Rhedwch y llwyth eto, neu cyhoeddwch gyda --force.",
            code="publish_older",
        )
    settings.published.mkdir(parents=True, exist_ok=True)
    final = settings.published / build.build_id
    working = settings.published / f".{build.build_id}"
    for stale in [working, *settings.published.glob(".2*")]:
        shutil.rmtree(stale, ignore_errors=True)
    if (final / "manifest.json").exists():  # a retry: readers may have it open already, so it is not made again
        point(settings.published / "current", final)
        made = json.loads((final / "manifest.json").read_text(encoding="utf-8"))
        return Publication(
            build_id=build.build_id,
            folder=str(final),
            published_at=made["published_at"],
            tables=made["tables"],
            restricted_tables=made.get("restricted_tables", {}),
            kept=prune(settings),
        )
    marts = _descriptions(_dbt_manifest(build))
    tables, restricted = _copy(Path(build.database), working, marts)
    if data_docs and data_docs.is_dir():
        shutil.copytree(data_docs, working / "data_docs")
    manifest = {
        **build.model_dump(mode="json", exclude={"nodes", "database", "skipped"}),
        "published_at": utc_now().isoformat(),
        "duckdb": build.tools["duckdb"],
        "tables": tables,
        "restricted_tables": restricted,
        "grain": grains(_dbt_manifest(build)),
        "tests": {s: sum(n.status == s for n in build.nodes) for s in ("pass", "warn", "success")},
    }
    write_json(working / "manifest.json", manifest)
    _sync(working)
    working.rename(final)
    point(settings.published / "current", final)
    return Publication(
        build_id=build.build_id,
        folder=str(final),
        published_at=utc_now(),
        tables=tables,
        restricted_tables=restricted,
        kept=prune(settings),
    )


def _dbt_manifest(build: Build) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(build.database).with_name("manifest.json").read_text(encoding="utf-8"))
    return found


def grains(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a row of each mart is known by, from dbt's manifest.

    A model says it (``meta.grain``), or a test of unique columns does. A mart of which neither stands is left out.

    Args:
        manifest: dbt's manifest.
    """
    tested: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        given = test.get("kwargs") or {}
        columns = {
            "holds_in_every_row": next(iter(given.get("unique", [])), None),
            "unique_combination": given.get("columns"),
            "unique": [node.get("column_name")],
            "no_overlapping_intervals": [*given.get("key", []), given.get("from_column")],
        }.get(str(test.get("name")))
        # a test of some of the rows says nothing of the others
        if columns and node.get("attached_node") and not node["config"].get("where"):
            tested.setdefault(node["attached_node"], columns)
    found = {}
    for name, node in _descriptions(manifest).items():
        said = (node["config"].get("meta") or {}).get("grain") or tested.get(str(node.get("unique_id")))
        if said:
            found[name] = list(said)
    return found


def _descriptions(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Marts by ``schema.table``, from dbt's manifest: only models under ``models/marts`` are for readers."""
    return {
        f"{n['schema']}.{n['alias']}": n
        for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["fqn"][1] == "marts" and n["config"]["materialized"] != "ephemeral"
    }


def _copy(database: Path, working: Path, marts: dict[str, dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """Copy the marts into the files that everybody reads, and the restricted ones into a file of their own."""
    import duckdb

    working.mkdir(parents=True)
    restricted = {name: node for name, node in marts.items() if name.split(".")[0] == RESTRICTED}
    common = {name: node for name, node in marts.items() if name not in restricted}
    with duckdb.connect(str(working / "gofal.duckdb")) as connection:
        connection.execute(f"attach {literal(str(database))} as build (read_only)")
        _refuse_mixture(connection, marts)
        counts = _fill(connection, common)
        for name in common:
            schema, table = name.split(".")
            folder = working / "parquet" / schema
            folder.mkdir(parents=True, exist_ok=True)
            where = literal(str(folder / f"{table}.parquet"))
            connection.execute(f"copy {_named(name)} to {where} (format parquet, compression zstd)")
        connection.execute("detach build")
    if not restricted:
        return counts, {}
    folder = working / RESTRICTED
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)  # whatever the mask is
    path = folder / "gofal_restricted.duckdb"
    with duckdb.connect(str(path)) as connection:
        path.chmod(0o600)
        connection.execute(f"attach {literal(str(database))} as build (read_only)")
        return counts, _fill(connection, restricted)


def _fill(connection: Any, marts: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Make tables, with their descriptions, of a build's marts. Returns the rows of each."""
    counts: dict[str, int] = {}
    for name, node in sorted(marts.items()):
        connection.execute(f"create schema if not exists {quote(name.split('.')[0])}")
        connection.execute(f"create table {_named(name)} as from build.{_named(name)}")
        connection.execute(f"comment on table {_named(name)} is {literal(node['description'])}")
        for column in node["columns"].values():
            what = f"{_named(name)}.{quote(column['name'])}"
            connection.execute(f"comment on column {what} is {literal(column['description'])}")
        found = connection.execute(f"select count(*) from {_named(name)}").fetchone()
        counts[name] = found[0] if found else 0
    return counts


def _named(mart: str) -> str:
    return ".".join(quote(part) for part in mart.split("."))


def _refuse_mixture(connection: Any, marts: dict[str, dict[str, Any]]) -> None:
    """Statistics and returns in one build are all synthetic or all real (design/MARTS: publishing refuses a mix).

    Figures of documents and reference data are always real. Of a return the figures that ever stood count: a file that
    was not accepted is in no mart, and who drops one in the inbox must not be able to stop every publication.
    """
    columns: dict[str, set[str]] = {}
    for schema, table, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'build'"
    ).fetchall():
        columns.setdefault(f"{schema}.{table}", set()).add(column)
    found: dict[bool, str] = {}
    for name in sorted(marts):
        if name == "core.fct_measure_value":
            which = "true"
        elif {"is_synthetic", "source_key", "known_from"} <= columns.get(name, set()):
            which = "starts_with(source_key, 'return_') and known_from is not null"
        else:
            continue
        for (kind,) in connection.execute(
            f"select distinct coalesce(is_synthetic, false) from build.{_named(name)} where {which}"
        ).fetchall():
            found.setdefault(kind, name)
    if len(found) > 1:
        raise PublishError(
            f"The build mixes synthetic figures (in {found[True]}) and real ones (in {found[False]}). Nothing was "
            "published. Load one of the two into a home of its own (GOFAL_HOME); a return that came to the wrong one "
            "leaves with gofal lake erase.",
            f"Mae’r adeiladwaith yn cymysgu ffigurau synthetig (yn {found[True]}) a rhai go iawn (yn {found[False]}). "
            "Ni chyhoeddwyd dim. Llwythwch un o’r ddau i gartref ar wahân (GOFAL_HOME); i dynnu ffurflen a ddaeth i’r "
            "un anghywir, defnyddiwch gofal lake erase.",
            code="publish_mixed",
        )


def _sync(folder: Path) -> None:
    """Flush every file and folder to disk before a link names them."""
    for path in [*folder.rglob("*"), folder, folder.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def versions(settings: Settings) -> list[str]:
    """Published builds that are kept, oldest first."""
    if not settings.published.is_dir():
        return []
    return sorted(p.name for p in settings.published.iterdir() if p.is_dir() and p.name[0].isdigit())


def current_version(settings: Settings) -> str | None:
    """The build that readers see."""
    link = settings.published / "current"
    return link.resolve().name if link.exists() else None


def prune(settings: Settings) -> list[str]:
    """Keep the last ``keep_builds`` publications and builds, and always the current one. Returns what is kept."""
    now = current_version(settings)
    kept = versions(settings)[-settings.keep_builds :]
    for name in versions(settings):
        if name not in kept and name != now:
            shutil.rmtree(settings.published / name, ignore_errors=True)
    frozen = settings.snapshot.resolve().parent.name if settings.snapshot.exists() else None
    if settings.builds.is_dir():
        for folder in sorted(settings.builds.iterdir())[: -settings.keep_builds]:
            if folder.name not in {now, frozen}:
                shutil.rmtree(folder, ignore_errors=True)
    return versions(settings)


def rollback(settings: Settings, to: str | None = None) -> str:
    """Flip ``current`` back, and hold publishing until `release`.

    Args:
        settings: Where things live.
        to: A kept build id; by default the one before the current.

    Returns:
        The build that readers see now.

    Raises:
        PublishError: There is no such build.
    """
    kept = versions(settings)
    now = current_version(settings)
    earlier = [v for v in kept if now is None or v < now]
    target = to or (earlier[-1] if earlier else None)
    if target not in kept:
        raise PublishError(
            f"There is no published build {to or 'before the current one'} to go back to. "
            f"Kept: {', '.join(kept) or '-'}.",
            f"Nid oes adeiladwaith cyhoeddedig {to or 'cyn yr un presennol'} i ddychwelyd iddo. "
            f"Ar gadw: {', '.join(kept) or '-'}.",
            code="rollback_missing",
        )
    write_json(settings.published / "hold.json", {"build_id": target, "at": utc_now().isoformat(), "from": now})
    point(settings.published / "current", settings.published / target)
    return target


def hold(settings: Settings) -> dict[str, Any] | None:
    """The rollback that holds publishing, or None."""
    try:
        found: dict[str, Any] = json.loads((settings.published / "hold.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def release(settings: Settings) -> bool:
    """End a rollback's hold: the next run publishes again. Returns whether there was one."""
    held = hold(settings) is not None
    (settings.published / "hold.json").unlink(missing_ok=True)
    return held
