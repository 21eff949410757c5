"""The tests of somebody who uses stabflow, as mypy --strict accepts them; nothing here is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import assert_type

import pytest

import stabflow
from stabflow import CaseHandle, Engine
from stabflow.ports.notifier import Message, Notifier, Result, Retry
from stabflow.ports.store import (
    AppendResult,
    CaseRow,
    DutyRow,
    JoinedStore,
    Snapshot,
    Store,
    StoredRecord,
)
from stabflow.stores.memory import MemoryStore
from stabflow.testing import (
    WAIT,
    CrashFailed,
    CrashPoint,
    CrashReport,
    FakeClock,
    FaultyStore,
    Left,
    NotifierContract,
    NotifierFault,
    NotifierHarness,
    Received,
    RecordingNotifier,
    SqliteHarness,
    StoreContract,
    Tampering,
    Trouble,
    TroubleKind,
    check_notifier,
    check_store,
    crash_points,
    engine_over,
    tamper,
)


@pytest.fixture
def store(fake_clock: FakeClock) -> Store:
    """A store that is down once."""
    kind: TroubleKind = "unavailable"
    return FaultyStore(MemoryStore(fake_clock), [Trouble(kind, stream="case/", nth=2)], wait=fake_clock.advance)


def test_time(engine: Engine, fake_clock: FakeClock, memory_store: Store) -> None:
    fake_clock.advance(timedelta(days=1))
    fake_clock.advance(1.5)
    fake_clock.at(datetime(2026, 3, 2, tzinfo=UTC))
    fake_clock.now += timedelta(hours=1)
    assert_type(fake_clock(), datetime)
    assert_type(engine_over(memory_store, clock=fake_clock), Engine)


def test_faults(store: FaultyStore, case: CaseHandle, rival: Callable[[], object]) -> None:
    store.plan(Trouble("meanwhile", act=rival), Trouble("slow", "claim", seconds=2))
    store.mend()
    assert_type(store.left, tuple[Trouble, ...])
    assert_type(store.struck, tuple[Trouble, ...])
    assert_type(store.join(object()), JoinedStore)
    with tamper(store) as tampering:
        assert_type(tampering, Tampering)
        tampering.payload(f"case/{case.id}", 1, "find", "put")
        tampering.case_row(case.id, state="settled", version=3)
        tampering.duty_rows(case.id, "note-1")
        tampering.key(f"case/{case.id}", "k", (1, 2))


def test_notifiers() -> None:
    notifier = RecordingNotifier(Retry("fog"), to={"unit-3": "hang"}, deduplicates=True, addresses=["unit-3"])
    notifier.plan(Retry("fog", after=3), OSError("down"), TimeoutError, lambda message: Retry(message.id))
    assert_type(notifier.messages, tuple[Message, ...])
    assert_type(notifier.send(notifier.delivered[0], within=1), Result)
    stabflow.open("memory:", plugins=[notifier.plugin("pigeons")])


class OfCards(Tampering):
    """Somebody's own storage."""

    def put_records(self, stream: str, records: Sequence[StoredRecord]) -> None: ...
    def put_case(self, case_id: str, row: CaseRow | None) -> None: ...
    def put_duties(self, case_id: str, rows: Sequence[DutyRow]) -> None: ...
    def put_key(self, stream: str, key: str, kept: tuple[str, AppendResult] | None) -> None: ...
    def put_snapshot(self, snapshot: Snapshot) -> None: ...


def script(store: Store, note: Callable[[object], None]) -> None:
    with engine_over(store) as engine:
        note([row.case_id for row in engine.cases()])


def check(left: Left) -> None:
    assert_type(left.store, Store)
    assert_type(left.point, CrashPoint | None)


def test_crashes() -> None:
    report = crash_points("my_tests:script", check, harness=SqliteHarness, calls=["append"], seconds=20)
    assert_type(report, CrashReport)
    with pytest.raises(CrashFailed):
        report.raise_for_failures()
    check_store(SqliteHarness, only=["C1"]).raise_for_failures()


class TestContract(StoreContract):
    harness = SqliteHarness


class Loft(NotifierHarness):
    """Somebody's own channel."""

    wrong_addresses = ("loft",)

    def provision(self) -> RecordingNotifier:
        return RecordingNotifier()

    def open(self, config: RecordingNotifier) -> Notifier:
        return config

    def address(self, config: RecordingNotifier, number: int) -> str:
        return f"unit-{number}"

    def received(self, config: RecordingNotifier) -> list[Received]:
        return [Received(to=one.to, text=one.text, id=one.id, subject=one.subject) for one in config.delivered]

    def fault(self, config: RecordingNotifier, kind: NotifierFault) -> AbstractContextManager[None] | None:
        config.plan(Retry("busy", after=WAIT))
        return nullcontext() if kind == "wait" else None


class TestLoft(NotifierContract):
    harness = Loft


def test_notifier_contract() -> None:
    check_notifier(Loft(), only=["N1"], levels=["threads"], seconds=1).raise_for_failures()
