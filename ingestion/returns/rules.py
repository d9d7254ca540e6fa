"""Whether what a return says holds together: the spec's rules over every row, in DuckDB, all of them in one pass.

A rule is an SQL condition (`spec.Rule`); beside those of the spec every sheet has what its columns say of themselves:
a running total does not fall, parts are not more than their whole, no row stands twice, control totals agree.
"""

from __future__ import annotations

import contextlib
import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingestion.engine import database, literal, quote
from ingestion.returns.cover import COVER_CY, COVER_EN
from ingestion.returns.parse import Parsed, ParsedSheet, read_number
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.problems import Problem, Wording
from ingestion.returns.spec import Column, ReturnSpec, Rule, Sheet

if TYPE_CHECKING:
    import duckdb

PENNY = 0.005
"""Sums of money agree when they differ by less than half a penny a row, at least."""
DO_EN = "Mend the row, or ask the team that sent the template if it is right."
DO_CY = "Cywirwch y rhes, neu holwch y tîm a anfonodd y templed os yw’n gywir."


@dataclass(slots=True)
class References:
    """What a return is held against. Empty where nothing is known."""

    previous: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """By sheet: rows of the submitter's last accepted return of the period before, by column key."""
    previous_period: str | None = None
    offers: Sequence[Mapping[str, Any]] = ()
    """Lines of the offer letters in force: stream_key, project_key, capital_or_revenue, original_budget_gbp,
    revised_budget_gbp."""
    projects: Sequence[Mapping[str, Any]] = ()
    """project_key and project_name that the submitter's spend returns have."""


def check_rules(parsed: Parsed, spec: ReturnSpec, references: References | None = None) -> list[Problem]:
    """Hold a parsed submission against its spec's rules.

    Args:
        parsed: A recognised submission.
        spec: The version that answers for it.
        references: What it is compared with.

    Returns:
        What fails, sheet by sheet, row by row.
    """
    references = references or References()
    problems: list[Problem] = []
    with _database(parsed) as connection:
        for sheet in spec.sheets:
            read = next((s for s in parsed.sheets if s.key == sheet.key), None)
            if read is None:
                continue
            problems += _duplicates(sheet, read)
            problems += _fixed_rows(sheet, read)
            problems += _totals(sheet, read)
            if read.rows:
                problems += _conditions(connection, parsed, spec, sheet, read, references)
    problems += _control_totals(parsed, spec)
    return problems


@contextlib.contextmanager
def _database(parsed: Parsed) -> Iterator[duckdb.DuckDBPyConnection]:
    """A large return has the process's database; for a small one planning a query takes longer than running it."""
    if any(len(read.rows) > SMALL for read in parsed.sheets):
        with database() as connection:
            yield connection
        return
    with contextlib.closing(_quick().cursor()) as cursor:
        cursor.execute("PRAGMA disable_optimizer")
        yield cursor


@functools.lru_cache(maxsize=1)
def _quick() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:", config={"threads": "1", "autoload_known_extensions": "false"})


# -- without SQL -------------------------------------------------------------------------------------------------


def _duplicates(sheet: Sheet, read: ParsedSheet) -> Iterator[Problem]:
    """Rows that name the same thing as one above them."""
    folded_columns = [[_folded(v) for v in read.values[k]] for k in sheet.grain]
    if len(set(zip(*folded_columns, strict=True))) == len(read.rows):
        return
    seen: dict[tuple[Any, ...], int] = {}
    for place, key in enumerate(zip(*(read.values[k] for k in sheet.grain), strict=True)):
        if all(part is None for part in key):
            continue
        folded = tuple(part.casefold() if isinstance(part, str) else part for part in key)
        first = seen.setdefault(folded, place)
        if first != place:
            named = "; ".join(str(part) for part in key if part is not None)
            letter = read.letters.get(sheet.grain[0])
            yield Problem(
                "duplicate_row", read.name, read.rows[place], letter, sheet.grain[0], named, {"first": read.rows[first]}
            )


