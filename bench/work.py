"""One measurement a process: ``python -m bench.work WHAT JSON``. Prints JSON: seconds, peak memory, what came out.

Time is that of the work; importing what it needs is told apart, and starting Python is not counted for anyone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import history, many, marts, returns


def bare(folder: Path, files: list[str]) -> dict[str, Any]:
    """What we measure against: DuckDB reads the very same CSV files into tables on disk."""
    import duckdb

    started = time.perf_counter()
    with duckdb.connect(str(folder / "bare.duckdb")) as con:
        for number, file in enumerate(files):
            con.execute(f"CREATE TABLE t{number} AS SELECT * FROM read_csv(?)", [file])
        con.execute("CHECKPOINT")
        found = con.execute("SELECT count(*) FROM t0").fetchone()
    return {"seconds": time.perf_counter() - started, "rows": found[0] if found else 0}


def land(folder: Path, url: str, *, checked: bool) -> dict[str, Any]:
    """From the server to verified raw Parquet in a new lake, with or without the checks."""
    import duckdb  # noqa: F401
    import pyarrow.parquet

    from bench import cube
    from ingestion.lake import Lake, Outcome
    from ingestion.statswales.client import StatsWalesClient
    from ingestion.statswales.extract import land_dataset

    imports = 0.0
    if checked:
        before = time.perf_counter()
        import great_expectations  # noqa: F401

        from expectations.checks import judge

        imports = time.perf_counter() - before
    entry = cube.dataset()
    lake = Lake.open(str(folder / "lake"), "real")
    started = time.perf_counter()
    with StatsWalesClient(url) as client:
        record = land_dataset(entry, client, lake, run_id="bench")
        requests = client.requests
    if record.staged_file is None:
        raise SystemExit(f"nothing was staged: {[m.en for m in record.messages]}")
    if checked:
        (record,) = judge([record], lake, {entry.key: entry}, docs_dir=folder / "docs")
        if record.outcome is None or not record.outcome.accepted:
            raise SystemExit(f"the checks refused the cube: {[m.en for m in record.messages]}")
    else:
        record.outcome = Outcome.ACCEPTED
    record = lake.accept(record)
    seconds = time.perf_counter() - started
    rows = pyarrow.parquet.read_metadata(lake.path(record.raw_file or "")).num_rows
    return {"seconds": seconds, "rows": rows, "imports": imports, "requests": requests}


def serve(file: str) -> None:
    """Serve the cube, with what will be asked of it made ready, until standard input ends."""
    from bench import cube
    from ingestion.sample.serve import serve_files

    with serve_files({cube.KEY: [Path(file)]}, rate_limit=None) as standin:
        held = standin.current(cube.KEY).cube
        held.warm(("raw_extended", "with_note_codes"), ("en",))
        files = [str(held.csv(view, "en")) for view in ("raw_extended", "with_note_codes")]
        print(json.dumps({"url": standin.url, "files": files}), flush=True)
        sys.stdin.read()


def main() -> None:
    """Do one piece of work and say what it cost."""
    what, given = sys.argv[1], json.loads(sys.argv[2])
    folder = Path(given["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    if what == "serve":
        serve(given["file"])
        return
    if what == "serve_sample":
        many.serve_sample(given["number"])
        return
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "bare": lambda: bare(folder, given["files"]),
        "land": lambda: land(folder, given["url"], checked=False),
        "checked": lambda: land(folder, given["url"], checked=True),
        "discover": lambda: many.discover(folder, given["number"]),
        "land_many": lambda: many.land(folder, given["url"], given["ids"]),
        "bare_many": lambda: many.bare(folder, given["url"], given["ids"]),
        "inbox": lambda: returns.inbox(folder),
        "large_xlsx": lambda: returns.large(folder, "xlsx"),
        "large_csv": lambda: returns.large(folder, "csv"),
        "check_return": lambda: returns.check(folder),
        "heavy": lambda: returns.heavy(folder),
        "history": lambda: history.measure(folder, given["cells"], given["vintages"]),
        "marts": lambda: marts.measure(folder, given["cells"], given["vintages"]),
    }
    result = {"peak_mb": 0.0, **measures[what]()}
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    result["peak_mb"] = max(own, result["peak_mb"])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
