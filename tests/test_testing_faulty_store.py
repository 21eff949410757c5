"""A store that fails as planned: it goes wrong where it should and nowhere else, and without a plan it is the store inside."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crash.calls import ALL, READING

from stabflow.errors import CommitUnknown, LeaseLost, StoreError, StoreUnavailable, VersionConflict
from stabflow.ports.store import Clock, JoinedStore, Store
from stabflow.stores.memory import MemoryStore
from stabflow.testing import FakeClock, FaultyStore, MemoryHarness, SqliteHarness, Trouble, check_store
from stabflow.testing.faults.faulty_store import _FaultyJoinedStore
from stabflow.testing.faults.troubles import CALLS, READS, WRITES
from stabflow.testing.stores.material import OFFICES, STREAM, act, batch, head_of, notices


class FaultyMemory(MemoryHarness):
    def open(self, config: None, clock: Clock) -> Store:
        return FaultyStore(super().open(config, clock))


class FaultySqlite(SqliteHarness):
    def open(self, config: str, clock: Clock) -> Store:
        return FaultyStore(super().open(config, clock))


def test_without_a_plan_the_contract_is_kept() -> None:
    report = check_store(FaultyMemory, levels=["sequential"], only=["Port", "C3", "C10"], seed=8)
    report.raise_for_failures()
    assert len(report.covered) > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harness", "levels"),
    [(FaultyMemory, ["sequential", "threads", "machine"]), (FaultySqlite, ["sequential", "second handle", "threads"])],
)
def test_without_a_plan_the_contract_is_kept_at_every_level(harness: type[Any], levels: list[str]) -> None:
    """But for processes and power, where the kit opens the store inside."""
    check_store(harness, levels=levels, seed=8).raise_for_failures()


def test_the_kit_finds_what_a_plan_spoils() -> None:
    class Spoilt(MemoryHarness):
        def open(self, config: None, clock: Clock) -> Store:
            return FaultyStore(super().open(config, clock), [Trouble("unknown_not_stored", nth=2, times=None)])

    assert check_store(Spoilt, levels=["sequential"], only=["C1", "C3"], seed=8).failures


def methods(of: type[Any]) -> dict[str, Any]:
    """What it has of the port: functions and properties, but for what every object has."""
    return {
        name: member
        for name, member in inspect.getmembers(of)
        if not name.startswith("_") and not isinstance(member, frozenset | int)
    }


@pytest.mark.parametrize(("faulty", "port"), [(FaultyStore, Store), (_FaultyJoinedStore, JoinedStore)])
def test_it_keeps_up_with_the_port(faulty: type[Any], port: type[Any]) -> None:
    """Every method is passed on, also those that the port answers by itself; and each can be in trouble, or never may be."""
    ours = methods(faulty)
    for name, member in methods(port).items():
        assert ours[name] is not member, f"{name} is the port's own: it never reaches the store inside"
        if not isinstance(member, property):
            assert inspect.signature(ours[name]) == inspect.signature(member), name
    assert set(methods(port)) - {"close", "about", "observe", "is_open", "when_committed"} <= set(CALLS)


def test_it_knows_which_calls_write() -> None:
    assert set(READS) == set(READING)
    assert set(READS) | set(WRITES) - {"commit"} == set(ALL)


@pytest.mark.parametrize("call", ALL)
def test_whatever_is_called_can_be_unavailable(call: str) -> None:
    faulty, plain = FaultyStore(MemoryStore()), MemoryStore()

    def told(store: Store) -> str:
        try:
            return str(ALL[call](store))
        except StoreError as error:
            return repr(error)

    faulty.plan(Trouble("unavailable", call, nth=2))
    assert told(faulty) == told(plain)
    with pytest.raises(StoreUnavailable, match=f"{call}: the storage cannot be reached"):
        ALL[call](faulty)
    assert faulty.left == ()
    assert [one.call for one in faulty.struck] == [call]
    assert told(faulty) == told(plain)


@pytest.mark.parametrize(
    ("kind", "error", "stored"),
    [
        ("conflict", VersionConflict, False),
        ("unavailable", StoreUnavailable, False),
        ("unknown_stored", CommitUnknown, True),
        ("unknown_not_stored", CommitUnknown, False),
    ],
)
def test_an_append_goes_wrong(kind: Any, error: type[StoreError], stored: bool) -> None:
    store = FaultyStore(MemoryStore(), [Trouble(kind, stream="case/")])
    store.append(batch(stream=OFFICES))
    asked = act(0)
    with pytest.raises(error):
        store.append(asked)
    assert (head_of(store).version > 0) is stored
    assert store.append(asked).replayed is stored


def test_only_the_calls_that_are_meant_go_wrong() -> None:
    store = FaultyStore(MemoryStore(), [Trouble("unavailable", stream="case/", nth=2, times=2)])
    wrong = []
    for number in range(6):
        for stream in (STREAM, OFFICES):
            try:
                store.append(batch(head_of(store, stream).version, stream=stream))
            except StoreUnavailable:
                wrong.append((stream, number))
    assert wrong == [(STREAM, 1), (STREAM, 2)]


def test_what_has_no_end_goes_wrong_until_it_is_mended() -> None:
    store = FaultyStore(MemoryStore(), [Trouble("unavailable", "heads", stream="case/", times=None)])
    assert store.heads([OFFICES])
    assert len(store.left) == 1
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            store.heads([OFFICES, STREAM])
    assert (store.left, len(store.struck)) == ((), 3)
    store.mend()
    assert head_of(store).version == 0


def test_a_notice_is_given_twice() -> None:
    store = FaultyStore(MemoryStore(), [Trouble("given_twice")])
    store.append(batch(outbox=notices("come"), key="k", digest="d"))
    (first,) = store.claim("one", limit=10, lease_for=60)
    (second,) = store.claim("another", limit=10, lease_for=60)
    assert (second.payload, second.attempts) == (first.payload, 2)
    assert second.token > first.token
    with pytest.raises(LeaseLost):
        store.ack(first)
    assert store.claim("a third", limit=10, lease_for=60) == ()
    store.ack(second)
    assert store.waiting() == ()


def test_what_is_slow_lets_time_pass_first() -> None:
    clock = FakeClock()
    began = clock()
    store = FaultyStore(MemoryStore(clock), [Trouble("slow", "claim", seconds=90)], wait=clock.advance)
    store.append(batch(outbox=notices("come"), key="k", digest="d"))
    (claim,) = store.claim("one", limit=10, lease_for=60)
    assert clock() == began + timedelta(seconds=90)
    assert store.claim("another", limit=10, lease_for=60) == (), "the lease began after the wait"
    store.ack(claim)


def test_meanwhile_somebody_acts_undisturbed() -> None:
    store = FaultyStore(MemoryStore())
    acted: list[int] = []

    def rival() -> None:
        acted.append(store.append(batch(head_of(store).version)).last_version)

    store.plan(Trouble("meanwhile", times=2, act=rival), Trouble("unknown_stored", nth=3))
    for expected in (0, 1):
        with pytest.raises(VersionConflict):
            store.append(batch(expected))
    with pytest.raises(CommitUnknown):
        store.append(batch(2))
    assert (acted, head_of(store).version, store.left) == ([1, 2], 3, ())


def test_an_act_that_fails_leaves_the_plan_working() -> None:
    def stumble() -> None:
        raise RuntimeError("stumbled")

    store = FaultyStore(MemoryStore(), [Trouble("meanwhile", act=stumble), Trouble("unavailable", nth=2)])
    with pytest.raises(RuntimeError):
        store.append(batch())
    with pytest.raises(StoreUnavailable):
        store.append(batch())


def test_time_passes_before_the_error_comes() -> None:
    clock = FakeClock()
    began = clock()
    plan = [Trouble("unknown_stored"), Trouble("slow", seconds=5), Trouble("unavailable")]
    store = FaultyStore(MemoryStore(), plan, wait=clock.advance)
    with pytest.raises(CommitUnknown):
        store.append(batch())
    assert clock() == began + timedelta(seconds=5)


def test_threads_are_counted_together() -> None:
    store = FaultyStore(MemoryStore(), [Trouble("unavailable", "heads", nth=20, times=5)])
    failed: list[int] = []

    def look() -> None:
        for _ in range(10):
            try:
                head_of(store)
            except StoreUnavailable:
                failed.append(1)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(failed), store.left) == (5, ())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Trouble("fire"), "there is no trouble 'fire'"),  # type: ignore[arg-type]
        (lambda: Trouble("conflict", "claim"), "conflict comes with append, not with 'claim'"),
        (lambda: Trouble("unknown_stored", "heads"), "not with 'heads'"),
        (lambda: Trouble("unavailable", "close"), "not with 'close'"),
        (lambda: Trouble("unavailable", "find_cases", stream="case/"), "about no stream"),
        (lambda: Trouble("conflict", nth=0), "count from 1"),
        (lambda: Trouble("conflict", times=0), "count from 1"),
        (lambda: Trouble("slow"), "takes seconds"),
        (lambda: Trouble("conflict", seconds=1), "takes seconds"),
        (lambda: Trouble("meanwhile"), "takes an act"),
        (lambda: FaultyStore(MemoryStore(), [Trouble("slow", seconds=1)]), "say how time passes"),
    ],
)
def test_what_could_never_happen_is_refused(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wrong()


# Within a transaction of the host


class Joined(JoinedStore, MemoryStore):
    """Notes what the transaction of its host comes to."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    @property
    def is_open(self) -> bool:
        return self.said[-1:] == ["begin"]

    def begin(self) -> None:
        self.said.append("begin")

    def commit(self) -> None:
        self.said.append("commit")

    def rollback(self) -> None:
        self.said.append("rollback")

    def when_committed(self, tell: Callable[[], None]) -> None:
        tell()

    def close(self) -> None:
        self.said.append("close")


