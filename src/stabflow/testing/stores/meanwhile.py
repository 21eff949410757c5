"""Another handle at work while the transaction of a host is open: whether it waits for it, and what it comes to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import StoreError
from ...ports.store import AppendBatch, AppendResult
from ...text import Text
from .. import expectation as expect
from ..harness import Host
from .storage import Storage

PATIENCE = 0.3
"""Seconds after which one who has no answer yet is taken for one who waits until the host's transaction is over."""

ALL_WAIT = Text("nobody else can append while a host's transaction is open", "宿主事务未结束时，其他各方均不能追加记录")


class Meanwhile:
    """What another handle appends, in a thread of its own."""

    def __init__(self, storage: Storage, batch: AppendBatch) -> None:
        self._storage = storage
        self._batch = batch
        self._result: AppendResult | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._do, daemon=True)
        self._thread.start()
        self._thread.join(PATIENCE)

    def _do(self) -> None:
        try:
            store = self._storage.harness.open(self._storage.config, self._storage.clock)
            try:
                self._result = store.append(self._batch)
            finally:
                store.close()
        except BaseException as error:  # noqa: BLE001 - it is judged by who asked
            self._error = error

    @property
    def waits(self) -> bool:
        """Whether there is no answer yet."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Until it has come to its end, which it does when nobody holds it up any more."""
        self._thread.join(self._storage.left())
        self._storage.in_use |= self._thread.is_alive()

    def result(self) -> AppendResult | None:
        """What came of it in the end; None where it was refused with a `StoreError`."""
        self.wait()
        expect.true(not self.waits, "another append goes on waiting though the host's transaction is over")
        if self._error is not None and not isinstance(self._error, StoreError):
            raise self._error
        return self._result


@contextmanager
def meanwhile(storage: Storage, host: Host, batch: AppendBatch) -> Iterator[Meanwhile]:
    """Begin to append ``batch`` by another handle, and come back when that is done or waits. What is open in the end is rolled
    back."""
    other = Meanwhile(storage, batch)
    try:
        yield other
    finally:
        host.rollback()
        other.wait()


def at_once(storage: Storage, host: Host, *batches: AppendBatch) -> None:
    """Another handle appends these while the host's transaction is open, in which nothing has been appended yet."""
    for one in batches:
        other = Meanwhile(storage, one)
        if other.waits or other.result() is None:
            host.rollback()
            other.wait()
            raise expect.NotCovered(ALL_WAIT)
