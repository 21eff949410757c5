"""What the tests run in processes of their own: ``python -m crash.child COMMAND PATH …``.

Each command tells what it did by lines on standard output, flushed at once: what was printed has been acknowledged.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stabflow.errors import StoreError, VersionConflict
from stabflow.ports.store import AppendBatch, CaseQuery
from stabflow.stores.sqlite import SqliteStore

from .acts import STREAMS, act, expected, holdings, record


def command(name: str, *arguments: object) -> list[str]:
    """The command line of a child."""
    return [sys.executable, "-m", "crash.child", name, *map(str, arguments)]


def start(name: str, *arguments: object) -> subprocess.Popen[str]:
    """A running child, to be talked to by lines of text."""
    return subprocess.Popen(
        command(name, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    )


def environment() -> dict[str, str]:
    """An environment in which a child finds what this process finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def tell(what: object) -> None:
    print(json.dumps(what), flush=True)


def append(path: str, first: str) -> None:
    """Append act after act, until killed."""
    store = SqliteStore.open(path)
    for number in itertools.count(int(first)):
        store.append(act(number))
        tell(number)


def race(path: str, name: str, wins: str) -> None:
    """Try for the next version of one stream, until so many have been won and one was lost, or the other is long gone."""
    store = SqliteStore.open(path)
    tell("ready")
    sys.stdin.readline()
    won: list[int] = []
    lost = 0
    while len(won) < int(wins) or (not lost and len(won) < 50 * int(wins)):
        head = 0
        while page := store.read_stream(STREAMS[0], after=head):
            head = page[-1].version
        try:
            result = store.append(AppendBatch(STREAMS[0], head, (record(f"{name} {head + 1}"),)))
        except VersionConflict:
            lost += 1
        else:
            won.append(result.last_version)
    tell({"won": won, "lost": lost})


def without_rights(*paths: str) -> None:
    """Open, read and append without the rights of the administrator, and tell what came of it."""
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    for path in paths:
        found: dict[str, Any] = {}
        try:
            store = SqliteStore.open(path)
            found["open"] = "ok"
            found["read"] = len(store.find_cases(CaseQuery()).rows)
            found["append"] = str(store.append(act(6 if found["read"] else 0)))
        except StoreError as error:
            found["error"] = f"{type(error).__name__}: {error}"
        tell(found)


def fill(folder: str, size: str) -> None:
    """Fill a small disk, tell how it went, make room and go on."""
    ballast = Path(folder, "ballast")
    ballast.write_bytes(b"")
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    ballast.write_bytes(bytes(free - int(size)))
    store = SqliteStore.open(Path(folder, "store.db"))
    known = expected(60, size=2_000)
    errors: list[str] = []
    written = 0
    while written < 60:
        try:
            store.append(act(written, size=2_000))
            written += 1
        except StoreError as error:
            errors.append(f"{type(error).__name__}: {error}")
            there = sorted(file.name for file in Path(folder).iterdir())
            tell(
                {
                    "written": written,
                    "error": errors[-1],
                    "whole": holdings(store, range(60)) == known[written],
                    "there": there,
                }
            )
            if len(errors) == 2:
                ballast.unlink()
            elif len(errors) > 2:
                break
    tell({"written": written, "whole": holdings(store, range(60)) == known[60]})


def careless(path: str) -> None:
    """Open the store's file with the standard library's SQLite in the process that has it open."""
    import sqlite3

    store = SqliteStore.open(path)
    for number in range(3):
        store.append(act(number))
    other = sqlite3.connect(path)
    other.execute("SELECT count(*) FROM records").fetchall()
    other.close()
    tell("ready")
    sys.stdin.readline()
    for number in range(3, 6):
        store.append(act(number))
        tell(number)
    os._exit(0)


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {
        "append": append,
        "race": race,
        "without-rights": without_rights,
        "fill": fill,
        "careless": careless,
    }
    commands[sys.argv[1]](*sys.argv[2:])
