"""Reminders before something falls due: each once for a duty and its due time, whoever ticks, how often and how late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import lapsing
import pytest
from lapsing import HEAD, HELPER, INSPECTION, INSPECTOR, JUDGE, START, Hand, a_case, opened
from notified import NOTIFIED, told, waiting

import stabflow
from stabflow import CaseHandle, Engine, Matter
from stabflow.calendar import Calendar
from stabflow.case import CASE, vacancy
from stabflow.decision.events import Ticked
from stabflow.engine import ticker
from stabflow.errors import StoreUnavailable
from stabflow.history import codec
from stabflow.language import loads
from stabflow.ports.store import AppendBatch, AppendResult, Capability
from stabflow.stores.memory import MemoryStore

# Of the case: ten working days from Monday, 5 January, so until Monday, 19 January, 24:00 in Shanghai, which is 16:00 UTC.
THREE_LEFT, ONE_LEFT, DUE = (datetime(2026, 1, day, 16, tzinfo=UTC) for day in (14, 18, 19))
INSTANT = timedelta(microseconds=1)


def world(text: str = NOTIFIED, url: str = "memory:") -> tuple[Engine, CaseHandle, Hand]:
    clock = Hand()
    engine = opened(clock, url, text)
    return engine, a_case(engine), clock


def tick(engine: Engine, clock: Hand, now: datetime | None = None) -> int:
    clock.now = clock.now if now is None else now
    done = engine.tick(through=clock.now, basis="the clock is right")
    assert done.failures == ()
    return done.reminders


def soon(engine: Engine, about: str = CASE) -> list[tuple[str, str]]:
    """The reminders of a duty in the outbox: of which due time, so long before."""
    found = [one for one in waiting(engine) if one.name == "soon" and one.about == about]
    return [(one.facts["due"][:10], one.facts["lead"]) for one in found]


def assigned(case: CaseHandle, deadline: date) -> str:
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=deadline)
    return hazard


def test_each_lead_is_sent_once_from_its_moment_on_and_none_after_the_due_time() -> None:
    engine, _, clock = world()
    counts = [
        (THREE_LEFT - INSTANT, 0),
        (THREE_LEFT, 1),
        (THREE_LEFT, 0),
        (THREE_LEFT + timedelta(hours=30), 0),
        (ONE_LEFT - INSTANT, 0),
        (ONE_LEFT + timedelta(hours=1), 1),
        (DUE - INSTANT, 0),
        (DUE, 0),
    ]
    sent = 0
    for now, more in counts:
        reminders = tick(engine, clock, now)
        of_case = len(soon(engine))
        assert of_case == sent + more, now
        assert reminders >= more
        sent = of_case
    assert soon(engine) == [("2026-01-19", "3 working days"), ("2026-01-19", "1 working days")]
    first = next(one for one in waiting(engine) if one.name == "soon" and one.about == CASE)
    assert (first.role, first.body, first.created_at) == ("inspector", "", THREE_LEFT)
    assert (first.subject.en, first.subject.zh) == ("the case: 3 working days left", "本案件：还有3个工作日")
    assert first.text.en == "plant: the case (checking) is due 24:00 of 2026-01-19."
    assert first.origin.startswith("system:remind:")


def test_a_tick_that_was_down_for_days_sends_the_shortest_lead_alone() -> None:
    engine, _, clock = world()
    tick(engine, clock, ONE_LEFT + timedelta(hours=3))
    assert soon(engine) == [("2026-01-19", "1 working days")]
    engine, _, clock = world()
    tick(engine, clock, DUE + timedelta(days=2))
    assert soon(engine) == []


def test_what_is_done_meanwhile_is_not_reminded_of() -> None:
    engine, case, clock = world()
    clock.now = THREE_LEFT - timedelta(hours=1)
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    tick(engine, clock, ONE_LEFT)
    assert [due for due, _ in soon(engine)] == []


def test_a_date_that_moves_is_another_due_time_nearer_or_farther() -> None:
    engine, case, clock = world()
    hazard = assigned(case, date(2026, 1, 30))
    tick(engine, clock, datetime(2026, 1, 8, 1, tzinfo=UTC))
    assert soon(engine, hazard) == []
    case.fire("reassign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 1, 9))
    tick(engine, clock)
    assert soon(engine, hazard) == [("2026-01-09", "3 working days")]
    case.fire("reassign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 1, 14))
    tick(engine, clock)
    tick(engine, clock, datetime(2026, 1, 12, 1, tzinfo=UTC))
    tick(engine, clock, datetime(2026, 1, 14, 1, tzinfo=UTC))
    assert soon(engine, hazard)[1:] == [("2026-01-14", "3 working days"), ("2026-01-14", "1 working days")]


def test_another_owner_is_reminded_of_the_same_date() -> None:
    engine, case, clock = world()
    hazard = assigned(case, date(2026, 1, 9))
    tick(engine, clock, datetime(2026, 1, 7, 1, tzinfo=UTC))
    case.fire("reassign", item=hazard, by=HEAD, basis="rota", owner=JUDGE, deadline=date(2026, 1, 9))
    for _ in range(2):
        tick(engine, clock)
    sent = [one for one in waiting(engine) if one.name == "soon" and one.about == hazard]
    assert [(one.role, one.body) for one in sent] == [("owner", "unit"), ("owner", "town")]
    assert sent[0].id != sent[1].id


def test_a_clock_that_stands_is_not_reminded_of_and_runs_to_another_due_time() -> None:
    text = NOTIFIED.replace('within = "10 working days"', 'within = "10 working days", clock_stopped_by = ["head"]', 1)
    engine, case, clock = world(text)
    clock.now = datetime(2026, 1, 14, 1, tzinfo=UTC)
    case.stop_clock(by=HEAD, basis="order", reason="a flood")
    tick(engine, clock, ONE_LEFT)
    assert soon(engine) == []
    case.resume_clock(by=HEAD, basis="order", reason="it is over")
    tick(engine, clock)
    assert soon(engine) == []
    due = case.value.due
    assert due is not None
    tick(engine, clock, due.at - timedelta(hours=10))
    assert soon(engine) == [(f"{due.at:%Y-%m-%d}", "1 working days")]


def test_a_vacant_office_is_reminded_of_to_who_fills_it() -> None:
    clock = Hand()
    engine = opened(clock, text=NOTIFIED)
    a_case(engine, helped=False)
    tick(engine, clock)
    assert not [one for one in waiting(engine) if one.about == vacancy("helper")], "it has two working days in all"
    tick(engine, clock, datetime(2026, 1, 6, 16, tzinfo=UTC))
    (one,) = [one for one in waiting(engine) if one.about == vacancy("helper")]
    assert (one.name, one.role, one.facts["lead"]) == ("soon", "head", "1 working days")
    assert one.text.en == "plant: the office “helper” (vacant) is due 24:00 of 2026-01-07."


def test_nobody_is_told_that_they_have_more_time_than_they_ever_had() -> None:
    text = NOTIFIED.replace('within = "10 working days"', 'within = "30 hours"', 1)
    text = text.replace('lead = ["3 working days", "1 working day"]', 'lead = ["1 working day", "20 hours"]')
    engine, _, clock = world(text)
    clock.now = START + timedelta(hours=1)
    tick(engine, clock)
    assert soon(engine) == []
    tick(engine, clock, START + timedelta(hours=7))
    assert soon(engine) == [("2026-01-06", "1 working days")]
    tick(engine, clock, START + timedelta(hours=11))
    assert soon(engine)[1:] == [("2026-01-06", "20 hours")]


def test_a_calendar_that_moves_a_due_time_moves_its_reminders(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}?synchronous=normal"
    engine, _, clock = world(url=url)
    tick(engine, clock, THREE_LEFT)
    engine.close()
    week = Calendar("week", holidays=[date(2026, 1, day) for day in (19, 20)], years=[2026])
    with stabflow.open(url, clock=clock, procedures=[loads(NOTIFIED)]) as engine:
        engine._shell.calendar = week
        list(engine.recalendar(basis="the notice is out"))
        tick(engine, clock, ONE_LEFT)
        assert soon(engine) == [("2026-01-19", "3 working days"), ("2026-01-21", "3 working days")]
        tick(engine, clock, datetime(2026, 1, 20, 16, tzinfo=UTC))
        assert soon(engine)[2:] == [("2026-01-21", "1 working days")]


class Frail(MemoryStore):
    """Dies at the append of a reminder, after so many, before or after it is stored."""

    left = 1_000
    stores = False

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.records:
            return super().append(batch)
        self.left -= 1
        if self.left >= 0:
            return super().append(batch)
        if self.stores:
            super().append(batch)
        raise StoreUnavailable("killed")


@pytest.mark.parametrize("stores", [False, True], ids=["before it is stored", "after"])
@pytest.mark.parametrize("after", range(4))
def test_a_tick_that_is_killed_half_way_is_gone_on_with(
    after: int, stores: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, case, clock = world()
    hazards = [assigned(case, date(2026, 1, 7)) for _ in range(4)]
    store = engine._shell.store
    monkeypatch.setattr(store, "__class__", Frail)
    store.left, store.stores = after, stores  # type: ignore[attr-defined]
    with pytest.raises(StoreUnavailable):
        tick(engine, clock)
    store.left = 1_000  # type: ignore[attr-defined]
    engine._shell.reminded.clear()  # as another process would have it
    assert tick(engine, clock) == 4 - after - stores
    assert [soon(engine, one) for one in hazards] == [[("2026-01-07", "3 working days")]] * 4


def test_two_machines_that_see_the_same_send_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}?synchronous=normal"
    engine, case, clock = world(url=url)
    other = stabflow.open(url, clock=clock, procedures=[loads(NOTIFIED)])
    assigned(case, date(2026, 1, 7))
    monkeypatch.setattr(type(engine._shell.store), "lookup", lambda *_: None)  # each looks before the other has sent
    assert (tick(engine, clock), tick(other, clock)) == (1, 0)
    assert len([one for one in waiting(engine) if one.name == "soon"]) == 1
    other.close()
    engine.close()


def test_what_is_done_between_the_look_and_the_reminder_is_not_reminded_of(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, case, clock = world()
    hazard = assigned(case, date(2026, 1, 7))

    class Meanwhile(MemoryStore):
        def append(self, batch: AppendBatch) -> AppendResult:
            if not batch.records and case.value.items[hazard].state == "assigned":
                case.fire("resolve", item=hazard, by=INSPECTOR, basis="rota")
            return super().append(batch)

    monkeypatch.setattr(engine._shell.store, "__class__", Meanwhile)
    assert tick(engine, clock) == 0
    assert soon(engine, hazard) == []


def test_something_else_that_is_done_meanwhile_only_makes_it_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, case, clock = world()
    hazard = assigned(case, date(2026, 1, 7))
    others: list[str] = []

    class Meanwhile(MemoryStore):
        def append(self, batch: AppendBatch) -> AppendResult:
            if not batch.records and len(others) < 3:
                others.append(case.add("hazard", by=INSPECTOR, basis="rota"))
            return super().append(batch)

    monkeypatch.setattr(engine._shell.store, "__class__", Meanwhile)
    tick(engine, clock)
    assert soon(engine, hazard) == [("2026-01-07", "3 working days")]
    assert len(others) == 3


def test_each_case_is_reminded_of_by_the_version_it_runs_under() -> None:
    second = NOTIFIED.replace('version = "1"', 'version = "2"', 1).replace(
        'lead = ["3 working days", "1 working day"]', 'lead = "2 working days"'
    )
    clock = Hand()
    engine = stabflow.open("memory:", clock=clock, procedures=[loads(NOTIFIED), loads(second)])
    for office, holder in (("inspector", INSPECTOR), ("head", HEAD), ("board", lapsing.BOARD), ("judge", JUDGE)):
        engine.constitute("inspection", office, holder, basis="founding")
    for version in "12":
        case = engine.open_case(
            f"inspection@{version}", Matter(f"plant-{version}", "x"), by=INSPECTOR, basis="rota", trigger="open"
        )
        case.appoint("helper", HELPER, by=HEAD, basis="rota")
    for now in (THREE_LEFT, THREE_LEFT + timedelta(days=1), ONE_LEFT):
        tick(engine, clock, now)
    of_case = [one for one in waiting(engine) if one.name == "soon" and one.about == CASE]
    assert [(one.case[-3], one.facts["lead"], one.created_at) for one in of_case] == [
        ("1", "3 working days", THREE_LEFT),
        ("2", "2 working days", THREE_LEFT + timedelta(days=1)),
        ("1", "1 working days", ONE_LEFT),
    ]


def test_a_store_without_an_outbox_and_a_procedure_without_reminders_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, _, clock = world(INSPECTION)
    assert tick(engine, clock, THREE_LEFT) == 0
    monkeypatch.setattr(MemoryStore, "capabilities", MemoryStore.capabilities - {Capability.OUTBOX})
    engine, case, clock = world()
    assigned(case, date(2026, 1, 7))
    assert tick(engine, clock) == 0


def test_a_tick_tells_how_many_and_puts_it_on_record_and_old_ticks_stand_as_they_did() -> None:
    engine, case, clock = world()
    tick(engine, clock)
    assigned(case, date(2026, 1, 7))
    clock.pass_(minutes=1)
    assert tick(engine, clock) == 1
    last = ticker.last_tick(engine._shell)
    assert last is not None
    assert (last.reminders, last.until) == (1, clock.now)
    old = b'{"breaches":2,"until":"2026-01-05T01:00:00.000000Z"}'
    read = codec.decode("system.ticked", 1, old)
    assert isinstance(read, Ticked)
    assert (read.reminders, codec.encode(read)) == (0, old)
    engine.verify()


def test_a_store_with_reminders_is_copied_and_verified(tmp_path: Path) -> None:
    engine, case, clock = world(url=f"sqlite:///{tmp_path / 'a.db'}?synchronous=normal")
    assigned(case, date(2026, 1, 7))
    tick(engine, clock)
    before = told(engine)
    engine.verify()
    target = f"sqlite:///{tmp_path / 'b.db'}?synchronous=normal"
    with stabflow.open(target, clock=clock, procedures=[loads(NOTIFIED)]) as there:
        engine.copy_to(there)
        assert told(there) == before
        there.verify()
    engine.close()


class Counting(MemoryStore):
    """Counts what is asked of it."""

    looked_up = read = appended = 0

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        self.looked_up += 1
        return super().lookup(stream, key)

    def read_stream(self, stream: str, **more: int) -> object:  # type: ignore[override]
        self.read += stream.startswith("case/")
        return super().read_stream(stream, **more)

    def append(self, batch: AppendBatch) -> AppendResult:
        self.appended += not batch.records
        return super().append(batch)


def many(cases: int, items: int) -> tuple[Engine, Hand, Counting]:
    engine, _, clock = world()
    for number in range(cases):
        case = a_case(engine, f"plant-{number}")
        with case.acting(INSPECTOR, role="inspector", basis="rota") as act:
            hazards = [act.add("hazard") for _ in range(items)]
        with case.acting(HEAD, role="head", basis="rota") as act:
            for hazard in hazards:
                act.fire("assign", item=hazard, owner=HELPER, deadline=date(2026, 1, 7))
    store = engine._shell.store
    store.__class__ = Counting
    assert isinstance(store, Counting)
    return engine, clock, store


def _is_asked_no_more_than_it_must(cases: int, items: int) -> None:
    duties = cases * items
    engine, clock, store = many(cases, items)
    assert tick(engine, clock) == duties
    assert store.appended == duties
    store.looked_up = store.read = store.appended = 0
    assert tick(engine, clock) == 0
    assert (store.looked_up, store.read, store.appended) == (0, 0, 0)
    engine._shell.reminded.clear()  # as a process that begins
    for _ in range(2):
        assert tick(engine, clock) == 0
        assert (store.looked_up, store.read, store.appended) == (duties, 0, 0)


def test_what_was_sent_is_known_without_asking_a_case() -> None:
    _is_asked_no_more_than_it_must(3, 10)


@pytest.mark.slow
def test_ten_thousand_duties_are_no_other_than_thirty() -> None:
    _is_asked_no_more_than_it_must(100, 100)
