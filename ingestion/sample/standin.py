"""A stand-in for the StatsWales API, with the real one's behaviour, traps included.

It answers what a consumer of v2 asks (list, search, topics, metadata, filters, POST data, query, data) and, of v1, the
list, a revision history and the plain download. Paths are those of the real service, under ``/v2`` and ``/v1``. Pivots
and workbooks are not imitated: they answer 501 and say so.

    with StandIn() as standin:
        standin.publish("population_by_age", cube, details)
        requests.get(standin.url + "/?lang=en-GB")

`misbehave` makes it fail in the ways that servers fail; `log` says what was asked of it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import json
import logging
import math
import operator
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ingestion.sample.cube import LANGS, MEASURE, VIEWS, WORDS, Cube, CubeMaker, Details, Dimension, Filters, Lang, View
from ingestion.statswales.registry import UUID4

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send

CHUNK = 1 << 18
UNKNOWN = "An unknown error occurred"
TOO_MANY = {"message": "Too many requests, please try again later."}

TOPICS: dict[int, tuple[str, str, str]] = {
    32: ("32", "Finance and tax", "Cyllid a threth"),
    38: ("32.38", "Revenue", "Refeniw"),
    40: ("40", "Health and social care", "Iechyd a gofal cymdeithasol"),
    43: ("40.43", "Children", "Plant"),
    53: ("40.53", "Social care and day care", "Gofal cymdeithasol a gofal dydd"),
    54: ("40.54", "Social services", "Gwasanaethau cymdeithasol"),
    71: ("71", "People, identity and equality", "Pobl, hunaniaeth a chydraddoldeb"),
    80: ("71.80", "Population", "Poblogaeth"),
}
"""Topics by id: path, English name, Welsh name."""

FaultKind = Literal[
    "hang", "slow", "hang_after", "truncate", "short", "drop", "error", "rate_limit", "wrong_total", "then"
]


def uuid4_of(*parts: object) -> str:
    """A version 4 UUID that depends on nothing but these parts, so that a restarted server keeps its ids."""
    digest = bytearray(hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def iso(moment: datetime) -> str:
    """A moment as the API writes it: UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Revision:
    """One published or scheduled version of a dataset."""

    id: str
    index: int
    previous_id: str | None
    details: Details
    publish_at: datetime
    reason_en: str | None = None
    reason_cy: str | None = None
    unpublished: bool = False
    _cube: Cube | CubeMaker | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def cube(self) -> Cube:
        """Its figures, made at the first use."""
        with self._lock:
            if not isinstance(self._cube, Cube):
                if self._cube is None:
                    raise LookupError(f"revision {self.id} has no cube")
                self._cube = self._cube()
            return self._cube

    def rebuild(self, cube: Cube | CubeMaker) -> None:
        """Put other figures under the same revision id."""
        with self._lock:
            self._cube = cube


@dataclass
class Entry:
    """One dataset of the catalogue."""

    id: str
    key: str
    revisions: list[Revision] = field(default_factory=list)
    archived_at: datetime | None = None
    replaced_by: str | None = None
    auto_redirect: bool = False

    @property
    def first_published_at(self) -> datetime:
        """When its first revision is, or was, published."""
        return min(revision.publish_at for revision in self.revisions)

    def current(self, now: datetime) -> Revision | None:
        """The newest revision that is out and has not been withdrawn."""
        out = [r for r in self.revisions if r.publish_at <= now and not r.unpublished]
        return max(out, key=lambda r: (r.publish_at, r.index), default=None)


@dataclass
class StoredQuery:
    """What a filter id stands for. It keeps to the revision that was current when it was made."""

    id: str
    hash: str
    entry: Entry
    revision: Revision
    body: dict[str, Any]
    view: View
    filters: Filters
    created_at: datetime


@dataclass
class Fault:
    """A way to fail, and when."""

    kind: FaultKind
    match: re.Pattern[str]
    method: str | None = None
    times: int | None = None
    after_bytes: int = 0
    status: int = 500
    seconds: float | None = None
    by: int = 1
    call: Callable[[], object] | None = None
    until: float | None = None
    hits: int = 0


@dataclass(frozen=True)
class Logged:
    """One request that was answered, or was not."""

    method: str
    path: str
    query: str
    status: int | None
    at: datetime


class ApiError(Exception):
    """An answer in the API's way of saying no."""

    def __init__(self, status: int, text: str = UNKNOWN, **more: Any) -> None:
        super().__init__(text)
        self.status = status
        self.body = {"error": text, **more}


