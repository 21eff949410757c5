"""The gate of a procedure that decides nothing: open from where the assessment is handed over, whether that is its end or not."""

from __future__ import annotations

from pathlib import Path

import handing_over as ho
import pytest
from command_line import Run
from handing_over import BASIS, OVERSIGHT, UNIT
from worlds import FakeClock

import stabflow
from stabflow import Engine, Matter
from stabflow.engine.gate import Gate

ROAD = Matter("ring-road", "Ring road widening")


@pytest.fixture(params=[True, False], ids=["ends-there", "goes-on"])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine = stabflow.open("memory:", clock=FakeClock(), procedures=[ho.handing_over(final=request.param)])
    ho.constitute(engine)
    return engine


def going_on() -> Engine:
    engine = stabflow.open("memory:", clock=FakeClock(), procedures=[ho.handing_over()])
    ho.constitute(engine)
    return engine


def gate(engine: Engine) -> Gate:
    return engine.gate("ring-road", accept=["handing-over@1"])


def kinds(engine: Engine) -> list[str]:
    return [reason.kind for reason in gate(engine).ask().reasons]


def test_both_are_proved() -> None:
    for final in (True, False):
        assert stabflow.check(ho.handing_over(final=final)).proved


def test_it_opens_where_the_assessment_is_handed_over(engine: Engine) -> None:
    case = ho.opened(engine, ROAD)
    assert kinds(engine) == ["unfinished"]
    ho.handed_over(case)
    assert gate(engine).require().grounds[0].state == "handed_over"


def test_an_older_case_that_was_screened_out_does_not_keep_it_shut(engine: Engine) -> None:
    ho.screened_out(ho.opened(engine, ROAD))
    assert kinds(engine) == ["screened_out"]
    ho.handed_over(ho.opened(engine, ROAD))
    assert gate(engine).cleared
    ho.screened_out(ho.opened(engine, ROAD))
    assert gate(engine).cleared, "screened out later: that clears nothing, and stands in the way of nothing"


def test_a_later_case_is_not_judged_alone(engine: Engine) -> None:
    first = ho.handed_over(ho.opened(engine, ROAD))
    second = ho.opened(engine, ROAD)
    answer = gate(engine).ask()
    assert [(one.kind, one.facts["case"]) for one in answer.reasons] == [("unfinished", second.id)]
    assert [one.case_id for one in answer.grounds] == [first.id, second.id]
    ho.handed_over(second)
    assert gate(engine).cleared


def test_what_the_gate_asks_is_asked_at_the_end_too() -> None:
    ends = ho.handing_over(final=True, asks='{ items = "finding", every = "closed" }')
    engine = stabflow.open("memory:", clock=FakeClock(), procedures=[ends, ho.handing_over(id_="other")])
    for name in ("handing-over", "other"):
        ho.constitute(engine, name)
    case = ho.opened(engine, ROAD)
    case.add("finding", by=OVERSIGHT, basis=BASIS, account="works had begun")
    ho.handed_over(case)
    both = engine.gate("ring-road", accept=["handing-over", "other"])
    assert kinds(engine) == [reason.kind for reason in both.ask().reasons] == ["items"]
    ho.handed_over(ho.opened(engine, ROAD, "other"))
    assert [reason.facts["case"] for reason in both.ask().reasons] == [case.id], "a later case lifts no finding"
    assert engine.gate("ring-road", accept=["other"]).cleared


def test_what_came_to_its_gate_before_and_is_assessed_anew_is_stale() -> None:
    engine = going_on()
    case = ho.opened(engine, ROAD)
    case.fire("screen_in", by=ho.OFFICE, basis=BASIS, scope_reasons="r")
    assert kinds(engine) == ["unfinished"]
    ho.handed_over(case)
    case.fire("assess_anew", by=OVERSIGHT, basis=BASIS, news="a second bridge")
    assert kinds(engine) == ["stale"]
    reason = gate(engine).ask().reasons[0]
    assert "assessed anew" in reason.text.en
    assert "重新评估" in reason.text.zh
    assert "decided" not in reason.text.en, "nothing was decided here"
    for trigger in ho.STEPS[:-1]:
        case.fire(trigger, by=UNIT, basis=BASIS)
        assert kinds(engine) == ["stale"]
    case.fire("hand_over", by=ho.OFFICE, basis=BASIS)
    assert gate(engine).cleared


def test_closed_it_is_over() -> None:
    engine = going_on()
    case = ho.handed_over(ho.opened(engine, ROAD))
    case.fire("close", by=UNIT, basis=BASIS)
    assert kinds(engine) == ["over"]
    ho.handed_over(ho.opened(engine, ROAD))
    assert gate(engine).cleared


def test_on_the_command_line(stab: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/g.db"
    asked = ("gate", "ring-road", "--accept", "handing-over@1", "--store", url)
    with stabflow.open(url, clock=FakeClock(), procedures=[ho.handing_over(final=True)]) as engine:
        ho.constitute(engine)
        ho.screened_out(ho.opened(engine, ROAD))
        status, said, _ = stab(*asked, columns=120)
        assert (status, "found not to need this assessment" in said) == (1, True)
        ho.handed_over(ho.opened(engine, ROAD))
    status, said, _ = stab(*asked, columns=120)
    assert (status, "cleared: it may be implemented" in said) == (0, True)
