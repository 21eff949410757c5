"""How an act happens: load → decide → seal → append; again after a lost race, if that changes nothing that was decided."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from ..calendar import Calendar
from ..case import Case
from ..decision.commands import Add, Command
from ..decision.decider import decide
from ..decision.events import Event, Opened
from ..decision.evolution import evolve
from ..decision.view import Context
from ..errors import Corrupt, IdempotencyMismatch, InvalidInput, StoreError, VersionConflict
from ..history.chain import GENESIS
from ..history.commit import Circumstances, batch, request_digest, seal
from ..history.record import Record
from ..language import Procedure
from ..ports.store import AppendResult, CaseQuery, Store
from ..requirements import PluginRequirement
from ..values import utc
from . import streams
from .offices import OfficeBook
from .registry import Registry

Clock = Callable[[], datetime]
RETRIES = 5
CLAMP_TOLERANCE = timedelta(seconds=5)
CACHED_CASES = 512


@attrs.define
class Shell:
    """Everything an act needs that is not the decision itself: the store, the clock, the calendar, who is in office."""

    store: Store
    registry: Registry
    offices: OfficeBook
    calendar: Calendar
    clock: Clock
    requirements: Mapping[str, PluginRequirement]
    plugin_names: tuple[str, ...]
    _cases: OrderedDict[str, Case] = attrs.field(factory=OrderedDict)

    def moment(self, previous: datetime | None) -> tuple[datetime, bool]:
        """When something is recorded now: never before ``previous``; and whether the clock stood notably behind it."""
        now = self.clock()
        if now.tzinfo is None:
            raise InvalidInput.at(
                "clock", "it tells a time without a zone", "let it return aware times, such as datetime.now(UTC)"
            )
        now = now.astimezone(UTC)
        if previous is None or now >= previous:
            return now, False
        return previous, previous - now > CLAMP_TOLERANCE

    def load(self, case_id: str) -> tuple[Procedure, Case]:
        """The case as the store has it now, with the procedure it runs under."""
        case = self._cases.get(case_id)
        version, head = (0, GENESIS) if case is None else (case.version, case.head)
        for record in streams.read(self.store, streams.case_stream(case_id), after=version, head=head):
            case = evolve(case, record.event, record.stamp)
        if case is None:
            raise InvalidInput.at("case", f"there is no case {case_id!r} in this store", "list them: engine.cases()")
        if case.id != case_id:
            raise Corrupt(f"the stream of case {case_id!r} holds case {case.id!r}")
        self.remember(case)
        return self.registry.of_case(case.procedure, case.procedure_version, case.digest), case

    def remember(self, case: Case) -> None:
        """Keep ``case`` so that the next load reads only what is new."""
        self._cases[case.id] = case
        self._cases.move_to_end(case.id)
        while len(self._cases) > CACHED_CASES:
            self._cases.popitem(last=False)

    def forget(self, case_id: str) -> None:
        """Read the case from its beginning at the next load."""
        self._cases.pop(case_id, None)

    def context(self, procedure: Procedure, matter: str, case_id: str, now: datetime) -> Context:
        """What a decision may know besides the case."""
        return Context(
            now=now,
            calendar=self.calendar,
            offices=self.offices.current().of(procedure.id),
            elsewhere=self._elsewhere(procedure, matter, case_id),
            plugins=self.requirements,
        )

    def _elsewhere(self, procedure: Procedure, matter: str, case_id: str) -> Mapping[str, frozenset[str]]:
        if not any(separation.across == "matter" for separation in procedure.separations):
            return {}
        acted: dict[str, frozenset[str]] = {}
        after: str | None = None
        while True:
            page = self.store.find_cases(CaseQuery(matter=matter, procedure=procedure.id, after=after))
            for row in page.rows:
                if row.case_id != case_id:
                    for actor, roles in self.load(row.case_id)[1].acted.items():
                        acted[actor] = acted.get(actor, frozenset()) | roles
            after = page.next
            if after is None:
                return acted

    def recall(self, stream: str, key: str, digest: str | None) -> AppendResult | None:
        """What was stored under ``key``, if anything; `IdempotencyMismatch` when that was for another request."""
        found = self.store.lookup(stream, key)
        if found is None:
            return None
        stored, result = found
        if digest is not None and stored != digest:
            raise IdempotencyMismatch(stream, key)
        return result

    def records(self, stream: str, result: AppendResult) -> tuple[Record, ...]:
        """The records that an append wrote."""
        return tuple(
            record
            for record in streams.read(self.store, stream)
            if result.first_version <= record.version <= result.last_version
        )

    def perform(
        self, case_id: str, commands: Sequence[Command], *, key: str | None, if_version: int | None, at: datetime | None
    ) -> tuple[Record, ...]:
        """Do ``commands`` on a case as one transaction, and return their records."""
        stream = streams.case_stream(case_id)
        digest = None if key is None else request_digest(commands)
        if key is not None and (found := self.recall(stream, key, digest)) is not None:
            return self.records(stream, found)
        first: Work | None = None
        for attempt in range(RETRIES + 1):
            procedure, case = self.load(case_id)
            if if_version is not None and case.version != if_version:
                raise VersionConflict(stream, if_version, case.version)
            work = Work(self, procedure, case_id, case)
            for command in commands:
                work.do(command, key=key, at=at)
            if first is not None and not work.repeats(first):
                raise VersionConflict(stream, first.version, case.version)
            first = first or work
            try:
                return work.commit(key=key, digest=digest)
            except VersionConflict:
                if if_version is not None or attempt == RETRIES:
                    raise
        raise AssertionError("the last attempt returns or raises")


class Work:
    """One transaction in the making: commands decided one after the other, each on what the one before made of the case."""

    def __init__(self, shell: Shell, procedure: Procedure, case_id: str, case: Case | None) -> None:
        self._shell = shell
        self.procedure = procedure
        self.case_id = case_id
        self.before = case
        self.case = case
        self.commands: list[Command] = []
        self.done: list[Record] = []

    @property
    def version(self) -> int:
        """The version of the case that the work began from."""
        return 0 if self.before is None else self.before.version

    def do(self, command: Command, *, key: str | None, at: datetime | None, matter: str = "") -> Record:
        """Decide ``command`` and put its record into the transaction; refused, it leaves the transaction as it was."""
        case = self.case
        recorded_at, clamped = self._shell.moment(None if case is None else case.recorded_at)
        occurred_at = claimed(at, recorded_at, None if case is None else case.updated_at)
        matter = matter if case is None else case.matter.key
        context = self._shell.context(self.procedure, matter, self.case_id, occurred_at)
        decided = decide(self.procedure, case, command, context)
        record = seal(
            streams.case_stream(self.case_id),
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
                key=key,
                procedure=self.procedure.digest,
                plugins=self._shell.plugin_names,
            ),
        )
        self.case = evolve(case, record.event, record.stamp)
        self.commands.append(command)
        self.done.append(record)
        return record

    def repeats(self, first: Work) -> bool:
        """Whether doing the same again, after a lost race, decides the same: a lone added item always does, anything else if the
        case stands where it stood, in the same round, and every event comes out alike."""
        if len(self.commands) == 1 and isinstance(self.commands[0], Add):
            return True
        if self.before is None or first.before is None:
            return self.before is first.before
        where = [(case.state, case.entered[case.state]) for case in (self.before, first.before)]
        events = [[_timeless(record.event) for record in work.done] for work in (self, first)]
        return where[0] == where[1] and events[0] == events[1]

    def commit(self, *, key: str | None, digest: str | None) -> tuple[Record, ...]:
        """Append what was done. After a storage failure the case is read from its beginning again."""
        if not self.done:
            return ()
        wanted = batch(
            self.done,
            expected_version=self.version,
            procedure=self.procedure,
            before=self.before,
            after=self.case,
            key=key,
            digest=digest,
        )
        try:
            result = self._shell.store.append(wanted)
        except VersionConflict as conflict:
            if conflict.actual < conflict.expected:
                self._shell.forget(self.case_id)
            raise
        except StoreError:
            self._shell.forget(self.case_id)
            raise
        if result.replayed:
            return self._shell.records(wanted.stream, result)
        if self.case is not None:
            self._shell.remember(self.case)
        return tuple(self.done)


def _timeless(event: Event) -> Event:
    changes: dict[str, object] = {}
    if hasattr(event, "due"):
        changes["due"] = None
    if not isinstance(event, Opened) and hasattr(event, "laid_out"):
        changes["laid_out"] = tuple(attrs.evolve(one, due=None) for one in event.laid_out)
    return attrs.evolve(event, **changes)


def claimed(at: datetime | None, recorded_at: datetime, previous: datetime | None) -> datetime:
    """The time an act claims: ``at``, neither ahead of the clock nor before the act recorded last; by default now."""
    if at is None:
        return recorded_at
    moment = utc(at, "at")
    if moment > recorded_at:
        raise InvalidInput.at(
            "at", f"{moment.isoformat()} lies ahead of the clock, {recorded_at.isoformat()}", "claim no future time"
        )
    if previous is not None and moment < previous:
        raise InvalidInput.at(
            "at",
            f"{moment.isoformat()} is before the last act, {previous.isoformat()}",
            "claim times in the order of the acts",
        )
    return moment
