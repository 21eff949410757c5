"""Firing a row: where the table says it leads, who may, what it states, what it requires, and the event it becomes.

Everything is examined together, so that a refusal lists everything. What no row allows, nobody may do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

from ..calendar import DueTime
from ..case import Case, Item, item_id, with_entries
from ..errors import Fault, InvalidInput, NotPermitted, Unmet, near_miss
from ..language import Procedure, Transition
from ..language.machine import NEW, Move
from ..text import Text, say
from ..values import Value
from .asking import against_every_choice, unmet
from .commands import Add, Command, Fire, Open
from .duties import due_for, vacancies
from .events import Added, ItemMoved, LaidOut, Moved, Opened
from .examination import Examination
from .fields import stated
from .permission import permission
from .refusals import case_over, limit_unknown, not_in_office, not_permitted, superseded, twin
from .view import CaseView, Context


def open_case(procedure: Procedure, case: Case | None, command: Open, context: Context) -> Examination:
    """Examine the opening of a case."""
    if case is not None:
        raise InvalidInput.at("case_id", f"{case.id!r} is open already", "choose another id, or leave it out")
    move = _creating(procedure, None, command.trigger)
    act = _act(procedure, None, None, command, move.row.trigger)
    found, values = _examined(procedure, None, None, None, move, act, command, context, partial=False)
    state = move.dest or ""
    found.event = Opened(
        case_id=command.case_id,
        procedure=procedure.id,
        procedure_version=procedure.version,
        digest=procedure.digest,
        matter=command.matter,
        trigger=move.row.trigger,
        state=state,
        values=values,
        due=due_for(procedure, move.entered, values, context),
        laid_out=_laid_out(procedure, {}, state, context),
        unproved=command.unproved,
        vacancies=tuple(vacancies(procedure, context)),
    )
    return found


def fire(procedure: Procedure, case: Case, command: Fire, context: Context, *, partial: bool) -> Examination:
    """Examine a row of the case."""
    act = _act(procedure, None, None, command, command.trigger)
    move = procedure.tables[None][case.state].get(command.trigger)
    if move is None:
        raise not_permitted(procedure, None, case.state, command.trigger, act())
    found, values = _examined(procedure, case, None, None, move, act, command, context, partial=partial)
    if partial:
        return found
    dest = move.dest
    entered = move.entered
    starts = dest is not None or entered.until in values
    found.event = Moved(
        trigger=command.trigger,
        source=case.state,
        dest=dest,
        values=values,
        due=due_for(procedure, entered, with_entries(case.facts, values), context) if starts else None,
        laid_out=() if dest is None else _laid_out(procedure, case.counters, dest, context),
        superseded=() if dest is None else tuple(_superseding(procedure, case, dest)),
    )
    return found


def fire_item(
    procedure: Procedure, case: Case, item: Item, command: Fire, context: Context, *, partial: bool
) -> Examination:
    """Examine a row of an item."""
    kind = item.kind
    act = _act(procedure, kind, item, command, command.trigger)
    move = procedure.tables[kind][item.state].get(command.trigger)
    if move is None:
        raise not_permitted(procedure, kind, item.state, command.trigger, act())
    _refuse_if_closed(procedure, case, move.row, act)
    if item.superseded:
        raise Unmet(act(), [superseded(item)])
    found, values = _examined(procedure, case, kind, item, move, act, command, context, partial=partial)
    fields = with_entries(item.fields, values)
    if values and not values.keys().isdisjoint(procedure.items[kind].unique):
        found.add(twin(procedure, case, kind, fields, item.adders, item), move.row.clause)
    if partial:
        return found
    entered = move.entered
    starts = move.dest is not None or entered.until in values
    found.event = ItemMoved(
        item=item.id,
        trigger=command.trigger,
        source=item.state,
        dest=move.dest,
        values=values,
        due=due_for(procedure, entered, fields, context) if starts else None,
    )
    return found


def add(procedure: Procedure, case: Case, command: Add, context: Context, *, partial: bool) -> Examination:
    """Examine the adding of an item."""
    kind = command.kind
    if kind not in procedure.items:
        raise InvalidInput.at("kind", f"unknown kind {kind!r}", near_miss(kind, procedure.items))
    move = _creating(procedure, kind, command.trigger)
    act = _act(procedure, kind, None, command, move.row.trigger)
    _refuse_if_closed(procedure, case, move.row, act)
    found, values = _examined(procedure, case, kind, None, move, act, command, context, partial=partial)
    adders = found.allowed.persons(command.actor.id)
    found.add(twin(procedure, case, kind, values, adders), procedure.items[kind].clause)
    if partial:
        return found
    state = move.dest or ""
    found.event = Added(
        item=item_id(kind, case.counters.get(kind, 0) + 1),
        kind=kind,
        trigger=move.row.trigger,
        state=state,
        values=values,
        due=due_for(procedure, move.entered, values, context),
        owed_by=command.owed_by,
    )
    return found


def _examined(
    procedure: Procedure,
    case: Case | None,
    kind: str | None,
    item: Item | None,
    move: Move,
    act: Callable[[], Text],
    command: Open | Fire | Add,
    context: Context,
    *,
    partial: bool,
) -> tuple[Examination, Mapping[str, Value]]:
    """What stands against the row, and the values it states. ``partial``: those not given count as given and fitting."""
    row = move.row
    said = stated(procedure, kind, row.set, command.values, () if partial or row.by_time else move.due)
    if said.faults or said.missing:
        faults = [*said.faults, *(Fault(name, "is missing", "this act must state it") for name in said.missing)]
        raise InvalidInput(faults, what=str(act()))
    stating: Mapping[str, Value | None] = {}
    if kind is None:
        stating = {**dict.fromkeys(row.set), **said.values} if partial else said.values
    parties = _parties(case, kind, item, row)
    allowed = permission(procedure, case, row.by, parties, command, context, stating)
    view = CaseView(
        procedure=procedure,
        case=case,
        kind=kind,
        item=item,
        row=row,
        values=said.values,
        actor=command.actor.id,
        context=context,
        partial=partial,
        principal=allowed.principal,
    )
    found = Examination(act, row.by, allowed, lambda: view.actor_roles)
    for lacking in unmet(view):
        found.add(lacking, row.clause)
    if move.actors:
        for blocker in not_in_office(procedure, case, kind, said.values, move.actors, context):
            found.add(blocker)
    if partial and found.is_free:
        for lacking in against_every_choice(view):
            found.add(lacking, row.clause)
    until = None if move.dest is None else move.entered.until
    # A state that lasts until a date can be entered only when the date is known.
    if until is not None and view.value(until) is None and not (partial and until in row.set):
        found.add(limit_unknown(until, view.number_name(until), view.who_states(until)), row.clause)
    return found, said.values


def _parties(
    case: Case | None, kind: str | None, item: Item | None, row: Transition
) -> Mapping[str, tuple[object, str]]:
    """The actor fields of the lifecycle: who stands in them, and the hash of the record that says so."""
    if item is not None:
        values, statements = item.fields, item.stated
    elif kind is None and case is not None:
        values, statements = case.facts, case.stated
    else:
        return {}
    return {name: (values.get(name), statements[name].hash) for name in row.by if name in statements}


def _act(
    procedure: Procedure, kind: str | None, item: Item | None, command: Command, trigger: str
) -> Callable[[], Text]:
    """What is asked for, in words; made only when somebody reads them."""
    return functools.partial(_title, procedure, kind, item, command, trigger)


def _title(procedure: Procedure, kind: str | None, item: Item | None, command: Command, trigger: str) -> Text:
    title = procedure.trigger_title(trigger, kind)
    if isinstance(command, Open):
        return say("{title}: “{matter}”", "{title}：“{matter}”", title=title, matter=command.matter.title)
    if kind is None:
        return title
    what = procedure.item_title(item.id) if item is not None else procedure.kind_title(kind)
    return say("{title} ({what})", "{title}（{what}）", title=title, what=what)


def _creating(procedure: Procedure, kind: str | None, trigger: str | None) -> Move:
    """The creating row that is meant. One that only time fires is found too: nobody stands in its ``by``."""
    moves = procedure.tables[kind][NEW]
    if not moves:
        raise InvalidInput.at("kind", f"nobody adds {kind!r}", "the procedure lays it out: see its preset")
    if trigger is None:
        usual = [name for name, move in moves.items() if not move.row.by_time] or list(moves)
        if len(usual) > 1 and "add" not in usual:
            raise InvalidInput.at("trigger", "there are several ways to create this", "name one: " + ", ".join(usual))
        trigger = "add" if "add" in usual else usual[0]
    if trigger not in moves:
        raise InvalidInput.at("trigger", f"{trigger!r} creates nothing here", near_miss(trigger, moves))
    return moves[trigger]


def to_lay_out(
    procedure: Procedure, counters: Mapping[str, int], state: str, due: Mapping[str, DueTime | None] | None = None
) -> Iterator[LaidOut]:
    """The items that are laid out as a case enters ``state`` in which ``counters`` tell how many of each kind there are; ``due``,
    where it is known, tells by kind when they fall due."""
    for kind, preset in procedure.presets.get(state, ()):
        limit = due.get(kind) if due else None
        for number, entry in enumerate(procedure.lists[preset.from_], start=counters.get(kind, 0) + 1):
            values = {preset.field: entry}
            yield LaidOut(item=item_id(kind, number), kind=kind, state=preset.dest, values=values, due=limit)


def _laid_out(procedure: Procedure, counters: Mapping[str, int], state: str, context: Context) -> tuple[LaidOut, ...]:
    presets = procedure.presets.get(state)
    if presets is None:
        return ()
    due = {kind: due_for(procedure, procedure.items[kind].states[preset.dest], {}, context) for kind, preset in presets}
    return tuple(to_lay_out(procedure, counters, state, due))


def _superseding(procedure: Procedure, case: Case, state: str) -> Iterator[str]:
    """The unfinished items of earlier rounds that make way for those laid out as the case enters ``state``."""
    anew = {kind for kind, _ in procedure.presets.get(state, ())}
    for item in case.items.values() if anew else ():
        unfinished = item.kind in anew and not procedure.items[item.kind].states[item.state].final
        if unfinished and item.laid_out and not item.superseded:
            yield item.id


def _refuse_if_closed(procedure: Procedure, case: Case, row: Transition, act: Callable[[], Text]) -> None:
    """In a final state of the case only the rows of items go on that name it in a `case` requirement."""
    if procedure.goes_on_in(row, case.state):
        return
    over = case_over(procedure, case)
    raise NotPermitted(act(), state=case.state, trigger=row.trigger, permitted=(), blocker=over)
