"""Stopping the clock of a limit and resuming it, by the roles that the present state names, with a basis and a reason.

While it stands nothing falls due. What has fallen due stays so: a clock that has run out is not stopped.
"""

from __future__ import annotations

from ..calendar import Stop, end_text
from ..case import Case, Item
from ..errors import Blocker, Unmet
from ..language import Procedure
from ..standstill import resumed
from ..text import Text, either, quoted, say
from ..values import clean_text
from .amendment import MAX_REASON
from .commands import ResumeClock, StopClock
from .events import ClockResumed, ClockStopped
from .examination import Examination
from .permission import permission
from .refusals import case_over, plain, superseded
from .view import Context, roles_held

_STOPPING = Text("stopping the clock of {what}", "对{what}中止计时")
_RESUMING = Text("resuming the clock of {what}", "对{what}恢复计时")


def decide_clock(
    procedure: Procedure, case: Case, item: Item | None, command: StopClock | ResumeClock, context: Context
) -> Examination:
    """Examine whether the clock of ``item`` (``None``: of the case) may be stopped, or resumed."""
    decides = _decide_stop if isinstance(command, StopClock) else _decide_resumption
    return decides(procedure, case, item, command, context)


def _decide_stop(
    procedure: Procedure, case: Case, item: Item | None, command: StopClock | ResumeClock, context: Context
) -> Examination:
    found, reason = _examination(procedure, case, item, command, context, _STOPPING)
    clock = case if item is None else item
    if clock.stopped_at is not None:
        since = end_text(clock.stopped_at, procedure.zone)
        found.add(plain("clock", say("the clock stands already, since {since}", "计时已自{since}起中止", since=since)))
    elif clock.due is not None and context.now >= clock.due.at:
        at = end_text(clock.due.at, procedure.zone)
        text = say(
            "it has fallen due, at {at}: a clock that has run out is not stopped",
            "已于{at}到期：期限届满后不得中止计时",
            at=at,
        )
        found.add(Blocker(kind="overdue", text=text, have=at))
    found.event = ClockStopped(item=command.item, reason=reason)
    return found


def _decide_resumption(
    procedure: Procedure, case: Case, item: Item | None, command: StopClock | ResumeClock, context: Context
) -> Examination:
    found, reason = _examination(procedure, case, item, command, context, _RESUMING)
    clock, due = case if item is None else item, None
    if clock.stopped_at is None:
        found.add(plain("clock", Text("the clock is running", "计时正在进行")))
    elif clock.due is not None:
        due = resumed(clock.due, Stop(clock.stopped_at, context.now), procedure.zone, context.calendar)
    found.event = ClockResumed(item=command.item, reason=reason, due=due)
    return found


def _examination(
    procedure: Procedure,
    case: Case,
    item: Item | None,
    command: StopClock | ResumeClock,
    context: Context,
    wording: Text,
) -> tuple[Examination, str]:
    kind, name = (None, case.state) if item is None else (item.kind, item.state)
    state = procedure.state_of(name, kind)
    reason = clean_text(command.reason, "reason", max_length=MAX_REASON)

    def act() -> Text:
        what = Text("the case", "案件") if item is None else procedure.item_title(item.id)
        return say(wording.en, wording.zh, what=what)

    if procedure.states[case.state].final:
        raise Unmet(act(), [case_over(procedure, case)])
    if item is not None and item.superseded:
        raise Unmet(act(), [superseded(item)])
    if not state.clock_stopped_by:
        raise Unmet(act(), [_never_stopped(procedure, kind, name)])
    found = Examination(
        act,
        state.clock_stopped_by,
        permission(procedure, case, state.clock_stopped_by, {}, command, context),
        lambda: roles_held(case, command.actor.id, context),
    )
    return found, reason


def _never_stopped(procedure: Procedure, kind: str | None, name: str) -> Blocker:
    states = procedure.lifecycle(kind).states
    where = [quoted(procedure.state_title(one, kind)) for one, state in states.items() if state.clock_stopped_by]
    have = quoted(procedure.state_title(name, kind))
    return Blocker(
        kind="clock",
        text=say("nobody stops the clock in {state}", "处于{state}时任何人不得中止计时", state=have),
        have=have,
        need=either(where, none=Text("a state in which the clock can be stopped", "可中止计时的状态")),
        facts={"state": name},
    )
