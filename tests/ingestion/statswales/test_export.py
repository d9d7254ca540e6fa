"""Old StatsWales wide exports: made-up ones in many layouts, and the genuine ones where they are at hand."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.errors import DataProblem
from ingestion.lake import Lake, Outcome
from ingestion.statswales.export import export_to_batch, parse_export, period_of, read_rows
from ingestion.statswales.registry import load_registry

REGISTRY = load_registry()
LOOKED_AFTER = REGISTRY["children_looked_after_gender_age"]
POPULATION = REGISTRY["population_by_age"]

Figures = dict[tuple[str, ...], tuple[str | None, str]]

HIERARCHY = (
    '"","","Total boys and girls (1)","","","","","Total boys and girls (1)"\r\n'
    '"","","Boys (1)",".",".","Girls (1)",".","."\r\n'
    '"","","All Ages (1)",".","All Ages (1)","All Ages (1)","All Ages (1)","."\r\n'
    '"","","Under 1 year (1)","18 and over (1)",".","Under 1 year (1)",".","."\r\n'
    '"All Welsh local authorities ","",205,35,2400,195,2100,"4,500"\r\n'
    '"All Welsh local authorities ","Isle of Anglesey ","*",5,45,"..","~",85\r\n'
    '"","Gwynedd ",5,".",60,"*",50,110\r\n'
    "\r\n\r\n"
)
"""The layout of the genuine files, with other figures."""
HIERARCHY_FIGURES: Figures = {
    ("W92000004", "male", "under_1"): ("205", ""),
    ("W92000004", "male", "18_and_over"): ("35", ""),
    ("W92000004", "male", "all"): ("2400", ""),
    ("W92000004", "female", "under_1"): ("195", ""),
    ("W92000004", "female", "all"): ("2100", ""),
    ("W92000004", "all", "all"): ("4500", ""),
    ("W06000001", "male", "under_1"): (None, "c"),
    ("W06000001", "male", "18_and_over"): ("5", ""),
    ("W06000001", "male", "all"): ("45", ""),
    ("W06000001", "female", "under_1"): (None, "x"),
    ("W06000001", "female", "all"): (None, "k"),
    ("W06000001", "all", "all"): ("85", ""),
    ("W06000002", "male", "under_1"): ("5", ""),
    ("W06000002", "male", "18_and_over"): (None, "z"),
    ("W06000002", "male", "all"): ("60", ""),
    ("W06000002", "female", "under_1"): (None, "c"),
    ("W06000002", "female", "all"): ("50", ""),
    ("W06000002", "all", "all"): ("110", ""),
}


def write(folder: Path, text: str | bytes, name: str = "CLA_31MAR_2008.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def figures(path: Path, dataset=LOOKED_AFTER, year: str | None = None, *, period: bool = False) -> Figures:
    """Every figure by its meaning: area, measure, then the breakdowns (and the period's code first, if asked)."""
    rows, _ = read_rows(parse_export(path), dataset, year)
    found = {}
    for row in rows:
        key = (row["area"], row["measure"], *(row[b] for b in dataset.breakdowns))
        key = (row["period"].code, *key) if period else key
        assert key not in found
        found[key] = (row["value"], ",".join(row["codes"]))
    return found


def test_stacked_headings_with_dots_give_each_figure_its_own_meaning(tmp_path):
    path = write(tmp_path, HIERARCHY)
    assert figures(path) == HIERARCHY_FIGURES
    assert {key[0] for key in figures(path, period=True)} == {"200708"}


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("cp1252", b""),
    ],
)
def test_any_encoding_that_spreadsheets_write_gives_the_same_figures(tmp_path, encoding, mark):
    text = HIERARCHY.replace("Isle of Anglesey", "Ynys Môn")
    assert figures(write(tmp_path, mark + text.encode(encoding))) == HIERARCHY_FIGURES


def test_welsh_circumflexes_of_latin_8_are_read(tmp_path):
    text = "Grŵp oedran,Dan 1 oed,Pob oed\nCymru,5,10\nGwynedd,5,5\n"
    table = parse_export(write(tmp_path, text.encode("iso8859-14")))
    assert table.names == {"column 1": "Grŵp oedran"}


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_any_separator_gives_the_same_figures(tmp_path, delimiter):
    rows = list(csv.reader(HIERARCHY.splitlines()))
    path = tmp_path / "CLA_2008.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, delimiter=delimiter).writerows(rows)
    assert figures(path) == HIERARCHY_FIGURES


