"""The registry beside the catalogue: what is found, confirmed, pinned, checked, and how a dataset drifts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from served_statswales import (
    FOUND,
    GUESSED,
    MEASURE,
    OTHER,
    PINNED,
    REGISTRY,
    RELEASED,
    areas,
    genders,
    placements,
    publish,
    registry_file,
    years,
)

from ingestion.config import Settings
from ingestion.errors import FetchError, RegistryError
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.sample.cube import Dimension, Member
from ingestion.sample.standin import StandIn
from ingestion.statswales import extract, sources
from ingestion.statswales.client import CatalogueItem, StatsWalesClient
from ingestion.statswales.extract import discover, land_dataset
from ingestion.statswales.registry import Dataset, load_registry, read_lock, read_registry

NOW = RELEASED + timedelta(days=90)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[StandIn]:
    """A server that the tests only read."""
    with StandIn(rate_limit=None) as server:
        fill(server)
        yield server


@pytest.fixture
def server() -> Iterator[StandIn]:
    """A server of the test's own."""
    with StandIn(rate_limit=None) as server:
        fill(server)
        yield server


def fill(server: StandIn) -> None:
    publish(
        server, PINNED, "Children by type of placement", "Plant yn ôl math o leoliad", [years(), areas(), placements()]
    )
    publish(server, GUESSED, "Adoptions by gender of child", "Mabwysiadu yn ôl rhywedd y plentyn", [years(), genders()])
    publish(
        server, FOUND, "SYNTHETIC Children by ethnic group", "SYNTHETIG Plant yn ôl grŵp ethnig", [years(), areas()]
    )
    publish(
        server, OTHER, "Nursing homes", "Cartrefi nyrsio: tŷ a gwely", [years(), areas()],
        topics=(53,), at=NOW - timedelta(days=3), summary="Also counts children.",
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return registry_file(tmp_path)


@pytest.fixture
def registry(path: Path) -> dict[str, Dataset]:
    return load_registry(path=path, lock=None)


def connect(server: StandIn) -> StatsWalesClient:
    return StatsWalesClient(server.url, settings=Settings(attempts=2, backoff=0.01, read_timeout=5))


@pytest.fixture
def client(shared_server: StandIn) -> Iterator[StatsWalesClient]:
    with connect(shared_server) as client:
        yield client


@pytest.fixture
def own(server: StandIn) -> Iterator[StatsWalesClient]:
    with connect(server) as client:
        yield client


def load(dataset: Dataset, client: StatsWalesClient, lake: Lake) -> LoadRecord:
    discover(client, lake, {dataset.key: dataset})
    record = land_dataset(dataset, client, lake, run_id="run")
    record.outcome = Outcome.ACCEPTED
    return lake.accept(record)


# -- the nightly look --------------------------------------------------------------------------------------------


class TestNightly:
    def test_entries_without_a_sure_id_are_told_and_not_fetched(self, client, lake: Lake, registry):
        found = discover(client, lake, registry, slices=1_000_000)
        assert found.decisions == {
            "placements": "changed", "guessed": "unconfirmed", "ethnicity": "found", "reasons": "awaiting",
        }  # fmt: skip
        assert found.to_land == ["placements"]
        assert found.requests == 1
        assert found.found_ids == {"ethnicity": FOUND}
        told = {key: messages[0] for key, messages in found.messages.items()}
        assert "gofal sources pin ethnicity" in told["ethnicity"].en
        assert "gofal sources pin ethnicity" in told["ethnicity"].cy
        assert "Adoptions by gender of child" in told["guessed"].en
        assert f"pin guessed --uuid {GUESSED}" in told["guessed"].en
        assert told["reasons"].en.endswith("Not published yet.")
        assert all(m.severity == "info" for m in told.values())

    def test_a_found_entry_lands_at_once_in_a_catalogue_of_our_own(self, client, lake: Lake, registry):
        found = discover(client, lake, registry, accept_found=True)
        assert found.decisions["ethnicity"] == "changed"
        assert "ethnicity" in found.to_land
        dataset = registry["ethnicity"].model_copy(update={"uuid": found.found_ids["ethnicity"]})
        load(dataset, client, lake)
        again = discover(client, lake, registry, accept_found=True, slices=1_000_000)
        assert again.decisions["ethnicity"] == "unchanged"
        assert again.found_ids == {"ethnicity": FOUND}

    def test_a_guess_that_the_catalogue_bears_out_is_as_good_as_pinned(self, client, lake: Lake, path: Path):
        path.write_text(REGISTRY.replace("Adoptions of children by gender", "Adoptions by gender of child"), "utf-8")
        registry = load_registry(path=path, lock=None)
        assert discover(client, lake, registry).decisions["guessed"] == "changed"

    def test_a_confirmed_dataset_is_no_guess_again_when_the_source_renames_it(
        self, own, server, lake: Lake, path: Path
    ):
        path.write_text(REGISTRY.replace("Adoptions of children by gender", "Adoptions by gender of child"), "utf-8")
        registry = load_registry(path=path, lock=None)
        load(registry["guessed"], own, lake)
        server.rename(GUESSED, "Something else", "Rhywbeth arall")
        assert discover(own, lake, registry).decisions["guessed"] == "changed"

    def test_two_datasets_of_one_title_are_a_persons_choice(self, own, server, lake: Lake, registry):
        publish(server, OTHER[:-1] + "9", "Children by ethnic group", "Plant", [years(), areas()])
        found = discover(own, lake, registry)
        assert found.decisions["ethnicity"] == "to_find"
        assert FOUND in found.messages["ethnicity"][0].en

    def test_an_archived_dataset_of_the_same_title_gives_way(self, own, server, lake: Lake, registry):
        twin = OTHER[:-1] + "9"
        publish(server, twin, "Children by ethnic group", "Plant", [years(), areas()])
        server.archive(FOUND, at=RELEASED + timedelta(days=1))
        assert discover(own, lake, registry).found_ids == {"ethnicity": twin}

    def test_no_title_of_ours_in_the_list(self, client, lake: Lake, path: Path):
        path.write_text(
            REGISTRY.replace("ethnic group", "ethnic background").replace("grŵp ethnig", "cefndir"), "utf-8"
        )
        found = discover(client, lake, load_registry(path=path, lock=None))
        assert found.decisions["ethnicity"] == "to_find"
        assert found.messages["ethnicity"][0].code == "not_found"

    def test_a_pinned_id_is_not_asked_for_its_title(self, client, lake: Lake, path: Path, registry):
        sources.pin("guessed", client, registry, uuid=GUESSED, lock=path.with_name("lock.yml"))
        pinned = load_registry(path=path, lock=path.with_name("lock.yml"))
        assert discover(client, lake, pinned).decisions["guessed"] == "changed"


def test_750_datasets_and_a_long_history_cost_one_request_and_no_time(tmp_path: Path, registry):
    """60 entries, 100 nights each: the files are listed, and one of each is read."""
    lake = Lake.open(str(tmp_path / "lake"), "sample")
    entry = registry["placements"]
    items = [
        CatalogueItem(
            id=f"11111111-aaaa-4aaa-8aaa-{n:012}", title=f"Dataset {n}", last_updated_at="2026-01-05T09:30:00Z"
        )
        for n in range(750)
    ]
    unknown = {
        f"u{n}": entry.model_copy(update={"key": f"u{n}", "uuid": None, "title_en": f"Unknown {n}"}) for n in range(40)
    }
    many = {f"d{n}": entry.model_copy(update={"key": f"d{n}", "uuid": items[n].id}) for n in range(60)}
    for key, dataset in many.items():
        record = LoadRecord(
            load_id="0" * 16, source_key=key, run_id="r", landed_at=NOW, outcome=Outcome.UNCHANGED,
            dataset_id=dataset.uuid, title_en=items[int(key[1:])].title, last_updated_at="2026-01-05T09:30:00Z",
        )  # fmt: skip
        folder = tmp_path / "lake" / "manifest" / key
        folder.mkdir(parents=True)
        # Only the newest is read: the others may hold anything.
        for night in range(100):
            text = record.model_dump_json() if night == 99 else "{}"
            (folder / f"20260101T000000{night:06}Z_{'0' * 16}_unchanged.json").write_text(text)

    class Listed(StatsWalesClient):
        def catalogue(self, etag: str | None = None):
            self.requests += 1
            return extract.Catalogue(items=items)

    with Listed("http://127.0.0.1:1/v2") as client:
        started = time.process_time()
        found = discover(client, lake, {**many, **unknown}, slices=10**9, today=NOW.date())
        assert time.process_time() - started < 2
    assert {found.decisions[key] for key in many} == {"unchanged"}
    assert {found.decisions[key] for key in unknown} == {"to_find"}
    assert (found.requests, found.count) == (1, 750)


# -- looking -----------------------------------------------------------------------------------------------------


def test_overview_says_what_is_held_of_every_entry(client, lake: Lake, registry):
    load(registry["placements"], client, lake)
    found = {entry.key: entry for entry in sources.overview(lake, registry)}
    assert list(found) == list(registry)
    held = found["placements"]
    assert (held.state, held.id, held.rows, held.known_from) == ("pinned", PINNED, 8, RELEASED)
    assert held.next_update is not None
    assert held.next_update.year == 2027
    assert (found["reasons"].state, found["reasons"].rows) == ("awaiting", None)
    assert "Not published yet" in found["reasons"].message_en


class TestLook:
    def test_the_datasets_of_followed_topics_that_nobody_registered(self, client, lake: Lake, registry):
        found = sources.look(client, lake, registry, now=NOW)
        assert {(s.what, s.id) for s in found.seen} == {("new", OTHER)}  # one more has the title of an entry
        later = sources.look(client, lake, registry, now=NOW + timedelta(days=60))
        assert {(s.what, s.id) for s in later.seen} == {("unregistered", OTHER)}
        assert found.listed == 4
        assert sorted(found.topics) == ["53 Social care and day care", "54 Social services"]

    @pytest.mark.parametrize("topic", ["53", "day care", "Gofal cymdeithasol a gofal dydd"])
    def test_a_topic_by_id_or_name(self, client, lake: Lake, registry, topic: str):
        found = sources.look(client, lake, registry, [topic], now=NOW)
        assert found.topics == ["53 Social care and day care"]

    def test_a_topic_above_others_stands_for_them(self, client, lake: Lake, registry):
        assert len(sources.look(client, lake, registry, ["health"], now=NOW).topics) == 2

    def test_a_topic_that_is_not_there_is_told(self, client, lake: Lake, registry):
        found = sources.look(client, lake, registry, ["whaling"], now=NOW)
        assert found.topics == []
        assert [m.code for m in found.notes] == ["unknown_topic"]

    def test_candidates_for_entries_without_a_sure_id(self, client, lake: Lake, registry):
        found = {c.key: c for c in sources.look(client, lake, registry, now=NOW).candidates}
        assert (found["ethnicity"].id, found["ethnicity"].likeness) == (FOUND, 1.0)
        assert found["guessed"].id == GUESSED
        assert 0 < found["guessed"].likeness < 1
        assert "guess" in found["guessed"].en
        assert "reasons" not in found

    def test_a_like_title_is_a_candidate(self, own, server, lake: Lake, path: Path):
        path.write_text(REGISTRY.replace("Children by ethnic group", "Children by ethnic group and age"), "utf-8")
        found = sources.look(own, lake, load_registry(path=path, lock=None), now=NOW)
        (like,) = [c for c in found.candidates if c.key == "ethnicity" and c.id == FOUND]
        assert sources.ALIKE <= like.likeness < 1

    def test_changed_since_our_load(self, own, server, lake: Lake, registry):
        load(registry["placements"], own, lake)
        assert [s for s in sources.look(own, lake, registry, now=NOW).seen if s.key] == []
        publish(server, PINNED, "Children by type of placement", "Plant", [years(2024), areas(), placements()])
        (seen,) = [s for s in sources.look(own, lake, registry, now=NOW).seen if s.key]
        assert (seen.what, seen.key) == ("changed", "placements")

    def test_archived_and_replaced(self, own, server, lake: Lake, registry):
        load(registry["placements"], own, lake)
        server.archive(PINNED, at=RELEASED + timedelta(days=1), replaced_by=OTHER)
        found = {s.what: s for s in sources.look(own, lake, registry, now=NOW).seen if s.key}
        assert {"archived", "replaced"} <= set(found)
        assert OTHER in found["replaced"].en

    def test_replaced_and_out_of_the_list(self, own, server, lake: Lake, registry):
        load(registry["placements"], own, lake)
        server.archive(PINNED, at=RELEASED + timedelta(days=1), replaced_by=OTHER, auto_redirect=True)
        assert [s.what for s in sources.look(own, lake, registry, now=NOW).seen if s.key] == ["replaced"]

    def test_withdrawn(self, own, server, lake: Lake, registry):
        load(registry["placements"], own, lake)
        server.unpublish(PINNED)
        assert [s.what for s in sources.look(own, lake, registry, now=NOW).seen if s.key] == ["withdrawn"]

    def test_it_writes_nothing(self, client, tmp_path: Path, registry):
        sources.look(client, Lake(str(tmp_path / "none")), registry)
        assert not (tmp_path / "none").exists()


class TestSearch:
    @pytest.mark.parametrize("text", ["nursing", "HOMES nursing", "ty gwely", "nyrsio", "cartrefi TŶ"])
    def test_any_order_case_and_language(self, client, lake: Lake, registry, text: str):
        assert [hit.id for hit in sources.search(text, client, lake, registry).hits] == [OTHER]

    def test_it_says_which_are_registered_and_puts_titles_first(self, client, lake: Lake, registry):
        found = sources.search("children", client, lake, registry).hits
        assert [(hit.id, hit.key, hit.in_title) for hit in found] == [
            (PINNED, "placements", True), (FOUND, None, True), (OTHER, None, False),
        ]  # fmt: skip

    def test_archived_ones_are_counted_and_shown_when_asked_for(self, own, server, lake: Lake, registry):
        server.archive(OTHER, at=NOW)
        hidden = sources.search("nursing", own, lake, registry)
        assert (hidden.hits, hidden.hidden) == ([], 1)
        (hit,) = sources.search("nursing", own, lake, registry, archived=True).hits
        assert hit.archived_at

    def test_without_the_service_the_kept_list_is_searched(self, own, server, lake: Lake, registry):
        discover(own, lake, registry)
        server.stop()
        found = sources.search("homes nursing", own, lake, registry)
        assert [hit.id for hit in found.hits] == [OTHER]
        assert found.offline is not None

    def test_without_the_service_and_without_a_list(self, lake: Lake, registry):
        settings = Settings(attempts=1, connect_timeout=1)
        with StatsWalesClient("http://127.0.0.1:1/v2", settings=settings) as nobody, pytest.raises(FetchError):
            sources.search("homes", nobody, lake, registry)


# -- confirming and pinning --------------------------------------------------------------------------------------


class TestPin:
    def test_by_title_and_columns_into_the_lock_file(self, client, registry, path: Path):
        lock = path.with_name("lock.yml")
        found = sources.pin("ethnicity", client, registry, lock=lock, now=NOW)
        assert found.id == FOUND
        assert (found.title_en, found.title_cy) == (
            "SYNTHETIC Children by ethnic group",
            "SYNTHETIG Plant yn ôl grŵp ethnig",
        )
        assert found.columns == {"measure": "Data description", "period": "Year", "area": "Local authority"}
        pinned = read_lock(lock)["ethnicity"]
        assert (pinned.uuid, pinned.pinned_on) == (FOUND, f"{NOW:%Y-%m-%d}")
        assert set(pinned.columns) == {"Data description", "Year", "Local authority"}
        assert load_registry(path=path, lock=lock)["ethnicity"].state == "locked"

    def test_a_second_pin_keeps_the_first(self, client, registry, path: Path):
        lock = path.with_name("lock.yml")
        sources.pin("ethnicity", client, registry, lock=lock)
        sources.pin("guessed", client, registry, uuid=GUESSED, lock=lock)
        assert list(read_lock(lock)) == ["ethnicity", "guessed"]

    def test_columns_that_do_not_fit_are_refused(self, client, registry, path: Path):
        with pytest.raises(RegistryError, match="Placement") as error:
            sources.pin("placements", client, registry, uuid=FOUND, lock=path.with_name("lock.yml"))
        assert error.value.code == "columns_do_not_fit"
        assert not path.with_name("lock.yml").exists()

    def test_a_guess_with_another_title_wants_a_persons_word(self, client, registry, path: Path):
        with pytest.raises(RegistryError, match="Adoptions by gender of child") as error:
            sources.pin("guessed", client, registry, lock=path.with_name("lock.yml"))
        assert error.value.code == "not_titled"

    def test_an_id_that_another_entry_has_is_refused(self, client, registry, path: Path):
        with pytest.raises(RegistryError) as error:
            sources.pin("ethnicity", client, registry, uuid=PINNED, lock=path.with_name("lock.yml"))
        assert error.value.code == "id_taken"

    def test_of_two_with_the_title_the_one_whose_columns_fit(self, own, server, registry, path: Path):
        publish(server, OTHER[:-1] + "9", "Children by ethnic group", "Plant", [years(), genders()])
        found = sources.pin("ethnicity", own, registry, lock=path.with_name("lock.yml"))
        assert found.id == FOUND

    def test_of_two_that_fit_none(self, own, server, registry, path: Path):
        publish(server, OTHER[:-1] + "9", "Children by ethnic group", "Plant", [years(), areas()])
        with pytest.raises(RegistryError) as error:
            sources.pin("ethnicity", own, registry, lock=path.with_name("lock.yml"))
        assert error.value.code == "found_several"

    def test_a_title_that_nobody_has(self, client, registry, path: Path):
        with pytest.raises(RegistryError) as error:
            sources.pin("reasons", client, registry, lock=path.with_name("lock.yml"))
        assert error.value.code == "not_found"

    def test_a_key_with_a_slip_of_the_pen(self, client, registry, path: Path):
        with pytest.raises(RegistryError, match="did you mean 'ethnicity'"):
            sources.pin("ethnicty", client, registry, lock=path.with_name("lock.yml"))

    def test_an_id_that_is_none(self, client, registry, path: Path):
        with pytest.raises(RegistryError, match="version 4 UUID"):
            sources.pin("ethnicity", client, registry, uuid="nope", lock=path.with_name("lock.yml"))


# -- checking ----------------------------------------------------------------------------------------------------


class TestCheck:
    def test_what_an_entry_makes_of_its_dataset(self, client, registry, path: Path, tmp_path: Path):
        report = sources.check(registry["placements"], client, tmp_path / "scratch", file=path, project=tmp_path)
        assert report.is_sound
        assert (report.rows, report.areas, report.periods) == (8, 2, ["2023-24", "2024-25"])
        seen = {column.role: column for column in report.columns}
        assert seen["placement"].known == 2
        assert [(m.label_en, m.label_cy, m.key, m.listed) for m in seen["placement"].members] == [
            ("All placements", "Pob lleoliad", "all", True), ("Foster care", "Gofal maeth", "foster", True),
        ]  # fmt: skip
        assert report.line == REGISTRY.splitlines().index("  placements:") + 1
        assert seen["placement"].line == REGISTRY.splitlines().index("      placement:") + 1
        assert report.staging_model is None

    def test_a_member_that_nobody_knows(self, own, server, registry, path: Path, tmp_path: Path):
        more = placements(Member("A2", "Foster cares", "Gofalau maeth", 2), Member("A3", "Hostel", "Hostel", 3))
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), more])
        report = sources.check(registry["placements"], own, tmp_path / "scratch", file=path, project=tmp_path)
        assert report.outcome == "quarantined"
        placement = next(c for c in report.columns if c.role == "placement")
        assert [(m.code, m.hint) for m in placement.unknown] == [("A2", "foster"), ("A3", None)]

    def test_an_entry_that_is_found_by_its_title(self, client, registry, path: Path, tmp_path: Path):
        assert sources.check(registry["ethnicity"], client, tmp_path / "s", file=path, project=tmp_path).id == FOUND

    def test_an_entry_that_nothing_is_known_of(self, client, registry, path: Path, tmp_path: Path):
        with pytest.raises(RegistryError, match="Not published yet"):
            sources.check(registry["reasons"], client, tmp_path / "s", file=path, project=tmp_path)

    def test_a_missing_column_is_a_finding(self, client, registry, path: Path, tmp_path: Path):
        wrong = registry["placements"].model_copy(update={"uuid": FOUND})
        report = sources.check(wrong, client, tmp_path / "s", file=path, project=tmp_path)
        assert report.outcome == "quarantined"
        assert "column_missing" in {m.code for m in report.messages}

    def test_an_entry_of_its_own_file_may_name_what_the_registry_shares(self, tmp_path: Path):
        path = tmp_path / "entry.yml"
        path.write_text(
            "datasets:\n  mine:\n    title_en: Mine\n    title_cy: Fy un i\n    columns:\n"
            "      measure: {kind: measure, names: [Data description], values: {n: "
            "{en: N, cy: N, measure_key: population}}}\n"
            "      period: {kind: period, period: mid_year, names: [Year]}\n      area: local_authority\n",
            "utf-8",
        )
        assert sources.read_entry(path).columns["area"].kind == "area"
        path.write_text(path.read_text("utf-8").replace("local_authority", "local_autority"), "utf-8")
        with pytest.raises(RegistryError, match=r"line 8.*did you mean 'local_authority'"):
            sources.read_entry(path)


