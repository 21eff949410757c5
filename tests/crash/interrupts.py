"""A process of its own: the main thread is interrupted again and again, as by Ctrl-C, while it and other threads use one store.

``python -m crash.interrupts FOLDER WHAT SECONDS`` prints what came of it as JSON. Nobody may hang, no transaction stay open, and
nobody be told that nothing was stored of an act that is there.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from stabflow.errors import CommitUnknown, StoreUnavailable
from stabflow.ports.store import AppendBatch
from stabflow.stores.sqlite import SqliteStore

from .acts import record

THREADS = 3
STUCK = 5.0
"""So many seconds without an act mean that all wait for one another."""


def batch(stream: str) -> AppendBatch:
    return AppendBatch(stream, 0, (record(stream),))


class Beside:
    """The threads that act beside the main one, and what they were told."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.done = [0] * THREADS
        self.certain = self.unknown = 0
        self.lies: list[str] = []

    def work(self, number: int) -> None:
        for turn in itertools.count():
            stream = f"case/{number}-{turn}"
            try:
                self.store.append(batch(stream))
            except StoreUnavailable:
                self.certain += 1
                if self.store.read_stream(stream):
                    self.lies.append(stream)
            except CommitUnknown:
                self.unknown += 1
            self.done[number] += 1

    def watch(self) -> None:
        while True:
            before = list(self.done)
            time.sleep(STUCK)
            if self.done == before:
                tell({"stuck": before})
                os._exit(1)


def tell(what: object) -> None:
    print(json.dumps(what), flush=True)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(folder: str, what: str, seconds: str) -> None:
    store = SqliteStore.open(Path(folder) / "acts.db")
    store.append(batch("case/seed"))
    beside = Beside(store)
    for act in (*[lambda n=n: beside.work(n) for n in range(THREADS)], beside.watch):
        threading.Thread(target=act, daemon=True).start()
    signal.signal(signal.SIGALRM, interrupt)
    end, interrupts, turn = time.monotonic() + float(seconds), 0, 0
    chance = random.Random(7)
    while time.monotonic() < end:
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00005, 0.003))
            while True:
                turn += 1
                if what == "append":
                    store.append(batch(f"case/main-{turn}"))
                else:
                    store.heads(["case/seed"])
        except KeyboardInterrupt:
            interrupts += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    seen = {head.version for head in store.heads([f"case/main-{one}" for one in range(turn - 2, turn + 1)])}
    told = {"interrupts": interrupts, "certain": beside.certain, "unknown": beside.unknown, "lies": beside.lies}
    tell({**told, "acts": sum(beside.done), "seen": sorted(seen)})
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
