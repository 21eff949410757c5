"""What to ask for next: on a lawful way on, or at random, by right and by wrong people."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import attrs

from ...case import Case, Item
from ...decision.commands import ASKING, Appoint, Command, Delegate
from ...decision.decider import Option, is_free, moves
from ...decision.view import CaseView, Context, delegations, holdings
from ...errors import InvalidInput
from ...language import Procedure, Transition
from ...requirements import ItemsAre, Requirement, RolesFilled, TimeElapsed, ValueIs
from ...values import Actor
from .choosing import Chooser
from .fitting_values import FittingValues, asked_of, stated_of
from .line import Line
from .run import matter_of
from .setting import Setting
from .steps import REASON, Step, Verb

TRIES = 6
"""So many sets of values are tried for an act that is to be lawful, and so many people to whom a role may be lent."""

ENOUGH, MANY = 2, 24
"""So many items of a kind are added of which nothing is wanted, and so many at most of one that is."""

WAITS = (timedelta(days=32), timedelta(hours=1), timedelta(days=1), timedelta(days=8))
"""How long is waited where something must lie for a while: long enough, or perhaps not."""

LITTLE, TICKING = timedelta(hours=1), timedelta(microseconds=1)
MOST_PASSED = timedelta(days=1)
"""So long ago acts are said to have happened, where as long ago as one likes may be said."""

JUNK = ("to_approved", "", "initialise", "may_go", "is_open", "add", "(new)")
"""Triggers that no row has: some of them the machines of `transitions` would have of themselves."""


@attrs.define
class Wanted:
    """What the rows that lead the case on still lack: items of these kinds, these values, holders, time."""

    kinds: dict[str, set[str]] = attrs.field(factory=dict)
    """Kinds, each with the states in which their items are wanted."""
    fields: dict[str, None] = attrs.field(factory=dict)
    offices: dict[str, None] = attrs.field(factory=dict)
    values: dict[tuple[str | None, str], Sequence[Any]] = attrs.field(factory=dict)
    waits: bool = False


class Ground(Protocol):
    """What steps are chosen for: a run, or a case as it stands."""

    @property
    def setting(self) -> Setting:
        """What it is about."""

    @property
    def procedure(self) -> Procedure:
        """The procedure of the cases."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tells the time."""

    def asked(self, line: Line) -> tuple[Procedure, Case, Context]:
        """A case, and all that a decision on it may know now."""

    def command(self, step: Step) -> Command:
        """The command by which a row is asked for."""


