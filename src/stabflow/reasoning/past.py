"""What is known of a case that stands in a state, from the rows alone: what it has passed, what was stated on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ..language import Procedure, Transition
from ..language.machine import NEW
from ..requirements import AllOf, AnyOf, Requirement, ValueIs


@attrs.frozen(kw_only=True)
class Past:
    """``surely``: of every case that stands there; ``maybe``: of some of them. ``stated`` are facts, ``entered`` states."""

    stated_surely: frozenset[str]
    stated_maybe: frozenset[str]
    entered_surely: frozenset[str]
    entered_maybe: frozenset[str]


def pasts(procedure: Procedure) -> Mapping[str, Past]:
    """For each state of the case, what lies behind a case that stands there."""
    arrows = list(_arrows(procedure))
    surely: dict[str, tuple[frozenset[str], frozenset[str]]] = {NEW: (frozenset(), frozenset())}
    maybe: dict[str, tuple[frozenset[str], frozenset[str]]] = {
        name: (frozenset(), frozenset()) for name in procedure.states
    }
    maybe[NEW] = frozenset(), frozenset()
    changing = True
    while changing:
        changing = False
        for source, row, dest in arrows:
            if source not in surely:
                continue
            must = surely[source][0] | _needed(procedure, row), surely[source][1] | {dest}
            may = maybe[source][0] | {*row.set}, maybe[source][1] | {dest}
            before = surely.get(dest, must)
            now = before[0] & must[0], before[1] & must[1]
            wider = maybe[dest][0] | may[0], maybe[dest][1] | may[1]
            if surely.get(dest) != now or maybe[dest] != wider:
                surely[dest], maybe[dest], changing = now, wider, True
    return {
        name: Past(
            stated_surely=surely[name][0],
            stated_maybe=maybe[name][0],
            entered_surely=surely[name][1],
            entered_maybe=maybe[name][1],
        )
        for name in procedure.states
    }


def _arrows(procedure: Procedure) -> Iterator[tuple[str, Transition, str]]:
    for source, moves in procedure.tables[None].items():
        for move in moves.values():
            yield source, move.row, source if move.dest is None else move.dest


def _needed(procedure: Procedure, row: Transition) -> frozenset[str]:
    """The facts that are stated wherever this row has been passed: it states them, reads them, or one of them names the actor."""
    found = {name for name in row.set if not procedure.facts[name].optional}
    for one in row.requires:
        found |= _read(one)
    if len(row.by) == 1:
        found |= {*row.by}
    return frozenset(found & procedure.facts.keys())


def _read(one: Requirement) -> frozenset[str]:
    """The names that have a value wherever the requirement holds, and wherever it is not asked: what is unstated never passes."""
    asked = frozenset[str]().union(*(_read(part) for part in one.when))
    if one.when:
        return asked
    match one:
        case ValueIs():
            bounds = (one.at_least, one.at_most, one.equals)
            return frozenset({*one.value, *(bound for bound in bounds if isinstance(bound, str))})
        case AllOf():
            return frozenset[str]().union(*(_read(part) for part in one.all))
        case AnyOf():
            return frozenset.intersection(*(_read(part) for part in one.any))
    return asked
