"""Several acts of one actor that commit as one."""

from __future__ import annotations

from datetime import date, datetime
from types import TracebackType
from typing import Self

from ..case import Case
from ..decision.commands import (
    Add,
    Amend,
    Appoint,
    Command,
    Delegate,
    EndDelegation,
    Fire,
    Recuse,
    Relieve,
    ResumeClock,
    StopClock,
)
from ..decision.events import Added
from ..errors import IdempotencyMismatch, InvalidInput, StabflowError
from ..history.commit import request_digest
from ..history.record import Record
from ..values import Actor, Basis
from . import streams
from .performing import caught_up
from .shell import Shell
from .work import Work, clean_key


class Acts:
    """Several acts in the making. Each is decided at its call, on what the earlier ones made of the case; nothing is stored
    before the ``with`` block is left. Under a ``key`` that was used already, the acts answer with what was stored then.

    If somebody else acted on the case meanwhile, or an office changed hands, or the first act was decided more than five seconds
    ago, the acts are decided again as the block is left, and stored only if they come out the same; else `VersionConflict`, or
    the refusal.
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
        if self._work is not None:
            raise InvalidInput.at(
                "acting", "the block is open already", "open another one: `with case.acting(…) as act:`"
            )
        self._stored, self._asked, self._refusal, self.records = None, [], None, ()
        stream = streams.case_stream(self._case_id)
        if self._key is not None and (found := self._shell.recall(stream, self._key, None)) is not None:
            self._stored = self._shell.records(stream, found, self._key)
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
        self.records = caught_up(self._shell, work, self._at).finish(digest, ids_are_known=True)

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

    def stop_clock(self, item: str | None = None, /, *, reason: str) -> Record:
        """Stop the clock of ``item`` (``None``: of the case)."""
        return self._do(StopClock(item=item, reason=reason, **self._who))  # type: ignore[arg-type]

    def resume_clock(self, item: str | None = None, /, *, reason: str) -> Record:
        """Let the clock of ``item`` (``None``: of the case) run on."""
        return self._do(ResumeClock(item=item, reason=reason, **self._who))  # type: ignore[arg-type]

    def appoint(self, office: str, appointee: Actor, /) -> Record:
        """Appoint ``appointee`` to a role of the case."""
        return self._do(Appoint(office=office, appointee=appointee, **self._who))  # type: ignore[arg-type]

    def relieve(self, office: str, appointee: Actor, /) -> Record:
        """End an appointment."""
        return self._do(Relieve(office=office, appointee=appointee, **self._who))  # type: ignore[arg-type]

    def recuse(self, office: str, who: Actor, /, *, reason: str) -> Record:
        """Let ``who``, who is ``office`` here, take no further part in the case."""
        return self._do(Recuse(office=office, who=who, reason=reason, **self._who))  # type: ignore[arg-type]

    def delegate(
        self, office: str, to: Actor, /, *, until: date | datetime, since: date | datetime | None = None, reason: str
    ) -> Record:
        """Let ``to`` act as ``office`` in this case for the actor, who holds it."""
        command = Delegate(office=office, to=to, until=until, since=since, reason=reason, **self._who)  # type: ignore[arg-type]
        return self._do(command)

    def end_delegation(self, office: str, delegate: Actor, /) -> Record:
        """End a delegation before its time."""
        return self._do(EndDelegation(office=office, delegate=delegate, **self._who))  # type: ignore[arg-type]
