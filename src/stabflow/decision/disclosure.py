"""What of a case may be shown to whom. Officials see what was stated; the public sees no small count of people, nor what gives
one away (`suppression`): not as a value, not in a blocker, and not by a hash, from which a number that can be only a few is
found by trying them.

Whether a requirement is met that compares what is hidden is not told either: where somebody asks what stands against a row, the
public learns that this is not told, met or not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

import attrs

from ..case import Case
from ..errors import ANY_VALUE, Blocker, InvalidInput, Refused
from ..language import Procedure, Transition
from ..requirements import ItemsAre, PluginAnswers
from ..text import Text
from ..values import Value, Withheld
from .clearance import gate_row
from .comparisons import counts_of_people
from .events import Added, Amended, Event, ItemMoved, Migrated, Moved, Opened, Stamp
from .evolution import replay
from .renaming import Renaming
from .suppression import Key, Suppression, kind_of_item

Audience = Literal["official", "public"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)

NOT_TOLD = "withheld"
"""The kind of the blocker that stands for what rests on hidden numbers."""

STANDS_FOR = "withheld:"
"""What stands for the hash of a record begins so, and ends with its version."""

_NOT_TOLD = Blocker(
    kind=NOT_TOLD,
    text=Text(
        "whether all is met that concerns numbers of people which are not shown is not told",
        "涉及不予公开的人数的要求是否满足，不予说明",
    ),
)


def check_audience(audience: object) -> None:
    """`InvalidInput` unless there is such an audience."""
    if audience not in AUDIENCES:
        cure = f"write one of {', '.join(AUDIENCES)}"
        raise InvalidInput.at("audience", f"{audience!r:.60} is not known", cure)


@attrs.frozen
class Disclosure:
    """What of one case the public is not shown: ``hidden`` numbers as they were stated, and ``hashes`` with what stands for them.
    ``current`` tells which number stands where now, by the item ("": the case) and its name."""

    hidden: Mapping[Key, Withheld]
    current: Mapping[tuple[str, str], Key]
    hashes: Mapping[str, str]

    @classmethod
    def of(cls, procedures: Mapping[str, Procedure], history: Iterable[tuple[Event, Stamp]]) -> Disclosure:
        """The disclosure of the case with this ``history``, under ``procedures`` by digest."""
        found, entries = Suppression(), tuple(history)
        procedure: Procedure | None = None
        for event, stamp in entries:
            if isinstance(event, Opened):
                procedure = procedures[event.digest]
            assert procedure is not None, "a case begins with its opening"
            if isinstance(event, Migrated):
                procedure = procedures[event.digest]
                found.go_on(procedure, Renaming({path: str(name) for path, name in event.renamed.items()}))
            if isinstance(event, _Stating):
                trigger = None if isinstance(event, Amended) else event.trigger
                found.state(procedure, _owner(event), stamp.version, event.values, trigger)
        first = min((version for _, version, _ in found.hidden), default=0)
        hashes = {
            stamp.hash: f"{STANDS_FOR}{stamp.version}" for _, stamp in entries if first and stamp.version >= first
        }
        return cls(found.hidden, found.current, hashes)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is hidden."""
        return not self.hidden

    def hash(self, hash_: str) -> str:
        """``hash_`` itself, or what stands for it where a hidden number could be found by it."""
        return self.hashes.get(hash_, hash_)

    def event(self, event: Event, version: int) -> Event:
        """What the event of this version tells."""
        if not isinstance(event, _Stating):
            return event
        item, values = _owner(event), dict(event.values)
        told: dict[str, Value] = {name: self.hidden.get((item, version, name), value) for name, value in values.items()}
        return event if told == values else attrs.evolve(event, values=told)

    def stamp(self, stamp: Stamp) -> Stamp:
        """What a record tells beside its event."""
        return attrs.evolve(stamp, mandate=self.hash(stamp.mandate), hash=self.hash(stamp.hash))

    def case(self, history: Iterable[tuple[Event, Stamp]]) -> Case:
        """The case that ``history`` makes, as it may be shown."""
        told = replay((self.event(event, stamp.version), self.stamp(stamp)) for event, stamp in history)
        assert told is not None, "a case begins with its opening"
        return told

    def blockers(
        self, procedure: Procedure, kind: str | None, item: str | None, row: Transition | None, found: Sequence[Blocker]
    ) -> tuple[Blocker, ...]:
        """What may be told of what stands against ``row`` (on ``item`` of ``kind``)."""
        hides = functools.partial(self._hides, procedure, kind, item)
        told = [one for one in found if not any(map(hides, one.compares))]
        rests = row is not None and any(map(hides, _asked_by(row)))
        return (*told, _NOT_TOLD) if rests or len(told) < len(found) else tuple(told)

    def reasons(self, procedure: Procedure, state: str, found: Sequence[Blocker]) -> tuple[Blocker, ...]:
        """What may be told of what keeps the gate closed to a case in ``state``: that it is, always."""
        gate = procedure.gate
        asked = None if not found or gate is None or state not in gate.in_ else gate_row(gate)
        told = self.blockers(procedure, None, None, asked, found)
        place = {name: value for one in found for name, value in one.facts.items() if name == "case"}
        return tuple(attrs.evolve(one, facts=place) if one is _NOT_TOLD else one for one in told)

    def rests(self, procedure: Procedure) -> bool:
        """Whether any row of ``procedure`` asks something of a number that is hidden now."""
        for kind, cycle in procedure.lifecycles():
            items = [None] if kind is None else self._items(kind)
            asked = {name for row in cycle.transitions for name in _asked_by(row)}
            if any(self._hides(procedure, kind, item, name) for item in items for name in asked):
                return True
        return False

    def _items(self, kind: str) -> list[str]:
        """The items of ``kind`` of which any number was stated."""
        return [item for item in dict.fromkeys(item for item, _ in self.current) if kind_of_item(item) == kind]

    def _hides(self, procedure: Procedure, kind: str | None, item: str | None, name: str) -> bool:
        if name == ANY_VALUE:
            return not self.is_whole
        owner, dot, field = name.partition(".")
        if dot:
            return any(self._is_hidden(one, field) for one in self._items(owner))
        own = kind is not None and name in procedure.lifecycle(kind).fields
        return self._is_hidden((item or "") if own else "", name)

    def _is_hidden(self, item: str, name: str) -> bool:
        return self.current.get((item, name)) in self.hidden


