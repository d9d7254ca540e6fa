"""How fresh each dataset is: when its next update is expected, what is late, and how `gofal status` says it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from ingestion import freshness
from ingestion import report as reporting
from ingestion.cli import app
from ingestion.config import Settings
from ingestion.freshness import GRACE_DAYS, Freshness, State, days, expected, late, status
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.runs import RunFolder
from ingestion.statswales.registry import THEMES, Dataset

UUID = "0b0e7a2c-5d1f-4c55-9a31-5a2f3f1b6c01"
PUBLISHED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
DUE = date(2026, 9, 24)
ON_A_DAY = {"update_type": "update", "date": {"day": "24", "month": "9", "year": "2026"}}


def make(key: str = "one", **more: Any) -> Dataset:
    columns = {
        "measure": {"kind": "measure", "names": ["Data description"]},
        "period": {"kind": "period", "period": "financial_year", "names": ["Year"]},
        "area": {"kind": "area", "names": ["Area"]},
    }
    return Dataset.model_validate(
        {"key": key, "uuid": UUID, "title_en": "One set", "title_cy": "Un set", "columns": columns, **more}
    )


@pytest.fixture
def event(lake: Lake):
    """Put an event on record."""
    count = iter(range(1000))

    def record(outcome: Outcome = Outcome.ACCEPTED, *, key: str = "one", **more: Any) -> LoadRecord:
        number = next(count)
        made = LoadRecord.model_validate(
            {
                "load_id": f"load{number}",
                "source_key": key,
                "run_id": "r",
                "landed_at": PUBLISHED + timedelta(days=number),
                "known_from": PUBLISHED + timedelta(minutes=number),
                "last_updated_at": PUBLISHED.isoformat(),
                "update_frequency": ON_A_DAY,
                "rows": 1234,
                "outcome": outcome,
                **more,
            }
        )
        lake.record(made)
        return made

    return record


@pytest.fixture
def see(lake: Lake):
    def once(today: date = date(2026, 6, 1), dataset: Dataset | None = None) -> Freshness:
        dataset = dataset or make()
        (found,) = status(lake, {dataset.key: dataset}, today)
        assert found.message_en
        assert found.message_cy
        assert found.message_en != found.message_cy
        return found

    return once


@pytest.mark.parametrize(
    ("frequency", "due"),
    [
        ({"update_type": "update", "date": {"day": "1", "month": "12", "year": "2026"}}, date(2026, 12, 1)),
        ({"update_type": "replacement", "date": {"day": 9, "month": 1, "year": 2027}}, date(2027, 1, 9)),
        ({"update_type": "update", "date": {"month": "2", "year": "2027"}}, date(2027, 2, 28)),
        ({"update_type": "update", "date": {"day": "", "month": "02", "year": "2028"}}, date(2028, 2, 29)),
        ({"update_type": "update", "date": {"day": None, "month": "12", "year": "2026"}}, date(2026, 12, 31)),
        ({"update_type": "none"}, None),
        ({"update_type": "none", "date": {"month": "2", "year": "2027"}}, None),
        ({"update_type": "update"}, None),
        ({"update_type": "update", "date": None}, None),
        ({"update_type": "update", "date": "2027-01"}, None),
        ({"date": {"month": "soon", "year": "2027"}}, None),
        ({"date": {"day": "31", "month": "2", "year": "2027"}}, None),
        ({"date": {"month": "13", "year": "2027"}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_next_update_is_expected_by_the_last_day_that_was_named(frequency: Any, due: date | None) -> None:
    assert expected(frequency) == due


@pytest.mark.parametrize(
    ("count", "en", "cy"),
    [(0, "0 days", "0 diwrnod"), (1, "1 day", "1 diwrnod"), (2, "2 days", "2 ddiwrnod"), (3, "3 days", "3 diwrnod"),
     (12, "12 days", "12 diwrnod"), (1200, "1,200 days", "1,200 diwrnod")],
)  # fmt: skip
def test_days_are_counted_in_both_languages(count: int, en: str, cy: str) -> None:
    assert days(count) == (en, cy)


@pytest.mark.parametrize(
    ("after", "state", "count"),
    [(-30, "fresh", None), (-1, "fresh", None), (0, "due", 0), (1, "due", 1), (GRACE_DAYS, "due", GRACE_DAYS),
     (GRACE_DAYS + 1, "late", GRACE_DAYS + 1), (400, "late", 400)],
)  # fmt: skip
def test_an_update_is_due_on_its_day_and_late_after_some_days_of_grace(
    event, see, after: int, state: str, count: int | None
) -> None:
    event()
    found = see(DUE + timedelta(days=after))
    assert (found.state, found.next_expected, found.days_late) == (state, DUE, count)
    assert (str(DUE) in found.message_en) == (after != 0)


def test_a_month_without_a_day_gives_time_to_its_end(event, see) -> None:
    event(update_frequency={"update_type": "update", "date": {"month": "9", "year": "2026"}})
    assert see(date(2026, 9, 29)).state == "fresh"
    assert see(date(2026, 9, 30)).state == "due"


def test_two_days_ago_is_mutated_in_the_sentence(event, see) -> None:
    event()
    found = see(DUE + timedelta(days=2))
    assert "2 days ago" in found.message_en
    assert "2 ddiwrnod yn ôl" in found.message_cy


@pytest.mark.parametrize("frequency", [{"update_type": "none"}, None, {"update_type": "update"}])
def test_where_no_day_is_named_nothing_is_late(event, see, frequency: Any) -> None:
    event(update_frequency=frequency)
    found = see(date(2040, 1, 1))
    assert (found.state, found.next_expected) == ("no_update_expected", None)


@pytest.mark.parametrize("published", ["2026-09-24T08:30:00Z", "2026-11-01T08:30:00Z"])
def test_a_day_that_the_update_has_met_is_not_waited_for_again(event, see, published: str) -> None:
    event(last_updated_at=published)
    found = see(date(2027, 1, 1))
    assert found.state == "no_update_expected"
    assert published[:10] in found.message_en


def test_a_revision_of_the_description_only_moves_the_day(event, see) -> None:
    event()
    event(Outcome.UNCHANGED, update_frequency={"update_type": "update", "date": {"month": "3", "year": "2027"}})
    assert see(date(2026, 12, 1)).next_expected == date(2027, 3, 31)


def test_a_fetch_that_failed_does_not_forget_what_was_promised(event, see) -> None:
    event()
    event(Outcome.FAILED, update_frequency=None, last_updated_at=None, known_from=None)
    found = see(DUE + timedelta(days=90))
    assert (found.state, found.last_outcome, found.vintages) == ("late", "failed", 1)


def test_a_backfilled_revision_says_nothing_of_what_is_expected_now(event, see) -> None:
    newest = event()
    event(known_from=PUBLISHED - timedelta(days=300), update_frequency={"update_type": "none"}, backfilled=True, rows=1)
    found = see()
    assert (found.state, found.vintages, found.rows, found.known_from) == ("fresh", 2, 1234, newest.known_from)
    assert found.last_checked == newest.landed_at


def test_withdrawn_and_archived_datasets_are_not_late(event, see) -> None:
    event()
    event(Outcome.UNCHANGED, archived_at="2026-02-01T00:00:00Z", replaced_by="the-next-one")
    found = see(date(2030, 1, 1))
    assert (found.state, found.next_expected) == ("archived", None)
    assert "2026-02-01" in found.message_cy
    assert "the-next-one" in found.message_en
    event(Outcome.WITHDRAWN, archived_at=None)
    assert see(date(2030, 1, 1)).state == "withdrawn"


def test_why_the_newest_was_refused_is_said(event, see) -> None:
    event()
    event(Outcome.QUARANTINED, messages=[{"code": "x", "severity": "error", "en": "Wrong.", "cy": "Anghywir."}])
    found = see()
    assert (found.quarantined_en, found.quarantined_cy) == (["Wrong."], ["Anghywir."])
    assert (found.vintages, found.last_outcome) == (1, "quarantined")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "never_loaded"),
        ({"locked": True}, "never_loaded"),
        ({"confirm": True}, "to_confirm"),
        ({"uuid": None}, "to_find"),
        ({"uuid": None, "awaiting_en": "Not published yet.", "awaiting_cy": "Heb ei gyhoeddi eto."}, "awaiting"),
    ],
)
def test_what_was_never_loaded_says_why(see, fields: dict[str, Any], state: str) -> None:
    found = see(dataset=make(**fields))
    assert found.state == state
    assert (found.vintages, found.rows, found.known_from) == (0, None, None)
    if state == "awaiting":
        assert (found.message_en, found.message_cy) == ("Not published yet.", "Heb ei gyhoeddi eto.")


def test_what_was_tried_and_never_accepted_says_when(event, see) -> None:
    tried = event(Outcome.QUARANTINED)
    found = see()
    assert found.state == "never_loaded"
    assert f"{tried.landed_at:%Y-%m-%d}" in found.message_cy


def test_a_dataset_found_by_title_and_loaded_is_as_fresh_as_any(event, see) -> None:
    event()
    assert see(dataset=make(uuid=None)).state == "fresh"


def test_the_revisions_that_are_no_longer_served_are_counted(event, see, lake: Lake) -> None:
    event()
    assert see().published is None
    revision = {"dataset_id": UUID, "publish_at": PUBLISHED.isoformat()}
    lake.write_json(
        "history/one.json",
        {
            "source_key": "one",
            "url": "u",
            "checked_at": PUBLISHED.isoformat(),
            "revisions": [{**revision, "id": "a", "state": "not_served"}, {**revision, "id": "b", "state": "held"}],
        },
    )
    found = see()
    assert (found.published, found.not_served) == (2, 1)


def test_the_latest_comes_first(event, lake: Lake) -> None:
    for key, day in (("a", "20"), ("b", "1"), ("c", "28")):
        date_ = {"day": day, "month": "8", "year": "2026"}
        event(key=key, update_frequency={"update_type": "update", "date": date_})
    registry = {key: make(key) for key in ("a", "b", "c", "d")}
    assert [f.source_key for f in late(lake, registry, date(2026, 9, 1))] == ["b", "a"]


def test_every_state_and_theme_has_words_in_both_languages() -> None:
    assert set(freshness.STATES) == set(get_args(State))
    assert set(freshness.THEMES) == set(THEMES)
    for en, cy in (*freshness.STATES.values(), *freshness.THEMES.values()):
        assert en
        assert cy
        assert en != cy


# -- where a person reads it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "heading"), [("en", "Late updates"), ("cy", "Diweddariadau hwyr")])
def test_the_run_report_lists_what_is_late(
    settings: Settings, event, lake: Lake, language: Any, heading: str, tmp_path
) -> None:
    registry = {"one": make()}
    folder = RunFolder(path=tmp_path / "run")
    assert heading not in reporting.render(reporting.make(settings, folder, registry), language)
    event(update_frequency={"update_type": "update", "date": {"month": "2", "year": "2026"}})
    report = reporting.make(settings, folder, registry)
    page = reporting.render(report, language)
    assert [f.source_key for f in report.late] == ["one"]
    assert heading in page
    assert ("One set" if language == "en" else "Un set") in page
    said = report.late[0].message_en if language == "en" else report.late[0].message_cy
    assert said in page


@pytest.mark.parametrize("decision", ["awaiting", "to_find", "found", "unconfirmed"])
def test_what_there_is_nothing_to_fetch_of_is_no_failure(settings: Settings, tmp_path, decision: str) -> None:
    folder = RunFolder(path=tmp_path / "run")
    folder.write("discover", {"decisions": {"one": decision}})
    report = reporting.make(settings, folder, {"one": make(uuid=None)})
    assert [s.outcome for s in report.sources] == [decision]
    for place, language in enumerate(("en", "cy")):
        assert reporting.NOT_TO_LOAD[decision][place] in reporting.render(report, language)  # type: ignore[arg-type]


@pytest.fixture
def said(settings: Settings, lake: Lake, event, monkeypatch: pytest.MonkeyPatch):
    """What `gofal status` prints, over a registry of four entries of which one is loaded."""
    awaiting = {"uuid": None, "awaiting_en": "Not out yet.", "awaiting_cy": "Heb ei chyhoeddi eto."}
    registry = {
        "loaded": make("loaded", theme="adoption"),
        "wanted": make("wanted", theme="adoption"),
        "awaited": make("awaited", theme="finance", **awaiting),
        "sought": make("sought", theme="finance", uuid=None),
    }
    event(key="loaded", update_frequency={"update_type": "none"})
    event(key="a_document", kind="document", title_en="A document", title_cy="Dogfen")
    monkeypatch.setattr("ingestion.statswales.registry.load_registry", lambda *_: registry)
    monkeypatch.setenv("GOFAL_HOME", str(settings.root))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["status", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_status_shows_every_registered_dataset_by_theme(said) -> None:
    lines = said().splitlines()
    assert lines.index("Adoption") < lines.index("Finance") < lines.index("Other sources")
    (loaded,) = (line for line in lines if line.split()[:1] == ["loaded"])
    assert loaded.split() == [
        "loaded", "1,234", "rows", "1", "vintages", "known", "from", "2026-01-05", "no", "update", "expected",
    ]  # fmt: skip
    for key, word in (("wanted", "never loaded"), ("awaited", "awaited"), ("sought", "to be found")):
        assert any(line.split() == [key, *word.split()] for line in lines)
    assert any("Not out yet." in line for line in lines)
    assert any(line.split()[:1] == ["a_document"] for line in lines)


def test_status_speaks_welsh(said) -> None:
    page = said("--lang", "cy")
    assert "Mabwysiadu" in page
    assert "Heb ei chyhoeddi eto." in page
    assert "yn hysbys ers 2026-01-05" in page
    assert "known from" not in page


def test_status_for_scripts_has_both_languages(said) -> None:
    document = json.loads(said("--json"))
    by_key = {s["key"]: s for s in document["sources"]}
    assert {k: s["state"] for k, s in by_key.items()} == {
        "loaded": "no_update_expected",
        "wanted": "never_loaded",
        "awaited": "awaiting",
        "sought": "to_find",
    }
    assert by_key["awaited"]["message_cy"] == "Heb ei chyhoeddi eto."
    assert (by_key["loaded"]["theme"], by_key["loaded"]["vintages"], by_key["loaded"]["rows"]) == ("adoption", 1, 1234)
    assert [(s["key"], s["title_cy"]) for s in document["other_sources"]] == [("a_document", "Dogfen")]


def test_status_refuses_a_language_that_it_does_not_speak(said) -> None:
    assert CliRunner().invoke(app, ["status", "--lang", "fr"]).exit_code == 2
