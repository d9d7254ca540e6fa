"""A catalogue with made-up datasets on the stand-in server, and a registry that knows some of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from ingestion.sample.cube import Cube, Details, Dimension, Member, cube_from_table
from ingestion.sample.standin import StandIn

PINNED = "11111111-aaaa-4aaa-8aaa-000000000001"
GUESSED = "11111111-aaaa-4aaa-8aaa-000000000002"
FOUND = "11111111-aaaa-4aaa-8aaa-000000000003"
OTHER = "11111111-aaaa-4aaa-8aaa-000000000004"
RELEASED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)

REGISTRY = """\
# A comment that stays.
columns:
  local_authority:
    kind: area
    names: [Local authority, AreaCode]
    name_cy: Awdurdod lleol
  shared_gender:
    kind: breakdown
    names: [Gender]
    name_cy: Rhywedd
    values:
      male: {en: Boys, cy: Bechgyn, code: M}
      female: {en: Girls, cy: Merched, code: F}
measures:
  children:
    title_en: Children
    title_cy: Plant
    unit: children
datasets:
  placements:
    uuid: 11111111-aaaa-4aaa-8aaa-000000000001
    title_en: Children by type of placement
    title_cy: Plant yn ôl math o leoliad
    columns:
      measure: &measure
        kind: measure
        names: [Data description]
        name_cy: Disgrifiad o’r data
        values:
          number: {en: Number, cy: Nifer, code: "1", measure_key: children}   # all of it
      period: &period
        kind: period
        period: financial_year
        names: [Year]
        name_cy: Blwyddyn
      area: local_authority
      placement:
        kind: breakdown
        names: [Placement]
        name_cy: Lleoliad
        values:
          all: {en: All placements, cy: Pob lleoliad, code: T, is_total: true}
          # foster care of every kind
          foster: {en: Foster care, cy: Gofal maeth, code: A1, also: [fostering]}

  guessed:
    uuid: 11111111-aaaa-4aaa-8aaa-000000000002
    confirm: true
    title_en: Adoptions of children by gender
    title_cy: Mabwysiadu plant yn ôl rhywedd
    theme: adoption
    columns:
      measure: *measure
      period: *period
      area: {kind: area, constant: W92000004}
      gender: shared_gender
  ethnicity:
    title_en: Children by ethnic group
    title_cy: Plant yn ôl grŵp ethnig
    columns: {measure: *measure, period: *period, area: local_authority}
  reasons:
    title_en: Children by reason
    title_cy: Plant yn ôl rheswm
    awaiting_en: Not published yet.
    awaiting_cy: Heb ei gyhoeddi eto.
    columns: {measure: *measure, period: *period, area: local_authority}
"""

MEASURE = Dimension("Measure", "Data description", "Disgrifiad o’r data", [Member("1", "Number", "Nifer", 1)])


def years(*first: int) -> Dimension:
    members = [
        Member(f"{y}{y % 100 + 1}", f"{y}-{y % 100 + 1}", f"{y}-{y % 100 + 1}", y) for y in first or (2023, 2024)
    ]
    return Dimension("YearCode", "Year", "Blwyddyn", members)


def areas() -> Dimension:
    members = [Member("W92000004", "Wales", "Cymru", 0), Member("W06000015", "Cardiff", "Caerdydd", 1)]
    return Dimension("AreaCode", "Local authority", "Awdurdod lleol", members)


def placements(*more: Member, name: str = "Placement", fact: str = "PlacementCode") -> Dimension:
    members = [Member("T", "All placements", "Pob lleoliad", 0), Member("A1", "Foster care", "Gofal maeth", 1)]
    return Dimension(fact, name, "Lleoliad", [*members, *more])


def genders(*more: Member) -> Dimension:
    members = [Member("M", "Boys", "Bechgyn", 0), Member("F", "Girls", "Merched", 1), *more]
    return Dimension("GenderCode", "Gender", "Rhywedd", members)


def cube(*dimensions: Dimension, measure: Dimension = MEASURE) -> Cube:
    """Every combination of members, with one made-up value: with one part, the whole is its part."""
    rows: dict[str, list[str]] = {"value": [], "note_codes": []}
    combinations: list[tuple[str, ...]] = [()]
    for dimension in (measure, *dimensions):
        combinations = [(*c, member.reference) for c in combinations for member in dimension.members]
    for place, dimension in enumerate((measure, *dimensions)):
        rows[dimension.fact_column] = [c[place] for c in combinations]
    rows["value"] = ["40"] * len(combinations)
    rows["note_codes"] = ["p" if i == 0 else "" for i in range(len(combinations))]
    table = pa.table({name: pa.array(cells, pa.string()) for name, cells in rows.items()})
    # members are the cube's own afterwards: it counts their facts
    return cube_from_table(table, copy(measure), [copy(d) for d in dimensions])


def copy(d: Dimension) -> Dimension:
    return Dimension(d.fact_column, d.name_en, d.name_cy, list(d.members), d.is_date)


def publish(
    server: StandIn,
    uuid: str,
    en: str,
    cy: str,
    dimensions: Sequence[Dimension],
    *,
    topics: tuple[int, ...] = (54,),
    at: datetime | None = None,
    measure: Dimension = MEASURE,
    summary: str = "",
) -> None:
    """Publish a dataset, or its next revision: a day after the one before unless told otherwise."""
    entry = server.entries.get(uuid)
    at = at or RELEASED + timedelta(days=len(entry.revisions) if entry else 0)
    details = Details(
        title_en=en, title_cy=cy, topics=topics, summary_en=summary,
        update_frequency={"update_type": "update", "date": {"year": "2027", "month": "1"}},
    )  # fmt: skip
    server.publish(uuid, cube(*dimensions, measure=measure), details, uuid=uuid, publish_at=at)


def registry_file(folder: Path, text: str = REGISTRY) -> Path:
    path = folder / "datasets.yml"
    path.write_text(text, encoding="utf-8")
    return path
