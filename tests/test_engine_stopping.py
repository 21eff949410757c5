"""A clock that is stopped and resumed: by whom, what is owed meanwhile, what falls due then, and what is on record of it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import worlds
from command_line import Run
from hypothesis import given
from hypothesis import strategies as st
from worlds import AUDITOR, BASIS, CHAIR, CLERK, NOTE, START, FakeClock

from stabflow import CaseHandle, Engine, InvalidInput, Procedure, Refused
from stabflow.decision.events import ClockResumed, ClockStopped
from stabflow.decision.evolution import evolve, replay
from stabflow.errors import Corrupt, NotYourRole, Unmet
from stabflow.history import codec
from stabflow.language import loads
from stabflow.stores.memory import MemoryStore

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_CHANGES = {
    'accountable = "clerk", within = "5 working days"': 'accountable = "clerk", within = "5 working days", '
    'clock_stopped_by = ["chair"]',
    'accountable = "owner", until = "deadline"': 'accountable = "owner", until = "deadline", '
    'clock_stopped_by = ["clerk", "chair"]',
    'accountable = "chair", open_ended = true': 'accountable = "chair", open_ended = true, clock_stopped_by = ["chair"]',
    '{ trigger = "do", source = "open", dest = "done", by = ["owner"] }': '{ trigger = "do", source = "open", dest = "done", '
    'by = ["owner"], requires = [{ elapsed = "72 hours", since = "open" }] },\n  { trigger = "put_off", source = "open", '
    'by = ["chair"], set = ["deadline"] }',
}


def clocked(version: str = "1", **changed: str) -> Procedure:
    """The small procedure, with clocks that can be stopped, and a wait."""
    text = worlds.SMALL.replace('version = "1"', f'version = "{version}"')
    for old, new in {**_CHANGES, **({changed["find"]: changed["put"]} if changed else {})}.items():
        assert old in text, old
        text = text.replace(old, new)
    return loads(text)


World = tuple[Engine, CaseHandle, FakeClock]


def a_world(url: str = "memory:", **more: Any) -> World:
    clock = FakeClock(step=timedelta())
    engine = worlds.constituted(worlds.engine_on(url, clock, **{"procedures": [clocked()], **more}))
    return engine, worlds.opened(engine), clock


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return a_world("memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/s.db?synchronous=normal")


def stop(case: CaseHandle, item: str | None = None, **more: Any) -> Any:
    return case.stop_clock(item, **{"by": CHAIR, "basis": BASIS, "reason": "the public is heard", **more})


def resume(case: CaseHandle, item: str | None = None, **more: Any) -> Any:
    return case.resume_clock(item, **{"by": CHAIR, "basis": BASIS, "reason": "it was heard", **more})


def due_of(case: CaseHandle, duty: str = "case") -> datetime | None:
    (found,) = [one for one in case.duties() if one.duty == duty]
    return None if found.due is None else found.due.at


def test_while_it_stands_nothing_is_due_and_then_what_was_left_is_left(world: World) -> None:
    engine, case, clock = world
    before = case.value.due
    assert before is not None
    assert before.at.date() == date(2026, 3, 9)
    clock.now += 2 * DAY + HOUR
    record = stop(case)
    assert isinstance(record.event, ClockStopped)
    assert (record.role, record.event.reason) == ("chair", "the public is heard")
    (duty,) = case.duties()
    assert (duty.due, duty.stopped_at) == (None, clock.now)
    assert [(row.due_at, row.estimated) for row in engine.duties()] == [("", False)]
    clock.now += 30 * DAY
    assert list(engine.duties(overdue=True)) == []
    record = resume(case)
    assert isinstance(record.event, ClockResumed)
    (duty,) = case.duties()
    assert duty.stopped_at is None
    assert duty.due == record.event.due == case.value.due
    assert duty.due is not None
    assert "the clock stood from 2026-03-04 10:00 to 2026-04-03 10:00" in duty.due.derivation(case.procedure.zone).en
    # 4, 5, 6 and 9 March were left: 3 April, and after the holiday of the 4th to the 6th the 7th, 8th and 9th.
    assert duty.due.at.date() == date(2026, 4, 9)
    assert [row.due_at[:10] for row in engine.duties()] == ["2026-04-09"]
    clock.now += 7 * DAY
    assert [row.case_id for row in engine.duties(overdue=True)] == [case.id]
    engine.verify()
    assert replay((one.event, one.stamp) for one in case.history()) == case.value


def test_of_an_item_too_and_each_has_its_own_clock(world: World) -> None:
    engine, case, clock = world
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 20)})
    other = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 20)})
    was = due_of(case)
    stop(case, note, by=CLERK)
    assert due_of(case, note) is None
    assert due_of(case) == was
    assert due_of(case, other) is not None
    clock.now += 3 * DAY
    resume(case, note)
    due = case.value.items[note].due
    assert due is not None
    assert due.limit == "until 2026-03-20"
    assert due_of(case, note) == datetime.fromisoformat("2026-03-24T00:00+08:00")
    assert case.value.items[other].stops == ()
    engine.verify()


def test_a_date_stated_while_it_stands_is_counted_from_then(world: World) -> None:
    engine, case, clock = world
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 10)})
    stop(case, note)
    clock.now += 5 * DAY
    case.fire("put_off", item=note, by=CHAIR, basis=BASIS, deadline=date(2026, 3, 31))
    assert due_of(case, note) is None
    clock.now += 2 * DAY
    resume(case, note)
    assert due_of(case, note) == datetime.fromisoformat("2026-04-03T00:00+08:00")
    engine.verify()


def test_without_a_limit_only_waits_stand_still(world: World) -> None:
    engine, case, clock = world
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 6, 1)})
    clock.now += 50 * HOUR
    stop(case, note)
    clock.now += 90 * HOUR
    (blocker,) = case.blockers("do", item=note, by=CLERK)
    assert "the clock stands since 2026-03-04 11:00" in blocker.text.en
    assert case.plan("settled").acts
    resume(case, note)
    clock.now += 21 * HOUR
    (blocker,) = case.blockers("do", item=note, by=CLERK)
    assert "not possible before 2026-03-09 03:00" in blocker.text.en
    clock.now += HOUR
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    stop(case)
    assert (case.duties()[0].stopped_at, case.duties()[0].due) == (clock.now, None)
    clock.now += DAY
    assert resume(case).event.due is None
    engine.verify()


def test_a_wait_that_was_over_before_the_clock_was_stopped_is_over(world: World) -> None:
    _, case, clock = world
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 6, 1)})
    clock.now += 72 * HOUR
    stop(case, note)
    assert case.blockers("do", item=note, by=CLERK) == ()


def test_leaving_the_state_ends_the_stop(world: World) -> None:
    engine, case, clock = world
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 6, 1)})
    clock.now += 72 * HOUR
    stop(case, note)
    clock.now += HOUR
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    assert case.value.items[note].stopped_at is None
    stop(case)
    clock.now += DAY
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    value = case.value
    assert (value.stopped_at, len(value.stops)) == (None, 1)
    assert value.stops[0].until == clock.now
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="again")
    assert due_of(case) == datetime.fromisoformat("2026-03-14T00:00+08:00"), "a new round has its own limit"
    assert case.duties()[0].due == case.value.due
    assert case.value.due is not None
    assert case.value.due.stops == ()
    engine.verify()


def test_a_deputy_may_and_who_was_recused_may_not() -> None:
    lending = clocked(find='title = { en = "clerk"', put='delegable = true\ntitle = { en = "clerk"')
    engine, case, clock = a_world(procedures=[lending])
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    deputy = attrs.evolve(CLERK, id="deputy-1")
    until = datetime(2026, 3, 31, 16, tzinfo=START.tzinfo)
    delegated = case.delegate("clerk", deputy, by=CLERK, basis=BASIS, reason="on a course", until=until)
    record = stop(case, note, by=deputy)
    assert (record.role, record.mandate) == ("clerk", delegated.hash)
    clock.now += DAY
    case.recuse("clerk", CLERK, by=CHAIR, basis=BASIS, reason="kin of the builder")
    for who in (deputy, CLERK):
        with pytest.raises(Refused):
            resume(case, note, by=who)
    resume(case, note)
    engine.verify()


def test_time_accuses_nobody_while_the_clock_stands(world: World) -> None:
    engine, case, clock = world
    clock.now += 2 * DAY
    stop(case)
    for _ in range(8):
        assert engine.tick().breaches == ()
        clock.now += 6 * DAY
    resume(case)
    due = due_of(case)
    assert due is not None
    assert engine.tick().breaches == ()
    clock.now = due - timedelta(seconds=1)
    assert engine.tick().breaches == ()
    clock.now = due
    (found,) = engine.tick().breaches
    assert found.occurred_at == due
    assert found.event.due == case.value.due  # type: ignore[attr-defined]
    assert found.event.doubts == ()  # type: ignore[attr-defined]
    assert refused(lambda: stop(case)) == ["overdue"]
    engine.verify()


def refused(act: Any) -> list[str]:
    with pytest.raises(Refused) as refusal:
        act()
    assert refusal.value.describe("zh")
    return [blocker.kind for blocker in refusal.value.blockers]


def test_what_is_refused(world: World) -> None:
    engine, case, clock = world
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 4)})
    for by in (CLERK, AUDITOR):
        with pytest.raises(NotYourRole):
            stop(case, by=by)
    assert refused(lambda: resume(case)) == ["clock"]
    stop(case)
    assert refused(lambda: stop(case)) == ["clock"]
    with pytest.raises(NotYourRole):
        resume(case, by=CLERK)
    resume(case)
    clock.now += 3 * DAY
    assert refused(lambda: stop(case, note)) == ["overdue"], "it has fallen due: nothing is undone"
    clock.now += 3 * DAY
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    assert refused(lambda: stop(case, "check-1")) == ["clock"], "nobody stops the clock in that state"
    for number in (1, 2):
        case.fire("pass", item=f"check-{number}", by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)
    for item in (None, note):
        assert refused(lambda item=item: stop(case, item)) == ["state"]  # type: ignore[misc]
    engine.verify()
    for wrong, path in (("check-9", "item"), (5, "item")):
        with pytest.raises(InvalidInput) as error:
            stop(case, wrong)
        assert [fault.path for fault in error.value.faults] == [path]
    with pytest.raises(InvalidInput, match="reason"):
        stop(case, reason=" ")


def test_what_was_superseded_has_no_clock() -> None:
    put = 'within = "3 days", clock_stopped_by = ["chair"]'
    engine, case, clock = a_world(procedures=[clocked(find='within = "3 days"', put=put)])
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    clock.now += 3 * DAY
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    stop(case, "check-1")
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="again")
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    clock.now += 3 * DAY
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    assert case.value.items["check-1"].superseded
    for act in (stop, resume):
        assert refused(lambda act=act: act(case, "check-2")) == ["superseded"]  # type: ignore[misc]
    stop(case, "check-3")
    engine.verify()


def test_no_time_is_claimed_for_it_but_where_a_matter_of_the_past_is_entered() -> None:
    """Else a duty that has fallen due since could be stopped as of yesterday."""
    _, case, clock = a_world()
    clock.now += HOUR
    for act in (stop, resume):
        with pytest.raises(InvalidInput, match="at the time at which that is recorded"):
            act(case, at=START + timedelta(minutes=1))
    _, case, clock = a_world(late_entry=None)
    clock.now += 400 * DAY
    stop(case, at=START + DAY)
    resume(case, at=START + 2 * DAY)
    assert case.value.stops[0].until == START + 2 * DAY
    assert case.value.due is not None
    assert case.value.due.at.date() == date(2026, 3, 10)


def test_it_happens_once_under_a_key_and_in_a_block(world: World) -> None:
    engine, case, clock = world
    first = stop(case, key="k")
    assert stop(case, key="k").hash == first.hash
    clock.now += DAY
    with case.acting(CHAIR, basis=BASIS) as act:
        act.resume_clock(reason="done")
        act.stop_clock(reason="once more")
        assert act.value.stopped_at == clock.now
    assert case.value.stopped_at == clock.now
    assert len(case.value.stops) == 1
    engine.verify()


@given(st.lists(st.tuples(st.sampled_from(["stop", "resume"]), st.integers(1, 100)), max_size=12))
def test_whatever_is_tried_index_replay_and_records_agree(tries: list[tuple[str, int]]) -> None:
    engine, case, clock = a_world()
    for what, hours in tries:
        clock.now += hours * HOUR
        before = case.value
        try:
            (stop if what == "stop" else resume)(case)
        except Unmet:
            stands = before.stopped_at is not None
            over = before.due is not None and clock.now >= before.due.at
            assert (what == "resume" and not stands) or (what == "stop" and (stands or over))
            assert case.value == before
        (row,) = engine.duties()
        assert bool(row.due_at) is (case.value.stopped_at is None)
        assert all(one.due is None or one.due.at > before.recorded_at for one in case.duties() if what == "resume")
    engine.verify()
    assert replay((one.event, one.stamp) for one in case.history()) == case.value


# Forged records


def forged(case: CaseHandle, tag: str, **changes: Any) -> MemoryStore:
    """A store in which an event of the case was another one from the beginning."""
    from stabflow.history.commit import batch, seal
    from stabflow.history.record import Circumstances

    store = MemoryStore()
    shell = case._shell
    for stream in ("system/offices", f"procedure/{case.procedure.id}@{case.procedure.version}"):
        from stabflow.engine import streams

        streams.copy(stream, shell.store, store)
    value, head = None, "00" * 32
    for record in case.history():
        event = attrs.evolve(record.event, **changes) if record.tag == tag else record.event
        said = {field.name: getattr(record, field.name) for field in attrs.fields(Circumstances)}
        new = seal(record.stream, record.version, head, event, Circumstances(**said))
        after = evolve(value, new.event, new.stamp)
        store.append(
            batch([new], expected_version=record.version - 1, procedure=case.procedure, before=value, after=after)
        )
        value, head = after, new.hash
    return store


@pytest.mark.parametrize(
    ("tag", "changes"),
    [
        ("clock.resumed", {"at": DAY}),
        ("clock.resumed", {"at": -DAY}),
        ("clock.resumed", {"stops": ()}),
        ("clock.resumed", {"limit": "6 working days"}),
        ("clock.resumed", {"weekend_days": 9}),
    ],
)
def test_a_forged_due_time_is_found(tag: str, changes: dict[str, Any]) -> None:
    _, case, clock = a_world()
    clock.now += 2 * DAY
    stop(case)
    clock.now += 5 * DAY
    due = resume(case).event.due
    stopped = worlds.engine_over(forged(case, "none"), clock, procedures=[clocked()])
    assert stopped.verify().cases == 1
    moved = {name: due.at + value if name == "at" else value for name, value in changes.items()}
    store = forged(case, tag, due=attrs.evolve(due, **moved))
    with pytest.raises(Corrupt, match="another time than was left"):
        worlds.engine_over(store, clock, procedures=[clocked()]).verify()


def test_a_clock_stopped_by_whom_it_was_not_for_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision is led by the nose; verifying asks the procedure again."""
    from stabflow.engine import conformity

    engine, case, clock = a_world()
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 6, 1)})
    stop(case, note, by=CLERK)
    engine.verify()
    records = case.history()
    before = replay((one.event, one.stamp) for one in records[:-1])
    event = attrs.evolve(records[-1].event, item=None)
    wrong = attrs.evolve(records[-1], event=event)
    assert before is not None
    with pytest.raises(Corrupt, match="stops or resumes a clock that no 'clerk'"):
        conformity.check_record(case.procedure, before, wrong, _Any())
    late = attrs.evolve(records[-1], occurred_at=clock.now + 400 * DAY)
    with pytest.raises(Corrupt, match="stops a clock that had run out"):
        conformity.check_record(case.procedure, before, late, _Any())


