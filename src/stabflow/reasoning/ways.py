"""Ways that a case can go from opening to an end under one version, and where the other refuses to follow.

The ways come from the search: walked, act by act, by a case that has everything in it, requirements included. Then the same acts
are done under the other version, with the real `decide`. The first one that is refused, whatever the case has stated that only
the other version asks for, is the difference. As in every search numbers, dates, texts, shares and plugins are taken to be as
they must be, roles to be filled by somebody independent, and waiting to be over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..case import Case, Item
from ..errors import Refused
from ..language import Field, Procedure, Transition
from ..language.machine import NEW
from ..text import Text, either, joined, listing, quoted, say
from ..values import Value
from .abstraction import Abstraction
from .cluster import cluster
from .composition import Composition
from .composition import Step as Pass
from .diff_requirements import forms
from .diff_words import Side
from .difference import Way
from .explore import MAX_STATES
from .graph import Act, Graph
from .report import traced
from .stage import Stage
from .statements import assignments
from .views import View
from .walk import Blocked, Done, Walker

MAX_CASES = 64
"""So many cases of the other version follow a way at once; where it would take more, nobody is accused."""


def differing_ways(old: Procedure, new: Procedure) -> tuple[Way | None, Way | None]:
    """A shortest way found that ``old`` allows and ``new`` refuses, and one that ``new`` allows and ``old`` refuses.

    The ways tried lead to every end, and through every act that the search knows, each by the shortest path to it. A longer way
    may differ where none of these does: that none is found is no proof.
    """
    was, now = _Ways(old), _Ways(new)
    return _way_only_in(was, now, newly=False), _way_only_in(now, was, newly=True)


def go_the_same_ways(old: Procedure, new: Procedure) -> bool:
    """Whether every way of one version is one of the other, because a search sees the same rows, states, fields and lists.
    That is a proof without a search; where it does not hold, the ways may be the same nevertheless."""
    return _shape(old) == _shape(new)


def _shape(procedure: Procedure) -> object:
    seen = cluster(procedure, procedure.items).procedure
    cycles = []
    for kind, cycle in seen.lifecycles():
        real = {(row.trigger, row.source): row for row in procedure.lifecycle(kind).transitions}
        rows = {
            (
                row.trigger,
                source,
                row.dest,
                frozenset(row.set),
                frozenset(real[row.trigger, row.source].by),
                forms(Side(seen, kind), row.requires),
            )
            for row in cycle.transitions
            for source in cycle.sources(row) or (NEW,)
        }
        states = {(name, one.step, one.final) for name, one in cycle.states.items()}
        fields = {(name, one.type, one.of, one.many, one.optional) for name, one in cycle.fields.items()}
        preset = None if kind is None else seen.items[kind].preset
        laid_out = None if preset is None else (preset.field, preset.from_, preset.dest, {*preset.at})
        cycles.append((kind, rows, states, fields, laid_out))
    return sorted(cycles, key=lambda one: one[0] or ""), {name: {*one} for name, one in seen.lists.items()}


def _way_only_in(one: _Ways, other: _Ways, *, newly: bool) -> Way | None:
    follower = _Follower(one, other)
    best: tuple[bool, int] | None = None
    found: Way | None = None
    for route in one.by_length():
        if best is not None and not best[0] and route.length >= best[1]:
            break  # every other way is longer
        done = one.walked(route)
        refusal = None if done is None else follower.refusal(done)
        if done is None or refusal is None:
            continue
        if best is None or (refusal.of_office, len(done)) < best:
            best = refusal.of_office, len(done)
            acts = traced(one.procedure, done, [one.composition.told_fields] * len(done))
            found = Way(acts=acts, shared=refusal.after, reason=refusal.why, newly=newly)
    return found


# The ways of one version


@attrs.frozen
class _Route:
    """First the acts ``before``, found in ``graph``; then ``acts`` on the case; then the shortest way to an end."""

    graph: Graph | None
    before: tuple[Act, ...]
    acts: tuple[Act, ...]

    @property
    def length(self) -> int:
        return len(self.before) + len(self.acts)


def _routes(composition: Composition) -> Iterator[_Route]:
    """The shortest ways to every act that the search knows, and what it states as far as requirements tell it apart."""
    places = composition.places
    yield from (_Route(None, (), (act,)) for act, _ in places.openings)
    seen: set[object] = set()
    for step in composition.steps:
        asked: object = (places.nodes[step.source].place.state, step.act.trigger, step.act.chosen)
        if step.source in composition.reached and asked not in seen:
            seen.add(asked)
            yield _Route(None, (), (*composition.path(step.source), step.act))
    for graph in composition.graphs:
        for index, node in enumerate(graph.nodes):
            act = node.by
            if act is None or act.moves_case or node.parent is None:
                continue
            before = graph.nodes[node.parent].case
            asked = (act.kind, None if act.item is None else before.items[act.item].state, act.trigger, act.chosen)
            if asked not in seen:
                seen.add(asked)
                yield _Route(graph, graph.path(index), ())


class _ToTheEnd(Walker):
    """A walker that finds its way on from wherever it stands."""

    def take(self, route: _Route, onward: Mapping[int, Pass], view: View) -> None:
        """The whole route, and on from there to an end; `Blocked` where that cannot be done."""
        if route.graph is not None:
            self.walk(route.before, route.graph)
        for act in route.acts:
            self._act_on_case(act, view, frozenset())
        while (step := onward.get(self._index(self._composition.places))) is not None:
            self._act_on_case(step.act, view, frozenset())


class _Ways:
    """The ways of one version, each walked to an end."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.composition = Composition(procedure, max_states=MAX_STATES)
        self._view = View(self.composition.places)
        self._onward = _onward(self.composition)

    def by_length(self) -> list[_Route]:
        """The routes to try, those first that may be the shortest."""
        return sorted(_routes(self.composition), key=lambda route: route.length)

    def walked(self, route: _Route) -> Sequence[Done] | None:
        """The acts of a case that takes ``route``; ``None`` where it could not be brought to an end."""
        walker = _ToTheEnd(self.composition)
        try:
            walker.take(route, self._onward, self._view)
        except Blocked:
            return None
        over = walker.case is not None and self.procedure.states[walker.case.state].final
        return walker.done if over else None


