"""Who owes what by when: the due time of a state as it is entered, and the open duties of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

import attrs

from ..calendar import DueTime, due_on, due_time
from ..case import CASE, Appointment, Breach, Case, Item, vacancy
from ..language import Procedure, State
from ..making import maker
from ..values import Value
from .events import BreachFound, Event, Opened, Recalendared, Recused, Relieved, Vacancy
from .view import Context, delegations

VACANT = "vacant"
"""Stands for the state in the duty to fill an office."""


@attrs.frozen(weakref_slot=False)
class Duty:
    """An act that is owed: of the case or of one item, in ``state``, by the holders of ``role`` (or by the office-holder in the
    actor field of that name). ``holders`` are who holds it, with their bodies: none where the office is vacant; ``due`` is
    ``None`` where the duty is open-ended, or its clock stands, since ``stopped_at``; ``supervised_by`` are the roles to whom it
    goes when it is not done. ``delegates`` may do it now for a holder: it stays the holder's.

    ``breached``: that it was not done by then is on record. It then also stands for those it went to: at ``level`` n, the n-th
    escalation, they owe an answer by ``due``.
    """

    case_id: str
    duty: str
    state: str
    role: str
    holders: tuple[tuple[str, str], ...]
    due: DueTime | None
    supervised_by: tuple[str, ...] = ()
    level: int = 0
    breached: bool = False
    delegates: tuple[tuple[str, str], ...] = ()
    stopped_at: datetime | None = None

    @property
    def vacant(self) -> bool:
        """Whether nobody is there to do it."""
        return not self.holders


_duty = maker(Duty)


def due_for(procedure: Procedure, state: State, values: Mapping[str, Value], context: Context) -> DueTime | None:
    """When the duty of ``state`` falls due if it is entered now; ``None`` where it is final or open-ended."""
    if state.within is not None:
        return due_time(context.now, procedure.duration(state.within), procedure.zone, context.calendar)
    if state.until is not None:
        day = values.get(state.until)
        return due_on(day, context.now, procedure.zone) if isinstance(day, date) else None
    return None


def filled_by(procedure: Procedure, office: str, context: Context) -> DueTime | None:
    """By when a role of the case is to be filled that stands vacant from now on; ``None`` where it may stand so."""
    role = procedure.roles[office]
    if role.vacant_within is None or role.standing:
        return None
    return due_time(context.now, procedure.duration(role.vacant_within), procedure.zone, context.calendar)


def left_vacant(procedure: Procedure, case: Case, office: str, context: Context) -> DueTime | None:
    """By when a role of the case is to be filled again that is left vacant now. It is no new limit as long as that of the last
    vacancy runs: who comes and goes within it has filled nothing."""
    before = case.filled.get(office)
    return before if before is not None and before.at > context.now else filled_by(procedure, office, context)


def vacancies(procedure: Procedure, context: Context) -> Iterator[Vacancy]:
    """The roles that a case, as it is opened, has still to be given holders for, and by when."""
    for office in procedure.roles:
        due = filled_by(procedure, office, context)
        if due is not None:
            yield Vacancy(office=office, due=due)


def limits_begun(event: Event) -> Iterator[tuple[str, DueTime]]:
    """The duties that got a due time by ``event``, each with it."""
    due = getattr(event, "due", None)
    if isinstance(due, DueTime) and not isinstance(event, BreachFound):
        yield getattr(event, "item", None) or CASE, due
    for one in (*getattr(event, "laid_out", ()), *getattr(event, "items_due", ())):
        if one.due is not None:
            yield one.item, one.due
    if isinstance(event, Recalendared):
        yield from ((one.duty, one.new) for one in event.recounted if not one.level)
    if isinstance(event, Opened | Recused):
        yield from ((vacancy(one.office), one.due) for one in event.vacancies)
    if isinstance(event, Relieved) and event.vacant_until is not None:
        yield vacancy(event.office), event.vacant_until


def open_duties(procedure: Procedure, case: Case) -> Iterator[Duty]:
    """The duties open in ``case``, that of the case itself first, each followed by what it has come to."""
    if procedure.states[case.state].final:
        return
    yield from case_duties(procedure, case)
    for item in case.items.values():
        yield from item_duties(procedure, case, item)


def duties_called(procedure: Procedure, case: Case, name: str) -> Iterable[Duty]:
    """Those of them that bear a name: one, unless it has come to something."""
    item = case.items.get(name)
    if item is not None:
        return item_duties(procedure, case, item)
    return (duty for duty in case_duties(procedure, case) if duty.duty == name)


def case_duties(procedure: Procedure, case: Case) -> Iterator[Duty]:
    """Those of them that are of no item: of the case itself, and to fill its offices."""
    state = procedure.states[case.state]
    if state.final:
        return
    yield from _duties(case, CASE, case, state, case.facts)
    for office, due in case.vacancies.items():
        by = procedure.roles[office].appointed_by if office in procedure.roles else ()
        if by:
            duty = Duty(case.id, vacancy(office), VACANT, by[0], _holders(case, by[0]), due)
            yield from _with_escalation(case, duty)


def owed_now(procedure: Procedure, case: Case, context: Context) -> Iterator[Duty]:
    """The duties open in ``case``, as `owed_in` has them, with who may do them now for a holder."""
    lent = [one for one in delegations(procedure, case, context) if one.since <= context.now]
    for duty in owed_in(procedure, case, context.offices):
        deputies = tuple((one.delegate, one.body) for one in lent if one.office == duty.role)
        yield attrs.evolve(duty, delegates=deputies) if deputies else duty


def owed_in(procedure: Procedure, case: Case, offices: Iterable[Appointment]) -> Iterator[Duty]:
    """The duties open in ``case`` with all who hold them, standing ``offices`` included, and who supervises them. Who was recused
    holds none."""
    return _held(procedure, case, offices, open_duties(procedure, case))


def owed_called(procedure: Procedure, case: Case, name: str, offices: Iterable[Appointment]) -> Iterator[Duty]:
    """Those of them that bear a name."""
    return _held(procedure, case, offices, duties_called(procedure, case, name))


def _held(procedure: Procedure, case: Case, offices: Iterable[Appointment], duties: Iterable[Duty]) -> Iterator[Duty]:
    standing = tuple(one for one in offices if one.actor not in case.recused)
    for duty in duties:
        held = duty.holders or tuple((one.actor, one.body) for one in standing if one.role == duty.role)
        yield attrs.evolve(duty, holders=held, supervised_by=supervisors(procedure, (duty.role,)))


def supervisors(procedure: Procedure, roles: Iterable[str]) -> tuple[str, ...]:
    """The roles directly above ``roles``."""
    below = set(roles)
    return tuple(name for name, role in procedure.roles.items() if not below.isdisjoint(role.supervises))


def item_duties(procedure: Procedure, case: Case, item: Item) -> tuple[Duty, ...]:
    """What ``item`` stands for: nothing when nothing is owed."""
    state = procedure.items[item.kind].states[item.state]
    if state.final or item.superseded or procedure.states[case.state].final:
        return ()
    return _duties(case, item.id, item, state, item.fields)


def _duties(case: Case, duty: str, owing: Case | Item, state: State, values: Mapping[str, Value]) -> tuple[Duty, ...]:
    party = state.accountable or ""
    named = values.get(party)
    if isinstance(named, str):
        bodies = [held.body for held in case.appointments if held.actor == named]
        holders: tuple[tuple[str, str], ...] = ((named, bodies[0] if bodies else ""),)
    else:
        holders = _holders(case, party)
    due = owing.due if owing.stopped_at is None else None
    owed = _duty(case.id, duty, owing.state, party, holders, due, (), 0, False, (), owing.stopped_at)
    return _with_escalation(case, owed)


def _holders(case: Case, role: str) -> tuple[tuple[str, str], ...]:
    return tuple([(held.actor, held.body) for held in case.appointments if held.role == role])


def breach_of(case: Case, duty: str, due: DueTime | None) -> Breach | None:
    """The last breach on record of the duty that falls due then: of this one, not of one that bore its name before."""
    found = case.breaches.get(duty) if case.breaches else None
    return found if found is not None and found.owed == due else None


def _with_escalation(case: Case, duty: Duty) -> tuple[Duty, ...]:
    """``duty`` and what it has come to: the same, owed by each role it has gone to."""
    breach = breach_of(case, duty.duty, duty.due)
    if breach is None:
        return (duty,)
    level = breach.level + 1
    come_to = [
        Duty(case.id, duty.duty, duty.state, role, _holders(case, role), breach.respond, level=level)
        for role in breach.above
        if role != duty.role
    ]
    return (attrs.evolve(duty, breached=True), *come_to)
