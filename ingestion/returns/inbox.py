"""An inbox of spreadsheets, and an outbox of answers.

An inbox is any folder that fsspec reaches (a folder, S3, SFTP), best with a folder for each submitter. What is in it is
landed byte by byte before it is looked at, and leaves the inbox when it has been judged.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from ingestion.lake import Lake, utc_now
from ingestion.returns.areas import areas
from ingestion.returns.feedback import Answer
from ingestion.returns.judging import Judged
from ingestion.returns.problems import RefusedError
from ingestion.returns.reading import read_book
from ingestion.returns.sandbox import Sandbox
from ingestion.returns.store import ACCEPTED, Receipt, ReturnStore, erased_key
from ingestion.returns.submitters import area_of_folder, drop_folder

RECEIVED = "received.json"
"""In an inbox of the bundled sample: when each file was received. A lake of real data ignores it."""
UNFINISHED = re.compile(r"(^[.~]|~\$|\.(part|partial|tmp|crdownload|filepart|upload)$)", re.IGNORECASE)
"""Names that programs give to files that they are still writing."""
PAGE_EN, PAGE_CY, MARKED = "report.en.html", "adroddiad.cy.html", "report-adroddiad.xlsx"
UNKNOWN_SENDER = "unknown-anhysbys"


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
        # what came meanwhile may still be coming: it is looked at next time
        first = {p: i for p, i in _listing(fs, root).items() if p in first and _same(i, first[p])}
    known = {r.inbox_key: r for r in store.receipts()}
    told = _told(lake, fs, root)
    receipts = []
    for path, info in sorted(first.items()):
        relative = _relative(path, root)
        said = told.get(relative)
        key = _key(relative, info, said)
        if (receipt := known.get(key) or known.get(erased_key(key))) is not None:
            receipts.append(receipt)
            continue
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
    told = _told(lake, fs, root)
    gone = 0
    for path, info in _listing(fs, root).items():
        relative = _relative(path, root)
        keys = {_key(relative, info, None), _key(relative, info, told.get(relative))}
        if (keys | {erased_key(k) for k in keys}) & done:
            with contextlib.suppress(OSError):
                fs.rm_file(path)
                gone += 1
    return gone


def _listing(fs: Any, root: str) -> dict[str, dict[str, Any]]:
    found = fs.find(root, detail=True)
    return {
        str(path): info
        for path, info in found.items()
        if info.get("type", "file") == "file"  # a link is none: it would have us read what its sender could not
        and not any(UNFINISHED.search(part) for part in str(path)[len(root) :].strip("/").split("/"))
        and PurePosixPath(str(path)).name != RECEIVED
    }


def _relative(path: str, root: str) -> str:
    """Where a file lies in its inbox, as text that can be written down: a name need not be UTF-8."""
    return path[len(root) :].lstrip("/").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _key(relative: str, info: Mapping[str, Any], said: datetime | None) -> str:
    """What a file in the inbox is known by: where it lies, how large it is, and when it came."""
    return f"{relative}|{info.get('size')}|{(said or _changed(info)).isoformat()}"


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


def _told(lake: Lake, fs: Any, root: str) -> dict[str, datetime]:
    stamp = lake.stamp()
    if stamp is None or stamp.kind != "sample":
        return {}
    try:
        with fs.open(f"{root}/{RECEIVED}", "rb") as handle:
            return {name: datetime.fromisoformat(said) for name, said in json.loads(handle.read()).items()}
    except FileNotFoundError:
        return {}


def _sender(relative: str) -> str | None:
    """The area whose folder a file came in."""
    return area_of_folder(relative.split("/", 1)[0]) if "/" in relative else None


# -- answering ---------------------------------------------------------------------------------------------------


class Outbox:
    """Where the reports go: a page in each language, and the marked workbook where there is something.

    A context manager.

    Args:
        lake: Where the submissions' bytes are, to copy the cells of those with problems.
        url: An fsspec URL; a folder for each submitter, in it one for each submission.
    """

    def __init__(self, lake: Lake, url: str) -> None:
        self._lake = lake
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = root.rstrip("/")

    def __enter__(self) -> Outbox:
        self._held = contextlib.ExitStack()
        self._sandbox = self._held.enter_context(Sandbox())
        self._scratch = Path(self._held.enter_context(tempfile.TemporaryDirectory(prefix="gofal-outbox-")))
        return self

    def __exit__(self, *ended: object) -> None:
        self._held.close()

    def answer(self, judged: Judged) -> str:
        """Write the report on a submission. Doing it twice is the same as once.

        Returns:
            Its folder.
        """
        from ingestion.returns.feedback import write_feedback_html, write_feedback_xlsx

        made = answer_of(judged)
        if judged.problems and not judged.personal and judged.parsed is not None:
            with self._lake.as_local(judged.receipt.file.path) as local, contextlib.suppress(RefusedError):
                made.book = self._sandbox.run(read_book, local, judged.receipt.original_name)
        folder = f"{self._root}/{_place(judged)}"
        pages = [self._scratch / name for name in (PAGE_EN, PAGE_CY)]
        write_feedback_html(made, *pages)
        if judged.problems:
            pages.append(self._scratch / MARKED)
            write_feedback_xlsx(made, pages[-1])
        self._fs.makedirs(folder, exist_ok=True)
        for page in pages:
            self._fs.put_file(str(page), f"{folder}/{page.name}")
        return folder

    def remove(self, submission_id: str) -> list[str]:
        """Remove the reports on a submission, wherever they are.

        Returns:
            The folders that are gone.
        """
        if not self._fs.exists(self._root):
            return []
        found = [str(p) for p in self._fs.glob(f"{self._root}/*/*/*_{submission_id}")]
        for folder in found:
            self._fs.rm(folder, recursive=True)
        return found


def answer_of(judged: Judged, *, is_check: bool = False) -> Answer:
    """What the report on a submission is made from.

    Args:
        judged: The submission.
        is_check: Whether the file was only checked, not sent.
    """
    made = judged.judgement
    parsed = judged.parsed
    stands = made.outcome in ACCEPTED
    return Answer(
        original_name=judged.receipt.original_name,
        received_at=judged.receipt.received_at,
        outcome=made.outcome,
        spec=judged.spec,
        area=areas().get(made.area_code or ""),
        period=parsed.period if parsed else None,
        submission_id=judged.receipt.submission_id or None,
        version=judged.version if stands and not is_check else None,
        replaces=judged.replaces,
        current=None if stands else judged.replaces,
        rows_received=made.rows_received,
        rows_accepted=made.rows_accepted,
        rows_quarantined=made.rows_quarantined,
        problems=judged.problems,
        has_personal_data=made.has_personal_data,
        is_nil=made.is_nil,
        is_check=is_check,
        is_synthetic=made.is_synthetic,
    )


def _place(judged: Judged) -> str:
    """A folder that says whose it is, what it is about and when it came; never a path that somebody else wrote."""
    made = judged.judgement
    area = judged.receipt.sender or made.area_code
    owner = drop_folder(area) if area else UNKNOWN_SENDER
    about = f"{made.return_key or 'unknown'}_{(made.period_key or '').replace(' ', '').replace('/', '-')}".rstrip("_")
    received = judged.receipt.received_at.astimezone(UTC)
    return f"{owner}/{about}/{received:%Y-%m-%dT%H-%M-%S}_{judged.receipt.submission_id}"
