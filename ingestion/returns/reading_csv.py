"""CSV files as people's programs write them: in any of a few encodings, with any of a few marks between the fields."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from pathlib import Path

from ingestion.returns.book import Book, BookSheet, Value
from ingestion.returns.reading_facts import Limits, refused, too_long_sheet, unreadable

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 200
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NOT_TEXT = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_WELSH_8859_14 = re.compile(rb"[\xd0\xde\xf0\xfe]")
"""Ŵ Ŷ ŵ ŷ; in cp1252, which cannot write them, these are letters that neither Welsh nor English has."""


def read_csv(path: Path, limits: Limits) -> Book:
    """Read a CSV file; every value is text, as it stands.

    Args:
        path: The file.
        limits: What is refused.

    Returns:
        A book of one sheet, named ``csv``. A first line ``sep=;`` says the delimiter and is left empty.

    Raises:
        RefusedError: It is no text, or longer than is read.
    """
    data = path.read_bytes()
    text, encoding = _decoded(data)
    del data
    announced = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    delimiter = announced[1] if announced else _delimiter(text)
    rows: list[list[Value]] = []
    width = 0
    try:
        for fields in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append([field or None for field in fields])
            width = max(width, len(fields))
            if len(rows) > limits.rows + 1 and any(rows[-1]):
                raise too_long_sheet("csv", limits)
    except csv.Error as error:
        reason = f"line {len(rows) + 1} cannot be read ({error})"
        raise unreadable(reason, f"ni ellir darllen llinell {len(rows) + 1} ({error})") from None
    if announced:
        rows[0] = []
    rows = trimmed([row if len(row) == width else row + [None] * (width - len(row)) for row in rows])
    if rows and len(rows[0]) > limits.columns:
        raise too_long_sheet("csv", limits)
    return Book(format="csv", sheets=[BookSheet("csv", rows)], encoding=encoding, delimiter=delimiter)


def trimmed(rows: list[list[Value]]) -> list[list[Value]]:
    """Rows of one width, without the rows and columns at the end that have no value."""
    length = len(rows)
    while length and all(value is None for value in rows[length - 1]):
        length -= 1
    del rows[length:]
    full = width = len(rows[0]) if rows else 0
    while width and all(row[width - 1] is None for row in rows):
        width -= 1
    return rows if width == full else [row[:width] for row in rows]


def _decoded(data: bytes) -> tuple[str, str]:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise refused("incomplete_file") from None
        encoding = "iso8859-14" if _WELSH_8859_14.search(data) and not re.search(rb"[\x80-\x9f]", data) else "cp1252"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            raise unreadable("it is not text", "nid testun ydyw") from None
    if "\0" in text:
        raise refused("nul_bytes")
    if _NOT_TEXT.search(text):
        raise unreadable("it is not text", "nid testun ydyw")
    return text, encoding


def _delimiter(text: str) -> str:
    """What most rows agree on: the same number of fields, more than one; the more fields, the better."""
    lines = text[:200_000].splitlines(keepends=True)[: _SAMPLE_ROWS + 1]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if any(row))
        except csv.Error:
            continue
        several = [(count, width) for width, count in widths.items() if width > 1]
        if several:
            count, width = max(several)
            score = count / widths.total() + min(width, 99) / 10_000
            if score > best_score:
                best, best_score = delimiter, score
    return best