class StandIn:
    """The server: what it holds, how it behaves, and its thread.

    Args:
        rate_limit: Requests a window for each client; None for no limit.
        rate_window: Seconds of that window.
        clock: Tells the time, for tests of scheduled revisions.
        metadata_order: ``by_revision`` swaps the languages from one revision to the next, as the real server's order
            has no meaning; ``alternate`` swaps them at every request.
        control: Whether ``POST /__standin__/…`` lets another process publish the next pending revision and misbehave.
    """

    def __init__(
        self,
        *,
        rate_limit: int | None = 100,
        rate_window: float = 60.0,
        clock: Callable[[], datetime] | None = None,
        metadata_order: Literal["by_revision", "alternate"] = "by_revision",
        control: bool = False,
    ) -> None:
        self.rate_limit = rate_limit
        self.rate_window = rate_window
        self.now = clock or (lambda: datetime.now(UTC))
        self.metadata_order = metadata_order
        self.control = control
        self.entries: dict[str, Entry] = {}
        self.pending: list[Callable[[], Revision]] = []
        """Revisions that wait for `publish_next`."""
        self.log: list[Logged] = []
        self.url = ""
        self._queries: dict[str, StoredQuery] = {}
        self._faults: list[Fault] = []
        self._windows: dict[str, tuple[float, int]] = {}
        self._served = 0
        self._lock = threading.RLock()
        self.stopped = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self._app: Starlette | None = None

    # -- what it holds -----------------------------------------------------------------------------------------

    def entry(self, dataset: str) -> Entry:
        """A dataset by UUID or by key.

        Raises:
            KeyError: It is not served.
        """
        for entry in self.entries.values():
            if dataset.lower() == entry.id or dataset == entry.key:
                return entry
        raise KeyError(f"the stand-in server has no dataset {dataset!r}; it has {', '.join(self.keys)}")

    @property
    def keys(self) -> list[str]:
        """The keys of the datasets that it serves."""
        return [entry.key for entry in self.entries.values()]

    def publish(
        self,
        dataset: str,
        cube: Cube | CubeMaker,
        details: Details,
        *,
        uuid: str | None = None,
        publish_at: datetime | None = None,
        revision_id: str | None = None,
        reason_en: str | None = None,
        reason_cy: str | None = None,
    ) -> Revision:
        """Publish a revision; the first one makes the dataset.

        Args:
            dataset: Key or UUID.
            cube: The figures, or a function that makes them when they are first asked for.
            details: What the dataset says about itself from this revision on.
            uuid: The dataset's id, for its first revision. Derived from the key where absent.
            publish_at: When it is out; in the future for a scheduled one. Default: now.
            revision_id: Its id. Derived from dataset, place and time where absent.
            reason_en: Why it was updated.
            reason_cy: The same in Welsh.

        Returns:
            The revision.
        """
        with self._lock:
            try:
                entry = self.entry(dataset)
            except KeyError:
                ident = (uuid or (dataset if UUID4.match(dataset) else uuid4_of("dataset", dataset))).lower()
                entry = Entry(ident, dataset)
            index = len(entry.revisions) + 1
            when = publish_at or self.now()
            revision = Revision(
                revision_id or uuid4_of("revision", entry.id, index, iso(when)),
                index,
                entry.revisions[-1].id if entry.revisions else None,
                details,
                when,
                reason_en,
                reason_cy,
                _cube=cube,
            )
            entry.revisions.append(revision)
            self.entries[entry.id] = entry
            return revision

    def publish_next(self) -> Revision | None:
        """Publish the next of the pending revisions (see ``serve.py``); None when there are none left."""
        with self._lock:
            return self.pending.pop(0)() if self.pending else None

    def current(self, dataset: str) -> Revision:
        """The current revision.

        Raises:
            KeyError: No such dataset, or it has no current revision.
        """
        revision = self.entry(dataset).current(self.now())
        if revision is None:
            raise KeyError(f"{dataset} has no current revision")
        return revision

    def rename(self, dataset: str, title_en: str, title_cy: str, *, publish_at: datetime | None = None) -> Revision:
        """Change the title: a further revision with the same figures."""
        last = self.current(dataset)
        details = replace(last.details, title_en=title_en, title_cy=title_cy)
        return self.publish(dataset, last.cube, details, publish_at=publish_at)

    def rebuild(self, dataset: str, cube: Cube | CubeMaker) -> Revision:
        """Put other figures under the current revision's id, without a word."""
        revision = self.current(dataset)
        revision.rebuild(cube)
        return revision

    def archive(
        self, dataset: str, *, at: datetime | None = None, replaced_by: str | None = None, auto_redirect: bool = False
    ) -> None:
        """Archive: still listed and served, unless a replacement redirects; then it is hidden from the list."""
        entry = self.entry(dataset)
        entry.archived_at = at or self.now()
        entry.replaced_by = self.entry(replaced_by).id if replaced_by else None
        entry.auto_redirect = auto_redirect

    def unpublish(self, dataset: str) -> None:
        """Withdraw the dataset: gone from the list, metadata without a revision, no data."""
        for revision in self.entry(dataset).revisions:
            revision.unpublished = True

    def unpublish_revision(self, dataset: str) -> None:
        """Withdraw the current revision: the one before becomes current again."""
        self.current(dataset).unpublished = True

    def reinstate(self, dataset: str) -> None:
        """Undo `unpublish`, `unpublish_revision` and `archive`."""
        entry = self.entry(dataset)
        entry.archived_at, entry.replaced_by, entry.auto_redirect = None, None, False
        for revision in entry.revisions:
            revision.unpublished = False

    # -- how it behaves ----------------------------------------------------------------------------------------

    def misbehave(
        self,
        kind: FaultKind,
        *,
        match: str = r"/data/",
        method: str | None = None,
        times: int | None = None,
        after_bytes: int = 0,
        status: int = 500,
        seconds: float | None = None,
        by: int = 1,
        call: Callable[[], object] | None = None,
    ) -> Fault:
        """Fail from now on, until `behave`, `times` or `seconds` are used up.

        Args:
            kind: ``hang`` before answering (for ``seconds``, then answer; else for ever); ``slow``: ``seconds`` between
                chunks; ``hang_after``, ``truncate`` (cut the connection) and ``short`` (end in good order, too early)
                after ``after_bytes`` of the body; ``drop`` the connection unanswered; ``error`` with ``status``;
                ``rate_limit``: 429, for ``seconds`` from now if given; ``wrong_total``: ``totalLines`` off by ``by``;
                ``then``: answer well, and then ``call``, e.g. to publish a revision between two requests.
            match: A regular expression that the path with its query must contain.
            method: Only this method.
            times: Only so many requests.
            after_bytes: See ``kind``.
            status: See ``kind``.
            seconds: See ``kind``.
            by: See ``kind``.
            call: See ``kind``.

        Returns:
            The fault; ``hits`` counts the requests that it met.
        """
        until = time.monotonic() + seconds if kind == "rate_limit" and seconds is not None else None
        fault = Fault(kind, re.compile(match), method, times, after_bytes, status, seconds, by, call, until)
        with self._lock:
            self._faults.append(fault)
        return fault

    def behave(self) -> None:
        """Stop failing."""
        with self._lock:
            self._faults.clear()

    def requests(self, match: str = "", *, method: str | None = None) -> list[Logged]:
        """The logged requests whose path and query contain this regular expression."""
        return [
            seen
            for seen in list(self.log)
            if re.search(match, f"{seen.path}?{seen.query}") and method in (None, seen.method)
        ]

    def _fault(self, scope: Scope) -> Fault | None:
        """The fault that this request meets, used up by one."""
        path = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        if path.startswith("/__standin__"):
            return None
        with self._lock:
            for fault in self._faults:
                spent = fault.times is not None and fault.hits >= fault.times
                late = fault.until is not None and time.monotonic() >= fault.until
                if not spent and not late and fault.method in (None, scope["method"]) and fault.match.search(path):
                    fault.hits += 1
                    return fault
        return None

    # -- its thread --------------------------------------------------------------------------------------------

    def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Serve in a thread.

        Args:
            port: 0 for any free one.
            host: Loopback unless told otherwise.

        Returns:
            The address of v2, without a slash at the end.

        Raises:
            OSError: The port is taken.
        """
        import uvicorn

        if self._thread:
            return self.url
        self.stopped.clear()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            self._socket = None
            raise
        config = uvicorn.Config(
            self,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        # Cut connections are what it is for; uvicorn would write a traceback for each.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="standin", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise OSError("the stand-in server did not start")
            time.sleep(0.01)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}/v2"
        return self.url

    def stop(self) -> None:
        """Stop serving. What it holds stays, and it can start again."""
        self.stopped.set()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(10)
        if self._socket:
            self._socket.close()
        self._server = self._thread = self._socket = None

    def close(self) -> None:
        """Stop, and remove the files of every cube."""
        self.stop()
        for entry in self.entries.values():
            for revision in entry.revisions:
                if isinstance(revision._cube, Cube):
                    revision._cube.close()

    def __enter__(self) -> StandIn:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- each request ------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: count it, fail if told to, else pass it on to the routes."""
        if scope["type"] != "http":
            return
        call = _Call(self, scope, send)
        try:
            await self._answer(call, receive)
        finally:
            query = scope["query_string"].decode("latin-1")
            self.log.append(Logged(scope["method"], scope["path"], query, call.status, datetime.now(UTC)))

    async def _answer(self, call: _Call, receive: Receive) -> None:
        from starlette.responses import Response

        fault = self._fault(call.scope)
        limited = self._limit(call)
        if fault and fault.kind == "rate_limit":
            limited = True
            wait = math.ceil(fault.until - time.monotonic()) if fault.until else math.ceil(self.rate_window)
            call.headers["Retry-After"] = str(max(wait, 1))
        if limited:
            call.headers.setdefault("Retry-After", call.headers.get("RateLimit-Reset", "60"))
            body = _dumps(TOO_MANY)
            headers = {"ETag": _etag(body), "Content-Type": "application/json; charset=utf-8"}
            await Response(body, 429, headers)(call.scope, receive, call.send)
            return
        if fault:
            if fault.kind == "hang":
                await call.wait(fault.seconds)
                if fault.seconds is None:
                    return
            elif fault.kind == "drop":
                call.abort()
                return
            elif fault.kind == "error":
                body = _dumps({"error": UNKNOWN})
                headers = {"Content-Type": "application/json; charset=utf-8"}
                await Response(body, fault.status, headers)(call.scope, receive, call.send)
                return
            elif fault.kind in ("hang_after", "truncate", "short", "slow", "wrong_total"):
                call.fault = fault
        if call.scope["method"] == "OPTIONS":
            headers = {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
                "Access-Control-Allow-Headers": "Content-Type, If-None-Match",
            }
            await Response(status_code=204, headers=headers)(call.scope, receive, call.send)
            return
        if self._app is None:
            self._app = self._routes()
        call.scope["standin.fault"] = call.fault
        await self._app(call.scope, receive, call.send)
        if fault and fault.kind == "then" and fault.call:
            await asyncio.get_running_loop().run_in_executor(None, fault.call)

    def _limit(self, call: _Call) -> bool:
        """Count against the fixed window, and set the headers that every reply has."""
        if self.rate_limit is None or call.scope["path"].startswith("/__standin__"):
            return False
        client = (call.scope.get("client") or ("", 0))[0]
        now = time.monotonic()
        with self._lock:
            began, used = self._windows.get(client, (now, 0))
            if now - began >= self.rate_window:
                began, used = now, 0
            used += 1
            self._windows[client] = (began, used)
        left = math.ceil(began + self.rate_window - now)
        call.headers |= {
            "RateLimit-Policy": f"{self.rate_limit};w={math.ceil(self.rate_window)}",
            "RateLimit-Limit": str(self.rate_limit),
            "RateLimit-Remaining": str(max(self.rate_limit - used, 0)),
            "RateLimit-Reset": str(left),
        }
        return used > self.rate_limit

    # -- routes ------------------------------------------------------------------------------------------------

    def _routes(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.responses import Response
        from starlette.routing import Route

        def both(path: str, handler: Callable[[Request], Any], methods: Sequence[str] = ("GET",)) -> list[Route]:
            def wrapped(request: Request) -> Response:
                try:
                    answer: Response = handler(request)
                except ApiError as error:
                    answer = _json(request, error.body, error.status)
                return answer

            return [Route(path, wrapped, methods=list(methods)), Route(path + "/", wrapped, methods=list(methods))]

        async def post(request: Request) -> Response:
            from starlette.concurrency import run_in_threadpool

            body = await request.body()
            try:
                return await run_in_threadpool(self._post, request, body)
            except ApiError as error:
                return _json(request, error.body, error.status)

        async def control(request: Request) -> Response:
            return await self._control(request)

        routes = [
            Route("/", lambda request: _json(request, {"message": "success"})),
            *both("/healthcheck", lambda request: _json(request, {"status": "ok"})),
            *both("/healthcheck/ready", lambda request: _json(request, {"status": "ok"})),
            *(route for version in ("/v1", "/v2") for route in both(version, self._list)),
            *both("/v2/search", self._search),
            *(route for v in ("/v1", "/v2") for route in both(f"{v}/topic", self._topics)),
            *(route for v in ("/v1", "/v2") for route in both(f"{v}/topic/{{topic}}", self._topics)),
            *both("/v1/{dataset}/history", self._history),
            *both("/v1/{dataset}/download/{format}", self._download),
            *both("/v2/{dataset}", self._metadata),
            *both("/v2/{dataset}/filters", self._filters),
            *both("/v2/{dataset}/query", self._query),
            *both("/v2/{dataset}/query/{filter_id}", self._query),
            Route("/v2/{dataset}/data", post, methods=["POST"]),
            Route("/v2/{dataset}/data/", post, methods=["POST"]),
            *both("/v2/{dataset}/data", self._data),
            *both("/v2/{dataset}/data/{filter_id}", self._data),
            *both("/v2/{dataset}/pivot", _not_imitated, ("GET", "POST")),
            *both("/v2/{dataset}/pivot/{filter_id}", _not_imitated),
        ]
        if self.control:
            routes += [Route("/__standin__/{action}", control, methods=["GET", "POST"])]

        async def unmatched(request: Request, error: Exception) -> Response:
            status = error.status_code if isinstance(error, HTTPException) else 500
            if status in (404, 405):
                if request.url.path.startswith("/v1/") and request.method not in ("GET", "HEAD", "OPTIONS"):
                    return _json(request, {"error": UNKNOWN}, 405)
                what = html.escape(f"Cannot {request.method} {request.url.path}")
                page = (
                    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
                    f"<body>\n<pre>{what}</pre>\n</body>\n</html>\n"
                )
                return Response(page, 404, media_type="text/html")
            return _json(request, {"error": UNKNOWN}, status)

        app = Starlette(routes=routes, exception_handlers={404: unmatched, 405: unmatched, Exception: unmatched})
        app.router.redirect_slashes = False
        return app

    # -- finding -----------------------------------------------------------------------------------------------

    def _visible(self, request: Request) -> Entry:
        """The dataset that a path names."""
        ident = request.path_params["dataset"]
        if not UUID4.match(ident):
            raise ApiError(404, "Dataset id is invalid or missing")
        entry = self.entries.get(ident.lower())
        if entry is None or not entry.revisions or entry.first_published_at > self.now():
            raise ApiError(404, "Dataset could not be found")
        return entry

    def _published(self, request: Request) -> tuple[Entry, Revision]:
        entry = self._visible(request)
        revision = entry.current(self.now())
        if revision is None:
            raise ApiError(404)
        return entry, revision

    def _listed(self) -> list[tuple[Entry, Revision]]:
        """What list, search and topics show, newest first publication first."""
        now = self.now()
        found = [
            (entry, revision)
            for entry in list(self.entries.values())
            if (revision := entry.current(now)) and not (entry.archived_at and entry.auto_redirect)
        ]
        return sorted(found, key=lambda pair: pair[0].first_published_at, reverse=True)

    # -- catalogue ---------------------------------------------------------------------------------------------

    def _list(self, request: Request) -> Response:
        lang = _exact_lang(request)
        items = [_item(entry, revision, lang) for entry, revision in self._listed()] if lang else []
        size = _lenient(request.query_params.get("page_size"), 100)
        number = _lenient(request.query_params.get("page_number"), 1)
        start = (max(number, 1) - 1) * size
        return _json(request, {"data": items[start : start + size], "count": len(items)})

    def _search(self, request: Request) -> Response:
        words = request.query_params.get("keywords", "").strip()
        mode = request.query_params.get("mode", "basic")
        if not words or mode not in ("basic", "basic_split", "fts", "fts_simple", "fuzzy"):
            raise ApiError(400)
        size = _strict(request.query_params.get("page_size"), 100, 10_000)
        number = _strict(request.query_params.get("page_number"), 1, None)
        lang = _exact_lang(request)
        wanted = [words] if mode == "basic" else words.split()
        found = []
        for entry, revision in self._listed() if lang else []:
            item = _item(entry, revision, lang)
            summary = revision.details.summary_en if lang == "en" else revision.details.summary_cy
            more = _found(mode, wanted, item["title"], summary)
            if more is not None:
                found.append({"id": item["id"], "title": item["title"], "summary": summary, **item, **more})
        found.sort(key=lambda item: -item.get("rank", 0))
        start = (number - 1) * size
        return _json(request, {"data": found[start : start + size], "count": len(found)})

    def _topics(self, request: Request) -> Response:
        lang = _lang(request)
        listed = self._listed()
        used = {topic for _, revision in listed for topic in revision.details.topics if topic in TOPICS}
        shown = used | {int(part) for topic in used for part in TOPICS[topic][0].split(".")}
        ident = request.path_params.get("topic")
        if ident is None:
            roots = [_topic(topic, lang) for topic in sorted(shown) if "." not in TOPICS[topic][0]]
            return _json(request, {"children": roots})
        if not ident.isdigit() or int(ident) not in TOPICS:
            raise ApiError(404)
        topic = int(ident)
        path = TOPICS[topic][0]
        children = [_topic(t, lang) for t in sorted(shown) if TOPICS[t][0].startswith(path + ".")]
        parents = [_topic(int(part), lang) for part in path.split(".")[:-1]]
        body = {"selectedTopic": _topic(topic, lang), "children": children, "parents": parents}
        if not any(TOPICS[t][0].startswith(path + ".") for t in TOPICS):
            found = [(e, r) for e, r in listed if topic in r.details.topics]
            items = [_item(entry, revision, lang) for entry, revision in found]
            for name, way in reversed(_pairs(request.query_params.get("sort_by", ""))):
                if name not in ("first_published_at", "last_updated_at", "title") or way not in ("asc", "desc"):
                    raise ApiError(400)
                items.sort(key=operator.itemgetter(name), reverse=way == "desc")
            size = _lenient(request.query_params.get("page_size"), 1000)
            start = (max(_lenient(request.query_params.get("page_number"), 1), 1) - 1) * size
            body["datasets"] = {"data": items[start : start + size], "count": len(items)}
        return _json(request, body)

    def _metadata(self, request: Request) -> Response:
        entry = self._visible(request)
        revision = entry.current(self.now())
        english = not _raw_lang(request).lower().startswith("cy")
        body: dict[str, Any] = {"id": entry.id, "first_published_at": iso(entry.first_published_at)}
        if entry.archived_at:
            body["archived_at"] = iso(entry.archived_at)
        if entry.replaced_by:
            other = self.entries[entry.replaced_by].revisions[-1].details
            body["replaced_by"] = {
                "dataset_id": entry.replaced_by,
                "dataset_title": other.title_en if english else other.title_cy,
                "auto_redirect": entry.auto_redirect,
            }
        details = (revision or entry.revisions[-1]).details
        if revision:
            body["published_revision"] = self._describe(entry, revision) | {
                "providers": [
                    {
                        "id": uuid4_of("provider", revision.id, lang),
                        "group_id": uuid4_of("group", entry.id),
                        "revision_id": revision.id,
                        "language": f"{lang}-gb",
                        "provider_id": uuid4_of("organisation", details.organisation_en),
                        "provider_name": details.organisation_en if lang == "en" else details.organisation_cy,
                        "source_id": uuid4_of("source", details.source_en),
                        "source_name": details.source_en if lang == "en" else details.source_cy,
                        "created_at": iso(revision.publish_at - timedelta(seconds=5)),
                    }
                    for lang in ("cy", "en")
                ],
                "topics": [
                    {"id": topic, "path": TOPICS[topic][0], "name_en": TOPICS[topic][1], "name_cy": TOPICS[topic][2]}
                    for topic in details.topics
                    if topic in TOPICS
                ],
            }
        body["publisher"] = {
            "group": {
                "id": uuid4_of("publisher", details.group_en),
                "name": details.group_en if english else details.group_cy,
                "email": details.email_en if english else details.email_cy,
            },
            "organisation": {
                "id": uuid4_of("publisher", details.organisation_en),
                "name": details.organisation_en if english else details.organisation_cy,
            },
        }
        return _json(request, body)

    def _describe(self, entry: Entry, revision: Revision) -> dict[str, Any]:
        """A revision as metadata and history have it."""
        details = revision.details
        texts = []
        for lang in LANGS:
            en = lang == "en"
            text = {
                "language": f"{lang}-GB",
                "title": details.title_en if en else details.title_cy,
                "summary": details.summary_en if en else details.summary_cy,
                "collection": details.collection_en if en else details.collection_cy,
                "quality": details.quality_en if en else details.quality_cy,
                "rounding_description": details.rounding_en if en else details.rounding_cy,
            }
            reason = revision.reason_en if en else revision.reason_cy
            if reason is not None:
                text["reason"] = reason
            texts.append(text)
        if self.metadata_order == "alternate":
            self._served += 1
            turn = self._served
        else:
            turn = list(self.entries).index(entry.id) + revision.index
        if turn % 2:
            texts.reverse()
        made = revision.publish_at - timedelta(seconds=10)
        body: dict[str, Any] = {
            "id": revision.id,
            "revision_index": revision.index,
            "previous_revision_id": revision.previous_id,
            "created_at": iso(made),
            "updated_at": iso(made),
            "approved_at": iso(made),
            "publish_at": iso(revision.publish_at),
            "metadata": texts,
            "rounding_applied": details.rounding_en is not None,
            "update_frequency": dict(details.update_frequency),
            "designation": details.designation,
        }
        if revision.cube.coverage:
            start, end = revision.cube.coverage
            body |= {"coverage_start_date": start.isoformat(), "coverage_end_date": end.isoformat()}
        return body | {"related_links": [dict(link) for link in details.related_links]}

    def _history(self, request: Request) -> Response:
        entry = self._visible(request)
        now = self.now()
        out = [r for r in entry.revisions if r.publish_at <= now and not r.unpublished]
        out.sort(key=lambda r: (r.publish_at, r.index), reverse=True)
        return _json(request, [self._describe(entry, revision) for revision in out])

    # -- data --------------------------------------------------------------------------------------------------

    def _filters(self, request: Request) -> Response:
        _, revision = self._published(request)
        lang = _lang_or_none(request)
        if lang is None:
            return _json(request, [])
        cube = revision.cube
        names = cube.names(lang)
        found = [
            {
                "factTableColumn": dimension.fact_column,
                "columnName": names[place],
                "values": _tree(dimension, lang),
            }
            for place, dimension in [*cube.columns()[1:], cube.columns()[0]]
        ]
        return _json(request, found)

    def _post(self, request: Request, raw: bytes) -> Response:
        entry, revision = self._published(request)
        if "json" not in request.headers.get("content-type", "") or not raw:
            raise ApiError(500)
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise ApiError(400) from error
        if not isinstance(body, dict):
            raise ApiError(400)
        return _json(request, {"filterId": self._store(entry, revision, body).id})

    def _store(self, entry: Entry, revision: Revision, body: dict[str, Any]) -> StoredQuery:
        """Keep a query under its id: the same body on the same revision has the same one."""
        options = body.get("options", {})
        view = _options(options, body)
        filters = _wanted(revision.cube, body.get("filters", []), options)
        digest = hashlib.sha256((_dumps(body).decode() + revision.id).encode()).hexdigest()
        ident = _base36(int(digest, 16))[:12]
        with self._lock:
            if ident not in self._queries:
                self._queries[ident] = StoredQuery(ident, digest, entry, revision, body, view, filters, self.now())
            return self._queries[ident]

    def _stored(self, request: Request, default_view: View = "raw") -> StoredQuery:
        """The query that a path means: by filter id, whatever dataset the path names, else the default one."""
        entry, revision = self._published(request)
        ident = request.path_params.get("filter_id")
        if ident is None:
            options = {"use_raw_column_names": True, "use_reference_values": True, "data_value_type": default_view}
            return self._store(entry, revision, {"filters": [], "options": options})
        found = self._queries.get(ident)
        if found is None:
            raise ApiError(404)
        return found

    def _query(self, request: Request) -> Response:
        query = self._stored(request)
        cube = query.revision.cube
        total = cube.count(query.filters)
        fault = request.scope.get("standin.fault")
        if fault and fault.kind == "wrong_total":
            total += fault.by
        shown = dict(query.body)
        if isinstance(shown.get("options"), dict):
            shown["options"] = dict(sorted(shown["options"].items()))
        mapping = [
            {"language": f"{lang}-gb", "dimension_name": name, "fact_table_column": dimension.fact_column}
            for place, dimension in [*cube.columns()[1:], cube.columns()[0]]
            for lang, name in ((lang, cube.names(lang)[place]) for lang in LANGS)
        ]
        body = {
            "id": query.id,
            "hash": query.hash,
            "datasetId": query.entry.id,
            "revisionId": query.revision.id,
            "requestObject": shown,
            "query": {f"{lang}-GB": _sql(query, lang) for lang in LANGS},
            "totalLines": total,
            "columnMapping": mapping,
            "createdAt": iso(query.created_at),
            "updatedAt": iso(query.created_at),
        }
        return _json(request, body)

    def _data(self, request: Request) -> Response:
        params = request.query_params
        wanted = params.get("format", "").lower()
        query = self._stored(request, "with_note_codes" if wanted == "frontend" else "raw")
        if not wanted:
            raise ApiError(400, "Output format is required")
        if wanted not in ("csv", "json", "xlsx", "frontend", "html"):
            raise ApiError(400)
        if wanted == "xlsx" or "cursor" in params:
            return _not_imitated(request)
        lang = _data_lang(request)
        cube = query.revision.cube
        paged = wanted != "csv" or "page_size" in params
        name = f"{query.entry.id}.{wanted}"
        if not paged:
            path = cube.csv(query.view, lang, filters=query.filters)
            return _stream(request, _file(path), "text/csv", name)
        size = _strict(params.get("page_size"), 100, None if wanted == "csv" else 10_000)
        number = params.get("page_number") or "1"
        if not re.fullmatch(r"-?\d+", number):
            raise ApiError(400)
        if int(number) < 1:
            if wanted == "csv":
                raise ApiError(400)
            return _stream(request, self._never(), "application/json", name)  # so the real one: a byte, then nothing
        total = cube.count(query.filters)
        pages = max(math.ceil(total / size), 1)
        if int(number) > pages:
            raise ApiError(400, "Page number must be less than or equal to {{page_number}}")
        order = _order(cube, params.get("sort_by"), lang)
        offset = (int(number) - 1) * size
        if wanted == "csv":
            path = cube.csv(query.view, lang, filters=query.filters, page=(size, offset), order=order)
            return _stream(request, _file(path, remove=True), "text/csv", name)
        names, rows = cube.page(
            query.view, lang, filters=query.filters, limit=size, offset=offset, order=order, sorts=wanted != "frontend"
        )
        if wanted == "json":
            return _stream(request, _json_rows(names, rows), "application/json", name)
        if wanted == "html":
            return _stream(request, _html_rows(query.entry.id, names, rows), "text/html", None)
        return _json(request, self._frontend(query, names, rows, (int(number), size, pages, total)))

    def _frontend(
        self,
        query: StoredQuery,
        names: list[str],
        rows: list[tuple[Any, ...]],
        page: tuple[int, int, int, int],
    ) -> dict[str, Any]:
        number, size, pages, total = page
        cube = query.revision.cube
        kinds = ["data_values", "measure"]
        kinds += ["time" if dimension.is_date else "dimension" for dimension in cube.dimensions]
        body: dict[str, Any] = {
            "dataset": {"id": query.entry.id, "first_published_at": iso(query.entry.first_published_at)},
            "filters": query.body.get("filters", []),
            "note_codes": sorted({code for cell in cube.note_codes for code in cell.split(",") if code}),
        }
        if rows:
            body["headers"] = [
                {"index": index - 1, "name": name, "source_type": kinds[index] if index < len(kinds) else "notes"}
                for index, name in enumerate(names)
            ]
        body["data"] = [[None if cell is None else str(cell) for cell in row] for row in rows]
        body["page_info"] = {
            "current_page": number,
            "page_size": size,
            "total_pages": pages,
            "total_records": total,
            "start_record": (number - 1) * size,
            "end_record": min(number * size, total),
            "next_cursor": None,
            "prev_cursor": None,
        }
        return body

    def _download(self, request: Request) -> Response:
        _, revision = self._published(request)
        wanted = request.path_params["format"]
        lang = _data_lang(request)
        view = request.query_params.get("view", "raw")
        view = {"default": "formatted", "frontend": "with_note_codes"}.get(view, view)
        chosen: View = next((known for known in VIEWS if known == view), "raw")
        if wanted == "csv":
            return _stream(request, _file(revision.cube.csv(chosen, lang)), "text/csv", None)
        if wanted == "json":
            names, rows = revision.cube.page(chosen, lang, limit=None, sorts=False)
            return _stream(request, _json_rows(names, rows), "application/json", None)
        return _not_imitated(request)

    async def _never(self) -> AsyncIterator[bytes]:
        yield b"["
        while not self.stopped.is_set():
            await asyncio.sleep(0.05)

    # -- control -----------------------------------------------------------------------------------------------

    async def _control(self, request: Request) -> Response:
        """``publish``: the next pending revision. ``misbehave``, ``behave``: faults. ``log``: what was asked."""
        action = request.path_params["action"]
        body = json.loads(await request.body() or b"{}")
        if action == "publish" and request.method == "POST":
            loop = asyncio.get_running_loop()
            revision = await loop.run_in_executor(None, self.publish_next)
            shown = None if revision is None else {"revision_id": revision.id, "publish_at": iso(revision.publish_at)}
            return _json(request, {"published": shown, "pending": len(self.pending)})
        if action == "misbehave" and request.method == "POST":
            self.misbehave(**body)
            return _json(request, {"faults": len(self._faults)})
        if action == "behave" and request.method == "POST":
            self.behave()
            return _json(request, {"faults": 0})
        if action == "log":
            rows = [[seen.method, seen.path, seen.query, seen.status] for seen in self.log]
            return _json(request, {"log": rows})
        raise ApiError(404)


class _Call:
    """One request on its way out: adds the rate limit's headers and does what a fault says to the body."""

    def __init__(self, standin: StandIn, scope: Scope, send: Send) -> None:
        self.standin = standin
        self.scope = scope
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.fault: Fault | None = None
        self._send = send
        self._sent = 0
        self._cut = False

    async def send(self, message: Message) -> None:
        """Pass a message on, or not."""
        if self._cut:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            added = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            message["headers"] = [*message["headers"], *added]
            await self._send(message)
            return
        fault = self.fault
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds or 0.0)
        body = message.get("body", b"")
        if fault and fault.kind in ("hang_after", "truncate", "short") and self._sent + len(body) > fault.after_bytes:
            self._cut = True
            kept = body[: max(fault.after_bytes - self._sent, 0)]
            await self._send({"type": "http.response.body", "body": kept, "more_body": fault.kind != "short"})
            if fault.kind == "hang_after":
                await self.wait(fault.seconds)
            # For ``truncate``: an answer left unfinished makes the server close the connection.
            return
        self._sent += len(body)
        await self._send(message)

    async def wait(self, seconds: float | None) -> None:
        """Do nothing for a while: until the client or the server gives up, where no time is given."""
        deadline = time.monotonic() + seconds if seconds is not None else math.inf
        cycle = getattr(self._send, "__self__", None)
        while time.monotonic() < deadline and not self.standin.stopped.is_set():
            if getattr(cycle, "disconnected", False):
                return
            await asyncio.sleep(0.02)

    def abort(self) -> None:
        """Drop the connection, through the transport: ASGI has no message for that."""
        cycle = getattr(self._send, "__self__", None)
        transport = getattr(cycle, "transport", None)
        if transport is not None:
            transport.abort()
            cycle.disconnected = True  # type: ignore[union-attr]


