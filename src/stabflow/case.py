"""The frozen value of one run over one matter, and of the items in it. Both are what folding the records gives."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from .calendar import DueTime, Stop
from .making import maker
from .values import Actor, Matter, Value

V = TypeVar("V")
A = TypeVar("A", bound=attrs.AttrsInstance)
Clock = TypeVar("Clock", "Item", "Case")


def frozen(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only copy of ``mapping``."""
    return mapping if isinstance(mapping, MappingProxyType) else MappingProxyType(dict(mapping))


def with_entries(mapping: Mapping[str, V], more: Mapping[str, V]) -> Mapping[str, V]:
    """A read-only copy of ``mapping`` in which ``more`` has been put."""
    if isinstance(mapping, MappingProxyType):
        return MappingProxyType(mapping | more)  # `{**mapping, **more}` asks a proxy for every key
    return MappingProxyType({**mapping, **more})


@functools.cache
def _parts(type_: type[A]) -> tuple[Mapping[str, int], Callable[[A], tuple[object, ...]], Callable[..., A]]:
    names = [field.name for field in attrs.fields(type_)]
    return {name: place for place, name in enumerate(names)}, operator.attrgetter(*names), maker(type_)


def with_changes(value: A, /, **changes: object) -> A:
    """``value`` with ``changes``, which must be what its class would convert them to: `attrs.evolve` in a quarter of its time,
    for the values that every act makes anew."""
    places, parts, make = _parts(type(value))
    held = list(parts(value))
    for name, change in changes.items():
        held[places[name]] = change
    changed: A = make(*held)
    return changed


def item_id(kind: str, number: int) -> str:
    """The id of the item of ``kind`` that bears this number: ``objection-3``."""
    return f"{kind}-{number}"


CASE = "case"
"""The duty of the case's own state; an item's duty bears the item's id."""

_VACANCY = "vacancy:"


def vacancy(office: str) -> str:
    """The duty to fill a role of the case that stands vacant."""
    return _VACANCY + office


def office_of(duty: str) -> str | None:
    """The office that is to be filled, where ``duty`` is to fill one."""
    return duty.removeprefix(_VACANCY) if duty.startswith(_VACANCY) else None


def kind_of_duty(duty: str) -> str | None:
    """The kind of the item that a duty is about; ``None`` where it is the case's own, or to fill an office."""
    return None if duty == CASE or office_of(duty) is not None else kind_of(duty)


def kind_of(item: str) -> str:
    """The kind of the item with this id."""
    return item.rpartition("-")[0]


@attrs.frozen(weakref_slot=False)
class Entry:
    """When a state was last entered: by which version of the case, and the time claimed for that act."""

    version: int
    at: datetime


@attrs.frozen(weakref_slot=False)
class Statement:
    """Which act last stated a value: the case's version, the row that did (``source`` is "" where it created), its hash."""

    version: int
    source: str
    trigger: str
    hash: str


@attrs.frozen(weakref_slot=False)
class Act:
    """A row that was fired: by which version of the case, from which state ("" where it created), by whom, in which role.

    ``amends``: what the row had stated was corrected by it; nothing moved, but it is this actor's work from then on.
    ``principal``: for whom it was done under a delegation; "" where the actor did it in their own right.
    """

    version: int
    source: str
    trigger: str
    actor: str
    role: str
    amends: bool = False
    principal: str = ""

    @property
    def doers(self) -> tuple[str, ...]:
        """Those whose act it is: the actor, and for whom they did it."""
        return (self.actor, self.principal) if self.principal else (self.actor,)


@attrs.frozen(weakref_slot=False)
class Appointment:
    """An office-holder in a role of this case. ``mandate`` is the hash of the record that appointed them."""

    role: str
    actor: str
    body: str
    mandate: str


@attrs.frozen(weakref_slot=False)
class Breach:
    """A duty that was not done in time, as the record ``version`` found it: of the case or of one item (``duty``), in ``state``,
    by the holders of ``roles``; ``kind`` is "overdue", or "vacant" where an office was not filled.

    ``due`` is the limit that was missed, ``level`` whose it was: 0 the duty's own, n that of the roles it had come to by its n-th
    escalation; ``owed`` is the duty's own, by which it is known again. ``above`` are the roles that it has gone to since, who are
    to answer by ``respond``. ``doubts`` say why it is only possible; ``voided``: it was found not to be one; ``before``: who held
    it at the levels below.
    """

    version: int
    duty: str
    kind: str
    state: str
    roles: tuple[str, ...]
    holders: tuple[Actor, ...]
    level: int
    due: DueTime
    owed: DueTime
    above: tuple[str, ...] = ()
    respond: DueTime | None = None
    doubts: tuple[str, ...] = ()
    voided: bool = False
    before: tuple[str, ...] = ()

    @property
    def concerned(self) -> frozenset[str]:
        """Everybody who held the duty, or owed an answer for it, up to this level."""
        return frozenset((*(holder.id for holder in self.holders), *self.before))

    @property
    def possible(self) -> bool:
        """Whether somebody must confirm it before it counts: nothing comes of it till then."""
        return bool(self.doubts) and not self.voided


@attrs.frozen(weakref_slot=False)
class Delegation:
    """That ``delegate`` acts as ``office`` for ``holder``, for the holder's ``body``, from ``since`` to just before ``until``.

    ``mandate`` is the hash of the record that says so, ``under`` the mandate of the holder: the delegation is worth nothing once
    that is. ``ended``: it was ended before its time. ``used``: something was done under it.
    """

    office: str
    holder: str
    delegate: str
    body: str
    since: datetime
    until: datetime
    under: str
    mandate: str
    ended: bool = False
    used: bool = False


