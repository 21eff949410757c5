"""A clock that tests turn: it stands, goes on by itself from look to look, or jumps."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)


class FakeClock:
    """A clock that goes on only when it is told to, or by ``step`` at every look; called, it tells the time, in UTC. It may be
    used by several threads.

    ``start`` is what it tells first (``start`` + ``step`` where it has a step). Raises `ValueError` for a time without its zone.
    """

    def __init__(self, start: datetime = MONDAY_MORNING, *, step: timedelta = timedelta(0)) -> None:
        self.step = step
        """By how much it goes on before each answer."""
        self._lock = threading.Lock()
        self._now = _in_utc(start)

    def __repr__(self) -> str:
        return f"FakeClock({self.now.isoformat(sep=' ')})"

    def __call__(self) -> datetime:
        """Go on by the step, and tell the time."""
        with self._lock:
            self._now += self.step
            return self._now

    @property
    def now(self) -> datetime:
        """The time, looked at without going on; set, it is as `at`."""
        with self._lock:
            return self._now

    @now.setter
    def now(self, when: datetime) -> None:
        self.at(when)

    def at(self, when: datetime) -> None:
        """Jump to ``when``, forth or back; `ValueError` for a time without its zone."""
        jumped = _in_utc(when)
        with self._lock:
            self._now = jumped

    def advance(self, by: timedelta | float) -> None:
        """Let so much time, or so many seconds, pass: real time, whatever daylight saving makes of it. Less than none puts the
        clock back."""
        passed = by if isinstance(by, timedelta) else timedelta(seconds=by)
        with self._lock:
            self._now += passed


def _in_utc(when: datetime) -> datetime:
    if not isinstance(when, datetime):
        raise TypeError(f"{when!r} is no time: give a datetime, such as datetime(2026, 3, 2, 9, tzinfo=UTC)")
    if when.tzinfo is None or when.utcoffset() is None:
        raise ValueError(f"{when} has no zone: write it with one, such as datetime(2026, 3, 2, 9, tzinfo=UTC)")
    return when.astimezone(UTC)


def tomorrow() -> datetime:
    """A clock by which every lease of today has run out."""
    return datetime.now(UTC) + timedelta(days=1)
