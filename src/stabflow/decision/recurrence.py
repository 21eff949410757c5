"""What the calendar calls for, and when: the periods, weekends and holidays for which a row with `every` creates something.

Each occurrence has a label of its own, by which it is created once. A year that the calendar has no official notice for has no
holidays: none is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

import attrs

from ..calendar import Calendar, Duration, Unit, months_before
from ..language import Procedure, Recurrence, Transition

_DAY = timedelta(days=1)
_SATURDAY = 5
_LONGEST = {Unit.HOURS: 1 / 24, Unit.DAYS: 1, Unit.WORKING_DAYS: 7, Unit.MONTHS: 31}
"""So many days at most lie in one of a unit; of working days it is more only in a holiday, for which `_SLACK` is added."""
_SLACK = 40
_NEW_YEAR_BEFORE = timedelta(days=3)


@attrs.frozen
class Occurrence:
    """A period or day that something is created for: its ``label`` (2026-Q3, 2026-W27, 2026-10-01), the day it begins on, and the
    moment of the creation, which a `lead` puts before that day."""

    label: str
    day: date
    at: datetime


def occurrences(
    procedure: Procedure, row: Transition, *, after: datetime, until: datetime, calendar: Calendar
) -> Iterator[Occurrence]:
    """The occurrences of ``row`` later than ``after`` and not later than ``until``, in the order of their moments."""
    lead = None if row.lead is None else procedure.duration(row.lead)
    ahead = timedelta() if lead is None else timedelta(days=_LONGEST[lead.unit] * lead.amount + _SLACK)
    found: dict[str, Occurrence] = {}
    day, last = after.astimezone(procedure.zone).date(), (until + ahead).astimezone(procedure.zone).date()
    while day <= last:
        for recurrence in row.every:
            label = _LABELS[recurrence](day) if recurrence in _LABELS else _holiday(recurrence, day, calendar)
            if label is not None:
                begins = datetime.combine(day, time(), tzinfo=procedure.zone)
                at = _before(begins, lead, calendar).astimezone(UTC)
                if after < at <= until:
                    found.setdefault(label, Occurrence(label, day, at))
        day += _DAY
    yield from sorted(found.values(), key=lambda one: (one.at, one.label))


def is_known(recurrence: Recurrence, year: int, calendar: Calendar) -> bool:
    """Whether the calendar says when the days of ``recurrence`` are in ``year``; of what is no holiday everybody knows."""
    if recurrence in _LABELS:
        return True
    if recurrence is Recurrence.HOLIDAY:
        return year in calendar.years and any(day.year == year for day in calendar.holidays)
    return any(day.year == year and name == recurrence.value for day, name in calendar.names.items())


def unknown_holidays(
    procedure: Procedure, row: Transition, *, after: datetime, until: datetime, calendar: Calendar
) -> Iterator[tuple[Recurrence, int]]:
    """The holidays, each with its year, for which ``row`` would have something created from the year of ``after`` on, and of
    which the calendar does not say when they are. A year counts from when its first holiday could call for something."""
    if not row.every:
        return
    lead = None if row.lead is None else procedure.duration(row.lead)
    year = after.astimezone(procedure.zone).year
    while _before(_year_begins(year, procedure), lead, calendar) <= until:
        for recurrence in row.every:
            if not is_known(recurrence, year, calendar):
                yield recurrence, year
        year += 1


def _year_begins(year: int, procedure: Procedure) -> datetime:
    """The earliest day that the notice for ``year`` may make a holiday of: the New Year can begin in the December before."""
    return datetime.combine(date(year, 1, 1) - _NEW_YEAR_BEFORE, time(), tzinfo=procedure.zone)


def _week(day: date) -> str | None:
    year, week, weekday = day.isocalendar()
    return f"{year}-W{week:02}" if weekday == 1 else None


def _months(count: int, mark: str) -> Callable[[date], str | None]:
    def label(day: date) -> str | None:
        if day.day != 1 or (day.month - 1) % count:
            return None
        number = (day.month - 1) // count + 1
        return f"{day.year}-{mark}{number}" if mark else f"{day.year}-{number:02}"

    return label


def _year(day: date) -> str | None:
    return str(day.year) if (day.month, day.day) == (1, 1) else None


def _weekend(day: date) -> str | None:
    return day.isoformat() if day.weekday() == _SATURDAY else None


_LABELS: Mapping[Recurrence, Callable[[date], str | None]] = {
    Recurrence.WEEK: _week,
    Recurrence.MONTH: _months(1, ""),
    Recurrence.QUARTER: _months(3, "Q"),
    Recurrence.HALF_YEAR: _months(6, "H"),
    Recurrence.YEAR: _year,
    Recurrence.WEEKEND: _weekend,
}


def _holiday(recurrence: Recurrence, day: date, calendar: Calendar) -> str | None:
    """``day`` as the first of a holiday, of whatever name, or of the one that ``recurrence`` names."""

    def is_one(day: date) -> bool:
        if recurrence is Recurrence.HOLIDAY:
            return day in calendar.holidays and day.year in calendar.years
        return calendar.names.get(day) == str(recurrence.value)

    if not is_one(day):
        return None
    before = day - _DAY
    while not calendar.is_working(before):  # a day of rest between two days of a holiday is one of it
        if is_one(before):
            return None
        before -= _DAY
    return day.isoformat()


def _before(begins: datetime, lead: Duration | None, calendar: Calendar) -> datetime:
    if lead is None:
        return begins
    if lead.unit is Unit.HOURS:
        return begins - timedelta(hours=lead.amount)
    day = begins.date()
    if lead.unit is Unit.DAYS:
        day -= timedelta(days=lead.amount)
    elif lead.unit is Unit.MONTHS:
        day = months_before(day, lead.amount)
    else:
        left = lead.amount
        while left:
            day -= _DAY
            left -= calendar.is_working(day)
    return datetime.combine(day, time(), tzinfo=begins.tzinfo)
