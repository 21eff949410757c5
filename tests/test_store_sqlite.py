"""The SQLite store's file: when it comes into being, what it refuses, how it guards its records, which indexes serve."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import attrs
import pytest
from crash.acts import STREAMS, act, expected, holdings, read_all, record
from crash.disk import Disk

from stabflow.errors import (
    CommitUnknown,
    ContractTooNew,
    Corrupt,
    InvalidInput,
    StoreError,
    StoreUnavailable,
    VersionConflict,
)
from stabflow.ports.store import AppendBatch, AppendResult, Capability, CaseQuery, DutyQuery
from stabflow.stores import common, sqlite_file, sqlite_rows, sqlite_schema
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(path, **options)) as store:
        yield store


@contextmanager
def raw(path: Path) -> Iterator[apsw.Connection]:
    """The database without the store; through apsw, because another SQLite in this process would drop our locks."""
    with closing(apsw.Connection(str(path))) as connection:
        yield connection


def filled(path: Path, count: int = 6) -> Path:
    with opened(path) as store:
        for number in range(count):
            store.append(act(number))
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


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
        assert store._writer is not None
        pages = store._writer.connection.pragma("page_count")
        store._writer.connection.pragma("max_page_count", pages)
        with pytest.raises(StoreUnavailable, match="full disk: free some space") as caught:
            store.append(act(7, size=20_000))
        assert isinstance(caught.value.__cause__, apsw.FullError)
        assert holdings(store, range(30)) == before
        store._writer.connection.pragma("max_page_count", pages + 100)
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
        assert full.capabilities == {Capability.DURABLE, Capability.MULTI_PROCESS}
        assert normal.capabilities == {Capability.MULTI_PROCESS}
        for store in (full, normal):
            store.append(act(0))
            store.append(attrs.evolve(act(0), stream=f"of {id(store)}"))
        assert full._writer is not None
        assert normal._writer is not None
        assert full._writer.connection.pragma("synchronous") == 2
        assert normal._writer.connection.pragma("synchronous") == 1
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


# C11: records and keys are append-only in the database itself

COLUMNS = "stream, version, tag, header, payload, hash"
FORGED = "'forged', x'', x'', x''"


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE records SET payload = x'00'",
        "UPDATE records SET version = 99 WHERE position = 1",
        "UPDATE OR REPLACE records SET version = 2 WHERE stream = 'case/bridge-1' AND version = 1",
        "DELETE FROM records",
        "DELETE FROM records WHERE position = (SELECT max(position) FROM records)",
        f"INSERT OR REPLACE INTO records ({COLUMNS}) VALUES ('case/bridge-1', 1, {FORGED})",
        f"INSERT OR REPLACE INTO records ({COLUMNS}) VALUES ('case/bridge-1', 2, {FORGED})",
        f"REPLACE INTO records ({COLUMNS}) VALUES ('case/bridge-1', 2, {FORGED})",
        f"INSERT INTO records ({COLUMNS}) VALUES ('case/bridge-1', 4, {FORGED})",
        f"INSERT INTO records ({COLUMNS}) VALUES ('case/bridge-1', 0, {FORGED})",
        f"INSERT INTO records ({COLUMNS}) VALUES ('case/bridge-1', -1, {FORGED})",
        f"INSERT INTO records ({COLUMNS}) VALUES ('case/new', 2, {FORGED})",
        f"INSERT INTO records ({COLUMNS}) VALUES ('case/new', NULL, {FORGED})",
        f"INSERT OR REPLACE INTO records (position, {COLUMNS}) VALUES (1, 'case/new', 1, {FORGED})",
        f"INSERT OR REPLACE INTO records (position, {COLUMNS}) VALUES (1, 'case/bridge-1', 3, {FORGED})",
        f"INSERT INTO records (position, {COLUMNS}) VALUES (-5, 'case/new', 1, {FORGED})",
        f"INSERT INTO records (position, {COLUMNS}) VALUES (0, 'case/new', 1, {FORGED})",
        f"INSERT INTO records ({COLUMNS}) VALUES ('case/bridge-1', 1, {FORGED}) ON CONFLICT DO UPDATE SET payload = x''",
        "UPDATE keys SET digest = 'forged'",
        "DELETE FROM keys",
        "INSERT OR REPLACE INTO keys VALUES ('case/bridge-1', 'key-0', 'forged', 1, 1)",
        "INSERT INTO keys VALUES ('case/bridge-1', 'key-0', 'forged', 1, 1) ON CONFLICT DO UPDATE SET digest = 'forged'",
        "INSERT INTO keys VALUES ('case/bridge-1', 'new', NULL, 1, 1)",
    ],
)
def test_c11_tampering_is_stopped(path: Path, tampering: str) -> None:
    filled(path)
    for recursive in (False, True):
        with raw(path) as connection:
            connection.pragma("recursive_triggers", recursive)
            with pytest.raises(apsw.ConstraintError):
                connection.execute(tampering)
    with opened(path) as store:
        assert holdings(store, range(6)) == expected(6)[6]


def test_c11_the_tampering_would_work_without_the_triggers(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        for name, sql in sqlite_schema.SCHEMA.items():
            if "TRIGGER" in sql:
                connection.execute(f"DROP TRIGGER {name}")
        connection.execute(f"INSERT OR REPLACE INTO records ({COLUMNS}) VALUES ('case/bridge-1', 1, {FORGED})")
        connection.execute(f"INSERT OR REPLACE INTO records (position, {COLUMNS}) VALUES (2, 'case/new', 1, {FORGED})")
        assert connection.execute("SELECT count(*) FROM records WHERE tag = 'forged'").fetchall() == [(2,)]
    with pytest.raises(Corrupt, match="keys_delete, keys_insert, keys_update, records_delete, records_insert"):
        SqliteStore.open(path)


# C13: an index serves every filter


def plan(connection: apsw.Connection, statement: str, bindings: list[Any]) -> str:
    return " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", bindings))


def subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(names, n) for n in range(len(names) + 1))


def test_c13_an_index_serves_every_query_of_cases(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        for names, after in itertools.product(subsets(common.CASE_FILTERS), (None, "case")):
            query = CaseQuery(**dict.fromkeys(names, "x"), after=after)  # type: ignore[arg-type]
            found = plan(connection, *sqlite_rows.find_cases(query))
            if names or after:
                assert (
                    f"SEARCH cases USING INDEX {f'cases_{names[0]}' if names else 'sqlite_autoindex_cases_1'}" in found
                )
            assert "TEMP B-TREE" not in found
            assert ("case_id>?" in found) is bool(after)


def test_c13_an_index_serves_every_query_of_duties(path: Path) -> None:
    filled(path)
    cursor = '["2026","case","duty","role","body","actor"]'
    with raw(path) as connection:
        for names, before, after in itertools.product(subsets(common.DUTY_FILTERS), (None, "2026"), (None, cursor)):
            query = DutyQuery(**dict.fromkeys(names, "x"), due_before=before, after=after)  # type: ignore[arg-type]
            found = plan(connection, *sqlite_rows.find_duties(query))
            if names[:1] == ("case_id",):
                assert "USING PRIMARY KEY (case_id=?" in found
                continue
            assert f"INDEX duties_{names[0] if names else 'due'}" in found
            assert "TEMP B-TREE FOR ORDER BY" not in found  # at most the rows of one duty are put in order
            assert "SEARCH" in found or not (names or before or after)


def test_reading_a_stream_and_a_key_uses_an_index(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        for statement, bindings in (
            (sqlite_rows.READ_STREAM, ["case", 0, 10]),
            (sqlite_rows.LOOKUP, ["case", "key"]),
            (sqlite_rows.HEAD, ["case"]),
        ):
            found = plan(connection, statement, bindings)
            assert "SEARCH" in found
            assert "SCAN" not in found
            assert "TEMP B-TREE" not in found


def test_an_act_that_leaves_the_state_alone_writes_few_pages(path: Path) -> None:
    """Each filter's index is a page of its own, so writing all of them with every act would double what is written."""
    filled(path, 3)
    with opened(path) as store:
        store.append(attrs.evolve(act(3), index=None))
        assert store._writer is not None
        connection = store._writer.connection
        changes = connection.total_changes()
        index = act(0).index
        assert index is not None
        case = attrs.evolve(index.case, version=3, title="Another title", round=2)
        batch = AppendBatch(
            STREAMS[0], 2, (record(),), attrs.evolve(index, case=case, cleared=(), duties=()), key="k", digest="d"
        )
        store.append(batch)
        assert connection.total_changes() - changes == 3  # a record, a key, a case


