"""`plan`: the shortest lawful way of a live case to where it is wanted, or what stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import attrs

from ..calendar import Calendar
from ..case import Appointment, Case
from ..decision.commands import Fire
from ..decision.decider import blockers
from ..decision.view import Context
from ..errors import Blocker, InvalidInput, near_miss
from ..language import Outcome, Procedure, Step
from ..language.lifecycle import OUTCOME_TITLES
from ..text import Text, quoted, say
from ..values import Actor, Basis
from .cluster import ANYONE, played_by_anyone
from .composition import Composition
from .explore import MAX_STATES
from .planned import Plan, Prospect
from .rehearsal import Astray, Rehearsal
from .route import Router, TooFar


def plan(
    procedure: Procedure,
    case: Case,
    goal: str,
    *,
    now: datetime,
    calendar: Calendar,
    offices: Sequence[Appointment] = (),
    max_states: int = MAX_STATES,
) -> Plan:
    """The shortest lawful way of ``case`` to ``goal``: a state, a step or an outcome of its procedure.

    Pure. `InvalidInput` when ``goal`` names none. Seeking takes what it takes to search the procedure from where the case stands:
    seconds at the beginning of a large one.
    """
    wanted, title = _wanted(procedure, goal)
    open_ = Plan(case_id=case.id, version=case.version, goal=goal, title=title, prospect=Prospect.OPEN)
    if case.state in wanted:
        return attrs.evolve(open_, prospect=Prospect.FOUND, reason=Text("it stands there already", "已处于该处"))
    case = played_by_anyone(procedure, case)
    composition = Composition(procedure, start=case, max_states=max_states)
    try:
        router = Router(composition, wanted, sure=True)
        acts = tuple(Rehearsal(procedure, composition, router, case, now, calendar, offices).acts())
        if acts:
            return attrs.evolve(open_, prospect=Prospect.FOUND, acts=acts)
        start = (composition.places.roots[0], *(graph.roots[0] for graph in composition.graphs))
        possible = Router(composition, wanted, sure=False).way(start)
    except (TooFar, Astray):
        return attrs.evolve(open_, reason=_BOUND)
    if possible is not None:
        return attrs.evolve(open_, reason=_HANGS)
    if not composition.complete:
        return attrs.evolve(open_, reason=_BOUND)
    where = quoted(procedure.state_title(case.state))
    reason = say("no lawful way leads from {where} to {goal}", "自{where}起无法依规到达{goal}", where=where, goal=title)
    return attrs.evolve(open_, prospect=Prospect.NONE, reason=reason, blockers=_blockers(composition, case, wanted))


_BOUND = Text("the search hit its bound", "搜索达到上限")
_HANGS = Text(
    "whether there is a way hangs on what the search does not follow (numbers, dates, shares, plugins)",
    "能否到达取决于搜索未跟踪的内容（数值、日期、比例、插件）",
)


def _wanted(procedure: Procedure, goal: str) -> tuple[frozenset[str], Text]:
    """The states that ``goal`` means, and how it reads."""
    states = procedure.states
    if goal in states:
        return frozenset({goal}), quoted(procedure.state_title(goal))
    steps = {state.step.value for state in states.values() if state.step is not None}
    outcomes = {state.outcome.value for state in states.values() if state.outcome is not None}
    if goal in steps:
        return frozenset(name for name, state in states.items() if state.step is Step(goal)), quoted(
            procedure.state_title(goal)
        )
    if goal in outcomes:
        return frozenset(name for name, state in states.items() if state.outcome is Outcome(goal)), quoted(
            OUTCOME_TITLES[Outcome(goal)]
        )
    raise InvalidInput.at(
        "goal",
        f"{goal!r:.60} is no state, step or outcome of {procedure}",
        near_miss(str(goal), {*states, *steps, *outcomes}),
    )


def _blockers(composition: Composition, case: Case, wanted: Collection[str]) -> tuple[Blocker, ...]:
    """What stands now against the acts that would have to come next by the rows alone; nothing where no row leads there."""
    whole = composition.whole.procedure
    anyone = tuple(Appointment(role, ANYONE, ANYONE, "plan") for role in whole.roles)
    context = Context(now=case.updated_at, calendar=Calendar("plan"), offices=anyone)
    found: dict[Text, Blocker] = {}
    for trigger in _first_rows(whole, case.state, wanted):
        command = Fire(actor=Actor(ANYONE, body=ANYONE), basis=Basis("plan"), trigger=trigger)
        found |= {one.sentence(): one for one in blockers(whole, case, command, context)}
    return tuple(found.values())


def _first_rows(procedure: Procedure, state: str, wanted: Collection[str]) -> list[str]:
    """The triggers that begin a shortest way from ``state`` to one of ``wanted``, whatever they ask."""
    away = dict.fromkeys(wanted, 0)
    waiting = list(wanted)
    for target in waiting:
        for source, moves in procedure.tables[None].items():
            if source not in away and any(move.dest == target for move in moves.values()):
                away[source] = away[target] + 1
                waiting.append(source)
    if state not in away:
        return []
    here = procedure.tables[None][state].values()
    return [move.row.trigger for move in here if move.dest is not None and away.get(move.dest) == away[state] - 1]
