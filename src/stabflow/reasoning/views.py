"""The graph of one cluster, as it is asked when the searches are put together."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from .abstraction import Place
from .graph import Act, Edge, Graph, Node, leading
from .stage import Stage
from .statements import signature_of


class View:
    """The graph of one cluster, asked about places and acts of the graph of places, which knows more facts than it does."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._at: dict[Place, list[int]] = {}
        for index, node in enumerate(graph.nodes):
            self._at.setdefault(node.place, []).append(index)
        self._permitting = functools.cache(self._find_permitting)
        self._leading = functools.cache(self._find_leading)

    def permits(self, node: Node, act: Act) -> bool:
        """Whether the act is permitted somewhere at the place."""
        return bool(self._permitting(self.place_of(node), self.told(act), sure=False))

    def always_comes_to(self, node: Node, act: Act) -> bool:
        """Whether item acts lead from everywhere at the place to where the act is permitted."""
        place = self.place_of(node)
        return len(self._leading(place, self.told(act))) == len(self._at.get(place, ()))

    def permitting(self, place: Place, told: tuple[object, ...], sure: bool = True) -> frozenset[int]:
        """The nodes at ``place`` where the act is ``sure`` to be permitted, or may be."""
        return self._permitting(place, told, sure=sure)

    def with_open_gate(self, node: Node) -> frozenset[int]:
        """The nodes at the place where what the gate asks holds."""
        gate = self.graph.cluster.gate
        if gate is None:
            return frozenset()
        stage = Stage(self.graph.cluster.procedure)
        return frozenset(
            index
            for index in self._at.get(self.place_of(node), ())
            if stage.holds(gate.requires, self.graph.nodes[index].case, None, None, gate, {})
        )

    def place_of(self, node: Node) -> Place:
        """The place as this cluster knows it."""
        return self.graph.abstraction.place(node.case)

    def told(self, act: Act) -> tuple[object, ...]:
        """The act as far as this cluster can tell it from others."""
        tests = self.graph.abstraction.tests
        return (
            act.trigger,
            act.amends,
            *((name, signature_of(value, tests[name])) for name, value in act.chosen if name in tests),
        )

    def _find_permitting(self, place: Place, told: tuple[object, ...], *, sure: bool) -> frozenset[int]:
        return frozenset(
            index
            for index in self._at.get(place, ())
            if any(
                edge.act.moves_case and (edge.sure or not sure) and self.told(edge.act) == told
                for edge in self.graph.nodes[index].edges
            )
        )

    def _find_leading(self, place: Place, told: tuple[object, ...]) -> frozenset[int]:
        """The nodes at ``place`` from which item acts lead to where the act is sure to be permitted."""
        goal = self._permitting(place, told, sure=True)
        return frozenset(leading(self._at.get(place, ()), goal, lambda index: _item_edges(self.graph.nodes[index])))


def _item_edges(node: Node) -> Iterator[Edge]:
    return (edge for edge in node.edges if edge.sure and not edge.act.moves_case)
