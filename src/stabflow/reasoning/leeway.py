"""What an act on a way has to state so that the way goes on, and what may as well be stated otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from ..case import Case, Item, with_changes
from ..errors import Refused
from ..language import Field, Procedure, Transition
from ..values import Value
from .composition import Composition
from .graph import Act, Graph
from .route import Router
from .stage import Stage
from .statements import Values

MAX_COMBINATIONS = 64

Options = Mapping[str, tuple[Value | None, ...]]


class Leeway:
    """One act of a case that stands at ``nodes``, as a search found it; it concerns ``touched`` of their graphs."""

    def __init__(
        self,
        composition: Composition,
        router: Router,
        case: Case,
        now: datetime,
        act: Act,
        item: Item | None,
        *,
        nodes: tuple[int, ...],
        touched: Collection[Graph],
    ) -> None:
        self._whole = composition.whole
        self._graphs = (composition.places, *composition.graphs)
        self._router = router
        self._stage = Stage(self._whole.procedure, now)
        self._case = case
        self._act = act
        self._item = item
        self._nodes = nodes
        self._touched = touched
        self._row = row_of(self._whole.procedure, act)
        self._names = [name for name in self._row.set if name in composition.told_fields]
        self._fields = self._whole.procedure.lifecycle(act.kind).fields

    def after(self, values: Values) -> Case:
        """The case after the act; `Refused` where it may not be done."""
        return self._stage.after(self._case, self._act.kind, self._item, self._row, values)

    def given(self) -> Mapping[str, tuple[Value, ...]]:
        """For each field of which not everything may be stated, what may: any of these with any of those of the other fields."""
        left = self._left(self._act.values)
        open_: dict[str, tuple[Value | None, ...]] = {}
        found: dict[str, tuple[Value, ...]] = {}
        for name in self._names:
            field, chosen = self._fields[name], self._act.values.get(name)
            options = list(self._options(field))
            widened = [one for one in options if self._will_do(name, one, open_, left)]
            if len(widened) == len(options):
                open_[name] = tuple(options)
                continue
            if field.many and isinstance(chosen, tuple):
                needed = self._needed(name, chosen, open_, left)
                open_[name], found[name] = (needed,), (needed,)
                continue
            open_[name] = tuple(widened) if chosen in widened else (chosen,)
            found[name] = tuple(one for one in open_[name] if one is not None)
        return {name: values for name, values in found.items() if values}

    def _options(self, field: Field) -> Iterator[Value | None]:
        entries: Sequence[Value] = (True, False) if field.of is None else tuple(self._whole.procedure.lists[field.of])
        for entry in entries:
            yield (str(entry),) if field.many else entry
        if field.optional:
            yield None

    def _needed(self, name: str, chosen: tuple[str, ...], open_: Options, left: int | None) -> tuple[str, ...]:
        """Of several values stated at once, those that cannot be left out."""
        for one in chosen:
            rest = tuple(other for other in chosen if other != one)
            if rest and self._will_do(name, rest, open_, left):
                chosen = rest
        return chosen

    def _will_do(self, name: str, value: Value | None, open_: Options, left: int | None) -> bool:
        """Whether ``name`` may be stated so, whatever of what may be is stated of the other fields."""
        combinations = list(itertools.islice(itertools.product(*open_.values()), MAX_COMBINATIONS + 1))
        if len(combinations) > MAX_COMBINATIONS:
            return False
        return all(
            self._left({**self._act.values, **dict(zip(open_, others, strict=True)), name: value}) == left
            for others in combinations
        )

    def _left(self, stated: Mapping[str, Value | None]) -> int | None:
        """How many acts are left to the goal after the act with these values; ``None`` where it is not sure to be permitted, or
        leads nowhere."""
        values = {name: value for name, value in stated.items() if value is not None}
        strict = self._whole.strict[id(self._row)]
        if not self._stage.holds(strict, self._case, self._act.kind, self._item, self._row, values):
            return None
        try:
            after = self.after(values)
        except Refused:
            return None
        nodes = standing_at(self._graphs, self._touched, self._nodes, after)
        way = None if nodes is None else self._router.way(nodes)
        return None if way is None else len(way)


def standing_at(
    graphs: Sequence[Graph], touched: Collection[Graph], nodes: tuple[int, ...], case: Case
) -> tuple[int, ...] | None:
    """The nodes of ``graphs`` at which ``case`` stands, which stood at ``nodes`` before an act that concerned those ``touched``;
    ``None`` where a search does not know it so."""
    found = []
    for graph, node in zip(graphs, nodes, strict=True):
        if graph in touched:
            key = graph.abstraction.counted(seen_by(graph, case))[1]
            if key not in graph.known:
                return None
            found.append(graph.known[key])
        else:
            found.append(node)
    return tuple(found)


def seen_by(graph: Graph, case: Case) -> Case:
    """``case`` with the items that the search of ``graph`` looks at."""
    kinds = graph.cluster.kinds
    return with_changes(case, items={name: one for name, one in case.items.items() if one.kind in kinds})


def row_of(procedure: Procedure, act: Act) -> Transition:
    """The row of ``procedure`` that ``act`` fires; the searches of groups have it with fewer requirements."""
    return next(
        row
        for row in procedure.lifecycle(act.kind).transitions
        if (row.trigger, row.source, row.dest) == (act.row.trigger, act.row.source, act.row.dest)
    )
