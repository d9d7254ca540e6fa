"""Cubes: reading CSV in each shape, and writing every view."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.errors import DataProblem
from ingestion.sample.cube import Cube, cube_from_csv, notes_text, period_member, updated_cube
from ingestion.statswales.registry import Dataset, PeriodKind, load_registry

TIDY = """year_ending_31_march,area_code,area_name,gender,age_group,children,marker,placement
2018,W92000004,Wales,boys,all_ages,1160,,foster
2019,W06000015,Cardiff,girls,under_1,,suppressed,foster
2019,W06000099,Atlantis,all,all_ages,5,p,"home, own"
"""
RAW = """Data values,Data description,Year,Local Authority,Age group,Notes,NoteCodes
10,Number of boys,2017-18,Wales,All ages,Total,t
,Number of boys,2017-18,Cardiff,All ages,Confidential,c
-477,Number of boys,2018-19,Wales,All ages,,"p, e"
1160,Number of girls,2018-19,Cardiff,Under 1 year,,T
"""
Make = Callable[..., Cube]


def rows(cube: Cube, view: str, lang: str = "en", **more: object) -> list[dict[str, str]]:
    text = cube.csv(view, lang, **more).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_tidy_columns_are_mapped_and_markers_become_notes(make_cube: Make, children: Dataset) -> None:
    cube = make_cube(TIDY, children)
    found = {row["Age group"] + row["Year"]: row for row in rows(cube, "raw_extended")}
    cell = found["Under 1 year2018-19"]
    assert (cell["Data values"], cell["Notes"]) == ("", "Confidential")
    assert (cell["Year_reference"], cell["Year_sort"]) == ("201819", "1553990400000")
    assert (cell["Data description"], cell["Data description_reference"]) == ("Number of girls", "2")
    assert (cell["Local Authority_reference"], cell["Local Authority_hierarchy"]) == ("W06000015", "W92000004")


def test_a_tidy_column_that_nothing_claims_is_a_further_dimension(make_cube: Make, children: Dataset) -> None:
    cube = make_cube(TIDY, children)
    assert [d.name_en for d in cube.dimensions] == ["Year", "Local Authority", "Age group", "placement"]
    assert {row["placement"] for row in rows(cube, "raw")} == {"foster", "home, own"}


def test_tidy_labels_are_there_in_welsh(make_cube: Make, children: Dataset) -> None:
    found = rows(make_cube(TIDY, children), "raw", "cy")
    assert {row["Awdurdod lleol"] for row in found} == {"Cymru", "Caerdydd", "Atlantis"}
    assert {row["Grŵp oedran"] for row in found} == {"Pob oed", "Dan 1 oed"}
    assert {row["Nodiadau"] for row in found} == {"", "Cyfrinachol", "Amodol"}


def test_a_constant_of_the_mapping_fills_its_column(make_cube: Make) -> None:
    entry = load_registry()["population_by_age"]
    text = "mid_year,la_code,la_name,age,population\n2019,W06000001,Isle of Anglesey,0,593\n2019,W92000004,Wales,90,7\n"
    cube = make_cube(text, entry)
    found = rows(cube, "raw_extended")
    assert {(row["Data description"], row["Sex"], row["Sex_reference"]) for row in found} == {
        ("Population", "Persons", "P")
    }
    assert {(row["Year"], row["Year_reference"], row["Year_sort"]) for row in found} == {("2019", "2019", "")}
    assert not cube.dimensions[0].is_date


def test_repeated_rows_are_served_as_often_as_they_are_there(make_cube: Make, children: Dataset) -> None:
    assert len(rows(make_cube(RAW + RAW.splitlines()[1] + "\n", children), "raw")) == 5


def test_the_guard_is_on_negative_whole_numbers_and_on_labels_but_not_on_decimals(make_cube: Make) -> None:
    text = "Data values,Data description,Group,Notes\n-477,Number,=SUM(A1),\n3,Number,@home,\n2,+n,-,\n"
    found = rows(make_cube(text), "raw")
    assert sorted(row["Data values"] for row in found) == ["'-477", "2", "3"]
    assert {row["Group"] for row in found} == {"'=SUM(A1)", "'@home", "'-"}
    assert {row["Data description"] for row in found} == {"Number", "'+n"}
    decimals = rows(make_cube(text.replace("-477", "-477.5"), name="b.csv"), "raw")
    assert "-477.5" in {row["Data values"] for row in decimals}


def test_the_guard_of_a_downloaded_file_is_undone(make_cube: Make) -> None:
    cube = make_cube("Data values,Data description,Group,Notes\n'-3,Number,'=x,\n1,Number,'n,\n")
    assert cube.value_type == "BIGINT"
    assert {m.en for m in cube.dimensions[0].members} == {"=x", "'n"}
    assert {row["Data values"] for row in rows(cube, "raw_extended")} == {"'-3", "1"}


def test_codes_written_in_another_way_are_lost_from_notes_but_not_from_the_codes(
    make_cube: Make, children: Dataset
) -> None:
    cube = make_cube(RAW, children)
    assert sorted(row["Notes"] for row in rows(cube, "raw")) == ["", "Confidential", "Provisional", "Total"]
    values = {row["Data values"] for row in rows(cube, "with_note_codes")}
    assert values == {"          10 [t]", " [c]", "        -477 [p] [ e]", "       1,160 [t]"}
    assert "Notes" not in rows(cube, "with_note_codes")[0]


def test_notes_are_in_alphabetical_order_of_each_language() -> None:
    assert notes_text("p,e", "en") == "Estimated, Provisional"
    assert notes_text("p,e", "cy") == "Amcangyfrifedig, Amodol"
    assert notes_text("c,b", "cy") == "Cyfres toriad mewn amser, Cyfrinachol"
    assert notes_text("", "en") is None


def test_notes_text_of_a_raw_file_is_read_back_into_codes(make_cube: Make) -> None:
    text = 'Data values,Data description,Group,Notes\n1,Number,a,"Estimated, Provisional"\n'
    assert rows(make_cube(text), "with_note_codes")[0]["Data values"] == "           1 [e] [p]"


def test_formatted_values_are_padded_and_rounded_to_the_decimals_of_their_measure(make_cube: Make) -> None:
    text = "Data values,Data description,Group,Notes\n160918,Number,a,\n164.3,Rate,a,\n"
    text += "-1.25,Share,b,\n1234567890123,Number,b,\n"
    found = {row["Data values"] for row in rows(make_cube(text), "formatted")}
    assert found == {"     160,918", "         164.3", "          -1.25", "1,234,567,890,123"}


def test_bulk_csv_has_no_last_line_end_and_no_rows_is_one_line_end(make_cube: Make, children: Dataset) -> None:
    cube = make_cube(RAW, children)
    assert not cube.csv("raw", "en").read_bytes().endswith(b"\n")
    assert cube.csv("raw", "en", filters=((0, ()),)).read_bytes() == b"\n"


def test_filters_choose_members(make_cube: Make, children: Dataset) -> None:
    cube = make_cube(RAW, children)
    cardiff = next(i for i, m in enumerate(cube.dimensions[1].members) if m.en == "Cardiff")
    assert {row["Local Authority"] for row in rows(cube, "raw", filters=((1, (cardiff,)),))} == {"Cardiff"}
    assert cube.count(((1, (cardiff,)),)) == 2


@pytest.mark.parametrize("view", ["raw_extended", "raw"])
def test_what_a_cube_writes_it_reads_back(make_cube: Make, children: Dataset, tmp_path: Path, view: str) -> None:
    first = make_cube(TIDY.replace(",p,", ",,"), children)
    written = first.csv(view, "en").read_bytes()
    again = tmp_path / "again.csv"
    again.write_bytes(written)
    cube = cube_from_csv(again, children)
    assert cube.csv(view, "en").read_bytes() == written
    assert sorted(map(str, rows(cube, "raw", "cy"))) == sorted(map(str, rows(first, "raw", "cy")))
    cube.close()


def test_line_ends_byte_order_mark_and_quotes_are_read(make_cube: Make) -> None:
    cube = make_cube('\ufeffData values,Data description,Group,Notes\r\n1,Number,"a\nb, ""c""",\r\n')
    assert rows(cube, "raw")[0]["Group"] == 'a\nb, "c"'
    assert rows(cube, "raw")[0]["Data values"] == "1"


