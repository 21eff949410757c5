"""A file of an earlier version is brought up to date, and something comes between: an error, another process, a reader.

``python -m crash.upgrades PATH`` opens the file when it is told to, and appends.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from stabflow.errors import StoreError, StoreUnavailable
from stabflow.ports.store import AppendResult
from stabflow.stores import sqlite_schema
from stabflow.stores.sqlite import SqliteStore

from . import earlier, scripts
from .acts import act
from .child import environment
from .disk import lay_out
from .ends import NAME
from .files import each_connection, opened, raw
from .script import Expected, Hands, full_act, keys_of, look
from .tally import Tally

OLD = scripts.OLD_ACTS


def at_every_statement(tmp: Path, version: int) -> Tally:
    """Break the opening off at each statement that it executes: the earlier version must be there, and work."""
    steps, _ = scripts.named(f"from {version}")
    files = scripts.files_of(f"from {version}")
    expected, tally = Expected(steps), Tally()
    last = 0
    while True:
        last += 1
        seen = 0

        def trace(_cursor: apsw.Cursor, sql: str, _bindings: Any) -> bool:
            nonlocal seen
            seen += 1
            return seen != last  # noqa: B023 - it is called before the next turn

        def watch(connection: apsw.Connection) -> None:
            connection.exec_trace = trace

        folder = lay_out(tmp / "run", files)
        place = f"version {version}, statement {last}"
        try:
            with each_connection(watch), opened(folder / NAME):
                pass
        except StoreUnavailable:
            pass
        except StoreError as error:
            tally.misreport(f"{place}: {error!r}")
        if seen < last:
            shutil.rmtree(folder)
            return tally
        tally.points += 1
        tally.look(expected, OLD, _found(folder / NAME, version), place, certain=True)
        shutil.rmtree(folder)


def _found(path: Path, version: int) -> object:
    """What is in the file, which must be of that version, or of today's."""
    hands = Hands()
    if wrong := earlier.unlike(path):
        return wrong
    with raw(path) as connection:
        if connection.pragma("user_version") == version:
            connection.execute("BEGIN IMMEDIATE")
            earlier.write(connection, version, act(OLD))  # the earlier version could go on
            connection.execute("ROLLBACK")
    steps, _ = scripts.named(f"from {version}")
    with opened(path, clock=hands.clock) as store:
        return look(store, hands, keys_of(steps))


def by_several_at_once(tmp: Path, version: int, *, processes: int = 4) -> Tally:
    """Let processes open the file together, each of which appends the same act."""
    steps, _ = scripts.named(f"from {version}")
    folder = lay_out(tmp / "run", scripts.files_of(f"from {version}"))
    line = [sys.executable, "-m", "crash.upgrades", str(folder / NAME)]
    team = [
        subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        for _ in range(processes)
    ]
    told = []
    for one in team:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in team:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in team:
        out, _ = one.communicate(timeout=120)
        told.append(json.loads(out))
    tally, hands = Tally(points=1), Hands()
    if sorted(told) != [False, *[True] * (processes - 1)]:
        tally.misreport(f"version {version}: of {processes} processes that append the same, they were told {told}")
    if wrong := earlier.unlike(folder / NAME):
        tally.halved += 1
        tally.tell(wrong)
    with opened(folder / NAME, clock=hands.clock) as store:
        found = look(store, hands, keys_of(steps))
    tally.look(Expected(steps), OLD + 1, found, f"version {version}, {processes} at once", certain=True)
    shutil.rmtree(folder)
    return tally


def before_a_reader(tmp: Path, version: int) -> Tally:
    """Upgrade under the eyes of one that reads the earlier version, and then writes as that version did."""
    steps, _ = scripts.named(f"from {version}")
    folder = lay_out(tmp / "run", scripts.files_of(f"from {version}"))
    expected, tally = Expected(steps), Tally(points=2)
    hands = Hands()
    with raw(folder / NAME) as old:
        old.execute("BEGIN")
        before = old.execute("SELECT * FROM records").fetchall()
        with closing(SqliteStore.open(folder / NAME, clock=hands.clock)) as store:
            for step in steps[OLD:]:
                step.do(store, hands)
            if old.execute("SELECT * FROM records").fetchall() != before or old.pragma("user_version") != version:
                tally.misreport(f"version {version}: what was being read has changed")
            old.execute("COMMIT")
            late = act(OLD + 2)
            written = True
            try:
                with old:
                    earlier.write(old, version, late)
            except apsw.SQLError:
                written = False  # its tables have other columns now, and it is refused as a whole
            there = store.lookup(late.stream, str(late.key))
            if (there is not None) is not written or store.heads([late.stream])[0].version != 2 + written:
                tally.halved += 1
                tally.tell(f"version {version}: an act in the manner of that version is there by half")
            assert store.append(full_act(OLD + 2) if not written else late).replayed is written
    with opened(folder / NAME, clock=hands.clock) as store:
        found = look(store, hands, keys_of(steps))
    tally.acts += len(steps)
    if earlier.unlike(folder / NAME) or expected.index(found) is not None:
        # One act more than the script is there, so it must not be like any of its ends.
        tally.halved += 1
        tally.tell(f"version {version}: after a writer of that version, the store is as after {expected.index(found)}")
    shutil.rmtree(folder)
    return tally


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    with opened(Path(sys.argv[1])) as its_own:
        result = its_own.append(full_act(OLD))
        assert isinstance(result, AppendResult)
        assert int(its_own.about()["schema"]) == sqlite_schema.SCHEMA_VERSION
        print(json.dumps(result.replayed))
