"""A budget of requests that every process of a run shares.

The service allows 100 requests a minute for each address and answers 429 beyond that. Landing tasks run in parallel
and in processes of their own, so what was spent is kept in a small file, guarded by a file lock: the operating system
lets go of the lock of a killed holder. The window slides: at no time were more than the budget sent in the last 60 s.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

WINDOW = 60.0
"""Seconds that the service counts over (its ``RateLimit-Policy`` says ``100;w=60``)."""
LONGEST_HOLD = 900.0
"""A hold further ahead than this cannot come from the service: the clock has gone back, or the file is damaged."""


class _Log(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)
    sent: list[float] = []
    """When the requests of the last minute were sent, oldest first."""
    remaining: int | None = None
    """What the service said is left to this address, less what we sent since. None where it said nothing."""
    until: float = 0.0
    """When the service starts counting afresh."""


class Budget:
    """At most so many requests in any minute, over all processes that name the same file.

    Safe against a damaged or missing file (an empty window), a holder that was killed (the lock is the operating
    system's) and a clock that goes back (a request "from the future" counts as sent just now).
    """

    def __init__(
        self,
        path: Path,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Name the file and the limit; nothing is written yet.

        Args:
            path: The file that is shared; a lock file stands beside it.
            per_minute: How many requests any 60 seconds may see.
            clock: Wall clock in seconds; the one clock that processes on several machines share.
            sleep: How to wait.
        """
        if per_minute < 1:
            raise ValueError(f"a budget of {per_minute} requests a minute lets nothing through: give 1 or more")
        self.path = path
        self.per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = FileLock(path.with_name(path.name + ".lock"))

    def acquire(self) -> float:
        """Take one request out of the budget, waiting until there is one.

        Returns:
            The seconds waited.
        """
        waited = 0.0
        while True:
            with self._locked() as log:
                wait = self._wait(log)
                if wait <= 0:
                    log.sent.append(self._clock())
                    if log.remaining is not None:
                        log.remaining -= 1
                    self._write(log)
                    return waited
                # Also while waiting: moments that lay in the future were set to now, and must grow old from here.
                self._write(log)
            wait = max(wait, 0.01)
            self._sleep(wait)
            waited += wait

    def observe(self, remaining: int, reset: float) -> None:
        """Take note of what the service says is left (``RateLimit-Remaining``, ``RateLimit-Reset``).

        Others may share our address, so the service can be nearer its limit than we know; we never count on more
        than it says, nor on more than our own window allows.

        Args:
            remaining: Requests that the service still lets through.
            reset: Seconds until it starts counting afresh.
        """
        with self._locked() as log:
            now = self._clock()
            until = now + min(max(reset, 0.0), LONGEST_HOLD)
            # Answers of parallel requests arrive out of order: within one window of the service the lowest is right.
            same_window = log.remaining is not None and log.until > now and abs(log.until - until) <= 2
            log.remaining = min(log.remaining or 0, remaining) if same_window else remaining
            log.until = max(log.until, until) if same_window else until
            self._write(log)

    def hold(self, seconds: float) -> None:
        """Send nothing for so long (after a 429, whichever process met it)."""
        self.observe(0, seconds)

    def spent(self) -> int:
        """How many requests were sent in the last minute."""
        with self._locked() as log:
            return len(log.sent)

    # -- the file ----------------------------------------------------------------------------------------------

    def _locked(self) -> _Held:
        return _Held(self)

    def _wait(self, log: _Log) -> float:
        now = self._clock()
        wait = 0.0
        if log.remaining is not None and log.remaining <= 0 and log.until > now:
            wait = log.until - now
        if len(log.sent) >= self.per_minute:
            # Enough of the oldest must leave the window for one more to fit.
            wait = max(wait, log.sent[len(log.sent) - self.per_minute] + WINDOW - now)
        return wait

    def _read(self) -> _Log:
        now = self._clock()
        try:
            log = _Log.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError):
            log = _Log()
        log.sent = sorted(min(moment, now) for moment in log.sent if moment > now - WINDOW)
        if log.until > now + LONGEST_HOLD or log.until <= now:
            log.remaining, log.until = None, 0.0
        return log

    def _write(self, log: _Log) -> None:
        # No fsync: after a crash of the machine an empty window is right again within a minute.
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(log.model_dump()), encoding="utf-8")
        temporary.replace(self.path)


class _Held:
    """The file's content while its lock is held."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def __enter__(self) -> _Log:
        self._budget.path.parent.mkdir(parents=True, exist_ok=True)
        self._budget._lock.acquire()
        try:
            return self._budget._read()
        except BaseException:
            self._budget._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._budget._lock.release()
