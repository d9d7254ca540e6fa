"""What any figure was on any day, and what changed between two releases, as a person asks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner, Result

from ingestion import cli_figures
from ingestion.errors import GofalError

Gofal = Callable[..., Result]

TABLES = """
create schema core;
create table core.dim_measure as select *, true as is_last_version from (values
    ('children', 'Children counted', 'Plant a gyfrifwyd', null, null, 'children'),
    ('children_rate', 'Rate of children', 'Cyfradd y plant', null, null, 'per_10000'),
    ('unused', 'Never loaded', 'Heb ei lwytho', null, null, 'children')
) as t(measure_key, title_en, title_cy, definition_en, definition_cy, unit);
create table core.dim_area as select *, true as is_last_version from (values
    ('W92000004', 'Wales', 'Cymru'), ('W06000002', 'Gwynedd', 'Gwynedd'),
    ('W06000014', 'Vale of Glamorgan', 'Bro Morgannwg')
) as t(area_code, area_name_en, area_name_cy);
create table core.dim_period as select * from (values
    ('2018-03-31', '31 March 2018', '31 Mawrth 2018'), ('2019-03-31', '31 March 2019', '31 Mawrth 2019')
) as t(period_key, label_en, label_cy);
create table core.dim_breakdown as select * from (values
    ('all', 'All', 'Pawb'), ('age_group=under_1; gender=female', 'Under 1; Girls', 'O dan 1; Merched')
) as t(breakdown, label_en, label_cy);
create table core.dim_value_status as select * from (values
    ('reported', 'Reported', 'Adroddwyd'), ('suppressed', 'Suppressed', 'Ataliwyd'),
    ('not_available', 'Not available', 'Ddim ar gael')
) as t(value_status, label_en, label_cy);
create table core.dim_revision_status as select * from (values ('revised', 'Revised', 'Diwygiedig'))
    as t(revision_status, label_en, label_cy);
create table core.dim_source as select * from (values ('counts', 'The count', 'Y cyfrif', 'http://counts'),
    ('rates', 'The rates', 'Y cyfraddau', 'http://rates')) as t(source_key, title_en, title_cy, url);
create table core.fct_measure_value as
select
    measure_key, area_code, a.area_name_en, a.area_name_cy, period_key, period_key::date as period_end, breakdown,
    value::double as value, 'children' as unit, if(value is null, 'suppressed', 'reported') as value_status,
    if(note_codes = 'r', 'revised', null) as revision_status, note_codes, correction_id,
    (known_from || ' 08:30')::timestamp as known_from, (known_to || ' 08:30')::timestamp as known_to, source_key,
    true as is_synthetic, 'l' as load_id, 7 as source_row
from (values
    ('children', 'W92000004', '2018-03-31', 'all', 1200, null, null, '2019-10-01', null, 'counts'),
    ('children', 'W92000004', '2019-03-31', 'all', 1300, null, null, '2019-10-01', '2020-10-01', 'counts'),
    ('children', 'W92000004', '2019-03-31', 'all', 1299.5, 'r', 'c1', '2020-10-01', null, 'counts'),
    ('children', 'W06000014', '2019-03-31', 'all', 60, null, null, '2019-10-01', '2020-10-01', 'counts'),
    ('children', 'W06000014', '2018-03-31', 'all', null, 'c', null, '2020-10-01', null, 'counts'),
    ('children', 'W92000004', '2019-03-31', 'age_group=under_1; gender=female', 40, null, null, '2019-10-01', null,
     'counts'),
    ('children_rate', 'W92000004', '2019-03-31', 'gender=male', 90, null, null, '2020-11-01', null, 'rates'),
    ('children_rate', 'W92000004', '2019-03-31', 'gender=female', 80, null, null, '2020-11-01', null, 'rates'),
    ('children_rate', 'W06000014', '2019-03-31', 'gender=male', 70, null, null, '2020-11-01', null, 'rates')
) as t(measure_key, area_code, period_key, breakdown, value, note_codes, correction_id, known_from, known_to,
    source_key)
