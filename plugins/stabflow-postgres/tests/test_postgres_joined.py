"""Acts in a transaction of the host, through an engine: on a connection of psycopg, and in a session of SQLAlchemy."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import orm
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import administrator, execute, fresh_url, on_waiting, plain, schema_of

import stabflow
from stabflow import Actor, Engine, Matter, Plugin, Refused, hookimpl
from stabflow.errors import CommitUnknown, IdempotencyMismatch, InvalidInput, StoreUnavailable, Unsupported
from stabflow.history.notice_codec import decode

CHAIR, OFFICER = Actor("o-1", body="town-government"), Actor("o-2", body="roads-office")
OVERSEER = Actor("o-3", body="petitions-office")


class Watcher(Plugin):
    """Notes what it is told, and what others could see of it at that moment."""

    contract = 1

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.refusals = 0
        self.look: Callable[[], object] = lambda: None
        self.seen: list[object] = []

    @hookimpl
    def stabflow_recorded(self, case: Any, records: Any) -> None:
        self.told.append((case.id, records[-1].version))
        self.seen.append(self.look())

    @hookimpl
    def stabflow_refused(self, case: Any, refusal: Any) -> None:
        self.refusals += 1


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def engine(url: str, watcher: Watcher) -> Iterator[Engine]:
    """An engine whose offices are filled, and beside it a table of the host's own."""
    with stabflow.open(url, plugins=[watcher]) as engine:
        engine.constitute("five-step", "decision_body", CHAIR, basis="order 1")
        execute(url, "CREATE TABLE {s}.permits (number int PRIMARY KEY, state text NOT NULL)")
        yield engine


def opened(engine: Engine, name: str = "hall", **more: Any) -> Any:
    return engine.open_case("five-step", Matter(name, "Market hall"), by=CHAIR, basis="plan 14", **more)


Work = Callable[[Engine], object]


def within(engine: Engine, connection: Any, *work: Work) -> None:
    """Do all of ``work`` in one transaction of the host."""
    with engine.joined(connection) as joined:
        for one in work:
            one(joined)


def appointed(case_id: str, **more: Any) -> Work:
    basis = more.pop("basis", "plan 14")
    return lambda engine: engine.case(case_id).appoint("assessment_unit", OFFICER, by=CHAIR, basis=basis, **more)


def insert(url: str, number: int = 1) -> str:
    return f"INSERT INTO {schema_of(url)}.permits VALUES ({number}, 'asked')"


def permits(url: str) -> int:
    with administrator(url) as link:
        return int((link.execute(f"SELECT count(*) FROM {schema_of(url)}.permits".encode()).fetchone() or (0,))[0])


@contextlib.contextmanager
def psycopg_host(url: str) -> Iterator[tuple[Any, Callable[[str], object]]]:
    with psycopg.connect(plain(url)) as link:
        yield link, lambda statement: link.execute(statement.encode())


@contextlib.contextmanager
def autocommit_host(url: str) -> Iterator[tuple[Any, Callable[[str], object]]]:
    with psycopg.connect(plain(url), autocommit=True) as link:
        yield link, lambda statement: link.execute(statement.encode())


@contextlib.contextmanager
def alchemy_host(url: str) -> Iterator[tuple[Any, Callable[[str], object]]]:
    alchemy = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)))
    try:
        with orm.Session(alchemy) as session:
            yield session, lambda statement: session.execute(sqlalchemy.text(statement))
    finally:
        alchemy.dispose()


HOSTS = [psycopg_host, autocommit_host, alchemy_host]
host = pytest.mark.parametrize("host", HOSTS, ids=lambda one: one.__name__)


@host
def test_both_are_stored_or_neither(engine: Engine, url: str, watcher: Watcher, host: Any) -> None:
    watcher.look = lambda: (permits(url), len(list(engine.cases())))
    with host(url) as (connection, do):
        with engine.joined(connection) as joined:
            do(insert(url))
            case = opened(joined)
            case.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
            assert (permits(url), len(list(engine.cases())), watcher.told) == (0, 0, [])
            assert [row.case_id for row in joined.cases()] == [case.id]
        assert (permits(url), [row.case_id for row in engine.cases()]) == (1, [case.id])
        assert watcher.told == [(case.id, 1), (case.id, 2)]
        assert watcher.seen == [(1, 1)] * 2, "told when all is stored"
    assert engine.case(case.id).value.version == 2
    assert engine.verify().cases == 1


