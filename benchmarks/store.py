"""The SQLite store alone, without decisions: what it adds to the raw floors in the same run.

    python benchmarks/store.py [ROUNDS] [FOLDER]

*append* is `Store.are_heads` (the load) and `Store.append` of one record with its key, the case's row, and a duty that goes and
comes. *bare* is hand-written: load, update and insert one row each, in one transaction. *same rows* is hand-written too, and
writes exactly the rows that the store writes, into the same tables with their indexes and triggers. *eight threads* append to
eight streams at once, beside the bare floor in one thread. *case by key* is a page of `find_cases` by matter beside the raw
indexed query, among 20,000 cases. Rounds are interleaved; medians, as ratios. It asserts nothing on time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
from durable_step import bare, pragmas

from stabflow.ports.store import AppendBatch, CaseQuery, CaseRow, DutyRow, IndexChange, NewRecord, StreamHead
from stabflow.stores.sqlite import SqliteStore

STEPS = 30
THREADS, EACH = 8, 40
CASES = 20_000
HEADER, PAYLOAD = b"h" * 330, b"p" * 120
AT = "2026-11-23T08:00:00.000000Z"


def batch(name: str, version: int) -> AppendBatch:
    """One act, of the size that a five-step case has."""
    record = NewRecord("item.moved", HEADER, PAYLOAD, version.to_bytes(32, "big"))
    row = CaseRow(
        name, name, "替建渡口大桥", "five-step", "1", "d" * 64, "s", "investigate", "", "b", 1, version + 1, AT, AT
    )
    duty = DutyRow(name, "five-step", f"consultation-{version}", "open", "unit", "body", "o-7", 0, AT, False)
    change = IndexChange(row, (f"consultation-{version - 1}",), (duty,))
    return AppendBatch(f"case/{name}", version, (record,), change, key=f"k-{version}", digest="d" * 64)


def appends(store: SqliteStore, name: str) -> Iterator[None]:
    """Acts on one case, one after the other."""
    version, head = 0, b""
    while True:
        assert store.are_heads((StreamHead(f"case/{name}", version, head),))
        new = batch(name, version)
        store.append(new)
        version, head = version + 1, new.records[0].hash
        yield


def same_rows(path: Path, synchronous: str) -> Iterator[None]:
    """The same rows as `appends`, by hand, in a file that the store made."""
    with_store = SqliteStore.open(path, synchronous=synchronous)
    with_store.append(batch("same", 0))
    with_store.append(batch("same", 1))
    with_store.close()
    cursor = pragmas(apsw.Connection(str(path)), synchronous)
    version = 2
    while True:
        cursor.execute(
            "SELECT version, hash FROM records WHERE stream = ? ORDER BY version DESC LIMIT 1", ("case/same",)
        ).fetchall()
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?)", ("case/same", f"k-{version}", "d" * 64, version + 1, version + 1)
        )
        cursor.execute(
            "INSERT INTO records (stream, version, tag, header, payload, hash) VALUES (?, ?, ?, ?, ?, ?)",
            ("case/same", version + 1, "item.moved", HEADER, PAYLOAD, version.to_bytes(32, "big")),
        )
        cursor.execute(
            "UPDATE cases SET round = ?, version = ?, updated_at = ? WHERE case_id = ?", (1, version + 1, AT, "same")
        )
        cursor.execute("DELETE FROM duties WHERE case_id = ? AND duty = ?", ("same", f"consultation-{version - 1}"))
        cursor.execute(
            "INSERT INTO duties VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ("same", "five-step", f"consultation-{version}", "open", "unit", "body", "o-7", 0, AT, 0, 0),
        )
        cursor.execute("COMMIT")
        version += 1
        yield


def timed(step: Iterator[None]) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        next(step)
    return (time.perf_counter() - began) / STEPS


def at_once(store: SqliteStore, round_: int) -> float:
    """Seconds for an act, where eight threads do them at once."""

    def work(number: int) -> None:
        acts = appends(store, f"{number}-{round_}")
        for _ in range(EACH):
            next(acts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - began) / (THREADS * EACH)


def ratio(times: dict[str, list[float]], name: str, floor: str) -> float:
    return statistics.median(one / other for one, other in zip(times[name], times[floor], strict=True))


def appending(folder: Path, synchronous: str, rounds: int) -> None:
    store = SqliteStore.open(folder / "ours.db", synchronous=synchronous)
    ways = {
        "bare": bare(folder / "bare.db", synchronous),
        "same rows": same_rows(folder / "same.db", synchronous),
        "append": appends(store, "ours"),
    }
    times: dict[str, list[float]] = {name: [] for name in (*ways, "eight threads")}
    for way in ways.values():
        timed(way)
    order = list(ways)
    for round_ in range(rounds):
        for name in order:
            times[name].append(timed(ways[name]))
        order = order[1:] + order[:1]
        times["eight threads"].append(at_once(store, round_))
    store.close()
    for name, found in times.items():
        against = "".join(f"{ratio(times, name, floor):>13.2f}" for floor in ("bare", "same rows"))
        print(f"{synchronous.upper():<8}{name:<16}{statistics.median(found) * 1e6:>10.1f}{against}")


def looking_up(folder: Path, rounds: int) -> None:
    path = folder / "cases.db"
    store = SqliteStore.open(path, synchronous="normal")
    for number in range(2):
        store.append(batch(f"m-{number}", 0))
    connection = apsw.Connection(str(path))
    rows = (
        (f"m-{n}", f"m-{n}", "t", "five-step", "1", "d", "s", "investigate", "", "b", 1, 1, AT, AT)
        for n in range(2, CASES)
    )
    with connection:
        connection.executemany(f"INSERT INTO cases VALUES ({', '.join('?' * 14)})", rows)
    cursor = connection.cursor()
    raw = "SELECT * FROM cases INDEXED BY cases_matter WHERE matter = ? ORDER BY case_id LIMIT 101"
    ways: dict[str, Callable[[str], int]] = {
        "raw": lambda key: len(cursor.execute(raw, (key,)).fetchall()),
        "case by key": lambda key: len(store.find_cases(CaseQuery(matter=key)).rows),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds):
        for name, ask in ways.items():
            keys = [f"m-{(round_ * 977 + n * 131) % CASES}" for n in range(100)]
            began = time.perf_counter()
            found = sum(ask(key) for key in keys)
            times[name].append((time.perf_counter() - began) / 100)
            assert found == 100
    for name, spent in times.items():
        print(f"{'':<8}{name:<16}{statistics.median(spent) * 1e6:>10.1f}{ratio(times, name, 'raw'):>13.2f} × raw")
    store.close()
    connection.close()


def main(rounds: int, root: str | None) -> None:
    print(f"{'':<8}{'':<16}{'µs each':>10}{'× bare':>13}{'× same rows':>13}")
    for synchronous in ("full", "normal"):
        with tempfile.TemporaryDirectory(dir=root) as folder:
            appending(Path(folder), synchronous, rounds)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        looking_up(Path(folder), rounds)
    print(
        f"{rounds} rounds, interleaved; aims: append at FULL × 1.9 bare and × 1.3 same rows, at NORMAL × 2.0 same rows; eight"
        " threads at FULL × 0.9 bare; case by key × 4 raw"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21, sys.argv[2] if len(sys.argv) > 2 else None)
