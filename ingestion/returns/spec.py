"""What a return is: one YAML file a return in ``templates/``, a first version and dated changes to it.

A spec says everything that differs between one return and the next: who sends it and when, its sheets, columns and
rules, and which mart its rows feed. The workbook builder, the parser, the checks, the calendar, the sample and dbt
(through the frozen snapshot) read it from here, so that a new return, or next year's version of one, is a file.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.returns.periods import Cadence, ReturnPeriod, period_part, period_range, read_return_period
from ingestion.statswales.registry import Place, hint, normalise, parse_yaml, validated, wrong

TEMPLATES = Path(__file__).with_name("templates")

ColumnType = Literal[
    "text", "narrative", "integer", "count", "decimal", "money", "percent", "date", "choice", "area", "boolean"
]
"""``narrative`` is free text that people write (read for personal data first). ``count`` counts people or families
and is rounded and suppressed before it is published; ``integer`` counts things (homes, beds, projects)."""
Marker = Literal["not_applicable", "not_available", "not_offered", "not_collected"]
"""What may stand in a cell instead of a value; a blank cell of a column that is not required is ``not_available``."""
Unit = Literal[
    "gbp", "children", "young_people", "families", "carers", "people", "offers", "responses", "homes", "beds",
    "projects", "posts", "fte", "percent", "days", "meetings", "schools"
]  # fmt: skip
Feed = Literal[
    "grant_spend", "virement", "grant_projects", "reduction_plan", "reduction_progress", "advocacy",
    "regional_accommodation", "children_voice", "measures"
]  # fmt: skip
AreaType = Literal[
    "local_authority", "regional_partnership_board", "social_services_collaborative", "education_consortium", "country"
]
Certification = Literal["section_151_officer", "rpb_lead", "director_of_social_services", "consortium_lead"]


NEEDED: dict[Feed, frozenset[str]] = {
    "grant_spend": frozenset({"stream_key", "spend_to_date_gbp"}),
    "virement": frozenset({"from_stream_key", "to_stream_key", "amount_gbp"}),
    "grant_projects": frozenset({"stream_key", "project_key"}),
    "reduction_plan": frozenset({"priority", "financial_year", "planned_reduction"}),
    "reduction_progress": frozenset({"priority"}),
    "advocacy": frozenset({"active_offers_made"}),
    "regional_accommodation": frozenset({"scheme_key"}),
    "children_voice": frozenset({"survey_key", "question_key"}),
    "measures": frozenset(),
}
"""Roles without which a mart can do nothing with a row."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Strict):
    """One value that a column allows, in both languages."""

    key: str
    en: str
    cy: str
    also: tuple[str, ...] = ()
    """Other wordings that are taken for it."""


class Column(_Strict):
    """One column of a sheet."""

    key: str
    heading_en: str
    heading_cy: str
    type: ColumnType
    unit: Unit | None = None
    """Shown in the heading. Money is in pounds, never thousands."""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    area_types: tuple[AreaType, ...] = ()
    """For type ``area``: which areas may stand there."""
    within_submitter: bool = False
    """For type ``area``: only the submitter itself or, on the last day of the period, its members."""
    minimum: float | None = Field(default=None, alias="min")
    maximum: float | None = Field(default=None, alias="max")
    max_length: int | None = None
    pattern: str | None = None
    """A regular expression that a text must match as a whole."""
    allow: tuple[Marker, ...] = ()
    """What may stand in the cell instead of a value."""
    cumulative: bool = False
    """A running total of the financial year: it may not be lower than in the period before."""
    disclosive: bool | None = None
    """Whether it is rounded and suppressed in public marts. By default, counts are."""
    adds_to: str | None = None
    """The column of the same row that this one is a part of (the parts need not make up the whole)."""
    sums_to: str | None = None
    """The column of the same row that this one and its fellows add up to exactly."""
    role: str | None = None
    """Its name in the mart that the sheet feeds; by default its key."""
    guidance_en: str | None = None
    guidance_cy: str | None = None
    also: tuple[str, ...] = ()
    """Other headings that are taken for this column (of earlier versions)."""

    @property
    def is_disclosive(self) -> bool:
        """Whether values are protected before they are published."""
        return self.type == "count" if self.disclosive is None else self.disclosive

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.type in ("integer", "count", "decimal", "money", "percent")

    @model_validator(mode="after")
    def _sensible(self) -> Column:
        if self.type == "choice" and not self.choices:
            raise ValueError(f"{self.key}: a column of type choice names its choices")
        if self.choices and self.type != "choice":
            raise ValueError(f"{self.key}: a column with choices is of type choice, not {self.type}")
        if self.type == "area" and not self.area_types:
            raise ValueError(f"{self.key}: a column of type area names its area_types")
        if (self.cumulative or self.adds_to or self.sums_to) and not self.is_number:
            raise ValueError(f"{self.key}: only a column of numbers is cumulative or part of another")
        return self


