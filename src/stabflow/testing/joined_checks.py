"""EXTERNAL_TX: what is appended within a transaction of the host is stored with it, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import attrs

from ..errors import IdempotencyMismatch, InvalidInput, StoreUnavailable, Unsupported, VersionConflict
from ..ports.store import (
    AppendResult,
    Capability,
    CaseQuery,
    DutyQuery,
    JoinedStore,
    Store,
    StreamHead,
)
from ..stores.memory import MemoryStore
from . import expectation as expect
from .harness import Host
from .material import OFFICES, STREAM, act, batch, content, delivered, feed_from, head_of, holdings, notices, read_all
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
    clause: str, level: Level = Level.SEQUENTIAL, *, needs: Sequence[Capability] = ()
) -> Callable[[Body], Body]:
    """Register a check that takes a host."""
    return check(clause, level, needs=[Capability.EXTERNAL_TX, *needs], offers=[Offer.HOST])


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


@joined_check("C2")
def nobody_sees_it_before_the_commit(storage: Storage) -> None:
    """Before the host commits nobody else sees anything of what was appended in its transaction: no record, no head, no index
    row, no key, no snapshot, no notice, nothing in the feed; after it everybody sees all, and the host's own change."""
    store, host, joined = begun(storage)
    before = shown(store)
    host.change("permit")
    for number in range(6):
        planned = act(number, joined.capabilities)
        first, last = planned.expected_version + 1, planned.expected_version + len(planned.records)
        expect.equal(joined.append(planned), AppendResult(first, last), f"appending act {number}")
        expect.equal(shown(store), before, f"what others see after act {number}, before the commit")
        committed(host)
    host.commit()
    expect.equal(shown(store), right(store, range(6)), "what others see after the commit")
    committed(host, "permit")
    if storage.has(Capability.OUTBOX):
        found = sorted(one.payload for one in delivered(store))
        expect.equal(found, [f"notice {number}".encode() for number in range(6)], "notices delivered after the commit")


@joined_check("C2")
def a_rollback_leaves_nothing(storage: Storage) -> None:
    """After a rollback, by the host or by the joined store, nothing of the transaction is there, not the host's change either;
    the keys can be used for other acts."""
    store, host, joined = begun(storage)
    for number, undo in enumerate((host.rollback, joined.rollback)):
        before = shown(store)
        host.change("undone")
        for one in range(3 * number, 3 * number + 3):
            joined.append(act(one, joined.capabilities))
        undo()
        expect.equal(shown(store), before, "what the store shows after the rollback")
        committed(host, *["permit"] * number)
        host.change("permit")
        expect.equal(content(read_all(joined)), content(read_all(store)), "records that the next transaction reads")
        for one in range(3 * number, 3 * number + 3):
            planned = act(one, joined.capabilities)
            done = joined.append(attrs.evolve(planned, digest="another"))
            expect.true(not done.replayed, f"act {one} was rolled back, and its key is known", done)
        host.commit()
        known = store.lookup(act(3 * number).stream, f"key-{3 * number}")
        expect.equal(known and known[0], "another", "the digest under a key that was rolled back, then used again")
        committed(host, *["permit"] * (number + 1))
    expected = {**right(store, range(6)), "keys": None}
    expect.equal({**shown(store), "keys": None}, expected, "what the store shows in the end")


@joined_check("C7")
def the_transaction_reads_what_it_wrote(storage: Storage) -> None:
    """Within the transaction every question is answered by what was committed before and what was appended in it since; the feed
    alone waits for the commit."""
    store, host, joined = begun(storage)
    store.append(act(0, store.capabilities))
    host.change("permit")
    expect.equal(shown(joined, feed=False), right(joined, [0], feed=False), "what was committed before")
    for number in range(1, 9):
        planned = act(number, joined.capabilities)
        seen = tuple(joined.heads([planned.stream, FIRST]))
        expect.true(joined.are_heads(seen), "are_heads does not know the heads just told")
        joined.append(planned)
        what = f"what the transaction reads after act {number}"
        expect.equal(shown(joined, feed=False), right(joined, range(number + 1), feed=False), what)
        expect.true(not joined.are_heads(seen), f"are_heads after act {number}: still the heads of before")
    last = read_all(joined)[-1]
    expect.equal(list(joined.read_stream(STREAM, after=last.version - 1)), [last], "the last record, read alone")
    if storage.has(Capability.FEED):
        expect.equal(feed_from(joined)[0], feed_from(store)[0], "the feed within the transaction")
    joined.commit()
    expect.equal(shown(store), right(store, ACTS), "what others see after the commit")
    committed(host, "permit")


