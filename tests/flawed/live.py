"""A real case on a real engine, which does what a search says can be done; and what can become of it, tried out act by act.

Nothing here knows how a search tells cases apart: it is what the searches are compared with.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Self

from worlds import FakeClock

import stabflow
from stabflow import Actor, Matter, Procedure
from stabflow.case import Case, Item
from stabflow.decision.commands import Add, Open
from stabflow.decision.decider import moves
from stabflow.decision.permission import TICK
from stabflow.engine.admission import admit
from stabflow.engine.work import Work
from stabflow.errors import Refused
from stabflow.language import Field, FieldType, Transition
from stabflow.plugins import Plugin
from stabflow.reasoning.cluster import ANYONE
from stabflow.reasoning.stage import Stage
from stabflow.reasoning.statements import entries_of, filler
from stabflow.requirements import PluginAnswers, Requirement
from stabflow.values import Basis, Value

BASIS = "order 1"
SEATS = 3
"""So many holders every role has to begin with, unless it may have only one; more come where each may do something only once."""


MAX_SEATS = 40


class Live:
    """A case under ``procedure`` in memory. Every role has several holders, unless it may have only one; time passes quickly."""

    def __init__(self, procedure: Procedure, *, plugins: Sequence[Plugin] = (), appointed: bool = True) -> None:
        self.procedure = procedure
        clock = FakeClock(step=timedelta(days=20))
        self.engine = stabflow.open("memory:", clock=clock, procedures=[procedure], plugins=plugins, late_entry=None)
        self.holders: dict[str, list[Actor]] = {}
        self._appointed = appointed
        for name, role in procedure.roles.items():
            ids = [f"{name}-{seat}" for seat in range(role.holders or SEATS)]
            self.holders[name] = [Actor(one, body="office") for one in ids]
            if role.standing:
                for holder in self.holders[name]:
                    self.engine.constitute(procedure, name, holder, basis=BASIS)
        self.handle: stabflow.CaseHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    @property
    def case(self) -> Case:
        assert self.handle is not None
        return self.handle.value

    def do(self, row: Transition, kind: str | None, item: str | None, values: Mapping[str, Any]) -> None:
        """Fire ``row`` by the first of those who may; the last `Refused` where nobody may."""
        said = {name: self._named(value) for name, value in values.items()}
        if row.by_time:
            self._let_time(row, kind, said)
            return
        refusal: Refused | None = None
        for who in self._who(row, item):
            try:
                self._try(row, kind, item, who, said)
            except Refused as found:
                refusal = found if refusal is None or any(b.kind != "role" for b in found.blockers) else refusal
            else:
                return
        assert refusal is not None
        if {blocker.kind for blocker in refusal.blockers} == {"unique"} and self._add_seats(row):
            self.do(row, kind, item, values)
        else:
            raise refusal

    def _add_seats(self, row: Transition) -> bool:
        """Another holder of each role that fires the row; whether there may be one."""
        grown = [name for name in row.by if name in self.holders and self.procedure.roles[name].holders is None]
        for name in grown:
            holder = Actor(f"{name}-{len(self.holders[name])}", body="office")
            self.holders[name].append(holder)
            if self.procedure.roles[name].standing:
                self.engine.constitute(self.procedure, name, holder, basis=BASIS)
            elif self.handle is not None:
                by = self.holders[self.procedure.roles[name].appointed_by[0]][0]
                self.handle.appoint(name, holder, by=by, basis=BASIS)
        return bool(grown) and len(self.holders[grown[0]]) < MAX_SEATS

    def _try(self, row: Transition, kind: str | None, item: str | None, who: Actor, said: Mapping[str, Any]) -> None:
        if self.handle is None:
            self.handle = self.engine.open_case(
                self.procedure,
                Matter("matter", "事项"),
                by=who,
                basis=BASIS,
                trigger=row.trigger,
                unproved="allow",
                **said,
            )
            if self._appointed:
                self.appoint(*self.procedure.roles)
        elif kind is not None and item is None:
            self.handle.add(kind, by=who, basis=BASIS, trigger=row.trigger, **said)
        else:
            self.handle.fire(row.trigger, item=item, by=who, basis=BASIS, **said)

    def _let_time(self, row: Transition, kind: str | None, said: Mapping[str, Any]) -> None:
        """Fire a row that time fires, whether or not it is time."""
        shell, values = self.engine._shell, dict(said)
        if self.handle is None or kind is None:
            command = Open(
                actor=TICK,
                basis=Basis("time"),
                case_id="by-time",
                matter=Matter("matter", "事项"),
                values=values,
                trigger=row.trigger,
            )
            opened, _ = admit(shell, self.procedure, command, key=None, digest=None, at=None, unproved="allow")
            self.handle = self.engine.case(opened)
            if self._appointed:
                self.appoint(*self.procedure.roles)
            return
        work = Work.on(shell, self.handle.id, key=None, at=None)
        work.do(Add(actor=TICK, basis=Basis("time"), kind=kind, trigger=row.trigger, values=values))
        work.finish(None)

    def amend(self, item: str | None, values: Mapping[str, Any]) -> None:
        """Correct what was stated, by the first of those who may; the last `Refused` where nobody may."""
        assert self.handle is not None
        refusal: Refused | None = None
        for who in dict.fromkeys(holder for holders in self.holders.values() for holder in holders):
            try:
                self.handle.amend(item, by=who, basis=BASIS, reason="it was stated wrongly", **values)
            except Refused as found:
                refusal = found if refusal is None or any(b.kind != "role" for b in found.blockers) else refusal
            else:
                return
        assert refusal is not None
        raise refusal

    def appoint(self, *offices: str) -> None:
        """Fill ``offices`` in the case."""
        assert self.handle is not None
        for office in offices:
            appointing = self.procedure.roles[office].appointed_by
            for holder in self.holders[office] if appointing else ():
                self.handle.appoint(office, holder, by=self.holders[appointing[0]][0], basis=BASIS)

    def _who(self, row: Transition, item: str | None) -> Iterator[Actor]:
        for party in row.by:
            if party in self.holders:
                yield from self.holders[party]
            else:
                fields = self.case.facts if item is None else self.case.items[item].fields
                yield Actor(str(fields.get(party)), body="office")

    def _named(self, value: Any) -> Any:
        """Somebody real for whoever acts in a search."""
        return next(iter(self.holders.values()))[0].id if value == ANYONE else value


def fitting(procedure: Procedure, kind: str | None, row: Transition, told: Mapping[str, Value]) -> dict[str, Value]:
    """``told``, and something for whatever else ``row`` must state."""
    fields = procedure.lifecycle(kind).fields
    return {name: filler(procedure, fields[name]) for name in row.set if not fields[name].optional} | dict(told)


# What can become of a case, tried out


Act = tuple[str | None, str | None, Transition, Mapping[str, Value]]


MAX_WAYS = 64
MANY = 9
"""Beside the least, a number that is not small."""


def acts(procedure: Procedure, case: Case) -> Iterator[Act]:
    """Everything that rows permit here, with every value of yes-or-no fields and choices (up to so many ways), and something for
    the rest."""
    for option in moves(procedure, case):
        if option.row.by_time:
            continue
        fields = procedure.lifecycle(option.kind).fields
        ways = [_values(procedure, fields[name]) for name in option.row.set]
        for chosen in itertools.islice(itertools.product(*ways), MAX_WAYS):
            said = {name: value for name, value in zip(option.row.set, chosen, strict=True) if value is not None}
            yield option.kind, option.item, option.row, said


def _values(procedure: Procedure, field: Field) -> list[Value | None]:
    told = field.type in (FieldType.BOOL, FieldType.CHOICE)
    found: list[Value | None] = [filler(procedure, field)]
    if told:
        found = [*itertools.islice(entries_of(procedure, field), MAX_WAYS)]
    elif field.type is FieldType.INT and (field.max is None or field.max >= MANY):
        found.append(MANY)
    return [*found, None] if field.optional else found


def everybody(procedure: Procedure) -> Stage:
    """Somebody who holds every role does everything, with the real `decide` and `evolve` of the procedure itself; plugins are
    satisfied."""
    asked = {part.plugin for one in every_requirement(procedure) for part in one if isinstance(part, PluginAnswers)}
    return Stage(procedure, plugins=dict.fromkeys(asked, lambda view, asked: None))


def every_requirement(procedure: Procedure) -> Iterator[list[Requirement]]:
    """The parts of each requirement of each row, and of the gate."""
    rows = [row for _, cycle in procedure.lifecycles() for row in cycle.transitions]
    asked = [one for row in rows for one in row.requires]
    for one in (*asked, *(procedure.gate.requires if procedure.gate is not None else ())):
        yield [part for _, part in one.walk()]


def comes_to(
    procedure: Procedure, case: Case, is_goal: Callable[[Case], bool], *, most: int, adding: int = 2
) -> bool | None:
    """Whether some acts, among them no more than ``adding`` new items of a kind, lead to a goal; ``None``: that was not found out
    with ``most`` cases, or by adding no more."""
    stage = everybody(procedure)
    limit = {kind: case.counters.get(kind, 0) + adding for kind in procedure.items}
    seen = {_shape(procedure, case)}
    number = itertools.count()
    waiting = [(0, next(number), case)]
    was_cut = False
    while waiting:
        _, _, here = heapq.heappop(waiting)
        if is_goal(here):
            return True
        if len(seen) > most:
            return None
        for kind, item, row, values in acts(procedure, here):
            if item is None and kind is not None and here.counters.get(kind, 0) >= limit[kind]:
                was_cut = True
                continue
            try:
                after = stage.after(here, kind, None if item is None else here.items[item], row, values)
            except Refused:
                continue
            if (shape := _shape(procedure, after)) not in seen:
                seen.add(shape)
                cost = 0 if row.dest is not None and kind is None else 2 if item is None else 1
                heapq.heappush(waiting, (cost, next(number), after))
    return None if was_cut else False


def _shape(procedure: Procedure, case: Case) -> object:
    """The case without what no requirement can ever ask for: who did what when."""
    items = sorted(
        (
            item.kind,
            item.state,
            item.superseded,
            sorted((name, str(value)) for name, value in item.fields.items()),
            sorted(name for name, entry in case.entered.items() if item.added >= entry.version),
            sorted(item.entered),
        )
        for item in case.items.values()
    )
    facts = sorted((name, str(value)) for name, value in case.facts.items())
    return case.state, str(facts), str(items), frozenset(case.entered)


def of_kinds(case: Case, kinds: Iterable[str]) -> dict[str, Item]:
    """The items of some kinds."""
    wanted = set(kinds)
    return {name: item for name, item in case.items.items() if item.kind in wanted}