def test_a_separator_that_the_file_names_is_used(tmp_path):
    text = "sep=;\n" + HIERARCHY.replace(",", ";").replace('"4;500"', '"4,500"')
    assert figures(write(tmp_path, text)) == HIERARCHY_FIGURES


def test_titles_blank_lines_and_notes_around_the_table_are_not_figures(tmp_path):
    text = (
        '"Children looked after at 31 March by local authority, gender and age group"\n"Source: SSDA903, 2011"\n\n\n'
        + HIERARCHY.replace("\r\n\r\n", "\n\n")
        + '"(1) Figures are rounded to 5, so sums may differ, see notes"\nSource, 903 return, 12\n'
        + '"Contact: stats, 029"\n'
    )
    path = write(tmp_path, text, "export.csv")
    assert figures(path) == HIERARCHY_FIGURES
    assert {key[0] for key in figures(path, period=True)} == {"201011"}
    assert parse_export(path).notes[-1].startswith("Contact")


def test_years_as_columns(tmp_path):
    text = (
        'Local authority,2003,2004 (r),2005 (2)\nWales,"1,200",1 250,1300\n'
        '  Gwynedd,*,5 (p),(r) 10\n  Conwy,-,..,"15(1)"\n'
    )
    found = figures(write(tmp_path, text, "export.csv"), period=True)
    assert found["200203", "W92000004", "all", "all"] == ("1200", "")
    assert found["200304", "W92000004", "all", "all"] == ("1250", "")
    assert found["200203", "W06000002", "all", "all"] == (None, "c")
    assert found["200304", "W06000002", "all", "all"] == ("5", "p")
    assert found["200405", "W06000002", "all", "all"] == ("10", "r")
    assert found["200203", "W06000003", "all", "all"] == (None, "k")
    assert found["200304", "W06000003", "all", "all"] == (None, "x")
    assert found["200405", "W06000003", "all", "all"] == ("15", "")
    assert len(found) == 9


def test_financial_years_and_dates_as_columns_under_a_gender(tmp_path):
    text = ',"Boys",,"Girls",\n"",2007-08,31 March 2009,2007-08,31 March 2009\nGwynedd,1,2,3,4\nPowys,5,6,7,8\n'
    found = figures(write(tmp_path, text, "export.csv"), period=True)
    assert found["200708", "W06000002", "male", "all"] == ("1", "")
    assert found["200809", "W06000002", "male", "all"] == ("2", "")
    assert found["200809", "W06000023", "female", "all"] == ("8", "")
    assert len(found) == 8


def test_a_welsh_export_gives_what_the_english_one_gives(tmp_path):
    welsh = (
        '"","","Cyfanswm bechgyn a merched (1)","","","","","Cyfanswm bechgyn a merched (1)"\r\n'
        '"","","Bechgyn (1)",".",".","Merched (1)",".","."\r\n'
        '"","","Pob oed (1)",".","Pob oed (1)","Pob oed (1)","Pob oed (1)","."\r\n'
        '"","","Dan 1 oed (1)","18 oed a throsodd (1)",".","Dan 1 oed (1)",".","."\r\n'
    ).replace("Cyfanswm bechgyn a merched", "Nifer y plant")
    body = "".join(HIERARCHY.splitlines(keepends=True)[4:])
    body = body.replace("All Welsh local authorities ", "Cymru").replace("Isle of Anglesey ", "Ynys Môn ")
    assert figures(write(tmp_path, welsh + body)) == HIERARCHY_FIGURES


def test_years_and_areas_beside_the_rows(tmp_path):
    text = "Year,Area,Boys,Girls,Total\n2003,Gwynedd,1,2,3\n,Conwy,4,5,9\n2004,Gwynedd,6,7,13\n,Conwy,8,9,17\n"
    found = figures(write(tmp_path, text, "export.csv"), period=True)
    assert found["200203", "W06000003", "all", "all"] == ("9", "")
    assert found["200304", "W06000002", "female", "all"] == ("7", "")
    assert found["200304", "W06000003", "male", "all"] == ("8", "")
    assert len(found) == 12


def test_areas_and_then_years_beside_the_rows(tmp_path):
    text = "Area,Year,Boys,Girls\nGwynedd,2003,1,2\n,2004,3,4\nConwy,2003,5,6\n,2004,7,8\n"
    found = figures(write(tmp_path, text, "export.csv"), period=True)
    assert found["200304", "W06000002", "male", "all"] == ("3", "")
    assert found["200203", "W06000003", "female", "all"] == ("6", "")
    assert len(found) == 8


