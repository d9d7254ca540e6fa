"""``gofal figure`` and ``gofal changes``: what was said of anything on any day, and what a release changed.

Both read the published database and nothing else, so what they say is what every reader of the marts can see.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, get_args

import typer

if TYPE_CHECKING:
    import duckdb

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Source = Annotated[str | None, typer.Option(help="sample or live; each has a home of its own.")]
Lang = Annotated[str, typer.Option(help="Which language the sentences are in: en or cy. JSON has both.")]

SHOWN = 40
"""Changes that a person is shown; --all and JSON have all."""
WALES = "W92000004"
CHANGES: dict[str, tuple[str, str]] = {
    "changed": ("revised", "diwygiwyd"),
    "removed": ("removed", "tynnwyd"),
    "restored": ("back again", "yn ôl eto"),
}
"""Every kind of change in ``core.measure_revisions``, as a person reads it."""

FIGURES = """
    select
        f.measure_key, f.area_code, f.area_name_en, f.area_name_cy, f.period_key, f.period_end,
        p.label_en as period_en, p.label_cy as period_cy, f.breakdown, b.label_en as breakdown_en,
        b.label_cy as breakdown_cy, f.value, f.unit, f.value_status, v.label_en as value_status_en,
        v.label_cy as value_status_cy, f.revision_status, r.label_en as revision_status_en,
        r.label_cy as revision_status_cy, f.note_codes, f.correction_id, f.known_from, f.known_to, f.source_key,
        s.title_en as source_en, s.title_cy as source_cy, s.url, f.is_synthetic, f.load_id, f.source_row
    from core.fct_measure_value as f
    left join core.dim_period as p on f.period_key = p.period_key
    left join core.dim_breakdown as b on f.breakdown = b.breakdown
    left join core.dim_value_status as v on f.value_status = v.value_status
    left join core.dim_revision_status as r on f.revision_status = r.revision_status
    left join core.dim_source as s on f.source_key = s.source_key
    where f.measure_key = ? and f.area_code = ? and list_contains(?, f.breakdown)
        and (? is null or list_contains(?, f.period_key))
    order by f.source_key, f.period_end, f.period_key, f.known_from
"""


def figure(
    measure: Annotated[str, typer.Argument(help="A measure’s key, or its title in either language.")],
    area: Annotated[str, typer.Option(help="An area, by its code or any of its names.")] = "Wales",
    period: Annotated[str | None, typer.Option(help="A period, as people write it; every period by default.")] = None,
    breakdown: Annotated[str, typer.Option(help="A group, such as gender=male or its label.")] = "all",
    on: Annotated[str | None, typer.Option(metavar="DATE", help="As it was known on this day; today by default.")] = (
        None
    ),
    history: Annotated[bool, typer.Option("--history", help="Every revision of it, the oldest first.")] = False,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Say what a figure was on a day: its value and status, from when it was known, and whose it is."""
    welsh = _welsh(lang)
    moment = _moment(on)
    with _database(source) as database:
        about = _measure(database, measure)
        where = _area(database, about, area)
        groups = _breakdown(database, about, where, breakdown)
        periods = _periods(database, about, where, groups, period)
        found = _rows(database, FIGURES, [about["measure_key"], where, groups, periods, periods])
    known = [row for row in found if moment is None or row["known_from"] <= moment]
    at = [row for row in known if row["known_to"] is None or (moment is not None and row["known_to"] > moment)]
    if not at and not (history and known):
        _not_known(found, moment)
    rows = known if history else at
    if as_json:
        asked = {"on": moment.isoformat() if moment else None, "measure": about}
        _say(json.dumps({**asked, "figures": rows}, ensure_ascii=False, indent=1, default=_iso))
        return
    if history:
        when = ("every revision", "pob diwygiad")[welsh]
    else:
        when = f"{moment:%Y-%m-%d}" if moment else ("as it is known now", "fel y mae’n hysbys nawr")[welsh]
    _say_figures(about, rows, when, welsh)


