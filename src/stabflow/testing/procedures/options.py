"""What may be done, as a step: by whom, with which values, and whether anything stands against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from ...case import Case
from ...decision.decider import Option, is_free
from ...decision.view import Context, holdings
from ...errors import InvalidInput
from ...language import Procedure
from ...values import Actor
from .cast import Cast
from .choosing import Chooser
from .fitting_values import FittingValues, asked_of
from .line import Line
from .setting import Setting
from .steps import Step, Verb


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


class Options:
    """Makes steps of what the rows permit."""

    def __init__(self, procedure: Procedure, cast: Cast, values: FittingValues) -> None:
        self._procedure = procedure
        self._cast = cast
        self._values = values

    def who(self, case: Case, context: Context, option: Option) -> list[Actor]:
        """Those who may be meant by the row, three at most of a role: who holds it, and who stands in the field."""
        found: list[Actor] = []
        held = holdings(case, context)
        fields = case.facts if option.item is None else case.items[option.item].fields
        for party in option.row.by:
            if party in self._procedure.roles:
                found += [Actor(one.actor, body=one.body) for one in held if one.role == party]
            elif party in fields:
                who = str(fields[party])
                bodies = [one.body for one in held if one.actor == who]
                found += [Actor(who, body=body) for body in bodies[:1] or [self._cast.person(who).body]]
        return found

    def is_free(self, case: Case, context: Context, step: Step) -> bool:
        """Whether nothing stands against a step; values that are not given count as given and fitting."""
        try:
            return is_free(self._procedure, case, step.command(), context)
        except InvalidInput:
            return False

    @staticmethod
    def step(
        line: Line, option: Option, by: Actor, values: Mapping[str, Any] | None = None, role: str | None = None
    ) -> Step:
        """The option as a step of ``by``; without values it is asked whether it could be done with any."""
        said: dict[str, Any] = {"by": by, "role": role, "values": values or {}, "case": line.id}
        if option.kind is not None and option.item is None:
            return Step(verb=Verb.ADD, what=option.kind, trigger=option.trigger, **said)
        return Step(verb=Verb.FIRE, what=option.trigger, item=option.item, **said)

    def fitting(self, case: Case, context: Context, option: Option, chooser: Chooser) -> dict[str, Any]:
        """Values that do for the option's row, as far as they are easily found."""
        preferred = asked_of(option.row.requires, option.kind)
        fitting = self._values.of(chooser, option.kind, option.row.set, context.now, preferred)
        return self._values.repaired(fitting, option.kind, option.row, stated_at(case, option))


def stated_at(case: Case, option: Option) -> Mapping[str, Any]:
    """What is stated where an option would be done: of the case, and of its item."""
    return case.facts if option.item is None else {**case.facts, **case.items[option.item].fields}
