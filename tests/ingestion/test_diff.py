"""What changed in every mart between two builds: each kind of change, counted and shown, and nothing restricted."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from ingestion import cli, publish
from ingestion.config import Settings
from ingestion.diff import BY_NATURE, WORDS, compare, render, resolve
from ingestion.errors import GofalError

MARTS = {
    "outcomes.care": """
        select * from (values
            ('W1', '2019', 'left', 10.0::double, timestamp '2020-01-01'),
            ('W1', '2020', 'left', 20.0, timestamp '2020-01-01'),
            ('W2', '2019', 'entered', null, timestamp '2020-01-01')
        ) as t(area_code, period_key, measure_key, value, loaded_at)
    """,
    "core.dim_area": "select 'W1' as area_code, 'Wales' as name_en",
}
GRAIN = {"outcomes.care": ["area_code", "period_key", "measure_key"], "core.dim_area": ["area_code"]}


def make(
    folder: Path,
    marts: dict[str, str] | None = None,
    grain: dict[str, list[str]] | None = None,
    then: str = "",
    restricted: str = "",
) -> str:
    """A publication's folder: tables from queries, and a statement that changes them."""
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "gofal.duckdb")) as database:
        for name, query in (MARTS if marts is None else marts).items():
            database.execute(f"create schema if not exists {name.split('.')[0]}")
            database.execute(f"create table {name} as {query}")
        database.execute("create schema staging; create table staging.stg_x as select random() as x")
        database.execute(then or "select 1")
    if restricted:
        (folder / "restricted").mkdir()
        with duckdb.connect(str(folder / "restricted" / "gofal_restricted.duckdb")) as database:
            database.execute(f"create schema restricted; create table restricted.return_values as {restricted}")
    told = {"build_id": folder.name, "grain": GRAIN if grain is None else grain}
    (folder / "manifest.json").write_text(json.dumps(told))
    return str(folder)


@pytest.fixture
def before(tmp_path: Path) -> str:
    return make(tmp_path / "before")


def test_two_builds_with_the_same_rows_do_not_differ(tmp_path: Path, before: str, settings: Settings) -> None:
    # in another order, and loaded at another time
    after = make(
        tmp_path / "after",
        then="create or replace table outcomes.care as "
        "select * replace (now()::timestamp as loaded_at) from outcomes.care order by value",
    )
    found = compare(before, after, settings)
    assert not found.differs
    assert [m.state for m in found.marts] == ["same", "same"]
    assert found.ignored == ["loaded_at"]


def test_what_differs_by_nature_is_compared_when_asked_for(tmp_path: Path, before: str, settings: Settings) -> None:
    after = make(tmp_path / "after", then="update outcomes.care set loaded_at = timestamp '2021-01-01'")
    (mart,) = compare(before, after, settings, every_column=True).changed
    assert mart.by_column == {"loaded_at": 3}
    assert mart.ignored == []


def test_rows_and_cells_are_counted_by_mart_by_column_and_by_measure(
    tmp_path: Path, before: str, settings: Settings
) -> None:
    after = make(
        tmp_path / "after",
        then="update outcomes.care set value = 12 where period_key = '2019' and measure_key = 'left'; "
        "update outcomes.care set value = 1 where measure_key = 'entered'; "
        "delete from outcomes.care where period_key = '2020'; "
        "insert into outcomes.care values ('W3', '2019', 'entered', 5, null)",
    )
    found = compare(before, after, settings)
    (mart,) = found.changed
    assert (mart.name, mart.rows_a, mart.rows_b) == ("outcomes.care", 3, 3)
    assert (mart.added, mart.removed, mart.changed, mart.cells) == (1, 1, 2, 2)
    assert mart.by_column == {"value": 2}
    assert mart.measure == "measure_key"
    counted = {c.key: (c.added, c.removed, c.changed, c.cells) for c in mart.by_measure}
    assert counted == {"entered": (1, 0, 1, 1), "left": (0, 1, 1, 1)}
    shown = [(e.kind, e.key["area_code"], [(c.column, c.old, c.new) for c in e.cells]) for e in mart.examples]
    assert shown == [
        ("changed", "W1", [("value", 10.0, 12.0)]),
        ("changed", "W2", [("value", None, 1.0)]),
        ("added", "W3", []),
        ("removed", "W1", []),
    ]


