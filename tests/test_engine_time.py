"""What the clock says and what is made of it: no clock that is wrong for a while, and no block held open, ends a wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import worlds
from worlds import BASIS, BRIDGE, CHAIR, CLERK, NOTE, START, FakeClock

from stabflow import Actor, CaseHandle, Engine, InvalidInput
from stabflow.errors import Unmet, VersionConflict
from stabflow.stores.memory import MemoryStore

STILL = timedelta()

WAITING = worlds.small(
    find='{ trigger = "do", source = "open", dest = "done", by = ["owner"] }',
    put='{ trigger = "do", source = "open", dest = "done", by = ["owner"], '
    'requires = [{ elapsed = "30 days", since = "open" }] }',
)
"""A note is done 30 days after it was added, and no earlier."""


def waiting(clock: Callable[[], Any], store: MemoryStore | None = None, **more: Any) -> tuple[Engine, CaseHandle]:
    engine = worlds.engine_over(store or MemoryStore(), clock, procedures=[WAITING], **more)
    return engine, worlds.opened(worlds.constituted(engine))


# A clock that is wrong, once


def fill_an_office(store: MemoryStore, clock: FakeClock) -> None:
    """Somebody fills an office that has nothing to do with the case."""
    elsewhere = worlds.small(find='id = "small"', put='id = "tiny"')
    worlds.engine_over(store, clock, procedures=[elsewhere]).constitute("tiny", "chair", CHAIR, basis=BASIS)


@pytest.mark.parametrize("ahead", [timedelta(days=40), timedelta(days=4_000)])
def test_a_wrong_clock_that_fills_an_office_ends_nobodys_wait(ahead: timedelta) -> None:
    clock, store = FakeClock(step=STILL), MemoryStore()
    engine, case = waiting(clock, store)
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    fill_an_office(store, FakeClock(START + ahead))
    assert [one.kind for one in case.blockers("do", item=note, by=CLERK)] == ["elapsed"]
    assert note not in [option.item for option in case.available(CLERK)]
    with pytest.raises(Unmet, match="has not run out yet"):
        case.fire("do", item=note, by=CLERK, basis=BASIS)
    clock.now += timedelta(days=31)
    assert case.blockers("do", item=note, by=CLERK) == ()
    done = case.fire("do", item=note, by=CLERK, basis=BASIS)
    assert done.occurred_at == clock.now, "what others recorded says nothing of when this was done"
    assert (done.recorded_at, done.clamped) == (max(START + ahead, clock.now) + timedelta(seconds=1), True)
    assert engine.verify().cases == 1


def test_due_times_and_what_may_be_claimed_go_by_the_clock_not_by_what_others_recorded() -> None:
    clock, store = FakeClock(step=STILL), MemoryStore()
    engine, case = waiting(clock, store)
    fill_an_office(store, FakeClock(START + timedelta(days=40)))
    clock.now += timedelta(hours=2)
    told = case.add("note", by=CLERK, basis=BASIS, at=clock.now - timedelta(hours=1), **NOTE)
    assert case.value.items[told].entered["open"].at == clock.now - timedelta(hours=1)
    with pytest.raises(InvalidInput, match="ahead of the clock"):
        case.add("note", by=CLERK, basis=BASIS, at=clock.now + timedelta(seconds=1), **NOTE)
    other = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert other.value.due is not None
    assert other.value.due.at < START + timedelta(days=10)
    clock.now += timedelta(days=3)
    with pytest.raises(InvalidInput, match="before the clock"):
        case.add("note", by=CLERK, basis=BASIS, at=clock.now - timedelta(days=2), **NOTE)
    gone = engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    assert (gone.occurred_at, gone.clamped) == (clock.now, True)
    assert engine.verify().cases == 2


def test_an_office_filled_by_a_clock_seconds_ahead_is_held_at_once() -> None:
    clock, store = FakeClock(step=STILL), MemoryStore()
    ahead = FakeClock(START + timedelta(seconds=3), step=STILL)
    worlds.constituted(worlds.engine_over(store, ahead))
    case = worlds.engine_over(store, clock).open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    (opened,) = case.history()
    assert (opened.occurred_at, opened.recorded_at, opened.clamped) == (ahead.now, ahead.now, False)


def test_asking_and_acting_see_the_same_moment() -> None:
    """The case's last act is the earliest that the next one can be, for both."""
    clock, store = FakeClock(step=STILL), MemoryStore()
    _, case = waiting(clock, store)
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    clock.now += timedelta(days=31)
    case.add("note", by=CLERK, basis=BASIS, **NOTE)
    clock.now -= timedelta(days=31)
    assert case.blockers("do", item=note, by=CLERK) == ()
    assert case.fire("do", item=note, by=CLERK, basis=BASIS).occurred_at == START + timedelta(days=31)


# A block held open


@pytest.mark.parametrize("is_poisoned", [False, True])
def test_a_block_held_open_for_a_month_makes_no_wait_vanish(is_poisoned: bool) -> None:
    clock, store = FakeClock(step=STILL), MemoryStore()
    _, case = waiting(clock, store)
    if is_poisoned:
        fill_an_office(store, FakeClock(START + timedelta(days=400)))

    def add_wait_and_do() -> None:
        with case.acting(CLERK, basis=BASIS) as act:
            note = act.add("note", **NOTE)
            clock.now += timedelta(days=31)
            act.fire("do", item=note)

    with pytest.raises(Unmet, match="has not run out yet"):
        add_wait_and_do()
    assert case.value.version == 3


@pytest.mark.parametrize("at", [None, START])
def test_what_a_block_stores_is_recorded_when_it_is_stored(at: Any) -> None:
    clock = FakeClock(step=STILL)
    _, case = waiting(clock)
    with case.acting(CLERK, basis=BASIS, at=at) as act:
        told = act.add("note", **NOTE)
        clock.now += timedelta(hours=3)
        act.add("note", **NOTE)
    assert told == "note-1"
    assert {record.recorded_at for record in act.records} == {clock.now}
    assert {record.occurred_at for record in act.records} == {clock.now if at is None else at}
    assert [record.hash for record in case.history()[-2:]] == [record.hash for record in act.records]


def test_a_claim_must_not_grow_too_old_in_a_block_held_open() -> None:
    clock = FakeClock(step=STILL)
    _, case = waiting(clock)

    def add_and_wait() -> None:
        with case.acting(CLERK, basis=BASIS, at=START) as act:
            act.add("note", **NOTE)
            clock.now += timedelta(days=2)

    with pytest.raises(InvalidInput, match="before the clock"):
        add_and_wait()
    assert case.value.version == 3


def test_a_block_held_open_too_long_is_stored_only_on_the_version_that_was_asked_for() -> None:
    clock, store = FakeClock(step=STILL), MemoryStore()
    _, case = waiting(clock, store)

    def add_while_another_adds() -> None:
        with case.acting(CLERK, basis=BASIS, if_version=3) as act:
            act.add("note", **NOTE)
            clock.now += timedelta(hours=3)
            case.add("note", by=CHAIR, basis=BASIS, **NOTE)

    with pytest.raises(VersionConflict) as conflict:
        add_while_another_adds()
    assert (conflict.value.expected, conflict.value.actual) == (3, 4)


def test_one_act_that_is_stored_at_once_is_decided_once() -> None:
    clock = FakeClock(step=timedelta(seconds=2))
    _, case = waiting(clock)
    before = clock.now
    case.appoint("clerk", Actor("clerk-2", body="office"), by=CHAIR, basis=BASIS)
    assert clock.now - before == 2 * clock.step, "one look to decide, one to see that it is stored in time"
