"""What has happened. Every accepted command is one event, every event one record; its tag and version stay for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from ..calendar import DueTime
from ..values import Actor, Basis, Matter, Value

Values = Mapping[str, Value]

_NONE: Mapping[str, Any] = MappingProxyType({})


def _by_name(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only copy in the order in which a record has it: what comes of an event must not hang on whether it was just decided
    or read back, nor on the order in which somebody named the values."""
    return MappingProxyType(dict(sorted(values.items()))) if values else _NONE


@attrs.frozen(kw_only=True)
class Event:
    """Something that has happened. ``tag`` and ``tag_version`` name its form in storage. ``outside``: it was done to the case by
    an authority outside it, and makes nobody an office-holder who has acted in it."""

    tag: ClassVar[str]
    tag_version: ClassVar[int] = 1
    outside: ClassVar[bool] = False


@attrs.frozen(kw_only=True)
class LaidOut:
    """An item laid out by a preset as the case entered a state."""

    item: str
    kind: str
    state: str
    values: Values = attrs.field(factory=dict, converter=_by_name, hash=False)
    due: DueTime | None = None


@attrs.frozen(kw_only=True)
class Vacancy:
    """A role of the case that nobody holds, and by when it is to be filled."""

    office: str
    due: DueTime


@attrs.frozen(kw_only=True)
class Opened(Event):
    """A case was opened on a matter; ``unproved``: under a procedure that nobody had proved, so that it opens no gate, ever.
    ``vacancies`` are the roles that must not stand vacant for long."""

    tag = "case.opened"

    case_id: str
    procedure: str
    procedure_version: str
    digest: str
    matter: Matter
    trigger: str
    state: str
    values: Values = attrs.field(factory=dict, converter=_by_name, hash=False)
    due: DueTime | None = None
    laid_out: tuple[LaidOut, ...] = ()
    unproved: bool = False
    vacancies: tuple[Vacancy, ...] = ()


@attrs.frozen(kw_only=True)
class Moved(Event):
    """A row of the case was fired; ``dest`` is ``None`` where it stayed. ``superseded`` items made way for those laid out."""

    tag = "case.moved"

    trigger: str
    source: str
    dest: str | None
    values: Values = attrs.field(factory=dict, converter=_by_name, hash=False)
    due: DueTime | None = None
    laid_out: tuple[LaidOut, ...] = ()
    superseded: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Added(Event):
    """An item was added; where time did so for a breach, ``owed_by`` are those who held the duty."""

    tag = "item.added"

    item: str
    kind: str
    trigger: str
    state: str
    values: Values = attrs.field(factory=dict, converter=_by_name, hash=False)
    due: DueTime | None = None
    owed_by: tuple[Actor, ...] = ()


@attrs.frozen(kw_only=True)
class ItemMoved(Event):
    """A row of an item was fired; ``dest`` is ``None`` where it stayed."""

    tag = "item.moved"

    item: str
    trigger: str
    source: str
    dest: str | None
    values: Values = attrs.field(factory=dict, converter=_by_name, hash=False)
    due: DueTime | None = None


@attrs.frozen(kw_only=True)
class Amended(Event):
    """What was stated of ``item`` (``None``: of the case) was corrected."""

    tag = "amended"

    item: str | None
    values: Values = attrs.field(factory=dict, converter=_by_name, hash=False)
    reason: str
    due: DueTime | None = None


@attrs.frozen(kw_only=True)
class ClockStopped(Event):
    """The clock of the present state of ``item`` (``None``: of the case) was stopped: nothing is due while it stands."""

    tag = "clock.stopped"

    item: str | None
    reason: str


@attrs.frozen(kw_only=True)
class ClockResumed(Event):
    """The clock of the present state of ``item`` (``None``: of the case) runs again; ``due`` is when what is owed falls due now,
    ``None`` where it had no limit."""

    tag = "clock.resumed"

    item: str | None
    reason: str
    due: DueTime | None = None


@attrs.frozen(kw_only=True)
class Appointed(Event):
    """Somebody was appointed to a role of the case."""

    tag = "appointed"

    office: str
    appointee: Actor


@attrs.frozen(kw_only=True)
class Relieved(Event):
    """Somebody's appointment ended; ``vacant_until``: by when a role that this leaves vacant is to be filled again."""

    tag = "relieved"

    office: str
    appointee: Actor
    vacant_until: DueTime | None = None


@attrs.frozen(kw_only=True)
class BreachFound(Event):
    """A duty was not done in time, or an office not filled; the fields are those of `stabflow.case.Breach`."""

    tag = "breach.found"

    duty: str
    kind: str
    state: str
    roles: tuple[str, ...]
    holders: tuple[Actor, ...] = ()
    level: int = 0
    due: DueTime
    above: tuple[str, ...] = ()
    respond: DueTime | None = None
    doubts: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class BreachConfirmed(Event):
    """What version ``breach`` of the case found to be a possible breach of ``duty`` is one; it has gone to ``above``."""

    tag = "breach.confirmed"

    duty: str
    breach: int
    above: tuple[str, ...] = ()
    respond: DueTime | None = None


@attrs.frozen(kw_only=True)
class BreachVoided(Event):
    """What version ``breach`` of the case found is no breach of ``duty``."""

    tag = "breach.voided"

    duty: str
    breach: int
    reason: str


