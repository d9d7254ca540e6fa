"""corrections.yml in the warehouse: applied where the wrong value stood, listed, and loud once it is out of date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from core_sample import BACK, CARDIFF, CLA, FIRST, GONE, POPULATION, SECOND, THIRD, TORFAEN
from dbt_runner import failures, rebuild
from filelock import FileLock
from snapshot import Load, make_snapshot

from ingestion.lake import Lake
from ingestion.statswales.registry import load_registry
from ingestion.transform import freeze

pytestmark = pytest.mark.xdist_group("dbt_core")


def entry(name: str, area: str, found: str, action: str, status: str = "open", dataset: str = CLA) -> str:
    measure = "population" if dataset == POPULATION else "children_looked_after"
    lines = [
        f"dataset: {dataset}", f'match: {{measure_key: {measure}, area: {area}, period: "2019"}}',
        f'found: "{found}"', f"action: {action}", "reason_en: Another table of the same release says so.",
        "reason_cy: Mae tabl arall o’r un datganiad yn dweud hynny.", "provider: Welsh Government",
        f"status: {status}", *([] if status == "open" else ["reported: 2026-01-05"]),
        *{"override": ["value: 980"], "scale": ["factor: 10"]}.get(action, []),
    ]  # fmt: skip
    return "\n    ".join([f"  {name}:", *lines])


def known_errors(folder: Path, *entries: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "corrections.yml"
    path.write_text("\n".join(["corrections:", *entries, ""]), encoding="utf-8")
    return path


def vintage(known_from: str, cardiff: str, *, is_synthetic: bool = False) -> Load:
    values = {CARDIFF: cardiff, TORFAEN: "450", GONE: "4,800", BACK: "21", "W06000001": "9800"}
    rows: list[dict[str, Any]] = [{"area": area, "period": 2019, "value": value} for area, value in values.items()]
    rows.append({"area": CARDIFF, "period": 2019, "measure": "male", "value": "9800"})
    return Load(CLA, known_from, rows, is_synthetic=is_synthetic)


def loads(*, is_synthetic: bool = False) -> list[Load]:
    """In Cardiff a digit too many twice, mended by the third vintage."""
    told = ((FIRST, "9800"), (SECOND, "9800"), (THIRD, "985"))
    return [vintage(known_from, cardiff, is_synthetic=is_synthetic) for known_from, cardiff in told]


@dataclass
class Built:
    """What dbt made of a snapshot with corrections."""

    folder: Path
    failed: dict[str, int]
    said: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "gofal.duckdb"), read_only=True) as warehouse:
            return warehouse.execute(query).fetchall()


def build(folder: Path, core_folder: Path, snapshot: Path) -> Built:
    """Build what corrections change."""
    done = rebuild(folder, core_folder, snapshot, "corrections", "fct_measure_value")
    return Built(folder, failures(folder), done.stdout)


@pytest.fixture(scope="session")
def corrected(shared_folder: Path, core_folder: Path) -> Built:
    """Every action at work, and nothing out of date."""
    folder = shared_folder / "corrected"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            known = known_errors(
                folder,
                entry("cardiff_digit", CARDIFF, "9800", "override", "fixed_upstream"),
                entry("torfaen_doubtful", TORFAEN, "450", "flag"),
                entry("gone_impossible", GONE, "4,800", "drop", "acknowledged"),
                entry("back_tens", BACK, "21", "scale", "reported"),
            )
            build(folder, core_folder, make_snapshot(folder / "snapshot", loads(), corrections=known))
            (folder / "done").touch()
    return Built(folder, failures(folder), "")


def test_what_holds_passes(corrected: Built) -> None:
    assert corrected.failed == {}


def test_values_are_corrected_only_where_and_while_the_wrong_one_was_published(corrected: Built) -> None:
    found = corrected.rows(
        "select area_code, breakdown, known_from, known_to, value, value_status, correction_id "
        f"from core.fct_measure_value where source_key = '{CLA}' order by area_code, breakdown, known_from"
    )
    first, third = datetime.fromisoformat(FIRST), datetime.fromisoformat(THIRD)
    assert found == [
        ("W06000001", "all", first, None, 9800.0, "reported", None),
        (CARDIFF, "all", first, third, 980.0, "derived", "cardiff_digit"),
        (CARDIFF, "all", third, None, 985.0, "reported", None),
        (CARDIFF, "gender=male", first, None, 9800.0, "reported", None),
        (GONE, "all", first, None, None, "withheld_quality", "gone_impossible"),
        (BACK, "all", first, None, 210.0, "derived", "back_tens"),
        (TORFAEN, "all", first, None, 450.0, "reported", "torfaen_doubtful"),
    ]


def test_the_list_of_corrections_says_what_was_done_and_for_how_long(corrected: Built) -> None:
    found = corrected.rows(
        "select correction_id, published_value, action, corrected_value, value_status, status, first_known_from, "
        "last_known_from, vintages, is_judged, is_stale, audience, is_synthetic, area_name_cy "
        "from accountability.corrections order by 1"
    )
    first, second, third = (datetime.fromisoformat(m) for m in (FIRST, SECOND, THIRD))
    same = (True, False, "public", False)
    assert found == [
        ("back_tens", "21", "scale", 210.0, "derived", "reported", first, third, 3, *same, "Blaenau Gwent"),
        ("cardiff_digit", "9800", "override", 980.0, "derived", "fixed_upstream", first, second, 2, *same, "Caerdydd"),
        ("gone_impossible", "4,800", "drop", None, "withheld_quality", "acknowledged", first, third, 3, *same,
         "Caerffili"),
        ("torfaen_doubtful", "450", "flag", 450.0, "reported", "open", first, third, 3, *same, "Torfaen"),
    ]  # fmt: skip


def test_every_row_of_the_list_gives_its_reason_in_both_languages(corrected: Built) -> None:
    found = corrected.rows(
        "select distinct reason_en, reason_cy, measure_title_en <> measure_title_cy, release_at from "
        "accountability.corrections"
    )
    assert found == [
        ("Another table of the same release says so.", "Mae tabl arall o’r un datganiad yn dweud hynny.", True,
         datetime.fromisoformat(FIRST)),
    ]  # fmt: skip


def test_one_that_upstream_mended_and_one_that_never_was_fail_the_build_by_name(
    tmp_path: Path, core_folder: Path
) -> None:
    known = known_errors(
        tmp_path,
        entry("cardiff_digit", CARDIFF, "9800", "override", "reported"),
        entry("torfaen_never_was", TORFAEN, "451", "flag"),
        entry("back_tens", BACK, "21", "scale"),
    )
    built = build(tmp_path, core_folder, make_snapshot(tmp_path / "snapshot", loads(), corrections=known))
    assert built.failed == {"corrections_are_not_stale": 1, "corrections_match_something": 1}
    assert "corrections_are_not_stale" in built.said
    assert built.rows("select correction_id from accountability.corrections where is_stale") == [("cardiff_digit",)]
    assert built.rows("select correction_id from accountability.corrections where vintages = 0") == [
        ("torfaen_never_was",)
    ]


def test_neither_the_sample_nor_a_dataset_that_was_never_loaded_nor_a_past_moment_can_tell(
    tmp_path: Path, core_folder: Path
) -> None:
    known = known_errors(
        tmp_path,
        entry("cardiff_digit", CARDIFF, "9800", "override", "reported"),
        entry("torfaen_never_was", TORFAEN, "451", "flag"),
        entry("not_loaded", CARDIFF, "1", "flag", dataset=POPULATION),
    )
    snapshot = make_snapshot(tmp_path / "synthetic", loads(is_synthetic=True), corrections=known)
    built = build(tmp_path, core_folder, snapshot)
    assert built.failed == {}
    assert built.rows("select correction_id, is_judged, is_synthetic from accountability.corrections order by 1") == [
        ("cardiff_digit", False, True), ("not_loaded", False, False), ("torfaen_never_was", False, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("as_of", "judged"), [(None, True), ("2020-01-01T00:00+00:00", False)])
def test_a_snapshot_of_a_past_moment_says_that_its_corrections_are_not_judged(
    tmp_path: Path, as_of: str | None, judged: bool
) -> None:
    import pyarrow.parquet as pq

    known = known_errors(tmp_path, entry("cardiff_digit", CARDIFF, "9800", "override", "reported"))
    lake = Lake.open(str(tmp_path / "lake"), "sample")
    moment = datetime.fromisoformat(as_of) if as_of else None
    now = datetime.fromisoformat("2026-11-21T02:00+00:00")
    freeze(lake, load_registry(), tmp_path / "frozen", as_of=moment, now=now, corrections=known)
    assert pq.read_table(tmp_path / "frozen" / "corrections.parquet").column("is_judged").to_pylist() == [judged]
