"""The returns that the repository describes, and what a description may not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ingestion.errors import RegistryError
from ingestion.returns.areas import areas_of_type
from ingestion.returns.rules import compile_rules
from ingestion.returns.spec import ReturnSpec, Sheet, find_return, load_returns, read_family

VERSIONS = [
    pytest.param(spec, id=f"{key}-{spec.version}")
    for key, family in load_returns().items()
    for _, spec in family.versions
]
ROLES = {
    "grant_spend": {"stream_key", "spend_to_date_gbp", "budget_gbp", "capital_or_revenue"},
    "virement": {"from_stream_key", "to_stream_key", "amount_gbp"},
    "grant_projects": {"stream_key", "project_key", "outcome_measure", "outcome_value", "narrative"},
    "reduction_plan": {"priority", "financial_year", "planned_reduction", "assumption"},
    "reduction_progress": {"priority", "reduction_to_date", "narrative"},
    "advocacy": {"provider", "authority", "eligible", "active_offers_made", "active_offers_accepted"},
    "regional_accommodation": {"scheme_key", "funding_gbp", "homes", "beds_planned", "beds_open", "beds_outstanding"},
    "children_voice": {"survey_key", "age_band", "question_key", "question_en", "question_cy", "response_pct"},
    "measures": {"measure_key", "value"},
}
SAME_IN_BOTH = {"Partner", "2019-20", "2020-21", "2021-22"}
"""Words that are the same in both languages."""


def pairs(part: Any, where: str = "") -> Iterator[tuple[str, str | None, str | None]]:
    """Every English text and its Welsh fellow, however deep."""
    if isinstance(part, BaseModel):
        names = set(type(part).model_fields)
        for stem in sorted(n.removesuffix("en") for n in names if n == "en" or n.endswith("_en")):
            yield f"{where}.{stem}", getattr(part, f"{stem}en"), getattr(part, f"{stem}cy")
        for name in sorted(names):
            yield from pairs(getattr(part, name), f"{where}.{name}")
    elif isinstance(part, tuple):
        for number, inner in enumerate(part):
            yield from pairs(inner, f"{where}[{number}]")


def placeholders(text: str | None) -> set[str]:
    return set(re.findall(r"{([^}]*)}", text or ""))


@pytest.mark.parametrize("spec", VERSIONS)
def test_every_text_stands_in_both_languages_and_differs(spec: ReturnSpec) -> None:
    wrong = [
        (where, en, cy)
        for where, en, cy in pairs(spec)
        if bool(en) != bool(cy) or (en and en == cy and en not in SAME_IN_BOTH)
    ]
    assert not wrong


@pytest.mark.parametrize("spec", VERSIONS)
def test_texts_use_typographic_apostrophes(spec: ReturnSpec) -> None:
    assert not [text for _, *both in pairs(spec) for text in both if text and "'" in text]


@pytest.mark.parametrize("spec", VERSIONS)
def test_every_rule_can_be_read_and_tells_both_languages_the_same(spec: ReturnSpec) -> None:
    assert compile_rules(spec) == []
    for sheet in spec.sheets:
        known = {c.key for c in sheet.columns}
        known |= {f"previous.{k}" for k in known} | {"offer.revised_budget_gbp", "offer.original_budget_gbp"}
        for rule in sheet.rules:
            assert placeholders(rule.message_en) == placeholders(rule.message_cy), rule.code
            assert placeholders(rule.message_en) <= known, rule.code


@pytest.mark.parametrize("spec", VERSIONS)
def test_a_sheet_gives_its_mart_what_it_needs(spec: ReturnSpec) -> None:
    for sheet in spec.sheets:
        if sheet.feed:
            roles = {c.role or c.key for c in sheet.columns} | set(sheet.constants)
            assert roles >= ROLES[sheet.feed], sheet.key


@pytest.mark.parametrize("spec", VERSIONS)
def test_fixed_rows_hold_allowed_choices_and_fit(spec: ReturnSpec) -> None:
    for sheet in spec.sheets:
        assert len(sheet.fixed_rows) <= sheet.max_rows
        for row in sheet.fixed_rows:
            for key, value in row.items():
                assert value in {c.key for c in sheet.column(key).choices}, (sheet.key, key, value)
        assert len({tuple(sorted(row.items())) for row in sheet.fixed_rows}) == len(sheet.fixed_rows)


@pytest.mark.parametrize("spec", VERSIONS)
def test_what_counts_people_is_protected(spec: ReturnSpec) -> None:
    people = {"children", "young_people", "families", "carers", "people"}
    for sheet in spec.sheets:
        assert all(c.is_disclosive for c in sheet.columns if c.unit in people), sheet.key


@pytest.mark.parametrize("spec", VERSIONS)
def test_headings_of_a_sheet_are_told_apart(spec: ReturnSpec) -> None:
    for sheet in spec.sheets:
        for language in ("en", "cy"):
            headings = [getattr(c, f"heading_{language}").casefold() for c in sheet.columns]
            assert len(set(headings)) == len(headings), sheet.key


def test_the_returns_of_the_paper_are_there() -> None:
    assert set(load_returns()) >= {
        "icf_spend_quarterly", "rif_quarterly_progress", "icf_outcomes_six_monthly", "rif_end_of_year", "re_plan",
        "re_progress_quarterly", "re_progress_annual", "ccg_spend_quarterly", "hsg_spend_quarterly",
        "pdg_lac_monitoring", "nasa_regional", "st_davids_day_monitoring", "housing_with_care_proposals", "pif_metrics",
        "workforce_vacancies", "childrens_survey",
    }  # fmt: skip


def test_somebody_submits_every_return() -> None:
    assert all(areas_of_type(f.newest.submitted_by, date(2023, 3, 31)) for f in load_returns().values())


def test_a_return_is_found_by_alias_and_title() -> None:
    assert find_return("icf_spend").key == "icf_spend_quarterly"
    assert find_return("grant cymorth tai – gwariant chwarterol").key == "hsg_spend_quarterly"
    with pytest.raises(KeyError, match="icf_outcomes"):
        find_return("icf_outcome")


def test_the_plan_takes_unable_to_commit_for_an_answer() -> None:
    sheet = find_return("re_plan").newest.sheet("plan")
    assert "not_offered" in sheet.column("planned_reduction").allow
    assert len(sheet.fixed_rows) == 4 * 3


def test_the_money_of_a_fund_is_asked_for_once() -> None:
    """From April 2019 the St David’s Day Fund stands in the grant that it became part of."""
    family = find_return("st_davids_day_monitoring")
    assert [s.key for s in family.of("2018-19").sheets] == ["spend", "young_people"]
    assert [s.key for s in family.of("2019-20").sheets] == ["young_people"]
    grant = find_return("ccg_spend_quarterly").newest.sheet("spend")
    assert "st_davids_day_fund" in {c.key for c in grant.column("programme").choices}


def test_outcomes_of_the_regional_fund_belong_to_the_fund_of_the_year() -> None:
    family = find_return("rif_end_of_year")
    streams = [family.of(year).sheet("outcomes").constants["stream_key"] for year in ("2021-22", "2022-23", "2024-25")]
    assert streams == ["icf_children_annual", "rif", "rif"]


# -- changes -----------------------------------------------------------------------------------------------------

GOOD = """\
key: tried
title_en: Tried
title_cy: Rhoi cynnig
about_en: About.
about_cy: Ynghylch.
submitted_by: local_authority
submitted_to_en: Them
submitted_to_cy: Nhw
cadence: quarterly
first_period: 2019-20 Q1
due:
  days: {Q1: 08-15, Q2: 11-15, Q3: 02-15, Q4: 05-31}
