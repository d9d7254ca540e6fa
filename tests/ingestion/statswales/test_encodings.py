"""Bytes that are not UTF-8 are refused where they stand, in words; a mark at the front of UTF-8 is nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from small_statswales import Api, Published, body, codes, rows

from ingestion.lake import Lake, LoadRecord
from ingestion.statswales.client import StatsWalesClient
from ingestion.statswales.extract import discover, land_dataset
from ingestion.statswales.registry import Dataset

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def landed(
    api: Api, published: Published, dataset: Dataset, client: StatsWalesClient, lake: Lake
) -> Callable[[bytes], LoadRecord]:
    """Land these bytes as the dataset's figures."""

    def land(content: bytes) -> LoadRecord:
        api.on("data", *[body(content)] * 2)
        discover(client, lake, {dataset.key: dataset}, today=NOW.date())
        return land_dataset(dataset, client, lake, run_id="run", decision="changed", now=lambda: NOW)

    return land


@pytest.fixture
def text(published: Published) -> str:
    """The figures, with a word in them that every encoding writes in its own way."""
    first = published.csv("raw_extended", "en-GB").decode("utf-8")
    head, line, rest = first.split("\n", 2)
    assert rest
    area = next(cell for cell in line.split(",") if cell.strip() and not cell.strip('" -').isdigit())
    return "\n".join([head, line.replace(area, "Ynys Môn – “Ŵyn”", 1), rest])


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-14", "utf-16", "utf-32"])
def test_another_encoding_is_refused_and_the_line_named(
    landed: Callable[[bytes], LoadRecord], text: str, encoding: str
) -> None:
    record = landed(text.encode(encoding, "replace"))
    assert codes(record) == ["csv_malformed"]
    assert record.staged_file is None
    (message,) = record.messages
    assert "UTF-8" in message.en
    assert "UTF-8" in message.cy
    # one byte for one letter spoils the second line; two or four for one spoil the first
    line = 2 if encoding in ("cp1252", "iso-8859-14") else 1
    assert f"line {line}" in message.en
    assert f"llinell {line}" in message.cy


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_two_bytes_a_letter_without_a_mark_are_refused_too(
    landed: Callable[[bytes], LoadRecord], text: str, encoding: str
) -> None:
    record = landed(text.encode(encoding))
    assert [m.severity for m in record.messages] == ["error"]
    assert record.staged_file is None


def test_a_byte_order_mark_before_utf_8_is_no_part_of_the_first_name(
    landed: Callable[[bytes], LoadRecord], published: Published, lake: Lake
) -> None:
    content = published.csv("raw_extended", "en-GB").removeprefix(b"\xef\xbb\xbf")
    record = landed(b"\xef\xbb\xbf" + content)
    assert len(rows(lake, record.staged_file)) == len(published.cells)
