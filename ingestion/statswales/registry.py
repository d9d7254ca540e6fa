"""The dataset registry: which StatsWales datasets we load, what each of their columns means, and what they measure.

``datasets.yml`` is the only place where a column's name or a member's wording is written down; the loader, the
checks, the stand-in server and dbt (through the frozen snapshot) all read it from here. ``datasets.lock.yml`` beside
it pins the ids of entries that are found by title, once a person has looked at what was found.
"""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingestion.errors import RegistryError

DATASETS = Path(__file__).with_name("datasets.yml")
LOCK = Path(__file__).with_name("datasets.lock.yml")
UUID4 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", re.IGNORECASE)

ColumnKind = Literal["measure", "period", "area", "breakdown"]
PeriodKind = Literal[
    "financial_year_end",
    "financial_year",
    "mid_year",
    "calendar_year",
    "school_year",
    "point",
    "quarter",
    "calendar_quarter",
    "month",
    "rolling_year",
]
"""A count on 31 March · April to March · a mid-year estimate · a calendar year · September to August · a day · a
quarter of a financial year · a quarter of a calendar year · a month · a year to the end of any month."""
RESERVED = frozenset({"n", "value", "number", "notes", "note_codes", "period_sort", "area_hierarchy", "breakdown"})
YEAR_KINDS: frozenset[PeriodKind] = frozenset(
    {"financial_year_end", "financial_year", "mid_year", "calendar_year", "school_year"}
)
"""Kinds that a bare year or a pair of years can name: a column may hold one of them only."""
Designation = Literal["pinned", "locked", "to_confirm", "to_find", "awaiting"]
Theme = Literal[
    "children_looked_after",
    "leaving_care",
    "adoption",
    "care_and_support",
    "child_protection",
    "services",
    "performance",
    "finance",
    "homelessness",
    "early_years",
    "education",
    "wellbeing",
    "population",
]
FrameworkKey = Literal["pre_act", "sspm", "performance_and_improvement", "statistics"]
FRAMEWORKS: frozenset[str] = frozenset(get_args(FrameworkKey)) - {"statistics"}
"""Sets of official measures; everything else is a statistic."""
Unit = Literal["children", "people", "households", "count", "percent", "rate", "gbp", "days", "episodes", "cases"]


def normalise(text: str | None) -> str:
    """Fold a label so that spellings that a person reads as the same compare equal.

    Args:
        text: A label or a code; None counts as empty.

    Returns:
        Lower case, one space between words, straight apostrophes, no surrounding space.
    """
    folded = unicodedata.normalize("NFC", text or "").replace("\u2019", "'").replace("\u00a0", " ")
    return re.sub(r"\s+", " ", folded).strip().casefold()


def slug(text: str | None) -> str:
    """Make a member key of a publisher's own wording: ``abuse_or_neglect`` of ``Abuse or neglect``.

    Args:
        text: A label; None counts as empty.

    Returns:
        Folded words joined by ``_``; letters of any language and digits are kept. Empty where none is there.
    """
    folded = normalise(text).replace("%", " percent ").replace("£", " pounds ").replace("+", " and over ")
    return re.sub(r"[^\w]+|_+", "_", re.sub(r"'", "", folded)).strip("_")


class Framework(BaseModel):
    """A set of official measures, and the days for which it answers: one rule for all of its measures."""

    model_config = ConfigDict(extra="forbid")
    title_en: str
    title_cy: str
    valid_from: date = date(1900, 1, 1)
    valid_to: date | None = None
    """The first day that it no longer answers for; None while it does."""
    comparable_to_previous: bool | None = None
    """Whether its figures compare with those of the framework before it; None where there is none before."""

    @model_validator(mode="after")
    def _forwards(self) -> Framework:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is the first day after, so it comes later than valid_from")
        return self


