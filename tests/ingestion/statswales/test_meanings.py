"""What labels and codes mean: areas, ages, listed members, the publisher's own words, totals, and cells."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import GofalError
from ingestion.statswales.meanings import WALES, Meanings, Spelling, age_key, area_key, load_aliases, spellings
from ingestion.statswales.registry import Dataset, load_registry

MEASURE = {
    "kind": "measure",
    "names": ["Data description"],
    "closed": False,
    "values": {
        "boys": {"en": "Boys", "cy": "Bechgyn", "measure_key": "children", "breakdown": {"gender": "male"}},
        "girls": {"en": "Girls", "cy": "Merched", "measure_key": "children", "breakdown": {"gender": "female"}},
        "children": {"en": "Children", "cy": "Plant", "code": "3", "measure_key": "children"},
        "cost": {"en": "Cost", "cy": "Cost", "measure_key": "cost", "scale": 1},
        "spend": {"en": "Spend (£ thousand)", "cy": "Gwariant (£ mil)", "measure_key": "cost"},
        "seen": {"en": "Seen", "cy": "Gwelwyd"},
    },
}
PLACEMENT = {"kind": "breakdown", "names": ["Placement"], "closed": False}
LEGAL = {
    "kind": "breakdown",
    "names": ["Legal status"],
    "values": {
        "care_order": {"en": "Care order", "cy": "Gorchymyn gofal", "also": ["CO", "Full care order"]},
        "other": {"en": "Other", "cy": "Arall"},
        "all": {"en": "All statuses", "cy": "Pob statws", "is_total": True},
    },
}


def entry(**columns: Any) -> Dataset:
    """An entry with these columns beside period and area."""
    return Dataset.model_validate(
        {
            "key": "example",
            "title_en": "Example",
            "title_cy": "Enghraifft",
            "columns": {
                "measure": MEASURE,
                "period": {"kind": "period", "period": "financial_year", "names": ["Year"]},
                "area": {"kind": "area", "names": ["Area"]},
                **columns,
            },
        }
    )


def read(dataset: Dataset, role: str, labels: Iterable[str], column: str | None = None) -> dict[str, Spelling]:
    """How the labels of one column are read together, by label."""
    words = {role: [(label, None, None, label, None) for label in labels]}
    return {s.label or "": s for s in spellings(Meanings(dataset, {}), words) if s.role == (column or role)}


# -- members -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Care order", "  care   ORDER ", "Gorchymyn gofal", "co", "full care order"])
def test_every_spelling_of_a_listed_member_is_the_member(text: str) -> None:
    member = Meanings(entry(legal=LEGAL), {}).of("legal", text, None)
    assert (member.key, member.listed, member.label_cy) == ("care_order", True, "Gorchymyn gofal")


def test_a_code_names_a_member_where_the_label_does_not() -> None:
    assert Meanings(entry(legal=LEGAL), {}).of("legal", "Gofal llawn", "CO").key == "care_order"


def test_a_member_that_a_closed_column_does_not_list_is_not_known() -> None:
    member = Meanings(entry(legal=LEGAL), {}).of("legal", "Emergency order", "EO")
    assert (member.key, member.listed) == (None, False)


def test_a_member_that_an_open_column_does_not_list_keeps_the_publishers_words() -> None:
    meanings = Meanings(entry(placement=PLACEMENT), {})
    member = meanings.of("placement", "With parents’ friends", "P1")
    assert (member.key, member.listed, member.is_total) == ("with_parents_friends", False, False)
    assert meanings.of("placement", None, "P1").key == "p1"
    assert meanings.of("placement", "Lleoliad â theulu", None).key == "lleoliad_â_theulu"
    assert meanings.of("placement", "", None).key is None
    assert meanings.of("placement", "-", "..").key is None


# -- what the data description says ------------------------------------------------------------------------------


def test_a_data_description_carries_its_measure_and_what_it_hides() -> None:
    meanings = Meanings(entry(), {}, {"children": 1.0, "cost": 1000.0})
    boys = meanings.of("measure", "bechgyn", None)
    assert (boys.measure_key, dict(boys.hidden), boys.scale) == ("children", {"gender": "male"}, 1.0)
    assert meanings.of("measure", "Whatever", "3").measure_key == "children"
    assert meanings.of("measure", "Seen", None).measure_key is None
    assert meanings.of("measure", "Never heard of", None).measure_key is None


def test_a_figure_is_scaled_as_its_measure_says_unless_the_column_says_otherwise() -> None:
    meanings = Meanings(entry(), {}, {"cost": 1000.0})
    assert meanings.of("measure", "Spend (£ thousand)", None).scale == 1000.0
    assert meanings.of("measure", "Cost", None).scale == 1.0
    assert Meanings(entry(), {}).of("measure", "Spend (£ thousand)", None).scale == 1.0


def test_what_is_not_listed_is_otherwise() -> None:
    measure = {**MEASURE, "otherwise": {"measure_key": "spend", "breakdown": "service"}}
    meanings = Meanings(entry(measure=measure), {}, {"spend": 1000.0})
    member = meanings.of("measure", "Fostering services", "12")
    assert (member.key, member.listed) == ("fostering_services", False)
    assert (member.measure_key, dict(member.hidden), member.scale) == (
        "spend", {"service": "fostering_services"}, 1000.0
    )  # fmt: skip
    assert meanings.of("measure", "Boys", None).measure_key == "children"
    plain = {**MEASURE, "otherwise": {"measure_key": "spend"}}
    assert dict(Meanings(entry(measure=plain), {}).of("measure", "Fostering", None).hidden) == {}


def test_a_hidden_breakdown_is_a_column_of_its_own() -> None:
    found = read(entry(), "measure", ["Boys", "Girls", "Children", "Seen"], "gender")
    assert {label: (s.member_key, s.breakdown, s.is_total, s.is_whole) for label, s in found.items()} == {
        "Boys": ("male", "gender=male", False, False),
        "Girls": ("female", "gender=female", False, False),
        "Children": ("all", None, True, True),  # a description that says nothing of gender is of both
    }
    assert not read(entry(), "measure", ["Children"], "gender")["Children"].is_whole  # it is the whole of nothing


# -- totals ------------------------------------------------------------------------------------------------------


def test_one_likely_total_of_an_open_column_is_its_total() -> None:
    found = read(entry(placement=PLACEMENT), "placement", ["All placements", "Foster care", "Home"])
    assert {label: (s.member_key, s.is_total, s.is_whole, s.breakdown) for label, s in found.items()} == {
        "All placements": ("all", True, True, None),
        "Foster care": ("foster_care", False, False, "placement=foster_care"),
        "Home": ("home", False, False, "placement=home"),
    }


def test_of_two_likely_totals_neither_is_believed() -> None:
    found = read(entry(placement=PLACEMENT), "placement", ["All adoptions", "All days", "Home"])
    assert [s.label for s in found.values() if s.is_total or s.is_whole] == []
    assert found["All days"].breakdown == "placement=all_days"


@pytest.mark.parametrize("label", ["Total", "Cyfanswm", "Pob lleoliad", "All", "Total (of all)"])
def test_totals_are_likely_in_both_languages(label: str) -> None:
    found = read(entry(placement=PLACEMENT), "placement", [label, "Home"])
    assert (found[label].member_key, found[label].is_total) == ("all", True)


@pytest.mark.parametrize("label", ["Allotment", "Totally other", "Small", "Pobl"])
def test_a_word_that_only_begins_like_a_total_is_none(label: str) -> None:
    assert not read(entry(placement=PLACEMENT), "placement", [label, "Home"])[label].is_total


def test_a_listed_total_wins_over_a_likely_one() -> None:
    column = {**LEGAL, "closed": False}
    found = read(entry(legal=column), "legal", ["All statuses", "Total under court order", "Other"])
    assert [label for label, s in found.items() if s.is_total] == ["All statuses"]
    assert found["Total under court order"].breakdown == "legal=total_under_court_order"


# -- ages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *((text, "0") for text in ("Under 1", "Aged under 1", "Less than one year", "<1", "Dan 1 oed", "0", "00")),
        *((text, "5") for text in ("5", "05", "Aged 5", "Age 5", "5 years", "5 years old", "5 oed", "5 mlwydd oed")),
        *((text, "1") for text in ("1 year", "1 blwydd oed", "A1")),
        *((text, "90_and_over") for text in ("90+", "90 and over", "Aged 90 and over", "90 years and over",
                                             "90 oed a throsodd", "90 plus")),
        *((text, "all") for text in ("All ages", "Total", "Pob oed", "Cyfanswm", "T")),
        ("5 to 9", "5_to_9"),
        ("5-9", "5_9"),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_an_age_is_read_as_publishers_word_it(text: str | None, key: str | None) -> None:
    assert age_key(text) == key


def test_age_bands_are_wholes_beside_the_single_years_that_they_hold() -> None:
    ages = {"kind": "breakdown", "names": ["Age"], "ages": True, "closed": False}
    labels = ["0", "1", "2", "89", "90+", "Aged 65 and over", "0 to 2", "All ages"]
    found = read(entry(age=ages), "age", labels)
    assert {label for label, s in found.items() if s.is_whole} == {"Aged 65 and over", "0 to 2", "All ages"}
    assert {label for label, s in found.items() if s.is_total} == {"All ages"}
    assert found["90+"].breakdown == "age=90_and_over"


def test_age_bands_alone_are_parts() -> None:
    ages = {"kind": "breakdown", "names": ["Age"], "ages": True, "closed": False}
    found = read(entry(age=ages), "age", ["18 and over", "90+"])
    assert not any(s.is_whole for s in found.values())


# -- areas -------------------------------------------------------------------------------------------------------


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "aliases.csv"
    path.write_text("alias,area_code\nYnys Môn,W06000001\n512,W06000001\nThe  Vale,W06000014\n", encoding="utf-8")
    return path


def test_an_area_is_known_by_code_or_label_in_either_language(seed: Path) -> None:
    aliases = load_aliases(seed)
    assert area_key(aliases, "ynys môn", "1") == "W06000001"
    assert area_key(aliases, None, "512") == "W06000001"
    assert area_key(aliases, "w06000014", None) == "W06000014"
    assert area_key(aliases, "the vale", None) == "W06000014"
    assert area_key(aliases, "Atlantis", None) is None
    assert area_key(aliases, None, None) is None


def test_a_gss_code_that_nobody_knows_is_believed_over_a_known_label(seed: Path) -> None:
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
    assert WALES in codes
    assert len([code for code in codes if code.startswith("W06")]) == 22


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Total Welsh local authorities", "596"),
        ("The Vale of Glamorgan", None),
        ("Bro Morgannwg", None),
        ("Ynys Môn", None),
        (None, "512"),
    ],
)
def test_areas_that_old_datasets_write_in_their_own_way_are_known(label: str | None, code: str | None) -> None:
    assert area_key(load_aliases(), label, code) is not None


# -- cells -------------------------------------------------------------------------------------------------------


def test_an_area_that_the_dataset_has_no_column_for_is_the_constant() -> None:
    dataset = entry(area={"kind": "area", "constant": WALES})
    assert Meanings(dataset).of("area", None, WALES).key == WALES


@pytest.mark.parametrize("round_no", range(20))
def test_every_cell_has_a_number_of_its_own_whatever_the_words(round_no: int) -> None:
    """Sums over a row's roles are equal exactly where measure, period, area and every breakdown mean the same."""
    pick = random.Random(round_no)
    syllables = ["ga", "me", "lly", "wen", "Order", "All", "Total", "care", "oed", "1", "2013-14"]

    def words(count: int, *always: str) -> list[str]:
        made = {" ".join(pick.choices(syllables, k=pick.randint(1, 2))) for _ in range(count)}
        return sorted({*always, *made})

    dataset = entry(placement=PLACEMENT, legal={**LEGAL, "closed": False})
    measures = [*pick.sample(["boys", "girls", "children", "cost", "spend", "seen"], k=3), "Plant"]
    used = {
        "measure": measures,
        "period": ["2013-14", "2013/14", "2014-15", "2019-21"],
        "area": ["Gwynedd", "Conwy", "gwynedd ", "Nowhere"],
        "placement": words(4, "Home", "home"),
        "legal": words(2, "Care order", "CO", "Gorchymyn gofal", "Other"),
    }
    meanings = Meanings(dataset, {"gwynedd": "W06000002", "conwy": "W06000003"})
    found = spellings(meanings, {r: [(w, None, None, w, None) for w in ws] for r, ws in used.items()})
    places: dict[tuple[str, str | None], int] = {}
    named: dict[tuple[str, str | None], tuple[str, str | None]] = {}
    for spelling in found:
        meaning = spelling.measure_key if spelling.role == "measure" else spelling.member_key
        places[spelling.role, spelling.label] = spelling.cell_place
        named[spelling.role, spelling.label] = (spelling.role, meaning)
    hidden = [role for role, _ in places if role not in used]
    cells: dict[int, set[tuple[Any, ...]]] = {}
    for row in itertools.product(*([(role, word) for word in ws] for role, ws in used.items())):
        keys = [*row, *((role, row[0][1]) for role in dict.fromkeys(hidden) if (role, row[0][1]) in places)]
        if ("gender", row[0][1]) in places:  # rows that no measure stages have no cell
            cells.setdefault(sum(places[key] for key in keys), set()).add(tuple(named[key] for key in keys))
    assert cells
    assert all(len(meanings_of_cell) == 1 for meanings_of_cell in cells.values())
    distinct = {next(iter(one)) for one in cells.values()}
    assert len(distinct) == len(cells)


def test_every_registered_dataset_reads_its_own_words() -> None:
    """Each label, in either language, and each code of a listed member names that member and no other."""
    for dataset in load_registry().values():
        meanings = Meanings(dataset)
        for role, column in dataset.columns.items():
            for key, member in column.values.items():
                for text in (member.en, member.cy, *member.also):
                    assert meanings.of(role, text, None).key == key, (dataset.key, role, text)