def test_a_file_in_welsh_only_is_served(make_cube: Make, children: Dataset) -> None:
    text = "Gwerthoedd data,Disgrifiad o’r data,Blwyddyn,Awdurdod lleol,Grŵp oedran,Nodiadau\n"
    text += "5,Nifer y plant,2018-19,Caerdydd,Pob oed,Amodol\n"
    found = rows(make_cube(text, children), "raw", "cy")[0]
    assert (found["Awdurdod lleol"], found["Nodiadau"]) == ("Caerdydd", "Amodol")


def test_times_make_a_text_column(make_cube: Make) -> None:
    cube = make_cube("Data values,Data description,Group,Notes\n09:30,Start,a,\n12,Start,b,\n")
    assert cube.value_type == "VARCHAR"
    assert {row["Data values"] for row in rows(cube, "raw")} == {"09:30", "12"}


@pytest.mark.parametrize(
    ("kind", "text", "label", "reference", "sort"),
    [
        ("financial_year_end", "2015", "2014-15", "201415", 1427760000000),
        ("financial_year_end", "2014-15", "2014-15", "201415", 1427760000000),
        ("financial_year_end", "31/03/2015", "2014-15", "201415", 1427760000000),
        ("financial_year_end", "2000", "1999-00", "199900", 954460800000),
        ("financial_year", "1999-2000", "1999-00", "199900", 954460800000),
        ("mid_year", "2019", "2019", "2019", None),
        ("calendar_year", "2019", "2019", "2019", 1577750400000),
        ("point", "2015-03-31", "31/03/2015", "20150331", 1427760000000),
    ],
)
def test_periods_are_written_as_statswales_writes_them(
    kind: str, text: str, label: str, reference: str, sort: int | None
) -> None:
    member = period_member(kind, text)  # type: ignore[arg-type]
    assert member is not None
    assert (member.en, member.cy, member.reference, member.sort) == (label, label, reference, sort)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("financial_year", "2015"), ("financial_year_end", "2014-16"), ("mid_year", "x"), ("point", "2015")],
)
def test_a_text_that_is_no_such_period_is_refused(kind: str, text: str) -> None:
    assert period_member(kind, text) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "column", "row"),
    [
        (("2018,W92", "twenty,W92"), "year_ending_31_march", 1),
        ((",1160,", ",many,"), "children", 1),
        (("suppressed", "hidden"), "marker", 2),
    ],
)
def test_a_cell_that_cannot_be_served_is_named(
    make_cube: Make, children: Dataset, change: tuple[str, str], column: str, row: int
) -> None:
    with pytest.raises(DataProblem) as caught:
        make_cube(TIDY.replace(*change), children)
    assert (caught.value.context["column"], caught.value.context["row"]) == (column, row)
    assert column in caught.value.en
    assert column in caught.value.cy
    assert "figures.csv" in caught.value.en


