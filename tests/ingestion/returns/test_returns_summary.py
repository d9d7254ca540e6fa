"""What the run report, the summary of a run and `gofal status` say of returns."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from ingestion import report as reporting
from ingestion.config import Settings
from ingestion.lake import Lake
from ingestion.returns import summary
from ingestion.returns.spec import Family, find_return
from ingestion.returns.store import Judgement, ReturnStore
from ingestion.returns.tables import problem_schema
from ingestion.runs import RunFolder

KEY, CCG = "icf_spend_quarterly", "ccg_spend_quarterly"
GWENT, CARDIFF = "rpb_gwent", "W06000015"
PERIOD = "2019-20 Q2"
NOW = datetime(2020, 1, 6, 9, tzinfo=UTC)


@pytest.fixture
def families() -> dict[str, Family]:
    return {KEY: find_return(KEY), CCG: find_return(CCG)}


class Inbox:
    """Submissions in a lake, judged as told."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.store = ReturnStore(lake)
        self.folder = folder
        self.day = datetime(2019, 11, 10, 10, tzinfo=UTC)

    def sent(self, outcome: Any, problems: list[dict[str, Any]] | None = None, **more: Any) -> str:
        self.day += timedelta(hours=1)
        path = self.folder / "Jac Huws b. 2009.csv"
        path.write_text(self.day.isoformat())
        receipt = self.store.receive(
            path, original_name=path.name, inbox_key=str(self.day), channel="inbox", sender=GWENT, received_at=self.day
        )  # fmt: skip
        lines = [dict.fromkeys(problem_schema().names) | {"severity": "error", **p} for p in problems or []]
        for line in lines:
            line |= {"submission_id": receipt.submission_id, "quarantines_row": bool(line["row_number"])}
        table = pa.Table.from_pylist(lines, schema=problem_schema())
        about = {"return_key": KEY, "area_code": GWENT, "period_key": PERIOD, "prepared_by": "Mair Huws"}
        judgement = Judgement(
            outcome=outcome,
            problems=self.store.write_table(receipt.submission_id, "problems", table),
            **{**about, **more},
        )
        self.store.record("judged", at=self.day, submission_id=receipt.submission_id, judgement=judgement)
        return receipt.submission_id

    def document(self, *keys: str) -> dict[str, Any]:
        """What the stage writes of them."""
        found = [self.store.ledger().submissions[key] for key in keys]
        return {
            "outcomes": dict(Counter(str(s.outcome) for s in found)),
            "submissions": [{"submission_id": key, "answer": f"outbox/gwent/{key}"} for key in keys],
        }


@pytest.fixture
def inbox(lake: Lake, tmp_path: Path) -> Inbox:
    return Inbox(lake, tmp_path)


def about(inbox: Inbox, families: dict[str, Family], *keys: str) -> summary.ReturnsReport:
    made = summary.summarise(inbox.store.lake, inbox.document(*keys), None, sample=False, families=families, now=NOW)
    assert made is not None
    return made


def cell(code: str, name: str, en: str, cy: str, row: int = 5, sheet: str = "spend") -> dict[str, Any]:
    return {
        "rule_code": code, "sheet": sheet, "row_number": row, "column_name": name, "cell": f"F{row}", "message_en": en,
        "message_cy": cy,
    }  # fmt: skip


def test_a_lake_to_which_nobody_sent_anything_has_no_section(lake: Lake) -> None:
    assert summary.summarise(lake, {"outcomes": {}, "submissions": []}, None, sample=True) is None


def test_reasons_are_told_in_both_languages_without_what_stands_in_the_cells(
    inbox: Inbox, families: dict[str, Family]
) -> None:
    sheet = families[KEY].newest.sheet("spend")
    column = next(c for c in sheet.columns if c.is_number)
    key = inbox.sent(
        "quarantined",
        [
            cell("not_a_number", column.key, "has “4711”", "mae “4711”"),
            cell("not_a_number", column.key, "has “4712”", "mae “4712”", 6),
            *(cell(f"spend.{r.code}", r.columns[0], "£4713 is more", "mae £4713 yn fwy") for r in sheet.rules),
            cell("unheard_of", column.key, "4714", "4714"),
            {"rule_code": "missing_sheet", "sheet": "spend", "message_en": "It is missing.", "message_cy": "Ar goll."},
        ],
        rows_received=7,
        rows_quarantined=7,
    )
    [sent] = about(inbox, families, key).sent
    assert sent.title_en != sent.title_cy
    assert (sent.rows_received, sent.rows_quarantined, sent.area_code) == (7, 7, GWENT)
    first = sent.reasons[0]
    assert first.count == 2
    assert column.heading_en in first.en
    assert column.heading_cy in first.cy
    assert len(sent.reasons) == summary.REASONS
    assert sent.more_reasons == len(sheet.rules) + 3 - summary.REASONS
    every = summary._reasons(inbox.store, inbox.store.ledger().submissions[key].judgement, families[KEY].of(PERIOD))  # type: ignore[arg-type]  # it was judged
    told = json.dumps([r.model_dump() for r in every], ensure_ascii=False)
    assert "471" not in told
    assert "{" not in "".join(r.en + r.cy for r in every)
    assert "It is missing." in told


