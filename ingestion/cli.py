"""The ``gofal`` command. Every command has ``--help``; those that scripts use have ``--json``.

Exit codes: 0 well (a quarantine is a warning), 1 something failed and the rest was done, 2 nothing could be done.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ingestion import cli_builds, cli_figures, cli_questions, cli_returns, cli_sources
from ingestion.errors import GofalError

if TYPE_CHECKING:
    from ingestion.config import Settings  # importing it takes longer than all the rest of `gofal --help`
    from ingestion.freshness import Freshness
    from ingestion.lake import Lake, LoadRecord
    from ingestion.nightly import Run
    from ingestion.report import Report
    from ingestion.returns.summary import ReturnsReport

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)
importing = typer.Typer(no_args_is_help=True, help="Bring files into the lake by hand.")
laking = typer.Typer(no_args_is_help=True, help="Look after the lake.")
app.add_typer(importing, name="import")
app.add_typer(laking, name="lake")
app.add_typer(cli_sources.app, name="sources")
app.add_typer(cli_returns.app, name="returns")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Source = Annotated[str | None, typer.Option(help="sample or live; each has a home of its own.")]
Build = Annotated[bool, typer.Option(help="Build and publish at once, or leave it to the next run.")]
DatasetIds = Annotated[
    list[str] | None,
    typer.Option("--dataset", metavar="KEY=UUID", help="Another id than the registry pins, for another deployment."),
]


def main() -> None:
    """Run the command; an error of ours is a sentence on standard error, not a traceback."""
    try:
        app()
    except GofalError as error:
        _fail(error)


def _fail(error: GofalError) -> NoReturn:
    typer.secho(error.en, fg="red", err=True)
    typer.secho(error.cy, fg="red", err=True)
    raise SystemExit(2)


def _settings(source: str | None = None) -> Settings:
    from ingestion.config import Settings

    if source not in (None, "sample", "live"):
        raise typer.BadParameter(f"expected sample or live, found {source!r}")
    return Settings.model_validate({"source": source}) if source else Settings()


def _pairs(texts: list[str] | None, what: str) -> dict[str, str]:
    pairs = {}
    for text in texts or []:
        key, separator, value = text.partition("=")
        if not (key and separator and value):
            raise typer.BadParameter(f"expected {what}, found {text!r}")
        pairs[key] = value
    return pairs


def _say(text: str = "", **style: Any) -> None:
    typer.secho(text, **style)


# -- running ---------------------------------------------------------------------------------------------------


@app.command()
def run(
    source: Source = None,
    dataset: DatasetIds = None,
    only: Annotated[list[str] | None, typer.Option(help="A registry key; may be given more than once.")] = None,
    force: Annotated[bool, typer.Option(help="Fetch, build and publish although nothing changed.")] = False,
    verify: Annotated[bool, typer.Option(help="Re-hash every dataset, not only tonight's slice.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Build what was known at this moment (ISO 8601).")] = None,
    release: Annotated[int | None, typer.Option(help="Which release of the bundled sample to publish.")] = None,
    as_json: Json = False,
) -> None:
    """Run the nightly load once, as the DAG, and say what it did."""
    from ingestion import airflow_local, nightly, transform

    settings = _settings(source)
    if release is not None:
        settings.sample_release = release
    moment = _moment(as_of)
    conf = nightly.Params(
        datasets=only or [],
        dataset_ids=_pairs(dataset, "KEY=UUID"),
        force=force,
        verify=verify,
        as_of=moment,
    )
    this = nightly.Run(f"manual__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}", conf, settings)
    try:
        _ = this.registry
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    _ = this.lake  # a lake of the other kind is refused before anything is started
    environment = airflow_local.environment(settings) | {"GOFAL_RUN_ID": this.run_id}
    began = time.monotonic()
    airflow_local.initialise(settings, env=environment)
    with transform.parsed_ahead(settings), nightly.api_url(settings) as (url, limited):
        if not limited:
            environment["GOFAL_STATSWALES_URL"] = url
            environment["GOFAL_COUNT_REQUESTS"] = "false"
        this.folder.path.mkdir(parents=True, exist_ok=True)
        log = this.folder.path / "airflow.log"
        command = [sys.executable, "-m", "airflow", "dags", "test", "nightly_load", "--conf", conf.model_dump_json()]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
            _watch(process, this, quiet=as_json)
    document = this.folder.read("report")
    if document is None:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise GofalError(
            f"Airflow ended with code {process.returncode} before the run could report. Its last lines:\n{tail}\n"
            f"The whole log: {log}",
            f"Daeth Airflow i ben gyda chod {process.returncode} cyn i’r rhediad allu adrodd. Y log cyfan: {log}",
            code="no_report",
        )
    from ingestion.report import Report

    report = Report.model_validate(document)
    if as_json:
        _say(report.model_dump_json(indent=1))
    else:
        _summary(report, this.folder.path, time.monotonic() - began)
    raise SystemExit(report.exit_code)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a moment such as 2019-12-01 or 2019-12-01T09:30, found {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


SHOWN = 10
"""Of a long list, how many a summary shows."""
STAGES = {
    "run": "Airflow is starting",
    "discover": "landing and checking",
    "check_timing": "moving to raw",
    "build": "publishing",
    "publish": "reporting",
}


def _watch(process: subprocess.Popen[bytes], run: Any, *, quiet: bool) -> None:
    """Wait for the run, telling its stage on a terminal. Ctrl-C stops it and everything that it started."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet)
    try:
        with console.status("Airflow is starting…") as status:
            while process.poll() is None:
                reached = [text for name, text in STAGES.items() if (run.folder.path / f"{name}.json").exists()]
                landed = len(list((run.folder.path / "land").glob("*.json")))
                if (run.folder.path / "raw").exists() and not (run.folder.path / "build.json").exists():
                    status.update("building with dbt…")
                elif reached:
                    status.update(f"{reached[-1]}…" + (f" ({landed} landed)" if landed else ""))
                time.sleep(0.2)
    except KeyboardInterrupt:
        process.terminate()
        process.wait(30)
        raise


