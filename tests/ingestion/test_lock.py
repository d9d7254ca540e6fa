"""The writer's lease: one build and publication at a time, and a dead run blocks nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingestion import lock
from ingestion.errors import PublishError
from ingestion.lock import WriterLease

HOLDER = """
import sys, time, pathlib
from ingestion.lock import WriterLease
WriterLease(pathlib.Path(sys.argv[1]), "other").acquire()
print("held", flush=True)
time.sleep(60)
"""


def hold(root: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    process.stdout.close()
    return process


def test_a_second_run_waits_and_then_says_who_holds_the_lease(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with pytest.raises(PublishError, match=f"lease of run other .process {holder.pid}") as caught:
            WriterLease(tmp_path, "mine", wait=0.2).acquire()
        assert caught.value.code == "writer_busy"
    finally:
        holder.kill()
        holder.wait()


def test_the_lease_of_a_killed_run_is_void_at_once(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    WriterLease(tmp_path, "mine", wait=0).acquire()
    assert json.loads((tmp_path / "writer.json").read_text())["owner"] == "mine"


def test_a_lease_passes_from_task_to_task_of_one_run_and_to_no_other(tmp_path: Path) -> None:
    first = WriterLease(tmp_path, "mine")
    first.acquire()
    first.hand_over()
    with pytest.raises(PublishError, match="lease of run mine"):
        WriterLease(tmp_path, "other", wait=0).acquire()
    WriterLease(tmp_path, "mine", wait=0).acquire()
    first.release()
    WriterLease(tmp_path, "other", wait=0).acquire()


def test_a_handover_that_nobody_takes_up_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = WriterLease(tmp_path, "mine")
    lease.acquire()
    lease.hand_over()
    monkeypatch.setattr(lock.time, "time", lambda: time.monotonic() + lock.HANDOVER_LIMIT * 1e6)
    WriterLease(tmp_path, "other", wait=0).acquire()
    with pytest.raises(PublishError, match="lost the writer's lease to other"):
        lease.check()


def test_releasing_what_another_holds_does_nothing(tmp_path: Path) -> None:
    WriterLease(tmp_path, "mine").acquire()
    WriterLease(tmp_path, "other").release()
    WriterLease(tmp_path, "mine").check()


def test_a_damaged_lease_file_is_no_lease(tmp_path: Path) -> None:
    (tmp_path / "writer.json").write_text("{half")
    WriterLease(tmp_path, "mine", wait=0).acquire()
