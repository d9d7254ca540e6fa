"""What only all rows together show: emptiness, columns, uniqueness, totals and labels, asked of DuckDB."""

from __future__ import annotations

from collections.abc import Callable

from expectations.cells import Cells, literal, quote
from expectations.rules import ROW_CAP, RULES, Judged, RuleResult, failed, passed

AUTHORITIES = 22
"""Local authorities in Wales (domain/entities.md): with fewer than these, their sum may be short of Wales."""


def shape(cells: Cells, about: Judged) -> list[RuleResult]:
    """Whether there is something to judge: rows, and the columns that the registry needs.

    Where this fails, nothing else can be asked.
    """
    rows = int(cells.one(f"SELECT count(*) FROM {cells.new_file}")[0])
    results = [failed(RULES["batch_empty"], about, count=0) if not rows else passed(RULES["batch_empty"], about)]
    missing = cells.missing
    if missing:
        entries = cells.dataset.columns
        results.append(
            failed(
                RULES["column_removed"],
                about,
                count=len(missing),
                rows=[{"column": entries[role].names[0], "role": role} for role in missing],
                found=[entries[role].names[0] for role in missing],
                found_cy=[entries[role].name_cy for role in missing],
            )
        )
    return results


def whole(cells: Cells, about: Judged) -> list[RuleResult]:
    """Judge the batch as a whole. `Cells.encode` came before."""
    checks: list[Callable[[Cells, Judged], RuleResult]] = [_duplicates, _all_suppressed, _wales_sum]
    results = [check(cells, about) for check in checks]
    return results + _labels(cells, about)


def _duplicates(cells: Cells, about: Judged) -> RuleResult:
    rule = RULES["duplicate_cells"]
    grain = ", ".join(map(quote, cells.roles))
    count, kinds = cells.one(
        f"SELECT coalesce(sum(c), 0), count(*) FROM "
        f"(SELECT count(*) AS c FROM cells GROUP BY {grain} HAVING count(*) > 1)"
    )
    if not kinds:
        return passed(rule, about)
    numbers = cells.all(
        f"SELECT n FROM cells SEMI JOIN "
        f"(SELECT {grain} FROM cells GROUP BY {grain} HAVING count(*) > 1) USING ({grain}) ORDER BY n LIMIT {ROW_CAP}"
    )
    first = [n for (n,) in numbers]
    return failed(
        rule,
        about,
        count=int(count),
        rows=cells.rows(first),
        found=[f"row {n}" for n in first[:5]],
        found_cy=[f"rhes {n}" for n in first[:5]],
    )


def _all_suppressed(cells: Cells, about: Judged) -> RuleResult:
    rows, values = cells.one("SELECT count(*), count(value) FROM cells")
    rule = RULES["all_suppressed"]
    if rows and not values:
        first = [n for (n,) in cells.all(f"SELECT n FROM cells ORDER BY n LIMIT {ROW_CAP}")]
        return failed(rule, about, count=int(rows), rows=cells.rows(first))
    return passed(rule, about)


def _wales_sum(cells: Cells, about: Judged) -> RuleResult:
    """Compare each Wales row with its authorities.

    Only measures that the registry knows and whose values are all whole numbers are counts that add up; a rate is not.
    Where authorities are suppressed or not there, their sum can only be too large.
    """
    rule = RULES["wales_sum"]
    wales, authorities = cells.wales, cells.authorities
    measures = [m for m in cells.ids("measure", lambda known: known.key is not None) if _whole_numbers(cells, m)]
    if not wales or not authorities or not measures:
        return passed(rule, about)
    grain = [quote(role) for role in cells.roles if role != "area"]
    base = cells.dataset.rounding_base or 0
    inside, of_wales = _in(authorities), _in(wales)
    rows = cells.all(
        f"WITH sums AS (SELECT {', '.join(grain)}, "
        f"min(n) FILTER (area IN {of_wales}) AS n, max(number) FILTER (area IN {of_wales}) AS wales, "
        f"sum(number) FILTER (area IN {inside}) AS total, count(number) FILTER (area IN {inside}) AS shown "
        f"FROM cells WHERE measure IN {_in(measures)} GROUP BY {', '.join(grain)}), "
        f"judged AS (SELECT *, {base} / 2.0 * (shown + 1) + 1e-9 * abs(wales) AS tolerance FROM sums "
        f"WHERE wales IS NOT NULL AND shown > 0) "
        f"SELECT n, wales, total, count(*) OVER () FROM judged WHERE total - wales > tolerance "
        f"OR (shown >= {AUTHORITIES} AND wales - total > tolerance) ORDER BY n LIMIT {ROW_CAP}"
    )
    if not rows:
        return passed(rule, about)
    sums = {n: total for n, _, total, _ in rows}
    named = [{**row, "sum_of_authorities": sums[row["source_row"]]} for row in cells.rows([row[0] for row in rows])]
    return failed(rule, about, count=int(rows[0][3]), rows=named, found=[f"{w:,.0f} ≠ {s:,.0f}" for _, w, s, _ in rows])


def _whole_numbers(cells: Cells, measure: int) -> bool:
    fractions = cells.one(f"SELECT count(*) FROM cells WHERE measure = {measure} AND number <> round(number)")
    return not fractions[0]


def _labels(cells: Cells, about: Judged) -> list[RuleResult]:
    """A label that the source does not give is a warning (ARCHITECTURE.md, Languages)."""
    file = cells.members_file()
    if file is None:
        return []
    results = []
    for language in ("cy", "en"):
        rule = RULES[f"label_{language}_missing"]
        label = f"label_{language}"
        rows = cells.all(
            f"SELECT role, code, label_en, label_cy, count(*) OVER () FROM {file} "
            f"WHERE {label} IS NULL OR trim({label}) = {literal('')} ORDER BY role, code LIMIT {ROW_CAP}"
        )
        if not rows:
            results.append(passed(rule, about))
            continue
        results.append(
            failed(
                rule,
                about,
                count=int(rows[0][4]),
                rows=[{"role": r, "code": c, "label_en": en, "label_cy": cy} for r, c, en, cy, _ in rows],
                found=[en or cy or code or "" for _, code, en, cy, _ in rows],
            )
        )
    return results


def _in(numbers: list[int]) -> str:
    return f"({', '.join(map(str, numbers))})"
