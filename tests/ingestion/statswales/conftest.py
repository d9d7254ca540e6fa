"""Fixtures for the client and for extraction: a small server, a client that does not really wait, a lake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_statswales import UUID, Api, Published, make_dataset

from ingestion.config import Settings
from ingestion.lake import Lake
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.registry import Dataset


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    api.datasets[UUID] = Published()
    yield api
    api.server.shutdown()
    api.server.server_close()


@pytest.fixture
def published(api: Api) -> Published:
    return api.datasets[UUID]


@pytest.fixture
def slept() -> list[float]:
    """The waits that the client took (it does not really sleep)."""
    return []


@pytest.fixture
def settings() -> Settings:
    return Settings(attempts=3, backoff=0.5, connect_timeout=2, read_timeout=5)


@pytest.fixture
def client(api: Api, settings: Settings, slept: list[float]) -> Iterator[StatsWalesClient]:
    with StatsWalesClient(api.url, settings=settings, sleep=slept.append) as client:
        yield client


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"), "sample")


@pytest.fixture
def dataset() -> Dataset:
    return make_dataset()
