"""`Engine.matter`: everything known of one matter, and what stands out, each fact with the records that it rests on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import five_steps
import handing_over as ho
import pytest
from five_steps import CHIEF, IMPLEMENTER, OVERSEERS
from handing_over import BASIS, OFFICE, OVERSIGHT, UNIT
from test_engine_gate import led, published
from worlds import FakeClock

import stabflow
from stabflow import Actor, Engine, InvalidInput, Matter, Refused
from stabflow.decision.events import Attempted
from stabflow.engine.attempts import check_attempt
from stabflow.engine.matters import MatterOverview
from stabflow.errors import Corrupt
from stabflow.language import Outcome, loads

ROAD = Matter("ring-road", "Ring road widening")
BUILDER = Actor("builder-1", body="works")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(clock: FakeClock) -> Engine:
    known = [ho.handing_over(), ho.handing_over(id_="other")]
    engine = stabflow.open("memory:", clock=clock, procedures=known)
    for one in known:
        ho.constitute(engine, one)
    five_steps.constitute(engine)
    return engine


def kinds(found: MatterOverview) -> list[str]:
    return [one.kind for one in found.observations]


def places(found: MatterOverview, number: int = 0) -> list[tuple[str, int]]:
    return [(record.stream, record.version) for record in found.observations[number].records]


def attempted(engine: Engine, basis: str = "works were seen", **more: Any) -> None:
    engine.gate("ring-road", accept=["handing-over"]).attempted(by=BUILDER, basis=basis, **more)


def test_of_an_unknown_matter_nothing_is_known(engine: Engine) -> None:
    ho.opened(engine, Matter("other-road", "Another"))
    found = engine.matter("ring-road")
    assert not found.known
    assert (found.cases, found.attempts, found.observations) == ((), (), ())
    assert found.as_dict() == {
        "matter": "ring-road",
        "known": False,
        "asked_at": found.as_dict()["asked_at"],
        "cases": [],
        "attempts": [],
        "observations": [],
    }
    for wrong in ("", "a b", None, 5):
        with pytest.raises(InvalidInput):
            engine.matter(wrong)  # type: ignore[arg-type]


def test_a_case_is_told_as_it_stands(engine: Engine) -> None:
    case = ho.handed_over(ho.opened(engine, ROAD, by=UNIT))
    (one,) = engine.matter("ring-road").cases
    assert (one.case_id, str(one.procedure), one.title, one.state) == (
        case.id,
        "handing-over@1",
        ROAD.title,
        "handed_over",
    )
    assert (one.over, one.refusing, one.gate_open, one.outcome) == (False, False, True, None)
    assert (one.version, one.head) == (case.value.version, case.value.head)
    opened = one.opened
    assert (opened.record.version, opened.record.actor, opened.record.role) == (1, UNIT, "unit")
    assert (opened.act.en, opened.role.zh) == ("report the matter", "责任主体单位")
    assert one.screened_out is None
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.state = "done"  # type: ignore[misc]
    case.fire("close", by=UNIT, basis=BASIS)
    (one,) = engine.matter("ring-road").cases
    assert (one.over, one.gate_open, [reason.kind for reason in one.against]) == (True, False, ["over"])
    assert one.screened_out is None, "it has ended, and not in the scope"
    plain = one.as_dict("zh")
    assert (plain["state_title"], plain["step"], plain["opened"]["role_title"]) == ("办结", "closed", "责任主体单位")  # type: ignore[index]


def test_who_screened_it_out_and_why(engine: Engine, clock: FakeClock) -> None:
    case = ho.opened(engine, ROAD)
    clock.now += timedelta(days=2)
    ho.screened_out(case, "the road keeps its width")
    found = engine.matter("ring-road")
    (one,) = found.screened_out
    assert one.screened_out is not None
    record = one.screened_out.record
    assert (record.actor, record.role, record.basis.text) == (OFFICE, "office", "minutes 4")
    assert record.occurred_at == case.value.entered["out_of_scope"].at
    assert dict(one.screened_out.stated) == {"scope_reasons": "the road keeps its width"}
    assert one.screened_out.titles["scope_reasons"].zh == "筛查理由"
    assert one.over
    assert kinds(found) == [], "screened out by an officer, with reasons: nothing stands out"
    told = one.as_dict()["screened_out"]
    assert told["stated"] == {"scope_reasons": "the road keeps its width"}  # type: ignore[index]
    assert (told["stream"], told["version"], told["hash"]) == (f"case/{case.id}", 2, record.hash)  # type: ignore[index]
    json.dumps(found.as_dict("zh"))


def test_a_case_that_is_merely_in_scope_is_not_screened_out(engine: Engine) -> None:
    ho.opened(engine, ROAD)
    assert engine.matter("ring-road").screened_out == ()


# Screened out, and found in scope


def test_screened_out_and_later_found_in_scope(engine: Engine, clock: FakeClock) -> None:
    out = ho.screened_out(ho.opened(engine, ROAD))
    clock.now += timedelta(days=1)
    again = ho.opened(engine, ROAD, "other")
    found = engine.matter("ring-road")
    assert kinds(found) == ["screened_again"], "opened later, and not decided yet"
    assert places(found) == [(f"case/{out.id}", 2), (f"case/{again.id}", 1)]
    again.fire("screen_in", by=OFFICE, basis=BASIS, scope_reasons="it is built anew")
    again.fire("investigate", by=UNIT, basis=BASIS)
    found = engine.matter("ring-road")
    assert kinds(found) == ["screened_out_then_in_scope"]
    assert places(found) == [(f"case/{out.id}", 2), (f"case/{again.id}", 2)]
    text = found.observations[0].text
    assert out.id in text.en
    assert again.id in text.zh
    assert [one.case_id for one in found.cases] == [out.id, again.id]


def test_a_case_that_was_there_before_counts_too(engine: Engine, clock: FakeClock) -> None:
    first = ho.opened(engine, ROAD, "other")
    clock.now += timedelta(days=1)
    out = ho.screened_out(ho.opened(engine, ROAD))
    assert kinds(engine.matter("ring-road")) == [], "the older one is still being screened for the first time"
    first.fire("screen_in", by=OFFICE, basis=BASIS, scope_reasons="r")
    assert kinds(engine.matter("ring-road")) == ["screened_out_then_in_scope"]
    assert places(engine.matter("ring-road"))[0] == (f"case/{out.id}", 2)
    assert [one.case_id for one in engine.matter("ring-road").cases] == [first.id, out.id], (
        "in the order of their opening"
    )


def test_found_in_scope_and_screened_out_afterwards(engine: Engine) -> None:
    first = ho.handed_over(ho.opened(engine, ROAD))
    ho.screened_out(ho.opened(engine, ROAD))
    found = engine.matter("ring-road")
    assert kinds(found) == ["in_scope_then_screened_out"]
    assert places(found)[1] == (f"case/{first.id}", 2)


def test_screened_out_twice_is_no_contradiction(engine: Engine) -> None:
    ho.screened_out(ho.opened(engine, ROAD))
    ho.screened_out(ho.opened(engine, ROAD, "other"))
    found = engine.matter("ring-road")
    assert (len(found.screened_out), kinds(found)) == (2, [])


# Going ahead


def test_going_ahead_unassessed_and_the_case_that_oversight_opens_for_it(engine: Engine) -> None:
    attempted(engine)
    found = engine.matter("ring-road")
    assert found.known
    assert found.attempts[0].opened_since == ()
    assert kinds(found) == ["went_ahead_unassessed"]
    assert "cases opened since: none" in found.observations[0].text.en
    with pytest.raises(Refused):
        ho.opened(engine, ROAD, by=UNIT, trigger="open_unassessed")
    case = ho.opened(engine, ROAD, by=OVERSIGHT, trigger="open_unassessed")
    finding = case.add("finding", by=OVERSIGHT, basis=BASIS, account="begun without any assessment")
    assert case.value.items[finding].state == "raised"
    found = engine.matter("ring-road")
    assert kinds(found) == ["went_ahead_unassessed"]
    assert places(found) == [("matter/ring-road", 1), (f"case/{case.id}", 1)]
    assert found.attempts[0].opened_since == (case.id,)
    assert found.attempts[0].record.actor == BUILDER
    assert (found.attempts[0].reasons, found.attempts[0].accept) == (("never_assessed",), ("handing-over",))
    assert found.cases[0].opened.act.en == "open: it went ahead unassessed"
    assert found.cases[0].opened.record.role == "oversight"
    assert engine.verify().cases == 1
    ho.screened_out(case)
    assert places(engine.matter("ring-road"))[:2] == [("matter/ring-road", 1), (f"case/{case.id}", 1)]
    assert kinds(engine.matter("ring-road")) == ["went_ahead_unassessed"], "it was not screened out then"


def test_on_five_step_oversight_opens_it_too(engine: Engine) -> None:
    engine.gate("ring-road", accept=["five-step"]).attempted(by=IMPLEMENTER, basis="seen on site")
    case = engine.open_case("five-step", ROAD, by=OVERSEERS[0], basis="order 8")
    case.add("finding", by=OVERSEERS[0], basis=BASIS, breach="not_assessed", account="begun without any assessment")
    found = engine.matter("ring-road")
    assert found.attempts[0].opened_since == (case.id,)
    assert (found.cases[0].opened.record.role, found.cases[0].opened.record.actor) == ("oversight", OVERSEERS[0])
    assert kinds(found) == ["went_ahead_unassessed"]


def test_going_ahead_after_it_was_screened_out(engine: Engine) -> None:
    out = ho.screened_out(ho.opened(engine, ROAD))
    attempted(engine)
    found = engine.matter("ring-road")
    assert kinds(found) == ["went_ahead_screened_out"]
    assert places(found) == [("matter/ring-road", 1), (f"case/{out.id}", 2)]
    # Also for a host that asked by another procedure: the records say that it was screened out.
    engine.gate("ring-road", accept=["five-step"]).attempted(by=BUILDER, basis="b")
    assert kinds(engine.matter("ring-road")) == ["went_ahead_screened_out"] * 2


def test_screened_out_after_somebody_went_ahead_it_was_not_screened_out_then(engine: Engine) -> None:
    case = ho.opened(engine, ROAD)
    attempted(engine)
    ho.screened_out(case)
    found = engine.matter("ring-road")
    assert kinds(found) == ["went_ahead_uncleared"]
    assert found.attempts[0].opened_since == ()
    assert places(found) == [("matter/ring-road", 1)]


def test_going_ahead_against_the_decision(engine: Engine, clock: FakeClock) -> None:
    led(engine.open_case("five-step", ROAD, by=CHIEF, basis=BASIS), clock, "prohibited")
    engine.gate("ring-road", accept=["five-step"]).attempted(by=IMPLEMENTER, basis="seen on site")
    assert kinds(engine.matter("ring-road")) == ["went_ahead_refused"]


# Several cases


def test_assessed_under_several_procedures(engine: Engine) -> None:
    first = ho.handed_over(ho.opened(engine, ROAD))
    ho.handed_over(ho.opened(engine, ROAD))
    assert kinds(engine.matter("ring-road")) == [], "twice under one is not several"
    ho.opened(engine, ROAD, "other")
    assert kinds(engine.matter("ring-road")) == [], "it is only being screened there"
    second = engine.matter("ring-road").cases[-1].case_id
    engine.case(second).fire("screen_in", by=OFFICE, basis=BASIS, scope_reasons="r")
    found = engine.matter("ring-road")
    assert kinds(found) == ["several_procedures"]
    assert places(found) == [(f"case/{first.id}", 2), (f"case/{second}", 2)]
    assert "handing-over, other" in found.observations[0].text.en


def test_refused_by_one_and_cleared_by_another(engine: Engine, clock: FakeClock) -> None:
    yes = ho.handed_over(ho.opened(engine, ROAD))
    no = led(engine.open_case("five-step", ROAD, by=CHIEF, basis=BASIS), clock, "deferred")
    found = engine.matter("ring-road")
    assert kinds(found) == ["several_procedures", "refused_and_cleared"]
    assert places(found, 1) == [
        (f"case/{no.id}", no.value.entered["deferred"].version),
        (f"case/{yes.id}", yes.value.entered["handed_over"].version),
    ]
    (one,) = [case for case in found.cases if case.case_id == no.id]
    assert (one.refusing, one.gate_open) == (True, False)
    assert one.outcome is Outcome.DEFER


def test_cleared_by_five_step(engine: Engine, clock: FakeClock) -> None:
    published(led(engine.open_case("five-step", ROAD, by=CHIEF, basis=BASIS), clock, "approved"))
    (one,) = engine.matter("ring-road").cases
    assert one.gate_open
    assert (one.step, one.outcome) != (None, None)


def test_who_opens_is_also_time(clock: FakeClock) -> None:
    import lapsing

    hand = lapsing.Hand(clock.now)
    recurring = lapsing.opened(hand)
    recurring.tick()
    hand.now += timedelta(days=30)
    recurring.tick(through=hand.now, basis="compared")
    (one,) = recurring.matter("inspection-2026-Q2").cases
    assert (one.opened.role.zh, one.opened.record.actor.id) == ("时限", "system:tick")
    assert one.step is None


# What is believed


def test_what_is_no_attempt_is_corrupt(engine: Engine) -> None:
    attempted(engine)
    records = engine._shell.store._records  # type: ignore[attr-defined]
    records["matter/other"] = records["matter/ring-road"]
    with pytest.raises(Corrupt):
        engine.matter("other")
    (record,) = engine.gate("ring-road", accept=["five-step"]).attempts()
    assert isinstance(record.event, Attempted)
    for forged, what in (
        (attrs.evolve(record, role="office"), "host system"),
        (attrs.evolve(record, mandate="ab"), "host system"),
        (attrs.evolve(record, event=attrs.evolve(record.event, cases=("c-1",))), "which cases there were"),
    ):
        with pytest.raises(Corrupt, match=what):
            check_attempt(forged, "ring-road")


def test_attempts_on_a_matter_without_a_case_are_verified_by_key(engine: Engine) -> None:
    attempted(engine)
    before = engine.verify().records
    assert engine.verify(matters=["ring-road", "unknown"]).records == before + 1
    records = engine._shell.store._records  # type: ignore[attr-defined]
    records["matter/other"] = records["matter/ring-road"]
    engine.verify()
    with pytest.raises(Corrupt, match="is no attempt on this matter"):
        engine.verify(matters=["other"])
    for wrong in ("ring-road", ["a b"], [5]):
        with pytest.raises(InvalidInput):
            engine.verify(matters=wrong)  # type: ignore[arg-type]


def test_a_case_that_an_attempt_saw_must_still_be_there(tmp_path: Path, clock: FakeClock) -> None:
    engine = stabflow.open(f"sqlite:///{tmp_path}/m.db", clock=clock, procedures=[ho.handing_over()])
    ho.constitute(engine)
    attempted(engine, "never assessed, on a store of its own")
    assert engine.verify(matters=["ring-road"]).cases == 0
    case = ho.opened(engine, ROAD)
    attempted(engine)
    assert engine.verify().cases == 1
    heads = engine._shell.store.heads

    def cut(streams: Any) -> Any:
        return [attrs.evolve(one, version=0) if one.stream == f"case/{case.id}" else one for one in heads(streams)]

    engine._shell.store.heads = cut  # type: ignore[method-assign]
    with pytest.raises(Corrupt, match="stood at version 1, of which there is no record"):
        engine.verify()
    engine.close()


def test_it_is_told_under_the_version_of_its_time(engine: Engine) -> None:
    """A state that a migration has renamed is found all the same."""
    case = ho.opened(engine, ROAD)
    case.fire("screen_in", by=OFFICE, basis=BASIS, scope_reasons="r")
    text = ho.HANDING_OVER.replace('version = "1"', 'version = "2"').replace("investigating", "inquiring")
    engine.migrate(case, loads(text), by=UNIT, basis=BASIS, mapping={"states.investigating": "inquiring"})
    (one,) = engine.matter("ring-road").cases
    assert (one.state, str(one.procedure)) == ("inquiring", "handing-over@2")
    assert one.assessed is not None
    assert (one.assessed.record.version, one.moved.record.version) == (2, 2)
