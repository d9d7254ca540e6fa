"""Discover and land: what is fetched, when it was known, what a batch holds, and every bad day of a fetch."""

from __future__ import annotations

import errno
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from small_statswales import (
    OTHER_UUID,
    UUID,
    Api,
    Cell,
    Dim,
    Published,
    accept,
    body,
    cells,
    codes,
    cut,
    hang,
    make_dataset,
    rows,
    status,
)

from ingestion.errors import FetchError, LakeError
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales import extract
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import discover, land_dataset, undo_guard
from ingestion.statswales.registry import Dataset

KEY = "test_children"
NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def registry(dataset: Dataset) -> dict[str, Dataset]:
    return {KEY: dataset}


@pytest.fixture
def land(dataset: Dataset, client: StatsWalesClient, lake: Lake):
    """Discover and land once, at a moment of the test's choice."""

    def once(
        decision: str = "changed", *, at: datetime = NOW, force: bool = False, only: Dataset = dataset
    ) -> LoadRecord:
        discover(client, lake, {only.key: only}, today=at.date())
        return land_dataset(only, client, lake, run_id="run", decision=decision, force=force, now=lambda: at)

    return once


def find(published: Published, *refs: str) -> Cell:
    return next(c for c in published.cells if c.refs[1:] == refs)


# -- a good day ------------------------------------------------------------------------------------------------


class TestGoodDay:
    def test_eight_requests_at_most(self, api: Api, land):
        record = land()
        assert record.requests == 8
        assert len(api.log) == 9  # the list is one

    def test_the_record_says_what_the_source_says(self, api: Api, land, lake: Lake):
        record = land()
        assert record.outcome is None
        assert record.rows == 8
        assert record.dataset_id == UUID
        assert record.revision_id == api.datasets[UUID].revision
        assert record.revision_index == 1
        assert (record.title_en, record.title_cy) == ("Children counted for a test", "Plant a gyfrifwyd at brawf")
        assert (record.publisher_en, record.publisher_cy) == ("Government of the Test", "Llywodraeth y Prawf")
        assert record.designation == "official"
        assert record.last_updated_at == "2026-01-05T09:30:00.000Z"
        assert record.known_from == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
        assert record.known_from_basis == "published"
        assert record.is_synthetic is False
        assert record.columns == {
            "measure": "Data description",
            "period": "Year",
            "area": "Local authority",
            "age_group": "Age group",
        }
        assert record.fact_columns["Local authority"] == "AreaCode"
        assert record.messages == []

    def test_every_body_is_kept_as_it_came_with_its_provenance(self, published: Published, land, lake: Lake):
        record = land()
        assert [f.role for f in record.files] == ["data", "note_codes", "filters_cy", "metadata"]
        for file in record.files:
            assert lake.verify(file)
            assert file.url.startswith("http://127.0.0.1")
        data = record.files[0]
        assert Path(lake.path(data.path)).read_bytes() == published.csv("raw_extended", "en-GB")
        assert record.landed_sha256 == data.sha256
        (provenance,) = Path(lake.path(f"provenance/{KEY}")).iterdir()
        assert json.loads(provenance.read_text())["load_id"] == record.load_id

    def test_the_batch_is_as_the_design_says(self, land, lake: Lake):
        record = land()
        batch = rows(lake, record.staged_file)
        assert list(batch[0]) == [
            "value", "notes", "note_codes", "measure", "measure_code", "period", "period_code", "period_sort", "area",
            "area_code", "area_hierarchy", "age_group", "age_group_code", "_source_row", "_load_id", "_landed_sha256",
        ]  # fmt: skip
        assert batch[0] == {
            "value": "100", "notes": "Provisional", "note_codes": "p", "measure": "Number", "measure_code": "1",
            "period": "2023-24", "period_code": "202324", "period_sort": "1711843200000", "area": "Wales",
            "area_code": "W92000004", "area_hierarchy": None, "age_group": "All ages", "age_group_code": "T",
            "_source_row": 1, "_load_id": record.load_id, "_landed_sha256": record.landed_sha256,
        }  # fmt: skip
        assert (batch[3]["value"], batch[3]["note_codes"], batch[3]["area_hierarchy"]) == (None, "c", "W92000004")
        assert [r["_source_row"] for r in batch] == list(range(1, 9))
        assert [r["note_codes"] for r in batch].count(None) == 6

    def test_members_have_both_languages(self, land, lake: Lake):
        record = land()
        members = rows(lake, record.staged_file.replace(".parquet", ".members.parquet"))
        assert list(members[0]) == [
            "role", "code", "label_en", "label_cy", "sort", "hierarchy", "name_en", "name_cy", "_load_id",
        ]  # fmt: skip
        by_code = {(m["role"], m["code"]): m for m in members}
        assert len(by_code) == len(members) == 7
        cardiff = by_code["area", "W06000015"]
        assert (cardiff["label_en"], cardiff["label_cy"]) == ("Cardiff", "Caerdydd")
        assert (cardiff["sort"], cardiff["hierarchy"]) == ("15", "W92000004")
        assert (cardiff["name_en"], cardiff["name_cy"]) == ("Local authority", "Awdurdod lleol")
        assert by_code["age_group", "U1"]["label_cy"] == "Dan 1 oed"  # a child in the tree of filters
        assert by_code["measure", "1"]["label_cy"] == "Nifer"

    def test_nothing_is_left_behind_in_the_scratch_folder(self, land, lake: Lake):
        land()
        assert list(Path(lake.path("tmp")).iterdir()) == []

    def test_synthetic_figures_say_so_in_their_title(self, published: Published, land):
        published.title_en = "Synthetic " + published.title_en
        assert land().is_synthetic

    def test_the_same_bytes_again_are_unchanged(self, land, lake: Lake):
        first = accept(lake, land())
        again = land("rehash")
        assert again.outcome is Outcome.UNCHANGED
        assert again.load_id == first.load_id
        assert again.staged_file is None
        assert again.known_from == first.known_from


