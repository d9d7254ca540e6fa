"""One warehouse a test session, built by dbt itself, from made-up figures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dbt_runner
import duckdb
import pytest
from dbt_runner import CORE, run_dbt
from filelock import FileLock


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every worker of this session sees."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session", autouse=True)
def _one_parse(shared_folder: Path, pytestconfig: pytest.Config) -> None:
    """The project is parsed once a session, and wholly only where no earlier session did."""
    dbt_runner.parse_folder = shared_folder / "dbt_parse"
    if cache := getattr(pytestconfig, "cache", None):
        dbt_runner.kept_folder = cache.mkdir("dbt")


@pytest.fixture(scope="session")
def core_folder(shared_folder: Path) -> Path:
    """The folder of a finished `dbt build` of the core half."""
    from core_sample import LOADS
    from snapshot import make_snapshot

    folder = shared_folder / "core"
    # quotes, brackets and stars are legal in a folder's name, and a glob must not read them
    snapshot = folder / "it's [a] *snap?hot"
    with FileLock(shared_folder / "core.lock"):
        if not (folder / "done").exists():
            make_snapshot(snapshot, LOADS)
            done = run_dbt(folder, snapshot, "build", "--select", CORE)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "snapshot").symlink_to(snapshot)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def core(core_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of `core_folder`, read only."""
    connection = duckdb.connect(str(core_folder / "gofal.duckdb"), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def manifest(core_folder: Path) -> dict[str, Any]:
    """What dbt knows of the whole project."""
    found: dict[str, Any] = json.loads((core_folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    return found
