"""What the searches of the clusters say together.

Clusters do not disturb each other, so that curing one after the other is a real path. A place (state and facts) is *good* when
it is an end, or when some act leads from it to a good place, and in **each** cluster item acts alone lead, from whatever it can
have come to at that place, to where the act is permitted. That is sufficient, not necessary: where it fails, the clusters that
fail are searched together.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs

from ..case import Case
from ..language import Procedure
from ..requirements import Requirement
from ..text import Text
from .abstraction import Place
from .bounds import UNBOUNDED, Bounds, Deadline
from .cluster import Cluster, cluster, clusters
from .explore import explore
from .graph import Act, Edge, Graph, Node, Refused, leading
from .reaching import closure
from .stage import Stage
from .views import View


@attrs.frozen
class Step:
    """An act on the case itself, from one place to another, by their numbers in the graph of places."""

    source: int
    act: Act
    target: int


@attrs.frozen
class Culprit:
    """A place from which no end can be shown to be reached. ``has_no_way``: no acts on the case lead to one; else the ``nearest``
    groups are those in which an act that leads nearer cannot be brought about from everywhere, and ``groups`` all for which some
    such act cannot (none: the answer hangs on what is not followed)."""

    place: int
    has_no_way: bool
    nearest: frozenset[int]
    groups: frozenset[int]


class Composition:
    """The graph of places of a procedure, and the graphs of its clusters.

    ``groups`` says which kinds are searched together; by default each cluster alone. The searches begin with the opening of a
    case, or with ``start``; ``spare``: so many more items of a kind are counted. ``complete`` unless a search hit its bound.
    ``besides`` is asked too, in any state; ``corrected``: what was stated is corrected too. What ``known`` has searched in the
    same way is not searched again.
    """

    def __init__(
        self,
        procedure: Procedure,
        groups: Sequence[Collection[str]] | None = None,
        *,
        start: Case | None = None,
        spare: Mapping[str, int] | None = None,
        besides: Sequence[Requirement] = (),
        corrected: bool = False,
        known: Composition | None = None,
        max_states: int,
        deadline: Deadline = UNBOUNDED,
    ) -> None:
        self.procedure = procedure
        self.whole: Cluster = cluster(procedure, procedure.items)
        self.groups = tuple(frozenset(group) for group in (clusters(procedure) if groups is None else groups))
        bounds: Bounds = {"corrected": corrected, "max_states": max_states, "deadline": deadline}
        asked = frozenset[str]().union(*(one.reads().kinds for one in besides))
        searched: dict[frozenset[str], View] = {}
        if known is not None and not spare:
            searched.update(zip(known.groups, known._views, strict=True))
        self.places: Graph = (
            known.places
            if known is not None and not _tells(besides)
            else explore(cluster(procedure, ()), besides=besides, facts_of=self.whole, start=start, **bounds)
        )
        self._views: tuple[View, ...] = tuple(
            searched[group]
            if group in searched and asked.isdisjoint(group)
            else View(explore(cluster(procedure, group), besides=besides, start=start, spare=spare, **bounds))
            for group in self.groups
        )
        self.graphs = tuple(view.graph for view in self._views)

    @property
    def complete(self) -> bool:
        """Whether every search came to its end."""
        return not self.hit

    @property
    def hit(self) -> tuple[Text, ...]:
        """The bounds that a search hit."""
        return tuple(dict.fromkeys(text for graph in (self.places, *self.graphs) for text in graph.hit))

    @functools.cached_property
    def steps(self) -> tuple[Step, ...]:
        """The acts on the case that no cluster rules out."""
        return tuple(
            Step(index, edge.act, edge.target)
            for index, node in enumerate(self.places.nodes)
            for edge in node.edges
            if edge.act.amends or all(view.permits(node, edge.act) for view in self._views)
        )

    @functools.cached_property
    def reached(self) -> frozenset[int]:
        """The places that no cluster rules out."""
        return closure(self.places.roots, lambda at: (step.target for step in self.ahead.get(at, ())))

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
        return self._is_sure(step) and all(
            view.always_comes_to(self.places.nodes[step.source], step.act) for view in self._views
        )

    def _is_sure(self, step: Step) -> bool:
        edges = self.places.nodes[step.source].edges
        return any(edge.sure for edge in edges if edge.act == step.act and edge.target == step.target)

    def culprits(self) -> Iterator[Culprit]:
        """The places from which no end can be shown to be reached, as far as it is their own fault, the first reached first."""
        distance = self._distances()
        for index in sorted(self.reached - self.good):
            node = self.places.nodes[index]
            nearer = [
                step
                for step in self.ahead.get(index, ())
                if distance.get(step.target, index) < distance.get(index, 0) and not step.act.amends
            ]
            if any(map(self.is_curable, nearer)):
                continue
            failing = [
                frozenset(number for number, view in enumerate(self._views) if not view.always_comes_to(node, one.act))
                for one in nearer
            ]
            yield Culprit(
                index, index not in distance, min(failing, key=len, default=frozenset()), frozenset().union(*failing)
            )

    def _distances(self) -> dict[int, int]:
        """How many acts on the case away an end is from each place, if all that they ask for could be brought about."""
        back: dict[int, list[int]] = {}
        for step in self.steps:
            if not step.act.amends:
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

    @functools.cached_property
    def ahead(self) -> Mapping[int, Sequence[Step]]:
        """The steps that lead on from each place."""
        found: dict[int, list[Step]] = {}
        for step in self.steps:
            found.setdefault(step.source, []).append(step)
        return found

    @functools.cached_property
    def _alike(self) -> Sequence[Mapping[Place, Sequence[int]]]:
        """For each group, the places that are reached, by what it knows of them."""
        found: list[dict[Place, list[int]]] = [{} for _ in self.groups]
        for alike, view in zip(found, self._views, strict=True):
            for index in sorted(self.reached):
                alike.setdefault(view.place_of(self.places.nodes[index]), []).append(index)
        return found

    def _leads_on(self, place: Place, act: Act, group: int, *, sure: bool) -> bool:
        """Whether the other groups can bring the act about: at every place that looks to ``group`` like ``place``, wherever they
        have come to there (``sure``), or at least somewhere."""
        view = self._views[group]
        told = view.told(act)

        def leads(step: Step) -> bool:
            if step.act.trigger != act.trigger or view.told(step.act) != told or (sure and not self._is_sure(step)):
                return False
            node = self.places.nodes[step.source]
            others = (other for number, other in enumerate(self._views) if number != group)
            return all(
                other.always_comes_to(node, step.act) if sure else other.permits(node, step.act) for other in others
            )

        answers = (any(map(leads, self.ahead.get(index, ()))) for index in self._alike[group].get(place, ()))
        return all(answers) if sure else any(answers)

    def stuck_nodes(self, group: int, *, sure: bool) -> list[int]:
        """The nodes of a group's graph from which no end can be reached, as `unable` has it."""
        ends = [index for index, node in enumerate(self.graphs[group].nodes) if self._is_final(node)]
        return self.unable(group, ends, sure=sure)

    def unable(self, group: int, goal: Collection[int], *, sure: bool) -> list[int]:
        """The nodes of a group's graph from which none of ``goal`` can be reached. ``sure``: what counts as a way must be sure to
        be one, in this group and in all others; else it need only be possible. A correction is none: nothing has to be stated
        wrongly, or to be corrected, for a case to go on."""
        graph = self.graphs[group]
        known: dict[tuple[Place, tuple[object, ...]], bool] = {}

        def ways_out(index: int) -> Iterator[Edge]:
            place = graph.nodes[index].place
            for edge in graph.nodes[index].edges:
                if edge.act.amends or (sure and not edge.sure):
                    continue
                if edge.act.moves_case:
                    asked = (place, self._views[group].told(edge.act))
                    if asked not in known:
                        known[asked] = self._leads_on(place, edge.act, group, sure=sure)
                    if not known[asked]:
                        continue
                yield edge

        found = leading(range(len(graph.nodes)), goal, ways_out, certainly=sure)
        return [index for index in range(len(graph.nodes)) if index not in found]

    def gate_opens(self, index: int) -> bool:
        """Whether the gate can stand open at a place."""
        node = self.places.nodes[index]
        gate = self.places.cluster.gate
        if gate is None or node.place.state not in gate.source:
            return False
        here = Stage(self.places.cluster.procedure).holds(gate.requires, node.case, None, None, gate, {})
        return here and all(view.with_open_gate(node) for view in self._views)

    @functools.cached_property
    def told_fields(self) -> frozenset[str]:
        """The fields whose values some requirement tells apart, or in which items must differ; also those that may be left out,
        where it is asked whether they were."""
        known = [graph.abstraction for graph in (self.places, *self.graphs)]
        optional = {
            name for _, cycle in self.procedure.lifecycles() for name, field in cycle.fields.items() if field.optional
        }
        tested = frozenset(name for one in known for name, tests in one.tests.items() if tests or name in optional)
        return tested.union(*(one.unlike_fields for one in known))

    def view(self, graph: Graph) -> View:
        """The graph of one group, as it is asked."""
        return self._views[self.graphs.index(graph)]

    def path(self, index: int, refused: Refused = ()) -> tuple[Act, ...]:
        """The shortest acts on the case that lead to a place, without those ``refused``; none where there are none."""
        before: dict[int, Step | None] = dict.fromkeys(self.places.roots)
        waiting = list(self.places.roots)
        for at in waiting:
            for step in self.ahead.get(at, ()):
                if step.target not in before and (at, step.act) not in refused:
                    before[step.target] = step
                    waiting.append(step.target)
        found: list[Act] = []
        at = index
        if at not in before:
            return ()
        while (last := before[at]) is not None:
            found.append(last.act)
            at = last.source
        opening = self.places.nodes[at].by
        return (*((opening,) if opening is not None else ()), *reversed(found))


def _tells(besides: Sequence[Requirement]) -> bool:
    """Whether something in ``besides`` tells cases apart by more than where they stand, and their items."""
    parts = [part for one in besides for _, part in one.walk()]
    return any(part.own_reads().names or getattr(part, "since", None) is not None for part in parts)