@attrs.frozen(kw_only=True)
class Recused(Event):
    """Somebody takes no further part in the case: no role, no standing office and no delegation is theirs here any more.
    ``vacancies``: by when the roles that this leaves vacant are to be filled again."""

    tag = "recused"

    office: str
    who: Actor
    reason: str
    vacancies: tuple[Vacancy, ...] = ()


@attrs.frozen(kw_only=True)
class Delegated(Event):
    """The holder of a role, who did this, lets ``delegate`` act in it for them, from ``since`` (``None``: from now) to just
    before ``until``."""

    tag = "delegated"

    office: str
    delegate: Actor
    since: datetime | None = None
    until: datetime
    reason: str


@attrs.frozen(kw_only=True)
class DelegationEnded(Event):
    """A delegation ended before its time."""

    tag = "delegation.ended"

    office: str
    delegate: Actor


@attrs.frozen(kw_only=True)
class ItemDue:
    """When what is owed of an item falls due."""

    item: str
    due: DueTime


@attrs.frozen(kw_only=True)
class Migrated(Event):
    """The case goes on under another version of its procedure, in which things are ``renamed`` (by path; "": there no longer).
    ``due``, ``items_due``: of what had no limit where it stands, and has one there."""

    tag = "case.migrated"

    procedure_version: str
    digest: str
    renamed: Mapping[str, Value] = attrs.field(factory=dict, converter=_by_name, hash=False)
    due: DueTime | None = None
    items_due: tuple[ItemDue, ...] = ()


@attrs.frozen(kw_only=True)
class Recount:
    """What is owed as ``duty`` ("case", the id of an item, a vacancy) was due at ``old``, and is due at ``new``; ``level`` n: the
    answer that is owed of it by those above, to whom it came by its n-th escalation."""

    duty: str
    old: DueTime
    new: DueTime
    level: int = 0


@attrs.frozen(kw_only=True)
class Recalendared(Event):
    """What is owed in working days was counted anew by ``calendar`` (its id), which has this digest."""

    tag = "case.recalendared"
    outside = True

    calendar: str
    digest: str
    recounted: tuple[Recount, ...]


@attrs.frozen(kw_only=True)
class Constituted(Event):
    """A standing office of a procedure was filled, by an authority outside any case."""

    tag = "office.constituted"

    procedure: str
    office: str
    holder: Actor


@attrs.frozen(kw_only=True)
class Withdrawn(Event):
    """The holder of a standing office left it."""

    tag = "office.withdrawn"

    procedure: str
    office: str
    holder: Actor


@attrs.frozen(kw_only=True)
class Attempted(Event):
    """Somebody went ahead with a matter, or tried to, while it was not cleared. ``accept`` are the procedures that counted there,
    ``reasons`` the kinds of what stood against it, ``cases`` those that there were, each with its version."""

    tag = "matter.attempted"

    matter: str
    accept: tuple[str, ...]
    reasons: tuple[str, ...]
    cases: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Recurred:
    """Up to when everything was created that the calendar calls for under a procedure."""

    procedure: str
    until: datetime


@attrs.frozen(kw_only=True)
class Awaited:
    """That the row ``trigger`` of ``kind`` ("": of the case) calls for something at a ``holiday`` of ``year``, of which the
    calendar did not know when it is; ``since`` is from when on that is to be made up for once a calendar knows."""

    procedure: str
    trigger: str
    holiday: str
    year: int
    since: datetime
    kind: str = ""


@attrs.frozen(kw_only=True)
class Ticked(Event):
    """Everything that had fallen due ``until`` then was looked at: so many breaches were found, and so much was created.
    ``recurred`` says of each procedure how far that has come: whose text was not at hand is served later; ``awaited`` what could
    not be served for want of a calendar; so many ``reminders`` were sent."""

    tag = "system.ticked"

    until: datetime
    breaches: int = 0
    created: int = 0
    reminders: int = 0
    recurred: tuple[Recurred, ...] = ()
    awaited: tuple[Awaited, ...] = ()


@attrs.frozen(kw_only=True)
class PluginFailed(Event):
    """A plugin failed in ``hook`` with an ``error`` of that type, at ``place`` (module, line and function): never in the words of
    the error, which may quote anything. ``case_id``, ``version``: the case it was asked or told of; "" and 0 at an opening."""

    tag = "plugin.failed"

    plugin: str
    hook: str
    error: str
    place: str = ""
    case_id: str = ""
    version: int = 0


@attrs.frozen(kw_only=True)
class Registered(Event):
    """A procedure came into use in this store; ``text`` is its canonical form, kept for ever."""

    tag = "procedure.registered"

    procedure: str
    procedure_version: str
    digest: str
    text: str


@attrs.frozen(kw_only=True)
class Proved(Event):
    """The procedure with this digest was proved by ``checker``, the edition of the checker's rules."""

    tag = "procedure.proved"

    procedure: str
    procedure_version: str
    digest: str
    checker: int


@attrs.frozen
class Decided:
    """What `decide` answers: the event, the role in which the actor did it, and the mandate they did it under."""

    event: Event
    role: str
    mandate: str


@attrs.frozen(weakref_slot=False)
class Stamp:
    """What the record adds to its event: where it stands in the stream, when, by whom, in which role, on what basis, under
    which mandate (the hash of the record that appointed the actor), and its own hash. ``principal``, which no record says, is for
    whom it was done if that mandate is a delegation: the case tells it."""

    version: int
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    role: str
    basis: Basis
    mandate: str
    hash: str
    principal: str = ""
