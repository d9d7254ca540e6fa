"""The command itself: how fast it answers, and what it says of what is held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ingestion.cli import app
from ingestion.errors import RegistryError

HEAVY = ("airflow", "duckdb", "great_expectations", "pandas", "pyarrow", "pydantic_settings", "requests", "uvicorn")


def test_asking_for_help_imports_nothing_heavy():
    script = f"import sys, ingestion.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_says_what_it_is_for():
    commands = [("gofal", typer.main.get_command(app))]
    for name, command in commands:
        assert command.help, name
        commands += [(f"{name} {sub}", found) for sub, found in getattr(command, "commands", {}).items()]
    assert {"gofal figure", "gofal changes", "gofal mirror", "gofal sources backfill"} <= {name for name, _ in commands}


def test_the_status_of_one_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOFAL_HOME", str(tmp_path))
    said = CliRunner().invoke(app, ["status", "population_by_age", "--lang", "cy"]).output
    assert "Poblogaeth a genedigaethau" in said
    assert "adoptions_stages" not in said
    error = CliRunner().invoke(app, ["status", "population_by_ag"]).exception
    assert isinstance(error, RegistryError)
    assert "population_by_age" in error.cy
