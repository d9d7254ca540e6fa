"""The answer that goes back to the officer: a workbook with the problem cells marked, and a page in each language.

Both list all problems at once. Where personal data was found, they say where it stands and repeat nothing of the file.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from ingestion.returns.areas import Area
from ingestion.returns.book import Book, BookSheet, Value
from ingestion.returns.cover import COVER_CY, COVER_EN, MARK_SHEET, ROLES, SYNTHETIC_CY, SYNTHETIC_EN
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.problems import Problem, Severity
from ingestion.returns.spec import ReturnSpec
from ingestion.returns.wording import GUIDANCE_SHEET, LIST_SHEET, Words, both, excel_title, long_date, status_words
from ingestion.returns.workbook import put

if TYPE_CHECKING:
    from jinja2 import Template
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Language = Literal["en", "cy"]
Outcome = Literal["accepted", "part_accepted", "held", "quarantined", "duplicate"]
TEMPLATE = Path(__file__).with_name("feedback.html.j2")

MOST_LISTED = 10_000
"""Lines of the list of problems; beyond it, how many more there are."""
MOST_ON_PAGE = 1_000
"""Lines of the page: a person prints it."""
MOST_ROWS = 5_000
"""Rows that are copied of each sheet; below them, only rows with problems."""
MOST_MARKED = 5_000
"""Cells that are marked on each sheet: a program opens no more comments with ease."""
MOST_COLUMNS = 500
GROUPED_FROM = 20
"""So many problems of one kind in one column are told in one line, with the first as an example."""
SHOWN = 80
"""Characters of a value that are shown."""
_WIDEST, _TALLEST = 26, 8
_RANGES = 8
_LANGUAGES: tuple[tuple[int, Language], ...] = ((0, "en"), (1, "cy"))
PERSONAL = "personal_data"
"""The problem that comes first on its sheet: it is what the officer has to see to."""
_WALES = ZoneInfo("Europe/London")
_EXCEL_ROWS, _EXCEL_COLUMNS = 1_048_576, 16_384
_NOT_COPIED = frozenset({MARK_SHEET, LIST_SHEET, GUIDANCE_SHEET})
_INK, _SOFT, _LINE, _HEAD, _GREY = "#1D2733", "#5B6775", "#C3CBD4", "#1F4E5F", "#E9ECEF"
SUMMARY_SHEET = "Summary – Crynodeb"

SEVERITIES: dict[Severity, Words] = {"error": ("Error", "Gwall"), "warning": ("Warning", "Rhybudd")}


@dataclass(slots=True)
class Answer:
    """What is known of a submission once it has been judged."""

    original_name: str
    received_at: datetime
    outcome: Outcome
    spec: ReturnSpec | None = None
    """None where it could not be told which return it is; so for the two that follow."""
    area: Area | None = None
    period: ReturnPeriod | None = None
    submission_id: str | None = None
    version: int | None = None
    """Which version of this return it is, where it was accepted."""
    replaces: int | None = None
    """The version that it takes the place of."""
    current: int | None = None
    """The version that stays current where this submission was not accepted."""
    rows_received: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    problems: list[Problem] = field(default_factory=list)
    book: Book | None = None
    """The cells as they were read; None where they must not be repeated."""
    has_personal_data: bool = False
    """Some problems say where. Nothing of the file is repeated, whatever else is given."""
    is_nil: bool = False
    is_check: bool = False
    """Whether the file was only checked, not sent."""
    is_synthetic: bool = False

    @property
    def errors(self) -> int:
        """How many problems keep rows, or the return, from being accepted."""
        return sum(p.severity == "error" for p in self.problems)

    @property
    def warnings(self) -> int:
        """How many only ask somebody to look."""
        return len(self.problems) - self.errors

    @property
    def title(self) -> Words:
        """Of the return, as far as it is known."""
        return (self.spec.title_en, self.spec.title_cy) if self.spec else ("Unknown return", "Ffurflen anhysbys")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list of problems: one cell, or many of one column with the same trouble."""

    severity: Severity
    sheet: str | None
    place: Words
    """``B12``, ``B3:B120, B125``, ``row 12`` and ``rhes 12``; empty where it is about the whole sheet or file."""
    cell: str | None
    """The first marked cell."""
    found: str | None
    message: Words
    do: Words
    count: int = 1

    @property
    def more(self) -> Words:
        """How many others the line stands for, where their messages are not the same."""
        if self.count == 1:
            return "", ""
        return f"{self.count:,} cells or rows like this.", f"{self.count:,} o gelloedd neu resi fel hyn."


