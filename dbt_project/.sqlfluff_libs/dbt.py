"""What sqlfluff shows instead of dbt's own cross-database macros, so that it can read the models without dbt."""


def type_string() -> str:
    """The type of text."""
    return "string"


def dateadd(part: str, interval: object, value: str) -> str:
    """A moment moved by some parts."""
    return f"date_add({value}, {interval}, {part})"
