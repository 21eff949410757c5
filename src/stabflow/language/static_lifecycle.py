"""The static rules within one lifecycle: its fields, its states, its rows, and the requirements on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..calendar import Duration
from ..errors import Fault, near_miss
from ..requirements import IndependentOf, ItemsAre, Requirement, TimeElapsed
from .lifecycle import FIVE_STEPS, MAX_TEXT, Field, FieldType, Lifecycle, State, Step, Transition
from .parts import Draft, ItemKind
from .scope import DraftScope

MAX_DEPTH = 4
MAX_SIZE = 64
_NUMBERS = (FieldType.INT, FieldType.DECIMAL)


def lifecycle_faults(draft: Draft, kind: str | None) -> Iterator[Fault]:
    """Every static fault of the lifecycle of ``kind`` (``None``: of the case)."""
    prefix = "" if kind is None else f"items.{kind}"
    cycle = draft.lifecycle(kind)
    for fault in _inner_faults(draft, kind, cycle):
        yield fault.under(prefix)


def _inner_faults(draft: Draft, kind: str | None, cycle: Lifecycle) -> Iterator[Fault]:
    fields = "facts" if kind is None else "fields"
    for name, field in cycle.fields.items():
        for fault in _field_faults(draft, kind, field):
            yield fault.under(f"{fields}.{name}")
        preset = cycle.preset if isinstance(cycle, ItemKind) else None
        if not cycle.rows_setting(name) and not (preset and preset.field == name):
            yield Fault(f"{fields}.{name}", "no row sets it", "list it in `set` of a row, or leave it out")
    for name, state in cycle.states.items():
        for fault in _state_faults(draft, kind, cycle, name, state):
            yield fault.under(f"states.{name}")
    taken: dict[tuple[str, str], int] = {}
    for index, row in enumerate(cycle.transitions):
        for fault in _row_faults(draft, kind, cycle, row):
            yield fault.under(f"transitions[{index}]")
        for source in cycle.sources(row) or ("",):
            first = taken.setdefault((source, row.trigger), index)
            if first != index:
                where = f"from {source!r}" if source else "creating"
                yield Fault(
                    f"transitions[{index}]",
                    f"a second row {where} by {row.trigger!r}; transitions[{first}] is the first",
                    "two answers are two triggers",
                )
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
    elif field.of is not None or field.many:
        yield Fault("of", f"a {type_.value} chooses from no list", "make it a choice, or leave `of` and `many` out")
    if (field.min is not None or field.max is not None) and type_ not in _NUMBERS:
        yield Fault("min", f"a {type_.value} has no bounds", "leave `min` and `max` out")
    if field.min is not None and field.max is not None and field.min > field.max:
        yield Fault("min", f"{field.min} is above max {field.max}", "exchange them")
    if type_ is FieldType.TEXT:
        if field.max_length is None:
            yield Fault("max_length", "is missing", "every text is bounded: say how many characters")
        elif not 1 <= field.max_length <= MAX_TEXT:
            yield Fault("max_length", f"{field.max_length} is no length", f"give a whole number from 1 to {MAX_TEXT}")
    elif field.max_length is not None:
        yield Fault("max_length", f"a {type_.value} has no length", "leave it out")
    if field.material and kind is not None:
        yield Fault("material", "only facts of the case are material", "leave it out")
    if field.suppress_below is not None and type_ is not FieldType.INT:
        yield Fault("suppress_below", "only counts (int) are suppressed", "leave it out")


def _state_faults(draft: Draft, kind: str | None, cycle: Lifecycle, name: str, state: State) -> Iterator[Fault]:
    if kind is None:
        if name in {step.value for step in Step}:
            yield Fault("", "is named like a step", "give the state a name of its own, such as " + name + "_stage")
    elif state.step is not None or state.outcome is not None:
        yield Fault("step", "only states of the case have a step or an outcome", "leave it out")
    limits = [key for key in ("within", "until", "open_ended") if getattr(state, key)]
    if state.final:
        extra = limits + (["accountable"] if state.accountable else [])
        if extra:
            yield Fault(
                "final",
                f"nothing is owed in a final state, and it has {', '.join(extra)}",
                "leave them out, or make it not final",
            )
        return
    if state.accountable is None:
        yield Fault("accountable", "nobody is accountable", "name a role or an actor field of this lifecycle")
    else:
        yield from _party_faults(draft, cycle, "accountable", state.accountable)
    if len(limits) != 1:
        yield Fault("", f"has {', '.join(limits) or 'no limit'}", "give exactly one of within, until and open_ended")
    if isinstance(state.within, str) and DraftScope(draft, kind).duration(state.within) is None:
        yield Fault(
            "within", f"{state.within!r} is neither a duration nor a parameter with one", 'such as "10 working days"'
        )
    if state.until is not None:
        field = cycle.fields.get(state.until)
        if field is None or field.type is not FieldType.DATE:
            dates = [one for one, other in cycle.fields.items() if other.type is FieldType.DATE]
            yield Fault("until", f"{state.until!r} is no date field of this lifecycle", near_miss(state.until, dates))
    for role in state.clock_stopped_by:
        if role not in draft.roles:
            yield Fault("clock_stopped_by", f"unknown role {role!r}", near_miss(role, draft.roles))


def _party_faults(draft: Draft, cycle: Lifecycle, path: str, party: str) -> Iterator[Fault]:
    field = cycle.fields.get(party)
    if party in draft.roles or (field is not None and field.type is FieldType.ACTOR):
        return
    actors = [name for name, other in cycle.fields.items() if other.type is FieldType.ACTOR]
    yield Fault(path, f"unknown role or actor field {party!r}", near_miss(party, [*draft.roles, *actors]))


def _row_faults(draft: Draft, kind: str | None, cycle: Lifecycle, row: Transition) -> Iterator[Fault]:
    if row.creates and row.dest is None:
        yield Fault(
            "", f"{row.trigger!r} has neither source nor dest", "give a dest (it creates), a source (it stays), or both"
        )
    for source in row.source:
        if source == "*" and len(row.source) > 1:
            yield Fault("source", '"*" stands beside other states', 'write "*" alone')
        elif source != "*" and source not in cycle.states:
            yield Fault("source", f"unknown state {source!r}", near_miss(source, cycle.states))
        elif source != "*" and cycle.states[source].final:
            yield Fault(
                "source",
                f"{source!r} is final, and {row.trigger!r} leaves it or acts there",
                "no row starts in a final state",
            )
    if row.dest is not None and row.dest not in cycle.states:
        yield Fault("dest", f"unknown state {row.dest!r}", near_miss(row.dest, cycle.states))
    given = [key for key in ("by", "every", "on") if getattr(row, key)]
    if len(given) != 1:
        yield Fault(
            "",
            f"{row.trigger!r} has {', '.join(given) or 'nobody who fires it'}",
            "give exactly one of by, every and on",
        )
    if row.by_time and not row.creates:
        yield Fault(
            given[0] if given else "",
            "time moves nothing: only a creating row is fired by time",
            "let a person act: `by`",
        )
    if row.on and kind is None:
        yield Fault("on", "a breach opens no case", "put the row on a kind of item")
    if row.lead is not None:
        if not row.every:
            yield Fault("lead", "stands without `every`", "leave it out")
        if isinstance(row.lead, str) and DraftScope(draft, kind).duration(row.lead) is None:
            yield Fault(
                "lead", f"{row.lead!r} is neither a duration nor a parameter with one", 'such as "5 working days"'
            )
    for party in row.by:
        yield from _party_faults(draft, cycle, "by", party)
        if kind is None and row.creates and party in draft.roles and not draft.roles[party].standing:
            yield Fault(
                "by",
                f"{party!r} is appointed in a case, and opens one",
                "let a standing office open (a role without appointed_by)",
            )
    for name in row.set:
        if name not in cycle.fields:
            yield Fault("set", f"unknown field {name!r}", near_miss(name, cycle.fields))
    if len(set(row.set)) != len(row.set):
        yield Fault("set", "names a field twice", "name each once")
    if kind is None:
        yield from _material_faults(draft, row)
    yield from requirement_faults(draft, kind, "requires", row.requires)
    for index, requirement in enumerate(row.requires):
        for part in _all_parts(requirement):
            if isinstance(part, IndependentOf):
                yield from _nobody_left(draft, cycle, row, part, f"requires[{index}].independent_of")
            elif isinstance(part, TimeElapsed):
                yield from _too_long(draft, cycle, row, part, f"requires[{index}].elapsed")
            elif isinstance(part, ItemsAre):
                yield from _quorum_faults(draft, part, f"requires[{index}]")


def requirement_faults(draft: Draft, kind: str | None, path: str, requires: Iterable[Requirement]) -> Iterator[Fault]:
    """Every static fault of ``requires`` standing under ``path`` on the lifecycle of ``kind``."""
    scope = DraftScope(draft, kind)
    size = 0
    for index, requirement in enumerate(requires):
        size += requirement.size()
        if requirement.depth() > MAX_DEPTH:
            yield Fault(
                f"{path}[{index}]",
                f"requirements stand {requirement.depth()} deep",
                f"at most {MAX_DEPTH}; state a conclusion as a fact",
            )
        for fault in requirement.faults(scope):
            yield fault.under(f"{path}[{index}]")
    if size > MAX_SIZE:
        yield Fault(path, f"{size} requirements in one row", f"at most {MAX_SIZE}")


def _all_parts(requirement: Requirement) -> Iterator[Requirement]:
    yield requirement
    for part in (*requirement.when, *requirement.parts()):
        yield from _all_parts(part)


def _material_faults(draft: Draft, row: Transition) -> Iterator[Fault]:
    material = [name for name in row.set if name in draft.facts and draft.facts[name].material]
    late = [
        state
        for state in draft.case.sources(row)
        if state in draft.states and draft.states[state].step in (Step.DECIDED, Step.CONTROL)
    ]
    dest = draft.states.get(row.dest or "")
    if material and late and (dest is None or dest.step not in FIVE_STEPS):
        yield Fault(
            "dest",
            f"{material[0]!r} is material, and {row.trigger!r} sets it from {late[0]!r} without going back",
            "lead the row into one of the five steps",
        )


def below(draft: Draft, role: str) -> frozenset[str]:
    """The roles that ``role`` supervises, directly or through others."""
    found: set[str] = set()
    waiting = [role]
    while waiting:
        for lower in draft.roles[waiting.pop()].supervises:
            if lower in draft.roles and lower not in found:
                found.add(lower)
                waiting.append(lower)
    return frozenset(found)


def _nobody_left(
    draft: Draft, cycle: Lifecycle, row: Transition, requirement: IndependentOf, path: str
) -> Iterator[Fault]:
    mine = [party for party in row.by if party in draft.roles]
    if len(mine) != len(row.by):
        return
    for trigger in requirement.independent_of:
        for other in cycle.transitions:
            if other.trigger != trigger:
                continue
            for role in other.by:
                if role not in draft.roles:
                    continue
                single = draft.roles[role].holders == 1
                free = [one for one in mine if one not in below(draft, role) and not (one == role and single)]
                if not free:
                    yield Fault(
                        path,
                        f"when {role!r} did {trigger!r}, nobody in {', '.join(mine)} is independent",
                        "add a role that is not below it, or a second seat",
                    )


def _too_long(draft: Draft, cycle: Lifecycle, row: Transition, requirement: TimeElapsed, path: str) -> Iterator[Fault]:
    state = cycle.states.get(requirement.since)
    if state is None or state.within is None or requirement.since not in cycle.sources(row):
        return
    wait, limit = (_known(draft, one) for one in (requirement.elapsed, state.within))
    if wait is not None and limit is not None and wait.surely_longer_than(limit):
        yield Fault(path, f"waits {wait} in a state that lasts {limit}", "shorten the wait or lengthen the limit")


def _known(draft: Draft, limit: Duration | str) -> Duration | None:
    return limit if isinstance(limit, Duration) else DraftScope(draft, None).duration(limit)


def _quorum_faults(draft: Draft, requirement: ItemsAre, path: str) -> Iterator[Fault]:
    kind = draft.items.get(requirement.items)
    if kind is None or kind.unique != ("actor",) or requirement.at_least is None:
        return
    need = requirement.at_least
    if isinstance(need, str):
        parameter = draft.parameters.get(need)
        if parameter is None or not isinstance(parameter.value, int):
            return
        need = parameter.value
    seats = 0
    for row in kind.creating():
        for role in row.by:
            holders = draft.roles[role].holders if role in draft.roles else None
            if holders is None:
                return
            seats += holders
    if need > seats:
        yield Fault(
            f"{path}.at_least",
            f"needs {need} of {requirement.items}, and there are {seats} seats",
            "lower the quorum or add seats",
        )


def _graph_faults(cycle: Lifecycle, kind: str | None) -> Iterator[Fault]:
    starts = {row.dest for row in cycle.creating() if row.dest}
    if isinstance(cycle, ItemKind) and cycle.preset is not None:
        starts.add(cycle.preset.dest)
    if not starts:
        what = "no row opens the case" if kind is None else "nothing creates an item of this kind"
        yield Fault("transitions", what, "add a row without source" + ("" if kind is None else ", or a preset"))
        return
    arrows = [(source, row.dest) for row in cycle.transitions if row.dest for source in cycle.sources(row)]
    entered = _closure(starts, arrows)
    finals = {name for name, state in cycle.states.items() if state.final}
    ending = _closure(finals, [(dest, source) for source, dest in arrows])
    for name in cycle.states:
        if name not in entered:
            yield Fault(f"states.{name}", "no row enters it from the start", "lead a row into it, or leave it out")
        elif name not in ending:
            yield Fault(f"states.{name}", "has no way to an end", "lead a row towards a final state")


def _closure(start: set[str], arrows: list[tuple[str, str]]) -> set[str]:
    found, grew = set(start), True
    while grew:
        more = {dest for source, dest in arrows if source in found} - found
        grew = bool(more)
        found |= more
    return found


def _kind_faults(draft: Draft, kind: ItemKind) -> Iterator[Fault]:
    for name in kind.unique:
        if name != "actor" and name not in kind.fields:
            yield Fault("unique", f"unknown field {name!r}", near_miss(name, [*kind.fields, "actor"]))
    preset = kind.preset
    if preset is None:
        return
    field = kind.fields.get(preset.field)
    if field is None or field.type is not FieldType.CHOICE or field.many:
        yield Fault(
            "preset.field", f"{preset.field!r} is not a field with one choice", near_miss(preset.field, kind.fields)
        )
    elif field.of != preset.from_:
        yield Fault(
            "preset.from", f"lays out {preset.from_!r}, and the field chooses from {field.of!r}", "name the same list"
        )
    if preset.from_ not in draft.lists:
        yield Fault("preset.from", f"unknown list {preset.from_!r}", near_miss(preset.from_, draft.lists))
    if preset.dest not in kind.states:
        yield Fault("preset.dest", f"unknown state {preset.dest!r}", near_miss(preset.dest, kind.states))
    for state in preset.at:
        if state not in draft.states:
            yield Fault("preset.at", f"unknown state {state!r} of the case", near_miss(state, draft.states))
