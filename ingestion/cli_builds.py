"""``gofal diff``: what changed in every mart between two builds."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ingestion.diff import Diff, MartDiff

SHOWN = 10
"""Columns and measures of a mart that a person is shown; the page and JSON have all."""


def diff(
    build_a: Annotated[str, typer.Argument(metavar="BUILD_A", help="The earlier build.")] = "previous",
    build_b: Annotated[str, typer.Argument(metavar="BUILD_B", help="The later build.")] = "current",
    mart: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this mart; may be given more than once.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page in both languages, too.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="Rows of each kind to show of a mart.")] = 5,
    every_column: Annotated[
        bool,
        typer.Option("--every-column", help="Compare also when and by which load rows came (loaded_at, load_id…)."),
    ] = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Leave out this column, too; may be given more than once."),
    ] = None,
    restricted: Annotated[
        bool,
        typer.Option("--restricted", help="Count what changed in the restricted schema. Its values are never shown."),
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 where anything differs.")] = False,
    source: Annotated[str | None, typer.Option(help="sample or live; each has a home of its own.")] = None,
    lang: Annotated[str, typer.Option(help="Which language the words are in: en or cy. JSON has keys only.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Show what changed in every mart between two builds: rows added and removed, and cells changed.

    A build is a gofal.duckdb, a folder with one, the id of a build of the home (its beginning will do), current or
    previous.

    To compare two branches, build each on the same frozen snapshot, in the folder dbt_project of its checkout, and
    compare the two files:

    GOFAL_SNAPSHOT=SNAPSHOT GOFAL_ANALYST_FILE=FOLDER/gofal.duckdb dbt build --target-path FOLDER

    gofal diff FOLDER_A FOLDER_B --html changes.html
    """
    from ingestion import diff as differ
    from ingestion.config import Settings

    if lang not in ("en", "cy"):
        raise typer.BadParameter(f"expected en or cy, found {lang!r}")
    if source not in (None, "sample", "live"):
        raise typer.BadParameter(f"expected sample or live, found {source!r}")
    settings = Settings.model_validate({"source": source}) if source else Settings()
    found = differ.compare(
        build_a,
        build_b,
        settings,
        only=mart or [],
        restricted=restricted,
        every_column=every_column,
        ignore=ignore or [],
        examples=examples,
    )
    if html:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(differ.render(found, "cy" if lang == "cy" else "en"), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(found.model_dump(), ensure_ascii=False, indent=1, default=_plain))
    else:
        _say(found, welsh=lang == "cy")
        if html:
            typer.echo(f"\n{html}")
    raise SystemExit(1 if exit_code and found.differs else 0)


def _plain(value: Any) -> Any:
    """A value of the database for JSON."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _say(found: Diff, *, welsh: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from ingestion.diff import WORDS, summary

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=160)

    def t(key: str) -> str:
        return WORDS[key][welsh]

    for mark, one in (("A", found.a), ("B", found.b)):
        console.print(f"{mark}  {one.build_id or one.asked}  {one.database}", style="dim", soft_wrap=True)
    console.print(summary(found)[welsh], style="bold", soft_wrap=True)
    if found.ignored:
        console.print(f"{t('ignored')}: {', '.join(found.ignored)}", style="dim", soft_wrap=True)
    if found.restricted_left_out:
        console.print(t("restricted_left_out"), style="dim", soft_wrap=True)
    if not found.changed:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(t("mart"), no_wrap=True)
    for key in ("rows_a", "rows_b", "added", "removed", "changed", "cells"):
        table.add_column(t(key), justify="right")
    table.add_column(t("columns"), overflow="fold")
    for one_mart in found.changed:
        numbers = (one_mart.rows_a, one_mart.rows_b, one_mart.added, one_mart.removed, one_mart.changed, one_mart.cells)
        table.add_row(one_mart.name, *(f"{n:,}" if n is not None else "–" for n in numbers), _columns(one_mart, welsh))
    console.print()
    console.print(table)
    for one_mart in found.changed:
        if one_mart.state == "changed":
            _say_mart(console, one_mart, welsh)


def _columns(mart: MartDiff, welsh: bool) -> str:
    """Columns that came, went or have another type; of a mart that came or went, that."""
    from ingestion.diff import WORDS

    if mart.state in ("added", "removed"):
        return WORDS[f"mart_{mart.state}"][welsh]
    told = [f"+{column}" for column in mart.columns_added] + [f"−{column}" for column in mart.columns_removed]
    told += [f"{one.column}: {one.old} → {one.new}" for one in mart.columns_retyped]
    return ", ".join(told)


def _say_mart(console: Console, mart: MartDiff, welsh: bool) -> None:
    from ingestion.diff import WORDS, said

    def t(key: str) -> str:
        return WORDS[key][welsh]

    console.print(f"\n{mart.name}", style="bold")
    if mart.grain_not_unique or not mart.grain:
        key = "grain_not_unique" if mart.grain_not_unique else "no_grain"
        console.print(f"  {t(key)}", style="yellow", soft_wrap=True)
    if mart.by_column:
        told = [f"{column} {number:,}" for column, number in list(mart.by_column.items())[:SHOWN]]
        left = len(mart.by_column) - SHOWN
        more = [f"… +{left}"] if left > 0 else []
        console.print(f"  {t('by_column')}: {', '.join([*told, *more])}", soft_wrap=True)
    if mart.by_measure:
        console.print(f"  {t('by')} {mart.measure}:")
        for one in mart.by_measure[:SHOWN]:
            console.print(
                f"    {one.key or '–':<44} +{one.added:,}  −{one.removed:,}  ~{one.changed:,}  ({one.cells:,})",
                soft_wrap=True,
            )
        if len(mart.by_measure) > SHOWN:
            console.print(f"    … +{len(mart.by_measure) - SHOWN:,}")
    signs = {"added": "+", "removed": "−", "changed": "~"}
    styles = {"added": "green", "removed": "red", "changed": "yellow"}
    for example in mart.examples:
        # of a whole row only the beginning tells which it is
        key = " · ".join(said(value) for value in list(example.key.values())[: len(mart.grain) or SHOWN])
        console.print(f"  {signs[example.kind]} {key}", style=styles[example.kind], soft_wrap=True)
        for cell in example.cells:
            console.print(f"      {cell.column}: {said(cell.old)} → {said(cell.new)}", soft_wrap=True)


__all__ = ["diff"]
