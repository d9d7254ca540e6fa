"""``gofal returns …``: what an officer and a grant manager type, and what they are told, in both languages."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from ingestion.cli import app
from ingestion.errors import GofalError
from ingestion.returns.judging import Judge

ICF = ("icf_spend", "--area", "gwent", "--period", "2019-20Q2")
GOOD = ("GW-01", "Family support", "Revenue / Refeniw", "Torfaen", 100000, 120000, 60000, 59000, None, 110000)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["returns", *map(str, words)])


def said(*words: str | Path) -> str:
    done = run(*words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output.strip()


def refused(*words: str | Path) -> GofalError:
    error = run(*words).exception
    assert isinstance(error, GofalError), error
    assert error.en != error.cy
    return error


def fill(blank: Path, to: Path, *rows: tuple[Any, ...], **cover: Any) -> Path:
    """Fill in a template as its officer would, in a spreadsheet program."""
    book = openpyxl.load_workbook(blank)
    for number, row in enumerate(rows, 4):
        for place, value in enumerate(row, 1):
            book["Spend"].cell(number, place, value)
    for line in book["Cover"].iter_rows(min_row=5):
        for label, value in cover.items():
            if str(line[0].value or "").startswith(label.replace("_", " ")):
                line[1].value = value
    book.save(to)
    return to


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home that three files came to: one waits for its certificate, one is wrong, one seems to name a person."""
    home = tmp_path_factory.mktemp("returns")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOFAL_HOME", str(home))
        patch.setenv("GOFAL_INBOX_QUIET", "0")
        # Great Expectations looks in test_returns_judging.py: importing it takes longer than all of this
        patch.setattr(Judge, "judge", functools.partialmethod(Judge.judge, expectations=False))
        blank = Path(said("template", *ICF, "--out", home / "blank.xlsx"))
        folder = home / "inbox" / "rpb-gwent"
        folder.mkdir(parents=True)
        fill(blank, folder / "held.xlsx", GOOD, Total_spend=59000)
        third = Path(said("template", *ICF[:4], "2019-20Q3", "--out", home / "third.xlsx"))
        fill(third, folder / "wrong.xlsx", (*GOOD[:7], 150000), Total_spend=1)
        fourth = Path(said("template", *ICF[:4], "2020-21Q1", "--out", home / "fourth.xlsx"))
        fill(fourth, folder / "named.xlsx", (*GOOD, None, "Ask sian.evans@example.com"), Total_spend=59000)
        told = json.loads(said("inbox", "--no-build", "--json"))["submissions"]
        (home / "told.json").write_text(json.dumps(told), encoding="utf-8")
        yield home


