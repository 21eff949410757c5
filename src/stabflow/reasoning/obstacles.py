"""What is in the way of a case: that it is over, that no row leads there, or what the acts that would have to come next ask."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..calendar import Calendar
from ..case import Appointment, Case
from ..decision.commands import Fire
from ..decision.decider import blockers
from ..decision.view import Context
from ..errors import Blocker
from ..language import Procedure, Transition
from ..language.requirement_text import requirement_text
from ..text import Text, joined, quoted, say
from ..values import Actor, Basis
from .cluster import ANYONE
from .composition import Composition


def away(procedure: Procedure, wanted: Collection[str]) -> Mapping[str, int]:
    """How many acts on the case each state is at least away from one of ``wanted``, whatever they ask; without those from which
    none leads there."""
    found = dict.fromkeys(wanted, 0)
    waiting = list(wanted)
    for target in waiting:
        for source, moves in procedure.tables[None].items():
            if source not in found and any(move.dest == target for move in moves.values()):
                found[source] = found[target] + 1
                waiting.append(source)
    return found


def nothing_leads(procedure: Procedure, case: Case, goal: Text) -> Text:
    """Why nothing leads from where the case stands to ``goal``, whatever is found."""
    where = quoted(procedure.state_title(case.state))
    if procedure.states[case.state].final:
        return say(
            "the case is over: it has ended in {where}, and {goal} can be reached only by a new case",
            "该案件已终结于{where}；须另行启动案件方可到达{goal}",
            where=where,
            goal=goal,
        )
    return say(
        "the procedure has no row, and no rows after one another, that lead from {where} to {goal}",
        "程序中没有任何办理自{where}通向{goal}",
        where=where,
        goal=goal,
    )


def in_the_way(
    composition: Composition, case: Case, wanted: Collection[str], goal: Text
) -> tuple[Text, tuple[Blocker, ...]]:
    """Why the searches find no way: what stands now against the acts that would have to come next; and what is asked, further
    on, that can no longer be so."""
    procedure = composition.procedure
    where = quoted(procedure.state_title(case.state))
    reason = say("no lawful way leads from {where} to {goal}", "自{where}起无法依规到达{goal}", where=where, goal=goal)
    found = _blockers(composition, case, wanted)
    if found:
        return reason, found
    asked = list(_shut(composition, wanted)) or [_TOGETHER]
    return say("{reason}: {asked}", "{reason}：{asked}", reason=reason, asked=joined(asked, Text("; ", "；"))), ()


_TOGETHER = Text(
    "what the acts on the way ask for cannot be brought about one after the other", "途中各项办理的要求无法相继满足"
)


def _blockers(composition: Composition, case: Case, wanted: Collection[str]) -> tuple[Blocker, ...]:
    """What stands now against the acts that would have to come next by the rows alone."""
    whole = composition.whole.procedure
    anyone = tuple(Appointment(role, ANYONE, ANYONE, "plan") for role in whole.roles)
    context = Context(now=case.updated_at, calendar=Calendar("plan"), offices=anyone)
    found: dict[Text, Blocker] = {}
    for row in _nearer(whole, case.state, away(whole, wanted)):
        command = Fire(actor=Actor(ANYONE, body=ANYONE), basis=Basis("plan"), trigger=row.trigger)
        found |= {one.sentence(): one for one in blockers(whole, case, command, context)}
    return tuple(found.values())


def _nearer(procedure: Procedure, state: str, left: Mapping[str, int]) -> list[Transition]:
    """The rows that lead from ``state`` one act nearer, whatever they ask."""
    here = procedure.tables[None][state].values()
    return [move.row for move in here if move.dest is not None and left.get(move.dest) == left[state] - 1]


def _shut(composition: Composition, wanted: Collection[str]) -> Iterator[Text]:
    """Of the rows that lead nearer from where the case can still come to: what those ask that nothing ever fires."""
    procedure, places = composition.procedure, composition.places
    left = away(procedure, wanted)
    fired = {
        (places.nodes[step.source].place.state, step.act.trigger)
        for step in composition.steps
        if step.source in composition.reached
    }
    for state in dict.fromkeys(places.nodes[index].place.state for index in sorted(composition.reached)):
        for row in _nearer(procedure, state, left) if state in left else ():
            if (state, row.trigger) not in fired and row.requires:
                yield say(
                    "{act} in {state} asks what can no longer be so all together: {asked}",
                    "{state}时的{act}所要求的以下各项已无法同时满足：{asked}",
                    act=quoted(procedure.trigger_title(row.trigger)),
                    state=quoted(procedure.state_title(state)),
                    asked=joined([requirement_text(procedure, None, one) for one in row.requires], Text("; ", "；")),
                )