def test_only_years_beside_the_rows(tmp_path):
    text = "Area: Wales\n\n,Boys,Girls\n2003,10,20\n2004,30,40\n"
    found = figures(write(tmp_path, text, "export.csv"), period=True)
    assert found["200304", "W92000004", "female", "all"] == ("40", "")
    assert len(found) == 4


def test_headings_between_the_rows_hold_until_the_next(tmp_path):
    text = (
        "2008,,\n,Under 1 year,All ages\nBoys,,\n   Gwynedd,1,2\n   Conwy,3,4\nGirls,,\n   Gwynedd,5,6\n   Conwy,*,8\n"
    )
    found = figures(write(tmp_path, text, "export.csv"))
    assert found["W06000003", "male", "all"] == ("4", "")
    assert found["W06000002", "female", "under_1"] == ("5", "")
    assert found["W06000003", "female", "under_1"] == (None, "c")
    assert len(found) == 8


def test_a_row_without_any_figure_is_missing_not_a_heading(tmp_path):
    text = ",Boys,Girls\nGwynedd,1,2\nConwy,,\nPowys,5,6\n"
    found = figures(write(tmp_path, text))
    assert found["W06000003", "male", "all"] == (None, "")
    assert found["W06000023", "male", "all"] == ("5", "")
    assert len(found) == 6


def test_a_row_in_which_everything_is_suppressed_or_nothing_applies_is_read(tmp_path):
    text = ",Boys,Girls\nMonmouthshire,.,.\nGwynedd,1,2\nConwy,*,*\n"
    found = figures(write(tmp_path, text))
    assert found["W06000021", "male", "all"] == (None, "z")
    assert found["W06000003", "female", "all"] == (None, "c")
    assert len(found) == 6


def test_lines_above_the_table_that_name_a_member_hold_for_all_of_it(tmp_path):
    text = "Year,2010\nGender,Girls\n,,Under 1 year,All ages\nWales,,10,20\nWales,Gwynedd,1,2\n,Conwy,3,4\n"
    found = figures(write(tmp_path, text, "export.csv"), period=True)
    assert found["200910", "W06000003", "female", "under_1"] == ("3", "")
    assert {key[2] for key in found} == {"female"}


def test_a_title_that_names_one_member_is_believed_and_reported(tmp_path):
    path = write(
        tmp_path, "Boys looked after at 31 March 2009\n\n,Under 1 year,All ages\nWales,10,20\nGwynedd,1,2\n", "a.csv"
    )
    rows, guessed = read_rows(parse_export(path), LOOKED_AFTER)
    assert {row["measure"] for row in rows} == {"male"}
    assert guessed == ["measure"]


def test_single_ages_as_columns_of_another_dataset(tmp_path):
    text = (
        "Mid-year population estimate,2019\nArea,0,1,2,3,90+,All ages\n"
        "Wales,30000,31000,32000,33000,28000,3150000\nConwy,900,950,960,970,1500,117000\n"
    )
    found = figures(write(tmp_path, text, "export.csv"), POPULATION, period=True)
    assert found["2019", "W06000003", "population", "all", "2"] == ("960", "")
    assert found["2019", "W06000003", "population", "all", "90+"] == ("1500", "")
    assert len(found) == 12


def test_four_rows_of_headings_with_years_among_them(tmp_path):
    text = (
        '"","","Wales"\n"","","2008",".","2009","."\n"","","Boys","Girls","Boys","Girls"\n'
        '"","","All ages","All ages","Under 1 year","All ages"\n"Gwynedd","",1,2,3,4\n"Conwy","",5,6,7,8\n'
    )
    found = figures(write(tmp_path, text, "x.csv"), period=True)
    assert found["200809", "W06000002", "male", "under_1"] == ("3", "")
    assert found["200708", "W06000003", "female", "all"] == ("6", "")
    assert len(found) == 8


def test_three_columns_of_row_labels_and_ages_over_genders(tmp_path):
    text = (
        ",,,Under 1 year,,All ages,\n,,,Boys,Girls,Boys,Girls\nWales,,,10,20,30,40\n"
        ",Gwent Regional Partnership Board,,5,6,7,8\n,,Newport,1,2,3,4\n,,Torfaen,3,4,5,6\n"
    )
    found = figures(write(tmp_path, text))
    assert found["W06000022", "female", "under_1"] == ("2", "")
    assert found["W92000004", "male", "all"] == ("30", "")
    assert len({key[0] for key in found}) == 4