class Measure(BaseModel):
    """What a figure measures, in both languages: one row of ``core.dim_measure``."""

    model_config = ConfigDict(extra="forbid")
    title_en: str
    title_cy: str
    unit: Unit
    definition_en: str | None = None
    definition_cy: str | None = None
    population_definition_en: str | None = None
    population_definition_cy: str | None = None
    rate_base: int | None = None
    """For a rate, or an amount of money per head: per how many. Such figures add up to nothing."""
    scale: int = 1
    """What a published figure is multiplied by to be in ``unit``: 1000 for £ thousand."""
    rounding_base: int | None = None
    official_code: str | None = None
    framework: FrameworkKey = "statistics"
    min_value: float | None = None
    max_value: float | None = None
    """What a published figure cannot be beyond: 100 for a share of a whole. A figure beyond quarantines the batch."""
    confidence: Literal["high", "medium"] | None = None
    """For an official measure: how sure we are that its code, title and definition are the framework's. None where
    only the publisher's table says so: its figures are kept, but stand in no mart of official measures."""
    valid_from: date = date(1900, 1, 1)
    """The first day that this definition answers for; by default its framework's."""
    valid_to: date | None = None
    """The first day that it no longer answers for; by default its framework's."""
    comparable_to_previous: bool | None = None
    """Whether its figures compare with those of the definition before it; by default as its framework's do."""
    series_id: str | None = None
    """Values may be compared within one series only; by default the measure's key."""

    @model_validator(mode="after")
    def _both_languages(self) -> Measure:
        for name in ("definition", "population_definition"):
            if bool(getattr(self, f"{name}_en")) != bool(getattr(self, f"{name}_cy")):
                raise ValueError(f"{name}_en and {name}_cy come together: every text exists in both languages")
        if (self.unit == "rate") != (self.rate_base is not None) and self.unit != "gbp":
            raise ValueError("a rate, and only that or an amount per head, says per how many (rate_base)")
        if self.confidence is not None and self.framework == "statistics":
            raise ValueError("only a measure of an official framework says how sure we are of it (confidence)")
        return self

    def within(self, framework: Framework | None) -> Measure:
        """The measure with the validity of its framework, where it does not say its own.

        Args:
            framework: The framework that it names; None where the registry says nothing of it.
        """
        if framework is None:
            return self
        own = ("valid_from", "valid_to", "comparable_to_previous")
        missing = {name: getattr(framework, name) for name in own if name not in self.model_fields_set}
        return self.model_copy(update=missing)


class Member(BaseModel):
    """One member of a column: our key for it, how it is written, and what it matches."""

    model_config = ConfigDict(extra="forbid")
    en: str
    cy: str
    code: str | None = None
    """The reference code that the stand-in server serves for it; by default our key."""
    also: list[str] = []
    """Other labels or codes that mean the same, in either language."""
    is_total: bool = False
    measure_key: str | None = None
    """For a ``measure`` column: the measure that this data description is."""
    breakdown: dict[str, str] = {}
    """For a ``measure`` column: breakdowns hidden in the data description, e.g. ``{gender: male}``; ``all`` for the
    whole."""
    scale: float | None = None
    """Where this column publishes the measure in another unit than the measure says, what to multiply by."""

    def matches(self) -> set[str]:
        """Every spelling, folded by `normalise`."""
        return {normalise(t) for t in (self.en, self.cy, *self.also)}


class Otherwise(BaseModel):
    """What a data description means that ``values`` does not list."""

    model_config = ConfigDict(extra="forbid")
    measure_key: str
    breakdown: str | None = None
    """The breakdown whose member it is (its own wording makes the key); None where it is the measure itself."""


class Column(BaseModel):
    """One column by its meaning."""

    model_config = ConfigDict(extra="forbid")
    kind: ColumnKind
    names: list[str] = []
    """English display names or fact table columns that carry this meaning, the preferred first."""
    name_cy: str = ""
    fact_column: str = ""
    """What the stand-in server calls it."""
    period: PeriodKind | list[PeriodKind] | None = None
    """Which kind of period it holds; several where the source mixes years with quarters or months."""
    values: dict[str, Member] = {}
    otherwise: Otherwise | None = None
    closed: bool = True
    """Whether a member that ``values`` does not know quarantines the batch (else it is a warning)."""
    ages: bool = False
    """Whether members are ages in the publisher's own wording: `meanings.age_key` reads them."""
    constant: str | None = None
    """For an ``area`` column that the dataset does not have: the one area that all of it is about."""
    required: bool = True

    @property
    def periods(self) -> tuple[PeriodKind, ...]:
        """The kinds of period that it may hold; empty for other columns."""
        if self.period is None:
            return ()
        return (self.period,) if isinstance(self.period, str) else tuple(self.period)

    @model_validator(mode="after")
    def _whole(self) -> Column:
        if (self.kind == "period") != bool(self.periods):
            raise ValueError("a period column, and only that, says which kind of period it holds")
        if len(YEAR_KINDS & set(self.periods)) > 1:
            raise ValueError(f"a bare year cannot tell {' from '.join(self.periods)}: a column holds one kind of year")
        if self.constant is not None and (self.kind != "area" or self.names):
            raise ValueError("only an area that the dataset has no column for is a constant, and it has no names")
        if self.constant is None and not self.names:
            raise ValueError("a column has at least one name")
        if self.otherwise is not None and (self.kind != "measure" or self.closed):
            raise ValueError("`otherwise` belongs to a measure column with `closed: false`")
        if not self.fact_column and self.names:
            self.fact_column = re.sub(r"\W+", "", self.names[0].title()) or "Column"
        return self

    def find(self, *texts: str | None) -> str | None:
        """Our key of the member that one of ``texts`` (labels in either language, or codes) names, or None."""
        for text in texts:
            folded = normalise(text)
            for key, member in self.values.items():
                if folded and (folded in (normalise(key), normalise(member.code)) or folded in member.matches()):
                    return key
        return None


