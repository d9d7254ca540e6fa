"""The synthetic submissions of the sample: who sends them, what they add up to, and what goes wrong with them."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingestion.returns.cover import SYNTHETIC_EN
from ingestion.returns.parse import Parsed, parse_book
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.problems import Problem
from ingestion.returns.reading import read_book
from ingestion.returns.rules import References, check_rules
from ingestion.returns.spec import Family, load_returns, read_family
from ingestion.returns.workbook import write_csv
from ingestion.sample.returns import (
    FIRST_YEAR,
    RECEIVED,
    SampleFile,
    build_offers,
    build_returns,
    drafts,
    sample_periods,
)
from ingestion.sample.returns_content import content
from ingestion.sample.returns_figures import PLANNED
from ingestion.sample.returns_lines import UNABLE, Marker, Place, submitters
from ingestion.sample.returns_mistakes import HAPPENS, LATER_MISTAKES, MISTAKES, control_totals

SEED = 7
RETURNS = sorted(load_returns())


def period(family: Family, key: str) -> ReturnPeriod:
    return next(p for p in sample_periods(family, 3) if p.key == key)


def rows_of_all(key: str, period_key: str, sheet: str) -> list[tuple[str, dict[str, Any]]]:
    family = load_returns()[key]
    found = period(family, period_key)
    spec = family.of(period_key)
    return [(area, row) for area in submitters(spec, found) for row in content(Place(spec, area, found, SEED))[sheet]]


def total(rows: Iterable[tuple[str, dict[str, Any]]], column: str, **where: str) -> float:
    return sum(
        float(row[column])
        for _, row in rows
        if all(row[k] == v for k, v in where.items()) and isinstance(row[column], int | float)
    )


def written(folder: Path, place: Place, families: dict[str, Family]) -> Parsed:
    """What the project reads of a submission of the sample."""
    from ingestion.returns.areas import areas

    rows = content(place)
    cover = {"language": place.language, **control_totals(place.spec, rows)}
    path = folder / f"{place.area}.csv"
    write_csv(place.spec, areas()[place.area], place.period, cover, rows, path, synthetic=True)
    return parse_book(read_book(path, path.name), families=families)


def offered(path: Path, place: Place) -> list[dict[str, str]]:
    """The lines in force at the end of a period: of each the last version."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    with path.open(encoding="utf-8", newline="") as handle:
        for line in csv.DictReader(handle):
            own = line["area_code"] == place.area and line["financial_year"] == place.period.year
            if own and line["effective_from"] <= place.period.end.isoformat():
                found[line["stream_key"], line["project_key"], line["capital_or_revenue"]] = line
    return list(found.values())


def as_rows(parsed: Parsed) -> dict[str, list[dict[str, Any]]]:
    return {s.key: [{k: v[n] for k, v in s.values.items()} for n in range(len(s.rows))] for s in parsed.sheets}


@pytest.fixture(scope="module")
def offer_letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_offers(tmp_path_factory.mktemp("offers") / "offers.csv", seed=SEED)


# -- every return, from everyone ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", RETURNS)
def test_a_return_has_two_years_of_periods(key: str) -> None:
    family = load_returns()[key]
    periods = sample_periods(family)
    a_year = {"quarterly": 4, "six_monthly": 2, "annual": 1, "school_year": 1, "once": 0.5}[family.newest.cadence]
    assert len(periods) == (3 if key == "st_davids_day_monitoring" else 2 * a_year)
    if family.versions[0][1].first_period[:4] <= str(FIRST_YEAR) and len(periods) < 3:
        assert periods[0].start.year == FIRST_YEAR


@pytest.mark.parametrize("key", RETURNS)
def test_right_submissions_of_every_version_are_read_without_a_problem(
    key: str, tmp_path: Path, offer_letters: Path
) -> None:
    families = load_returns()
    family = families[key]
    periods = sample_periods(family)
    for first, second in {(periods[0], periods[1 % len(periods)]), (periods[-2 % len(periods)], periods[-1])}:
        spec = family.of(second.key)
        area = submitters(spec, second)[SEED % len(submitters(spec, second))]
        before = written(tmp_path, Place(family.of(first.key), area, first, SEED), families)
        place = Place(spec, area, second, SEED)
        parsed = written(tmp_path, place, families)
        references = References(as_rows(before), first.key, offered(offer_letters, place))
        assert [*parsed.problems, *check_rules(parsed, spec, references)] == []
        assert parsed.is_synthetic
        assert (parsed.return_key, parsed.area_code, parsed.period) == (key, area, second)
        assert parsed.rows_received > 0


