"""Clusters of kinds, and the procedure as a search of one cluster sees it.

Kinds are in one cluster where a row of one reads the other, or where one requirement reads both. Clusters do not disturb each
other, so that each is searched alone, with the case it is in.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping

import attrs

from ..case import Case, with_changes
from ..language import FieldType, Procedure, State, Transition
from ..requirements import Requirement
from ..text import Text
from ..values import Value
from .relaxation import Relaxation, Relaxed

ANYONE = "anyone"
"""Who acts in a search: the holder of every role. Separation, seats and independence are settled by the roles."""


def clusters(procedure: Procedure) -> tuple[frozenset[str], ...]:
    """The kinds of item, those together that must be searched together; none without kinds."""
    groups = [{kind} for kind in procedure.items]
    for reading in _read_together(procedure):
        touched = [group for group in groups if group & reading]
        if len(touched) > 1:
            merged = set().union(*touched)
            groups = [group for group in groups if not group & reading] + [merged]
    order = {kind: place for place, kind in enumerate(procedure.items)}
    return tuple(frozenset(group) for group in sorted(groups, key=lambda group: min(order[kind] for kind in group)))


def _read_together(procedure: Procedure) -> Iterator[frozenset[str]]:
    for own, row in rows(procedure):
        for requirement in row.requires:
            kinds = requirement.reads().kinds
            yield kinds if own is None else kinds | {own}
    for requirement in asked_besides(procedure):
        yield requirement.reads().kinds


def rows(procedure: Procedure) -> Iterator[tuple[str | None, Transition]]:
    """Every row, with the kind it is of (``None``: of the case)."""
    for own, cycle in procedure.lifecycles():
        for row in cycle.transitions:
            yield own, row


def asked_besides(procedure: Procedure) -> Iterator[Requirement]:
    """The requirements that stand on no row: those of the gate."""
    if procedure.gate is not None:
        yield from procedure.gate.requires


class _Unexamined(Procedure):
    """A procedure made from an examined one by leaving things out: nothing more to examine, and no digest that means anything."""

    def __attrs_post_init__(self) -> None:
        pass

    @functools.cached_property
    def digest(self) -> str:
        return ""


@attrs.frozen(eq=False)
class Cluster:
    """A procedure reduced to what the search of some kinds follows.

    ``procedure`` has only those kinds; anyone may act, nothing is due, no two items are alike; its rows ask what they ask when
    read loosely. ``strict`` has, for each row of it, what they ask when read strictly; ``assumed`` what that
    takes for possible.
    """

    kinds: frozenset[str]
    procedure: Procedure
    strict: Mapping[int, tuple[Requirement, ...]]
    assumed: tuple[Text, ...]


def cluster(procedure: Procedure, kinds: Collection[str]) -> Cluster:
    """``procedure`` as a search of ``kinds`` sees it."""
    relaxation = Relaxation(procedure, kinds)
    strict: dict[int, tuple[Requirement, ...]] = {}
    assumed: list[Text] = []
    anyone = (next(iter(procedure.roles)),)

    def reduced(own: str | None, row: Transition) -> Transition:
        read = [relaxation.of(requirement, own) for requirement in row.requires]
        assumed.extend(text for one in read for text in one.assumed)
        found = attrs.evolve(row, requires=_asked(read, loosely=True), lead=None)
        if row.by_time:  # time fires it, whatever the people do
            found = attrs.evolve(found, by=anyone, every=(), on=())
        strict[id(found)] = _asked(read, loosely=False)
        return found

    items = {
        name: attrs.evolve(
            kind,
            states=_timeless(kind.states),
            transitions=tuple(reduced(name, row) for row in kind.transitions),
            unique=(),
        )
        for name, kind in procedure.items.items()
        if name in kinds
    }
    parts = {field.name: getattr(procedure, field.name) for field in attrs.fields(type(procedure)) if field.init}
    parts |= {
        "items": items,
        "states": _timeless(procedure.states),
        "transitions": tuple(reduced(None, row) for row in procedure.transitions),
        "roles": {
            name: attrs.evolve(role, appointed_by=(), body=None, holders=None) for name, role in procedure.roles.items()
        },
        "separations": (),
        "properties": (),
    }
    return Cluster(frozenset(kinds), _Unexamined(**parts), strict, tuple(dict.fromkeys(assumed)))


def _asked(read: Iterable[Relaxed], *, loosely: bool) -> tuple[Requirement, ...]:
    found = (one.loose if loosely else one.strict for one in read)
    return tuple(one for one in found if one is not None)


def _timeless(states: Mapping[str, State]) -> dict[str, State]:
    return {
        name: attrs.evolve(state, within=None, until=None, open_ended=not state.final, clock_stopped_by=())
        for name, state in states.items()
    }


def played_by_anyone(procedure: Procedure, case: Case) -> Case:
    """The case with whoever acts in a search in the place of everybody whom one of its fields names."""

    def played(values: Mapping[str, Value], kind: str | None) -> Mapping[str, Value]:
        fields = procedure.lifecycle(kind).fields
        named = {name for name in values if fields[name].type is FieldType.ACTOR}
        return {name: ANYONE if name in named else value for name, value in values.items()} if named else values

    items = {name: with_changes(one, fields=played(one.fields, one.kind)) for name, one in case.items.items()}
    return with_changes(case, facts=played(case.facts, None), items=items)
