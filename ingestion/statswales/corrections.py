"""Errors that are known in what the source publishes, as data: ``corrections.yml``.

A correction names the cells and the wrong value that stands in them, and what to do about it. dbt applies it where
that very value was published, in whichever vintage; landed bytes stay as they came. One that no longer meets its
value in the newest vintage fails the build, so that it cannot rot.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ingestion.statswales.meanings import ALL, Meanings
from ingestion.statswales.registry import (
    Column,
    Dataset,
    Place,
    hint,
    known_words,
    load_registry,
    normalise,
    parse_yaml,
    slug,
    validated,
    with_exports,
    wrong,
)

CORRECTIONS = Path(__file__).with_name("corrections.yml")
Action = Literal["override", "drop", "scale", "flag"]
Status = Literal["open", "reported", "acknowledged", "fixed_upstream"]
NEEDS: dict[Action, str | None] = {"override": "value", "scale": "factor", "drop": None, "flag": None}
"""The field that each action needs; no other action has it."""


def _text(value: Any) -> str:
    """A text as it was written: YAML would read 2014 or 1.0 without quotation marks as a number, and lose its form."""
    if not isinstance(value, str):
        raise ValueError(f"expected a text in quotation marks, found {value}")  # noqa: TRY004  # pydantic words it
    return value


class Match(BaseModel):
    """Which cells, by our keys. As written: `load_corrections` puts the warehouse's keys in place."""

    model_config = ConfigDict(extra="forbid")
    measure_key: str
    area: list[str] = Field(min_length=1)
    """Codes, or spellings that the list of areas knows."""
    period: list[str] = Field(min_length=1)
    """As in the warehouse, or any wording of it that a source of that dataset could use."""
    breakdown: dict[str, str] = {}
    """By role; totals may be left out."""

    @field_validator("area", "period", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return [_text(v) for v in value] if isinstance(value, list) else [_text(value)]

    @field_validator("breakdown", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return {k: _text(v) for k, v in value.items()} if isinstance(value, dict) else value


class Correction(BaseModel):
    """One known error."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    dataset: str
    match: Match
    found: str = Field(min_length=1)
    """The wrong value, as it was published."""
    action: Action
    value: float | None = None
    """For ``override``: the right value, in the measure's unit."""
    factor: float | None = None
    """For ``scale``: what the value is multiplied by."""
    reason_en: str = Field(min_length=1)
    reason_cy: str = Field(min_length=1)
    provider: str
    """Who publishes the figure, and was told."""
    reported: date | None = None
    status: Status

    @field_validator("found", mode="before")
    @classmethod
    def _as_published(cls, value: Any) -> str:
        return _text(value).strip()

    @model_validator(mode="after")
    def _whole(self) -> Correction:
        for field in ("value", "factor"):
            if (getattr(self, field) is not None) != (NEEDS[self.action] == field):
                needed = NEEDS[self.action]
                raise ValueError(f"the action {self.action} {f'needs `{needed}`' if needed else 'has no value'}")
        if (self.status == "open") != (self.reported is None):
            raise ValueError("`reported` is the date on which the provider was told: every status but open has it")
        return self


def load_corrections(
    path: Path = CORRECTIONS, registry: Mapping[str, Dataset] | None = None, aliases: Mapping[str, str] | None = None
) -> list[Correction]:
    """Read and check the file.

    Args:
        path: The file.
        registry: The datasets that it may name; by default those of ``datasets.yml``, and old exports of them.
        aliases: Spellings of areas; by default those of the dbt seed.

    Returns:
        The corrections in file order, their areas, periods and members by the warehouse's keys.

    Raises:
        RegistryError: With the line, what was expected, and the nearest word where it looks like a slip of the pen.
    """
    registry = with_exports(load_registry()) if registry is None else registry
    document, lines = parse_yaml(path)
    known_words(path, lines, (), document, {"corrections"})
    found: list[Correction] = []
    cells: dict[tuple[str, ...], str] = {}
    for key, value in (document.get("corrections") or {}).items():
        place: Place = ("corrections", str(key))
        reader = _Reader(path, lines, place, registry, aliases)
        correction = reader.read(value)
        for row in rows([correction]):
            cell = tuple(str(row[name]) for name in (*CELL, "found"))
            if (first := cells.setdefault(cell, correction.id)) != correction.id:
                raise wrong(
                    path,
                    lines,
                    place,
                    f"{correction.id} and {first} both correct {', '.join(cell[:-1])} where {cell[-1]} was published",
                    f"mae {correction.id} a {first} ill dau’n cywiro {', '.join(cell[:-1])} lle cyhoeddwyd {cell[-1]}",
                )
        found.append(correction)
    return found


CELL = ("source_key", "measure_key", "area_code", "period_key", "breakdown")


def rows(corrections: Sequence[Correction]) -> list[dict[str, Any]]:
    """Spread corrections over the cells that they name: what dbt joins.

    Args:
        corrections: As `load_corrections` read them.

    Returns:
        One row a cell, with ``correction_id``, the cell's keys, ``found``, ``action``, ``new_value``, ``factor``,
        ``reason_en``, ``reason_cy``, ``status``, ``reported_on`` and ``provider``.
    """
    return [
        {
            "correction_id": c.id,
            "source_key": c.dataset,
            "measure_key": c.match.measure_key,
            "area_code": area,
            "period_key": period,
            "breakdown": "; ".join(f"{k}={v}" for k, v in sorted(c.match.breakdown.items())) or ALL,
            "found": c.found,
            "action": c.action,
            "new_value": c.value,
            "factor": c.factor,
            "reason_en": c.reason_en,
            "reason_cy": c.reason_cy,
            "status": c.status,
            "reported_on": c.reported.isoformat() if c.reported else None,
            "provider": c.provider,
        }
        for c in corrections
        for area in c.match.area
        for period in c.match.period
    ]


# -- inside ----------------------------------------------------------------------------------------------------


class _Reader:
    """Reads one entry, and puts our keys in place of what a person wrote."""

    def __init__(
        self,
        path: Path,
        lines: Mapping[Place, int],
        place: Place,
        registry: Mapping[str, Dataset],
        aliases: Mapping[str, str] | None,
    ) -> None:
        self.wrong = functools.partial(wrong, path, lines)
        self.validated = functools.partial(validated, path, lines)
        self.place, self.registry, self.aliases = place, registry, aliases

    def read(self, value: Any) -> Correction:
        place = self.place
        if not isinstance(value, dict):
            raise self.wrong(
                place,
                f"expected the fields of {place[-1]}, found {value!r}",
                f"disgwyliwyd meysydd {place[-1]}, cafwyd {value!r}",
            )
        fields = {**value, "id": place[-1]}
        if "match" in value:  # first, so that what is wrong in it is told as of a match
            fields["match"] = self.validated((*place, "match"), Match, value["match"])
        correction = self.validated(place, Correction, fields)
        match = correction.match
        dataset = self._known(correction.dataset, self.registry, ("dataset",), ("dataset", "set ddata"))
        self._known(match.measure_key, dataset.measure_keys, ("match", "measure_key"), ("measure", "mesur"))
        meanings = Meanings(dataset, self.aliases)
        correction.match = Match(
            measure_key=match.measure_key,
            area=self._each("area", match.area, meanings),
            period=self._each("period", match.period, meanings),
            breakdown=self._breakdown(match.breakdown, meanings),
        )
        return correction

    def _known(self, word: str, known: Any, inner: Place, what: tuple[str, str]) -> Any:
        if word in known:
            return known[word] if isinstance(known, Mapping) else word
        raise self.wrong(
            (*self.place, *inner),
            f"{self.place[-1]} names the {what[0]} {word!r}, which the registry does not have here{hint(word, known)}",
            f"mae {self.place[-1]} yn enwi’r {what[1]} {word!r}, nad yw yn y gofrestr yma{hint(word, known, 'cy')}",
        )

    def _each(self, name: Literal["area", "period"], texts: Sequence[str], meanings: Meanings) -> list[str]:
        keys: list[str] = []
        for number, text in enumerate(texts):
            key = meanings.of(name, text, text).key
            inner: Place = ("match", name, number)
            if key is None:
                raise self._no_such(name, text, inner, meanings)
            if key in keys:
                raise self.wrong(
                    (*self.place, *inner),
                    f"{self.place[-1]} names {text!r} a second time",
                    f"mae {self.place[-1]} yn enwi {text!r} am yr ail dro",
                )
            keys.append(key)
        return keys

    def _no_such(self, name: str, text: str, inner: Place, meanings: Meanings) -> Exception:
        if name == "area":
            known = meanings.aliases
            return self.wrong(
                (*self.place, *inner),
                f"no area is called {text!r}{hint(normalise(text), known)}",
                f"nid oes ardal o’r enw {text!r}{hint(normalise(text), known, 'cy')}",
            )
        kinds = ", ".join(meanings.dataset.columns["period"].periods)
        return self.wrong(
            (*self.place, *inner),
            f"{text!r} is no period of {meanings.dataset.key}, whose periods are: {kinds}",
            f"nid yw {text!r} yn gyfnod o {meanings.dataset.key}; ei chyfnodau yw: {kinds}",
        )

    def _breakdown(self, breakdown: Mapping[str, str], meanings: Meanings) -> dict[str, str]:
        dataset = meanings.dataset
        roles = {*dataset.breakdowns, *dataset.measure_breakdowns}
        keys: dict[str, str] = {}
        for role, text in breakdown.items():
            inner: Place = ("match", "breakdown", role)
            self._known(role, roles, inner, ("breakdown", "dadansoddiad"))
            if role in dataset.breakdowns:
                member = meanings.of(role, text, text)
                key, is_total = member.key, member.is_total
                known = sorted(dataset.columns[role].values)
            else:
                key, known = _hidden(dataset.columns["measure"], role, text)
                is_total = key == ALL
            if key is None:
                raise self.wrong(
                    (*self.place, *inner),
                    f"{role} has no member {text!r}{hint(text, known)}",
                    f"nid oes gan {role} aelod {text!r}{hint(text, known, 'cy')}",
                )
            if not is_total:  # the warehouse leaves totals out
                keys[role] = key
        return keys


def _hidden(measure: Column, role: str, text: str) -> tuple[str | None, list[str]]:
    """Our key of a member that the data description carries, and those that the registry lists."""
    known = sorted({m.breakdown[role] for m in measure.values.values() if role in m.breakdown})
    if text in known or text == ALL:
        return text, known
    listed = measure.find(text)
    if listed and role in measure.values[listed].breakdown:
        return measure.values[listed].breakdown[role], known
    if measure.otherwise and measure.otherwise.breakdown == role:
        return slug(text) or None, known
    return None, known
