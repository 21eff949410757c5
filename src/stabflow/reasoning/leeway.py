"""What an act on a way has to state so that the way goes on, and what may as well be stated otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..case import Case, Item, with_changes
from ..errors import Refused
from ..language import Field, Procedure, Transition
from ..values import Value
from .abstraction import Key
from .composition import Composition
from .explore import Act, Graph, Stage, Values

MAX_COMBINATIONS = 64


class Leeway:
    """One act of a case, as a search found it. In ``graphs`` the case must come out as it did; where there are none, it is enough
    that the act can be done."""

    def __init__(
        self,
        composition: Composition,
        case: Case,
        now: datetime,
        act: Act,
        item: Item | None,
        graphs: Sequence[Graph],
    ) -> None:
        self._whole = composition.whole
        self._stage = Stage(self._whole.procedure, now)
        self._case = case
        self._act = act
        self._item = item
        self._graphs = graphs
        self._row = row_of(self._whole.procedure, act)
        self._names = [name for name in self._row.set if name in composition.told_fields]
        self._fields = self._whole.procedure.lifecycle(act.kind).fields

    def after(self, values: Values) -> Case:
        """The case after the act; `Refused` where it may not be done."""
        return self._stage.after(self._case, self._act.kind, self._item, self._row, values)

    def given(self) -> Mapping[str, tuple[Value, ...]]:
        """For each field of which not everything may be stated, what may: any of these with any of those of the other fields."""
        wanted = self._keys(self._act.values)
        open_: dict[str, tuple[Value | None, ...]] = {}
        found: dict[str, tuple[Value, ...]] = {}
        for name in self._names:
            field, chosen = self._fields[name], self._act.values.get(name)
            options = list(self._options(field))
            widened = [one for one in options if self._will_do(name, one, open_, wanted)]
            if len(widened) == len(options):
                open_[name] = tuple(options)
                continue
            if field.many and isinstance(chosen, tuple):
                needed = self._needed(name, chosen, open_, wanted)
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

    def _needed(
        self, name: str, chosen: tuple[str, ...], open_: Mapping[str, tuple[Value | None, ...]], wanted: object
    ) -> tuple[str, ...]:
        """Of several values stated at once, those that cannot be left out."""
        for one in chosen:
            rest = tuple(other for other in chosen if other != one)
            if rest and self._will_do(name, rest, open_, wanted):
                chosen = rest
        return chosen

    def _will_do(
        self, name: str, value: Value | None, open_: Mapping[str, tuple[Value | None, ...]], wanted: object
    ) -> bool:
        """Whether ``name`` may be stated so, whatever of what may be is stated of the other fields."""
        combinations = list(itertools.islice(itertools.product(*open_.values()), MAX_COMBINATIONS + 1))
        if len(combinations) > MAX_COMBINATIONS:
            return False
        return all(
            self._keys({**self._act.values, **dict(zip(open_, others, strict=True)), name: value}) == wanted
            for others in combinations
        )

    def _keys(self, stated: Mapping[str, Value | None]) -> tuple[Key, ...] | None:
        """How the case comes out in every graph; ``None`` where the act is not sure to be permitted."""
        values = {name: value for name, value in stated.items() if value is not None}
        strict = self._whole.strict[id(self._row)]
        if not self._stage.holds(strict, self._case, self._act.kind, self._item, self._row, values):
            return None
        try:
            after = self.after(values)
        except Refused:
            return None
        return tuple(graph.abstraction.counted(seen_by(graph, after))[1] for graph in self._graphs)


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
