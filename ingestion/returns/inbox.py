"""An inbox of spreadsheets, and an outbox of answers.

An inbox is any folder that fsspec reaches (a folder, S3, SFTP), best with a folder for each submitter. What is in it is
landed byte by byte before it is looked at, and leaves the inbox when it has been judged.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import fsspec

from ingestion.lake import Lake, utc_now
from ingestion.returns.store import Receipt, ReturnStore
from ingestion.returns.submitters import area_of_folder

RECEIVED = "received.json"
"""In an inbox of the bundled sample: when each file was received. A lake of real data ignores it."""
UNFINISHED = re.compile(r"(^[.~]|~\$|\.(part|partial|tmp|crdownload|filepart|upload)$)", re.IGNORECASE)
"""Names that programs give to files that they are still writing."""


def receive(lake: Lake, inbox: str, *, quiet: float = 2.0, channel: str = "inbox") -> list[Receipt]:
    """Land every file of an inbox that is whole.

    Args:
        lake: Where to.
        inbox: An fsspec URL; a folder that is not there is an empty inbox.
        quiet: A file that changed within these seconds is waited for, so that none is taken while it is written.
        channel: What receipts say of how it came.

    Returns:
        Receipts of what was there, new or not, in the order received. The files stay where they are: `tidy` removes
        those that are on record.
    """
    store = ReturnStore(lake)
    fs, root = fsspec.core.url_to_fs(inbox)
    root = root.rstrip("/")
    if not fs.exists(root):
        return []
    first = _listing(fs, root)
    if any(_age(info) < quiet for info in first.values()):
        time.sleep(quiet)
        fs.invalidate_cache()
        first = {p: i for p, i in _listing(fs, root).items() if p not in first or _same(i, first[p])}
    known = {r.inbox_key: r for r in store.receipts()}
    stamp = lake.stamp()
    told = _told(fs, root) if stamp is not None and stamp.kind == "sample" else {}
    receipts = []
    for path, info in sorted(first.items()):
        relative = path[len(root) :].lstrip("/")
        key = f"{relative}|{info.get('size')}|{_changed(info).isoformat()}"
        if key in known:
            receipts.append(known[key])
            continue
        said = told.get(relative)
        with lake.scratch(PurePosixPath(relative).suffix[:8]) as local:
            fs.get_file(path, str(local))
            receipts.append(
                store.receive(
                    local,
                    original_name=PurePosixPath(relative).name,
                    inbox_key=key,
                    channel=channel,
                    sender=_sender(relative),
                    received_at=said or _changed(info),
                    backdated=said is not None,
                )
            )
    return sorted(receipts, key=lambda r: (r.received_at, r.submission_id))


def tidy(lake: Lake, inbox: str) -> int:
    """Remove from an inbox what is on record: landed and judged.

    Returns:
        How many files left. One that could not be removed (an inbox that may only be read) is known by its receipt.
    """
    fs, root = fsspec.core.url_to_fs(inbox)
    root = root.rstrip("/")
    if not fs.exists(root):
        return 0
    done = {s.receipt.inbox_key for s in ReturnStore(lake).ledger().submissions.values() if s.judgement or s.erased}
    gone = 0
    for path, info in _listing(fs, root).items():
        key = f"{path[len(root) :].lstrip('/')}|{info.get('size')}|{_changed(info).isoformat()}"
        if key in done:
            with contextlib.suppress(OSError):
                fs.rm_file(path)
                gone += 1
    return gone


def _listing(fs: Any, root: str) -> dict[str, dict[str, Any]]:
    found = fs.find(root, detail=True)
    return {
        str(path): info
        for path, info in found.items()
        if info.get("type", "file") == "file"
        and not any(UNFINISHED.search(part) for part in str(path)[len(root) :].strip("/").split("/"))
        and PurePosixPath(str(path)).name != RECEIVED
    }


def _changed(info: Mapping[str, Any]) -> datetime:
    for name in ("mtime", "LastModified", "last_modified", "created", "updated"):
        value = info.get(name)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
    return utc_now()


def _age(info: Mapping[str, Any]) -> float:
    return (utc_now() - _changed(info)).total_seconds()


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return (one.get("size"), _changed(one)) == (other.get("size"), _changed(other))


def _told(fs: Any, root: str) -> dict[str, datetime]:
    try:
        with fs.open(f"{root}/{RECEIVED}", "rb") as handle:
            return {name: datetime.fromisoformat(said) for name, said in json.loads(handle.read()).items()}
    except FileNotFoundError:
        return {}


def _sender(relative: str) -> str | None:
    """The area whose folder a file came in."""
    return area_of_folder(relative.split("/", 1)[0]) if "/" in relative else None
