"""There is no more room, at every page by which a store grows: in the database, or on a small disk.

``python -m crash.room FOLDER`` goes through a script on a disk on which it leaves no free page, and gives way page by page.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from stabflow.errors import CommitUnknown, StoreUnavailable
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore

from .child import environment
from .ends import NAME
from .files import each_connection, opened
from .script import Expected, Hands, Step, everything, holdings, keys_of, look
from .tally import NotTried, Tally, different

PAGE = 4096
SIZE = 3_000
DISK = 4_000_000


def at_every_growth(
    store: SqliteStore, hands: Hands, steps: Sequence[Step], give_way: Callable[[], None], *, most: int
) -> Tally:
    """Do the script; wherever there is no room, see that nothing was stored and nothing lost, give way a little, try again."""
    tally = Tally()
    keys = keys_of(steps)
    worker = Hands()
    reference = MemoryStore(worker.clock)
    for done, step in enumerate(steps):
        before = holdings(reference, keys)
        step.do(reference, worker)
        unknown = False
        while True:
            try:
                step.do(store, hands)
                break
            except (StoreUnavailable, CommitUnknown) as error:
                unknown |= isinstance(error, CommitUnknown)
                if "full disk" not in str(error) and not unknown:
                    tally.misreport(f"{step.name}: {error}")
            try:
                found = holdings(store, keys)
            except (StoreUnavailable, CommitUnknown) as error:
                # Reading, too, needs room: for the index of the log, and to see to it that a key that is found is on disk.
                assert "full" in str(error), error
            else:
                tally.points += 1
                tally.acts += done
                if found not in [before, holdings(reference, keys)][: 1 + unknown]:
                    tally.halved += 1
                    tally.tell(f"{step.name}: {different(found, before)}")
            assert tally.points < most, "it never fits"
            give_way()
    return tally


def in_the_database(folder: Path) -> Tally:
    """`at_every_growth` of a database that may have no more pages."""
    folder.mkdir()
    connections: list[weakref.ref[apsw.Connection]] = []
    limit = 1

    def restrain(connection: apsw.Connection) -> None:
        connections.append(weakref.ref(connection))
        with contextlib.suppress(apsw.Error):
            connection.pragma("max_page_count", limit)

    def give_way() -> None:
        nonlocal limit
        limit += 1
        for connection in filter(None, [known() for known in connections]):
            with contextlib.suppress(apsw.Error):
                connection.pragma("max_page_count", limit)

    steps, hands = everything(size=SIZE), Hands()
    with each_connection(restrain), opened(folder / NAME, clock=hands.clock) as store:
        tally = at_every_growth(store, hands, steps, give_way, most=1_000)
    _afterwards(tally, folder, steps, hands)
    return tally


def _afterwards(tally: Tally, folder: Path, steps: Sequence[Step], hands: Hands) -> None:
    with opened(folder / NAME, clock=hands.clock) as store:
        found = look(store, hands, keys_of(steps))
    tally.look(Expected(steps), len(steps), found, "in the end", certain=True)


def small_disk(folder: Path, size: int) -> list[str] | NotTried:
    """The beginning of a command line that runs another on a new disk in memory, which vanishes with it."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return NotTried("a disk in memory needs Linux and unshare")
    outer = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = [*outer, "sh", "-c", f'mount -t tmpfs -o size={size} none "$0" && exec "$@"', str(folder)]
    if subprocess.run([*mount, "true"], check=False, capture_output=True).returncode:
        return NotTried("no disk in memory may be mounted")
    return mount


def on_a_small_disk(folder: Path) -> Tally | NotTried:
    """`at_every_growth` of the files on a disk that is full."""
    folder.mkdir()
    mount = small_disk(folder, DISK)
    if isinstance(mount, NotTried):
        return mount
    line = [*mount, sys.executable, "-m", "crash.room", str(folder)]
    done = subprocess.run(line, env=environment(), check=True, stdout=subprocess.PIPE, text=True, timeout=600)
    return Tally(**json.loads(done.stdout))


def _child(folder: Path) -> Tally:
    ballast = folder / "ballast"
    handle = os.open(ballast, os.O_RDWR | os.O_CREAT)

    def fill() -> None:
        """Take all the room there is."""
        size = os.fstat(handle).st_size
        with contextlib.suppress(OSError):
            while True:
                size += os.pwrite(handle, bytes(PAGE), size)

    def give_way() -> None:
        os.ftruncate(handle, os.fstat(handle).st_size - PAGE)

    def greedy(step: Step) -> Step:
        def do(store: object, hands: Hands) -> object:
            result = step.do(store, hands)  # type: ignore[arg-type]
            if isinstance(store, SqliteStore):
                fill()
            return result

        return Step(step.name, do, step.batch)

    fill()
    steps, hands = everything(size=SIZE), Hands()
    with opened(folder / NAME, clock=hands.clock) as store:
        tally = at_every_growth(store, hands, [greedy(step) for step in steps], give_way, most=3_000)
    os.ftruncate(handle, 0)  # nobody could write the log back while the disk was full
    _afterwards(tally, folder, steps, hands)
    return tally


if __name__ == "__main__":
    counted = _child(Path(sys.argv[1]))
    names = ("points", "acts", "lost", "halved", "misreported", "examples")
    print(json.dumps({name: getattr(counted, name) for name in names}))
