"""DuckDB at work on the lake's files: one private database a process, because opening one costs as much as its work."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.lake import Lake

if TYPE_CHECKING:
    import duckdb


@contextlib.contextmanager
def database(lake: Lake | None = None, memory: str = "1GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to this process's database: what it makes is temporary and gone afterwards.

    Args:
        lake: What does not fit in memory is spilled beside this lake, where there is room for it.
        memory: What DuckDB may hold.

    Yields:
        The connection. Rows keep their order, and nothing is fetched from anywhere.
    """
    folder = Path(lake.root) / "tmp" if lake is not None and lake.local else Path(tempfile.gettempdir())
    # after a fork the child has the parent's memory, not its threads: it opens its own
    with contextlib.closing(_shared(str(folder / f"duckdb-{os.getpid()}")).cursor()) as cursor:
        cursor.execute(f"SET memory_limit = '{memory}'")
        yield cursor


@functools.lru_cache(maxsize=4)
def _shared(spill: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    made = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",
            "temp_directory": spill,
        },
    )
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    return made


def exact(path: str | Path) -> str:
    """A path as an SQL text that DuckDB reads as itself: in ``*``, ``?`` and ``[`` it would see a pattern."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
