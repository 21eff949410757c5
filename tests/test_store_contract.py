"""The conformance kit on the stores that come with stabflow, level by level; and what they promise beyond the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import CI, SHORT
from crash.laboratory import LaboratoryHarness

from stabflow.errors import InvalidInput, StoreUnavailable
from stabflow.ports.store import Capability, CaseQuery, DutyQuery, Store
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore
from stabflow.testing import ConformanceReport, Level, MemoryHarness, SqliteHarness, StoreHarness, check_store
from stabflow.testing.stores.checks import CHECKS
from stabflow.testing.stores.material import STREAM, batch, feed_from

SEED = 1 if CI else None
QUICK = [Level.SEQUENTIAL, Level.SECOND_HANDLE, Level.THREADS, Level.KILL, Level.MACHINE]

ALWAYS = {"port_what_is_not_declared_is_refused"}
HOSTS = {
    level: {one.name for one in CHECKS if Capability.EXTERNAL_TX in one.needs and one.level is level} for level in Level
}
FAULTS = {
    "c5_a_refused_commit_is_told_as_such",
    "c5_a_torn_commit_leaves_nothing",
    "c5_a_lost_answer_is_an_unknown_outcome",
}
NEWER = {"c14_a_later_schema_is_refused"}
COPY = {"c6_a_copy_has_another_past", "c6_a_restored_storage_has_another_past"}


def held(report: ConformanceReport) -> set[str]:
    """The checks that were not covered; all others held."""
    report.raise_for_failures()
    return {one.check.name for one in report.not_covered}


@pytest.mark.parametrize("level", [Level.SEQUENTIAL, Level.THREADS])
def test_the_store_in_memory_keeps_the_contract(level: Level) -> None:
    left = held(check_store(MemoryHarness, levels=[level], seed=SEED))
    assert left - HOSTS[level] == (ALWAYS | FAULTS | NEWER | COPY if level is Level.SEQUENTIAL else set())


def test_the_store_in_memory_refuses_after_a_fork() -> None:
    report = check_store(MemoryHarness, levels=[Level.KILL, Level.SECOND_HANDLE, Level.POWER], seed=SEED)
    report.raise_for_failures()
    assert [one.check.name for one in report.covered] == ["c12_a_handle_refuses_after_a_fork"]


@pytest.mark.parametrize("level", QUICK)
def test_the_store_in_a_sqlite_file_keeps_the_contract(level: Level) -> None:
    left = held(check_store(SqliteHarness, levels=[level], seed=SEED))
    assert left - HOSTS[level] == (ALWAYS | FAULTS | NEWER if level is Level.SEQUENTIAL else set())


def test_sqlite_on_a_disk_that_fails_keeps_the_contract() -> None:
    harness = LaboratoryHarness()
    with harness.watching_names():
        report = check_store(harness, only=["C4", "C5", "C10", "C14"], levels=["sequential", "power"], seed=SEED)
    left = held(report) - HOSTS[Level.SEQUENTIAL]
    assert left == {"c5_a_lost_answer_is_an_unknown_outcome"}  # of SQLite no commit is there that failed
    assert {"c4_a_power_cut_loses_nothing_acknowledged", *NEWER} <= {one.check.name for one in report.covered}


def test_the_power_cut_finds_a_store_that_is_not_durable() -> None:
    """The planted fault: ``synchronous=normal``, declared as durable."""

    class Careless(LaboratoryHarness):
        def open(self, config: str, clock: object) -> Store:
            disk = self._disks.get(self._file(config).parent)
            path = self._file(config)
            store = SqliteStore.open(path, vfs=None if disk is None else disk.name, synchronous="normal")
            store.capabilities |= {Capability.DURABLE}
            return store

    harness = Careless()
    with harness.watching_names():
        report = check_store(harness, only=["c4_a_power_cut_loses_nothing_acknowledged"], seed=SEED)
    (failed,) = report.failures
    assert "what is found after the power failed" in failed.explanation


@pytest.mark.slow
@pytest.mark.parametrize("harness", [MemoryHarness, SqliteHarness])
def test_the_stores_keep_the_contract_for_long(harness: type[StoreHarness]) -> None:
    report = check_store(harness, effort=2 if SHORT else 10, seconds=900, seed=SEED)
    report.raise_for_failures()
    assert report.complete


@pytest.mark.slow
def test_sqlite_on_a_disk_that_fails_keeps_the_contract_for_long() -> None:
    harness = LaboratoryHarness()
    levels = ["sequential", "second handle", "power", "machine"]
    with harness.watching_names():
        report = check_store(harness, levels=levels, effort=1 if SHORT else 5, seconds=900, seed=SEED)
    left = held(report) - set[str]().union(*HOSTS.values())
    assert left == {*ALWAYS, "c5_a_lost_answer_is_an_unknown_outcome"}


# What the bundled stores promise beyond the contract


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else SqliteStore.open(tmp_path / "store.db")
    yield opened
    opened.close()


def test_declares_what_it_can_do(store: Store) -> None:
    everywhere = {Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS}
    durable = {Capability.DURABLE, Capability.MULTI_PROCESS}
    assert store.capabilities == (everywhere | durable if isinstance(store, SqliteStore) else everywhere)


def test_positions_are_numbers_without_gaps(store: Store) -> None:
    for number in range(6):
        store.append(batch(number // 2, stream=f"{STREAM}-{number % 2}"))
    assert [record.position for record in feed_from(store)[0]] == [1, 2, 3, 4, 5, 6]


def test_what_is_handed_out_cannot_be_changed(store: Store) -> None:
    store.append(batch(0, 2))
    for answer in (store.read_stream(STREAM), store.heads([STREAM]), store.read_feed(after=None).records):
        assert isinstance(answer, tuple)


def test_the_sentences_say_what_to_do(store: Store) -> None:
    asked: list[Callable[[], object]] = [
        lambda: store.read_stream(STREAM, limit=0),
        lambda: store.find_cases(CaseQuery(limit=1_001)),
        lambda: store.find_duties(DutyQuery(limit=-1)),
    ]
    for call in asked:
        with pytest.raises(ValueError, match="1 to 1000"):
            call()
    with pytest.raises(InvalidInput, match="not a cursor of a page of duties"):
        store.find_duties(DutyQuery(after="made up"))
    with pytest.raises(InvalidInput, match="not a cursor of the feed"):
        store.read_feed(after="made up")
    store.close()
    with pytest.raises(StoreUnavailable, match="closed; open it again"):
        store.heads([STREAM])
