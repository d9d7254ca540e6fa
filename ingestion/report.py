"""The run report: what a night found and did, for a person (HTML in both languages), a script (JSON) and a webhook."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from ingestion import freshness
from ingestion.config import Settings
from ingestion.freshness import Freshness
from ingestion.lake import Lake, LoadRecord, Message, Outcome, utc_now
from ingestion.returns import summary
from ingestion.returns.summary import ReturnsReport
from ingestion.returns.wording import status_words
from ingestion.runs import RunFolder
from ingestion.statswales.registry import Dataset

Language = Literal["en", "cy"]
TEMPLATE = Path(__file__).with_name("templates") / "report.html.j2"

OUTCOMES: dict[str, tuple[str, str]] = {
    "accepted": ("accepted", "derbyniwyd"),
    "accepted_with_warnings": ("accepted with warnings", "derbyniwyd gyda rhybuddion"),
    "quarantined": ("quarantined", "mewn cwarantin"),
    "unchanged": ("unchanged", "heb newid"),
    "withdrawn": ("withdrawn by the publisher", "tynnwyd yn ôl gan y cyhoeddwr"),
    "failed": ("failed", "methodd"),
}
"""Every outcome of a load, as a person reads it."""
NOT_TO_LOAD: dict[str, tuple[str, str]] = {
    "awaiting": freshness.STATES["awaiting"],
    "to_find": freshness.STATES["to_find"],
    "found": ("found, to be pinned", "wedi’i chanfod, i’w phinio"),
    "unconfirmed": freshness.STATES["to_confirm"],
}
"""What `discover` decides of entries that there is nothing to fetch of: information, not a failure."""


PLAIN = frozenset({"accepted", "unchanged"})
"""Outcomes of which a summary gives only the number."""
OTHER_SOURCES = ("Other sources", "Ffynonellau eraill")


class Source(BaseModel):
    """One dataset in the report."""

    key: str
    theme: str | None = None
    """As the registry has it; None for what was imported."""
    title_en: str
    title_cy: str
    outcome: str
    rows: int | None = None
    known_from: datetime | None = None
    load_id: str | None = None
    requests: int = 0
    seconds: float = 0.0
    messages: list[Message] = []

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say of it but that it is well."""
        return self.outcome in PLAIN and not any(m.severity != "info" for m in self.messages)


class Group(BaseModel):
    """The datasets of one theme."""

    title_en: str
    title_cy: str
    outcomes: dict[str, int]
    """How many came to what, in the order of `OUTCOMES`."""
    sources: list[Source]

    @property
    def told(self) -> list[Source]:
        """Those that a summary names."""
        return [s for s in self.sources if not s.is_plain]


class Change(BaseModel):
    """What the newest vintage of a source changed in the marts."""

    source_key: str
    vintages: int
    known_from: datetime | None
    cells_new: int
    cells_revised: int
    cells_gone: int


class StageError(BaseModel):
    """A stage that raised."""

    stage: str
    code: str
    en: str
    cy: str


class Report(BaseModel):
    """Everything a run has to say."""

    run_id: str
    source: str
    home: str
    started_at: datetime | None
    finished_at: datetime
    is_inbox: bool = False
    """Whether the run took returns only."""
    sources: list[Source]
    returns: ReturnsReport | None = None
    """None where nobody ever sent one."""
    late: list[Freshness] = []
    """Datasets whose publisher said that an update would have come by now."""
    build_id: str | None = None
    build_skipped: bool = False
    build_seconds: float | None = None
    models: int = 0
    tests_passed: int = 0
    tests_warned: list[str] = []
    tables: dict[str, int] = {}
    published_build: str | None = None
    published_now: bool = False
    is_synthetic: bool | None = None
    changes: list[Change] = []
    errors: list[StageError] = []
    exit_code: int = 0
    headline_en: str = ""
    headline_cy: str = ""

    @property
    def groups(self) -> list[Group]:
        """The datasets by theme, in the themes' order."""
        titles = [*freshness.THEMES.items(), (None, OTHER_SOURCES)]
        found = []
        for theme, (en, cy) in titles:
            mine = [s for s in self.sources if s.theme == theme]
            count = Counter(s.outcome for s in mine)
            outcomes = {o: count[o] for o in (*OUTCOMES, *NOT_TO_LOAD) if count[o]}
            if mine:
                found.append(Group(title_en=en, title_cy=cy, outcomes=outcomes, sources=mine))
        return found

    @property
    def late_summary(self) -> tuple[str, str]:
        """How many updates are late, in a sentence. The sample has the dates of its releases, and stands still."""
        number = len(self.late)
        if self.source == "sample":
            return (
                f"{number} updates would be late by now: the sample stands still, so that says nothing.",
                f"Byddai {number} diweddariad yn hwyr erbyn hyn: mae’r sampl yn sefyll yn stond, felly nid yw hynny’n "
                "dweud dim.",
            )
        return (
            f"{number} {'update that was' if number == 1 else 'updates that were'} expected by now "
            f"{'has' if number == 1 else 'have'} not come.",
            f"Nid yw {number} diweddariad a ddisgwylid erbyn hyn wedi dod.",
        )

    @property
    def has_warnings(self) -> bool:
        """Whether something was left out, or needs a look."""
        troubled = {"quarantined", "accepted_with_warnings", "withdrawn"}
        return any(s.outcome in troubled for s in self.sources) or bool(self.returns and self.returns.has_warnings)

    @property
    def loaded_changes(self) -> list[Change]:
        """What this run's own loads changed, the most revised first."""
        loaded = {s.key for s in self.sources if s.outcome.startswith("accepted")}
        mine = [c for c in self.changes if c.source_key in loaded]
        return sorted(mine, key=lambda c: (-c.cells_revised, -c.cells_gone, -c.cells_new, c.source_key))


