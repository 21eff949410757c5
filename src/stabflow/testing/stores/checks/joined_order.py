"""EXTERNAL_TX with others at work meanwhile: who waits, who wins, and where in the feed that stands which a host commits last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from ....errors import StoreError, StoreUnavailable, VersionConflict
from ....ports.store import AppendBatch, AppendResult, Capability, JoinedStore, Store, StoredRecord, StreamHead
from ....text import Text
from ... import expectation as expect
from ...harness import Host
from ..material import OFFICES, STREAM, act, batch, feed_from, head_of, read_all, record
from ..racing import Handles, together
from ..registry import Level
from ..storage import Storage
from .joined import FIRST, begun, committed, joined_check, right, shown

PATIENCE = 0.3
"""Seconds after which one who has no answer yet is taken for one who waits until the host's transaction is over."""

FEED = (Capability.FEED,)

ALL_WAIT = Text("nobody else can append while a host's transaction is open", "宿主事务未结束时，其他各方均不能追加记录")


class Meanwhile:
    """What another handle does in a thread of its own."""

    def __init__(self, storage: Storage, work: Callable[[Store], AppendResult]) -> None:
        self._storage = storage
        self._work = work
        self._result: AppendResult | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._do, daemon=True)
        self._thread.start()
        self._thread.join(PATIENCE)

    def _do(self) -> None:
        try:
            store = self._storage.harness.open(self._storage.config, self._storage.clock)
            try:
                self._result = self._work(store)
            finally:
                store.close()
        except BaseException as error:  # noqa: BLE001 - it is judged by who asked
            self._error = error

    @property
    def waits(self) -> bool:
        """Whether there is no answer yet."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Until it has come to its end, which it does when nobody holds it up any more."""
        self._thread.join(self._storage.left())
        self._storage.in_use |= self._thread.is_alive()

    def result(self) -> AppendResult | None:
        """What came of it in the end; None where it was refused with a `StoreError`."""
        self.wait()
        expect.true(not self.waits, "another append goes on waiting though the host's transaction is over")
        if self._error is not None and not isinstance(self._error, StoreError):
            raise self._error
        return self._result


@contextmanager
def meanwhile(storage: Storage, host: Host, work: Callable[[Store], AppendResult]) -> Iterator[Meanwhile]:
    """Begin to do ``work`` by another handle, and come back when that is done or waits. What is open in the end is rolled
    back."""
    other = Meanwhile(storage, work)
    try:
        yield other
    finally:
        host.rollback()
        other.wait()


def at_once(storage: Storage, host: Host, *batches: AppendBatch) -> None:
    """Another handle appends these while the host's transaction is open, in which nothing has been appended yet."""
    for one in batches:
        with_handle = partial(_append, one)
        other = Meanwhile(storage, with_handle)
        if other.waits or other.result() is None:
            host.rollback()
            other.wait()
            raise expect.NotCovered(ALL_WAIT)


def _append(one: AppendBatch, store: Store) -> AppendResult:
    return store.append(one)


class Reader:
    """One who follows the feed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursor: str | None = None
        self.seen: list[StoredRecord] = []

    def read_on(self) -> None:
        """Whatever is new."""
        found, self._cursor = feed_from(self._store, self._cursor)
        self.seen += found

    def is_through(self, *streams: str) -> None:
        """Read the rest: what was read piece by piece must be the whole feed, and along a stream positions rise with versions."""
        self.read_on()
        whole, _ = feed_from(self._store)
        expect.equal(self.seen, whole, "what was read on, piece by piece, and the whole feed")
        for stream in (FIRST, *streams):
            along = [one.version for one in whole if one.stream == stream]
            expect.equal(along, list(range(1, head_of(self._store, stream).version + 1)), f"{stream} along the feed")


def place(store: Store, stream: str, version: int) -> int:
    """The position of one record."""
    (found,) = store.read_stream(stream, after=version - 1, limit=1)
    return found.position


@joined_check("C7", Level.SECOND_HANDLE)
def every_handle_sees_what_the_host_committed(storage: Storage) -> None:
    """A handle that had answered before sees nothing of an open transaction, and all of it once it is committed; so does one that
    is opened then, and a host that comes later."""
    store, host, joined = begun(storage)
    other = storage.open()
    for number in range(4):
        before = shown(other)
        host.change(f"{number}")
        joined.append(act(number, joined.capabilities))
        expect.equal(shown(other), before, f"what another handle sees of act {number} before the commit")
        host.commit()
        expect.equal(shown(other), right(other, range(number + 1)), f"what another handle sees after act {number}")
        committed(host, *map(str, range(number + 1)))
        other.append(batch(head_of(other, FIRST).version, stream=FIRST))
    host.close()
    store.close()
    store = storage.open()
    expect.equal(shown(store), right(store, range(4)), "what the storage shows when it is opened again")
    later = storage.host()
    committed(later, *map(str, range(4)))
    again = storage.join(store, later)
    again.begin()
    expect.true(again.append(act(3, store.capabilities)).replayed, "an act of an earlier host is not known by its key")
    again.append(act(4, store.capabilities))
    again.commit()
    expect.equal(shown(other), right(other, range(5)), "what another handle sees of the later host's act")


@joined_check("C1", Level.SECOND_HANDLE)
def one_of_two_wins_a_version(storage: Storage) -> None:
    """Who appends to a stream to which a host has appended and not committed yet waits or is refused. Both are never stored:
    where the other was first, the host's commit is `StoreUnavailable`, and its own change is not there either."""
    store, host, joined = begun(storage)
    host.change("permit")
    joined.append(batch())
    with meanwhile(storage, host, partial(_append, batch(0, 2))) as other:
        won = _commits(joined)
        there = other.result()
        what = "of two appends after the same version both were stored, or neither"
        expect.true(won == (there is None), what, f"the host's: {won}, the other: {there}")
        committed(host, *["permit"] * won)
        expect.equal(len(read_all(store)), 1 if won else 2, "records of the stream in the end")


