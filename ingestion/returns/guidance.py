"""What the blank workbook of a return tells the officer who fills it in, in both languages, from its spec."""

from __future__ import annotations

from ingestion.returns.cover import MARKERS, ROLES, CoverField
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.spec import Column, ReturnSpec
from ingestion.returns.wording import Words, checks_in_words, expected, heading, rule_in_words, sheet_titles

_FIELDS: dict[str, Words] = {
    "submitted_by": (
        "Only where another body sends the return for the area.",
        "Dim ond lle mae corff arall yn anfon y ffurflen ar ran yr ardal.",
    ),
    "prepared_by": ("Your role or team is enough.", "Mae eich rôl neu eich tîm yn ddigon."),
    "language": (
        "Of reminders. Reports come in both languages.",
        "Iaith nodiadau atgoffa. Daw adroddiadau yn y ddwy iaith.",
    ),
    "replaces": (
        "The number of an earlier submission, where this one replaces a particular one.",
        "Rhif cyflwyniad cynharach, lle mae hwn yn disodli un penodol.",
    ),
    "reason": (
        "Needed for a change after the period is closed.",
        "Mae ei angen ar gyfer newid ar ôl cau’r cyfnod.",
    ),
}
_BEFORE: tuple[Words, ...] = (
    (
        "Write in the white cells only. Leave sheets and headings as they are: they say what a figure is.",
        "Ysgrifennwch yn y celloedd gwyn yn unig. Gadewch y taflenni a’r penawdau fel y maent: nhw sy’n dweud beth "
        "yw ffigur.",
    ),
    (
        "Missing is not zero. Write 0 only where the number is nothing; leave a cell empty where nothing is known.",
        "Nid yr un peth yw gwag a sero. Ysgrifennwch 0 dim ond lle nad oes dim; gadewch gell yn wag lle nad oes dim "
        "yn hysbys.",
    ),
)
_AFTER: tuple[Words, ...] = (
    (
        "Write figures, not formulas, and no total row.",
        "Ysgrifennwch ffigurau, nid fformiwlâu, a dim rhes gyfanswm.",
    ),
    (
        "Write nothing that says who a person is: no name, date of birth, address or NHS number. A return that seems "
        "to hold one is set aside.",
        "Peidiwch ag ysgrifennu dim sy’n dweud pwy yw person: dim enw, dyddiad geni, cyfeiriad na rhif GIG. Rhoddir "
        "o’r neilltu ffurflen sy’n ymddangos fel pe bai’n cynnwys un.",
    ),
    (
        "To correct a return, send the whole workbook again. It replaces the earlier one; both are kept.",
        "I gywiro ffurflen, anfonwch y llyfr gwaith cyfan eto. Mae’n disodli’r un cynharach; cedwir y ddau.",
    ),
)


def guidance(spec: ReturnSpec) -> list[tuple[Words, bool]]:
    """Every line of the guidance, and whether it is a heading.

    Args:
        spec: The return.
    """
    told: list[tuple[Words, bool]] = [
        ((spec.title_en, spec.title_cy), True),
        ((spec.about_en, spec.about_cy), False),
        ((f"Sent to: {spec.submitted_to_en}.", f"Fe’i hanfonir at: {spec.submitted_to_cy}."), False),
        (("How to fill it in", "Sut i’w llenwi"), True),
    ]
    told += [(words, False) for words in (*_BEFORE, *_markers(spec), *_AFTER)]
    titles = sheet_titles(spec)
    for sheet in spec.sheets:
        name = titles[sheet.key]
        name_cy = sheet.title_cy if name == sheet.title_cy else f"{sheet.title_cy} (“{name}”)"
        told.append(((f"Sheet: {name}", f"Taflen: {name_cy}"), True))
        if sheet.about_en or sheet.about_cy:
            told.append(((sheet.about_en or "", sheet.about_cy or ""), False))
        told += [(_about_column(column), False) for column in sheet.columns]
        told.append(((f"What is checked: {name}", f"Beth a wirir: {sheet.title_cy}"), True))
        told += [(words, False) for words in checks_in_words(spec, sheet)]
        for rule in sheet.rules:
            en, cy = rule_in_words(rule)
            asked_en, asked_cy = (
                ("You are asked to mend a row where", "Gofynnir i chi gywiro rhes os")
                if rule.severity == "error"
                else ("You are asked to look again where", "Gofynnir i chi edrych eto os")
            )
            told.append(((f"{asked_en}: {en}", f"{asked_cy}: {cy}"), False))
    return told


def about_field(spec: ReturnSpec, period: ReturnPeriod, item: CoverField | None) -> Words | tuple[()]:
    """What the cover says beside a field.

    Args:
        spec: The return.
        period: What it is about.
        item: The field; None for a control total.

    Returns:
        Nothing where the label says enough.
    """
    if item is None:
        return "Compared with the sum of its column.", "Fe’i cymherir â chyfanswm ei golofn."
    if item.key == "nil_return":
        if spec.nil_allowed:
            return (
                "Yes, where there is nothing to report. Then leave the sheets empty.",
                "Ydy, os nad oes dim i’w adrodd. Yna gadewch y taflenni’n wag.",
            )
        return "This return may not be nil.", "Ni chaniateir i’r ffurflen hon fod heb ddim i’w adrodd."
    if item.key == "certified_by":
        if spec.certification is None:
            return "This return needs no certificate.", "Nid oes angen ardystio’r ffurflen hon."
        en, cy = ROLES[spec.certification]
        return (
            f"{en}. Without it the return is held until it is certified.",
            f"{cy}. Hebddo bydd y ffurflen yn aros nes iddi gael ei hardystio.",
        )
    if item.key == "audit_reference":
        if period.part in spec.audit_certificate:
            return "Needed for this period.", "Mae ei angen ar gyfer y cyfnod hwn."
        return "Not needed for this period.", "Nid oes ei angen ar gyfer y cyfnod hwn."
    return _FIELDS.get(item.key, ())


def _markers(spec: ReturnSpec) -> list[Words]:
    """Which words may stand for a value somewhere in the return."""
    allowed = {marker for sheet in spec.sheets for column in sheet.columns for marker in column.allow}
    words = [MARKERS[marker] for marker in MARKERS if marker in allowed]
    if not words:
        return []
    return [
        (
            f"Where a column allows it, you may write instead of a value: {'; '.join(w[0] for w in words)}.",
            f"Lle mae colofn yn ei ganiatáu, cewch ysgrifennu yn lle gwerth: {'; '.join(w[1] for w in words)}.",
        )
    ]


def _about_column(column: Column) -> Words:
    """A column, what it expects, what may stand instead, and its guidance."""
    en, cy = expected(column)
    if column.choices:
        en = f"{en}: {'; '.join(c.en for c in column.choices)}"
        cy = f"{cy}: {'; '.join(c.cy for c in column.choices)}"
    if column.allow:
        en = f"{en}. Or: {'; '.join(MARKERS[m][0] for m in column.allow)}"
        cy = f"{cy}. Neu: {'; '.join(MARKERS[m][1] for m in column.allow)}"
    if column.required:
        en, cy = f"{en}. Required", f"{cy}. Gofynnol"
    return (
        " ".join(filter(None, (f"• {heading(column, 'en')}: {en}.", column.guidance_en))),
        " ".join(filter(None, (f"• {heading(column, 'cy')}: {cy}.", column.guidance_cy))),
    )
