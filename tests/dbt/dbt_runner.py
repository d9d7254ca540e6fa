"""Run dbt on this project, in a process of its own (a database file stays locked by its process)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ingestion.config import CHECKOUT

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
