"""A host beside a store, and the store joined to its transactions: what the checks of EXTERNAL_TX begin with and look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ...ports.store import Capability, JoinedStore, Store
from ...stores.memory import MemoryStore
from .. import expectation as expect
from ..harness import Host
from .material import act, batch, holdings
from .registry import Body, Level, Offer, check
from .storage import Storage

FIRST = "system/first"
"""The stream of the act with which each storage begins, so that it is there when a host comes."""

ACTS = range(9)


class Together(NamedTuple):
    """A handle, a host beside it, and the store within the host's transactions."""

    store: Store
    host: Host
    joined: JoinedStore


def begun(storage: Storage) -> Together:
    """All three on a storage that has been made; no transaction is open."""
    store = storage.open()
    store.append(batch(stream=FIRST))
    host = storage.host()
    return Together(store, host, storage.join(store, host))


def joined_check(
    clause: str, level: Level = Level.SEQUENTIAL, *, needs: Sequence[Capability] = (), offers: Sequence[Offer] = ()
) -> Callable[[Body], Body]:
    """Register a check that takes a host."""
    return check(clause, level, needs=[Capability.EXTERNAL_TX, *needs], offers=[Offer.HOST, *offers])


def shown(store: Store, *, feed: bool = True) -> dict[str, object]:
    """What the store shows of the acts, and of the outbox; with the feed or without."""
    found = holdings(store, ACTS)
    if not feed:
        found.pop("feed", None)
    if Capability.OUTBOX in store.capabilities:
        found["waiting"] = [(one.lane, one.payload) for one in store.waiting()]
    return found


def right(store: Store, numbers: Iterable[int], *, feed: bool = True) -> dict[str, object]:
    """What it must show once the acts with these numbers are there."""
    model = MemoryStore()
    model.capabilities = store.capabilities
    for number in numbers:
        model.append(act(number, store.capabilities))
    return shown(model, feed=feed)


def committed(host: Host, *texts: str) -> None:
    """Exactly these changes of the host's are committed."""
    expect.equal(sorted(host.changes()), sorted(texts), "the committed changes in the host's own table")
