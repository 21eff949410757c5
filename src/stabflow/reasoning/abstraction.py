"""When two cases are the same to a search: what a later row can still tell apart, and nothing else.

A case is its state, the followed facts that some later row still asks for, the states it ever entered where one asks for that,
and how many items of each class there are, counted no further than any requirement can see. Values are merged into the classes
that requirements tell apart; an item that can neither move nor be counted any more is forgotten. Where items of a kind must be
unlike each other, it counts how many values are taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping

import attrs

from ..case import Case, Item, with_changes, with_entries
from ..language import Transition
from ..requirements import AllOf, AnyOf, ItemsAre, Requirement, ValueIs
from ..values import Value
from .asked import Asked, Looker, asked_in
from .cluster import Cluster, room_for
from .correctable import Correctable, correctables
from .remembered import remembered
from .stage import Stage
from .statements import Chosen, Signature, assignments, entries_of, signature_of

ItemClass = tuple[str, str, tuple[Signature, ...], tuple[bool, ...], frozenset[tuple[Signature, ...]]]
"""Kind, state, the values still asked for, since which states the item is fresh, and which of its own it has entered; where that
tells which items will be superseded, whether it was laid out. Of one that can no longer move: who counts it, and who would if it
were corrected."""

Counts = frozenset[tuple[ItemClass, int]]

_UNCORRECTED: frozenset[tuple[Signature, ...]] = frozenset()

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
        corrected: bool = False,
    ) -> None:
        self.procedure = procedure = cluster.procedure
        self._spare = spare or {}
        self.correctables = tuple(correctables(cluster)) if corrected else ()
        asked = Asked(cluster, tuple(besides), facts_of)
        if corrected:
            of_whole = () if facts_of is None else correctables(facts_of)
            asked = asked.with_corrections((*self.correctables, *(one for one in of_whole if one.own is None)))
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
        try:
            return self._signatures[asked]
        except KeyError:
            return self._signatures.setdefault(asked, signature_of(value, self._kept[name]))

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
            values = tuple(
                [self.signature(name, item.fields.get(name)) for name in self._fields_at[item.kind, item.state]]
            )
            since, counting = self._counted_among(item.kind, case.state)
            fresh = tuple([_is_fresh(case, item, state) for state in since])
            entered = tuple([state in item.entered for state in self._item_entries_at[item.kind, item.state]])
            if case.state in self._still_laid_out[item.kind]:
                entered += (item.laid_out,)
            return (item.kind, item.state, values, fresh + entered, _UNCORRECTED), counting
        told, counting = self._counting(case, item, lookers)
        others = [self._counting(case, one, lookers) for one in self._corrected(item)]
        counting = max([counting, *(count for _, count in others)])
        more = self._spare.get(item.kind, 0)
        would = frozenset([other for other, _ in others if other != told])
        return ((item.kind, "", told, (), would), counting + more) if counting else None

    @remembered
    def _counted_among(self, kind: str, state: str) -> tuple[tuple[str, ...], int]:
        """The states since which it matters, in a state of the case, that an item was added which can still move; and how far
        it is worth counting."""
        thresholds = (one.threshold for one in self._lookers[kind, state])
        return self._since(kind, state)[0], max(self._room.get(kind, 0), *thresholds) + self._spare.get(kind, 0)

    def _counting(self, case: Case, item: Item, lookers: Iterable[Looker]) -> tuple[tuple[Signature, ...], int]:
        """Who counts an item that can no longer move, and how far it is worth counting."""
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
        return tuple(told), counting

    # Corrections

    @remembered
    def correctable_in(self, own: str | None, state: str) -> tuple[Correctable, ...]:
        """What may be corrected of the case in a state, or of an item of ``own`` in one, and is told apart."""
        return tuple(
            one for one in self.correctables if one.own == own and not self._kept.keys().isdisjoint(one.names[state])
        )

    def asked_of(self, own: str | None, state: str) -> Collection[str]:
        """What is still asked for of the case in a state, or of an item of ``own`` in one."""
        if own is None:
            return self._facts_at[state]
        return self._fields_at[own, state] if self._moves[own, state] else self._kept.keys()

    def can_move(self, kind: str, state: str) -> bool:
        """Whether items of ``kind`` in a state of theirs can still move."""
        return self._moves[kind, state]

    def still_counts(self, asked: ItemsAre, state: str) -> bool:
        """Whether it still matters, in a state of the case, what ``asked`` counts."""
        return any(one.requirement == asked for one in self._lookers[asked.items, state])

    def signed(self, names: Iterable[str], values: Mapping[str, Value]) -> tuple[Signature, ...]:
        """What later rows can tell of several values."""
        return tuple([self.signature(name, values.get(name)) for name in names])

    @remembered
    def permitted(self, one: Correctable) -> tuple[tuple[Chosen, Mapping[str, Value]], ...]:
        """What the row may state, as far as it asks about nothing else than that."""
        alone = [asked for asked in one.row.requires if all(_asks_only(part, one.row) for _, part in asked.walk())]
        stage = Stage(self.procedure)
        return tuple(
            (chosen, values)
            for chosen, values in assignments(self, one.own, one.row)
            if stage.holds(alone, None, one.own, None, one.row, values)
        )

    def corrections(
        self, one: Correctable, names: Collection[str], held: Mapping[str, Value]
    ) -> Iterator[tuple[Mapping[str, Value], Mapping[str, Value]]]:
        """What the row may have stated instead of what is ``held`` of ``names``, as far as it may be the row that stated what is
        to be another: that alone, and all that the row states then."""
        now = {name: self.signature(name, held[name]) for name in names}
        for _, stated in self.permitted(one):
            if any(name not in stated for name in names):
                continue
            changed = [name for name in names if self.signature(name, stated[name]) != now[name]]
            by_it = tuple(names if one.alone else changed)
            if changed and tuple([now[name] for name in by_it]) in self._permitted_so(one, by_it):
                yield {name: stated[name] for name in changed}, stated

    @remembered
    def _permitted_so(self, one: Correctable, names: tuple[str, ...]) -> frozenset[tuple[Signature, ...]]:
        return frozenset([self.signed(names, values) for _, values in self.permitted(one)])

    def _corrected(self, item: Item) -> Iterator[Item]:
        """What an item that can no longer move may become by corrections, one after the other."""
        rows = self.correctable_in(item.kind, item.state)
        if rows:
            names = tuple(sorted({name for one in rows for name in one.names[item.state] if name in self._kept}))
            held = tuple([(name, item.fields[name]) for name in names if name in item.fields])
            for values in self._corrections(item.kind, item.state, held):
                yield with_changes(item, fields=with_entries(item.fields, values))

    @remembered
    def _corrections(
        self, kind: str, state: str, held: tuple[tuple[str, Value], ...]
    ) -> tuple[Mapping[str, Value], ...]:
        found: list[Mapping[str, Value]] = [dict(held)]
        names = [name for name, _ in held]
        seen = {self.signed(names, found[0])}
        for values in found:
            for one in self.correctable_in(kind, state):
                own = [name for name in one.names[state] if name in values]
                for changed, _ in self.corrections(one, own, values):
                    there = {**values, **changed}
                    if (told := self.signed(names, there)) not in seen:
                        seen.add(told)
                        found.append(there)
        return tuple(found[1:])

    @remembered
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
        return (kind, "", told, (), frozenset())

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


def _asks_only(part: Requirement, row: Transition) -> bool:
    """Whether a part of what ``row`` asks is about nothing else than what it states."""
    return isinstance(part, ValueIs | AnyOf | AllOf) and part.own_reads().names <= {*row.set}


def _is_fresh(case: Case, item: Item, state: str) -> bool:
    entry = case.entered.get(state)
    return entry is not None and item.added >= entry.version
