"""The DAG file: wiring only, quick to parse, and wired as docs/design.md says."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from dag_probe import probed

from ingestion.airflow_local import POOL
from ingestion.config import CHECKOUT


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return probed("nightly_load", tmp_path_factory.mktemp("home"))


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