# -- requests --------------------------------------------------------------------------------------------------


def _raw_lang(request: Request) -> str:
    """The language as it was sent, which the real server does not check: query, then header, then ``en``."""
    sent = request.query_params.get("lang") or request.headers.get("accept-language", "").split(",")[0].split(";")[0]
    sent = sent.strip()
    return "en" if sent in ("", "*") else sent


def _exact_lang(request: Request) -> Lang | None:
    """For list and search: a language that the server has, or None; ``en-US`` is none."""
    sent = _raw_lang(request).lower()
    return "en" if sent in ("en", "en-gb") else "cy" if sent in ("cy", "cy-gb") else None


def _lang_or_none(request: Request) -> Lang | None:
    """For filters: by the first two letters."""
    sent = _raw_lang(request).lower()
    return "en" if sent.startswith("en") else "cy" if sent.startswith("cy") else None


def _data_lang(request: Request) -> Lang:
    """For data: Welsh for anything that is not English."""
    return "en" if _raw_lang(request).lower().startswith("en") else "cy"


_lang = _data_lang


def _lenient(text: str | None, default: int) -> int:
    """A number of the list: bad values fall back, good ones are clamped."""
    try:
        number = int(text or "")
    except ValueError:
        return default
    return default if number == 0 else min(max(number, 1), 10_000)