def _fixed_rows(sheet: Sheet, read: ParsedSheet) -> Iterator[Problem]:
    """Rows that every return has and this one has not."""
    if not sheet.fixed_rows or not read.rows:
        return
    keys = [k for k in sheet.fixed_rows[0] if k in sheet.grain] or list(sheet.fixed_rows[0])
    there = set(zip(*(read.values[k] for k in keys), strict=True))
    for row in sheet.fixed_rows:
        if tuple(row[k] for k in keys) not in there:
            words = {}
            for lang in ("en", "cy"):
                words[f"named_{lang}"] = "; ".join(_choice_label(sheet.column(k), row[k], lang) for k in keys)
            yield Problem("fixed_row_missing", read.name, values=words)


def _choice_label(column: Column, key: str, language: str) -> str:
    return next((str(getattr(c, language)) for c in column.choices if c.key == key), key)


def _totals(sheet: Sheet, read: ParsedSheet) -> Iterator[Problem]:
    """Rows pasted as totals: they are left out, and it is said whether they were right."""
    for row, values in read.totals:
        wrong = None
        for column in sheet.columns:
            said = values.get(column.key)
            said = read_number(said) if isinstance(said, str) else said
            if column.type in ("money", "count", "integer") and isinstance(said, int | float):
                total = math.fsum(v for v in read.values[column.key] if v is not None)
                if abs(total - said) > _tolerance(len(read.rows)):
                    wrong = (column, float(said), total)
                    break
        if wrong is None:
            yield Problem("pasted_total", read.name, row)
        else:
            column, said, total = wrong
            yield Problem(
                "pasted_total_wrong", read.name, row, read.letters.get(column.key), column.key, money(said),
                {"heading_en": column.heading_en, "heading_cy": column.heading_cy, "total": money(total)},
            )  # fmt: skip


def _control_totals(parsed: Parsed, spec: ReturnSpec) -> Iterator[Problem]:
    """Totals on the cover against the sums of their columns."""
    if parsed.cover.get("nil_return") is True:
        return
    for total in spec.control_totals:
        read = next((s for s in parsed.sheets if s.key == total.sheet), None)
        if read is None:
            continue
        sheet, cell = parsed.cover_cells.get(f"total:{total.key}", (f"{COVER_EN} / {COVER_CY}", ""))
        place = re.fullmatch(r"([A-Z]+)(\d+)", cell)
        row, column = (int(place[2]), place[1]) if place else (None, None)
        headings = {"heading_en": total.heading_en, "heading_cy": total.heading_cy}
        said = parsed.control_totals.get(total.key)
        if said is None:
            if total.required:
                yield Problem("control_total_missing", sheet, row, column, total.key, None, headings)
            continue
        summed = math.fsum(v for v in read.values[total.column] if v is not None)
        if abs(summed - said) > _tolerance(len(read.rows)):
            yield Problem(
                "control_total", sheet, row, column, total.key, money(said),
                {**headings, "total": money(summed), "difference": money(said - summed)},
            )  # fmt: skip


def _tolerance(rows: int) -> float:
    return PENNY + PENNY * rows / 100


def money(number: float) -> str:
    """A number as a person reads it, with pence only where there are some."""
    return f"{number:,.2f}".removesuffix(".00")


# -- with SQL ----------------------------------------------------------------------------------------------------


def _conditions(
    connection: duckdb.DuckDBPyConnection,
    parsed: Parsed,
    spec: ReturnSpec,
    sheet: Sheet,
    read: ParsedSheet,
    references: References,
) -> Iterator[Problem]:
    """Every condition of a sheet in one query; a row and a number for each that is false."""
    rules = sheet_rules(sheet, parsed.period, references.previous_period)
    if not rules:
        return
    checks = [r.check for r in rules]
    previous = references.previous.get(sheet.key, ())
    tables = {"rows_typed": _typed(sheet, read.values, places=len(read.rows))}
    told = " ".join(checks)
    if "previous" in told:
        tables["previous_typed"] = _typed(sheet, {c.key: [r.get(c.key) for r in previous] for c in sheet.columns})
    if "offer" in told:
        tables["offers_known"] = _offers(references)
    if "projects" in told:
        tables["projects"] = _projects(references)
    query = _query(sheet, checks, parsed, spec, shown(connection, tables))
    failures = {(row[0], number) for row in connection.execute(query).fetchall() for number in _numbers(row)}
    for place, number in sorted(failures):
        yield _failure(rules[number], sheet, read, place, references)


