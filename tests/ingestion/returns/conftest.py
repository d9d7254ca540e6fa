"""Right returns to be broken, and a desk that receives and judges them without starting a process for each."""

from __future__ import annotations

import csv
import importlib.util
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingestion.lake import Lake
from ingestion.returns import inbox, judging
from ingestion.returns.calendar import due_date
from ingestion.returns.judging import Judge, Judged
from ingestion.returns.sandbox import Sandbox
from ingestion.returns.store import Receipt, ReturnStore
from ingestion.returns.workbook import write_csv, write_submission

MUST_FAIL = Path(__file__).parents[2] / "must_fail" / "returns"


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Right returns (``SPEND``, ``OUTCOMES``…), with ``with_`` and ``plus`` to break them, and edits of lines."""
    found = importlib.util.spec_from_file_location("make_rules", MUST_FAIL / "make_rules.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One for all: what starts a process is tested in test_returns_sandbox.py."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def one_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Judges and answers in that one."""

    class Borrowed:
        def __enter__(self) -> Sandbox:
            return sandbox

        def __exit__(self, *_: object) -> None:
            """It is needed by the next."""

    monkeypatch.setattr(judging, "Sandbox", Borrowed)
    monkeypatch.setattr(inbox, "Sandbox", Borrowed)
    return sandbox


Edit = Callable[[list[list[str]]], list[list[str]]]


def _write(one: Any, path: Path, edit: Edit | None = None, **options: Any) -> Path:
    if path.suffix != ".csv":
        return write_submission(one.spec, one.area, one.period, one.cover, one.rows, path, plain=True, **options)
    write_csv(one.spec, one.area, one.period, one.cover, one.rows, path, **options)
    if edit:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            lines = edit(list(csv.reader(handle)))
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(lines)
    return path


@pytest.fixture(scope="session")
def write_return() -> Callable[..., Path]:
    """Write a return of `made`, in the form that the path's suffix says; ``edit`` changes the lines of a CSV."""
    return _write


@dataclass
class Desk:
    """A lake, and somebody who takes in returns by hand."""

    lake: Lake
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)
    backdated: bool = True
    """Whether it says itself when something came, as the bundled sample does: its calendar has what was sent only."""

    @property
    def store(self) -> ReturnStore:
        return ReturnStore(self.lake)

    def send(
        self,
        what: Any,
        at: datetime | str | None = None,
        *,
        sender: str | None = None,
        name: str | None = None,
        edit: Edit | None = None,
    ) -> Receipt:
        """Receive a file, or a return of `made` as CSV; by default the day before it is due."""
        local = self.folder / f"{next(self.numbers)}{what.suffix if isinstance(what, Path) else '.csv'}"
        if isinstance(what, Path):
            shutil.copyfile(what, local)
        else:
            _write(what, local, edit)
        if at is None:
            at = datetime.combine(due_date(what.spec, what.period), datetime.min.time(), UTC) - timedelta(days=1)
        elif isinstance(at, str):
            at = datetime.fromisoformat(at).replace(tzinfo=UTC)
        name = name or local.name
        return self.store.receive(
            local,
            original_name=name,
            inbox_key=f"{local.name}|{name}",
            channel="inbox",
            sender=sender,
            received_at=at,
            backdated=self.backdated,
        )

    def judge(self, *receipts: Receipt, expectations: bool = False) -> list[Judged]:
        """Judge those, or all that wait."""
        judge = Judge(self.lake)
        return judge.judge(receipts or judge.waiting(), expectations=expectations)

    def take(self, what: Any, at: datetime | str | None = None, **how: Any) -> Judged:
        """Receive one and judge it."""
        (judged,) = self.judge(self.send(what, at, **how))
        return judged


@pytest.fixture
def desk(tmp_path: Path, one_sandbox: Sandbox) -> Desk:
    """A desk with an empty lake of real data."""
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(Lake.open(str(tmp_path / "lake"), "real"), folder)
