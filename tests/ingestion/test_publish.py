"""Publishing: whole or not at all, never blocking a reader, never backwards, never a mixture."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion import publish as publishing
from ingestion.config import Settings
from ingestion.errors import PublishError
from ingestion.transform import Build, Snapshot

MOMENT = datetime(2020, 1, 1, tzinfo=UTC)


def make_build(
    settings: Settings,
    name: str,
    loads: list[str],
    rows: str = "values (1, true)",
    marts: dict[str, str] | None = None,
) -> Build:
    folder = settings.builds / name
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "gofal.duckdb")) as connection:
        connection.execute("create schema core; create schema intermediate")
        connection.execute(f"create table core.fct_measure_value as select * from ({rows}) as t(value, is_synthetic)")
        connection.execute("create view core.dim_area as select 'W1' as area_code")
        connection.execute("create table intermediate.int_x as select 1 as x")
        for mart, query in (marts or {}).items():
            connection.execute(f"create schema if not exists {mart.split('.')[0]}")
            connection.execute(f"create table {mart} as {query}")
    column = {"name": "value", "description": "It's the value"}
    nodes = {
        "model.gofal.fct_measure_value": node("core", "fct_measure_value", ["gofal", "marts"], {"value": column}),
        "model.gofal.dim_area": node("core", "dim_area", ["gofal", "marts"], {}),
        "model.gofal.int_x": node("intermediate", "int_x", ["gofal", "intermediate"], {}),
    }
    for mart in marts or {}:
        schema, table = mart.split(".")
        nodes[f"model.gofal.{table}"] = node(schema, table, ["gofal", "marts", schema], {})
    (folder / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    return Build(
        build_id=name,
        inputs_hash=name,
        snapshot=Snapshot(
            snapshot_id="s",
            as_of=None,
            frozen_at=MOMENT,
            newest_known_from=MOMENT,
            lake_kind="sample",
            vintages=len(loads),
            loads=loads,
        ),
        project_hash="p",
        commit=None,
        tools={"duckdb": duckdb.__version__},
        as_of=None,
        database=str(folder / "gofal.duckdb"),
        started_at=MOMENT,
        seconds=1.0,
    )


def node(schema: str, name: str, fqn: list[str], columns: dict[str, object]) -> dict[str, object]:
    return {
        "resource_type": "model",
        "schema": schema,
        "alias": name,
        "fqn": [*fqn, name],
        "columns": columns,
        "description": f"The {name}.",
        "config": {"materialized": "table"},
    }


def value(settings: Settings) -> object:
    with duckdb.connect(str(settings.published / "current" / "gofal.duckdb"), read_only=True) as connection:
        return connection.execute("select value from core.fct_measure_value").fetchone()[0]  # type: ignore[index]


def test_marts_are_published_as_tables_with_their_descriptions_and_nothing_else_is(settings: Settings) -> None:
    made = publishing.publish(settings, make_build(settings, "1", ["a"]))
    assert made.tables == {"core.dim_area": 1, "core.fct_measure_value": 1}
    current = settings.published / "current"
    with duckdb.connect(str(current / "gofal.duckdb"), read_only=True) as connection:
        kinds = connection.execute("select table_name, table_type from information_schema.tables").fetchall()
        comment = connection.execute("select comment from duckdb_columns() where column_name = 'value'").fetchone()
    assert sorted(kinds) == [("dim_area", "BASE TABLE"), ("fct_measure_value", "BASE TABLE")]
    assert comment == ("It's the value",)
    assert duckdb.sql(f"from '{current / 'parquet' / 'core' / 'dim_area.parquet'}'").fetchall() == [("W1",)]
    manifest = publishing.current_manifest(settings)
    assert manifest is not None
    assert manifest["build_id"] == "1"
    assert manifest["duckdb"] == duckdb.__version__
    assert manifest["tables"] == made.tables


def test_an_open_reader_keeps_the_old_figures_and_a_new_one_sees_the_new(settings: Settings) -> None:
    publishing.publish(settings, make_build(settings, "1", ["a"]))
    program = textwrap.dedent(
        """
        import duckdb, sys
        c = duckdb.connect(sys.argv[1], read_only=True)
        print("open", flush=True)
        sys.stdin.readline()
        print(c.execute("select value from core.fct_measure_value").fetchone()[0], flush=True)
        """
    )
    path = str(settings.published / "current" / "gofal.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout
        assert reader.stdin
        assert reader.stdout.readline() == "open\n"
        publishing.publish(settings, make_build(settings, "2", ["a", "b"], "values (2, true)"))
        reader.stdin.write("now\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "1\n"
    assert value(settings) == 2


def test_an_older_snapshot_is_refused_and_readers_keep_what_they_have(settings: Settings) -> None:
    publishing.publish(settings, make_build(settings, "1", ["a", "b"]))
    older = make_build(settings, "2", ["a"], "values (2, true)")
    with pytest.raises(PublishError, match="lacks 1 vintage") as caught:
        publishing.publish(settings, older)
    assert caught.value.code == "publish_older"
    assert value(settings) == 1
    publishing.publish(settings, older, force=True)
    assert value(settings) == 2


def test_a_mixture_of_synthetic_and_real_figures_is_refused(settings: Settings) -> None:
    with pytest.raises(PublishError, match="mixes synthetic figures") as caught:
        publishing.publish(settings, make_build(settings, "1", ["a"], "values (1, true), (2, false)"))
    assert caught.value.code == "publish_mixed"
    assert publishing.current_manifest(settings) is None


def spend(source_key: str, kind: str, known_from: str = "timestamp '2020-01-01'") -> str:
    return f"select '{source_key}' as source_key, {known_from} as known_from, {kind} as is_synthetic, 5 as spent"


@pytest.mark.parametrize(
    "marts",
    [
        {"funding_streams.grant_spend": spend("return_icf_spend", "false")},
        {"restricted.return_values": spend("return_icf_spend", "false")},
        {
            "funding_streams.grant_spend": spend("return_icf_spend", "true"),
            "outcomes.advocacy": f"{spend('return_advocacy', 'true')} union all {spend('return_advocacy', 'false')}",
        },
    ],
)
def test_returns_of_the_other_kind_than_the_statistics_or_each_other_are_refused(
    settings: Settings, marts: dict[str, str]
) -> None:
    with pytest.raises(PublishError, match="mixes synthetic figures") as caught:
        publishing.publish(settings, make_build(settings, "1", ["a"], marts=marts))
    assert list(marts)[-1] in caught.value.en
    assert list(marts)[-1] in caught.value.cy
    assert publishing.current_manifest(settings) is None


def test_what_is_always_real_and_a_file_that_was_never_accepted_are_no_mixture(settings: Settings) -> None:
    marts = {
        "funding_streams.grant_spend": spend("return_icf_spend", "true"),
        "accountability.published_figure_reconciliation": spend("imported_figures", "false"),
        "accountability.return_quality": spend("return_icf_spend", "false", "null::timestamp"),
        "core.dim_source": "select 'return_icf_spend' as source_key, false as is_synthetic",
    }
    assert publishing.publish(settings, make_build(settings, "1", ["a"], marts=marts)).build_id == "1"


def test_restricted_tables_are_in_a_file_of_their_owner_alone_and_in_nothing_that_everybody_reads(
    settings: Settings,
) -> None:
    marts = {
        "restricted.return_values": f"{spend('return_advocacy', 'true')} union all {spend('return_advocacy', 'true')}",
        "outcomes.advocacy": spend("return_advocacy", "true"),
    }
    mask = os.umask(0)  # the most that a careless account gives away
    try:
        made = publishing.publish(settings, make_build(settings, "1", ["a"], marts=marts))
    finally:
        os.umask(mask)
    current = settings.published / "current"
    manifest = publishing.current_manifest(settings)
    assert manifest is not None
    assert manifest["restricted_tables"] == made.restricted_tables == {"restricted.return_values": 2}
    assert sorted(manifest["tables"]) == ["core.dim_area", "core.fct_measure_value", "outcomes.advocacy"]
    with duckdb.connect(str(current / "gofal.duckdb"), read_only=True) as connection:
        schemas = connection.execute("select schema_name from duckdb_schemas() where not internal").fetchall()
    assert sorted(schemas) == [("core",), ("outcomes",)]
    assert not list((current / "parquet").rglob("*return_values*"))
    path = current / "restricted" / "gofal_restricted.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select count(*) from restricted.return_values").fetchone() == (2,)
        told = connection.execute("select table_name, comment from duckdb_tables()").fetchall()
    assert told == [("return_values", "The return_values.")]
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [oct(p.stat().st_mode & 0o777) for p in path.parent.iterdir()] == ["0o600"]
    again = publishing.publish(settings, make_build(settings, "2", ["a"]))
    assert again.restricted_tables == {}
    assert not (settings.published / "2" / "restricted").exists()


def test_a_retry_tells_the_same_of_restricted_tables(settings: Settings) -> None:
    build = make_build(settings, "1", ["a"], marts={"restricted.return_values": spend("return_advocacy", "true")})
    assert (
        publishing.publish(settings, build).restricted_tables == publishing.publish(settings, build).restricted_tables
    )


def test_a_rollback_flips_back_and_holds_until_it_is_released(settings: Settings) -> None:
    publishing.publish(settings, make_build(settings, "1", ["a"]))
    publishing.publish(settings, make_build(settings, "2", ["a"], "values (2, true)"))
    assert publishing.rollback(settings) == "1"
    assert value(settings) == 1
    third = make_build(settings, "3", ["a"], "values (3, true)")
    with pytest.raises(PublishError, match="held since the rollback to build 1"):
        publishing.publish(settings, third)
    assert publishing.release(settings)
    publishing.publish(settings, third)
    assert value(settings) == 3


def test_a_rollback_to_what_is_not_kept_is_refused(settings: Settings) -> None:
    publishing.publish(settings, make_build(settings, "1", ["a"]))
    with pytest.raises(PublishError, match="no published build"):
        publishing.rollback(settings)
    with pytest.raises(PublishError, match="no published build 9"):
        publishing.rollback(settings, "9")


def test_only_the_last_builds_are_kept_and_always_the_current_one(settings: Settings) -> None:
    settings.keep_builds = 2
    for name in "1234":
        publishing.publish(settings, make_build(settings, name, ["a"]))
    assert publishing.versions(settings) == ["3", "4"]
    publishing.rollback(settings)
    publishing.release(settings)
    assert publishing.current_version(settings) == "3"
    publishing.prune(settings)
    assert publishing.versions(settings) == ["3", "4"]


def test_a_publication_killed_at_any_moment_leaves_readers_a_whole_build(settings: Settings) -> None:
    """kill -9 while it publishes over and over; what readers see opens and answers, and the next one succeeds."""
    publishing.publish(settings, make_build(settings, "1", ["a"], "select range, true from range(200000)"))
    make_build(settings, "2", ["a"], "select range, true from range(200000)")
    program = textwrap.dedent(
        """
        import sys
        from ingestion.config import Settings
        from ingestion import publish
        from ingestion.transform import Build
        settings = Settings(home=sys.argv[1])
        build = Build.model_validate_json(sys.argv[2])
        publish.publish(settings, build)
        print("go", flush=True)
        for n in range(10_000):
            publish.publish(settings, build.model_copy(update={"build_id": f"2{sys.argv[3]}{n:04d}"}))
        """
    )
    build = make_build(settings, "20", ["a"], "select range, true from range(200000)")
    for name, wait in {"1": 0.0, "2": 0.03, "3": 0.1, "4": 0.21}.items():
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(settings.root), build.model_dump_json(), name], stdout=subprocess.PIPE
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        seen = publishing.current_manifest(settings)
        assert seen is not None
        with duckdb.connect(str(settings.published / "current" / "gofal.duckdb"), read_only=True) as connection:
            assert connection.execute("select count(*) from core.fct_measure_value").fetchone() == (200_000,)
    publishing.publish(settings, build.model_copy(update={"build_id": "3"}))
    assert publishing.current_version(settings) == "3"
    assert not list(Path(settings.published).glob(".2*"))
