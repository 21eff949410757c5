"""Snapshots in the engine: a long case is looked at as quickly as a short one, and nothing is ever decided on a snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import apsw
import attrs
import five_steps
import pytest
import worlds
from conftest import SHORT
from five_steps import CHIEF, toward
from hypothesis import settings
from test_engine_machine import SMALL
from test_engine_recalendar import NEW, OLD, Brings
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, FakeClock, Wrapped

from stabflow import CaseHandle, Engine, Matter, Refused
from stabflow.case import Case, with_changes
from stabflow.decision.evolution import replay
from stabflow.engine.doctor import Health
from stabflow.errors import Corrupt
from stabflow.history import snapshots
from stabflow.history.snapshots import encode
from stabflow.ports.store import AppendBatch, Capability, Snapshot, Store, StoredRecord
from stabflow.stores.memory import MemoryStore
from stabflow.testing import procedure_machine
from stabflow.testing.procedures.machine import ProcedureMachine

EVERY, PART = snapshots.EVERY, snapshots.PART
Plant = Callable[[Snapshot], None]


class Counting(Wrapped):
    """Counts the records that are read from it."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.read = 0

    def read_stream(self, stream: str, *, after: int = 0, limit: int = 1000) -> Sequence[StoredRecord]:
        found = self.inner.read_stream(stream, after=after, limit=limit)
        self.read += len(found)
        return found


def stream_of(case: CaseHandle) -> str:
    return f"case/{case.id}"


def by_records(case: CaseHandle) -> Case:
    found = replay((record.event, record.stamp) for record in case.history())
    assert found is not None
    return found


