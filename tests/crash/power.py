"""The power fails, or the process dies, at every operation of a run; what is found afterwards is counted."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import attrs

from stabflow.errors import StoreError
from stabflow.stores.sqlite import SqliteStore

from .disk import Choice, Disk, Folder, Names, Op, Replay, lay_out
from .ends import ALL_ENDS, NAME
from .files import each_connection, opened, raw
from .script import Expected, Hands, Step, keys_of, look
from .tally import Tally

Ends = Sequence[tuple[Names, Choice]]


@attrs.frozen
class Run:
    """The log of a script that was done, with a mark after each step, and the hands of the worker after 0, 1, … steps. The steps
    ``before`` had been done when it began."""

    log: Sequence[Op]
    hands: Sequence[Hands]
    start: Sequence[Folder] = ()
    before: int = 0


def run(
    folder: Path,
    steps: Sequence[Step],
    *,
    synchronous: str = "full",
    checkpoint_every: int = 0,
    start: Folder | None = None,
    before: int = 0,
    hands: Hands | None = None,
) -> Run:
    """Do the script on a disk that remembers, in a new folder; or all but what was done ``before`` in one with the files of
    ``start``, which are on disk."""
    lay_out(folder, start or {})
    disk, hands = Disk(), hands.copy() if hands else Hands()
    seen = [hands.copy()] * (before + 1)

    def prepare(connection: apsw.Connection) -> None:
        connection.wal_autocheckpoint(checkpoint_every or 1000)

    with disk.watching_names(), each_connection(prepare):
        store = SqliteStore.open(folder / NAME, vfs=disk.name, synchronous=synchronous, clock=hands.clock)
        for step in steps[before:]:
            step.do(store, hands)
            disk.mark(step.name)
            seen.append(hands.copy())
        store.close()
    return Run(disk.log, seen, (start, start) if start else (), before)


class Examiner:
    """Opens what is left of a store and looks at it; what is the same to the byte, once. ``also`` says what else is wrong with a
    database that nobody has opened yet."""

    def __init__(self, scratch: Path, steps: Sequence[Step], also: Callable[[Path], str] = lambda _path: "") -> None:
        self._scratch = scratch
        self._keys = keys_of(steps)
        self._also = also
        self._seen: dict[tuple[bytes, int], object] = {}

    def examine(self, files: Folder, hands: Hands, acknowledged: int) -> object:
        """What a store holds that is opened on these files, by the ordinary VFS."""
        content = hashlib.sha256()
        for name, data in sorted(files.items()):
            content.update(f"{name}/{len(data)}/".encode() + data)
        key = (content.digest(), acknowledged)
        if key not in self._seen:
            self._seen[key] = self._examine(files, hands.copy())
        return self._seen[key]

    def _examine(self, files: Folder, hands: Hands) -> object:
        folder = lay_out(self._scratch, files)
        try:
            if files.get(NAME) and (wrong := self._also(folder / NAME)):
                return wrong
            with opened(folder / NAME, clock=hands.clock) as store:
                found = look(store, hands, self._keys)
            if files.get(NAME):
                with raw(folder / NAME) as connection:
                    assert connection.pragma("integrity_check") == "ok"
        except (StoreError, apsw.Error, AssertionError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(folder)
        return found


def cut_everywhere(
    done: Run,
    steps: Sequence[Step],
    scratch: Path,
    *,
    ends: Ends = ALL_ENDS,
    stride: int = 1,
    also: Callable[[Path], str] = lambda _path: "",
) -> Tally:
    """Cut the power after every operation of the run (every ``stride``-th), in each of the ways."""
    expected, examiner, tally = Expected(steps), Examiner(scratch, steps, also), Tally()
    replay = Replay(done.start)
    acknowledged = done.before
    for point in range(len(done.log) + 1):
        if point:
            op = done.log[point - 1]
            replay.happen(op)
            acknowledged += op.kind == "mark"
        if point % stride:
            continue
        for number, (names, choice) in enumerate(ends):
            found = examiner.examine(replay.survivors(choice, names=names), done.hands[acknowledged], acknowledged)
            tally.points += 1
            tally.look(expected, acknowledged, found, f"point {point} of {len(done.log)}, end {number}")
    return tally


def cut_again(tmp: Path, steps: Sequence[Step], *, stride: int, ends: Ends) -> Tally:
    """Cut the power at some places; then, while the store is opened on what is left and two more steps are done, once more, after
    every operation. The steps must be such as may be done again."""
    expected, examiner, tally = Expected(steps), Examiner(tmp / "cut", steps), Tally()
    first = run(tmp / "run", steps, checkpoint_every=8)
    replay, acknowledged = Replay(), 0
    for point, op in enumerate(first.log, 1):
        replay.happen(op)
        acknowledged += op.kind == "mark"
        if point % stride:
            continue
        for number, (names, choice) in enumerate(ends):
            left = replay.survivors(choice, names=names)
            folder = tmp / f"again-{point}-{number}"
            second = run(
                folder, steps[: acknowledged + 2], start=left, before=acknowledged, hands=first.hands[acknowledged]
            )
            shutil.rmtree(folder)
            again, since = Replay(second.start), acknowledged
            for later, op_ in enumerate(second.log, 1):
                again.happen(op_)
                since += op_.kind == "mark"
                for last, (names_, choice_) in enumerate(ends):
                    found = examiner.examine(again.survivors(choice_, names=names_), second.hands[since], since)
                    tally.points += 1
                    tally.look(expected, since, found, f"point {point}, end {number}, then point {later}, end {last}")
    return tally
