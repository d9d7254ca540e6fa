"""Receipts and events: nothing is changed, nothing half-done counts, and what is known depends on when one asks."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.config import CHECKOUT
from ingestion.errors import LakeError
from ingestion.lake import Lake
from ingestion.returns import inbox
from ingestion.returns.judging import Judge
from ingestion.returns.snapshot import identities, write_cells
from ingestion.returns.store import ReturnStore

KEY = ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q2")


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def later(made):
    return made.SPEND.with_(spend_to_date=89_000, cover={"total_spend_to_date": 244_500.5})


# -- as it was known --------------------------------------------------------------------------------------------


def test_the_ledger_says_what_was_known_at_a_moment(desk, made, later):
    desk.take(made.SPEND, "2019-11-10T09:00:00")
    second = desk.take(later, "2019-11-12T09:00:00")
    desk.store.record(
        "extended", at=moment("2019-11-13T00:00:00"), return_key=KEY[0], period_key=KEY[2], until=date(2020, 1, 1)
    )
    desk.store.record("withdrawn", at=moment("2019-11-14T00:00:00"), submission_id=second.receipt.submission_id)

    def known(at):
        ledger = desk.store.ledger(moment(at))
        standing = ledger.current(*KEY)
        return len(ledger.submissions), standing and standing.version, ledger.extension(*KEY)

    assert known("2019-11-09T00:00:00") == (0, None, None)
    assert known("2019-11-11T00:00:00") == (1, 1, None)
    assert known("2019-11-12T10:00:00") == (2, 2, None)
    assert known("2019-11-13T10:00:00") == (2, 2, date(2020, 1, 1))
    assert known("2019-11-14T10:00:00") == (2, None, date(2020, 1, 1))
    assert desk.store.ledger().current(*KEY) is None


def test_what_was_known_then_does_not_change_with_what_comes_later(desk, made, later):
    desk.take(made.SPEND, "2019-11-10T09:00:00")
    then = moment("2019-11-11T00:00:00")
    before = desk.store.ledger(then).model_dump(exclude={"events"})
    desk.take(later, "2019-11-12T09:00:00")
    desk.store.write_offers([], moment("2019-12-01T00:00:00"))
    desk.store.record("recalled", at=moment("2019-12-01T00:00:00"), return_key=KEY[0], period_key=KEY[2])
    assert desk.store.ledger(then).model_dump(exclude={"events"}) == before


def test_what_a_person_released_later_was_not_accepted_then(desk, made):
    taken = desk.take(made.OUTCOMES.with_(narrative="The reference is 943 476 5919."), "2019-11-10T09:00:00")
    key = taken.receipt.submission_id
    desk.store.record("released", at=moment("2019-11-20T09:00:00"), submission_id=key, reason="A reference.")
    desk.judge()
    assert desk.store.ledger().submissions[key].outcome == "accepted"
    then = desk.store.ledger(moment("2019-11-12T09:00:00")).submissions[key]
    assert (then.outcome, then.accepted_at) == ("quarantined", None)


def test_an_extension_to_one_submitter_is_no_other_ones(desk):
    given = {"return_key": KEY[0], "period_key": KEY[2]}
    desk.store.record("extended", **given, until=date(2020, 1, 1))
    desk.store.record("extended", **given, area_code="rpb_powys", until=date(2020, 2, 1))
    ledger = desk.store.ledger()
    assert ledger.extension(*KEY) == date(2020, 1, 1)
    assert ledger.extension(KEY[0], "rpb_powys", KEY[2]) == date(2020, 2, 1)
    assert ledger.extension(KEY[0], "rpb_powys", "2019-20 Q3") is None


def test_the_same_offers_are_kept_once(desk):
    line = {
        "stream_key": "s", "area_code": "rpb_gwent", "financial_year": "2019-20", "version": 1,
        "effective_from": date(2019, 4, 1), "original_budget_gbp": "1.00", "revised_budget_gbp": "1.00",
    }  # fmt: skip
    assert desk.store.write_offers([line]) == desk.store.write_offers([line])
    assert len(desk.store.ledger().offers) == 1


def test_a_submission_is_found_by_the_beginning_of_its_key_and_never_by_nothing(desk, made):
    taken = desk.take(made.SPEND)
    ledger = desk.store.ledger()
    assert ledger.find(f" {taken.receipt.submission_id[:6].upper()} ").submission_id == taken.receipt.submission_id
    for text in ("", "  ", "zz"):
        with pytest.raises(KeyError):
            ledger.find(text)


# -- what is not finished does not count ----------------------------------------------------------------------------

KILLED = """
    import os, signal, sys
    from ingestion.lake import Lake
    from ingestion.returns import inbox, judging
    from ingestion.returns.store import ReturnStore
    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)
    where, root, box = sys.argv[1:]
    lake = Lake.open(root, "real")
    if where == "before the receipt":
        whole = Lake.write_json
        Lake.write_json = lambda self, path, document: (die if "receipt" in path else whole)(self, path, document)
    elif where == "before the event":
        ReturnStore.record = die
    inbox.receive(lake, box, quiet=0)
    judge = judging.Judge(lake)
    judge.judge(judge.waiting(), expectations=False)
