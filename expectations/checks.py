"""The check stage: judge every staged batch of a run, in one go.

A batch is accepted, accepted with warnings, or quarantined, and its record says why in both languages. A check that
does not work is told apart from both: its load is failed, nothing is said of its data, and the run hears of it after
the other batches were judged.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations import compare, totals
from expectations.cells import UNFIT, UNKNOWN, Cells, titles, workbench
from expectations.engine import Engine, Found, write_results
from expectations.rules import (
    CHECK_ERRORED,
    RULES,
    Judged,
    RuleResult,
    Status,
    errored,
    failed,
    message,
    outcome,
    passed,
)
from ingestion.errors import GofalError
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.meanings import AREA_ALIASES, Meanings, load_aliases
from ingestion.statswales.registry import Dataset, Measure, read_registry

if TYPE_CHECKING:
    import duckdb

CHUNK_ROWS = 500_000
_WEIGHT = {"info": 0, "warning": 1, "error": 2}


class CheckErrored(GofalError):
    """One or more checks did not work. ``records`` holds all judged records where the process raised it."""

    def __init__(self, en: str, cy: str, *, code: str, records: Sequence[LoadRecord] = (), **context: Any) -> None:
        super().__init__(en, cy, code=code, **context)
        self.records = [*records]


def judge(
    batches: Sequence[LoadRecord],
    lake: Lake,
    registry: Mapping[str, Dataset],
    *,
    docs_dir: Path | None = None,
    area_aliases: Path = AREA_ALIASES,
    measures: Mapping[str, Measure] | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> list[LoadRecord]:
    """Judge the batches of a run.

    Args:
        batches: The records from landing. One that already has an outcome (unchanged, failed, withdrawn…) is handed
            back as it is; one that landing found an error in is quarantined, whatever else is found in it.
        lake: Where the staged batches and the accepted loads are.
        registry: The entries, by source key.
        docs_dir: Where Data Docs and ``rule_results.json`` go, in place of what is there; None makes none.
            Nothing is written where there was no batch to judge.
        area_aliases: The CSV of area spellings.
        measures: What the figures measure, by key; by default the registry file's.
        chunk_rows: How many rows Great Expectations is shown at a time.

    Returns:
        The same records, in the same order, with ``outcome`` set and messages added.

    Raises:
        CheckErrored: A check did not work (code ``check_errored``). All records were judged before, in place: those
            concerned have the outcome ``failed`` and say why.
    """
    records = [*batches]
    waiting = [r for r in records if r.outcome is None]
    staged = [r for r in waiting if r.staged_file]
    for record in waiting:
        if not record.staged_file:
            _settle(record, [] if _refused(record) else [errored(_about(record, None), "there is no staged batch")])
    results: list[RuleResult] = []
    if staged:
        with Engine(docs_dir) as engine, workbench() as database:
            for record in staged:
                judged = judge_batch(
                    record,
                    lake,
                    registry.get(record.source_key),
                    engine,
                    area_aliases=area_aliases,
                    measures=measures,
                    chunk_rows=chunk_rows,
                    database=database,
                )
                results += judged
                _settle(record, judged)
            engine.publish()
        if docs_dir is not None:
            write_results(docs_dir, [r.model_dump(mode="json", exclude={"rows"}) for r in results])
    broken = [r for r in waiting if r.outcome is Outcome.FAILED]
    if broken:
        raise _raised(broken, records)
    return records


def judge_batch(
    record: LoadRecord,
    lake: Lake,
    dataset: Dataset | None,
    engine: Engine,
    *,
    area_aliases: Path = AREA_ALIASES,
    measures: Mapping[str, Measure] | None = None,
    chunk_rows: int = CHUNK_ROWS,
    database: duckdb.DuckDBPyConnection | None = None,
) -> list[RuleResult]:
    """Check one staged batch against every rule, without deciding what becomes of it.

    Args:
        record: The load.
        lake: Where it is.
        dataset: Its registry entry.
        engine: The run's Great Expectations.
        area_aliases: The CSV of area spellings.
        measures: What the figures measure, by key; by default the registry file's.
        chunk_rows: How many rows Great Expectations is shown at a time.
        database: From `cells.workbench`; by default one of its own.

    Returns:
        One result for each rule and column that was looked at. Where a check raised an exception there is an
        ``errored`` one in its place, and the checks that do not need it are made all the same.
    """
    about = _about(record, dataset)
    if dataset is None:
        return [errored(about, "the registry has no entry for it", engine="duckdb")]
    results: list[RuleResult] = []
    try:
        previous = compare.predecessor(lake, record)
        measures = read_registry().measures if measures is None else measures
        meanings = Meanings(dataset, load_aliases(area_aliases), {key: m.scale for key, m in measures.items()})
        with Cells(meanings, record, previous, lake, measures, database) as cells:
            shape = totals.shape(cells, about)
            results += shape + compare.columns(cells, about)
            if any(r.status is Status.FAILED for r in shape):
                return results
            cells.encode()
            steps: list[Callable[[], list[RuleResult]]] = [
                functools.partial(totals.whole, cells, about),
                functools.partial(compare.contents, cells, about),
                functools.partial(_expected, cells, about, engine, chunk_rows),
            ]
            for step in steps:
                try:
                    results += step()
                except Exception as problem:
                    results.append(errored(about, _line(problem)))
    except Exception as problem:
        results.append(errored(about, _line(problem), engine="duckdb"))
    return results


def _expected(cells: Cells, about: Judged, engine: Engine, chunk_rows: int) -> list[RuleResult]:
    """Run the suite over the batch and name the rows that it found."""
    from expectations.suites import suite_for

    found = engine.validate(suite_for(cells.dataset), cells.frames(chunk_rows), cells.record.load_id)
    return [_result(cells, about, one) for one in found]


def _result(cells: Cells, about: Judged, found: Found) -> RuleResult:
    rule = RULES[found.rule]
    if found.error:
        return errored(about, _first_line(found.error), rule=rule, column=found.role)
    if not found.count:
        return passed(rule, about, column=found.role)
    return failed(
        rule,
        about,
        count=found.count,
        rows=cells.rows(found.rows),
        found=[value.removeprefix(UNKNOWN).removeprefix(UNFIT) for value in found.values],
        column=found.role,
        column_names=titles(found.role, cells.dataset.columns.get(found.role)),
    )


def _settle(record: LoadRecord, results: list[RuleResult]) -> None:
    """Put what was found on the record, and what becomes of it. What landing said, as gravely, is not said twice."""
    said: dict[str, int] = {}
    for told in record.messages:
        said[told.code] = max(said.get(told.code, -1), _WEIGHT[told.severity])
    found = [m for r in results if (m := message(r))]
    record.messages += [m for m in found if _WEIGHT[m.severity] > said.get(m.code, -1)]
    record.outcome = outcome(record.messages)


def _refused(record: LoadRecord) -> bool:
    return any(m.severity == "error" for m in record.messages)


def _about(record: LoadRecord, dataset: Dataset | None) -> Judged:
    return Judged(
        source_key=record.source_key,
        load_id=record.load_id,
        title_en=(dataset.title_en if dataset else record.title_en) or record.source_key,
        title_cy=(dataset.title_cy if dataset else record.title_cy) or record.source_key,
    )


def _raised(broken: list[LoadRecord], records: list[LoadRecord]) -> CheckErrored:
    messages = [m for r in broken for m in r.messages if m.code == CHECK_ERRORED]
    return CheckErrored(
        " ".join(m.en for m in messages),
        " ".join(m.cy for m in messages),
        code=CHECK_ERRORED,
        stage="check",
        datasets=sorted({r.source_key for r in broken}),
        records=records,
    )


def _line(problem: Exception) -> str:
    return f"{type(problem).__name__}: {_first_line(str(problem))}"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300].rstrip(".") if text.strip() else "no message"
