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

from ..case import Case, kind_of
from ..errors import Blocker, InvalidInput, Refused
from ..language import Procedure, Transition
from ..requirements import ItemsAre, Requirement
from ..text import Text
from ..values import Value, Withheld
from .comparisons import tied_to
from .events import Added, Amended, Event, ItemMoved, Migrated, Moved, Opened, Stamp
from .evolution import replay
from .renaming import Renaming
from .suppression import Key, Suppression

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
_ANY = "*"


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
            stating = stated_by(event)
            if stating is not None:
                item, values = stating
                found.state(procedure, item, stamp.version, values, getattr(event, "trigger", None))
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
        stating = stated_by(event)
        if stating is None:
            return event
        item, values = stating
        told: dict[str, Value] = {name: self.hidden.get((item, version, name), value) for name, value in values.items()}
        return attrs.evolve(event, values=told) if told != dict(values) else event  # type: ignore[call-arg]

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
        reads = () if row is None else (name for one in row.requires for name in _read(one) if name not in row.set)
        rests = len(told) < len(found) or any(map(hides, reads))
        return (*told, _NOT_TOLD) if rests else tuple(told)

    def reasons(self, procedure: Procedure, found: Sequence[Blocker]) -> tuple[Blocker, ...]:
        """What may be told of what keeps the gate closed: that it is, always."""
        told = self.blockers(procedure, None, None, None, found)
        place = {name: value for one in found for name, value in one.facts.items() if name == "case"}
        return tuple(attrs.evolve(one, facts=place) if one is _NOT_TOLD else one for one in told)

    def rests(self, procedure: Procedure) -> bool:
        """Whether any row of ``procedure`` asks something of a number that is hidden now."""
        for kind, cycle in procedure.lifecycles():
            items: list[str | None] = (
                [None] if kind is None else [i for i, _ in self.current if i and kind_of(i) == kind]
            )
            for row in cycle.transitions:
                names = {name for one in row.requires for name in _read(one)} - {*row.set}
                if any(self._hides(procedure, kind, item, name) for item in dict.fromkeys(items) for name in names):
                    return True
        return False

    def _hides(self, procedure: Procedure, kind: str | None, item: str | None, name: str) -> bool:
        if name == _ANY:
            return not self.is_whole
        owner, dot, field = name.partition(".")
        if dot:
            return any(self._is_hidden(one, field) for one, _ in self.current if one and kind_of(one) == owner)
        own = kind is not None and name in procedure.lifecycle(kind).fields
        return self._is_hidden((item or "") if own else "", name)

    def _is_hidden(self, item: str, name: str) -> bool:
        return self.current.get((item, name)) in self.hidden


def stated_by(event: Event) -> tuple[str, Mapping[str, Value]] | None:
    """The item ("": the case) of which an event states values, and these."""
    match event:
        case Opened() | Moved():
            return "", event.values
        case Added() | ItemMoved():
            return event.item, event.values
        case Amended():
            return event.item or "", event.values
    return None


def _read(requirement: Requirement) -> Iterator[str]:
    """What a requirement compares, in the way of `Blocker.compares`."""
    for _, part in requirement.walk():
        yield from part.own_reads().names
        if isinstance(part, ItemsAre):
            yield from (f"{part.items}.{name}" for name in part.where)


def refusal_for_public(procedure: Procedure, kind: str | None, refusal: Refused) -> Refused:
    """A refusal of an act on ``kind`` as it may be shown to the public: without what tells a number that was to be stated,
    however large, because nobody has stated it."""
    told = [one for one in refusal.blockers if not any(_may_tell(procedure, kind, name) for name in one.compares)]
    return refusal if len(told) == len(refusal.blockers) else refusal.with_blockers([*told, _NOT_TOLD])


def _may_tell(procedure: Procedure, kind: str | None, name: str) -> bool:
    owner, dot, field = name.partition(".")
    if name == _ANY:
        return any(
            one.suppress_below is not None for _, cycle in procedure.lifecycles() for one in cycle.fields.values()
        )
    return field in _delicate(procedure, owner) if dot else name in _delicate(procedure, kind)


@functools.lru_cache(maxsize=256)
def _delicate(procedure: Procedure, kind: str | None) -> frozenset[str]:
    """The counts of people of a lifecycle, and what is compared with them."""

    def is_count(name: str) -> bool:
        field = procedure.lifecycle(kind).fields.get(name) or procedure.facts.get(name)
        return field is not None and field.suppress_below is not None

    return tied_to(procedure, kind, is_count)
