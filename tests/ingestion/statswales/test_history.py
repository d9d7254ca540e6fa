"""The whole history: every published revision on record, and those landed that are still to be had."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from small_statswales import UUID, Answer, Api, Cell, Published, accept, codes, make_dataset, rows, status

from ingestion.config import Settings
from ingestion.errors import FetchError
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import discover, land_dataset
from ingestion.statswales.history import STATES, Backfill, backfill, landings, ledgers, read_ledger
from ingestion.statswales.mirror import mirror, pull
from ingestion.statswales.registry import Dataset

KEY = "test_children"
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
DATES = {1: "2026-01-05T09:30:00.000Z", 2: "2026-02-05T09:30:00.000Z", 3: "2026-03-05T09:30:00.000Z"}
VALUES = {1: "100", 2: "222", 3: "333"}


class Remembering(Api):
    """The small service with what version 1 tells of the past, and queries that say what they were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.past: list[dict[str, Any]] = []
        self.asked: dict[str, Any] = {}

    def remember(self, published: Published) -> None:
        revision = copy.deepcopy(published.metadata()["published_revision"])
        for text in revision["metadata"]:
            text["reason"] = f"{text['language'][:2]}: update {published.index}"
        del revision["providers"]
        self.past = [revision, *(r for r in self.past if r["id"] != revision["id"])]

    def answer(
        self, method: str, path: str, params: dict[str, list[str]], body: bytes, headers: Any
    ) -> tuple[str, Answer]:
        if path.startswith("/v1/"):
            return "history", self.json(self.past)
        parts = path.split("/")
        if len(parts) > 4 and parts[4] not in self.queries:
            return parts[3], self.json({"error": "An unknown error occurred"}, 404)
        stage, answer = super().answer(method, path, params, body, headers)
        if stage == "query":
            document = json.loads(answer.body)
            view = self.queries[parts[4]][2]
            options = {"use_raw_column_names": True, "use_reference_values": True, "data_value_type": view}
            document["requestObject"] = {"filters": [], "options": options}
            answer = self.json(document)
        return stage, answer


@pytest.fixture
def api() -> Iterator[Remembering]:
    api = Remembering()
    api.datasets[UUID] = Published()
    api.remember(api.datasets[UUID])
    yield api
    api.server.shutdown()
    api.server.server_close()


@pytest.fixture
def publish(api: Remembering):
    """Publish a revision; its first figure says which it is."""

    def now(index: int, value: str | None = None) -> None:
        published = api.datasets[UUID]
        published.revise(index, DATES[index])
        published.cells[0] = Cell(VALUES[index] if value is None else value, "", published.cells[0].refs)
        api.etag = f'W/"{index}"'
        api.remember(published)

    return now


@pytest.fixture
def land(dataset: Dataset, client: StatsWalesClient, lake: Lake):
    def once(key: str = KEY) -> LoadRecord:
        mine = make_dataset(key)
        discover(client, lake, {key: mine}, today=NOW.date())
        return land_dataset(mine, client, lake, run_id="run", now=lambda: NOW)

    return once


@pytest.fixture
def fill(dataset: Dataset, client: StatsWalesClient, lake: Lake):
    def once(outcome: Outcome = Outcome.ACCEPTED, **more: Any) -> Backfill:
        def judge(record: LoadRecord) -> None:
            wrong = any(m.severity == "error" for m in record.messages)
            record.outcome = Outcome.QUARANTINED if wrong else outcome

        return backfill(dataset, client, lake, "fill", judge=judge, now=lambda: NOW, **more)

    return once


def states(found: Backfill) -> list[str]:
    return [r.state for r in found.ledger.revisions]