@joined_check("C2")
def a_refused_batch_leaves_the_transaction(storage: Storage) -> None:
    """A batch refused with `VersionConflict`, for its own stream or one relied on, with `IdempotencyMismatch` or as one that
    could not be right leaves the transaction as it was: what was in it, the host's change too, is read and can be committed."""
    store, host, joined = begun(storage)
    host.change("before")
    for number in range(4):
        joined.append(act(number, joined.capabilities))
    before = shown(joined, feed=False)
    fresh = attrs.evolve(act(4, joined.capabilities), key="fresh", digest="fresh")
    absent = StreamHead("another", 3, bytes(32))
    here = head_of(joined, STREAM)
    facts = {"stream": fresh.stream, "expected": fresh.expected_version + 1, "actual": fresh.expected_version}
    ahead = attrs.evolve(fresh, expected_version=fresh.expected_version + 1, snapshot=None)
    expect.raised(VersionConflict, lambda: joined.append(ahead), "appending after no such version", **facts)
    for head in (absent, attrs.evolve(here, hash=bytes(32))):
        relying = attrs.evolve(fresh, relies_on=(head,))
        what = f"relying on {head.stream} where it does not end so"
        expect.raised(VersionConflict, partial(joined.append, relying), what, stream=head.stream)
    other = attrs.evolve(fresh, key="key-1")
    expect.raised(IdempotencyMismatch, lambda: joined.append(other), "appending another act under a used key")
    expect.raised(ValueError, lambda: joined.append(batch(stream=OFFICES, count=0)), "appending nothing")
    expect.true(joined.is_open, "the transaction is over after refused batches")
    expect.equal(shown(joined, feed=False), before, "what the transaction reads after refused batches")
    joined.append(attrs.evolve(act(4, joined.capabilities), relies_on=(here,)))
    host.change("after")
    joined.commit()
    expect.equal(shown(store), right(store, range(5)), "what the store shows after the commit")
    expect.equal(store.lookup(fresh.stream, "fresh"), None, "the key of a refused batch")
    committed(host, "before", "after")


@joined_check("C3")
def a_key_answers_within_the_transaction_and_after_it(storage: Storage) -> None:
    """An act that is repeated gets its first result, whether it was appended before the transaction, in it, or in one that was
    committed; another act under the key is `IdempotencyMismatch`."""
    store, host, joined = begun(storage)
    store.append(batch(0, 2, key="early", digest="d"))
    host.change("permit")
    late = batch(2, 3, key="late", digest="d")
    expect.equal(joined.append(batch(0, 2, key="early", digest="d")), AppendResult(1, 2, replayed=True), "of before")
    expect.equal(joined.lookup(STREAM, "late"), None, "a key before it is used")
    expect.equal(joined.append(late), AppendResult(3, 5), "the first time")
    joined.append(batch(5))
    known = ("d", AppendResult(3, 5, replayed=True))
    expect.equal(joined.lookup(STREAM, "late"), known, "the key within the transaction")
    for once_more in (late, attrs.evolve(late, expected_version=6)):
        expect.equal(joined.append(once_more), known[1], "the same act once more, within the transaction")
    other = batch(6, key="late", digest="other")
    expect.raised(IdempotencyMismatch, lambda: joined.append(other), "another act under the key", key="late")
    expect.equal(store.lookup(STREAM, "late"), None, "the key outside of the transaction")
    host.commit()
    expect.equal(store.lookup(STREAM, "late"), known, "the key after the commit")
    expect.equal(store.append(late), known[1], "the same act once more, after the commit")
    joined.begin()
    expect.equal(joined.append(late), known[1], "the same act once more, in the next transaction")
    joined.commit()
    expect.equal(head_of(store).version, 6, "the version of the stream in the end")


