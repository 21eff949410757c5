"""`plan`: the shortest lawful way of a live case to where it is wanted, or what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from ..calendar import Calendar
from ..case import Appointment, Case, with_clocks_running
from ..errors import InvalidInput, near_miss
from ..language import Outcome, Procedure, Step
from ..language.lifecycle import OUTCOME_TITLES
from ..requirements.base import Literal
from ..text import Text, quoted
from .cluster import played_by_anyone
from .composition import Composition
from .corrections import Spot, tells_unlike, with_corrections
from .explore import MAX_STATES
from .footing import Footing
from .leeway import Leeway
from .obstacles import away, in_the_way, nothing_leads
from .planned import Plan, PlannedAct, Prospect
from .rehearsal import Astray, Gone, Rehearsal
from .route import Router, TooFar
from .wording import Wording


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

    Where none leads there as things were stated, corrections are tried too. Pure. `InvalidInput` when ``goal`` names none. It
    takes as long as it takes to search the procedure from where the case stands: seconds at the beginning of a large one.
    """
    wanted, title = _wanted(procedure, goal)
    open_ = Plan(case_id=case.id, version=case.version, goal=goal, title=title, prospect=Prospect.OPEN)
    if case.state in wanted:
        return attrs.evolve(open_, prospect=Prospect.FOUND, reason=Text("it stands there already", "已处于该处"))
    if case.state not in away(procedure, wanted):
        return attrs.evolve(open_, prospect=Prospect.NONE, reason=nothing_leads(procedure, case, title))
    case = with_clocks_running(played_by_anyone(procedure, case), now)
    seeking = _Seeking(case, wanted, now, calendar, offices, max_states)
    found = seeking.sought(procedure)
    if isinstance(found, Composition):
        reason, against = in_the_way(found, case, wanted, title)
        corrected = attrs.evolve(seeking, max_states=min(max_states, MAX_CORRECTED)).sought_with_corrections(procedure)
        if isinstance(corrected, Composition):
            return attrs.evolve(open_, prospect=Prospect.NONE, reason=reason, blockers=against)
        found, open_ = corrected, attrs.evolve(open_, blockers=against)
    if isinstance(found, Text):
        return attrs.evolve(open_, reason=found)
    return attrs.evolve(open_, prospect=Prospect.FOUND, acts=found, blockers=())


_BOUND = Text("the search hit its bound", "搜索达到上限")
_HANGS = Text(
    "whether there is a way hangs on what the search does not follow (numbers, dates, shares, plugins)",
    "能否到达取决于搜索未跟踪的内容（数值、日期、比例、插件）",
)
_ASTRAY = Text(
    "ways were found, and none of them could be gone with what the case has", "已找到的路径均无法按该案件现状走通"
)
_CORRECTING = Text(
    "it hangs on whether something that was stated wrongly can still be corrected",
    "能否到达取决于此前填报有误之处能否更正",
)

MAX_CORRECTED = 1_000
"""The bound on states where corrections are searched too: with them a large procedure has many more."""

MAX_TRIES = 4
"""So many times a way is sought anew, after one could not be gone."""


@attrs.frozen
class _Seeking:
    """A way of ``case`` to one of the states ``wanted``."""

    case: Case
    wanted: frozenset[str]
    now: datetime
    calendar: Calendar
    offices: Sequence[Appointment]
    max_states: int

    def sought(self, procedure: Procedure) -> tuple[PlannedAct, ...] | Text | Composition:
        """The acts; or why that is not decided; or the search that shows that none lead there."""
        return self._tried(procedure)[0]

    def sought_with_corrections(self, procedure: Procedure) -> tuple[PlannedAct, ...] | Text | Composition:
        """The same, where what was stated may be corrected too, as far as the real `decide` lets it be."""
        refused: list[Spot] = []
        for _ in range(MAX_TRIES):
            found, spot = self._tried(with_corrections(procedure, refused))
            if spot is None:
                break
            refused.append(spot)
        if isinstance(found, Composition) and not refused and tells_unlike(procedure):
            loosest = Composition(with_corrections(procedure, unlike=True), start=self.case, max_states=self.max_states)
            return found if isinstance(self._unless_possible(loosest), Composition) else _CORRECTING
        if isinstance(found, tuple) or (isinstance(found, Composition) and not refused):
            return found
        return _CORRECTING

    def _tried(self, procedure: Procedure) -> tuple[tuple[PlannedAct, ...] | Text | Composition, Spot | None]:
        """What is found; and which correction was refused. Where the case came out otherwise than the search did, more of its
        items are counted; where a share was missing, the items are rather such as count for it."""
        spare: dict[str, int] = {}
        preferred: dict[tuple[str, str], Sequence[Literal]] = {}
        composition = Composition(procedure, start=self.case, max_states=self.max_states)
        for _ in range(MAX_TRIES):
            router, footing = Router(composition, self.wanted, sure=True), Footing(composition)
            rehearsal = Rehearsal(composition, router, footing, self.case, self.now, self.calendar, preferred)
            try:
                gone = tuple(rehearsal.acts())
                return self._said(footing, gone) if gone else self._unless_possible(composition), None
            except TooFar:
                return _BOUND, None
            except Astray:
                if rehearsal.missing:
                    preferred |= rehearsal.missing
                    continue
                if rehearsal.refused is not None or not rehearsal.misjudged:
                    return _ASTRAY, rehearsal.refused
                for kind, count in rehearsal.misjudged.items():
                    spare[kind] = max(count, 2 * spare.get(kind, 0))
                composition = Composition(procedure, start=self.case, spare=spare, max_states=self.max_states)
        return _ASTRAY, None

    def _said(self, footing: Footing, gone: Sequence[Gone]) -> tuple[PlannedAct, ...]:
        """The acts in words, with what they have to state."""
        held = {one.role for one in (*self.case.appointments, *self.offices)}
        wording = Wording(footing.composition.procedure, held)
        leeway = Leeway(footing, self.case, [one.taken for one in gone], self.wanted)
        return tuple(wording.planned(one, given) for one, given in zip(gone, leeway.given(), strict=True))

    def _unless_possible(self, composition: Composition) -> Text | Composition:
        """The search, where it shows that nothing leads there."""
        start = (composition.places.roots[0], *(graph.roots[0] for graph in composition.graphs))
        if Router(composition, self.wanted, sure=False).way(start) is not None:
            return _HANGS
        return composition if composition.complete else _BOUND


def _wanted(procedure: Procedure, goal: str) -> tuple[frozenset[str], Text]:
    """The states that ``goal`` means, and how it reads."""
    states = procedure.states
    if not isinstance(goal, str):
        raise InvalidInput.at("goal", f"{goal!r:.60} is no name", "name a state, a step or an outcome")
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
