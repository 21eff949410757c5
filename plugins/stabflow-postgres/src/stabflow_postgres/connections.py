"""Connections to the server: opened when they are needed, looked at once, lent to one thread at a time.

There is no helper thread that connects in the background: whoever needs a connection opens it, and so learns at once why that
fails. What has been lying idle is looked at before it is used again: one that the server has closed meanwhile is replaced, so
that a restart between two acts goes unnoticed.
"""

from __future__ import annotations

import contextlib
import select
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import attrs
import psycopg
from psycopg import pq
from psycopg.abc import Params

from stabflow.errors import StoreError, StoreUnavailable
from stabflow.ports import store_rules as rules

from . import faults, inspection
from . import schema as schemas
from .address import Address
from .inspection import Finding
from .watchdog import Watchdog

T = TypeVar("T")
Row = tuple[Any, ...]
Values = Sequence[str | bytes | None]

_COMMIT_WAS_CUT_SHORT = "01000"
"""SQLSTATE of the warning with which a server reports success for a commit whose wait for a standby somebody cancelled."""


class Link(psycopg.Connection[Row]):
    """A connection that is closed where others would cancel: a cancelled commit may be done, and on no standby."""

    def cancel(self) -> None:
        """Close the connection."""
        self.close()

    def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Close the connection."""
        self.close()


class Session:
    """A connection, and what was found when it was looked at."""

    def __init__(self, address: Address, link: Link, watchdog: Watchdog) -> None:
        self._address = address
        self._link = link
        self._watchdog = watchdog
        self._warned: str | None = None
        self._prepared: dict[str, bytes] = {}
        self._cursor = link.cursor(binary=True)
        self._searching = psycopg.ClientCursor(link)
        self.found: Finding = inspection.NOTHING
        link.add_notice_handler(self._hear)

    def _hear(self, said: psycopg.errors.Diagnostic) -> None:
        if said.sqlstate == _COMMIT_WAS_CUT_SHORT and said.severity_nonlocalized == "WARNING":
            self._warned = said.message_primary or "a warning"

    @property
    def usable(self) -> bool:
        """Whether the server seems to be there still: nothing has arrived that nobody asked for, such as its farewell."""
        return not self._link.closed and not _has_something(self._link.fileno())

    def ask(self, statement: str, parameters: Params | None = None, *, prepare: bool | None = None) -> list[Row]:
        """All rows that answer a statement which writes nothing."""
        try:
            return self._run(statement, parameters, prepare)
        except psycopg.Error as error:
            raise faults.of_reading(self._address, error) from error

    def search(self, statement: str, parameters: Sequence[Any]) -> list[Row]:
        """All rows that answer a statement whose plan hangs on its parameters, so that it is made anew for them."""

        def call() -> list[Row]:
            return self._searching.execute(statement.encode(), parameters).fetchall()

        try:
            return self._watched(call)
        except psycopg.Error as error:
            raise faults.of_reading(self._address, error) from error

    def ask_straight(self, statement: str, values: Values) -> bytes:
        """The one text that answers a statement which writes nothing; see `_straight`."""
        try:
            return self._watched(lambda: self._straight(statement, values))
        except psycopg.Error as error:
            raise faults.of_reading(self._address, error) from error

    def tell(self, statement: str, parameters: Params | None = None) -> list[Row]:
        """All rows that answer a statement which commits what it writes; an error says whether it did."""
        return self._told(lambda: self._run(statement, parameters, True))

    def tell_straight(self, statement: str, values: Values) -> bytes:
        """The one text that answers a statement which commits what it writes; see `_straight`."""
        return self._told(lambda: self._watched(lambda: self._straight(statement, values)))

    def _told(self, call: Callable[[], T]) -> T:
        self._warned = None
        try:
            found = call()
        except psycopg.Error as error:
            raise faults.of_writing(self._address, error) from error
        if self._warned is not None:
            self.close()
            raise faults.unknown(self._address, f"the wait for a standby was cut short ({self._warned})")
        return found

    def _straight(self, statement: str, values: Values) -> bytes:
        """The one text that answers a statement with parameters ``$1`` …, asked of libpq itself: every act does this twice, and a
        cursor takes half as long again as all the rest of it. Nothing but the deadline breaks it off."""
        server = self._link.pgconn
        name = self._prepared.get(statement)
        if name is None:
            name = f"straight_{len(self._prepared)}".encode()
            self._answer(server.prepare(name, statement.encode()))
            self._prepared[statement] = name
        sent: Any = [value.encode() if isinstance(value, str) else value for value in values]
        formats = [pq.Format.BINARY if isinstance(value, bytes) else pq.Format.TEXT for value in values]
        return self._answer(server.exec_prepared(name, sent, formats)).get_value(0, 0) or b""

    def _answer(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise psycopg.errors.error_from_result(result)
        return result

    def _run(self, statement: str, parameters: Params | None, prepare: bool | None) -> list[Row]:
        def call() -> list[Row]:
            cursor = self._cursor.execute(statement.encode(), parameters, prepare=prepare)
            return cursor.fetchall() if cursor.description else []

        return self._watched(call)

    def _watched(self, call: Callable[[], T]) -> T:
        watch = self._watchdog.begin(self._link.fileno())
        try:
            return call()
        except psycopg.Error as error:
            if self._watchdog.end(watch):
                self.close()
                late = psycopg.OperationalError(f"no answer within {self._address.deadline:g} s")
                raise late from error
            if not faults.is_certain(error):
                self.close()
            raise
        except BaseException:
            self.close()  # interrupted while the server was at work
            raise
        finally:
            self._watchdog.end(watch)

    def run(self, statements: Iterable[str]) -> None:
        """Do all of ``statements``, which have no parameters, within a transaction of the caller."""
        script = ";\n".join(statements).encode()
        try:
            self._watched(lambda: self._link.execute(script))
        except psycopg.Error as error:
            raise faults.of_reading(self._address, error) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction for the block, rolled back when it raises."""
        self.ask("BEGIN")
        try:
            yield
        except BaseException:
            if not self._link.closed:
                with contextlib.suppress(StoreError):
                    self.ask("ROLLBACK")
            self.found = inspection.NOTHING  # which may have gone with it
            raise
        self.tell("COMMIT")

    def look(self) -> None:
        """Look at the server and at our schema in it; the reason when they cannot be used."""
        self.found = inspection.look(self._address, self.ask)

    def close(self) -> None:
        """Close the connection; whatever it was doing, the outcome is not known."""
        self._link.close()


