"""Eight threads that append at once to one handle, so that their batches are committed in groups."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import apsw
import attrs

from stabflow.errors import CommitUnknown, StoreError, StoreUnavailable, VersionConflict
from stabflow.ports.store import (
    AppendBatch,
    CaseQuery,
    DutyQuery,
    IndexChange,
    NewNotice,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
)
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore

from .acts import case_row, duty_row, read_all, record
from .disk import Disk, Folder, Op, Replay, lay_out
from .ends import ALL_ENDS, NAME
from .faults import Fault
from .files import opened
from .power import Ends
from .script import MUCH_LATER, Hands, full_act
from .tally import Tally

THREADS = 8
BASE = full_act(0)
PATIENCE = 20.0


def batch_of(thread: int, number: int) -> AppendBatch:
    """The batch number 0, 1, … of a thread, with all that a batch can carry, for a stream, a lane and a case of its own."""
    name = f"group-{thread}"
    head = 2 * number
    return AppendBatch(
        f"case/{name}",
        head,
        (record(f"{name} {number}.1"), record(f"{name} {number}.2")),
        IndexChange(
            case_row(name, version=head + 2, matter=name, state=f"state-{number}"),
            cleared=(f"duty-{number - 1}",),
            duties=(duty_row(name, f"duty-{number}", level=number),),
        ),
        outbox=(NewNotice(name, f"{name} {number}".encode()),),
        snapshot=Snapshot(f"case/{name}", head + 2, f"{name} {number}".encode()),
        key=f"key-{number}",
        digest=f"{name} {number}",
        relies_on=(StreamHead(BASE.stream, 1, BASE.records[-1].hash),),
    )


def look(store: Store, hands: Hands, threads: Iterable[int], count: int) -> Mapping[int, object]:
    """What each thread's batches have left in a store, whose outbox is emptied. Positions depend on who came first."""
    feed: list[StoredRecord] = []
    cursor = None
    while (page := store.read_feed(after=cursor, limit=100)).records:
        feed += page.records
        cursor = page.cursor
    assert [one.position for one in feed] == sorted({one.position for one in feed}), "positions do not rise"
    hands.now += MUCH_LATER
    lanes: dict[str, list[bytes]] = {}
    while claims := store.claim("looker", limit=100, lease_for=1.0):
        for claim in claims:
            lanes.setdefault(claim.lane, []).append(claim.payload)
            store.ack(claim)
    found = {}
    for thread in threads:
        name = f"group-{thread}"
        stream = f"case/{name}"
        records = [attrs.evolve(one, position=0) for one in read_all(store, stream)]
        found[thread] = {
            "records": records,
            "feed is the stream": [attrs.evolve(one, position=0) for one in feed if one.stream == stream] == records,
            "keys": [store.lookup(stream, f"key-{number}") for number in range(count)],
            "stale": store.lookup(stream, "stale"),
            "case": store.find_cases(CaseQuery(matter=name)).rows,
            "duties": store.find_duties(DutyQuery(case_id=name)).rows,
            "snapshot": store.get_snapshot(stream),
            "notices": lanes.get(name, []),
        }
    return found


class Expected:
    """What the batches of one thread leave, after so many of them."""

    def __init__(self, thread: int, count: int) -> None:
        self._ends = []
        for number in range(count + 1):
            hands = Hands()
            store = MemoryStore(hands.clock)
            store.append(BASE)
            for n in range(number):
                store.append(batch_of(thread, n))
            self._ends.append(look(store, hands, [thread], count)[thread])

    def allowed(self, acknowledged: int, *, certain: bool = False) -> Sequence[object]:
        return self._ends[acknowledged : acknowledged + (1 if certain else 2)]

    def index(self, found: object) -> int | None:
        return self._ends.index(found) if found in self._ends else None


@attrs.define
class Company:
    """Threads at work, and how many of them are in the store just now."""

    threads: int
    condition: threading.Condition = attrs.field(factory=threading.Condition)
    inside: int = 0
    late: bool = False

    def enter(self, by: int) -> None:
        with self.condition:
            self.inside += by
            self.condition.notify_all()

    def leave_for_good(self) -> None:
        with self.condition:
            self.threads -= 1
            self.condition.notify_all()

    def gather(self) -> None:
        """Wait until all threads that are left wait for the store, so that whoever comes next is served as a group."""
        with self.condition:
            self.late |= not self.condition.wait_for(lambda: self.inside >= self.threads, PATIENCE)


@attrs.define
class Outcome:
    """How many batches of a thread were acknowledged, and the error that ended it."""

    acknowledged: int = 0
    error: StoreError | None = None
    surprise: BaseException | None = None


def start(folder: Path) -> Folder:
    """The files of a store that holds one act, on which the threads rely."""
    folder.mkdir()
    with opened(folder / NAME) as store:
        store.append(BASE)
    return {NAME: (folder / NAME).read_bytes()}


