"""A store of our own in a file, kept as a list of what was done to it: durable, and shared by handles and processes.

Whatever changes something is done to a store in memory first, which refuses what must be refused, and then stands as one line in
the file, written under the file's lock and synced. A handle reads the lines that others wrote before it answers. A line
without its end was never written.
"""

from __future__ import annotations

import fcntl
import functools
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import attrs
from cattrs.preconf.json import make_converter

from stabflow.errors import CommitUnknown, ContractTooNew, StoreError, StoreUnavailable
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
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
    WaitingNotice,
)
from stabflow.stores.memory import MemoryStore

T = TypeVar("T")

FORMAT = b"1"

_converter = make_converter()


@attrs.frozen
class Release:
    claim: Claim
    retry_after: float | None
    error: str


@attrs.frozen
class Line:
    """One thing that was done, and when; one of the others is given. ``rest`` is for faulty stores that write in two steps."""

    now: datetime
    append: AppendBatch | None = None
    claim: tuple[str, int, float] | None = None
    ack: Claim | None = None
    release: Release | None = None
    revive: int | None = None
    rest: bool = False


@functools.lru_cache(maxsize=2_000)
def _read(line: bytes) -> Line:
    """The same for each handle, and so read once."""
    return _converter.loads(line, Line)


planned_faults: dict[str, str] = {}
"""How the next write to the file at a path is to fail."""


class JournalStore(Store):
    """A handle on the file at ``path``, which `make` has made."""

    capabilities = frozenset(set(Capability) - {Capability.EXTERNAL_TX})

    def __init__(self, path: str, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or rules.system_clock
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR)
        try:
            self.check_format(os.pread(self._file, 1, 0))
        except StoreError:
            os.close(self._file)
            raise
        self._closed = False
        self._forget()

    @staticmethod
    def make(path: Path) -> None:
        path.write_bytes(FORMAT + secrets.token_hex(8).encode() + b"\n")

    def check_format(self, found: bytes) -> None:
        """Refuse a file that a later version wrote."""
        if found != FORMAT:
            raise ContractTooNew(f"{self._path} has format {found!r}, and this is for {FORMAT!r}: upgrade")

    def _forget(self) -> None:
        self._now = self._clock()
        self._state = MemoryStore(lambda: self._now)
        # A copy of the file has the same first line, but is another file.
        self._state._epoch = f"{os.pread(self._file, 16, 1).decode()}-{os.fstat(self._file).st_ino}"
        self._end = 18

    @contextmanager
    def _held(self) -> Iterator[MemoryStore]:
        """Alone with the file, and up to date with it."""
        if os.getpid() != self._process:
            raise rules.forked("the journal")
        with self._lock:
            if self._closed:
                raise rules.closed("the journal")
            self._lock_file()
            try:
                self._catch_up()
                yield self._state
            finally:
                self._unlock_file()

    def _lock_file(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def _unlock_file(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def _catch_up(self) -> None:
        *lines, _ = self._stored().split(b"\n")
        self._replay([_read(line) for line in lines])
        self._end += sum(len(line) + 1 for line in lines)

    def _stored(self) -> bytes:
        """What stands in the file behind what is known."""
        return os.pread(self._file, os.fstat(self._file).st_size - self._end, self._end)

    def _replay(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._do(line)

    def _do(self, line: Line) -> Any:
        self._now = line.now
        if line.append is not None:
            return self._state.append(line.append)
        if line.claim is not None:
            owner, limit, lease_for = line.claim
            return self._state.claim(owner, limit=limit, lease_for=lease_for)
        if line.ack is not None:
            return self._state.ack(line.ack)
        if line.release is not None:
            again = line.release
            return self._state.release(again.claim, retry_after=again.retry_after, error=again.error)
        assert line.revive is not None
        return self._state.revive(line.revive)

    def change(self, **what: Any) -> Any:
        """Do it, and write it down; what is refused, or changes nothing, is not written."""
        line = Line(self._clock(), **what)
        with self._held():
            answer = self._do(line)
            if (isinstance(answer, AppendResult) and answer.replayed) or answer in ((), False):
                return answer
            self._keep(line)
            return answer

    def _keep(self, line: Line) -> None:
        self._write(_converter.dumps(line).encode() + b"\n")

    def _write(self, line: bytes) -> None:
        fault = planned_faults.pop(self._path, "")
        written = False
        try:
            os.ftruncate(self._file, self._end)
            if fault == "refused":
                raise OSError("planted")
            os.pwrite(self._file, line[: len(line) // 2] if fault == "torn" else line, self._end)
            if fault == "torn":
                raise OSError("planted")
            written = True
            os.fsync(self._file)
            if fault == "lost":
                raise OSError("planted")
            self._end += len(line)
        except OSError as error:
            self._forget()
            self._failed(written, error)

    def _failed(self, written: bool, error: OSError) -> NoReturn:
        if written:
            raise CommitUnknown(f"the journal failed while it was synced ({error}); ask again") from error
        raise StoreUnavailable(f"the journal could not be written ({error}); free the disk") from error

    def _ask(self, ask: Callable[[MemoryStore], T]) -> T:
        with self._held() as state:
            return ask(state)

    def append(self, batch: AppendBatch) -> AppendResult:
        result: AppendResult = self.change(append=batch)
        return result

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        return self._ask(lambda state: state.lookup(stream, key))

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        return self._ask(lambda state: state.read_stream(stream, after=after, limit=limit))

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        return self._ask(lambda state: state.heads(streams))

    def find_cases(self, query: CaseQuery) -> CasePage:
        return self._ask(lambda state: state.find_cases(query))

    def find_duties(self, query: DutyQuery) -> DutyPage:
        return self._ask(lambda state: state.find_duties(query))

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        return self._ask(lambda state: state.read_feed(after=after, limit=limit))

    def get_snapshot(self, stream: str) -> Snapshot | None:
        return self._ask(lambda state: state.get_snapshot(stream))

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims: Sequence[Claim] = self.change(claim=(owner, limit, lease_for))
        return claims

    def ack(self, claim: Claim) -> None:
        self.change(ack=claim)

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        self.change(release=Release(claim, retry_after, error))

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        return self._ask(lambda state: state.waiting(after=after, limit=limit))

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        return self._ask(lambda state: state.dead_letters(after=after, limit=limit))

    def revive(self, notice: int) -> bool:
        return bool(self.change(revive=notice))

    def close(self) -> None:
        if os.getpid() == self._process:
            with self._lock:
                if not self._closed:
                    self._closed = True
                    os.close(self._file)
