"""Great Expectations on returns: a suite for each sheet of each version, made from the spec, over a run's submissions.

The spec's rules were applied when each file was read (`ingestion/returns/rules.py`). This is the second pair of eyes,
over what is about to be accepted, with another engine: what it finds that the first did not see is not accepted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.checks import CheckErrored
from expectations.engine import Engine, Found
from ingestion.returns.areas import areas
from ingestion.returns.parse import Parsed, ParsedSheet, limits_in_words
from ingestion.returns.problems import Problem
from ingestion.returns.spec import Column, ReturnSpec, Sheet

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd

Batch = tuple[str, Parsed, ReturnSpec]
"""A submission's key, what was read of it, and the spec that answers for it."""
_LIMITS = {"count": (0.0, None), "percent": (0.0, 100.0)}


def judge_submissions(batches: Sequence[Batch], docs_dir: Path | None = None) -> dict[str, list[Problem]]:
    """Hold submissions against their suites.

    Args:
        batches: What is about to be accepted.
        docs_dir: Where Data Docs go; None makes none.

    Returns:
        Problems by submission; a submission without any is not in it.

    Raises:
        CheckErrored: An expectation did not work: that says nothing about the data.
    """
    sheets: dict[tuple[str, int, str], list[tuple[str, Sheet, ParsedSheet]]] = defaultdict(list)
    for key, parsed, spec in batches:
        for read in parsed.sheets:
            if read.rows:
                sheets[spec.key, spec.version, read.key].append((key, spec.sheet(read.key), read))
    problems: dict[str, list[Problem]] = defaultdict(list)
    broken: list[str] = []
    if not sheets:
        return {}
    with Engine(docs_dir) as engine:
        for (return_key, version, sheet_key), parts in sorted(sheets.items()):
            sheet = parts[0][1]
            name = f"return_{return_key}.{sheet_key}.v{version}"
            seen = engine.validate(suite_for(name, sheet), [_frame(sheet, parts)], name)
            if any(f.count > len(f.rows) for f in seen) and len(parts) > 1:
                # more than is named one by one: whose they are shows when each submission is looked at by itself
                single = [[p] for p in parts]
                pieces = [
                    (p, engine.validate(suite_for(f"{name}.{n}", sheet), [_frame(sheet, p)], f"{name}.{n}"))
                    for n, p in enumerate(single, 1)
                ]
            else:
                pieces = [(parts, seen)]
            for some, results in pieces:
                for found in results:
                    if found.error:
                        broken.append(f"{name}: {found.rule} ({found.role}): {found.error}")
                    elif found.count:
                        for key, problem in _problems(sheet, some, found):
                            problems[key].append(problem)
        engine.publish()
    if broken:
        said = "; ".join(broken)
        raise CheckErrored(
            f"Checks of returns did not work: {said}. Nothing is accepted or refused by it; run again, and report it "
            "if it stays.",
            f"Ni weithiodd gwiriadau ar ffurflenni: {said}. Nid oes dim wedi’i dderbyn na’i wrthod; rhedwch eto, a "
            "rhowch wybod os yw’n parhau.",
            code="check_errored",
        )
    return dict(problems)


