"""Questions and what documents say: what agrees, what agrees after rounding, what does not, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from ingestion import cli, questions
from ingestion.errors import GofalError
from ingestion.questions import Expectation, Figure, ask, check, evaluate, load, summarise

FIGURES = {
    "exact": Figure(value=6846, unit="children", qualifier="exact", rounding_base=1, document="paper", line=12),
    "rounded": Figure(value=7, unit="percent", qualifier="exact", rounding_base=1, document="paper", line=12),
    "over": Figure(value=6800, unit="children", qualifier="over", rounding_base=100, document="letter", line=3),
    "revised": Figure(
        value=6845,
        unit="children",
        qualifier="exact",
        rounding_base=5,
        document="letter",
        line=4,
        verdict="agrees_with_other_vintage",
        explanation_en="It was so known then.",
        explanation_cy="Felly yr oedd yn hysbys bryd hynny.",
    ),
}
STATUSES = {"suppressed": ("Suppressed", "Ataliwyd")}


def judged(found: Any, column: str = "children", row: dict[str, Any] | None = None, **expected: Any) -> Any:
    rows = [{"area": "Wales", column: found, **(row or {})}]
    return check(Expectation(where={"area": "Wales"}, column=column, **expected), rows, FIGURES, STATUSES)


@pytest.mark.parametrize(
    ("found", "expected", "row", "verdict"),
    [
        (6846, {"figure": "exact"}, {}, "agrees"),
        (Decimal("6846.00"), {"figure": "exact"}, {}, "agrees"),
        (6845, {"figure": "exact"}, {"rounding_base": 5}, "agrees_after_rounding"),
        (6845, {"figure": "exact"}, {}, "differs"),
        (6840, {"figure": "exact"}, {"rounding_base": 5}, "differs"),
        (6.852, {"figure": "rounded"}, {}, "agrees_after_rounding"),
        (7.6, {"figure": "rounded"}, {}, "differs"),
        (6846, {"figure": "over"}, {}, "agrees_after_rounding"),
        (6700, {"figure": "over"}, {}, "differs"),
        (9000, {"figure": "over"}, {}, "differs"),
        (6835, {"figure": "revised"}, {}, "agrees_with_other_vintage"),
        (6407.0, {"formula": "exact - 439"}, {}, "agrees"),
        (6407.4, {"formula": "exact - 439", "within": 0.5}, {}, "agrees_after_rounding"),
        (6409.0, {"formula": "exact - 439", "within": 0.5}, {}, "differs"),
        ("delayed", {"value": "delayed", "cite": "paper:1"}, {}, "agrees"),
        ("delivered", {"value": "delayed", "cite": "paper:1"}, {}, "differs"),
        (True, {"value": True, "cite": "paper:1"}, {}, "agrees"),
        (None, {"figure": "exact"}, {}, "no_value"),
    ],
)
def test_a_cell_agrees_within_what_both_round_to(
    found: Any, expected: dict[str, Any], row: dict[str, Any], verdict: str
) -> None:
    assert judged(found, row=row, **expected).verdict == verdict


def test_what_the_warehouse_rounds_counts_to_loosens_no_percentage() -> None:
    assert judged(8.4, column="change_pct", row={"rounding_base": 5}, figure="rounded").verdict == "differs"


def test_why_it_does_not_agree_is_said_in_both_languages() -> None:
    empty = judged(None, row={"children_status": "suppressed"}, figure="exact")
    assert (empty.reason_en, empty.reason_cy) == ("Suppressed", "Ataliwyd")
    synthetic = judged(5000, row={"is_synthetic": True}, figure="exact")
    assert "synthetic" in synthetic.reason_en
    assert "synthetig" in synthetic.reason_cy
    known = judged(5000, row={"is_synthetic": False}, figure="exact", because_en="A break.", because_cy="Toriad.")
    assert (known.reason_en, known.reason_cy) == ("A break.", "Toriad.")
    other = judged(6835, figure="revised")
    assert (other.reason_en, other.reason_cy) == ("It was so known then.", "Felly yr oedd yn hysbys bryd hynny.")
    missing = check(Expectation(where={"area": "Powys"}, column="children", figure="exact"), [], FIGURES, STATUSES)
    assert missing.verdict == "no_value"
    assert missing.reason_en
    assert missing.reason_cy


def test_two_rows_where_there_must_be_one_are_no_answer() -> None:
    rows = [{"area": "Wales", "children": 6846}, {"area": "Wales", "children": 6846}]
    assert check(Expectation(column="children", figure="exact"), rows, FIGURES, STATUSES).verdict == "differs"


def test_rows_are_counted_and_none_at_all_is_no_nought() -> None:
    expected = Expectation(where={"area": "Wales"}, count_rows=True, value=2, within=0, cite="paper:1")
    rows = [{"area": "Wales"}, {"area": "Wales"}, {"area": "Powys"}]
    assert check(expected, rows, FIGURES, STATUSES).verdict == "agrees"
    assert check(expected, rows[1:], FIGURES, STATUSES).verdict == "differs"
    assert check(expected, [], FIGURES, STATUSES).verdict == "no_value"


def test_a_column_without_gaps_is_filled_and_an_empty_answer_is_not() -> None:
    expected = Expectation(column="status", filled=True)
    assert check(expected, [{"status": "a"}, {"status": "b"}], FIGURES, STATUSES).verdict == "agrees"
    assert check(expected, [{"status": "a"}, {"status": None}], FIGURES, STATUSES).verdict == "differs"
    assert check(expected, [], FIGURES, STATUSES).verdict == "no_value"


def test_what_was_known_on_a_day_is_the_row_of_that_day() -> None:
    rows = [
        {"children": 6846, "known_from": datetime(2019, 10, 1), "known_to": datetime(2020, 11, 1)},
        {"children": 6834, "known_from": datetime(2020, 11, 1), "known_to": None},
    ]
    on = Expectation(known_on=date(2019, 12, 1), column="children", figure="exact")
    assert check(on, rows, FIGURES, STATUSES).found == 6846
    later = Expectation(known_on=date(2020, 12, 1), column="children", figure="exact")
    assert check(later, rows, FIGURES, STATUSES).found == 6834
    before = Expectation(known_on=date(2018, 12, 1), column="children", figure="exact")
    assert check(before, rows, FIGURES, STATUSES).verdict == "no_value"


def test_a_figure_that_no_document_prints_is_refused() -> None:
    with pytest.raises(GofalError, match="nothing_like_it"):
        judged(1, figure="nothing_like_it")


@pytest.mark.parametrize(
    "wrong",
    [
        {"column": "x"},
        {"column": "x", "figure": "a", "value": 1, "cite": "paper:1"},
        {"column": "x", "value": 1},
        {"figure": "a"},
        {"column": "x", "filled": True, "figure": "a"},
        {"column": "x", "figure": "a", "spelled": "wrong"},
    ],
)
def test_an_expectation_says_one_thing_and_where_it_comes_from(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Expectation.model_validate(wrong)


def test_arithmetic_is_worked_out_and_nothing_else_is() -> None:
    assert evaluate("100 * (a - b) / -b", {"a": 3.0, "b": 2.0}.__getitem__) == -50
    for formula in ("__import__('os')", "a ** 9", "a if b else 1", "'x' * 9", "a.b"):
        with pytest.raises(ValueError, match="arithmetic"):
            evaluate(formula, lambda _: 1.0)


# -- asking a database -----------------------------------------------------------------------------------------

YAML = """
version: 2
analyses:
  - name: q01_count
    config:
      meta:
        number: 1
        question_en: "How many are there?"
        question_cy: "Faint sydd?"
        waits_en: "More of it."
        waits_cy: "Rhagor ohono."
        expected:
          - {where: {area_name_en: Wales}, column: children, figure: a}
          - {where: {area_name_en: Wales}, column: change_n, value: 9, cite: "outside: somewhere"}
  - name: q02_other
    config: {meta: {number: 2, question_en: "And others?", question_cy: "Ac eraill?"}}
