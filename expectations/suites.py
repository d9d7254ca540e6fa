"""Great Expectations suites as code: one for each registry entry, made from what the entry says of its columns.

A suite looks at rows one by one, in frames of bounded size (`cells.Cells.frames`). What needs all rows at once
(uniqueness, totals) is in `totals`, and what needs the last accepted load is in `compare`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expectations.cells import NUMBER, THOUSANDS, TIME, UNFIT, UNKNOWN, marker_regex
from expectations.rules import RULES
from ingestion.statswales.periods import KEY
from ingestion.statswales.registry import Column, Dataset

if TYPE_CHECKING:
    import great_expectations as gx

NOTE_CODES = ("a", "b", "c", "e", "f", "k", "ns", "p", "r", "s", "ss", "sss", "t", "u", "w", "x", "z")
"""StatsWales' shorthand (API.md, 3.5)."""
EXPLAINING = ("c", "x", "z", "w")
"""The codes that say why there is no value: confidential, not available, not applicable, none recorded."""

_CODE = f"(?:{'|'.join(NOTE_CODES)})"
ALL_CODES_KNOWN = f"^{_CODE}(?:,{_CODE})*$"
EXPLAINED = f"(?:^|,)(?:{'|'.join(EXPLAINING)})(?:,|$)"
ROUNDED_WITHIN = 1e-9
"""Doubles compare within this (ARCHITECTURE.md, Build)."""


def suite_for(dataset: Dataset) -> gx.ExpectationSuite:
    """Make the suite of a dataset.

    Args:
        dataset: The registry entry.

    Returns:
        A suite named after the entry. Each expectation's ``meta`` names its rule (``rule``) and its column (``role``),
        and its notes say what it expects in both languages.
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe

    # What is written like a number or a marker has rules of its own, which say what is meant (`totals`)
    value = "|".join(f"(?:{form})" for form in (NUMBER, TIME, THOUSANDS, marker_regex()))
    expectations: list[Any] = [
        gxe.ExpectColumnValuesToMatchRegex(column="value", regex=value, **_says("value_not_numeric", "value")),
        gxe.ExpectColumnValuesToMatchRegex(
            column="notes_of_empty_value", regex=EXPLAINED, **_says("value_unexplained", "value")
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="note_codes", regex=ALL_CODES_KNOWN, **_says("note_code_unknown", "note_codes")
        ),
    ]
    if dataset.rounding_base:
        expectations.append(
            gxe.ExpectColumnValuesToBeBetween(
                column="off_base", max_value=ROUNDED_WITHIN, **_says("not_rounded", "value")
            )
        )
    if dataset.non_negative:
        expectations.append(
            gxe.ExpectColumnValuesToBeBetween(column="number", min_value=0, **_says("negative_value", "value"))
        )
    for role, column in dataset.columns.items():
        if column.kind == "period":
            expectations.append(
                gxe.ExpectColumnValuesToMatchRegex(column=role, regex=KEY, **_says("period_unknown", role))
            )
        elif column.kind == "breakdown" and column.closed and column.values and not column.ages:
            expectations.append(
                gxe.ExpectColumnValuesToBeInSet(
                    column=role, value_set=sorted(column.values), **_says("member_unknown", role)
                )
            )
        else:
            expectations += [
                gxe.ExpectColumnValuesToNotMatchRegex(column=role, regex=f"^[{mark[0]}] ", **_says(rule, role))
                for mark, rule in _marks(column)
            ]
    return gx.ExpectationSuite(name=dataset.key, expectations=expectations)


def _marks(column: Column) -> list[tuple[str, str]]:
    """The marks that `cells` puts before what a column should not hold, and the rule that each breaks."""
    if column.kind == "area":
        return [(UNKNOWN, "area_unknown"), (UNFIT, "area_not_in_wales")]
    if column.closed:
        return [(UNKNOWN, "member_unknown")]
    if column.kind == "measure":
        return [(UNFIT, "member_unlisted")]
    # An open column without a list of members is left to the comparison with the last load
    return [(UNKNOWN, "member_unknown"), *([(UNFIT, "member_unlisted")] if column.values else [])]


def _says(code: str, role: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "meta": {"rule": code, "role": role},
        "notes": [rule.expects_en, rule.expects_cy],
        "severity": {"error": "critical", "warning": "warning", "info": "info"}[rule.severity],
    }
