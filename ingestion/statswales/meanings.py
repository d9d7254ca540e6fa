"""What the words of a dataset mean: which measure, area, period or member a label or a code names.

One place decides it. The checks ask it (is it known? is it the same cell?), and the frozen snapshot carries its answers
to dbt, which only joins them: two spellings of one thing are one thing everywhere.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ingestion.config import CHECKOUT
from ingestion.errors import GofalError
from ingestion.statswales.periods import Period, read_period
from ingestion.statswales.registry import Column, Dataset, normalise, slug

AREA_ALIASES = CHECKOUT / "dbt_project" / "seeds" / "area_aliases.csv"
WALES = "W92000004"
AUTHORITY = re.compile(r"^W06\d{6}$")
"""GSS codes of the 22 local authorities (domain/entities.md)."""
GSS = re.compile(r"^[a-z]\d{8}$")
ALL = "all"
"""The key of a total."""

TOTALS = re.compile(r"^(?:all|total|totals|cyfanswm|pob|pawb|holl)(?:[ _(].*)?$")
"""How publishers begin the label of a whole. Believed of a member that no list knows only where one member of the
column has it: "All adoptions" beside "All days" is no total."""


@dataclass(frozen=True)
class Member:
    """What a label or code of a column means."""

    key: str | None
    """Our key of it; an area's code, a period's key. None where nobody knows it."""
    listed: bool = True
    """Whether the registry lists it. A member of an open column that it does not list has its own wording for a key."""
    is_total: bool = False
    measure_key: str | None = None
    scale: float = 1.0
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Breakdowns that a data description carries."""
    period: Period | None = None
    label_en: str | None = None
    label_cy: str | None = None


class Meanings:
    """The meanings of one dataset's words."""

    def __init__(
        self, dataset: Dataset, aliases: Mapping[str, str] | None = None, scales: Mapping[str, float] | None = None
    ) -> None:
        """Prepare to read a dataset's words.

        Args:
            dataset: Its registry entry.
            aliases: Spellings of areas; by default those of the dbt seed.
            scales: By measure, what a published figure is multiplied by; 1 where it is not there.
        """
        self.dataset = dataset
        self.aliases = load_aliases() if aliases is None else aliases
        self.scales = scales or {}

    def of(self, role: str, label: str | None, code: str | None, sort: str | None = None) -> Member:
        """Read one spelling.

        Args:
            role: The column.
            label: As people read it.
            code: Its reference.
            sort: For a period, the source's sort value.

        Returns:
            What it means; its ``key`` is None where that is not known.
        """
        column = self.dataset.columns[role]
        if column.kind == "period":
            period = read_period(column.periods, label, code, sort)
            return Member(period.key if period else None, period=period)
        if column.kind == "area":
            return Member(area_key(self.aliases, label, code))
        found = column.find(label, code)
        if found is None and not column.required and not normalise(label) and not normalise(code):
            return Member(ALL, is_total=True)  # a column that the source may leave out breaks nothing down without it
        if found is None:
            return self._unlisted(column, label, code)
        known = column.values[found]
        scale = known.scale if known.scale is not None else self.scales.get(known.measure_key or "", 1.0)
        return Member(found, True, known.is_total, known.measure_key, scale, known.breakdown, None, known.en, known.cy)

    def _unlisted(self, column: Column, label: str | None, code: str | None) -> Member:
        if column.ages:
            key = age_key(label) or age_key(code)
            return Member(key, re.fullmatch(r"\d+(_and_over)?|all", key or "") is not None, key == ALL)
        if column.closed:
            return Member(None, False)
        key = slug(label) or slug(code) or None
        if column.kind == "measure" and column.otherwise and key:
            kind, breakdown = column.otherwise.measure_key, column.otherwise.breakdown
            return Member(key, False, False, kind, self.scales.get(kind, 1.0), {breakdown: key} if breakdown else {})
        return Member(key, False)


