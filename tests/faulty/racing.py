"""Faults that show only when threads meet: something is looked at, and then done, and in between another was there.

What is faulty here takes its lock twice where once was right, or not at all. Nothing waits in between: a race must be found as it
is. (C1, C2, C3, C6, C9, C10, C12, C13)
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Sequence
from typing import Any

import attrs

from stabflow.errors import FeedReset, StoreError, StoreUnavailable, VersionConflict
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Claim,
    Clock,
    FeedPage,
    IndexChange,
    StoredRecord,
    StreamHead,
)
from stabflow.stores.memory import _Notice

from .shared import Core


class RacyVersionCheck(Core):
    """SELECT max(version), and then INSERT, without a transaction around both."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.key is not None and self.lookup(batch.stream, batch.key) is not None:
            return super().append(batch)
        actual = self.version(batch.stream)
        if actual != batch.expected_version:
            raise VersionConflict(batch.stream, batch.expected_version, actual)
        return self._insert(batch)

    def _insert(self, batch: AppendBatch) -> AppendResult:
        actual = self.version(batch.stream)
        try:
            return super().append(attrs.evolve(batch, expected_version=actual))
        except VersionConflict:
            if self.version(batch.stream) == actual:  # it was another stream, on which it relied
                raise
            return self._insert(batch)


class RacyReliance(Core):
    """Looks at the streams relied on before its transaction begins."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.key is None or self.lookup(batch.stream, batch.key) is None:
            for head in batch.relies_on:
                if (there := self.heads([head.stream])[0]) != head:
                    raise VersionConflict(head.stream, head.version, there.version)
        return super().append(attrs.evolve(batch, relies_on=()))


class RacyKey(Core):
    """Looks the key up, then writes it over whatever came meanwhile; without records no version stands in the way."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.key is None or self.lookup(batch.stream, batch.key) is not None:
            return super().append(batch)
        rules.check_batch(batch, self.capabilities)
        unkeyed = attrs.evolve(batch, key=None, digest=None)
        result = super().append(unkeyed) if batch.records else self._notices_alone(batch)
        with self._held():
            self._keys[batch.stream, batch.key] = (str(batch.digest), result)
        return result

    def _notices_alone(self, batch: AppendBatch) -> AppendResult:
        for head in [StreamHead(batch.stream, batch.expected_version, b""), *batch.relies_on]:
            there = self.heads([head.stream])[0]
            if there.version != head.version or (head in batch.relies_on and there != head):
                raise VersionConflict(head.stream, head.version, there.version)
        self.enqueue(batch)
        return AppendResult(batch.expected_version + 1, batch.expected_version)


class NoLock:
    """Where a lock should be."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class NotThreadSafe(Core):
    """Written for one thread, and does not say so."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lock: Any = NoLock()


class TornReads(Core):
    """Writes record after record, and lets readers in between."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if len(batch.records) < 2:
            return super().append(batch)
        if batch.key is not None and self.lookup(batch.stream, batch.key) is not None:
            return super().append(batch)
        rules.check_batch(batch, self.capabilities)
        first, *others = batch.records
        super().append(
            attrs.evolve(batch, records=(first,), index=None, outbox=(), snapshot=None, key=None, digest=None)
        )
        for n, other in enumerate(others[:-1], 1):
            super().append(AppendBatch(batch.stream, batch.expected_version + n, (other,)))
        version = batch.expected_version + len(batch.records)
        rest = attrs.evolve(batch, expected_version=version - 1, records=batch.records[-1:], relies_on=())
        result = attrs.evolve(super().append(rest), first_version=batch.expected_version + 1)
        if batch.key is not None:
            self._keys[batch.stream, batch.key] = (str(batch.digest), result)
        return result


class IndexWrittenAfterwards(Core):
    """Updates the index when the append is done: of two, the earlier may come last."""

    def append(self, batch: AppendBatch) -> AppendResult:
        rules.check_batch(batch, self.capabilities)
        result = super().append(attrs.evolve(batch, index=None))
        if batch.index is not None and not result.replayed:
            self._index_later(batch.index)
        return result

    def _index_later(self, change: IndexChange) -> None:
        with self._held():
            self._change_index(change)


class SnapshotWrittenAfterwards(Core):
    """Looks which snapshot is there, and puts its own: of two, the older may come last."""

    def append(self, batch: AppendBatch) -> AppendResult:
        rules.check_batch(batch, self.capabilities)
        result = super().append(attrs.evolve(batch, snapshot=None))
        taken = batch.snapshot
        if taken is not None and not result.replayed:
            old = self.get_snapshot(batch.stream)
            if old is None or old.version < taken.version:
                with self._held():
                    self._snapshots[batch.stream] = attrs.evolve(taken, data=bytes(taken.data))
        return result


class EarlyPosition(Core):
    """Draws positions from a sequence before its transaction has the lock, so that a later one may be seen first."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._drawn = 0
        self._in_order: list[StoredRecord] = []
        self._drawing = threading.Lock()
        self._committing = threading.RLock()

    def append(self, batch: AppendBatch) -> AppendResult:
        with self._drawing:
            first = self._drawn + 1
            self._drawn += len(batch.records)
        with self._committing:
            result = super().append(batch)
            if not result.replayed and batch.records:
                stored = self._records[batch.stream]
                for n in range(len(batch.records)):
                    placed = attrs.evolve(stored[n - len(batch.records)], position=first + n)
                    stored[n - len(batch.records)] = placed
                    bisect.insort(self._in_order, placed, key=_position)
            return result

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        with self._committing:
            return super().read_stream(stream, after=after, limit=limit)

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        rules.check_page(limit)
        seen = 0
        if after is not None:
            epoch, dot, number = after.partition(".")
            if not dot or not number.isascii() or not number.isdigit():
                raise rules.no_feed_cursor()
            if epoch != self._epoch:
                raise FeedReset(after)
            seen = int(number)
        with self._committing:
            start = bisect.bisect_right(self._in_order, seen, key=_position)
            found = tuple(self._in_order[start : start + limit])
        return FeedPage(found, f"{self._epoch}.{found[-1].position}" if found else after)


