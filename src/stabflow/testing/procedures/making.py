"""`procedure_machine`: the machine made for a procedure, and the test case that makes all runs of it. This module needs
Hypothesis."""

from __future__ import annotations

import contextlib
import gc
import types
import unittest
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, core, settings
from hypothesis import seed as begun_with
from hypothesis.stateful import run_state_machine_as_test

from ...errors import InvalidInput
from ...language import Procedure
from ...language.loader import given
from ...ports.hooks import Plugin
from ...text import Text, say
from .. import chance
from ..clock import FakeClock
from ..coverage import Coverage, examine_share
from ..harness import StoreHarness, as_harness
from ..ready import MemoryHarness
from .cast import cast_for
from .dead_ends import DeadEnds
from .fitting_values import Examples, FittingValues
from .found import Enough, Found
from .machine import START, ProcedureMachine
from .own_properties import OwnProperties, OwnProperty
from .setting import Setting
from .shortening import shortened

RUNS, STEPS = 200, 40
"""The default budget: so many runs of so many steps."""

SHORTENING = 5.0
"""So many seconds of the processor go into leaving out of a counterexample what it does without."""

COLLECTING = 50_000
"""So many more values than are let go of are made before those in circles are looked for."""


@contextlib.contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Until this is left, values that refer to one another in a circle are looked for less often: a run makes values by the
    million and hardly any such, and looking for them costs an eighth of its time."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(before[0], COLLECTING), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class NothingHappened(AssertionError):
    """In all runs together no act was done: nothing was tested. ``refusals`` are why."""

    def __init__(self, procedure: Procedure, refusals: Sequence[Text]) -> None:
        self.refusals = tuple(refusals)
        line = say(
            "no act was done in any run of {procedure}, so nothing was tested",
            "{procedure}的各次运行均未作任何办理，等于未作测试",
            procedure=procedure,
        )
        super().__init__("\n".join([line.en, *(f"  - {one.en}" for one in dict.fromkeys(refusals))]))


class MachineTestCase(unittest.TestCase):
    """What pytest and unittest run of a machine. ``settings`` are Hypothesis'; ``least_coverage`` (from 0 to 1) fails a run that
    comes to less of the procedure."""

    settings: ClassVar[settings]
    least_coverage: ClassVar[float] = 0.0
    machine: ClassVar[type[ProcedureMachine]]

    def runTest(self) -> None:  # noqa: N802 - unittest calls it so
        """All runs; then whether anything happened in them, and how much of the procedure was come to. What fails tells the
        seed that makes the same runs again, unless all of them are the same each time. `InvalidInput` where ``least_coverage``
        is no share."""
        __tracebackhide__ = True
        examine_share(self.least_coverage)
        seed, budget = _begun(self.settings)
        machine = self.machine
        try:
            _all_runs(machine, seed, budget)
            if not machine.tally[0]:
                raise NothingHappened(machine.setting.procedure, list(machine.refusals))
            machine.coverage.raise_below(self.least_coverage)
        except AssertionError as error:
            if seed is not None:
                told = say(
                    "pytest --stabflow-seed {seed} makes these runs again",
                    "pytest --stabflow-seed {seed} 可重复上述各次运行",
                    seed=seed,
                )
                error.add_note(f"{told.en} · {told.zh}")
            raise


def _all_runs(machine: type[ProcedureMachine], seed: int | None, budget: settings) -> None:
    """All runs of a machine; the shortest `Counterexample` of them is raised."""
    __tracebackhide__ = True
    machine.found = Found()
    try:
        with _collecting_seldom():
            run_state_machine_as_test(begun_with(seed)(machine), settings=budget)
    except (Enough, Exception):  # whatever Hypothesis makes of it, what was found is told
        if machine.found.shortest is None:
            raise
        shortest = machine.found.shortest
        if Phase.shrink in budget.phases:
            shortest = shortened(shortest, machine.setting, seconds=SHORTENING)
        raise shortest.with_traceback(None) from shortest.__cause__


def _begun(budget: settings) -> tuple[int | None, settings]:
    """The seed that runs are begun with, and what is left of the budget with it: a seed that was named leaves out what earlier
    runs came to. ``None`` where Hypothesis has one of its own."""
    if chance.named() is not None:
        return chance.named(), settings(budget, database=None)
    is_fixed = budget.derandomize or core.global_force_seed is not None
    return None if is_fixed else chance.drawn(), budget


def _examine_clock(clock: object) -> None:
    if isinstance(clock, FakeClock) or not callable(clock):
        raise InvalidInput.at(
            "clock",
            f"{type(clock).__name__} does not make clocks",
            "give a function that makes the clock of each run, such as lambda: FakeClock(START)",
            what="procedure_machine",
        )


def procedure_machine(
    procedure: Procedure | str | Path,
    *,
    harness: StoreHarness | type[StoreHarness] = MemoryHarness,
    clock: Callable[[], FakeClock] = lambda: FakeClock(START),
    examples_of: Examples | None = None,
    extra: Sequence[OwnProperty] = (),
    plugins: Sequence[Plugin | str] = (),
    calendar: str | Path = "CN",
) -> type[ProcedureMachine]:
    """A rule machine for ``procedure`` (itself, its name, or the path of its file), on the storage of ``harness``: use its
    ``TestCase``, whose ``settings`` are 200 runs of 40 steps unless you set others.

    ``clock`` makes the clock of each run. ``examples_of`` are strategies for what acts state: by ``kind.field`` (``case.field``
    for a fact), by the name of a field, or by that of a field type. ``extra`` are properties besides those of the file, of the
    kinds that `check` takes, or `ActProperty`. ``plugins`` and ``calendar`` go to the engine. `InvalidInput`
    where any of it is wrong.

    What does not hold raises `Counterexample`: a story, and the dossier that does it again. Runs in which nothing happened raise
    `NothingHappened`.
    """
    _examine_clock(clock)
    known = given(procedure, "procedure")
    cast = cast_for(known)
    coverage = Coverage(known)
    named: dict[str, Any] = {
        "setting": Setting(
            procedure=known,
            harness=as_harness(harness),
            cast=cast,
            properties=OwnProperties(known, extra),
            coverage=coverage,
            plugins=tuple(plugins),
            calendar=calendar,
            source="" if isinstance(procedure, Procedure) else str(procedure),
        ),
        "clock_of": staticmethod(clock),
        "values": FittingValues(known, cast, examples_of),
        "dead_ends": DeadEnds(known),
        "tally": [0],
        "refusals": {},
        "found": Found(),
        "coverage": coverage,
        "__module__": __name__,
        "__doc__": ProcedureMachine.__doc__,
    }
    name = "".join(part.title() for part in known.id.split("-"))
    machine: type[ProcedureMachine] = types.new_class(
        f"{name}Machine", (ProcedureMachine,), exec_body=lambda body: body.update(named)
    )
    budget = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[phase for phase in Phase if phase is not Phase.explain],
    )
    body = {"machine": machine, "settings": budget, "__module__": __name__}
    machine.TestCase = type(f"{name}TestCase", (MachineTestCase,), body)
    return machine