def grown(case: CaseHandle, version: int) -> CaseHandle:
    """The small case with notes until it stands at ``version``."""
    for _ in range(version - case.value.version):
        case.add("note", by=CLERK, basis=BASIS, **NOTE)
    return case


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot every ten records."""
    monkeypatch.setattr(snapshots, "EVERY", 10)
    monkeypatch.setattr(snapshots, "PART", 1_000)


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path, often: None) -> Iterator[tuple[Callable[[], Engine], Plant]]:
    """Opens engines over one storage; and puts a snapshot into it as somebody could who can write to it."""
    clock = FakeClock()
    if request.param == "memory":
        store = MemoryStore()
        store.close = lambda: None  # type: ignore[method-assign]

        def open_() -> Engine:
            return worlds.engine_over(store, clock)

        def plant(snapshot: Snapshot) -> None:
            store._snapshots[snapshot.stream] = snapshot

        yield open_, plant
        return
    path = tmp_path / "store.db"
    engines: list[Engine] = []

    def opened() -> Engine:
        engines.append(worlds.engine_on(f"sqlite:///{path}?synchronous=normal", clock))
        return engines[-1]

    def planted(snapshot: Snapshot) -> None:
        connection = apsw.Connection(str(path))
        with connection:
            connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", attrs.astuple(snapshot))
        connection.close()

    yield opened, planted
    for engine in engines:
        engine.close()


# Quick to look at


def test_few_records_are_read_of_a_long_case() -> None:
    store, clock = Counting(MemoryStore()), FakeClock()
    case = grown(worlds.opened(worlds.constituted(worlds.engine_over(store, clock))), 1_051)
    for version in (1_051, 1_099, 1_100, 1_101):
        grown(case, version)
        store.read = 0
        looked_at = worlds.engine_over(store, clock).case(case.id)
        assert store.read == version % snapshots.EVERY + 1, "the record of the snapshot, and the news"
        value = looked_at.value
        assert store.read == version % snapshots.EVERY + 2, "and the last one, to see that it is still there"
        assert value == by_records(case)
    looked_at = worlds.engine_over(store, clock).case(case.id)
    store.read = 0
    assert looked_at.duties() == case.duties()
    assert looked_at.available(CLERK) == case.available(CLERK)
    assert looked_at.blockers("submit", by=CLERK, urgent=True) == case.blockers("submit", by=CLERK, urgent=True)
    assert store.read < 20, "so are all the questions that are asked"


def test_what_is_decided_is_decided_on_the_records() -> None:
    store, clock = Counting(MemoryStore()), FakeClock()
    case = grown(worlds.opened(worlds.constituted(worlds.engine_over(store, clock))), 205)
    acting = worlds.engine_over(store, clock).case(case.id)
    assert acting.value == case.value
    store.read = 0
    grown(acting, 206)
    assert store.read >= 205
    store.read = 0
    grown(acting, 207)
    assert store.read < 5, "which are read once"


def test_several_acts_at_once_come_with_a_snapshot_at_their_end(often: None) -> None:
    store = MemoryStore()
    case = grown(worlds.opened(worlds.constituted(worlds.engine_over(store))), 8)
    with case.acting(CLERK, basis=BASIS) as act:
        for _ in range(5):
            act.add("note", **NOTE)
    assert store.get_snapshot(stream_of(case)) == forged(case)
    assert case.value.version == 13


def test_a_short_case_has_no_snapshot_and_a_store_that_keeps_none_works_as_before() -> None:
    store = Counting(MemoryStore())
    seen: list[AppendBatch] = []
    store.before = seen.append
    case = grown(worlds.opened(worlds.constituted(worlds.engine_over(store))), 99)
    assert store.get_snapshot(stream_of(case)) is None
    grown(case, 101)
    assert store.get_snapshot(stream_of(case)) is not None
    assert sum(batch.snapshot is not None for batch in seen) == 1
    none = Counting(MemoryStore())
    none.capabilities = frozenset({Capability.FEED})
    none.before = seen.append
    seen.clear()
    engine = worlds.constituted(worlds.engine_over(none))
    case = grown(worlds.opened(engine), 210)
    assert all(batch.snapshot is None for batch in seen)
    none.read = 0
    assert worlds.engine_over(none).case(case.id).value == case.value
    assert none.read >= 210
    assert engine.verify().cases == 1
    (told,) = (one for one in engine.diagnose() if one.check == "snapshots")
    assert told.facts["snapshots"] == 0


def test_whatever_makes_records_takes_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acts, what time finds, counting anew, a migration: each comes with what the records give."""
    monkeypatch.setattr(snapshots, "EVERY", 1)
    monkeypatch.setattr(snapshots, "PART", 1_000)
    store, clock = Counting(MemoryStore()), FakeClock()
    batches: list[AppendBatch] = []
    store.before = batches.append
    engine = worlds.constituted(worlds.engine_over(store, clock, plugins=[Brings(OLD)], calendar=OLD.id))
    case = worlds.opened(engine)
    worlds.noted(case)
    worlds.engine_over(store, clock, plugins=[Brings(NEW)], calendar=NEW.id)
    recounting = worlds.engine_over(store, clock, plugins=[Brings(NEW)], calendar=NEW.id)
    assert list(recounting.recalendar(basis="notice"))
    engine.tick()
    for _ in range(2):
        clock.now += timedelta(days=6)
        engine.tick()
    engine.migrate(case.id, worlds.small(find='version = "1"', put='version = "2"'), by=CHAIR, basis=BASIS)
    own = [batch for batch in batches if batch.stream == stream_of(case)]
    tags = {record.tag for batch in own for record in batch.records}
    assert tags >= {"appointed", "item.moved", "breach.found", "case.recalendared", "case.migrated"}
    history = case.history()
    for batch in own:
        last = batch.expected_version + len(batch.records)
        then = replay((record.event, record.stamp) for record in history[:last])
        assert then is not None
        assert batch.snapshot == Snapshot(batch.stream, last, encode(then))
    assert all(batch.snapshot is None for batch in batches if batch not in own)
    assert engine.verify().cases == 1


# Never decided on


def forged(case: CaseHandle, **changes: Any) -> Snapshot:
    """A snapshot of the case as it is not, with everything in it as it must be to be read."""
    value = with_changes(by_records(case), **changes)
    return Snapshot(stream_of(case), value.version, encode(value))


def as_if_noted(case: CaseHandle) -> Snapshot:
    """As if every note were done, so that the case could be submitted."""
    items = {name: with_changes(item, state="done") for name, item in case.value.items.items()}
    return forged(case, items=MappingProxyType(items))