def test_a_file_of_neither_shape_says_what_is_missing(make_cube: Make, children: Dataset) -> None:
    with pytest.raises(DataProblem) as caught:
        make_cube(TIDY.replace("gender", "sex"), children)
    assert caught.value.context["missing"] == ["gender"]
    with pytest.raises(DataProblem, match=re.escape("Data values")):
        make_cube("a,b\n1,2\n")


@pytest.mark.parametrize("text", ["", "\n", "a,a\n1,2\n"])
def test_a_header_that_cannot_be_used_is_refused(make_cube: Make, text: str) -> None:
    with pytest.raises(DataProblem):
        make_cube(text)


def test_ragged_lines_and_other_encodings_are_refused_with_their_line(make_cube: Make, tmp_path: Path) -> None:
    with pytest.raises(DataProblem) as caught:
        make_cube("Data values,Data description,Group,Notes\n1,Number,a,\n1,Number\n")
    assert caught.value.context["row"] == 3
    path = tmp_path / "latin.csv"
    path.write_bytes("Data values,Data description,Group,Notes\n1,Number,Môn,\n".encode("latin-1"))
    with pytest.raises(DataProblem, match="encoding"):
        cube_from_csv(path)


def test_closing_removes_the_files(make_cube: Make) -> None:
    cube = make_cube("Data values,Data description,Group,Notes\n1,Number,a,\n")
    cube.close()
    assert not cube.folder.exists()


# -- updates ---------------------------------------------------------------------------------------------------

FIRST = """Data values,Data description,Year,Group,Notes,NoteCodes
10,Number,2017-18,a,,"t,p"
20,Number,2018-19,a,,p
30,Number,2017-18,b,,r
,Number,2018-19,b,,c
50,Number,2017-18,c,,f
"""


def updated(make_cube: Make, update: str) -> dict[tuple[str, str], str]:
    header = FIRST.splitlines(keepends=True)[0]
    before, after = make_cube(FIRST, name="first.csv"), make_cube(header + update, name="update.csv")
    cube = updated_cube(before, after)
    found = {(r["Year"], r["Group"]): r["Data values"].strip() for r in rows(cube, "with_note_codes")}
    assert cube.rows == len(found)
    cube.close()
    return found


def test_an_update_takes_passing_codes_from_every_row_that_it_does_not_name(make_cube: Make) -> None:
    found = updated(make_cube, "7,Number,2019-20,a,,\n")
    assert found == {
        ("2017-18", "a"): "10 [t]",
        ("2018-19", "a"): "20",
        ("2017-18", "b"): "30",
        ("2018-19", "b"): "[c]",
        ("2017-18", "c"): "50",
        ("2019-20", "a"): "7",
    }


