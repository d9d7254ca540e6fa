"""What can be wrong with a return, and how it is told: one catalogue, ``problems.yml``, for every reader and rule."""

from __future__ import annotations

import functools
import string
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ingestion.statswales.registry import parse_yaml, validated

CATALOGUE = Path(__file__).with_name("problems.yml")
Severity = Literal["error", "warning"]


class Wording(BaseModel):
    """How one kind of problem is told. ``{name}`` is replaced by what the problem says of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    severity: Severity
    message_en: str
    message_cy: str
    do_en: str
    do_cy: str


_NUMBERS = frozenset({"first", "other", "rows", "most", "length", "number", "seconds", "closed"})
"""Values of problems that count rows, columns or characters and say nothing of a cell."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at one place. Made by the hundred thousand, so it is told only when it is read."""

    code: str
    """A key of ``problems.yml``, or ``<sheet>.<code>`` of a rule of the spec."""
    sheet: str | None = None
    """The sheet's name as the file has it."""
    row: int | None = None
    """As the program shows it: 1 is the first."""
    column: str | None = None
    """As the program shows it: A is the first."""
    column_key: str | None = None
    found: str | None = None
    """What stands there; None where it must not be repeated."""
    values: dict[str, Any] = field(default_factory=dict)
    """What the wording's ``{names}`` stand for, beside ``found``, ``sheet``, ``row``, ``column``. A name that ends in
    ``_en`` or ``_cy`` belongs to one language: the wording says ``{expected}`` and finds ``expected_cy``."""
    wording: Wording | None = None
    """For a rule of a spec, which brings its own."""

    @property
    def severity(self) -> Severity:
        """``error``: the row, or the return, is not accepted. ``warning``: it is, and somebody should look."""
        return self._wording.severity

    @property
    def cell(self) -> str | None:
        """``B12``, where it is about one cell."""
        return f"{self.column}{self.row}" if self.column and self.row else None

    def message(self, language: Literal["en", "cy"]) -> str:
        """What was found and what was expected."""
        return self._told(self._wording.message_en if language == "en" else self._wording.message_cy, language)

    def do(self, language: Literal["en", "cy"]) -> str:
        """What to do next."""
        return self._told(self._wording.do_en if language == "en" else self._wording.do_cy, language)

    def discreet(self) -> Problem:
        """The same without anything that stands in a cell: where it is and what is wrong with it, and no value."""
        kept = {k: v for k, v in self.values.items() if k.endswith(("_en", "_cy")) or k in _NUMBERS}
        if "." in self.code:  # a rule of a spec tells of the row's cells by the names of its columns
            kept = {}
        return replace(self, found=None, values=kept)

    @property
    def _wording(self) -> Wording:
        return self.wording or catalogue()[self.code]

    def _told(self, text: str, language: str) -> str:
        suffix = f"_{language}"
        own = {k.removesuffix(suffix): v for k, v in self.values.items() if k.endswith(suffix)}
        known = {"found": self.found, "sheet": self.sheet, "row": self.row, "column": self.column, "cell": self.cell}
        return _Lenient().vformat(text, (), {**known, **self.values, **own})


class _Lenient(string.Formatter):
    """What is not known is left out: a message about a broken file must never break itself."""

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:  # noqa: ARG002  # the base class passes it
        value = kwargs.get(str(key))
        return "–" if value is None else value

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return self.get_value(field_name, args, kwargs), field_name

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ARG002
        return str(value)


@functools.cache
def catalogue(path: Path = CATALOGUE) -> dict[str, Wording]:
    """Every kind of problem by its code.

    Raises:
        RegistryError: The file is not what it should be.
    """
    document, lines = parse_yaml(path)
    return {code: validated(path, lines, (code,), Wording, value) for code, value in document.items()}


class RefusedError(Exception):
    """A file that cannot be read at all, or must not be: the problems say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(p.code for p in problems))
        self.problems = list(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes."""
        return type(self), tuple(self.problems)