# -- discover --------------------------------------------------------------------------------------------------


class TestDiscover:
    def test_what_was_never_loaded_is_landed(self, client: StatsWalesClient, lake: Lake, registry):
        found = discover(client, lake, registry)
        assert found.decisions == {KEY: "changed"}
        assert found.to_land == [KEY]
        assert found.requests == 1

    def test_what_did_not_change_is_not(self, client: StatsWalesClient, lake: Lake, registry, land):
        accept(lake, land())
        found = discover(client, lake, registry, slices=1_000_000, today=date(2026, 3, 2))
        assert found.decisions == {KEY: "unchanged"}
        assert found.to_land == []
        assert found.not_modified

    def test_a_304_is_answered_from_the_list_that_is_held(
        self, api: Api, published: Published, client: StatsWalesClient, lake: Lake, registry
    ):
        discover(client, lake, registry)
        found = discover(client, lake, registry)
        assert found.not_modified
        assert found.count == 1
        assert found.decisions == {KEY: "changed"}  # nothing was landed in between: it is not lost

    def test_another_deployment_gets_no_etag_of_this_one(
        self, api: Api, client: StatsWalesClient, lake: Lake, registry
    ):
        discover(client, lake, registry)
        client.base_url = client.base_url.replace("127.0.0.1", "localhost")
        assert not discover(client, lake, registry).not_modified

    @pytest.mark.parametrize("content", ["{", "[]", '{"url": 1}'])
    def test_a_damaged_state_is_read_afresh(self, client: StatsWalesClient, lake: Lake, registry, content: str):
        path = Path(lake.path(extract.STATE))
        path.parent.mkdir(parents=True)
        path.write_text(content)
        assert discover(client, lake, registry).decisions == {KEY: "changed"}

    def test_a_new_revision_is_landed(self, api: Api, published, client, lake: Lake, registry, land):
        accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        api.etag = 'W/"2"'
        assert discover(client, lake, registry, slices=1_000_000).decisions == {KEY: "changed"}

    def test_a_failed_fetch_is_tried_again(self, client, lake: Lake, registry, land):
        record = land()
        record.outcome = Outcome.FAILED
        lake.record(record)
        assert discover(client, lake, registry).decisions == {KEY: "changed"}

    def test_what_was_quarantined_is_not_fetched_again_and_says_so(self, client, lake: Lake, registry, land):
        lake.quarantine(land())
        found = discover(client, lake, registry, slices=1_000_000, today=date(2026, 3, 2))
        assert found.decisions == {KEY: "quarantined"}
        assert found.to_land == []
        assert [m.code for m in found.messages[KEY]] == ["still_quarantined"]
        assert discover(client, lake, registry, force=True).to_land == [KEY]

    def test_what_was_quarantined_for_a_broken_body_is_fetched_again(
        self, api: Api, client, lake: Lake, registry, land
    ):
        api.on("data", *[body(b"<html>down</html>", "text/html")] * 2)
        record = land()
        assert codes(record) == ["not_csv"]
        lake.quarantine(record)
        assert discover(client, lake, registry).decisions == {KEY: "changed"}

    def test_each_night_hashes_one_slice_again_and_verify_all(self, client, lake: Lake, registry, land):
        accept(lake, land())
        nights = [date(2026, 3, 1) + timedelta(days=i) for i in range(28)]
        states = [discover(client, lake, registry, slices=28, today=night).decisions[KEY] for night in nights]
        assert sorted(states) == ["rehash"] + ["unchanged"] * 27
        assert discover(client, lake, registry, verify=True, slices=1_000_000).to_land == [KEY]

    def test_what_is_not_in_the_list_is_looked_at(self, published, client, lake: Lake, registry):
        published.listed = False
        assert discover(client, lake, registry).decisions == {KEY: "missing"}

    def test_renamed_and_archived_are_told(self, api: Api, published, client, lake: Lake, registry, land):
        accept(lake, land())
        published.title_en, published.archived_at = "Children, counted", "2026-02-01T00:00:00.000Z"
        api.etag = 'W/"2"'
        found = discover(client, lake, registry)
        assert found.renamed == found.archived == [KEY]
        assert {m.code for m in found.messages[KEY]} == {"renamed", "archived"}
        assert found.decisions == {KEY: "changed"}

    def test_new_datasets_in_the_list_are_named(self, api: Api, client, lake: Lake, registry):
        assert discover(client, lake, registry).added == []
        api.datasets[OTHER_UUID] = Published(uuid=OTHER_UUID, title_en="Something new")
        api.etag = 'W/"2"'
        assert [i.title for i in discover(client, lake, registry).added] == ["Something new"]

    def test_only_some_can_be_asked_for(self, client, lake: Lake, registry):
        other = make_dataset("other", OTHER_UUID)
        found = discover(client, lake, {**registry, "other": other}, only=[KEY])
        assert list(found.decisions) == [KEY]
        with pytest.raises(ValueError, match="no dataset nope"):
            discover(client, lake, registry, only=["nope"])

    def test_another_id_for_a_key_is_landed(self, api: Api, client, lake: Lake, land):
        accept(lake, land())
        api.datasets[OTHER_UUID] = Published(uuid=OTHER_UUID)
        api.etag = 'W/"2"'
        assert discover(client, lake, {KEY: make_dataset(uuid=OTHER_UUID)}).decisions == {KEY: "changed"}