def lines(answer: Answer) -> list[Line]:
    """All problems as a list for people: by sheet, errors first, those of one kind in one column together.

    Args:
        answer: The answer.
    """
    order = {s.name: n for n, s in enumerate(answer.book.sheets)} if answer.book else {}
    groups: dict[tuple[str | None, str, str | None, bool], list[Problem]] = defaultdict(list)
    cover = next((name for name in order if name.casefold() in (COVER_EN.casefold(), COVER_CY.casefold())), COVER_EN)
    for problem in answer.problems:
        if problem.sheet == f"{COVER_EN} / {COVER_CY}":  # of a field that the file leaves out: with the others of it
            problem = replace(problem, sheet=cover)
        groups[problem.sheet, problem.code, problem.column, problem.row is None].append(problem)
    found: list[tuple[tuple[Any, ...], Line]] = []
    for group in groups.values():
        if answer.has_personal_data:
            group = [problem.discreet() for problem in group]
        if len(group) >= GROUPED_FROM:
            parts = [group]
        else:
            same: dict[tuple[Words, Words], list[Problem]] = defaultdict(list)
            for problem in group:
                same[_both_of(problem.message), _both_of(problem.do)].append(problem)
            parts = list(same.values())
        for part in parts:
            line = _line(part)
            first = part[0]
            at = (order.get(first.sheet or "", len(order)), first.sheet or "", first.code != PERSONAL)
            found.append(
                ((first.sheet is not None, *at, line.severity != "error", first.row or 0, first.column or ""), line)
            )
    return [line for _, line in sorted(found, key=lambda pair: pair[0])]


def what_now(answer: Answer) -> tuple[Words, list[Words]]:
    """What became of the submission, in a sentence, and what to do and what happens next.

    Args:
        answer: The answer.
    """
    return _headline(answer), [*_first(answer), *_next(answer)]


def write_feedback_html(answer: Answer, path_en: Path, path_cy: Path) -> None:
    """Write the page, once in each language; each leads to the other.

    Args:
        answer: The answer.
        path_en: Where the English page goes.
        path_cy: Where the Welsh page goes, in the same folder.
    """
    page = _page()
    told = lines(answer)
    sheets: dict[str | None, list[Line]] = {}
    for line in told[:MOST_ON_PAGE]:
        sheets.setdefault(line.sheet, []).append(line)
    headline, steps = what_now(answer)
    for path, other, language in ((path_en, path_cy, "en"), (path_cy, path_en, "cy")):
        text = page.render(
            answer=answer,
            language=language,
            other=other.name,
            headline=headline,
            steps=steps,
            facts=_facts(answer),
            sheets=[(_sheet_name(answer, name), found) for name, found in sheets.items()],
            unlisted=max(0, len(told) - MOST_ON_PAGE),
            severities=SEVERITIES,
            synthetic=(SYNTHETIC_EN, SYNTHETIC_CY),
            ok=_is_well(answer),
        )
        path.write_text(text, encoding="utf-8", errors="replace")


def write_feedback_xlsx(answer: Answer, path: Path) -> None:
    """Write the workbook: a summary with all problems, then a copy of each sheet with the problem cells marked.

    Args:
        answer: The answer.
        path: Where it goes.
    """
    import xlsxwriter

    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": both(answer.title), "created": answer.received_at.replace(tzinfo=None)})
        styles = _Styles(book)
        summary = book.add_worksheet(SUMMARY_SHEET)
        names = _copied(answer)
        told = lines(answer)
        cut = {
            sheet.name: _copy(book.add_worksheet(names[sheet.name]), sheet, answer.problems, styles)
            for sheet in (answer.book.sheets if answer.book else ())
            if sheet.name in names
        }
        _summary(summary, answer, told, names, any(cut.values()), styles)


@functools.cache
def _page() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(TEMPLATE.name)


# -- the words ----------------------------------------------------------------------------------------------------


def _both_of(told: Any) -> Words:
    return told("en"), told("cy")


def _brief(problem: Problem) -> Problem:
    """A problem that shows no more of a value than a person needs to find it."""
    values = {
        k: shorten(v) if isinstance(v, str) and not k.endswith(("_en", "_cy")) else v for k, v in problem.values.items()
    }
    found = None if problem.found is None else shorten(problem.found)
    return dataclasses.replace(problem, found=found, values=values)