class Rule(_Strict):
    """A condition on every row of a sheet, as an SQL expression that DuckDB reads; a row for which it is false fails.

    The expression names the sheet's columns by their keys. Beside them are there: ``previous.<column>`` (the row with
    the same grain in the submitter's last accepted return of the period before), ``offer.original_budget_gbp`` and
    ``offer.revised_budget_gbp`` (from the offer letter in force), ``period.key``, ``period.start``, ``period.end``,
    ``period.part`` (Q1…Q4, H1, H2, Y) and ``submitter.area_code``. What is not known is NULL, and a condition on NULL
    fails nobody. Window functions see the whole sheet.
    """

    code: str
    check: str
    columns: tuple[str, ...]
    """The cells that are marked; the first is the one that the message is about."""
    severity: Literal["error", "warning"] = "error"
    message_en: str
    message_cy: str
    """``{column}`` is replaced by the value that stands in the row."""
    do_en: str | None = None
    do_cy: str | None = None


class Sheet(_Strict):
    """One table of a return."""

    key: str
    title_en: str
    title_cy: str
    about_en: str | None = None
    about_cy: str | None = None
    grain: tuple[str, ...]
    """Columns that together name a row; no two rows share them."""
    feed: Feed | None = None
    """The mart that its rows go to. Without one they stand in ``core.fct_return_value`` only."""
    constants: dict[str, str] = {}
    """Roles of the mart that are the same for every row: ``{stream_key: icf_children_annual}``."""
    min_rows: int = 1
    max_rows: int = 100_000
    prefill: Literal["offers", "previous"] | None = None
    """Where a blank template takes its first rows from: the offer letter's lines, or the last accepted return."""
    fixed_rows: tuple[dict[str, str], ...] = ()
    """Rows that every return has, written into the template: the values of the columns that name them."""
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()

    def column(self, key: str) -> Column:
        """The column of this key. Raises KeyError."""
        return next((c for c in self.columns if c.key == key), None) or _missing(key)

    @model_validator(mode="after")
    def _names_agree(self) -> Sheet:
        keys = [c.key for c in self.columns]
        if len(set(keys)) != len(keys):
            raise ValueError(f"sheet {self.key} has two columns of one key")
        named = [*self.grain, *(c for r in self.rules for c in r.columns)]
        named += [k for c in self.columns for k in (c.adds_to, c.sums_to) if k]
        named += [k for row in self.fixed_rows for k in row]
        for name in named:
            if name not in keys:
                raise ValueError(
                    f"sheet {self.key} names the column {name!r}, which it does not have{hint(name, keys)}"
                )
        roles = {c.role or c.key for c in self.columns} | set(self.constants)
        lacking = sorted(NEEDED[self.feed] - roles) if self.feed else []
        if lacking:
            raise ValueError(
                f"sheet {self.key} feeds {self.feed}, which takes no row without {', '.join(lacking)}: "
                "give a column that role, or write it under constants"
            )
        if len({r.code for r in self.rules}) != len(self.rules):
            raise ValueError(f"sheet {self.key} has two rules of one code")
        return self


class ControlTotal(_Strict):
    """A total that the submitter writes on the cover, to be compared with the sum of a column."""

    key: str
    sheet: str
    column: str
    heading_en: str
    heading_cy: str
    required: bool = True


class Due(_Strict):
    """When a return is due: the first such day after its period's end, moved to a working day of Wales."""

    days: dict[str, str]
    """By part of the year (``Q1``…``Q4``, ``H1``, ``H2``, ``Y``): ``MM-DD``. ``{Q2: "11-15"}`` is 15 November."""
    after: Literal["end", "start"] = "end"
    """A plan is due after its period's start: it tells of what is to come."""
    working_day: Literal["next", "previous", "as_it_is"] = "next"
    reminder_days: tuple[int, ...] = (14, 3, -1, -7)
    """Days before the due date (negative: after it) on which a reminder is drafted."""


