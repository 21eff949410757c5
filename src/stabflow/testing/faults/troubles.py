"""What can go wrong with a store: one trouble, and the plan of all, which counts the calls and says when each strikes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, get_args

import attrs

TroubleKind = Literal[
    "conflict", "unavailable", "unknown_stored", "unknown_not_stored", "given_twice", "slow", "meanwhile"
]
"""What can go wrong with a call:

- ``conflict``: `VersionConflict`, and nothing is stored;
- ``unavailable``: `StoreUnavailable`, and nothing is done;
- ``unknown_stored``: it is done, then `CommitUnknown`;
- ``unknown_not_stored``: `CommitUnknown`, and it is not done;
- ``given_twice``: each notice that was claimed is given again at the next claim, as if its lease had run out at once, and who
  acknowledges the first claim gets `LeaseLost`;
- ``slow``: so many seconds pass before it is done;
- ``meanwhile``: somebody else acts before it is done.
"""

When = Literal["before", "after"]

READS = (
    "lookup", "read_stream", "heads", "are_heads", "find_cases", "find_duties", "read_feed", "get_snapshot", "waiting",
    "dead_letters",
)  # fmt: skip
WRITES = ("append", "claim", "ack", "release", "revive", "commit")
CALLS = (*WRITES, *READS, "join", "begin", "autobegin", "rollback")
"""What can be in trouble: the methods of `Store`, and those by which a `JoinedStore` has transactions. Closing never is."""

_IN_TROUBLE: Mapping[TroubleKind, tuple[str, ...]] = {
    "conflict": ("append",),
    "unavailable": CALLS,
    "unknown_stored": WRITES,
    "unknown_not_stored": WRITES,
    "given_twice": ("claim",),
    "slow": CALLS,
    "meanwhile": CALLS,
}


@attrs.frozen
class Trouble:
    """One thing that goes wrong: at the ``nth`` call of ``call`` (from 1, counted since it was planned), and at the ones after
    it, ``times`` in all, or from then on (``None``). Only calls count that are about a stream whose name begins with ``stream``.

    ``call`` is ``append``, or ``claim`` for ``given_twice``, unless it is given. ``seconds`` is how long ``slow`` takes, ``act``
    what somebody does ``meanwhile``. Raises `ValueError` when it could never happen.
    """

    kind: TroubleKind
    call: str = attrs.field(default=attrs.Factory(lambda self: _IN_TROUBLE.get(self.kind, CALLS)[0], takes_self=True))
    stream: str = attrs.field(default="", kw_only=True)
    nth: int = attrs.field(default=1, kw_only=True)
    times: int | None = attrs.field(default=1, kw_only=True)
    seconds: float = attrs.field(default=0.0, kw_only=True)
    act: Callable[[], object] | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        kinds = get_args(TroubleKind)
        if self.kind not in kinds:
            raise ValueError(f"there is no trouble {self.kind!r}; there are {', '.join(kinds)}")
        if self.call not in _IN_TROUBLE[self.kind]:
            raise ValueError(f"{self.kind} comes with {', '.join(_IN_TROUBLE[self.kind])}, not with {self.call!r}")
        if self.stream and self.call not in _ABOUT_STREAMS:
            raise ValueError(f"{self.call} is about no stream: leave stream={self.stream!r} out")
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError("nth and times count from 1")
        if (self.kind == "slow") != (self.seconds > 0):
            raise ValueError("slow, and nothing else, takes seconds: more than 0")
        if (self.kind == "meanwhile") != (self.act is not None):
            raise ValueError("meanwhile, and nothing else, takes an act: a function without arguments")


_ABOUT_STREAMS = {"append", "lookup", "read_stream", "heads", "are_heads", "get_snapshot"}


class Plan:
    """What is to go wrong, and what has; counted for all threads together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._troubles: list[tuple[Trouble, list[int]]] = []
        self._struck: list[Trouble] = []
        self._undisturbed = threading.local()
        self.watch: Callable[[str, When], object] = lambda call, when: None
        """Told of every call, before and after it."""

    def add(self, troubles: Iterable[Trouble]) -> None:
        with self._lock:
            self._troubles += [(one, [0]) for one in troubles]

    def clear(self) -> None:
        with self._lock:
            self._troubles.clear()

    @property
    def struck(self) -> tuple[Trouble, ...]:
        with self._lock:
            return tuple(self._struck)

    @property
    def left(self) -> tuple[Trouble, ...]:
        with self._lock:
            return tuple(
                one for one, (seen,) in self._troubles if seen < one.nth + (0 if one.times is None else one.times - 1)
            )

    def due(self, call: str, streams: Sequence[str], *, except_unknown: bool) -> list[Trouble]:
        """What goes wrong with this call, which is counted. A call that an ``act`` makes is neither counted nor disturbed."""
        if getattr(self._undisturbed, "now", False):
            return []
        found = []
        with self._lock:
            for one, seen in self._troubles:
                if one.call != call or (one.stream and not any(name.startswith(one.stream) for name in streams)):
                    continue
                if except_unknown and one.kind.startswith("unknown"):
                    continue
                seen[0] += 1
                if one.nth <= seen[0] and (one.times is None or seen[0] < one.nth + one.times):
                    found.append(one)
                    self._struck.append(one)
        return found

    def undisturbed(self, act: Callable[[], object]) -> None:
        self._undisturbed.now = True
        try:
            act()
        finally:
            self._undisturbed.now = False
