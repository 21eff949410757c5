"""Due times: computed once, when a duty starts, recorded in the event, and never computed again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import attrs
import pytest
from procedures_for_tests import START, Desk, changed

from stabflow.calendar import WEEKENDS, Calendar, DueTime
from stabflow.case import CASE
from stabflow.decision.duties import item_duties, open_duties
from stabflow.decision.events import Added, Amended, ItemMoved, Moved, Opened
from stabflow.decision.evolution import replay
from stabflow.errors import Unmet


def at(month: int, day: int) -> datetime:
    """24:00 of the day in Shanghai."""
    return datetime(2026, month, day, 16, tzinfo=UTC)


def due(desk: Desk, duty: str = CASE) -> datetime:
    found = next(one for one in open_duties(desk.procedure, desk.value) if one.duty == duty).due
    assert found is not None
    return found.at


def test_a_due_time_is_in_the_event_that_starts_the_duty() -> None:
    desk = Desk().open()
    event = desk.history[0][0]
    assert isinstance(event, Opened)
    assert event.due is not None
    assert (event.due.at, event.due.limit, event.due.start) == (at(3, 9), "5 working days", START)
    assert event.due.calendar == desk.calendar.digest
    assert not event.due.estimated
    assert desk.value.due == event.due


def test_entering_a_state_starts_its_duty_and_staying_does_not() -> None:
    desk = Desk().drafting().wait(days=1)
    desk.fire("describe", "officer", contested=False, people=1)
    moved = desk.history[-1][0]
    assert isinstance(moved, Moved)
    assert moved.due is None
    assert due(desk) == at(3, 9)
    desk.fire("submit", "officer", lead="officer")
    assert due(desk) == at(3, 6)
    desk.assess().fire("pass_check", "officer").wait(days=1).fire("begin_anew", "reviewer")
    assert due(desk) == at(3, 18)


def test_what_is_laid_out_is_due_too() -> None:
    desk = Desk().checking()
    event = desk.history[-1][0]
    assert isinstance(event, Moved)
    assert [one.due.at for one in event.laid_out if one.due] == [at(3, 5), at(3, 5)]
    assert due(desk, "criterion-2") == at(3, 5)
    desk.fire("assess", "officer", "criterion-2", verdict="good")
    assert item_duties(desk.procedure, desk.value, desk.value.items["criterion-2"]) == ()


def test_an_open_ended_state_and_a_final_one_are_never_due() -> None:
    desk = Desk().agreed()
    assert desk.value.due is None
    assert next(open_duties(desk.procedure, desk.value)).due is None
    desk.add("task", "officer", owner="owner", deadline=START.date())
    desk.fire("close", "judge")
    assert desk.value.due is None
    assert list(open_duties(desk.procedure, desk.value)) == []


def test_a_year_without_notice_is_estimated() -> None:
    desk = Desk(now=datetime(2031, 3, 3, 1, tzinfo=UTC)).open()
    assert desk.value.due is not None
    assert desk.value.due.estimated
    desk = Desk(calendar=WEEKENDS).open()
    assert desk.value.due is not None
    assert desk.value.due.estimated


def test_a_state_until_a_date_is_due_at_its_end_and_moves_with_it() -> None:
    desk = Desk().reviewing().fire("suspend", "judge", wake_on=date(2026, 4, 1))
    assert due(desk) == at(4, 1)
    desk.fire("postpone", "judge", wake_on=date(2026, 5, 1))
    assert due(desk) == at(5, 1)
    desk.amend("judge", wake_on=date(2026, 4, 20))
    event = desk.history[-1][0]
    assert isinstance(event, Amended)
    assert event.due is not None
    assert due(desk) == at(4, 20) == event.due.at


def test_so_is_an_item() -> None:
    desk = Desk().drafting()
    task = desk.add("task", "officer", owner="owner", deadline=date(2026, 4, 1))
    assert isinstance(desk.history[-1][0], Added)
    assert due(desk, task) == at(4, 1)
    desk.fire("reassign", "chief", task, owner="next", deadline=date(2026, 4, 2))
    moved = desk.history[-1][0]
    assert isinstance(moved, ItemMoved)
    assert moved.dest is None
    assert due(desk, task) == at(4, 2)
    desk.amend("chief", task, deadline=date(2026, 4, 3))
    assert due(desk, task) == at(4, 3)
    desk.fire("carry_out", "next", task, account="x")
    assert due(desk, task) == at(3, 4)
    desk.fire("send_back", "judge", task)
    assert due(desk, task) == at(4, 3)


def test_amending_something_else_leaves_the_due_time() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=False, people=1)
    before = desk.value.due
    desk.wait(days=1).amend("officer", people=2)
    assert desk.value.due == before


def test_a_row_of_an_item_that_stays_leaves_its_due_time() -> None:
    field = ("fields.verdict", 'fields.hint = { type = "int" }\nfields.verdict')
    assess = '{ trigger = "assess", source = "open"'
    row = (assess, '{ trigger = "hint", source = "open", by = ["officer"], set = ["hint"] },\n  ' + assess)
    desk = Desk(changed(field, row)).checking()
    before = desk.value.items["criterion-1"].due
    desk.wait(days=1).fire("hint", "officer", "criterion-1", hint=1)
    assert desk.value.items["criterion-1"].due == before is not None


def test_a_deadline_in_the_past_is_overdue_at_once_and_no_error() -> None:
    desk = Desk().drafting()
    task = desk.add("task", "officer", owner="owner", deadline=date(2020, 1, 1))
    assert due(desk, task) < desk.now


def test_replay_asks_no_calendar() -> None:
    desk = Desk().reviewing()
    strange = DueTime(datetime(2099, 1, 1, tzinfo=UTC), "1 days", START)
    history = [
        (attrs.evolve(event, due=strange) if getattr(event, "due", None) else event, stamp)
        for event, stamp in desk.history
    ]
    case = replay(history)
    assert case is not None
    assert case.due == strange
    holidays = Calendar("X", holidays=[date(2026, 3, day) for day in range(3, 20)], years=[2026])
    later = Desk(calendar=holidays, case=desk.case, history=list(desk.history), now=desk.now)
    assert later.replayed() == desk.case
    later.fire("begin_anew", "reviewer")
    assert due(later) != due(desk)


def test_who_owes_it() -> None:
    desk = Desk().drafting().appoint("officer", "officer2")
    desk.add("task", "officer", owner="officer2", deadline=START.date())
    desk.add("task", "officer", owner="owner", deadline=START.date())
    found = {duty.duty: (duty.state, duty.role, duty.holders) for duty in open_duties(desk.procedure, desk.value)}
    assert found == {
        CASE: ("drafting", "officer", (("officer", "bureau"), ("officer2", "bureau"))),
        "task-1": ("given", "owner", (("officer2", "bureau"),)),
        "task-2": ("given", "owner", (("owner", ""),)),
    }


def test_a_wait_for_a_parameter() -> None:
    desk = Desk(changed(('elapsed = "2 days"', 'elapsed = "review_period"'))).reviewing()
    desk.fire("suspend", "judge", wake_on=date(2026, 4, 1)).wait(days=13)
    with pytest.raises(Unmet):
        desk.fire("wake", "officer")
    desk.wait(days=2).fire("wake", "officer")
