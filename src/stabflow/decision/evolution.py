"""`evolve`: what a case becomes by an event. Folding the records gives exactly the live case, for ever: nothing here reads a
procedure, a calendar or a clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from ..calendar import DueTime
from ..case import Act, Appointment, Case, Entry, Item, Statement, frozen, with_entries
from ..errors import Corrupt
from ..values import Value
from .events import Added, Amended, Appointed, Event, ItemMoved, LaidOut, Moved, Opened, Relieved, Stamp


def evolve(case: Case | None, event: Event, stamp: Stamp) -> Case:
    """``case`` after ``event``; `Corrupt` when the event cannot follow."""
    if isinstance(event, Opened):
        if case is not None:
            raise Corrupt(f"case {case.id} is opened twice, at version {stamp.version}")
        return _opened(event, stamp)
    if case is None:
        raise Corrupt(f"{event.tag} at version {stamp.version} comes before the case was opened")
    try:
        changed = _changed(case, event, stamp)
    except KeyError as error:
        raise Corrupt(
            f"{event.tag} at version {stamp.version} names {error}, which case {case.id} does not have"
        ) from error
    return attrs.evolve(
        changed,
        acted=_acted(case.acted, stamp),
        updated_at=stamp.occurred_at,
        recorded_at=stamp.recorded_at,
        version=stamp.version,
        head=stamp.hash,
    )


def replay(history: Iterable[tuple[Event, Stamp]], case: Case | None = None) -> Case | None:
    """The case that ``history`` makes, beginning from ``case``; ``None`` when there is none."""
    for event, stamp in history:
        case = evolve(case, event, stamp)
    return case


def _changed(case: Case, event: Event, stamp: Stamp) -> Case:
    if isinstance(event, Moved):
        return _moved(case, event, stamp)
    if isinstance(event, Added):
        item = _item(event.item, event.kind, event.state, event.values, event.due, stamp, event.trigger)
        return attrs.evolve(
            case, items=with_entries(case.items, {item.id: item}), counters=_counted(case.counters, [event.kind])
        )
    if isinstance(event, ItemMoved):
        return attrs.evolve(
            case, items=with_entries(case.items, {event.item: _item_moved(case.items[event.item], event, stamp)})
        )
    if isinstance(event, Amended):
        return _amended(case, event, stamp)
    if isinstance(event, Appointed):
        held = Appointment(event.office, event.appointee.id, event.appointee.body, stamp.hash)
        return attrs.evolve(case, appointments=(*case.appointments, held))
    if isinstance(event, Relieved):
        left = tuple(
            held for held in case.appointments if (held.role, held.actor) != (event.office, event.appointee.id)
        )
        return attrs.evolve(case, appointments=left)
    raise Corrupt(f"{event.tag} at version {stamp.version} has no place in the stream of a case")


def _statements(values: Mapping[str, Value], source: str, trigger: str, stamp: Stamp) -> dict[str, Statement]:
    statement = Statement(stamp.version, source, trigger, stamp.hash)
    return dict.fromkeys(values, statement)


def _act(trigger: str, source: str, stamp: Stamp) -> Act:
    return Act(stamp.version, source, trigger, stamp.actor.id, stamp.role)


def _opened(event: Opened, stamp: Stamp) -> Case:
    entry = Entry(stamp.version, stamp.occurred_at)
    items = {one.item: _laid_out(one, stamp) for one in event.laid_out}
    return Case(
        id=event.case_id,
        procedure=event.procedure,
        procedure_version=event.procedure_version,
        digest=event.digest,
        matter=event.matter,
        body=stamp.actor.body,
        state=event.state,
        entered=frozen({event.state: entry}),
        facts=frozen(event.values),
        stated=frozen(_statements(event.values, "", event.trigger, stamp)),
        appointments=(),
        items=frozen(items),
        counters=_counted(frozen({}), [one.kind for one in event.laid_out]),
        acts=(_act(event.trigger, "", stamp),),
        acted=_acted(frozen({}), stamp),
        due=event.due,
        round=1,
        round_began=stamp.version,
        opened_at=stamp.occurred_at,
        updated_at=stamp.occurred_at,
        recorded_at=stamp.recorded_at,
        version=stamp.version,
        head=stamp.hash,
    )


def _acted(acted: Mapping[str, frozenset[str]], stamp: Stamp) -> Mapping[str, frozenset[str]]:
    roles = acted.get(stamp.actor.id, frozenset())
    return acted if stamp.role in roles else with_entries(acted, {stamp.actor.id: roles | {stamp.role}})


def _counted(counters: Mapping[str, int], kinds: Iterable[str]) -> Mapping[str, int]:
    more: dict[str, int] = {}
    for kind in kinds:
        more[kind] = more.get(kind, counters.get(kind, 0)) + 1
    return with_entries(counters, more) if more else counters


def _item(
    name: str, kind: str, state: str, values: Mapping[str, Value], due: DueTime | None, stamp: Stamp, trigger: str
) -> Item:
    return Item(
        id=name,
        kind=kind,
        state=state,
        fields=frozen(values),
        stated=frozen(_statements(values, "", trigger, stamp)),
        entered=frozen({state: Entry(stamp.version, stamp.occurred_at)}),
        acts=(_act(trigger, "", stamp),) if trigger else (),
        added=stamp.version,
        adder=stamp.actor.id if trigger else "",
        due=due,
        laid_out=not trigger,
    )


def _laid_out(one: LaidOut, stamp: Stamp) -> Item:
    return _item(one.item, one.kind, one.state, one.values, one.due, stamp, "")


def _moved(case: Case, event: Moved, stamp: Stamp) -> Case:
    facts, stated = case.facts, case.stated
    if event.values:
        facts = with_entries(facts, event.values)
        stated = with_entries(stated, _statements(event.values, event.source, event.trigger, stamp))
    acts = (*case.acts, _act(event.trigger, event.source, stamp))
    if event.dest is None:
        return attrs.evolve(case, facts=facts, stated=stated, acts=acts, due=event.due or case.due)
    returned = event.dest in case.entered
    return attrs.evolve(
        case,
        state=event.dest,
        entered=with_entries(case.entered, {event.dest: Entry(stamp.version, stamp.occurred_at)}),
        facts=facts,
        stated=stated,
        acts=acts,
        due=event.due,
        items=_with_laid_out(case.items, event, stamp),
        counters=_counted(case.counters, [one.kind for one in event.laid_out]),
        round=case.round + returned,
        round_began=stamp.version if returned else case.round_began,
    )


def _with_laid_out(items: Mapping[str, Item], event: Moved, stamp: Stamp) -> Mapping[str, Item]:
    if not event.laid_out:
        return items
    gone = {name: attrs.evolve(items[name], superseded=True) for name in event.superseded}
    return with_entries(items, gone | {one.item: _laid_out(one, stamp) for one in event.laid_out})


def _item_moved(item: Item, event: ItemMoved, stamp: Stamp) -> Item:
    fields, stated = item.fields, item.stated
    if event.values:
        fields = with_entries(fields, event.values)
        stated = with_entries(stated, _statements(event.values, event.source, event.trigger, stamp))
    acts = (*item.acts, _act(event.trigger, event.source, stamp))
    if event.dest is None:
        return attrs.evolve(item, fields=fields, stated=stated, acts=acts, due=event.due or item.due)
    return attrs.evolve(
        item,
        state=event.dest,
        fields=fields,
        stated=stated,
        acts=acts,
        entered=with_entries(item.entered, {event.dest: Entry(stamp.version, stamp.occurred_at)}),
        due=event.due,
    )


def _amended(case: Case, event: Amended, stamp: Stamp) -> Case:
    def restated(statements: Mapping[str, Statement]) -> Mapping[str, Statement]:
        return with_entries(
            statements,
            {name: attrs.evolve(statements[name], version=stamp.version, hash=stamp.hash) for name in event.values},
        )

    if event.item is None:
        return attrs.evolve(
            case, facts=with_entries(case.facts, event.values), stated=restated(case.stated), due=event.due or case.due
        )
    item = case.items[event.item]
    after = attrs.evolve(
        item, fields=with_entries(item.fields, event.values), stated=restated(item.stated), due=event.due or item.due
    )
    return attrs.evolve(case, items=with_entries(case.items, {item.id: after}))
