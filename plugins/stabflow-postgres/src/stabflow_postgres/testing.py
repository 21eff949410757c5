"""What tests the store on a real server: the server, shared by the tests of a process, and the harness for the conformance kit.

``STABFLOW_TEST_POSTGRES`` names another server by its URL; its role must be allowed to make databases, and what takes a superuser
is then reported as not covered.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import psycopg

from stabflow.ports.store import Clock, Store
from stabflow.testing import Host, StoreHarness

from .address import OURS, read_url
from .servers import EmbeddedServer, NoServer, wait_until
from .store import PostgresStore

VARIABLE = "STABFLOW_TEST_POSTGRES"

Link = psycopg.Connection[tuple[Any, ...]]


@functools.cache
def embedded_server() -> EmbeddedServer:
    """The server of this process, started when it is first asked for and removed when the process ends; `NoServer` when there can
    be none."""
    return EmbeddedServer()


def fresh_url(schema: str | None = None, **parameters: str) -> str:
    """The URL of an empty schema, which is made by the first append, on the server that tests use."""
    parameters["schema"] = schema or f"t_{secrets.token_hex(6)}"
    given = os.environ.get(VARIABLE)
    if not given:
        return embedded_server().url(**parameters)
    return given + ("&" if "?" in given else "?") + "&".join(f"{name}={value}" for name, value in parameters.items())


@functools.cache
def _check_fit(given: str) -> None:
    """`NoServer` where the server that was named is not one to test on."""
    address = read_url(given)
    try:
        with administrator(given) as link:
            found = link.execute(_MAY).fetchone()
    except psycopg.OperationalError as error:
        raise NoServer(f"{VARIABLE} names a server that cannot be reached: {address.without_secrets(error)}") from None
    role, database, databases, schemas = found or ("", "", False, False)
    if not databases:
        raise NoServer(f"the role {role} of {VARIABLE} may not make databases: ALTER ROLE {role} CREATEDB")
    if not schemas:
        raise NoServer(
            f"the role {role} of {VARIABLE} may not make schemas: GRANT CREATE ON DATABASE {database} TO {role}"
        )


_MAY = b"""
SELECT current_user::text, current_database()::text, rolcreatedb OR rolsuper, has_database_privilege(current_database(), 'CREATE')
FROM pg_roles WHERE rolname = current_user
"""


def schema_of(url: str) -> str:
    """The schema that a URL names."""
    return dict(parse_qsl(urlsplit(url).query)).get("schema", "stabflow")


def plain(url: str) -> str:
    """The URL as libpq knows it, without what is for the store."""
    base, _, query = url.partition("?")
    kept = [option for option in query.split("&") if option.partition("=")[0] not in OURS]
    return f"{base}?{'&'.join(kept)}"


@contextlib.contextmanager
def administrator(url: str) -> Iterator[Link]:
    """A connection of the tests' own to the database of a store, on which each statement commits."""
    link: Link = psycopg.connect(plain(url), autocommit=True, options="-c lock_timeout=10s -c synchronous_commit=local")
    try:
        yield link
    finally:
        link.close()


def execute(url: str, *statements: str) -> None:
    """Do these statements to the database of a store; ``{s}`` stands for its schema."""
    with administrator(url) as link:
        for statement in statements:
            link.execute(statement.replace("{s}", schema_of(url)).encode())


def meanwhile(url: str, call: Callable[[], object]) -> threading.Thread:
    """Do ``call`` in a thread, and return when somebody waits for another's advisory lock."""
    thread = threading.Thread(target=call)
    thread.start()
    wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)", plain(url))
    return thread


class PostgresHarness(StoreHarness):
    """Each storage is a schema of its own; a configuration is the URL."""

    child: ClassVar[str | None] = "stabflow_postgres.testing:open_for_child"

    def provision(self) -> str:
        """The URL of a schema that the first append makes; `NoServer` where the server cannot be reached, or its role may make no
        databases or schemas."""
        if given := os.environ.get(VARIABLE):
            _check_fit(given)
        return fresh_url()

    def open(self, config: str, clock: Clock) -> Store:
        """A handle on the schema."""
        return PostgresStore.from_url(config, clock)

    def destroy(self, config: str) -> None:
        """Remove the schema, or the database where that is a copy."""
        with administrator(config) as link:
            database = link.info.dbname
            if not database.startswith("copy_"):
                for schema in (schema_of(config), f"host_{schema_of(config)}"):
                    link.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
                return
        with administrator(fresh_url()) as link:
            link.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())

    def copy(self, config: str) -> str:
        """A copy of the whole database."""
        with administrator(config) as link:
            database = link.info.dbname
        name = f"copy_{secrets.token_hex(6)}"
        scheme, _, rest = config.partition("://")
        server, _, query = rest.partition("?")
        with administrator(f"{scheme}://{server.rpartition('/')[0]}/template1?{query}") as link:
            link.execute(f"CREATE DATABASE {name} TEMPLATE {database}".encode())
        return f"{scheme}://{server.rpartition('/')[0]}/{name}?{query}"

    def restore(self, config: str, copy: str) -> bool | None:
        """The backup, dumped and restored into the database of the storage, under the same names. Takes the programs of a server
        of our own."""
        if os.environ.get(VARIABLE):
            return None
        server, schema = embedded_server(), schema_of(config)
        with administrator(copy) as link:
            dump = server.program("pg_dump", "-n", schema, link.info.dbname)
        with administrator(config) as link:
            link.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
            server.program("psql", "-q", "-v", "ON_ERROR_STOP=1", link.info.dbname, feed=dump)
        return True

    def newer(self, config: str) -> bool:
        """Let the schema say that it is of the next version."""
        execute(config, "UPDATE {s}.stabflow_schema SET version = version + 1")
        return True

    def fault(self, config: str, kind: str) -> AbstractContextManager[None] | None:
        """The next append fails: at a record (``refused``), at the commit (``torn``), or behind it (``lost``)."""
        if kind == "lost":
            with administrator(config) as link:
                (names,) = link.execute("SHOW synchronous_standby_names").fetchone() or ("",)
            return answer_lost(config) if names == "nobody" else None
        return failing(config, "BEFORE" if kind == "refused" else "AFTER")

    def host(self, config: str) -> Host:
        """A host on a connection of psycopg."""
        return PsycopgHost(config)


