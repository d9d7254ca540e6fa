from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expectations.checks import CheckErrored, judge
from expectations.engine import Engine
from expectations.suites import suite_for
from ingestion.config import CHECKOUT
from ingestion.lake import Lake, LoadRecord, Message, Outcome
from ingestion.statswales.registry import Column, Dataset, load_registry

CLA = "children_looked_after_gender_age"
POPULATION = "population_by_age"

IDLE = """
import sys
from datetime import UTC, datetime
from expectations.checks import judge
from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import load_registry
lake = Lake.open(sys.argv[1], "sample")
def record(**more):
    return LoadRecord(load_id="l", source_key="population_by_age", run_id="r", landed_at=datetime.now(UTC), **more)
refused = record()
refused.add("rows_differ", "error", "e", "c")
out = judge([record(outcome=Outcome.UNCHANGED), refused], lake, load_registry())
assert [r.outcome for r in out] == [Outcome.UNCHANGED, Outcome.QUARANTINED], out
assert judge([], lake, load_registry()) == []
heavy = {"great_expectations", "pandas"} & set(sys.modules)
assert not heavy, heavy
"""


def test_without_a_batch_great_expectations_is_not_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IDLE, str(tmp_path / "lake")], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_expectation_of_every_suite_names_a_rule_and_speaks_both_languages(registry: dict[str, Dataset]) -> None:
    from expectations.rules import RULES

    for key, dataset in registry.items():
        suite = suite_for(dataset)
        assert suite.name == key
        for expectation in suite.expectations:
            rule = RULES[expectation.meta["rule"]]
            assert rule.engine == "gx"
            assert expectation.notes == [rule.expects_en, rule.expects_cy]
            assert (expectation.severity == "critical") == (rule.severity == "error")


def test_a_thousand_rows_are_named_and_all_are_counted_in_every_size_of_frame(
    lake: Lake, registry: Any, stage: Any, good_rows: Any
) -> None:
    (row, *_) = good_rows(POPULATION)
    rows = [{**row, "age": str(n), "age_code": str(n)} for n in range(9000)]
    for n in range(100, 8900):
        rows[n]["value"] = f"x{n % 3}"
    told = []
    for chunk in (2048, 500_000):
        (record,) = judge([stage(rows, POPULATION)], lake, registry, chunk_rows=chunk)
        (message,) = record.messages
        assert record.outcome is Outcome.QUARANTINED
        assert message.code == "value_not_numeric"
        assert message.count == 8800
        assert [r["source_row"] for r in message.rows] == [*range(101, 1101)]
        assert message.rows[0]["value"] == "x1"
        told.append(message)
    assert told[0] == told[1]


def test_great_expectations_sees_bounded_frames(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row, *_) = good_rows(POPULATION)
    rows = [{**row, "age": str(n), "age_code": str(n)} for n in range(7000)]
    sizes: list[int] = []
    seen: list[int] = []
    validate = Engine.validate

    def watched(self: Engine, suite: Any, frames: Iterator[Any], run_name: str) -> Any:
        def watch() -> Iterator[Any]:
            for frame in frames:
                sizes.append(len(frame))
                seen.extend(frame["_source_row"])
                yield frame

        return validate(self, suite, watch(), run_name)

    monkeypatch.setattr(Engine, "validate", watched)
    (record,) = judge([stage(rows, POPULATION)], lake, registry, chunk_rows=2048)
    assert record.outcome is Outcome.ACCEPTED
    assert max(sizes) <= 2048
    assert sorted(seen) == [*range(1, 7001)]


def broken_suite(dataset: Dataset) -> Any:
    import great_expectations.expectations as gxe

    suite = suite_for(dataset)
    if dataset.key == CLA:
        suite.add_expectation(
            gxe.ExpectColumnValuesToBeBetween(
                column="value", min_value=0, meta={"rule": "negative_value", "role": "value"}
            )
        )  # text against a number: the expectation raises, in GX's own way
    return suite


