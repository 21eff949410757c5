"""Breadth-first search over the cases that a procedure can come to, the items of some kinds looked at.

Its steps are the real ones: `moves` says what rows permit, the requirements answer for themselves, `decide` makes the event
and `evolve` the next case, each on a representative. The abstraction only says when two cases are the same. So no rule is
written twice.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import attrs

from ..case import Case, Item, item_id, with_changes
from ..decision.decider import Option, moves
from ..errors import NotPermitted
from ..language import Transition
from ..requirements import CaseIs, Requirement
from .abstraction import Abstraction, ItemClass, Key
from .amending import Amending
from .bounds import UNBOUNDED, Deadline, too_many_states, too_many_ways
from .cluster import Cluster
from .graph import Act, Edge, Graph, Node
from .stage import Stage
from .statements import MAX_ASSIGNMENTS, Chosen, Values, are_cut, assignments

MAX_STATES = 60_000


def explore(
    cluster: Cluster,
    *,
    besides: Iterable[Requirement] = (),
    facts_of: Cluster | None = None,
    start: Case | None = None,
    spare: Mapping[str, int] | None = None,
    corrected: bool = False,
    max_states: int = MAX_STATES,
    deadline: Deadline = UNBOUNDED,
) -> Graph:
    """Everything that cases under the procedure of ``cluster`` can come to (with ``start``: that this one can come to), as far as
    its rows, or ``besides``, tell them apart (of the facts: as far as the rows of ``facts_of`` do); ``spare`` items of a kind are
    counted besides."""
    abstraction = Abstraction(cluster, besides, facts_of=facts_of, spare=spare, corrected=corrected)
    return _Search(cluster, abstraction, max_states, deadline).run(start)


class _Search:
    def __init__(self, cluster: Cluster, abstraction: Abstraction, max_states: int, deadline: Deadline) -> None:
        self._cluster = cluster
        self._procedure = cluster.procedure
        self._abstraction = abstraction
        self._max_states = max_states
        self._deadline = deadline
        self._stage = Stage(cluster.procedure)
        self._assignments: dict[tuple[str | None, int], tuple[tuple[Chosen, Values], ...]] = {}
        self._effects: dict[object, tuple[ItemClass, int] | None] = {}
        self._known_ways: dict[object, tuple[tuple[Chosen, Values, bool], ...]] = {}
        self._row_reads: dict[int, tuple[frozenset[str], frozenset[str], bool]] = {}
        self._graph = Graph(cluster, abstraction)
        self._waiting: deque[tuple[int, Mapping[ItemClass, list[Item]]]] = deque()
        self._held: list[Mapping[ItemClass, list[Item]]] = []

    def run(self, start: Case | None) -> Graph:
        if start is None:
            self._open()
        else:
            seen = {name: item for name, item in start.items.items() if item.kind in self._cluster.kinds}
            self._graph.roots.append(self._node(with_changes(start, items=seen), None, None))
        amending = Amending(self._abstraction)
        corrected = 0
        while self._goes_on():
            if self._waiting:
                index, held = self._waiting.popleft()
                self._held.append(held)
                self._expand(index, held)
            elif corrected < len(self._graph.nodes) and self._abstraction.correctables:
                self._correct(amending, corrected)
                corrected += 1
            else:
                break
        return self._graph

    def _goes_on(self) -> bool:
        if len(self._graph.nodes) > self._max_states:
            self._graph.hit[too_many_states(self._max_states)] = None
            return False
        if self._deadline.is_over:
            self._graph.hit[self._deadline.hit()] = None
            return False
        return True

    def _correct(self, amending: Amending, index: int) -> None:
        """Whatever was stated is corrected: of the case, and of one item of each class."""
        node, held = self._graph.nodes[index], self._held[index]
        for act, after in amending.of_case(node):
            target = self._node(after, index, act)
            if target != index:
                node.edges.append(Edge(act, target, False))
        for class_, (item, *_) in held.items():
            many = self._abstraction.is_many(node.case, item, held)
            for act, after in amending.of_item(node, item, many=many):
                into = self._abstraction.item_class(after, after.items[item.id])
                if into is None or into[0] != class_:
                    self._join(index, [*self._corrected(index, class_, item, act, after, into, many=many)], False)

    def _corrected(
        self,
        index: int,
        class_: ItemClass,
        item: Item,
        act: Act,
        after: Case,
        into: tuple[ItemClass, int] | None,
        *,
        many: bool,
    ) -> Iterator[tuple[Act, int]]:
        """Where a correction leads: there is one item less in its class, and, of many, there may be as many as are counted."""
        for stays in (False, True) if many else (False,):
            key = self._key_after(self._graph.nodes[index], item.kind, class_, into, stays, None)
            target = self._graph.known.get(key)
            if target is None:
                another = with_changes(item, id=f"{item.id}+{after.version}")
                outcome = with_changes(after, items={**after.items, another.id: another}) if stays else after
                target = self._node(outcome, index, act)
                assert self._graph.nodes[target].key == key, (key, self._graph.nodes[target].key)
            yield attrs.evolve(act), target

    def _open(self) -> None:
        for row in self._procedure.case.creating():
            for chosen, values in self._assigned(None, row):
                if self._stage.holds(row.requires, None, None, None, row, values):
                    case = self._stage.after(None, None, None, row, values)
                    act = Act(row.trigger, None, None, chosen, row, values)
                    index = self._node(case, None, act)
                    self._graph.openings.append((act, index))
                    if index not in self._graph.roots:
                        self._graph.roots.append(index)

    def _node(self, case: Case, parent: int | None, act: Act | None) -> int:
        case, key, held = self._abstraction.counted(case)
        found = self._graph.known.get(key)
        if found is None:
            found = self._graph.known[key] = len(self._graph.nodes)
            self._graph.nodes.append(Node(key, case, parent, act))
            self._waiting.append((found, held))
        return found

    def _expand(self, index: int, held: Mapping[ItemClass, list[Item]]) -> None:
        node = self._graph.nodes[index]
        class_of = {items[0].id: one for one, items in held.items()}
        for option in moves(self._procedure, node.case):
            if option.kind is None:
                self._fire(index, option)
            elif option.item is None:
                self._fire_item(index, option, None, None, many=False)
            elif option.item in class_of:
                item = node.case.items[option.item]
                many = self._abstraction.is_many(node.case, item, held)
                self._fire_item(index, option, item, class_of[option.item], many=many)

    def _fire(self, index: int, option: Option) -> None:
        """A row of the case: each way of stating what it states is an act of its own."""
        node, row = self._graph.nodes[index], option.row
        targets: dict[object, int] = {}
        for chosen, values in self._assigned(None, row):
            if not self._stage.holds(row.requires, node.case, None, None, row, values):
                continue
            act = Act(row.trigger, None, None, chosen, row, values)
            told = self._abstraction.told(chosen)
            if (target := targets.get(told)) is None:
                after = self._stage.after(node.case, None, None, row, values)
                target = targets[told] = self._node(after, index, act)
            sure = self._stage.holds(self._cluster.strict[id(row)], node.case, None, None, row, values)
            node.edges.append(Edge(act, target, sure))

    def _fire_item(
        self, index: int, option: Option, item: Item | None, class_: ItemClass | None, *, many: bool
    ) -> None:
        """A row of an item, or of a new one. Where it leads is known by now for most, without deciding it again."""
        node, row, kind = self._graph.nodes[index], option.row, option.kind or ""
        for chosen, stated, sure in self._ways(node, kind, item, class_, row):
            values = stated if item is not None else self._abstraction.made_unlike(node.case, kind, stated)
            if values is None:
                continue
            after: Case | None = None
            told = self._abstraction.told(chosen)
            effect = (kind, node.place.state, node.place.entered, node.key.fresh, class_, id(row), told)
            if effect not in self._effects:
                try:
                    after = self._stage.after(node.case, kind, item, row, values)
                except NotPermitted:  # the case is over, and the row does not name where it stands
                    return
                moved = after.items[item.id if item is not None else item_id(kind, after.counters[kind])]
                self._effects[effect] = self._abstraction.item_class(after, moved)
            act = Act(row.trigger, kind, option.item, chosen, row, values)
            self._graph.fired.setdefault(act.row_key, (index, act))
            found: list[tuple[Act, int]] = []
            for stays in (False, True) if many else (False,):
                act = Act(
                    row.trigger, kind, option.item, chosen, row, values
                )  # by which a path tells one outcome from another
                key = self._key_after(node, kind, class_, self._effects[effect], stays, None if item else values)
                target = self._graph.known.get(key)
                if target is None:
                    after = after or self._stage.after(node.case, kind, item, row, values)
                    outcome = after
                    if stays and item is not None:
                        another = with_changes(item, id=f"{item.id}+{after.version}")
                        outcome = with_changes(after, items={**after.items, another.id: another})
                    target = self._node(outcome, index, act)
                    assert self._graph.nodes[target].key == key, (key, self._graph.nodes[target].key)
                found.append((act, target))
            self._join(index, found, sure)

    def _key_after(
        self,
        node: Node,
        kind: str,
        class_: ItemClass | None,
        into: tuple[ItemClass, int] | None,
        stays: bool,
        added: Values | None,
    ) -> Key:
        """What the search knows of the case after an item went from one class to another; ``stays``: there are still as many as
        it counts in the first; ``added``: the item is new, and has these values."""
        counts = dict(node.key.counts)
        if class_ is not None and not stays:
            counts[class_] -= 1
            if not counts[class_]:
                del counts[class_]
        if into is not None:
            counts[into[0]] = min(into[1], counts.get(into[0], 0) + 1)
        if added is None:
            return Key(node.place, frozenset(counts.items()), node.key.fresh, node.key.taken)
        fresh = self._abstraction.added(node.case, node.key, kind)
        taken = dict(node.key.taken)
        unlike = self._abstraction.unlike_of(kind, added)
        if unlike is not None and self._abstraction.is_told_unlike(kind, node.place.state):
            one = self._abstraction.unlike_class(kind, unlike)
            taken[one] = taken.get(one, 0) + 1
        return Key(node.place, frozenset(counts.items()), fresh, frozenset(taken.items()))

    def _join(self, index: int, found: list[tuple[Act, int]], sure: bool) -> None:
        """An act leads to one of two nodes, where that hangs on how many items there are; else to one."""
        edges = self._graph.nodes[index].edges
        if len(found) == 2:
            (gone, one), (stays, other) = found
            if index not in (one, other) and one != other:
                edges += [Edge(gone, one, sure, other), Edge(stays, other, sure, one)]
                return
            found = found[:1] if one != index else found[1:]
        act, target = found[0]
        if target != index:
            edges.append(Edge(act, target, sure))

    def _ways(
        self, node: Node, kind: str, item: Item | None, class_: ItemClass | None, row: Transition
    ) -> Iterable[tuple[Chosen, Values, bool]]:
        """What the row of an item may state here: one way for each that a later row can tell from the others."""
        if self._reads(row)[0]:
            return self._found_ways(node.case, kind, item, row)
        facts = tuple([one for one in node.key.place.facts if one[0] in self._reads(row)[1]])
        where = node.key.place.state if self._reads(row)[2] else ""
        known = (id(row), class_, facts, where, node.place.entered)
        if known not in self._known_ways:
            self._known_ways[known] = self._found_ways(node.case, kind, item, row)
        return self._known_ways[known]

    def _found_ways(
        self, case: Case, kind: str, item: Item | None, row: Transition
    ) -> tuple[tuple[Chosen, Values, bool], ...]:
        best: dict[object, tuple[Chosen, Values, bool]] = {}
        for chosen, values in self._assigned(kind, row):
            told = self._abstraction.told(chosen)
            if told in best and best[told][2]:
                continue
            if self._stage.holds(row.requires, case, kind, item, row, values):
                sure = self._stage.holds(self._cluster.strict[id(row)], case, kind, item, row, values)
                if sure or told not in best:
                    best[told] = (chosen, values, sure)
        return tuple(best.values())

    def _reads(self, row: Transition) -> tuple[frozenset[str], frozenset[str], bool]:
        """The kinds and the names that a row reads, and whether it asks where the case stands."""
        known = self._row_reads.get(id(row))
        if known is None:
            asked = [part for one in (*row.requires, *self._cluster.strict[id(row)]) for _, part in one.walk()]
            kinds = frozenset[str]().union(*(part.own_reads().kinds for part in asked))
            names = frozenset[str]().union(*(part.own_reads().names for part in asked))
            known = self._row_reads[id(row)] = kinds, names, any(isinstance(part, CaseIs) for part in asked)
        return known

    def _assigned(self, kind: str | None, row: Transition) -> tuple[tuple[Chosen, Values], ...]:
        """Everything that the row may state, as far as it makes a difference to the search, with values for the rest."""
        known = self._assignments.get((kind, id(row)))
        if known is None:
            known = self._assignments[kind, id(row)] = tuple(assignments(self._abstraction, kind, row))
            if are_cut(self._abstraction, kind, row):
                title = self._procedure.trigger_title(row.trigger, kind)
                self._graph.hit[too_many_ways(title, MAX_ASSIGNMENTS)] = None
        return known


def answers(graph: Graph, kind: str | None, row: Transition, requirement: Requirement) -> Iterator[bool]:
    """Whether ``requirement`` holds, wherever the search came to where ``row`` of ``kind`` leads from, whatever it states."""
    stage = Stage(graph.cluster.procedure)
    sources = graph.cluster.procedure.lifecycle(kind).sources(row)
    ways = tuple(assignments(graph.abstraction, kind, row))
    for node in graph.nodes:
        items: list[Item | None] = [None]
        if kind is not None and not row.creates:
            items = [item for item in node.case.of_kind(kind) if item.state in sources]
        elif kind is None and node.place.state not in sources:
            continue
        for item, (_, values) in itertools.product(items, ways):
            yield stage.holds((requirement,), node.case, kind, item, row, values)
