"""A rule machine of Hypothesis over the real engine, for a procedure. This module needs Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import attrs
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ...text import Text, quoted, say
from ...values import Actor
from ..clock import FakeClock
from ..coverage import Coverage
from .acting import Acting
from .choosing import Chooser
from .counterexamples import Counterexample
from .dead_ends import DeadEnds
from .drawing import CHOOSERS
from .fitting_values import FittingValues
from .found import Found
from .limits import limits
from .line import Line
from .run import ProcedureRun
from .setting import Setting
from .standing import Broken
from .steps import Came, Step, Verb
from .thorough import check_everything, check_store, disagreement

if TYPE_CHECKING:
    from .making import MachineTestCase

START = datetime(2024, 1, 8, 1, tzinfo=UTC)
"""When the clock of a run begins: long enough ago that all of it has passed, so that a dossier of it can be run."""

LONGEST = timedelta(days=400)
"""So much time passes in a run at most."""

PASSING = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 8, 24 * 32))
BACK = timedelta(hours=-1)
AROUND = (timedelta(hours=1), timedelta(0), timedelta(seconds=-1))
NEXT = 3
"""How much time passes at once, or is taken back; and how much before and after one of so many things that fall due next."""

MOST_CASES = 4
"""So many cases there are in a run, each after the one before is over; beside that at most one more."""


class ProcedureMachine(RuleBasedStateMachine):
    """Acts on cases of one procedure, over the real engine and fresh storage, by right and wrong people, lawfully and not, while
    the clock goes on, the store is opened again, and a second handle looks at the same. `procedure_machine` makes one."""

    setting: ClassVar[Setting]
    clock_of: ClassVar[Callable[[], FakeClock]]
    values: ClassVar[FittingValues]
    dead_ends: ClassVar[DeadEnds]
    tally: ClassVar[list[int]]
    refusals: ClassVar[dict[Text, None]]
    found: ClassVar[Found]
    TestCase: ClassVar[type[MachineTestCase]]  # type: ignore[assignment, misc]
    coverage: ClassVar[Coverage]

    def __init__(self) -> None:
        super().__init__()
        self.run = ProcedureRun(self.setting, type(self).clock_of())
        self.acting = Acting(self.run, self.values)
        self.keyed: dict[str, Step] = {}
        self._began = self.run.clock()
        self._failed = True

    # The beginning

    @initialize(chooser=CHOOSERS)
    def begin(self, chooser: Chooser) -> None:
        """Offices are filled, a case is opened, and goes some way on: what matters most happens late."""
        with self._told():
            for role, holder in self.setting.cast.standing():
                self.run.take(Step(verb=Verb.CONSTITUTE, what=role, person=holder))
            self._open(chooser)
            if chooser.number(3):  # what is done late is seen where time has been let pass before
                self.run.tick()
            self._advance(chooser, chooser.one((0, 4, 12, 40)))

    def _open(self, chooser: Chooser, *, wild: bool = False) -> None:
        number = len(self.run.lines) + 1
        rows = [row.trigger for row in self.run.procedure.case.creating() if row.by]
        if not rows:
            return
        case_id = f"case-{number}"
        step = self.acting.opening(chooser, chooser.one(rows), case_id, wild=wild)
        if self.run.take(step) is not Came.DONE:
            last = self.run.steps[-1]
            self.refusals.update(dict.fromkeys(blocker.sentence() for blocker in last.blockers))
            if last.problem:
                self.refusals[Text(last.problem, last.problem)] = None

    def _told(self) -> _Watched:
        return _Watched(self)

    def _line(self, chooser: Chooser) -> Line:
        """A case, rather one that is not over."""
        lines = list(self.run.lines.values())
        if len(lines) == 1:
            return lines[0]
        going = [line for line in lines if not self._ends(line)]
        return chooser.one(lines if not going or chooser.seldom(5) else going)

    def _advance(self, chooser: Chooser, acts: int) -> None:
        """Lawful acts, so many, or until there is none."""
        for _ in range(acts):
            if all(map(self._ends, self.run.lines.values())) and len(self.run.lines) < MOST_CASES:
                self._open(chooser)
            if not self.run.lines:
                return
            line = self._line(chooser)
            step = self.acting.lawful(line, chooser)
            if step is None:
                self.dead_ends.judge(self.run, line)
                return
            if step.verb is Verb.WAIT:
                self._wait(step.wait)
                continue
            came = self._took(self.acting.perhaps_late(line, step, chooser), chooser)
            if came is Came.INVALID and not self.run.steps[-1].problem.startswith("at: "):
                text = Text("nothing stood against it, and it was not done", "并无障碍，却未办理")
                self.run.broken(Broken("blockers", text))

    def _ends(self, line: Line) -> bool:
        return self.run.procedure.states[line.value.state].final

    def _wait(self, time: timedelta) -> None:
        if self.run.clock() + time - self._began <= LONGEST:
            self.run.wait(time)

    def _try(self, step: Step | None, chooser: Chooser) -> None:
        if step is not None:
            self._took(step, chooser)

    def _took(self, step: Step, chooser: Chooser) -> Came:
        came = self.run.take(step, chooser.number(1))
        line = self.run.lines.get(step.case)
        if line is not None and self.dead_ends.lost(line.value.state):
            self.run.broken(Broken("dead_end", self.dead_ends.text(line.value.state)))
        return came

    # Rules

    @rule(chooser=CHOOSERS)
    def advance(self, chooser: Chooser) -> None:
        """Lawful acts, at once or about when something falls due."""
        with self._told():
            if chooser.seldom(2):
                self._wait(chooser.one(self._until_due() or PASSING))
            self._advance(chooser, chooser.one((1, 2, 4, 8)))

    @rule(chooser=CHOOSERS)
    def act_nearly_lawfully(self, chooser: Chooser) -> None:
        """What rows permit, by whomever."""
        with self._told():
            for _ in range(3):
                if self.run.lines:
                    line = self._line(chooser)
                    step = self.acting.near(line, chooser)
                    if step is not None:
                        self._took(self.acting.perhaps_late(line, step, chooser), chooser)

    @rule(chooser=CHOOSERS)
    def act_wildly(self, chooser: Chooser) -> None:
        """Whatever the machine's alphabet has, or has not, by whomever."""
        with self._told():
            if self.run.lines:
                self._try(self.acting.wild(self._line(chooser), chooser), chooser)

    @rule(chooser=CHOOSERS)
    def amend(self, chooser: Chooser) -> None:
        """What was stated is corrected."""
        with self._told():
            for _ in range(2):
                if self.run.lines:
                    self._try(self.acting.amending(self._line(chooser), chooser), chooser)

    @precondition(lambda self: self.run.lines and self.setting.appoints)
    @rule(chooser=CHOOSERS)
    def appoint(self, chooser: Chooser) -> None:
        """Appointments come and go."""
        with self._told():
            self._try(self.acting.appointing(self._line(chooser), chooser), chooser)

    @rule(chooser=CHOOSERS)
    def lend(self, chooser: Chooser) -> None:
        """Roles are delegated, delegates act, and people step back."""
        with self._told():
            if self.run.lines:
                line = self._line(chooser)
                lends = not line.value.delegations or chooser.seldom(3)
                how = self.acting.lending if lends else self.acting.for_somebody
                self._try(how(line, chooser), chooser)

    @precondition(lambda self: self.setting.stops_clocks)
    @rule(chooser=CHOOSERS)
    def stop_the_clock(self, chooser: Chooser) -> None:
        """The clock of a state is stopped, or goes on."""
        with self._told():
            if self.run.lines:
                self._try(self.acting.clock(self._line(chooser), chooser), chooser)

    @rule(chooser=CHOOSERS)
    def change_offices(self, chooser: Chooser) -> None:
        """Standing offices are filled and ended."""
        with self._told():
            self._try(self.acting.office(chooser), chooser)

    @rule(chooser=CHOOSERS)
    def let_time_pass(self, chooser: Chooser) -> None:
        """The clock goes on, or back, and what has fallen due is put on record."""
        with self._told():
            self._wait(BACK if chooser.seldom(5) else chooser.one((*PASSING, *self._until_due())))
            if chooser.number(1):
                self.run.tick()
            if self.run.lines and chooser.seldom(2):
                self._try(self.acting.judging_a_breach(self._line(chooser), chooser), chooser)

    @rule(chooser=CHOOSERS)
    def say_again(self, chooser: Chooser) -> None:
        """An act is sent again under its key, and happens once."""
        with self._told():
            if not self.run.lines:
                return
            line = self._line(chooser)
            sent = self.keyed.get(line.id)
            if sent is None:
                step = self.acting.lawful(line, chooser)
                if step is None or step.verb is Verb.WAIT:
                    return
                first = attrs.evolve(step, key=f"key-{len(self.run.steps)}")
                if self.run.take(first, chooser.number(1)) is Came.DONE:
                    self.keyed[line.id] = first
                return
            self.run.take(sent, chooser.number(1))
            del self.keyed[line.id]

    @rule(chooser=CHOOSERS)
    def act_on_an_old_version(self, chooser: Chooser) -> None:
        """What would be lawful, asked for at a version at which the case does not stand."""
        with self._told():
            if self.run.lines:
                step = self.acting.lawful(self._line(chooser), chooser)
                if step is not None and step.verb is not Verb.WAIT:
                    self.run.take(attrs.evolve(step, stale=True), chooser.number(1))

    @rule(chooser=CHOOSERS)
    def open_another(self, chooser: Chooser) -> None:
        """Another case on the same matter."""
        with self._told():
            if len(self.run.lines) < MOST_CASES and chooser.seldom(6):
                self._open(chooser, wild=chooser.seldom(2))

    @rule(chooser=CHOOSERS)
    def look_closely(self, chooser: Chooser) -> None:
        """What is dear to ask: `available`, the chain, the index; after the store was opened again, which replays all, or not."""
        with self._told():
            if chooser.seldom(2):
                self.run.reopen()
            if self.run.lines:
                self._available_agrees(self._line(chooser), chooser.one(self.setting.cast.everybody), chooser)
            if chooser.seldom(3):
                check_store(self.run)

    def _available_agrees(self, line: Line, actor: Actor, chooser: Chooser) -> None:
        """Where it does not, what can be done is done: that shows more than a list that lacks it."""
        found = disagreement(self.run, line, actor)
        if found is None:
            return
        option, free = found
        if free:
            self.run.take(self.acting.done_by(line, option, actor, chooser))
        text = say(
            "`available` and `blockers` disagree on {trigger} by {who}",
            "available与blockers关于{trigger}（{who}）的结果不符",
            trigger=quoted(self.run.procedure.trigger_title(option.trigger, option.kind)),
            who=actor,
        )
        self.run.broken(Broken("available", text))

    def _until_due(self) -> list[timedelta]:
        """To an hour after what falls due next, to that moment, and to just before it; or the same of what does after that."""
        now, procedure = self.run.clock(), self.run.procedure
        dues = {due for line in self.run.lines.values() for _, _, due in limits(procedure, line.value) if due > now}
        return [due - now + more for due in sorted(dues)[:NEXT] for more in AROUND]

    def teardown(self) -> None:
        """The end of a run: everything is checked once more, unless something was found already."""
        try:
            if not self._failed:
                with self._told():
                    check_everything(self.run)
                    for line in self.run.lines.values():
                        self.dead_ends.judge(self.run, line)
        finally:
            self.tally[0] += self.run.done
            self.refusals.update(self.run.undone)
            self.run.close()


class _Watched:
    """Notes that a step ended well, so that the end of a run knows."""

    def __init__(self, machine: ProcedureMachine) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        self._machine._failed = True

    def __exit__(self, type_: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        self._machine._failed = type_ is not None
        if isinstance(error, Counterexample):
            self._machine.found.take(error)