def test_a_forged_snapshot_shows_and_decides_nothing(site: tuple[Callable[[], Engine], Plant]) -> None:
    open_, plant = site
    case = grown(worlds.opened(worlds.constituted(open_())), 13)
    plant(as_if_noted(case))
    engine = open_()
    lied_to = engine.case(case.id)
    assert {item.state for item in lied_to.value.items.values()} == {"done"}, "it is a cache: who looks is lied to"
    assert lied_to.blockers("submit", by=CLERK) == ()
    with pytest.raises(Refused) as refused:
        lied_to.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert [blocker.kind for blocker in refused.value.blockers] == ["items"], "who acts is not"
    assert {item.state for item in lied_to.value.items.values()} == {"open"}, "and is told the truth from then on"
    with open_().case(case.id).acting(CLERK, basis=BASIS) as act:
        assert {item.state for item in act.value.items.values()} == {"open"}
        with pytest.raises(Refused):
            act.fire("submit", urgent=True)
    for fresh in (open_(), engine):
        with pytest.raises(Corrupt, match=rf"snapshot of case '{case.id}' at version 13 is not what its records give"):
            fresh.verify()
        (told,) = (one for one in fresh.diagnose() if one.check == "snapshots")
        assert told.health is Health.FAILED
        assert told.facts == {"snapshots": 1, "others": 0, "false": [case.id]}
        assert case.id in told.text.zh
        assert told.cure is not None
    grown(open_().case(case.id), 20)
    assert open_().verify().cases == 1, "the next snapshot is made of the records, not of the one before"
    assert open_().case(case.id).value == by_records(case)


def test_who_has_looked_at_a_forged_snapshot_leaves_no_snapshot_of_it(site: tuple[Callable[[], Engine], Plant]) -> None:
    open_, plant = site
    case = grown(worlds.opened(worlds.constituted(open_())), 13)
    plant(as_if_noted(case))
    engine = open_()
    looking = engine.case(case.id)
    assert {item.state for item in looking.value.items.values()} == {"done"}
    grown(looking, 20)
    assert {item.state for item in looking.value.items.values()} == {"open"}
    assert engine.verify().cases == 1


def test_the_gate_does_not_open_by_a_forged_snapshot(often: None) -> None:
    store, clock = MemoryStore(), FakeClock()
    engine = worlds.engine_over(store, clock)
    five_steps.constitute(engine)
    road = Matter("ring-road", "Ring road widening")
    case = engine.open_case("five-step", road, by=CHIEF, basis=BASIS)
    other = engine.open_case("five-step", Matter("other", "Other"), by=CHIEF, basis=BASIS)
    led(other, clock, "approved")
    other.add(
        "document", trigger="file_notice", by=five_steps.INITIATOR, basis=BASIS, kind="notice", file=five_steps.PAPER
    )
    assert engine.gate("other", accept=["five-step"]).cleared
    led(case, clock, "approved", stop="deciding")
    mine = by_records(case)
    passed = attrs.evolve(
        by_records(other), id=mine.id, matter=road, version=mine.version, head=mine.head, updated_at=mine.updated_at,
        recorded_at=mine.recorded_at,
    )  # fmt: skip
    store._snapshots[stream_of(case)] = Snapshot(stream_of(case), mine.version, encode(passed))
    for looks_first in (True, False):
        fresh = worlds.engine_over(store, clock)
        if looks_first:
            assert fresh.case(case.id).value == passed
        gate = fresh.gate("ring-road", accept=["five-step"])
        assert not gate.cleared
        assert [reason.kind for reason in gate.ask().reasons] == ["unfinished"]
        assert [(one.state, one.head) for one in gate.ask().grounds] == [("deciding", mine.head)]
        assert [one.state for one in worlds.engine_over(store, clock).matter("ring-road").cases] == ["deciding"]
        gate.attempted(by=CHIEF, basis=BASIS, key="k")
        with pytest.raises(Corrupt, match="snapshot"):
            fresh.verify()


def led(case: CaseHandle, clock: FakeClock, state: str, stop: str = "") -> None:
    while (act := toward(case.value, state)) is not None and case.state != stop:
        if act.verb == "wait":
            clock.now += act.wait
        else:
            act.take(case)


def test_time_accuses_nobody_by_a_forged_snapshot(often: None) -> None:
    store, clock = MemoryStore(), FakeClock()
    engine = worlds.constituted(worlds.engine_over(store, clock))
    case = grown(worlds.opened(engine), 13)
    engine.tick()
    assert case.value.due is not None
    store._snapshots[stream_of(case)] = forged(
        case, appointments=tuple(attrs.evolve(one, actor="framed-1") for one in case.value.appointments)
    )
    fresh = worlds.engine_over(store, clock)
    assert {one.actor for one in fresh.case(case.id).value.appointments} == {"framed-1"}
    clock.now += timedelta(days=6)
    fresh.tick()
    clock.now += timedelta(days=6)
    fresh.tick()
    found = [record.event for record in case.history() if record.tag == "breach.found"]
    assert found
    assert {holder.id for event in found for holder in event.holders} == {CLERK.id}  # type: ignore[attr-defined]