class _Any:
    """Tenures of nobody: the clerk is appointed in the case."""


def test_what_cannot_follow_is_corrupt() -> None:
    _, case, clock = a_world()
    stop(case)
    clock.now += DAY
    resume(case)
    *_, stopped, resumed = case.history()
    before = replay((one.event, one.stamp) for one in case.history()[:-2])
    again = attrs.evolve(stopped.stamp, version=resumed.version)
    with pytest.raises(Corrupt, match="stops a clock that does not run"):
        evolve(evolve(before, stopped.event, stopped.stamp), stopped.event, again)
    with pytest.raises(Corrupt, match="resumes a clock that does not stand"):
        evolve(before, resumed.event, attrs.evolve(resumed.stamp, version=stopped.version))
    with pytest.raises(Corrupt, match="makes a limit, or takes it away"):
        evolve(evolve(before, stopped.event, stopped.stamp), attrs.evolve(resumed.event, due=None), resumed.stamp)
    with pytest.raises(Corrupt, match="does not have"):
        evolve(before, attrs.evolve(stopped.event, item="note-7"), stopped.stamp)
    assert codec.decode("clock.stopped", 1, codec.encode(stopped.event)) == stopped.event


# Another version


def test_a_case_whose_clock_stands_moves_only_to_where_it_can_be_resumed() -> None:
    engine, case, clock = a_world()
    stop(case)
    stuck = clocked(
        "2", find='clock_stopped_by = ["chair"], title = { en = "drafting"', put='title = { en = "drafting"'
    )
    told = engine.migrate(case, stuck, by=CHAIR, basis=BASIS, dry_run=True)
    assert ["resume it first" in blocker.text.en for blocker in told.blockers] == [True]
    with pytest.raises(Refused):
        engine.migrate(case, stuck, by=CHAIR, basis=BASIS)
    other = clocked("3", find='title = { en = "drafting"', put='title = { en = "writing"')
    engine.migrate(case, other, by=CHAIR, basis=BASIS)
    assert case.value.stopped_at is not None
    assert [row.due_at for row in engine.duties()] == [""]
    clock.now += DAY
    resume(case)
    assert due_of(case) == datetime.fromisoformat("2026-03-11T00:00+08:00")
    engine.migrate(case, stuck, by=CHAIR, basis=BASIS)
    engine.verify()


# For people


def test_it_is_told_in_both_languages(stab: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/told.db"
    engine, case, _ = a_world(url)
    stop(case)
    engine.close()
    _, said, _ = stab("show", case.id, "--store", url, columns=140)
    assert "the clock stands since 2026-03-02 09:00" in said
    _, said, _ = stab("show", case.id, "--store", url, "--lang", "zh")
    assert "计时自2026-03-02 09:00起中止" in said
    _, said, _ = stab("show", case.id, "--store", url, "--json")
    assert json.loads(said)["duties"][0]["stopped_at"] == "2026-03-02T01:00:00.000000Z"
    _, said, _ = stab("duties", "--store", url, columns=140)
    assert "the clock stands  clerk: clerk-1" in said
    assert "计时已中止" in stab("duties", "--store", url, "--lang", "zh")[1]
    _, said, _ = stab("history", case.id, "--store", url, columns=140)
    assert "stop the clock of the case" in said
    _, said, _ = stab("history", case.id, "--store", url, "--lang", "zh", columns=140)
    assert "对案件中止计时" in said