def test_examples_are_the_first_by_key_and_no_more_than_asked_for(tmp_path: Path, settings: Settings) -> None:
    rows = "select range as measure_key, {} as value from range(100)"
    a = make(tmp_path / "a", {"core.m": rows.format("range")}, {"core.m": ["measure_key"]})
    b = make(tmp_path / "b", {"core.m": rows.format("range + 1")}, {"core.m": ["measure_key"]})
    (mart,) = compare(a, b, settings, examples=3).changed
    assert [(e.key["measure_key"], e.cells[0].old, e.cells[0].new) for e in mart.examples] == [
        (0, 0, 1),
        (1, 1, 2),
        (2, 2, 3),
    ]
    assert mart.changed == 100


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("0.1::double + 0.2", "0.3::double", False),
        ("1.0::double", "1.0000001::double", True),
        ("null::double", "null::double", False),
        ("null::double", "0::double", True),
        ("'inf'::double", "5::double", True),
        ("'nan'::double", "'nan'::double", False),
        ("0.0::double", "-0.0::double", False),
        ("1.00::decimal(18,2)", "1.01::decimal(18,2)", True),
        ("'a'", "'a '", True),
    ],
)
def test_a_value_is_the_same_or_it_is_not(
    tmp_path: Path, settings: Settings, old: str, new: str, differs: bool
) -> None:
    a, b = (
        make(tmp_path / name, {"core.m": f"select 1 as k, {value} as v"}, {"core.m": ["k"]})
        for name, value in (("a", old), ("b", new))
    )
    assert compare(a, b, settings).differs == differs
    # and where nothing says what the row is known by
    for folder in (a, b):
        (Path(folder) / "manifest.json").write_text("{}")
    assert compare(a, b, settings).differs == differs


def test_columns_that_came_went_or_have_another_type_are_named(tmp_path: Path, settings: Settings) -> None:
    grain = {"core.m": ["k"]}
    a = make(tmp_path / "a", {"core.m": "select 1 as k, 5::integer as n, 'x' as gone, '7' as told"}, grain)
    b = make(tmp_path / "b", {"core.m": "select 1 as k, 5::double as n, true as here, 8 as told"}, grain)
    (mart,) = compare(a, b, settings).changed
    assert (mart.columns_added, mart.columns_removed) == (["here"], ["gone"])
    assert [(c.column, c.old, c.new) for c in mart.columns_retyped] == [
        ("n", "INTEGER", "DOUBLE"),
        ("told", "VARCHAR", "INTEGER"),
    ]
    assert mart.by_column == {"told": 1}, "the same figure in another type is the same figure"


def test_marts_that_came_and_went_are_named_and_what_is_no_mart_is_not(
    tmp_path: Path, before: str, settings: Settings
) -> None:
    after = make(tmp_path / "after", then="drop table core.dim_area; create table core.dim_new as select 1 as x")
    found = compare(before, after, settings)
    assert {m.name: (m.state, m.added, m.removed) for m in found.marts} == {
        "core.dim_area": ("removed", 0, 1),
        "core.dim_new": ("added", 1, 0),
        "outcomes.care": ("same", 0, 0),
    }


def test_more_columns_than_a_number_has_bits_are_all_compared(tmp_path: Path, settings: Settings) -> None:
    def row(last: int) -> str:
        return "select 1 as k, " + ", ".join(f"{last if n in (0, 129) else 0} as c{n}" for n in range(130))

    a = make(tmp_path / "a", {"core.m": row(0)}, {"core.m": ["k"]})
    b = make(tmp_path / "b", {"core.m": row(1)}, {"core.m": ["k"]})
    (mart,) = compare(a, b, settings).changed
    assert mart.by_column == {"c0": 1, "c129": 1}
    assert [c.column for c in mart.examples[0].cells] == ["c0", "c129"]


