"""The conformance kit finds what is wrong with a store: each of many small mistakes, at the level that it takes, and no other."""

from __future__ import annotations

import inspect
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import SHORT
from faulty import (
    appending,
    cached,
    columns,
    crashing,
    failing,
    feeding,
    index,
    joining,
    outbox,
    overtaking,
    paging,
    racing,
    subtle,
)
from faulty.catalogue import BY_CHANCE, EVERY, KILL, POWER, SECOND_HANDLE, SEQUENTIAL, THREADS, Faulty
from faulty.harnesses import (
    FailingJournalHarness,
    FailingSharedHarness,
    HostedHarness,
    OptimisticHarness,
    SharedHarness,
)
from faulty.powerless import DiskHarness, Synced

from stabflow.ports.store import Capability, Store
from stabflow.testing import (
    CheckResult,
    ConformanceFailed,
    Level,
    MemoryHarness,
    SqliteHarness,
    StoreHarness,
    check_store,
)
from stabflow.testing.stores.checks import CHECKS

LEVELS = list(Level)

BROKEN = re.compile(r"\b(Attribute|Type|Name|Assertion|NotImplemented|UnboundLocal|Import)Error\b")
"""What a mistake in these tests looks like."""


def below(level: Level) -> list[Level]:
    return LEVELS[: LEVELS.index(level)]


def caught(faulty: Faulty, levels: list[Level], *, only: list[str] | None = None) -> CheckResult | None:
    """The first check that the store fails."""
    with faulty.harness() as harness:
        report = check_store(
            harness, levels=levels, only=only, seconds=0.5 if faulty.hangs else 30.0, stop_at_first=True
        )
    assert report.covered, f"nothing was tried of {levels}"
    if not report.failures:
        return None
    with pytest.raises(ConformanceFailed) as failed:
        report.raise_for_failures()
    (found,) = report.failures
    assert found.check.name in str(failed.value)
    assert not BROKEN.search(found.explanation), f"{faulty.name} is broken, not faulty: {found.explanation}"
    assert faulty.hangs or "did not return in" not in found.explanation, f"{faulty.name} hangs: {found.explanation}"
    return found


def told(faulty: Faulty, found: CheckResult | None) -> str:
    return f"{faulty.name}: {faulty.fault}\n{'nothing was found' if found is None else found.sentence()}"


@pytest.mark.parametrize("faulty", SEQUENTIAL, ids=lambda one: one.name)
def test_a_fault_that_one_handle_shows(faulty: Faulty) -> None:
    found = caught(faulty, [Level.SEQUENTIAL], only=faulty.likely)
    assert found is not None, told(faulty, found)


@pytest.mark.parametrize("faulty", SECOND_HANDLE, ids=lambda one: one.name)
def test_a_fault_that_a_second_handle_shows(faulty: Faulty) -> None:
    found = caught(faulty, [Level.SEQUENTIAL], only=faulty.clauses.split())
    assert found is None, told(faulty, found)
    assert (found := caught(faulty, [Level.SECOND_HANDLE], only=faulty.likely)) is not None, told(faulty, found)


@pytest.mark.slow
@pytest.mark.parametrize("faulty", EVERY, ids=lambda one: one.name)
def test_a_fault_is_found_at_its_level_and_not_below_it(faulty: Faulty) -> None:
    found = caught(faulty, [*below(faulty.level), faulty.level])
    assert found is not None, told(faulty, found)
    assert found.check.level is faulty.level, told(faulty, found)
    assert found.check.clause in faulty.clauses.split(), told(faulty, found)


@pytest.mark.slow
@pytest.mark.parametrize("faulty", THREADS, ids=lambda one: one.name)
def test_a_race_is_found_again_and_again(faulty: Faulty) -> None:
    """What is found only now and then is found by nobody."""
    for _ in range(2 if SHORT else 10):
        found = caught(faulty, [Level.THREADS], only=faulty.likely)
        assert found is not None, told(faulty, found)


@pytest.mark.slow
@pytest.mark.parametrize("faulty", [one for one in EVERY if one.store in BY_CHANCE], ids=lambda one: one.name)
def test_random_histories_find_faults_on_their_own(faulty: Faulty) -> None:
    """How many there is time for depends on what else is running; so it may take a few runs."""
    found = next((one for _ in range(5) if (one := caught(faulty, [Level.MACHINE]))), None)
    assert found is not None, told(faulty, found)