@dataclass(frozen=True)
class Spelling:
    """One spelling of a dataset's column and what it means: a row of ``lake.spellings`` (docs/design.md)."""

    source_key: str
    role: str
    """The column, or a breakdown that the data description hides."""
    label: str | None
    code: str | None
    sort: str | None
    member_key: str | None
    measure_key: str | None = None
    scale: float | None = None
    area_code: str | None = None
    period_kind: str | None = None
    period_key: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    is_total: bool = False
    is_whole: bool = False
    """Whether its rows are the whole of others: a total where the column has parts, an age band beside single years."""
    breakdown: str | None = None
    """Its part of the readable breakdown text; None for a total."""
    label_en: str | None = None
    label_cy: str | None = None
    cell_place: int = 0
    """A number for each meaning, so made that the sum over a row's roles numbers its cell."""


Word = tuple[str | None, str | None, str | None, str | None, str | None]
"""Label, code, sort, and the source's labels in English and Welsh."""


def spellings(meanings: Meanings, words: Mapping[str, Iterable[Word]]) -> list[Spelling]:
    """Read all the words of a dataset together: totals and bands are such only beside what they hold.

    Args:
        meanings: The dataset's.
        words: By role, every spelling that stands in its rows.

    Returns:
        One for each role and spelling, and for each breakdown hidden in the data description one more.
    """
    dataset = meanings.dataset
    found: list[Spelling] = []
    for role, column in dataset.columns.items():
        read = [(word, meanings.of(role, *word[:3])) for word in sorted(set(words.get(role, ())), key=_order)]
        if column.kind == "breakdown":
            found += _members(dataset.key, role, column, read)
        elif column.kind == "measure":
            found += _measures(dataset, role, read)
        else:
            found += [_place(dataset.key, role, word, member) for word, member in read]
    return list(_numbered(found, dataset))


def _order(word: Word) -> tuple[str, ...]:
    return tuple(text or "" for text in word)


def _place(source_key: str, role: str, word: Word, member: Member) -> Spelling:
    """An area or a period."""
    period = member.period
    return Spelling(
        source_key, role, *word[:3], member.key,
        area_code=None if period or role == "period" else member.key,
        period_kind=period.kind if period else None,
        period_key=period.key if period else None,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
    )  # fmt: skip


def _measures(dataset: Dataset, role: str, read: Sequence[tuple[Word, Member]]) -> Iterator[Spelling]:
    """A data description, and each breakdown that it hides as a column of its own."""
    hidden = dataset.measure_breakdowns
    for word, member in read:
        yield Spelling(
            dataset.key, role, *word[:3], member.key, member.measure_key, member.scale,
            is_total=member.is_total, label_en=member.label_en or word[3], label_cy=member.label_cy or word[4],
        )  # fmt: skip
    for key in hidden:
        parts = [(word, _of_hidden(word, member, key)) for word, member in read if member.measure_key]
        # the label of a member that is written nowhere but in the data description is the description's
        yield from _members(dataset.key, key, None, parts)


def _of_hidden(word: Word, member: Member, key: str) -> Member:
    part = member.hidden.get(key, ALL)
    label_en, label_cy = (member.label_en or word[3], member.label_cy or word[4])
    return Member(part, member.listed, part == ALL, None, 1.0, {}, None, label_en, label_cy)


def _members(
    source_key: str, role: str, column: Column | None, read: Sequence[tuple[Word, Member]]
) -> Iterator[Spelling]:
    likely = {
        member.key
        for word, member in read
        if not member.listed and member.key and any(TOTALS.match(normalise(text)) for text in word[:1] if text)
    }
    has_total = any(member.is_total for _, member in read)
    total = next(iter(likely)) if len(likely) == 1 and not has_total else None
    parts = [m.key for _, m in read if not m.is_total and m.key not in (None, total)]
    singles = [int(key) for key in parts if column and column.ages and key and key.isdigit()]
    for word, member in read:
        is_total = member.is_total or (total is not None and member.key == total)
        key = ALL if total is not None and member.key == total else member.key
        is_band = bool(column and column.ages and not is_total and key and _is_band(key, singles))
        yield Spelling(
            source_key, role, *word[:3], key,
            is_total=is_total,
            # a column that only ever says "all" breaks nothing down: its total is the whole of nothing
            is_whole=(is_total or is_band) and bool(singles if column and column.ages else parts),
            breakdown=None if is_total or key is None else f"{role}={key}",
            label_en=member.label_en or word[3], label_cy=member.label_cy or word[4],
        )  # fmt: skip


def _is_band(key: str, singles: Sequence[int]) -> bool:
    """An open band is a part where it begins after the last single year (90 and over beside 0 to 89), else a whole."""
    if key.isdigit():
        return False
    if (match := re.fullmatch(r"(\d+)_and_over", key)) and singles:
        return int(match[1]) <= max(singles)
    return match is None