def test_a_key_may_hold_nothing(tmp_path: Path, settings: Settings) -> None:
    a = make(tmp_path / "a", {"core.m": "select null::varchar as k, 1 as v"}, {"core.m": ["k"]})
    b = make(tmp_path / "b", {"core.m": "select null::varchar as k, 2 as v"}, {"core.m": ["k"]})
    (mart,) = compare(a, b, settings).changed
    assert (mart.added, mart.removed, mart.changed) == (0, 0, 1)
    assert mart.examples[0].cells[0].new == 2


@pytest.mark.parametrize("grain", [{}, {"core.m": ["k"]}, {"core.m": ["not_there"]}])
def test_without_a_key_that_is_unique_whole_rows_are_compared(
    tmp_path: Path, settings: Settings, grain: dict[str, list[str]]
) -> None:
    rows = "select * from (values (1, 'a'), (1, 'a'), (1, 'b'){}) as t(k, measure_key)"
    a = make(tmp_path / "a", {"core.m": rows.format("")}, grain)
    b = make(tmp_path / "b", {"core.m": rows.format(", (1, 'a'), (2, 'c')")}, grain)
    (mart,) = compare(a, b, settings).changed
    assert (mart.added, mart.removed, mart.changed) == (2, 0, 0), "the third of a row that was there twice is one more"
    assert mart.grain_not_unique == (grain == {"core.m": ["k"]})
    assert {c.key: c.added for c in mart.by_measure} == {"a": 1, "c": 1}
    assert [e.key for e in mart.examples] == [{"k": 1, "measure_key": "a"}, {"k": 2, "measure_key": "c"}]


def test_twice_the_same_key_on_both_sides_is_seen_although_counts_and_keys_agree(
    tmp_path: Path, settings: Settings
) -> None:
    a = make(tmp_path / "a", {"core.m": "select 1 as k, 'x' as v from range(2)"}, {"core.m": ["k"]})
    b = make(tmp_path / "b", {"core.m": "select 1 as k, 'y' as v from range(2)"}, {"core.m": ["k"]})
    (mart,) = compare(a, b, settings).changed
    assert (mart.added, mart.removed) == (2, 2)


def test_the_port_of_the_sample_s_stand_in_is_no_change_and_another_address_is(
    tmp_path: Path, settings: Settings
) -> None:
    def of(name: str, url: str) -> str:
        return make(tmp_path / name, {"core.dim_source": f"select 1 as k, '{url}' as url"}, {"core.dim_source": ["k"]})

    first, second = of("a", "http://127.0.0.1:8099/v2/x"), of("b", "http://127.0.0.1:9000/v2/x")
    assert not compare(first, second, settings).differs
    assert compare(first, of("c", "http://127.0.0.1:9000/v2/y"), settings).differs


RESTRICTED = "select range as submission_id, {} as value, 'secret' as measure_key from range(3)"


def test_the_restricted_schema_is_left_out_and_that_is_said(tmp_path: Path, settings: Settings) -> None:
    a = make(tmp_path / "a", restricted=RESTRICTED.format("range"))
    b = make(tmp_path / "b", restricted=RESTRICTED.format("range * 777"))
    found = compare(a, b, settings)
    assert not found.differs
    assert found.restricted_left_out
    with pytest.raises(GofalError, match="Neither build has a mart"):
        compare(a, b, settings, only=["return_values"])


