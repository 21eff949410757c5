"""Clocks that jump while somebody looks at them: over nights, weekends, holidays, daylight changes and leap days, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from ..calendars.china import china
from .clock import FakeClock

CHANGING, WORKING = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
"""Where daylight time begins and ends, and where the holidays are."""

_DAY, _HOUR, _MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
_LONGEST = 400
SATURDAY = 5

To = Callable[[datetime], datetime]


@attrs.frozen
class Jump:
    """``why`` it may matter, and ``to`` where it leads from a moment."""

    why: str
    to: To = attrs.field(repr=False)


def _by(**length: float) -> To:
    return lambda now: now + timedelta(**length)


def _change(now: datetime) -> datetime:
    """The first moment after ``now`` at which daylight time begins or ends in `CHANGING`."""
    here = now
    for _ in range(_LONGEST):
        if (here + _DAY).astimezone(CHANGING).utcoffset() != here.astimezone(CHANGING).utcoffset():
            break
        here += _DAY
    first = here.replace(minute=0, second=0, microsecond=0) + _HOUR
    while first.astimezone(CHANGING).utcoffset() == here.astimezone(CHANGING).utcoffset():
        first += _HOUR
    return first


def _into(is_it: Callable[[datetime], bool]) -> To:
    """Into the next day that is such a one in `WORKING`, its noon; to the next day where none is known."""

    def to(now: datetime) -> datetime:
        noon = now.astimezone(WORKING).replace(hour=12, minute=0, second=0, microsecond=0)
        days = (noon + number * _DAY for number in range(1, _LONGEST))
        return next(filter(is_it, days), noon + _DAY).astimezone(UTC)

    return to


def _is_holiday(noon: datetime) -> bool:
    return noon.weekday() < SATURDAY and not china().is_working(noon.date())


def _is_worked_in_exchange(noon: datetime) -> bool:
    return noon.weekday() >= SATURDAY and china().is_working(noon.date())


def _midnight(now: datetime) -> datetime:
    """The last moment of the day in `WORKING`."""
    day = now.astimezone(WORKING).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    return day.astimezone(UTC) - _MOMENT


JUMPS = (
    Jump("the next moment", _by(microseconds=1)),
    Jump("the same moment", _by()),
    Jump("within the day", _by(hours=1)),
    Jump("the next day", _by(days=1)),
    Jump("the last moment of the day", _midnight),
    Jump("over a weekend", _by(days=4, hours=15)),
    Jump("into a holiday", _into(_is_holiday)),
    Jump("into a weekend that is worked", _into(_is_worked_in_exchange)),
    Jump("over a month", _by(days=32)),
    Jump("to the last moment before daylight time changes", lambda now: _change(now) - _MOMENT),
    Jump("over a change of daylight time", lambda now: _change(now) + _HOUR / 2),
    Jump("over a leap day and a year", _by(days=400)),
    Jump("back, as clocks are set", _by(seconds=-3)),
    Jump("back over a change of daylight time", lambda now: _change(now - 200 * _DAY) - _HOUR / 2),
    Jump("back, as a broken clock", _by(days=-1)),
)


class JumpingClock(FakeClock):
    """A clock that makes the next of its ``jumps`` each time that it is looked at, and stands when there are none left."""

    def __init__(self, start: datetime, jumps: Sequence[Jump] = ()) -> None:
        super().__init__(start)
        self.jumps = tuple(jumps)
        self._made = 0

    def __repr__(self) -> str:
        return f"JumpingClock({self.now.isoformat()}, {[jump.why for jump in self.jumps[self._made :]]})"

    def __call__(self) -> datetime:
        """Make the next jump, and tell the time."""
        if self._made < len(self.jumps):
            self.at(self.jumps[self._made].to(self.now))
            self._made += 1
        return super().__call__()
