"""What an act that claims a time must make of it: judged from what the step said, and not by asking the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ...case import Case
from ...history.record import Record
from ...text import Text, say
from .standing import Broken
from .steps import Came, Step, Verb

_NEVER_LATE = frozenset({Verb.STOP_CLOCK, Verb.RESUME_CLOCK})
"""What happens when it is recorded, where entries may be late at all only within a while."""


def dated(
    step: Step, before: Case, taken: datetime | None, late_entry: timedelta | None, news: Sequence[Record]
) -> Iterator[Broken]:
    """Everything that does not hold of the time that a step has claimed: ``taken`` is since when the newest office is filled,
    ``news`` what came of it."""
    claimed, at = step.claimed, step.at
    if at is not None and any(record.actor == step.by and record.recorded_at < at for record in news):
        yield Broken("times", Text("it was recorded before it was done", "记录时间早于办理时间"))
    if step.back is None or claimed is None or at is None or step.came is Came.REFUSED:
        return
    now = max(at, before.updated_at)
    allowed = before.updated_at <= claimed <= now and (late_entry is None or now - claimed <= late_entry)
    if step.came is Came.DONE:
        if not allowed or (step.verb in _NEVER_LATE and late_entry is not None):
            text = say("it claims to have happened at {at}, which it may not", "不得以{at}为发生时间", at=claimed)
            yield Broken("times", text)
        if not any((record.actor, record.occurred_at) == (step.by, claimed) for record in news):
            text = Text("it is not on record for the time claimed", "记录的发生时间并非所称时间")
            yield Broken("times", text)
        return
    in_office = taken is None or taken <= claimed
    overtaken = any(record.occurred_at > claimed for record in news)  # by what had lapsed, and was put on record first
    if allowed and in_office and not overtaken and step.problem.startswith("at: ") and step.verb not in _NEVER_LATE:
        text = say("{at} may be claimed, and was not accepted", "可以{at}为发生时间，却未获接受", at=claimed)
        yield Broken("times", text)
