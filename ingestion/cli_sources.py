"""``gofal sources …``: find, pin, check and describe datasets; and ``gofal mirror``.

Exit codes are those of ``gofal``: 0 well, 1 something failed and the rest was done, 2 nothing could be done.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ingestion.config import Settings
    from ingestion.lake import Message
    from ingestion.statswales.client import CatalogueItem
    from ingestion.statswales.history import Backfill
    from ingestion.statswales.registry import Dataset
    from ingestion.statswales.sources import CheckReport, ColumnSeen, Confirmation

app = typer.Typer(no_args_is_help=True, help="Find, pin, check and describe the datasets of StatsWales.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Source = Annotated[str | None, typer.Option(help="sample or live; each has a home of its own.")]
Lang = Annotated[str, typer.Option(help="Which language the sentences are in: en or cy. JSON has both.")]
Key = Annotated[str, typer.Argument(help="A registry key.")]

STATES: dict[str, tuple[str, str]] = {
    "pinned": ("pinned", "wedi’i phinio"),
    "locked": ("pinned in the lock file", "wedi’i phinio yn y ffeil glo"),
    "to_confirm": ("to confirm", "i’w chadarnhau"),
    "to_find": ("to find", "i’w chanfod"),
    "awaiting": ("awaited", "disgwylir"),
}
SHOWN = 8
"""Members of a column that a person is shown; JSON has all."""


def _settings(source: str | None) -> Settings:
    from ingestion.config import Settings

    if source not in (None, "sample", "live"):
        raise typer.BadParameter(f"expected sample or live, found {source!r}")
    return Settings.model_validate({"source": source}) if source else Settings()


def _welsh(lang: str) -> bool:
    if lang not in ("en", "cy"):
        raise typer.BadParameter(f"expected en or cy, found {lang!r}")
    return lang == "cy"


def _say(text: str = "", **style: Any) -> None:
    typer.secho(text, **style)


def _dump(found: BaseModel | Sequence[BaseModel]) -> None:
    several = isinstance(found, Sequence)
    documents = [one.model_dump(mode="json") for one in (found if isinstance(found, Sequence) else [found])]
    _say(json.dumps(documents if several else documents[0], ensure_ascii=False, indent=1))


def _say_message(message: Message, welsh: bool) -> None:
    colour = {"error": "red", "warning": "yellow"}.get(message.severity)
    _say(f"  {message.cy if welsh else message.en}", fg=colour)


@app.command("list")
def list_(source: Source = None, lang: Lang = "en", as_json: Json = False) -> None:
    """List every registry entry: its id, what is held of it, and when its next update is expected."""
    from ingestion.lake import Lake
    from ingestion.statswales import sources
    from ingestion.statswales.registry import load_registry

    welsh = _welsh(lang)
    found = sources.overview(Lake(_settings(source).lake_url), load_registry())
    if as_json:
        _dump(found)
        return
    for entry in found:
        held = f"{entry.rows:,}" if entry.rows is not None else "–"
        known = f"{entry.known_from:%Y-%m-%d}" if entry.known_from else "–"
        due = f"{entry.next_update:%Y-%m-%d}" if entry.next_update else "–"
        words = ("rhes", "yn hysbys ers", "nesaf") if welsh else ("rows", "known from", "next")
        _say(f"{entry.key}  ({STATES[entry.state][welsh]}; {entry.theme})", bold=True)
        _say(f"  {entry.title_cy if welsh else entry.title_en}")
        _say(f"  {entry.id or '–'}  {held} {words[0]}, {words[1]} {known}, {words[2]} {due}")
        if entry.state in ("awaiting", "to_find", "to_confirm"):
            _say(f"  {entry.message_cy if welsh else entry.message_en}", fg="yellow")


@app.command()
def discover(
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic’s id, or words of its name; by default those we follow.")
    ] = None,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Compare the catalogue with the registry: new, changed, archived, replaced, withdrawn; and what may be ours."""
    from ingestion.lake import Lake
    from ingestion.nightly import Run
    from ingestion.statswales import sources

    welsh = _welsh(lang)
    this = Run("sources", None, _settings(source))
    with this.client() as client:
        found = sources.look(client, Lake(this.settings.lake_url), this.registry, topic or [])
    if as_json:
        _dump(found)
        return
    told = ("datasets are listed; topics:", "set ddata yn y rhestr; pynciau:")[welsh]
    _say(f"{found.listed:,} {told} {', '.join(found.topics) or '–'}")
    for message in found.notes:
        _say_message(message, welsh)
    for what, titles in sources.WHAT.items():
        group = [seen for seen in found.seen if seen.what == what]
        if group:
            _say(f"\n{titles[welsh]} ({len(group)})", bold=True)
        for seen in group:
            _say(f"  {seen.id}  {seen.cy if welsh else seen.en}")
    if found.candidates:
        _say(f"\n{('For entries without a sure id', 'Ar gyfer cofnodion heb ddynodwr sicr')[welsh]}", bold=True)
    for candidate in found.candidates:
        _say(f"  {candidate.key}: {candidate.title}  ({candidate.id}; {candidate.cy if welsh else candidate.en})")
        _say(f"    gofal sources pin {candidate.key} --uuid {candidate.id}")


