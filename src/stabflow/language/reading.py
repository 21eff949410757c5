"""What reading a procedure found: every fault of form, and what had to be left out, so that nothing innocent is accused.

What does not fit leaves a gap, and a gap makes other faults appear: the field that only the lost row would have set, the
state that it would have entered. `Reading.explains` knows them; they come back when the gap is mended and they are real.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs

from ..errors import Fault
from .paths import Key, path_text
from .static import UNCITED
from .static_lifecycle import ENDLESS, UNBEGUN, UNENTERED, UNSET

_NAMED = ("clauses", "facts", "fields", "states")
_ARROWS = frozenset({"source", "dest", "final", "states", "transitions", "preset", "at", "items"})
"""Keys without which nobody can say what leads where; rows, which have a number for a key, are among them."""


@attrs.define
class Reading:
    """The faults of form, in the order in which they were met, and the gaps: places, and the words lost with them.

    ``stored``: what is read is in the canonical form.
    """

    stored: bool = False
    faults: list[Fault] = attrs.field(factory=list)
    gaps: list[tuple[Key, ...]] = attrs.field(factory=list)
    _words: set[str] = attrs.field(factory=set)

    def note(self, where: tuple[Key, ...], problem: str, cure: str) -> None:
        """There is a fault at ``where``."""
        self.faults.append(Fault(path_text(*where), problem, cure))

    def doubt(self, where: tuple[Key, ...], words: Iterable[str] = ()) -> None:
        """Nothing can be said about ``where``, nor about what ``words`` name."""
        self.gaps.append(where)
        self._words.update(words)

    def explains(self, fault: Fault) -> bool:
        """Whether ``fault`` may be there only because of what was left out."""
        if any(repr(word) in fault.problem for word in self._words):
            return True
        if fault.problem in (UNCITED, UNSET, UNENTERED, ENDLESS) and self._names_lost(fault.path):
            return True
        return any(_stands_in(fault.path, path_text(*gap)) or _is_asked_for(gap, fault) for gap in self.gaps) or (
            fault.problem in (UNENTERED, ENDLESS, *UNBEGUN) and self._lost_arrows(fault.path)
        )

    def _names_lost(self, path: str) -> bool:
        tails = (path_text(table, word) for word in self._words for table in _NAMED)
        return any(path == tail or path.endswith(f".{tail}") for tail in tails)

    def _lost_arrows(self, path: str) -> bool:
        lifecycle = re.match(r"items\.\w+\.", path)
        prefix = lifecycle.group() if lifecycle else ""
        return any(
            (isinstance(gap[-1], int) or gap[-1] in _ARROWS)
            and path_text(*gap).startswith((f"{prefix}states", f"{prefix}transitions", f"{prefix}preset"))
            for gap in self.gaps
        )


def _stands_in(path: str, gap: str) -> bool:
    return path == gap or path.startswith((f"{gap}.", f"{gap}["))


def _is_asked_for(gap: tuple[Key, ...], fault: Fault) -> bool:
    """Whether the cure of ``fault`` names the very key that was there and did not fit."""
    return path_text(*gap[:-1]) == fault.path and re.search(rf"\b{re.escape(str(gap[-1]))}\b", fault.cure) is not None


def texts_in(value: object) -> Iterator[str]:
    """Every text in ``value``, keys left aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_in(one)
