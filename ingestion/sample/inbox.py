"""Puts the bundled sample's returns where returns are dropped, and its offer letters where they are kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

import fsspec

from ingestion.lake import Lake
from ingestion.returns.offers import read_offers
from ingestion.returns.store import ReturnStore

LAID_OUT = "sample_returns.json"
"""In the lake: which release of the sample's returns was laid out last."""


def lay_out(lake: Lake, inbox: str, release: int) -> bool:
    """Lay out the returns of a release, and of those before it, unless that was done before.

    Args:
        lake: A lake of the sample.
        inbox: Where returns are dropped: an fsspec URL.
        release: Up to which release.

    Returns:
        Whether anything was laid out.
    """
    from ingestion.sample.returns import build_offers, build_returns

    done = (lake.read_json(LAID_OUT) or {}).get("release", 0)
    if done >= release:
        return False
    with tempfile.TemporaryDirectory(prefix="gofal-sample-") as scratch:
        offers = build_offers(Path(scratch) / "offers.csv", release=release)
        ReturnStore(lake).write_offers(read_offers(offers))
        folder = Path(scratch) / "inbox"
        folder.mkdir()
        for number in range(done + 1, release + 1):
            build_returns(folder, release=number)
        fs, root = fsspec.core.url_to_fs(inbox)
        fs.makedirs(root, exist_ok=True)
        fs.put(f"{folder}/", root.rstrip("/") + "/", recursive=True)
    lake.write_json(LAID_OUT, {"release": release})
    return True
