"""Errors that a person reads: what was expected, what was found, where, and what to do next, in both languages."""

from __future__ import annotations

from typing import Any


class GofalError(Exception):
    """An error with its message in English and Welsh.

    Args:
        en: What was expected, what was found, where, and what to do next, in English.
        cy: The same in Welsh.
        code: A short stable code for scripts and reports, e.g. ``fetch_timeout``.
        context: Where it happened (dataset, stage, file, row…), JSON-serialisable.
    """

    def __init__(self, en: str, cy: str, *, code: str, **context: Any) -> None:
        super().__init__(en)
        self.en = en
        self.cy = cy
        self.code = code
        self.context = context

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes (Airflow pickles exceptions)."""
        return _rebuild, (type(self), self.en, self.cy, self.code, self.context)


def _rebuild(kind: type[GofalError], en: str, cy: str, code: str, context: dict[str, Any]) -> GofalError:
    return kind(en, cy, code=code, **context)


class FetchError(GofalError):
    """A source did not answer as it should, after every retry. The last good load stays current; the run fails."""


class DataProblem(GofalError):
    """What a source sent cannot be accepted. The batch is quarantined; the last good load stays current."""


class LakeError(GofalError):
    """The lake refuses: wrong kind of data, damaged bytes, or a location that cannot be written."""


class BuildError(GofalError):
    """dbt did not build, or a test on a model failed. Nothing is published."""


class PublishError(GofalError):
    """Publishing refuses: an older snapshot, a mixed build, a held rollback, or a lost lock."""


class RegistryError(GofalError):
    """The dataset registry or its lock file is not what it should be: nothing is fetched by a guess."""
