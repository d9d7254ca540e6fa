"""GDP deflators, imported from the CSV file that HM Treasury publishes: they turn money of a year into another year's.

The file is a table as a person lays it out. Above it stand a title and lines that say from when its figures are; a
column of financial years (``2018-19``); beside it the index, under a heading that names the year of which it is 100
(``2018-19 = 100``); mostly its percentage change; and columns that nobody here needs (money GDP, the same by calendar
year). Years ahead are forecasts: the index stops and the percentage goes on. Below it stand footnotes.

Nothing is found by its place: the heading finds the index, the years beside it find the rows. Whatever cannot be read
is refused, with its row and column. A file is a vintage like any other: an earlier one stays what was known then.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from ingestion.errors import DataProblem
from ingestion.lake import Lake, LoadRecord, content_sha256, load_id, utc_now

SOURCE_KEY = "gdp_deflators"
COLUMNS = ("financial_year", "deflator", "change_pct", "is_forecast", "price_base_year")
MAX_BYTES = 5_000_000
"""The published file has some ten thousand; what is far larger is another file."""
MAX_LABEL = 24
"""A year and its footnote marks; a sentence may begin with a year too."""
BASE_TOLERANCE = Decimal("0.5")
"""How far the index of its own base year may be from 100."""
CHANGE_TOLERANCE = Decimal("0.15")
"""How far a printed percentage may be from what the index says, in percentage points: both are rounded."""

_DASH = r"[-\u2010-\u2015\u2212/]"
_FOOTNOTE = r"(?:\s*[\[(]\s*\w{1,2}\s*[\])]\s*,?)*"
_FINANCIAL_YEAR = re.compile(rf"(\d{{4}})\s*{_DASH}\s*(\d{{4}}|\d{{2}}){_FOOTNOTE}")
_CALENDAR_YEAR = re.compile(rf"\d{{4}}{_FOOTNOTE}")
_BASE = re.compile(rf"(\d{{4}})\s*{_DASH}\s*(\d{{4}}|\d{{2}})\s*=\s*100(?:\.0+)?{_FOOTNOTE}")
_CHANGE = re.compile(r"(per\s*cent|percentage|%)\s*(year[- ]on[- ]year\s*)?change|newid canrannol", re.IGNORECASE)
_FORECAST = re.compile(
    rf"forecast.*?(\d{{4}})\s*{_DASH}\s*(?:\d{{4}}|\d{{2}})\s+to\s+(\d{{4}})\s*{_DASH}", re.IGNORECASE
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"),
        start=1,
    )
}  # fmt: skip
_DATE = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?\s+({'|'.join(_MONTHS)})\s+(\d{{4}})", re.IGNORECASE)
_NOTHING = frozenset(["", "-", "\u2013", "\u2014", "..", "...", ":", "n/a", "x", "z"])
"""What stands where there is no index."""


class Deflator(NamedTuple):
    """One financial year of the file."""

    financial_year: str
    deflator: str | None
    """The index; None for a year ahead of which only the percentage is given."""
    change_pct: str | None
    is_forecast: bool
    line: int


@dataclass(frozen=True)
class DeflatorFile:
    """What a file says."""

    base_year: str
    rows: list[Deflator]
    dated: datetime | None
    """The latest day that the lines above the table name; None where they name none."""
    disagreements: list[str]
    """Financial years whose printed percentage is not what their index says."""


def deflators_to_batch(path: Path, lake: Lake, *, run_id: str, known_from: datetime | None = None) -> LoadRecord:
    """Land a file of GDP deflators and type it into a batch.

    Args:
        path: The CSV file as it was published.
        lake: Where to.
        run_id: The run that brings it.
        known_from: When it was published. Without it, the latest day that the file's own heading names; where it names
            none, the moment of landing.

    Returns:
        The record, with its staged batch; not judged yet.

    Raises:
        DataProblem: The file is not such a table, or a row of it cannot be read: file, row, column, and what to do.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    landed_at = utc_now()
    read = read_deflators(path, now=landed_at)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with lake.scratch(".csv") as copy:
        shutil.copyfile(path, copy)
        landed = lake.land(copy, role="data", suffix=".csv", url=path.name, sha256=digest, headers={})
    moment = known_from or read.dated
    key = load_id(SOURCE_KEY, f"known_from={moment.isoformat()}" if moment else None, digest)
    record = LoadRecord(
        load_id=key,
        source_key=SOURCE_KEY,
        kind="import",
        run_id=run_id,
        landed_at=landed_at,
        known_from=moment or landed_at,
        known_from_basis="stated" if moment else "landed",
        rows=len(read.rows),
        landed_sha256=digest,
        content_sha256=content_sha256([landed]),
        files=[landed],
        title_en="GDP deflators at market prices, and money GDP",
        title_cy="Datchwyddyddion CMC ar brisiau’r farchnad, a CMC ariannol",
        publisher_en="HM Treasury",
        publisher_cy="Trysorlys EF",
        designation="accredited",
        url="https://www.gov.uk/government/collections/gdp-deflators-at-market-prices-and-money-gdp",
        columns={name: name for name in COLUMNS},
    )
    _tell(record, path, read, known_from)
    table = pa.table(
        {
            "financial_year": pa.array([row.financial_year for row in read.rows], pa.string()),
            "deflator": pa.array([row.deflator for row in read.rows], pa.string()),
            "change_pct": pa.array([row.change_pct for row in read.rows], pa.string()),
            "is_forecast": pa.array(["true" if row.is_forecast else "false" for row in read.rows], pa.string()),
            "price_base_year": pa.array([read.base_year] * len(read.rows), pa.string()),
            "_source_row": pa.array([row.line for row in read.rows], pa.int64()),
            "_load_id": pa.array([key] * len(read.rows), pa.string()),
            "_landed_sha256": pa.array([digest] * len(read.rows), pa.string()),
        }
    )
    record.staged_file = lake.staged_path(SOURCE_KEY, key)
    with lake.scratch(".parquet") as batch:
        pq.write_table(table, batch)
        lake.put(batch, record.staged_file)
    lake.write_provenance(record)
    return record