def changes(
    source_key: Annotated[str, typer.Argument(help="A dataset: its registry key.")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The earlier release: the one current on this day.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The later release: the one current on this day.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=f"Every change, not only the first {SHOWN}.")] = False,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Say which figures of a dataset changed between two releases; by default between the last two."""
    welsh = _welsh(lang)
    with _database(source) as database:
        found = _changes(database, source_key, _moment(from_), _moment(to))
    if as_json:
        _say(json.dumps(found, ensure_ascii=False, indent=1, default=_iso))
        return
    _say_changes(found, None if every else SHOWN, welsh)


# -- the published database ------------------------------------------------------------------------------------


@contextmanager
def _database(source: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    from ingestion.config import Settings

    if source not in (None, "sample", "live"):
        raise typer.BadParameter(f"expected sample or live, found {source!r}")
    settings = Settings.model_validate({"source": source}) if source else Settings()
    path: Path = settings.published / "current" / "gofal.duckdb"
    if not path.exists():
        _refuse(
            "nothing_published",
            f"Nothing is published in {settings.root} yet. Load and publish first: gofal run",
            f"Nid oes dim wedi’i gyhoeddi yn {settings.root} eto. Llwythwch a chyhoeddwch yn gyntaf: gofal run",
        )
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def _rows(database: duckdb.DuckDBPyConnection, sql: str, given: Sequence[Any] = ()) -> list[dict[str, Any]]:
    asked = database.execute(sql, list(given))
    names = [column[0] for column in asked.description or ()]
    return [
        {
            # moments are UTC in the marts, and said so here
            name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in asked.fetchall()
    ]


def _refuse(code: str, en: str, cy: str) -> NoReturn:
    from ingestion.errors import GofalError

    raise GofalError(en, cy, code=code)


def _near(asked: str, known: Mapping[str, str], count: int = 3) -> list[str]:
    """What somebody may have meant: spellings near to it, then those that hold all of its words."""
    from ingestion.statswales.registry import normalise

    folded = {normalise(spelling): name for spelling, name in known.items() if spelling}
    words = normalise(asked.replace("_", " ")).split()
    near = [folded[spelling] for spelling in difflib.get_close_matches(normalise(asked), folded, n=count, cutoff=0.6)]
    near += [name for text, name in folded.items() if words and all(w in text.replace("_", " ") for w in words)]
    return list(dict.fromkeys(near))[:count]


def _unknown(code: str, en: str, cy: str, near: Sequence[str], look_en: str, look_cy: str) -> NoReturn:
    """Refuse a word that nothing answers to, with the nearest that something does."""
    _refuse(
        code,
        f"{en} " + (f"Did you mean {_either(near, 'or')}?" if near else look_en),
        f"{cy} " + (f"Ai {_either(near, 'neu')} a olygwyd?" if near else look_cy),
    )


def _either(names: Sequence[str], word: str) -> str:
    quoted = [f"‘{name}’" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def _some(names: Sequence[str], count: int = 12) -> str:
    return ", ".join(names[:count]) + (f" … ({len(names)})" if len(names) > count else "")


def _measure(database: duckdb.DuckDBPyConnection, asked: str) -> dict[str, Any]:
    from ingestion.statswales.registry import normalise

    known = _rows(
        database,
        "select measure_key, title_en, title_cy, definition_en, definition_cy, unit from core.dim_measure as m "
        "where is_last_version "
        "and exists (select 1 from core.fct_measure_value as f where f.measure_key = m.measure_key) "
        "order by measure_key",
    )
    spellings = {row[name]: row["measure_key"] for row in known for name in ("title_cy", "title_en", "measure_key")}
    for row in known:
        if normalise(asked) in {normalise(row[name]) for name in ("measure_key", "title_en", "title_cy")}:
            return row
    _unknown(
        "unknown_measure",
        f"Expected a measure that has figures, found ‘{asked}’.",
        f"Disgwylid mesur y mae ffigurau ar ei gyfer, a chafwyd ‘{asked}’.",
        _near(asked, spellings),
        "core.dim_measure lists all measures.",
        "Mae core.dim_measure yn rhestru pob mesur.",
    )


def _area(database: duckdb.DuckDBPyConnection, measure: Mapping[str, Any], asked: str) -> str:
    from ingestion.statswales.meanings import area_key, load_aliases

    areas = _rows(database, "select area_code, area_name_en, area_name_cy from core.dim_area where is_last_version")
    code = area_key(load_aliases(), asked, asked)
    if code is None:
        names = {row[name]: row[name] for row in areas for name in ("area_name_en", "area_name_cy") if row[name]}
        _unknown(
            "unknown_area",
            f"Expected an area, found ‘{asked}’.",
            f"Disgwylid ardal, a chafwyd ‘{asked}’.",
            _near(asked, names),
            "core.dim_area lists all areas.",
            "Mae core.dim_area yn rhestru pob ardal.",
        )
    have = [
        row[0]
        for row in database.execute(
            "select distinct area_code from core.fct_measure_value where measure_key = ?", [measure["measure_key"]]
        ).fetchall()
    ]
    if code not in have:
        english = sorted(row["area_name_en"] for row in areas if row["area_code"] in have)
        welsh = sorted(row["area_name_cy"] for row in areas if row["area_code"] in have)
        _refuse(
            "no_area",
            f"{measure['measure_key']} has no figures of ‘{asked}’ ({code}). It has: {_some(english)}.",
            f"Nid oes gan {measure['measure_key']} ffigurau ar gyfer ‘{asked}’ ({code}). Mae ganddo: {_some(welsh)}.",
        )
    return str(code)


def _breakdown(database: duckdb.DuckDBPyConnection, measure: Mapping[str, Any], area: str, asked: str) -> list[str]:
    """The groups that somebody means: the one of that text, in whatever order; else every one with that label."""
    from ingestion.statswales.registry import normalise

    known = _rows(
        database,
        "select distinct f.breakdown, b.label_en, b.label_cy from core.fct_measure_value as f "
        "left join core.dim_breakdown as b on f.breakdown = b.breakdown "
        "where f.measure_key = ? and f.area_code = ? order by f.breakdown",
        [measure["measure_key"], area],
    )

    def parts(text: str | None) -> list[str]:
        return sorted(normalise(part.replace("_", " ")) for part in (text or "").split(";"))

    for names in (("breakdown",), ("label_en", "label_cy")):
        if found := [r["breakdown"] for r in known if any(r[n] and parts(r[n]) == parts(asked) for n in names)]:
            return found
    spellings = {row[name]: row["breakdown"] for row in known for name in ("label_cy", "label_en", "breakdown")}
    whole = normalise(asked) == "all"
    if whole and len(known) == 1:  # a measure that is given for one group only
        return [known[0]["breakdown"]]
    all_of_them = _some([row["breakdown"] for row in known])
    _unknown(
        "no_total" if whole else "unknown_breakdown",
        f"{measure['measure_key']} has no figure for all together: name a --breakdown."
        if whole
        else f"Expected a group of {measure['measure_key']}, found ‘{asked}’.",
        f"Nid oes gan {measure['measure_key']} ffigur i bawb gyda’i gilydd: enwch --breakdown."
        if whole
        else f"Disgwylid un o grwpiau {measure['measure_key']}, a chafwyd ‘{asked}’.",
        [] if whole else _near(asked, spellings),
        f"It has: {all_of_them}.",
        f"Mae ganddo: {all_of_them}.",
    )


def _periods(
    database: duckdb.DuckDBPyConnection, measure: Mapping[str, Any], area: str, groups: list[str], asked: str | None
) -> list[str] | None:
    """The keys of the periods that somebody means: 2015 may be a year and its 31 March, where there are both."""
    from ingestion.statswales.periods import read_period
    from ingestion.statswales.registry import PeriodKind

    if asked is None:
        return None
    known = _rows(
        database,
        "select distinct f.period_key, f.period_end, p.label_en, p.label_cy "
        "from core.fct_measure_value as f left join core.dim_period as p on f.period_key = p.period_key "
        "where f.measure_key = ? and f.area_code = ? and list_contains(?, f.breakdown) order by 2, 1",
        [measure["measure_key"], area, groups],
    )
    read = [one for kind in get_args(PeriodKind) if (one := read_period([kind], asked, None, None))]
    wanted = {asked.strip(), *(one.key for one in read)}
    if found := [row["period_key"] for row in known if row["period_key"] in wanted]:
        return found
    near = (
        [min(known, key=lambda row: min(abs(row["period_end"] - one.end) for one in read))["period_key"]]
        if read
        else []
    )
    spellings = {row[name]: row["period_key"] for row in known for name in ("label_cy", "label_en", "period_key")}
    keys = [row["period_key"] for row in known]
    span = f"{keys[0]} … {keys[-1]}" if keys else "–"
    _unknown(
        "no_period" if read else "unknown_period",
        f"{measure['measure_key']} has no figure for ‘{asked}’ there; it has {span}.",
        f"Nid oes gan {measure['measure_key']} ffigur ar gyfer ‘{asked}’ yno; mae ganddo {span}.",
        near or _near(asked, spellings),
        "Write a period as 2019-20, 2019, 31 March 2019 or Q2 2019-20.",
        "Ysgrifennwch gyfnod fel 2019-20, 2019, 31 Mawrth 2019 neu Ch2 2019-20.",
    )


def _not_known(found: Sequence[Mapping[str, Any]], moment: datetime | None) -> NoReturn:
    first = min(row["known_from"] for row in found)
    ended = [row["known_to"] for row in found if row["known_to"] and (moment is None or row["known_to"] <= moment)]
    if moment is not None and first > moment:
        _refuse(
            "not_known_yet",
            f"Nothing of it was known on {moment:%Y-%m-%d} yet: it is known from {first:%Y-%m-%d %H:%M} UTC.",
            f"Nid oedd dim ohono’n hysbys ar {moment:%Y-%m-%d} eto: mae’n hysbys ers {first:%Y-%m-%d %H:%M} UTC.",
        )
    gone = max(ended, default=first)
    _refuse(
        "gone",
        f"The publisher took it out on {gone:%Y-%m-%d %H:%M} UTC. --history shows what it was.",
        f"Tynnodd y cyhoeddwr ef ar {gone:%Y-%m-%d %H:%M} UTC. Mae --history yn dangos beth ydoedd.",
    )


# -- what changed ----------------------------------------------------------------------------------------------


def _changes(
    database: duckdb.DuckDBPyConnection, source_key: str, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    known = _rows(database, "select source_key, title_en, title_cy from core.dim_source order by source_key")
    about = next((row for row in known if row["source_key"] == source_key), None)
    moments = _rows(
        database,
        "select distinct unnest([known_from, known_to]) as moment from core.fct_measure_value where source_key = ?",
        [source_key],
    )
    releases = sorted(row["moment"] for row in moments if row["moment"])
    if about is None or not releases:
        spellings = {row[name]: row["source_key"] for row in known for name in ("title_cy", "title_en", "source_key")}
        _unknown(
            "unknown_source",
            f"Expected a dataset that has published figures, found ‘{source_key}’.",
            f"Disgwylid set ddata y mae ei ffigurau wedi’u cyhoeddi, a chafwyd ‘{source_key}’.",
            _near(source_key, {k: v for k, v in spellings.items() if v != source_key}),
            "gofal status lists all of them.",
            "Mae gofal status yn eu rhestru i gyd.",
        )
    later = [r for r in releases if until is None or r <= until]
    if not later:
        _not_known([{"known_from": releases[0], "known_to": None}], until)
    newest = later[-1]
    earlier = [r for r in releases if (r <= since if since is not None else r < newest)]
    oldest = earlier[-1] if earlier else None
    if oldest is not None and oldest > newest:
        raise typer.BadParameter(f"expected --from before --to, found {oldest:%Y-%m-%d} and {newest:%Y-%m-%d}")
    given = [source_key, oldest.replace(tzinfo=None) if oldest else datetime.min, newest.replace(tzinfo=None)]
    rows = _rows(
        database,
        """
        select
            m.change_type, m.measure_key, d.title_en as measure_en, d.title_cy as measure_cy, m.area_code,
            m.area_name_en, m.area_name_cy, m.period_key, m.breakdown, m.unit, m.old_value, m.new_value,
            m.old_value_status, m.new_value_status, o.label_en as old_status_en, o.label_cy as old_status_cy,
            n.label_en as new_status_en, n.label_cy as new_status_cy, m.change_n, m.change_pct,
            m.old_note_codes, m.new_note_codes, m.revision_status, m.old_known_from, m.new_known_from, m.is_synthetic
        from core.measure_revisions as m
        left join core.dim_measure as d on m.measure_key = d.measure_key and d.is_last_version
        left join core.dim_value_status as o on m.old_value_status = o.value_status
        left join core.dim_value_status as n on m.new_value_status = n.value_status
        where m.source_key = ? and m.new_known_from > ? and m.new_known_from <= ?
        order by m.new_known_from, m.measure_key, m.period_end, m.area_code, m.breakdown
        """,
        given,
    )
    counted = database.execute(
        "select count(*) from (select min(known_from) as first from core.fct_measure_value where source_key = ? "
        "group by measure_key, area_code, period_key, breakdown) where first > ? and first <= ?",
        given,
    ).fetchone()
    return {
        **(about or {}),
        "from": oldest,
        "to": newest,
        "releases": releases,
        "new_cells": counted[0] if counted else 0,
        "counts": {kind: sum(row["change_type"] == kind for row in rows) for kind in CHANGES},
        "changes": rows,
    }


# -- saying it -------------------------------------------------------------------------------------------------


def _say(text: str = "", **style: Any) -> None:
    typer.secho(text, **style)


def _welsh(lang: str) -> bool:
    if lang not in ("en", "cy"):
        raise typer.BadParameter(f"expected en or cy, found {lang!r}")
    return lang == "cy"


def _moment(text: str | None) -> datetime | None:
    """A day means its end: what was published on it was known on it."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day such as 2019-12-01, found {text!r}") from None
    if len(text.strip()) <= len("2019-12-01"):
        return datetime.combine(moment.date(), time(), UTC) + timedelta(days=1, microseconds=-1)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso(value: date | datetime) -> str:
    return value.isoformat()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")


