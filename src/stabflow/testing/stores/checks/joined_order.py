"""EXTERNAL_TX with others at work meanwhile: who waits, who wins, and who sees what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ....errors import StoreError, StoreUnavailable, VersionConflict
from ....ports.store import AppendBatch, AppendResult, Capability, JoinedStore, Store, StreamHead
from ....text import Text
from ... import expectation as expect
from ...harness import Host
from ..hosts import FIRST, begun, committed, joined_check, right, shown
from ..material import OFFICES, STREAM, act, batch, head_of, place, read_all, record
from ..meanwhile import at_once, meanwhile
from ..racing import Handles, together
from ..registry import Level
from ..storage import Storage


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
    with meanwhile(storage, host, batch(0, 2)) as other:
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
    with meanwhile(storage, host, batch(1, stream=OFFICES)) as other:
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