@pytest.mark.parametrize(
    ("row", "cell", "shown"),
    [
        ("31,Number,2017-18,b,,", ("2017-18", "b"), "31 [r]"),
        ("30,Number,2017-18,b,,t", ("2017-18", "b"), "30 [t] [r]"),
        ("41,Number,2018-19,b,,p", ("2018-19", "b"), "41 [p]"),
        ("21,Number,2018-19,a,,", ("2018-19", "a"), "21"),
        ("51,Number,2017-18,c,,e", ("2017-18", "c"), "51 [e]"),
        ("9,Number,2019-20,d,,p", ("2019-20", "d"), "9 [p]"),
    ],
)
def test_a_row_that_was_there_is_marked_revised_unless_it_is_or_was_provisional_or_forecast(
    make_cube: Make, row: str, cell: tuple[str, str], shown: str
) -> None:
    assert updated(make_cube, row + "\n")[cell] == shown


def test_an_update_may_bring_fractions_and_members_and_leaves_the_first_revision_alone(make_cube: Make) -> None:
    before, after = make_cube(FIRST, name="a.csv"), make_cube(FIRST.splitlines()[0] + "\n1.5,Rate,2017-18,z,,\n")
    served = before.csv("raw", "en").read_bytes()
    cube = updated_cube(before, after)
    assert [member.en for member in cube.measure.members] == ["Number", "Rate"]
    assert [member.en for member in cube.dimensions[1].members] == ["a", "b", "c", "z"]
    assert (cube.value_type, cube.rows) == ("DOUBLE", 6)
    assert before.csv("raw", "en").read_bytes() == served
    cube.close()


def test_an_update_with_other_columns_is_refused(make_cube: Make) -> None:
    other = make_cube("Data values,Data description,Year,Notes\n1,Number,2017-18,\n", name="other.csv")
    with pytest.raises(DataProblem, match="Group"):
        updated_cube(make_cube(FIRST), other, path=Path("other.csv"))


def test_an_update_that_has_a_cell_twice_is_refused(make_cube: Make) -> None:
    with pytest.raises(DataProblem) as caught:
        updated(make_cube, "1,Number,2017-18,a,,\n2,Number,2017-18,a,,\n")
    assert caught.value.context["cell"][0] == "Number"


# -- old codes, remarks and other kinds of period ----------------------------------------------------------------


def test_old_area_codes_stay_references_and_get_names_in_both_languages(make_cube: Make, children: Dataset) -> None:
    text = (
        "year_ending_31_march,area_code,gender,age_group,children,marker\n2018,512,boys,U1,5,\n2018,596,boys,U1,10,\n"
    )
    entry = children.model_copy(update={"tidy": {k: v for k, v in children.tidy.items() if k != "area_label"}})
    cube = make_cube(text, entry)
    areas = {row["Local Authority"]: row for row in rows(cube, "raw_extended")}
    assert areas["Isle of Anglesey"]["Local Authority_reference"] == "512"
    assert areas["Isle of Anglesey"]["Local Authority_hierarchy"] == "596"
    assert {row["Awdurdod lleol"] for row in rows(cube, "raw", "cy")} == {"Ynys Môn", "Cymru"}


def test_a_remark_behind_an_area_is_passed_over(make_cube: Make, children: Dataset) -> None:
    text = TIDY.splitlines()[0] + "\n2018,Wales (as far as is known),,boys,U1,5,,x\n"
    (row,) = rows(make_cube(text, children), "raw_extended")
    assert row["Local Authority_reference"] == "W92000004"


@pytest.mark.parametrize(
    ("kinds", "text", "en", "cy", "reference"),
    [
        (["school_year"], "2013/14", "2013/14", "2013/14", "201314"),
        (["financial_year", "quarter"], "2024-25 Q4", "Q4 2024-25", "Ch4 2024-25", "2024Q4"),
        (["calendar_quarter"], "2024 Q4", "Q4 2024", "Ch4 2024", "2024Q4"),
        (["month"], "2022-01", "January 2022", "Ionawr 2022", "202201"),
        (
            ["rolling_year"],
            "year to September 2020",
            "Year ending September 2020",
            "Blwyddyn yn diweddu Medi 2020",
            "20200930",
        ),
    ],
)
def test_quarters_months_and_rolling_years_are_labelled_in_both_languages(
    kinds: list[PeriodKind], text: str, en: str, cy: str, reference: str
) -> None:
    member = period_member(kinds, text)
    assert member is not None
    assert (member.en, member.cy, member.reference) == (en, cy, reference)
