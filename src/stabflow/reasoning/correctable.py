"""What of all that was stated can be corrected, and where: read from the rows alone, so that no more may be than is said here.

`decide` lets a value be corrected where its row is passed and stands, and no row that followed it does. Which rows have been
passed since no search remembers. But whatever leads a lifecycle onward has relied on what was stated: so a value may be corrected
only in the state to which its row led, or in one that was come back to, before the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ..decision.amendment import waited_for
from ..language import ItemKind, Lifecycle, Procedure, Transition
from ..requirements import Requirement
from .asked import backward, before
from .cluster import Cluster, rows, unlike
from .relaxation import FOLLOWED

MAX_WAYS = 5_000
"""So many ways of coming to where something may be corrected are told apart."""


@attrs.frozen(eq=False)
class Correctable:
    """What ``row`` of ``own`` (a kind, or ``None``: the case) stated may be corrected: ``names`` for each state of its
    lifecycle. ``alone``: no other row states it anew, so that all that is held was stated by this one, as it asks; ``asks``:
    that, however it is read."""

    own: str | None
    row: Transition
    names: Mapping[str, tuple[str, ...]]
    alone: bool
    asks: tuple[Requirement, ...]


def correctables(cluster: Cluster) -> Iterator[Correctable]:
    """Everything that can be corrected, of what a search of ``cluster`` follows."""
    asked = {own for own, _ in rows(cluster.procedure)}
    original = [(own, row) for own, row in rows(cluster.original) if own in asked]
    for (own, row), (_, was) in zip(rows(cluster.procedure), original, strict=True):
        cycle = cluster.procedure.lifecycle(own)
        fields = correctable_names(cluster.original, own, was)
        if fields:
            states = {name: standing(cycle, row, name) for name in fields}
            names = {state: tuple(name for name in fields if state in states[name]) for state in cycle.states}
            others = {name for one in cycle.transitions if one is not row and one.source for name in one.set}
            alone = not any(name in others for name in row.set if cycle.fields[name].type in FOLLOWED)
            asks = (*row.requires, *cluster.strict[id(row)])
            yield Correctable(own, row, names, alone, asks)


def correctable_names(procedure: Procedure, own: str | None, row: Transition) -> tuple[str, ...]:
    """What of all that ``row`` states a search follows and corrects. In what items must differ it corrects nothing, where it
    follows that they do: as long as nothing else is asked of that, one value is as good as another."""
    kind = None if own is None else procedure.items[own]
    if row.by_time or (kind is not None and "actor" in kind.unique):
        return ()
    fields, told_unlike = procedure.lifecycle(own).fields, () if kind is None else unlike(procedure, kind)
    followed = [name for name in row.set if fields[name].type in FOLLOWED and name not in told_unlike]
    return tuple(name for name in followed if next(waited_for(procedure, own, (name,)), None) is None)


def standing(cycle: Lifecycle, row: Transition, name: str) -> frozenset[str]:
    """The states in which what ``row`` stated of ``name`` may stand corrected, because no row has stated it anew, and nothing
    that led onward since still stands: where it was stated, and wherever that was come back to, or what lies before it.

    Followed along every way on which no state comes twice: who comes to a state on their way has come back to it, and what was
    passed since no longer stands."""
    anew = (
        [] if cycle.fields[name].optional else [one for one in cycle.transitions if name in one.set and one is not row]
    )
    preset = (cycle.preset.dest,) if isinstance(cycle, ItemKind) and cycle.preset is not None else ()
    found: set[tuple[tuple[str, ...], int | None]] = {((dest,), None) for dest in preset}
    found |= {((one.dest,), 0 if one is row else None) for one in cycle.transitions if one.creates and one.dest}
    waiting = list(found)
    while waiting:
        way, stated = waiting.pop()
        if len(found) > MAX_WAYS:
            return _somewhere(cycle, row)
        for one in cycle.transitions:
            if way[-1] not in cycle.sources(one):
                continue
            dest = way[-1] if one.dest is None else one.dest
            after = way[: way.index(dest) + 1] if dest in way else (*way, dest)
            last = len(after) - 1
            at = None if stated is None or one in anew else min(stated, last)
            there = after, last if one is row else at
            if there not in found:
                found.add(there)
                waiting.append(there)
    return frozenset(way[-1] for way, stated in found if stated == len(way) - 1)


def _somewhere(cycle: Lifecycle, row: Transition) -> frozenset[str]:
    """No fewer states, where there are too many ways to follow: where it led, and everything from which one can come back there,
    or to the row."""
    led = set() if row.dest is None else {row.dest}
    return before(backward(cycle), led.union(cycle.sources(row)), lambda _: True)
