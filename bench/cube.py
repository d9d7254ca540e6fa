"""A cube to measure with: as many rows as asked for, the same every time, in the API's ``raw_extended`` shape."""

from __future__ import annotations

import csv
from pathlib import Path

from ingestion.config import CHECKOUT
from ingestion.sample.standin import uuid4_of
from ingestion.statswales.registry import Column, Dataset, Member

KEY = "bench_cube"
YEARS = 40
LAST_YEAR = 2019


def dataset() -> Dataset:
    """The registry entry of the cube, with the id that the stand-in server gives it."""
    return Dataset(
        key=KEY,
        uuid=uuid4_of("dataset", KEY),
        title_en="Benchmark cube",
        title_cy="Ciwb meincnodi",
        columns={
            "measure": Column(
                kind="measure",
                names=["Data description"],
                name_cy="Disgrifiad o’r data",
                fact_column="Measure",
                values={"number": Member(en="Number", cy="Nifer", code="1", is_total=True, measure_key="population")},
            ),
            "period": Column(
                kind="period", period="calendar_year", names=["Year"], name_cy="Blwyddyn", fact_column="YearCode"
            ),
            "area": Column(kind="area", names=["Area"], name_cy="Ardal", fact_column="AreaCode"),
            "age": Column(kind="breakdown", names=["Age"], name_cy="Oedran", fact_column="AgeCode", closed=False),
        },
    )


def areas() -> list[tuple[str, str]]:
    """Wales and its authorities of today: code and English name, from the seed."""
    with (CHECKOUT / "dbt_project" / "seeds" / "areas.csv").open(encoding="utf-8", newline="") as handle:
        return [
            (row["area_code"], row["area_name_en"])
            for row in csv.DictReader(handle)
            if row["area_code"] == "W92000004" or (row["area_code"].startswith("W06") and not row["valid_to"])
        ]


def write(path: Path, rows: int) -> None:
    """Write the cube: every area by every year by as many ages as it takes.

    One value in twenty is suppressed and the last year is provisional, so that both views have something to say.
    """
    import duckdb

    places = areas()
    with duckdb.connect() as con:
        con.execute("CREATE TABLE area (n INTEGER, code VARCHAR, name VARCHAR)")
        con.executemany("INSERT INTO area VALUES (?, ?, ?)", [(n, code, name) for n, (code, name) in enumerate(places)])
        con.execute(
            f"""
            COPY (
                WITH cell AS (
                    SELECT
                        i,
                        i % {len(places)} AS n,
                        {LAST_YEAR} - (i // {len(places)}) % {YEARS} AS year,
                        i // {len(places) * YEARS} AS age,
                        hash(i) % 100000 AS figure,
                        hash(i + 7) % 20 = 0 AS hidden
                    FROM range({rows}) AS t (i)
                )
                SELECT
                    CASE WHEN hidden THEN NULL ELSE figure END AS "Data values",
                    CASE WHEN hidden THEN NULL ELSE figure END AS "Data values_sort",
                    'Number' AS "Data description",
                    '1' AS "Data description_reference",
                    1 AS "Data description_sort",
                    NULL AS "Data description_hierarchy",
                    year AS "Year",
                    year AS "Year_reference",
                    epoch_ms(make_timestamp(year, 12, 31, 0, 0, 0)) AS "Year_sort",
                    NULL AS "Year_hierarchy",
                    area.name AS "Area",
                    area.code AS "Area_reference",
                    n AS "Area_sort",
                    CASE WHEN n > 0 THEN 'W92000004' END AS "Area_hierarchy",
                    age AS "Age",
                    age AS "Age_reference",
                    age AS "Age_sort",
                    NULL AS "Age_hierarchy",
                    nullif(concat_ws(', ',
                        CASE WHEN hidden THEN 'Confidential' END,
                        CASE WHEN year = {LAST_YEAR} THEN 'Provisional' END
                    ), '') AS "Notes"
                FROM cell JOIN area USING (n)
                ORDER BY i
            ) TO '{path}' (HEADER, DELIMITER ',')
            """
        )
