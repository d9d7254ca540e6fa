"""Stands in for dbt where a test is about what happens around a build: quick, and true to the frozen snapshot.

It answers ``dbt build`` with the artifacts and the two tables that the run report reads. Every test that is about
figures in marts uses the real dbt.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import duckdb

SQL = """
create schema core;
create table core.fct_measure_value as
select s.source_key, s.measure as measure_key, s.period_code as period_key, s.area_code, s.breakdown, s.value,
    s.note_codes as value_status, v.known_from, v.known_to, v.is_synthetic
from stands as s
join read_parquet($vintages) as v using (source_key, load_id);
create table core.measure_revisions as
select a.source_key, b.known_from as new_known_from, a.value as old_value, b.value as new_value
from core.fct_measure_value as a
join core.fct_measure_value as b using (source_key, measure_key, period_key, area_code, breakdown)
where b.known_from = a.known_to and a.value is distinct from b.value;
"""
COLUMNS = ("measure", "period_code", "area_code", "value", "note_codes")


def main() -> None:
    """Build ``core`` from the snapshot that the environment names, and write dbt's artifacts."""
    target = Path(sys.argv[sys.argv.index("--target-path") + 1])
    target.mkdir(parents=True, exist_ok=True)
    snapshot = os.environ["GOFAL_SNAPSHOT"]
    with duckdb.connect(os.environ["GOFAL_BUILD_FILE"]) as connection:
        stand(connection, snapshot)
        connection.execute(SQL.replace("$vintages", f"'{snapshot}/vintages.parquet'"))
    names = ("fct_measure_value", "measure_revisions")
    nodes = {
        f"model.gofal.{name}": {
            "resource_type": "model",
            "schema": "core",
            "alias": name,
            "fqn": ["gofal", "marts", "core", name],
            "columns": {},
            "description": name,
            "config": {"materialized": "table"},
        }
        for name in names
    }
    (target / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    results = [{"unique_id": n, "status": "success", "execution_time": 0.1, "message": None} for n in nodes]
    (target / "run_results.json").write_text(json.dumps({"results": results}))


def stand(connection: duckdb.DuckDBPyConnection, snapshot: str) -> None:
    """Table ``stands``: every vintage's rows, its changes put upon the rows of the vintage before."""
    names = ", ".join(f"{name} varchar" for name in COLUMNS)
    connection.execute(f"create table stands (source_key varchar, load_id varchar, {names}, breakdown varchar)")
    vintages = connection.execute(
        f"select v.source_key, v.load_id, f.path from read_parquet('{snapshot}/vintages.parquet') as v "
        f"left join read_parquet('{snapshot}/files.parquet') as f on v.load_id = f.load_id "
        "and f.relation = 'raw_' || v.source_key where v.change_id is not null order by v.source_key, v.vintage_no"
    ).fetchall()
    if not vintages:
        sys.exit("no files")
    before: dict[str, str] = {}
    for source_key, load_id, path in vintages:
        described = connection.execute(f"describe select * from read_parquet('{path}')").fetchall()
        there = [name for name, *_ in described]
        breakdowns = [n for n in there if n.endswith("_code") and n not in {"measure_code", "period_code", "area_code"}]
        kept = ", ".join(f'"{n}"' if n in there else f"null::varchar as {n}" for n in COLUMNS)
        said = ", ".join(f'"{n}"' for n in breakdowns) or "''"
        rows = f"select {kept}, concat_ws('|', {said}) as breakdown from read_parquet('{path}')"
        made = rows
        if "_gone" in there:
            earlier = f"select * exclude (source_key, load_id) from stands where load_id = '{before[source_key]}'"
            made = f"({earlier} except all {rows} where _gone) union all {rows} where not _gone"
        connection.execute(f"insert into stands select '{source_key}', '{load_id}', * from ({made})")
        before[source_key] = load_id


if __name__ == "__main__":
    main()