@app.command()
def search(
    text: Annotated[list[str], typer.Argument(help="Words of a title, in either language and any order.")],
    archived: Annotated[bool, typer.Option("--all", help="Also archived datasets.")] = False,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Find published datasets, registered or not, by words of their titles or summaries."""
    from ingestion.lake import Lake
    from ingestion.nightly import Run
    from ingestion.statswales import sources

    welsh = _welsh(lang)
    this = Run("sources", None, _settings(source))
    with this.client() as client:
        lake = Lake(this.settings.lake_url)
        found = sources.search(" ".join(text), client, lake, this.registry, archived=archived)
    if as_json:
        _dump(found)
        return
    if found.offline:
        _say_message(found.offline, welsh)
        _say(
            f"  Chwiliwyd y rhestr fel yr oedd ar {found.as_of:%Y-%m-%d}."
            if welsh
            else f"  Searched the list as it was on {found.as_of:%Y-%m-%d}.",
            fg="yellow",
        )
    for hit in found.hits:
        title = (hit.title_cy or hit.title_en) if welsh else (hit.title_en or hit.title_cy)
        marks = [f"{hit.key}: {STATES[hit.state][welsh]}"] if hit.key and hit.state else []
        marks += [("archived", "wedi’i harchifo")[welsh]] if hit.archived_at else []
        marks += [("in its summary", "yn ei chrynodeb")[welsh]] if not hit.in_title else []
        _say(f"{hit.id}  {title}" + (f"  ({'; '.join(marks)})" if marks else ""), bold=bool(hit.key))
    if not found.hits:
        _say(("Nothing was found.", "Ni chafwyd dim.")[welsh], fg="yellow")
    if found.hidden:
        _say((f"{found.hidden} archived: --all", f"{found.hidden} wedi’u harchifo: --all")[welsh])


@app.command()
def pin(
    key: Key,
    uuid: Annotated[str | None, typer.Option(help="The dataset’s id, where its title does not lead to it.")] = None,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Find an entry’s dataset, confirm it by its columns, and write its id into the lock file."""
    from ingestion.nightly import Run
    from ingestion.statswales import sources
    from ingestion.statswales.registry import LOCK

    welsh = _welsh(lang)
    this = Run("sources", None, _settings(source))
    with this.client() as client:
        found = sources.pin(key, client, this.registry, uuid=uuid, lock=LOCK)
    if as_json:
        _dump(found)
        return
    _say_confirmation(found, welsh)
    _say(
        f"Piniwyd {key} i {found.id} yn {LOCK.name}. Edrychwch dros y newid cyn ei gadw."
        if welsh
        else f"{key} is pinned to {found.id} in {LOCK.name}. Look the change over before you commit it.",
        fg="green",
    )


def _say_confirmation(found: Confirmation, welsh: bool) -> None:
    _say(f"{found.title_en or '–'}\n{found.title_cy or '–'}", bold=True)
    if not found.is_titled:
        _say(
            "  Nid yw’r teitl hwn yn un o deitlau’r cofnod." if welsh else "  This title is none of the entry’s.",
            fg="yellow",
        )
    _say(f"  {found.rows:,} {('rows', 'rhes')[welsh]}")
    roles = {name: role for role, name in found.columns.items()}
    for english, cymraeg, fact in found.all_columns:
        role = roles.get(english, "–")
        _say(f"  {role:<20} {english} / {cymraeg or '–'}  [{fact}]")


@app.command()
def draft(
    uuid: Annotated[str, typer.Argument(help="The dataset’s id.")],
    key: Annotated[str, typer.Argument(help="What to call it: small letters, digits and _.")],
    theme: Annotated[str, typer.Option(help="What it is about, as `theme` in datasets.yml.")] = "children_looked_after",
    write: Annotated[bool, typer.Option("--write", help="Put it into datasets.yml at once.")] = False,
    source: Source = None,
) -> None:
    """Write a registry entry for a dataset that has none, from its columns and members; look it over before use."""
    from ingestion.nightly import Run
    from ingestion.statswales import sources
    from ingestion.statswales.registry import DATASETS, THEMES, UUID4

    if not UUID4.match(uuid):
        raise typer.BadParameter(f"expected a version 4 UUID, as in a StatsWales address, found {uuid!r}")
    chosen = next((known for known in THEMES if known == theme), None)
    if chosen is None:
        raise typer.BadParameter(f"expected one of {', '.join(THEMES)}, found {theme!r}")
    with Run("sources", None, _settings(source)).client() as client:
        text = sources.draft(client, uuid, key, chosen)
    _say(text)
    if write:
        sources.add_entry(text, DATASETS)
        typer.secho(f"{DATASETS.name}: {key}. gofal sources check {key}", fg="green", err=True)


@app.command()
def check(
    key: Annotated[str | None, typer.Argument(help="A registry key.")] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file with an entry that is not registered yet.")
    ] = None,
    stage: Annotated[bool, typer.Option(help="Also run its staging model, where there is one.")] = True,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Land an entry’s dataset into a scratch lake, judge it, stage it, and say what the entry makes of its words."""
    from ingestion.nightly import Run
    from ingestion.statswales import sources
    from ingestion.statswales.registry import DATASETS

    welsh = _welsh(lang)
    if key is None and file is None:
        raise typer.BadParameter("expected a registry key, or --file with an entry")
    this = Run("sources", None, _settings(source))
    dataset = sources.read_entry(file, key) if file else sources.entry(this.registry, key or "")
    this.settings.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".check-", dir=this.settings.root) as folder, this.client() as client:
        report = sources.check(
            dataset,
            client,
            Path(folder) / "lake",
            file=file or DATASETS,
            stage_with=this.settings if stage else None,
        )
    if as_json:
        _dump(report)
    else:
        _say_check(report, dataset, welsh)
    failed = not report.is_sound or any(m.code == "dbt_failed" for m in report.messages)
    raise SystemExit(1 if failed else 0)


def _say_check(report: CheckReport, dataset: Dataset, welsh: bool) -> None:
    from ingestion.report import OUTCOMES

    outcome = OUTCOMES.get(report.outcome, (report.outcome, report.outcome))[welsh]
    where = f"{Path(report.file).name}" + (f":{report.line}" if report.line else "")
    _say(f"{report.key}  {outcome}", bold=True, fg="green" if report.is_sound else "red")
    _say(f"  {(report.title_cy if welsh else report.title_en) or '–'}  ({report.id}; {where})")
    rows = f"{report.rows:,}" if report.rows is not None else "–"
    span = " … ".join(report.periods) or "–"
    _say(f"  {rows} {('rows', 'rhes')[welsh]}; {span}; {report.areas} {('areas', 'ardal')[welsh]}")
    for column in report.columns:
        _say_column(column, dataset, Path(report.file).name, welsh)
    if report.unmapped:
        _say(
            f"  {('columns that no role claims', 'colofnau heb rôl')[welsh]}: {', '.join(report.unmapped)}", fg="yellow"
        )
    for message in report.messages:
        _say_message(message, welsh)
    if report.staging_model is None:
        _say(
            f"  Nid oes model llwyfannu eto: gofal sources scaffold {report.key}"
            if welsh
            else f"  There is no staging model yet: gofal sources scaffold {report.key}",
            fg="yellow",
        )
    elif report.staged_rows is not None:
        _say(f"  {Path(report.staging_model).stem}: {report.staged_rows:,} {('rows', 'rhes')[welsh]}")
    else:
        _say(f"  {report.staging_model}")


def _say_column(column: ColumnSeen, dataset: Dataset, file: str, welsh: bool) -> None:
    line = f":{column.line}" if column.line else ""
    words = ("members known:", "aelodau hysbys:")
    _say(f"  {column.role:<20} ‘{column.name or '–'}’  {words[welsh]} {column.known:,}  ({file}{line})")
    listed = dataset.columns[column.role].kind in ("measure", "breakdown")
    unlisted = [m for m in column.members if m.key is not None and not m.listed] if listed else []
    for member in unlisted[:SHOWN]:
        _say(f"    {('not listed', 'heb ei restru')[welsh]}: ‘{member.label_en}’ → {member.key}")
    if len(unlisted) > SHOWN:
        _say(f"    … {len(unlisted) - SHOWN:,}")
    for member in column.unknown[:SHOWN]:
        hint = f" ({('did you mean', 'ai hwn a olygwyd')[welsh]}: {member.hint}?)" if member.hint else ""
        _say(
            f"    {('unknown', 'anhysbys')[welsh]}: ‘{member.label_en}’ / ‘{member.label_cy or '–'}’ [{member.code}]"
            f"{hint}  × {member.rows:,}",
            fg="red",
        )
    if len(column.unknown) > SHOWN:
        _say(f"    … {len(column.unknown) - SHOWN:,}", fg="red")


@app.command()
def drift(
    key: Key,
    write: Annotated[bool, typer.Option("--write", help="Make the proposed edit.")] = False,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Say what changed in a dataset’s shape since its entry and its last load, and propose the edit to the entry."""
    from ingestion.lake import Lake
    from ingestion.nightly import Run
    from ingestion.statswales import sources
    from ingestion.statswales.registry import DATASETS

    welsh = _welsh(lang)
    this = Run("sources", None, _settings(source))
    dataset = sources.entry(this.registry, key)
    with this.client() as client:
        found = sources.drift(dataset, client, Lake(this.settings.lake_url), file=DATASETS)
    if write and found.diff:
        sources.replace_text(DATASETS, found.edited)
    if as_json:
        _say(json.dumps(found.model_dump(mode="json", exclude={"edited"}), ensure_ascii=False, indent=1))
        return
    if not found.changes:
        _say((f"{key}: nothing has changed.", f"{key}: nid oes dim wedi newid.")[welsh], fg="green")
    for change in found.changes:
        _say(f"  {change.cy if welsh else change.en}")
    if found.diff:
        _say()
        _say(found.diff.rstrip("\n"))
        _say()
        _say(
            ("Written. Look it over.", "Ysgrifennwyd. Edrychwch drosto.")[welsh]
            if write
            else ("To make this edit: --write", "I wneud y newid hwn: --write")[welsh],
            fg="green",
        )


@app.command()
def backfill(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY…", help="Registry keys.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every entry whose id is sure.")] = False,
    filter_id: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A query that somebody made while an earlier revision was current."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Try also what was refused or gone before.")] = False,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Put every published revision of datasets on record, and land the past ones that can still be had."""
    from datetime import UTC, datetime

    from ingestion.errors import FetchError, RegistryError
    from ingestion.nightly import Run
    from ingestion.statswales import history as past
    from ingestion.statswales import sources
    from ingestion.statswales.mirror import DOWN

    welsh = _welsh(lang)
    this = Run(f"backfill__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}", None, _settings(source))
    registry = this.registry
    if bool(keys) == every:
        raise typer.BadParameter("expected registry keys, or --all")
    sure = [d for d in registry.values() if d.state in ("pinned", "locked")]
    chosen = sure if every else [sources.entry(registry, key) for key in keys or []]
    for dataset in chosen:
        if dataset not in sure:  # the history of a guess is not loaded either
            raise RegistryError(
                f"It is not sure yet which dataset {dataset.key} is. Confirm it first: gofal sources pin {dataset.key}",
                f"Nid yw’n sicr eto pa set ddata yw {dataset.key}. Cadarnhewch hi yn gyntaf: "
                f"gofal sources pin {dataset.key}",
                code="not_pinned",
            )
    if filter_id and len(chosen) != 1:
        raise typer.BadParameter("--filter-id goes with one dataset: name it")
    done: list[past.Backfill] = []
    failures: dict[str, dict[str, str]] = {}
    silent = 0
    with this.client() as client:
        known = past.landings(this.lake, *(this.settings.root / name for name in ("mirror", "pulled")))
        for dataset in chosen:
            try:
                found = past.backfill(
                    dataset, client, this.lake, this.run_id, filter_ids=filter_id or (), again=again, known=known
                )
            except FetchError as error:  # one dataset that does not answer leaves the others their turn
                failures[dataset.key] = {"en": error.en, "cy": error.cy}
                if not as_json:
                    _say(f"{dataset.key}: {error.cy if welsh else error.en}", fg="red")
                silent = silent + 1 if error.code in DOWN else 0
                if silent > 1:  # it does not answer at all; what was done is on record, and this goes on from there
                    break
                continue
            silent = 0
            done.append(found)
            if not as_json:
                _say_backfill(found, welsh)
    if as_json:
        documents = [{**one.model_dump(mode="json"), "counts": one.counts()} for one in done]
        _say(json.dumps({"backfilled": documents, "failures": failures}, ensure_ascii=False, indent=1))
    elif any(one.landed for one in done):
        _say(("\nTo build with them: gofal run", "\nI adeiladu gyda nhw: gofal run")[welsh], fg="green")
    raise SystemExit(1 if failures or any(one.failed for one in done) else 0)


def _say_backfill(found: Backfill, welsh: bool) -> None:
    from ingestion.report import OUTCOMES
    from ingestion.statswales.history import STATES as REVISION_STATES

    counts = ", ".join(f"{n} {REVISION_STATES[state][welsh]}" for state, n in found.counts().items() if n)
    number = len(found.ledger.revisions)
    _say(f"{found.source_key}  {number} {('revision' if number == 1 else 'revisions', 'diwygiad')[welsh]}: {counts}")
    for record in found.landed:
        outcome = str(record.outcome)
        known = f"{record.known_from:%Y-%m-%d}" if record.known_from else "–"
        rows = f"{record.rows:,}" if record.rows is not None else "–"
        _say(f"  {known}  {OUTCOMES[outcome][welsh]}  {rows} {('rows', 'rhes')[welsh]}", fg="green")
        for message in record.messages:
            if message.severity != "info":
                _say_message(message, welsh)
    for message in found.messages:
        _say_message(message, welsh)


@app.command()
def history(
    key: Key,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Show every published revision of a dataset, its date and the publisher’s note, and whether we hold it."""
    from ingestion.lake import Lake
    from ingestion.nightly import Run
    from ingestion.statswales import history as past
    from ingestion.statswales import sources

    welsh = _welsh(lang)
    this = Run("sources", None, _settings(source))
    dataset = sources.entry(this.registry, key)
    ledger = past.read_ledger(Lake(this.settings.lake_url), dataset.key)
    if as_json:
        _say(json.dumps(ledger.model_dump(mode="json") if ledger else None, ensure_ascii=False, indent=1))
        return
    if ledger is None:
        _say(
            f"Nid oes neb wedi gofyn eto pa ddiwygiadau a gyhoeddwyd: gofal sources backfill {key}"
            if welsh
            else f"Nobody has asked yet which revisions were published: gofal sources backfill {key}",
            fg="yellow",
        )
        return
    _say(f"{key}  ({ledger.checked_at:%Y-%m-%d}, {ledger.url})", bold=True)
    for revision in ledger.revisions:
        marks = [past.STATES[revision.state][welsh]]
        marks += [("current", "cyfredol")[welsh]] if revision.is_current and revision.state != "to_load" else []
        marks += [("withdrawn by the publisher", "tynnwyd yn ôl gan y cyhoeddwr")[welsh]] if revision.withdrawn else []
        number = "–" if revision.index is None else str(revision.index)
        title = (revision.title_cy or revision.title_en) if welsh else (revision.title_en or revision.title_cy)
        colour = "green" if revision.state == "held" else "yellow"
        _say(f"  {revision.publish_at:%Y-%m-%d %H:%M}  {number:>3}  {'; '.join(marks)}", fg=colour)
        _say(f"      {title or '–'}  ({revision.id})")
        if note := (revision.reason_cy or revision.reason_en) if welsh else (revision.reason_en or revision.reason_cy):
            _say(f"      {' '.join(note.split())}")


