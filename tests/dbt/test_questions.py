"""Every question of acceptance is one plain query on the marts as their contracts have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_runner import PROJECT

from ingestion.config import CHECKOUT
from ingestion.questions import DIMENSIONS, FOLDER, SCHEMAS, Question, load, page
from ingestion.statswales.registry import load_registry, read_registry

QUESTIONS = load()
each = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of a parsed query."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from nodes(one)


def staged() -> set[str]:
    """The datasets with a staging model that the warehouse reads."""
    listed = (PROJECT / "macros" / "statswales_datasets.sql").read_text(encoding="utf-8")
    models = (PROJECT / "models" / "staging" / "statswales").glob("stg_statswales__*.sql")
    return set(re.findall(r"'(\w+)'", listed)) & {p.stem.removeprefix("stg_statswales__") for p in models}


@pytest.fixture(scope="module")
def contracts(manifest: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published marts as their contracts have them, without a row."""
    connection = duckdb.connect()
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["schema"] not in SCHEMAS or node["fqn"][1] != "marts":
            continue
        columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in node["columns"].values())
        connection.execute(f"create schema if not exists {node['schema']}")
        connection.execute(f"create table {node['schema']}.{node['alias']} ({columns})")
    yield connection
    connection.close()


@each
def test_a_question_is_one_select_on_one_mart_with_at_most_one_join_to_a_dimension(question: Question) -> None:
    found = duckdb.execute("select json_serialize_sql(?)", [question.query]).fetchone()
    assert found is not None
    parsed = json.loads(found[0])
    assert not parsed["error"], parsed
    assert len(parsed["statements"]) == 1
    every = list(nodes(parsed["statements"][0]))
    kinds = [node.get("type") for node in every]
    assert [kind for kind in kinds if str(kind).endswith("_NODE")] == ["SELECT_NODE"], "no CTE, union or subquery"
    assert "SUBQUERY" not in kinds
    tables = [f"{node['schema_name']}.{node['table_name']}" for node in every if node.get("type") == "BASE_TABLE"]
    assert tables == question.tables
    assert {table.split(".")[0] for table in tables} <= SCHEMAS
    assert kinds.count("JOIN") == len(tables) - 1 <= 1
    assert all(DIMENSIONS.fullmatch(table) for table in tables[1:])


@each
def test_a_question_runs_on_the_marts_as_their_contracts_have_them(
    question: Question, contracts: duckdb.DuckDBPyConnection
) -> None:
    asked = contracts.execute(question.query)
    columns = {column[0] for column in asked.description or ()}
    for expectation in question.expected:
        assert {*expectation.where, *([expectation.column] if expectation.column else [])} <= columns
        assert expectation.known_on is None or {"known_from", "known_to"} <= columns
    # whoever reads the answer can tell whether the bundled sample is in it, unless documents alone give it
    synthetic = question.tables[0] not in {
        "accountability.commitments",
        "accountability.progress_groups",
        "accountability.return_calendar",
        "funding_streams.funding_lineage",
    }
    assert "is_synthetic" in columns or not synthetic
    assert not re.search(r"\b(rank|row_number|ntile|percent_rank|quantile)", question.query), "nobody is ranked"


@each
def test_what_a_question_expects_is_printed_in_a_document(question: Question) -> None:
    figures = (PROJECT / "seeds" / "published_figures.csv").read_text(encoding="utf-8").splitlines()[1:]
    documents = (PROJECT / "seeds" / "documents.csv").read_text(encoding="utf-8").splitlines()[1:]
    known = {line.split(",")[0] for line in figures}
    for one in question.expected:
        named = [one.figure] if one.figure else re.findall(r"[a-z]\w+", one.formula or "")
        assert set(named) <= known
        if one.value is not None:
            source = (one.cite or "").split(":")[0]
            assert source == "outside" or source in {line.split(",")[0] for line in documents}


@each
def test_a_question_is_asked_in_both_languages(question: Question) -> None:
    for english, welsh in (
        (question.question_en, question.question_cy),
        (question.waits_en, question.waits_cy),
        *((one.because_en, one.because_cy) for one in question.expected),
    ):
        assert bool(english) == bool(welsh)
        assert english != welsh or not english
        assert "'" not in f"{english}{welsh}", "typographic apostrophes"


@each
def test_what_answers_a_question_is_registered_and_staged(question: Question) -> None:
    registry = load_registry()
    assert set(question.measures) <= set(read_registry().measures)
    assert set(question.datasets) <= staged()
    assert bool(question.measures) == bool(question.datasets)
    # an entry that awaits its source has nothing to give
    assert [key for key in question.datasets if registry[key].state == "awaiting"] == []
    given = [registry[key].measure_keys for key in question.datasets]
    assert set(question.measures) <= set().union(*given), "each measure comes from one of the datasets"
    assert all(keys & set(question.measures) for keys in given), "each dataset gives one of the measures"


def test_every_query_is_listed_and_every_one_listed_is_there(manifest: dict[str, Any]) -> None:
    files = sorted(path.stem for path in FOLDER.glob("*.sql"))
    assert sorted(question.name for question in QUESTIONS) == files
    assert all(question.name.startswith(f"q{question.number:02d}_") for question in QUESTIONS)
    analyses = [node for node in manifest["nodes"].values() if node["resource_type"] == "analysis"]
    assert {node["name"] for node in analyses} >= set(files), "dbt shows them in its documentation"


def test_the_page_of_questions_is_the_one_that_is_made_of_them() -> None:
    assert (CHECKOUT / "docs" / "questions.md").read_text(encoding="utf-8") == page(QUESTIONS)


@pytest.mark.shared
def test_the_questions_are_those_of_acceptance(shared: Path) -> None:
    asked = re.findall(r"^\*\*Q(\d+)\.", (shared / "domain" / "QUESTIONS.md").read_text(encoding="utf-8"), re.M)
    assert sorted({question.number for question in QUESTIONS}) == [int(number) for number in asked]
