"""What a procedure is made of besides its lifecycles, and the draft of one: everything it says, not yet examined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from ..calendar import Duration
from ..case import frozen
from ..errors import InvalidInput
from ..requirements import Requirement
from ..requirements.base import duration_or_name, names, requirements
from ..text import Text, same
from .lifecycle import Field, Lifecycle, Preset, State, Transition, in_order
from .notice_rules import NoticeRule


@attrs.frozen(kw_only=True)
class Clause:
    """A clause of the source. ``deviation``: why nothing in the procedure carries it. ``note``: where the source contradicts
    itself, misprints or leaves a blank; that is told, and not repaired."""

    title: Text | None = None
    deviation: str | Text | None = None
    note: Text | None = None


ANY = "*"
"""Stands for whatever there is."""


@attrs.frozen(kw_only=True)
class ListEntry:
    """Something that can be chosen. ``aliases``: other names the source uses for it; ``of``: the ``list.entry`` it belongs to, or
    `ANY`: where a role acts for the body that it belongs to, that is any."""

    title: Text
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=names)
    of: str | None = None


def _int_or_duration(value: int | str | Duration) -> int | Duration:
    return Duration.parse(value) if isinstance(value, str) else value


@attrs.frozen(kw_only=True)
class Parameter:
    """A number or duration that the source does not fix: where it comes from, and whether that was verified."""

    value: int | Duration = attrs.field(converter=_int_or_duration)
    verified: bool
    title: Text | None = None
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    source: str | Text | None = None


@attrs.frozen(kw_only=True)
class Role:
    """An office. ``appointed_by``: the roles that appoint its holder in a case (none: a standing office, constituted outside);
    ``supervises``: the roles below it; ``body``: the ``list.entry``, or the fact, that says for which body the holder must act;
    ``holders``: how many seats; the rest belongs to deadlines and deputies."""

    title: Text
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=names)
    supervises: tuple[str, ...] = attrs.field(default=(), converter=names)
    appointed_by: tuple[str, ...] = attrs.field(default=(), converter=names)
    body: str | None = None
    holders: int | None = None
    responds_within: Duration | str | None = attrs.field(default=None, converter=duration_or_name)
    vacant_within: Duration | str | None = attrs.field(default=None, converter=duration_or_name)
    delegable: bool = False

    @property
    def standing(self) -> bool:
        """Whether the role is a standing office, filled outside any case."""
        return not self.appointed_by


@attrs.frozen(kw_only=True)
class Separation:
    """Nobody acts in two of ``roles`` in one case, or, ``across = "matter"``, in any case on the same matter."""

    roles: tuple[str, ...] = attrs.field(converter=names)
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    across: str = "case"


@attrs.frozen(kw_only=True)
class ItemKind(Lifecycle):
    """A kind of item: a lifecycle with a title. ``unique``: no two of the same values (``"actor"``: of the same acting person)
    since the case entered its present state."""

    title: Text
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    preset: Preset | None = None
    unique: tuple[str, ...] = attrs.field(default=(), converter=names)


def _pair(value: Iterable[Requirement | Iterable[Requirement]]) -> tuple[tuple[Requirement, ...], ...]:
    return tuple(requirements(side) for side in value)


def _lists(value: Mapping[str, Mapping[str, ListEntry]]) -> Mapping[str, Mapping[str, ListEntry]]:
    return frozen({name: frozen(entries) for name, entries in value.items()})


@attrs.frozen(kw_only=True)
class Gate:
    """When another system may go ahead: in these case states, with these requirements met."""

    in_: tuple[str, ...] = attrs.field(converter=names)
    requires: tuple[Requirement, ...] = attrs.field(default=(), converter=requirements)
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)


@attrs.frozen(kw_only=True)
class Property:
    """What the author wants proved: exactly one of ``never``, ``always``, ``before`` and ``leads_to`` (pairs)."""

    title: Text
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    never: tuple[Requirement, ...] = attrs.field(default=(), converter=requirements)
    always: tuple[Requirement, ...] = attrs.field(default=(), converter=requirements)
    before: tuple[tuple[Requirement, ...], ...] = attrs.field(default=(), converter=_pair)
    leads_to: tuple[tuple[Requirement, ...], ...] = attrs.field(default=(), converter=_pair)


@attrs.frozen(kw_only=True)
class Draft:
    """Everything a procedure says, each part well-formed, the whole not yet examined. `Procedure` is the examined one."""

    id: str
    version: str
    title: Text
    source: str | Text
    timezone: str | None = None
    format: int = 1
    clauses: Mapping[str, Clause] = attrs.field(factory=dict, converter=frozen, hash=False)
    lists: Mapping[str, Mapping[str, ListEntry]] = attrs.field(factory=dict, converter=_lists, hash=False)
    parameters: Mapping[str, Parameter] = attrs.field(factory=dict, converter=frozen, hash=False)
    roles: Mapping[str, Role] = attrs.field(factory=dict, converter=frozen, hash=False)
    separations: tuple[Separation, ...] = attrs.field(default=(), converter=in_order)
    facts: Mapping[str, Field] = attrs.field(factory=dict, converter=frozen, hash=False)
    states: Mapping[str, State] = attrs.field(factory=dict, converter=frozen, hash=False)
    transitions: tuple[Transition, ...] = attrs.field(default=(), converter=in_order)
    items: Mapping[str, ItemKind] = attrs.field(factory=dict, converter=frozen, hash=False)
    gate: Gate | None = None
    properties: tuple[Property, ...] = attrs.field(default=(), converter=in_order)
    notices: tuple[NoticeRule, ...] = attrs.field(default=(), converter=in_order)
    case: Lifecycle = attrs.field(init=False, repr=False, eq=False)

    @case.default
    def _case(self) -> Lifecycle:
        return Lifecycle(fields=self.facts, states=self.states, transitions=self.transitions)

    def lifecycle(self, kind: str | None) -> Lifecycle:
        """The lifecycle of ``kind``; of the case where ``kind`` is ``None``."""
        return self.case if kind is None else self.items[kind]

    def lifecycles(self) -> Iterator[tuple[str | None, Lifecycle]]:
        """The case's lifecycle, under ``None``, then that of each kind."""
        yield None, self.case
        yield from self.items.items()

    def duration(self, limit: Duration | str) -> Duration:
        """``limit`` itself, or the parameter it names."""
        if isinstance(limit, Duration):
            return limit
        value = self.parameters[limit].value
        if not isinstance(value, Duration):
            raise InvalidInput.at(f"parameters.{limit}.value", f"{value} is not a duration", 'write it as "10 days"')
        return value

    def field_of(self, name: str, kind: str | None) -> Field | None:
        """The field ``name`` of ``kind``, else the fact of that name."""
        return self.lifecycle(kind).fields.get(name) or self.facts.get(name)


def titled(name: str, title: Text | None) -> Text:
    """``title``, or the name made readable where the author gave none."""
    return title if title is not None else same(name.replace("_", " "))