class ReturnSpec(_Strict):
    """One version of one return."""

    key: str
    aliases: tuple[str, ...] = ()
    version: int = 1
    why_en: str | None = None
    why_cy: str | None = None
    """What is new in this version."""
    title_en: str
    title_cy: str
    about_en: str
    about_cy: str
    seed_line: int | None = None
    """Line of the paper that describes it (004 unless ``seed_file`` says otherwise)."""
    seed_file: str | None = None
    submitted_by: AreaType
    submitters: tuple[str, ...] = ()
    """Only these areas, where not all of that type."""
    submitted_to_en: str
    submitted_to_cy: str
    cadence: Cadence
    first_period: str
    last_period: str | None = None
    collected_from: date | None = None
    """What falls due from this day on is owed here, even if nobody ever sends it. By default from the day on which the
    first of it came (see `ingestion.returns.snapshot.expected_returns`)."""
    due: Due
    closes_days: int = 56
    """Days after the due date (or its extension) from which a change needs a reason."""
    release_days: int = 42
    """Days after the due date from which its figures may be published."""
    audience: Literal["public", "official", "restricted"] = "public"
    certification: Certification | None = None
    """Who certifies it before it is accepted; None where nobody has to."""
    audit_certificate: tuple[str, ...] = ()
    """Parts of the year (``Q4``) that need an audit certificate's reference and date on the cover."""
    accept_in_part: bool = False
    """Whether good rows are accepted where others are quarantined."""
    nil_allowed: bool = False
    control_totals: tuple[ControlTotal, ...] = ()
    sheets: tuple[Sheet, ...]

    def sheet(self, key: str) -> Sheet:
        """The sheet of this key. Raises KeyError."""
        return next((s for s in self.sheets if s.key == key), None) or _missing(key)

    @model_validator(mode="after")
    def _whole(self) -> ReturnSpec:
        for total in self.control_totals:
            columns = [c.key for sheet in self.sheets if sheet.key == total.sheet for c in sheet.columns]
            if total.column not in columns:
                raise ValueError(
                    f"the total {total.key} is of the column {total.column!r} of the sheet {total.sheet!r}, which is "
                    f"not there{hint(total.column, columns)}"
                )
        for day in self.due.days.values():
            date.fromisoformat(f"2001-{day}")  # a year without 29 February: a due date is there every year
        parts = {period_part(p.key) for p in period_range(self.cadence, self.first_period, self.first_period)}
        unknown = set(self.due.days) - {"Q1", "Q2", "Q3", "Q4", "H1", "H2", "Y"}
        if (
            unknown
            or not self.due.days
            or (self.cadence in ("annual", "school_year", "once") and parts - set(self.due.days))
        ):
            raise ValueError(
                f"due.days names the parts of a year (Q1…Q4, H1, H2, Y) and their days; found {self.due.days}"
            )
        return self


class Family(BaseModel):
    """A return through all its versions, oldest first."""

    model_config = ConfigDict(frozen=True)
    versions: tuple[tuple[str, ReturnSpec], ...]
    """``(first period, spec)``."""

    def __hash__(self) -> int:
        """By its name: families that are equal have one."""
        return hash(self.key)

    @property
    def newest(self) -> ReturnSpec:
        """The last version."""
        return self.versions[-1][1]

    @property
    def key(self) -> str:
        """The return's key."""
        return self.newest.key

    def of(self, period: str) -> ReturnSpec:
        """The version that answers for a period: the last one that started with it or before."""
        start = _of(self.newest, period).start
        fitting = [s for first, s in self.versions if _of(s, first).start <= start]
        return fitting[-1] if fitting else self.versions[0][1]

    def periods(self, until: date) -> list[ReturnPeriod]:
        """Every period that ended by a day (of a plan: began), from the first that it asks about to its last."""
        spec = self.newest
        first = self.versions[0][1].first_period
        periods = period_range(spec.cadence, first, spec.last_period, until)
        return [p for p in periods if (p.start if spec.due.after == "start" else p.end) <= until]