def _said(value: float | None, status: str | None) -> str:
    return _number(value) if value is not None else f"[{status or '–'}]"


def _say_figures(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], when: str, welsh: bool) -> None:
    tongue = "cy" if welsh else "en"
    _say(f"{about[f'title_{tongue}']}  ({about['measure_key']}; {about['unit']})", bold=True)
    for (_, group), of_source in groupby(rows, key=lambda r: (r["source_key"], r["breakdown"])):
        mine = list(of_source)
        first = mine[0]
        label = first[f"breakdown_{tongue}"] or group
        _say(f"  {first[f'area_name_{tongue}']}; {label}; {when}")
        _say(f"  {first[f'source_{tongue}'] or '–'}  ({first['source_key']})")
        wide = max(len(r[f"period_{tongue}"] or r["period_key"]) for r in mine)
        for row in mine:
            value = _said(row["value"], row[f"value_status_{tongue}"] or row["value_status"])
            until = (" to ", " hyd at ")[welsh] + f"{row['known_to']:%Y-%m-%d}" if row["known_to"] else ""
            marks = [row[f"revision_status_{tongue}"] or ""]
            marks += [f"{('notes', 'nodiadau')[welsh]}: {row['note_codes']}"] if row["note_codes"] else []
            marks += [f"{('corrected', 'cywirwyd')[welsh]}: {row['correction_id']}"] if row["correction_id"] else []
            told = "; ".join(mark for mark in marks if mark)
            _say(
                f"    {row[f'period_{tongue}'] or row['period_key']:<{wide}}  {value:>14}  "
                f"{('known from', 'yn hysbys ers')[welsh]} {row['known_from']:%Y-%m-%d}{until}"
                + (f"  ({told})" if told else "")
            )
    if any(row["is_synthetic"] for row in rows):
        _say(("  SYNTHETIC: the bundled sample.", "  SYNTHETIG: y sampl a ddaw gyda Gofal.")[welsh], fg="yellow")


