"""Breadth-first search over the cases that a procedure can come to, the items of some kinds looked at.

Its steps are the real ones: `moves` says what rows permit, the requirements answer for themselves, `decide` makes the event
and `evolve` the next case, each on a representative. The abstraction only says when two cases are the same. So no rule is
written twice.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import attrs

from ..calendar import Calendar
from ..case import Appointment, Case, Item, with_changes
from ..decision.commands import Add, Command, Fire, Open
from ..decision.decider import Option, decide, moves
from ..decision.events import Stamp
from ..decision.evolution import evolve
from ..decision.view import CaseView, Context
from ..errors import NotPermitted
from ..language import Field, FieldType, Procedure, Transition
from ..requirements import CaseIs, Requirement
from ..values import Actor, Basis, File, Matter, Value
from .abstraction import Abstraction, ItemClass, Key, Place, values_of
from .cluster import ANYONE, Cluster

MAX_STATES = 60_000
MAX_ASSIGNMENTS = 4_096

_WHO = Actor(ANYONE, body=ANYONE)
_BASIS = Basis("search")
_MATTER = Matter("search", "search")
_NOW = datetime(2000, 1, 1, tzinfo=UTC)
_CALENDAR = Calendar("search")
_FILLERS: Mapping[FieldType, Value] = {
    FieldType.DATE: date(2000, 1, 2),
    FieldType.TEXT: "-",
    FieldType.ACTOR: ANYONE,
    FieldType.FILE: File("-", "text/plain", "0" * 64),
}

Values = Mapping[str, Value]
Chosen = tuple[tuple[str, Value | None], ...]
"""What an act states of the followed fields; ``None`` where it leaves one out."""


@attrs.frozen
class Act:
    """One act of a path: the row, the item it is fired on (by its id in the path; for a new one, its kind), what it states."""

    trigger: str
    kind: str | None
    item: str | None
    chosen: Chosen
    row: Transition = attrs.field(eq=False, repr=False)
    values: Values = attrs.field(eq=False, repr=False)

    @property
    def moves_case(self) -> bool:
        """Whether it is an act on the case itself."""
        return self.kind is None


@attrs.frozen(eq=False)
class Edge:
    """An act that leads from one node to another; ``sure``: also when its requirements are read strictly."""

    act: Act
    target: int
    sure: bool


@attrs.define(eq=False)
class Node:
    """A case as the search knows it, with one that stands for all that look alike, and how it was first reached."""

    key: Key
    case: Case
    parent: int | None
    by: Act | None
    edges: list[Edge] = attrs.field(factory=list)

    @property
    def place(self) -> Place:
        """The case without its items."""
        return self.key.place


@attrs.define(eq=False)
class Graph:
    """What a search found; ``complete`` unless a bound was hit. ``openings`` are the acts that open a case, at ``roots``."""

    cluster: Cluster
    abstraction: Abstraction
    nodes: list[Node] = attrs.field(factory=list)
    roots: list[int] = attrs.field(factory=list)
    openings: list[Act] = attrs.field(factory=list)
    complete: bool = True
    known: dict[Key, int] = attrs.field(factory=dict)

    @property
    def edges(self) -> int:
        """How many acts lead from one node to another."""
        return sum(len(node.edges) for node in self.nodes)

    def path(self, index: int) -> tuple[Act, ...]:
        """The shortest acts that lead to a node."""
        found: list[Act] = []
        at: int | None = index
        while at is not None and (node := self.nodes[at]).by is not None:
            found.append(node.by)
            at = node.parent
        return tuple(reversed(found))


def explore(
    cluster: Cluster,
    *,
    besides: Iterable[Requirement] = (),
    facts_of: Cluster | None = None,
    start: Case | None = None,
    max_states: int = MAX_STATES,
) -> Graph:
    """Everything that cases under the procedure of ``cluster`` can come to (with ``start``: that this one can come to), as far as
    its rows, or ``besides``, tell them apart (of the facts: as far as the rows of ``facts_of`` do)."""
    return _Search(cluster, Abstraction(cluster, besides, facts_of=facts_of), max_states).run(start)


class Stage:
    """Where a search acts: the real requirements, the real `decide` and `evolve`, by somebody who holds every role."""

    def __init__(self, procedure: Procedure, now: datetime = _NOW) -> None:
        self.procedure = procedure
        self._context = Context(
            now=now,
            calendar=_CALENDAR,
            offices=tuple(Appointment(role, ANYONE, ANYONE, "search") for role in procedure.roles),
        )

    def holds(
        self,
        requires: Sequence[Requirement],
        case: Case | None,
        kind: str | None,
        item: Item | None,
        row: Transition,
        values: Values,
    ) -> bool:
        """Whether all of ``requires`` hold as the row would be fired."""
        if not requires:
            return True
        view = CaseView(
            procedure=self.procedure,
            case=case,
            kind=kind,
            item=item,
            row=row,
            values=values,
            actor=ANYONE,
            context=self._context,
        )
        return all(requirement.holds(view) for requirement in requires)

    def after(self, case: Case | None, kind: str | None, item: Item | None, row: Transition, values: Values) -> Case:
        """The case after the row was fired; `Refused` when it may not be."""
        command: Command
        if case is None:
            command = Open(
                actor=_WHO, basis=_BASIS, case_id="search", matter=_MATTER, values=values, trigger=row.trigger
            )
        elif kind is not None and item is None:
            command = Add(actor=_WHO, basis=_BASIS, kind=kind, values=values, trigger=row.trigger)
        else:
            id_ = None if item is None else item.id
            command = Fire(actor=_WHO, basis=_BASIS, trigger=row.trigger, item=id_, values=values)
        decided = decide(self.procedure, case, command, self._context)
        version = 1 if case is None else case.version + 1
        now = self._context.now
        stamp = Stamp(version, now, now, _WHO, decided.role, _BASIS, decided.mandate, "search")
        return evolve(case, decided.event, stamp)


class _Search:
    def __init__(self, cluster: Cluster, abstraction: Abstraction, max_states: int) -> None:
        self._cluster = cluster
        self._procedure = cluster.procedure
        self._abstraction = abstraction
        self._max_states = max_states
        self._stage = Stage(cluster.procedure)
        self._assignments: dict[tuple[str | None, int], tuple[tuple[Chosen, Values], ...]] = {}
        self._effects: dict[object, tuple[ItemClass, int] | None] = {}
        self._known_ways: dict[object, tuple[tuple[Chosen, Values, bool], ...]] = {}
        self._row_reads: dict[int, tuple[frozenset[str], frozenset[str], bool]] = {}
        self._graph = Graph(cluster, abstraction)
        self._waiting: deque[tuple[int, Mapping[ItemClass, list[Item]]]] = deque()

    def run(self, start: Case | None) -> Graph:
        if start is None:
            self._open()
        else:
            seen = {name: item for name, item in start.items.items() if item.kind in self._cluster.kinds}
            self._graph.roots.append(self._node(with_changes(start, items=seen), None, None))
        while self._waiting:
            if len(self._graph.nodes) > self._max_states:
                self._graph.complete = False
                break
            self._expand(*self._waiting.popleft())
        return self._graph

    def _open(self) -> None:
        for row in self._procedure.case.creating():
            for chosen, values in self._assigned(None, row):
                if self._stage.holds(row.requires, None, None, None, row, values):
                    case = self._stage.after(None, None, None, row, values)
                    act = Act(row.trigger, None, None, chosen, row, values)
                    self._graph.openings.append(act)
                    index = self._node(case, None, act)
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
        for chosen, values, sure in self._ways(node, kind, item, class_, row):
            effect = (kind, node.key.place.state, node.key.fresh, class_, id(row), self._abstraction.told(chosen))
            after: Case | None = None
            if effect not in self._effects:
                try:
                    after = self._stage.after(node.case, kind, item, row, values)
                except NotPermitted:  # the case is over, and the row does not name where it stands
                    return
                moved = after.items[item.id if item is not None else f"{kind}-{after.counters[kind]}"]
                self._effects[effect] = self._abstraction.item_class(after, moved)
            counts = dict(node.key.counts)
            if class_ is not None:
                counts[class_] -= 1
                if not counts[class_]:
                    del counts[class_]
            into = self._effects[effect]
            fresh = node.key.fresh if item is not None else self._abstraction.added(node.case, node.key, kind)
            act = Act(row.trigger, kind, option.item, chosen, row, values)
            for stays in (False, True) if many else (False,):
                ahead = dict(counts)
                if stays and class_ is not None:
                    ahead[class_] = ahead.get(class_, 0) + 1
                if into is not None:
                    ahead[into[0]] = min(into[1], ahead.get(into[0], 0) + 1)
                key = Key(node.key.place, frozenset(ahead.items()), fresh)
                target = self._graph.known.get(key)
                if target is None:
                    after = after or self._stage.after(node.case, kind, item, row, values)
                    outcome = after
                    if stays and item is not None:
                        another = with_changes(item, id=f"{item.id}+{after.version}")
                        outcome = with_changes(after, items={**after.items, another.id: another})
                    target = self._node(outcome, index, act)
                    assert self._graph.nodes[target].key == key, (key, self._graph.nodes[target].key)
                if target != index:
                    node.edges.append(Edge(act, target, sure))

    def _ways(
        self, node: Node, kind: str, item: Item | None, class_: ItemClass | None, row: Transition
    ) -> Iterable[tuple[Chosen, Values, bool]]:
        """What the row of an item may state here: one way for each that a later row can tell from the others."""
        if self._reads(row)[0]:
            return self._found_ways(node.case, kind, item, row)
        facts = tuple([one for one in node.key.place.facts if one[0] in self._reads(row)[1]])
        where = node.key.place.state if self._reads(row)[2] else ""
        known = (id(row), class_, facts, where)
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
        return known


def assignments(abstraction: Abstraction, kind: str | None, row: Transition) -> Iterator[tuple[Chosen, Values]]:
    """Everything that ``row`` of ``kind`` may state, as far as some requirement tells it apart, with values for the rest."""
    procedure = abstraction.procedure
    fields = procedure.lifecycle(kind).fields
    tested = [name for name in row.set if name in abstraction.tests]
    rest = {
        name: _filler(procedure, fields[name]) for name in row.set if name not in tested and not fields[name].optional
    }
    ways: list[list[Value | None]] = []
    for name in tested:
        found: list[Value | None] = [*values_of(procedure, abstraction, kind, name)]
        ways.append([*found, None] if fields[name].optional else found)
    for chosen in itertools.islice(itertools.product(*ways), MAX_ASSIGNMENTS):
        said = tuple(zip(tested, chosen, strict=True))
        yield said, rest | {name: value for name, value in said if value is not None}


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


def _filler(procedure: Procedure, field: Field) -> Value:
    """A value of a field that no requirement followed by the search asks for."""
    if field.type in (FieldType.INT, FieldType.DECIMAL):
        least = field.min if field.min is not None else min(0, field.max if field.max is not None else 0)
        return least if field.type is FieldType.INT else Decimal(least)
    if field.type is FieldType.BOOL:
        return True
    if field.type is FieldType.CHOICE:
        entry = next(iter(procedure.lists[field.of or ""]))
        return (entry,) if field.many else entry
    return _FILLERS[field.type]
