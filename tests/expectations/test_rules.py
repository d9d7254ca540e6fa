from __future__ import annotations

import pytest

from expectations.rules import RULES, Judged, Rule, Status, errored, failed, message, outcome, passed
from ingestion.lake import Message, Outcome

ABOUT = Judged(source_key="cla", load_id="l", title_en="Children", title_cy="Plant")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_every_rule_speaks_both_languages_and_says_what_to_do(rule: Rule) -> None:
    result = failed(rule, ABOUT, count=1234, found=["x"], column="area", column_names=("Area", "Ardal"))
    assert (result.status, result.severity, result.engine) == (Status.FAILED, rule.severity, rule.engine)
    for text in (result.message_en, result.message_cy, rule.expects_en, rule.expects_cy, rule.remedy_cy):
        assert text.strip()
    assert result.message_en != result.message_cy
    assert "1,234" in result.message_en or "{count}" not in rule.en
    assert passed(rule, ABOUT).message_cy == rule.expects_cy
    assert message(passed(rule, ABOUT)) is None


def test_both_languages_of_a_rule_name_the_same_things() -> None:
    for rule in RULES.values():
        for place in ("{count}", "{column}", "{found}"):
            assert (place in rule.en) == (place in rule.cy), (rule.code, place)


def test_no_more_than_a_thousand_rows_are_named_and_the_count_is_whole() -> None:
    rows = [{"source_row": n} for n in range(2500)]
    result = failed(RULES["area_unknown"], ABOUT, count=2500, rows=rows, found=["a"] * 7)
    assert result.count == 2500
    assert result.rows == rows[:1000]
    assert "2,500" in result.message_en
    assert "and 2 more" in result.message_en
    assert "a 2 arall" in result.message_cy


def said(severity: str, code: str = "x") -> Message:
    return Message(code=code, severity=severity, en="e", cy="c")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], Outcome.ACCEPTED),
        ([said("info")], Outcome.ACCEPTED),
        ([said("info"), said("warning")], Outcome.ACCEPTED_WITH_WARNINGS),
        ([said("warning"), said("error"), said("info")], Outcome.QUARANTINED),
        ([said("error"), said("error", "check_errored")], Outcome.FAILED),
    ],
)
def test_the_heaviest_message_decides(messages: list[Message], expected: Outcome) -> None:
    assert outcome(messages) is expected


def test_a_check_that_did_not_work_says_nothing_of_the_data() -> None:
    result = errored(ABOUT, "ValueError: no", rule=RULES["area_unknown"], column="area")
    told = message(result)
    assert told is not None
    assert (result.rule_code, told.code, told.count) == ("area_unknown", "check_errored", None)
    assert "ValueError: no" in told.en
    assert "ValueError: no" in told.cy
