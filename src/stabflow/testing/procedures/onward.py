"""The lawful way on: an act that nothing stands against, rather one that leads on, or brings about what is lacking for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import attrs

from ...case import Case
from ...decision.commands import ASKING, Appoint
from ...decision.decider import Option, is_free, moves
from ...decision.view import CaseView, Context, holdings
from ...language import Procedure, Transition
from ...requirements import ItemsAre, Requirement, RolesFilled, TimeElapsed, ValueIs
from ...values import Actor
from .choosing import Chooser
from .fitting_values import FittingValues, asked_of
from .line import Line
from .options import Ground, Options, stated_at
from .steps import Step, Verb

TRIES = 6
"""So many sets of values are tried for an act that is to be lawful, and so many people to whom a role may be lent."""

ENOUGH, MANY = 2, 24
"""So many items of a kind are added of which nothing is wanted, and so many at most of one that is."""

WAITS = (timedelta(days=32), timedelta(hours=1), timedelta(days=1), timedelta(days=8))
"""How long is waited where something must lie for a while: long enough, or perhaps not."""


@attrs.define
class Wanted:
    """What the rows that lead the case on still lack: items of these kinds, these values, holders, time."""

    kinds: dict[str, set[str]] = attrs.field(factory=dict)
    """Kinds, each with the states in which their items are wanted."""
    fields: dict[str, None] = attrs.field(factory=dict)
    offices: dict[str, None] = attrs.field(factory=dict)
    values: dict[tuple[str | None, str], Sequence[Any]] = attrs.field(factory=dict)
    waits: bool = False


class Onward:
    """Chooses lawful steps."""

    def __init__(self, ground: Ground, values: FittingValues, options: Options) -> None:
        self._ground = ground
        self._procedure: Procedure = ground.procedure
        self._cast = ground.setting.cast
        self._values = values
        self._options = options
        self._aims: dict[tuple[str, int], tuple[int, bool]] = {}

    def lawful(self, line: Line, chooser: Chooser) -> Step | None:
        """An act that nothing stands against, rather one that leads on; ``None`` where none was found."""
        procedure, case, context = self._ground.asked(line)
        for office in self._vacant(case, context):
            found = self._appointing(line, case, context, office, chooser)
            if found is not None:
                return found
        options = [one for one in moves(procedure, case) if one.row.by]
        onward, last = self._ways(line, case, options, chooser)
        wanted = Wanted()
        for number, option in enumerate(onward):
            step = self._done(line, case, context, option, chooser, wanted)
            if step is not None:
                return self._or_back(line, case, context, last, chooser) or step
            if not number:
                self._note(case, context, option.row, wanted)
        for office in wanted.offices:
            found = self._appointing(line, case, context, office, chooser)
            if found is not None:
                return found
        for some in (self._helping(case, options, wanted), self._others(case, options, chooser)):
            for option in some:
                step = self._done(line, case, context, option, chooser, wanted)
                if step is not None:
                    return step
        for option in [*last, *chooser.mixed([one for one in options if one.row.dest is None])]:
            step = self._done(line, case, context, option, chooser, wanted)
            if step is not None:
                return step
        return Step(verb=Verb.WAIT, wait=chooser.one(WAITS)) if wanted.waits else None

    def _or_back(
        self, line: Line, case: Case, context: Context, last: Sequence[Option], chooser: Chooser
    ) -> Step | None:
        """Now and then a return, where the case could have gone on: what counts again after it is what rounds are about."""
        if not last or not chooser.seldom(7):
            return None
        back = [one for one in last if not self._procedure.states[one.row.dest or ""].final]
        steps = (self._done(line, case, context, option, chooser, Wanted()) for option in back)
        return next((step for step in steps if step is not None), None)

    def _vacant(self, case: Case, context: Context) -> list[str]:
        """The roles of the case that nobody holds."""
        if self._procedure.states[case.state].final:
            return []
        held = {one.role for one in holdings(case, context)}
        return [name for name, role in self._procedure.roles.items() if not role.standing and name not in held]

    def _appointing(self, line: Line, case: Case, context: Context, office: str, chooser: Chooser) -> Step | None:
        role = self._procedure.roles[office]
        for held in holdings(case, context):
            if held.role in role.appointed_by:
                by = Actor(held.actor, body=held.body)
                taken = {one.actor for one in holdings(case, context) if one.role == office} | {*case.recused}
                free = [one for one in self._cast.holders[office] if one.id not in taken and one.id != by.id]
                for person in chooser.mixed(free):
                    asked = Appoint(actor=by, basis=ASKING, office=office, appointee=person)
                    if is_free(self._procedure, case, asked, context):
                        return Step(verb=Verb.APPOINT, by=by, what=office, person=person, case=line.id)
        return None

    def _ways(
        self, line: Line, case: Case, options: Sequence[Option], chooser: Chooser
    ) -> tuple[list[Option], list[Option]]:
        """The rows of the case that lead on, and what is done where nothing else can be: those to an end, and those back. The
        first is what is aimed at for as long as the case stands there."""
        passed = {name for name, entry in case.entered.items() if entry.version >= case.round_began}
        leading = [one for one in options if one.kind is None and one.row.dest is not None]
        onward = [one for one in leading if one.row.dest not in passed]
        last = chooser.mixed([one for one in leading if one.row.dest in passed])
        visit = (line.id, case.entered[case.state].version)
        if visit not in self._aims:
            self._aims[visit] = chooser.number(2 * len(onward)), chooser.seldom(2)
        aim, ends_too = self._aims[visit]
        if not ends_too:
            ends = [one for one in onward if self._procedure.states[one.row.dest or ""].final]
            onward, last = [one for one in onward if one not in ends], [*ends, *last]
        start = aim % len(onward) if onward else 0
        return [*onward[start:], *onward[:start]], last

    def _others(self, case: Case, options: Sequence[Option], chooser: Chooser) -> Iterator[Option]:
        """What else could be done: items moved on, and a few added."""
        moving = [one for one in options if one.item is not None and one.row.dest is not None]
        adding = [
            one for one in options if one.item is None and one.kind is not None and len(case.of_kind(one.kind)) < ENOUGH
        ]
        yield from chooser.mixed([*moving, *adding])

    def _helping(self, case: Case, options: Sequence[Option], wanted: Wanted) -> Iterator[Option]:
        """The options that bring about what is wanted: items moved on first, then such as are missing, then values."""
        for kind, states in wanted.kinds.items():
            mine = [one for one in options if one.kind == kind]
            moving = [one for one in mine if one.item is not None and one.row.dest is not None]
            yield from (one for one in moving if one.row.dest in states)
            yield from moving
            if len(case.of_kind(kind)) < MANY:
                yield from (one for one in mine if one.item is None)
        for one in options:
            stays = one.kind is None and one.row.dest is None
            if (stays or one.item is not None) and not wanted.fields.keys().isdisjoint(one.row.set):
                yield one

    def _done(
        self, line: Line, case: Case, context: Context, option: Option, chooser: Chooser, wanted: Wanted
    ) -> Step | None:
        """The option as a step that nothing stands against, by somebody, with values that do."""
        for by in chooser.mixed(self._options.who(case, context, option)):
            bare = self._options.step(line, option, by)
            if not self._options.is_free(case, context, bare):
                continue
            first = {**asked_of(option.row.requires, option.kind), **wanted.values}
            for attempt in range(TRIES if option.row.set else 1):
                values = self._values.of(
                    chooser, option.kind, option.row.set, context.now, first if attempt < TRIES - 2 else None
                )
                values = self._values.repaired(values, option.kind, option.row, stated_at(case, option))
                step = attrs.evolve(bare, values=values)
                if self._options.is_free(case, context, step):
                    return step
            break
        return None

    def _note(self, case: Case, context: Context, row: Transition, wanted: Wanted) -> None:
        """What the row lacks."""
        view = CaseView(
            procedure=self._procedure,
            case=case,
            kind=None,
            item=None,
            row=row,
            values={},
            actor="",
            context=context,
            partial=True,
        )
        for requirement in row.requires:
            if not requirement.holds(view):
                self._lacking(requirement, row, wanted)

    def _lacking(self, requirement: Requirement, row: Transition, wanted: Wanted) -> None:
        for _, part in requirement.walk():
            if isinstance(part, ItemsAre):
                wanted.kinds.setdefault(part.items, set()).update(part.in_ or part.every or ())
                kind = self._procedure.items[part.items]
                if "actor" in kind.unique:
                    roles = [party for one in kind.creating() for party in one.by if party in self._procedure.roles]
                    wanted.offices |= dict.fromkeys(roles)
                for name, accepted in part.where.items():
                    wanted.values.setdefault((part.items, name), accepted)
            elif isinstance(part, RolesFilled):
                wanted.offices |= dict.fromkeys(part.filled)
            elif isinstance(part, TimeElapsed):
                wanted.waits = True
            elif isinstance(part, ValueIs):
                wanted.fields |= {name: None for name in part.value if name not in row.set}
                if part.is_ is not None:
                    wanted.values.setdefault((None, part.value[0]), part.is_)
