"""The bundled sample: its anchors, its markings, its releases."""

from __future__ import annotations

import csv
import functools
import io
from collections import defaultdict

import pytest
import requests

from ingestion.config import Settings
from ingestion.errors import GofalError
from ingestion.lake import Lake
from ingestion.sample.cube import Cube
from ingestion.sample.generate import CHILDREN, POPULATION, build_sample, released_in, sample_cube
from ingestion.sample.standin import StandIn
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import discover, land_dataset
from ingestion.statswales.registry import UUID4, load_registry

WALES, TORFAEN, WREXHAM, CARMARTHENSHIRE = "W92000004", "W06000020", "W06000006", "W06000010"


@functools.cache
def rows(key: str, release: int, view: str = "raw_extended", lang: str = "en") -> list[dict[str, str]]:
    cube = sample_cube(key, release)
    text = cube.csv(view, lang).read_text(encoding="utf-8")  # type: ignore[arg-type]
    cube.close()
    return list(csv.DictReader(io.StringIO(text)))


def cells(release: int) -> dict[tuple[str, str, str, str], str]:
    """Values by year, area code, data description and age group."""
    return {
        (row["Year"], row["Area Code"], row["Data description"], row["Age group"]): row["Data values"]
        for row in rows(CHILDREN, release)
    }


def total(release: int, year: str, area: str) -> int:
    return int(cells(release)[year, area, "Number of children", "All ages"])


def under_18(release: int, year: str, area: str) -> int:
    return sum(
        int(row["Data values"])
        for row in rows(POPULATION, release)
        if (row["Year"], row["Area_reference"], row["Sex"]) == (year, area, "Persons")
        and row["Age"].isdigit()
        and int(row["Age"]) < 18
    )


def test_wales_totals_are_those_that_were_published() -> None:
    first = {year: total(1, year, WALES) for year in ("2014-15", "2015-16", "2016-17", "2017-18", "2018-19")}
    assert list(first.values()) == [5610, 5660, 5960, 6405, 6845]
    assert [total(2, year, WALES) for year in ("2017-18", "2018-19", "2019-20")] == [6405, 6835, 7170]
    assert [total(3, year, WALES) for year in ("2018-19", "2019-20")] == [6835, 7170]


@pytest.mark.parametrize(
    ("year", "area", "rate"),
    [
        ("2018-19", WALES, 109),
        ("2017-18", WALES, 102),
        ("2018-19", TORFAEN, 216),
        ("2018-19", WREXHAM, 96),
        ("2018-19", CARMARTHENSHIRE, 49),
    ],
)
@pytest.mark.parametrize("release", [1, 2])
def test_rates_are_those_that_were_quoted(release: int, year: str, area: str, rate: int) -> None:
    assert round(total(release, year, area) / under_18(release, year[:4], area) * 10_000) == rate


def test_columns_are_those_of_the_live_datasets() -> None:
    assert list(rows(CHILDREN, 1, "raw")[0]) == [
        "Data values",
        "Data description",
        "Year",
        "Local Authority",
        "Area Code",
        "Age group",
        "Notes",
    ]
    assert list(rows(POPULATION, 1, "raw")[0]) == [
        "Data values",
        "Data description",
        "Year",
        "Age",
        "Sex",
        "Area",
        "Notes",
    ]


@pytest.mark.parametrize("release", [1, 2, 3])
def test_each_release_has_every_cell_once(release: int) -> None:
    found = cells(release)
    years = 10 + release
    assert len(found) == len(rows(CHILDREN, release)) == years * 23 * 15
    assert {age for _, _, what, age in found if what == "Number of children"} == {"All ages"}
    assert len(rows(POPULATION, release)) == (11 + release) * 23 * 3 * 92


def test_values_are_rounded_to_5_and_small_ones_suppressed() -> None:
    found = rows(CHILDREN, 2)
    assert all(int(row["Data values"]) % 5 == 0 for row in found if row["Data values"])
    assert all(("Confidential" in row["Notes"]) == (row["Data values"] == "") for row in found)
    assert sum(row["Data values"] == "" for row in found) > 100
    assert all(row["Data values"] for row in found if row["Area Code"] == WALES and row["Age group"] != "18 and over")


def test_parts_are_rounded_one_by_one_so_that_sums_are_near() -> None:
    found = cells(2)
    by_year: dict[str, list[int]] = defaultdict(list)
    for (year, area, what, age), value in found.items():
        if area != WALES and (what, age) == ("Number of children", "All ages"):
            by_year[year].append(int(value))
    differences = [sum(values) - total(2, year, WALES) for year, values in by_year.items()]
    assert all(abs(difference) <= 22 * 2.5 + 2.5 for difference in differences)
    assert any(differences)


