"""What is owed by when, worked out anew from the value of a case: nothing lapses unseen, too early, or twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...calendar import DueTime
from ...case import CASE, Case, vacancy
from ...decision.events import BreachFound
from ...history.record import Record
from ...language import Procedure
from ...text import Text, same, say
from .standing import Broken

Limit = tuple[str, datetime, datetime]
"""A duty, with when its limit began and ends."""


def limits(procedure: Procedure, case: Case) -> set[Limit]:
    """What is owed in a case by some time, where its clock runs."""
    if procedure.states[case.state].final:
        return set()
    found = {CASE: None if case.stopped_at is not None else case.due}
    found |= {vacancy(office): due for office, due in case.vacancies.items()}
    for item in case.items.values():
        is_over = procedure.items[item.kind].states[item.state].final or item.superseded
        found[item.id] = None if is_over or item.stopped_at is not None else item.due
    return {(duty, due.start, due.at) for duty, due in found.items() if due is not None}


class Limits:
    """Judges one case from its beginning."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._own: dict[str, DueTime] = {}
        self._found: set[tuple[Limit, int]] = set()

    def broken(self, record: Record, before: Case | None, after: Case, *, ticked: bool) -> Iterator[Broken]:
        """What is wrong with a record: a breach that was none yet, or was on record; in a store that has ``ticked``, an act that
        put an end to what had lapsed unseen."""
        event = record.event
        if isinstance(event, BreachFound):
            if not event.level:
                self._own[event.duty] = event.due
            own = self._own.get(event.duty, event.due)
            key = (event.duty, own.start, own.at), event.level
            if key in self._found:
                yield Broken("breach", _said(event.duty, _TWICE))
            if record.occurred_at < event.due.at:
                yield Broken("breach", _said(event.duty, _EARLY))
            self._found.add(key)
        elif before is not None and ticked:
            ended = limits(self._procedure, before) - limits(self._procedure, after)
            yield from self._unseen(ended, record.occurred_at)

    def missed(self, case: Case, now: datetime) -> Iterator[Broken]:
        """What has lapsed by ``now``, to which time was let pass, and is not on record."""
        yield from self._unseen(limits(self._procedure, case), now)

    def _unseen(self, owed: set[Limit], now: datetime) -> Iterator[Broken]:
        for one in sorted(owed):
            if one[2] <= now and (one, 0) not in self._found:
                yield Broken("breach", _said(one[0], _UNSEEN))


_UNSEEN = Text("has lapsed, and that is not on record", "已逾期而未予记录")
_EARLY = Text("is on record as lapsed, and had not", "尚未到期即记录为逾期")
_TWICE = Text("is on record as lapsed twice", "同一逾期重复记录")


def _said(duty: str, what: Text) -> Text:
    return say("{duty} {what}", "{duty}{what}", duty=same(duty), what=what)