# -- when figures were known -----------------------------------------------------------------------------------


class TestKnownFrom:
    def test_a_new_revision_is_known_from_its_publication(self, published, land, lake: Lake):
        accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        published.cells[0].value = "999"
        record = land()
        assert record.outcome is None
        assert (record.known_from, record.known_from_basis) == (datetime(2026, 2, 5, 9, 30, tzinfo=UTC), "published")

    def test_a_silent_change_is_known_from_when_it_was_met(self, published, land, lake: Lake):
        first = accept(lake, land())
        published.cells[0].value = "999"
        record = land("rehash", at=NOW)
        assert (record.known_from, record.known_from_basis) == (NOW, "silent_change")
        assert codes(record) == ["silent_change"]
        assert record.load_id != first.load_id
        assert record.previous_content_sha256 == first.content_sha256
        accept(lake, record)
        assert lake.last_accepted(KEY).load_id == record.load_id

    def test_a_silent_change_comes_last_whatever_the_clock_says(self, published, land, lake: Lake):
        first = accept(lake, land())
        published.cells[0].value = "999"
        record = accept(lake, land("rehash", at=datetime(2020, 1, 1, tzinfo=UTC)))
        assert record.known_from > first.known_from
        published.cells[0].value = "998"
        later = accept(lake, land("rehash", at=datetime(2019, 1, 1, tzinfo=UTC)))
        assert lake.last_accepted(KEY).load_id == later.load_id

    def test_a_revision_after_a_clock_went_back_comes_last(self, published, land, lake: Lake):
        accept(lake, land())
        published.cells[0].value = "999"
        ahead = accept(lake, land("rehash", at=datetime(2030, 1, 1, tzinfo=UTC)))
        published.revise(2, "2026-02-05T09:30:00.000Z")
        published.cells[0].value = "1000"
        record = land()
        assert record.known_from == ahead.known_from + timedelta(milliseconds=1)
        assert codes(record) == ["known_from_adjusted"]

    def test_another_order_of_rows_is_no_change(self, published, land, lake: Lake):
        first = accept(lake, land())
        published.cells.reverse()
        record = land("rehash")
        assert record.outcome is Outcome.UNCHANGED
        assert record.content_sha256 != first.content_sha256
        assert codes(record) == ["row_order_only"]
        assert not list(Path(lake.path(f"staged/{KEY}")).iterdir())

    def test_a_row_twice_for_another_row_once_is_a_change(self, published, land, lake: Lake):
        published.cells[1] = published.cells[2]
        accept(lake, land())
        published.cells[1] = published.cells[4]
        assert land("rehash").known_from_basis == "silent_change"

    def test_a_new_welsh_label_is_a_change(self, published, land, lake: Lake):
        accept(lake, land())
        published.dims[2].members["W06000015"] = ("Cardiff", "Dinas Caerdydd", "15", "W92000004")
        assert land("rehash").known_from_basis == "silent_change"

    def test_a_metadata_only_revision_adds_no_vintage_and_is_remembered(
        self, api: Api, published, client, land, lake: Lake, registry
    ):
        first = accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        api.etag = 'W/"2"'
        record = land()
        assert record.outcome is Outcome.UNCHANGED
        assert codes(record) == ["metadata_only_revision"]
        assert record.revision_id == published.revision
        assert record.known_from == first.known_from
        lake.record(record)
        assert discover(client, lake, registry, slices=1_000_000).decisions == {KEY: "unchanged"}

    def test_a_silent_change_after_a_metadata_only_revision_is_one(self, published, land, lake: Lake):
        accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        lake.record(land())
        published.cells[0].value = "999"
        record = land("rehash")
        assert (record.known_from, record.known_from_basis) == (NOW, "silent_change")

    def test_an_older_revision_that_is_current_again_is_reinstated(self, published, land, lake: Lake):
        first = accept(lake, land())
        old = (published.revision, published.index, published.publish_at)
        published.revise(2, "2026-02-05T09:30:00.000Z")
        published.cells[0].value = "999"
        accept(lake, land())
        published.revision, published.index, published.publish_at = old
        published.cells[0].value = "100"
        record = land(at=NOW)
        assert record.load_id == first.load_id
        assert (record.known_from, record.known_from_basis) == (NOW, "reinstated")
        accept(lake, record)
        vintages = lake.vintages(KEY)
        assert [v.revision_index for v in vintages] == [1, 2, 1]
        assert rows(lake, vintages[-1].raw_file)[0]["value"] == "100"
        assert land("rehash").outcome is Outcome.UNCHANGED

    def test_a_second_attempt_at_what_was_quarantined_keeps_its_date(self, published, land, lake: Lake):
        lake.quarantine(land())
        record = land(force=True)
        assert (record.known_from.month, record.known_from_basis) == (1, "published")

    def test_what_was_mended_silently_after_a_quarantine_is_known_from_then(self, published, land, lake: Lake):
        lake.quarantine(land())
        published.cells[0].value = "999"
        assert land(force=True).known_from_basis == "silent_change"

    def test_rows_that_the_lake_lost_are_put_back_as_the_same_vintage(self, published, land, lake: Lake):
        first = accept(lake, land())
        Path(lake.path(first.raw_file)).unlink()
        record = land("rehash")
        assert record.outcome is None
        assert (record.load_id, record.known_from) == (first.load_id, first.known_from)


