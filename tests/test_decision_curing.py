"""Who can cure it: those whose next act, from where the case and its items stand, leads to the cure, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import five_steps
import pytest
import worlds
from five_steps import ASSESSOR, CHIEF, IMPLEMENTER, INITIATOR, OVERSEERS, PAPER, REVIEWERS
from procedures_for_tests import Desk, changed

from stabflow import CaseHandle, Engine, Matter, Refused
from stabflow.errors import Blocker
from stabflow.stores.memory import MemoryStore


@pytest.fixture
def case() -> Iterator[CaseHandle]:
    engine: Engine = worlds.engine_over(MemoryStore())
    five_steps.constitute(engine)
    yield engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    engine.close()


def until(case: CaseHandle, state: str) -> CaseHandle:
    while case.state != state:
        five_steps.toward(case.value, "approved").take(case)  # type: ignore[union-attr]
    return case


def who(blocker: Blocker) -> list[str]:
    return [cure.role for cure in blocker.cure]


def cured(case: CaseHandle, trigger: str, kind: str, /, **more: Any) -> list[str]:
    """Who can cure what stands against ``trigger`` because of items of ``kind``."""
    found = [who(one) for one in case.blockers(trigger, **more) if one.facts.get("kind") == kind]
    assert all(one == found[0] for one in found)
    return found[0]


def not_permitted(case: CaseHandle, trigger: str, by: Any, **values: object) -> list[str]:
    with pytest.raises(Refused) as refused:
        case.fire(trigger, by=by, basis="b", **values)
    (blocker,) = refused.value.blockers
    return who(blocker)


def decided(case: CaseHandle) -> CaseHandle:
    """A case decided with two conditions, one to be met before it starts."""
    until(case, "reviewing")
    for one in REVIEWERS[:2]:
        case.add("opinion", by=one, basis="b", view="with_conditions", grounds="g")
    case.fire("pass_review", by=REVIEWERS[0], basis="b", review_conclusion="with_conditions")
    assert cured(case, "implement", "condition", by=CHIEF) == ["decision_body"], "oversight's row leads out of “open”"
    assert cured(case, "implement", "vote", by=CHIEF) == ["member"]
    for due in ("before_start", "during"):
        case.add("condition", by=CHIEF, basis="b", wording="w", due=due, deadline=date(2027, 1, 1))
    return until(case, "approved")


def test_where_one_more_must_stand_those_whose_rows_lead_out_of_there_cure_nothing(case: CaseHandle) -> None:
    decided(case)


def test_who_may_do_it_only_in_another_state_of_the_case_is_not_named(case: CaseHandle) -> None:
    decided(case)
    assert cured(case, "begin", "condition", by=IMPLEMENTER) == ["oversight"], "the chair lifts none while approved"
    (notice,) = [one for one in case.blockers("begin", by=IMPLEMENTER) if one.facts.get("kind") == "document"]
    assert set(who(notice)) == {"decision_body", "initiating_unit", "implementing_unit"}


def test_where_the_case_must_stand_elsewhere_the_next_act_on_the_way_is_named(case: CaseHandle) -> None:
    assert not_permitted(case, "complete_plan", ASSESSOR) == ["review_group"], "who screens it in"
    (blocker,) = case.add_blockers("vote", by=five_steps.MEMBERS[0])
    assert who(blocker) == ["review_group"]
    until(case, "planning")
    assert not_permitted(case, "begin", IMPLEMENTER) == ["assessment_unit"]
    risk = case.value.of_kind("risk")[0].id
    (blocker,) = case.blockers("rate", item=risk, by=ASSESSOR)
    assert (blocker.kind, who(blocker)) == ("case", ["assessment_unit"]), "who goes back to the analysis"
    until(case, "deciding")
    (blocker,) = case.blockers("appraise", item=risk, by=ASSESSOR)
    assert who(blocker) == ["decision_body"], "who returns it to the review, which returns it to the plan"
    until(case, "approved")
    assert not_permitted(case, "screen_in", REVIEWERS[0], scope_items=["construction"]) == []


def test_what_can_be_done_only_elsewhere_is_cured_by_who_moves_the_case_there(case: CaseHandle) -> None:
    until(case, "analyzing")
    assert cured(case, "complete_analysis", "criterion", by=ASSESSOR) == ["assessment_unit"]
    until(case, "reviewing")
    found = case.blockers("pass_review", by=REVIEWERS[0], review_conclusion="favourable")
    assert [who(one) for one in found] == [["review_group"]], "those who may give more opinions"
    until(case, "deciding")
    found = case.blockers("implement", by=CHIEF, plan_first=False)
    (levels,) = [one for one in found if one.kind == "any"]
    assert who(levels) == ["decision_body"], "states it with this act; the levels only after a return, which it begins"


def test_an_item_is_moved_on_by_those_whose_rows_lead_on_and_not_back(case: CaseHandle) -> None:
    decided(case)
    finding = case.add("finding", by=OVERSEERS[0], basis="b", breach="overdue", account="a")
    measure = case.value.of_kind("measure")[0].id
    for condition in ("condition-1", "condition-2"):
        case.fire("judge_met", item=condition, by=OVERSEERS[0], basis="b", proof="p")
    case.add("document", trigger="file_notice", by=CHIEF, basis="b", kind="notice", file=PAPER)
    until_begun = {"by": IMPLEMENTER, "basis": "b"}
    case.fire("begin", **until_begun)
    assert cured(case, "complete", "finding", by=CHIEF) == ["oversight", "higher_body"]
    assert cured(case, "complete", "measure", by=CHIEF) == ["owner"], "who reschedules it does not carry it out"
    case.fire("carry_out", item=measure, account="a", **until_begun)
    assert cured(case, "complete", "measure", by=CHIEF) == ["oversight", "higher_body"]
    assert case.value.items[finding].state == "raised"


def test_what_was_stated_last_is_cured_by_who_can_still_correct_it(case: CaseHandle) -> None:
    until(case, "analyzing")
    for one in case.value.of_kind("criterion"):
        told = {"tests": ["daily_life"], "verdict": "doubtful", "hazard": "smaller", "grounds": "g"}
        case.fire("assess", item=one.id, by=ASSESSOR, basis="b", **told)
    found = case.blockers("complete_analysis", by=ASSESSOR, risks_found=False)
    (hazard,) = [one for one in found if one.facts.get("kind") == "criterion"]
    assert who(hazard) == ["assessment_unit"], "an assessed criterion is left by no row, but its values are corrected"


def test_who_cannot_state_it_otherwise_corrects_nothing(case: CaseHandle) -> None:
    until(case, "reporting")
    case.add("document", trigger="file_proposal", by=INITIATOR, basis="b", kind="proposal", file=PAPER)
    found = case.blockers("submit_report", by=ASSESSOR, level_before="high", level_after="high", facts_confirmed=True)
    assert [who(one) for one in found] == [["assessment_unit"]], "no proposal becomes a report"


def test_what_everybody_stated_for_good_nobody_cures(case: CaseHandle) -> None:
    until(case, "reviewing")
    case.add("opinion", by=REVIEWERS[0], basis="b", view="unfavourable", grounds="g")
    case.add("opinion", by=REVIEWERS[1], basis="b", view="favourable", grounds="g")
    found = case.blockers("pass_review", by=REVIEWERS[0], review_conclusion="favourable")
    assert [who(one) for one in found] == [["review_group"]], "the conclusion, not the opinion"


def test_one_too_many_of_all_is_cured_by_nobody() -> None:
    asked = (
        'set = ["contested", "people"]',
        'set = ["contested", "people"]\nrequires = [{ items = "hearing", equals = 1 }]',
    )
    desk = Desk(changed(asked)).drafting()
    (few,) = desk.blockers("describe", "officer")
    assert who(few) == ["officer"]
    for _ in range(2):
        desk.add("hearing", "officer", day=date(2026, 3, 2), invited=3)
    (many,) = desk.blockers("describe", "officer")
    assert who(many) == []
