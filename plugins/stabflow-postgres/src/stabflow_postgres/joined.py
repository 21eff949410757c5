"""The store within a transaction of the host, on the host's own connection: the function that appends is the same, only the
commit is the host's."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from stabflow.errors import StoreUnavailable, Unsupported
from stabflow.ports import store_rules as rules
from stabflow.ports.store import AppendBatch, AppendResult, Capability, Claim, Clock, JoinedStore

from . import rows
from .address import Address
from .host_session import HostSession
from .hosts import Tell, host_of
from .store import PostgresStore
from .watchdog import Watchdog


class _Lender:
    """Lends the host's connection, where a store has a pool."""

    def __init__(self, session: HostSession, name: str, watchdog: Watchdog) -> None:
        self.session = session
        self.name = name
        self.watchdog = watchdog
        self._closed = False
        self._in_use = threading.Lock()

    @contextlib.contextmanager
    def lent(self) -> Iterator[HostSession]:
        """The connection, with a transaction open on it; `StoreUnavailable` while another thread has it."""
        if self._closed:
            raise rules.closed(self.name)
        if not self._in_use.acquire(blocking=False):
            raise StoreUnavailable(f"{self.name} is in use: let the thread alone use it that has the transaction")
        try:
            self.session.ready()
            yield self.session
        finally:
            self._in_use.release()

    @property
    def is_closed(self) -> bool:
        """Whether nothing is lent any more."""
        return self._closed

    def close(self) -> None:
        """Lend nothing any more; the connection stays open."""
        self._closed = True
        self.session.let_go()


class JoinedPostgresStore(PostgresStore, JoinedStore):
    """See `JoinedStore`; `PostgresStore.join` makes one."""

    def __init__(
        self,
        address: Address,
        clock: Clock | None,
        connection: object,
        identity: Callable[[], str | None],
        renew: Callable[[], None],
        watchdog: Watchdog,
    ) -> None:
        self._host = host_of(connection)
        self._session = HostSession(address, self._host, identity, watchdog)
        self._lender = _Lender(self._session, f"the joined transaction on {address}", watchdog)
        super().__init__(address, clock, self._lender)
        self._begin_epoch = renew
        try:
            if self._host.is_open:
                self._session.ready()
        except BaseException:
            self.close()
            raise

    @property
    def is_open(self) -> bool:
        """See `JoinedStore.is_open`."""
        return self._host.is_open

    def begin(self) -> None:
        """See `JoinedStore.begin`."""
        self._check_process()
        if self._lender.is_closed:
            raise rules.closed(self._lender.name)
        self._session.begin()

    def autobegin(self) -> None:
        """See `JoinedStore.autobegin`."""
        self._check_process()
        if not self._lender.is_closed:
            self._session.autobegin()

    def commit(self) -> None:
        """See `JoinedStore.commit`."""
        self._check_process()
        self._session.commit()

    def rollback(self) -> None:
        """See `JoinedStore.rollback`."""
        self._check_process()
        self._session.on_host(self._host.rollback)

    def when_committed(self, tell: Tell) -> None:
        """See `JoinedStore.when_committed`: a session of SQLAlchemy can say so."""
        self._host.when_committed(tell)

    def join(self, connection: object) -> NoReturn:
        """Not again."""
        raise Unsupported(Capability.EXTERNAL_TX.name, "joining a transaction out of another")

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`: it is stored once the host has committed."""
        rules.check_batch(batch, self.capabilities)
        self._check_process()
        now = self._now() if batch.outbox else None
        with self._lender.lent() as session:
            answer = session.ask_straight(self._append, self._parameters(session, batch, now))
            result = rows.result_of(batch, rows.read_answer(answer))
            if result is None:  # another epoch has to begin, which must not hang on the host's commit
                self._begin_epoch()
                session.forget()
                session.ready()
                answer = session.ask_straight(self._append, self._parameters(session, batch, now))
                result = rows.result_of(batch, rows.read_answer(answer))
            if result is not None:
                return result
        raise StoreUnavailable(f"{self._address} is being replaced: nothing was stored; try again")

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        """Not within a transaction of the host, which would keep every other worker waiting."""
        raise _no_leases("claiming notices")

    def ack(self, claim: Claim) -> None:
        """Not within a transaction of the host."""
        raise _no_leases("acknowledging a notice")

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        """Not within a transaction of the host."""
        raise _no_leases("releasing a notice")

    def revive(self, notice: int) -> bool:
        """Not within a transaction of the host."""
        raise _no_leases("reviving a dead letter")

    def close(self) -> None:
        """Let go of the host's connection, which stays open."""
        self._host.let_go()
        self._lender.close()


def _no_leases(what: str) -> Unsupported:
    return Unsupported(Capability.OUTBOX.name, f"{what} within a transaction of the host")
