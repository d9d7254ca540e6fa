"""docker-compose.yml as Docker would read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from composefile import COMPOSE, SECRETS, resolve


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """The whole file, resolved."""
    return resolve(SECRETS)


@pytest.fixture(scope="session")
def compose_file() -> Path:
    return COMPOSE