def test_one_figure_a_row_with_every_label_beside_it(tmp_path):
    text = (
        "Area,Gender,Age group,Year,Number\nGwynedd,Boys,Under 1 year,2008,5\nGwynedd,Girls,Under 1 year,2008,*\n"
        "Conwy,Girls,All ages,2009,7\n"
    )
    assert figures(write(tmp_path, text, "x.csv"), period=True) == {
        ("200708", "W06000002", "male", "under_1"): ("5", ""),
        ("200708", "W06000002", "female", "under_1"): (None, "c"),
        ("200809", "W06000003", "female", "all"): ("7", ""),
    }


def test_areas_over_the_columns_and_codes_beside_names(tmp_path):
    over = figures(write(tmp_path, ",Gwynedd,Conwy\nBoys,1,2\nGirls,3,4\n"))
    beside = figures(write(tmp_path, "Code,Area,Boys,Girls\nW06000002,Gwynedd,1,3\nW06000003,Conwy,2,4\n"))
    assert over == beside


@pytest.mark.parametrize("total", ["Total", "Total boys and girls", "Cyfanswm", "Cyfanswm bechgyn a merched", "All"])
def test_a_total_in_words_is_the_total(tmp_path, total):
    found = figures(write(tmp_path, f",Bechgyn,Merched,{total}\nGwynedd,1,2,3\nConwy,3,4,7\n"))
    assert found["W06000003", "all", "all"] == ("7", "")


def test_a_total_of_something_else_is_not_the_total(tmp_path):
    with pytest.raises(DataProblem, match="Total under 1 year and 18"):
        figures(write(tmp_path, ",Under 1 year,18 and over,Total under 1 year and 18\nGwynedd,1,2,3\nConwy,3,4,7\n"))


def test_single_ages_beside_the_rows(tmp_path):
    text = "Age,Wales,Conwy\n0,30000,900\n1,31000,950\n2,32000,960\n"
    found = figures(write(tmp_path, text, "population_2019.csv"), POPULATION)
    assert found["W92000004", "population", "all", "1"] == ("31000", "")
    assert len(found) == 6


def test_markers_mean_what_the_files_own_key_says(tmp_path):
    text = ",Boys,Girls\nGwynedd,-,2\nConwy,~,4\n\n- The data item is exactly zero\n~ The data item is disclosive\n"
    found = figures(write(tmp_path, text))
    assert found["W06000002", "male", "all"] == ("0", "")
    assert found["W06000003", "male", "all"] == (None, "c")


def test_negative_figures_and_decimals_stay_as_they_are(tmp_path):
    text = ",Boys,Girls\nGwynedd,'-477,\u22121.5\nConwy,12.50%,£4\n"
    found = figures(write(tmp_path, text))
    assert [found[k][0] for k in sorted(found)] == ["-1.5", "-477", "4", "12.50"]


def test_the_year_that_is_given_goes_before_the_name_of_the_file(tmp_path):
    path = write(tmp_path, ",Boys,Girls\nGwynedd,1,2\nConwy,3,4\n", "export_2008.csv")
    assert {k[0] for k in figures(path, year="2014-15", period=True)} == {"201415"}


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("2008", "financial_year_end", "200708"),
        ("2007-08", "financial_year_end", "200708"),
        ("2007/2008", "financial_year", "200708"),
        ("CLA_31MAR_2008", "financial_year_end", "200708"),
        ("cla_20080331_v2", "financial_year_end", "200708"),
        ("31 Mawrth 2008", "financial_year_end", "200708"),
        ("2019", "mid_year", "2019"),
        ("export 2003-2015", "mid_year", None),
        ("hlth1250", "mid_year", None),
        ("2003 2004", "mid_year", None),
    ],
)
def test_periods(text, kind, code):
    found = period_of(text, kind)
    assert (found.code if found else None) == code


def test_a_financial_year_ends_on_31_march(tmp_path):
    found = period_of("2008", "financial_year_end")
    assert found is not None
    assert datetime.fromtimestamp(int(found.sort) / 1000, UTC) == datetime(2008, 3, 31, tzinfo=UTC)


