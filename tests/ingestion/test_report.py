"""The run report: the exit code that a script can trust, pages in both languages, and a webhook that cannot hurt."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import report as reporting
from ingestion.config import Settings
from ingestion.lake import LoadRecord, Outcome
from ingestion.nightly import Params, Run
from ingestion.runs import RunFolder
from ingestion.statswales.registry import load_registry

KEY = "population_by_age"
ONE = {KEY: load_registry()[KEY]}


def folder(settings: Settings, outcome: str | None, *, published: bool, errors: tuple[str, ...] = ()) -> RunFolder:
    run = RunFolder(path=settings.runs / "r")
    run.write("run", {"run_id": "r", "started_at": "2026-01-01T00:00:00+00:00"})
    if outcome:
        record = LoadRecord(
            load_id="l", source_key=KEY, run_id="r", landed_at=datetime.now(UTC), outcome=Outcome(outcome)
        )
        record.add("some_rule", "warning", "Something <odd>.", "Rhywbeth <od>.", count=2000, rows=[{"source_row": 1}])
        run.write(f"raw/{KEY}", record)
    for stage in errors:
        run.write(f"errors/{stage}", {"stage": stage, "code": "x", "en": "Broke.", "cy": "Torrodd.", "at": "1"})
    if published:
        current = settings.published / "current"
        current.mkdir(parents=True, exist_ok=True)
        (current / "manifest.json").write_text(json.dumps({"build_id": "b", "tables": {"core.dim_area": 3}}))
    return run


@pytest.mark.parametrize(
    ("outcome", "published", "errors", "code"),
    [
        ("accepted", True, (), 0),
        ("quarantined", True, (), 0),
        ("withdrawn", True, (), 0),
        ("failed", True, (), 1),
        ("failed", False, (), 2),
        (None, True, ("discover",), 1),
        (None, False, ("discover",), 2),
        ("accepted", True, ("build",), 2),
        ("accepted", True, ("publish",), 2),
        ("accepted", True, ("land population_by_age",), 1),
    ],
)
def test_the_exit_code_says_what_came_of_the_run(
    settings: Settings, outcome: str | None, published: bool, errors: tuple[str, ...], code: int
) -> None:
    report = reporting.make(settings, folder(settings, outcome, published=published, errors=errors), ONE)
    assert report.exit_code == code
    assert report.headline_en
    assert report.headline_cy
    assert report.headline_en != report.headline_cy


@pytest.mark.parametrize(("language", "says"), [("en", "Run report"), ("cy", "Adroddiad rhediad")])
def test_the_page_is_whole_in_either_language_and_safe(settings: Settings, language: Any, says: str) -> None:
    run = folder(settings, "quarantined", published=True, errors=("check",))
    report = reporting.make(settings, run, ONE)
    page = reporting.render(report, language)
    assert says in page
    assert f'<html lang="{language}">' in page
    assert ("Something &lt;odd&gt;." if language == "en" else "Rhywbeth &lt;od&gt;.") in page
    assert reporting.OUTCOMES["quarantined"][0 if language == "en" else 1] in page
    reporting.write(report, run)
    assert (run.path / f"report.{language}.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_every_outcome_has_words_in_both_languages() -> None:
    assert set(reporting.OUTCOMES) == {str(o) for o in Outcome}
    assert all(en and cy and en != cy for en, cy in reporting.OUTCOMES.values())


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what was posted; answers with the server's ``status``."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def hook() -> Iterator[Any]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.status = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("outcome", "calls"), [("accepted", 0), ("quarantined", 1), ("failed", 1)])
def test_the_webhook_hears_of_warnings_and_failures_only(
    settings: Settings, hook: Any, outcome: str, calls: int
) -> None:
    settings.webhook = f"http://127.0.0.1:{hook.server_port}/"
    reporting.notify(settings, reporting.make(settings, folder(settings, outcome, published=True), ONE))
    assert len(hook.got) == calls
    assert all(body["sources"][0]["outcome"] == outcome for body in hook.got)


def test_a_webhook_that_fails_fails_nothing(settings: Settings, hook: Any) -> None:
    hook.status = 500
    settings.webhook = f"http://127.0.0.1:{hook.server_port}/"
    report = reporting.make(settings, folder(settings, "failed", published=True), ONE)
    reporting.notify(settings, report)
    settings.webhook = "http://127.0.0.1:9/"
    reporting.notify(settings, report)
    assert len(hook.got) == 1


def test_a_run_that_is_asked_for_an_unknown_dataset_says_which_it_knows(settings: Settings) -> None:
    with pytest.raises(ValueError, match=r"no dataset nothing in datasets\.yml; known: children_looked_after"):
        _ = Run("r", Params(datasets=["nothing"]), settings).registry


def test_a_run_id_cannot_leave_its_folder(settings: Settings) -> None:
    path = Run("../../etc/x y", None, settings).folder.path
    assert Path(path).parent == settings.runs


def many(settings: Settings) -> reporting.Report:
    """A report of a night with all the registry: one quarantined, the others plain, and what changed."""
    registry = load_registry()
    run = RunFolder(path=settings.runs / "many")
    run.write("run", {"run_id": "many", "started_at": "2026-01-01T00:00:00+00:00"})
    run.write("discover", {"decisions": dict.fromkeys(registry, "unchanged")})
    for key in [*(k for k, d in registry.items() if d.theme == "finance"), KEY]:
        record = LoadRecord(load_id="l", source_key=key, run_id="many", landed_at=datetime.now(UTC), rows=5)
        record.outcome = Outcome.QUARANTINED if key == KEY else Outcome.ACCEPTED
        if key == KEY:
            record.add("some_rule", "error", "A rule was broken.", "Torrwyd rheol.")
        run.write(f"raw/{key}", record)
    report = reporting.make(settings, run, registry)
    report.changes = [
        reporting.Change(source_key=key, vintages=2, known_from=None, cells_new=1000 + n, cells_revised=n, cells_gone=0)
        for n, key in enumerate(registry)
    ]
    return report


def test_the_datasets_are_grouped_by_theme_and_only_those_with_something_to_tell_are_named(settings: Settings) -> None:
    report = many(settings)
    registry = load_registry()
    assert sorted(s.key for g in report.groups for s in g.sources) == sorted(registry)
    assert [s.key for g in report.groups for s in g.told] == [KEY]
    finance = next(g for g in report.groups if g.title_en == "Finance")
    assert finance.title_cy == "Cyllid"
    assert finance.outcomes == {"accepted": len(finance.sources)}
    assert all(registry[s.key].theme == "finance" for s in finance.sources)
    brought = reporting.Source(key="x", title_en="", title_cy="", outcome="failed")
    assert [(g.title_en, len(g.told)) for g in report.model_copy(update={"sources": [brought]}).groups] == [
        ("Other sources", 1)
    ]


def test_the_changes_that_are_told_are_those_of_this_run_the_most_revised_first(settings: Settings) -> None:
    told = many(settings).loaded_changes
    assert {c.source_key for c in told} == {k for k, d in load_registry().items() if d.theme == "finance"}
    assert [c.cells_revised for c in told] == sorted((c.cells_revised for c in told), reverse=True)


def test_the_page_is_complete_and_the_summary_short(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    from ingestion.cli import SHOWN, _summary

    report = many(settings)
    languages: tuple[Any, ...] = ("en", "cy")
    for language in languages:
        page = reporting.render(report, language)
        assert all(f">{key}</code>" in page for key in load_registry())
        assert page.count("<details") == page.count("</details>")
    _summary(report, Path(), 1)
    said = capsys.readouterr().out
    assert len(said.splitlines()) < 60
    assert "A rule was broken." in said
    assert said.count("vintage 2:") == min(SHOWN, len(report.loaded_changes))
    assert "revenue_outturn" not in said.split("What changed")[0]


def test_of_the_sample_nothing_is_called_late(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    from ingestion.cli import _summary
    from ingestion.freshness import Freshness

    report = many(settings)
    report.late = [
        Freshness(
            source_key=key,
            theme="adoption",
            title_en="",
            title_cy="",
            state="late",
            message_en="Late.",
            message_cy="Hwyr.",
        )
        for key in load_registry()
    ]
    _summary(report.model_copy(update={"source": "sample"}), Path(), 1)
    assert "Late." not in capsys.readouterr().out
    live = report.model_copy(update={"source": "live"})
    _summary(live, Path(), 1)
    assert capsys.readouterr().out.count("Late.") == 10
    assert reporting.render(live, "cy").count("Hwyr.") == len(report.late)
    assert len(set(live.late_summary) | set(report.model_copy(update={"source": "sample"}).late_summary)) == 4