class Dataset(BaseModel):
    """One registry entry."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    uuid: str | None = None
    """The dataset's id. None where only its title is known, or nothing yet."""
    title_en: str
    title_cy: str
    titles: list[str] = []
    """Other titles in the catalogue, in either language, under which it may be found or confirmed."""
    theme: Theme = "children_looked_after"
    confirm: bool = False
    """The id is a guess from the shape of the data: it is loaded only once the catalogue gives it one of our titles,
    or a person has pinned it in the lock file."""
    awaiting_en: str | None = None
    awaiting_cy: str | None = None
    """Why there is nothing to load yet."""
    locked: bool = False
    """Whether the id comes from the lock file."""
    columns: dict[str, Column]
    """By role: ``measure``, ``period``, ``area``, then one for each breakdown."""
    tidy: dict[str, str] = {}
    """For a tidy CSV: role (or ``value``, ``marker``, ``area_label``) to column name; ``=text`` is a constant."""
    rounding_base: int | None = None
    non_negative: bool = False

    @field_validator("uuid")
    @classmethod
    def _uuid(cls, value: str | None) -> str | None:
        if value is not None and not UUID4.match(value):
            raise ValueError(f"expected a version 4 UUID, as in a StatsWales address, found {value!r}")
        return value.lower() if value else None

    @model_validator(mode="after")
    def _roles(self) -> Dataset:
        for role in ("measure", "period", "area"):
            if role not in self.columns or self.columns[role].kind != role:
                raise ValueError(f"columns must have `{role}` of kind `{role}`")
        for role, column in self.columns.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", role) or role in RESERVED:
                raise ValueError(f"a column cannot be called {role!r}: batches and checks use that name themselves")
            if role not in ("measure", "period", "area") and column.kind != "breakdown":
                raise ValueError(f"columns has a second {column.kind}, `{role}`: only breakdowns may be several")
        if bool(self.awaiting_en) != bool(self.awaiting_cy):
            raise ValueError("awaiting_en and awaiting_cy come together: every text exists in both languages")
        return self

    @property
    def state(self) -> Designation:
        """How its id is known: pinned in the registry, locked, still to be confirmed or found, or awaited."""
        if self.locked:
            return "locked"
        if self.uuid:
            return "to_confirm" if self.confirm else "pinned"
        return "awaiting" if self.awaiting_en else "to_find"

    @property
    def id(self) -> str:
        """The id of an entry that has one.

        Raises:
            RegistryError: It has none yet.
        """
        if self.uuid is None:
            raise RegistryError(
                f"{self.key} has no dataset id yet. Run `gofal sources discover`, then `gofal sources pin {self.key}`.",
                f"Nid oes gan {self.key} ddynodwr set ddata eto. Rhedwch `gofal sources discover`, yna "
                f"`gofal sources pin {self.key}`.",
                code="no_dataset_id",
            )
        return self.uuid

    @property
    def grain(self) -> list[str]:
        """The roles that together name one cell, in registry order."""
        return list(self.columns)

    @property
    def breakdowns(self) -> list[str]:
        """The roles that are breakdown columns of the source."""
        return [role for role, column in self.columns.items() if column.kind == "breakdown"]

    @property
    def measure_breakdowns(self) -> list[str]:
        """Breakdowns that the source hides in the data description."""
        measure = self.columns["measure"]
        hidden = {key for member in measure.values.values() for key in member.breakdown}
        if measure.otherwise and measure.otherwise.breakdown:
            hidden.add(measure.otherwise.breakdown)
        return sorted(hidden)

    @property
    def measure_keys(self) -> set[str]:
        """Every measure that a row of it may be."""
        measure = self.columns["measure"]
        keys = {m.measure_key for m in measure.values.values() if m.measure_key}
        return keys | ({measure.otherwise.measure_key} if measure.otherwise else set())

    def titled(self, title: str | None) -> bool:
        """Whether the catalogue's title is one of ours."""
        folded = normalise(title).removeprefix("synthetic ").removeprefix("synthetig ")
        return folded in {normalise(t) for t in (self.title_en, self.title_cy, *self.titles)}


