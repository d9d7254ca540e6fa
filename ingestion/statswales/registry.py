"""The dataset registry: which StatsWales datasets we load, and what each of their columns means.

``datasets.yml`` is the only place where a column's name or a member's wording is written down; the loader, the
checks, the stand-in server and dbt (through the frozen snapshot) all read it from here.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DATASETS = Path(__file__).with_name("datasets.yml")
UUID4 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", re.IGNORECASE)

ColumnKind = Literal["measure", "period", "area", "breakdown"]
PeriodKind = Literal["financial_year_end", "financial_year", "mid_year", "calendar_year", "point"]


def normalise(text: str | None) -> str:
    """Fold a label so that spellings that a person reads as the same compare equal.

    Args:
        text: A label or a code; None counts as empty.

    Returns:
        Lower case, one space between words, straight apostrophes, no surrounding space.
    """
    folded = unicodedata.normalize("NFC", text or "").replace("\u2019", "'").replace("\u00a0", " ")
    return re.sub(r"\s+", " ", folded).strip().casefold()


class Member(BaseModel):
    """One member of a column: our key for it, how it is written, and what it matches."""

    model_config = ConfigDict(extra="forbid")
    en: str
    cy: str
    code: str
    """The reference code that the stand-in server serves for it."""
    also: list[str] = []
    """Other labels or codes that mean the same, in either language."""
    is_total: bool = False
    measure_key: str | None = None
    """For a ``measure`` column: the measure that this data description is."""
    breakdown: dict[str, str] = {}
    """For a ``measure`` column: breakdowns hidden in the data description, e.g. ``{gender: male}``."""

    def matches(self) -> set[str]:
        """Every spelling, folded by `normalise`."""
        return {normalise(t) for t in (self.en, self.cy, *self.also)}


class Column(BaseModel):
    """One column by its meaning."""

    model_config = ConfigDict(extra="forbid")
    kind: ColumnKind
    names: list[str] = Field(min_length=1)
    """English display names or fact table columns that carry this meaning, the preferred first."""
    name_cy: str
    fact_column: str
    """What the stand-in server calls it."""
    period: PeriodKind | None = None
    values: dict[str, Member] = {}
    closed: bool = True
    """Whether a member that ``values`` does not know quarantines the batch (else it is a warning)."""
    required: bool = True

    @model_validator(mode="after")
    def _whole(self) -> Column:
        if (self.kind == "period") != (self.period is not None):
            raise ValueError("a period column, and only that, says which kind of period it holds")
        return self

    def find(self, *texts: str | None) -> str | None:
        """Our key of the member that one of ``texts`` (labels in either language, or codes) names, or None."""
        for text in texts:
            folded = normalise(text)
            for key, member in self.values.items():
                if folded and (folded == normalise(key) or folded in member.matches()):
                    return key
        return None


class Dataset(BaseModel):
    """One registry entry."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    uuid: str
    title_en: str
    title_cy: str
    columns: dict[str, Column]
    """By role: ``measure``, ``period``, ``area``, then one for each breakdown."""
    tidy: dict[str, str] = {}
    """For a tidy CSV: role (or ``value``, ``marker``, ``area_label``) to column name; ``=text`` is a constant."""
    rounding_base: int | None = None
    non_negative: bool = False

    @field_validator("uuid")
    @classmethod
    def _uuid(cls, value: str) -> str:
        if not UUID4.match(value):
            raise ValueError(f"expected a version 4 UUID, as in a StatsWales address, found {value!r}")
        return value.lower()

    @model_validator(mode="after")
    def _roles(self) -> Dataset:
        for role in ("measure", "period", "area"):
            if role not in self.columns or self.columns[role].kind != role:
                raise ValueError(f"{self.key}: columns must have `{role}` of kind `{role}`")
        return self

    @property
    def grain(self) -> list[str]:
        """The roles that together name one cell, in registry order."""
        return list(self.columns)

    @property
    def breakdowns(self) -> list[str]:
        """The roles that are breakdowns."""
        return [role for role, column in self.columns.items() if column.kind == "breakdown"]


@functools.cache
def _read(path: Path) -> Mapping[str, Dataset]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: Dataset(key=key, **entry) for key, entry in document["datasets"].items()}


def load_registry(overrides: Mapping[str, str] | None = None, path: Path = DATASETS) -> dict[str, Dataset]:
    """Read the registry.

    Args:
        overrides: ``{key: uuid}`` for another deployment, where the same dataset has another id.
        path: The registry file.

    Returns:
        Entries by key, in file order.

    Raises:
        ValueError: An override names a key that is not registered, or an id that is not a UUID v4.
    """
    entries = dict(_read(path))
    for key, uuid in (overrides or {}).items():
        if key not in entries:
            raise ValueError(f"no dataset {key!r} in {path.name}; known: {', '.join(entries)}")
        entries[key] = Dataset.model_validate({**entries[key].model_dump(), "uuid": uuid})
    return entries


EXPORT_PREFIX = "statswales_export_"


def with_exports(entries: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """Add, for each entry, the source that old StatsWales exports of it make: the same columns under a key of its own.

    Args:
        entries: The registry.

    Returns:
        The entries, and beside each its twin ``statswales_export_<key>``.
    """
    twins = {
        f"{EXPORT_PREFIX}{key}": dataset.model_copy(update={"key": f"{EXPORT_PREFIX}{key}"})
        for key, dataset in entries.items()
    }
    return {**entries, **twins}