"""
COUNT = """-- The count.
select area_name_en, area_name_cy, children, change_n, change_n_status, known_from, known_to, source_key, is_synthetic
from outcomes.care
order by area_name_en
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two questions and a database that answers them."""
    folder = tmp_path / "questions"
    folder.mkdir()
    (folder / "questions.yml").write_text(YAML, encoding="utf-8")
    (folder / "q01_count.sql").write_text(COUNT, encoding="utf-8")
    (folder / "q02_other.sql").write_text("select 1 as one from outcomes.care", encoding="utf-8")
    monkeypatch.setattr(questions, "FOLDER", folder)
    monkeypatch.setattr(load, "__defaults__", ((), folder))
    path = tmp_path / "gofal.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(
            """
            create schema outcomes; create schema accountability; create schema core;
            create table outcomes.care as select * from (values
                ('Wales', 'Cymru', 6846, null, 'suppressed', timestamp '2019-10-01', null::timestamp, 'count', true),
                ('Powys', 'Powys', 200, 5, 'derived', timestamp '2020-10-01', null, 'count', true)
            ) as t(area_name_en, area_name_cy, children, change_n, change_n_status, known_from, known_to, source_key,
                is_synthetic);
            create table core.dim_value_status as select 'suppressed' as value_status, 'Suppressed' as label_en,
                'Ataliwyd' as label_cy;
            create table accountability.published_figure_reconciliation as select 'a' as figure_id,
                6846.0::double as published_value, 'children' as unit, 'exact' as qualifier,
                1.0::double as published_rounding_base, 'paper' as document, 12::bigint as seed_line,
                'agrees' as verdict, 'So.' as explanation_en, 'Felly.' as explanation_cy;
            """
        )
    return path


Gofal = Callable[..., tuple[int, str]]


@pytest.fixture
def gofal(asked: Path) -> Gofal:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli.app, ["questions", "--database", str(asked), *arguments])
        return result.exit_code, result.output

    return run


def test_a_question_is_printed_with_its_query_its_answer_and_what_documents_say(gofal: Gofal) -> None:
    code, said = gofal()
    assert code == 0
    assert "1. How many are there?" in said
    assert "from outcomes.care" in said
    assert "6,846" in said
    assert "[Suppressed]" in said
    assert "agrees: Wales children = 6,846; printed: 6,846 (paper:12)" in said
    assert "SYNTHETIC" in said
    assert "More of it." in said
    assert "2 questions, 2 queries, 0 failed" in said


def test_everything_is_said_in_welsh_too(gofal: Gofal) -> None:
    _, said = gofal("1", "--lang", "cy")
    assert "1. Faint sydd?" in said
    assert "Cymru" in said
    assert "[Ataliwyd]" in said
    assert "yn cytuno: Wales children" in said
    assert "SYNTHETIG" in said
    assert "Rhagor ohono." in said
    assert "Ac eraill?" not in said


def test_json_has_the_answer_and_each_verdict(gofal: Gofal) -> None:
    code, said = gofal("1", "--json")
    found = json.loads(said)
    assert code == 0
    (one,) = found["questions"]
    assert one["is_synthetic"] is True
    assert one["rows"][1][:3] == ["Wales", "Cymru", 6846]
    assert [(c["column"], c["kind"], c["verdict"]) for c in one["checked"]] == [
        ("children", "seed", "agrees"),
        ("change_n", "outside", "no_value"),
    ]
    assert found["summary"]["unmet"] == 0, "what comes from outside the documents is not counted"


def test_as_of_leaves_out_what_was_known_later(asked: Path) -> None:
    (answer,) = ask(asked, load([1]), datetime(2019, 12, 1, tzinfo=UTC))
    assert [row[0] for row in answer.rows] == ["Wales"]


def test_strict_fails_where_a_printed_figure_is_not_met_and_only_then(asked: Path, gofal: Gofal) -> None:
    assert gofal("--strict")[0] == 0
    with duckdb.connect(str(asked)) as database:
        database.execute("update outcomes.care set children = 5 where area_name_en = 'Wales'")
    assert gofal()[0] == 0
    assert gofal("--strict")[0] == 1


@pytest.mark.parametrize(
    "broken", ["alter table outcomes.care drop is_synthetic", "alter table outcomes.care rename children to people"]
)
def test_a_query_that_fails_is_told_and_fails_the_command(asked: Path, gofal: Gofal, broken: str) -> None:
    with duckdb.connect(str(asked)) as database:
        database.execute(broken)
    code, said = gofal()
    assert code == 1
    assert "The query failed" in said
    assert "2. And others?" in said, "the others are asked all the same"
    assert "1 failed" in said


def test_an_expectation_of_a_column_that_the_answer_lacks_fails_too(asked: Path) -> None:
    question = load([2])[0].model_copy(update={"expected": [Expectation(column="children", figure="a")]})
    (answer,) = ask(asked, [question])
    assert "children" in (answer.error or "")
    assert summarise([answer]).failed == 1


def test_a_question_that_is_not_there_is_refused_with_those_that_are(asked: Path) -> None:
    with pytest.raises(GofalError, match="There are: 1, 2"):
        load([7])


def test_the_page_lists_every_question_with_its_mart(gofal: Gofal) -> None:
    _, said = gofal("--page")
    assert "| 1 | How many are there? | `outcomes.care` |" in said
