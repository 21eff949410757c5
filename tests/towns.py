"""Driving the bundled procedure of a town, 2013: its office-holders, and a case led to any of its states by lawful acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from stabflow import Actor, CaseHandle, Engine, Matter
from stabflow.case import Item
from stabflow.values import File

CHAIR, *OTHERS = MEMBERS = [Actor(f"member-{n}", body="town") for n in range(3)]
CONGRESS = Actor("congress", body="congress")
GROUP = [Actor(f"group-{n}", body="leading-group") for n in range(2)]
COORDINATOR = Actor("coordinator", body="comprehensive-management")
OVERSEER, OTHER_OVERSEER = OVERSEERS = [Actor(f"overseer-{n}", body="petitions") for n in range(2)]
ABOVE = Actor("above", body="county-petitions")
UNIT, HELPER = Actor("unit", body="water"), Actor("helper", body="civil-affairs")
LAND = Actor("land-unit", body="land")

STANDING = {
    "decision_body": [CHAIR],
    "member": MEMBERS,
    "congress": [CONGRESS],
    "leading_group": GROUP,
    "coordinator": [COORDINATOR],
    "oversight": OVERSEERS,
    "higher_oversight": [ABOVE],
}
PAPER = File("材料", "application/pdf", "ab" * 32)
ASPECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "people_first": ("assess_people_first", ("development", "majority", "daily_life")),
    "event_risk": ("find_event_risk", ("petition_risk", "incident_risk")),
    "reasonable_requests": ("assess_requests", ("likely_requests", "lawful_resolution")),
    "requests_beyond": ("assess_beyond", ("beyond_law", "explainable", "understanding")),
    "similar_cases": ("assess_similar", ("compensation_gap", "resettlement_gap", "security_gap", "discontent")),
    "other": ("assess_other", ("other_aspects",)),
}
"""The row that assesses each criterion, and the questions it asks: all in words."""
SIDES = ["policy", "law", "contents", "resolution"]
STAGES = ["screening", "naming", "preparing", "forecasting", "making_plans", "writing", "first_review", "submitting"]
STAGES += ["deciding"]
OUTCOMES = {"implement": "approved", "defer": "deferred", "prohibit": "prohibited"}
VALUES: dict[str, dict[str, Any]] = {
    "implement": {"statutory_procedure": "s", "decision_reasons": "r", "urgent": False, "conflict_prone": True},
    "defer": {"statutory_procedure": "s", "decision_reasons": "r", "deferral_causes": "c"},
    "prohibit": {"statutory_procedure": "s", "decision_reasons": "r"},
}


def constitute(engine: Engine) -> None:
    for office, holders in STANDING.items():
        for holder in holders:
            engine.constitute("town-2013", office, holder, basis="order 1")


def opened(engine: Engine, key: str = "dam") -> CaseHandle:
    return engine.open_case("town-2013", Matter(key, key), by=COORDINATOR, basis="b", trigger="open")


def fire(case: CaseHandle, trigger: str, by: Actor, /, item: str | None = None, **values: Any) -> None:
    case.fire(trigger, item=item, by=by, basis="b", **values)


def add(case: CaseHandle, kind: str, by: Actor, /, **values: Any) -> str:
    return case.add(kind, by=by, basis="b", **values)


def fresh(case: CaseHandle, kind: str, state: str) -> list[Item]:
    """The items of this round that stand in ``state``."""
    return [item for item in case.value.of_kind(kind) if not item.superseded and item.state == state]


def screen_in(case: CaseHandle, sector: str = "water_works") -> None:
    fire(case, "screen_in", GROUP[0], scope_items=["planning_construction"], scope_reasons="r", sector=sector)


def consult(case: CaseHandle) -> None:
    for audience in ("grassroots", "circles"):
        item = add(case, "consultation", UNIT, method="symposium", audience=audience, invited=40)
        end_consultation(case, item)


def end_consultation(case: CaseHandle, item: str, support: int = 20, oppose: int = 10, trigger: str = "end") -> None:
    counts: dict[str, Any] = {
        "responded": support + oppose,
        "support": support,
        "oppose": oppose,
        "other": 0,
        "advice": "a",
    }
    fire(case, trigger, UNIT, item=item, **counts)


def assess(case: CaseHandle) -> None:
    """Every criterion and every forecast that is open."""
    for item in fresh(case, "criterion", "open"):
        trigger, questions = ASPECTS[str(item.fields["aspect"])]
        fire(case, trigger, UNIT, item=item.id, **dict.fromkeys(questions, "t"))
    for item in fresh(case, "forecast", "open"):
        fire(case, "make", UNIT, item=item.id, prediction="p", argument="a")


def foresee(case: CaseHandle) -> str:
    return add(case, "conflict", UNIT, cause="c", affected=60, reach="r", intensity="i")


def make_plans(case: CaseHandle) -> None:
    for kind in ("prevention", "contingency"):
        add(case, "plan", UNIT, kind=kind, file=PAPER)


def send_report(case: CaseHandle, *, facts_true: bool = True) -> None:
    papers: dict[str, Any] = {"special_report": PAPER, "proposal_kind": ["project_report"], "proposal": PAPER}
    fire(case, "send_report", UNIT, **papers, facts_true=facts_true)


def review(case: CaseHandle, views: Sequence[str] = ("favourable", "favourable"), view: str = "favourable") -> None:
    for reviewer, one in zip(GROUP, views, strict=True):
        add(case, "opinion", reviewer, sides=SIDES, view=one, discussion="d", judgement="j")
    fire(case, "conclude_review", GROUP[0], group_view=view, resolution="r")


def submit(case: CaseHandle) -> None:
    fire(case, "submit", UNIT, deciding_organ="government")


def vote(case: CaseHandle, *positions: str) -> None:
    for member, position in zip(MEMBERS, positions, strict=False):
        add(case, "vote", member, position=position, grounds="g")


def measure(
    case: CaseHandle, deadline: date, owner: Actor = UNIT, purpose: str = "resolve_conflicts", target: str = "services"
) -> str:
    values: dict[str, Any] = {
        "purpose": purpose,
        "target": target,
        "description": "d",
        "owner": owner,
        "deadline": deadline,
    }
    return add(case, "measure", UNIT, **values)


def name_unit(case: CaseHandle) -> None:
    case.appoint("assessment_unit", UNIT, by=CHAIR, basis="b")
    fire(case, "name_unit", CHAIR, unit_ground="drafts")


def advance(case: CaseHandle) -> None:
    """One stage on, toward the decision."""
    match case.state:
        case "screening":
            screen_in(case)
        case "naming":
            name_unit(case)
        case "preparing":
            consult(case)
            fire(case, "complete_preparation", UNIT, contested=False, specialised=False, material=PAPER)
        case "forecasting":
            assess(case)
            foresee(case)
            fire(case, "complete_forecast", UNIT, conflicts_expected=True)
        case "making_plans":
            make_plans(case)
            fire(case, "complete_plans", UNIT)
        case "writing":
            send_report(case)
        case "first_review":
            review(case)
        case state:
            assert state == "submitting", state
            submit(case)


def led(engine: Engine, state: str, key: str = "dam") -> CaseHandle:
    """A case that has come to ``state``, one of `STAGES`."""
    case = opened(engine, key)
    while case.state != state:
        advance(case)
    return case


def decided(case: CaseHandle, outcome: str, **changes: Any) -> None:
    vote(case, *[outcome] * 3)
    fire(case, outcome, CHAIR, **{**VALUES[outcome], **changes})
