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
select v.source_key, r.measure as measure_key, r.period_code as period_key, r.area_code, r.age_group_code as breakdown,
    r.value, r.note_codes as value_status, v.known_from, v.known_to, v.is_synthetic
from read_parquet($files, union_by_name = true) as r
join read_parquet($vintages) as v on v.load_id = r._load_id;
create table core.measure_revisions as
select a.source_key, b.known_from as new_known_from, a.value as old_value, b.value as new_value
from core.fct_measure_value as a
join core.fct_measure_value as b using (source_key, measure_key, period_key, area_code, breakdown)
where b.known_from = a.known_to and a.value is distinct from b.value;
"""


def main() -> None:
    """Build ``core`` from the snapshot that the environment names, and write dbt's artifacts."""
    target = Path(sys.argv[sys.argv.index("--target-path") + 1])
    target.mkdir(parents=True, exist_ok=True)
    snapshot = os.environ["GOFAL_SNAPSHOT"]
    with duckdb.connect(os.environ["GOFAL_BUILD_FILE"]) as connection:
        files = connection.execute(
            f"select path from read_parquet('{snapshot}/files.parquet') where relation like 'raw_%'"
        ).fetchall()
        if not files:
            sys.exit("no files")
        text = "[" + ", ".join(f"'{path}'" for (path,) in files) + "]"
        script = SQL.replace("$files", text).replace("$vintages", f"'{snapshot}/vintages.parquet'")
        connection.execute(script)
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


if __name__ == "__main__":
    main()
