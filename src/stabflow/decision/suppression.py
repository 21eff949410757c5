"""Which numbers of a case are not for the public: those under the threshold of their field, and as few more as it takes so that
none of these can be computed from what is shown.

What was shown once is known for ever. So the history is gone through as it grew: with each act the choice is among the numbers
that it stated, before any older one is taken back. What a reader is taken to know: all that is shown, which numbers are under
their threshold and which are hidden beside them, the bounds of every field, and every comparison of the procedure that holds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import attrs

from ..case import kind_of
from ..language import Field, Procedure
from ..values import Withheld
from .ambiguity import Range, Tie, Unknowns
from .comparisons import Compared, Number, comparisons
from .renaming import DROPPED, Renaming

Key = tuple[str, int, str]
"""A number as it was stated: the item ("": the case), the version that states it, the name it has there."""

MAX_CHOICES = 500
"""So many ways to hide further numbers are compared; where none of them does, all are hidden."""


@attrs.frozen
class _Known:
    """A comparison that holds, of numbers as they were stated."""

    weights: tuple[tuple[Key, int], ...]
    compared: Compared


@attrs.frozen
class _Count:
    """A number with what everybody knows of it: the bounds of its field, and under which number it is not for the public."""

    value: Number
    low: int | None
    high: int | None
    below: int | None

    @property
    def is_small(self) -> bool:
        return self.below is not None and self.value < self.below


@attrs.define
class Suppression:
    """The numbers stated so far, and those of them that are hidden."""

    hidden: dict[Key, Withheld] = attrs.field(factory=dict)
    current: dict[tuple[str, str], Key] = attrs.field(factory=dict)
    _counts: dict[Key, _Count] = attrs.field(factory=dict)
    _rows: dict[Key, str] = attrs.field(factory=dict)
    _known: dict[_Known, None] = attrs.field(factory=dict)
    _about: dict[Key, list[_Known]] = attrs.field(factory=dict)

    def state(
        self, procedure: Procedure, item: str, version: int, values: Mapping[str, object], trigger: str | None
    ) -> None:
        """An act has stated ``values`` of ``item`` ("": of the case), by the row ``trigger``; ``None``: it has corrected them."""
        kind = kind_of_item(item)
        fields = procedure.lifecycle(kind).fields
        new: list[Key] = []
        for name, value in values.items():
            if isinstance(value, Number) and not isinstance(value, bool):
                key, before = (item, version, name), self.current.get((item, name))
                self.current[item, name] = key
                self._rows[key] = trigger or (self._rows[before] if before else "")
                self._counts[key] = _count(value, fields.get(name))
                new.append(key)
        if new:
            self._learn(procedure, kind, item, new)

    def go_on(self, procedure: Procedure, renaming: Renaming) -> None:
        """The case goes on under ``procedure``, where fields may be called otherwise and other numbers be small."""
        moved: dict[tuple[str, str], Key] = {}
        for (item, name), key in self.current.items():
            kind = kind_of_item(item)
            new = renaming.of("facts" if kind is None else "fields", name, kind)
            field = procedure.lifecycle(kind).fields.get(new)
            if new != DROPPED and field is not None:
                moved[item, new] = key
                if field.suppress_below is not None:
                    self._counts[key] = _count(self._counts[key].value, field)
        self.current = moved
        for item in dict.fromkeys(item for item, _ in moved):
            mine = [key for (one, _), key in moved.items() if one == item]
            self._learn(procedure, kind_of_item(item), item, mine)

    def _learn(self, procedure: Procedure, kind: str | None, item: str, new: Collection[Key]) -> None:
        for key in new:
            if self._counts[key].is_small:
                self.hidden.setdefault(key, Withheld(self._counts[key].below))
        self._compare(procedure, kind, item)
        if kind is None:
            facts = frozenset(name for (owner, name), key in self.current.items() if not owner and key in new)
            for other in dict.fromkeys(owner for owner, _ in self.current if owner):
                self._compare(procedure, kind_of_item(other), other, facts)
        around = self._around(new)
        small = [key for key in around if key in self.hidden and self._counts[key].is_small]
        if small:
            self._settle(small, around, new)

    def _compare(self, procedure: Procedure, kind: str | None, item: str, facts: Collection[str] | None = None) -> None:
        """Take down every comparison that holds of ``item`` as it stands (those alone that read one of ``facts``)."""
        own = procedure.lifecycle(kind).fields
        for one, triggers in comparisons(procedure, kind).items():
            if facts is not None and one.names.isdisjoint(facts):
                continue
            keys = {name: self.current.get((item if name in own else "", name)) for name in one.names}
            found = {name: key for name, key in keys.items() if key is not None}
            if len(found) < len(keys) or (len(found) == 1 and self._rows[next(iter(found.values()))] not in triggers):
                continue  # that one alone compares so is told only by the row that stated it
            if one.holds({name: self._counts[key].value for name, key in found.items()}):
                known = _Known(tuple((found[name], weight) for name, weight in one.weights), one)
                if known not in self._known:
                    self._known[known] = None
                    for key, _ in known.weights:
                        self._about.setdefault(key, []).append(known)

    def _around(self, keys: Iterable[Key]) -> list[Key]:
        """``keys``, and whatever a comparison ties to what is hidden or among them."""
        found = dict.fromkeys(keys)
        waiting = [*found]
        while waiting:
            for other in self._tied(waiting.pop()):
                if other not in found and other in self.hidden:
                    found[other] = None
                    waiting.append(other)
        return [*found]

    def _tied(self, key: Key) -> Iterator[Key]:
        """What is compared with ``key``, itself among it."""
        for one in self._about.get(key, ()):
            yield from (other for other, _ in one.weights)

    def _settle(self, small: list[Key], around: Collection[Key], new: Collection[Key]) -> None:
        """Hide what it takes so that each of ``small`` could be another number as well."""
        fresh = [key for key in around if key in new and key not in self.hidden]
        tied = dict.fromkeys(other for key in small for other in self._tied(key))
        older = [key for key in tied if key not in self.hidden and key not in fresh]
        pool, most = fresh, self._places(small, around, fresh)
        if min(most.values()) < 2:
            for key in small:
                if most[key] < 2 and key in new:  # that it is small would tell what it is
                    self.hidden[key] = Withheld()
            most = self._places(small, around, fresh)
        if min(most.values()) < 2 and older:
            pool, most = [*fresh, *older], self._places(small, around, [*fresh, *older])
        chosen = self._chosen(small, around, pool, {key: min(2, places) for key, places in most.items()})
        self.hidden |= {key: Withheld() for key in chosen}

    def _chosen(
        self, small: list[Key], around: Collection[Key], pool: list[Key], wanted: Mapping[Key, int]
    ) -> tuple[Key, ...]:
        """The fewest of ``pool`` that do; of several, what leaves most places, parts before totals, the smallest first."""
        ranked = sorted(dict.fromkeys(pool), key=lambda key: (self._is_total(key), self._counts[key].value))
        tried = 0
        for size in range(len(ranked) + 1):
            best: tuple[tuple[int, int], tuple[Key, ...]] | None = None
            for more in combinations(ranked, size):
                tried += 1
                places = self._places(small, around, more)
                if all(places[key] >= wanted[key] for key in small):
                    score = (min(places.values()), sum(places.values()))
                    if best is None or score > best[0]:
                        best = (score, more)
                if tried > MAX_CHOICES:
                    break
            if best is not None:
                return best[1]
            if tried > MAX_CHOICES:
                break
        return tuple(ranked)

    def _is_total(self, key: Key) -> bool:
        return any(dict(one.weights)[key] < 0 for one in self._about.get(key, ()) if one.compared.exact)

    def _places(self, small: Collection[Key], around: Collection[Key], more: Collection[Key]) -> dict[Key, int]:
        """For each of ``small``, in how many places it could lie if ``more`` were hidden too."""
        unknown = {key for key in (*around, *more) if key in self.hidden or key in more}
        known = [*dict.fromkeys(one for key in unknown for one in self._about.get(key, ()))]
        unknown |= {key for one in known for key, _ in one.weights if key in self.hidden}
        unknowns = self._unknowns(unknown, known)
        return {key: len(unknowns.places(key)) for key in small}

    def _unknowns(self, unknown: Collection[Key], known: Sequence[_Known]) -> Unknowns[Key]:
        ties: list[Tie[Key]] = []
        barred: dict[Key, set[int]] = {}
        reach = self._reach(unknown, known)
        ranges = {key: self._range(key, reach) for key in unknown}
        for one in known:
            if one.compared.one_of:
                key = one.weights[0][0]
                value, (low, high) = self._counts[key].value, ranges[key]
                within = {int(accepted - value) for accepted in one.compared.one_of}
                every = set(range(low, high + 1))
                barred.setdefault(key, set()).update(every - within)
                continue
            total = sum(weight * self._counts[key].value for key, weight in one.weights) + one.compared.added
            weights = tuple((key, weight) for key, weight in one.weights if key in unknown)
            ties.append(Tie(weights, math.floor(-total), one.compared.exact))
        return Unknowns(ranges, ties, barred)

    def _reach(self, unknown: Collection[Key], known: Iterable[_Known]) -> int:
        """How far any unknown need be looked at from where it lies: as far as all that is small together could move it."""
        spans = (self._counts[key].below or 0 for key in unknown)
        weight = max((abs(weight) for one in known for _, weight in one.weights), default=1)
        return int(min(sum(spans) * weight + 1, 100_000))

    def _range(self, key: Key, reach: int) -> Range:
        """Where an unknown may lie, told from what it is. What is hidden beside a small number is itself none."""
        count = self._counts[key]
        low: Number = min(0, count.value) if count.low is None else count.low
        high: Number = count.value + reach
        if key in self.hidden and self.hidden[key].below is not None:
            high = min(high, (count.below or 0) - 1)
        elif not count.is_small and count.below is not None:
            low = max(low, count.below)
        if count.high is not None:
            high = min(high, count.high)
        return min(0, max(-reach, math.ceil(low - count.value))), max(0, math.floor(high - count.value))


def kind_of_item(item: str) -> str | None:
    """The kind of an item; ``None`` of the case itself, which is ""."""
    return kind_of(item) if item else None


def _count(value: Number, field: Field | None) -> _Count:
    if field is None:
        return _Count(value, None, None, None)
    return _Count(value, field.min, field.max, field.suppress_below)