def test_an_exception_inside_an_expectation_is_neither_a_pass_nor_bad_data(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("expectations.suites.suite_for", broken_suite)
    broken, fine = stage(good_rows()), stage(good_rows(POPULATION), POPULATION)
    with pytest.raises(CheckErrored) as raised:
        judge([broken, fine], lake, registry)
    assert fine.outcome is Outcome.ACCEPTED
    assert broken.outcome is Outcome.FAILED
    assert [m.code for m in broken.messages] == ["check_errored"]
    error = raised.value
    assert error.code == "check_errored"
    assert error.context["datasets"] == [CLA]
    assert error.records == [broken, fine]
    assert registry[CLA].title_en in error.en
    assert registry[CLA].title_cy in error.cy
    assert pickle.loads(pickle.dumps(error)).cy == error.cy


def test_what_else_is_wrong_is_told_beside_a_check_that_did_not_work(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("expectations.suites.suite_for", broken_suite)
    rows = good_rows()
    rows[5]["value"] = "*"
    record = stage([*rows, rows[0]])
    with pytest.raises(CheckErrored):
        judge([record], lake, registry)
    assert record.outcome is Outcome.FAILED
    assert {m.code for m in record.messages} == {"check_errored", "duplicate_cells", "value_marker"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lake, record: Path(lake.path(record.staged_file)).write_bytes(b"no Parquet"),
        lambda lake, record: Path(lake.path(record.staged_file)).unlink(),
        lambda lake, record: setattr(record, "source_key", "nobody_knows"),
        lambda lake, record: setattr(record, "staged_file", None),
    ],
    ids=["damaged", "gone", "not registered", "never staged"],
)
def test_a_batch_that_cannot_be_read_fails_and_is_not_bad_data(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, spoil: Callable[..., Any]
) -> None:
    record = stage(good_rows())
    spoil(lake, record)
    with pytest.raises(CheckErrored):
        judge([record], lake, registry)
    assert record.outcome is Outcome.FAILED
    assert record.messages[0].cy


def test_a_missing_list_of_areas_fails_every_dataset(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, tmp_path: Path
) -> None:
    record = stage(good_rows())
    with pytest.raises(CheckErrored) as raised:
        judge([record], lake, registry, area_aliases=tmp_path / "nowhere.csv")
    assert "nowhere.csv" in raised.value.en


def test_what_landing_found_counts_and_is_not_said_twice(lake: Lake, registry: Any, stage: Any, good_rows: Any) -> None:
    rows = good_rows()
    rows[5]["value"] = "283"
    record = stage(rows)
    record.messages.append(Message(code="not_rounded", severity="warning", en="seen", cy="gwelwyd"))
    record.messages.append(Message(code="rows_differ", severity="error", en="e", cy="c"))
    judge([record], lake, registry)
    assert record.outcome is Outcome.QUARANTINED
    assert [(m.code, m.en) for m in record.messages] == [("not_rounded", "seen"), ("rows_differ", "e")]


def test_a_lighter_word_from_landing_does_not_hide_an_error(
    lake: Lake, registry: Any, stage: Any, good_rows: Any
) -> None:
    rows = good_rows()
    rows[5]["value"] = "about 5"
    record = stage(rows)
    record.messages.append(Message(code="value_not_numeric", severity="warning", en="seen", cy="gwelwyd"))
    judge([record], lake, registry)
    assert record.outcome is Outcome.QUARANTINED
    assert [m.severity for m in record.messages] == ["warning", "error"]


def test_all_that_is_wrong_is_told_in_one_go(
    lake: Lake, registry: Any, stage: Any, accepted: Any, good_rows: Any
) -> None:
    accepted([{**row, "Gone": "x"} for row in good_rows()])
    rows = [row for row in good_rows() if row["period"] != "2021-22"]
    rows[1]["area"], rows[1]["area_code"] = "Atlantis", "999999"
    rows[5]["value"] = "*"
    (record,) = judge([stage([*rows, rows[5]])], lake, registry)
    assert {m.code for m in record.messages} == {
        "column_removed",
        "year_gone",
        "area_unknown",
        "value_marker",
        "duplicate_cells",
    }
    unknown = next(m for m in record.messages if m.code == "area_unknown")
    assert "Atlantis" in unknown.en or "999999" in unknown.en
    assert unknown.rows == [
        {"source_row": 2} | {k: v or None for k, v in rows[1].items() if k not in ("period_sort", "area_hierarchy")}
    ]


def test_ordinary_data_is_accepted(lake: Lake, registry: Any, stage: Any, good_rows: Any) -> None:
    rows = good_rows()
    rows[5]["value"] = "-280"
    for number, row in enumerate(rows):  # negative numbers, labels in Welsh only, bare codes
        row["age_group"] = {"U1": "Dan 1 oed", "T": "Pob oed"}[row["age_group_code"]]
        row["measure"] = "Nifer y plant"
        row["area"] = {"Isle of Anglesey": "Ynys Môn", "Wales": "Cymru"}.get(row["area"], row["area"])
        if number % 2:
            row["area"] = ""
    (record,) = judge([stage(rows)], lake, registry)
    assert (record.outcome, record.messages) == (Outcome.ACCEPTED, [])


@pytest.mark.parametrize("value", ["0", "-5", "1250.0", "1.5e3", ".5e1", "+10", "   155"])
def test_numbers_are_values(lake: Lake, registry: Any, stage: Any, good_rows: Any, value: str) -> None:
    rows = good_rows()[:1]
    rows[0]["value"] = value
    (record,) = judge([stage(rows)], lake, registry)
    assert record.messages == []


@pytest.mark.parametrize("value", ["10:30", "10:30:05"])
def test_a_time_is_a_value_only_of_what_is_not_staged(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, value: str
) -> None:
    rows = good_rows()[:1]
    rows[0] |= {"value": value, "measure": "Time of day", "measure_code": "99"}
    (record,) = judge([stage(rows)], lake, registry)
    assert [m.code for m in record.messages] == ["member_unlisted"]


@pytest.mark.parametrize("value", ["NaN", "inf", "- 5", "5 [p]", "٥", "5%", "0x10", "1,25", "12,50,000", "1 2"])
def test_markers_and_other_writing_are_not(lake: Lake, registry: Any, stage: Any, good_rows: Any, value: str) -> None:
    rows = good_rows()[:1]
    rows[0]["value"] = value
    (record,) = judge([stage(rows)], lake, registry)
    assert [m.code for m in record.messages] == ["value_not_numeric"]


def test_data_docs_stand_alone_and_hold_every_suite(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    docs = tmp_path / "docs"
    (docs / "old").mkdir(parents=True)
    (docs / "old.html").write_text("old", encoding="utf-8")
    rows = good_rows()
    rows[5]["value"] = "283"
    judge([stage(rows), stage(good_rows(POPULATION), POPULATION)], lake, registry, docs_dir=docs)
    assert not (docs / "old").exists()
    assert not (docs / "old.html").exists()
    index = (docs / "index.html").read_text(encoding="utf-8")
    pages = "".join(p.read_text(encoding="utf-8") for p in docs.rglob("*.html"))
    for key in (CLA, POPULATION):
        assert key in index
        assert len([*docs.glob(f"validations/{key}/new/**/*.html")]) == 1
    assert "Mae pob gwerth wedi’i dalgrynnu" in pages.replace("&#8217;", "’")
    for tag in ("<script src", '<link rel="stylesheet" href="http', '<img src="http'):
        assert tag not in pages
    results = json.loads((docs / "rule_results.json").read_text(encoding="utf-8"))
    assert {r["status"] for r in results} == {"passed", "failed"}
    assert [r["rule_code"] for r in results if r["status"] == "failed"] == ["not_rounded"]
    assert all(r["message_cy"] for r in results)
    assert [*scratch.iterdir()] == []


def test_loads_of_one_source_are_judged_one_after_another(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, tmp_path: Path
) -> None:
    rows = good_rows()
    rows[5]["value"] = "283"
    first, second = stage(good_rows(), load_id="first"), stage(rows, load_id="second")
    judge([first, second], lake, registry, docs_dir=tmp_path / "docs")
    assert (first.messages, [m.code for m in second.messages]) == ([], ["not_rounded"])
    assert [len([*tmp_path.glob(f"docs/validations/{CLA}/{load}/**/*.html")]) for load in ("first", "second")] == [1, 1]


def test_without_data_docs_nothing_is_left_behind(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    record = stage(good_rows())
    before = {p for p in Path(lake.root).rglob("*") if p.is_file()}
    assert judge([record], lake, registry) == [record]
    assert {p for p in Path(lake.root).rglob("*") if p.is_file()} == before
    assert [*scratch.iterdir()] == []


def test_a_lake_that_is_not_on_this_machine_is_judged_too(
    registry: Any, good_rows: Any, stage: Any, lake: Lake
) -> None:
    local = stage(good_rows())
    far = Lake.open(f"memory://{lake.root}", "sample")
    with far.fs.open(far.path(local.staged_file), "wb") as handle:
        handle.write(Path(lake.path(local.staged_file)).read_bytes())
    (record,) = judge([local], far, registry)
    assert (record.outcome, record.messages) == (Outcome.ACCEPTED, [])


def test_a_new_registry_entry_needs_no_code(lake: Lake, stage: Any, good_rows: Any) -> None:
    entry = load_registry()[POPULATION].model_dump() | {"key": "care_leavers", "rounding_base": 10}
    entry["columns"]["sex"]["closed"] = False
    registry = {"care_leavers": Dataset.model_validate(entry)}
    rows = good_rows(POPULATION)
    rows[0]["sex"] = rows[0]["sex_code"] = "Other"
    rows[1]["value"] = "31005"
    (record,) = judge([stage(rows, "care_leavers")], lake, registry)
    assert {m.code for m in record.messages} == {"member_unlisted", "not_rounded"}
    assert "Sex" in record.messages[0].en or "Sex" in record.messages[1].en


LISTED = {"care": {"en": "Care", "cy": "Gofal"}}
MEASURED = {"number": {"en": "Number", "cy": "Nifer", "measure_key": "children_looked_after"}}


@pytest.mark.parametrize(
    ("role", "column", "label", "told"),
    [
        ("age_group", {"closed": False}, "Quite new", []),
        ("age_group", {"closed": False, "values": LISTED}, "Quite new", ["member_unlisted"]),
        ("age_group", {"closed": False, "values": LISTED}, "Gofal", []),
        ("age_group", {"values": LISTED}, "Quite new", ["member_unknown"]),
        ("age_group", {}, "Quite new", ["member_unknown"]),
        ("age_group", {"closed": False}, "–", ["member_unknown"]),
        ("age_group", {"ages": True}, "90 and over", []),
        ("age_group", {"ages": True}, "Quite old", ["member_unknown"]),
        ("age_group", {"ages": True, "closed": False}, "Quite old", []),
        ("measure", {"closed": False, "values": MEASURED}, "Quite new", ["member_unlisted"]),
        ("measure", {"closed": False}, "Quite new", ["member_unlisted"]),
        ("measure", {"values": MEASURED}, "Quite new", ["member_unknown"]),
        ("measure", {"closed": False, "otherwise": {"measure_key": "children_looked_after"}}, "Quite new", []),
    ],
)
def test_what_an_entry_says_of_its_members_decides_what_a_new_one_is(
    lake: Lake, registry: Any, stage: Any, good_rows: Any, role: str, column: Any, label: str, told: list[str]
) -> None:
    kind = "measure" if role == "measure" else "breakdown"
    entry = registry[CLA].model_copy(deep=True)
    entry.columns[role] = Column.model_validate({"kind": kind, "names": ["Column"], "name_cy": "Colofn", **column})
    rows = [{**row, role: label, f"{role}_code": ""} for row in good_rows()[1:2]]
    (record,) = judge([stage(rows)], lake, {CLA: entry})
    assert [m.code for m in record.messages] == told
    if told:
        assert ("“Column”" in record.messages[0].en, "“Colofn”" in record.messages[0].cy) == (True, True)
        assert f"“{label}”" in record.messages[0].en


def test_a_record_keeps_its_order_and_identity(lake: Lake, registry: Any, stage: Any, good_rows: Any) -> None:
    done = stage(good_rows(), load_id="done")
    done.outcome = Outcome.UNCHANGED
    new = stage(good_rows())
    out: list[LoadRecord] = judge([done, new], lake, registry)
    assert out[0] is done
    assert out[1] is new
    assert done.outcome is Outcome.UNCHANGED
