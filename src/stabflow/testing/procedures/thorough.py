"""What is dear to check, and is checked seldom: the whole of a store, and what is said to be available."""

from __future__ import annotations

import contextlib

from ...decision.decider import Option, is_free, moves
from ...decision.decider import blockers as blockers_of
from ...decision.evolution import replay
from ...errors import InvalidInput, StabflowError
from ...ports.store import CaseQuery
from ...text import Text, listing, same, say
from ...values import Actor
from .line import Line
from .options import Options
from .run import ProcedureRun
from .standing import Broken


def check_everything(run: ProcedureRun) -> None:
    """The chain, the replay of the whole, the index, the gate, on everything there is."""
    check_store(run)
    for line in run.lines.values():
        history = run.handle(1, line.id).history()
        whole = replay((record.event, record.stamp) for record in history)
        run.same("replay", line.value, whole)
        if [record.version for record in history] != list(range(1, len(history) + 1)):
            run.broken(Broken("versions", Text("the versions are not contiguous", "版本号不连续")))


def check_store(run: ProcedureRun) -> None:
    """All of it but the replay."""
    try:
        run.engines[0].verify()
    except StabflowError as error:
        run.raised(error)
    for line in run.lines.values():
        _indexed(run, line)
        _five_steps_at_the_gate(run, line)


def _indexed(run: ProcedureRun, line: Line) -> None:
    rows = run.reading.find_cases(CaseQuery(matter=line.value.matter.key)).rows
    found = [(row.state, row.version) for row in rows if row.case_id == line.id]
    if found != [(line.value.state, line.value.version)]:
        text = say("the index has {found} of {case}", "索引所载{case}为{found}", found=found, case=line.id)
        run.broken(Broken("index", text))


def _five_steps_at_the_gate(run: ProcedureRun, line: Line) -> None:
    if run.procedure.gate is None or line.behind.all or len(run.lines) != 1:
        return
    if run.engines[0].gate(line.value.matter.key, accept=[str(run.procedure)]).cleared:
        missing = listing([same(step.value) for step in line.behind.missing])
        text = say("the gate stands open without {steps}", "未经{steps}，实施关口即开放", steps=missing)
        run.broken(Broken("gate", text))


def disagreement(run: ProcedureRun, line: Line, actor: Actor) -> tuple[Option, bool] | None:
    """What is available to somebody is what nothing stands against: the first of which `available` and `blockers` say otherwise,
    and whether it is the latter that have nothing against it."""
    procedure, case, context = run.asked(line)
    handle = run.handle(0, line.id)
    said = {(one.kind, one.item, one.trigger) for one in handle.available(actor)}
    for option in moves(procedure, case):
        if not option.row.by:
            continue
        command = Options.step(line, option, actor).command()
        with contextlib.suppress(InvalidInput):
            listed = (option.kind, option.item, option.trigger) in said
            free = (
                not blockers_of(procedure, case, command, context)
                if listed
                else is_free(procedure, case, command, context)
            )
            if free is not listed:
                return option, free
    return None
