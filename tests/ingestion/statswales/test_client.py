"""The client: what it asks, what it does when the answer is late, broken, refused or too long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from small_statswales import OTHER_UUID, UUID, Api, Published, body, cut, drop, hang, in_seconds, short, status

from ingestion import __version__
from ingestion.config import Settings
from ingestion.errors import FetchError
from ingestion.statswales.budget import Budget
from ingestion.statswales.client import StatsWalesClient, parse_time


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "body.csv"


def download(client: StatsWalesClient, dest: Path):
    return client.download_csv(UUID, client.create_query(UUID, "raw_extended"), "en-GB", dest)


def test_says_who_it_is_and_always_sends_the_language(api: Api, client: StatsWalesClient, dest: Path):
    client.catalogue()
    client.metadata(UUID)
    filter_id = client.create_query(UUID, "raw_extended")
    client.query(UUID, filter_id)
    client.filters(UUID, "cy-GB")
    client.download_csv(UUID, filter_id, "en-GB", dest)
    assert len(api.log) == client.requests == 6
    for _, path, headers in api.log:
        assert "lang=en-GB" in path or "lang=cy-GB" in path
        assert headers["User-Agent"].startswith(f"Gofal/{__version__} ")


def test_never_pages_data(api: Api, client: StatsWalesClient, dest: Path):
    download(client, dest)
    for path in api.paths("/data/"):
        assert not any(word in path for word in ("page_size", "page_number", "sort_by", "cursor"))


def test_streams_the_body_and_hashes_what_was_received(published: Published, client: StatsWalesClient, dest: Path):
    import hashlib

    got = download(client, dest)
    expected = published.csv("raw_extended", "en-GB")
    assert dest.read_bytes() == expected
    assert got.sha256 == hashlib.sha256(expected).hexdigest()
    assert got.bytes == len(expected)
    assert got.content_type == "text/csv"


def test_decodes_utf8_whatever_the_header_says(api: Api, client: StatsWalesClient):
    text = '[{"factTableColumn": "A", "columnName": "Grŵp ‘£’", "values": []}]'
    api.on("filters", body(text.encode(), "application/json; charset=latin-1"))
    assert client.filters(UUID, "cy-GB").document[0]["columnName"] == "Grŵp ‘£’"


class TestCatalogue:
    def test_reads_the_whole_list_in_one_request(self, api: Api, client: StatsWalesClient):
        api.datasets[OTHER_UUID] = Published(uuid=OTHER_UUID)
        found = client.catalogue()
        assert [i.id for i in found.items] == [UUID, OTHER_UUID]
        assert found.etag == api.etag
        assert "page_size=10000" in api.log[0][1]
        assert len(api.log) == 1

    def test_is_none_where_the_etag_still_holds(self, api: Api, client: StatsWalesClient):
        assert client.catalogue(api.etag) is None
        assert client.catalogue('W/"other"') is not None

    def test_reads_further_pages_where_one_does_not_hold_all(self, api: Api, client: StatsWalesClient):
        import json

        item = Published().item()
        pages = [[{**item, "id": f"{page}-{i}"} for i in range(3)] for page in range(2)]
        answers = [json.dumps({"data": page, "count": 6}).encode() for page in pages]
        api.on("list", *(body(answer, "application/json") for answer in answers))
        found = client.catalogue()
        assert len(found.items) == 6
        assert found.etag is None  # it speaks for the first page only
        assert "page_number=2" in api.log[1][1]

    def test_refuses_a_list_that_counts_more_than_it_names(self, api: Api, client: StatsWalesClient):
        wrong = body(b'{"data": [{"id": "a"}], "count": 2}', "application/json")
        api.on("list", *[wrong] * 4)
        with pytest.raises(FetchError, match="counts 2 datasets and names 1") as caught:
            client.catalogue()
        assert caught.value.code == "fetch_truncated"


class TestRetries:
    @pytest.mark.parametrize("code", [500, 502, 503, 504])
    def test_a_server_error_is_retried(self, api: Api, client: StatsWalesClient, slept: list[float], code: int):
        api.on("metadata", status(code), status(code))
        assert client.metadata(UUID).revision_id
        assert client.requests == 3
        assert len(slept) == 2
        assert slept[1] > slept[0] > 0  # it backs off

    def test_it_gives_up_with_words_a_person_can_act_on(self, api: Api, client: StatsWalesClient):
        client.names[UUID] = "test_children"
        api.on("metadata", *[status(500)] * 3)
        with pytest.raises(FetchError) as caught:
            client.metadata(UUID)
        error = caught.value
        assert error.code == "fetch_server_error"
        for text in (error.en, error.cy):
            assert "test_children" in text
            assert UUID in text
            assert "500" in text
        assert "stage land" in error.en
        assert "run again" in error.en
        assert "cam glanio" in error.cy
        assert error.context["dataset"] == "test_children"

    def test_retry_after_in_seconds_is_honoured(self, api: Api, client: StatsWalesClient, slept: list[float]):
        api.on("metadata", status(429, Retry_After="60"))
        client.metadata(UUID)
        assert slept == [60]

    def test_retry_after_as_a_date_is_honoured(self, api: Api, client: StatsWalesClient, slept: list[float]):
        api.on("metadata", status(503, Retry_After=in_seconds(30)))
        client.metadata(UUID)
        assert 27 <= slept[0] <= 31

    def test_a_429_that_does_not_say_waits_a_minute(self, api: Api, client: StatsWalesClient, slept: list[float]):
        api.on("metadata", status(429))
        client.metadata(UUID)
        assert slept == [60]

    def test_too_many_429_fail_as_rate_limited(self, api: Api, client: StatsWalesClient):
        api.on("metadata", *[status(429, Retry_After="1")] * 3)
        with pytest.raises(FetchError) as caught:
            client.metadata(UUID)
        assert caught.value.code == "fetch_rate_limited"

    def test_it_does_not_wait_all_night(self, api: Api, client: StatsWalesClient, slept: list[float]):
        api.on("metadata", status(429, Retry_After="86400"))
        with pytest.raises(FetchError) as caught:
            client.metadata(UUID)
        assert caught.value.code == "fetch_rate_limited"
        assert slept == []

    def test_a_429_holds_back_every_process(self, api: Api, settings: Settings, tmp_path: Path):
        waits: list[float] = []
        one, other = (Budget(tmp_path / "requests.json", 90, sleep=waits.append) for _ in range(2))
        api.on("metadata", status(429, Retry_After="7"))
        with StatsWalesClient(api.url, budget=one, settings=settings, sleep=lambda _: None) as client:
            client._sleep = lambda seconds: other.hold(0)  # the wait is over
            client.metadata(UUID)
        api.on("metadata", status(429, Retry_After="7"))
        settings.attempts = 1
        with (
            StatsWalesClient(api.url, budget=one, settings=settings) as client,
            pytest.raises(FetchError),
        ):
            client.metadata(UUID)
        other._sleep = lambda seconds: (waits.append(seconds), other.hold(0))  # type: ignore[assignment]
        other.acquire()
        assert 6 < waits[-1] <= 7

    @pytest.mark.parametrize("code", [400, 404])
    def test_a_refusal_is_not_retried(self, api: Api, client: StatsWalesClient, slept: list[float], code: int):
        api.on("metadata", status(code))
        with pytest.raises(FetchError) as caught:
            client.metadata(UUID)
        assert caught.value.code == ("fetch_not_found" if code == 404 else "fetch_refused")
        assert client.requests == 1
        assert slept == []

    def test_json_that_does_not_parse_is_retried(self, api: Api, client: StatsWalesClient):
        api.on("metadata", body(b'{"id": "', "application/json"), body(b"<html>busy</html>", "text/html"))
        assert client.metadata(UUID).document["id"] == UUID

    def test_json_without_the_fields_it_should_have_is_an_error(self, api: Api, client: StatsWalesClient):
        api.on("create_query", *[body(b'{"filterid": 1}', "application/json")] * 3)
        with pytest.raises(FetchError) as caught:
            client.create_query(UUID, "raw_extended")
        assert caught.value.code == "fetch_bad_json"

    def test_a_server_that_is_down_is_an_error(self, settings: Settings, slept: list[float]):
        with (
            StatsWalesClient("http://127.0.0.1:9/v2", settings=settings, sleep=slept.append) as client,
            pytest.raises(FetchError) as caught,
        ):
            client.catalogue()
        assert caught.value.code == "fetch_server_error"
        assert len(slept) == 2

    def test_a_dropped_connection_is_retried(self, api: Api, client: StatsWalesClient):
        api.on("query", drop)
        assert client.query(UUID, client.create_query(UUID, "raw_extended"))["totalLines"] == 8


class TestBodies:
    @pytest.mark.parametrize("breakage", [cut(), cut(0), short(), hang()], ids=["cut", "cut0", "short", "hang"])
    def test_a_body_that_stops_is_fetched_again(
        self, api: Api, published: Published, client: StatsWalesClient, dest: Path, breakage
    ):
        client.timeout = (5, 0.5)
        api.on("data", breakage)
        got = download(client, dest)
        assert dest.read_bytes() == published.csv("raw_extended", "en-GB")
        assert got.bytes == dest.stat().st_size
        assert client.requests == 3

    def test_a_server_that_hangs_after_the_first_byte_is_given_up(self, api: Api, client: StatsWalesClient, dest: Path):
        client.timeout = (5, 0.5)
        api.on("data", *[hang(1)] * 3)
        started = time.monotonic()
        with pytest.raises(FetchError) as caught:
            download(client, dest)
        assert caught.value.code == "fetch_timeout"
        assert time.monotonic() - started < 10

    def test_a_server_that_drips_for_ever_is_given_up(
        self, api: Api, client: StatsWalesClient, dest: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def drip(handler, answer):
            handler.start(answer, Content_Length="100000")
            for _ in range(200):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.01)

        monkeypatch.setattr("ingestion.statswales.client.PATIENCE", 1)
        client.timeout = (5, 0.5)
        client.attempts = 1
        api.on("data", drip)
        with pytest.raises(FetchError) as caught:
            download(client, dest)
        assert caught.value.code == "fetch_timeout"
        assert "not complete" in caught.value.en

    @pytest.mark.parametrize("breakage", [cut(), short()], ids=["cut", "short"])
    def test_a_short_body_is_never_a_success(self, api: Api, client: StatsWalesClient, dest: Path, breakage):
        api.on("data", *[breakage] * 3)
        with pytest.raises(FetchError) as caught:
            download(client, dest)
        assert caught.value.code == "fetch_truncated"

    def test_no_bytes_at_all_is_not_a_body(self, api: Api, client: StatsWalesClient, dest: Path):
        api.on("data", *[body(b"")] * 3)
        with pytest.raises(FetchError) as caught:
            download(client, dest)
        assert caught.value.code == "fetch_truncated"

    def test_a_body_over_the_cap_is_dropped_and_not_asked_for_again(
        self, api: Api, client: StatsWalesClient, dest: Path
    ):
        client.max_body_bytes = 100
        with pytest.raises(FetchError) as caught:
            download(client, dest)
        assert caught.value.code == "fetch_too_large"
        assert "GOFAL_MAX_BODY_MB" in caught.value.en
        assert client.requests == 2
        assert dest.stat().st_size <= 100

    def test_a_body_that_declares_itself_over_the_cap_is_not_read(self, api: Api, client: StatsWalesClient):
        client.max_body_bytes = 10
        with pytest.raises(FetchError) as caught:
            client.metadata(UUID)
        assert caught.value.code == "fetch_too_large"

    def test_a_full_disk_is_not_mistaken_for_the_network(self, client: StatsWalesClient):
        full = Path("/dev/full")
        if not full.exists():
            pytest.skip("no /dev/full on this system")
        with pytest.raises(OSError, match="No space left"):
            download(client, full)
        assert client.requests == 2


def test_metadata_is_read_by_language_not_by_place(client: StatsWalesClient):
    found = client.metadata(UUID)
    assert found.text("title", "en-GB") == "Children counted for a test"
    assert found.text("title", "cy-GB") == "Plant a gyfrifwyd at brawf"
    assert found.publisher("en-GB") == "Government of the Test"
    assert found.publisher("cy-GB") == "Llywodraeth y Prawf"


def test_requests_are_taken_out_of_the_budget(api: Api, settings: Settings, tmp_path: Path):
    budget = Budget(tmp_path / "requests.json", 90)
    with StatsWalesClient(api.url, budget=budget, settings=settings) as client:
        client.metadata(UUID)
        client.catalogue()
    assert budget.spent() == 2


def test_what_the_service_says_is_left_is_believed(api: Api, settings: Settings, tmp_path: Path):
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        budget.hold(0)

    budget = Budget(tmp_path / "requests.json", 90, sleep=sleep)
    api.on("metadata", lambda handler, answer: handler.reply(answer_with(answer)))

    def answer_with(answer):
        answer.headers.update({"RateLimit-Remaining": "0", "RateLimit-Reset": "42"})
        return answer

    with StatsWalesClient(api.url, budget=budget, settings=settings) as client:
        client.metadata(UUID)
        assert waits == []
        client.metadata(UUID)
    assert len(waits) == 1
    assert 40 < waits[0] <= 42


@pytest.mark.parametrize("text", [None, "", "soon", 5])
def test_a_time_that_is_none_is_none(text):
    assert parse_time(text) is None


def test_times_are_utc():
    assert parse_time("2026-11-22T00:17:12.121Z").isoformat() == "2026-11-22T00:17:12.121000+00:00"
    assert parse_time("2026-06-01T09:30:00+01:00").isoformat() == "2026-06-01T08:30:00+00:00"
