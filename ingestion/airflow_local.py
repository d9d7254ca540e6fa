"""A real Airflow on this machine: its settings, its database, and its four processes.

`make run` uses the settings and the database only (``airflow dags test`` needs no other process); `make airflow`
starts the scheduler, the DAG processor, the triggerer and the API server with its UI, until it is interrupted.
Airflow itself is never imported here: importing it costs seconds, and it reads its settings from the environment only
once. The one thing that needs its code, bringing the database up to date, runs in a process of its own.

The metadata is in SQLite under the settings' home, which is for one machine and one person; ``docker-compose.yml``
is the same on PostgreSQL.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from ingestion.config import CHECKOUT, Settings
from ingestion.errors import GofalError

POOL = "gofal_writer"
"""The pool of one slot for every task that writes the build. A task whose pool is missing never starts."""
POOL_DESCRIPTION = "One slot: freeze, build and publish happen one at a time"
PORT = 8080
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # The API server reads the logs from the same disk, so nothing needs to serve them on further ports.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
"""The processes of a local Airflow: a name, and the words after ``airflow``."""
GRACE = 15.0
"""Seconds that the processes have to stop by themselves. What they leave undone, the next run puts right."""


def airflow_home(settings: Settings) -> Path:
    """Where this home's Airflow keeps its database, logs and keys."""
    return settings.root / "airflow"


def environment(settings: Settings, port: int = PORT, dags: Path | None = None) -> dict[str, str]:
    """The environment for any Airflow command of this home.

    Reads, and at first use writes, the keys by which Airflow's own processes trust each other.

    Args:
        settings: Whose home and source; passed on, so that tasks see the same settings.
        port: The loopback port of the API server, which tasks report to as well.
        dags: The folder of DAG files; the checkout's by default.

    Returns:
        A whole environment: the current one with Airflow's settings put over it.
    """
    home = airflow_home(settings)
    keys = _keys(home)
    address = f"http://127.0.0.1:{port}"
    ours = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags or CHECKOUT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/London",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        # Whoever can reach a loopback port of this machine could read the files as well, so nobody signs in.
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": keys["secret_key"],
        "AIRFLOW__API__INSTANCE_NAME": f"Gofal ({settings.source})",
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "AIRFLOW__API_AUTH__JWT_ISSUER": "gofal",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_database(home)}",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    }
    unset = {"AIRFLOW_CONFIG", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"}
    inherited = {key: value for key, value in os.environ.items() if key not in unset}
    # A proxy that is set for the outside must not be asked for our own loopback addresses.
    for key in ("NO_PROXY", "no_proxy"):
        before = [address for address in inherited.get(key, "").split(",") if address]
        ours[key] = ",".join(dict.fromkeys([*before, "127.0.0.1", "localhost"]))
    ours["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
    return inherited | ours | _gofal(settings)


def initialise(settings: Settings, *, env: Mapping[str, str] | None = None) -> bool:
    """Bring this home's Airflow database up to date and create the pool. Cheap when there is nothing to do.

    Args:
        settings: Whose home.
        env: From `environment`; made here by default.

    Returns:
        Whether anything had to be done.

    Raises:
        GofalError: The database could not be made or migrated.
    """
    home = airflow_home(settings)
    marker = home / f"ready-{version('apache-airflow-core')}.json"
    if marker.exists() and _state(home) == json.loads(marker.read_text(encoding="utf-8")):
        return False
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "ingestion.airflow_local"],
        env=dict(env or environment(settings)),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    state = _state(home)
    if done.returncode or state is None:
        log = home / "initialise.log"
        log.write_text(done.stdout, encoding="utf-8")
        last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "")
        raise GofalError(
            f"Airflow's database in {home} could not be brought up to date: {last} The whole output is in {log}. "
            f"If the database is damaged, move {_database(home).name} away: it holds run history only, no data.",
            f"Nid oedd modd diweddaru cronfa ddata Airflow yn {home}: {last} Mae’r allbwn cyfan yn {log}. "
            f"Os yw’r gronfa ddata wedi’i difrodi, symudwch {_database(home).name} o’r neilltu: "
            f"hanes rhediadau yn unig sydd ynddi, nid data.",
            code="airflow_database",
            path=str(home),
        )
    temporary = marker.with_suffix(".tmp")
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(marker)
    return True


