"""The genuine server's recorded answers, replayed at two revisions: batches equal the figures they were made of."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from small_statswales import Answer, Api, accept, codes, rows

from ingestion.config import Settings
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import discover, land_dataset
from ingestion.statswales.registry import Dataset, load_registry

pytestmark = pytest.mark.shared

KEY = "children_looked_after_gender_age"
RECORDED = "statswales/recorded/children_looked_after_2003_2015"
FIRST, SECOND = "revision_1_to_2014", "revision_2_adds_2015"


class Replay(Api):
    """The recorded answers of one revision at a time."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.show(FIRST)

    def show(self, revision: str) -> None:
        folder = self.folder / revision
        self.recorded: dict[tuple[str, str, str], Answer] = {}
        for entry in json.loads((folder / "INDEX.json").read_text(encoding="utf-8")):
            split = urlsplit(entry["path"])
            lang = "cy-GB" if "cy-GB" in split.query else "en-GB"
            view = json.loads(entry["request_body"])["options"]["data_value_type"] if entry["request_body"] else ""
            body = (folder / entry["file"]).read_bytes()
            headers = {k: v for k, v in entry["headers"].items() if k in ("Content-Type", "ETag", "Content-Language")}
            self.recorded[f"{entry['method']} {split.path}", lang, view] = Answer(entry["status"], body, headers)
        self.document = json.loads((folder / "metadata_en-GB.json").read_text(encoding="utf-8"))

    def answer(
        self, method: str, path: str, params: dict[str, list[str]], body: bytes, headers: Any
    ) -> tuple[str, Answer]:
        if path == "/v2/":
            revision = self.document["published_revision"]
            title = next(m["title"] for m in revision["metadata"] if m["language"] == "en-GB")
            item = {"id": self.document["id"], "title": title, "last_updated_at": revision["publish_at"]}
            return "list", self.json({"data": [item], "count": 1})
        view = json.loads(body)["options"]["data_value_type"] if body else ""
        lang = params.get("lang", ["en-GB"])[0]
        for key in ((lang, view), ("en-GB", view)):
            if found := self.recorded.get((f"{method} {path}", *key)):
                return "recorded", found
        return "unknown", self.json({"error": "An unknown error occurred"}, 404)


@pytest.fixture
def replay(shared: Path) -> Iterator[Replay]:
    replay = Replay(shared / RECORDED)
    yield replay
    replay.server.shutdown()
    replay.server.server_close()


@pytest.fixture
def registered(replay: Replay) -> Dataset:
    return load_registry({KEY: replay.document["id"]})[KEY]


@pytest.fixture
def land(replay: Replay, registered: Dataset, lake: Lake, settings: Settings) -> Iterator[Any]:
    with StatsWalesClient(replay.url, settings=settings) as client:

        def once() -> LoadRecord:
            discover(client, lake, {KEY: registered})
            return land_dataset(registered, client, lake, run_id="run")

        yield once


def figures(shared: Path, last_year: int) -> dict[tuple[int, str, str, str], tuple[str, str]]:
    """The tidy file's cells: (year, area, gender, age) to (value, marker)."""
    with (shared / "real_data/children_looked_after_31_march_2003_2015.csv").open(encoding="utf-8", newline="") as file:
        return {
            (int(r["year_ending_31_march"]), r["area_code"], r["gender"], r["age_group"]): (r["children"], r["marker"])
            for r in csv.DictReader(file)
            if int(r["year_ending_31_march"]) <= last_year
        }


def batch(dataset: Dataset, lake: Lake, record: LoadRecord) -> dict[tuple[int, str, str, str], tuple[str, str]]:
    """The batch's cells under the keys of `figures`."""
    found = {}
    for row in rows(lake, record.staged_file):
        gender = {"male": "boys", "female": "girls", "all": "all"}[
            dataset.columns["measure"].find(row["measure"], row["measure_code"]) or "?"
        ]
        age = dataset.columns["age_group"].find(row["age_group"], row["age_group_code"])
        age = "all_ages" if age == "all" else age
        ends = datetime.fromtimestamp(int(row["period_sort"]) / 1000, UTC)
        assert (ends.month, ends.day) == (3, 31)
        found[ends.year, row["area_code"], gender, age] = (row["value"], row["note_codes"])
    return found


def test_every_cell_and_every_code_comes_out_as_it_went_in(replay, registered, land, lake: Lake, shared: Path):
    replay.show(SECOND)
    record = land()
    assert record.messages == []
    assert record.requests == 8
    assert record.rows == 4485
    expected = figures(shared, 2015)
    got = batch(registered, lake, record)
    assert got.keys() == expected.keys()
    suppressed = {key for key, (_, marker) in expected.items() if marker}
    assert suppressed
    for key, (value, code) in got.items():
        if key in suppressed:
            assert (value, code) == (None, "c"), key
        else:
            assert (value, code) == (expected[key][0], None), key


def test_the_second_revision_is_a_second_vintage(replay, registered, land, lake: Lake, shared: Path):
    first = accept(lake, land())
    assert first.rows == len(figures(shared, 2014))
    replay.show(SECOND)
    second = accept(lake, land())
    assert codes(second) == []
    assert [v.load_id for v in lake.vintages(KEY)] == [first.load_id, second.load_id]
    assert second.previous_revision_id == first.revision_id
    assert (first.revision_index, second.revision_index) == (1, 2)
    assert first.known_from < second.known_from
    assert land().outcome == "unchanged"


def test_every_member_has_both_languages(land, lake: Lake):
    record = land()
    members = rows(lake, record.staged_file.replace(".parquet", ".members.parquet"))
    assert all(m["label_en"] and m["label_cy"] and m["name_en"] and m["name_cy"] for m in members)
    areas = {m["code"]: m for m in members if m["role"] == "area"}
    assert len(areas) == 23
    assert areas["W06000001"]["label_cy"] == "Ynys Môn"
    assert areas["W06000001"]["hierarchy"] == "W92000004"
    assert record.title_cy
    assert record.title_cy.startswith("Plant")
    assert record.publisher_cy == "Llywodraeth Cymru"
    assert record.designation == "accredited"


def test_odd_cells_of_the_genuine_server_are_read(shared: Path, tmp_path: Path):
    """Formula guards, quotes and lost codes as the server wrote them (figures made up by whoever recorded them)."""
    from ingestion.statswales.batch import scan
    from ingestion.statswales.extract import undo_guard

    path = shared / "statswales/samples/v2_data_edge.csv"
    assert scan(path).guarded
    with path.open(encoding="utf-8", newline="") as file:
        found = [[undo_guard(cell) for cell in row] for row in csv.reader(file)]
    assert {row[3] for row in found[1:]} == {"+5", "- none", "=SUM(A1)", "Under 5’s", '@home, "quoted"'}
    assert "-3" in {row[0] for row in found}