@app.command()
def scaffold(
    key: Annotated[str | None, typer.Argument(help="A registry key.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every entry.")] = False,
    write: Annotated[bool, typer.Option("--write/--print", help="Write the files, or show them.")] = True,
    project: Annotated[Path | None, typer.Option(help="Another dbt project than ours.")] = None,
) -> None:
    """Write an entry’s dbt staging model and its documentation."""
    from ingestion.statswales import scaffold as scaffolding
    from ingestion.statswales import sources
    from ingestion.statswales.registry import load_registry

    registry = load_registry()
    if (key is None) != every:
        raise typer.BadParameter("expected a registry key, or --all")
    chosen = registry if key is None else {key: sources.entry(registry, key)}
    if not write:
        for dataset in chosen.values():
            for path, text in scaffolding.files_of(dataset).items():
                _say(f"-- {path}", bold=True)
                _say(text)
        return
    for written in scaffolding.write_all(chosen, project or scaffolding.PROJECT):
        _say(str(written))


@app.command()
def pull(
    target: Annotated[str, typer.Argument(metavar="UUID|KEY", help="A dataset’s id, or a registry key.")],
    lang: Annotated[str, typer.Option(help="Language of column names and of the labels that come first.")] = "en",
    force: Annotated[bool, typer.Option(help="Fetch it although this revision is there already.")] = False,
    source: Source = None,
    as_json: Json = False,
) -> None:
    """Pull any published dataset into a Parquet file of its own, to query beside the marts."""
    from ingestion.nightly import Run
    from ingestion.statswales import mirror as mirroring

    language: Literal["en", "cy"] = "cy" if _welsh(lang) else "en"
    this = Run("sources", None, _settings(source))
    with this.client() as client:
        found = mirroring.pull(target, client, this.settings, this.registry, lang=language, force=force)
    first, both = mirroring.example_sql(found, this.settings)
    if as_json:
        _say(json.dumps({**found.model_dump(mode="json"), "sql": [first, both]}, ensure_ascii=False, indent=1))
        return
    _say(f"{found.title_en or '–'}\n{found.title_cy or '–'}", bold=True)
    _say(f"  {found.rows:,} rows; revision {found.revision_index or '?'} of {str(found.published_at)[:10]}")
    _say(f"  {', '.join(found.columns)}")
    _say(f"  {found.path}")
    _say("\nThe figures are as published: nothing was checked. In DuckDB:")
    _say(f"  {first}")
    _say("Beside the published marts:")
    _say(f"  {both}")


