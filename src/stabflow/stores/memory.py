"""A store in memory: for rehearsal and tests, and the plainest reading of the contract.

It keeps nothing beyond its handle, so it is neither durable nor shared between processes. What it hands out is frozen, and made
of immutable parts.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Sequence

import attrs

from ..errors import FeedReset, IdempotencyMismatch, InvalidInput, LeaseLost, VersionConflict
from ..ports import store_rules as rules
from ..ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Capability,
    CasePage,
    CaseQuery,
    CaseRow,
    Claim,
    Clock,
    DeadLetter,
    DutyPage,
    DutyQuery,
    DutyRow,
    FeedPage,
    IndexChange,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
    WaitingNotice,
)

_NAME = "the store in memory"


@attrs.define
class _Notice:
    """A notice that is neither delivered nor given up. It may be claimed from ``ready`` on; ``token`` is that of its claim, 0
    while there is none."""

    number: int
    lane: str
    payload: bytes
    ready: int = 0
    token: int = 0
    attempts: int = 0


class MemoryStore(Store):
    """A store that lives as long as this object. Safe to use from several threads; refuses to be used after a fork."""

    capabilities = frozenset({Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS})

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or rules.system_clock
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._open = True
        self._epoch = secrets.token_hex(8)
        self._forget()

    def _forget(self) -> None:
        self._feed: list[StoredRecord] = []
        self._records: dict[str, list[StoredRecord]] = {}
        self._keys: dict[tuple[str, str], tuple[str, AppendResult]] = {}
        self._cases: dict[str, CaseRow] = {}
        self._duties: dict[str, dict[rules.DutyKey, DutyRow]] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._lanes: dict[str, dict[int, _Notice]] = {}
        self._dead: dict[int, DeadLetter] = {}
        self._notices = 0
        self._token = 0

    @classmethod
    def from_url(cls, url: str, clock: Clock | None = None) -> MemoryStore:
        """A new, empty store for ``memory:`` or ``memory://``; `InvalidInput` for any other URL."""
        if url.lower() not in {"memory:", "memory://"}:
            raise InvalidInput.at("store", f"{url!r} does not name a store in memory", "write memory:")
        return cls(clock)

    def _check_process(self) -> None:
        if os.getpid() != self._process:  # asked before the lock, which another thread may have held at the fork
            raise rules.forked(_NAME)

    def _check_open(self) -> None:
        if not self._open:
            raise rules.closed(_NAME)

    # Writing

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`. `ValueError` when the batch could not be right, such as a key without a digest."""
        rules.check_batch(batch, self.capabilities)
        self._check_process()
        with self._lock:
            self._check_open()
            if batch.key is not None and (known := self._keys.get((batch.stream, batch.key))):
                digest, result = known
                if digest != batch.digest:
                    raise IdempotencyMismatch(batch.stream, batch.key)
                return attrs.evolve(result, replayed=True)
            records = self._records.get(batch.stream, [])
            if len(records) != batch.expected_version:
                raise VersionConflict(batch.stream, batch.expected_version, len(records))
            for head in batch.relies_on:
                if not self._ends_at(head):
                    raise VersionConflict(head.stream, head.version, self._head(head.stream).version)
            position, version = len(self._feed), len(records)
            added = [
                StoredRecord(
                    position + n,
                    batch.stream,
                    version + n,
                    new.tag,
                    bytes(new.header),
                    bytes(new.payload),
                    bytes(new.hash),
                )
                for n, new in enumerate(batch.records, 1)
            ]
            notices = [
                _Notice(self._notices + n, new.lane, bytes(new.payload), ready=rules.ticks(self._clock))
                for n, new in enumerate(batch.outbox, 1)
            ]
            taken = None if batch.snapshot is None else attrs.evolve(batch.snapshot, data=bytes(batch.snapshot.data))
            result = AppendResult(batch.expected_version + 1, batch.expected_version + len(added))
            # Nothing below can fail, so that everything is written or nothing is.
            if added:
                self._feed.extend(added)
                self._records.setdefault(batch.stream, records).extend(added)
            if batch.key is not None and batch.digest is not None:
                self._keys[batch.stream, batch.key] = (batch.digest, result)
            if batch.index is not None:
                self._change_index(batch.index)
            if taken is not None and (
                (old := self._snapshots.get(batch.stream)) is None or old.version < taken.version
            ):
                self._snapshots[batch.stream] = taken
            self._notices += len(notices)
            for notice in notices:
                self._lanes.setdefault(notice.lane, {})[notice.number] = notice
            return result

    def _change_index(self, change: IndexChange) -> None:
        self._cases[change.case.case_id] = change.case
        rows = self._duties.setdefault(change.case.case_id, {})
        if change.cleared:
            for key in [key for key, row in rows.items() if row.duty in change.cleared]:
                del rows[key]
        for row in change.duties:  # one that differs only in what is owed, or by when, takes the place of that there
            rows["", *rules.duty_key(row)[1:]] = row

    # Reading

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """See `Store.lookup`; the result reads ``replayed=True``, as it does when the act is appended again."""
        self._check_process()
        with self._lock:
            self._check_open()
            known = self._keys.get((stream, key))
        return None if known is None else (known[0], attrs.evolve(known[1], replayed=True))

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """See `Store.read_stream`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        self._check_process()
        with self._lock:
            self._check_open()
            start = max(after, 0)
            return tuple(self._records.get(stream, ())[start : start + limit])

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        """See `Store.heads`."""
        self._check_process()
        with self._lock:
            self._check_open()
            return tuple([self._head(stream) for stream in streams])

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        """See `Store.are_heads`."""
        self._check_process()
        with self._lock:
            self._check_open()
            return all(map(self._ends_at, heads))

    def _ends_at(self, head: StreamHead) -> bool:
        records = self._records.get(head.stream)
        if not records:
            return head.version == 0 and head.hash == b""
        return len(records) == head.version and records[-1].hash == head.hash

    def _head(self, stream: str) -> StreamHead:
        records = self._records.get(stream)
        return StreamHead(stream, len(records), records[-1].hash) if records else StreamHead(stream, 0, b"")

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        """See `Store.read_feed`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        epoch, start = self._epoch, 0
        if after is not None:
            epoch, dot, number = after.partition(".")
            if not dot or not (number.isascii() and number.isdigit()) or len(number) > 18:
                raise rules.no_feed_cursor()
            start = int(number)
        self._check_process()
        with self._lock:
            self._check_open()
            if after is not None and (epoch != self._epoch or start > len(self._feed)):
                raise FeedReset(after)
            found = tuple(self._feed[start : start + limit])
        return FeedPage(found, f"{self._epoch}.{start + len(found)}" if found else after)

    def get_snapshot(self, stream: str) -> Snapshot | None:
        """See `Store.get_snapshot`."""
        self._check_process()
        with self._lock:
            self._check_open()
            return self._snapshots.get(stream)

    def find_cases(self, query: CaseQuery) -> CasePage:
        """See `Store.find_cases`; `ValueError` when the limit is not from 1 to `MAX_PAGE`."""
        rules.check_page(query.limit)
        self._check_process()
        with self._lock:
            self._check_open()
            cases = list(self._cases.values())
        filters = rules.given(query, rules.CASE_FILTERS).items()
        found = [row for row in cases if all(getattr(row, name) == value for name, value in filters)]
        found = [row for row in found if query.after is None or row.case_id > query.after]
        return rules.case_page(sorted(found, key=lambda row: row.case_id), query.limit)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        """See `Store.find_duties`; `ValueError` for a bad limit, `InvalidInput` for a cursor that is none."""
        rules.check_page(query.limit)
        after = rules.read_cursor(query.after)
        self._check_process()
        with self._lock:
            self._check_open()
            duties = [row for rows in self._duties.values() for row in rows.values()]
        filters = rules.given(query, rules.DUTY_FILTERS).items()
        found = [row for row in duties if all(getattr(row, name) == value for name, value in filters)]
        if query.due_before is not None:
            found = [row for row in found if row.due_at and row.due_at < query.due_before]
        if after is not None:
            found = [row for row in found if rules.duty_key(row) > after]
        return rules.duty_page(sorted(found, key=rules.duty_key), query.limit)

    # The outbox

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        """See `Store.claim`; `ValueError` when the limit is not from 1 to `MAX_PAGE`, or the lease has no end."""
        rules.check_lease(limit, lease_for)
        self._check_process()
        with self._lock:
            self._check_open()
            now, until = rules.ticks(self._clock), rules.ticks(self._clock, lease_for)
            first = [next(iter(notices.values())) for notices in self._lanes.values()]
            due = sorted((one for one in first if one.ready <= now), key=lambda one: (one.ready, one.number))
            claims = []
            for one in due[:limit]:
                self._token += 1
                one.ready, one.token, one.attempts = until, self._token, one.attempts + 1
                claims.append(Claim(one.number, one.lane, one.payload, one.token, one.attempts))
            return tuple(claims)

    def ack(self, claim: Claim) -> None:
        """See `Store.ack`."""
        self._check_process()
        with self._lock:
            self._check_open()
            self._settle(self._claimed(claim))

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        """See `Store.release`; `ValueError` when the time to wait is none."""
        rules.check_retry(retry_after)
        self._check_process()
        with self._lock:
            self._check_open()
            notice = self._claimed(claim)
            if retry_after is None:
                self._settle(notice)
                dead = DeadLetter(notice.number, notice.lane, notice.payload, notice.attempts, error)
                self._dead = dict(sorted([*self._dead.items(), (notice.number, dead)]))
            else:
                notice.ready, notice.token = rules.ticks(self._clock, retry_after), 0

    def _claimed(self, claim: Claim) -> _Notice:
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        if notice is None or notice.token != claim.token:
            raise LeaseLost(claim.notice, claim.token)
        return notice

    def _settle(self, notice: _Notice) -> None:
        lane = self._lanes[notice.lane]
        del lane[notice.number]
        if not lane:
            del self._lanes[notice.lane]

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        """See `Store.waiting`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        self._check_process()
        with self._lock:
            self._check_open()
            found = [one for lane in self._lanes.values() for one in lane.values() if one.number > after]
            found = sorted(found, key=lambda one: one.number)[:limit]
            return tuple([WaitingNotice(one.number, one.lane, one.payload, one.attempts) for one in found])

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        self._check_process()
        with self._lock:
            self._check_open()
            return tuple([one for one in self._dead.values() if one.notice > after][:limit])

    def revive(self, notice: int) -> bool:
        """See `Store.revive`."""
        self._check_process()
        with self._lock:
            self._check_open()
            dead = self._dead.pop(notice, None)
            if dead is None:
                return False
            notices = [*self._lanes.get(dead.lane, {}).values()]
            leased = notices[:1] if notices and notices[0].token else []
            again = _Notice(notice, dead.lane, dead.payload, ready=rules.ticks(self._clock))
            waiting = sorted([again, *notices[len(leased) :]], key=lambda one: one.number)
            self._lanes[dead.lane] = {one.number: one for one in (*leased, *waiting)}
            return True

    def close(self) -> None:
        """Forget everything; using the store afterwards raises `StoreUnavailable`."""
        if os.getpid() == self._process:
            with self._lock:
                self._open = False
                self._forget()
