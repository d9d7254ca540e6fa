"""The core half of the warehouse, on rows that dbt really built."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
from core_sample import (
    ADOPTIONS,
    BACK,
    CARDIFF,
    CLA,
    EXPORT,
    FIRST,
    FOURTH,
    GONE,
    LOADS,
    MERTHYR,
    OUTTURN,
    POPULATION,
    SECOND,
    THIRD,
    TORFAEN,
    WALES,
)
from dbt_runner import PROJECT, failures, rebuild, results, run_dbt
from snapshot import Load, make_snapshot

from ingestion.returns.spec import load_returns
from ingestion.statswales.registry import Unit, load_registry, normalise, read_registry

Core = duckdb.DuckDBPyConnection
SNAPSHOT_2019 = "period_key = '2019-03-31'"

pytestmark = pytest.mark.xdist_group("dbt_core")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def history(core: Core, area: str, breakdown: str = "all") -> list[tuple[Any, ...]]:
    return core.execute(
        "select known_from, known_to, value, value_status, note_codes from core.fct_measure_value "
        f"where measure_key = 'children_looked_after' and {SNAPSHOT_2019} and area_code = ? and breakdown = ? "
        "order by known_from",
        [area, breakdown],
    ).fetchall()


def test_a_value_that_goes_a_b_a_has_three_intervals(core: Core) -> None:
    assert history(core, CARDIFF) == [
        (moment(FIRST), moment(SECOND), 980.0, "reported", "p"),
        (moment(SECOND), moment(THIRD), 985.0, "reported", "r"),
        (moment(THIRD), None, 980.0, "reported", None),
    ]


def test_a_value_that_was_suppressed_has_none_until_it_is_given(core: Core) -> None:
    assert history(core, CARDIFF, "age_group=under_1; gender=male") == [
        (moment(FIRST), moment(SECOND), None, "suppressed", "c"),
        (moment(SECOND), None, 5.0, "reported", None),
    ]


def test_a_row_that_disappears_closes_and_one_that_returns_opens_again(core: Core) -> None:
    assert [row[:2] for row in history(core, GONE)] == [(moment(FIRST), moment(THIRD))]
    assert [row[:2] for row in history(core, BACK)] == [(moment(FIRST), moment(SECOND)), (moment(THIRD), None)]


def test_an_unchanged_vintage_adds_nothing(core: Core) -> None:
    assert [row[:2] for row in history(core, WALES)] == [(moment(FIRST), None)]


@pytest.mark.parametrize(("on", "expected"), [
    ("2019-10-30T09:29", None), ("2019-12-01", 980.0), ("2020-10-29T09:30", 985.0), ("2026-01-01", 980.0),
])  # fmt: skip
def test_what_was_known_at_a_moment_is_one_query(core: Core, on: str, expected: float | None) -> None:
    found = core.execute(
        f"select value from core.fct_measure_value where area_code = ? and breakdown = 'all' and {SNAPSHOT_2019} "
        "and known_from <= ? and (known_to is null or known_to > ?) and measure_key = 'children_looked_after'",
        [CARDIFF, moment(on), moment(on)],
    ).fetchall()
    assert found == ([(expected,)] if expected is not None else [])


def test_an_imported_export_replaces_its_own_periods_only_and_a_withdrawn_one_comes_back(core: Core) -> None:
    found = core.execute(
        "select period_key, known_from, known_to, value, load_id from core.fct_measure_value where source_key = ? "
        "order by period_key, known_from",
        [EXPORT],
    ).fetchall()
    ten, eleven, twelve, thirteen = (datetime(2026, 11, 2, hour) for hour in (10, 11, 12, 13))
    assert found == [
        ("2003-03-31", ten, None, 155.0, "of2003"),
        ("2004-03-31", eleven, twelve, 165.0, "of2004"),
        ("2004-03-31", twelve, thirteen, 170.0, "other"),
        ("2004-03-31", thirteen, None, 165.0, "of2004"),
    ]


def test_every_value_leads_back_to_the_landed_row_that_it_came_from(core: Core) -> None:
    total, traced = core.execute(
        f"""
        select count(*), count(raw._source_row)
        from core.fct_measure_value as fact
        left join lake.raw_{CLA} as raw
            on raw._load_id = fact.load_id and raw._source_row = fact.source_row
                and raw._landed_sha256 = fact.landed_sha256 and raw.value is not distinct from
                    case when fact.value is null then null else cast(cast(fact.value as bigint) as varchar) end
        where fact.source_key = '{CLA}'
        """
    ).fetchone()  # fmt: skip
    assert total == traced > 10


def test_a_load_tells_when_it_was_landed_and_when_it_was_known(core: Core) -> None:
    known_from, loaded_at, release_at = core.execute(
        "select known_from, loaded_at, release_at from core.fct_measure_value "
        f"where area_code = ? and breakdown = 'all' and {SNAPSHOT_2019} order by known_from limit 1",
        [CARDIFF],
    ).fetchone()
    assert (known_from, loaded_at, release_at) == (moment(FIRST), datetime(2026, 11, 1, 2), moment(FIRST))


def test_areas_and_periods_are_found_however_they_are_written(core: Core) -> None:
    found = core.execute(
        "select area_code, area_name_cy, period_key, value from core.fct_measure_value "
        "where value in (150, 240, 675) and measure_key = 'children_looked_after' order by value"
    ).fetchall()
    assert found == [
        (MERTHYR, "Merthyr Tudful", "2008-03-31", 150.0),
        ("W06000014", "Bro Morgannwg", "2019-03-31", 240.0),
        ("W06000016", "Rhondda Cynon Taf", "2019-03-31", 675.0),
    ]


def test_a_fact_joins_the_area_as_it_was_on_its_date(core: Core) -> None:
    found = core.execute(
        "select area.official_code, area.valid_to from core.fct_measure_value as fact "
        "inner join core.dim_area as area using (area_version_key) where fact.area_code = ?",
        [MERTHYR],
    ).fetchall()
    assert found == [("W06000017", date(2009, 4, 1))]


def test_dimensions_never_multiply_facts(core: Core) -> None:
    facts, joined = core.execute(
        """
        select
            (select count(*) from core.fct_measure_value),
            (select count(*) from core.fct_measure_value
                inner join core.dim_area using (area_version_key)
                inner join core.dim_area as last_area
                    on last_area.area_code = fct_measure_value.area_code and last_area.is_last_version
                inner join core.dim_measure using (measure_version_key)
                inner join core.dim_measure as last_measure
                    on last_measure.measure_key = fct_measure_value.measure_key and last_measure.is_last_version
                inner join core.dim_period using (period_key)
                inner join core.dim_breakdown using (breakdown)
                inner join core.dim_source using (source_key)
                inner join core.dim_value_status using (value_status))
        """
    ).fetchone()
    assert facts == joined > 20


def test_a_description_that_nobody_mapped_stays_in_staging(core: Core) -> None:
    staged = core.execute(
        f"select value, measure_key, is_gone from staging.stg_statswales__{CLA} where measure_key is null order by all"
    ).fetchall()
    assert staged == [(131.5, None, False), (131.5, None, True)]  # the second vintage has it no more
    assert core.execute("select count(*) from core.fct_measure_value where value = 131.5").fetchone() == (0,)


def test_parts_that_are_not_totals_count_everything_once(core: Core) -> None:
    found = core.execute(
        "select area_code, breakdown, is_total, adds_to from core.fct_measure_value "
        "where measure_key = 'population' and is_latest and area_code = ? order by breakdown",
        [TORFAEN],
    ).fetchall()
    assert found == [
        (TORFAEN, "age=0", False, "all"),
        (TORFAEN, "age=5", False, "all"),
        (TORFAEN, "age=90_and_over", False, "all"),
        (TORFAEN, "age=aged_0_to_15", True, "all"),
        (TORFAEN, "all", True, WALES),
    ]
    whole, parts = core.execute(
        "select sum(value) filter (breakdown = 'all'), sum(value) filter (not is_total) from core.fct_measure_value "
        "where measure_key = 'population' and is_latest"
    ).fetchone()
    assert whole == parts


def test_money_stands_in_pounds_however_it_was_published_and_an_amount_per_head_adds_to_nothing(core: Core) -> None:
    found = core.execute(
        "select measure_key, area_code, value, unit, is_total, adds_to, areas_expected from core.fct_measure_value "
        f"where source_key = '{OUTTURN}' and breakdown = 'service=social_services' order by measure_key, area_code"
    ).fetchall()
    total, per_head = "revenue_outturn", "revenue_outturn_per_head"
    assert found == [
        (total, CARDIFF, 1_234_500.0, "gbp", False, "all", None),
        (total, TORFAEN, 700.0, "gbp", False, "all", None),
        (total, WALES, 1_235_200.0, "gbp", True, "all", 22),
        (per_head, CARDIFF, 812.0, "gbp", False, None, None),
        (per_head, WALES, 790.5, "gbp", True, None, 22),
    ]


def test_a_dataset_of_wales_alone_has_no_total_by_area(core: Core) -> None:
    found = core.execute(
        "select area_code, area_name_cy, breakdown, is_total, adds_to, areas_expected from core.fct_measure_value "
        f"where source_key = '{ADOPTIONS}' order by breakdown"
    ).fetchall()
    one = "age_at_adoption=under_1"
    assert found == [
        (WALES, "Cymru", "age_at_adoption=1_to_4; gender=male", False, "age_at_adoption=1_to_4", None),
        (WALES, "Cymru", one, True, "all", None),
        (WALES, "Cymru", f"{one}; gender=female", False, one, None),
        (WALES, "Cymru", f"{one}; gender=male", False, one, None),
    ]


def test_a_percentage_of_wales_is_no_sum(core: Core) -> None:
    found = core.execute(
        "select area_code, period_key, breakdown, value, is_total, adds_to from core.fct_measure_value "
        "where measure_key = 'free_school_meals_percent' order by area_code"
    ).fetchall()
    breakdown = "category=known_to_be_eligible"
    assert found == [
        (CARDIFF, "2018/19", breakdown, 21.5, False, None), (WALES, "2018/19", breakdown, 18.1, True, None),
    ]  # fmt: skip


def test_units_are_those_of_the_registry(core: Core, manifest: dict[str, Any]) -> None:
    units = {unit for (unit,) in core.execute("select distinct unit from core.dim_measure").fetchall()}
    assert units - {"per_10000"} == {measure.unit for measure in read_registry().measures.values()}
    tests = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    rules = tests["dim_measure_holds_in_every_row"]["test_metadata"]["kwargs"]
    assert set(rules["accepted"]["unit"]) == {*get_args(Unit), "per_10000"}


def test_a_member_that_several_datasets_have_is_labelled_once(core: Core) -> None:
    found = core.execute(
        "select label_en, label_cy from core.dim_breakdown where breakdown = 'age_at_adoption=under_1; gender=male'"
    ).fetchall()
    assert found == [("Under 1 year; Boys", "Dan 1 oed; Bechgyn")]


def test_revisions_say_exactly_which_cells_moved(core: Core) -> None:
    found = core.execute(
        "select area_code, breakdown, change_type, old_value, new_value, change_n, round(change_pct, 3), "
        "old_value_status, new_value_status, new_known_from from core.measure_revisions "
        "where source_key = ? order by new_known_from, area_code, breakdown, change_type",
        [CLA],
    ).fetchall()
    boys = "age_group=under_1; gender=male"
    missing = ("reported", "not_available")
    assert [row for row in found if row[1] == boys] == [
        (CARDIFF, boys, "changed", None, 5.0, None, None, "suppressed", "reported", moment(SECOND)),
    ]
    assert [row for row in found if row[0] == CARDIFF and row[1] == "all"] == [
        (CARDIFF, "all", "changed", 980.0, 985.0, 5.0, 0.51, "reported", "reported", moment(SECOND)),
        (CARDIFF, "all", "changed", 985.0, 980.0, -5.0, -0.508, "reported", "reported", moment(THIRD)),
    ]
    assert (BACK, "all", "removed", 210.0, None, None, None, *missing, moment(SECOND)) in found
    assert (BACK, "all", "restored", None, 210.0, None, None, *missing[::-1], moment(THIRD)) in found
    assert (GONE, "all", "removed", 480.0, None, None, None, *missing, moment(THIRD)) in found
    assert not [row for row in found if row[0] in (WALES, TORFAEN) or row[-1] == moment(FOURTH)]
    changed = core.execute("select count(*) from core.measure_revisions where source_key = ?", [POPULATION]).fetchone()
    assert changed == (6,)  # three cells of each of two areas


def test_labels_stand_in_both_languages(core: Core) -> None:
    def labels(table: str, key: str, value: str) -> tuple[Any, ...] | None:
        return core.execute(f"select label_en, label_cy from core.{table} where {key} = ?", [value]).fetchone()

    assert labels("dim_breakdown", "breakdown", "age_group=under_1; gender=male") == (
        "Under 1 year; Boys",
        "Dan 1 oed; Bechgyn",
    )
    assert labels("dim_breakdown", "breakdown", "age=5") == ("Aged 5", "5 oed")
    assert labels("dim_period", "period_key", "2019-03-31") == ("31 March 2019", "31 Mawrth 2019")
    assert labels("dim_period", "period_key", "2018-06-30") == ("mid-2018", "canol 2018")
    assert labels("dim_period", "period_key", "2019-20 Q2") == ("2019-20 Q2", "2019-20 Ch2")
    assert labels("dim_value_status", "value_status", "suppressed") == ("Suppressed", "Wedi’i atal")


@pytest.mark.parametrize(("key", "start", "end"), [
    ("2019-20 Q1", date(2019, 4, 1), date(2019, 6, 30)), ("2019-20 Q2", date(2019, 7, 1), date(2019, 9, 30)),
    ("2019-20 Q3", date(2019, 10, 1), date(2019, 12, 31)), ("2019-20 Q4", date(2020, 1, 1), date(2020, 3, 31)),
    ("2018-19", date(2018, 4, 1), date(2019, 3, 31)), ("2018/19", date(2018, 9, 1), date(2019, 8, 31)),
    ("1999-00", date(1999, 4, 1), date(2000, 3, 31)), ("2019", date(2019, 1, 1), date(2019, 12, 31)),
    ("2019-03-31", date(2019, 3, 31), date(2019, 3, 31)), ("2018-06-30", date(2018, 6, 30), date(2018, 6, 30)),
])  # fmt: skip
def test_periods_begin_and_end_where_they_should(core: Core, key: str, start: date, end: date) -> None:
    found = core.execute("select period_start, period_end from core.dim_period where period_key = ?", [key]).fetchall()
    assert found == [(start, end)]


def test_the_twenty_two_authorities_and_wales_stand_once_each(core: Core) -> None:
    counted = dict(core.execute("select area_type, count(*) from core.dim_area_current group by all").fetchall())
    assert counted["local_authority"] == 22
    assert counted["health_board"] == counted["regional_partnership_board"] == 7
    names = core.execute("select area_name_cy from core.dim_area_current where area_code = 'W06000013'").fetchone()
    assert names == ("Pen-y-bont ar Ogwr",)


def test_what_is_no_more_is_not_current_and_loses_no_fact(core: Core) -> None:
    found = core.execute(
        "select area_code, is_current, is_last_version, area_code in (select area_code from core.dim_area_current) "
        "from core.dim_area where area_code in ('rpb_western_bay', 'rpb_west_glamorgan', 'education_erw') or "
        "area_code = 'W06000024' order by area_code, valid_from"
    ).fetchall()
    assert found == [
        ("W06000024", False, False, True),  # Merthyr Tydfil by the code before
        ("W06000024", True, True, True),
        ("education_erw", False, True, False),
        ("rpb_west_glamorgan", True, True, True),
        ("rpb_western_bay", False, True, False),
    ]
    for kind, key in (("area", "area_code"), ("measure", "measure_key")):
        ended, twice = core.execute(
            f"select count(*) filter (is_current and valid_to is not null), "
            f"count(*) filter (is_last_version) - count(distinct {key}) from core.dim_{kind}"
        ).fetchone()
        assert (ended, twice) == (0, 0)


@pytest.mark.parametrize(("group_type", "since", "groups"), [
    ("regional_partnership_board", date(2016, 4, 6), 7), ("health_board", date(2009, 10, 1), 7),
    ("social_services_collaborative", date(2016, 4, 6), 6), ("adoption_collaborative", date(2015, 6, 1), 5),
    ("country", date(1996, 4, 1), 1),
])  # fmt: skip
def test_every_authority_is_in_one_group_of_each_kind_on_every_day(
    core: Core, group_type: str, since: date, groups: int
) -> None:
    day = since
    while day < date(2026, 1, 1):
        found = core.execute(
            "select member_area_code, group_area_code from core.area_membership "
            "where group_type = ? and valid_from <= ? and (valid_to is null or valid_to > ?)",
            [group_type, day, day],
        ).fetchall()
        assert len(found) == len({member for member, _ in found}) == 22, day
        assert len({group for _, group in found}) == groups, day
        day = min(d for d in (date(2019, 3, 31), date(2019, 4, 1), date(2026, 1, 1)) if d > day)


@pytest.mark.parametrize(("on", "group"), [("2019-03-31", "rpb_western_bay"), ("2019-04-01", "rpb_cwm_taf_morgannwg")])
def test_bridgend_moves_region_on_1_april_2019(core: Core, on: str, group: str) -> None:
    found = core.execute(
        "select group_area_code from core.area_membership where member_area_code = 'W06000013' "
        "and group_type = 'regional_partnership_board' and valid_from <= ? and (valid_to is null or valid_to > ?)",
        [on, on],
    ).fetchall()
    assert found == [(group,)]


@pytest.mark.parametrize(("on", "members"), [
    ("2020-03-31", 6), ("2020-04-01", 5), ("2021-04-01", 4), ("2021-09-01", 0),
])  # fmt: skip
def test_erw_loses_members_and_ends(core: Core, on: str, members: int) -> None:
    found = core.execute(
        "select count(*) from core.area_membership where group_area_code = 'education_erw' and valid_from <= ? "
        "and (valid_to is null or valid_to > ?)",
        [on, on],
    ).fetchone()
    assert found == (members,)


def test_every_source_is_described_and_synthetic_ones_say_so(core: Core) -> None:
    found = dict(core.execute("select source_key, (kind, is_synthetic) from core.dim_source").fetchall())
    assert tuple(found[CLA].values() if isinstance(found[CLA], dict) else found[CLA]) == ("statswales", True)
    kinds = dict(core.execute("select kind, count(*) from core.dim_source group by kind").fetchall())
    documents = list(csv.DictReader((PROJECT / "seeds" / "documents.csv").open(encoding="utf-8")))
    assert kinds == {
        "statswales": len({load.source_key for load in LOADS}), "document": len(documents), "reference": 1,
        "return": len(load_returns()),
    }  # fmt: skip


# -- reference data, as it is in the repository ------------------------------------------------------------------


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_aliases_are_folded_as_the_registry_folds() -> None:
    assert [row["alias"] for row in seed("area_aliases") if normalise(row["alias"]) != row["alias"]] == []


def test_every_area_answers_to_its_names_and_codes() -> None:
    known = {row["alias"]: row["area_code"] for row in seed("area_aliases")}
    for row in seed("areas"):
        spellings = [row["area_code"], row["official_code"]]
        # one word is a name of several kinds of body (Gwent, Powys): there the authority or the country has it
        spellings += [row["area_name_en"], row["area_name_cy"]]
        for spelling in filter(None, spellings):
            assert known.get(normalise(spelling)) == row["area_code"], spelling
    legacy = [
        512,
        514,
        516,
        518,
        520,
        522,
        524,
        526,
        528,
        530,
        532,
        534,
        536,
        538,
        540,
        542,
        544,
        545,
        546,
        548,
        550,
        552,
        596,
    ]
    assert len({known[str(code)] for code in legacy}) == 23
    for spelling in ("Total Welsh local authorities", "All Welsh local authorities", "Wales", "Cymru"):
        assert known[normalise(spelling)] == WALES


def test_registered_totals_and_areas_of_the_registry_are_known_spellings() -> None:
    known = {row["alias"] for row in seed("area_aliases")}
    for entry in load_registry().values():
        for member in entry.columns["area"].values.values():
            assert member.matches() <= known


def test_every_label_kept_by_hand_stands_in_both_languages() -> None:
    proper = {"Gwynedd", "Conwy", "Powys", "Ceredigion", "Rhondda Cynon Taf", "Blaenau Gwent", "Torfaen"}
    for name in ("areas", "measures", "value_statuses", "revision_statuses", "note_codes", "breakdown_labels"):
        for row in seed(name):
            for column in [c for c in row if c.endswith("_en")]:
                english, welsh = row[column], row[f"{column[:-3]}_cy"]
                assert english, (name, row)
                assert welsh, (name, row)
                assert english != welsh or english in proper, (name, english)


def test_welsh_locatives_mutate() -> None:
    softened = {"C": "yng Ngh", "P": "ym Mh", "T": "yn Nh", "G": "yng Ng", "B": "ym M", "D": "yn N"}
    irregular = {"Gwynedd": "yng Ngwynedd", "Merthyr Tudful": "ym Merthyr Tudful"}
    for row in seed("areas"):
        name, locative = row["area_name_cy"], row["name_locative_cy"]
        if row["area_type"] not in ("local_authority", "country") or name.startswith("Y"):
            continue
        if name in irregular:
            assert locative == irregular[name]
        elif name[0] in softened:
            kept = name[2:] if name[:2] == "Rh" else name[1:]
            assert locative == softened[name[0]] + kept, name
        else:
            assert locative == f"yn {name}", name


# -- the project -------------------------------------------------------------------------------------------------


def models(manifest: dict[str, Any], folder: str) -> list[dict[str, Any]]:
    found = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["path"].startswith(folder)]
    assert found
    return found


def test_every_mart_has_an_enforced_contract_a_grain_and_typed_columns(manifest: dict[str, Any]) -> None:
    types = {"string", "date", "timestamp", "bigint", "double", "boolean"}
    for model in models(manifest, "marts/"):
        assert model["config"]["contract"]["enforced"], model["name"]
        assert model["config"]["materialized"] == "table", model["name"]
        assert model["description"].startswith("Grain: "), model["name"]
        money = {c["name"] for c in model["columns"].values() if c["data_type"] == "decimal(18, 2)"}
        assert all(name.endswith("_gbp") for name in money), (model["name"], money)
        odd = {c["name"]: c["data_type"] for c in model["columns"].values() if c["data_type"] not in types}
        assert odd.keys() == money, (model["name"], odd)


def test_every_column_of_every_relation_is_described(manifest: dict[str, Any]) -> None:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")]
    for node in [*nodes, *manifest["sources"].values()]:
        assert node["description"].strip().endswith("."), node["unique_id"]
        # what a dataset's rows have follows from its registry entry (`register_lake`)
        assert node["columns"] or node["name"].startswith("raw_"), node["unique_id"]
        for column in node["columns"].values():
            assert len(column["description"].strip()) > 5, (node["unique_id"], column["name"])
            assert column["name"] == column["name"].lower()


def test_staging_and_intermediate_document_the_columns_that_they_have(core: Core, manifest: dict[str, Any]) -> None:
    built = {}
    for schema, table, column in core.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
    ).fetchall():
        built.setdefault((schema, table), set()).add(column)
    seen = 0
    for node in manifest["nodes"].values():
        if node["resource_type"] not in ("model", "seed") or (node["schema"], node["name"]) not in built:
            continue
        seen += 1
        assert set(node["columns"]) - built[node["schema"], node["name"]] == set(), node["name"]
        if not node["path"].startswith("intermediate/"):
            assert built[node["schema"], node["name"]] == set(node["columns"]), node["name"]
    assert seen > 25


def test_names_say_the_layer(manifest: dict[str, Any]) -> None:
    for model in models(manifest, ""):
        layer = model["path"].split("/")[0]
        prefix = {"staging": "stg_", "intermediate": "int_", "marts": ""}[layer]
        assert model["name"].startswith(prefix), model["name"]
        schema = model["path"].split("/")[1] if layer == "marts" else layer
        assert model["schema"] == schema, model["name"]
        assert not (layer == "marts" and model["name"].startswith(("stg_", "int_")))


def test_marts_read_no_source_and_no_staging_rows_directly(manifest: dict[str, Any]) -> None:
    # lists of sources, not rows of them
    allowed = {"model.gofal.stg_lake__vintages", "model.gofal.stg_returns__specs", "model.gofal.stg_returns__choices"}
    for model in models(manifest, "marts/core/"):
        odd = [d for d in model["depends_on"]["nodes"] if ".stg_" in d and d not in allowed]
        odd += [d for d in model["depends_on"]["nodes"] if d.startswith("source.")]
        assert not odd, (model["name"], odd)


def test_the_grain_of_each_mart_is_tested_and_is_the_one_that_it_states(manifest: dict[str, Any]) -> None:
    tested: dict[str, list[list[str]]] = {}
    for node in manifest["nodes"].values():
        given = (node.get("test_metadata") or {}).get("kwargs") or {}
        if node.get("attached_node") and not node["config"].get("where"):
            keys = [*given.get("unique", []), given.get("columns")]
            keys += [[node["column_name"]]] if node["test_metadata"]["name"] == "unique" else []
            keys += [[*given["key"], given["from_column"]]] if "from_column" in given else []
            tested.setdefault(node["attached_node"], []).extend(filter(None, keys))
    for mart in models(manifest, "marts/"):
        assert tested.get(mart["unique_id"]), mart["name"]
        stated = mart["config"]["meta"].get("grain")
        assert stated is None or stated in tested[mart["unique_id"]], mart["name"]


# -- builds that go otherwise ------------------------------------------------------------------------------------


def test_without_a_snapshot_the_error_says_what_to_run(tmp_path: Path) -> None:
    done = run_dbt(tmp_path, tmp_path / "nowhere", "build", "--select", "areas")
    assert done.returncode != 0
    assert "make run" in done.stdout
    assert str(tmp_path / "nowhere") in done.stdout


def test_sources_without_files_are_typed_and_empty(tmp_path: Path) -> None:
    make_snapshot(tmp_path / "snapshot", [])
    done = run_dbt(
        tmp_path, tmp_path / "snapshot", "build", "--select", "+fct_measure_value", "measure_revisions",
        "--exclude-resource-type", "unit_test",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "gofal.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from core.fct_measure_value").fetchone() == (0,)
        types = dict(warehouse.execute(f"select column_name, column_type from (describe lake.raw_{CLA})").fetchall())
    assert types["value"] == "VARCHAR"
    assert types["_source_row"] == "BIGINT"


def test_what_nobody_can_read_fails_the_build_and_builds_nothing_on_it(core_folder: Path, tmp_path: Path) -> None:
    row = {"area": CARDIFF, "period": 2019, "value": 1}
    make_snapshot(tmp_path / "snapshot", [
        Load(CLA, FIRST, [
            {**row, "area": ("Atlantis", "W06999999")},
            {**row, "period": ("once upon a time", "?", "1")},
            {**row, "age_group": ("Teenagers", "?")},
            {**row, "period": 2020, "value": "09:30"},
        ]),
    ])  # fmt: skip
    done = rebuild(tmp_path, core_folder, tmp_path / "snapshot", "fct_measure_value")
    assert done.returncode != 0
    assert failures(tmp_path) == {"every_cell_is_understood": 4}
    skipped = [key for key, r in results(tmp_path).items() if r["status"] == "skipped"]
    assert "model.gofal.fct_measure_value" in skipped


def test_the_same_cell_twice_in_one_vintage_fails_the_build(core_folder: Path, tmp_path: Path) -> None:
    row = {"area": CARDIFF, "period": 2019, "value": 1}
    same = {"area": TORFAEN, "period": 2019, "value": 2}
    make_snapshot(
        tmp_path / "snapshot",
        [
            Load(
                CLA,
                FIRST,
                [row, {**row, "area": ("Cardiff", "552"), "value": 3}, same, {**same, "area": ("Torfaen", "546")}],
            )
        ],
    )
    done = rebuild(tmp_path, core_folder, tmp_path / "snapshot", "int_observation_intervals")
    assert done.returncode != 0
    assert failures(tmp_path) == {"each_cell_stands_once_in_a_vintage": 2}


def test_two_builds_of_one_snapshot_give_the_same_rows(core: Core, core_folder: Path, tmp_path: Path) -> None:
    done = run_dbt(
        tmp_path, core_folder / "snapshot", "build", "--select", "+path:models/marts/core",
        "--exclude-resource-type", "unit_test", "test",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "gofal.duckdb"), read_only=True) as again:
        tables = core.execute("select table_name from information_schema.tables where table_schema = 'core'").fetchall()
        assert len(tables) > 10
        for (table,) in tables:
            query = f"select * from core.{table} order by all"
            assert again.execute(query).fetchall() == core.execute(query).fetchall(), table


def test_the_day_after_is_still_known(core: Core) -> None:
    """Nothing depends on today: known_to of what is current is NULL, not a date far away."""
    newest = core.execute("select max(known_to) from core.fct_measure_value").fetchone()
    assert newest is not None
    assert newest[0] <= datetime(2026, 11, 2, 13)