def _numbered(found: Sequence[Spelling], dataset: Dataset) -> Iterator[Spelling]:
    import dataclasses

    roles = [role for role in dataset.columns if role not in dataset.breakdowns]
    roles += sorted({*dataset.breakdowns, *dataset.measure_breakdowns})
    place = 1
    for role in roles:
        mine = [spelling for spelling in found if spelling.role == role]
        meanings = sorted({_meaning(spelling) for spelling in mine})
        numbers = {meaning: number for number, meaning in enumerate(meanings)}
        for spelling in mine:
            yield dataclasses.replace(spelling, cell_place=numbers[_meaning(spelling)] * place)
        place *= max(len(meanings), 1)


def _meaning(spelling: Spelling) -> str:
    if spelling.role == "measure":
        return spelling.measure_key or ""
    return spelling.member_key or ""


# -- areas and ages ----------------------------------------------------------------------------------------------


@functools.cache
def load_aliases(path: Path = AREA_ALIASES) -> Mapping[str, str]:
    """Read every spelling of every area.

    Args:
        path: A CSV with the columns ``alias`` and ``area_code``, the dbt seed.

    Returns:
        Spelling, folded as `registry.normalise` does, to our area code. A code is a spelling of itself.

    Raises:
        GofalError: The file is not there or has other columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = [(row["alias"], row["area_code"]) for row in csv.DictReader(handle)]
    except (OSError, KeyError) as problem:
        raise GofalError(
            f"The list of areas was expected at {path} with the columns alias and area_code, and could not be read "
            f"({problem!r}). Restore the seed from the repository and run the load again.",
            f"Disgwylid y rhestr ardaloedd yn {path} gyda’r colofnau alias ac area_code, ac ni ellid ei darllen "
            f"({problem!r}). Adferwch y ffeil o’r gadwrfa a rhedwch y llwyth eto.",
            code="area_aliases_missing",
            path=str(path),
        ) from problem
    return {normalise(code): code for _, code in rows} | {normalise(alias): code for alias, code in rows}


def area_key(aliases: Mapping[str, str], label: str | None, code: str | None) -> str | None:
    """Recognise an area by its code, else by its label.

    A code that has the form of a GSS code is believed: where the list does not know it, the area is not known,
    whatever its label says.
    """
    folded = normalise(code)
    if found := aliases.get(folded):
        return found
    if GSS.match(folded):
        return None
    return aliases.get(normalise(label))


_UNDER_1 = re.compile(
    r"(aged )?(under|less than) (1|one)( year)?( old| of age)?|< ?1|(o )?dan (1|un)( oed| mlwydd oed)?"
)
_SINGLE = re.compile(
    r"(?:ages?\s|aged\s|oed(?:ran)?\s|a)?0*(\d{1,3})(?:\s?(?:years?|years? old|years? of age|oed|[mbf]?lwydd oed))?"
)
_OPEN = re.compile(
    r"(?:ages?\s|aged\s|oed\s)?(\d{1,3})\s?(?:years?\s)?"
    r"(?:\+|plus|(?:and|or|&) (?:over|above|older)|(?:oed )?(?:a|neu) (?:throsodd|drosodd|hŷn|hyn))"
)
_ALL_AGES = frozenset(
    {"all ages", "all", "all_ages", "allages", "total", "totals", "pob oed", "pob oedran", "cyfanswm", "t"}
)


def age_key(text: str | None) -> str | None:
    """Read an age as publishers word it.

    Args:
        text: ``Under 1``, ``Aged 5``, ``90+``, ``90 oed a throsodd``, ``5 to 9``, ``All ages``…

    Returns:
        ``0`` to ``120`` for a single year, ``90_and_over`` for an open band, ``all``; any other band in its own
        wording, as `registry.slug` writes it. None for no text.
    """
    folded = normalise(text)
    if folded in _ALL_AGES:
        return ALL
    if _UNDER_1.fullmatch(folded):
        return "0"
    if match := _SINGLE.fullmatch(folded):
        return str(int(match[1]))
    if match := _OPEN.fullmatch(folded):
        return f"{int(match[1])}_and_over"
    return slug(text) or None
