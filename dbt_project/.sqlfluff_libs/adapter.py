"""What sqlfluff shows instead of dbt's adapter: every dispatched macro is some name."""

from collections.abc import Callable


def dispatch(*_: object, **__: object) -> Callable[..., str]:
    """Stand for the macro that dbt would choose for the engine."""
    return lambda *_args, **_kwargs: "placeholder"


def quote(name: str) -> str:
    """Quote an identifier."""
    return f'"{name}"'
