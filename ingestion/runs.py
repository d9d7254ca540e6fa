"""Run folders: what the stages of one run tell each other, as small JSON files that are written whole.

Stages pass their outcomes through files, not through Airflow's XCom, so that the DAG, the command line and the tests
run the same functions, and so that a killed run leaves behind what it had found.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field


class RunFolder(BaseModel):
    """The folder of one run."""

    path: Path = Field(description="GOFAL_HOME/runs/<run_id>")

    def write(self, name: str, document: BaseModel | dict[str, Any]) -> None:
        """Write one stage's outcome atomically, e.g. ``land/<key>``."""
        data = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
        write_json(self.path / f"{name}.json", data)

    def read(self, name: str) -> Any:
        """Read one stage's outcome; None where the stage has not got so far."""
        try:
            return json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def read_all(self, folder: str) -> dict[str, Any]:
        """Read every outcome below a folder, by name."""
        return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted((self.path / folder).glob("*.json"))}


def write_json(path: Path, document: Any) -> None:
    """Write a local JSON file atomically (temporary name, fsync, rename)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("w", encoding="utf-8") as handle:
            json.dump(document, handle, ensure_ascii=False, indent=1, sort_keys=True, default=str)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
