"""Threads that read while others write: nobody sees half an act, and what was seen stays where it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from random import Random

from ....ports.store import AppendBatch, Capability, CaseQuery, DutyQuery, IndexChange, Snapshot, Store, StoredRecord
from ... import expectation as expect
from ..material import STREAM, case_row, duty_row, feed_from, head_of, notices, record
from ..racing import Handles, together, ways
from ..registry import Level, check
from ..storage import Storage


def whole_act(turn: int, declared: frozenset[Capability], stream: str = STREAM) -> AppendBatch:
    """An act of two records, from which everything that belongs to it can be told by its version."""
    last = 2 * turn + 2
    new = (record(f"{stream} {turn} a"), record(f"{stream} {turn} b"))
    change = IndexChange(case_row(version=last), (), (duty_row(level=last),)) if stream == STREAM else None
    snapshot = Snapshot(stream, last, b"%d" % last) if Capability.SNAPSHOTS in declared else None
    outbox = notices(f"{last}") if Capability.OUTBOX in declared and stream == STREAM else ()
    return AppendBatch(stream, 2 * turn, new, change, outbox, snapshot, f"key-{last}", f"{last}")


@check("C2", Level.THREADS)
def readers_see_whole_acts(storage: Storage) -> None:
    """While acts are written, whoever sees one part of an act sees the others: records, index, key, snapshot, place in the
    feed."""
    for handles in ways(storage):
        _watch(storage, handles, turns=storage.rounds(30))


def _watch(storage: Storage, handles: Handles, turns: int) -> None:
    done = threading.Event()
    last = [0]

    def write(store: Store) -> None:
        try:
            for turn in storage.turns(turns):
                last[0] = store.append(whole_act(turn, store.capabilities)).last_version
        finally:
            done.set()

    def parts(store: Store) -> dict[str, Callable[[], int]]:
        """Each part of the acts, as the version of the last act of which it is seen."""

        known = 0
        fed, cursor = 0, None

        def records() -> int:
            nonlocal known
            found = store.read_stream(STREAM, after=known)
            versions = [one.version for one in found]
            last = known + len(versions)
            expect.equal(versions, list(range(known + 1, last + 1)), f"versions after {known} while somebody writes")
            expect.true(len(versions) % 2 == 0, "half of the records of an act are seen", versions)
            known = max(known, last - 100)
            return last

        def feed() -> int:
            nonlocal fed, cursor
            found, cursor = feed_from(store, cursor)
            fed += len(found)
            return fed

        def case() -> int:
            rows = store.find_cases(CaseQuery()).rows
            return rows[0].version if rows else 0

        def duty() -> int:
            rows = store.find_duties(DutyQuery()).rows
            return rows[0].level if rows else 0

        found: dict[str, Callable[[], int]] = {
            "records": records,
            "head": lambda: head_of(store).version,
            "case row": case,
            "duty row": duty,
        }
        if Capability.SNAPSHOTS in store.capabilities:

            def snapshot() -> int:
                taken = store.get_snapshot(STREAM)
                return 0 if taken is None else taken.version

            found["snapshot"] = snapshot
        if Capability.FEED in store.capabilities:
            found["feed"] = feed
        return found

    def read(chance: int, store: Store) -> None:
        random = Random(chance)
        looks = parts(store)
        names = list(looks)
        while not done.is_set():
            first, second = random.sample(names, 2)
            earlier, later = looks[first](), looks[second]()
            what = (
                f"the {first} shows the act that ends at version {earlier}, then the {second} shows none after {later}"
            )
            expect.true(later >= earlier, what)
            if earlier:
                expect.true(
                    store.lookup(STREAM, f"key-{earlier}") is not None, f"the key of the act at {earlier} is not there"
                )

    try:
        together(storage, handles, write, *(partial(read, storage.seed + n) for n in range(2)))
    except BaseException:
        done.set()
        raise
    expect.equal(head_of(handles()).version, last[0], f"{handles.title}: the version in the end")
    handles.leave()


@check("C2", Level.THREADS, needs=[Capability.OUTBOX])
def notices_come_with_their_act(storage: Storage) -> None:
    """Whoever sees the records of an act can claim its notice, and whoever claims a notice sees the records."""
    for handles in ways(storage):
        done = threading.Event()
        turns = storage.rounds(25)

        def write(store: Store, done: threading.Event = done, turns: int = turns) -> None:
            try:
                for turn in storage.turns(turns):
                    store.append(whole_act(turn, store.capabilities))
            finally:
                done.set()

        def read(store: Store, done: threading.Event = done) -> None:
            claimed = 0
            over = False
            while not over:
                over = done.is_set()
                seen = head_of(store).version
                while claims := store.claim("worker", limit=9, lease_for=600):
                    for claim in claims:
                        claimed = int(claim.payload)
                        head = head_of(store).version
                        expect.true(
                            head >= claimed, f"the notice of the act at {claimed} is there; its stream ends at {head}"
                        )
                        store.ack(claim)
                expect.true(
                    claimed >= seen, f"the stream ends at {seen}, but the last notice there is that of {claimed}"
                )

        together(storage, handles, write, read)


@check("C7", Level.THREADS)
def what_one_thread_wrote_every_thread_sees(storage: Storage) -> None:
    """As soon as an append has returned in one thread, every other sees it; nobody sees a stream grow shorter."""
    for handles in ways(storage):
        written = [0]
        turns = storage.rounds(40)

        def write(store: Store, written: list[int] = written, turns: int = turns) -> None:
            try:
                for turn in storage.turns(turns):
                    done = store.append(whole_act(turn, store.capabilities))
                    expect.equal(head_of(store).version, done.last_version, "the head right after the append")
                    written[0] = done.last_version
            finally:
                written.append(0)

        def read(store: Store, written: list[int] = written) -> None:
            last = 0
            while len(written) == 1:
                least = written[0]
                seen = head_of(store).version
                expect.true(seen >= least, f"an append had returned version {least}, and the head is {seen}")
                expect.true(seen >= last, f"the head was {last}, and is {seen}")
                last = seen
                behind = max(0, seen - 100)
                found = behind + len(store.read_stream(STREAM, after=behind))
                expect.true(found >= seen, f"the head is {seen}, and the records are {found}")

        together(storage, handles, write, read, read)


@check("C6", Level.THREADS, needs=[Capability.FEED])
def nothing_appears_below_what_was_seen(storage: Storage) -> None:
    """Readers that follow the feed while four threads write see positions rise, miss nothing, and get nothing twice."""
    for handles in ways(storage):
        _follow(storage, handles, turns=storage.rounds(12))


def _follow(storage: Storage, handles: Handles, turns: int) -> None:
    writing = [4]
    guard = threading.Lock()
    followed: list[list[StoredRecord]] = []
    title = handles.title
    written: list[int] = []

    def write(name: str, store: Store) -> None:
        try:
            for turn in storage.turns(turns):
                store.append(whole_act(turn, store.capabilities, stream=f"system/{name}"))
                written.append(turn)
        finally:
            with guard:
                writing[0] -= 1

    def follow(limit: int, store: Store) -> None:
        seen: list[StoredRecord] = []
        cursor: str | None = None
        over = False
        while True:
            page = store.read_feed(after=cursor, limit=limit)
            cursor = page.cursor
            for one in page.records:
                if seen:
                    last = seen[-1].position
                    what = f"position {one.position} ({one.stream} {one.version}) comes after position {last} was seen"
                    expect.true(one.position > last, f"{title}: {what}")
                seen.append(one)
            if over and not page.records:
                break
            over = not writing[0]
        followed.append(seen)

    writers = [partial(write, f"writer-{n}") for n in range(4)]
    together(storage, handles, *writers, partial(follow, 1), partial(follow, 3), partial(follow, 100))
    whole, _ = feed_from(handles())
    expect.equal(len(whole), 2 * len(written), f"{title}: records in the feed in the end")
    positions = [one.position for one in whole]
    expect.equal(positions, sorted(set(positions)), f"{title}: positions in the feed in the end")
    for seen in followed:
        expect.equal(seen, whole, f"{title}: what a reader saw while the feed grew, and the feed in the end")
    handles.leave()
