"""Clusters of kinds, and the procedure as a search of one cluster sees it.

Kinds are in one cluster where a row of one reads the other; no requirement reads two. Clusters do not disturb each other, so that
each is searched alone, with the case it is in.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping

import attrs

from ..case import Case, with_changes
from ..language import Field, FieldType, ItemKind, Procedure, State, Transition
from ..language.static_independence import nobody_left
from ..requirements import AllOf, AnyOf, CaseIs, IndependentOf, PluginAnswers, Requirement
from ..text import Text, either, say
from ..values import Value
from .relaxation import Relaxation, Relaxed
from .stated import Stated

ANYONE = "anyone"
"""Who acts in a search: the holder of every role. Separation, seats and independence are settled by the roles."""

MAX_UNLIKE = 32
"""So many items of a kind that must be unlike each other are told apart; where there could be more, nothing is sure that takes
room."""


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
        if own is not None:
            yield from (requirement.reads().kinds | {own} for requirement in row.requires)


def rows(procedure: Procedure) -> Iterator[tuple[str | None, Transition]]:
    """Every row, with the kind it is of (``None``: of the case)."""
    for own, cycle in procedure.lifecycles():
        for row in cycle.transitions:
            yield own, row


_NEVER = CaseIs(case=())


class _Unexamined(Procedure):
    """A procedure made from an examined one by leaving things out: nothing more to examine, and no digest that means anything."""

    def __attrs_post_init__(self) -> None:
        pass

    @functools.cached_property
    def digest(self) -> str:
        return ""


def unexamined(procedure: Procedure, **changes: object) -> Procedure:
    """``procedure`` with parts of it put in the place of others, taken as it is."""
    parts = {field.name: getattr(procedure, field.name) for field in attrs.fields(type(procedure)) if field.init}
    return _Unexamined(**(parts | changes))


def played_by_all(procedure: Procedure) -> dict[str, object]:
    """The parts of ``procedure`` that say who may act, with room for one who holds every role."""
    roles = {
        name: attrs.evolve(role, appointed_by=(), body=None, holders=None) for name, role in procedure.roles.items()
    }
    return {"roles": roles, "separations": ()}


@attrs.frozen(eq=False)
class Cluster:
    """A procedure reduced to what the search of some kinds follows.

    ``procedure`` has only those kinds; anyone may act, nothing is due, items are unlike where that leaves room for only so many;
    its rows ask what they ask when read loosely, and that whoever alone may fire them has been named. ``strict`` has, for each
    row of it, what they ask when read strictly; ``assumed`` what that takes for possible. ``gate`` is a row that nobody fires:
    it asks what the gate asks, where the gate is. ``original`` is the procedure that was reduced, row for row.
    """

    kinds: frozenset[str]
    procedure: Procedure
    strict: Mapping[int, tuple[Requirement, ...]]
    assumed: tuple[Text, ...]
    original: Procedure
    gate: Transition | None = None


def cluster(procedure: Procedure, kinds: Collection[str]) -> Cluster:
    """``procedure`` as a search of ``kinds`` sees it."""
    relaxation = Relaxation(procedure, kinds)
    strict: dict[int, tuple[Requirement, ...]] = {}
    assumed: list[Text] = []
    anyone = (next(iter(procedure.roles)),)

    def reduced(own: str | None, row: Transition) -> Transition:
        asked = [_without_settled(procedure, own, row, requirement) for requirement in row.requires]
        read = [relaxation.of(requirement, own) for requirement in asked]
        assumed.extend(text for one in read for text in one.assumed)
        implied = tuple(_implied(procedure, own, row))
        found = attrs.evolve(row, requires=(*implied, *_asked(read, loosely=True)), lead=None)
        strict[id(found)] = (*implied, *_asked(read, loosely=False))
        if _takes_room(procedure, own, row):  # all room may be taken: it may happen, and may not
            strict[id(found)] = (_NEVER,)
        if row.by_time:  # time fires it, whatever the people do: it may happen, and nobody can bring it about
            found = attrs.evolve(found, by=anyone, every=(), on=())
            strict[id(found)] = (_NEVER,)
        return found

    gate = None
    if procedure.gate is not None:
        gate = reduced(
            None, Transition(trigger="go_ahead", source=procedure.gate.in_, requires=procedure.gate.requires)
        )
    items = {
        name: attrs.evolve(
            kind,
            states=_timeless(kind.states),
            transitions=tuple(reduced(name, row) for row in kind.transitions),
            unique=kind.unique if unlike(procedure, kind) else (),
        )
        for name, kind in procedure.items.items()
        if name in kinds
    }
    assumed += [_room(procedure, name) for name in items if _has_unfollowed_room(procedure, procedure.items[name])]
    found = unexamined(
        procedure,
        **played_by_all(procedure),
        items=items,
        states=_timeless(procedure.states),
        transitions=tuple(reduced(None, row) for row in procedure.transitions),
        properties=(),
    )
    return Cluster(frozenset(kinds), found, strict, tuple(dict.fromkeys(assumed)), procedure, gate)


def _without_settled(procedure: Procedure, own: str | None, row: Transition, requirement: Requirement) -> Requirement:
    """The requirement, in which an independence that may leave nobody is one that may hold or not. Where it is asked outright the
    loader has refused it; one alternative among several may be such."""
    if isinstance(requirement, IndependentOf) and nobody_left(procedure, own, row, requirement) is not None:
        acts = either([procedure.trigger_title(name, own) for name in requirement.independent_of])
        title = say("that somebody independent of {acts} is left", "仍有独立于{acts}的人员可办理", acts=acts)
        return PluginAnswers(plugin="independence", title=title, when=requirement.when)
    parts = tuple(_without_settled(procedure, own, row, part) for part in requirement.parts())
    if isinstance(requirement, AnyOf):
        return attrs.evolve(requirement, any=parts)
    return attrs.evolve(requirement, all=parts) if isinstance(requirement, AllOf) else requirement


def _implied(procedure: Procedure, own: str | None, row: Transition) -> Iterator[Requirement]:
    """Where the case must stand, and what must have been stated, for the row to be fired at all, beside what it requires."""
    if own is not None and any(isinstance(one, CaseIs) and one.when for one in row.requires):
        # however its conditions are read: in a final state it goes on only where it is named
        yield CaseIs(case=tuple(state for state in procedure.states if procedure.may_fire_in(row, state)))
    cycle = procedure.lifecycle(own)
    until = None if row.dest is None else cycle.states[row.dest].until
    if until is not None and not _states_for_certain(cycle.fields, row, until):
        yield Stated(stated=until)
    named: list[Stated] = []
    for party in row.by:
        body = procedure.roles[party].body if party in procedure.roles else None
        if party in cycle.fields:
            named.append(Stated(stated=party, before=True))
        elif body is not None and body in procedure.facts:
            named.append(Stated(stated=body))
        else:
            return
    if len(named) == 1:
        yield named[0]
    elif named:
        yield AnyOf(any=named)


def _states_for_certain(fields: Mapping[str, Field], row: Transition, name: str) -> bool:
    return name in row.set and not fields[name].optional


def unlike(procedure: Procedure, kind: ItemKind) -> tuple[str, ...]:
    """The fields in which items of ``kind`` must differ, where that leaves room for only so many of them, and it is followed how
    many there are; none where it is not."""
    count = room_for(procedure, kind)
    later = {name for row in kind.transitions if row.source for name in row.set}
    return kind.unique if count is not None and count <= MAX_UNLIKE and later.isdisjoint(kind.unique) else ()


def _has_unfollowed_room(procedure: Procedure, kind: ItemKind) -> bool:
    """Whether there is room for only so many unlike items of ``kind``, and it is not followed how many there are."""
    return room_for(procedure, kind) is not None and not unlike(procedure, kind)


def _takes_room(procedure: Procedure, own: str | None, row: Transition) -> bool:
    """Whether it hangs on room that is not followed whether ``row`` of ``own`` can be fired."""
    kind = None if own is None else procedure.items[own]
    return kind is not None and not {*row.set}.isdisjoint(kind.unique) and _has_unfollowed_room(procedure, kind)


def room_for(procedure: Procedure, kind: ItemKind) -> int | None:
    """How many items of ``kind`` can be unlike each other; ``None`` where that has no bound, or none is asked."""
    count = 1
    for name in kind.unique:
        field = kind.fields.get(name)  # "actor" is none: there may always be another one
        if field is None or field.type not in (FieldType.BOOL, FieldType.CHOICE):
            return None
        entries = 2 if field.of is None else len(procedure.lists[field.of])
        count *= (1 << entries) - 1 if field.many else entries
    return count if kind.unique else None


def _room(procedure: Procedure, kind: str) -> Text:
    return say(
        "that there is room for one more {kind}, unlike all others",
        "仍可新增与已有各项均不相同的{kind}",
        kind=procedure.kind_title(kind),
    )


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
