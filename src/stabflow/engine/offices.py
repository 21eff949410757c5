"""The standing offices: who holds which, by the records of the stream ``system/offices``."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from ..case import Appointment, frozen, with_entries
from ..decision.appointment import against_holding
from ..decision.events import Constituted, Withdrawn
from ..decision.view import Context
from ..errors import Corrupt, InvalidInput, Unmet, near_miss
from ..history.chain import GENESIS
from ..history.commit import head
from ..history.record import Record
from ..language import Procedure, Role
from ..ports.store import Store, StreamHead
from ..text import same, say
from ..values import Actor
from . import streams

FOUNDING = "founding_authority"
"""The role in which offices are constituted: an authority outside every case, whose act the host vouches for."""


@attrs.frozen
class Offices:
    """The offices in force, by procedure id, after ``version`` records, with the times of the last one; ``since`` tells when
    each mandate is said to begin; ``former`` are the bodies for which each held an office that has ended, by procedure id;
    ``began`` tells since when it is on record that a procedure has had office-holders, whoever they were."""

    version: int = 0
    head: str = GENESIS
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    holders: Mapping[str, tuple[Appointment, ...]] = attrs.field(factory=dict, converter=frozen)
    since: Mapping[str, datetime] = attrs.field(factory=dict, converter=frozen)
    former: Mapping[str, Mapping[str, frozenset[str]]] = attrs.field(factory=dict, converter=frozen)
    began: Mapping[str, datetime] = attrs.field(factory=dict, converter=frozen)
    _of: dict[str, tuple[Appointment, ...]] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    @functools.cached_property
    def at(self) -> StreamHead:
        """Where their stream ended."""
        return head(streams.OFFICES, self.version, self.head)

    def of(self, procedure: Procedure) -> tuple[Appointment, ...]:
        """The holders of the standing offices of a procedure. What another version of it fills outside of cases, but this one
        inside of them, is no office here."""
        found = self._of.get(procedure.digest)
        if found is None:
            roles = procedure.roles
            held = self.holders.get(procedure.id, ())
            found = tuple(one for one in held if one.role in roles and roles[one.role].standing)
            self._of[procedure.digest] = found
        return found

    def after(self, record: Record) -> Offices:
        """The offices after one more record."""
        event = record.event
        if not isinstance(event, Constituted | Withdrawn):
            raise Corrupt(f"{record.stream} version {record.version} is {record.tag}, which fills or ends no office")
        held = self.holders.get(event.procedure, ())
        since, former, began = self.since, self.former, self.began
        if event.procedure not in began:
            began = with_entries(began, {event.procedure: record.recorded_at})
        if isinstance(event, Constituted):
            held = (*held, Appointment(event.office, event.holder.id, event.holder.body, record.hash))
            since = with_entries(since, {record.hash: record.occurred_at})
        else:
            ended = [one for one in held if (one.role, one.actor) == (event.office, event.holder.id)]
            held = tuple(one for one in held if one not in ended)
            before = former.get(event.procedure, {})
            bodies = before.get(event.holder.id, frozenset()) | {one.body for one in ended}
            former = with_entries(former, {event.procedure: with_entries(before, {event.holder.id: bodies})})
        holders = with_entries(self.holders, {event.procedure: held})
        return Offices(
            record.version, record.hash, record.occurred_at, record.recorded_at, holders, since, former, began
        )


@attrs.frozen
class Tenure:
    """How long somebody held a standing office: from the record at position ``began`` of the store, which is the mandate and
    claims the time ``since``, to that at ``ended``."""

    procedure: str
    held: Appointment
    since: datetime
    began: int
    ended: int | None = None

    def covers(self, record: Record) -> bool:
        """Whether ``record`` was stored while the office was held. Nothing is ever stored on offices that have changed since it
        was decided, so that the places of the records tell."""
        return self.began < record.position and (self.ended is None or record.position < self.ended)


class Tenures:
    """Every tenure of a standing office, past and present, by its mandate."""

    def __init__(self) -> None:
        self._by_mandate: dict[str, Tenure] = {}
        self._of_person: dict[tuple[str, str], list[str]] = {}

    def learn(self, record: Record) -> None:
        """Take in one more record of the offices."""
        event = record.event
        if isinstance(event, Constituted):
            held = Appointment(event.office, event.holder.id, event.holder.body, record.hash)
            self._by_mandate[record.hash] = Tenure(event.procedure, held, record.occurred_at, record.position)
            self._of_person.setdefault((event.procedure, event.holder.id), []).append(record.hash)
        elif isinstance(event, Withdrawn):
            for one in self.of(event.procedure, event.holder.id):
                if one.held.role == event.office and one.ended is None:
                    self._by_mandate[one.held.mandate] = attrs.evolve(one, ended=record.position)

    def by(self, mandate: str) -> Tenure | None:
        """The tenure that the record of this hash began."""
        return self._by_mandate.get(mandate)

    def of(self, procedure: str, actor: str) -> tuple[Tenure, ...]:
        """The tenures of a person under any version of a procedure, in their order."""
        return tuple(self._by_mandate[mandate] for mandate in self._of_person.get((procedure, actor), ()))


class OfficeBook:
    """The offices as the store has them; every look reads what is new since the last."""

    def __init__(self, store: Store, known: Offices | None = None) -> None:
        self._store = store
        self._known = known or Offices()

    @property
    def last_seen(self) -> Offices:
        """The offices as they were at the last look."""
        return self._known

    def current(self) -> Offices:
        """The offices in force now."""
        try:
            known = self._caught_up(self._known)
        except streams.OutOfStep:
            known = self._caught_up(Offices())
        self._known = known
        return known

    def _caught_up(self, known: Offices) -> Offices:
        for record in streams.news(self._store, streams.OFFICES, version=known.version, head=known.head):
            known = known.after(record)
        return known


def standing(procedure: Procedure, office: str) -> Role:
    """The standing office of that name; `InvalidInput` when there is none."""
    if not isinstance(office, str):
        raise InvalidInput.at("role", f"{office!r:.60} is not a name", "give the name of a standing office, as text")
    role = procedure.roles.get(office)
    if role is None:
        raise InvalidInput.at("role", f"unknown role {office!r}", near_miss(office, procedure.roles))
    if not role.standing:
        who = " or ".join(role.appointed_by)
        cure = f"let {who} fill or end it in the case: case.appoint(…), case.relieve(…); constitute and withdraw are for offices"
        raise InvalidInput.at("role", f"{office!r} is a role of each case, no standing office", cure)
    return role


def check_constitution(
    versions: Sequence[Procedure], office: str, holder: Actor, by: Actor, context: Context, offices: Offices
) -> None:
    """Refuse to constitute ``holder`` as ``office`` where anything stands against it in any of ``versions`` of the procedure:
    the office is held in the cases of all of them."""
    for procedure in versions:
        if office not in procedure.roles or not procedure.roles[office].standing:
            continue
        here = attrs.evolve(context, offices=offices.of(procedure))
        found = list(against_holding(procedure, None, office, holder, (by.id,), here))
        if found:
            who, what = same(holder.id), procedure.role_title(office)
            act = say("constituting {who} as {what}", "任命{who}为{what}", who=who, what=what)
            if procedure is not versions[0]:
                act = say("{act} (also under {name})", "{act}（同时依{name}）", act=act, name=same(procedure))
            raise Unmet(act, found)


def check_withdrawal(procedure: Procedure, offices: Offices, office: str, holder: Actor) -> None:
    """`InvalidInput` when ``holder`` does not hold ``office``."""
    if not any((one.role, one.actor, one.body) == (office, holder.id, holder.body) for one in offices.of(procedure)):
        raise InvalidInput.at("holder", f"{holder} does not hold {office!r} of {procedure.id}", "see engine.offices(…)")
