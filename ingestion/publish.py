"""Publishing: marts copied as tables into a new versioned folder, then one atomic flip of ``current``.

::

    published/<build_id>/gofal.duckdb                      the marts, as tables, with their descriptions
    published/<build_id>/parquet/<schema>/<table>.parquet  the same, for everything else
    published/<build_id>/manifest.json                     what it was made from
    published/<build_id>/data_docs/                        Great Expectations' Data Docs of the run
    published/current -> <build_id>

Readers never see half a build and never block one: an open file stays what it was, and a new reader follows the link.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ingestion.config import Settings
from ingestion.errors import PublishError
from ingestion.lake import utc_now
from ingestion.runs import write_json
from ingestion.transform import Build, point


class Publication(BaseModel):
    """What a publication made."""

    build_id: str
    folder: str
    published_at: datetime
    tables: dict[str, int]
    """``schema.table`` to its number of rows."""
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
            kept=prune(settings),
        )
    marts = _descriptions(Path(build.database).with_name("manifest.json"))
    tables = _copy(Path(build.database), working, marts)
    if data_docs and data_docs.is_dir():
        shutil.copytree(data_docs, working / "data_docs")
    manifest = {
        **build.model_dump(mode="json", exclude={"nodes", "database", "skipped"}),
        "published_at": utc_now().isoformat(),
        "duckdb": build.tools["duckdb"],
        "tables": tables,
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
        kept=prune(settings),
    )


def _descriptions(manifest: Path) -> dict[str, dict[str, Any]]:
    """Marts by ``schema.table``, from dbt's manifest: only models under ``models/marts`` are for readers."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return {
        f"{n['schema']}.{n['alias']}": n
        for n in nodes
        if n["resource_type"] == "model" and n["fqn"][1] == "marts" and n["config"]["materialized"] != "ephemeral"
    }


def _copy(database: Path, working: Path, marts: dict[str, dict[str, Any]]) -> dict[str, int]:
    import duckdb

    working.mkdir(parents=True)
    counts: dict[str, int] = {}
    with duckdb.connect(str(working / "gofal.duckdb")) as connection:
        connection.execute(f"attach {_text(str(database))} as build (read_only)")
        _refuse_mixture(connection, marts)
        for name, node in sorted(marts.items()):
            schema, table = name.split(".")
            connection.execute(f'create schema if not exists "{schema}"')
            connection.execute(f'create table "{schema}"."{table}" as from build."{schema}"."{table}"')
            connection.execute(f'comment on table "{schema}"."{table}" is {_text(node["description"])}')
            for column in node["columns"].values():
                what = f'"{schema}"."{table}"."{column["name"]}"'
                connection.execute(f"comment on column {what} is {_text(column['description'])}")
            found = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
            counts[name] = found[0] if found else 0
            folder = working / "parquet" / schema
            folder.mkdir(parents=True, exist_ok=True)
            where = _text(str(folder / f"{table}.parquet"))
            connection.execute(f'copy "{schema}"."{table}" to {where} (format parquet, compression zstd)')
        connection.execute("detach build")
    return counts


def _refuse_mixture(connection: Any, marts: dict[str, dict[str, Any]]) -> None:
    """Statistics in one build are all synthetic or all real (design/MARTS: publishing refuses a mix)."""
    if "core.fct_measure_value" not in marts:
        return
    kinds = connection.execute("select distinct is_synthetic from build.core.fct_measure_value").fetchall()
    if len(kinds) > 1:
        raise PublishError(
            "The build mixes synthetic and real figures in core.fct_measure_value. Nothing was published. "
            "Load one of the two into a home of its own (GOFAL_HOME).",
            "Mae’r adeiladwaith yn cymysgu ffigurau synthetig a rhai go iawn yn core.fct_measure_value. "
            "Ni chyhoeddwyd dim. Llwythwch un o’r ddau i gartref ar wahân (GOFAL_HOME).",
            code="publish_mixed",
        )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


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