def read_deflators(path: Path, *, now: datetime) -> DeflatorFile:
    """Read a file of GDP deflators.

    Args:
        path: The file.
        now: A day after it is no day on which the file can have been published.

    Raises:
        DataProblem: As for `deflators_to_batch`.
    """
    lines = _cells(path)
    heading, index, years, base_year = _index_column(path, lines)
    change = next(
        (
            column
            for column in range(index + 1, max(map(len, lines[: heading + 1])))
            if any(_CHANGE.search(_at(line, column)) for line in lines[: heading + 1])
        ),
        None,
    )
    rows: list[Deflator] = []
    for number, line in enumerate(lines[heading + 1 :], start=heading + 2):
        label = _at(line, years)
        if len(label) > MAX_LABEL or not re.match(rf"\d{{4}}\s*{_DASH}", label):
            continue  # a footnote, a blank line, a heading between outturn and forecast
        year = _financial_year(label)
        if year is None:
            raise _problem(
                path, number, years, label, "a financial year such as 2018-19", "blwyddyn ariannol fel 2018-19"
            )
        if rows and _start(year) != _start(rows[-1].financial_year) + 1:
            following = _year(_start(rows[-1].financial_year) + 1)
            raise _problem(path, number, years, label, f"the year {following}", f"y flwyddyn {following}")
        deflator = _number(path, number, index, _at(line, index))
        percentage = _number(path, number, change, _at(line, change)) if change is not None else None
        if deflator is not None and Decimal(deflator) <= 0:
            raise _problem(path, number, index, deflator, "an index above zero", "mynegai uwchlaw sero")
        if percentage is not None and Decimal(percentage) <= -100:
            raise _problem(path, number, change or 0, percentage, "a change above −100%", "newid uwchlaw −100%")
        if deflator is None and (percentage is None or not rows):
            raise _problem(
                path, number, index, _at(line, index),
                "an index, or for a year ahead its percentage change", "mynegai, neu newid canrannol blwyddyn i ddod",
            )  # fmt: skip
        if deflator is not None and rows and rows[-1].deflator is None:
            raise _problem(
                path, number, index, deflator,
                f"no index after a year without one ({rows[-1].financial_year})",
                f"dim mynegai ar ôl blwyddyn heb un ({rows[-1].financial_year})",
            )  # fmt: skip
        rows.append(Deflator(year, deflator, percentage, deflator is None, number))
    based = next((row for row in rows if row.financial_year == base_year), None)
    if based is None or based.deflator is None or abs(Decimal(based.deflator) - 100) > BASE_TOLERANCE:
        found = based.deflator if based and based.deflator else "–"
        raise _problem(
            path, based.line if based else heading + 1, index, found,
            f"100 in {base_year}, as the heading says", f"100 yn {base_year}, fel y dywed y pennawd",
        )  # fmt: skip
    told = [" ".join(cell for cell in line if cell.strip()) for line in lines]
    above = told[: heading + 1]
    ahead = _forecast_years([*above, *told[rows[-1].line :]])
    return DeflatorFile(
        base_year=base_year,
        rows=[row._replace(is_forecast=row.is_forecast or row.financial_year in ahead) for row in rows],
        dated=_dated(above, now),
        disagreements=[later.financial_year for was, later in itertools.pairwise(rows) if not _agree(was, later)],
    )


