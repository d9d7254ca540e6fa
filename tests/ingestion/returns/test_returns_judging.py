"""Versions, certification, references and personal data: each submission is held against what came before it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingestion.returns.judging import Judge, offers_in_force
from ingestion.returns.snapshot import tables
from ingestion.returns.submitters import Delegation, Submitters

KEY = ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q2")
CLOSED = "2020-03-02T10:00:00"


def codes(judged):
    return sorted({p.code for p in judged.problems})


def outcome(judged):
    return judged.judgement.outcome


@pytest.fixture
def spend(made):
    return made.SPEND


@pytest.fixture
def later(spend):
    """The same return with a figure put right."""
    return spend.with_(spend_to_date=89_000, cover={"total_spend_to_date": 244_500.5})


# -- versions -----------------------------------------------------------------------------------------------------


def test_a_resubmission_supersedes_and_both_are_kept(desk, spend, later):
    first = desk.take(spend, "2019-11-10T09:00:00")
    second = desk.take(later, "2019-11-12T09:00:00")
    assert (outcome(first), outcome(second)) == ("accepted", "accepted")
    assert second.replaces == 1
    one, two = desk.store.ledger().of(*KEY)
    assert (one.version, one.closed_by, one.known_to) == (1, "superseded", two.receipt.received_at)
    assert (two.version, two.closed_by, two.is_current) == (2, None, True)
    for submission in (one, two):
        assert desk.lake.verify(submission.receipt.file)
        assert desk.store.read_table(submission.judgement.cells).num_rows == 36
    assert desk.store.ledger().current(*KEY) == two


def test_a_wrong_resubmission_leaves_what_stands(desk, spend):
    desk.take(spend, "2019-11-10T09:00:00")
    bad = desk.take(spend.with_(cover={"total_spend_to_date": 1}), "2019-11-12T09:00:00")
    assert outcome(bad) == "quarantined"
    assert desk.store.ledger().current(*KEY).version == 1


def test_the_same_bytes_under_two_names_are_one_return(desk, spend):
    first = desk.take(spend, "2019-11-10T09:00:00", name="a.csv")
    second = desk.take(spend, "2019-11-10T09:00:00", name="b.csv")
    assert first.receipt.file.sha256 == second.receipt.file.sha256
    assert first.receipt.submission_id != second.receipt.submission_id
    assert (outcome(first), outcome(second)) == ("accepted", "duplicate")
    assert codes(second) == ["sent_before"]
    made = second.judgement  # its rows were received with the first
    assert (made.rows_received, made.rows_accepted, made.rows_quarantined) == (0, 0, 0)
    assert [s.version for s in desk.store.ledger().of(*KEY)] == [1, None]


def test_the_same_bytes_in_one_run_are_one_return_too(desk, spend):
    desk.send(spend, "2019-11-10T09:00:00", name="a.csv")
    desk.send(spend, "2019-11-10T09:05:00", name="b.csv")
    assert [outcome(j) for j in desk.judge()] == ["accepted", "duplicate"]


def test_two_officers_conflict_until_one_says_that_hers_replaces_the_other(desk, spend, later):
    desk.take(spend, "2019-11-10T09:00:00")
    other = later.with_(cover={"prepared_by": "Accountant"})
    conflict = desk.take(other, "2019-11-11T09:00:00")
    assert codes(conflict) == ["conflicting_submission"]
    assert "1" in conflict.problems[0].message("en")
    assert codes(desk.take(other.with_(cover={"replaces": 3}), "2019-11-11T10:00:00")) == ["replaces_another"]
    settled = desk.take(other.with_(cover={"replaces": 1}), "2019-11-11T11:00:00")
    assert outcome(settled) == "accepted"
    assert desk.store.ledger().current(*KEY).version == 2


def test_the_same_officer_is_known_however_her_name_is_written(desk, spend, later):
    desk.take(spend, "2019-11-10T09:00:00")
    assert outcome(desk.take(later.with_(cover={"prepared_by": "GRANTS officer"}), "2019-11-11T09:00:00")) == "accepted"


def test_a_correction_after_the_period_is_closed_needs_a_reason(desk, spend, later):
    desk.take(spend, "2019-11-10T09:00:00")
    assert codes(desk.take(later, CLOSED)) == ["reason_needed"]
    told = desk.take(later.with_(cover={"reason": "An invoice was found."}), "2020-03-02T11:00:00")
    assert outcome(told) == "accepted"
    assert told.judgement.is_late_correction
    assert told.judgement.reason == "An invoice was found."


def test_a_first_return_may_come_late_without_a_reason(desk, spend):
    judged = desk.take(spend, CLOSED)
    assert outcome(judged) == "accepted"
    assert not judged.judgement.is_late_correction


def test_an_extension_moves_the_day_on_which_a_period_closes(desk, spend, later):
    desk.take(spend, "2019-11-10T09:00:00")
    desk.store.record("extended", return_key=KEY[0], area_code=KEY[1], period_key=KEY[2], until=date(2020, 2, 1))
    assert outcome(desk.take(later, CLOSED)) == "accepted"


def test_what_was_withdrawn_stands_no_more_and_is_sent_again_as_new(desk, spend, later):
    first = desk.take(spend, "2019-11-10T09:00:00")
    moment = datetime(2019, 11, 11, tzinfo=UTC)
    desk.store.record("withdrawn", at=moment, submission_id=first.receipt.submission_id, reason="Wrong file.")
    ledger = desk.store.ledger()
    assert ledger.current(*KEY) is None
    (one,) = ledger.of(*KEY)
    assert (one.closed_by, one.known_to) == ("withdrawn", moment)
    again = desk.take(later.with_(cover={"prepared_by": "Accountant"}), CLOSED)
    assert outcome(again) == "accepted"  # nothing stands: no conflict, no reason to give
    assert desk.store.ledger().current(*KEY).version == 2


def test_a_recall_closes_the_returns_of_every_submitter_for_that_period_only(desk, made, spend, later):
    desk.take(made.SPEND_BEFORE, "2019-08-10T09:00:00")
    desk.take(spend, "2019-11-10T09:00:00")
    moment = datetime(2019, 12, 1, tzinfo=UTC)
    desk.store.record("recalled", at=moment, return_key=KEY[0], period_key=KEY[2], reason="The template was wrong.")
    ledger = desk.store.ledger()
    assert ledger.current(*KEY) is None
    assert ledger.current(KEY[0], KEY[1], "2019-20 Q1") is not None
    assert ledger.recalled_at(*KEY) == moment
    assert outcome(desk.take(later, CLOSED)) == "accepted"
    assert [s.closed_by for s in desk.store.ledger().of(*KEY)] == ["recalled", None]


# -- assurance ----------------------------------------------------------------------------------------------------


def uncertified(one):
    return one.with_(cover={"certified_by": None, "certified_role": None, "certified_on": None})


def test_what_is_not_certified_is_held_until_it_is(desk, spend):
    held = desk.take(uncertified(spend), "2019-11-10T09:00:00")
    assert (outcome(held), codes(held)) == ("held", ["not_certified"])
    (one,) = desk.store.ledger().of(*KEY)
    assert (one.outcome, one.version, one.accepted_at) == ("held", None, None)
    moment = datetime(2019, 11, 12, tzinfo=UTC)
    desk.store.record("certified", at=moment, submission_id=one.submission_id, by="rpb_lead")
    (one,) = desk.store.ledger().of(*KEY)
    assert (one.outcome, one.version, one.accepted_at, one.certified_role) == ("accepted", 1, moment, "rpb_lead")
    assert desk.store.read_table(one.judgement.cells).num_rows == 36


def test_a_return_that_is_certified_later_was_known_from_when_it_was_received(desk, spend, later):
    desk.take(spend, "2019-11-10T09:00:00")
    held = desk.take(uncertified(later), "2019-11-12T09:00:00")
    moment = datetime(2019, 11, 20, tzinfo=UTC)
    desk.store.record("certified", at=moment, submission_id=held.receipt.submission_id, by="rpb_lead")
    first, second = desk.store.ledger().of(*KEY)
    assert (first.closed_by, first.known_to) == ("superseded", held.receipt.received_at)
    assert (second.version, second.accepted_at) == (2, moment)


@pytest.mark.parametrize("in_one_run", [True, False])
def test_what_is_held_stands_for_nothing_whenever_the_next_one_is_judged(desk, spend, later, in_one_run):
    desk.send(uncertified(spend), "2019-11-10T09:00:00")
    if not in_one_run:
        desk.judge()
    desk.send(later.with_(cover={"prepared_by": "Accountant"}), "2019-11-11T09:00:00")
    *_, second = desk.judge()
    assert (outcome(second), second.replaces) == ("accepted", None)
    assert desk.store.ledger().current(*KEY).version == 1


def test_a_wrong_certifier_is_told_in_each_language_in_its_words(desk, spend):
    judged = desk.take(spend.with_(cover={"certified_role": "section_151_officer"}), "2019-11-10T09:00:00")
    (problem,) = judged.problems
    assert problem.code == "wrong_certifier"
    assert "Section 151 officer" in problem.message("en")
    assert "Swyddog Adran 151" in problem.message("cy")
    assert "Section 151" not in problem.message("cy")


def test_the_last_quarter_needs_an_audit_certificate(desk, made):
    from datetime import date as day

    cover = {"certified_on": day(2020, 5, 20)}
    last = made.Return(KEY[0], KEY[1], "2019-20 Q4", made.SPEND.rows, **cover)
    assert codes(desk.take(last)) == ["no_audit_certificate"]
    half = last.with_(cover={"audit_reference": "A-1"})
    assert codes(desk.take(half)) == ["no_audit_certificate"]
    whole = last.with_(cover={"audit_reference": "A-1", "audit_date": day(2020, 5, 1)})
    assert outcome(desk.take(whole)) == "accepted"


def test_a_return_may_be_accepted_in_part_only_where_its_spec_says_so(desk, made, spend):
    part = desk.take(made.ADVOCACY.with_(authority="Atlantis", row=1))
    assert (outcome(part), codes(part)) == ("part_accepted", ["unknown_area"])
    made_of = part.judgement
    assert (made_of.rows_received, made_of.rows_accepted, made_of.rows_quarantined) == (3, 2, 1)
    cells = {n: desk.store.read_table(getattr(made_of, n)) for n in ("cells", "quarantined")}
    rows = {n: set(t.column("row_number").to_pylist()) for n, t in cells.items()}
    assert len(rows["cells"]) == 2
    assert len(rows["quarantined"]) == 1
    assert not rows["cells"] & rows["quarantined"]
    whole = desk.take(spend.with_(lead_partner="Atlantis"))
    assert (outcome(whole), whole.judgement.rows_accepted) == ("quarantined", 0)
    assert whole.judgement.cells is None


def test_a_return_of_which_every_row_is_wrong_is_not_accepted_in_part(desk, made):
    one = made.ADVOCACY.with_()
    for row in one.rows["offers"]:
        row["authority"] = "Atlantis"
    assert outcome(desk.take(one)) == "quarantined"


def test_a_nil_return_is_accepted_without_rows(desk, made):
    nil = made.OUTCOMES.with_(cover={"nil_return": True})
    nil.rows = {}
    judged = desk.take(nil)
    assert (outcome(judged), judged.judgement.is_nil, judged.problems) == ("accepted", True, [])
    assert judged.judgement.cells is None


def test_who_may_submit_for_whom_is_asked(desk, spend, monkeypatch):
    anothers = desk.take(spend, sender="rpb_powys")
    assert codes(anothers) == ["wrong_area"]
    assert codes(desk.take(spend.with_(cover={"submitted_by": "rpb_powys"}))) == ["wrong_submitter"]
    given = Delegation(submitted_by="rpb_powys", on_behalf_of="rpb_gwent", first_day=date(2019, 11, 1))
    monkeypatch.setattr("ingestion.returns.submitters.load_submitters", lambda: Submitters(delegations=(given,)))
    judged = desk.take(spend.with_(cover={"submitted_by": "rpb_powys"}))
    assert outcome(judged) == "accepted"
    assert judged.judgement.submitted_by == "rpb_powys"
    for language, name in (("en", "Gwent Regional"), ("cy", "Rhanbarthol Gwent")):
        assert name in anothers.problems[0].message(language)


def test_a_region_that_is_not_asked_is_told_so(desk, made, monkeypatch):
    from ingestion.returns.spec import Family, load_returns

    family = load_returns()[KEY[0]]
    only = tuple((p, s.model_copy(update={"submitters": ("rpb_powys",)})) for p, s in family.versions)
    receipt = desk.send(made.SPEND)
    families = {**load_returns(), KEY[0]: Family(versions=only)}
    monkeypatch.setattr("ingestion.returns.parse.load_returns", lambda: families)
    (judged,) = Judge(desk.lake, families).judge([receipt], expectations=False)
    assert "not_asked" in codes(judged)
    (problem,) = [p for p in judged.problems if p.code == "not_asked"]
    assert "Gwent" in problem.message("cy")


def test_a_period_that_has_not_begun_is_wrong(desk, spend):
    assert codes(desk.take(spend, "2019-06-30T12:00:00")) == ["wrong_period"]


def test_a_lake_takes_its_own_kind_only(desk, made, spend, write_return, lake, tmp_path):
    synthetic = write_return(spend, tmp_path / "s.csv", synthetic=True)
    assert codes(desk.take(synthetic, "2019-11-10T09:00:00")) == ["synthetic_in_real"]
    sample = type(desk)(lake, desk.folder)
    assert codes(sample.take(spend, "2019-11-10T09:00:00")) == ["real_in_sample"]
    assert outcome(sample.take(synthetic, "2019-11-10T10:00:00")) == "accepted"


# -- personal data ------------------------------------------------------------------------------------------------

NUMBER = "943 476 5919"


def everything_on_record(desk, but):
    """Every byte of the lake as text but the landed file’s own; Parquet as its rows."""
    import pyarrow.parquet as pq

    root = Path(desk.lake.root)
    paths = [p for p in root.rglob("*") if p.is_file() and str(p.relative_to(root)) != but]
    tables = [str(pq.read_table(p).to_pydict()) for p in paths if p.suffix == ".parquet"]
    return "\n".join([*tables, *(p.read_text("utf-8") for p in paths if p.suffix != ".parquet")])


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({"narrative": f"About {NUMBER} there is news."}, NUMBER),
        ({"outcome_measure": "Wrote to mari.enw-ffug@example.org"}, "enw-ffug"),
        ({"measured_in": "mari.enw-ffug@example.org"}, "enw-ffug"),  # no choice of that column
        ({"outcome_value": "mari.enw-ffug@example.org"}, "enw-ffug"),  # no number
        ({"project": "mari.enw-ffug@example.org"}, "enw-ffug"),  # not of the form of a reference
        ({"narrative": f"{NUMBER} " + "so it went on " * 600}, NUMBER),  # too long besides
    ],
)
def test_personal_data_is_nowhere_but_in_the_bytes_that_came(desk, made, where, text):
    judged = desk.take(made.OUTCOMES.with_(**where))
    assert (outcome(judged), codes(judged)) == ("quarantined", ["personal_data"])
    assert judged.judgement.has_personal_data
    assert judged.judgement.cells is None
    withheld = desk.store.read_table(judged.judgement.quarantined)
    assert len(set(withheld["row_number"].to_pylist())) == 2  # which rows there were, and nothing that stood in them
    assert set(withheld["value"].to_pylist()) == set(withheld["value_found"].to_pylist()) == {None}
    assert judged.judgement.rows_quarantined == judged.judgement.rows_received == 2
    record = everything_on_record(desk, judged.receipt.file.path)
    assert text not in record
    assert "Families supported" not in record
    for problem in judged.problems:
        assert problem.cell is not None
        assert text not in problem.message("en") + problem.message("cy")


def test_personal_data_in_a_row_that_is_left_out_as_a_total_is_found(desk, made):
    one = made.SPEND.plus("spend", {"project": "Total", "variance_reason": f"See {NUMBER}"})
    assert codes(desk.take(one)) == ["personal_data"]


def test_personal_data_in_the_reason_for_a_change_is_found(desk, made):
    judged = desk.take(made.SPEND.with_(cover={"reason": f"The child {NUMBER} was counted twice."}))
    assert codes(judged) == ["personal_data"]
    assert NUMBER not in everything_on_record(desk, judged.receipt.file.path)


def test_what_a_person_looked_at_and_released_is_judged_again(desk, made):
    stopped = desk.take(made.OUTCOMES.with_(narrative="The reference is 943 476 5919."))
    assert outcome(stopped) == "quarantined"
    desk.store.record("released", submission_id=stopped.receipt.submission_id, reason="A reference, no number.")
    (again,) = desk.judge()
    assert outcome(again) == "accepted"
    (one,) = desk.store.ledger().submissions.values()
    assert (one.outcome, one.version, one.released) == ("accepted", 1, True)
    assert desk.judge() == []


# -- what a return is held against ----------------------------------------------------------------------------------


@pytest.mark.parametrize("in_one_run", [True, False])
def test_a_running_total_may_not_fall_within_its_year(desk, made, in_one_run):
    desk.send(made.SPEND_BEFORE)
    if not in_one_run:
        desk.judge()
    fallen = made.SPEND.with_(spend_to_date=40_000, cover={"total_spend_to_date": 195_500.5})
    desk.send(fallen)
    *_, judged = desk.judge()
    assert codes(judged) == ["cumulative_falls"]
    assert "45,000" in judged.problems[0].message("en")


def test_a_running_total_starts_again_with_the_year_and_after_what_was_never_accepted(desk, made):
    from datetime import date as day

    last = made.Return(
        KEY[0], KEY[1], "2018-19 Q4", made.SPEND.rows, audit_reference="A", audit_date=day(2019, 5, 1)
    )  # fmt: skip
    desk.take(last)  # before the first period: quarantined
    assert outcome(desk.take(made.SPEND_BEFORE)) == "accepted"
    withdrawn = desk.store.ledger().current(KEY[0], KEY[1], "2019-20 Q1")
    desk.store.record("withdrawn", submission_id=withdrawn.submission_id)
    fallen = made.SPEND.with_(spend_to_date=40_000, cover={"total_spend_to_date": 195_500.5})
    assert outcome(desk.take(fallen)) == "accepted"


def test_the_period_before_is_read_through_a_renamed_column(desk):
    from ingestion.returns.judging import _by_role
    from ingestion.returns.spec import load_returns

    renamed = 0
    for family in load_returns().values():
        for (_, then), (_, now) in zip(family.versions, family.versions[1:], strict=False):
            for sheet in now.sheets:
                before = next((s for s in then.sheets if s.key == sheet.key), None)
                if before is None:
                    continue
                row = {c.key: c.role or c.key for c in before.columns}
                (mapped,) = _by_role({sheet.key: [row]}, then, now)[sheet.key]
                for column in sheet.columns:
                    if column.key in mapped:
                        assert mapped[column.key] == (column.role or column.key)
                renamed += len({c.key for c in sheet.columns} - set(row))
    assert renamed, "no version of any return renames a column any more: this test shows nothing"


def test_the_offer_in_force_on_the_periods_last_day_counts_and_of_its_versions_the_last():
    line = {
        "stream_key": "icf", "area_code": "rpb_gwent", "financial_year": "2019-20", "project_key": "P",
        "capital_or_revenue": "revenue", "known_from": "2019-04-01T00:00:00+00:00",
    }  # fmt: skip
    lines = [
        line | {"version": 1, "effective_from": "2019-04-01", "revised_budget_gbp": "100"},
        line | {"version": 3, "effective_from": "2019-10-01", "revised_budget_gbp": "300"},
        line | {"version": 2, "effective_from": "2019-07-01", "revised_budget_gbp": "200"},
        line | {"version": 1, "effective_from": "2019-04-01", "area_code": "rpb_powys", "revised_budget_gbp": "9"},
        line | {"version": 1, "effective_from": "2019-04-01", "financial_year": "2018-19", "revised_budget_gbp": "8"},
    ]

    def budget(on):
        return [x["revised_budget_gbp"] for x in offers_in_force(lines, "rpb_gwent", "2019-20", on)]

    assert budget(date(2019, 3, 31)) == []
    assert budget(date(2019, 6, 30)) == ["100"]
    assert budget(date(2019, 9, 30)) == ["200"]
    assert budget(date(2019, 10, 1)) == ["300"]


def test_a_budget_is_held_against_the_variation_in_force(desk, spend):
    line = {
        "stream_key": "icf_children_annual", "area_code": "rpb_gwent", "financial_year": "2019-20",
        "project_key": "GWE-01", "capital_or_revenue": "revenue", "original_budget_gbp": "200000.00",
    }  # fmt: skip
    april = datetime(2019, 4, 1, tzinfo=UTC)
    first = line | {"version": 1, "effective_from": date(2019, 4, 1), "revised_budget_gbp": "200000.00"}
    desk.store.write_offers([first], april)
    assert outcome(desk.take(spend)) == "accepted"
    second = line | {"version": 2, "effective_from": date(2019, 9, 30), "revised_budget_gbp": "150000.00"}
    desk.store.write_offers([second], april)
    told = desk.take(spend.with_(forecast=189_000))
    assert codes(told) == ["spend.budget_as_offered"]
    assert "£200,000" in told.problems[0].message("en")
    assert "£150,000" in told.problems[0].message("cy")


def test_an_outcome_names_a_project_that_spends(desk, made):
    assert outcome(desk.take(made.OUTCOMES, "2019-11-01T09:00:00")) == "accepted"  # nobody has reported a project yet
    desk.take(made.SPEND, "2019-11-02T09:00:00")
    stray = made.OUTCOMES.with_(project="GWE-99")
    assert codes(desk.take(stray, "2019-11-03T09:00:00")) == ["outcomes.project_is_known"]
    assert outcome(desk.take(made.OUTCOMES.with_(outcome_value=11), "2019-11-04T09:00:00")) == "accepted"


# -- the second pair of eyes --------------------------------------------------------------------------------------


def test_what_great_expectations_finds_is_not_accepted(desk, made, spend, monkeypatch):
    from ingestion.returns.problems import Problem

    def finds(batches, _docs=None):
        (key, parsed, _), *_ = batches
        return {key: [Problem("out_of_range", parsed.sheets[0].name, parsed.sheets[0].rows[0], "F", "budget", "9")]}

    monkeypatch.setattr("expectations.returns.judge_submissions", finds)
    (judged,) = desk.judge(desk.send(spend), expectations=True)
    assert (outcome(judged), codes(judged)) == ("quarantined", ["out_of_range"])
    assert desk.store.ledger().current(*KEY) is None
    assert judged.judgement.rows_received == judged.judgement.rows_quarantined == 3


def test_a_check_that_breaks_leaves_everything_waiting(desk, spend, monkeypatch):
    from expectations.checks import CheckErrored

    def breaks(*_):
        raise CheckErrored("broken", "wedi torri", code="check_errored")

    monkeypatch.setattr("expectations.returns.judge_submissions", breaks)
    desk.send(spend)
    with pytest.raises(CheckErrored):
        desk.judge(expectations=True)
    assert len(Judge(desk.lake).waiting()) == 1
    monkeypatch.undo()


def test_a_submission_that_we_fail_at_stops_no_other_and_is_judged_again_when_a_person_says_so(
    desk, made, spend, monkeypatch
):
    from ingestion.returns import judging

    whole = judging.check_rules

    def fails(parsed, *more):
        if parsed.return_key == KEY[0]:
            raise KeyError("an error of ours")
        return whole(parsed, *more)

    with monkeypatch.context() as patched:
        patched.setattr(judging, "check_rules", fails)
        first = desk.send(spend)
        desk.send(made.ADVOCACY)
        found = {j.receipt.submission_id: j for j in desk.judge()}
    assert sorted(outcome(j) for j in found.values()) == ["accepted", "quarantined"]
    assert codes(found[first.submission_id]) == ["not_judged"]
    desk.store.record("released", submission_id=first.submission_id, reason="It was our error.")
    assert [outcome(j) for j in desk.judge()] == ["accepted"]


def test_trouble_of_the_machine_is_no_verdict(desk, spend, monkeypatch):
    def fails(*_):
        raise OSError(5, "Input/output error")

    desk.send(spend)
    monkeypatch.setattr("ingestion.returns.judging.check_rules", fails)
    with pytest.raises(OSError, match="Input"):
        desk.judge()
    assert len(Judge(desk.lake).waiting()) == 1


# -- on record ----------------------------------------------------------------------------------------------------


def test_received_is_accepted_and_quarantined_for_whatever_came(desk, made, spend, later):
    for one in (spend, later, spend, uncertified(later), made.ADVOCACY.with_(authority="Atlantis"), made.OUTCOMES):
        desk.send(one)
    desk.send(spend.plus("spend", {"project": "Total", "spend_to_date": 245_500.5}))
    desk.send(made.OUTCOMES.with_(narrative="Write to mari.enw-ffug@example.org"))
    desk.judge()
    ledger = desk.store.ledger()
    _, rows = tables(ledger, datetime(2020, 1, 1, tzinfo=UTC))["submissions"]
    assert len(rows) == 8
    for row in rows:
        assert row["rows_received"] == row["rows_accepted"] + row["rows_quarantined"]
        assert row["rows_received"] > 0 or row["outcome"] == "duplicate"
        submission = ledger.submissions[row["submission_id"]]
        for name, rows_there in (("cells", "rows_accepted"), ("quarantined", "rows_quarantined")):
            path = getattr(submission.judgement, name)
            if path is not None:
                table = desk.store.read_table(path)
                places = set(zip(table["sheet"].to_pylist(), table["row_number"].to_pylist(), strict=True))
                assert len(places) == row[rows_there]


def test_events_are_plain_documents_without_what_was_found(desk, spend):
    desk.take(spend.with_(budget="about £12 and a secret"))
    texts = [json.dumps(e.model_dump(mode="json")) for e in desk.store.ledger().events]
    assert texts
    assert all("secret" not in t for t in texts)
