"""The stand-in server: the behaviour of the real one, and misbehaviour on demand."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from ingestion.sample.cube import Cube, Details
from ingestion.sample.standin import StandIn, uuid4_of
from ingestion.statswales.registry import UUID4, Dataset

CLA = "children_looked_after_gender_age"
RAW = """Data values,Data description,Year,Local Authority,Age group,Notes,NoteCodes
10,Number of boys,2017-18,Wales,All ages,Total,t
,Number of boys,2017-18,Cardiff,All ages,Confidential,c
-477,Number of boys,2018-19,Wales,All ages,,"p, e"
1160,Number of girls,2018-19,Cardiff,Under 1 year,,T
"""
OPTIONS = {"use_raw_column_names": True, "use_reference_values": True, "data_value_type": "raw_extended"}
DETAILS = Details(title_en="Children", title_cy="Plant")
UNKNOWN = {"error": "An unknown error occurred"}


@pytest.fixture
def api(server: StandIn, children: Dataset) -> Api:
    return Api(server, children.uuid)


class Api:
    def __init__(self, standin: StandIn, uuid: str) -> None:
        self.standin = standin
        self.id = uuid

    def get(self, path: str = "", **more: object) -> requests.Response:
        return requests.get(f"{self.standin.url}/{self.id}{path}", timeout=10, **more)  # type: ignore[arg-type]

    def root(self, path: str, **more: object) -> requests.Response:
        return requests.get(self.standin.url.removesuffix("/v2") + path, timeout=10, **more)  # type: ignore[arg-type]

    def post(self, body: object, **more: object) -> requests.Response:
        return requests.post(f"{self.standin.url}/{self.id}/data", json=body, timeout=10, **more)  # type: ignore[arg-type]

    def filter_id(self, view: str = "raw_extended", filters: object = None) -> str:
        answer = self.post({"filters": filters or [], "options": OPTIONS | {"data_value_type": view}})
        assert answer.status_code == 200, answer.text
        ident: str = answer.json()["filterId"]
        return ident

    def rows(self, ident: str) -> list[dict[str, str]]:
        answer = self.get(f"/data/{ident}?format=csv&lang=en-GB")
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"))))


# -- the way a client goes -------------------------------------------------------------------------------------


def test_five_steps_lead_to_the_rows(api: Api) -> None:
    assert api.root("/v2/?lang=en-GB").json()["data"][0]["id"] == api.id
    revision = api.get("?lang=en-GB").json()["published_revision"]["id"]
    ident = api.filter_id()
    query = api.get(f"/query/{ident}").json()
    assert (query["datasetId"], query["revisionId"], query["totalLines"]) == (api.id, revision, 4)
    assert len(api.rows(ident)) == 4


def test_bulk_csv_is_streamed_without_length_tag_or_charset(api: Api) -> None:
    answer = api.get(f"/data/{api.filter_id()}?format=csv&lang=cy")
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert not {"ETag", "Content-Length", "Last-Modified", "Cache-Control"} & set(answer.headers)
    assert answer.content.decode("utf-8").startswith("Gwerthoedd data,")
    assert answer.headers["Content-Disposition"] == f"attachment;filename={api.id}.csv"


def test_the_same_body_has_the_same_filter_id_until_the_revision_changes(
    api: Api, make_cube: Callable[..., Cube], children: Dataset
) -> None:
    first = api.filter_id()
    assert len(first) == 12
    assert api.filter_id() == first
    assert api.filter_id(filters=[{"AreaCode": ["W92000004"]}]) != first
    api.standin.publish(CLA, make_cube(RAW.replace("10,", "15,"), children, "b.csv"), DETAILS)
    second = api.filter_id()
    assert second != first
    assert {row["Data values"] for row in api.rows(first)} == {"10", "", "'-477", "1160"}
    assert {row["Data values"] for row in api.rows(second)} == {"15", "", "'-477", "1160"}
    assert api.get(f"/query/{first}").json()["revisionId"] != api.get().json()["published_revision"]["id"]


def test_a_filter_id_works_under_another_dataset(api: Api, make_cube: Callable[..., Cube]) -> None:
    other = make_cube("Data values,Data description,Group,Notes\n1,Number,a,\n", name="o.csv")
    api.standin.publish("other", other, DETAILS)
    ident = api.filter_id()
    path = f"{api.standin.url}/{api.standin.entry('other').id}/query/{ident}"
    assert requests.get(path, timeout=10).json()["datasetId"] == api.id


def test_filters_are_honoured_and_their_keys_know_no_case(api: Api) -> None:
    ident = api.filter_id(filters=[{"areacode": ["W06000015"]}, {"Measure": ["1", "2"]}])
    assert {row["Local Authority"] for row in api.rows(ident)} == {"Cardiff"}
    assert api.get(f"/query/{ident}").json()["totalLines"] == 2
    nothing = api.filter_id(filters=[{"AreaCode": ["NOPE"]}])
    assert api.get(f"/data/{nothing}?format=csv").content == b"\n"
    assert api.get(f"/data/{nothing}?format=json").content == b"[]"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"filters": [{"Nope": ["1"]}]}, 500),
        ({"filters": [{"AreaCode": []}]}, 500),
        ({"filters": [{"Local Authority": ["Cardiff"]}], "options": {"use_reference_values": False}}, 500),
        ({"filters": [{"AreaCode": ["W06000015"]}], "options": {"use_raw_column_names": False}}, 500),
        ({"options": {"data_value_type": "nope"}}, 400),
        ({"options": {"use_raw_column_names": "yes"}}, 400),
        ({}, 200),
        ({"unknown": 1, "options": {}}, 200),
    ],
)
def test_bodies_are_judged_as_the_real_server_judges_them(api: Api, body: object, status: int) -> None:
    answer = api.post(body)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"] == "Invalid request object"
        assert answer.json()["reason"][0]["children"][0]["constraints"]


def test_a_missing_or_malformed_body_fails(api: Api) -> None:
    url = f"{api.standin.url}/{api.id}/data"
    assert requests.post(url, timeout=10).status_code == 500
    assert requests.post(url, data="{", headers={"Content-Type": "application/json"}, timeout=10).status_code == 400
    assert requests.post(url, data="a=1", timeout=10).status_code == 500


def test_the_default_query_is_the_raw_view(api: Api) -> None:
    query = api.get("/query/").json()
    assert query["requestObject"]["options"]["data_value_type"] == "raw"
    assert query["totalLines"] == 4
    assert api.get("/data?format=csv").text.startswith("Data values,Data description,Year")


# -- pages -----------------------------------------------------------------------------------------------------


def test_pages_have_sort_columns_that_bulk_has_not(api: Api) -> None:
    page = api.get("/data?format=json&page_size=2&lang=en-GB").json()
    assert len(page) == 2
    assert list(page[0])[-4:] == ["Year_sort", "Local Authority_sort", "Age group_sort", "Data description_sort"]
    assert page[0]["Data values"] == "10"
    assert page[1]["Data values"] is None
    text = api.get("/data?format=csv&page_size=3&page_number=2&lang=en-GB").text
    assert text.splitlines()[0].endswith("Notes,Year_sort,Local Authority_sort,Age group_sort,Data description_sort")
    assert len(text.splitlines()) == 2


def test_decimals_are_json_numbers(api: Api, make_cube: Callable[..., Cube]) -> None:
    api.standin.publish(
        "rates", make_cube("Data values,Data description,Group,Notes\n1.5,Rate,a,\n-2,Rate,b,\n", name="r.csv"), DETAILS
    )
    found = requests.get(f"{api.standin.url}/{api.standin.entry('rates').id}/data?format=json", timeout=10).json()
    assert [row["Data values"] for row in found] == [1.5, -2.0]


def test_pages_are_sorted_as_asked(api: Api) -> None:
    for sort in ("Data values:desc", '[{"columnName":"Data values","direction":"desc"}]'):
        found = api.get("/data", params={"format": "json", "sort_by": sort, "lang": "en-GB"}).json()
        assert [row["Data values"] for row in found] == [None, "1160", "10", "-477"]


@pytest.mark.parametrize(
    "params",
    [
        {"format": "parquet"},
        {"format": "json", "page_size": "0"},
        {"format": "json", "page_size": "x"},
        {"format": "json", "page_size": "10001"},
        {"format": "json", "page_number": "x"},
        {"format": "json", "sort_by": "Nope"},
        {"format": "json", "sort_by": "Year:sideways"},
        {"format": "csv", "page_size": "-1"},
    ],
)
def test_bad_parameters_are_400(api: Api, params: dict[str, str]) -> None:
    answer = api.get("/data", params=params)
    assert (answer.status_code, answer.json()) == (400, UNKNOWN)


def test_format_is_required_and_a_page_too_far_is_an_error(api: Api) -> None:
    answer = api.get("/data")
    assert (answer.status_code, answer.json()["error"]) == (400, "Output format is required")
    answer = api.get("/data?format=json&page_number=2")
    assert answer.status_code == 400
    assert answer.json()["error"] == "Page number must be less than or equal to {{page_number}}"


def test_page_zero_of_json_answers_one_byte_and_hangs(api: Api) -> None:
    with api.get("/data?format=json&page_number=0", stream=True) as answer:
        assert answer.raw.read(1) == b"["
    with pytest.raises(requests.RequestException):
        requests.get(f"{api.standin.url}/{api.id}/data?format=json&page_number=0", timeout=0.3)


def test_the_frontend_format_has_totals(api: Api) -> None:
    found = api.get("/data?format=frontend&page_size=3&lang=en-GB").json()
    assert found["page_info"]["total_records"] == 4
    assert [header["source_type"] for header in found["headers"]][:3] == ["data_values", "measure", "time"]
    assert found["data"][0][0] == "          10 [t]"


# -- languages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "title", "column"),
    [
        ("", "Children", "Data values"),
        ("en", "Children", "Data values"),
        ("EN-gb", "Children", "Data values"),
        ("cy", "Plant", "Gwerthoedd data"),
        ("cy-GB", "Plant", "Gwerthoedd data"),
        ("en-US", None, "Data values"),
        ("fr", None, "Gwerthoedd data"),
    ],
)
def test_an_unsupported_language_empties_the_list(api: Api, lang: str, title: str | None, column: str) -> None:
    for way in ({"params": {"lang": lang}}, {"headers": {"Accept-Language": lang}}):
        listed = api.root("/v2/", **way).json()
        assert [item["title"] for item in listed["data"]] == ([title] if title else [])
        assert listed["count"] == (1 if title else 0)
        merged = {"params": {"format": "csv"} | way.get("params", {}), "headers": way.get("headers", {})}
        assert api.get("/data", **merged).content.decode("utf-8").startswith(column)
    if lang == "fr":
        assert api.get("/filters?lang=fr").json() == []


def test_the_order_of_languages_in_metadata_changes_with_the_revision(api: Api) -> None:
    def order() -> list[str]:
        return [text["language"] for text in api.get().json()["published_revision"]["metadata"]]

    before = order()
    api.standin.rename(CLA, "New", "Newydd")
    assert order() == before[::-1]
    api.standin.metadata_order = "alternate"
    assert order() == order()[::-1]


# -- conditional requests, rate limit --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v2/?lang=en-GB", "/v2/{id}", "/v2/{id}/filters", "/v2/topic", "/v1/{id}/history"])
def test_json_has_a_weak_tag_and_is_not_sent_twice(api: Api, path: str) -> None:
    path = path.format(id=api.id)
    first = api.root(path)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = api.root(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    api.standin.rename(CLA, "Other", "Arall")
    later = api.root(path, headers={"If-None-Match": tag})
    assert later.status_code == (304 if path.endswith(("/filters", "/topic")) else 200)


def test_the_rate_limit_counts_everything_in_a_fixed_window() -> None:
    with StandIn(rate_limit=3, rate_window=1) as standin:
        seen = [requests.get(standin.url + path, timeout=10) for path in ("/", "/nope", "/", "/")]
        assert [answer.status_code for answer in seen] == [200, 404, 200, 429]
        assert [answer.headers["RateLimit-Remaining"] for answer in seen] == ["2", "1", "0", "0"]
        assert seen[0].headers["RateLimit-Policy"] == "3;w=1"
        assert seen[3].json() == {"message": "Too many requests, please try again later."}
        assert int(seen[3].headers["Retry-After"]) == 1
        assert "Vary" not in seen[3].headers
        time.sleep(1.1)
        assert requests.get(standin.url + "/", timeout=10).status_code == 200


# -- the catalogue ---------------------------------------------------------------------------------------------


def test_the_list_is_ordered_by_first_publication_and_its_pages_are_clamped(
    api: Api, make_cube: Callable[..., Cube]
) -> None:
    cube = make_cube("Data values,Data description,Group,Notes\n1,Number,a,\n", name="o.csv")
    old = datetime(2001, 1, 1, tzinfo=UTC)
    api.standin.publish("old", cube, DETAILS, publish_at=old)
    api.standin.publish("old", cube, DETAILS, publish_at=old + timedelta(days=3))
    listed = api.root("/v2/?lang=en-GB").json()
    assert [item["id"] for item in listed["data"]] == [api.id, api.standin.entry("old").id]
    item = listed["data"][1]
    assert item["first_published_at"] == "2001-01-01T00:00:00.000Z"
    assert item["last_updated_at"] == "2001-01-04T00:00:00.000Z"
    assert item["archived_at"] is None
    for size, number, found in (("0", "1", 2), ("x", "y", 2), ("1", "2", 1), ("1", "9", 0), ("99999", "1", 2)):
        page = api.root("/v2/", params={"page_size": size, "page_number": number, "lang": "en"}).json()
        assert (len(page["data"]), page["count"]) == (found, 2)
    assert api.root("/v1/?lang=en-GB").json() == listed


def test_an_archived_dataset_is_still_listed_and_one_that_redirects_is_not(
    api: Api, make_cube: Callable[..., Cube]
) -> None:
    cube = make_cube("Data values,Data description,Group,Notes\n1,Number,a,\n", name="o.csv")
    api.standin.publish("new", cube, Details(title_en="New", title_cy="Newydd"))
    api.standin.archive(CLA)
    before = api.root("/v2/?lang=en-GB").json()["data"]
    assert next(item for item in before if item["id"] == api.id)["archived_at"]
    api.standin.archive(CLA, replaced_by="new", auto_redirect=True)
    assert api.id not in {item["id"] for item in api.root("/v2/?lang=en-GB").json()["data"]}
    described = api.get("?lang=cy-GB").json()
    assert described["replaced_by"] == {
        "dataset_id": api.standin.entry("new").id,
        "dataset_title": "Newydd",
        "auto_redirect": True,
    }
    assert len(api.rows(api.filter_id())) == 4


def test_an_unpublished_dataset_has_metadata_without_a_revision_and_no_data(api: Api) -> None:
    ident = api.filter_id()
    api.standin.unpublish(CLA)
    assert api.root("/v2/?lang=en-GB").json() == {"data": [], "count": 0}
    assert "published_revision" not in api.get().json()
    for path in ("/data?format=csv", "/filters", "/query/", f"/query/{ident}", f"/data/{ident}?format=csv"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)
    assert api.post({}).status_code == 404
    assert api.root(f"/v1/{api.id}/history").json() == []
    api.standin.reinstate(CLA)
    assert api.get().json()["published_revision"]


def test_the_revision_before_is_current_again_when_the_newest_is_withdrawn(api: Api) -> None:
    first = api.get().json()["published_revision"]["id"]
    api.standin.rename(CLA, "New", "Newydd")
    assert api.get().json()["published_revision"]["previous_revision_id"] == first
    api.standin.unpublish_revision(CLA)
    assert api.get().json()["published_revision"]["id"] == first


def test_a_scheduled_revision_appears_when_it_is_due(make_cube: Callable[..., Cube], children: Dataset) -> None:
    now = [datetime(2019, 10, 30, 9, 29, 59, tzinfo=UTC)]
    due = now[0] + timedelta(seconds=1)
    with StandIn(clock=lambda: now[0]) as standin:
        standin.publish(CLA, make_cube(RAW, children), DETAILS, uuid=children.uuid, publish_at=due)
        api = Api(standin, children.uuid)
        assert (api.get().status_code, api.get().json()["error"]) == (404, "Dataset could not be found")
        assert api.root("/v2/").json()["count"] == 0
        now[0] = due
        assert api.get().json()["published_revision"]["publish_at"] == "2019-10-30T09:30:00.000Z"
        standin.rename(CLA, "Later", "Hwyrach", publish_at=due + timedelta(days=1))
        assert api.root("/v2/").json()["data"][0]["title"] == "Children"
        assert len(api.root(f"/v1/{api.id}/history").json()) == 1
        now[0] = due + timedelta(days=1)
        assert api.root("/v2/").json()["data"][0]["title"] == "Later"


def test_history_is_newest_first_and_has_no_providers(api: Api) -> None:
    api.standin.rename(CLA, "New", "Newydd")
    found = api.root(f"/v1/{api.id}/history").json()
    assert [revision["revision_index"] for revision in found] == [2, 1]
    assert "providers" not in found[0]
    assert "topics" not in found[0]


def test_filters_list_members_under_their_parents_and_dates_newest_first(api: Api) -> None:
    found = {part["factTableColumn"]: part for part in api.get("/filters?lang=en-GB").json()}
    assert list(found) == ["YearCode", "AreaCode", "AgeCode", "Measure"]
    assert [value["reference"] for value in found["YearCode"]["values"]] == ["201819", "201718"]
    wales = found["AreaCode"]["values"][0]
    assert (wales["reference"], wales["count"]) == ("W92000004", "2")
    assert [child["description"] for child in wales["children"]] == ["Cardiff"]


def test_a_silent_rebuild_changes_the_bytes_and_nothing_else(
    api: Api, make_cube: Callable[..., Cube], children: Dataset
) -> None:
    before = api.root("/v2/").content, api.get().content
    ident = api.filter_id()
    api.standin.rebuild(CLA, make_cube(RAW.replace("10,", "20,"), children, "b.csv"))
    assert (api.root("/v2/").content, api.get().content) == before
    assert api.filter_id() == ident
    assert "20" in {row["Data values"] for row in api.rows(ident)}


def test_search_finds_phrases_and_words(api: Api) -> None:
    def count(**params: str) -> int:
        found: int = api.root("/v2/search", params={"lang": "en-GB", **params}).json()["count"]
        return found

    assert count(keywords="about child") == 1
    assert count(keywords="child about") == 0
    assert count(keywords="child about", mode="basic_split") == 1
    assert api.root("/v2/search").status_code == 400
    assert api.root("/v2/search?keywords=a&mode=x").status_code == 400


def test_full_text_and_fuzzy_search_say_how_well_they_match(api: Api) -> None:
    def found(words: str, mode: str) -> list[dict[str, Any]]:
        params = {"lang": "en-GB", "keywords": words, "mode": mode}
        items: list[dict[str, Any]] = api.root("/v2/search", params=params).json()["data"]
        return items

    (full,) = found("about the children", "fts")
    assert full["match_title"] == "<mark>Children</mark>"
    assert full["match_summary"] == "<mark>About</mark> <mark>children</mark>"
    assert 0 < full["rank"] < 1
    assert found("about the children", "fts_simple") == []
    (fuzzy,) = found("chldren", "fuzzy")
    assert 0 < fuzzy["rank"] < 1
    assert "match_title" not in fuzzy
    assert found("revenue", "fuzzy") == []


def test_topics_have_two_levels_and_datasets_on_leaves_only(api: Api) -> None:
    assert [topic["id"] for topic in api.root("/v2/topic?lang=en-GB").json()["children"]] == [40]
    parent = api.root("/v2/topic/40?lang=cy-GB").json()
    assert [child["name"] for child in parent["children"]] == ["Gwasanaethau cymdeithasol"]
    assert "datasets" not in parent
    leaf = api.root("/v2/topic/54?lang=en-GB").json()
    assert leaf["parents"][0]["id"] == 40
    assert leaf["datasets"]["data"][0]["id"] == api.id
    assert api.root("/v2/topic/x").status_code == api.root("/v2/topic/999").status_code == 404


# -- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/v2/nope", "Dataset id is invalid or missing"),
        ("/v2/00000000-0000-1000-8000-000000000000", "Dataset id is invalid or missing"),
        ("/v2/00000000-0000-4000-8000-000000000000", "Dataset could not be found"),
        ("/v2/00000000-0000-4000-8000-000000000000/data?format=csv", "Dataset could not be found"),
        ("/v2/{id}/query/zzz", "An unknown error occurred"),
        ("/v2/{id}/data/zzz?format=csv", "An unknown error occurred"),
    ],
)
def test_not_found_has_the_text_of_its_case(api: Api, path: str, text: str) -> None:
    answer = api.root(path.format(id=api.id))
    assert (answer.status_code, answer.json()) == (404, {"error": text})


def test_an_unmatched_route_answers_in_html(api: Api) -> None:
    answer = api.root("/v2/a/b/c/d/e")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<pre>Cannot GET /v2/a/b/c/d/e</pre>" in answer.text
    assert requests.delete(f"{api.standin.url}/{api.id}", timeout=10).status_code == 404
    assert requests.post(f"{api.standin.url.replace('v2', 'v1')}/{api.id}/history", timeout=10).status_code == 405


def test_what_is_not_imitated_says_so(api: Api) -> None:
    assert api.get("/data?format=xlsx").status_code == 501
    assert requests.post(f"{api.standin.url}/{api.id}/pivot", json={}, timeout=10).status_code == 501


def test_v1_downloads_the_same_bytes_and_other_routes_answer(api: Api) -> None:
    plain = api.root(f"/v1/{api.id}/download/csv?view=raw_extended&lang=en-GB")
    assert plain.content == api.get(f"/data/{api.filter_id()}?format=csv&lang=en-GB").content
    assert "Content-Disposition" not in plain.headers
    assert len(api.root(f"/v1/{api.id}/download/json?lang=en-GB").json()) == 4
    assert api.root("/").json() == {"message": "success"}
    assert api.root("/healthcheck").status_code == 200
    assert requests.options(api.standin.url, timeout=10).status_code == 204
    head = requests.head(f"{api.standin.url}/{api.id}", timeout=10)
    assert (head.status_code, head.content) == (200, b"")


# -- misbehaviour ----------------------------------------------------------------------------------------------


@pytest.fixture
def data(api: Api) -> str:
    return f"/data/{api.filter_id()}?format=csv&lang=en-GB"


def test_it_hangs_before_answering_and_in_the_middle_of_a_body(api: Api, data: str) -> None:
    whole = api.get(data).content
    api.standin.misbehave("hang")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{api.standin.url}/{api.id}{data}", timeout=0.3)
    api.standin.behave()
    api.standin.misbehave("hang_after", after_bytes=30)
    with requests.get(f"{api.standin.url}/{api.id}{data}", timeout=0.3, stream=True) as answer:
        assert answer.raw.read(30, decode_content=True) == whole[:30]
        with pytest.raises(Exception, match="timed out"):
            answer.raw.read(1)
    api.standin.behave()
    assert api.get(data).content == whole


def test_it_cuts_a_body_off_so_that_the_client_notices(api: Api, data: str) -> None:
    api.standin.misbehave("truncate", after_bytes=30, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.get(data)
    assert api.get(data).status_code == 200


def test_it_ends_a_body_early_so_that_the_client_does_not_notice(api: Api, data: str) -> None:
    whole = api.get(data).content
    api.standin.misbehave("short", after_bytes=30, times=1)
    assert api.get(data).content == whole[:30]


def test_it_drops_connections(api: Api, data: str) -> None:
    fault = api.standin.misbehave("drop", times=2)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            api.get(data)
    assert api.get(data).status_code == 200
    assert fault.hits == 2


def test_it_fails_for_the_next_requests_on_a_route(api: Api, data: str) -> None:
    api.standin.misbehave("error", match=r"/query/", times=2, status=503)
    assert [api.get("/query/").status_code for _ in range(3)] == [503, 503, 200]
    assert api.get(data).status_code == 200
    api.standin.misbehave("error", match=r"/data$", method="POST", times=1)
    assert [api.post({}).status_code for _ in range(2)] == [500, 200]


def test_it_limits_for_a_while(api: Api) -> None:
    api.standin.misbehave("rate_limit", match="", seconds=0.5)
    answer = api.get()
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    time.sleep(0.6)
    assert api.get().status_code == 200


def test_it_miscounts(api: Api, data: str) -> None:
    ident = data.split("/")[2].split("?")[0]
    api.standin.misbehave("wrong_total", match="/query/", by=-1, times=1)
    assert [api.get(f"/query/{ident}").json()["totalLines"] for _ in range(2)] == [3, 4]


def test_it_changes_the_revision_between_two_requests(api: Api) -> None:
    before = api.get().json()["published_revision"]["id"]
    api.standin.misbehave(
        "then", match=f"/v2/{api.id}$", times=1, call=lambda: api.standin.rename(CLA, "New", "Newydd")
    )
    assert api.get().json()["published_revision"]["id"] == before
    assert api.get(f"/query/{api.filter_id()}").json()["revisionId"] != before


def test_it_is_slow(api: Api, data: str) -> None:
    api.standin.misbehave("slow", seconds=0.2)
    began = time.monotonic()
    assert api.get(data).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_requests_are_logged(api: Api, data: str) -> None:
    api.standin.log.clear()
    api.get(data)
    api.standin.misbehave("drop", times=1)
    with pytest.raises(requests.ConnectionError):
        api.get(data)
    seen = api.standin.requests(r"/data/")
    assert [(logged.method, logged.status) for logged in seen] == [("GET", 200), ("GET", None)]
    assert seen[0].query == "format=csv&lang=en-GB"


def test_stopping_does_not_wait_for_a_client_that_hangs(make_cube: Callable[..., Cube], children: Dataset) -> None:
    standin = StandIn()
    standin.publish(CLA, make_cube(RAW, children), DETAILS, uuid=children.uuid)
    url = standin.start()
    standin.misbehave("hang", match="")
    failed: list[Exception] = []

    def ask() -> None:
        try:
            requests.get(url + "/", timeout=20)
        except requests.RequestException as error:
            failed.append(error)

    client = threading.Thread(target=ask)
    client.start()
    while not standin._faults[0].hits:
        time.sleep(0.01)
    began = time.monotonic()
    standin.stop()
    client.join(10)
    assert time.monotonic() - began < 5
    standin.behave()
    assert requests.get(standin.start() + "/", timeout=10).status_code == 200
    standin.close()


def test_the_control_channel_is_off_unless_asked_for(api: Api) -> None:
    assert requests.post(api.standin.url.replace("/v2", "/__standin__/behave"), timeout=10).status_code == 404


def test_another_process_may_make_it_misbehave(make_cube: Callable[..., Cube], children: Dataset) -> None:
    with StandIn(control=True) as standin:
        standin.publish(CLA, make_cube(RAW, children), DETAILS, uuid=children.uuid)
        root = standin.url.removesuffix("/v2")
        requests.post(root + "/__standin__/misbehave", json={"kind": "error", "match": "/v2"}, timeout=10)
        assert requests.get(standin.url, timeout=10).status_code == 500
        requests.post(root + "/__standin__/behave", timeout=10)
        assert requests.get(standin.url, timeout=10).status_code == 200
        log = requests.get(root + "/__standin__/log", timeout=10).json()["log"]
        assert [entry[3] for entry in log if entry[1] == "/v2"] == [500, 200]


def test_derived_ids_are_version_4_and_repeat() -> None:
    assert UUID4.match(uuid4_of("dataset", "a"))
    assert uuid4_of("dataset", "a") == uuid4_of("dataset", "a")
    assert uuid4_of("dataset", "a") != uuid4_of("datase", "t", "a")
