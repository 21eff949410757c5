"""What every part of a check shares: the searches, and how a flaw is shown by a case that walks to it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..language import Procedure
from ..requirements import Requirement
from ..text import Text, say
from .bounds import UNBOUNDED, Bounds, Deadline, all_hit
from .composition import Composition
from .graph import Act, Graph, Refused, shortest
from .report import Finding, Status, traced
from .walk import Blocked, NotCorrected, Walker, led_to, walked
from .witness import Shown, Witnesses

MAX_TRIES = 20
"""So many paths are tried before a flaw that none of them shows is reported as not decided."""


class Inquiry:
    """One check of a procedure. ``searched``: the searches made beside those of the composition; ``corrected``: what was stated
    is corrected too."""

    def __init__(
        self, procedure: Procedure, max_states: int, deadline: Deadline = UNBOUNDED, *, corrected: bool = True
    ) -> None:
        self.procedure = procedure
        self.deadline = deadline
        self.bounds: Bounds = {"corrected": corrected, "max_states": max_states, "deadline": deadline}
        self.composition = Composition(procedure, **self.bounds)
        self.searched: list[Graph] = []

    @property
    def corrects(self) -> bool:
        """Whether there is anything that it corrects."""
        return any(graph.abstraction.correctables for graph in self.graphs)

    @functools.cached_property
    def witnesses(self) -> Witnesses:
        """The cases that were walked to show that something comes about."""
        return Witnesses(self)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """Every search made so far."""
        return (self.composition.places, *self.composition.graphs, *self.searched)

    @property
    def bound(self) -> Text:
        """Which bounds were hit, and what to do next."""
        over = (self.deadline.hit(),) if self.deadline.is_over else ()
        return all_hit((*self.composition.hit, *over))

    def state_at(self, place: int) -> str:
        """The state of the case at a place."""
        return self.composition.places.nodes[place].place.state

    def title_at(self, place: int) -> Text:
        """How it reads."""
        return self.procedure.state_title(self.state_at(place))

    def joint(self, groups: Iterable[int]) -> tuple[Composition, int]:
        """The composition in which these groups are searched together, and which of its groups that is."""
        together = sorted(groups)
        composition = self.composition
        if len(together) == 1:
            return composition, together[0]
        merged = frozenset[str]().union(*(composition.groups[number] for number in together))
        return self.together(merged), 0

    def together(
        self, kinds: frozenset[str], besides: Sequence[Requirement] = (), *, spare: Mapping[str, int] | None = None
    ) -> Composition:
        """The composition whose first group is of these kinds, and of those that must be searched with them; ``besides`` is asked
        too, and ``spare`` items of a kind are counted."""
        groups = self.composition.groups
        merged = frozenset[str]().union(*(group for group in groups if group & kinds))
        found = Composition(
            self.procedure,
            [merged, *(group for group in groups if not group & kinds)],
            spare=spare,
            besides=besides,
            known=self.composition,
            **self.bounds,
        )
        self.searched += [graph for graph in (found.places, *found.graphs) if graph not in self.graphs]
        return found

    def unless_bound(self, finding: Finding) -> Finding:
        """The finding; where a search hit its bound, that this is not decided."""
        if self.composition.complete:
            return finding
        return Finding(finding.property, finding.title, Status.INCOMPLETE, self.bound, finding.path)

    def lacking(self, finding: Finding, shown: Shown) -> Finding:
        """The flaw that something never comes about; where a search comes to it, and no case was found that does, that it may be
        one."""
        if shown is Shown.NEVER:
            return self.unless_bound(finding)
        text = say(
            "{text}, as far as cases were tried; but the search could not rule it out",
            "{text}（就已尝试的案件而言；但搜索未能排除其可能）",
            text=finding.text,
        )
        return Finding(finding.property, finding.title, Status.INCOMPLETE, text, finding.path, finding.clause)

    def shown(
        self,
        property_: str,
        title: Text,
        text: Text,
        path: Sequence[Act],
        graph: Graph | None = None,
        *,
        path_in: str = "",
        clause: tuple[str, ...] = (),
        around: Callable[[Refused], Sequence[Act] | None] | None = None,
        gate_at: int | None = None,
        status: Status = Status.FLAWED,
    ) -> Finding:
        """A flaw, if the path that shows it can be walked; else the answer is open. ``around``: another path that shows it,
        without corrections that cannot be made (by default another to where ``path`` leads). ``gate_at``: in the end the gate is
        to be open, at this place."""
        try:
            walker = self._walked(path, graph, around or self._around(path, graph))
            if gate_at is not None:
                walker.open_gate(self.composition.places.nodes[gate_at])
        except Blocked as why:  # the path may be one that only the search can go
            doubt = say(
                "{text}, as far as the search can tell; but no case was found that does so ({why})",
                "就搜索所知，{text}；但未找到实际如此的案件（{why}）",
                text=text,
                why=str(why),
            )
            return Finding(property_, title, Status.INCOMPLETE, doubt, path_in, clause)
        tests = {} if graph is None else graph.abstraction.tests
        named = self.composition.told_fields.union(name for name, asked in tests.items() if asked)
        trace = traced(self.procedure, walker.done, [named | done.numbers for done in walker.done])
        return Finding(property_, title, status, text, path_in, clause, trace)

    def _walked(
        self, path: Sequence[Act], graph: Graph | None, around: Callable[[Refused], Sequence[Act] | None]
    ) -> Walker:
        """A case that has walked the path, or one around what it cannot correct on the way; `Blocked` where none can."""
        refused: set[tuple[int, Act]] = set()
        while True:
            try:
                return walked(self.composition, path, graph)
            except NotCorrected as why:
                refused.add((why.node, why.act))
                other = around(refused) if len(refused) < MAX_TRIES else None
                if not other:
                    raise
                path = other

    def _around(self, path: Sequence[Act], graph: Graph | None) -> Callable[[Refused], Sequence[Act] | None]:
        if graph is None:
            place = led_to(self.composition.places, path)
            return lambda refused: self.composition.path(place, refused)
        found, index = graph, led_to(graph, path)
        return lambda refused: shortest(found, lambda one: one == index, refused)
