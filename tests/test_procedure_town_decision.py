"""The decision of the town's mechanism and what comes after it: three outcomes, risk control, accountability, the gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import towns
from lapsing import Hand
from test_procedure_town import TOWN, refused
from towns import ABOVE, CHAIR, COORDINATOR, GROUP, OTHER_OVERSEER, OVERSEER, UNIT, decided, fire, led

import stabflow
from stabflow import CaseHandle, Engine, Matter
from stabflow.language import Transition
from stabflow.requirements import ItemsAre

SOON = date(2027, 3, 1)
RIPE: dict[str, Any] = {
    "ripeness": "r",
    "statutory_procedure": "s",
    "urgent": False,
    "conflict_prone": False,
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with stabflow.open("memory:", clock=Hand(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))) as opened:
        towns.constitute(opened)
        yield opened


# Ways back


@pytest.mark.parametrize("back", ["return_to_preparation", "return_to_forecast", "return_to_writing"])
def test_what_comes_back_passes_on_no_old_evidence(engine: Engine, back: str) -> None:
    case = led(engine, "first_review")
    fire(case, back, GROUP[0], return_reasons="r")
    stages = []
    while case.state != "deciding":
        if case.state not in ("writing", "submitting"):  # these two ask for nothing but what the act itself states
            assert refused(lambda: leave(case))
        stages.append(case.state)
        towns.advance(case)
    assert stages == towns.STAGES[towns.STAGES.index(stages[0]) : -1]


def leave(case: CaseHandle) -> None:
    """Go on as if what was done in the round before still counted."""
    match case.state:
        case "preparing":
            fire(case, "complete_preparation", UNIT, contested=False, specialised=False, material=towns.PAPER)
        case "forecasting":
            fire(case, "complete_forecast", UNIT, conflicts_expected=True)
        case "making_plans":
            fire(case, "complete_plans", UNIT)
        case state:
            assert state == "first_review"
            fire(case, "conclude_review", GROUP[0], group_view="favourable", resolution="r")


# Three outcomes


def test_each_outcome_asks_for_the_same_votes_and_no_more() -> None:
    def asked(trigger: str) -> list[tuple[object, ...]]:
        (row,) = (row for row in TOWN.transitions if row.trigger == trigger)
        assert isinstance(row, Transition)
        assert row.source == ("deciding",)
        return [
            (one.items, one.since, one.at_least, one.over, one.every)
            for one in row.requires
            if isinstance(one, ItemsAre)
        ]

    assert asked("implement") == asked("defer") == asked("prohibit")
    assert len(asked("implement")) == 3


@pytest.mark.parametrize("outcome", towns.OUTCOMES)
def test_each_outcome_is_as_near_as_the_others(engine: Engine, outcome: str) -> None:
    case = led(engine, "deciding")
    before = refused(fire, case, outcome, CHAIR, **towns.VALUES[outcome])
    assert list(before) == ["四.4.2"]
    others = [one for one in towns.OUTCOMES if one != outcome]
    towns.vote(case, outcome, outcome, others[0])
    for other in others:
        assert list(refused(fire, case, other, CHAIR, **towns.VALUES[other])) == ["四.4.2"]
    fire(case, outcome, CHAIR, **towns.VALUES[outcome])
    assert case.state == towns.OUTCOMES[outcome]
    assert case.procedure.states[case.state].outcome is not None


@pytest.mark.parametrize("outcome", towns.OUTCOMES)
def test_an_unfavourable_review_closes_no_outcome(engine: Engine, outcome: str) -> None:
    case = led(engine, "first_review")
    towns.review(case, ("unfavourable", "unfavourable"), "unfavourable")
    towns.submit(case)
    decided(case, outcome)
    assert case.state == towns.OUTCOMES[outcome]


def test_votes_of_an_earlier_round_do_not_count(engine: Engine) -> None:
    case = led(engine, "deciding")
    towns.vote(case, "defer", "defer", "defer")
    fire(case, "return_to_review", CHAIR, return_reasons="r")
    towns.review(case)
    towns.submit(case)
    assert list(refused(fire, case, "defer", CHAIR, **towns.VALUES["defer"])) == ["四.4.2"]
    decided(case, "defer")


def test_the_urgent_mode_needs_all_three_grounds_and_is_no_outcome(engine: Engine) -> None:
    case = led(engine, "deciding")
    towns.vote(case, *["implement"] * 3)
    urgent: dict[str, Any] = {"statutory_procedure": "s", "decision_reasons": "r", "urgent": True}
    milder = refused(fire, case, "implement", CHAIR, **urgent, conflict_prone=False)
    assert list(milder) == ["四.5.3.3, R.evidence"]
    urgent["conflict_prone"] = True
    assert list(refused(fire, case, "implement", CHAIR, **urgent)) == ["四.5.3.1"]
    assert list(refused(fire, case, "implement", CHAIR, **urgent, lawful=False)) == ["四.5.3.1"]
    fire(case, "implement", CHAIR, **urgent, lawful=True)
    assert {state.outcome for state in TOWN.states.values()} - {None} == set(stabflow.language.lifecycle.Outcome)


# Risk control


def test_a_deferred_matter_is_implemented_when_it_is_ripe(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "defer")
    resolved: dict[str, Any] = {"causes_resolved": "c"}
    assert set(refused(fire, case, "report_resolved", UNIT, **resolved)) == {"四.5.2.2", "四.5.2.3", "R.7"}
    countermeasure(case)
    assert list(refused(fire, case, "report_resolved", UNIT, **resolved)) == ["四.5.2.3"]
    assert refused(fire, case, "confirm_resolved", UNIT, item="conflict-1", settlement="s")
    fire(case, "confirm_resolved", OVERSEER, item="conflict-1", settlement="s")
    fire(case, "report_resolved", UNIT, **resolved)
    assert list(refused(fire, case, "find_ripe", CHAIR, **RIPE)) == ["四.4.2"]
    towns.vote(case, "defer", "defer", "implement")
    fire(case, "find_unripe", CHAIR, ripeness="r")
    assert list(refused(fire, case, "report_resolved", UNIT, **resolved)) == ["四.5.2.2"]
    countermeasure(case)
    fire(case, "report_resolved", UNIT, **resolved)
    towns.vote(case, "implement", "implement", "defer")
    fire(case, "find_ripe", CHAIR, **RIPE)
    assert case.state == "approved"


def test_ripe_or_not_is_found_by_vote_and_without_a_majority_they_vote_again(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "defer")
    countermeasure(case)
    fire(case, "confirm_resolved", OVERSEER, item="conflict-1", settlement="s")
    fire(case, "report_resolved", UNIT, causes_resolved="c")
    for early in ("find_unripe", "vote_again"):
        reasons: dict[str, Any] = {"ripeness": "r"} if early == "find_unripe" else {"return_reasons": "r"}
        assert list(refused(fire, case, early, CHAIR, **reasons)) == ["四.4.2"]
    towns.vote(case, "implement", "implement", "defer")
    assert list(refused(fire, case, "find_unripe", CHAIR, ripeness="r")) == ["四.4.2"]
    fire(case, "vote_again", CHAIR, return_reasons="r")
    assert list(refused(fire, case, "find_ripe", CHAIR, **RIPE)) == ["四.4.2"]


def test_what_is_deferred_is_not_resolved_while_a_countermeasure_is_open_or_by_publicity_alone(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "defer")
    fire(case, "confirm_resolved", OVERSEER, item="conflict-1", settlement="s")
    countermeasure(case, target="information")
    resolved: dict[str, Any] = {"causes_resolved": "c"}
    assert list(refused(fire, case, "report_resolved", UNIT, **resolved)) == ["R.7"]
    item = towns.measure(case, SOON, purpose="countermeasure")
    countermeasure(case)
    assert list(refused(fire, case, "report_resolved", UNIT, **resolved)) == ["四.5.2.2"]
    fire(case, "carry_out", UNIT, item=item, account="a")
    fire(case, "verify", OVERSEER, item=item)
    fire(case, "report_resolved", UNIT, **resolved)


def countermeasure(case: CaseHandle, target: str = "services") -> None:
    item = towns.measure(case, SOON, purpose="countermeasure", target=target)
    fire(case, "carry_out", UNIT, item=item, account="a")
    assert refused(fire, case, "verify", CHAIR, item=item)
    fire(case, "verify", OVERSEER, item=item)


def test_a_breach_alone_is_not_upheld_and_an_event_alone_is_none(engine: Engine) -> None:
    case = led(engine, "preparing")
    finding = towns.add(case, "finding", OVERSEER, breach="poorly_done", account="a")
    fire(case, "notify", OVERSEER, item=finding, concerned=UNIT, responsible="direct")
    fire(case, "reply", UNIT, item=finding, defence="d")
    upheld: dict[str, Any] = {"grounds": "g"}
    assert "R.11" in refused(fire, case, "uphold", OVERSEER, item=finding, event="mass_incident", **upheld)
    alone = refused(fire, case, "uphold", OTHER_OVERSEER, item=finding, event="none", **upheld)
    assert list(alone) == ["五.3.1, 五.3.2"]
    assert list(TOWN.lists["breach"]) == ["not_assessed", "poorly_done"]
    fire(case, "uphold", OTHER_OVERSEER, item=finding, event="mass_incident", **upheld)
    with pytest.raises(stabflow.Refused):
        fire(case, "confirm_remedy", UNIT, item=finding, remedy="r")
    fire(case, "confirm_remedy", ABOVE, item=finding, remedy="r")


# The gate


def asked(engine: Engine, key: str = "dam") -> list[str]:
    """What stands against going ahead."""
    answer = engine.gate(key, accept=["town-2013@1"]).ask()
    return [", ".join(one.clause) or one.kind for one in answer.reasons]


def test_the_gate_is_shut_before_the_decision(engine: Engine) -> None:
    case = towns.opened(engine)
    for state in towns.STAGES:
        assert case.state == state
        assert outcome_kind(engine) == "unfinished"
        if state != "deciding":
            towns.advance(case)


def outcome_kind(engine: Engine) -> str:
    """The one reason against going ahead."""
    (reason,) = engine.gate("dam", accept=["town-2013@1"]).ask().reasons
    return reason.kind


def test_the_gate_is_shut_where_it_is_out_of_scope(engine: Engine) -> None:
    case = towns.opened(engine)
    fire(case, "screen_out", GROUP[0], considered_items=list(TOWN.lists["scope"]), scope_reasons="r")
    assert outcome_kind(engine) == "screened_out"


def test_the_gate_is_shut_where_it_is_deferred_or_prohibited(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "defer")
    assert outcome_kind(engine) == "deferred"
    countermeasure(case)
    fire(case, "confirm_resolved", OVERSEER, item="conflict-1", settlement="s")
    fire(case, "report_resolved", UNIT, causes_resolved="c")
    assert case.state == "ripening"
    assert outcome_kind(engine) == "deferred"


def test_the_gate_stays_shut_once_it_is_prohibited_and_closed(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "prohibit")
    assert outcome_kind(engine) == "prohibited"
    fire(case, "close_file", COORDINATOR, closing_account="c")
    assert case.state == "not_implemented"
    assert outcome_kind(engine) == "prohibited"


def test_the_gate_asks_for_measures_answers_and_in_the_urgent_mode_for_the_plan_first(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "implement", urgent=True, conflict_prone=True, lawful=True)
    wanted = ["四.5.1.1, 四.5.1.2, R.7", "四.5.3.4, 四.5.3.5"]
    assert asked(engine) == list(refused(fire, case, "start", UNIT)) == wanted
    notice = towns.measure(case, SOON, target="information")
    assert asked(engine) == list(refused(fire, case, "start", UNIT)) == wanted  # publicity alone is no measure
    item = towns.measure(case, SOON)
    assert asked(engine) == list(refused(fire, case, "start", UNIT)) == wanted[1:]
    case.add("plan", trigger="make_ahead", by=UNIT, basis="b", file=towns.PAPER, targeted_work="t")
    assert asked(engine) == []
    request = towns.add(case, "request", OVERSEER, topic="t", wording="w")
    assert asked(engine) == list(refused(fire, case, "start", UNIT)) == ["R.6"]
    fire(case, "find_unresolvable", UNIT, item=request, basis_of_request="grounded", grounds="g")
    fire(case, "start", UNIT)
    assert asked(engine) == []
    assert engine.gate("dam", accept=["five-step@1"]).ask().reasons
    for each in (notice, item):
        fire(case, "carry_out", UNIT, item=each, account="a")
    still_open = refused(fire, case, "complete", CHAIR, closing_account="c")
    assert set(still_open) == {"四.5.1.1, 四.5.1.2", "四.5.1.1"}
    for each in (notice, item):
        fire(case, "verify", OVERSEER, item=each)
    assert list(refused(fire, case, "complete", CHAIR, closing_account="c")) == ["四.5.1.1"]
    fire(case, "confirm_resolved", OVERSEER, item="conflict-1", settlement="s")
    fire(case, "complete", CHAIR, closing_account="c")
    assert outcome_kind(engine) == "over"


def test_without_urgency_no_further_plan_is_asked_for(engine: Engine) -> None:
    case = led(engine, "deciding")
    decided(case, "implement")
    towns.measure(case, SOON)
    assert asked(engine) == []


def test_a_matter_that_nobody_assessed_is_not_cleared(engine: Engine) -> None:
    assert asked(engine, "unknown") == ["never_assessed"]
    matter = Matter("road", "Road")
    values: dict[str, Any] = {"unassessed_account": "a"}
    engine.open_case("town-2013", matter, by=OVERSEER, basis="b", trigger="open_unassessed", **values)
    (reason,) = engine.gate("road", accept=["town-2013@1"]).ask().reasons
    assert reason.kind == "unfinished"
