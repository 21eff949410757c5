"""The handle through which a host acts on a case, and the batch of acts that commits as one."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

from ..case import Case
from ..decision import decider
from ..decision.commands import Add, Amend, Appoint, Command, Fire, Relieve
from ..decision.decider import Option
from ..decision.events import Added
from ..errors import Blocker, IdempotencyMismatch, InvalidInput, StabflowError
from ..history.commit import request_digest
from ..history.record import Record
from ..language import Procedure
from ..values import Actor, Basis
from . import streams
from .shell import Shell, Work, clean_key

_ASKING = Basis("asking")


def _added_id(record: Record) -> str:
    assert isinstance(record.event, Added), "an add is recorded as item.added"
    return record.event.item


class CaseHandle:
    """A case in a store. Every act happens now, at the call, by somebody who holds the role for it, or is refused with every
    reason; what was refused leaves nothing changed.

    Each acting method takes ``by`` (who), ``basis`` (why), and optionally ``role`` (in which of the actor's roles), ``key``
    (makes the act happen once however often it is sent), ``if_version`` (`VersionConflict` unless the case stands there) and
    ``at`` (the time claimed for the act, not ahead of the clock). They raise `Refused`, `InvalidInput` and `StoreError`.
    """

    def __init__(self, shell: Shell, case_id: str) -> None:
        self._shell = shell
        self.id = case_id

    def __repr__(self) -> str:
        return f"<CaseHandle {self.id}>"

    @property
    def value(self) -> Case:
        """The case as the store has it now."""
        return self._shell.load(self.id)[1]

    @property
    def state(self) -> str:
        """Where the case stands now."""
        return self.value.state

    @property
    def procedure(self) -> Procedure:
        """The procedure the case runs under."""
        return self._shell.load(self.id)[0]

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

    def _one(self, command: Command, key: str | None, if_version: int | None, at: datetime | None) -> Record:
        return self._shell.perform(self.id, command, key=key, if_version=if_version, at=at)

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
        return Acts(self._shell, self.id, by, Basis.of(basis), role, key, if_version, at)

    def blockers(
        self, trigger: str, /, *, by: Actor, item: str | None = None, role: str | None = None, **values: object
    ) -> tuple[Blocker, ...]:
        """Everything that stands against firing ``trigger`` now, without trying it. Fields that are not given count as given."""
        return self._blockers(Fire(actor=by, basis=_ASKING, role=role, trigger=trigger, item=item, values=values))

    def add_blockers(
        self, kind: str, /, *, by: Actor, trigger: str | None = None, role: str | None = None, **values: object
    ) -> tuple[Blocker, ...]:
        """Everything that stands against adding an item of ``kind`` now, without trying it."""
        return self._blockers(Add(actor=by, basis=_ASKING, role=role, kind=kind, trigger=trigger, values=values))

    def _blockers(self, command: Command) -> tuple[Blocker, ...]:
        procedure, case = self._shell.load(self.id)
        now, _ = self._shell.moment(case.recorded_at)
        return decider.blockers(procedure, case, command, self._shell.context(procedure, case.matter.key, case.id, now))

    def available(self, by: Actor, /, *, role: str | None = None) -> tuple[Option, ...]:
        """What ``by`` could do now, given fitting values: rows of the case and of its items, and items to add."""
        procedure, case = self._shell.load(self.id)
        now, _ = self._shell.moment(case.recorded_at)
        context = self._shell.context(procedure, case.matter.key, case.id, now)
        return decider.available(procedure, case, by, role, context)


class Acts:
    """Several acts in the making. Each is decided at its call, on what the earlier ones made of the case; nothing is stored
    before the ``with`` block is left. Under a ``key`` that was used already, the acts answer with what was stored then.

    If somebody else acted on the case meanwhile, or an office changed hands, the acts are decided again as the block is left, and
    stored only if they come out the same; else `VersionConflict`, or the refusal.
    """

    def __init__(
        self,
        shell: Shell,
        case_id: str,
        by: Actor,
        basis: Basis,
        role: str | None,
        key: str | None,
        if_version: int | None,
        at: datetime | None,
    ) -> None:
        self._shell = shell
        self._case_id = case_id
        self._who: dict[str, object] = {"actor": by, "basis": basis, "role": role}
        self._key = None if key is None else clean_key(key)
        self._if_version = if_version
        self._at = at
        self._work: Work | None = None
        self._stored: tuple[Record, ...] | None = None
        self._asked: list[Command] = []
        self._refusal: StabflowError | None = None
        self.records: tuple[Record, ...] = ()

    def __enter__(self) -> Self:
        self._stored, self._asked, self._refusal, self.records = None, [], None, ()
        stream = streams.case_stream(self._case_id)
        if self._key is not None and (found := self._shell.recall(stream, self._key, None)) is not None:
            self._stored = self._shell.records(stream, found)
        if_version = self._if_version if self._stored is None else None
        self._work = Work.on(self._shell, self._case_id, key=self._key, at=self._at, if_version=if_version)
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        work, self._work = self._work, None
        if type_ is not None or work is None:
            return
        if self._refusal is not None:
            raise self._refusal
        digest = None if self._key is None else request_digest(self._asked)
        if self._stored is not None and self._key is not None:
            self._shell.recall(streams.case_stream(self._case_id), self._key, digest)
            self.records = self._stored
            return
        self.records = work.finish(digest, ids_are_known=True)

    def _do(self, command: Command) -> Record:
        if self._work is None:
            raise InvalidInput.at("acting", "the block is not open", "act inside `with case.acting(…) as act:`")
        if self._stored is None:
            try:
                record = self._work.do(command, offices=self._shell.offices.current())
            except StabflowError as refusal:
                if self._key is not None:
                    self._refusal = self._refusal or refusal
                raise
            self._asked.append(command)
            return record
        self._asked.append(command)
        if len(self._asked) > len(self._stored):
            raise IdempotencyMismatch(streams.case_stream(self._case_id), self._key or "")
        return self._stored[len(self._asked) - 1]

    @property
    def value(self) -> Case:
        """The case as it would be with the acts so far."""
        if self._work is None or self._work.case is None:
            raise InvalidInput.at("acting", "the block is not open", "ask inside `with case.acting(…) as act:`")
        return self._work.case

    def fire(self, trigger: str, /, *, item: str | None = None, **values: object) -> Record:
        """Fire a row of the case, or of ``item``."""
        return self._do(Fire(trigger=trigger, item=item, values=values, **self._who))  # type: ignore[arg-type]

    def add(self, kind: str, /, *, trigger: str | None = None, **values: object) -> str:
        """Add an item and return its id."""
        record = self._do(Add(kind=kind, trigger=trigger, values=values, **self._who))  # type: ignore[arg-type]
        if not isinstance(record.event, Added):
            raise IdempotencyMismatch(record.stream, self._key or "")
        return record.event.item

    def amend(self, item: str | None, /, *, reason: str, **values: object) -> Record:
        """Correct what was stated of ``item`` (``None``: of the case)."""
        return self._do(Amend(item=item, values=values, reason=reason, **self._who))  # type: ignore[arg-type]

    def appoint(self, office: str, appointee: Actor, /) -> Record:
        """Appoint ``appointee`` to a role of the case."""
        return self._do(Appoint(office=office, appointee=appointee, **self._who))  # type: ignore[arg-type]

    def relieve(self, office: str, appointee: Actor, /) -> Record:
        """End an appointment."""
        return self._do(Relieve(office=office, appointee=appointee, **self._who))  # type: ignore[arg-type]