def _more(left: int) -> None:
    if left > 0:
        _say(f"  … and {left} more, in the report")


def _summary(report: Report, folder: Path, seconds: float) -> None:
    from ingestion.report import NOT_TO_LOAD, OUTCOMES

    words = OUTCOMES | NOT_TO_LOAD
    colour = {0: "green", 1: "yellow", 2: "red"}[report.exit_code]
    _say()
    _say(report.headline_en, fg=colour, bold=True)
    _say(report.headline_cy, fg=colour)
    if report.source == "sample":
        _say(
            "Every figure is SYNTHETIC: the bundled sample.  |  Mae pob ffigur yn SYNTHETIG: y sampl a ddaw gyda Gofal."
        )
    if not report.is_inbox:
        _say(f"\nSources ({len(report.sources)})", bold=True)
    for group in report.groups:
        counted = ", ".join(f"{number} {words[outcome][0]}" for outcome, number in group.outcomes.items())
        _say(f"  {group.title_en:<24} {counted}")
        for s in group.told:
            _say(f"    {s.key:<40} {words[s.outcome][0]}")
            for m in s.messages:
                if m.severity != "info":
                    _say(f"      {m.severity}: {m.en}", fg="yellow" if m.severity == "warning" else "red")
    for e in report.errors:
        _say(f"  {e.stage}: {e.en}", fg="red")
    if report.returns:
        _say_run_returns(report.returns)
    if report.late:
        _say("\nLate updates", bold=True)
        _say(f"  {report.late_summary[0]}", fg=None if report.source == "sample" else "yellow")
        if report.source != "sample":
            for late in report.late[:SHOWN]:
                _say(f"  {late.source_key:<40} {late.message_en}", fg="yellow")
            _more(len(report.late) - SHOWN)
    _say("\nBuild", bold=True)
    if report.build_skipped:
        _say("  Nothing that a mart depends on changed: nothing was built.")
    elif report.build_id:
        _say(
            f"  {report.build_id}: {report.models} models, {report.tests_passed} tests passed, "
            f"{len(report.tests_warned)} warned, {report.build_seconds} s"
        )
    if report.published_now:
        marts = ", ".join(f"{name.split('.')[1]} {rows:,}" for name, rows in sorted(report.tables.items()))
        _say(f"  {len(report.tables)} marts: {marts}")
    changed = report.loaded_changes
    if changed:
        new, revised, gone = (sum(getattr(c, f"cells_{what}") for c in changed) for what in ("new", "revised", "gone"))
        _say("\nWhat changed", bold=True)
        datasets = "dataset" if len(changed) == 1 else "datasets"
        _say(f"  {len(changed)} {datasets}: {new:,} new cells, {revised:,} revised, {gone:,} gone")
        most = [c for c in changed if c.cells_revised]
        for c in most[:SHOWN]:
            _say(f"  {c.source_key:<40} vintage {c.vintages}: {c.cells_revised:,} revised")
        _more(len(most) - SHOWN)
    current = Path(report.home) / "published" / "current"
    _say("\nWhere to look next", bold=True)
    _say(f"  {current / 'gofal.duckdb'}   (open it read-only)")
    _say(f"  {current / 'parquet'}")
    _say(f"  {folder / 'report.en.html'}   {folder / 'report.cy.html'}")
    _say("  gofal status        every dataset, what is held of it and how fresh that is")
    _say("  gofal changes KEY   every figure that a release changed")
    _say(f"\n{seconds:.0f} s")


