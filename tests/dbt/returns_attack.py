"""What a reader works out of published returns alone: bounds on every withheld number, from all marts together.

The attacker knows the rules (nought is exact, a number is rounded to 5, 1 to 4 are withheld, others with them) and who
adds up to whom, from the published membership of areas; nothing else. He narrows what each number can be, total by
total, until nothing narrows any more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

WALES = "W92000004"
Cell = tuple[str, str, int, str]
"""A number of a row: submission, sheet, row, role."""


def interval(value: float | None, status: str, base: int | None = 5) -> tuple[float, float]:
    """What a number can be of which this is published."""
    if value is None:
        return (0, math.inf) if status == "suppressed" else (0, 0)
    if value == 0 or base == 1:
        return value, value
    return (max(value - 2, 5) if value > 0 else value - 2), value + 2


@dataclass
class Attack:
    """What is known so far."""

    bounds: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    totals: list[tuple[list[Cell], float, float]] = field(default_factory=list)
    below: list[tuple[Cell, Cell]] = field(default_factory=list)
    withheld: set[Cell] = field(default_factory=set)

    def total(self, parts: Iterable[Cell], value: float | None, status: str, base: int | None = 5) -> None:
        """Take a published total of some numbers."""
        parts = [part for part in parts if part in self.bounds]
        if parts and status in ("reported", "derived", "partial", "suppressed"):
            self.totals.append((parts, *interval(value, status, base)))

    def narrow(self) -> None:
        """Narrow every number until nothing changes."""
        changed = True
        while changed:
            changed = False
            for parts, least, most in self.totals:
                low = sum(self.bounds[part][0] for part in parts)
                highs = [self.bounds[part][1] for part in parts]
                endless, high = sum(map(math.isinf, highs)), sum(h for h in highs if not math.isinf(h))
                for part in parts:
                    own_low, own_high = self.bounds[part]
                    alone = endless == math.isinf(own_high)
                    rest = high - (0 if math.isinf(own_high) else own_high) if alone else math.inf
                    if self._set(part, least - rest, most - (low - own_low)):
                        changed = True
                        break  # the sums are those of before
            for part, whole in self.below:
                changed |= self._set(part, 0, self.bounds[whole][1])
                changed |= self._set(whole, self.bounds[part][0], math.inf)

    def _set(self, cell: Cell, least: float, most: float) -> bool:
        was = self.bounds[cell]
        now = max(was[0], least), min(was[1], most)
        assert now[0] <= now[1], f"what is published of {cell} contradicts itself: {was} and {least, most}"
        self.bounds[cell] = now
        return now != was

    def recovered(self) -> dict[Cell, float]:
        """Withheld numbers of which one value only is left."""
        return {c: low for c, (low, high) in self.bounds.items() if low == high and c in self.withheld}


def attack(public: duckdb.DuckDBPyConnection) -> Attack:
    """Work out what can be worked out of the public schemas of a warehouse."""
    known = Attack()
    groups: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    rows = public.execute(
        "select submission_id, sheet, row_number, role, value, value_status, adds_to, return_key, period_key, feed, "
        "list_distinct([area_code, row_area_code, ?]), row_key, is_latest from core.fct_return_value "
        "where rounding_base is not null and value_status in ('reported', 'derived', 'partial', 'suppressed')",
        [WALES],
    ).fetchall()
    wholes = []
    for submission, sheet, row, role, value, status, adds_to, key, period, feed, areas, row_key, latest in rows:
        cell = (submission, sheet, row, role)
        known.bounds[cell] = interval(value, status)
        if status == "suppressed":
            known.withheld.add(cell)
        if adds_to:
            wholes.append((cell, (submission, sheet, row, adds_to)))
        if latest:
            names = sorted(part for part in (row_key or "").split("; ") if "=" in part)
            for area in areas:
                for name in {"", *names, "; ".join(names)}:
                    groups[(feed or "", key, period, role, area, name)].append(cell)
    known.below = [(part, whole) for part, whole in wholes if part in known.bounds and whole in known.bounds]

    members = defaultdict(set)
    for member, group, start, end in public.execute(
        "select member_area_code, group_area_code, valid_from, valid_to from core.area_membership"
    ).fetchall():
        members[group].add((member, start, end))

    def parts(feed: str, key: str, period: str, role: str, area: str, name: str, day: object) -> list[Cell]:
        found = groups.get((feed, key, period, role, area, name), [])
        if found or area not in members:
            return found
        inside = {m for m, start, end in members[area] if start <= day and (end is None or day < end)}  # type: ignore[operator]
        return [c for member in sorted(inside) for c in groups.get((feed, key, period, role, member, name), [])]

    for key, area, period, day, measure, breakdown, value, status in public.execute(
        "select return_key, area_code, period_key, period_end, measure_key, breakdown, value, value_status "
        "from outcomes.workforce"
    ).fetchall():
        name = f"measure_key={measure}" if breakdown == "all" else ""
        if name:
            known.total(parts("measures", key, period, "value", area, name, day), value, status)
    for role in ("eligible", "active_offers_made", "active_offers_accepted"):
        for key, area, period, day, value, status in public.execute(
            f"select return_key, area_code, period_key, period_end, {role}, {role}_status from outcomes.advocacy"
        ).fetchall():
            known.total(parts("advocacy", key, period, role, area, "", day), value, status)
    for key, area, period, day, value, status in public.execute(
        "select return_key, area_code, period_key, period_end, children_supported, children_supported_status "
        "from funding_streams.regional_accommodation"
    ).fetchall():
        known.total(parts("regional_accommodation", key, period, "children_supported", area, "", day), value, status)
    for key, area, period, day, priority, year, value, status, base in public.execute(
        "select return_key, area_code, period_key, period_end, priority, financial_year, planned_reduction, "
        "planned_reduction_status, rounding_base from outcomes.reduction_expectations"
    ).fetchall():
        name = "; ".join(sorted([f"priority={priority}", f"financial_year={year}"]))
        known.total(parts("reduction_plan", key, period, "planned_reduction", area, name, day), value, status, base)
    known.narrow()
    return known
