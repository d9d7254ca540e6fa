"""The DAG of the inbox: wiring only, and wired as docs/design.md says."""

from __future__ import annotations

import pytest
from dag_probe import probed

from ingestion.airflow_local import POOL


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return probed("returns_inbox", tmp_path_factory.mktemp("home"))


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
