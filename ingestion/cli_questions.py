"""``gofal questions``: every question of acceptance, its query, its answer, and whether the documents say the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ingestion.questions import Answer, Checked

SHOWN = 12
"""Rows of an answer that a person is shown; --all and JSON have all."""
APART = frozenset({"source_key", "known_from", "known_to", "is_synthetic", "rounding_base", "seed_line", "source_line"})
"""Columns that say where an answer comes from: told in a line below it."""
COLOURS = {
    "agrees": "green",
    "agrees_after_rounding": "green",
    "agrees_with_other_vintage": "green",
    "differs": "red",
    "no_value": "yellow",
}


def questions(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="NUMBER…", help="Which questions; all by default.")
    ] = None,
    database: Annotated[
        str,
        typer.Option(metavar="FILE", help="Another build than the published one: a gofal.duckdb, a folder or an id."),
    ] = "current",
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what was known on this day, where the answer says it.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=f"Every row, not only the first {SHOWN}.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 where a figure that a document prints is not met.")
    ] = False,
    as_page: Annotated[
        bool, typer.Option("--page", help="Print the documentation’s page of questions instead.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="sample or live; each has a home of its own.")] = None,
    lang: Annotated[str, typer.Option(help="Which language the words are in: en or cy. JSON has both.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Ask what is published the questions of acceptance: each with its query, its answer and what documents say.

    Ends with 1 where a query fails, and with --strict where a printed figure is not met.
    """
    from ingestion import questions as asking
    from ingestion.config import Settings
    from ingestion.diff import resolve

    if lang not in ("en", "cy"):
        raise typer.BadParameter(f"expected en or cy, found {lang!r}")
    if source not in (None, "sample", "live"):
        raise typer.BadParameter(f"expected sample or live, found {source!r}")
    chosen = asking.load(numbers or [])
    if as_page:
        typer.echo(asking.page(chosen), nl=False)
        return
    settings = Settings.model_validate({"source": source}) if source else Settings()
    answers = asking.ask(resolve(database, settings), chosen, _moment(as_of))
    counted = asking.summarise(answers)
    if as_json:
        document = {
            "summary": counted.model_dump(),
            "questions": [answer.model_dump(exclude={"question": {"expected"}}) for answer in answers],
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=_plain))
    else:
        _say(answers, limit=None if every else SHOWN, welsh=lang == "cy")
    raise SystemExit(1 if counted.failed or (strict and counted.unmet) else 0)


def _moment(text: str | None) -> datetime | None:
    """A day means its end: what was published on it was known on it."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day such as 2019-12-01, found {text!r}") from None
    if len(text.strip()) <= len("2019-12-01"):
        return datetime.combine(moment.date(), time(), UTC) + timedelta(days=1, microseconds=-1)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(value: Any) -> Any:
    """A value of the database for JSON."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _say(answers: list[Answer], *, limit: int | None, welsh: bool) -> None:
    from rich.console import Console

    from ingestion.questions import VERDICTS, summarise

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=200)
    for answer in answers:
        _say_answer(console, answer, limit, welsh)
    counted = summarise(answers)
    told = [f"{number} {VERDICTS[verdict][welsh]}" for verdict, number in counted.verdicts.items()]
    console.print()
    console.print(
        f"{counted.questions} o gwestiynau, {counted.queries} o ymholiadau, {counted.failed} wedi methu. "
        f"Yr hyn y mae’r dogfennau’n ei ddweud: {', '.join(told)}."
        if welsh
        else f"{counted.questions} questions, {counted.queries} queries, {counted.failed} failed. "
        f"What the documents say: {', '.join(told)}.",
        style="bold",
        soft_wrap=True,
    )