def _say_run_returns(told: ReturnsReport) -> None:
    from ingestion.returns.wording import status_in_a_sentence

    _say("\nReturns", bold=True)
    if told.outcomes is not None:
        judged = ", ".join(
            f"{number:,} {status_in_a_sentence(outcome, 'en')}" for outcome, number in told.outcomes.items()
        )
        _say(f"  {judged or 'nothing was in the inbox'}")
    for sent in [s for s in told.sent if s.outcome != "held"][:SHOWN]:
        where = " · ".join(part for part in (sent.title_en, sent.area_en, sent.period_key) if part)
        _say(f"  {where}: {status_in_a_sentence(sent.outcome, 'en')}", fg="yellow")
        for reason in sent.reasons[:1]:
            _say(f"      {reason.severity}: {reason.en}", fg="yellow" if reason.severity == "warning" else "red")
    _more(sum(s.outcome != "held" for s in told.sent) - SHOWN)
    if told.late:
        _say(f"  {len(told.late):,} late: gofal returns status --late", fg="yellow")


@app.command()
def airflow(
    source: Source = None,
    port: Annotated[int, typer.Option(help="The UI's port on this machine.")] = 8080,
    release: Annotated[int | None, typer.Option(help="Which release of the bundled sample to publish.")] = None,
) -> None:
    """Start a real local Airflow with its UI; the nightly load runs at 02:00 Europe/London. Ctrl-C stops it."""
    from ingestion import airflow_local

    settings = _settings(source)
    if release is not None:
        settings.sample_release = release

    def ready(url: str) -> None:
        _say(f"Airflow is at {url} (nightly_load runs at 02:00 Europe/London). Ctrl-C stops it.", fg="green")

    _say("Airflow is starting…")
    airflow_local.start(settings, port, on_ready=ready)


