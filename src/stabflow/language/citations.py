"""Every part of a procedure that cites a clause, with its place: what carries the source out."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..requirements import Requirement
from .lifecycle import Field, State, Transition
from .notice_rules import NoticeRule
from .parts import Draft, Gate, ItemKind, ListEntry, Parameter, Property, Role, Separation
from .paths import path_text

Part = (
    ListEntry
    | Parameter
    | Role
    | Separation
    | Field
    | State
    | Transition
    | ItemKind
    | Gate
    | Property
    | NoticeRule
    | Requirement
)


@attrs.frozen(kw_only=True)
class Place:
    """A part that can cite clauses, at its ``path``: ``name`` is what the author calls it (of a row its trigger), ``kind`` the
    kind of item it belongs to (``None``: the case), ``of`` the row, gate or property that a requirement stands on."""

    path: str
    part: Part
    name: str = ""
    kind: str | None = None
    of: Transition | Gate | Property | None = None


def places(draft: Draft) -> Iterator[Place]:
    """Every part of ``draft`` that can cite clauses, in the order of the tables."""
    for list_name, entries in draft.lists.items():
        for name, entry in entries.items():
            yield Place(path=path_text("lists", list_name, name), part=entry, name=name)
    for name, parameter in draft.parameters.items():
        yield Place(path=path_text("parameters", name), part=parameter, name=name)
    for name, role in draft.roles.items():
        yield Place(path=path_text("roles", name), part=role, name=name)
    for name, item in draft.items.items():
        yield Place(path=path_text("items", name), part=item, name=name, kind=name)
    for index, separation in enumerate(draft.separations):
        yield Place(path=path_text("separations", index), part=separation)
    for kind, cycle in draft.lifecycles():
        prefix = () if kind is None else ("items", kind)
        for name, field in cycle.fields.items():
            path = path_text(*prefix, "facts" if kind is None else "fields", name)
            yield Place(path=path, part=field, name=name, kind=kind)
        for name, state in cycle.states.items():
            yield Place(path=path_text(*prefix, "states", name), part=state, name=name, kind=kind)
        for index, row in enumerate(cycle.transitions):
            yield Place(path=path_text(*prefix, "transitions", index), part=row, name=row.trigger, kind=kind)
    if draft.gate is not None:
        yield Place(path="gate", part=draft.gate)
    for index, wanted in enumerate(draft.properties):
        yield Place(path=path_text("properties", index), part=wanted)
    for index, rule in enumerate(draft.notices):
        yield Place(path=path_text("notices", index), part=rule, name=rule.name)
    yield from required(draft)


def required(draft: Draft) -> Iterator[Place]:
    """Every requirement of ``draft``, and every part of one, with its place."""
    for top in outermost(draft):
        assert isinstance(top.part, Requirement)
        for path, part in top.part.walk(top.path):
            yield attrs.evolve(top, path=path, part=part)


def outermost(draft: Draft) -> Iterator[Place]:
    """The requirements that stand on something themselves, not within another one."""
    for kind, cycle in draft.lifecycles():
        prefix = () if kind is None else ("items", kind)
        for index, row in enumerate(cycle.transitions):
            for number, one in enumerate(row.requires):
                path = path_text(*prefix, "transitions", index, "requires", number)
                yield Place(path=path, part=one, name=row.trigger, kind=kind, of=row)
    if draft.gate is not None:
        for number, one in enumerate(draft.gate.requires):
            yield Place(path=path_text("gate", "requires", number), part=one, of=draft.gate)
    for index, wanted in enumerate(draft.properties):
        for key in ("never", "always"):
            for number, one in enumerate(getattr(wanted, key)):
                yield Place(path=path_text("properties", index, key, number), part=one, of=wanted)
        for key in ("before", "leads_to"):
            for side, part in enumerate(getattr(wanted, key)):
                for number, one in enumerate(part):
                    yield Place(path=path_text("properties", index, key, side, number), part=one, of=wanted)
