"""`replay_trace`: what a run did, or the dossier of it, done once more, and judged as it was then."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from ...dossier import Dossier
from ...dossier.values import PlannedAct
from ...dossier.values import Verb as DossierVerb
from ...language import Procedure
from ...language.written import written
from ...ports.hooks import Plugin
from ...text import Text
from ..clock import FakeClock
from ..coverage import Coverage
from ..harness import StoreHarness, as_harness
from ..ready import MemoryHarness
from .cast import cast_for
from .counterexamples import FILE, Counterexample
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
    dossier expects; so that a dossier in a folder of regressions is a test of one line. `InvalidInput` where it is no dossier.
    """
    if isinstance(trace, Counterexample):
        steps, known = trace.steps, procedure or trace.procedure
        expected: list[bool | None] = [None] * len(steps)
    else:
        dossier = _read(trace, procedure)
        known = procedure or dossier.procedure
        planned = list(_planned(dossier))
        steps, expected = tuple(step for step, _ in planned), [refused for _, refused in planned]
    setting = Setting(
        procedure=known,
        harness=as_harness(harness),
        cast=cast_for(known),
        properties=OwnProperties(known, extra),
        coverage=Coverage(known),
        plugins=tuple(plugins),
        calendar=calendar,
    )
    return _again(setting, steps, expected)


def _read(trace: Path | str, procedure: Procedure | None) -> Dossier:
    if isinstance(trace, Path) or "\n" not in trace:
        return Dossier.load(trace)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dossier.toml")
        path.write_text(trace, encoding="utf-8")
        if procedure is not None:
            path.with_name(FILE).write_text(written(procedure), encoding="utf-8")
        return Dossier.load(path)


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


def _again(setting: Setting, steps: Sequence[Step], expected: Iterable[bool | None]) -> tuple[Step, ...]:
    first = next((one.at for one in steps if one.at is not None), datetime(2024, 1, 1, tzinfo=UTC))
    clock = FakeClock(first.astimezone(UTC))
    run = ProcedureRun(setting, clock)
    try:
        for step, refused in zip(steps, expected, strict=True):
            _one(run, clock, attrs.evolve(step, came=None, blockers=(), problem=""), refused)
        check_everything(run)
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
