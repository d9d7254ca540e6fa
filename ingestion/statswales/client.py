"""Client of the StatsWales public API, version 2.

What it takes care of, so that nobody above has to: ``lang`` on every request, UTF-8 whatever the header says, the
shared budget of requests, time limits between any two pieces of a body, retries that honour ``Retry-After``, bodies
that stop short, a cap on what is received, and errors that name the dataset, the stage and the remedy in both
languages. Data is never paged: the service's pages lose and repeat rows, its bulk CSV is whole.
"""

from __future__ import annotations

import contextlib
import email.utils
import hashlib
import ipaddress
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from pydantic import BaseModel, ConfigDict, ValidationError

from ingestion import __version__
from ingestion.config import Settings
from ingestion.errors import FetchError
from ingestion.statswales.budget import Budget

USER_AGENT = f"Gofal/{__version__} (data warehouse for care-experienced children in Wales)"
CHUNK = 1 << 20
PAGE_SIZE = 10_000
"""The largest page of the list; the service clamps what is above."""
RETRIED = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT = 900.0
"""A ``Retry-After`` beyond this is not waited for: the night would be over. The fetch fails and says so."""
PATIENCE = 30
"""A body may take so many times the read timeout altogether: a server that drips for ever is given up."""
MINUTE = 60.0

Lang = Literal["en-GB", "cy-GB"]
View = Literal["raw_extended", "with_note_codes"]
T = TypeVar("T")

STAGES: dict[str, tuple[str, str]] = {
    "list": ("the list of datasets", "y rhestr o setiau data"),
    "metadata": ("the metadata", "y metadata"),
    "create_query": ("the query (POST data)", "yr ymholiad (POST data)"),
    "query": ("the stored query", "yr ymholiad a gadwyd"),
    "data": ("the data", "y data"),
    "filters": ("the dimension members", "aelodau’r dimensiynau"),
    "search": ("the answers to a search", "yr atebion i chwiliad"),
    "topics": ("the topics", "y pynciau"),
    "history": ("the history of revisions", "hanes y diwygiadau"),
}
"""What is fetched, in words: the stage that an error names."""


class CatalogueItem(BaseModel):
    """One dataset in the list."""

    model_config = ConfigDict(extra="ignore")
    id: str
    title: str | None = None
    first_published_at: str | None = None
    last_updated_at: str | None = None
    archived_at: str | None = None


class SearchItem(CatalogueItem):
    """One dataset that a search found: title and summary in the language of the search."""

    summary: str | None = None


class TopicName(BaseModel):
    """A topic, by its id and its names."""

    model_config = ConfigDict(extra="ignore")
    id: int
    name_en: str = ""
    name_cy: str = ""


class Topic(BaseModel):
    """A topic with what is below it: further topics, or datasets."""

    children: list[TopicName] = []
    items: list[CatalogueItem] = []
    """Datasets, of a topic without topics below it: the service lists those of no other."""


class Catalogue(BaseModel):
    """The whole list of datasets, in English."""

    etag: str | None = None
    """None where one request did not hold the whole list: the header then speaks for a part only."""
    items: list[CatalogueItem]


class Download(BaseModel):
    """A body that was received whole."""

    path: Path
    sha256: str
    bytes: int
    headers: dict[str, str]
    url: str

    @property
    def content_type(self) -> str:
        """The media type, without parameters, in lower case."""
        found = {k.lower(): v for k, v in self.headers.items()}.get("content-type", "")
        return found.partition(";")[0].strip().lower()


