"""Whether what the searches come to is come to by a case: rows, states and the open gate, each shown by one that walks there.

A search of one cluster follows more than cases do: it lets the others pass wherever they may, and counts some items as many. So
what no search comes to never comes about; what one comes to does only where a case is found that walks there. Where none is,
everything is searched together, some more items counted; what that does not come to never comes about either.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .composition import Composition
from .graph import Act, Graph, RowKey
from .walk import Blocked, Walker, walked

if TYPE_CHECKING:
    from .inquiry import Inquiry

MAX_WALKS = 4
"""So many walks are tried for each thing to be shown."""

SPARE = 2

Way = tuple[Sequence[Act], Graph | None, Act | None]
"""A path, the graph it is of (by default that of places), and an act at its end."""


class Shown(enum.Enum):
    """Whether something comes about."""

    YES = "yes"
    NEVER = "never"
    OPEN = "open"


class Witnesses:
    """The cases that were walked, and what they have done and been in."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._done: set[RowKey] = set()
        self._stood_in: set[str] = set()

    @functools.cached_property
    def _everything(self) -> Composition:
        kinds = self._inquiry.procedure.items
        return self._inquiry.together(frozenset(kinds), spare=dict.fromkeys(kinds, SPARE))

    # Rows

    def rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Shown]:
        """Whether each of these rows is fired: the longest walks first, for they pass many others."""
        ways = {key: [*self._to_row(self._inquiry.composition, key)] for key in keys}
        for key in sorted(ways, key=lambda one: -max((len(path) for path, _, _ in ways[one]), default=0)):
            if key not in self._done:
                self._walks(self._inquiry.composition, ways[key])
        return {key: self._row(key) for key in ways}

    def _row(self, key: RowKey) -> Shown:
        if key in self._done:
            return Shown.YES
        ways = [*self._to_row(self._everything, key)]
        return Shown.YES if self._walks(self._everything, ways) else self._answer(ways)

    def _to_row(self, composition: Composition, key: RowKey) -> Iterator[Way]:
        if key[0] is None:
            at: dict[str, tuple[int, Act]] = {}
            for act, _ in composition.places.openings:
                if act.row_key == key:
                    yield (act,), None, None
                    return
            for step in composition.steps:
                if step.act.row_key == key and step.source in composition.reached and not step.act.amends:
                    at.setdefault(composition.places.nodes[step.source].place.state, (step.source, step.act))
            for place, act in at.values():
                yield composition.path(place), None, act
        for graph in composition.graphs:
            if key in graph.fired:
                index, act = graph.fired[key]
                yield graph.path(index), graph, act
            elif key[0] is None:
                for index, node in enumerate(graph.nodes):
                    edges = (one for one in node.edges if one.act.row_key == key and not one.act.amends)
                    if (edge := next(edges, None)) is not None:
                        yield graph.path(index), graph, edge.act
                        break

    # States, and the gate

    def states(self, states: Sequence[str]) -> Shown:
        """Whether a case comes to stand in one of these."""
        ways: Sequence[Way] = ()
        for composition in self._compositions():
            if not self._stood_in.isdisjoint(states):
                return Shown.YES
            ways = [*self._to_states(composition, states)]
            if self._walks(composition, ways):
                return Shown.YES
        return self._answer(ways)

    def _compositions(self) -> Iterator[Composition]:
        yield self._inquiry.composition
        yield self._everything

    def _to_states(self, composition: Composition, states: Sequence[str]) -> Iterator[Way]:
        for place in sorted(composition.reached):
            if composition.places.nodes[place].place.state in states:
                yield composition.path(place), None, None
        for graph in composition.graphs:
            for index, node in enumerate(graph.nodes):
                if node.place.state in states:
                    yield graph.path(index), graph, None
                    break

    def gate(self) -> Shown:
        """Whether the gate comes to stand open."""
        places: Sequence[int] = ()
        for composition in self._compositions():
            places = [place for place in sorted(composition.reached) if composition.gate_opens(place)]
            for place in places[:MAX_WALKS]:
                way = composition.path(place), None, None
                opened = functools.partial(Walker.open_gate, node=composition.places.nodes[place])
                if self._walks(composition, [way], opened):
                    return Shown.YES
        return self._answer(places)

    # Walks

    def _walks(
        self, composition: Composition, ways: Sequence[Way], then: Callable[[Walker], None] | None = None
    ) -> bool:
        """Whether a case walks one of these ways."""
        for path, graph, last in ways[:MAX_WALKS]:
            try:
                walker = walked(composition, path, graph, last=last)
                if then is not None:
                    then(walker)
            except Blocked:
                continue
            assert walker.case is not None
            self._done |= {act.row_key for act in walker.done if not act.amends}
            self._stood_in |= walker.case.entered.keys()
            return True
        return False

    def _answer(self, ways: Sequence[object]) -> Shown:
        """Of what no case was found to come to."""
        return Shown.OPEN if ways or not self._everything.complete else Shown.NEVER