def test_everyone_sends_every_period_but_what_the_table_says() -> None:
    key = "re_progress_quarterly"
    family = load_returns()[key]
    sent = {(d.place.area, d.place.period.key) for d in drafts(1, SEED, {key})}
    owed = {(area, p.key) for p in sample_periods(family) for area in submitters(family.of(p.key), p)}
    never = {(area, p) for (k, area, p), kind in MISTAKES.items() if k == key and kind == "never"}
    assert sent == owed - never
    assert never


THIRTEENTH = """
key: visits
title_en: Visits to young people
title_cy: Ymweliadau â phobl ifanc
about_en: One row for each kind of visit.
about_cy: Un rhes ar gyfer pob math o ymweliad.
submitted_by: local_authority
submitted_to_en: Welsh Government
submitted_to_cy: Llywodraeth Cymru
cadence: six_monthly
first_period: 2020-21 H1
due: {days: {H1: 11-15, H2: 05-31}}
control_totals:
  - {key: total_visits, sheet: visits, column: all_visits, heading_en: All visits, heading_cy: Pob ymweliad}
sheets:
  - key: visits
    title_en: Visits
    title_cy: Ymweliadau
    grain: [kind, team]
    columns:
      - key: kind
        heading_en: Kind of visit
        heading_cy: Math o ymweliad
        type: choice
        required: true
        choices: [{key: planned, en: Planned, cy: Wedi’i gynllunio}, {key: other, en: Other, cy: Arall}]
      - {key: team, heading_en: Team, heading_cy: Tîm, type: text, required: true, max_length: 30}
      - {key: day, heading_en: Last visit, heading_cy: Ymweliad diwethaf, type: date}
      - {key: at_home, heading_en: At home, heading_cy: Gartref, type: count, cumulative: true, sums_to: all_visits}
      - {key: elsewhere, heading_en: Elsewhere, heading_cy: Mewn man arall, type: count, sums_to: all_visits}
      - {key: all_visits, heading_en: Visits, heading_cy: Pob un, type: count, required: true, cumulative: true}
      - {key: alone, heading_en: Of which alone, heading_cy: O hynny ar ei ben ei hun, type: count, adds_to: at_home}
      - {key: in_time, heading_en: In time, heading_cy: Mewn pryd, type: percent, unit: percent, max: 80}
      - {key: reviewed, heading_en: Reviewed, heading_cy: Adolygwyd, type: boolean}
      - {key: words, heading_en: In words, heading_cy: Mewn geiriau, type: narrative, max_length: 20, required: true}
"""


def test_a_return_that_nobody_calibrated_has_a_sample_as_soon_as_it_has_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "visits.yml"
    path.write_text(THIRTEENTH, "utf-8")
    family = read_family(path)
    spec = family.newest
    before: Parsed | None = None
    for found in sample_periods(family)[:2]:
        parsed = written(tmp_path, Place(spec, "W06000015", found, SEED), {"visits": family})
        references = References(as_rows(before), "2020-21 H1") if before else References()
        assert [*parsed.problems, *check_rules(parsed, spec, references)] == []
        assert len(parsed.sheets[0].rows) == 4
        before = parsed


# -- what it adds up to -------------------------------------------------------------------------------------------


def test_planned_reductions_add_up_to_what_was_published_and_four_commit_to_none() -> None:
    rows = rows_of_all("re_plan", "2019-20", "plan")
    for priority, totals in PLANNED.items():
        for year, expected in zip(("2019-20", "2020-21", "2021-22"), totals, strict=True):
            assert total(rows, "planned_reduction", priority=priority, financial_year=year) == expected
    without = {area for area, row in rows if row["planned_reduction"] == Marker("not_offered")}
    with_numbers = {area for area, row in rows if isinstance(row["planned_reduction"], int)}
    assert without == set(UNABLE)
    assert len(without) == 4
    assert len(with_numbers) == 18
    assert total(rows, "planned_reduction", priority="in_care") == 591


