"""What changed since the last accepted load: columns, periods, areas, members, size and values."""

from __future__ import annotations

from expectations.cells import NUMBER, TIME, Cells, listed, titles
from expectations.rules import ROW_CAP, RULES, Judged, RuleResult, failed, passed
from ingestion.engine import literal, quote
from ingestion.lake import Lake, LoadRecord

FEWEST, MOST = 0.9, 2.0
"""The size of a load, as a share of the last one, that is nothing to speak of."""
SWING_SHARE, SWING_ABSOLUTE = 0.5, 20
"""A value that moves by more than this share and by more than this much is worth a look: small counts jump about."""
MOSTLY, HARDLY = 0.95, 0.5
"""A column is of numbers where this share of what is not empty is; it has stopped being so below the other."""


def predecessor(lake: Lake, record: LoadRecord) -> LoadRecord | None:
    """The accepted load that a new one is compared with.

    Loads of one kind are compared (an export of one year says nothing of the API's cube), in the order in which they
    became known: a revision that is fetched late is compared with what came before it, not with what is current.

    Args:
        lake: Where the manifest is.
        record: The new load.

    Returns:
        The load, or None where there is none.
    """
    vintages = [v for v in lake.vintages(record.source_key) if v.kind == record.kind]
    if record.known_from is None or record.known_from_basis in ("silent_change", "reinstated"):
        return vintages[-1] if vintages else None
    place = (record.known_from, record.revision_index or 0)
    before = [v for v in vintages if (v.known_from or v.landed_at, v.revision_index or 0) <= place]
    return before[-1] if before else None


def columns(cells: Cells, about: Judged) -> list[RuleResult]:
    """Compare the columns. `Cells.encode` need not have come before."""
    if cells.previous is None:
        return []
    new, old = cells.record, cells.previous
    roles = cells.dataset.columns
    had = [role for role in roles if role in cells.old_columns]
    gone = [role for role in had if role not in cells.columns]
    removed = {name: (name, name) for name in cells.old_extras if name not in cells.columns}
    added = [name for name in cells.extras if name not in cells.old_columns]
    renamed = [(old.columns[r], new.columns[r]) for r in had if _moved(old.columns.get(r), new.columns.get(r))]
    for name in [*removed]:
        if (now := _same_fact(name, old, new)) in added and now is not None:
            renamed.append((name, now))
            removed.pop(name)
            added.remove(now)
    # A required role that is gone is told by the shape of the batch, whatever there was before
    removed |= {r: titles(r, roles[r]) for r in gone if not roles[r].required}
    results = []
    for code, found in (
        ("column_removed", [*removed.values()]),
        ("column_added", [(name, name) for name in added]),
        ("column_renamed", [(f"{a} → {b}", f"{a} → {b}") for a, b in renamed]),
    ):
        if found:
            rows = [{"column": en} for en, _ in found]
            english, welsh = [en for en, _ in found], [cy for _, cy in found]
            results.append(failed(RULES[code], about, count=len(found), rows=rows, found=english, found_cy=welsh))
        elif code != "column_removed" or not cells.missing:
            results.append(passed(RULES[code], about))
    results.append(_retyped(cells, about))
    return results


def contents(cells: Cells, about: Judged) -> list[RuleResult]:
    """Compare periods, areas, members, size and values. `Cells.encode` came before."""
    if cells.previous is None:
        return []
    results = []
    shared = [role for role in cells.roles if role in cells.old_columns]
    gone = {role: _only_in("old_cells", "cells", role, cells) for role in shared}
    came = {role: _only_in("cells", "old_cells", role, cells) for role in shared}
    for role in shared:
        column = cells.dataset.columns[role]
        names = titles(role, column)
        rule = RULES[{"period": "year_gone", "area": "area_gone"}.get(column.kind, "member_gone")]
        results.append(_members(cells, about, rule.code, role, gone[role], names))
        if not column.closed and not column.values and column.kind not in ("period", "area"):
            results.append(_members(cells, about, "member_new", role, came[role], names))
    if {"area", "period"} <= gone.keys():
        results += _sizes(cells, about, gone, came)
    if shared == cells.roles and not any(r in cells.old_columns and r not in shared for r in cells.dataset.columns):
        results.append(_values(cells, about))
    return results


def _moved(before: str | None, now: str | None) -> bool:
    return before is not None and now is not None and before != now


def _same_fact(name: str, old: LoadRecord, new: LoadRecord) -> str | None:
    """What a column is called now, by the fact table column that it shows: names change, fact columns do not."""
    for suffix in ("", "_reference"):
        fact = old.fact_columns.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if fact:
            return next((f"{now}{suffix}" for now, column in new.fact_columns.items() if column == fact), None)
    return None


