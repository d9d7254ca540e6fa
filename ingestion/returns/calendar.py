"""What is expected of whom and when: due dates on working days of Wales, extensions, when figures may be published.

Says nothing of what came: that is in the lake (`ingestion.returns.store`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from ingestion.errors import GofalError
from ingestion.returns.areas import areas_of_type
from ingestion.returns.periods import ReturnPeriod
from ingestion.returns.spec import Family, ReturnSpec
from ingestion.returns.wording import long_date

RELEASE_TIME = time(9, 30, tzinfo=UTC)
"""When on its day a figure may be published: the hour of official statistics."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """A return that a submitter owes for a period."""

    return_key: str
    area_code: str
    period_key: str
    period_start: date
    period_end: date
    is_required: bool
    """False for an area of the right type that the return is not asked of."""
    original_due_date: date
    closes_on: date
    """From this day a change needs a reason."""
    release_at: datetime
    """Before this moment none of its figures is published."""
    extended_due_date: date | None = None
    is_collected: bool = True
    """False for what fell due before the return was collected here: it is late for nobody. `expected` does not know;
    `ingestion.returns.snapshot.expected_returns` does."""

    @property
    def due(self) -> date:
        """The day that lateness counts from."""
        return self.extended_due_date or self.original_due_date


@functools.cache
def _bank_holidays(year: int) -> frozenset[date]:
    import holidays  # takes a while to start: only for who asks

    return frozenset(holidays.country_holidays("GB", subdiv="WLS", years=year))


def is_working_day(day: date) -> bool:
    """Whether a day is neither of a weekend nor a bank holiday of England and Wales."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def due_date(spec: ReturnSpec, period: ReturnPeriod) -> date:
    """The day by which a return of a period is due.

    Args:
        spec: The version of the return that answers for the period.
        period: A period of it.

    Returns:
        The first day of the spec's month and day after the period's end (of a plan: its start), moved as it says.

    Raises:
        ValueError: The return is not asked for in that part of the year.
    """
    if period.part not in spec.due.days:
        raise ValueError(f"{spec.key} names no due date for {period.part} ({period.key})")
    month, day = (int(part) for part in spec.due.days[period.part].split("-"))
    anchor = period.start if spec.due.after == "start" else period.end
    due = date(anchor.year, month, day)
    if due <= anchor:
        due = date(anchor.year + 1, month, day)
    step = {"next": _DAY, "previous": -_DAY, "as_it_is": timedelta()}[spec.due.working_day]
    while step and not is_working_day(due):
        due += step
    return due


def expected(families: Mapping[str, Family] | Iterable[Family], until: date) -> list[Expected]:
    """Every return that is expected for a period that ended by a day (of a plan: began by it).

    Args:
        families: The returns.
        until: The last day that counts; today, mostly.

    Returns:
        One for each return, period and submitter there was on the period's last day, in that order.
    """
    found: list[Expected] = []
    for family in families.values() if isinstance(families, Mapping) else families:
        for period in family.periods(until):
            spec = family.of(period.key)
            if period.part not in spec.due.days:
                continue
            due = due_date(spec, period)
            found += (
                Expected(
                    return_key=spec.key,
                    area_code=area,
                    period_key=period.key,
                    period_start=period.start,
                    period_end=period.end,
                    is_required=not spec.submitters or area in spec.submitters,
                    original_due_date=due,
                    closes_on=due + timedelta(days=spec.closes_days),
                    release_at=datetime.combine(due + timedelta(days=spec.release_days), RELEASE_TIME),
                )
                for area in _submitters(spec.submitted_by, period.end)
            )
    return found


@functools.cache
def _submitters(area_type: str, on: date) -> tuple[str, ...]:
    return tuple(areas_of_type(area_type, on))


def with_extension(item: Expected, until: date) -> Expected:
    """The same with a later due date. The day is taken as it was given, and what counts from the due date moves along.

    Raises:
        GofalError: The day is not after the original due date.
    """
    if until <= item.original_due_date:
        (until_en, until_cy), (due_en, due_cy) = long_date(until), long_date(item.original_due_date)
        raise GofalError(
            f"An extension was expected to end after the due date ({due_en}); found {until_en}. Give a later day.",
            f"Disgwyliwyd i estyniad ddod i ben ar ôl y dyddiad cyflwyno ({due_cy}); cafwyd {until_cy}. "
            "Rhowch ddiwrnod diweddarach.",
            code="extension_not_later",
            return_key=item.return_key,
            area_code=item.area_code,
            period_key=item.period_key,
        )
    longer = until - item.due
    return replace(
        item,
        extended_due_date=until,
        closes_on=item.closes_on + longer,
        release_at=item.release_at + longer,
    )


def days_late(received: date | datetime, due: date) -> int:
    """How many days after its due date something came; 0 where it was in time. A moment counts by its day in UTC."""
    return max(0, (_day(received) - due).days)


def _day(moment: date | datetime) -> date:
    if isinstance(moment, datetime):
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    return moment
