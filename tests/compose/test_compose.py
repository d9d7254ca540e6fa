"""docker-compose.yml without Docker: Debian's docker-compose and the specification accept it, and what it promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from composefile import SECRETS, resolve

from ingestion import airflow_local
from ingestion.config import CHECKOUT, Settings

AIRFLOW_SERVICES = {"init", "api-server", "scheduler", "dag-processor", "triggerer"}


ASK = """
import json, sys
from airflow.cli import cli_parser
from airflow.configuration import conf

def known(words):
    try:
        parser.parse_args(words)
    except SystemExit:
        return False
    return True

parser = cli_parser.get_parser()
sections = {name: section["options"] for name, section in conf.configuration_description.items()}
asked = json.load(sys.stdin)
print(json.dumps({
    "commands": [words for words in asked["commands"] if not known(words)],
    "options": [[s, o] for s, o in asked["options"] if o not in sections.get(s, {})],
}))
"""
"""Asks Airflow itself, in a process of its own, which commands and options it does not know."""


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


@pytest.fixture(scope="module")
def docker_compose() -> str:
    found = shutil.which("docker-compose")
    if found is None:
        assert not in_ci(), "CI installs Debian's docker-compose; it is not on the PATH"
        pytest.skip("docker-compose is not installed")
    return found


@pytest.fixture(scope="module")
def specification(docker_compose: str) -> dict:
    """The Compose specification's JSON schema, which Debian's docker-compose carries."""
    beside = Path(docker_compose).resolve().parents[1]
    for folder in (
        Path("/usr/lib/python3/dist-packages"),
        *beside.glob("lib/python3*/dist-packages"),
        *map(Path, sys.path),
    ):
        path = folder / "compose" / "config" / "compose_spec.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
    assert not in_ci(), "Debian's docker-compose carries compose_spec.json; this one does not"
    pytest.skip("this docker-compose does not carry the specification's schema")


def config(program: str, folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """``docker-compose config`` that sees these variables and no .env of a person's own."""
    empty = folder / "empty.env"
    empty.touch()
    return subprocess.run(
        [program, "-f", str(CHECKOUT / "docker-compose.yml"), "--env-file", str(empty), "config", *words],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_docker_compose_reads_it_as_we_do(docker_compose, compose, tmp_path):
    import yaml

    done = config(docker_compose, tmp_path, SECRETS)
    assert done.returncode == 0, done.stderr
    theirs = yaml.safe_load(done.stdout)["services"]
    assert set(theirs) == set(compose["services"])
    for name, service in compose["services"].items():
        ours = {k: str(v) for k, v in service["environment"].items()}
        assert {k: str(v) for k, v in theirs[name]["environment"].items()} == ours


def test_nothing_starts_while_a_secret_is_missing(docker_compose, tmp_path):
    done = config(docker_compose, tmp_path, {k: v for k, v in SECRETS.items() if k != "AIRFLOW_JWT_SECRET"}, "-q")
    assert done.returncode != 0
    assert "AIRFLOW_JWT_SECRET" in done.stderr


def test_it_is_valid_by_the_compose_specification(specification, compose):
    import jsonschema

    jsonschema.Draft7Validator(specification).validate(compose)
    spoiled = {**compose, "services": {"init": {"image": 5}}}
    assert not jsonschema.Draft7Validator(specification).is_valid(spoiled)


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_every_secret_is_required_and_in_the_example_without_a_value(missing):
    with pytest.raises(KeyError, match=missing):
        resolve({k: v for k, v in SECRETS.items() if k != missing})
    example = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    assert re.search(rf"^{missing}=$", example, re.MULTILINE)


def test_no_value_in_the_file_looks_like_a_password(compose_file):
    for line in compose_file.read_text(encoding="utf-8").splitlines():
        name, _, value = line.strip().partition(": ")
        if re.search(r"PASSWORD$|SECRET|FERNET|_KEY$", name) and not name.startswith("#"):
            assert value.startswith("${"), line
            assert ":?" in value, line


def test_every_setting_can_be_given_and_none_that_does_not_exist(compose):
    given = {k for k in compose["services"]["scheduler"]["environment"] if k.startswith("GOFAL_")}
    assert given == {f"GOFAL_{name.upper()}" for name in Settings.model_fields}


def test_its_settings_are_valid_and_each_source_has_a_home_of_its_own(monkeypatch):
    homes = set()
    for source in ("sample", "live"):
        environment = resolve({**SECRETS, "GOFAL_SOURCE": source})["services"]["scheduler"]["environment"]
        for name, value in environment.items():
            if name.startswith("GOFAL_"):
                monkeypatch.setenv(name, str(value))
        settings = Settings()
        assert settings.source == source
        homes.add(settings.root)
    assert len(homes) == 2


def test_every_airflow_process_is_there_and_airflow_knows_its_command_and_options(compose):
    assert set(compose["services"]) == AIRFLOW_SERVICES | {"postgres"}
    commands = []
    for service in compose["services"].values():
        for words in (service.get("command", []), service.get("healthcheck", {}).get("test", [])[1:]):
            commands += [[str(w) for w in words[1:]]] if words and words[0] == "airflow" else []
    assert {c[0] for c in commands} == {"api-server", "scheduler", "dag-processor", "triggerer", "jobs"}

    names = [k for k in compose["services"]["scheduler"]["environment"] if k.startswith("AIRFLOW__")]
    names.remove("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED")  # Airflow of before 3.3 had it, a later one may again
    options = [name.removeprefix("AIRFLOW__").lower().split("__") for name in names]
    asked = {"commands": [*commands, ["api-serverr"]], "options": [*options, ["core", "no_such_option"]]}
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer == {"commands": [["api-serverr"]], "options": [["core", "no_such_option"]]}


def test_only_the_ui_is_published_and_only_on_the_loopback_address(compose):
    published = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert published == {"api-server": ["127.0.0.1:8080:8080"]}


def test_tasks_reach_the_api_server_by_its_name_and_port(compose):
    service = compose["services"]["api-server"]
    port = service["command"][service["command"].index("--port") + 1]
    url = compose["services"]["scheduler"]["environment"]["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert url == f"http://api-server:{port}/execution/"


def test_everything_waits_for_the_database_and_has_a_health_check(compose):
    for name in AIRFLOW_SERVICES - {"init"}:
        service = compose["services"][name]
        assert service["depends_on"]["init"] == {"condition": "service_completed_successfully"}
        assert service["depends_on"]["postgres"] == {"condition": "service_healthy"}
        assert service["healthcheck"]["test"][0] == "CMD"
    assert compose["services"]["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    assert compose["services"]["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_lake_logs_and_database_outlive_the_containers(compose):
    mounted = {m.split(":")[0]: m.split(":")[1] for s in compose["services"].values() for m in s["volumes"]}
    assert set(mounted) == set(compose["volumes"])
    environment = compose["services"]["scheduler"]["environment"]
    assert environment["GOFAL_HOME"].startswith(mounted["gofal"] + "/")
    for name in ("AIRFLOW__LOGGING__BASE_LOG_FOLDER", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"):
        assert environment[name].startswith(mounted["airflow"] + "/")


def test_every_process_agrees_on_keys_database_and_home(compose):
    common = [
        {k: v for k, v in compose["services"][name]["environment"].items() if k != "AIRFLOW_ADMIN_PASSWORD"}
        for name in AIRFLOW_SERVICES
    ]
    assert all(environment == common[0] for environment in common)
    assert "AIRFLOW_ADMIN_PASSWORD" not in compose["services"]["scheduler"]["environment"]


def test_local_airflow_runs_the_same_processes(compose):
    for name, words in airflow_local.COMPONENTS.items():
        assert compose["services"][name]["command"][: 1 + len(words)] == ["airflow", *words]


# -- the image ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_installs_from_the_hashed_lock_and_does_not_run_as_root(dockerfile):
    assert "uv pip sync" in dockerfile
    assert dockerfile.count("--require-hashes") == 2
    last_stage = dockerfile.rsplit("\nFROM ", 1)[1]
    user = re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert user == ["50000"]
    assert re.search(r"^FROM python:3\.11-slim", dockerfile, re.MULTILINE)


def test_every_file_that_the_image_copies_is_there_and_not_ignored(dockerfile):
    ignored = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").split()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        for name in line.split():
            assert (CHECKOUT / name).exists()
            assert name not in ignored
    for needed in ("dags", "ingestion", "expectations", "dbt_project", "pyproject.toml", "README.md"):
        assert needed not in ignored
    for secret in (".env", ".git", "var"):
        assert secret in ignored


def test_the_image_has_the_folders_of_the_volumes(dockerfile, compose):
    for mount in compose["services"]["scheduler"]["volumes"]:
        assert mount.split(":")[1] in dockerfile
