"""docs/questions.md names only what is registered and staged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbt_runner import PROJECT

from ingestion.config import CHECKOUT
from ingestion.statswales.registry import load_registry, read_registry


@dataclass
class Question:
    """A row of the table."""

    number: int
    measures: list[str]
    datasets: list[str]
    standing: str


def read() -> list[Question]:
    lines = (CHECKOUT / "docs" / "questions.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)]
    return [
        Question(int(number), re.findall(r"`([^`]+)`", measures), re.findall(r"`([^`]+)`", datasets), standing)
        for number, _, measures, datasets, standing in cells
    ]


def answers() -> list[tuple[int, str]]:
    """The queries that the page gives, with the number of their question."""
    parts = re.split(r"^### (\d+)\.", (CHECKOUT / "docs" / "questions.md").read_text(encoding="utf-8"), flags=re.M)
    return [
        (int(number), query)
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
        for query in re.findall(r"```sql\n(.+?)```", text, re.S)
    ]


QUESTIONS = read()


def staged() -> set[str]:
    """The datasets with a staging model that the warehouse reads."""
    listed = (PROJECT / "macros" / "statswales_datasets.sql").read_text(encoding="utf-8")
    models = (PROJECT / "models" / "staging" / "statswales").glob("stg_statswales__*.sql")
    return set(re.findall(r"'(\w+)'", listed)) & {p.stem.removeprefix("stg_statswales__") for p in models}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: f"question {q.number}")
def test_what_answers_a_question_is_registered_and_staged(question: Question) -> None:
    registry = load_registry()
    assert set(question.measures) <= set(read_registry().measures)
    assert set(question.datasets) <= staged()
    # an entry that awaits its source has nothing to give
    assert [key for key in question.datasets if registry[key].state == "awaiting"] == []
    given = [registry[key].measure_keys for key in question.datasets]
    assert set(question.measures) <= set().union(*given), "each measure comes from one of the datasets"
    assert all(keys & set(question.measures) for keys in given), "each dataset gives one of the measures"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: f"question {q.number}")
def test_the_standing_says_what_the_row_shows(question: Question) -> None:
    assert question.standing.startswith("staged") == bool(question.datasets) == bool(question.measures)
    assert re.match(r"((staged|returned)[^;]*(; awaiting \w.+)?|awaiting \w.+)$", question.standing)


def test_every_question_that_returns_answer_has_its_query() -> None:
    assert {number for number, _ in answers()} == {q.number for q in QUESTIONS if "returned" in q.standing}


@pytest.mark.shared
def test_the_questions_are_those_of_acceptance(shared: Path) -> None:
    asked = re.findall(r"^\*\*Q(\d+)\.", (shared / "domain" / "QUESTIONS.md").read_text(encoding="utf-8"), re.M)
    assert [q.number for q in QUESTIONS] == [int(number) for number in asked]
