"""One run of a procedure over the real engine, on storage of its own: every step is taken, judged, and kept to be told.

It knows nothing of Hypothesis. What is asked for is chosen elsewhere; here it is asked of the engine, by one of two handles, and
what came of it is compared with what had to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NoReturn

import attrs

from ...case import Case
from ...decision.decider import blockers as blockers_of
from ...decision.events import BreachFound
from ...decision.permission import TICK
from ...decision.view import Context
from ...engine import CaseHandle, Engine, streams
from ...engine.opening import engine_over
from ...errors import InvalidInput, Refused, StabflowError, VersionConflict
from ...history.record import Record
from ...language import Procedure
from ...ports.store import Store
from ...text import Text, say
from ..clock import FakeClock
from .answers import Keys, Row, as_announced, explained, row_asked, unmet
from .counterexamples import Counterexample
from .effects import crowded
from .lateness import dated
from .line import Line
from .own_properties import NotJudged
from .setting import Setting
from .standing import Broken
from .steps import BASIS, OF_NO_CASE, Came, Step, Verb

ASKED = frozenset({Verb.FIRE, Verb.ADD})


class ProcedureRun:
    """One run. `Counterexample` where anything that must hold does not; whoever ends it calls `close`."""

    def __init__(self, setting: Setting, clock: FakeClock) -> None:
        self.setting = setting
        self.procedure = setting.procedure
        self.clock = clock
        self.steps: list[Step] = []
        self.lines: dict[str, Line] = {}
        self.done = 0
        self.undone: dict[Text, None] = {}
        """What time could not do, and why."""
        self._ticked = False
        self._keys = Keys()
        self._config = setting.harness.provision()
        self._stores: list[Store] = []
        self.engines: tuple[Engine, Engine]
        self._handles: dict[tuple[int, str], CaseHandle] = {}
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    # The store

    def _open(self) -> None:
        stores = [self._store() for _ in range(2)]
        self.engines = (self._engine(stores[0]), self._engine(stores[1]))
        self._handles.clear()

    def _store(self) -> Store:
        if self.setting.harness.one_handle and self._stores:
            return self._stores[0]
        store = self.setting.harness.open(self._config, self.clock)
        self._stores.append(store)
        return store

    def _engine(self, store: Store) -> Engine:
        setting = self.setting
        return engine_over(
            store,
            procedures=(self.procedure,),
            clock=self.clock,
            plugins=setting.plugins,
            calendar=setting.calendar,
            late_entry=setting.late_entry,
        )

    def handle(self, engine: int, case_id: str) -> CaseHandle:
        """The handle of a case that one of the two engines has given."""
        key = engine, case_id
        if key not in self._handles:
            self._handles[key] = self.engines[engine].case(case_id)
        return self._handles[key]

    def reopen(self) -> None:
        """Close every handle and open the storage again; where there is one handle only, with engines that know nothing."""
        if not self.setting.harness.one_handle:
            self._close_stores()
        self._open()
        self.steps.append(Step(verb=Verb.REOPEN, at=self.clock(), came=Came.DONE))
        for line in self.lines.values():
            self.same("reopened", line.value, self.handle(0, line.id).value)

    def _close_stores(self) -> None:
        for store in self._stores:
            store.close()
        self._stores.clear()

    def close(self) -> None:
        """Close every handle and destroy the storage."""
        self._close_stores()
        self.setting.harness.destroy(self._config)

    # Steps

    def take(self, asked: Step, handle: int = 0) -> Came:
        """Ask for a step by one of the two handles, and judge what comes of it."""
        engine, step = self.engines[handle], attrs.evolve(asked, at=self.clock())
        line = self.lines.get(step.case)
        beforehand = self._beforehand(engine, step, line)
        offices = engine.offices(self.procedure) if step.verb in OF_NO_CASE else ()
        error: Exception | None = None
        result: object = None
        try:
            result = step.take(engine, self.procedure, None if line is None else self.handle(handle, line.id))
        except (Refused, InvalidInput) as refusal:
            error = refusal
        except Exception as problem:  # noqa: BLE001 - whatever else is raised is a finding
            if not (step.stale and isinstance(problem, VersionConflict)):
                self.steps.append(step)
                self.raised(problem)
            error = problem
        step = step.after(error)
        self.steps.append(step)
        if step.stale and not isinstance(error, VersionConflict):
            self._broken("stale", Text("it was decided on another version than asked", "所依据的版本与要求不符"))
        if isinstance(error, Refused):
            self._each(explained(self.setting.parties, error))
        if line is None and step.verb is not Verb.OPEN:
            if step.came is Came.DONE:
                self._each(crowded(self.procedure, engine.offices(self.procedure)))
            elif engine.offices(self.procedure) != offices:
                self._broken("refused", Text("what was refused has changed the offices", "被拒绝的办理改变了常设职务"))
            self.same("second_handle", *(one.offices(self.procedure) for one in self.engines))
            return _came(step)
        row = None if line is None or step.verb not in ASKED else row_asked(self.procedure, step, line.value)
        self._covered(step, line, row)
        if line is not None:
            self._judge_step(step, line, row, beforehand, result)
        elif step.came is Came.DONE:
            self._opened(step.case)
        if step.came is Came.DONE:
            self.done += step.verb is not Verb.OPEN
        return _came(step)

    def _beforehand(self, engine: Engine, step: Step, line: Line | None) -> object:
        """What is said to stand against the step before it is tried; ``None`` where that cannot be asked."""
        if step.verb not in ASKED or line is None:
            return None
        procedure, case, context = self._asked(engine, line.id)
        if step.back is not None and step.claimed is not None:
            context = attrs.evolve(context, now=step.claimed)
        try:
            return blockers_of(procedure, case, step.command(), context)
        except InvalidInput:
            return InvalidInput

    def _asked(self, engine: Engine, case_id: str) -> tuple[Procedure, Case, Context]:
        return engine._shell.asked(case_id)

    def asked(self, line: Line) -> tuple[Procedure, Case, Context]:
        """The case, and all that a decision on it may know now."""
        return self._asked(self.engines[0], line.id)

    def _judge_step(self, step: Step, line: Line, row: Row | None, beforehand: object, result: object) -> None:
        news = self._news(line)
        if step.came is not Came.DONE:
            if any(record.actor != TICK for record in news):
                self._broken("refused", Text("what was refused has changed the case", "被拒绝的办理改变了案件"))
        elif step.key is None and not any(record.actor == step.by for record in news):
            self._broken("recorded", Text("what was done is not on record", "已作的办理未予记录"))
        self._each(dated(step, line.value, self._taken_since(), self.setting.late_entry, news))
        self._judge(line, news)
        is_announced = step.verb in ASKED and not any(isinstance(one.event, BreachFound) for one in news)
        if is_announced and (step.key is None or news):
            self._each(as_announced(step, row, beforehand))
        if isinstance(result, Record) and step.key is None and result.hash not in {one.hash for one in news}:
            self._broken("recorded", Text("the record returned is not the one stored", "返回的记录与所存记录不符"))
        self._each(self._keys.broken(step, result, news))
        self._is_seen_by(1, line)
        self._is_seen_by(0, line)

    def _taken_since(self) -> datetime | None:
        """Since when the office that was filled last is filled."""
        return max(self.engines[0]._shell.offices.current().since.values(), default=None)

    def _opened(self, case_id: str) -> None:
        line = Line(self.setting, case_id)
        self._judge(line, self._news(line))
        if not line.end[0]:
            self._broken("recorded", Text("what was done is not on record", "已作的办理未予记录"))
        self.lines[case_id] = line
        self.same("live", line.value, self.handle(0, case_id).value)

    @property
    def reading(self) -> Store:
        """The store as the second handle has it."""
        return self._stores[-1]

    def _news(self, line: Line) -> tuple[Record, ...]:
        """What is on record since the case was judged last, each record checked against the chain."""
        version, head = line.end
        try:
            return tuple(streams.news(self.reading, streams.case_stream(line.id), version=version, head=head))
        except (StabflowError, streams.OutOfStep) as error:
            self.raised(error)

    # What must hold of what happened

    def _judge(self, line: Line, news: Iterable[Record]) -> None:
        elsewhere = self._elsewhere(line)
        try:
            for record in news:
                self._each(line.judged(record, self._context_at, elsewhere, ticked=self._ticked))
        except NotJudged as failed:
            error = failed.__cause__
            text = say(
                "“{title}” cannot be judged: {error}: {words}",
                "“{title}”无法判断：{error}：{words}",
                title=failed.title,
                error=type(error).__name__,
                words=str(error),
            )
            raise self._counterexample(Broken("own", text)) from error

    def _context_at(self, record: Record, before: Case | None) -> Context:
        shell = self.engines[0]._shell
        matter = "" if before is None else before.matter.key
        case_id = "" if before is None else before.id
        others = shell.others(self.procedure, matter, case_id)
        return shell.context(self.procedure, record.occurred_at, shell.offices.current(), others)

    def _elsewhere(self, line: Line) -> Mapping[str, Collection[str]]:
        """The roles in which people have acted in the other cases, all of which are on one matter."""
        found: dict[str, set[str]] = {}
        for other in self.lines.values():
            if other is not line:
                for who, roles in other.sides.acted.items():
                    found.setdefault(who, set()).update(roles)
        return found

    def _covered(self, step: Step, line: Line | None, row: Row | None) -> None:
        """Count a refusal as what the run has come to."""
        if step.came is not Came.REFUSED:
            return
        coverage, procedure = self.setting.coverage, self.procedure
        if line is None:
            opening = next(one for one in procedure.case.creating() if one.trigger == step.trigger)
            coverage.refused(None, opening, step.blockers)
        elif row is not None:
            lacking = unmet(procedure, step, row, line.value, self.asked(line)[2])
            coverage.refused(*row, step.blockers, lacking)

    # Time

    def wait(self, time: timedelta) -> None:
        """Let the clock go on; it may go back."""
        self.clock.advance(time.total_seconds())
        self.steps.append(Step(verb=Verb.WAIT, wait=time, at=self.clock(), came=Came.DONE))

    def tick(self) -> None:
        """Let time pass in the engine, twice: it never does a thing twice, and what is owed only becomes more."""
        owed = {line.id: self._owed(line) for line in self.lines.values()}
        self.steps.append(Step(verb=Verb.TICK, at=self.clock(), came=Came.DONE))
        try:
            first = self.engines[0].tick(through=self.clock(), basis=BASIS)
            again = self.engines[1].tick(through=self.clock(), basis=BASIS)
        except Exception as problem:  # noqa: BLE001 - whatever else is raised is a finding
            self.raised(problem)
        self._ticked = True
        for what, error in (*first.failures, *again.failures):
            failed = say("{what} failed: {error}", "{what}失败：{error}", what=what, error=error)
            if self.setting.proved:
                self._broken("tick", failed)
            self.undone[failed] = None  # of what is not proved the calendar opens no case
        if again.breaches:
            self._broken("tick", Text("what was found was found a second time", "同一违规情形重复认定"))
        for line in self.lines.values():
            self._judge(line, self._news(line))
            self._each(line.limits.missed(line.value, self.clock()))
            after = self._owed(line)
            lost = {duty for duty, due in owed[line.id].items() if after.get(duty) != due}
            if lost:
                text = say("time has changed what is owed: {what}", "时间推移改变了应尽职责：{what}", what=sorted(lost))
                self._broken("duties", text)
            self._is_seen_by(1, line)
        self._cases_of_time()

    def _owed(self, line: Line) -> dict[str, object]:
        return {one.duty: one.due for one in self.handle(0, line.id).duties() if not one.level}

    def _cases_of_time(self) -> None:
        """Cases that the calendar has opened join the run."""
        for row in self.engines[0].cases(procedure=self.procedure.id):
            if row.case_id not in self.lines:
                self._opened(row.case_id)

    # Findings

    def _is_seen_by(self, engine: int, line: Line) -> None:
        """A `Counterexample` unless one of the engines has the case as it was judged."""
        if not line.is_seen(engine, self.handle(engine, line.id).value):
            rule = "second_handle" if engine else "live"
            self._broken(rule, _DIFFERENT[rule])

    def same(self, rule: str, here: object, there: object) -> None:
        """A `Counterexample` of ``rule`` unless both are the same."""
        if here != there:
            self._broken(rule, _DIFFERENT[rule])

    def _each(self, found: Iterable[Broken]) -> None:
        """Raise a `Counterexample` for the first of them."""
        for one in found:
            self.broken(one)

    def broken(self, broken: Broken) -> NoReturn:
        """Raise a `Counterexample`: something does not hold."""
        raise self._counterexample(broken)

    def _broken(self, rule: str, text: Text) -> NoReturn:
        self.broken(Broken(rule, text))

    def _counterexample(self, broken: Broken) -> Counterexample:
        return Counterexample(self.setting.procedure, self.steps, broken, source=self.setting.source)

    def raised(self, error: Exception) -> NoReturn:
        """Raise a `Counterexample`: something else was raised than a refusal."""
        text = say("{error}: {words}", "{error}：{words}", error=type(error).__name__, words=str(error))
        raise self._counterexample(Broken("raised", text)) from error


_DIFFERENT = {
    "second_handle": Text("a second handle sees another case", "另一句柄所见的案件不同"),
    "live": Text("the engine has another case than its records give", "引擎中的案件与其记录不符"),
    "replay": Text("replaying the records gives another case", "依记录重演所得的案件不同"),
    "reopened": Text("the case is another one after the store was opened again", "重新打开存储后案件不同"),
}


def _came(step: Step) -> Came:
    assert step.came is not None
    return step.came
