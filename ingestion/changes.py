"""What is worked out of accepted batches once, and kept beside them: the changes between two, and the words of one.

History is stored as changes. The first vintage of a source is read whole; of each later one, only the rows that are
new or other than before, and those that are gone. Ten million observations that five vintages agree on are ten million
rows and not fifty. Nothing here decides what a row means: two rows are the same only if every text in them is.

Both kinds of file are named by the loads that they were made from, so they never go stale, and may be deleted.
"""

from __future__ import annotations

import contextlib
import hashlib

from ingestion import engine
from ingestion.engine import exact, literal, quote
from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.registry import Dataset

MEMORY = "2GB"
"""What DuckDB may hold while two vintages are compared; beyond it spills to the lake's scratch folder."""
KEPT = frozenset({"_source_row", "_load_id", "_landed_sha256"})


def change_id(earlier: LoadRecord | None, later: LoadRecord) -> str:
    """Name the step from one accepted load to the next: what joins rows to vintages.

    Args:
        earlier: The load that was current before; None for a source's first.
        later: The load that replaces it.
    """
    return f"{earlier.load_id}_{later.load_id}" if earlier else later.load_id


def changes(lake: Lake, earlier: LoadRecord, later: LoadRecord) -> str:
    """The rows by which a load differs from the one before, as a Parquet file in the lake.

    Args:
        lake: Holds both; receives the file if it is not there yet.
        earlier: The load that was current before.
        later: The load that replaces it.

    Returns:
        The file, relative to the lake: the columns of either load, ``_change_id``, and ``_gone``: FALSE for a row of
        the later load that the earlier has not, TRUE for a row of the earlier that the later has no more.

    Raises:
        LakeError: A load's rows are not in the lake.
        OSError: The lake cannot be written.
    """
    path = f"changes/{later.source_key}/{change_id(earlier, later)}.parquet"
    if lake.exists(path):
        return path
    with contextlib.ExitStack() as held:
        database = held.enter_context(engine.database(lake, MEMORY))
        old, new = (str(held.enter_context(lake.as_local(_raw(r)))) for r in (earlier, later))
        names = [
            {row[0] for row in database.execute(f"DESCRIBE SELECT * FROM read_parquet({exact(file)})").fetchall()}
            for file in (old, new)
        ]
        texts = sorted(name for name in names[0] | names[1] if not name.startswith("_"))
        for view, file, known in (("old_rows", old, names[0]), ("new_rows", new, names[1])):
            columns = ", ".join(
                f"{quote(n)} AS {quote(n)}" if n in known else f"NULL::VARCHAR AS {quote(n)}" for n in texts
            )
            kept = ", ".join(quote(n) for n in sorted(KEPT & known))
            whole = ", ".join(quote(n) for n in texts)
            # Two hashes of 64 bits, over the columns in either order: by chance alone they do not agree
            turned = ", ".join(quote(n) for n in reversed(texts))
            database.execute(
                f"CREATE TEMP VIEW {view} AS SELECT *, hash({whole}) AS one, hash({turned}, 'turned') AS other "
                f"FROM (SELECT {columns}{', ' if kept else ''}{kept} FROM read_parquet({exact(file)}))"
            )
        select = ", ".join(["* EXCLUDE (one, other)", f"{literal(change_id(earlier, later))} AS _change_id"])
        out = held.enter_context(lake.scratch(".parquet"))
        database.execute(
            f"COPY (SELECT {select}, false AS _gone FROM new_rows ANTI JOIN "
            f"(SELECT one, other FROM old_rows) AS old_keys USING (one, other) UNION ALL BY NAME "
            f"SELECT {select}, true AS _gone FROM old_rows ANTI JOIN "
            f"(SELECT one, other FROM new_rows) AS new_keys USING (one, other)) "
            f"TO {literal(str(out))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )
        lake.put(out, path)
    return path


def words(lake: Lake, dataset: Dataset, load: LoadRecord) -> str:
    """The spellings that stand in a load's rows, as a Parquet file in the lake.

    Args:
        lake: Holds the load; receives the file if it is not there yet.
        dataset: Its registry entry.
        load: An accepted load.

    Returns:
        The file, relative to the lake: ``role``, ``label``, ``code``, ``sort`` (of periods), all text, one row a
        spelling.
    """
    roles = sorted(dataset.columns)  # in the name: an entry may have gained a column since
    mark = hashlib.sha256(",".join(roles).encode()).hexdigest()[:8]
    path = f"words/{load.source_key}/{load.load_id}_{mark}.parquet"
    if lake.exists(path):
        return path
    with contextlib.ExitStack() as held:
        database = held.enter_context(engine.database(lake, MEMORY))
        raw = str(held.enter_context(lake.as_local(_raw(load))))
        there = {row[0] for row in database.execute(f"DESCRIBE SELECT * FROM read_parquet({exact(raw)})").fetchall()}
        parts = []
        for role in roles:
            sort = f"{role}_sort" if dataset.columns[role].kind == "period" else ""
            texts = [quote(n) if n in there else "NULL::VARCHAR" for n in (role, f"{role}_code", sort)]
            parts.append(
                f"SELECT DISTINCT {literal(role)} AS role, {texts[0]} AS label, {texts[1]} AS code, {texts[2]} AS sort "
                f"FROM read_parquet({exact(raw)})"
            )
        out = held.enter_context(lake.scratch(".parquet"))
        database.execute(f"COPY ({' UNION ALL '.join(parts)}) TO {literal(str(out))} (FORMAT parquet)")
        lake.put(out, path)
    return path


def _raw(record: LoadRecord) -> str:
    if record.raw_file is None:
        raise ValueError(f"load {record.load_id} of {record.source_key} was never accepted")
    return record.raw_file
