"""Acts within a transaction of the host: its own change and the case's move are stored together, or not at all."""

from __future__ import annotations

import contextlib
import logging
from types import TracebackType
from typing import TYPE_CHECKING

from ..errors import InvalidInput, StoreError
from ..ports.store import JoinedStore
from . import observers

if TYPE_CHECKING:
    from .engine import Engine

_log = logging.getLogger(__name__)


class Joined:
    """An engine within the transactions of a host's connection; `Engine.joined` makes one.

    In ``with`` the block is one transaction, to which belongs what the host has done before in one that is open: at its end it is
    committed, or rolled back with everything in it when an exception leaves the block, a refusal too. A host that ends its
    transactions itself uses `engine` instead, and calls `committed` after its commit; a library that tells of commits makes
    that needless. Whatever is done through the engine reads and writes in the host's transaction; attempts to go ahead
    uncleared, refusals and failures of plugins are put on record, and told, outside of it, because they have happened anyhow.
    Plugins are told of acts after the commit. To be used by the thread that has the transaction.
    """

    def __init__(self, engine: Engine, store: JoinedStore) -> None:
        self._engine = engine
        self._store = store
        store.when_committed(self._tell)

    @property
    def engine(self) -> Engine:
        """The engine, for the transaction that is open on the connection, or that the host's library begins of itself; take it
        anew for each transaction."""
        self._store.autobegin()
        return self._engine

    def __enter__(self) -> Engine:
        try:
            self._store.begin()
        except BaseException:
            self._undo()
            raise
        return self._engine

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._undo()
            return
        try:
            self._store.commit()
        finally:
            self._store.close()
        self._tell()

    def _undo(self) -> None:
        with contextlib.suppress(StoreError):  # gone with its connection, and so rolled back
            self._store.rollback()
        self._store.close()

    def close(self) -> None:
        """Let go of the connection, which stays the host's, with its transaction as it is."""
        self._store.close()

    def committed(self) -> None:
        """Tell the plugins of what the host has committed: each act once, and none that was rolled back. `InvalidInput` while the
        transaction is open, `StoreError` where nobody can say what is stored: call it again then."""
        if self._store.is_open:
            raise InvalidInput.at(
                "joined", "the transaction of the host is still open", "call committed() after its commit"
            )
        observers.committed(self._engine._shell)

    def _tell(self) -> None:
        """Tell the plugins, unless a transaction is open still: of a savepoint the host's library tells as of a commit. What was
        committed is no failure because nobody could be told of it."""
        try:
            if not self._store.is_open:
                observers.committed(self._engine._shell)
        except StoreError:
            _log.exception("plugins could not be told yet of what the host has committed; call committed() again")