@joined_check("Port")
def without_a_transaction_nothing_is_done(storage: Storage) -> None:
    """Where the host has no transaction open, at first or since it ended one, appending and reading are `StoreUnavailable`;
    nothing is stored, not by the host's next commit either."""
    store, host, joined = begun(storage)
    asked: dict[str, Callable[[], object]] = {
        "append": lambda: joined.append(batch(head_of(store).version, key="key", digest="d")),
        "heads": lambda: joined.heads([STREAM]),
        "are_heads": lambda: joined.are_heads([StreamHead(STREAM, 0, b"")]),
        "lookup": lambda: joined.lookup(STREAM, "key"),
        "read_stream": lambda: joined.read_stream(STREAM),
        "find_cases": lambda: joined.find_cases(CaseQuery()),
        "find_duties": lambda: joined.find_duties(DutyQuery()),
    }
    ended: dict[str, Callable[[], None]] = {
        "before the first transaction": lambda: None,
        "after the host's commit": host.commit,
        "after a commit of the joined store": joined.commit,
        "after the host's rollback": host.rollback,
        "after a rollback of the joined store": joined.rollback,
    }
    for number, (when, end) in enumerate(ended.items()):
        if number:
            joined.begin()
            joined.append(batch(head_of(joined).version))
            end()
        expect.true(not joined.is_open, f"{when} a transaction is said to be open")
        there = content(read_all(store))
        for name, call in asked.items():
            expect.raised(StoreUnavailable, call, f"{name} {when}")
        host.change(when)
        host.commit()
        expect.equal(content(read_all(store)), there, f"records after a refused append {when}")
        expect.equal(store.lookup(STREAM, "key"), None, f"the key of a refused append {when}")
    committed(host, *ended)


@joined_check("Port")
def a_transaction_can_be_begun_and_ended(storage: Storage) -> None:
    """``begin`` opens a transaction to which the host's change belongs too, or takes the one that the host has open, with what
    is in it; ``commit`` and ``rollback`` end it with all of that. ``is_open`` tells. Without one ``commit`` is
    `StoreUnavailable`."""
    store, host, joined = begun(storage)
    expect.true(isinstance(joined, JoinedStore), "join() must give a JoinedStore", type(joined))
    expect.equal(joined.capabilities, store.capabilities, "the capabilities of the joined store")
    by_the_host: list[Callable[[], None]] = [partial(host.change, "0"), joined.begin]
    for_the_host: list[Callable[[], None]] = [joined.begin, partial(host.change, "1")]
    for version, (first, then) in enumerate((by_the_host, for_the_host)):
        for end, stays in ((joined.rollback, False), (joined.commit, True)):
            first()
            expect.true(joined.is_open, "no transaction is open though one was begun")
            then()
            joined.begin()  # for good measure
            joined.append(batch(version))
            committed(host, *map(str, range(version)))
            expect.equal(head_of(store).version, version, "the version that others see before the end")
            end()
            expect.true(not joined.is_open, "a transaction is open though it was ended")
            there = version + stays
            expect.equal(head_of(store).version, there, "the version that others see after the end")
            committed(host, *map(str, range(there)))
            host.commit()  # which finds nothing
            expect.equal(head_of(store).version, there, "the version after another commit of the host's")
    joined.rollback()
    what = "a commit without a transaction"
    expect.raised(StoreUnavailable, joined.commit, what)
    host.change("2")
    host.commit()
    committed(host, "0", "1", "2")


