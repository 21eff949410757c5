"""What reading a procedure found: every fault of form, and what had to be left out, so that nothing innocent is accused.

What does not fit leaves a gap, and a gap makes other faults appear: the field that only the lost row would have set, the
state that it would have entered. `Reading.explains` knows them; those that are real come back when the gap is mended.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..errors import Fault
from .paths import Key, path_text
from .static import UNCITED
from .static_lifecycle import ENDLESS, UNBEGUN, UNENTERED, UNSET
from .static_notices import NEVER_DUE, UNSUPERVISED

_ELSEWHERE = {
    "clause": (UNCITED,),
    "dest": (UNENTERED, ENDLESS, *UNBEGUN),
    "field": (UNSET,),
    "final": (ENDLESS, *UNBEGUN),
    "outcome": ("{outcome}",),
    "set": (UNSET,),
    "source": (UNENTERED, ENDLESS, *UNBEGUN),
    "supervises": (UNSUPERVISED,),
    "trigger": ("unknown trigger",),
    "type": ("{",),
    "until": (NEVER_DUE,),
    "within": (NEVER_DUE,),
}
"""Which faults elsewhere the loss of a key may cause, besides those that name what was lost."""

_ABSENCES = (UNSET, UNCITED, UNENTERED, ENDLESS)


@attrs.define
class Reading:
    """The faults of form, in the order in which they were met, and what can no longer be judged.

    ``stored``: what is read is in the canonical form.
    """

    stored: bool = False
    faults: list[Fault] = attrs.field(factory=list)
    _places: set[str] = attrs.field(factory=set)
    _words: set[str] = attrs.field(factory=set)
    _keys: set[Key] = attrs.field(factory=set)
    _incomplete: set[str] = attrs.field(factory=set)

    def lose(self, where: tuple[Key, ...], table: tuple[Key, ...], value: object, problem: str, cure: str) -> None:
        """``value``, at ``where``, does not fit and is left out: nothing else can be said about its ``table``."""
        self.faults.append(Fault(path_text(*where), problem, cure))
        keys = {key for key in where[len(table) :] if isinstance(key, str)}
        if keys == {"title"}:
            return
        self._places.add(path_text(*table))
        self._keys |= keys
        self._words.update(_texts_in(value), _texts_in(table[-1:]))

    def ignore(self, where: tuple[Key, ...], value: object, problem: str, cure: str) -> None:
        """``value``, at ``where``, is not known, and may have been meant for something that its table now lacks."""
        self.faults.append(Fault(path_text(*where), problem, cure))
        self._incomplete.add(path_text(*where[:-1]))
        self._words.update(_texts_in(value))

    def explains(self, fault: Fault) -> bool:
        """Whether ``fault`` may be there only because of what was left out."""
        return (
            fault.path in self._incomplete
            or any(not place or _stands_in(fault.path, place) for place in self._places)
            or any(repr(word) in fault.problem for word in self._words)
            or (fault.problem in _ABSENCES and self._names_lost(fault.path))
            or any(fault.problem.startswith(_ELSEWHERE.get(str(key), ())) for key in self._keys)
        )

    def _names_lost(self, path: str) -> bool:
        return any(path.endswith(f".{path_text(word)}") for word in self._words)


def _stands_in(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _texts_in(value: object) -> Iterator[str]:
    """Every text in ``value``, keys left aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts_in(one)
