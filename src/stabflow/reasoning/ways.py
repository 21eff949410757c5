"""Which sequences of acts lead to an end: a shortest one that one behaviour allows and another does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

import attrs

from ..language import Procedure
from ..language.machine import NEW
from ..text import Text, joined, quoted, say
from .difference import Way

S = TypeVar("S", bound=Hashable)
T = TypeVar("T", bound=Hashable)


@attrs.frozen
class Behaviour(Generic[S]):
    """What can be done from ``start`` on. ``moves`` gives the labels of a place, each with where it leads (one label may lead to
    several places); ``is_end`` tells where a run is over. There are finitely many places."""

    start: S
    moves: Callable[[S], Iterable[tuple[str, S]]]
    is_end: Callable[[S], bool]

    def after(self, places: frozenset[S], label: str) -> frozenset[S]:
        """Where ``label`` may lead from any of ``places``."""
        return frozenset(there for here in places for said, there in self.moves(here) if said == label)


def only_in(one: Behaviour[S], other: Behaviour[T]) -> tuple[str, ...] | None:
    """A shortest run of ``one`` to an end whose labels are no run of ``other`` to an end; ``None`` where there is none."""
    begin = (one.start, frozenset({other.start}))
    came: dict[tuple[S, frozenset[T]], tuple[tuple[S, frozenset[T]], str] | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        here = waiting.popleft()
        place, others = here
        if one.is_end(place) and not any(other.is_end(there) for there in others):
            labels: list[str] = []
            step = came[here]
            while step is not None:
                labels.append(step[1])
                step = came[step[0]]
            return tuple(reversed(labels))
        for label, there in one.moves(place):
            beyond = (there, other.after(others, label))
            if beyond not in came:
                came[beyond] = (here, label)
                waiting.append(beyond)
    return None


def rows_of_case(procedure: Procedure) -> Behaviour[str]:
    """The rows of the case, requirements left aside."""
    table = procedure.tables[None]

    def moves(state: str) -> Iterable[tuple[str, str]]:
        return ((trigger, state if move.dest is None else move.dest) for trigger, move in table[state].items())

    return Behaviour(NEW, moves, lambda state: state != NEW and procedure.states[state].final)


def way_only_in(one: Procedure, other: Procedure, called: Text) -> Way | None:
    """A shortest way from opening to an end that the rows of ``one`` allow and those of ``other``, ``called`` so, do not."""
    triggers = only_in(rows_of_case(one), rows_of_case(other))
    if triggers is None:
        return None
    behaviour = rows_of_case(other)
    places, shared = frozenset({behaviour.start}), 0
    for trigger in triggers:
        beyond = behaviour.after(places, trigger)
        if not beyond:
            break
        places, shared = beyond, shared + 1
    (stands,) = places  # a state and a trigger have one row
    where = Text("at the start", "启动时")
    if stands != NEW:
        where = say("in {state}", "处于{state}时", state=quoted(other.state_title(stands)))
    shown = joined([one.trigger_title(trigger) for trigger in triggers], Text(" → ", " → "))
    if shared == len(triggers):
        text = say(
            "{way}. In {other} this does not end the case, which then stands {where}",
            "{way}。依{other}，{where}尚未终结",
            way=shown,
            other=called,
            where=where,
        )
    else:
        text = say(
            "{way}. In {other} step {n}, {step}, is not permitted {where}",
            "{way}。依{other}，{where}不得办理第{n}步{step}",
            way=shown,
            other=called,
            n=shared + 1,
            step=quoted(one.trigger_title(triggers[shared])),
            where=where,
        )
    return Way(triggers, shared, text)