def _line(part: Sequence[Problem]) -> Line:
    """One line of problems that are told together."""
    first = min(part, key=lambda p: p.row or 0)
    rows = sorted({p.row for p in part if p.row})
    places = _places(first.column, rows)
    told = _brief(first)
    same = len(part) == 1 or all(p.found == first.found for p in part)
    return Line(
        first.severity,
        first.sheet,
        places,
        f"{first.column or 'A'}{first.row or 1}" if first.column or first.row else None,
        shorten(first.found) if first.found is not None and same else None,
        _both_of(told.message),
        _both_of(told.do),
        len(part),
    )


def _sheet_name(answer: Answer, name: str | None) -> Words:
    """The sheet as the file has it; in Welsh with its Welsh title, where the file has the English one."""
    if name is None:
        return "The whole file", "Y ffeil gyfan"
    titles = {COVER_EN: COVER_CY, **{s.title_en: s.title_cy for s in (answer.spec.sheets if answer.spec else ())}}
    title = titles.get(name, name)
    return f"Sheet: {name}", f"Taflen: {name}" if title == name else f"Taflen: {name} ({title})"


def _places(column: str | None, rows: Sequence[int]) -> Words:
    """Where a problem stands: cells, rows, or a whole column, as ranges."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], row
        else:
            runs.append((row, row))
    letter = column or ""
    texts = [
        f"{letter}{a}" if a == b else f"{letter}{a}:{letter}{b}" if letter else f"{a}–{b}" for a, b in runs[:_RANGES]
    ]
    text = ", ".join(texts) + (" …" if len(runs) > _RANGES else "")
    if column:
        return (text, text) if text else (f"column {column}", f"colofn {column}")
    if not text:
        return "", ""
    return (f"row {text}", f"rhes {text}") if len(rows) == 1 else (f"rows {text}", f"rhesi {text}")


def shorten(text: str, length: int = SHOWN) -> str:
    """A text that is not longer than it may be, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _is_well(answer: Answer) -> bool:
    return answer.outcome in ("accepted", "held", "duplicate") and not answer.errors


def _headline(answer: Answer) -> Words:
    if answer.has_personal_data:
        return (
            "Not accepted: the file seems to hold personal data.",
            "Ni dderbyniwyd: mae’n ymddangos bod data personol yn y ffeil.",
        )
    if answer.is_check:
        if answer.errors:
            return (
                "Checked: there are errors to mend before you send it.",
                "Gwiriwyd: mae gwallau i’w cywiro cyn i chi ei hanfon.",
            )
        return "Checked: it can be sent as it is.", "Gwiriwyd: gellir ei hanfon fel y mae."
    version, replaces = answer.version, answer.replaces
    if answer.outcome in ("accepted", "part_accepted") and version:
        en, cy = status_words()[answer.outcome]
        instead_en = f" It replaces version {replaces}." if replaces else ""
        instead_cy = f" Mae’n disodli fersiwn {replaces}." if replaces else ""
        return f"{en} as version {version}.{instead_en}", f"{cy} fel fersiwn {version}.{instead_cy}"
    en, cy = status_words()[answer.outcome]
    return f"{en}.", f"{cy}."


def _first(answer: Answer) -> list[Words]:
    """What the officer does now."""
    if answer.has_personal_data:
        return [
            (
                "Take out the personal data at the places named below, and send the file again.",
                "Tynnwch y data personol o’r mannau a enwir isod, ac anfonwch y ffeil eto.",
            ),
            (
                "If nothing there is personal data, reply to the grant team: a person will look and can release it.",
                "Os nad oes data personol yno, atebwch y tîm grantiau: bydd person yn edrych ac yn gallu ei rhyddhau.",
            ),
        ]
    told: list[Words] = []
    if answer.errors:
        told.append(
            (
                "Mend every error below in your own file, save it, and send the whole file again.",
                "Cywirwch bob gwall isod yn eich ffeil eich hun, cadwch hi, ac anfonwch y ffeil gyfan eto.",
            )
        )
    if answer.warnings:
        told.append(
            (
                "Look at each warning. Where the figure is right, nothing more is needed.",
                "Edrychwch ar bob rhybudd. Lle mae’r ffigur yn gywir, nid oes angen dim arall.",
            )
        )
    if not answer.problems:
        told.append(("Nothing is wrong with this file.", "Nid oes dim o’i le ar y ffeil hon."))
    return told


