"""The standing offices: who holds which, by the records of the stream ``system/offices``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from ..case import Appointment, frozen, with_entries
from ..decision.appointment import required_body
from ..decision.events import Constituted, Withdrawn
from ..errors import Blocker, InvalidInput, Unmet, near_miss
from ..history.chain import GENESIS
from ..history.record import Record
from ..language import Procedure, Role
from ..ports.store import Store
from ..text import Text, same, say
from ..values import Actor
from . import streams

FOUNDING = "founding_authority"
"""The role in which offices are constituted: an authority outside every case, whose act the host vouches for."""


@attrs.frozen
class Offices:
    """The offices in force, by procedure id, after ``version`` records."""

    version: int = 0
    head: str = GENESIS
    recorded_at: datetime | None = None
    holders: Mapping[str, tuple[Appointment, ...]] = attrs.field(factory=dict, converter=frozen)

    def of(self, procedure: str) -> tuple[Appointment, ...]:
        """The holders of the standing offices of a procedure."""
        return self.holders.get(procedure, ())

    def after(self, record: Record) -> Offices:
        """The offices after one more record."""
        event = record.event
        holders = self.holders
        if isinstance(event, Constituted):
            held = Appointment(event.office, event.holder.id, event.holder.body, record.hash)
            holders = with_entries(holders, {event.procedure: (*self.of(event.procedure), held)})
        elif isinstance(event, Withdrawn):
            left = tuple(
                held for held in self.of(event.procedure) if (held.role, held.actor) != (event.office, event.holder.id)
            )
            holders = with_entries(holders, {event.procedure: left})
        return Offices(record.version, record.hash, record.recorded_at, holders)


class OfficeBook:
    """The offices as the store has them; every look reads what is new since the last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = Offices()

    def current(self) -> Offices:
        """The offices in force now."""
        known = self._known
        for record in streams.read(self._store, streams.OFFICES, after=known.version, head=known.head):
            known = known.after(record)
        self._known = known
        return known

    def forget(self) -> None:
        """Read everything again at the next look."""
        self._known = Offices()


def standing(procedure: Procedure, office: str) -> Role:
    """The standing office of that name; `InvalidInput` when there is none."""
    role = procedure.roles.get(office)
    if role is None:
        raise InvalidInput.at("role", f"unknown role {office!r}", near_miss(office, procedure.roles))
    if not role.standing:
        who = ", ".join(role.appointed_by)
        raise InvalidInput.at("role", f"{office!r} is appointed in each case", f"let {who} appoint: case.appoint(…)")
    return role


def check_constitution(procedure: Procedure, offices: Offices, office: str, holder: Actor) -> None:
    """Refuse to constitute ``holder`` as ``office`` where seats, body or separations stand against it."""
    role = standing(procedure, office)
    found: list[Blocker] = []
    held = [one for one in offices.of(procedure.id) if one.role == office]
    if any(one.actor == holder.id for one in held):
        found.append(Blocker(kind="unique", text=Text("holds the office already", "已任该职")))
    elif role.holders is not None and len(held) >= role.holders:
        seats = say(
            "all {n} seat(s) are taken; withdraw a holder first", "{n}个席位已满;请先免去一名任职者", n=role.holders
        )
        found.append(Blocker(kind="seats", text=seats))
    needed = required_body(procedure, {}, role)
    if needed and needed != holder.body:
        text = say(
            "must act for {needed}, not for {body}", "应代表{needed},而非{body}", needed=needed, body=holder.body
        )
        found.append(Blocker(kind="body", text=text))
    for other, _, clause in procedure.separated[office]:
        if any(one.role == other and one.actor == holder.id for one in offices.of(procedure.id)):
            title = procedure.role_title(other)
            text = say("holds {other}, which is separate", "已任须分离的{other}", other=title)
            found.append(Blocker(kind="separation", text=text, clause=clause))
    if found:
        who, what = same(holder.id), procedure.role_title(office)
        raise Unmet(say("constituting {who} as {what}", "设立{who}为{what}", who=who, what=what), found)