class Registry(BaseModel):
    """The whole file, checked."""

    datasets: dict[str, Dataset]
    measures: dict[str, Measure]
    frameworks: dict[str, Framework] = {}


# -- reading ---------------------------------------------------------------------------------------------------


def read_registry(path: Path = DATASETS, beside: Path | None = None) -> Registry:
    """Read and check a registry file.

    Args:
        path: The file. Top level: ``columns`` (columns that several datasets share; an entry names one instead of
            writing it, or takes it with ``use:`` and says what differs), ``frameworks``, ``measures``, ``datasets``.
        beside: Another registry file, whose shared columns, frameworks and measures this one may name too.

    Returns:
        What it says.

    Raises:
        RegistryError: With the line, what was expected, and the nearest word where it looks like a slip of the pen.
    """
    changed = (p.stat().st_mtime_ns if p is not None and p.exists() else 0 for p in (path, beside))
    return _read(path, beside, tuple(changed))


def load_registry(
    overrides: Mapping[str, str] | None = None, path: Path = DATASETS, lock: Path | None = LOCK
) -> dict[str, Dataset]:
    """Read the registry's datasets, with the ids of the lock file.

    Args:
        overrides: ``{key: uuid}`` for another deployment, where the same dataset has another id.
        path: The registry file.
        lock: The lock file; None for none, and one that is not there is empty.

    Returns:
        Entries by key, in file order.

    Raises:
        RegistryError: Either file is not what it should be.
        ValueError: An override names a key that is not registered, or an id that is not a UUID v4.
    """
    entries = dict(read_registry(path).datasets)
    for key, pin in (read_lock(lock) if lock else {}).items():
        if key in entries:  # an entry that was taken out of the registry leaves its pin behind
            entries[key] = entries[key].model_copy(update={"uuid": pin.uuid, "locked": True})
    for key, uuid in (overrides or {}).items():
        if key not in entries:
            raise ValueError(f"no dataset {key!r} in {path.name}; known: {', '.join(entries)}")
        # naming an id for a run is a person's word that it is this dataset
        entries[key] = Dataset.model_validate({**entries[key].model_dump(), "uuid": uuid, "locked": True})
    _unique_ids(entries, path)
    return entries


class Pin(BaseModel):
    """An id in the lock file, and why it is believed."""

    model_config = ConfigDict(extra="forbid")
    uuid: str
    title: str
    """The catalogue's title when it was pinned."""
    columns: list[str] = []
    """The dataset's columns when it was pinned."""
    pinned_on: str
    """The date."""

    @field_validator("uuid")
    @classmethod
    def _uuid(cls, value: str) -> str:
        if not UUID4.match(value):
            raise ValueError(f"expected a version 4 UUID, as in a StatsWales address, found {value!r}")
        return value.lower()


def read_lock(path: Path = LOCK) -> dict[str, Pin]:
    """Read the lock file.

    Args:
        path: The file; one that is not there is empty.

    Returns:
        Pins by registry key.

    Raises:
        RegistryError: It is not what it should be.
    """
    if not path.exists():
        return {}
    document, lines = parse_yaml(path)
    pins: dict[str, Pin] = {}
    for key, value in (document.get("pins") or {}).items():
        try:
            pins[key] = Pin.model_validate(value)
        except ValidationError as error:
            raise _invalid(path, lines, ("pins", key), Pin, error) from None
    return pins


def write_lock(pins: Mapping[str, Pin], path: Path = LOCK) -> None:
    """Write the lock file, whole, in order of key, so that a person sees in a diff what was pinned.

    Args:
        pins: By registry key.
        path: The file.
    """
    document = {"pins": {key: pins[key].model_dump() for key in sorted(pins)}}
    head = (
        "# Ids of datasets that were found by title, each looked at by a person: `gofal sources pin KEY` writes it.\n"
    )
    temporary = path.with_suffix(".tmp")
    temporary.write_text(head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120), "utf-8")
    temporary.replace(path)


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


