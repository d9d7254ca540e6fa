"""The questions of acceptance: each one query on one mart, its answer, and whether that is what the documents say.

``dbt_project/analyses/questions`` holds the queries, one file each, and ``questions.yml`` what they answer: the
question in both languages, and the cells that the documents print. A printed figure is named by its ``figure_id`` and
looked up in the warehouse's own ``accountability.published_figure_reconciliation``; one that follows from printed
figures is written as the arithmetic that gives it.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from ingestion.config import CHECKOUT
from ingestion.errors import GofalError

if TYPE_CHECKING:
    import duckdb

FOLDER = CHECKOUT / "dbt_project" / "analyses" / "questions"
SCHEMAS = frozenset({"core", "performance_measures", "funding_streams", "outcomes", "accountability"})
"""What is published for everybody. A question asks nothing else."""
DIMENSIONS = re.compile(r"core\.dim_\w+|core\.area_membership|performance_measures\.area_context")
"""What a mart may be joined to."""

Kind = Literal["seed", "derived", "outside", "shape"]
Verdict = Literal["agrees", "agrees_after_rounding", "agrees_with_other_vintage", "differs", "no_value"]

KINDS: dict[str, tuple[str, str]] = {
    "seed": ("printed", "argraffwyd"),
    "derived": ("worked out from printed figures", "cyfrifwyd o ffigurau a argraffwyd"),
    "outside": ("from outside the documents", "o’r tu allan i’r dogfennau"),
    "shape": ("what the answer must hold", "yr hyn y mae’n rhaid i’r ateb ei gynnwys"),
}
VERDICTS: dict[str, tuple[str, str]] = {
    "agrees": ("agrees", "yn cytuno"),
    "agrees_after_rounding": ("agrees after rounding", "yn cytuno ar ôl talgrynnu"),
    "agrees_with_other_vintage": ("agrees with another vintage", "yn cytuno â fersiwn arall"),
    "differs": ("differs", "yn wahanol"),
    "no_value": ("no value", "dim gwerth"),
}


class Expectation(BaseModel):
    """One cell that a document prints, or something that an answer must hold."""

    model_config = ConfigDict(extra="forbid")

    where: dict[str, Any] = {}
    """The row: values of its key columns."""
    known_on: date | None = None
    """The row that was what was known on this day: of those with ``known_from`` and ``known_to``."""
    column: str | None = None
    figure: str | None = None
    """A ``figure_id``: the value is what the document prints."""
    formula: str | None = None
    """Arithmetic on ``figure_id``s and numbers."""
    value: float | str | bool | None = None
    """A value that no figure holds: from outside the documents, or a word."""
    within: float | None = None
    """How far apart the two may be; by default half of what the document rounds to, and of what the warehouse does."""
    count_rows: bool = False
    """The value is the number of rows that ``where`` finds."""
    filled: bool = False
    """No row that ``where`` finds lacks a value in ``column``."""
    cite: str | None = None
    """For a value that is typed here: where it comes from (``document_key:line``, or what it is)."""
    because_en: str | None = None
    """Why the warehouse says something else, where that is known."""
    because_cy: str | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Expectation:
        said = [self.figure, self.formula, self.value]
        if sum(one is not None for one in said) != (0 if self.filled else 1):
            raise ValueError("an expectation has one of figure, formula and value, or filled alone")
        if (self.column is None) != self.count_rows:
            raise ValueError("an expectation names a column, or counts rows")
        if self.value is not None and not self.cite:
            raise ValueError("a value that is typed says where it comes from")
        return self

    @property
    def kind(self) -> Kind:
        """Where the expected value comes from."""
        if self.filled:
            return "shape"
        if self.figure:
            return "seed"
        if self.formula:
            return "derived"
        return "outside" if (self.cite or "").startswith("outside") else "seed"


class Question(BaseModel):
    """One query, and what it is to answer. A question with two parts has two."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """The query's file, without ``.sql``."""
    number: int
    question_en: str
    question_cy: str
    measures: list[str] = []
    """Measures that it rests on, of the registry."""
    datasets: list[str] = []
    """Datasets that give them."""
    waits_en: str | None = None
    """What part of the answer is still to come, and from whom."""
    waits_cy: str | None = None
    expected: list[Expectation] = []

    @property
    def sql(self) -> str:
        """The query."""
        return (FOLDER / f"{self.name}.sql").read_text(encoding="utf-8")

    @property
    def query(self) -> str:
        """The query without its comments and its last semicolon."""
        return re.sub(r"^\s*--.*\n", "", self.sql, flags=re.M).strip().rstrip(";")

    @property
    def tables(self) -> list[str]:
        """The marts that it reads, the one that answers first."""
        return re.findall(r"\b(?:from|join)\s+(\w+\.\w+)", self.query)


