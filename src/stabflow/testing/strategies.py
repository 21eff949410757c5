"""Strategies for Hypothesis: texts, office-holders, clocks, records, commands, cases, procedures, biased to what breaks things.

They shrink to small stories: one act, plain words, the first office-holder. This module needs Hypothesis.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..case import Case
from ..decision.commands import Command
from ..decision.view import Context
from ..errors import Fault, InvalidInput, near_miss
from ..history.record import Record
from ..language import Outcome, Procedure
from ..language.loader import given
from ..values import Actor
from .clock import FakeClock
from .coverage import Coverage
from .jumps import JUMPS, Jump, JumpingClock
from .procedures.acting import Acting
from .procedures.asked import SORTS, Asked, Asking, Sort, Standstill
from .procedures.cast import cast_for
from .procedures.choosing import Chooser
from .procedures.drawing import CHOOSERS
from .procedures.drawn import procedures
from .procedures.fitting_values import FittingValues
from .procedures.flawed import FLAWS, Flaw, flawed_procedures
from .procedures.line import Line
from .procedures.onward import WAITS
from .procedures.own_properties import OwnProperties
from .procedures.run import ProcedureRun
from .procedures.setting import Setting
from .procedures.steps import Came, Step, Verb
from .ready import MemoryHarness

__all__ = [
    "FLAWS",
    "JUMPS",
    "SORTS",
    "Asked",
    "Drawn",
    "Flaw",
    "Jump",
    "JumpingClock",
    "Sort",
    "actors",
    "asked",
    "cases",
    "clocks",
    "commands",
    "fitting_texts",
    "flawed_procedures",
    "procedures",
    "records",
    "texts",
]

START = datetime(2024, 1, 8, 1, tzinfo=UTC)

_PLAIN = st.text(st.sampled_from("abc 评估报告。x，“”é"), min_size=1, max_size=20).filter(str.strip)
_SHARP = st.sampled_from(
    [
        "理由",
        "e\u0301",  # a letter and a combining mark, which NFC makes one
        "𠀀𝒳",  # beyond the first plane
        "👩‍💻",
        "\t表\n格",
        '"\\ = [x] # {y}',
        "ﷺ" * 20,
        "x" * 100,
    ]
)
_FORBIDDEN = st.sampled_from(
    ["\x00", "a\x00b", "\u202ecod.exe", "\u2066x", "\u2028", "\ud800", "\U000e0041", "", " ", "\u3164"]
)

fitting_texts: SearchStrategy[str] = _PLAIN | _SHARP
"""Text that may be stated: Chinese, combining marks, astral letters, what TOML and a terminal might stumble over."""

texts: SearchStrategy[str] = _PLAIN | _SHARP | _FORBIDDEN
"""Text as anybody may send it, also such as is refused: NUL, bidirectional controls, surrogates, tags, nothing to see."""


def actors(procedure: Procedure | str | Path) -> SearchStrategy[Actor]:
    """Office-holders meant for the roles of ``procedure`` (itself, its name, or the path of its file), somebody who holds none,
    and somebody for a body not theirs."""
    return st.sampled_from(cast_for(given(procedure, "procedure")).everybody)


@st.composite
def clocks(draw: DrawFn, start: datetime = START) -> JumpingClock:
    """Clocks that begin at ``start``, and make a few jumps while they are looked at: over weekends, holidays, changes of daylight
    time and leap days, and back."""
    return JumpingClock(start, draw(st.lists(st.sampled_from(JUMPS), max_size=3)))


# Cases and what is asked of them


@attrs.frozen(repr=False)
class Drawn:
    """A case that real acts have brought about: its value, its records, the steps that were done, the procedure it runs under,
    and what a decision on it may know."""

    procedure: Procedure
    case: Case
    records: tuple[Record, ...]
    steps: tuple[Step, ...]
    context: Context

    def __repr__(self) -> str:
        told = "; ".join(step.told(self.procedure).en for step in self.steps if step.verb is not Verb.CONSTITUTE)
        return f"<case of {self.procedure} in {self.case.state!r} after: {told}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))


def cases(
    procedure: Procedure | str | Path, reached: str | Outcome | Sequence[str] = (), acts: int = 60
) -> SearchStrategy[Drawn]:
    """Cases under ``procedure`` (itself, its name, or the path of its file) after ``acts`` acts at most: such as lead on, and now
    and then a correction, a delegation, a recusal, a clock that is stopped, an appointment, time that passes. ``reached``: in one
    of these states, or with this outcome; what does not get there is drawn anew, so ask for what is not too far.

    Each is made by the real engine, and takes it some hundredths of a second. `InvalidInput` for a state that there is not.
    """
    known = given(procedure, "procedure")
    if acts < 0:
        raise InvalidInput.at("acts", f"{acts} is less than none", "give how many acts there are at most")
    return _cases(_Under(known), _states(known, reached), acts)


class _Under:
    """A procedure that is told by its name: Hypothesis prints what a strategy is made of."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure

    def __repr__(self) -> str:
        return str(self.procedure)