_Stating = Opened | Moved | Added | ItemMoved | Amended
"""The events that state values."""


def _owner(event: _Stating) -> str:
    """The item ("": the case) of which an event states values."""
    return "" if isinstance(event, Opened | Moved) else event.item or ""


def _asked_by(row: Transition) -> Iterator[str]:
    """What the requirements of ``row`` compare, in the way of `Blocker.compares`, and it does not state itself."""
    for requirement in row.requires:
        for _, part in requirement.walk():
            yield from part.own_reads().names - {*row.set}
            if isinstance(part, ItemsAre):
                yield from part.compared
            if isinstance(part, PluginAnswers):  # which may read anything
                yield ANY_VALUE


def refusal_for_public(procedure: Procedure, kind: str | None, refusal: Refused) -> Refused:
    """A refusal of an act on ``kind`` as it may be shown to the public: without what tells a number that was to be stated,
    however large, because nobody has stated it."""
    told = [one for one in refusal.blockers if not any(_may_tell(procedure, kind, name) for name in one.compares)]
    return refusal if len(told) == len(refusal.blockers) else refusal.with_blockers([*told, _NOT_TOLD])


def _may_tell(procedure: Procedure, kind: str | None, name: str) -> bool:
    owner, dot, field = name.partition(".")
    if name == ANY_VALUE:
        return any(
            one.suppress_below is not None for _, cycle in procedure.lifecycles() for one in cycle.fields.values()
        )
    return field in counts_of_people(procedure, owner) if dot else name in counts_of_people(procedure, kind)
