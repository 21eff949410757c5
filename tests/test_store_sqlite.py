"""The SQLite store's file: when it comes into being, what it refuses, and what a handle on it promises."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import attrs
import pytest
from crash.acts import STREAMS, act, expected, holdings, read_all, record
from crash.disk import Disk
from crash.files import everything, filled, opened, raw

from stabflow.errors import (
    CommitUnknown,
    ContractTooNew,
    Corrupt,
    StoreError,
    StoreUnavailable,
    VersionConflict,
)
from stabflow.ports.store import AppendResult, Capability, CaseQuery, DutyQuery
from stabflow.stores import sqlite_file, sqlite_schema
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


# When the file comes into being


def test_nothing_is_made_before_the_first_append(path: Path) -> None:
    with opened(path) as store:
        assert list(store.read_stream(STREAMS[0])) == []
        assert store.lookup(STREAMS[0], "key") is None
        assert store.find_cases(CaseQuery()).rows == ()
        assert store.find_duties(DutyQuery()).rows == ()
        with pytest.raises(VersionConflict) as caught:
            store.append(act(3))
        assert (caught.value.expected, caught.value.actual) == (1, 0)
        with pytest.raises(ValueError, match="no records"):
            store.append(attrs.evolve(act(0), records=()))
    assert list(path.parent.iterdir()) == []


def test_the_store_appears_whole_with_its_first_act(path: Path) -> None:
    with opened(path) as store:
        store.append(act(0))
        assert [file.name for file in path.parent.iterdir()] == ["store.db"]
        assert path.stat().st_nlink == 1
    with raw(path) as connection:
        assert connection.pragma("journal_mode") == "wal"
        assert connection.pragma("application_id") == sqlite_schema.APPLICATION_ID
        assert connection.pragma("user_version") == sqlite_schema.SCHEMA_VERSION
        assert sqlite_schema.damage(connection) == []


def test_an_append_that_fails_makes_no_store(path: Path) -> None:
    disk = Disk()
    with opened(path, vfs=disk.name) as store:
        disk.fault = lambda op: apsw.FullError("planted") if op.kind == "write" else None
        with pytest.raises(StoreUnavailable, match="full disk"):
            store.append(act(0))
        assert list(path.parent.iterdir()) == []
        disk.fault = lambda _op: None
        store.append(act(0))


def test_a_store_made_by_somebody_else_in_the_meantime_is_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = sqlite_file._link

    def late(draft: Path, target: Path) -> None:
        monkeypatch.setattr(sqlite_file, "_link", link)
        filled(path, 1)
        link(draft, target)

    with opened(path) as store:
        assert list(store.read_stream(STREAMS[0])) == []
        monkeypatch.setattr(sqlite_file, "_link", late)
        with pytest.raises(VersionConflict):
            store.append(attrs.evolve(act(0), key="another"))
        assert store.append(act(0)) == AppendResult(1, 1, replayed=True)
        assert holdings(store, [0]) == expected(1)[1]
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


def test_a_store_that_must_be_there_is_missed(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        SqliteStore.open(path, create=False)
    filled(path)
    with opened(path, create=False) as store:
        assert read_all(store, STREAMS[0])


def test_without_a_folder_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="make the folder"):
        SqliteStore.open(tmp_path / "nowhere" / "store.db")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_may_vanish_before_the_first_append(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with opened(folder / "store.db") as store:
        folder.rmdir()
        with pytest.raises(StoreUnavailable, match="make the folder"):
            store.append(act(0))


# What is refused


def make_text(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


def make_short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00")


def make_empty(path: Path) -> None:
    path.touch()


def make_folder(path: Path) -> None:
    path.mkdir()


def make_foreign(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("CREATE TABLE records (position, stream, version)")


def make_foreign_log(path: Path) -> None:
    """A database of another application with changes that are only in its log, as after a crash of that application."""
    with raw(path.with_name("other.db")) as connection:
        connection.pragma("journal_mode", "wal")
        connection.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        files = {end: path.with_name(f"other.db{end}").read_bytes() for end in ("", "-wal")}
    path.with_name("other.db").unlink()
    for end, content in files.items():
        path.with_name(f"{path.name}{end}").write_bytes(content)


def make_newer(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        connection.pragma("user_version", sqlite_schema.SCHEMA_VERSION + 1)


def make_older(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        connection.pragma("user_version", 0)


def make_unguarded(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        connection.execute("DROP TRIGGER records_delete")


def make_weakly_guarded(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        connection.execute(
            "DROP TRIGGER records_update;"
            "CREATE TRIGGER records_update BEFORE UPDATE ON records WHEN 0 BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        )


def make_overheard(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        connection.execute("CREATE TRIGGER extra AFTER INSERT ON records BEGIN DELETE FROM cases; END")


def make_orphaned_log(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"records of a database that somebody deleted")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (make_text, StoreUnavailable, "is not a SQLite database: give another path"),
        (make_short, StoreUnavailable, "is not a SQLite database"),
        (make_empty, StoreUnavailable, "is an empty file"),
        (make_folder, StoreUnavailable, "is not a file"),
        (make_foreign, StoreUnavailable, "is a database of another application"),
        (make_foreign_log, StoreUnavailable, "is a database of another application"),
        (make_newer, ContractTooNew, "upgrade stabflow; the file is untouched"),
        (make_older, Corrupt, "schema 0"),
        (make_unguarded, Corrupt, "records_delete"),
        (make_weakly_guarded, Corrupt, "records_update"),
        (make_overheard, Corrupt, "extra"),
        (make_orphaned_log, StoreUnavailable, "is gone, but store.db-wal is still there"),
    ],
)
def test_what_is_not_ours_is_refused_and_left_alone(
    path: Path, make: Callable[[Path], None], error: type[StoreError], words: str
) -> None:
    store = SqliteStore.open(path)  # while there is nothing yet
    make(path)
    before = None if path.is_dir() else everything(path.parent)
    for attempt in (
        lambda: SqliteStore.open(path),
        lambda: store.append(act(0)),
        lambda: store.append(act(3)),
        lambda: store.read_stream(STREAMS[0]),
    ):
        with pytest.raises(error, match=words) as caught:
            attempt()
        assert str(path) in str(caught.value)
    store.close()
    assert before is None or everything(path.parent) == before


def test_a_damaged_file_is_called_damaged(path: Path) -> None:
    filled(path, 30)
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(Corrupt, match="compare it with a backup") as caught, opened(path) as store:
        store.find_cases(CaseQuery())
    assert isinstance(caught.value.__cause__, apsw.CorruptError)


def test_a_file_that_was_replaced_is_noticed(path: Path) -> None:
    filled(path)
    with opened(path) as store:
        store.append(act(6))
        assert read_all(store, STREAMS[0])
        shutil.move(path, path.with_name("moved.db"))
        for _ in range(2):
            for attempt in (lambda: store.append(act(7)), lambda: store.read_stream(STREAMS[0])):
                with pytest.raises(StoreUnavailable, match="no longer the file that was opened"):
                    attempt()
            path.touch()


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreUnavailable, match=r"3\.51\.2 can corrupt .* 3\.51\.3 or later"):
        SqliteStore.open(path)


def test_a_full_database_refuses_and_keeps_what_it_has(path: Path) -> None:
    filled(path)
    with opened(path) as store:
        store.append(act(6))
        before = holdings(store, range(30))
        assert store._connection.cursor is not None
        pages = store._connection.cursor.connection.pragma("page_count")
        store._connection.cursor.connection.pragma("max_page_count", pages)
        with pytest.raises(StoreUnavailable, match="full disk: free some space") as caught:
            store.append(act(7, size=20_000))
        assert isinstance(caught.value.__cause__, apsw.FullError)
        assert holdings(store, range(30)) == before
        store._connection.cursor.connection.pragma("max_page_count", pages + 100)
        assert store.append(act(7, size=20_000)) == AppendResult(5, 6)


def test_a_lock_that_is_not_let_go_is_told(path: Path) -> None:
    filled(path)
    with opened(path, busy_timeout=0.0) as store, raw(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process") as caught:
            store.append(act(6))
        assert isinstance(caught.value.__cause__, apsw.BusyError)
        assert len(read_all(store, STREAMS[0])) == 2
        other.execute("ROLLBACK")
        store.append(act(6))


def test_reading_does_not_wait_for_a_writer_in_the_same_handle(path: Path) -> None:
    """The writing connection waits for another process, and is let go only when the same handle has been read."""
    filled(path)
    with opened(path, busy_timeout=60.0) as store, raw(path) as other:
        store.append(act(6))
        other.execute("BEGIN IMMEDIATE")
        results: list[AppendResult] = []
        thread = threading.Thread(target=lambda: results.append(store.append(act(7))))
        thread.start()
        assert len(read_all(store, STREAMS[1])) == 4
        other.execute("ROLLBACK")
        thread.join()
        assert results == [AppendResult(5, 6)]


def test_a_batch_that_fails_halfway_leaves_nothing(path: Path) -> None:
    with opened(path) as store:
        store.append(act(0))
        before = holdings(store, range(3))
        bad = attrs.evolve(record(), hash=None)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="does not fit the tables"):
            store.append(attrs.evolve(act(1), records=(record(), bad)))
        unwritable = attrs.evolve(record(), payload=object())  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            store.append(attrs.evolve(act(1), records=(record(), unwritable)))
        assert holdings(store, range(3)) == before
        store.append(act(1))


# What a handle promises


def test_durability_is_declared_only_where_it_is(path: Path) -> None:
    with opened(path) as full, opened(path, synchronous="normal") as normal:
        assert full.capabilities == {*Capability} - {Capability.EXTERNAL_TX}
        assert normal.capabilities == full.capabilities - {Capability.DURABLE}
        for store in (full, normal):
            store.append(act(0))
            store.append(attrs.evolve(act(0), stream=f"of {id(store)}"))
        assert full._connection.cursor is not None
        assert normal._connection.cursor is not None
        assert full._connection.cursor.connection.pragma("synchronous") == 2
        assert normal._connection.cursor.connection.pragma("synchronous") == 1
    with pytest.raises(ValueError, match="full or normal"):
        SqliteStore.open(path, synchronous="off")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_handle_is_refused_after_a_fork(path: Path, kind: str) -> None:
    store = MemoryStore() if kind == "memory" else SqliteStore.open(path)
    store.append(act(0))
    store.append(act(1))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for attempt in (
                lambda: store.append(act(2)),
                lambda: store.lookup(STREAMS[0], "key-0"),
                lambda: store.read_stream(STREAMS[0]),
                lambda: store.find_cases(CaseQuery()),
                lambda: store.find_duties(DutyQuery()),
            ):
                try:
                    attempt()
                except StoreUnavailable as error:
                    assert "after the fork" in str(error)
                else:
                    raise AssertionError
            store.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.append(act(2))
    assert holdings(store, range(3)) == expected(3)[3]
    store.close()


def test_a_failing_link_is_told_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link_fails(number: int) -> None:
        def fail(_draft: Path, _path: Path) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(sqlite_file, "_link", fail)

    with opened(path) as store:
        link_fails(errno.EPERM)
        with pytest.raises(StoreUnavailable, match="hard links"):
            store.append(act(0))
        link_fails(errno.EIO)
        with pytest.raises(CommitUnknown, match="ask again"):
            store.append(act(0))
        assert list(path.parent.iterdir()) == []