control_totals:
  - {key: total, sheet: one, column: offers, heading_en: Total, heading_cy: Cyfanswm}
sheets:
  - key: one
    title_en: One
    title_cy: Un
    grain: [name]
    columns:
      - {key: name, heading_en: Name, heading_cy: Enw, type: text}
      - {key: eligible, heading_en: Entitled, heading_cy: Â hawl, type: count}
      - {key: offers, heading_en: Offers, heading_cy: Cynigion, type: count, adds_to: eligible}
      - {key: accepted, heading_en: Accepted, heading_cy: Derbyniwyd, type: count, adds_to: offers}
      - {key: notes, heading_en: Notes, heading_cy: Nodiadau, type: narrative}
    rules:
      - code: kind_of_offers
        check: offers >= previous.offers or name = 'offers' or offers_x is null
        columns: [offers]
        message_en: From {previous.offers} to {offers}.
        message_cy: O {previous.offers} i {offers}.
      - {code: noted, check: notes is not null, columns: [notes], message_en: No note., message_cy: Dim nodyn.}
"""
CHANGES = """\
changes:
  - from_period: 2020-21 Q1
    why_en: More.
    why_cy: Mwy.
    sheets:
      one:
        rename: {offers: offers_made}
        modify: {offers: {heading_en: Offers made, heading_cy: Cynigion a wnaed, required: true}}
        add:
          - {key: declined, heading_en: Declined, heading_cy: Gwrthodwyd, type: count, after: accepted}
        remove: [notes]
  - from_period: 2021-22 Q1
    why_en: Less.
    why_cy: Llai.
    set: {nil_allowed: true}
    sheets:
      one: {remove_rules: [kind_of_offers]}
