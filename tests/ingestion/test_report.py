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