@app.command()
def standin(
    serve: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=FIRST.csv,SECOND.csv,+UPDATE.csv",
            help="A CSV to serve, and its later revisions; one behind a + holds only the rows that are new or other.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 8099,
    publish: Annotated[
        int | None, typer.Option(help="How many of the files are published at the start; all by default.")
    ] = None,
    every: Annotated[float | None, typer.Option(help="Publish one more file every so many seconds.")] = None,
    release: Annotated[int, typer.Option(help="Without --serve: which release of the bundled sample.")] = 1,
    synthetic: Annotated[bool, typer.Option(help="Say in the titles that the figures are synthetic.")] = False,
    dataset: DatasetIds = None,
    rate_limit: Annotated[
        bool, typer.Option(help="Answer 429 past 100 requests a minute, as the service does.")
    ] = True,
) -> None:
    """Serve files, or the bundled sample, as StatsWales does, on this machine."""
    from ingestion.airflow_local import stop_signals
    from ingestion.sample.generate import build_sample
    from ingestion.sample.serve import parse_specs, serve_files

    limit = 100 if rate_limit else None
    if serve:
        server = serve_files(
            parse_specs(serve),
            port,
            uuids=_pairs(dataset, "KEY=UUID"),
            publish_upto=publish,
            every=every,
            rate_limit=limit,
            is_synthetic=synthetic,
        )
    else:
        server = build_sample(release, rate_limit=limit)
        server.start(port)
    try:
        with stop_signals() as stopped:
            _say(f"StatsWales stand-in at {server.url}")
            for entry in server.entries.values():
                _say(f"  {entry.id}  {entry.key or ''}")
            if server.pending:
                _say(f"{len(server.pending)} revision(s) wait. Publish the next one:")
                _say(f"  curl -X POST {server.url.removesuffix('/v2')}/__standin__/publish")
            _say("Ctrl-C stops it.")
            sys.stdout.flush()
            while not stopped():
                time.sleep(0.2)
    finally:
        server.close()


# -- looking ---------------------------------------------------------------------------------------------------


@app.command()
def status(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY…", help="Registry keys; every dataset by default.")
    ] = (None),
    source: Source = None,
    lang: Annotated[str, typer.Option(help="Which language the sentences are in: en or cy. JSON has both.")] = "en",
    as_json: Json = False,
) -> None:
    """Say of every registered dataset what is held of it, how fresh that is, and what is late or in quarantine."""
    from ingestion import freshness
    from ingestion import publish as publishing
    from ingestion.lake import Lake
    from ingestion.statswales import sources
    from ingestion.statswales.registry import load_registry

    if lang not in ("en", "cy"):
        raise typer.BadParameter(f"expected en or cy, found {lang!r}")
    settings = _settings(source)
    lake = Lake(settings.lake_url)
    entries = load_registry()
    registry = {key: sources.entry(entries, key) for key in keys} if keys else entries
    found = freshness.status(lake, registry)
    current = publishing.current_manifest(settings)
    stamp = lake.stamp()
    document: dict[str, Any] = {
        "home": str(settings.root),
        "lake": stamp.kind if stamp else None,
        "published": {k: current[k] for k in ("build_id", "published_at", "commit", "tables")} if current else None,
        "held": publishing.hold(settings),
        "sources": [{"key": f.source_key, **f.model_dump(mode="json", exclude={"source_key"})} for f in found],
        "other_sources": [] if keys else _other_sources(lake, registry),
        "returns": None if keys else _returns(settings, lake),
    }
    if as_json:
        _say(json.dumps(document, ensure_ascii=False, indent=1))
        return
    _say(f"{settings.root}: {stamp.kind if stamp else 'no'} lake")
    if current:
        _say(
            f"Published: build {current['build_id']} at {current['published_at'][:19]}, {len(current['tables'])} marts"
        )
    else:
        _say("Nothing is published yet: gofal run", fg="yellow")
    if document["held"]:
        _say("Publishing is held by a rollback: gofal publish --release", fg="yellow")
    if stamp and stamp.kind == "sample" and any(f.state == "late" for f in found):
        told = (
            "The sample stands still, so its updates look late.",
            "Mae’r sampl yn sefyll yn stond, felly mae ei diweddariadau’n ymddangos yn hwyr.",
        )
        _say(told[lang == "cy"])
    for theme, titles in freshness.THEMES.items():
        group = [f for f in found if f.theme == theme]
        if group:
            _say(f"\n{titles[lang == 'cy']}", bold=True)
        for one in group:
            _say_freshness(one, lang)
    if document["other_sources"]:
        _say(f"\n{('Other sources', 'Ffynonellau eraill')[lang == 'cy']}", bold=True)
    for row in document["other_sources"]:
        _say(_held(row["key"], row["rows"], row["vintages"], (row["known_from"] or "")[:10], "", lang))
    if document["returns"]:
        _say_returns(document["returns"], lang)


