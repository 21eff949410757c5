"""Where a search acts: the real requirements, the real `decide` and `evolve`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..calendar import Calendar
from ..case import Appointment, Case, Item
from ..decision.commands import Add, Amend, Command, Fire, Open
from ..decision.decider import decide
from ..decision.events import Amended, Stamp
from ..decision.evolution import evolve
from ..decision.permission import TICK
from ..decision.view import CaseView, Context
from ..language import Procedure, Transition
from ..requirements import PluginRequirement, Requirement
from ..values import Actor, Basis, Matter
from .cluster import ANYONE
from .statements import Values

_WHO = Actor(ANYONE, body=ANYONE)
_BASIS = Basis("search")
_MATTER = Matter("search", "search")
_THEN = datetime(2000, 1, 1, tzinfo=UTC)
_NOW = datetime(9000, 1, 1, tzinfo=UTC)
"""Every act was done long ago: a wait that has begun is over."""
_CALENDAR = Calendar("search")


class Stage:
    """Somebody who holds every role does what rows permit; ``plugins`` answer, where any is asked."""

    def __init__(self, procedure: Procedure, *, plugins: Mapping[str, PluginRequirement] | None = None) -> None:
        self.procedure = procedure
        self._context = Context(
            now=_NOW,
            calendar=_CALENDAR,
            offices=tuple(Appointment(role, ANYONE, ANYONE, "search") for role in procedure.roles),
            plugins=plugins or {},
        )

    def holds(
        self,
        requires: Sequence[Requirement],
        case: Case | None,
        kind: str | None,
        item: Item | None,
        row: Transition,
        values: Values,
    ) -> bool:
        """Whether all of ``requires`` hold as the row would be fired."""
        if not requires:
            return True
        view = CaseView(
            procedure=self.procedure,
            case=case,
            kind=kind,
            item=item,
            row=row,
            values=values,
            actor=ANYONE,
            context=self._context,
        )
        return all(requirement.holds(view) for requirement in requires)

    def after(
        self,
        case: Case | None,
        kind: str | None,
        item: Item | None,
        row: Transition,
        values: Values,
        then: datetime = _THEN,
    ) -> Case:
        """The case after the row was fired ``then``; `Refused` when it may not be."""
        command: Command
        who = TICK if row.by_time else _WHO
        if case is None:
            command = Open(
                actor=who, basis=_BASIS, case_id="search", matter=_MATTER, values=values, trigger=row.trigger
            )
        elif kind is not None and item is None:
            command = Add(actor=who, basis=_BASIS, kind=kind, values=values, trigger=row.trigger)
        else:
            id_ = None if item is None else item.id
            command = Fire(actor=_WHO, basis=_BASIS, trigger=row.trigger, item=id_, values=values)
        return self._done(case, command, then)[0]

    def corrected(self, case: Case, item: Item | None, values: Values, then: datetime = _THEN) -> tuple[Case, str]:
        """The case after what was stated of ``item`` (``None``: of the case) was corrected, and in which role that is done;
        `Refused` or `InvalidInput` when it may not be."""
        id_ = None if item is None else item.id
        command = Amend(actor=_WHO, basis=_BASIS, item=id_, values=values, reason=_BASIS.text)
        return self._done(case, command, then)

    def restated(self, case: Case, item: Item | None, values: Values) -> Case:
        """The case after what was stated of ``item`` (``None``: of the case) was corrected, whether it may be or not."""
        event = Amended(item=None if item is None else item.id, values=values, reason=_BASIS.text, due=None)
        return evolve(case, event, self._stamp(case, _WHO, "", "", _THEN))

    def _done(self, case: Case | None, command: Command, then: datetime) -> tuple[Case, str]:
        decided = decide(self.procedure, case, command, self._context)
        stamp = self._stamp(case, command.actor, decided.role, decided.mandate, then)
        return evolve(case, decided.event, stamp), decided.role

    def _stamp(self, case: Case | None, who: Actor, role: str, mandate: str, then: datetime) -> Stamp:
        return Stamp(1 if case is None else case.version + 1, then, then, who, role, _BASIS, mandate, "search")
