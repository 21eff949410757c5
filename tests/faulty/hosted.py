"""A host in memory beside a store in memory: transactions that hold the host's changes and what was appended in them.

`Transaction` has the store's turn from its first append to its end, so that all others wait; `Optimistic` lets them go first, and
then cannot be committed. Both are right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

from stabflow.errors import CommitUnknown, InvalidInput, StoreUnavailable, Unsupported, VersionConflict
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Capability,
    Claim,
    Clock,
    FeedPage,
    JoinedStore,
)
from stabflow.testing import Host

from .shared import Core, DriverError, Handle, Storages

PATIENCE = 10.0
"""Seconds for which somebody waits for his turn."""


class HostedCore(Core):
    """A store in memory, and the host's table beside it."""

    capabilities = Core.capabilities | {Capability.EXTERNAL_TX}

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lock: Any = threading.RLock()
        self.turn = threading.Lock()
        self.changes: list[str] = []

    def take_turn(self) -> None:
        if not self.turn.acquire(timeout=PATIENCE):
            raise StoreUnavailable("somebody else's transaction is open: nothing was stored; try again")

    def append(self, batch: AppendBatch) -> AppendResult:
        self.take_turn()
        try:
            return self.write(batch)
        finally:
            self.turn.release()

    def write(self, batch: AppendBatch) -> AppendResult:
        return super().append(batch)

    def copied(self) -> HostedCore:
        """Another that holds the same, for one transaction alone."""
        other = type(self)(self._clock)
        Storages._take_over(other, self)
        other._epoch = self._epoch
        return other


class Transaction:
    """An open transaction of a host."""

    def __init__(self, core: HostedCore) -> None:
        self.core = core
        self.changes: list[str] = []
        self.batches: list[AppendBatch] = []
        self.own: HostedCore | None = None

    @property
    def view(self) -> HostedCore:
        """What is read in it."""
        return self.own or self.core

    def append(self, batch: AppendBatch) -> AppendResult:
        if self.own is None:
            self.start()
        result = self.view.write(batch)
        if not result.replayed:
            self.batches.append(batch)
        return result

    def start(self) -> None:
        """From here on it has a view of its own."""
        self.core.take_turn()
        self.own = self.core.copied()

    def commit(self) -> None:
        with self.alone():
            for batch in self.batches:
                self.core.write(batch)
            self.core.changes += self.changes
        self.end()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody reads or writes meanwhile."""
        with self.core._lock:
            yield

    def rollback(self) -> None:
        self.end()

    def fail(self) -> None:
        """The commit fails."""
        self.rollback()

    def end(self) -> None:
        if self.own is not None:
            self.core.turn.release()


class Optimistic(Transaction):
    """Nobody waits for it; where others have overtaken it, it is rolled back."""

    def start(self) -> None:
        self.own = self.core.copied()

    def check(self) -> None:
        """Whether everything it was to follow is still as it was."""
        tried = self.core.copied()
        try:
            for batch in self.batches:
                tried.write(batch)
        except VersionConflict as conflict:
            raise StoreUnavailable("others were first: the transaction was rolled back") from conflict

    def commit(self) -> None:
        with self.alone():
            self.check()
            super().commit()

    def end(self) -> None:
        pass


class Connection:
    """A host's connection to a database in memory."""

    def __init__(self, core: HostedCore, kind: type[Transaction]) -> None:
        self.core, self.kind = core, kind
        self.transaction: Transaction | None = None
        self.listeners: list[Callable[[], None]] = []

    def begin(self) -> Transaction:
        if self.transaction is None:
            self.transaction = self.kind(self.core)
        return self.transaction

    def commit(self) -> None:
        over, self.transaction = self.transaction, None
        if over is None:
            return
        fault = vars(self.core).pop("planted", None)
        if fault in {"refused", "torn"}:
            over.fail()
            raise DriverError(fault)
        over.commit()
        if fault is not None:
            raise DriverError(fault)
        for tell in self.listeners:
            tell()

    def rollback(self) -> None:
        over, self.transaction = self.transaction, None
        if over is not None:
            over.rollback()


class Application(Host):
    """A host."""

    def __init__(self, core: HostedCore, kind: type[Transaction]) -> None:
        self.link = Connection(core, kind)

    @property
    def connection(self) -> object:
        return self.link

    def change(self, text: str) -> None:
        self.link.begin().changes.append(text)

    def changes(self) -> Sequence[str]:
        return list(self.link.core.changes)

    def commit(self) -> None:
        self.link.commit()

    def rollback(self) -> None:
        self.link.rollback()

    def close(self) -> None:
        self.link.rollback()


class Joined(Handle, JoinedStore):
    """The store within the transactions of a host."""

    def __init__(self, shared: HostedCore, link: Connection) -> None:
        super().__init__(shared)
        self.link = link
        self.tell: Callable[[], None] | None = None

    def transaction(self) -> Transaction:
        if self._closed:
            raise rules.closed("the joined store")
        if not self.is_open or self.link.transaction is None:
            raise StoreUnavailable("no transaction of the host is open: begin one; nothing was stored")
        return self.link.transaction

    @property
    def core(self) -> Core:
        return self.transaction().view

    def append(self, batch: AppendBatch) -> AppendResult:
        rules.check_batch(batch, self.capabilities)
        return self.transaction().append(batch)

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        return self.transaction().core.read_feed(after=after, limit=limit)

    @property
    def is_open(self) -> bool:
        return self.link.transaction is not None

    def begin(self) -> None:
        self.link.begin()

    def commit(self) -> None:
        if not self.is_open:
            raise CommitUnknown("the host has ended its transaction; ask again with the same key")
        try:
            self.link.commit()
        except DriverError as error:
            self.explain(error)

    def explain(self, error: DriverError) -> NoReturn:
        """Tell what became of the commit."""
        if error.kind == "lost":
            raise CommitUnknown("the connection was lost during the commit; ask again with the same key") from error
        raise StoreUnavailable("the database refused the commit: it was rolled back") from error

    def when_committed(self, tell: Callable[[], None]) -> None:
        self.tell = tell
        self.link.listeners.append(tell)

    def close(self) -> None:
        super().close()
        if self.tell in self.link.listeners:
            self.link.listeners.remove(self.tell)

    def rollback(self) -> None:
        self.link.rollback()

    def join(self, connection: object) -> NoReturn:
        raise Unsupported(Capability.EXTERNAL_TX.name, "joining a transaction out of another")

    def claim(self, owner: str, *, limit: int, lease_for: float) -> NoReturn:
        raise _no_leases()

    def ack(self, claim: Claim) -> None:
        raise _no_leases()

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        raise _no_leases()

    def revive(self, notice: int) -> NoReturn:
        raise _no_leases()


def _no_leases() -> Unsupported:
    return Unsupported(Capability.OUTBOX.name, "a lease within a transaction of the host")


class Hosted(Handle):
    """A handle whose store joins the transactions of hosts."""

    core_class = HostedCore
    Work: ClassVar[type[Transaction]] = Transaction
    Within: ClassVar[type[Joined]] = Joined

    def join(self, connection: object) -> JoinedStore:
        if not isinstance(connection, Connection):
            raise InvalidInput.at("connection", "is none of a database in memory", "give the connection of the host")
        if connection.core is not self.core:
            raise InvalidInput.at("connection", "leads to another storage", "connect the host to the same one")
        return self.Within(connection.core, connection)


class OptimisticHosted(Hosted):
    """The same, where nobody waits."""

    Work = Optimistic
