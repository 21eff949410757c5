"""One accountable step on SQLite (load, decide, append with history and index), beside two raw floors in the same run.

    python benchmarks/durable_step.py [ROUNDS] [FOLDER]

*bare* is hand-written: load, update and insert one row each, in one transaction. *same rows* is hand-written too: it loads,
and writes exactly the rows that the store writes for the step, with the same tables, indexes and triggers; what is above it is
our own work. Both use apsw and prepared statements, as the store does. The steps are those of a five-step case: an item is
added, then moved. Rounds are interleaved, at synchronous FULL (durable) and NORMAL (shows our own cost); medians, as ratios.
It asserts nothing on time. FOLDER says on which disk; by default a temporary one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter

STEPS = 30
"""Steps in a row within one round; the step counted is their mean."""

Step = Callable[[], object]


def pragmas(connection: apsw.Connection, synchronous: str) -> apsw.Cursor:
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", synchronous)
    return connection.cursor()


def bare(path: Path, synchronous: str) -> Iterator[None]:
    """Load, update and insert one row each, in one transaction."""
    cursor = pragmas(apsw.Connection(str(path)), synchronous)
    cursor.execute("CREATE TABLE cases (id TEXT PRIMARY KEY, state TEXT, version INTEGER) STRICT")
    cursor.execute("CREATE TABLE log (id TEXT, version INTEGER, body BLOB, PRIMARY KEY (id, version)) STRICT")
    cursor.execute("INSERT INTO cases VALUES ('c', 'a', 0)")
    body = b"x" * 400
    while True:
        cursor.execute("BEGIN IMMEDIATE")
        ((version,),) = cursor.execute("SELECT version FROM cases WHERE id = ?", ("c",)).fetchall()
        cursor.execute("UPDATE cases SET state = ?, version = ? WHERE id = ?", ("a", version + 1, "c"))
        cursor.execute("INSERT INTO log VALUES (?, ?, ?)", ("c", version + 1, body))
        cursor.execute("COMMIT")
        yield


class Traced:
    """The statements that a connection of the store executes, with what was bound to them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: list[tuple[str, tuple[Any, ...]]] = []

    def of(self, step: Step, store: Any) -> list[tuple[str, tuple[Any, ...]]]:
        writer = store._connection.cursor.connection

        def trace(cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:
            if not sql.startswith("SELECT"):  # what the floor must read to be a step, it reads by itself
                self.seen.append((sql, tuple(bindings or ())))
            return True

        writer.exec_trace = trace
        try:
            step()
        finally:
            writer.exec_trace = None
        return self.seen


CHIEF, REVIEWER, ASSESSOR = (
    Actor("chief", body="county"),
    Actor("reviewer", body="office"),
    Actor("assessor", body="transport"),
)


def case_on(url: str) -> tuple[Engine, CaseHandle]:
    """An engine with a five-step case under investigation, and some history."""
    engine = stabflow.open(url, clock=lambda: datetime.now(UTC))
    engine.constitute("five-step", "decision_body", CHIEF, basis="order 1")
    engine.constitute("five-step", "review_group", REVIEWER, basis="order 1")
    return engine, investigated(engine, "bridge-1")


def investigated(engine: Engine, key: str) -> CaseHandle:
    """A five-step case under investigation."""
    case = engine.open_case("five-step", Matter(key, "替建渡口大桥"), by=CHIEF, basis="plan 3")
    case.appoint("assessment_unit", ASSESSOR, by=CHIEF, basis="plan 3")
    case.appoint("initiating_unit", Actor("initiator", body="water"), by=CHIEF, basis="plan 3")
    case.fire(
        "screen_in", by=REVIEWER, basis="minutes 2", scope_items=["construction"], scope_reasons="r", exemption="none"
    )
    return case


def ours(case: CaseHandle) -> Iterator[None]:
    """The accountable step, through the public API: an objection is raised, and a consultation ended."""
    while True:
        item = case.add("consultation", by=ASSESSOR, basis="minutes 2026-31", method="symposium", invited=500)
        yield
        case.fire(
            "end", item=item, by=ASSESSOR, basis="minutes 2026-31", responded=412, support=301, oppose=64, other=47
        )
        yield


def same_rows(path: Path, synchronous: str, pattern: list[list[tuple[str, tuple[Any, ...]]]]) -> Iterator[None]:
    """The statements that the store executed for the two steps of ``pattern``, by hand, as the next steps of the case at
    ``path`` that they were traced on."""
    connection = apsw.Connection(str(path))
    cursor = pragmas(connection, synchronous)
    stream = next(bound[0] for sql, bound in pattern[0] if sql.startswith("INSERT INTO records"))
    ((version,),) = cursor.execute("SELECT max(version) FROM records WHERE stream = ?", (stream,)).fetchall()
    turns = [[(sql, list(bound)) for sql, bound in statements] for statements in pattern]
    number, checked = version, False
    read = "SELECT position, version, tag, header, payload, hash FROM records WHERE stream = ? AND version > ?"
    while True:
        number += 1
        for statements in turns:
            cursor.execute(read, (stream, version)).fetchall()
            for sql, bound in statements:
                if sql.startswith("INSERT INTO records"):
                    bound[1] = version + 1
                elif sql.startswith("UPDATE cases"):
                    bound[sql.split(", ").index("version = ?")] = version + 1
                elif "INTO duties" in sql or "FROM duties" in sql:
                    bound[1] = f"consultation-{number}"
                cursor.execute(sql, bound) if bound else cursor.execute(sql)
            version += 1
            yield
        if not checked:
            checked = cursor.execute("SELECT count(*) FROM cases WHERE version = ?", (version,)).fetchall() == [(1,)]
            assert checked, "the floor writes the row of the case, as the store does"


def pattern_of(path: Path) -> list[list[tuple[str, tuple[Any, ...]]]]:
    """What the store executes for each of the two steps; the case they belong to is left at ``path``."""
    engine, case = case_on(f"sqlite:///{path}?synchronous=normal")
    store = engine._shell.store
    steps = ours(case)
    for _ in range(4):
        next(steps)
    found = [Traced(path).of(lambda: next(steps), store) for _ in range(2)]
    engine.close()
    return found


def timed(step: Iterator[None]) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        next(step)
    return (time.perf_counter() - began) / STEPS


def measured(folder: Path, synchronous: str, rounds: int) -> dict[str, list[float]]:
    pattern = pattern_of(folder / "same.db")
    engine, case = case_on(f"sqlite:///{folder}/ours.db?synchronous={synchronous}")
    memory, rehearsed = case_on("memory:")
    ways = {
        "bare": bare(folder / "bare.db", synchronous),
        "same rows": same_rows(folder / "same.db", synchronous, pattern),
        "accountable step": ours(case),
        "… in memory": ours(rehearsed),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        timed(way)
    order = list(ways)
    for _ in range(rounds):
        for name in order:
            times[name].append(timed(ways[name]))
        order = order[1:] + order[:1]  # what came before on the disk must not favour the same one always
    engine.close()
    memory.close()
    return times


def main(rounds: int, root: str | None) -> None:
    print(f"{'':<8}{'':<18}{'µs a step':>10}{'× bare':>9}{'× same rows':>13}")
    for synchronous in ("full", "normal"):
        with tempfile.TemporaryDirectory(dir=root) as folder:
            times = measured(Path(folder), synchronous, rounds)
        for name, found in times.items():
            ratios = [
                statistics.median(one / other for one, other in zip(found, times[floor], strict=True))
                for floor in ("bare", "same rows")
            ]
            mean = statistics.median(found) * 1e6
            print(f"{synchronous.upper():<8}{name:<18}{mean:>10.1f}{ratios[0]:>9.2f}{ratios[1]:>13.2f}")
    print(f"{rounds} rounds of {STEPS} steps, interleaved; aims at FULL: at most × 2.5 bare and × 1.6 same rows")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21, sys.argv[2] if len(sys.argv) > 2 else None)