@joined_check("C1", Level.SECOND_HANDLE)
def what_the_host_relies_on_stays(storage: Storage) -> None:
    """Nobody appends to a stream on which an act in the host's transaction relies, before that is committed."""
    store, host, joined = begun(storage)
    store.append(batch(stream=OFFICES))
    host.change("permit")
    joined.append(batch(relies_on=(head_of(joined, OFFICES),)))
    with meanwhile(storage, host, partial(_append, batch(1, stream=OFFICES))) as other:
        early = not other.waits and other.result() is not None
        won = _commits(joined)
        what = "an act was stored with the host's transaction, though what it relies on had ended elsewhere by then"
        expect.true(not (early and won), what)
        later = other.result()
        expect.true(won or early, "an act was not stored though what it relies on had not changed")
        committed(host, *["permit"] * won)
        expect.equal(len(read_all(store)), int(won), "records that relied on the other stream")
        if won and later is not None and storage.has(Capability.FEED):
            above = place(store, OFFICES, 2) > place(store, STREAM, 1)
            expect.true(above, "what was appended later to the stream relied on stands below the act that relied on it")


@joined_check("C1", Level.SECOND_HANDLE)
def the_host_decides_on_what_is(storage: Storage) -> None:
    """In a transaction that the host began before others acted, what they have committed is seen; an append after the version of
    before is `VersionConflict`, one after theirs is stored."""
    store, host, joined = begun(storage)
    host.change("permit")
    expect.equal(head_of(joined).version, 0, "the version when the host began")
    at_once(storage, host, batch(0, 2, key="key", digest="d"), batch(stream=OFFICES))
    expect.equal(head_of(joined).version, 2, "the version that others have committed since the host began")
    seen = StreamHead(OFFICES, 0, b"")
    for stale in (batch(0), batch(2, relies_on=(seen,))):
        expect.raised(VersionConflict, partial(joined.append, stale), "an append that others have overtaken")
    expect.true(
        joined.append(batch(0, 2, key="key", digest="d")).replayed, "an act that others have stored is not known"
    )
    expect.equal(len(joined.read_stream(STREAM)), 2, "records that others have committed since the host began")
    expect.equal(joined.append(batch(2, relies_on=(head_of(joined, OFFICES),))), AppendResult(3, 3), "the next append")
    joined.commit()
    committed(host, "permit")
    expect.equal(head_of(store).version, 3, "the version in the end")


@joined_check("C6", Level.SECOND_HANDLE, needs=FEED)
def who_commits_last_comes_last(storage: Storage) -> None:
    """What a host appends comes in the feed after what others had appended to the same stream since the host began and wrote, and
    before what comes later; no reader, whenever he read, misses it or finds it below where he had been."""
    store, host, joined = begun(storage)
    store.append(batch())
    reader = Reader(store)
    reader.read_on()
    for turn in range(3):
        head = head_of(store).version
        host.change(f"{turn}")
        at_once(storage, host, batch(head, 2), batch(turn, stream=OFFICES))
        reader.read_on()
        joined.append(batch(head + 2, 2))
        joined.append(batch(turn, stream="case/of the host"))
        reader.read_on()
        joined.append(batch(head + 4))
        host.commit()
        own = place(store, "case/of the host", turn + 1)
        what = "what a host appended first and last in one transaction, and the places between"
        expect.true(place(store, STREAM, head + 4) < own < place(store, STREAM, head + 5), what)
        expect.true(own > place(store, OFFICES, turn + 1), "what a host appended stands below what was there before")
        if turn:
            reader.read_on()
    reader.is_through(STREAM, OFFICES, "case/of the host")


