"""`replay_trace`: what a run did, or the dossier of it, done once more, and judged as it was then."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from ...dossier import Dossier
from ...dossier.reader import read
from ...dossier.values import PlannedAct
from ...dossier.values import Verb as DossierVerb
from ...errors import InvalidInput
from ...language import Procedure
from ...language.tables import read_file
from ...ports.hooks import Plugin
from ...text import Text
from ..clock import FakeClock
from ..coverage import Coverage
from ..harness import StoreHarness, as_harness
from ..ready import MemoryHarness
from .cast import cast_for
from .counterexamples import Counterexample
from .dead_ends import DeadEnds
from .own_properties import OwnProperties, OwnProperty
from .run import ProcedureRun
from .setting import Setting
from .standing import Broken
from .steps import Came, Step, Verb
from .thorough import check_everything

CASE = "case-1"
_EXPECTED = Text("it was to be refused, and was accepted", "应被拒绝，却获准")
_NOT_EXPECTED = Text("it was to be accepted, and was refused", "应获准，却被拒绝")


def replay_trace(
    trace: Counterexample | Path | str,
    *,
    procedure: Procedure | None = None,
    harness: StoreHarness | type[StoreHarness] = MemoryHarness,
    extra: Sequence[OwnProperty] = (),
    plugins: Sequence[Plugin | str] = (),
    calendar: str | Path = "CN",
) -> tuple[Step, ...]:
    """Do again what a machine found, and return each step with what came of it: ``trace`` is a `Counterexample`, the path of a
    dossier, or its text. ``procedure`` stands in for one that the text names as a file; the rest is as for `procedure_machine`.

    Every step is judged as it was. `Counterexample` where something still does not hold, or an act comes out otherwise than the
    dossier expects; so that a dossier in a folder of regressions is a test of one line. A procedure's file that a text names is
    looked for from the current folder. `InvalidInput` where it is no dossier.
    """
    __tracebackhide__ = True
    steps, expected, known, source = _read(trace, procedure)
    setting = Setting(
        procedure=known,
        harness=as_harness(harness),
        cast=cast_for(known),
        properties=OwnProperties(known, extra),
        coverage=Coverage(known),
        plugins=tuple(plugins),
        calendar=calendar,
        source=source,
    )
    try:
        return done_again(setting, steps, expected)
    except Counterexample as found:
        raise found.with_traceback(None) from found.__cause__


_Read = tuple[tuple[Step, ...], Sequence[bool | None], Procedure, str]
"""The steps of a trace, each with whether it is to be refused; the procedure, and where that came from."""


def _read(trace: object, procedure: Procedure | None) -> _Read:
    if isinstance(trace, Counterexample):
        source = "" if procedure is not None else trace.source
        return trace.steps, [None] * len(trace.steps), procedure or trace.procedure, source
    if not isinstance(trace, Path | str):
        raise InvalidInput.at(
            "trace",
            f"{type(trace).__name__} is no trace",
            "give a Counterexample, the path of a dossier, or its text",
            what="replay_trace",
        )
    is_file = isinstance(trace, Path) or "\n" not in trace
    path = Path(trace) if is_file else Path("dossier.toml")
    data = read_file(path, error=InvalidInput) if is_file else str(trace).encode()
    dossier = read(data, path, procedure=procedure)
    named = str(tomllib.loads(data.decode("utf-8-sig"))["dossier"]["procedure"]) if procedure is None else ""
    planned = list(_planned(dossier))
    return tuple(step for step, _ in planned), [refused for _, refused in planned], dossier.procedure, named


def _planned(dossier: Dossier) -> Iterator[tuple[Step, bool]]:
    """The steps of a dossier, each with whether it is to be refused."""
    for office in dossier.offices:
        yield Step(verb=Verb.CONSTITUTE, what=office.role, person=office.holder, at=office.at), False
    for act in dossier.acts:
        yield _step(dossier, act), act.refused


def _step(dossier: Dossier, act: PlannedAct) -> Step:
    return Step(
        verb=Verb(act.verb.value),
        by=act.by,
        what=None if act.verb is DossierVerb.OPEN else act.what,
        case=CASE,
        item=act.item,
        trigger=act.trigger,
        person=act.person,
        role=act.role,
        values=act.values,
        since=act.since,
        until=act.until,
        matter=dossier.matter if act.verb is DossierVerb.OPEN else None,
        at=act.at,
    )


def done_again(setting: Setting, steps: Sequence[Step], expected: Iterable[bool | None]) -> tuple[Step, ...]:
    """Do ``steps`` once more on fresh storage, and judge them and what they lead to; each comes out as ``expected`` (whether it
    is refused; ``None``: either way). `Counterexample` where something does not hold."""
    first = next((one.at for one in steps if one.at is not None), datetime(2024, 1, 1, tzinfo=UTC))
    clock = FakeClock(first.astimezone(UTC))
    run = ProcedureRun(setting, clock)
    try:
        for step, refused in zip(steps, expected, strict=True):
            _one(run, clock, attrs.evolve(step, came=None, blockers=(), problem=""), refused)
        check_everything(run)
        dead_ends = DeadEnds(setting.procedure)
        for line in run.lines.values():
            dead_ends.judge(run, line)
        return tuple(run.steps)
    finally:
        run.close()


def _one(run: ProcedureRun, clock: FakeClock, step: Step, refused: bool | None) -> None:
    if step.verb is Verb.REOPEN:
        run.reopen()
        return
    if step.at is not None and step.verb is not Verb.WAIT:
        clock.advance((step.at - clock()) / timedelta(seconds=1))
    if step.verb is Verb.WAIT:
        run.wait(step.wait)
    elif step.verb is Verb.TICK:
        run.tick()
    else:
        came = run.take(step)
        if refused is not None and refused is not (came is not Came.DONE):
            run.broken(Broken("expected", _EXPECTED if refused else _NOT_EXPECTED, refusable=refused))
