"""When two cases are the same to a search: what a later row can still tell apart, and nothing else.

A case is its state, the followed facts that some later row still asks for, and how many items of each class there are, counted
no further than any requirement can see. Values are merged into the classes that requirements tell apart; an item that can
neither move nor be counted any more is forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

import attrs

from ..case import Case, Item, with_changes
from ..language import Lifecycle, Procedure, Transition
from ..requirements import CaseIs, ItemsAre, Requirement, ValueIs
from ..requirements.value import is_one_of
from ..values import Value
from .cluster import Cluster, rows

Signature = tuple[bool, ...] | None
"""Which of the tests of a name a value passes; ``None`` for a value that nobody has stated."""

ItemClass = tuple[str, str, tuple[Signature, ...], tuple[bool, ...]]
"""Kind, state, the values still asked for, and since which states the item is fresh."""

Counts = frozenset[tuple[ItemClass, int]]

Fresh = tuple[tuple[str, str, bool | None], ...]
"""For a kind and a state, whether there is an item added since it was last entered; ``None`` where it never was."""


@attrs.frozen
class Place:
    """The case without its items: its state, and the facts still asked for."""

    state: str
    facts: tuple[tuple[str, Signature], ...]


@attrs.frozen
class Key:
    """What a search knows of a case."""

    place: Place
    counts: Counts
    fresh: Fresh


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


class Abstraction:
    """What tells cases apart under the procedure of ``cluster``, where ``besides`` is asked too, in any state. ``facts_of``: the
    facts are told apart as far as any row of that cluster does."""

    def __init__(
        self, cluster: Cluster, besides: Iterable[Requirement] = (), *, facts_of: Cluster | None = None
    ) -> None:
        self.procedure = procedure = cluster.procedure
        self._whole = procedure if facts_of is None else facts_of.procedure
        self._asked = list(_parts(cluster))
        if facts_of is not None:
            self._asked += [
                (own, row, part)
                for own, row, part in _parts(facts_of)
                if isinstance(part, ValueIs) and part.value[0] in procedure.facts
            ]
        self._besides = [part for requirement in besides for _, part in requirement.walk()]
        self._back = _backward(procedure.case)
        self.tests = self._tests(kept=False)
        self._kept = self._tests(kept=True)
        self._signatures: dict[object, Signature] = {}
        self._facts_at = {state: self._facts_asked_after(state) for state in procedure.states}
        self._fields_at = {
            (kind, state): self._fields_asked_after(kind, state)
            for kind, cycle in procedure.items.items()
            for state in cycle.states
        }
        self._lookers = self._all_lookers()
        self._moves = {
            (kind, state): bool(table) for kind in procedure.items for state, table in procedure.tables[kind].items()
        }

    # What is asked, and where

    def _tests(self, *, kept: bool) -> Mapping[str, tuple[tuple[object, ...], ...]]:
        """For every followed name, the lists of values it is compared with; ``kept``: by other rows than those that set it."""
        found: dict[str, dict[tuple[object, ...], None]] = {}
        besides = ((None, None, part) for part in self._besides)
        for own, row, part in (*self._asked, *besides):
            if isinstance(part, ValueIs) and part.is_ is not None:
                (name,) = part.value
                if not (kept and row is not None and self._sets(own, row, name)):
                    found.setdefault(name, {})[part.is_] = None
            elif isinstance(part, ItemsAre):
                for name, accepted in part.where.items():
                    found.setdefault(name, {})[accepted] = None
        return {name: tuple(tests) for name, tests in found.items()}

    def _sets(self, own: str | None, row: Transition, name: str) -> bool:
        """Whether ``row`` states ``name`` for certain, so that what was stated before no longer counts."""
        field = self._whole.lifecycle(own).fields.get(name)
        return field is not None and name in row.set and (row.creates or not field.optional)

    def _facts_asked_after(self, state: str) -> tuple[str, ...]:
        procedure = self.procedure
        found = []
        for name, field in procedure.facts.items():
            if name not in self._kept:
                continue
            asked = {
                place
                for own, row, part in self._asked
                if isinstance(part, ValueIs) and part.value[0] == name and not self._sets(own, row, name)
                for place in asked_in(procedure, own, row)
            }
            if any(isinstance(part, ValueIs) and part.value[0] == name for part in self._besides):
                asked |= set(procedure.states)

            def keeps(row: Transition, name: str = name, optional: bool = field.optional) -> bool:
                return optional or name not in row.set

            if state in _before(self._back, asked, keeps):
                found.append(name)
        return tuple(found)

    def _fields_asked_after(self, kind: str, state: str) -> tuple[str, ...]:
        cycle = self.procedure.items[kind]
        back = _backward(cycle)
        found = []
        for name, field in cycle.fields.items():
            if name not in self._kept:
                continue
            asked = {
                source
                for own, row, part in self._asked
                if own == kind
                and isinstance(part, ValueIs)
                and part.value[0] == name
                and not self._sets(own, row, name)
                for source in cycle.sources(row)
            }
            for part in (*(part for _, _, part in self._asked), *self._besides):
                if isinstance(part, ItemsAre) and part.items == kind and name in part.where:
                    asked |= set(part.in_ or cycle.states)

            def keeps(row: Transition, name: str = name, optional: bool = field.optional) -> bool:
                return optional or name not in row.set

            if state in _before(back, asked, keeps):
                found.append(name)
        return tuple(found)

    def _all_lookers(self) -> Mapping[tuple[str, str], tuple[Looker, ...]]:
        """For each kind and case state, the requirements to which its items may still matter."""
        procedure = self.procedure
        asked: dict[ItemsAre, set[str]] = {}
        for own, row, part in self._asked:
            if isinstance(part, ItemsAre):
                asked.setdefault(part, set()).update(asked_in(procedure, own, row))
        for part in self._besides:
            if isinstance(part, ItemsAre):
                asked.setdefault(part, set()).update(procedure.states)
        lookers = [
            Looker(
                part,
                self._threshold(part),
                _before(self._back, places, lambda row, since=part.since: row.dest != since),
            )
            for part, places in asked.items()
        ]
        return {
            (kind, state): tuple(
                looker for looker in lookers if looker.requirement.items == kind and state in looker.states
            )
            for kind in procedure.items
            for state in procedure.states
        }

    def _threshold(self, asked: ItemsAre) -> int:
        if asked.every is not None:
            return 1
        for bound, more in ((asked.at_least, 0), (asked.at_most, 1), (asked.equals, 1)):
            need = self.procedure.parameters[bound].value if isinstance(bound, str) else bound
            if isinstance(need, int):
                return need + more
        raise AssertionError(f"{asked} counts nothing that a search follows")

    def looks_at(self, kind: str, state: str) -> bool:
        """Whether items of ``kind`` matter to anything while the case stands in ``state``."""
        return bool(self._lookers[kind, state])

    # What a case is to a search

    def signature(self, name: str, value: Value | None) -> Signature:
        """Which tests of ``name`` by later rows the value passes."""
        asked = (name, type(value), value)  # True is not 1
        if asked not in self._signatures:
            self._signatures[asked] = signature_of(value, self._kept[name])
        return self._signatures[asked]

    def told(self, chosen: Iterable[tuple[str, Value | None]]) -> tuple[tuple[str, Signature], ...]:
        """What later rows can tell of the values that an act states."""
        return tuple([(name, self.signature(name, value)) for name, value in chosen if name in self._kept])

    def place(self, case: Case) -> Place:
        """The case without its items."""
        names = self._facts_at[case.state]
        return Place(case.state, tuple([(name, self.signature(name, case.facts.get(name))) for name in names]))

    def item_class(self, case: Case, item: Item) -> tuple[ItemClass, int] | None:
        """The class of ``item``, and how far it is worth counting; ``None`` where nothing will ever look at it again."""
        lookers = self._lookers[item.kind, case.state]
        if item.superseded or not lookers:
            return None
        if self._moves[item.kind, item.state]:
            names = self._fields_at[item.kind, item.state]
            values = tuple([self.signature(name, item.fields.get(name)) for name in names])
            fresh = tuple([_is_fresh(case, item, state) for state in self._since(item.kind, case.state)[0]])
            return (item.kind, item.state, values, fresh), max([one.threshold for one in lookers])
        told: list[Signature] = []
        counting = 0
        for one in lookers:
            if one.only_asks_for_a_fresh_one:
                continue
            since = one.requirement.since
            verdict = one.verdict(item, since is None or _is_fresh(case, item, since))
            told.append(None if verdict is None else (verdict,))
            if verdict is not False:
                counting = max(counting, one.threshold)
        return ((item.kind, "", tuple(told), ()), counting) if counting else None

    @functools.cache  # noqa: B019
    def _since(self, kind: str, state: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The states since which it matters, in case state ``state``, that an item was added: that this one was; that any was."""
        each = {one.requirement.since for one in self._lookers[kind, state] if not one.only_asks_for_a_fresh_one}
        any_ = {one.requirement.since for one in self._lookers[kind, state] if one.only_asks_for_a_fresh_one}
        return tuple(sorted(filter(None, each))), tuple(sorted(filter(None, any_)))

    def counted(self, case: Case) -> tuple[Case, Key, Mapping[ItemClass, list[Item]]]:
        """``case`` without the items that no search can tell from those it has, its key, and its items by class."""
        found: dict[ItemClass, list[Item]] = {}
        kept: set[str] = set()
        for item in sorted(case.items.values(), key=lambda item: -item.added):  # so that fresh ones are kept
            classed = self.item_class(case, item)
            if classed is not None and len(held := found.setdefault(classed[0], [])) < classed[1]:
                held.append(item)
                kept.add(item.id)
        fresh: list[tuple[str, str, bool | None]] = []
        for kind in self.procedure.items:
            for state in self._since(kind, case.state)[1]:
                ones = [item for item in case.of_kind(kind) if not item.superseded and _is_fresh(case, item, state)]
                fresh.append((kind, state, bool(ones) if state in case.entered else None))
                if ones and kept.isdisjoint(item.id for item in ones):
                    kept.add(ones[0].id)
        if len(kept) != len(case.items):
            case = with_changes(case, items={name: item for name, item in case.items.items() if name in kept})
        counts = frozenset([(one, len(held)) for one, held in found.items()])
        return case, Key(self.place(case), counts, tuple(fresh)), found

    def added(self, case: Case, key: Key, kind: str) -> Fresh:
        """What is fresh after an item of ``kind`` is added."""
        return tuple(
            [(one, state, (state in case.entered or None) if one == kind else is_) for one, state, is_ in key.fresh]
        )

    def is_many(self, case: Case, item: Item, held: Mapping[ItemClass, list[Item]]) -> bool:
        """Whether the class of ``item`` is counted as far as it is worth: there may be more of them."""
        classed = self.item_class(case, item)
        return classed is not None and len(held[classed[0]]) >= classed[1]


