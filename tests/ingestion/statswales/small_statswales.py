"""A small StatsWales of our own, for tests of the client and of extraction, with made-up figures.

It speaks raw HTTP/1.1 over loopback, so that it can also break what it says in the middle. `Api.on` scripts the next
answers to a request; what is not scripted is answered as the service would.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ingestion.lake import Lake, LoadRecord, Outcome
from ingestion.statswales.registry import Dataset

UUID = "0b0e7a2c-5d1f-4c55-9a31-5a2f3f1b6c01"
OTHER_UUID = "0b0e7a2c-5d1f-4c55-9a31-5a2f3f1b6c02"
NOTE_WORDS = {"c": "Confidential", "e": "Estimated", "p": "Provisional", "r": "Revised", "t": "Total"}


def guard(text: str) -> str:
    """What the service does to a text that a spreadsheet might run."""
    return "'" + text if text[:1] in tuple("=+-@\t\r\n") and text else text


@dataclass
class Dim:
    """A dimension (or the measure): names, and members as ``code: (en, cy, sort, parent)``."""

    en: str
    cy: str
    fact: str
    members: dict[str, tuple[str, str, str, str]]


@dataclass
class Cell:
    """One row: the value as text, codes as the publisher wrote them, and a code for each dimension."""

    value: str
    codes: str
    refs: tuple[str, ...]


def dims() -> list[Dim]:
    return [
        Dim("Data description", "Disgrifiad o’r data", "Measure", {"1": ("Number", "Nifer", "1", "")}),
        Dim("Year", "Blwyddyn", "YearCode", {
            "202223": ("2022-23", "2022-23", "1680220800000", ""),
            "202324": ("2023-24", "2023-24", "1711843200000", ""),
        }),
        Dim("Local authority", "Awdurdod lleol", "AreaCode", {
            "W92000004": ("Wales", "Cymru", "0", ""),
            "W06000015": ("Cardiff", "Caerdydd", "15", "W92000004"),
        }),
        Dim("Age group", "Grŵp oedran", "AgeCode", {
            "T": ("All ages", "Pob oed", "2", ""),
            "U1": ("Under 1", "Dan 1 oed", "1", "T"),
        }),
    ]  # fmt: skip


def cells() -> list[Cell]:
    """Eight made-up rows, two of them with codes."""
    found = []
    for i, (year, area, age) in enumerate(
        (y, a, g) for y in ("202324", "202223") for a in ("W92000004", "W06000015") for g in ("T", "U1")
    ):
        value, codes = ("", "c") if i == 3 else (str(100 + 7 * i), "p" if i == 0 else "")
        found.append(Cell(value, codes, ("1", year, area, age)))
    return found


@dataclass
class Published:
    """One dataset as it is published now."""

    uuid: str = UUID
    title_en: str = "Children counted for a test"
    title_cy: str | None = "Plant a gyfrifwyd at brawf"
    revision: str | None = "11111111-1111-4111-8111-111111111111"
    index: int = 1
    publish_at: str = "2026-01-05T09:30:00.000Z"
    archived_at: str | None = None
    replaced_by: dict[str, Any] | None = None
    listed: bool = True
    dims: list[Dim] = field(default_factory=dims)
    cells: list[Cell] = field(default_factory=cells)
    total: int | None = None
    """What ``totalLines`` says; the number of rows by default."""
    header_en: dict[str, str] = field(default_factory=dict)
    """Column names of the English CSV that are to be other than the dimensions' names."""

    def revise(self, index: int, publish_at: str) -> None:
        self.index, self.publish_at = index, publish_at
        self.revision = (
            f"{index}{index}{index}{index}1111-1111-4111-8111-111111111111"[:8] + "-1111-4111-8111-111111111111"
        )

    def metadata(self) -> dict[str, Any]:
        document: dict[str, Any] = {"id": self.uuid, "first_published_at": "2026-01-01T09:30:00.000Z"}
        if self.archived_at:
            document["archived_at"] = self.archived_at
        if self.replaced_by:
            document["replaced_by"] = self.replaced_by
        if self.revision:
            texts = [{"language": "cy-GB", "title": self.title_cy}] if self.title_cy else []
            texts.append({"language": "en-GB", "title": self.title_en})
            document["published_revision"] = {
                "id": self.revision,
                "revision_index": self.index,
                "previous_revision_id": None,
                "publish_at": self.publish_at,
                "metadata": texts,
                "designation": "official",
                "update_frequency": {"update_type": "update", "date": {"year": "2027", "month": "1"}},
                "providers": [
                    {"language": "cy-gb", "provider_name": "Llywodraeth y Prawf"},
                    {"language": "en-gb", "provider_name": "Government of the Test"},
                ],
            }
        return document

    def item(self) -> dict[str, Any]:
        return {
            "id": self.uuid,
            "title": self.title_en,
            "first_published_at": "2026-01-01T09:30:00.000Z",
            "last_updated_at": self.publish_at,
            "archived_at": self.archived_at,
        }

    def mapping(self) -> list[dict[str, str]]:
        both = (("en-gb", "en"), ("cy-gb", "cy"))
        return [
            {"language": lang, "dimension_name": getattr(d, at), "fact_table_column": d.fact}
            for d in self.dims
            for lang, at in both
        ]

    def filters(self, lang: str) -> list[dict[str, Any]]:
        at = 0 if lang.lower().startswith("en") else 1

        def branch(d: Dim, parent: str) -> list[dict[str, Any]]:
            found = []
            for code, member in d.members.items():
                if member[3] == parent:
                    value: dict[str, Any] = {"reference": code, "description": member[at], "count": "1"}
                    if children := branch(d, code):
                        value["children"] = children
                    found.append(value)
            return found

        return [{"factTableColumn": d.fact, "columnName": (d.en, d.cy)[at], "values": branch(d, "")} for d in self.dims]

    def csv(self, view: str, lang: str) -> bytes:
        if not self.cells:
            return b"\n"
        at = 0 if lang.lower().startswith("en") else 1
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n").writerow
        names = [self.header_en.get(d.en, d.en) if at == 0 else d.cy for d in self.dims]
        if view == "with_note_codes":
            write([("Data values", "Gwerthoedd data")[at], *map(guard, names)])
        else:
            parts = ("", "_reference", "_sort", "_hierarchy")
            write(["Data values", "Data values_sort", *(guard(n + part) for n in names for part in parts), "Notes"])
        for cell in self.cells:
            members = [d.members[ref] for d, ref in zip(self.dims, cell.refs, strict=True)]
            labels = [guard(m[at]) for m in members]
            if view == "with_note_codes":
                shown = f"{cell.value:>12}" if cell.value else ""
                codes = "".join(f" [{c.lower()}]" for c in cell.codes.split(",") if c)
                write([shown + codes, *labels])
            else:
                row = [guard(cell.value), guard(cell.value)]
                for label, ref, m in zip(labels, cell.refs, members, strict=True):
                    row += [label, guard(ref), m[2], m[3]]
                write([*row, ", ".join(NOTE_WORDS[c] for c in cell.codes.split(",") if c in NOTE_WORDS)])
        return out.getvalue().rstrip("\n").encode()


