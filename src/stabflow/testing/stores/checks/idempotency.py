"""C3, one handle in order: the same act twice is one act."""

from __future__ import annotations

from functools import partial

import attrs

from ....errors import IdempotencyMismatch, VersionConflict
from ....ports.store import AppendResult, Capability
from ... import expectation as expect
from ..material import STREAM, act, batch, delivered, holdings, notices
from ..registry import Level, check
from ..storage import Storage


@check("C3")
def the_same_act_again_gives_the_first_result(storage: Storage) -> None:
    """The same key and digest give the first result with ``replayed=True``, although the version has moved on."""
    store = storage.open()
    expect.equal(store.append(batch(0, 2, key="key", digest="digest")), AppendResult(1, 2), "the first append")
    store.append(batch(2))
    again = AppendResult(1, 2, replayed=True)
    expect.equal(
        store.append(batch(0, 2, key="key", digest="digest")), again, "the same append again, its version stale"
    )
    expect.equal(store.append(batch(3, 1, key="key", digest="digest")), again, "the same key at the present version")
    expect.equal(store.append(batch(9, 1, key="key", digest="digest")), again, "the same key at a version to come")
    expect.equal(store.lookup(STREAM, "key"), ("digest", again), "looking the key up")
    expect.equal(len(store.read_stream(STREAM)), 3, "records after the repetitions")


@check("C3")
def another_act_under_the_key_is_refused_before_the_version_is_compared(storage: Storage) -> None:
    """The same key with another digest is `IdempotencyMismatch`, at whatever version it comes."""
    store = storage.open()
    store.append(batch(0, key="key", digest="digest"))
    for expected in (0, 1, 9):
        expect.raised(
            IdempotencyMismatch,
            partial(store.append, batch(expected, key="key", digest="another")),
            f"another act under a used key, after version {expected} of a stream at 1",
            stream=STREAM,
            key="key",
        )
    expect.equal(len(store.read_stream(STREAM)), 1, "records after the refused appends")
    expect.equal(
        store.lookup(STREAM, "key"), ("digest", AppendResult(1, 1, replayed=True)), "the key after the refused appends"
    )


@check("C3")
def a_key_belongs_to_its_stream(storage: Storage) -> None:
    """A key used on one stream is fresh on another."""
    store = storage.open()
    store.append(batch(0, key="key", digest="digest"))
    expect.equal(store.lookup("another", "key"), None, "the key on another stream")
    done = store.append(batch(0, stream="another", key="key", digest="another"))
    expect.equal(done, AppendResult(1, 1), "the same key on another stream")


@check("C3")
def a_refused_append_uses_up_no_key(storage: Storage) -> None:
    """A key given with a refused append is fresh for the next."""
    store = storage.open()
    store.append(batch(0))
    expect.raised(
        VersionConflict, lambda: store.append(batch(0, key="key", digest="one")), "appending at a stale version"
    )
    expect.equal(store.lookup(STREAM, "key"), None, "the key of the refused append")
    expect.equal(store.append(batch(1, key="key", digest="two")), AppendResult(2, 2), "another act under that key")


@check("C3")
def a_repetition_changes_nothing(storage: Storage) -> None:
    """A repeated act writes no record, no index row, no snapshot and no notice a second time."""
    store = storage.open()
    for number in range(9):
        store.append(act(number, store.capabilities))
    before = holdings(store, range(9))
    if storage.has(Capability.OUTBOX):
        sent = [one.payload for one in delivered(store)]
        expect.equal(sorted(sent), sorted(b"notice %d" % n for n in range(9)), "the notices of the acts")
    for number in range(9):
        expect.true(store.append(act(number, store.capabilities)).replayed, f"act {number} again is not replayed")
        spoiled = attrs.evolve(act(number + 3, store.capabilities), key=f"key-{number}", digest=f"digest-{number}")
        if spoiled.stream == act(number).stream:
            store.append(spoiled)
    expect.equal(holdings(store, range(9)), before, "what the store holds after the repetitions")
    if storage.has(Capability.OUTBOX):
        expect.equal([one.payload for one in delivered(store)], [], "notices after the repetitions")


@check("C3", needs=[Capability.OUTBOX])
def reminders_have_a_key_and_no_records(storage: Storage) -> None:
    """A batch of notices alone, with a key, is written once; its result is (version + 1, version)."""
    store = storage.open()
    store.append(batch(0, 2))
    reminder = batch(2, 0, outbox=notices("due tomorrow"), key="reminder", digest="digest")
    expect.equal(store.append(reminder), AppendResult(3, 2), "appending notices alone")
    expect.equal(store.append(reminder), AppendResult(3, 2, replayed=True), "appending them again")
    expect.equal(len(store.read_stream(STREAM)), 2, "records after notices alone")
    expect.equal([one.payload for one in delivered(store)], [b"due tomorrow"], "the notices there are")


@check("C3", Level.SECOND_HANDLE)
def a_key_is_known_to_every_handle(storage: Storage) -> None:
    """An act written by one handle is recognised by another, that had looked the key up before it was there."""
    one, two = storage.open(), storage.open()
    expect.equal(two.lookup(STREAM, "key"), None, "a fresh key")
    one.append(batch(0, 2, key="key", digest="digest"))
    again = AppendResult(1, 2, replayed=True)
    expect.equal(two.lookup(STREAM, "key"), ("digest", again), "the key that another handle wrote")
    expect.equal(two.append(batch(0, 2, key="key", digest="digest")), again, "the act that another handle wrote")
    expect.raised(
        IdempotencyMismatch,
        lambda: two.append(batch(2, key="key", digest="another")),
        "another act under a key that another handle used",
    )