def _strict(text: str | None, default: int, most: int | None) -> int:
    """A page size of the data: bad values are an error."""
    if text is None:
        return default
    if not re.fullmatch(r"\d+", text) or int(text) < 1 or (most is not None and int(text) > most):
        raise ApiError(400)
    return int(text)


def _pairs(sort_by: str) -> list[tuple[str, str]]:
    return [(part.partition(":")[0], part.partition(":")[2].lower() or "asc") for part in sort_by.split(",") if part]


def _order(cube: Cube, sort_by: str | None, lang: Lang) -> list[tuple[int | None, bool]]:
    """What to sort a page by: display names in the request's language, or the value."""
    if not sort_by:
        return []
    pairs = _pairs(sort_by)
    if sort_by.lstrip().startswith("["):
        try:
            pairs = [(part["columnName"], str(part.get("direction", "asc")).lower()) for part in json.loads(sort_by)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ApiError(400) from error
    places: dict[str, int | None] = {name: place for place, name in cube.names(lang).items()}
    places |= {WORDS[lang]["value"]: None, WORDS["en"]["value"]: None}
    if any(name not in places or way not in ("asc", "desc") for name, way in pairs):
        raise ApiError(400)
    return [(places[name], way == "desc") for name, way in pairs]


def _options(options: Any, body: Mapping[str, Any]) -> View:
    """The view that the options ask for.

    Raises:
        ApiError: They are not valid.
    """
    problems = []
    if not isinstance(options, dict):
        raise ApiError(
            400, "Invalid request object", reason=[{"target": body, "value": options, "property": "options"}]
        )
    view = options.get("data_value_type", "raw")
    if view not in VIEWS:
        text = f"data_value_type must be one of the following values: {', '.join(VIEWS)}"
        problems.append(("data_value_type", view, {"isEnum": text}))
    for name in ("use_raw_column_names", "use_reference_values"):
        value = options.get(name, True)
        if not isinstance(value, bool):
            problems += [(name, value, {"isBoolean": f"{name} must be a boolean value"})]
    if problems:
        children = [
            {"target": options, "value": value, "property": name, "children": [], "constraints": rule}
            for name, value, rule in problems
        ]
        reason = [{"target": dict(body), "value": options, "property": "options", "children": children}]
        raise ApiError(400, "Invalid request object", reason=reason)
    chosen: View = view
    return chosen


def _wanted(cube: Cube, filters: Any, options: Mapping[str, Any]) -> Filters:
    """Filters by place.

    Raises:
        ApiError: A column or a list that the real server's SQL fails on.
    """
    if not isinstance(filters, list):
        raise ApiError(400, "Invalid request object", reason=[{"property": "filters", "value": filters}])
    found: list[tuple[int, tuple[int, ...]]] = []
    for part in filters:
        if not isinstance(part, dict) or len(part) != 1:
            raise ApiError(400, "Invalid request object", reason=[{"property": "filters", "value": part}])
        ((name, values),) = part.items()
        place, dimension = next(
            ((p, d) for p, d in cube.columns() if d.fact_column.lower() == str(name).lower()), (None, None)
        )
        if place is None or dimension is None or not isinstance(values, list) or not values:
            raise ApiError(500)
        # The real server takes display names and labels for what they are not, and fails unless they coincide.
        if options.get("use_raw_column_names", True) is False and name not in (dimension.name_en, dimension.name_cy):
            raise ApiError(500)
        members = {member.reference: index for index, member in enumerate(dimension.members)}
        if options.get("use_reference_values", True) is False and any(
            dimension.members[members[v]].en != v for v in values if v in members
        ):
            raise ApiError(500)
        found.append((place, tuple(members[value] for value in values if value in members)))
    return tuple(found)


# -- answers ---------------------------------------------------------------------------------------------------


def _dumps(body: Any) -> bytes:
    """JSON as JavaScript writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _etag(body: bytes) -> str:
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
    return f'W/"{len(body):x}-{digest[:27]}"'


def _json(request: Request, body: Any, status: int = 200) -> Response:
    """A JSON reply with its weak ETag, or 304 where the client has it already."""
    from starlette.responses import Response

    content = _dumps(body)
    tag = _etag(content)
    headers = {
        "Content-Language": _raw_lang(request),
        "Vary": "Accept-Language",
        "Access-Control-Allow-Origin": "*",
        "ETag": tag,
    }
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if status == 200 and request.method in ("GET", "HEAD") and (tag.removeprefix("W/") in known or "*" in known):
        return Response(status_code=304, headers=headers)
    return Response(content, status, {**headers, "Content-Type": "application/json; charset=utf-8"})


def _stream(request: Request, body: AsyncIterator[bytes], kind: str, name: str | None) -> Response:
    """A streamed reply: no length, no ETag, no charset."""
    from starlette.responses import StreamingResponse

    headers = {
        "Content-Language": _raw_lang(request),
        "Vary": "Accept-Language",
        "Access-Control-Allow-Origin": "*",
        "Content-Type": kind,
    }
    if name:
        headers["Content-Disposition"] = f"attachment;filename={name}"
    return StreamingResponse(body, headers=headers)


async def _file(path: Path, *, remove: bool = False) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as handle:
            while chunk := handle.read(CHUNK):
                yield chunk
    finally:
        if remove:
            path.unlink(missing_ok=True)


async def _json_rows(names: list[str], rows: list[tuple[Any, ...]]) -> AsyncIterator[bytes]:
    if not rows:
        yield b"[]"
        return
    for start in range(0, len(rows), 1000):
        lines = [_dumps(dict(zip(names, row, strict=True))) for row in rows[start : start + 1000]]
        yield (b"[" if start == 0 else b",\n") + b",\n".join(lines)
    yield b"]"


async def _html_rows(title: str, names: list[str], rows: list[tuple[Any, ...]]) -> AsyncIterator[bytes]:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    yield f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'.encode()
    yield f"<body><table><thead><tr>{head}</tr></thead><tbody>".encode()
    for row in rows:
        cells = "".join(f"<td>{html.escape('' if cell is None else str(cell))}</td>" for cell in row)
        yield f"<tr>{cells}</tr>".encode()
    yield b"</tbody></table></body></html>"


def _not_imitated(request: Request) -> Response:
    text = "The stand-in server does not imitate pivots, cursors or workbooks. Ask for format=csv."
    return _json(request, {"error": text}, 501)


STOP_WORDS = frozenset(re.findall(r"\w+", "a after an and are as at be by for from in into is it of on or the to with"))
"""Words that a full-text search passes over, as far as titles have them."""


def _found(mode: str, wanted: Sequence[str], title: str, summary: str) -> dict[str, Any] | None:
    """What a search adds to a dataset that it finds; None where it does not find it."""
    words = [word.casefold() for word in wanted]
    if mode == "fuzzy":
        asked, there = _trigrams(" ".join(words)), _trigrams(title)
        rank = len(asked & there) / max(len(asked | there), 1)
        return {"rank": round(rank, 7)} if rank > FUZZY else None
    if mode == "fts":
        words = [word for word in words if word not in STOP_WORDS]
    text = f"{title}\n{summary}".casefold()
    if not words or not all(word in text for word in words):
        return None
    if not mode.startswith("fts"):
        return {}
    pattern = re.compile(rf"\b({'|'.join(re.escape(word) for word in words)})\b", re.IGNORECASE)
    hits = len(pattern.findall(title)) * 2 + len(pattern.findall(summary))
    marked = [pattern.sub(r"<mark>\1</mark>", part) for part in (title, summary)]
    return {"rank": round(1 - 0.5 ** (hits + 1), 7), "match_title": marked[0], "match_summary": marked[1]}


FUZZY = 0.2
"""How alike a title and what was asked must be: the share of three-letter pieces that both have."""


def _trigrams(text: str) -> set[str]:
    padded = [f"  {word} " for word in re.findall(r"\w+", text.casefold())]
    return {word[at : at + 3] for word in padded for at in range(len(word) - 2)}


def _item(entry: Entry, revision: Revision, lang: Lang | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": revision.details.title_en if lang == "en" else revision.details.title_cy,
        "first_published_at": iso(entry.first_published_at),
        "last_updated_at": iso(revision.publish_at),
        "archived_at": iso(entry.archived_at) if entry.archived_at else None,
    }


def _topic(topic: int, lang: Lang) -> dict[str, Any]:
    path, en, cy = TOPICS[topic]
    return {"id": topic, "path": path, "name": en if lang == "en" else cy, "name_en": en, "name_cy": cy}


def _tree(dimension: Dimension, lang: Lang) -> list[dict[str, Any]]:
    """Members of a dimension under their parents; dates newest first; flat and without counts if the tree is broken."""
    members = list(zip(dimension.members, dimension.counts, strict=True))
    if dimension.is_date:
        members.reverse()
    known = {member.reference: member.hierarchy for member in dimension.members}
    nodes = [
        {"reference": m.reference, "description": m.en if lang == "en" else m.cy, "count": str(count)}
        for m, count in members
    ]
    for reference in known:
        seen: set[str] = set()
        at: str | None = reference
        while at is not None and at in known:
            if at in seen:
                return [{name: node[name] for name in ("reference", "description")} for node in nodes]
            seen.add(at)
            at = known[at]
    by_reference: dict[str, dict[str, Any]] = {node["reference"]: node for node in nodes}
    roots = []
    for node in nodes:
        parent = by_reference.get(known[node["reference"]] or "")
        if parent is None:
            roots.append(node)
        else:
            parent.setdefault("children", []).append(node)
    return roots


def _sql(query: StoredQuery, lang: Lang) -> str:
    """The statement that the real server would show."""
    cube = query.revision.cube
    header = [f'"{name}"' for name in cube.header(query.view, lang)]
    if query.view == "with_note_codes":
        word = "annotated" if lang == "en" else "anodedig"
        header[0] = f'"{WORDS[lang]["value"]}_{word}" AS {header[0]}'
    names = cube.names(lang)
    where = " AND ".join(
        f'"{names[place]}_{WORDS[lang]["reference"]}" in '
        f"({','.join(repr(_dimension(cube, place).members[m].reference) for m in members)})"
        for place, members in query.filters
    )
    table = f'"{query.revision.id}".core_view_mat_{lang}'
    return f"SELECT {', '.join(header)} FROM {table} " + (f"WHERE {where}" if where else "")


def _dimension(cube: Cube, place: int) -> Dimension:
    return cube.measure if place == MEASURE else cube.dimensions[place]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits.rjust(12, "0")
