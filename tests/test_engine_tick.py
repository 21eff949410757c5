"""Time passes: what falls due is put on record once, as of when it fell due; it goes up one level at a time; what is doubtful
accuses nobody until somebody above confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import lapsing
import pytest
from lapsing import BOARD, HEAD, HELPER, INSPECTION, INSPECTOR, JUDGE, Hand

import stabflow
from stabflow import Actor, InvalidInput, Refused
from stabflow.calendar import due_time
from stabflow.decision.events import Added, BreachFound
from stabflow.engine import CaseHandle, Engine
from stabflow.errors import ClockInDoubt, NotYourRole, Unmet, VersionConflict
from stabflow.history.record import Record

World = tuple[Engine, Hand]


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    clock = Hand()
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/s.db?synchronous=normal"
    with lapsing.opened(clock, url) as engine:
        engine.tick()
        yield engine, clock


def found(records: tuple[Record, ...]) -> list[tuple[str, int, tuple[str, ...], tuple[str, ...]]]:
    """What was found: which duty, at which level, whose, and what makes it doubtful."""
    return [
        (event.duty, event.level, event.roles, event.doubts)
        for event in (record.event for record in records)
        if isinstance(event, BreachFound)
    ]


def days(engine: Engine, clock: Hand, count: int) -> list[Record]:
    """Let days pass, with a tick in each."""
    records: list[Record] = []
    for _ in range(count):
        clock.pass_(days=1)
        tick = engine.tick()
        assert tick.failures == ()
        records += tick.breaches
    return records


def weekday_rota(text: str = INSPECTION) -> str:
    """Without the rounds of the weekends, where a test looks at something else."""
    return text.replace('every = "weekend"', 'every = "year"')


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[World]:
    clock = Hand()
    with lapsing.opened(clock, text=weekday_rota()) as engine:
        engine.tick()
        yield engine, clock


# What falls due


def test_what_was_not_done_is_found_once_as_of_when_it_fell_due(world: World) -> None:
    engine, clock = world
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")  # two working days: Wednesday
    assert days(engine, clock, 2) == []
    clock.now = datetime(2026, 1, 7, 16, 0, tzinfo=UTC)  # 24:00 of Wednesday
    (record,) = engine.tick().breaches
    assert found((record,)) == [(hazard, 0, ("inspector",), ())]
    event = record.event
    assert isinstance(event, BreachFound)
    assert (event.kind, event.state, event.holders) == ("overdue", "found", (INSPECTOR,))
    assert record.occurred_at == event.due.at == clock.now
    assert (record.actor.id, record.role, record.basis.text) == ("system:tick", "system:tick", "2")
    assert engine.tick().breaches == ()
    assert case.value.breaches[hazard].version == record.version
    engine.verify()


def test_an_instant_earlier_nothing_has_lapsed(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 7, 16, 0, tzinfo=UTC) - timedelta(microseconds=1)
    assert engine.tick().breaches == ()


def test_what_is_found_late_is_recorded_as_of_when_it_fell_due(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    second = lapsing.a_case(engine, "mill")
    second.add("hazard", by=INSPECTOR, basis="seen")
    clock.pass_(days=5)
    case.add("hazard", by=INSPECTOR, basis="seen")
    first, other = engine.tick().breaches
    assert first.stream < other.stream or first.occurred_at < other.occurred_at
    by_case = {record.stream: record for record in (first, other)}
    late = by_case[f"case/{second.id}"]
    assert late.occurred_at == datetime(2026, 1, 7, 16, 0, tzinfo=UTC) < late.recorded_at == clock.now
    # Times in a stream never go back: there was an act since.
    assert by_case[f"case/{case.id}"].occurred_at == clock.now
    engine.verify()


def test_the_index_says_what_is_breached_and_to_whom_it_has_come(world: World) -> None:
    engine, clock = world
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    days(engine, clock, 3)
    rows = [(row.role, row.actor, row.level, row.breached) for row in engine.duties() if row.duty == hazard]
    assert rows == [("inspector", INSPECTOR.id, 0, True), ("head", HEAD.id, 1, False)]
    owed = {(duty.role, duty.level): duty for duty in case.duties() if duty.duty == hazard}
    assert owed["head", 1].holders == ((HEAD.id, "unit"),)
    zone = case.procedure.zone
    expected = due_time(owed["inspector", 0].due.at, case.procedure.duration("answer"), zone, engine._shell.calendar)  # type: ignore[union-attr]
    assert owed["head", 1].due == expected
    assert [row.level for row in engine.duties(actor=HEAD)] == [1]


def test_it_goes_up_one_level_at_a_time_and_no_further_than_the_top(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    records = [record for record in days(engine, clock, 30) if record.event.duty == hazard]  # type: ignore[attr-defined]
    assert found(tuple(records)) == [
        (hazard, 0, ("inspector",), ()),
        (hazard, 1, ("head",), ()),
        (hazard, 2, ("board",), ()),
    ]
    # 24:00 of the 7th; three days after that instant, which is 0:00 of the 8th; five working days after that.
    assert [record.event.due.at.day for record in records] == [7, 11, 19]  # type: ignore[attr-defined]
    engine.verify()


def test_done_late_it_goes_no_higher(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    assert len(days(engine, clock, 3)) == 1
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER.id, deadline=date(2026, 3, 2))
    assert [record for record in days(engine, clock, 4) if record.event.duty == hazard] == []  # type: ignore[attr-defined]
    assert not [row for row in engine.duties() if row.duty == hazard and (row.breached or row.level)]


def test_a_duty_begun_anew_is_another_duty(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.fire("hand_in", by=INSPECTOR, basis="done")
    assert found(tuple(days(engine, clock, 3))) == [("case", 0, ("head",), ())]
    case.fire("hand_back", by=HEAD, basis="again")
    case.fire("hand_in", by=INSPECTOR, basis="done")
    assert found(tuple(r for r in days(engine, clock, 3) if r.event.duty == "case")) == [("case", 0, ("head",), ())]  # type: ignore[attr-defined]


def test_who_held_it_when_it_fell_due_is_named_whoever_holds_it_now(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 8, 1, 0, tzinfo=UTC)
    newcomer = Actor("o-20", body="unit")
    engine.withdraw("inspection", "inspector", INSPECTOR, basis="leaves")
    engine.constitute("inspection", "inspector", newcomer, basis="comes")
    (record,) = engine.tick().breaches
    assert isinstance(record.event, BreachFound)
    assert record.event.holders == (INSPECTOR,)
    assert [row.actor for row in engine.duties(role="inspector") if row.breached] == [newcomer.id]


def test_a_vacant_duty_is_found_too_and_names_nobody(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    engine.withdraw("inspection", "inspector", INSPECTOR, basis="leaves")
    case_due = case.value.due
    assert case_due is not None
    clock.now = case_due.at
    (record,) = engine.tick(through=clock.now, basis="the clock is right").breaches
    assert isinstance(record.event, BreachFound)
    assert (record.event.duty, record.event.holders) == ("case", ())


def test_what_is_done_late_is_on_record_although_nobody_ticked_in_between(world: World) -> None:
    engine, clock = world
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 7, 16, 30, tzinfo=UTC)  # half an hour late
    values = {"owner": HELPER.id, "deadline": date(2026, 3, 2)}
    record = case.fire("assign", item=hazard, by=HEAD, basis="rota", if_version=case.value.version, **values)
    assert [one.tag for one in case.history()[-3:]] == ["breach.found", "item.added", "item.moved"]
    assert case.history()[-1] == record
    assert engine.tick().breaches == ()
    engine.verify()


def test_done_in_time_and_entered_late_it_is_no_breach(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 7, 16, 30, tzinfo=UTC)
    when = datetime(2026, 1, 7, 8, 0, tzinfo=UTC)
    case.fire("assign", item=hazard, by=HEAD, basis="rota", at=when, owner=HELPER.id, deadline=date(2026, 3, 2))
    assert case.value.breaches == {}


def test_an_act_on_the_case_is_late_for_all_that_it_may_end(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 8, 1, 0, tzinfo=UTC)
    with case.acting(INSPECTOR, basis="done") as act:
        act.fire("hand_in")
    assert sorted(case.value.breaches) == ["hazard-1"]
    assert [record.tag for record in act.records] == ["case.moved"]


def test_a_late_appointment_is_on_record(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine, helped=False)
    clock.now = datetime(2026, 1, 8, 1, 0, tzinfo=UTC)
    case.appoint("helper", HELPER, by=HEAD, basis="at last", key="k")
    case.appoint("helper", HELPER, by=HEAD, basis="at last", key="k")
    assert [record.tag for record in case.history()][-3:] == ["breach.found", "item.added", "appointed"]


def test_a_stale_caller_learns_so_before_anything_is_written(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 8, 1, 0, tzinfo=UTC)
    version = case.value.version
    values = {"owner": HELPER.id, "deadline": date(2026, 3, 2)}
    with pytest.raises(VersionConflict):
        case.fire("assign", item=hazard, by=HEAD, basis="rota", if_version=version - 1, **values)
    assert case.value.version == version


@pytest.mark.parametrize(
    ("apart", "doubts"), [(timedelta(days=8), ("clock",)), (None, None)], ids=["long ago", "never"]
)
def test_where_time_is_not_let_pass_an_act_accuses_nobody(
    apart: timedelta | None, doubts: tuple[str, ...] | None
) -> None:
    clock = Hand()
    engine = lapsing.opened(clock)
    if apart is not None:
        engine.tick()
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now += apart or timedelta(days=4)
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER.id, deadline=date(2026, 3, 2))
    assert {duty: breach.doubts for duty, breach in case.value.breaches.items()} == (
        {} if doubts is None else {hazard: doubts}
    )
    assert case.value.of_kind("finding") == ()
    engine.verify()


def test_what_recurs_is_not_lost_while_the_text_of_the_procedure_is_not_at_hand(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path}/s.db?synchronous=normal", Hand(datetime(2026, 3, 30, 1, 0, tzinfo=UTC))
    with lapsing.opened(clock, url) as engine:
        engine.tick()
    clock.pass_(days=3)  # the quarter begins on the 1st
    with stabflow.open(url, clock=clock) as engine:
        assert engine.tick().created == ()  # nobody knows the text: there was no case yet
    clock.pass_(days=1)
    with stabflow.open(url, clock=clock, procedures=[lapsing.known()]) as engine:
        assert engine.tick().created == ("inspection-2026-Q2",)
    clock.pass_(days=1)  # Saturday: the store has the text of the case
    with stabflow.open(url, clock=clock) as engine:
        assert engine.tick().created == ("inspection-2026-Q2/round-1",)
        engine.verify()


# Findings


def finding(case: CaseHandle, number: int = 1) -> dict[str, object]:
    return dict(case.value.items[f"finding-{number}"].fields)


def test_a_breach_opens_the_finding_of_the_procedure_in_the_same_batch(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    days(engine, clock, 3)
    breach, opened = case.history()[-2:]
    assert (breach.tag, opened.tag) == ("breach.found", "item.added")
    assert breach.key == opened.key is not None
    assert isinstance(opened.event, Added)
    assert finding(case) == {"breach": "overdue", "concerned": INSPECTOR.id}
    # The right to reply begins when it is on record, however late that is.
    assert opened.occurred_at == opened.recorded_at == clock.now
    due = case.value.items["finding-1"].due
    assert due is not None
    assert due.start == clock.now
    engine.verify()


def test_the_right_to_reply_is_not_cut_short_by_a_standstill(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.pass_(days=8)
    engine.tick(through=clock.now, basis="the clock is right")
    with pytest.raises(Unmet):
        case.fire("note_silence", item="finding-1", by=JUDGE, basis="no reply")
    case.fire("answer", item="finding-1", by=INSPECTOR, basis="letter", defence="the road was flooded")


def test_a_late_finding_breeds_no_finding(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    records = days(engine, clock, 12)
    late = [record.event.duty for record in records if record.event.duty.startswith("finding")]  # type: ignore[attr-defined]
    assert "finding-1" in late
    assert len(case.value.of_kind("finding")) == 1


def test_with_several_holders_nobody_is_named(quiet: World) -> None:
    engine, clock = quiet
    engine.constitute("inspection", "inspector", Actor("o-21", body="unit"), basis="second")
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    days(engine, clock, 3)
    assert finding(case) == {"breach": "overdue"}
    # and what nobody in person owes goes to those above all
    assert [duty.holders for duty in case.duties() if duty.duty == "finding-1"] == [()]


def test_who_has_left_every_office_is_not_named_by_the_system(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    owner = Actor("o-22", body="unit")
    engine.constitute("inspection", "judge", owner, basis="x")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=owner.id, deadline=date(2026, 1, 6))
    clock.now = datetime(2026, 1, 7, 1, 0, tzinfo=UTC)
    engine.withdraw("inspection", "judge", owner, basis="leaves")
    (record,) = engine.tick().breaches
    assert isinstance(record.event, BreachFound)
    assert [holder.id for holder in record.event.holders] == [owner.id]
    assert finding(case) == {"breach": "overdue"}


def test_what_time_stated_nobody_amends(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    days(engine, clock, 3)
    for who in (INSPECTOR, HEAD, BOARD, JUDGE):
        with pytest.raises(NotYourRole) as caught:
            case.amend("finding-1", by=who, basis="x", reason="a slip", breach="vacant")
        assert caught.value.roles == ()


def test_nobody_judges_a_finding_about_themselves(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=JUDGE.id, deadline=date(2026, 1, 6))
    days(engine, clock, 3)
    assert finding(case)["concerned"] == JUDGE.id
    case.fire("answer", item="finding-1", by=JUDGE, basis="letter", defence="it was the wrong date")
    for trigger in ("uphold", "dismiss"):
        with pytest.raises(Unmet) as caught:
            case.fire(trigger, item="finding-1", by=JUDGE, basis="my own")
        assert {blocker.kind for blocker in caught.value.blockers} == {"independent_of"}
    case.fire("dismiss", item="finding-1", by=BOARD, basis="heard")


# What is doubtful


def doubtful(engine: Engine, clock: Hand) -> tuple[CaseHandle, Record]:
    """A case with a breach that is only possible: the day had passed before it was named."""
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    clock.pass_(days=1)
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER.id, deadline=date(2026, 1, 2))
    (record,) = engine.tick().breaches
    return case, record


def test_what_nobody_could_have_met_is_only_possible(quiet: World) -> None:
    engine, clock = quiet
    case, record = doubtful(engine, clock)
    assert found((record,)) == [("hazard-1", 0, ("owner",), ("too_late",))]
    breach = case.value.breaches["hazard-1"]
    assert breach.possible
    assert (breach.above, breach.respond) == ((), None)
    assert case.value.of_kind("finding") == ()
    assert [r for r in days(engine, clock, 6) if r.event.duty == "hazard-1"] == []  # type: ignore[attr-defined]
    engine.verify()


def test_confirmed_it_goes_on_from_then(quiet: World) -> None:
    engine, clock = quiet
    case, record = doubtful(engine, clock)
    clock.pass_(days=1)
    confirmed = case.confirm_breach(record.version, by=HEAD, basis="asked the owner", key="k")
    assert case.confirm_breach(record.version, by=HEAD, basis="asked the owner", key="k") == confirmed
    breach = case.value.breaches["hazard-1"]
    assert not breach.possible
    assert breach.above == ("head",)
    assert breach.respond is not None
    assert breach.respond.start == clock.now
    assert finding(case) == {"breach": "overdue", "concerned": HELPER.id}
    assert found(tuple(r for r in days(engine, clock, 4) if r.event.duty == "hazard-1")) == [
        ("hazard-1", 1, ("head",), ())
    ]  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput, match="no breach that stands"):
        case.confirm_breach(record.version, by=BOARD, basis="again")
    engine.verify()


def test_voided_it_stays_on_record_and_comes_to_nothing(quiet: World) -> None:
    engine, clock = quiet
    case, record = doubtful(engine, clock)
    case.void_breach(record.version, by=BOARD, basis="minutes", reason="the date was a slip of the pen")
    assert case.value.breaches["hazard-1"].voided
    for again in (lambda: case.confirm_breach(record.version, by=HEAD, basis="x"),):
        with pytest.raises(Unmet, match="voided"):
            again()
    with pytest.raises(Unmet, match="voided"):
        case.void_breach(record.version, by=HEAD, basis="x", reason="twice")
    assert [r for r in days(engine, clock, 6) if r.event.duty == "hazard-1"] == []  # type: ignore[attr-defined]
    engine.verify()


def test_it_is_for_those_above_and_never_for_who_held_the_duty(quiet: World) -> None:
    engine, clock = quiet
    case, record = doubtful(engine, clock)
    for who in (HELPER, INSPECTOR, JUDGE):
        with pytest.raises(NotYourRole):
            case.void_breach(record.version, by=who, basis="x", reason="not so")
    engine.constitute("inspection", "board", HELPER, basis="promoted")
    with pytest.raises(Unmet) as caught:
        case.void_breach(record.version, by=HELPER, basis="x", reason="not so")
    assert [blocker.kind for blocker in caught.value.blockers] == ["independence"]
    version = case.value.version
    with pytest.raises(InvalidInput, match="no breach that stands"):
        case.void_breach(version + 5, by=BOARD, basis="x", reason="not so")
    with pytest.raises(InvalidInput, match="is no version"):
        case.confirm_breach("3", by=BOARD, basis="x")  # type: ignore[arg-type]
    assert case.value.version == version


def test_an_estimated_due_time_accuses_nobody() -> None:
    clock = Hand(datetime(2040, 1, 2, 1, 0, tzinfo=UTC))  # no notice for that year
    engine = lapsing.opened(clock, text=weekday_rota())
    engine.tick()
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    (record,) = days(engine, clock, 3)
    assert found((record,)) == [("hazard-1", 0, ("inspector",), ("estimated",))]
    assert case.value.breaches["hazard-1"].possible


def test_a_clock_that_stood_wrong_accuses_nobody(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    clock.pass_(days=2)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now -= timedelta(days=1)  # behind what is on record
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.pass_(days=6)
    doubts = {
        event.duty: event.doubts for record in engine.tick().breaches if isinstance(event := record.event, BreachFound)
    }
    assert doubts == {"hazard-1": (), "hazard-2": ("clock",)}


def test_what_escalated_too_late_to_be_answered_is_only_possible(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.pass_(days=20)
    records = engine.tick(through=clock.now, basis="the machine stood still; the clock is right").breaches
    assert [one for one in found(records) if one[0] == "hazard-1"] == [
        ("hazard-1", 0, ("inspector",), ()),
        ("hazard-1", 1, ("head",), ("too_late",)),
    ]
    engine.verify()


# The clock


def test_a_clock_far_ahead_is_not_believed(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    version = case.value.version
    clock.pass_(days=365)
    with pytest.raises(ClockInDoubt) as caught:
        engine.tick()
    assert caught.value.now == clock.now
    assert case.value.version == version
    clock.now -= timedelta(days=365)
    assert engine.tick().breaches == ()


def test_nor_at_the_very_first_tick() -> None:
    calling = '{ trigger = "call", dest = "owed", every = "weekend" }'
    quiet = lapsing.INSPECTION.replace(calling, calling.replace("weekend", "year"))
    assert quiet != lapsing.INSPECTION
    clock = Hand()
    engine = lapsing.opened(clock, text=quiet)
    case = lapsing.a_case(engine)
    due = case.value.due
    assert due is not None
    clock.now = due.at + timedelta(days=7)
    assert len(engine.tick().breaches) >= 1
    clock = Hand()
    engine = lapsing.opened(clock, text=quiet)
    lapsing.a_case(engine)
    clock.now = due.at + timedelta(days=7, seconds=1)
    with pytest.raises(ClockInDoubt):
        engine.tick()


def test_a_clock_that_jumps_back_does_nothing(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    assert len(days(engine, clock, 3)) == 1
    clock.now -= timedelta(days=3)
    assert engine.tick().breaches == ()
    clock.now += timedelta(days=3)
    assert engine.tick().breaches == ()
    engine.verify()


def test_through_takes_a_time_that_has_passed_and_a_basis(quiet: World) -> None:
    engine, clock = quiet
    with pytest.raises(InvalidInput, match="ahead of the clock"):
        engine.tick(through=clock.now + timedelta(seconds=1), basis="x")
    with pytest.raises(InvalidInput, match="basis"):
        engine.tick(through=clock.now)
    with pytest.raises(InvalidInput, match="through"):
        engine.tick(basis="x")
    with pytest.raises(InvalidInput, match="time zone"):
        engine.tick(through=datetime(2026, 1, 5), basis="x")
    with pytest.raises(InvalidInput, match="reserved"):
        engine.tick(through=clock.now, basis="x", by=Actor("system:tick", body="system"))
    assert engine.tick(through=clock.now, basis="x", by=Actor("op-1", body="host")).until == clock.now


# Vacancies


def test_an_office_that_stands_vacant_is_a_breach_of_who_appoints(world: World) -> None:
    engine, clock = world
    case = lapsing.a_case(engine, helped=False)
    (duty,) = [duty for duty in case.duties() if duty.duty == "vacancy:helper"]
    assert (duty.role, duty.state, duty.holders) == ("head", "vacant", ((HEAD.id, "unit"),))
    assert [row.duty for row in engine.duties(actor=HEAD)] == ["vacancy:helper"]
    (record,) = days(engine, clock, 3)
    event = record.event
    assert isinstance(event, BreachFound)
    assert (event.duty, event.kind, event.roles, event.holders) == ("vacancy:helper", "vacant", ("head",), (HEAD,))
    assert event.above == ("board",)
    assert finding(case) == {"breach": "vacant", "concerned": HEAD.id}
    case.appoint("helper", HELPER, by=HEAD, basis="at last")
    assert [duty.duty for duty in case.duties() if duty.duty.startswith("vacancy")] == []
    assert [r for r in days(engine, clock, 20) if r.event.duty == "vacancy:helper"] == []  # type: ignore[attr-defined]
    engine.verify()


def test_filled_in_time_and_left_vacant_again(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    assert case.value.vacancies == {}
    other = Actor("o-23", body="unit")
    case.appoint("helper", other, by=HEAD, basis="second")
    case.relieve("helper", HELPER, by=HEAD, basis="leaves")
    assert case.value.vacancies == {}
    clock.pass_(days=4)
    case.relieve("helper", other, by=HEAD, basis="leaves too")
    due = case.value.vacancies["helper"]
    assert (due.start, due.limit) == (clock.now, "2 working days")
    assert found(tuple(days(engine, clock, 5))) == [("vacancy:helper", 0, ("head",), ())]
    engine.verify()


def test_an_office_is_not_filled_by_who_comes_and_goes(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine, helped=False)
    due = case.value.vacancies["helper"]
    for _ in range(2):
        clock.pass_(days=1)
        with case.acting(HEAD, basis="order") as act:
            act.appoint("helper", HELPER)
            act.relieve("helper", HELPER)
        assert case.value.vacancies == {"helper": due}
    (record,) = days(engine, clock, 1)
    assert isinstance(record.event, BreachFound)
    assert (record.event.duty, record.event.due) == ("vacancy:helper", due)
    engine.verify()


# What the tick may not do


def test_time_acts_for_nobody_else(quiet: World) -> None:
    engine, _ = quiet
    case = lapsing.a_case(engine)
    tick = Actor("system:tick", body="system")
    with pytest.raises(InvalidInput, match="reserved"):
        case.add("finding", by=tick, basis="x", trigger="open")
    with pytest.raises(Refused):
        case.add("finding", by=JUDGE, basis="x", trigger="open")
    with pytest.raises(Refused):
        case.add("round", by=INSPECTOR, basis="x")


def test_a_tick_that_finds_nothing_reads_no_case_and_is_recorded_once_an_hour(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    streams: list[str] = []
    store = engine._shell.store
    read = store.read_stream
    store.read_stream = lambda stream, **k: (streams.append(stream), read(stream, **k))[1]  # type: ignore[assignment,method-assign,func-returns-value]
    engine.tick()
    for _ in range(59):
        clock.pass_(minutes=1)
        assert engine.tick().breaches == ()
    assert not [stream for stream in streams if stream.startswith("case/")]
    assert store.heads(["system/ticks"])[0].version == 1
    clock.pass_(minutes=1)
    engine.tick()
    assert store.heads(["system/ticks"])[0].version == 2
    assert case.value.version == 2


# Ways round


def test_nobody_takes_the_keys_of_time(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    for key in ("system:breach:x", "system:every:round:call:2026-01-10"):
        with pytest.raises(InvalidInput, match="reserved"):
            case.add("hazard", by=INSPECTOR, basis="x", key=key)
    hazard = case.add("hazard", by=INSPECTOR, basis="x", key="breach:hazard-1")
    (record,) = days(engine, clock, 3)
    assert record.key is not None
    assert record.key.startswith(f"system:breach:{hazard}:")


def test_a_period_begins_whoever_holds_the_offices_when_it_is_found() -> None:
    clock = Hand(datetime(2026, 3, 30, 1, 0, tzinfo=UTC))
    engine = lapsing.opened(clock)
    engine.tick()
    clock.now = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)  # the quarter has begun, and nobody has ticked
    for office, holder in (("inspector", INSPECTOR), ("head", HEAD), ("board", BOARD), ("judge", JUDGE)):
        engine.withdraw("inspection", office, holder, basis="leaves")
    assert engine.tick().created == ()
    clock.now = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
    engine.constitute("inspection", "head", Actor("o-33", body="unit"), basis="comes")
    assert engine.tick(through=clock.now, basis="closed for a while").created == ("inspection-2026-Q3",)


def test_a_procedure_that_cannot_be_proved_does_not_stop_time() -> None:
    clock = Hand(datetime(2026, 3, 30, 1, 0, tzinfo=UTC))
    never = '{ items = "hazard", at_most = 0 }, { items = "hazard", at_least = 1 }'
    stuck = lapsing.INSPECTION.replace('"inspection"\n', '"stuck"\n', 1).replace(
        'requires = [{ items = "hazard", every = "resolved" }', f"requires = [{never}"
    )
    engine = stabflow.open("memory:", clock=clock, procedures=[lapsing.known(stuck), lapsing.known()])
    for name in ("stuck", "inspection"):
        engine.constitute(name, "inspector", INSPECTOR, basis="order")
    engine.tick()
    clock.pass_(days=3)
    tick = engine.tick()
    assert tick.created == ("inspection-2026-Q2",)
    assert [what for what, _ in tick.failures] == ["stuck@1"]
    for _ in range(8):
        clock.pass_(days=1)
        engine.tick()


@pytest.mark.parametrize("pinned", [False, True])
def test_a_block_that_spans_the_limit_is_late(quiet: World, pinned: bool) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    version = case.value.version if pinned else None
    with case.acting(HEAD, basis="rota", if_version=version) as act:
        act.fire("assign", item=hazard, owner=HELPER.id, deadline=date(2026, 1, 30))
        clock.pass_(days=3)
    assert [record.tag for record in act.records] == ["item.moved"]
    assert [record.tag for record in case.history()[-3:]] == ["breach.found", "item.added", "item.moved"]
    engine.verify()


def test_who_held_it_is_not_changed_by_dating_back(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    clock.now = datetime(2026, 1, 6, 1, 0, tzinfo=UTC)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HEAD.id, deadline=date(2026, 1, 7))
    clock.now = datetime(2026, 1, 7, 16, 30, tzinfo=UTC)
    when = datetime(2026, 1, 7, 15, 0, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="before the last act"):  # the breach came first
        case.fire("reassign", item=hazard, by=HEAD, basis="x", owner=HELPER.id, deadline=date(2026, 1, 30), at=when)
    assert case.value.breaches[hazard].holders == (HEAD,)


def test_an_officer_who_comes_after_the_limit_is_not_who_held_it(quiet: World) -> None:
    engine, clock = quiet
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.now = datetime(2026, 1, 7, 16, 30, tzinfo=UTC)
    before = datetime(2026, 1, 7, 15, 0, tzinfo=UTC)
    newcomer = Actor("o-32", body="unit")
    engine.withdraw("inspection", "inspector", INSPECTOR, basis="leaves", at=before)
    engine.constitute("inspection", "inspector", newcomer, basis="comes", at=before)
    (record,) = engine.tick().breaches
    assert isinstance(record.event, BreachFound)
    assert record.event.holders == (INSPECTOR,)


def test_one_of_several_who_owed_it_does_not_judge_the_finding(quiet: World) -> None:
    engine, clock = quiet
    engine.constitute("inspection", "inspector", JUDGE, basis="second seat")
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    days(engine, clock, 9)
    assert finding(case) == {"breach": "overdue"}
    case.fire("note_silence", item="finding-1", by=JUDGE, basis="no reply")
    for trigger in ("uphold", "dismiss"):
        with pytest.raises(Unmet) as caught:
            case.fire(trigger, item="finding-1", by=JUDGE, basis="mine")
        assert [blocker.kind for blocker in caught.value.blockers] == ["independent_of"]
    case.fire("dismiss", item="finding-1", by=BOARD, basis="heard")
    engine.verify()


def test_who_held_it_below_does_not_void_it_above(quiet: World) -> None:
    engine, clock = quiet
    engine.constitute("inspection", "board", INSPECTOR, basis="promoted")
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    found_ = [record for record in days(engine, clock, 8) if record.event.duty == hazard]  # type: ignore[attr-defined]
    assert [record.event.level for record in found_] == [0, 1]  # type: ignore[attr-defined]
    with pytest.raises(Unmet) as caught:
        case.void_breach(found_[1].version, by=INSPECTOR, role="board", basis="x", reason="y")
    assert [blocker.kind for blocker in caught.value.blockers] == ["independence"]


def test_a_subordinate_of_who_held_it_does_not_judge_it(quiet: World) -> None:
    engine, clock = quiet
    engine.constitute("inspection", "board", HELPER, basis="also on the board")
    case, record = doubtful(engine, clock)  # what the helper owed, who is above the head by another office
    with pytest.raises(Unmet) as caught:
        case.void_breach(record.version, by=HEAD, basis="x", reason="y")
    assert [blocker.kind for blocker in caught.value.blockers] == ["independence"]
    case.void_breach(record.version, by=BOARD, basis="x", reason="the date was wrong")