def test_the_population_adds_up() -> None:
    found = {
        (row["Year"], row["Area_reference"], row["Sex"], row["Age"]): int(row["Data values"])
        for row in rows(POPULATION, 2)
    }
    areas = {area for _, area, _, _ in found}
    for year in ("2007", "2019"):
        for area in areas:
            assert found[year, area, "Persons", "All ages"] == sum(
                found[year, area, sex, "All ages"] for sex in ("Males", "Females")
            )
            assert found[year, area, "Persons", "All ages"] == sum(
                value
                for (y, a, sex, age), value in found.items()
                if (y, a, sex) == (year, area, "Persons") and age != "All ages"
            )
        assert found[year, WALES, "Females", "7"] == sum(found[year, area, "Females", "7"] for area in areas - {WALES})


def test_the_newest_year_is_provisional_and_only_it() -> None:
    for release, newest in ((1, "2018-19"), (2, "2019-20")):
        assert {row["Year"] for row in rows(CHILDREN, release) if "Provisional" in row["Notes"]} == {newest}
    notes = [row["Data values"] for row in rows(CHILDREN, 1, "with_note_codes") if row["Year"] == "2018-19"]
    assert all("[p]" in value for value in notes)


def test_some_codes_are_written_so_that_notes_lose_them() -> None:
    annotated = [row["Data values"] for row in rows(CHILDREN, 1, "with_note_codes")]
    assert sum("[t]" in value for value in annotated) == 1
    assert sum("[p] [ e]" in value for value in annotated) == 1
    assert not any("Total" in row["Notes"] or "Estimated" in row["Notes"] for row in rows(CHILDREN, 1))


def test_the_second_release_revises_wales_and_three_authorities_and_marks_what_moved() -> None:
    before, after = cells(1), cells(2)
    moved = {key for key in before if before[key] != after[key]}
    assert {key[0] for key in moved} == {"2018-19"}
    assert len({key[1] for key in moved} - {WALES}) == 3
    marked = {
        (row["Year"], row["Area Code"], row["Data description"], row["Age group"])
        for row in rows(CHILDREN, 2)
        if "Revised" in row["Notes"]
    }
    assert marked == moved


def test_the_third_release_takes_a_revision_back() -> None:
    first, second, third = cells(1), cells(2), cells(3)
    back = {key for key in first if first[key] == third[key] != second[key]}
    assert len(back) >= 2
    assert len({key[1] for key in back}) == 1
    assert {key[1] for key in first if second[key] == first[key] != third[key]} - {WALES}


def test_a_revised_population_keeps_children_as_they_were() -> None:
    first = {tuple(row.values())[2:]: row["Data values"] for row in rows(POPULATION, 1)}
    assert first
    assert under_18(1, "2018", WALES) == under_18(2, "2018", WALES)
    assert any("Revised" in row["Notes"] for row in rows(POPULATION, 2))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def body(key: str, seed: int) -> bytes:
        cube = sample_cube(key, 1, seed)
        found = cube.csv("raw_extended", "cy").read_bytes()
        cube.close()
        return found

    assert body(POPULATION, 1) == body(POPULATION, 1)
    first = body(CHILDREN, 1)
    assert body(CHILDREN, 1) == first
    assert body(CHILDREN, 2) != first


def test_labels_are_in_both_languages() -> None:
    welsh = rows(CHILDREN, 1, "raw", "cy")
    assert {row["Grŵp oedran"] for row in welsh} >= {"Pob oed", "Dan 1 oed"}
    assert {row["Awdurdod lleol"] for row in welsh} >= {"Cymru", "Ynys Môn"}
    assert "Rhyw" in rows(POPULATION, 1, "raw", "cy")[0]


def test_there_is_no_fourth_release() -> None:
    with pytest.raises(GofalError, match="GOFAL_SAMPLE_RELEASE"):
        build_sample(4)


def test_the_catalogue_says_synthetic_everywhere_and_has_what_catalogues_have() -> None:
    registry = load_registry()
    with build_sample(2, rate_limit=None) as standin:
        english = requests.get(standin.url + "/?lang=en-GB", timeout=10).json()["data"]
        welsh = requests.get(standin.url + "/?lang=cy-GB", timeout=10).json()["data"]
        assert all(item["title"].startswith("SYNTHETIC ") for item in english)
        assert all(item["title"].startswith("SYNTHETIG ") for item in welsh)
        dates = {item["id"]: item for item in english}
        assert dates[registry[CHILDREN].uuid]["first_published_at"] == "2019-10-30T09:30:00.000Z"
        assert dates[registry[CHILDREN].uuid]["last_updated_at"] == "2020-11-18T09:30:00.000Z"
        assert dates[registry[POPULATION].uuid]["last_updated_at"].startswith("2020-06-24")
        assert sum(item["archived_at"] is not None for item in english) == 1
        ids = set(dates)
        assert standin.entry("sample_replaced").id not in ids
        assert standin.entry("sample_withdrawn").id not in ids
        scheduled = standin.entry("sample_scheduled")
        assert scheduled.id in ids
        assert len(scheduled.revisions) == 2
        found = requests.get(f"{standin.url}/{scheduled.id}/data?format=csv", timeout=10).content.decode()
        assert "'-477" in found
        first = requests.get(f"{standin.url}/{registry[CHILDREN].uuid}", timeout=10).json()["published_revision"]
        assert first["revision_index"] == 2
        assert (first["coverage_start_date"], first["coverage_end_date"]) == ("2008-04-01", "2020-03-31")


