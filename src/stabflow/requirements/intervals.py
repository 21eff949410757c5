"""Numbers of which only bounds are known: whether comparisons can hold, alone and together, and numbers for which they do.

A comparison is a sum of numbers, each times a factor, that lies between two bounds. What is found impossible is impossible; what
is not may still be.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

ROUNDS = 40
"""So often bounds are narrowed by each other: sums of sums converge, and need not come to an end."""
MAX_TRIES = 2_000
FEW = 40
"""Whole numbers are all tried, where there are no more than so many."""
FINEST = 10**6
"""Parts of one, in which a number that need not be whole is looked for."""

Number = Fraction | float
"""Exact, or ±∞ (the only floats here)."""


@attrs.frozen
class Range:
    """Every number from ``low`` to ``high``; ``whole``: of these the whole ones."""

    low: Number = -math.inf
    high: Number = math.inf
    whole: bool = False

    @classmethod
    def of(cls, low: int | None, high: int | None, *, whole: bool) -> Range:
        """The numbers between two bounds, ``None`` where there is none."""
        return cls(-math.inf if low is None else Fraction(low), math.inf if high is None else Fraction(high), whole)

    @property
    def empty(self) -> bool:
        return self.low > self.high

    def within(self, low: Number, high: Number) -> Range:
        """Those of them that also lie between ``low`` and ``high``."""
        low, high = max(self.low, low), min(self.high, high)
        return Range(_ceil(low), _floor(high), True) if self.whole else Range(low, high)

    def some(self) -> Iterator[Fraction]:
        """A few of them, or all where they are few, the simplest first."""
        if self.whole and self.high - self.low <= FEW:
            yield from sorted((Fraction(n) for n in range(int(self.low), int(self.high) + 1)), key=abs)
            return
        nearest = min(max(Fraction(0), self.low), self.high)
        found = [_ceil(nearest), _floor(nearest), nearest, self.low, self.high]
        if not self.whole:
            found += [
                Fraction(_ceil(one * FINEST)) / FINEST for one in (self.low, nearest) if isinstance(one, Fraction)
            ]
        for one in dict.fromkeys(found):
            if not isinstance(one, Fraction) or (one if self.whole else one * FINEST).denominator > 1:
                continue
            if self.low <= one <= self.high:
                yield one


Ranges = Mapping[Hashable, Range]


@attrs.frozen
class Atom:
    """A comparison: ``terms``, each number times its factor, add up to something between ``low`` and ``high``, and, where it is
    given, to one of ``among``."""

    terms: tuple[tuple[Hashable, int], ...]
    low: Number = -math.inf
    high: Number = math.inf
    among: frozenset[int] | None = None

    def holds(self, numbers: Mapping[Hashable, Fraction]) -> bool:
        """Whether it holds of ``numbers``."""
        total = sum((factor * numbers[name] for name, factor in self.terms), Fraction(0))
        return self.low <= total <= self.high and (self.among is None or total in self.among)


def atom(terms: Sequence[tuple[Hashable, int]], low: Number = -math.inf, high: Number = math.inf) -> Atom:
    """The comparison of the sum of ``terms``, in which a number may stand several times."""
    factors: dict[Hashable, int] = {}
    for name, factor in terms:
        factors[name] = factors.get(name, 0) + factor
    return Atom(tuple(sorted(((n, f) for n, f in factors.items() if f), key=repr)), low, high)


def total(ranges: Ranges, terms: Sequence[tuple[Hashable, int]]) -> Range:
    """What a sum can be."""
    ends = [_scaled(ranges[name], factor) for name, factor in terms]
    whole = all(ranges[name].whole for name, _ in terms)
    return Range(sum((low for low, _ in ends), Fraction(0)), sum((high for _, high in ends), Fraction(0)), whole)


def always(ranges: Ranges, one: Atom) -> bool:
    """Whether the comparison holds whatever the numbers are."""
    found = total(ranges, one.terms)
    if one.among is not None:
        span = found.within(found.low, found.high)
        return (
            span.whole
            and span.high - span.low < len(one.among)
            and all(number in one.among for number in range(int(span.low), int(span.high) + 1))
        )
    return one.low <= found.low and found.high <= one.high


def narrowed(ranges: Ranges, atoms: Sequence[Atom]) -> Ranges | None:
    """What is left of the ranges where all comparisons hold; ``None`` where they cannot."""
    found = dict(ranges)
    sums = _of_sums(found, atoms)
    if sums is None:
        return None
    for _ in range(ROUNDS):
        before = dict(found)
        for terms, span in sums.items():
            if not _narrow(found, terms, span):
                return None
        for one in atoms:
            if one.among is not None:
                here = total(found, one.terms)
                left = [number for number in one.among if here.low <= number <= here.high]
                if not left or not _narrow(found, one.terms, Range(Fraction(min(left)), Fraction(max(left)))):
                    return None
        if found == before:
            break
    return found


def solution(ranges: Ranges, atoms: Sequence[Atom]) -> Mapping[Hashable, Fraction] | None:
    """Numbers for which all comparisons hold; ``None`` where none were found."""
    tries = itertools.count()

    def fixed(left: Ranges | None) -> Mapping[Hashable, Fraction] | None:
        if left is None or next(tries) > MAX_TRIES:
            return None
        open_ = [name for name, one in left.items() if one.low != one.high]
        if not open_:
            numbers = {name: Fraction(one.low) for name, one in left.items()}
            return numbers if all(one.holds(numbers) for one in atoms) else None
        name = min(open_, key=lambda one: left[one].high - left[one].low)
        for number in left[name].some():
            found = fixed(narrowed({**left, name: left[name].within(number, number)}, atoms))
            if found is not None:
                return found
        return None

    return fixed(narrowed(ranges, atoms))


def _of_sums(ranges: Ranges, atoms: Sequence[Atom]) -> dict[tuple[tuple[Hashable, int], ...], Range] | None:
    """What each sum must lie between, those that differ by a factor brought together."""
    found: dict[tuple[tuple[Hashable, int], ...], Range] = {}
    for one in atoms:
        if not one.terms:
            if not one.holds({}):
                return None
            continue
        common = math.gcd(*(factor for _, factor in one.terms)) * (1 if one.terms[0][1] > 0 else -1)
        terms = tuple((name, factor // common) for name, factor in one.terms)
        low, high = sorted((_divided(one.low, common), _divided(one.high, common)))
        known = found.get(terms, Range(whole=all(ranges[name].whole for name, _ in terms)))
        found[terms] = known.within(low, high)
        if found[terms].empty:
            return None
    return found


def _narrow(ranges: dict[Hashable, Range], terms: Sequence[tuple[Hashable, int]], span: Range) -> bool:
    """Narrow the ranges of the numbers in a sum by what it must lie between; whether anything is left of all of them."""
    ends = {name: _scaled(ranges[name], factor) for name, factor in terms}
    for name, factor in terms:
        low = span.low - sum((high for other, (_, high) in ends.items() if other != name), Fraction(0))
        high = span.high - sum((low for other, (low, _) in ends.items() if other != name), Fraction(0))
        left = ranges[name].within(*sorted((_divided(low, factor), _divided(high, factor))))
        if left.empty:
            return False
        ranges[name] = left
        ends[name] = _scaled(left, factor)
    return True


def _scaled(one: Range, factor: int) -> tuple[Number, Number]:
    low, high = one.low * factor, one.high * factor
    return (low, high) if factor > 0 else (high, low)


def _divided(number: Number, factor: int) -> Number:
    return number / factor


def _ceil(number: Number) -> Number:
    return Fraction(math.ceil(number)) if isinstance(number, Fraction) else number


def _floor(number: Number) -> Number:
    return Fraction(math.floor(number)) if isinstance(number, Fraction) else number