def _has_something(fileno: int) -> bool:
    """Whether something can be read, or the other end has closed."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([fileno], [], [], 0)[0])  # not for descriptors above 1,023, which Windows has not


@attrs.define(eq=False)
class Pool:
    """At most ``address.connections`` sessions, each lent to one thread at a time."""

    address: Address
    name: str = attrs.field(init=False)
    _idle: list[Session] = attrs.field(factory=list, init=False)
    _guard: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _room: threading.Semaphore = attrs.field(init=False)
    watchdog: Watchdog = attrs.field(init=False)
    _closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.name = f"the store {self.address}"
        self._room = threading.Semaphore(self.address.connections)
        self.watchdog = Watchdog(self.address.deadline)

    @contextlib.contextmanager
    def lent(self) -> Iterator[Session]:
        """A session for the block. `StoreUnavailable` when the pool is closed, when all are in use for too long, or when the
        server cannot be used."""
        if self._closed:
            raise rules.closed(self.name)
        if not self._room.acquire(timeout=self.address.patience):
            raise StoreUnavailable(
                f"{self.address}: all {self.address.connections} connections of this handle were in use for"
                f" {self.address.patience:g} s: raise connections= in the URL, or use fewer threads; nothing was stored"
            )
        try:
            session = self._take()
            try:
                yield session
            finally:
                self._give(session)
        finally:
            self._room.release()

    def _take(self) -> Session:
        while True:
            with self._guard:
                if self._closed:
                    raise rules.closed(self.name)
                session = self._idle.pop() if self._idle else None
            if session is None:
                return self._connect()
            if session.usable:
                return session
            session.close()

    def _give(self, session: Session) -> None:
        with self._guard:
            if not self._closed and session.usable:
                self._idle.append(session)
                return
        session.close()

    def _connect(self) -> Session:
        try:
            link = Link.connect(autocommit=True, **dict(self.address.parameters))  # type: ignore[arg-type]
        except psycopg.Error as error:
            raise faults.at_the_door(self.address, error) from faults.bare(self.address, error)
        session = Session(self.address, link, self.watchdog)
        try:
            session.look()
            session.ask(inspection.settings(self.address))
        except BaseException:
            session.close()
            raise
        return session

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()
        self.watchdog.close()


def begin_epoch(session: Session, address: Address) -> None:
    """Let the epoch of these tables begin, unless it has; nobody's act is in it."""
    statement = f"SELECT {schemas.quoted(address.schema)}.begin_epoch(%s, %s)"
    session.ask(statement, (str(schemas.lock_number(address.schema, "epoch")), session.found.identity))