@pytest.mark.parametrize(
    ("key", "period_key", "where", "pounds"),
    [
        ("icf_spend_quarterly", "2019-20 Q1", {}, 15_000_000),
        ("icf_spend_quarterly", "2020-21 Q4", {}, 15_000_000),
        ("pdg_lac_monitoring", "2019-20 Q2", {}, 5_000_000),
        ("pdg_lac_monitoring", "2020-21 Q2", {}, 5_000_000),
        ("st_davids_day_monitoring", "2018-19", {}, 1_000_000),
        ("ccg_spend_quarterly", "2019-20 Q3", {"programme": "st_davids_day_fund"}, 2_000_000),
    ],
)
def test_budgets_add_up_to_what_the_stream_has(key: str, period_key: str, where: dict[str, str], pounds: int) -> None:
    assert total(rows_of_all(key, period_key, "spend"), "original_budget", **where) == pounds


def test_forty_projects_of_the_integrated_care_fund_have_the_same_names_in_spend_and_outcomes() -> None:
    spend = {(area, row["project"]) for area, row in rows_of_all("icf_spend_quarterly", "2019-20 Q2", "spend")}
    outcomes = {(a, row["project"]) for a, row in rows_of_all("icf_outcomes_six_monthly", "2019-20 H1", "outcomes")}
    assert len(spend) == 40
    assert outcomes == spend


def test_homes_and_beds_are_those_that_were_published() -> None:
    homes = rows_of_all("housing_with_care_proposals", "2024-25 Q1", "schemes")
    assert total(homes, "beds_planned") == 96
    assert total(homes, "beds_open") == 15
    assert sum(row["homes"] for _, row in homes if row["beds_open"]) == 5
    assert total(homes, "funding") == 23_000_000
    assert total(rows_of_all("rif_end_of_year", "2021-22", "residential"), "beds_planned") == 26


def test_vacancies_add_up_to_what_was_published() -> None:
    rows = rows_of_all("workforce_vacancies", "2021-22", "workforce")
    assert total(rows, "value", measure="vacancies_fte") == 639


def test_a_budget_that_is_raised_in_the_autumn_is_in_force_from_then_on(offer_letters: Path) -> None:
    with offer_letters.open(encoding="utf-8", newline="") as handle:
        raised = [line for line in csv.DictReader(handle) if line["version"] == "2"]
    line = next(x for x in raised if x["stream_key"] == "icf_children_annual" and x["financial_year"] == "2019-20")
    family = load_returns()["icf_spend_quarterly"]

    def budget(key: str) -> int:
        rows = content(Place(family.of(key), line["area_code"], period(family, key), SEED))["spend"]
        return next(
            int(r["budget"])
            for r in rows
            if (r["project"], r["capital_or_revenue"]) == (line["project_key"], line["capital_or_revenue"])
        )

    assert budget("2019-20 Q2") == int(line["original_budget_gbp"])
    assert budget("2019-20 Q3") == int(line["revised_budget_gbp"]) > int(line["original_budget_gbp"])


def test_an_offer_letter_has_each_line_and_version_once(offer_letters: Path) -> None:
    with offer_letters.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.DictReader(handle))
    names = ("stream_key", "area_code", "financial_year", "project_key", "capital_or_revenue", "version")
    keys = [tuple(line[k] for k in names) for line in lines]
    assert len(set(keys)) == len(keys) > 500


def test_submitters_that_prefer_welsh_write_in_welsh() -> None:
    rows = rows_of_all("re_progress_quarterly", "2019-20 Q3", "progress")
    words: dict[str, set[str]] = defaultdict(set)
    for area, row in rows:
        words[area] |= set(row["narrative"].lower().split())
    assert all("’r" in " ".join(words[a]) or "yn" in words[a] for a in ("W06000002", "W06000008"))
    assert "the" in words["W06000022"]


# -- what goes wrong ----------------------------------------------------------------------------------------------


def test_every_place_of_a_mistake_is_there() -> None:
    for (key, area, period_key), kind in [*MISTAKES.items(), *(x for t in LATER_MISTAKES.values() for x in t.items())]:
        family = load_returns()[key]
        found = next((p for p in sample_periods(family) if p.key == period_key), None)
        assert found, (key, period_key)
        assert area in submitters(family.of(period_key), found), (key, area)
        assert kind in HAPPENS


def test_every_kind_of_mistake_stands_in_the_sample() -> None:
    told = {*MISTAKES.values(), *(kind for table in LATER_MISTAKES.values() for kind in table.values())}
    assert told == set(HAPPENS)