def _cells(path: Path) -> list[list[str]]:
    """The cells of the file, row by row, blanks around them gone."""
    body = path.read_bytes()
    if len(body) > MAX_BYTES or b"\x00" in body:
        raise DataProblem(
            f"{path.name}: expected the CSV file of GDP deflators that HM Treasury publishes; this is another kind of "
            "file, or one far too large. Save the table as CSV and import that.",
            f"{path.name}: disgwylid y ffeil CSV o ddatchwyddyddion CMC y mae Trysorlys EF yn ei chyhoeddi; ffeil o "
            "fath arall yw hon, neu un lawer rhy fawr. Cadwch y tabl fel CSV a mewnforiwch honno.",
            code="deflators_file",
            file=path.name,
        )
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", errors="replace")  # as spreadsheets save the pound sign
    try:
        return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise DataProblem(
            f"{path.name} cannot be read as CSV ({error}). Download it again and import it.",
            f"Ni ellir darllen {path.name} fel CSV ({error}). Lawrlwythwch hi eto a’i mewnforio.",
            code="deflators_file",
            file=path.name,
        ) from None


def _index_column(path: Path, lines: list[list[str]]) -> tuple[int, int, int, str]:
    """Which row is the heading, which columns the index and its financial years, and of which year it is 100.

    The same index by calendar year may stand under the same heading: the years beside it tell the two apart.
    """
    found = []
    for number, line in enumerate(lines):
        for column, cell in enumerate(line):
            if not (base := _BASE.fullmatch(cell)):
                continue
            beside = _years_beside(lines[number + 1 :], column)
            if beside is not None:
                found.append((number, column, beside, _financial_year(f"{base[1]}-{base[2]}")))
    if len(found) == 1 and found[0][3]:
        number, column, beside, year = found[0]
        return number, column, beside, str(year)
    headings = ", ".join(f"row {n + 1}, column {_letter(c)}" for n, c, *_ in found) or "none"
    rhesi = ", ".join(f"rhes {n + 1}, colofn {_letter(c)}" for n, c, *_ in found) or "dim un"
    raise DataProblem(
        f"{path.name}: expected one column of an index under a heading such as “2018-19 = 100”, with financial years "
        f"(2018-19) to the left of it; found {headings}. Import the CSV file as HM Treasury publishes it.",
        f"{path.name}: disgwylid un golofn o fynegai o dan bennawd fel “2018-19 = 100”, gyda blynyddoedd ariannol "
        f"(2018-19) i’r chwith iddi; canfuwyd {rhesi}. Mewnforiwch y ffeil CSV fel y mae Trysorlys EF yn ei chyhoeddi.",
        code="deflators_columns",
        file=path.name,
    )


def _years_beside(lines: list[list[str]], index: int) -> int | None:
    """The nearest column of years to the left of an index, if they are financial years; None if they are not."""
    for column in range(index - 1, -1, -1):
        cells = [cell for line in lines if (cell := _at(line, column))]
        if any(_FINANCIAL_YEAR.fullmatch(cell) for cell in cells):
            return column
        if any(_CALENDAR_YEAR.fullmatch(cell) for cell in cells):
            return None
    return None