@dataclass
class Answer:
    """A normal answer, which a scripted one may bend."""

    status: int
    body: bytes
    headers: dict[str, str]


Script = Callable[["Handler", Answer], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: without it each answer waits for an acknowledgement
    api: Api

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client gave up, as it should
            super().handle()

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_POST(self) -> None:
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _serve(self, method: str, body: bytes) -> None:
        split = urlsplit(self.path)
        with self.api.lock:
            self.api.log.append((method, self.path, dict(self.headers)))
            stage, answer = self.api.answer(method, split.path, parse_qs(split.query), body, self.headers)
            queue = self.api.scripts[stage]
            script = queue.popleft() if queue else None
        try:
            (script or Handler.reply)(self, answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def start(self, answer: Answer, **headers: str) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}.items():
            self.send_header(name, value)
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def reply(self, answer: Answer) -> None:
        if answer.headers.get("Content-Type") == "text/csv":  # streamed, as the service does
            self.start(answer, Transfer_Encoding="chunked")
            if answer.body:
                self.chunk(answer.body)
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.start(answer, Content_Length=str(len(answer.body)))
            self.wfile.write(answer.body)


class Api:
    """The server: what it publishes, what it was asked, and how it is to misbehave."""

    def __init__(self) -> None:
        self.datasets: dict[str, Published] = {}
        self.queries: dict[str, tuple[Published, str | None, str, bytes, bytes, int]] = {}
        self.log: list[tuple[str, str, dict[str, str]]] = []
        self.scripts: dict[str, deque[Script]] = defaultdict(deque)
        self.lock = threading.RLock()
        self.etag = 'W/"1"'
        handler = type("Bound", (Handler,), {"api": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v2"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def on(self, stage: str, *scripts: Script) -> None:
        """Script the next answers of a stage: list, metadata, create_query, query, data, filters."""
        self.scripts[stage].extend(scripts)

    def paths(self, part: str = "") -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.log if part in path]

    def answer(
        self, method: str, path: str, params: dict[str, list[str]], body: bytes, headers: Any
    ) -> tuple[str, Answer]:
        lang = params.get("lang", ["en"])[0]
        parts = [p for p in path.removeprefix("/v2").split("/") if p]
        if not parts:
            items = [d.item() for d in self.datasets.values() if d.listed and d.revision]
            if headers.get("If-None-Match") == self.etag:
                return "list", Answer(304, b"", {"ETag": self.etag})
            return "list", self.json({"data": items, "count": len(items)}, ETag=self.etag)
        dataset = self.datasets.get(parts[0])
        if dataset is None:
            return "metadata", self.json({"error": "Dataset could not be found"}, 404)
        if len(parts) == 1:
            return "metadata", self.json(dataset.metadata())
        if parts[1] == "filters":
            return "filters", self.json(dataset.filters(lang))
        if parts[1] == "data" and method == "POST":
            view = json.loads(body)["options"]["data_value_type"]
            filter_id = uuid.uuid4().hex[:12]
            total = len(dataset.cells) if dataset.total is None else dataset.total
            self.queries[filter_id] = (
                dataset, dataset.revision, view, dataset.csv(view, "en-GB"), dataset.csv(view, "cy-GB"), total
            )  # fmt: skip
            if dataset.revision is None:
                return "create_query", self.json({"error": "An unknown error occurred"}, 404)
            return "create_query", self.json({"filterId": filter_id})
        pinned, revision, view, english, welsh, total = self.queries[parts[2]]
        if parts[1] == "query":
            return "query", self.json(
                {
                    "id": parts[2],
                    "datasetId": pinned.uuid,
                    "revisionId": revision,
                    "totalLines": total,
                    "columnMapping": pinned.mapping(),
                }
            )
        stage = "data" if view == "raw_extended" else "note_codes"
        return stage, Answer(200, welsh if lang == "cy-GB" else english, {"Content-Type": "text/csv"})

    @staticmethod
    def json(document: Any, status: int = 200, **headers: str) -> Answer:
        body = json.dumps(document, ensure_ascii=False).encode()
        return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **headers})


