"""What stands of every expected return: the report and the mart say the same of the same ledger."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import duckdb
import jinja2
import pytest

from ingestion.cli_returns import EVENTS
from ingestion.config import CHECKOUT
from ingestion.lake import LandedFile
from ingestion.returns.snapshot import tables
from ingestion.returns.spec import Family, find_return
from ingestion.returns.standing import OWED, Standing, Status, standings
from ingestion.returns.store import Event, Judgement, Ledger, Receipt, SubmissionOutcome, fold
from ingestion.returns.wording import status_in_a_sentence, status_words
from ingestion.transform import SNAPSHOT_COLUMNS, _parquet

KEY, GWENT, PERIOD = "icf_spend_quarterly", "rpb_gwent", "2019-20 Q2"
DUE = date(2019, 11, 15)
NOW = datetime(2019, 12, 1, 9, tzinfo=UTC)
MODELS = CHECKOUT / "dbt_project" / "models"
numbers = itertools.count()


@pytest.fixture(scope="module")
def families() -> dict[str, Family]:
    return {KEY: find_return(KEY)}


class Story:
    """What came for one return of one submitter, day by day after the due date."""

    def __init__(self, area: str = GWENT, period: str = PERIOD) -> None:
        self.area, self.period = area, period
        self.receipts: list[Receipt] = []
        self.events: list[Event] = []

    def at(self, day: float) -> datetime:
        return datetime(DUE.year, DUE.month, DUE.day, tzinfo=UTC) + timedelta(days=day, hours=12)

    def came(self, day: float, outcome: Any, **more: Any) -> Story:
        key = f"{next(numbers):016x}"
        file = LandedFile(role="return", path=f"landed/{key}", sha256=key * 4, bytes=1, url="x")
        at = self.at(day)
        self.receipts.append(
            Receipt(
                submission_id=key, received_at=at, landed_at=at, channel="inbox", original_name="x.xlsx", inbox_key=key,
                file=file,
            )
        )  # fmt: skip
        about = {"return_key": KEY, "area_code": self.area, "period_key": self.period, "is_synthetic": True}
        return self.then("judged", day, judgement=Judgement(outcome=outcome, **{**about, **more}))

    def then(self, kind: Any, day: float, **more: Any) -> Story:
        about = {"return_key": KEY, "area_code": self.area, "period_key": self.period}
        if kind in ("judged", "certified", "withdrawn", "erased"):
            about = {"submission_id": self.receipts[-1].submission_id}
        self.events.append(Event(event_id=f"{next(numbers):012x}", kind=kind, at=self.at(day), **{**about, **more}))
        return self


STORIES: dict[str, tuple[Story, str, int]] = {
    "in time": (Story().came(-3, "accepted", errors=0, warnings=2), "received", 0),
    "on the day": (Story().came(0.4, "accepted"), "received", 0),
    "late": (Story().came(5, "accepted"), "received_late", 5),
    "late, before an extension ends": (
        Story().came(5, "accepted").then("extended", -9, until=date(2019, 11, 20)),
        "received",
        0,
    ),
    "later than an extension": (
        Story().came(8, "accepted").then("extended", -9, until=date(2019, 11, 20)),
        "received_late",
        3,
    ),
    "sent back and mended in time": (Story().came(-6, "quarantined").came(-1, "accepted"), "received", 0),
    "sent back and mended late": (Story().came(-6, "quarantined").came(2, "accepted"), "received_late", 2),
    "corrected late": (Story().came(-6, "accepted").came(9, "accepted"), "received", 0),
    "sent back": (Story().came(-6, "quarantined", errors=4), "quarantined", 16),
    "sent back long before it is due": (Story().came(-60, "quarantined"), "quarantined", 16),
    "sent twice": (Story().came(-6, "accepted").came(3, "duplicate"), "received", 0),
    "nobody ever sent any": (Story(), "not_collected", 0),
    "the first of it came when it was overdue, for another period": (
        Story("rpb_north_wales", period="2019-20 Q3").came(9, "accepted"),
        "not_collected",
        0,
    ),
    "the first of it came for another period on the day": (
        Story("rpb_north_wales", period="2019-20 Q1").came(0, "quarantined"),
        "overdue",
        16,
    ),
    "the first of it was somebody’s for this period, late": (
        Story("rpb_north_wales").came(9, "accepted"),
        "overdue",
        16,
    ),
    "only a second copy": (Story().came(3, "duplicate"), "overdue", 16),
    "nothing to report": (Story().came(-2, "accepted", is_nil=True), "nil_return", 0),
    "in part": (Story().came(4, "part_accepted", rows_quarantined=2), "part_accepted", 4),
    "held": (Story().came(6, "held"), "received_late", 6),
    "held and certified": (Story().came(-6, "held").then("certified", 9), "received", 0),
    "withdrawn": (Story().came(-6, "accepted").then("withdrawn", 2), "withdrawn", 0),
    "withdrawn and sent again": (Story().came(-6, "accepted").then("withdrawn", 2).came(3, "accepted"), "received", 0),
    "recalled": (Story().came(-6, "accepted").then("recalled", 2), "recalled", 0),
    "recalled from all": (Story().came(-6, "accepted").then("recalled", 2, area_code=None), "recalled", 0),
    "recalled before anything came": (Story().then("recalled", 2), "recalled", 0),
    "recalled and sent again": (Story().came(-6, "accepted").then("recalled", 2).came(4, "accepted"), "received", 0),
    "recalled, and another stands": (Story().then("recalled", -9).came(1, "accepted"), "received_late", 1),
    "a bad correction": (Story().came(-6, "accepted").came(4, "quarantined"), "received", 0),
    "erased": (Story().came(-6, "accepted").then("erased", 1), "overdue", 16),
    "never came": (Story("rpb_west_glamorgan", period="2019-20 Q1").came(-90, "accepted"), "overdue", 16),
    "an extension runs": (Story().then("extended", -9, until=date(2019, 12, 1)), "not_due", 0),
    "an extension is over": (Story().then("extended", -9, until=date(2019, 11, 30)), "overdue", 1),
    "of somebody else": (Story("rpb_north_wales").came(-6, "accepted"), "overdue", 16),
    "not recognised": (
        Story().came(-6, "quarantined", return_key=None, area_code=None, period_key=None),
        "not_collected",
        0,
    ),
}


def ledger_of(story: Story) -> Ledger:
    return fold(sorted(story.receipts, key=lambda r: r.received_at), story.events)


def gwent(found: list[Standing]) -> Standing:
    return next(s for s in found if (s.area_code, s.period_key) == (GWENT, PERIOD))


@pytest.mark.parametrize("name", STORIES)
def test_status_and_lateness(name: str, families: dict[str, Family]) -> None:
    story, status, late = STORIES[name]
    found = gwent(standings(ledger_of(story), NOW, families))
    assert (found.status, found.days_late) == (status, late)


def test_it_names_the_submission_that_stands_and_its_problems(families: dict[str, Family]) -> None:
    story = Story().came(-6, "accepted", warnings=1).came(-5, "accepted", errors=2, warnings=3).came(1, "duplicate")
    found = gwent(standings(ledger_of(story), NOW, families))
    assert found.submission_id == story.receipts[1].submission_id
    assert (found.submission_version, found.submissions, found.problems) == (2, 2, 5)
    assert found.first_received_at == story.at(-6)
    assert found.accepted_at == story.at(-5)
    back = gwent(standings(ledger_of(STORIES["sent back"][0]), NOW, families))
    assert (back.submission_id, back.submission_version, back.accepted_at, back.problems) == (None, None, None, 4)
    assert gwent(standings(ledger_of(STORIES["held"][0]), NOW, families)).is_held


def test_what_is_not_due_yet_and_what_nobody_asks_for_is_not_late(families: dict[str, Family]) -> None:
    early = datetime(2019, 11, 15, 23, tzinfo=UTC)
    ledger = ledger_of(STORIES["never came"][0])
    assert gwent(standings(ledger, early, families)).status == "not_due"
    assert gwent(standings(ledger, early + timedelta(hours=1), families)).status == "overdue"
    assert gwent(standings(Ledger(), early, families)).status == "not_due"
    assert gwent(standings(Ledger(), early + timedelta(hours=1), families)).status == "not_collected"
    spec = families[KEY].newest.model_copy(update={"submitters": ("rpb_north_wales",)})
    others = {KEY: Family(versions=((spec.first_period, spec),))}
    found = gwent(standings(Ledger(), NOW, others))
    assert (found.status, found.days_late) == ("not_required", 0)


def test_a_home_that_never_received_a_return_calls_none_overdue() -> None:
    found = standings(Ledger(), datetime(2026, 1, 1, tzinfo=UTC))
    assert {s.status for s in found if s.due < date(2026, 1, 1)} <= {"not_collected", "not_required"}
    assert sum(s.status == "not_collected" for s in found) > 1000
    assert not any(s.days_late for s in found)


def test_collection_of_one_return_begins_nothing_of_another() -> None:
    ledger = ledger_of(STORIES["in time"][0])
    owed = {s.return_key for s in standings(ledger, datetime(2026, 1, 1, tzinfo=UTC)) if s.status in OWED}
    assert owed == {KEY}


def test_a_spec_may_say_from_when_a_return_is_collected(families: dict[str, Family]) -> None:
    def status(collected_from: date, ledger: Ledger) -> str:
        spec = families[KEY].newest.model_copy(update={"collected_from": collected_from})
        return gwent(standings(ledger, NOW, {KEY: Family(versions=((spec.first_period, spec),))})).status

    assert status(DUE, Ledger()) == "overdue"  # though nobody ever sent any
    assert status(DUE + timedelta(days=1), Ledger()) == "not_collected"
    assert status(DUE + timedelta(days=1), ledger_of(STORIES["never came"][0])) == "not_collected"
    assert status(DUE + timedelta(days=1), ledger_of(STORIES["of somebody else"][0])) == "overdue"


def test_what_was_known_earlier_decides_what_was_collected_then(families: dict[str, Family]) -> None:
    """A first file later does not make anything late in the calendar of an earlier moment, nor before its own day."""
    story = Story("rpb_north_wales", period="2019-20 Q3").came(9, "accepted")
    later = datetime(2020, 6, 1, tzinfo=UTC)
    found = {s.period_key: s.status for s in standings(ledger_of(story), later, families) if s.area_code == GWENT}
    assert (found["2019-20 Q2"], found["2019-20 Q3"]) == ("not_collected", "overdue")
    none = {s.period_key: s.status for s in standings(Ledger(), later, families) if s.area_code == GWENT}
    assert none["2019-20 Q3"] == "not_collected"


def test_every_status_and_every_outcome_has_words_in_both_languages() -> None:
    words = status_words()
    assert {*get_args(Status), *get_args(SubmissionOutcome), "superseded", "erased"} == set(words)
    assert all(en and cy and en != cy for en, cy in words.values())
    assert status_in_a_sentence("held", "cy") == "mewn trefn, yn aros i gael ei hardystio"


def test_the_command_line_calls_an_event_what_the_status_after_it_is_called() -> None:
    both = set(EVENTS) & set(status_words())
    assert both == {"withdrawn", "recalled", "erased"}
    for event in both:
        assert EVENTS[event] == tuple(status_in_a_sentence(event, language) for language in ("en", "cy"))


# -- the mart ----------------------------------------------------------------------------------------------------


def rendered(model: str) -> str:
    """The SQL of a model, with what it reads as tables of a plain database."""
    macros = {
        "ref": lambda name: f'"{name}"',
        "source": lambda _, name: f'"{name}"',
        "days_between": lambda first, last: f"date_diff('day', {first}, {last})",
        "dbt": SimpleNamespace(type_string=lambda: "varchar"),
    }
    [path] = MODELS.rglob(f"{model}.sql")
    # SQL, not a page: nothing of it is escaped
    return jinja2.Environment(autoescape=False).from_string(path.read_text(encoding="utf-8")).render(**macros)


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        seeds = CHECKOUT / "dbt_project" / "seeds"
        connection.execute(f"create table return_statuses as from read_csv('{seeds / 'return_statuses.csv'}')")
        with (seeds / "areas.csv").open(encoding="utf-8", newline="") as handle:
            rows = [
                (r["area_code"], r["area_code"], r["area_name_en"], r["area_name_cy"]) for r in csv.DictReader(handle)
            ]
        connection.execute(
            "create table int_area_versions (area_code varchar, area_version_key varchar, area_name_en varchar, "
            "area_name_cy varchar, applies_from date default '0001-01-01', applies_to date default '9999-12-31')"
        )
        connection.executemany(
            "insert into int_area_versions (area_code, area_version_key, area_name_en, area_name_cy) values (?,?,?,?)",
            rows,
        )
        yield connection


READS = ("stg_returns__submissions", "stg_returns__expected", "stg_returns__specs", "int_build_moment")


def calendar(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, families: dict[str, Family], folder: Path
) -> list[tuple[Any, ...]]:
    frozen = tables(ledger, NOW, families)
    frozen["snapshot"] = (SNAPSHOT_COLUMNS, [{"frozen_at": NOW, "day": NOW.date()}])
    for name in ("submissions", "expected_returns", "return_specs", "snapshot"):
        _parquet(folder / f"{name}.parquet", *frozen[name])
        connection.execute(f"create or replace table {name} as from '{folder / name}.parquet'")
    for name in READS:
        connection.execute(f"create or replace table {name} as {rendered(name)}")
    found: list[tuple[Any, ...]] = connection.execute(
        "select area_code, period_key, status, days_late, due_date, first_received_at, accepted_at, submission_id, "
        f"submission_version, submissions from ({rendered('return_calendar')}) order by all"
    ).fetchall()
    return found


@pytest.mark.parametrize("name", STORIES)
def test_the_mart_says_the_same(
    name: str,
    families: dict[str, Family],
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
) -> None:
    ledger = ledger_of(STORIES[name][0])

    def plain(moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=None) if moment else None

    ours = [
        (
            s.area_code, s.period_key, s.status, s.days_late, s.due, plain(s.first_received_at), plain(s.accepted_at),
            s.submission_id, s.submission_version, s.submissions,
        )
        for s in standings(ledger, NOW, families)
    ]  # fmt: skip
    marts = calendar(warehouse, ledger, families, tmp_path)
    assert sorted(ours, key=str) == sorted(marts, key=str)