def _say_answer(console: Console, answer: Answer, limit: int | None, welsh: bool) -> None:
    asked = answer.question
    console.print()
    console.print(
        f"{asked.number}. {asked.question_cy if welsh else asked.question_en}", style="bold cyan", soft_wrap=True
    )
    for line in answer.sql.strip().splitlines():
        console.print(f"    {line}", style="dim", soft_wrap=True)
    if answer.error is not None:
        console.print(
            f"{('The query failed', 'Methodd yr ymholiad')[welsh]}: {answer.error}", style="red", soft_wrap=True
        )
        return
    _say_rows(console, answer, limit, welsh)
    for one in answer.checked:
        console.print(_verdict(one, welsh), style=COLOURS[one.verdict], soft_wrap=True)
    waits = asked.waits_cy if welsh else asked.waits_en
    if waits:
        console.print(f"{('Still to come', 'Eto i ddod')[welsh]}: {waits}", style="yellow", soft_wrap=True)


def _say_rows(console: Console, answer: Answer, limit: int | None, welsh: bool) -> None:
    from rich.table import Table

    if not answer.rows:
        console.print(("No rows.", "Dim rhesi.")[welsh], style="yellow")
        return
    other = "_en" if welsh else "_cy"
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    # a status is told in the place of the value that is not there
    shown = [
        name
        for name in answer.columns
        if (name not in APART or (name.startswith("known_") and "known_to" in answer.columns))
        and not name.endswith(other)
        and not (name.endswith("_status") and name.removesuffix("_status") in answer.columns)
    ]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        number = any(isinstance(row[name], int | float | Decimal) and not isinstance(row[name], bool) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if number else "left", max_width=44)
    for row in rows[:limit]:
        table.add_row(*(_cell(row, name, answer, welsh) for name in shown))
    console.print(table)
    left = len(rows) - len(rows[:limit])
    if left:
        console.print((f"… {left:,} more: --all", f"… {left:,} arall: --all")[welsh], style="dim")
    sources = sorted({str(row["source_key"]) for row in rows if row.get("source_key")})
    known = [row["known_from"] for row in rows if row.get("known_from")]
    told = [f"{('source', 'ffynhonnell')[welsh]}: {', '.join(sources)}"] if sources else []
    told += [f"{('known from', 'yn hysbys ers')[welsh]} {max(known):%Y-%m-%d}"] if known else []
    told += [("SYNTHETIC: the bundled sample", "SYNTHETIG: y sampl a ddaw gyda Gofal")[welsh]] * answer.is_synthetic
    console.print("; ".join([*told, f"{answer.seconds * 1000:.0f} ms"]), style="dim", soft_wrap=True)


def _cell(row: dict[str, Any], name: str, answer: Answer, welsh: bool) -> str:
    value = row[name]
    if value is None:
        status = row.get(f"{name}_status")
        return f"[{answer.statuses.get(status, (status, status))[welsh]}]" if status else "–"
    if isinstance(value, bool):
        return (("no", "yes"), ("na", "ie"))[welsh][value]
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return _number(value) if isinstance(value, int | float | Decimal) else str(value)


def _number(value: float | Decimal) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{float(value):,.2f}"


def _verdict(one: Checked, welsh: bool) -> str:
    """What a document says of a cell, beside what the warehouse does."""
    from ingestion.questions import KINDS, VERDICTS

    def said(value: float | str | bool | None) -> str:
        return _number(value) if isinstance(value, float) else "–" if value is None else str(value)

    where = ", ".join(str(value) for value in one.where.values())
    cell = " ".join(part for part in (where, one.column or ("rows", "rhesi")[welsh]) if part)
    printed = ":".join(str(part) for part in (one.document, one.line) if part)
    source = printed or one.formula or one.cite
    reason = one.reason_cy if welsh else one.reason_en
    return (
        f"  {VERDICTS[one.verdict][welsh]}: {cell} = {said(one.found)}; {KINDS[one.kind][welsh]}: {said(one.expected)}"
        + (f" ({source})" if source else "")
        + (f" – {reason}" if reason else "")
    )


__all__ = ["questions"]
