"""What the methods promise beside the clauses, and C2: all of a batch or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import attrs

from ....errors import IdempotencyMismatch, StoreUnavailable, Unsupported, VersionConflict
from ....ports.store import (
    CONTRACT,
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Capability,
    CaseQuery,
    DutyQuery,
    IndexChange,
    NewNotice,
    Observation,
    Snapshot,
    Store,
    StreamHead,
)
from ....text import Text
from ... import expectation as expect
from ..material import STREAM, act, batch, case_row, delivered, duty_row, holdings, notices, read_all, record
from ..registry import check
from ..storage import Storage


@check("Port")
def it_declares_what_it_can_do(storage: Storage) -> None:
    """A store says which contract it was written for; its capabilities are a frozenset of `Capability`, and it has their
    methods."""
    store = storage.open()
    expect.true(isinstance(store, Store), "a handle must be a stabflow.ports.store.Store", type(store))
    expect.equal(store.contract, CONTRACT, "the contract the store was written for")
    declared = store.capabilities
    expect.true(isinstance(declared, frozenset), "capabilities must be a frozenset", declared)
    expect.true(all(isinstance(one, Capability) for one in declared), "capabilities must be of Capability", declared)
    lacking = storage.not_overridden()
    expect.true(not lacking, "; ".join(lacking))
    about = store.about()
    expect.true(isinstance(about, Mapping), "about() must give a mapping", about)
    words = [*about, *about.values()]
    expect.true(all(isinstance(one, str) for one in words), "about() must be words on words", about)
    seen = store.observe()
    expect.true(all(isinstance(one, Observation) for one in seen), "observe() must give observations", seen)


@check("Port")
def an_empty_store_answers(storage: Storage) -> None:
    """Before anything is written every question has an answer: nothing, version 0, no hash."""
    store = storage.open()
    expect.equal(list(store.read_stream(STREAM)), [], "records of a stream that is not there")
    expect.equal(store.lookup(STREAM, "key"), None, "a key that was never used")
    expect.equal(list(store.heads([STREAM])), [StreamHead(STREAM, 0, b"")], "the head of a stream that is not there")
    expect.equal(list(store.heads([])), [], "the heads of no streams")
    expect.true(store.are_heads([]), "are_heads of nothing must be true")
    expect.true(store.are_heads([StreamHead(STREAM, 0, b"")]), "a stream that is not there ends at version 0")
    expect.true(
        not store.are_heads([StreamHead(STREAM, 1, bytes(32))]), "a stream that is not there ends at no version 1"
    )
    for query in (CaseQuery(), CaseQuery(matter="bridge")):
        page = store.find_cases(query)
        expect.equal((page.rows, page.next), ((), None), "cases of an empty store")
    duties = store.find_duties(DutyQuery())
    expect.equal((duties.rows, duties.next), ((), None), "duties of an empty store")
    if storage.has(Capability.SNAPSHOTS):
        expect.equal(store.get_snapshot(STREAM), None, "the snapshot of a stream that is not there")
    if storage.has(Capability.OUTBOX):
        expect.equal(list(store.claim("worker", limit=1, lease_for=1.0)), [], "notices of an empty store")
        expect.equal(list(store.waiting()), [], "what waits in an empty store")
        expect.equal(list(store.dead_letters()), [], "dead letters of an empty store")
        expect.equal(store.revive(1), False, "reviving a notice that is not there")


@check("Port")
def what_is_not_declared_is_refused(storage: Storage) -> None:
    """A method or a part of a batch that needs a capability which is not declared is refused with `Unsupported`."""
    store = storage.open()
    asked: dict[Capability, list[Callable[[], object]]] = {
        Capability.FEED: [lambda: store.read_feed(after=None)],
        Capability.SNAPSHOTS: [
            lambda: store.get_snapshot(STREAM),
            lambda: store.append(batch(snapshot=Snapshot(STREAM, 1, b"data"))),
        ],
        Capability.OUTBOX: [
            lambda: store.claim("worker", limit=1, lease_for=1.0),
            store.waiting,
            store.dead_letters,
            lambda: store.revive(1),
            lambda: store.append(batch(outbox=(NewNotice("lane", b"notice"),))),
        ],
    }
    undeclared = [one for one in asked if one not in store.capabilities]
    if not undeclared:
        raise expect.NotCovered(
            Text("the store declares FEED, OUTBOX and SNAPSHOTS", "该存储声明了FEED、OUTBOX与SNAPSHOTS")
        )
    for capability in undeclared:
        for call in asked[capability]:
            what = f"using {capability.name}, which is not declared"
            expect.raised(Unsupported, call, what, capability=capability.name)
    expect.equal(list(store.read_stream(STREAM)), [], "records after refused appends")


@check("Port")
def a_batch_that_could_not_be_right_is_a_value_error(storage: Storage) -> None:
    """A batch that could never be right is a bug above the store: `ValueError`, and nothing is written."""
    store = storage.open()
    other_case = IndexChange(case_row("bridge-1"), (), (duty_row("bridge-2"),))
    wrong: dict[str, AppendBatch] = {
        "no records, no notices": batch(count=0),
        "no records and no notices, with a key": batch(count=0, key="key", digest="digest"),
        "a key without a digest": batch(key="key"),
        "a digest without a key": batch(digest="digest"),
        "no stream": batch(stream=""),
        "a duty of another case": batch(index=other_case),
    }
    if storage.has(Capability.OUTBOX):
        remind = notices("remind")
        wrong["notices alone without a key"] = batch(count=0, outbox=remind)
        changed = IndexChange(case_row())
        wrong["an index change without records"] = batch(count=0, outbox=remind, key="k", digest="d", index=changed)
    if storage.has(Capability.SNAPSHOTS):
        wrong["a snapshot beyond the head"] = batch(snapshot=Snapshot(STREAM, 2, b""))
        wrong["a snapshot of another stream"] = batch(snapshot=Snapshot("another", 1, b""))
        wrong["a snapshot at version 0"] = batch(snapshot=Snapshot(STREAM, 0, b""))
    for what, bad in wrong.items():
        expect.raised(ValueError, partial(store.append, bad), f"appending a batch with {what}")
    expect.equal(list(store.read_stream(STREAM)), [], "records after refused appends")
    expect.equal(store.find_cases(CaseQuery()).rows, (), "case rows after refused appends")
    if storage.has(Capability.OUTBOX):
        expect.equal(list(store.claim("worker", limit=9, lease_for=1.0)), [], "notices after refused appends")


@check("Port")
def a_stream_is_read_page_by_page(storage: Storage) -> None:
    """`read_stream` gives the versions above ``after``, in order, at most ``limit`` of them, of that stream alone."""
    store = storage.open()
    store.append(batch(0, 7))
    store.append(batch(0, 3, stream=STREAM + "0"))

    def versions(after: int, limit: int) -> list[int]:
        return [one.version for one in store.read_stream(STREAM, after=after, limit=limit)]

    expect.equal(versions(2, 3), [3, 4, 5], "versions after 2, at most 3")
    expect.equal(versions(5, 3), [6, 7], "versions after 5, at most 3")
    expect.equal(versions(5, 2), [6, 7], "versions after 5, at most 2")
    expect.equal(versions(6, 1), [7], "versions after 6, at most 1")
    expect.equal(versions(7, 3), [], "versions after the last")
    expect.equal(versions(99, 3), [], "versions after one that is not there")
    expect.equal(versions(-1, 7), [1, 2, 3, 4, 5, 6, 7], "versions after -1")
    expect.equal(
        [one.version for one in store.read_stream(STREAM)], [1, 2, 3, 4, 5, 6, 7], "a stream with no limit given"
    )
    expect.equal(list(store.read_stream("case/bridge")), [], "records of a stream whose name only begins so")


@check("Port")
def pages_are_bounded(storage: Storage) -> None:
    """A page has 1 to 1,000 rows; any other limit is `ValueError`."""
    store = storage.open()
    store.append(batch(0, index=IndexChange(case_row(), (), (duty_row(),))))
    for limit in (0, -1, MAX_PAGE + 1):
        asked: dict[str, Callable[[], object]] = {
            "read_stream": partial(store.read_stream, STREAM, limit=limit),
            "find_cases": partial(store.find_cases, CaseQuery(limit=limit)),
            "find_duties": partial(store.find_duties, DutyQuery(limit=limit)),
        }
        if storage.has(Capability.FEED):
            asked["read_feed"] = partial(store.read_feed, after=None, limit=limit)
        if storage.has(Capability.OUTBOX):
            asked["claim"] = partial(store.claim, "worker", limit=limit, lease_for=1.0)
            asked["waiting"] = partial(store.waiting, limit=limit)
            asked["dead_letters"] = partial(store.dead_letters, limit=limit)
        for name, call in asked.items():
            expect.raised(ValueError, call, f"{name} with limit {limit}")
    count = MAX_PAGE + 1
    many = tuple(record(f"record {n}") for n in range(count))
    store.append(AppendBatch("long", 0, many))
    expect.equal(len(store.read_stream("long", limit=MAX_PAGE)), MAX_PAGE, "records in the longest page")
    expect.equal(len(store.read_stream("long", after=MAX_PAGE)), 1, "records after the longest page")


@check("Port")
def a_closed_handle_says_so(storage: Storage) -> None:
    """Closing twice is harmless; using a closed handle is `StoreUnavailable`, whatever is asked."""
    store = storage.open()
    store.append(batch(0))
    declared = store.capabilities
    store.close()
    store.close()
    asked: dict[str, Callable[[], object]] = {
        "append": lambda: store.append(batch(1)),
        "heads": lambda: store.heads([STREAM]),
        "are_heads": lambda: store.are_heads([StreamHead(STREAM, 1, b"")]),
        "lookup": lambda: store.lookup(STREAM, "key"),
        "read_stream": lambda: store.read_stream(STREAM),
        "find_cases": lambda: store.find_cases(CaseQuery()),
        "find_duties": lambda: store.find_duties(DutyQuery()),
    }
    if Capability.FEED in declared:
        asked["read_feed"] = lambda: store.read_feed(after=None)
    if Capability.SNAPSHOTS in declared:
        asked["get_snapshot"] = lambda: store.get_snapshot(STREAM)
    if Capability.OUTBOX in declared:
        asked["claim"] = lambda: store.claim("worker", limit=1, lease_for=1.0)
        asked["waiting"] = store.waiting
        asked["dead_letters"] = store.dead_letters
        asked["revive"] = lambda: store.revive(1)
    for name, call in asked.items():
        expect.raised(StoreUnavailable, call, f"{name} on a closed handle")


@check("C2")
def versions_are_contiguous_and_positions_rise(storage: Storage) -> None:
    """The versions of a stream count from 1 without gaps; positions rise over all streams."""
    store = storage.open()
    expect.equal(store.append(batch(0, 3)), AppendResult(1, 3), "the first append")
    expect.equal(store.append(batch(0, stream="another")), AppendResult(1, 1), "the first append to another stream")
    expect.equal(store.append(batch(3, 2)), AppendResult(4, 5), "the next append")
    found = store.read_stream(STREAM)
    expect.equal([one.version for one in found], [1, 2, 3, 4, 5], "the versions of the stream")
    expect.equal({one.stream for one in found}, {STREAM}, "the streams of its records")
    positions = [one.position for one in found]
    expect.equal(positions, sorted(set(positions)), "positions along the stream")
    between = store.read_stream("another")[0].position
    expect.true(
        positions[2] < between < positions[3], "what was written between has a position between", (positions, between)
    )


@check("C2")
def a_refused_batch_leaves_everything_as_it_was(storage: Storage) -> None:
    """A refused append leaves no record, no index row, no key, no snapshot and no notice."""
    store = storage.open()
    declared = store.capabilities
    for number in range(6):
        store.append(act(number, declared))
    if Capability.OUTBOX in declared:
        delivered(store)
    before = holdings(store, range(9))
    stale = attrs.evolve(act(4, declared), key="fresh", digest="fresh")
    expect.raised(VersionConflict, lambda: store.append(stale), "appending at a stale version")
    other = attrs.evolve(act(7, declared), key="key-4")
    expect.raised(IdempotencyMismatch, lambda: store.append(other), "appending another act under a used key")
    relying = attrs.evolve(act(6, declared), relies_on=(StreamHead("another", 3, bytes(32)),))
    expect.raised(VersionConflict, lambda: store.append(relying), "appending what relies on a head that is not there")
    expect.equal(holdings(store, range(9)), before, "what the store holds after refused appends")
    expect.equal(store.lookup(stale.stream, "fresh"), None, "the key of a refused append")
    if Capability.OUTBOX in declared:
        storage.clock.advance(3_600)
        expect.equal(list(store.claim("worker", limit=9, lease_for=60)), [], "notices of refused appends")


@check("C2")
def a_large_batch_is_written_whole(storage: Storage) -> None:
    """A batch of 700 records, 40 duties and a key is one act like any other."""
    store = storage.open()
    store.append(batch(0, 1))
    duties = tuple(duty_row(duty=f"item-{n:02}", due_at="") for n in range(40))
    change = IndexChange(case_row(version=701), (), duties)
    expect.equal(store.append(batch(1, 700, index=change, key="key", digest="d")), AppendResult(2, 701), "the append")
    found = read_all(store)
    expect.equal([one.version for one in found], list(range(1, 702)), "the versions of the stream")
    expect.equal([one.payload for one in found], [f"{STREAM} {n}".encode() for n in range(1, 702)], "its payloads")
    expect.equal(store.find_duties(DutyQuery(limit=1_000)).rows, duties, "the duties")


@check("C11")
def records_stay_as_they_were_written(storage: Storage) -> None:
    """Whatever is appended, refused or repeated afterwards, a record keeps its bytes, its version and its position."""
    store = storage.open()
    for number in range(6):
        store.append(act(number, store.capabilities))
    kept = {stream: list(store.read_stream(stream)) for stream in {act(number).stream for number in range(6)}}
    for number in range(6, 30):
        store.append(act(number, store.capabilities))
        store.append(act(number - 6, store.capabilities))
        expect.raised(
            VersionConflict, partial(store.append, attrs.evolve(act(number), key=None, digest=None)), "a stale act"
        )
    for stream, records in kept.items():
        expect.equal(list(store.read_stream(stream, limit=len(records))), records, f"the first records of {stream}")
