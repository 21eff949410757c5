"""The disk answers with an error, at every operation of a run of appends: the store never says one thing for another (C5)."""

from __future__ import annotations

from pathlib import Path

import apsw
import attrs
import pytest
from crash.acts import STREAMS, act, expected, holdings, record
from crash.disk import Disk, Op, everything, last_torn, lay_out, nothing, only_the_last, survivors, torn
from crash.ends import ALL_ENDS, NAME, after_the_cut
from crash.faults import Fault
from crash.files import opened

from stabflow.errors import CommitUnknown, FeedReset, StoreError, StoreUnavailable
from stabflow.ports.store import AppendResult
from stabflow.stores.sqlite import SqliteStore

COUNT = 5


def run_into(fault: Fault, folder: Path, scratch: Path) -> str:
    """Append into the fault; what it was called, once it has been seen that it was called rightly."""
    folder.mkdir()
    known = expected(COUNT)
    disk = Disk()
    raised: StoreError | None = None
    acknowledged = 0
    with disk.watching_names():
        store = SqliteStore.open(folder / NAME, vfs=disk.name)
        disk.fault = fault
        try:
            for number in range(COUNT):
                store.append(act(number))
                acknowledged += 1
        except StoreError as error:
            raised = error
        fault.over = not fault.lasting
        if raised is not None:
            assert raised.__cause__ is not None
            ends = {acknowledged, acknowledged + 1} if isinstance(raised, CommitUnknown) else {acknowledged}
            for names, choice in ALL_ENDS:
                found = after_the_cut(survivors(disk.log, choice, names=names), scratch, COUNT)
                assert found in [known[end] for end in ends], f"{fault}: {raised}, but found {found}"
        fault.over = True
        # The disk works again: the same handle goes on where it was.
        for number in range(acknowledged, COUNT):
            assert attrs.evolve(store.append(act(number)), replayed=False) == written(number)
        assert holdings(store, range(COUNT)) == known[COUNT]
        store.close()
    assert after_the_cut(survivors(disk.log, everything, names="all"), scratch, COUNT) == known[COUNT]
    return type(raised).__name__


def written(number: int) -> AppendResult:
    batch = act(number)
    return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))


def sweep(error: type[Exception], tmp_path: Path, *, lasting: bool, step: int) -> dict[str, set[str]]:
    """What each kind of operation that failed was called."""
    called: dict[str, set[str]] = {}
    at = 1
    while True:
        fault = Fault(at, error, lasting=lasting)
        outcome = run_into(fault, tmp_path / f"run-{at}", tmp_path / "cut")
        if fault.hit is None:
            return called
        place = "log" if fault.hit.name == f"{NAME}-wal" else "store" if fault.hit.name == NAME else "draft"
        called.setdefault(f"{fault.hit.kind} {place}", set()).add(outcome)
        at += step


def check(error: type[Exception], tmp_path: Path, *, lasting: bool, step: int) -> None:
    called = sweep(error, tmp_path, lasting=lasting, step=step)
    assert called["write draft"] == {"StoreUnavailable"}
    assert called["write log"] == {"StoreUnavailable" if error is apsw.FullError else "CommitUnknown"}


@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError])
def test_an_error_at_some_operations_is_called_what_it_is(tmp_path: Path, error: type[Exception]) -> None:
    check(error, tmp_path, lasting=False, step=27)  # the laboratory goes over all, also those after which SQLite waits


@pytest.mark.slow
@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError])
@pytest.mark.parametrize("lasting", [False, True])
def test_an_error_at_any_operation_is_called_what_it_is(tmp_path: Path, error: type[Exception], lasting: bool) -> None:
    check(error, tmp_path, lasting=lasting, step=1)


def sync_fails(op: Op) -> Exception | None:
    return apsw.IOError("planted") if op.kind == "sync" and op.name == f"{NAME}-wal" else None


def test_after_an_unknown_commit_the_same_key_tells(tmp_path: Path) -> None:
    disk = Disk()
    store = SqliteStore.open(tmp_path / NAME, vfs=disk.name)
    store.append(act(0))
    store.append(act(1))
    disk.fault = sync_fails
    with pytest.raises(CommitUnknown, match="ask again with the same key") as caught:
        store.append(act(2))
    assert isinstance(caught.value.__cause__, apsw.IOError)
    disk.fault = lambda _op: None
    assert attrs.evolve(store.append(act(2)), replayed=False) == AppendResult(1, 1)
    assert store.append(act(2)) == AppendResult(1, 1, replayed=True)
    store.close()


def test_after_an_unknown_commit_the_answer_does_not_change_with_a_crash(tmp_path: Path) -> None:
    """What the failed commit left in the log is complete; only other processes that are alive keep it from being read."""
    disk = Disk()
    with disk.watching_names():
        other = SqliteStore.open(tmp_path / NAME, vfs=disk.name)
        other.append(act(0))
        other.append(act(1))
        store = SqliteStore.open(tmp_path / NAME, vfs=disk.name)
        disk.fault = sync_fails
        with pytest.raises(CommitUnknown):
            store.append(act(2))
        assert after_the_cut(survivors(disk.log, everything, names="all"), tmp_path / "cut", 3) == expected(3)[3]
        disk.fault = lambda _op: None
        assert store.lookup(act(2).stream, "key-2") is None
        for names, choice in ALL_ENDS:
            assert after_the_cut(survivors(disk.log, choice, names=names), tmp_path / "cut", 3) == expected(3)[2]
        store.close()
        other.close()