def start(
    settings: Settings, port: int = PORT, *, on_ready: Callable[[str], None] | None = None, dags: Path | None = None
) -> None:
    """Run a local Airflow until SIGINT, SIGTERM or SIGHUP.

    Args:
        settings: Whose home and source.
        port: The loopback port of the UI.
        on_ready: Called once with the UI's address when every process is healthy.
        dags: The folder of DAG files; the checkout's by default.

    Raises:
        GofalError: The port is taken, an Airflow of this home is running already, or a process ended by itself.
    """
    from filelock import FileLock, Timeout

    home = airflow_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    env = environment(settings, port, dags)
    lock = FileLock(home / "running.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise GofalError(
            f"An Airflow is already running on {home}: two schedulers must not share its database. "
            "Stop the other one first, or use another GOFAL_HOME.",
            f"Mae Airflow eisoes yn rhedeg ar {home}: ni chaiff dau drefnydd rannu ei gronfa ddata. "
            "Stopiwch y llall yn gyntaf, neu defnyddiwch GOFAL_HOME arall.",
            code="airflow_running",
            path=str(home),
        ) from None
    with lock:
        _require_free(port)
        initialise(settings, env=env)
        commands = {name: ["airflow", *words] for name, words in COMPONENTS.items()}
        # A task that starts before the API server answers is given up on, so the scheduler comes after it.
        server = {"api-server": commands.pop("api-server")}
        with contextlib.ExitStack() as running:
            stopped = running.enter_context(stop_signals())
            first = running.enter_context(Processes(server, env, home / "logs", cwd=home))
            while not stopped() and not answering(port):
                first.require_running()
                time.sleep(0.3)
            if stopped():
                return
            others = running.enter_context(Processes(commands, env, home / "logs", cwd=home))
            waiting = on_ready
            while not stopped():
                first.require_running()
                others.require_running()
                if waiting and healthy(port):
                    waiting(env["AIRFLOW__API__BASE_URL"])
                    waiting = None
                time.sleep(0.5)


class Processes:
    """Programs that run side by side, each with its output in a file of its own, and stop together.

    Every program leads a session of its own, so that Ctrl-C in a terminal reaches this process only and the programs
    are stopped in order, once.
    """

    def __init__(self, commands: Mapping[str, Sequence[str]], env: Mapping[str, str], logs: Path, cwd: Path) -> None:
        """Say what to run; nothing is started yet.

        Args:
            commands: A name, and the words of the command.
            env: The environment of all of them; programs are looked up in its PATH.
            logs: The folder for ``<name>.log``.
            cwd: Their current directory.
        """
        self.commands = commands
        self.env = dict(env)
        self.logs = logs
        self.cwd = cwd
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        """Start all of them."""
        import shutil

        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            for name, words in self.commands.items():
                program = shutil.which(words[0], path=self.env.get("PATH")) or words[0]
                with (self.logs / f"{name}.log").open("ab") as log:
                    self.running[name] = subprocess.Popen(
                        [program, *words[1:]],
                        env=self.env,
                        cwd=self.cwd,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop all of them, whatever happened."""
        self.stop()

    def log(self, name: str) -> Path:
        """Where this program's output goes."""
        return self.logs / f"{name}.log"

    def require_running(self) -> None:
        """Raise when a program has ended by itself.

        Raises:
            GofalError: Which one, how, and where its output is.
        """
        for name, process in self.running.items():
            code = process.poll()
            if code is not None:
                raise GofalError(
                    f"Airflow's {name} should keep running but ended with exit code {code}. "
                    f"Its output is in {self.log(name)}; the others were stopped.",
                    f"Dylai {name} Airflow ddal i redeg ond daeth i ben gyda chod gadael {code}. "
                    f"Mae ei allbwn yn {self.log(name)}; stopiwyd y lleill.",
                    code="airflow_process_ended",
                    process=name,
                    exit_code=code,
                )

    def stop(self, grace: float = GRACE) -> None:
        """Ask every program to stop, wait, and end whatever of it or its children is left."""
        import psutil  # comes with Airflow

        family: list[psutil.Process] = []
        for process in self.running.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                leader = psutil.Process(process.pid)
                family += [leader, *leader.children(recursive=True)]
        # A scheduler waits for its running tasks; told a second time, it does not.
        for share in (0.6, 0.4):
            for process in self.running.values():
                if process.poll() is None:
                    process.terminate()
            deadline = time.monotonic() + grace * share
            for process in self.running.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
        # A task leads a process group of its own and outlives a scheduler that was killed: end what we saw, by id.
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=5)
        for process in self.running.values():
            process.wait()
        self.running = {}


