"""Counting anew, by the calendar of today, what is owed in working days: the only way in which a calendar moves a due time.

What has fallen due stays as it was, because a breach may be on record; and nothing is moved to a time that is over, because
nobody could have met that.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..calendar import DueTime
from ..case import Case
from ..language import Procedure
from ..standstill import in_working_days, recounted
from ..text import Text
from .duties import Duty, open_duties
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
    level: int = 0


@attrs.frozen
class Recounting:
    """What a calendar makes of the due times of a case: the ``event``, if any moves or is settled, and what is ``kept``."""

    event: Recalendared | None
    kept: tuple[Kept, ...]


def recount(procedure: Procedure, case: Case, context: Context) -> Recounting:
    """What of the open duties of ``case`` was counted by another calendar than that of ``context``, or is estimated, counted
    anew. One whose clock stands counts as of the time at which it was stopped."""
    calendar, found, kept = context.calendar, list[Recount](), list[Kept]()
    for duty, due in _owed(procedure, case):
        if not in_working_days(due) or not (due.estimated or due.calendar != calendar.digest):
            continue
        new, until = recounted(due, procedure.zone, calendar), duty.stopped_at or context.now
        if new == due:
            continue
        if due.at <= until:
            kept.append(Kept(duty.duty, due, OVERDUE, duty.level))
        elif new.at <= until:
            kept.append(Kept(duty.duty, due, WOULD_BE_OVER, duty.level))
        else:
            found.append(Recount(duty=duty.duty, old=due, new=new, level=duty.level))
    event = Recalendared(calendar=calendar.id, digest=calendar.digest, recounted=tuple(found)) if found else None
    return Recounting(event, tuple(kept))


def _owed(procedure: Procedure, case: Case) -> Iterator[tuple[Duty, DueTime]]:
    """The open duties that have a limit, each once, also where its clock stands."""
    seen: set[tuple[str, int]] = set()
    for duty in open_duties(procedure, case):
        due = case.due_of(duty.duty, duty.level)
        if due is not None and (duty.duty, duty.level) not in seen:
            seen.add((duty.duty, duty.level))
            yield duty, due
