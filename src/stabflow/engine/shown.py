"""A case as one audience is shown it: the door through which every page and every program comes that prints one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from ..case import Case, Delegation
from ..decision.disclosure import Audience, Disclosure, check_audience
from ..decision.duties import Duty
from ..decision.events import Event, Stamp
from ..errors import Blocker
from ..history.record import Record
from ..history.shown import for_public
from ..language import Procedure, Transition
from ..language.machine import NEW
from ..reasoning.planned import Plan, Prospect
from ..text import Text
from ..values import Actor

if TYPE_CHECKING:
    from .handle import CaseHandle

_UNTOLD = Text(
    "the way rests on numbers of people that are not shown, so that it is not told",
    "后续路径取决于不予公开的人数，故不予说明",
)


class ShownCase:
    """What ``audience`` is shown of a case, asked as a `CaseHandle` is asked. Officials are shown everything."""

    def __init__(self, handle: CaseHandle, audience: Audience) -> None:
        check_audience(audience)
        self._handle = handle
        self._records: tuple[Record, ...] = ()
        self._disclosure = Disclosure({}, {}, {})
        self.audience = audience
        self.id = handle.id

    def __repr__(self) -> str:
        return f"<ShownCase {self.id} to {self.audience}>"

    def _withheld(self) -> Disclosure | None:
        """What is kept back now; ``None`` where nothing is."""
        if self.audience == "official":
            return None
        if not self._records or self._records[-1].hash != self._handle.value.head:
            self._records = self._handle.history()  # once, so that nothing is shown that was not looked at
            self._disclosure = Disclosure.of(self._handle.procedures(), self._told())
        return None if self._disclosure.is_whole else self._disclosure

    def _told(self) -> Iterator[tuple[Event, Stamp]]:
        return ((record.event, record.stamp) for record in self._records)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the case is kept back."""
        return self._withheld() is None

    @property
    def value(self) -> Case:
        """The case as the store has it now."""
        withheld = self._withheld()
        if withheld is None:
            return self._handle.value
        return withheld.case(self._told())

    @property
    def state(self) -> str:
        """Where the case stands now."""
        return self._handle.state

    @property
    def procedure(self) -> Procedure:
        """The procedure the case runs under."""
        return self._handle.procedure

    def procedures(self) -> Mapping[str, Procedure]:
        """The versions under which the case has run, by digest, the first one first."""
        return self._handle.procedures()

    def reasons(self, found: Sequence[Blocker]) -> tuple[Blocker, ...]:
        """What is told of ``found``, which the gate has against going ahead on the strength of this case."""
        withheld = self._withheld()
        return tuple(found) if withheld is None else withheld.reasons(self.procedure, self.state, found)

    def history(self) -> tuple[Record, ...]:
        """Every record of the case, in order."""
        withheld = self._withheld()
        if withheld is None:
            return self._handle.history() if self.audience == "official" else self._records
        return tuple(for_public(record, withheld) for record in self._records)

    def duties(self) -> tuple[Duty, ...]:
        """Who owes what in this case, and by when."""
        return self._handle.duties()

    def delegations(self) -> tuple[Delegation, ...]:
        """Who acts for whom, now or from a later day on."""
        return self._handle.delegations()

    def blockers(
        self, trigger: str, /, *, by: Actor, item: str | None = None, role: str | None = None
    ) -> tuple[Blocker, ...]:
        """What stands against firing ``trigger`` now."""
        found = self._handle.blockers(trigger, by=by, item=item, role=role)
        withheld = self._withheld()
        if withheld is None:
            return found
        case, procedure = self._handle.value, self.procedure
        kind = None if item is None else case.items[item].kind
        state = case.state if item is None else case.items[item].state
        move = procedure.tables[kind][state].get(trigger)
        return withheld.blockers(procedure, kind, item, None if move is None else move.row, found)

    def add_blockers(
        self, kind: str, /, *, by: Actor, trigger: str | None = None, role: str | None = None
    ) -> tuple[Blocker, ...]:
        """What stands against adding an item of ``kind`` now."""
        found = self._handle.add_blockers(kind, by=by, trigger=trigger, role=role)
        withheld = self._withheld()
        if withheld is None:
            return found
        procedure = self.procedure
        moves = procedure.tables[kind][NEW]
        rows: list[Transition] = [move.row for name, move in moves.items() if trigger in (None, name)]
        told = [withheld.blockers(procedure, kind, None, row, found) for row in rows]
        return max(told, key=len, default=found)

    def plan(self, goal: str, /) -> Plan:
        """The shortest lawful way to ``goal``; where it hangs on numbers that are not shown, that it does."""
        withheld, procedure = self._withheld(), self.procedure
        found = self._handle.plan(goal)
        if withheld is None:
            return found
        if withheld.rests(procedure):
            return attrs.evolve(found, prospect=Prospect.OPEN, acts=(), reason=_UNTOLD, blockers=())
        return attrs.evolve(found, blockers=withheld.blockers(procedure, None, None, None, found.blockers))