# -- withdrawn, archived, renamed ------------------------------------------------------------------------------


class TestLifecycle:
    def test_an_unpublished_dataset_is_withdrawn_after_one_request(self, published, land, lake: Lake):
        accept(lake, land())
        published.revision = None
        record = land("missing")
        assert record.outcome is Outcome.WITHDRAWN
        assert record.requests == 1
        assert [(m.code, m.severity) for m in record.messages] == [("withdrawn", "warning")]
        lake.record(record)
        assert [(m.code, m.severity) for m in land("missing").messages] == [("withdrawn", "info")]
        assert lake.last_accepted(KEY) is not None

    def test_it_may_come_back_as_it_was(self, published, client, land, lake: Lake, registry):
        accept(lake, land())
        revision, published.revision = published.revision, None
        lake.record(land("missing"))
        published.revision = revision
        assert discover(client, lake, registry).decisions == {KEY: "changed"}
        assert land().outcome is Outcome.UNCHANGED

    def test_one_that_is_unpublished_while_it_is_fetched_is_withdrawn(self, api: Api, published, land):
        def unpublish(handler, answer):
            published.revision = None
            status(404)(handler, answer)

        api.on("create_query", unpublish)
        assert land().outcome is Outcome.WITHDRAWN

    def test_archived_and_replaced_is_accepted_and_told(self, published, land):
        published.archived_at = "2026-02-01T00:00:00.000Z"
        published.replaced_by = {"dataset_id": OTHER_UUID, "dataset_title": "The next one", "auto_redirect": True}
        published.listed = False
        record = land("missing")
        assert record.outcome is None
        assert record.staged_file
        assert [(m.code, m.severity) for m in record.messages] == [("archived", "info"), ("replaced", "warning")]
        assert record.replaced_by == OTHER_UUID
        assert record.archived_at == datetime(2026, 2, 1, tzinfo=UTC)
        assert OTHER_UUID in record.messages[1].en

    def test_archiving_alone_downloads_nothing(self, published, client, land, lake: Lake, registry):
        accept(lake, land())
        published.archived_at = "2026-02-01T00:00:00.000Z"
        published.listed = False
        record = land("missing")
        assert record.outcome is Outcome.UNCHANGED
        assert record.requests == 1
        assert codes(record) == ["archived"]
        lake.record(record)
        again = land("missing")
        assert (again.outcome, again.requests) == (Outcome.UNCHANGED, 1)

    def test_a_new_title_is_told(self, published, land, lake: Lake):
        accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        published.title_en = "Children, counted"
        assert "renamed" in codes(land())

    def test_an_id_that_nobody_knows_is_an_error(self, api: Api, client: StatsWalesClient, lake: Lake):
        with pytest.raises(FetchError) as caught:
            land_dataset(make_dataset(uuid=OTHER_UUID), client, lake, run_id="run", decision="missing")
        assert caught.value.code == "fetch_not_found"


