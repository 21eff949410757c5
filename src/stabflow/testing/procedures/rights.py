"""Whether an act was its actor's right, judged from the appointments alone: whoever acted held the role, the row names it, and
nothing kept them from it."""

from __future__ import annotations

from collections.abc import Iterator

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
    Relieved,
)
from ...decision.permission import TICK
from ...history.record import Record
from ...language import FieldType, Transition
from ...text import Text, listing, same, say
from .standing import Broken, Fired, Standing, kind_of_event


def by_right(record: Record, row: Transition | None, standing: Standing) -> Iterator[Broken]:
    """Everything that does not hold of who did it, and of whom they name."""
    yield from _held(record, row, standing)
    yield from _twins(record, standing)
    yield from _names_office_holders(record, standing)


def _held(record: Record, row: Transition | None, standing: Standing) -> Iterator[Broken]:
    """The actor held the role, the row names it, and nothing keeps them from it."""
    procedure, role, event = standing.procedure, record.role, record.event
    parties = row.by if row is not None else _parties(event, standing)
    if parties is not None and role not in parties:
        names = listing([procedure.role_title(one) for one in parties], none=Text("nobody", "无人"))
        text = say(
            "it was done as {role}, and is for {names}", "以{role}办理，应由{names}办理", role=same(role), names=names
        )
        yield Broken("party", text, refusable=True)
    principal = standing.principal(record)
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
    who = {record.actor.id, standing.principal(record)} - {""}
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
