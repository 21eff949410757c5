"""A store that fails as planned: what a host and a plugin do when storage is slow, gone, or silent about what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

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
from ...ports.store_rules import examine_store
from .troubles import Plan, Trouble

T = TypeVar("T")


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
        examine_store(inner)
        self.inner = inner
        self.capabilities = inner.capabilities
        self._wait = wait
        self._plan = Plan()
        self.plan(*plan)

    def plan(self, *troubles: Trouble) -> None:
        """Let these go wrong too; their calls are counted from here on."""
        for one in troubles:
            if not isinstance(one, Trouble):
                raise TypeError(f"{one!r} is no trouble: give one such as Trouble('unavailable', 'lookup')")
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

    def __init__(self, inner: JoinedStore, plan: Plan, wait: Callable[[float], object] | None) -> None:
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