def _next(answer: Answer) -> list[Words]:
    """What happens next."""
    if answer.is_check:
        return [
            (
                "This was a check only: nothing was sent. To send the file, put it in the inbox.",
                "Gwiriad yn unig oedd hwn: nid anfonwyd dim. I anfon y ffeil, rhowch hi yn y mewnflwch.",
            )
        ]
    if answer.outcome == "accepted":
        return [
            (
                "The figures go into the next build of the warehouse. You need do nothing more.",
                "Bydd y ffigurau’n mynd i adeiladwaith nesaf y warws data. Nid oes angen i chi wneud dim arall.",
            )
        ]
    if answer.outcome == "part_accepted":
        return [
            (
                f"{answer.rows_accepted:,} rows were accepted. The other {answer.rows_quarantined:,} are set aside "
                "until a corrected file comes.",
                f"Derbyniwyd {answer.rows_accepted:,} o resi. Rhoddwyd y {answer.rows_quarantined:,} arall o’r neilltu "
                "nes daw ffeil wedi’i chywiro.",
            )
        ]
    if answer.outcome == "held":
        role = ROLES.get(answer.spec.certification or "") if answer.spec else None
        en, cy = role or ("the person who certifies it", "y person sy’n ei hardystio")
        return [
            (
                f"It is held until it is certified. Who certifies it: {en}. Then it is accepted by itself.",
                f"Mae’n aros nes iddi gael ei hardystio. Pwy sy’n ei hardystio: {cy}. Yna caiff ei derbyn ohoni’i hun.",
            )
        ]
    if answer.outcome == "duplicate":
        return [
            (
                "The same file is current already. Nothing changed, and you need do nothing.",
                "Mae’r un ffeil yn gyfredol eisoes. Ni newidiodd dim, ac nid oes angen i chi wneud dim.",
            )
        ]
    if answer.current:
        return [
            (
                f"None of it was taken in. Version {answer.current}, accepted earlier, stays current until then.",
                f"Ni chymerwyd dim ohoni. Mae fersiwn {answer.current}, a dderbyniwyd yn gynharach, yn dal yn gyfredol "
                "tan hynny.",
            )
        ]
    return [
        (
            "None of it was taken in: the return counts as not received until a file is accepted.",
            "Ni chymerwyd dim ohoni: ystyrir nad yw’r ffurflen wedi dod i law nes derbynnir ffeil.",
        )
    ]


def _facts(answer: Answer) -> list[tuple[Words, Words]]:
    """What the answer is about, label and value."""
    local = answer.received_at.astimezone(_WALES)
    day_en, day_cy = long_date(local.date())
    clock = f"{local:%H:%M}"
    facts: list[tuple[Words, Words]] = [(("Return", "Ffurflen"), answer.title)]
    if answer.area:
        facts.append((("Area", "Ardal"), (answer.area.name_en, answer.area.name_cy)))
    if answer.period:
        facts.append((("Period", "Cyfnod"), (answer.period.label_en, answer.period.label_cy)))
    if not answer.has_personal_data:  # a file’s name can be a person’s
        facts.append((("File", "Ffeil"), (shorten(answer.original_name, 120),) * 2))
    when = ("Checked", "Gwiriwyd") if answer.is_check else ("Received", "Derbyniwyd y ffeil")
    facts.append((when, (f"{day_en}, {clock}", f"{day_cy}, {clock}")))
    if answer.submission_id:
        facts.append((("Submission number", "Rhif y cyflwyniad"), (answer.submission_id,) * 2))
    if answer.is_nil:
        facts.append((("Nil return", "Dim i’w adrodd"), ("Yes", "Ydy")))
    rows = f"{answer.rows_received:,}"
    facts.append((("Rows received", "Rhesi a ddaeth i law"), (rows, rows)))
    if not answer.is_check:
        accepted, aside = f"{answer.rows_accepted:,}", f"{answer.rows_quarantined:,}"
        facts.append((("Rows accepted", "Rhesi a dderbyniwyd"), (accepted, accepted)))
        facts.append((("Rows set aside", "Rhesi a roddwyd o’r neilltu"), (aside, aside)))
    errors, warnings = f"{answer.errors:,}", f"{answer.warnings:,}"
    facts.append((("Errors", "Gwallau"), (errors, errors)))
    facts.append((("Warnings", "Rhybuddion"), (warnings, warnings)))
    return facts


# -- the workbook -------------------------------------------------------------------------------------------------