@dataclass
class Reply:
    """A JSON answer: parsed, and as it was received."""

    document: Any
    body: bytes
    headers: dict[str, str]
    url: str

    @property
    def sha256(self) -> str:
        """Hash of the body as received."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass
class Metadata(Reply):
    """A dataset's metadata."""

    @property
    def revision(self) -> dict[str, Any] | None:
        """The published revision; None where the dataset was unpublished."""
        found = self.document.get("published_revision")
        return found if isinstance(found, dict) else None

    @property
    def revision_id(self) -> str | None:
        """The change key."""
        return str(self.revision["id"]) if self.revision else None

    @property
    def publish_at(self) -> datetime | None:
        """When the revision was published, UTC."""
        return parse_time(self.revision.get("publish_at")) if self.revision else None

    @property
    def archived_at(self) -> datetime | None:
        """When the dataset was archived, UTC."""
        return parse_time(self.document.get("archived_at"))

    @property
    def replaced_by(self) -> dict[str, Any] | None:
        """The replacement of an archived dataset: ``dataset_id``, ``dataset_title``, ``auto_redirect``."""
        found = self.document.get("replaced_by")
        return found if isinstance(found, dict) and found.get("dataset_id") else None

    def text(self, name: str, lang: Lang) -> str | None:
        """A text of the revision in one language, such as ``title`` or ``rounding_description``.

        The entries come in no fixed order, so they are found by their ``language``.
        """
        for entry in (self.revision or {}).get("metadata") or []:
            if str(entry.get("language", "")).lower() == lang.lower():
                return entry.get(name) or None
        return None

    def publisher(self, lang: Lang) -> str | None:
        """Who provides the figures, in one language; several are joined by ``; ``."""
        names = [
            str(p["provider_name"])
            for p in (self.revision or {}).get("providers") or []
            if str(p.get("language", "")).lower() == lang.lower() and p.get("provider_name")
        ]
        if not names and lang == "en-GB":
            organisation = (self.document.get("publisher") or {}).get("organisation") or {}
            names = [organisation["name"]] if organisation.get("name") else []
        return "; ".join(dict.fromkeys(names)) or None


def parse_time(text: object) -> datetime | None:
    """Read an ISO 8601 moment of the service.

    Returns:
        It in UTC; None for nothing, or for something that is no moment.
    """
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass
class _Ask:
    """One request: what is asked for, and the words for it."""

    stage: str
    method: Literal["GET", "POST"]
    path: str
    params: dict[str, str]
    dataset: str | None = None
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    base: str | None = None
    """Another version of the API than the client's own."""


class _AgainError(Exception):
    """An attempt failed in a way that another may not."""

    def __init__(self, code: str, en: str, cy: str, wait: float = 0.0) -> None:
        super().__init__(en)
        self.code, self.en, self.cy, self.wait = code, en, cy, wait


