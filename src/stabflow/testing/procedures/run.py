"""One run of a procedure over the real engine, on storage of its own: every step is taken, judged, and kept to be told.

It knows nothing of Hypothesis. What is asked for is chosen elsewhere; here it is asked of the engine, by one of two handles, and
what came of it is compared with what had to.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import attrs

from ...case import Case
from ...decision.commands import Add, Command, Fire
from ...decision.decider import blockers as blockers_of
from ...decision.events import BreachFound, Moved, Opened
from ...decision.evolution import evolve
from ...decision.fields import stated
from ...decision.permission import TICK
from ...decision.view import CaseView, Context
from ...engine import Engine, streams
from ...engine.opening import LATE_ENTRY
from ...engine.proofs import is_released
from ...errors import InvalidInput, Refused, StabflowError, VersionConflict
from ...history.record import Record
from ...language import Procedure
from ...language.machine import NEW
from ...ports.hooks import Plugin
from ...ports.store import Store
from ...reasoning.behind import Behind, Folding
from ...reasoning.check import check
from ...text import Text, listing, quoted, same, say
from ...values import Basis, Matter
from ..clock import FakeClock
from ..coverage import Coverage
from ..harness import StoreHarness
from ..over import engine_over
from .cast import Cast
from .counterexamples import Counterexample
from .effects import crowded, effects
from .judging import Broken, Standing, judged
from .lateness import dated
from .limits import Limits
from .own_properties import OwnProperties, Watch
from .sides import Sides
from .steps import BASIS, OF_NO_CASE, Came, Step, Verb

PROVING = 2.0
"""So many seconds of the processor go into proving a procedure before it is run; what takes longer is run without."""

ASKED = frozenset({Verb.FIRE, Verb.ADD})


@attrs.define
class Line:
    """A case of the run: its value as it was judged last, and which of the five steps are behind it."""

    id: str
    value: Case
    watch: Watch
    sides: Sides
    limits: Limits
    behind: Behind = attrs.field(factory=Behind)


@attrs.frozen(kw_only=True)
class Setting:
    """What every run of one machine shares."""

    procedure: Procedure
    harness: StoreHarness
    cast: Cast
    properties: OwnProperties
    coverage: Coverage
    plugins: tuple[Plugin | str, ...] = ()
    calendar: str | Path = "CN"
    source: str = ""
    late_entry: timedelta | None = LATE_ENTRY

    @functools.cached_property
    def proved(self) -> bool:
        """Whether cases are opened as proved, so that the gate may open: where that is known, or soon found out."""
        procedure = self.procedure
        return is_released(procedure) or check(procedure, seconds=PROVING, clock=time.process_time).proved


class ProcedureRun:
    """One run. `Counterexample` where anything that must hold does not; whoever ends it calls `close`."""

    def __init__(self, setting: Setting, clock: FakeClock) -> None:
        self.setting = setting
        self.procedure = setting.procedure
        self.clock = clock
        self.steps: list[Step] = []
        self.lines: dict[str, Line] = {}
        self.done = 0
        self._ticked = False
        self._answers: dict[tuple[str, str], object] = {}
        self._folding = Folding(self.procedure)
        self._config = setting.harness.provision()
        self._stores: list[Store] = []
        self.engines: tuple[Engine, Engine]
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    # The store

    def _open(self) -> None:
        stores = [self._store() for _ in range(2)]
        self.engines = (self._engine(stores[0]), self._engine(stores[1]))

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

    def reopen(self) -> None:
        """Close every handle and open the storage again; where there is one handle only, with engines that know nothing."""
        if not self.setting.harness.one_handle:
            self._close_stores()
        self._open()
        self.steps.append(Step(verb=Verb.REOPEN, at=self.clock(), came=Came.DONE))
        for line in self.lines.values():
            self.same("reopened", line.value, self.engines[0].case(line.id).value)

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
            result = step.take(engine, self.procedure, None if line is None else engine.case(line.id))
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
            self._explained(error)
        if line is None and step.verb is not Verb.OPEN:
            if step.came is Came.DONE:
                for broken in crowded(self.procedure, engine.offices(self.procedure)):
                    self.broken(broken)
            elif engine.offices(self.procedure) != offices:
                self._broken("refused", Text("what was refused has changed the offices", "被拒绝的办理改变了常设职务"))
            return _came(step)
        self._covered(step, line)
        self._judge_step(step, line, beforehand, result)
        if step.came is Came.DONE:
            self.done += step.verb is not Verb.OPEN
        return _came(step)

    def _beforehand(self, engine: Engine, step: Step, line: Line | None) -> object:
        """What is said to stand against the step before it is tried; ``None`` where that cannot be asked."""
        if step.verb not in ASKED or line is None:
            return None
        command = self.command(step)
        procedure, case, context = self._asked(engine, line.id)
        if step.back is not None and step.claimed is not None:
            context = attrs.evolve(context, now=step.claimed)
        try:
            return blockers_of(procedure, case, command, context)
        except InvalidInput:
            return InvalidInput

    @staticmethod
    def command(step: Step) -> Command:
        """The command by which a row is asked for."""
        assert step.by is not None, "somebody asks"
        said: dict[str, Any] = {
            "actor": step.by,
            "basis": Basis(BASIS),
            "role": step.role,
            "values": step.values,
        }
        if step.verb is Verb.ADD:
            return Add(kind=step.what or "", trigger=step.trigger, **said)
        return Fire(trigger=step.what or "", item=step.item, **said)

    def _asked(self, engine: Engine, case_id: str) -> tuple[Procedure, Case, Context]:
        return engine._shell.asked(case_id)

    def asked(self, line: Line) -> tuple[Procedure, Case, Context]:
        """The case, and all that a decision on it may know now."""
        return self._asked(self.engines[0], line.id)

    def _judge_step(self, step: Step, line: Line | None, beforehand: object, result: object) -> None:
        if line is None:
            if step.came is Came.DONE:
                self._opened(step)
            return
        news = tuple(self._news(line))
        if step.came is not Came.DONE:
            if any(record.actor != TICK for record in news):
                self._broken("refused", Text("what was refused has changed the case", "被拒绝的办理改变了案件"))
        elif step.key is None and not any(record.actor == step.by for record in news):
            self._broken("recorded", Text("what was done is not on record", "已作的办理未予记录"))
        for broken in dated(step, line.value, self._taken_since(), self.setting.late_entry, news):
            self.broken(broken)
        self._judge(line, news)
        if step.verb in ASKED and not any(isinstance(one.event, BreachFound) for one in news):
            self._agrees(step, line, beforehand, fresh=bool(news))
        if isinstance(result, Record) and step.key is None and result.hash not in {one.hash for one in news}:
            self._broken("recorded", Text("the record returned is not the one stored", "返回的记录与所存记录不符"))
        if step.key is not None:
            self._once(step, step.key, result, news)
        self.same("second_handle", line.value, self.engines[1].case(line.id).value)
        self.same("live", line.value, self.engines[0].case(line.id).value)

    def _taken_since(self) -> datetime | None:
        """Since when the office that was filled last is filled."""
        return max(self.engines[0]._shell.offices.current().since.values(), default=None)

    def _once(self, step: Step, key: str, result: object, news: Sequence[Record]) -> None:
        """An act sent again under its key is answered as it was, and does not happen again."""
        asked = step.case, key
        answer = result.hash if isinstance(result, Record) else result
        if asked not in self._answers:
            if step.came is Came.DONE:
                self._answers[asked] = answer
            return
        if any(record.actor == step.by for record in news):
            self._broken("key", Text("an act sent again under its key happened again", "同一幂等键的办理重复发生"))
        if step.came is not Came.DONE or answer != self._answers[asked]:
            text = Text("an act sent again under its key was answered otherwise", "同一幂等键的办理答复不同")
            self._broken("key", text)

    def _opened(self, step: Step) -> None:
        handle = self.engines[0].case(step.case)
        news = tuple(streams.read(self.reading, streams.case_stream(step.case)))
        line = Line(
            step.case, handle.value, self.setting.properties.watch(), Sides(self.procedure), Limits(self.procedure)
        )
        self.lines[step.case] = line
        self._judge(line, news, opening=True)

    @property
    def reading(self) -> Store:
        """The store as the second handle has it."""
        return self._stores[-1]

    def _news(self, line: Line) -> Iterator[Record]:
        """What is on record since the case was judged last, each record checked against the chain."""
        stream = streams.case_stream(line.id)
        try:
            yield from streams.news(self.reading, stream, version=line.value.version, head=line.value.head)
        except (StabflowError, streams.OutOfStep) as error:
            self.raised(error)

    # What must hold of what happened

    def _judge(self, line: Line, news: Sequence[Record], *, opening: bool = False) -> None:
        before = None if opening else line.value
        for record in news:
            if record.version != (0 if before is None else before.version) + 1:
                self._broken("versions", Text("the versions are not contiguous", "版本号不连续"))
            context = self._context_at(record, before)
            standing = Standing(procedure=self.procedure, before=before, context=context)
            for broken in judged(record, standing):
                self.broken(broken)
            after = evolve(before, record.event, record.stamp)
            assert after is not None
            for broken in effects(record, standing, after):
                self.broken(broken)
            for broken in line.sides.broken(record, self._elsewhere(line)):
                self.broken(broken)
            for broken in line.limits.broken(record, before, after, ticked=self._ticked):
                self.broken(broken)
            self._five_steps(line, record, standing)
            self.setting.coverage.recorded(record, standing)
            for broken in line.watch.broken(record, before, after, self._context_at(record, after)):
                self.broken(broken)
            before = after
        if before is not None:
            line.value = before

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

    def _five_steps(self, line: Line, record: Record, standing: Standing) -> None:
        event = record.event
        if not isinstance(event, Opened | Moved):
            return
        row = standing.row_of(event)
        if row is None:
            return
        line.behind = self._folding.after(line.behind, None if isinstance(event, Opened) else event.source, row)
        state = event.dest if isinstance(event, Moved) else event.state
        if state is not None and self.procedure.states[state].outcome is not None and not line.behind.all:
            missing = listing([same(step.value) for step in line.behind.missing])
            text = say(
                "it came to {state} without {steps} since it was last returned",
                "自最近一次退回后，未经{steps}即进入{state}",
                state=quoted(self.procedure.state_title(state)),
                steps=missing,
            )
            self._broken("five_steps", text, refusable=True)

    def _agrees(self, step: Step, line: Line, beforehand: object, *, fresh: bool) -> None:
        """What `blockers` said is what came of it."""
        if step.key is not None and not fresh:
            return
        if step.came is Came.DONE and beforehand != ():
            text = Text("it was done, and `blockers` said that it could not be", "已办理，而blockers称不可办理")
            self._broken("blockers", text)
        if step.came is Came.REFUSED and beforehand == ():
            kind, row = self._row(step, line.value)
            del kind
            if row is None or set(row.set) <= step.values.keys():
                text = Text(
                    "it was refused, and `blockers` said that nothing stood against it", "被拒绝，而blockers称无障碍"
                )
                self._broken("blockers", text)
        if step.came is Came.REFUSED and isinstance(beforehand, tuple) and beforehand:
            _, row = self._row(step, line.value)
            complete = row is None or set(row.set) <= step.values.keys()
            if complete and beforehand != step.blockers:
                text = Text("the refusal tells other reasons than `blockers`", "拒绝的理由与blockers所列不符")
                self._broken("blockers", text)

    def _row(self, step: Step, case: Case) -> tuple[str | None, Any]:
        if step.verb is Verb.ADD:
            moves = self.procedure.tables[step.what][NEW] if step.what in self.procedure.items else {}
            found = moves.get(step.trigger or "add")
            return step.what, None if found is None else found.row
        item = None if step.item is None else case.items.get(step.item)
        kind, state = (None, case.state) if item is None else (item.kind, item.state)
        found = self.procedure.tables[kind][state].get(step.what or "")
        return kind, None if found is None else found.row

    def _explained(self, refusal: Refused) -> None:
        """A refusal has reasons, each in both languages, and names as cures only who there is."""
        if not refusal.blockers:
            self._broken("explained", Text("a refusal gives no reason", "拒绝未说明理由"))
        for blocker in refusal.blockers:
            if not blocker.text.en.strip() or not blocker.text.zh.strip() or not blocker.kind:
                self._broken("explained", Text("a reason is not told in both languages", "理由未以两种语言说明"))
            for cure in blocker.cure:
                if cure.role not in self._parties:
                    text = say("{who} can cure nothing: there is no such role", "无{who}这一角色", who=same(cure.role))
                    self._broken("explained", text)

    @property
    def _parties(self) -> Mapping[str, object]:
        return {
            **self.procedure.roles,
            **{n: f for _, cycle in self.procedure.lifecycles() for n, f in cycle.fields.items()},
        }

    def _covered(self, step: Step, line: Line | None) -> None:
        coverage = self.setting.coverage
        if step.verb is Verb.OPEN and step.came is Came.REFUSED:
            opening = next(row for row in self.procedure.case.creating() if row.trigger == step.trigger)
            coverage.refused(None, opening, step.blockers)
        if line is None or step.verb not in ASKED or step.came is Came.INVALID:
            return
        kind, row = self._row(step, line.value)
        if row is None or step.came is not Came.REFUSED:
            return
        said = stated(self.procedure, kind, row.set, step.values, ()).values
        view = CaseView(
            procedure=self.procedure,
            case=line.value,
            kind=kind,
            item=None if step.item is None else line.value.items.get(step.item),
            row=row,
            values=said,
            actor=step.by.id if step.by is not None else "",
            context=self._asked(self.engines[0], line.id)[2],
        )
        unmet = [number for number, one in enumerate(row.requires) if not one.holds(view)]
        coverage.refused(kind, row, step.blockers, unmet)

    # Time

    def wait(self, time: timedelta) -> None:
        """Let the clock go on; it may go back."""
        self.clock.advance(time.total_seconds())
        self.steps.append(Step(verb=Verb.WAIT, wait=time, at=self.clock(), came=Came.DONE))

    def tick(self) -> None:
        """Let time pass in the engine, twice: it never does a thing twice, and what is owed only becomes more."""
        owed = {line.id: self._owed(line) for line in self.lines.values()}
        step = Step(verb=Verb.TICK, at=self.clock(), came=Came.DONE)
        self.steps.append(step)
        try:
            first = self.engines[0].tick(through=self.clock(), basis=BASIS)
            again = self.engines[1].tick(through=self.clock(), basis=BASIS)
        except Exception as problem:  # noqa: BLE001 - whatever else is raised is a finding
            self.raised(problem)
        self._ticked = True
        for what, error in (*first.failures, *again.failures) if self.setting.proved else ():
            self._broken("tick", say("{what} failed: {error}", "{what}失败：{error}", what=what, error=error))
        if again.breaches:
            self._broken("tick", Text("what was found was found a second time", "同一违规情形重复认定"))
        for line in self.lines.values():
            self._judge(line, tuple(self._news(line)))
            for broken in line.limits.missed(line.value, step.at or self.clock()):
                self.broken(broken)
            after = self._owed(line)
            lost = {duty for duty, due in owed[line.id].items() if after.get(duty) != due}
            if lost:
                text = say("time has changed what is owed: {what}", "时间推移改变了应尽职责：{what}", what=sorted(lost))
                self._broken("duties", text)
            self.same("second_handle", line.value, self.engines[1].case(line.id).value)
        self._cases_of_time()

    def _owed(self, line: Line) -> dict[str, object]:
        handle = self.engines[0].case(line.id)
        return {one.duty: one.due for one in handle.duties() if not one.level}

    def _cases_of_time(self) -> None:
        """Cases that the calendar has opened join the run."""
        for row in self.engines[0].cases(procedure=self.procedure.id):
            if row.case_id not in self.lines:
                self._opened(Step(verb=Verb.OPEN, case=row.case_id))

    # Findings

    def same(self, rule: str, here: object, there: object) -> None:
        """A `Counterexample` of ``rule`` unless both are the same."""
        if here != there:
            self._broken(rule, _DIFFERENT[rule])

    def broken(self, broken: Broken) -> NoReturn:
        """Raise a `Counterexample`: something does not hold."""
        raise Counterexample(self.setting.procedure, self.steps, broken, source=self.setting.source)

    def _broken(self, rule: str, text: Text, *, refusable: bool = False) -> NoReturn:
        self.broken(Broken(rule, text, refusable))

    def raised(self, error: Exception) -> NoReturn:
        """Raise a `Counterexample`: something else was raised than a refusal."""
        text = say("{error}: {words}", "{error}：{words}", error=type(error).__name__, words=str(error))
        raise Counterexample(
            self.setting.procedure, self.steps, Broken("raised", text), source=self.setting.source
        ) from error


_DIFFERENT = {
    "second_handle": Text("a second handle sees another case", "另一句柄所见的案件不同"),
    "live": Text("the engine has another case than its records give", "引擎中的案件与其记录不符"),
    "replay": Text("replaying the records gives another case", "依记录重演所得的案件不同"),
    "reopened": Text("the case is another one after the store was opened again", "重新打开存储后案件不同"),
}


def _came(step: Step) -> Came:
    assert step.came is not None
    return step.came


def matter_of(number: int) -> Matter:
    """What the cases of a run are about."""
    return Matter(f"matter-{number}", f"Matter {number} 重大事项")