def _say_changes(found: Mapping[str, Any], limit: int | None, welsh: bool) -> None:
    tongue = "cy" if welsh else "en"
    of_day = Counter(moment.date() for moment in found["releases"])
    days = {m: f"{m:%Y-%m-%d}" if of_day[m.date()] == 1 else f"{m:%Y-%m-%dT%H:%M:%S}" for m in found["releases"]}
    _say(f"{found[f'title_{tongue}'] or '–'}  ({found['source_key']})", bold=True)
    if found["from"] is None:
        _say(
            f"  {days[found['to']]} yw’r datganiad cyntaf: {found['new_cells']:,} ffigur newydd."
            if welsh
            else f"  {days[found['to']]} is the first release: {found['new_cells']:,} new figures."
        )
    else:
        counts = ", ".join(f"{found['counts'][kind]:,} {words[welsh]}" for kind, words in CHANGES.items())
        _say(
            f"  {days[found['from']]} → {days[found['to']]}: {found['new_cells']:,} "
            f"{('new figure' if found['new_cells'] == 1 else 'new figures', 'ffigur newydd')[welsh]}, {counts}"
        )
    rows = found["changes"][:limit]
    for (moment, _), of_measure in groupby(rows, key=lambda r: (r["new_known_from"], r["measure_key"])):
        mine = list(of_measure)
        title = mine[0][f"measure_{tongue}"] or mine[0]["measure_key"]
        _say(f"\n  {days.get(moment, moment)}  {title}  ({mine[0]['measure_key']}; {mine[0]['unit']})", bold=True)
        for row in mine:
            old = _said(row["old_value"], row[f"old_status_{tongue}"] or row["old_value_status"])
            new = _said(row["new_value"], row[f"new_status_{tongue}"] or row["new_value_status"])
            pct = f"  ({row['change_pct']:+.1f}%)" if row["change_pct"] is not None else ""
            _say(
                f"    {row['period_key']:<12} {row[f'area_name_{tongue}']:<22} {row['breakdown']:<28} "
                f"{old:>12} → {new}{pct}  {CHANGES[row['change_type']][welsh]}"
            )
    left = len(found["changes"]) - len(rows)
    if left:
        _say((f"\n  {left:,} more: --all", f"\n  {left:,} arall: --all")[welsh])
    if len(found["releases"]) > 1:
        _say(f"\n  {('Releases', 'Datganiadau')[welsh]}: {', '.join([*days.values()][-12:])}")


__all__ = ["changes", "figure"]
