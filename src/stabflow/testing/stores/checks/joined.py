"""EXTERNAL_TX: what is appended within a transaction of the host is stored with it, or never."""

from __future__ import annotations

from functools import partial

import attrs

from ....errors import CommitUnknown, IdempotencyMismatch, StoreError, StoreUnavailable, VersionConflict
from ....ports.store import AppendResult, Capability, Store, StreamHead
from ... import expectation as expect
from ...harness import FaultKind
from ..hosts import ACTS, FIRST, begun, committed, joined_check, right, shown
from ..material import OFFICES, STREAM, act, batch, content, delivered, feed_from, head_of, read_all
from ..registry import Offer
from ..storage import Storage
from .faults import faulted


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


def failed_commit(storage: Storage, kind: FaultKind) -> tuple[Store, BaseException]:
    """Let the commit of a host's transaction fail so: the store, and what was raised, which may be an error of the host's own."""
    store, host, joined = begun(storage)
    joined.begin()
    expect.equal(head_of(joined).version, 0, "the version before")  # whatever is looked at once has been looked at
    joined.rollback()

    def transaction() -> None:
        joined.begin()
        host.change("permit")
        for number in range(2):
            joined.append(act(number, joined.capabilities))
        joined.commit()

    with faulted(storage, kind):
        error = expect.raised(Exception, transaction, f"a transaction of the host whose commit fails as {kind}")
    joined.close()
    host.close()
    return store, error


def nothing_came_of_it(storage: Storage, store: Store, what: str) -> None:
    """Neither acts nor change are there, nor do they come with the same in another transaction, which goes through."""
    expect.equal(shown(store, feed=False), right(store, [], feed=False), f"what the store shows after {what}")
    host = storage.host()
    committed(host)
    joined = storage.join(store, host)
    host.change("again")
    for number in range(2):
        expect.true(
            not joined.append(act(number, joined.capabilities)).replayed, f"an act is known by its key after {what}"
        )
    joined.commit()
    expect.equal(shown(store), right(store, range(2)), f"what the store shows after {what}, and another that succeeded")
    committed(host, "again")


@joined_check("C5", offers=[Offer.FAULT])
def a_refused_transaction_leaves_nothing(storage: Storage) -> None:
    """When the storage refuses what is in the host's transaction before anything is committed, that is an error, and not
    `CommitUnknown`; nothing is stored, and the host's change is not."""
    store, error = failed_commit(storage, "refused")
    what = "a transaction that was refused"
    known = isinstance(error, StoreUnavailable) or not isinstance(error, StoreError)
    expect.true(known, f"{what} is told as another error", repr(error))
    nothing_came_of_it(storage, store, what)


@joined_check("C5", offers=[Offer.FAULT])
def a_torn_transaction_leaves_nothing(storage: Storage) -> None:
    """When the storage fails in the middle of the host's commit, that is an error; nothing is stored, and the host's change is
    not."""
    store, error = failed_commit(storage, "torn")
    what = "a commit of the host's that failed in the middle"
    known = isinstance(error, StoreUnavailable | CommitUnknown) or not isinstance(error, StoreError)
    expect.true(known, f"{what} is told as another error", repr(error))
    nothing_came_of_it(storage, store, what)


@joined_check("C5", offers=[Offer.FAULT])
def a_lost_answer_to_the_host_is_an_unknown_outcome(storage: Storage) -> None:
    """When the host's transaction was committed and the answer is lost, ``commit`` raises `CommitUnknown`; the keys find the
    acts, and the host's change is there."""
    store, error = failed_commit(storage, "lost")
    expect.true(
        isinstance(error, CommitUnknown), "a commit whose answer was lost is told as another error", repr(error)
    )
    for number in range(2):
        expect.true(store.append(act(number, store.capabilities)).replayed, f"act {number} is not known by its key")
    expect.equal(shown(store), right(store, range(2)), "what the store shows")
    committed(storage.host(), "permit")
