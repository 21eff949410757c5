"""Connections to the server: opened when they are needed, looked at once, lent to one thread at a time.

There is no helper thread that connects in the background: whoever needs a connection opens it, and so learns at once why that
fails. What has been lying idle is looked at before it is used again: one that the server has closed meanwhile is replaced, so
that a restart between two acts goes unnoticed.
"""

from __future__ import annotations

import contextlib
import queue
import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import attrs
import psycopg
from psycopg import pq, waiting
from psycopg.abc import Params, PQGen

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

_TEXT, _BINARY = pq.Format
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Link(psycopg.Connection[Row]):
    """A connection that is closed where others would cancel: a cancelled commit may be done, and on no standby."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server. Interrupted, close the connection; psycopg would try to cancel, and log that it failed."""
        within = {} if timeout is None else {"timeout": timeout}  # which psycopg 3.2 does not know
        try:
            return waiting.wait(gen, self.pgconn.socket, interval=interval, **within)
        except KeyboardInterrupt:
            self.close()
            raise

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
        self._has_something = _watched_for_input(link.fileno())
        self.found: Finding = inspection.NOTHING
        link.add_notice_handler(self._hear)

    def _hear(self, said: psycopg.errors.Diagnostic) -> None:
        if said.sqlstate == _COMMIT_WAS_CUT_SHORT and said.severity_nonlocalized == "WARNING":
            self._warned = said.message_primary or "a warning"

    @property
    def usable(self) -> bool:
        """Whether the server seems to be there still: nothing has arrived that nobody asked for, such as its farewell."""
        return not self._link.closed and not self._has_something()

    @property
    def closed(self) -> bool:
        """Whether we have closed it, or found it closed."""
        return self._link.closed

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
        sent, formats = sent_as(values)
        return self._answer(server.exec_prepared(name, sent, formats)).get_value(0, 0) or b""

    def _answer(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status not in _DONE:
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


def sent_as(values: Values) -> tuple[Any, list[pq.Format]]:
    """The values as libpq is given them, and the format of each: bytes as they are, the rest as text."""
    sent = [value.encode() if isinstance(value, str) else value for value in values]
    return sent, [_BINARY if isinstance(value, bytes) else _TEXT for value in values]


def _watched_for_input(fileno: int) -> Callable[[], bool]:
    """Tells whether something can be read, or the other end has closed."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: bool(select.select([fileno], [], [], 0)[0])  # not for descriptors above 1,023, which Windows has not


class Lender(Protocol):
    """Where a store has its sessions from."""

    name: str
    watchdog: Watchdog

    def lent(self) -> contextlib.AbstractContextManager[Session]:
        """A session for the block."""
        ...

    def close(self) -> None:
        """Lend nothing any more."""
        ...


@attrs.define(eq=False)
class Pool:
    """At most ``address.connections`` sessions, each lent to one thread at a time: the one that was given back last, whose server
    process has everything at hand."""

    address: Address
    name: str = attrs.field(init=False)
    _idle: list[Session] = attrs.field(factory=list, init=False)
    _room: queue.SimpleQueue[None] = attrs.field(factory=queue.SimpleQueue, init=False)
    watchdog: Watchdog = attrs.field(init=False)
    _closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.name = f"the store {self.address}"
        for _ in range(self.address.connections):
            self._room.put(None)
        self.watchdog = Watchdog(self.address.deadline)

    def lent(self) -> contextlib.AbstractContextManager[Session]:
        """A session for the block. `StoreUnavailable` when the pool is closed, when all are in use for too long, or when the
        server cannot be used."""
        return _Lent(self)

    def take(self) -> Session:
        """A session, to be given back."""
        if self._closed:
            raise rules.closed(self.name)
        try:
            self._room.get(timeout=self.address.patience)
        except queue.Empty:
            raise StoreUnavailable(
                f"{self.address}: all {self.address.connections} connections of this handle were in use for"
                f" {self.address.patience:g} s: raise connections= in the URL, or use fewer threads; nothing was stored"
            ) from None
        try:
            return self._idle_one() or self._connect()
        except BaseException:
            self._room.put(None)
            raise

    def give(self, session: Session) -> None:
        """Take a session back that was taken."""
        if not session.closed:
            self._idle.append(session)
        if self._closed:
            self._close_idle()
        self._room.put(None)

    def _idle_one(self) -> Session | None:
        try:
            while not (session := self._idle.pop()).usable:
                session.close()
        except IndexError:
            session = None
        if self._closed:
            if session is not None:
                session.close()
            raise rules.closed(self.name)
        return session

    def _connect(self) -> Session:
        try:
            link = Link.connect(autocommit=True, **dict(self.address.parameters))  # type: ignore[arg-type]
        except psycopg.Error as error:
            raise faults.at_the_door(self.address, error) from faults.bare(self.address, error)
        session = Session(self.address, link, self.watchdog)
        try:
            if link.info.server_version >= inspection.OLDEST * 10_000:  # an older one lacks some, and is refused
                session.ask(inspection.settings(self.address))
            session.look()
        except BaseException:
            session.close()
            raise
        return session

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        self._closed = True
        self._close_idle()
        self.watchdog.close()

    def _close_idle(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()


class _Lent:
    """A session of ``pool`` for a block; every act does this twice, and a generator would take twice as long for it."""

    __slots__ = ("_pool", "_session")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> Session:
        self._session = self._pool.take()
        return self._session

    def __exit__(self, *_: object) -> None:
        self._pool.give(self._session)


def begin_epoch(session: Session, address: Address) -> None:
    """Let the epoch of these tables begin, unless it has; nobody's act is in it."""
    statement = f"SELECT {schemas.quoted(address.schema)}.begin_epoch(%s, %s)"
    session.ask(statement, (str(schemas.lock_number(address.schema, "epoch")), session.found.identity))