@st.composite
def _cases(draw: DrawFn, under: _Under, wanted: frozenset[str], acts: int) -> Drawn:
    procedure = under.procedure
    run, acting = _begun(procedure)
    chooser = draw(CHOOSERS)
    try:
        line = _opened(run, acting, chooser)
        assume(line is not None)
        assert line is not None
        limit = acts if wanted else min(acts, chooser.one((0, 3, 10, 30, acts)))
        for _ in range(limit):
            if line.value.state in wanted:
                break
            if not _act(run, acting, line, chooser):
                break
        assume(not wanted or line.value.state in wanted)
        history = run.engines[0].case(line.id).history()
        done = tuple(step for step in run.steps if step.came is Came.DONE)
        return Drawn(procedure, line.value, history, done, run.asked(line)[2])
    finally:
        run.close()


def _act(run: ProcedureRun, acting: Acting, line: Line, chooser: Chooser) -> bool:
    """Something is done, or at least tried; false where nothing is left to do."""
    if chooser.seldom(6):
        aside = (acting.amending, acting.lending, acting.clock, acting.appointing, acting.judging_a_breach)
        found = chooser.one((*aside, None))
        if found is None:
            run.wait(chooser.one(WAITS))
            run.tick()
        elif (step := found(line, chooser)) is not None:
            run.take(step)
        return True
    step = acting.lawful(line, chooser)
    if step is None:
        return False
    if step.verb is Verb.WAIT:
        run.wait(step.wait)
    else:
        run.take(step)
    return True


def records(procedure: Procedure | str | Path) -> SearchStrategy[Record]:
    """Records of cases under ``procedure`` (as for `cases`), as a store keeps them."""
    # How far back comes first, so that a case can be made shorter without another record being meant.
    return st.tuples(st.integers(0, 60), cases(procedure)).map(lambda drawn: _back(drawn[1].records, drawn[0]))


def _back(records: Sequence[Record], back: int) -> Record:
    return records[-1 - back % len(records)]


def asked(drawn: Drawn, *sorts: Sort) -> SearchStrategy[Asked]:
    """Commands on a case that `cases` has drawn, each with how it must come out, of the ``sorts`` (by default all): ``lawful``
    ones, which `decide` lets pass, ``nearly lawful`` ones, in which one thing is wrong, and ``unlawful`` ones. `InvalidInput` for
    anything else than a case that was drawn, and for an unknown sort."""
    if not isinstance(drawn, Drawn):
        cure = "draw a case first: data.draw(commands(data.draw(cases(PROCEDURE))))"
        raise InvalidInput.at("drawn", f"{type(drawn).__name__} is no case that was drawn", cure)
    for sort in sorts:
        if sort not in SORTS:
            raise InvalidInput.at("sorts", f"unknown sort {sort!r:.60}", near_miss(str(sort), SORTS))
    return _asked(drawn, *sorts)


@st.composite
def _asked(draw: DrawFn, drawn: Drawn, *sorts: Sort) -> Asked:
    setting = _setting(drawn.procedure)
    ground = Standstill(setting, drawn.context)
    acting = Acting(ground, FittingValues(drawn.procedure, setting.cast))
    line = Line.at(setting, drawn.case)
    chooser = draw(CHOOSERS)
    found = Asking(ground, acting, line).one(chooser.one(sorts or SORTS), chooser)
    assume(found is not None)
    assert found is not None
    return found


def commands(drawn: Drawn, *sorts: Sort) -> SearchStrategy[Command]:
    """The commands of `asked`, for `decide`, with its errors."""
    return asked(drawn, *sorts).map(lambda one: one.command)


def _states(procedure: Procedure, reached: str | Outcome | Sequence[str]) -> frozenset[str]:
    if isinstance(reached, Outcome):
        ends = frozenset(name for name, state in procedure.states.items() if state.outcome is reached)
        if not ends:
            problem = f"no state has the outcome {reached.value}"
            raise InvalidInput.at("reached", problem, "name a state", what="what is to be reached")
        return ends
    named = [reached] if isinstance(reached, str) else list(reached)
    faults = [
        Fault("reached", f"{procedure} has no state {name!r:.60}", near_miss(str(name), procedure.states))
        for name in named
        if name not in procedure.states
    ]
    if faults:
        raise InvalidInput(faults, what="what is to be reached")
    return frozenset(named)


@functools.lru_cache(maxsize=8)
def _setting(procedure: Procedure) -> Setting:
    """What all draws share: the procedure is proved once."""
    return Setting(
        procedure=procedure,
        harness=MemoryHarness(),
        cast=cast_for(procedure),
        properties=OwnProperties(attrs.evolve(procedure, properties=())),
        coverage=Coverage(procedure),
    )


def _begun(procedure: Procedure) -> tuple[ProcedureRun, Acting]:
    run = ProcedureRun(_setting(procedure), FakeClock(START))
    return run, Acting(run, FittingValues(procedure, run.setting.cast))


def _opened(run: ProcedureRun, acting: Acting, chooser: Chooser) -> Line | None:
    for role, holder in run.setting.cast.standing():
        run.take(Step(verb=Verb.CONSTITUTE, what=role, person=holder))
    rows = [row.trigger for row in run.procedure.case.creating() if row.by]
    if rows:
        run.take(acting.opening(chooser, chooser.one(rows), "case-1"))
    return run.lines.get("case-1")
