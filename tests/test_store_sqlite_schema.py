"""The SQLite store's tables: what they guard, which indexes serve, how few pages an act writes; and the URLs of stores."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import attrs
import pytest
from crash.acts import STREAMS, act, case_row, duty_row, expected, holdings, read_all, record
from crash.earlier import lay_down
from crash.files import filled, opened, raw

from stabflow.errors import ContractTooNew, Corrupt, InvalidInput
from stabflow.ports import store_rules as rules
from stabflow.ports.store import AppendBatch, Capability, CaseQuery, DutyQuery, NewNotice
from stabflow.stores import sqlite_rows, sqlite_schema
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


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
        for names, after in itertools.product(subsets(rules.CASE_FILTERS), (None, "case")):
            query = CaseQuery(**dict.fromkeys(names, "x"), after=after)  # type: ignore[arg-type]
            found = plan(connection, *sqlite_rows.find_cases(query))
            if names or after:
                assert (
                    f"SEARCH cases USING INDEX {f'cases_{names[0]}' if names else 'sqlite_autoindex_cases_1'}" in found
                )
            if "outcome" in names:  # which almost all cases have not yet
                found = plan(connection, *sqlite_rows.find_cases(attrs.evolve(query, outcome="")))
                assert "cases_outcome" not in found
            assert "TEMP B-TREE" not in found
            assert ("case_id>?" in found) is bool(after)


VALUES: dict[str, str | int | bool] = {"level": 1, "breached": True}


def test_c13_an_index_serves_every_query_of_duties(path: Path) -> None:
    filled(path)
    cursor = '["2026","case","duty","role","body","actor"]'
    with raw(path) as connection:
        for names, before, after in itertools.product(subsets(rules.DUTY_FILTERS), (None, "2026"), (None, cursor)):
            values = {name: VALUES.get(name, "x") for name in names}
            query = DutyQuery(**values, due_before=before, after=after)  # type: ignore[arg-type]
            found = plan(connection, *sqlite_rows.find_duties(query))
            served = [name for name in names if name != "procedure"]
            if names[:1] == ("case_id",):
                assert "USING PRIMARY KEY (case_id=?" in found
                continue
            assert f"INDEX duties_{served[0] if served else 'due'}" in found
            assert "TEMP B-TREE FOR ORDER BY" not in found  # at most the rows of one duty are put in order
            assert "SEARCH" in found or not (served or before or after)


@pytest.mark.parametrize("common", [{"level": 0}, {"breached": False}, {"level": 0, "breached": False}])
def test_c13_what_almost_all_duties_are_is_found_by_the_due_time(path: Path, common: dict[str, int]) -> None:
    filled(path)
    with raw(path) as connection:
        for query in (DutyQuery(**common, due_before="2026"), DutyQuery(**common)):  # type: ignore[arg-type]
            found = plan(connection, *sqlite_rows.find_duties(query))
            assert "INDEX duties_due" in found
            assert "TEMP B-TREE FOR ORDER BY" not in found
        (asked, by_role) = (DutyQuery(**common, role="x"), "INDEX duties_role")  # type: ignore[arg-type]
        assert by_role in plan(connection, *sqlite_rows.find_duties(asked))


def test_reading_a_stream_and_a_key_uses_an_index(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        for statement, bindings in (
            (sqlite_rows.READ_STREAM, ["case", 0, 10]),
            (sqlite_rows.LOOKUP, ["case", "key"]),
            (sqlite_rows.HEAD, ["case"]),
            (sqlite_rows._are_heads(2), ["case", 1, b"", "other", 0, None]),
        ):
            found = plan(connection, statement, bindings)
            assert "SEARCH" in found
            assert "SCAN records" not in found
            assert "TEMP B-TREE" not in found


def test_an_act_that_leaves_the_state_alone_writes_few_pages(path: Path) -> None:
    """Each filter's index is a page of its own, so writing all of them with every act would double what is written."""
    filled(path, 3)
    with opened(path) as store:
        store.append(attrs.evolve(act(3), index=None))
        assert store._connection.cursor is not None
        connection = store._connection.cursor.connection
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


# C14: an earlier schema is brought up to date, whole or not at all


@pytest.mark.parametrize("version", sqlite_schema.UPGRADES)
def test_c14_an_earlier_schema_is_brought_up_to_date(path: Path, version: int) -> None:
    lay_down(path, version)
    with opened(path) as store:
        assert holdings(store, range(6)) == expected(6)[6]
        assert {row.procedure for row in store.find_duties(DutyQuery()).rows} == {"five-step"}
        store.append(act(6))
        store.append(attrs.evolve(act(7), outbox=(NewNotice("lane", b"due"),)))
        assert [one.payload for one in store.claim("worker", limit=2, lease_for=60.0)] == [b"due"]
    with raw(path) as connection:
        assert connection.pragma("user_version") == sqlite_schema.SCHEMA_VERSION
        assert sqlite_schema.damage(connection) == []