@pytest.fixture
def home(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that home, to do things in."""
    copy = tmp_path / "home"
    shutil.copytree(desk, copy)
    monkeypatch.setenv("GOFAL_HOME", str(copy))
    return copy


@pytest.fixture
def key(desk: Path) -> Callable[[str], str]:
    """The number of the submission with an outcome; ``personal`` is the one that seems to name a person."""
    told = json.loads((desk / "told.json").read_text(encoding="utf-8"))

    def find(outcome: str) -> str:
        (found,) = [
            str(t["submission_id"])
            for t in told
            if (t["outcome"] == outcome and not t["has_personal_data"])
            or (outcome == "personal" and t["has_personal_data"])
        ]
        return found

    return find


# -- those who send ----------------------------------------------------------------------------------------------


def test_every_return_is_listed_in_either_language(home: Path) -> None:
    assert "Integrated Care Fund – quarterly spend" in said("specs")
    assert "Y Gronfa Gofal Integredig – gwariant chwarterol" in said("specs", "--lang", "cy")
    assert {"icf_spend"} <= {alias for row in json.loads(said("specs", "--json")) for alias in row["aliases"]}
    assert run("specs", "--lang", "fr").exit_code == 2


def test_a_template_is_called_after_its_folder_and_overwrites_nothing(home: Path, tmp_path: Path) -> None:
    made = Path(
        said("template", "ICF_Spend", "--area", "Gwent", "--period", "2021-22 Q1", "--out", tmp_path / "new/one")
    )
    assert made == tmp_path / "new/one/icf_spend_rpb-gwent_2021-22Q1.xlsx"
    made.write_bytes(b"filled in")
    assert str(made) in refused("template", *ICF[:4], "2021-22Q1", "--out", tmp_path / "new/one").cy
    assert made.read_bytes() == b"filled in"


@pytest.mark.parametrize(
    ("words", "en", "cy"),
    [
        (("icf_spnd", "--area", "gwent"), "did you mean 'icf_spend'", "ai 'icf_spend' a olygwyd"),
        (("icf_spend",), "--area", "--area"),
        (
            ("icf_spend", "--area", "Torfaen"),
            "Gwent Regional Partnership Board",
            "Bwrdd Partneriaeth Rhanbarthol Gwent",
        ),
        (("icf_spend", "--area", "gwent", "--period", "soon"), "2019-20Q2", "2019-20Q2"),
        (("icf_spend", "--area", "gwent", "--period", "2018-19Q4"), "2019-20 Q1 – 2021-22 Q4", "ei chyfnodau"),
        (("icf_spend", "--area", "gwent", "--period", "2022-23Q1"), "2019-20 Q1 – 2021-22 Q4", "ei chyfnodau"),
    ],
)
def test_a_template_that_cannot_be_made_says_what_can(
    home: Path, tmp_path: Path, words: tuple[str, ...], en: str, cy: str
) -> None:
    error = refused("template", *words, "--out", tmp_path / "x.xlsx")
    assert en in error.en
    assert cy in error.cy
    assert not (tmp_path / "x.xlsx").exists()


def test_a_check_lists_everything_at_once_and_fails(home: Path, tmp_path: Path) -> None:
    wrong = fill(home / "blank.xlsx", tmp_path / "wrong.xlsx", (*GOOD[:2], "Both", "Cardiff", *GOOD[4:]), Total_spend=1)
    done = run("check", wrong, "--lang", "cy", "--report", tmp_path / "report")
    assert done.exit_code == 1
    for place in ("Spend C4", "Spend D4", "Cover B20"):
        assert place in done.output
    assert "Ni fyddai’n cael ei derbyn" in done.output
    assert {p.name for p in (tmp_path / "report").iterdir()} == {
        "report.en.html", "adroddiad.cy.html", "report-adroddiad.xlsx"
    }  # fmt: skip


def test_a_file_that_only_lacks_its_certificate_can_be_sent(home: Path, tmp_path: Path) -> None:
    right = fill(home / "blank.xlsx", tmp_path / "right.xlsx", GOOD, Total_spend=59000)
    done = run("check", right, "--json")
    assert done.exit_code == 0
    told = json.loads(done.output)
    assert (told["outcome"], told["errors"]) == ("held", 0)
    assert all(p["message_en"] != p["message_cy"] for p in told["problems"])


def test_an_empty_inbox_is_said_and_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFAL_HOME", str(tmp_path))
    assert "Dim byd newydd" in said("inbox", "--lang", "cy")
    assert not (tmp_path / "builds").exists()


def test_a_certificate_is_published_though_nothing_new_came(
    home: Path, key: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingestion import nightly

    asked: list[str] = []

    def build(_: nightly.Run) -> SimpleNamespace:
        asked.append("build")
        return SimpleNamespace(skipped=False)

    monkeypatch.setattr(nightly, "build", build)
    monkeypatch.setattr(nightly, "publish", lambda run: asked.append("publish"))
    said("certify", key("held"), "--as", "rpb_lead", "--name", "A. Surname")
    told = run("inbox").output
    assert asked == ["build", "publish"]
    assert "Nothing new" in told
    assert "Published" in told


# -- those who receive -------------------------------------------------------------------------------------------


def test_the_status_names_what_is_held_and_what_was_not_accepted(home: Path, key: Callable[[str], str]) -> None:
    told = said("status", "icf_spend", "--area", "gwent")
    for outcome in ("held", "quarantined", "personal"):
        assert key(outcome) in told
    assert "waiting to be certified" in told
    welsh = said("status", "--area", "rpb_gwent", "--period", "2019-20Q3", "--lang", "cy")
    assert key("quarantined") in welsh
    assert "ni dderbyniwyd" in welsh
    assert key("held") not in welsh


def test_the_status_as_json_is_of_what_was_asked(home: Path) -> None:
    rows = json.loads(said("status", "--area", "gwent", "--period", "2019-20Q2", "--json"))
    assert {(r["area_code"], r["period_key"]) for r in rows} == {("rpb_gwent", "2019-20 Q2")}
    assert [r["is_held"] for r in rows if r["return_key"] == "icf_spend_quarterly"] == [True]
    late = json.loads(said("status", "icf_spend", "--late", "--json"))
    assert late
    assert all(r["days_late"] > 0 for r in late)


@pytest.mark.parametrize("words", [("--area", "Narnia"), ("--period", "soon"), ("nope",), ("icf_spend", "--area", "x")])
def test_a_status_of_nothing_there_is_says_so(home: Path, words: tuple[str, ...]) -> None:
    assert words[-1] in refused("status", *words).en


def test_one_submission_is_shown_in_either_language_and_repeats_no_personal_data(
    home: Path, key: Callable[[str], str]
) -> None:
    english, welsh = (said("show", key("quarantined")[:6], "--lang", lang) for lang in ("en", "cy"))
    assert "Gwent Regional Partnership Board" in english
    assert "Spend H4" in english
    assert "Bwrdd Partneriaeth Rhanbarthol Gwent" in welsh
    assert "barnwyd" in welsh
    for words in (["--json"], [], ["--lang", "cy"]):
        assert "sian" not in said("show", key("personal"), *words)
    assert "is the beginning of none" in refused("show", "zz").en


def test_who_certified_is_kept_and_not_shown(home: Path, key: Callable[[str], str]) -> None:
    held = key("held")
    assert "rpb_lead" in refused("certify", held, "--as", "section_151_officer", "--name", "A. Surname").cy
    assert said("certify", held, "--as", "rpb_lead", "--name", "A. Surname") == held
    assert refused("certify", held, "--as", "rpb_lead", "--name", "A. Surname").code == "returns_refused"
    assert refused("certify", key("quarantined"), "--as", "rpb_lead", "--name", "x").code == "returns_refused"
    for words in (["--json"], []):
        told = said("show", held, *words)
        assert "certified" in told
        assert "Surname" not in told


def test_a_submission_is_withdrawn_once_and_only_where_it_stands(home: Path, key: Callable[[str], str]) -> None:
    held = key("held")
    assert "not stand" in refused("withdraw", held, "--reason", "wrong year").en
    said("certify", held, "--as", "rpb_lead", "--name", "A. Surname")
    assert said("withdraw", held, "--reason", "wrong year", "--by", "grant manager") == held
    assert "tynnwyd yn ôl" in said("status", *ICF, "--lang", "cy")
    assert "wrong year" in said("show", held)
    refused("withdraw", held, "--reason", "again")


def test_a_recall_is_of_a_period_that_was_asked_for(home: Path, key: Callable[[str], str]) -> None:
    said("certify", key("held"), "--as", "rpb_lead", "--name", "A. Surname")
    assert (
        said("recall", "icf_spend", "--period", "2019-20Q2", "--reason", "new rule") == "icf_spend_quarterly 2019-20 Q2"
    )
    assert "recalled" in said("status", *ICF)
    assert "new rule" in said("show", key("held"))
    refused("recall", "icf_spend", "--period", "2018-19Q2", "--reason", "x")


def test_more_time_counts_from_the_new_day(home: Path) -> None:
    late = ("icf_spend", "--area", "gwent", "--period", "2021-22Q4")
    assert "not collected then" in said("status", *late)
    said("extend", *late, "--until", "2022-09-01", "--reason", "flood")
    assert "overdue" in said("status", *late)
    said("extend", *late, "--until", "2999-01-29", "--reason", "flood")
    told = said("status", *late)
    assert "overdue" not in told
    assert "2999-01-29" in told
    assert "2022-03-31" in refused("extend", *late, "--until", "2022-03-01", "--reason", "x").cy


def test_a_question_about_a_cell_is_answered(home: Path, key: Callable[[str], str]) -> None:
    wrong = key("quarantined")
    asked = said(
        "query", wrong, "--sheet", "Spend", "--cell", "H4", "--text-en", "In pounds?", "--text-cy", "Punnoedd?"
    )
    assert said("reply", asked[:6], "--text-en", "Yes.", "--text-cy", "Ydy.") != asked
    welsh = said("show", wrong, "--lang", "cy")
    assert re.search(rf"cwestiwn {asked}  .*H4.*Punnoedd\?", welsh)
    assert "Ydy." in welsh
    assert "Pounds" not in welsh
    assert refused("reply", "zz", "--text-en", "a", "--text-cy", "b").code == "returns_refused"


def test_only_what_looks_personal_is_released_and_then_judged_again(home: Path, key: Callable[[str], str]) -> None:
    refused("release", key("held"), "--by", "grant manager")
    assert said("release", key("personal"), "--by", "grant manager") == key("personal")
    (again,) = json.loads(said("inbox", "--no-build", "--json"))["submissions"]
    assert (again["submission_id"], again["outcome"]) == (key("personal"), "held")


def test_reminders_are_drafts_in_a_folder(home: Path, tmp_path: Path) -> None:
    told = said("reminders", "--on", "2019-08-12", "--out", tmp_path / "drafts", "--form", "eml", "--lang", "cy")
    drafts = list((tmp_path / "drafts").rglob("*.eml"))
    assert drafts
    assert told.startswith(f"{len(drafts)} drafft")
    assert run("reminders", "--form", "fax").exit_code == 2


def test_lines_of_offer_letters_are_in_the_next_template(home: Path, tmp_path: Path) -> None:
    letters = tmp_path / "letters.csv"
    head = "stream_key,area_code,financial_year,project_key,capital_or_revenue,version,effective_from,"
    head += "original_budget_gbp,revised_budget_gbp\n"
    line = "icf_children_annual,{},2021-22,GW-77,revenue,1,2021-04-01,100.00,120.00\n"
    letters.write_text(head + line.format("rpb_gwent"), encoding="utf-8")
    said("offers", letters)
    made = said("template", *ICF[:4], "2021-22Q1", "--out", tmp_path / "t.xlsx")
    assert openpyxl.load_workbook(made)["Spend"]["A4"].value == "GW-77"
    letters.write_text(head + line.format("narnia"), encoding="utf-8")
    assert "narnia" in refused("offers", letters).cy