def raised(case_id: str) -> Work:
    said = {"breach": "not_assessed", "account": "the hall was begun before anybody had assessed it"}
    return lambda engine: engine.case(case_id).add("finding", by=OVERSEER, role="oversight", basis="check 3", **said)


@host
def test_notices_are_stored_with_the_transaction_of_the_host_or_not_at_all(engine: Engine, url: str, host: Any) -> None:
    engine.constitute("five-step", "oversight", OVERSEER, basis="order 2")
    case = opened(engine)
    waiting = engine._shell.store.waiting
    with host(url) as (connection, do):
        with contextlib.suppress(RuntimeError), engine.joined(connection) as joined:
            raised(case.id)(joined)
            raise RuntimeError
        assert (list(waiting()), case.value.version) == ([], 1)
        with engine.joined(connection) as joined:
            do(insert(url))
            raised(case.id)(joined)
            assert list(waiting()) == []
        notices = [decode(one.payload) for one in waiting()]
    assert [(one.name, one.about, one.role, one.case) for one in notices] == [
        ("finding_raised", "finding-1", "oversight", case.id)
    ]
    assert notices[0].origin == list(case.history())[-1].hash


@host
def test_a_refusal_takes_the_change_of_the_host_with_it(engine: Engine, url: str, watcher: Watcher, host: Any) -> None:
    case = opened(engine)
    watcher.told.clear()
    with host(url) as (connection, do):
        with pytest.raises(Refused):
            within(
                engine,
                connection,
                lambda joined: do(insert(url)),
                appointed(case.id),
                lambda joined: joined.case(case.id).fire("implement", by=OFFICER, role="assessment_unit", basis="-"),
            )
        assert (permits(url), engine.case(case.id).value.version) == (0, 1)
        assert (watcher.told, watcher.refusals) == ([], 1)
        within(engine, connection, lambda joined: do(insert(url)), appointed(case.id))
    assert (permits(url), engine.case(case.id).value.version, watcher.told) == (1, 2, [(case.id, 2)])


@host
def test_a_change_that_the_database_refuses_takes_the_acts_with_it(engine: Engine, url: str, host: Any) -> None:
    execute(url, insert(url))
    with host(url) as (connection, do):
        with pytest.raises((psycopg.errors.UniqueViolation, sqlalchemy.exc.IntegrityError)):
            within(engine, connection, opened, lambda joined: do(insert(url)))
        assert list(engine.cases()) == []


@host
def test_a_change_that_is_refused_at_the_commit_takes_the_acts_with_it(
    engine: Engine, url: str, watcher: Watcher, host: Any
) -> None:
    execute(
        url,
        "ALTER TABLE {s}.permits ADD COLUMN heir int REFERENCES {s}.permits (number) DEFERRABLE INITIALLY DEFERRED",
    )
    with host(url) as (connection, do):
        orphan = f"INSERT INTO {schema_of(url)}.permits VALUES (1, 'asked', 7)"
        with pytest.raises((psycopg.errors.ForeignKeyViolation, sqlalchemy.exc.IntegrityError)):
            within(engine, connection, opened, lambda joined: do(orphan))
        assert (list(engine.cases()), permits(url), watcher.told) == ([], 0, [])


def test_what_a_session_has_left_to_write_is_written_with_the_act(engine: Engine, url: str) -> None:
    class Base(orm.DeclarativeBase):
        pass

    class Permit(Base):
        __tablename__ = "permits"
        __table_args__ = {"schema": schema_of(url)}  # noqa: RUF012
        number: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        state: orm.Mapped[str]

    with alchemy_host(url) as (session, _):
        with engine.joined(session) as joined:
            session.add(Permit(number=1, state="asked"))
            opened(joined)
        assert (permits(url), len(list(engine.cases()))) == (1, 1)
        session.expunge_all()
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            within(engine, session, lambda joined: session.add(Permit(number=1, state="twice")), opened)
    assert len(list(engine.cases())) == 1


