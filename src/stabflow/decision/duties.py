"""Who owes what by when: the due time of a state as it is entered, and the open duties of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import attrs

from ..calendar import DueTime, due_on, due_time
from ..case import Appointment, Case, Item
from ..language import Procedure, State
from ..values import Value
from .view import Context

CASE = "case"
"""The duty of the case's own state; an item's duty bears the item's id."""


@attrs.frozen
class Duty:
    """An act that is owed: of the case or of one item, in ``state``, by the holders of ``role`` (or by the office-holder in the
    actor field of that name). ``holders`` are who holds it, with their bodies: none where the office is vacant; ``due`` is
    ``None`` where the duty is open-ended; ``supervised_by`` are the roles to whom it goes when it is not done."""

    case_id: str
    duty: str
    state: str
    role: str
    holders: tuple[tuple[str, str], ...]
    due: DueTime | None
    supervised_by: tuple[str, ...] = ()

    @property
    def vacant(self) -> bool:
        """Whether nobody is there to do it."""
        return not self.holders


def due_for(procedure: Procedure, state: State, values: Mapping[str, Value], context: Context) -> DueTime | None:
    """When the duty of ``state`` falls due if it is entered now; ``None`` where it is final or open-ended."""
    if state.within is not None:
        return due_time(context.now, procedure.duration(state.within), procedure.zone, context.calendar)
    if state.until is not None:
        day = values.get(state.until)
        return due_on(day, context.now, procedure.zone) if isinstance(day, date) else None
    return None


def open_duties(procedure: Procedure, case: Case) -> Iterator[Duty]:
    """The duties open in ``case``, that of the case itself first."""
    state = procedure.states[case.state]
    if not state.final:
        yield _duty(case, CASE, case.state, state, case.facts, case.due)
    for item in case.items.values():
        duty = item_duty(procedure, case, item)
        if duty is not None:
            yield duty


def owed_in(procedure: Procedure, case: Case, offices: Iterable[Appointment]) -> Iterator[Duty]:
    """The duties open in ``case`` with all who hold them, standing ``offices`` included, and who supervises them."""
    standing = tuple(offices)
    for duty in open_duties(procedure, case):
        held = duty.holders or tuple((one.actor, one.body) for one in standing if one.role == duty.role)
        above = tuple(name for name, role in procedure.roles.items() if duty.role in role.supervises)
        yield attrs.evolve(duty, holders=held, supervised_by=above)


def item_duty(procedure: Procedure, case: Case, item: Item) -> Duty | None:
    """The duty that ``item`` stands for, or ``None`` when nothing is owed."""
    state = procedure.items[item.kind].states[item.state]
    if state.final or item.superseded or procedure.states[case.state].final:
        return None
    return _duty(case, item.id, item.state, state, item.fields, item.due)


def _duty(case: Case, duty: str, name: str, state: State, values: Mapping[str, Value], due: DueTime | None) -> Duty:
    party = state.accountable or ""
    named = values.get(party)
    if isinstance(named, str):
        bodies = [held.body for held in case.appointments if held.actor == named]
        holders: tuple[tuple[str, str], ...] = ((named, bodies[0] if bodies else ""),)
    else:
        holders = tuple((held.actor, held.body) for held in case.appointments if held.role == party)
    return Duty(case.id, duty, name, party, holders, due)
