"""What must hold of every record, judged from the procedure alone: `decide` and its permissions are not asked.

Whoever tests an engine with its own guards learns nothing. Here the row is looked up among the rows as the author wrote them, who
holds a role is read from the appointments, and each requirement is asked itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ...case import Appointment, Case, Item
from ...decision.duties import due_for
from ...decision.events import (
    Added,
    Amended,
    Appointed,
    ClockResumed,
    ClockStopped,
    Delegated,
    Event,
    ItemMoved,
    Moved,
    Opened,
    Relieved,
)
from ...decision.permission import TICK
from ...decision.view import CaseView, Context
from ...history.record import Record
from ...language import FieldType, Procedure, State, Transition
from ...text import Text, listing, quoted, same, say
from ...values import Value

Fired = Opened | Moved | ItemMoved | Added
"""What fires a row."""


@attrs.frozen
class Broken:
    """Something that must hold, and does not: ``rule`` names it. ``refusable``: the act should have been refused."""

    rule: str
    text: Text
    refusable: bool = False


@attrs.frozen(kw_only=True)
class Standing:
    """What stood when an act was done: the case before it, who held an office, and what a decision may know."""

    procedure: Procedure
    before: Case | None
    context: Context

    def row_of(self, event: Fired) -> Transition | None:
        """The row that an event says was fired, as the author wrote it."""
        kind = kind_of_event(event, self.before)
        cycle = self.procedure.lifecycle(kind)
        source = getattr(event, "source", None)
        for row in cycle.transitions:
            if row.trigger == event.trigger and (row.creates if source is None else source in cycle.sources(row)):
                return row
        return None

    def item_of(self, event: Event) -> Item | None:
        """The item an event is about, as it was before."""
        name = getattr(event, "item", None)
        return None if name is None or self.before is None else self.before.items.get(name)

    def view(self, record: Record, row: Transition, values: Mapping[str, Value], principal: str = "") -> CaseView:
        """What the requirements of ``row`` saw."""
        item = self.item_of(record.event)
        return CaseView(
            procedure=self.procedure,
            case=self.before,
            kind=kind_of_event(record.event, self.before),
            item=item,
            row=row,
            values=values,
            actor=record.actor.id,
            context=self.context,
            principal=principal,
        )

    def held(self) -> Iterator[Appointment]:
        """Who held a role, in the case or in a standing office, and was not recused."""
        offices = self.context.offices
        if self.before is None:
            yield from offices
            return
        for one in (*self.before.appointments, *offices):
            if one.actor not in self.before.recused:
                yield one


def kind_of_event(event: Event, before: Case | None) -> str | None:
    """The kind of item that an event is about; ``None`` where it is about the case."""
    if isinstance(event, Added):
        return event.kind
    item = getattr(event, "item", None)
    return before.items[item].kind if item is not None and before is not None and item in before.items else None


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
        yield from _by_right(record, row, standing)
        yield from _twins(record, standing)
        yield from _names_office_holders(record, standing)


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


# By the row


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
    view = standing.view(record, row, event.values, _principal(record, standing))
    for requirement in row.requires:
        blocker = requirement.blocker(view)
        if blocker is not None:
            yield Broken(
                "requirement",
                say("it was done although {why}", "尽管{why}，仍予办理", why=blocker.text),
                refusable=True,
            )


# By right


def _by_right(record: Record, row: Transition | None, standing: Standing) -> Iterator[Broken]:
    """The actor held the role, the row names it, and nothing keeps them from it."""
    procedure, role, event = standing.procedure, record.role, record.event
    parties = row.by if row is not None else _parties(event, standing)
    if parties is not None and role not in parties:
        names = listing([procedure.role_title(one) for one in parties], none=Text("nobody", "无人"))
        text = say(
            "it was done as {role}, and is for {names}", "以{role}办理，应由{names}办理", role=same(role), names=names
        )
        yield Broken("party", text, refusable=True)
    principal = _principal(record, standing)
    if role in procedure.roles:
        holds = any(
            (one.role, one.actor, one.body) == (role, record.actor.id, record.actor.body) for one in standing.held()
        )
        lays_down = not isinstance(event, Fired | Amended)
        if not holds and not principal and not (lays_down and _was_lent(record, standing)):
            text = say(
                "{who} acted as {role}, and does not hold that role",
                "{who}以{role}身份办理，但未任该职",
                who=same(record.actor),
                role=procedure.role_title(role),
            )
            yield Broken("role", text, refusable=True)
    elif not _is_named(record, standing):
        text = say("{who} is not the {role}", "{who}并非{role}", who=same(record.actor), role=same(role))
        yield Broken("role", text, refusable=True)
    if isinstance(event, Appointed) and event.appointee.id in (record.actor.id, principal):
        yield Broken("oneself", Text("somebody has appointed themselves", "有人任命了本人"), refusable=True)
    if isinstance(event, Appointed):
        yield from _seats(event, standing)


def _parties(event: Event, standing: Standing) -> tuple[str, ...] | None:
    """Who may do what fires no row; ``None`` where that is judged by who held the role alone."""
    procedure, before = standing.procedure, standing.before
    if isinstance(event, Appointed | Relieved):
        return procedure.roles[event.office].appointed_by
    if isinstance(event, Delegated):
        return (event.office,)
    if isinstance(event, ClockStopped | ClockResumed) and before is not None:
        item = standing.item_of(event)
        state = before.state if item is None else item.state
        return procedure.state_of(state, None if item is None else item.kind).clock_stopped_by
    return None


def _is_named(record: Record, standing: Standing) -> bool:
    """Whether the actor stands in the field that names who may act."""
    item, before = standing.item_of(record.event), standing.before
    values = item.fields if item is not None else {} if before is None else before.facts
    return values.get(record.role) == record.actor.id


def _principal(record: Record, standing: Standing) -> str:
    """For whom the actor acted, where they did not hold the role themselves for that body, and it was delegated to them."""
    role, before = record.role, standing.before
    mine_own = (role, record.actor.id, record.actor.body)
    if before is None or any((one.role, one.actor, one.body) == mine_own for one in standing.held()):
        return ""
    held = {(one.role, one.actor, one.mandate) for one in standing.held()}
    for one in before.delegations:
        mine = (one.office, one.delegate, one.body) == mine_own
        lasts = not one.ended and one.since <= record.occurred_at < one.until
        delegable = one.office in standing.procedure.roles and standing.procedure.roles[one.office].delegable
        if mine and lasts and delegable and (one.office, one.holder, one.under) in held:
            return one.holder
    return ""


def _was_lent(record: Record, standing: Standing) -> bool:
    """Whether the role was delegated to the actor, for whatever time: who lays that down need not act in it."""
    before = standing.before
    return before is not None and any(
        (one.office, one.delegate) == (record.role, record.actor.id) for one in before.delegations
    )


def _seats(event: Appointed, standing: Standing) -> Iterator[Broken]:
    role = standing.procedure.roles[event.office]
    taken = sum(one.role == event.office for one in standing.held())
    if role.holders is not None and taken >= role.holders:
        text = say("{office} has no seat left", "{office}已无空缺", office=role.title)
        yield Broken("seats", text, refusable=True)


def _twins(record: Record, standing: Standing) -> Iterator[Broken]:
    """No second item that says the same, or is of the same person, since the case entered its state."""
    event, before = record.event, standing.before
    if not isinstance(event, Added) or before is None or record.actor == TICK:
        return
    kind = standing.procedure.items[event.kind]
    if not kind.unique:
        return
    since = before.entered[before.state].version
    who = {record.actor.id, _principal(record, standing)} - {""}
    for other in before.of_kind(event.kind):
        if other.added < since or other.superseded:
            continue
        alike = all(
            bool(who.intersection(other.adders))
            if name == "actor"
            else name in event.values and other.fields.get(name) == event.values[name]
            for name in kind.unique
        )
        if alike:
            text = say("it is another {kind} like {item}", "其与{item}重复（{kind}）", kind=kind.title, item=other.id)
            yield Broken("unique", text, refusable=True)
            return


def _names_office_holders(record: Record, standing: Standing) -> Iterator[Broken]:
    """Whoever is named in a field holds an office here, or did and has acted."""
    event, before = record.event, standing.before
    if not isinstance(event, Moved | ItemMoved | Added) or before is None or record.actor == TICK:
        return
    fields = standing.procedure.lifecycle(kind_of_event(event, before)).fields
    known = {one.actor for one in standing.held()} | before.acted.keys() | before.recused.keys()
    for name, value in event.values.items():
        if fields[name].type is FieldType.ACTOR and value not in known:
            text = say("{who} is named, and holds no office", "所列{who}未任任何职务", who=value)
            yield Broken("named", text, refusable=True)