def make(settings: Settings, folder: RunFolder, registry: Mapping[str, Dataset], ended: str | None = None) -> Report:
    """Put together what the stages wrote.

    Args:
        settings: Where things live.
        folder: The run's folder.
        registry: The datasets that the run was asked for.
        ended: Why the run ended early, where no stage could say so.

    Returns:
        The report with its exit code: 0 well (also with warnings or a quarantine), 1 a fetch or a check failed and the
        rest is published, 2 nothing is published or the build failed.
    """
    from ingestion import publish as publishing

    run = folder.read("run") or {}
    discovery = folder.read("discover") or {}
    built = folder.read("build") or {}
    published = folder.read("publish")
    current = publishing.current_manifest(settings)
    raised = sorted(folder.read_all("errors").values(), key=lambda e: str(e["at"]))
    errors = [StageError.model_validate(e) for e in raised]
    if ended:
        errors.append(
            StageError(
                stage="run",
                code="ended",
                en=f"The run ended early: {ended}",
                cy=f"Daeth y rhediad i ben yn gynnar: {ended}",
            )
        )
    nodes = built.get("nodes", [])
    report = Report(
        run_id=run.get("run_id") or folder.path.name,
        source=settings.source,
        home=str(settings.root),
        started_at=run.get("started_at"),
        finished_at=utc_now(),
        is_inbox=bool(run.get("is_inbox")),
        sources=_sources(folder, registry, discovery),
        build_id=built.get("build_id"),
        build_skipped=bool(built.get("skipped")),
        build_seconds=built.get("seconds"),
        models=sum(n["unique_id"].startswith("model.") for n in nodes),
        tests_passed=sum(n["status"] == "pass" for n in nodes),
        tests_warned=[f"{n['unique_id']}: {n['message']}" for n in nodes if n["status"] == "warn"],
        tables=(published or {}).get("tables") or (current or {}).get("tables") or {},
        published_build=(current or {}).get("build_id"),
        published_now=published is not None,
        errors=errors,
    )
    lake = Lake(settings.lake_url)
    database = settings.published / "current" / "gofal.duckdb"
    report.returns = summary.summarise(lake, folder.read("returns"), database, sample=settings.lake_kind == "sample")
    if not report.is_inbox:
        if published:
            report.changes = changes(Path(published["folder"]) / "gofal.duckdb")
        report.late = freshness.late(lake, registry)
    stages = {e.stage.split()[0] for e in errors}
    failed = bool(errors) or any(s.outcome == "failed" for s in report.sources)
    nothing = (current is None and not run.get("is_inbox")) or bool(stages & {"build", "publish", "accept"})
    report.exit_code = 2 if nothing else 1 if failed else 0
    report.headline_en, report.headline_cy = _headline(report)
    return report


def _sources(folder: RunFolder, registry: Mapping[str, Dataset], discovery: Mapping[str, Any]) -> list[Source]:
    """What a night was asked for; of an import, what it brought."""
    if (folder.read("run") or {}).get("is_inbox"):
        return []
    brought = {**folder.read_all("land"), **folder.read_all("check"), **folder.read_all("raw")}
    if (folder.read("run") or {}).get("is_import"):
        return [_loaded(LoadRecord.model_validate(document), None) for document in brought.values()]
    return [_source(brought.get(key), key, dataset, discovery) for key, dataset in registry.items()]


def _source(document: Mapping[str, Any] | None, key: str, dataset: Dataset, discovery: Mapping[str, Any]) -> Source:
    if document is None:
        decision = discovery.get("decisions", {}).get(key)
        known = decision in {"unchanged", "quarantined", *NOT_TO_LOAD}
        return Source(
            key=key,
            theme=dataset.theme,
            title_en=dataset.title_en,
            title_cy=dataset.title_cy,
            outcome=decision if known else "failed",
            messages=[Message.model_validate(m) for m in discovery.get("messages", {}).get(key, [])],
        )
    return _loaded(LoadRecord.model_validate(document), dataset)