# URLs


@pytest.mark.parametrize(
    "name", ["plain.db", "with space.db", "what?.db", "#1.db", "100%.db", "大桥.db", "a&b=c.db", ":memory:x"]
)
def test_a_url_can_name_any_path(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in (f"sqlite:///{quote(name)}", f"sqlite:///{quote(str(tmp_path / name))}", f"SQLite:///{quote(name)}"):
        with closing(SqliteStore.from_url(url)) as store:
            store.append(act(0))
            assert Capability.DURABLE in store.capabilities
    assert [file.name for file in tmp_path.iterdir()] == [name]
    with closing(SqliteStore.from_url(f"sqlite:///{quote(name)}?synchronous=normal")) as store:
        assert Capability.DURABLE not in store.capabilities
        assert holdings(store, [0]) == expected(1)[1]


def test_a_relative_path_is_meant_from_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore.from_url("sqlite:///大桥 1.db")) as store:
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.append(act(0))
        assert read_all(store, STREAMS[0])
    assert (tmp_path / "大桥 1.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:", "sqlite:///relative.db"),
        ("sqlite:///", "sqlite:///relative.db"),
        ("sqlite://host/store.db", "sqlite:///relative.db"),
        ("sqlite:/store.db", "sqlite:///relative.db"),
        ("store.db", "sqlite:///relative.db"),
        ("postgresql:///store", "sqlite:///relative.db"),
        ("sqlite:///:memory:", "memory:"),
        ("sqlite:///a%00b", "does not name a file"),
        ("sqlite:///a%ff", "UTF-8"),
        ("sqlite:///a#b", "%23"),
        ("sqlite:///a?synchronous=off", "synchronous=full"),
        ("sqlite:///a?sync=full", "synchronous=full"),
        ("sqlite:///a?synchronous", "synchronous=full"),
        ("sqlite:///a?synchronous=full&mode=ro", "mode=ro"),
    ],
)
def test_a_url_that_is_wrong_is_bad_input(
    url: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as caught:
        SqliteStore.from_url(url)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_memory_has_a_url_too() -> None:
    for url in ("memory:", "memory://", "MEMORY:"):
        assert list(MemoryStore.from_url(url).read_stream("case")) == []
    with pytest.raises(InvalidInput, match="write memory:"):
        MemoryStore.from_url("memory:///x")


def test_a_failing_link_is_told_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link_fails(number: int) -> None:
        def fail(_draft: Path, _path: Path) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(sqlite_file, "_link", fail)

    import errno

    with opened(path) as store:
        link_fails(errno.EPERM)
        with pytest.raises(StoreUnavailable, match="hard links"):
            store.append(act(0))
        link_fails(errno.EIO)
        with pytest.raises(CommitUnknown, match="ask again"):
            store.append(act(0))
        assert list(path.parent.iterdir()) == []
