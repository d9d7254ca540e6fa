"""Measurements of returns: an inbox of workbooks to the marts, one very large return, and one check of one file."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

AUTHORITIES, RETURNS = 22, 12
ROWS, COLUMNS = 100_000, 13


def inbox(folder: Path) -> dict[str, Any]:
    """22 authorities × 12 returns, all workbooks, from an inbox to published marts, without Airflow."""
    from ingestion import nightly, transform
    from ingestion.config import Settings
    from ingestion.returns.areas import areas
    from ingestion.returns.offers import read_offers
    from ingestion.returns.spec import load_returns
    from ingestion.returns.store import ReturnStore
    from ingestion.returns.workbook import write_submission
    from ingestion.sample import returns as sample
    from ingestion.sample.returns_content import content
    from ingestion.sample.returns_lines import Place, submitters

    settings = Settings(home=folder / "home", bundled_returns=False, inbox_quiet=0.0)
    run = nightly.Run("bench", None, settings)
    ReturnStore(run.lake).write_offers(read_offers(sample.build_offers(folder / "offers.csv", release=1)))
    wanted = [
        (family.of(p.key), p)
        for family in load_returns().values()
        if family.newest.submitted_by == "local_authority"
        for p in sample.sample_periods(family)[:2]
    ][:RETURNS]
    told, files = {}, 0
    for spec, period in wanted:
        for area in submitters(spec, period):
            place = Place(spec, area, period, sample.SEED)
            rows = content(place)
            cover = sample.cover_of(place, rows, date(2021, 6, 1))
            path = folder / "home" / "inbox" / area / f"{spec.key}_{period.slug}.xlsx"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_submission(spec, areas()[area], period, cover, rows, path, plain=True, synthetic=True)
            told[f"{area}/{path.name}"] = f"{period.end.isoformat()}T12:00:00+00:00"
            files += 1
    (folder / "home" / "inbox" / "received.json").write_text(json.dumps(told))
    transform.parse(settings)  # which a home keeps from one run to the next
    started = time.perf_counter()
    outcomes = nightly.returns(run)
    judged = time.perf_counter() - started
    nightly.build(run)
    nightly.publish(run)
    return {"seconds": time.perf_counter() - started, "judged": judged, "files": files, "outcomes": outcomes}


def large(folder: Path, form: str) -> dict[str, Any]:
    """A return of 100,000 rows × 13 columns: read, recognised, typed and held against its rules."""
    import python_calamine

    from ingestion.returns.areas import areas
    from ingestion.returns.parse import parse_book
    from ingestion.returns.periods import read_return_period
    from ingestion.returns.reading import read_book
    from ingestion.returns.rules import check_rules
    from ingestion.returns.spec import Family
    from ingestion.returns.workbook import write_csv, write_submission

    spec = _spec()
    family = Family(versions=((spec.first_period, spec),))
    period = read_return_period(spec.first_period, spec.cadence)
    assert period is not None
    rows = [_row(number) for number in range(ROWS)]
    path = folder / f"large.{form}"
    folder.mkdir(parents=True, exist_ok=True)
    area = areas()["W06000020"]
    cover: dict[str, Any] = {}
    if form == "csv":
        write_csv(spec, area, period, cover, {"rows": rows}, path)
    else:
        write_submission(spec, area, period, cover, {"rows": rows}, path, plain=True)
    # as in the sandbox, whose child has nothing else in memory and does not collect garbage while it reads
    del rows
    gc.collect()
    gc.disable()
    import duckdb  # noqa: F401  # imports are not timed
    import pyarrow  # noqa: F401

    started = time.perf_counter()
    if form == "csv":
        path.read_text(encoding="utf-8-sig")
    else:
        python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name("Rows").to_python()
    bare = time.perf_counter() - started
    started = time.perf_counter()
    parsed = parse_book(read_book(path, path.name), families={spec.key: family})
    problems = parsed.problems + check_rules(parsed, spec)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "bare": bare, "rows": parsed.rows_received, "problems": len(problems), "peak_mb": peak}


def _row(number: int) -> dict[str, Any]:
    return {
        "reference": f"P{number:06d}",
        "kind": "capital" if number % 2 else "revenue",
        "note": "As planned",
        **{f"amount_{n}": float(number % 997 * n) for n in range(1, COLUMNS - 3)},
        "children": float(number % 40),
    }


def _spec() -> Any:
    from ingestion.returns.spec import ReturnSpec

    amounts = [
        {"key": f"amount_{n}", "heading_en": f"Amount {n}", "heading_cy": f"Swm {n}", "type": "money", "unit": "gbp",
         "min": 0, "required": True} for n in range(1, COLUMNS - 3)
    ]  # fmt: skip
    kinds = [{"key": "capital", "en": "Capital", "cy": "Cyfalaf"}, {"key": "revenue", "en": "Revenue", "cy": "Refeniw"}]
    columns = [
        {"key": "reference", "heading_en": "Reference", "heading_cy": "Cyfeirnod", "type": "text", "required": True,
         "pattern": "P[0-9]+", "max_length": 20},
        {"key": "kind", "heading_en": "Kind", "heading_cy": "Math", "type": "choice", "choices": kinds},
        {"key": "note", "heading_en": "Note", "heading_cy": "Nodyn", "type": "text"},
        *amounts,
        {"key": "children", "heading_en": "Children", "heading_cy": "Plant", "type": "count"},
    ]  # fmt: skip
    rule = {
        "code": "grows", "check": "amount_2 >= amount_1", "columns": ["amount_2"],
        "message_en": "Less.", "message_cy": "Llai.",
    }  # fmt: skip
    sheet = {
        "key": "rows", "title_en": "Rows", "title_cy": "Rhesi", "grain": ["reference"], "columns": columns,
        "rules": [rule], "max_rows": ROWS,
    }  # fmt: skip
    return ReturnSpec.model_validate(
        {
            "key": "bench_large", "title_en": "Large", "title_cy": "Mawr", "about_en": "Large.", "about_cy": "Mawr.",
            "submitted_by": "local_authority", "submitted_to_en": "Nobody", "submitted_to_cy": "Neb",
            "cadence": "annual", "first_period": "2019-20", "due": {"days": {"Y": "06-30"}}, "sheets": [sheet],
        }
    )  # fmt: skip


def check(folder: Path) -> dict[str, Any]:
    """`gofal returns check` of an ordinary workbook, as a person waits for it."""
    from ingestion.returns.areas import areas
    from ingestion.returns.periods import read_return_period
    from ingestion.returns.spec import load_returns
    from ingestion.returns.workbook import write_template

    spec = load_returns()["icf_spend_quarterly"].newest
    period = read_return_period("2020-21 Q2", "quarterly")
    assert period is not None
    folder.mkdir(parents=True, exist_ok=True)
    path = write_template(spec, areas()["rpb_gwent"], period, folder / "blank.xlsx")
    command = [str(Path(sys.executable).parent / "gofal"), "returns", "check", str(path)]
    environment = {**os.environ, "GOFAL_HOME": str(folder / "home")}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 1:  # a blank template has errors, which is what 1 means
        raise SystemExit(done.stderr.decode())
    return {"seconds": seconds}


def heavy(folder: Path) -> dict[str, Any]:
    """A workbook of about 100 MB, of random text that does not compress: what becomes of it, and what it costs."""
    import random

    import xlsxwriter

    from ingestion.returns.judging import judge_file
    from ingestion.returns.sandbox import Sandbox

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "heavy.xlsx"
    draw = random.Random(7)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Rows")
    for row in range(100_000):
        sheet.write_row(row, 0, [draw.randbytes(70).hex() for _ in range(12)])
    book.close()
    started = time.perf_counter()
    with Sandbox() as sandbox:
        judged = judge_file(path, path.name, sandbox=sandbox)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    codes = sorted({p.code for p in judged.problems})
    return {"seconds": seconds, "child_mb": peak, "mb": path.stat().st_size / 1e6, "outcome": ", ".join(codes[:3])}