def test_of_what_appears_to_hold_personal_data_only_that_is_told(inbox: Inbox, families: dict[str, Family]) -> None:
    key = inbox.sent(
        "quarantined",
        [
            cell("personal_data", "project", "It says Jac Huws.", "Mae’n dweud Jac Huws."),
            {"rule_code": "wrong_area", "message_en": "“Jac Huws” is no area.", "message_cy": "Nid yw “Jac Huws”."},
        ],
        has_personal_data=True,
    )
    made = about(inbox, families, key)
    assert [r.code for s in made.sent for r in s.reasons] == ["personal_data"]
    assert "Huws" not in made.model_dump_json()


def test_what_is_open_from_earlier_runs_is_told_until_another_takes_its_place(
    inbox: Inbox, families: dict[str, Family]
) -> None:
    first = inbox.sent("quarantined")
    unknown = inbox.sent("quarantined", return_key=None, area_code=None, period_key=None)
    held = inbox.sent("held", return_key=CCG, area_code=CARDIFF)
    assert [s.submission_id for s in about(inbox, families).waiting] == [first, unknown, held]
    again = inbox.sent("quarantined")
    made = about(inbox, families, again)
    assert [s.submission_id for s in made.sent] == [again]
    assert [s.submission_id for s in made.waiting] == [unknown, held]
    assert made.waiting[0].title_en == summary.UNKNOWN[0]
    inbox.sent("accepted")
    assert [s.submission_id for s in about(inbox, families).waiting] == [unknown, held]


def test_those_that_owe_a_return_are_told_with_the_days_the_latest_first(
    inbox: Inbox, families: dict[str, Family]
) -> None:
    inbox.sent("accepted")
    inbox.store.record(
        "extended", return_key=CCG, area_code=CARDIFF, period_key=PERIOD, until=datetime(2019, 12, 30).date()
    )
    made = about(inbox, families)
    assert (KEY, GWENT, PERIOD) not in {(o.return_key, o.area_code, o.period_key) for o in made.late}
    days = [o.days_late for o in made.late]
    assert days == sorted(days, reverse=True)
    cardiff = next(o for o in made.late if (o.area_code, o.period_key) == (CARDIFF, PERIOD))
    assert (cardiff.days_late, cardiff.days_en, cardiff.days_cy) == (7, "7 days", "7 diwrnod")
    assert (cardiff.area_en, cardiff.area_cy) == ("Cardiff", "Caerdydd")