@joined_check("C6", Level.SECOND_HANDLE, needs=FEED)
def a_place_is_above_what_was_relied_on(storage: Storage) -> None:
    """An act stands in the feed above the records it relies on, and below what is appended to that stream later: also where it,
    or the later one, is a host's that began and wrote before the other was there."""
    store, host, joined = begun(storage)
    reader = Reader(store)
    host.change("relying")
    at_once(storage, host, batch(stream=OFFICES))
    reader.read_on()
    joined.append(batch(relies_on=(head_of(joined, OFFICES),)))
    host.commit()
    above = place(store, STREAM, 1) > place(store, OFFICES, 1)
    expect.true(above, "an act of a host stands below what it relies on")
    host.change("ending")
    at_once(storage, host, batch(1, relies_on=(head_of(store, OFFICES),)))
    joined.append(batch(1, stream=OFFICES))
    reader.read_on()
    joined.append(batch(2, relies_on=(head_of(joined, OFFICES),)))
    host.commit()
    told = "positions of an act, of the end of what it relied on, and of an act that relies on that"
    found = [place(store, STREAM, 2), place(store, OFFICES, 2), place(store, STREAM, 3)]
    expect.equal(found, sorted(found), told)
    reader.is_through(STREAM, OFFICES)
    committed(host, "relying", "ending")


@joined_check("C6", Level.SECOND_HANDLE, needs=FEED)
def nothing_is_missed_while_a_host_is_at_work(storage: Storage) -> None:
    """Others append elsewhere while a host has appended and not committed: whoever follows the feed meanwhile misses nothing,
    gets nothing twice and nothing that was rolled back."""
    store, host, joined = begun(storage)
    early, late = Reader(store), Reader(store)
    versions = {"commit": 0, "rollback": 0}
    for turn, end in enumerate(["commit", "rollback", "commit"]):
        late.read_on()
        joined.begin()
        joined.append(batch(versions["commit"]))
        with meanwhile(storage, host, partial(_append, batch(turn, stream=OFFICES))) as other:
            early.read_on()
            getattr(host, end)()
            versions[end] += 1
            if other.result() is None:  # it was refused while the host was at work
                store.append(batch(turn, stream=OFFICES))
        early.read_on()
    for reader in (early, late):
        reader.is_through(STREAM, OFFICES)
    expect.equal(head_of(store).version, versions["commit"], "the version of the host's stream")


@joined_check("C2", Level.THREADS)
def hosts_race_with_others(storage: Storage) -> None:
    """Hosts and others append to one stream at once, and some hosts roll back: each change of a host's is there if its record is,
    and no other."""
    if storage.harness.one_handle:
        raise expect.NotCovered(
            Text("the harness says that its storage has one handle", "测试支架声明该存储只有一个句柄")
        )
    begun(storage)
    storage.begin_lap()
    done: list[str] = []
    rounds = storage.rounds(3)

    def by_host(name: str, store: Store) -> None:
        host = storage.host()
        joined = store.join(host.connection)
        for turn in storage.turns(rounds):
            _tried(storage, partial(try_once, host, joined, f"{name} {turn}", turn % 3 == 2))
        joined.close()

    def try_once(host: Host, joined: JoinedStore, text: str, given_up: bool) -> bool:
        joined.begin()
        try:
            host.change(text)
            joined.append(AppendBatch(STREAM, head_of(joined).version, (record(text),)))
            if given_up:
                host.rollback()
                return True
            joined.commit()
        except StoreError:
            host.rollback()
            return False
        done.append(text)
        return True

    def by_itself(store: Store) -> None:
        for turn in storage.turns(rounds):
            _tried(storage, partial(_wins, store, f"other {turn}"))

    workers = [partial(by_host, f"host-{n}") for n in range(3)]
    together(storage, Handles(storage, storage.config, None), *workers, by_itself)
    found = [one.payload.decode() for one in read_all(storage.open())]
    theirs = sorted(one for one in found if one.startswith("host"))
    expect.equal(theirs, sorted(done), "records of the hosts, and what their commits told")
    committed(storage.host(), *done)


def _wins(store: Store, text: str) -> bool:
    with suppress(VersionConflict):
        store.append(AppendBatch(STREAM, head_of(store).version, (record(text),)))
        return True
    return False


def _tried(storage: Storage, attempt: Callable[[], bool]) -> None:
    while not attempt() and storage.left():
        pass


def _commits(joined: JoinedStore) -> bool:
    """Commit; False where it was rolled back instead."""
    try:
        joined.commit()
    except StoreUnavailable:
        return False
    return True
