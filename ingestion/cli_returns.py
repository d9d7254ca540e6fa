"""``gofal returns …``: templates, checks, the inbox, and what became of what was sent.

Exit codes: 0 well (a return that is set aside is no failure of ours), 1 `check` found errors, 2 nothing could be done.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import GofalError

if TYPE_CHECKING:
    from ingestion.config import Settings
    from ingestion.lake import Lake
    from ingestion.returns.areas import Area
    from ingestion.returns.judging import Judged
    from ingestion.returns.periods import ReturnPeriod
    from ingestion.returns.spec import Family
    from ingestion.returns.store import Event, Ledger, ReturnStore, Submission

app = typer.Typer(no_args_is_help=True, help="Templates, checks, the inbox, and what became of what was sent.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Source = Annotated[str | None, typer.Option(help="sample or live; each has a home of its own.")]


def _language(text: str) -> str:
    if text not in ("en", "cy"):
        raise typer.BadParameter(f"expected en or cy, found {text!r}")
    return text


Lang = Annotated[
    str, typer.Option(callback=_language, help="Which language the sentences are in: en or cy. JSON has both.")
]
Return = Annotated[str, typer.Argument(metavar="RETURN", help="A return's key, short name or title.")]
AreaOption = Annotated[str | None, typer.Option("--area", help="An area's name in either language, or its code.")]
PeriodOption = Annotated[str | None, typer.Option("--period", help="For example 2019-20Q2, 2019-20H1, 2019-20.")]
Key = Annotated[str, typer.Argument(metavar="SUBMISSION", help="A submission's key, or how it begins.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
By = Annotated[str | None, typer.Option("--by", help="In what role you do it; it is kept.")]

EVENTS = {
    "judged": ("judged", "barnwyd"),
    "certified": ("certified", "ardystiwyd"),
    "withdrawn": ("withdrawn", "tynnwyd yn ôl"),
    "recalled": ("recalled", "galwyd yn ôl"),
    "extended": ("more time given", "rhoddwyd mwy o amser"),
    "query": ("question", "cwestiwn"),
    "reply": ("answer", "ateb"),
    "released": ("looked at, no personal data", "edrychwyd arni, dim data personol"),
    "erased": ("erased", "dilëwyd"),
}
SENDERS = {
    "local_authority": ("by a local authority", "gan awdurdod lleol"),
    "regional_partnership_board": ("by a Regional Partnership Board", "gan Fwrdd Partneriaeth Rhanbarthol"),
    "social_services_collaborative": ("by a social services region", "gan ranbarth gwasanaethau cymdeithasol"),
    "education_consortium": ("by an education consortium", "gan gonsortiwm addysg"),
    "country": ("for Wales", "dros Gymru"),
}
PERIODS = {"quarterly": "2019-20Q2", "six_monthly": "2019-20H1"}
SHOWN = 40
"""Rows of a long list that a person is shown; JSON has all."""


def _settings(source: str | None) -> Settings:
    from ingestion.config import Settings

    if source not in (None, "sample", "live"):
        raise typer.BadParameter(f"expected sample or live, found {source!r}")
    return Settings.model_validate({"source": source}) if source else Settings()


def _lake(settings: Settings) -> Lake:
    from ingestion.lake import Lake

    return Lake.open(settings.lake_url, settings.lake_kind)


def _store(source: str | None) -> ReturnStore:
    from ingestion.returns.store import ReturnStore

    return ReturnStore(_lake(_settings(source)))


def _say(text: str = "", **style: Any) -> None:
    typer.secho(text, **style)


def _both(en: str, cy: str, lang: str) -> str:
    return cy if lang == "cy" else en


def _family(name: str) -> Family:
    from ingestion.returns.spec import find_return, load_returns
    from ingestion.statswales.registry import hint

    try:
        return find_return(name)
    except KeyError:
        known = [word for f in load_returns().values() for word in (f.key, *f.newest.aliases)]
        near_en, near_cy = (hint(name.casefold(), known, lang) or "." for lang in ("en", "cy"))
        raise _refuse(
            f"No return is called “{name}”{near_en} `gofal returns specs` lists them.",
            f"Nid oes ffurflen o’r enw “{name}”{near_cy} Mae `gofal returns specs` yn eu rhestru.",
        ) from None


def _area(family: Family, text: str | None) -> Area | None:
    from ingestion.returns.areas import areas, areas_of_type, find_area

    if text is None:
        return None
    spec = family.newest
    try:
        return areas()[find_area(text, (spec.submitted_by,))]
    except KeyError:
        able = [areas()[code] for code in spec.submitters or areas_of_type(spec.submitted_by, _today())]
        who_en, who_cy = SENDERS[spec.submitted_by]
        raise _refuse(
            f"“{spec.title_en}” is sent {who_en}, and none is called “{text}”. Expected one of: "
            f"{'; '.join(a.name_en for a in able)}.",
            f"Anfonir “{spec.title_cy}” {who_cy}, ac nid oes un o’r enw “{text}”. Disgwylid un o’r rhain: "
            f"{'; '.join(a.name_cy for a in able)}.",
        ) from None


def _any_area(text: str) -> str:
    from ingestion.returns.areas import find_area

    try:
        return find_area(text)
    except KeyError:
        raise _refuse(
            f"No area is called “{text}”. Write its name in either language, or its code, for example Torfaen or "
            "rpb_gwent.",
            f"Nid oes ardal o’r enw “{text}”. Ysgrifennwch ei henw yn y naill iaith neu’r llall, neu ei chod, er "
            "enghraifft Torfaen neu rpb_gwent.",
        ) from None


def _today() -> date:
    return datetime.now(UTC).date()


def _period(family: Family, text: str | None) -> ReturnPeriod:
    from ingestion.returns.periods import read_return_period

    spec = family.newest
    first, last = family.versions[0][1].first_period, spec.last_period
    if text is None:
        ended = family.periods(_today())
        if not ended:
            raise _refuse(
                f"No period of “{spec.title_en}” has ended yet. Say which with --period, for example {first}.",
                f"Nid oes cyfnod o “{spec.title_cy}” wedi dod i ben eto. Dywedwch pa un gyda --period, er enghraifft "
                f"{first}.",
            )
        return ended[-1]
    found = read_return_period(text, spec.cadence)
    if found is None:
        like = PERIODS.get(spec.cadence, "2019-20")
        raise _refuse(
            f"“{text}” is no period of “{spec.title_en}”. Write it like {like}.",
            f"Nid yw “{text}” yn gyfnod o “{spec.title_cy}”. Ysgrifennwch ef fel {like}.",
        )
    ends = read_return_period(last, spec.cadence) if last else None
    begins = read_return_period(first, spec.cadence)
    if (begins and found.start < begins.start) or (ends and found.start > ends.start):
        raise _refuse(
            f"“{spec.title_en}” is not asked for {found.key}: its periods are {first} – {last or '…'}.",
            f"Ni ofynnir am “{spec.title_cy}” ar gyfer {found.key}: ei chyfnodau yw {first} – {last or '…'}.",
        )
    return found


def _find(ledger: Ledger, text: str) -> Submission:
    try:
        return ledger.find(text)
    except KeyError:
        raise _refuse(
            f"Expected the number of one submission, and “{text}” is the beginning of none or of several. "
            "`gofal returns status` lists them; the answer in the outbox names it too.",
            f"Disgwylid rhif un cyflwyniad, ac nid yw “{text}” yn ddechrau i un yn unig. Mae `gofal returns status` yn "
            "eu rhestru; mae’r ateb yn yr allflwch yn ei enwi hefyd.",
        ) from None


def _about(return_key: str | None, area_code: str | None, period_key: str | None, lang: str) -> str:
    """A return, its area and its period as a person calls them; what is not known is a question mark."""
    from ingestion.returns.areas import areas
    from ingestion.returns.spec import load_returns

    family, area = load_returns().get(return_key or ""), areas().get(area_code or "")
    title = _both(family.newest.title_en, family.newest.title_cy, lang) if family else return_key
    unknown = _both("unknown return", "ffurflen anhysbys", lang)
    name = _both(area.name_en, area.name_cy, lang) if area else "?"
    return f"{title or unknown} · {name} · {period_key or '?'}"


# -- for those who send ------------------------------------------------------------------------------------------


@app.command()
def specs(lang: Lang = "en", as_json: Json = False) -> None:
    """List the returns, and check what their files say."""
    from ingestion.returns.rules import compile_rules
    from ingestion.returns.spec import load_returns

    rows: list[dict[str, Any]] = []
    broken: list[tuple[str, int, str, str, str]] = []
    for family in load_returns().values():
        spec = family.newest
        for _, version in family.versions:
            broken += [(family.key, version.version, *wrong) for wrong in compile_rules(version)]
        rows.append(
            {
                "return_key": family.key,
                "aliases": list(spec.aliases),
                "title_en": spec.title_en,
                "title_cy": spec.title_cy,
                "cadence": spec.cadence,
                "submitted_by": spec.submitted_by,
                "first_period": family.versions[0][0],
                "last_period": spec.last_period,
                "versions": len(family.versions),
                "feeds": sorted({s.feed for s in spec.sheets if s.feed}),
            }
        )
    if as_json:
        _say(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for row in rows:
            names = ", ".join([row["return_key"], *row["aliases"]])
            until = row["last_period"] or "…"
            _say(f"{names}\n    {_both(row['title_en'], row['title_cy'], lang)} · {row['first_period']} – {until}")
    for key, number, sheet, code, said in broken:
        why = " ".join(said.partition("\nLINE")[0].split())
        en = f"{key}, version {number}, sheet {sheet}, rule {code}: its check cannot be read. {why}"
        cy = f"{key}, fersiwn {number}, taflen {sheet}, rheol {code}: ni ellir darllen ei gwiriad. {why}"
        typer.secho(f"{en}\n{cy}", fg="red", err=True)
    if broken:
        raise SystemExit(2)


@app.command()
def template(
    name: Return,
    area: AreaOption = None,
    period: PeriodOption = None,
    out: Annotated[Path | None, typer.Option(help="Where the workbook goes; a file or a folder.")] = None,
    source: Source = None,
) -> None:
    """Make a blank workbook for a return, an area and a period, with what is known filled in."""
    from ingestion.returns.calendar import due_date
    from ingestion.returns.judging import Judge, offers_in_force
    from ingestion.returns.submitters import drop_folder
    from ingestion.returns.workbook import write_template

    family = _family(name)
    whose = _area(family, area)
    if whose is None:
        raise _refuse("Say whose it is with --area.", "Dywedwch o bwy y daw gyda --area.")
    when = _period(family, period)
    spec = family.of(when.key)
    file = f"{(spec.aliases or (spec.key,))[0]}_{drop_folder(whose.code)}_{when.slug}.xlsx"
    is_folder = out is not None and (out.is_dir() or out.suffix.lower() != ".xlsx")
    path = out / file if out and is_folder else out or Path(file)
    if path.exists():  # it may be filled in by now
        raise _refuse(
            f"{path} is there already, and it is left as it is. Move it away, or say another place with --out.",
            f"Mae {path} yno eisoes, ac fe’i gadewir fel y mae. Symudwch ef, neu dywedwch le arall gyda --out.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refuse(
            f"The folder {path.parent} cannot be made ({error.strerror}). Say another place with --out.",
            f"Ni ellir gwneud y ffolder {path.parent} ({error.strerror}). Dywedwch le arall gyda --out.",
        ) from error
    previous: Any = {}
    offers: Any = ()
    settings = _settings(source)
    if (lake := _there(settings)) is not None:
        judge = Judge(lake)
        previous = judge.references(spec, whose.code, when).previous
        offers = offers_in_force(judge.ledger.offers, whose.code, when.year, when.end)
    synthetic = settings.lake_kind == "sample"
    due = due_date(spec, when)
    write_template(spec, whose, when, path, previous=previous, offers=offers, due=due, synthetic=synthetic)
    _say(str(path))


def _there(settings: Settings) -> Lake | None:
    """The lake where there is one: a template can be made before anything was ever loaded."""
    from ingestion.lake import Lake

    lake = Lake(settings.lake_url)
    return lake if lake.stamp() is not None else None


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The workbook or CSV.")],
    area: Annotated[str | None, typer.Option("--area", help="Whose it is, where the file does not say.")] = None,
    report: Annotated[Path | None, typer.Option(help="A folder for the report: pages and marked workbook.")] = None,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Check a file as the inbox would, without sending it: all problems at once."""
    from ingestion.returns.sandbox import Sandbox

    # the child imports what it needs while this process does: somebody is waiting
    with Sandbox(ready="ingestion.returns.personal") as sandbox:
        from ingestion.returns.judging import judge_file

        sender = _any_area(area) if area is not None else None
        lake = _there(_settings(source))
        judged = judge_file(file, file.name, sandbox=sandbox, sender=sender, lake=lake)
        if report is not None:
            _write_report(judged, file, report, sandbox)
    if as_json:
        _say(json.dumps(_told(judged), ensure_ascii=False, indent=1))
    else:
        _say_judged(judged, lang)
    raise SystemExit(1 if judged.errors else 0)