# -- inside: YAML with line numbers ----------------------------------------------------------------------------

Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@functools.lru_cache(maxsize=8)
def _read(path: Path, beside: Path | None, _changed: tuple[int, ...]) -> Registry:
    document, lines = parse_yaml(path)
    others = parse_yaml(beside)[0] if beside else {}
    known_words(path, lines, (), document, {"columns", "frameworks", "measures", "datasets"})
    shared = {**(others.get("columns") or {}), **(document.get("columns") or {})}
    for name, column in (document.get("columns") or {}).items():  # a slip in one is told there, not where it is used
        validated(path, lines, ("columns", name), Column, column)
    base = read_registry(beside) if beside else Registry(datasets={}, measures={})
    frameworks = dict(base.frameworks)
    for key, value in (document.get("frameworks") or {}).items():
        if key not in FRAMEWORKS:
            raise wrong(
                path,
                lines,
                ("frameworks", key),
                f"no framework is called {key!r}{hint(key, FRAMEWORKS)}",
                f"nid oes fframwaith o’r enw {key!r}{hint(key, FRAMEWORKS, 'cy')}",
            )
        frameworks[key] = validated(path, lines, ("frameworks", key), Framework, value)
    measures: dict[str, Measure] = dict(base.measures)
    for key, value in (document.get("measures") or {}).items():
        measure = validated(path, lines, ("measures", key), Measure, value)
        measures[key] = measure.within(frameworks.get(measure.framework))
    datasets: dict[str, Dataset] = {}
    for key, value in (document.get("datasets") or {}).items():
        place: Place = ("datasets", key)
        if not isinstance(value, dict):
            raise wrong(
                path,
                lines,
                place,
                f"expected the fields of {key}, found {value!r}",
                f"disgwyliwyd meysydd {key}, cafwyd {value!r}",
            )
        columns: dict[str, Column] = {}
        for role, column in (value.get("columns") or {}).items():
            columns[role] = _column(path, lines, (*place, "columns", role), column, shared)
        datasets[key] = validated(path, lines, place, Dataset, {**value, "key": key, "columns": columns})
        for unknown in sorted(datasets[key].measure_keys - set(measures)):
            raise wrong(
                path,
                lines,
                (*place, "columns", "measure"),
                f"{key} names the measure {unknown!r}, which `measures` does not have{hint(unknown, measures)}",
                f"mae {key} yn enwi’r mesur {unknown!r}, nad yw yn `measures`{hint(unknown, measures, 'cy')}",
            )
    _unique_ids(datasets, path, lines)
    return Registry.model_construct(datasets=datasets, measures=measures, frameworks=frameworks)


def _column(path: Path, lines: Mapping[Place, int], place: Place, value: Any, shared: Mapping[str, Any]) -> Column:
    """A column: written out, the name of a shared one, or a shared one with what differs."""
    name = value if isinstance(value, str) else (value or {}).get("use")
    if name is None:
        return validated(path, lines, place, Column, value)
    if name not in shared:
        raise wrong(
            path,
            lines,
            place,
            f"{place[1]} uses the shared column {name!r}, which `columns` does not have{hint(name, shared)}",
            f"mae {place[1]} yn defnyddio’r golofn gyffredin {name!r}, nad yw yn `columns`{hint(name, shared, 'cy')}",
        )
    own = {} if isinstance(value, str) else {k: v for k, v in value.items() if k != "use"}
    return validated(path, lines, place, Column, {**shared[name], **own})


