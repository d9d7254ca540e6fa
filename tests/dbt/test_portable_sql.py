"""Models are written in SQL that every engine reads; what engines say in words of their own stands in ``macros/``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))

OWN_WORDS = {
    "qualify": r"\bqualify\b",
    "an aggregate with filter": r"\)\s*filter\s*\(",
    "group by all": r"\b(group|order) by all\b",
    "a cast with two colons": r"::",
    "star with columns left out or replaced": r"\*\s*(exclude|replace)\b",
    "varchar": r"\bvarchar\b",
    "a list, a struct or their functions": r"\b(list|unnest|struct_pack|list_\w+|array_\w+)\s*\(",
    "a joined text (join_texts)": r"\b(string_agg|listagg|group_concat)\s*\(",
    "the value at the least (value_at_least)": r"\b(arg_min|arg_max|min_by|max_by)\s*\(",
    "a pattern (matches, extract, replace_all)": r"\bregexp_\w+\s*\(|\brlike\b|\bsimilar to\b",
    "ilike": r"\bilike\b",
    "a cast that may fail (canonical, to_number)": r"\btry_cast\s*\(",
    "dates in an engine’s words": r"\b(date_diff|datediff|date_trunc|date_part|str[fp]time|make_date|epoch_ms)\s*\(",
    "an interval": r"\binterval\s*['(\d]",
    "a hash (row_hash)": r"\b(hash|md5|xxhash64)\s*\(",
    "a number as text (readable_number)": r"\b(format|printf|format_number)\s*\(",
    "a backslash as the escape, which Spark takes for part of the text": r"escape\s*'\\'",
    "a name in double quotes, a text to Spark": r'"\w+"',
}


def own_words(sql: str) -> list[str]:
    """What of a model's text only some engines read: comments, texts and the calls of macros are left out."""
    plain = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", sql, flags=re.DOTALL)
    plain = re.sub(r"--[^\n]*", " ", plain)
    words = re.sub(r"'(?:[^']|'')*'(?<!'\\')", "''", plain)
    return [name for name, pattern in OWN_WORDS.items() if re.search(pattern, plain if "'" in pattern else words, re.I)]


def test_no_model_says_in_one_engines_words_what_others_cannot_read() -> None:
    assert MODELS
    found = {str(path.relative_to(PROJECT)): names for path in MODELS if (names := own_words(path.read_text("utf-8")))}
    assert found == {}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select a::date from x", "a cast with two colons"),
        ("select count(*) filter (where a) from x", "an aggregate with filter"),
        ("select a from x group by all", "group by all"),
        ("select * exclude (a) from x", "star with columns left out or replaced"),
        (
            "select a from x where a like '%!_b' escape '\\'",
            "a backslash as the escape, which Spark takes for part of the text",
        ),
        ("select a + interval 1 day from x", "an interval"),
        ('select "at" from x', "a name in double quotes, a text to Spark"),
    ],
)
def test_words_of_one_engine_are_found(sql: str, found: str) -> None:
    assert own_words(sql) == [found]


def test_comments_texts_and_macros_are_not_the_models_words() -> None:
    assert own_words("-- qualify\nselect 'unnest(a::b)', {{ extract('a', 'regexp_x(') }} from x") == []


def test_every_word_that_differs_is_known_to_spark_too() -> None:
    macros = {path.name: path.read_text("utf-8") for path in (PROJECT / "macros").glob("*.sql")}
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", "".join(macros.values())))
    # standard SQL as they stand, or not asked by Spark's own versions of others
    shared = {"date_of", "extract", "canonical", "parquet_columns"}
    versions = set(re.findall(r"macro spark__(\w+)\(", macros["spark.sql"]))
    assert dispatched - versions == shared
