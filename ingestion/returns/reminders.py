"""Drafts of reminders, in both languages, the submitter's own first. Nothing is sent from here: a person does that.

The wording is in ``reminders.yml``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from ingestion.returns.areas import areas
from ingestion.returns.cover import ROLES
from ingestion.returns.periods import ReturnPeriod, read_return_period
from ingestion.returns.spec import Family, ReturnSpec, load_returns
from ingestion.returns.submitters import Language, drop_folder, preferred_language
from ingestion.returns.wording import Words, long_date
from ingestion.statswales.registry import parse_yaml, validated

if TYPE_CHECKING:
    from ingestion.returns.calendar import Expected
    from ingestion.returns.store import Submission

WORDING = Path(__file__).with_name("reminders.yml")
Kind = Literal["due_soon", "overdue", "quarantined", "held"]
Key = tuple[str, str, str]
"""Return, area, period."""

_LABELS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Return", "Area", "Period", "Due", "What is missing", "What to do", "Where to send it", "It goes to"),
    "cy": ("Ffurflen", "Ardal", "Cyfnod", "I’w chyflwyno erbyn", "Beth sydd ar goll", "Beth i’w wneud",
           "Ble i’w hanfon", "Mae’n mynd at"),
}  # fmt: skip
_SHORT_ID = 12
_A_WEEK = 7


class Wording(BaseModel):
    """How one kind of reminder is worded."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    subject_en: str
    subject_cy: str
    opening_en: str
    opening_cy: str
    missing_en: str
    missing_cy: str
    do_en: str
    do_cy: str

    def told(self, part: str, language: Language, values: Mapping[str, object]) -> str:
        """One part of it, filled in."""
        return str(getattr(self, f"{part}_{language}")).format_map(values)


@dataclass(frozen=True, slots=True)
class Draft:
    """A reminder that nobody has sent yet."""

    kind: Kind
    return_key: str
    area_code: str
    period_key: str
    language: Language
    """The language that the submitter prefers."""
    subject_en: str
    subject_cy: str
    body_en: str
    body_cy: str

    @property
    def subject(self) -> str:
        """Both subjects, the preferred language first."""
        return " | ".join(_first(self.language, (self.subject_en, self.subject_cy)))

    @property
    def text(self) -> str:
        """Both texts, the preferred language first."""
        return "\n\n----\n\n".join(_first(self.language, (self.body_en, self.body_cy))) + "\n"

    @property
    def file_name(self) -> str:
        """Without an ending; the same for the same matter, whenever it is drafted."""
        return re.sub(r"[^\w-]+", "", f"{self.area_code}_{self.return_key}_{self.period_key}_{self.kind}".lower())


def count_days(number: int) -> Words:
    """A number of days as each language counts them: ``2 days``, ``2 ddiwrnod`` (the noun stays singular)."""
    return f"{number} day" if number == 1 else f"{number} days", f"{number} {'ddiwrnod' if number == 2 else 'diwrnod'}"


def when(day: date, on: date) -> Words:
    """How far off a day is: ``tomorrow``, ``in 3 days``, ``3 days ago``, and in Welsh."""
    left = (day - on).days
    near = {0: ("today", "heddiw"), 1: ("tomorrow", "yfory"), -1: ("yesterday", "ddoe")}
    if left in near:
        return near[left]
    en, cy = count_days(abs(left))
    return (f"in {en}", f"ymhen {cy}") if left > 0 else (f"{en} ago", f"{cy} yn ôl")


def drafts(
    expected: Iterable[Expected],
    received: Iterable[Submission],
    on: date,
    *,
    families: Mapping[str, Family] | None = None,
    all_open: bool = False,
) -> list[Draft]:
    """What there is to remind of on a day.

    Args:
        expected: What is owed, with extensions.
        received: Every submission, in the order received; those after the day are passed over.
        on: The day.
        families: The returns; by default those of the repository.
        all_open: Everything that is open on the day. By default only what is due to be told then: the spec's
            ``reminder_days`` for what has not come; the day after, and every week, for what came and does not stand.

    Returns:
        One draft for each matter, in the order of ``expected``.
    """
    families = load_returns() if families is None else families
    last = _last_of_each(received, on)
    found = []
    for item in expected:
        if not item.is_required:
            continue
        submission = last.get((item.return_key, item.area_code, item.period_key))
        spec = families[item.return_key].of(item.period_key)
        kind = _kind(item, submission, on, spec, all_open=all_open)
        if kind:
            found.append(_draft(kind, item, submission, on, spec))
    return found


