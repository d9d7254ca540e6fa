"""The DAG of the inbox: wiring only, and wired as docs/design.md says."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ingestion.airflow_local import POOL, environment
from ingestion.config import CHECKOUT, Settings

PROBE = """
import json, sys
from airflow.sdk import DAG
before = set(sys.modules)
import returns_inbox
heavy = {"duckdb", "pandas", "great_expectations", "pyarrow", "ingestion", "dbt"}
heavy &= {m.split(".")[0] for m in set(sys.modules) - before}
found = [v for v in vars(returns_inbox).values() if isinstance(v, DAG)] or [returns_inbox.returns_inbox()]
dag = found[0]
print(json.dumps({
    "heavy": sorted(heavy), "dag_id": dag.dag_id,
    "tasks": {
        t.task_id: {
            "down": sorted(t.downstream_task_ids), "rule": str(t.trigger_rule), "pool": getattr(t, "pool", None)}
        for t in dag.tasks
    },
    "max_active_runs": dag.max_active_runs, "catchup": dag.catchup, "paused": dag.is_paused_upon_creation,
    "schedule": str(dag.timetable.__dict__),
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


def test_the_inbox_is_looked_at_every_quarter_of_an_hour_by_one_run(probe: dict[str, object]) -> None:
    assert probe["dag_id"] == "returns_inbox"
    assert "*/15 * * * *" in str(probe["schedule"])
    assert (probe["max_active_runs"], probe["catchup"], probe["paused"]) == (1, False, False)
    assert probe["heavy"] == []


def test_nothing_new_builds_nothing_and_is_reported_all_the_same(probe: dict[str, object]) -> None:
    tasks: dict[str, dict[str, object]] = probe["tasks"]  # type: ignore[assignment]
    assert sorted(tasks) == ["anything", "build", "judge", "publish", "receive", "report"]
    assert tasks["receive"]["down"] == ["judge", "report"]
    assert tasks["judge"]["down"] == ["anything", "report"]
    assert tasks["anything"]["down"] == ["build"]
    assert "all_done" in str(tasks["report"]["rule"]).lower()


def test_the_writing_stages_share_the_pool_of_one_slot(probe: dict[str, object]) -> None:
    tasks: dict[str, dict[str, object]] = probe["tasks"]  # type: ignore[assignment]
    assert {name for name, task in tasks.items() if task["pool"] == POOL} == {"build", "publish"}
