"""The DAG file: wiring only, quick to parse, and wired as docs/design.md says."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.airflow_local import POOL, environment
from ingestion.config import CHECKOUT, Settings

PROBE = """
import json, sys, time
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable
before = set(sys.modules)
began = time.perf_counter()
import nightly_load
seconds = time.perf_counter() - began
heavy = {"duckdb", "pandas", "great_expectations", "pyarrow", "requests", "ingestion", "dbt"}
heavy &= {m.split(".")[0] for m in set(sys.modules) - before}
found = [v for v in vars(nightly_load).values() if isinstance(v, DAG)] or [nightly_load.nightly_load()]
dag = found[0]
print(json.dumps({
    "seconds": seconds, "heavy": sorted(heavy), "dag_id": dag.dag_id,
    "tasks": {
        t.task_id: {
            "down": sorted(t.downstream_task_ids), "rule": str(t.trigger_rule), "pool": getattr(t, "pool", None)}
        for t in dag.tasks
    },
    "params": sorted(dag.params), "max_active_runs": dag.max_active_runs, "catchup": dag.catchup,
    "paused": dag.is_paused_upon_creation,
    "schedule": str(dag.timetable.__dict__ if hasattr(dag.timetable, "__dict__") else dag.timetable),
}, default=str))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=CHECKOUT / "dags",
        env={**environment(settings), "PYTHONPATH": str(CHECKOUT / "dags") + os.pathsep + str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_file_parses_in_a_second_and_imports_nothing_heavy(probe: dict[str, object]) -> None:
    assert probe["heavy"] == []
    assert float(probe["seconds"]) < 1.0  # type: ignore[arg-type]


def test_the_dag_runs_every_night_once_and_is_not_paused(probe: dict[str, object]) -> None:
    assert probe["dag_id"] == "nightly_load"
    assert probe["max_active_runs"] == 1
    assert probe["catchup"] is False
    assert probe["paused"] is False
    assert "0 2 * * *" in str(probe["schedule"])
    assert "Europe/London" in str(probe["schedule"])


def test_the_stages_follow_each_other(probe: dict[str, object]) -> None:
    tasks: dict[str, dict[str, object]] = probe["tasks"]  # type: ignore[assignment]
    order = ["discover", "land", "check", "raw", "build", "publish", "report"]
    assert sorted(tasks) == sorted([*order, "returns.receive", "returns.judge"])
    for name, following in itertools.pairwise(order):
        assert following in tasks[name]["down"]  # type: ignore[operator]


def test_neither_a_failed_dataset_nor_the_inbox_stops_the_checks_or_the_report(probe: dict[str, object]) -> None:
    tasks: dict[str, dict[str, object]] = probe["tasks"]  # type: ignore[assignment]
    assert "all_done" in str(tasks["check"]["rule"]).lower()
    assert "all_done" in str(tasks["report"]["rule"]).lower()
    assert "returns.judge" in tasks["returns.receive"]["down"]  # type: ignore[operator]
    assert {"check", "report"} <= set(tasks["returns.judge"]["down"])  # type: ignore[call-overload]
    assert tasks["report"]["down"] == []


def test_the_writing_stages_share_the_pool_of_one_slot(probe: dict[str, object]) -> None:
    tasks: dict[str, dict[str, object]] = probe["tasks"]  # type: ignore[assignment]
    assert {name for name, task in tasks.items() if task["pool"] == POOL} == {"build", "publish"}


def test_the_params_are_those_of_a_run(probe: dict[str, object]) -> None:
    from ingestion.nightly import Params

    assert probe["params"] == sorted(Params.model_fields)


def test_every_dag_file_is_named_after_its_dag() -> None:
    assert {p.stem for p in (CHECKOUT / "dags").glob("*.py")} == {"nightly_load", "returns_inbox"}
    for name in ("nightly_load", "returns_inbox"):
        assert f'dag_id="{name}"' in Path(CHECKOUT / "dags" / f"{name}.py").read_text(encoding="utf-8")
