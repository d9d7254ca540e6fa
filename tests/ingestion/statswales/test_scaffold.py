"""What scaffold writes of an entry: a staging model, its documentation, and the list of what is staged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from served_statswales import REGISTRY, registry_file

from ingestion.statswales import scaffold
from ingestion.statswales.registry import Dataset, load_registry


@pytest.fixture
def registry(tmp_path: Path) -> dict[str, Dataset]:
    return load_registry(path=registry_file(tmp_path), lock=None)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "dbt_project"


def test_the_model_is_one_call_with_its_breakdowns(registry):
    assert scaffold.model_sql(registry["placements"]) == (
        "-- Children by type of placement. Plant yn ôl math o leoliad.\n"
        "{{ stage_statswales(\n"
        "    'placements',\n"
        "    breakdowns=['placement'],\n"
        ") }}\n"
    )


def test_breakdowns_that_the_data_description_hides(tmp_path: Path):
    text = REGISTRY.replace("measure_key: children}", "measure_key: children, breakdown: {gender: male}}")
    hidden = load_registry(path=registry_file(tmp_path, text), lock=None)["ethnicity"]
    assert "    measure_breakdowns=['gender'],\n" in scaffold.model_sql(hidden)
    assert "\n    breakdowns" not in scaffold.model_sql(hidden)


def test_the_documentation_names_every_column_and_every_block_that_it_refers_to(registry, project: Path):
    scaffold.write(registry["placements"], project)
    folder = project / scaffold.FOLDER
    document = yaml.safe_load((folder / "stg_statswales__placements.yml").read_text("utf-8"))
    (model,) = document["models"]
    names = [column["name"] for column in model["columns"]]
    assert names[:4] == ["source_key", "load_id", "vintage_no", "is_gone"]
    assert names[names.index("period_label") + 1] == "placement"
    assert names[-1] == "landed_sha256"
    (source,) = document["sources"]
    tables = [table["name"] for table in source["tables"]]
    assert (source["name"], tables) == ("lake", ["raw_placements", "raw_statswales_export_placements"])
    blocks = set(re.findall(r"doc\('(\w+)'\)", (folder / "stg_statswales__placements.yml").read_text("utf-8")))
    written = set(re.findall(r"{% docs (\w+) %}", (folder / "_columns.md").read_text("utf-8")))
    shared = set(re.findall(r"{% docs (\w+) %}", (scaffold.PROJECT / "models" / "docs.md").read_text("utf-8")))
    assert blocks <= written | shared
    assert not written & shared


def test_the_list_of_what_is_staged_follows_the_folder(registry, project: Path):
    scaffold.write_all({k: registry[k] for k in ("placements", "guessed")}, project)
    (project / scaffold.FOLDER / "stg_statswales__placements_spellings.sql").write_text("select 1")
    macro = project / scaffold.MACRO
    assert "    {{ return([\n        'guessed',\n        'placements',\n    ]) }}\n" in macro.read_text("utf-8")
    scaffold.write(registry["ethnicity"], project)
    assert scaffold.staged(project) == ["ethnicity", "guessed", "placements"]
    assert "'ethnicity'" in macro.read_text("utf-8")


def test_writing_again_changes_nothing(registry, project: Path):
    first = scaffold.write_all(registry, project)
    assert len(first) == 2 * len(registry) + 2
    assert scaffold.write_all(registry, project) == []
    (project / scaffold.FOLDER / "stg_statswales__guessed.sql").write_text("by hand")
    assert [p.name for p in scaffold.write_all(registry, project)] == ["stg_statswales__guessed.sql"]


def test_what_is_committed_is_what_scaffold_writes():
    """Every staged entry's files are those that the registry makes: nobody edits them by hand."""
    registry = load_registry()
    written = [key for key in scaffold.staged() if (scaffold.PROJECT / scaffold.FOLDER / f"{scaffold.PREFIX}{key}.yml").exists()]  # fmt: skip  # noqa: E501
    for key in written:
        for path, text in scaffold.files_of(registry[key]).items():
            assert (scaffold.PROJECT / path).read_text("utf-8") == text, f"run: gofal sources scaffold {key}"
    if written:
        assert (scaffold.PROJECT / scaffold.MACRO).read_text("utf-8") == scaffold.datasets_macro(scaffold.staged())
        assert (scaffold.PROJECT / scaffold.FOLDER / "_columns.md").read_text("utf-8") == scaffold.columns_md()
