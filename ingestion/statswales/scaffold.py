"""Write a dataset's dbt staging model from its registry entry: what nobody should have to type.

An entry gets ``stg_statswales__KEY.sql`` and ``.yml`` (its raw table and the model's documentation); the macro
``statswales_datasets()``, which the union of all datasets walks, is written from the models that stand in the folder.
Texts that are the same for every dataset stand once, in the docs blocks of ``_columns.md``.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingestion.config import CHECKOUT
from ingestion.statswales.registry import EXPORT_PREFIX, Dataset

PROJECT = CHECKOUT / "dbt_project"
FOLDER = "models/staging/statswales"
MACRO = "macros/statswales_datasets.sql"
PREFIX = "stg_statswales__"

_OWN_DOCS = {
    "col_stg_vintage_no": "The vintage of the source, 1 for the first.",
    "col_stg_is_gone": "TRUE where the row stood in the vintage before and not in this one.",
    "col_stg_is_change": "TRUE for a step after a first vintage that stands whole.",
    "col_stg_export": "Rows of old StatsWales exports of the dataset that were imported by file, in its shape.",
    "col_stg_landed_at": "When the load was landed (UTC).",
    "col_stg_measure_member": "The registry's key of the data description; NULL for one that it does not map.",
    "col_stg_measure_key": "What is measured; NULL for a data description that the registry does not map. Such rows go "
    "no further.",
    "col_stg_area_label": "The area as the source writes it.",
    "col_stg_period_kind": "What kind of period: financial_year_end, financial_year, mid_year, calendar_year, "
    "school_year, point, quarter, calendar_quarter, month or rolling_year.",
    "col_stg_period_label": "The period as the source writes it.",
    "col_stg_member": "Our key of the member; `all` for the total.",
    "col_stg_is_whole": "TRUE where the row is the whole of other rows of the source, because of a breakdown.",
    "col_stg_cell_no": "Number of the cell, of this build: rows that mean the same measure, area, period and breakdown "
    "have the same.",
    "col_stg_value_text": "The value as it came.",
    "col_stg_value": "The value in the measure's unit; NULL unless it was reported.",
    "col_stg_value_status": "Why there is a value or none; NULL where the text is not a number and no code says why.",
}
"""Docs blocks that scaffold needs and keeps in ``_columns.md``."""
_BROUGHT = "What each vintage brought, typed and keyed."

_MODEL: tuple[tuple[str, str], ...] = (
    ("source_key", "col_source_key"),
    ("load_id", "col_load_id"),
    ("vintage_no", "col_stg_vintage_no"),
    ("is_gone", "col_stg_is_gone"),
    ("is_change", "col_stg_is_change"),
    ("known_from", "col_known_from"),
    ("landed_at", "col_stg_landed_at"),
    ("is_synthetic", "col_is_synthetic"),
    ("measure_member", "col_stg_measure_member"),
    ("measure_key", "col_stg_measure_key"),
    ("area_code", "col_area_code"),
    ("area_label", "col_stg_area_label"),
    ("period_kind", "col_stg_period_kind"),
    ("period_key", "col_period_key"),
    ("period_start", "col_period_start"),
    ("period_end", "col_period_end"),
    ("period_label", "col_stg_period_label"),
    ("<breakdowns>", "col_stg_member"),
    ("breakdown", "col_breakdown"),
    ("is_whole", "col_stg_is_whole"),
    ("cell_no", "col_stg_cell_no"),
    ("value_text", "col_stg_value_text"),
    ("value", "col_stg_value"),
    ("value_status", "col_stg_value_status"),
    ("revision_status", "col_revision_status"),
    ("note_codes", "col_note_codes"),
    ("source_row", "col_source_row"),
    ("landed_sha256", "col_landed_sha256"),
)
"""The columns of a staging model and their docs blocks, in order."""


def model_sql(dataset: Dataset) -> str:
    """The staging model of an entry.

    Args:
        dataset: The registry entry.

    Returns:
        About ten lines of SQL.
    """
    lines = [f"-- {_sentence(dataset.title_en)} {_sentence(dataset.title_cy)}", "{{ stage_statswales("]
    lines.append(f"    '{dataset.key}',")
    for name, keys in (("breakdowns", dataset.breakdowns), ("measure_breakdowns", dataset.measure_breakdowns)):
        if keys:
            lines.append(f"    {name}=[{', '.join(repr(key) for key in keys)}],")
    return "\n".join([*lines, ") }}", ""])


def model_yml(dataset: Dataset) -> str:
    """The raw table and the documentation of an entry's staging model.

    Args:
        dataset: The registry entry.

    Returns:
        YAML of a dbt properties file.
    """
    titles = f"{_sentence(dataset.title_en)} {_sentence(dataset.title_cy)}"
    lines = [
        "# `gofal sources scaffold` writes this from the dataset registry.",
        "version: 2",
        "",
        "sources:",
        "  - name: lake",
        "    schema: lake",
        "    tables:",
        f"      - name: raw_{dataset.key}",
        f"        description: {_quoted(f'Landed rows of StatsWales. {titles}')}",
    ]
    lines += [
        f"      - name: raw_{EXPORT_PREFIX}{dataset.key}",
        f"        description: {_quoted(_doc('col_stg_export'))}",
        "",
        "models:",
        f"  - name: {PREFIX}{dataset.key}",
        f"    description: {_quoted(f'Grain: vintage_no × source_row × is_gone. {titles} {_BROUGHT}')}",
        "    columns:",
    ]
    for name, doc in _MODEL:
        for column in _parts(dataset) if name == "<breakdowns>" else [name]:
            lines += [f"      - name: {column}", f"        description: {_quoted(_doc(doc))}"]
    return "\n".join([*lines, ""])


def write(dataset: Dataset, project: Path = PROJECT) -> list[Path]:
    """Write an entry's staging files, and the list of what is staged.

    Args:
        dataset: The registry entry.
        project: The dbt project.

    Returns:
        The files whose content is new or was changed.
    """
    return write_all({dataset.key: dataset}, project)


def write_all(registry: Mapping[str, Dataset], project: Path = PROJECT) -> list[Path]:
    """Write the staging files of entries, and the list of what is staged.

    Args:
        registry: Entries by key.
        project: The dbt project.

    Returns:
        The files whose content is new or was changed; writing twice changes nothing.
    """
    folder = project / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / "_columns.md": columns_md()}
    for dataset in registry.values():
        files[folder / f"{PREFIX}{dataset.key}.sql"] = model_sql(dataset)
        files[folder / f"{PREFIX}{dataset.key}.yml"] = model_yml(dataset)
    changed = [path for path, text in files.items() if _put(path, text)]
    macro = project / MACRO
    macro.parent.mkdir(parents=True, exist_ok=True)
    if _put(macro, datasets_macro(staged(project))):
        changed.append(macro)
    return changed


def files_of(dataset: Dataset) -> dict[str, str]:
    """What `write` would write of an entry, without the shared files.

    Args:
        dataset: The registry entry.

    Returns:
        Text by path within the dbt project.
    """
    return {
        f"{FOLDER}/{PREFIX}{dataset.key}.sql": model_sql(dataset),
        f"{FOLDER}/{PREFIX}{dataset.key}.yml": model_yml(dataset),
    }


def staged(project: Path = PROJECT) -> list[str]:
    """The registry keys that have a staging model, in alphabetical order.

    Args:
        project: The dbt project.
    """
    found = (re.fullmatch(rf"{PREFIX}([a-z][a-z0-9_]*)", p.stem) for p in (project / FOLDER).glob(f"{PREFIX}*.sql"))
    return sorted(match[1] for match in found if match and _stages(project, match[1]))


def datasets_macro(keys: Iterable[str]) -> str:
    """The macro that lists what is staged.

    Args:
        keys: Registry keys.

    Returns:
        SQL.
    """
    listed = "".join(f"        '{key}',\n" for key in sorted(keys))
    return (
        "{# The datasets that have a staging model: `gofal sources scaffold` writes this from the models in the "
        "folder. #}\n"
        "{% macro statswales_datasets() -%}\n"
        f"    {{{{ return([\n{listed}    ]) }}}}\n"
        "{%- endmacro %}\n"
    )


def columns_md() -> str:
    """The docs blocks that staging models share."""
    blocks = [f"{{% docs {name} %}}\n{text}\n{{% enddocs %}}" for name, text in _OWN_DOCS.items()]
    return "\n\n".join(["Columns that every staged dataset has, described once.", *blocks]) + "\n"


def _stages(project: Path, key: str) -> bool:
    """Whether a file is the staging model of the dataset that it is named after (a helper beside it is not)."""
    text = (project / FOLDER / f"{PREFIX}{key}.sql").read_text(encoding="utf-8")
    return re.search(rf"stage_statswales\(\s*'{key}'", text) is not None


def _parts(dataset: Dataset) -> list[str]:
    return sorted({*dataset.breakdowns, *dataset.measure_breakdowns})


def _sentence(title: str) -> str:
    return " ".join(title.split()).rstrip(".") + "."


def _doc(block: str) -> str:
    return f"{{{{ doc('{block}') }}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON text is a YAML text


def _put(path: Path, text: str) -> bool:
    """Write a file whole, where it does not say so already."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return True
