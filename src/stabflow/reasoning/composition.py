"""What the searches of the clusters say together.

Clusters do not disturb each other, so that curing one after the other is a real path. A place (state and facts) is *good* when
it is an end, or when some act leads from it to a good place, and in **each** cluster item acts alone lead, from whatever it can
have come to at that place, to where the act is permitted. That is sufficient, not necessary: where it fails, the clusters that
fail are searched together.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence

import attrs

from ..case import Case
from ..language import Procedure
from .abstraction import Place, signature_of
from .cluster import Cluster, cluster, clusters
from .explore import Act, Edge, Graph, Node, explore


@attrs.frozen
class Step:
    """An act on the case itself, from one place to another, by their numbers in the graph of places."""

    source: int
    act: Act
    target: int


class Composition:
    """The graph of places of a procedure, and the graphs of its clusters.

    ``groups`` says which kinds are searched together; by default each cluster alone. The searches begin with the opening of a
    case, or with ``start``. ``complete`` unless a search hit its bound.
    """

    def __init__(
        self,
        procedure: Procedure,
        groups: Sequence[Collection[str]] | None = None,
        *,
        start: Case | None = None,
        max_states: int,
    ) -> None:
        self.procedure = procedure
        self.whole: Cluster = cluster(procedure, procedure.items)
        self.groups = tuple(frozenset(group) for group in (clusters(procedure) if groups is None else groups))
        self.places: Graph = explore(cluster(procedure, ()), facts_of=self.whole, start=start, max_states=max_states)
        self.graphs = tuple(
            explore(cluster(procedure, group), start=start, max_states=max_states) for group in self.groups
        )
        self._views = tuple(View(graph) for graph in self.graphs)

    @property
    def complete(self) -> bool:
        """Whether every search came to its end."""
        return all(graph.complete for graph in (self.places, *self.graphs))

    @functools.cached_property
    def steps(self) -> tuple[Step, ...]:
        """The acts on the case that no cluster rules out."""
        return tuple(
            Step(index, edge.act, edge.target)
            for index, node in enumerate(self.places.nodes)
            for edge in node.edges
            if all(view.permits(node, edge.act) for view in self._views)
        )

    @functools.cached_property
    def reached(self) -> frozenset[int]:
        """The places that no cluster rules out."""
        ahead: dict[int, list[int]] = {}
        for step in self.steps:
            ahead.setdefault(step.source, []).append(step.target)
        found = set(self.places.roots)
        waiting = list(found)
        while waiting:
            for target in ahead.get(waiting.pop(), ()):
                if target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    @functools.cached_property
    def good(self) -> frozenset[int]:
        """The places from which an end can always be reached."""
        good = {index for index, node in enumerate(self.places.nodes) if self._is_final(node)}
        back: dict[int, list[Step]] = {}
        for step in self.steps:
            if step.source in self.reached and self.is_curable(step):
                back.setdefault(step.target, []).append(step)
        waiting = list(good)
        while waiting:
            for step in back.get(waiting.pop(), ()):
                if step.source not in good:
                    good.add(step.source)
                    waiting.append(step.source)
        return frozenset(good)

    def is_curable(self, step: Step) -> bool:
        """Whether the act can be brought about from whatever the clusters can have come to at its place."""
        node = self.places.nodes[step.source]
        sure = any(edge.sure for edge in node.edges if edge.act == step.act and edge.target == step.target)
        return sure and all(view.always_comes_to(node, step.act) for view in self._views)

    def culprits(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The places from which no end can be shown to be reached, as far as it is their own fault, the first reached first: with
        the groups in which the act that leads nearer to an end cannot be brought about from everywhere (none: nothing does)."""
        distance = self._distances()
        for index in sorted(self.reached - self.good):
            node = self.places.nodes[index]
            failing = [
                tuple(number for number, view in enumerate(self._views) if not view.always_comes_to(node, step.act))
                for step in self.steps
                if step.source == index and distance.get(step.target, index) < distance.get(index, 0)
            ]
            if () not in failing:
                yield index, min(failing, key=len, default=())

    def _distances(self) -> dict[int, int]:
        """How many acts on the case away an end is from each place, if all that they ask for could be brought about."""
        back: dict[int, list[int]] = {}
        for step in self.steps:
            back.setdefault(step.target, []).append(step.source)
        found = {index: 0 for index, node in enumerate(self.places.nodes) if self._is_final(node)}
        waiting = list(found)
        for index in waiting:
            for source in back.get(index, ()):
                if source not in found:
                    found[source] = found[index] + 1
                    waiting.append(source)
        return found

    def _is_final(self, node: Node) -> bool:
        return self.procedure.states[node.place.state].final

    def _leads_on(self, place: Place, act: Act, group: int, *, sure: bool) -> bool:
        """Whether the other groups can bring the act about: always, wherever the case may be that looks to ``group`` like
        ``place`` (``sure``), or at least somewhere."""
        view = self._views[group]
        told = view.told(act)
        answers = [
            all(
                other.always_comes_to(node, step.act) if sure else other.permits(node, step.act)
                for number, other in enumerate(self._views)
                if number != group
            )
            for step in self.steps
            if step.source in self.reached
            and step.act.trigger == act.trigger
            and view.place_of(node := self.places.nodes[step.source]) == place
            and view.told(step.act) == told
        ]
        return bool(answers) and (all(answers) if sure else any(answers))

    def stuck_nodes(self, group: int, *, sure: bool) -> list[int]:
        """The nodes of a group's graph from which no end can be reached. ``sure``: what counts as a way out must be sure to be
        one, in this group and in all others; else it need only be possible."""
        graph = self.graphs[group]
        back: dict[int, list[int]] = {}
        known: dict[tuple[Place, tuple[object, ...]], bool] = {}
        for index, node in enumerate(graph.nodes):
            for edge in node.edges:
                if not edge.sure and sure:
                    continue
                if edge.act.moves_case:
                    asked = (node.place, self._views[group].told(edge.act))
                    if asked not in known:
                        known[asked] = self._leads_on(node.place, edge.act, group, sure=sure)
                    if not known[asked]:
                        continue
                back.setdefault(edge.target, []).append(index)
        found = {index for index, node in enumerate(graph.nodes) if self._is_final(node)}
        waiting = list(found)
        while waiting:
            for source in back.get(waiting.pop(), ()):
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        return [index for index in range(len(graph.nodes)) if index not in found]

    @functools.cached_property
    def told_fields(self) -> frozenset[str]:
        """The fields whose values some requirement tells apart."""
        return frozenset().union(*(graph.abstraction.tests.keys() for graph in (self.places, *self.graphs)))

    def view(self, graph: Graph) -> View:
        """The graph of one group, as it is asked."""
        return self._views[self.graphs.index(graph)]

    def path(self, index: int) -> tuple[Act, ...]:
        """The shortest acts on the case that lead to a place."""
        before: dict[int, Step | None] = dict.fromkeys(self.places.roots)
        waiting = list(self.places.roots)
        for at in waiting:
            for step in (step for step in self.steps if step.source == at):
                if step.target not in before:
                    before[step.target] = step
                    waiting.append(step.target)
        found: list[Act] = []
        at = index
        while (last := before[at]) is not None:
            found.append(last.act)
            at = last.source
        opening = self.places.nodes[at].by
        return (*((opening,) if opening is not None else ()), *reversed(found))


