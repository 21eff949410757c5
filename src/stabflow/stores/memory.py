"""A store in memory: for rehearsal and tests, and the plainest reading of the contract.

It keeps nothing beyond its handle and declares no capability. What it hands out is frozen, and made of immutable parts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import attrs

from ..errors import IdempotencyMismatch, InvalidInput, VersionConflict
from ..ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    CaseRow,
    DutyPage,
    DutyQuery,
    DutyRow,
    IndexChange,
    Store,
    StoredRecord,
    StreamHead,
)
from . import common

_NAME = "the store in memory"


class MemoryStore(Store):
    """A store that lives as long as this object. Safe to use from several threads; refuses to be used after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._open = True
        self._position = 0
        self._records: dict[str, list[StoredRecord]] = {}
        self._keys: dict[tuple[str, str], tuple[str, AppendResult]] = {}
        self._cases: dict[str, CaseRow] = {}
        self._duties: dict[str, dict[common.DutyKey, DutyRow]] = {}

    @classmethod
    def from_url(cls, url: str) -> MemoryStore:
        """A new, empty store for ``memory:`` or ``memory://``; `InvalidInput` for any other URL."""
        if url.lower() not in {"memory:", "memory://"}:
            raise InvalidInput.at("store", f"{url!r} does not name a store in memory", "write memory:")
        return cls()

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`. `ValueError` when the batch could not be right: no records, or a key without a digest."""
        common.check_batch(batch)
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
                if (there := self._head(head.stream)) != head:
                    raise VersionConflict(head.stream, head.version, there.version)
            added = [
                StoredRecord(
                    position=self._position + n,
                    stream=batch.stream,
                    version=len(records) + n,
                    tag=new.tag,
                    header=bytes(new.header),
                    payload=bytes(new.payload),
                    hash=bytes(new.hash),
                )
                for n, new in enumerate(batch.records, 1)
            ]
            result = AppendResult(added[0].version, added[-1].version)
            # Nothing below can fail, so that everything is written or nothing is.
            self._position += len(added)
            self._records.setdefault(batch.stream, records).extend(added)
            if batch.key is not None and batch.digest is not None:
                self._keys[batch.stream, batch.key] = (batch.digest, result)
            if batch.index is not None:
                self._change_index(batch.index)
            return result

    def _change_index(self, change: IndexChange) -> None:
        self._cases[change.case.case_id] = change.case
        rows = self._duties.get(change.case.case_id, {})
        kept = {key: row for key, row in rows.items() if row.duty not in change.cleared}
        # A row that differs only in what is owed, or by when, takes the place of the one that was there.
        self._duties[change.case.case_id] = kept | {("", *common.duty_key(row)[1:]): row for row in change.duties}

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """See `Store.lookup`; the result reads ``replayed=True``, as it does when the act is appended again."""
        self._check_process()
        with self._lock:
            self._check_open()
            known = self._keys.get((stream, key))
        return None if known is None else (known[0], attrs.evolve(known[1], replayed=True))

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """See `Store.read_stream`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        common.check_page(limit)
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

    def _head(self, stream: str) -> StreamHead:
        records = self._records.get(stream)
        return StreamHead(stream, len(records), records[-1].hash) if records else StreamHead(stream, 0, b"")

    def find_cases(self, query: CaseQuery) -> CasePage:
        """See `Store.find_cases`; `ValueError` when the limit is not from 1 to `MAX_PAGE`."""
        common.check_page(query.limit)
        self._check_process()
        with self._lock:
            self._check_open()
            cases = list(self._cases.values())
        filters = common.given(query, common.CASE_FILTERS).items()
        found = [row for row in cases if all(getattr(row, name) == value for name, value in filters)]
        found = [row for row in found if query.after is None or row.case_id > query.after]
        return common.case_page(sorted(found, key=lambda row: row.case_id), query.limit)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        """See `Store.find_duties`; `ValueError` for a bad limit, `InvalidInput` for a cursor that is none."""
        common.check_page(query.limit)
        after = common.read_cursor(query.after)
        self._check_process()
        with self._lock:
            self._check_open()
            duties = [row for rows in self._duties.values() for row in rows.values()]
        filters = common.given(query, (*common.DUTY_FILTERS, "procedure")).items()
        found = [row for row in duties if all(getattr(row, name) == value for name, value in filters)]
        if query.due_before is not None:
            found = [row for row in found if row.due_at and row.due_at < query.due_before]
        if after is not None:
            found = [row for row in found if common.duty_key(row) > after]
        return common.duty_page(sorted(found, key=common.duty_key), query.limit)

    def close(self) -> None:
        """Forget everything; using the store afterwards raises `StoreUnavailable`."""
        if os.getpid() == self._process:
            with self._lock:
                self._open = False
                self._records, self._keys, self._cases, self._duties = {}, {}, {}, {}

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise common.forked(_NAME)

    def _check_open(self) -> None:
        if not self._open:
            raise common.closed(_NAME)
