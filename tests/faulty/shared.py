"""Stores in memory that several handles share, so that a second handle is another object on the same storage."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from stabflow.errors import CommitUnknown, StoreUnavailable
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    Claim,
    Clock,
    DeadLetter,
    DutyPage,
    DutyQuery,
    FeedPage,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
    WaitingNotice,
)
from stabflow.stores.memory import MemoryStore, _Notice


class Core(MemoryStore):
    """A store in memory, and what the faulty ones derived from it reach for."""

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Alone with the store, which is open."""
        with self._lock:
            self._check_open()
            yield

    def restored(self) -> None:
        """A backup has taken its place: it has another past from now on."""
        self._epoch = secrets.token_hex(8)

    def version(self, stream: str) -> int:
        return self.heads([stream])[0].version

    def enqueue(self, batch: AppendBatch) -> None:
        with self._held():
            for new in batch.outbox:
                self._notices += 1
                notice = _Notice(self._notices, new.lane, new.payload, ready=rules.ticks(self._clock))
                self._lanes.setdefault(new.lane, {})[notice.number] = notice


class DriverError(Exception):
    """What the driver of a database raises; ``kind`` says how the commit failed, as in `StoreHarness.fault`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"planted: {kind}")


class Handle(Store):
    """One of several handles on a store in memory, closed on its own."""

    core_class: ClassVar[type[Core]] = Core

    def __init__(self, core: Core) -> None:
        self.capabilities = core.capabilities
        self.shared = core
        self._closed = False

    @property
    def core(self) -> Core:
        if self._closed:
            raise rules.closed("the handle")
        return self.shared

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return self.write(batch)
        except DriverError as error:
            return self.failed(batch, error)

    def write(self, batch: AppendBatch) -> AppendResult:
        """Write the batch, or run into the fault that was planted."""
        fault = vars(self.core).pop("planted", None)
        if fault in {"refused", "torn"}:
            raise DriverError(fault)
        result = self.core.append(batch)
        if fault is not None:
            raise DriverError(fault)
        return result

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        """What is made of an error of the driver."""
        if error.kind == "lost":
            raise CommitUnknown("the connection was lost during the commit; ask again with the same key") from error
        raise StoreUnavailable("the database refused the commit; try again") from error

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        return self.core.lookup(stream, key)

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        return self.core.read_stream(stream, after=after, limit=limit)

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        return self.core.heads(streams)

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        return self.core.are_heads(heads)

    def find_cases(self, query: CaseQuery) -> CasePage:
        return self.core.find_cases(query)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        return self.core.find_duties(query)

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        return self.core.read_feed(after=after, limit=limit)

    def get_snapshot(self, stream: str) -> Snapshot | None:
        return self.core.get_snapshot(stream)

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        return self.core.claim(owner, limit=limit, lease_for=lease_for)

    def ack(self, claim: Claim) -> None:
        self.core.ack(claim)

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        self.core.release(claim, retry_after=retry_after, error=error)

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        return self.core.waiting(after=after, limit=limit)

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        return self.core.dead_letters(after=after, limit=limit)

    def revive(self, notice: int) -> bool:
        return self.core.revive(notice)

    def close(self) -> None:
        self._closed = True


class Storages:
    """Storages in memory by their names, and the handles on them; ``made_of`` is a store or a handle with a fault."""

    def __init__(self, made_of: type[Core | Handle]) -> None:
        if issubclass(made_of, Handle):
            self._handle: type[Handle] = made_of
            self._core: type[Core] = made_of.core_class
        else:
            self._handle, self._core = Handle, made_of
        self._cores: dict[str, Core] = {}

    def provision(self) -> str:
        name = secrets.token_hex(4)
        self._cores[name] = self._core()
        return name

    def open(self, name: str, clock: Clock | None) -> Store:
        core = self._cores[name]
        core._clock = clock or rules.system_clock
        return self._handle(core)

    def core(self, name: str) -> Core:
        return self._cores[name]

    def destroy(self, name: str) -> None:
        self._cores.pop(name).close()

    @contextmanager
    def fault(self, name: str, kind: str) -> Iterator[None]:
        """The next commit fails in the way of ``kind``."""
        core = vars(self._cores[name])
        core["planted"] = kind
        yield
        core.pop("planted", None)

    def copy(self, name: str) -> str:
        """Another storage that holds the same, with the epoch of its own that a new store has."""
        copied = self.provision()
        self._take_over(self._cores[copied], self._cores[name])
        return copied

    def restore(self, name: str, backup: str) -> None:
        """Let the storage hold what the backup does; `Core.restored` says what of its past is known."""
        there = self._cores[name]
        self._take_over(there, self._cores[backup])
        there.restored()

    @staticmethod
    def _take_over(there: Core, original: Core) -> None:
        with original._lock:
            for attribute, value in vars(original).items():
                if attribute not in {"_clock", "_epoch"} and not hasattr(value, "acquire"):
                    setattr(there, attribute, copy.deepcopy(value))
