"""The dataset registry: what it says of every dataset, how slips of the pen are told, and which id wins."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingestion.errors import RegistryError
from ingestion.statswales.meanings import Meanings
from ingestion.statswales.registry import (
    Column,
    Dataset,
    Member,
    Pin,
    load_registry,
    normalise,
    read_lock,
    read_registry,
    slug,
    write_lock,
)

REGISTRY = read_registry()
IDS = {"a": "11111111-1111-4111-8111-111111111111", "b": "22222222-2222-4222-8222-222222222222"}

SMALL = f"""\
columns:
  area_of: {{kind: area, names: [Area], name_cy: Ardal}}
frameworks:
  sspm: {{title_en: Woods, title_cy: Coed, valid_from: 2016-04-01, valid_to: 2020-04-01, comparable_to_previous: false}}
measures:
  oaks: {{title_en: Oaks, title_cy: Coed derw, unit: count}}
  elms: {{title_en: Elms, title_cy: Llwyfenni, unit: count, framework: sspm, official_code: PM1, confidence: high}}
  limes: {{title_en: Limes, title_cy: Pisgwydd, unit: count, framework: sspm, valid_from: 2018-04-01}}
datasets:
  trees:
    uuid: {IDS["a"]}
    title_en: Trees
    title_cy: Coed
    theme: wellbeing
    columns:
      measure:
        kind: measure
        names: [Data description]
        values:
          oaks: {{en: Oaks, cy: Coed derw, measure_key: oaks}}
      period: {{kind: period, period: calendar_year, names: [Year]}}
      area: area_of
  hedges:
    title_en: Hedges
    title_cy: Gwrychoedd
    columns:
      measure: {{kind: measure, names: [Data description], closed: false, otherwise: {{measure_key: oaks}}}}
      period: {{kind: period, period: calendar_year, names: [Year]}}
      area: {{use: area_of, names: [Place]}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "datasets.yml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


# -- slips of the pen ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "typed", "line", "said"),
    [
        pytest.param("title_cy: Coed\n", "titel_cy: Coed\n", "titel_cy", "did you mean 'title_cy'?",
                     id="unknown field"),
        pytest.param("    title_en: Hedges\n", "", "hedges:", "hedges lacks `title_en`", id="field left out"),
        pytest.param("names: [Year]}\n      area: area_of", "nmaes: [Year]}\n      area: area_of", "nmaes",
                     "did you mean 'names'?", id="unknown field of a column"),
        pytest.param("{en: Oaks, cy", "{en: Oaks, kode: A, cy", "kode", "did you mean 'code'?",
                     id="unknown field of a member"),
        pytest.param("{measure_key: oaks}", "{measure_kye: oaks}", "measure_kye", "did you mean 'measure_key'?",
                     id="unknown field of otherwise"),
        pytest.param("cy: Coed derw, measure_key: oaks", "cy: Coed derw, measure_key: oak", "  measure:",
                     "did you mean 'oaks'?", id="unknown measure"),
        pytest.param("unit: count", "unit: counts", "unit: counts", "did you mean 'count'?", id="unknown unit"),
        pytest.param("theme: wellbeing", "theme: welbeing", "theme:", "did you mean 'wellbeing'?", id="unknown theme"),
        pytest.param("area: area_of", "area: aera_of", "aera_of", "did you mean 'area_of'?",
                     id="unknown shared column"),
        pytest.param("use: area_of", "use: area_if", "area_if", "did you mean 'area_of'?", id="shared column to take"),
        pytest.param("kind: area, names: [Area]", "kind: area, names: [Area], closd: true", "closd",
                     "did you mean 'closed'?", id="unknown field of a shared column"),
        pytest.param("  hedges:\n", "  trees:\n", "  trees:", "a second time (first in line 10)", id="key twice"),
        pytest.param("measures:\n", "mesures:\n", "mesures:", "did you mean 'measures'?", id="unknown section"),
        pytest.param("  sspm:", "  sspn:", "  sspn:", "did you mean 'sspm'?", id="unknown framework"),
        pytest.param("valid_to: 2020-04-01, comp", "valid_till: 2020-04-01, comp", "valid_till",
                     "did you mean 'valid_to'?", id="unknown field of a framework"),
        pytest.param("valid_to: 2020-04-01", "valid_to: 2016-04-01", "  sspm:", "comes later than valid_from",
                     id="framework that ends before it begins"),
        pytest.param("title_cy: Coed derw, unit", "title_cy: Coed derw, confidence: high, unit", "  oaks:",
                     "only a measure of an official framework", id="confidence of a statistic"),
        pytest.param("confidence: high", "confidence: low", "  elms:", "expected one of high, medium",
                     id="confidence that is too low to keep"),
        pytest.param("period: calendar_year, names: [Year]}\n      area: {use",
                     "period: [school_year, financial_year], names: [Year]}\n      area: {use",
                     "[school_year, financial_year]", "one kind of year", id="two kinds of year in one column"),
        pytest.param(IDS["a"], "11111111-1111-1111-8111-111111111111", "uuid:", "version 4 UUID", id="not a UUID v4"),
        pytest.param("    title_en: Hedges\n", f"    uuid: {IDS['a']}\n    title_en: Hedges\n", None,
                     "hedges and trees both claim", id="uuid claimed twice"),
        pytest.param("closed: false, otherwise", "otherwise", None, "`closed: false`",
                     id="otherwise of a closed column"),
        pytest.param("unit: count", "unit: rate", "oaks: {title_en", "per how many", id="rate without its base"),
        pytest.param("    title_cy: Gwrychoedd\n", "    title_cy: Gwrychoedd\n    awaiting_en: Not yet\n", "hedges:",
                     "both languages", id="reason in one language"),
        pytest.param("      area: area_of\n", "", "  trees:", "columns must have `area`", id="no area"),
        pytest.param("title_en: Trees", "title_en: [Trees", None, "expected YAML", id="not YAML"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_told_with_file_line_and_what_was_meant(small, right, typed, line, said):
    assert SMALL.count(right) >= 1
    before, after = SMALL.split(right, 1)
    text = before + typed + after
    small.write_text(text, encoding="utf-8")

    with pytest.raises(RegistryError) as caught:
        read_registry(small)

    problem = caught.value
    assert said in problem.en
    told = re.match(r"datasets\.yml, line (\d+): ", problem.en)
    assert told, problem.en
    assert problem.cy.startswith(f"datasets.yml, llinell {told[1]}: ")
    if line is not None:
        lines = text.splitlines()
        assert line in lines[int(told[1]) - 1]


def test_a_key_written_twice_is_told_where_it_stands_the_second_time(small):
    small.write_text(SMALL.replace("  hedges:\n", "  trees:\n"), encoding="utf-8")
    with pytest.raises(RegistryError, match=f"line {line_of(SMALL, 'hedges:')}:"):
        read_registry(small)


def test_a_file_that_is_not_utf_8_is_told(small):
    small.write_bytes(SMALL.replace("Coed derw", "Coed dêrw").encode("latin-1"))
    with pytest.raises(RegistryError, match=r"datasets\.yml: expected YAML"):
        read_registry(small)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RegistryError, match=r"datasets\.yml"):
        read_registry(tmp_path / "datasets.yml")


def test_a_shared_column_is_taken_whole_or_with_what_differs(small):
    entries = read_registry(small).datasets
    assert entries["trees"].columns["area"].names == ["Area"]
    assert entries["hedges"].columns["area"].names == ["Place"]
    assert entries["hedges"].columns["area"].name_cy == "Ardal"


def test_a_measure_of_a_framework_is_valid_as_long_as_it_and_says_its_own_only_where_it_differs(small):
    measures = read_registry(small).measures

    def validity(key):
        return measures[key].valid_from, measures[key].valid_to, measures[key].comparable_to_previous

    assert validity("oaks") == (date(1900, 1, 1), None, None)
    assert validity("elms") == (date(2016, 4, 1), date(2020, 4, 1), False)
    assert validity("limes") == (date(2018, 4, 1), date(2020, 4, 1), False)


def test_a_registry_beside_another_has_its_frameworks(small, tmp_path):
    own = tmp_path / "own.yml"
    own.write_text(
        "measures:\n  beeches: {title_en: Beeches, title_cy: Ffawydd, unit: count, framework: sspm}\n", encoding="utf-8"
    )
    assert read_registry(own, small).measures["beeches"].valid_from == date(2016, 4, 1)
    assert read_registry(own).measures["beeches"].valid_from == date(1900, 1, 1)


def test_official_frameworks_follow_each_other_without_a_gap_and_none_compares_with_the_one_before():
    frameworks = sorted(REGISTRY.frameworks.values(), key=lambda framework: framework.valid_from)
    assert [framework.valid_to for framework in frameworks] == [
        *(framework.valid_from for framework in frameworks[1:]),
        None,
    ]
    assert [framework.comparable_to_previous for framework in frameworks] == [None, False, False]


def test_every_measure_of_a_framework_has_a_framework_that_says_when_it_is_valid():
    official = {key: measure for key, measure in REGISTRY.measures.items() if measure.framework != "statistics"}
    assert official
    for key, measure in official.items():
        assert measure.valid_from >= REGISTRY.frameworks[measure.framework].valid_from, key
        assert measure.comparable_to_previous is False, key


def test_only_codes_and_titles_that_are_confirmed_are_called_sure():
    unsure = {m.official_code for m in REGISTRY.measures.values() if m.official_code and m.confidence is None}
    assert unsure == {"CH/016", "CH/053", "CH/054a", "CH/054c"}


def test_a_registry_beside_another_may_name_its_columns_and_measures(small, tmp_path):
    own = tmp_path / "own.yml"
    own.write_text(SMALL[SMALL.index("datasets:") :], encoding="utf-8")
    with pytest.raises(RegistryError, match=r"own\.yml"):
        read_registry(own)
    assert set(read_registry(own, small).datasets) == {"trees", "hedges"}


# -- which id wins ---------------------------------------------------------------------------------------------


def pin(uuid: str) -> Pin:
    return Pin(uuid=uuid, title="Hedges", columns=["Data values"], pinned_on="2026-11-22")


def test_a_pin_of_the_lock_file_gives_an_entry_its_id(small, tmp_path):
    lock = tmp_path / "datasets.lock.yml"
    assert load_registry(path=small, lock=lock)["hedges"].state == "to_find"

    write_lock({"hedges": pin(IDS["b"]), "felled": pin("33333333-3333-4333-8333-333333333333")}, lock)

    assert read_lock(lock)["hedges"] == pin(IDS["b"])
    hedges = load_registry(path=small, lock=lock)["hedges"]
    assert (hedges.id, hedges.state) == (IDS["b"], "locked")


def test_a_pin_wins_over_a_guess_and_over_the_registry(small, tmp_path):
    lock = tmp_path / "datasets.lock.yml"
    small.write_text(SMALL.replace("    theme: wellbeing", "    confirm: true"), encoding="utf-8")
    assert load_registry(path=small, lock=lock)["trees"].state == "to_confirm"
    write_lock({"trees": pin(IDS["b"])}, lock)
    trees = load_registry(path=small, lock=lock)["trees"]
    assert (trees.id, trees.state) == (IDS["b"], "locked")


def test_two_entries_cannot_be_pinned_to_one_dataset(small, tmp_path):
    lock = tmp_path / "datasets.lock.yml"
    write_lock({"hedges": pin(IDS["a"])}, lock)
    with pytest.raises(RegistryError, match="both claim"):
        load_registry(path=small, lock=lock)


def test_a_slip_of_the_pen_in_the_lock_file_is_told_too(tmp_path):
    lock = tmp_path / "datasets.lock.yml"
    write_lock({"hedges": pin(IDS["b"])}, lock)
    lock.write_text(lock.read_text().replace("pinned_on", "pined_on"))
    with pytest.raises(RegistryError, match=r"datasets\.lock\.yml, line \d+: .*'pinned_on'"):
        read_lock(lock)


def test_an_override_names_the_dataset_for_this_run(small):
    trees = load_registry({"trees": IDS["b"].upper()}, path=small, lock=None)["trees"]
    assert (trees.id, trees.state) == (IDS["b"], "locked")
    with pytest.raises(ValueError, match="no dataset 'treees'"):
        load_registry({"treees": IDS["b"]}, path=small, lock=None)
    with pytest.raises(ValueError, match="UUID"):
        load_registry({"trees": "of mine"}, path=small, lock=None)


def test_an_entry_without_an_id_says_what_to_do(small):
    hedges = load_registry(path=small, lock=None)["hedges"]
    with pytest.raises(RegistryError) as caught:
        hedges.id  # noqa: B018
    assert "gofal sources pin hedges" in caught.value.en
    assert "gofal sources pin hedges" in caught.value.cy


# -- columns ---------------------------------------------------------------------------------------------------


def test_a_constant_area_is_one_that_the_dataset_has_no_column_for():
    assert Column(kind="area", constant="W92000004").names == []
    with pytest.raises(ValueError, match="constant"):
        Column(kind="area", constant="W92000004", names=["Area"])
    with pytest.raises(ValueError, match="constant"):
        Column(kind="breakdown", constant="W92000004")
    with pytest.raises(ValueError, match="at least one name"):
        Column(kind="area")


def test_datasets_about_wales_alone_say_so():
    constant = {entry.columns["area"].constant for entry in REGISTRY.datasets.values()} - {None}
    assert constant == {"W92000004"}


def test_a_label_is_read_whatever_its_case_spaces_and_apostrophes():
    column = REGISTRY.datasets["social_services_revenue_outturn"].columns["service"]
    assert column.find("  total CHILDREN'S and\u00a0families’  services ") == "all_children_and_families"
    assert column.find("A service of some other kind") is None
    assert slug("Children’s services: 5% + £ per head") == "childrens_services_5_percent_and_over_pounds_per_head"


# -- what the registry says ------------------------------------------------------------------------------------


def texts(entry: Dataset) -> Iterator[tuple[str, str | None, str | None]]:
    yield "title", entry.title_en, entry.title_cy
    for role, column in entry.columns.items():
        yield role, column.names[0] if column.names else column.constant, column.name_cy
        for key, member in column.values.items():
            yield f"{role} {key}", member.en, member.cy


def test_every_text_of_an_entry_is_in_both_languages():
    for entry in REGISTRY.datasets.values():
        for where, en, cy in texts(entry):
            assert en, (entry.key, where)
            assert cy, (entry.key, where)
        assert normalise(entry.title_en) != normalise(entry.title_cy), entry.key


def test_every_measure_is_titled_in_both_languages():
    for key, measure in REGISTRY.measures.items():
        assert measure.title_en.strip(), key
        assert measure.title_cy.strip(), key
        assert normalise(measure.title_en) != normalise(measure.title_cy), key


def test_every_measure_is_measured_by_some_dataset():
    measured = set().union(*(entry.measure_keys for entry in REGISTRY.datasets.values()))
    assert set(REGISTRY.measures) == measured


def test_no_measure_takes_the_key_of_a_figure_that_we_work_out():
    assert "children_looked_after_rate" not in REGISTRY.measures


def test_an_official_code_is_of_one_measure():
    codes = Counter(measure.official_code for measure in REGISTRY.measures.values() if measure.official_code)
    assert [code for code, times in codes.items() if times > 1] == []


def test_only_a_measure_of_an_official_framework_has_an_official_code():
    for key, measure in REGISTRY.measures.items():
        assert bool(measure.official_code) == (measure.framework != "statistics"), key


def test_no_title_is_of_two_entries():
    titles = Counter(
        title
        for entry in REGISTRY.datasets.values()
        for title in {normalise(t) for t in (entry.title_en, entry.title_cy, *entry.titles)}
    )
    assert [title for title, times in titles.items() if times > 1] == []


def test_no_spelling_names_two_members():
    for entry in REGISTRY.datasets.values():
        for role, column in entry.columns.items():
            named: dict[str, str] = {}
            for key, member in column.values.items():
                for spelling in member.matches() | {normalise(key), normalise(member.code)} - {""}:
                    assert named.setdefault(spelling, key) == key, (entry.key, role, spelling)


def test_each_column_has_a_name_of_its_own():
    for entry in REGISTRY.datasets.values():
        facts = [normalise(column.fact_column) for column in entry.columns.values() if column.constant is None]
        assert len(set(facts)) == len(facts), entry.key
        assert not set(entry.measure_breakdowns) & set(entry.columns), entry.key


def test_a_total_has_parts():
    for entry in REGISTRY.datasets.values():
        for role, column in entry.columns.items():
            totals = [key for key, member in column.values.items() if member.is_total]
            assert len(totals) <= 1, (entry.key, role)
            if totals and column.closed:
                assert len(column.values) > 1, (entry.key, role)
            for key in totals if column.kind == "breakdown" else ():
                assert key == "all", (entry.key, role)


def test_a_total_of_a_data_description_is_the_whole_of_what_it_hides():
    for entry in REGISTRY.datasets.values():
        for key, member in entry.columns["measure"].values.items():
            if member.is_total and member.breakdown:
                assert set(member.breakdown.values()) == {"all"}, (entry.key, key)


WORDED = {"percent": r"^(the )?percentage|^(the )?% |^(cyfanswm )?canran", "gbp": "£|expenditure|gwariant"}
"""What a data description calls its figures."""


def test_a_measure_is_never_published_in_two_units():
    for entry in REGISTRY.datasets.values():
        cells: set[tuple[object, ...]] = set()
        for key, member in entry.columns["measure"].values.items():
            if member.measure_key is None:
                continue
            measure = REGISTRY.measures[member.measure_key]
            code = re.escape(f"{measure.official_code}:")
            for text in (member.en, member.cy):
                folded = re.sub(rf"^{code.casefold()}\s*", "", normalise(text))
                for unit, words in WORDED.items():
                    assert bool(re.search(words, folded)) == (measure.unit == unit), (entry.key, key, text)
            assert member.scale is None or measure.unit == "gbp", (entry.key, key)
            cell = (member.measure_key, tuple(sorted(member.breakdown.items())), member.scale)
            assert cell not in cells, (entry.key, key, "the same cell as another description")
            cells.add(cell)


def test_a_share_cannot_be_beyond_its_whole_and_a_count_not_below_nothing():
    for key, measure in REGISTRY.measures.items():
        assert measure.max_value is None or (measure.unit == "percent" and measure.max_value == 100), key
        assert measure.min_value in (None, 0), key
        assert measure.scale == (1000 if measure.unit == "gbp" and measure.scale != 1 else 1), key


def test_a_description_that_nobody_has_seen_still_lands_in_words_that_can_be_read():
    open_to_more = [entry for entry in REGISTRY.datasets.values() if entry.columns["measure"].otherwise]
    assert open_to_more
    for entry in open_to_more:
        otherwise = entry.columns["measure"].otherwise
        read = Meanings(entry, aliases={}).of("measure", "Children & families of some new kind", "77")
        assert read.measure_key == otherwise.measure_key, entry.key
        if otherwise.breakdown:
            assert read.hidden == {otherwise.breakdown: "children_families_of_some_new_kind"}, entry.key
            listed = [m for m in entry.columns["measure"].values.values() if m.measure_key == otherwise.measure_key]
            assert all(otherwise.breakdown in member.breakdown for member in listed), entry.key


def test_a_data_description_that_could_be_a_count_or_a_share_is_not_guessed():
    for key, entry in REGISTRY.datasets.items():
        units = {REGISTRY.measures[m].unit for m in entry.measure_keys}
        otherwise = entry.columns["measure"].otherwise
        if len(units) > 1 and otherwise:
            # known by its decimals, and by thresholds that are all shares
            assert key in ("care_and_support_disabilities", "care_and_support_attainment")
            assert REGISTRY.measures[otherwise.measure_key].unit == "percent"


def test_what_is_awaited_says_why_and_loads_nothing():
    awaited = [entry for entry in REGISTRY.datasets.values() if entry.state == "awaiting"]
    assert {entry.key for entry in awaited} >= {"fostering_services", "secure_accommodation", "care_leavers_eet"}
    for entry in awaited:
        assert entry.uuid is None
        assert entry.awaiting_cy != entry.awaiting_en
        # a reason that sends the reader to another entry names one that is there
        for named in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", f"{entry.awaiting_en} {entry.awaiting_cy}"):
            assert named in REGISTRY.datasets


def test_the_first_two_entries_are_as_they_were():
    looked_after = REGISTRY.datasets["children_looked_after_gender_age"]
    assert looked_after.grain == ["measure", "period", "area", "age_group"]
    assert looked_after.measure_breakdowns == ["gender"]
    assert looked_after.measure_keys == {"children_looked_after"}
    population = REGISTRY.datasets["population_by_age"]
    assert population.grain == ["measure", "period", "area", "sex", "age"]
    assert population.columns["age"].ages
    assert {looked_after.state, population.state} == {"pinned"}


# -- beside what is known of StatsWales ------------------------------------------------------------------------

ADULTS = "about adults"
UNKNOWN = "known by its shape alone: may not be about children at all, and other entries have its topic"
NOT_MISSION = "neither social services nor general revenue, settlement or grants"
NO_CARE = "says nothing of care; attainment of children who receive it is care_and_support_attainment"
POPULATION = "a second estimate or a projection of the population: population_by_age has the published one"
LEFT_OUT = {
    "8f6d56b7-9ae5-4f0f-9915-d6acb73fb856": UNKNOWN,
    "2c011b1e-31d4-4856-97d1-7a04ce197a68": UNKNOWN,
    "c6df3c6c-e8f1-4687-8633-9e23a6126fd0": UNKNOWN,
    "81fd2658-f0b7-4f03-9a2e-bdc00fbf119c": UNKNOWN,
    "017be573-d9be-4699-8847-b7d87480a11d": UNKNOWN,
    "2cca4a6c-4e72-4680-8cb3-01b6ee6c6b6b": ADULTS,
    "a0bfe7d4-2653-4690-aaa6-c9a4b40b9c92": ADULTS,
    "06a95c04-2682-42d8-af7f-077e95bcb3c4": ADULTS,
    "0ede9d4f-ca5a-42bc-8685-1ddfc524c9a7": ADULTS,
    "1fa06532-b3b9-45da-b111-d55e4ddb6ca2": ADULTS,
    "4303331f-e8c3-4f51-83f1-b439c296d9bb": ADULTS,
    "d5903e99-40d5-40e2-b486-731f6832447c": ADULTS,
    "c696855c-2139-4f34-8463-78899be3288d": NOT_MISSION,
    "3ec7377f-0e31-421a-ab65-8a29002e1c5a": NOT_MISSION,
    "d6a4be15-409a-4fab-8c81-a7a6761123a0": NOT_MISSION,
    "d98174d3-8732-4dfe-9458-ded500606dbf": NOT_MISSION,
    "27b3e04d-fce8-47dc-9e48-7d376c5ef1ca": NOT_MISSION,
    "4e4cd837-e9a4-43ca-92d3-2dac1c22f0ff": NOT_MISSION,
    "4c4b1824-2131-42e2-a125-970098ca0ca1": UNKNOWN,
    "48f882eb-eb8c-49b3-a35b-b6a74248358e": NOT_MISSION,
    "33b8d404-ee3b-4d4b-85dc-0b5db4b85103": NOT_MISSION,
    "3f618fb3-af31-4e61-a141-90e64703472b": UNKNOWN,
    "b93670e2-ddc5-472b-a26b-bf58cf12a40e": NOT_MISSION,
    "cf127c8e-4469-4636-a40d-c343b3df3b26": UNKNOWN,
    "76a26423-8795-4baf-bd9d-b3408f8117f5": UNKNOWN,
    "815e03ae-d136-4824-ac65-ce2bccd7b313": UNKNOWN,
    "b6e2edc0-5c20-48bf-854e-b617027a273f": UNKNOWN,
    "abe99fe2-7f70-4334-aec4-64c46f7890cc": "what it measures, and so its unit, is not known",
    "5039e6eb-1262-41e7-881f-fded830354f2": UNKNOWN,
    "2cc03d85-54ce-4572-9cdc-33cf2a1abf41": UNKNOWN,
    "0f59bd44-cef5-4a70-a59f-8fc86c252b61": UNKNOWN,
    "9e9ac044-ad11-47e5-857e-f1c1178d3664": NO_CARE,
    "8573088d-58b2-4727-8a20-ed87a7a37cb2": NO_CARE,
    "14dc0136-262a-43a7-8383-3ab3a3f3c0c3": NO_CARE,
    "3c05f9d1-e536-4426-8270-9ef77b40778b": NO_CARE,
    "73c5b701-f2ae-4ba2-8763-26edfcd03978": UNKNOWN,
    "a1fc1a7e-b255-4b16-9f2e-9ffe4a241ed2": UNKNOWN,
    "f7c81eb8-cf29-4d14-b964-04c155527e4d": POPULATION,
    "20b6276b-92f7-48fd-806e-69c35b54d9e0": POPULATION,
    "e8863ec1-2e01-4a04-9a4b-b73b32233d0d": POPULATION,
    "036507d7-6671-4885-b2b4-af7f01e9ed5b": POPULATION,
    "3e3719b4-746d-4953-8b8b-e4af763bda3e": POPULATION,
}
"""Ids of the survey that no entry claims, each with the reason."""


@pytest.fixture(scope="session")
def surveyed(shared: Path) -> list[dict[str, str]]:
    with (shared / "statswales" / "registry.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="session")
def old_items(shared: Path) -> dict[str, list[str]]:
    """Items of the old StatsWales tables by code."""
    with (shared / "statswales" / "old_codes.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return {row["code"] or row["path"].rsplit("/", 1)[-1]: row["items_seen"].removesuffix(" ...").split(" ; ")
            for row in rows}  # fmt: skip


@pytest.mark.shared
def test_every_dataset_that_was_found_has_an_entry_or_a_reason(surveyed):
    claimed = {entry.uuid for entry in REGISTRY.datasets.values() if entry.uuid}
    found = {row["uuid"] for row in surveyed if row["uuid"]}
    assert found - claimed - set(LEFT_OUT) == set()
    assert claimed & set(LEFT_OUT) == set()
    assert (claimed | set(LEFT_OUT)) - found == set()
    for row in surveyed:
        if not row["uuid"]:
            assert any(entry.titled(row["title"]) for entry in REGISTRY.datasets.values()), row["title"]


@pytest.mark.shared
def test_an_id_whose_title_was_read_is_pinned_and_any_other_waits_to_be_confirmed(surveyed):
    rows = {row["uuid"]: row for row in surveyed}
    for entry in REGISTRY.datasets.values():
        if entry.uuid is None:
            assert not entry.confirm, entry.key
            continue
        exact = rows[entry.uuid]["title_confidence"] == "exact"
        assert entry.state == ("pinned" if exact else "to_confirm"), entry.key
        if exact:
            assert entry.titled(rows[entry.uuid]["title"]), entry.key


@pytest.mark.shared
def test_every_column_that_was_seen_has_a_role(shared, surveyed):
    import yaml

    columns = {row["uuid"]: row["columns"].split("|") for row in surveyed if row["uuid"] and row["columns"]}
    for path in (shared / "statswales" / "schemas").glob("*.yml"):
        if path.stem in {row["uuid"] for row in surveyed}:
            columns[path.stem] = yaml.safe_load(path.read_text(encoding="utf-8"))["columns"]
    for entry in REGISTRY.datasets.values():
        seen = {normalise(name) for name in columns.get(entry.uuid or "", ())} - {"data values", "notes"}
        if not seen:
            continue
        roles = {role: {normalise(name) for name in column.names} for role, column in entry.columns.items()}
        assert seen - set().union(*roles.values()) == set(), entry.key
        for role, names in roles.items():
            if entry.columns[role].required and entry.columns[role].constant is None:
                assert names & seen, (entry.key, role)
        # two roles never take one column: the first that names it would leave the other without
        taken = [next(n for n in map(normalise, c.names) if n in seen) for c in entry.columns.values()
                 if any(normalise(n) in seen for n in c.names)]  # fmt: skip
        assert len(set(taken)) == len(taken), entry.key


@pytest.mark.shared
@pytest.mark.parametrize(
    ("code", "key", "role"),
    [
        ("CARE0038", "children_starting_to_be_looked_after_need", "measure"),
        ("CARE0041", "short_breaks_need", "measure"),
        ("CARE0044", "adoptions_foster_carers", "measure"),
        ("CARE0045", "adoptions_length_of_time", "age_at_start"),
        ("CARE0046", "adoptions_stages", "age_at_start"),
        ("CARE0051", "care_leavers_accommodation_19", "measure"),
        ("CARE0052", "care_leavers_activity_19", "measure"),
        ("CARE0136", "care_and_support_age_ethnicity", "age_group"),
        ("CARE0137", "care_and_support_need_disability", "measure"),
        ("CARE0137", "care_and_support_child_status", "child_status"),
        ("CARE0141", "care_and_support_disabilities", "component"),
        ("CARE0142", "care_and_support_health", "component"),
        ("CARE0145", "care_and_support_education", "component"),
        ("CARE0156", "children_looked_after_foster_location", "measure"),
        ("CARE0156", "children_looked_after_location", "measure"),
        ("CARE0157", "care_and_support_asylum_seekers", "measure"),
        ("CARE0170", "framework_care_and_support_plans", "measure"),
        ("CARE0176", "framework_care_experienced_young_people", "measure"),
        ("CARE0211", "framework_care_leavers", "measure"),
        ("childrenlookedafterat31march-by-localauthority-legalstatus", "children_looked_after_legal_status", "measure"),
        ("financingofgrossrevenueexpenditure-by-authority", "revenue_financing", "source_of_funding"),
        ("social-services-socialservicesrevenueexpenditure-by-clientgroup", "social_services_revenue_outturn",
         "service"),
        ("revenueoutturnexpendituresummary-by-service", "revenue_outturn_summary", "expenditure_basis"),
        ("revenueoutturnexpenditure-by-authority-service", "revenue_outturn", "service"),
    ],
)  # fmt: skip
def test_members_of_the_old_tables_are_known(old_items, code, key, role):
    column = REGISTRY.datasets[key].columns[role]
    assert [item for item in old_items[code] if column.find(item) is None] == []


@pytest.mark.shared
def test_official_codes_are_ones_that_were_read_and_none_from_memory_alone(shared, old_items):
    sure: set[str] = set()
    for line in (shared / "domain" / "SSPM.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("CH/") and cells[2] in ("H", "M"):
            sure.add(cells[0])
        elif len(cells) == 6 and re.fullmatch(r"\d{2}[ab]?", cells[0]) and cells[4] in ("H", "M"):
            sure.add(f"PM{cells[0]}")
    quoted = {item.split(":")[0] for items in old_items.values() for item in items if item.startswith("CH/")}
    ours = {measure.official_code for measure in REGISTRY.measures.values() if measure.official_code}
    assert ours - sure - quoted == set()
    assert {code for code in sure if code.startswith("PM")} <= ours


@pytest.mark.shared
def test_the_real_files_are_in_words_that_the_registry_knows(shared):
    data = shared / "real_data"
    files = {
        "social_services_revenue_outturn": data / "social_services_revenue_wales_2006_2015.csv",
        "flying_start_contacts": data / "flying_start_hlth1250" / "data-orig.csv",
        "population_by_age": data / "population_single_year_of_age_2019_2020.csv",
        "children_looked_after_gender_age": data / "children_looked_after_31_march_2003_2015.csv",
    }
    for key, path in files.items():
        entry = REGISTRY.datasets[key]
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert set(entry.tidy) >= {"value", *entry.grain}
        for role in ("measure", *entry.breakdowns):
            column, name = entry.columns[role], entry.tidy[role]
            found = {name[1:]} if name.startswith("=") else {row[name] for row in rows}
            if not column.ages:
                assert {text for text in found if column.find(text) is None} == set(), (key, role)


def test_a_member_may_publish_its_measure_in_another_unit():
    money = REGISTRY.datasets["revenue_outturn"].columns["measure"].values
    assert REGISTRY.measures["revenue_outturn"].scale == 1000
    assert money["thousand"].scale is None
    assert money["pounds"].scale == 1
    assert isinstance(money["per_head"], Member)
    assert REGISTRY.measures[money["per_head"].measure_key or ""].scale == 1