inner join core.dim_area as a using (area_code);
create table core.measure_revisions as
select 'children' as measure_key, 'counts' as source_key, '2019-03-31' as period_key, date '2019-03-31' as period_end,
    'all' as breakdown, 'children' as unit, 'reported' as old_value_status, null::varchar as old_note_codes,
    null::varchar as revision_status, timestamp '2019-10-01 08:30' as old_known_from,
    timestamp '2020-10-01 08:30' as new_known_from, true as is_synthetic,
    t.* replace (old_value::double as old_value, new_value::double as new_value, change_n::double as change_n,
        change_pct::double as change_pct)
from (values
    ('W92000004', 'Wales', 'Cymru', 'changed', 1300, 1299.5, 'reported', -0.5, -0.04, 'r'),
    ('W06000014', 'Vale of Glamorgan', 'Bro Morgannwg', 'removed', 60, null, 'not_available', null, null, null)
) as t(area_code, area_name_en, area_name_cy, change_type, old_value, new_value, new_value_status, change_n, change_pct,
    new_note_codes);
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    current = home / "published" / "current"
    current.mkdir(parents=True)
    with duckdb.connect(str(current / "gofal.duckdb")) as database:
        database.execute(TABLES)
    return home


@pytest.fixture
def gofal(home: Path, monkeypatch: pytest.MonkeyPatch) -> Gofal:
    monkeypatch.setenv("GOFAL_HOME", str(home))
    app = typer.Typer()
    app.command("figure")(cli_figures.figure)
    app.command("changes")(cli_figures.changes)
    return lambda *words: CliRunner().invoke(app, list(words))


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def refused(result: Result) -> GofalError:
    assert isinstance(result.exception, GofalError), result.output + repr(result.exception)
    assert result.exception.en != result.exception.cy
    return result.exception


def test_a_figure_is_what_it_was_on_the_day_that_is_asked(gofal: Gofal):
    before = said(gofal("figure", "children", "--period", "2019", "--on", "2020-09-30"))
    assert "1,300 " in before
    assert "known from 2019-10-01 to 2020-10-01" in before
    now = said(gofal("figure", "children", "--period", "2019"))
    assert "1,299.5 " in now
    assert "(Revised; notes: r; corrected: c1)" in now
    assert "SYNTHETIC" in now
    assert "The count  (counts)" in now


def test_a_day_means_its_end(gofal: Gofal):
    assert "1,299.5" in said(gofal("figure", "children", "--period", "2019", "--on", "2020-10-01"))
    assert "1,300" in said(gofal("figure", "children", "--period", "2019", "--on", "2020-10-01T08:00"))


def test_history_shows_every_revision(gofal: Gofal):
    figures = json.loads(said(gofal("figure", "children", "--period", "2018-19", "--history", "--json")))["figures"]
    assert [(f["value"], f["known_from"][:10]) for f in figures] == [(1300.0, "2019-10-01"), (1299.5, "2020-10-01")]
    until = said(gofal("figure", "children", "--period", "2019", "--history", "--on", "2020-01-01"))
    assert "1,300" in until
    assert "1,299.5" not in until


@pytest.mark.parametrize("area", ["Bro Morgannwg", "The Vale of Glamorgan", "W06000014", "vale of glamorgan"])
@pytest.mark.parametrize("period", ["2018", "31/03/2018", "31 Mawrth 2018", "2018-03-31"])
def test_areas_and_periods_may_be_written_in_any_way(gofal: Gofal, area: str, period: str):
    assert "[Suppressed]" in said(gofal("figure", "Children counted", "--area", area, "--period", period))


def test_a_group_is_found_by_its_parts_in_any_order_and_by_its_label(gofal: Gofal):
    for words in (
        "gender=female; age_group=under_1",
        "Age group=under 1; gender=female",
        "o dan 1; merched",
        "Under 1; Girls",
    ):
        assert " 40 " in said(gofal("figure", "children", "--breakdown", words))


