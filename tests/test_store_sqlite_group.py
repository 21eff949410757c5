"""Threads that append at once are served by one commit: what is refused is refused alone, what fails is called what it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import attrs
import pytest
from conftest import SHORT
from crash.acts import act, case_row, expected, holdings, read_all, record
from crash.child import environment
from crash.disk import Disk, Op, everything, lay_out, nothing, survivors
from crash.ends import NAME
from crash.files import opened

from stabflow.errors import CommitUnknown, IdempotencyMismatch, StoreUnavailable, VersionConflict
from stabflow.ports.store import AppendBatch, AppendResult, IndexChange, NewNotice
from stabflow.stores import sqlite_writer
from stabflow.stores.sqlite import SqliteStore


def batch(stream: str, expected_version: int = 0, *, key: str | None = None, digest: str = "digest") -> AppendBatch:
    case = case_row(stream.removeprefix("case/"), version=expected_version + 1)
    new = AppendBatch(stream, expected_version, (record(f"{stream} {expected_version}"),), IndexChange(case))
    return new if key is None else attrs.evolve(new, key=key, digest=digest)


Told = AppendResult | BaseException


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds, which other threads bring about."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline


def together(
    store: SqliteStore, batches: list[AppendBatch], meanwhile: Callable[[], None] = lambda: None
) -> list[Told]:
    """What each of the batches is answered that wait, in this order, while another transaction is written."""
    told: dict[int, Told] = {}

    def append(number: int) -> None:
        try:
            told[number] = store.append(batches[number])
        except BaseException as error:  # noqa: BLE001 - it is looked at
            told[number] = error

    threads = [threading.Thread(target=append, args=(number,)) for number in range(len(batches))]
    with store._connection.lock:
        for number, thread in enumerate(threads):
            thread.start()
            # The first of them leads, and waits for the lock.
            until(lambda number=number: store._writer._leader is not None and len(store._writer._waiting) == number)
        meanwhile()
    for thread in threads:
        thread.join(30)
    return [told[number] for number in range(len(batches))]


def commits(store: SqliteStore) -> list[str]:
    """The statements that the writing connection executes from now on."""
    seen: list[str] = []
    assert store._connection.cursor is not None

    def trace(_cursor: apsw.Cursor, sql: str, _bindings: object) -> bool:
        seen.append(sql)
        return True

    store._connection.cursor.connection.exec_trace = trace
    return seen


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with opened(tmp_path / NAME) as store:
        store.append(act(0))
        store.append(act(1))  # now it is connected
        yield store


def test_what_waits_is_written_in_one_commit(store: SqliteStore) -> None:
    seen = commits(store)
    told = together(store, [batch(f"case/{name}", key=name) for name in "abcdefgh"])
    assert told == [AppendResult(1, 1)] * 8
    assert seen.count("COMMIT") == 1
    assert [len(read_all(store, f"case/{name}")) for name in "abcdefgh"] == [1] * 8


def test_what_is_refused_is_refused_alone(store: SqliteStore) -> None:
    store.append(batch("case/a", key="k"))
    told = together(
        store,
        [
            batch("case/b"),
            batch("case/b"),  # the one before it took the version
            batch("case/a", 7),
            batch("case/a", key="k"),
            batch("case/a", 1, key="k", digest="another"),
            batch("case/c", key="\ud800"),
            attrs.evolve(batch("case/d"), relies_on=tuple(store.heads(["case/a"]))),
            batch("case/b", 1),
        ],
    )
    kinds = [one if isinstance(one, AppendResult) else type(one) for one in told]
    assert kinds == [
        AppendResult(1, 1),
        VersionConflict,
        VersionConflict,
        AppendResult(1, 1, replayed=True),
        IdempotencyMismatch,
        UnicodeEncodeError,
        AppendResult(1, 1),
        AppendResult(2, 2),
    ]
    conflict = told[1]
    assert isinstance(conflict, VersionConflict)
    assert (conflict.stream, conflict.expected, conflict.actual) == ("case/b", 0, 1)
    assert [one.version for one in read_all(store, "case/b")] == [1, 2]
    assert store.read_stream("case/c") == ()


def test_nothing_of_a_refused_batch_stays(store: SqliteStore) -> None:
    """It is refused after some of it was written: the key, and of two records the first."""
    taken = attrs.evolve(batch("case/a", 1, key="late"), outbox=(NewNotice("lane", b"no"),))
    told = together(store, [batch("case/b"), taken, batch("case/c")])
    assert isinstance(told[1], VersionConflict)
    assert store.lookup("case/a", "late") is None
    assert store.claim("worker", limit=9, lease_for=9.0) == ()
    assert [head.version for head in store.heads(["case/a", "case/b", "case/c"])] == [0, 1, 1]


def test_the_first_acts_of_a_store_may_come_at_once(tmp_path: Path) -> None:
    with opened(tmp_path / NAME) as store:
        told = together(store, [batch("case/a", 4), batch("case/a"), batch("case/b"), batch("case/a")])
        kinds = [one if isinstance(one, AppendResult) else type(one) for one in told]
        assert kinds == [VersionConflict, AppendResult(1, 1), AppendResult(1, 1), VersionConflict]


def failing(kind: str) -> Callable[[Op], Exception | None]:
    error = apsw.FullError if kind == "write" else apsw.IOError
    return lambda op: error("planted") if op.kind == kind and op.name == f"{NAME}-wal" else None


@contextmanager
def on_a_disk(folder: Path) -> Iterator[tuple[SqliteStore, Disk]]:
    disk = Disk()
    folder.mkdir()
    with disk.watching_names(), opened(folder / NAME, vfs=disk.name) as store:
        for number in range(2):
            store.append(act(number))
        yield store, disk


def test_a_failed_commit_is_unknown_to_all_but_those_who_were_refused(tmp_path: Path) -> None:
    with on_a_disk(tmp_path / "run") as (store, disk):
        told = together(
            store,
            [batch("case/a", key="a"), batch("case/b", key="b"), batch("case/a"), act(1)],
            lambda: setattr(disk, "fault", failing("sync")),
        )
        assert [type(one) for one in told] == [CommitUnknown, CommitUnknown, StoreUnavailable, CommitUnknown]
        assert all(isinstance(one, Exception) and isinstance(one.__cause__, apsw.IOError) for one in told)
        disk.fault = lambda _op: None
        assert isinstance(store.append(batch("case/a", key="a")), AppendResult)
        assert isinstance(store.append(batch("case/b", key="b")), AppendResult)
        assert [len(read_all(store, stream)) for stream in ("case/a", "case/b")] == [1, 1]


def test_a_full_disk_stores_nothing_of_a_group(tmp_path: Path) -> None:
    with on_a_disk(tmp_path / "run") as (store, disk):
        told = together(
            store, [batch("case/a"), batch("case/b"), batch("case/a")], lambda: setattr(disk, "fault", failing("write"))
        )
        assert [type(one) for one in told] == [StoreUnavailable] * 3
        disk.fault = lambda _op: None
        assert [head.version for head in store.heads(["case/a", "case/b"])] == [0, 0]
        assert together(store, [batch("case/a"), batch("case/b")]) == [AppendResult(1, 1)] * 2


def test_the_power_fails_while_a_group_is_committed(tmp_path: Path) -> None:
    """All of the group is there, or nothing of it; once it was acknowledged, all of it."""
    with on_a_disk(tmp_path / "run") as (store, disk):
        before = len(disk.log)
        assert together(store, [batch(f"case/{name}", key=name) for name in "abcd"]) == [AppendResult(1, 1)] * 4
        after = len(disk.log)
        log = list(disk.log)
    for point in range(before, after + 1):
        for choice in (nothing, everything):
            folder = tmp_path / f"cut-{point}-{choice.__name__}"
            with opened(lay_out(folder, survivors(log[:point], choice, names="synced")) / NAME) as store:
                there = [len(read_all(store, f"case/{name}")) for name in "abcd"]
                assert there == [1] * 4 or (there == [0] * 4 and point < after)
                assert holdings(store, range(2))["records"].keys() >= expected(2)[2]["records"].keys()  # type: ignore[attr-defined]


class Interrupted(BaseException):
    """Comes between two statements, as a signal would."""


def test_a_leader_that_is_interrupted_tells_the_others_and_hands_over(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stabflow.stores import sqlite_rows

    write = sqlite_rows.write_records
    calls: list[str] = []

    def interrupted(cursor: apsw.Cursor, new: AppendBatch, now: int) -> None:
        calls.append(new.stream)
        if len(calls) == 2:
            raise Interrupted
        write(cursor, new, now)

    monkeypatch.setattr(sqlite_rows, "write_records", interrupted)
    told = together(store, [batch("case/a"), batch("case/b"), batch("case/c")])
    assert [type(one) for one in told] == [Interrupted, StoreUnavailable, StoreUnavailable]
    assert [head.version for head in store.heads(["case/a", "case/b", "case/c"])] == [0, 0, 0]
    assert together(store, [batch("case/a"), batch("case/b")]) == [AppendResult(1, 1)] * 2


def test_who_is_interrupted_while_waiting_is_not_waited_for(store: SqliteStore) -> None:
    writer = store._writer
    told: list[BaseException] = []
    gate = threading.Event()

    class Gate:
        """In place of the lock at which the second waits."""

        def acquire(self, timeout: float) -> None:
            gate.wait(30)
            raise Interrupted

        def locked(self) -> bool:
            return False

    def interrupted() -> None:
        try:
            store.append(batch("case/b"))
        except Interrupted as error:
            told.append(error)

    with store._connection.lock:
        first = threading.Thread(target=store.append, args=(batch("case/a"),))
        first.start()
        until(lambda: writer._leader is not None)
        second = threading.Thread(target=interrupted)
        second.start()
        until(lambda: bool(writer._waiting))
        waiting = writer._waiting[0]
        real, waiting.gate = waiting.gate, Gate()  # type: ignore[assignment]
        assert real is not None
        real.release()  # it looks, finds nothing settled, and waits at the gate that will break
        gate.set()
        second.join(30)
        assert told
    first.join(30)
    assert store.append(batch("case/c")) == AppendResult(1, 1)
    assert [head.version for head in store.heads(["case/a", "case/b", "case/c"])] == [1, 0, 1]


def test_many_threads_lose_and_double_nothing(store: SqliteStore) -> None:
    """Each tries for the next version of one of two streams, under a key of its own, until it has it."""
    threads, each = 8, 25
    won: list[tuple[str, int]] = []

    def work(number: int) -> None:
        for turn in range(each):
            stream, key = f"case/{number % 2}", f"{number}-{turn}"
            while True:
                (head,) = store.heads([stream])
                try:
                    result = store.append(batch(stream, head.version, key=key))
                except VersionConflict:
                    continue
                won.append((stream, result.last_version))
                break

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(won) == [(f"case/{one}", n) for one in (0, 1) for n in range(1, threads * each // 2 + 1)]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer that sends signals")
@pytest.mark.parametrize("what", ["append", "heads"])
def test_real_interrupts_leave_nobody_waiting_and_tell_nobody_a_lie(tmp_path: Path, what: str) -> None:
    seconds = 4 if SHORT else 40
    command = [sys.executable, "-m", "crash.interrupts", str(tmp_path), what, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=seconds + 60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["lies"] == []
    assert told["interrupts"] > 10 * seconds
    assert told["acts"] > 10 * seconds
    with opened(tmp_path / NAME, busy_timeout=0.1) as other:
        assert other.append(batch("case/after")) == AppendResult(1, 1)


def test_a_transaction_that_an_interrupt_left_open_is_not_seen_and_ends(store: SqliteStore) -> None:
    connection = store._connection
    assert connection.cursor is not None
    connection.cursor.execute("BEGIN IMMEDIATE")
    connection.cursor.execute("INSERT INTO keys VALUES ('case/a', 'k', 'd', 1, 1)")
    assert store.heads(["case/a"])[0].version == 0
    assert not connection.cursor.connection.in_transaction
    assert store.lookup("case/a", "k") is None


def test_a_lead_that_was_left_without_a_word_is_taken_by_who_waits(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "LOOK_UP", 0.01)
    writer = store._writer
    gone = sqlite_writer._Act(batch("case/gone"), 0)
    writer._leader = gone
    told: list[Told] = []
    waiting = threading.Thread(target=lambda: told.append(store.append(batch("case/a"))))
    waiting.start()
    until(lambda: bool(writer._waiting))
    gone.left = True
    waiting.join(30)
    assert told == [AppendResult(1, 1)]
    # Whoever took a batch and left: nobody knows what became of it.
    writer._leader = gone = sqlite_writer._Act(batch("case/gone"), 0)
    answers: list[Told] = []

    def append() -> None:
        try:
            answers.append(store.append(batch("case/b")))
        except CommitUnknown as error:
            answers.append(error)

    waiting = threading.Thread(target=append)
    waiting.start()
    until(lambda: bool(writer._waiting))
    writer._waiting[0].taken_by = gone
    writer._waiting.clear()
    gone.left = True
    waiting.join(30)
    assert [type(one) for one in answers] == [CommitUnknown]
    assert store.append(batch("case/c")) == AppendResult(1, 1)