@attrs.frozen(weakref_slot=False)
class Recusal:
    """That somebody takes no further part in the case: from which office they were recused, why, and by which version."""

    office: str
    reason: str
    version: int


@attrs.frozen(weakref_slot=False)
class Item:
    """Something in a case with a lifecycle of its own.

    ``added`` is the case's version when it was added, ``laid_out`` whether a preset did so, ``superseded`` whether a later
    laying-out took its place while it was unfinished: it then counts for nothing and nobody owes it. ``stopped_at`` tells since
    when its clock stands, ``stops`` when it has stood before; while it stands nothing is due, and ``due`` tells what was.
    """

    id: str
    kind: str
    state: str
    fields: Mapping[str, Value]
    stated: Mapping[str, Statement]
    entered: Mapping[str, Entry]
    acts: tuple[Act, ...]
    added: int
    adder: str
    due: DueTime | None
    laid_out: bool = False
    superseded: bool = False
    owed_by: tuple[str, ...] = ()
    stopped_at: datetime | None = None
    stops: tuple[Stop, ...] = ()

    @property
    def adders(self) -> tuple[str, ...]:
        """Those whose item it is: who added it, and for whom they did it; "" where the procedure laid it out."""
        return (self.adder, *self.acts[0].doers[1:]) if self.acts else (self.adder,)


@attrs.frozen(weakref_slot=False)
class Case:
    """One run of a procedure over one matter.

    ``entered`` tells when each state was last entered, the states in the order in which they were first entered; ``round``
    counts the opening and every return to an earlier state, ``round_began`` is the version that began the present one.
    ``acts`` are those on the case itself, ``acted`` the roles in which each office-holder has done anything in it;
    ``counters`` number the items; ``due`` is when the present state's duty falls due.
    ``updated_at`` is the time claimed for the last act, ``recorded_at`` when that was recorded, ``head`` its hash; ``unproved``:
    it was opened under a procedure that nobody had proved, and opens no gate. ``former`` are the roles from which each was
    relieved in this case, ``bodies`` those for which each was appointed or has acted in it. ``breaches`` are the last ones on
    record, by duty; ``vacancies`` tell by when each role that stands vacant too long is to be filled, ``filled`` by when each
    was that is. ``recused`` are those who take no further part in it; ``delegations`` all that there were, in their order.
    ``stopped_at`` tells since when the clock of the present state stands, ``stops`` when that of any has stood before; while
    it stands nothing is due, and ``due`` tells what was.
    """

    id: str
    procedure: str
    procedure_version: str
    digest: str
    matter: Matter
    body: str
    state: str
    entered: Mapping[str, Entry]
    facts: Mapping[str, Value]
    stated: Mapping[str, Statement]
    appointments: tuple[Appointment, ...]
    items: Mapping[str, Item]
    counters: Mapping[str, int]
    acts: tuple[Act, ...]
    acted: Mapping[str, frozenset[str]]
    due: DueTime | None
    round: int
    round_began: int
    opened_at: datetime
    updated_at: datetime
    recorded_at: datetime
    version: int
    head: str
    unproved: bool = False
    former: Mapping[str, frozenset[str]] = attrs.field(factory=dict, converter=frozen, hash=False)
    bodies: Mapping[str, frozenset[str]] = attrs.field(factory=dict, converter=frozen, hash=False)
    breaches: Mapping[str, Breach] = attrs.field(factory=dict, converter=frozen, hash=False)
    vacancies: Mapping[str, DueTime] = attrs.field(factory=dict, converter=frozen, hash=False)
    filled: Mapping[str, DueTime] = attrs.field(factory=dict, converter=frozen, hash=False)
    recused: Mapping[str, Recusal] = attrs.field(factory=dict, converter=frozen, hash=False)
    delegations: tuple[Delegation, ...] = ()
    stopped_at: datetime | None = None
    stops: tuple[Stop, ...] = ()

    def of_kind(self, kind: str) -> tuple[Item, ...]:
        """The items of ``kind``, in the order in which they were added."""
        return tuple([item for item in self.items.values() if item.kind == kind])

    def due_of(self, duty: str, level: int = 0) -> DueTime | None:
        """When ``duty`` is recorded to fall due ("case", an item or a vacancy), whether its clock stands or not; of its n-th
        escalation (``level``), by when an answer is owed. `KeyError` where the case has no such duty."""
        if level:
            breach = self.breaches[duty]
            return breach.respond if breach.level + 1 == level else None
        office = office_of(duty)
        if office is not None:
            return self.vacancies[office]
        return self.due if duty == CASE else self.items[duty].due

    def roles_of(self, actor: str) -> frozenset[str]:
        """The roles to which ``actor`` has been appointed in this case (standing offices are not among them)."""
        return frozenset(held.role for held in self.appointments if held.actor == actor)


def with_clocks_running(case: Case, now: datetime) -> Case:
    """The case as if every clock of it that stands were resumed ``now``."""
    items = {name: _running(item, now) for name, item in case.items.items() if item.stopped_at is not None}
    return _running(with_changes(case, items=with_entries(case.items, items)) if items else case, now)


def _running(clock: Clock, now: datetime) -> Clock:
    if clock.stopped_at is None:
        return clock
    stop = Stop(clock.stopped_at, max(clock.stopped_at, now))
    return with_changes(clock, stopped_at=None, stops=(*clock.stops, stop))