def test_the_only_group_that_there_is_needs_no_name(gofal: Gofal):
    assert " 70 " in said(gofal("figure", "children_rate", "--area", "Bro Morgannwg"))


def test_it_says_it_in_welsh(gofal: Gofal):
    text = said(gofal("figure", "plant a gyfrifwyd", "--lang", "cy"))
    assert "Plant a gyfrifwyd" in text
    assert "yn hysbys ers 2020-10-01" in text
    assert "31 Mawrth 2019" in text


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [
        (("childern",), "unknown_measure", "‘children’"),
        (("unused",), "unknown_measure", "core.dim_measure"),
        (("children", "--area", "Gwyneth"), "unknown_area", "‘Gwynedd’"),
        (("children", "--area", "Gwynedd"), "no_area", "Vale of Glamorgan, Wales"),
        (("children", "--area", "W06000099"), "unknown_area", "core.dim_area"),
        (("children", "--period", "2017"), "no_period", "‘2018-03-31’"),
        (("children", "--period", "2019-21"), "unknown_period", "‘2019-03-31’"),
        (("children", "--period", "soon"), "unknown_period", "2019-20, 2019"),
        (("children", "--breakdown", "gender=female; age_group=under1"), "unknown_breakdown", "age_group=under_1; g"),
        (("children_rate",), "no_total", "gender=male"),
        (("children", "--on", "2019-09-30"), "not_known_yet", "2019-10-01 08:30"),
        (("children", "--area", "W06000014", "--period", "2019"), "gone", "2020-10-01"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(gofal: Gofal, words: tuple[str, ...], code: str, names: str):
    error = refused(gofal("figure", *words))
    assert error.code == code
    assert names in error.en


def test_what_is_gone_is_still_in_its_history(gofal: Gofal):
    text = said(gofal("figure", "children", "--area", "Bro Morgannwg", "--period", "2019", "--history"))
    assert "known from 2019-10-01 to 2020-10-01" in text


def test_changes_between_the_last_two_releases(gofal: Gofal):
    text = said(gofal("changes", "counts"))
    assert "2019-10-01 → 2020-10-01: 1 new figure, 1 revised, 1 removed, 0 back again" in text
    assert "1,300 → 1,299.5  (-0.0%)  revised" in text
    assert "60 → [Not available]  removed" in text
    assert "[Ddim ar gael]  tynnwyd" in said(gofal("changes", "counts", "--lang", "cy"))


def test_changes_in_a_window(gofal: Gofal):
    first = json.loads(said(gofal("changes", "counts", "--to", "2020-01-01", "--json")))
    assert (first["from"], first["new_cells"], first["changes"]) == (None, 4, [])
    whole = json.loads(said(gofal("changes", "counts", "--from", "2019-12-31", "--to", "2020-12-31", "--json")))
    assert (whole["from"][:10], whole["to"][:10]) == ("2019-10-01", "2020-10-01")
    assert whole["counts"] == {"changed": 1, "removed": 1, "restored": 0}
    same = json.loads(said(gofal("changes", "counts", "--from", "2020-12-31", "--json")))
    assert (same["from"], same["new_cells"], same["changes"]) == (same["to"], 0, [])
    assert gofal("changes", "counts", "--from", "2020-12-31", "--to", "2020-01-01").exit_code == 2


def test_an_unknown_dataset_is_refused_with_the_nearest(gofal: Gofal):
    assert "‘counts’" in refused(gofal("changes", "count")).en
    assert refused(gofal("changes", "counts", "--to", "2018-01-01")).code == "not_known_yet"


def test_before_anything_is_published_it_says_what_to_do(gofal: Gofal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOFAL_HOME", str(tmp_path))
    assert "gofal run" in refused(gofal("figure", "children")).en


@pytest.mark.parametrize("words", [("--on", "soon"), ("--lang", "fr"), ("--source", "mine")])
def test_an_option_that_makes_no_sense_is_a_mistake_in_usage(gofal: Gofal, words: tuple[str, str]):
    assert gofal("figure", "children", *words).exit_code == 2
