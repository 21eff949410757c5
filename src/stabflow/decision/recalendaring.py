"""Counting anew, by the calendar of today, what is owed in working days: the only way in which a calendar moves a due time.

What has fallen due stays as it was, because a breach may be on record; and nothing is moved to a time that is over, because
nobody could have met that.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..calendar import DueTime
from ..case import CASE, Case, Item
from ..language import Procedure
from ..standstill import in_working_days, recounted
from ..text import Text
from .duties import item_duties
from .events import Recalendared, Recount
from .view import Context

CALENDAR_AUTHORITY = "calendar_authority"
"""The role in which due times are counted anew: whoever tells which days are worked stands outside every case, and the host
vouches for them. No row of a procedure is about that."""

OVERDUE = Text(
    "it has fallen due: what is overdue stays as it was recorded",
    "已到期：逾期的期限保持原记录",
)
WOULD_BE_OVER = Text(
    "by this calendar it would have been over already: it stays as it was recorded",
    "按此工作日历期限本应已届满：保持原记录",
)


@attrs.frozen
class Kept:
    """What is owed as ``duty`` is counted otherwise by this calendar, and stays due as it was, for this ``reason``."""

    duty: str
    due: DueTime
    reason: Text


@attrs.frozen
class Recounting:
    """What a calendar makes of the due times of a case: the ``event``, if any moves or is settled, and what is ``kept``."""

    event: Recalendared | None
    kept: tuple[Kept, ...]


def recount(procedure: Procedure, case: Case, context: Context) -> Recounting:
    """What of the open duties of ``case`` was counted by another calendar than that of ``context``, or is estimated, counted
    anew. One whose clock stands counts as of the time at which it was stopped."""
    calendar, found, kept = context.calendar, list[Recount](), list[Kept]()
    for duty, clock in _owed(procedure, case):
        due = clock.due
        if due is None or not in_working_days(due) or not (due.estimated or due.calendar != calendar.digest):
            continue
        new = recounted(due, procedure.zone, calendar)
        until = clock.stopped_at or context.now
        if new == due:
            continue
        if due.at <= until:
            kept.append(Kept(duty, due, OVERDUE))
        elif new.at <= until:
            kept.append(Kept(duty, due, WOULD_BE_OVER))
        else:
            found.append(Recount(duty=duty, old=due, new=new))
    event = Recalendared(calendar=calendar.id, digest=calendar.digest, recounted=tuple(found)) if found else None
    return Recounting(event, tuple(kept))


def _owed(procedure: Procedure, case: Case) -> Iterator[tuple[str, Case | Item]]:
    if not procedure.states[case.state].final:
        yield CASE, case
    for item in case.items.values():
        if item_duties(procedure, case, item):
            yield item.id, item