# -- bad days --------------------------------------------------------------------------------------------------


class TestBadDays:
    def test_a_hang_and_a_cut_are_survived(self, api: Api, client: StatsWalesClient, land):
        client.timeout = (5, 0.5)
        api.on("data", hang())
        api.on("note_codes", cut())
        api.on("metadata", status(500), status(429, Retry_After="1"))
        record = land()
        assert record.staged_file
        assert record.requests == 12

    def test_a_wrong_total_is_tried_once_more_and_then_fails(self, api: Api, published, land):
        published.total = 9
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "row_count"
        assert re.search(r"9 rows .* came with 8", caught.value.en)
        assert "test_children" in caught.value.en
        assert len(api.paths("/data?")) == 2  # two POSTs: the query was made afresh

    def test_a_wrong_total_that_was_a_moment_is_survived(self, api: Api, published, land):
        short = published.csv("raw_extended", "en-GB").rpartition(b"\n")[0]
        api.on("data", body(short))
        assert land().rows == 8

    def test_a_short_view_with_note_codes_fails(self, api: Api, published, land):
        short = published.csv("with_note_codes", "en-GB").rpartition(b"\n")[0]
        api.on("note_codes", *[body(short)] * 2)
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "row_count"
        assert "with_note_codes" in caught.value.en

    def test_an_empty_body_where_rows_are_promised_fails(self, api: Api, land):
        api.on("data", *[body(b"\n")] * 2)
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "row_count"

    def test_a_dataset_without_rows_is_a_problem_of_the_data(self, published, land):
        published.cells = []
        record = land()
        assert codes(record) == ["empty"]
        assert record.messages[0].severity == "error"
        assert record.staged_file is None
        assert record.outcome is None

    @pytest.mark.parametrize("stage", ["data", "note_codes"])
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"<!DOCTYPE html>\n<p>Sorry", "text/csv"),
            (b'{"error": "x"}', "text/csv"),
            (b"x", "text/html; charset=utf-8"),
        ],
    )
    def test_a_page_instead_of_figures_is_a_problem_of_the_data(self, api: Api, land, stage, content, kind):
        api.on(stage, *[body(content, kind)] * 2)
        record = land()
        assert codes(record) == ["not_csv"]
        assert record.staged_file is None

    def test_a_page_instead_of_figures_for_a_moment_is_survived(self, api: Api, land):
        api.on("data", body(b"<html>", "text/html"))
        assert land().staged_file

    @pytest.mark.parametrize(
        ("bad", "line"),
        [(b'"unfinished', 4), (b"too,few", 4), (b"1," * 30 + b"1", 4), (b'\xff\xfe,2,"x"y,', 4)],
        ids=["quote", "few", "many", "bytes"],
    )
    def test_broken_csv_names_the_line(self, api: Api, published, land, bad: bytes, line: int):
        lines = published.csv("raw_extended", "en-GB").split(b"\n")
        lines[line - 1] = bad
        api.on("data", *[body(b"\n".join(lines))] * 2)
        record = land()
        assert codes(record) == ["csv_malformed"]
        message = record.messages[0]
        assert f"line {line}" in message.en
        assert f"llinell {line}" in message.cy
        assert message.rows[0]["source_row"] == line - 1
        assert record.staged_file is None

    def test_csv_broken_on_the_way_is_a_failed_fetch(self, api: Api, published, land):
        whole = published.csv("raw_extended", "en-GB")
        api.on("data", body(whole[:-8]), body(whole[:-9]))
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "fetch_truncated"

    def test_csv_broken_on_the_way_once_is_survived(self, api: Api, published, land):
        api.on("data", body(published.csv("raw_extended", "en-GB")[:-8]))
        record = land()
        assert record.staged_file
        assert record.messages == []

    def test_a_body_over_the_cap_fails(self, published, client: StatsWalesClient, land):
        published.cells *= 100
        client.max_body_bytes = 5000
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "fetch_too_large"

    def test_a_revision_that_appears_during_the_fetch_is_fetched_whole(self, api: Api, published, land):
        def publish(handler, answer):
            handler.reply(answer)
            published.revise(2, "2026-02-05T09:30:00.000Z")
            published.cells[0].value = "999"

        api.on("data", publish)
        record = land()
        assert record.revision_index == 2
        assert record.known_from == datetime(2026, 2, 5, 9, 30, tzinfo=UTC)

    def test_a_revision_that_appears_between_metadata_and_query_is_fetched_whole(self, api: Api, published, land):
        def publish(handler, answer):
            handler.reply(answer)
            published.revise(2, "2026-02-05T09:30:00.000Z")

        api.on("metadata", publish)
        assert land().revision_index == 2

    def test_a_revision_that_will_not_settle_is_an_error(self, api: Api, published, land):
        index = iter(range(2, 9))

        def publish(handler, answer):
            handler.reply(answer)
            published.revise(next(index), "2026-02-05T09:30:00.000Z")

        api.on("metadata", publish, publish)
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "revision_moved"
        assert "test_children" in caught.value.en

    def test_a_query_for_another_dataset_is_not_taken(self, api: Api, land):
        def other(handler, answer):
            document = json.loads(answer.body)
            document["datasetId"] = OTHER_UUID
            handler.reply(Api.json(document))

        api.on("query", other, other)
        with pytest.raises(FetchError) as caught:
            land()
        assert caught.value.code == "revision_moved"

    def test_a_full_disk_says_so(
        self, dataset: Dataset, client: StatsWalesClient, lake: Lake, monkeypatch: pytest.MonkeyPatch
    ):
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Lake, "put", full)
        with pytest.raises(LakeError) as caught:
            land_dataset(dataset, client, lake, run_id="run")
        assert caught.value.code == "disk_full"
        for text in (caught.value.en, caught.value.cy):
            assert KEY in text
            assert "GOFAL_HOME" in text


