"""The writer's lease: one build and publication at a time, across every entry point.

A pool in Airflow does not bind ``airflow dags test`` or the command line, and an ordinary file lock does not survive
from one task's process to the next. So the lease is a small file that names its owner (the run) and the process that
holds it now; between two tasks of a run it is handed over. A lease whose process is gone is void at once, so a killed
run never blocks the next one.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from ingestion.errors import PublishError
from ingestion.runs import write_json

HANDOVER_LIMIT = 600.0
"""Seconds that a lease may wait between two tasks of one run before another run may take it."""


class WriterLease:
    """The lease on freeze → build → publish under one home.

    Args:
        root: The home; the lease is ``writer.json`` in it.
        owner: The run that wants it.
        wait: Seconds to wait for another run before giving up.
    """

    def __init__(
        self, root: Path, owner: str, *, wait: float = 900.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.path = root / "writer.json"
        self.owner = owner
        self.wait = wait
        self._guard = FileLock(root / "writer.guard")
        self._sleep = sleep

    def acquire(self) -> None:
        """Take the lease, or take it back within the same run.

        Raises:
            PublishError: Another run held it for longer than ``wait`` seconds.
        """
        deadline = time.monotonic() + self.wait
        while True:
            with self._guard:
                lease = self._read()
                if lease is None or lease["owner"] == self.owner or _void(lease):
                    self._write("held")
                    return
            if time.monotonic() > deadline:
                raise PublishError(
                    f"Run {self.owner} waited {self.wait:.0f} s for the writer's lease of run {lease['owner']} "
                    f"(process {lease['pid']} on {lease['host']}). Wait for it to end, or stop it, and run again.",
                    f"Arhosodd rhediad {self.owner} am {self.wait:.0f} eiliad am glo ysgrifennu rhediad "
                    f"{lease['owner']} (proses {lease['pid']} ar {lease['host']}). Arhoswch i’r rhediad hwnnw orffen, "
                    "neu stopiwch ef, a rhedwch eto.",
                    code="writer_busy",
                    holder=lease["owner"],
                )
            self._sleep(0.5)

    def hand_over(self) -> None:
        """Keep the lease for the run's next task, in whatever process that will be."""
        with self._guard:
            self._check()
            self._write("handed_over")

    def release(self) -> None:
        """Give the lease back; nothing happens if this run does not hold it."""
        with self._guard:
            lease = self._read()
            if lease and lease["owner"] == self.owner:
                self.path.unlink()

    def check(self) -> None:
        """Make sure that the run still holds the lease.

        Raises:
            PublishError: It was lost: the run was thought dead and another took over.
        """
        with self._guard:
            self._check()

    def _check(self) -> None:
        lease = self._read()
        if lease is None or lease["owner"] != self.owner:
            raise PublishError(
                f"Run {self.owner} lost the writer's lease to {lease['owner'] if lease else 'nobody'}. Run again.",
                f"Collodd rhediad {self.owner} y clo ysgrifennu. Rhedwch eto.",
                code="writer_lost",
            )

    def _read(self) -> dict[str, Any] | None:
        try:
            lease: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return lease

    def _write(self, state: str) -> None:
        process = psutil.Process()
        write_json(
            self.path,
            {
                "owner": self.owner,
                "pid": process.pid,
                "started": process.create_time(),
                "host": socket.gethostname(),
                "state": state,
                "at": time.time(),
            },
        )


def _void(lease: dict[str, Any]) -> bool:
    age = time.time() - float(lease["at"])
    if lease["state"] == "handed_over":
        return age > HANDOVER_LIMIT or age < -HANDOVER_LIMIT
    if lease["host"] != socket.gethostname():
        return age > 6 * 3600
    if int(lease["pid"]) == os.getpid():
        return False
    try:
        return bool(abs(psutil.Process(int(lease["pid"])).create_time() - float(lease["started"])) > 1)
    except psutil.NoSuchProcess:
        return True