# -- what is refused ---------------------------------------------------------------------------------------------


def test_unknown_labels_are_all_named_with_their_places(tmp_path):
    path = write(tmp_path, ",Boys,Robots\nGwynedd,1,2\nAtlantis,3,4\n")
    with pytest.raises(DataProblem) as caught:
        figures(path)
    assert caught.value.code == "export_label"
    assert {(p["row"], p["column"], p["text"]) for p in caught.value.context["places"]} == {
        (1, 3, "Robots"),
        (3, 1, "Atlantis"),
    }
    assert path.name in caught.value.en
    assert "Atlantis" in caught.value.cy


def test_a_cell_that_is_neither_figure_nor_marker_is_refused_with_its_place(tmp_path):
    rows = "".join(f"{area},1,2\n" for area in ("Gwynedd", "Powys", "Cardiff", "Swansea", "Newport", "Torfaen"))
    path = write(tmp_path, ",Boys,Girls\n" + rows + "Conwy,3,lots\n")
    with pytest.raises(DataProblem) as caught:
        figures(path)
    assert caught.value.code == "export_value"
    assert caught.value.context["places"] == [{"row": 8, "column": 3, "text": "lots"}]


def test_headings_that_contradict_each_other_are_refused(tmp_path):
    path = write(tmp_path, ",Boys,Girls\nBoys,,\nGwynedd,1,2\nConwy,1,2\n")
    with pytest.raises(DataProblem) as caught:
        figures(path)
    assert caught.value.code == "export_conflict"


def test_a_figure_without_a_period_asks_for_the_year(tmp_path):
    with pytest.raises(DataProblem, match="--year") as caught:
        figures(write(tmp_path, ",Boys,Girls\nGwynedd,1,2\n", "export.csv"))
    assert caught.value.code == "export_silent"


@pytest.mark.parametrize("text", ["", "\n\n", "Only a title\n", ",Boys,Girls\n", "<html><body>Not found</body></html>"])
def test_a_file_without_a_table_is_refused(tmp_path, text):
    with pytest.raises(DataProblem) as caught:
        parse_export(write(tmp_path, text))
    assert caught.value.code == "export_no_table"


# -- the batch ---------------------------------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path):
    return Lake.open(str(tmp_path / "lake"), "real")


def read_batch(lake: Lake, relative: str) -> list[dict]:
    import pyarrow.parquet as pq

    return pq.read_table(lake.path(relative)).to_pylist()


def test_a_batch_has_the_contracted_shape_and_leads_back_to_the_bytes(tmp_path, lake):
    first = write(tmp_path, HIERARCHY)
    second = write(tmp_path, HIERARCHY.replace("205", "215"), "CLA_31MAR_2009.csv")
    record = export_to_batch([first, second, first], LOOKED_AFTER, lake, run_id="r")
    assert (record.kind, record.source_key) == ("export", "statswales_export_children_looked_after_gender_age")
    assert (record.outcome, record.rows, len(record.files)) == (None, 36, 2)
    assert all(lake.verify(file) for file in record.files)
    assert {f.sha256 for f in record.files} == {r["_landed_sha256"] for r in read_batch(lake, record.staged_file)}
    rows = read_batch(lake, record.staged_file)
    wales = next(r for r in rows if r["value"] == "215")
    assert wales == {
        "value": "215", "notes": None, "note_codes": None,
        "source_file": "CLA_31MAR_2009.csv", "source_column": "3",
        "row_labels": "All Welsh local authorities",
        "column_labels": "Total boys and girls > Boys > All Ages > Under 1 year",
        "measure": "Number of boys", "measure_code": "1",
        "period": "2008-09", "period_code": "200809", "period_sort": "1238457600000",
        "area": "All Welsh local authorities", "area_code": "W92000004", "area_hierarchy": None,
        "age_group": "Under 1 year", "age_group_code": "U1",
        "_source_row": 5, "_load_id": record.load_id, "_landed_sha256": wales["_landed_sha256"],
    }  # fmt: skip
    assert wales["_landed_sha256"] != record.landed_sha256
    members = read_batch(lake, record.staged_file.removesuffix(".parquet") + ".members.parquet")
    assert {m["code"] for m in members if m["role"] == "area"} == {"W92000004", "W06000001", "W06000002"}
    boys = next(m for m in members if m["role"] == "measure" and m["code"] == "1")
    assert (boys["label_en"], boys["label_cy"], boys["name_cy"]) == (
        "Number of boys",
        "Nifer y bechgyn",
        "Disgrifiad o’r data",
    )