class TestLedger:
    def test_every_published_revision_is_on_record_with_its_note_in_both_languages(
        self, api, publish, land, fill, lake: Lake
    ):
        publish(2)
        publish(3)
        current = accept(lake, land())
        found = fill()
        assert found.requests == 1
        assert api.paths("/history") == [f"GET /v1/{UUID}/history?lang=en-GB"]
        assert [(r.index, r.state, r.is_current) for r in found.ledger.revisions] == [
            (1, "not_served", False),
            (2, "not_served", False),
            (3, "held", True),
        ]
        second, third = found.ledger.revisions[1:]
        assert (second.reason_en, second.reason_cy) == ("en: update 2", "cy: update 2")
        assert second.publish_at == datetime(2026, 2, 5, 9, 30, tzinfo=UTC)
        assert (third.load_id, third.known_from) == (current.load_id, current.known_from)
        assert read_ledger(lake, KEY) == found.ledger
        assert list(ledgers(lake, [KEY, "never"])) == [KEY]
        assert found.counts() == {"held": 1, "to_load": 0, "quarantined": 0, "failed": 0, "not_served": 2}

    def test_a_revision_that_is_current_and_not_loaded_is_left_to_the_nightly_load(self, api, fill, lake: Lake):
        assert states(fill()) == ["to_load"]
        assert not api.paths("/data")

    def test_a_revision_of_the_description_only_is_held_by_the_vintage_before_it(self, publish, land, fill, lake):
        first = accept(lake, land())
        publish(2, "100")
        api_cells = land()
        assert api_cells.outcome is None  # the note of the first cell went: that is kept
        accept(lake, api_cells)
        publish(3, "100")
        third = land()
        assert third.outcome is Outcome.UNCHANGED
        lake.record(third)
        ledger = fill().ledger
        assert [r.state for r in ledger.revisions] == ["held"] * 3
        assert ledger.revisions[0].load_id == first.load_id
        assert ledger.revisions[2].load_id == ledger.revisions[1].load_id == api_cells.load_id

    def test_a_revision_that_the_history_no_longer_has_was_withdrawn_and_stays_on_record(self, api, publish, fill):
        publish(2)
        fill()
        api.past = [r for r in api.past if r["revision_index"] != 1]
        first, second = fill().ledger.revisions
        assert (first.index, first.withdrawn, first.is_current) == (1, True, False)
        assert (second.withdrawn, second.is_current) == (False, True)

    def test_a_damaged_ledger_is_written_anew(self, fill, lake: Lake):
        lake.write_json(f"history/{KEY}.json", {"revisions": "?"})
        assert read_ledger(lake, KEY) is None
        fill()
        assert read_ledger(lake, KEY)

    def test_a_history_that_does_not_answer_is_an_error_that_names_it(self, api, client, fill):
        client.attempts = 1
        api.on("history", status(500))
        with pytest.raises(FetchError) as caught:
            fill()
        assert "history of revisions" in caught.value.en
        assert "hanes y diwygiadau" in caught.value.cy

    def test_every_state_has_words_in_both_languages(self, fill):
        assert set(STATES) == set(fill().counts())
        assert all(en and cy and en != cy for en, cy in STATES.values())


class TestWhatIsInTheLake:
    def test_what_was_landed_and_never_judged_takes_its_place_before_what_came_after(
        self, api, publish, land, fill, lake: Lake
    ):
        accept(lake, land())
        publish(2)
        land()  # and the run was killed
        publish(3)
        accept(lake, land())
        before = len(api.log)
        found = fill()
        assert len(api.log) - before == found.requests == 1  # the bytes are in the lake already
        assert [r.revision_index for r in found.landed] == [2]
        landed = found.landed[0]
        assert (landed.known_from, landed.known_from_basis) == (datetime(2026, 2, 5, 9, 30, tzinfo=UTC), "published")
        assert landed.publisher_cy == "Llywodraeth y Prawf"
        vintages = lake.vintages(KEY)
        assert [v.revision_index for v in vintages] == [1, 2, 3]
        assert [rows(lake, v.raw_file)[0]["value"] for v in vintages] == ["100", "222", "333"]
        assert lake.last_accepted(KEY).revision_index == 3
        assert states(found) == ["held"] * 3

    def test_a_second_backfill_finds_nothing_to_do(self, publish, land, fill, lake: Lake):
        land()
        publish(2)
        accept(lake, land())
        assert len(fill().landed) == 1
        events = len(lake.records(KEY))
        again = fill()
        assert (again.landed, again.requests, len(lake.records(KEY))) == ([], 1, events)

    def test_one_that_was_stopped_goes_on_where_it_was(self, publish, land, client, fill, lake: Lake, dataset):
        land()
        publish(2)
        land()
        publish(3)
        accept(lake, land())

        def stop_at_the_second(record: LoadRecord) -> None:
            if record.revision_index == 2:
                raise KeyboardInterrupt
            record.outcome = Outcome.ACCEPTED

        with pytest.raises(KeyboardInterrupt):
            backfill(dataset, client, lake, "stopped", judge=stop_at_the_second)
        assert [r.state for r in read_ledger(lake, KEY).revisions] == ["held", "not_served", "held"]
        found = fill()
        assert [r.revision_index for r in found.landed] == [2]
        assert [v.revision_index for v in lake.vintages(KEY)] == [1, 2, 3]

    def test_it_changes_nothing_for_the_next_night(self, api, publish, land, fill, client, lake: Lake, dataset):
        land()
        publish(2)
        accept(lake, land())
        fill()
        found = discover(client, lake, {KEY: dataset}, slices=1_000_000, today=NOW.date())
        assert found.decisions == {KEY: "unchanged"}
        assert land().requests == 1

    def test_figures_that_another_source_landed_of_the_same_dataset_count(self, api, publish, land, fill, lake: Lake):
        accept(lake, land("pulled_by_hand"))
        publish(2)
        accept(lake, land())
        assert [r.revision_index for r in fill().landed] == [1]
        assert [v.revision_index for v in lake.vintages(KEY)] == [1, 2]
        assert len(lake.vintages("pulled_by_hand")) == 1

    def test_what_was_quarantined_is_tried_again_only_when_asked(self, publish, land, fill, lake: Lake):
        lake.quarantine(land())
        publish(2)
        accept(lake, land())
        found = fill()
        assert (states(found), found.landed) == (["quarantined", "held"], [])
        assert states(fill(again=True)) == ["held", "held"]
        assert [v.revision_index for v in lake.vintages(KEY)] == [1, 2]

    def test_what_is_refused_goes_into_quarantine_and_the_current_load_stays(self, publish, land, fill, lake: Lake):
        land()
        publish(2)
        accept(lake, land())
        found = fill(Outcome.QUARANTINED)
        assert states(found) == ["quarantined", "held"]
        assert [v.revision_index for v in lake.vintages(KEY)] == [2]

    def test_a_check_that_broke_is_tried_again_the_next_time(self, publish, land, fill, lake: Lake):
        land()
        publish(2)
        accept(lake, land())
        found = fill(Outcome.FAILED)
        assert (states(found), found.failed) == (["failed", "held"], True)
        assert states(fill()) == ["held", "held"]

    def test_rows_that_the_lake_lost_come_back_as_the_same_vintage(self, publish, land, fill, lake: Lake):
        first = accept(lake, land())
        publish(2)
        accept(lake, land())
        Path(lake.path(first.raw_file)).unlink()
        found = fill()
        assert [(r.load_id, r.known_from) for r in found.landed] == [(first.load_id, first.known_from)]
        assert len(lake.vintages(KEY)) == 2
        assert rows(lake, lake.vintages(KEY)[0].raw_file)[0]["value"] == "100"

    def test_a_past_revision_with_the_figures_of_the_one_before_adds_no_vintage(
        self, api, publish, land, fill, lake: Lake
    ):
        publish(1)
        accept(lake, land())
        publish(2, "100")
        lost = land()
        assert lost.outcome is Outcome.UNCHANGED  # and the run was killed before it was on record
        publish(3)
        accept(lake, land())
        found = fill()
        assert [codes(r) for r in found.landed] == [["metadata_only_revision"]]
        assert states(found) == ["held"] * 3
        assert len(lake.vintages(KEY)) == 2


