"""How fresh each dataset is: what is held of it, when its publisher expects the next update, and what is late."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from ingestion.lake import Lake, LoadRecord, Outcome, utc_now, vintages_of
from ingestion.statswales.registry import Dataset, Theme

GRACE_DAYS = 7
"""An update is due from the day its publisher named, and late when it has not come within so many days of that."""

State = Literal[
    "fresh",
    "due",
    "late",
    "no_update_expected",
    "never_loaded",
    "awaiting",
    "to_find",
    "to_confirm",
    "archived",
    "withdrawn",
]
STATES: dict[State, tuple[str, str]] = {
    "fresh": ("up to date", "yn gyfredol"),
    "due": ("update due", "diweddariad ar ddod"),
    "late": ("late", "yn hwyr"),
    "no_update_expected": ("no update expected", "dim diweddariad i’w ddisgwyl"),
    "never_loaded": ("never loaded", "heb ei llwytho erioed"),
    "awaiting": ("awaited", "yn cael ei disgwyl"),
    "to_find": ("to be found", "i’w chanfod"),
    "to_confirm": ("to be confirmed", "i’w chadarnhau"),
    "archived": ("archived", "wedi’i harchifo"),
    "withdrawn": ("withdrawn", "wedi’i thynnu’n ôl"),
}
"""Every state, as a person reads it. In Welsh of a *set ddata*, which is feminine."""

THEMES: dict[Theme, tuple[str, str]] = {
    "children_looked_after": ("Children looked after", "Plant sy’n derbyn gofal"),
    "leaving_care": ("Leaving care", "Gadael gofal"),
    "adoption": ("Adoption", "Mabwysiadu"),
    "care_and_support": ("Care and support", "Gofal a chymorth"),
    "child_protection": ("Child protection", "Amddiffyn plant"),
    "services": ("Services", "Gwasanaethau"),
    "performance": ("Performance", "Perfformiad"),
    "finance": ("Finance", "Cyllid"),
    "homelessness": ("Homelessness", "Digartrefedd"),
    "early_years": ("Early years", "Blynyddoedd cynnar"),
    "education": ("Education", "Addysg"),
    "wellbeing": ("Well-being", "Llesiant"),
    "population": ("Population and births", "Poblogaeth a genedigaethau"),
}
"""Every theme of the registry, as a person reads it."""


class Freshness(BaseModel):
    """What is known of one registered dataset."""

    source_key: str
    theme: Theme
    title_en: str
    title_cy: str
    state: State
    message_en: str
    message_cy: str
    vintages: int = 0
    rows: int | None = None
    known_from: datetime | None = None
    """Of the newest vintage."""
    loaded_at: datetime | None = None
    last_checked: datetime | None = None
    last_outcome: str | None = None
    next_expected: date | None = None
    days_late: int | None = None
    """Days since the update was expected; None before."""
    quarantined_en: list[str] = []
    """Why the newest landing was refused, where it was."""
    quarantined_cy: list[str] = []
    published: int | None = None
    """Revisions that were ever published, as far as a backfill has looked; None where none has."""
    not_served: int | None = None
    """Those of them that are not held and no longer to be had."""


def expected(frequency: Mapping[str, Any] | None) -> date | None:
    """The day by which the publisher expects the next update.

    Args:
        frequency: ``update_frequency`` of the metadata. Its date may lack the day: then the month's last is meant.

    Returns:
        The day; None where no update is expected, or no day that the calendar has is named.
    """
    found = _window(frequency)
    return found[1] if found else None


def status(
    lake: Lake, registry: Mapping[str, Dataset], today: date | None = None, *, grace: int = GRACE_DAYS
) -> list[Freshness]:
    """Say of every registered dataset how fresh it is.

    Args:
        lake: What is held.
        registry: The datasets.
        today: The day; today in UTC by default.
        grace: Days after the expected day before an update counts as late.

    Returns:
        One entry a dataset, in registry order.
    """
    today = today or utc_now().date()
    return [_of(lake, dataset, today, grace) for dataset in registry.values()]


def late(
    lake: Lake, registry: Mapping[str, Dataset], today: date | None = None, *, grace: int = GRACE_DAYS
) -> list[Freshness]:
    """The datasets whose publisher said that an update would have come by now, the latest first."""
    found = [f for f in status(lake, registry, today, grace=grace) if f.state == "late"]
    return sorted(found, key=lambda f: -(f.days_late or 0))


def days(count: int) -> tuple[str, str]:
    """A number of days in words of both languages: after 2 the Welsh word is mutated."""
    return f"{count:,} day{'' if count == 1 else 's'}", f"{count:,} {'ddiwrnod' if count == 2 else 'diwrnod'}"


def _window(frequency: Mapping[str, Any] | None) -> tuple[date, date] | None:
    """The first and the last day on which the next update is expected."""
    if not isinstance(frequency, Mapping) or frequency.get("update_type") == "none":
        return None
    when = frequency.get("date")
    if not isinstance(when, Mapping):
        return None
    try:
        year, month, day = int(when["year"]), int(when["month"]), when.get("day")
        first = date(year, month, int(day or 1))
        return first, first if day else first.replace(day=calendar.monthrange(year, month)[1])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _of(lake: Lake, dataset: Dataset, today: date, grace: int) -> Freshness:
    from ingestion.statswales.history import read_ledger

    records = lake.records(dataset.key)
    vintages = vintages_of(records)
    events = [r for r in records if not r.backfilled]
    last = events[-1] if events else None
    newest = vintages[-1] if vintages else None
    refused = last if last and last.outcome is Outcome.QUARANTINED else None
    ledger = read_ledger(lake, dataset.key)
    # A fetch that failed says nothing of the source: what it said the time before still stands
    said = next((r for r in reversed(events) if r.outcome is not Outcome.FAILED), None)
    state, due, texts = _judge(dataset, said, newest, last, today, grace)
    return Freshness(
        source_key=dataset.key,
        theme=dataset.theme,
        title_en=dataset.title_en,
        title_cy=dataset.title_cy,
        state=state,
        message_en=texts[0],
        message_cy=texts[1],
        vintages=len(vintages),
        rows=newest.rows if newest else None,
        known_from=newest.known_from if newest else None,
        loaded_at=newest.landed_at if newest else None,
        last_checked=last.landed_at if last else None,
        last_outcome=str(last.outcome) if last else None,
        next_expected=due,
        days_late=(today - due).days if due and state in ("due", "late") else None,
        quarantined_en=[m.en for m in refused.messages] if refused else [],
        quarantined_cy=[m.cy for m in refused.messages] if refused else [],
        published=len(ledger.revisions) if ledger else None,
        not_served=ledger.count("not_served") if ledger else None,
    )


def _judge(
    dataset: Dataset,
    said: LoadRecord | None,
    newest: LoadRecord | None,
    last: LoadRecord | None,
    today: date,
    grace: int,
) -> tuple[State, date | None, tuple[str, str]]:
    """The state, the day of the next update where one is named, and a sentence on both in each language."""
    if said is not None and said.outcome is Outcome.WITHDRAWN:
        return "withdrawn", None, (
            "The publisher has withdrawn it: no revision is published. What was loaded stays.",
            "Mae’r cyhoeddwr wedi’i thynnu’n ôl: nid oes diwygiad wedi’i gyhoeddi. Mae’r hyn a lwythwyd yn aros.",
        )  # fmt: skip
    if newest is None:
        return _never(dataset, last)
    if said is not None and said.archived_at:
        day = f"{said.archived_at:%Y-%m-%d}"
        by_en, by_cy = (
            (f" It is replaced by {said.replaced_by}.", f" Disodlwyd hi gan {said.replaced_by}.")
            if said.replaced_by
            else ("", "")
        )
        return "archived", None, (
            f"The publisher archived it on {day}: expect no more updates.{by_en}",
            f"Archifodd y cyhoeddwr hi ar {day}: peidiwch â disgwyl rhagor o ddiweddariadau.{by_cy}",
        )  # fmt: skip
    return _due(said or newest, newest, today, grace)


def _never(dataset: Dataset, last: LoadRecord | None) -> tuple[State, date | None, tuple[str, str]]:
    key = dataset.key
    if dataset.state == "awaiting":
        return "awaiting", None, (dataset.awaiting_en or "", dataset.awaiting_cy or "")
    if dataset.state == "to_find":
        return "to_find", None, (
            f"Only its title is known. Run `gofal sources discover`, then `gofal sources pin {key}`.",
            f"Dim ond ei theitl sy’n hysbys. Rhedwch `gofal sources discover`, yna `gofal sources pin {key}`.",
        )  # fmt: skip
    if dataset.state == "to_confirm":
        return "to_confirm", None, (
            f"Its id is a guess that nobody has confirmed. Look at it, then run `gofal sources pin {key}`.",
            f"Dyfaliad nad oes neb wedi’i gadarnhau yw ei dynodwr. Edrychwch arni, yna rhedwch "
            f"`gofal sources pin {key}`.",
        )  # fmt: skip
    if last is None:
        return "never_loaded", None, (
            "Nothing of it was loaded yet. Run `gofal run`.",
            "Ni lwythwyd dim ohoni eto. Rhedwch `gofal run`.",
        )  # fmt: skip
    day = f"{last.landed_at:%Y-%m-%d}"
    return "never_loaded", None, (
        f"Nothing of it was ever accepted; it was tried last on {day}. `gofal report` says why.",
        f"Ni dderbyniwyd dim ohoni erioed; rhoddwyd cynnig arni ddiwethaf ar {day}. Mae `gofal report` yn dweud pam.",
    )  # fmt: skip


def _due(said: LoadRecord, newest: LoadRecord, today: date, grace: int) -> tuple[State, date | None, tuple[str, str]]:
    from ingestion.statswales.client import parse_time

    frequency = said.update_frequency
    if frequency and frequency.get("update_type") == "none":
        return "no_update_expected", None, (
            "The publisher expects no further update.",
            "Nid yw’r cyhoeddwr yn disgwyl diweddariad pellach.",
        )  # fmt: skip
    window = _window(frequency)
    if window is None:
        return "no_update_expected", None, (
            "The publisher names no day for the next update.",
            "Nid yw’r cyhoeddwr yn enwi diwrnod ar gyfer y diweddariad nesaf.",
        )  # fmt: skip
    first, due = window
    published = parse_time(said.last_updated_at) or newest.known_from
    if published and published.date() >= first:
        # The day was not moved on when the update that it announced came
        day = f"{published:%Y-%m-%d}"
        return "no_update_expected", None, (
            f"Updated on {day}; the publisher has not said since when the next update comes.",
            f"Diweddarwyd ar {day}; nid yw’r cyhoeddwr wedi dweud ers hynny pryd y daw’r diweddariad nesaf.",
        )  # fmt: skip
    if today < due:
        return "fresh", due, (f"The next update is expected by {due}.", f"Disgwylir y diweddariad nesaf erbyn {due}.")
    count = (today - due).days
    if count == 0:
        return "due", due, ("The next update is expected today.", "Disgwylir y diweddariad nesaf heddiw.")
    en, cy = days(count)
    texts = (
        f"An update was expected by {due}, {en} ago, and has not come.",
        f"Disgwylid diweddariad erbyn {due}, {cy} yn ôl, ac nid yw wedi dod.",
    )
    return ("late" if count > grace else "due"), due, texts