class Checked(BaseModel):
    """An expectation beside the answer."""

    where: dict[str, Any]
    column: str | None
    kind: Kind
    expected: float | str | bool | None
    unit: str | None = None
    formula: str | None = None
    found: float | str | bool | None
    verdict: Verdict
    reason_en: str = ""
    reason_cy: str = ""
    document: str | None = None
    line: int | None = None
    cite: str | None = None


class Answer(BaseModel):
    """What came back."""

    question: Question
    sql: str
    columns: list[str] = []
    rows: list[list[Any]] = []
    statuses: dict[str, tuple[str, str]] = Field(default_factory=dict, exclude=True)
    """The words of each status, in English and Welsh."""
    checked: list[Checked] = []
    seconds: float = 0.0
    error: str | None = None
    """What the database said, where the query failed."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_synthetic(self) -> bool:
        """Whether a row of the answer rests on the bundled sample."""
        place = self.columns.index("is_synthetic") if "is_synthetic" in self.columns else None
        return place is not None and any(row[place] for row in self.rows)


class Figure(BaseModel):
    """A figure that a document prints."""

    value: float
    unit: str
    qualifier: str | None
    rounding_base: float | None
    document: str | None
    line: int | None
    verdict: str | None = None
    """What the reconciliation says of it."""
    explanation_en: str = ""
    explanation_cy: str = ""


def load(numbers: Sequence[int] = (), folder: Path = FOLDER) -> list[Question]:
    """Read the questions, in the order of their numbers.

    Args:
        numbers: Which; all by default.
        folder: Where ``questions.yml`` is.

    Raises:
        GofalError: There is no such question.
    """
    import yaml

    entries = yaml.safe_load((folder / "questions.yml").read_text(encoding="utf-8"))["analyses"]
    found = [Question.model_validate({"name": entry["name"], **entry["config"]["meta"]}) for entry in entries]
    known = sorted({question.number for question in found})
    missing = sorted(set(numbers) - set(known))
    if missing:
        listed = ", ".join(map(str, known))
        raise GofalError(
            f"There is no question {', '.join(map(str, missing))}. There are: {listed}.",
            f"Nid oes cwestiwn {', '.join(map(str, missing))}. Y rhai sydd: {listed}.",
            code="no_question",
        )
    return [question for question in sorted(found, key=lambda q: q.number) if not numbers or question.number in numbers]


def ask(database: Path, questions: Sequence[Question], as_of: datetime | None = None) -> list[Answer]:
    """Put questions to a published database.

    Args:
        database: A ``gofal.duckdb``.
        questions: Which.
        as_of: Only rows that were known at this moment, of answers that say when they were known.

    Returns:
        The answers in the questions' order. A query that fails is an answer with its error.
    """
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        figures = printed(connection)
        statuses = _statuses(connection)
        return [_answer(connection, question, figures, statuses, as_of) for question in questions]


def printed(connection: duckdb.DuckDBPyConnection) -> dict[str, Figure]:
    """Every figure that a document prints, as the warehouse has it."""
    rows = connection.execute(
        "select figure_id, published_value, unit, qualifier, published_rounding_base, document, seed_line, verdict, "
        "explanation_en, explanation_cy from accountability.published_figure_reconciliation"
    ).fetchall()
    names = (
        *("value", "unit", "qualifier", "rounding_base", "document", "line", "verdict"),
        *("explanation_en", "explanation_cy"),
    )
    return {key: Figure.model_validate(dict(zip(names, told, strict=True))) for key, *told in rows}


def _statuses(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    rows = connection.execute("select value_status, label_en, label_cy from core.dim_value_status").fetchall()
    return {status: (en, cy) for status, en, cy in rows}


def _answer(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    figures: Mapping[str, Figure],
    statuses: Mapping[str, tuple[str, str]],
    as_of: datetime | None,
) -> Answer:
    import time

    import duckdb

    answer = Answer(question=question, sql=question.sql, statuses=dict(statuses))
    began = time.perf_counter()
    try:
        asked = connection.execute(question.query)
        answer.columns = [column[0] for column in asked.description or ()]
        answer.rows = [list(row) for row in asked.fetchall()]
    except duckdb.Error as error:
        answer.error = str(error)
        return answer
    answer.seconds = round(time.perf_counter() - began, 4)
    if as_of is not None:
        answer.rows = [row for row in answer.rows if _known(dict(zip(answer.columns, row, strict=True)), as_of)]
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    for expectation in question.expected:
        named = {*expectation.where, *([expectation.column] if expectation.column else [])}
        lacking = sorted(named - set(answer.columns))
        if lacking:
            answer.error = f"the answer has no column {', '.join(lacking)}"
            return answer
        answer.checked.append(check(expectation, rows, figures, statuses))
    return answer


def _known(row: Mapping[str, Any], moment: datetime) -> bool:
    """Whether a row was known at a moment; one that does not say when, always."""
    at = moment.astimezone(UTC).replace(tzinfo=None)
    since, until = row.get("known_from"), row.get("known_to")
    return (since is None or since <= at) and (until is None or until > at)


def check(
    expectation: Expectation,
    rows: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Figure],
    statuses: Mapping[str, tuple[str, str]],
) -> Checked:
    """Set an expectation beside the rows of an answer.

    Args:
        expectation: What is expected.
        rows: The answer.
        figures: What documents print.
        statuses: The words of a status in both languages.

    Raises:
        GofalError: No document prints the figure that it names.
    """
    fits = [row for row in rows if all(_text(row[name]) == _text(value) for name, value in expectation.where.items())]
    if expectation.known_on:
        day = datetime.combine(expectation.known_on, datetime.max.time(), UTC)
        fits = [row for row in fits if _known(row, day)]
    figure = _figure(figures, expectation.figure) if expectation.figure else None
    result = Checked(
        where=expectation.where | ({"known_on": expectation.known_on} if expectation.known_on else {}),
        column=expectation.column,
        kind=expectation.kind,
        expected=figure.value if figure else expectation.value,
        unit=figure.unit if figure else None,
        formula=expectation.formula,
        found=None,
        verdict="no_value",
        document=figure.document if figure else None,
        line=figure.line if figure else None,
        cite=expectation.cite,
    )
    if expectation.formula:
        result.expected = evaluate(expectation.formula, lambda name: _figure(figures, name).value)
    if expectation.filled:
        return _filled(result, expectation, fits)
    if expectation.count_rows:
        # rows that are not there are no answer of nought: the mart may be empty
        result.found = float(len(fits)) if rows else None
        return _judge(result, expectation, figure, {}, statuses, any(row.get("is_synthetic") for row in rows))
    if not fits:
        return _missing(result, expectation)
    row = fits[0]
    if len(fits) > 1:
        result.verdict = "differs"
        result.reason_en = f"{len(fits)} rows fit where there must be one"
        result.reason_cy = f"mae {len(fits)} o resi yn cyfateb lle na ddylai fod ond un"
        return result
    found = row[expectation.column or ""]
    result.found = float(found) if isinstance(found, int | float | Decimal) and not isinstance(found, bool) else found
    if isinstance(result.found, date):
        result.found = result.found.isoformat()
    return _judge(result, expectation, figure, row, statuses, bool(row.get("is_synthetic")))


def _figure(figures: Mapping[str, Figure], name: str) -> Figure:
    if name not in figures:
        raise GofalError(
            f"Expected a figure that a document prints, found ‘{name}’. questions.yml names figures by their "
            "figure_id.",
            f"Disgwylid ffigur y mae dogfen yn ei argraffu, a chafwyd ‘{name}’. Mae questions.yml yn enwi ffigurau yn "
            "ôl eu figure_id.",
            code="no_figure",
        )
    return figures[name]


def _missing(result: Checked, expectation: Expectation) -> Checked:
    en, cy = "the warehouse has no such row", "nid oes rhes o’r fath yn y warws"
    result.reason_en = f"{en}: {expectation.because_en}" if expectation.because_en else en
    result.reason_cy = f"{cy}: {expectation.because_cy}" if expectation.because_cy else cy
    return result


def _filled(result: Checked, expectation: Expectation, fits: Sequence[Mapping[str, Any]]) -> Checked:
    empty = sum(row[result.column or ""] is None for row in fits)
    result.found = float(len(fits) - empty)
    result.expected = float(len(fits)) if fits else None
    if not fits:
        result.found = None
        return _missing(result, expectation)
    if empty:
        result.verdict = "differs"
        result.reason_en, result.reason_cy = f"{empty} rows lack it", f"nid yw gan {empty} o resi"
    else:
        result.verdict = "agrees"
    return result


def _judge(
    result: Checked,
    expectation: Expectation,
    figure: Figure | None,
    row: Mapping[str, Any],
    statuses: Mapping[str, tuple[str, str]],
    is_synthetic: bool,
) -> Checked:
    if result.found is None:
        status = row.get(f"{result.column}_status") or row.get("value_status")
        en, cy = statuses.get(str(status), ("the answer is empty", "mae’r ateb yn wag"))
        result.reason_en, result.reason_cy = en, cy
        if expectation.because_en:
            result.reason_en = f"{en}: {expectation.because_en}"
            result.reason_cy = f"{cy}: {expectation.because_cy}"
        return result
    result.verdict = _compare(result.found, result.expected, expectation, figure, row)
    if result.verdict == "differs":
        if figure and figure.verdict == "agrees_with_other_vintage":
            result.verdict = "agrees_with_other_vintage"
            result.reason_en, result.reason_cy = figure.explanation_en, figure.explanation_cy
        else:
            synthetic = "the warehouse’s figure is synthetic (the bundled sample)" if is_synthetic else None
            synthetig = "mae ffigur y warws yn synthetig (y sampl a ddaw gyda Gofal)" if is_synthetic else None
            result.reason_en = "; ".join(filter(None, (synthetic, expectation.because_en)))
            result.reason_cy = "; ".join(filter(None, (synthetig, expectation.because_cy)))
    return result


def _compare(
    found: float | str | bool,
    expected: float | str | bool | None,
    expectation: Expectation,
    figure: Figure | None,
    row: Mapping[str, Any],
) -> Verdict:
    if isinstance(found, str | bool) or isinstance(expected, str | bool) or expected is None:
        return "agrees" if _text(found) == _text(expected) else "differs"
    if math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12):
        return "agrees"
    within = expectation.within
    if within is None:
        within = (figure.rounding_base or 0) / 2 if figure else 0.5
        base = row.get("rounding_base")
        # a count or an amount may be rounded here too; what is worked out from it has a tolerance of its own
        if base and not re.search(r"_pct$|_pp$|^rate_", expectation.column or ""):
            within += float(base) / 2
    apart = found - expected
    loose = {
        "over": 0 <= apart <= abs(expected) * 0.1,
        "at least": apart >= 0,
        "nearly": -abs(expected) * 0.1 <= apart <= 0,
        "up to": apart <= 0,
        "approx": abs(apart) <= abs(expected) * 0.05,
    }
    if abs(apart) <= within * (1 + 1e-9) or loose.get((figure.qualifier if figure else None) or "", False):
        return "agrees_after_rounding"
    return "differs"


def _text(value: Any) -> str:
    """A value of a row, or of the file, as it is compared."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal) and float(value) == int(value):
        return str(int(value))
    return str(value)


OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}


def evaluate(formula: str, value: Callable[[str], float]) -> float:
    """Work out arithmetic on figures.

    Args:
        formula: Names, numbers, ``+ - * /`` and brackets.
        value: What a name stands for.

    Raises:
        ValueError: There is something else in it.
    """

    def of(node: ast.AST) -> float:
        if isinstance(node, ast.Expression):
            return of(node.body)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](of(node.left), of(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](of(node.operand))
        if isinstance(node, ast.Name):
            return value(node.id)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        raise ValueError(f"expected arithmetic on figures, found {formula!r}")

    return of(ast.parse(formula, mode="eval"))


class Summary(BaseModel):
    """How many of what."""

    questions: int
    queries: int
    failed: int
    verdicts: dict[str, int] = Field(default_factory=dict)
    unmet: int
    """Cells that a document prints, or that follow from what it prints, and that the warehouse does not confirm."""


def summarise(answers: Sequence[Answer]) -> Summary:
    """Count what came of the questions. What comes from outside the documents counts for no verdict."""
    checked = [one for answer in answers for one in answer.checked if one.kind != "outside"]
    return Summary(
        questions=len({answer.question.number for answer in answers}),
        queries=len(answers),
        failed=sum(answer.error is not None for answer in answers),
        verdicts={verdict: sum(one.verdict == verdict for one in checked) for verdict in VERDICTS},
        unmet=sum(one.verdict in ("differs", "no_value") for one in checked),
    )


def page(questions: Sequence[Question]) -> str:
    """The page of the documentation that lists every question, where its query is and what is still to come."""
    lines = [
        "# What the warehouse is asked",
        "",
        "The questions of acceptance, in our own words and by their own numbers. Each is one query on one mart, "
        "joined to one dimension at most, in `dbt_project/analyses/questions`; `questions.yml` beside them holds the "
        "cells that the documents print. `make questions` asks all of them of what is published and says of each cell "
        "whether it agrees, and why where it does not; `gofal questions 13 --lang cy` asks one, in Welsh.",
        "",
        "| No. | Question | Mart | Query | Still to come |",
        "|---|---|---|---|---|",
    ]
    for one in questions:
        file = f"[{one.name}](../dbt_project/analyses/questions/{one.name}.sql)"
        lines.append(f"| {one.number} | {one.question_en} | `{one.tables[0]}` | {file} | {one.waits_en or ''} |")
    lines += [
        "",
        "The figures of the bundled sample are synthetic; they are drawn within the totals that the documents print. "
        "This page is made from `questions.yml` by `gofal questions --page`.",
        "",
    ]
    return "\n".join(lines)