def problems_of(folder: Path, one: SampleFile) -> Sequence[Problem]:
    parsed = parse_book(read_book(folder / one.name, one.name), area=one.area)
    return [*parsed.problems, *check_rules(parsed, parsed.spec())]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[SampleFile]]:
    folder = tmp_path_factory.mktemp("inbox")
    some = {"icf_spend_quarterly", "pdg_lac_monitoring", "nasa_regional", "icf_outcomes_six_monthly"}
    return folder, build_returns(folder, release=1, seed=SEED, returns=some)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("numbers_as_text", "number_as_text"),
        ("pasted_total", "pasted_total"),
        ("spend_over_budget", "spend.spend_within_budget"),
        ("wrong_period", "wrong_period"),
        ("missing_sheet", "missing_sheet"),
        ("outside_region", "outside_submitter"),
        ("in_part", "adds_to"),
    ],
)
def test_a_mistake_is_told_and_its_correction_is_not(
    kind: str, code: str, inbox: tuple[Path, list[SampleFile]]
) -> None:
    folder, files = inbox
    wrong = [f for f in files if f.mistake == kind and not f.is_mended]
    assert wrong
    assert code in {p.code for p in problems_of(folder, wrong[0])}
    mended = next((f for f in files if f.mistake == kind and f.is_mended and f.area == wrong[0].area), None)
    if mended:
        assert list(problems_of(folder, mended)) == []
        assert mended.received_at > wrong[0].received_at


def test_the_sidecar_says_of_every_file_when_it_came(inbox: tuple[Path, list[SampleFile]]) -> None:
    folder, files = inbox
    told = json.loads((folder / RECEIVED).read_text("utf-8"))
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {RECEIVED}
    assert set(told) == there == {f.name for f in files}
    assert all(told[f.name] == f.received_at.isoformat() and told[f.name].endswith("+00:00") for f in files)
    assert [f.received_at for f in files] == sorted(f.received_at for f in files)


def test_every_file_lies_in_its_submitters_folder_and_says_that_it_is_synthetic(
    inbox: tuple[Path, list[SampleFile]],
) -> None:
    folder, files = inbox
    assert all(f.name.split("/")[0] == f.area for f in files)
    texts = [folder / f.name for f in files if f.name.endswith(".csv")]
    assert all(p.read_text("utf-8-sig")[:200].startswith((SYNTHETIC_EN, "Data synthetig")) for p in texts)
    assert {f.return_key for f in files if f.name.endswith(".xlsx")} == {f.return_key for f in files}


def test_a_duplicate_has_the_same_bytes_under_another_name(inbox: tuple[Path, list[SampleFile]]) -> None:
    folder, files = inbox
    twins = [f for f in files if f.mistake == "duplicate"]
    assert len(twins) == 2
    assert len({f.name for f in twins}) == 2
    assert len({(folder / f.name).read_bytes() for f in twins}) == 1


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    made = {}
    for name, seed in (("first", SEED), ("again", SEED), ("other", SEED + 1)):
        files = build_returns(tmp_path / name, release=1, seed=seed, returns={"childrens_survey", "nasa_regional"})
        made[name] = {f.name: (tmp_path / name / f.name).read_bytes() for f in files}
    assert made["first"] == made["again"]
    assert made["first"] != made["other"]


def test_a_later_release_of_a_return_comes_after_the_earlier(tmp_path: Path) -> None:
    last: dict[tuple[str, str], Any] = {}
    names: set[str] = set()
    for release in (1, 2, 3):
        files = build_returns(tmp_path, release=release, seed=SEED, returns={"icf_spend_quarterly"})
        assert files
        for one in files:
            assert one.name not in names
            assert one.received_at > last.get(
                (one.area, one.period), one.received_at.min.replace(tzinfo=one.received_at.tzinfo)
            )
        names |= {f.name for f in files}
        last |= {(f.area, f.period): f.received_at for f in files}
    assert set(json.loads((tmp_path / RECEIVED).read_text("utf-8"))) == names


def test_a_release_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="releases 1 to 3"):
        build_returns(tmp_path, release=4)


def test_a_late_correction_gives_its_reason_and_one_of_the_second_release_gives_none() -> None:
    right = [d for d in drafts(1, SEED, {"icf_spend_quarterly"}) if d.mistake == "late_correction"]
    wrong = [d for d in drafts(2, SEED, {"icf_spend_quarterly"}) if d.mistake == "no_reason"]
    assert right[0].cover["reason"]
    assert wrong
    assert "reason" not in wrong[0].cover
