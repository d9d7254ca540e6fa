"""Great Expectations at work: a suite for each load, run over bounded frames, and Data Docs of what it found.

Great Expectations is one producer of rule results among others, and all that is peculiar to it is in this module. It is
imported when the first load is judged, never before: the import takes seconds.

Suites are run on their batches directly. A checkpoint would compare, copy and store all of its parts several times
before each run, which takes as long again as the run itself, and this is a run of sixty small datasets.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from expectations.rules import ROW_CAP

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd

SITE = "gofal"
BASIC = {"result_format": "BASIC"}
NAMED_AT_ONCE = 2 * ROW_CAP
"""Great Expectations makes a dict a row that it names, whether it is asked for all or for some: a frame with more
failures than this is cut until its beginning holds enough of them."""
_EXTERNAL = re.compile(
    r"<script\b[^>]*\bsrc=[\"']https?:[^>]*>\s*</script>"
    r"|<link\b[^>]*\bhref=[\"']https?:[^>]*>"
    r"|<img\b[^>]*\bsrc=[\"']https?:[^>]*>",
    re.IGNORECASE,
)
_STYLE = (
    "<style>body{font-family:HKGrotesk,sans-serif;margin:1rem}table{border-collapse:collapse}"
    "th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    ".modal{display:none}</style></head>"
)


@dataclass
class Found:
    """What one expectation found in all frames of a load."""

    rule: str
    role: str
    count: int = 0
    rows: list[int] = field(default_factory=list)
    """The source rows of the first failures, at most `ROW_CAP`."""
    values: list[str] = field(default_factory=list)
    """Some of the unexpected values, each once."""
    error: str | None = None
    """Set where the expectation raised an exception: then the rest says nothing."""


class Engine:
    """One Great Expectations context in a temporary folder, for all loads of a run."""

    def __init__(self, docs_dir: Path | None) -> None:
        """Say where Data Docs go.

        Args:
            docs_dir: A folder that is replaced by the finished site; None makes none.
        """
        self._docs_dir = docs_dir
        self._context: Any = None
        self._batches: Any = None
        self._names: set[str] = set()

    def __enter__(self) -> Engine:
        self._folder = tempfile.TemporaryDirectory(prefix="gofal-gx-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def validate(self, suite: gx.ExpectationSuite, frames: Iterable[pd.DataFrame], run_name: str) -> list[Found]:
        """Run a suite over the frames of one load.

        Args:
            suite: From `suites.suite_for`.
            frames: Pieces of the batch, each with ``_source_row``; one is held at a time.
            run_name: What Data Docs calls this run: the load.

        Returns:
            What each expectation found. One that raised an exception in any frame has ``error``.
        """
        from great_expectations.core.run_identifier import RunIdentifier
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        context = self._open()
        batches = self._batches
        if suite.name in self._names:  # a context holds a name once: another load of the same source
            context.suites.delete(suite.name)
        self._names.add(suite.name)
        suite = context.suites.add(suite)
        run = RunIdentifier(run_name=run_name, run_time=datetime.now(UTC))
        by_meta = {_name(e.meta): e for e in suite.expectations}
        found: dict[tuple[str, str], Found] = {}
        whole: Any = None
        for frame in frames:
            piece = batches.get_batch({"dataframe": frame}).validate(suite, result_format=BASIC)
            for result in piece.results:
                name = _name(result.expectation_config.meta)
                so_far = found.setdefault(name, Found(*name))
                _take(so_far, result)
                if not so_far.error and not result.success and len(so_far.rows) < ROW_CAP:
                    wanted = ROW_CAP - len(so_far.rows)
                    so_far.rows += _rows(batches, by_meta[name], frame, int(result.result["unexpected_count"]), wanted)
            whole = piece if whole is None else _merged(whole, piece)
        if whole is not None:
            whole.meta |= {"run_id": run, "validation_time": run.run_time}
            identifier = ValidationResultIdentifier(
                batch_identifier=whole.batch_id,
                expectation_suite_identifier=ExpectationSuiteIdentifier(name=suite.name),
                run_id=run,
            )
            context.validation_results_store.set(identifier, whole)
        for name, expectation in by_meta.items():
            if name not in found and whole is not None:
                found[name] = Found(*name, error=f"{type(expectation).__name__} gave no result")
        return list(found.values())

    def publish(self) -> None:
        """Build Data Docs of all that was validated and put them where they are wanted, in place of what was there.

        The pages are made to stand alone: nothing in them is fetched from another server when they are read.
        """
        if self._docs_dir is None or self._context is None:
            return
        self._context.build_data_docs([SITE])
        for page in self._site.rglob("*.html"):
            text = _EXTERNAL.sub("", page.read_text(encoding="utf-8"))
            page.write_text(text.replace("</head>", _STYLE, 1), encoding="utf-8")
        self._docs_dir.mkdir(parents=True, exist_ok=True)
        for old in self._docs_dir.iterdir():
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
        shutil.copytree(self._site, self._docs_dir, dirs_exist_ok=True)

    @property
    def _site(self) -> Path:
        return Path(self._folder.name) / "site"

    def _open(self) -> Any:
        if self._context is not None:
            return self._context
        os.environ["GX_ANALYTICS_ENABLED"] = "False"  # read when the context is made
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # it logs what it also returns
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        for site in context.get_site_names():
            context.delete_data_docs_site(site)
        context.add_data_docs_site(
            SITE,
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(self._site)},
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        # One asset for all loads, told apart by their suites: Great Expectations writes all of its assets out again
        # whenever one is added.
        asset = context.data_sources.add_pandas("lake").add_dataframe_asset("batch")
        self._batches = asset.add_batch_definition_whole_dataframe("frame")
        self._context = context
        return context


def _name(meta: dict[str, Any]) -> tuple[str, str]:
    return meta["rule"], meta["role"]


def _take(found: Found, result: Any) -> None:
    """Add what one frame showed."""
    if problem := _exception(result.exception_info):
        found.error = problem
    elif not result.success and not result.result.get("unexpected_count"):
        # Seen with SQL engines: a failure without an exception that names nothing is no failure of the data either
        found.error = "the expectation failed without saying why"
    elif not result.success:
        found.count += int(result.result["unexpected_count"])
        for value in result.result.get("partial_unexpected_list") or []:
            if (text := str(value)) not in found.values:
                found.values.append(text)


def _exception(info: Any) -> str | None:
    """The message in an ``exception_info``, which is flat or keyed by metric; None where nothing was raised."""
    if not isinstance(info, dict):
        return None
    if "raised_exception" in info:
        return str(info.get("exception_message") or "no message") if info["raised_exception"] else None
    return next((problem for part in info.values() if (problem := _exception(part))), None)


def _rows(batches: Any, expectation: Any, frame: pd.DataFrame, count: int, wanted: int) -> list[int]:
    """Name the first source rows of a frame that fail an expectation.

    Raises:
        RuntimeError: The expectation raised an exception on a part of a frame that it had judged whole.
    """
    low, high = 0, len(frame)
    while count > NAMED_AT_ONCE and high - low > 1:
        middle = (low + high) // 2
        part = _validate(batches, expectation, frame.iloc[:middle], BASIC)
        in_part = int(part.get("unexpected_count", 0))
        if in_part >= wanted:
            high, count = middle, in_part
        else:
            low = middle
    result = _validate(
        batches,
        expectation,
        frame.iloc[:high],
        {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["_source_row"],
            "return_unexpected_index_query": False,
        },
    )
    return [int(row["_source_row"]) for row in result.get("unexpected_index_list") or []][:wanted]


def _validate(batches: Any, expectation: Any, frame: pd.DataFrame, result_format: dict[str, Any]) -> dict[str, Any]:
    result = batches.get_batch({"dataframe": frame}).validate(expectation, result_format=result_format)
    if problem := _exception(result.exception_info):
        raise RuntimeError(problem)
    details: dict[str, Any] = result.result
    return details


def _merged(whole: Any, piece: Any) -> Any:
    """Add the results of another frame to those of the frames before it, as if it had been one."""
    by_name = {_name(result.expectation_config.meta): result for result in piece.results}
    for result in whole.results:
        other = by_name[_name(result.expectation_config.meta)]
        if _exception(other.exception_info) and not _exception(result.exception_info):
            result.exception_info = other.exception_info
        result.success = bool(result.success and other.success)
        mine, more = result.result, other.result
        for key in ("element_count", "unexpected_count", "missing_count"):
            if key in mine or key in more:
                mine[key] = mine.get(key, 0) + more.get(key, 0)
        if "partial_unexpected_list" in more:
            mine["partial_unexpected_list"] = [
                *mine.get("partial_unexpected_list", []),
                *more["partial_unexpected_list"],
            ][:20]
        elements, missing = mine.get("element_count", 0), mine.get("missing_count", 0)
        unexpected = mine.get("unexpected_count", 0)
        for key, of in (
            ("missing_percent", (missing, elements)),
            ("unexpected_percent", (unexpected, elements - missing)),
            ("unexpected_percent_total", (unexpected, elements)),
            ("unexpected_percent_nonmissing", (unexpected, elements - missing)),
        ):
            if key in mine:
                mine[key] = 100 * of[0] / of[1] if of[1] else None
    good = sum(bool(result.success) for result in whole.results)
    whole.success = bool(whole.success and piece.success)
    whole.statistics = {
        "evaluated_expectations": len(whole.results),
        "successful_expectations": good,
        "unsuccessful_expectations": len(whole.results) - good,
        "success_percent": 100 * good / len(whole.results) if whole.results else None,
    }
    return whole


def write_results(folder: Path, results: Iterable[dict[str, Any]]) -> None:
    """Leave the rule results beside the pages, for programs."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([*results], ensure_ascii=False, indent=1, default=str)
    (folder / "rule_results.json").write_text(text, encoding="utf-8")