class SqlalchemyHarness(PostgresHarness):
    """The same, its hosts with sessions of SQLAlchemy."""

    def host(self, config: str) -> Host:
        """A host with a session of SQLAlchemy."""
        return SqlalchemyHost(config)


class PsycopgHost(Host):
    """A host on a connection of psycopg, its table in a schema beside that of the store."""

    def __init__(self, url: str) -> None:
        execute(
            url,
            "CREATE SCHEMA IF NOT EXISTS host_{s}",
            "CREATE TABLE IF NOT EXISTS host_{s}.changes (change text NOT NULL)",
        )
        self._table = f"host_{schema_of(url)}.changes"
        self._link: Link = psycopg.connect(plain(url))
        self._other: Link = psycopg.connect(plain(url), autocommit=True)

    @property
    def connection(self) -> object:
        """The connection."""
        return self._link

    def change(self, text: str) -> None:
        """Insert a row."""
        self._link.execute(f"INSERT INTO {self._table} VALUES (%s)".encode(), [text])

    def changes(self) -> Sequence[str]:
        """All rows."""
        return [text for (text,) in self._other.execute(f"SELECT change FROM {self._table}".encode())]

    def commit(self) -> None:
        """Commit."""
        self._link.commit()

    def rollback(self) -> None:
        """Roll back."""
        self._link.rollback()

    def close(self) -> None:
        """Close both connections."""
        self._link.close()
        self._other.close()


class SqlalchemyHost(PsycopgHost):
    """A host with a session of SQLAlchemy over psycopg 3."""

    def __init__(self, url: str) -> None:
        import sqlalchemy
        from sqlalchemy import orm

        super().__init__(url)
        self._engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: self._link)
        self._session = orm.Session(self._engine)
        self._insert = sqlalchemy.text(f"INSERT INTO {self._table} VALUES (:change)")

    @property
    def connection(self) -> object:
        """The session."""
        return self._session

    def change(self, text: str) -> None:
        """Insert a row."""
        self._session.execute(self._insert, {"change": text})

    def commit(self) -> None:
        """Commit."""
        self._session.commit()

    def rollback(self) -> None:
        """Roll back."""
        self._session.rollback()

    def close(self) -> None:
        """Close the session, and both connections."""
        self._session.close()
        self._engine.dispose()
        super().close()


@contextlib.contextmanager
def failing(url: str, when: str) -> Iterator[None]:
    """While this is entered, inserting a record fails as on a full disk, ``BEFORE`` it is inserted, or ``AFTER`` that at the
    commit."""
    deferred = "DEFERRABLE INITIALLY DEFERRED " if when == "AFTER" else ""
    execute(
        url,
        "CREATE FUNCTION {s}.fault() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$",
        f"CREATE {'CONSTRAINT ' if deferred else ''}TRIGGER fault {when} INSERT ON {{s}}.records {deferred}FOR EACH ROW"
        " EXECUTE FUNCTION {s}.fault()",
    )
    try:
        yield
    finally:
        execute(url, "DROP FUNCTION {s}.fault CASCADE")


_END_WAITING = b"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@contextlib.contextmanager
def not_for_ever(url: str, seconds: float = 20.0) -> Iterator[None]:
    """Whoever waits for a standby is ended after so long by the server, so that a deadline that does not work is a failure."""

    def end() -> None:
        with administrator(url) as link:
            link.execute(_END_WAITING)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@contextlib.contextmanager
def waiting_for_a_standby(url: str) -> Iterator[None]:
    """While this is entered, an append waits at its commit for a standby that there is not. Others do not."""
    execute(
        url,
        "CREATE FUNCTION {s}.wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM set_config('synchronous_commit', 'on', true); RETURN NEW; END $$",
        "CREATE TRIGGER wait BEFORE INSERT ON {s}.records FOR EACH ROW EXECUTE FUNCTION {s}.wait()",
    )
    try:
        with not_for_ever(url):
            yield
    finally:
        with administrator(url) as link:
            link.execute(_END_WAITING)
        execute(url, "DROP FUNCTION {s}.wait CASCADE")


@contextlib.contextmanager
def on_waiting(url: str, act: str) -> Iterator[None]:
    """While this is entered, do ``act`` (``pg_terminate_backend``, ``pg_cancel_backend``) once to a process that waits for a
    standby."""
    over = threading.Event()
    statement = f"SELECT {act}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1".encode()

    def watch() -> None:
        with administrator(url) as link:
            while not over.wait(0.001) and link.execute(statement).fetchone() is None:
                pass

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def answer_lost(url: str) -> Iterator[None]:
    """While this is entered, the connection of an append is cut by the server after the commit, before the answer."""
    with waiting_for_a_standby(url), on_waiting(url, "pg_terminate_backend"):
        yield


def open_for_child(config: str) -> Store:
    """A handle on the schema, in a process of its own."""
    return PostgresStore.from_url(config)
