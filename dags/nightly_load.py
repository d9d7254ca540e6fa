"""The nightly load: wiring only. What each task does is in ``ingestion/nightly.py``, imported by the tasks."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task, task_group
from airflow.timetables.trigger import CronTriggerTimetable

WRITER = "gofal_writer"
"""One slot: two builds never run side by side. The lease in ``ingestion/lock.py`` guards what pools do not."""


def current_run() -> Any:
    """The run of this task, with the DAG's params."""
    from ingestion.nightly import Params, Run

    context = get_current_context()
    run_id = os.environ.get("GOFAL_RUN_ID") or context["dag_run"].run_id
    return Run(run_id, Params.model_validate(dict(context["params"])))


def tell(context: Any) -> None:
    """When the run failed so badly that its report was not written, write it now, and call the webhook."""
    from ingestion.nightly import Params, Run, report

    dag_run = context["dag_run"]
    run = Run(
        os.environ.get("GOFAL_RUN_ID") or dag_run.run_id,
        Params.model_validate({**dict(context.get("params") or {}), **(dag_run.conf or {})}),
    )
    if run.folder.read("report") is None:
        report(run, ended=str(context.get("reason") or "no report was written"))


@dag(
    dag_id="nightly_load",
    schedule=CronTriggerTimetable("0 2 * * *", timezone="Europe/London"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=10), "execution_timeout": timedelta(hours=2)},
    on_failure_callback=tell,
    tags=["gofal"],
    doc_md="Pull what changed, check it, build the marts, publish them. See docs/design.md.",
    params={
        "datasets": Param([], type="array", items={"type": "string"}, description="Registry keys; empty means all"),
        "dataset_ids": Param({}, type="object", description="Other ids than the registry pins: {key: uuid}"),
        "force": Param(False, type="boolean", description="Fetch, build and publish although nothing changed"),
        "verify": Param(False, type="boolean", description="Re-hash every dataset, not only tonight's slice"),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            description="Build what was known at this moment (not published)",
        ),
    },
)
def nightly_load() -> None:
    """Source → land → check → raw → build → publish → report."""

    @task
    def discover() -> list[str]:
        """Which datasets changed."""
        from ingestion import nightly

        return nightly.discover(current_run())

    # The client has retried for minutes by now: a second round by Airflow would only delay the report.
    @task(map_index_template="{{ dataset }}", retries=0)
    def land(key: str) -> str:
        """Fetch one dataset and keep its bytes."""
        from ingestion import nightly

        get_current_context()["dataset"] = key
        return str(nightly.land(current_run(), key).outcome)

    @task_group
    def returns() -> Any:
        """What is in the inbox of returns."""

        @task(retries=0)
        def receive() -> int:
            """Land it."""
            from ingestion import nightly

            return nightly.receive_returns(current_run())

        @task(retries=0)
        def judge() -> dict[str, int]:
            """Judge and answer it."""
            from ingestion import nightly

            return nightly.judge_returns(current_run())

        last = judge()
        receive() >> last
        return last

    # neither a dataset nor the inbox that fails stops the others
    @task(trigger_rule="all_done", retries=0)
    def check() -> dict[str, str]:
        """Judge every landed batch."""
        from ingestion import nightly

        return nightly.check(current_run())

    @task
    def raw() -> dict[str, str]:
        """Accepted batches to raw, the others to quarantine."""
        from ingestion import nightly

        return nightly.accept(current_run())

    @task(retries=0, pool=WRITER)
    def build() -> str:
        """Freeze the lake, one dbt build."""
        from ingestion import nightly

        return nightly.build(current_run()).build_id

    @task(retries=0, pool=WRITER)
    def publish() -> str | None:
        """Copy the marts to a new folder and flip ``current``."""
        from ingestion import nightly

        made = nightly.publish(current_run())
        return made.build_id if made else None

    @task(trigger_rule="all_done", retries=0)
    def report() -> int:
        """Write the run report; fail the run where a fetch failed or nothing is published."""
        from ingestion import nightly

        made = nightly.report(current_run())
        if made.exit_code:
            raise RuntimeError(made.headline_en)
        return made.exit_code

    keys = discover()
    landed = land.expand(key=keys)
    done = report()
    taken = returns()
    [landed, taken] >> check() >> raw() >> build() >> publish() >> done
    [keys, landed, taken] >> done


nightly_load()