class Joinable(MemoryStore):
    """A store whose every transaction is the same one."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = Joined()

    def join(self, connection: object) -> JoinedStore:
        return self.joined


def test_a_joined_store_passes_everything_on() -> None:
    inner = Joinable()
    store = FaultyStore(inner).join(object())
    told: list[int] = []
    store.when_committed(lambda: told.append(1))
    store.begin()
    assert store.is_open
    assert store.append(batch()).last_version == 1
    store.commit()
    store.rollback()
    store.close()
    assert (told, inner.joined.said) == ([1], ["begin", "commit", "rollback", "close"])


@pytest.mark.parametrize(
    ("kind", "error", "came_to"),
    [
        ("unavailable", StoreUnavailable, "rollback"),
        ("unknown_stored", CommitUnknown, "commit"),
        ("unknown_not_stored", CommitUnknown, "rollback"),
    ],
)
def test_a_commit_of_the_host_goes_wrong(kind: Any, error: type[StoreError], came_to: str) -> None:
    inner = Joinable()
    outer = FaultyStore(inner, [Trouble(kind, "commit"), Trouble("unknown_stored")])
    store = outer.join(object())
    store.begin()
    store.append(batch())  # of which nobody may say that the outcome is not known
    with pytest.raises(error):
        store.commit()
    assert inner.joined.said == ["begin", came_to]
    assert [one.call for one in outer.left] == ["append"]
    with pytest.raises(CommitUnknown):
        outer.append(batch())


# The clock


def test_a_clock_stands_goes_on_and_jumps() -> None:
    clock = FakeClock()
    assert clock() == clock() == clock.now == datetime(2026, 11, 23, 8, tzinfo=UTC)
    clock.advance(90)
    clock.advance(timedelta(hours=1))
    assert clock() == datetime(2026, 11, 23, 9, 1, 30, tzinfo=UTC)
    clock.step = timedelta(seconds=1)
    assert [clock().second, clock.now.second, clock().second] == [31, 31, 32]
    clock.at(datetime(2020, 1, 1, tzinfo=UTC))
    assert clock() == datetime(2020, 1, 1, 0, 0, 1, tzinfo=UTC)
    clock.now -= timedelta(days=1)
    assert clock.now == datetime(2019, 12, 31, 0, 0, 1, tzinfo=UTC)


def test_a_clock_keeps_real_time_where_daylight_saving_begins() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    clock = FakeClock(datetime(2026, 3, 29, 1, 30, tzinfo=berlin))
    clock.advance(timedelta(hours=1))
    assert clock().astimezone(berlin).hour == 3
    assert clock().tzinfo is UTC


def test_a_clock_takes_no_time_without_its_zone() -> None:
    clock = FakeClock()
    for set_it in (FakeClock, clock.at, lambda when: setattr(clock, "now", when)):
        with pytest.raises(ValueError, match="has no zone"):
            set_it(datetime(2026, 3, 2))
