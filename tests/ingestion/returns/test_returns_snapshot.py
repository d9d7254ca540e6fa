"""The frozen snapshot has of returns what docs/design.md says, of an empty lake and of a full one."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from ingestion import transform
from ingestion.config import CHECKOUT
from ingestion.returns.snapshot import CELLS, SAMPLE_CLOCK, TABLES, clock, expected_returns, identities
from ingestion.returns.spec import load_returns
from ingestion.statswales.registry import load_registry

NOW = datetime(2019, 12, 20, 12, tzinfo=UTC)
KEY = ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q2")
KINDS = {"TIMESTAMP": {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}}


def promised():
    """Files and their columns with types, from the table of docs/design.md."""
    text = (CHECKOUT / "docs" / "design.md").read_text(encoding="utf-8")
    part = text.split("### What the frozen snapshot has of returns")[1].split("\n## ")[0]
    files = {}
    for name, columns in re.findall(r"^\| `(\w+)\.parquet` \|[^|]*\| (.*) \|$", part, re.MULTILINE):
        if columns == "as above":
            files[name] = dict(next(reversed(files.values())))
            continue
        bare = re.sub(r"\([^()]*\)", lambda m: m[0] if re.fullmatch(r"\(\d+,\d+\)", m[0]) else "", columns)
        bare = bare.split(", constants are rows too")[0] + (", constant" if "constants are rows too" in columns else "")
        words = [w.split() for w in re.split(r",(?!\d)", bare)]
        files[name] = {w[0]: w[1] if len(w) > 1 and w[1].isupper() else "VARCHAR" for w in words}
    return files


def described(folder, name):
    rows = duckdb.sql(f"DESCRIBE SELECT * FROM '{folder}/{name}.parquet'").fetchall()
    return {column: kind for column, kind, *_ in rows}


def freeze(lake, folder, as_of=None, now=NOW):
    return transform.freeze(lake, load_registry(), folder, as_of=as_of, now=now)


def query(folder, sql):
    """Rows of a query in which ``{name}`` is a file."""
    named = {name: f"'{folder}/{name}.parquet'" for name in (*TABLES, *CELLS, "snapshot")}
    return duckdb.sql(sql.format(**named)).fetchall()


@pytest.fixture
def filled(desk, made):
    """A desk with a bit of everything."""
    line = {
        "stream_key": "icf_children_annual", "area_code": "rpb_gwent", "financial_year": "2019-20",
        "project_key": "GWE-01", "capital_or_revenue": "revenue", "version": 1, "effective_from": date(2019, 4, 1),
        "original_budget_gbp": "200000.00", "revised_budget_gbp": "200000.00",
    }  # fmt: skip
    desk.store.write_offers([line], datetime(2019, 4, 1, tzinfo=UTC))
    first = desk.send(made.SPEND, "2019-11-10T09:00:00")
    desk.send(made.SPEND.with_(forecast=189_000), "2019-11-12T09:00:00")
    desk.send(made.ADVOCACY.with_(authority="Atlantis", row=1), "2019-11-13T09:00:00")
    desk.send(made.OUTCOMES.with_(narrative="Write to mari.enw-ffug@example.org"), "2019-11-14T09:00:00")
    desk.judge()
    at = datetime(2019, 11, 15, tzinfo=UTC)
    desk.store.record("extended", at=at, return_key=KEY[0], period_key="2019-20 Q3", until=date(2020, 3, 1))
    words = {"text_en": "Why so little?", "text_cy": "Pam cyn lleied?", "sheet": "spend", "cell": "H4"}
    desk.store.record("query", at=at, submission_id=first.submission_id, **words)
    return desk


def test_an_empty_lake_gives_every_file_with_its_columns_and_types(lake, tmp_path):
    freeze(lake, tmp_path / "s")
    check_files(tmp_path / "s")
    counts = {n: query(tmp_path / "s", f"SELECT count(*) FROM {{{n}}}")[0][0] for n in (*TABLES, *CELLS)}
    assert counts["submissions"] == counts["return_cells"] == counts["return_problems"] == 0
    assert counts["return_specs"] == sum(len(f.versions) for f in load_returns().values())
    assert counts["expected_returns"] > 0  # what is owed is owed by those who never sent anything too


def test_a_full_lake_gives_the_same_columns_and_types(filled, tmp_path):
    freeze(filled.lake, tmp_path / "s")
    check_files(tmp_path / "s")


def check_files(folder):
    files = promised()
    assert set(files) == {*TABLES, *CELLS}
    for name, columns in files.items():
        found = described(folder, name)
        assert list(found) == list(columns), name
        for column, kind in columns.items():
            assert found[column] in KINDS.get(kind, {kind}), (name, column)


def test_what_is_frozen_is_what_was_received(filled, tmp_path):
    freeze(filled.lake, tmp_path)
    rows = query(
        tmp_path,
        "SELECT return_key, outcome, submission_version, closed_by, rows_received, rows_accepted, rows_quarantined, "
        "has_personal_data FROM {submissions} ORDER BY received_at",
    )
    assert rows == [
        ("icf_spend_quarterly", "accepted", 1, "superseded", 3, 3, 0, False),
        ("icf_spend_quarterly", "accepted", 2, None, 3, 3, 0, False),
        ("nasa_regional", "part_accepted", 1, None, 3, 2, 1, False),
        ("icf_outcomes_six_monthly", "quarantined", None, None, 2, 0, 2, True),
    ]
    counted = query(
        tmp_path,
        "SELECT s.rows_accepted = (SELECT count(DISTINCT (sheet, row_number)) FROM {return_cells} AS c "
        "WHERE c.submission_id = s.submission_id) AND (has_personal_data OR s.rows_quarantined = (SELECT "
        "count(DISTINCT (sheet, row_number)) FROM {return_quarantined_cells} AS q "
        "WHERE q.submission_id = s.submission_id)) FROM {submissions} AS s",
    )
    assert counted == [(True,)] * 4
    told = query(tmp_path, "SELECT DISTINCT rule_code, severity, quarantines_row FROM {return_problems} ORDER BY ALL")
    assert told == [("personal_data", "error", True), ("unknown_area", "error", True)]
    assert query(tmp_path, "SELECT kind, cell, text_cy FROM {return_queries}") == [("query", "H4", "Pam cyn lleied?")]
    ((offer, version, pounds),) = query(tmp_path, "SELECT offer_id, version, revised_budget_gbp FROM {return_offers}")
    assert (len(offer), version, str(pounds)) == (12, 1, "200000.00")
    extended = query(
        tmp_path,
        "SELECT DISTINCT extended_due_date FROM {expected_returns} WHERE return_key = 'icf_spend_quarterly' "
        "AND period_key = '2019-20 Q2'",
    )
    assert extended == [(None,)]


def test_nothing_of_personal_data_is_frozen_but_that_it_came(filled, tmp_path):
    freeze(filled.lake, tmp_path)
    for path in tmp_path.glob("*.parquet"):
        assert "enw-ffug" not in str(duckdb.sql(f"SELECT * FROM '{path}'").fetchall())


def test_a_snapshot_as_of_a_moment_has_what_was_known_then(filled, tmp_path):
    freeze(filled.lake, tmp_path, as_of=datetime(2019, 11, 11, tzinfo=UTC))
    assert query(tmp_path, "SELECT submission_version, known_to, closed_by FROM {submissions}") == [(1, None, None)]
    assert query(tmp_path, "SELECT count(*) FROM {return_queries}") == [(0,)]
    ((last,),) = query(
        tmp_path, "SELECT max(period_end) FROM {expected_returns} WHERE return_key = 'icf_spend_quarterly'"
    )
    assert last == date(2019, 9, 30)
    freeze(filled.lake, tmp_path / "before", as_of=datetime(2019, 3, 1, tzinfo=UTC))
    assert query(tmp_path / "before", "SELECT count(*) FROM {return_offers}") == [(0,)]


def test_a_return_accepted_after_a_freeze_is_in_the_next_one_only(desk, made, tmp_path):
    def frozen(day):
        at = datetime(2019, 11, day, 12, tzinfo=UTC)
        freeze(desk.lake, tmp_path / f"{day}", as_of=at, now=at)
        told = query(
            tmp_path / f"{day}",
            "SELECT outcome, submission_version, known_from::DATE, known_to::DATE, closed_by FROM {submissions} "
            "ORDER BY received_at",
        )
        ((cells,),) = query(tmp_path / f"{day}", "SELECT count(DISTINCT submission_id) FROM {return_cells}")
        return told, cells

    held = desk.take(made.SPEND.with_(cover={"certified_by": None, "certified_role": None}), "2019-11-08T09:00:00")
    assert held.judgement.outcome == "held"
    key = next(iter(desk.store.ledger().submissions))
    desk.store.record("certified", at=datetime(2019, 11, 10, tzinfo=UTC), submission_id=key, by="section_151_officer")
    desk.take(made.SPEND.with_(forecast=189_000), "2019-11-13T09:00:00")
    first, second, third = date(2019, 11, 8), date(2019, 11, 13), None
    assert frozen(7) == ([], 0)
    assert frozen(9) == ([("held", None, None, None, None)], 0)  # it came, and stands for nothing yet
    assert frozen(12) == ([("accepted", 1, first, third, None)], 1)  # nothing of what amends it
    assert frozen(14) == ([("accepted", 1, first, second, "superseded"), ("accepted", 2, second, third, None)], 2)


def test_what_fell_due_before_anybody_sent_the_return_is_frozen_as_not_collected(desk, made, tmp_path):
    desk.backdated = False
    desk.take(made.SPEND, "2019-11-18T09:00:00")  # late, for the second quarter
    freeze(desk.lake, tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC))
    told = query(
        tmp_path,
        "SELECT DISTINCT period_key, is_collected FROM {expected_returns} WHERE return_key = 'icf_spend_quarterly' "
        "AND original_due_date < '2020-06-30' ORDER BY ALL",
    )
    assert told == [("2019-20 Q1", False), ("2019-20 Q2", True), ("2019-20 Q3", True), ("2019-20 Q4", True)]


def test_the_same_lake_freezes_to_the_same_inputs_and_one_more_event_to_others(filled, tmp_path):
    def frozen(name, now=NOW):
        return freeze(filled.lake, tmp_path / name, now=now), transform.inputs_hash(tmp_path / name, as_of=None)

    (one, first), (two, second) = frozen("a"), frozen("b", NOW + timedelta(hours=1))
    assert (one.snapshot_id, first) == (two.snapshot_id, second)
    _, tomorrow = frozen("c", NOW + timedelta(days=1))
    assert tomorrow != first  # who is late is another question tomorrow
    filled.store.record("recalled", return_key=KEY[0], period_key=KEY[2])
    three, third = frozen("d")
    assert three.snapshot_id != one.snapshot_id
    assert third != first
    assert set(one.loads) < set(three.loads)


def test_identities_only_grow(desk, made):
    seen = []
    for step in (
        lambda: desk.take(made.SPEND, "2019-11-10T09:00:00"),
        lambda: desk.store.record("recalled", return_key=KEY[0], period_key=KEY[2]),
        lambda: desk.store.write_offers([{"area_code": "x"}]),
        lambda: desk.store.erase(next(iter(desk.store.ledger().submissions)), "x"),
    ):
        step()
        seen.append(set(identities(desk.store.ledger())))
    assert all(before < after for before, after in itertools.pairwise(seen))


def test_a_lake_of_the_sample_speaks_of_the_days_of_its_data(desk, made):
    desk.take(made.SPEND, "2019-11-10T09:00:00")
    ledger = desk.store.ledger()
    last = datetime(2019, 11, 10, 9, tzinfo=UTC)
    today = datetime(2026, 1, 1, tzinfo=UTC)
    then = datetime(2019, 5, 1, tzinfo=UTC)
    assert clock(ledger, sample=True, as_of=None, now=today) == last + SAMPLE_CLOCK
    assert clock(ledger, sample=False, as_of=None, now=today) == today
    assert clock(ledger, sample=True, as_of=then, now=today) == then
    assert clock(type(ledger)(), sample=True, as_of=None, now=today) == today


def test_an_extension_moves_the_due_date_of_whom_it_was_given_to(desk):
    given = date(2019, 12, 2)
    desk.store.record("extended", return_key=KEY[0], area_code=KEY[1], period_key=KEY[2], until=given)
    found = {
        e.area_code: e
        for e in expected_returns(desk.store.ledger(), NOW)
        if (e.return_key, e.period_key) == (KEY[0], KEY[2])
    }
    assert len(found) > 1
    assert found["rpb_gwent"].due == given
    assert {e.due for code, e in found.items() if code != "rpb_gwent"} == {found["rpb_gwent"].original_due_date}