def write_drafts(found: Sequence[Draft], folder: Path, form: Literal["txt", "eml"] = "txt") -> list[Path]:
    """Write drafts into a folder, one file each. They name no recipient: a person adds that and sends them.

    Args:
        found: The drafts.
        folder: Made where it is not there. A draft of the same matter is replaced.
        form: ``eml`` opens in a mail program.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for draft in found:
        path = folder / f"{draft.file_name}.{form}"
        if form == "eml":
            message = EmailMessage(policy=SMTPUTF8)
            message["Subject"] = draft.subject
            message["X-Unsent"] = "1"  # mail programs open it for editing
            message.set_content(draft.text, cte="quoted-printable")
            message["Content-Language"] = ", ".join(_first(draft.language, ("en", "cy")))
            path.write_bytes(message.as_bytes())
        else:
            path.write_text(f"{draft.subject}\n\n{draft.text}", encoding="utf-8")
        paths.append(path)
    return paths


def _last_of_each(received: Iterable[Submission], on: date) -> dict[Key, Submission]:
    """The last submission of each return that says something: no duplicate, and not withdrawn since."""
    last: dict[Key, Submission] = {}
    for one in received:
        gone = one.closed_by in ("withdrawn", "recalled") and (one.known_to is None or one.known_to.date() <= on)
        if one.about and one.outcome not in (None, "duplicate") and one.receipt.received_at.date() <= on and not gone:
            last[one.about] = one
    return last


def _kind(item: Expected, last: Submission | None, on: date, spec: ReturnSpec, *, all_open: bool) -> Kind | None:
    if last is None:
        left = (item.due - on).days
        if left < 0 and not item.is_collected:  # what nobody asked for when it fell due
            return None
        told = left in spec.due.reminder_days or (all_open and left <= max(spec.due.reminder_days, default=0))
        return ("overdue" if left < 0 else "due_soon") if told else None
    if last.outcome not in ("quarantined", "held"):
        return None
    waits = (on - last.receipt.received_at.date()).days
    told = all_open or waits == 1 or (waits > 0 and waits % _A_WEEK == 0)
    return ("held" if last.outcome == "held" else "quarantined") if told else None


def _draft(kind: Kind, item: Expected, last: Submission | None, on: date, spec: ReturnSpec) -> Draft:
    period = read_return_period(item.period_key, spec.cadence)
    assert period is not None, item.period_key  # noqa: S101  # the calendar made it
    wording = _wordings()[kind]
    told: dict[str, str] = {}
    for language in ("en", "cy"):
        values = _values(item, last, on, spec, period, language)
        told[f"subject_{language}"] = wording.told("subject", language, values)
        lines = (
            values["title"],
            values["area"],
            values["period"],
            f"{values['due']} ({values['when']})",
            wording.told("missing", language, values),
            wording.told("do", language, values),
            values["where"],
            values["to"],
        )
        table = "\n".join(f"{label}: {line}" for label, line in zip(_LABELS[language], lines, strict=True))
        told[f"body_{language}"] = f"{wording.told('opening', language, values)}\n\n{table}"
    return Draft(
        kind=kind,
        return_key=item.return_key,
        area_code=item.area_code,
        period_key=item.period_key,
        language=preferred_language(item.area_code),
        **told,
    )


def _values(
    item: Expected, last: Submission | None, on: date, spec: ReturnSpec, period: ReturnPeriod, language: Language
) -> dict[str, str]:
    """What the wording's names stand for, in one language."""
    one = 0 if language == "en" else 1
    english = language == "en"
    area = areas()[item.area_code]
    folder = drop_folder(item.area_code)
    values = {
        "title": spec.title_en if english else spec.title_cy,
        "area": area.name_en if english else area.name_cy,
        "period": period.label_en if english else period.label_cy,
        "due": long_date(item.due)[one],
        "when": when(item.due, on)[one],
        "where": f"the inbox, in the folder “{folder}”" if english else f"y mewnflwch, yn y ffolder “{folder}”",
        "to": spec.submitted_to_en if english else spec.submitted_to_cy,
        "whole_return": "; ".join(_whole_return(spec, period, language)),
        "template_command": f"gofal returns template {spec.key} --area {item.area_code} --period {period.slug}",
        "certifier": ROLES[spec.certification][one] if spec.certification else "–",
        "nil": "",
    }
    if spec.nil_allowed:
        values["nil"] = (
            ". If there is nothing to report, send it as a nil return"
            if english
            else ". Os nad oes dim i’w adrodd, dywedwch hynny ar y clawr (“Dim i’w adrodd”)"
        )
    if last is not None:
        judged = last.judgement
        carries = bool(judged and judged.has_personal_data)
        values["received"] = long_date(last.receipt.received_at.date())[one]
        values["submission"] = last.submission_id[:_SHORT_ID]
        values["errors"] = str(judged.errors if judged else 0)
        values["personal_data"] = ""
        if carries:
            values["personal_data"] = (
                "; it appears to carry personal data, which must be taken out"
                if english
                else "; mae’n ymddangos ei bod yn cynnwys data personol, y mae’n rhaid ei dynnu allan"
            )
    return values


def _whole_return(spec: ReturnSpec, period: ReturnPeriod, language: Language) -> list[str]:
    """Everything that a return which has not come consists of."""
    english = language == "en"
    sheets = ", ".join(f"“{s.title_en if english else s.title_cy}”" for s in spec.sheets)
    parts = [f"the whole return, sheets: {sheets}" if english else f"y ffurflen gyfan, taflenni: {sheets}"]
    if spec.certification:
        role_en, role_cy = ROLES[spec.certification]
        parts.append(f"certification by: {role_en}" if english else f"ardystiad gan: {role_cy}")
    if period.part in spec.audit_certificate:
        parts.append(
            "the audit certificate’s reference and date" if english else "cyfeirnod a dyddiad y dystysgrif archwilio"
        )
    return parts


def _first(language: Language, words: Words) -> Words:
    return words if language == "en" else (words[1], words[0])


@functools.cache
def _wordings(path: Path = WORDING) -> dict[str, Wording]:
    document, lines = parse_yaml(path)
    return {kind: validated(path, lines, (kind,), Wording, value) for kind, value in document.items()}
