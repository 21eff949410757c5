"""When a reminder is due: so long before a due time, by the days of the procedure's zone and the working days of a calendar.

Counted as due times are, backwards: what is due at the end of a day has "1 working days" left from the beginning of the last
working day up to that end, "3 days" from the beginning of the last three. What is due at an hour has them left from the same hour
of a day so many days, or working days, before. Hours are elapsed hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

import attrs

from ..calendar import UNTIL, Calendar, DueTime, Duration, Unit, day_ended, due_time, months_before
from ..case import kind_of_duty, office_of
from ..language import NoticeRule, Occasion, Procedure
from ..zones import end_of
from .notices import is_meant

_DAY = timedelta(days=1)
_SLACK = timedelta(days=4)
"""Forwards and backwards a month is not the same number of days."""


@attrs.frozen
class Lead:
    """That a reminder by ``rule`` is due ``at`` a moment, so ``long`` before the due time."""

    rule: NoticeRule
    long: Duration
    at: datetime


@lru_cache(maxsize=4096)
def lead_time(due: datetime, lead: Duration, zone: tzinfo, calendar: Calendar) -> datetime:
    """From when on no more than ``lead`` is left until ``due``. `OverflowError` where that is before the year 1."""
    if lead.unit is Unit.HOURS:
        return due - timedelta(hours=lead.amount)
    last = day_ended(due, zone)
    if last is not None and lead.unit is Unit.MONTHS:
        return end_of(months_before(last, lead.amount), zone)
    if last is not None:
        return end_of(_days_before(last + _DAY, lead, calendar) - _DAY, zone)
    local = due.astimezone(zone)
    day = _days_before(local.date(), lead, calendar)
    return datetime.combine(day, local.time(), tzinfo=zone).astimezone(due.tzinfo)


def _days_before(day: date, lead: Duration, calendar: Calendar) -> date:
    """The day from which on so many days are left until ``day`` begins."""
    if lead.unit is Unit.MONTHS:
        return months_before(day, lead.amount)
    if lead.unit is Unit.DAYS:
        return day - timedelta(days=lead.amount)
    left = lead.amount
    while left:
        day -= _DAY
        left -= calendar.is_working(day)
    return day


def rules_for(procedure: Procedure, duty: str, state: str) -> Iterator[NoticeRule]:
    """The rules that remind of a duty in ``state``."""
    for rule in procedure.notices_on.get((Occasion.BEFORE_DUE, kind_of_duty(duty)), ()):
        if is_meant(rule, duty, state):
            yield rule


def passed(
    procedure: Procedure,
    duty: str,
    state: str,
    due: datetime,
    now: datetime,
    calendar: Calendar,
    began: datetime | None = None,
) -> Iterator[Lead]:
    """What is to be reminded of ``now`` that a duty falls ``due``: by each rule the shortest of its leads that has begun, if any
    has. Nothing where it is due already, and no lead that is longer than the limit, which ``began`` then: it would be told that
    it has more time than it ever had."""
    if due <= now:
        return
    limit = _limit(procedure, duty, state)
    for rule in rules_for(procedure, duty, state):
        begun = []
        for long in map(procedure.duration, rule.lead):
            if limit is not None and long.surely_longer_than(limit):
                continue
            try:
                at = lead_time(due, long, procedure.zone, calendar)
            except OverflowError:  # longer than time has been
                continue
            if at <= now and (began is None or began <= at):
                begun.append(Lead(rule, long, at))
        if begun:
            yield max(begun, key=lambda one: one.at)


def _limit(procedure: Procedure, duty: str, state: str) -> Duration | None:
    """The limit of a duty, where it is a duration."""
    office, kind = office_of(duty), kind_of_duty(duty)
    if office is not None:
        within = procedure.roles[office].vacant_within if office in procedure.roles else None
    else:
        known = procedure.lifecycle(kind).states.get(state)
        within = None if known is None else known.within
    return None if within is None else procedure.duration(within)


def limit_began(due: DueTime) -> datetime | None:
    """When the limit began that ends ``due``; ``None`` where it is a date, which may be named late."""
    return None if due.limit.startswith(UNTIL) else due.start


def horizon(procedures: Iterable[Procedure], now: datetime, calendar: Calendar) -> datetime | None:
    """A moment up to which everything falls due of which these procedures remind ``now``; ``None`` where they never do."""
    found = [
        due_time(now, procedure.duration(long), procedure.zone, calendar).at
        for procedure in procedures
        for rule in procedure.notices
        for long in rule.lead
    ]
    return max(found) + _SLACK if found else None