# -- ways to misbehave -----------------------------------------------------------------------------------------


def status(code: int, **headers: str) -> Script:
    def script(handler: Handler, answer: Answer) -> None:
        handler.reply(Answer(code, b'{"error":"An unknown error occurred"}', {"Content-Type": "application/json", **{
            k.replace("_", "-"): v for k, v in headers.items()}}))  # fmt: skip

    return script


def body(content: bytes, content_type: str = "text/csv") -> Script:
    def script(handler: Handler, answer: Answer) -> None:
        handler.reply(Answer(200, content, {**answer.headers, "Content-Type": content_type}))

    return script


def hang(after: int = 40, seconds: float = 5.0) -> Script:
    """Send the first bytes and then nothing more."""

    def script(handler: Handler, answer: Answer) -> None:
        handler.start(answer, Transfer_Encoding="chunked")
        handler.chunk(answer.body[:after])
        handler.close_connection = True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.05)
            handler.connection.setblocking(False)
            try:
                if handler.connection.recv(1) == b"":
                    return
            except BlockingIOError:
                continue
            finally:
                handler.connection.setblocking(True)

    return script


def cut(after: int = 40) -> Script:
    """Send a part of a chunked body and close the connection."""

    def script(handler: Handler, answer: Answer) -> None:
        handler.start(answer, Transfer_Encoding="chunked", Connection="close")
        handler.chunk(answer.body[:after])
        handler.close_connection = True

    return script


def short(missing: int = 10) -> Script:
    """Promise more bytes than are sent."""

    def script(handler: Handler, answer: Answer) -> None:
        handler.start(answer, Content_Length=str(len(answer.body)), Connection="close")
        handler.wfile.write(answer.body[:-missing])
        handler.close_connection = True

    return script


def drop(handler: Handler, answer: Answer) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def in_seconds(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


def make_dataset(key: str = "test_children", uuid: str = UUID) -> Dataset:
    return Dataset.model_validate(
        {
            "key": key,
            "uuid": uuid,
            "title_en": "Children counted for a test",
            "title_cy": "Plant a gyfrifwyd at brawf",
            "columns": {
                "measure": {
                    "kind": "measure", "names": ["Data description"], "name_cy": "Disgrifiad o’r data",
                    "fact_column": "Measure",
                },
                "period": {
                    "kind": "period", "period": "financial_year_end", "names": ["Year"], "name_cy": "Blwyddyn",
                    "fact_column": "YearCode",
                },
                "area": {
                    "kind": "area", "names": ["Area Code", "Local Authority", "AreaCode"],
                    "name_cy": "Awdurdod lleol", "fact_column": "AreaCode",
                },
                "age_group": {
                    "kind": "breakdown", "names": ["Age group"], "name_cy": "Grŵp oedran", "fact_column": "AgeCode",
                },
            },
        }
    )  # fmt: skip


def accept(lake: Lake, record: LoadRecord) -> LoadRecord:
    """What the check stage does with a sound batch."""
    record.outcome = Outcome.ACCEPTED
    return lake.accept(record)


def rows(lake: Lake, relative: str | None) -> list[dict[str, Any]]:
    """Read a Parquet file of the lake; a batch comes in the order of its source."""
    import duckdb

    assert relative is not None
    with duckdb.connect() as database:
        found = database.execute(f"SELECT * FROM read_parquet('{lake.path(relative)}')")
        names = [column[0] for column in found.description]
        read = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return sorted(read, key=lambda row: row.get("_source_row", 0))


def codes(record: LoadRecord) -> list[str]:
    return [message.code for message in record.messages]
