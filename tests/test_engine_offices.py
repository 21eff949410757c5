"""Standing offices, claimed and recorded time, procedures by version: what every act rests on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import worlds
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER, START, FakeClock

import stabflow
from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, Plugin, ProcedureError, Refused, hookimpl
from stabflow.errors import Blocker, Corrupt, NotYourRole, StoreUnavailable, Unmet
from stabflow.language import Procedure, bundled
from stabflow.ports.hooks import NamedRequirement
from stabflow.stores.memory import MemoryStore
from stabflow.text import Text

Pair = tuple[Engine, Engine]


@pytest.fixture(params=["memory", "sqlite"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    clock, store = FakeClock(), MemoryStore()
    if request.param == "memory":
        engines = worlds.engine_over(store, clock), worlds.engine_over(store, clock)
    else:
        url = f"sqlite:///{tmp_path}/store.db"
        engines = worlds.engine_on(url, clock), worlds.engine_on(url, clock)
    yield engines
    for engine in engines:
        engine.close()


# Offices


def test_an_office_is_held_from_the_next_call_on_everywhere(pair: Pair) -> None:
    here, there = pair
    with pytest.raises(NotYourRole):
        there.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    record = here.constitute("small", "chair", CHAIR, basis=BASIS)
    assert [held.mandate for held in there.offices("small")] == [record.hash]
    case = there.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert case.history()[0].mandate == record.hash
    here.withdraw("small", "chair", CHAIR, basis="recalled")
    with pytest.raises(NotYourRole):
        case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    with pytest.raises(NotYourRole):
        there.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert there.offices("small") == ()
    again = there.constitute("small", "chair", CHAIR, basis="again")
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    assert case.history()[-1].mandate == again.hash
    assert here.verify().cases == 1


def test_the_record_says_who_filled_the_office_and_why(pair: Pair) -> None:
    record = pair[0].constitute("small", "chair", CHAIR, basis=BASIS, by=Actor("mayor", body="council"))
    assert (record.actor.id, record.basis.text, record.role, record.stream, record.version) == (
        "mayor", BASIS, "founding_authority", "system/offices", 1,
    )  # fmt: skip
    by_default = pair[1].withdraw("small", "chair", CHAIR, basis=BASIS)
    assert by_default.actor == Actor("host:operator", body="host")


@pytest.mark.parametrize(
    ("office", "holder", "error"),
    [
        ("char", CHAIR, InvalidInput),
        ("clerk", CLERK, InvalidInput),
        ("owner", CLERK, InvalidInput),
    ],
)
def test_only_a_standing_office_can_be_constituted(pair: Pair, office: str, holder: Actor, error: type) -> None:
    for act in (pair[0].constitute, pair[0].withdraw):
        with pytest.raises(error):
            act("small", office, holder, basis=BASIS)
    assert pair[0].offices("small") == ()


def test_seats_are_counted_and_nobody_constitutes_themselves(pair: Pair) -> None:
    with pytest.raises(Unmet, match="themselves"):
        pair[0].constitute("small", "chair", CHAIR, basis=BASIS, by=CHAIR)
    pair[0].constitute("small", "chair", CHAIR, basis=BASIS)
    with pytest.raises(Unmet, match="already"):
        pair[1].constitute("small", "chair", CHAIR, basis=BASIS)
    with pytest.raises(Unmet, match="seat"):
        pair[1].constitute("small", "chair", OUTSIDER, basis=BASIS)
    for nobody in (OUTSIDER, Actor(CHAIR.id, body="elsewhere")):
        with pytest.raises(InvalidInput, match="does not hold"):
            pair[1].withdraw("small", "chair", nobody, basis=BASIS)
    assert len(pair[0].offices("small")) == 1


def test_nobody_else_acts_under_the_ids_of_stabflow(pair: Pair) -> None:
    tick = Actor("system:tick", body="system")
    for act in (
        lambda: pair[0].constitute("small", "chair", CHAIR, basis=BASIS, by=tick),
        lambda: pair[0].constitute("small", "chair", CHAIR, basis=BASIS, by=tick, key="k"),
        lambda: pair[0].withdraw("small", "chair", CHAIR, basis=BASIS, by=tick),
    ):
        with pytest.raises(InvalidInput, match="begin with system: are reserved") as caught:
            act()
        (fault,) = caught.value.faults
        assert (fault.path, fault.cure) == ("by", "give the id of an office-holder, which begins otherwise")
    with pytest.raises(InvalidInput, match=r"holder: .* begin with host: are reserved"):
        pair[0].constitute("small", "chair", Actor("host:x", body="council"), basis=BASIS)
    assert pair[0].offices("small") == ()
    pair[0].constitute("small", "chair", CHAIR, basis=BASIS, by=Actor("host:mayor", body="council"))
    pair[0].withdraw("small", "chair", CHAIR, basis=BASIS, by=Actor("host:mayor", body="council"))
    pair[0].constitute("small", "chair", Actor("system-1", body="council"), basis=BASIS)
    assert pair[1].verify().cases == 0


def test_what_is_no_actor_is_told_so(pair: Pair) -> None:
    for act, path in (
        (lambda: pair[0].constitute("small", "chair", "chair-1", basis=BASIS), "holder"),  # type: ignore[arg-type]
        (lambda: pair[0].constitute("small", "chair", CHAIR, basis=BASIS, by="mayor"), "by"),  # type: ignore[arg-type]
        (lambda: pair[0].open_case("small", BRIDGE, by="chair-1", basis=BASIS), "by"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidInput, match=f"{path}: '.*' is not an Actor"):
            act()


def test_two_who_take_the_last_seat_at_once() -> None:
    store = worlds.wrapped()
    engine, rival = worlds.engine_over(store), worlds.engine_over(store)
    store.interleave(lambda: rival.constitute("small", "chair", CHAIR, basis=BASIS), only="system/")
    with pytest.raises(Unmet, match="seat"):
        engine.constitute("small", "chair", OUTSIDER, basis=BASIS)
    assert [held.actor for held in engine.offices("small")] == [CHAIR.id]


_NOW = {"id": "small", "version": "1"}


def standing(*roles: str, **identity: str) -> Procedure:
    """The small procedure with more standing offices."""
    text = worlds.SMALL
    for role in roles:
        head, _, tail = text.partition(f"[roles.{role}]")
        assert tail
        text = f"{head}[roles.{role}]" + tail.replace('appointed_by = ["chair"]', "", 1)
    for key, value in identity.items():
        text = text.replace(f'{key} = "{_NOW[key]}"', f'{key} = "{value}"', 1)
    return worlds.loads(text)


def test_separated_offices_are_not_filled_with_one_person() -> None:
    engine, two = worlds.engine_on("memory:"), standing("clerk", "auditor", id="two")
    engine.constitute(two, "clerk", CLERK, basis=BASIS)
    with pytest.raises(Unmet, match=r"auditor may not be somebody who is .* clerk in a standing office") as refusal:
        engine.constitute(two, "auditor", CLERK, basis=BASIS)
    assert [blocker.kind for blocker in refusal.value.blockers] == ["separation"]
    engine.constitute(two, "auditor", AUDITOR, basis=BASIS)
    engine.constitute(two, "clerk", OUTSIDER, basis=BASIS)
    assert len(engine.offices(two)) == 3


def test_an_office_of_another_version_is_no_role_here() -> None:
    """What version 2 fills outside of cases, version 1 fills inside of them: nobody comes in by that door."""
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    two = standing("clerk", version="2")
    engine.constitute(two, "clerk", OUTSIDER, basis=BASIS)
    with pytest.raises(NotYourRole):
        case.add("note", by=OUTSIDER, basis=BASIS, **NOTE)
    other = engine.open_case(two, Matter("road-2", "Road"), by=CHAIR, basis=BASIS)
    other.add("note", by=OUTSIDER, basis=BASIS, **NOTE | {"owner": OUTSIDER})
    assert engine.verify().cases == 2


def looser() -> Procedure:
    """Version 2: as many chairs as anybody likes."""
    return worlds.loads(worlds.SMALL.replace('version = "1"', 'version = "2"', 1).replace("holders = 1\n", "", 1))


@pytest.mark.parametrize("known", ["given", "in use"])
def test_a_seat_is_counted_in_every_version_in_whose_cases_the_office_is_held(known: str) -> None:
    store = MemoryStore()
    two = looser()
    engine = worlds.constituted(worlds.engine_over(store))
    case = engine.open_case("small@1", BRIDGE, by=CHAIR, basis=BASIS)
    if known == "in use":
        engine = worlds.engine_over(store, procedures=[two])
    with pytest.raises(Unmet, match=r"as chair \(also under small@1\)") as refusal:
        engine.constitute(two, "chair", OUTSIDER, basis=BASIS)
    assert [blocker.kind for blocker in refusal.value.blockers] == ["seats"]
    assert "同时依small@1" in refusal.value.describe("zh")
    with pytest.raises(NotYourRole):
        case.appoint("clerk", CLERK, by=OUTSIDER, basis=BASIS)
    engine.withdraw(two, "chair", CHAIR, basis=BASIS)
    engine.constitute(two, "chair", OUTSIDER, basis=BASIS)
    assert [held.actor for held in engine.offices(two)] == [OUTSIDER.id]


def test_where_only_versions_without_that_bound_are_known_there_are_seats_for_all() -> None:
    two = looser()
    engine = worlds.engine_on("memory:", procedures=[two])
    for holder in (CHAIR, OUTSIDER):
        engine.constitute("small", "chair", holder, basis=BASIS)
    assert len(engine.offices("small")) == 2


# Time


def test_what_is_claimed_and_what_is_recorded_are_two_times(pair: Pair) -> None:
    engine = worlds.constituted(pair[0])
    case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    opened = case.history()[0]
    assert opened.occurred_at == opened.recorded_at
    at = opened.recorded_at + timedelta(microseconds=1)
    told = at.astimezone(timezone(timedelta(hours=8)))
    appointed = case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS, at=told)
    assert appointed.occurred_at == at < appointed.recorded_at
    assert appointed.occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (START + timedelta(days=1), "ahead of the clock"),
        (START - timedelta(days=1), "before the last act"),
        (START.replace(tzinfo=None), "no time zone"),
        ("2026-03-02", "not a time"),
        (START.date(), "not a time"),
        (0, "not a time"),
    ],
)
def test_a_time_that_cannot_be_claimed_is_refused(pair: Pair, at: Any, why: str) -> None:
    engine = worlds.constituted(pair[0])
    case = worlds.opened(engine)
    before = case.history()
    with pytest.raises(InvalidInput, match=why):
        case.add("note", by=CLERK, basis=BASIS, at=at, **NOTE)
    with pytest.raises(InvalidInput, match=why), case.acting(CLERK, basis=BASIS, at=at) as act:
        act.add("note", **NOTE)
    assert case.history() == before
    if "before" not in why:
        with pytest.raises(InvalidInput, match=why):
            engine.withdraw("small", "chair", CHAIR, basis=BASIS, at=at)
        with pytest.raises(InvalidInput, match=why):
            engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, at=at)


@pytest.mark.parametrize("late_entry", [timedelta(0), timedelta(days=1), timedelta(days=30)])
def test_no_time_longer_ago_than_late_entry_is_claimed(late_entry: timedelta) -> None:
    now = START
    engine = worlds.engine_on("memory:", lambda: now, late_entry=late_entry)
    engine.constitute("small", "chair", CHAIR, basis=BASIS, at=START - timedelta(days=60))
    too_old = START - late_entry - timedelta(microseconds=1)
    with pytest.raises(InvalidInput, match=r"open the engine with late_entry=None"):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, at=too_old)
    assert not list(engine.cases())
    case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, at=START - late_entry)
    (opened,) = case.history()
    assert opened.late == late_entry
    now = START + timedelta(days=90)
    for act in (
        lambda at: case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS, at=at),
        lambda at: case.acting(CHAIR, basis=BASIS, at=at).__enter__().appoint("clerk", CLERK),
    ):
        with pytest.raises(InvalidInput, match="before the clock"):
            act(now - late_entry - timedelta(microseconds=1))
    assert case.value.version == 1


@pytest.mark.parametrize("act", ["constitute", "withdraw"])
def test_a_role_of_a_case_is_filled_and_ended_in_the_case(act: str) -> None:
    engine = worlds.engine_on("memory:")
    with pytest.raises(InvalidInput, match=r"case\.appoint\(…\), case\.relieve\(…\)"):
        getattr(engine, act)("small", "clerk", CLERK, basis=BASIS)


def test_filling_an_office_is_called_the_same_as_filling_a_role() -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    with pytest.raises(Unmet) as refused:
        engine.constitute("small", "chair", CHAIR, basis=BASIS)
    assert refused.value.describe("zh").startswith(f"已拒绝：任命{CHAIR.id}为")


def test_a_day_is_how_late_an_act_is_entered_unless_the_host_says_otherwise() -> None:
    engine = worlds.constituted(worlds.engine_on("memory:", lambda: START))
    with pytest.raises(InvalidInput, match="is more than 1 day before the clock"):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, at=START - timedelta(days=1, seconds=1))


def test_nobody_acts_before_they_took_office() -> None:
    engine = worlds.constituted(worlds.engine_on("memory:", late_entry=None))
    with pytest.raises(InvalidInput, match="took office"):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, at=START - timedelta(days=400))
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", CHAIR, basis="decree of 2012", at=START - timedelta(days=500))
    case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, at=START - timedelta(days=400))
    assert case.value.opened_at == START - timedelta(days=400)
    assert case.history()[0].recorded_at > START
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS, at=START - timedelta(days=399))
    case.add("note", by=CLERK, basis=BASIS, at=START - timedelta(days=399), **NOTE)


@pytest.mark.parametrize(("behind", "flagged"), [(0.5, False), (5, False), (5.000001, True), (86_400, True)])
def test_a_clock_that_goes_back_is_held_and_said_so(pair: Pair, behind: float, flagged: bool) -> None:
    clock = FakeClock(step=timedelta())
    for engine in pair:
        engine._shell.clock = clock
    case = worlds.opened(worlds.constituted(pair[0]))
    last = case.history()[-1]
    clock.now -= timedelta(seconds=behind)
    record = case.fire("do", item=case.add("note", by=CLERK, basis=BASIS, **NOTE), by=CLERK, basis=BASIS)
    assert record.recorded_at == record.occurred_at == last.recorded_at
    assert record.clamped is flagged
    office = pair[1].withdraw("small", "chair", CHAIR, basis=BASIS)
    assert office.clamped is flagged
    times = [one.recorded_at for one in case.history()]
    assert times == sorted(times)
    clock.now += timedelta(days=2)
    assert case.add("note", by=CLERK, basis=BASIS, **NOTE)
    assert case.history()[-1].clamped is False


@pytest.mark.parametrize(
    "act",
    [
        lambda engine, case: engine.withdraw("small", "chair", CHAIR, basis=BASIS),
        lambda engine, case: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS),
        lambda engine, case: case.add("note", by=CLERK, basis=BASIS, **NOTE),
        lambda engine, case: case.blockers("submit", by=CLERK),
        lambda engine, case: case.available(CLERK),
    ],
)
def test_a_clock_without_a_zone_is_refused(act: Callable[[Engine, CaseHandle], object]) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    case = worlds.opened(engine)
    engine._shell.clock = lambda: datetime(2026, 3, 2)
    with pytest.raises(InvalidInput, match="zone"):
        act(engine, case)


@pytest.mark.parametrize(
    ("clock", "problem"),
    [(lambda: datetime(2026, 3, 2), "a time without a zone"), (lambda: 3, "it tells 3, which is not a time")],
)
def test_a_clock_that_tells_no_time_is_told_at_the_first_act(clock: Any, problem: str) -> None:
    with pytest.raises(InvalidInput, match=f"clock: .*{problem}"):
        worlds.constituted(worlds.engine_on("memory:", clock))


def test_a_clock_in_another_zone_tells_the_same_time() -> None:
    clock = FakeClock(START.astimezone(timezone(timedelta(hours=8))))
    case = worlds.opened(worlds.constituted(worlds.engine_on("memory:", clock)))
    assert {record.recorded_at.tzinfo for record in case.history()} == {UTC}
    assert case.history()[0].recorded_at == START + timedelta(seconds=2)  # asked for the office, and for the case


# Procedures


def changed() -> Procedure:
    return worlds.small(find='by = ["clerk", "chair"]', put='by = ["clerk"]')


def test_another_definition_of_a_version_is_refused_in_one_engine() -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    with pytest.raises(ProcedureError, match="new version"):
        engine.open_case(changed(), BRIDGE, by=CHAIR, basis=BASIS)
    with pytest.raises(ProcedureError, match="new version"):
        engine.constitute(changed(), "chair", OUTSIDER, basis=BASIS)
    with pytest.raises(ProcedureError, match="new version"):
        worlds.engine_on("memory:", procedures=[worlds.small(), changed()])
    assert engine.procedure("small").digest == worlds.small().digest


def test_another_definition_of_a_bundled_version_is_refused() -> None:
    false = worlds.loads(worlds.SMALL.replace('id = "small"', 'id = "five-step"'))
    assert str(false) == "five-step@1"
    with pytest.raises(ProcedureError, match="new version"):
        worlds.engine_on("memory:", procedures=[false])
    with pytest.raises(ProcedureError, match="new version"):
        worlds.engine_on("memory:").constitute(false, "chair", CHAIR, basis=BASIS)
    assert worlds.engine_on("memory:", procedures=[bundled("five-step")]).procedures().count("five-step@1") == 1


def test_another_definition_of_a_version_is_refused_across_engines(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.constituted(worlds.engine_on(url)) as engine:
        case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    with worlds.engine_on(url, procedures=[changed()]) as engine:
        with pytest.raises(ProcedureError, match="new version"):
            engine.open_case("small", Matter("road-2", "Road"), by=CHAIR, basis=BASIS)
        assert len(list(engine.cases())) == 1
        # The case goes on under the text it was opened under, whatever this engine has by that name.
        assert engine.case(case.id).procedure.digest == worlds.small().digest
        engine.case(case.id).add("note", by=CHAIR, basis=BASIS, **NOTE | {"owner": CHAIR})
    with worlds.engine_on(url, procedures=[]) as engine:
        engine.case(case.id).appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
        with pytest.raises(ProcedureError):
            engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
        assert engine.verify().cases == 1


def test_two_who_bring_two_definitions_at_once() -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    rival = worlds.engine_over(store, procedures=[changed()])
    store.interleave(lambda: rival.open_case("small", BRIDGE, by=CHAIR, basis=BASIS), only="procedure/")
    with pytest.raises(ProcedureError, match="new version"):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert [row.digest for row in engine.cases()] == [changed().digest]
    assert engine.verify().cases == 1


def test_a_newer_version_is_taken_for_new_cases_only() -> None:
    two = worlds.small(find='version = "1"', put='version = "2"')
    engine = worlds.constituted(worlds.engine_on("memory:", procedures=[worlds.small(), two]))
    old = engine.open_case("small@1", BRIDGE, by=CHAIR, basis=BASIS)
    new = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert [old.value.procedure_version, new.value.procedure_version] == ["1", "2"]
    assert new.id == "small-bridge-1-2"
    assert {"small@1", "small@2", "five-step@1"} <= set(engine.procedures())


def version(number: str) -> Procedure:
    return worlds.small(find='version = "1"', put=f'version = "{number}"')


@pytest.mark.parametrize("given", [("1", "2", "0.9", "10"), ("10", "2", "1", "0.9"), ("2", "10", "0.9", "1")])
def test_the_newest_version_is_that_of_the_highest_number_in_whatever_order_they_are_given(given: Any) -> None:
    engine = worlds.engine_on("memory:", procedures=[version(number) for number in given])
    assert str(engine.procedure("small")) == "small@10"
    assert str(engine.procedure("small@0.9")) == "small@0.9"
    older = worlds.loads(worlds.SMALL.replace('"small"', '"five-step"', 1).replace('"1"', '"0.1"', 1))
    assert str(worlds.engine_on("memory:", procedures=[older]).procedure("five-step")) == str(bundled("five-step"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine, procedure: engine.offices(procedure),
        lambda engine, procedure: engine.rehearsal(procedure).close(),
        lambda engine, procedure: engine.constitute(procedure, "chair", CHAIR, basis=BASIS),
        lambda engine, procedure: engine.withdraw(procedure, "chair", CHAIR, basis=BASIS),
        lambda engine, procedure: engine.open_case(procedure, BRIDGE, by=CHAIR, basis=BASIS),
    ],
)
@pytest.mark.parametrize("number", ["0.9", "2"])
def test_asking_with_a_procedure_makes_it_known_by_no_name(ask: Callable[..., object], number: str) -> None:
    engine = worlds.engine_on("memory:")
    names = engine.procedures()
    with contextlib.suppress(Refused, InvalidInput):
        ask(worlds.constituted(engine), version(number))
    with contextlib.suppress(Refused, InvalidInput):
        ask(engine, worlds.small(find='id = "small"', put='id = "tiny"'))
    assert str(engine.procedure("small")) == "small@1"
    assert engine.procedures() == names


@pytest.mark.parametrize("name", ["smal", "small@2", "five-steps", "", "five-step@0"])
def test_an_unknown_procedure_is_said_with_a_near_one(name: str) -> None:
    with pytest.raises(ProcedureError):
        worlds.engine_on("memory:").open_case(name, BRIDGE, by=CHAIR, basis=BASIS)


def test_a_store_without_the_text_of_a_procedure_is_corrupt() -> None:
    store = MemoryStore()
    case = worlds.constituted(worlds.engine_over(store)).open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    del store._records["procedure/small@1"]
    with pytest.raises(Corrupt, match="small@1"):
        worlds.engine_over(store, procedures=[]).case(case.id)
    with pytest.raises(Corrupt, match="small@1"):
        worlds.engine_over(store).verify()


def test_what_stores_keep_of_a_procedure_is_read_once() -> None:
    other = worlds.small(find='en = "Small"', put='en = "Little"')
    handles = []
    for procedure in (worlds.small(), other, worlds.small()):
        store = MemoryStore()
        engine = worlds.constituted(worlds.engine_over(store, procedures=[procedure]), procedure)
        case = engine.open_case(procedure, BRIDGE, by=CHAIR, basis=BASIS)
        handles.append(worlds.engine_over(store, procedures=[]).case(case.id))
    first, second, third = (handle.procedure for handle in handles)
    assert (first.digest, second.digest) == (worlds.small().digest, other.digest)
    assert first is third
    assert first != second, "of another definition of the same version"


# Nothing comes of a first act that fails


@pytest.mark.parametrize(
    "act",
    [
        lambda engine: engine.constitute("small", "clerk", CLERK, basis=BASIS),
        lambda engine: engine.constitute("small", "chair", CHAIR, basis=""),
        lambda engine: engine.constitute("small", "chair", CHAIR, basis=BASIS, at=START + timedelta(days=9)),
        lambda engine: engine.withdraw("small", "chair", CHAIR, basis=BASIS),
        lambda engine: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS),
        lambda engine: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, case_id="a b"),
        lambda engine: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, colour="red"),
        lambda engine: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="k"),
        lambda engine: engine.open_case("smal", BRIDGE, by=CHAIR, basis=BASIS),
        lambda engine: engine.case("small-bridge-1-1"),
        lambda engine: engine.verify(),
        lambda engine: list(engine.cases()),
        lambda engine: engine.offices("small"),
    ],
)
def test_nothing_is_made_by_what_is_not_an_act(tmp_path: Path, act: Any) -> None:
    with worlds.engine_on(f"sqlite:///{tmp_path}/store.db") as engine:
        with contextlib.suppress(Refused, InvalidInput, ProcedureError):
            act(engine)
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_refused_opening_keeps_no_procedure() -> None:
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    with pytest.raises(Refused):
        engine.open_case("small", BRIDGE, by=OUTSIDER, basis=BASIS)
    assert set(store._records) == {"system/offices"}


@pytest.mark.parametrize("url", ["memory:", "sqlite"])
def test_an_opening_that_is_refused_because_an_office_was_just_taken_away_keeps_no_procedure(
    url: str, tmp_path: Path
) -> None:
    store = worlds.wrapped(url if url == "memory:" else f"sqlite:///{tmp_path}/store.db")
    engine, rival = worlds.constituted(worlds.engine_over(store)), worlds.engine_over(store)
    store.interleave(lambda: rival.withdraw("small", "chair", CHAIR, basis="recalled"), only="procedure/")
    with pytest.raises(NotYourRole):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert list(store.read_stream("procedure/small@1")) == []

    def change_hands() -> None:
        rival.withdraw("small", "chair", CHAIR, basis="recalled")
        rival.constitute("small", "chair", CHAIR, basis="and again")

    rival.constitute("small", "chair", CHAIR, basis="again")
    store.interleave(change_hands, only="procedure/")
    case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert [case.history()[0].mandate] == [held.mandate for held in engine.offices("small")]
    assert engine.verify().cases == 1


@pytest.mark.parametrize("name", ["matter", "procedure", "state", "step", "outcome", "body"])
@pytest.mark.parametrize("value", ["\ud800", 5, b"m", BRIDGE, ("m",)], ids=repr)
def test_a_filter_that_is_no_text_is_told(pair: Pair, name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"{name}: "):
        pair[0].cases(**{name: value})


def test_what_is_no_name_is_told_with_its_place(pair: Pair) -> None:
    engine: Any = pair[0]
    for act, place in (
        (lambda: engine.procedure(5), "name"),
        (lambda: engine.procedure(None), "name"),
        (lambda: engine.constitute("small", None, CHAIR, basis=BASIS), "role"),
        (lambda: engine.constitute("small", ["chair"], CHAIR, basis=BASIS), "role"),
        (lambda: engine.withdraw("small", None, CHAIR, basis=BASIS), "role"),
        (lambda: engine.withdraw("small", "chair", None, basis=BASIS), "holder"),
        (lambda: engine.offices(5), "procedure"),
    ):
        with pytest.raises(InvalidInput, match=f"{place}: "):
            act()
    assert list(pair[0].cases(outcome="", matter="x" * 500)) == [], "what nothing matches is no error"


def test_a_time_of_another_class_is_measured_like_any_other(pair: Pair) -> None:
    class Sly(datetime):
        def __gt__(self, other: object) -> bool:
            return False

        def __lt__(self, other: object) -> bool:
            return False

        def __rsub__(self, other: Any) -> Any:
            return timedelta()

        def astimezone(self, tz: Any = None) -> Any:
            return self

    case = worlds.opened(worlds.constituted(pair[0]))
    for year in (2020, 2030):
        with pytest.raises(InvalidInput, match="at: "):
            case.add("note", by=CLERK, basis=BASIS, at=Sly(year, 1, 1, tzinfo=UTC), **NOTE)


def test_unknown_cases_are_said(pair: Pair) -> None:
    worlds.opened(worlds.constituted(pair[0]))
    for name in ("small-bridge-1-2", "", "system/offices", "../x", "offices"):
        with pytest.raises(InvalidInput, match="no case"):
            pair[1].case(name)


def test_a_rehearsal_begins_with_the_offices_and_the_procedure_and_changes_nothing(pair: Pair) -> None:
    engine, other = pair
    worlds.opened(worlds.constituted(engine))
    before, rows = engine.verify(), list(engine.cases())
    with engine.rehearsal("small") as rehearsal:
        assert rehearsal.offices("small") == engine.offices("small")
        assert list(rehearsal.cases()) == []
        case = worlds.opened(rehearsal)
        worlds.noted(case)
        assert case.history()[0].mandate == engine.offices("small")[0].mandate
        rehearsal.withdraw("small", "chair", CHAIR, basis=BASIS)
        assert rehearsal.verify().cases == 1
        other.withdraw("small", "chair", CHAIR, basis=BASIS)
        with pytest.raises(InvalidInput, match="no case"):
            engine.case(case.id + "-1")
    assert list(engine.cases()) == rows
    assert engine.verify().records == before.records + 1
    with pytest.raises(StoreUnavailable):
        rehearsal.verify()


def test_a_rehearsal_has_what_its_engine_has() -> None:
    class Brings(Plugin):
        @hookimpl
        def stabflow_requirements(self) -> list[NamedRequirement]:
            return [NamedRequirement("never", lambda view, table: Blocker(kind="never", text=Text("never", "从不")))]

    clock = FakeClock()
    asking = worlds.small(
        find='requires = [{ items = "check"', put='requires = [{ plugin = "never" }, { items = "check"'
    )
    engine = worlds.constituted(worlds.engine_on("memory:", clock, procedures=[asking], plugins=[Brings()]))
    with engine.rehearsal("small") as rehearsal:
        before = clock.now
        case = worlds.opened(rehearsal)
        assert clock.now > before
        assert case.procedure.digest == asking.digest
        assert case.history()[0].plugins == (f"{Brings.__module__}.{Brings.__qualname__}",)
        worlds.noted(case)
        case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
        assert "never" in [blocker.kind for blocker in case.blockers("settle", by=CHAIR)]
    with pytest.raises(ProcedureError):
        engine.rehearsal("smal")


NOT_AN_ARGUMENT: list[tuple[str, Any, str, str]] = [
    ("late_entry", 1, "1 is not a length of time", "timedelta(days=3), or None"),
    ("late_entry", timedelta(days=-1), "minus 1 day is a negative length of time", "or None"),
    ("clock", datetime.now(UTC), "is not a function", "lambda: datetime.now(UTC)"),
    ("procedures", "rules.toml", "rules.toml is not a list", "procedures=[…]"),
    ("procedures", Path("rules.toml"), "rules.toml is not a list", "procedures=[…]"),
    ("procedures", 3, "3 is not a list", "procedures=[…]"),
    ("procedures[1]", ["five-step", 3], "3 is no procedure", "the path of its file"),
    ("plugins", Plugin(), "is not a list of plugins", "plugins=["),
    ("plugins", None, "None is not a list of plugins", "plugins=["),
    ("calendar", None, "None names no calendar", 'such as "CN"'),
    ("store", 3, "3 is not a URL", "sqlite:///file.db"),
]


@pytest.mark.parametrize(("path", "value", "problem", "cure"), NOT_AN_ARGUMENT)
def test_an_argument_of_open_that_cannot_be_is_named_with_its_cure(
    path: str, value: Any, problem: str, cure: str
) -> None:
    name = path.partition("[")[0]
    arguments = {"url": value} if name == "store" else {"url": "memory:", name: value}
    with pytest.raises(InvalidInput) as refused:
        stabflow.open(**arguments)
    (fault,) = refused.value.faults
    assert fault.path == path
    assert problem in fault.problem
    assert cure in fault.cure
    assert "0:00:00" not in str(fault)


def test_all_arguments_of_open_are_examined_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        stabflow.open("memory:", late_entry=-1, procedures="x.toml", clock=3)  # type: ignore[arg-type]
    assert [fault.path for fault in refused.value.faults] == ["clock", "procedures", "late_entry"]


@pytest.mark.parametrize("url", ["x", "sqlite:///x.db?synchronous=maybe", "memory:here"])
def test_what_only_opening_tells_is_told_with_the_other_arguments(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as refused:
        stabflow.open(url, calendar="XX", late_entry=3, clock=5)  # type: ignore[arg-type]
    assert {fault.path for fault in refused.value.faults} == {"store", "calendar", "late_entry", "clock"}
    with pytest.raises(InvalidInput) as refused:
        stabflow.open(url, calendar="XX")
    assert {fault.path for fault in refused.value.faults} == {"store", "calendar"}


def test_a_store_opened_beside_wrong_arguments_is_closed() -> None:
    store = MemoryStore()
    with pytest.raises(InvalidInput, match="calendar"):
        worlds.engine_over(store, calendar="XX")
    with pytest.raises(StoreUnavailable):
        store.heads(["case/x"])


@pytest.mark.parametrize("act", ["constitute", "withdraw"])
def test_late_entry_bounds_no_office(act: str) -> None:
    engine = worlds.engine_on("memory:", late_entry=timedelta(0))
    long_ago = START - timedelta(days=400)
    record = engine.constitute("small", "chair", CHAIR, basis=BASIS, at=long_ago)
    if act == "withdraw":
        record = engine.withdraw("small", "chair", CHAIR, basis=BASIS, at=long_ago)
    assert record.occurred_at == long_ago


def test_names_of_plugins_and_calendar_are_checked_at_once() -> None:
    with pytest.raises(InvalidInput, match="calendar"):
        stabflow.open("memory:", calendar="XX")

    class Quiet(Plugin):
        @hookimpl
        def stabflow_procedures(self) -> list[Procedure]:
            return [worlds.small()]

    engine = worlds.constituted(stabflow.open("memory:", plugins=[Quiet()], clock=FakeClock()))
    assert engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS).procedure.id == "small"
