"""The value of a case to bytes and back, for snapshots; never for records, which `codec` writes.

One line of canonical JSON for the case, with only the ids of its items, then one for each item. An item that is the same in
several snapshots is written once for all of them, and one that nobody asks for is never read: so a case is there in no time,
however many items it has.
"""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, Mapping, Sequence, ValuesView
from types import MappingProxyType

from .. import canonical
from ..case import Case, Item, with_changes
from ..errors import Corrupt, FaultyInput
from .positional import from_plain, to_plain

UNREADABLE = (ValueError, TypeError, ArithmeticError, RecursionError, FaultyInput)
"""What comes of lines that are none of ours."""

_raw_decode = json.JSONDecoder().raw_decode


def case_line(case: Case) -> bytes:
    """``case`` with the ids of its items."""
    return canonical.encode(to_plain(Case)(case))


def item_line(item: Item) -> bytes:
    """``item``, as it is in its case."""
    return canonical.encode(to_plain(Item)(item))


def case_from(first: bytes, others: Sequence[bytes]) -> Case:
    """The case behind its lines, or one of `UNREADABLE`. Its items are read when they are asked for."""
    case: Case = from_plain(Case)(_read(first))
    lines: dict[str, Item | bytes] = dict(zip(case.items, others, strict=True))
    return with_changes(case, items=MappingProxyType(_Items(case.id, lines, {})))


class _Items(Mapping[str, Item]):
    """The items of a case: those of a snapshot, each of them as its ``lines`` have it until somebody asks for it, and those of
    ``later`` acts in their place or behind them. What goes on from it shares the lines, and copies none.

    A line that is no such item was not damaged, which the seal of a snapshot shows, but forged: that is `Corrupt`.
    """

    def __init__(self, case_id: str, lines: dict[str, Item | bytes], later: Mapping[str, Item]) -> None:
        self._case_id = case_id
        self._lines = lines
        self._later = later
        self._all: dict[str, Item] | None = None

    def __getitem__(self, name: str) -> Item:
        found = self._later.get(name)
        if found is not None:
            return found
        held = self._lines[name]
        if not isinstance(held, bytes):
            return held
        item = self._lines[name] = self._item(name, held)
        return item

    def _item(self, name: str, line: bytes) -> Item:
        try:
            item: Item = from_plain(Item)(_read(line))
            if item.id == name:
                return item
            problem: object = f"it is {item.id}"
        except UNREADABLE as error:
            problem = error
        raise Corrupt(
            f"the snapshot of case {self._case_id!r} is forged, its {name} is no such item ({problem}); nothing is decided on"
            " snapshots: find out who else writes to the storage, and verify it"
        )

    def _whole(self) -> dict[str, Item]:
        """All of them, read."""
        if self._all is None:
            self._all = {name: self[name] for name in self}
        return self._all

    def __contains__(self, name: object) -> bool:
        return name in self._later or name in self._lines

    def __iter__(self) -> Iterator[str]:
        yield from self._lines
        yield from (name for name in self._later if name not in self._lines)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self))

    def __len__(self) -> int:
        return len(self._lines) + sum(name not in self._lines for name in self._later)

    def items(self) -> ItemsView[str, Item]:
        return self._whole().items()

    def values(self) -> ValuesView[Item]:
        return self._whole().values()

    def __or__(self, more: Mapping[str, Item]) -> Mapping[str, Item]:
        if self._all is not None:
            return {**self._all, **more}
        return _Items(self._case_id, self._lines, {**self._later, **more})

    def __repr__(self) -> str:
        return repr(self._whole())


def _read(line: bytes) -> object:
    text = line.decode("utf-8")
    document, end = _raw_decode(text)
    if end != len(text):
        raise ValueError("there is something behind the value")
    return document
