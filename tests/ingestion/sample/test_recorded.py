"""Given the same figures, the stand-in server answers what the genuine server answered when it was recorded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ingestion.sample.cube import Details, cube_from_csv
from ingestion.sample.standin import StandIn
from ingestion.statswales.registry import load_registry

pytestmark = pytest.mark.shared

SOURCE = "statswales/recorded/children_looked_after_2003_2015"
FIGURES = "real_data/children_looked_after_31_march_2003_2015.csv"
FOLDERS = ("revision_1_to_2014", "revision_2_adds_2015")
FILES = (
    "metadata_en-GB.json",
    "metadata_cy-GB.json",
    "filters_en-GB.json",
    "filters_cy-GB.json",
    "history.json",
    "post_raw_extended.json",
    "post_with_note_codes.json",
    "query_raw_extended.json",
    "query_with_note_codes.json",
    "data_raw_extended_en-GB.csv",
    "data_raw_extended_cy-GB.csv",
    "data_with_note_codes_en-GB.csv",
    "data_with_note_codes_cy-GB.csv",
)
# Ids, dates, ETags and SQL text are another server's; the order of rows, languages and mappings has no meaning.
OWN = {
    "id",
    "hash",
    "datasetId",
    "revisionId",
    "filterId",
    "query",
    "group_id",
    "revision_id",
    "provider_id",
    "source_id",
}
DATES = {"created_at", "updated_at", "approved_at", "publish_at", "first_published_at", "createdAt", "updatedAt"}
KEPT_IDS = {"topics", "related_links"}
UNORDERED = {"metadata", "providers", "columnMapping"}


def parsed(value: Any, where: str = "") -> Any:
    """A JSON answer without what may differ: own ids and dates are replaced by whether they are there."""
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            if (name in OWN and where not in KEPT_IDS) or name == "previous_revision_id":
                found[name] = inner is not None
            elif name in DATES and where not in KEPT_IDS:
                found[name] = bool(datetime.fromisoformat(inner))
            else:
                found[name] = parsed(inner, name)
        return found
    if isinstance(value, list):
        items = [parsed(item, where) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if where in UNORDERED else items
    return value


def details(folder: Path) -> tuple[Details, dict[str, str | None]]:
    """What the recorded dataset says about itself, and why it was updated."""
    found = {}
    for lang in ("en", "cy"):
        answer = json.loads((folder / f"metadata_{lang}-GB.json").read_text(encoding="utf-8"))
        revision = answer["published_revision"]
        text = next(part for part in revision["metadata"] if part["language"] == f"{lang}-GB")
        provider = next(part for part in revision["providers"] if part["language"] == f"{lang}-gb")
        found |= {f"{name}_{lang}": text[name] for name in ("title", "summary", "collection", "quality")}
        found[f"rounding_{lang}"] = text["rounding_description"]
        found[f"source_{lang}"] = provider["source_name"]
        found[f"organisation_{lang}"] = provider["provider_name"]
        found[f"group_{lang}"] = answer["publisher"]["group"]["name"]
        found[f"email_{lang}"] = answer["publisher"]["group"]["email"]
        found[f"reason_{lang}"] = text.get("reason")
    reasons = {f"reason_{lang}": found.pop(f"reason_{lang}") for lang in ("en", "cy")}
    return (
        Details(
            **found,
            designation=revision["designation"],
            topics=tuple(topic["id"] for topic in revision["topics"]),
            related_links=tuple(revision["related_links"]),
            update_frequency=revision["update_frequency"],
        ),
        reasons,
    )


@pytest.fixture(scope="module", params=[1, 2])
def replay(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The server with the recorded dataset up to one of its revisions, and the folder of that revision's answers."""
    entry = load_registry()["children_looked_after_gender_age"]
    everything = (shared / FIGURES).read_text(encoding="utf-8-sig").splitlines(keepends=True)
    place = everything[0].strip().split(",").index("year_ending_31_march")
    earlier = tmp_path_factory.mktemp("figures") / "to_2014.csv"
    kept = [line for line in everything[1:] if int(line.split(",")[place]) <= 2014]
    earlier.write_text("".join([everything[0], *kept]), encoding="utf-8")
    folders = [shared / SOURCE / name for name in FOLDERS][: request.param]
    index = json.loads((folders[-1] / "INDEX.json").read_text(encoding="utf-8"))
    dataset = index[0]["path"].split("/")[2].split("?")[0]
    with StandIn(rate_limit=None) as standin:
        for path, folder in zip([earlier, shared / FIGURES], folders, strict=False):
            about, reasons = details(folder)
            standin.publish("recorded", cube_from_csv(path, entry), about, uuid=dataset, **reasons)
        yield standin, folders[-1], {part["file"]: part for part in index}


