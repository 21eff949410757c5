"""The store in a SQLite file: durable, and safe to use from several threads and several processes.

A handle has two connections, each behind a lock: one writes (see `sqlite_connection`), one reads, so that reading waits neither
for a disk nor for another process that writes. Both are opened when they are first needed, and nothing is made before the first
append. An append is one ``BEGIN IMMEDIATE`` … ``COMMIT`` in a write-ahead log with ``synchronous=FULL``.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import apsw

from ..errors import FeedReset, InvalidInput, LeaseLost
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
    FeedPage,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
    WaitingNotice,
)
from . import sqlite_outbox, sqlite_rows, sqlite_schema
from .sqlite_connection import WritingConnection
from .sqlite_file import DatabaseFile, discard
from .sqlite_writer import Writer

T = TypeVar("T")

_MOST = 2**63 - 1
_SYNCHRONOUS = {"full": "FULL", "normal": "NORMAL"}
_ALWAYS = frozenset({Capability.MULTI_PROCESS, Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS})


class SqliteStore(Store):
    """A handle on a SQLite file; `open` and `from_url` make one. It refuses to be used after a fork."""

    def __init__(self, file: DatabaseFile, clock: Clock | None = None) -> None:
        durable = {Capability.DURABLE} if file.synchronous == "FULL" else set()
        self.capabilities = _ALWAYS | durable
        self._clock = clock or rules.system_clock
        self._file = file
        self._name = f"the store {file.path}"
        self._process = os.getpid()
        self._closed = False
        self._reading = threading.Lock()
        self._reader: apsw.Cursor | None = None
        self._connection = WritingConnection(file, self._check_open)
        self._writer = Writer(self._connection)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        synchronous: str = "full",
        busy_timeout: float = 10.0,
        vfs: str | None = None,
        clock: Clock | None = None,
    ) -> SqliteStore:
        """A handle on the file at ``path``; a file that is not there is made by the first append.

        With ``create=False`` it must be there. ``synchronous="normal"`` is for benchmarks: the newest acts may be lost
        when the power fails, and `Capability.DURABLE` is not declared. ``busy_timeout`` is how many seconds to wait for
        another process; ``vfs`` names a SQLite VFS, which tests use to make the disk fail; leases run by ``clock``.

        Raises `StoreUnavailable` when the folder is missing or the file is not ours or cannot be read, `ContractTooNew`
        when a newer stabflow made it, `Corrupt` when somebody changed its tables or triggers.
        """
        if synchronous.lower() not in _SYNCHRONOUS:
            raise ValueError(f"synchronous is full or normal, not {synchronous!r}")
        real = Path(os.path.realpath(path))
        file = DatabaseFile(real, synchronous=_SYNCHRONOUS[synchronous.lower()], busy_timeout=busy_timeout, vfs=vfs)
        store = cls(file, clock)
        if file.exists():
            store._reader = file.connect().cursor()
        elif not create:
            raise file.trouble("does not exist", "correct the path")
        return store

    @classmethod
    def from_url(cls, url: str, clock: Clock | None = None) -> SqliteStore:
        """The store at ``sqlite:///relative.db`` or ``sqlite:////absolute.db``, with ``?synchronous=normal`` if need be.

        In the path ``%20`` stands for a space, ``%3F`` for ``?``, ``%23`` for ``#`` and ``%25`` for ``%``. Raises what
        `open` raises, and `InvalidInput` when the URL is not of this form.
        """
        path, synchronous = _parse(url)
        return cls.open(path, synchronous=synchronous, clock=clock)

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`. `ValueError` when the batch could not be right, such as a key without a digest. Threads that append
        at once are served together, with one wait for the disk."""
        rules.check_batch(batch, self.capabilities)
        self._check_process()
        return self._writer.append(batch, rules.ticks(self._clock) if batch.outbox else 0)

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """See `Store.lookup`; the result reads ``replayed=True``, as it does when the act is appended again."""
        for digest, first, last in self._rows(sqlite_rows.LOOKUP, (stream, key)):
            if not self._connection.settled:
                self._connection.settle()
            return digest, AppendResult(first, last, replayed=True)
        return None

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """See `Store.read_stream`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        rows = self._rows(sqlite_rows.READ_STREAM, (stream, _within(after), limit))
        return tuple([StoredRecord(*row) for row in rows])

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        """See `Store.heads`."""
        found = self._glance(lambda cursor: tuple([sqlite_rows.head(cursor, stream) for stream in streams]))
        return tuple([StreamHead(stream, 0, b"") for stream in streams]) if found is None else found

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        """See `Store.are_heads`: one statement, where `heads` takes one for each stream."""
        found = self._glance(lambda cursor: sqlite_rows.are_heads(cursor, heads))
        return all(head.version == 0 for head in heads) if found is None else found

    def _glance(self, ask: Callable[[apsw.Cursor], T]) -> T | None:
        """What ``ask`` finds; ``None`` when there is no file. The writing connection answers unless it is busy: it need not read
        anew what it has just written."""
        self._check_process()
        found = self._connection.glance(ask)
        return self._read(ask) if found is None else found[0]

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        """See `Store.read_feed`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`. A cursor says at which position it
        is, which record that was, and in which file: one that was copied or put back has others."""
        rules.check_page(limit)
        file, position, hash_ = ("", 0, "") if after is None else _read_cursor(after)

        def page(cursor: apsw.Cursor) -> FeedPage:
            here = self._file.number()
            if after is not None:
                last = sqlite_rows.ask(cursor, sqlite_rows.HASH_AT, (position,))
                if file != here or not last or _short(last[0][0]) != hash_:
                    raise FeedReset(after)
            found = tuple(
                [StoredRecord(*row) for row in sqlite_rows.ask(cursor, sqlite_rows.READ_FEED, (position, limit))]
            )
            return FeedPage(found, f"{here}.{found[-1].position}.{_short(found[-1].hash)}" if found else after)

        found = self._read(page)
        if found is None and after is not None:
            raise FeedReset(after)
        return FeedPage((), None) if found is None else found

    def get_snapshot(self, stream: str) -> Snapshot | None:
        """See `Store.get_snapshot`."""
        for row in self._rows(sqlite_rows.SNAPSHOT, (stream,)):
            return Snapshot(*row)
        return None

    def find_cases(self, query: CaseQuery) -> CasePage:
        """See `Store.find_cases`; `ValueError` when the limit is not from 1 to `MAX_PAGE`."""
        rules.check_page(query.limit)
        rows = self._found(lambda cursor: sqlite_rows.find_cases(query, sqlite_rows.narrowest(cursor, query)))
        return rules.case_page([CaseRow(*row) for row in rows], query.limit)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        """See `Store.find_duties`; `ValueError` for a bad limit, `InvalidInput` for a cursor that is none."""
        rules.check_page(query.limit)
        rules.read_cursor(query.after)  # also where there is no file yet
        rows = self._found(lambda cursor: sqlite_rows.find_duties(query, sqlite_rows.narrowest(cursor, query)))
        return rules.duty_page([sqlite_rows.duty_row(row) for row in rows], query.limit)

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        """See `Store.claim`; `ValueError` when the limit is not from 1 to `MAX_PAGE`, or the lease has no end."""
        rules.check_lease(limit, lease_for)
        now, until = rules.ticks(self._clock), rules.ticks(self._clock, lease_for)
        return self._change(lambda cursor: sqlite_outbox.claim(cursor, owner, limit=limit, now=now, until=until)) or ()

    def ack(self, claim: Claim) -> None:
        """See `Store.ack`."""
        if not self._change(lambda cursor: sqlite_outbox.ack(cursor, claim)):
            raise LeaseLost(claim.notice, claim.token)

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        """See `Store.release`; `ValueError` when the time to wait is none."""
        rules.check_retry(retry_after)
        ready = None if retry_after is None else rules.ticks(self._clock, retry_after)
        if not self._change(lambda cursor: sqlite_outbox.release(cursor, claim, ready=ready, error=error)):
            raise LeaseLost(claim.notice, claim.token)

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        """See `Store.waiting`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        return self._read(lambda cursor: sqlite_outbox.waiting(cursor, after=after, limit=limit)) or ()

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        return self._read(lambda cursor: sqlite_outbox.dead_letters(cursor, after=_within(after), limit=limit)) or ()

    def revive(self, notice: int) -> bool:
        """See `Store.revive`."""
        now = rules.ticks(self._clock)
        return bool(self._change(lambda cursor: sqlite_outbox.revive(cursor, _within(notice), now)))

    def _change(self, act: Callable[[apsw.Cursor], T]) -> T | None:
        self._check_process()
        return self._connection.change(act)

    def about(self) -> Mapping[str, str]:
        """See `Store.about`. Where there is no file yet, it has no schema."""
        found = self._read(lambda cursor: str(cursor.connection.pragma("user_version")))
        known = {"sqlite": apsw.sqlite_lib_version(), "file": str(self._file.path)}
        return known | ({} if found is None else {"schema": found})

    def close(self) -> None:
        """Let go of the file; using the handle afterwards raises `StoreUnavailable`. In a forked process, do nothing."""
        if os.getpid() != self._process:
            return
        with self._reading, self._connection.lock:
            self._closed = True
            self._connection.drop()
            self._drop_reader()

    def _found(self, asked: Callable[[apsw.Cursor], tuple[str, Sequence[Any]]]) -> list[tuple[Any, ...]]:
        return self._read(lambda cursor: sqlite_rows.ask(cursor, *asked(cursor))) or []

    def _rows(self, statement: str, bindings: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._read(lambda cursor: sqlite_rows.ask(cursor, statement, bindings)) or []

    def _read(self, ask: Callable[[apsw.Cursor], T]) -> T | None:
        """What ``ask`` finds on the reading connection; ``None`` when there is no file."""
        self._check_process()
        if self._connection.in_doubt:
            self._connection.settle()
        with self._reading:
            self._check_open()
            if self._reader is not None:
                self._file.check_unmoved()
            elif self._file.exists():
                self._reader = self._file.connect().cursor()
            else:
                return None
            try:
                sqlite_schema.check_version(self._reader)
                return ask(self._reader)
            except apsw.Error as error:
                failure = self._file.failure(error, self._reader.connection)
                self._drop_reader()
                raise failure from error

    def _drop_reader(self) -> None:
        if self._reader is not None:
            discard(self._reader.connection)
        self._reader = None

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise rules.forked(self._name)

    def _check_open(self) -> None:
        if self._closed:
            raise rules.closed(self._name)


def _parse(url: str) -> tuple[str, str]:
    """The path and the setting of ``synchronous`` in a URL."""

    def wrong(problem: str, cure: str) -> InvalidInput:
        return InvalidInput.at("store", problem, cure)

    scheme, separator, rest = url.partition(":///")
    path, _, options = rest.partition("?")
    if scheme.lower() != "sqlite" or not separator or not path:
        raise wrong(f"{url!r} does not name a SQLite file", "write sqlite:///relative.db or sqlite:////absolute.db")
    if "#" in rest:
        raise wrong(f"{url!r} has a #", "write %23 for a # in a path")
    synchronous = "full"
    for option in filter(None, options.split("&")):
        name, _, synchronous = option.partition("=")
        if name != "synchronous" or synchronous not in _SYNCHRONOUS:
            raise wrong(f"{option!r} is no option of a SQLite store", "write synchronous=full or synchronous=normal")
    try:
        real = unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise wrong(f"{url!r} is not UTF-8 behind its % signs", "encode the path as UTF-8") from error
    if "\0" in real or real == ":memory:":
        raise wrong(f"{url!r} does not name a file", "write memory: for a store in memory")
    return real, synchronous


def _within(number: int) -> int:
    """The number, or the nearest that SQLite knows: beyond it there is nothing."""
    return max(-_MOST, min(number, _MOST))


def _short(hash_: bytes) -> str:
    return hash_[:8].hex()


def _read_cursor(cursor: str) -> tuple[str, int, str]:
    """The file, the position and the beginning of the record's hash in a cursor of the feed."""
    found = re.fullmatch(r"([0-9a-f]{1,32})\.([1-9][0-9]{0,17})\.([0-9a-f]{0,16})", cursor)
    if found is None:
        raise rules.no_feed_cursor()
    return found[1], int(found[2]), found[3]
