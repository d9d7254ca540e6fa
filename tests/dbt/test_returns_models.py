"""Returns in the warehouse: what dbt really builds of the rows in returns_sample.py, and of nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from dbt_runner import failures, run_dbt
from filelock import FileLock
from returns_attack import attack
from returns_sample import (
    BRIDGEND,
    CARDIFF,
    FILES,
    GWENT,
    MERTHYR,
    NEWPORT,
    NOW,
    POWYS,
    RHONDDA,
    SWANSEA,
    TORFAEN,
    WALES,
)
from returns_snapshot import SCHEMAS, write_returns
from snapshot import make_snapshot

Marts = duckdb.DuckDBPyConnection
# they come from the statistics, which this build leaves out: tables of a few rows, or of none, stand for them
COUNTED = "performance_measures.children_looked_after_as_known"
STAND_INS = {
    COUNTED: """area_code varchar, snapshot_date date, source_key varchar, children bigint, children_status varchar,
        is_headline boolean, known_from timestamp, known_to timestamp, is_synthetic boolean""",
    "intermediate.int_current_values": """measure_key varchar, area_code varchar, area_version_key varchar,
        area_name_en varchar, area_name_cy varchar, area_type varchar, period_key varchar, period_start date,
        period_end date, breakdown varchar, value double, value_status varchar, rounding_base double, qualifier varchar,
        source_kind varchar, source_key varchar, figure_id varchar, figure_kind varchar, known_from timestamp,
        loaded_at timestamp, coverage_en varchar, coverage_cy varchar, audience varchar, release_at timestamp,
        is_synthetic boolean, place bigint""",
    "intermediate.int_outcome_values": """mart varchar, measure_key varchar, fills varchar, measure_title_en varchar,
        measure_title_cy varchar, unit varchar, area_code varchar, area_version_key varchar, area_name_en varchar,
        area_name_cy varchar, area_type varchar, period_key varchar, period_start date, period_end date,
        breakdown varchar, value double, value_status varchar, qualifier varchar, population_definition_en varchar,
        population_definition_cy varchar, coverage_en varchar, coverage_cy varchar, revision_status varchar,
        note_en varchar, note_cy varchar, series_id varchar, source_key varchar, figure_id varchar,
        figure_kind varchar, known_from timestamp, loaded_at timestamp, audience varchar, release_at timestamp,
        is_synthetic boolean""",
    "intermediate.int_safety_companions": """area_code varchar, financial_year varchar, re_registrations double,
        re_registrations_status varchar, re_registrations_unit varchar, re_registrations_series_id varchar,
        returns_to_care bigint, returns_to_care_status varchar, placed_with_parents bigint,
        placed_with_parents_status varchar, known_from timestamp, is_synthetic boolean""",
}
STATISTICS = "path:models/marts/performance_measures"
# whatever reads returns, and not what only lies beside it
SELECTED = [
    "path:models/staging/returns",
    "path:models/intermediate/returns",
    "path:models/marts/core/returns",
    "path:models/marts/accountability/returns",
    "tag:returns,path:models/staging/returns+",
    "tag:returns,path:models/intermediate/returns+",
    "resource_type:seed",
    "int_area_versions",
    "int_document_figures",
    "int_published_figure_notes",
    "dim_funding_stream",
    "dim_area",
    "dim_area_current",
    "area_membership",
]

pytestmark = pytest.mark.xdist_group("dbt_returns")


def stand_in(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        for table, columns in STAND_INS.items():
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} ({columns})")
        connection.execute(
            f"insert into {COUNTED} values "
            "('W92000004', '2019-03-31', 'document', 6846, 'reported', true, '2019-10-30', null, false), "
            "('W92000004', '2019-03-31', 'sample', 6800, 'reported', false, '2019-10-30', null, true), "
            "('W92000004', '2020-03-31', 'sample', 7170, 'reported', true, '2020-10-30', null, true), "
            "('W06000015', '2019-03-31', 'sample', 900, 'reported', true, '2019-10-30', null, true)"
        )


@pytest.fixture(scope="session")
def folder(shared_folder: Path) -> Path:
    """The folder of a finished build of the returns."""
    built = shared_folder / "returns"
    with FileLock(shared_folder / "returns.lock"):
        if not (built / "done").exists():
            make_snapshot(built / "snapshot", [], history=[
                {"load_id": "bad-load", "source_key": "sspm_children", "kind": "statswales", "outcome": "quarantined",
                 "landed_at": "2020-01-01T10:00", "message_en": "Rows are missing.",
                 "message_cy": "Mae rhesi ar goll."},
            ])  # fmt: skip
            write_returns(built / "snapshot", NOW, **FILES)
            stand_in(built / "gofal.duckdb")
            # cautious: a test that also reads what is not built here is none of this build's
            done = run_dbt(
                built, built / "snapshot", "build", "--indirect-selection", "cautious", "--select", *SELECTED,
                "--exclude", STATISTICS,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            (built / "done").touch()
    return built


@pytest.fixture(scope="session")
def marts(folder: Path) -> Iterator[Marts]:
    connection = duckdb.connect(str(folder / "gofal.duckdb"), read_only=True)
    yield connection
    connection.close()


def rows(marts: Marts, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return marts.execute(query, list(values)).fetchall()


# -- money --------------------------------------------------------------------------------------------------------


def test_spend_in_a_quarter_is_what_the_latest_accepted_returns_differ_by(marts: Marts) -> None:
    found = rows(
        marts,
        "select period_key, submission_version, spend_to_date_gbp, spend_in_quarter_gbp, spend_in_quarter_gbp_status, "
        "variance_gbp from funding_streams.grant_spend where area_code = ? order by period_key",
        GWENT,
    )
    assert found == [
        ("2019-20 Q1", 1, Decimal("100.10"), Decimal("100.10"), "derived", Decimal("0.10")),
        ("2019-20 Q2", 2, Decimal("250.30"), Decimal("150.20"), "derived", Decimal("-49.70")),
        # the third quarter never came: what the fourth spent alone nobody knows
        ("2019-20 Q4", 1, Decimal("400.00"), None, "not_available", Decimal("300.00")),
    ]


def test_a_budget_that_the_return_leaves_out_is_that_of_the_offer_letter_in_force(marts: Marts) -> None:
    found = rows(
        marts,
        "select period_key, original_budget_gbp, budget_gbp, budget_gbp_status from funding_streams.grant_spend "
        "where area_code = ? order by period_key",
        GWENT,
    )
    assert [(p, o, b, s) for p, o, b, s in found if p != "2019-20 Q2"] == [
        ("2019-20 Q1", 1000, 1000, "derived"),
        ("2019-20 Q4", 1000, 1200, "derived"),
    ]


def test_the_st_davids_day_fund_counts_once(marts: Marts) -> None:
    found = rows(
        marts,
        "select return_key, counts_towards_total from funding_streams.grant_spend "
        "where stream_key = 'st_davids_day_fund' and area_code = ? and financial_year = '2018-19' order by 1",
        SWANSEA,
    )
    assert found == [("ccg_spend", True), ("st_davids_day", False)]


def test_the_limit_binds_what_left_a_programme_in_all_and_only_in_2018_19(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code, financial_year, from_stream_key, to_stream_key, moved_pct, total_moved_out_pct, limit_pct, "
        "within_limit from funding_streams.virement where return_key is not null order by all",
    )
    assert found == [
        (SWANSEA, "2018-19", "flying_start", "families_first", 10.0, 18.0, 15.0, False),
        (SWANSEA, "2018-19", "flying_start", "ppeyp", 8.0, 18.0, 15.0, False),
        # not one of the five grants of an authority that is no pathfinder
        (SWANSEA, "2018-19", "ppeyp", "flying_start", 1.0, 1.0, None, None),
        (SWANSEA, "2019-20", "flying_start", "families_first", 10.0, 10.0, None, None),
        (RHONDDA, "2018-19", "flying_start", "families_first", 10.0, 18.0, 100.0, True),
        (RHONDDA, "2018-19", "flying_start", "ppeyp", 8.0, 18.0, 100.0, True),
        (RHONDDA, "2018-19", "ppeyp", "flying_start", 1.0, 1.0, 100.0, True),
    ]


def test_the_limits_of_an_authority_without_a_return_stand_without_an_amount(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code in (?, ?), limit_pct, amount_gbp, amount_gbp_status, within_limit, source_key, is_synthetic, "
        "count(distinct area_code), count(*) from funding_streams.virement where return_key is null group by all "
        "order by limit_pct",
        SWANSEA,
        RHONDDA,
    )
    document = "flexible_funding_evaluation_2019"
    # fifteen authorities have five grants and seven have ten, but for the two that sent a return
    assert found == [
        (False, 15.0, None, "not_collected", None, document, False, 14, 70),
        (False, 100.0, None, "not_collected", None, document, False, 6, 60),
    ]


def test_the_last_quarter_of_a_year_stands_for_the_homes_and_beds_of_the_year(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code, projects, beds_planned, beds_outstanding, beds_outstanding_status, children_supported, "
        "cost_per_bed_gbp, is_total from funding_streams.regional_accommodation "
        "where return_key is not null order by area_code",
    )
    # thirteen children, of which two are too few to be told: the sum is told, and the scheme beside it is not
    assert found == [
        (WALES, 2, 10, 4, "derived", 15, Decimal("120.00"), True),
        (GWENT, 2, 10, 4, "derived", 15, Decimal("120.00"), False),
    ]


def test_a_project_tells_in_the_language_in_which_it_was_written(marts: Marts) -> None:
    found = rows(
        marts,
        "select project_key, outcome_value, narrative_original, original_language, narrative_cy, translation_status, "
        "submission_version from funding_streams.grant_projects order by project_key",
    )
    assert found == [
        ("P1", 30.0, "It went well.", "en", "Aeth yn dda.", "translated", 2),
        ("P2", 15.0, "It went well.", "en", None, "not_translated", 2),
    ]


# -- outcomes -----------------------------------------------------------------------------------------------------


def test_plans_sum_for_wales_over_the_authorities_that_gave_a_number(marts: Marts) -> None:
    found = rows(
        marts,
        "select financial_year, planned_reduction, planned_reduction_status, cumulative_planned_reduction, "
        "areas_with_number, areas_expected, baseline_stock, expected_stock, actual_stock, actual_stock_status "
        "from outcomes.reduction_expectations where area_code = ? order by financial_year",
        WALES,
    )
    # 23 + 41 + 52 to the unit, for no part is worked out from it; the fourth was unable to commit; a synthetic plan
    # is set against a synthetic count
    assert found == [
        ("2019-20", 116, "partial", 116, 3, 4, 6800, 6684, 7170, "reported"),
        ("2020-21", 56, "partial", 172, 3, 4, 6800, 6628, None, "not_available"),
        ("2021-22", 30, "partial", 202, 3, 4, 6800, 6598, None, "not_available"),
    ]


def test_no_authority_can_be_held_to_its_plan(marts: Marts) -> None:
    found = rows(
        marts,
        "select distinct baseline_stock, expected_stock, expected_stock_status, actual_stock, actual_stock_status, "
        "is_advisory, comparable_across_areas from outcomes.reduction_expectations where area_code <> ?",
        WALES,
    )
    assert found == [(None, None, "not_applicable", None, "not_applicable", True, False)]
    # nor does progress against it stand anywhere outside `restricted`
    assert rows(marts, "select count(*) from core.fct_return_value where return_key = 'progress'") == [(0,)]
    assert rows(marts, "select count(*) from restricted.return_values where return_key = 'progress'") == [(2,)]
    tables = rows(
        marts, "select distinct column_name from information_schema.columns where table_name = 'reduction_expectations'"
    )
    assert not [name for (name,) in tables if {"rank", "rag", "quartile"} & set(name.split("_"))]


def test_a_small_plan_is_withheld_with_another_that_keeps_it_from_being_worked_out(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code, planned_reduction, planned_reduction_status from outcomes.reduction_expectations "
        "where financial_year = '2020-21' order by area_code",
    )
    assert found == [
        ("W06000015", 30, "reported"),
        (TORFAEN, None, "suppressed"),  # 3
        (NEWPORT, None, "suppressed"),  # 22, the smallest of the others
        (POWYS, None, "not_offered"),
        (WALES, 56, "partial"),
    ]


def test_a_plan_for_none_is_no_small_plan(marts: Marts) -> None:
    query = (
        "select planned_reduction, planned_reduction_status from outcomes.reduction_expectations "
        "where financial_year = '2021-22' and area_code = ?"
    )
    assert rows(marts, query, NEWPORT) == [(0, "reported")]


def test_what_is_written_beside_a_number_does_not_say_it_exactly(marts: Marts) -> None:
    found = rows(
        marts,
        "select financial_year, planned_reduction, coalesce(assumption_en, assumption_cy) "
        "from outcomes.reduction_expectations where area_code in (?, ?) order by area_code, financial_year",
        TORFAEN,
        NEWPORT,
    )
    assert found == [
        ("2019-20", 40, "as in 2019-20: (…) fewer"),
        ("2020-21", None, "as in 2020-21: (…) fewer"),
        ("2021-22", 20, "as in 2021-22: (…) fewer"),
        ("2019-20", 50, "as in 2019-20: (…) fewer"),
        ("2020-21", None, "as in 2020-21: (…) fewer"),
        ("2021-22", 0, "as in 2021-22: (0) fewer"),
    ]


def test_regions_are_those_of_the_day(marts: Marts) -> None:
    found = rows(
        marts,
        "select as_at_date, adds_to from outcomes.workforce where area_code = ? order by as_at_date",
        BRIDGEND,
    )
    assert found == [(date(2019, 3, 31), "rpb_western_bay"), (date(2020, 3, 31), "rpb_cwm_taf_morgannwg")]
    totals = rows(
        marts,
        "select area_code, value, areas_reporting from outcomes.workforce "
        "where as_at_date = '2019-03-31' and is_total order by area_code",
    )
    # 20 + 34 + 43 with Bridgend; 55 + 18 without it
    assert totals == [(WALES, 170.0, 5), ("rpb_cwm_taf", 75.0, 2), ("rpb_western_bay", 95.0, 3)]


def test_a_small_number_that_comes_late_withholds_the_totals_that_would_tell_it(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code, value, value_status from outcomes.workforce where as_at_date = '2020-03-31' "
        "and (is_total or area_code = ?) order by area_code",
        MERTHYR,
    )
    # what was published before the late return came is known: only the totals that are new can keep it
    assert found == [
        (MERTHYR, None, "suppressed"),
        (WALES, None, "suppressed"),
        ("rpb_cwm_taf_morgannwg", None, "suppressed"),
        ("rpb_west_glamorgan", 75.0, "derived"),
    ]


def test_the_rate_of_offers_is_of_the_numbers_as_published(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code, eligible, active_offers_made, active_offers_accepted, offer_rate_pct, areas_reporting, "
        "areas_expected, adds_to from outcomes.advocacy where area_code in (?, 'advocacy_gwent', ?) order by 1",
        TORFAEN,
        WALES,
    )
    assert found == [
        (TORFAEN, 60, 50, 15, pytest.approx(250 / 3), None, None, "advocacy_gwent"),
        # two regions of three: a part gives no rate
        (WALES, 175, 100, 60, None, 2, 3, None),
        ("advocacy_gwent", 120, 100, 60, pytest.approx(250 / 3), None, None, WALES),
    ]


def test_a_share_of_answers_gives_back_no_small_number(marts: Marts) -> None:
    found = rows(
        marts,
        "select survey_key, age_band, question_cy, responses, response_pct, response_pct_status "
        "from outcomes.children_voice where return_key is not null order by age_band",
    )
    # 95% of 40 are all but two; 75% of 52 are 39, and 40 of 50 as published
    assert found == [
        ("childrens_survey@2019-20", "4_to_7", "Ydych chi’n teimlo’n ddiogel?", 40, None, "suppressed"),
        ("childrens_survey@2019-20", "8_to_10", "Ydych chi’n teimlo’n ddiogel?", 50, 80.0, "derived"),
    ]


# -- protection and release ---------------------------------------------------------------------------------------


def facts(marts: Marts, area: str) -> list[tuple[Any, ...]]:
    return rows(
        marts,
        "select submission_version, role, value, value_status from core.fct_return_value where return_key = 'early' "
        "and area_code = ? and role in ('whole', 'boys', 'girls') order by 1, 2",
        area,
    )


def test_a_part_is_withheld_with_its_fellow_and_stays_so_in_later_vintages(marts: Marts) -> None:
    assert facts(marts, TORFAEN) == [
        (1, "boys", None, "suppressed"),  # 4
        (1, "girls", None, "suppressed"),  # 18: the whole less this is the other
        (1, "whole", 20.0, "reported"),
        (2, "boys", None, "suppressed"),  # 9 by now
        (2, "girls", None, "suppressed"),
        (2, "whole", 30.0, "reported"),
    ]


def test_nought_stays_nought(marts: Marts) -> None:
    assert facts(marts, NEWPORT) == [(2, role, 0.0, "reported") for role in ("boys", "girls", "whole")]


def test_originals_stand_in_restricted_only(marts: Marts) -> None:
    found = rows(
        marts,
        "select value, value_status from restricted.return_values where return_key = 'early' and area_code = ? "
        "and submission_version = 1 and role = 'boys'",
        TORFAEN,
    )
    assert found == [(4.0, "reported")]
    columns = rows(
        marts,
        "select table_schema, table_name from information_schema.columns where column_name = 'audience' "
        "and table_schema in ('core', 'funding_streams', 'outcomes', 'accountability')",
    )
    for schema, table in columns:
        assert rows(marts, f"select count(*) from {schema}.{table} where audience = 'restricted'") == [(0,)], table


def test_a_restricted_return_is_in_no_public_mart(marts: Marts) -> None:
    assert rows(marts, "select count(*) from core.fct_return_value where return_key = 'secret'") == [(0,)]
    assert rows(marts, "select count(*) from restricted.return_values where return_key = 'secret'") == [(2,)]


def test_nothing_is_public_before_its_release(marts: Marts) -> None:
    assert facts(marts, "W06000015") == []
    assert rows(marts, "select count(*) from restricted.return_values where return_key = 'early' "
                       "and area_code = 'W06000015'") == [(5,)]  # fmt: skip
    # superseded before the release: the public never knew it
    assert {version for version, *_ in facts(marts, NEWPORT)} == {2}
    known = rows(marts, "select distinct known_from, known_to from core.fct_return_value where return_key = 'early' "
                        "and area_code = ? order by 1", TORFAEN)  # fmt: skip
    release, later = datetime(2020, 6, 1, 9, 30), datetime(2020, 7, 2, 10)
    assert known == [(release, later), (later, None)]


def test_what_people_wrote_is_not_among_the_values(marts: Marts) -> None:
    assert rows(marts, "select distinct value_type from core.fct_return_value where value_type in ('narrative')") == []
    found = rows(
        marts,
        "select distinct value_label_cy from core.fct_return_value where value_text = 'flying_start' "
        "and column_name = 'programme'",
    )
    assert found == [("Dechrau’n Deg",)]


def test_no_withheld_number_is_worked_out_from_all_public_marts_together(marts: Marts) -> None:
    known = attack(marts)
    original = {
        (submission, sheet, row, role): value
        for submission, sheet, row, role, value in rows(
            marts, "select submission_id, sheet, row_number, role, value from restricted.return_values"
        )
    }
    assert len(known.withheld) > 10
    assert len(known.totals) > 10
    # the attack is a true one: each number is within its bounds
    assert [c for c, (least, most) in known.bounds.items() if original[c] and not least <= original[c] <= most] == []
    # a nought among the withheld may be told; a number that is one may not
    assert {cell: value for cell, value in known.recovered().items() if value != 0} == {}


def test_the_attack_finds_what_one_number_too_many_gives_away(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "gofal.duckdb", tmp_path / "gofal.duckdb")
    with duckdb.connect(str(tmp_path / "gofal.duckdb")) as connection:
        # the plans of the two others to the unit, beside the total to the unit
        connection.execute(
            "update outcomes.reduction_expectations set rounding_base = 1, planned_reduction_status = 'reported', "
            "planned_reduction = case area_code when ? then 31 else 22 end "
            "where area_code in (?, ?) and financial_year = '2020-21'",
            [CARDIFF, CARDIFF, NEWPORT],
        )
        found = attack(connection).recovered()
    assert sorted(found.values()) == [3, 22]


def test_a_number_left_alone_fails_the_build(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "gofal.duckdb", tmp_path / "gofal.duckdb")
    with duckdb.connect(str(tmp_path / "gofal.duckdb")) as connection:
        connection.execute(
            "update intermediate.int_return_protection set is_suppressed = false, value = 20 "
            "where cell_id like 'row|early|W06000020%|1|%|girls'"
        )
    done = run_dbt(tmp_path, folder / "snapshot", "test", "--select", "no_suppressed_number_is_left_alone")
    assert done.returncode == 1
    assert failures(tmp_path) == {"no_suppressed_number_is_left_alone": 1}


# -- what became of returns ---------------------------------------------------------------------------------------


def test_the_calendar_says_what_stands_of_every_expected_return(marts: Marts) -> None:
    found = rows(
        marts,
        "select area_code, status, days_late from accountability.return_calendar where return_key = 'early' "
        "order by area_code",
    )
    assert found == [
        ("W06000001", "nil_return", 0),
        ("W06000002", "withdrawn", 0),
        ("W06000003", "quarantined", 93),
        ("W06000004", "received", 0),  # waits for certification
        ("W06000005", "overdue", 93),  # sent twice what was there: no return of its own
        ("W06000006", "recalled", 0),
        ("W06000011", "not_required", 0),
        ("W06000012", "overdue", 93),
        ("W06000013", "not_due", 0),
        ("W06000015", "received", 0),
        (RHONDDA, "overdue", 5),  # against the extended date
        (TORFAEN, "received", 0),
        (NEWPORT, "received", 0),
        (POWYS, "part_accepted", 0),
        (MERTHYR, "received_late", 3),
    ]


def test_received_rows_are_accepted_or_quarantined(marts: Marts) -> None:
    assert rows(marts, "select count(*) from accountability.return_quality") == [(len(FILES["submissions"]),)]
    found = rows(
        marts,
        "select submission_id, rows_received, rows_accepted, rows_quarantined, problems, outcome "
        "from accountability.return_quality where rows_quarantined > 0 order by 1",
    )
    assert found == [
        ("bad", 2, 0, 2, 1, "quarantined"),
        ("early|W06000023|2019-20|1", 2, 1, 1, 1, "part_accepted"),
        ("private", 5, 0, 5, 1, "quarantined"),
    ]


def test_a_quarantined_row_is_told_without_what_stood_in_it(marts: Marts) -> None:
    found = rows(
        marts,
        "select coalesce(submission_id, load_id), row_number, rule_code, message_cy "
        "from accountability.quarantined_rows "
        "order by all",
    )
    assert found == [
        ("bad", 8, "wrong_period", "Mae’r cyfnod yn anghywir."),
        ("bad", 9, "wrong_period", "Mae’r cyfnod yn anghywir."),
        ("bad-load", None, "load_quarantined", "Mae rhesi ar goll."),
        ("early|W06000023|2019-20|1", 9, "not_a_number", "Mae “value” yn disgwyl rhif; “…”."),
        ("private", None, "personal_data", "Mae’n cynnwys data personol."),
    ]
    held = rows(marts, "select submission_id, value_found from restricted.quarantined_values order by all")
    assert held == [("bad", "4"), ("bad", "4"), ("early|W06000023|2019-20|1", "zwölf")]


def test_a_query_has_its_reply(marts: Marts) -> None:
    found = rows(marts, "select kind, area_code, is_answered from accountability.return_queries order by asked_at")
    assert found == [("query", GWENT, True), ("reply", GWENT, True)]


def test_a_snapshot_from_before_returns_builds_empty_marts(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "gofal.duckdb", tmp_path / "gofal.duckdb")
    make_snapshot(tmp_path / "snapshot", [])
    for name in SCHEMAS:
        (tmp_path / "snapshot" / f"{name}.parquet").unlink()
    done = run_dbt(tmp_path, tmp_path / "snapshot", "run", "--select", *SELECTED, "--exclude", STATISTICS)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(tmp_path / "gofal.duckdb"), read_only=True) as connection:
        for table in ("core.fct_return_value", "accountability.return_calendar", "restricted.return_values"):
            assert connection.execute(f"select count(*) from {table}").fetchall() == [(0,)]


def test_the_sample_has_the_columns_of_what_is_frozen(tmp_path: Path) -> None:
    make_snapshot(tmp_path, [])
    for name, schema in SCHEMAS.items():
        frozen = pq.read_schema(tmp_path / f"{name}.parquet")
        assert {f.name: f.type for f in frozen} == {f.name: f.type for f in schema}, name