@joined_check("Port")
def closing_leaves_the_transaction(storage: Storage) -> None:
    """A joined store that is closed, once or twice, is used no more: `StoreUnavailable`. The host's transaction stays open with
    all that is in it, and so does the handle."""
    store, host, joined = begun(storage)
    for version, end in enumerate((host.commit, host.rollback)):
        host.change(f"{version}")
        joined.append(batch(version, key=f"{version}", digest="d"))
        joined.close()
        joined.close()
        asked: dict[str, Callable[[], object]] = {
            "append": partial(joined.append, batch(version + 1)),
            "heads": partial(joined.heads, [STREAM]),
            "lookup": partial(joined.lookup, STREAM, "0"),
        }
        for name, call in asked.items():
            expect.raised(StoreUnavailable, call, f"{name} of a joined store that was closed")
        expect.equal(head_of(store).version, version, "the version that others see when the joined store was closed")
        committed(host, *["0"] * version)
        end()
        expect.equal(head_of(store).version, 1, "the version after the end of the transaction")
        committed(host, "0")
        joined = storage.join(store, host)
    joined.begin()
    expect.true(joined.append(batch(0, key="0", digest="d")).replayed, "what was committed is known to the next one")
    joined.rollback()


@joined_check("Port")
def what_is_no_connection_is_bad_input(storage: Storage) -> None:
    """Joining what is no connection of a kind that the store knows is `InvalidInput`."""
    store, host, joined = begun(storage)
    for other in (None, 7, "connection", object(), {"connection": host.connection}, storage):
        expect.raised(InvalidInput, partial(store.join, other), f"joining {expect.shown(other)}")
    joined.begin()
    joined.append(batch())
    joined.commit()
    expect.equal(head_of(store).version, 1, "the version once a connection was joined")


@joined_check("Port")
def a_batch_goes_to_the_storage_of_its_store(storage: Storage) -> None:
    """A connection that leads to another storage is refused with `InvalidInput`; where both are on one database, a batch goes to
    the storage of the store that was asked to join."""
    store = storage.open()
    store.append(batch(stream=FIRST))
    config = storage.provision()
    other = storage.open(config)
    other.append(batch(stream=FIRST))
    host = storage.host(config)
    host.change("permit")
    try:
        joined = storage.join(store, host)
        joined.append(batch())
    except InvalidInput:
        host.rollback()
        committed(host)
    else:
        host.commit()
        expect.equal(head_of(store).version, 1, "the version in the storage of the store")
        committed(host, "permit")
    expect.equal(head_of(other).version, 0, "the version in the storage to which the connection leads")


@joined_check("Port", needs=[Capability.OUTBOX])
def leases_are_not_for_a_transaction_of_the_host(storage: Storage) -> None:
    """Claiming, acknowledging, releasing and reviving are `Unsupported` within the host's transaction, which they leave as it
    is."""
    store, host, joined = begun(storage)
    store.append(batch(0, outbox=(*notices("one"), *notices("two", lane="other"), *notices("dead", lane="third"))))
    one, two, dead = store.claim("worker", limit=3, lease_for=60)
    store.release(dead, retry_after=None, error="no address")
    host.change("permit")
    joined.append(batch(1, outbox=notices("three")))
    refused: dict[str, Callable[[], object]] = {
        "claim": lambda: joined.claim("worker", limit=9, lease_for=60),
        "ack": lambda: joined.ack(one),
        "release": lambda: joined.release(one, retry_after=0, error=""),
        "revive": lambda: joined.revive(dead.notice),
    }
    for name, call in refused.items():
        expect.raised(Unsupported, call, f"{name} within a transaction of the host")
    expect.equal([letter.notice for letter in joined.dead_letters()], [dead.notice], "what was given up, read in it")
    joined.commit()
    committed(host, "permit")
    store.ack(one)
    store.ack(two)
    expect.equal([claim.payload for claim in delivered(store)], [b"three"], "notices delivered after the commit")


@joined_check("Port")
def a_joined_store_joins_nothing(storage: Storage) -> None:
    """A store within a transaction of the host's is not joined again: `Unsupported`."""
    store, host, joined = begun(storage)
    for _ in range(2):
        expect.raised(Unsupported, lambda: joined.join(host.connection), "joining out of a joined store")
        host.change("permit")
    joined.append(batch())
    host.commit()
    expect.equal(head_of(store).version, 1, "the version in the end")
