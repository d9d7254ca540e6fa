"""Servers and files for the tests of the sample."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestion.sample.cube import Cube, Details, cube_from_csv
from ingestion.sample.standin import StandIn
from ingestion.statswales.registry import Dataset, load_registry

CLA = "children_looked_after_gender_age"
RAW = """Data values,Data description,Year,Local Authority,Age group,Notes,NoteCodes
10,Number of boys,2017-18,Wales,All ages,Total,t
,Number of boys,2017-18,Cardiff,All ages,Confidential,c
-477,Number of boys,2018-19,Wales,All ages,,"p, e"
1160,Number of girls,2018-19,Cardiff,Under 1 year,,T
"""


@pytest.fixture(scope="session")
def children() -> Dataset:
    return load_registry()[CLA]


@pytest.fixture
def make_cube(tmp_path: Path) -> Iterator[Callable[..., Cube]]:
    made: list[Cube] = []

    def make(text: str, dataset: Dataset | None = None, name: str = "figures.csv") -> Cube:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        made.append(cube_from_csv(path, dataset))
        return made[-1]

    yield make
    for cube in made:
        cube.close()


@pytest.fixture
def server(make_cube: Callable[..., Cube], children: Dataset) -> Iterator[StandIn]:
    """A started server with one dataset of four rows."""
    with StandIn(rate_limit=None) as standin:
        cube = make_cube(RAW, children)
        details = Details(title_en="Children", title_cy="Plant", summary_en="About children")
        standin.publish(CLA, cube, details, uuid=children.uuid)
        yield standin
