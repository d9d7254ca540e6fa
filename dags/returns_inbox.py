"""The inbox of returns, every quarter of an hour: wiring only. What each task does is in ``ingestion/nightly.py``."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, get_current_context, task
from airflow.timetables.trigger import CronTriggerTimetable

WRITER = "gofal_writer"


def current_run() -> Any:
    """The run of this task."""
    from ingestion.nightly import Run

    return Run(os.environ.get("GOFAL_RUN_ID") or get_current_context()["dag_run"].run_id)


@dag(
    dag_id="returns_inbox",
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="Europe/London"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    default_args={"retries": 0, "retry_delay": timedelta(seconds=10), "execution_timeout": timedelta(hours=1)},
    tags=["gofal"],
    doc_md="Take returns from the inbox, judge and answer them, publish what was accepted. See docs/returns.md.",
)
def returns_inbox() -> None:
    """Receive → judge → build → publish → report."""

    @task
    def receive() -> int:
        """Land what is in the inbox."""
        from ingestion import nightly

        run = current_run()
        nightly.begin_inbox(run)
        return nightly.receive_returns(run)

    @task
    def judge() -> dict[str, int]:
        """Judge and answer it."""
        from ingestion import nightly

        return nightly.judge_returns(current_run())

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def anything(outcomes: dict[str, int]) -> bool:
        """Without a new submission there is nothing to build."""
        return bool(outcomes)

    @task(pool=WRITER)
    def build() -> str:
        """Freeze the lake, one dbt build."""
        from ingestion import nightly

        return nightly.build(current_run()).build_id

    @task(pool=WRITER)
    def publish() -> str | None:
        """Copy the marts to a new folder and flip ``current``."""
        from ingestion import nightly

        made = nightly.publish(current_run())
        return made.build_id if made else None

    @task(trigger_rule="all_done")
    def report() -> int:
        """Write the run report; fail the run where something failed."""
        from ingestion import nightly

        made = nightly.report(current_run())
        if made.exit_code:
            raise RuntimeError(made.headline_en)
        return made.exit_code

    received, judged, done = receive(), judge(), report()
    received >> judged
    anything(judged) >> build() >> publish() >> done
    [received, judged] >> done


returns_inbox()