"""


@pytest.mark.parametrize("where", ["before the receipt", "before the event"])
def test_a_process_that_is_killed_leaves_nothing_that_counts_and_the_next_one_finishes(
    desk, made, write_return, tmp_path, where
):
    box = tmp_path / "inbox" / "rpb-gwent"
    box.mkdir(parents=True)
    write_return(made.SPEND, box / "a.csv")
    os.utime(box / "a.csv", (1_573_500_000, 1_573_500_000))
    script = [sys.executable, "-c", textwrap.dedent(KILLED), where, desk.lake.root, str(box.parent)]
    done = subprocess.run(script, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    ledger = desk.store.ledger()
    assert ledger.events == []
    assert ledger.current(*KEY) is None
    if where == "before the event":
        assert list(Path(desk.lake.root).rglob("cells.parquet"))  # written, and named by nothing
        write_cells(desk.lake, ledger, tmp_path)
        assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/return_cells.parquet'").fetchone() == (0,)
    assert len(inbox.receive(desk.lake, str(box.parent), quiet=0)) == 1
    assert [j.judgement.outcome for j in desk.judge()] == ["accepted"]
    ledger = desk.store.ledger()
    assert len(ledger.submissions) == 1
    assert ledger.current(*KEY).version == 1
    assert desk.judge() == []


def test_a_half_written_table_that_no_event_names_is_not_there(desk, made):
    receipt = desk.send(made.SPEND)
    for name in ("cells", "quarantined", "problems"):
        Path(desk.lake.path(f"submissions/{receipt.submission_id}/{name}.parquet")).write_bytes(b"PAR1 half")
    (judged,) = desk.judge()
    assert judged.judgement.outcome == "accepted"
    assert desk.store.read_table(judged.judgement.cells).num_rows == 36
    assert (judged.judgement.quarantined, judged.judgement.problems) == (None, None)


@pytest.mark.parametrize("after", range(4))
def test_a_full_disk_leaves_what_stood(desk, made, later, monkeypatch, after):
    desk.take(made.SPEND, "2019-11-10T09:00:00")
    before = desk.store.ledger().model_dump()
    put, calls = Lake.put, []

    def full(self, local, relative):
        calls.append(relative)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        put(self, local, relative)

    wrong_too = later.plus("spend", {"project": "Total", "spend_to_date": 5})
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "put", full)
        with pytest.raises(OSError, match="No space"):
            desk.take(wrong_too, "2019-11-12T09:00:00")
    assert len(calls) == after + 1
    ledger = desk.store.ledger()
    assert ledger.current(*KEY).model_dump() == next(iter(before["submissions"].values()))
    assert not list((Path(desk.lake.root) / "tmp").iterdir())


# -- two at once -----------------------------------------------------------------------------------------------------


def test_two_judges_of_the_same_receipts_make_one_version_of_each(desk, made):
    desk.send(made.SPEND, "2019-11-10T09:00:00")
    desk.send(made.OUTCOMES, "2019-11-10T09:00:00")
    one, two = Judge(desk.lake), Judge(desk.lake)
    assert len(one.waiting()) == len(two.waiting()) == 2
    for judge in (one, two):
        judge.judge(judge.waiting(), expectations=False)
    ledger = desk.store.ledger()
    assert [(s.outcome, s.version, s.closed_by) for s in ledger.submissions.values()] == [("accepted", 1, None)] * 2
    assert Judge(desk.lake).waiting() == []


def test_two_judges_that_do_not_see_each_other_leave_one_current(desk, made, later):
    first = desk.send(made.SPEND, "2019-11-10T09:00:00")
    one = Judge(desk.lake)
    second = desk.send(later, "2019-11-11T09:00:00")
    two = Judge(desk.lake)
    two.judge([second], expectations=False)
    one.judge([first], expectations=False)
    ledger = desk.store.ledger()
    assert [(s.version, s.is_current) for s in ledger.of(*KEY)] == [(1, False), (2, True)]


def test_the_same_file_received_twice_is_one_submission(desk, made, write_return, tmp_path):
    about = {"original_name": "a.csv", "inbox_key": "a.csv|1", "channel": "inbox", "sender": None}
    about["received_at"] = moment("2019-11-10T09:00:00")
    keys = {desk.store.receive(write_return(made.SPEND, tmp_path / "a.csv"), **about).submission_id for _ in range(2)}
    assert len(keys) == 1
    assert not (tmp_path / "a.csv").exists()
    assert len(desk.store.receipts()) == 1


# -- erased ----------------------------------------------------------------------------------------------------------


def test_what_is_erased_leaves_a_tombstone_and_no_bytes(desk, made, later, tmp_path):
    secret = "Mentioned by her own mother"
    first = desk.take(made.SPEND.with_(variance_reason=secret), "2019-11-10T09:00:00")
    copy = desk.take(made.SPEND.with_(variance_reason=secret), "2019-11-10T09:10:00", name="copy.csv")
    desk.take(made.OUTCOMES, "2019-11-11T09:00:00")
    seen = set(identities(desk.store.ledger()))
    key, sha = first.receipt.submission_id, first.receipt.file.sha256
    gone = desk.store.erase(key[:8], "A child is named.", by="information officer")
    assert first.receipt.file.path in gone
    assert first.judgement.cells in gone
    for path in Path(desk.lake.root).rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
    tombstone = json.loads(Path(desk.lake.path(f"tombstones/{sha}.json")).read_text(encoding="utf-8"))
    assert set(tombstone["submissions"]) == {key, copy.receipt.submission_id}
    ledger = desk.store.ledger()
    assert ledger.submissions[key].erased
    assert ledger.current(*KEY) is None
    assert Judge(desk.lake).waiting() == []
    write_cells(desk.lake, ledger, tmp_path)
    for name in ("return_cells", "return_quarantined_cells", "return_problems"):
        (rows,) = duckdb.sql(
            f"FROM '{tmp_path}/{name}.parquet' SELECT count(*) FILTER (submission_id = '{key}')"
        ).fetchone()
        assert rows == 0, name
    assert duckdb.sql(f"SELECT count(*) > 0 FROM '{tmp_path}/return_cells.parquet'").fetchone() == (True,)
    assert seen < set(identities(ledger))
    # and the past has not got it either
    assert desk.store.ledger(moment("2019-11-10T12:00:00")).current(*KEY) is None


def test_what_was_erased_in_quarantine_is_gone_with_what_was_said_of_it(desk, made, tmp_path):
    bad = desk.take(made.SPEND.with_(budget="so says her mother"))
    desk.store.erase(bad.receipt.submission_id, "A person is named.")
    assert not list(Path(desk.lake.root).rglob("*.parquet"))
    write_cells(desk.lake, desk.store.ledger(), tmp_path)
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/return_problems.parquet'").fetchone() == (0,)


def test_an_erasure_that_was_cut_short_is_finished_by_the_next(desk, made, monkeypatch):
    taken = desk.take(made.SPEND)

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(desk.lake.fs), "rm_file", dies)
        with pytest.raises(KeyboardInterrupt):
            desk.store.erase(taken.receipt.submission_id, "x")
    assert desk.store.ledger().current(*KEY) is None
    desk.store.erase(taken.receipt.submission_id, "x")
    assert not desk.lake.exists(taken.receipt.file.path)


@pytest.mark.parametrize("key", ["", "ffffffffffff"])
def test_nothing_is_erased_by_a_key_that_names_no_submission(desk, made, key):
    desk.take(made.SPEND)
    with pytest.raises(LakeError) as caught:
        desk.store.erase(key, "x")
    assert caught.value.en != caught.value.cy
    assert desk.store.ledger().current(*KEY) is not None


def test_an_empty_lake_has_an_empty_ledger(lake):
    ledger = ReturnStore(lake).ledger()
    assert (ledger.submissions, ledger.events, ledger.offers) == ({}, [], [])
    assert identities(ledger) == []
