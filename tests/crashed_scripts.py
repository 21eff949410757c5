"""What the tests of `crash_points` kill: scripts that are careful, careless, unsteady or endless."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import worlds
from worlds import BASIS, BRIDGE, CHAIR, CLERK, NOTE

from stabflow.ports.store import Store
from stabflow.testing.stores.material import act, batch, notices

Note = Callable[[object], None]


def keyed(store: Store, note: Note) -> None:
    """A case is opened and something noted in it, each act under a key and acknowledged when it is done."""
    with worlds.engine_over(store) as engine:
        engine.constitute("small", "chair", CHAIR, basis=BASIS, key="chair")
        case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="open")
        note(case.id)
        case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS, key="clerk")
        for number in range(2):
            note(case.add("note", by=CLERK, basis=BASIS, key=f"note {number}", **NOTE))


def bare(store: Store, note: Note) -> None:
    """Three appends, and a notice that is delivered."""
    for number in range(2):
        note(store.append(act(number)).last_version)
    store.append(batch(stream="case/other", outbox=notices("come"), key="k", digest="d"))
    (claim,) = store.claim("one", limit=1, lease_for=60)
    note(claim.payload.decode())
    store.ack(claim)


def careless(store: Store, note: Note) -> None:
    """Acknowledges what is not stored yet."""
    note(1)
    store.append(batch())


def unsteady(store: Store, note: Note) -> None:
    """Does one thing less each time."""
    runs = Path(os.environ["RUNS"])
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    for version in range(4 - len(runs.read_text())):
        store.append(batch(version))


def stumbling(store: Store, note: Note) -> None:
    store.append(batch())
    raise RuntimeError("stumbled")


def idle(store: Store, note: Note) -> None:
    print("nothing to do")


def endless(store: Store, note: Note) -> None:
    while True:
        store.heads(["case/x"])
        time.sleep(0.01)
