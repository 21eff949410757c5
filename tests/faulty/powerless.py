"""SQLite on a disk that remembers, so that the harness can cut the power; and what is then seen to be lost (C4)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from crash.disk import Disk, Op, nothing, survivors

from stabflow.ports.store import Capability, Clock, Store
from stabflow.stores import sqlite_file
from stabflow.stores.sqlite import SqliteStore
from stabflow.testing import StoreHarness

NAME = "store.db"


class NotSynced(SqliteStore):
    """Opened with ``synchronous=normal``, and declares that it is durable."""

    SYNCHRONOUS: ClassVar[str] = "normal"

    @classmethod
    def at(cls, path: str, clock: Clock, vfs: str | None) -> Store:
        store = cls.open(path, synchronous=cls.SYNCHRONOUS, clock=clock, vfs=vfs)
        store.capabilities |= {Capability.DURABLE}
        return store


class Synced(NotSynced):
    """The same, as it should be."""

    SYNCHRONOUS = "full"


class DiskHarness(StoreHarness):
    """A SQLite file in a folder of its own on a disk of its own; `watching` makes one, and sees to the names of files."""

    def __init__(self, made_of: type[NotSynced]) -> None:
        self.made_of = made_of
        self._disks: dict[str, Disk] = {}

    @classmethod
    @contextmanager
    def watching(cls, made_of: type[NotSynced]) -> Iterator[DiskHarness]:
        harness = cls(made_of)
        link, sync = sqlite_file._link, sqlite_file._sync_folder

        def watched_link(draft: Path, path: Path) -> None:
            harness._note(path.parent, Op("link", draft.name, data=path.name.encode()))
            link(draft, path)

        def watched_sync(folder: Path) -> None:
            harness._note(folder, Op("sync folder"))
            sync(folder)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite_file, "_link", watched_link)
            patch.setattr(sqlite_file, "_sync_folder", watched_sync)
            yield harness

    def _note(self, folder: Path, op: Op) -> None:
        if (disk := self._disks.get(str(folder / NAME))) is not None:
            disk.note(op)

    def provision(self) -> str:
        path = str(Path(tempfile.mkdtemp(prefix="stabflow-"), NAME).resolve())
        self._disks[path] = Disk()
        return path

    def open(self, config: str, clock: Clock) -> Store:
        disk = self._disks.get(config)
        return self.made_of.at(config, clock, None if disk is None else disk.name)

    def destroy(self, config: str) -> None:
        self._disks.pop(config, None)
        shutil.rmtree(Path(config).parent)

    def cut_power(self, config: str) -> str:
        """What is left of it where the disk had done nothing that it was not told to wait for."""
        left = Path(tempfile.mkdtemp(prefix="stabflow-"), NAME)
        for name, content in survivors(list(self._disks[config].log), nothing, names="synced").items():
            left.with_name(name).write_bytes(content)
        return str(left)
