"""From the abstract path to real acts: a path of one search, walked by a case that has everything, clusters cured on the way.

What a search follows of an item class counted "many" stands for any number of items; here there are so many as there are, and
the act is done to each. A path that cannot be walked accuses nobody.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import attrs

from ..case import Case, Item, item_id
from ..errors import InvalidInput, Refused
from ..language import Transition
from ..requirements import Requirement
from .abstraction import ItemClass
from .composition import Composition
from .desk import desk
from .graph import Act, Graph, Node, RowKey, row_of, seen_by
from .numbers import Asking, numbers_for
from .stage import Stage
from .statements import Values, signature_of
from .views import View

MAX_ACTS = 400
SPARES = (0, 2, 8)
"""So many more items are added, one attempt after the other, where a search counts them as many."""


@attrs.frozen
class Done:
    """An act as it was done: on ``item``, or adding it; ``values`` are those it stated, of which it must state
    ``numbers`` so; ``before`` is the case until then; ``amends``: what the row stated was corrected so."""

    trigger: str
    kind: str | None
    item: str | None
    row: Transition = attrs.field(repr=False)
    values: Values = attrs.field(repr=False)
    before: Case | None = attrs.field(default=None, repr=False, eq=False)
    numbers: frozenset[str] = frozenset()
    amends: bool = False

    @property
    def row_key(self) -> RowKey:
        """The row it fired."""
        return self.kind, self.row.trigger, self.row.source

    def __str__(self) -> str:
        return self.trigger if self.item is None else f"{self.trigger} ({self.item})"


class Blocked(Exception):
    """The path cannot be walked."""


class NotCorrected(Blocked):
    """Nor can the act that corrects something at this node of it."""

    def __init__(self, why: str, node: int, act: Act) -> None:
        super().__init__(why)
        self.node = node
        self.act = act


class Walker:
    """A case that walks, under the procedure with everything in it; anybody may act, and nothing that a search leaves open
    stands in the way."""

    def __init__(self, composition: Composition, case: Case | None = None) -> None:
        self._composition = composition
        self._procedure = composition.whole.procedure
        self._stage = Stage(self._procedure)
        self._desk = desk(composition.procedure)
        self._bodies = {role.body for role in composition.procedure.roles.values()}
        self.case = case
        self.done: list[Done] = []

    def walk(self, path: Sequence[Act], graph: Graph | None = None, *, last: Act | None = None, spare: int = 0) -> None:
        """Do the acts of ``path``, found in ``graph`` (by default that of places), then ``last``, wherever that leads; the other
        groups are cured before each act on the case. ``spare``: where more items make no difference, so many more are added.
        `Blocked` where that cannot be done."""
        graph = self._composition.places if graph is None else graph
        view, at = View(graph), None
        for act in path:
            before, at = at, _next(graph, at, act)
            try:
                if act.moves_case:
                    self._act_on_case(act, view, graph.cluster.kinds)
                else:
                    self._act_on_item(act, graph, before, at)
            except Blocked as why:
                if act.amends and before is not None:
                    raise NotCorrected(str(why), before, act) from why
                raise
            if act.item is None and not act.moves_case:
                self._add_spare(act, graph, at, spare)
        if self.case is not None and self._index(graph) != at:
            raise Blocked("it leads elsewhere")
        if last is not None and last.moves_case:
            self._act_on_case(last, view, graph.cluster.kinds)
        elif last is not None and at is not None:
            self._on_one_like_it(graph, at, last)

    # Acts on the case

    def _act_on_case(self, act: Act, view: View, walked: frozenset[str]) -> None:
        """The act, stating whatever else it has to so that the other groups can be cured."""
        others = [
            (group, graph)
            for group, graph in zip(self._composition.groups, self._composition.graphs, strict=True)
            if self.case is not None and not group <= walked
        ]
        meant = [one for found in self._possible() if (one := self._as_meant(found, act, view)) is not None]
        curable = [
            one for one in meant if not act.amends and all(self._can_be_cured(graph, one) for _, graph in others)
        ]
        if act.amends and meant:
            self._correct(meant[0], [None])
            return
        if not curable:
            raise Blocked(f"{act.trigger} cannot be brought about")
        for _, graph in others:
            self._cure(graph, curable[0])
        self._do(None, None, row_of(self._procedure, curable[0]), curable[0].values)

    def _possible(self) -> Iterator[Act]:
        """The acts on the case that lead on from its place, with everything that they state of what is told apart."""
        places = self._composition.places
        if self.case is None:
            yield from (act for act, _ in places.openings)
            return
        here = places.abstraction.place(self.case)
        for index, node in enumerate(places.nodes):
            if node.place == here:
                yield from (step.act for step in self._composition.steps if step.source == index)

    def _as_meant(self, found: Act, act: Act, view: View) -> Act | None:
        """``found`` at the place, where it is ``act`` as far as the places can tell. It states as ``act`` does what only ``view``
        tells apart, because only a property asks for it."""
        if view.told(found) == view.told(act):
            return found
        if found.trigger != act.trigger or found.amends or act.amends:
            return None
        stated, here, there = (
            dict(found.chosen),
            self._composition.places.abstraction.tests,
            view.graph.abstraction.tests,
        )
        for name, value in act.chosen:
            if name in stated and signature_of(stated[name], there[name]) == signature_of(value, there[name]):
                continue
            if name in stated and signature_of(stated[name], here[name]) != signature_of(value, here[name]):
                return None
            stated[name] = value
        told = {name: value for name, value in stated.items() if value is not None}
        values = {name: value for name, value in found.values.items() if name not in stated} | told
        return attrs.evolve(found, chosen=tuple(stated.items()), values=values)

    def _can_be_cured(self, graph: Graph, act: Act) -> bool:
        view, index = self._composition.view(graph), self._index(graph)
        return any(
            index in targets or _first_act(graph, index, targets, sure=sure) is not None
            for sure in (True, False)
            for targets in [view.permitting(graph.nodes[index].place, view.told(act), sure=sure)]
        )

    def open_gate(self, node: Node) -> None:
        """Acts on items, at the place of ``node``, until what the gate asks holds."""
        for graph in self._composition.graphs:
            targets = self._composition.view(graph).with_open_gate(node)
            self._bring(graph, lambda sure: targets, "the open gate")  # noqa: B023
        gate = self._composition.procedure.gate
        self.state_numbers(() if gate is None else gate.requires)

    def state_numbers(self, at_the_end: Sequence[Requirement] = ()) -> None:
        """Let the acts state numbers for which all that their rows ask, and then ``at_the_end``, holds; `Blocked` where none
        were found."""
        procedure = self._composition.procedure
        path = [
            Asking(
                row_of(procedure, done).requires,
                done.kind,
                done.item,
                done.row,
                done.values,
                done.before,
            )
            for done in self.done
        ]
        if at_the_end and self.case is not None:
            path.append(Asking(at_the_end, None, None, path[-1].row, {}, self.case, is_act=False))
        found = numbers_for(procedure, path)
        if found is None:
            raise Blocked("no numbers were found that do what is asked of them")
        for (index, name), number in found.items():
            done = self.done[index]
            self.done[index] = attrs.evolve(done, values={**done.values, name: number}, numbers=done.numbers | {name})

    def _cure(self, graph: Graph, act: Act) -> None:
        """Acts on items of one group until it permits ``act``."""
        view = self._composition.view(graph)
        place, told = graph.nodes[self._index(graph)].place, view.told(act)
        self._bring(graph, functools.partial(view.permitting, place, told), act.trigger)

    def _bring(self, graph: Graph, targets: Callable[[bool], frozenset[int]], what: str) -> None:
        """Acts on items of one group until it is at one of ``targets``: rather at those, and by acts, that are sure to be
        permitted, else at those that may be."""
        for _ in range(MAX_ACTS):
            index = self._index(graph)
            if index in targets(True):
                return
            first = _first_act(graph, index, targets(True))
            if first is None:
                if index in targets(False):
                    return
                first = _first_act(graph, index, targets(False), sure=False)
            if first is None:
                raise Blocked(f"{what} cannot be brought about")
            self._on_one_like_it(graph, index, first)
        raise Blocked(f"{what} cannot be brought about in {MAX_ACTS} acts")

    # Acts on items

    def _act_on_item(self, act: Act, graph: Graph, before: int | None, target: int) -> None:
        """The act, on as many items as it takes to come to where the path goes."""
        if before is None:
            raise Blocked("the path does not begin with an act on the case")
        for _ in range(MAX_ACTS):
            self._on_one_like_it(graph, before, act)
            if self._index(graph) == target:
                return
            if act.item is None:
                break
        raise Blocked(f"{act.trigger} leads elsewhere")

    def _add_spare(self, act: Act, graph: Graph, index: int, spare: int) -> None:
        """More items like the one just added, as long as the search sees no difference."""
        for _ in range(spare):
            case, done = self.case, len(self.done)
            try:
                self._on_one_like_it(graph, index, act)
                if self._index(graph) == index:
                    continue
            except Blocked:
                pass
            self.case = case
            del self.done[done:]
            return

    def _on_one_like_it(self, graph: Graph, index: int, act: Act) -> None:
        """``act``, of the node ``index``, on an item here of the same class as the one it is on there."""
        item = None
        if act.item is not None:
            node = graph.nodes[index]
            wanted = graph.abstraction.item_class(node.case, node.case.items[act.item])
            items = self._those_of(graph, None if wanted is None else wanted[0])
            if not items:
                raise Blocked(f"no item is left for {act.trigger}")
            if act.amends:
                self._correct(act, items)
                return
            item = items[0]
        values: Values | None = act.values
        if item is None and self.case is not None:
            values = graph.abstraction.made_unlike(self.case, act.kind or "", act.values)
        if values is None:
            raise Blocked(f"no room is left for {act.trigger}")
        self._do(act.kind, item, row_of(self._procedure, act), values)

    def _those_of(self, graph: Graph, wanted: ItemClass | None) -> list[Item]:
        case = self._seen_by(graph)
        classes = ((item, graph.abstraction.item_class(case, item)) for item in case.items.values())
        return [item for item, classed in classes if classed is not None and classed[0] == wanted]

    # The case

    def _seen_by(self, graph: Graph) -> Case:
        if self.case is None:
            raise Blocked("the case is not open")
        return seen_by(graph, self.case)

    def _index(self, graph: Graph) -> int:
        """The node that the case is at, to the search of one group."""
        _, key, _ = graph.abstraction.counted(self._seen_by(graph))
        if key not in graph.known:
            raise Blocked(f"the search never came to {key.place.state} as it is here")
        return graph.known[key]

    def _do(self, kind: str | None, item: Item | None, row: Transition, values: Values) -> None:
        if len(self.done) >= MAX_ACTS:
            raise Blocked(f"more than {MAX_ACTS} acts")
        try:
            case = self._stage.after(self.case, kind, item, row, values)
        except Refused as refusal:
            raise Blocked(str(refusal)) from refusal
        name = item_id(kind, case.counters[kind]) if kind is not None and item is None else None
        self.done.append(Done(row.trigger, kind, name if item is None else item.id, row, values, self.case))
        self.case = case

    def _correct(self, act: Act, items: Sequence[Item | None]) -> None:
        """What the act says, of the first of ``items`` (``None``: of the case) of which it may be corrected so."""
        assert self.case is not None, "something was stated"
        for item, values in itertools.product(items, (dict(act.chosen), act.values)):
            held = self.case.facts if item is None else item.fields
            changed = {name: one for name, one in values.items() if one is not None and held.get(name, one) != one}
            if act.kind is None and not self._bodies.isdisjoint(changed):
                continue  # whoever holds an office by it stands in the way
            try:
                case = self._desk.corrected(self.case, item, changed)[0]
            except (Refused, InvalidInput):
                continue
            name = None if item is None else item.id
            row = row_of(self._procedure, act)
            self.done.append(Done(act.trigger, act.kind, name, row, changed, self.case, amends=True))
            self.case = case
            return
        raise Blocked(f"what {act.trigger} stated cannot be corrected so")


def walked(
    composition: Composition, path: Sequence[Act], graph: Graph | None = None, *, last: Act | None = None
) -> Walker:
    """A case that has walked ``path``, and then done ``last``; `Blocked` where none can."""
    for spare in SPARES:
        walker = Walker(composition)
        try:
            walker.walk(path, graph, last=last, spare=spare)
            walker.state_numbers()
        except Blocked:
            if spare == SPARES[-1]:
                raise
        else:
            return walker
    raise AssertionError("there is a last one")


def led_to(graph: Graph, path: Sequence[Act]) -> int:
    """The node to which a path of ``graph`` leads."""
    at = None
    for act in path:
        at = _next(graph, at, act)
    assert at is not None, "a path begins with the opening"
    return at


def _next(graph: Graph, at: int | None, act: Act) -> int:
    """The node to which the path of ``graph`` leads by ``act``."""
    if at is None:
        return next(root for opening, root in graph.openings if opening is act)
    for index, node in enumerate(graph.nodes):
        if node.parent == at and node.by is act:
            return index
    return next(edge.target for edge in graph.nodes[at].edges if edge.act is act)


def _first_act(graph: Graph, start: int, targets: frozenset[int], *, sure: bool = True) -> Act | None:
    """The first of the shortest item acts that lead from ``start`` to one of ``targets``."""
    first: dict[int, Act | None] = {start: None}
    waiting = deque([start])
    while waiting:
        index = waiting.popleft()
        for edge in graph.nodes[index].edges:
            if edge.act.amends or edge.act.moves_case:
                continue
            if (edge.sure or not sure) and edge.target not in first:
                first[edge.target] = first[index] or edge.act
                if edge.target in targets:
                    return first[edge.target]
                waiting.append(edge.target)
    return None
