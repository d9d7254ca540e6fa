"""docker-compose.yml as Docker would read it, with made-up secrets. Imported by the tests beside it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ingestion.config import CHECKOUT

COMPOSE = CHECKOUT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\}")
SECRETS = {
    "POSTGRES_PASSWORD": "postgrespassword",
    "AIRFLOW_JWT_SECRET": "jwt-secret-that-is-long-enough-for-a-test-of-sixty-four-bytes-or-more-0123456789",
    "AIRFLOW_SECRET_KEY": "secret-key-for-a-test",
    "AIRFLOW_FERNET_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "AIRFLOW_ADMIN_PASSWORD": "adminpassword",
}


def resolve(values: dict[str, str]) -> dict[str, Any]:
    """The file with its variables filled in, by the rules of the Compose specification (`:-` and `:?`)."""

    def fill(found: re.Match[str]) -> str:
        name, kind, rest = found["name"], found["kind"], found["rest"]
        value = values.get(name, "")
        if value or kind is None:
            return value
        if kind == ":-":
            return str(rest)
        raise KeyError(f"{name}: {rest}")

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(value) for value in node]
        return VARIABLE.sub(fill, node) if isinstance(node, str) else node

    document: dict[str, Any] = walk(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))
    return document
