"""Real figures through the stand-in server into the lake: each cell as its file has it, and revisions as files say."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.config import Settings
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.sample.areas import BY_LEGACY
from ingestion.sample.cube import cube_from_csv
from ingestion.sample.serve import Update, serve_files
from ingestion.sample.standin import uuid4_of
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import land_dataset
from ingestion.statswales.registry import Dataset, load_registry

pytestmark = pytest.mark.shared

FLYING_START = "flying_start_contacts"
REVENUE = "social_services_revenue_outturn"
POPULATION = "population_by_age"
OWN = """
measures:
  contacts: {title_en: Contacts, title_cy: Cysylltiadau, unit: count}
  contacts_per_child: {title_en: Contacts per child, title_cy: Cysylltiadau fesul plentyn, unit: count}
  spend: {title_en: Spend, title_cy: Gwariant, unit: gbp, scale: 1000}
datasets:
  flying_start_contacts:
    title_en: Flying Start contacts
    title_cy: Cysylltiadau Dechrau’n Deg
    columns:
      measure:
        kind: measure
        names: [Data description]
        fact_column: Measure
        values:
          number: {en: Number of contacts, cy: Nifer y cysylltiadau, code: "1", measure_key: contacts}
          per_child:
            {en: Contacts per child, cy: Cysylltiadau fesul plentyn, code: "2", measure_key: contacts_per_child}
      period: {kind: period, period: financial_year, names: [Financial year, Year], fact_column: YearCode}
      area: {kind: area, names: [Local authority], name_cy: Awdurdod lleol, fact_column: AreaCode}
      staff_group:
        kind: breakdown
        names: [Staff type, Staff group]
        name_cy: Math o staff
        fact_column: RowRef
        values:
          health_visitor: {en: Health Visitor, cy: Ymwelwyr iechyd, code: "1"}
          wider_health_team: {en: Wider Health Team, cy: Y tîm iechyd ehangach, code: "2"}
          other_staff: {en: Other Staff, cy: Staff eraill, code: "3"}
    tidy: {value: Data, marker: NoteCodes, period: YearCode, area: AreaCode, measure: Measure, staff_group: RowRef}
  social_services_revenue_outturn:
    title_en: Social services revenue
    title_cy: Refeniw gwasanaethau cymdeithasol
    columns:
      measure:
        kind: measure
        names: [Data description]
        values: {spend: {en: £ thousand, cy: £ mil, measure_key: spend}}
      period: {kind: period, period: financial_year, names: [Year]}
      area: {kind: area, names: [Authority]}
      service: {kind: breakdown, names: [Service, Description], closed: false}
    tidy: {value: Data, period: Year, area: Authority, measure: Measure, service: Description}
