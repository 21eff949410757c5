"""What the tests of copying share: a store with all there is, what a store holds, and copying one into another."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import attrs
import worlds
from crash.child import environment
from worlds import BASIS, CHAIR, CLERK

from stabflow import Engine, Matter
from stabflow.engine.copying import Copied
from stabflow.history.record import from_stored
from stabflow.ports.store import AppendBatch, CaseQuery, DutyQuery, NewNotice, Store, StoredRecord


def on(store: Store, clock: worlds.FakeClock | None = None) -> Engine:
    return worlds.engine_over(store, clock)


def notice(store: Store, lane: str, text: str) -> None:
    one = NewNotice(lane, text.encode())
    store.append(AppendBatch("system/notices", 0, (), outbox=(one,), key=text, digest="notice"))


def filled(store: Store) -> Store:
    """A store with all there is: offices, cases under keys and without, breaches, attempts, ticks, notices of every kind."""
    engine = on(store)
    worlds.constituted(engine)
    first = worlds.opened(engine, key="open-1")
    with first.acting(CLERK, basis=BASIS, key="two-notes") as act:
        act.add("note", **worlds.NOTE)
        act.add("note", **worlds.NOTE)
    second = worlds.opened(engine, Matter("road-2", "道路"))
    worlds.noted(second)
    second.fire("restart", by=CHAIR, basis=BASIS, key="again")
    later = on(store, worlds.FakeClock(worlds.START.replace(month=6)))
    later.tick(through=later._shell.now(), basis="checked")
    for matter in ("bridge-1", "never-opened"):
        later.gate(matter, accept=["small@1"]).attempted(by=CLERK, basis=BASIS)
    for lane, text in (("a", "gone"), ("b", "gone too"), ("a", "first"), ("a", "second"), ("c", "third")):
        notice(store, lane, text)
    for claim in store.claim("worker", limit=2, lease_for=60.0):
        store.release(claim, retry_after=None, error="no such address")
    store.claim("worker", limit=1, lease_for=60.0)
    return store


def plain(record: StoredRecord) -> StoredRecord:
    return attrs.evolve(record, position=0)


def holdings(store: Store) -> dict[str, object]:
    """Everything a store holds, as far as another store can hold the same."""
    records = store.read_feed(after=None).records
    keys = {(one.stream, from_stored(one).key or "") for one in records}
    return {
        "records": [plain(one) for one in records],
        "keys": {key: found for key in sorted(keys) if (found := store.lookup(*key)) is not None},
        "cases": store.find_cases(CaseQuery()).rows,
        "duties": store.find_duties(DutyQuery()).rows,
        "waiting": [(one.lane, one.payload) for one in store.waiting()],
        "dead": [(one.lane, one.payload, one.error) for one in store.dead_letters()],
    }


def copied(source: Store, target: Store, **more: Any) -> Copied:
    return on(source).copy_to(on(target), **more)


KILLED = """
import os, signal, sys
import worlds
from stabflow.engine.copying import Stage

left = int(sys.argv[3])

def tell(stage, count, whole):
    global left
    left -= stage is Stage.COPYING
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

with worlds.engine_on(sys.argv[1]) as source, worlds.engine_on(sys.argv[2]) as target:
    source.copy_to(target, progress=tell)
"""


def killed_again_and_again(source: str, target: str, *, every: int = 3) -> int:
    """Copy in processes that are killed at every third append, until one is not; how many were."""
    killed = 0
    words = [sys.executable, "-c", KILLED, source, target, str(every)]
    while status := subprocess.run(words, env=environment(), check=False, timeout=60).returncode:
        assert status == -signal.SIGKILL
        killed += 1
        assert killed < 100
    return killed