def _numbers(row: Sequence[Any]) -> Iterator[int]:
    return (number for number, is_false in enumerate(row[1:]) if is_false)


def sheet_rules(sheet: Sheet, period: ReturnPeriod | None = None, previous_period: str | None = None) -> list[Rule]:
    """The spec's rules of a sheet, and those that its columns imply."""
    rules = list(sheet.rules)
    same_year = bool(period and previous_period and previous_period[:7] == period.year)
    for column in sheet.columns:
        heading = (column.heading_en, column.heading_cy)
        if column.cumulative and same_year:
            rules.append(
                _implied(
                    "cumulative_falls", f"{quote(column.key)} >= previous.{quote(column.key)}", (column.key,), heading
                )
            )
        if column.adds_to:
            whole = sheet.column(column.adds_to)
            check = f"{quote(column.key)} <= {quote(whole.key)}"
            rules.append(
                _implied("adds_to", check, (column.key, whole.key), heading, (whole.heading_en, whole.heading_cy))
            )
    for whole_key in dict.fromkeys(c.sums_to for c in sheet.columns if c.sums_to):
        whole = sheet.column(whole_key)
        parts = [c for c in sheet.columns if c.sums_to == whole_key]
        check = f"abs({' + '.join(quote(c.key) for c in parts)} - {quote(whole_key)}) < 0.01"
        both = (" + ".join(c.heading_en for c in parts), " + ".join(c.heading_cy for c in parts))
        rules.append(
            _implied("sums_to", check, (whole_key, *(c.key for c in parts)), both, (whole.heading_en, whole.heading_cy))
        )
    return rules


def _implied(
    code: str, check: str, columns: tuple[str, ...], heading: tuple[str, str], whole: tuple[str, str] = ("", "")
) -> Rule:
    """A rule whose words are in the catalogue: its headings travel in place of a message."""
    return Rule(
        code=code,
        check=check,
        columns=columns,
        message_en=f"\x00{heading[0]}\x00{whole[0]}",
        message_cy=f"\x00{heading[1]}\x00{whole[1]}",
    )


def _failure(rule: Rule, sheet: Sheet, read: ParsedSheet, place: int, references: References) -> Problem:
    first = rule.columns[0]
    value = read.values[first][place]
    values = {c.key: _said(c, read.values[c.key][place]) for c in sheet.columns}
    found = None if value is None else _said(sheet.column(first), value)
    common = (read.name, read.rows[place], read.letters.get(first), first, found)
    if rule.message_en.startswith("\x00"):
        _, heading_en, whole_en = rule.message_en.split("\x00")
        _, heading_cy, whole_cy = rule.message_cy.split("\x00")
        said: dict[str, Any] = {"heading_en": heading_en, "heading_cy": heading_cy}
        said |= {"whole_en": whole_en, "whole_cy": whole_cy}
        if rule.code == "cumulative_falls":
            before = _previous_row(sheet, read, place, references.previous.get(sheet.key, ()))
            said["before"] = _said(sheet.column(first), before.get(first)) if before else None
        elif rule.code == "adds_to":
            said["whole_value"] = values[rule.columns[1]]
        else:
            said["sum"] = money(math.fsum(read.values[c][place] or 0.0 for c in rule.columns[1:]))
        return Problem(rule.code, *common, said)
    if "{offer." in rule.message_en:
        offer = _offer_of(sheet, read, place, references.offers) or {}
        values |= {
            f"offer.{k}": f"£{money(float(v))}" for k, v in offer.items() if k.endswith("_gbp") and v is not None
        }
    if "{previous." in rule.message_en:
        before = _previous_row(sheet, read, place, references.previous.get(sheet.key, ())) or {}
        values |= {f"previous.{c.key}": _said(c, before.get(c.key)) for c in sheet.columns}
    return Problem(f"{sheet.key}.{rule.code}", *common, values, _wording(rule))


