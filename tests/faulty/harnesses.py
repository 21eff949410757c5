"""Harnesses for the faulty stores, and for good ones of the same make."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from stabflow.ports.store import Clock, Store
from stabflow.testing import FaultKind, Host, StoreHarness

from . import crashing
from .hosted import Application, Hosted, HostedCore, OptimisticHosted
from .journal import JournalStore, planned_faults
from .shared import Core, Handle, Storages


class SharedHarness(StoreHarness):
    """Stores in memory that several handles share: no more than every harness has."""

    def __init__(self, made_of: type[Core | Handle] = Core) -> None:
        self.storages = Storages(made_of)

    def provision(self) -> str:
        return self.storages.provision()

    def open(self, config: str, clock: Clock) -> Store:
        return self.storages.open(config, clock)

    def destroy(self, config: str) -> None:
        self.storages.destroy(config)


class FailingSharedHarness(SharedHarness):
    """The same, where commits can be made to fail, and copies be taken."""

    def copy(self, config: str) -> str:
        return self.storages.copy(config)

    def restore(self, config: str, copy: str) -> bool:
        self.storages.restore(config, copy)
        return True

    def fault(self, config: str, kind: FaultKind) -> AbstractContextManager[None]:
        return self.storages.fault(config, kind)


class HostedHarness(FailingSharedHarness):
    """The same, with hosts beside them."""

    def __init__(self, made_of: type[Hosted] = Hosted) -> None:
        super().__init__(made_of)
        self.made_of = made_of

    def host(self, config: str) -> Host:
        core = self.storages.core(config)
        assert isinstance(core, HostedCore)
        return Application(core, self.made_of.Work)


class OptimisticHarness(HostedHarness):
    """The same, where nobody waits for a host."""

    def __init__(self) -> None:
        super().__init__(OptimisticHosted)


JOURNALS: dict[str, type[JournalStore]] = {
    store.__name__: store
    for store in (
        JournalStore,
        crashing.HalfTheRecords,
        crashing.OutboxAfterwards,
        crashing.IndexAfterwards,
        crashing.KeyAfterwards,
        crashing.SnapshotBefore,
        crashing.WriteBack,
        crashing.LockLeftBehind,
        crashing.LockOfThisProcess,
        crashing.LaterFormatNotSeen,
        crashing.LaterFormatUnavailable,
    )
}


class JournalHarness(StoreHarness):
    """Stores in a file that is a list of what was done."""

    child = "faulty.harnesses:open_journal"

    def __init__(self, made_of: type[JournalStore] = JournalStore) -> None:
        self.made_of = made_of

    def provision(self) -> dict[str, str]:
        path = Path(tempfile.mkdtemp(prefix="stabflow-"), "journal")
        JournalStore.make(path)
        return {"store": self.made_of.__name__, "path": str(path)}

    def open(self, config: dict[str, str], clock: Clock) -> Store:
        return self.made_of(config["path"], clock)

    def destroy(self, config: dict[str, str]) -> None:
        shutil.rmtree(Path(config["path"]).parent)

    def newer(self, config: dict[str, str]) -> bool:
        path = Path(config["path"])
        path.write_bytes(b"2" + path.read_bytes()[1:])
        return True


class FailingJournalHarness(JournalHarness):
    """The same, where commits can be made to fail, and copies be taken."""

    def copy(self, config: dict[str, str]) -> dict[str, str]:
        copied = self.provision()
        shutil.copy(config["path"], copied["path"])
        return copied

    @contextmanager
    def fault(self, config: dict[str, str], kind: FaultKind) -> Iterator[None]:
        planned_faults[config["path"]] = kind
        yield
        planned_faults.pop(config["path"], None)


def open_journal(config: dict[str, Any]) -> Store:
    """A handle on a journal, in a process of its own."""
    return JOURNALS[config["store"]](config["path"])