def test_a_key_that_was_used_answers_in_the_transaction_too(engine: Engine, url: str) -> None:
    case = opened(engine)
    first = case.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14", key="k")
    with psycopg.connect(plain(url)) as link, engine.joined(link) as joined:
        again = joined.case(case.id)
        assert again.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14", key="k").hash == first.hash
        with pytest.raises(IdempotencyMismatch):
            again.appoint("assessment_unit", CHAIR, by=CHAIR, basis="plan 14", key="k")
    assert engine.case(case.id).value.version == 2


# The host ends its transaction itself


def test_the_host_commits_and_says_so(engine: Engine, url: str, watcher: Watcher) -> None:
    with psycopg.connect(plain(url)) as link:
        joined = engine.joined(link)
        link.execute(insert(url).encode())
        case = opened(joined.engine)
        with pytest.raises(InvalidInput, match="still open"):
            joined.committed()
        link.commit()
        assert watcher.told == []
        joined.committed()
        assert watcher.told == [(case.id, 1)]
        joined.committed()
        link.execute(insert(url, 2).encode())
        again = joined.engine.case(case.id)
        again.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
        link.rollback()
        joined.committed()
        assert watcher.told == [(case.id, 1)], "what was rolled back is told to nobody"
        link.execute(insert(url, 3).encode())
        again.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 15")
        link.commit()
        joined.committed()
        assert watcher.told == [(case.id, 1), (case.id, 2)]
        joined.close()
    assert (permits(url), engine.verify().cases) == (2, 1)


def test_a_session_says_itself_that_it_has_committed(engine: Engine, url: str, watcher: Watcher) -> None:
    with alchemy_host(url) as (session, do):
        joined = engine.joined(session)
        with session.begin():
            do(insert(url))
            with session.begin_nested():
                case = opened(joined.engine)
            assert watcher.told == []
            with contextlib.suppress(ZeroDivisionError), session.begin_nested():
                joined.engine.case(case.id).appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
                raise ZeroDivisionError
        assert watcher.told == [(case.id, 1)], "of what a savepoint has taken back nobody is told"
        with contextlib.suppress(ZeroDivisionError), session.begin():
            opened(joined.engine, "bridge")
            raise ZeroDivisionError
        assert watcher.told == [(case.id, 1)]
        joined.close()
    assert [row.case_id for row in engine.cases()] == [case.id]


def test_a_transaction_that_was_open_before_goes_along(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link:
        link.execute(insert(url).encode())
        with engine.joined(link) as joined:
            opened(joined)
        assert permits(url) == 1
        link.execute(insert(url, 2).encode())
        with contextlib.suppress(ZeroDivisionError), engine.joined(link) as joined:
            raise ZeroDivisionError
        assert permits(url) == 1


@pytest.mark.parametrize("host", [psycopg_host, alchemy_host], ids=lambda one: one.__name__)
def test_what_begins_of_itself_begins_with_an_act_too(engine: Engine, url: str, watcher: Watcher, host: Any) -> None:
    with host(url) as (connection, do):
        joined = engine.joined(connection)
        case = opened(joined.engine)
        assert list(engine.cases()) == []
        do(insert(url))
        connection.commit()
        joined.committed()
        assert (permits(url), watcher.told) == (1, [(case.id, 1)])
        joined.engine.case(case.id).appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
        connection.rollback()
        assert engine.case(case.id).value.version == 1
        joined.close()


# What cannot be joined


def refused(engine: Engine, connection: Any) -> str:
    with pytest.raises(InvalidInput) as caught, engine.joined(connection):
        raise AssertionError("the block was entered")
    return str(caught.value)


def test_what_cannot_be_joined_says_why(engine: Engine, url: str) -> None:
    assert "builtins.str cannot be joined (give a psycopg.Connection" in refused(engine, url)
    with psycopg.connect(plain(url)) as link:
        link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert "a transaction that is repeatable read (use READ COMMITTED" in refused(engine, link)
    with psycopg.connect(plain(url), autocommit=True) as link:
        link.read_only = True
        link.execute(b"BEGIN READ ONLY")
        assert "a transaction that is read-only" in refused(engine, link)
    with psycopg.connect(plain(url), autocommit=True, options="-c default_transaction_isolation=serializable") as link:
        assert "a transaction that is serializable" in refused(engine, link)
        assert link.info.transaction_status.name == "IDLE", "what was begun for it is rolled back"
    with psycopg.connect(plain(url), options="-c synchronous_commit=off") as link:
        assert "has synchronous_commit = off" in refused(engine, link)
    with psycopg.connect(plain(url)) as link, link.transaction():
        assert "within connection.transaction()" in refused(engine, link)
    with psycopg.connect(plain(url)) as link, link.pipeline():
        assert "pipeline" in refused(engine, link)
    with psycopg.connect(plain(url), client_encoding="latin1") as link:
        assert "set client_encoding to UTF8" in refused(engine, link)


def test_whoever_ends_the_transaction_itself_is_left_to_it(engine: Engine, url: str) -> None:
    with alchemy_host(url) as (session, _), session.begin():
        assert "is within session.begin()" in refused(engine, session)
    made = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)))
    with pytest.raises(InvalidInput, match=r"is within session\.begin"), orm.sessionmaker(made).begin() as session:
        within(engine, session)
    made.dispose()
    with psycopg.connect(plain(url)) as link:
        link.cursor_factory = type("Cursor", (psycopg.Cursor,), {"__module__": "django.db.backends.postgresql.base"})
        assert "is within transaction.atomic()" in refused(engine, link)
        link.rollback()
        link.autocommit = True
        within(engine, link, opened)
    assert "connection.ensure_connection()" in refused(engine, None)


