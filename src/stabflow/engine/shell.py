"""Everything an act needs that is not the decision itself, and the cases as they were read last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import attrs

from ..calendar import Calendar, span_title
from ..case import Case
from ..decision.checks import Check
from ..decision.evolution import replay
from ..decision.view import Context
from ..errors import Corrupt, IdempotencyMismatch, InvalidInput
from ..history.chain import GENESIS
from ..history.commit import head
from ..history.record import Record
from ..history.snapshots import Snapshots, case_of
from ..language import Procedure
from ..making import maker
from ..plugins import Watching
from ..ports.store import AppendResult, Capability, CaseQuery, Clock, Store
from ..requirements import PluginRequirement
from ..values import utc
from . import pages, streams
from .offices import OfficeBook, Offices
from .registry import Registry

CLAMP_TOLERANCE = timedelta(seconds=5)
CACHED_CASES = 512
RETRIES = 5
"""So often is tried again what lost a race."""


@attrs.frozen
class _Seen:
    """A case as it was read last; ``for_looking``: it rests on a snapshot."""

    case: Case
    for_looking: bool


_context = maker(Context)


@attrs.define
class Shell:
    """Everything an act needs that is not the decision itself: the store, the clock, the calendar, who is in office.

    ``checks`` are asked before it, those ``watching`` are told after it. ``copied`` says of streams up to which version they
    were copied from another store, without the keys. ``notifies``: the store has an outbox, into which goes what is to be told;
    ``reminded`` are reminders, by case and key, that are known to be there.
    Where ``outside`` is given, ``store`` is within a transaction of the host:
    that is the shell beyond it, and plugins are told of what is ``untold`` when the host has committed.

    A case is what its records give. Only where it is asked for ``looking``, which decides nothing, may it rest on a snapshot:
    whoever can write to the storage could have put another in its place, and what is decided on that would stand in the records
    when it is gone again. Nor does a snapshot ever come of one.
    """

    store: Store
    registry: Registry
    offices: OfficeBook
    calendar: Calendar
    clock: Clock
    requirements: Mapping[str, PluginRequirement]
    plugin_names: tuple[str, ...]
    late_entry: timedelta | None
    checks: tuple[Check, ...] = ()
    watching: Watching = attrs.field(factory=Watching)
    copied: Mapping[str, int] = attrs.field(factory=dict)
    outside: Shell | None = None
    untold: list[tuple[Case, tuple[Record, ...]]] = attrs.field(factory=list, init=False)
    reminded: set[tuple[str, str]] = attrs.field(factory=set, init=False)
    snapshots: Snapshots | None = attrs.field(init=False)
    notifies: bool = attrs.field(init=False)
    _cases: OrderedDict[str, _Seen] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    @snapshots.default
    def _takes_snapshots(self) -> Snapshots | None:
        return Snapshots() if Capability.SNAPSHOTS in self.store.capabilities else None

    @notifies.default
    def _has_outbox(self) -> bool:
        return Capability.OUTBOX in self.store.capabilities

    def over(
        self,
        store: Store,
        *,
        offices: Offices | None = None,
        outside: Shell | None = None,
        copied: Mapping[str, int] | None = None,
    ) -> Shell:
        """The same over another store, of which so much is known already, and of which no plugin is told."""
        return Shell(
            store=store,
            registry=self.registry.over(store),
            offices=OfficeBook(store, offices),
            calendar=self.calendar,
            clock=self.clock,
            requirements=self.requirements,
            plugin_names=self.plugin_names,
            late_entry=self.late_entry,
            checks=self.checks,
            copied=copied or {},
            outside=outside,
        )

    def within(self, store: Store) -> Shell:
        """The same within a transaction of the host, over the ``store`` that has joined it. What was read last holds there too,
        where it still is so."""
        joined = self.over(store, offices=self.offices.last_seen, outside=self)
        with self._lock:
            joined._cases.update(self._cases)
        return joined

    def now(self) -> datetime:
        """What the clock says."""
        now = self.clock()
        if not isinstance(now, datetime):
            raise InvalidInput.at(
                "clock", f"it tells {now!r:.60}, which is not a time", "let it return times, such as datetime.now(UTC)"
            )
        if now.tzinfo is not UTC:
            if now.utcoffset() is None:
                raise InvalidInput.at(
                    "clock", "it tells a time without a zone", "let it return aware times, such as datetime.now(UTC)"
                )
            now = now.astimezone(UTC)
        return now

    def asked(self, case_id: str, *, looking: bool = False) -> tuple[Procedure, Case, Context]:
        """The case with its procedure, and what a decision on it may know at this moment."""
        procedure, case, offices = self.standing(case_id, looking=looking)
        others = self.others(procedure, case.matter.key, case_id, looking=looking)
        return procedure, case, self.context(procedure, present(self.now(), case, offices), offices, others)

    def load(self, case_id: str, *, looking: bool = False) -> tuple[Procedure, Case]:
        """The case as the store has it now, with the procedure it runs under."""
        known = self._seen(case_id, looking=looking)
        try:
            seen = self._caught_up(case_id, known, looking=looking)
        except streams.OutOfStep:
            seen = self._caught_up(case_id, None, looking=looking)
        if seen is None:
            raise InvalidInput.at("case", f"there is no case {case_id!r} in this store", "list them: engine.cases()")
        case = seen.case
        if seen is not known:
            if case.id != case_id:
                raise Corrupt(f"the stream of case {case_id!r} holds case {case.id!r}")
            self._keep(seen)
        return self.registry.of_case(case.procedure, case.procedure_version, case.digest), case

    def standing(self, case_id: str, *, looking: bool = False) -> tuple[Procedure, Case, Offices]:
        """The case with its procedure, and the offices in force, as the store has them now. Only what is new is read."""
        seen, offices = self._seen(case_id, looking=looking), self.offices.last_seen
        if seen is not None and offices.version:
            case = seen.case
            here = head(streams.case_stream(case_id), case.version, case.head)
            if self.store.are_heads((here, offices.at)):
                return self.registry.of_case(case.procedure, case.procedure_version, case.digest), case, offices
        return *self.load(case_id, looking=looking), self.offices.current()

    def _seen(self, case_id: str, *, looking: bool) -> _Seen | None:
        """The case as it was read last, if that will do."""
        seen = self._cases.get(case_id)
        return seen if seen is not None and (looking or not seen.for_looking) else None

    def _caught_up(self, case_id: str, known: _Seen | None, *, looking: bool) -> _Seen | None:
        """The case as it is now, going on from what is ``known``; `OutOfStep` where that is no longer so."""
        if known is None and looking and (known := self._snapshot(case_id)) is not None:
            try:
                return self._caught_up(case_id, known, looking=True)
            except streams.OutOfStep:  # the snapshot is of other records
                known = None
        before = None if known is None else known.case
        version, head = (0, GENESIS) if before is None else (before.version, before.head)
        news = streams.news(self.store, streams.case_stream(case_id), version=version, head=head)
        case = replay(((record.event, record.stamp) for record in news), before)
        if case is before:
            return known
        return None if case is None else _Seen(case, known is not None and known.for_looking)

    def _snapshot(self, case_id: str) -> _Seen | None:
        """The case as its snapshot has it, if there is one that can be read."""
        if self.snapshots is None:
            return None
        stream = streams.case_stream(case_id)
        taken = self.store.get_snapshot(stream)
        case = None if taken is None or taken.stream != stream else case_of(taken)
        return None if case is None or case.id != case_id else _Seen(case, for_looking=True)

    def remember(self, case: Case) -> None:
        """Keep ``case``, which rests on no snapshot, so that the next load reads only what is new."""
        self._keep(_Seen(case, for_looking=False))

    def _keep(self, seen: _Seen) -> None:
        with self._lock:
            self._cases[seen.case.id] = seen
            self._cases.move_to_end(seen.case.id)
            while len(self._cases) > CACHED_CASES:
                self._cases.popitem(last=False)

    def context(self, procedure: Procedure, now: datetime, offices: Offices, others: Iterable[Case]) -> Context:
        """What a decision may know besides the case; ``others`` are those in which acts count too."""
        acted: dict[str, frozenset[str]] = {}
        for other in others:
            for actor, roles in other.acted.items():
                acted[actor] = acted.get(actor, frozenset()) | roles
        former = offices.former.get(procedure.id, {})
        return _context(now, self.calendar, offices.of(procedure), acted, former, self.requirements, self.checks)

    def others(self, procedure: Procedure, matter: str, case_id: str, *, looking: bool = False) -> tuple[Case, ...]:
        """The other cases on the matter, as the store has them now, where what was done in them counts in this one too."""
        if not procedure.looks_across:
            return ()
        rows = pages.cases(self.store, CaseQuery(matter=matter, procedure=procedure.id))
        return tuple(self.load(row.case_id, looking=looking)[1] for row in rows if row.case_id != case_id)

    def recall(self, stream: str, key: str, digest: str | None) -> AppendResult | None:
        """What was stored under ``key``, if anything; `IdempotencyMismatch` when that was for another request."""
        found = self.store.lookup(stream, key)
        if found is None:
            return None
        stored, result = found
        if digest is not None and stored != digest:
            raise IdempotencyMismatch(stream, key)
        return result

    def records(self, stream: str, result: AppendResult, key: str | None) -> tuple[Record, ...]:
        """The records that an append wrote under ``key``."""
        wanted = range(result.first_version, result.last_version + 1)
        found = tuple(record for record in streams.read(self.store, stream) if record.version in wanted)
        if len(found) != len(wanted):
            raise Corrupt(f"{stream} has a key for versions {wanted[0]} to {wanted[-1]}, not all of which are there")
        if any(record.key != key for record in found):
            raise Corrupt(f"{stream} has a key for versions {wanted[0]} to {wanted[-1]}, which were not done under it")
        return found


def present(now: datetime, case: Case | None, offices: Offices) -> datetime:
    """When an act on ``case`` happens that claims no other time: as the clock says, but not before the case's last act, nor
    before an office that another clock has just filled. A clock that is wrong by more than seconds must not date the acts
    that others do: it would end their waits."""
    filled = offices.occurred_at
    if filled is not None and now < filled <= now + CLAMP_TOLERANCE:
        now = filled
    return now if case is None else max(now, case.updated_at)


def recorded(now: datetime, *before: datetime | None) -> tuple[datetime, bool]:
    """When something is recorded as the clock says ``now``: never ``before`` what it follows; and whether the clock stood
    notably behind that."""
    last = now
    for one in before:
        if one is not None and one > last:
            last = one
    return last, last - now > CLAMP_TOLERANCE if last is not now else False


def claimed(at: datetime | None, now: datetime, previous: datetime | None, late_entry: timedelta | None) -> datetime:
    """The time an act claims: ``at``, neither ahead of the clock nor before the act recorded last, nor longer ago than
    ``late_entry``, if that is given; by default now."""
    if at is None:
        return now
    moment = utc(at, "at")
    if moment > now:
        raise InvalidInput.at(
            "at", f"{moment.isoformat()} lies ahead of the clock, {now.isoformat()}", "claim no future time"
        )
    if previous is not None and moment < previous:
        raise InvalidInput.at(
            "at",
            f"{moment.isoformat()} is before the last act, {previous.isoformat()}",
            "claim times in the order of the acts",
        )
    if late_entry is not None and now - moment > late_entry:
        raise InvalidInput.at(
            "at",
            f"{moment.isoformat()} is more than {span_title(late_entry)} before the clock, {now.isoformat()}",
            "enter acts when they are done; to enter a matter of the past, open the engine with late_entry=None",
        )
    return moment
