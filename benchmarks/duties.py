"""What is overdue among 100,000 cases: typed rows from the engine, beside the raw indexed query in the same run.

    python benchmarks/duties.py [ROUNDS] [CASES]

*raw* asks the same of the same file with a hand-written statement and takes the rows as they come; *first 50* takes a page of
them. Every case owes one act, one in twenty is overdue. Medians, as ratios. It asserts nothing on time.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

import stabflow
from stabflow import Actor, Matter
from stabflow.values import moment_text

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
RAW = (
    "SELECT case_id, procedure, duty, state, role, body, actor, level, due, estimated, breached FROM duties INDEXED BY duties_due"
    " WHERE due < ? AND due <> '~' ORDER BY due, case_id, duty, role, body, actor LIMIT ?"
)


def filled(path: Path, cases: int) -> None:
    """A store with one case of its own, and the duties of many others beside it in the index."""
    with stabflow.open(f"sqlite:///{path}", clock=lambda: NOW) as engine:
        chief = Actor("chief", body="county")
        engine.constitute("five-step", "decision_body", chief, basis="order 1")
        engine.open_case("five-step", Matter("bridge", "Bridge"), by=chief, basis="plan 3")
    connection = apsw.Connection(str(path))
    rows = (
        (
            f"five-step-m-{number}-1",
            "five-step",
            "case",
            "investigating",
            "assessment_unit",
            f"body-{number % 50}",
            f"o-{number % 700}",
            0,
            moment_text(NOW + timedelta(minutes=number - cases // 20)),
            0,
            0,
        )
        for number in range(cases)
    )
    with connection:
        connection.executemany("INSERT INTO duties VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def timed(ask: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    found = ask()
    return time.perf_counter() - began, found


def main(rounds: int, cases: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "duties.db")
        filled(path, cases)
        connection = apsw.Connection(str(path))
        engine = stabflow.open(f"sqlite:///{path}", clock=lambda: NOW)
        until = moment_text(NOW)
        ways: dict[str, Callable[[], int]] = {
            "raw, all": lambda: len(connection.execute(RAW, (until, -1)).fetchall()),
            "engine, all": lambda: len(list(engine.duties(overdue=True))),
            "raw, first 50": lambda: len(connection.execute(RAW, (until, 50)).fetchall()),
            "engine, first 50": lambda: len(list(itertools.islice(engine.duties(overdue=True), 50))),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        found: dict[str, int] = {}
        for _ in range(rounds):
            for name, ask in ways.items():
                spent, found[name] = timed(ask)
                times[name].append(spent)
        for name, spent in times.items():
            floor = times["raw, all" if name.endswith("all") else "raw, first 50"]
            ratio = statistics.median(one / other for one, other in zip(spent, floor, strict=True))
            print(f"{name:<18}{found[name]:>7} rows{statistics.median(spent) * 1e3:>9.2f} ms   × {ratio:.2f}")
        print(f"{rounds} rounds over {cases} cases, interleaved; aim: at most × 2 for all")
        engine.close()
        connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
