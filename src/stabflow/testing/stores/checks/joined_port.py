"""EXTERNAL_TX: joining, beginning, ending and closing, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ....errors import CommitUnknown, InvalidInput, StoreError, StoreUnavailable, Unsupported
from ....ports.store import Capability, CaseQuery, DutyQuery, JoinedStore, StreamHead
from ... import expectation as expect
from ..hosts import FIRST, begun, committed, joined_check
from ..material import STREAM, batch, content, delivered, head_of, notices, read_all
from ..storage import Storage


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
    is in it; ``commit`` and ``rollback`` end it with all of that. ``is_open`` tells."""
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
    joined.rollback()  # which finds nothing
    host.change("2")
    host.commit()
    committed(host, "0", "1", "2")


@joined_check("C5")
def a_commit_without_a_transaction_is_no_success(storage: Storage) -> None:
    """Where no transaction is open, ``commit`` is `StoreUnavailable` or `CommitUnknown`: the latter where the host has
    committed its transaction itself, so that all is stored."""
    store, host, joined = begun(storage)
    neither = (StoreUnavailable, CommitUnknown)
    expect.raised(StoreError, joined.commit, "a commit before the first transaction")
    ended: dict[str, tuple[Callable[[], None], tuple[type[StoreError], ...]]] = {
        "the host's rollback": (host.rollback, neither),
        "the host's commit": (host.commit, (CommitUnknown,)),
        "a rollback of the joined store": (joined.rollback, neither),
    }
    for what, (end, right) in ended.items():
        host.change(what)
        joined.append(batch(head_of(joined).version))
        end()
        error = expect.raised(StoreError, joined.commit, f"a commit after {what}")
        expect.true(isinstance(error, right), f"a commit after {what} is told as another error", repr(error))
    committed(host, "the host's commit")
    expect.equal(head_of(store).version, 1, "the version in the end")


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


@joined_check("Port")
def who_asks_is_told_of_commits(storage: Storage) -> None:
    """Where the host's library can say so, ``when_committed`` calls after each commit, once all is there to be seen: by the
    host or by the joined store. Nothing is told of a rollback, nor once the joined store is closed."""
    store, host, joined = begun(storage)
    told: list[tuple[int, int]] = []
    joined.when_committed(lambda: told.append((head_of(store).version, len(host.changes()))))
    for version, end in enumerate((host.commit, joined.commit)):
        for undo in (joined.rollback, host.rollback, None):
            before = list(told)
            host.change(f"{version}")
            joined.append(batch(version))
            if undo is not None:
                undo()
            expect.equal(told, before, "what was told before a commit")
        end()
        committed(host, *map(str, range(version + 1)))
    can_say = bool(told)
    expect.equal(told, [(1, 1), (2, 2)] if can_say else [], "what others could see when a commit was told")
    joined.close()
    host.change("2")
    host.commit()
    expect.equal(len(told), 2 if can_say else 0, "how often it was told, once the joined store was closed")