def _returns(settings: Settings, lake: Lake) -> dict[str, Any] | None:
    """How many returns are expected, stand, are held, were not accepted and are overdue; None where none ever came."""
    from ingestion.lake import utc_now
    from ingestion.returns import summary
    from ingestion.returns.snapshot import clock
    from ingestion.returns.standing import standings
    from ingestion.returns.store import ReturnStore

    store = ReturnStore(lake)
    if not store.receipts():
        return None
    ledger = store.ledger()
    moment = clock(ledger, sample=settings.lake_kind == "sample", as_of=None, now=utc_now())
    found = standings(ledger, moment)
    return {"moment": moment.isoformat(), **summary.counts(found)}


def _say_returns(counted: Mapping[str, Any], lang: str) -> None:
    from ingestion.returns.wording import status_in_a_sentence

    welsh = lang == "cy"
    _say(f"\n{('Returns', 'Ffurflenni')[welsh]}", bold=True)
    words = {"expected": ("expected", "a ddisgwylir")[welsh], "stand": ("stand", "yn sefyll")[welsh]}
    words |= {key: status_in_a_sentence(key, lang) for key in ("held", "quarantined", "overdue")}
    for key, named in words.items():
        late = counted[key] and key in ("quarantined", "overdue")
        _say(f"  {counted[key]:>6,} {named}", fg="yellow" if late else None)
    _say(f"  {('who and which', 'pwy a pha rai')[welsh]}: gofal returns status")


def _say_freshness(one: Freshness, lang: str) -> None:
    """A dataset in one line, and a sentence where there is something to know or to do."""
    from ingestion.freshness import STATES

    welsh = lang == "cy"
    known = f"{one.known_from:%Y-%m-%d}" if one.known_from else ""
    colour = "yellow" if one.state in ("late", "never_loaded", "withdrawn") else None
    _say(_held(one.source_key, one.rows, one.vintages, known, STATES[one.state][welsh], lang), fg=colour)
    if one.state != "fresh":
        _say(f"    {one.message_cy if welsh else one.message_en}", fg=colour)
    if one.not_served:
        _say(
            f"    Nid yw {one.not_served} o’r {one.published} diwygiad a gyhoeddwyd ar gael mwyach."
            if welsh
            else f"    {one.not_served} of the {one.published} revisions that were published are no longer served."
        )
    for text in one.quarantined_cy if welsh else one.quarantined_en:
        _say(f"    {'mewn cwarantin' if welsh else 'quarantined'}: {text}", fg="yellow")


def _held(key: str, rows: int | None, vintages: int, known_from: str, state: str, lang: str) -> str:
    if not vintages:
        return f"  {key:<44} {state}".rstrip()
    counted = f"{rows:>11,}" if rows is not None else " " * 11
    words = ("rows", "vintages", "known from") if lang == "en" else ("rhes", "fersiwn", "yn hysbys ers")
    since = f"{words[2]} {known_from}" if known_from else " " * (len(words[2]) + 11)
    return f"  {key:<44} {counted} {words[0]}  {vintages:>3} {words[1]}  {since}  {state}".rstrip()


