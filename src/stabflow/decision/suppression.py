"""Which numbers of a case are not for the public: those under the threshold of their field, and what would tell them.

What else is hidden is chosen by what everybody sees, never by how large a hidden number is: else the choice would tell it. The
total of what is hidden goes always. A bound goes where it is too near: where it would not leave room for all that the hidden
numbers under it could be, and one more; so that where it is hidden, it leaves room for them as well. Where that does not do (a
total that was shown before, a bound that cannot go, a tie that is plain), all goes that the act states and comparisons tie
together; and where a limit of its own field keeps a total or a bound from leaving room, what was shown before as well.

What was shown once is known for ever. So the history is gone through as it grew: each act hides of what it states.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

import attrs

from ..case import kind_of
from ..language import Procedure
from ..values import Withheld
from .comparisons import Number
from .renaming import DROPPED, Renaming
from .ties import Limits, Tie, limits_of, ties

Key = tuple[str, int, str]
"""A number as it was stated: the item ("": the case), the version that states it, the name it has there."""


@attrs.define
class Suppression:
    """The numbers stated so far, and those of them that are hidden."""

    hidden: dict[Key, Withheld] = attrs.field(factory=dict)
    current: dict[tuple[str, str], Key] = attrs.field(factory=dict)
    _values: dict[Key, Number] = attrs.field(factory=dict)
    _limits: dict[Key, Limits] = attrs.field(factory=dict)
    _rows: dict[Key, str] = attrs.field(factory=dict)
    _highest: dict[Key, Number] = attrs.field(factory=dict)
    """As large as this a hidden number could be, whatever the others are. Of what went with a whole tie nothing is said."""

    def state(
        self, procedure: Procedure, item: str, version: int, values: Mapping[str, object], trigger: str | None
    ) -> None:
        """An act has stated ``values`` of ``item`` ("": of the case), by the row ``trigger``; ``None``: it has corrected them."""
        kind = kind_of_item(item)
        new: list[Key] = []
        for name, value in values.items():
            if isinstance(value, Number) and not isinstance(value, bool):
                key, before = (item, version, name), self.current.get((item, name))
                self.current[item, name] = key
                self._rows[key] = trigger or (self._rows[before] if before else "")
                self._values[key] = value
                self._limits[key] = limits_of(procedure, kind, name, self._rows[key])
                new.append(key)
        self._hide(procedure, new)

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
                    self._limits[key] = limits_of(procedure, kind, new, self._rows[key])
        self.current = moved
        self._hide(procedure, [*moved.values()])

    def _hide(self, procedure: Procedure, new: Collection[Key]) -> None:
        for key in new:
            limits = self._limits[key]
            if key not in self.hidden and self._values[key] < limits.below:
                small = [one for one in limits.small if not limits.accepted or one in limits.accepted]
                self.hidden[key] = Withheld(limits.below if len(small) > 1 else None)  # that it is small would tell it
                self._highest[key] = small[-1] if small else limits.below - 1
        stated = frozenset(new)
        tied = [*self._tied(procedure, stated)]
        before = (-1, -1)
        while before != (now := (len(self.hidden), len(self._highest))):
            before = now
            for tie, keys in tied:
                self._settle(tie, keys, stated)

    def _tied(self, procedure: Procedure, new: AbstractSet[Key]) -> Iterator[tuple[Tie, dict[str, Key]]]:
        """Every tie in which any of ``new`` stands, with the numbers that stand in it."""
        items = {item: None for item, key in ((item, key) for (item, _), key in self.current.items()) if key in new}
        if "" in items:
            items |= dict.fromkeys(item for item, _ in self.current)
        for item in items:
            own = procedure.lifecycle(kind_of_item(item)).fields
            for tie in ties(procedure, kind_of_item(item)):
                places = {name: self.current.get((item if name in own else "", name)) for name in tie.names}
                keys = {name: key for name, key in places.items() if key is not None}
                if len(keys) > 1 and not new.isdisjoint(keys.values()):
                    yield tie, keys

    def _settle(self, tie: Tie, keys: Mapping[str, Key], new: AbstractSet[Key]) -> None:
        """Hide of ``new`` what would tell what is hidden of ``keys``."""
        hidden = [key for key in keys.values() if key in self.hidden]
        if not hidden:
            return
        is_open = not tie.is_plain and all(key in self._highest for key in hidden)
        if is_open and all(
            self._add_up(tie, keys, name, new) and self._lies_over(tie, keys, name, new)
            for name in tie.names
            if name in keys
        ):
            return
        over = {*tie.parts, *tie.lower}
        cramped = any(not self._has_room(key) for name, key in keys.items() if name in over)
        for key in keys.values():
            if key in new or cramped:  # then what was shown before leaves no room
                self.hidden[key] = Withheld()
                self._highest.pop(key, None)

    def _add_up(self, tie: Tie, keys: Mapping[str, Key], name: str, new: AbstractSet[Key]) -> bool:
        """Hide the total ``name`` of what is hidden; whether that does."""
        parts = [keys[one] for one in tie.parts.get(name, ()) if one in keys]
        total = keys[name]
        if not parts or len(parts) < len(tie.parts[name]):
            return True
        if total not in new:
            return new.isdisjoint(parts) or not any(key in self.hidden for key in (total, *parts))
        if not any(part in self.hidden for part in parts):
            return total not in self.hidden
        self.hidden[total] = Withheld()
        self._highest[total] = sum(self._most(part) for part in parts)
        return self._has_room(total)

    def _lies_over(self, tie: Tie, keys: Mapping[str, Key], name: str, new: AbstractSet[Key]) -> bool:
        """Hide the bound ``name`` where it is too near to what is hidden under it; whether that does."""
        bound, needs = keys[name], []
        for lower in tie.lower.get(name, ()):
            under = [(keys[one], weight) for one, weight in lower if one in keys]
            is_new = bound in new or any(key in new for key, _ in under)
            if is_new and len(under) == len(lower) and any(key in self.hidden for key, _ in under):
                needs.append(sum(weight * self._most(key) for key, weight in under))
        if not needs:
            return True
        need, below = max(needs), self._limits[bound].below
        if bound not in new:
            return need <= self._highest[bound] if bound in self.hidden else need < self._values[bound]
        if self._values[bound] <= need or bound in self.hidden:
            self.hidden[bound] = Withheld(below if need < below else None)
            self._highest[bound] = max(need, below - 1)
        return self._has_room(bound)

    def _most(self, key: Key) -> Number:
        return self._highest[key] if key in self.hidden else self._values[key]

    def _has_room(self, key: Key) -> bool:
        most = self._limits[key].most
        return most is None or key not in self._highest or self._highest[key] < most


def kind_of_item(item: str) -> str | None:
    """The kind of an item; ``None`` of the case itself, which is ""."""
    return kind_of(item) if item else None
