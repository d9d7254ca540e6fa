"""Fixtures for every test: a home of its own, a lake, and the real figures beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingestion.config import CHECKOUT, Settings
from ingestion.lake import Lake

SHARED = Path(os.environ.get("GOFAL_SHARED") or CHECKOUT.parent / "shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on the real figures skip where those are absent; in CI they must run, so there they fail."""
    if (SHARED / "real_data").is_dir() or os.environ.get("CI") == "true":
        return
    skip = pytest.mark.skip(reason=f"the real figures are not at {SHARED}: set GOFAL_SHARED to where they are")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_keep_groups_together(items: list[pytest.Item]) -> None:
    """Let xdist's groups count: it names them in ``_nodeid``, which pytest 9.2 and later no longer reads."""
    try:
        from _pytest.nodeid import coerce_node_id
    except ImportError:  # an earlier pytest, where xdist's own way works
        return
    for item in items:
        named = getattr(item, "_nodeid", item.nodeid)
        if named != item.nodeid and named.startswith(f"{item.nodeid}@"):
            item._id = coerce_node_id(named)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person's own reaches a test."""
    for name in list(os.environ):
        if name.startswith("GOFAL_") and name != "GOFAL_SHARED":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real figures (mark the test ``shared``)."""
    return SHARED


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of the test's own, and no waiting."""
    return Settings(home=tmp_path / "home", backoff=0.01, read_timeout=5, lock_wait=10, bundled_returns=False)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """An empty sample lake."""
    return Lake.open(settings.lake_url, "sample")
