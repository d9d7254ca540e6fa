"""Files are taken when they are whole, known again when they stay, and answered in a place that nobody else chose."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from ingestion.lake import Lake
from ingestion.returns import inbox
from ingestion.returns.inbox import MARKED, PAGE_CY, PAGE_EN, RECEIVED
from ingestion.returns.judging import Judge
from ingestion.returns.store import ReturnStore
from ingestion.sample.inbox import lay_out

LONG_AGO = 1_573_500_000


def answers(judged, lake, url):
    with inbox.Outbox(lake, url) as outbox:
        return [outbox.answer(one) for one in judged]


@pytest.fixture
def box(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def drop(box, made, write_return):
    """Put a return into the inbox, as if it had come long ago."""

    def dropped(name="a.csv", one=None, when=LONG_AGO):
        path = box / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_return(one or made.SPEND, path)
        os.utime(path, (when, when))
        return path

    return dropped


def names(receipts):
    return sorted(r.original_name for r in receipts)


def test_an_inbox_that_is_not_there_is_empty(desk, tmp_path):
    assert inbox.receive(desk.lake, str(tmp_path / "nowhere")) == []
    assert inbox.tidy(desk.lake, str(tmp_path / "nowhere")) == 0


def test_a_receipt_says_what_came_when_and_from_whom(desk, drop, box):
    path = drop("rpb-gwent/Spend Q2 final.csv")
    (receipt,) = inbox.receive(desk.lake, str(box))
    assert receipt.original_name == "Spend Q2 final.csv"
    assert receipt.sender == "rpb_gwent"
    assert receipt.channel == "inbox"
    assert receipt.received_at == datetime.fromtimestamp(LONG_AGO, UTC)
    assert not receipt.is_backdated
    assert path.exists()  # it leaves only when it is judged
    assert Path(desk.lake.path(receipt.file.path)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("folder", "sender"),
    [
        ("", None), ("rpb-gwent/", "rpb_gwent"), ("RPB-Gwent/", "rpb_gwent"), ("W06000020/", "W06000020"),
        ("rpb-gwent/2019/q2/", "rpb_gwent"), ("somebody/", None), ("old/rpb-gwent/", None),
    ],
)  # fmt: skip
def test_the_first_folder_says_who_sent_it(desk, drop, box, folder, sender):
    drop(f"{folder}a.csv")
    (receipt,) = inbox.receive(desk.lake, str(box))
    assert receipt.sender == sender


@pytest.mark.parametrize(
    "name",
    ["a.csv.part", ".a.csv", "~$a.xlsx", "a.xlsx.crdownload", "a.filepart", ".uploads/a.csv", "a.TMP", "a.xlsx.upload"],
)
def test_names_of_unfinished_files_are_left_alone(desk, drop, box, name):
    path = drop(name)
    drop("whole.csv")
    assert names(inbox.receive(desk.lake, str(box))) == ["whole.csv"]
    desk.judge()
    assert inbox.tidy(desk.lake, str(box)) == 1
    assert path.exists()


def test_only_what_is_quiet_is_taken(desk, drop, box, monkeypatch):
    quiet = drop("quiet.csv")
    growing = drop("growing.csv", when=time.time())
    fresh = drop("fresh.csv", when=time.time())
    waited = []

    def meanwhile(seconds):
        waited.append(seconds)
        growing.write_bytes(growing.read_bytes() + b"more\n")
        drop("late.csv", when=time.time())

    monkeypatch.setattr(inbox.time, "sleep", meanwhile)
    assert names(inbox.receive(desk.lake, str(box), quiet=5)) == ["fresh.csv", "quiet.csv"]
    assert waited == [5]
    monkeypatch.setattr(inbox.time, "sleep", waited.append)
    assert len(inbox.receive(desk.lake, str(box), quiet=5)) == 4
    assert quiet.exists()
    assert fresh.exists()


def test_nobody_waits_for_files_that_have_been_there_a_while(desk, drop, box, monkeypatch):
    drop()
    monkeypatch.setattr(inbox.time, "sleep", lambda _: pytest.fail("waited"))
    assert len(inbox.receive(desk.lake, str(box), quiet=5)) == 1


def test_a_file_that_is_cut_off_is_given_an_hour(desk, drop, box, made, write_return):
    path = box / "a.xlsx"
    write_return(made.SPEND, path)
    path.write_bytes(path.read_bytes()[:-300])
    now = time.time()
    os.utime(path, (now - 60, now - 60))
    inbox.receive(desk.lake, str(box), quiet=0)
    assert desk.judge() == []
    assert inbox.tidy(desk.lake, str(box)) == 0
    assert path.exists()
    os.utime(path, (now - 3700, now - 3700))
    inbox.receive(desk.lake, str(box), quiet=0)
    (judged,) = [j for j in desk.judge() if j.receipt.received_at < datetime.now(UTC) - timedelta(hours=1)]
    assert [p.code for p in judged.problems] == ["incomplete_file"]
    assert judged.judgement.outcome == "quarantined"
    assert inbox.tidy(desk.lake, str(box)) == 1
    assert not path.exists()


def test_a_file_that_is_there_still_is_known_and_one_that_changed_is_new(desk, drop, box):
    path = drop()
    (first,) = inbox.receive(desk.lake, str(box))
    (again,) = inbox.receive(desk.lake, str(box))
    assert first == again
    os.utime(path, (LONG_AGO + 60, LONG_AGO + 60))
    (changed,) = inbox.receive(desk.lake, str(box))
    assert changed.submission_id != first.submission_id


def test_an_inbox_that_may_only_be_read_is_read_once(desk, drop, box, monkeypatch):
    path = drop()

    def refuses(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(LocalFileSystem, "rm_file", refuses)
    for expected in (1, 0):
        inbox.receive(desk.lake, str(box))
        assert len(desk.judge()) == expected
        assert inbox.tidy(desk.lake, str(box)) == 0
    assert path.exists()
    assert len(desk.store.ledger().submissions) == 1


def test_tidying_leaves_what_nobody_has_judged_and_what_was_erased_goes(desk, drop, box):
    one = drop("one.csv")
    (receipt,) = inbox.receive(desk.lake, str(box))
    assert inbox.tidy(desk.lake, str(box)) == 0
    desk.store.erase(receipt.submission_id, "Sent by mistake.")
    assert inbox.tidy(desk.lake, str(box)) == 1
    assert not one.exists()


@pytest.mark.parametrize(
    "name",
    [
        "a\\..\\..\\outside.csv", "a..csv", "a\nb.csv", "\u202egnp.csv", "Gŵyl Dewi – ffurflen’r sir.csv",
        "a|b;c&d`$(x).csv", "e\u0301.csv", "x" * 240 + ".csv", "%2e%2e%2fa.csv",
    ],
)  # fmt: skip
def test_whatever_a_file_is_called_its_answer_stays_in_the_outbox(desk, drop, box, tmp_path, name):
    drop(f"rpb-gwent/{name}")
    before = {p for p in tmp_path.rglob("*") if "lake" not in p.parts}
    (receipt,) = inbox.receive(desk.lake, str(box))
    assert receipt.original_name == name
    outbox = tmp_path / "outbox"
    (folder,) = answers(desk.judge(), desk.lake, str(outbox))
    assert Path(folder).resolve().is_relative_to(outbox)
    assert Path(folder).relative_to(outbox).parts[:2] == ("rpb-gwent", "icf_spend_quarterly_2019-20Q2")
    new = {p for p in tmp_path.rglob("*") if "lake" not in p.parts} - before
    assert all(p.is_relative_to(outbox) for p in new)


def test_a_name_that_is_not_utf8_is_received(desk, drop, box):
    path = drop()
    path.rename(os.fsdecode(os.fsencode(box) + b"/caf\xe9.csv"))
    (receipt,) = inbox.receive(desk.lake, str(box))
    assert receipt.original_name == "caf\ufffd.csv"
    assert [j.judgement.outcome for j in desk.judge()] == ["accepted"]
    assert inbox.tidy(desk.lake, str(box)) == 1
    assert list(box.iterdir()) == []


def test_a_link_out_of_the_inbox_is_not_followed(desk, drop, box, tmp_path, made, write_return):
    secret = tmp_path / "secret"
    secret.mkdir()
    write_return(made.SPEND, secret / "theirs.csv")
    (box / "link.csv").symlink_to(secret / "theirs.csv")
    (box / "folder").symlink_to(secret)
    (box / "broken.csv").symlink_to(tmp_path / "nothing")
    os.mkfifo(box / "pipe.csv")
    drop("mine.csv")
    assert names(inbox.receive(desk.lake, str(box), quiet=0)) == ["mine.csv"]
    desk.judge()
    assert inbox.tidy(desk.lake, str(box)) == 1
    assert (secret / "theirs.csv").exists()


def test_an_inbox_and_an_outbox_may_be_in_an_object_store(desk, made, write_return, tmp_path):
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    write_return(made.SPEND, tmp_path / "a.csv")
    fs.pipe_file("/box/rpb-gwent/a.csv", (tmp_path / "a.csv").read_bytes())
    (receipt,) = inbox.receive(desk.lake, "memory://box", quiet=0)
    assert (receipt.sender, receipt.original_name) == ("rpb_gwent", "a.csv")
    judged = desk.judge()
    (folder,) = answers(judged, desk.lake, "memory://out")
    assert sorted(Path(p).name for p in fs.find(folder)) == [PAGE_CY, PAGE_EN]
    assert inbox.tidy(desk.lake, "memory://box") == 1
    assert fs.find("/box") == []


def test_a_lake_may_be_in_an_object_store(made, write_return, tmp_path, one_sandbox):
    from ingestion.returns.judging import Judge

    fsspec.filesystem("memory").store.clear()
    lake = Lake.open("memory://lake", "real")
    store = ReturnStore(lake)
    store.receive(
        write_return(made.SPEND, tmp_path / "a.csv"), original_name="a.csv", inbox_key="a|1", channel="inbox",
        sender=None,
        received_at=datetime(2019, 11, 10, tzinfo=UTC), backdated=True,
    )  # fmt: skip
    judge = Judge(lake)
    (judged,) = judge.judge(judge.waiting(), expectations=False)
    assert judged.judgement.outcome == "accepted"
    ledger = store.ledger()
    (one,) = ledger.submissions.values()
    assert store.read_table(one.judgement.cells).num_rows == 36
    store.erase(one.submission_id, "x")
    assert not lake.exists(one.receipt.file.path)


def test_an_answer_is_a_page_in_each_language_and_the_marked_workbook(desk, made, tmp_path):
    good = desk.take(made.SPEND, "2019-11-10T09:00:00", sender="rpb_gwent")
    bad = desk.take(made.SPEND.with_(lead_partner="Powys"), "2019-11-11T09:00:00")
    unknown = Path(__file__).parents[2] / "must_fail" / "returns" / "rules" / "unknown_return.csv"
    nobodys = desk.take(unknown, "2019-11-11T10:00:00")
    folders = [Path(f) for f in answers([good, bad, nobodys], desk.lake, str(tmp_path / "outbox"))]
    assert [sorted(p.name for p in f.iterdir()) for f in folders] == [
        sorted([PAGE_EN, PAGE_CY]), sorted([PAGE_EN, PAGE_CY, MARKED]), sorted([PAGE_EN, PAGE_CY, MARKED])
    ]  # fmt: skip
    assert [f.relative_to(tmp_path / "outbox").parts[0] for f in folders] == [
        "rpb-gwent",
        "rpb-gwent",
        "unknown-anhysbys",
    ]
    assert 'lang="en"' in (folders[1] / PAGE_EN).read_text(encoding="utf-8")
    assert 'lang="cy"' in (folders[1] / PAGE_CY).read_text(encoding="utf-8")
    for page in (PAGE_EN, PAGE_CY):
        assert "D" in (folders[1] / page).read_text(encoding="utf-8")
        assert "Powys" in (folders[1] / page).read_text(encoding="utf-8")


def test_an_answer_to_personal_data_repeats_none_of_it(desk, made, tmp_path):
    judged = desk.take(made.OUTCOMES.with_(narrative="Write to mari.enw-ffug@example.org"), "2019-11-11T09:00:00")
    (folder,) = answers([judged], desk.lake, str(tmp_path / "outbox"))
    for path in Path(folder).iterdir():
        from zipfile import ZipFile, is_zipfile

        texts = [path.read_bytes()]
        if is_zipfile(path):
            with ZipFile(path) as archive:
                texts = [archive.read(n) for n in archive.namelist()]
        assert not any(b"enw-ffug" in t for t in texts)


# -- the bundled sample ---------------------------------------------------------------------------------------------


def test_what_an_inbox_says_of_times_is_believed_in_a_lake_of_the_sample_only(desk, lake, drop, box):
    drop()
    (box / RECEIVED).write_text(json.dumps({"a.csv": "2019-11-01T08:00:00+00:00"}), encoding="utf-8")
    (real,) = inbox.receive(desk.lake, str(box))
    assert (real.received_at, real.is_backdated) == (datetime.fromtimestamp(LONG_AGO, UTC), False)
    (sample,) = inbox.receive(lake, str(box))
    assert (sample.received_at, sample.is_backdated) == (datetime(2019, 11, 1, 8, tzinfo=UTC), True)


def test_a_file_called_so_by_somebody_does_not_stop_a_real_inbox(desk, drop, box):
    drop()
    (box / RECEIVED).write_bytes(b"\xff not json")
    assert len(inbox.receive(desk.lake, str(box))) == 1
    desk.judge()
    assert inbox.tidy(desk.lake, str(box)) == 1


def test_the_sample_is_laid_out_once(lake, box, made, write_return, monkeypatch):
    built = []

    def build_returns(folder, release):
        built.append(release)
        (folder / "rpb-gwent").mkdir(exist_ok=True)
        write_return(made.SPEND, folder / "rpb-gwent" / f"{release}.csv", synthetic=True)

    def build_offers(path, release):
        path.write_text(
            "stream_key,area_code,financial_year,version,effective_from,original_budget_gbp,revised_budget_gbp\n"
            f"s,rpb_gwent,2019-20,{release},2019-04-01,1,1\n"
        )
        return path

    monkeypatch.setattr("ingestion.sample.returns.build_returns", build_returns)
    monkeypatch.setattr("ingestion.sample.returns.build_offers", build_offers)
    assert lay_out(lake, str(box), 1)
    assert not lay_out(lake, str(box), 1)
    assert names(inbox.receive(lake, str(box), quiet=0)) == ["1.csv"]
    (box / "rpb-gwent" / "1.csv").unlink()
    assert lay_out(lake, str(box), 3)
    assert built == [1, 2, 3]
    assert sorted(p.name for p in (box / "rpb-gwent").iterdir()) == ["2.csv", "3.csv"]


def test_a_run_that_dies_before_a_judgement_is_on_record_answers_again(desk, drop, box, tmp_path):
    drop("rpb-gwent/one.csv")
    inbox.receive(desk.lake, str(box))
    outbox = str(tmp_path / "outbox")

    def dies(judged):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Judge(desk.lake).judge(Judge(desk.lake).waiting(), expectations=False, answer=dies)
    assert [r.original_name for r in Judge(desk.lake).waiting()] == ["one.csv"]

    with inbox.Outbox(desk.lake, outbox) as out:
        (judged,) = Judge(desk.lake).judge(Judge(desk.lake).waiting(), expectations=False, answer=out.answer)
    assert judged.answer is not None
    assert (Path(judged.answer) / PAGE_CY).exists()
    assert Judge(desk.lake).waiting() == []


def test_the_report_says_which_version_it_became_and_which_one_it_replaces(desk, drop, box, tmp_path, made):
    for name, when in (("first.csv", LONG_AGO), ("second.csv", LONG_AGO + 60)):
        one = made.SPEND if name == "first.csv" else made.SPEND.with_(forecast=101_000)
        drop(f"rpb-gwent/{name}", one, when)
    inbox.receive(desk.lake, str(box))
    first, second = Judge(desk.lake).judge(Judge(desk.lake).waiting(), expectations=False)
    made_first, made_second = inbox.answer_of(first), inbox.answer_of(second)
    assert (made_first.version, made_first.replaces) == (1, None)
    assert (made_second.version, made_second.replaces) == (2, 1)
    ledger = desk.store.ledger()
    assert [s.version for s in ledger.submissions.values()] == [1, 2]


def test_erasing_takes_the_reports_and_the_files_name_with_it(desk, drop, box, tmp_path):
    drop("rpb-gwent/Report on A Person.csv")
    inbox.receive(desk.lake, str(box))
    outbox = str(tmp_path / "outbox")
    with inbox.Outbox(desk.lake, outbox) as out:
        (judged,) = Judge(desk.lake).judge(Judge(desk.lake).waiting(), expectations=False, answer=out.answer)
        key = judged.receipt.submission_id
        desk.store.erase(key, "It names somebody.")
        assert out.remove(key) == [judged.answer]
    assert not Path(judged.answer).exists()
    kept = [p for p in Path(desk.lake.root).rglob("*") if p.is_file() and b"A Person" in p.read_bytes()]
    assert kept == []
    (receipt,) = inbox.receive(desk.lake, str(box))
    assert receipt.submission_id == key
