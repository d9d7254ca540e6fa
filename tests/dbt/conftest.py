"""One warehouse a test session, built by dbt itself in a process of its own, from made-up figures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from ingestion.config import CHECKOUT

sys.path.insert(0, str(Path(__file__).parent))
PROJECT = CHECKOUT / "dbt_project"
CORE = "+path:models/marts/core"


def run_dbt(folder: Path, snapshot: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt on this project with everything that it writes in ``folder``; the database is ``gofal.duckdb`` there."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = shutil.which("dbt", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert executable, "dbt is not installed beside this Python"
    command = [
        executable,
        *arguments,
        "--target",
        "build",
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
    ]
    if "build" in arguments:  # a test that joins a model which was not asked for is left out
        command += ["--indirect-selection", "buildable"]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOFAL_", "DBT_"))}
    environment |= {"GOFAL_SNAPSHOT": str(snapshot), "GOFAL_BUILD_FILE": str(folder / "gofal.duckdb")}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=folder, check=False, timeout=280
    )


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """What became of each node, by its unique id."""
    found = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {result["unique_id"]: result for result in found}


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every worker of this session sees."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


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
