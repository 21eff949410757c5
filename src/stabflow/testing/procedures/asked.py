"""Commands on a case of which it is known how they must come out: lawful ones, such with one thing wrong, and unlawful ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import attrs

from ...case import Case
from ...decision.commands import (
    Command,
)
from ...decision.decider import blockers, decide, moves
from ...decision.view import Context
from ...errors import InvalidInput, Refused
from ...language import Procedure
from ..clock import FakeClock
from .acting import Acting
from .cast import OUTSIDER
from .choosing import Chooser
from .line import Line
from .setting import Setting
from .steps import Step, Verb

Sort = Literal["lawful", "nearly lawful", "unlawful"]
SORTS: tuple[Sort, ...] = ("lawful", "nearly lawful", "unlawful")

TRIES = 8
OF_VALUES = "values"
"""The reason of what is not even refused: it could never have been right (`InvalidInput`)."""


@attrs.frozen
class Asked:
    """A command, of which ``sort`` it is, and of one that is nearly lawful the kind of the reason for which it is refused:
    ``values`` where it is `InvalidInput`."""

    command: Command
    sort: Sort
    wrong: str = ""


@attrs.frozen
class Standstill:
    """In place of a run: a case as it stands, and what a decision on it may know."""

    setting: Setting
    context: Context

    @property
    def procedure(self) -> Procedure:
        """The procedure of the case."""
        return self.setting.procedure

    @property
    def clock(self) -> FakeClock:
        """Tells the time of the decision."""
        return FakeClock(self.context.now)

    def asked(self, line: Line) -> tuple[Procedure, Case, Context]:
        """The case, and all that a decision on it may know."""
        return self.procedure, line.value, self.context


class Asking:
    """Chooses commands on one case."""

    def __init__(self, ground: Standstill, acting: Acting, line: Line) -> None:
        self._ground = ground
        self._procedure = ground.procedure
        self._acting = acting
        self._line = line

    def one(self, sort: Sort, chooser: Chooser) -> Asked | None:
        """A command of that sort; ``None`` where none was found."""
        if sort == "lawful":
            step = self._lawful(chooser)
            return None if step is None else Asked(step.command(), sort)
        return self._nearly(chooser) if sort == "nearly lawful" else self._unlawful(chooser)

    def _lawful(self, chooser: Chooser) -> Step | None:
        step = self._acting.lawful(self._line, chooser)
        return None if step is None or step.verb is Verb.WAIT else step

    def refuses(self, command: Command) -> bool:
        """Whether the command cannot be done."""
        try:
            decide(self._procedure, self._line.value, command, self._ground.context)
        except (Refused, InvalidInput):
            return True
        return False

    # One thing is wrong

    def _nearly(self, chooser: Chooser) -> Asked | None:
        ways: tuple[Callable[[Chooser], Asked | None], ...] = (
            self._by_a_stranger,
            self._with_wrong_values,
            self._elsewhere,
            self._too_early,
        )
        return next(filter(None, (way(chooser) for way in chooser.mixed(ways))), None)

    def _by_a_stranger(self, chooser: Chooser) -> Asked | None:
        step = self._lawful(chooser)
        if step is None:
            return None
        return Asked(attrs.evolve(step, by=OUTSIDER, role=None).command(), "nearly lawful", "role")

    def _with_wrong_values(self, chooser: Chooser) -> Asked | None:
        step = self._lawful(chooser)
        if step is None or step.verb not in (Verb.FIRE, Verb.ADD):
            return None
        more = attrs.evolve(step, values={**step.values, "unheard_of": "x"})
        return Asked(more.command(), "nearly lawful", OF_VALUES)

    def _elsewhere(self, chooser: Chooser) -> Asked | None:
        """What the right person may do, in another state."""
        step = self._lawful(chooser)
        if step is None:
            return None
        here = {one.trigger for one in moves(self._procedure, self._line.value) if one.kind is None}
        rows = self._procedure.case.transitions
        there = dict.fromkeys(row.trigger for row in rows if not row.creates and row.by and row.trigger not in here)
        if not there:
            return None
        fired = Step(verb=Verb.FIRE, by=step.by, what=chooser.one(list(there)), case=step.case)
        return Asked(fired.command(), "nearly lawful", "state")

    def _too_early(self, chooser: Chooser) -> Asked | None:
        """What the right person may do with the right values, when something else is done first."""
        for option in chooser.mixed([one for one in moves(self._procedure, self._line.value) if one.row.by]):
            for step in self._acting.by_the_right(self._line, option, chooser):
                found = self._against(step)
                asked = {part.kind for one in option.row.requires for _, part in one.walk()}
                if found and found <= asked:
                    return Asked(step.command(), "nearly lawful", min(found))
        return None

    def _against(self, step: Step) -> set[str]:
        """The kinds of what stands against a step; none where it is not valid either."""
        _, case, context = self._ground.asked(self._line)
        try:
            return {one.kind for one in blockers(self._procedure, case, step.command(), context)}
        except InvalidInput:
            return set()

    # Much may be wrong

    def _unlawful(self, chooser: Chooser) -> Asked | None:
        for _ in range(TRIES):
            found = next(filter(None, self._wild(chooser)), None)
            if found is not None and self.refuses(command := found.command()):
                return Asked(command, "unlawful")
        return None

    def _wild(self, chooser: Chooser) -> Iterator[Step | None]:
        acting = self._acting
        ways = (acting.wild, acting.amending, acting.appointing, acting.lending, acting.clock, acting.judging_a_breach)
        yield chooser.one(ways)(self._line, chooser)
        yield acting.wild(self._line, chooser)