@pytest.mark.parametrize("in_one_file", [True, False])
def test_what_is_restricted_is_counted_when_asked_for_and_never_shown(
    tmp_path: Path, settings: Settings, in_one_file: bool
) -> None:
    grain = GRAIN | {"restricted.return_values": ["submission_id"]}
    one, other = RESTRICTED.format("range"), RESTRICTED.format("range * 777")
    if in_one_file:  # as in a build; a publication has a file of its own for it
        marts = [MARTS | {"restricted.return_values": query} for query in (one, other)]
        a, b = make(tmp_path / "a", marts[0], grain), make(tmp_path / "b", marts[1], grain)
        assert not compare(a, b, settings).differs
        assert compare(a, b, settings).restricted_left_out
    else:
        a, b = (make(tmp_path / name, grain=grain, restricted=query) for name, query in (("a", one), ("b", other)))
    found = compare(a, b, settings, restricted=True)
    (mart,) = found.changed
    assert (mart.changed, mart.by_column) == (2, {"value": 2})
    assert mart.examples == []
    assert mart.by_measure == []
    everything = found.model_dump_json() + render(found)
    assert "secret" not in everything
    assert "1554" not in everything


def test_a_build_is_found_by_its_file_its_folder_its_id_and_its_place(tmp_path: Path, settings: Settings) -> None:
    for name in ("20200101T000000Z", "20200102T000000Z", "20210101T000000Z"):
        make(settings.published / name)
    publish.point(settings.published / "current", settings.published / "20210101T000000Z")
    make(settings.builds / "20220101T000000Z")
    alone = make(tmp_path / "alone")
    file = settings.published / "20200101T000000Z" / "gofal.duckdb"
    assert resolve(str(file), settings) == file
    assert resolve(alone, settings) == Path(alone) / "gofal.duckdb"
    assert resolve("20200101T000000Z", settings) == file
    assert resolve("20200101", settings) == file
    assert resolve("20220101T000000Z", settings) == settings.builds / "20220101T000000Z" / "gofal.duckdb"
    assert resolve("current", settings).parent.name == "20210101T000000Z"
    assert resolve("previous", settings).parent.name == "20200102T000000Z"


@pytest.mark.parametrize("asked", ["2020", "nowhere", "current", ""])
def test_a_build_that_is_not_there_is_refused_with_what_is(settings: Settings, asked: str) -> None:
    for name in ("20200101T000000Z", "20200102T000000Z"):
        make(settings.published / name)
    with pytest.raises(GofalError) as raised:
        resolve(asked, settings)
    assert "20200101T000000Z, 20200102T000000Z" in raised.value.en
    assert "20200101T000000Z, 20200102T000000Z" in raised.value.cy
    assert ("several" in raised.value.en) == (asked == "2020")


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path, before: str, settings: Settings) -> None:
    broken = tmp_path / "broken" / "gofal.duckdb"
    broken.parent.mkdir()
    broken.write_text("not a database")
    with pytest.raises(GofalError, match="cannot be opened"):
        compare(before, str(broken), settings)


def test_a_build_beside_itself_is_the_same(before: str, settings: Settings) -> None:
    assert not compare(before, before, settings).differs


def test_a_publication_says_what_a_row_of_each_mart_is_known_by() -> None:
    def model(name: str, **config: object) -> dict[str, object]:
        return {
            "unique_id": f"model.gofal.{name}",
            "resource_type": "model",
            "schema": "core",
            "alias": name,
            "fqn": ["gofal", "marts", "core", name],
            "config": {"materialized": "table", **config},
        }

    def test(of: str, name: str, where: str | None = None, column: str | None = None, **kwargs: object) -> object:
        return {
            "resource_type": "test",
            "attached_node": f"model.gofal.{of}",
            "test_metadata": {"name": name, "kwargs": kwargs},
            "column_name": column,
            "config": {"where": where},
        }

    nodes = [
        model("said", meta={"grain": ["a", "b"]}),
        model("combined"),
        model("single"),
        model("timed"),
        model("partly"),
        model("ruled"),
        test("said", "unique_combination", columns=["c"]),
        test("combined", "holds_in_every_row", never_null=["z"]),
        test("ruled", "holds_in_every_row", unique=[["a", "b"], ["c"]]),
        test("combined", "unique_combination", columns=["a", "c"]),
        test("single", "unique", column="k"),
        test("timed", "no_overlapping_intervals", key=["k"], from_column="known_from", to_column="known_to"),
        test("partly", "unique", where="value > 0", column="k"),
    ]
    assert publish.grains({"nodes": dict(enumerate(nodes))}) == {
        "core.said": ["a", "b"],
        "core.combined": ["a", "c"],
        "core.single": ["k"],
        "core.timed": ["k", "known_from"],
        "core.ruled": ["a", "b"],
    }


