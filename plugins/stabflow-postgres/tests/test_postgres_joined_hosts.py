"""Hosts that do as they like with what an engine has joined: other transactions than one thinks, settings changed in the middle,
several threads, another engine on the same connection."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import orm
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import administrator, execute, fresh_url, on_waiting, plain, schema_of
from stabflow_postgres.watchdog import Watchdog

import stabflow
from stabflow import Actor, Engine, Matter, Plugin, Refused, hookimpl
from stabflow.engine import observers
from stabflow.errors import CommitUnknown, InvalidInput, StoreUnavailable

CHAIR, OFFICER = Actor("o-1", body="town-government"), Actor("o-2", body="roads-office")


class Watcher(Plugin):
    """Notes what it is told."""

    contract = 1

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    @hookimpl
    def stabflow_recorded(self, case: Any, records: Any) -> None:
        self.told.append((case.id, records[-1].version))


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def engine(url: str, watcher: Watcher) -> Iterator[Engine]:
    with stabflow.open(url, plugins=[watcher]) as engine:
        engine.constitute("five-step", "decision_body", CHAIR, basis="order 1")
        yield engine


def opened(engine: Engine, name: str = "hall", title: str = "Market hall", **more: Any) -> Any:
    return engine.open_case("five-step", Matter(name, title), by=CHAIR, basis="plan 14", **more)


def cases(engine: Engine) -> list[str]:
    return [row.case_id for row in engine.cases()]


def refused(engine: Engine, connection: Any) -> str:
    """Why the block is not entered."""
    with pytest.raises(InvalidInput) as caught, engine.joined(connection):
        raise AssertionError("the block was entered")
    return str(caught.value)


@pytest.fixture
def database(url: str) -> Iterator[sqlalchemy.Engine]:
    made = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)))
    yield made
    made.dispose()


# Transactions that are somebody else's


def test_a_transaction_that_somebody_else_ends_is_not_ended_by_the_block(
    engine: Engine, url: str, database: sqlalchemy.Engine
) -> None:
    with orm.Session(database) as session, session.begin(), session.begin_nested():
        assert "within session.begin()" in refused(engine, session)
    with database.connect() as connection, connection.begin() as whole:
        with orm.Session(connection, join_transaction_mode="create_savepoint") as session:
            assert "bound to a connection" in refused(engine, session)
        whole.rollback()
    with psycopg.connect(plain(url)) as link:
        link.tpc_begin("one")
        assert "two phases" in refused(engine, link)
        link.tpc_rollback()


def test_a_session_on_a_connection_is_told_when_that_has_committed(
    engine: Engine, watcher: Watcher, database: sqlalchemy.Engine
) -> None:
    with (
        database.connect() as connection,
        connection.begin(),
        orm.Session(connection, join_transaction_mode="create_savepoint") as session,
    ):
        joined = engine.joined(session)
        session.connection()
        case = opened(joined.engine)
        session.commit()
        assert watcher.told == []
    joined.committed()
    assert watcher.told == [(case.id, 1)]


def test_what_is_prepared_is_told_when_it_is_committed(engine: Engine, url: str, watcher: Watcher) -> None:
    with psycopg.connect(plain(url)) as link:
        joined = engine.joined(link)
        link.tpc_begin(schema_of(url))
        case = opened(joined.engine)
        link.tpc_prepare()
        with pytest.raises(InvalidInput, match="still open"):
            joined.committed()
        with pytest.raises(InvalidInput, match="a transaction that is prepared"):
            opened(joined.engine, "bridge")
        assert cases(engine) == []
        link.tpc_commit()
        joined.committed()
        joined.close()
    assert (cases(engine), watcher.told) == ([case.id], [(case.id, 1)])


def test_a_session_of_two_phases_is_joined(engine: Engine, watcher: Watcher, database: sqlalchemy.Engine) -> None:
    with orm.Session(database, twophase=True) as session:
        with engine.joined(session) as joined:
            opened(joined)
        with contextlib.suppress(ZeroDivisionError), engine.joined(session) as joined:
            opened(joined, "bridge")
            raise ZeroDivisionError
    assert (cases(engine), watcher.told) == (["five-step-hall-1"], [("five-step-hall-1", 1)])


def test_a_flush_that_failed_unseen_is_told_at_the_end(engine: Engine, url: str, database: sqlalchemy.Engine) -> None:
    class Base(orm.DeclarativeBase):
        pass

    class Permit(Base):
        __tablename__ = "permits"
        __table_args__ = {"schema": schema_of(url)}  # noqa: RUF012
        number: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    execute(url, "CREATE TABLE {s}.permits (number int PRIMARY KEY)", "INSERT INTO {s}.permits VALUES (1)")
    with orm.Session(database) as session:

        def flush(joined: Engine) -> None:
            opened(joined)
            session.add(Permit(number=1))
            with contextlib.suppress(sqlalchemy.exc.IntegrityError):
                session.flush()

        with pytest.raises(StoreUnavailable, match="nothing was stored"), engine.joined(session) as joined:
            flush(joined)
        assert not session.in_transaction(), "rolled back, and ready for another"
        with engine.joined(session) as joined:
            opened(joined)
    assert cases(engine) == ["five-step-hall-1"]


def test_a_commit_of_the_host_whose_answer_was_lost_is_unknown(engine: Engine, url: str) -> None:
    def commit(joined: Engine) -> None:
        opened(joined, key="k")
        with on_waiting(url, "pg_terminate_backend"), contextlib.suppress(psycopg.OperationalError):
            link.commit()

    with (
        psycopg.connect(plain(url), options="-c synchronous_commit=on") as link,
        pytest.raises(CommitUnknown, match="lost before the end of the block"),
        engine.joined(link) as joined,
    ):
        commit(joined)
    assert not opened(engine, key="k").is_new


# Another store, another time


def test_a_connection_that_was_joined_leads_to_no_other_store(engine: Engine, url: str) -> None:
    with administrator(url) as link:
        link.execute(b"DROP DATABASE IF EXISTS beside")
        link.execute(b"CREATE DATABASE beside")
    with stabflow.open(url.replace("/postgres?", "/beside?")) as other, psycopg.connect(plain(url)) as link:
        other.constitute("five-step", "decision_body", CHAIR, basis="order 1")
        with engine.joined(link) as joined:
            opened(joined)
        assert "leads to another database" in refused(other, link)
        assert "leads to another database" in refused(other, link)
    assert cases(engine) == ["five-step-hall-1"]


def test_text_is_never_stored_in_another_encoding(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link:
        joined = engine.joined(link)
        link.execute("SELECT 1")
        assert cases(joined.engine) == []
        link.execute("SET client_encoding = 'latin1'")
        with pytest.raises(InvalidInput, match="set client_encoding to UTF8"):
            opened(joined.engine, title="环城路")
        link.execute("SET client_encoding = 'UTF8'")
        opened(joined.engine, title="环城路")
        link.commit()
        joined.close()
    assert [row.title for row in engine.cases()] == ["环城路"]
    assert engine.verify().cases == 1


def test_what_a_connection_is_set_to_changes_nothing(engine: Engine, url: str) -> None:
    title = "\\'\"{a,b} NULL 环城路"
    settings = {
        "search_path": "nowhere",
        "bytea_output": "escape",
        "DateStyle": "German",
        "standard_conforming_strings": "off",
        "array_nulls": "off",
        "session_replication_role": "replica",
        "TimeZone": "'Asia/Tokyo'",
        "default_transaction_isolation": "serializable",
    }
    with psycopg.connect(plain(url), row_factory=psycopg.rows.dict_row) as link, engine.joined(link) as joined:
        for name, value in settings.items():
            link.execute(f"SET LOCAL {name} = {value}".encode())
        link.execute("PREPARE straight_0 AS SELECT 1")
        with link.cursor("theirs") as theirs:
            theirs.execute("SELECT generate_series(1, 9)")
            theirs.fetchone()
            case = opened(joined, title=title, key="\\'\"NULL")
            assert len(theirs.fetchall()) == 8
        assert [row.title for row in joined.cases(matter="hall")] == [title]
        with link.cursor().copy("COPY (SELECT generate_series(1, 9)) TO STDOUT") as copy:
            with pytest.raises(StoreUnavailable, match="busy with another statement"):
                case.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
            assert len(list(copy.rows())) == 9
        assert joined.verify().cases == 1
    assert not opened(engine, title=title, key="\\'\"NULL").is_new
    assert engine.verify().cases == 1


def test_another_connection_of_the_pool_serves_as_well(
    engine: Engine, url: str, watcher: Watcher, database: sqlalchemy.Engine
) -> None:
    """As where a session is kept, and its connection was lost and is replaced."""
    with orm.Session(database) as session:
        joined = engine.joined(session)
        session.connection()
        first = opened(joined.engine)
        session.commit()
        session.connection()
        opened(joined.engine, "bridge")
        with administrator(url) as link:
            link.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE state LIKE 'idle in%'")
        with pytest.raises(StoreUnavailable):
            opened(joined.engine, "school")
        session.invalidate()
        session.connection()
        second = opened(joined.engine, "bridge")
        session.commit()
        joined.close()
    assert watcher.told == [(first.id, 1), (second.id, 1)]
    assert sorted(cases(engine)) == sorted([first.id, second.id])


def test_nothing_is_left_prepared_and_nothing_read_as_the_host_reads(engine: Engine, url: str) -> None:
    class Wrong(psycopg.types.string.TextLoader):
        def load(self, data: Any) -> Any:
            return "wrong"

    class WrongDumper(psycopg.types.string.StrDumper):
        def dump(self, obj: Any) -> Any:
            return b"wrong"

    with psycopg.connect(plain(url)) as link:
        link.prepare_threshold = 0
        for name in ("text", "int8", "int4", "bytea", "bool"):
            link.adapters.register_loader(name, Wrong)
        for kind in (str, int):
            link.adapters.register_dumper(kind, WrongDumper)
        with engine.joined(link) as joined:
            case = opened(joined)
            case.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
            assert [row.title for row in joined.cases()] == ["Market hall"]
            assert (joined.verify().cases, [row.case_id for row in joined.duties()]) == (1, [case.id])
            held = link.execute("SELECT name FROM pg_prepared_statements", prepare=False).fetchall()
            assert held == []
    assert engine.verify().cases == 1


# Threads, engines, plugins


def test_what_a_thread_is_at_no_other_touches(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link, engine.joined(link) as joined:
        store: Any = joined._shell.store
        refusals: list[str] = []

        def look() -> None:
            try:
                cases(joined)
            except StoreUnavailable as error:
                refusals.append(str(error))

        with store._pool.lent():
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        assert len(refusals) == 1
        assert cases(joined) == []


def test_two_engines_on_one_connection_see_each_other(engine: Engine, url: str, watcher: Watcher) -> None:
    with stabflow.open(url) as other, psycopg.connect(plain(url)) as link:
        here, there = engine.joined(link), other.joined(link)
        link.execute("SELECT 1")
        case = opened(here.engine)
        there.engine.case(case.id).appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
        assert here.engine.case(case.id).value.version == 2
        link.commit()
        here.committed()
        there.committed()
        for one in (here, there):
            one.close()
    assert (watcher.told, engine.case(case.id).value.version) == ([(case.id, 1)], 2)


def test_what_was_rolled_back_is_believed_by_nobody(engine: Engine, url: str, watcher: Watcher) -> None:
    """Offices, cases, keys, the text of a procedure: neither by the engine that is kept, nor by the one beyond."""
    successor = Actor("o-9", body="town-government")
    with psycopg.connect(plain(url)) as link:
        kept = engine.joined(link)
        for _ in range(2):
            link.execute("SELECT 1")
            kept.engine.withdraw("five-step", "decision_body", CHAIR, basis="order 2", key="k-1")
            kept.engine.constitute("five-step", "decision_body", successor, basis="order 2", key="k-2")
            with pytest.raises(Refused):
                opened(kept.engine)
            case = kept.engine.open_case("five-step", Matter("hall", "M"), by=successor, basis="plan", key="k-3")
            assert (case.is_new, kept.engine.verify().cases) == (True, 1)
            with pytest.raises(Refused):
                engine.open_case("five-step", Matter("hall", "M"), by=successor, basis="plan", key="k-3")
            link.rollback()
            kept.committed()
            assert (cases(engine), engine.verify().records) == ([], 1)
        link.execute("SELECT 1")
        with pytest.raises(Refused):
            kept.engine.open_case("five-step", Matter("hall", "M"), by=successor, basis="plan", key="k-3")
        with opened(kept.engine, key="k-3").acting(CHAIR, basis="plan", key="k-4") as act:
            act.appoint("assessment_unit", OFFICER)
        link.commit()
        kept.committed()
        kept.close()
    assert [who.actor for who in engine.offices("five-step")] == [CHAIR.id]
    assert watcher.told == [("five-step-hall-1", 1), ("five-step-hall-1", 2)]
    assert engine.verify().cases == 1


def test_an_act_undone_and_done_again_at_the_same_time_is_told_once(url: str, watcher: Watcher) -> None:
    now = datetime.now(UTC)
    with stabflow.open(url, plugins=[watcher], clock=lambda: now) as engine, psycopg.connect(plain(url)) as link:
        engine.constitute("five-step", "decision_body", CHAIR, basis="order 1")
        with engine.joined(link) as joined:
            with contextlib.suppress(ZeroDivisionError), link.transaction():
                opened(joined)
                raise ZeroDivisionError
            opened(joined)
    assert watcher.told == [("five-step-hall-1", 1)]


def test_what_the_host_has_committed_within_the_block_can_be_told_when_it_was_left(
    engine: Engine, url: str, watcher: Watcher
) -> None:
    with psycopg.connect(plain(url)) as link:
        joined = engine.joined(link)
        with contextlib.suppress(ZeroDivisionError), joined as within:
            opened(within)
            link.commit()
            raise ZeroDivisionError
        joined.committed()
    assert watcher.told == [("five-step-hall-1", 1)]


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_kept_engine_grows_only_by_what_is_to_be_told(
    url: str, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, *, is_watched: bool
) -> None:
    monkeypatch.setattr(observers, "CACHED_CASES", 2)
    with stabflow.open(url, plugins=[watcher] * is_watched) as engine, psycopg.connect(plain(url)) as link:
        engine.constitute("five-step", "decision_body", CHAIR, basis="order 1")
        kept = engine.joined(link)
        for name in ("hall", "bridge", "school"):
            opened(kept.engine, name)
            link.commit()
        assert len(kept._engine._shell.untold) == (3 if is_watched else 2)
        kept.committed()
        kept.close()
    assert len(watcher.told) == (3 if is_watched else 0)


def test_everybody_waits_for_an_office_that_is_ended_in_a_transaction(engine: Engine, url: str) -> None:
    case = opened(engine)
    refusals: list[Refused] = []

    def act() -> None:
        try:
            engine.case(case.id).appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
        except Refused as error:
            refusals.append(error)

    with psycopg.connect(plain(url)) as link, engine.joined(link) as joined:
        joined.withdraw("five-step", "decision_body", CHAIR, basis="order 2")
        thread = threading.Thread(target=act)
        thread.start()
        wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)", plain(url))
    thread.join()
    assert len(refusals) == 1
    assert engine.verify().cases == 1


def test_an_attempt_tells_how_the_matter_stands_outside(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link, engine.joined(link) as joined:
        case, gate = opened(joined), joined.gate("hall", accept=["five-step"])
        assert [ground.case_id for ground in gate.ask().grounds] == [case.id]
        attempt: Any = gate.attempted(by=CHAIR, basis="order 9").event
        link.rollback()
        link.execute("SELECT 1")
    assert (attempt.reasons, attempt.cases) == (("never_assessed",), ())
    assert engine.verify(matters=["hall"]).cases == 0


def test_a_block_is_entered_once(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link:
        joined = engine.joined(link)
        with joined:
            pass
        with pytest.raises(StoreUnavailable, match="was closed"), joined:
            raise AssertionError("the block was entered")
        assert link.info.transaction_status.name == "IDLE"


def test_a_refusal_leaves_no_trace_on_the_connection(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link:
        link.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        link.execute("SELECT 1")
        before = list(link._notice_handlers)
        with pytest.raises(InvalidInput, match="serializable"):
            engine.joined(link)
        assert link._notice_handlers == before


def test_the_deadline_outlives_the_engine_beyond() -> None:
    watchdog = Watchdog(0.05)
    threads: list[Callable[[], bool]] = []
    for _ in range(2):
        with contextlib.closing(psycopg.connect(plain(fresh_url()))) as link:
            watch = watchdog.begin(link.fileno())
            thread = watchdog._thread
            assert thread is not None
            threads.append(thread.is_alive)
            watchdog.close()
            with pytest.raises(psycopg.OperationalError):
                link.execute("SELECT pg_sleep(0.4)")
            assert watchdog.end(watch)
        thread.join(5)
        assert not thread.is_alive(), "its thread ends when nobody waits any more"