def test_the_same_files_again_are_unchanged_and_other_bytes_are_a_new_load(tmp_path, lake):
    path = write(tmp_path, HIERARCHY)
    first = export_to_batch([path], LOOKED_AFTER, lake, run_id="a")
    first.outcome = Outcome.ACCEPTED
    lake.accept(first)
    again = export_to_batch([path], LOOKED_AFTER, lake, run_id="b")
    assert (again.outcome, again.load_id) == (Outcome.UNCHANGED, first.load_id)
    assert [r.outcome for r in lake.records()] == [Outcome.ACCEPTED, Outcome.UNCHANGED]
    path = write(tmp_path, HIERARCHY.replace("205", "210"))
    other = export_to_batch([path], LOOKED_AFTER, lake, run_id="c")
    assert other.outcome is None
    assert other.load_id != first.load_id
    assert other.previous_content_sha256 == first.content_sha256


def test_a_stated_date_of_publication_is_kept(tmp_path, lake):
    moment = datetime(2008, 9, 30, 8, 30, tzinfo=UTC)
    record = export_to_batch([write(tmp_path, HIERARCHY)], LOOKED_AFTER, lake, run_id="r", known_from=moment)
    assert (record.known_from, record.known_from_basis) == (moment, "stated")


def test_figures_given_twice_count_once_when_equal_and_are_refused_when_not(tmp_path, lake):
    one = write(tmp_path, ",Boys,Girls\nGwynedd,1,2\nConwy,3,4\n", "a_2008.csv")
    same = write(tmp_path, "Gwynedd;Boys;1\n", "x.csv")
    same = write(tmp_path, ",Girls,Boys\nGwynedd,2,1\n", "b_2008.csv")
    record = export_to_batch([one, same], LOOKED_AFTER, lake, run_id="r")
    assert record.rows == 4
    assert [(m.code, m.count) for m in record.messages] == [("export_repeated", 2)]
    other = write(tmp_path, ",Girls,Boys\nGwynedd,2,9\n", "c_2008.csv")
    with pytest.raises(DataProblem) as caught:
        export_to_batch([one, other], LOOKED_AFTER, lake, run_id="r")
    assert caught.value.code == "export_conflict"
    assert "a_2008.csv" in caught.value.en
    assert "c_2008.csv" in caught.value.en


def test_nothing_is_staged_when_one_of_the_files_is_refused(tmp_path, lake):
    good, bad = write(tmp_path, HIERARCHY), write(tmp_path, "nothing", "bad_2008.csv")
    with pytest.raises(DataProblem):
        export_to_batch([good, bad], LOOKED_AFTER, lake, run_id="r")
    assert not lake.exists("staged")


# -- genuine files -----------------------------------------------------------------------------------------------


@pytest.fixture
def real_data() -> Path:
    beside = Path(__file__).resolve().parents[4] / "shared"
    folder = Path(os.environ.get("GOFAL_SHARED") or beside) / "real_data"
    if not folder.is_dir():
        assert not os.environ.get("CI"), f"{folder} is missing"
        pytest.skip("the real figures (GOFAL_SHARED) are not at hand")
    return folder


@pytest.mark.shared
def test_genuine_exports_give_the_same_figures_cell_by_cell(real_data, tmp_path):
    genders = {"male": "boys", "female": "girls", "all": "all"}
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for path in sorted((real_data / "statswales_wide").glob("*.csv")):
        for (period, area, measure, age), (value, codes) in figures(path, period=True).items():
            year = str(int(period[:4]) + 1)
            age_group = "all_ages" if age == "all" else age
            found[year, area, genders[measure], age_group] = (value or "", {"c": "suppressed", "": ""}[codes])
    with (real_data / "children_looked_after_31_march_2003_2015.csv").open(encoding="utf-8", newline="") as handle:
        wanted = {
            (r["year_ending_31_march"], r["area_code"], r["gender"], r["age_group"]): (r["children"], r["marker"])
            for r in csv.DictReader(handle)
        }
    assert len(wanted) == 4_485
    assert found == wanted
    lake = Lake.open(str(tmp_path / "lake"), "real")
    paths = sorted((real_data / "statswales_wide").glob("*.csv"))
    assert export_to_batch(paths, LOOKED_AFTER, lake, run_id="r").rows == 4_485
