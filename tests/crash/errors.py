"""The disk answers with an error, at every operation of a run: what the store said is compared with what is there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import attrs

from stabflow.errors import CommitUnknown, LeaseLost, StoreError, StoreUnavailable
from stabflow.ports.store import AppendResult
from stabflow.stores.sqlite import SqliteStore

from .disk import Disk, Folder, Op, Replay, everything, last_torn, lay_out, nothing, torn
from .ends import NAME
from .faults import Fault
from .files import opened
from .power import Ends, Examiner
from .script import LEASE, Expected, Hands, Step, claim, keys_of, look, without_attempts
from .tally import Tally, different

FEW_ENDS: Ends = [("synced", nothing), ("synced", torn(1)), ("all", everything), ("all", last_torn)]


def fail_everywhere(
    tmp: Path,
    steps: Sequence[Step],
    make: Callable[[int], Fault],
    *,
    stride: int = 1,
    ends: Ends = FEW_ENDS,
    files: Folder | None = None,
    before: int = 0,
) -> tuple[Tally, dict[str, set[str]]]:
    """Let each operation fail in a run of its own, as ``make`` says; also what each kind of operation was called that failed.

    The run begins with opening the ``files``, which hold what the steps ``before`` have left.
    """
    expected, tally = Expected(steps), Tally()
    called: dict[str, set[str]] = {}
    at = 1
    while True:
        fault = make(at)
        outcome = _run_into(fault, tmp, steps, expected, tally, ends, files or {}, before)
        if fault.hit is None:
            return tally, called
        called.setdefault(f"{fault.hit.kind} {_place(fault.hit)}", set()).add(outcome)
        at += stride


def _place(op: Op) -> str:
    return {f"{NAME}-wal": "log", NAME: "store", "": "temporary"}.get(op.name, "draft")


def _run_into(
    fault: Fault,
    tmp: Path,
    steps: Sequence[Step],
    expected: Expected,
    tally: Tally,
    ends: Ends,
    files: Folder,
    before: int,
) -> str:
    """Do the script until it fails, look, and go on to its end."""
    folder = lay_out(tmp / "run", files)
    disk, hands = Disk(), Hands()
    examiner = Examiner(tmp / "cut", steps)
    raised: StoreError | None = None
    store: SqliteStore | None = None
    done = before
    with disk.watching_names():
        disk.fault = fault
        try:
            store = SqliteStore.open(folder / NAME, vfs=disk.name, clock=hands.clock)
            for step in steps[before:]:
                step.do(store, hands)
                done += 1
        except StoreError as error_:
            raised = error_
        said = "nothing" if raised is None else type(raised).__name__
        fault.over = not fault.lasting
        tally.points += 1
        if raised is not None:
            place = f"{fault}: {raised!r}"
            if not isinstance(raised, StoreUnavailable | CommitUnknown):
                tally.misreport(place)
            replay = Replay((files, files) if files else ())
            for op in disk.log:
                replay.happen(op)
            certain = not isinstance(raised, CommitUnknown)
            for number, (names, choice) in enumerate(ends):
                found = examiner.examine(replay.survivors(choice, names=names), hands, done)
                tally.points += number > 0
                tally.look(expected, done, found, f"{place}, end {number}", certain=certain)
        fault.over = True
        if store is None:
            store = SqliteStore.open(folder / NAME, vfs=disk.name, clock=hands.clock)
        try:
            for step in steps[done:]:
                _again(store, hands, step, raised)
                raised = None
        except (StoreError, AssertionError) as error:
            tally.misreport(f"{fault}, going on: {error!r}")
        store.close()
    with opened(folder / NAME, clock=hands.clock) as store:
        found = look(store, hands, keys_of(steps))
    wanted = expected.allowed(len(steps))[0]
    if without_attempts(found) != without_attempts(wanted):
        tally.misreport(f"{fault}, in the end: {different(without_attempts(found), without_attempts(wanted))}")
    shutil.rmtree(folder)
    return said


def _again(store: SqliteStore, hands: Hands, step: Step, failed: StoreError | None) -> None:
    """Do the step that failed once more, as a caller would who was told so; those after it as they are."""
    if isinstance(failed, CommitUnknown) and step.name.startswith("claim"):
        # What was leased to nobody that knows of it can be claimed when the lease is over.
        hands.now += timedelta(seconds=LEASE + 1)
        step = claim(1_000)
    try:
        result = step.do(store, hands)
    except LeaseLost:
        if not isinstance(failed, CommitUnknown):
            raise
        hands.claims.pop(step.name.split(" ", 1)[1].encode(), None)
        return
    if step.batch is not None:
        assert isinstance(result, AppendResult)
        first = step.batch.expected_version + 1
        wanted = AppendResult(first, first - 1 + len(step.batch.records))
        assert attrs.evolve(result, replayed=False) == wanted, f"{step.name}: {result}"
