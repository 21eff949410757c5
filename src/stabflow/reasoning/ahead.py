"""What a case could still do from a state on, by the rows: which it can fire, and what the others lack for good.

Generous on purpose: whatever may hold is taken to hold, and what one way gains counts on every other. So a row that stays closed
here is closed to every such case; one that opens may still be closed to some.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..language import ItemKind, Procedure, Transition
from ..requirements import AllOf, AnyOf, CaseIs, ItemsAre, Requirement, TimeElapsed, ValueIs
from ..requirements.base import Literal
from .past import Past


@attrs.frozen
class Lack:
    """What a row asks for and nothing provides any more: a fact, items of a kind, or a state to have been entered."""

    what: str
    name: str


@attrs.frozen(kw_only=True)
class Ahead:
    """``closed``: rows that a case comes to and can never fire, with what they lack; ``ends``: whether it can end."""

    closed: tuple[tuple[Transition, frozenset[Lack]], ...]
    ends: bool


@attrs.define(kw_only=True)
class _Case:
    """What a case has, or may have: its past under the old version, and what it gains on its way under the new one."""

    old: Procedure
    new: Procedure
    past: Past
    stated: set[str]
    entered: set[str]
    visited: set[str]
    come_to: set[str]


def ahead(old: Procedure, new: Procedure, state: str, past: Past, stated: frozenset[str]) -> Ahead:
    """What a case could do under ``new`` that stands in ``state``, came there under ``old`` by ``past``, and has ``stated``."""
    entered = {name for name in past.entered_maybe if name in new.states}
    case = _Case(old=old, new=new, past=past, stated={*stated}, entered=entered, visited={state}, come_to=set())
    waiting = [row for row in new.transitions if row.source]
    opened = True
    while opened:
        opened = False
        for row in [row for row in waiting if not case.visited.isdisjoint(new.case.sources(row))]:
            if not _lacking(case, row):
                waiting.remove(row)
                case.stated |= {*row.set}
                opened = True
                if row.dest is not None:
                    for places in (case.entered, case.visited, case.come_to):
                        places.add(row.dest)
    closed = [row for row in waiting if not case.visited.isdisjoint(new.case.sources(row))]
    ends = any(new.states[name].final for name in case.visited)
    return Ahead(closed=tuple((row, _lacking(case, row)) for row in closed), ends=ends)


def _lacking(case: _Case, row: Transition) -> frozenset[Lack]:
    stated = case.stated | {*row.set}
    found = frozenset[Lack]().union(*(_unmet(case, one, stated) for one in row.requires))
    if row.by and not any(party in case.new.roles or party in stated for party in row.by):
        found |= {Lack("fact", party) for party in row.by}
    return found


def _unmet(case: _Case, one: Requirement, stated: set[str]) -> frozenset[Lack]:
    """What is lacking for ``one`` ever to hold; nothing where it may hold, or may not be asked."""
    if one.when:
        asked = frozenset[Lack]().union(*(_unmet(case, part, stated) for part in one.when))
        return frozenset(
            lack for lack in asked if lack.what == "fact"
        )  # what is unstated never passes, the rest asks for nothing
    match one:
        case ValueIs():
            bounds = [bound for bound in (one.at_least, one.at_most, one.equals) if isinstance(bound, str)]
            names = {*one.value, *bounds} - stated - case.new.parameters.keys()
            return frozenset(Lack("fact", name) for name in names)
        case ItemsAre():
            if not _needs_some(case, one) or _may_have(case, one) or _can_add(case, one):
                return frozenset()
            return frozenset({Lack("items", one.items)})
        case TimeElapsed():
            return frozenset() if one.since in case.entered else frozenset({Lack("state", one.since)})
        case AnyOf():
            parts = [_unmet(case, part, stated) for part in one.any]
            return frozenset[Lack]().union(*parts) if all(parts) else frozenset()
        case AllOf():
            return frozenset[Lack]().union(*(_unmet(case, part, stated) for part in one.all))
    return frozenset()


def _needs_some(case: _Case, one: ItemsAre) -> bool:
    bound = one.at_least if one.at_least is not None else one.equals
    if isinstance(bound, str):
        value = case.new.parameters[bound].value
        return not isinstance(value, int) or value > 0
    return one.over is not None or bool(bound)


def _may_have(case: _Case, one: ItemsAre) -> bool:
    """Whether a case may have brought such items along."""
    kind = case.old.items.get(one.items)
    if kind is None or (one.since is not None and one.since not in case.past.entered_maybe):
        return False
    if not any(creatable(case.old, kind, case.past.entered_maybe)):
        return False
    return all(_may_hold(case, one.items, name, accepted) for name, accepted in one.where.items())


def _may_hold(case: _Case, kind: str, name: str, accepted: tuple[Literal, ...]) -> bool:
    field = case.old.items[kind].fields.get(name)
    if field is None or field.type is not case.new.items[kind].fields[name].type:
        return False
    return field.of is None or any(one in case.old.lists[field.of] for one in accepted)


def _can_add(case: _Case, one: ItemsAre) -> bool:
    if one.since is not None and one.since not in case.entered:
        return False
    kind = case.new.items[one.items]
    if any(creatable(case.new, kind, case.visited, preset=False)):
        return True
    return kind.preset is not None and not case.come_to.isdisjoint(kind.preset.at)


def creatable(
    procedure: Procedure, kind: ItemKind, states: set[str] | frozenset[str], *, preset: bool = True
) -> Iterator[bool]:
    """Whether items of ``kind`` may be added in one of ``states``, row by row; and whether they may be laid out there."""
    for row in kind.creating():
        yield any(_may_fire(procedure, row, state) for state in states)
    if preset and kind.preset is not None:
        yield not states.isdisjoint(kind.preset.at)


def _may_fire(procedure: Procedure, row: Transition, state: str) -> bool:
    """Whether a row of a kind may be fired where the case stands in ``state``."""
    definition = procedure.states[state]
    names = {state} | ({definition.step.value} if definition.step is not None else set())
    named = [one for one in row.requires if isinstance(one, CaseIs) and not one.when]
    return all(names & {*one.case} for one in named) if named else not definition.final
