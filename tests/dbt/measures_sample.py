"""Made-up figures of children looked after, small and each chosen to show one thing, and a warehouse built from them.

Twenty-two authorities at five dates, two population vintages, three of the counts (in Torfaen 2019 goes 450, 435, 450),
a suppressed authority, and a document that was imported by file. Nothing here is real.
"""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from dbt_runner import PROJECT, run_dbt
from filelock import FileLock
from snapshot import Load, make_snapshot

CLA, POPULATION, IMPORTED = "children_looked_after_gender_age", "population_by_age", "imported_figures"
FIRST, SECOND, THIRD = "2019-10-30T09:30", "2020-11-10T09:30", "2021-11-10T09:30"
POPULATION_FIRST, POPULATION_SECOND = "2019-06-26T09:30", "2020-06-26T09:30"
WALES, TORFAEN, POWYS = "W92000004", "W06000020", "W06000023"
YEARS = range(2015, 2020)
MARTS = ["+path:models/marts/performance_measures", "+path:models/marts/accountability"]
# the tests of staging are another test file's
FULL = ["--select", *MARTS, "--exclude", "path:models/staging,resource_type:unit_test",
        "path:models/sources.yml,resource_type:test"]  # fmt: skip
BARE = ["--select", *MARTS, "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]


def authorities() -> list[str]:
    with (PROJECT / "seeds" / "areas.csv").open(encoding="utf-8", newline="") as handle:
        return sorted({r["area_code"] for r in csv.DictReader(handle) if r["area_type"] == "local_authority"})


def count_of(area: str, year: int, vintage: str = FIRST) -> int | None:
    """What the statistics say of an authority; NULL where they suppress it (Powys, 2016)."""
    place = authorities().index(area)
    if (area, year) == (POWYS, 2016):
        return None
    count = 60 + 20 * place + 5 * (year - 2015) * (1 + place % 3)
    return count - 15 if (area, year, vintage) == (TORFAEN, 2019, SECOND) else count


def under_18(area: str, mid_year: int, known: str) -> int:
    place = authorities().index(area)
    ages = [300 + 40 * place + age + 3 * (mid_year - 2014) for age in range(18)]
    return sum(ages) + (18 if known == POPULATION_SECOND else 0)


def counts(vintage: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for year in YEARS:
        for area in authorities():
            value = count_of(area, year, vintage)
            rows.append({"area": area, "period": year, "value": value, "note_codes": None if value else "c"})
        if year >= 2017:  # before that Wales has to be summed
            total = sum(count_of(area, year, vintage) or 0 for area in authorities())
            rows.append({"area": WALES, "period": year, "value": total})
        rows += [
            {"area": TORFAEN, "period": year, "measure": "male", "value": 200},
            {"area": TORFAEN, "period": year, "measure": "male", "age_group": "under_1", "note_codes": "c"},
            {"area": TORFAEN, "period": year, "measure": "male", "age_group": "1_to_4", "value": 45},
        ]
    return rows


def people(known: str) -> list[dict[str, Any]]:
    more = 1 if known == POPULATION_SECOND else 0
    return [
        {"area": area, "period": year, "age": str(age), "value": 300 + 40 * place + age + 3 * (year - 2014) + more}
        for year in range(2014, 2019)
        for place, area in enumerate(authorities())
        for age in range(20)
    ]


def loads(*, is_synthetic: bool) -> list[Load]:
    return [
        *[Load(CLA, vintage, counts(vintage), is_synthetic=is_synthetic) for vintage in (FIRST, SECOND)],
        Load(CLA, THIRD, counts(FIRST), is_synthetic=is_synthetic),
        *[Load(POPULATION, known, people(known), is_synthetic=is_synthetic)
          for known in (POPULATION_FIRST, POPULATION_SECOND)],
    ]  # fmt: skip


def imported(folder: Path, document_key: str, rows: list[dict[str, str | None]], number: int = 1) -> None:
    """Add a load of imported figures to a snapshot, as `ingestion/figures.py` writes it."""
    load_id, moment = f"import{number:010}", datetime(2026, 11, 1, 2, number)
    columns = [
        "figure_id", "document_key", "document_title_en", "document_title_cy", "measure_key", "area_code",
        "period_end", "value", "rounding_base", "qualifier", "known_from",
    ]  # fmt: skip
    defaults = {"document_key": document_key, "document_title_en": "A release", "document_title_cy": "Datganiad",
                "measure_key": "children_looked_after", "area_code": WALES, "rounding_base": "1",
                "qualifier": "exact", "known_from": None}  # fmt: skip
    table = pa.table({
        **{name: pa.array([(defaults | row)[name] for row in rows], pa.string()) for name in columns},
        "_source_row": pa.array(range(1, len(rows) + 1), pa.int64()),
        "_load_id": pa.array([load_id] * len(rows)),
        "_landed_sha256": pa.array([f"{number:064}"] * len(rows)),
    })  # fmt: skip
    path = folder / "raw" / IMPORTED / f"{load_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    append(folder / "files.parquet", {"relation": f"raw_{IMPORTED}", "source_key": IMPORTED, "load_id": load_id,
                                      "path": str(path)})  # fmt: skip
    append(folder / "vintages.parquet", {
        "source_key": IMPORTED, "load_id": load_id, "vintage_no": number, "known_from": moment, "landed_at": moment,
        "known_from_basis": "landed", "revision_index": number, "landed_sha256": f"{number:064}",
        "is_synthetic": False, "kind": "document", "title_en": "A release", "title_cy": "Datganiad", "rows": len(rows),
    })  # fmt: skip


