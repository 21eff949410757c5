"""What runs under strace: does a script in a child of its own for each line that it is sent, ``python -m crash.traced``.

strace counts the calls of each process, and strikes at the call whose number it was given when it was started. So each child
first makes calls that do nothing, as many as are wanting for the strike to come where the line says.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stabflow.errors import StoreError
from stabflow.ports.store import Claim
from stabflow.stores.sqlite import SqliteStore

from . import scripts
from .ends import NAME
from .files import each_connection
from .script import Hands

BURNER = "burner"


def as_json(hands: Hands) -> object:
    claims = [[c.notice, c.lane, c.payload.hex(), c.token, c.attempts] for c in hands.claims.values()]
    return [hands.now.isoformat(), claims, hands.tokens]


def from_json(found: Sequence[object]) -> Hands:
    from datetime import datetime

    now, claims, tokens = found
    hands = Hands(datetime.fromisoformat(str(now)), tokens=list(tokens))  # type: ignore[call-overload]
    for notice, lane, payload, token, attempts in claims:  # type: ignore[attr-defined]
        hands.claims[bytes.fromhex(payload)] = Claim(notice, lane, bytes.fromhex(payload), token, attempts)
    return hands


def burn(call: str, times: int, folder: Path) -> None:
    """Make a system call so many times to no effect."""
    handle = os.open(folder.parent / BURNER, os.O_RDWR | os.O_CREAT)
    os.ftruncate(handle, mmap.PAGESIZE)
    missing = str(folder.parent / "missing")

    def fails(do: Callable[[], object]) -> None:
        try:
            do()
        except FileNotFoundError:
            return
        raise AssertionError(f"{missing} is there")

    calls: Mapping[str, Callable[[], object]] = {
        "pwrite64": lambda: os.pwrite(handle, b"x", 0),
        "pread64": lambda: os.pread(handle, 1, 0),
        "fdatasync": lambda: os.fdatasync(handle),
        "fsync": lambda: os.fsync(handle),
        "ftruncate": lambda: os.ftruncate(handle, mmap.PAGESIZE),
        "fcntl": lambda: fcntl.fcntl(handle, fcntl.F_GETFD),
        "unlink": lambda: fails(lambda: os.unlink(missing)),  # noqa: PTH108
        "link": lambda: fails(lambda: os.link(missing, f"{missing}-too")),
        "mmap": lambda: mmap.mmap(handle, mmap.PAGESIZE).close(),
    }
    for _ in range(times):
        calls[call]()


def tell(*what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def work(folder: Path, script: str, call: str, times: int) -> None:
    steps, before = scripts.named(script)
    hands = Hands()
    burn(call, times - (call == "ftruncate"), folder)
    done = before
    try:
        with each_connection(lambda connection: connection.wal_autocheckpoint(scripts.CHECKPOINT_EVERY)):
            store = SqliteStore.open(folder / NAME, clock=hands.clock)
            for step in steps[before:]:
                step.do(store, hands)
                done += 1
                tell("done", done, as_json(hands))
            store.close()
    except StoreError as error:
        tell("error", type(error).__name__, str(error))


def main() -> None:
    tell("ready")
    for line in sys.stdin:
        folder, script, call, times = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(Path(folder), script, call, times)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        tell("end", status)


if __name__ == "__main__":
    main()