def _retyped(cells: Cells, about: Judged) -> RuleResult:
    """Compare what the columns hold that no list of members guards."""
    guarded = {role for role, c in cells.dataset.columns.items() if c.values or c.kind in ("period", "area")}
    open_roles = [role for role in cells.roles if role not in guarded]
    names = [n for n in ["value", *open_roles, *cells.extras] if n in cells.columns and n in cells.old_columns]
    now, before = (_kinds(cells, file, names) for file in (cells.new_file, cells.old_file))
    changed = [
        (name, before[name], now[name])
        for name in names
        if before[name] and now[name] and before[name] != now[name] and (name != "value" or now[name] != "text")
    ]  # text among the values is value_not_numeric, which names the rows
    if not changed:
        return passed(RULES["column_retyped"], about)
    return failed(
        RULES["column_retyped"],
        about,
        count=len(changed),
        rows=[{"column": name, "before": a, "now": b} for name, a, b in changed],
        found=[f"{name}: {a} → {b}" for name, a, b in changed],
        found_cy=[f"{name}: {_CY[a or '']} → {_CY[b or '']}" for name, a, b in changed],
    )


_CY = {"number": "rhif", "time": "amser", "text": "testun", "": ""}


def _kinds(cells: Cells, file: str, names: list[str]) -> dict[str, str | None]:
    """Whether each column is mostly of numbers, of times, or of text; None where it is mixed or empty."""
    kinds: dict[str, str | None] = {}
    for name in names:
        column = quote(name)
        filled, numbers, times = cells.one(  # each spelling is looked at once, and weighs as often as it stands there
            f"SELECT sum(n), sum(n) FILTER (regexp_matches(x, {literal(NUMBER)})), "
            f"sum(n) FILTER (regexp_matches(x, {literal(TIME)})) "
            f"FROM (SELECT {column} AS x, count(*) AS n FROM {file} WHERE {column} IS NOT NULL GROUP BY x)"
        )
        kinds[name] = None
        if not filled:
            continue
        if (numbers or 0) / filled >= MOSTLY:
            kinds[name] = "number"
        elif (times or 0) / filled >= MOSTLY:
            kinds[name] = "time"
        elif ((numbers or 0) + (times or 0)) / filled < HARDLY:
            kinds[name] = "text"
    return kinds


def _only_in(here: str, there: str, role: str, cells: Cells) -> list[int]:
    found = cells.all(
        f"SELECT DISTINCT {quote(role)} FROM {here} EXCEPT SELECT DISTINCT {quote(role)} FROM {there} ORDER BY 1"
    )
    return [number for (number,) in found]


def _members(
    cells: Cells, about: Judged, code: str, role: str, numbers: list[int], names: tuple[str, str]
) -> RuleResult:
    if not numbers:
        return passed(RULES[code], about, column=role)
    labels = [cells.known[role][number].label for number in numbers]
    return failed(
        RULES[code],
        about,
        count=len(numbers),
        rows=[{role: label} for label in labels],
        found=labels,
        column=role,
        column_names=names,
    )


def _pairs(cells: Cells, table: str, without: dict[str, list[int]]) -> dict[tuple[int, int], int]:
    """How many rows each area and period has, members of other columns left out."""
    kept = [f"{quote(role)} NOT IN ({listed(numbers)})" for role, numbers in without.items()]
    rows = cells.all(
        f"SELECT area, period, count(*) FROM {table} WHERE {' AND '.join(kept) or 'true'} GROUP BY ALL ORDER BY ALL"
    )
    return {(area, period): count for area, period, count in rows}


def _sizes(cells: Cells, about: Judged, gone: dict[str, list[int]], came: dict[str, list[int]]) -> list[RuleResult]:
    """Compare how many rows there are for what both loads have: what came or went whole is told by name."""
    before, now = _pairs(cells, "old_cells", gone), _pairs(cells, "cells", came)
    lost = [
        (area, period)
        for area, period in before
        if (area, period) not in now and area not in gone["area"] and period not in gone["period"]
    ]
    rule = RULES["area_year_gone"]
    rows = [
        {"area": cells.known["area"][area].label, "period": cells.known["period"][period].label}
        for area, period in lost
    ]
    found = [f"{row['area']}, {row['period']}" for row in rows]
    results = [failed(rule, about, count=len(rows), rows=rows, found=found) if rows else passed(rule, about)]
    both = before.keys() & now.keys()
    were, are = sum(before[pair] for pair in both), sum(now[pair] for pair in both)
    rule = RULES["row_count_swing"]
    if were and not FEWEST * were <= are <= MOST * were:
        sizes = [{"rows_before": were, "rows_now": are}]
        results.append(failed(rule, about, count=abs(are - were), rows=sizes, found=[f"{were:,} → {are:,}"]))
    else:
        results.append(passed(rule, about))
    return results


def _values(cells: Cells, about: Judged) -> RuleResult:
    rule = RULES["value_swing"]
    rows = cells.all(
        f"SELECT new.n, old.value, new.value, count(*) OVER () FROM cells new "
        f"JOIN old_cells old USING ({', '.join(map(quote, cells.roles))}) "
        f"WHERE abs(new.number - old.number) > {SWING_SHARE} * abs(old.number) "
        f"AND abs(new.number - old.number) > {SWING_ABSOLUTE} ORDER BY new.n LIMIT {ROW_CAP}"
    )
    if not rows:
        return passed(rule, about)
    before = {n: value for n, value, _, _ in rows}
    named = [{**row, "previous_value": before[row["source_row"]]} for row in cells.rows([row[0] for row in rows])]
    return failed(rule, about, count=int(rows[0][3]), rows=named, found=[f"{a} → {b}" for _, a, b, _ in rows])
