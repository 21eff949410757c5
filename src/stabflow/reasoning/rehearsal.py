"""A way that was found, gone by the case itself: on as many items as there are, and each act at the earliest time it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..calendar import Calendar
from ..case import Appointment, Case, Item
from ..decision.view import CaseView, Context
from ..errors import Refused
from ..language import Procedure, Transition
from ..language.requirement_text import requirement_text
from ..requirements import Requirement, TimeElapsed
from ..text import Text, either, listing, quoted, say
from ..values import Value
from .cluster import ANYONE
from .composition import Composition
from .graph import Act, Graph
from .leeway import Leeway, row_of, seen_by, standing_at
from .planned import PlannedAct
from .relaxation import Relaxation
from .route import Leg, Router
from .statements import Values

MAX_ACTS = 1_000


class Astray(Exception):
    """The way cannot be gone as it was found."""


class Rehearsal:
    """Goes a way with the case itself: everything on as many items as there are, at the earliest time at which it can be done."""

    def __init__(
        self,
        procedure: Procedure,
        composition: Composition,
        router: Router,
        case: Case,
        now: datetime,
        calendar: Calendar,
        offices: Sequence[Appointment],
    ) -> None:
        self._procedure = procedure
        self._composition = composition
        self._router = router
        self._relaxation = Relaxation(procedure, procedure.items)
        self._calendar = calendar
        self._held = {held.role for held in (*case.appointments, *offices)}
        self._case = case
        self._now = self._on_a_working_day(max(now, case.updated_at))

    def acts(self) -> Iterator[PlannedAct]:
        """Every act to the goal. The way is sought anew after each: what looks like many items to a search may be two, or twenty.
        Nothing where there is no way; `Astray` where the case does not come out as the search did, `TooFar` at its bound."""
        places, graphs = self._composition.places, self._composition.graphs
        nodes = (places.roots[0], *(graph.roots[0] for graph in graphs))
        for _ in range(MAX_ACTS):
            way = self._router.way(nodes)
            if not way:
                return
            leg = way[0]
            touched = (places, *graphs) if leg.act.moves_case else (leg.graph,)
            yield self._do(leg.act, self._like_that_of(leg), nodes, touched)
            after = standing_at((places, *graphs), touched, nodes, self._case)
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

    def _do(self, act: Act, item: Item | None, nodes: tuple[int, ...], touched: Sequence[Graph]) -> PlannedAct:
        row = row_of(self._procedure, act)
        earliest, waits = self._earliest(act, row, item)
        leeway = Leeway(
            self._composition,
            self._router,
            self._case,
            earliest,
            act,
            item,
            nodes=nodes,
            touched=touched,
        )
        try:
            after = leeway.after(act.values)
        except Refused as refusal:
            raise Astray from refusal
        given = leeway.given()
        name = None if act.kind is None else f"{act.kind}-{after.counters[act.kind]}" if item is None else item.id
        self._case, self._now = after, earliest
        return PlannedAct(
            trigger=act.trigger,
            kind=act.kind,
            item=name,
            roles=row.by,
            clause=row.clause,
            title=self._procedure.trigger_title(act.trigger, act.kind),
            who=listing([self._procedure.role_title(party) for party in row.by], none=Text("time", "期限届至")),
            given=given,
            conditions=tuple(self._condition(act.kind, field, values) for field, values in given.items()),
            fields=tuple(field for field in row.set if field not in given),
            asks=tuple(self._asks(act.kind, row)),
            earliest=earliest,
            waits=waits,
            vacant=bool(row.by) and all(party in self._procedure.roles and party not in self._held for party in row.by),
        )

    def _condition(self, kind: str | None, name: str, values: Sequence[Value]) -> Text:
        field = self._procedure.field_of(name, kind)
        title = self._procedure.field_title(name, kind)
        if field is not None and field.many:
            (needed,) = values
            assert isinstance(needed, tuple), "a field of several values holds a tuple"
            words = listing([quoted(self._procedure.choice_title(field, one)) for one in needed])
        else:
            words = either([self._procedure.choice_title(field, one) for one in values])
        return say("{title}: {words}", "{title}：{words}", title=title, words=words)

    def _asks(self, kind: str | None, row: Transition) -> Iterator[Text]:
        for requirement in row.requires:
            followed = self._relaxation.is_followed(requirement, kind)
            if not followed and not any(isinstance(part, TimeElapsed) for _, part in requirement.walk()):
                yield requirement_text(self._procedure, kind, requirement)
        if kind is not None and row.creates and "actor" in self._procedure.items[kind].unique:
            yield Text("each by another office-holder", "每人限一次")

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
