"""Where a plan is tried out: acts on the case itself, permitted by the strict reading of their rows and by the real `decide`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import attrs

from ..case import Case, Item
from ..errors import InvalidInput, Refused
from ..language import Transition
from ..requirements import ItemsAre, PluginAnswers, Requirement
from .abstraction import ItemClass
from .cluster import played_by_all, unexamined
from .composition import Composition
from .corrections import Correction
from .graph import Act, Graph, row_of, seen_by
from .relaxation import Relaxation
from .stage import Stage
from .statements import Values


@attrs.frozen
class Taken:
    """An act of a way as it is gone: on ``item`` (of its kind, a new one where the case has none of that id), stating ``values``,
    done ``then``."""

    act: Act
    row: Transition
    item: str | None
    values: Values
    then: datetime


class Footing:
    """What can be done with a case, as the searches of ``composition`` see it; but shares are asked exactly."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self._whole = composition.whole
        self._graphs = (composition.places, *composition.graphs)
        self._stage = Stage(self._whole.procedure)
        original = composition.procedure
        everything = [one for _, cycle in original.lifecycles() for row in cycle.transitions for one in row.requires]
        plugins = {part.plugin for one in everything for _, part in one.walk() if isinstance(part, PluginAnswers)}
        self._desk = Stage(
            unexamined(original, **played_by_all(original)), plugins=dict.fromkeys(plugins, lambda _view, _asked: None)
        )
        """Where things are corrected: it has everything that passed rows have read, also what no search follows; what a plugin
        asks is taken to be so."""
        relaxation = Relaxation(original, original.items)
        self._shares = {
            (own, row.trigger, row.source): [one for one in row.requires if is_share(relaxation, one, own)]
            for own, cycle in original.lifecycles()
            for row in cycle.transitions
        }
        asked = {part for found in self._shares.values() for one in found for part in parts_with_share(one)}
        self._counted = sorted({(part.items, name) for part in asked for name in ("", *part.where)})

    def done(self, case: Case, taken: Taken) -> tuple[Case, str]:
        """The case after the act, and the role in which a correction is made; `Refused` or `InvalidInput` where it may not be."""
        item = None if taken.item is None else case.items.get(taken.item)
        if not isinstance(taken.row, Correction):
            row = row_of(self._whole.procedure, taken.act)
            return self._stage.after(case, taken.act.kind, item, row, taken.values, taken.then), ""
        held = case.facts if item is None else item.fields
        changed = {name: value for name, value in taken.values.items() if held.get(name) != value}
        return self._desk.corrected(case, item, changed, taken.then)

    def surely(self, case: Case, taken: Taken) -> Case | None:
        """The case after the act; ``None`` where it is not sure to be permitted."""
        item = None if taken.item is None else case.items.get(taken.item)
        row = row_of(self._whole.procedure, taken.act)
        asked = (*self._whole.strict[id(row)], *self.shares(taken.act.kind, taken.row))
        if not self._stage.holds(asked, case, taken.act.kind, item, row, taken.values):
            return None
        try:
            return self.done(case, taken)[0]
        except (Refused, InvalidInput):
            return None

    def shares(self, own: str | None, row: Transition) -> Sequence[Requirement]:
        """What the row asks of shares, and nothing besides that no search follows."""
        return self._shares[own, row.trigger, row.source]

    def unmet_shares(self, case: Case, taken: Taken) -> Iterator[ItemsAre]:
        """The shares that are missing for the act."""
        item = None if taken.item is None else case.items.get(taken.item)
        for one in self.shares(taken.act.kind, taken.row):
            if not self._stage.holds((one,), case, taken.act.kind, item, taken.row, taken.values):
                yield from parts_with_share(one)

    def key(self, case: Case, named: Collection[str]) -> object:
        """What tells ``case`` from others to all that follows, where the items ``named`` are still acted on, each by its id."""
        counted = tuple([graph.abstraction.counted(seen_by(graph, case))[1] for graph in self._graphs])
        classes = tuple([(one, self._class(case, case.items[one])) for one in named if one in case.items])
        shares = [
            (item.kind, item.state, name, str(item.fields.get(name)), self._fresh(case, item))
            for kind, name in self._counted
            for item in case.of_kind(kind)
            if not item.superseded
        ]
        return counted, classes, frozenset(Counter(shares).items())

    def _class(self, case: Case, item: Item) -> tuple[ItemClass, int] | None:
        graph = next(graph for graph in self.composition.graphs if item.kind in graph.cluster.kinds)
        return graph.abstraction.item_class(case, item)

    def _fresh(self, case: Case, item: Item) -> tuple[str, ...]:
        return tuple([name for name, entry in case.entered.items() if item.added >= entry.version])


def is_share(relaxation: Relaxation, one: Requirement, own: str | None) -> bool:
    """Whether the requirement asks for a share, and nothing else that no search follows."""
    parts = list(parts_with_share(one))
    others = [part for _, part in one.walk() if part not in parts]
    return bool(parts) and all(relaxation.is_followed(part, own) for part in others if not part.parts())


def parts_with_share(one: Requirement) -> Iterator[ItemsAre]:
    """What in it asks for a share."""
    return (part for _, part in one.walk() if isinstance(part, ItemsAre) and part.over is not None)


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
