"""Many at once: threads in one engine, and processes on one file. No act is lost, none happens twice."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import worlds
from worlds import BASIS, CLERK, NOTE

import stabflow
from stabflow import Engine, Matter
from stabflow.case import Case
from stabflow.decision.events import Added
from stabflow.decision.evolution import replay
from stabflow.errors import VersionConflict

THREADS = 8
EACH = 12


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db?synchronous=normal"
    return worlds.constituted(stabflow.open(url, clock=lambda: datetime.now(UTC), procedures=[worlds.small()]))


def all_at_once(work: Callable[[int], object], threads: int = THREADS) -> None:
    gate = threading.Barrier(threads)

    def run(number: int) -> None:
        gate.wait(timeout=30)
        work(number)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, number) for number in range(threads)]:
            done.result(timeout=120)


def surely(act: Callable[[], object]) -> int:
    """Do ``act`` until it is done, and say how often it lost more races than the engine bears."""
    lost = 0
    while True:
        try:
            act()
        except VersionConflict:
            lost += 1
        else:
            return lost


def test_threads_on_different_cases(engine: Engine) -> None:
    cases = [worlds.opened(engine, Matter(f"m-{number}", "M")) for number in range(THREADS)]

    def work(number: int) -> None:
        for count in range(1, EACH + 1):
            assert cases[number].add("note", by=CLERK, basis=BASIS, **NOTE) == f"note-{count}"
            assert len(cases[(number + 1) % THREADS].history()) >= 3

    all_at_once(work)
    assert [len(case.value.items) for case in cases] == [EACH] * THREADS
    assert engine.verify().cases == THREADS
    engine.close()


def test_threads_on_one_case(engine: Engine) -> None:
    case = worlds.opened(engine)
    given: list[str] = []

    def work(number: int) -> None:
        for count in range(EACH):
            key = f"{number}-{count}"
            surely(lambda key=key: given.append(case.add("note", by=CLERK, basis=BASIS, key=key, **NOTE)))  # type: ignore[misc]

    all_at_once(work)
    history = case.history()
    assert [record.version for record in history] == list(range(1, 3 + THREADS * EACH + 1))
    added = [record.event.item for record in history if isinstance(record.event, Added)]
    assert sorted(given) == sorted(added)
    assert len(set(added)) == THREADS * EACH
    assert replay((record.event, record.stamp) for record in history) == case.value
    assert engine.verify().cases == 1
    engine.close()


def test_threads_sending_the_same_request(engine: Engine) -> None:
    case = worlds.opened(engine)
    given: list[str] = []
    all_at_once(lambda _: surely(lambda: given.append(case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE))))
    assert given == ["note-1"] * THREADS
    opened: list[str] = []
    all_at_once(
        lambda _: opened.append(
            engine.open_case("small", Matter("new", "New"), by=worlds.CHAIR, basis=BASIS, key="o").id
        )
    )
    assert opened == ["small-new-1"] * THREADS
    assert engine.verify().cases == 2
    engine.close()


def test_threads_with_a_small_cache(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from stabflow.engine import shell

    monkeypatch.setattr(shell, "CACHED_CASES", 2)
    cases = [worlds.opened(engine, Matter(f"m-{number}", "M")) for number in range(6)]

    def work(number: int) -> None:
        chance = random.Random(number)
        for _ in range(EACH):
            surely(lambda: chance.choice(cases).add("note", by=CLERK, basis=BASIS, **NOTE))

    all_at_once(work)
    assert sum(len(case.value.items) for case in cases) == THREADS * EACH
    assert engine.verify().cases == 6
    engine.close()


def test_the_cache_of_cases_is_changed_under_its_lock() -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    shell = engine._shell

    class Watched(OrderedDict[str, Case]):
        def __setitem__(self, key: str, value: Case) -> None:
            assert shell._lock.locked()
            super().__setitem__(key, value)

    shell._cases = Watched()
    worlds.noted(worlds.opened(engine))
    assert len(shell._cases) == 1


# Processes

TURNS = 25


def race(url: str, case_id: str, number: int, gate: threading.Barrier) -> None:
    with stabflow.open(url, clock=lambda: datetime.now(UTC)) as engine:
        case = engine.case(case_id)
        gate.wait(timeout=60)
        for turn in range(TURNS):
            surely(lambda turn=turn: case.add("note", by=CLERK, basis=f"{number}", key=f"{number}-{turn}", **NOTE))  # type: ignore[misc]


def test_two_processes_race_on_one_case(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db?synchronous=normal"
    with worlds.constituted(stabflow.open(url, clock=lambda: datetime.now(UTC), procedures=[worlds.small()])) as engine:
        case_id = worlds.opened(engine).id
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(2)
    racers = [spawn.Process(target=race, args=(url, case_id, number, gate)) for number in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=120)
    assert [racer.exitcode for racer in racers] == [0, 0]
    with stabflow.open(url) as engine:
        history = engine.case(case_id).history()
        assert [record.version for record in history] == list(range(1, 3 + 2 * TURNS + 1))
        keys = [record.key for record in history if record.key]
        assert sorted(keys) == sorted(f"{number}-{turn}" for number in range(2) for turn in range(TURNS))
        items = [record.event.item for record in history if isinstance(record.event, Added)]
        assert items == [f"note-{number}" for number in range(1, 2 * TURNS + 1)]
        assert engine.verify().cases == 1
