"""When two cases are the same to a search: what a later row can still tell apart, and nothing else.

A case is its state, the followed facts that some later row still asks for, the states it ever entered where one asks for that,
and how many items of each class there are, counted no further than any requirement can see. Values are merged into the classes
that requirements tell apart; an item that can neither move nor be counted any more is forgotten. Where items of a kind must be
unlike each other, it counts how many values are taken.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping

import attrs

from ..case import Case, Item, with_changes
from ..requirements import Requirement
from ..values import Value
from .asked import Asked, asked_in
from .cluster import Cluster, room_for
from .statements import Signature, entries_of, signature_of

ItemClass = tuple[str, str, tuple[Signature, ...], tuple[bool, ...]]
"""Kind, state, the values still asked for, since which states the item is fresh, and which of its own it has entered; where that
tells which items will be superseded, whether it was laid out."""

Counts = frozenset[tuple[ItemClass, int]]

Fresh = tuple[tuple[str, str, bool | None], ...]
"""For a kind and a state, whether there is an item added since it was last entered; ``None`` where it never was."""

Unlike = tuple[Value, ...]
"""The values in which an item must differ from all others of its kind."""


@attrs.frozen
class Place:
    """The case without its items: its state, the facts still asked for, and which states it has entered, where that is asked."""

    state: str
    facts: tuple[tuple[str, Signature], ...]
    entered: tuple[str, ...] = ()


@attrs.frozen
class Key:
    """What a search knows of a case. ``taken``: of each kind of which items must be unlike, how many have which values."""

    place: Place
    counts: Counts
    fresh: Fresh
    taken: Counts = frozenset()


class Abstraction:
    """What tells cases apart under the procedure of ``cluster``, where ``besides`` is asked too, in any state. ``facts_of``: of
    the case itself, what any row of that cluster asks is told apart too. ``spare``: so many more items of a kind are counted than
    requirements can see."""

    def __init__(
        self,
        cluster: Cluster,
        besides: Iterable[Requirement] = (),
        *,
        facts_of: Cluster | None = None,
        spare: Mapping[str, int] | None = None,
    ) -> None:
        self.procedure = procedure = cluster.procedure
        self._spare = spare or {}
        asked = Asked(cluster, tuple(besides), facts_of)
        self.tests = asked.tests(kept=False)
        self._kept = asked.tests(kept=True)
        self._signatures: dict[object, Signature] = {}
        self._facts_at = asked.facts_at(self._kept)
        self._fields_at = asked.fields_at(self._kept)
        self._entries_at = asked.entries_at()
        self._item_entries_at = asked.item_entries_at()
        self._lookers = asked.lookers()
        self._still_laid_out = {kind: asked.still_laid_out(kind) for kind in procedure.items}
        self._moves = {
            (kind, state): bool(table) for kind in procedure.items for state, table in procedure.tables[kind].items()
        }
        self._unlike = {name: kind.unique for name, kind in procedure.items.items() if kind.unique}
        self._room = {name: room_for(procedure, procedure.items[name]) or 0 for name in self._unlike}
        self._added_in = {
            name: frozenset[str]().union(*(asked_in(procedure, name, row) for row in procedure.items[name].creating()))
            for name in self._unlike
        }

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
        return Place(
            case.state,
            tuple([(name, self.signature(name, case.facts.get(name))) for name in names]),
            tuple([state for state in self._entries_at[case.state] if state in case.entered]),
        )

    def item_class(self, case: Case, item: Item) -> tuple[ItemClass, int] | None:
        """The class of ``item``, and how far it is worth counting; ``None`` where nothing will ever look at it again."""
        lookers = self._lookers[item.kind, case.state]
        if item.superseded or not lookers:
            return None
        if self._moves[item.kind, item.state]:
            names = self._fields_at[item.kind, item.state]
            values = tuple([self.signature(name, item.fields.get(name)) for name in names])
            fresh = tuple([_is_fresh(case, item, state) for state in self._since(item.kind, case.state)[0]])
            entered = tuple([state in item.entered for state in self._item_entries_at[item.kind, item.state]])
            if case.state in self._still_laid_out[item.kind]:
                entered += (item.laid_out,)
            counting = max([self._room.get(item.kind, 0), *(one.threshold for one in lookers)])
            return (item.kind, item.state, values, fresh + entered), counting + self._spare.get(item.kind, 0)
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
        more = self._spare.get(item.kind, 0)
        return ((item.kind, "", tuple(told), ()), counting + more) if counting else None

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
        taken: dict[ItemClass, int] = {}
        for kind in self._unlike:
            for unlike, item in self.taken(case, kind).items():
                kept.add(item.id)
                class_ = self.unlike_class(kind, unlike)
                taken[class_] = taken.get(class_, 0) + 1
        if len(kept) != len(case.items):
            case = with_changes(case, items={name: item for name, item in case.items.items() if name in kept})
        counts = frozenset([(one, len(held)) for one, held in found.items()])
        return case, Key(self.place(case), counts, tuple(fresh), frozenset(taken.items())), found

    def added(self, case: Case, key: Key, kind: str) -> Fresh:
        """What is fresh after an item of ``kind`` is added."""
        return tuple(
            [(one, state, (state in case.entered or None) if one == kind else is_) for one, state, is_ in key.fresh]
        )

    def is_many(self, case: Case, item: Item, held: Mapping[ItemClass, list[Item]]) -> bool:
        """Whether the class of ``item`` is counted as far as it is worth: there may be more of them."""
        classed = self.item_class(case, item)
        return classed is not None and len(held[classed[0]]) >= classed[1]

    # Items that must be unlike each other

    @property
    def unlike_fields(self) -> frozenset[str]:
        """The fields in which some items must differ."""
        return frozenset(name for names in self._unlike.values() for name in names)

    def unlike_of(self, kind: str, fields: Mapping[str, Value]) -> Unlike | None:
        """The values in which an item must differ from others of its kind; ``None`` where it need not, or is like nothing."""
        names = self._unlike.get(kind, ())
        found = tuple([fields[name] for name in names if name in fields])
        return found if names and len(found) == len(names) else None

    def taken(self, case: Case, kind: str) -> Mapping[Unlike, Item]:
        """The values that items of the kind have, in which those added now must differ from them."""
        if not self.is_told_unlike(kind, case.state):
            return {}
        since = case.entered[case.state].version
        return {
            unlike: item
            for item in case.of_kind(kind)
            if item.added >= since and not item.superseded and (unlike := self.unlike_of(kind, item.fields)) is not None
        }

    def is_told_unlike(self, kind: str, state: str) -> bool:
        """Whether it matters, in a state of the case, which values are taken."""
        return state in self._added_in[kind] and bool(self._lookers[kind, state])

    def unlike_class(self, kind: str, unlike: Unlike) -> ItemClass:
        """What requirements can tell of such values."""
        tests = [self.tests.get(name, ()) for name in self._unlike[kind]]
        told = tuple([signature_of(value, asked) for value, asked in zip(unlike, tests, strict=True)])
        return (kind, "", told, ())

    def made_unlike(self, case: Case, kind: str, values: Mapping[str, Value]) -> Mapping[str, Value] | None:
        """``values`` of a new item, changed so that requirements cannot tell and no other item has them; ``None`` where there is
        no room for one more."""
        unlike = self.unlike_of(kind, values)
        if unlike is None:
            return values
        taken = self.taken(case, kind)
        wanted = self.unlike_class(kind, unlike)
        fields = self.procedure.items[kind].fields
        names = self._unlike[kind]
        for other in itertools.product(*(entries_of(self.procedure, fields[name]) for name in names)):
            if other not in taken and self.unlike_class(kind, other) == wanted:
                return {**values, **dict(zip(names, other, strict=True))}
        return None


def _is_fresh(case: Case, item: Item, state: str) -> bool:
    entry = case.entered.get(state)
    return entry is not None and item.added >= entry.version
