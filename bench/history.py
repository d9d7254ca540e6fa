"""A lake with a long history to build from: one source, many cells, several vintages that mostly agree."""

from __future__ import annotations

import os
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cube import areas

if TYPE_CHECKING:
    from ingestion.lake import Lake

SOURCE = "population_by_age"
SEXES = (("Persons", "P"), ("Males", "M"), ("Females", "F"))
YEARS = range(1961, 2021)


def make_lake(folder: Path, cells: int, vintages: int) -> Lake:
    """Accept so many vintages of one dataset, straight as Parquet: what landing costs is measured elsewhere.

    Of each later vintage one cell in a hundred has another value, one in a thousand another note, one in ten thousand
    is gone, and as many are new.

    Args:
        folder: Where.
        cells: Cells of the first vintage, to the next whole set of areas, sexes and years.
        vintages: How many.

    Returns:
        The lake.
    """
    from ingestion.lake import Lake

    lake = Lake.open(str(folder / "lake"), "sample")
    add_vintages(lake, cells, vintages, since=datetime(2016, 6, 25, 8, 30, tzinfo=UTC))
    return lake


def add_vintages(lake: Lake, cells: int, vintages: int, *, since: datetime, beside: str | None = None) -> None:
    """Accept so many vintages of the dataset into a lake.

    Args:
        lake: The lake.
        cells: Cells of the first vintage, to the next whole set of areas, sexes and years.
        vintages: How many, a year apart.
        since: When the first became known.
        beside: The path of a raw file of the dataset whose rows are in every vintage too; ours are then of other ages.
    """
    import duckdb

    from ingestion.lake import LoadRecord

    places = areas()
    ages = -(-cells // (len(places) * len(SEXES) * len(YEARS)))
    first = 1 if beside else 0  # 0 is all ages
    with duckdb.connect(config={"memory_limit": "4GB"}) as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute("CREATE TABLE area (label VARCHAR, code VARCHAR)")
        con.executemany("INSERT INTO area VALUES (?, ?)", [(name, code) for code, name in places])
        con.execute("CREATE TABLE sex (label VARCHAR, code VARCHAR)")
        con.executemany("INSERT INTO sex VALUES (?, ?)", list(SEXES))
        for number in range(1, vintages + 1):
            load_id = f"vintage{number:09}"
            raw = lake.raw_path(SOURCE, load_id)
            Path(lake.path(raw)).parent.mkdir(parents=True, exist_ok=True)
            before = (
                f"""
                    UNION ALL BY NAME
                    SELECT
                        * EXCLUDE (_source_row, _load_id, _landed_sha256), _source_row + 1000000000 AS _source_row,
                        '{load_id}' AS _load_id, '{load_id}' AS _landed_sha256
                    FROM read_parquet('{beside}')
                """
                if beside
                else ""
            )
            con.execute(
                f"""
                COPY (
                    SELECT
                        CAST(h % 5000 + CASE WHEN h % 100 = {number} THEN {number} ELSE 0 END AS VARCHAR) AS value,
                        NULL::VARCHAR AS notes,
                        CASE WHEN h % 1000 = {number} THEN 'p' END AS note_codes,
                        'Population' AS measure, '1' AS measure_code,
                        CAST(y AS VARCHAR) AS period, CAST(y AS VARCHAR) AS period_code, NULL::VARCHAR AS period_sort,
                        area.label AS area, area.code AS area_code, NULL::VARCHAR AS area_hierarchy,
                        sex.label AS sex, sex.code AS sex_code,
                        CASE WHEN a = 0 THEN 'All ages' ELSE 'Band ' || a END AS age, 'B' || a AS age_code,
                        row_number() OVER () AS _source_row, '{load_id}' AS _load_id, '{load_id}' AS _landed_sha256
                    FROM (
                        SELECT y, a, area, sex, hash(y, a, area.code, sex.code) AS h
                        FROM range({YEARS.start}, {YEARS.stop}) AS years(y), range({first}, {first + ages}) AS ages(a),
                            area, sex
                    )
                    WHERE h % 10000 <> {number} AND (h % 10000 <> 9999 OR {number} > 1)
                    {before}
                ) TO '{lake.path(raw)}' (FORMAT parquet)
                """
            )
            moment = since + timedelta(days=365 * (number - 1))
            lake.record(
                LoadRecord.model_validate({
                    "load_id": load_id, "source_key": SOURCE, "run_id": "bench", "landed_at": moment,
                    "known_from": moment, "outcome": "accepted", "revision_id": load_id, "revision_index": number,
                    "rows": cells, "landed_sha256": load_id, "raw_file": raw, "is_synthetic": True,
                    "title_en": "SYNTHETIC Population", "title_cy": "SYNTHETIG Poblogaeth",
                })
            )  # fmt: skip


def measure(folder: Path, cells: int, vintages: int) -> dict[str, Any]:
    """Build the warehouse from such a lake.

    Returns:
        Seconds of freezing (which works the changes out, once), of freezing again, of ``dbt build``; the largest
        memory that dbt held; the intervals that came out.
    """
    import duckdb

    from ingestion import transform
    from ingestion.config import Settings
    from ingestion.lake import utc_now
    from ingestion.statswales.registry import load_registry

    os.environ["GOFAL_HOME"] = str(folder / "home")
    settings = Settings()
    lake = make_lake(folder, cells, vintages)
    registry = load_registry()
    (folder / "home").mkdir(exist_ok=True)
    times = []
    for turn in ("first", "again"):
        started = time.perf_counter()
        transform.freeze(lake, registry, folder / turn, now=utc_now())
        times.append(time.perf_counter() - started)
    transform.parse(settings)  # the same for any number of rows
    started = time.perf_counter()
    built = transform.build(settings, lake, registry)
    seconds = time.perf_counter() - started
    with duckdb.connect(built.database, read_only=True) as con:
        found = con.execute(
            "SELECT count(*), count(*) FILTER (known_to IS NULL) FROM core.fct_measure_value"
        ).fetchone()
    return {
        "freeze": times[0], "again": times[1], "seconds": seconds, "dbt": built.seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "intervals": found[0] if found else 0, "rows": found[1] if found else 0,
        "slowest": [[n.unique_id, n.seconds] for n in sorted(built.nodes, key=lambda n: -n.seconds)[:12]],
    }  # fmt: skip
