"""The host's own connection, as the store uses it: within an open transaction alone.

Nothing is prepared on it and no setting of it is changed. Each answer is waited for as long as the deadline of the store allows;
then the connection is closed, and so the transaction, which had not been committed, is rolled back.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import pq
from psycopg.adapt import AdaptersMap
from psycopg.rows import tuple_row

from stabflow.errors import StabflowError, StoreUnavailable

from . import faults, inspection
from .address import Address
from .connections import Row, Session, Values, sent_as
from .hosts import Host, unfit
from .inspection import Finding
from .watchdog import Watchdog

T = TypeVar("T")

_LOOKED_AT: weakref.WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[object, ...], Finding]] = (
    weakref.WeakKeyDictionary()
)
"""What was found on connections that have been joined before, by the address of the store, which holds as long as they live."""

_HOW = (
    "SELECT current_setting('transaction_isolation') || ' ' || current_setting('synchronous_commit') || ' '"
    " || current_setting('transaction_read_only')"
)


class _Cursor(psycopg.Cursor[Row]):
    """A cursor which reads as psycopg does of itself, whatever the host has its connection do."""

    @property
    def adapters(self) -> AdaptersMap:
        """Those of psycopg."""
        return psycopg.adapters


class _ClientCursor(psycopg.ClientCursor[Row]):
    """The same, for statements whose parameters stand in their text."""

    @property
    def adapters(self) -> AdaptersMap:
        """Those of psycopg."""
        return psycopg.adapters


class HostSession(Session):
    """The host's connection, as the store uses it: within an open transaction alone."""

    def __init__(self, address: Address, host: Host, identity: Callable[[], str | None], watchdog: Watchdog) -> None:
        self._address = address
        self._host = host
        self._whose = (address.schema, address.durable, *sorted(address.parameters.items()))
        self._identity = identity
        self._watchdog = watchdog
        self._warned: str | None = None
        self._link: Any = None  # until a transaction is open
        self.found: Finding = inspection.NOTHING

    def ready(self) -> None:
        """See that a transaction is open which can hold a batch, and on which connection."""
        if not self._host.is_open:
            raise StoreUnavailable(
                f"{self._address}: no transaction of the host is open on its connection: begin one, or take joined.engine anew;"
                " nothing was stored"
            )
        link = self.on_host(self._host.link)
        status = link.info.transaction_status
        if status is pq.TransactionStatus.IDLE:  # a session begins on its connection when something is asked
            self.on_host(lambda: link.execute("SELECT 1", prepare=False))
        elif status is not pq.TransactionStatus.INTRANS:
            raise StoreUnavailable(f"{self._address}: {_STATES[status]}; nothing was stored")
        if self._link is not link:
            self._take(link)
        if link.info.encoding != "utf-8":
            raise unfit(f"talks {link.info.encoding} to the server", "set client_encoding to UTF8")
        if self.found.identity is None:
            self._check()

    def _take(self, link: psycopg.Connection[Any]) -> None:
        self.let_go()
        self._link = link
        self._cursor: Any = _Cursor(link, row_factory=tuple_row)
        self._cursor.format = pq.Format.BINARY
        self._searching: Any = _ClientCursor(link, row_factory=tuple_row)
        self.found = inspection.NOTHING
        link.add_notice_handler(self._hear)

    def _check(self) -> None:
        """Look whether the connection leads to the same tables, and how it is set."""
        isolation, commits, read_only = self.ask_straight(_HOW, ()).decode().rsplit(" ", 2)
        if isolation != "read committed":
            raise unfit(
                f"has a transaction that is {isolation}", "use READ COMMITTED, or an act may be decided on what was"
            )
        if self._address.durable and commits == "off":
            raise unfit("has synchronous_commit = off", "switch it on; or open the store with durable=no")
        if read_only == "on":
            raise unfit("has a transaction that is read-only", "begin one that may write")
        known = _LOOKED_AT.setdefault(self._link, {})
        found = known.get(self._whose)
        if found is None:
            found = inspection.look(self._address, self.ask)
            here = self._identity()
            if here is None:
                raise unfit("leads to a store that is not there yet", "constitute its offices first, or run setup(…)")
            if found.identity != here:
                raise unfit(f"leads to another database than {self._address}", "connect the host to the same one")
            known[self._whose] = found
        self.found = found

    def look(self) -> None:
        """Look again before the next statement."""
        self.found = inspection.NOTHING

    def forget(self) -> None:
        """Look again, also at what was found on this connection before."""
        _LOOKED_AT.pop(self._link, None)
        self.look()

    def begin(self) -> None:
        """See `JoinedStore.begin`."""
        self.on_host(self._host.check_end)
        self.on_host(self._host.begin)
        self.look()
        self.ready()

    def autobegin(self) -> None:
        """See `JoinedStore.autobegin`."""
        if self._host.begins_itself and not self._host.is_open:
            self.on_host(self._host.begin)
            self.look()

    def commit(self) -> None:
        """See `JoinedStore.commit`."""
        link = self._link_to_commit()
        if link is None:
            raise StoreUnavailable(f"{self._address}: no transaction of the host was ever open: nothing was stored")
        if link.info.transaction_status is pq.TransactionStatus.IDLE:
            raise faults.unknown(self._address, "the host ended its transaction before the end of the block")
        if link.closed:  # which may have been in a commit of the host's own
            self.on_host(self._host.rollback)
            raise faults.unknown(self._address, "the host's connection was lost before the end of the block")
        if link.info.transaction_status is not pq.TransactionStatus.INTRANS:
            self.on_host(self._host.rollback)
            raise StoreUnavailable(
                f"{self._address}: the host's transaction had failed, and was rolled back: nothing was stored"
            )
        self._warned = None
        watch = self._watchdog.begin(link.fileno())
        try:
            self._host.commit()
        except Exception as error:
            late = self._watchdog.end(watch)
            if late or link.closed or link.info.status is not pq.ConnStatus.OK:
                why = (
                    f"no answer to the commit within {self._address.deadline:g} s"
                    if late
                    else "the connection was lost"
                )
                raise faults.unknown(self._address, why) from error
            raise
        finally:
            self._watchdog.end(watch)
        if self._warned is not None:
            raise faults.unknown(self._address, f"the wait for a standby was cut short ({self._warned})")

    def _link_to_commit(self) -> Any:
        """The connection of the open transaction, else of the last one; where the host's library has given it up, as after a
        flush that failed, it is rolled back."""
        try:
            return self.on_host(self._host.link) if self._host.is_open else self._link
        except StoreUnavailable:
            self.on_host(self._host.rollback)
            raise

    def let_go(self) -> None:
        """Leave the connection to the host."""
        if self._link is not None:
            with contextlib.suppress(ValueError):
                self._link.remove_notice_handler(self._hear)

    def _straight(self, statement: str, values: Values) -> bytes:
        """As of a session of our own, but nothing is left prepared."""
        sent, formats = sent_as(values)
        with self._link.lock:
            return (
                self._answer(self._link.pgconn.exec_params(statement.encode(), sent, None, formats)).get_value(0, 0)
                or b""
            )

    def _run(self, statement: str, parameters: Any, prepare: bool | None) -> list[Row]:
        return super()._run(statement, parameters, False)

    def on_host(self, call: Callable[[], T]) -> T:
        """What the host's library answers; its own errors as one of ours."""
        try:
            return call()
        except StabflowError:
            raise
        except Exception as error:
            said = self._address.without_secrets(error)
            raise StoreUnavailable(
                f"{self._address}: the host's connection cannot be used: nothing was stored ({said})"
            ) from error


_STATES = {
    pq.TransactionStatus.INERROR: "the host's transaction has failed already: roll it back",
    pq.TransactionStatus.ACTIVE: "the host's connection is busy with another statement: use it in one thread",
    pq.TransactionStatus.UNKNOWN: "the host's connection is broken: its transaction is rolled back",
}
