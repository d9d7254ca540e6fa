"""Every rule trips on its own bad file in tests/must_fail/statswales, on nothing else, and on no good file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations.checks import judge
from expectations.rules import RULES, Rule
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import Dataset

FILES = Path(__file__).parents[1] / "must_fail" / "statswales"
BAD = {path.stem: path for path in FILES.glob("*/*.csv") if "." not in path.stem and path.stem != "good"}
OUTCOMES = {
    "error": Outcome.QUARANTINED,
    "warning": Outcome.ACCEPTED_WITH_WARNINGS,
    "info": Outcome.ACCEPTED,
}


def test_there_is_a_bad_file_for_every_rule_and_a_rule_for_every_bad_file() -> None:
    assert set(BAD) == set(RULES)


def judged(
    path: Path,
    lake: Lake,
    registry: dict[str, Dataset],
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
    (result,) = judge([new], lake, registry)
    return result


@pytest.mark.parametrize("path", sorted(FILES.glob("*/good.csv")), ids=lambda p: p.parent.name)
def test_a_good_file_trips_no_rule(path: Path, lake: Lake, registry: Any, stage: Any, accepted: Any) -> None:
    result = judged(path, lake, registry, stage, accepted)
    assert result.messages == []
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_bad_file_trips_exactly_its_rule(rule: Rule, lake: Lake, registry: Any, stage: Any, accepted: Any) -> None:
    result = judged(BAD[rule.code], lake, registry, stage, accepted)
    assert [m.code for m in result.messages] == [rule.code]
    (message,) = result.messages
    assert message.severity == rule.severity
    assert result.outcome is OUTCOMES[rule.severity]
    dataset = registry[result.source_key]
    assert dataset.title_en in message.en
    assert rule.remedy_en in message.en
    assert dataset.title_cy in message.cy
    assert rule.remedy_cy in message.cy
    assert "{" not in message.en + message.cy
    if rule.code != "batch_empty":
        assert message.count == len(message.rows) or rule.code == "row_count_swing"
        assert message.rows