"""


def family_of(folder: Path, text: str) -> Any:
    path = folder / "tried.yml"
    path.write_text(text, encoding="utf-8")
    return read_family(path)


def keys(sheet: Sheet) -> list[str]:
    return [c.key for c in sheet.columns]


def test_each_change_makes_the_next_version_and_leaves_the_last_alone(tmp_path: Path) -> None:
    family = family_of(tmp_path, GOOD + CHANGES)
    first, second, third = (spec for _, spec in family.versions)
    assert [s.version for s in (first, second, third)] == [1, 2, 3]
    assert keys(first.sheets[0]) == ["name", "eligible", "offers", "accepted", "notes"]
    assert (
        keys(second.sheets[0]) == keys(third.sheets[0]) == ["name", "eligible", "offers_made", "accepted", "declined"]
    )
    assert [r.code for r in second.sheets[0].rules] == ["kind_of_offers"]
    assert third.sheets[0].rules == ()
    assert (first.nil_allowed, second.nil_allowed, third.nil_allowed) == (False, False, True)
    assert (first.why_en, second.why_en, third.why_cy) == (None, "More.", "Llai.")


def test_a_renamed_column_is_renamed_wherever_it_is_named(tmp_path: Path) -> None:
    spec = family_of(tmp_path, GOOD + CHANGES).of("2020-21 Q1")
    sheet = spec.sheets[0]
    column, rule = sheet.column("offers_made"), sheet.rules[0]
    assert (column.role, column.required, column.also) == ("offers", True, ("Offers", "Cynigion"))
    assert (column.adds_to, sheet.column("accepted").adds_to) == ("eligible", "offers_made")
    assert spec.control_totals[0].column == "offers_made"
    assert rule.columns == ("offers_made",)
    assert rule.check == "offers_made >= previous.offers_made or name = 'offers' or offers_x is null"
    assert rule.message_cy == "O {previous.offers_made} i {offers_made}."


@pytest.mark.parametrize(
    ("period", "version"),
    [("2019-20 Q1", 1), ("2019-20 Q4", 1), ("2020-21 Q1", 2), ("2020-21 Q4", 2), ("2021-22 Q1", 3), ("2030-31 Q4", 3)],
)
def test_a_period_is_answered_by_the_version_in_force(tmp_path: Path, period: str, version: int) -> None:
    assert family_of(tmp_path, GOOD + CHANGES).of(period).version == version


def test_a_last_period_that_is_set_ends_the_return(tmp_path: Path) -> None:
    family = family_of(tmp_path, GOOD.replace("due:", "last_period: 2019-20 Q3\ndue:", 1))
    assert [p.key for p in family.periods(date(2022, 1, 1))] == ["2019-20 Q1", "2019-20 Q2", "2019-20 Q3"]


# -- must fail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "at", "told"),
    [
        ("cadence: quarterly", "cadense: quarterly", "cadense", "did you mean 'cadence'"),
        ("cadence: quarterly", "cadence: fortnightly", "cadence: fortnightly", "quarterly"),
        ("title_cy: Rhoi cynnig\n", "", None, "title_cy"),
        ("first_period: 2019-20 Q1", "first_period: 2019-20 H1", None, "2019-20 H1"),
        ("Q2: 11-15", "Q2: 02-29", None, "day"),
        ("Q2: 11-15", "Q5: 11-15", None, "Q5"),
        ("grain: [name]", "grain: [nam]", "- key: one", "did you mean 'name'"),
        ("columns: [offers]", "columns: [ofers]", "- key: one", "did you mean 'offers'"),
        ("adds_to: offers", "adds_to: offer", "- key: one", "did you mean 'offers'"),
        ("column: offers,", "column: offered,", None, "did you mean 'offers'"),
        ("type: narrative", "type: narative", "key: notes", "narrative"),
        ("type: narrative", "type: choice", "key: notes", "names its choices"),
        ("type: narrative", "type: area", "key: notes", "area_types"),
        ("type: narrative", "type: text, cumulative: true", "key: notes", "numbers"),
        ("key: notes", "key: name", "- key: one", "two columns of one key"),
        ("code: noted", "code: kind_of_offers", "- key: one", "two rules of one code"),
        ("key: tried", "key: other", "key: other", "'tried'"),
        ("rename: {offers:", "rename: {ofers:", "one:", "did you mean 'offers'"),
        ("modify: {offers:", "modify: {offer:", "one:", "did you mean 'offers'"),
        ("remove: [notes]", "remove: [note]", "one:", "did you mean 'notes'"),
        ("      one: {remove_rules", "      two: {remove_rules", "from_period: 2021-22 Q1", "no sheet is called 'two'"),
        ("from_period: 2021-22 Q1", "from_period: 2020-21 Q1", "changes:", "order"),
        ("from_period: 2021-22 Q1", "from_period: 2019-20 Q2", "changes:", "order"),
        ("from_period: 2021-22 Q1", "from_period: 2021-22", "from_period: 2021-22", "'2021-22'"),
        ("why_cy: Llai.\n    ", "", "from_period: 2021-22 Q1", "why_cy"),
        ("why_en: More.", "why_en: More.\n    why_en: More.", "why_en: More.", "second time"),
    ],
)
def test_a_spec_that_is_wrong_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, at: str | None, told: str
) -> None:
    good = GOOD + CHANGES
    assert before in good
    bad = good.replace(before, after, 1)
    with pytest.raises(RegistryError) as caught:
        family_of(tmp_path, bad)
    error = caught.value
    assert told in error.en
    assert error.en.startswith("tried.yml")
    assert error.cy.startswith("tried.yml")
    assert error.en != error.cy
    if at:
        lines = [number for number, line in enumerate(bad.splitlines(), start=1) if at in line]
        assert error.context["line"] in lines, error.en
