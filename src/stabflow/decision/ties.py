"""How the numbers of a lifecycle hang together by what a procedure compares: sums, and bounds with what lies under them.

A tie is *plain* where its numbers are shown together or not at all: where they are no sums and bounds over one another, where
they reach from items to facts, or where a number can be small and nothing under it is.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs

from ..language import Field, Procedure
from .comparisons import Compared, comparisons


@attrs.frozen
class Limits:
    """What everybody knows of a number: where it lies, and under which number it is not for the public. ``accepted``: it is one
    of these (empty: of all)."""

    least: int = 0
    most: int | None = None
    below: int = 0
    accepted: frozenset[int] = frozenset()

    @property
    def small(self) -> range:
        """From the least to the greatest small number that it can be."""
        every = range(self.least, self.below if self.most is None else min(self.below, self.most + 1))
        fits = [one for one in every if one in self.accepted] if self.accepted else every
        return range(min(fits), max(fits) + 1) if fits else range(0)


@attrs.frozen
class Tie:
    """Names that comparisons tie together, each before what it is a part of or lies under."""

    names: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    lower: Mapping[str, Sequence[tuple[tuple[str, int], ...]]]
    is_plain: bool


@functools.lru_cache(maxsize=1024)
def limits_of(procedure: Procedure, kind: str | None, name: str, trigger: str | None) -> Limits:
    """What is known of a number called ``name`` that the row ``trigger`` stated (``None``: any row that states it)."""
    cycle = procedure.lifecycle(kind)
    field: Field | None = cycle.fields.get(name, procedure.facts.get(name))
    found = Limits() if field is None else Limits(field.min or 0, field.max, field.suppress_below or 0)
    stating = {row.trigger for row in cycle.transitions if name in row.set and trigger in (None, row.trigger)}
    for one, triggers in comparisons(procedure, kind).items():
        if one.names == {name} and stating & triggers:
            found = _within(found, one)
    return found


def _within(limits: Limits, one: Compared) -> Limits:
    if one.one_of:
        return attrs.evolve(limits, accepted=frozenset(one.one_of))
    ((_, weight),) = one.weights
    if one.exact or weight > 0:
        most = (-one.added if weight > 0 else one.added) // abs(weight)
        limits = attrs.evolve(limits, most=most if limits.most is None else min(most, limits.most))
    if one.exact or weight < 0:
        least = -(-(one.added if weight < 0 else -one.added) // abs(weight))
        limits = attrs.evolve(limits, least=max(limits.least, least))
    return limits


@functools.lru_cache(maxsize=256)
def ties(procedure: Procedure, kind: str | None) -> tuple[Tie, ...]:
    """The ties of a lifecycle that count people."""
    known = [one for one in comparisons(procedure, kind) if len(one.names) > 1]
    groups: list[tuple[set[str], list[Compared]]] = []
    for one in known:
        names, told = set(one.names), [one]
        for group in [group for group in groups if group[0] & names]:
            groups.remove(group)
            names, told = names | group[0], [*group[1], *told]
        groups.append((names, told))
    return tuple(_tie(procedure, kind, *group) for group in groups)


def _tie(procedure: Procedure, kind: str | None, names: Collection[str], told: Sequence[Compared]) -> Tie:
    own = procedure.lifecycle(kind).fields
    parts: dict[str, tuple[str, ...]] = {}
    lower: dict[str, list[tuple[tuple[str, int], ...]]] = {}
    is_plain = not own.keys() >= {*names}
    for one in told:
        bounds = [name for name, weight in one.weights if weight < 0]
        under = tuple((name, weight) for name, weight in one.weights if weight > 0)
        if len(bounds) != 1 or dict(one.weights)[bounds[0]] != -1 or one.added:
            is_plain = True
        elif not one.exact:
            lower.setdefault(bounds[0], []).append(under)
        elif bounds[0] in parts or any(weight != 1 for _, weight in under):
            is_plain = True
        else:
            parts[bounds[0]] = tuple(name for name, _ in under)
    order = _ordered(sorted(names), parts, lower)
    if is_plain or order is None or parts.keys() & lower.keys():
        return Tie(tuple(sorted(names)), {}, {}, is_plain=True)
    limits = {name: limits_of(procedure, kind, name, None) for name in names}
    return Tie(order, parts, lower, is_plain=not _shows(order, parts, lower, limits))


def _ordered(
    names: Collection[str],
    parts: Mapping[str, tuple[str, ...]],
    lower: Mapping[str, Sequence[tuple[tuple[str, int], ...]]],
) -> tuple[str, ...] | None:
    """Each name after those under it; ``None`` where they go round in a circle."""
    found: dict[str, None] = {}
    while len(found) < len(names):
        more = [name for name in names if name not in found and {*_under(name, parts, lower)} <= found.keys()]
        if not more:
            return None
        found |= dict.fromkeys(more)
    return tuple(found)


def _under(
    name: str, parts: Mapping[str, tuple[str, ...]], lower: Mapping[str, Sequence[tuple[tuple[str, int], ...]]]
) -> Iterator[str]:
    yield from parts.get(name, ())
    for under in lower.get(name, ()):
        yield from (one for one, _ in under)


def _shows(
    order: Sequence[str],
    parts: Mapping[str, tuple[str, ...]],
    lower: Mapping[str, Sequence[tuple[tuple[str, int], ...]]],
    limits: Mapping[str, Limits],
) -> bool:
    """Whether what is small is always hidden for what is small under it as well, and leaves more than one number to each."""
    hides: dict[str, int] = {}
    for name in order:
        mine = limits[name]
        if mine.accepted or (mine.below and len(mine.small) < 2):
            return False
        hides[name] = mine.below
        if name in parts:
            below = [hides[one] for one in parts[name]]
            if max(below) < mine.below or (
                mine.least and not _reaches(mine.least, [limits[one] for one in parts[name]])
            ):
                return False
            hides[name] = max(below)
        for under in lower.get(name, ()):
            if max(weight * hides[one] for one, weight in under) < mine.below:
                return False
    return True


def _reaches(least: int, parts: Sequence[Limits]) -> bool:
    """Whether small parts alone, or one that is not, leave a total enough room above ``least``."""
    return all(one.below >= least for one in parts) and sum(one.small[-1] for one in parts if one.below) > least
