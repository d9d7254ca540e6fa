"""Great Expectations finds what the parser would have let through, and what breaks is no verdict."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from expectations.checks import CheckErrored
from expectations.engine import Found
from expectations.returns import judge_submissions, suite_for
from ingestion.returns.parse import Parsed, ParsedSheet
from ingestion.returns.spec import ReturnSpec, load_returns

COLUMNS = [
    {"key": "name", "type": "text", "required": True, "max_length": 5, "pattern": "[A-Z]+"},
    {"key": "kind", "type": "choice", "choices": [
        {"key": "a", "en": "An A", "cy": "Â"}, {"key": "b", "en": "A B", "cy": "B"},
    ]},
    {"key": "place", "type": "area", "area_types": ["local_authority"]},
    {"key": "children", "type": "count", "maximum": None},
    {"key": "share", "type": "percent"},
    {"key": "money", "type": "money", "min": -5, "max": 100},
    {"key": "day", "type": "date"},
    {"key": "told", "type": "count", "required": True, "allow": ["not_available"]},
]  # fmt: skip
GOOD: dict[str, Any] = {
    "name": "A", "kind": "a", "place": "W06000020", "children": 3.0, "share": 50.0, "money": 1.5,
    "day": date(2019, 1, 1), "told": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def spec() -> ReturnSpec:
    """A return with a column of every type."""
    columns = [
        {"heading_en": f"{c['key']} in English", "heading_cy": f"{c['key']} yn Gymraeg"}
        | {k: v for k, v in c.items() if k != "maximum"}
        for c in COLUMNS
    ]
    sheet = {"key": "s", "title_en": "Sheet", "title_cy": "Taflen", "grain": ["name", "kind"], "columns": columns}
    return load_returns()["icf_spend_quarterly"].newest.model_copy(
        update={"sheets": (ReturnSpec.model_fields["sheets"].annotation.__args__[0].model_validate(sheet),)}
    )


def submission(*rows: dict[str, Any]) -> Parsed:
    """Past the parser: rows as they are, from row 10 of a sheet called Taflen."""
    full = [GOOD | row for row in rows]
    letters = {key: "ABCDEFGH"[n] for n, key in enumerate(GOOD)}
    values = {key: [row[key] for row in full] for key in GOOD}
    return Parsed(sheets=[ParsedSheet("s", "Taflen", [10 + n for n in range(len(full))], letters, values)])


BAD = {
    "duplicate_row": [{"name": "B", "kind": "b"}, {"name": "B", "kind": "b"}],
    "required_blank": [{"name": None}],
    "pattern": [{"name": "b-1"}],
    "too_long_text": [{"name": "BBBBBB"}],
    "unknown_choice": [{"name": "B", "kind": "c"}],
    "unknown_area": [{"name": "B", "place": "rpb_gwent"}],
    "out_of_range": [{"name": "B", "children": -1.0}, {"name": "C", "share": 101.0}, {"name": "D", "money": -6.0}],
    "not_whole": [{"name": "B", "children": 2.5}],
}


def test_one_bad_value_of_each_kind_is_found_and_given_back_to_its_submission(spec: ReturnSpec) -> None:
    batches = [(code, submission({}, *rows), spec) for code, rows in BAD.items()]
    batches.append(
        ("good", submission({}, {"kind": "b"}, {"name": "B", "kind": None}, {"name": "C", "children": None}), spec)
    )
    found = judge_submissions(batches)
    assert set(found) == set(BAD)
    for code, problems in found.items():
        assert {p.code for p in problems} == {code}
        assert 10 not in {p.row for p in problems} or code == "duplicate_row"
        for problem in problems:
            assert problem.sheet == "Taflen"
            assert problem.cell is not None
            assert problem.severity == "error"
            for language in ("en", "cy"):
                text = problem.message(language) + problem.do(language)
                assert "{" not in text
                assert "–" not in text, text
            assert problem.message("en") != problem.message("cy")
    assert [(p.cell, p.found) for p in found["out_of_range"]] == [("D11", "-1.0"), ("E12", "101.0"), ("F13", "-6.0")]
    assert [p.row for p in found["duplicate_row"]] == [11, 12]
    assert "An A; A B" in found["unknown_choice"][0].message("en")


def test_more_failures_than_are_named_are_all_kept_out(spec: ReturnSpec) -> None:
    names = [f"{chr(65 + n // 676)}{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}" for n in range(1_200)]
    many = submission(*({"name": n, "children": 0.5} for n in names))
    few = submission({}, {"name": "ZZZZ", "children": 0.5})
    found = judge_submissions([("good", submission({}), spec), ("many", many, spec), ("few", few, spec)])
    assert [p.row for p in found["few"]] == [11]
    assert None in {p.row for p in found["many"]}  # an error of the whole: not even a part is accepted
    assert "good" not in found


def test_a_submission_without_rows_needs_no_suite() -> None:
    assert judge_submissions([]) == {}
    assert judge_submissions([("nil", Parsed(), load_returns()["icf_spend_quarterly"].newest)]) == {}


@pytest.mark.parametrize(
    "bad", [Found("pattern", "name", error="it broke"), Found("pattern", "name", 1, [0], ["x"], "it broke")]
)
def test_an_expectation_that_breaks_is_an_error_and_no_pass(
    spec: ReturnSpec, monkeypatch: pytest.MonkeyPatch, bad: Found
) -> None:
    monkeypatch.setattr("expectations.returns.Engine.validate", lambda *_: [bad])
    with pytest.raises(CheckErrored) as caught:
        judge_submissions([("one", submission({}), spec)])
    assert caught.value.code == "check_errored"
    assert "it broke" in caught.value.en
    assert "it broke" in caught.value.cy
    assert caught.value.en != caught.value.cy


def test_an_expectation_that_really_raises_is_an_error_and_no_pass(
    spec: ReturnSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    import expectations.returns as module

    whole = module._frame

    def without_a_column(*about: Any) -> Any:
        return whole(*about).drop(columns="share")

    monkeypatch.setattr(module, "_frame", without_a_column)
    with pytest.raises(CheckErrored, match="share"):
        judge_submissions([("one", submission({}), spec)])


def test_every_sheet_of_every_return_has_a_suite_with_its_grain() -> None:
    for family in load_returns().values():
        for _, one in family.versions:
            for sheet in one.sheets:
                suite = suite_for(f"{one.key}.{sheet.key}", sheet)
                rules = [(e.meta["rule"], e.meta["role"]) for e in suite.expectations]
                assert len(set(rules)) == len(rules)
                assert ("duplicate_row", sheet.grain[0]) in rules
                assert all(len(e.notes) == 2 and e.notes[0] != e.notes[1] for e in suite.expectations)
