"""Whether a case looks, to every rule of a procedure, like one that has been under it from the beginning.

What is proved of a procedure is proved of the cases that are opened under it. A case that comes from another version stands under
the same proof if the search cannot tell it from one of these.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from ..case import Case
from ..language import Procedure
from ..language.lifecycle import FIVE_STEPS, STEP_TITLES
from ..text import Text, listing, quoted, say
from .cluster import played_by_anyone
from .composition import Composition
from .explore import MAX_STATES
from .footing import seen_by
from .past import pasts

REMEMBERED = 8
"""So many searches are kept in a process, because thousands of cases move to the same version."""


@functools.lru_cache(maxsize=REMEMBERED)
def _searched(procedure: Procedure, max_states: int) -> Composition:
    return Composition(procedure, max_states=max_states)


def misfits(procedure: Procedure, case: Case, *, max_states: int = MAX_STATES) -> Iterator[Text]:
    """What tells ``case`` from every case that was opened under ``procedure``; nothing where it is as one of them."""
    composition = _searched(procedure, max_states)
    case = played_by_anyone(procedure, case)
    here = composition.places.abstraction.place(case)
    state = quoted(procedure.state_title(case.state))
    alike = [
        node.place
        for index, node in enumerate(composition.places.nodes)
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
    yield from _missing_steps(procedure, case, state)
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


def _missing_steps(procedure: Procedure, case: Case, state: Text) -> Iterator[Text]:
    """Steps that lie behind every case in that state, and not behind this one."""
    passed = {procedure.states[name].step for name in case.entered if name in procedure.states}
    behind = {procedure.states[name].step for name in pasts(procedure)[case.state].entered_surely}
    missing = [step for step in FIVE_STEPS if step in behind and step not in passed]
    if missing:
        yield say(
            "under {new} whoever comes to {state} has passed {steps}",
            "按{new}，进入{state}之前须经过{steps}",
            new=procedure,
            state=state,
            steps=listing([quoted(STEP_TITLES[step]) for step in missing]),
        )
