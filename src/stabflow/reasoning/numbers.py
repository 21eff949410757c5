"""Numbers for a path: what the acts of a walk must state so that all that its rows ask of numbers holds.

A search takes what is asked of numbers to be possible. A walk that is to accuse somebody must state numbers that really are.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import attrs

from ..case import Case
from ..language import FieldType, Procedure, Transition
from ..language.static_numbers import atom_of, ranges_of
from ..requirements import AllOf, AnyOf, Requirement, ValueIs
from ..requirements.intervals import FINEST, Atom, Range, Ranges, narrowed, solution
from ..values import Value
from .relaxation import Relaxation
from .stage import Stage
from .statements import Values

MAX_TRIES = 4_000

Where = tuple[int, str]
"""A number that an act states: the place of the act in the path, and the field."""

Stated = Mapping[Where, Value]


@attrs.frozen
class Asking:
    """What one act asks, or, unless ``is_act``, what is asked at the end; ``item`` is what it is done on, ``before`` the case."""

    requires: Sequence[Requirement]
    kind: str | None
    item: str | None
    row: Transition
    values: Values
    before: Case | None
    is_act: bool = True


def numbers_for(procedure: Procedure, path: Sequence[Asking]) -> Stated | None:
    """The numbers that the acts of ``path`` must state, as far as anything is asked of them; ``None`` where none were found."""
    return _Path(procedure, path).numbers()


@attrs.frozen
class _Here:
    """What a requirement is asked of."""

    at: Asking
    named: Mapping[str, Hashable]


class _Path:
    def __init__(self, procedure: Procedure, path: Sequence[Asking]) -> None:
        self._procedure = procedure
        self._path = path
        self._relaxation = Relaxation(procedure, procedure.items)
        self._stage = Stage(procedure)
        self._ranges: dict[Hashable, Range] = {}
        self._tries = itertools.count()

    def numbers(self) -> Stated | None:
        asked = list(self._asked())
        found = self._found(asked, ())
        if found is None:
            return None
        stated: dict[Where, Value] = {}
        for where, number in found.items():
            if isinstance(where, tuple):
                index, name = where
                field = self._procedure.lifecycle(self._path[index].kind).fields[name]
                stated[where] = int(number) if field.type is FieldType.INT else _decimal(number)
        return stated

    def _asked(self) -> Iterator[tuple[Requirement, _Here]]:
        """Every requirement of the path that is about numbers, and which numbers it means."""
        known: dict[tuple[str | None, str], Where] = {}
        for index, at in enumerate(self._path):
            ranges = ranges_of(self._procedure, at.kind)
            own = self._procedure.lifecycle(at.kind).fields
            if at.is_act:
                known |= {(at.item, name): (index, name) for name in at.values if name in own and name in ranges}
            named: dict[str, Hashable] = {}
            for name, span in ranges.items():
                if name in own or name in self._procedure.facts:
                    where = known.get((at.item if name in own else None, name))
                    if where is None:
                        continue
                    named[name] = where
                else:
                    named[name] = name
                self._ranges[named[name]] = span
            here = _Here(at, named)
            for requirement in at.requires:
                if any(self._is_about_numbers(part, at.kind) for _, part in requirement.walk()):
                    yield requirement, here

    def _found(
        self, asked: Sequence[tuple[Requirement, _Here]], atoms: tuple[Atom, ...]
    ) -> Mapping[Hashable, Fraction] | None:
        """Numbers for which ``atoms``, and everything in ``asked``, hold."""
        ranges = self._ranges_in(atoms)
        if next(self._tries) > MAX_TRIES or narrowed(ranges, atoms) is None:
            return None
        if not asked:
            return solution(ranges, atoms)
        (requirement, here), *others = asked
        for more in self._ways(requirement, here):
            found = self._found(others, (*atoms, *more))
            if found is not None:
                return found
        return None

    def _ranges_in(self, atoms: Sequence[Atom]) -> Ranges:
        return {name: self._ranges[name] for one in atoms for name, _ in one.terms}

    # Ways in which a requirement holds, or, where it is a condition, does not

    def _ways(self, one: Requirement, here: _Here) -> Iterator[tuple[Atom, ...]]:
        """The comparisons that make it hold, one way after the other."""
        for conditions in _each([self._ways(part, here) for part in one.when]):
            for more in self._own_ways(one, here):
                yield (*conditions, *more)
        for part in one.when:
            yield from self._ways_not(part, here)

    def _ways_not(self, one: Requirement, here: _Here) -> Iterator[tuple[Atom, ...]]:
        """The comparisons that keep it from holding, all that it reads being stated."""
        for conditions in _each([self._ways(part, here) for part in one.when]):
            for more in self._own_ways_not(one, here):
                yield (*conditions, *more)

    def _own_ways(self, one: Requirement, here: _Here) -> Iterator[tuple[Atom, ...]]:
        if isinstance(one, AnyOf):
            for part in one.any:
                yield from self._ways(part, here)
        elif isinstance(one, AllOf):
            yield from _each([self._ways(part, here) for part in one.all])
        elif self._is_about_numbers(one, here.at.kind):
            found = atom_of(one, here.named) if isinstance(one, ValueIs) else None
            yield from [] if found is None else [(found,)]  # what nobody has stated never passes
        elif self._holds(one, here) is not False:
            yield ()

    def _own_ways_not(self, one: Requirement, here: _Here) -> Iterator[tuple[Atom, ...]]:
        if isinstance(one, AnyOf):
            yield from _each([self._ways_not(part, here) for part in one.any])
        elif isinstance(one, AllOf):
            for part in one.all:
                yield from self._ways_not(part, here)
        elif self._is_about_numbers(one, here.at.kind):
            found = atom_of(one, here.named) if isinstance(one, ValueIs) else None
            yield from [] if found is None else self._opposites(found)
        elif self._holds(one, here) is not True:
            yield ()

    def _opposites(self, one: Atom) -> Iterator[tuple[Atom, ...]]:
        whole = all(self._ranges[name].whole for name, _ in one.terms)
        step = Fraction(1) if whole else Fraction(1, FINEST)
        low = Fraction(min(one.among)) if one.among else one.low
        high = Fraction(max(one.among)) if one.among else one.high
        if isinstance(low, Fraction):
            yield (Atom(one.terms, high=low - step),)
        if isinstance(high, Fraction):
            yield (Atom(one.terms, low=high + step),)

    def _is_about_numbers(self, one: Requirement, kind: str | None) -> bool:
        names = {name: name for name in ranges_of(self._procedure, kind)}
        return isinstance(one, ValueIs) and atom_of(one, names) is not None

    def _holds(self, one: Requirement, here: _Here) -> bool | None:
        """Whether it holds when it is asked; ``None`` where a search does not follow that."""
        plain, at = attrs.evolve(one, when=()), here.at
        if not self._relaxation.is_followed(plain, at.kind):
            return None
        item = None if at.before is None or at.item is None else at.before.items.get(at.item)
        return self._stage.holds((plain,), at.before, at.kind, item, at.row, at.values)


def _each(choices: Sequence[Iterator[tuple[Atom, ...]]]) -> Iterator[tuple[Atom, ...]]:
    """One way of each, brought together."""
    for several in itertools.product(*choices):
        yield tuple(itertools.chain(*several))


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