def test_a_failed_fetch_leaves_the_last_good_load_current_and_a_rerun_succeeds(api: Api, published, land, lake: Lake):
    first = accept(lake, land())
    published.revise(2, "2026-02-05T09:30:00.000Z")
    published.cells[0].value = "999"
    api.on("data", *[status(500)] * 3)
    with pytest.raises(FetchError):
        land()
    assert lake.last_accepted(KEY).load_id == first.load_id
    accept(lake, land())
    assert lake.last_accepted(KEY).revision_index == 2


# -- columns ---------------------------------------------------------------------------------------------------


class TestColumns:
    def test_an_added_column_is_kept_under_its_own_name(self, published, land, lake: Lake):
        published.dims.append(
            Dim("Placement, detailed", "Lleoliad", "PlacementCode", {"T": ("All", "Pob un", "0", "")})
        )
        for cell in published.cells:
            cell.refs += ("T",)
        record = land()
        assert record.columns["Placement, detailed"] == "Placement, detailed"
        row = rows(lake, record.staged_file)[0]
        assert (row["Placement, detailed"], row["Placement, detailed_reference"]) == ("All", "T")
        assert not any(name.endswith(("_sort_", "detailed_sort", "detailed_hierarchy")) for name in row)

    def test_a_column_that_shares_a_name_with_a_role_is_kept_apart(self, published, land, lake: Lake):
        published.dims.append(Dim("Area", "Ardal", "Place", {"1": ("Somewhere", "Rhywle", "0", "")}))
        for cell in published.cells:
            cell.refs += ("1",)
        record = land()
        assert record.columns["area"] == "Local authority"
        assert record.columns["Area (source)"] == "Area"
        row = rows(lake, record.staged_file)[0]
        assert (row["area"], row["Area (source)"]) == ("Wales", "Somewhere")

    def test_a_role_takes_the_first_of_its_names(self, published, land, lake: Lake):
        published.dims.append(Dim("Area code", "Cod ardal", "GSS", {"W1": ("W1", "W1", "0", "")}))
        for cell in published.cells:
            cell.refs += ("W1",)
        record = land()
        assert record.columns["area"] == "Area code"
        assert record.columns["Local authority"] == "Local authority"
        assert rows(lake, record.staged_file)[0]["area_code"] == "W1"

    def test_a_role_keeps_its_fact_column_when_a_preferred_name_appears(self, published, land, lake: Lake):
        accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        published.dims.append(Dim("Area code", "Cod ardal", "GSS", {"W1": ("W1", "W1", "0", "")}))
        for cell in published.cells:
            cell.refs += ("W1",)
        assert land().columns["area"] == "Local authority"

    def test_a_renamed_column_is_known_by_its_fact_column(self, published, land, lake: Lake):
        accept(lake, land())
        published.revise(2, "2026-02-05T09:30:00.000Z")
        published.dims[3].en = "Band of years"
        published.cells[0].value = "999"
        record = land()
        assert record.columns["age_group"] == "Band of years"
        assert [(m.code, m.severity) for m in record.messages] == [("column_renamed", "warning")]
        assert rows(lake, record.staged_file)[0]["age_group"] == "All ages"
        accept(lake, record)
        published.revise(3, "2026-02-06T09:30:00.000Z")
        published.cells[0].value = "998"
        assert codes(land()) == []

    def test_a_fact_column_names_a_role_too(self, published, land):
        published.dims[2].en = "Where"
        assert land().columns["area"] == "Where"

    def test_a_removed_column_is_a_problem_that_names_both_sides(self, published, land):
        del published.dims[3]
        for cell in published.cells:
            cell.refs = cell.refs[:3]
        record = land()
        assert codes(record) == ["column_missing"]
        assert "‘Age group’" in record.messages[0].en
        assert "‘Local authority’" in record.messages[0].en
        assert "‘Age group’" in record.messages[0].cy
        assert record.staged_file is None

    def test_a_role_that_is_not_required_may_be_absent(self, published, land, lake: Lake):
        del published.dims[3]
        published.cells = [cell for cell in published.cells if cell.refs[3] == "T"]
        for cell in published.cells:
            cell.refs = cell.refs[:3]
        dataset = make_dataset()
        dataset.columns["age_group"].required = False
        record = land(only=dataset)
        assert "age_group" not in record.columns
        found = rows(lake, record.staged_file)
        assert [(r["age_group"], r["age_group_code"]) for r in found] == [(None, None)] * 4

    def test_two_columns_of_one_name_are_a_problem(self, published, land):
        published.header_en = {"Age group": "YEAR"}
        assert codes(land()) == ["column_duplicate"]

    def test_a_column_name_that_a_spreadsheet_would_run_is_read(self, published, land, lake: Lake):
        published.dims[3].en = "+Age"
        record = land()
        assert record.columns["age_group"] == "+Age"


