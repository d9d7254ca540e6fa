"""The newcomer's first nights, run once for the tests of two files (they share an xdist group, and so a worker)."""

from __future__ import annotations

from typing import Any

import pytest
from commands import RELEASED_AGAIN, gofal


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Release 1, the same again, and release 2 of a few: the home, what was said, and the first publication."""
    home = tmp_path_factory.mktemp("home")
    found: dict[str, Any] = {"home": home, "first": gofal(home, "run", "--json")}
    found["kept"] = (home / "published" / "current").resolve()
    found["second"] = gofal(home, "run", "--json")
    found["third"] = gofal(
        home, "run", "--release", "2", *(w for key in RELEASED_AGAIN for w in ("--only", key)), "--json"
    )
    return found
