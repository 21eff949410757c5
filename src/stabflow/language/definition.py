"""A procedure: examined, compiled, and identified by the digest of its canonical form."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

import attrs

from .. import canonical
from ..case import kind_of
from ..errors import Cure, InvalidInput, ProcedureError, near_miss
from ..requirements import CaseIs
from ..text import Text, joined, same
from ..zones import zone
from . import machine as _machine
from .canonical_form import canonical_bytes
from .lifecycle import STEP_TITLES, Field, FieldType, Preset, State, Step, Transition
from .notice_rules import NoticeRule, Occasion
from .parts import Draft, titled
from .static import faults
from .static_roles import below
from .structure import form_faults


@attrs.frozen(kw_only=True, eq=False)
class Procedure(Draft):
    """A named, versioned definition of who may do what next, on what evidence, by when, under which clause.

    Making one examines it: every static fault is raised at once as `ProcedureError`. Two procedures are the same when
    their ``digest`` is.
    """

    def __attrs_post_init__(self) -> None:
        found = form_faults(self) or tuple(faults(self))
        if found:
            raise ProcedureError(found, what=f"procedure {self}")

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Procedure) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        return f"{self.id}@{self.version}"

    @functools.cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical form, titles included."""
        return canonical.sha256(self.canonical)

    @functools.cached_property
    def canonical(self) -> bytes:
        """The canonical form in canonical bytes: what a store keeps, and `stabflow.language.from_canonical` reads back."""
        return canonical_bytes(self)

    @functools.cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which days end."""
        return zone(self.timezone or "UTC")

    @functools.cached_property
    def tables(self) -> Mapping[str | None, _machine.Table]:
        """For the case (``None``) and each kind: state → trigger → where it leads, as the machine answered."""
        return MappingProxyType({kind: _machine.compile_table(cycle) for kind, cycle in self.lifecycles()})

    def machine(self, kind: str | None = None) -> _machine.Machine:
        """A real ``transitions`` machine of the rows of ``kind`` (``None``: of the case), for diagrams and reading."""
        if kind is not None and kind not in self.items:
            raise InvalidInput.at("kind", f"unknown kind {kind!r}", near_miss(kind, self.items))
        return _machine.build(self.lifecycle(kind))

    @functools.cached_property
    def subordinates(self) -> Mapping[str, frozenset[str]]:
        """For each role, the roles it supervises, directly or through others."""
        return MappingProxyType({role: below(self, role) for role in self.roles})

    @functools.cached_property
    def separated(self) -> Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]]:
        """For each role, the roles it is separated from, each once for what it is across, under every clause that says so."""
        found: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {role: {} for role in self.roles}
        for one in self.separations:
            for role, other in itertools.permutations(one.roles, 2):
                clauses = found[role].get((other, one.across), ())
                found[role][other, one.across] = tuple(dict.fromkeys((*clauses, *one.clause)))
        return MappingProxyType(
            {role: tuple((*apart, clauses) for apart, clauses in others.items()) for role, others in found.items()}
        )

    @functools.cached_property
    def apart_from(self) -> Mapping[str, frozenset[str]]:
        """For each role that is separated from any, those."""
        apart = {role: frozenset(other for other, _, _ in others) for role, others in self.separated.items()}
        return MappingProxyType({role: others for role, others in apart.items() if others})

    @functools.cached_property
    def presets(self) -> Mapping[str, Sequence[tuple[str, Preset]]]:
        """What is laid out as the case enters a state, by the state: each kind with its preset, in their order."""
        found: dict[str, list[tuple[str, Preset]]] = {}
        for kind, one in self.items.items():
            if one.preset is not None:
                for state in dict.fromkeys(one.preset.at):
                    found.setdefault(state, []).append((kind, one.preset))
        return MappingProxyType(found)

    @functools.cached_property
    def notices_on(self) -> Mapping[tuple[Occasion, str | None], Sequence[NoticeRule]]:
        """What is to be told, by the occasion and by what it happens to: a kind, or the case (``None``)."""
        found: dict[tuple[Occasion, str | None], list[NoticeRule]] = {}
        for rule in self.notices:
            for kind in (None, *self.items):
                if rule.speaks_of(kind):
                    found.setdefault((rule.on, kind), []).append(rule)
        return MappingProxyType(found)

    @functools.cached_property
    def looks_across(self) -> bool:
        """Whether what was done in other cases on the same matter counts in a case."""
        return any(separation.across == "matter" for separation in self.separations)

    # Titles, for people.

    def role_title(self, role: str) -> Text:
        """The title of a role; an actor field reads as its own title."""
        found = self.roles.get(role)
        return found.title if found is not None else self._any_field_title(role)

    def _any_field_title(self, name: str) -> Text:
        for _, cycle in self.lifecycles():
            if name in cycle.fields:
                return titled(name, cycle.fields[name].title)
        return titled(name, None)

    def kind_title(self, kind: str) -> Text:
        """The title of a kind of item."""
        return titled(kind, self.items[kind].title)

    def item_title(self, item: str) -> Text:
        """An item by its id; Chinese names its kind first."""
        kind = kind_of(item)
        return Text(item, f"{self.kind_title(kind).zh}{item}") if kind in self.items else same(item)

    def state_title(self, state: str, kind: str | None = None) -> Text:
        """The title of a state of ``kind`` (``None``: of the case), or of a step."""
        found = self.lifecycle(kind).states.get(state)
        if found is None and kind is None and state in {step.value for step in Step}:
            return STEP_TITLES[Step(state)]
        return titled(state, None if found is None else found.title)

    def trigger_title(self, trigger: str, kind: str | None = None) -> Text:
        """The title of a row, by its trigger."""
        for row in self.lifecycle(kind).transitions:
            if row.trigger == trigger and row.title is not None:
                return row.title
        return titled(trigger, None)

    def field_title(self, name: str, kind: str | None = None) -> Text:
        """The title of a field, fact or parameter."""
        field = self.field_of(name, kind)
        if field is not None:
            return titled(name, field.title)
        parameter = self.parameters.get(name)
        return titled(name, None if parameter is None else parameter.title)

    def choice_title(self, field: Field | None, value: object) -> Text:
        """How a value of ``field`` reads: a choice by its title, yes and no in words."""
        if isinstance(value, bool):
            return Text("yes", "是") if value else Text("no", "否")
        if isinstance(value, tuple):
            return joined([self.choice_title(field, one) for one in value], Text("; ", "；"))
        if field is not None and field.type is FieldType.CHOICE and field.of is not None:
            entry = self.lists[field.of].get(str(value))
            if entry is not None:
                return entry.title
        return same(value)

    def cures(self, parties: tuple[str, ...] | list[str]) -> tuple[Cure, ...]:
        """The roles (or actor fields) as those who can cure something, each once."""
        return tuple(Cure(party, self.role_title(party)) for party in dict.fromkeys(parties))

    def goes_on_in(self, row: Transition, state: str) -> bool:
        """Whether a row of an item can be fired while the case stands in ``state``: in a final one only where a requirement of it
        names it."""
        return not self.states[state].final or any(self.is_named(one, state) for one in _places(row))

    def may_fire_in(self, row: Transition, state: str) -> bool:
        """Whether a row of an item may be fired while the case stands in ``state``, as far as that hangs on where it stands."""
        outright = (one for one in _places(row) if not one.when)
        return self.goes_on_in(row, state) and all(self.is_named(one, state) for one in outright)

    def is_named(self, one: CaseIs, state: str) -> bool:
        """Whether ``one`` names ``state`` or its step."""
        return one.names(state, self.states[state].step_word)

    def state_of(self, state: str, kind: str | None = None) -> State:
        """The definition of a state."""
        return self.lifecycle(kind).states[state]


def _places(row: Transition) -> list[CaseIs]:
    """Where the case must stand for ``row``, each on its conditions."""
    return [one for one in row.requires if isinstance(one, CaseIs)]
