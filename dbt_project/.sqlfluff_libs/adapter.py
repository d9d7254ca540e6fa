"""What sqlfluff shows instead of dbt's adapter: every dispatched macro is some name."""

from collections.abc import Callable

TABLES = {"suppression_passes"}
"""Macros that write common table expressions."""


def dispatch(name: str, *_: object, **__: object) -> Callable[..., str]:
    """Stand for the macro that dbt would choose for the engine."""
    found = "placeholder as (select 1 as one)" if name in TABLES else "placeholder"
    return lambda *_args, **_kwargs: found


def quote(name: str) -> str:
    """Quote an identifier."""
    return f'"{name}"'
