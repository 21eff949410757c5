"""What stood when an act was done, and what is said of one that should not have been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ...case import Appointment, Case, Item
from ...decision.events import Added, Event, ItemMoved, Moved, Opened
from ...decision.view import CaseView, Context
from ...history.record import Record
from ...language import Procedure, Transition
from ...text import Text
from ...values import Value

Fired = Opened | Moved | ItemMoved | Added
"""What fires a row."""


@attrs.frozen
class Broken:
    """Something that must hold, and does not: ``rule`` names it. ``refusable``: the act should have been refused."""

    rule: str
    text: Text
    refusable: bool = False


@attrs.frozen(kw_only=True)
class Standing:
    """What stood when an act was done: the case before it, who held an office, and what a decision may know."""

    procedure: Procedure
    before: Case | None
    context: Context

    def row_of(self, event: Fired) -> Transition | None:
        """The row that an event says was fired, as the author wrote it."""
        kind = kind_of_event(event, self.before)
        cycle = self.procedure.lifecycle(kind)
        source = getattr(event, "source", None)
        for row in cycle.transitions:
            if row.trigger == event.trigger and (row.creates if source is None else source in cycle.sources(row)):
                return row
        return None

    def item_of(self, event: Event) -> Item | None:
        """The item an event is about, as it was before."""
        name = getattr(event, "item", None)
        return None if name is None or self.before is None else self.before.items.get(name)

    def view(self, record: Record, row: Transition, values: Mapping[str, Value], principal: str = "") -> CaseView:
        """What the requirements of ``row`` saw."""
        item = self.item_of(record.event)
        return CaseView(
            procedure=self.procedure,
            case=self.before,
            kind=kind_of_event(record.event, self.before),
            item=item,
            row=row,
            values=values,
            actor=record.actor.id,
            context=self.context,
            principal=principal,
        )

    def held(self) -> Iterator[Appointment]:
        """Who held a role, in the case or in a standing office, and was not recused."""
        offices = self.context.offices
        if self.before is None:
            yield from offices
            return
        for one in (*self.before.appointments, *offices):
            if one.actor not in self.before.recused:
                yield one

    def principal(self, record: Record) -> str:
        """For whom the actor acted, where they did not hold the role themselves for that body, and it was delegated to them."""
        role, before = record.role, self.before
        mine_own = (role, record.actor.id, record.actor.body)
        if before is None or any((one.role, one.actor, one.body) == mine_own for one in self.held()):
            return ""
        held = {(one.role, one.actor, one.mandate) for one in self.held()}
        for one in before.delegations:
            mine = (one.office, one.delegate, one.body) == mine_own
            lasts = not one.ended and one.since <= record.occurred_at < one.until
            delegable = one.office in self.procedure.roles and self.procedure.roles[one.office].delegable
            if mine and lasts and delegable and (one.office, one.holder, one.under) in held:
                return one.holder
        return ""


def kind_of_event(event: Event, before: Case | None) -> str | None:
    """The kind of item that an event is about; ``None`` where it is about the case."""
    if isinstance(event, Added):
        return event.kind
    item = getattr(event, "item", None)
    return before.items[item].kind if item is not None and before is not None and item in before.items else None
