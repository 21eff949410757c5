"""The shortest way of a case to where it is wanted, through the graphs of all clusters at once.

A configuration is a node of every graph. An act on an item moves one graph on; an act on the case moves all of them, and is
there only where each permits it. Acts on the items of different clusters do not disturb each other, so they are tried in one
order only. The search is A*: no way is shorter than the acts on the case that are left (by the graph of places), together with
the acts on items that are left in each cluster by itself.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Iterator

import attrs

from .composition import Composition
from .graph import Act, Graph

MAX_CONFIGURATIONS = 200_000

Told = tuple[object, ...]


def _itself(act: Act) -> Told:
    return (act,)


class TooFar(Exception):
    """The bound on configurations was hit."""


@attrs.frozen
class Leg:
    """One act of a way: in which graph it was found, from which node of it, and to which it leads."""

    graph: Graph
    source: int
    act: Act
    target: int


class _Lane:
    """One graph, as a way passes through it: its acts on the case and on items, and how many it is away from the goal."""

    def __init__(
        self, graph: Graph, told: Callable[[Act], Told], wanted: Collection[str], *, sure: bool, counts_case: bool
    ) -> None:
        self.graph = graph
        self.on_case: list[dict[Told, int]] = []
        self.on_items: list[list[tuple[Act, int]]] = []
        for node in graph.nodes:
            case_acts: dict[Told, int] = {}
            item_acts: dict[int, Act] = {}
            for edge in node.edges:
                if not (edge.sure or not sure):
                    continue
                if edge.act.moves_case:
                    case_acts.setdefault(told(edge.act), edge.target)
                else:
                    item_acts.setdefault(edge.target, edge.act)
            self.on_case.append(case_acts)
            self.on_items.append([(act, target) for target, act in item_acts.items()])
        self.left = self._distances(wanted, counts_case=counts_case)

    def _distances(self, wanted: Collection[str], *, counts_case: bool) -> list[int | None]:
        """How many acts each node is at least away from the goal: those on the case, or those on items."""
        back: list[list[tuple[int, int]]] = [[] for _ in self.graph.nodes]
        for index in range(len(self.graph.nodes)):
            for target in self.on_case[index].values():
                back[target].append((index, int(counts_case)))
            for _, target in self.on_items[index]:
                back[target].append((index, int(not counts_case)))
        found: list[int | None] = [None] * len(back)
        waiting = [(0, index) for index, node in enumerate(self.graph.nodes) if node.place.state in wanted]
        while waiting:
            cost, index = heapq.heappop(waiting)
            if found[index] is not None:
                continue
            found[index] = cost
            for source, more in back[index]:
                if found[source] is None:
                    heapq.heappush(waiting, (cost + more, source))
        return found


class Router:
    """Finds ways through the graphs of ``composition`` to the states ``wanted``. ``sure``: by acts alone that are sure
    to be permitted, given what the report lists as assumed; else by any that may be."""

    def __init__(self, composition: Composition, wanted: Collection[str], *, sure: bool) -> None:
        self._composition = composition
        self._wanted = frozenset(wanted)
        self._sure = sure
        self._places = _Lane(composition.places, _itself, wanted, sure=sure, counts_case=True)
        self._views = [composition.view(graph) for graph in composition.graphs]
        self._lanes = [
            _Lane(graph, view.told, wanted, sure=sure, counts_case=False)
            for graph, view in zip(composition.graphs, self._views, strict=True)
        ]

    def way(self, start: tuple[int, ...]) -> tuple[Leg, ...] | None:
        """A shortest way from ``start``, a node of each graph, that of places first; or ``None`` where there is none. `TooFar`
        where the bound is hit."""
        if (least := self._left(start)) is None:
            return None
        tie = itertools.count()
        first = (start, 0)
        before: dict[tuple[tuple[int, ...], int], tuple[tuple[tuple[int, ...], int], Leg] | None] = {first: None}
        costs = {first: 0}
        waiting = [(least, 0, next(tie), first)]
        while waiting:
            _, minus, _, here = heapq.heappop(waiting)
            cost = -minus
            if cost > costs[here]:
                continue
            if self._composition.places.nodes[here[0][0]].place.state in self._wanted:
                legs: list[Leg] = []
                at = here
                while (link := before[at]) is not None:
                    at, leg = link
                    legs.append(leg)
                return tuple(reversed(legs))
            if len(costs) > MAX_CONFIGURATIONS:
                raise TooFar
            for leg, there in self._ahead(*here):
                if cost + 1 >= costs.get(there, cost + 2) or (left := self._left(there[0])) is None:
                    continue
                costs[there] = cost + 1
                before[there] = here, leg
                heapq.heappush(waiting, (cost + 1 + left, -(cost + 1), next(tie), there))
        return None

    def _left(self, nodes: tuple[int, ...]) -> int | None:
        total = self._places.left[nodes[0]]
        if total is None:
            return None
        for lane, node in zip(self._lanes, nodes[1:], strict=True):
            more = lane.left[node]
            if more is None:
                return None
            total += more
        return total

    def _ahead(self, nodes: tuple[int, ...], turn: int) -> Iterator[tuple[Leg, tuple[tuple[int, ...], int]]]:
        for act, place in self._on_case(nodes[0]):
            there = [place]
            for lane, view, node in zip(self._lanes, self._views, nodes[1:], strict=True):
                target = lane.on_case[node].get(view.told(act))
                if target is None:
                    break
                there.append(target)
            else:
                yield Leg(self._composition.places, nodes[0], act, place), (tuple(there), 0)
        for number in range(turn, len(self._lanes)):
            lane, node = self._lanes[number], nodes[number + 1]
            for act, target in lane.on_items[node]:
                yield (
                    Leg(lane.graph, node, act, target),
                    ((*nodes[: number + 1], target, *nodes[number + 2 :]), number),
                )

    def _on_case(self, place: int) -> Iterator[tuple[Act, int]]:
        """The acts on the case that the graph of places has at a place, with the place they lead to."""
        for edge in self._composition.places.nodes[place].edges:
            if edge.sure or not self._sure:
                yield edge.act, edge.target