@pytest.mark.parametrize("name", FILES)
def test_the_recorded_request_has_the_recorded_answer(replay: Any, name: str) -> None:
    standin, folder, index = replay
    root = standin.url.removesuffix("/v2")
    recorded = index[name]
    path = recorded["path"]
    for part in path.split("?")[0].split("/")[-1:]:
        if any(json.loads((folder / f).read_text())["filterId"] == part for f in FILES if f.startswith("post_")):
            view = "raw_extended" if "raw_extended" in name else "with_note_codes"
            body = index[f"post_{view}.json"]["request_body"]
            asked = f"{root}{index[f'post_{view}.json']['path']}"
            own = requests.post(asked, data=body, headers={"Content-Type": "application/json"}, timeout=30)
            path = path.replace(part, own.json()["filterId"])
    answer = requests.request(
        recorded["method"],
        root + path,
        data=recorded["request_body"],
        headers={"Content-Type": "application/json"} if recorded["request_body"] else {},
        timeout=30,
    )
    assert answer.status_code == recorded["status"]
    for header in ("Content-Language", "Vary", "Content-Type", "Content-Disposition"):
        assert answer.headers.get(header) == recorded["headers"].get(header), header
    assert ("ETag" in answer.headers) == ("ETag" in recorded["headers"])
    expected = (folder / name).read_bytes()
    if name.endswith(".csv"):
        assert rows(answer.content) == rows(expected)
        assert answer.content.endswith(b"\n") == expected.endswith(b"\n")
    else:
        assert parsed(answer.json()) == parsed(json.loads(expected))


def test_every_recorded_answer_is_compared(replay: Any) -> None:
    _, folder, index = replay
    assert set(FILES) == set(index) == {path.name for path in folder.iterdir()} - {"INDEX.json"}


def rows(body: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV body, rows in an order of their own."""
    header, *found = csv.reader(io.StringIO(body.decode("utf-8"), newline=""))
    return header, sorted(found)


SAMPLES = [
    "v2_data_cla.csv",
    "v2_data_cla_raw_extended.csv",
    "v2_data_edge.csv",
    "v2_data_hlth1250.csv",
    "v2_data_ro_int.csv",
    "v2_data_ro_dec.csv",
    "v2_data_cla_cy.csv",
]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_that_the_genuine_server_wrote_is_served_as_it_is(shared: Path, name: str) -> None:
    path = shared / "statswales/samples" / name
    cube = cube_from_csv(path)
    view = "raw_extended" if "extended" in name else "raw"
    lang = "cy" if "_cy" in name else "en"
    assert rows(cube.csv(view, lang).read_bytes()) == rows(path.read_bytes())  # type: ignore[arg-type]
    cube.close()


@pytest.mark.parametrize("view", ["formatted", "formatted_extended", "with_note_codes", "raw"])
def test_the_other_views_of_a_genuine_cube_are_the_same_but_for_decimals_and_codes_it_does_not_tell(
    shared: Path, view: str
) -> None:
    folder = shared / "statswales/samples"
    cube = cube_from_csv(folder / "v2_data_cla_raw_extended.csv")
    ours, theirs = (
        list(csv.DictReader(io.StringIO(text)))
        for text in (
            cube.csv(view, "en").read_text(encoding="utf-8"),  # type: ignore[arg-type]
            (folder / f"v2_data_cla_{view}.csv").read_text(encoding="utf-8"),
        )
    )
    place = [name for name in theirs[0] if name not in ("Data values", "Data values_sort")]
    assert list(ours[0]) == list(theirs[0])
    key = lambda row: [row[name] for name in place]  # noqa: E731
    ours.sort(key=key)
    theirs.sort(key=key)
    assert [key(row) for row in ours] == [key(row) for row in theirs]
    whole = [(a, b) for a, b in zip(ours, theirs, strict=True) if a["Data description"] == "Number"]
    lost = [(a["Data values"], b["Data values"]) for a, b in whole if a["Data values"] != b["Data values"]]
    # Codes that the genuine server loses from Notes cannot be read back from a raw file.
    assert all(view == "with_note_codes" and b.startswith(a.split(" [")[0]) for a, b in lost)
    assert len(lost) < len(whole) / 10
    cube.close()
