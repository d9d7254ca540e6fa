"""What only all rows together show: emptiness, columns, how values are written, uniqueness, totals and labels.

All of it is asked of DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expectations.cells import (
    NUMBER,
    THOUSANDS,
    TIME,
    Cells,
    listed,
    marker_code,
    marker_regex,
    titles,
)
from expectations.rules import ROW_CAP, RULES, Judged, RuleResult, failed, passed
from ingestion.engine import literal, quote
from ingestion.statswales.meanings import Spelling, spellings
from ingestion.statswales.notes import NOTE_CODES
from ingestion.statswales.periods import form
from ingestion.statswales.registry import YEAR_KINDS

AUTHORITIES = 22
"""Local authorities in Wales (domain/entities.md): with fewer than these, their sum may be short of Wales."""
STRUCTURAL = 10
"""Where more than half of at least so many totals differ from the sum of their parts, it is the list of parts that is
not what we take it for, not the figures."""
CLOSE = 1e-9
"""Doubles compare within this share (ARCHITECTURE.md, Build)."""


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
                rows=[{"column": titles(role, entries[role])[0], "role": role} for role in missing],
                found=[titles(role, entries[role])[0] for role in missing],
                found_cy=[titles(role, entries[role])[1] for role in missing],
            )
        )
    return results


def whole(cells: Cells, about: Judged) -> list[RuleResult]:
    """Judge the batch as a whole. `Cells.encode` came before."""
    checks: list[Callable[[Cells, Judged], list[RuleResult]]] = [
        _written,
        _range,
        _periods,
        _duplicates,
        _all_suppressed,
        _sums,
        _columns,
        _formulas,
        _labels,
    ]
    return [result for check in checks for result in check(cells, about)]


def _written(cells: Cells, about: Judged) -> list[RuleResult]:
    """Say of each value that is not written as a number, but can be understood, what was expected."""
    kinds: list[tuple[str, str, Callable[[str], tuple[str, str]]]] = [
        ("value_thousands", f"regexp_matches(value, {literal(THOUSANDS)})", _thousands),
        ("value_marker", f"regexp_matches(value, {literal(marker_regex())})", _marker),
        (
            "value_is_time",
            f"regexp_matches(value, {literal(TIME)}) AND measure IN ({listed(cells.measured)})",
            lambda text: (f"“{text.strip()}”", f"“{text.strip()}”"),
        ),
    ]
    (odd,) = cells.one("SELECT count(*) FROM cells WHERE value IS NOT NULL AND number IS NULL")
    results = []
    for code, where, say in kinds:
        rows = (
            cells.all(
                f"SELECT n, value, count(*) OVER () FROM cells WHERE number IS NULL AND {where} "
                f"ORDER BY n LIMIT {ROW_CAP}"
            )
            if odd
            else []
        )
        if not rows:
            results.append(passed(RULES[code], about, column="value"))
            continue
        said = [say(text) for text in dict.fromkeys(text for _, text, _ in rows)]
        results.append(
            failed(
                RULES[code],
                about,
                count=int(rows[0][2]),
                rows=cells.rows([n for n, _, _ in rows]),
                found=[en for en, _ in said],
                found_cy=[cy for _, cy in said],
                column="value",
            )
        )
    return results


def _thousands(text: str) -> tuple[str, str]:
    plain = "".join(letter for letter in text if letter in "+-.0123456789")
    return f"“{text.strip()}”, expected “{plain}”", f"“{text.strip()}”, disgwylid “{plain}”"


def _marker(text: str) -> tuple[str, str]:
    code = marker_code(text)
    if code is None:
        return f"“{text.strip()}”", f"“{text.strip()}”"
    note = NOTE_CODES[code]
    return (
        f"“{text.strip()}” ({note.en}: note code {code})",
        f"“{text.strip()}” ({note.cy}: cod nodyn {code})",
    )


def _range(cells: Cells, about: Judged) -> list[RuleResult]:
    """Compare each figure with what its measure can be."""
    rule = RULES["value_out_of_range"]
    bounds = []
    said: dict[int, str] = {}
    for number in cells.measured:
        known = cells.known["measure"][number]
        measure = cells.measures.get(known.measure_key or "")
        if measure is None or (measure.min_value is None and measure.max_value is None):
            continue
        # bounds are those of a published figure; a column that publishes in another unit says so by its scale
        factor = known.scale / measure.scale
        low, high = measure.min_value, measure.max_value
        bounds.append((number, factor, low if low is not None else "NULL", high if high is not None else "NULL"))
        said[number] = " – ".join("…" if bound is None else f"{bound:g}" for bound in (low, high))
    rows = (
        cells.all(
            f"SELECT n, value, measure, count(*) OVER () FROM cells "
            f"JOIN (VALUES {_tuples(bounds)}) AS b(m, factor, low, high) ON measure = m "
            f"WHERE number * factor < low::DOUBLE - {CLOSE} OR number * factor > high::DOUBLE + {CLOSE} "
            f"ORDER BY n LIMIT {ROW_CAP}"
        )
        if bounds
        else []
    )
    if not rows:
        return [passed(rule, about, column="value")]
    return [
        failed(
            rule,
            about,
            count=int(rows[0][3]),
            rows=cells.rows([row[0] for row in rows]),
            found=[f"“{value.strip()}” ({said[measure]})" for _, value, measure, _ in rows],
            column="value",
        )
    ]


def _periods(cells: Cells, about: Judged) -> list[RuleResult]:
    """Whether the years of each file are written in one form: those in another are of another kind, or twice there."""
    rule, role = RULES["period_mixed"], "period"
    column = cells.dataset.columns[role]
    code, sort = (
        quote(name) if name in cells.columns else "NULL::VARCHAR" for name in (f"{role}_code", f"{role}_sort")
    )
    forms: dict[tuple[str, str], tuple[int, list[int], str]] = {}
    for sha, label, ref, end, count, first in cells.all(
        f"SELECT _landed_sha256, {quote(role)}, {code}, {sort}, count(*), min(_source_row) FROM {cells.new_file} "
        "GROUP BY ALL ORDER BY ALL"
    ):
        period = cells.meanings.of(role, label, ref, end).period
        written = form(label)
        if written is None or (period is not None and period.kind not in YEAR_KINDS):
            continue
        so_far, rows, example = forms.get((sha or "", written), (0, [], label))
        forms[sha or "", written] = (so_far + count, [*rows, first], example)
    found = []
    for sha in dict.fromkeys(sha for sha, _ in forms):
        mine = sorted((v for k, v in forms.items() if k[0] == sha), key=lambda one: one[0])
        if len(mine) > 1:
            found += mine  # the rarest first: it is more likely to be the wrong one
    if not found:
        return [passed(rule, about, column=role)]
    odd = [number for _, numbers, _ in found[:-1] for number in numbers]
    return [
        failed(
            rule,
            about,
            count=sum(count for count, _, _ in found[:-1]),
            rows=cells.rows(odd),
            found=[example for _, _, example in found],
            column=role,
            column_names=titles(role, column),
        )
    ]


def _duplicates(cells: Cells, about: Judged) -> list[RuleResult]:
    rule = RULES["duplicate_cells"]
    grain = ", ".join(map(quote, cells.roles))
    count, kinds = cells.one(
        f"SELECT coalesce(sum(c), 0), count(*) FROM "
        f"(SELECT count(*) AS c FROM cells GROUP BY {grain} HAVING count(*) > 1)"
    )
    if not kinds:
        return [passed(rule, about)]
    numbers = cells.all(
        f"SELECT n FROM cells SEMI JOIN "
        f"(SELECT {grain} FROM cells GROUP BY {grain} HAVING count(*) > 1) USING ({grain}) ORDER BY n LIMIT {ROW_CAP}"
    )
    first = [n for (n,) in numbers]
    return [
        failed(
            rule,
            about,
            count=int(count),
            rows=cells.rows(first),
            found=[f"row {n}" for n in first[:5]],
            found_cy=[f"rhes {n}" for n in first[:5]],
        )
    ]


def _all_suppressed(cells: Cells, about: Judged) -> list[RuleResult]:
    rows, values = cells.one("SELECT count(*), count(value) FROM cells")
    rule = RULES["all_suppressed"]
    if rows and not values:
        first = [n for (n,) in cells.all(f"SELECT n FROM cells ORDER BY n LIMIT {ROW_CAP}")]
        return [failed(rule, about, count=int(rows), rows=cells.rows(first))]
    return [passed(rule, about)]


# -- totals ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Whole:
    """A breakdown whose parts should make its total: one within which the rows of other columns are compared."""

    role: str
    rows: Sequence[tuple[int, int, float, float, int, int]]
    """For each data description: its number, what it is compared within, what its figures are multiplied by, to what
    they are rounded, how many parts there must be, and 1 for a part, 0 for the total, -1 where the role says."""
    parts: Sequence[int] = ()
    totals: Sequence[int] = ()
    closed: bool = True


def _sums(cells: Cells, about: Judged) -> list[RuleResult]:
    """Compare totals with their parts, of what adds up: Wales with its authorities, each breakdown with its members."""
    adding = cells.adding()
    results = [_wales_sum(cells, about, adding)]
    wrong: dict[str, list[tuple[_Whole, list[tuple[Any, ...]]]]] = {"parts_sum": [], "parts_sum_open": []}
    for whole in _wholes(cells, adding):
        rows = _differing(cells, whole)
        if rows:
            judged, differing = rows[0][3:5]
            structural = judged >= STRUCTURAL and differing * 2 > judged
            wrong["parts_sum" if whole.closed and not structural else "parts_sum_open"].append((whole, rows))
    for code, found in wrong.items():
        results += [_of_parts(cells, about, code, whole, rows) for whole, rows in found] or [passed(RULES[code], about)]
    return results


def _wales_sum(cells: Cells, about: Judged, adding: Mapping[int, float]) -> RuleResult:
    """Compare each Wales row with its authorities.

    Where authorities are suppressed or not there, their sum can only be too large.
    """
    rule = RULES["wales_sum"]
    wales, authorities = cells.wales, cells.authorities
    if not wales or not authorities or not adding:
        return passed(rule, about)
    grain = [quote(role) for role in cells.roles if role != "area"]
    inside, of_wales = f"({listed(authorities)})", f"({listed(wales)})"
    rows = cells.all(
        f"WITH sums AS (SELECT {', '.join(grain)}, "
        f"min(n) FILTER (area IN {of_wales}) AS _n, max(number) FILTER (area IN {of_wales}) AS _wales, "
        f"sum(number) FILTER (area IN {inside}) AS _total, count(number) FILTER (area IN {inside}) AS _shown "
        f"FROM cells WHERE measure IN ({listed([*adding])}) GROUP BY {', '.join(grain)}), "
        f"judged AS (SELECT *, _base / 2.0 * (_shown + 1) + {CLOSE} * abs(_wales) AS _tolerance FROM sums "
        f"JOIN (VALUES {_tuples(adding.items())}) AS _b(_m, _base) ON measure = _m "
        f"WHERE _wales IS NOT NULL AND _shown > 0) "
        f"SELECT _n, _wales, _total, count(*) OVER () FROM judged WHERE _total - _wales > _tolerance "
        f"OR (_shown >= {AUTHORITIES} AND _wales - _total > _tolerance) ORDER BY _n LIMIT {ROW_CAP}"
    )
    if not rows:
        return passed(rule, about)
    sums = {n: total for n, _, total, _ in rows}
    named = [{**row, "sum_of_authorities": sums[row["source_row"]]} for row in cells.rows([row[0] for row in rows])]
    return failed(
        rule, about, count=int(rows[0][3]), rows=named, found=[f"{_plain(w)} ≠ {_plain(s)}" for _, w, s, _ in rows]
    )


def _wholes(cells: Cells, adding: Mapping[int, float]) -> Iterable[_Whole]:
    """The breakdowns that have one total, and parts."""
    if not adding:
        return
    dataset = cells.dataset
    words = {role: [(*text, None, None) for text in given] for role, given in cells.numbers.items()}
    read: dict[str, list[Spelling]] = {}
    for spelling in spellings(cells.meanings, words):
        read.setdefault(spelling.role, []).append(spelling)
    nested = _nested(cells)
    for role in dataset.breakdowns:
        column = dataset.columns[role]
        mine, numbers = read.get(role, []), cells.numbers.get(role, {})
        total_keys = {one.member_key for one in mine if one.is_total}
        parts: dict[int, str] = {}
        totals = set()
        for one in mine:
            number = numbers[one.label, one.code, one.sort]
            if one.is_total:
                totals.add(number)
            elif not one.is_whole and one.member_key and (role, one.code) not in nested:
                parts[number] = one.member_key
        if len(total_keys) != 1 or not parts:
            continue
        must = {key for key, member in column.values.items() if not member.is_total} if column.closed else set()
        inner = {one.member_key for one in mine if (role, one.code) in nested}
        must -= {key for key in inner if key}
        had = dict(
            cells.all(
                f"SELECT measure, count(DISTINCT {quote(role)}) FROM cells WHERE {quote(role)} IN ({listed([*parts])}) "
                "GROUP BY measure"
            )
        )
        rows = [(m, m, 1.0, base, max(had.get(m, 0), len(must)), -1) for m, base in adding.items()]
        yield _Whole(role, rows, [*parts], [*totals], column.closed)
    for role in dataset.measure_breakdowns:
        yield from _hidden(cells, role, adding, read.get(role, []))


def _hidden(cells: Cells, role: str, adding: Mapping[int, float], read: Sequence[Spelling]) -> Iterable[_Whole]:
    """A breakdown that the data description hides: data descriptions of one measure are each other's parts."""
    total_keys = {one.member_key for one in read if one.is_total}
    if len(total_keys) != 1:
        return
    known, numbers = cells.known["measure"], cells.numbers.get("measure", {})
    is_total = {
        numbers[one.label, one.code, one.sort]: one.is_total for one in read if not one.is_whole or one.is_total
    }
    column = cells.dataset.columns["measure"]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number in is_total:
        if number in adding:
            one = known[number]
            groups.setdefault(
                (one.measure_key, *sorted(set(one.hidden.items()) - {(role, one.hidden[role])})), []
            ).append(number)
    rows = []
    for place, (group, members) in enumerate(groups.items()):
        must = {
            member.breakdown[role]
            for member in column.values.values()
            if member.measure_key == group[0]
            and member.breakdown.get(role) not in (None, *total_keys)
            and set(group[1:]) <= {(key, member.breakdown.get(key, "all")) for key in cells.dataset.measure_breakdowns}
        }
        parts = [number for number in members if not is_total[number]]
        if parts and len(parts) < len(members):
            need = max(len(parts), len(must))
            rows += [
                (
                    number,
                    place,
                    known[number].scale,
                    adding[number] * known[number].scale,
                    need,
                    int(not is_total[number]),
                )
                for number in members
            ]
    if rows:
        yield _Whole(role, rows, closed=column.closed)