@pytest.mark.slow
def test_what_hung_takes_no_time_from_what_comes_after() -> None:
    (stuck,) = (one for one in EVERY if one.hangs)
    assert "did not return" in told(stuck, caught(stuck, [Level.SEQUENTIAL]))
    check_store(SharedHarness, levels=[Level.THREADS], only=["C1"], seconds=10).raise_for_failures()


def test_the_table_is_whole() -> None:
    modules = [
        appending, cached, columns, crashing, failing, feeding, index, joining, outbox, overtaking, paging, racing, subtle,
    ]  # fmt: skip
    stores = {
        one
        for module in modules
        for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__ and issubclass(one, Store)
    }
    helpers = {feeding.Rewriting, crashing.InTwoCommits, racing.MarkedFirst}
    listed = [one.store for one in EVERY]
    assert len(listed) == len(set(listed))
    assert stores - helpers <= set(listed)
    assert len(listed) >= 28
    assert all(one.fault.endswith((".", '."')) for one in EVERY)
    for level, table in zip(LEVELS, [SEQUENTIAL, SECOND_HANDLE, THREADS, KILL, POWER], strict=False):
        assert {one.level for one in table} == {level}


@pytest.fixture
def on_a_quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is killed in the midst of it, waiting for a disk proves nothing."""
    if Path("/dev/shm").is_dir():
        monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")


@pytest.mark.usefixtures("on_a_quick_disk")
@pytest.mark.parametrize("harness", [FailingSharedHarness, FailingJournalHarness])
def test_what_the_faulty_stores_are_made_of_is_right(harness: type[StoreHarness]) -> None:
    report = check_store(harness, levels=[Level.SEQUENTIAL, Level.SECOND_HANDLE])
    report.raise_for_failures()
    assert report.complete


@pytest.mark.parametrize("harness", [HostedHarness, OptimisticHarness])
def test_what_the_stores_with_hosts_are_made_of_is_right(harness: type[StoreHarness]) -> None:
    with_hosts = [one.name for one in CHECKS if Capability.EXTERNAL_TX in one.needs]
    report = check_store(harness, levels=[Level.SEQUENTIAL, Level.SECOND_HANDLE], only=with_hosts)
    report.raise_for_failures()
    assert not report.not_covered
    assert len(report.covered) == len(with_hosts) - 1  # one takes threads


@pytest.mark.slow
@pytest.mark.usefixtures("on_a_quick_disk")
@pytest.mark.parametrize("harness", [FailingSharedHarness, FailingJournalHarness, HostedHarness, OptimisticHarness])
def test_what_the_faulty_stores_are_made_of_is_right_at_every_level(harness: type[StoreHarness]) -> None:
    check_store(harness).raise_for_failures()


@pytest.mark.slow
def test_what_the_power_is_cut_of_is_right() -> None:
    with DiskHarness.watching(Synced) as harness:
        check_store(harness, levels=[Level.SEQUENTIAL, Level.POWER]).raise_for_failures()


RESTLESS = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(range(100_000))"
"""Ends with the process that started it, however that ends."""


@contextmanager
def load() -> Iterator[None]:
    """Others that want the same cores: processes that never rest, and a thread of this one that takes its turn now and then."""
    over = threading.Event()

    def burn() -> None:
        while not over.wait(0.02):
            sum(range(50_000))

    others = [subprocess.Popen([sys.executable, "-c", RESTLESS, str(os.getpid())]) for _ in range(3)]
    worker = threading.Thread(target=burn)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.slow
@pytest.mark.parametrize("harness", [MemoryHarness, SqliteHarness])
@pytest.mark.usefixtures("on_a_quick_disk")
def test_a_good_store_passes_50_times_in_a_row_under_load(harness: type[StoreHarness]) -> None:
    """A kit that cries wolf is switched off."""
    seeds = random.SystemRandom()
    with load():
        for _ in range(5 if SHORT else 50):
            report = check_store(harness, seed=seeds.randrange(2**32))
            assert not report.failures, str(report)
            assert report.complete, str(report)