def suite_for(name: str, sheet: Sheet) -> gx.ExpectationSuite:
    """The suite of a sheet: its grain, and each column's type, limits, choices and form.

    Args:
        name: What Data Docs calls it.
        sheet: The sheet of the spec.
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe

    expectations: list[Any] = [
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["_submission", *sheet.grain],
            ignore_row_if="any_value_is_missing",
            **_says("duplicate_row", sheet.grain[0]),
        )
    ]
    for column in sheet.columns:
        expectations += _of_column(gxe, column)
    return gx.ExpectationSuite(name=name, expectations=expectations)


def _of_column(gxe: Any, column: Column) -> Iterable[Any]:
    key = column.key
    if column.required and not column.allow:
        yield gxe.ExpectColumnValuesToNotBeNull(column=key, **_says("required_blank", key))
    least, most = _LIMITS.get(column.type, (None, None))
    least = column.minimum if column.minimum is not None else least
    most = column.maximum if column.maximum is not None else most
    if column.is_number and (least is not None or most is not None):
        yield gxe.ExpectColumnValuesToBeBetween(
            column=key, min_value=least, max_value=most, **_says("out_of_range", key)
        )
    if column.type in ("count", "integer"):
        yield gxe.ExpectColumnValuesToBeBetween(column=f"{key} %1", max_value=0, **_says("not_whole", key))
    if column.type == "choice":
        values = [c.key for c in column.choices]
        yield gxe.ExpectColumnValuesToBeInSet(column=key, value_set=values, **_says("unknown_choice", key))
    if column.type == "area":
        known = sorted(a.code for a in areas().values() if a.type in column.area_types)
        yield gxe.ExpectColumnValuesToBeInSet(column=key, value_set=known, **_says("unknown_area", key))
    if column.pattern:
        yield gxe.ExpectColumnValuesToMatchRegex(column=key, regex=f"^(?:{column.pattern})$", **_says("pattern", key))
    if column.max_length:
        yield gxe.ExpectColumnValueLengthsToBeBetween(
            column=key, max_value=column.max_length, **_says("too_long_text", key)
        )


def _says(code: str, role: str) -> dict[str, Any]:
    from ingestion.returns.problems import catalogue

    wording = catalogue()[code]
    return {"meta": {"rule": code, "role": role}, "notes": [wording.message_en, wording.message_cy]}


def _frame(sheet: Sheet, parts: Sequence[tuple[str, Sheet, ParsedSheet]]) -> pd.DataFrame:
    """The rows of all submissions, one below the other, numbered through."""
    import pandas as pd

    data: dict[str, Any] = {"_submission": [key for key, _, read in parts for _ in read.rows]}
    data["_source_row"] = range(len(data["_submission"]))
    for column in sheet.columns:
        values = [v for _, _, read in parts for v in read.values[column.key]]
        if column.is_number:
            data[column.key] = pd.Series(values, dtype="float64")
            if column.type in ("count", "integer"):
                data[f"{column.key} %1"] = data[column.key] % 1
        else:
            data[column.key] = pd.Series(values, dtype="object")
    return pd.DataFrame(data)


def _problems(
    sheet: Sheet, parts: Sequence[tuple[str, Sheet, ParsedSheet]], found: Found
) -> Iterable[tuple[str, Problem]]:
    """Give each row that failed back to its submission; where there are more than are named, all of it fails."""
    places = [(key, read, place) for key, _, read in parts for place in range(len(read.rows))]
    column = sheet.column(found.role)
    said: dict[str, Any] = {"heading_en": column.heading_en, "heading_cy": column.heading_cy}
    if found.rule == "out_of_range":
        said |= limits_in_words(column)
    elif found.rule == "unknown_choice":
        said |= {f"allowed_{lang}": "; ".join(getattr(c, lang) for c in column.choices) for lang in ("en", "cy")}
    if found.count > len(found.rows):
        key, _, read = parts[0]
        more = f"{found.values[0]} …" if found.values else None
        yield key, Problem(found.rule, read.name, None, read.letters.get(column.key), column.key, more, said)
    for number in found.rows:
        key, read, place = places[number]
        value = read.values[column.key][place]
        own = dict(said)
        if found.rule == "duplicate_row":
            lines = list(zip(*(read.values[k] for k in sheet.grain), strict=True))
            own["first"] = read.rows[lines.index(lines[place])]
        elif found.rule == "too_long_text":
            own |= {"length": len(str(value)), "most": column.max_length}
        yield (
            key,
            Problem(
                found.rule,
                read.name,
                read.rows[place],
                read.letters.get(column.key),
                column.key,
                None if value is None else str(value),
                own,
            ),
        )
