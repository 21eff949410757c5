"""Bounds of numbers: what is found impossible is impossible, and numbers that are found do what is asked."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.requirements.intervals import FINEST, Atom, Range, always, atom, narrowed, solution

NAMES = ("a", "b", "c")
SPAN = range(-6, 7)

bounds = st.none() | st.integers(-8, 8)
ranges = st.fixed_dictionaries({name: st.tuples(st.integers(-6, 6), st.integers(0, 6)) for name in NAMES})


@st.composite
def atoms(draw: st.DrawFn) -> Atom:
    terms = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([-3, -1, 1, 2])), min_size=1, max_size=3))
    low, high = draw(bounds), draw(bounds)
    made = atom(terms, *(end for end in ends(low, high)))
    if draw(st.booleans()) and len(made.terms) == 1 and made.terms[0][1] == 1:
        return Atom(made.terms, among=frozenset(draw(st.sets(st.integers(-8, 8), min_size=1, max_size=3))))
    return made


def ends(low: int | None, high: int | None) -> tuple[Fraction | float, Fraction | float]:
    whole = Range.of(low, high, whole=True)
    return whole.low, whole.high


def spans(drawn: dict[str, tuple[int, int]]) -> dict[str, Range]:
    return {name: Range.of(low, min(low + more, 6), whole=True) for name, (low, more) in drawn.items()}


@given(ranges, st.lists(atoms(), min_size=1, max_size=3))
def test_nothing_possible_is_found_impossible(drawn: dict[str, tuple[int, int]], asked: list[Atom]) -> None:
    held = spans(drawn)
    every = [
        dict(zip(NAMES, map(Fraction, numbers), strict=True))
        for numbers in itertools.product(*(range(int(held[n].low), int(held[n].high) + 1) for n in NAMES))
    ]
    possible = [numbers for numbers in every if all(one.holds(numbers) for one in asked)]
    left = narrowed(held, asked)
    assert left is not None or not possible
    for numbers in possible:
        assert left is not None
        assert all(left[name].low <= numbers[name] <= left[name].high for name in NAMES)
    found = solution(held, asked)
    assert (found is not None) == bool(possible)
    assert found is None or found in possible
    for one in asked:
        if always(held, one):
            assert all(one.holds(numbers) for numbers in every)


@given(st.lists(atoms(), min_size=1, max_size=3))
def test_numbers_without_bounds_are_found_too_where_they_are(asked: list[Atom]) -> None:
    unbounded: dict[str, Range] = {name: Range(whole=name != "c") for name in NAMES}
    found = solution(unbounded, asked)
    if found is not None:
        assert all(one.holds(found) for one in asked)
        assert all(number.denominator == 1 for name, number in found.items() if name != "c")
        assert narrowed(unbounded, asked) is not None


def test_a_sum_is_known_where_its_parts_are_not() -> None:
    held: dict[str, Range] = {name: Range(whole=True) for name in NAMES}
    low, high = atom([("a", 1), ("b", 1)], Fraction(5)), atom([("b", 2), ("a", 2)], high=Fraction(9))
    assert narrowed(held, [low]) is not None
    assert narrowed(held, [low, high]) is None


def test_what_is_always_so() -> None:
    held: dict[str, Range] = {"a": Range.of(1, 3, whole=True), "b": Range.of(1, 3, whole=False)}
    assert always(held, atom([("a", 2)], Fraction(2), Fraction(6)))
    assert not always(held, atom([("a", 2)], Fraction(3)))
    assert always(held, Atom((("a", 1),), among=frozenset({1, 2, 3})))
    assert not always(held, Atom((("a", 1),), among=frozenset({1, 3})))
    assert not always(held, Atom((("b", 1),), among=frozenset({1, 2, 3})))
    assert always(held, atom([("a", 1), ("a", -1)], Fraction(0), Fraction(0)))


@pytest.mark.parametrize("whole", [True, False])
def test_a_number_that_can_be_only_one_is_that_one(whole: bool) -> None:
    one = {"a": Range.of(2, 2, whole=whole)}
    assert not one["a"].empty
    assert [*one["a"].some()] == [2]
    for asked in (
        atom([("a", 1)], Fraction(2)),
        atom([("a", 3)], high=Fraction(6)),
        Atom((("a", 1),), among=frozenset({2})),
    ):
        assert narrowed(one, [asked]) == one
        assert solution(one, [asked]) == {"a": 2}
    assert narrowed(one, [atom([("a", 1)], Fraction(3))]) is None


def test_of_numbers_that_are_not_whole_some_lie_between() -> None:
    part = Range(Fraction(1, 4), Fraction(1, 2))
    found = [*part.some()]
    assert Fraction(1, 4) in found
    assert Fraction(1, 2) in found
    assert all(part.low <= one <= part.high for one in found)
    assert Range(Fraction(1, 4), Fraction(1, 2), whole=True).within(Fraction(0), Fraction(1)).empty
    thirds = [*Range(Fraction(1, 3), Fraction(2, 3)).some()]
    assert thirds
    assert all((one * FINEST).denominator == 1 for one in thirds), "it can be written down"


def test_a_sum_is_whole_only_where_all_of_it_is() -> None:
    held = {"a": Range.of(0, 1, whole=True), "b": Range.of(0, 1, whole=False)}
    both, among = (("a", 1), ("b", 1)), frozenset({0, 1, 2})
    assert not always(held, Atom(both, among=among))
    assert always({**held, "b": Range.of(0, 1, whole=True)}, Atom(both, among=among))
    assert not always({**held, "b": Range.of(0, 1, whole=True)}, Atom(both, among=frozenset({0, 2, 3})))


def test_of_numbers_that_are_listed_those_that_remain_are_possible() -> None:
    held, listed = {"a": Range.of(0, 9, whole=True)}, Atom((("a", 1),), among=frozenset({2, 5, 8, 12}))
    assert narrowed(held, [listed]) == {"a": Range.of(2, 8, whole=True)}
    for low, high, found in ((4, 9, 5), (6, 9, 8), (0, 3, 2), (2, 2, 2), (8, 8, 8)):
        assert solution(held, [listed, atom([("a", 1)], Fraction(low), Fraction(high))]) == {"a": found}
    for low, high in ((3, 4), (9, 9), (0, 1)):
        assert narrowed(held, [listed, atom([("a", 1)], Fraction(low), Fraction(high))]) is None