# -- drifting ----------------------------------------------------------------------------------------------------


def shapes(result: sources.Drift) -> set[tuple[str, str, str | None, str | None]]:
    return {(c.what, c.of, c.role, c.code) for c in result.changes}


def edited(result: sources.Drift, tmp_path: Path) -> dict[str, Dataset]:
    path = tmp_path / "edited.yml"
    path.write_text(result.edited, encoding="utf-8")
    return load_registry(path=path, lock=None)


class TestDrift:
    def test_nothing_changed(self, own, server, lake: Lake, registry, path: Path):
        load(registry["placements"], own, lake)
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert (found.changes, found.diff) == ([], "")

    def test_new_members_are_proposed_with_both_labels(self, own, server, lake: Lake, registry, path, tmp_path: Path):
        load(registry["placements"], own, lake)
        more = placements(
            Member("A2", "Children's home", "Cartref plant", 2), Member("A3", "Hostel: other", "Hostel", 3)
        )
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), more])
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert {("added", "member", "placement", "A2"), ("added", "member", "placement", "A3")} <= shapes(found)
        values = edited(found, tmp_path)["placements"].columns["placement"].values
        assert (values["childrens_home"].en, values["childrens_home"].cy) == ("Children's home", "Cartref plant")
        assert values["hostel_other"].code == "A3"
        assert "# A comment that stays." in found.edited
        assert [line for line in found.diff.splitlines() if line.startswith("-") and "---" not in line] == []

    def test_members_of_a_shared_column_go_where_it_is_written(self, own, server, lake: Lake, registry, path, tmp_path):
        publish(
            server, GUESSED, "Adoptions of children by gender", "M", [years(), genders(Member("X", "Other", "Arall"))]
        )
        found = sources.drift(registry["guessed"], own, lake, file=path)
        assert edited(found, tmp_path)["guessed"].columns["gender"].values["other"].cy == "Arall"

    def test_a_renamed_column_keeps_its_fact_table_column(
        self, own, server, lake: Lake, registry, path, tmp_path: Path
    ):
        load(registry["placements"], own, lake)
        renamed = placements(name="Type of placement")
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), renamed])
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert ("renamed", "column", "placement", None) in shapes(found)
        assert "Type of placement" in edited(found, tmp_path)["placements"].columns["placement"].names

    def test_a_column_with_other_names_is_known_by_its_members(self, own, server, lake: Lake, registry, path, tmp_path):
        renamed = placements(name="Where", fact="WhereCode")
        publish(
            server, PINNED, "Children by type of placement", "Plant yn ôl math o leoliad", [years(), areas(), renamed]
        )
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert shapes(found) == {("renamed", "column", "placement", None)}
        assert edited(found, tmp_path)["placements"].columns["placement"].names == ["Placement", "Where"]

    def test_a_renamed_shared_column_is_taken_with_what_differs(
        self, own, server, lake: Lake, registry, path, tmp_path
    ):
        load(registry["placements"], own, lake)
        other = Dimension("AreaCode", "Authority", "Awdurdod", areas().members)
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), other, placements()])
        found = sources.drift(registry["placements"], own, lake, file=path)
        column = edited(found, tmp_path)["placements"].columns["area"]
        assert column.names == ["Local authority", "AreaCode", "Authority"]
        assert edited(found, tmp_path)["ethnicity"].columns["area"].names == ["Local authority", "AreaCode"]

    def test_a_renamed_member_becomes_another_spelling(self, own, server, lake: Lake, registry, path, tmp_path: Path):
        load(registry["placements"], own, lake)
        dimension = placements()
        dimension.members[1] = Member("A1", "Family placement", "Lleoliad teuluol", 1)
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), dimension])
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert ("renamed", "member", "placement", "A1") in shapes(found)
        member = edited(found, tmp_path)["placements"].columns["placement"].values["foster"]
        assert member.also == ["fostering", "Family placement", "Lleoliad teuluol"]

    def test_a_member_that_is_gone_is_told_and_kept(self, own, server, lake: Lake, registry, path):
        load(registry["placements"], own, lake)
        dimension = placements()
        del dimension.members[1]
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), dimension])
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert shapes(found) == {("removed", "member", "placement", "A1"), ("renamed", "title", None, None)}
        assert "foster" in found.edited

    def test_a_new_title_in_both_languages(self, own, server, lake: Lake, registry, path, tmp_path: Path):
        server.rename(PINNED, "Placements of children", "Lleoliadau plant: newydd")
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert edited(found, tmp_path)["placements"].titles == ["Placements of children", "Lleoliadau plant: newydd"]

    def test_a_new_column_is_proposed_as_a_breakdown(self, own, server, lake: Lake, registry, path, tmp_path: Path):
        load(registry["placements"], own, lake)
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), placements(), genders()])
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert ("added", "column", None, None) in shapes(found)
        column = edited(found, tmp_path)["placements"].columns["gender"]
        assert (column.kind, column.names, column.name_cy, column.closed) == ("breakdown", ["Gender"], "Rhywedd", False)

    def test_areas_by_name_beside_areas_by_code_are_no_breakdown(self, own, server, lake: Lake, registry, path):
        names = Dimension(
            "Authority", "Authority name", "Enw", [Member("1", "Wales", "Cymru"), Member("2", "Cardiff", "C")]
        )
        publish(
            server,
            PINNED,
            "Children by type of placement",
            "Plant yn ôl math o leoliad",
            [years(), areas(), names, placements()],
        )
        assert sources.drift(registry["placements"], own, lake, file=path).diff == ""

    def test_a_column_that_the_last_load_had_is_no_news(self, own, server, lake: Lake, registry, path):
        both = [years(), areas(), placements(), genders()]
        publish(server, PINNED, "Children by type of placement", "Plant yn ôl math o leoliad", both)
        load(registry["placements"], own, lake)
        assert sources.drift(registry["placements"], own, lake, file=path).changes == []

    def test_a_list_that_has_grown_too_long_is_opened(self, own, server, lake: Lake, registry, path, tmp_path: Path):
        many = [Member(f"B{n}", f"Place {n}", f"Lle {n}", n) for n in range(sources.MANY + 1)]
        publish(server, PINNED, "Children by type of placement", "Plant", [years(), areas(), placements(*many)])
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert edited(found, tmp_path)["placements"].columns["placement"].closed is False

    def test_a_new_data_description_of_a_closed_column(self, own, server, lake: Lake, registry, path, tmp_path: Path):
        measure = Dimension(
            "Measure", "Data description", "Disgrifiad", [*MEASURE.members, Member("2", "Rate", "Cyfradd")]
        )
        publish(
            server, PINNED, "Children by type of placement", "Plant", [years(), areas(), placements()], measure=measure
        )
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert edited(found, tmp_path)["placements"].columns["measure"].values["rate"].cy == "Cyfradd"

    def test_five_requests_and_no_rows(self, own, server, lake: Lake, registry, path):
        sources.drift(registry["placements"], own, lake, file=path)
        assert own.requests == 5

    def test_an_entry_without_an_id(self, own, lake: Lake, registry, path):
        with pytest.raises(RegistryError, match="no dataset id"):
            sources.drift(registry["ethnicity"], own, lake, file=path)

    def test_every_sentence_is_in_both_languages(self, own, server, lake: Lake, registry, path):
        load(registry["placements"], own, lake)
        server.rename(PINNED, "Other", "Arall")
        publish(server, PINNED, "Third", "Trydydd", [years(2025), areas(), genders()], at=datetime.now(UTC))
        found = sources.drift(registry["placements"], own, lake, file=path)
        assert len(found.changes) >= 4
        assert all(c.en and c.cy and c.en != c.cy for c in found.changes)

    def test_every_kind_of_edit_at_once_leaves_a_registry(
        self, own, server, lake: Lake, registry, path, tmp_path: Path
    ):
        """Insertions at one place: what is indented more stays with what it belongs to."""
        load(registry["placements"], own, lake)
        renamed = placements(Member("A2", "Hostel", "Hostel i blant"), name="Type: of placement")
        renamed.members[1] = Member("A1", "Family placement", "Lleoliad teuluol", 1)
        where = Dimension("AreaCode", "Authority", "Awdurdod", areas().members)
        publish(server, PINNED, "Placements", "Lleoliadau", [years(), where, renamed, genders()])
        found = sources.drift(registry["placements"], own, lake, file=path)
        after = edited(found, tmp_path)["placements"]
        assert after.columns["placement"].names == ["Placement", "Type: of placement"]
        assert set(after.columns["placement"].values) == {"all", "foster", "hostel"}
        assert after.columns["area"].names[-1] == "Authority"
        assert after.columns["gender"].kind == "breakdown"
        assert after.titles == ["Placements", "Lleoliadau"]
        again = sources.drift(after, own, lake, file=tmp_path / "edited.yml")
        assert again.diff == ""


