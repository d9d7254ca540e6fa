"""Every rule trips on its own bad file in tests/must_fail/statswales, on nothing else, and on no good file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations.checks import judge
from expectations.rules import RULES
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import Registry, load_registry, read_registry

FILES = Path(__file__).parents[1] / "must_fail" / "statswales"
BAD = sorted(path for path in FILES.glob("*/*.csv") if "." not in path.stem and path.stem != "good")
OUTCOMES = {
    "error": Outcome.QUARANTINED,
    "warning": Outcome.ACCEPTED_WITH_WARNINGS,
    "info": Outcome.ACCEPTED,
}


@pytest.fixture(scope="module")
def entries() -> Registry:
    """The registry, and the entries that only bad files have."""
    real, own = read_registry(), read_registry(FILES / "registry.yml")
    return Registry.model_construct(datasets=load_registry() | own.datasets, measures={**real.measures, **own.measures})


def rule_of(path: Path) -> str:
    """A file is named after its rule; one of several has its case behind ``--``."""
    return path.stem.split("--")[0]


def test_there_is_a_bad_file_for_every_rule_and_a_rule_for_every_bad_file() -> None:
    assert {rule_of(path) for path in BAD} == set(RULES)


def judged(
    path: Path,
    lake: Lake,
    entries: Registry,
    stage: Callable[..., LoadRecord],
    accepted: Callable[..., LoadRecord],
) -> LoadRecord:
    """Judge a file, after the one beside it called ``.previous.csv`` was accepted."""
    key = path.parent.name
    previous, members, record = (path.with_suffix(s) for s in (".previous.csv", ".members.csv", ".record.json"))
    more: dict[str, Any] = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    if previous.exists():
        accepted(previous, key, **more.get("previous", {}))
    new = stage(path, key, members=members if members.exists() else None, **more.get("new", {}))
    (result,) = judge([new], lake, entries.datasets, measures=entries.measures)
    return result


@pytest.mark.parametrize("path", sorted(FILES.glob("*/good.csv")), ids=lambda p: p.parent.name)
def test_a_good_file_trips_no_rule(path: Path, lake: Lake, entries: Registry, stage: Any, accepted: Any) -> None:
    result = judged(path, lake, entries, stage, accepted)
    assert result.messages == []
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_trips_exactly_its_rule(
    path: Path, lake: Lake, entries: Registry, stage: Any, accepted: Any
) -> None:
    rule = RULES[rule_of(path)]
    result = judged(path, lake, entries, stage, accepted)
    assert [m.code for m in result.messages] == [rule.code]
    (message,) = result.messages
    assert message.severity == rule.severity
    assert result.outcome is OUTCOMES[rule.severity]
    dataset = entries.datasets[result.source_key]
    assert dataset.title_en in message.en
    assert rule.remedy_en in message.en
    assert dataset.title_cy in message.cy
    assert rule.remedy_cy in message.cy
    assert "{" not in message.en + message.cy
    if rule.code != "batch_empty":
        assert message.count == len(message.rows) or rule.code in ("row_count_swing", "period_mixed")
        assert message.rows
    if message.rows and "source_row" in message.rows[0]:
        assert f"(first in row {message.rows[0]['source_row']:,})" in message.en
        assert f"(yn gyntaf yn rhes {message.rows[0]['source_row']:,})" in message.cy


@pytest.mark.parametrize(
    ("name", "en", "cy"),
    [
        ("value_thousands", "“7,100”, expected “7100”", "“7,100”, disgwylid “7100”"),
        ("value_marker", "“*” (Confidential: note code c)", "“*” (Cyfrinachol: cod nodyn c)"),
        ("value_marker--dot", "“.” (Not Applicable: note code z)", "“.” (Amherthnasol: cod nodyn z)"),
        ("value_marker--two_dots", "“..” (Not available: note code x)", "“..” (Ddim ar gael: cod nodyn x)"),
        ("value_marker--tilde", "“~” (Low Figure: note code k)", "“~” (Ffigwr Isel: cod nodyn k)"),
        ("value_marker--code_in_brackets", "“[c]” (Confidential", "“[c]” (Cyfrinachol"),
        ("value_out_of_range", "“100.5” (0 – 100)", "“100.5” (0 – 100)"),
        ("period_unknown--years_that_do_not_follow", "2019-21", "2019-21"),
        ("period_mixed", "“2022-23”", "“2022-23”"),
        ("area_not_in_wales--authority", "Bristol, City of (E06000023)", "Bristol, City of (E06000023)"),
        ("parts_sum", "240 ≠ 195", "240 ≠ 195"),
    ],
)
def test_a_message_says_what_was_found_and_what_was_expected(
    name: str, en: str, cy: str, lake: Lake, entries: Registry, stage: Any, accepted: Any
) -> None:
    (path,) = (path for path in BAD if path.stem == name)
    (message,) = judged(path, lake, entries, stage, accepted).messages
    assert en in message.en
    assert cy in message.cy