# -- saying it -------------------------------------------------------------------------------------------------


def gofal(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["diff", *arguments])
    return result.exit_code, result.output


def test_the_command_shows_what_changed_in_either_language(tmp_path: Path, before: str) -> None:
    after = make(tmp_path / "after", then="update outcomes.care set value = 12 where value = 10")
    code, said = gofal(before, after)
    assert code == 0
    assert "1 of 2 marts differ: 0 rows added, 0 removed, 1 changed (1 cells)." in said
    assert "outcomes.care" in said
    assert "value: 10 → 12" in said
    assert "loaded_at" in said, "what was not compared is named"
    assert "Mae 1 o 2 mart yn wahanol" in gofal(before, after, "--lang", "cy")[1]
    assert gofal(before, after, "--exit-code")[0] == 1
    assert gofal(before, before, "--exit-code")[0] == 0
    assert gofal(before, after, "--lang", "fr")[0] == 2


def test_json_holds_everything_as_plain_values(tmp_path: Path) -> None:
    rows = "select date '2019-03-31' as snapshot_date, {}::decimal(18,2) as spend_gbp"
    grain = {"core.m": ["snapshot_date"]}
    a = make(tmp_path / "a", {"core.m": rows.format(1.5)}, grain)
    b = make(tmp_path / "b", {"core.m": rows.format(2.5)}, grain)
    code, said = gofal(a, b, "--json", "--exit-code")
    found = json.loads(said)
    assert code == 1
    assert found["differs"] is True
    example = found["marts"][0]["examples"][0]
    assert example["key"] == {"snapshot_date": "2019-03-31"}
    assert example["cells"] == [{"column": "spend_gbp", "old": 1.5, "new": 2.5}]


class Page(HTMLParser):
    """What a reader or a screen reader finds in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.unscoped = 0
        self.languages: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [(given["href"] or "")[1:]] if tag == "a" else []
        self.loads += [tag] if "src" in given or tag in ("link", "script", "img") else []
        self.unscoped += tag == "th" and "scope" not in given
        self.languages += [given.get("lang")] if tag in ("html", "main") else []


def test_the_page_holds_both_languages_needs_nothing_else_and_is_marked_up_for_everybody(
    tmp_path: Path, before: str
) -> None:
    after = make(
        tmp_path / "after",
        then="update outcomes.care set measure_key = '<script>alert(1)</script>', value = 3 where value = 10; "
        "alter table core.dim_area add column name_cy varchar",
    )
    file = tmp_path / "pages" / "diff.html"
    assert gofal(before, after, "--html", str(file), "--lang", "cy")[0] == 0
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert page.languages == ["cy", "en", "cy"], "the page, and its halves: the one that opens stands last"
    assert page.loads == []
    assert page.unscoped == 0
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= set(page.ids)
    assert "<script>" not in text
    assert text.count("&lt;script&gt;alert(1)") >= 2
    for words in (WORDS["title"], WORDS["column_added"], WORDS["added"], WORDS["ignored"]):
        assert all(word in text for word in words)


def test_every_word_is_in_both_languages() -> None:
    assert all(en and cy for en, cy in WORDS.values())
    assert not [cy for _, cy in WORDS.values() if "'" in cy], "Welsh has typographic apostrophes"
    template = (Path(cli.__file__).parent / "templates" / "diff.html.j2").read_text(encoding="utf-8")
    assert set(re.findall(r"words\.(\w+)\[", template)) <= set(WORDS)
    assert "loaded_at" in BY_NATURE