def test_nor_is_a_case_moved_to_another_version_by_one(often: None) -> None:
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    case = grown(worlds.opened(engine), 13)
    second = worlds.small(find='version = "1"', put='version = "2"')
    store._snapshots[stream_of(case)] = forged(case, state="settled")
    fresh = worlds.engine_over(store)
    assert fresh.case(case.id).state == "settled"
    told = fresh.migrate(case.id, second, by=CHAIR, basis=BASIS, dry_run=True)
    assert told.possible, "a case that is over could not be moved"


def test_an_item_that_cannot_be_read_is_told_to_who_looks_and_stops_nobody(
    site: tuple[Callable[[], Engine], Plant],
) -> None:
    """Which only a forger comes to, who has sealed what no stabflow writes."""
    open_, plant = site
    case = grown(worlds.opened(worlds.constituted(open_())), 13)
    _, first, item, *others = forged(case).data.split(b"\n")
    plant(attrs.evolve(forged(case), data=snapshots._with_seal([first, item.replace(b'"open"', b"null"), *others])))
    engine = open_()
    looked_at = engine.case(case.id)
    assert looked_at.state == "drafting"
    with pytest.raises(Corrupt, match=f"snapshot of case '{case.id}' is forged, its note-1 is no such item"):
        looked_at.duties()
    with pytest.raises(Corrupt, match="snapshot"):
        engine.verify()
    (told,) = (one for one in engine.diagnose() if one.check == "snapshots")
    assert told.facts["false"] == [case.id]
    looked_at.add("note", by=CLERK, basis=BASIS, **NOTE)
    assert looked_at.duties(), "who acts has read the records, and all is well"


# Left alone


def misfits(case: CaseHandle, earlier: Snapshot) -> dict[str, Snapshot]:
    """Snapshots that are not to be read, by what is wrong with them."""
    true = forged(case)
    whole = json.loads(true.data.split(b"\n")[1])
    return {
        "of another case": forged(case, id="another"),
        "of a record that is another": forged(case, head="ab" * 32, state="settled"),
        "of a record that is not there": forged(case, version=case.value.version + 1, state="settled"),
        "of a record long past the last": forged(case, version=case.value.version + 5_000, state="settled"),
        "of no record": attrs.evolve(forged(case, version=0, state="settled"), version=0),
        "of another version than it says": attrs.evolve(forged(case, state="settled"), version=earlier.version),
        "of an earlier hash": forged(case, head=case.history()[earlier.version - 1].hash, state="settled"),
        "empty": attrs.evolve(true, data=b""),
        "junk": attrs.evolve(true, data=b"\x80\x03junk"),
        "damaged": attrs.evolve(true, data=true.data.replace(b"drafting", b"deciding")),
        "cut off": attrs.evolve(true, data=true.data[:-9]),
        "of an older format": attrs.evolve(true, data=true.data.replace(b"case 1 ", b"case 0 ", 1)),
        "of another shape": attrs.evolve(true, data=true.data.replace(true.data.split()[3], b"0" * 64, 1)),
        "without a field": attrs.evolve(
            true, data=snapshots._with_seal([json.dumps(whole[:10]).encode(), *true.data.split(b"\n")[2:]])
        ),
    }


UNKNOWN = {"empty", "junk", "of an older format", "of another shape"}
"""Whose snapshots these are nobody can tell: they are never read, and not called false."""
WRONG = (
    "of another case",
    "of a record that is another",
    "of a record that is not there",
    "of a record long past the last",
    "of no record",
    "of another version than it says",
    "of an earlier hash",
    "damaged",
    "cut off",
    "without a field",
    *sorted(UNKNOWN),
)


@pytest.mark.parametrize("name", WRONG)
def test_a_snapshot_that_does_not_fit_is_left_alone(name: str, often: None) -> None:
    store, clock = MemoryStore(), FakeClock()
    case = grown(worlds.opened(worlds.constituted(worlds.engine_over(store, clock))), 23)
    earlier = store.get_snapshot(stream_of(case))
    assert earlier is not None
    wrong = misfits(case, earlier)
    assert wrong.keys() == set(WRONG)
    store._snapshots[stream_of(case)] = attrs.evolve(wrong[name], stream=stream_of(case))
    fresh = worlds.engine_over(store, clock)
    looked_at = fresh.case(case.id)
    assert looked_at.value == by_records(case)
    assert looked_at.state == "drafting"
    (told,) = (one for one in fresh.diagnose() if one.check == "snapshots")
    if name in UNKNOWN:
        assert fresh.verify().cases == 1
        assert (told.health, told.facts["others"]) == (Health.FINE, 1)
    else:
        with pytest.raises(Corrupt, match=f"snapshot of case '{case.id}'"):
            fresh.verify()
        assert told.facts["false"] == [case.id]
    grown(looked_at, 24)
    assert looked_at.value == by_records(case)


