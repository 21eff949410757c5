"""Whether two see the same case, found out without comparing again what neither has changed since."""

from __future__ import annotations

import operator

import attrs

from ...case import Case

_besides_items = operator.attrgetter(*(one.name for one in attrs.fields(Case) if one.name != "items"))


class Sameness:
    """Compares the values that two have of one case, act after act; a case may have many items, and an act changes few."""

    def __init__(self) -> None:
        self._found: tuple[Case, Case] | None = None

    def holds(self, here: Case, there: Case) -> bool:
        """Whether both are the same. Items are compared again only where either side has made them anew."""
        if here is there:
            return True
        is_same = _besides_items(here) == _besides_items(there) and self._items(here, there)
        self._found = (here, there) if is_same else None
        return is_same

    def _items(self, here: Case, there: Case) -> bool:
        if self._found is None:
            return here.items == there.items
        mine, theirs = (one.items for one in self._found)
        return here.items.keys() == there.items.keys() and all(
            (item is mine.get(name) and there.items[name] is theirs.get(name)) or item == there.items[name]
            for name, item in here.items.items()
        )
