"""Known upstream errors as data: read, checked against the registry, and spread over the cells that dbt joins."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingestion.errors import RegistryError
from ingestion.statswales.corrections import CORRECTIONS, load_corrections, rows
from ingestion.statswales.registry import Dataset, load_registry, with_exports

ALIASES = {"w92000004": "W92000004", "wales": "W92000004", "w06000015": "W06000015", "cardiff": "W06000015"}

ENTRY = """\
corrections:
  cardiff_2014_times_ten:
    dataset: children
    match:
      measure_key: looked_after
      area: Cardiff
      period: "31/03/2014"
      breakdown: {gender: boys, age_group: all ages}
    found: " 6,500 "
    action: override
    value: 650
    reason_en: Ten times the year before, and the publisher agreed that a digit was added.
    reason_cy: Ddeg gwaith y flwyddyn flaenorol, a chytunodd y cyhoeddwr fod digid wedi’i ychwanegu.
    provider: Welsh Government
    reported: 2026-01-05
    status: reported
"""


@pytest.fixture
def registry() -> dict[str, Dataset]:
    columns = {
        "measure": {
            "kind": "measure",
            "names": ["Data description"],
            "closed": False,
            "values": {
                "male": {"en": "Number of boys", "cy": "Nifer y bechgyn", "also": ["boys"],
                         "measure_key": "looked_after", "breakdown": {"gender": "male"}},
                "rate": {"en": "Rate", "cy": "Cyfradd", "measure_key": "looked_after_rate"},
            },
            "otherwise": {"measure_key": "reasons", "breakdown": "reason"},
        },
        "period": {"kind": "period", "period": "financial_year_end", "names": ["Year"]},
        "area": {"kind": "area", "names": ["Area"]},
        "age_group": {
            "kind": "breakdown",
            "names": ["Age"],
            "values": {
                "all": {"en": "All ages", "cy": "Pob oed", "is_total": True},
                "under_1": {"en": "Under 1", "cy": "Dan 1 oed"},
            },
        },
        "placement": {"kind": "breakdown", "names": ["Placement"], "closed": False},
    }  # fmt: skip
    document = {"key": "children", "uuid": None, "title_en": "Children", "title_cy": "Plant", "columns": columns}
    return {"children": Dataset.model_validate(document)}


@pytest.fixture
def read(tmp_path: Path, registry: dict[str, Dataset]):
    path = tmp_path / "corrections.yml"

    def load(text: str):
        path.write_text(text, encoding="utf-8")
        return load_corrections(path, registry, ALIASES)

    return load


def test_an_entry_is_spread_over_its_cells_by_the_keys_of_the_warehouse(read):
    assert rows(read(ENTRY)) == [
        {
            "correction_id": "cardiff_2014_times_ten",
            "source_key": "children",
            "measure_key": "looked_after",
            "area_code": "W06000015",
            "period_key": "2014-03-31",
            "breakdown": "gender=male",
            "found": "6,500",
            "action": "override",
            "new_value": 650.0,
            "factor": None,
            "reason_en": "Ten times the year before, and the publisher agreed that a digit was added.",
            "reason_cy": "Ddeg gwaith y flwyddyn flaenorol, a chytunodd y cyhoeddwr fod digid wedi’i ychwanegu.",
            "status": "reported",
            "reported_on": "2026-01-05",
            "provider": "Welsh Government",
        }
    ]


def test_several_areas_and_periods_make_a_row_each(read):
    text = ENTRY.replace("area: Cardiff", "area: [Cardiff, W92000004]").replace(
        'period: "31/03/2014"', 'period: ["2014", "2015"]'
    )
    cells = [(r["area_code"], r["period_key"]) for r in rows(read(text))]
    assert cells == [(a, p) for a in ("W06000015", "W92000004") for p in ("2014-03-31", "2015-03-31")]


@pytest.mark.parametrize(
    ("breakdown", "key"),
    [
        ("{}", "all"),
        ("{age_group: All ages}", "all"),
        ("{gender: male, age_group: Dan 1 oed}", "age_group=under_1; gender=male"),
        ("{placement: Foster care}", "placement=foster_care"),
        ("{reason: Abuse or neglect}", "reason=abuse_or_neglect"),
    ],
)
def test_a_breakdown_is_written_as_the_warehouse_writes_it(read, breakdown: str, key: str):
    text = ENTRY.replace("{gender: boys, age_group: all ages}", breakdown)
    assert [r["breakdown"] for r in rows(read(text))] == [key]


@pytest.mark.parametrize(
    ("action", "extra", "new_value", "factor"),
    [("drop", "", None, None), ("flag", "", None, None), ("scale", "    factor: 1000\n", None, 1000.0)],
)
def test_each_action_has_what_it_needs(read, action: str, extra: str, new_value, factor):
    text = ENTRY.replace("action: override", f"action: {action}").replace("    value: 650\n", extra)
    (row,) = rows(read(text))
    assert (row["action"], row["new_value"], row["factor"]) == (action, new_value, factor)


def test_an_error_that_nobody_was_told_of_yet_is_open(read):
    (correction,) = read(ENTRY.replace("    reported: 2026-01-05\n", "").replace("status: reported", "status: open"))
    assert (correction.reported, correction.status) == (None, "open")
    (correction,) = read(ENTRY.replace("status: reported", "status: fixed_upstream"))
    assert correction.reported == date(2026, 1, 5)


@pytest.mark.parametrize("text", ["", "corrections:\n", "corrections: {}\n"])
def test_there_may_be_none(read, text: str):
    assert read(text) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said", "hint"),
    [
        ("dataset: children", "dataset: childern", 3, "dataset 'childern'", "children"),
        ("measure_key: looked_after", "measure_key: lookd_after", 5, "measure 'lookd_after'", "looked_after"),
        ("area: Cardiff", "area: Cardif", 6, "no area is called 'Cardif'", "cardiff"),
        ("area: Cardiff", "area: [Wales, Cardif]", 6, "no area is called 'Cardif'", "cardiff"),
        ("area: Cardiff", "area: [Wales, W92000004]", 6, "a second time", None),
        ("area: Cardiff", "area: []", 6, "`area`", None),
        ('period: "31/03/2014"', 'period: "2013-15"', 7, "no period of children", None),
        ('period: "31/03/2014"', 'period: "30/06/2014"', 7, "no period of children", None),
        ('period: "31/03/2014"', "period: 2014", 7, "quotation marks", None),
        ("gender: boys", "gendr: boys", 8, "breakdown 'gendr'", "gender"),
        ("gender: boys", "gender: boyz", 8, "gender has no member 'boyz'", None),
        ("age_group: all ages", "age_group: under_2", 8, "age_group has no member 'under_2'", "under_1"),
        ('found: " 6,500 "', "found: 6500.0", 9, "quotation marks", None),
        ('found: " 6,500 "', 'found: " "', 9, "`found`", None),
        ("action: override", "action: overide", 10, "found 'overide'", "override"),
        ("    value: 650\n", "", 2, "the action override needs `value`", None),
        ("    value: 650\n", "    value: 650\n    factor: 2\n", 2, "the action override needs `value`", None),
        ("action: override", "action: drop", 2, "the action drop has no value", None),
        ("    reason_cy: ", "    reason_cyy: ", 13, "no field is called 'reason_cyy'", "reason_cy"),
        ("provider: Welsh Government", "providr: Welsh Government", 14, "no field is called 'providr'", "provider"),
        ("status: reported", "status: open", 2, "`reported` is the date", None),
        ("reported: 2026-01-05", "reported: soon", 15, "`reported`", None),
        ("cardiff_2014_times_ten:", "Cardiff 2014:", 2, "`id`", None),
        ("corrections:", "correctons:", 1, "'correctons'", "corrections"),
        ("    match:", "    mtch:", 4, "no field is called 'mtch'", "match"),
        ("    provider: Welsh Government\n", "", 2, "cardiff_2014_times_ten lacks `provider`", None),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_nearest_word(read, old, new, line, said, hint):
    assert old in ENTRY
    with pytest.raises(RegistryError) as caught:
        read(ENTRY.replace(old, new, 1))
    error = caught.value
    assert error.context["line"] == line, error.en
    assert said in error.en
    assert f"corrections.yml, line {line}: " in error.en
    assert f"corrections.yml, llinell {line}: " in error.cy
    if hint:
        assert f"did you mean '{hint}'?" in error.en
        assert f"ai '{hint}' a olygwyd?" in error.cy


def test_two_corrections_of_one_published_value_are_refused(read):
    twice = ENTRY + ENTRY.removeprefix("corrections:\n").replace("cardiff_2014_times_ten", "again")
    with pytest.raises(RegistryError, match="again and cardiff_2014_times_ten both correct") as caught:
        read(twice)
    assert caught.value.context["line"] == 17
    assert len(read(twice.replace('found: " 6,500 "', 'found: "7"', 1))) == 2  # another wrong value, another vintage


def test_an_old_export_of_a_dataset_may_be_wrong_too(tmp_path: Path, registry):
    path = tmp_path / "corrections.yml"
    path.write_text(ENTRY.replace("dataset: children", "dataset: statswales_export_children"), encoding="utf-8")
    (row,) = rows(load_corrections(path, with_exports(registry), ALIASES))
    assert row["source_key"] == "statswales_export_children"


def test_an_entry_that_is_no_entry_is_refused(read):
    with pytest.raises(RegistryError, match="expected the fields of x"):
        read("corrections:\n  x: 5\n")


def test_the_bundled_file_agrees_with_the_bundled_registry():
    known = with_exports(load_registry())
    assert {c.dataset for c in load_corrections(CORRECTIONS)} <= set(known)
