"""What the kit runs in processes of their own: ``python -m stabflow.testing.stores.child JOB ENTRY CONFIGURATION …``.

Each job tells what it did by lines of JSON on standard output, flushed at once: what was told has been acknowledged.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ...errors import StoreError, VersionConflict
from ...ports.store import AppendBatch, Capability, Store
from .material import STREAM, act, batch, head_of, record

NO_CHILD = "no child"
"""Under this a child tells why the function that the harness names cannot be called."""


def tell(what: object) -> None:
    """Write one line, which the kit reads as an acknowledgement."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def opened(entry: str, config: str) -> Store:
    """A handle by the harness's own function."""
    store: Store = function(entry)(json.loads(config))
    return store


def function(entry: str) -> Callable[[object], Store]:
    """The harness's function that opens; where there is none it tells why, and this process ends."""
    module, _, name = entry.partition(":")
    try:
        found: Callable[[object], Store] = getattr(import_module(module), name)
    except Exception as error:  # noqa: BLE001 - it is told
        tell({NO_CHILD: f"{type(error).__name__}: {error}"})
        sys.exit(1)
    return found


def acts(store: Store, first: str) -> None:
    """Append act after act, and now and then deliver notices, until killed."""
    for number in itertools.count(int(first)):
        store.append(act(number, store.capabilities))
        tell({"act": number})
        if Capability.OUTBOX in store.capabilities and number % 3 == 2:
            for claim in store.claim("child", limit=2, lease_for=600):
                tell({"claimed": claim.payload.decode(), "token": claim.token})
                store.ack(claim)
                tell({"acked": claim.payload.decode()})


def nursery(entry: str, config: str) -> None:
    """For each number that comes in, let a process of its own append acts from that one on, and tell when it is gone."""
    function(entry)  # its module is loaded once for all of them
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            try:
                tell({"pid": os.getpid()})
                acts(opened(entry, config), line)
            except BaseException:  # noqa: BLE001 - this process must not go on as its parent
                traceback.print_exc()
            os._exit(1)
        os.waitpid(process, 0)
        tell("gone")


def race(store: Store, name: str, wins: str) -> None:
    """Try for the next version of one stream until so many are won."""
    tell("ready")
    sys.stdin.readline()
    won: list[int] = []
    while len(won) < int(wins):
        head = head_of(store).version
        try:
            result = store.append(AppendBatch(STREAM, head, (record(f"{name} {head + 1}"),)))
        except VersionConflict:
            continue
        won.append(result.last_version)
    tell({"won": won})


def deliver(store: Store) -> None:
    """Claim and acknowledge until nothing is left."""
    tell("ready")
    sys.stdin.readline()
    while claims := store.claim("child", limit=2, lease_for=600):
        for claim in claims:
            tell({"claimed": claim.payload.decode(), "token": claim.token})
            store.ack(claim)
    tell("done")


def fork(store: Store) -> None:
    """Fork, and use the handle on both sides."""
    store.append(batch(0))
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        said = json.dumps([_used(lambda: store.heads([STREAM])), _used(lambda: store.append(batch(1)))])
        _used(store.close)
        os.write(write, said.encode())
        os._exit(0)
    os.waitpid(process, 0)
    os.close(write)
    forked = json.loads(os.read(read, 65_536))
    store.append(batch(head_of(store).version))
    tell({"forked": forked, "version": head_of(store).version})


def _used(call: Callable[[], object]) -> str:
    try:
        return f"the answer {call()}"
    except StoreError:
        return "refused"
    except Exception as error:  # noqa: BLE001 - it is told
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    jobs: dict[str, Callable[..., Any]] = {"acts": acts, "race": race, "deliver": deliver, "fork": fork}
    job, entry, config, *arguments = sys.argv[1:]
    if job == "nursery":
        nursery(entry, config)
    else:
        jobs[job](opened(entry, config), *arguments)