class Acting:
    """Chooses steps for a run."""

    def __init__(self, run: Ground, values: FittingValues) -> None:
        self._run = run
        self._procedure: Procedure = run.procedure
        self._cast = run.setting.cast
        self._values = values
        self._alphabets: dict[str | None, list[str]] = {}
        self._aims: dict[tuple[str, int], tuple[int, bool]] = {}

    # On a lawful way on

    def lawful(self, line: Line, chooser: Chooser) -> Step | None:
        """An act that nothing stands against, rather one that leads on; ``None`` where none was found."""
        procedure, case, context = self._run.asked(line)
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
        for by, role in chooser.mixed(self._who(case, context, option)):
            bare = self._step(line, option, by, role, {})
            if not self._is_free(case, context, bare):
                continue
            first = {**asked_of(option.row.requires, option.kind), **wanted.values}
            for attempt in range(TRIES if option.row.set else 1):
                values = self._values.of(
                    chooser, option.kind, option.row.set, context.now, first if attempt < TRIES - 2 else None
                )
                values = self._values.repaired(values, option.kind, option.row, _stated(case, option))
                step = attrs.evolve(bare, values=values)
                if self._is_free(case, context, step):
                    return step
            break
        return None

    def _who(self, case: Case, context: Context, option: Option) -> list[tuple[Actor, str | None]]:
        """Those who may be meant by the row, three at most of a role: who holds it, and who stands in the field."""
        found: list[tuple[Actor, str | None]] = []
        held = holdings(case, context)
        fields = case.facts if option.item is None else case.items[option.item].fields
        for party in option.row.by:
            if party in self._procedure.roles:
                found += [(Actor(one.actor, body=one.body), None) for one in held if one.role == party]
            elif party in fields:
                who = str(fields[party])
                bodies = [one.body for one in held if one.actor == who]
                found += [(Actor(who, body=body), None) for body in bodies[:1] or [self._cast.person(who).body]]
        return found

    def _is_free(self, case: Case, context: Context, step: Step) -> bool:
        """Whether nothing stands against a step; values that are not given count as given and fitting."""
        try:
            return is_free(self._procedure, case, self._run.command(step), context)
        except InvalidInput:
            return False

    def _step(self, line: Line, option: Option, by: Actor, role: str | None, values: Mapping[str, Any]) -> Step:
        if option.kind is not None and option.item is None:
            return Step(
                verb=Verb.ADD, by=by, role=role, what=option.kind, trigger=option.trigger, values=values, case=line.id
            )
        return Step(
            verb=Verb.FIRE, by=by, role=role, what=option.trigger, item=option.item, values=values, case=line.id
        )

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

    # At random

    def wild(self, line: Line, chooser: Chooser) -> Step:
        """Some trigger of the machine's real alphabet, or none of it, by anybody."""
        case = line.value
        kinds: list[str | None] = [None, *self._procedure.items]
        kind = chooser.one(kinds)
        items: list[str | None] = [] if kind is None else [one.id for one in case.of_kind(kind)]
        item = chooser.one(items or [None])
        alphabet = self._alphabet(kind)
        trigger = chooser.one(JUNK) if chooser.seldom(12) or not alphabet else chooser.one(alphabet)
        by, role = chooser.one(self._cast.everybody), self._some_role(chooser)
        rows = [row for row in self._procedure.lifecycle(kind).transitions if row.trigger == trigger]
        values = self._some_values(chooser, kind, rows[0].set if rows else ())
        if kind is not None and (item is None or (rows and rows[0].creates)):
            named = trigger if chooser.seldom(2) else None
            return Step(verb=Verb.ADD, by=by, role=role, what=kind, trigger=named, values=values, case=line.id)
        return Step(verb=Verb.FIRE, by=by, role=role, what=trigger, item=item, values=values, case=line.id)

    def _alphabet(self, kind: str | None) -> list[str]:
        """What the machine of `transitions` really answers to."""
        if kind not in self._alphabets:
            self._alphabets[kind] = sorted(self._procedure.machine(kind).events)
        return self._alphabets[kind]

    def done_by(self, line: Line, option: Option, who: Actor, chooser: Chooser) -> Step:
        """An option as a step of ``who``, with values that fit."""
        _, case, context = self._run.asked(line)
        return self._step(line, option, who, None, self._fitting(case, context, option, chooser))

    def by_the_right(self, line: Line, option: Option, chooser: Chooser) -> Iterator[Step]:
        """An option as a step of each whom the row means, with values that fit."""
        _, case, context = self._run.asked(line)
        for by, role in self._who(case, context, option):
            yield self._step(line, option, by, role, self._fitting(case, context, option, chooser))

    def near(self, line: Line, chooser: Chooser) -> Step | None:
        """An act that rows permit from here, by the right person or another, with fitting values or nearly: what a guard alone
        keeps from being done."""
        procedure, case, context = self._run.asked(line)
        options = [one for one in moves(procedure, case) if one.row.by]
        if not options:
            return None
        option = chooser.one(options)
        right = self._who(case, context, option)
        who = chooser.one(right)[0] if right and not chooser.seldom(2) else chooser.one(self._cast.everybody)
        role = chooser.one(option.row.by) if chooser.seldom(3) else self._some_role(chooser)
        return self._step(line, option, who, role, self._nearly_fitting(case, context, option, chooser))

    def _nearly_fitting(self, case: Case, context: Context, option: Option, chooser: Chooser) -> dict[str, Any]:
        """Values that do for the row as a rule, else such as anybody might state."""
        if chooser.seldom(3):
            return self._some_values(chooser, option.kind, option.row.set)
        return self._fitting(case, context, option, chooser)

    def _fitting(self, case: Case, context: Context, option: Option, chooser: Chooser) -> dict[str, Any]:
        preferred = asked_of(option.row.requires, option.kind)
        fitting = self._values.of(chooser, option.kind, option.row.set, context.now, preferred)
        return self._values.repaired(fitting, option.kind, option.row, _stated(case, option))

    def _some_values(self, chooser: Chooser, kind: str | None, names: Sequence[str]) -> dict[str, Any]:
        values = self._values.of(chooser, kind, names, self._run.clock())
        return self._values.spoilt(chooser, kind, values) if chooser.seldom(6) else values

    def _some_role(self, chooser: Chooser) -> str | None:
        return chooser.one([*self._procedure.roles]) if chooser.seldom(8) else None

    def amending(self, line: Line, chooser: Chooser) -> Step:
        """A correction of something stated, rather of what was stated last, by who stated it or somebody else."""
        case = line.value
        things: list[Item | None] = [None, *(one for one in case.items.values() if one.fields)]
        things.sort(key=lambda one: _last_act(case if one is None else one), reverse=True)
        item = things[0] if not chooser.seldom(3) else chooser.one(things)
        acts = case.acts if item is None else item.acts
        by = self._cast.person(chooser.one(acts).actor) if acts and not chooser.seldom(2) else None
        kind = None if item is None else item.kind
        names = stated_of(case, item)
        values = self._some_values(chooser, kind, [chooser.one(names)] if names else [])
        what = None if item is None else item.id
        who = by or chooser.one(self._cast.everybody)
        return Step(verb=Verb.AMEND, by=who, what=what, values=values, case=line.id)

    def appointing(self, line: Line, chooser: Chooser) -> Step:
        """An appointment or its end, mostly by who may appoint."""
        _, case, context = self._run.asked(line)
        roles = self._procedure.roles
        office = chooser.one(
            [name for name, role in roles.items() if not role.standing or chooser.seldom(8)] or [*roles]
        )
        parties = self._procedure.roles[office].appointed_by
        able = [Actor(one.actor, body=one.body) for one in holdings(case, context) if one.role in parties]
        by = chooser.one(able) if able and not chooser.seldom(3) else chooser.one(self._cast.everybody)
        ends = chooser.seldom(3)
        held = [self._cast.person(one.actor) for one in case.appointments if one.role == office]
        whom = chooser.one(held) if ends and held else chooser.one(self._cast.people)
        return Step(verb=Verb.RELIEVE if ends else Verb.APPOINT, by=by, what=office, person=whom, case=line.id)

    def lending(self, line: Line, chooser: Chooser) -> Step | None:
        """A delegation or its end, or a recusal, mostly by who holds the role."""
        _, case, context = self._run.asked(line)
        held = holdings(case, context)
        if not held:
            return None
        delegable = [one for one in held if self._procedure.roles[one.role].delegable]
        one = chooser.one(held if not delegable or chooser.seldom(4) else delegable)
        by = Actor(one.actor, body=one.body) if not chooser.seldom(3) else chooser.one(self._cast.everybody)
        how = chooser.one(("delegate", "recuse", "end"))
        if how == "recuse":
            who = Actor(one.actor, body=one.body)
            return Step(verb=Verb.RECUSE, by=by, what=one.role, person=who, case=line.id)
        lent = delegations(self._procedure, case, context)
        if how == "end" and lent:
            loan = chooser.one(lent)
            delegate = Actor(loan.delegate, body=loan.body)
            return Step(verb=Verb.END_DELEGATION, by=by, what=loan.office, person=delegate, case=line.id)
        until = (context.now + timedelta(days=chooser.one((30, 1, 0, 400)))).date()
        since = (context.now + timedelta(days=2)).date() if chooser.seldom(4) else None
        office = one.role
        if lent and chooser.seldom(3):  # on to somebody else, what is only lent
            loan = chooser.one(lent)
            office, by = loan.office, Actor(loan.delegate, body=loan.body)
        people = [Actor(whom.id, body=by.body) for whom in chooser.mixed(self._cast.people)]
        for to in people[: 1 if chooser.seldom(3) else TRIES]:
            asked = Delegate(actor=by, basis=ASKING, office=office, to=to, since=since, until=until, reason=REASON)
            with contextlib.suppress(InvalidInput):
                if is_free(self._procedure, case, asked, context):
                    break
        return Step(verb=Verb.DELEGATE, by=by, what=office, person=to, since=since, until=until, case=line.id)

    def for_somebody(self, line: Line, chooser: Chooser) -> Step | None:
        """What a delegate may do, or might have done while it lasted."""
        procedure, case, context = self._run.asked(line)
        if not case.delegations:
            return None
        loan = chooser.one(case.delegations)
        options = [one for one in moves(procedure, case) if loan.office in one.row.by]
        if not options:
            return None
        option = chooser.one(options)
        values = self._nearly_fitting(case, context, option, chooser)
        return self._step(line, option, Actor(loan.delegate, body=loan.body), loan.office, values)

    def clock(self, line: Line, chooser: Chooser) -> Step:
        """A clock stopped or set going again, mostly where and by whom that may be."""
        _, case, context = self._run.asked(line)
        item = chooser.one([None, *case.items.values()])
        state = case.state if item is None else item.state
        by = self._procedure.state_of(state, None if item is None else item.kind).clock_stopped_by
        able = [Actor(one.actor, body=one.body) for one in holdings(case, context) if one.role in by]
        who = chooser.one(able) if able and not chooser.seldom(3) else chooser.one(self._cast.everybody)
        stands = case.stopped_at if item is None else item.stopped_at
        verb = Verb.RESUME_CLOCK if (stands is not None) is not chooser.seldom(4) else Verb.STOP_CLOCK
        return Step(verb=verb, by=who, what=None if item is None else item.id, case=line.id)

    def perhaps_late(self, line: Line, step: Step, chooser: Chooser) -> Step:
        """The step, now and then entered late: for since the last act, as long ago as may be claimed, longer, or to come."""
        passed = self._run.clock() - line.value.updated_at
        if not chooser.seldom(12 if passed <= LITTLE else 3):
            return step
        allowed = self._run.setting.late_entry or MOST_PASSED
        ago = [min(passed, LITTLE), min(passed, allowed), passed + TICKING, -TICKING]
        if passed > allowed:
            ago += [passed, allowed + TICKING]
        return attrs.evolve(step, back=chooser.one(ago))

    def judging_a_breach(self, line: Line, chooser: Chooser) -> Step | None:
        """A breach on record confirmed or voided: by those above, by those whom it concerns, or by anybody."""
        breaches = list(line.value.breaches.values())
        if not breaches:
            return None
        verb = chooser.one((Verb.CONFIRM_BREACH, Verb.VOID_BREACH))
        breach = chooser.one(breaches)
        above = [one for role in breach.above for one in self._cast.holders[role]]
        by = chooser.one(chooser.one([one for one in (above, breach.holders, self._cast.everybody) if one]))
        return Step(verb=verb, by=by, version=breach.version, case=line.id)

    def office(self, chooser: Chooser) -> Step | None:
        """A standing office filled or ended."""
        standing = [name for name, role in self._procedure.roles.items() if role.standing]
        if not standing:
            return None
        role = chooser.one(standing)
        verb = Verb.WITHDRAW if chooser.seldom(2) else Verb.CONSTITUTE
        people = self._cast.holders[role] if not chooser.seldom(3) else self._cast.people
        return Step(verb=verb, what=role, person=chooser.one(people))

    def opening(self, number: int, chooser: Chooser, trigger: str, case_id: str, *, wild: bool = False) -> Step:
        """A case opened by the creating row ``trigger``, by somebody who may, or, where it is ``wild``, by anybody."""
        row = next(one for one in self._procedure.case.creating() if one.trigger == trigger)
        holders = [one for party in row.by for one in self._cast.holders.get(party, ())]
        by = chooser.one(self._cast.everybody if wild or not holders else holders)
        first = asked_of(row.requires, None)
        values = self._values.of(chooser, None, row.set, self._run.clock(), first)
        return Step(
            verb=Verb.OPEN,
            proved=self._run.setting.proved,
            by=by,
            trigger=row.trigger,
            case=case_id,
            matter=matter_of(number),
            values=values,
        )


def _last_act(thing: Case | Item) -> int:
    return max((act.version for act in thing.acts), default=0)


def _stated(case: Case, option: Option) -> Mapping[str, Any]:
    """What is stated where an option would be done: of the case, and of its item."""
    return case.facts if option.item is None else {**case.facts, **case.items[option.item].fields}
