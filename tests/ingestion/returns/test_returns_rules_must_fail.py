"""Every file of tests/must_fail/returns/rules is told for exactly what is wrong with it, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import yaml

from ingestion.config import CHECKOUT
from ingestion.returns.calendar import due_date
from ingestion.returns.judging import judge_file
from ingestion.returns.offers import read_offers
from ingestion.returns.parse import parse_file
from ingestion.returns.problems import catalogue
from ingestion.returns.spec import load_returns

FOLDER = Path(__file__).parents[2] / "must_fail" / "returns" / "rules"
ENTRIES = yaml.safe_load((FOLDER / "registry.yml").read_text(encoding="utf-8"))
OF_A_ROW = re.compile(
    r"required_|not_a_|number_as|not_whole|negative|out_of|us_date|date_as|unknown_(area|choice)$|outside_sub|marker|"
    r"too_long_text|pattern|adds_to|sums_to|duplicate_row|formula|cumulative|personal|.*\."
)
WITHOUT_AN_EXAMPLE_FILE = {
    "not_judged",
    "no_area", "no_period", "wrong_return", "extra_sheet", "not_asked", "real_in_sample", "synthetic_in_real",
}  # fmt: skip
"""Raised by tests of test_returns_parse.py and test_returns_judging.py."""


def named(entry):
    return f"{entry['file']}{' as ' + entry['name'] if 'name' in entry else ''}"


def take(desk, entry):
    """Receive what came before, then the file itself."""
    if offers := entry.get("offers"):
        desk.store.write_offers(read_offers(FOLDER / offers), known_from=datetime(2019, 4, 1, tzinfo=UTC))
    path = FOLDER / entry["file"]
    moment = entry.get("received_at")
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if moment is None:
        parsed, _ = parse_file(path, path.name)
        on = due_date(parsed.spec(), parsed.period) if parsed.recognised else date(2019, 11, 15)
        moment = datetime.combine(on, time(10), UTC) - timedelta(days=1)
    if before := entry.get("before"):
        first = desk.take(FOLDER / before, moment - timedelta(days=2))
        assert first.judgement.outcome == "accepted", first.problems
    return desk.take(path, moment, sender=entry.get("sender"), name=entry.get("name", entry["file"]))


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_a_file_is_told_for_exactly_what_is_wrong_with_it(desk, entry):
    judged = take(desk, entry)
    found = {p.code for p in judged.problems}
    assert found == set(entry["expects"]), [p.message("en") for p in judged.problems]
    assert judged.judgement.outcome == entry["outcome"]
    made = judged.judgement
    assert made.rows_received == made.rows_accepted + made.rows_quarantined
    for problem in judged.problems:
        texts = {language: (problem.message(language), problem.do(language)) for language in ("en", "cy")}
        for message, do in texts.values():
            assert message
            assert do
            assert "{" not in message + do
            assert "\x00" not in message + do
            assert not re.search(r"(?<!\S)–(?!\S)|“–”|\(–\)", message + do), "a value that should be known is not"
            assert not re.search(r"[“ (:]None[”, ).]", message.replace("None of the", "") + do)
        assert texts["en"][0] != texts["cy"][0]
        assert texts["en"][1] != texts["cy"][1]
        if OF_A_ROW.match(problem.code):
            assert problem.cell is not None
            assert problem.sheet is not None
    if kept := entry.get("keeps"):
        assert any(kept in column for s in judged.parsed.sheets for column in s.values.values())


def test_every_file_is_in_the_registry():
    listed = {e[key] for e in ENTRIES for key in ("file", "before", "offers") if key in e}
    there = {str(f.relative_to(FOLDER)) for f in FOLDER.rglob("*") if f.is_file() and f.name != "registry.yml"}
    assert listed == there


def test_a_file_is_called_after_what_it_is_told_for():
    for entry in ENTRIES:
        code = entry["file"].split(".")[0].split("--")[0]
        if code == "good":
            assert entry["expects"] == []
        elif code != "duplicate":
            assert code in {e.split(".")[-1] for e in entry["expects"]}


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if not {"before", "offers", "received_at"} & set(e) and "sender" not in e], ids=named
)
def test_a_check_before_sending_finds_nothing_that_the_inbox_does_not(entry, sandbox):
    judged = judge_file(FOLDER / entry["file"], entry["file"], sandbox=sandbox)
    needs_a_lake = {"wrong_submitter", "outcomes.project_is_known"}
    assert {p.code for p in judged.problems} == set(entry["expects"]) - needs_a_lake


def source_codes():
    """Codes that parse, rules and judging can raise: catalogue keys that stand in their source."""
    text = "".join(
        (CHECKOUT / "ingestion" / "returns" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("parse", "rules", "judging")
    )
    return set(re.findall(r"\"([a-z_]+)\"", text)) & set(catalogue())


def test_every_code_that_can_be_raised_has_an_example():
    shown = {code for e in ENTRIES for code in e["expects"]}
    read_as_not_whole = {"incomplete_file", "empty_file"}  # raised by the reader, and tested there
    missing = source_codes() - shown - WITHOUT_AN_EXAMPLE_FILE - read_as_not_whole
    assert not missing, f"no file and no test raises {sorted(missing)}"
    tests = "".join(
        (Path(__file__).with_name(f"test_returns_{n}.py")).read_text(encoding="utf-8") for n in ("parse", "judging")
    )
    for code in WITHOUT_AN_EXAMPLE_FILE:
        assert f'"{code}"' in tests, f"no test raises {code}"


def test_no_rule_of_a_spec_shadows_a_code_of_the_catalogue():
    for family in load_returns().values():
        for _, spec in family.versions:
            for sheet in spec.sheets:
                for rule in sheet.rules:
                    assert f"{sheet.key}.{rule.code}" not in catalogue()