def _nested(cells: Cells) -> set[tuple[str, str]]:
    """The members, by role and code, that lie within another member that is no total."""
    file = cells.members_file()
    if file is None:
        return set()
    rows = cells.all(f"SELECT role, code, hierarchy FROM {file} WHERE trim(hierarchy) <> '' AND hierarchy <> code")
    found = set()
    for role, code, parent in rows:
        if role in cells.dataset.breakdowns and not cells.meanings.of(role, None, parent).is_total:
            found.add((role, code))
    return found


def _differing(cells: Cells, whole: _Whole) -> list[tuple[Any, ...]]:
    """Totals that differ from their parts by more than rounding: n, total, sum of parts, judged, differing."""
    grain = ["_grp", *(quote(role) for role in cells.roles if role not in ("measure", whole.role))]
    part, total = "_part = 1", "_part = 0"
    if whole.parts:
        part, total = (f"{quote(whole.role)} IN ({listed(one)})" for one in (whole.parts, whole.totals))
    return cells.all(
        f"WITH sums AS (SELECT {', '.join(grain)}, any_value(_need) AS _need, max(_base) AS _base, "
        f"min(n) FILTER ({total}) AS _n, max(number * _factor) FILTER ({total}) AS _total, "
        f"sum(number * _factor) FILTER ({part}) AS _parts, count(number) FILTER ({part}) AS _shown FROM cells "
        f"JOIN (VALUES {_tuples(whole.rows)}) AS _b(_m, _grp, _factor, _base, _need, _part) ON measure = _m "
        f"GROUP BY {', '.join(grain)}), "
        f"judged AS (SELECT *, count(*) OVER () AS _judged FROM sums WHERE _total IS NOT NULL AND _shown = _need) "
        f"SELECT _n, _total, _parts, _judged, count(*) OVER () FROM judged "
        f"WHERE abs(_total - _parts) > _base / 2.0 * (_shown + 1) + {CLOSE} * abs(_total) ORDER BY _n LIMIT {ROW_CAP}"
    )


