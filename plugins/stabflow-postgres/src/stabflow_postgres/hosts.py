"""The connections of a host on which its transactions can be joined: of psycopg 3, and sessions of SQLAlchemy over it.

Nothing here imports SQLAlchemy: who hands over a session has imported it.
"""

from __future__ import annotations

import abc
import sys
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import pq

from stabflow.errors import InvalidInput

Tell = Callable[[], None]

IDLE = pq.TransactionStatus.IDLE
_ENDS = "which ends the transaction itself"


class Host(abc.ABC):
    """How the transactions of a host are begun and ended, and on which connection they run."""

    @property
    @abc.abstractmethod
    def is_open(self) -> bool:
        """Whether a transaction is open."""

    @abc.abstractmethod
    def link(self) -> psycopg.Connection[Any]:
        """The connection on which the open transaction runs."""

    @abc.abstractmethod
    def check_end(self) -> None:
        """`InvalidInput` where the host has said that somebody else ends its transaction."""

    @abc.abstractmethod
    def begin(self) -> None:
        """Begin a transaction unless one is open."""

    @property
    @abc.abstractmethod
    def begins_itself(self) -> bool:
        """Whether the library begins a transaction when the connection is first used."""

    @abc.abstractmethod
    def commit(self) -> None:
        """Commit it."""

    @abc.abstractmethod
    def rollback(self) -> None:
        """Roll it back, if there is one."""

    def when_committed(self, tell: Tell) -> None:  # noqa: B027 - psycopg tells nobody
        """Have ``tell`` called after each commit."""

    def let_go(self) -> None:  # noqa: B027 - of what `when_committed` did
        """Let nothing remind the connection of us."""


class DriverHost(Host):
    """A connection of psycopg."""

    def __init__(self, link: psycopg.Connection[Any]) -> None:
        self._link = link

    @property
    def is_open(self) -> bool:
        """Whether the server, or a wait for it, has a transaction open, or one that is prepared."""
        if self._link.closed:
            return False
        over = (IDLE, pq.TransactionStatus.UNKNOWN)
        return self._is_in_two_phases or self._link.info.transaction_status not in over

    @property
    def _is_in_two_phases(self) -> bool:
        return getattr(self._link, "_tpc", None) is not None

    def link(self) -> psycopg.Connection[Any]:
        """The connection itself; `InvalidInput` in a pipeline, where answers come later, and after ``tpc_prepare()``."""
        if self._link.pgconn.pipeline_status != pq.PipelineStatus.OFF:
            raise unfit("is in pipeline mode", "leave the pipeline before")
        if self._is_in_two_phases and self._link.info.transaction_status is IDLE:
            raise unfit("has a transaction that is prepared", "commit it, or roll it back, before")
        return self._link

    def check_end(self) -> None:
        """So it is in a ``transaction()`` block, in one of Django's, and after ``tpc_begin()``."""
        cure = "use joined = engine.joined(…) without with, and "
        if getattr(self._link, "_num_transactions", 0):
            raise unfit(f"is within connection.transaction(), {_ENDS}", f"{cure}joined.committed() after that block")
        if self._link.cursor_factory.__module__.partition(".")[0] == "django" and not self._link.autocommit:
            raise unfit(f"is within transaction.atomic(), {_ENDS}", f"{cure}transaction.on_commit(joined.committed)")
        if self._is_in_two_phases:
            raise unfit(f"is in a transaction of two phases, {_ENDS}", f"{cure}joined.committed() after its commit")

    def begin(self) -> None:
        """Begin one as the connection does, or in spite of its autocommit."""
        if not self.is_open:
            self.link().execute("BEGIN" if self._link.autocommit else "SELECT 1", prepare=False)

    @property
    def begins_itself(self) -> bool:
        """Unless it is in autocommit."""
        return not self._link.autocommit

    def commit(self) -> None:
        """Commit."""
        self._link.commit()

    def rollback(self) -> None:
        """Roll back."""
        if not self._link.closed:
            self._link.rollback()


class SessionHost(Host):
    """A session of SQLAlchemy."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._link: psycopg.Connection[Any] | None = None
        self._telling: Tell | None = None
        self._is_over = False

    @property
    def is_open(self) -> bool:
        """Whether the session has begun a transaction."""
        return bool(self._session.in_transaction()) and not self._is_over

    def link(self) -> psycopg.Connection[Any]:
        """The connection that the session has of its engine; `InvalidInput` where that is not of psycopg 3."""
        link = self._session.connection().connection.driver_connection
        if not isinstance(link, psycopg.Connection):
            cure = "create its engine with postgresql+psycopg://…, the driver psycopg 3"
            raise unfit(f"has a session over {type(link).__module__.partition('.')[0]}", cure)
        if link.autocommit:
            raise unfit("has a session in AUTOCOMMIT, where nothing can be undone", "leave isolation_level=… out")
        self._link = link
        return link

    def check_end(self) -> None:
        """So it is in a ``begin()`` block, and where it is bound to a connection, whose own transaction would stay open."""
        if getattr(self._session, "_trans_context_manager", None) is not None:
            cure = "leave that block out, or use joined = engine.joined(…) without with: a session tells of its commit"
            raise unfit(f"is within session.begin(), {_ENDS}", cure)
        if isinstance(self._session.bind, sys.modules["sqlalchemy"].Connection):
            cure = "bind it to an engine, or use joined = engine.joined(…) without with, and joined.committed() after the commit"
            raise unfit(f"has a session that is bound to a connection, {_ENDS}", cure)

    def begin(self) -> None:
        """Begin one, as the session does of itself when it is first used."""
        self.link()

    @property
    def begins_itself(self) -> bool:
        """Always."""
        return True

    def commit(self) -> None:
        """Write what the session has left to write, and commit; rolled back where that fails."""
        try:
            self._session.commit()
        except BaseException:
            self._session.rollback()
            raise

    def rollback(self) -> None:
        """Roll back."""
        self._session.rollback()

    def when_committed(self, tell: Tell) -> None:
        """Have ``tell`` called after each commit of the session."""
        from sqlalchemy import event

        self.let_go()
        self._telling = tell
        event.listen(self._session, "after_commit", self._tell)

    def _tell(self, _session: Any) -> None:
        """Tell of a commit, which the session says of a savepoint too; it believes itself to be in the transaction still."""
        if self._telling is None or self._link is None or self._link.info.transaction_status is not IDLE:
            return
        self._is_over = True
        try:
            self._telling()
        finally:
            self._is_over = False

    def let_go(self) -> None:
        """Listen no longer."""
        if self._telling is not None:
            from sqlalchemy import event

            self._telling = None
            event.remove(self._session, "after_commit", self._tell)


def host_of(connection: object) -> Host:
    """The host whose ``connection`` it is; `InvalidInput` when it is of another kind."""
    if isinstance(connection, psycopg.Connection):
        return DriverHost(connection)
    alchemy = sys.modules.get("sqlalchemy.orm")
    if alchemy is not None:
        if isinstance(connection, alchemy.scoped_session):
            connection = connection()
        if isinstance(connection, alchemy.Session):
            return SessionHost(connection)
    kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
    cure = "give a psycopg.Connection, or a sqlalchemy.orm.Session over postgresql+psycopg"
    if connection is None or kind.startswith("django."):
        cure += "; of Django, connection.connection, once connection.ensure_connection() has opened it"
    raise unfit(f"{kind} cannot be joined", cure)


def unfit(problem: str, cure: str) -> InvalidInput:
    """The error for a connection that cannot be joined."""
    return InvalidInput.at("connection", problem, cure)