class _Styles:
    """Formats, each made once."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.made: dict[tuple[tuple[str, object], ...], Format] = {}

    def __call__(self, **properties: object) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            base = {"font_name": "Calibri", "font_size": 11, "font_color": _INK, "valign": "top"}
            self.made[key] = self.book.add_format({**base, **properties})
        return self.made[key]

    def marked(self, severity: Severity, number_format: str | None) -> Format:
        """Of a problem cell: the thick frame and the comment say so to those who do not see the colour."""
        error = severity == "error"
        shape = {"num_format": number_format} if number_format else {}
        return self(
            text_wrap=True,
            bg_color="#FFD6D9" if error else "#FFF0C2",
            border=5 if error else 2,
            border_color="#A3242A" if error else "#8A5A00",
            **shape,
        )


def _copied(answer: Answer) -> dict[str, str]:
    """The sheets that are copied and what they are called in the copy."""
    if answer.book is None or answer.has_personal_data:
        return {}
    taken = {SUMMARY_SHEET.casefold()}
    return {s.name: excel_title(s.name, taken) for s in answer.book.sheets if s.name not in _NOT_COPIED}


def _copy(page: Worksheet, sheet: BookSheet, problems: Iterable[Problem], styles: _Styles) -> bool:
    """Copy a sheet's values with its problems marked, every cell where it stood. Says whether some were left out."""
    marks: dict[tuple[int, int], list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.sheet == sheet.name and (problem.row or problem.column):
            at = ((problem.row or 1) - 1, _column_number(problem.column))
            if at[0] < _EXCEL_ROWS and at[1] < _EXCEL_COLUMNS:
                marks[at].append(problem)
    is_cut = len(marks) > MOST_MARKED
    marks = dict(sorted(marks.items())[:MOST_MARKED])
    marked_rows = {row for row, _ in marks}
    plain = styles(text_wrap=True)
    widths: dict[int, int] = {}
    for number, row in enumerate(sheet.rows[:_EXCEL_ROWS]):
        if number >= MOST_ROWS and number not in marked_rows:
            continue
        for place, value in enumerate(row[:MOST_COLUMNS]):
            if value is None or (number, place) in marks:
                continue
            shape = _number_format(value)
            put(page, number, place, value, styles(num_format=shape) if shape else plain)
            if number < 200:
                widths[place] = max(widths.get(place, 0), len(str(value)))
    for (number, place), group in marks.items():
        worst: Severity = "error" if any(p.severity == "error" for p in group) else "warning"
        value = _value(sheet, number, place)
        put(page, number, place, value, styles.marked(worst, _number_format(value)))
        widths[place] = max(widths.get(place, 0), 12)
        page.write_comment(number, place, _comment(group), {"x_scale": 3, "y_scale": 2.2, "font_size": 9})
    for place, width in widths.items():
        page.set_column(place, place, min(_WIDEST, max(9, width + 2)))
    for number, row in enumerate(sheet.rows[:MOST_ROWS]):  # not every program makes room for a text by itself
        longest = max((len(value) for value in row[:MOST_COLUMNS] if isinstance(value, str)), default=0)
        if longest > _WIDEST:
            page.set_row(number, 15.5 * min(_TALLEST, longest // (_WIDEST - 4) + 1))
    _printed(page)
    return is_cut or len(sheet.rows) > MOST_ROWS or any(len(row) > MOST_COLUMNS for row in sheet.rows[:MOST_ROWS])


def _comment(group: Sequence[Problem]) -> str:
    told = [
        "\n".join(
            f"{SEVERITIES[p.severity][side]}: {shorten(p.message(language), 500)} {p.do(language)}"
            for side, language in _LANGUAGES
        )
        for p in map(_brief, group[:3])
    ]
    return "\n\n".join(told)


def _number_format(value: Value) -> str | None:
    if isinstance(value, datetime):
        return "dd/mm/yyyy hh:mm"
    if isinstance(value, (time, timedelta)):
        return "[hh]:mm:ss"
    return "dd/mm/yyyy" if hasattr(value, "year") else None


def _value(sheet: BookSheet, row: int, column: int) -> Value:
    cells = sheet.rows[row] if row < len(sheet.rows) else []
    return cells[column] if column < len(cells) else None


def _column_number(letters: str | None) -> int:
    number = 0
    for letter in letters or "A":
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1


def _printed(page: Worksheet) -> None:
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&L&A&R&P / &N")


_HEADINGS: tuple[tuple[Words, float], ...] = (
    (("Kind", "Math"), 10),
    (("Sheet", "Taflen"), 16),
    (("Place", "Lle"), 22),
    (("Found", "Cafwyd"), 22),
    (("What is wrong", ""), 44),
    (("What to do", ""), 40),
    (("", "Beth sydd o’i le"), 44),
    (("", "Beth i’w wneud"), 40),
)


def _summary(
    page: Worksheet, answer: Answer, told: Sequence[Line], names: dict[str, str], cut: bool, styles: _Styles
) -> None:
    page.hide_gridlines(2)
    for column, (_, width) in enumerate(_HEADINGS):
        page.set_column(column, column, width)
    headline, steps = what_now(answer)
    big = styles(bold=True, font_size=14, font_color=_HEAD)
    put(page, 0, 0, headline[0], big)
    put(page, 1, 0, headline[1], big)
    row = 2
    if answer.is_synthetic:
        put(page, row, 0, both((SYNTHETIC_EN, SYNTHETIC_CY)), styles(bold=True))
        row += 1
    if cut:
        steps = [
            *steps,
            (
                f"Of each sheet the first {MOST_ROWS:,} rows are copied, and the rows of the first {MOST_MARKED:,} "
                "problems; the list below has them all.",
                f"Copïwyd {MOST_ROWS:,} rhes gyntaf pob taflen, a rhesi’r {MOST_MARKED:,} problem gyntaf; mae pob un "
                "yn y rhestr isod.",
            ),
        ]
    for step in steps:
        for text in step:
            put(page, row, 0, f"• {text}", styles())
            row += 1
    row += 1
    named = styles(bold=True, bg_color=_GREY, border=1, border_color=_LINE)
    for label, value in _facts(answer):
        page.merge_range(row, 0, row, 2, "", named)
        put(page, row, 0, both(label), named)
        put(page, row, 3, both(value), styles())
        row += 1
    row += 1
    if not told:
        return
    head = styles(bold=True, font_color="#FFFFFF", bg_color=_HEAD, border=1, border_color=_LINE, text_wrap=True)
    for column, ((en, cy), _) in enumerate(_HEADINGS):
        put(page, row, column, " / ".join(filter(None, (en, cy))), head)
    heading = row
    for line in told[:MOST_LISTED]:
        row += 1
        _listed(page, row, line, names, styles)
    page.autofilter(heading, 0, row, len(_HEADINGS) - 1)
    if len(told) > MOST_LISTED:
        more = len(told) - MOST_LISTED
        put(page, row + 1, 0, both((f"And {more:,} more.", f"A {more:,} arall.")), styles(bold=True))
    _printed(page)


def _listed(page: Worksheet, row: int, line: Line, names: dict[str, str], styles: _Styles) -> None:
    error = line.severity == "error"
    cell = styles(text_wrap=True, border=1, border_color=_LINE)
    kind = styles(
        bold=True,
        border=1,
        border_color=_LINE,
        text_wrap=True,
        font_color="#A3242A" if error else "#8A5A00",
        bg_color="#FFD6D9" if error else "#FFF0C2",
    )
    put(page, row, 0, both(SEVERITIES[line.severity]), kind)
    put(page, row, 1, line.sheet, cell)
    place = both(line.place)
    if line.sheet in names and line.cell and place:
        quoted = names[line.sheet].replace("'", "''")
        link = styles(text_wrap=True, border=1, border_color=_LINE, font_color="#0B5394", underline=1)
        page.write_url(row, 2, f"internal:'{quoted}'!{line.cell}", link, shorten(place, 250))
    else:
        put(page, row, 2, place, cell)
    put(page, row, 3, line.found, styles(text_wrap=True, border=1, border_color=_LINE, num_format="@"))
    more_en, more_cy = line.more
    texts = (f"{line.message[0]} {more_en}".strip(), line.do[0], f"{line.message[1]} {more_cy}".strip(), line.do[1])
    for column, text in enumerate(texts, 4):
        put(page, row, column, text, cell)
    tall = [
        len(t) / (w * 0.95)
        for t, (_, w) in zip((*texts, line.found or "", place), (*_HEADINGS[4:], *_HEADINGS[3:1:-1]), strict=True)
    ]
    page.set_row(row, 15.5 * max(2 if both(SEVERITIES[line.severity]) else 1, *(int(t) + 1 for t in tall)))