class View:
    """The graph of one cluster, asked about places and acts of the graph of places, which knows more facts than it does."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
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

    def permitting(self, place: Place, told: tuple[object, ...]) -> frozenset[int]:
        """The nodes at ``place`` where the act is sure to be permitted."""
        return self._permitting(place, told, sure=True)

    def place_of(self, node: Node) -> Place:
        """The place as this cluster knows it."""
        return self._graph.abstraction.place(node.case)

    def told(self, act: Act) -> tuple[object, ...]:
        """The act as far as this cluster can tell it from others."""
        tests = self._graph.abstraction.tests
        return (act.trigger, *((name, signature_of(value, tests[name])) for name, value in act.chosen if name in tests))

    def _find_permitting(self, place: Place, told: tuple[object, ...], *, sure: bool) -> frozenset[int]:
        return frozenset(
            index
            for index in self._at.get(place, ())
            if any(
                edge.act.moves_case and (edge.sure or not sure) and self.told(edge.act) == told
                for edge in self._graph.nodes[index].edges
            )
        )

    def _find_leading(self, place: Place, told: tuple[object, ...]) -> frozenset[int]:
        """The nodes at ``place`` from which item acts lead to where the act is sure to be permitted."""
        back: dict[int, list[int]] = {}
        for index in self._at.get(place, ()):
            for edge in _item_edges(self._graph.nodes[index]):
                back.setdefault(edge.target, []).append(index)
        found = set(self._permitting(place, told, sure=True))
        waiting = list(found)
        while waiting:
            for source in back.get(waiting.pop(), ()):
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        return frozenset(found)


def _item_edges(node: Node) -> Iterator[Edge]:
    return (edge for edge in node.edges if edge.sure and not edge.act.moves_case)