def _position(record: StoredRecord) -> int:
    return record.position


class DoubleClaim(Core):
    """Selects what is due, and then marks it: two workers select the same."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        rules.check_lease(limit, lease_for)
        with self._held():
            now, until = rules.ticks(self._clock), rules.ticks(self._clock, lease_for)
            first = [next(iter(notices.values())) for notices in self._lanes.values()]
            due = sorted((one for one in first if one.ready <= now), key=lambda one: (one.ready, one.number))[:limit]
        with self._held():
            claims = []
            for one in due:
                self._token += 1
                one.ready, one.token, one.attempts = until, self._token, one.attempts + 1
                claims.append(Claim(one.number, one.lane, one.payload, one.token, one.attempts))
            return tuple(claims)


class DoubleAck(Core):
    """Looks whether the claim is the last, and then deletes the notice, if it is still there."""

    def ack(self, claim: Claim) -> None:
        with self._held():
            notice = self._claimed(claim)
        with self._held():
            if notice.number in self._lanes.get(notice.lane, {}):
                self._settle(notice)


class MarkedFirst(Core):
    """Keeps in its row which notice is the first of its lane, so that a claim need not look for it; without a fault as it is."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lock: Any = threading.RLock()
        self._first: set[int] = set()

    def append(self, batch: AppendBatch) -> AppendResult:
        with self._held():
            return self._append(batch, self._free(batch))

    def _free(self, batch: AppendBatch) -> list[str]:
        """The lanes of the batch in which nothing waits."""
        return [lane for lane in dict.fromkeys(new.lane for new in batch.outbox) if lane not in self._lanes]

    def _append(self, batch: AppendBatch, free: Sequence[str]) -> AppendResult:
        before = self._notices
        result = super().append(batch)
        for lane in free:
            new = [number for number in self._lanes.get(lane, {}) if number > before]
            self._first |= set(new[:1])
        return result

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        with self._held():
            every = self._lanes
            marked = ((name, {n: one for n, one in lane.items() if n in self._first}) for name, lane in every.items())
            self._lanes = {f"{name} {n}": {n: one} for name, lane in marked for n, one in lane.items()}
            try:
                return super().claim(owner, limit=limit, lease_for=lease_for)
            finally:
                self._lanes = every

    def _settle(self, notice: _Notice) -> None:
        super()._settle(notice)
        self._step_up(notice.lane)

    def _step_up(self, lane: str) -> None:
        notices = self._lanes.get(lane, {})
        self._first -= set(notices)
        self._first |= set([*notices][:1])

    def revive(self, notice: int) -> bool:
        with self._held():
            revived = super().revive(notice)
            for lane in self._lanes:
                self._step_up(lane)
            return revived


class TwoFirstOfALane(MarkedFirst):
    """Looks whether a lane is empty, and then appends its notice as the first: so do others meanwhile."""

    def append(self, batch: AppendBatch) -> AppendResult:
        with self._held():
            free = self._free(batch)
        with self._held():
            return self._append(batch, free)


class NextOfALaneForgotten(MarkedFirst):
    """Looks which notice comes next in the lane, and then settles the first: what came meanwhile is never the first."""

    def ack(self, claim: Claim) -> None:
        with self._held():
            after = [number for number in self._lanes.get(claim.lane, {}) if number != claim.notice][:1]
        with self._held():
            first = set(self._first)
            super().ack(claim)
            self._first = first | set(after)


class SwallowedBusy(Core):
    """Goes on when the database is busy, as if the statement had been done."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._writing = threading.Lock()

    def append(self, batch: AppendBatch) -> AppendResult:
        if not self._writing.acquire(blocking=False):
            return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))
        try:
            return super().append(batch)
        finally:
            self._writing.release()


class UnavailableThoughWritten(Core):
    """Finds the database busy after its commit, when it looks at what it wrote, and says that nothing was committed."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._looking = threading.Lock()

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if not self._looking.acquire(blocking=False):
            raise StoreUnavailable("the database is busy; try again")
        try:
            self.version(batch.stream)
            return result
        finally:
            self._looking.release()


@attrs.define
class _Waiting:
    batch: AppendBatch
    result: AppendResult | None = None
    error: StoreError | None = None


class GroupSharesItsConflict(Core):
    """Commits what waits as a group, without a savepoint around each batch: the conflict of one is told to all."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._waiting: list[_Waiting] = []
        self._leading = threading.Lock()

    def append(self, batch: AppendBatch) -> AppendResult:
        rules.check_batch(batch, self.capabilities)
        own = _Waiting(batch)
        self._waiting.append(own)
        with self._leading:
            if own.result is None and own.error is None:
                group, self._waiting = self._waiting, []
                try:
                    for one in group:
                        one.result = super().append(one.batch)
                except StoreError as error:
                    for one in group:
                        one.error = error
        if own.error is not None:
            raise own.error
        assert own.result is not None
        return own.result
