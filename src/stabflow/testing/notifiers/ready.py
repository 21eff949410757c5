"""The harness of the notifier of a file, to run the kit on it and to read as an example."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from ...notifiers.file import FileNotifier
from ...ports.notifier import Notifier
from .harness import NotifierFault, NotifierHarness, Received


class _Disk:
    """A folder for one file, whose disk fails as it is told to."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stabflow-"))
        self.path = self.folder / "notices" / "notices.jsonl"
        self.path.parent.mkdir()
        self.failing: NotifierFault | None = None

    def write(self, file: int, data: bytes) -> int:
        """Write, unless the disk is full, or becomes so."""
        if self.failing == "busy":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data[: len(data) // 2] if self.failing == "torn" else data)

    def sync(self, file: int) -> None:
        """Sync, unless the disk answers no more."""
        if self.failing == "cut":
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class FileNotifierHarness(NotifierHarness):
    """The notifier of a file; addresses are labels."""

    wrong_addresses = ("unit-3\tbehind a tab", "unit-3\u202efrom right to left")

    def provision(self) -> _Disk:
        """A folder."""
        return _Disk()

    def open(self, config: _Disk) -> Notifier:
        """A notifier of the file in it."""
        return FileNotifier(config.path, write=config.write, sync=config.sync)

    def address(self, config: _Disk, number: int) -> str:
        """Any label."""
        return f"交通局 unit-{number}"

    def received(self, config: _Disk) -> Sequence[Received]:
        """The lines of the file."""
        if not config.path.exists():
            return ()
        lines = [json.loads(line) for line in config.path.read_bytes().splitlines()]
        return [
            Received(to=one["to"], text=one["text"], id=one["id"], subject=one["subject"], facts=one["facts"])
            for one in lines
        ]

    def fault(self, config: _Disk, kind: NotifierFault) -> AbstractContextManager[None] | None:
        """The folder is away, the disk is full or answers no more, or somebody else keeps the file."""
        if kind in {"busy", "torn", "cut"}:
            return _told(config, kind)
        return {"refused": _moved_away, "silent": _locked}[kind](config) if kind in {"refused", "silent"} else None

    def destroy(self, config: _Disk) -> None:
        """Remove the folder."""
        shutil.rmtree(config.folder)


@contextmanager
def _told(disk: _Disk, kind: NotifierFault) -> Iterator[None]:
    disk.failing = kind
    yield
    disk.failing = None


@contextmanager
def _moved_away(disk: _Disk) -> Iterator[None]:
    away = disk.path.parent.rename(disk.folder / "away")
    yield
    away.rename(disk.path.parent)


@contextmanager
def _locked(disk: _Disk) -> Iterator[None]:
    with disk.path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