def database(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema funding_streams")
        connection.execute(
            """
            create table funding_streams.grant_spend as select * from (values
                ('b', 'Beta', 'Beta (cy)', 'a1', '2019-20 Q2', date '2019-09-30', 100.00, 90.10, true, null),
                ('b', 'Beta', 'Beta (cy)', 'a2', '2019-20 Q2', date '2019-09-30', 50.00, null, true, null),
                ('b', 'Beta', 'Beta (cy)', 'a3', '2019-20 Q2', date '2019-09-30', null, 7.00, true, null),
                ('a', 'Alpha', 'Alpha (cy)', 'a1', '2019-20 Q2', date '2019-09-30', 10.00, 12.00, true, null),
                ('a', 'Alpha', 'Alpha (cy)', 'a1', '2019-20 Q2', date '2019-09-30', 10.00, 12.00, false, null),
                ('a', 'Alpha', 'Alpha (cy)', 'a1', '2019-20 Q1', date '2019-06-30', 5.00, 5.00, true, null),
                ('a', 'Alpha', 'Alpha (cy)', 'a1', '2019-20', date '2020-03-31', 5.00, 5.00, true, null),
                ('c', 'Gamma', 'Gamma (cy)', 'a1', '2019-20 Q2', date '2019-09-30', null, 4.00, true, null)
            ) as t(stream_key, stream_name_en, stream_name_cy, area_code, period_key, period_end, profile_gbp,
                spend_to_date_gbp, counts_towards_total, known_to)
            """
        )
    return path


def test_spend_is_held_against_profile_of_the_newest_quarter_and_what_is_missing_is_not_zero(tmp_path: Path) -> None:
    found = summary.spend(database(tmp_path / "gofal.duckdb"))
    told = [(s.name_en, s.areas, s.lines, s.lines_left_out, s.profile_gbp, s.spend_gbp, s.variance_gbp) for s in found]
    assert told == [
        ("Alpha", 1, 1, 0, Decimal("10"), Decimal("12"), Decimal("2")),
        ("Beta", 3, 3, 2, Decimal("100"), Decimal("90.1"), Decimal("-9.9")),
        ("Gamma", 1, 1, 1, None, None, None),
        ("All streams, Wales", 3, 5, 3, Decimal("110"), Decimal("102.1"), Decimal("-7.9")),
    ]  # fmt: skip
    assert {s.period_key for s in found} == {PERIOD}
    with duckdb.connect(str(tmp_path / "empty.duckdb")):
        pass
    assert summary.spend(tmp_path / "empty.duckdb") == []


def run_folder(settings: Settings, document: dict[str, Any] | None, *, is_inbox: bool = True) -> RunFolder:
    run = RunFolder(path=settings.runs / "r")
    run.write("run", {"run_id": "r", "started_at": "2026-01-01T00:00:00+00:00", "is_inbox": is_inbox})
    if document is not None:
        run.write("returns", document)
    return run


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("cy", 1)])
def test_the_page_of_an_inbox_run_tells_of_returns_and_of_no_sources(
    settings: Settings, inbox: Inbox, language: Any, place: int
) -> None:
    database(settings.published / "current" / "gofal.duckdb")
    column = find_return(KEY).newest.sheet("spend").columns[-1].key
    key = inbox.sent("quarantined", [cell("missing_value", column, "<b>4711</b>", "<b>4711</b>")])
    report = reporting.make(settings, run_folder(settings, inbox.document(key)), {})
    page = reporting.render(report, language)
    headings = [("Returns", "Ffurflenni"), ("Late returns", "Ffurflenni hwyr"), ("Beta", "Beta (cy)")]
    assert all(words[place] in page for words in headings)
    assert ("Sources", "Ffynonellau")[place] not in page
    assert report.returns is not None
    assert len(report.returns.late) > 20  # the rest are folded away
    others = ("The others", "Y lleill")[place]
    assert f"<summary>{others} ({len(report.returns.late) - 20:,})</summary>" in page
    assert key in page
    assert "Huws" not in page
    assert "4711" not in page
    assert page.count("<details") == page.count("</details>")
    assert page.count("<table") == page.count("</table>")
    assert page.count("<p") >= page.count("</p>")
    nightly = reporting.make(settings, run_folder(settings, None, is_inbox=False), {})
    assert f">{('Sources', 'Ffynonellau')[place]}<" in reporting.render(nightly, language)
    assert ("Nothing was in the inbox", "Nid oedd dim yn y blwch")[place] not in reporting.render(nightly, language)


@pytest.mark.parametrize(
    ("outcome", "warned"), [("accepted", False), ("quarantined", True), ("part_accepted", True), ("held", False)]
)
def test_a_return_that_was_left_out_is_a_warning_and_no_failure(
    settings: Settings, inbox: Inbox, outcome: str, warned: bool
) -> None:
    report = reporting.make(settings, run_folder(settings, inbox.document(inbox.sent(outcome))), {})
    assert report.exit_code == 0
    assert report.has_warnings is warned
    assert ("with warnings" in report.headline_en) is warned
    assert ("gyda rhybuddion" in report.headline_cy) is warned
    assert reporting.Report.model_validate_json(report.model_dump_json()).returns == report.returns


def test_the_summary_of_a_run_and_the_status_tell_of_returns(
    settings: Settings, inbox: Inbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingestion.cli import _summary, app

    inbox.sent("accepted", return_key=CCG, area_code=CARDIFF)
    key = inbox.sent("quarantined", [{"rule_code": "empty_file", "message_en": "Empty.", "message_cy": "Gwag."}])
    report = reporting.make(settings, run_folder(settings, inbox.document(key)), {})
    _summary(report, Path(), 1)
    said = capsys.readouterr().out
    assert "\nReturns\n  1 not accepted\n" in said
    assert "error: Empty." in said
    assert "Sources" not in said
    monkeypatch.setenv("GOFAL_HOME", str(settings.root))
    counted = json.loads(CliRunner().invoke(app, ["status", "--json"]).output)["returns"]
    assert (counted["stand"], counted["held"], counted["quarantined"]) == (1, 0, 1)
    assert counted["overdue"] > 0
    # what fell due before anybody sent it is not among what is expected, here or in the report
    assert report.returns is not None
    assert "not_collected" not in report.returns.standing
    assert counted["expected"] == sum(report.returns.standing.values())
    every = json.loads(CliRunner().invoke(app, ["returns", "status", "--json"]).output)
    assert len(every) > counted["expected"] == sum(one["status"] != "not_collected" for one in every)
    told = CliRunner().invoke(app, ["status", "--lang", "cy"]).output
    assert f"\nFfurflenni\n  {counted['expected']:>6,} a ddisgwylir\n" in told
    assert "gofal returns status" in told
    one = CliRunner().invoke(app, ["status", "population_by_age", "--json"]).output
    assert json.loads(one)["returns"] is None


def test_a_home_without_returns_says_nothing_of_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingestion.cli import app

    monkeypatch.setenv("GOFAL_HOME", str(settings.root))
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).output)["returns"] is None
    assert "\nReturns\n" not in CliRunner().invoke(app, ["status"]).output