"""
Land = Callable[..., LoadRecord]
Row = dict[str, str]


@pytest.fixture
def entry(tmp_path: Path) -> Callable[[str], Dataset]:
    """A registry entry; one of the test's own until the project has it. Those without an id get the server's."""

    def find(key: str) -> Dataset:
        registry = load_registry()
        if key not in registry:
            path = tmp_path / "datasets.yml"
            path.write_text(OWN, "utf-8")
            registry = load_registry(path=path, lock=None)
        found = registry[key]
        return found if found.uuid else found.model_copy(update={"uuid": uuid4_of("dataset", key)})

    return find


@pytest.fixture
def land(settings: Settings, lake: Lake) -> Land:
    """Serve files as revisions of a dataset, land what is current, and accept it as it is."""

    def once(dataset: Dataset, *files: Path | Update) -> LoadRecord:
        server = serve_files({dataset.key: files}, rate_limit=None, registry={dataset.key: dataset})
        try:
            with StatsWalesClient(server.url, settings=settings) as client:
                record = land_dataset(dataset, client, lake, run_id="run")
        finally:
            server.close()
        assert record.staged_file, record.messages
        record.outcome = Outcome.ACCEPTED
        return lake.accept(record)

    return once


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def batch(lake: Lake, record: LoadRecord) -> list[Row]:
    import pyarrow.parquet as pq

    assert record.raw_file
    with lake.as_local(record.raw_file) as path:
        found = pq.read_table(path).to_pylist()
    return [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in found]


def contacts(found: list[Row]) -> dict[tuple[str, ...], tuple[float, str]]:
    """Value and note codes by year, area, staff group and measure, as the batch codes them."""
    keys = ("period_code", "area_code", "staff_group_code", "measure_code")
    assert len({tuple(row[key] for key in keys) for row in found}) == len(found)
    return {tuple(row[key] for key in keys): (float(row["value"]), row["note_codes"]) for row in found}


def as_filed(found: list[Row]) -> dict[tuple[str, ...], tuple[float, str]]:
    keys = ("YearCode", "AreaCode", "RowRef", "Measure")
    return {tuple(row[key] for key in keys): (float(row["Data"]), row["NoteCodes"]) for row in found}


@pytest.fixture
def flying_start(shared: Path) -> tuple[Path, Path]:
    folder = shared / "real_data/flying_start_hlth1250"
    return folder / "data-orig.csv", folder / "data-update.csv"


def test_the_first_revision_has_each_row_of_its_file(
    entry: Callable[[str], Dataset], land: Land, lake: Lake, flying_start: tuple[Path, Path]
) -> None:
    record = land(entry(FLYING_START), flying_start[0])
    found = batch(lake, record)
    assert record.rows == len(found) == 1416
    assert contacts(found) == as_filed(rows(flying_start[0]))
    assert all(row["area"] == BY_LEGACY[row["area_code"]].en for row in found)


def test_an_update_adds_and_revises_what_it_says_and_leaves_the_rest(
    entry: Callable[[str], Dataset], land: Land, lake: Lake, flying_start: tuple[Path, Path]
) -> None:
    original, update = flying_start
    before = contacts(batch(lake, land(entry(FLYING_START), original)))
    after = contacts(batch(lake, land(entry(FLYING_START), original, Update(update))))
    said = as_filed(rows(update))
    new = {key for key in said if key not in before}
    assert set(after) == set(before) | set(said)
    assert {key: after[key] for key in new} == {key: said[key] for key in new}
    assert {key: after[key][0] for key in set(said) - new} == {key: said[key][0] for key in set(said) - new}
    assert {key: cell for key, cell in after.items() if key not in said} == {
        key: cell for key, cell in before.items() if key not in said
    }
    assert len(lake.vintages(FLYING_START)) == 2


def test_an_update_of_a_row_that_was_there_marks_it_revised(
    entry: Callable[[str], Dataset], land: Land, lake: Lake, flying_start: tuple[Path, Path], tmp_path: Path
) -> None:
    original, _ = flying_start
    lines = original.read_text("utf-8").splitlines()
    first = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    update = tmp_path / "update.csv"
    update.write_text(lines[0] + "\n" + ",".join((first | {"Data": "9"}).values()) + "\n", "utf-8")
    before = contacts(batch(lake, land(entry(FLYING_START), original)))
    after = contacts(batch(lake, land(entry(FLYING_START), original, Update(update))))
    (changed,) = [key for key in before if before[key] != after[key]]
    assert changed == tuple(first[name] for name in ("YearCode", "AreaCode", "RowRef", "Measure"))
    assert after[changed] == (9.0, "r")
    assert len(after) == len(before)


def test_the_genuine_server_served_the_same_contacts(
    tmp_path: Path, shared: Path, flying_start: tuple[Path, Path]
) -> None:
    path = tmp_path / "datasets.yml"
    path.write_text(OWN, "utf-8")
    cube = cube_from_csv(flying_start[0], load_registry(path=path, lock=None)[FLYING_START])
    genuine = rows(shared / "statswales/samples/v2_data_hlth1250.csv")
    ours = rows(cube.csv("raw", "en"))
    cube.close()
    shown = lambda found: sorted(tuple(row.values()) for row in found)  # noqa: E731
    assert shown(ours) == shown(genuine)


def test_spending_of_wales_lands_by_service_and_year(
    entry: Callable[[str], Dataset], land: Land, lake: Lake, shared: Path
) -> None:
    path = shared / "real_data/social_services_revenue_wales_2006_2015.csv"
    dataset = entry(REVENUE)
    found = batch(lake, land(dataset, path))
    filed = rows(path)
    assert len(found) == len(filed) == 45
    (service,) = [role for role in dataset.breakdowns if dataset.tidy.get(role) == "Description"]
    published = {(row["period"], float(row["value"]), row["measure"]) for row in found}
    assert published == {(row["Year"], float(row["Data"]), found[0]["measure"]) for row in filed}
    assert len({row[service] for row in found}) == len({row["Description"] for row in filed})
    assert {row["area_code"] for row in found} == {"W92000004"}


def test_the_population_lands_by_authority_and_age(
    entry: Callable[[str], Dataset], land: Land, lake: Lake, shared: Path
) -> None:
    path = shared / "real_data/population_single_year_of_age_2019_2020.csv"
    found = batch(lake, land(entry(POPULATION), path))
    filed = rows(path)
    assert {(row["period"], row["area_code"], row["age"]): int(row["value"]) for row in found} == {
        (row["mid_year"], row["la_code"], row["age"]): int(row["population"]) for row in filed
    }
    assert len(found) == len(filed) == 4004