class TestWhatTheServiceKept:
    def lose(self, lake: Lake, *roles: str) -> None:
        """Take landed bodies away from every landing, as if they were in another lake."""
        for found in landings(lake).values():
            for record in found:
                for file in record.files.values():
                    if file.role in roles:
                        Path(lake.path(file.path)).unlink(missing_ok=True)

    def test_a_query_made_while_a_revision_was_current_still_returns_it(self, api, publish, land, fill, lake: Lake):
        land()
        publish(2)
        accept(lake, land())
        self.lose(lake, "data", "note_codes", "filters_cy", "metadata")
        found = fill()
        assert states(found) == ["held", "held"]
        assert found.requests == 6  # the history, two queries, two views, the Welsh members
        first = lake.vintages(KEY)[0]
        assert (first.title_cy, first.revision_index) == ("Plant a gyfrifwyd at brawf", 1)
        assert [f.role for f in first.files] == ["data", "note_codes", "filters_cy", "history"]
        assert rows(lake, first.raw_file)[0]["note_codes"] == "p"

    def test_a_query_that_the_service_let_go_is_not_served_and_not_asked_for_again(
        self, api, publish, land, fill, lake: Lake
    ):
        land()
        publish(2)
        accept(lake, land())
        self.lose(lake, "data")
        api.queries.clear()
        found = fill()
        assert states(found) == ["not_served", "held"]
        assert found.landed == []
        assert fill().requests == 1

    def test_a_query_that_now_returns_another_revision_is_not_taken(self, api, publish, land, fill, lake: Lake):
        land()
        publish(2)
        accept(lake, land())
        self.lose(lake, "data")
        for name, query in api.queries.items():
            api.queries[name] = (query[0], api.datasets[UUID].revision, *query[2:])
        assert states(fill()) == ["not_served", "held"]
        assert len(lake.vintages(KEY)) == 1

    def test_a_revision_that_fails_does_not_stop_the_others_and_is_tried_again(
        self, api, publish, land, fill, client, lake: Lake
    ):
        client.attempts = 1
        land()
        publish(2)
        land()
        publish(3)
        accept(lake, land())
        self.lose(lake, "data")
        api.on("query", status(500), status(500))
        found = fill()
        assert states(found) == ["failed", "held", "held"]
        assert found.failed
        assert [m.code for m in found.messages] == ["fetch_server_error"] * 2
        assert states(fill()) == ["held"] * 3

    def test_queries_that_somebody_else_kept_can_be_handed_over(self, api, client, publish, land, fill, lake: Lake):
        mine = [client.create_query(UUID, view) for view in ("raw_extended", "with_note_codes")]
        publish(2)
        accept(lake, land())
        found = fill(filter_ids=[*mine, "nonsense"])
        assert states(found) == ["held", "held"]
        assert [m.code for m in found.messages] == ["query_not_usable"]
        assert "nonsense" in found.messages[0].cy
        assert rows(lake, lake.vintages(KEY)[0].raw_file)[0]["value"] == "100"

    def test_one_view_alone_is_not_enough(self, client, publish, land, fill, lake: Lake):
        mine = client.create_query(UUID, "raw_extended")
        publish(2)
        accept(lake, land())
        assert states(fill(filter_ids=[mine])) == ["not_served", "held"]

    def test_a_service_that_asks_for_a_pause_ends_the_backfill_with_the_ledger_kept(
        self, api, client: StatsWalesClient, settings: Settings, publish, land, fill, lake: Lake
    ):
        land()
        publish(2)
        accept(lake, land())
        self.lose(lake, "data")
        api.on("query", *[status(429, Retry_After="1")] * settings.attempts)
        with pytest.raises(FetchError) as caught:
            fill()
        assert caught.value.code == "fetch_rate_limited"
        assert len(read_ledger(lake, KEY).revisions) == 2
        assert states(fill()) == ["held", "held"]


