"""Pulling any dataset, and mirroring all of them: what is kept, what is asked for again, and every kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from small_statswales import OTHER_UUID, UUID, Api, Cell, Dim, Published, cut, make_dataset, status

from ingestion.config import Settings
from ingestion.errors import DataProblem, FetchError, GofalError, LakeError
from ingestion.lake import Lake
from ingestion.statswales import mirror as mirroring
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.mirror import mirror, pull, pulled

THIRD = "0b0e7a2c-5d1f-4c55-9a31-5a2f3f1b6c03"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", attempts=2, backoff=0.01, connect_timeout=2, read_timeout=5)


def read(path: str, columns: str = "*") -> list[tuple[object, ...]]:
    with duckdb.connect(":memory:") as database:
        return database.execute(f"SELECT {columns} FROM read_parquet(?)", [path]).fetchall()


# -- pull --------------------------------------------------------------------------------------------------------


class TestPull:
    def test_every_row_as_text_with_both_languages(self, client, settings, published: Published):
        found = pull(UUID, client, settings, {})
        assert found.rows == 8
        assert list(found.columns)[:7] == [
            "value", "notes", "note_codes", "data_description", "data_description_cy", "data_description_code",
            "data_description_sort",
        ]  # fmt: skip
        rows = read(
            found.path,
            "value, notes, note_codes, local_authority, local_authority_cy, local_authority_code, year, year_sort",
        )
        assert rows[0] == ("100", "Provisional", "p", "Wales", "Cymru", "W92000004", "2023-24", "1711843200000")
        assert rows[3][:5] == (None, "Confidential", "c", "Cardiff", "Caerdydd")
        assert len(rows) == 8

    def test_in_welsh_the_names_and_first_labels_are_welsh(self, client, settings):
        found = pull(UUID, client, settings, {}, lang="cy")
        assert read(found.path, "awdurdod_lleol, awdurdod_lleol_en")[0] == ("Cymru", "Wales")

    def test_by_registry_key_it_has_that_name(self, client, settings):
        found = pull("test_children", client, settings, {"test_children": make_dataset()})
        assert (found.key, found.view) == ("test_children", "test_children")
        assert Path(found.path).parent == settings.root / "pulled" / "test_children"

    def test_the_provenance_is_beside_it(self, client, settings, published: Published):
        found = pull(UUID, client, settings, {})
        document = json.loads(Path(found.path).with_suffix(".json").read_text("utf-8"))
        assert document["revision_id"] == published.revision == Path(found.path).stem
        assert {file["role"] for file in document["files"]} >= {"data", "note_codes", "filters_cy", "metadata"}
        assert document["title_cy"] == "Plant a gyfrifwyd at brawf"

    def test_the_same_revision_is_not_fetched_twice(self, api: Api, client, settings):
        first = pull(UUID, client, settings, {})
        asked = len(api.log)
        assert pull(UUID, client, settings, {}) == first
        assert len(api.log) == asked + 1
        assert pull(UUID, client, settings, {}, force=True).pulled_at > first.pulled_at

    def test_the_view_shows_the_newest_and_the_older_file_stays(self, client, settings, published: Published):
        first = pull(UUID, client, settings, {})
        published.cells[0].value = "999"
        published.revise(2, "2026-02-05T09:30:00.000Z")
        second = pull(UUID, client, settings, {})
        assert Path(first.path).exists()
        with duckdb.connect(str(settings.root / "pulled" / "pulled.duckdb"), read_only=True) as database:
            (value,) = database.execute(f'SELECT value FROM pulled."{second.view}" LIMIT 1').fetchone()
        assert value == "999"
        assert len(pulled(settings)) == 2

    def test_the_printed_sql_runs_also_beside_the_marts(self, client, settings):
        found = pull(UUID, client, settings, {})
        current = settings.published / "current"
        current.mkdir(parents=True)
        with duckdb.connect(str(current / "gofal.duckdb")) as marts:
            marts.execute("CREATE SCHEMA core")
            marts.execute(
                "CREATE TABLE core.dim_area AS "
                "SELECT 'W06000015' AS area_code, 'Cardiff' AS area_name_en, true AS is_last_version"
            )
        first, both = mirroring.example_sql(found, settings)
        with duckdb.connect(":memory:") as database:
            assert len(database.execute(first).fetchall()) == 8
        with duckdb.connect(":memory:") as database:
            assert "Cardiff" in {row[-1] for row in database.execute(both).fetchall()}

    def test_two_datasets_of_one_title(self, api: Api, client, settings):
        api.datasets[OTHER_UUID] = Published(uuid=OTHER_UUID)
        views = {pull(uuid, client, settings, {}).view for uuid in (UUID, OTHER_UUID)}
        assert len(views) == 2
        assert {pull(uuid, client, settings, {}).view for uuid in (UUID, OTHER_UUID)} == views

    def test_names_that_clash_are_told_apart(self, api: Api, client, settings, published: Published):
        published.dims.append(Dim("Value", "Gwerth", "ValueCode", {"1": ("One", "Un", "1", "")}))
        published.dims.append(Dim("Year code", "Cod", "YC", {"1": ("A", "B", "1", "")}))
        published.cells = [Cell(c.value, c.codes, (*c.refs, "1", "1")) for c in published.cells]
        found = pull(UUID, client, settings, {})
        assert {"value", "value_2", "year", "year_code", "year_code_2"} <= set(found.columns)
        assert read(found.path, "value_2, year_code_2")[0] == ("One", "A")

    def test_neither_an_id_nor_a_key(self, client, settings):
        with pytest.raises(GofalError, match="gofal sources search"):
            pull("foster", client, settings, {})

    def test_withdrawn(self, client, settings, published: Published):
        published.revision = None
        with pytest.raises(GofalError) as error:
            pull(UUID, client, settings, {})
        assert error.value.code == "withdrawn"

    def test_unknown_to_the_service(self, client, settings):
        with pytest.raises(FetchError) as error:
            pull(OTHER_UUID, client, settings, {})
        assert error.value.code == "fetch_not_found"

    def test_no_rows_leaves_nothing_behind(self, client, settings, published: Published):
        published.cells = []
        with pytest.raises(DataProblem):
            pull(UUID, client, settings, {})
        assert pulled(settings) == []
        assert [p.name for p in (settings.root / "pulled").iterdir()] == []


# -- mirror ------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


@pytest.fixture
def three(api: Api) -> Api:
    for uuid in (OTHER_UUID, THIRD):
        api.datasets[uuid] = Published(uuid=uuid, title_en=f"Dataset {uuid[-2:]}")
    return api


def kept(root: Path, uuid: str) -> dict[str, object]:
    return json.loads((root / "datasets" / f"{uuid}.json").read_text("utf-8"))


class TestMirror:
    def test_every_body_under_its_hash(self, three: Api, client, root: Path):
        three.datasets[THIRD].archived_at = "2026-02-01T00:00:00.000Z"
        found = mirror(client, root)
        assert (found.listed, found.fetched, found.failures) == (3, 3, {})
        lake = Lake(str(root))
        for uuid, published in three.datasets.items():
            state = mirroring.Kept.model_validate(kept(root, uuid))
            assert (state.revision_id, state.rows) == (published.revision, 8)
            assert [file.role for file in state.files] == ["data", "note_codes", "filters_cy", "metadata"]
            assert all(lake.verify(file) for file in state.files)
        assert kept(root, THIRD)["archived_at"] == "2026-02-01T00:00:00.000Z"

    def test_what_has_not_changed_costs_only_the_list(self, three: Api, client, root: Path):
        mirror(client, root)
        found = mirror(client, root)
        assert (found.unchanged, found.fetched, found.requests) == (3, 0, 1)

    def test_what_changed_is_fetched_and_the_older_bytes_stay(self, three: Api, client, root: Path):
        mirror(client, root)
        before = kept(root, UUID)["files"][0]["path"]
        three.datasets[UUID].cells[0].value = "1234"
        three.datasets[UUID].revise(2, "2026-02-05T09:30:00.000Z")
        found = mirror(client, root)
        assert (found.unchanged, found.fetched) == (2, 1)
        assert kept(root, UUID)["files"][0]["path"] != before
        assert (root / before).exists()
        assert len(list((root / "revisions" / UUID).iterdir())) == 2

    def test_only_the_metadata_where_the_revision_is_the_same(self, three: Api, client, root: Path):
        mirror(client, root)
        three.datasets[UUID].archived_at = "2026-02-01T00:00:00.000Z"
        found = mirror(client, root)
        assert (found.fetched, found.requests) == (1, 2)
        assert kept(root, UUID)["rows"] == 8

    def test_a_lost_body_is_fetched_again(self, three: Api, client, root: Path):
        mirror(client, root)
        (root / kept(root, UUID)["files"][0]["path"]).unlink()
        assert (mirror(client, root).fetched, mirror(client, root).fetched) == (1, 0)
        assert (root / kept(root, UUID)["files"][0]["path"]).exists()

    def test_one_that_fails_stops_no_other_and_is_tried_again(self, three: Api, client, root: Path):
        three.on("data", *[cut(5)] * 2)
        found = mirror(client, root)
        assert (found.fetched, len(found.failures)) == (2, 1)
        (failure,) = found.failures.values()
        assert failure["code"] == "fetch_truncated"
        assert failure["en"] != failure["cy"]
        assert mirror(client, root).fetched == 1

    def test_a_limit_leaves_the_rest_for_later(self, three: Api, client, root: Path):
        counts = []
        for _ in range(4):
            found = mirror(client, root, limit=1)
            counts.append((found.fetched, found.unchanged, found.left))
        assert counts == [(1, 0, 2), (1, 1, 1), (1, 2, 0), (0, 3, 0)]

    def test_withdrawn_and_gone(self, three: Api, client, root: Path):
        mirror(client, root)
        three.datasets[UUID].listed = False
        found = mirror(client, root)
        assert found.gone == [UUID]
        assert (root / "datasets" / f"{UUID}.json").exists()

    def test_a_service_that_is_down_ends_it(self, api: Api, root: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(mirroring, "DOWN_AFTER", 2)
        for n in range(4):
            uuid = f"{UUID[:-1]}{5 + n}"
            api.datasets[uuid] = Published(uuid=uuid, title_en=f"D{n}")
        api.on("metadata", *[status(503)] * 2)
        with StatsWalesClient(api.url, settings=Settings(attempts=1), sleep=lambda _: None) as client:
            found = mirror(client, root)
        assert (found.is_down, len(found.failures), found.left) == (True, 2, 3)

    def test_two_at_once_are_refused(self, three: Api, client, root: Path):
        with mirroring._alone(_made(root)), pytest.raises(LakeError) as error:
            mirror(client, root)
        assert error.value.code == "mirror_running"

    def test_progress_is_told_in_turn(self, three: Api, client, root: Path):
        told: list[tuple[int, int, str]] = []
        mirror(client, root, on_progress=lambda done, total, _item, outcome: told.append((done, total, outcome)))
        assert told == [(1, 3, "fetched"), (2, 3, "fetched"), (3, 3, "fetched")]


def _made(root: Path) -> Path:
    root.mkdir(parents=True)
    return root


KILLED = """
import sys, time
from pathlib import Path
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.mirror import mirror
from ingestion.lake import Lake

root, url, point, nth = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
seen = 0
original = getattr(Lake, point)

def stop(self, *args, **kwargs):
    global seen
    seen += 1
    if seen == nth:
        print("here", flush=True)
        time.sleep(60)
    return original(self, *args, **kwargs)

setattr(Lake, point, stop)
with StatsWalesClient(url) as client:
    mirror(client, root)
"""


@pytest.mark.parametrize(("point", "nth"), [("put", 4), ("write_json", 4)])
def test_killed_in_the_middle_it_goes_on_where_it_stopped(three: Api, client, root: Path, point: str, nth: int):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(root), three.url, point, str(nth)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
    done = len(list((root / "datasets").glob("*.json"))) if (root / "datasets").exists() else 0
    assert done < 3
    deadline = time.monotonic() + 5  # the lock of a killed holder is let go of
    while True:
        try:
            found = mirror(client, root)
            break
        except LakeError:
            assert time.monotonic() < deadline
    assert (found.fetched, found.unchanged) == (3 - done, done)
    lake = Lake(str(root))
    for uuid in three.datasets:
        assert all(lake.verify(file) for file in mirroring.Kept.model_validate(kept(root, uuid)).files)
    assert list((root / "tmp").glob("*")) == []