def test_a_session_in_autocommit_is_refused(engine: Engine, url: str) -> None:
    made = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)), isolation_level="AUTOCOMMIT"
    )
    with orm.Session(made) as session:
        assert "has a session in AUTOCOMMIT" in refused(engine, session)
        with pytest.raises(InvalidInput, match="AUTOCOMMIT"):
            opened(engine.joined(session).engine)
        session.execute(sqlalchemy.text("SELECT 1"))
        with pytest.raises(InvalidInput, match="AUTOCOMMIT"):
            opened(engine.joined(session).engine)
    made.dispose()
    assert list(engine.cases()) == []


def test_another_database_is_refused(engine: Engine, url: str) -> None:
    with administrator(url) as link:
        link.execute(b"DROP DATABASE IF EXISTS somewhere_else")
        link.execute(b"CREATE DATABASE somewhere_else")
    elsewhere = url.replace("/postgres?", "/somewhere_else?")
    with psycopg.connect(plain(elsewhere)) as link:
        assert "leads to another database than postgresql://" in refused(engine, link)
    with stabflow.open(elsewhere) as other:
        other.constitute("five-step", "decision_body", CHAIR, basis="order 1")
    with psycopg.connect(plain(elsewhere)) as link:
        assert "leads to another database than postgresql://" in refused(engine, link)


def test_a_store_that_is_not_there_yet_is_refused(url: str) -> None:
    with stabflow.open(fresh_url()) as engine, psycopg.connect(plain(url)) as link:
        assert "constitute its offices first" in refused(engine, link)


def test_other_stores_say_that_they_cannot() -> None:
    with stabflow.open("memory:") as engine, pytest.raises(Unsupported, match="EXTERNAL_TX"):
        engine.joined(object())


def test_a_session_over_another_driver_is_refused(engine: Engine) -> None:
    with orm.Session(sqlalchemy.create_engine("sqlite://")) as session:
        assert "has a session over sqlite3" in refused(engine, session)
    with pytest.raises(InvalidInput, match=r"AsyncSession|sqlalchemy"):
        engine.joined(sqlalchemy.create_engine("sqlite://"))


# Faults


@host
def test_a_host_that_ends_its_transaction_within_the_block_is_told_that_nobody_knows(
    engine: Engine, url: str, host: Any
) -> None:
    with host(url) as (connection, _):
        with pytest.raises(CommitUnknown, match="ended its transaction before the end of the block"):
            within(engine, connection, opened, lambda joined: connection.commit())
        assert len(list(engine.cases())) == 1


