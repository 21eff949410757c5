"""What a plugin author writes so that the kit can test a store: where an empty storage comes from, and how it is opened."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal

from ..ports.store import Clock, Store

FaultKind = Literal["refused", "torn", "lost"]
"""How the next commit fails: ``refused``, before anything is committed, and the store can know that; ``torn``, in the middle, and
nothing is committed; ``lost``, after everything is committed, but the answer does not arrive."""

FAULT_KINDS: tuple[FaultKind, ...] = ("refused", "torn", "lost")


class Host(abc.ABC):
    """An application beside the store: on the same database it has a table of its own, and a connection on which the store can be
    joined. The kit uses it in one thread, and closes it."""

    @property
    @abc.abstractmethod
    def connection(self) -> object:
        """What `Store.join` is given."""

    @abc.abstractmethod
    def change(self, text: str) -> None:
        """Write ``text`` into the host's own table, in the transaction that is open; begin one, if none is."""

    @abc.abstractmethod
    def changes(self) -> Sequence[str]:
        """The texts in that table as another connection sees them: those that are committed, in any order."""

    @abc.abstractmethod
    def commit(self) -> None:
        """Commit the host's transaction by its own means, as if it knew of no store."""

    @abc.abstractmethod
    def rollback(self) -> None:
        """Roll it back by its own means; without an open one this is harmless."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connection; a transaction that is open is rolled back. Closing twice is harmless."""


class StoreHarness(abc.ABC):
    """How the kit gets at a store. Derive from it and give `provision` and `open`; the rest is optional, and what is left out is
    reported as not covered.

    A *configuration* is whatever `open` needs, such as a path or a URL. Where `child` is given it goes to another process, so it
    must be made of what JSON can say.
    """

    one_handle: ClassVar[bool] = False
    """True where a storage lives and dies with its only handle, as in memory: there is no second handle to test then."""

    child: ClassVar[str | None] = None
    """``"package.module:function"``: importable in a new process; called with the configuration (as it comes out of JSON), it
    returns a handle on that storage, with the store's own clock. The kit kills that process."""

    @abc.abstractmethod
    def provision(self) -> Any:
        """Make an empty storage that nobody else uses, and return its configuration."""

    @abc.abstractmethod
    def open(self, config: Any, clock: Clock) -> Store:
        """A new handle on the storage ``config``, which tells the time for its leases by ``clock``."""

    def destroy(self, config: Any) -> None:  # noqa: B027 - optional
        """Remove the storage; all handles are closed by then."""

    def copy(self, config: Any) -> Any | None:
        """The configuration of a copy such as a backup taken now would be, once restored beside this storage."""
        return None

    def restore(self, config: Any, copy: Any) -> bool | None:
        """Put the backup ``copy``, which `copy` made, in the place of the storage, as an operator would: the same path, the same
        file, if need be the same name of a database; and return True. All handles are closed."""
        return None

    def cut_power(self, config: Any) -> Any | None:
        """The configuration of what would be found if the power failed at this moment: a storage of its own, on which this one no
        longer depends. Handles may be open."""
        return None

    def newer(self, config: Any) -> bool | None:
        """Let the storage look as if a later version of the store, unknown to this one, had written it, and return True. All
        handles are closed."""
        return None

    def fault(self, config: Any, kind: FaultKind) -> AbstractContextManager[None] | None:
        """While the returned context is entered, the next commit on the storage fails in the way of ``kind``, and only that one.
        None for a kind that cannot be made."""
        return None

    def host(self, config: Any) -> Host | None:
        """A new host application on the database of the storage, whose transactions the store can join. Its table outlives it,
        and goes with the storage. Something has been appended to the storage before."""
        return None


def as_harness(harness: Any) -> StoreHarness:
    """The harness itself, or one made of its class; `TypeError` when it is neither."""
    made: StoreHarness = made_of(harness, StoreHarness)
    return made


def made_of(harness: Any, base: type[Any]) -> Any:
    """The harness itself, or one made of its class; `TypeError` when it is none that derives from ``base``."""
    made = harness() if isinstance(harness, type) and issubclass(harness, base) else harness
    if not isinstance(made, base):
        raise TypeError(f"{harness!r} is no {base.__name__}: derive a class from stabflow.testing.{base.__name__}")
    return made