@pytest.mark.parametrize("version", sqlite_schema.UPGRADES)
def test_c14_an_upgrade_that_is_broken_off_leaves_the_earlier_version(path: Path, version: int) -> None:
    lay_down(path, version)
    steps = len(sqlite_schema.UPGRADES[version]) + 2
    for last in range(1, steps):
        with raw(path) as connection:
            before = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
            done = itertools.count()

            def trace(cursor: apsw.Cursor, sql: str, bindings: Any, done: Any = done, last: int = last) -> bool:
                return next(done) < last or sql == "ROLLBACK"

            connection.exec_trace = trace
            with pytest.raises(apsw.ExecTraceAbort):
                sqlite_schema.upgrade(connection.cursor())
            connection.exec_trace = None
            assert connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall() == before
            assert connection.pragma("user_version") == version
    with opened(path) as store:
        assert holdings(store, range(6)) == expected(6)[6]


def test_c14_what_was_changed_by_others_is_not_upgraded(path: Path) -> None:
    lay_down(path, 1)
    with raw(path) as connection:
        connection.execute("DROP TRIGGER records_delete")
    with pytest.raises(Corrupt, match="records_delete"):
        SqliteStore.open(path)
    with raw(path) as connection:
        assert connection.pragma("user_version") == 1
        connection.execute(sqlite_schema.SCHEMA["records_delete"])
    with opened(path), opened(path) as store:
        assert holdings(store, range(6)) == expected(6)[6]


def test_c14_a_newer_one_may_upgrade_the_file_under_an_open_handle(path: Path) -> None:
    calls: list[Callable[[SqliteStore], object]] = [
        lambda store: store.append(act(6)),
        lambda store: store.append(act(0)),  # whose key is there
        lambda store: store.lookup(STREAMS[0], "key-0"),
        lambda store: store.heads(STREAMS),
        lambda store: store.read_stream(STREAMS[0]),
        lambda store: store.read_feed(after=None),
        lambda store: store.find_duties(DutyQuery()),
        lambda store: store.claim("worker", limit=1, lease_for=1.0),
    ]
    filled(path)
    for call in calls:
        with raw(path) as connection:
            connection.pragma("user_version", sqlite_schema.SCHEMA_VERSION)
        with opened(path) as store, opened(path) as other:
            store.heads(STREAMS)
            other.claim("worker", limit=1, lease_for=1.0)  # one has read, one has written
            with raw(path) as connection:
                connection.pragma("user_version", sqlite_schema.SCHEMA_VERSION + 1)
            for one in (store, other):
                with pytest.raises(ContractTooNew, match="upgrade stabflow"):
                    call(one)
    with raw(path) as connection:
        assert connection.pragma("user_version") == sqlite_schema.SCHEMA_VERSION + 1
        with pytest.raises(ContractTooNew):  # another has upgraded it between the look and this
            sqlite_schema.upgrade(connection.cursor())
        assert connection.pragma("user_version") == sqlite_schema.SCHEMA_VERSION + 1
        connection.pragma("user_version", sqlite_schema.SCHEMA_VERSION)
    with opened(path) as store:
        assert holdings(store, range(6)) == expected(6)[6]


def test_c13_of_several_filters_the_one_serves_that_leaves_few(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        cursor = connection.cursor()
        for n in range(600):
            few = n % 300 == 7
            state = "reporting" if few else "closed"
            sqlite_rows._put_case(
                cursor, case_row(f"c-{n}", body="county", state=state, outcome="" if few else "defer")
            )
            owed = duty_row(f"c-{n}", role="mayor" if few else "office", body="county", actor="u-1", breached=few)
            cursor.execute(sqlite_rows._PUT_DUTY, sqlite_rows._duty_values(owed))
        for query, by in (
            (CaseQuery(body="county", state="reporting"), "state"),
            (CaseQuery(state="reporting", outcome="defer"), "state"),
            (CaseQuery(state="closed", outcome=""), "state"),
            (CaseQuery(outcome=""), None),
            (DutyQuery(body="county", role="mayor"), "role"),
            (DutyQuery(actor="u-1", body="county", breached=True), "breached"),
            (DutyQuery(case_id="c-7", role="mayor"), "case_id"),
            (DutyQuery(level=0, breached=False, procedure="five-step"), None),
        ):
            assert sqlite_rows.narrowest(cursor, query) == by
    with opened(path) as store:
        assert len(store.find_cases(CaseQuery(body="county", state="reporting")).rows) == 2
        assert len(store.find_duties(DutyQuery(body="county", role="mayor")).rows) == 2


def test_numbers_beyond_those_of_sqlite_find_nothing(path: Path) -> None:
    filled(path)
    with opened(path) as store:
        assert store.read_stream(STREAMS[0], after=2**70) == store.dead_letters(after=2**70) == ()
        assert len(store.read_stream(STREAMS[0], after=-(2**70))) > 0
        assert store.revive(2**70) is False