def append(path: Path, row: dict[str, Any]) -> None:
    table = pq.read_table(path)
    whole = {name: row.get(name) for name in table.schema.names}
    pq.write_table(pa.concat_tables([table, pa.Table.from_pylist([whole], schema=table.schema)]), path)


def wales(year: int) -> int:
    return sum(count_of(area, year) or 0 for area in authorities())


def build_measures(shared_folder: Path, *, is_synthetic: bool) -> Path:
    """The folder of a finished `dbt build` of these figures; built once a test session, whoever asks first."""
    folder = shared_folder / ("measures_synthetic" if is_synthetic else "measures")
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            snapshot = make_snapshot(folder / "snapshot", loads(is_synthetic=is_synthetic), history=[
                {"load_id": "refused", "source_key": CLA, "landed_at": "2022-01-01T02:00", "outcome": "quarantined",
                 "rows": 7, "message_en": "A year is missing.", "message_cy": "Mae blwyddyn ar goll."},
            ] * 2)  # fmt: skip
            if not is_synthetic:
                imported(snapshot, "release_2019", [{"figure_id": "old", "period_end": "2003-03-31", "value": "1"}])
                imported(snapshot, "release_2019", [
                    # unrounded, on the day of the statistics' first release
                    {"figure_id": "h2017", "period_end": "2017-03-31", "value": str(wales(2017) + 2),
                     "known_from": "2019-10-30 00:00:00"},
                    {"figure_id": "h2018", "period_end": "2018-03-31", "value": str(wales(2018) + 3),
                     "known_from": "2019-10-30 00:00:00"},
                    {"figure_id": "h2003", "period_end": "2003-03-31", "value": "4194",
                     "known_from": "2019-10-30 00:00:00"},
                    {"figure_id": "undated", "period_end": "2019-03-31", "value": str(wales(2019))},
                    {"figure_id": "before", "period_end": "2019-03-31", "value": str(wales(2019) - 15)},
                    {"figure_id": "wg_cla_total", "period_end": "2019-03-31", "value": "1"},
                ], number=2)  # fmt: skip
            done = run_dbt(folder, snapshot, "build", *(BARE if is_synthetic else FULL))
            (folder / "done").write_text("" if done.returncode == 0 else done.stdout + done.stderr, encoding="utf-8")
    assert not (said := (folder / "done").read_text(encoding="utf-8")), said
    return folder
