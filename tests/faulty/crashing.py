"""Faults of a store in a file: what a killed process leaves, what two processes do, and files of later (C1, C2, C3, C4, C14)."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import attrs

from stabflow.errors import ContractTooNew, StoreUnavailable
from stabflow.ports.store import AppendBatch, Capability, Clock

from .journal import JournalStore, Line

# C14 Schema


class LaterFormatNotSeen(JournalStore):
    """Does not look at the format of a file that is there."""

    def check_format(self, found: bytes) -> None:
        pass


class LaterFormatUnavailable(JournalStore):
    """Says of a file that a later version wrote no more than that it cannot be used."""

    def check_format(self, found: bytes) -> None:
        try:
            super().check_format(found)
        except ContractTooNew as error:
            raise StoreUnavailable(f"{self._path} cannot be used") from error


# What is left where it stops


class InTwoCommits(JournalStore):
    """Commits a part of an append, and then the rest; derived ones say what is left where it stops in between."""

    def part(self, batch: AppendBatch) -> AppendBatch | None:
        raise NotImplementedError

    def _keep(self, line: Line) -> None:
        super()._keep(line)
        if line.append is not None:
            super()._keep(Line(line.now, rest=True))

    def _replay(self, lines: Sequence[Line]) -> None:
        for n, line in enumerate(lines):
            if line.append is None or any(following.rest for following in lines[n + 1 : n + 2]):
                whole: Line | None = line
            else:
                part = self.part(line.append)
                whole = None if part is None else attrs.evolve(line, append=part)
            if whole is not None and not whole.rest:
                self._do(whole)


class HalfTheRecords(InTwoCommits):
    """Commits the first records, and then the others with everything else."""

    def part(self, batch: AppendBatch) -> AppendBatch | None:
        records = batch.records[: len(batch.records) // 2]
        return AppendBatch(batch.stream, batch.expected_version, records) if records else None


class OutboxAfterwards(InTwoCommits):
    """Commits the records, and then the notices."""

    def part(self, batch: AppendBatch) -> AppendBatch | None:
        return attrs.evolve(batch, outbox=()) if batch.records else None


class IndexAfterwards(InTwoCommits):
    """Commits the records, and then the index."""

    def part(self, batch: AppendBatch) -> AppendBatch | None:
        return attrs.evolve(batch, index=None)


class KeyAfterwards(InTwoCommits):
    """Commits the records, and then the key: who asks again after a crash is told of a conflict."""

    def part(self, batch: AppendBatch) -> AppendBatch | None:
        return attrs.evolve(batch, key=None, digest=None) if batch.records else None


class SnapshotBefore(InTwoCommits):
    """Commits the snapshot, being only a cache, and then the records."""

    def part(self, batch: AppendBatch) -> AppendBatch | None:
        if batch.snapshot is not None:
            self._state._snapshots[batch.stream] = batch.snapshot
        return None


class WriteBack(JournalStore):
    """Acknowledges what stands in its memory, and writes when there is enough of it, or when it is closed."""

    capabilities = JournalStore.capabilities - {Capability.MULTI_PROCESS}

    ENOUGH = 8
    _unwritten: ClassVar[defaultdict[str, list[bytes]]] = defaultdict(list)

    def _stored(self) -> bytes:
        there = os.fstat(self._file).st_size
        everything = os.pread(self._file, there, 0) + b"".join(self._unwritten[self._path])
        return everything[self._end :]

    def _write(self, line: bytes) -> None:
        self._unwritten[self._path].append(line)
        self._end += len(line)
        if len(self._unwritten[self._path]) >= self.ENOUGH:
            self._flush()

    def _flush(self) -> None:
        lines = self._unwritten.pop(self._path, [])
        os.pwrite(self._file, b"".join(lines), os.fstat(self._file).st_size)
        os.fsync(self._file)

    def close(self) -> None:
        if os.getpid() == self._process and not self._closed:
            with self._held():
                self._flush()
        super().close()


class LockLeftBehind(JournalStore):
    """Its lock is a file beside the journal, which stays there when the process is killed."""

    PATIENCE = 1.0

    def _lock_file(self) -> None:
        until = time.monotonic() + self.PATIENCE
        while True:
            try:
                os.close(os.open(f"{self._path}.lock", os.O_CREAT | os.O_EXCL))
                return
            except FileExistsError as error:
                if time.monotonic() > until:
                    raise StoreUnavailable("the journal is in use by another process") from error
                time.sleep(0.0005)

    def _unlock_file(self) -> None:
        Path(f"{self._path}.lock").unlink()


class LockOfThisProcess(JournalStore):
    """Its lock is known to its own process alone, though it declares MULTI_PROCESS."""

    _locks: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

    def __init__(self, path: str, clock: Clock | None = None) -> None:
        super().__init__(path, clock)
        self._in_process = self._locks[path]

    def _lock_file(self) -> None:
        self._in_process.acquire()

    def _unlock_file(self) -> None:
        self._in_process.release()
