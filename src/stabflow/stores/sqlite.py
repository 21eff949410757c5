"""The store in a SQLite file: durable, and safe to use from several threads and several processes.

A handle has two connections, each behind a lock: one writes, one reads, so that reading waits neither for a disk nor for
another process that writes. Both are opened when they are first needed, and nothing is made before the first append.

An append is one ``BEGIN IMMEDIATE`` … ``COMMIT`` in a write-ahead log with ``synchronous=FULL``. It reads nothing first:
the primary key of the keys and the triggers of the records refuse what must not be written, and only then is the reason
looked up (see `sqlite_schema`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import apsw

from ..errors import IdempotencyMismatch, InvalidInput, VersionConflict
from ..ports import store_rules as rules
from ..ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Capability,
    CasePage,
    CaseQuery,
    CaseRow,
    Clock,
    DutyPage,
    DutyQuery,
    Store,
    StoredRecord,
    StreamHead,
)
from . import sqlite_rows, sqlite_schema
from .sqlite_file import DatabaseFile, discard

T = TypeVar("T")

_SYNCHRONOUS = {"full": "FULL", "normal": "NORMAL"}


class SqliteStore(Store):
    """A handle on a SQLite file; `open` and `from_url` make one. It refuses to be used after a fork."""

    def __init__(self, file: DatabaseFile) -> None:
        durable = {Capability.DURABLE} if file.synchronous == "FULL" else set()
        self.capabilities = frozenset({Capability.MULTI_PROCESS, *durable})
        self._file = file
        self._name = f"the store {file.path}"
        self._process = os.getpid()
        self._closed = False
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._reader: apsw.Cursor | None = None
        self._writer: apsw.Cursor | None = None
        # Whether everything this handle can see is on disk, and not only in the system's memory.
        self._settled = False
        # Whether a commit failed, and what it left in the log could still come back after a crash.
        self._in_doubt = False

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        synchronous: str = "full",
        busy_timeout: float = 10.0,
        vfs: str | None = None,
    ) -> SqliteStore:
        """A handle on the file at ``path``; a file that is not there is made by the first append.

        With ``create=False`` it must be there. ``synchronous="normal"`` is for benchmarks: the newest acts may be lost
        when the power fails, and `Capability.DURABLE` is not declared. ``busy_timeout`` is how many seconds to wait for
        another process; ``vfs`` names a SQLite VFS, which tests use to make the disk fail.

        Raises `StoreUnavailable` when the folder is missing or the file is not ours or cannot be read, `ContractTooNew`
        when a newer stabflow made it, `Corrupt` when somebody changed its tables or triggers.
        """
        if synchronous.lower() not in _SYNCHRONOUS:
            raise ValueError(f"synchronous is full or normal, not {synchronous!r}")
        real = Path(os.path.realpath(path))
        file = DatabaseFile(real, synchronous=_SYNCHRONOUS[synchronous.lower()], busy_timeout=busy_timeout, vfs=vfs)
        store = cls(file)
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
        return cls.open(path, synchronous=synchronous)

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`. `ValueError` when the batch could not be right: no records, or a key without a digest."""
        rules.check_batch(batch, self.capabilities)
        self._check_process()
        if self._in_doubt:
            self._settle()
        with self._writing:
            writer = self._existing_writer()
            if writer is None:
                if batch.expected_version:
                    raise VersionConflict(batch.stream, batch.expected_version, 0)
                for head in batch.relies_on:
                    if head.version:
                        raise VersionConflict(head.stream, head.version, 0)
                if self._file.create(lambda cursor: sqlite_rows.write(cursor, batch)):
                    return AppendResult(1, len(batch.records))
                writer = self._connect_writer()
            try:
                writer.execute("BEGIN IMMEDIATE")
                result = self._write(writer, batch)
            except BaseException as error:
                self._roll_back(writer)
                if isinstance(error, apsw.Error):
                    raise self._file.failure(error) from error
                raise
            if result.replayed and self._settled:
                self._roll_back(writer)
            else:
                self._commit(writer, already_there=result.replayed)
            return result

    def _write(self, writer: apsw.Cursor, batch: AppendBatch) -> AppendResult:
        try:
            sqlite_rows.write_key(writer, batch)
        except apsw.ConstraintError as error:
            # The trigger on the keys speaks before the one on the records: the key is looked at before the version (C3).
            ((digest, first, last),) = sqlite_rows.ask(writer, sqlite_rows.LOOKUP, (batch.stream, batch.key))
            if digest != batch.digest:
                raise IdempotencyMismatch(batch.stream, str(batch.key)) from error
            self._mark_unless_settled(writer)
            return AppendResult(first, last, replayed=True)
        if not sqlite_rows.are_heads(writer, batch.relies_on):
            for head in batch.relies_on:
                if (there := sqlite_rows.head(writer, head.stream)) != head:
                    raise VersionConflict(head.stream, head.version, there.version)
        try:
            sqlite_rows.write_records(writer, batch)
        except apsw.ConstraintError as error:
            if getattr(error, "extendedresult", None) != apsw.SQLITE_CONSTRAINT_TRIGGER:
                raise ValueError(f"the batch for {batch.stream} does not fit the tables: {error}") from error
            there = sqlite_rows.head(writer, batch.stream)
            raise VersionConflict(batch.stream, batch.expected_version, there.version) from error
        return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """See `Store.lookup`; the result reads ``replayed=True``, as it does when the act is appended again."""
        for digest, first, last in self._rows(sqlite_rows.LOOKUP, (stream, key)):
            if not self._settled:
                self._settle()
            return digest, AppendResult(first, last, replayed=True)
        return None

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """See `Store.read_stream`; `ValueError` when ``limit`` is not from 1 to `MAX_PAGE`."""
        rules.check_page(limit)
        return tuple(StoredRecord(*row) for row in self._rows(sqlite_rows.READ_STREAM, (stream, after, limit)))

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
        if not self._in_doubt and self._writing.acquire(blocking=False):
            try:
                if self._writer is not None and (writer := self._existing_writer()) is not None:
                    return ask(writer)
            except apsw.Error as error:
                self._drop_writer()
                raise self._file.failure(error) from error
            finally:
                self._writing.release()
        return self._read(ask)

    def find_cases(self, query: CaseQuery) -> CasePage:
        """See `Store.find_cases`; `ValueError` when the limit is not from 1 to `MAX_PAGE`."""
        rules.check_page(query.limit)
        return rules.case_page([CaseRow(*row) for row in self._rows(*sqlite_rows.find_cases(query))], query.limit)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        """See `Store.find_duties`; `ValueError` for a bad limit, `InvalidInput` for a cursor that is none."""
        rules.check_page(query.limit)
        rows = self._rows(*sqlite_rows.find_duties(query))
        return rules.duty_page([sqlite_rows.duty_row(row) for row in rows], query.limit)

    def about(self) -> Mapping[str, str]:
        """See `Store.about`. Where there is no file yet, it has no schema."""
        found = self._read(lambda cursor: str(cursor.connection.pragma("user_version")))
        known = {"sqlite": apsw.sqlite_lib_version(), "file": str(self._file.path)}
        return known | ({} if found is None else {"schema": found})

    def close(self) -> None:
        """Let go of the file; using the handle afterwards raises `StoreUnavailable`. In a forked process, do nothing."""
        if os.getpid() != self._process:
            return
        with self._reading, self._writing:
            self._closed = True
            self._drop_writer()
            self._drop_reader()

    def _rows(self, statement: str, bindings: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._read(lambda cursor: sqlite_rows.ask(cursor, statement, bindings)) or []

    def _read(self, ask: Callable[[apsw.Cursor], T]) -> T | None:
        """What ``ask`` finds on the reading connection; ``None`` when there is no file."""
        self._check_process()
        if self._in_doubt:
            self._settle()
        with self._reading:
            self._check_open()
            if self._reader is not None:
                self._file.check_unmoved()
            elif self._file.exists():
                self._reader = self._file.connect().cursor()
            else:
                return None
            try:
                return ask(self._reader)
            except apsw.Error as error:
                self._drop_reader()
                raise self._file.failure(error) from error

    def _existing_writer(self) -> apsw.Cursor | None:
        self._check_open()
        if self._writer is None:
            return self._connect_writer() if self._file.exists() else None
        self._file.check_unmoved()
        return self._writer

    def _connect_writer(self) -> apsw.Cursor:
        self._writer = self._file.connect().cursor()
        return self._writer

    def _settle(self) -> None:
        """See to it that what can be found is on disk, and that what cannot be found will not come back.

        A process that is killed while it commits may leave a complete commit in the system's memory alone: a later commit
        takes it to the disk. A commit that failed may have left the same behind the end of the log, unseen until
        a crash: a later commit writes over it. So this commits something that changes nothing.
        """
        with self._writing:
            writer = self._existing_writer() or self._connect_writer()
            try:
                writer.execute("BEGIN IMMEDIATE")
                self._mark_unless_settled(writer)
            except BaseException as error:
                self._roll_back(writer)
                if isinstance(error, apsw.Error):
                    raise self._file.unknown(error) from error
                raise
            self._commit(writer, already_there=True)

    def _mark_unless_settled(self, writer: apsw.Cursor) -> None:
        if not self._settled:
            try:
                sqlite_schema.mark(writer)
            except apsw.Error as error:
                raise self._file.unknown(error) from error

    def _commit(self, writer: apsw.Cursor, *, already_there: bool) -> None:
        try:
            writer.execute("COMMIT")
        except (apsw.BusyError, apsw.FullError) as error:
            # Certain: the page that would have completed the commit could not be written.
            self._roll_back(writer)
            raise (self._file.unknown(error) if already_there else self._file.failure(error)) from error
        except BaseException as error:
            self._settled, self._in_doubt = False, True
            self._drop_writer()
            if isinstance(error, Exception):
                raise self._file.unknown(error) from error
            raise
        self._settled, self._in_doubt = True, False

    def _roll_back(self, writer: apsw.Cursor) -> None:
        try:
            if writer.connection.in_transaction:
                writer.execute("ROLLBACK")
        except apsw.Error:
            self._drop_writer()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            discard(self._writer.connection)
        self._writer = None

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
