"""Vintages as the source goes back and forth: every accepted state of the figures, in the order it was known in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from small_statswales import UUID, Api, Published, accept, codes, rows

from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import Past, discover, land_dataset, land_past
from ingestion.statswales.registry import Dataset

KEY = "test_children"
Night = Callable[..., LoadRecord]


def on(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 2, 0, tzinfo=UTC)


@pytest.fixture
def night(api: Api, dataset: Dataset, client: StatsWalesClient, lake: Lake) -> Night:
    """One night: look, land, and put on record what came of it, as a sound batch would be."""

    def once(at: datetime, decision: str = "changed") -> LoadRecord:
        api.etag = f'W/"{at.isoformat()}"'
        discover(client, lake, {KEY: dataset}, today=at.date())
        record = land_dataset(dataset, client, lake, run_id="run", decision=decision, now=lambda: at)
        if record.outcome is None:
            return accept(lake, record)
        lake.record(record)
        return record

    return once


@pytest.fixture
def revise(published: Published):
    """Publish a revision with another first figure."""

    def now(index: int, publish_at: str, value: str) -> None:
        published.revise(index, publish_at)
        published.cells[0].value = value

    return now


def first_figures(lake: Lake) -> list[Any]:
    return [rows(lake, v.raw_file)[0]["value"] for v in lake.vintages(KEY)]


def intervals_follow_each_other(lake: Lake) -> bool:
    moments = [v.known_from for v in lake.vintages(KEY)]
    return moments == sorted(set(moments))


class TestBackAndForth:
    def test_a_value_that_goes_and_comes_back_in_new_revisions_makes_three_vintages(
        self, published: Published, night: Night, revise, lake: Lake
    ):
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        night(on(6, 1))
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        night(on(6, 2))
        revise(3, "2026-03-05T09:30:00.000Z", "100")
        night(on(6))
        assert first_figures(lake) == ["100", "200", "100"]
        assert [v.known_from_basis for v in lake.vintages(KEY)] == ["published"] * 3
        assert len({v.load_id for v in lake.vintages(KEY)}) == 3
        assert intervals_follow_each_other(lake)

    def test_a_value_that_goes_and_comes_back_silently_makes_three_vintages_of_two_loads(
        self, published: Published, night: Night, lake: Lake
    ):
        for day, value in ((1, "100"), (2, "200"), (3, "100")):
            published.cells[0].value = value
            night(on(day), "rehash")
        assert first_figures(lake) == ["100", "200", "100"]
        assert [v.known_from_basis for v in lake.vintages(KEY)] == ["published", "silent_change", "silent_change"]
        assert [v.known_from for v in lake.vintages(KEY)][1:] == [on(2), on(3)]
        assert len({v.load_id for v in lake.vintages(KEY)}) == 2

    def test_a_revision_that_was_withdrawn_and_is_back_is_known_from_when_it_is_back(
        self, published: Published, night: Night, revise, lake: Lake
    ):
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        night(on(6, 1))
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        second = night(on(6, 2))
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        night(on(10))
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        back = night(on(20))
        assert first_figures(lake) == ["100", "200", "100", "200"]
        assert [v.known_from for v in lake.vintages(KEY)][2:] == [on(10), on(20)]
        assert (back.known_from_basis, back.load_id) == ("reinstated", second.load_id)
        assert codes(back) == ["reinstated"]
        assert "revision 1" in back.messages[0].en

    def test_one_that_is_published_anew_is_known_from_its_new_publication(
        self, published: Published, night: Night, revise, lake: Lake
    ):
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        night(on(6, 1))
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        night(on(6, 2))
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        night(on(10))
        revise(2, "2026-03-15T09:30:00.000Z", "200")
        assert night(on(20)).known_from == datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
        assert first_figures(lake) == ["100", "200", "100", "200"]

    def test_a_dataset_that_is_gone_for_a_while_stays_what_it_was(self, published: Published, night: Night, lake: Lake):
        night(on(1))
        revision, published.revision = published.revision, None
        assert night(on(2), "missing").outcome is Outcome.WITHDRAWN
        published.revision = revision
        assert night(on(3)).outcome is Outcome.UNCHANGED
        assert len(lake.vintages(KEY)) == 1


class TestWhatAChangeIs:
    def test_a_row_that_disappears_is_in_no_later_vintage(self, published: Published, night: Night, lake: Lake):
        night(on(1))
        gone = published.cells.pop()
        published.revise(2, "2026-03-02T09:30:00.000Z")
        night(on(3))
        before, after = (rows(lake, v.raw_file) for v in lake.vintages(KEY))
        assert (len(before), len(after)) == (8, 7)
        cells = [{(r["period_code"], r["area_code"], r["age_group_code"]) for r in batch} for batch in (before, after)]
        assert cells[0] - cells[1] == {gone.refs[1:]}

    def test_codes_that_are_stripped_make_a_vintage_with_the_same_values(
        self, published: Published, night: Night, lake: Lake
    ):
        for cell in published.cells[4:]:
            cell.codes = "r"
        night(on(1))
        for cell in published.cells:
            cell.codes = cell.codes.replace("p", "").replace("r", "")
        published.revise(2, "2026-03-02T09:30:00.000Z")
        assert night(on(3)).outcome is Outcome.ACCEPTED
        before, after = (rows(lake, v.raw_file) for v in lake.vintages(KEY))
        assert [r["value"] for r in before] == [r["value"] for r in after]
        assert {r["note_codes"] for r in before} == {"p", "r", "c", None}
        assert {r["note_codes"] for r in after} == {"c", None}

    def test_several_revisions_of_the_description_only_add_none_and_the_figures_keep_their_date(
        self, published: Published, night: Night, lake: Lake
    ):
        first = night(on(6, 1))
        for index in (2, 3):
            published.revise(index, f"2026-0{index}-05T09:30:00.000Z")
            published.title_en = f"Children, described for the {index}. time"
            assert night(on(6, index)).outcome is Outcome.UNCHANGED
        assert [v.load_id for v in lake.vintages(KEY)] == [first.load_id]
        published.cells[0].value = "999"
        published.revise(4, "2026-04-05T09:30:00.000Z")
        assert night(on(6, 4)).known_from == datetime(2026, 4, 5, 9, 30, tzinfo=UTC)


class TestBackfilled:
    @pytest.fixture
    def past(self, api: Api, published: Published, client: StatsWalesClient, lake: Lake, dataset: Dataset, revise):
        """Land a past revision, as the backfill does, with queries that were made while it was current."""

        def once(index: int, publish_at: str, value: str) -> LoadRecord:
            now = (published.revision, published.index, published.publish_at, published.cells[0].value)
            revise(index, publish_at, value)
            queries = {view: client.create_query(UUID, view) for view in ("raw_extended", "with_note_codes")}
            revision = published.metadata()["published_revision"]
            published.revision, published.index, published.publish_at, published.cells[0].value = now
            given = Past(revision, client.metadata(UUID), queries, {}, {}, lake)
            record = land_past(dataset, client, lake, given, run_id="fill", now=lambda: on(1, 6))
            if record.outcome is None:
                return accept(lake, record)
            lake.record(record)
            return record

        return once

    def test_it_lands_between_those_that_it_was_published_between(self, night: Night, revise, past, lake: Lake):
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        night(on(6, 1))
        revise(3, "2026-03-05T09:30:00.000Z", "300")
        night(on(6))
        record = past(2, "2026-02-05T09:30:00.000Z", "200")
        assert first_figures(lake) == ["100", "200", "300"]
        assert (record.known_from, record.landed_at) == (datetime(2026, 2, 5, 9, 30, tzinfo=UTC), on(1, 6))
        assert (record.known_from_basis, record.backfilled) == ("published", True)
        assert lake.last_accepted(KEY).revision_index == 3

    def test_it_lands_before_all_of_them(self, night: Night, revise, past, lake: Lake):
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        night(on(6, 2))
        past(1, "2026-01-05T09:30:00.000Z", "100")
        assert first_figures(lake) == ["100", "200"]

    def test_the_next_nights_go_on_as_if_it_had_always_been_there(
        self, published: Published, night: Night, revise, past, lake: Lake
    ):
        revise(3, "2026-03-05T09:30:00.000Z", "300")
        night(on(6))
        past(1, "2026-01-05T09:30:00.000Z", "100")
        past(2, "2026-02-05T09:30:00.000Z", "200")
        assert night(on(7)).outcome is Outcome.UNCHANGED
        published.cells[0].value = "301"
        silent = night(on(8), "rehash")
        assert (silent.known_from, silent.known_from_basis) == (on(8), "silent_change")
        revise(4, "2026-03-09T09:30:00.000Z", "400")
        assert night(on(10)).known_from_basis == "published"
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        assert night(on(12)).known_from_basis == "reinstated"
        assert first_figures(lake) == ["100", "200", "300", "301", "400", "200"]
        assert intervals_follow_each_other(lake)

    def test_one_that_changed_the_description_only_adds_none(self, night: Night, revise, past, lake: Lake):
        revise(1, "2026-01-05T09:30:00.000Z", "100")
        first = night(on(6, 1))
        revise(3, "2026-03-05T09:30:00.000Z", "300")
        night(on(6))
        record = past(2, "2026-02-05T09:30:00.000Z", "100")
        assert (record.outcome, record.known_from) == (Outcome.UNCHANGED, first.known_from)
        assert first_figures(lake) == ["100", "300"]

    def test_of_two_published_at_one_moment_the_later_index_stands_last(self, night: Night, revise, past, lake: Lake):
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        night(on(6, 2))
        past(1, "2026-02-05T09:30:00.000Z", "100")
        assert first_figures(lake) == ["100", "200"]

    def test_twice_is_the_same_as_once(self, night: Night, revise, past, lake: Lake):
        revise(2, "2026-02-05T09:30:00.000Z", "200")
        night(on(6, 2))
        loads = {past(1, "2026-01-05T09:30:00.000Z", "100").load_id for _ in range(2)}
        assert len(loads) == 1
        assert first_figures(lake) == ["100", "200"]


def test_a_moment_between_two_vintages_has_one_answer(night: Night, revise, lake: Lake):
    revise(1, "2026-01-05T09:30:00.000Z", "100")
    night(on(6, 1))
    revise(2, "2026-02-05T09:30:00.000Z", "200")
    night(on(6, 2))
    vintages = lake.vintages(KEY)
    for moment, value in ((vintages[0].known_from, "100"), (vintages[1].known_from - timedelta(microseconds=1), "100"),
                          (vintages[1].known_from, "200")):  # fmt: skip
        known = [v for v in vintages if v.known_from <= moment]
        assert rows(lake, known[-1].raw_file)[0]["value"] == value
