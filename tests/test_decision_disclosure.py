"""No small count can be computed from what the public is shown: an independent reader tries every number that could be."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs
import pytest
from conftest import SHORT
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from receptions import PROCEDURES, disclosed, history, reception, stamp

from stabflow import Procedure
from stabflow.case import kind_of
from stabflow.decision.disclosure import Disclosure
from stabflow.decision.events import Migrated
from stabflow.decision.suppression import Key
from stabflow.requirements import ValueIs
from stabflow.values import Withheld

HIGHEST = 14
"""The reader of these tests looks no further for what a hidden number could be."""

Told = tuple[tuple[Key, ...], Callable[[Mapping[Key, int]], bool]]
Acts = Sequence[tuple[str, Mapping[str, int]]]


@attrs.define
class Reader:
    """Somebody who knows the procedure, all that is shown, and whether each of its comparisons holds; but not the numbers."""

    procedure: Procedure
    acts: Acts
    hidden: Mapping[Key, Withheld]

    def could_be(self, key: Key) -> set[int]:
        """Every number that ``key`` could be."""
        return {numbers[key] for numbers in self._consistent(key)}

    def _consistent(self, wanted: Key) -> Iterator[dict[Key, int]]:
        stated = {
            (item, version, name): value
            for version, (item, values) in enumerate(self.acts, start=2)
            for name, value in values.items()
        }
        told = [*self._told(stated)]
        near = {wanted}
        while more := {key for keys, _ in told if near & {*keys} for key in keys if key in self.hidden} - near:
            near |= more
        told = [(keys, holds) for keys, holds in told if near & {*keys}]
        shown = {key: value for key, value in stated.items() if key not in self.hidden}
        yield from self._assigned(sorted(near, key=lambda key: len(self._domain(key, stated))), stated, shown, told)

    def _assigned(
        self, left: Sequence[Key], stated: Mapping[Key, int], numbers: dict[Key, int], told: Sequence[Told]
    ) -> Iterator[dict[Key, int]]:
        for keys, holds in told:
            if all(key in numbers for key in keys) and not holds(numbers):
                return
        if not left:
            yield numbers
            return
        for number in self._domain(left[0], stated):
            yield from self._assigned(left[1:], stated, {**numbers, left[0]: number}, told)

    def _domain(self, key: Key, stated: Mapping[Key, int]) -> range:
        field = self.procedure.lifecycle(kind_of(key[0]) if key[0] else None).fields[key[2]]
        low, high = field.min or 0, HIGHEST if field.max is None else field.max
        below = self.hidden[key].below
        if below is not None:
            return range(low, below)
        is_beside = field.suppress_below is not None and stated[key] >= field.suppress_below
        return range(max(low, field.suppress_below or 0) if is_beside else low, high + 1)

    def _told(self, stated: Mapping[Key, int]) -> Iterator[Told]:
        """Every comparison that held at some time, of the numbers that stood then."""
        current: dict[tuple[str, str], Key] = {}
        for version, (changed, values) in enumerate(self.acts, start=2):
            current |= {(changed, name): (changed, version, name) for name in values}
            for item in {owner for owner, _ in current} | {""}:
                kind = kind_of(item) if item else None
                for one in self._compares(kind):
                    own = self.procedure.lifecycle(kind).fields
                    places = {name: (item if name in own else "", name) for name in one._names}
                    keys = {name: current[place] for name, place in places.items() if place in current}
                    if len(keys) == len(places) and self._holds(one, {name: stated[key] for name, key in keys.items()}):
                        yield tuple(keys.values()), _reading(one, keys)

    def _compares(self, kind: str | None) -> list[ValueIs]:
        rows = self.procedure.lifecycle(kind).transitions
        parts = (part for row in rows for one in row.requires for _, part in one.walk())
        return [part for part in parts if isinstance(part, ValueIs) and part.is_ is None]

    @staticmethod
    def _holds(one: ValueIs, numbers: Mapping[str, int]) -> bool:
        have = sum(numbers[name] for name in one.value) * one.times
        comparison, bound = one.comparison
        need = numbers[bound] if isinstance(bound, str) else bound
        return {"at_least": have >= need, "at_most": have <= need, "equals": have == need}[comparison]


def _reading(one: ValueIs, keys: Mapping[str, Key]) -> Callable[[Mapping[Key, int]], bool]:
    return lambda numbers: Reader._holds(one, {name: numbers[key] for name, key in keys.items()})


@st.composite
def counted(draw: st.DrawFn) -> tuple[Procedure, Acts]:
    """A case in which counts that mostly add up are stated, and corrected."""
    procedure = PROCEDURES[draw(st.sampled_from([*PROCEDURES]))]
    acts: list[tuple[str, Mapping[str, int]]] = []
    stands: dict[tuple[str, str], int] = {}
    items = ["", "talk-1", "talk-2"] if procedure.items else [""]
    for item in draw(st.lists(st.sampled_from(items), min_size=1, max_size=3)):
        fields = procedure.lifecycle("talk" if item else None).fields
        first = not any(owner == item for owner, _ in stands)
        names = [*fields] if first else draw(st.lists(st.sampled_from([*fields]), min_size=1, unique=True))
        values = {name: draw(st.integers(fields[name].min or 0, min(fields[name].max or 6, 6))) for name in names}
        stood = {name: number for (owner, name), number in stands.items() if owner == item} | values
        if draw(st.integers(0, 3)):  # they add up, where they can
            for row in procedure.lifecycle("talk" if item else None).transitions:
                for one in row.requires:
                    if isinstance(one, ValueIs) and one.equals in fields:
                        total = sum(stood[name] for name in one.value)
                        if total <= (fields[str(one.equals)].max or HIGHEST):
                            values[str(one.equals)] = stood[str(one.equals)] = total
        stands |= {(item, name): number for name, number in values.items()}
        acts.append((item, dict(values)))
    return procedure, acts


@settings(max_examples=20)
@given(counted())
def test_no_small_count_can_be_computed(case: tuple[Procedure, Acts]) -> None:
    none_can_be_computed(*case)


@pytest.mark.slow
@settings(max_examples=60 if SHORT else 1_000)
@given(counted())
def test_no_small_count_can_be_computed_in_many_cases(case: tuple[Procedure, Acts]) -> None:
    none_can_be_computed(*case)


def none_can_be_computed(procedure: Procedure, acts: Acts) -> None:
    hidden = disclosed(procedure, acts).hidden
    everything = {
        (item, version, name): Withheld() for version, (item, values) in enumerate(acts, start=2) for name in values
    }
    beside = [key for key, told in hidden.items() if told.below is None]
    assume(len(beside) <= 4)
    for key in hidden:
        item, version, name = key
        field = procedure.lifecycle(kind_of(item) if item else None).fields[name]
        value = acts[version - 2][1][name]
        if field.suppress_below is None or value >= field.suppress_below:
            continue
        could = Reader(procedure, acts, hidden).could_be(key)
        assert value in could
        if len(could) < 2:  # then the rules alone tell it
            small = {one: told if told.below is not None else everything[one] for one, told in hidden.items()}
            assert len(Reader(procedure, acts, {**everything, **small, key: Withheld()}).could_be(key)) < 2


@given(counted())
def test_what_is_under_its_threshold_is_hidden_and_nothing_hidden_is_shown_later(case: tuple[Procedure, Acts]) -> None:
    procedure, acts = case
    before: set[Key] = set()
    for length in range(1, len(acts) + 1):
        hidden = disclosed(procedure, acts[:length]).hidden
        assert before <= {*hidden}
        before = {*hidden}
    for version, (item, values) in enumerate(acts, start=2):
        fields = procedure.lifecycle(kind_of(item) if item else None).fields
        for name, value in values.items():
            below = fields[name].suppress_below
            if below is not None and value < below:
                assert (item, version, name) in before


K5, NUMBER = "min = 0, suppress_below = 5", "min = 0"
FIVE = reception(
    (("a", K5), ("b", K5), ("c", K5), ("total", NUMBER)),
    ('{ value = ["a", "b", "c"], equals = "total" }',),
)


@pytest.mark.parametrize(
    ("numbers", "hidden"),
    [
        ((20, 30, 40, 90), ""),
        ((5, 5, 5, 15), ""),
        ((3, 30, 40, 73), "a total"),  # the total goes, always, and the other parts stay
        ((0, 30, 40, 70), "a total"),  # none is few
        ((3, 4, 40, 47), "a b total"),
        ((0, 0, 40, 40), "a b total"),  # as it goes where it would tell nothing, that it goes tells nothing
        ((4, 4, 40, 48), "a b total"),
        ((2, 0, 0, 2), "a b c total"),
        ((0, 0, 0, 0), "a b c total"),
        ((4, 4, 4, 12), "a b c total"),
        ((0, 5, 40, 45), "a total"),
        ((2, 8, 3, 14), "a c total"),  # they do not add up: that is not told
    ],
)
def test_the_total_is_hidden_with_a_small_part(numbers: tuple[int, ...], hidden: str) -> None:
    names = ("a", "b", "c", "total")
    found = disclosed(FIVE, [("", dict(zip(names, numbers, strict=True)))]).hidden
    assert found == {("", 2, name): Withheld() if name == "total" else Withheld(5) for name in hidden.split()}


RECEIVED = (("batches", K5), ("batches_of_30", K5), ("people", K5))
RECEPTION = reception(
    RECEIVED,
    (
        '{ value = "batches_of_30", at_most = "batches" }',
        '{ value = "batches", at_most = "people" }',
        '{ value = "batches_of_30", times = 30, at_most = "people" }',
    ),
)


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((7, 0, 29), "7 <5 -"),
        ((7, 0, 120), "7 <5 -"),  # as four batches of thirty may be
        ((7, 0, 121), "7 <5 121"),
        ((7, 4, 121), "7 <5 121"),
        ((0, 0, 0), "<5 <5 -"),
        ((4, 4, 130), "<5 <5 130"),
        ((12, 5, 150), "12 5 150"),
    ],
)
def test_a_bound_is_hidden_where_it_is_too_near(numbers: tuple[int, ...], shown: str) -> None:
    assert told(RECEPTION, [("", dict(zip(RECEPTION.facts, numbers, strict=True)))]) == shown


CONSULTATION = reception(
    (("invited", "min = 1, suppress_below = 5"), *((name, K5) for name in ("responded", "support", "oppose", "other"))),
    (
        '{ value = "responded", at_least = 1 }',
        '{ value = "responded", at_most = "invited" }',
        '{ value = ["support", "oppose", "other"], equals = "responded" }',
    ),
)


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((12, 12, 0, 0), "40 - 12 <5 <5"),
        ((16, 12, 0, 4), "40 - 12 <5 <5"),
        ((12, 7, 5, 0), "40 - 7 5 <5"),
        ((6, 1, 2, 3), "40 - <5 <5 <5"),
        ((3, 1, 0, 2), "40 - <5 <5 <5"),
        ((36, 36, 0, 0), "40 - - - -"),  # as who was invited is known, and no eight more were
        ((40, 32, 4, 4), "40 - - - -"),
        ((35, 30, 5, 0), "40 - 30 5 <5"),
        ((36, 25, 6, 5), "40 36 25 6 5"),
    ],
)
def test_answers_of_a_consultation(numbers: tuple[int, ...], shown: str) -> None:
    answers = dict(zip(("responded", "support", "oppose", "other"), numbers, strict=True))
    assert told(CONSULTATION, [("", {"invited": 40}), ("", answers)]) == shown


def told(procedure: Procedure, acts: Acts) -> str:
    """What the public reads of ``acts``."""
    hidden = disclosed(procedure, acts).hidden
    signs = {Withheld(5): "<5", Withheld(): "-"}
    return " ".join(
        signs[hidden[item, version, name]] if (item, version, name) in hidden else str(value)
        for version, (item, values) in enumerate(acts, start=2)
        for name, value in values.items()
    )


def test_what_was_shown_before_is_known() -> None:
    """The total of the first count and of the second differ by what a has become less, so that the new total goes."""
    acts: Acts = [("", {"a": 10, "b": 10, "c": 20, "total": 40}), ("", {"a": 3, "total": 33})]
    assert {*disclosed(FIVE, acts).hidden} == {("", 3, "a"), ("", 3, "total")}


def test_what_was_hidden_beside_a_small_count_stays_hidden() -> None:
    acts: Acts = [("", {"a": 3, "b": 5, "c": 5, "total": 13}), ("", {"a": 12, "total": 22})]
    found = disclosed(FIVE, acts)
    assert {*found.hidden} == {("", 2, "a"), ("", 2, "total")}
    shown = Reader(FIVE, [(item, values) for item, values in acts], found.hidden)
    assert len(shown.could_be(("", 2, "a"))) > 1


def test_a_count_that_the_rules_alone_tell_is_not_said_to_be_small() -> None:
    procedure = reception((("a", K5),), ('{ value = "a", at_least = 4 }',))
    assert disclosed(procedure, [("", {"a": 4})]).hidden == {("", 2, "a"): Withheld()}
    either = reception((("a", K5),), ('{ value = "a", at_least = 3 }',))
    assert disclosed(either, [("", {"a": 4})]).hidden == {("", 2, "a"): Withheld(5)}


@pytest.mark.parametrize(("accepted", "told"), [([3, 40], None), ([1, 3, 40], 5)])
def test_the_only_small_number_that_a_row_accepts_is_not_said_to_be_small(
    accepted: list[int], told: int | None
) -> None:
    procedure = reception((("a", K5),), (f'{{ value = "a", is = {accepted} }}',))
    assert disclosed(procedure, [("", {"a": 3})]).hidden == {("", 2, "a"): Withheld(told)}


def test_what_the_gate_compares_is_known_as_well() -> None:
    rows = '[gate]\nin = ["counted"]\nrequires = [{ value = ["a", "b"], equals = "total" }]'
    procedure = reception((("a", K5), ("b", NUMBER), ("total", NUMBER)), (), rows)
    assert len(disclosed(procedure, [("", {"a": 3, "b": 9, "total": 12})]).hidden) == 2


def test_the_total_of_small_parts_goes_whatever_its_size() -> None:
    procedure = reception(
        (("total", K5), ("a", K5), ("b", K5), ("c", K5)), ('{ value = ["a", "b", "c"], equals = "total" }',)
    )
    for total in (5, 12, 40, 4000):
        found = disclosed(procedure, [("", {"total": total, "a": 0, "b": 0, "c": total})]).hidden
        assert {name for _, _, name in found} == {"a", "b", "total"}


def test_a_total_that_is_stated_later_is_looked_at_with_what_it_adds_up() -> None:
    acts: Acts = [("talk-1", {"a": 1, "b": 5, "c": 6}), ("", {"total": 12}), ("talk-2", {"a": 4, "b": 4, "c": 4})]
    first = {("talk-1", 2, name) for name in "abc"}
    assert {*disclosed(PROCEDURES["items"], acts[:1]).hidden} == first, "all, where the total is none of the talk"
    assert {*disclosed(PROCEDURES["items"], acts[:2]).hidden} == first | {("", 3, "total")}
    assert {("talk-2", 4, name) for name in "abc"} < {*disclosed(PROCEDURES["items"], acts).hidden}, (
        "they tell the total"
    )


def test_where_what_is_new_cannot_hide_it_older_numbers_go() -> None:
    procedure = reception(
        (("a", K5), ("b", NUMBER), ("c", "min = 0, max = 30")), ('{ value = ["a", "b"], equals = "c" }',)
    )  # fmt: skip
    acts: Acts = [("", {"a": 0, "b": 30}), ("", {"c": 30})]
    assert {*disclosed(procedure, acts[:1]).hidden} == {("", 2, "a")}
    assert disclosed(procedure, acts).hidden == dict.fromkeys((("", 2, "a"), ("", 2, "b"), ("", 3, "c")), Withheld())


def test_many_items_that_share_a_total_take_no_long_time() -> None:
    procedure = PROCEDURES["items"]
    acts: list[tuple[str, Mapping[str, int]]] = [("", {"total": 30})]
    acts += [(f"talk-{n}", {"a": n % 4, "b": 10, "c": 20 - n % 4}) for n in range(300)]
    hidden = disclosed(procedure, acts).hidden
    assert {version for _, version, name in hidden if name == "total"} == set()
    assert all(
        any(other[0] == key[0] and other != key for other in hidden)
        for key in itertools.islice(hidden, 100)
        if key[2] == "a"
    )


def test_a_number_stays_hidden_under_a_new_name_and_a_new_threshold_hides_more() -> None:
    before = reception((("a", K5), ("b", NUMBER)), ())
    after = reception((("few", "min = 0, suppress_below = 5"), ("b", "min = 0, suppress_below = 30")), ())
    moved = Migrated(procedure_version="2", digest=after.digest, renamed={"facts.a": "few"})
    acts = history(before, [("", {"a": 3, "b": 20})])
    found = Disclosure.of({one.digest: one for one in (before, after)}, [*acts, (moved, stamp(3))])
    assert found.hidden == {("", 2, "a"): Withheld(5), ("", 2, "b"): Withheld(30)}
    assert found.current == {("", "few"): ("", 2, "a"), ("", "b"): ("", 2, "b")}
    assert found.event(acts[1][0], 2).values == {"a": Withheld(5), "b": Withheld(30)}  # type: ignore[attr-defined]