def answering(port: int) -> bool:
    """Whether the API server on this loopback port answers at all."""
    return _health(port) is not None


def healthy(port: int) -> bool:
    """Whether the API server on this loopback port says that all of Airflow is well."""
    parts = _health(port) or {}
    wanted = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return all((parts.get(part) or {}).get("status") == "healthy" for part in wanted)


def _health(port: int) -> dict[str, dict[str, str | None]] | None:
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            parts: dict[str, dict[str, str | None]] = json.loads(answer.read())
            return parts
    except (URLError, OSError, ValueError):
        return None


@contextlib.contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Within the block, SIGINT, SIGTERM and SIGHUP only set a flag.

    Yields:
        A function that says whether one of them has come.
    """
    seen = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield lambda: seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _database(home: Path) -> Path:
    return home / "airflow.db"


def _state(home: Path) -> dict[str, object] | None:
    """What says that the database is as `initialise` left it; None where it is not even usable."""
    path = _database(home)
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            revision = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
            slots = connection.execute("SELECT slots FROM slot_pool WHERE pool = ?", (POOL,)).fetchone()
    except sqlite3.Error:
        return None
    return {"revision": revision, "slots": slots[0]} if revision and slots else None


def _keys(home: Path) -> dict[str, str]:
    """The keys of this home, made once, readable by their owner only."""
    path = home / "keys.json"
    with contextlib.suppress(FileNotFoundError):
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return found
    home.mkdir(parents=True, exist_ok=True)
    keys = {
        "fernet_key": urlsafe_b64encode(os.urandom(32)).decode(),
        "secret_key": secrets.token_urlsafe(48),
        "jwt_secret": secrets.token_urlsafe(64),
    }
    temporary = home / f".keys.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            json.dump(keys, handle)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)  # the first of several processes wins, and all of them read its keys
    finally:
        temporary.unlink(missing_ok=True)
    chosen: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return chosen


def _gofal(settings: Settings) -> dict[str, str]:
    """The settings that were given, as the environment variables that give them."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    given |= {"source": settings.source, "home": settings.root}
    return {f"GOFAL_{name.upper()}": str(value) for name, value in given.items() if value is not None}


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise GofalError(
                f"Airflow needs port {port} of this machine and something else is using it ({error.strerror}). "
                "Choose another port, or stop the other program: tasks would report to it and all fail.",
                f"Mae angen porth {port} y peiriant hwn ar Airflow ac mae rhywbeth arall yn ei ddefnyddio "
                f"({error.strerror}). Dewiswch borth arall, neu stopiwch y rhaglen arall: "
                "byddai tasgau’n adrodd iddi ac yn methu i gyd.",
                code="port_taken",
                port=port,
            ) from None


def _migrate() -> None:
    """Bring the database of this process's environment up to date and create the pool (see `initialise`).

    In ``docker-compose.yml`` this is the service ``init``, which sets the password of the account as well.
    """
    from airflow.configuration import conf
    from airflow.models.pool import Pool
    from airflow.utils import db

    db.upgradedb()  # on a new database this creates it whole
    Pool.create_or_update_pool(POOL, slots=1, description=POOL_DESCRIPTION, include_deferred=False)
    password, file = (
        os.environ.get("AIRFLOW_ADMIN_PASSWORD"),
        conf.get("core", "simple_auth_manager_passwords_file", fallback=None),
    )
    if password and file:
        _set_password(Path(file), "admin", password)


def _set_password(path: Path, user: str, password: str) -> None:
    """Write the one account that Airflow's simple accounts have, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({user: password}, file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    _migrate()