def test_a_snapshot_of_another_stream_is_not_read(often: None) -> None:
    """Were a store to answer with one."""
    store, clock = Counting(MemoryStore()), FakeClock()
    engine = worlds.constituted(worlds.engine_over(store, clock))
    case = grown(worlds.opened(engine), 13)
    lie = attrs.evolve(forged(case, state="settled"), stream="case/another")
    store.get_snapshot = lambda stream: lie  # type: ignore[method-assign]
    assert worlds.engine_over(store, clock).case(case.id).state == "drafting"


def test_a_storage_put_back_is_seen_though_a_snapshot_was_read(often: None) -> None:
    clock, kept = FakeClock(), MemoryStore()
    worlds.constituted(worlds.engine_over(kept, clock))
    case = grown(worlds.opened(worlds.engine_over(kept, clock)), 13)
    older = list(kept._records[stream_of(case)])
    grown(case, 25)
    fresh = worlds.engine_over(kept, clock).case(case.id)
    assert fresh.value.version == 25
    kept._records[stream_of(case)] = older
    assert fresh.value.version == 13, "the snapshot, of version 20, lies beyond the last record"
    assert worlds.engine_over(kept, clock).case(case.id).value.version == 13


# What else there is


def test_a_rehearsal_takes_its_own(often: None) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    with engine.rehearsal("small") as rehearsal:
        case = grown(worlds.opened(rehearsal), 25)
        taken = rehearsal._shell.store.get_snapshot(stream_of(case))
        assert taken is not None
        assert taken.version == 20
        assert rehearsal.verify().cases == 1
    assert not list(engine.cases())


def test_other_cases_of_a_matter_count_by_their_records(often: None) -> None:
    """Who has acted in one case may not in another: a snapshot that forgets them does not help."""
    across = worlds.small(
        find='[[separations]]\nroles = ["clerk", "auditor"]',
        put='[[separations]]\nroles = ["clerk", "auditor"]\nacross = "matter"',
    )
    store, clock = MemoryStore(), FakeClock()
    engine = worlds.engine_over(store, clock, procedures=[across])
    worlds.constituted(engine)
    first = grown(worlds.opened(engine), 13)
    second = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    store._snapshots[stream_of(first)] = forged(first, acted=MappingProxyType({}), appointments=())
    fresh = worlds.engine_over(store, clock, procedures=[across])
    assert fresh.case(first.id).value.acted == {}
    with pytest.raises(Refused):
        fresh.case(second.id).appoint("auditor", CLERK, by=CHAIR, basis=BASIS)
    fresh.case(second.id).appoint("auditor", AUDITOR, by=CHAIR, basis=BASIS)


@pytest.mark.slow
def test_snapshots_are_true_whatever_is_done(often: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other record comes with a snapshot; `verify` compares each."""
    monkeypatch.setattr(snapshots, "EVERY", 2)
    machine = procedure_machine(SMALL)
    ended = machine.teardown

    def looked_at(acting: ProcedureMachine) -> None:
        for line in acting.run.lines.values():
            store = Counting(acting.run.reading)
            case = worlds.engine_over(store, acting.run.clock, procedures=[SMALL]).case(line.id)
            assert store.read <= 3
            assert case.value == line.value
        ended(acting)

    monkeypatch.setattr(machine, "teardown", looked_at)
    budget = settings(machine.TestCase.settings, max_examples=10 if SHORT else 100)
    machine.TestCase.settings = budget
    machine.TestCase("runTest").debug()


def test_a_file_without_snapshots_has_them_from_the_next_on(tmp_path: Path, often: None) -> None:
    """As it is where the records were copied, or come from a stabflow that took none."""
    path = tmp_path / "store.db"
    url = f"sqlite:///{path}?synchronous=normal"
    with worlds.engine_on(url) as engine:
        case = grown(worlds.opened(worlds.constituted(engine)), 33).id
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM snapshots")
    connection.close()
    with worlds.engine_on(url) as engine:
        handle = engine.case(case)
        assert handle.value == by_records(handle)
        grown(handle, 40)
        assert engine._shell.store.get_snapshot(stream_of(handle)) == forged(handle)
        assert engine.verify().cases == 1
