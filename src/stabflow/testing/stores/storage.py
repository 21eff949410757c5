"""The storage a check is made on: provisioned for it alone, opened as often as it likes, closed and destroyed afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from ...ports.store import Capability, JoinedStore, Store
from ...text import Text
from ..clock import FakeClock
from ..expectation import HarnessBroken, NotCovered
from ..harness import Host, StoreHarness
from .material import batch

METHODS = {
    Capability.FEED: ("read_feed",),
    Capability.SNAPSHOTS: ("get_snapshot",),
    Capability.OUTBOX: ("claim", "ack", "release", "waiting", "dead_letters", "revive"),
    Capability.EXTERNAL_TX: ("join",),
}
"""What a store that declares a capability overrides."""


class Storage:
    """An empty storage and its handles, the clock they go by, and chance that a seed repeats."""

    def __init__(self, harness: StoreHarness, *, seed: int, effort: int = 1, seconds: float = 60.0) -> None:
        self.harness = harness
        self.effort = effort
        self.deadline = time.monotonic() + seconds
        self.seconds = seconds
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = FakeClock()
        self._configs: list[Any] = []
        self._opened: list[Store] = []
        self._hosts: list[Host] = []
        self._pace: float | None = None
        self._lap_until = self.deadline
        self.in_use = False
        self.config = self.provision()

    def provision(self) -> Any:
        """Another empty storage, destroyed at the end."""
        try:
            config = self.harness.provision()
        except Exception as error:
            raise HarnessBroken("no empty storage could be provisioned") from error
        return self.adopt(config)

    def adopt(self, config: Any) -> Any:
        """See to it that this storage, which the harness made, is destroyed at the end."""
        self._configs.append(config)
        return config

    def open(self, config: Any = None, clock: Callable[[], Any] | None = None) -> Store:
        """A new handle, on this storage unless another is named; the only one where there can be no other."""
        if config is None and self.harness.one_handle and self._opened:
            return self._opened[0]
        store = self.harness.open(self.config if config is None else config, clock or self.clock)
        self._opened.append(store)
        return store

    def open_another(self) -> Store:
        """A handle on another storage, which is empty."""
        store = self.harness.open(self.provision(), self.clock)
        self._opened.append(store)
        return store

    def host(self, config: Any = None) -> Host:
        """A new host application beside this storage, unless another is named; closed at the end."""
        host = self.harness.host(self.config if config is None else config)
        if host is None:
            raise NotCovered(Text("the harness makes no host here", "测试支架在此不能建立宿主"))
        self._hosts.append(host)
        return host

    def join(self, store: Store, host: Host) -> JoinedStore:
        """The store within the host's transactions; closed at the end."""
        joined = store.join(host.connection)
        self._opened.append(joined)
        return joined

    def has(self, capability: Capability) -> bool:
        """Whether the store declares ``capability``."""
        if not self._opened:
            self.open()
        return capability in self._opened[0].capabilities

    def not_overridden(self) -> list[str]:
        """What the store declares and has only from the base class, which refuses: in a sentence for each capability."""
        store = self._opened[0] if self._opened else self.open()
        found = []
        for capability, methods in METHODS.items():
            if capability in store.capabilities:
                missing = [one for one in methods if getattr(type(store), one, None) is getattr(Store, one)]
                if missing:
                    found.append(f"the store declares {capability.name} and does not override {', '.join(missing)}")
        return found

    def rounds(self, least: int) -> int:
        """How many rounds of a race to run: at least so many, times the effort; of a store that is quick up to ten times more,
        since a race that is over at once shows little."""
        if self._pace is None:
            store = self.open_another()
            store.append(batch())
            began = time.perf_counter()
            for version in range(1, 4):
                store.append(batch(version))
            self._pace = (time.perf_counter() - began) / 3
        return round(least * self.effort * min(10.0, max(1.0, 0.001 / max(self._pace, 1e-6))))

    def begin_lap(self) -> None:
        """From now on a quarter of the time is there for rounds; a slow store, or a busy machine, makes fewer of them."""
        self._lap_until = time.monotonic() + self.seconds / 4

    def turns(self, most: int) -> Iterator[int]:
        """Numbers from 0 up to ``most``, fewer when the lap is over, at least one."""
        for number in range(most):
            if number and time.monotonic() > self._lap_until:
                return
            yield number

    def left(self) -> float:
        """Seconds until the check should be over."""
        return max(0.0, self.deadline - time.monotonic())

    def close(self) -> None:
        """Close every handle and every host, and destroy every storage; not while threads that were given up may still be at
        it."""
        if self.in_use:
            return
        for store in reversed(self._opened):
            store.close()
        self._opened.clear()
        while self._hosts:
            self._hosts.pop().close()
        while self._configs:
            self.harness.destroy(self._configs.pop())
