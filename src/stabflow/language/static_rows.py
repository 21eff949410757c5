"""The static rules on one row: where it leads, who fires it, what it states, and whether what it requires can ever hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..calendar import Duration
from ..errors import Fault, near_miss
from ..requirements import IndependentOf, ItemsAre, Requirement, TimeElapsed
from ..requirements.base import duration_faults, number_of
from .lifecycle import FIVE_STEPS, FieldType, Lifecycle, Step, Transition
from .parts import Draft
from .scope import DraftScope
from .static_independence import asked_outright, independence_faults
from .static_numbers import number_faults

MAX_DEPTH = 4
MAX_SIZE = 64
BREACH_FIELDS = {"breach": FieldType.CHOICE, "concerned": FieldType.ACTOR}
"""What the engine fills in when a breach creates an item."""


def row_faults(draft: Draft, kind: str | None, cycle: Lifecycle, row: Transition) -> Iterator[Fault]:
    """Every static fault of ``row``, one of the rows of ``cycle``."""
    yield from _end_faults(cycle, row)
    yield from _firing_faults(draft, kind, cycle, row)
    yield from _stating_faults(cycle, row)
    yield from _breach_faults(draft, cycle, row)
    if kind is None:
        yield from _material_faults(draft, row)
    yield from requirement_faults(draft, kind, "requires", row.requires)
    yield from number_faults(draft, kind, row, "requires", row.requires)
    yield from independence_faults(draft, kind, row)
    for index, requirement in enumerate(row.requires):
        for path, part in asked_outright(requirement, f"requires[{index}]"):
            if isinstance(part, TimeElapsed):
                yield from _waiting_faults(draft, kind, cycle, row, part, f"{path}.elapsed")
            elif isinstance(part, ItemsAre):
                yield from _quorum_faults(draft, part, path)


def _end_faults(cycle: Lifecycle, row: Transition) -> Iterator[Fault]:
    if row.creates and row.dest is None:
        yield Fault(
            "", f"{row.trigger!r} has neither source nor dest", "give a dest (it creates), a source (it stays), or both"
        )
    for source in row.source:
        if source == "*":
            if len(row.source) > 1:
                yield Fault("source", '"*" stands beside other states', 'write "*" alone')
        elif source not in cycle.states:
            yield Fault("source", f"unknown state {source!r}", near_miss(source, cycle.states))
        elif cycle.states[source].final:
            yield Fault(
                "source", f"{source!r} is final, and {row.trigger!r} leaves it", "no row starts in a final state"
            )
    if row.dest is not None and row.dest not in cycle.states:
        yield Fault("dest", f"unknown state {row.dest!r}", near_miss(row.dest, cycle.states))


def _firing_faults(draft: Draft, kind: str | None, cycle: Lifecycle, row: Transition) -> Iterator[Fault]:
    given = [key for key in ("by", "every", "on") if getattr(row, key)]
    if len(given) != 1:
        yield Fault(
            "",
            f"{row.trigger!r} has {' and '.join(given) or 'nobody who fires it'}",
            "give exactly one of by, every and on",
        )
    for key in ("every", "on"):
        if key in given and not row.creates:
            yield Fault(key, "time moves nothing: only a creating row is fired by time", "let a person act: `by`")
    if row.on and kind is None:
        yield Fault("on", "a breach opens no case", "put the row on a kind of item")
    if row.lead is not None:
        if not row.every:
            yield Fault("lead", "stands without `every`", "leave it out")
        yield from duration_faults(DraftScope(draft, kind), "lead", row.lead)
    field = cycle.fields.get(row.trigger)
    if field is not None and field.type is FieldType.ACTOR:
        yield Fault(
            "trigger",
            f"{row.trigger!r} is also an actor field, and `independent_of` could mean either",
            "give one of them another name",
        )
    if row.creates and row.by and all(party in cycle.fields for party in row.by):
        yield Fault("by", f"nobody stands in {row.by[0]!r} before the row creates it", "name a role")
    for party in row.by:
        yield from party_faults(draft, cycle, "by", party)
        if kind is None and row.creates and party in draft.roles and not draft.roles[party].standing:
            yield Fault(
                "by",
                f"{party!r} is appointed in a case, and opens one",
                "let a standing office open (a role without appointed_by)",
            )


def party_faults(draft: Draft, cycle: Lifecycle, path: str, party: str) -> Iterator[Fault]:
    """What is wrong with ``party`` as a role or an actor field of ``cycle``."""
    field = cycle.fields.get(party)
    if party in draft.roles or (field is not None and field.type is FieldType.ACTOR):
        return
    actors = [name for name, other in cycle.fields.items() if other.type is FieldType.ACTOR]
    yield Fault(path, f"unknown role or actor field {party!r}", near_miss(party, [*draft.roles, *actors]))


def _stating_faults(cycle: Lifecycle, row: Transition) -> Iterator[Fault]:
    if row.every and row.set and row.creates:
        yield Fault("set", "the calendar states nothing", "leave it out, and let a row of a person state it")
    for name in dict.fromkeys(row.set):
        if name not in cycle.fields:
            yield Fault("set", f"unknown field {name!r}", near_miss(name, cycle.fields))
        elif row.on and BREACH_FIELDS.get(name) is not cycle.fields[name].type:
            yield Fault(
                "set", f"a breach cannot state {name!r}", "it fills `breach`, a choice, and `concerned`, an actor"
            )
    if len(set(row.set)) != len(row.set):
        yield Fault("set", "names a field twice", "name each once")


def _breach_faults(draft: Draft, cycle: Lifecycle, row: Transition) -> Iterator[Fault]:
    """A breach is stated by its own name, so that the list must have that."""
    field = cycle.fields.get("breach")
    entries = None if field is None or field.of is None else draft.lists.get(field.of)
    if field is None or entries is None or not row.on or "breach" not in row.set:
        return
    lacking = [one.value for one in row.on if one.value not in entries]
    if lacking:
        names = " and ".join(repr(one) for one in lacking)
        yield Fault(
            "set", f"the list {field.of!r} has no entry {names}, which `breach` would state", "add it to the list"
        )


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
            f"{material[0]!r} is material, and {row.trigger!r} sets it in {late[0]!r} and leads to {row.dest or late[0]!r}",
            "lead the row into one of the five steps",
        )


# Requirements


def requirement_faults(
    draft: Draft, kind: str | None, path: str, requires: Iterable[Requirement], *, acting: bool = True
) -> Iterator[Fault]:
    """Every static fault of ``requires`` standing under ``path`` on the lifecycle of ``kind``; ``acting``: on a row, where
    somebody acts."""
    scope = DraftScope(draft, kind)
    size = 0
    for index, requirement in enumerate(requires):
        here = f"{path}[{index}]"
        size += requirement.size()
        if requirement.depth() > MAX_DEPTH:
            yield Fault(
                here,
                f"requirements stand {requirement.depth()} deep",
                f"at most {MAX_DEPTH}; state a conclusion as a fact",
            )
        for fault in requirement.faults(scope):
            yield fault.under(here)
        kinds = sorted(requirement.reads().kinds)
        if len(kinds) > 1:
            yield Fault(
                here,
                f"one requirement reads several kinds of item: {', '.join(kinds)}",
                "let somebody state the conclusion about one kind as a fact, and ask for that",
            )
        for inner, part in requirement.walk(here):
            if isinstance(part, IndependentOf) and not acting:
                yield Fault(inner, "nobody acts here who could be independent", "put independent_of on a row")
    if size > MAX_SIZE:
        yield Fault(path, f"{size} requirements stand together", f"at most {MAX_SIZE}")


def _waiting_faults(
    draft: Draft, kind: str | None, cycle: Lifecycle, row: Transition, requirement: TimeElapsed, path: str
) -> Iterator[Fault]:
    state = cycle.states.get(requirement.since)
    if state is None or state.within is None or requirement.since not in cycle.sources(row):
        return
    scope = DraftScope(draft, kind)
    wait, limit = (scope.limit(one) for one in (requirement.elapsed, state.within))
    if isinstance(wait, Duration) and isinstance(limit, Duration) and wait.surely_longer_than(limit):
        yield Fault(path, f"waits {wait} in a state that lasts {limit}", "shorten the wait or lengthen the limit")


def _quorum_faults(draft: Draft, requirement: ItemsAre, path: str) -> Iterator[Fault]:
    kind = draft.items.get(requirement.items)
    if kind is None or kind.unique != ("actor",):
        return
    adders = {party for row in kind.creating() for party in row.by}
    holders = [draft.roles[party].holders if party in draft.roles else None for party in adders]
    known = [seats for seats in holders if seats is not None and seats >= 1]
    if not known or len(known) != len(holders):
        return
    seats = sum(known)
    for comparison in ("at_least", "equals"):
        need = number_of(DraftScope(draft, None), getattr(requirement, comparison))
        if need is not None and need > seats:
            yield Fault(
                f"{path}.{comparison}",
                f"needs {need} of {requirement.items}, and there are {seats} seat(s)",
                "lower the quorum or add seats",
            )
