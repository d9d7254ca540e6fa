"""The whole warehouse: what its build costs and how soon it answers, on the bundled sample and with a long history.

The sample is loaded by the plain stages of a night, without Airflow and without the checks, which are measured
elsewhere. Then its population gets many more cells in several vintages, and the same is measured again: every mart has
rows, and every question an answer, beside millions of observations.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import history

if TYPE_CHECKING:
    from ingestion.nightly import Run
    from ingestion.questions import Question

TIMES = 50
"""How often each question is asked."""


def load(home: Path) -> Run:
    """Load the bundled sample, statistics and returns, into a new home.

    Args:
        home: Where.

    Returns:
        The run, whose lake is ready to be built from.
    """
    from ingestion import nightly
    from ingestion.config import Settings
    from ingestion.lake import Outcome
    from ingestion.sample.generate import build_sample

    with build_sample(1, rate_limit=None) as standin:
        settings = Settings(home=home, statswales_url=standin.url, count_requests=False)
        run = nightly.Run("bench", None, settings)
        for key in nightly.discover(run):
            record = nightly.land(run, key)
            record.outcome = Outcome.ACCEPTED
            run.lake.accept(record)
    nightly.returns(run)
    return run


def ask(database: Path, questions: Sequence[Question], times: int) -> list[tuple[str, float]]:
    """Put each question so many times to a published database that is opened to be read.

    Args:
        database: A ``gofal.duckdb``.
        questions: Which.
        times: How often each.

    Returns:
        Of each its name and the seconds within which nineteen answers of twenty came, the slowest first.
    """
    import duckdb

    found = []
    with duckdb.connect(str(database), read_only=True) as con:
        for question in questions:
            seconds = []
            for _ in range(times):
                started = time.perf_counter()
                con.execute(question.query).fetchall()
                seconds.append(time.perf_counter() - started)
            found.append((question.name, sorted(seconds)[-1 - times // 20]))
    return sorted(found, key=lambda f: -f[1])


def measure(folder: Path, cells: int, vintages: int, times: int = TIMES) -> dict[str, Any]:
    """Build, publish and ask: the sample, and the sample with so many cells more in so many vintages.

    Returns:
        For ``sample`` and ``large`` each: what `_build` found.
    """
    from ingestion import transform

    run = load(folder / "home")
    transform.parse(run.settings)  # which a home keeps from one run to the next
    found = {"sample": _build(run, times)}
    return found | {"large": _build(grown(run, folder / "large", cells, vintages), times)}


def grown(run: Run, home: Path, cells: int, vintages: int) -> Run:
    """A home like another, but that its population has so many cells more, in so many vintages, from the first on.

    Args:
        run: A run in the other home, with its population loaded.
        home: Where.
        cells: Cells more.
        vintages: How many.

    Returns:
        A run in the new home.
    """
    from ingestion import nightly
    from ingestion.config import Settings

    (population,) = [r for r in run.lake.vintages() if r.source_key == history.SOURCE]
    assert population.known_from is not None
    assert population.raw_file is not None
    shutil.copytree(run.settings.root / "lake", home / "lake", ignore=shutil.ignore_patterns(history.SOURCE))
    # what was parsed, which is of the same project
    shutil.copytree(run.settings.root / "dbt_target", home / "dbt_target")
    other = nightly.Run("bench", None, Settings(home=home))
    beside = run.lake.path(population.raw_file)
    history.add_vintages(other.lake, cells, vintages, since=population.known_from, beside=beside)
    return other


def _build(run: Run, times: int) -> dict[str, Any]:
    """One build that is published and asked.

    Returns:
        Seconds of freezing and of ``dbt build``, its nodes, the largest memory that it held, the intervals that came
        out, and how soon each question was answered.
    """
    import duckdb

    from ingestion import publish, questions, transform

    started = time.perf_counter()
    built = transform.build(run.settings, run.lake, run.entries)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    database = Path(publish.publish(run.settings, built).folder) / "gofal.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        counted = con.execute("SELECT count(*) FROM core.fct_measure_value").fetchone()
    answered = ask(database, questions.load(), times)
    return {
        "freeze": seconds - built.seconds, "dbt": built.seconds, "nodes": len(built.nodes), "peak_mb": peak,
        "intervals": counted[0] if counted else 0, "questions": answered,
        "middle": statistics.median(p95 for _, p95 in answered),
        "slowest": [[n.unique_id, n.seconds] for n in sorted(built.nodes, key=lambda n: -n.seconds)[:12]],
    }  # fmt: skip
