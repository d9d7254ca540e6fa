"""``python -m bench``: measure, and print a table of ratios.

Every ratio is against the bare tool in the same run, in pairs that take turns, so that a slow or busy machine slows
both. Medians are shown. Nothing here is a test: a number over its limit is said, not failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import cube
from ingestion.config import CHECKOUT

MILLION = 1_000_000
DLT = CHECKOUT / ".venv-bench" / "bin" / "python"
"""dlt lives in an environment of its own, installed from requirements-bench.lock (``make .venv-bench``)."""


@dataclass
class Bench:
    """One run of all measurements."""

    folder: Path
    pairs: int
    table: Table
    console: Console
    count: int = 0
    over: list[str] = field(default_factory=list)

    def add(
        self, what: str, ours: str, theirs: str, found: float | None, limit: float, unit: str, *, least: bool = False
    ) -> None:
        """Add a row: a figure, its limit, and whether it keeps to it."""
        sign = "≥" if least else "≤"
        shown = f"{found:.2f}{unit}" if found is not None else "–"
        within = found is not None and (found >= limit if least else found <= limit)
        if found is not None and not within:
            self.over.append(what)
        verdict = "–" if found is None else "[green]within[/]" if within else "[red]over[/]"
        self.table.add_row(what, ours, theirs, shown, f"{sign} {limit:g}{unit}", verdict)

    def work(self, what: str, **given: Any) -> dict[str, Any]:
        """One measurement, in a process and a folder of its own."""
        self.count += 1
        folder = self.folder / f"{what}-{self.count}"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench.work", what, json.dumps({"folder": str(folder), **given})],
                cwd=CHECKOUT,
                env=clean(),
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if done.returncode:
            raise SystemExit(f"{what} could not be measured:\n{done.stderr[-3000:]}")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    @contextlib.contextmanager
    def served(self, rows: int) -> Iterator[dict[str, Any]]:
        """A cube of so many rows on a server in a process of its own."""
        file = self.folder / f"cube-{rows}.csv"
        with self.console.status(f"making a cube of {rows:,} rows…"):
            cube.write(file, rows)
        try:
            with self.server("serve", file=str(file)) as told:
                yield {**told, "csv": str(file)}
        finally:
            file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def server(self, what: str, **given: Any) -> Iterator[dict[str, Any]]:
        """A stand-in server in a process of its own, and what it says of itself when it is ready."""
        text = json.dumps({"folder": str(self.folder / what), **given})
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.work", what, text],
            cwd=CHECKOUT,
            env=clean(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            with self.console.status("starting the stand-in server…"):
                line = server.stdout.readline()
            if not line:
                raise SystemExit("the stand-in server did not start")
            yield json.loads(line)
        finally:
            assert server.stdin is not None
            server.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(15)
            server.kill()
            server.wait()


def clean() -> dict[str, str]:
    """The environment without a person's own settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("GOFAL_", "AIRFLOW"))}


def middle(results: Sequence[dict[str, Any]], name: str = "seconds") -> float:
    """The median of one figure."""
    return statistics.median(r[name] for r in results)


