"""A SQLite store on a disk that can be made to fail: everything that the conformance kit can ask of a harness."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw
import pytest

from stabflow.ports.store import Clock, Store
from stabflow.stores import sqlite_file
from stabflow.stores.sqlite import SqliteStore
from stabflow.testing import FaultKind, SqliteHarness

from .disk import Disk, Op, lay_out, nothing, survivors
from .files import raw


class LaboratoryHarness(SqliteHarness):
    """Each storage has a disk of its own; what was not synced is gone when the power is cut."""

    def __init__(self) -> None:
        self._disks: dict[Path, Disk] = {}

    def provision(self) -> str:
        config = super().provision()
        self._disks[self._file(config).parent] = Disk()
        return config

    def open(self, config: str, clock: Clock) -> Store:
        path = self._file(config)
        disk = self._disks.get(path.parent)
        return SqliteStore.open(path, vfs=None if disk is None else disk.name, clock=clock)

    def cut_power(self, config: str) -> str:
        disk = self._disks[self._file(config).parent]
        found = self._file(super().provision())
        found.parent.rmdir()
        lay_out(found.parent, survivors(disk.log, nothing, names="synced"))
        return f"sqlite:///{found}"

    def newer(self, config: str) -> bool:
        with raw(self._file(config)) as connection:
            connection.execute("PRAGMA user_version = 99")
        return True

    def fault(self, config: str, kind: FaultKind) -> AbstractContextManager[None] | None:
        """``refused``: the disk is full at the first write. ``torn``: the log cannot be synced once the whole commit was written.
        A commit that SQLite took for failed is never there, so nothing is ``lost``."""
        if kind == "lost":
            return None
        return self._failing(self._disks[self._file(config).parent], kind)

    @contextmanager
    def _failing(self, disk: Disk, kind: FaultKind) -> Iterator[None]:
        failed: list[Op] = []

        def fault(op: Op) -> Exception | None:
            if failed or op.kind != ("write" if kind == "refused" else "sync"):
                return None
            failed.append(op)
            return apsw.FullError("planted") if kind == "refused" else apsw.IOError("planted")

        disk.fault = fault
        yield
        disk.fault = lambda _op: None
        assert failed, "nothing was written"

    @contextmanager
    def watching_names(self) -> Iterator[None]:
        """Let each disk know what the store does with names, which goes past the VFS."""
        link, sync = sqlite_file._link, sqlite_file._sync_folder

        def note(folder: Path, op: Op) -> None:
            disk = self._disks.get(folder)
            if disk is not None:
                disk.note(op)

        def watched_link(draft: Path, path: Path) -> None:
            note(path.parent, Op("link", draft.name, data=path.name.encode()))
            link(draft, path)

        def watched_sync(folder: Path) -> None:
            note(folder, Op("sync folder"))
            sync(folder)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite_file, "_link", watched_link)
            patch.setattr(sqlite_file, "_sync_folder", watched_sync)
            yield
