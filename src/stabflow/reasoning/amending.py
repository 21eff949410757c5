"""What a search corrects: everything that `decide` might let be corrected in some case that looks like the one at hand.

Which of what was stated has been read since no search remembers, nor what no later row asks for. So of what the row asks it is
asked again only what the search knows of the case where it stands: the rest may hold. What cannot be reached so cannot be reached
by correcting things either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..case import Case, Item, with_changes, with_entries
from ..requirements import AllOf, AnyOf, CaseIs, ItemsAre, Requirement, ValueIs
from ..values import Value
from .abstraction import Abstraction
from .correctable import Correctable
from .graph import Act, Node
from .remembered import remembered
from .stage import Stage
from .stated import Stated
from .statements import Values


class Amending:
    """The corrections of what is told apart by ``abstraction``."""

    def __init__(self, abstraction: Abstraction) -> None:
        self._abstraction = abstraction
        self._procedure = abstraction.procedure
        self._stage = Stage(abstraction.procedure)

    def of_case(self, node: Node) -> Iterator[tuple[Act, Case]]:
        """The facts that may be corrected at a node, each with the case after it."""
        for one, values, told in self._found(node, None, many=False):
            act = Act(one.row.trigger, None, None, tuple(told.items()), one.row, values, amends=True)
            yield act, self._stage.restated(node.case, None, told)

    def of_item(self, node: Node, item: Item, *, many: bool) -> Iterator[tuple[Act, Case]]:
        """The same of an item; ``many``: there may be more like it than there are."""
        for one, values, told in self._found(node, item, many=many):
            act = Act(one.row.trigger, item.kind, item.id, tuple(told.items()), one.row, values, amends=True)
            yield act, self._stage.restated(node.case, item, told)

    def _found(self, node: Node, item: Item | None, *, many: bool) -> Iterator[tuple[Correctable, Values, Values]]:
        """Each correction that may be made and can be told from the others, in one of the ways in which it may be."""
        own, state, held = None, node.place.state, node.case.facts
        if item is not None:
            own, state, held = item.kind, item.state, item.fields
        seen: set[object] = set()
        for one, values, told in self._ways(node, own, state, held):
            signed = one, tuple(told), self._abstraction.signed(told, told)
            if signed not in seen and self._may(one, node, item, values, many=many):
                seen.add(signed)
                yield one, values, told

    def _ways(
        self, node: Node, own: str | None, state: str, held: Mapping[str, Value]
    ) -> Iterator[tuple[Correctable, Values, Values]]:
        """What may be stated instead of what is ``held``: all that the row states, and what later rows tell of it."""
        if self._procedure.states[node.place.state].final:
            return
        for one in self._abstraction.correctable_in(own, state):
            asked = self._abstraction.asked_of(own, state)
            names = [name for name in one.names[state] if name in asked and name in held]
            for changed, values in self._abstraction.corrections(one, names, held):
                yield one, {name: values[name] for name in one.names[state] if name in values}, changed

    def _may(self, one: Correctable, node: Node, item: Item | None, values: Values, *, many: bool) -> bool:
        """Whether all that the row asks may hold. What it states and no later row asks for may be stated otherwise in a case that
        looks the same: so only what is stated now counts."""
        state = node.place.state if item is None else item.state
        requires = self._known(one, node.place.state, state)
        if not requires:
            return True
        case, bare = node.case, None
        if item is None:
            case = with_changes(case, facts=_without(case.facts, one))
        else:
            bare = with_changes(item, fields=_without(item.fields, one))
            case = with_changes(case, items=with_entries(case.items, {item.id: bare}))
        if self._stage.holds(requires, case, one.own, bare, one.row, values):
            return True
        if item is None or not many:
            return False
        another = with_changes(item, id=f"{item.id}+")
        more = with_changes(case, items=with_entries(case.items, {another.id: another}))
        return self._stage.holds(requires, more, one.own, bare, one.row, values)

    @remembered
    def _known(self, one: Correctable, case_state: str, state: str) -> tuple[Requirement, ...]:
        """What of all that the row asks a search knows where the case, and the item, stand so."""
        held = frozenset(self._abstraction.asked_of(None, case_state))
        if one.own is not None and self._abstraction.can_move(one.own, state):
            held |= frozenset(self._abstraction.asked_of(one.own, state))

        def is_known(part: Requirement) -> bool:
            if isinstance(part, ItemsAre):
                return self._abstraction.still_counts(part, case_state)
            if isinstance(part, Stated) and part.before:
                return part.own_reads().names <= held.difference(one.row.set)
            if isinstance(part, ValueIs | Stated):
                return part.own_reads().names <= held.union(one.row.set)
            return isinstance(part, CaseIs | AnyOf | AllOf)

        return tuple(asked for asked in one.row.requires if all(is_known(part) for _, part in asked.walk()))


def _without(held: Mapping[str, Value], one: Correctable) -> Mapping[str, Value]:
    return {name: value for name, value in held.items() if name not in one.row.set}
