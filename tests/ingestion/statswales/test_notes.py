"""Note codes: exact, in order, and what they say of a value."""

from __future__ import annotations

import pytest

from ingestion.statswales.notes import NOTE_CODES, join_codes, parse_codes, revision_status, value_status


@pytest.mark.parametrize(
    ("annotated", "expected"),
    [
        (None, []),
        ("", []),
        ("         155", []),
        (" [c]", ["c"]),
        ("     160,918 [t]", ["t"]),
        ("4 [p] [e]", ["e", "p"]),
        ("4 [p] [ e]", ["e", "p"]),
        ("4 [P] [ E ]", ["e", "p"]),
        ("1 [sss][ns]", ["ns", "sss"]),
        ("1 [p] [p]", ["p"]),
        ("1 [1] [] (p)", []),
        ("1 [q]", ["q"]),
    ],
)
def test_codes_behind_a_value(annotated, expected):
    assert parse_codes(annotated) == expected


def test_codes_are_written_in_order_and_once():
    assert join_codes(["p", "e", "p"]) == "e,p"
    assert join_codes([]) is None


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["c"], "suppressed"),
        (["x"], "not_available"),
        (["z"], "not_applicable"),
        (["c", "x"], "suppressed"),
        (["p"], None),
        ([], None),
        (["q"], None),
    ],
)
def test_why_a_cell_is_empty(codes, expected):
    assert value_status(codes) == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [(["p"], "provisional"), (["r"], "revised"), (["f", "p"], "forecast"), (["p", "r"], "provisional"), (["t"], None)],
)
def test_how_final_a_value_is(codes, expected):
    assert revision_status(codes) == expected


def test_every_code_has_both_languages():
    assert len(NOTE_CODES) == 17
    for code, note in NOTE_CODES.items():
        assert note.code == code
        assert note.en
        assert note.cy
        assert note.en != note.cy
