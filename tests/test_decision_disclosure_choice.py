"""Nor does it tell a small count which numbers are hidden beside it: a reader who knows how that is chosen tries everything that
could have been stated, and keeps what would be shown in exactly this way."""

from __future__ import annotations

import itertools
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from receptions import PROCEDURES, disclosed, reception

from stabflow import Procedure, ProcedureError
from stabflow.case import kind_of
from stabflow.decision.suppression import Key
from stabflow.requirements import Requirement, ValueIs

Acts = tuple[tuple[str, Mapping[str, int]], ...]
Display = tuple[tuple[Key, str], ...]
Numbers = Mapping[str, int]


def allowed(
    procedure: Procedure, kind: str | None, highest: int, stands: Numbers, stated: Sequence[str]
) -> Iterator[Numbers]:
    """Everything that could be stated, up to ``highest``, by the row that states it or in correction of it, where ``stands``."""
    fields = procedure.lifecycle(kind).fields
    requires = [
        one for row in procedure.lifecycle(kind).transitions if row.trigger in ("count", "add") for one in row.requires
    ]
    asked = [(frozenset(_names(one)), _met(one)) for one in requires]
    numbers = {name: number for name, number in stands.items() if name not in stated}
    known = [numbers.keys() | {*stated[: place + 1]} for place in range(len(stated))]
    tests = [
        [met for names, met in asked if name in names and names <= known[place]] for place, name in enumerate(stated)
    ]

    def go_on(place: int) -> Iterator[Numbers]:
        if place == len(stated):
            yield {name: numbers[name] for name in stated}
            return
        field, most = fields[stated[place]], fields[stated[place]].max
        for number in range(field.min or 0, (highest if most is None else min(most, highest)) + 1):
            numbers[stated[place]] = number
            if all(met(numbers) for met in tests[place]):
                yield from go_on(place + 1)

    yield from go_on(0)


def _names(one: Requirement) -> Iterator[str]:
    for _, part in one.walk():
        if isinstance(part, ValueIs):
            yield from part.value
            if part.is_ is None and isinstance(part.comparison[1], str):
                yield part.comparison[1]


def _met(one: Requirement) -> Callable[[Numbers], bool]:
    """Whether numbers meet a requirement."""
    if not isinstance(one, ValueIs):
        ways = [_met(part) for _, part in one.walk() if part is not one]
        return lambda numbers: any(way(numbers) for way in ways)
    names, times, (comparison, bound) = one.value, one.times, one.comparison
    compare = {"at_least": operator.ge, "at_most": operator.le, "equals": operator.eq}[comparison]

    def is_met(numbers: Numbers) -> bool:
        have = sum([numbers[name] for name in names]) * times
        return bool(compare(have, numbers[bound] if isinstance(bound, str) else bound))

    return is_met


def display(procedure: Procedure, acts: Acts) -> Display:
    """All that the public is shown of ``acts``, after each of them."""
    shown = (shown_at_last(procedure, acts[:length]) for length in range(1, len(acts) + 1))
    return tuple(itertools.chain.from_iterable(shown))


def shown_at_last(procedure: Procedure, acts: Acts) -> Display:
    """What the public is shown after the last of ``acts``."""
    hidden = disclosed(procedure, acts).hidden
    return tuple([(key, str(hidden.get(key, value))) for key, value in _stated(acts)])


