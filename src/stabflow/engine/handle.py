"""The handle through which a host acts on a case, and asks what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from ..case import Case, Delegation
from ..decision import decider
from ..decision.commands import (
    ASKING,
    Add,
    Amend,
    Appoint,
    Command,
    ConfirmBreach,
    Delegate,
    EndDelegation,
    Fire,
    Recuse,
    Relieve,
    ResumeClock,
    StopClock,
    VoidBreach,
)
from ..decision.decider import Option
from ..decision.disclosure import Audience
from ..decision.duties import Duty, owed_now
from ..decision.events import Added, Migrated, Opened
from ..decision.view import delegations
from ..errors import Blocker
from ..history.record import Record
from ..language import Procedure
from ..reasoning.plan import plan
from ..reasoning.planned import Plan
from ..text import listing, same, say
from ..values import Actor, Basis, check_office_holder
from . import streams
from .acts import Acts
from .performing import perform
from .shell import Shell
from .shown import ShownCase
from .work import check_version


def _added_id(record: Record) -> str:
    assert isinstance(record.event, Added), "an add is recorded as item.added"
    return record.event.item


class CaseHandle:
    """A case in a store. Every act happens now, at the call, by somebody who holds the role for it, or is refused with every
    reason; what was refused leaves nothing changed.

    Each acting method takes ``by`` (who), ``basis`` (why), and optionally ``role`` (in which of the actor's roles), ``key``
    (makes the act happen once however often it is sent), ``if_version`` (`VersionConflict` unless the case stands there) and
    ``at`` (the time claimed for the act, not ahead of the clock). They raise `Refused`, `InvalidInput` and `StoreError`.

    ``is_new``: the call that gave this handle opened the case; it did not find it, nor was it answered by a key.
    """

    def __init__(self, shell: Shell, case_id: str, *, is_new: bool = False) -> None:
        self._shell = shell
        self.id = case_id
        self.is_new = is_new

    def __repr__(self) -> str:
        return f"<CaseHandle {self.id}>"

    @property
    def value(self) -> Case:
        """The case as the store has it now."""
        return self._shell.load(self.id, looking=True)[1]

    @property
    def state(self) -> str:
        """Where the case stands now."""
        return self.value.state

    @property
    def procedure(self) -> Procedure:
        """The procedure the case runs under."""
        return self._shell.load(self.id, looking=True)[0]

    def procedures(self) -> Mapping[str, Procedure]:
        """The versions under which the case has run, by digest, the first one first: `Record.procedure` names one of them."""
        found: dict[str, Procedure] = {}
        for event in (record.event for record in self.history()):
            if isinstance(event, Opened | Migrated):
                id_ = event.procedure if isinstance(event, Opened) else next(iter(found.values())).id
                found[event.digest] = self._shell.registry.of_case(id_, event.procedure_version, event.digest)
        return found

    def history(self) -> tuple[Record, ...]:
        """Every record of the case, in order, each checked against the chain."""
        return tuple(streams.read(self._shell.store, streams.case_stream(self.id)))

    def fire(
        self,
        trigger: str,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        item: str | None = None,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
        **values: object,
    ) -> Record:
        """Fire a row of the case, or of ``item``; ``values`` are the fields of the row's ``set``."""
        command = Fire(actor=by, basis=Basis.of(basis), role=role, trigger=trigger, item=item, values=values)
        return self._one(command, key, if_version, at)

    def add(
        self,
        kind: str,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        trigger: str | None = None,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
        **values: object,
    ) -> str:
        """Add an item of ``kind`` and return its id, such as ``objection-3``."""
        command = Add(actor=by, basis=Basis.of(basis), role=role, kind=kind, trigger=trigger, values=values)
        return _added_id(self._one(command, key, if_version, at))

    def amend(
        self,
        item: str | None,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        reason: str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
        **values: object,
    ) -> Record:
        """Correct what was stated of ``item`` (``None``: of the case), as its row's own conditions allow; the earlier record
        stays. Refused once a row passed in this round has relied on it."""
        command = Amend(actor=by, basis=Basis.of(basis), role=role, item=item, values=values, reason=reason)
        return self._one(command, key, if_version, at)

    def stop_clock(
        self,
        item: str | None = None,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        reason: str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Stop the clock of the present state of ``item`` (``None``: of the case), by a role that its ``clock_stopped_by`` names.
        While it stands nothing falls due; what has fallen due already stays so, and leaving the state ends the stop.

        It is stopped when it is recorded: ``at`` is `InvalidInput` but where ``late_entry`` is ``None``.
        """
        command = StopClock(actor=by, basis=Basis.of(basis), role=role, item=item, reason=reason)
        return self._one(command, key, if_version, at)

    def resume_clock(
        self,
        item: str | None = None,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        reason: str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Let the clock of ``item`` (``None``: of the case) run on, by such a role; what was left of the limit is left now, and
        the new due time is in the record. As to ``at`` see `stop_clock`."""
        command = ResumeClock(actor=by, basis=Basis.of(basis), role=role, item=item, reason=reason)
        return self._one(command, key, if_version, at)

    def appoint(
        self,
        office: str,
        appointee: Actor,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Appoint ``appointee`` to a role of the case."""
        command = Appoint(actor=by, basis=Basis.of(basis), role=role, office=office, appointee=appointee)
        return self._one(command, key, if_version, at)

    def relieve(
        self,
        office: str,
        appointee: Actor,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """End an appointment."""
        command = Relieve(actor=by, basis=Basis.of(basis), role=role, office=office, appointee=appointee)
        return self._one(command, key, if_version, at)

    def confirm_breach(
        self,
        breach: int,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Confirm that the possible breach which version ``breach`` of the case put on record is one: it then comes to those
        above, and to the finding that the procedure has for it. By a role above the one whose duty it was, never by somebody
        who held that."""
        command = ConfirmBreach(actor=by, basis=Basis.of(basis), role=role, breach=breach)
        return self._one(command, key, if_version, at)

    def void_breach(
        self,
        breach: int,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        reason: str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Declare that what version ``breach`` of the case put on record is no breach, and why; the record stays, and goes no
        higher. By those who may confirm one. A finding that was opened for it ends by its own rows."""
        command = VoidBreach(actor=by, basis=Basis.of(basis), role=role, breach=breach, reason=reason)
        return self._one(command, key, if_version, at)

    def recuse(
        self,
        office: str,
        who: Actor,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        reason: str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Let ``who``, who is ``office`` here, take no further part in the case: they themselves, or a role that appoints to the
        office or is above it. What they have done stays; from then on no role of the case is theirs."""
        command = Recuse(actor=by, basis=Basis.of(basis), role=role, office=office, who=who, reason=reason)
        return self._one(command, key, if_version, at)

    def delegate(
        self,
        office: str,
        to: Actor,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        until: date | datetime,
        since: date | datetime | None = None,
        reason: str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Let ``to`` act as ``office`` in this case for ``by``, who holds it, from ``since`` (now) until ``until``. A day ends at
        24:00 in the procedure's zone. Only what is delegable; what keeps either from an act keeps the delegate from it."""
        command = Delegate(
            actor=by, basis=Basis.of(basis), role=role, office=office, to=to, until=until, since=since, reason=reason
        )
        return self._one(command, key, if_version, at)

    def end_delegation(
        self,
        office: str,
        delegate: Actor,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Record:
        """End a delegation before its time: the holder, a role that appoints to the office, or the delegate, who lays it down."""
        command = EndDelegation(actor=by, basis=Basis.of(basis), role=role, office=office, delegate=delegate)
        return self._one(command, key, if_version, at)

    def _one(self, command: Command, key: str | None, if_version: int | None, at: datetime | None) -> Record:
        check_office_holder(command.actor, "by")
        check_version(if_version)
        return perform(self._shell, self.id, command, key=key, if_version=if_version, at=at)

    def acting(
        self,
        by: Actor,
        /,
        *,
        basis: Basis | str,
        role: str | None = None,
        key: str | None = None,
        if_version: int | None = None,
        at: datetime | None = None,
    ) -> Acts:
        """Several acts of one actor as one transaction: leaving the ``with`` block commits them, an exception drops them all.

        An act that is refused leaves the block as it was, so that who catches the refusal can go on; but with a ``key`` the
        block is all or nothing: leaving it after a refusal raises the refusal again, and the key stays unused.
        """
        check_office_holder(by, "by")
        check_version(if_version)
        return Acts(self._shell, self.id, by, Basis.of(basis), role, key, if_version, at)

    def blockers(
        self, trigger: str, /, *, by: Actor, item: str | None = None, role: str | None = None, **values: object
    ) -> tuple[Blocker, ...]:
        """Everything that stands against firing ``trigger`` now, without trying it. Fields that are not given count as given."""
        return self._blockers(Fire(actor=by, basis=ASKING, role=role, trigger=trigger, item=item, values=values))

    def add_blockers(
        self, kind: str, /, *, by: Actor, trigger: str | None = None, role: str | None = None, **values: object
    ) -> tuple[Blocker, ...]:
        """Everything that stands against adding an item of ``kind`` now, without trying it."""
        return self._blockers(Add(actor=by, basis=ASKING, role=role, kind=kind, trigger=trigger, values=values))

    def _blockers(self, command: Command) -> tuple[Blocker, ...]:
        check_office_holder(command.actor, "by")
        procedure, case, context = self._shell.asked(self.id, looking=True)
        return decider.blockers(procedure, case, command, context)

    def shown_to(self, audience: Audience, /) -> ShownCase:
        """The case as ``audience`` is shown it: the public sees no small count of people, nor what gives one away."""
        return ShownCase(self, audience)

    def duties(self) -> tuple[Duty, ...]:
        """Who owes what in this case, by when and why by then, and who supervises it; the duty of the case's own state first."""
        procedure, case, context = self._shell.asked(self.id, looking=True)
        return tuple(owed_now(procedure, case, context))

    def delegations(self) -> tuple[Delegation, ...]:
        """Who acts for whom in which role, now or from a later day on: the delegations that are neither over nor without the
        appointment on which they rest."""
        procedure, case, context = self._shell.asked(self.id, looking=True)
        return tuple(delegations(procedure, case, context))

    def plan(self, goal: str, /) -> Plan:
        """The shortest lawful way from where the case stands to ``goal`` (a state, a step or an outcome), or what is in the way.

        It is by role, and says what has to be found on the way; it recommends no finding. What plugins will
        say of an act is not foreseen, and stands among what it asks. Searching takes as long as `check` does
        at most. `InvalidInput` when ``goal`` is none of the procedure.
        """
        procedure, case, context = self._shell.asked(self.id, looking=True)
        in_office = tuple(one for one in context.offices if one.actor not in case.recused)
        found = plan(procedure, case, goal, now=context.now, calendar=context.calendar, offices=in_office)
        if not context.checks:
            return found
        names = listing([same(check.plugin) for check in context.checks])
        asked = say("that no plugin stands against it ({names})", "插件（{names}）无异议", names=names)
        return attrs.evolve(found, acts=tuple(attrs.evolve(act, asks=(*act.asks, asked)) for act in found.acts))

    def available(self, by: Actor, /, *, role: str | None = None) -> tuple[Option, ...]:
        """What ``by`` could do now, given fitting values: rows of the case and of its items, and items to add."""
        check_office_holder(by, "by")
        procedure, case, context = self._shell.asked(self.id, looking=True)
        return decider.available(procedure, case, by, role, context)
