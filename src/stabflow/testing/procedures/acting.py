"""What to ask for next: on a lawful way on, or at random, by right and by wrong people."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import attrs

from ...case import Case, Item
from ...decision.commands import ASKING, Delegate
from ...decision.decider import Option, is_free, moves
from ...decision.view import Context, delegations, holdings
from ...errors import InvalidInput
from ...language import Procedure
from ...values import Actor
from .choosing import Chooser
from .fitting_values import FittingValues, asked_of, stated_of
from .line import Line
from .onward import TRIES, Onward
from .options import Ground, Options
from .setting import MATTER
from .steps import REASON, Step, Verb

LITTLE, TICKING = timedelta(hours=1), timedelta(microseconds=1)
MOST_PASSED = timedelta(days=1)
"""So long ago acts are said to have happened, where as long ago as one likes may be said."""

JUNK = ("to_approved", "", "initialise", "may_go", "is_open", "add", "(new)")
"""Triggers that no row has: some of them the machines of `transitions` would have of themselves."""


class Acting:
    """Chooses steps for a run."""

    def __init__(self, run: Ground, values: FittingValues) -> None:
        self._run = run
        self._procedure: Procedure = run.procedure
        self._cast = run.setting.cast
        self._values = values
        self._alphabets: dict[str | None, list[str]] = {}
        self._options = Options(run.procedure, run.setting.cast, values)
        self._onward = Onward(run, values, self._options)

    def lawful(self, line: Line, chooser: Chooser) -> Step | None:
        """An act that nothing stands against, rather one that leads on; ``None`` where none was found."""
        return self._onward.lawful(line, chooser)

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
        return self._options.step(line, option, who, self._options.fitting(case, context, option, chooser))

    def by_the_right(self, line: Line, option: Option, chooser: Chooser) -> Iterator[Step]:
        """An option as a step of each whom the row means, with values that fit."""
        _, case, context = self._run.asked(line)
        for by in self._options.who(case, context, option):
            yield self._options.step(line, option, by, self._options.fitting(case, context, option, chooser))

    def near(self, line: Line, chooser: Chooser) -> Step | None:
        """An act that rows permit from here, by the right person or another, with fitting values or nearly: what a guard alone
        keeps from being done."""
        procedure, case, context = self._run.asked(line)
        options = [one for one in moves(procedure, case) if one.row.by]
        if not options:
            return None
        option = chooser.one(options)
        right = self._options.who(case, context, option)
        who = chooser.one(right) if right and not chooser.seldom(2) else chooser.one(self._cast.everybody)
        role = chooser.one(option.row.by) if chooser.seldom(3) else self._some_role(chooser)
        return self._options.step(line, option, who, self._nearly_fitting(case, context, option, chooser), role)

    def _nearly_fitting(self, case: Case, context: Context, option: Option, chooser: Chooser) -> dict[str, Any]:
        """Values that do for the row as a rule, else such as anybody might state."""
        if chooser.seldom(3):
            return self._some_values(chooser, option.kind, option.row.set)
        return self._options.fitting(case, context, option, chooser)

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
        return self._options.step(line, option, Actor(loan.delegate, body=loan.body), values, loan.office)

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

    def opening(self, chooser: Chooser, trigger: str, case_id: str, *, wild: bool = False) -> Step:
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
            matter=MATTER,
            values=values,
        )


def _last_act(thing: Case | Item) -> int:
    return max((act.version for act in thing.acts), default=0)
