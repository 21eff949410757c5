"""What `crash_points` runs in processes of their own: ``python -m stabflow.testing.faults.crashing SCRIPT ENTRY``.

For each line that comes in (a configuration, and where to die) the script runs once, in a fork where there is one. It tells its
notes by lines of JSON, flushed at once; what else it prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

from ...ports.store import Store
from .faulty_store import FaultyStore
from .troubles import When

Script = Callable[[Store, Callable[[object], None]], object]


class _Teller:
    """Writes lines for the process that listens, whole ones, while the script's own output goes elsewhere."""

    def __init__(self) -> None:
        self._out = sys.stdout
        self._lock = threading.Lock()
        sys.stdout = sys.stderr

    def __call__(self, what: object) -> None:
        line = json.dumps(what) + "\n"
        with self._lock:
            self._out.write(line)
            self._out.flush()


class _Death:
    """Counts the calls, and ends this process before or after one of them, at once and without cleaning up."""

    def __init__(self, tell: Callable[[object], None], at: int, when: When, only: Collection[str] | None) -> None:
        self._tell, self._at, self._when, self._only = tell, at, when, only
        self._lock = threading.Lock()
        self._thread = threading.local()
        self.calls: list[str] = []

    def watch(self, call: str, when: When) -> None:
        """Told of every call."""
        if self._only is not None and call not in self._only:
            return
        if when == "before":
            with self._lock:
                self.calls.append(call)
                self._thread.number = len(self.calls)
        if (self._thread.number, when) == (self._at, self._when):
            self._tell({"dies": call})
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def run(script: Script, open_: Callable[[Any], Store], asked: dict[str, Any], tell: Callable[[object], None]) -> None:
    """The script on one storage, until it is over or dies; then the calls that it made are told."""
    death = _Death(tell, asked["at"], asked["when"], asked["only"])
    store = FaultyStore(open_(asked["config"]))
    store._plan.watch = death.watch
    script(store, lambda what: tell({"note": what}))
    tell({"calls": death.calls})


def main(script: str, entry: str) -> None:
    """Serve the lines that come in."""
    tell = _Teller()
    found: dict[str, Any] = {}
    for what, name in (("script", script), ("harness", entry)):
        module, _, function = name.partition(":")
        try:
            found[what] = getattr(import_module(module), function)
        except Exception as error:  # noqa: BLE001 - it is told
            tell({"cannot": what, "why": f"{type(error).__name__}: {error}"})
            return
    for line in sys.stdin:
        asked = json.loads(line)
        if not hasattr(os, "fork"):
            run(found["script"], found["harness"], asked, tell)
            return
        process = os.fork()
        if process == 0:
            status = 1
            try:
                run(found["script"], found["harness"], asked, tell)
                status = 0
            except BaseException:  # noqa: BLE001 - this process must not go on as its parent
                traceback.print_exc()
                sys.stderr.flush()
            os._exit(status)
        os.waitpid(process, 0)
        tell("gone")


if __name__ == "__main__":
    main(*sys.argv[1:])