class StatsWalesClient:
    """Polite access to one deployment of the API. One client a process and thread; the budget is what they share."""

    def __init__(
        self,
        base_url: str,
        *,
        budget: Budget | None = None,
        settings: Settings | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Point at a deployment; nothing is sent yet.

        Args:
            base_url: With the version: ``https://api.stats.gov.wales/v2``.
            budget: Shared by all processes that talk to that deployment; None for a server of our own.
            settings: Timeouts, attempts, back-off and the cap on a body.
            sleep: How to wait between attempts.
        """
        settings = settings or Settings()
        self.base_url = base_url.rstrip("/")
        self.timeout = (settings.connect_timeout, settings.read_timeout)
        self.attempts = max(1, settings.attempts)
        self.backoff = settings.backoff
        self.max_body_bytes = int(settings.max_body_mb * 2**20)
        self.requests = 0
        """Requests sent so far, every attempt counted."""
        self.names: dict[str, str] = {}
        """Dataset id to the name that errors give it (its registry key)."""
        self._budget = budget
        self._sleep = sleep
        self._session = requests.Session()
        # Identity: the bytes that are kept and hashed are those that were sent, and their length can be checked.
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self._session.trust_env = not _is_loopback(self.base_url)  # no proxy stands between us and ourselves

    def __enter__(self) -> StatsWalesClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    # -- the API -----------------------------------------------------------------------------------------------

    def catalogue(self, etag: str | None = None) -> Catalogue | None:
        """Read the list of every dataset, in English.

        Args:
            etag: Of the list that the caller holds; the service then answers 304 where nothing changed.

        Returns:
            The list; None where it is the one that the caller holds.

        Raises:
            FetchError: No whole list after every attempt.
        """
        for attempt in (1, 2):  # a dataset that appears between two pages shifts them: the second walk is whole
            first = self._json(self._list_page(1, etag), _is_list, not_modified=etag is not None)
            if first is None:
                return None
            count = int(first.document["count"])
            items = {item.id: item for item in _items(first)}
            page, complete = 1, len(items) == count
            while len(items) < count:
                page += 1
                more = self._json(self._list_page(page, None), _is_list)
                new = [item for item in _items(more) if item.id not in items] if more else []
                if not new:
                    break
                items.update((item.id, item) for item in new)
            if len(items) == count:
                header = {k.lower(): v for k, v in first.headers.items()}.get("etag")
                return Catalogue(etag=header if complete else None, items=list(items.values()))
            if attempt == 2:
                raise self._error(
                    self._list_page(1, None),
                    "fetch_truncated",
                    f"it says that it counts {count} datasets and names {len(items)}",
                    f"mae’n dweud bod {count} o setiau data ac yn enwi {len(items)}",
                )
            etag = None
        raise AssertionError("unreachable")

    def metadata(self, dataset_id: str) -> Metadata:
        """Read a dataset's metadata; both languages' texts are in it.

        Raises:
            FetchError: No answer, or no such dataset (``fetch_not_found``).
        """
        ask = _Ask("metadata", "GET", f"/{dataset_id}", {"lang": "en-GB"}, dataset_id)
        reply = self._json(ask, lambda d: isinstance(d, dict) and isinstance(d.get("id"), str) and _is_revision(d))
        return Metadata(**vars(reply))

    def create_query(self, dataset_id: str, view: View) -> str:
        """Make a filter id for the whole dataset in one view. It pins the current revision: never keep it.

        Returns:
            The filter id.
        """
        body = {
            "filters": [],
            "options": {"use_raw_column_names": True, "use_reference_values": True, "data_value_type": view},
        }
        ask = _Ask("create_query", "POST", f"/{dataset_id}/data", {"lang": "en-GB"}, dataset_id, body)
        reply = self._json(ask, lambda d: isinstance(d, dict) and isinstance(d.get("filterId"), str) and d["filterId"])
        return str(reply.document["filterId"])

    def query(self, dataset_id: str, filter_id: str) -> dict[str, Any]:
        """Read what a filter id stands for: ``datasetId``, ``revisionId``, ``totalLines``, ``columnMapping``."""

        def whole(d: Any) -> bool:
            return (
                isinstance(d, dict)
                and isinstance(d.get("datasetId"), str)
                and isinstance(d.get("revisionId"), str)
                and str(d.get("totalLines")).isdigit()
            )

        ask = _Ask("query", "GET", f"/{dataset_id}/query/{filter_id}", {"lang": "en-GB"}, dataset_id)
        document: dict[str, Any] = self._json(ask, whole).document
        document["totalLines"] = int(document["totalLines"])
        return document

    def filters(self, dataset_id: str, lang: Lang) -> Reply:
        """Read every dimension's members, with labels in one language."""
        ask = _Ask("filters", "GET", f"/{dataset_id}/filters", {"lang": lang}, dataset_id)
        reply: Reply = self._json(ask, lambda d: isinstance(d, list) and all(isinstance(x, dict) for x in d))
        return reply

    def search(self, keywords: str, lang: Lang = "en-GB") -> list[SearchItem]:
        """Ask the service which datasets have all of these words in their title or summary.

        Args:
            keywords: Words in any order, in the language of the search.
            lang: Which language's texts are searched, and given.

        Returns:
            What it found; the service folds case and no accents.

        Raises:
            FetchError: No answer after every attempt.
        """
        params = {"keywords": keywords, "mode": "basic_split", "page_size": str(PAGE_SIZE), "lang": lang}
        ask = _Ask("search", "GET", "/search", params)
        return [SearchItem.model_validate(item) for item in self._json(ask, _is_found).document["data"]]

    def topics(self, topic_id: int | None = None) -> Topic:
        """Read the topics below one, and its datasets where there are none below.

        Args:
            topic_id: The topic; None for the first level.

        Returns:
            What is below it.

        Raises:
            FetchError: No answer, or no such topic (``fetch_not_found``).
        """
        path = "/topic" if topic_id is None else f"/topic/{topic_id}"
        document = self._json(_Ask("topics", "GET", path, {"lang": "en-GB"}), _is_topic).document
        return Topic(children=document.get("children") or [], items=(document.get("datasets") or {}).get("data") or [])

    def history(self, dataset_id: str) -> Reply:
        """Read every published revision of a dataset, the newest first, each with its texts in both languages.

        It is in version 1 only, and undocumented there; revisions that were withdrawn are left out of it.

        Raises:
            FetchError: No answer, or no such dataset (``fetch_not_found``).
        """
        first = re.sub(r"/v\d+$", "", self.base_url) + "/v1"
        ask = _Ask("history", "GET", f"/{dataset_id}/history", {"lang": "en-GB"}, dataset_id, base=first)
        reply: Reply = self._json(
            ask,
            lambda d: isinstance(d, list) and all(isinstance(r, dict) and isinstance(r.get("id"), str) for r in d),
        )
        return reply

    def download_csv(self, dataset_id: str, filter_id: str, lang: Lang, dest: Path) -> Download:
        """Download the whole of a query's rows, streamed to a file and hashed on the way.

        Args:
            dataset_id: The dataset.
            filter_id: From `create_query`.
            lang: Language of labels and column names.
            dest: Where to write; overwritten by each attempt.

        Raises:
            FetchError: No whole body after every attempt, or one over the cap (``fetch_too_large``, not retried).
            OSError: ``dest`` cannot be written.
        """
        params = {"format": "csv", "lang": lang}
        ask = _Ask("data", "GET", f"/{dataset_id}/data/{filter_id}", params, dataset_id)

        def save(response: requests.Response) -> Download:
            digest, size = hashlib.sha256(), 0
            with dest.open("wb") as file:
                for piece in self._pieces(ask, response):
                    digest.update(piece)
                    file.write(piece)
                    size += len(piece)
            if size == 0:  # even a query without rows is answered with a line end
                raise _AgainError("fetch_truncated", "the body was empty", "roedd y corff yn wag")
            headers = dict(response.headers)
            return Download(path=dest, sha256=digest.hexdigest(), bytes=size, headers=headers, url=response.url)

        return self._try(ask, save)

    # -- one request -------------------------------------------------------------------------------------------

    def _list_page(self, page: int, etag: str | None) -> _Ask:
        params = {"lang": "en-GB", "page_size": str(PAGE_SIZE)}
        if page > 1:
            params["page_number"] = str(page)
        return _Ask("list", "GET", "/", params, headers={"If-None-Match": etag} if etag else {})

    def _json(self, ask: _Ask, whole: Callable[[Any], Any], *, not_modified: bool = False) -> Any:
        """Ask for JSON. Returns a `Reply`, or None for the 304 that ``not_modified`` expects."""

        def read(response: requests.Response) -> Reply | None:
            if response.status_code == 304:
                if not_modified:
                    return None
                raise _AgainError("fetch_bad_json", "status 304 came unasked", "daeth statws 304 heb ei ofyn")
            body = b"".join(self._pieces(ask, response))
            try:
                document = json.loads(body.decode("utf-8"))
            except ValueError as error:
                raise _AgainError(
                    "fetch_bad_json", f"the answer is not JSON ({error})", f"nid JSON yw’r ateb ({error})"
                ) from error
            if not whole(document):
                found = body[:120].decode("utf-8", "replace")
                raise _AgainError(
                    "fetch_bad_json",
                    f"the answer has not the expected fields; it begins {found!r}",
                    f"nid yw’r meysydd disgwyliedig yn yr ateb; mae’n dechrau {found!r}",
                )
            return Reply(document=document, body=body, headers=dict(response.headers), url=response.url)

        return self._try(ask, read)

    def _try(self, ask: _Ask, use: Callable[[requests.Response], T]) -> T:
        """Send a request until it is answered whole, or the attempts are used up."""
        for attempt in range(1, self.attempts + 1):
            try:
                return self._once(ask, use)
            except _AgainError as failed:
                if attempt == self.attempts or failed.wait > LONGEST_WAIT:
                    en = f"{failed.en} (attempt {attempt} of {self.attempts})"
                    cy = f"{failed.cy} (cynnig {attempt} o {self.attempts})"
                    raise self._error(ask, failed.code, en, cy) from failed
                pause = self.backoff * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311
                self._sleep(max(pause, failed.wait))
        raise AssertionError("unreachable")

    def _once(self, ask: _Ask, use: Callable[[requests.Response], T]) -> T:
        if self._budget:
            self._budget.acquire()
        self.requests += 1
        try:
            with contextlib.closing(
                self._session.request(
                    ask.method,
                    (ask.base or self.base_url) + ask.path,
                    params=ask.params,
                    json=ask.json,
                    headers=ask.headers,
                    timeout=self.timeout,
                    stream=True,
                )
            ) as response:
                self._note_limits(response.headers)
                self._judge(ask, response)
                return use(response)
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise _AgainError(
                "fetch_timeout",
                f"nothing was heard for {self.timeout[1]:g} s",
                f"ni chlywyd dim am {self.timeout[1]:g} eiliad",
            ) from error
        except (urllib3.exceptions.ProtocolError, requests.exceptions.ChunkedEncodingError) as error:
            raise _AgainError(
                "fetch_truncated", f"the body stopped short ({error})", f"daeth y corff i ben yn rhy gynnar ({error})"
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _AgainError(
                "fetch_server_error",
                f"the service could not be reached ({error})",
                f"ni ellid cyrraedd y gwasanaeth ({error})",
            ) from error

    def _judge(self, ask: _Ask, response: requests.Response) -> None:
        """Raise for a status that is not the answer. Branch on the status: the service's texts say little."""
        status = response.status_code
        if status < 400:
            return
        if status in RETRIED:
            wait = _retry_after(response.headers)
            if status == 429:
                wait = max(wait, _number(response.headers.get("RateLimit-Reset")) or 0.0) or MINUTE
                if self._budget:
                    self._budget.hold(min(wait, LONGEST_WAIT))
                raise _AgainError(
                    "fetch_rate_limited",
                    f"the service answers 429, too many requests, and asks for {wait:g} s",
                    f"mae’r gwasanaeth yn ateb 429, gormod o geisiadau, ac yn gofyn am {wait:g} eiliad",
                    wait,
                )
            code = "fetch_timeout" if status == 504 else "fetch_server_error"
            raise _AgainError(
                code, f"the service answers status {status}", f"mae’r gwasanaeth yn ateb statws {status}", wait
            )
        if status == 404:
            raise self._error(
                ask,
                "fetch_not_found",
                "the service answers 404, not found",
                "mae’r gwasanaeth yn ateb 404, heb ei ganfod",
            )
        raise self._error(
            ask,
            "fetch_refused",
            f"the service refuses it with status {status}",
            f"mae’r gwasanaeth yn ei wrthod â statws {status}",
        )

    def _pieces(self, ask: _Ask, response: requests.Response) -> Iterator[bytes]:
        """The body as it arrives, at most 1 MiB at a time, never beyond the cap."""
        declared = _number(response.headers.get("Content-Length"))
        if declared is not None and declared > self.max_body_bytes:
            raise self._too_large(ask, int(declared))
        given_up = time.monotonic() + self.timeout[1] * PATIENCE
        size = 0
        # read1 returns what has arrived; read would wait for a full piece, however slowly it drips.
        while piece := response.raw.read1(CHUNK, decode_content=True):
            size += len(piece)
            if size > self.max_body_bytes:
                raise self._too_large(ask, size)
            if time.monotonic() > given_up:
                raise _AgainError(
                    "fetch_timeout",
                    f"the body was not complete after {self.timeout[1] * PATIENCE:g} s",
                    f"nid oedd y corff yn gyflawn ar ôl {self.timeout[1] * PATIENCE:g} eiliad",
                )
            yield piece

    def _note_limits(self, headers: Mapping[str, str]) -> None:
        remaining, reset = _number(headers.get("RateLimit-Remaining")), _number(headers.get("RateLimit-Reset"))
        if self._budget and remaining is not None and reset is not None:
            self._budget.observe(int(remaining), reset)

    # -- errors ------------------------------------------------------------------------------------------------

    def _too_large(self, ask: _Ask, size: int) -> FetchError:
        cap = self.max_body_bytes
        return self._error(
            ask,
            "fetch_too_large",
            f"the body has {size:,} bytes or more and the cap is {cap:,}",
            f"mae gan y corff {size:,} beit neu fwy a’r terfyn yw {cap:,}",
        )

    def _error(self, ask: _Ask, code: str, en: str, cy: str) -> FetchError:
        return fetch_error(
            code, ask.stage, en, cy, dataset_id=ask.dataset, name=self.names.get(ask.dataset or ""), url=self.base_url
        )


REMEDIES: dict[str, tuple[str, str]] = {
    "fetch_timeout": (
        "Run again later; if the service is only slow, set GOFAL_READ_TIMEOUT higher.",
        "Rhedwch eto yn nes ymlaen; os araf yn unig yw’r gwasanaeth, gosodwch GOFAL_READ_TIMEOUT yn uwch.",
    ),
    "fetch_rate_limited": (
        "Run again in a few minutes, and see whether something else uses the service from this address.",
        "Rhedwch eto mewn ychydig funudau, a gwiriwch a oes rhywbeth arall yn defnyddio’r gwasanaeth o’r cyfeiriad "
        "hwn.",
    ),
    "fetch_not_found": (
        "Check the dataset’s id in datasets.yml, or the one given with --dataset, on the StatsWales website.",
        "Gwiriwch ID y set ddata yn datasets.yml, neu’r un a roddwyd gyda --dataset, ar wefan StatsCymru.",
    ),
    "fetch_too_large": (
        "If the dataset has really grown so much, set GOFAL_MAX_BODY_MB higher and run again.",
        "Os yw’r set ddata wir wedi tyfu cymaint, gosodwch GOFAL_MAX_BODY_MB yn uwch a rhedwch eto.",
    ),
    "row_count": (
        "Run again later; if it stays so, tell the publisher that the dataset’s query and its data disagree.",
        "Rhedwch eto yn nes ymlaen; os yw’n parhau, dywedwch wrth y cyhoeddwr nad yw ymholiad y set ddata a’i data yn "
        "cytuno.",
    ),
    "revision_moved": (
        "Run again in an hour, when the publication has settled.",
        "Rhedwch eto ymhen awr, pan fydd y cyhoeddi wedi’i gwblhau.",
    ),
    "fetch_refused": (
        "The service may have changed: compare the request with its documentation and report it.",
        "Efallai bod y gwasanaeth wedi newid: cymharwch y cais â’i ddogfennaeth a rhowch wybod.",
    ),
}
_LATER = (
    "Check that the service is up and run again.",
    "Gwiriwch fod y gwasanaeth ar gael a rhedwch eto.",
)


def fetch_error(
    code: str, stage: str, en: str, cy: str, *, dataset_id: str | None, name: str | None, url: str
) -> FetchError:
    """Word a fetch that failed: what was asked, of which dataset, where, what came instead, and what to do.

    Args:
        code: ``fetch_…``, ``row_count`` or ``revision_moved``.
        stage: A key of `STAGES`.
        en: What was found, in English, without a full stop.
        cy: The same in Welsh.
        dataset_id: The dataset's id; None for the list.
        name: Its registry key.
        url: The deployment.

    Returns:
        The error, to be raised.
    """
    what_en, what_cy = STAGES[stage]
    remedy_en, remedy_cy = REMEDIES.get(code, _LATER)
    who = f"{name} ({dataset_id})" if name and dataset_id else dataset_id
    looking = stage in ("list", "search", "topics")
    run_en, run_cy = ("discover", "darganfod") if looking else ("land", "glanio")
    return FetchError(
        f"Expected {what_en}{f' of {who}' if who else ''} from {url}, stage {run_en}; {en}. "
        f"The last good load stays current. {remedy_en}",
        f"Disgwyliwyd {what_cy}{f' ar gyfer {who}' if who else ''} o {url}, cam {run_cy}; {cy}. "
        f"Mae’r llwyth da diwethaf yn aros yn gyfredol. {remedy_cy}",
        code=code,
        dataset=name or dataset_id,
        dataset_id=dataset_id,
        stage=stage,
        url=url,
    )


def _is_list(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("count"), int)
        and isinstance(document.get("data"), list)
        and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in document["data"])
    )


