"""Nor does it tell a small count which numbers are hidden beside it: a reader who knows how that is chosen tries everything that
could have been stated, and keeps what would be shown in exactly this way."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receptions import PROCEDURES, disclosed, reception

from stabflow import Procedure
from stabflow.case import kind_of
from stabflow.decision.suppression import Key
from stabflow.requirements import Requirement, ValueIs

Acts = tuple[tuple[str, Mapping[str, int]], ...]
Display = tuple[tuple[Key, str], ...]
Numbers = Mapping[str, int]


def allowed(procedure: Procedure, kind: str | None, highest: int, stands: Numbers, stated: Sequence[str]) -> Iterator[Numbers]:
    """Everything that could be stated, up to ``highest``, by the row that states it or in correction of it, where ``stands``."""
    fields = procedure.lifecycle(kind).fields
    requires = [
        one for row in procedure.lifecycle(kind).transitions if row.trigger in ("count", "add") for one in row.requires
    ]
    asked = [(frozenset(_names(one)), one) for one in requires]

    def go_on(numbers: dict[str, int], left: Sequence[str]) -> Iterator[Numbers]:
        if not left:
            yield {name: numbers[name] for name in stated}
            return
        field, most = fields[left[0]], fields[left[0]].max
        for number in range(field.min or 0, (highest if most is None else min(most, highest)) + 1):
            now = {**numbers, left[0]: number}
            if all(_is_met(one, now) for names, one in asked if left[0] in names and names <= now.keys()):
                yield from go_on(now, left[1:])

    yield from go_on({name: number for name, number in stands.items() if name not in stated}, stated)


def _names(one: Requirement) -> Iterator[str]:
    for _, part in one.walk():
        if isinstance(part, ValueIs):
            yield from part.value
            if part.is_ is None and isinstance(part.comparison[1], str):
                yield part.comparison[1]


def _is_met(one: Requirement, numbers: Numbers) -> bool:
    if not isinstance(one, ValueIs):
        return any(_is_met(part, numbers) for _, part in one.walk() if part is not one)
    have = sum(numbers[name] for name in one.value) * one.times
    comparison, bound = one.comparison
    need = numbers[bound] if isinstance(bound, str) else bound
    return {"at_least": have >= need, "at_most": have <= need, "equals": have == need}[comparison]


def display(procedure: Procedure, acts: Acts) -> Display:
    """All that the public is shown of ``acts``."""
    hidden = disclosed(procedure, acts).hidden
    stated = [((item, version, name), value) for version, (item, values) in enumerate(acts, 2) for name, value in values.items()]
    return tuple((key, str(hidden.get(key, value))) for key, value in stated)


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
        alike[display(procedure, acts)].append(acts)
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


ONE = [name for name in PROCEDURES if name != "items"]


@pytest.mark.parametrize("name", ONE)
def test_one_act(name: str) -> None:
    procedure = PROCEDURES[name]
    every = allowed(procedure, None, 16, {}, [*procedure.facts])
    assert_untold(procedure, [(("", numbers),) for numbers in every], 8)
