"""The cover of a return: who sends it, for which area and period, who certifies it. The same for every return.

In a workbook it is the first sheet, a label and its value a row; in a CSV the lines before the first table.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

COVER_EN, COVER_CY = "Cover", "Clawr"
MARK_SHEET = "_gofal"
"""A hidden sheet of our templates: ``return_key``, ``template_version``, ``area_code``, ``period_key`` and their values,
so that a workbook says what it is whatever is written on its cover."""
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


FIELDS: tuple[CoverField, ...] = (
    CoverField(key="return", label_en="Return", label_cy="Ffurflen", kind="return", by="template"),
    CoverField(key="version", label_en="Template version", label_cy="Fersiwn y templed", kind="integer", by="template"),
    CoverField(key="area", label_en="Area", label_cy="Ardal", kind="area", by="template"),
    CoverField(key="period", label_en="Period", label_cy="Cyfnod", kind="period", by="template"),
    CoverField(key="submitted_by", label_en="Submitted by (if another body)", label_cy="Cyflwynwyd gan (os corff arall)", kind="area"),
    CoverField(key="prepared_by", label_en="Prepared by", label_cy="Paratowyd gan", kind="text"),
    CoverField(key="language", label_en="Preferred language", label_cy="Dewis iaith", kind="language"),
    CoverField(key="nil_return", label_en="Nil return", label_cy="Dim i’w adrodd", kind="yes_no"),
    CoverField(key="replaces", label_en="Replaces submission number", label_cy="Yn disodli cyflwyniad rhif", kind="integer"),
    CoverField(key="reason", label_en="Reason for a change after the period is closed", label_cy="Rheswm dros newid ar ôl cau’r cyfnod", kind="text"),
    CoverField(key="certified_by", label_en="Certified by (name)", label_cy="Ardystiwyd gan (enw)", kind="text"),
    CoverField(key="certified_role", label_en="Certified as", label_cy="Ardystiwyd fel", kind="role"),
    CoverField(key="certified_on", label_en="Date of certification", label_cy="Dyddiad ardystio", kind="date"),
    CoverField(key="audit_reference", label_en="Audit certificate reference", label_cy="Cyfeirnod y dystysgrif archwilio", kind="text"),
    CoverField(key="audit_date", label_en="Audit certificate date", label_cy="Dyddiad y dystysgrif archwilio", kind="date"),
)  # fmt: skip

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
