"""Wales and its 22 principal areas, as the stand-in server names them in both languages.

The order is the one in which the source lists them, which is also its sort order: Wales 0, Isle of Anglesey 1…
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestion.statswales.registry import normalise

WALES = "W92000004"


@dataclass(frozen=True, slots=True)
class Area:
    """One area: its GSS code, its code in the old StatsWales, and its official names."""

    code: str
    legacy: str
    en: str
    cy: str
    also: tuple[str, ...] = ()

    @property
    def parent(self) -> str | None:
        """The code of the area above it."""
        return None if self.code == WALES else WALES


AREAS: tuple[Area, ...] = (
    Area(
        WALES,
        "596",
        "Wales",
        "Cymru",
        ("All Welsh local authorities", "Total Welsh local authorities", "Cyfanswm awdurdodau lleol Cymru"),
    ),
    Area("W06000001", "512", "Isle of Anglesey", "Ynys Môn", ("Anglesey", "Ynys Mon")),
    Area("W06000002", "514", "Gwynedd", "Gwynedd"),
    Area("W06000003", "516", "Conwy", "Conwy"),
    Area("W06000004", "518", "Denbighshire", "Sir Ddinbych"),
    Area("W06000005", "520", "Flintshire", "Sir y Fflint"),
    Area("W06000006", "522", "Wrexham", "Wrecsam"),
    Area("W06000023", "524", "Powys", "Powys"),
    Area("W06000008", "526", "Ceredigion", "Ceredigion"),
    Area("W06000009", "528", "Pembrokeshire", "Sir Benfro"),
    Area("W06000010", "530", "Carmarthenshire", "Sir Gaerfyrddin"),
    Area("W06000011", "532", "Swansea", "Abertawe"),
    Area("W06000012", "534", "Neath Port Talbot", "Castell-nedd Port Talbot"),
    Area("W06000013", "536", "Bridgend", "Pen-y-bont ar Ogwr"),
    Area("W06000014", "538", "Vale of Glamorgan", "Bro Morgannwg", ("The Vale of Glamorgan",)),
    Area("W06000015", "552", "Cardiff", "Caerdydd"),
    Area("W06000016", "540", "Rhondda Cynon Taf", "Rhondda Cynon Taf", ("Rhondda Cynon Taff",)),
    Area("W06000024", "542", "Merthyr Tydfil", "Merthyr Tudful"),
    Area("W06000018", "544", "Caerphilly", "Caerffili"),
    Area("W06000019", "545", "Blaenau Gwent", "Blaenau Gwent"),
    Area("W06000020", "546", "Torfaen", "Torfaen"),
    Area("W06000021", "548", "Monmouthshire", "Sir Fynwy"),
    Area("W06000022", "550", "Newport", "Casnewydd"),
)
BY_CODE = {area.code: area for area in AREAS}
BY_LEGACY = {area.legacy: area for area in AREAS}
SORT = {area.code: order for order, area in enumerate(AREAS)}
_BY_TEXT = {normalise(text): area for area in AREAS for text in (area.code, area.en, area.cy, *area.also)}


def find_area(*texts: str | None) -> Area | None:
    """The area that one of these texts (a GSS code, or a name in either language) means, or None.

    A remark in brackets behind a name is passed over: ``Wales (all authorities)``.
    """
    for text in texts:
        folded = normalise(text)
        area = _BY_TEXT.get(folded) or _BY_TEXT.get(re.sub(r"\s*\([^()]*\)$", "", folded))
        if area:
            return area
    return None
