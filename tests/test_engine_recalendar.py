"""`Engine.recalendar`: a calendar moves due times only by it, each on record, and neither what is overdue nor into the past."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import lapsing
import pytest
import worlds
from command_line import Run
from test_engine_stopping import clocked
from worlds import AUDITOR, BASIS, CHAIR, CLERK, NOTE, START, FakeClock

from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, Plugin, hookimpl
from stabflow.calendar import Calendar
from stabflow.case import vacancy
from stabflow.decision.duties import limits_begun
from stabflow.decision.events import Recalendared
from stabflow.decision.evolution import evolve, replay
from stabflow.errors import CommitUnknown, Corrupt, StoreUnavailable
from stabflow.ports.hooks import CalendarSource
from stabflow.ports.store import Store
from stabflow.stores.memory import MemoryStore

DAY = timedelta(days=1)
WHO = Actor("host:office", body="host")
OLD = Calendar("old", years=[2026])
NEW = Calendar("new", [date(2026, 3, 5)], [date(2026, 3, 14)], [2026])
"""By OLD 5 working days from 2 March end with the 9th, by NEW with the 10th."""
SHORT = Calendar("short", [], [date(2026, 3, 7), date(2026, 3, 8)], [2026])
"""By it they end with the 7th."""


class Brings(Plugin):
    """Brings calendars."""

    def __init__(self, *calendars: Calendar) -> None:
        self.calendars = calendars

    @hookimpl
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        return [CalendarSource(one.id, lambda one=one: one) for one in self.calendars]  # type: ignore[misc]


def engine_by(calendar: Calendar, store: Store, clock: FakeClock, **more: Any) -> Engine:
    more.setdefault("procedures", [clocked()])
    return worlds.engine_over(store, clock, plugins=[Brings(calendar)], calendar=calendar.id, **more)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(step=timedelta())


@pytest.fixture
def store() -> Store:
    return MemoryStore()


def opened(store: Store, clock: FakeClock, calendar: Calendar = OLD, matter: str = "bridge") -> CaseHandle:
    engine = engine_by(calendar, store, clock)
    if not engine.offices("small"):
        worlds.constituted(engine)
    return worlds.opened(engine, Matter(matter, matter))


def day_of(case: CaseHandle, duty: str = "case") -> date | None:
    (found,) = [one for one in case.duties() if one.duty == duty]
    return None if found.due is None else (found.due.at - timedelta(seconds=1) + timedelta(hours=8)).date()


def test_only_by_it_a_calendar_moves_a_due_time_and_that_is_on_record(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    assert day_of(case) == date(2026, 3, 9)
    engine = engine_by(NEW, store, clock)
    again = engine.case(case.id)
    assert day_of(again) == date(2026, 3, 9), "another calendar alone moves nothing"
    (told,) = engine.recalendar(basis="notice 3", by=WHO)
    assert day_of(again) == date(2026, 3, 10)
    record = told.record
    assert record is not None
    assert isinstance(record.event, Recalendared)
    assert (record.role, record.mandate, record.actor, record.basis.text) == ("calendar_authority", "", WHO, "notice 3")
    (one,) = told.recounted
    assert (one.duty, one.new) == ("case", again.value.due)
    assert list(limits_begun(record.event)) == [("case", one.new)], "this record began the limit as it is now"
    assert one.old.calendar == OLD.digest
    assert one.new.holidays == (date(2026, 3, 5),)
    assert "holiday 2026-03-05" in case.duties()[0].due.derivation(case.procedure.zone).en  # type: ignore[union-attr]
    assert [row.due_at[:10] for row in engine.duties()] == ["2026-03-10"]
    assert list(engine.recalendar(basis="notice 3")) == [], "done once"
    assert again.history()[-1].hash == record.hash
    assert replay((one.event, one.stamp) for one in again.history()) == again.value
    assert engine.verify().cases == 1


def test_the_authority_is_no_office_holder_of_the_case(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    before = case.value
    engine = engine_by(NEW, store, clock)
    list(engine.recalendar(basis="notice 3", by=WHO))
    after = engine.case(case.id).value
    assert (after.acted, after.bodies, after.acts) == (before.acted, before.bodies, before.acts)
    assert after.version == before.version + 1


def test_what_was_estimated_is_settled(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock, Calendar("old"))
    assert [row.estimated for row in case._shell.store.find_duties(query()).rows] == [True]
    engine = engine_by(OLD, store, clock)
    (told,) = engine.recalendar(basis="notice 3")
    assert told.recounted[0].old.at == told.recounted[0].new.at, "the same day, and sure now"
    assert [row.estimated for row in engine.duties()] == [False]
    engine.verify()


def test_what_is_estimated_still_is_not_recorded_again(store: Store, clock: FakeClock) -> None:
    guess = Calendar("guess")
    opened(store, clock, guess)
    assert list(engine_by(guess, store, clock).recalendar(basis="notice 3")) == []


def test_only_limits_in_working_days_are_counted_by_it(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 20)})
    clock.now += 3 * DAY
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    other = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 20)})
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    assert {one.duty for one in case.duties()} == {"case", other, "check-1", "check-2"}
    assert list(engine_by(NEW, store, clock).recalendar(basis="notice 3")) == []


def test_items_and_the_case_are_one_act(store: Store, clock: FakeClock) -> None:
    days = clocked(
        find='accountable = "owner", until = "deadline"', put='accountable = "owner", within = "2 working days"'
    )
    text = {"procedures": [days]}
    engine = worlds.constituted(engine_by(OLD, store, clock, **text))
    case = worlds.opened(engine)
    for _ in range(2):
        case.add("note", by=CLERK, basis=BASIS, **NOTE)
    clock.now += DAY
    new = Calendar("new", [date(2026, 3, 4)], years=[2026])
    engine = engine_by(new, store, clock, **text)
    (told,) = engine.recalendar(basis="notice 3")
    assert {one.duty for one in told.recounted} == {"case", "note-1", "note-2"}
    assert [row.due_at[:10] for row in engine.duties()] == ["2026-03-05", "2026-03-05", "2026-03-10"]
    assert engine.case(case.id).value.version == case.history()[-1].version == 6
    engine.verify()


def test_what_is_overdue_stays_and_nothing_moves_into_the_past(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    clock.now = datetime.fromisoformat("2026-03-08T09:00+08:00").astimezone(START.tzinfo)
    (told,) = engine_by(SHORT, store, clock).recalendar(basis="notice 3")
    assert (told.recounted, told.record) == ((), None)
    assert "would have been over already" in told.kept[0].reason.en
    assert day_of(case) == date(2026, 3, 9)
    clock.now += 2 * DAY
    (told,) = engine_by(NEW, store, clock).recalendar(basis="notice 3")
    assert told.record is None
    assert "what is overdue stays" in told.kept[0].reason.en
    assert told.as_dict("zh")["kept"] == [
        {
            "duty": "case",
            "level": 0,
            "due": {"due": "2026-03-09T16:00:00.000000Z", "estimated": False, "calendar": OLD.digest},
            "reason": "已到期：逾期的期限保持原记录",
        }
    ]
    assert day_of(case) == date(2026, 3, 9)
    assert case.value.version == 3


def test_a_clock_that_stands_is_counted_as_of_when_it_was_stopped(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    clock.now += 2 * DAY
    case.stop_clock(by=CHAIR, basis=BASIS, reason="heard")
    clock.now += 30 * DAY
    engine = engine_by(NEW, store, clock)
    (told,) = engine.recalendar(basis="notice 3")
    assert [one.duty for one in told.recounted] == ["case"]
    assert [row.due_at for row in engine.duties()] == [""]
    engine.case(case.id).resume_clock(by=CHAIR, basis=BASIS, reason="done")
    # of the five, the 3rd is used up; the four left are the 3rd, 6th, 7th and 8th of April
    assert day_of(engine.case(case.id)) == date(2026, 4, 8)
    engine.verify()


def test_an_estimate_that_a_resumed_clock_has_kept_is_settled_too(store: Store, clock: FakeClock) -> None:
    """Its days were used up by an estimate, and the rest was counted by the calendar of today."""
    case = opened(store, clock, Calendar("old"))
    engine = engine_by(NEW, store, clock)
    same_case = engine.case(case.id)
    clock.now += DAY
    same_case.stop_clock(by=CHAIR, basis=BASIS, reason="heard")
    clock.now += DAY
    same_case.resume_clock(by=CHAIR, basis=BASIS, reason="done")
    due = same_case.duties()[0].due
    assert due is not None
    assert (due.estimated, due.calendar) == (True, NEW.digest)
    (told,) = engine.recalendar(basis="notice 3")
    assert not told.recounted[0].new.estimated
    engine.verify()


def finish(case: CaseHandle, clock: FakeClock) -> None:
    """Settle a case that has just been opened."""
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    clock.now += 3 * DAY
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    for number in (1, 2):
        case.fire("pass", item=f"check-{number}", by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)


def test_a_case_that_is_over_is_left_alone(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    finish(case, clock)
    assert list(engine_by(NEW, store, clock).recalendar(basis="notice 3")) == []


def test_a_dry_run_says_what_would_move(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    engine = engine_by(NEW, store, clock)
    (told,) = engine.recalendar(basis="notice 3", dry_run=True)
    assert [one.new.at.day for one in told.recounted] == [10]
    assert (told.record, case.value.version) == (None, 3)


def test_broken_off_it_goes_on_with_what_is_left(clock: FakeClock) -> None:
    store = worlds.wrapped()
    cases = [opened(store, clock, matter=name) for name in "abcd"]
    engine = engine_by(NEW, store, clock)
    answers = engine.recalendar(basis="notice 3")
    next(answers)
    store.fail("unavailable")
    with pytest.raises(StoreUnavailable):
        next(answers)
    store.fail("unknown")
    with pytest.raises(CommitUnknown):
        list(engine.recalendar(basis="notice 3"))
    left = list(engine.recalendar(basis="notice 3"))
    assert len(left) == 2, "one was done, one was stored without our knowing it"
    assert [day_of(case) for case in cases] == [date(2026, 3, 10)] * 4
    assert [case.value.version for case in cases] == [4] * 4
    engine.verify()


def test_somebody_who_acts_meanwhile_is_not_overrun(clock: FakeClock) -> None:
    store = worlds.wrapped()
    case = opened(store, clock)
    engine = engine_by(NEW, store, clock)
    store.interleave(lambda: case.fire("restart", by=CHAIR, basis=BASIS))
    clock.now += DAY
    assert [one.recounted[0].new.start for one in engine.recalendar(basis="notice 3")] == [clock.now]
    assert [record.tag for record in case.history()[-2:]] == ["case.moved", "case.recalendared"]
    engine.verify()


def test_two_at_once_record_it_once(clock: FakeClock) -> None:
    store = worlds.wrapped()
    case = opened(store, clock)
    engine = engine_by(NEW, store, clock)
    store.interleave(lambda: list(engine_by(NEW, store, clock).recalendar(basis="notice 3")))
    assert list(engine.recalendar(basis="notice 3")) == []
    assert case.value.version == 4


@pytest.mark.parametrize("by", [Actor("system:tick", body="system"), "host"])
def test_who_may_not(store: Store, clock: FakeClock, by: Any) -> None:
    with pytest.raises(InvalidInput):
        engine_by(NEW, store, clock).recalendar(basis="notice 3", by=by)
    with pytest.raises(InvalidInput):
        engine_by(NEW, store, clock).recalendar(basis="")


# What has come to others


def test_vacancies_and_what_those_above_owe_are_counted_anew_too() -> None:
    """A helper is to be found within 2 working days; if not, the board is to answer within 5."""
    clock = lapsing.Hand()
    store = MemoryStore()
    old, new = Calendar("old", years=[2026]), Calendar("new", [date(2026, 1, 6)], years=[2026])

    def by(calendar: Calendar) -> Engine:
        more = {"plugins": [Brings(calendar)], "calendar": calendar.id, "procedures": [lapsing.known()]}
        return worlds.engine_over(store, clock, **more)  # type: ignore[arg-type]

    engine = by(old)
    offices = {"inspector": lapsing.INSPECTOR, "head": lapsing.HEAD, "board": lapsing.BOARD, "judge": lapsing.JUDGE}
    for office, holder in offices.items():
        engine.constitute("inspection", office, holder, basis=BASIS)
    case = lapsing.a_case(engine, helped=False)
    (told,) = by(new).recalendar(basis="notice 3")
    assert {(one.duty, one.level) for one in told.recounted} >= {("case", 0), (vacancy("helper"), 0)}
    moved = {one.duty: one for one in told.recounted}[vacancy("helper")]
    assert case.value.vacancies["helper"] == moved.new
    engine = by(new)
    assert engine.verify().cases == 1
    clock.now = moved.new.at + timedelta(hours=1)
    first = engine.tick()
    assert [record.event.duty for record in first.breaches] == [vacancy("helper")]  # type: ignore[attr-defined]
    assert first.breaches[0].event.doubts == ()  # type: ignore[attr-defined]
    respond = case.value.breaches[vacancy("helper")].respond
    assert respond is not None
    later = Calendar("later", [*new.holidays, (respond.at - timedelta(hours=12)).date()], years=[2026])
    told = next(one for one in by(later).recalendar(basis="notice 4") if one.record is not None)
    answers = [one for one in told.recounted if one.level]
    assert [(one.duty, one.level) for one in answers] == [(vacancy("helper"), 1)]
    assert case.value.breaches[vacancy("helper")].respond == answers[0].new != respond
    assert answers[0].new.at > respond.at
    assert by(later).verify().cases == 1


# Forged records


@pytest.mark.parametrize(
    "forge",
    [
        lambda one: attrs.evolve(one, new=attrs.evolve(one.new, at=one.new.at + DAY)),
        lambda one: attrs.evolve(one, new=attrs.evolve(one.new, calendar=OLD.digest)),
        lambda one: attrs.evolve(one, new=attrs.evolve(one.new, start=one.new.start - DAY)),
        lambda one: attrs.evolve(one, new=attrs.evolve(one.new, holidays=())),
        lambda one: attrs.evolve(one, old=attrs.evolve(one.old, at=one.old.at + DAY)),
        lambda one: attrs.evolve(one, duty="note-9"),
        lambda one: attrs.evolve(one, duty=vacancy("clerk")),
        lambda one: attrs.evolve(one, level=1),
        lambda one: attrs.evolve(one, new=attrs.evolve(one.new, limit="7 working days")),
    ],
)
def test_a_forged_recount_is_found(store: Store, clock: FakeClock, forge: Any) -> None:
    from stabflow.engine import conformity

    case = opened(store, clock)
    engine = engine_by(NEW, store, clock)
    list(engine.recalendar(basis="notice 3"))
    *before, record = case.history()
    value = replay((one.event, one.stamp) for one in before)
    conformity.check_record(case.procedure, value, record, None)  # type: ignore[arg-type]
    event = record.event
    assert isinstance(event, Recalendared)
    for wrong in (
        attrs.evolve(record, event=attrs.evolve(event, recounted=tuple(map(forge, event.recounted)))),
        attrs.evolve(record, event=attrs.evolve(event, recounted=())),
        attrs.evolve(record, role="clerk"),
        attrs.evolve(record, mandate="ab" * 32),
        attrs.evolve(record, occurred_at=clock.now + 30 * DAY),
    ):
        with pytest.raises(Corrupt, match="counts due times anew wrongly"):
            conformity.check_record(case.procedure, value, wrong, None)  # type: ignore[arg-type]


def test_an_authority_outside_does_nothing_else(store: Store, clock: FakeClock) -> None:
    from stabflow.engine import conformity

    case = opened(store, clock)
    *before, record = case.history()
    value = replay((one.event, one.stamp) for one in before)
    with pytest.raises(Corrupt, match="under a mandate"):
        conformity.check_record(
            case.procedure,
            value,
            attrs.evolve(record, role="calendar_authority", mandate=""),
            None,  # type: ignore[arg-type]
        )


def test_what_cannot_follow_is_corrupt(store: Store, clock: FakeClock) -> None:
    case = opened(store, clock)
    list(engine_by(NEW, store, clock).recalendar(basis="notice 3"))
    *before, record = case.history()
    value = replay((one.event, one.stamp) for one in before)
    event = record.event
    assert isinstance(event, Recalendared)
    (one,) = event.recounted
    for wrong in (attrs.evolve(one, old=one.new), attrs.evolve(one, duty="note-9")):
        with pytest.raises(Corrupt):
            evolve(value, attrs.evolve(event, recounted=(wrong,)), record.stamp)


# The command line


def test_on_the_command_line(stab: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/r.db"
    engine = worlds.constituted(
        worlds.engine_on(url, FakeClock(), plugins=[Brings(NEW)], calendar="new", procedures=[clocked()])
    )
    case = worlds.opened(engine)
    engine.close()
    asked = ("recalendar", "--basis", "notice 3", "--store", url)
    status, said, _ = stab(*asked, "--dry-run", "--json")
    assert status == 0
    (told,) = json.loads(said)
    assert (told["case"], told["recounted"], told["version"]) == (case.id, [], None), "overdue by the clock of today"
    status, said, _ = stab(*asked, columns=140)
    assert status == 0
    assert "what is overdue stays as it was recorded" in said
    assert "逾期的期限保持原记录" in stab(*asked, "--lang", "zh", columns=140)[1]
    assert stab("recalendar", "--store", url)[0] == 2
    assert "--body" in stab(*asked, "--by", "o-1")[2]
    assert "unknown calendar" in stab(*asked, "--calendar", "XX")[2]


def test_on_the_command_line_what_moves(stab: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/r.db"
    now = datetime.now(START.tzinfo)
    with worlds.engine_on(
        url, lambda: now, plugins=[Brings(Calendar("old"))], calendar="old", procedures=[clocked()]
    ) as engine:
        case = worlds.opened(worlds.constituted(engine))
        version = case.value.version
    asked = ("recalendar", "--basis", "notice 3", "--store", url, "--by", "o-1", "--body", "town")
    status, said, _ = stab(*asked, "--dry-run", columns=140)
    assert (status, "due times that would be counted anew: 1; nothing was done" in said) == (0, True)
    status, said, _ = stab(*asked, "--lang", "zh", columns=140)
    assert (status, "1项案件中1个期限已重新计算" in said) == (0, True)
    assert "（暂估）" in said
    _, said, _ = stab("history", case.id, "--store", url, columns=140)
    assert f"{version + 1}" in said
    assert "count due times anew by CN" in said
    assert "authority for the calendar" in said
    assert "nothing to count anew" in stab(*asked)[1]


def query() -> Any:
    from stabflow.ports.store import DutyQuery

    return DutyQuery()
