"""The store in a PostgreSQL database: durable, for several threads, processes and hosts.

An append is one statement, and its own transaction. Nothing is made before the first one, which makes the schema too. A handle
keeps a few connections; each is used by one thread at a time, so threads need not wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from stabflow.errors import LeaseLost, StoreUnavailable, VersionConflict
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Capability,
    CasePage,
    CaseQuery,
    Claim,
    Clock,
    DeadLetter,
    DutyPage,
    DutyQuery,
    FeedPage,
    JoinedStore,
    Observation,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
    WaitingNotice,
)

from . import connections, feed, rows, upkeep, watching
from . import schema as schemas
from .address import Address, read_url
from .connections import Lender, Pool, Session

_ALWAYS = frozenset(
    {Capability.MULTI_PROCESS, Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS, Capability.EXTERNAL_TX}
)


class PostgresStore(Store):
    """A handle on a schema of a PostgreSQL database; `from_url` makes one. It refuses to be used after a fork."""

    contract = 1

    def __init__(self, address: Address, clock: Clock | None = None, lender: Lender | None = None) -> None:
        self.capabilities = _ALWAYS | ({Capability.DURABLE} if address.durable else set())
        self._address = address
        self._schema = address.schema
        self._s = schemas.quoted(address.schema)
        self._clock = clock
        self._process = os.getpid()
        self._pool: Lender = Pool(address) if lender is None else lender
        self._append = rows.append_statement(address.schema, numbered=True)

    @classmethod
    def from_url(cls, url: str, clock: Clock | None = None) -> PostgresStore:
        """The store at ``postgresql://user@host/database``, in the schema ``?schema=`` (``stabflow``).

        Leases run by ``clock``, or by the server's, which is the same for all hosts. Raises `InvalidInput` when the URL is not of
        this form, `StoreUnavailable` when the server cannot be used, `ContractTooNew` when a newer version made the schema,
        `Corrupt` when somebody changed what guards the records.
        """
        store = cls(read_url(url), clock)
        try:
            with store._pool.lent() as session:
                upkeep.upgrade_if_need_be(session, store._address)
        except BaseException:
            store.close()
            raise
        return store

    def join(self, connection: object) -> JoinedStore:
        """See `Store.join`: ``connection`` is a `psycopg.Connection`, or a session of SQLAlchemy over psycopg 3. The schema must
        be there; its transactions must be READ COMMITTED, which is what PostgreSQL does unless it is told otherwise."""
        from .joined import JoinedPostgresStore

        self._check_process()
        return JoinedPostgresStore(
            self._address, self._clock, connection, self._identity, self._renew, self._pool.watchdog
        )

    def _identity(self) -> str | None:
        with self._pool.lent() as session:
            self._is_absent(session)
            return session.found.identity

    def _renew(self) -> None:
        """Look anew, and let the epoch of what is found begin."""
        with self._pool.lent() as session:
            session.look()
            connections.begin_epoch(session, self._address)

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`. `ValueError` when the batch could not be right, such as a key without a digest, or a text that is
        too long for an index (some 2,600 bytes, if it does not compress)."""
        rules.check_batch(batch, self.capabilities)
        self._check_process()
        now = self._now() if batch.outbox else None
        with self._pool.lent() as session:
            if self._is_absent(session) and (first := self._append_first(session, batch, now)) is not None:
                return first
            for _ in range(3):
                answer = session.tell_straight(self._append, self._parameters(session, batch, now))
                result = rows.result_of(batch, rows.read_answer(answer))
                if result is not None:
                    return result
                session.look()
                connections.begin_epoch(session, self._address)
        raise StoreUnavailable(f"{self._address} is being replaced: nothing was stored; try again")

    def _append_first(self, session: Session, batch: AppendBatch, now: int | None) -> AppendResult | None:
        """Make the schema with the batch in it; ``None`` where others have made it meanwhile."""
        _refuse_unless_first(batch)
        with session.transaction():
            if not upkeep.create(session, self._address):
                return None
            answer = session.ask_straight(self._append, self._parameters(session, batch, now))
            return rows.result_of(batch, rows.read_answer(answer))

    def _parameters(self, session: Session, batch: AppendBatch, now: int | None) -> rows.Parameters:
        return rows.append_parameters(self._schema, session.found.identity or "", batch, now)

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """See `Store.lookup`; the result reads ``replayed=True``. What is found is on a standby, where it must be."""
        statement = f"SELECT digest, first_version, last_version FROM {self._s}.known(%s, %s)"
        for digest, first, last in self._rows(statement, (rows.put(stream), rows.put(key))):
            if digest is not None:
                return rows.get(digest), AppendResult(first, last, replayed=True)
        return None

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """See `Store.read_stream`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        statement = (
            f"SELECT {rows.RECORD} FROM {self._s}.records WHERE stream = %s AND version > %s::bigint"
            " ORDER BY version LIMIT %s::bigint"
        )
        found = self._rows(statement, (rows.put(stream), str(after), str(limit)))
        return tuple([rows.record_of(row) for row in found])

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        """See `Store.heads`."""
        statement = (
            f"SELECT version, hash FROM unnest(%s::text[]) WITH ORDINALITY AS asked (name, place) LEFT JOIN LATERAL"
            f" (SELECT version, hash FROM {self._s}.records WHERE stream = asked.name ORDER BY version DESC LIMIT 1)"
            " AS last ON true ORDER BY place"
        )
        found = self._rows(statement, (rows.texts(streams),)) or [(None, None)] * len(streams)
        return tuple(
            [
                StreamHead(stream, 0, b"") if version is None else StreamHead(stream, version, bytes(hash_))
                for stream, (version, hash_) in zip(streams, found, strict=True)
            ]
        )

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        """See `Store.are_heads`: one look-up by key for each, where `heads` reads the last record."""
        self._check_process()
        with self._pool.lent() as session:
            if self._is_absent(session):
                return all(head.version == 0 and not head.hash for head in heads)
            return all(
                session.ask_straight(rows.are_heads_statement(self._schema, len(one) // 3), one) == b"t"
                for one in rows.are_heads_parameters(heads)
            )

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        """See `Store.read_feed`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`. A record comes once every transaction
        that is older than its own is over."""
        rules.check_page(limit)
        if after is not None:
            feed.read_cursor(after)
        self._check_process()
        with self._pool.lent() as session:
            self._is_absent(session)
            return feed.read(session, self._schema, after, limit)

    def get_snapshot(self, stream: str) -> Snapshot | None:
        """See `Store.get_snapshot`."""
        statement = f"SELECT version, data FROM {self._s}.snapshots WHERE stream = %s"
        for version, data in self._rows(statement, (rows.put(stream),)):
            return Snapshot(stream, version, bytes(data))
        return None

    def find_cases(self, query: CaseQuery) -> CasePage:
        """See `Store.find_cases`; `ValueError` when the limit is not from 1 to `MAX_PAGE`."""
        rules.check_page(query.limit)
        statement, bindings = rows.find_cases(self._schema, query)
        found = self._search(statement, bindings)
        return rules.case_page([rows.case_of(row) for row in found], query.limit)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        """See `Store.find_duties`; `ValueError` for a bad limit, `InvalidInput` for a cursor that is none."""
        rules.check_page(query.limit)
        statement, bindings = rows.find_duties(self._schema, query)
        found = self._search(statement, bindings)
        return rules.duty_page([rows.duty_of(row) for row in found], query.limit)

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        """See `Store.claim`; `ValueError` when the limit is not from 1 to `MAX_PAGE`, or the lease has no end."""
        rules.check_lease(limit, lease_for)
        statement = f"SELECT notice, lane, payload, token, attempts FROM {self._s}.claim(%s, %s, %s, %s)"
        found = self._change(statement, rows.put(owner), str(limit), self._tick(), _microseconds(lease_for))
        return tuple([Claim(notice, rows.get(lane), bytes(data), token, n) for notice, lane, data, token, n in found])

    def ack(self, claim: Claim) -> None:
        """See `Store.ack`."""
        self._settle(claim, f"SELECT {self._s}.ack(%s, %s, %s, %s)")

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        """See `Store.release`; `ValueError` when the time to wait is none."""
        rules.check_retry(retry_after)
        wait = None if retry_after is None else _microseconds(retry_after)
        statement = f"SELECT {self._s}.release(%s, %s, %s, %s, %s, %s, %s)"
        self._settle(claim, statement, self._tick(), wait, rows.put(error))

    def _settle(self, claim: Claim, statement: str, *more: str | None) -> None:
        lock = str(rows.lane_lock(self._schema, claim.lane))
        found = self._change(statement, lock, str(claim.notice), rows.put(claim.lane), str(claim.token), *more)
        if not found or not found[0][0]:
            raise LeaseLost(claim.notice, claim.token)

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        """See `Store.waiting`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        statement = (
            f"SELECT notice, lane, payload, attempts FROM {self._s}.outbox WHERE place <> 2 AND notice > %s::bigint"
            " ORDER BY notice LIMIT %s::bigint"
        )
        found = self._rows(statement, (str(after), str(limit)))
        return tuple([WaitingNotice(one, rows.get(lane), bytes(data), n) for one, lane, data, n in found])

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        statement = (
            f"SELECT notice, lane, payload, attempts, error FROM {self._s}.outbox WHERE place = 2 AND notice > %s::bigint"
            " ORDER BY notice LIMIT %s::bigint"
        )
        found = self._rows(statement, (str(after), str(limit)))
        return tuple([DeadLetter(one, rows.get(lane), bytes(data), n, rows.get(e)) for one, lane, data, n, e in found])

    def revive(self, notice: int) -> bool:
        """See `Store.revive`."""
        for (lane,) in self._rows(f"SELECT lane FROM {self._s}.outbox WHERE notice = %s::bigint", (str(notice),)):
            lock = str(rows.lane_lock(self._schema, rows.get(lane)))
            statement = f"SELECT {self._s}.revive(%s, %s, %s, %s)"
            return bool(self._change(statement, lock, str(notice), lane, self._tick())[0][0])
        return False

    def about(self) -> Mapping[str, str]:
        """See `Store.about`: the versions, and where it is."""
        self._check_process()
        with self._pool.lent() as session:
            absent = self._is_absent(session)
            told = {"postgresql": session.found.server, "store": str(self._address)}
            return told if absent else told | {"schema": str(session.found.version)}

    def observe(self) -> Sequence[Observation]:
        """See `Store.observe`: how far the feed lags behind and what it waits for, and whether standbys confirm commits; or that
        there are no tables yet."""
        self._check_process()
        with self._pool.lent() as session:
            absent = self._is_absent(session)
            return (watching.not_there(self._schema),) if absent else tuple(watching.observed(session, self._schema))

    def close(self) -> None:
        """Let go of the connections; using the handle afterwards raises `StoreUnavailable`. In a forked process, do nothing."""
        if os.getpid() == self._process:
            self._pool.close()

    def _rows(self, statement: str, bindings: Sequence[Any]) -> list[tuple[Any, ...]]:
        self._check_process()
        with self._pool.lent() as session:
            return [] if self._is_absent(session) else session.ask(statement, bindings, prepare=True)

    def _search(self, statement: str, bindings: Sequence[Any]) -> list[tuple[Any, ...]]:
        self._check_process()
        with self._pool.lent() as session:
            return [] if self._is_absent(session) else session.search(statement, bindings)

    def _change(self, statement: str, *bindings: str | None) -> list[tuple[Any, ...]]:
        self._check_process()
        with self._pool.lent() as session:
            return [] if self._is_absent(session) else session.tell(statement, bindings)

    def _is_absent(self, session: Session) -> bool:
        """Whether there are no tables; looked for anew until there are."""
        if session.found.identity is None:
            session.look()
        return session.found.identity is None

    def _now(self) -> int | None:
        return None if self._clock is None else rules.ticks(self._clock)

    def _tick(self) -> str | None:
        now = self._now()
        return None if now is None else str(now)

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise rules.forked(self._pool.name)


def _microseconds(seconds: float) -> str:
    return str(min(round(seconds * 1_000_000), 1 << 60))


def _refuse_unless_first(batch: AppendBatch) -> None:
    """What follows something that is not there does not make the schema."""
    if batch.expected_version:
        raise VersionConflict(batch.stream, batch.expected_version, 0)
    for head in batch.relies_on:
        if head.version or head.hash:
            raise VersionConflict(head.stream, head.version, 0)
