"""dlt's default loader on the same CSV: ``.venv-bench/bin/python bench/with_dlt.py CSV ROWS DIR``.

This file imports nothing of ours, for nothing of ours is installed there.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator


def main() -> None:
    """Load so many rows and say how long it took."""
    file, rows, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt

    def cells() -> Iterator[dict[str, str]]:
        with open(file, encoding="utf-8", newline="") as handle:  # noqa: PTH123
            yield from itertools.islice(csv.DictReader(handle), rows)

    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=f"{folder}/pipelines",
        destination=dlt.destinations.duckdb(f"{folder}/dlt.duckdb"),
        dataset_name="bench",
    )
    started = time.perf_counter()
    pipeline.run(cells(), table_name="cube")
    seconds = time.perf_counter() - started
    with pipeline.sql_client() as client:
        ((loaded,),) = client.execute_sql("SELECT count(*) FROM cube")
    print(json.dumps({"seconds": seconds, "rows": loaded}))


if __name__ == "__main__":
    main()