def _of_parts(cells: Cells, about: Judged, code: str, whole: _Whole, rows: list[tuple[Any, ...]]) -> RuleResult:
    column = cells.dataset.columns.get(whole.role)
    sums = {row[0]: row[2] for row in rows}
    return failed(
        RULES[code],
        about,
        count=int(rows[0][4]),
        rows=[{**row, "sum_of_parts": sums[row["source_row"]]} for row in cells.rows([row[0] for row in rows])],
        found=[f"{_plain(total)} ≠ {_plain(parts)}" for _, total, parts, _, _ in rows],
        column=whole.role,
        column_names=titles(whole.role, column) if column else titles("measure", cells.dataset.columns["measure"]),
    )


def _plain(number: float) -> str:
    return f"{number:,.2f}".removesuffix(".00")


def _tuples(rows: Iterable[Sequence[object]]) -> str:
    """Rows for SQL's ``VALUES``."""
    return ", ".join(f"({', '.join(map(str, row))})" for row in rows)


# -- columns and labels ------------------------------------------------------------------------------------------


def _columns(cells: Cells, about: Judged) -> list[RuleResult]:
    """Columns without a role, at first sight: later, a new one is told by the comparison.

    One that has a single member, or that only says in other words what a role says (names beside codes), is nothing
    to speak of.
    """
    if cells.previous is not None:
        return []
    rule, found = RULES["column_unknown"], []
    for name in cells.extras:
        if name.removesuffix("_reference") in cells.extras and name.endswith("_reference"):
            continue
        extra = quote(name)
        several = ", ".join(
            f"(SELECT coalesce(max(c), 0) > 1 FROM (SELECT count(DISTINCT {extra}) AS c FROM {cells.new_file} "
            f"GROUP BY {quote(role)}))"
            for role in cells.roles
        )
        (members, *rest) = cells.one(f"SELECT (SELECT count(DISTINCT {extra}) FROM {cells.new_file}), {several}")
        if members > 1 and all(rest):
            found.append(name)
    if not found:
        return [passed(rule, about)]
    return [failed(rule, about, count=len(found), rows=[{"column": name} for name in found], found=found)]


