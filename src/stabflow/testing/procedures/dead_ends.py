"""Dead ends: a case that is not over, and nothing that anybody could ever do brings it to an end."""

from __future__ import annotations

import time

from ...case import Case
from ...decision.curing import reachable
from ...language import Procedure
from ...reasoning.plan import plan
from ...reasoning.planned import Prospect
from ...text import Text, quoted, say
from .line import Line
from .run import ProcedureRun
from .standing import Broken

MAX_STATES = 1_000
SEARCHING, AGAIN = 3.0, 1.0
"""So many seconds of the processor go into searching ways out in all runs of one machine, and into searching again what the
checker has proved of every case; then a case is believed to have one."""


class DeadEnds:
    """Tells whether a case can still come to an end: from the rows alone where they do not lead to one, else by a search."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._ends = [name for name, state in procedure.states.items() if state.final]
        self._known: dict[object, Text | None] = {}
        self._spent = 0.0
        cycle = procedure.case
        self._lost = frozenset(
            name for name in cycle.states if self._ends and reachable(cycle, [name]).isdisjoint(self._ends)
        )

    def judge(self, run: ProcedureRun, line: Line) -> None:
        """A `Counterexample` where the case is not over, and nothing leads on to its end."""
        why = None if self._procedure.states[line.value.state].final else self.why(run, line)
        if why is not None:
            run.broken(Broken("dead_end", why))

    def why(self, run: ProcedureRun, line: Line) -> Text | None:
        """Why there is no way on for the case; ``None`` where there is one, or none is ruled out."""
        key = _looks(line.value)
        if key not in self._known:
            if self._spent > (AGAIN if run.setting.proved else SEARCHING):
                return None
            began = time.process_time()
            self._known[key] = self._searched(run, line)
            self._spent += time.process_time() - began
        return self._known[key]

    def lost(self, state: str) -> bool:
        """Whether no rows lead from ``state`` to an end."""
        return state in self._lost

    def _searched(self, run: ProcedureRun, line: Line) -> Text | None:
        title = quoted(self._procedure.state_title(line.value.state))
        if self.lost(line.value.state):
            return self.text(line.value.state)
        procedure, case, context = run.asked(line)
        for end in self._ends:
            found = plan(
                procedure,
                case,
                end,
                now=context.now,
                calendar=context.calendar,
                offices=context.offices,
                max_states=MAX_STATES,
            )
            if found.prospect is not Prospect.NONE:
                return None
        return say(
            "from {state} no end can be reached, whatever is done", "自{state}起，无论如何办理均无法办结", state=title
        )

    def text(self, state: str) -> Text:
        """What is said of a state from which no rows lead to an end."""
        title = quoted(self._procedure.state_title(state))
        return say("from {state} no row leads to an end", "自{state}起没有流转规则通向办结", state=title)


def _looks(case: Case) -> object:
    """What cases have alike that come to the same: where everything stands, and what is chosen."""
    facts = frozenset((name, value) for name, value in case.facts.items() if isinstance(value, bool | str))
    items = frozenset((one.kind, one.state, one.superseded) for one in case.items.values())
    return case.state, facts, items
