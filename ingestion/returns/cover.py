"""The cover of a return: who sends it, for which area and period, who certifies it. The same for every return.

In a workbook it is the first sheet, a label and its value a row; in a CSV the lines before the first table.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

COVER_EN, COVER_CY = "Cover", "Clawr"
MARK_SHEET = "_gofal"
"""A hidden sheet of our templates: ``return_key``, ``template_version``, ``area_code``, ``period_key`` and their
values, so that a workbook says what it is whatever is written on its cover."""
SYNTHETIC_EN = "Synthetic data for demonstration – not real"
SYNTHETIC_CY = "Data synthetig at ddibenion arddangos – nid data go iawn"
"""Stands in A1 of the cover of every submission of the bundled sample, which marks it as synthetic."""


class CoverField(BaseModel):
    """One line of the cover."""

    model_config = ConfigDict(frozen=True)
    key: str
    label_en: str
    label_cy: str
    kind: Literal["text", "area", "period", "date", "yes_no", "language", "integer", "role", "return"]
    by: Literal["template", "submitter"] = "submitter"
    """Whether the template fills it in (and locks it)."""

    @property
    def label(self) -> str:
        """As it stands on the cover."""
        return f"{self.label_en} / {self.label_cy}"


FIELDS: tuple[CoverField, ...] = tuple(
    CoverField(key=key, kind=kind, by=by, label_en=en, label_cy=cy)
    for key, kind, by, en, cy in (
        ("return", "return", "template", "Return", "Ffurflen"),
        ("version", "integer", "template", "Template version", "Fersiwn y templed"),
        ("area", "area", "template", "Area", "Ardal"),
        ("period", "period", "template", "Period", "Cyfnod"),
        ("submitted_by", "area", "submitter", "Submitted by (if another body)", "Cyflwynwyd gan (os corff arall)"),
        ("prepared_by", "text", "submitter", "Prepared by", "Paratowyd gan"),
        ("language", "language", "submitter", "Preferred language", "Dewis iaith"),
        ("nil_return", "yes_no", "submitter", "Nil return", "Dim i’w adrodd"),
        ("replaces", "integer", "submitter", "Replaces submission number", "Yn disodli cyflwyniad rhif"),
        (
            "reason",
            "text",
            "submitter",
            "Reason for a change after the period is closed",
            "Rheswm dros newid ar ôl cau’r cyfnod",
        ),
        ("certified_by", "text", "submitter", "Certified by (name)", "Ardystiwyd gan (enw)"),
        ("certified_role", "role", "submitter", "Certified as", "Ardystiwyd fel"),
        ("certified_on", "date", "submitter", "Date of certification", "Dyddiad ardystio"),
        ("audit_reference", "text", "submitter", "Audit certificate reference", "Cyfeirnod y dystysgrif archwilio"),
        ("audit_date", "date", "submitter", "Audit certificate date", "Dyddiad y dystysgrif archwilio"),
    )
)

ROLES: dict[str, tuple[str, str]] = {
    "section_151_officer": ("Section 151 officer", "Swyddog Adran 151"),
    "rpb_lead": ("Regional Partnership Board lead", "Arweinydd y Bwrdd Partneriaeth Rhanbarthol"),
    "director_of_social_services": ("Director of social services", "Cyfarwyddwr gwasanaethau cymdeithasol"),
    "consortium_lead": ("Consortium lead", "Arweinydd y consortiwm"),
}
YES_NO: dict[bool, tuple[str, str]] = {True: ("Yes", "Ydy"), False: ("No", "Nac ydy")}
LANGUAGES: dict[str, tuple[str, str]] = {"en": ("English", "Saesneg"), "cy": ("Welsh", "Cymraeg")}
MARKERS: dict[str, tuple[str, str]] = {
    "not_applicable": ("Not applicable", "Ddim yn berthnasol"),
    "not_available": ("Not available", "Ddim ar gael"),
    "not_offered": ("Unable to commit", "Methu ymrwymo"),
    "not_collected": ("Not collected", "Heb ei gasglu"),
}
"""What may be written in a cell instead of a value, where the column allows it."""
