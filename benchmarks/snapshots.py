"""Looking at a long case that nobody has in memory: through its snapshot, and by folding all of its records.

    python benchmarks/snapshots.py [ROUNDS] [RECORDS ...]

*state* finds the case in a store on SQLite and tells its state, as a page does first; *every item* goes on to read all of its
items; *by records* folds, as whatever decides does the first time. *a new one* is the floor: a case of five records. The cases
are five-step cases whose consultations are held and ended, two records an item, and stop halfway between two snapshots.

The second table has what snapshots cost, shared out over the acts between two: making the bytes where the one before was made in
this process, and where it was not; storing them, durably. Medians, and ratios within a round. It asserts nothing on time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from durable_step import case_on, ours

from stabflow import CaseHandle
from stabflow.case import Case
from stabflow.engine.shell import Shell
from stabflow.history.snapshots import Snapshots, encode, spacing
from stabflow.ports.store import AppendBatch, NewRecord, Snapshot
from stabflow.stores.sqlite import SqliteStore

LENGTHS = (100, 1_000, 10_000)


def grown(url: str, records: int) -> tuple[Any, CaseHandle]:
    """An engine with a case of about so many records, half a spacing after its last snapshot; or with a new one."""
    engine, case = case_on(url)
    steps = ours(case)
    for _ in range(records + spacing(records) // 2 - case.value.version if records else 0):
        next(steps)
    return engine, case


def state(shell: Shell, case_id: str) -> str:
    return shell.load(case_id, looking=True)[1].state


def every_item(shell: Shell, case_id: str) -> int:
    return len(shell.load(case_id, looking=True)[1].items.values())


def by_records(shell: Shell, case_id: str) -> str:
    return shell.load(case_id)[1].state


WAYS: dict[str, Callable[[Shell, str], object]] = {"state": state, "every item": every_item, "by records": by_records}


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def unread(way: Callable[[Shell, str], object], shell: Shell, case_id: str) -> float:
    """How long it takes where nobody has the case in memory."""
    shell._cases.clear()
    return seconds(lambda: way(shell, case_id))


def looking(rounds: int, lengths: list[int]) -> None:
    times: dict[tuple[int, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sites = {
            length: grown(f"sqlite:///{folder}/{length}.db?synchronous=normal", length) for length in (0, *lengths)
        }
        for turn in range(rounds + 1):
            for length, (engine, case) in sites.items():
                for name, way in WAYS.items():
                    spent = unread(way, engine._shell, case.id)
                    if turn:  # the first warms up
                        times.setdefault((length, name), []).append(spent)
        for engine, _ in sites.values():
            engine.close()
    print(f"{'records':<12}{'':<14}{'ms':>9}{'× by records':>14}{'× a new one':>13}")
    for (length, name), spent in times.items():
        floors = [times[length, "by records"], times[0, name]]
        ratios = [statistics.median(a / b for a, b in zip(spent, floor, strict=True)) for floor in floors]
        middle = statistics.median(spent) * 1e3
        print(f"{length or 'a new one'!s:<12}{name:<14}{middle:>9.2f}{ratios[0]:>14.3f}{ratios[1]:>13.2f}")


def appended(store: SqliteStore, stream: str, size: int, count: int) -> float:
    """How long so many appends take, the last with a snapshot of ``size`` bytes."""
    (head,) = store.heads([stream])
    began = time.perf_counter()
    for version in range(head.version, head.version + count):
        last = version == head.version + count - 1
        taken = Snapshot(stream, version + 1, b"x" * size) if size and last else None
        record = NewRecord("item.moved", b"h" * 330, b"p" * 120, version.to_bytes(32, "big"))
        store.append(AppendBatch(stream, version, (record,), snapshot=taken))
    return time.perf_counter() - began


def storing(size: int, step: int, rounds: int) -> float:
    """What a snapshot of ``size`` bytes adds to ``step`` durable appends."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder, "s.db"), synchronous="full")
        extra = [
            appended(store, "case/with", size, step) - appended(store, "case/without", 0, step)
            for _ in range(max(3, rounds // 3))
        ]
        store.close()
    return statistics.median(extra)


def making(value: Case, touched: int, rounds: int) -> tuple[float, float, int]:
    """What the bytes of a snapshot take where so many items have changed since the one before, and where there was none in this
    process; and how many they are."""
    names, after, first = list(value.items)[-touched:], [], []
    for _ in range(rounds):
        taking = Snapshots()
        first.append(seconds(partial(taking.taken, "case/x", 0, value)))
        changed = {name: attrs.evolve(value.items[name]) for name in names}
        later = attrs.evolve(value, items={**value.items, **changed})
        after.append(seconds(partial(taking.taken, "case/x", 0, later)))
    return statistics.median(after), statistics.median(first), len(encode(value))


def taking(rounds: int, lengths: list[int]) -> None:
    print(f"\n{'records':<9}{'bytes':>9}{'one in':>8}{'µs an act to make':>19}{'… the first':>13}{'to store':>10}")
    for length in lengths:
        step = spacing(length)
        engine, case = grown("memory:", length)
        after, first, size = making(case.value, step // 2, rounds)
        engine.close()
        told = [part / step * 1e6 for part in (after, first, storing(size, step, rounds))]
        print(f"{length:<9}{size:>9}{step:>8}{told[0]:>19.1f}{told[1]:>13.1f}{told[2]:>10.1f}")


def main(rounds: int, lengths: list[int]) -> None:
    looking(rounds, lengths)
    taking(rounds, lengths)
    print(f"{rounds} rounds, interleaved; aim: the state of a case in a time that does not grow with its records")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9, [int(one) for one in sys.argv[2:]] or [*LENGTHS])