# -- drafting ----------------------------------------------------------------------------------------------------


class TestDraft:
    def drafted(self, client, tmp_path: Path, uuid: str = PINNED) -> Dataset:
        path = tmp_path / "draft.yml"
        path.write_text(sources.draft(client, uuid, "mine"), encoding="utf-8")
        return sources.read_entry(path)

    def test_an_entry_that_is_sound_as_it_stands(self, client, tmp_path: Path):
        dataset = self.drafted(client, tmp_path)
        assert dataset.id == PINNED
        assert {role: column.kind for role, column in dataset.columns.items()} == {
            "measure": "measure", "period": "period", "area": "area", "placement": "breakdown",
        }  # fmt: skip
        assert dataset.columns["period"].periods == ("financial_year",)
        placement = dataset.columns["placement"]
        assert (placement.closed, placement.values["all"].is_total) == (True, True)
        assert (placement.values["foster_care"].en, placement.values["foster_care"].cy) == (
            "Foster care",
            "Gofal maeth",
        )
        report = sources.check(dataset, client, tmp_path / "lake", file=tmp_path / "draft.yml", project=tmp_path)
        assert report.is_sound

    def test_without_an_area_all_of_it_is_about_wales(self, client, tmp_path: Path):
        assert self.drafted(client, tmp_path, GUESSED).columns["area"].constant == "W92000004"

    def test_several_data_descriptions_are_several_measures(self, own, server, tmp_path: Path):
        rates = [Member("2", "Percentage", "Canran"), Member("3", "Rate per 10,000", "Cyfradd"), Member("4", "£ thousand", "£ mil")]  # fmt: skip  # noqa: E501
        measure = Dimension("Measure", "Data description", "Disgrifiad", [*MEASURE.members, *rates])
        publish(server, OTHER[:-1] + "8", "Things", "Pethau", [years(), areas()], measure=measure)
        path = tmp_path / "draft.yml"
        path.write_text(sources.draft(own, OTHER[:-1] + "8", "things"), encoding="utf-8")
        measures = read_registry(path).measures
        assert {m.unit for m in measures.values()} == {"count", "percent", "rate", "gbp"}
        assert measures["things_rate_per_10_000"].rate_base == 10000
        assert next(m for m in measures.values() if m.unit == "gbp").scale == 1000
        assert measures["things_percentage"].title_cy == "Pethau: Canran"

    @pytest.mark.parametrize(
        ("title", "labels", "kinds"),
        [
            ("Children on 31 March", ["2023", "2024"], ("financial_year_end",)),
            ("Pupils", ["2022/23", "2023/24"], ("school_year",)),
            ("Cases", ["January 2024", "February 2024"], ("month",)),
            ("Cases", ["2023-24", "Q4 2023-24"], ("financial_year", "quarter")),
        ],
    )
    def test_the_kind_of_period_is_read_from_the_labels(self, own, server, tmp_path: Path, title, labels, kinds):
        when = Dimension("When", "When", "Pryd", [Member(f"c{n}", text, text, n) for n, text in enumerate(labels)])
        publish(server, OTHER[:-1] + "7", title, "Teitl", [when, areas()])
        assert self.drafted(own, tmp_path, OTHER[:-1] + "7").columns["period"].periods == kinds

    def test_a_long_column_of_ages_is_left_open(self, own, server, tmp_path: Path):
        ages = Dimension("AgeCode", "Age", "Oedran", [Member(str(n), str(n), str(n), n) for n in range(30)])
        publish(server, OTHER[:-1] + "6", "Population by age", "Poblogaeth", [years(2024), areas(), ages])
        column = self.drafted(own, tmp_path, OTHER[:-1] + "6").columns["age"]
        assert (column.ages, column.closed, column.values) == (True, False, {})

    def test_it_is_put_at_the_end_of_the_registrys_sections(self, client, path: Path):
        sources.add_entry(sources.draft(client, OTHER, "nursing"), path)
        assert list(load_registry(path=path, lock=None))[-1] == "nursing"
        assert "# A comment that stays." in path.read_text("utf-8")
        before = path.read_text("utf-8")
        with pytest.raises(RegistryError, match="second time"):
            sources.add_entry(sources.draft(client, OTHER, "nursing"), path)
        assert path.read_text("utf-8") == before
