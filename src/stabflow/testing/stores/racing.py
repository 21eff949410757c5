"""Threads that do something at once, on one handle that they share or each on its own."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...ports.store import Store
from ..expectation import ClauseBroken
from ..patience import GivenUp, give_up
from .material import STREAM
from .storage import Storage

GRACE = 0.2
"""Seconds that the others have to come to an end once one thread has failed."""

RESTLESS = 1.5
"""For how many seconds threads let others go first more often than they would."""

YIELDS = 0.1
"""At which part of its calls a thread lets others go first."""


class Handles:
    """Gives a thread the handle that it is to use: one for all, or one for each, which the thread opens and closes itself."""

    def __init__(self, storage: Storage, config: Any, shared: Store | None) -> None:
        self._storage, self._config, self._shared = storage, config, shared
        self._own = threading.local()
        self.title = "one handle shared by all threads" if shared is not None else "a handle for each thread"

    def __call__(self) -> Store:
        """The handle of this thread."""
        if self._shared is not None:
            return self._shared
        if not hasattr(self._own, "store"):
            self._own.store = self._storage.harness.open(self._config, self._storage.clock)
        store: Store = self._own.store
        return store

    def leave(self) -> None:
        """The thread needs its handle no longer."""
        if hasattr(self._own, "store"):
            self._own.store.close()
            del self._own.store


def ways(storage: Storage) -> Iterator[Handles]:
    """The ways in which threads can be at one storage, each on a storage of its own. A store that refuses to be shared is used
    by a handle for each thread alone."""
    store = storage.open()
    if refusal_in_another_thread(store) is None:
        storage.begin_lap()
        yield Handles(storage, storage.config, store)
    if not storage.harness.one_handle:
        storage.begin_lap()
        yield Handles(storage, storage.provision(), None)


@contextmanager
def restless() -> Iterator[None]:
    """Threads take turns at every opportunity."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Meeting:
    """Where threads meet before each round of a race, until there were so many rounds, or the time for them is over."""

    def __init__(self, storage: Storage, parties: int, rounds: int) -> None:
        self._storage = storage
        self._turns = storage.turns(rounds)
        self._barrier = threading.Barrier(parties, action=self._decide)
        self._another = True
        self.rounds = 0

    def _decide(self) -> None:
        self._another = next(self._turns, None) is not None
        self.rounds += self._another

    def rounds_together(self) -> Iterator[int]:
        """The number of each round, from 0, once all are there."""
        while True:
            self._barrier.wait(self._storage.left())
            if not self._another:
                return
            yield self.rounds - 1

    def abort(self) -> None:
        """Nobody need wait any more: a thread has failed."""
        self._barrier.abort()


def together(
    storage: Storage,
    handles: Handles,
    *works: Callable[[Store], None],
    meetings: Sequence[Meeting | threading.Barrier] = (),
) -> None:
    """Begin all ``works`` at the same moment, each in a thread of its own; raise the first error once all are done."""
    calm = time.monotonic() + RESTLESS
    errors: list[BaseException] = []
    start = threading.Barrier(len(works))

    def guarded(work: Callable[[Store], None], seed: int) -> None:
        try:
            store = handles()
            start.wait(storage.left())
            with yielding(seed, calm):
                work(store)
            handles.leave()
        except BaseException as error:  # noqa: BLE001 - raised below, whatever it is
            errors.append(error)
            for meeting in (start, *meetings):
                meeting.abort()

    with restless():
        seeds = [storage.random.getrandbits(32) for _ in works]
        threads = [threading.Thread(target=guarded, args=one, daemon=True) for one in zip(works, seeds, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and storage.left() and not errors:
                thread.join(min(0.05, storage.left()))
        for thread in threads:
            thread.join(min(GRACE, storage.left()))
    stuck = [thread for thread in threads if thread.is_alive()]
    storage.in_use |= bool(stuck)
    for thread in stuck:
        give_up(thread)
    for error in sorted(errors, key=lambda one: isinstance(one, threading.BrokenBarrierError | GivenUp)):
        error.add_note(f"with {handles.title}")
        raise error
    if stuck:
        raise ClauseBroken(f"{handles.title}: threads did not come to an end in {storage.seconds:g} seconds")


@contextmanager
def yielding(seed: int, calm: float) -> Iterator[None]:
    """Let other threads go first at random calls of this one, until the moment ``calm``. A short switch interval does not do: a
    whole append in memory is over before a thread that waits for its turn is woken."""
    chance = random.Random(seed)

    def perhaps(_frame: object, event: str, _argument: object) -> None:
        if event == "call" and chance.random() < YIELDS:
            time.sleep(0)
            if time.monotonic() > calm:  # on a busy machine each turn costs some milliseconds
                sys.setprofile(None)

    before = sys.getprofile()
    sys.setprofile(perhaps)
    try:
        yield
    finally:
        sys.setprofile(before)


def refusal_in_another_thread(store: Store) -> BaseException | None:
    """What a handle raises when it is used in a thread that did not open it; none if threads may share it."""
    errors: list[BaseException] = []

    def use() -> None:
        try:
            store.heads([STREAM])
        except Exception as error:  # noqa: BLE001 - it is judged by who asked
            errors.append(error)

    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    thread.join(10)
    return errors[0] if errors else None