def _parts(cluster: Cluster) -> Iterator[tuple[str | None, Transition, Requirement]]:
    """Everything that the rows of a cluster ask, read loosely and strictly, in its parts."""
    for own, row in rows(cluster.procedure):
        for requirement in dict.fromkeys((*row.requires, *cluster.strict[id(row)])):
            for _, part in requirement.walk():
                yield own, row, part


def signature_of(value: Value | None, tests: tuple[tuple[object, ...], ...]) -> Signature:
    """Which of ``tests`` the value passes."""
    return None if value is None else tuple([is_one_of(value, accepted) for accepted in tests])  # type: ignore[arg-type]


def _is_fresh(case: Case, item: Item, state: str) -> bool:
    entry = case.entered.get(state)
    return entry is not None and item.added >= entry.version


def asked_in(procedure: Procedure, own: str | None, row: Transition) -> frozenset[str]:
    """The case states in which a row may be fired."""
    if own is None:
        return frozenset(procedure.case.sources(row))
    named = [requirement for requirement in row.requires if isinstance(requirement, CaseIs) and not requirement.when]
    found = {name for name, state in procedure.states.items() if not state.final or named}
    for requirement in named:
        found &= {
            name
            for name in found
            if name in requirement.case
            or ((step := procedure.states[name].step) is not None and step.value in requirement.case)
        }
    return frozenset(found)