def assert_untold(procedure: Procedure, every: Iterable[Acts], core: int) -> None:
    """That of each small count of ``every`` two values at least would be shown alike; but for what the rules and the acts before
    tell. Cases with a number over ``core`` count as what could be, but not themselves: what is like them may lie beyond."""
    alike: dict[Display, list[Acts]] = defaultdict(list)
    ruled: dict[object, dict[Key, set[int]]] = defaultdict(lambda: defaultdict(set))
    earlier = {}
    for acts in every:
        before = tuple(acts[:-1])
        kept = repr(before)
        if kept not in earlier:
            earlier[kept] = display(procedure, before)
        rules = (earlier[kept], acts[-1][0], tuple(acts[-1][1]))
        alike[earlier[kept] + shown_at_last(procedure, acts)].append(acts)
        for key, value in _stated(acts):
            ruled[rules][key].add(value)
    for shown, cases in alike.items():
        could: dict[Key, set[int]] = defaultdict(set)
        for acts in cases:
            for key, value in _stated(acts):
                could[key].add(value)
        for acts in cases:
            if all(value <= core for _, value in _stated(acts)):
                rules = (earlier[repr(tuple(acts[:-1]))], acts[-1][0], tuple(acts[-1][1]))
                for key, value in _stated(acts):
                    below = _below(procedure, key)
                    told_by_rules = len([one for one in ruled[rules][key] if one < below]) < 2
                    assert value >= below or len(could[key]) > 1 or told_by_rules, (key, acts, shown)


def _stated(acts: Acts) -> Iterator[tuple[Key, int]]:
    for version, (item, values) in enumerate(acts, 2):
        for name, value in values.items():
            yield (item, version, name), value


def _below(procedure: Procedure, key: Key) -> int:
    return procedure.lifecycle(kind_of(key[0]) if key[0] else None).fields[key[2]].suppress_below or 0


K3 = "min = 0, suppress_below = 3"
ANSWERS = ("responded", "support", "oppose", "other")
MORE = {
    "reception": reception(
        (("batches", K3), ("large", K3), ("people", K3)),
        (
            '{ value = "large", at_most = "batches" }',
            '{ value = "batches", at_most = "people" }',
            '{ value = "large", times = 4, at_most = "people" }',
        ),
    ),
    "consultation": reception(
        (("invited", "min = 1, suppress_below = 3"), *((name, K3) for name in ANSWERS)),
        (
            '{ value = "responded", at_least = 1 }',
            '{ value = "responded", at_most = "invited" }',
            '{ value = ["support", "oppose", "other"], equals = "responded" }',
            '{ value = "oppose", at_most = "support" }',
        ),
    ),
    "limited": reception(
        (("a", "min = 0, suppress_below = 2"), ("b", "min = 0"), ("total", "min = 0, max = 8")),
        ('{ value = ["a", "b"], equals = "total" }',),
    ),
    "few in all": reception(
        (("a", K3), ("b", "min = 0"), ("total", "min = 0, suppress_below = 4")),
        ('{ value = ["a", "b"], equals = "total" }',),
    ),
    "few over": reception((("a", "min = 0"), ("b", K3)), ('{ value = "a", at_most = "b" }',)),
    "fives": reception(
        (*((name, "min = 0, suppress_below = 5") for name in "abc"), ("total", "min = 0")),
        ('{ value = ["a", "b", "c"], equals = "total" }',),
    ),
}
EVERY = {**{name: one for name, one in PROCEDURES.items() if name != "items"}, **MORE}


@pytest.mark.parametrize("name", EVERY)
def test_one_act(name: str) -> None:
    procedure = EVERY[name]
    assert_untold(procedure, alone(procedure, 20), 8)


@pytest.mark.parametrize(
    "corrected", [("a",), ("a", "b"), ("a", "total"), ("b", "c"), ("a", "b", "total")], ids=" ".join
)
@pytest.mark.parametrize("name", ["sum", "small total", "factor", "two sums", "nested sums", "bounds"])
def test_a_correction(name: str, corrected: tuple[str, ...]) -> None:
    procedure = PROCEDURES[name]
    assert_untold(procedure, twice(procedure, 7, [*procedure.facts], corrected), 3)


def test_answers_after_who_was_invited() -> None:
    assert_untold(MORE["consultation"], twice(MORE["consultation"], 13, ["invited"], ANSWERS), 8)


