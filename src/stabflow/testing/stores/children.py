"""Processes that do a job of the kit on a storage."""

from __future__ import annotations

import sys
from typing import Any

from ..expectation import HarnessBroken
from ..processes import Process, said_in_json
from .child import NO_CHILD
from .storage import Storage


class Child(Process):
    """A process that does a job on a storage."""

    def __init__(self, storage: Storage, job: str, *arguments: object, config: Any = None) -> None:
        entry = storage.harness.child
        if entry is None:
            raise ValueError("the harness has no child")
        told = said_in_json(storage.config if config is None else config)
        command = [sys.executable, "-m", "stabflow.testing.stores.child", job, entry, told, *map(str, arguments)]
        self._entry = entry
        super().__init__(command, job=job, left=storage.left)

    def hear(self) -> Any:
        """The next thing it tells; fails when it ends or falls silent instead."""
        heard = super().hear()
        if isinstance(heard, dict) and NO_CHILD in heard:
            raise HarnessBroken(f"its child {self._entry} cannot be called: {heard[NO_CHILD]}")
        return heard
