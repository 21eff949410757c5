"""On whatever path a case has come: the gate is open only after a decision to implement that is current, with its conditions met.

What "current" is, is worked out here from the records alone: the five steps in order since the case last stood in the first
of them, and the decision after them.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from datetime import timedelta

import five_steps
from five_steps import CHIEF, EVERYBODY, IMPLEMENTER, INITIATOR, OVERSEERS, PAPER, toward
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st
from worlds import FakeClock

import stabflow
from stabflow import Actor, CaseHandle, Matter, Procedure, Refused
from stabflow.case import Case
from stabflow.decision.events import Moved, Opened
from stabflow.history.record import Record
from stabflow.language import Outcome, bundled
from stabflow.language.lifecycle import FIVE_STEPS, Step

FIVE = bundled("five-step")
STATES = [*FIVE.states]


def objection(case: CaseHandle, by: Actor) -> None:
    case.add("objection", by=by, basis="b", topic="land_compensation", request="a stop", groups=2)


def condition(case: CaseHandle) -> None:
    case.add("condition", by=CHIEF, basis="b", wording="wider", due="before_start", deadline=five_steps.SOON)


def upheld(case: CaseHandle) -> None:
    """A finding against whoever is to implement it, upheld by another than who raised it."""
    raised, judging = OVERSEERS
    finding = case.add("finding", by=raised, basis="b", breach="untrue_facts", account="a")
    case.fire("notify", item=finding, by=raised, basis="b", concerned=IMPLEMENTER.id)
    case.fire("reply", item=finding, by=IMPLEMENTER, basis="b", defence="d")
    case.fire("uphold", item=finding, by=judging, basis="b", grounds="g", **PLAIN)


def notice(case: CaseHandle) -> None:
    case.add("document", trigger="file_notice", by=INITIATOR, basis="b", kind="notice", file=PAPER)


def reassess(case: CaseHandle) -> None:
    values = {"circumstances": ["new_risk"], "circumstance_account": "a crack"}
    case.fire("reassess", by=OVERSEERS[0], basis="b", **values)


def implement(case: CaseHandle, by: Actor) -> None:
    case.fire("implement", by=by, basis="b", decision_reasons="r", plan_first=False)


Detour = Callable[[CaseHandle], object]
DETOURS: dict[str, Detour] = {
    "objection": functools.partial(objection, by=OVERSEERS[0]),
    "objection by the chair": functools.partial(objection, by=CHIEF),
    "condition": condition,
    "upheld finding": upheld,
    "notice": notice,
    "begin": lambda case: case.fire("begin", by=IMPLEMENTER, basis="b"),
    "return": lambda case: case.fire("return_to_review", by=CHIEF, basis="b", return_reasons="r"),
    "reassess": reassess,
    "prohibit": lambda case: case.fire("prohibit", by=CHIEF, basis="b", decision_reasons="r"),
}
"""What comes between: it counts only where it is lawful."""
PLAIN = {"event_followed": False, "responsibility": "remedy_only", "weight": "ordinary"}
AT = ["deciding", "approved", "controlling", "reporting", "reviewing"]
"""Where it comes: mostly late, where it matters."""


def is_current(procedure: Procedure, records: Sequence[Record]) -> bool:
    """Whether the case stands decided to be implemented, after all five steps in order since it last went back to any of them."""
    passed: list[Step] = []
    outcome: Outcome | None = None
    for record in records:
        entered = record.event.state if isinstance(record.event, Opened) else None
        if isinstance(record.event, Moved):
            entered = record.event.dest
        if entered is None:
            continue
        state = procedure.states[entered]
        if state.step in FIVE_STEPS:
            place, outcome = FIVE_STEPS.index(state.step), None
            passed = [*passed[:place], state.step] if place <= len(passed) else []
        elif state.outcome is not None:
            outcome = state.outcome if tuple(passed) == FIVE_STEPS else None
        else:
            passed, outcome = [], None
    return outcome is Outcome.IMPLEMENT


def stands_against(case: Case) -> list[str]:
    """What of the items stands against going ahead."""
    found = [one.id for one in case.of_kind("objection") if one.state == "raised"]
    found += [one.id for one in case.of_kind("finding") if one.state == "upheld"]
    found += [
        one.id
        for one in case.of_kind("condition")
        if one.fields["due"] == "before_start" and one.state not in ("met", "lifted")
    ]
    if case.facts.get("exemption") == "none":
        since = case.entered["approved"].version if "approved" in case.entered else 0
        notices = [one for one in case.of_kind("document") if one.fields["kind"] == "notice" and one.added >= since]
        found += [] if notices else ["no notice"]
    return found


def is_open(case: CaseHandle, engine: stabflow.Engine) -> bool:
    cleared = engine.gate("road", accept=["five-step@1"]).cleared
    if cleared:
        assert case.state in ("approved", "controlling")
        assert is_current(case.procedure, case.history())
        assert stands_against(case.value) == []
    elif case.state in ("approved", "controlling"):
        assert not is_current(case.procedure, case.history()) or stands_against(case.value)
    return cleared


@settings(deadline=None, max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    state=st.sampled_from(["approved", "approved", "approved", "deferred", "prohibited"]),
    detours=st.lists(st.tuples(st.sampled_from(AT), st.sampled_from([*DETOURS])), max_size=4),
    mischief=st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(EVERYBODY)), max_size=2),
)
@example(state="approved", detours=[("deciding", "condition")], mischief=[])
@example(state="approved", detours=[("approved", "objection")], mischief=[])
@example(state="approved", detours=[("approved", "upheld finding")], mischief=[])
@example(state="approved", detours=[("approved", "reassess"), ("deciding", "prohibit")], mischief=[])
def test_the_gate_is_open_only_after_a_current_decision_whose_conditions_are_met(
    state: str, detours: list[tuple[str, str]], mischief: list[tuple[str, Actor]]
) -> None:
    clock = FakeClock()
    engine = stabflow.open("memory:", clock=clock)
    five_steps.constitute(engine)
    case = engine.open_case("five-step", Matter("road", "Road"), by=CHIEF, basis="plan")
    opened, left = 0, [*detours]
    for number in range(75):
        here = [one for one in left if one[0] == case.state]
        left = [one for one in left if one not in here]
        between: list[Detour] = [DETOURS[name] for _, name in here]
        between += [functools.partial(implement, by=who) for at, who in mischief if at == case.state]
        if number >= 70:  # at the end all that may still come in
            between.append(notice)
        for one in between:
            with contextlib.suppress(Refused):
                one(case)
            opened += is_open(case, engine)
        step = toward(case.value, state)
        if step is not None and number < 70:
            if step.wait:
                clock.now += step.wait
            else:
                with contextlib.suppress(Refused):  # what came between may be in the way for good
                    step.take(case)
        clock.now += timedelta(hours=1)
        if number >= 70 or case.state in ("approved", "controlling", "deciding"):
            opened += is_open(case, engine)
    event("opened" if opened else "never open")