def _other_sources(lake: Lake, registry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the lake holds besides the registry: documents, exports, datasets that were pulled by hand."""
    vintages: dict[str, list[LoadRecord]] = {}
    for record in lake.vintages():
        if record.source_key not in registry:
            vintages.setdefault(record.source_key, []).append(record)
    return [
        {
            "key": key,
            "kind": loads[-1].kind,
            "title_en": loads[-1].title_en,
            "title_cy": loads[-1].title_cy,
            "vintages": len(loads),
            "rows": loads[-1].rows,
            "known_from": loads[-1].known_from.isoformat() if loads[-1].known_from else None,
            "loaded_at": loads[-1].landed_at.isoformat(),
        }
        for key, loads in vintages.items()
    ]


@app.command()
def publish(
    source: Source = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the build before, and hold.")] = False,
    to: Annotated[str | None, typer.Option(help="With --rollback: the build to go back to.")] = None,
    release: Annotated[bool, typer.Option("--release", help="End the hold of a rollback.")] = False,
) -> None:
    """List what is published; go back to an earlier build, or end the hold of a rollback."""
    from ingestion import publish as publishing

    settings = _settings(source)
    if rollback:
        _say(f"Readers now see build {publishing.rollback(settings, to)}. Publishing is held: gofal publish --release")
    elif release:
        _say("The hold is ended." if publishing.release(settings) else "Nothing was held.")
    else:
        now = publishing.current_version(settings)
        for version in publishing.versions(settings):
            _say(f"{'*' if version == now else ' '} {version}")


@app.command()
def report(
    run_id: Annotated[str | None, typer.Argument(help="A run; the newest by default.")] = None,
    source: Source = None,
    as_json: Json = False,
) -> None:
    """Show the report of a run again."""
    from ingestion.report import Report

    settings = _settings(source)
    found = sorted(settings.runs.glob("*/report.json"), key=lambda p: p.stat().st_mtime)
    chosen = settings.runs / run_id / "report.json" if run_id else (found[-1] if found else None)
    if chosen is None or not chosen.exists():
        raise GofalError(
            f"No report of {'run ' + run_id if run_id else 'any run'} in {settings.runs}. Run: gofal run",
            f"Nid oes adroddiad o {'rediad ' + run_id if run_id else 'unrhyw rediad'} yn {settings.runs}. "
            "Rhedwch: gofal run",
            code="no_report",
        )
    document = Report.model_validate_json(chosen.read_text(encoding="utf-8"))
    if as_json:
        _say(document.model_dump_json(indent=1))
    else:
        _summary(document, chosen.parent, 0)


app.command("figure")(cli_figures.figure)
app.command("changes")(cli_figures.changes)
app.command("diff")(cli_builds.diff)
app.command("questions")(cli_questions.questions)
app.command("mirror")(cli_sources.mirror)


# -- the lake --------------------------------------------------------------------------------------------------


@laking.command()
def freeze(source: Source = None, as_of: Annotated[str | None, typer.Option(help="ISO 8601.")] = None) -> None:
    """Freeze the lake as it is, for an analyst's own ``dbt build``."""
    from ingestion import transform
    from ingestion.lake import Lake, utc_now
    from ingestion.statswales.registry import load_registry

    settings = _settings(source)
    lake = Lake(settings.lake_url)
    folder = settings.builds / f"{utc_now():%Y%m%dT%H%M%S%fZ}" / "snapshot"
    frozen = transform.freeze(lake, load_registry(), folder, as_of=_moment(as_of), now=utc_now())
    transform.point(settings.snapshot, folder)
    _say(f"{frozen.vintages} vintages frozen: {settings.snapshot}")


@laking.command()
def erase(
    submission: Annotated[str, typer.Argument(help="A submission's key, or how it begins.")],
    reason: Annotated[str, typer.Option(help="Why; the tombstone keeps it.")],
    by: Annotated[str | None, typer.Option(help="In what role you do it; the tombstone keeps it.")] = None,
    source: Source = None,
) -> None:
    """Remove a submission that must not be kept from the lake, from every build and from what is published.

    A tombstone stays. What it had in the marts is gone with a new build, and earlier publications with it.
    """
    for path in cli_returns.erase_submission(submission, reason, by, _settings(source)):
        _say(path)


@laking.command()
def verify(source: Source = None) -> None:
    """Re-hash every landed file and compare it with the name it is kept under. What was erased is not missing."""
    from rich.progress import track

    from ingestion.lake import Lake
    from ingestion.returns.store import ReturnStore

    lake = Lake(_settings(source).lake_url)
    files = {f.path: f for r in lake.records() for f in r.files}
    sent = ReturnStore(lake).ledger().submissions.values()
    files |= {s.receipt.file.path: s.receipt.file for s in sent if not s.erased}
    bad = [
        f for f in track(list(files.values()), description="hashing") if not (lake.exists(f.path) and lake.verify(f))
    ]
    for file in bad:
        _say(f"damaged or missing: {file.path} ({file.role}, {file.bytes:,} bytes, from {file.url})", fg="red")
    _say(f"{len(files) - len(bad):,} of {len(files):,} landed files are whole.")
    raise SystemExit(2 if bad else 0)


@importing.command("statswales-export")
def import_export(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    dataset: Annotated[str, typer.Option(help="The registry entry whose figures these are.")] = (
        "children_looked_after_gender_age"
    ),
    year: Annotated[str | None, typer.Option(help="The period, where neither file nor file name says it.")] = None,
    known_from: Annotated[str | None, typer.Option(help="When the figures were published (ISO 8601).")] = None,
    build: Build = True,
    source: Source = "live",
) -> None:
    """Load old StatsWales exports (wide tables) and rebuild."""
    from ingestion.statswales import export

    this = _import_run(source)
    record = export.export_to_batch(
        files,
        this.registry[dataset],
        this.lake,
        run_id=this.run_id,
        year=year,
        known_from=_moment(known_from),
    )
    _finish_import(this, record, build=build)


@importing.command("figures")
def import_figures(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    document: Annotated[str, typer.Option(help="A short key for the document that printed them.")],
    title_en: Annotated[str | None, typer.Option(help="The document's title.")] = None,
    title_cy: Annotated[str | None, typer.Option(help="Its title in Welsh.")] = None,
    known_from: Annotated[str | None, typer.Option(help="When it was published, for rows that do not say.")] = None,
    build: Build = True,
    source: Source = "live",
) -> None:
    """Load printed figures, to reconcile the statistics against them, and rebuild."""
    from ingestion import figures

    this = _import_run(source)
    record = figures.figures_to_batch(
        file,
        this.lake,
        run_id=this.run_id,
        document_key=document,
        title_en=title_en,
        title_cy=title_cy,
        known_from=_moment(known_from),
    )
    _finish_import(this, record, build=build)


@importing.command("gdp-deflators")
def import_deflators(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    known_from: Annotated[
        str | None, typer.Option(help="When it was published (ISO 8601); else the latest day that its heading names.")
    ] = None,
    build: Build = True,
    source: Source = "live",
) -> None:
    """Load the GDP deflators that HM Treasury publishes as CSV, by which money is put in real terms, and rebuild."""
    from ingestion import deflators

    this = _import_run(source)
    record = deflators.deflators_to_batch(file, this.lake, run_id=this.run_id, known_from=_moment(known_from))
    _finish_import(this, record, build=build)


def _import_run(source: str | None) -> Run:
    """A run of its own for what is brought by hand."""
    from ingestion.nightly import Run

    now = datetime.now(UTC)
    this = Run(f"import__{now:%Y-%m-%dT%H-%M-%S-%f}", None, _settings(source))
    this.folder.write("run", {"run_id": this.run_id, "is_import": True, "started_at": now.isoformat()})
    return this


def _finish_import(this: Run, record: LoadRecord, *, build: bool) -> None:
    """Judge, accept, build and publish what was imported, by the same stages as a night."""
    import contextlib

    from ingestion import nightly

    this.folder.write(f"land/{record.source_key}", record)
    with contextlib.suppress(Exception):  # on record; the report tells it
        nightly.check(this)
        nightly.accept(this)
        if not build:
            outcome = (this.folder.read(f"raw/{record.source_key}") or {}).get("outcome", str(record.outcome))
            _say(f"{record.source_key}: {outcome}, {record.rows} rows. Nothing was built yet: gofal run")
            raise SystemExit(0)
        nightly.build(this)
        nightly.publish(this)
    made = nightly.report(this)
    _summary(made, this.folder.path, (made.finished_at - made.started_at).total_seconds() if made.started_at else 0)
    raise SystemExit(made.exit_code)


__all__ = ["app", "main"]
