"""Who sends returns: authorities and regional bodies, their names in both languages, and who is a member of which.

Read from the seeds of the warehouse, so that a return and a mart mean the same area.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from datetime import date

from ingestion.config import CHECKOUT
from ingestion.statswales.meanings import load_aliases
from ingestion.statswales.registry import hint, normalise

SEEDS = CHECKOUT / "dbt_project" / "seeds"


@dataclass(frozen=True, slots=True)
class Area:
    """An area while one row of the seed ``areas`` is valid."""

    code: str
    type: str
    name_en: str
    name_cy: str
    valid_from: date
    valid_to: date | None


@functools.cache
def areas() -> dict[str, Area]:
    """Every area by its code; of one with several rows the last."""
    with (SEEDS / "areas.csv").open(encoding="utf-8", newline="") as handle:
        return {
            row["area_code"]: Area(
                row["area_code"],
                row["area_type"],
                row["area_name_en"],
                row["area_name_cy"],
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            )
            for row in csv.DictReader(handle)
        }


@functools.cache
def _memberships() -> tuple[tuple[str, str, date, date | None], ...]:
    with (SEEDS / "area_memberships.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (
                row["member_area_code"],
                row["group_area_code"],
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            )
            for row in csv.DictReader(handle)
        )


def members(group: str, on: date) -> list[str]:
    """The codes of a group's members on a day, in order."""
    return list(_members_on(group, on))


@functools.lru_cache(maxsize=4096)
def _members_on(group: str, on: date) -> tuple[str, ...]:
    there = (m for m, g, first, last in _memberships() if g == group and first <= on and (last is None or on < last))
    return tuple(sorted(there))


def areas_of_type(area_type: str, on: date) -> list[str]:
    """The codes of the areas of a type that are there on a day, in order."""
    return list(_of_type_on(area_type, on))


@functools.lru_cache(maxsize=4096)
def _of_type_on(area_type: str, on: date) -> tuple[str, ...]:
    there = [
        a.code
        for a in areas().values()
        if a.type == area_type and a.valid_from <= on and (a.valid_to is None or on < a.valid_to)
    ]
    if area_type in ("local_authority", "country"):
        wales = {*members("W92000004", on), "W92000004"}
        return tuple(sorted(code for code in there if code in wales))
    return tuple(sorted(code for code in there if members(code, on)))


@functools.lru_cache(maxsize=4096)
def find_area(text: str, area_types: tuple[str, ...] = ()) -> str:
    """Recognise an area by its code, a name in either language, or the short form of a regional body.

    Args:
        text: ``W06000020``, ``Torfaen``, ``Sir Fynwy``, ``rpb_gwent``, ``gwent`` (where regional bodies are asked for).
        area_types: What it may be; empty for any.

    Returns:
        Its code.

    Raises:
        KeyError: It is none of those; the argument says which is nearest.
    """
    folded = normalise(text)
    fitting = {code: area for code, area in areas().items() if not area_types or area.type in area_types}
    code = load_aliases().get(folded)
    if code in fitting:
        return str(code)
    short = folded.replace("&", "and").replace("-", " ").replace(" ", "_")
    for code in fitting:
        if code.split("_", 1)[-1] == short and "_" in code:
            return code
    names = {normalise(n): code for code, a in fitting.items() for n in (a.name_en, a.name_cy)}
    if folded in names:
        return names[folded]
    raise KeyError(f"no area is called {text!r}{hint(folded, [*names, *(c.split('_', 1)[-1] for c in fitting)])}")