Back = Mapping[str, tuple[tuple[str, Transition], ...]]


def _backward(cycle: Lifecycle) -> Back:
    """For each state, the states and the rows that lead into it from another."""
    found: dict[str, list[tuple[str, Transition]]] = {state: [] for state in cycle.states}
    for row in cycle.transitions:
        if row.dest is not None:
            for source in cycle.sources(row):
                found[row.dest].append((source, row))
    return {state: tuple(arrows) for state, arrows in found.items()}


def _before(back: Back, asked: Iterable[str], keeps: object) -> frozenset[str]:
    """The states from which one of ``asked`` can be reached by rows that keep what is asked for as it is."""
    found = set(asked)
    waiting = list(found)
    while waiting:
        for source, row in back[waiting.pop()]:
            if source not in found and keeps(row):  # type: ignore[operator]
                found.add(source)
                waiting.append(source)
    return frozenset(found)


def values_of(procedure: Procedure, abstraction: Abstraction, own: str | None, name: str) -> Iterator[Value]:
    """One value of the followed field ``name`` for each class that some requirement tells from the others."""
    field, tests = procedure.lifecycle(own).fields[name], abstraction.tests[name]
    entries: tuple[Value, ...] = (True, False) if field.of is None else tuple(procedure.lists[field.of])
    singles: dict[Signature, Value] = {}
    for entry in entries:
        singles.setdefault(signature_of(entry, tests), entry)
    if not field.many:
        yield from singles.values()
        return
    seen: set[Signature] = set()
    chosen = list(singles.values())
    for mask in range((1 << len(chosen)) - 1, 0, -1):
        several = tuple(str(entry) for bit, entry in enumerate(chosen) if mask >> bit & 1)
        signature = signature_of(several, tests)
        if signature not in seen:
            seen.add(signature)
            yield several
