"""Runs a function in a process of its own, with limits of time and memory: no file can take the worker down.

The process is a plain child (``python -m ingestion.returns.sandbox``), not a `multiprocessing` one, so that it can be
started from Airflow's task processes too. It is started once and used for one file after another; where a file killed
it, the next file gets a new one. Crashes and exhaustion are what it guards against; it is no jail.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import logging
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeVar

R = TypeVar("R")

MEMORY = 1 << 30
SECONDS = 60.0
_CALL = struct.Struct("!dQ")
"""Seconds, and the size of what follows."""
_ANSWER = struct.Struct("!BQ")
"""One of the next, and the size of what follows."""
_DONE, _RAISED, _NO_MEMORY = range(3)
_GRACE = 5.0
"""How much longer than the parent the child itself waits before it ends: for when the parent is gone."""
_COLLECTED_EVERY = 50
"""After so many calls the child looks for what holds itself."""
_log = logging.getLogger(__name__)


class Sandbox:
    """A process that runs functions for us, one after another. A context manager; not for several threads at once.

    Args:
        memory: How many bytes a function may have.
        ready: A module that the child imports as soon as it starts, while the parent does something else.
    """

    def __init__(self, memory: int = MEMORY, ready: str = "") -> None:
        self._memory = memory
        self._ready = ready
        self._child: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def __enter__(self) -> Sandbox:
        self._start()  # at once, so that it is ready by the time that there is something to read
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, function: Callable[..., R], *args: Any, seconds: float = SECONDS) -> R:
        """Call a function in the child.

        Args:
            function: A function of a module that the child can import.
            args: What it is called with; they and the result must survive pickling.
            seconds: How long it may take, in all.

        Returns:
            What the function returned.

        Raises:
            RefusedError: It took too long (``too_long``), wanted too much memory (``too_large``), or took the child
                down with it (``reader_died``).
            Exception: What the function raised.
        """
        request = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._start()
        try:
            self._send(_CALL.pack(seconds + _GRACE, len(request)) + request)
            kind, body = self._receive(time.monotonic() + seconds)
        except TimeoutError:
            self.close()
            raise _refused("too_long", seconds=f"{seconds:g}") from None
        except (EOFError, BrokenPipeError):
            raise _refused(self._why_it_ended(), seconds=f"{seconds:g}") from None
        except BaseException:
            self.close()  # an answer that is only half read must not become the next file's
            raise
        if kind == _NO_MEMORY:
            self.close()  # it may hold on to what it has
            raise _refused("too_large")
        answer: Any = pickle.loads(body)  # noqa: S301  # it comes from our own function
        if kind == _RAISED:
            raise answer
        result: R = answer
        return result

    def close(self) -> None:
        """End the child, whatever it is doing."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # a request that could not be sent whole
                        pipe.close()
        stderr, self._stderr = self._stderr, None
        if stderr is not None:
            stderr.close()

    def _start(self) -> None:
        # Its modules are found where ours are; -P: the folder we happen to stand in is not one of those places.
        path = os.pathsep.join(str(Path(p).resolve()) for p in sys.path)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed in close()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", __spec__.name, str(self._memory), self._ready],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "PYTHONPATH": path},
            bufsize=0,
        )

    def _send(self, message: bytes) -> None:
        if self._child is None or self._child.stdin is None:
            raise BrokenPipeError
        rest = memoryview(message)
        while rest:
            rest = rest[self._child.stdin.write(rest) :]

    def _receive(self, deadline: float) -> tuple[int, bytes]:
        kind, size = _ANSWER.unpack(self._read(_ANSWER.size, deadline))
        return kind, self._read(size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        if self._child is None or self._child.stdout is None:
            raise EOFError
        pipe = self._child.stdout.fileno()
        chunks = bytearray()
        while len(chunks) < size:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            chunk = os.read(pipe, min(size - len(chunks), 1 << 20))
            if not chunk:
                raise EOFError
            chunks += chunk
        return bytes(chunks)

    def _why_it_ended(self) -> str:
        """The code of the problem: the child is gone without an answer."""
        status, said = None, ""
        if self._child is not None:
            status = self._child.wait()
        if self._stderr is not None:
            self._stderr.seek(0)
            said = self._stderr.read()[-4000:].decode(errors="replace")
        self.close()
        if status == -signal.SIGALRM:
            return "too_long"
        _log.info("The reader ended with %s: %s", status, said)
        # Rust cannot raise where memory is refused: it says so and aborts. Killed, and not by us: the system's memory.
        if status == -signal.SIGKILL or "memory allocation of" in said or "MemoryError" in said:
            return "too_large"
        return "reader_died"


def _refused(code: str, **values: Any) -> Exception:
    from ingestion.returns.problems import Problem, RefusedError  # the child starts without it

    return RefusedError(Problem(code, values=values))


def _serve(memory: int, ready: str = "") -> None:
    """The child: answer one call after another until nobody asks any more."""
    # What functions print, or a library writes to file descriptor 1, must not get between our answers.
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    _limit(memory)
    gc.disable()  # a million new cells would be looked through again and again; what is dropped is freed all the same
    if ready:
        with contextlib.suppress(Exception):  # what it lacks is told when it is asked to do something
            importlib.import_module(ready)
    for number in itertools.count(1):
        header = calls.read(_CALL.size)
        if not header:
            return
        seconds, size = _CALL.unpack(header)
        request = calls.read(size)
        signal.setitimer(signal.ITIMER_REAL, seconds)  # its default ends the process, with a parent or without
        kind, body = _answer(request)
        answers.write(_ANSWER.pack(kind, len(body)))
        answers.write(body)
        answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)
        if number % _COLLECTED_EVERY == 0:
            gc.collect()


def _answer(request: bytes) -> tuple[int, bytes]:
    try:
        function, args = pickle.loads(request)  # noqa: S301  # our parent asks
        return _DONE, pickle.dumps(function(*args), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return _NO_MEMORY, b""
    except Exception as error:
        try:
            body = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
            pickle.loads(body)  # noqa: S301  # some can be packed but not unpacked
        except Exception:
            body = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        return _RAISED, body


def _limit(memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not RLIMIT_AS: allocators reserve gigabytes of addresses that they never use.
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
