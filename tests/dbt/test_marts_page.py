"""The page on marts, in both languages: it has every mart in its schema, no other, and its links lead somewhere."""

from __future__ import annotations

import re

import pytest

from ingestion.config import CHECKOUT

DOCS = CHECKOUT / "docs"
PAGES = ["marts.md", "marts.cy.md"]
LINKED = [*(f"docs/{name}" for name in PAGES), "docs/bi.md", "docs/design.md", "docs/runbook.md", "README.md"]
LINKED += [str(path.relative_to(CHECKOUT)) for path in sorted((DOCS / "decisions").glob("*.md"))]


def marts() -> dict[str, set[str]]:
    """The marts of each schema, by the folders of their models."""
    folder = CHECKOUT / "dbt_project" / "models" / "marts"
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.sql"):
        found.setdefault(path.relative_to(folder).parts[0], set()).add(path.stem)
    return found


def told(page: str) -> dict[str, list[list[str]]]:
    """The rows of the table under each heading that is a schema."""
    sections = re.split(r"^## (\w+)$", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        schema: [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines()
            if line.startswith("| `")
        ]
        for schema, text in zip(sections[::2], sections[1::2], strict=True)
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_mart_is_told_in_its_schema_and_no_other_is(page: str) -> None:
    named = {
        schema: {name for row in rows for name in re.findall(r"`(\w+)`", row[0])} for schema, rows in told(page).items()
    }
    there = marts()
    restricted = there.pop("restricted")
    assert named == there
    text = (DOCS / page).read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in restricted), "what is not published is said to be"


@pytest.mark.parametrize("page", PAGES)
def test_every_row_says_what_it_is_and_gives_a_question(page: str) -> None:
    for rows in told(page).values():
        for row in rows:
            assert len(row) == 4, row
            assert row[1], row
            assert row[3].endswith("?"), row


def test_the_welsh_page_keeps_step_with_the_english() -> None:
    english, welsh = (told(page) for page in PAGES)
    assert list(english) == list(welsh)
    for schema, rows in english.items():
        assert [row[0] for row in rows] == [row[0] for row in welsh[schema]]
        for row, other in zip(rows, welsh[schema], strict=True):
            assert bool(row[2]) == bool(other[2]), row[0]
            codes = [
                {re.sub("_en$|_cy$", "", code) for code in re.findall(r"`([^`]+)`", cell)}
                for cell in (row[2], other[2])
            ]
            assert codes[0] == codes[1], row[0]
            # a row that was copied and not translated
            assert row[1] != other[1], row[0]
            assert row[3] != other[3], row[0]


@pytest.mark.parametrize("page", LINKED)
def test_links_lead_to_something_that_is_there(page: str) -> None:
    path = CHECKOUT / page
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    gone = [link for link in links if not link.startswith("http") and not (path.parent / link).exists()]
    assert gone == []


def test_every_decision_is_in_the_list() -> None:
    folder = DOCS / "decisions"
    listed = re.findall(r"^- \[(\d+)\. .*\]\((\d{4})-([\w-]+)\.md\)$", (folder / "README.md").read_text("utf-8"), re.M)
    assert [int(number) for number, _, _ in listed] == list(range(1, len(listed) + 1))
    assert {f"{digits}-{slug}.md" for _, digits, slug in listed} == {p.name for p in folder.glob("[0-9]*.md")}
    for number, digits, slug in listed:
        assert int(number) == int(digits)
        assert (folder / f"{digits}-{slug}.md").read_text(encoding="utf-8").startswith(f"# {number}. ")
