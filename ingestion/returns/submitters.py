"""What each submitter has settled with us: language, folder in the inbox, and who may submit for it.

Read from ``submitters.yml``. An area that is not in it writes English and has a folder called after it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion.returns.areas import areas
from ingestion.statswales.registry import Place, hint, parse_yaml, validated, wrong

SUBMITTERS = Path(__file__).with_name("submitters.yml")
Language = Literal["en", "cy"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Submitter(_Strict):
    """What one area has settled."""

    language: Language = "en"
    """The language that it is written to first; the other one follows always."""
    folder: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    """Its folder in the inbox, where that is not its English name."""


class Delegation(_Strict):
    """That one area may submit for another."""

    submitted_by: str
    on_behalf_of: str
    returns: tuple[str, ...] = ()
    """Only these; empty for all."""
    first_day: date
    last_day: date | None = None


class Submitters(_Strict):
    """The file."""

    areas: dict[str, Submitter] = {}
    delegations: tuple[Delegation, ...] = ()


@functools.cache
def load_submitters(path: Path = SUBMITTERS) -> Submitters:
    """Read the file.

    Raises:
        RegistryError: It is not what it should be, or names an area or a return that there is not.
    """
    from ingestion.returns.spec import load_returns

    document, lines = parse_yaml(path)
    found = validated(path, lines, (), Submitters, document)
    for code in found.areas:
        _known(path, lines, ("areas", code), code, areas(), "area", "ardal")
    folders: dict[str, str] = {}
    for number, one in enumerate(found.delegations):
        place: Place = ("delegations", number)
        _known(path, lines, (*place, "submitted_by"), one.submitted_by, areas(), "area", "ardal")
        _known(path, lines, (*place, "on_behalf_of"), one.on_behalf_of, areas(), "area", "ardal")
        for key in one.returns:
            _known(path, lines, (*place, "returns"), key, load_returns(), "return", "ffurflen")
    for code, name in _folders(found).items():
        if name in folders:
            raise wrong(
                path,
                lines,
                ("areas", code),
                f"the folder {name!r} is {folders[name]}’s already",
                f"mae’r ffolder {name!r} eisoes yn perthyn i {folders[name]}",
            )
        folders[name] = code
    return found


def _known(
    path: Path, lines: Mapping[Place, int], place: Place, word: str, known: Mapping[str, object], en: str, cy: str
) -> None:
    if word not in known:
        raise wrong(
            path,
            lines,
            place,
            f"there is no {en} {word!r}{hint(word, known)}",
            f"nid oes {cy} {word!r}{hint(word, known, 'cy')}",
        )


def preferred_language(area_code: str) -> Language:
    """The language that a submitter is written to first."""
    found = load_submitters().areas.get(area_code)
    return found.language if found else "en"


def may_submit(submitted_by: str, area_code: str, return_key: str, on: date) -> bool:
    """Whether an area may submit a return of another on a day. For itself it always may."""
    return submitted_by == area_code or any(
        (d.submitted_by, d.on_behalf_of) == (submitted_by, area_code)
        and (not d.returns or return_key in d.returns)
        and d.first_day <= on
        and (d.last_day is None or on <= d.last_day)
        for d in load_submitters().delegations
    )


def drop_folder(area_code: str) -> str:
    """The name of an area's folder in the inbox: ``gwynedd``, ``rpb-gwent``.

    Raises:
        KeyError: There is no such area.
    """
    return _folders(load_submitters())[area_code]


def area_of_folder(name: str) -> str | None:
    """The area whose folder in the inbox is called so; also by its code. None where it is nobody's."""
    folded = name.strip().casefold()
    for code, folder in _folders(load_submitters()).items():
        if folded in (folder, code.casefold()):
            return code
    return None


def _folders(found: Submitters) -> dict[str, str]:
    names = {}
    for code, area in areas().items():
        settled = found.areas.get(code)
        text = code if "_" in code else area.name_en
        names[code] = (settled.folder if settled else None) or _slug(text)
    return names


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
