"""The static rules on numbers: a comparison that can never be so, that is always so, or that another one rules out.

What decides is what the procedure says of the numbers: parameters are constants, fields have bounds. Where a ``when`` stands, or
where nobody may have stated a number, what is always so may still keep somebody from something, and is left alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from ..errors import Fault
from ..requirements import AllOf, AnyOf, Requirement, ValueIs
from ..requirements.intervals import Atom, Range, Ranges, always, atom, narrowed, total
from ..requirements.value import COMPARISONS
from .lifecycle import Field, FieldType, Transition
from .parts import Draft

Placed = tuple[str, Requirement]
"""A requirement and where it stands."""

_TYPES = (FieldType.INT, FieldType.DECIMAL)
_CURE = "ask for what can be, or change what the number may be"


def number_faults(
    draft: Draft, kind: str | None, row: Transition | None, path: str, requires: Sequence[Requirement]
) -> Iterator[Fault]:
    """What is wrong with the numbers that ``requires`` asks for, standing under ``path`` on ``row`` of ``kind``."""
    placed = [(f"{path}[{number}]", one) for number, one in enumerate(requires)]
    yield from _Examination(draft, kind, row).of(placed, ())


def ranges_of(draft: Draft, kind: str | None) -> Mapping[str, Range]:
    """What the numbers can be that a requirement on the lifecycle of ``kind`` may name."""
    constants = {
        name: Range.of(one.value, one.value, whole=True)
        for name, one in draft.parameters.items()
        if isinstance(one.value, int)
    }
    return constants | {
        name: range_of(field)
        for name, field in {**draft.facts, **draft.lifecycle(kind).fields}.items()
        if field.type in _TYPES and not range_of(field).empty
    }


def range_of(field: Field) -> Range:
    """What a number that is stated in ``field`` can be."""
    return Range.of(field.min, field.max, whole=field.type is FieldType.INT)


def atom_of(one: ValueIs, named: Mapping[str, Hashable]) -> Atom | None:
    """The comparison that ``one`` makes, its numbers being called as in ``named``; ``None`` where it compares none."""
    given = [key for key in COMPARISONS if getattr(one, key) is not None]
    names = {*one.value, *(bound for key in given if isinstance(bound := getattr(one, key), str))}
    if len(given) != 1 or not one.value or one.times < 1 or not names <= named.keys():
        return None
    terms = [(named[name], one.times) for name in one.value]
    if one.is_ is not None:
        whole = all(isinstance(literal, int) and not isinstance(literal, bool) for literal in one.is_)
        if not one.is_ or not whole or len(terms) != 1 or one.times != 1:
            return None
        return attrs.evolve(atom(terms), among=frozenset(int(literal) for literal in one.is_))
    comparison, bound = one.comparison
    if isinstance(bound, str):
        terms.append((named[bound], -1))
    number = Fraction(0 if isinstance(bound, str) else bound)
    low = -math.inf if comparison == "at_most" else number
    return atom(terms, low, math.inf if comparison == "at_least" else number)


@attrs.frozen
class _Examination:
    draft: Draft
    kind: str | None
    row: Transition | None

    @functools.cached_property
    def _ranges(self) -> Mapping[str, Range]:
        return ranges_of(self.draft, self.kind)

    @functools.cached_property
    def _of_names(self) -> Ranges:
        return dict(self._ranges.items())

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        """The numbers that have a value whenever they are asked for: constants, and what this act, or every creation, states."""
        found = set(self.draft.parameters)
        for kind in {None, self.kind}:
            cycle = self.draft.lifecycle(kind)
            creating = cycle.creating()
            for name, field in cycle.fields.items():
                here = self.row is not None and kind == self.kind and name in self.row.set
                first = bool(creating) and all(name in one.set for one in creating)
                laid_out = kind is not None and self.draft.items[kind].preset is not None
                if not field.optional and (here or (first and not laid_out)):
                    found.add(name)
        return frozenset(found)

    def of(self, placed: Sequence[Placed], known: tuple[Atom, ...]) -> Iterator[Fault]:
        """What is wrong with requirements that must hold together, and with ``known``."""
        parts = [one for path, requirement in placed for one in _parts(path, requirement, is_open=False)]
        asked: list[tuple[str, ValueIs, Atom]] = []
        faults: list[Fault] = []
        for path, one, is_open in parts:
            found = None if is_open or not isinstance(one, ValueIs) else atom_of(one, {n: n for n in self._ranges})
            if found is None or not isinstance(one, ValueIs):
                continue
            fault = self._alone(path, one, found)
            faults += [] if fault is None else [fault]
            asked += [(path, one, found)] if fault is None else []
        faults += self._together(asked, known)
        yield from faults
        together = () if faults else (*known, *(found for _, _, found in asked))  # nothing is told twice
        for path, one, _ in parts:
            if isinstance(one, AnyOf):
                for number, part in enumerate(one.any):
                    yield from self.of([(f"{path}.any[{number}]", part)], together)
            if one.when:
                yield from self.of([(f"{path}.when[{number}]", part) for number, part in enumerate(one.when)], together)

    def _alone(self, path: str, one: ValueIs, found: Atom) -> Fault | None:
        ranges = self._of_names
        here = f"{path}.{_key(one)}"
        if narrowed(ranges, [found]) is None:
            return Fault(here, f"can never be so: {self._shown(one)}", _CURE)
        if always(ranges, found) and one.own_reads().names <= self._known:
            return Fault(here, f"always holds: {self._shown(one)}", "leave the requirement out, or ask for more")
        return None

    def _shown(self, one: ValueIs) -> str:
        """What the numbers that are compared can be."""
        bound = None if one.is_ is not None else one.comparison[1]
        sides: list[tuple[tuple[str, ...], int]] = [(one.value, one.times)]
        sides += [((bound,), 1)] if isinstance(bound, str) else []
        return ", and ".join(
            _words(names, times, total(self._of_names, [(n, times) for n in names])) for names, times in sides
        )

    def _together(self, asked: Sequence[tuple[str, ValueIs, Atom]], known: tuple[Atom, ...]) -> Iterator[Fault]:
        """The first of several comparisons that those before it rule out."""
        before: list[tuple[str, Atom]] = []
        for path, one, found in asked:
            if narrowed(self._of_names, [*known, *(other for _, other in before), found]) is None:
                single = next(
                    (where for where, other in before if narrowed(self._of_names, [other, found]) is None), None
                )
                what = "what else is asked of these numbers" if single is None else single
                yield Fault(f"{path}.{_key(one)}", f"cannot be so together with {what}", "let both be possible")
                return
            before.append((path, found))


def _parts(path: str, requirement: Requirement, *, is_open: bool) -> Iterator[tuple[str, Requirement, bool]]:
    """The requirement, and those parts of it that nothing else can stand in for; whether a ``when`` leaves them open."""
    is_open = is_open or bool(requirement.when)
    yield path, requirement, is_open
    if isinstance(requirement, AllOf):
        for number, part in enumerate(requirement.all):
            yield from _parts(f"{path}.all[{number}]", part, is_open=is_open)


def _key(one: ValueIs) -> str:
    return next(key for key in COMPARISONS if getattr(one, key) is not None).rstrip("_")


def _words(names: Iterable[str], times: int, span: Range) -> str:
    what = " + ".join(names)
    if times != 1:
        what = f"({what}) × {times}" if " " in what else f"{what} × {times}"
    if span.low == span.high:
        return f"{what} is always {span.low}"
    if span.low == -math.inf and span.high == math.inf:
        return f"{what} may be anything"
    if span.low == -math.inf:
        return f"{what} is at most {span.high}"
    if span.high == math.inf:
        return f"{what} is at least {span.low}"
    return f"{what} is from {span.low} to {span.high}"
