"""Whether a case looks, to every rule of a procedure, like one that has been under it from the beginning.

What is proved of a procedure is proved of the cases that are opened under it. A case that comes from another version stands under
the same proof if the search cannot tell it from one of these.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..case import Case
from ..language import Procedure
from ..language.lifecycle import STEP_TITLES
from ..language.machine import NEW
from ..text import Text, listing, quoted, say
from .behind import Behind, Folding
from .cluster import played_by_anyone
from .composition import Composition
from .explore import MAX_STATES
from .graph import seen_by

REMEMBERED = 8
"""So many searches are kept in a process, because thousands of cases move to the same version."""


@functools.lru_cache(maxsize=REMEMBERED)
def _searched(procedure: Procedure, max_states: int) -> Composition:
    return Composition(procedure, max_states=max_states)


def misfits(procedure: Procedure, case: Case, *, max_states: int = MAX_STATES) -> Iterator[Text]:
    """What tells ``case`` from every case that was opened under ``procedure``; nothing where it is as one of them."""
    composition = _searched(procedure, max_states)
    case = played_by_anyone(procedure, case)
    places = composition.places
    here = places.abstraction.place(case)
    state = quoted(procedure.state_title(case.state))
    alike = [
        node.place
        for index, node in enumerate(places.nodes)
        if node.place.state == case.state and index in composition.reached
    ]
    if not alike:
        yield say(
            "under {new} no case ever comes to {state}",
            "按{new}，任何案件均不会进入{state}",
            new=procedure,
            state=state,
        )
        return
    if here not in alike:
        nearest = min(alike, key=lambda place: len({*place.facts} ^ {*here.facts}))
        differing = dict.fromkeys(name for name, _ in ({*here.facts} ^ {*nearest.facts}))
        facts = listing([quoted(procedure.field_title(name)) for name in procedure.facts if name in differing])
        yield say(
            "under {new} a case in {state} has other facts: {facts}",
            "按{new}，处于{state}的案件应另有事实：{facts}",
            new=procedure,
            state=state,
            facts=facts,
        )
        return
    at = [index for index, node in enumerate(places.nodes) if node.place == here and index in composition.reached]
    yield from _missing_steps(procedure, case, state, [one for index in at for one in _behind_at(composition)[index]])
    for graph in composition.graphs:
        if graph.abstraction.counted(seen_by(graph, case))[1] not in graph.known:
            kinds = [procedure.kind_title(kind) for kind in procedure.items if kind in graph.cluster.kinds]
            yield say(
                "under {new} what there is of {kinds} is never so in {state}",
                "按{new}，处于{state}时{kinds}不会如此",
                new=procedure,
                kinds=listing(kinds),
                state=state,
            )


def _missing_steps(procedure: Procedure, case: Case, state: Text, others: Sequence[Behind]) -> Iterator[Text]:
    """Steps that lie behind every case that stands as this one does, and not behind it. What is proved of those that have no more
    behind them holds for it."""
    behind = _behind(procedure, case)
    if any(_is_within(one, behind) for one in others):
        return
    nearest = min(others, key=lambda one: len({*behind.missing} - {*one.missing}))
    missing = [step for step in behind.missing if step not in nearest.missing]
    if missing:
        yield say(
            "under {new} whoever comes so to {state} has passed {steps}",
            "按{new}，如此进入{state}之前须经过{steps}",
            new=procedure,
            state=state,
            steps=listing([quoted(STEP_TITLES[step]) for step in missing]),
        )
    else:
        yield say(
            "under {new} no case comes to {state} by the same states, so that a return would undo other steps",
            "按{new}，任何案件均不会经相同状态进入{state}，退回时所撤销的步骤因而不同",
            new=procedure,
            state=state,
        )


def _behind(procedure: Procedure, case: Case) -> Behind:
    """The steps that are behind the case, by its own acts. What is material and was stated by an act whose row no longer states
    it has changed the matter all the same."""
    folding, behind = Folding(procedure), Behind()
    for act in case.acts:
        if not act.amends:
            row = procedure.tables[None][act.source or NEW][act.trigger].row
            stated = [
                name for name, one in case.stated.items() if one.version == act.version and name in procedure.facts
            ]
            row = attrs.evolve(row, set=tuple(dict.fromkeys((*row.set, *stated))))
            behind = folding.after(behind, act.source or None, row)
    return behind


def _is_within(one: Behind, other: Behind) -> bool:
    """Whether ``one`` has no more behind it than ``other``, now and after whatever they both do."""
    marks = {mark.state: mark for mark in other.marks}
    return (
        one.bits & ~other.bits == 0
        and one.entered <= other.entered
        and {mark.state for mark in one.marks} == marks.keys()
        and all(
            mark.bits & ~marks[mark.state].bits == 0 and mark.before <= marks[mark.state].before for mark in one.marks
        )
    )


@functools.lru_cache(maxsize=REMEMBERED)
def _behind_at(composition: Composition) -> Mapping[int, frozenset[Behind]]:
    """For each place that can be reached, which steps can be behind a case there."""
    folding, places = Folding(composition.procedure), composition.places
    found = [
        (root, folding.after(Behind(), None, opening.row))
        for root in places.roots
        if (opening := places.nodes[root].by) is not None
    ]
    known: dict[int, set[Behind]] = {}
    for index, behind in found:
        if behind in known.setdefault(index, set()):
            continue
        known[index].add(behind)
        state = places.nodes[index].place.state
        found += [
            (step.target, folding.after_act(behind, state, step.act)) for step in composition.ahead.get(index, ())
        ]
    return {index: frozenset(ones) for index, ones in known.items()}
