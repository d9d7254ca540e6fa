"""The suites and comparisons on real figures, as published in 2003 to 2015."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from expectations.checks import judge
from ingestion.lake import Lake, Outcome

CLA = "children_looked_after_gender_age"


@pytest.fixture
def real_rows(shared: Path, registry: Any) -> list[dict[str, Any]]:
    """The tidy CSV in the shape of a batch, its columns mapped as the registry entry says."""
    tidy = registry[CLA].tidy
    with (shared / "real_data" / "children_looked_after_31_march_2003_2015.csv").open(encoding="utf-8-sig") as handle:
        return [
            {
                "value": row[tidy["value"]],
                "notes": "Confidential" if row[tidy["marker"]] == "suppressed" else "",
                "note_codes": "c" if row[tidy["marker"]] == "suppressed" else "",
                "measure": row[tidy["measure"]],
                "period": row[tidy["period"]],
                "area": row[tidy["area_label"]],
                "area_code": row[tidy["area"]],
                "age_group": row[tidy["age_group"]],
            }
            for row in csv.DictReader(handle)
        ]


@pytest.mark.shared
def test_the_real_figures_are_let_in_and_a_year_less_is_not(
    lake: Lake, stage: Any, accepted: Any, registry: Any, real_rows: list[dict[str, Any]]
) -> None:
    assert len(real_rows) == 4485
    (record,) = judge([stage(real_rows)], lake, registry)
    assert record.outcome is Outcome.ACCEPTED, [m.en for m in record.messages]
    accepted(real_rows)
    (record,) = judge([stage([r for r in real_rows if r["period"] != "2009"])], lake, registry)
    assert record.outcome is Outcome.QUARANTINED
    assert [(m.code, m.count) for m in record.messages] == [("year_gone", 1)]
    assert "2009" in record.messages[0].cy
