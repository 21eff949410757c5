"""Strategies for Hypothesis: texts, office-holders, clocks, records, commands and cases, biased to what breaks things.

They shrink to small stories: one act, plain words, the first office-holder. This module needs Hypothesis. Procedures are drawn by
`stabflow.testing.drawn_procedures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..case import Case
from ..decision.commands import Add, Amend, Appoint, Command, Fire, Recuse, Relieve
from ..history.record import Record
from ..language import Outcome, Procedure
from ..values import Actor, Basis
from .clock import FakeClock
from .coverage import Coverage
from .procedures.acting import Acting
from .procedures.cast import OUTSIDER, cast_for
from .procedures.choosing import Chooser
from .procedures.drawing import CHOOSERS
from .procedures.drawn import procedures
from .procedures.fitting_values import FittingValues
from .procedures.flawed import flawed_procedures
from .procedures.line import Line
from .procedures.own_properties import OwnProperties
from .procedures.run import ProcedureRun
from .procedures.setting import Setting
from .procedures.steps import BASIS, REASON, Step, Verb
from .ready import MemoryHarness

__all__ = [
    "JUMPS",
    "Drawn",
    "actors",
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


def actors(procedure: Procedure) -> SearchStrategy[Actor]:
    """Office-holders meant for the roles of ``procedure``, somebody who holds none, and somebody for a body not theirs."""
    return st.sampled_from(cast_for(procedure).everybody)


@attrs.frozen
class Jump:
    """How far a clock goes on, or back, and why that may matter."""

    time: timedelta
    why: str


JUMPS = (
    Jump(timedelta(seconds=1), "the next moment"),
    Jump(timedelta(), "the same moment"),
    Jump(timedelta(hours=1), "within the day"),
    Jump(timedelta(days=1), "the next day"),
    Jump(timedelta(days=4, hours=15), "over a weekend"),
    Jump(timedelta(days=32), "over a month"),
    Jump(timedelta(days=35), "over the Spring Festival"),
    Jump(timedelta(days=83, hours=2), "to when daylight time begins, where it does"),
    Jump(timedelta(days=400), "over a leap day and a year"),
    Jump(timedelta(seconds=-3), "back, as clocks are set"),
    Jump(timedelta(days=-1), "back, as a broken clock"),
)


@st.composite
def clocks(draw: DrawFn, start: datetime = START) -> FakeClock:
    """Clocks that have made a few jumps since ``start``: over weekends, holidays, daylight changes and leap days, and back."""
    clock = FakeClock(start)
    for jump in draw(st.lists(st.sampled_from(JUMPS), max_size=3)):
        clock.advance(jump.time.total_seconds())
    return clock


# Cases and what is asked of them


@attrs.frozen
class Drawn:
    """A case that real acts have brought about: its value, its records, and the procedure it runs under."""

    procedure: Procedure
    case: Case
    records: tuple[Record, ...]
    steps: tuple[Step, ...]


@st.composite
def cases(draw: DrawFn, procedure: Procedure, reached: str | Outcome | Sequence[str] = (), acts: int = 60) -> Drawn:
    """Cases under ``procedure`` after lawful acts, ``acts`` at most. ``reached``: in one of these states, or with this outcome;
    what does not get there is drawn anew, so ask for what is not too far."""
    wanted = _states(procedure, reached)
    run, acting = _begun(procedure)
    chooser = draw(CHOOSERS)
    try:
        line = _opened(run, acting, chooser)
        assume(line is not None)
        assert line is not None
        limit = acts if wanted else chooser.number(acts)
        for _ in range(limit):
            if line.value.state in wanted:
                break
            step = acting.lawful(line, chooser)
            if step is None:
                break
            if step.verb is Verb.WAIT:
                run.wait(step.wait)
            else:
                run.take(step)
        assume(not wanted or line.value.state in wanted)
        history = run.engines[0].case(line.id).history()
        return Drawn(procedure, line.value, history, tuple(run.steps))
    finally:
        run.close()


def records(procedure: Procedure) -> SearchStrategy[Record]:
    """Records of cases under ``procedure``, as a store keeps them."""
    return cases(procedure).flatmap(lambda drawn: st.sampled_from(drawn.records))


@st.composite
def commands(draw: DrawFn, drawn: Drawn) -> Command:
    """Commands on a case: lawful, nearly lawful (one thing is wrong), and unlawful. `decide` may be asked for each of them."""
    run, acting = _begun(drawn.procedure)
    chooser = draw(CHOOSERS)
    try:
        for step in drawn.steps:
            if step.verb is Verb.WAIT:
                run.wait(step.wait)
            else:
                run.take(step)
        line = run.lines[drawn.case.id]
        ways = (acting.lawful, acting.near, acting.wild, acting.amending, acting.appointing, acting.lending)
        found = chooser.one(ways)(line, chooser)
        step = found if found is not None and found.verb in _COMMANDS else acting.wild(line, chooser)
        return _command(step)
    finally:
        run.close()


_COMMANDS = frozenset({Verb.FIRE, Verb.ADD, Verb.AMEND, Verb.APPOINT, Verb.RELIEVE, Verb.RECUSE})


def _command(step: Step) -> Command:
    said: dict[str, Any] = {"actor": step.by or OUTSIDER, "basis": Basis(BASIS), "role": step.role}
    match step.verb:
        case Verb.ADD:
            return Add(kind=step.what or "", trigger=step.trigger, values=step.values, **said)
        case Verb.AMEND:
            return Amend(item=step.what, values=step.values, reason=REASON, **said)
        case Verb.APPOINT | Verb.RELIEVE:
            kind = Appoint if step.verb is Verb.APPOINT else Relieve
            return kind(office=step.what or "", appointee=step.person or OUTSIDER, **said)
        case Verb.RECUSE:
            return Recuse(office=step.what or "", who=step.person or OUTSIDER, reason=REASON, **said)
    return Fire(trigger=step.what or "", item=step.item, values=step.values, **said)


def _states(procedure: Procedure, reached: str | Outcome | Sequence[str]) -> frozenset[str]:
    if isinstance(reached, Outcome):
        return frozenset(name for name, state in procedure.states.items() if state.outcome is reached)
    return frozenset([reached] if isinstance(reached, str) else reached)


def _begun(procedure: Procedure) -> tuple[ProcedureRun, Acting]:
    cast = cast_for(procedure)
    setting = Setting(
        procedure=procedure,
        harness=MemoryHarness(),
        cast=cast,
        properties=OwnProperties(attrs.evolve(procedure, properties=())),
        coverage=Coverage(procedure),
    )
    run = ProcedureRun(setting, FakeClock(START))
    return run, Acting(run, FittingValues(procedure, cast))


def _opened(run: ProcedureRun, acting: Acting, chooser: Chooser) -> Line | None:
    for role, holder in run.setting.cast.standing():
        run.take(Step(verb=Verb.CONSTITUTE, what=role, person=holder))
    rows = [row.trigger for row in run.procedure.case.creating() if row.by]
    if rows:
        run.take(acting.opening(1, chooser, chooser.one(rows), "case-1"))
    return run.lines.get("case-1")
