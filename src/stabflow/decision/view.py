"""What a requirement sees: the case as it would be with the values of the act at hand, the acting person, the moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import attrs

from ..calendar import Calendar, Duration, Stop, due_time
from ..case import Act, Appointment, Case, Delegation, Entry, Item
from ..errors import Cure, PluginError
from ..language import Procedure, Transition
from ..requirements import PluginRequirement
from ..requirements.base import Literal
from ..standstill import since
from ..text import Text
from ..values import Value
from .bodies import required_body
from .checks import Check
from .curing import Cures


@attrs.frozen(kw_only=True, weakref_slot=False)
class Context:
    """All that `decide` may know besides the procedure, the case and the command.

    ``now`` is the time the act claims; ``offices`` are the standing offices of the procedure now in force, ``former`` the bodies
    for which each actor held one that has ended; ``elsewhere`` says in which roles each actor has acted in other cases on the
    same matter; ``plugins`` answer plugin requirements, and raise `PluginError` for anything but a blocker or ``None``;
    ``checks`` are asked of every command that a row permits.
    """

    now: datetime
    calendar: Calendar
    offices: tuple[Appointment, ...] = ()
    elsewhere: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    former: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    plugins: Mapping[str, PluginRequirement] = attrs.field(factory=dict)
    checks: tuple[Check, ...] = ()


def holdings(case: Case | None, context: Context) -> tuple[Appointment, ...]:
    """Everybody who holds a role: appointed in the case, or in a standing office; but nobody who was recused. Who only acts for a
    holder under a delegation holds nothing."""
    if case is None:
        return context.offices
    held = case.appointments + context.offices
    return tuple(one for one in held if one.actor not in case.recused) if case.recused else held


def delegations(procedure: Procedure, case: Case, context: Context) -> list[Delegation]:
    """The delegations that are worth something, now or later: not ended, not over, of a role that may be delegated and that the
    holder still holds by the mandate under which they delegated it."""
    wanted = [one for one in case.delegations if not one.ended and context.now < one.until]
    if not wanted:
        return wanted
    held = {(one.role, one.actor, one.mandate) for one in holdings(case, context)}
    return [
        one for one in wanted if (one.office, one.holder, one.under) in held and procedure.roles[one.office].delegable
    ]


def ties(procedure: Procedure, case: Case, context: Context) -> list[Delegation]:
    """The delegations that tie a delegate to the holder: those worth something, and those that were made use of."""
    live = delegations(procedure, case, context)
    return [*live, *(one for one in case.delegations if one.used and one not in live)]


def roles_held(case: Case | None, actor: str, context: Context) -> frozenset[str]:
    """The roles that ``actor`` holds, in the case or in standing offices."""
    return frozenset(one.role for one in holdings(case, context) if one.actor == actor)


def served_by(procedure: Procedure, case: Case, context: Context, persons: Collection[str]) -> frozenset[str]:
    """Those of whom ``persons`` are not independent, because they are their delegates."""
    if not case.delegations:
        return frozenset()
    return frozenset(one.holder for one in ties(procedure, case, context) if one.delegate in persons)


@attrs.define(kw_only=True, eq=False)
class CaseView:
    """A `stabflow.requirements.View` over a case (``None`` while it is being opened) and, on an item's row, the item.

    ``principal`` is for whom the actor acts under a delegation; "" where they act in their own right.
    ``partial``: what the act must state and was not given counts as not known yet, whatever an earlier act stated.
    """

    procedure: Procedure
    case: Case | None
    kind: str | None
    item: Item | None
    row: Transition
    values: Mapping[str, Value]
    actor: str
    context: Context
    partial: bool = False
    principal: str = ""
    _served: frozenset[str] | None = attrs.field(default=None, init=False)
    _actor_roles: frozenset[str] | None = attrs.field(default=None, init=False)

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.actor, self.principal) if self.principal else (self.actor,)

    @property
    def served(self) -> frozenset[str]:
        if self._served is None:
            case = self.case
            none = frozenset[str]()
            self._served = none if case is None else served_by(self.procedure, case, self.context, self.persons)
        return self._served

    @property
    def now(self) -> datetime:
        return self.context.now

    @property
    def actor_roles(self) -> frozenset[str]:
        if self._actor_roles is None:
            self._actor_roles = self.roles_of(self.actor)
        return self._actor_roles

    @property
    def case_state(self) -> str:
        return "" if self.case is None else self.case.state

    @property
    def case_step(self) -> str:
        return "" if self.case is None else self.procedure.states[self.case.state].step_word

    @property
    def own_id(self) -> str:
        return self.kind or ""

    def value(self, name: str) -> Value | None:
        given = self.values.get(name)
        if given is not None:
            return given
        if self.partial and name in self.row.set:
            return None
        found = self._stated(name)
        if found is not None:
            return found
        parameter = self.procedure.parameters.get(name)
        return parameter.value if parameter is not None and isinstance(parameter.value, int) else None

    def _stated(self, name: str) -> Value | None:
        own = None if self.item is None else self.item.fields.get(name)
        return self.case.facts.get(name) if own is None and self.case is not None else own

    def is_pending(self, name: str) -> bool:
        return name in self.row.set and name not in self.values

    def items(self, kind: str) -> Sequence[Item]:
        if self.case is None:
            return ()
        mine = self.item
        if mine is None or mine.kind != kind or not self.values:
            return self.case.of_kind(kind)
        changed = attrs.evolve(mine, fields={**mine.fields, **self.values})
        return tuple(changed if item is mine else item for item in self.case.of_kind(kind))

    def entered_case_state(self, state: str) -> Entry | None:
        return None if self.case is None else self.case.entered.get(state)

    def entered_own_state(self, state: str) -> Entry | None:
        if self.kind is None:
            return self.entered_case_state(state)
        return None if self.item is None else self.item.entered.get(state)

    def acts(self) -> Sequence[Act]:
        if self.kind is None:
            return () if self.case is None else self.case.acts
        return () if self.item is None else self.item.acts

    def owed_by(self) -> Sequence[str]:
        """Who held the duty for the breach of which time added the item."""
        return () if self.item is None else self.item.owed_by

    def own_field(self, name: str) -> Value | None:
        """Who stands in an actor field. Nobody gets out of one, nor whom they act for, by naming somebody else with this very
        act."""
        if name not in self.procedure.lifecycle(self.kind).fields:
            return None
        before = self._stated(name)
        return before if before in self.persons else self.value(name)

    def holders(self, role: str) -> Sequence[str]:
        held = [one for one in holdings(self.case, self.context) if one.role == role]
        defined = self.procedure.roles[role]
        if defined.body is not None:
            needed = required_body(self.procedure, {defined.body: self.value(defined.body)}, defined)
            if needed:
                held = [one for one in held if one.body == needed.partition(".")[2]]
        return [one.actor for one in held]

    def roles_of(self, actor: str) -> frozenset[str]:
        return roles_held(self.case, actor, self.context)

    def ever_held(self, actor: str) -> frozenset[str]:
        case = self.case
        if case is None:
            return self.roles_of(actor)
        held = self.roles_of(actor) | case.former.get(actor, frozenset())
        if actor in case.recused:
            held |= {one.role for one in self.context.offices if one.actor == actor}
        if case.delegations:
            tied = ties(self.procedure, case, self.context)
            held |= {one.office for one in tied if one.delegate == actor}
        return held

    def below(self, role: str) -> frozenset[str]:
        return self.procedure.subordinates.get(role, frozenset())

    def after(self, start: datetime, duration: Duration | str) -> datetime:
        limit, zone = self.procedure.duration(duration), self.procedure.zone
        own = self._own
        stops = () if own is None else own.stops
        if self.stopped_at is not None:
            stops = (*stops, Stop(self.stopped_at, max(self.stopped_at, self.now)))
        return due_time(start, limit, zone, self.context.calendar, since(stops, start)).at.astimezone(zone)

    @property
    def stopped_at(self) -> datetime | None:
        own = self._own
        return None if own is None else own.stopped_at

    @property
    def _own(self) -> Case | Item | None:
        return self.case if self.kind is None else self.item

    def plugin(self, name: str) -> PluginRequirement:
        found = self.context.plugins.get(name)
        if found is None:
            raise PluginError(
                name, "no plugin answers this requirement; open the engine with the plugin that brings it"
            )
        return found

    # Titles and cures are asked for only when something is blocked.

    @property
    def _cures(self) -> Cures:
        return Cures(self.procedure, self.case)

    def number_name(self, name: str) -> Text:
        return self.procedure.field_title(name, self.kind)

    def title_of_value(self, name: str, value: Value) -> Text:
        return self.procedure.choice_title(self.procedure.field_of(name, self.kind), value)

    def title_of_item_value(self, kind: str, field: str, value: Value) -> Text:
        return self.procedure.choice_title(self.procedure.items[kind].fields[field], value)

    def title_of_field(self, kind: str, field: str) -> Text:
        return self.procedure.field_title(field, kind)

    def title_of_kind(self, kind: str) -> Text:
        return self.procedure.kind_title(kind)

    def title_of_state(self, state: str, kind: str | None = None) -> Text:
        return self.procedure.state_title(state, kind)

    def title_of_role(self, role: str) -> Text:
        return self.procedure.role_title(role)

    def title_of_trigger(self, trigger: str) -> Text:
        return self.procedure.trigger_title(trigger, self.kind)

    def who_states(self, name: str) -> tuple[Cure, ...]:
        if name in self.row.set:
            return self.procedure.cures(self.row.by)
        for kind in dict.fromkeys((self.kind, None)):
            if self.procedure.lifecycle(kind).rows_setting(name):
                return self._cures.stating(name, kind, None if kind is None else self.item)
        return ()

    def who_lets_in(
        self, kind: str, waiting: Sequence[Item], states: Collection[str], where: Mapping[str, tuple[Literal, ...]]
    ) -> tuple[Cure, ...]:
        return self._cures.letting_in(kind, waiting, states, where)

    def who_lets_off(
        self,
        kind: str,
        items: Sequence[Item],
        fields: Collection[str],
        *,
        out_of: Collection[str],
        into: Collection[str],
    ) -> tuple[Cure, ...]:
        return self._cures.letting_off(kind, items, fields, out_of=out_of, into=into)

    def who_enters(self, states: Sequence[str]) -> tuple[Cure, ...]:
        return self._cures.entering(states)

    def who_appoints(self, role: str) -> tuple[Cure, ...]:
        return self.procedure.cures(self.procedure.roles[role].appointed_by)

    def who_else(self) -> tuple[Cure, ...]:
        return self.procedure.cures(self.row.by)
