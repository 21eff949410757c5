"""The index: a case as its row and its duty rows, and what of them an act changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ..case import CASE, Case, vacancy
from ..decision.duties import Duty, case_duties, item_duties, open_duties
from ..decision.events import (
    Added,
    Amended,
    BreachConfirmed,
    BreachFound,
    BreachVoided,
    ClockResumed,
    ClockStopped,
    Event,
    ItemMoved,
    Moved,
    Recalendared,
)
from ..language import Procedure
from ..making import maker
from ..ports.store import SOME_RECUSED, CaseRow, DutyRow, IndexChange
from ..values import moment_text

_case_row, _duty_row = maker(CaseRow), maker(DutyRow)


def case_row(procedure: Procedure, case: Case) -> CaseRow:
    """The index row of ``case``."""
    state = procedure.states[case.state]
    return _case_row(
        case.id,
        case.matter.key,
        case.matter.title,
        case.procedure,
        case.procedure_version,
        case.digest,
        case.state,
        state.step_word,
        state.outcome_word,
        case.body,
        case.round,
        case.version,
        moment_text(case.opened_at),
        moment_text(case.updated_at),
    )


def duty_rows(procedure: Procedure, case: Case, duties: Iterable[Duty]) -> tuple[DutyRow, ...]:
    """The index rows of ``duties``, one for each holder."""
    standing = {name for name, role in procedure.roles.items() if role.standing} if case.recused else set()
    return tuple(
        _duty_row(
            duty.case_id,
            procedure.id,
            duty.duty,
            duty.state,
            duty.role,
            body,
            actor,
            duty.level,
            "" if duty.due is None else moment_text(duty.due.at),
            duty.due is not None and duty.due.estimated,
            duty.breached,
        )
        for duty in duties
        for actor, body in (duty.holders or (("", SOME_RECUSED if duty.role in standing else ""),))
    )


def all_rows(procedure: Procedure, case: Case) -> tuple[CaseRow, tuple[DutyRow, ...]]:
    """Everything the index holds of ``case``."""
    return case_row(procedure, case), duty_rows(procedure, case, open_duties(procedure, case))


def migrated(old: Procedure, before: Case, new: Procedure, after: Case) -> IndexChange:
    """What the index must change as the case goes on under another version."""
    cleared = tuple(duty.duty for duty in open_duties(old, before))
    row, duties = all_rows(new, after)
    return IndexChange(row, cleared, duties)


def change(procedure: Procedure, before: Case | None, after: Case, events: Iterable[Event]) -> IndexChange:
    """What the index must change as ``before`` becomes ``after`` by ``events``."""
    row = case_row(procedure, after)
    if before is None:
        return IndexChange(row, (), duty_rows(procedure, after, open_duties(procedure, after)))
    are_others = before.appointments is not after.appointments or before.recused is not after.recused
    if are_others or procedure.states[after.state].final:
        cleared = tuple(duty.duty for duty in open_duties(procedure, before))
        return IndexChange(row, cleared, duty_rows(procedure, after, open_duties(procedure, after)))
    touched = dict.fromkeys(itertools.chain.from_iterable(map(_touched, events)))
    names = [name for name in touched if name in after.items]
    duties = [duty for name in names for duty in item_duties(procedure, after, after.items[name])]
    cleared = tuple(name for name in names if name in before.items)
    if len(names) < len(touched) or _is_other(before, after):
        cleared = (*cleared, CASE, *map(vacancy, before.vacancies))
        duties = [*case_duties(procedure, after), *duties]
    return IndexChange(row, cleared, duty_rows(procedure, after, duties))


def _is_other(before: Case, after: Case) -> bool:
    owes_as_before = before.due is after.due or before.due == after.due
    is_same = before.state == after.state and before.stopped_at == after.stopped_at and owes_as_before
    return not is_same or before.facts is not after.facts


def _touched(event: Event) -> Iterable[str]:
    """The items that ``event`` made, moved or amended, or whose limit it touched, or the duty of which it says that it was
    breached."""
    if isinstance(event, (Added, ItemMoved)):
        return (event.item,)
    if isinstance(event, Moved):
        return (*event.superseded, *(one.item for one in event.laid_out))
    if isinstance(event, BreachFound | BreachConfirmed | BreachVoided):
        return (event.duty,)
    if isinstance(event, Amended | ClockStopped | ClockResumed) and event.item is not None:
        return (event.item,)
    if isinstance(event, Recalendared):
        return tuple(one.duty for one in event.recounted)
    return ()