def test_before_the_commit_an_error_is_certain(tmp_path: Path) -> None:
    disk = Disk()
    store = SqliteStore.open(tmp_path / NAME, vfs=disk.name)
    store.append(act(0))
    disk.fault = lambda op: apsw.IOError("planted") if op.kind == "read" else None
    with pytest.raises(StoreUnavailable, match="check the disk") as caught:
        store.append(act(1))
    assert isinstance(caught.value.__cause__, apsw.IOError)
    disk.fault = lambda _op: None
    assert store.append(act(1)) == AppendResult(1, 2)
    store.close()


@pytest.mark.parametrize("ask", ["append", "lookup"])
def test_what_another_process_left_unsynced_is_synced_before_it_is_acknowledged(tmp_path: Path, ask: str) -> None:
    """A process is killed between writing its commit and syncing it. Who finds the act there must not say "stored" yet."""
    first = Disk()
    (tmp_path / "first").mkdir()
    store = SqliteStore.open(tmp_path / "first" / NAME, vfs=first.name)
    with first.watching_names():
        for number in range(3):
            store.append(act(number))
        killed_at = len(first.log) - 1
    assert first.log[killed_at].kind == "sync"
    store.close()

    safe = survivors(first.log[:killed_at], nothing, names="synced")
    seen = survivors(first.log[:killed_at], everything, names="all")
    second = Disk()
    store = SqliteStore.open(lay_out(tmp_path / "second", seen) / NAME, vfs=second.name)
    again = act(2)
    if ask == "append":
        assert store.append(again) == AppendResult(1, 1, replayed=True)
    else:
        assert store.lookup(again.stream, "key-2") == ("digest-2", AppendResult(1, 1, replayed=True))
    for choice in (nothing, only_the_last, last_torn, torn(4)):
        files = survivors(second.log, choice, names="synced", start=(safe, seen))
        assert after_the_cut(files, tmp_path / "cut", 3) == expected(3)[3]
    store.close()


@pytest.mark.parametrize("ask", ["append", "lookup"])
def test_a_handle_that_lost_its_connections_is_not_sure_of_what_it_finds_again(tmp_path: Path, ask: str) -> None:
    """While it has none, another process may be killed between writing its commit and syncing it; whoever connects next reads
    the log from the beginning, and finds the act there."""
    (tmp_path / "first").mkdir()
    first = Disk()
    with first.watching_names(), opened(tmp_path / "first" / NAME, vfs=first.name) as store:
        store.append(act(0))
        store.append(act(1))
        before = len(first.log)
        store.append(act(2))
        killed_at = len(first.log) - 1
    assert first.log[killed_at].kind == "sync"
    safe = survivors(first.log[:killed_at], nothing, names="synced")
    seen = survivors(first.log[:killed_at], everything, names="all")

    folder = lay_out(tmp_path / "second", survivors(first.log[:before], everything, names="all"))
    second = Disk()
    with opened(folder / NAME, vfs=second.name) as store:
        store.append(act(1))  # known: so all that is there has been brought to the disk
        second.fault = lambda op: apsw.IOError("planted") if op.kind in {"read", "size", "lock"} else None
        for ask_in_vain in (lambda: store.read_stream(STREAMS[0]), lambda: store.heads(STREAMS)):
            with pytest.raises(StoreUnavailable):
                ask_in_vain()
        assert store._reader is store._connection.cursor is None
        for name, content in seen.items():
            (folder / name).write_bytes(content)
        second.fault = lambda _op: None
        second.log.clear()
        if ask == "append":
            assert store.append(act(2)) == AppendResult(1, 1, replayed=True)
        else:
            assert store.lookup(act(2).stream, "key-2") == ("digest-2", AppendResult(1, 1, replayed=True))
        log = list(second.log)
    for choice in (nothing, only_the_last, last_torn, torn(4)):
        files = survivors(log, choice, names="synced", start=(safe, seen))
        assert after_the_cut(files, tmp_path / "cut", 3) == expected(3)[3]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_cursor_for_what_a_power_cut_took_back_is_reset(tmp_path: Path, goes_on: bool) -> None:
    """A process is killed between writing its commit and syncing it; somebody reads the feed to its end before the power fails.
    In the same file another act may stand at that position afterwards, or none (C6: an error, never silence)."""
    (tmp_path / "first").mkdir()
    first = Disk()
    with first.watching_names(), opened(tmp_path / "first" / NAME, vfs=first.name) as store:
        store.append(act(0))
        store.append(act(1))
        store.append(act(2))
        killed_at = len(first.log) - 1
    folder = lay_out(tmp_path / "second", survivors(first.log[:killed_at], everything, names="all"))
    second = Disk()
    with opened(folder / NAME, vfs=second.name) as store:
        page = store.read_feed(after=None)
        assert [one.payload for one in page.records] == [b"act 0.0", b"act 1.0", b"act 1.1", b"act 2.0"]
        kept = store.read_feed(after=None, limit=3).cursor
    for file in folder.iterdir():
        if file.name != NAME:
            file.unlink()
    for name, content in survivors(first.log[:killed_at], nothing, names="synced").items():
        (folder / name).write_bytes(content)  # in place: it is still the same file
    with opened(folder / NAME) as store:
        assert store.read_feed(after=kept).records == ()
        if goes_on:
            other = attrs.evolve(act(2), records=(record("another"),), key="another")
            store.append(other)
            store.append(attrs.evolve(other, stream="case/more", key="more"))
        with pytest.raises(FeedReset):
            store.read_feed(after=page.cursor)
        assert len(store.read_feed(after=kept).records) == (2 if goes_on else 0)
