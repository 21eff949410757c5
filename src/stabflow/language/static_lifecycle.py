"""The static rules within one lifecycle: its fields, its states, where its rows lead, and how its items come to be."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Fault, near_miss, nearest
from ..requirements.base import duration_faults
from .lifecycle import MAX_TEXT, Field, FieldType, Lifecycle, State, Step
from .parts import Draft, ItemKind
from .paths import path_text
from .scope import DraftScope
from .static_rows import party_faults, row_faults

UNSET = "no row sets it"
UNENTERED = "no row enters it from the start"
ENDLESS = "has no way to an end"
UNBEGUN = ("no row opens the case", "nothing creates an item of this kind", "no state is final")

_NUMBERS = (FieldType.INT, FieldType.DECIMAL)


def lifecycle_faults(draft: Draft, kind: str | None) -> Iterator[Fault]:
    """Every static fault of the lifecycle of ``kind`` (``None``: of the case)."""
    prefix = "" if kind is None else path_text("items", kind)
    cycle = draft.lifecycle(kind)
    for fault in _inner_faults(draft, kind, cycle):
        yield fault.under(prefix)


def _inner_faults(draft: Draft, kind: str | None, cycle: Lifecycle) -> Iterator[Fault]:
    fields = "facts" if kind is None else "fields"
    preset = cycle.preset if isinstance(cycle, ItemKind) else None
    stated = {
        name if name in cycle.fields else nearest(name, cycle.fields) for row in cycle.transitions for name in row.set
    }
    stated |= {preset.field} if preset is not None else set()
    for name, field in cycle.fields.items():
        for fault in _field_faults(draft, kind, field):
            yield fault.under(path_text(fields, name))
        if name not in stated:
            yield Fault(path_text(fields, name), UNSET, "list it in `set` of a row, or leave it out")
    for name, state in cycle.states.items():
        for fault in _state_faults(draft, kind, cycle, name, state):
            yield fault.under(path_text("states", name))
    for index, row in enumerate(cycle.transitions):
        for fault in row_faults(draft, kind, cycle, row):
            yield fault.under(path_text("transitions", index))
    yield from _contradictions(cycle)
    yield from _graph_faults(cycle, kind)
    if isinstance(cycle, ItemKind):
        yield from _kind_faults(draft, cycle)


def _field_faults(draft: Draft, kind: str | None, field: Field) -> Iterator[Fault]:
    type_ = field.type
    if type_ is FieldType.CHOICE:
        if field.of is None:
            yield Fault("of", "a choice needs a list", "name one of [lists]")
        elif field.of not in draft.lists:
            yield Fault("of", f"unknown list {field.of!r}", near_miss(field.of, draft.lists))
    else:
        for key in ("of", "many"):
            if getattr(field, key):
                yield Fault(key, f"a {type_.value} chooses from no list", f"make it a choice, or leave {key} out")
    if field.material and kind is not None:
        yield Fault("material", "only facts of the case are material", "leave it out")
    yield from _bound_faults(field, type_)


def _bound_faults(field: Field, type_: FieldType) -> Iterator[Fault]:
    for key in ("min", "max"):
        if getattr(field, key) is not None and type_ not in _NUMBERS:
            yield Fault(key, f"a {type_.value} has no bounds", "leave it out")
    if field.min is not None and field.max is not None and field.min > field.max:
        yield Fault("min", f"{field.min} is above max, {field.max}", "exchange them")
    if type_ is FieldType.TEXT:
        if field.max_length is None:
            yield Fault("max_length", "is missing", "every text is bounded: say how many characters")
        elif not 1 <= field.max_length <= MAX_TEXT:
            yield Fault("max_length", f"{field.max_length} is no length", f"give a whole number from 1 to {MAX_TEXT}")
    elif field.max_length is not None:
        yield Fault("max_length", f"a {type_.value} has no length", "leave it out")
    if field.suppress_below is not None:
        if type_ is not FieldType.INT:
            yield Fault("suppress_below", "only counts (int) are suppressed", "leave it out")
        elif field.suppress_below < 1:
            yield Fault("suppress_below", f"{field.suppress_below} suppresses nothing", "give a whole number from 1")


def _state_faults(draft: Draft, kind: str | None, cycle: Lifecycle, name: str, state: State) -> Iterator[Fault]:
    if kind is None and name in {step.value for step in Step}:
        yield Fault("", "is named like a step", f"give the state a name of its own, such as {name}_stage")
    if kind is not None:
        for key in ("step", "outcome"):
            if getattr(state, key) is not None:
                yield Fault(key, f"only states of the case have {key}", "leave it out")
    owed = [key for key in ("accountable", "within", "until", "open_ended", "clock_stopped_by") if getattr(state, key)]
    if state.final:
        if owed:
            yield Fault(
                "final",
                f"nothing is owed in a final state, and it has {' and '.join(owed)}",
                "leave them out, or make it not final",
            )
        return
    if state.accountable is None:
        yield Fault("", "nobody is accountable", "name a role or an actor field of this lifecycle: accountable")
    else:
        yield from party_faults(draft, cycle, "accountable", state.accountable)
    yield from _limit_faults(draft, kind, cycle, state)
    for role in state.clock_stopped_by:
        if role not in draft.roles:
            yield Fault("clock_stopped_by", f"unknown role {role!r}", near_miss(role, draft.roles))


def _limit_faults(draft: Draft, kind: str | None, cycle: Lifecycle, state: State) -> Iterator[Fault]:
    limits = [key for key in ("within", "until", "open_ended") if getattr(state, key)]
    if len(limits) != 1:
        yield Fault("", f"has {' and '.join(limits) or 'no limit'}", "give exactly one of within, until and open_ended")
    if state.within is not None:
        yield from duration_faults(DraftScope(draft, kind), "within", state.within)
    if state.until is not None:
        field = cycle.fields.get(state.until)
        if field is None or field.type is not FieldType.DATE:
            dates = [one for one, other in cycle.fields.items() if other.type is FieldType.DATE]
            yield Fault("until", f"{state.until!r} is no date field of this lifecycle", near_miss(state.until, dates))


def _contradictions(cycle: Lifecycle) -> Iterator[Fault]:
    taken: dict[tuple[str, str], int] = {}
    for index, row in enumerate(cycle.transitions):
        for source in dict.fromkeys(cycle.sources(row) or ("",)):
            first = taken.setdefault((source, row.trigger), index)
            if first != index:
                where = f"from {source!r}" if source else "creating"
                yield Fault(
                    path_text("transitions", index),
                    f"a second row {where} by {row.trigger!r}; transitions[{first}] is the first",
                    "two answers are two triggers: give each its own trigger",
                )


def _graph_faults(cycle: Lifecycle, kind: str | None) -> Iterator[Fault]:
    starts = {row.dest for row in cycle.creating() if row.dest}
    if isinstance(cycle, ItemKind) and cycle.preset is not None:
        starts.add(cycle.preset.dest)
    if not starts:
        yield Fault(
            "transitions",
            UNBEGUN[0] if kind is None else UNBEGUN[1],
            "add a row without source" + ("" if kind is None else ", or a preset"),
        )
        return
    finals = {name for name, state in cycle.states.items() if state.final}
    if not finals:
        yield Fault("states", UNBEGUN[2], "mark the states in which the lifecycle ends: final = true")
        return
    arrows = [(source, row.dest) for row in cycle.transitions if row.dest for source in cycle.sources(row)]
    known = {name: name for name in cycle.states}
    for name in {*starts, *(end for arrow in arrows for end in arrow)} - set(cycle.states):
        meant = nearest(name, cycle.states)
        if meant is None:
            return  # it may be any state: that it is unknown is said where it stands
        known[name] = meant
    arrows = [(known[source], known[dest]) for source, dest in arrows]
    entered = _closure({known[name] for name in starts}, arrows)
    ending = _closure(finals, [(dest, source) for source, dest in arrows])
    for name in cycle.states:
        if name not in entered:
            yield Fault(path_text("states", name), UNENTERED, "lead a row into it, or leave it out")
        elif name not in ending:
            yield Fault(path_text("states", name), ENDLESS, "lead a row towards a final state")


def _closure(start: set[str], arrows: list[tuple[str, str]]) -> set[str]:
    found, grew = set(start), True
    while grew:
        more = {dest for source, dest in arrows if source in found} - found
        grew = bool(more)
        found |= more
    return found


def _kind_faults(draft: Draft, kind: ItemKind) -> Iterator[Fault]:
    if kind.unique == ("actor",):
        yield from _restated(kind)
    for name in kind.unique:
        if name != "actor" and name not in kind.fields:
            yield Fault("unique", f"unknown field {name!r}", near_miss(name, [*kind.fields, "actor"]))
    preset = kind.preset
    if preset is None:
        return
    field = kind.fields.get(preset.field)
    if field is None:
        yield Fault("preset.field", f"unknown field {preset.field!r}", near_miss(preset.field, kind.fields))
    elif field.type is not FieldType.CHOICE or field.many:
        yield Fault("preset.field", f"{preset.field!r} does not hold one choice", "name a field that does")
    if preset.from_ not in draft.lists:
        yield Fault("preset.from", f"unknown list {preset.from_!r}", near_miss(preset.from_, draft.lists))
    elif field is not None and field.of in draft.lists and field.of != preset.from_:
        yield Fault(
            "preset.from", f"lays out {preset.from_!r}, and the field chooses from {field.of!r}", "name the same list"
        )
    if preset.dest not in kind.states:
        yield Fault("preset.dest", f"unknown state {preset.dest!r}", near_miss(preset.dest, kind.states))
    elif kind.states[preset.dest].until is not None:
        yield Fault(
            "preset.dest",
            f"{preset.dest!r} lasts until {kind.states[preset.dest].until!r}, which nobody states for what is laid out",
            "give the state a limit from entering: within",
        )
    if not preset.at:
        yield Fault("preset.at", "names no state", "name the states of the case in which the items are laid out")
    for state in preset.at:
        if state not in draft.states:
            yield Fault("preset.at", f"unknown state {state!r} of the case", near_miss(state, draft.states))


def _restated(kind: ItemKind) -> Iterator[Fault]:
    """What is one person's own, a vote or an opinion, is never changed: not by a correction, and not by a row either."""
    own = {name for row in kind.creating() for name in row.set}
    for index, row in enumerate(kind.transitions):
        again = [name for name in row.set if row.source and name in own]
        if again:
            yield Fault(
                path_text("transitions", index) + ".set",
                f"{again[0]!r} is one person's own, and {row.trigger!r} states it anew",
                "what was voted stays: let them add another in a later round",
            )
