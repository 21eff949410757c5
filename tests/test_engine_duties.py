"""Who owes what by when: the duties of all cases by the index and the offices, and of one case with all that explains them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import five_steps
import pytest
import worlds
from five_steps import APPOINTED, ASSESSOR, CHIEF, HIGHER, IMPLEMENTER, INITIATOR, REVIEWERS
from worlds import AUDITOR, BASIS, CHAIR, CLERK, NOTE, START, FakeClock

import stabflow
from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter
from stabflow.ports.store import DutyRow


def told(rows: Iterable[DutyRow]) -> list[tuple[str, str, str, str]]:
    return [(row.case_id, row.duty, row.role, row.actor) for row in rows]


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Engine, FakeClock]:
    clock = FakeClock()
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/s.db?synchronous=normal"
    return worlds.constituted(worlds.engine_on(url, clock)), clock


def test_who_owes_what(world: tuple[Engine, FakeClock]) -> None:
    engine, clock = world
    first = worlds.opened(engine, Matter("a", "A"))
    clock.now += timedelta(hours=1)
    second = worlds.opened(engine, Matter("b", "B"))
    note = first.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 3, 3), "owner": AUDITOR})
    everything = [
        (first.id, note, "owner", AUDITOR.id),
        (first.id, "case", "clerk", CLERK.id),
        (second.id, "case", "clerk", CLERK.id),
    ]
    assert told(engine.duties()) == everything
    assert told(engine.duties(role="clerk")) == everything[1:]
    assert told(engine.duties(role="owner")) == everything[:1]
    assert told(engine.duties(body="office")) == everything[1:]
    for actor in (AUDITOR, AUDITOR.id):
        assert told(engine.duties(actor=actor)) == everything[:1]
    assert told(engine.duties(actor=CHAIR)) == []
    assert told(engine.duties(actor="nobody")) == []
    assert told(engine.duties(overdue=True)) == []
    clock.now += timedelta(days=3)
    assert told(engine.duties(overdue=True)) == everything[:1]
    clock.now += timedelta(days=14)
    assert told(engine.duties(overdue=True)) == everything
    assert told(engine.duties(overdue=True, before=START + timedelta(days=2))) == everything[:1]
    assert told(engine.duties(before=START)) == []


def test_a_standing_office_owes_through_whoever_holds_it_now(world: tuple[Engine, FakeClock]) -> None:
    engine, _ = world
    case = worlds.opened(engine)
    worlds.noted(case)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    mine = (case.id, "case", "chair", CHAIR.id)
    checks = [(case.id, f"check-{n}", "auditor", AUDITOR.id) for n in (1, 2)]
    assert told(engine.duties()) == [*checks, mine], "what is open-ended comes last"
    assert told(engine.duties(actor=CHAIR)) == [mine]
    assert told(engine.duties(body="council")) == [mine]
    assert told(engine.duties(body="council", role="auditor")) == []
    assert told(engine.duties(actor=CHAIR.id, body="elsewhere")) == []
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    assert told(engine.duties(role="chair")) == [(case.id, "case", "chair", "")]
    assert told(engine.duties(actor=CHAIR)) == []
    after = Actor("chair-2", body="council")
    engine.constitute("small", "chair", after, basis=BASIS)
    assert told(engine.duties(actor=after)) == [(case.id, "case", "chair", after.id)]


def test_many_duties_come_in_order_and_each_once(world: tuple[Engine, FakeClock]) -> None:
    engine, _ = world
    case = worlds.opened(engine)
    for number in range(130):
        case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": date(2026, 4, 1) + timedelta(days=number % 7)})
    rows = list(engine.duties())
    assert len(rows) == len({row.duty for row in rows}) == 131
    assert [row.due_at for row in rows] == sorted(row.due_at for row in rows)
    assert list(engine.duties(actor=CLERK)) == rows


def test_the_duties_of_the_five_steps_with_their_supervisors() -> None:
    clock = FakeClock()
    engine = stabflow.open("memory:", clock=clock)
    five_steps.constitute(engine)
    case = engine.open_case("five-step", Matter("road", "Road"), by=CHIEF, basis=BASIS)
    assert told(engine.duties()) == sorted((case.id, "case", "review_group", one.id) for one in REVIEWERS)
    (duty,) = case.duties()
    assert sorted(duty.holders) == sorted((one.id, one.body) for one in REVIEWERS)
    roles = case.procedure.roles
    assert duty.supervised_by == tuple(name for name in roles if "review_group" in roles[name].supervises) != ()
    assert duty.due is not None
    assert "counted from the day after 2026-03-02" in duty.due.derivation(case.procedure.zone).en
    for role, holder in APPOINTED.items():
        case.appoint(role, holder, by=CHIEF, basis=BASIS)
    scope = {"scope_items": ["construction"], "scope_reasons": "r", "exemption": "none"}
    case.fire("screen_in", by=REVIEWERS[0], basis=BASIS, **scope)
    assert told(engine.duties(actor=ASSESSOR)) == [(case.id, "case", "assessment_unit", ASSESSOR.id)]
    for nobody in (INITIATOR, IMPLEMENTER, HIGHER):
        assert told(engine.duties(actor=nobody)) == []
    case.relieve("assessment_unit", ASSESSOR, by=CHIEF, basis=BASIS)
    (duty,) = case.duties()
    assert duty.vacant
    assert told(engine.duties(role="assessment_unit")) == [(case.id, "case", "assessment_unit", "")]


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"role": 5}, "role"),
        ({"body": b"x"}, "body"),
        ({"actor": 5}, "actor"),
        ({"before": "2026-01-01"}, "before"),
        ({"before": date(2026, 1, 1)}, "before"),
        ({"actor": CLERK, "body": "elsewhere"}, "body"),
    ],
)
def test_what_cannot_be_asked_is_bad_input(asked: dict[str, Any], path: str) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    with pytest.raises(InvalidInput) as error:
        engine.duties(**asked)
    assert [fault.path for fault in error.value.faults] == [path]


def test_a_case_that_is_over_owes_nothing(world: tuple[Engine, FakeClock]) -> None:
    engine, _ = world
    case: CaseHandle = worlds.opened(engine)
    worlds.noted(case)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    for number in (1, 2):
        case.fire("pass", item=f"check-{number}", by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)
    assert case.duties() == ()
    assert told(engine.duties()) == []