def mirror(
    limit: Annotated[int | None, typer.Option(min=1, help="Fetch at most so many datasets now.")] = None,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Keep the entire catalogue: every dataset’s bytes and metadata. Stopped at any point, it goes on from there."""
    from ingestion.nightly import Run
    from ingestion.statswales import mirror as mirroring

    welsh = _welsh(lang)
    words = {
        "fetched": ("fetched", "wedi’i nôl"),
        "withdrawn": ("withdrawn", "wedi’i thynnu’n ôl"),
        "failed": ("FAILED", "METHODD"),
    }

    def told(done: int, total: int, item: CatalogueItem, outcome: str) -> None:
        if outcome in words and not as_json:
            colour = "red" if outcome == "failed" else None
            _say(f"[{done}/{total}] {words[outcome][welsh]}: {item.title}  ({item.id})", fg=colour)

    this = Run("mirror", None, _settings(source))
    with this.client() as client:
        found = mirroring.mirror(client, this.settings.root / "mirror", limit=limit, on_progress=told)
    if as_json:
        _dump(found)
    else:
        for ident, failure in found.failures.items():
            _say(f"  {ident}: {failure['cy' if welsh else 'en']}", fg="red")
        if found.is_down:
            _say(("The service does not answer: stopped.", "Nid yw’r gwasanaeth yn ateb: stopiwyd.")[welsh], fg="red")
        counts = (
            f"{found.listed:,} yn y rhestr: {found.fetched:,} wedi’u nôl, {found.unchanged:,} heb newid, "
            f"{found.withdrawn:,} wedi’u tynnu’n ôl, {len(found.failures):,} wedi methu, {found.left:,} ar ôl"
            if welsh
            else f"{found.listed:,} listed: {found.fetched:,} fetched, {found.unchanged:,} unchanged, "
            f"{found.withdrawn:,} withdrawn, {len(found.failures):,} failed, {found.left:,} left"
        )
        _say(f"{counts}. {found.root}", bold=True)
    raise SystemExit(1 if found.failures else 0)


__all__ = ["app", "mirror"]
