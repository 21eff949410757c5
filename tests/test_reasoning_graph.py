"""What leads where, when an act may lead to one of two cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stabflow.language import Transition
from stabflow.reasoning.graph import Act, Edge, leading

ACT = Act("act", "item", "item-1", (), Transition(trigger="act"), {})


def led(edges: Mapping[int, Sequence[tuple[int, int | None]]], *, certainly: bool) -> set[int]:
    found = {source: [Edge(ACT, target, True, other) for target, other in pairs] for source, pairs in edges.items()}
    return set(leading(range(4), [0], lambda index: found.get(index, []), certainly=certainly))


def test_a_way_leads_back_from_the_goal() -> None:
    for certainly in (True, False):
        assert led({1: [(0, None)], 2: [(1, None)], 3: [(3, None)]}, certainly=certainly) == {0, 1, 2}


def test_what_may_lead_elsewhere_is_certain_only_where_that_is_good_too() -> None:
    one_or_other = {1: [(0, 2), (2, 0)]}
    assert led(one_or_other, certainly=False) == {0, 1}
    assert led(one_or_other, certainly=True) == {0}
    assert led({**one_or_other, 2: [(0, None)]}, certainly=True) == {0, 1, 2}


def test_two_that_only_lead_to_each_other_if_not_to_the_goal_are_not_certain() -> None:
    round_and_round = {1: [(0, 2), (2, 0)], 2: [(1, None)]}
    assert led(round_and_round, certainly=False) == {0, 1, 2}
    assert led(round_and_round, certainly=True) == {0}
