"""A store that fails as planned: what a host and a plugin do when storage is slow, gone, or silent about what it did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar, get_args

import attrs

from ...errors import CommitUnknown, StoreUnavailable, VersionConflict
from ...ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    Claim,
    DeadLetter,
    DutyPage,
    DutyQuery,
    FeedPage,
    JoinedStore,
    Observation,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
    WaitingNotice,
)

T = TypeVar("T")

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


class _Plan:
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


class FaultyStore(Store):
    """A store around the store ``inner`` that does what that one does, but for what goes wrong by ``plan``.

    Each trouble counts the calls that fit it by itself. Where several strike at one call, time passes and others act first, and
    of what else goes wrong the first is told. ``wait`` is called with the seconds of what is ``slow``: the ``advance`` of a fake
    clock, or ``time.sleep``. Raises `ValueError` for a slow call without it.

    A store that was joined to a transaction is in the same trouble. There `CommitUnknown` comes of ``commit`` alone, as the port
    says, and after ``unavailable`` or ``unknown_not_stored`` at a commit the transaction is rolled back.
    """

    def __init__(
        self, inner: Store, plan: Iterable[Trouble] = (), *, wait: Callable[[float], object] | None = None
    ) -> None:
        self.inner = inner
        self.capabilities = inner.capabilities
        self._wait = wait
        self._plan = _Plan()
        self.plan(*plan)

    def plan(self, *troubles: Trouble) -> None:
        """Let these go wrong too; their calls are counted from here on."""
        if self._wait is None and any(one.kind == "slow" for one in troubles):
            raise ValueError("for slow calls say how time passes: FaultyStore(…, wait=clock.advance)")
        self._plan.add(troubles)

    def mend(self) -> None:
        """Let nothing more go wrong."""
        self._plan.clear()

    @property
    def struck(self) -> tuple[Trouble, ...]:
        """What has gone wrong so far, in order."""
        return self._plan.struck

    @property
    def left(self) -> tuple[Trouble, ...]:
        """What is planned and has not happened, or not as often as planned (what has no end: not once). A test that leaves some
        has not tested what it meant to."""
        return self._plan.left

    def _pass(
        self,
        call: str,
        done: Callable[[], T],
        streams: Sequence[str] = (),
        *,
        conflict: Callable[[], VersionConflict] | None = None,
        undone: Callable[[], object] = lambda: None,
    ) -> T:
        """What ``done`` gives, unless it is in trouble; ``undone`` is called where it fails and must not be done."""
        self._plan.watch(call, "before")
        try:
            return self._troubled(call, done, streams, conflict, undone)
        finally:
            self._plan.watch(call, "after")

    def _troubled(
        self,
        call: str,
        done: Callable[[], T],
        streams: Sequence[str],
        conflict: Callable[[], VersionConflict] | None,
        undone: Callable[[], object],
    ) -> T:
        troubles = self._plan.due(call, streams, except_unknown=self._is_joined and call != "commit")
        for one in troubles:
            if one.kind == "slow" and self._wait is not None:
                self._wait(one.seconds)
            elif one.act is not None:
                self._plan.undisturbed(one.act)
        kinds = [one.kind for one in troubles if one.kind not in {"slow", "meanwhile"}]
        worst = kinds[0] if kinds else None
        if worst == "conflict" and conflict is not None:
            raise conflict()
        if worst in {"unavailable", "unknown_not_stored"}:
            undone()
            if worst == "unavailable":
                raise StoreUnavailable(f"{call}: the storage cannot be reached (as planned); nothing was done")
            raise CommitUnknown(f"{call}: the storage went silent (as planned); ask again with the same key")
        found = done()
        if worst == "unknown_stored":
            raise CommitUnknown(f"{call}: the storage went silent (as planned); ask again with the same key")
        if worst == "given_twice" and isinstance(found, Sequence):
            for claim in found:
                self.inner.release(claim, retry_after=0, error="its lease ran out (as planned)")
        return found

    _is_joined = False

    def append(self, batch: AppendBatch) -> AppendResult:
        """See `Store.append`."""

        def conflict() -> VersionConflict:
            return VersionConflict(batch.stream, batch.expected_version, batch.expected_version + 1)

        return self._pass("append", lambda: self.inner.append(batch), (batch.stream,), conflict=conflict)

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """See `Store.lookup`."""
        return self._pass("lookup", lambda: self.inner.lookup(stream, key), (stream,))

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """See `Store.read_stream`."""
        return self._pass("read_stream", lambda: self.inner.read_stream(stream, after=after, limit=limit), (stream,))

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        """See `Store.heads`."""
        return self._pass("heads", lambda: self.inner.heads(streams), streams)

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        """See `Store.are_heads`."""
        return self._pass("are_heads", lambda: self.inner.are_heads(heads), [head.stream for head in heads])

    def find_cases(self, query: CaseQuery) -> CasePage:
        """See `Store.find_cases`."""
        return self._pass("find_cases", lambda: self.inner.find_cases(query))

    def find_duties(self, query: DutyQuery) -> DutyPage:
        """See `Store.find_duties`."""
        return self._pass("find_duties", lambda: self.inner.find_duties(query))

    def close(self) -> None:
        """Close the store inside."""
        self.inner.close()

    def join(self, connection: object) -> JoinedStore:
        """See `Store.join`: a store in the same trouble."""
        joined = self._pass("join", lambda: self.inner.join(connection))
        return _FaultyJoinedStore(joined, self._plan, self._wait)

    def about(self) -> Mapping[str, str]:
        """What the store inside says."""
        return self.inner.about()

    def observe(self) -> Sequence[Observation]:
        """What the store inside sees."""
        return self.inner.observe()

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        """See `Store.read_feed`."""
        return self._pass("read_feed", lambda: self.inner.read_feed(after=after, limit=limit))

    def get_snapshot(self, stream: str) -> Snapshot | None:
        """See `Store.get_snapshot`."""
        return self._pass("get_snapshot", lambda: self.inner.get_snapshot(stream), (stream,))

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        """See `Store.claim`."""
        return self._pass("claim", lambda: self.inner.claim(owner, limit=limit, lease_for=lease_for))

    def ack(self, claim: Claim) -> None:
        """See `Store.ack`."""
        self._pass("ack", lambda: self.inner.ack(claim))

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        """See `Store.release`."""
        self._pass("release", lambda: self.inner.release(claim, retry_after=retry_after, error=error))

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        """See `Store.waiting`."""
        return self._pass("waiting", lambda: self.inner.waiting(after=after, limit=limit))

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`."""
        return self._pass("dead_letters", lambda: self.inner.dead_letters(after=after, limit=limit))

    def revive(self, notice: int) -> bool:
        """See `Store.revive`."""
        return self._pass("revive", lambda: self.inner.revive(notice))


class _FaultyJoinedStore(FaultyStore, JoinedStore):
    """A joined store in the trouble of the store that it came from."""

    inner: JoinedStore
    _is_joined = True

    def __init__(self, inner: JoinedStore, plan: _Plan, wait: Callable[[float], object] | None) -> None:
        super().__init__(inner, wait=wait)
        self._plan = plan

    @property
    def is_open(self) -> bool:
        """See `JoinedStore.is_open`."""
        return self.inner.is_open

    def begin(self) -> None:
        """See `JoinedStore.begin`."""
        self._pass("begin", self.inner.begin)

    def autobegin(self) -> None:
        """See `JoinedStore.autobegin`."""
        self._pass("autobegin", self.inner.autobegin)

    def commit(self) -> None:
        """See `JoinedStore.commit`."""
        self._pass("commit", self.inner.commit, undone=self.inner.rollback)

    def rollback(self) -> None:
        """See `JoinedStore.rollback`."""
        self._pass("rollback", self.inner.rollback)

    def when_committed(self, tell: Callable[[], None]) -> None:
        """See `JoinedStore.when_committed`."""
        self.inner.when_committed(tell)