def work_together(
    folder: Path,
    files: Folder,
    count: int,
    *,
    fault: Callable[[Op], Exception | None] = lambda _op: None,
    then: Callable[[SqliteStore, Disk, Sequence[Outcome]], None] = lambda _store, _disk, _outcomes: None,
) -> tuple[Disk, Sequence[Outcome]]:
    """Let the threads append ``count`` batches each, now and then also one at a wrong version, and one again; each stops at its
    first error. ``then`` is told before the store is closed."""
    lay_out(folder, files)
    disk, company = Disk(), Company(THREADS)
    outcomes = [Outcome() for _ in range(THREADS)]

    def watch(op: Op) -> Exception | None:
        if op.kind == "sync" and op.name == f"{NAME}-wal":
            company.gather()
        return fault(op)

    def ask(store: SqliteStore, batch: AppendBatch) -> bool:
        company.enter(1)
        try:
            return store.append(batch).replayed
        finally:
            company.enter(-1)

    def work(store: SqliteStore, thread: int) -> None:
        mine = outcomes[thread]
        try:
            for number in range(count):
                replayed = ask(store, batch_of(thread, number))
                assert not replayed, "what was never appended is known"
                mine.acknowledged += 1
                disk.mark(thread)
                if (number + thread) % 3 == 0:
                    assert ask(store, batch_of(thread, number)), "what was acknowledged is not known"
                if (number + thread) % 3 == 1:
                    try:
                        ask(store, attrs.evolve(batch_of(thread, number), key="stale"))
                    except VersionConflict:
                        continue
                    raise AssertionError("a batch at a wrong version was accepted")
        except StoreError as error:
            mine.error = error
        except BaseException as error:  # noqa: BLE001 - told where the threads are waited for
            mine.surprise = error
        finally:
            company.leave_for_good()

    with disk.watching_names():
        store = SqliteStore.open(folder / NAME, vfs=disk.name)
        disk.fault = watch
        team = [threading.Thread(target=work, args=(store, thread)) for thread in range(THREADS)]
        for one in team:
            one.start()
        for one in team:
            one.join(6 * PATIENCE)
            assert not one.is_alive(), "a thread waits for ever"
        disk.fault = lambda _op: None
        then(store, disk, outcomes)
        store.close()
    assert not company.late, "the threads waited for each other in vain"
    return disk, outcomes


def examine(files: Folder, scratch: Path, count: int) -> Mapping[int, object]:
    hands = Hands()
    folder = lay_out(scratch, files)
    try:
        with opened(folder / NAME, clock=hands.clock) as store:
            return look(store, hands, range(THREADS), count)
    except (StoreError, apsw.Error, AssertionError) as error:
        return dict.fromkeys(range(THREADS), f"{type(error).__name__}: {error}")
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def cut_everywhere(tmp: Path, count: int, *, ends: Ends = ALL_ENDS, stride: int = 1) -> Tally:
    """Cut the power after every operation of such a run: of each thread's batches those acknowledged are there, and at most the
    next one."""
    files = start(tmp / "start")
    disk, outcomes = work_together(tmp / "run", files, count)
    syncs = sum(op.kind == "sync" and op.name == f"{NAME}-wal" for op in disk.log)
    assert all((one.acknowledged, one.error, one.surprise) == (count, None, None) for one in outcomes), outcomes
    assert syncs < THREADS * count, "no batches were committed as a group"
    expected = [Expected(thread, count) for thread in range(THREADS)]
    tally, replay = Tally(), Replay((files, files))
    acknowledged: Counter[int] = Counter()
    seen: dict[int, Mapping[int, object]] = {}
    for point in range(len(disk.log) + 1):
        if point:
            op = disk.log[point - 1]
            replay.happen(op)
            if op.kind == "mark":
                acknowledged[int(op.data)] += 1
        if point % stride:
            continue
        for number, (names, choice) in enumerate(ends):
            left = replay.survivors(choice, names=names)
            key = hash(frozenset(left.items()))
            if key not in seen:
                seen[key] = examine(left, tmp / "cut", count)
            found = seen[key]
            tally.points += 1
            for thread in range(THREADS):
                place = f"point {point} of {len(disk.log)}, end {number}, thread {thread}"
                tally.look(expected[thread], acknowledged[thread], found[thread], place)
    return tally


def fail_everywhere(
    tmp: Path,
    make: Callable[[int], Fault],
    count: int,
    *,
    ends: Ends = ALL_ENDS,
    stride: int = 1,
) -> Tally:
    """Let each operation of such a run fail, one run for each; what every thread was told is compared with what is there."""
    files = start(tmp / "start")
    expected = [Expected(thread, count) for thread in range(THREADS)]
    tally = Tally()
    at = 1
    while True:
        fault = make(at)
        folder = tmp / f"run-{at}"

        def check(store: SqliteStore, disk: Disk, outcomes: Sequence[Outcome], fault: Fault = fault) -> None:
            replay = Replay((files, files))
            for op in disk.log:
                replay.happen(op)
            for number, (names, choice) in enumerate(ends):
                found = examine(replay.survivors(choice, names=names), tmp / "cut", count)
                tally.points += 1
                for thread, mine in enumerate(outcomes):
                    place = f"{fault}, end {number}, thread {thread}: {mine.error!r}"
                    certain = not isinstance(mine.error, CommitUnknown)
                    tally.look(expected[thread], mine.acknowledged, found[thread], place, certain=certain)
                    if mine.error is not None and not isinstance(mine.error, CommitUnknown | StoreUnavailable):
                        tally.misreport(place)
            for thread, mine in enumerate(outcomes):
                if mine.surprise is not None:
                    tally.misreport(f"{fault}, thread {thread}: {mine.surprise!r}")
                for n in range(mine.acknowledged, count):
                    try:
                        store.append(batch_of(thread, n))
                    except StoreError as error:
                        tally.misreport(f"{fault}, thread {thread}, going on: {error!r}")

        work_together(folder, files, count, fault=fault, then=check)
        hands = Hands()
        with opened(folder / NAME, clock=hands.clock) as store:
            found = look(store, hands, range(THREADS), count)
        for thread in range(THREADS):
            tally.look(expected[thread], count, found[thread], f"{fault}, in the end, thread {thread}", certain=True)
        for file in folder.iterdir():
            file.unlink()
        if fault.hit is None:
            return tally
        at += stride
