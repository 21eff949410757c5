"""What the rows of a procedure ask, and in which states the answer can still matter.

A value, a state once entered, an item is worth knowing only where some later row still asks for it, and nothing on the way there
makes it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from ..case import Item
from ..language import Lifecycle, Procedure, Transition
from ..requirements import ItemsAre, Requirement, TimeElapsed, ValueIs
from ..requirements.value import is_one_of
from .cluster import Cluster, rows
from .reaching import closure
from .stated import Stated

if TYPE_CHECKING:
    from .correctable import Correctable

Tests = tuple[tuple[object, ...], ...]
"""The lists of values with which a name is compared; none where it is only asked whether it has one."""

Again = Mapping[tuple[int, Requirement], frozenset[str]]

Part = tuple[str | None, Transition | None, Requirement]
"""Something that is asked, the row that asks it, and the kind that the row is of."""


@attrs.frozen(eq=False)
class Looker:
    """A requirement that counts items, and the case states in which what it counts still matters."""

    requirement: ItemsAre
    threshold: int
    states: frozenset[str]

    @property
    def only_asks_for_a_fresh_one(self) -> bool:
        """Whether it is met by any one item, wherever it stands and whatever is stated of it, that is not of an earlier round."""
        asked = self.requirement
        return asked.since is not None and self.threshold == 1 and not (asked.in_ or asked.every or asked.where)

    def verdict(self, item: Item, fresh: bool) -> bool | None:
        """Whether it counts ``item`` (``None``: that hangs on what is not stated)."""
        asked = self.requirement
        if asked.since is not None and not fresh:
            return False
        if asked.in_ and item.state not in asked.in_:
            return False
        if asked.every is not None and item.state in asked.every:
            return False
        unknown = False
        for name, accepted in asked.where.items():
            value = item.fields.get(name)
            if value is None:
                unknown = True
            elif not is_one_of(value, accepted):
                return False
        return None if unknown else True


class Asked:
    """Everything that the rows of ``cluster`` ask, and ``besides``, which is asked in any state. ``facts_of``: of the case
    itself, what the rows of that cluster ask too. ``again``: where what a row (by its `id`) asks is asked once more, because what
    it stated may be corrected there."""

    def __init__(
        self,
        cluster: Cluster,
        besides: Iterable[Requirement],
        facts_of: Cluster | None,
        again: Again | None = None,
    ) -> None:
        self._procedure = cluster.procedure
        self._whole = cluster.procedure if facts_of is None else facts_of.procedure
        self._parts: list[Part] = [*parts_of(cluster), *((None, None, p) for one in besides for _, p in one.walk())]
        self._of_case: list[Part] = self._parts if facts_of is None else [*self._parts, *parts_of(facts_of)]
        self._back = backward(self._procedure.case)
        self._again = again or {}
        self._made_of = cluster, tuple(besides), facts_of

    def with_corrections(self, correctables: Iterable[Correctable]) -> Asked:
        """The same, where what is still asked for may be corrected: then its row asks once more."""
        kept = self.tests(kept=True)
        facts, fields = self.facts_at(kept), self.fields_at(kept)
        again: dict[tuple[int, Requirement], frozenset[str]] = {}
        for one in correctables:
            asked = {state: facts[state] if one.own is None else fields[one.own, state] for state in one.names}
            for requirement in one.asks:
                names = requirement.reads().names
                states = frozenset(
                    state
                    for state, own in one.names.items()
                    if not {*asked[state]}.isdisjoint(own) and not names.isdisjoint(own)
                )
                if states:
                    again |= {(id(one.row), part): states for _, part in requirement.walk()}
        return Asked(*self._made_of, again)

    # Values

    def tests(self, *, kept: bool) -> Mapping[str, Tests]:
        """For every followed name, the lists of values it is compared with; ``kept``: by other rows than those that set it."""
        found: dict[str, dict[tuple[object, ...], None]] = {}
        for own, row, part in self._valued():
            for name in _names(part):
                if kept and self._sets(own, row, part, name):
                    continue
                tests = found.setdefault(name, {})
                if isinstance(part, ValueIs) and part.is_ is not None:
                    tests[part.is_] = None
            if isinstance(part, ItemsAre):
                for name, accepted in part.where.items():
                    found.setdefault(name, {})[accepted] = None
        return {name: tuple(tests) for name, tests in found.items()}

    def _valued(self) -> Iterator[Part]:
        """What is asked of the items looked at, and of the facts."""
        yield from self._parts
        if self._of_case is not self._parts:
            for own, row, part in self._of_case[len(self._parts) :]:
                if not _names(part).isdisjoint(self._procedure.facts):
                    yield own, row, part

    def _sets(self, own: str | None, row: Transition | None, part: Requirement, name: str) -> bool:
        """Whether ``row`` states ``name`` for certain, so that what was stated before no longer counts."""
        if row is None or (isinstance(part, Stated) and part.before):
            return False
        field = self._whole.lifecycle(own).fields.get(name)
        return field is not None and name in row.set and (row.creates or not field.optional)

    def facts_at(self, kept: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """For each state of the case, the facts that are still asked for."""
        found: dict[str, list[str]] = {state: [] for state in self._procedure.states}
        for name in [name for name in self._procedure.facts if name in kept]:
            asked = {
                place
                for own, row, part in self._of_case
                if name in _names(part) and not self._sets(own, row, part, name)
                for place in self._places(own, row, part)
            }
            for state in before(self._back, asked, _keeps(name, self._procedure.facts[name].optional)):
                found[state].append(name)
        return {state: tuple(names) for state, names in found.items()}

    def fields_at(self, kept: Collection[str]) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """For each kind and state of it, the fields that are still asked for."""
        found: dict[tuple[str, str], list[str]] = {}
        for kind, cycle in self._procedure.items.items():
            found |= {(kind, state): [] for state in cycle.states}
            back = backward(cycle)
            for name in [name for name in cycle.fields if name in kept]:
                asked: set[str] = set()
                for own, row, part in self._parts:
                    if own == kind and row is not None and name in _names(part):
                        asked |= set() if self._sets(own, row, part, name) else self._sources(cycle, row, part)
                    if isinstance(part, ItemsAre) and part.items == kind and name in part.where:
                        asked |= set(part.in_ or cycle.states)
                for state in before(back, asked, _keeps(name, cycle.fields[name].optional)):
                    found[kind, state].append(name)
        return {place: tuple(names) for place, names in found.items()}

    # States once entered

    def entries_at(self) -> Mapping[str, tuple[str, ...]]:
        """For each state of the case, the states of which it is still asked whether they were ever entered."""
        asked: dict[str, set[str]] = {}
        for own, row, part in self._of_case:
            since = (
                part.since if isinstance(part, ItemsAre) or (isinstance(part, TimeElapsed) and own is None) else None
            )
            if since is not None:
                asked.setdefault(since, set()).update(self._places(own, row, part))
        found: dict[str, list[str]] = {state: [] for state in self._procedure.states}
        for since, places in asked.items():
            for state in before(self._back, places, _unless_into(since)):
                if state != since:
                    found[state].append(since)
        return {state: tuple(sorted(names)) for state, names in found.items()}

    def item_entries_at(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """For each kind and state of it, the states of which it is still asked whether the item ever entered them."""
        found: dict[tuple[str, str], list[str]] = {}
        for kind, cycle in self._procedure.items.items():
            found |= {(kind, state): [] for state in cycle.states}
            asked: dict[str, set[str]] = {}
            for own, row, part in self._parts:
                if own == kind and row is not None and isinstance(part, TimeElapsed):
                    asked.setdefault(part.since, set()).update(self._sources(cycle, row, part))
            for since, states in asked.items():
                for state in before(backward(cycle), states, _unless_into(since)):
                    if state != since:
                        found[kind, state].append(since)
        return {place: tuple(names) for place, names in found.items()}

    # Items

    def lookers(self) -> Mapping[tuple[str, str], tuple[Looker, ...]]:
        """For each kind and case state, the requirements to which its items may still matter."""
        asked: dict[ItemsAre, set[str]] = {}
        for own, row, part in self._parts:
            if isinstance(part, ItemsAre):
                asked.setdefault(part, set()).update(self._places(own, row, part))
        found = [
            Looker(part, self._threshold(part), before(self._back, places, _unless_into(part.since)))
            for part, places in asked.items()
        ]
        return {
            (kind, state): tuple(one for one in found if one.requirement.items == kind and state in one.states)
            for kind in self._procedure.items
            for state in self._procedure.states
        }

    def still_laid_out(self, kind: str) -> frozenset[str]:
        """The states of the case after which items of ``kind`` may be laid out anew, and supersede such of them as were laid out
        too, not those that were added; none where none is added."""
        one = self._procedure.items[kind]
        if one.preset is None or not one.creating():
            return frozenset()
        rows = [row for row in self._procedure.transitions if row.dest in one.preset.at]
        sources = {state for row in rows for state in self._procedure.case.sources(row)}
        return before(self._back, sources, lambda _: True)

    def _threshold(self, asked: ItemsAre) -> int:
        if asked.every is not None:
            return 1
        for bound, more in ((asked.at_least, 0), (asked.at_most, 1), (asked.equals, 1)):
            need = self._procedure.parameters[bound].value if isinstance(bound, str) else bound
            if isinstance(need, int):
                return need + more
        raise AssertionError(f"{asked} counts nothing that a search follows")

    def _places(self, own: str | None, row: Transition | None, part: Requirement) -> Collection[str]:
        if row is None:
            return self._procedure.states
        found = asked_in(self._procedure, own, row)
        return found if own is not None else found | self._again.get((id(row), part), frozenset())

    def _sources(self, cycle: Lifecycle, row: Transition, part: Requirement) -> set[str]:
        """The states of its own in which a part of what a row asks is asked."""
        return {*cycle.sources(row)} | self._again.get((id(row), part), frozenset())


def parts_of(cluster: Cluster) -> Iterator[Part]:
    """Everything that the rows of a cluster and its gate ask, read loosely and strictly, in its parts."""
    gate = () if cluster.gate is None else ((None, cluster.gate),)
    for own, row in (*rows(cluster.procedure), *gate):
        for requirement in dict.fromkeys((*row.requires, *cluster.strict[id(row)])):
            for _, part in requirement.walk():
                yield own, row, part


def _names(part: Requirement) -> frozenset[str]:
    """The names whose values, or whether they have one, the part asks about."""
    if isinstance(part, ValueIs) and part.is_ is not None:
        return frozenset(part.value)
    return frozenset(part.stated) if isinstance(part, Stated) else frozenset()


def asked_in(procedure: Procedure, own: str | None, row: Transition) -> frozenset[str]:
    """The case states in which a row may be fired."""
    if own is None:
        return frozenset(procedure.case.sources(row))
    return frozenset(state for state in procedure.states if procedure.may_fire_in(row, state))


Back = Mapping[str, tuple[tuple[str, Transition], ...]]


def backward(cycle: Lifecycle) -> Back:
    """For each state, the states and the rows that lead into it from another."""
    found: dict[str, list[tuple[str, Transition]]] = {state: [] for state in cycle.states}
    for row in cycle.transitions:
        if row.dest is not None:
            for source in cycle.sources(row):
                found[row.dest].append((source, row))
    return {state: tuple(arrows) for state, arrows in found.items()}


def before(back: Back, asked: Iterable[str], keeps: Callable[[Transition], bool]) -> frozenset[str]:
    """The states from which one of ``asked`` can be reached by rows that keep what is asked for as it is."""
    return closure(asked, lambda at: (source for source, row in back[at] if keeps(row)))


def _keeps(name: str, optional: bool) -> Callable[[Transition], bool]:
    return lambda row: optional or name not in row.set


def _unless_into(state: str | None) -> Callable[[Transition], bool]:
    return lambda row: row.dest != state
