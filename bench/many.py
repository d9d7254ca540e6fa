"""Many small datasets: what a night costs where little has changed, and where much has."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from ingestion.sample.standin import uuid4_of
from ingestion.statswales.registry import Dataset, load_registry


def catalogue(number: int) -> dict[str, Dataset]:
    """A registry of so many entries, all alike but for their names and ids.

    Args:
        number: How many.
    """
    pattern = load_registry()["children_looked_after_gender_age"]
    return {
        key: pattern.model_copy(update={"key": key, "uuid": uuid4_of("dataset", key), "title_en": key, "title_cy": key})
        for key in (f"dataset_{n}" for n in range(number))
    }


def served(number: int) -> list[str]:
    """Keys of so many datasets of the bundled sample, the largest left out."""
    from ingestion.sample.generate import released_in

    listed = [k for k, d in load_registry().items() if d.state != "awaiting" and released_in(d, 1)]
    return [key for key in listed if key != "population_by_age"][:number]


def serve_sample(number: int) -> None:
    """Serve the sample, with what will be asked of so many datasets made ready, until standard input ends."""
    from ingestion.sample.generate import build_sample

    with build_sample(1, rate_limit=None) as standin:
        for key in served(number):
            standin.current(key).cube.warm(("raw_extended", "with_note_codes"), ("en",))
        ids = {key: standin.entry(key).id for key in served(number)}
        print(json.dumps({"url": standin.url, "ids": ids}), flush=True)
        sys.stdin.read()


def discover(folder: Path, number: int) -> dict[str, Any]:
    """Look at a list of so many datasets, all held and unchanged."""
    from ingestion.lake import Lake, LoadRecord, Outcome, utc_now
    from ingestion.sample.cube import Details
    from ingestion.sample.generate import sample_cube
    from ingestion.sample.standin import StandIn
    from ingestion.statswales import extract
    from ingestion.statswales.client import StatsWalesClient

    registry = catalogue(number)
    lake = Lake.open(str(folder / "lake"), "sample")
    moment = utc_now()
    with StandIn(rate_limit=None) as standin:
        cube = sample_cube("rough_sleepers", 1)
        for key, entry in registry.items():
            standin.publish(key, cube, Details(title_en=key, title_cy=key), uuid=entry.id, publish_at=moment)
        standin.start()
        with StatsWalesClient(standin.url) as client:
            listed = client.catalogue()
            for item in listed.items if listed else []:
                held = LoadRecord(load_id="0" * 16, source_key=item.title or "", run_id="bench", landed_at=moment)
                held.known_from, held.outcome = moment, Outcome.ACCEPTED
                held.dataset_id, held.title_en = item.id, item.title
                held.last_updated_at = item.last_updated_at
                lake.record(held)
            before = client.requests
            started = time.perf_counter()
            found = extract.discover(client, lake, registry, slices=10**9)
            seconds = time.perf_counter() - started
            requests = client.requests - before
    return {"seconds": seconds, "requests": requests, "rows": list(found.decisions.values()).count("unchanged")}


def land(folder: Path, url: str, ids: dict[str, str]) -> dict[str, Any]:
    """Land so many changed datasets to accepted raw Parquet, two at a time: Airflow maps them, up to four at a time."""
    from concurrent.futures import ThreadPoolExecutor

    import duckdb  # noqa: F401
    import pyarrow  # noqa: F401

    from ingestion.lake import Lake, Outcome
    from ingestion.statswales.client import StatsWalesClient
    from ingestion.statswales.extract import land_dataset

    registry = load_registry(ids)
    lake = Lake.open(str(folder / "lake"), "sample")

    def half(keys: list[str]) -> int:
        rows = 0
        with StatsWalesClient(url) as client:
            for key in keys:
                record = land_dataset(registry[key], client, lake, run_id="bench")
                record.outcome = Outcome.ACCEPTED
                rows += lake.accept(record).rows or 0
        return rows

    started = time.perf_counter()
    with ThreadPoolExecutor(2) as two:
        rows = sum(two.map(half, ([*ids][0::2], [*ids][1::2])))
    return {"seconds": time.perf_counter() - started, "rows": rows}


def bare(folder: Path, url: str, ids: dict[str, str]) -> dict[str, Any]:
    """What that is measured against: download the same two CSVs of each and let DuckDB make Parquet of them."""
    import duckdb
    import requests

    rows = 0
    started = time.perf_counter()
    with duckdb.connect() as con, requests.Session() as session:
        for key, uuid in ids.items():
            for view in ("raw_extended", "with_note_codes"):
                options = {"use_raw_column_names": True, "use_reference_values": True, "data_value_type": view}
                asked = session.post(f"{url}/{uuid}/data", json={"options": options}, timeout=60)
                answer = session.get(
                    f"{url}/{uuid}/data/{asked.json()['filterId']}", params={"format": "csv"}, timeout=60
                )
                file = folder / f"{key}.{view}.csv"
                file.write_bytes(answer.content)
                done = con.execute(
                    f"COPY (SELECT * FROM read_csv('{file}')) TO '{file}.parquet' (FORMAT parquet)"
                ).fetchone()
                rows += done[0] if done and view == "raw_extended" else 0
    return {"seconds": time.perf_counter() - started, "rows": rows}