def load_returns(folder: Path = TEMPLATES) -> dict[str, Family]:
    """Read every return.

    Args:
        folder: The folder with one YAML file a return, named after its key.

    Returns:
        Families by key, in the order of their keys.

    Raises:
        RegistryError: A file is not what it should be; the message says which, at which line, and the nearest word.
    """
    files = sorted(folder.glob("*.yml"))
    return _load(folder, tuple((f.name, f.stat().st_mtime_ns) for f in files))


@functools.lru_cache(maxsize=8)
def _load(folder: Path, _changed: tuple[tuple[str, int], ...]) -> dict[str, Family]:
    families: dict[str, Family] = {}
    names: dict[str, str] = {}
    for name, _ in _changed:
        family = read_family(folder / name)
        for word in (family.key, *family.newest.aliases):
            if word in names:
                raise wrong(
                    folder / name,
                    {},
                    (),
                    f"{word} already names {names[word]}",
                    f"mae {word} eisoes yn enw ar {names[word]}",
                )
            names[word] = family.key
        families[family.key] = family
    return families


def known_return(name: str, families: Mapping[str, Family]) -> Family | None:
    """A return by its key, an alias or its title in either language; None where none is called so."""
    return _words(families).get(normalise(name))


def find_return(name: str, families: Mapping[str, Family] | None = None) -> Family:
    """A return by its key, an alias or its title in either language.

    Raises:
        KeyError: None is called so; the argument says which is nearest.
    """
    families = load_returns() if families is None else families
    if found := known_return(name, families):
        return found
    raise KeyError(f"no return is called {name!r}{hint(normalise(name), _words(families))}")


def _words(families: Mapping[str, Family]) -> dict[str, Family]:
    return _words_of(tuple(families.values()))


@functools.lru_cache(maxsize=8)
def _words_of(families: tuple[Family, ...]) -> dict[str, Family]:
    return {
        normalise(word): family
        for family in families
        for word in (family.key, *family.newest.aliases, family.newest.title_en, family.newest.title_cy)
    }


def read_family(path: Path) -> Family:
    """Read one return's file: the first version, and its ``changes`` in turn.

    Raises:
        RegistryError: See `load_returns`.
    """
    document, lines = parse_yaml(path)
    for inner, line in list(lines.items()):  # an entry of a list starts where the first of its fields stands
        for depth, part in enumerate(inner, start=1):
            if isinstance(part, int):
                lines.setdefault(inner[:depth], line)
    changes = document.pop("changes", None) or []
    first = validated(path, lines, (), ReturnSpec, document)
    if first.key != path.stem:
        raise wrong(
            path,
            lines,
            ("key",),
            f"`key` expected {path.stem!r}, as the file is called, and found {first.key!r}",
            f"disgwyliodd `key` {path.stem!r}, fel enw’r ffeil, a chafwyd {first.key!r}",
        )
    versions = [(first.first_period, first)]
    for number, change in enumerate(changes):
        place: Place = ("changes", number)
        step = validated(path, lines, place, Change, change)
        document = _changed(path, lines, place, document, step)
        document |= {"version": number + 2, "why_en": step.why_en, "why_cy": step.why_cy}
        versions.append((step.from_period, validated(path, lines, place, ReturnSpec, document)))
    for number, (period, _) in enumerate(versions[1:]):
        if read_return_period(period, first.cadence) is None:
            raise wrong(
                path,
                lines,
                ("changes", number, "from_period"),
                f"`from_period` expected a period of a return that is {first.cadence} and found {period!r}",
                f"disgwyliodd `from_period` gyfnod ffurflen sy’n {first.cadence} a chafwyd {period!r}",
            )
    starts = [_of(first, period).start for period, _ in versions]
    if starts != sorted(set(starts)):
        raise wrong(
            path,
            lines,
            ("changes",),
            "changes come in the order of `from_period`",
            "daw newidiadau yn nhrefn `from_period`",
        )
    return Family(versions=tuple(versions))


class SheetChange(_Strict):
    """What changes in one sheet."""

    set: dict[str, Any] = {}
    """Fields of the sheet, replaced."""
    add: tuple[dict[str, Any], ...] = ()
    """New columns; ``after: <column>`` says where, else they come last."""
    modify: dict[str, dict[str, Any]] = {}
    """Fields of columns, replaced."""
    rename: dict[str, str] = {}
    """Old key to new key. Rules, totals and the grain follow; a heading that changes is still understood."""
    remove: tuple[str, ...] = ()
    """Columns that are asked for no more, and the rules on them."""
    add_rules: tuple[dict[str, Any], ...] = ()
    remove_rules: tuple[str, ...] = ()


