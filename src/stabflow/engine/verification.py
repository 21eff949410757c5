"""Verifying a store: every chain, every replay, every mandate, every key, and the index and the snapshots against all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

import attrs

from .. import canonical
from ..case import Case
from ..decision.events import Migrated, Opened, PluginFailed, Proved, Registered, Ticked
from ..decision.evolution import evolve
from ..errors import Corrupt, StoreUnavailable
from ..history.chain import GENESIS
from ..history.index import all_rows
from ..history.record import Record
from ..history.snapshots import is_true
from ..ports.store import MAX_PAGE, Capability, CaseQuery, CaseRow, DutyQuery, DutyRow, Snapshot, Store
from . import pages, streams
from .attempts import HOST_SYSTEM, cases_seen, check_attempt
from .conformity import STOP, check_record, check_times
from .despatches import check_address, check_despatch
from .listed import UNFINISHED, check_listed, row_of
from .observers import is_by_engine
from .offices import FOUNDING, Offices, Tenures
from .registry import Registry

_LOOKS = 20
"""How often the duties of a case are looked at again because somebody acted on it meanwhile, if they fill several pages."""


@attrs.frozen
class Verified:
    """What `Engine.verify` went through without finding anything wrong."""

    cases: int
    records: int


def _check_failure(record: Record) -> None:
    if not isinstance(record.event, PluginFailed):
        raise Corrupt(f"{record.stream} version {record.version} is no failure of a plugin: {STOP}")
    if not is_by_engine(record):
        raise Corrupt(f"{record.stream} version {record.version} was not put on record by the engine: {STOP}")


class Verifier:
    """One verification of a store; it believes nothing that was read before, and others may act on the store meanwhile."""

    def __init__(self, store: Store, registry: Registry, copied: Mapping[str, int]) -> None:
        self._store = store
        self._copied = copied
        self._registry = registry
        self._procedures: dict[str, tuple[str, bool]] = {}
        self._offices = Offices()
        self._tenures = Tenures()
        self._last_office: Record | None = None
        self._records = 0

    def run(self, besides: Iterable[str] = ()) -> Verified:
        """Verify everything, and the attempts on matters ``besides`` those of the cases; `Corrupt` names the first thing that is
        wrong."""
        self._read_offices()
        seen, matters = dict[str, int](), set(besides)
        for row in pages.cases(self._store, CaseQuery()):
            seen[row.case_id] = self._case(row)
            matters.add(row.matter)
        for duty in pages.duties(self._store, DutyQuery(limit=MAX_PAGE)):
            if duty.case_id not in seen:  # opened meanwhile, if it is there at all
                opened = next(streams.read(self._store, streams.case_stream(duty.case_id)), None)
                if opened is None or not isinstance(opened.event, Opened):
                    raise Corrupt(f"the index has duties of case {duty.case_id!r}, of which there is no record: {STOP}")
                row = row_of(self._store, duty.case_id, opened.event.matter.key)
                seen[row.case_id] = self._case(row)
                matters.add(row.matter)
        cases = len(seen)
        check_listed(self._store, seen)
        for matter in sorted(matters):
            self._attempts(matter)
        for case_id in seen:
            self._beside(streams.notices_stream(case_id), check_despatch)
        self._ticks()
        self._beside(streams.ADDRESSES, check_address)
        self._beside(streams.PLUGINS, _check_failure)
        return Verified(cases, self._records + self._offices.version)

    # Offices

    def _read_offices(self) -> None:
        """Read what is new of the offices."""
        known = self._offices
        news = streams.read(self._store, streams.OFFICES, after=known.version, head=known.head)
        for record in self._checked_keys(news):
            check_times(record, self._last_office)
            if (record.role, record.mandate) != (FOUNDING, ""):
                raise Corrupt(f"{record.stream} version {record.version} was not done by a founding authority: {STOP}")
            self._offices, self._last_office = self._offices.after(record), record
            self._tenures.learn(record)

    # Cases

    def _case(self, row: CaseRow) -> int:
        """Verify a case and its rows; the version up to which it was read. Its row is of one version of the case, and its
        duties, read later, of that or a later one: so both are compared with what the records gave at those versions, whatever
        is added to them meanwhile."""
        taken = self._snapshot_of(row.case_id)  # before the records, so that they come as far
        replay = _Replay(self, row.case_id, keep_from=row.version, taken=taken)
        replay.catch_up()
        replay.check_row(row)
        replay.check_snapshot()
        for _ in range(_LOOKS):
            if replay.case.version != row.version:
                row = self._row_now(replay)
            duties, at_once = self._duties_of(row.case_id)
            if replay.case.version == row.version and duties == replay.duties_at(row.version):
                break
            first, row = row.version, self._row_now(replay)
            if any(duties == replay.duties_at(version) for version in range(first, row.version + 1)):
                break
            if at_once or first == row.version:
                raise Corrupt(f"the list of duties of case {row.case_id!r} in the index is not what its records give")
        else:
            raise StoreUnavailable(
                f"the duties of case {row.case_id!r} changed at every look: nothing wrong was found; verify again "
                "when less is being done"
            )
        self._records += replay.case.version
        return replay.case.version

    def _row_now(self, replay: _Replay) -> CaseRow:
        """The index row of a case as it is now, with the records up to then."""
        least = replay.case.version
        row = row_of(self._store, replay.case.id, replay.case.matter.key)
        if row.version < least:
            raise Corrupt(
                f"the index has case {row.case_id!r} at version {row.version}, its records go on: {UNFINISHED}"
            )
        replay.catch_up()
        replay.check_row(row)
        return row

    def _duties_of(self, case_id: str) -> tuple[set[DutyRow], bool]:
        """The duty rows of a case, and whether all were read at once."""
        query = DutyQuery(case_id=case_id, limit=MAX_PAGE)
        page = self._store.find_duties(query)
        if page.next is None:
            return set(page.rows), True
        return {*page.rows, *pages.duties(self._store, attrs.evolve(query, after=page.next))}, False

    def _snapshot_of(self, case_id: str) -> Snapshot | None:
        if Capability.SNAPSHOTS not in self._store.capabilities:
            return None
        return self._store.get_snapshot(streams.case_stream(case_id))

    def records_of(self, case_id: str, case: Case | None, before: Record | None) -> Iterator[tuple[Record, Case]]:
        """The records after ``case``, whose last is ``before``, each checked, and the case after it."""
        version, head = (0, GENESIS) if before is None else (before.version, before.hash)
        new = streams.read(self._store, streams.case_stream(case_id), after=version, head=head)
        for record in self._with_their_offices(self._checked_keys(new)):
            check_times(record, before)
            event = record.event
            opened = event if isinstance(event, Opened) else case
            if opened is None:
                raise Corrupt(f"{record.stream} begins with {record.tag}: {STOP}")
            procedure = self._registry.of_case(opened.procedure, opened.procedure_version, opened.digest)
            check_record(procedure, case, record, self._tenures)
            case, before = evolve(case, event, record.stamp), record
            if case.id != case_id:
                raise Corrupt(f"the stream of case {case_id!r} holds case {case.id!r}")
            if isinstance(event, Opened | Migrated):
                self._check_procedure(case)
            yield record, case

    def _with_their_offices(self, records: Iterator[Record]) -> Iterator[Record]:
        """``records``; whatever was filled or ended before one of them is known by then, because it is read after it."""
        while some := tuple(itertools.islice(records, MAX_PAGE)):
            self._read_offices()
            yield from some

    def _checked_keys(self, records: Iterable[Record]) -> Iterator[Record]:
        """``records`` of one stream, each checked to be what its key answers with."""
        run: str | None = None
        before: Record | None = None
        last = 0
        for record in records:
            if record.version > self._copied.get(record.stream, 0) and record.key != run:
                _check_end(before, run, last)
                run = record.key
                found = None if run is None else self._store.lookup(record.stream, run)
                first, last = (0, 0) if found is None else (found[1].first_version, found[1].last_version)
                if run is not None and first != record.version:
                    raise _another_answer(record)
            before = record
            yield record
        _check_end(before, run, last)

    def rows_of(self, case: Case) -> tuple[CaseRow, tuple[DutyRow, ...]]:
        """What the index should hold of ``case``."""
        return all_rows(self._registry.of_case(case.procedure, case.procedure_version, case.digest), case)

    # Matters

    def _attempts(self, matter: str) -> None:
        before: Record | None = None
        for record in self._checked_keys(streams.read(self._store, streams.matter_stream(matter))):
            check_times(record, before)
            before, there = record, cases_seen(check_attempt(record, matter))
            heads = self._store.heads([streams.case_stream(case_id) for case_id in there])
            for (case_id, version), head in zip(there.items(), heads, strict=True):
                if head.version < version:
                    raise Corrupt(
                        f"{record.stream} version {record.version} was put on record when case {case_id!r} stood at "
                        f"version {version}, of which there is no record: {STOP}"
                    )
            self._records += 1

    # Ticks

    def _ticks(self) -> None:
        before: Record | None = None
        until: datetime | None = None
        for record in streams.read(self._store, streams.TICKS):
            check_times(record, before)
            event, before = record.event, record
            by_host = (record.role, record.mandate) == (HOST_SYSTEM, "")
            if not (isinstance(event, Ticked) and by_host and self._follows(event.until, until, record)):
                raise Corrupt(f"{record.stream} version {record.version} is no tick that can follow: {STOP}")
            until = event.until
            self._records += 1

    @staticmethod
    def _follows(until: datetime, before: datetime | None, record: Record) -> bool:
        """Whether a tick looks further than the one before, and at nothing that is still to come."""
        return until <= record.recorded_at and (before is None or before < until)

    # Beside the cases

    def _beside(self, stream: str, check: Callable[[Record], None]) -> None:
        """Verify a stream in which each record stands by itself."""
        before: Record | None = None
        for record in self._checked_keys(streams.read(self._store, stream)):
            check_times(record, before)
            check(record)
            before = record
            self._records += 1

    # Procedures

    def _check_procedure(self, case: Case) -> None:
        stream = streams.procedure_stream(case.procedure, case.procedure_version)
        if stream not in self._procedures:
            self._procedures[stream] = self._kept(stream)
        digest, proved = self._procedures[stream]
        if digest != case.digest:
            raise Corrupt(f"{stream} does not keep the procedure that case {case.id!r} runs under")
        if not (proved or case.unproved):
            raise Corrupt(f"case {case.id!r} was opened as under a proved procedure, and {stream} has no proof of it")

    def _kept(self, stream: str) -> tuple[str, bool]:
        """The digest of the procedure whose text ``stream`` keeps, and whether it was proved."""
        digest, proved = "", False
        before: Record | None = None
        for record in streams.read(self._store, stream):
            self._records += 1
            check_times(record, before)
            event, before = record.event, record
            if record.version == 1 and isinstance(event, Registered):
                if canonical.sha256(event.text.encode("utf-8")) != event.digest:
                    raise Corrupt(f"the text that {stream} keeps is not that of the procedure recorded with it")
                digest = event.digest
            elif isinstance(event, Proved) and event.digest == digest:
                proved = True
            else:
                raise Corrupt(f"{stream} version {record.version} has no place in the stream of a procedure")
        return digest, proved


class _Replay:
    """A case as its records give it, at every version from ``keep_from`` on, and at that of the snapshot ``taken``; each look
    reads only what is new."""

    def __init__(self, verifier: Verifier, case_id: str, *, keep_from: int, taken: Snapshot | None) -> None:
        self._verifier = verifier
        self._case_id = case_id
        self._keep_from = keep_from
        self._taken = taken
        self._last: tuple[Record, Case] | None = None
        self._at: dict[int, Case] = {}

    @property
    def case(self) -> Case:
        if self._last is None:
            raise Corrupt(f"the index has case {self._case_id!r}, of which there is no record")
        return self._last[1]

    def catch_up(self) -> None:
        before, case = self._last or (None, None)
        for record, after in self._verifier.records_of(self._case_id, case, before):
            self._last = record, after
            if after.version >= self._keep_from or (self._taken is not None and after.version == self._taken.version):
                self._at[after.version] = after

    def check_row(self, row: CaseRow) -> None:
        case = self._at.get(row.version, self.case if row.version == self.case.version else None)
        if case is None or row != self._verifier.rows_of(case)[0]:
            raise Corrupt(f"the index row of case {self._case_id!r} is not what its records give")

    def check_snapshot(self) -> None:
        taken = self._taken
        if taken is not None and not is_true(taken, self._at.get(taken.version)):
            raise Corrupt(
                f"the snapshot of case {self._case_id!r} at version {taken.version} is not what its records give: {STOP}"
            )

    def duties_at(self, version: int) -> set[DutyRow]:
        return set(self._verifier.rows_of(self._at[version])[1])


def _check_end(end: Record | None, key: str | None, last: int) -> None:
    """`Corrupt` unless the acts under ``key`` end where the store says."""
    if key is not None and end is not None and end.version != last:
        raise _another_answer(end)


def _another_answer(record: Record) -> Corrupt:
    what = f"{record.stream} version {record.version} and what the store keeps under its key do not agree"
    return Corrupt(f"{what}: {STOP}")
