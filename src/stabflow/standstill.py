"""What a stopped clock does to a due time: what was left when it was stopped is left when it is resumed.

A day counts when it ends while the clock runs. So the days used up are those that ended before the clock was stopped; the day on
which it is resumed takes the place of the one on which it was stopped; and a clock resumed on the same day has changed nothing.
Hours are carried over as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo

import attrs

from .calendar import (
    SATURDAY,
    UNTIL,
    Calendar,
    DueTime,
    Duration,
    Stop,
    Unit,
    due_on,
    due_time,
    first_day,
    stood_days,
    working_days,
)
from .zones import end_of

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def since(stops: Iterable[Stop], start: datetime) -> tuple[Stop, ...]:
    """What of ``stops`` lies after ``start``."""
    return tuple(Stop(max(one.since, start), one.until) for one in stops if one.until > start)


def in_working_days(due: DueTime) -> bool:
    """Whether it was counted in working days, which a calendar tells."""
    return not due.limit.startswith(UNTIL) and Duration.parse(due.limit).unit is Unit.WORKING_DAYS


def recounted(due: DueTime, zone: tzinfo, calendar: Calendar) -> DueTime:
    """``due`` counted anew from its start, by ``calendar``."""
    return _counted(due, due.stops, zone, calendar)


def resumed(due: DueTime, stop: Stop, zone: tzinfo, calendar: Calendar) -> DueTime:
    """``due`` after the clock stood during ``stop``, which began before it was over.

    Working days that were used up by then are those on its record; what is left of them is counted by ``calendar``.
    """
    stop = Stop(max(stop.since, due.start), stop.until)
    stops = (*due.stops, stop)
    if not in_working_days(due):
        return _counted(due, stops, zone, calendar)
    first, again = (moment.astimezone(zone).date() for moment in (stop.since, stop.until))
    if first == again:
        return attrs.evolve(due, stops=stops)
    used = _used(due, first, zone)
    left = max(Duration.parse(due.limit).amount - used.amount, 1)  # whoever had any time left has a day
    is_at_the_start = first_day(due.start, stood_days(due.stops, zone), zone) == first
    rest = working_days(again if is_at_the_start else again - _DAY, left, calendar)
    begun = first_day(due.start, stood_days(stops, zone), zone)
    years = range((begun + _DAY).year, rest.last.year + 1)
    known = calendar.years.issuperset(years) and not any(begun < one <= rest.last for one in calendar.unsettled)
    return attrs.evolve(
        due,
        at=end_of(rest.last, zone),
        weekend_days=used.weekend_days + rest.weekend_days,
        holidays=used.holidays + rest.holidays,
        workdays=used.workdays + rest.workdays,
        estimated=not known or (due.estimated and due.calendar != calendar.digest),
        calendar=calendar.digest,
        stops=stops,
    )


def adds_up(due: DueTime, zone: tzinfo) -> bool:
    """Whether ``due`` is what its own limit, start, stops and days give."""
    if not in_working_days(due):
        return due == _counted(due, due.stops, zone, Calendar("none"))
    last = (due.at - _INSTANT).astimezone(zone).date()
    used = _used(due, last + _DAY, zone)
    whole = (used.weekend_days, used.holidays, used.workdays) == (due.weekend_days, due.holidays, due.workdays)
    ends = end_of(last, zone) == due.at and _used(due, last, zone).amount == used.amount - 1
    return whole and ends and used.amount == Duration.parse(due.limit).amount


def _counted(due: DueTime, stops: tuple[Stop, ...], zone: tzinfo, calendar: Calendar) -> DueTime:
    if due.limit.startswith(UNTIL):
        return due_on(date.fromisoformat(due.limit.removeprefix(UNTIL)), due.start, zone, stops)
    return due_time(due.start, Duration.parse(due.limit), zone, calendar, stops)


@attrs.frozen
class _Used:
    """Working days used up: how many, and what was skipped or worked in exchange."""

    amount: int
    weekend_days: int
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]


def _used(due: DueTime, before: date, zone: tzinfo) -> _Used:
    """The working days on the record of ``due`` that were over ``before`` a day."""
    stood, days = stood_days(due.stops, zone), 0
    weekend_days, holidays, workdays = 0, list[date](), list[date]()
    for day in _days(first_day(due.start, stood, zone) + _DAY, before):
        weekend = day.weekday() >= SATURDAY
        if day in stood:
            continue
        if day in due.workdays:
            workdays.append(day)
        elif day in due.holidays:
            holidays.append(day)
        weekend_days += weekend and day not in due.workdays
        days += day in due.workdays or (not weekend and day not in due.holidays)
    return _Used(days, weekend_days, tuple(holidays), tuple(workdays))


def _days(first: date, before: date) -> Iterator[date]:
    while first < before:
        yield first
        first += _DAY