class TestWhatWasKeptElsewhere:
    def test_a_mirror_holds_the_figures_of_then(self, publish, land, fill, client, lake: Lake, tmp_path: Path):
        mirror(client, tmp_path / "mirror")
        publish(2)
        accept(lake, land())
        assert states(fill()) == ["not_served", "held"]
        found = fill(known=landings(lake, tmp_path / "mirror", tmp_path / "pulled"))
        assert states(found) == ["held", "held"]
        assert found.requests == 2  # the history, and the names of the fact columns
        first = lake.vintages(KEY)[0]
        assert rows(lake, first.raw_file)[0]["value"] == "100"
        assert all(lake.verify(file) for file in first.files)

    def test_a_pull_by_hand_left_queries_that_still_return_it(
        self, api, publish, land, fill, client, lake: Lake, tmp_path: Path
    ):
        home = Settings(home=tmp_path / "home")
        pull(UUID, client, home, {})
        publish(2)
        accept(lake, land())
        found = fill(known=landings(lake, home.root / "mirror", home.root / "pulled"))
        assert states(found) == ["held", "held"]
        assert rows(lake, lake.vintages(KEY)[0].raw_file)[0]["value"] == "100"

    def test_a_file_that_is_no_landing_is_passed_over(self, lake: Lake, tmp_path: Path):
        for text in ("{", "[]", '{"id": "x"}'):
            (tmp_path / "mirror" / "revisions" / "x").mkdir(parents=True, exist_ok=True)
            (tmp_path / "mirror" / "revisions" / "x" / f"{len(text)}.json").write_text(text)
        assert landings(lake, tmp_path / "mirror") == {}


@pytest.mark.shared
def test_the_history_of_the_genuine_service_is_read(shared: Path, api: Remembering, client, lake: Lake, dataset):
    api.past = json.loads((shared / "statswales" / "samples" / "v1_history.json").read_text(encoding="utf-8"))
    ledger = backfill(dataset, client, lake, "fill").ledger
    assert [r.index for r in ledger.revisions] == [1, 2, 3]
    assert [bool(r.reason_en and r.reason_cy) for r in ledger.revisions] == [False, True, True]
    assert [r.previous_id for r in ledger.revisions] == [None, *(r.id for r in ledger.revisions[:2])]
    assert [r.is_current for r in ledger.revisions] == [False, False, True]
    assert all(r.title_en and r.title_cy for r in ledger.revisions)


def test_every_check_of_a_night_judges_by_default(
    monkeypatch: pytest.MonkeyPatch, dataset, client, publish, land, lake: Lake
):
    from expectations import checks

    def judged(records: list[LoadRecord], *_: Any, **__: Any) -> None:
        records[0].outcome = Outcome.FAILED
        raise checks.CheckErrored("x", "x", code="check_errored")

    land()
    publish(2)
    accept(lake, land())
    monkeypatch.setattr(checks, "judge", judged)
    assert states(backfill(dataset, client, lake, "fill")) == ["failed", "held"]
