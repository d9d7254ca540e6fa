"""The page on returns: what it tells a data engineer to write is a spec, and its Welsh keeps step with its English."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import get_args

from ingestion.config import CHECKOUT
from ingestion.returns.offers import read_offers
from ingestion.returns.spec import Feed, load_returns, read_family
from ingestion.returns.store import SubmissionOutcome
from ingestion.returns.wording import status_words

ENGLISH = (CHECKOUT / "docs" / "returns.md").read_text(encoding="utf-8")
WELSH = (CHECKOUT / "docs" / "returns.cy.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_example_of_a_spec_and_its_change_are_ones(tmp_path: Path) -> None:
    first, _, change = blocks(ENGLISH, "yaml")
    path = tmp_path / "short_breaks_quarterly.yml"
    path.write_text(first + change, encoding="utf-8")
    family = read_family(path)
    old, new = family.of("2020-21 Q4"), family.of("2021-22 Q1")
    assert [c.key for c in old.sheets[0].columns] == ["provider", "children", "days", "cost"]
    assert [c.key for c in new.sheets[0].columns] == ["provider", "children", "waiting", "days", "cost"]
    assert old.sheets[0].column("days").heading_en in new.sheets[0].column("days").also


def test_the_example_of_a_grant_is_one_that_the_mart_takes(tmp_path: Path) -> None:
    grant = blocks(ENGLISH, "yaml")[1]
    path = tmp_path / f"{re.findall(r'^key: (.*)$', grant, re.MULTILINE)[0]}.yml"
    path.write_text(grant, encoding="utf-8")
    (sheet,) = read_family(path).newest.sheets
    with (CHECKOUT / "dbt_project" / "seeds" / "funding_streams.csv").open(encoding="utf-8", newline="") as handle:
        assert sheet.constants["stream_key"] in {row["stream_key"] for row in csv.DictReader(handle)}
    assert {*sheet.constants, *(c.role for c in sheet.columns)} <= roles()["grant_spend"]


def roles() -> dict[str, set[str]]:
    """What the page's table says of each feed."""
    lines = re.findall(r"^\| `(\w+)` \| (\*\*`.*)\|$", ENGLISH, re.MULTILINE)
    return {feed: set(re.findall(r"`(\w+)`", told)) for feed, told in lines}


def test_the_table_of_feeds_has_what_the_returns_feed() -> None:
    told = roles()
    assert set(told) == set(get_args(Feed))
    for family in load_returns().values():
        for sheet in (s for _, spec in family.versions for s in spec.sheets if s.feed):
            named = {c.role for c in sheet.columns if c.role} | set(sheet.constants)
            assert named - {"variance_reason", "model_of_care"} <= told[str(sheet.feed)], (family.key, sheet.key)


def test_the_example_of_offer_letters_is_one(tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text(blocks(ENGLISH, "csv")[0], encoding="utf-8")
    assert [offer["version"] for offer in read_offers(path)] == [1, 2]


def test_the_officers_part_is_the_same_in_both_languages() -> None:
    officer = ENGLISH.partition("## I receive returns")[0]
    for pattern in (r"^#+ ", r"^\|", r"^- "):
        assert len(re.findall(pattern, officer, re.MULTILINE)) == len(re.findall(pattern, WELSH, re.MULTILINE)), pattern
    commands = [re.findall(r"^gofal returns \w+", text, re.MULTILINE) for text in (officer, WELSH)]
    assert commands[0] == commands[1]


def test_every_outcome_is_explained_in_both_languages() -> None:
    for en, cy in (status_words()[outcome] for outcome in get_args(SubmissionOutcome)):
        assert f"*{en}" in ENGLISH
        assert f"*{cy}" in WELSH