def validated(path: Path, lines: Mapping[Place, int], place: Place, model: type[M], value: Any) -> M:
    """Check one part of a file against its model; what is wrong is told at its line, with the nearest known word."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _invalid(path, lines, place, model, error) from None


def _invalid(
    path: Path, lines: Mapping[Place, int], place: Place, model: type[BaseModel], error: ValidationError
) -> RegistryError:
    """Word the first thing that is wrong, at its line."""
    errors = error.errors(include_url=False)
    # a field written wrongly is missing too: the slip says more than the gap that it leaves
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    inner = tuple(part for part in first["loc"] if isinstance(part, str | int))
    where: Place = (*place, *inner)
    entry = place[-1] if place else path.name
    name = str(inner[-1] if inner else entry)
    known = _fields(model, inner[:-1])
    if first["type"] == "extra_forbidden":
        en, cy = f"no field is called {name!r}", f"nid oes maes o’r enw {name!r}"
    elif first["type"] == "missing":
        return wrong(path, lines, where, f"{entry} lacks `{name}`", f"mae {entry} heb `{name}`")
    elif first["type"] == "literal_error":
        found, known = str(first["input"]), re.findall(r"'([^']*)'", str(first.get("ctx", {}).get("expected", "")))
        en = f"`{name}` expected one of {', '.join(known)} and found {found!r}"
        cy = f"disgwyliodd `{name}` un o {', '.join(known)} a chafwyd {found!r}"
        name = found
    else:
        said = str(first["msg"]).removeprefix("Value error, ")
        return wrong(path, lines, where, f"`{name}`: {said}", f"`{name}`: {said}")
    return wrong(path, lines, where, en + hint(name, known), cy + hint(name, known, "cy"))


def _fields(model: type[BaseModel], inner: tuple[str | int, ...]) -> list[str]:
    """The fields of the model that a place inside another is of."""
    found: type[BaseModel] = model
    for part in inner:
        for candidate in (Column, Member, Otherwise):
            if part in found.model_fields and candidate.__name__ in str(found.model_fields[str(part)].annotation):
                found = candidate
                break
    return list(found.model_fields)


def known_words(
    path: Path, lines: Mapping[Place, int], place: Place, value: Mapping[str, Any], known: set[str]
) -> None:
    """Refuse sections that a file does not have."""
    for word in value:
        if word not in known:
            raise wrong(
                path,
                lines,
                (*place, word),
                f"no section is called {word!r}{hint(word, known)}",
                f"nid oes adran o’r enw {word!r}{hint(word, known, 'cy')}",
            )


def hint(word: str, known: Any, language: str = "en") -> str:
    """Ask whether the nearest known word was meant; empty where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    if not near:
        return ""
    return f"; did you mean {near[0]!r}?" if language == "en" else f"; ai {near[0]!r} a olygwyd?"


def wrong(path: Path, lines: Mapping[Place, int], place: Place, en: str, cy: str) -> RegistryError:
    """Word what is wrong with a file, at the line of a place in it or of the nearest one around that."""
    while place and place not in lines:
        place = place[:-1]
    line = lines.get(place)
    at_en, at_cy = (f", line {line}", f", llinell {line}") if line else ("", "")
    en, cy = (text if text.endswith("?") else f"{text}." for text in (en, cy))
    return RegistryError(
        f"{path.name}{at_en}: {en} Mend the entry and run again.",
        f"{path.name}{at_cy}: {cy} Cywirwch y cofnod a rhedwch eto.",
        code="registry",
        file=str(path),
        line=line,
    )


def _unique_ids(entries: Mapping[str, Dataset], path: Path, lines: Mapping[Place, int] | None = None) -> None:
    seen: dict[str, str] = {}
    for key, dataset in entries.items():
        if dataset.uuid and (first := seen.setdefault(dataset.uuid, key)) != key:
            raise wrong(
                path,
                lines or {},
                ("datasets", key, "uuid"),
                f"{key} and {first} both claim the dataset {dataset.uuid}",
                f"mae {key} a {first} ill dau’n hawlio’r set ddata {dataset.uuid}",
            )


def parse_yaml(path: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """Read YAML, and the line of every key in it; a key that stands twice is refused, not overwritten."""
    loader: Any = None
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error)
        raise wrong(
            path, {(): mark.line + 1} if mark else {}, (), f"expected YAML: {said}", f"disgwyliwyd YAML: {said}"
        ) from error
    lines: dict[Place, int] = {}
    if root is None:
        return {}, lines
    for place, node in _walk(root, ()):
        if place in lines:
            raise wrong(
                path,
                {(): node.start_mark.line + 1},
                (),
                f"{place[-1]!r} stands here a second time (first in line {lines[place]}): one key, one entry",
                f"mae {place[-1]!r} yma am yr ail dro (gyntaf yn llinell {lines[place]}): un allwedd, un cofnod",
            )
        lines[place] = node.start_mark.line + 1
    document = loader.construct_document(root)
    if not isinstance(document, dict):
        raise wrong(path, {(): 1}, (), "expected sections, each with its entries", "disgwyliwyd adrannau a’u cofnodion")
    return document, lines


def _walk(node: yaml.Node, place: Place) -> Iterator[tuple[Place, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            yield inner, key
            yield from _walk(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _walk(value, (*place, number))


THEMES: tuple[Theme, ...] = get_args(Theme)