def _tell(record: LoadRecord, path: Path, read: DeflatorFile, known_from: datetime | None) -> None:
    if known_from is None and read.dated is not None:
        record.add(
            "deflators_dated", "info",
            f"{path.name} is taken to have been published on {read.dated:%Y-%m-%d}, the latest day that its heading "
            "names. Say --known-from if it was another.",
            f"Cymerir bod {path.name} wedi’i chyhoeddi ar {read.dated:%Y-%m-%d}, y diwrnod diweddaraf y mae ei "
            "phennawd yn ei enwi. Rhowch --known-from os diwrnod arall ydoedd.",
        )  # fmt: skip
    if known_from is None and read.dated is None:
        record.add(
            "deflators_undated", "warning",
            f"{path.name} does not say when it was published, so it is known from today. Say --known-from.",
            f"Nid yw {path.name} yn dweud pryd y’i cyhoeddwyd, felly mae’n hysbys ers heddiw. Rhowch --known-from.",
        )  # fmt: skip
    if read.disagreements:
        years = ", ".join(read.disagreements)
        record.add(
            "deflators_change", "warning",
            f"{path.name}: the percentage change is not what the index says in {years}. The index is used; check the "
            "file against the publisher’s.",
            f"{path.name}: nid y newid canrannol yw’r hyn y mae’r mynegai’n ei ddweud yn {years}. Defnyddir y mynegai; "
            "gwiriwch y ffeil yn erbyn un y cyhoeddwr.",
            count=len(read.disagreements),
        )  # fmt: skip


def _agree(was: Deflator, now: Deflator) -> bool:
    if was.deflator is None or now.deflator is None or now.change_pct is None:
        return True
    said = 100 * (Decimal(now.deflator) / Decimal(was.deflator) - 1)
    # an index of few digits says less of its own change
    loose = 100 * Decimal("0.001") / Decimal(was.deflator)
    return abs(said - Decimal(now.change_pct)) <= CHANGE_TOLERANCE + loose


def _dated(lines: list[str], now: datetime) -> datetime | None:
    """The latest day that lines name; not one ahead, and not that of a next update."""
    found = []
    for line in lines:
        for day, month, year in _DATE.findall(line) if "next" not in line.lower() else []:
            try:
                moment = datetime(int(year), _MONTHS[month.lower()], int(day), tzinfo=UTC)
            except ValueError:
                continue
            if moment <= now:
                found.append(moment)
    return max(found, default=None)


def _forecast_years(lines: list[str]) -> set[str]:
    """The financial years that the lines around the table call forecasts."""
    return {
        _year(start)
        for line in lines
        for first, last in _FORECAST.findall(line)
        for start in range(int(first), int(last) + 1)
    }


def _financial_year(text: str) -> str | None:
    """``2018-19``; None where it is not a year and the one after it."""
    found = _FINANCIAL_YEAR.fullmatch(text)
    if found is None:
        return None
    year = _year(int(found[1]))
    follows = int(found[2]) == int(found[1]) + 1 if len(found[2]) == 4 else year.endswith(found[2])
    return year if follows else None


def _year(start: int) -> str:
    return f"{start:04d}-{(start + 1) % 100:02d}"


def _start(year: str) -> int:
    return int(year[:4])


def _number(path: Path, line: int, column: int, text: str) -> str | None:
    if text.lower() in _NOTHING:
        return None
    plain = re.sub(rf"{_FOOTNOTE}$", "", text).replace(",", "").replace("\u2212", "-").removesuffix("%").strip()
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise _problem(path, line, column, text, "a number", "rhif")
    return plain


def _at(line: list[str], column: int) -> str:
    return line[column] if column < len(line) else ""


def _letter(column: int) -> str:
    """The column as a spreadsheet names it."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _problem(path: Path, line: int, column: int, found: str, en: str, cy: str) -> DataProblem:
    return DataProblem(
        f"{path.name}, row {line}, column {_letter(column)}: expected {en}, found “{found}”. "
        "Correct the file, or download it again, and import it.",
        f"{path.name}, rhes {line}, colofn {_letter(column)}: disgwylid {cy}, canfuwyd “{found}”. "
        "Cywirwch y ffeil, neu lawrlwythwch hi eto, a’i mewnforio.",
        code="deflators_row",
        file=path.name,
        row=line,
        column=_letter(column),
    )
