"""What a joined engine shares with the one beyond, and what it leaves behind on the connection of the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import orm
from stabflow_postgres import PostgresStore
from stabflow_postgres.joined import JoinedPostgresStore
from stabflow_postgres.testing import execute, plain, schema_of

import stabflow
from stabflow import Actor, Engine, Matter, Plugin, Refused, hookimpl
from stabflow.errors import Blocker, StoreUnavailable
from stabflow.text import Text

CHAIR, OFFICER = Actor("o-1", body="town-government"), Actor("o-2", body="roads-office")


class Strict(Plugin):
    """Stands against every appointment, and notes what it is told."""

    contract = 1
    is_strict = False

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def stabflow_check_command(self, case: Any, command: Any, now: Any) -> Blocker | None:
        if not self.is_strict or case is None:
            return None
        return Blocker(kind="strict", text=Text("not today", "今日不办"))

    @hookimpl
    def stabflow_recorded(self, case: Any, records: Any) -> None:
        self.told.append(case.id)


@pytest.fixture
def strict() -> Strict:
    return Strict()


@pytest.fixture
def engine(url: str, strict: Strict) -> Iterator[Engine]:
    with stabflow.open(url, plugins=[strict]) as engine:
        engine.constitute("five-step", "decision_body", CHAIR, basis="order 1")
        yield engine


@pytest.fixture
def session(url: str) -> Iterator[orm.Session]:
    database = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)))
    with orm.Session(database) as session:
        yield session
    database.dispose()


def opened(engine: Engine, name: str = "hall") -> Any:
    return engine.open_case("five-step", Matter(name, "Market hall"), by=CHAIR, basis="plan 14")


def appoint(engine: Engine, case_id: str, who: Actor = OFFICER) -> Any:
    return engine.case(case_id).appoint("assessment_unit", who, by=CHAIR, basis="plan 14")


def test_plugins_are_asked_within(engine: Engine, url: str, strict: Strict) -> None:
    case = opened(engine)
    strict.is_strict = True
    with psycopg.connect(plain(url)) as link, pytest.raises(Refused, match="not today"), engine.joined(link) as joined:
        appoint(joined, case.id)
    assert case.value.version == 1


def test_what_is_known_is_not_read_again(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither within, of what was known beyond, nor beyond, of what was done within."""
    case = opened(engine)
    appoint(engine, case.id, Actor("o-4", body="works"))
    read: list[tuple[type, str, int]] = []
    reading = PostgresStore.read_stream

    def noted(self: PostgresStore, stream: str, *, after: int = 0, limit: int = 1000) -> Any:
        found = reading(self, stream, after=after, limit=limit)
        read.append((type(self), stream, len(found)))
        return found

    with psycopg.connect(plain(url)) as link:
        monkeypatch.setattr(PostgresStore, "read_stream", noted)
        with engine.joined(link) as joined:
            there = joined.case(case.id)
            assert [count for _, _, count in read] == [1], "the last record, which tells that nothing was put back"
            read.clear()
            there.appoint("assessment_unit", OFFICER, by=CHAIR, basis="plan 14")
            assert read == []
            opened(joined, "bridge")
            assert {kind for kind, _, _ in read} == {JoinedPostgresStore}
        read.clear()
        case.appoint("assessment_unit", Actor("o-3", body="works"), by=CHAIR, basis="plan 14")
        assert read == []


def test_a_session_of_the_thread_is_joined(engine: Engine, session: orm.Session, strict: Strict) -> None:
    scoped = orm.scoped_session(lambda: session)
    with engine.joined(scoped) as joined:
        case = opened(joined)
    assert ([row.case_id for row in engine.cases()], strict.told) == ([case.id], [case.id])


def test_a_commit_is_none_the_worse_where_nobody_can_be_told(
    engine: Engine, session: orm.Session, strict: Strict
) -> None:
    joined = engine.joined(session)
    session.connection()
    case = opened(joined.engine)
    engine.close()
    session.commit()
    with pytest.raises(StoreUnavailable, match="was closed"):
        joined.committed()
    joined.close()
    session.execute(sqlalchemy.text("SELECT 1"))
    assert (case.id, strict.told) == ("five-step-hall-1", [])


def test_nothing_of_ours_stays_with_the_host(engine: Engine, session: orm.Session) -> None:
    link: Any = session.connection().connection.driver_connection
    before = list(link._notice_handlers)
    with engine.joined(session) as joined:
        opened(joined)
        assert len(link._notice_handlers) == len(before) + 1
        assert len(list(session.dispatch.after_commit)) == 1
    assert (link._notice_handlers, list(session.dispatch.after_commit)) == (before, [])


def test_a_transaction_is_over_when_the_block_is_left(engine: Engine, url: str, session: orm.Session) -> None:
    """Also where the host has not seen that it failed, or what it has left to write is refused."""

    def fail(link: Any) -> None:
        with pytest.raises(psycopg.errors.DivisionByZero):
            link.execute("SELECT 1 / 0")

    with psycopg.connect(plain(url)) as link:
        with pytest.raises(StoreUnavailable, match="had failed"), engine.joined(link):
            fail(link)
        assert link.info.transaction_status.name == "IDLE"
    execute(url, "CREATE TABLE {s}.permits (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    execute(url, "INSERT INTO {s}.permits VALUES (1)")
    again = sqlalchemy.text(f"INSERT INTO {schema_of(url)}.permits VALUES (1)")
    with pytest.raises(sqlalchemy.exc.IntegrityError), engine.joined(session):
        session.execute(again)
    assert not session.in_transaction()
    assert list(engine.cases()) == []


@pytest.mark.slow
def test_who_waits_too_long_for_another_transaction_loses_its_own(engine: Engine, url: str) -> None:
    case = opened(engine)
    with stabflow.open(url.replace("deadline=5", "deadline=1")) as hasty, psycopg.connect(plain(url)) as link:
        with psycopg.connect(plain(url)) as first, engine.joined(first) as joined:
            appoint(joined, case.id)
            with pytest.raises(StoreUnavailable, match="no answer within 1 s"), hasty.joined(link) as late:
                appoint(late, case.id, Actor("o-3", body="works"))
            with pytest.raises(StoreUnavailable, match="held up by another transaction"):
                appoint(hasty, case.id, Actor("o-3", body="works"))
        assert link.closed
    assert (case.value.version, engine.verify().cases) == (2, 1)


def test_a_joined_engine_is_not_for_another_process(engine: Engine, url: str) -> None:
    with psycopg.connect(plain(url)) as link:
        link.execute("SELECT 1")
        joined = engine.joined(link)
        store: Any = joined.engine._shell.store
        store._process += 1
        for use in (lambda: opened(joined.engine), joined.__enter__, store.commit):
            with pytest.raises(StoreUnavailable, match="fork"):
                use()