FORMULA, SIGN = "^[=@\\t\\r]", "^[+-][^ ]"


def _formulas(cells: Cells, about: Judged) -> list[RuleResult]:
    """Labels, codes and other texts that a spreadsheet would run, or might."""
    texts: dict[str, set[str]] = {}
    codes_of = {f"{role}_code" for role in cells.roles}  # a code such as -1 is an ordinary one
    for role in cells.roles:
        labels, codes, _ = zip(*cells.numbers[role], strict=True) if cells.numbers[role] else ((), (), ())
        texts[role] = {text for text in labels if text}
        texts[f"{role}_code"] = {text for text in codes if text}
    for name in cells.extras:
        like_one = f"regexp_matches({quote(name)}, {literal(f'{FORMULA}|{SIGN}')})"
        # a negative number is nothing to speak of where no role says that the column is of labels
        where = f"{like_one} AND NOT regexp_matches({quote(name)}, {literal(NUMBER)})"
        texts[name] = {
            text for (text,) in cells.all(f"SELECT DISTINCT {quote(name)} FROM {cells.new_file} WHERE {where}")
        }
    results = []
    for code, pattern in (("label_formula", FORMULA), ("label_sign", SIGN)):
        found = {
            name: sorted(text for text in of if re.match(pattern, text))
            for name, of in texts.items()
            if name in cells.columns and not (pattern == SIGN and name in codes_of)
        }
        results.append(_labelled(cells, about, code, {name: of for name, of in found.items() if of}))
    return results


def _labelled(cells: Cells, about: Judged, code: str, found: Mapping[str, Sequence[str]]) -> RuleResult:
    """Name the rows in which a column has one of these texts."""
    if not found:
        return passed(RULES[code], about)
    where = " UNION ALL ".join(
        f"SELECT _source_row AS n, {literal(name)} AS col, {quote(name)} AS x FROM {cells.new_file} "
        f"WHERE list_contains([{', '.join(map(literal, texts[:ROW_CAP]))}], {quote(name)})"
        for name, texts in found.items()
    )
    rows = cells.all(f"SELECT n, col, x, count(*) OVER () FROM ({where}) ORDER BY n, col LIMIT {ROW_CAP}")
    return failed(
        RULES[code],
        about,
        count=int(rows[0][3]),
        rows=[{"source_row": n, "column": name, "label": text} for n, name, text, _ in rows],
        found=dict.fromkeys(text for _, _, text, _ in rows),
    )


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