def test_a_restarted_sample_has_the_same_ids() -> None:
    ids = [[r.id for entry in build_sample(3).entries.values() for r in entry.revisions] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


def test_a_dataset_may_have_another_id() -> None:
    other = "00000000-0000-4000-8000-000000000001"
    assert build_sample(1, uuids={CHILDREN: other}).entry(CHILDREN).id == other


def test_every_entry_that_is_not_awaited_is_in_the_catalogue_under_its_title() -> None:
    registry = load_registry()
    standin = build_sample(2)
    served = {entry.key: entry for entry in standin.entries.values()}
    assert {key for key, entry in registry.items() if entry.state != "awaiting" and released_in(entry, 2)} == {
        key for key in served if not key.startswith("sample_")
    }
    assert {key for key, entry in registry.items() if not released_in(entry, 2)} == {
        key for key in registry if key.startswith("framework_")
    }
    for key, entry in registry.items():
        if key in served:
            assert entry.uuid in (None, served[key].id)
            assert UUID4.match(served[key].id)
            for revision in served[key].revisions:
                assert entry.titled(revision.details.title_en)
                assert entry.titled(revision.details.title_cy)
            assert len(served[key].revisions) == 2
    assert len({entry.id for entry in served.values()}) == len(served)


def test_measures_of_a_framework_are_released_while_it_answers() -> None:
    standin = build_sample(3)
    registry = load_registry()
    framework, older = standin.entry("framework_contacts"), standin.entry("sspm_children")
    assert [revision.index for revision in framework.revisions] == [1]
    assert framework.revisions[0].publish_at.year == 2021
    assert [revision.publish_at.year for revision in older.revisions] == [2019, 2020]
    assert older.revisions[0].details.update_frequency["update_type"] == "update"
    assert older.revisions[1].details.update_frequency == {"update_type": "none"}
    years = {
        key: {row.get("Year", row.get("Collection Year (at 31 March)")) for row in rows(key, 3)}
        for key in registry
        if key.startswith(("framework_", "sspm_"))
    }
    assert years.pop("sspm_children") == {"2016-17", "2017-18", "2018-19", "2019-20"}
    assert len(years) == 7
    assert set().union(*years.values()) == {"2020-21"}
    with pytest.raises(GofalError, match="framework_contacts in release 2"):
        sample_cube("framework_contacts", 2)


def test_no_dataset_is_made_before_it_is_asked_for() -> None:
    with build_sample(3, rate_limit=None) as standin:
        requests.get(standin.url + "/?lang=en-GB&page_size=10000", timeout=10)
        requests.get(standin.url + "/search?lang=en-GB&keywords=children", timeout=10)
        requests.get(standin.url + "/topic/43?lang=en-GB", timeout=10)
        assert not made(standin)
        asked = standin.entry("children_looked_after_ethnicity")
        assert requests.get(f"{standin.url}/{asked.id}", timeout=30).json()["published_revision"]["revision_index"] == 3
        assert made(standin) == {(asked.key, 3)}


def made(standin: StandIn) -> set[tuple[str, int]]:
    return {
        (entry.key, revision.index)
        for entry in standin.entries.values()
        for revision in entry.revisions
        if isinstance(revision._cube, Cube)
    }


def test_each_revision_says_when_the_next_is_expected() -> None:
    for entry in build_sample(3).entries.values():
        for revision in entry.revisions:
            if revision.details.update_frequency == {"update_type": "none"}:
                assert (entry.key, revision) == ("sspm_children", entry.revisions[-1])
                continue
            date = revision.details.update_frequency["date"]
            expected = (int(date["year"]), int(date["month"]))
            assert expected > (revision.publish_at.year, revision.publish_at.month) or entry.key == "sample_scheduled"


def test_a_night_does_not_miss_what_its_release_does_not_have(settings: Settings, lake: Lake) -> None:
    registry = load_registry()
    with build_sample(1, rate_limit=None) as standin, StatsWalesClient(standin.url, settings=settings) as client:
        found = discover(client, lake, registry, accept_found=True)
    decided = {
        decision: {k for k, d in found.decisions.items() if d == decision} for decision in ("to_find", "changed")
    }
    assert decided["to_find"] == {key for key in registry if key.startswith("framework_")}
    assert len(decided["to_find"]) == 7
    assert decided["changed"] == {key for key in registry if registry[key].state != "awaiting"} - decided["to_find"]


@pytest.mark.parametrize("release", [1, 3])
def test_a_dataset_of_the_registry_lands_without_a_word(settings: Settings, lake: Lake, release: int) -> None:
    entry = load_registry()["children_looked_after_ethnicity"]
    with (
        build_sample(release, rate_limit=None) as standin,
        StatsWalesClient(standin.url, settings=settings) as client,
    ):
        entry = entry.model_copy(update={"uuid": standin.entry(entry.key).id})
        record = land_dataset(entry, client, lake, run_id="run")
    assert record.staged_file
    assert record.messages == []
    assert record.is_synthetic
    assert set(entry.grain) <= set(record.columns)
