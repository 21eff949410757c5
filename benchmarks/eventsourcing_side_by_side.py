"""The same work with stabflow and with the package eventsourcing, side by side on SQLite, both durable (synchronous FULL).

    python benchmarks/eventsourcing_side_by_side.py [ROUNDS] [FOLDER]

*step*: load a case, do one act, store it; stabflow asks who may, on what evidence and by when, chains the record and keeps the
index, an aggregate only changes. *eight threads*: the same by eight threads on eight cases. *state, 1,000 records*: load a case
of 1,000 records that nobody has in memory, from its snapshot and what came after it. *feed*: read what was stored, a page of
500 at a time. Eventsourcing is used as its documentation teaches, with snapshots every 100 events and without its cache, which
would not see what others write; stabflow compares with the store before every act. Rounds are interleaved; medians. It asserts
nothing on time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from durable_step import ASSESSOR, case_on, investigated
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

STEPS, THREADS, EACH, RECORDS, PAGE = 20, 8, 10, 1_000, 500


class Consultations(Aggregate):
    """What a case is here: its consultations, each with its counts."""

    @event("Opened")
    def __init__(self, matter: str) -> None:
        self.matter = matter
        self.held: dict[str, dict[str, int | str]] = {}

    @event("Added")
    def add(self, item: str, method: str, invited: int, by: str, basis: str) -> None:
        self.held[item] = {"method": method, "invited": invited, "state": "open", "by": by, "basis": basis}

    @event("Ended")
    def end(self, item: str, responded: int, support: int, oppose: int, other: int, by: str, basis: str) -> None:
        self.held[item] |= {
            "responded": responded,
            "support": support,
            "oppose": oppose,
            "other": other,
            "state": "ended",
        }


class Cases(Application[UUID]):
    """An application as the documentation of eventsourcing shows it."""

    snapshotting_intervals = {Consultations: 100}  # noqa: RUF012 - so it is taught

    def open(self, matter: str) -> UUID:
        case = Consultations(matter)
        self.save(case)
        return case.id

    def step(self, id_: UUID, turn: int) -> None:
        case: Any = self.repository.get(id_)
        item = f"consultation-{turn // 2}"
        if turn % 2:
            case.end(item, 412, 301, 64, 47, "assessor", "minutes 2026-31")
        else:
            case.add(item, "symposium", 500, "assessor", "minutes 2026-31")
        self.save(case)


class Theirs:
    def __init__(self, folder: Path) -> None:
        self.application = Cases(
            env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "theirs.db")}
        )
        self.ids = [self.application.open(f"bridge-{n}") for n in range(THREADS + 1)]
        self.turns = [0] * len(self.ids)

    def step(self, case: int) -> None:
        self.application.step(self.ids[case], self.turns[case])
        self.turns[case] += 1

    def state(self) -> None:
        self.application.repository.get(self.ids[0])

    def feed(self) -> int:
        seen = 0
        while page := self.application.recorder.select_notifications(start=seen + 1, limit=PAGE):
            seen += len(page)
        return seen


class Ours:
    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/ours.db"
        self.engine, first = case_on(self.url)
        self.cases = [first, *(investigated(self.engine, f"bridge-{n + 2}") for n in range(THREADS))]
        self.turns = [0] * len(self.cases)
        self.items = [""] * len(self.cases)

    def step(self, case: int) -> None:
        handle = self.cases[case]
        if self.turns[case] % 2:
            item, counts = self.items[case], {"responded": 412, "support": 301, "oppose": 64, "other": 47}
            handle.fire("end", item=item, by=ASSESSOR, basis="minutes 2026-31", **counts)
        else:
            self.items[case] = handle.add(
                "consultation", by=ASSESSOR, basis="minutes 2026-31", method="symposium", invited=500
            )
        self.turns[case] += 1

    def state(self) -> None:
        self.engine._shell._cases.clear()  # as in a process that has not seen it yet
        assert self.engine.case(self.cases[0].id).state == "investigating"

    def feed(self) -> int:
        store, seen, cursor = self.engine._shell.store, 0, None
        while (page := store.read_feed(after=cursor, limit=PAGE)).records:
            seen, cursor = seen + len(page.records), page.cursor
        return seen


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def steps(side: Ours | Theirs) -> None:
    for _ in range(STEPS):
        side.step(0)


def at_once(side: Ours | Theirs) -> None:
    def work(case: int) -> None:
        for _ in range(EACH):
            side.step(case)

    threads = [threading.Thread(target=work, args=(case,)) for case in range(1, THREADS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(rounds: int, root: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=root) as folder:
        sides: dict[str, Ours | Theirs] = {"stabflow": Ours(Path(folder)), "eventsourcing": Theirs(Path(folder))}
        work: dict[str, tuple[Callable[[Ours | Theirs], object], int]] = {
            "step": (steps, STEPS),
            "eight threads": (at_once, THREADS * EACH),
            "state, 1,000 records": (lambda side: side.state(), 1),
            "feed, a record": (lambda side: side.feed(), 0),
        }
        times: dict[str, dict[str, list[float]]] = {name: {side: [] for side in sides} for name in work}
        for name, (act, count) in work.items():
            if name.startswith("state"):
                for side in sides.values():
                    while side.turns[0] < RECORDS:
                        side.step(0)
            for _ in range(rounds):
                for which, side in sides.items():
                    spent = seconds(lambda act=act, side=side: act(side))
                    times[name][which].append(spent / (count or side.feed()))
    print(f"{'µs':<24}{'stabflow':>12}{'eventsourcing':>16}{'ratio':>9}")
    for name, found in times.items():
        ours, theirs = found.values()
        ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
        print(f"{name:<24}{statistics.median(ours) * 1e6:>12.1f}{statistics.median(theirs) * 1e6:>16.1f}{ratio:>9.2f}")
    print(f"{rounds} rounds, interleaved; aim: below 1 everywhere")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11, sys.argv[2] if len(sys.argv) > 2 else None)