def _onward(composition: Composition) -> Mapping[int, Pass]:
    """For each place the act with which the shortest way to an end begins."""
    back: dict[int, list[Pass]] = {}
    for step in composition.steps:
        if composition.is_curable(step):
            back.setdefault(step.target, []).append(step)
    states = composition.procedure.states
    waiting = [index for index, node in enumerate(composition.places.nodes) if states[node.place.state].final]
    known, found = {*waiting}, dict[int, Pass]()
    for index in waiting:
        for step in back.get(index, ()):
            if step.source not in known:
                known.add(step.source)
                found[step.source] = step
                waiting.append(step.source)
    return found


# The other version beside it


@attrs.frozen
class _Beside:
    """A case of the other version that has done the same acts; ``items``: which of its items stands for which; ``kept_out``: who
    could do the last one, and may not do it here."""

    case: Case | None = None
    items: Mapping[str, str] = attrs.field(factory=dict)
    kept_out: tuple[str, ...] = ()


@attrs.frozen
class _Refusal:
    """The number of acts before the one that is refused, and why; ``of_office``: only to somebody, who could do it before."""

    after: int
    why: Text
    of_office: bool = False


class _Follower:
    """Does the acts of ``one`` version under the ``other``."""

    def __init__(self, one: _Ways, other: _Ways) -> None:
        self._one, self._other = one.procedure, other.procedure
        self._told = one.composition.told_fields
        self._mine, self._theirs = (Stage(ways.composition.whole.procedure) for ways in (one, other))
        self._asked = Abstraction(other.composition.whole)

    def refusal(self, done: Sequence[Done]) -> _Refusal | None:
        """The first act that no case of the other version can do after those before it, whatever else it has stated; else the
        first that one of those who may do it may not do there."""
        mine: Case | None = None
        beside = [_Beside()]
        office: _Refusal | None = None
        for number, act in enumerate(done):
            before, item = mine, None if mine is None else mine.items.get(act.item or "")
            row = _row(self._one, act, before, item)
            assert row is not None, "the one version allows what was done under it"
            mine = self._mine.after(before, act.kind, item, act.row, act.values)
            came = [one for name, one in mine.items.items() if before is None or name not in before.items]
            tried = [one for here in beside for one in self._follow(here, act, row, item is None, came)]
            beside = [one for one in tried if isinstance(one, _Beside)]
            if not beside:
                return _Refusal(number, next(one for one in tried if isinstance(one, Text)))
            if len(beside) > MAX_CASES:
                return None
            if office is None and all(one.kept_out for one in beside):
                who = either([self._one.role_title(party) for party in beside[0].kept_out])
                office = _Refusal(number, say("{who} may not do it", "{who}不得办理", who=who), of_office=True)
        stands = {one.case.state for one in beside if one.case is not None}
        if not any(self._other.states[state].final for state in stands):
            where = listing([quoted(self._other.state_title(state)) for state in sorted(stands)])
            why = say("the case is not over, and stands in {where}", "案件尚未终结，处于{where}", where=where)
            return _Refusal(len(done), why)
        return office

    def _follow(
        self, here: _Beside, act: Done, mine: Transition, is_new: bool, came: Sequence[Item]
    ) -> Iterator[_Beside | Text]:
        """Every case that comes of doing ``act``, or why none does."""
        item = None
        if act.kind is not None and act.kind not in self._other.items:
            yield say("there are no items of {kind}", "没有{kind}", kind=quoted(self._one.kind_title(act.kind)))
            return
        if not is_new and here.case is not None:
            item = here.case.items.get(here.items.get(act.item or "", ""))
            if item is None:
                yield say("there is no {item}", "没有{item}", item=act.item)
                return
        row = _row(self._other, act, here.case, item)
        if row is None:
            yield self._not_there(act, here.case, item)
            return
        kept_out = tuple(party for party in mine.by if party not in row.by)
        ways = self._statements(act, row)
        if isinstance(ways, Text):
            yield ways
            return
        for values in ways:
            try:
                case = self._theirs.after(here.case, act.kind, item, row, values)
            except Refused as refusal:
                yield joined([attrs.evolve(one, cure=()).sentence() for one in refusal.blockers], Text("; ", "；"))
                continue
            known = {} if here.case is None else here.case.items
            new = [one for name, one in case.items.items() if name not in known]
            items = {one.id: other.id for one in came for other in new if _alike(one, other)}
            yield _Beside(case, {**here.items, **items}, kept_out)

    def _not_there(self, act: Done, case: Case | None, item: Item | None) -> Text:
        """There is no such row, or none from here."""
        if case is None or act.trigger not in {row.trigger for row in self._other.lifecycle(act.kind).transitions}:
            return Text("there is no such act", "没有此项办理")
        where = (
            self._other.state_title(item.state, item.kind) if item is not None else self._other.state_title(case.state)
        )
        return say("it is not permitted in {where}", "处于{where}时不得办理", where=quoted(where))

    def _statements(self, act: Done, row: Transition) -> Sequence[Mapping[str, Value]] | Text:
        """What the act may state here: what it stated there as far as that was told apart, and anything of the rest."""
        fields = self._other.lifecycle(act.kind).fields
        before = self._one.lifecycle(act.kind).fields
        kept = {}
        left_out = set()
        for name in row.set:
            if name not in self._told or name not in act.row.set or before[name].type is not fields[name].type:
                continue
            if name not in act.values:
                left_out |= {name} if fields[name].optional else set()
                continue
            value = act.values[name]
            entries = self._other.lists.get(fields[name].of or "")
            if entries is not None and not {*(value if isinstance(value, tuple) else (value,))} <= entries.keys():
                what, said = self._one.field_title(name, act.kind), self._one.choice_title(before[name], value)
                return say("{what} cannot be {said}", "{what}不能填报为{said}", what=quoted(what), said=quoted(said))
            kept[name] = _as_many(value, fields[name])
        found: list[Mapping[str, Value]] = []
        for _, values in assignments(self._asked, act.kind, row):
            said_here = {name: one for name, one in {**values, **kept}.items() if name not in left_out}
            if said_here not in found:
                found.append(said_here)
        return found


def _as_many(value: Value, field: Field) -> Value:
    """A choice as one of many, or as the only one, as the field has it."""
    if field.many and not isinstance(value, tuple):
        return (str(value),)
    return value[0] if isinstance(value, tuple) and not field.many else value


def _alike(one: Item, other: Item) -> bool:
    """Whether two items that came of the same act stand for each other: of those that were laid out, by what they are about."""
    laid_out = one.laid_out and other.laid_out and [*one.fields.values()] == [*other.fields.values()]
    return one.kind == other.kind and (laid_out or not (one.laid_out or other.laid_out))


def _row(procedure: Procedure, act: Done, case: Case | None, item: Item | None) -> Transition | None:
    """The row that ``act`` fires where the case and the item stand."""
    place = item.state if item is not None else NEW if case is None or act.kind is not None else case.state
    move = procedure.tables[act.kind][place].get(act.trigger)
    return None if move is None else move.row