def _write_report(judged: Judged, file: Path, folder: Path, sandbox: Any) -> None:
    from ingestion.returns.feedback import write_feedback_html, write_feedback_xlsx
    from ingestion.returns.inbox import MARKED, PAGE_CY, PAGE_EN, answer_of
    from ingestion.returns.reading import read_book

    made = answer_of(judged, is_check=True)
    if judged.parsed is not None and not judged.personal:
        made.book = sandbox.run(read_book, file, file.name)
    folder.mkdir(parents=True, exist_ok=True)
    write_feedback_html(made, folder / PAGE_EN, folder / PAGE_CY)
    if judged.problems:
        write_feedback_xlsx(made, folder / MARKED)


def _told(judged: Judged) -> dict[str, Any]:
    return {
        **judged.judgement.model_dump(mode="json", exclude={"cells", "quarantined", "problems"}),
        "problems": [
            {
                "code": p.code,
                "severity": p.severity,
                "sheet": p.sheet,
                "cell": p.cell,
                "row": p.row,
                "column": p.column_key,
                "message_en": p.message("en"),
                "message_cy": p.message("cy"),
                "do_en": p.do("en"),
                "do_cy": p.do("cy"),
            }
            for p in judged.problems
        ],
    }


def _say_judged(judged: Judged, lang: str) -> None:
    made = judged.judgement
    if judged.spec is not None:
        _say(_about(made.return_key, made.area_code, made.period_key, lang))
    for problem in judged.problems[:SHOWN]:
        place = " ".join(x for x in (problem.sheet, problem.cell or (problem.row and f"{problem.row}")) if x)
        _say(f"  {place}: " if place else "  ", fg="red" if problem.severity == "error" else "yellow", nl=False)
        _say(f"{problem.message('cy' if lang == 'cy' else 'en')} {problem.do('cy' if lang == 'cy' else 'en')}")
    if len(judged.problems) > SHOWN:
        more = len(judged.problems) - SHOWN
        _say(
            _both(
                f"  … and {more} more: --json, or --report FOLDER",
                f"  … a {more} arall: --json, neu --report FFOLDER",
                lang,
            )
        )
    errors, warnings = len(judged.errors), len(judged.problems) - len(judged.errors)
    if errors:
        _say(
            _both(
                f"It would not be accepted as it is. Errors: {errors}. Warnings: {warnings}. "
                f"Rows: {made.rows_received}.",
                f"Ni fyddai’n cael ei derbyn fel y mae. Gwallau: {errors}. Rhybuddion: {warnings}. "
                f"Rhesi: {made.rows_received}.",
                lang,
            ),
            fg="red",
        )
    else:
        _say(
            _both(
                f"It can be sent. Warnings: {warnings}. Rows: {made.rows_received}.",
                f"Gellir ei hanfon. Rhybuddion: {warnings}. Rhesi: {made.rows_received}.",
                lang,
            ),
            fg="green",
        )


