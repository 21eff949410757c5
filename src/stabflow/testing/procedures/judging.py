"""What must hold of every record, judged from the procedure alone: `decide` and its permissions are not asked.

Whoever tests an engine with its own guards learns nothing. Here the row is looked up among the rows as the author wrote them, who
holds a role is read from the appointments, and each requirement is asked itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...case import Case
from ...decision.duties import due_for
from ...decision.events import ItemMoved, Moved
from ...decision.permission import TICK
from ...history.record import Record
from ...language import Procedure, State, Transition
from ...text import Text, listing, quoted, same, say
from .rights import by_right
from .standing import Broken, Fired, Standing, kind_of_event


def judged(record: Record, standing: Standing) -> Iterator[Broken]:
    """Everything that does not hold of a record of a case."""
    yield from _attributed(record, standing.before)
    event = record.event
    by_time = record.actor == TICK
    row = standing.row_of(event) if isinstance(event, Fired) else None
    if isinstance(event, Fired):
        if row is None:
            text = say("no row says {trigger} here", "没有流转规则规定{trigger}", trigger=quoted(same(event.trigger)))
            yield Broken("row", text, refusable=True)
            return
        yield from _by_the_row(record, event, row, standing, by_time=by_time)
    if not by_time:
        yield from by_right(record, row, standing)


def _attributed(record: Record, before: Case | None) -> Iterator[Broken]:
    """Who, in which role, for which body, on what basis, under which mandate, when: nothing is missing."""
    by_time = record.actor == TICK
    said = {
        "actor": record.actor.id,
        "body": record.actor.body,
        "role": record.role,
        "basis": record.basis.text,
        "mandate": record.mandate or ("time" if by_time else ""),
    }
    missing = [same(name) for name, value in said.items() if not value]
    if missing:
        yield Broken("attributed", say("the record lacks {what}", "记录缺少{what}", what=listing(missing)))
    if record.occurred_at > record.recorded_at:
        text = Text("it claims to have happened after it was recorded", "所称发生时间晚于记录时间")
        yield Broken("times", text)
    if before is not None and record.recorded_at < before.recorded_at:
        yield Broken("times", Text("it was recorded before the record before it", "记录时间早于前一条记录"))
    if before is not None and record.occurred_at < before.updated_at:
        yield Broken("times", Text("it claims to have happened before the act before it", "所称发生时间早于前一办理"))


def _by_the_row(
    record: Record, event: Fired, row: Transition, standing: Standing, *, by_time: bool
) -> Iterator[Broken]:
    before = standing.before
    item = standing.item_of(event)
    if isinstance(event, Moved | ItemMoved):
        stood = (before.state if before is not None else "") if isinstance(event, Moved) else item and item.state
        if stood != event.source:
            text = say("it leaves {source}, where it did not stand", "其离开并非所处的{source}", source=event.source)
            yield Broken("source", text)
    leads = event.dest if isinstance(event, Moved | ItemMoved) else event.state
    if leads != row.dest:
        text = say("it leads to {here}, its row to {row}", "其进入{here}，流转规则为{row}", here=leads, row=row.dest)
        yield Broken("dest", text)
    if row.by_time is not by_time:
        yield Broken("by_time", Text("time does what people do, or people what time does", "期限与人员的办理混淆"))
    yield from _stated(standing.procedure, event, row, before, by_time=by_time)
    if not by_time:  # what time finds begins when it is found
        yield from _due(standing, event, row, leads)
        yield from _requirements_met(record, event, row, standing)


def _stated(
    procedure: Procedure, event: Fired, row: Transition, before: Case | None, *, by_time: bool
) -> Iterator[Broken]:
    fields = procedure.lifecycle(kind_of_event(event, before)).fields
    more = [same(name) for name in event.values if name not in row.set]
    less = [same(name) for name in row.set if name not in event.values and not fields[name].optional and not by_time]
    if more:
        yield Broken("stated", say("it states {more} too", "另填报了{more}", more=listing(more)), refusable=True)
    if less:
        yield Broken("stated", say("it does not state {less}", "未填报{less}", less=listing(less)), refusable=True)


def _due(standing: Standing, event: Fired, row: Transition, dest: str | None) -> Iterator[Broken]:
    """A state that is entered has the limit that the author gave it, from that moment."""
    if dest is None:
        return
    procedure, before = standing.procedure, standing.before
    kind = kind_of_event(event, before)
    state: State = procedure.lifecycle(kind).states[dest]
    item = standing.item_of(event)
    held = {} if before is None else dict(before.facts) if kind is None else {} if item is None else dict(item.fields)
    wanted = due_for(procedure, state, {**held, **event.values}, standing.context)
    if (wanted is None) is not (event.due is None) or (
        wanted is not None and event.due is not None and (wanted.at, wanted.limit) != (event.due.at, event.due.limit)
    ):
        text = say(
            "it falls due {here}, and the limit of its state is {limit}",
            "其到期为{here}，而所处状态的期限为{limit}",
            here=None if event.due is None else event.due.at.isoformat(),
            limit=None if wanted is None else wanted.limit,
        )
        yield Broken("limit", text)


def _requirements_met(record: Record, event: Fired, row: Transition, standing: Standing) -> Iterator[Broken]:
    view = standing.view(record, row, event.values, standing.principal(record))
    for requirement in row.requires:
        blocker = requirement.blocker(view)
        if blocker is not None:
            yield Broken(
                "requirement",
                say("it was done although {why}", "尽管{why}，仍予办理", why=blocker.text),
                refusable=True,
            )