def test_a_sum_under_a_bound_that_was_shown_before() -> None:
    procedure = reception(
        (("most", "min = 0"), ("a", "min = 0, suppress_below = 2"), ("b", "min = 0"), ("total", "min = 0")),
        ('{ value = ["a", "b"], equals = "total" }', '{ value = "total", at_most = "most" }'),
    )
    assert_untold(procedure, twice(procedure, 9, ["most"], ["a", "b", "total"]), 8)


def test_items_beside_a_fact() -> None:
    procedure = PROCEDURES["items"]
    first = [(("", numbers),) for numbers in allowed(procedure, None, 8, {}, ["total"])]
    talks = [
        (*acts, ("talk-1", numbers))
        for acts in first
        for numbers in allowed(procedure, "talk", 8, acts[0][1], [*"abc"])
    ]
    assert_untold(procedure, talks, 8)


def alone(procedure: Procedure, highest: int) -> Iterator[Acts]:
    """Every case of one act."""
    for numbers in allowed(procedure, None, highest, {}, [*procedure.facts]):
        yield (("", numbers),)


def twice(procedure: Procedure, highest: int, first: Sequence[str], then: Sequence[str]) -> Iterator[Acts]:
    """Every case of two acts, which state these."""
    for numbers in allowed(procedure, None, highest, {}, first):
        for more in allowed(procedure, None, highest, numbers, then):
            yield (("", numbers), ("", more))


FORMS = (
    '{{ value = [{several}], equals = "{bound}" }}',
    '{{ value = [{several}], at_most = "{bound}" }}',
    '{{ value = [{several}], at_least = "{bound}" }}',
    '{{ value = "{one}", times = 2, at_most = "{bound}" }}',
    '{{ value = "{one}", times = 2, equals = "{bound}" }}',
    '{{ value = "{one}", at_least = {number} }}',
    "{{ value = [{several}], at_most = {number} }}",
    "{{ value = [{several}], equals = {number} }}",
)


@st.composite
def compared(draw: st.DrawFn) -> Procedure:
    """Three numbers that are compared anyhow."""
    names = draw(st.permutations("abc"))
    fields = []
    for name in names:
        most = draw(st.sampled_from(["", "", "", ", max = 4", ", max = 9"]))
        below = draw(st.sampled_from(["", ", suppress_below = 2", ", suppress_below = 3", ", suppress_below = 3"]))
        fields.append((name, f"min = {draw(st.sampled_from([0, 0, 0, 1]))}{most}{below}"))
    requires = []
    for form in draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3)):
        one, *others = draw(st.permutations(names))
        several = [one, *others[: draw(st.integers(0, 1))]]
        listed, number = ", ".join(f'"{name}"' for name in several), draw(st.sampled_from([1, 2, 3, 5, 8]))
        requires.append(form.format(several=listed, one=one, bound=others[-1], number=number))
    try:
        return reception(tuple(fields), tuple(dict.fromkeys(requires)))
    except ProcedureError:  # what can never or must always hold is no requirement
        reject()


@settings(max_examples=15)  # each tries every number that could be
@given(compared(), st.sets(st.sampled_from("abc"), min_size=1))
def test_whatever_is_compared(procedure: Procedure, corrected: set[str]) -> None:
    assert_untold_however_stated(procedure, corrected)


@pytest.mark.slow
@given(compared(), st.sets(st.sampled_from("abc"), min_size=1))
def test_whatever_is_compared_at_length(procedure: Procedure, corrected: set[str]) -> None:
    assert_untold_however_stated(procedure, corrected)


def assert_untold_however_stated(procedure: Procedure, corrected: set[str]) -> None:
    """At once, corrected, and in two acts."""
    assert_untold(procedure, alone(procedure, 12), 4)
    names, some = [*procedure.facts], sorted(corrected)
    assert_untold(procedure, twice(procedure, 5, names, some), 1)
    if rest := [name for name in names if name not in corrected]:
        assert_untold(procedure, twice(procedure, 9, some, rest), 4)