@host
def test_without_an_open_transaction_nothing_is_stored(engine: Engine, url: str, host: Any) -> None:
    with host(url) as (connection, _):
        joined = engine.joined(connection)
        inner = joined.engine
        connection.rollback()
        with pytest.raises(StoreUnavailable, match="no transaction of the host is open"):
            opened(inner)
        with joined as within:
            opened(within)
        with pytest.raises(StoreUnavailable, match="was closed"):
            opened(within, "bridge")
    assert len(list(engine.cases())) == 1


@host
def test_a_transaction_that_failed_is_never_told_as_committed(
    engine: Engine, url: str, watcher: Watcher, host: Any
) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction without an error, and rolls it back."""
    with host(url) as (connection, do):

        def fail(_joined: Engine) -> None:
            with contextlib.suppress(psycopg.Error, sqlalchemy.exc.DBAPIError):
                do("SELECT 1 / 0")

        with pytest.raises(StoreUnavailable, match="had failed"):
            within(engine, connection, opened, fail)
        with pytest.raises(StoreUnavailable, match=r"has failed already|cannot be used"):
            within(engine, connection, fail, opened)
    assert (list(engine.cases()), watcher.told) == ([], [])


@host
def test_a_connection_that_breaks_before_the_commit_has_stored_nothing(engine: Engine, url: str, host: Any) -> None:
    def cut(_joined: Engine) -> None:
        with administrator(url) as link:
            link.execute(b"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE state LIKE 'idle in%'")

    with host(url) as (connection, do), pytest.raises(StoreUnavailable):
        within(engine, connection, lambda joined: do(insert(url)), opened, cut, lambda joined: opened(joined, "bridge"))
    assert (permits(url), list(engine.cases())) == (0, [])


def test_others_wait_for_the_commit_and_decide_on_what_it_left(engine: Engine, url: str) -> None:
    case = opened(engine)
    found: list[int] = []

    def act() -> None:
        record = engine.case(case.id).appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 15")
        found.append(record.version)

    with psycopg.connect(plain(url)) as link, engine.joined(link) as joined:
        joined.case(case.id).appoint("assessment_unit", Actor("o-3", body="works"), by=CHAIR, basis="plan 14")
        thread = threading.Thread(target=act)
        thread.start()
        wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)", plain(url))
    thread.join()
    assert found == [3]


def test_offices_can_be_ended_in_a_transaction_that_began_long_ago(engine: Engine, url: str) -> None:
    """What was done under the office meanwhile was done while it was held."""
    with psycopg.connect(plain(url)) as link:
        link.execute(insert(url).encode())
        case = opened(engine)
        with engine.joined(link) as joined:
            joined.withdraw("five-step", "decision_body", CHAIR, basis="order 2")
    assert engine.verify().cases == 1
    with pytest.raises(Refused):
        engine.case(case.id).appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")


def test_an_attempt_to_go_ahead_stays_on_record(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link, contextlib.suppress(ZeroDivisionError), engine.joined(link) as joined:
        joined.gate("hall", accept=["five-step"]).attempted(by=CHAIR, basis="order 9")
        raise ZeroDivisionError
    assert len(engine.gate("hall", accept=["five-step"]).attempts()) == 1


def test_a_wait_for_the_standby_that_is_cut_short_is_unknown(engine: Engine, url: str) -> None:
    with (
        psycopg.connect(plain(url), options="-c synchronous_commit=on") as link,
        on_waiting(url, "pg_cancel_backend"),
        pytest.raises(CommitUnknown, match="cut short"),
    ):
        within(engine, link, lambda joined: opened(joined, key="k"))
    assert len(list(engine.cases())) == 1


@pytest.mark.slow
def test_the_commit_has_a_deadline(engine: Engine, url: str) -> None:
    hasty = stabflow.open(url.replace("deadline=5", "deadline=0.3"))
    with hasty, psycopg.connect(plain(url), options="-c synchronous_commit=on") as link:
        with pytest.raises(CommitUnknown, match=r"no answer to the commit within 0\.3 s"):
            within(hasty, link, lambda joined: opened(joined, key="k"))
        assert link.closed
    with administrator(url) as link:
        link.execute(b"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    assert not opened(engine, key="k").is_new
