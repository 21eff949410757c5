"""Every call of the port, by name: what a store must refuse in each of them, or answer in each of them.

``python -m crash.calls PATH …`` makes them all without the rights of the administrator, and tells what came of each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from stabflow.errors import StoreError
from stabflow.ports.store import CaseQuery, Claim, DutyQuery, Store, StreamHead

from .acts import STREAMS
from .files import opened
from .script import START, full_act

A_CLAIM = Claim(1, "unit", b"unit of 0", 1, 1)
GIVEN_UP = 2

READING: Mapping[str, Callable[[Store], object]] = {
    "lookup": lambda store: store.lookup(STREAMS[0], "key-0"),
    "read_stream": lambda store: store.read_stream(STREAMS[0]),
    "heads": lambda store: store.heads(STREAMS),
    "are_heads": lambda store: store.are_heads([StreamHead(STREAMS[0], 0, b"")]),
    "find_cases": lambda store: store.find_cases(CaseQuery()),
    "find_duties": lambda store: store.find_duties(DutyQuery()),
    "read_feed": lambda store: store.read_feed(after=None),
    "get_snapshot": lambda store: store.get_snapshot(STREAMS[0]),
    "waiting": lambda store: store.waiting(),
    "dead_letters": lambda store: store.dead_letters(),
}
WRITING: Mapping[str, Callable[[Store], object]] = {
    "append": lambda store: store.append(full_act(0)),
    "claim": lambda store: store.claim("worker", limit=10, lease_for=60.0),
    "ack": lambda store: store.ack(A_CLAIM),
    "release": lambda store: store.release(A_CLAIM, retry_after=1.0, error="no answer"),
    "revive": lambda store: store.revive(GIVEN_UP),
}
ALL = {**READING, **WRITING}


def told(store: Store) -> dict[str, str]:
    """What each call was answered: "ok", or the error."""
    found = {}
    for name, call in ALL.items():
        try:
            call(store)
        except StoreError as error:
            found[name] = f"{type(error).__name__}: {error}"
        else:
            found[name] = "ok"
    return found


if __name__ == "__main__":
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    for path in sys.argv[1:]:
        try:
            with opened(Path(path), clock=lambda: START) as of_it:
                print(json.dumps(told(of_it)))
        except StoreError as refused:
            print(json.dumps({"open": f"{type(refused).__name__}: {refused}"}))