@functools.cache
def _wording(rule: Rule) -> Wording:
    return Wording(
        severity=rule.severity,
        message_en=rule.message_en,
        message_cy=rule.message_cy,
        do_en=rule.do_en or DO_EN,
        do_cy=rule.do_cy or DO_CY,
    )


def _said(column: Column, value: Any) -> str | None:
    if value is None:
        return None
    if column.is_number:
        sign = "-" if value < 0 else ""
        return sign + ("£" if column.type == "money" else "") + money(abs(float(value)))
    return str(value)


def _previous_row(
    sheet: Sheet, read: ParsedSheet, place: int, previous: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    key = [_folded(read.values[k][place]) for k in sheet.grain]
    return next((r for r in previous if [_folded(r.get(k)) for k in sheet.grain] == key), None)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _offer_of(
    sheet: Sheet, read: ParsedSheet, place: int, offers: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    joins = _offer_columns(sheet)
    for offer in offers:
        if all(_folded(read.values[c][place]) == _folded(offer.get(role)) for role, c in joins.items()) and all(
            offer.get(role) == text for role, text in sheet.constants.items() if role in OFFER_ROLES
        ):
            return offer
    return None


OFFER_ROLES = ("stream_key", "project_key", "capital_or_revenue")


def _offer_columns(sheet: Sheet) -> dict[str, str]:
    return {c.role or c.key: c.key for c in sheet.columns if (c.role or c.key) in OFFER_ROLES}


def _query(sheet: Sheet, checks: Sequence[str], parsed: Parsed, spec: ReturnSpec, given: str) -> str:
    """SQL that gives the place of each row for which a condition is false, and for each condition whether it is that.

    Args:
        sheet: The sheet.
        checks: The conditions.
        parsed: For what is known of period and submitter.
        spec: For the kind of submitter.
        given: The tables that are named, as `shown` gives them.
    """
    period = parsed.period
    known = {
        "key": literal(period.key) if period else "NULL",
        "part": literal(period.part) if period else "NULL",
        "start": f"DATE '{period.start}'" if period else "NULL::DATE",
        "end": f"DATE '{period.end}'" if period else "NULL::DATE",
    }
    struct = ", ".join(f"{literal(k)}: {v}" for k, v in known.items())
    submitter = f"{{'area_code': {literal(parsed.area_code or '')}, 'area_type': {literal(spec.submitted_by)}}}"
    grain = " AND ".join(
        f"lower(CAST(r.{quote(k)} AS VARCHAR)) IS NOT DISTINCT FROM lower(CAST(previous.{quote(k)} AS VARCHAR))"
        for k in sheet.grain
    )
    offered = " AND ".join(
        [
            *(f"lower(r.{quote(c)}) = lower(offer.{quote(role)})" for role, c in _offer_columns(sheet).items()),
            *(f"offer.{quote(k)} = {literal(v)}" for k, v in sheet.constants.items() if k in OFFER_ROLES),
        ]
    )
    columns = ", ".join(f"r.{quote(c.key)} AS {quote(c.key)}" for c in sheet.columns)
    told = " ".join(checks)
    # what no condition names is not joined: a sheet is judged in milliseconds, and there are thousands
    joined = f"SELECT r._place, {columns}, {{{struct}}} AS period, {submitter} AS submitter "
    joined += ", previous" if "previous." in told else ""
    joined += ", offer" if "offer." in told else ""
    joined += " FROM rows_typed AS r"
    joined += f" LEFT JOIN previous_typed AS previous ON {grain}" if "previous." in told else ""
    joined += f" LEFT JOIN offers_known AS offer ON {offered or 'FALSE'}" if "offer." in told else ""
    tested = ", ".join(f"({check}) IS FALSE AS _check_{n}" for n, check in enumerate(checks))
    failed = " OR ".join(f"_check_{n}" for n in range(len(checks)))
    ctes = f"{given}joined AS ({joined}), tested AS (SELECT _place, {tested} FROM joined)"
    return f"WITH {ctes} SELECT * FROM tested WHERE {failed}"


# -- what DuckDB sees --------------------------------------------------------------------------------------------

Columns = list[tuple[str, str, Sequence[Any]]]
"""Name, SQL type and values of each column of a table."""
SMALL = 1_000
"""A table of so many rows stands in the query itself: that is quicker than showing DuckDB an Arrow table."""


def _typed(sheet: Sheet, values: Mapping[str, Sequence[Any]], places: int | None = None) -> Columns:
    columns: Columns = [("_place", "BIGINT", range(places))] if places is not None else []
    return columns + [(c.key, sql_type(c), values[c.key]) for c in sheet.columns]


def sql_type(column: Column) -> str:
    """How a column's values are held: numbers as doubles, dates, truth values, all else as text."""
    if column.is_number:
        return "DOUBLE"
    return {"date": "DATE", "boolean": "BOOLEAN"}.get(column.type, "VARCHAR")


def _offers(references: References) -> Columns:
    offers = references.offers
    texts: Columns = [(role, "VARCHAR", [_text(o.get(role)) for o in offers]) for role in OFFER_ROLES]
    return texts + [
        (k, "DOUBLE", [None if o.get(k) is None else float(o[k]) for o in offers])
        for k in ("original_budget_gbp", "revised_budget_gbp")
    ]


def _projects(references: References) -> Columns:
    names = ("project_key", "project_name")
    return [(k, "VARCHAR", [_text(p.get(k)) for p in references.projects]) for k in names]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def shown(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Columns]) -> str:
    """Let DuckDB see tables: small ones in the text of the query, others as they are.

    Args:
        connection: Where larger tables are registered.
        tables: By name.

    Returns:
        The beginning of a ``WITH`` clause.
    """
    given = ""
    for name, columns in tables.items():
        if len(columns[0][2]) <= SMALL:
            given += f"{quote(name)} AS ({_written(columns)}), "
        else:
            _register(connection, name, columns)
    return given


def _written(columns: Columns) -> str:
    names = ", ".join(quote(name) for name, _, _ in columns)
    rows = [
        "(" + ", ".join(_literal(value) for value in line) + ")"
        for line in zip(*(values for _, _, values in columns), strict=True)
    ]
    nothing = "(" + ", ".join("NULL" for _ in columns) + ")"
    typed = ", ".join(f"CAST({quote(name)} AS {kind}) AS {quote(name)}" for name, kind, _ in columns)
    empty = "" if rows else " WHERE FALSE"
    return f"SELECT {typed} FROM (VALUES {', '.join(rows or [nothing])}) AS given({names}){empty}"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    return repr(value) if isinstance(value, float) else literal(str(value))


def _register(connection: duckdb.DuckDBPyConnection, name: str, columns: Columns) -> None:
    import pyarrow as pa

    kinds = {"BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32(), "BOOLEAN": pa.bool_()}
    arrays = {key: pa.array(values, kinds.get(kind, pa.string())) for key, kind, values in columns}
    connection.register(name, pa.table(arrays))


def compile_rules(spec: ReturnSpec) -> list[tuple[str, str, str]]:
    """Try every rule of a spec on no rows: a condition that DuckDB cannot read is found before a return is sent.

    Returns:
        For each that it cannot: the sheet, the rule's code and what DuckDB says.
    """
    import duckdb

    broken = []
    with database() as connection:
        for sheet in spec.sheets:
            empty: dict[str, list[Any]] = {c.key: [] for c in sheet.columns}
            tables = {"rows_typed": _typed(sheet, empty, places=0), "previous_typed": _typed(sheet, empty)}
            tables |= {"offers_known": _offers(References()), "projects": _projects(References())}
            given = shown(connection, tables)
            for rule in sheet_rules(sheet):
                try:
                    connection.execute(_query(sheet, [rule.check], Parsed(), spec, given)).fetchall()
                except duckdb.Error as error:
                    broken.append((sheet.key, rule.code, str(error)))
    return broken
