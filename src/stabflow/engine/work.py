"""How an act happens: load → decide → seal → append; again after a lost race, if that changes nothing that was decided."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..calendar import DueTime
from ..case import Case
from ..decision.commands import Add, Command, Migrate, Open, ResumeClock, StopClock, check_nobody_named
from ..decision.decider import decide
from ..decision.events import Event
from ..decision.evolution import evolve
from ..decision.permission import TICK
from ..errors import InvalidInput, Refused, VersionConflict
from ..history.chain import GENESIS
from ..history.commit import batch, head, seal
from ..history.record import Circumstances, Record
from ..language import Procedure
from ..ports.store import StreamHead
from ..values import clean_text
from . import observers, streams
from .offices import Offices
from .shell import CLAMP_TOLERANCE, RETRIES, Shell, claimed, present, recorded

MAX_KEY = 200
OF_TIME = "system:"
"""With this begin the keys of what time does: nobody may have done anything else under them."""


class Work:
    """One transaction in the making: commands decided one after the other, each on what the one before made of the case.

    It is stored only if the case, the offices and the other cases that count are still those on which the first command was
    decided. ``as_of`` is for what time finds first: it is so since then, however late it is found; the record claims that time,
    or that of the act before it where that is later. What comes of it begins now.
    """

    def __init__(
        self,
        shell: Shell,
        procedure: Procedure,
        case_id: str,
        case: Case | None,
        offices: Offices,
        *,
        key: str | None,
        at: datetime | None,
        if_version: int | None = None,
        as_of: datetime | None = None,
    ) -> None:
        self._shell = shell
        self._procedure = procedure
        self._case_id = case_id
        self._stream = streams.case_stream(case_id)
        self._key = key
        self._at = at
        self._as_of = as_of
        self._if_version = if_version
        self._before = case
        self._offices = offices
        self._commands: list[Command] = []
        self._began: datetime | None = None
        self._onto: Procedure | None = None
        self._others: dict[str, StreamHead] = {}
        self.case = case
        self.done: list[Record] = []

    @classmethod
    def on(
        cls, shell: Shell, case_id: str, *, key: str | None, at: datetime | None, if_version: int | None = None
    ) -> Work:
        """Work on a case as the store has it now; `VersionConflict` unless it stands at ``if_version``, where that is given."""
        procedure, case, offices = shell.standing(case_id)
        if if_version is not None and case.version != if_version:
            raise VersionConflict(streams.case_stream(case_id), if_version, case.version)
        return cls(shell, procedure, case_id, case, offices, key=key, at=at, if_version=if_version)

    @property
    def _version(self) -> int:
        return 0 if self._before is None else self._before.version

    @property
    def offices_head(self) -> StreamHead:
        """Where the offices ended on which the first command was decided."""
        return self._offices.at

    @property
    def procedure(self) -> Procedure:
        """The procedure under which the first act was decided."""
        return self._procedure

    @property
    def before(self) -> Case | None:
        """The case as it stood before the first act."""
        return self._before

    def anew(self, written: int) -> Work:
        """The same acts, after so many records more that time has made; `VersionConflict` where they come out otherwise."""
        if self._if_version is not None:
            self._if_version += written
        return self._again(ids_are_known=True)

    def do(self, command: Command, *, offices: Offices | None = None) -> Record:
        """Decide ``command`` and put its record into the transaction; refused, it leaves the transaction as it was.

        ``offices`` are those now in force, where they may be others than at the beginning.
        """
        if command.actor != TICK:
            check_nobody_named(command)
        case, shell, offices = self.case, self._shell, offices or self._offices
        now = shell.now()
        self._began = self._began or now
        recorded_at, clamped = recorded(now, None if case is None else case.recorded_at, offices.recorded_at)
        now = present(now, case, offices)
        if self._at is not None and shell.late_entry is not None and isinstance(command, StopClock | ResumeClock):
            cure = "leave the time out; to enter a matter of the past, open the engine with late_entry=None"
            raise InvalidInput.at("at", "a clock is stopped and resumed at the time at which that is recorded", cure)
        previous = None if case is None else case.updated_at
        if self._as_of is None or self.done:
            occurred_at = claimed(self._at, now, previous, shell.late_entry)
        else:
            occurred_at = max(filter(None, (min(self._as_of, now), previous)))
        matter = command.matter.key if isinstance(command, Open) else "" if case is None else case.matter.key
        others = shell.others(self._procedure, matter, self._case_id)
        for other in others:  # as the first command saw it
            stream = streams.case_stream(other.id)
            self._others.setdefault(stream, head(stream, other.version, other.head))
        try:
            decided = decide(
                self._procedure, case, command, shell.context(self._procedure, occurred_at, offices, others)
            )
        except Refused as refusal:
            if command.actor != TICK:  # which leaves the call of the host: the first decision, or one after a race
                observers.refused(shell, case, refusal)
            raise
        began = offices.since.get(decided.mandate)
        if began is not None and occurred_at < began:
            raise InvalidInput.at(
                "at",
                f"{occurred_at.isoformat()} is before {command.actor} took office, {began.isoformat()}",
                "claim a later time; if the office was taken earlier, constitute it with that time",
            )
        record = seal(
            self._stream,
            1 if case is None else case.version + 1,
            GENESIS if case is None else case.head,
            decided.event,
            Circumstances(
                actor=command.actor,
                role=decided.role,
                basis=command.basis,
                mandate=decided.mandate,
                occurred_at=occurred_at,
                recorded_at=recorded_at,
                clamped=clamped,
                key=self._key,
                procedure=self._procedure.digest,
                plugins=shell.plugin_names,
            ),
        )
        self.case = evolve(case, record.event, record.stamp)
        if isinstance(command, Migrate):
            self._onto = command.to
        self._commands.append(command)
        self.done.append(record)
        return record

    def finish(self, digest: str | None, *, ids_are_known: bool = False) -> tuple[Record, ...]:
        """Commit; after a lost race do the same again, if that comes out the same and the case stands where the caller wants it
        to. Where the ids of added items are known already (``ids_are_known``), they must come out the same too.

        So also where the first act was decided a while ago: what is stored now is done now, and no wait ends meanwhile.
        """
        work = self._again(ids_are_known=ids_are_known) if self._is_stale() else self
        for attempt in range(RETRIES + 1):
            try:
                return work.commit(digest)
            except VersionConflict as conflict:
                is_taken = self._before is None and conflict.stream == self._stream
                if is_taken or attempt == RETRIES:
                    raise
                work = work._again(ids_are_known=ids_are_known)
        raise AssertionError("the last attempt returns or raises")

    def _is_stale(self) -> bool:
        """Whether the time of the first act is no longer that at which it would be stored. Its ``recorded_at`` does not tell,
        where the records before it bear a later one."""
        return bool(self.done) and self._began is not None and self._shell.now() - self._began > CLAMP_TOLERANCE

    def _again(self, *, ids_are_known: bool) -> Work:
        """The same commands on the case as it stands now. A lone added item may come out otherwise; for anything else the case
        must stand where it stood, in the same round, and every event come out alike: else `VersionConflict`."""
        shell = self._shell
        if self._before is None:
            offices = shell.offices.current()
            work = Work(
                shell, self._procedure, self._case_id, None, offices, key=self._key, at=self._at, as_of=self._as_of
            )
        else:
            work = Work.on(shell, self._case_id, key=self._key, at=self._at, if_version=self._if_version)
        for command in self._commands:
            work.do(command)
        lone_add = len(self._commands) == 1 and isinstance(self._commands[0], Add) and not ids_are_known
        if not lone_add and not work._repeats(self):
            raise VersionConflict(self._stream, self._version, work._version)
        return work

    def _repeats(self, first: Work) -> bool:
        where = [None if one is None else (one.state, one.entered[one.state]) for one in (self._before, first._before)]
        events = [[_timeless(record.event) for record in work.done] for work in (self, first)]
        return where[0] == where[1] and events[0] == events[1]

    def commit(self, digest: str | None) -> tuple[Record, ...]:
        """Append what was done, if anything."""
        if not self.done:
            return ()
        before = self._before
        wanted = batch(
            self.done,
            expected_version=self._version,
            procedure=self._procedure,
            before=before,
            after=self.case,
            onto=self._onto,
            key=self._key,
            digest=digest,
            relies_on=(
                head(self._stream, self._version, GENESIS if before is None else before.head),
                self.offices_head,
                *self._others.values(),
            ),
            snapshots=self._shell.snapshots,
            offices=self._offices.of(self._procedure) if self._shell.notifies else None,
        )
        result = self._shell.store.append(wanted)
        if result.replayed:
            return self._shell.records(self._stream, result, self._key)
        if self.case is not None:
            self._shell.remember(self.case)
            observers.recorded(self._shell, self.case, tuple(self.done))
        return tuple(self.done)


def _timeless(event: Event) -> Event:
    """The event without the due times, which another clock reading makes different."""
    changes: dict[str, object] = {}
    for name in (field.name for field in attrs.fields(type(event))):
        value = getattr(event, name)
        if isinstance(value, DueTime):
            changes[name] = None
        elif isinstance(value, tuple):
            changes[name] = tuple(attrs.evolve(one, due=None) if hasattr(one, "due") else one for one in value)
    return attrs.evolve(event, **changes)


def clean_key(key: str) -> str:
    """An idempotency key as it goes into the record, or `InvalidInput`: those of time are its own."""
    clean = clean_text(key, "key", max_length=MAX_KEY)
    if clean.startswith(OF_TIME):
        cure = "choose a key that begins otherwise"
        raise InvalidInput.at("key", f"{clean!r:.60} begins with {OF_TIME}, and is reserved", cure)
    return clean


def check_version(version: object) -> None:
    """`InvalidInput` unless ``version`` can be one at which a case stands, or is left open."""
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise InvalidInput.at(
            "if_version",
            f"{version!r:.60} is not a whole number",
            "give the version that the case must stand at, such as case.value.version",
        )
