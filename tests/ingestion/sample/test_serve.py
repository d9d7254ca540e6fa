"""Serving files as datasets and their revisions."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ingestion.errors import DataProblem
from ingestion.sample.serve import Update, parse_specs, serve_files
from ingestion.sample.standin import StandIn
from ingestion.statswales.registry import UUID4, load_registry

CLA = "children_looked_after_gender_age"
TIDY = "year_ending_31_march,area_code,area_name,gender,age_group,children,marker\n"
RAW = "Data values,Data description,Group,Notes\n{},Number,a,\n"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = []
    for number in (1, 2, 3):
        path = tmp_path / f"{number}.csv"
        path.write_text(TIDY + "".join(f"201{n},W92000004,Wales,all,all_ages,{n}0,\n" for n in range(number)), "utf-8")
        made.append(path)
    return made


@pytest.fixture
def stop() -> Iterator[list[StandIn]]:
    started: list[StandIn] = []
    yield started
    for standin in started:
        standin.close()


def lines(standin: StandIn, key: str = CLA) -> int:
    total: int = requests.get(f"{standin.url}/{standin.entry(key).id}/query/", timeout=10).json()["totalLines"]
    return total


def test_every_file_is_out_at_the_start_and_the_last_is_current(files: list[Path], stop: list[StandIn]) -> None:
    standin = serve_files({CLA: files})
    stop.append(standin)
    assert standin.entry(CLA).id == load_registry()[CLA].uuid
    assert lines(standin) == 3
    history = requests.get(f"{standin.url[:-1]}1/{standin.entry(CLA).id}/history", timeout=10).json()
    assert [revision["revision_index"] for revision in history] == [3, 2, 1]
    assert [revision["publish_at"] for revision in history] == sorted(
        (revision["publish_at"] for revision in history), reverse=True
    )
    titles = requests.get(standin.url + "/?lang=en-GB", timeout=10).json()["data"]
    assert [item["title"] for item in titles] == [load_registry()[CLA].title_en]


def test_a_server_that_is_started_again_says_the_same(files: list[Path], stop: list[StandIn]) -> None:
    answers = []
    for _ in range(2):
        standin = serve_files({CLA: files[:2]})
        stop.append(standin)
        answers.append(requests.get(f"{standin.url}/{standin.entry(CLA).id}", timeout=10).content)
        time.sleep(0.01)
    assert answers[0] == answers[1]
    longer = serve_files({CLA: files}, start=False)
    stop.append(longer)
    assert [r.id for r in longer.entry(CLA).revisions][:2] == [r.id for r in stop[0].entry(CLA).revisions]


def test_files_older_than_those_before_them_are_still_later_revisions(files: list[Path], stop: list[StandIn]) -> None:
    os.utime(files[2], (1_000_000_000, 1_000_000_000))
    standin = serve_files({CLA: files})
    stop.append(standin)
    assert lines(standin) == 3


def test_other_bytes_are_another_revision(files: list[Path], stop: list[StandIn]) -> None:
    first = serve_files({CLA: files[:1]}, start=False)
    files[0].write_text(files[1].read_text("utf-8"), "utf-8")
    second = serve_files({CLA: files[:1]}, start=False)
    stop += [first, second]
    assert first.current(CLA).id != second.current(CLA).id


def test_later_files_are_published_on_request(files: list[Path], stop: list[StandIn]) -> None:
    standin = serve_files({CLA: files}, publish_upto=1)
    stop.append(standin)
    publish = standin.url.replace("/v2", "/__standin__/publish")
    assert lines(standin) == 1
    assert requests.post(publish, timeout=10).json()["pending"] == 1
    assert lines(standin) == 2
    assert requests.post(publish, timeout=10).json()["pending"] == 0
    assert requests.post(publish, timeout=10).json()["published"] is None
    assert lines(standin) == 3


def test_later_files_are_published_in_time(files: list[Path], stop: list[StandIn]) -> None:
    standin = serve_files({CLA: files}, publish_upto=1, every=0.1)
    stop.append(standin)
    deadline = time.monotonic() + 20
    while lines(standin) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lines(standin) == 3
    assert requests.post(standin.url.replace("/v2", "/__standin__/publish"), timeout=10).status_code == 404


def test_a_key_that_is_not_registered_has_an_id_of_its_own(tmp_path: Path, stop: list[StandIn]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(RAW.format(7), "utf-8")
    ids = []
    for _ in range(2):
        standin = serve_files({"my_dataset": [path]})
        stop.append(standin)
        ids.append(standin.entry("my_dataset").id)
        assert lines(standin, "my_dataset") == 1
    assert ids[0] == ids[1]
    assert UUID4.match(ids[0])


def test_ids_may_be_given_and_titles_may_say_synthetic(files: list[Path], stop: list[StandIn]) -> None:
    other = "00000000-0000-4000-8000-000000000001"
    standin = serve_files({CLA: files[:1]}, uuids={CLA: other}, is_synthetic=True)
    stop.append(standin)
    answer = requests.get(f"{standin.url}/{other}", timeout=10).json()["published_revision"]["metadata"]
    assert {text["title"].split()[0] for text in answer} == {"SYNTHETIC", "SYNTHETIG"}
    with pytest.raises(DataProblem, match="UUID"):
        serve_files({CLA: files[:1]}, uuids={CLA: "nope"}, start=False)


def test_arguments_name_a_key_and_files(files: list[Path]) -> None:
    found = parse_specs([f"a={files[0]},{files[1]}", f"b={files[2]}"])
    assert found == {"a": files[:2], "b": files[2:]}
    for wrong in ("a", "=x.csv", "a=", f"a={files[0]}.nope"):
        with pytest.raises(DataProblem):
            parse_specs([wrong])


def test_a_plus_names_an_update(files: list[Path], stop: list[StandIn]) -> None:
    assert parse_specs([f"a={files[0]},+{files[1]}"]) == {"a": [files[0], Update(files[1])]}
    extra = files[1].with_name("extra.csv")
    extra.write_text(TIDY + "2016,W92000004,Wales,all,all_ages,7,\n2010,W92000004,Wales,all,all_ages,1,\n", "utf-8")
    standin = serve_files(parse_specs([f"{CLA}={files[1]},+{extra},+{files[2]}"]))
    stop.append(standin)
    assert [revision.cube.rows for revision in standin.entry(CLA).revisions] == [2, 3, 4]
    body = requests.get(f"{standin.url}/{standin.entry(CLA).id}/data?format=csv", timeout=10).text
    years = {line.split(",")[2]: line for line in body.splitlines()[1:]}
    assert set(years) == {"2009-10", "2010-11", "2011-12", "2015-16"}
    assert years["2015-16"].startswith("7,")
    assert "Revised" in years["2009-10"]


def test_an_update_has_something_to_update(files: list[Path]) -> None:
    with pytest.raises(DataProblem, match=r"\+1\.csv"):
        parse_specs([f"a=+{files[0]}"])
    with pytest.raises(DataProblem, match="whole revision"):
        serve_files({CLA: [Update(files[0])]}, start=False)


def test_a_registered_dataset_that_has_no_id_yet_gets_one(files: list[Path], stop: list[StandIn]) -> None:
    entry = load_registry()[CLA].model_copy(update={"uuid": None, "key": "found_later"})
    standin = serve_files({"found_later": files[:1]}, registry={"found_later": entry}, start=False)
    stop.append(standin)
    assert UUID4.match(standin.entry("found_later").id)
    assert standin.current("found_later").details.title_en == entry.title_en


def test_a_file_that_cannot_be_served_stops_it_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(DataProblem, match=r"x\.csv"):
        serve_files({CLA: [path]})