# -- cells -----------------------------------------------------------------------------------------------------


class TestCells:
    def test_the_formula_guard_is_undone(self, published, land, lake: Lake):
        published.dims[3].members |= {
            "F": ("=SUM(A1)", "=SWM(A1)", "3", ""),
            "P": ("+5", "+5", "4", ""),
            "Q": ("'quoted'", "'dyfynedig'", "5", ""),
        }
        year = published.cells[0].refs[:3]
        published.cells = [
            Cell("-477", "", (*year, "F")),
            Cell("12", "p", (*year, "P")),
            Cell("-0.5", "c", (*year, "Q")),
        ]
        record = land()
        found = rows(lake, record.staged_file)
        assert [r["value"] for r in found] == ["-477", "12", "-0.5"]
        assert [r["age_group"] for r in found] == ["=SUM(A1)", "+5", "'quoted'"]
        assert [r["note_codes"] for r in found] == [None, "p", "c"]
        members = rows(lake, record.staged_file.replace(".parquet", ".members.parquet"))
        assert {m["label_cy"] for m in members if m["role"] == "age_group"} == {"=SWM(A1)", "+5", "'dyfynedig'"}

    @pytest.mark.parametrize(
        ("cell", "expected"),
        [("'-477", "-477"), ("'=A1", "=A1"), ("'", "'"), ("'x", "'x"), ("''-1", "''-1"), ("-1", "-1"), ("", "")],
    )
    def test_one_apostrophe_and_only_before_a_formula(self, cell, expected):
        assert undo_guard(cell) == expected

    def test_codes_that_notes_lost_are_found(self, published, land, lake: Lake):
        published.cells[0].codes = "T"
        published.cells[1].codes = "p, e"
        published.cells[2].codes = "R,p"
        record = land()
        found = rows(lake, record.staged_file)
        assert [r["note_codes"] for r in found][:4] == ["t", "e,p", "p,r", "c"]
        assert found[0]["notes"] is None

    def test_codes_that_we_do_not_know_are_kept_and_told(self, published, land, lake: Lake):
        published.cells[0].codes = "q,p"
        record = land()
        assert rows(lake, record.staged_file)[0]["note_codes"] == "p,q"
        assert [(m.code, m.severity, m.count) for m in record.messages] == [("note_code_unknown", "warning", 1)]

    def test_labels_that_name_two_rows_with_codes_are_never_guessed(self, published, land):
        published.dims[3].members["U1"] = ("All ages", "Dan 1 oed", "1", "T")
        record = land()
        assert codes(record) == ["note_codes_ambiguous"]
        assert record.messages[0].count
        assert record.messages[0].rows[0]["Age group"] == "All ages"
        assert record.staged_file is None

    def test_labels_that_name_two_rows_do_no_harm_where_nothing_has_a_code(self, published, land, lake: Lake):
        published.dims[3].members["U1"] = ("All ages", "Dan 1 oed", "1", "T")
        for cell in published.cells:
            cell.codes = ""
        record = land()
        assert record.messages == []
        assert len(rows(lake, record.staged_file)) == 8

    def test_codes_for_a_row_that_is_not_in_the_data_are_a_problem(self, api: Api, published, land):
        other = published.csv("with_note_codes", "en-GB").replace(b"[c],Number,2023-24", b"[c],Number,1999-00")
        api.on("note_codes", body(other))
        record = land()
        assert codes(record) == ["note_codes_ambiguous"]

    def test_labels_with_line_ends_commas_and_quotes_survive(self, published, land, lake: Lake):
        label = 'Under 1,\nsaid "under"'
        published.dims[3].members["U1"] = (label, "Dan 1 oed", "1", "T")
        record = land()
        assert record.rows == 8
        assert rows(lake, record.staged_file)[1]["age_group"] == label
        assert rows(lake, record.staged_file)[3]["note_codes"] == "c"

    def test_labels_in_welsh_only_are_ordinary_text(self, published, land, lake: Lake):
        published.dims[3].members["U1"] = ("Dan 1 oed", "Dan 1 oed", "1", "T")
        published.dims[3].en = "Grŵp oedran"
        record = land()
        assert rows(lake, record.staged_file)[1]["age_group"] == "Dan 1 oed"
        assert record.columns["age_group"] == "Grŵp oedran"
        assert record.messages == []

    def test_a_member_without_a_label_is_told_of_in_its_language(self, published, land, lake: Lake):
        published.dims[3].members["U1"] = ("", "", "1", "T")
        published.dims[2].members["W06000015"] = ("Cardiff", "", "15", "W92000004")
        record = land()
        told = {m.code: m for m in record.messages}
        assert {k: (m.severity, m.count) for k, m in told.items()} == {
            "label_cy_missing": ("warning", 2),
            "label_en_missing": ("warning", 1),
        }
        assert "Cardiff" in told["label_cy_missing"].en
        members = rows(lake, record.staged_file.replace(".parquet", ".members.parquet"))
        assert next(m for m in members if m["code"] == "U1")["label_en"] is None
        assert rows(lake, record.staged_file)[3]["note_codes"] == "c"  # joined on an empty label

    def test_every_value_suppressed_is_still_a_batch(self, published, land, lake: Lake):
        for cell in published.cells:
            cell.value, cell.codes = "", "c"
        record = land()
        assert {(r["value"], r["note_codes"]) for r in rows(lake, record.staged_file)} == {(None, "c")}
        assert record.messages == []

    def test_a_larger_batch_keeps_its_order(self, published, land, lake: Lake):
        published.dims[3].members = {f"A{i}": (f"Age {i}", f"Oed {i}", str(i), "") for i in range(3000)}
        refs = published.cells[0].refs[:3]
        published.cells = [Cell(str(i), "p" if i % 7 == 0 else "", (*refs, f"A{i}")) for i in range(3000)]
        found = rows(lake, land().staged_file)
        assert [r["_source_row"] for r in found] == list(range(1, 3001))
        assert [r["value"] for r in found] == [str(i) for i in range(3000)]
        assert all((r["note_codes"] == "p") == (int(r["value"]) % 7 == 0) for r in found)


def test_a_lake_that_is_no_folder_of_ours_works_too(dataset: Dataset, client: StatsWalesClient):
    import uuid

    lake = Lake.open(f"memory://{uuid.uuid4().hex}", "sample")
    record = land_dataset(dataset, client, lake, run_id="run")
    assert lake.exists(record.staged_file)
    assert record.rows == len(cells())
