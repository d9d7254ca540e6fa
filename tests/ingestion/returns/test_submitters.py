"""What submitters have settled: language, folder, and who may submit for whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingestion.errors import RegistryError
from ingestion.returns import submitters
from ingestion.returns.areas import areas
from ingestion.returns.submitters import area_of_folder, drop_folder, load_submitters, may_submit, preferred_language


def settled(folder: Path, text: str) -> Path:
    path = folder / "submitters.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_area_is_written_to_in_its_language_and_else_in_english() -> None:
    assert preferred_language("W06000002") == "cy"
    assert preferred_language("W06000022") == "en"
    assert preferred_language("nobody") == "en"


def test_every_area_has_a_folder_of_its_own_and_is_found_by_it() -> None:
    folders = {code: drop_folder(code) for code in areas()}
    assert all(area_of_folder(name) == code for code, name in folders.items())
    assert folders["W06000001"] == "ynys-mon"
    assert folders["W06000014"] == "vale-of-glamorgan"
    assert folders["rpb_gwent"] == "rpb-gwent"


def test_a_folder_may_be_called_by_the_code() -> None:
    assert area_of_folder("W06000001") == "W06000001"
    assert area_of_folder(" RPB_Gwent ") == "rpb_gwent"
    assert area_of_folder("elsewhere") is None
    assert area_of_folder("../ynys-mon") is None


def test_an_area_may_always_submit_for_itself() -> None:
    assert may_submit("rpb_gwent", "rpb_gwent", "anything", date(1990, 1, 1))


def test_a_delegation_holds_for_its_returns_and_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = settled(
        tmp_path,
        "delegations:\n"
        "  - {submitted_by: W06000020, on_behalf_of: rpb_gwent, returns: [icf_spend_quarterly],\n"
        "     first_day: 2020-01-01, last_day: 2020-12-31}\n",
    )
    held = load_submitters(path)
    monkeypatch.setattr(submitters, "load_submitters", lambda: held)

    def allowed(
        who: str = "W06000020", whom: str = "rpb_gwent", what: str = "icf_spend_quarterly", on: str = "2020-06-01"
    ) -> bool:
        return may_submit(who, whom, what, date.fromisoformat(on))

    assert allowed()
    assert allowed(on="2020-01-01")
    assert allowed(on="2020-12-31")
    assert not allowed(on="2019-12-31")
    assert not allowed(on="2021-01-01")
    assert not allowed(what="rif_quarterly_progress")
    assert not allowed(who="W06000021")
    assert not allowed(who="rpb_gwent", whom="W06000020")


def test_the_lead_authority_sends_its_boards_returns() -> None:
    assert may_submit("W06000020", "rpb_gwent", "icf_spend_quarterly", date(2020, 1, 1))
    assert not may_submit("W06000022", "rpb_gwent", "icf_spend_quarterly", date(2020, 1, 1))


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("areas:\n  W06000002: {language: cy}\n  rpb_gwnt: {language: cy}\n", 3, "did you mean 'rpb_gwent'"),
        ("areas:\n  W06000002: {language: fr}\n", 2, "en, cy"),
        ("areas:\n  W06000002: {folder: ../up}\n", 2, "pattern"),
        ("areas:\n  W06000002: {folder: conwy}\n", None, "'conwy'"),
        ("delegation: []\n", 1, "did you mean 'delegations'"),
        (
            "delegations:\n  - submitted_by: W06000002\n    on_behalf_of: rpb_gwnt\n    first_day: 2020-01-01\n",
            3,
            "rpb_gwent",
        ),
        (
            "delegations:\n  - submitted_by: W06000002\n    on_behalf_of: rpb_gwent\n    first_day: 2020-01-01\n"
            "    returns: [icf_spend]\n",
            5,
            "icf_spend_quarterly",
        ),
    ],
)  # fmt: skip
def test_a_slip_in_the_file_is_told_with_its_line(tmp_path: Path, text: str, line: int | None, told: str) -> None:
    with pytest.raises(RegistryError) as caught:
        load_submitters(settled(tmp_path, text))
    assert told in caught.value.en
    if line:
        assert caught.value.context["line"] == line