def _valid(model: type[BaseModel], documents: Any) -> bool:
    if not isinstance(documents, list):
        return False
    try:
        for document in documents:
            model.model_validate(document)
    except ValidationError:
        return False
    return True


def _is_found(document: Any) -> bool:
    return isinstance(document, dict) and _valid(SearchItem, document.get("data"))


def _is_topic(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and _valid(TopicName, document.get("children") or [])
        and isinstance(document.get("datasets") or {}, dict)
        and _valid(CatalogueItem, (document.get("datasets") or {}).get("data") or [])
    )


def _is_revision(document: dict[str, Any]) -> bool:
    """Whether the published revision, where there is one, has what a load cannot do without."""
    found = document.get("published_revision")
    return found is None or (
        isinstance(found, dict) and isinstance(found.get("id"), str) and parse_time(found.get("publish_at")) is not None
    )


def _items(reply: Reply) -> list[CatalogueItem]:
    try:
        return [CatalogueItem.model_validate(item) for item in reply.document["data"]]
    except ValidationError as error:  # `_is_list` has seen the ids: a title that is a number, say
        raise FetchError(
            f"Expected the list of datasets from {reply.url}, stage discover; an entry is not as expected: {error}. "
            f"{_LATER[0]}",
            f"Disgwyliwyd y rhestr o setiau data o {reply.url}, cam darganfod; nid yw cofnod fel y disgwyl: {error}. "
            f"{_LATER[1]}",
            code="fetch_bad_json",
            stage="list",
        ) from error


def _number(text: str | None) -> float | None:
    try:
        found = float(text) if text is not None else None
    except ValueError:
        return None
    return found if found is not None and found >= 0 and found != float("inf") else None


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that ``Retry-After`` asks for, given in seconds or as a date; 0 where it asks for none."""
    text = headers.get("Retry-After")
    seconds = _number(text)
    if seconds is None and text:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        # Against the service's own clock where it gives one: ours may be wrong.
        try:
            now = email.utils.parsedate_to_datetime(headers["Date"])
        except (KeyError, ValueError):
            now = datetime.now(UTC)
        moment, now = (m.replace(tzinfo=UTC) if m.tzinfo is None else m for m in (moment, now))
        seconds = max(0.0, (moment - now).total_seconds())
    return seconds or 0.0


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
