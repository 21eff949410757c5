"""Several processes, each with several threads, append to the same streams, and are killed in between.

``python -m crash.rivals PATH NAME`` is one of them; it reads from standard input from which number on each thread goes on.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from stabflow.errors import CommitUnknown, StoreUnavailable, VersionConflict
from stabflow.ports.store import AppendBatch, CaseQuery, IndexChange, NewNotice, Snapshot, Store, StoredRecord
from stabflow.stores.sqlite import SqliteStore

from .acts import case_row, duty_row, read_all, record
from .child import environment
from .files import opened, unsound
from .script import MUCH_LATER, Hands
from .tally import Tally

STREAMS = ("case/shared-0", "case/shared-1", "case/shared-2")
PATIENCE = 60.0


def batch_of(key: str, stream: str, head: int) -> AppendBatch:
    """A batch that can be told by its key, with all that a batch can carry."""
    case_id = stream.removeprefix("case/")
    return AppendBatch(
        stream,
        head,
        (record(key),),
        IndexChange(case_row(case_id, version=head + 1), duties=(duty_row(case_id, level=head % 3),)),
        outbox=(NewNotice(case_id, key.encode()),),
        snapshot=Snapshot(stream, head + 1, key.encode()),
        key=key,
        digest=f"digest of {key}",
    )


def work(path: str, name: str) -> None:
    """Append in each thread, until killed. What was acknowledged is told in a line of its own."""
    begin: list[int] = json.loads(sys.stdin.readline())
    store = SqliteStore.open(path)

    def one(thread: int) -> None:
        for number in itertools.count(begin[thread]):
            stream = STREAMS[(number + thread) % len(STREAMS)]
            key = f"{name}.{thread}.{number}"
            while True:
                (head,) = store.heads([stream])
                try:
                    result = store.append(batch_of(key, stream, head.version))
                except (VersionConflict, StoreUnavailable, CommitUnknown):
                    continue
                break
            told = [thread, number, stream, result.first_version, result.replayed]
            os.write(1, json.dumps(told).encode() + b"\n")

    threads = [threading.Thread(target=one, args=(thread,)) for thread in range(len(begin))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@attrs.define
class Rival:
    """A process, started again after each kill where it had come to, and everything that was acknowledged to it."""

    path: Path
    name: str
    threads: int
    told: list[tuple[int, int, str, int, bool]] = attrs.field(factory=list)
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    heard: threading.Condition = attrs.field(factory=threading.Condition)
    ended: bool = False

    def start(self) -> None:
        self.ended = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crash.rivals", str(self.path), self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        begin = [0] * self.threads
        for thread, number, *_ in self.told:
            begin[thread] = max(begin[thread], number + 1)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(begin) + "\n")
        self.process.stdin.flush()
        self.reader = threading.Thread(target=self._read, args=(self.process,))
        self.reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                thread, number, stream, version, replayed = json.loads(line)
                with self.heard:
                    self.told.append((thread, number, stream, version, replayed))
                    self.heard.notify_all()
        with self.heard:
            self.ended = True
            self.heard.notify_all()

    def wait_for(self, more: int) -> None:
        """Wait until so many more acts have been acknowledged."""
        with self.heard:
            wanted = len(self.told) + more
            assert self.heard.wait_for(lambda: len(self.told) >= wanted or self.ended, PATIENCE), (
                f"{self.name} stands still"
            )
            assert not self.ended, f"{self.name} ended by itself"

    def kill(self) -> None:
        assert self.process is not None
        assert self.reader is not None
        self.process.send_signal(signal.SIGKILL)
        self.reader.join()
        self.process.communicate()


def compete(path: Path, *, processes: int, threads: int, kills: int, seed: int) -> Tally:
    """Let processes compete, kill one after the other as chance has it, then look at what is there."""
    chance = random.Random(seed)
    rivals = [Rival(path, f"rival-{number}", threads) for number in range(processes)]
    for rival in rivals:
        rival.start()
    try:
        for _ in range(kills):
            victim = chance.choice(rivals)
            victim.wait_for(chance.randrange(1, 40))
            victim.kill()
            victim.start()
        for rival in rivals:
            rival.wait_for(1)
    finally:
        for rival in rivals:
            rival.kill()
    tally = Tally(points=kills + processes, acts=sum(len(rival.told) for rival in rivals))
    hands = Hands()
    with opened(path, clock=hands.clock) as store:
        judge(tally, store, hands, rivals, f"seed {seed}")
    if wrong := unsound(path):
        tally.halved += 1
        tally.tell(wrong)
    return tally


def judge(tally: Tally, store: Store, hands: Hands, rivals: list[Rival], place: str) -> None:
    """Count what of the acknowledged acts is not there, and what there is that is not whole; the outbox is emptied."""
    records = {stream: read_all(store, stream) for stream in STREAMS}
    for rival in rivals:
        for thread, number, stream, version, _ in rival.told:
            key = f"{rival.name}.{thread}.{number}"
            there = records[stream][version - 1 : version]
            if not there or there[0].payload.decode() != key:
                tally.lost += 1
                tally.tell(f"{place}: {key} was acknowledged as {stream} {version}, where there is {there}")
    for wrong in (*_unlike_their_streams(store, records), *_wrong_notices(store, hands, records)):
        tally.halved += 1
        tally.tell(f"{place}: {wrong}")


Records = Mapping[str, Sequence[StoredRecord]]


def _unlike_their_streams(store: Store, records: Records) -> Iterator[str]:
    """Keys, index, snapshots and the feed, where they are not as the records are."""
    cases = {row.case_id: row.version for row in store.find_cases(CaseQuery(matter="bridge")).rows}
    for stream, found in records.items():
        for one in found:
            known = store.lookup(stream, one.payload.decode())
            if known is None or known[1].first_version != one.version:
                yield f"the key of {stream} {one.version} is {known}"
        if not found:
            continue
        if (version := cases.get(stream.removeprefix("case/"))) != len(found):
            yield f"the index of {stream} is at {version}, not at {len(found)}"
        if store.get_snapshot(stream) != Snapshot(stream, len(found), found[-1].payload):
            yield f"the snapshot of {stream} is {store.get_snapshot(stream)}, not of {len(found)}"
    feed: list[StoredRecord] = []
    cursor = None
    while (page := store.read_feed(after=cursor, limit=1_000)).records:
        feed += page.records
        cursor = page.cursor
    in_order = sorted((one for found in records.values() for one in found), key=lambda one: one.position)
    if [one for one in feed if one.stream in records] != in_order:
        yield "the feed is not the streams"


def _wrong_notices(store: Store, hands: Hands, records: Records) -> Iterator[str]:
    """Acts that were written, or whose notices are there, more or less than once."""
    written = Counter(one.payload.decode() for found in records.values() for one in found)
    yield from (f"{key} was written {times} times" for key, times in written.items() if times > 1)
    delivered: Counter[str] = Counter()
    hands.now += MUCH_LATER
    while claims := store.claim("looker", limit=1_000, lease_for=1.0):
        for claim in claims:
            delivered[claim.payload.decode()] += 1
            store.ack(claim)
    if delivered != written:
        yield f"notices and records differ: {(delivered - written) + (written - delivered)}"


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2])
