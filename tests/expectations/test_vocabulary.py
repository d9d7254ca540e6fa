from __future__ import annotations

import re
from pathlib import Path

import pytest

from expectations.vocabulary import PERIOD_KEY, area_key, load_aliases, period_key, shown_period
from ingestion.errors import GofalError


@pytest.mark.parametrize(
    ("kind", "label", "code", "sort", "key"),
    [
        ("financial_year_end", "2013-14", "201314", "1396224000000", "2014"),
        ("financial_year_end", "2013/14", None, None, "2014"),
        ("financial_year_end", "2013-2014", None, None, "2014"),
        ("financial_year_end", "2014", "2014", None, "2014"),
        ("financial_year_end", "31/03/2014", "20140331", None, "2014"),
        ("financial_year_end", "31 March 2014", None, None, "2014"),
        ("financial_year_end", "31 Mawrth 2014", None, None, "2014"),
        ("financial_year_end", "Year ending 31 March 2014", None, None, "2014"),
        ("financial_year_end", "1999-00", "199900", None, "2000"),
        ("financial_year_end", None, "201112", None, "2012"),
        ("financial_year_end", "Blwyddyn 9", "9", "1396224000000", "2014"),
        ("financial_year", "2013-14", None, None, "2013-14"),
        ("financial_year", "31/03/2014", None, None, "2013-14"),
        ("mid_year", "2019", "2019", "1561852800000", "2019"),
        ("mid_year", "Mid-2019", None, None, "2019"),
        ("mid_year", "30/06/2019", None, None, "2019"),
        ("mid_year", "31/12/2019", None, None, "2019-12-31"),
        ("calendar_year", "31/12/2019", None, None, "2019"),
        ("calendar_year", None, "201903", None, "2019-m03"),
        ("calendar_year", "2019-03", None, None, "2019-m03"),
        ("point", "2024-02-29", None, None, "2024-02-29"),
        ("financial_year", "Q4 2024-25", "2024Q4", None, "2024-25-q4"),
        ("calendar_year", "2024Q4", None, None, "2024-q4"),
        ("financial_year", "January 2022-23", None, None, "2022-23-m01"),
        ("calendar_year", "Ionawr 2022", None, None, "2022-m01"),
        ("calendar_year", "?", None, "-62135596800000", None),
        ("financial_year_end", "2013-15", None, None, None),
        ("financial_year_end", "30/02/2014", None, None, None),
        ("financial_year_end", "1066", None, None, None),
        ("financial_year_end", "2014 estimate", "x", None, None),
        ("financial_year_end", None, None, None, None),
    ],
)
def test_a_period_is_recognised_however_it_is_written(
    kind: str, label: str | None, code: str | None, sort: str | None, key: str | None
) -> None:
    assert period_key(kind, label, code, sort) == key  # type: ignore[arg-type]
    assert bool(re.match(PERIOD_KEY, shown_period(key, label, code))) == (key is not None)


def test_an_area_is_known_by_code_or_label_in_either_language(tmp_path: Path) -> None:
    seed = tmp_path / "aliases.csv"
    seed.write_text("alias,area_code\nYnys Môn,W06000001\n512,W06000001\nThe  Vale,W06000014\n", encoding="utf-8")
    aliases = load_aliases(seed)
    assert area_key(aliases, "ynys môn", "1") == "W06000001"
    assert area_key(aliases, None, "512") == "W06000001"
    assert area_key(aliases, "w06000014", None) == "W06000014"
    assert area_key(aliases, "the vale", None) == "W06000014"
    assert area_key(aliases, "Atlantis", None) is None
    assert area_key(aliases, None, None) is None


def test_a_gss_code_that_nobody_knows_is_believed_over_a_known_label(tmp_path: Path) -> None:
    seed = tmp_path / "aliases.csv"
    seed.write_text("alias,area_code\nYnys Môn,W06000001\n", encoding="utf-8")
    assert area_key(load_aliases(seed), "Ynys Môn", "W06000099") is None


@pytest.mark.parametrize("text", [None, "name,code\na,b\n"])
def test_a_list_of_areas_that_cannot_be_read_says_what_to_do(tmp_path: Path, text: str | None) -> None:
    seed = tmp_path / "aliases.csv"
    if text:
        seed.write_text(text, encoding="utf-8")
    with pytest.raises(GofalError) as raised:
        load_aliases(seed)
    assert str(seed) in raised.value.en
    assert str(seed) in raised.value.cy


def test_the_seed_of_the_warehouse_knows_wales_and_its_authorities() -> None:
    codes = set(load_aliases().values())
    assert "W92000004" in codes
    assert len([code for code in codes if code.startswith("W06")]) == 22
