"""The commands about sources, as a person calls them: what they print, in both languages, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent / "statswales"))

from served_statswales import (
    FOUND,
    GUESSED,
    OTHER,
    PINNED,
    areas,
    genders,
    placements,
    publish,
    registry_file,
    years,
)

from ingestion import cli_sources
from ingestion.errors import RegistryError
from ingestion.sample.cube import Member
from ingestion.sample.standin import StandIn
from ingestion.statswales import registry as registering

Gofal = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(rate_limit=None) as server:
        dimensions = [years(), areas(), placements()]
        publish(server, PINNED, "Children by type of placement", "Plant yn ôl math o leoliad", dimensions)
        publish(server, GUESSED, "Adoptions by gender of child", "Mabwysiadu", [years(), genders()])
        publish(server, FOUND, "Children by ethnic group", "Plant yn ôl grŵp ethnig", [years(), areas()])
        publish(server, OTHER, "Nursing homes", "Cartrefi nyrsio", [years(), areas()], topics=(53,))
        yield server


@pytest.fixture
def gofal(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gofal:
    """Call a command against that server, with a registry and a home of the test's own."""
    path = registry_file(tmp_path)
    lock = tmp_path / "datasets.lock.yml"
    monkeypatch.setenv("GOFAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GOFAL_STATSWALES_URL", server.url)
    monkeypatch.setenv("GOFAL_SOURCE", "live")
    monkeypatch.setenv("GOFAL_BACKOFF", "0.01")
    from ingestion.statswales import sources  # it has the names by now, whichever test came first

    for module in (registering, sources):
        for name in ("DATASETS", "LOCK"):
            monkeypatch.setattr(module, name, path if name == "DATASETS" else lock, raising=False)
    original = registering.load_registry

    def mine(overrides: object = None) -> object:
        return original(overrides, path, lock)

    from ingestion import nightly

    monkeypatch.setattr(registering, "load_registry", mine)
    monkeypatch.setattr(nightly, "load_registry", mine)
    app = typer.Typer()
    app.add_typer(cli_sources.app, name="sources")
    app.command("mirror")(cli_sources.mirror)

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return call


