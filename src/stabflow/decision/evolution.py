"""`evolve`: what a case becomes by an event. Folding the records gives exactly the live case, for ever: nothing here reads a
procedure, a calendar or a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..calendar import DueTime, Stop
from ..case import (
    CASE,
    Act,
    Appointment,
    Breach,
    Case,
    Entry,
    Item,
    Statement,
    frozen,
    office_of,
    with_changes,
    with_entries,
)
from ..errors import Corrupt
from ..making import maker
from ..values import Value
from . import deputies
from .changes import Changes, impossible, with_one
from .events import (
    Added,
    Amended,
    Appointed,
    BreachConfirmed,
    BreachFound,
    BreachVoided,
    ClockResumed,
    ClockStopped,
    Delegated,
    DelegationEnded,
    Event,
    ItemMoved,
    LaidOut,
    Migrated,
    Moved,
    Opened,
    Recalendared,
    Recused,
    Relieved,
    Stamp,
)
from .renaming import Renaming

_statement, _made_act = maker(Statement), maker(Act)


def evolve(case: Case | None, event: Event, stamp: Stamp) -> Case:
    """``case`` after ``event``; `Corrupt` when the event cannot follow."""
    if case is None:
        if not isinstance(event, Opened) or stamp.version != 1:
            raise Corrupt(f"{event.tag} at version {stamp.version} comes before the case was opened")
        return _opened(event, stamp)
    if isinstance(event, Opened):
        raise impossible(case, event, stamp, "opens it a second time")
    if stamp.version != case.version + 1:
        raise impossible(case, event, stamp, f"does not follow version {case.version}")
    change = _CHANGES.get(type(event))
    if change is None:
        raise impossible(case, event, stamp, "has no place in the stream of a case")
    if case.delegations:
        stamp = deputies.for_somebody(case, stamp)
    try:
        changes = change(case, event, stamp)
    except KeyError as error:
        raise impossible(case, event, stamp, f"names {error}, which the case does not have") from error
    if not event.outside:
        changes["bodies"] = with_one(changes.get("bodies", case.bodies), stamp.actor.id, stamp.actor.body)
        if not deputies.lays_down(event, stamp):
            changes["acted"] = with_one(changes.get("acted", case.acted), stamp.actor.id, stamp.role)
            if stamp.principal:  # who has acted in the role as well, by delegating it
                changes["delegations"] = deputies.used(changes.get("delegations", case.delegations), stamp.mandate)
    changes["updated_at"], changes["recorded_at"] = stamp.occurred_at, stamp.recorded_at
    changes["version"], changes["head"] = stamp.version, stamp.hash
    return with_changes(case, **changes)


def replay(history: Iterable[tuple[Event, Stamp]], case: Case | None = None) -> Case | None:
    """The case that ``history`` makes, beginning from ``case``; ``None`` when there is none."""
    for event, stamp in history:
        case = evolve(case, event, stamp)
    return case


def _statements(values: Mapping[str, Value], source: str, trigger: str, stamp: Stamp) -> dict[str, Statement]:
    return dict.fromkeys(values, _statement(stamp.version, source, trigger, stamp.hash))


def _act(trigger: str, source: str, stamp: Stamp) -> Act:
    return _made_act(stamp.version, source, trigger, stamp.actor.id, stamp.role, False, stamp.principal)


def _opened(event: Opened, stamp: Stamp) -> Case:
    return Case(
        id=event.case_id,
        procedure=event.procedure,
        procedure_version=event.procedure_version,
        digest=event.digest,
        matter=event.matter,
        body=stamp.actor.body,
        state=event.state,
        entered=frozen({event.state: Entry(stamp.version, stamp.occurred_at)}),
        facts=frozen(event.values),
        stated=frozen(_statements(event.values, "", event.trigger, stamp)),
        appointments=(),
        items=frozen({one.item: _laid_out(one, stamp) for one in event.laid_out}),
        counters=_counted(frozen({}), event.laid_out),
        acts=(_act(event.trigger, "", stamp),),
        acted=with_one({}, stamp.actor.id, stamp.role),
        due=event.due,
        round=1,
        round_began=stamp.version,
        opened_at=stamp.occurred_at,
        updated_at=stamp.occurred_at,
        recorded_at=stamp.recorded_at,
        version=stamp.version,
        head=stamp.hash,
        unproved=event.unproved,
        vacancies=frozen({one.office: one.due for one in event.vacancies}),
        bodies=with_one({}, stamp.actor.id, stamp.actor.body),
    )


def _counted(counters: Mapping[str, int], new: Iterable[LaidOut | Added]) -> Mapping[str, int]:
    more: dict[str, int] = {}
    for one in new:
        more[one.kind] = more.get(one.kind, counters.get(one.kind, 0)) + 1
    return with_entries(counters, more) if more else counters


def _item(one: LaidOut | Added, stamp: Stamp, acts: tuple[Act, ...], trigger: str) -> Item:
    return Item(
        id=one.item,
        kind=one.kind,
        state=one.state,
        fields=one.values,
        stated=frozen(_statements(one.values, "", trigger, stamp)),
        entered=frozen({one.state: Entry(stamp.version, stamp.occurred_at)}),
        acts=acts,
        added=stamp.version,
        adder=stamp.actor.id if acts else "",
        due=one.due,
        laid_out=not acts,
        owed_by=tuple(holder.id for holder in one.owed_by) if isinstance(one, Added) else (),
    )


def _laid_out(one: LaidOut, stamp: Stamp) -> Item:
    return _item(one, stamp, (), "")


def _added(case: Case, event: Added, stamp: Stamp) -> Changes:
    if event.item in case.items:
        raise impossible(case, event, stamp, f"adds {event.item}, which is there already")
    item = _item(event, stamp, (_act(event.trigger, "", stamp),), event.trigger)
    return {"items": with_entries(case.items, {item.id: item}), "counters": _counted(case.counters, (event,))}


def _moved(case: Case, event: Moved, stamp: Stamp) -> Changes:
    if event.source != case.state:
        raise impossible(case, event, stamp, f"leads from {event.source}, and the case stands in {case.state}")
    changes: Changes = {"acts": (*case.acts, _act(event.trigger, event.source, stamp))}
    if event.values:
        changes["facts"] = with_entries(case.facts, event.values)
        changes["stated"] = with_entries(case.stated, _statements(event.values, event.source, event.trigger, stamp))
    if event.dest is None:
        return changes | {"due": event.due or case.due}
    if event.laid_out or event.superseded:
        if any(one.item in case.items for one in event.laid_out):
            raise impossible(case, event, stamp, "lays out an item that is there already")
        items = {name: with_changes(case.items[name], superseded=True) for name in event.superseded}
        items |= {one.item: _laid_out(one, stamp) for one in event.laid_out}
        changes |= {"items": with_entries(case.items, items), "counters": _counted(case.counters, event.laid_out)}
    if _goes_back(case, event.dest):
        changes |= {"round": case.round + 1, "round_began": stamp.version}
    entered = with_entries(case.entered, {event.dest: Entry(stamp.version, stamp.occurred_at)})
    return changes | {"state": event.dest, "entered": entered, "due": event.due, **_runs_again(case, stamp)}


def _goes_back(case: Case, dest: str) -> bool:
    """Whether ``dest`` was entered before the present state ever was: going forward again after a return is no return."""
    order = tuple(case.entered)
    return dest in case.entered and order.index(dest) <= order.index(case.state)


def _item_moved(case: Case, event: ItemMoved, stamp: Stamp) -> Changes:
    item = case.items[event.item]
    if event.source != item.state or item.superseded:
        where = "was superseded" if item.superseded else f"stands in {item.state}"
        raise impossible(case, event, stamp, f"leads {item.id} from {event.source}, and it {where}")
    changes: Changes = {"acts": (*item.acts, _act(event.trigger, event.source, stamp))}
    if event.values:
        changes["fields"] = with_entries(item.fields, event.values)
        changes["stated"] = with_entries(item.stated, _statements(event.values, event.source, event.trigger, stamp))
    if event.dest is None:
        changes["due"] = event.due or item.due
    else:
        changes["state"], changes["due"] = event.dest, event.due
        changes |= _runs_again(item, stamp)
        changes["entered"] = with_entries(item.entered, {event.dest: Entry(stamp.version, stamp.occurred_at)})
    return {"items": with_entries(case.items, {item.id: with_changes(item, **changes)})}


def _amended(case: Case, event: Amended, stamp: Stamp) -> Changes:
    if event.item is None:
        facts = with_entries(case.facts, event.values)
        return {"facts": facts, **_restated(event, stamp, case.stated, case.acts, case.due)}
    item = case.items[event.item]
    fields = with_entries(item.fields, event.values)
    after = with_changes(item, fields=fields, **_restated(event, stamp, item.stated, item.acts, item.due))
    return {"items": with_entries(case.items, {item.id: after})}


def _restated(
    event: Amended, stamp: Stamp, stated: Mapping[str, Statement], acts: tuple[Act, ...], due: DueTime | None
) -> Changes:
    again = {name: with_changes(stated[name], version=stamp.version, hash=stamp.hash) for name in event.values}
    rows = dict.fromkeys((one.source, one.trigger) for one in again.values())
    amending = [with_changes(_act(trigger, source, stamp), amends=True) for source, trigger in rows]
    return {"stated": with_entries(stated, again), "acts": (*acts, *amending), "due": event.due or due}


def _clock_stopped(case: Case, event: ClockStopped, stamp: Stamp) -> Changes:
    clock = case if event.item is None else case.items[event.item]
    if clock.stopped_at is not None or _is_superseded(clock):
        raise impossible(case, event, stamp, "stops a clock that does not run")
    return _of_clock(case, event.item, {"stopped_at": stamp.occurred_at})


def _clock_resumed(case: Case, event: ClockResumed, stamp: Stamp) -> Changes:
    clock = case if event.item is None else case.items[event.item]
    if clock.stopped_at is None or _is_superseded(clock):
        raise impossible(case, event, stamp, "resumes a clock that does not stand")
    if (event.due is None) is not (clock.due is None):
        raise impossible(case, event, stamp, "makes a limit, or takes it away")
    return _of_clock(case, event.item, {"due": event.due, **_runs_again(clock, stamp)})


def _recalendared(case: Case, event: Recalendared, stamp: Stamp) -> Changes:
    changes: Changes = {}
    items, vacancies, breaches = dict[str, Item](), dict[str, DueTime](), dict[str, Breach]()
    for one in event.recounted:
        if case.due_of(one.duty, one.level) != one.old:
            raise impossible(case, event, stamp, f"counts anew what is due of {one.duty} otherwise")
        office = office_of(one.duty)
        if one.level:
            breaches[one.duty] = with_changes(case.breaches[one.duty], respond=one.new)
        elif office is not None:
            vacancies[office] = one.new
        elif one.duty == CASE:
            changes["due"] = one.new
        else:
            items[one.duty] = with_changes(case.items[one.duty], due=one.new)
    more: dict[str, Mapping[str, Any]] = {"items": items, "vacancies": vacancies, "breaches": breaches}
    return changes | {name: with_entries(getattr(case, name), new) for name, new in more.items() if new}


def _is_superseded(clock: Case | Item) -> bool:
    return isinstance(clock, Item) and clock.superseded


def _of_clock(case: Case, item: str | None, changes: Changes) -> Changes:
    if item is None:
        return changes
    return {"items": with_entries(case.items, {item: with_changes(case.items[item], **changes)})}


def _runs_again(clock: Case | Item, stamp: Stamp) -> Changes:
    """The end of a stop, where the clock stands."""
    if clock.stopped_at is None:
        return {}
    return {"stopped_at": None, "stops": (*clock.stops, Stop(clock.stopped_at, stamp.occurred_at))}


def _appointed(case: Case, event: Appointed, stamp: Stamp) -> Changes:
    if _holds(case, event):
        raise impossible(case, event, stamp, f"appoints {event.appointee.id}, who holds {event.office} already")
    if event.appointee.id in case.recused:
        raise impossible(case, event, stamp, f"appoints {event.appointee.id}, who was recused")
    held = Appointment(event.office, event.appointee.id, event.appointee.body, stamp.hash)
    changes: Changes = {
        "appointments": (*case.appointments, held),
        "bodies": with_one(case.bodies, event.appointee.id, event.appointee.body),
    }
    if event.office in case.vacancies:
        changes["filled"] = with_entries(case.filled, {event.office: case.vacancies[event.office]})
        changes["vacancies"] = frozen({office: due for office, due in case.vacancies.items() if office != event.office})
    return changes


def _relieved(case: Case, event: Relieved, stamp: Stamp) -> Changes:
    if not _holds(case, event):
        raise impossible(case, event, stamp, f"relieves {event.appointee.id}, who does not hold {event.office}")
    left = [held for held in case.appointments if (held.role, held.actor) != (event.office, event.appointee.id)]
    changes: Changes = {"appointments": tuple(left), "former": with_one(case.former, event.appointee.id, event.office)}
    if event.vacant_until is not None:
        changes["vacancies"] = with_entries(case.vacancies, {event.office: event.vacant_until})
    return changes


def _breach_found(case: Case, event: BreachFound, stamp: Stamp) -> Changes:
    before = case.breaches.get(event.duty)
    if event.level and (before is None or before.level != event.level - 1):
        raise impossible(case, event, stamp, f"escalates {event.duty}, which had not come to level {event.level}")
    owed = event.due if before is None or not event.level else before.owed
    return _with_breach(
        case,
        Breach(
            version=stamp.version,
            duty=event.duty,
            kind=event.kind,
            state=event.state,
            roles=event.roles,
            holders=event.holders,
            level=event.level,
            due=event.due,
            owed=owed,
            above=event.above,
            respond=event.respond,
            doubts=event.doubts,
            before=() if before is None or not event.level else tuple(sorted(before.concerned)),
        ),
    )


def _with_breach(case: Case, breach: Breach) -> Changes:
    return {"breaches": with_entries(case.breaches, {breach.duty: breach})}


def _breach_named(case: Case, event: BreachConfirmed | BreachVoided, stamp: Stamp) -> Breach:
    found = case.breaches[event.duty]
    if found.version != event.breach:
        raise impossible(case, event, stamp, f"is about version {event.breach}, and {event.duty} has {found.version}")
    return found


def _breach_confirmed(case: Case, event: BreachConfirmed, stamp: Stamp) -> Changes:
    found = _breach_named(case, event, stamp)
    return _with_breach(case, with_changes(found, doubts=(), above=event.above, respond=event.respond))


def _breach_voided(case: Case, event: BreachVoided, stamp: Stamp) -> Changes:
    found = _breach_named(case, event, stamp)
    return _with_breach(case, with_changes(found, voided=True, above=(), respond=None))


def _migrated(case: Case, event: Migrated, stamp: Stamp) -> Changes:
    changes = Renaming({name: str(new) for name, new in event.renamed.items()}).changes(case)
    items = {one.item: with_changes(changes["items"][one.item], due=one.due) for one in event.items_due}
    changes |= {"items": with_entries(changes["items"], items), "due": event.due or case.due}
    return changes | {"procedure_version": event.procedure_version, "digest": event.digest}


def _holds(case: Case, event: Appointed | Relieved) -> bool:
    return any((held.role, held.actor) == (event.office, event.appointee.id) for held in case.appointments)


_CHANGES: dict[type[Event], Callable[[Case, Any, Stamp], Changes]] = {
    Moved: _moved,
    Added: _added,
    ItemMoved: _item_moved,
    Amended: _amended,
    ClockStopped: _clock_stopped,
    ClockResumed: _clock_resumed,
    Appointed: _appointed,
    Relieved: _relieved,
    BreachFound: _breach_found,
    BreachConfirmed: _breach_confirmed,
    BreachVoided: _breach_voided,
    Recused: deputies.recused,
    Delegated: deputies.delegated,
    DelegationEnded: deputies.delegation_ended,
    Migrated: _migrated,
    Recalendared: _recalendared,
}
