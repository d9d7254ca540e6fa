"""Run dbt on this project, in a process of its own (a database file stays locked by its process)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

from ingestion.config import CHECKOUT

PROJECT = CHECKOUT / "dbt_project"
CORE = "+path:models/marts/core"
parse_folder: Path | None = None
"""Where the session's one parse is kept: a whole one takes long, and every run starts from a copy of it."""
kept_folder: Path | None = None
"""Where the parse of an earlier session is: dbt reads again what has changed since."""
PARSED = "partial_parse.msgpack"


def run_dbt(folder: Path, snapshot: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt on this project with everything that it writes in ``folder``; the database is ``gofal.duckdb`` there."""
    target = folder / "target"
    target.mkdir(parents=True, exist_ok=True)
    assert parse_folder is not None, "the fixture that names it is in conftest.py"
    parsed = parse_folder / "target" / PARSED
    with FileLock(f"{parse_folder}.lock"):
        if not (parse_folder / "done").exists():
            _parse(parse_folder, snapshot)
            (parse_folder / "done").touch()
    if not (target / PARSED).exists():
        shutil.copyfile(parsed, target / PARSED)
    return _dbt(folder, snapshot, *arguments)


def rebuild(folder: Path, warehouse: Path, snapshot: Path, *models: str) -> subprocess.CompletedProcess[str]:
    """Build what another snapshot changes on the way to ``models``, on a copy of a warehouse: the rest stays as it was.

    Staging reads whichever snapshot is there, so that of its many views none has to be made again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(warehouse / "gofal.duckdb", folder / "gofal.duckdb")
    changed = [f"int_observations+,+{model}" for model in models]
    return run_dbt(
        folder, snapshot, "build", "--select", "stg_lake__spellings", *changed, "--exclude-resource-type", "unit_test"
    )


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """What became of each node, by its unique id."""
    found = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {result["unique_id"]: result for result in found}


def failures(folder: Path) -> dict[str, int]:
    """How many rows each data test found, of the tests that failed; by the test's name."""
    return {key.split(".")[2]: r["failures"] for key, r in results(folder).items() if r["status"] == "fail"}


def _parse(folder: Path, snapshot: Path) -> None:
    kept = kept_folder / PARSED if kept_folder else None
    (folder / "target").mkdir(parents=True, exist_ok=True)
    if kept and kept.exists():
        shutil.copyfile(kept, folder / "target" / PARSED)
    done = _dbt(folder, snapshot, "parse")
    assert done.returncode == 0, done.stdout + done.stderr
    if kept:  # another session may read it at this moment
        fresh = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(folder / "target" / PARSED, fresh)
        fresh.replace(kept)


def _dbt(folder: Path, snapshot: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True, exist_ok=True)
    executable = shutil.which("dbt", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert executable, "dbt is not installed beside this Python"
    command = [executable, *arguments, "--target", "build"]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-level-file", "info"]
    # a test that joins a model which was not asked for is left out
    if "build" in arguments and "--indirect-selection" not in arguments:
        command += ["--indirect-selection", "buildable"]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOFAL_", "DBT_"))}
    # of this folder, which is where dbt runs: dbt parses all again where the environment of the profile has changed
    environment |= {"GOFAL_SNAPSHOT": str(snapshot), "GOFAL_BUILD_FILE": "gofal.duckdb"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=folder, check=False, timeout=280
    )
