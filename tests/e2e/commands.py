"""The command as a person runs it, and a question to what it published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

CHILDREN = "children_looked_after_gender_age"
RELEASED_AGAIN = (CHILDREN, "population_by_age", "children_looked_after_placement_type")
"""What the third of the first nights takes of the second release."""


def gofal(home: Path, *words: str, code: int = 0) -> Any:
    """Run the command as a person does, with a home of the test's own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gofal")), *words],
        env={**os.environ, "GOFAL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout) if "--json" in words else done.stdout


def ask(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "published" / "current" / "gofal.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()
