"""The parts of a ``transitions`` config as frozen values, and what reads the least of them: names, flags, callbacks."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..errors import Fault, FaultyInput, near_miss
from ..values import clean_text
from .foreign import Callback, callback_of, list_of, text_of, what
from .paths import Key, path_text

MAX_TEXT = 500
FLATTEN = (
    "write the inner states out as states of one machine, or, where several things move at once, make each a kind of item "
    "with a lifecycle of its own"
)
DRAWING = "is dropped: it is about drawing"
_UNHEARD = "is not called: a procedure calls nothing"

Where = tuple[Key, ...]


@attrs.frozen
class Note:
    """What became of something in the config that has no place in a procedure, or another one."""

    place: str
    says: str

    def __str__(self) -> str:
        return f"{self.place}: {self.says}"


@attrs.frozen(kw_only=True)
class ForeignState:
    """A state as the config has it."""

    name: str
    place: str
    final: bool = False
    notes: tuple[Note, ...] = ()


States = Mapping[str, ForeignState]


@attrs.frozen(kw_only=True)
class ForeignRow:
    """A transition as the config has it. ``moves``: its sources, and where it leads from each (``None``: nowhere), with ``*``
    and ``=`` written out; ``from_any``: it leads from every state there is."""

    trigger: str
    place: str
    moves: Mapping[str, str | None]
    from_any: bool = False
    conditions: tuple[Callback, ...] = ()
    unless: tuple[Callback, ...] = ()
    notes: tuple[Note, ...] = ()


@attrs.frozen(kw_only=True)
class MachineConfig:
    """A flat machine. ``auto_triggers``: the triggers that ``transitions`` would add by itself, and where each leads."""

    name: str | None
    initial: str
    states: States
    rows: tuple[ForeignRow, ...]
    auto_triggers: Mapping[str, str]
    notes: tuple[Note, ...]


@attrs.define
class Reader:
    """The faults met while reading. ``lost_states``: some states could not be read, and a name that is unknown may be theirs."""

    faults: list[Fault] = attrs.field(factory=list)
    lost_states: bool = False

    def refuse(self, where: Where, problem: str, cure: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(path_text(*where), problem, cure))

    def text(self, where: Where, value: object, cure: str = "write it as text") -> str | None:
        """The text or the Enum member's name that ``value`` is."""
        found = text_of(value)
        if found is None:
            self.refuse(where, f"is {what(value)}, not a name", cure)
            return None
        try:
            return clean_text(found, "", max_length=MAX_TEXT, one_line=True)
        except FaultyInput as error:
            self.refuse(where, error.faults[0].problem, error.faults[0].cure)
            return None

    def flag(self, where: Where, value: object) -> bool:
        """Whether ``value`` is true; it must be one of the two."""
        if type(value) is not bool:
            self.refuse(where, f"is {what(value)}, not true or false", "write True or False")
        return value is True

    def known_state(self, where: Where, value: object, states: States) -> str | None:
        """The one of ``states`` that ``value`` names."""
        name = self.text(where, value)
        if name is None or name in states:
            return name
        if states and not self.lost_states:
            self.refuse(where, f"unknown state {name!r:.60}", near_miss(name, states))
        return None

    def callbacks(self, where: Where, value: object) -> list[tuple[str, Callback]]:
        """What would be called, each with its place."""
        listed = list_of(value)
        several = enumerate(listed or ())
        placed = [(where, value)] if listed is None else [((*where, index), one) for index, one in several]
        found: list[tuple[str, Callback]] = []
        for place, one in placed:
            callback = callback_of(one)
            if callback is not None:
                found.append((path_text(*place), callback))
            elif value is not None:
                self.refuse(place, f"is {what(one)}, which cannot be called", "write the name of what is called")
        return found

    def unheard(self, where: Where, value: object) -> list[Note]:
        """A note for each callback, which nobody will call."""
        return [Note(place, f"{callback} {_UNHEARD}") for place, callback in self.callbacks(where, value)]
