"""What Airflow sees of a DAG file, asked in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ingestion.airflow_local import environment
from ingestion.config import CHECKOUT, Settings

PROBE = """
import importlib, json, sys, time
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable
before = set(sys.modules)
began = time.perf_counter()
module = importlib.import_module(sys.argv[1])
seconds = time.perf_counter() - began
heavy = {"duckdb", "pandas", "great_expectations", "pyarrow", "requests", "ingestion", "dbt"}
heavy &= {m.split(".")[0] for m in set(sys.modules) - before}
found = [v for v in vars(module).values() if isinstance(v, DAG)] or [getattr(module, sys.argv[1])()]
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


def probed(name: str, home: Path) -> dict[str, object]:
    """Import a DAG file, and say how it is wired.

    Args:
        name: The file's, without its ending, which is the DAG's.
        home: A folder for Airflow's own files.
    """
    done = subprocess.run(
        [sys.executable, "-c", PROBE, name],
        cwd=CHECKOUT / "dags",
        env={
            **environment(Settings(home=home)),
            "PYTHONPATH": str(CHECKOUT / "dags") + os.pathsep + str(CHECKOUT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found