class Change(_Strict):
    """A dated change: from which period, why, and what."""

    from_period: str
    why_en: str
    why_cy: str
    set: dict[str, Any] = {}
    """Fields of the return, replaced."""
    add_sheets: tuple[dict[str, Any], ...] = ()
    remove_sheets: tuple[str, ...] = ()
    sheets: dict[str, SheetChange] = {}


def _changed(
    path: Path, lines: Mapping[Place, int], place: Place, before: dict[str, Any], change: Change
) -> dict[str, Any]:
    """The document of the next version."""
    after = copy.deepcopy(before) | change.set
    sheets = {s["key"]: s for s in after["sheets"]}
    for key in (*change.remove_sheets, *change.sheets):
        if key not in sheets:
            raise wrong(
                path,
                lines,
                place,
                f"no sheet is called {key!r}{hint(key, sheets)}",
                f"nid oes taflen o’r enw {key!r}{hint(key, sheets, 'cy')}",
            )
    for key, step in change.sheets.items():
        _change_sheet(path, lines, (*place, "sheets", key), sheets[key], step)
        for total in after.get("control_totals", []):
            if total["sheet"] == key:
                total["column"] = step.rename.get(total["column"], total["column"])
    after["sheets"] = [s for k, s in sheets.items() if k not in change.remove_sheets] + list(change.add_sheets)
    return after


def _change_sheet(
    path: Path, lines: Mapping[Place, int], place: Place, sheet: dict[str, Any], step: SheetChange
) -> None:
    columns = {c["key"]: c for c in sheet["columns"]}
    for key in (*step.modify, *step.rename, *step.remove):
        if key not in columns:
            raise wrong(
                path,
                lines,
                place,
                f"no column is called {key!r}{hint(key, columns)}",
                f"nid oes colofn o’r enw {key!r}{hint(key, columns, 'cy')}",
            )
    for key, fields in step.modify.items():
        column = columns[key]
        old_headings = [column[h] for h in ("heading_en", "heading_cy") if fields.get(h, column[h]) != column[h]]
        column.update(fields)
        if old_headings:
            column["also"] = [*column.get("also", []), *old_headings]
    for old, new in step.rename.items():
        columns[old].setdefault("role", old)  # the mart's name stays unless the change says otherwise
        _rename(sheet, old, new)
    kept = [c for k, c in columns.items() if k not in step.remove]
    for new_column in step.add:
        fields = dict(new_column)
        after = fields.pop("after", None)
        at = next((n + 1 for n, c in enumerate(kept) if c["key"] == after), len(kept))
        kept.insert(at, fields)
    sheet["columns"] = kept
    gone = set(step.remove_rules)
    rules = [r for r in sheet.get("rules", []) if r["code"] not in gone and not set(r["columns"]) & set(step.remove)]
    sheet["rules"] = [*rules, *step.add_rules]
    sheet.update(step.set)


def _rename(sheet: dict[str, Any], old: str, new: str) -> None:
    """Give a column its new key wherever the sheet names it."""
    word = re.compile(rf"(?<![\w'])({re.escape(old)})(?![\w'])")  # not inside a longer name, nor a text in quotes
    for column in sheet["columns"]:
        column |= {f: new for f in ("key", "adds_to", "sums_to") if column.get(f) == old}
    sheet["grain"] = [new if k == old else k for k in sheet["grain"]]
    sheet["fixed_rows"] = [{new if k == old else k: v for k, v in row.items()} for row in sheet.get("fixed_rows", [])]
    for rule in sheet.get("rules", []):
        rule["columns"] = [new if k == old else k for k in rule["columns"]]
        rule["check"] = word.sub(new, rule["check"])
        for field in ("message_en", "message_cy", "do_en", "do_cy"):
            if rule.get(field):
                rule[field] = re.sub(rf"{{((?:previous\.)?){re.escape(old)}}}", rf"{{\g<1>{new}}}", rule[field])


def _of(spec: ReturnSpec, period: str) -> ReturnPeriod:
    found = read_return_period(period, spec.cadence)
    if found is None:
        raise ValueError(f"{spec.key}: {period!r} is no period of a return that is {spec.cadence}")
    return found


def _missing(key: str) -> Any:
    raise KeyError(key)


FEEDS: tuple[Feed, ...] = get_args(Feed)
