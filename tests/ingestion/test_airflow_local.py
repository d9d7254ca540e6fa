"""A local Airflow: its settings, its database, its processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from ingestion import airflow_local
from ingestion.config import CHECKOUT, Settings
from ingestion.errors import GofalError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_tasks_see_the_settings_that_the_person_gave(settings):
    settings.sample_release = 3
    env = airflow_local.environment(settings)
    assert env["GOFAL_HOME"] == str(settings.root)
    assert env["GOFAL_SOURCE"] == "sample"
    assert env["GOFAL_SAMPLE_RELEASE"] == "3"
    assert "GOFAL_WEBHOOK" not in env


def test_nothing_phones_home_and_nothing_listens_to_the_network(settings):
    env = airflow_local.environment(settings, port=1234)
    assert env["DO_NOT_TRACK"] == "1"
    assert env["GX_ANALYTICS_ENABLED"] == "False"
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:1234/execution/"
    assert "127.0.0.1" in env["NO_PROXY"].split(",")


def test_a_persons_own_airflow_is_left_alone(settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW_CONFIG", "/elsewhere/airflow.cfg")
    monkeypatch.setenv("NO_PROXY", "example.org")
    env = airflow_local.environment(settings)
    assert env["AIRFLOW_HOME"] == str(settings.root / "airflow")
    assert "AIRFLOW_CONFIG" not in env
    assert env["NO_PROXY"] == "example.org,127.0.0.1,localhost"


def test_keys_are_made_once_and_for_their_owner_only(settings):
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(airflow_local.environment(settings)["AIRFLOW__API_AUTH__JWT_SECRET"])
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    home = airflow_local.airflow_home(settings)
    assert (home / "keys.json").stat().st_mode & 0o077 == 0
    assert [p.name for p in home.iterdir()] == ["keys.json"]


def test_the_database_is_made_once_with_the_pool_and_made_again_when_it_is_lost(settings):
    assert airflow_local.initialise(settings)
    database = airflow_local.airflow_home(settings) / "airflow.db"
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT slots FROM slot_pool WHERE pool = 'gofal_writer'").fetchone() == (1,)
    assert not airflow_local.initialise(settings)
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM slot_pool WHERE pool = 'gofal_writer'")
    assert airflow_local.initialise(settings)
    assert not airflow_local.initialise(settings)


def test_a_damaged_database_is_said_with_the_remedy(settings):
    home = airflow_local.airflow_home(settings)
    home.mkdir(parents=True)
    (home / "airflow.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(GofalError) as caught:
        airflow_local.initialise(settings)
    assert caught.value.code == "airflow_database"
    assert "airflow.db" in caught.value.en
    assert "airflow.db" in caught.value.cy
    assert (home / "initialise.log").stat().st_size > 0


def test_a_taken_port_is_refused_before_anything_is_started(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(GofalError) as caught:
            airflow_local.start(settings, taken.getsockname()[1])
    assert caught.value.code == "port_taken"
    assert not (airflow_local.airflow_home(settings) / "airflow.db").exists()


def test_a_second_airflow_on_the_same_home_is_refused(settings):
    from filelock import FileLock

    home = airflow_local.airflow_home(settings)
    home.mkdir(parents=True)
    with FileLock(home / "running.lock"), pytest.raises(GofalError) as caught:
        airflow_local.start(settings, free_port())
    assert caught.value.code == "airflow_running"


FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import os, time; os.setpgid(0, 0); time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_stopping_ends_the_children_as_well_also_those_in_groups_of_their_own(tmp_path):
    command = {"one": [sys.executable, "-c", FAMILY]}
    with airflow_local.Processes(command, dict(os.environ), tmp_path / "logs", cwd=tmp_path) as processes:
        deadline = time.monotonic() + 60
        while not processes.log("one").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child = psutil.Process(int(processes.log("one").read_text()))
        parent = psutil.Process(processes.running["one"].pid)
        processes.require_running()
    assert not parent.is_running()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_ends_by_itself_is_said_by_name(tmp_path):
    command = {"scheduler": [sys.executable, "-c", "raise SystemExit(7)"]}
    with airflow_local.Processes(command, dict(os.environ), tmp_path / "logs", cwd=tmp_path) as processes:
        processes.running["scheduler"].wait(60)
        with pytest.raises(GofalError) as caught:
            processes.require_running()
    assert caught.value.context == {"process": "scheduler", "exit_code": 7}
    assert "scheduler.log" in caught.value.en


TINY = """
from airflow.sdk import dag, task

@dag(schedule=None)
def tiny():
    @task(pool="gofal_writer")
    def home():
        import os
        return os.environ["GOFAL_HOME"]
    home()

tiny()
"""
START = """
import sys
from pathlib import Path
from ingestion import airflow_local
from ingestion.config import Settings
ready = lambda url: print(url, flush=True)
airflow_local.start(Settings(home=Path(sys.argv[1])), int(sys.argv[2]), dags=Path(sys.argv[3]), on_ready=ready)
"""


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_a_local_airflow_runs_a_task_in_the_pool_and_stops_without_a_trace(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "tiny.py").write_text(TINY)
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path / "home"), str(port), str(tmp_path / "dags")],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    family: list[psutil.Process] = []
    try:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert url == f"http://127.0.0.1:{port}"
        family = psutil.Process(running.pid).children(recursive=True)
        assert len(family) >= len(airflow_local.COMPONENTS)
        token = ask(f"{url}/auth/token")["access_token"]
        deadline = time.monotonic() + 240
        while "tiny" not in {d["dag_id"] for d in ask(f"{url}/api/v2/dags", token)["dags"]}:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        run = ask(f"{url}/api/v2/dags/tiny/dagRuns", token, {"logical_date": None})
        where = f"{url}/api/v2/dags/tiny/dagRuns/{urllib.request.quote(run['dag_run_id'])}"
        while (state := ask(where, token)["state"]) in ("queued", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert state == "success"
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(90) == 0
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def ask(url: str, token: str | None = None, body: object = None) -> dict:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_settings_default_to_a_home_in_the_checkout():
    assert airflow_local.airflow_home(Settings()) == CHECKOUT / "var" / "sample" / "airflow"
    assert isinstance(airflow_local.airflow_home(Settings()), Path)