@app.command()
def inbox(
    source: Source = None,
    build: Annotated[bool, typer.Option(help="Build and publish at once, or leave it to the next run.")] = True,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Take what is in the inbox now: judge it, answer it, publish what was accepted."""
    from ingestion import nightly
    from ingestion.returns.store import ReturnStore
    from ingestion.returns.wording import status_in_a_sentence

    settings = _settings(source)
    settings.bundled_returns = False  # what somebody dropped there, and nothing of ours
    this = nightly.Run(f"inbox__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}", None, settings)
    nightly.begin_inbox(this)
    nightly.returns(this)
    document = this.folder.read("returns") or {"submissions": []}
    if not as_json:
        for one in document["submissions"]:
            told = _about(one["return_key"], one["area_code"], one["period_key"], lang)
            _say(f"{one['submission_id']}  {told}: {status_in_a_sentence(one['outcome'], lang)}")
            _say(f"    {one['answer']}")
        if not document["submissions"]:
            _say(_both(f"Nothing new in {settings.inbox_url}.", f"Dim byd newydd yn {settings.inbox_url}.", lang))
    code = 0
    # certificates, withdrawals and recalls change the figures too: the build itself sees whether anything did
    if build and ReturnStore(this.lake).receipts():
        try:
            made = nightly.build(this)
            nightly.publish(this)
        finally:
            code = nightly.report(this).exit_code
        if not as_json:
            _say(
                _both("The published figures are as they were.", "Mae’r ffigurau a gyhoeddwyd fel yr oeddent.", lang)
                if made.skipped
                else _both(
                    f"Published: {settings.published}/current", f"Cyhoeddwyd: {settings.published}/current", lang
                )
            )
    if as_json:
        _say(json.dumps(document, ensure_ascii=False, indent=1))
    raise SystemExit(code)


# -- for those who receive ---------------------------------------------------------------------------------------


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(metavar="RETURN", help="Only this return.")] = None,
    area: AreaOption = None,
    period: PeriodOption = None,
    late: Annotated[bool, typer.Option("--late", help="Only what is late.")] = False,
    source: Source = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Who has sent what, who is late and by how many days, what is held or not accepted."""
    from ingestion.lake import utc_now
    from ingestion.returns.periods import read_return_period
    from ingestion.returns.snapshot import clock
    from ingestion.returns.spec import load_returns
    from ingestion.returns.standing import standings
    from ingestion.returns.wording import status_in_a_sentence

    settings = _settings(source)
    store = _store(source)
    ledger = store.ledger()
    families = load_returns()
    moment = clock(ledger, sample=settings.lake_kind == "sample", as_of=None, now=utc_now())
    found = standings(ledger, moment)
    family = _family(name) if name is not None else None
    code = None
    if area is not None:
        whose = _area(family, area) if family else None
        code = whose.code if whose else _any_area(area)
    if family is not None:
        found = [s for s in found if s.return_key == family.key]
    if code is not None:
        found = [s for s in found if s.area_code == code]
    if period is not None:
        keys = {f.key: f.newest.cadence for f in ([family] if family else families.values())}
        wanted = {k: read_return_period(period, cadence) for k, cadence in keys.items()}
        if not any(wanted.values()):
            raise _refuse(
                f"“{period}” is no period. Write it like 2019-20Q2, 2019-20H1 or 2019-20.",
                f"Nid yw “{period}” yn gyfnod. Ysgrifennwch ef fel 2019-20Q2, 2019-20H1 neu 2019-20.",
            )
        found = [s for s in found if (asked := wanted[s.return_key]) is not None and asked.key == s.period_key]
    if late:
        found = [s for s in found if s.status in ("overdue", "received_late", "quarantined") and s.days_late]
    if as_json:
        import dataclasses

        _say(json.dumps([dataclasses.asdict(s) for s in found], default=str, ensure_ascii=False, indent=1))
        return
    counts = Counter(s.status for s in found)
    for key, number in counts.most_common():
        _say(f"{number:6}  {status_in_a_sentence(key, lang)}")
    if held := sum(s.is_held for s in found):
        _say(f"{held:6}  {status_in_a_sentence('held', lang)}")
    open_ones = [s for s in found if s.is_held or s.status in ("overdue", "quarantined", "recalled", "withdrawn")]
    shown = found if late or family or period else open_ones
    newest = {s.about: s.receipt.submission_id for s in ledger.submissions.values() if s.outcome != "duplicate"}
    for one in sorted(shown, key=lambda s: (-s.due.toordinal(), s.return_key, s.area_code))[:SHOWN]:
        about = (one.return_key, one.area_code, one.period_key)
        said = [status_in_a_sentence(one.status, lang)]
        if one.is_held:
            said.append(status_in_a_sentence("held", lang))
        if one.days_late:
            days = "day" if one.days_late == 1 else "days"
            said.append(_both(f"{one.days_late} {days} late", f"{one.days_late} diwrnod yn hwyr", lang))
        if one.status in ("not_due", "overdue"):
            said.append(_both(f"due {one.due}", f"i’w chyflwyno erbyn {one.due}", lang))
        # what does not stand is shown and certified by its number too
        shown_as = one.submission_id if one.submission_id and not one.is_held else newest.get(about)
        _say(f"{_about(*about, lang)}: {', '.join(said)}{f'  {shown_as}' if shown_as else ''}")
    if len(shown) > SHOWN:
        _say(_both(f"… and {len(shown) - SHOWN} more: --json", f"… a {len(shown) - SHOWN} arall: --json", lang))


@app.command()
def show(key: Key, source: Source = None, lang: Lang = "en", as_json: Json = False) -> None:
    """One submission: what it is, what happened to it, and its problems."""
    from ingestion.returns.spec import load_returns
    from ingestion.returns.wording import status_in_a_sentence

    store = _store(source)
    ledger = store.ledger()
    one = _find(ledger, key)
    events = [e for e in ledger.events if e.submission_id == one.submission_id or _bears_on(e, one)]
    problems = []
    if one.judgement and one.judgement.problems and store.lake.exists(one.judgement.problems):
        problems = store.read_table(one.judgement.problems).to_pylist()
    if as_json:
        document = {
            **one.model_dump(mode="json", exclude={"judgement": OFFICERS}),
            "events": [
                e.model_dump(
                    mode="json",
                    exclude_none=True,
                    exclude={"judgement": OFFICERS, **({"reason": True} if e.kind == "certified" else {})},
                )
                for e in events
            ],
            "problems": problems,
        }
        _say(json.dumps(document, ensure_ascii=False, indent=1))
        return
    made = one.judgement
    outcome = "erased" if one.erased else one.closed_by or one.outcome
    _say(f"{one.submission_id}  {one.receipt.received_at:%Y-%m-%d %H:%M} UTC · {one.receipt.channel}")
    if made is not None:
        number = f" · {_both('version', 'fersiwn', lang)} {one.version}" if one.version else ""
        _say(f"{_about(made.return_key, made.area_code, made.period_key, lang)}{number}")
        rows = _both(
            f"{made.rows_received} rows received = {made.rows_accepted} accepted + {made.rows_quarantined} set aside",
            f"{made.rows_received} rhes a ddaeth = {made.rows_accepted} a dderbyniwyd + {made.rows_quarantined} "
            "o’r neilltu",
            lang,
        )
        _say(rows)
    _say(status_in_a_sentence(outcome, lang) if outcome else _both("not judged yet", "heb ei barnu eto", lang))
    for event in events:
        told = _both(event.text_en or "", event.text_cy or event.text_en or "", lang)
        reason = None if event.kind in ("certified", "reply") else event.reason
        place = " ".join(x for x in (event.sheet, event.cell) if x)
        detail = " · ".join(x for x in (event.by, reason, event.until and str(event.until), place, told) if x)
        number = f" {event.event_id}" if event.kind == "query" else ""
        _say(f"  {event.at:%Y-%m-%d %H:%M}  {_both(*EVENTS[event.kind], lang)}{number}  {detail}".rstrip())
    family = load_returns().get(made.return_key or "") if made else None
    sheets = family.of(made.period_key).sheets if family and made and made.period_key else ()
    titles = {s.key: _both(s.title_en, s.title_cy, lang) for s in sheets}
    for row in problems[:SHOWN]:
        place = " ".join(
            str(x) for x in (titles.get(row["sheet"], row["sheet"]), row["cell"] or row["row_number"]) if x
        )
        _say(f"  {place}: {row[f'message_{lang}']}" if place else f"  {row[f'message_{lang}']}")
    if len(problems) > SHOWN:
        more = len(problems) - SHOWN
        _say(_both(f"  … and {more} more: --json", f"  … a {more} arall: --json", lang))


OFFICERS = {"prepared_by": True, "certified_by": True, "audit_reference": True}
"""Of a judgement, what says who an officer is: kept in the lake, shown nowhere."""


def _bears_on(event: Event, one: Submission) -> bool:
    """Whether an event about a whole period, of everybody or of one area, is about a submission too."""
    if event.kind not in ("recalled", "extended") or one.about is None:
        return False
    return_key, area_code, period_key = one.about
    return (event.return_key, event.period_key) == (return_key, period_key) and event.area_code in (None, area_code)


@app.command()
def certify(
    key: Key,
    role: Annotated[str, typer.Option("--as", help="section_151_officer, rpb_lead, …")],
    name: Annotated[str, typer.Option("--name", help="Who certifies it. Kept in the lake, shown nowhere.")],
    source: Source = None,
) -> None:
    """Certify a return that is held: it is accepted from now on."""
    from ingestion.returns.spec import load_returns

    store = _store(source)
    one = _find(store.ledger(), key)
    made = one.judgement
    if made is None or one.outcome != "held" or one.about is None:
        raise _refuse(
            f"Submission {one.submission_id} is not held: only what is in order and lacks a certificate is certified.",
            f"Nid yw cyflwyniad {one.submission_id} yn cael ei gadw: dim ond yr hyn sydd mewn trefn a heb dystysgrif "
            "a ardystir.",
        )
    needed = load_returns()[one.about[0]].of(one.about[2]).certification
    if role != needed:
        raise _refuse(
            f"This return is certified by {needed}, not by {role!r}. Use --as {needed}.",
            f"Ardystir y ffurflen hon gan {needed}, nid gan {role!r}. Defnyddiwch --as {needed}.",
        )
    store.record("certified", submission_id=one.submission_id, by=role, reason=f"certified by {name}")
    _say(one.submission_id)


@app.command()
def withdraw(key: Key, reason: Reason, by: By = None, source: Source = None) -> None:
    """Take one submission back: nothing stands for its period until another is sent."""
    store = _store(source)
    one = _find(store.ledger(), key)
    if not one.is_current:
        raise _refuse(
            f"Submission {one.submission_id} does not stand, so it cannot be withdrawn.",
            f"Nid yw cyflwyniad {one.submission_id} yn sefyll, felly ni ellir ei dynnu’n ôl.",
        )
    store.record("withdrawn", submission_id=one.submission_id, reason=reason, by=by)
    _say(one.submission_id)


@app.command()
def recall(
    name: Return,
    reason: Reason,
    period: PeriodOption = None,
    area: AreaOption = None,
    by: By = None,
    source: Source = None,
) -> None:
    """Take a whole period of a return back, of everybody or of one area: all send it again."""
    family = _family(name)
    whose = _area(family, area)
    when = _period(family, period)
    code = whose.code if whose else None
    _store(source).record("recalled", return_key=family.key, period_key=when.key, area_code=code, reason=reason, by=by)
    _say(f"{family.key} {when.key}{f' {code}' if code else ''}")


@app.command()
def extend(
    name: Return,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The new due date.")],
    reason: Reason,
    period: PeriodOption = None,
    area: AreaOption = None,
    by: By = None,
    source: Source = None,
) -> None:
    """Give more time, to one area or to all: lateness counts from the new day."""
    family = _family(name)
    whose = _area(family, area)
    when = _period(family, period)
    day: date = until.date()
    if day < when.end:
        raise _refuse(
            f"{day} is before the period ends ({when.end}). Give a later day with --until.",
            f"Mae {day} cyn i’r cyfnod ddod i ben ({when.end}). Rhowch ddyddiad diweddarach gyda --until.",
        )
    _store(source).record(
        "extended",
        return_key=family.key,
        period_key=when.key,
        area_code=whose.code if whose else None,
        until=day,
        reason=reason,
        by=by,
    )
    _say(f"{family.key} {when.key} {day.isoformat()}")


@app.command()
def query(
    key: Key,
    text_en: Annotated[str, typer.Option(help="The question in English.")],
    text_cy: Annotated[str, typer.Option(help="The question in Welsh.")],
    sheet: Annotated[str | None, typer.Option(help="The sheet it is about.")] = None,
    cell: Annotated[str | None, typer.Option(help="The cell it is about, for example H12.")] = None,
    by: By = None,
    source: Source = None,
) -> None:
    """Ask about a submission, or a cell of it."""
    store = _store(source)
    one = _find(store.ledger(), key)
    event = store.record(
        "query", submission_id=one.submission_id, sheet=sheet, cell=cell, text_en=text_en, text_cy=text_cy, by=by
    )
    _say(event.event_id)


@app.command()
def reply(
    key: Annotated[str, typer.Argument(metavar="QUERY", help="The query's number.")],
    text_en: Annotated[str, typer.Option(help="The answer in English.")],
    text_cy: Annotated[str, typer.Option(help="The answer in Welsh.")],
    by: By = None,
    source: Source = None,
) -> None:
    """Answer a query."""
    store = _store(source)
    asked = [e for e in store.ledger().events if e.kind == "query" and e.event_id.startswith(key)]
    if len(asked) != 1:
        raise _refuse(
            f"Expected the number of one query, and “{key}” is the beginning of none or of several. "
            "`gofal returns show SUBMISSION` names the queries about it.",
            f"Disgwylid rhif un cwestiwn, ac nid yw “{key}” yn ddechrau i un yn unig. Mae `gofal returns show "
            "CYFLWYNIAD` yn enwi’r cwestiynau amdano.",
        )
    about = asked[0]
    event = store.record(
        "reply",
        submission_id=about.submission_id,
        sheet=about.sheet,
        cell=about.cell,
        reason=about.event_id,
        text_en=text_en,
        text_cy=text_cy,
        by=by,
    )
    _say(event.event_id)


@app.command()
def release(
    key: Key, by: Annotated[str, typer.Option("--by", help="In what role you looked.")], source: Source = None
) -> None:
    """Say that a person looked and there is no personal data: the submission is judged again at the next run."""
    store = _store(source)
    one = _find(store.ledger(), key)
    if one.judgement is None or not one.judgement.has_personal_data or one.erased:
        raise _refuse(
            f"Submission {one.submission_id} is not set aside for personal data.",
            f"Nid yw cyflwyniad {one.submission_id} o’r neilltu oherwydd data personol.",
        )
    store.record("released", submission_id=one.submission_id, by=by)
    _say(one.submission_id)


@app.command()
def reminders(
    out: Annotated[Path | None, typer.Option(help="A folder for the drafts. Default: reminders in the home.")] = None,
    form: Annotated[str, typer.Option(help="txt or eml.")] = "txt",
    everything: Annotated[
        bool, typer.Option("--all", help="Everything that is open, not only what is due today.")
    ] = False,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day.")] = None,
    source: Source = None,
    lang: Lang = "en",
) -> None:
    """Draft reminders, each in both languages, the submitter's own first. Nothing is sent."""
    from ingestion.lake import utc_now
    from ingestion.returns.reminders import drafts, write_drafts
    from ingestion.returns.snapshot import clock, expected_returns

    if form not in ("txt", "eml"):
        raise typer.BadParameter(f"expected txt or eml, found {form!r}")
    settings = _settings(source)
    ledger = _store(source).ledger()
    moment = clock(ledger, sample=settings.lake_kind == "sample", as_of=on and on.replace(tzinfo=UTC), now=utc_now())
    found = drafts(expected_returns(ledger, moment), ledger.submissions.values(), moment.date(), all_open=everything)
    folder = out or settings.root / "reminders"
    write_drafts(found, folder, "eml" if form == "eml" else "txt")
    _say(_both(f"{len(found)} drafts in {folder}", f"{len(found)} drafft yn {folder}", lang))


@app.command()
def offers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV; docs/returns.md has its columns.")],
    source: Source = None,
) -> None:
    """Record the lines of offer letters and their variations."""
    from ingestion.returns.offers import read_offers

    lines = read_offers(file)
    key = _store(source).write_offers(lines)
    _say(f"{key}  {len(lines)}")


def erase_submission(key: str, reason: str, by: str | None, settings: Settings) -> Iterable[str]:
    """What `gofal lake erase` does: the lake, then a build without it, then every earlier build and publication.

    Yields:
        What is gone.
    """
    import shutil

    from ingestion import nightly
    from ingestion.publish import current_version, versions
    from ingestion.returns.inbox import Outbox
    from ingestion.returns.store import ReturnStore

    lake = _lake(settings)
    store = ReturnStore(lake)
    submission = _find(store.ledger(), key)
    yield from store.erase(key, reason, by)
    with Outbox(lake, settings.outbox_url) as outbox:
        yield from outbox.remove(submission.submission_id)
    if current_version(settings) is None:
        return
    run = nightly.Run(f"erase__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}", nightly.Params(force=True), settings)
    made = nightly.build(run)
    nightly.publish(run)
    for folder in [settings.published / v for v in versions(settings)] + sorted(settings.builds.glob("2*")):
        if folder.name != made.build_id:
            shutil.rmtree(folder)
            yield str(folder)


def _refuse(en: str, cy: str) -> GofalError:
    return GofalError(en, cy, code="returns_refused")
