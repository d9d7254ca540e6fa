"""What the synthetic submissions say: rows for every sheet of every return, worked out from its spec.

What a mart is compared with comes from `returns_figures`. Any other column gets a value of its type and unit: within
its limits, as a part of its whole, and no lower than in the period before where it is a running total. So a return
that is new has a sample as soon as it has a spec.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from ingestion.returns.spec import Column, Sheet
from ingestion.sample.returns_figures import FEEDS
from ingestion.sample.returns_lines import (
    SENTENCES,
    THINGS,
    Marker,
    Place,
    Row,
    Rows,
    areas_for,
    grain_members,
    line_name,
    lines,
    project_column,
    share,
    size_of,
)
from ingestion.sample.synthetic import spread


def content(place: Place) -> Rows:
    """The rows of a submission without a mistake."""
    return {sheet.key: [_row(place, sheet, line) for line in lines(place, sheet)] for sheet in place.spec.sheets}


RESIDENTIAL_BEDS = 26
"""Beds of those fifteen."""
# -- values by type and unit --------------------------------------------------------------------------------------
_LEVELS = {
    "gbp": 400_000, "children": 40, "young_people": 25, "families": 30, "carers": 14, "people": 30, "offers": 30,
    "responses": 40, "homes": 2, "beds": 5, "projects": 3, "posts": 20, "fte": 18, "days": 20, "meetings": 4,
    "schools": 12, "percent": 70,
}  # fmt: skip
"""About what an authority of middling size has in a year: orders of magnitude, invented."""
_MIDDLING = 6


def _row(place: Place, sheet: Sheet, line: Row) -> Row:
    """A row: what names it, what its mart is calibrated to, then whatever else the spec asks for."""
    row: Row = dict(line)
    known = FEEDS[sheet.feed](place, sheet, line) if sheet.feed in FEEDS else {}
    for column in sheet.columns:
        role = column.role or column.key
        if column.key not in row and role in known:
            row[column.key] = _allowed(column, known[role])
    makers = _Makers(place, sheet, row)
    return {column.key: makers.value(column) for column in sheet.columns}


def _allowed(column: Column, value: Any) -> Any:
    """A calibrated value, or an empty cell where the column allows no such marker."""
    if isinstance(value, Marker) and value not in column.allow:
        return None
    if column.type == "choice" and value not in {choice.key for choice in column.choices}:
        return None
    return value


class _Makers:
    """Makes the values that are not known yet: parts after their wholes."""

    def __init__(self, place: Place, sheet: Sheet, row: Row) -> None:
        self.place, self.sheet, self.row = place, sheet, row
        self.line = line_name(sheet, row)
        named = lines(place, sheet)
        here = next((row[k] for k in sheet.grain if sheet.column(k).type == "area" and row.get(k)), None)
        beside = [r for r in named if here is None or here in r.values()]
        self.size: float = size_of(here, place.period.end) if here else place.size
        self.size /= max(1, len(beside))
        """How large the part of the submitter is that the row is about."""

    def value(self, column: Column) -> Any:
        if column.key in self.row and (self.row[column.key] is not None or not column.required):
            return self.row[column.key]
        self.row[column.key] = made = self._number(column) if column.is_number else self._other(column)
        return made

    def _draw(self, column: Column, *words: object) -> random.Random:
        return self.place.draw(self.sheet.key, self.line, column.key, *words)

    def _number(self, column: Column) -> Any:
        if column.sums_to:
            self._parts_of(column.sums_to)
            return self.row[column.key]
        if column.adds_to:
            whole = self.value(self.sheet.column(column.adds_to))
            fellows = sum(c.adds_to == column.adds_to for c in self.sheet.columns)
            if not isinstance(whole, int | float):
                return whole if isinstance(whole, Marker) and whole in column.allow else None
            return _whole(column, whole * (0.3 + 0.5 * self._draw(column).random()) / fellows)
        return self._plain(column)

    def _parts_of(self, total: str) -> None:
        """Share a total out over the columns that add up to it."""
        parts = [c for c in self.sheet.columns if c.sums_to == total]
        known = {c.key: v for c in parts if isinstance(v := self.row.get(c.key), int | float)}
        whole = self.value(self.sheet.column(total))
        unknown = [c for c in parts if c.key not in known]
        if not isinstance(whole, int | float):
            self.row |= dict.fromkeys((c.key for c in unknown), None)
            return
        left = max(0, round(whole) - round(sum(known.values())))
        self.row |= spread(left, {c.key: 0.5 + self._draw(c).random() for c in unknown}) if unknown else {}

    def _plain(self, column: Column) -> Any:
        if self.sheet.key == "residential" and column.unit in ("beds", "homes"):
            names = [line_name(self.sheet, line) for line in lines(self.place, self.sheet)]
            total = share(self.place, RESIDENTIAL_BEDS) if column.unit == "beds" else len(names)
            return spread(total, dict.fromkeys(names, 1.0))[self.line]
        place, draw = self.place, self._draw(column)
        if column.type == "percent" and column.key == "share":
            return self._share_of_whole()
        if column.unit == "percent" or column.type == "percent":
            level = (
                _LEVELS["percent"] * (0.75 + 0.4 * draw.random())
                + (self._draw(column, place.period.key).random() - 0.5) * 4
            )
        else:
            level = _LEVELS.get(column.unit or "", 10) * self.size / _MIDDLING * (0.6 + 0.8 * draw.random())
            level *= 1 + 0.03 * (place.year - 2019)
            if column.cumulative:
                level *= place.elapsed - 0.05 * draw.random()
            else:
                part = {"Q": 4, "H": 2}.get(place.period.part[0], 1) if column.type in ("count", "money") else 1
                level *= (0.9 + 0.2 * self._draw(column, place.period.key).random()) / part
        return _whole(column, level)

    def _share_of_whole(self) -> int:
        """A percentage that makes up 100 with the other rows of the same thing."""
        thing = self.sheet.grain[0]
        named = [line_name(self.sheet, r) for r in lines(self.place, self.sheet) if r[thing] == self.row[thing]]
        return spread(100, {name: 1.0 + self.place.draw("share", name).random() for name in named})[self.line]

    def _other(self, column: Column) -> Any:
        place, draw = self.place, self._draw(column, self.place.period.key)
        language = 1 if place.language == "cy" else 0
        if column.type == "choice":
            # one thing for all rows of a project
            thing = self.row.get(project.key) if (project := project_column(self.sheet)) else self.line
            return column.choices[place.draw(column.key, thing).randrange(len(column.choices))].key
        if column.type == "area":
            fitting = areas_for(place, column)
            return fitting[self._draw(column).randrange(len(fitting))] if fitting else None
        if column.type == "date":
            return place.period.end - timedelta(days=draw.randrange(1, 60))
        if column.type == "boolean":
            return draw.random() < 0.8
        if column.type == "narrative":
            if not column.required and draw.random() < 0.4:
                return None
            return _fits(column, SENTENCES[draw.randrange(len(SENTENCES))][language])
        if column.pattern:
            return grain_members(place, column)[0]
        return _fits(column, THINGS[draw.randrange(len(THINGS))][language])


def _whole(column: Column, number: float) -> float | int:
    """A number as its column has it, within its limits."""
    low, high = column.minimum if column.minimum is not None else 0, column.maximum
    number = max(low, number if high is None else min(high, number))
    if column.type == "money":
        return int(number // 10 * 10) if number >= low + 10 else int(number)
    return round(number, 1) if column.type in ("decimal", "percent") else int(number)


def _fits(column: Column, text: str) -> str:
    return text[: column.max_length] if column.max_length else text