def ratio(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> float:
    """The median of the pairs' ratios: what slowed one of a pair most likely slowed the other."""
    return statistics.median(a["seconds"] / b["seconds"] for a, b in zip(ours, theirs, strict=True))


def landing(bench: Bench, served: dict[str, Any], rows: int) -> list[dict[str, Any]]:
    """Rows 1 and 2 of the issue's list: landing without and with the checks, against DuckDB reading the same CSV."""
    sizes = [Path(f).stat().st_size / 1e6 for f in served["files"]]
    bare, bare_data, landed, checked = [], [], [], []
    for turn in range(bench.pairs):
        with bench.console.status(f"landing {rows:,} rows, turn {turn + 1} of {bench.pairs}…"):
            bare_data.append(bench.work("bare", files=served["files"][:1]))
            bare.append(bench.work("bare", files=served["files"]))
            landed.append(bench.work("land", url=served["url"]))
            checked.append(bench.work("checked", url=served["url"]))
    if {r["rows"] for r in (*bare, *landed, *checked)} != {rows}:
        raise SystemExit(f"not everyone saw {rows:,} rows")
    label = f"{rows / MILLION:g} M rows"
    both = f"DuckDB reads the same 2 CSVs ({sizes[0]:.0f} + {sizes[1]:.0f} MB) {middle(bare):.2f} s"
    one = f"DuckDB reads the data CSV alone {middle(bare_data):.2f} s"
    ours = f"{middle(landed):.2f} s, {landed[0]['requests']} requests"
    bench.add(f"land {label}, without checks", ours, both, ratio(landed, bare), 1.2, "×")
    bench.add(f"land {label}, without checks", ours, one, ratio(landed, bare_data), 1.2, "×")
    with_gx = f"{middle(checked):.2f} s (+ {middle(checked, 'imports'):.1f} s import of GX)"
    bench.add(f"land {label}, with checks", with_gx, both, ratio(checked, bare), 4.0, "×")
    bench.add(f"land {label}, with checks", with_gx, one, ratio(checked, bare_data), 4.0, "×")
    for what, results in (("without", landed), ("with", checked)):
        peak = max(r["peak_mb"] for r in results)
        bench.add(f"peak memory, {what} checks", f"{peak:.0f} MB", "", peak / 1000, 1.5, " GB")
    return landed


def many_sources(bench: Bench) -> None:
    """A list of 750 datasets that are held and unchanged, and a night in which forty changed."""
    looked = [bench.work("discover", number=750) for _ in range(bench.pairs)]
    if {(r["requests"], r["rows"]) for r in looked} != {(1, 750)}:
        raise SystemExit(f"expected 750 unchanged datasets in one request, found {looked[0]}")
    bench.add("discover 750 unchanged datasets", "1 request", "", middle(looked), 2.0, " s")
    with bench.server("serve_sample", number=40) as served:
        ours, theirs = [], []
        for turn in range(bench.pairs):
            with bench.console.status(f"landing 40 datasets, turn {turn + 1} of {bench.pairs}…"):
                theirs.append(bench.work("bare_many", **served))
                ours.append(bench.work("land_many", **served))
    if {r["rows"] for r in (*ours, *theirs)} != {ours[0]["rows"]}:
        raise SystemExit("not everyone saw the same rows")
    beside = f"download of the same bytes and DuckDB's CSV to Parquet {middle(theirs):.2f} s"
    bench.add("land 40 changed datasets", f"{middle(ours):.2f} s", beside, ratio(ours, theirs), 1.5, "×")


def returns(bench: Bench) -> None:
    """Returns: an inbox of 264 workbooks to the marts, one of 100,000 rows, one check, one that is too heavy."""
    with bench.console.status("264 workbooks from inbox to marts…"):
        found = bench.work("inbox")
    label = f"{found['files']} workbooks from inbox to marts"
    beside = f"judged and answered in {found['judged']:.1f} s: {found['outcomes']}"
    bench.add(label, f"{found['seconds']:.1f} s", beside, found["seconds"], 60.0, " s")
    for form, name in (("csv", "CSV"), ("xlsx", "xlsx")):
        with bench.console.status(f"a return of 100,000 rows as {name}…"):
            turns = [bench.work(f"large_{form}") for _ in range(bench.pairs)]
        rate = turns[0]["rows"] / middle(turns)
        beside = f"read alone ({'text' if form == 'csv' else 'calamine'}) {middle(turns, 'bare'):.2f} s"
        ours = f"{middle(turns):.2f} s, {rate:,.0f} rows/s"
        bench.add(
            f"100,000 rows × 13 columns of {name}, parsed, typed, checked",
            ours,
            beside,
            rate,
            40_000,
            " rows/s",
            least=True,
        )
    checks = [bench.work("check_return") for _ in range(bench.pairs)]
    bench.add("gofal returns check, an ordinary workbook", f"{middle(checks):.2f} s", "", middle(checks), 2.0, " s")
    heavy = bench.work("heavy")
    what = f"{heavy['mb']:.0f} MB workbook: {heavy['outcome']}"
    bench.add(what, f"{heavy['child_mb']:.0f} MB", f"{heavy['seconds']:.1f} s", heavy["child_mb"] / 1000, 1.0, " GB")


def long_history(bench: Bench, cells: int) -> None:
    """``dbt build`` over many observations known through five vintages, and over a tenth as many."""
    found = {}
    for size in (cells // 10, cells):
        with bench.console.status(f"dbt build over {size:,} observations in 5 vintages…"):
            found[size] = bench.work("history", cells=size, vintages=5)
    whole = found[cells]
    label = f"dbt build, {cells / MILLION:g} M observations in 5 vintages"
    beside = f"changes worked out once before: {whole['freeze']:.0f} s; {whole['intervals']:,} intervals"
    bench.add(label, f"{whole['dbt']:.0f} s", beside, whole["dbt"], 180.0, " s")
    bench.add("peak memory of that", f"{whole['peak_mb']:.0f} MB", "", whole["peak_mb"] / 1000, 6.0, " GB")
    small = found[cells // 10]
    cost = [r["dbt"] / r["intervals"] for r in (whole, small)]
    beside = f"{small['intervals']:,} intervals {small['dbt']:.0f} s"
    bench.add("cost of a row, ten times as many", f"{cost[0] * 1e6:.1f} µs", beside, cost[0] / cost[1], 1.15, "×")


def marts(bench: Bench, cells: int) -> None:
    """The whole warehouse: the sample, and the sample beside many observations in five vintages, built and asked."""
    with bench.console.status(f"the sample, and the sample beside {cells:,} observations: built and asked…"):
        found = bench.work("marts", cells=cells, vintages=5)
    beside = f"sample and {cells / MILLION:g} M observations in 5 vintages"
    for name, what, seconds, answer in (("sample", "sample", 40.0, 50.0), ("large", beside, 240.0, 500.0)):
        one = found[name]
        label = f"dbt build of everything, {what}"
        about = f"{one['nodes']} nodes; {one['intervals']:,} intervals"
        bench.add(label, f"{one['dbt']:.0f} s", about, one["dbt"], seconds, " s")
        question, worst = one["questions"][0]
        about = f"slowest of {len(one['questions'])}; in the middle {one['middle'] * 1000:.1f} ms"
        bench.add(f"answers on it, 19 of 20 within, {what}", question, about, worst * 1000, answer, " ms")
    peak = found["large"]["peak_mb"]
    bench.add("peak memory of the larger build", f"{peak:.0f} MB", "", peak / 1000, 6.0, " GB")


def night(bench: Bench) -> None:
    """A night in which nothing changed: ``gofal run`` twice; the second is timed, after Airflow's start."""
    home = bench.folder / "home"
    what = "a night without changes, after Airflow's start"
    command = [str(Path(sys.executable).parent / "gofal"), "run", "--source", "sample", "--json"]
    reports: list[dict[str, Any]] = []
    for turn in range(2):
        with bench.console.status(f"gofal run, {('first', 'second')[turn]} time…"):
            done = subprocess.run(
                command, cwd=bench.folder, env={**clean(), "GOFAL_HOME": str(home)}, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
        if done.returncode:
            bench.table.add_row(what, "–", f"gofal run ended with {done.returncode}", "–", "≤ 15 s", "–")
            bench.console.print((done.stdout + done.stderr)[-3000:], markup=False)
            return
        reports.append(json.loads(done.stdout))
    first, second = (
        (datetime.fromisoformat(r["finished_at"]) - datetime.fromisoformat(r["started_at"])).total_seconds()
        for r in reports
    )
    skipped = reports[1]["build_skipped"]
    beside = f"the first night {first:.1f} s; the second {'did not run' if skipped else 'RAN'} dbt"
    bench.add(what, f"{second:.1f} s", beside, second, 15.0, " s")


def dlt(bench: Bench, python: Path, served: dict[str, Any], landed: Sequence[dict[str, Any]], rows: int) -> None:
    """Throughput against dlt's default loader on rows of the same CSV."""
    if not python.exists():
        note = f"no {python}: `make .venv-bench` installs dlt"
        bench.table.add_row("throughput against dlt", "–", note, "–", "≥ 20×", "[yellow]skipped[/]")
        return
    folder = bench.folder / "dlt"
    folder.mkdir()
    with bench.console.status(f"dlt loads {rows:,} rows…"):
        done = subprocess.run(
            [str(python), str(CHECKOUT / "bench" / "with_dlt.py"), served["files"][0], str(rows), str(folder)],
            cwd=folder, env={**clean(), "DO_NOT_TRACK": "1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"dlt could not be measured:\n{done.stderr[-3000:]}")
    theirs = json.loads(done.stdout.splitlines()[-1])
    slow = theirs["rows"] / theirs["seconds"]
    fast = statistics.median(r["rows"] / r["seconds"] for r in landed)
    beside = f"dlt, default loader {slow:,.0f} rows/s ({theirs['rows']:,} rows of the same CSV)"
    bench.add("throughput, without checks", f"{fast:,.0f} rows/s", beside, fast / slow, 20.0, "×", least=True)


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=MILLION, help="rows of the cube (1,000,000)")
    parser.add_argument("--pairs", type=int, default=3, help="how many times each pair takes its turn (3)")
    parser.add_argument("--full", action="store_true", help="also ten times as many rows, which takes minutes and 4 GB")
    parser.add_argument("--dlt-rows", type=int, default=200_000, help="rows for dlt, which is slow (200,000)")
    parser.add_argument("--dlt-python", type=Path, default=DLT, help="the Python of dlt's environment")
    parser.add_argument("--skip-night", action="store_true", help="without the two runs of the nightly load")
    given = parser.parse_args()
    table = Table(title="Gofal against the bare tools, on this machine, in this run", title_justify="left")
    for name in ("what", "Gofal", "beside", "found", "limit", ""):
        table.add_column(name, justify="right" if name in ("found", "limit") else "left")
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="gofal-bench-") as folder:
        bench = Bench(Path(folder), given.pairs, table, console)
        with bench.served(given.rows) as served:
            landed = landing(bench, served, given.rows)
            dlt(bench, given.dlt_python, served, landed, min(given.dlt_rows, given.rows))
        if given.full:
            many = given.rows * 10
            with bench.served(many) as served:
                slow = []
                for turn in range(given.pairs):
                    with console.status(f"landing {many:,} rows, turn {turn + 1} of {given.pairs}…"):
                        slow.append(bench.work("land", url=served["url"]))
            found = middle(slow) / middle(landed)
            beside = f"{given.rows:,} rows {middle(landed):.2f} s"
            bench.add(f"land {many:,} rows", f"{middle(slow):.2f} s", beside, found, 11.0, "×")
            peak = max(r["peak_mb"] for r in slow)
            bench.add("peak memory of that", f"{peak:.0f} MB", "", peak / 1000, 1.5, " GB")
        many_sources(bench)
        returns(bench)
        long_history(bench, given.rows * 10 if given.full else given.rows)
        marts(bench, given.rows * 10 if given.full else given.rows)
        if not given.skip_night:
            night(bench)
    Console(width=None if sys.stdout.isatty() else 180).print(table)
    if bench.over:
        console.print(f"Over its limit: {'; '.join(dict.fromkeys(bench.over))}.", markup=False)


if __name__ == "__main__":
    main()