def _loaded(record: LoadRecord, dataset: Dataset | None) -> Source:
    return Source(
        key=record.source_key,
        theme=dataset.theme if dataset else None,
        title_en=record.title_en or (dataset.title_en if dataset else record.source_key),
        title_cy=record.title_cy or (dataset.title_cy if dataset else record.source_key),
        outcome=str(record.outcome or Outcome.FAILED),
        rows=record.rows,
        known_from=record.known_from,
        load_id=record.load_id,
        requests=record.requests,
        seconds=record.seconds,
        messages=record.messages,
    )


def _headline(report: Report) -> tuple[str, str]:
    if report.exit_code == 2:
        return (
            "Nothing new was published. See the errors below; what was published before is untouched.",
            "Ni chyhoeddwyd dim byd newydd. Gweler y gwallau isod; nid yw’r hyn a gyhoeddwyd o’r blaen wedi newid.",
        )
    if report.exit_code == 1:
        return (
            "Some of the run failed; everything else is published.",
            "Methodd rhan o’r rhediad; mae popeth arall wedi’i gyhoeddi.",
        )
    if report.has_warnings or report.tests_warned:
        return ("The run went well, with warnings.", "Aeth y rhediad yn dda, gyda rhybuddion.")
    if not report.published_now:
        return ("Nothing changed.", "Nid oes dim wedi newid.")
    return ("The run went well.", "Aeth y rhediad yn dda.")


def changes(database: Path) -> list[Change]:
    """Count, for the newest vintage of each source, the cells that are new, revised and gone.

    A cell whose notes changed and whose value did not is none of these.

    Args:
        database: A published ``gofal.duckdb``.
    """
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            """
            with newest as (
                select source_key, max(known_from) as moment, count(distinct known_from) as moments
                from core.fct_measure_value group by source_key
            ),
            opened as (
                select f.* from core.fct_measure_value as f
                inner join newest as n on f.source_key = n.source_key and f.known_from = n.moment
            ),
            closed as (
                select f.* from core.fct_measure_value as f
                inner join newest as n on f.source_key = n.source_key and f.known_to = n.moment
            ),
            moved as (
                select
                    coalesce(o.source_key, c.source_key) as source_key,
                    count(*) filter (where c.source_key is null) as cells_new,
                    count(*) filter (where o.source_key is null) as cells_gone,
                    count(*) filter (
                        where o.source_key is not null and c.source_key is not null
                        and (o.value is distinct from c.value or o.value_status is distinct from c.value_status)
                    ) as cells_revised
                from opened as o
                full join closed as c
                    on o.source_key = c.source_key and o.measure_key = c.measure_key and o.area_code = c.area_code
                    and o.period_key = c.period_key and o.breakdown = c.breakdown
                group by 1
            )
            select n.source_key, n.moments, n.moment, m.cells_new, m.cells_revised, m.cells_gone
            from newest as n inner join moved as m on n.source_key = m.source_key
            order by n.source_key
            """
        ).fetchall()
    return [
        Change(
            source_key=key,
            vintages=moments,
            known_from=moment.replace(tzinfo=UTC) if moment else None,
            cells_new=new,
            cells_revised=revised,
            cells_gone=gone,
        )
        for key, moments, moment, new, revised, gone in rows
    ]


def write(report: Report, folder: RunFolder) -> None:
    """Write ``report.json``, ``report.en.html`` and ``report.cy.html`` into the run's folder."""
    folder.write("report", report)
    for language in ("en", "cy"):
        page = render(report, language)
        path = folder.path / f"report.{language}.html"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(path)


def render(report: Report, language: Language) -> str:
    """The report as one HTML page that needs nothing else."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(TEMPLATE.name).render(
        report=report,
        language=language,
        outcomes={k: v[0 if language == "en" else 1] for k, v in (OUTCOMES | NOT_TO_LOAD).items()},
        statuses={k: v[0 if language == "en" else 1] for k, v in status_words().items()},
        money=_money,
    )


def _money(amount: Decimal | None) -> str:
    """An amount in whole pounds."""
    return "" if amount is None else f"{'−' if amount < 0 else ''}£{abs(amount):,.0f}"


def notify(settings: Settings, report: Report) -> None:
    """Post the report to the webhook when a run failed or warned. A webhook that does not answer fails nothing."""
    if not settings.webhook or not (report.exit_code or report.has_warnings):
        return
    import logging

    import requests

    try:
        body = json.loads(report.model_dump_json())
        answer = requests.post(settings.webhook, json=body, timeout=(settings.connect_timeout, 30))
        answer.raise_for_status()
    except requests.RequestException as error:
        logging.getLogger(__name__).warning("The webhook could not be told of run %s: %s", report.run_id, error)