def said(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def test_list(gofal: Gofal):
    text = said(gofal("sources", "list"))
    assert "placements  (pinned; children_looked_after)" in text
    assert "Not published yet." in text
    assert "Heb ei gyhoeddi eto." in said(gofal("sources", "list", "--lang", "cy"))
    rows = json.loads(said(gofal("sources", "list", "--json")))
    assert {row["key"]: row["state"] for row in rows} == {
        "placements": "pinned", "guessed": "to_confirm", "ethnicity": "to_find", "reasons": "awaiting",
    }  # fmt: skip


def test_discover(gofal: Gofal):
    text = said(gofal("sources", "discover"))
    assert f"gofal sources pin ethnicity --uuid {FOUND}" in text
    assert OTHER in text
    document = json.loads(said(gofal("sources", "discover", "--topic", "53", "--json")))
    assert document["topics"] == ["53 Social care and day care"]
    assert document["listed"] == 4


def test_search(gofal: Gofal):
    assert "placements: pinned" in said(gofal("sources", "search", "placement", "children"))
    assert "Cartrefi nyrsio" in said(gofal("sources", "search", "nyrsio", "--lang", "cy"))
    assert [hit["id"] for hit in json.loads(said(gofal("sources", "search", "NYRSIO", "--json")))["hits"]] == [OTHER]
    assert "Nothing was found." in said(gofal("sources", "search", "whaling"))


def test_pin(gofal: Gofal, tmp_path: Path):
    text = said(gofal("sources", "pin", "ethnicity"))
    assert "Plant yn ôl grŵp ethnig" in text
    assert "Local authority / Awdurdod lleol  [AreaCode]" in text
    assert FOUND in (tmp_path / "datasets.lock.yml").read_text("utf-8")
    rows = json.loads(said(gofal("sources", "list", "--json")))
    assert {row["key"]: row["state"] for row in rows}["ethnicity"] == "locked"


def test_pin_refuses_a_guess_that_is_called_otherwise(gofal: Gofal, tmp_path: Path):
    result = gofal("sources", "pin", "guessed")
    assert isinstance(result.exception, RegistryError)  # `main` words it on standard error, in both languages
    assert not (tmp_path / "datasets.lock.yml").exists()


def test_check(gofal: Gofal, tmp_path: Path):
    text = said(gofal("sources", "check", "placements"))
    assert "8 rows; 2023-24 … 2024-25; 2 areas" in text
    assert "gofal sources scaffold placements" in text
    assert "8 rhes" in said(gofal("sources", "check", "placements", "--lang", "cy"))
    assert list((tmp_path / "home").glob(".check-*")) == []
    assert not (tmp_path / "home" / "lake").exists()


def test_check_ends_with_1_where_the_batch_would_be_quarantined(gofal: Gofal, server: StandIn):
    more = placements(Member("A2", "Foster cares", "Gofalau maeth", 2))
    publish(server, PINNED, "Children by type of placement", "Plant yn ôl math o leoliad", [years(), areas(), more])
    text = said(gofal("sources", "check", "placements"), 1)
    assert "unknown: ‘Foster cares’ / ‘Gofalau maeth’ [A2] (did you mean: foster?)" in text
    document = json.loads(said(gofal("sources", "check", "placements", "--json"), 1))
    assert document["outcome"] == "quarantined"


def test_check_of_an_entry_that_is_not_registered_yet(gofal: Gofal, tmp_path: Path):
    entry = tmp_path / "entry.yml"
    entry.write_text(
        f"datasets:\n  nursing:\n    uuid: {OTHER}\n    title_en: Nursing homes\n    title_cy: Cartrefi nyrsio\n"
        "    columns:\n      measure:\n        kind: measure\n        names: [Data description]\n"
        "        values: {number: {en: Number, cy: Nifer, measure_key: children}}\n"
        "      period: {kind: period, period: financial_year, names: [Year]}\n      area: local_authority\n",
        "utf-8",
    )
    assert "4 rows" in said(gofal("sources", "check", "--file", str(entry)))
    assert gofal("sources", "check").exit_code == 2


def test_drift_proposes_and_writes_only_when_told(gofal: Gofal, server: StandIn, tmp_path: Path):
    assert "nothing has changed" in said(gofal("sources", "drift", "placements"))
    before = (tmp_path / "datasets.yml").read_text("utf-8")
    more = placements(Member("A2", "Hostel", "Hostel i blant", 2))
    publish(server, PINNED, "Children by type of placement", "Plant yn ôl math o leoliad", [years(), areas(), more])
    text = said(gofal("sources", "drift", "placements"))
    assert '+          hostel: {en: Hostel, cy: Hostel i blant, code: "A2"}' in text
    assert (tmp_path / "datasets.yml").read_text("utf-8") == before
    said(gofal("sources", "drift", "placements", "--write"))
    assert "hostel" in (tmp_path / "datasets.yml").read_text("utf-8")
    assert "nothing has changed" in said(gofal("sources", "drift", "placements"))
    assert "unknown" not in gofal("sources", "check", "placements").output


def test_scaffold(gofal: Gofal, tmp_path: Path):
    assert "{{ stage_statswales(" in said(gofal("sources", "scaffold", "placements", "--print"))
    text = said(gofal("sources", "scaffold", "placements", "--project", str(tmp_path / "dbt")))
    assert "stg_statswales__placements.sql" in text
    assert said(gofal("sources", "scaffold", "placements", "--project", str(tmp_path / "dbt"))) == ""
    said(gofal("sources", "scaffold", "--all", "--project", str(tmp_path / "dbt")))
    assert len(list((tmp_path / "dbt").rglob("stg_statswales__*.sql"))) == 4
    assert gofal("sources", "scaffold").exit_code == 2


def test_pull(gofal: Gofal, tmp_path: Path):
    text = said(gofal("sources", "pull", OTHER))
    assert "Cartrefi nyrsio" in text
    assert "ATTACH" in text
    assert len(list((tmp_path / "home" / "pulled").rglob("*.parquet"))) == 1
    assert json.loads(said(gofal("sources", "pull", "placements", "--json")))["rows"] == 8


def test_mirror(gofal: Gofal, server: StandIn, tmp_path: Path):
    assert "4 listed: 2 fetched" in said(gofal("mirror", "--limit", "2"))
    server.misbehave("error", match=rf"/{OTHER}\?")
    document = json.loads(said(gofal("mirror", "--json"), 1))
    assert (document["fetched"] + document["unchanged"], list(document["failures"])) == (3, [OTHER])
    server.behave()
    assert "1 wedi’u nôl, 3 heb newid" in said(gofal("mirror", "--lang", "cy"))


def test_a_dataset_is_added_as_contributing_says(gofal: Gofal, tmp_path: Path):
    assert OTHER in said(gofal("sources", "search", "nursing"))
    assert "nursing:" in said(gofal("sources", "draft", OTHER, "nursing", "--theme", "services", "--write"))
    assert "accepted" in said(gofal("sources", "check", "nursing"))
    assert gofal("sources", "draft", "nope", "nursing").exit_code == 2
    assert gofal("sources", "draft", OTHER, "nursing", "--theme", "servces").exit_code == 2


def test_backfill_and_history(gofal: Gofal, server: StandIn):
    assert "gofal sources backfill placements" in said(gofal("sources", "history", "placements"))
    assert json.loads(said(gofal("sources", "history", "placements", "--json"))) is None
    assert "1 revision: 1 current, not loaded yet" in said(gofal("sources", "backfill", "placements"))
    document = json.loads(said(gofal("sources", "backfill", "--all", "--json")))
    assert [one["source_key"] for one in document["backfilled"]] == ["placements"]
    assert document["backfilled"][0]["counts"]["to_load"] == 1
    assert "cyfredol, heb ei lwytho eto" in said(gofal("sources", "history", "placements", "--lang", "cy"))
    assert json.loads(said(gofal("sources", "history", "placements", "--json")))["revisions"][0]["is_current"]


def test_a_backfill_names_what_failed_and_never_touches_a_guess(gofal: Gofal, server: StandIn):
    server.misbehave("error", match=PINNED)
    document = json.loads(said(gofal("sources", "backfill", "placements", "--json"), 1))
    assert list(document["failures"]) == ["placements"]
    result = gofal("sources", "backfill", "placements", "guessed")
    assert isinstance(result.exception, RegistryError)
    assert "gofal sources pin guessed" in result.exception.en
    assert gofal("sources", "backfill").exit_code == 2
    assert gofal("sources", "backfill", "placements", "--all").exit_code == 2
