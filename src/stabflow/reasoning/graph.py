"""What a search finds: cases that look alike as nodes, the acts between them as edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

import attrs

from ..case import Case, with_changes
from ..language import Procedure, Transition
from ..text import Text
from .abstraction import Abstraction, Key, Place
from .cluster import Cluster
from .statements import Chosen, Values

RowKey = tuple[str | None, str, tuple[str, ...]]
"""A row, by its kind, its trigger and its sources."""


@attrs.frozen
class Act:
    """One act of a path: the row, the item it is fired on (by its id in the path; for a new one, its kind), what it states.
    ``amends``: what the row stated is corrected so; nothing is fired."""

    trigger: str
    kind: str | None
    item: str | None
    chosen: Chosen
    row: Transition = attrs.field(eq=False, repr=False)
    values: Values = attrs.field(eq=False, repr=False)
    amends: bool = False

    @property
    def row_key(self) -> RowKey:
        """The row it fires."""
        return self.kind, self.row.trigger, self.row.source

    @property
    def moves_case(self) -> bool:
        """Whether it is an act on the case itself."""
        return self.kind is None


@attrs.frozen(eq=False)
class Edge:
    """An act that leads from one node to another; ``sure``: also when its requirements are read strictly. Done on an item of
    which there may be many, it leads here or to ``other``, which hangs on how many there are."""

    act: Act
    target: int
    sure: bool
    other: int | None = None


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
    """What a search found; ``hit``: the bounds that it hit. ``openings`` are the acts that open a case, each with its root.
    ``fired`` are the rows of items that some case fires, also where that leads nowhere else, each with where that was first."""

    cluster: Cluster
    abstraction: Abstraction
    nodes: list[Node] = attrs.field(factory=list)
    roots: list[int] = attrs.field(factory=list)
    openings: list[tuple[Act, int]] = attrs.field(factory=list)
    hit: dict[Text, None] = attrs.field(factory=dict)
    known: dict[Key, int] = attrs.field(factory=dict)
    fired: dict[RowKey, tuple[int, Act]] = attrs.field(factory=dict)

    @property
    def complete(self) -> bool:
        """Whether the search came to its end."""
        return not self.hit

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


Refused = Collection[tuple[int, Act]]
"""Acts that cannot be done, each with the node at which."""


def leading(
    nodes: Iterable[int], goal: Iterable[int], edges: Callable[[int], Iterable[Edge]], *, certainly: bool = True
) -> Collection[int]:
    """Those of ``nodes`` from which ``edges`` lead to ``goal``, and those in it. ``certainly``: however many items there are
    where there may be many, of which each time the act is done there is one less."""
    back: dict[int, list[tuple[int, int | None]]] = {}
    for index in nodes:
        for edge in edges(index):
            back.setdefault(edge.target, []).append((index, edge.other if certainly else None))
    found = set(goal)
    waiting = list(found)
    while waiting:
        for source, other in back.get(waiting.pop(), ()):
            if source not in found and (other is None or other in found):
                found.add(source)
                waiting.append(source)
    return found


def shortest(
    graph: Graph,
    is_goal: Callable[[int], bool],
    refused: Refused = (),
    *,
    ends_at: Callable[[int], bool] = lambda _: False,
) -> tuple[Act, ...] | None:
    """The shortest acts that lead to a goal, without those ``refused``, and past no node that it ``ends_at``."""
    paths = {root: graph.path(root) for root in graph.roots}
    waiting = deque(graph.roots)
    while waiting:
        index = waiting.popleft()
        if ends_at(index):
            continue
        if is_goal(index):
            return paths[index]
        for edge in graph.nodes[index].edges:
            if edge.target not in paths and (index, edge.act) not in refused:
                paths[edge.target] = (*paths[index], edge.act)
                waiting.append(edge.target)
    return None


class Fired(Protocol):
    """An act, of a search or of a case."""

    @property
    def kind(self) -> str | None: ...
    @property
    def row(self) -> Transition: ...


def row_of(procedure: Procedure, act: Fired) -> Transition:
    """The row of ``procedure`` that ``act`` fires; the searches of groups have it with fewer requirements."""
    return next(
        row
        for row in procedure.lifecycle(act.kind).transitions
        if (row.trigger, row.source, row.dest) == (act.row.trigger, act.row.source, act.row.dest)
    )


def seen_by(graph: Graph, case: Case) -> Case:
    """``case`` with the items that the search of ``graph`` looks at."""
    kinds = graph.cluster.kinds
    return with_changes(case, items={name: one for name, one in case.items.items() if one.kind in kinds})
