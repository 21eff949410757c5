"""A way that was found, gone by the case itself: on as many items as there are, and each act at the earliest time it can be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from ..calendar import Calendar
from ..case import Case, Item, item_id
from ..decision.view import CaseView, Context
from ..errors import InvalidInput, Refused
from ..language import Transition
from ..language.requirement_text import requirement_text
from ..requirements import Requirement, TimeElapsed
from ..requirements.base import Literal
from ..text import Text
from ..values import Value
from .cluster import ANYONE
from .composition import Composition
from .corrections import Correction, Spot
from .footing import Footing, Taken, standing_at
from .graph import Act, row_of, seen_by
from .route import Leg, Router
from .statements import Values, assignments

MAX_ACTS = 1_000
MAX_ADDED = 100
"""So many more items are added to make up a share."""

Preferred = Mapping[tuple[str, str], Sequence[Literal]]
"""For fields of items, what they are rather to be, because a share is asked for."""


class Astray(Exception):
    """The way cannot be gone as it was found."""


@attrs.frozen
class Gone:
    """An act as it was done: which item it made or was on, in which role a correction was made, at what time, after what wait."""

    taken: Taken
    item: str | None
    role: str
    waits: Text | None


class Rehearsal:
    """Goes a way with the case itself: everything on as many items as there are, at the earliest time at which it can be done.

    ``preferred``: what of several values that lead on is stated. `misjudged`, `refused` and `missing` say why it went astray: the
    kinds of which there were more or fewer items than the search thought, and how many there are; a correction that may not be
    made; shares that were missing.
    """

    def __init__(
        self,
        composition: Composition,
        router: Router,
        footing: Footing,
        case: Case,
        now: datetime,
        calendar: Calendar,
        preferred: Preferred,
    ) -> None:
        self._procedure = composition.procedure
        self._composition = composition
        self._router = router
        self._footing = footing
        self._calendar = calendar
        self._case = case
        self._preferred = preferred
        self.misjudged: dict[str, int] = {}
        self.refused: Spot | None = None
        self.missing: dict[tuple[str, str], Sequence[Literal]] = {}
        self._now = self._on_a_working_day(max(now, case.updated_at))

    def acts(self) -> Iterator[Gone]:
        """Every act to the goal. The way is sought anew after each: what looks like many items to a search may be two, or twenty.
        Nothing where there is no way; `Astray` where the case does not come out as the search did, `TooFar` at its bound."""
        places, graphs = self._composition.places, self._composition.graphs
        everything = (places, *graphs)
        nodes = (places.roots[0], *(graph.roots[0] for graph in graphs))
        for number in range(MAX_ACTS):
            way = self._router.way(nodes)
            if way is None and number:
                raise Astray
            if not way:
                return
            leg = way[0]
            touched = everything if leg.act.moves_case else (leg.graph,)
            taken = self._taken(leg.act, self._like_that_of(leg))
            if leg.act.moves_case:
                yield from self._made_up(taken)
                taken = self._taken(leg.act, None)
            else:
                taken = self._as_preferred(taken, nodes, touched)
            yield self._do(taken)
            after = standing_at(everything, touched, nodes, self._case)
            came_out = None if after is None else after[everything.index(leg.graph)]
            if leg.act.kind is not None and came_out != leg.target:
                self.misjudged[leg.act.kind] = len(self._case.of_kind(leg.act.kind))
            if after is None:
                raise Astray
            nodes = after
        raise Astray

    def _like_that_of(self, leg: Leg) -> Item | None:
        """The item of the case that looks as the one on which the search acted."""
        if leg.act.item is None:
            return None
        node = leg.graph.nodes[leg.source]
        sought = leg.graph.abstraction.item_class(node.case, node.case.items[leg.act.item])
        seen = seen_by(leg.graph, self._case)
        for item in seen.items.values():
            found = leg.graph.abstraction.item_class(seen, item)
            if found is not None and sought is not None and found[0] == sought[0]:
                return item
        raise Astray

    def _taken(self, act: Act, item: Item | None, values: Values | None = None) -> Taken:
        row = row_of(self._procedure, act)
        at, _ = self._earliest(act, row, item)
        return Taken(act, row, None if item is None else item.id, act.values if values is None else values, at)

    def _do(self, taken: Taken) -> Gone:
        act, item = taken.act, None if taken.item is None else self._case.items[taken.item]
        _, waits = self._earliest(act, taken.row, item)
        try:
            after, role = self._footing.done(self._case, taken)
        except (Refused, InvalidInput) as refusal:
            if isinstance(taken.row, Correction):
                self.refused = (act.kind, taken.row.trigger, self._case.state)
            raise Astray from refusal
        name = item_id(act.kind, after.counters[act.kind]) if act.kind is not None and item is None else taken.item
        self._case, self._now = after, taken.then
        return Gone(taken, name, role, waits)

    # Shares, of which a search knows only that there must be some

    def _as_preferred(self, taken: Taken, nodes: tuple[int, ...], touched: Sequence[object]) -> Taken:
        """The act, stating what is preferred, if the way is as short then."""
        values: dict[str, Value] = dict(taken.values)
        for name in taken.row.set:
            accepted = self._preferred.get((taken.act.kind or "", name))
            if accepted and values.get(name) not in accepted:
                many = self._procedure.lifecycle(taken.act.kind).fields[name].many
                values[name] = (str(accepted[0]),) if many else accepted[0]
        other = attrs.evolve(taken, values=values)
        if values == taken.values or (after := self._footing.surely(self._case, other)) is None:
            return taken
        graphs = (self._composition.places, *self._composition.graphs)
        found = [
            standing_at(graphs, [graph for graph in graphs if graph in touched], nodes, case)
            for case in (after, self._footing.surely(self._case, taken) or after)
        ]
        ways = [None if one is None else self._router.way(one) for one in found]
        return other if ways[0] is not None and (ways[1] is None or len(ways[0]) <= len(ways[1])) else taken

    def _made_up(self, taken: Taken) -> Iterator[Gone]:
        """More items, added until the shares for which the act asks are there."""
        for number in itertools.count():
            missing = next(self._footing.unmet_shares(self._case, taken), None)
            if missing is None:
                return
            wanted = {(missing.items, name): accepted for name, accepted in missing.where.items()}
            if not wanted.items() <= dict(self._preferred).items():
                self.missing |= wanted
                raise Astray
            added = next(self._like(missing.items, missing.where), None)
            if added is None or number == MAX_ADDED:
                raise Astray
            yield self._do(added)

    def _like(self, kind: str, where: Mapping[str, Sequence[Literal]]) -> Iterator[Taken]:
        """Ways of adding an item of ``kind`` that matches, as may be done here."""
        graph = next(graph for graph in self._composition.graphs if kind in graph.cluster.kinds)
        for row in graph.cluster.procedure.items[kind].creating():
            for chosen, values in assignments(graph.abstraction, kind, row):
                act = Act(row.trigger, kind, None, chosen, row, values)
                fits = all(values.get(name) in accepted for name, accepted in where.items())
                taken = self._taken(act, None)
                if fits and self._footing.surely(self._case, taken) is not None:
                    yield taken

    # When

    def _earliest(self, act: Act, row: Transition, item: Item | None) -> tuple[datetime, Text | None]:
        """When the act can be done, all waits of its row being over, and the last of these."""
        at, waits = self._now, None
        for requirement in row.requires:
            later = self._over(requirement, act, row, item, at)
            if later > at:
                at, waits = later, requirement_text(self._procedure, act.kind, requirement)
        return self._on_a_working_day(at), waits

    def _over(self, requirement: Requirement, act: Act, row: Transition, item: Item | None, at: datetime) -> datetime:
        """The first time from ``at`` on at which the requirement asks for no more waiting."""
        waits = [part for _, part in requirement.walk() if isinstance(part, TimeElapsed)]
        if not waits or requirement.holds(self._view(act.kind, row, item, act.values, at)):
            return at
        view = self._view(act.kind, row, item, act.values, at)
        ends = [view.after(entry.at, one.elapsed) for one in waits if (entry := view.entered_own_state(one.since))]
        for end in sorted(ends):
            if end > at and requirement.holds(self._view(act.kind, row, item, act.values, end)):
                return end
        return max([at, *ends])

    def _view(self, kind: str | None, row: Transition, item: Item | None, values: Values, at: datetime) -> CaseView:
        return CaseView(
            procedure=self._procedure,
            case=self._case,
            kind=kind,
            item=item,
            row=row,
            values=values,
            actor=ANYONE,
            context=Context(now=at, calendar=self._calendar),
        )

    def _on_a_working_day(self, at: datetime) -> datetime:
        """``at``, or the beginning of the next working day."""
        day = at.astimezone(self._procedure.zone)
        while not self._calendar.is_working(day.date()):
            day = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(at, day.astimezone(at.tzinfo))
