"""The harnesses of the stores that come with stabflow, to run the kit on them and to read as examples."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ..ports.store import Clock, Store
from ..stores.memory import MemoryStore
from .harness import StoreHarness


class MemoryHarness(StoreHarness):
    """The store in memory: it has one handle, and dies with its process."""

    one_handle = True
    child = "stabflow.testing.ready:open_memory"

    def provision(self) -> None:
        """Nothing is needed before the handle."""

    def open(self, config: None, clock: Clock) -> Store:
        """A new store."""
        return MemoryStore(clock)


class SqliteHarness(StoreHarness):
    """The store in a SQLite file, each storage in a folder of its own; a configuration is the URL."""

    child = "stabflow.testing.ready:open_sqlite"

    def provision(self) -> str:
        """The URL of a file that the first append makes."""
        return f"sqlite:///{Path(tempfile.mkdtemp(prefix='stabflow-'), 'store.db')}"

    def open(self, config: str, clock: Clock) -> Store:
        """A handle on the file."""
        from ..stores.sqlite import SqliteStore

        return SqliteStore.from_url(config, clock)

    def destroy(self, config: str) -> None:
        """Remove the folder."""
        shutil.rmtree(self._file(config).parent)

    def copy(self, config: str) -> str:
        """A copy of all files; nothing is written meanwhile."""
        there = self._file(config)
        copied = self._file(self.provision())
        for file in there.parent.iterdir():
            shutil.copy(file, copied.parent / file.name)
        return f"sqlite:///{copied}"

    def restore(self, config: str, copy: str) -> bool:
        """Write the files of the copy over those that are there, so that they stay the same files."""
        there, backup = self._file(config), self._file(copy)
        for file in there.parent.iterdir():
            if not (backup.parent / file.name).exists():
                file.unlink()
        for file in backup.parent.iterdir():
            shutil.copyfile(file, there.parent / file.name)
        return True

    @staticmethod
    def _file(config: str) -> Path:
        return Path(config.removeprefix("sqlite:///"))


def open_memory(_config: object) -> Store:
    """A new store in memory, in a process of its own."""
    return MemoryStore()


def open_sqlite(config: str) -> Store:
    """A handle on the file, in a process of its own."""
    from ..stores.sqlite import SqliteStore

    return SqliteStore.from_url(config)
