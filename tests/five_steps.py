"""Driving the bundled five-step procedure: its office-holders, a policy that leads to an outcome, and fitting values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs

import stabflow
from stabflow import Actor, CaseHandle, Engine, Procedure, Record
from stabflow.case import Case, Item
from stabflow.decision.events import Moved, Opened
from stabflow.language import Field, FieldType
from stabflow.language.lifecycle import FIVE_STEPS, Step
from stabflow.values import File

TEXT = (Path(stabflow.__file__).parent / "procedures" / "five-step" / "1.toml").read_text(encoding="utf-8")
"""The procedure as its authors wrote it, for tests to make other versions of."""

CHIEF = Actor("chief", body="county")
REVIEWERS = [Actor(f"reviewer-{n}", body="office") for n in range(3)]
MEMBERS = [Actor(f"member-{n}", body="county") for n in range(5)]
OVERSEERS = [Actor(f"overseer-{n}", body="petitions") for n in range(2)]
HIGHER = Actor("prefect", body="prefecture")
ASSESSOR = Actor("assessor", body="transport")
INITIATOR = Actor("initiator", body="water")
IMPLEMENTER = Actor("builder", body="works")
OUTSIDER = Actor("stranger", body="nowhere")

STANDING = {
    "decision_body": [CHIEF],
    "review_group": REVIEWERS,
    "member": MEMBERS,
    "oversight": OVERSEERS,
    "higher_body": [HIGHER],
}
APPOINTED = {"initiating_unit": INITIATOR, "assessment_unit": ASSESSOR, "implementing_unit": IMPLEMENTER}
PEOPLE = [CHIEF, *REVIEWERS, *MEMBERS, *OVERSEERS, HIGHER, *APPOINTED.values()]
EVERYBODY = [*PEOPLE, OUTSIDER]
"""Everybody who tries to act; the outsider is never named for anything."""

PAPER = File("纪要", "application/pdf", "ab" * 32)
SOON = date(2027, 3, 1)
FILING = {
    "report": "file_report",
    "measure_plan": "file_plan",
    "contingency_plan": "file_plan",
    "proposal": "file_proposal",
    "supplement": "file_proposal",
    "statement": "file_statement",
    "notice": "file_notice",
    "monitoring": "file_monitoring",
    "minutes": "add",
}
"""The row that files each kind of document."""

POSITIONS = {"approved": "implement", "deferred": "defer", "prohibited": "prohibit"}


def constitute(engine: Engine) -> None:
    for office, holders in STANDING.items():
        for holder in holders:
            engine.constitute("five-step", office, holder, basis="founding order")


@attrs.frozen
class Next:
    """What to do next: an act by somebody, or waiting."""

    verb: str
    what: str
    by: Actor = OUTSIDER
    item: str | None = None
    values: Mapping[str, Any] = attrs.field(factory=dict)
    wait: timedelta = timedelta()
    trigger: str | None = None

    def take(self, case: CaseHandle, **options: Any) -> object:
        both: dict[str, Any] = {"by": self.by, "basis": "plan 2026-14", **options}
        if self.verb == "add":
            return case.add(self.what, trigger=self.trigger, **both, **self.values)
        if self.verb == "appoint":
            return case.appoint(self.what, self.values["appointee"], **both)
        return case.fire(self.what, item=self.item, **both, **self.values)


def add(kind: str, by: Actor, /, **values: Any) -> Next:
    return Next("add", kind, by, values=values)


def fire(trigger: str, by: Actor, item: Item | None = None, /, **values: Any) -> Next:
    return Next("fire", trigger, by, None if item is None else item.id, values)


def document(kind: str, by: Actor) -> Next:
    parts: dict[str, Any] = {}
    if kind == "report":
        parts["report_parts"] = ["facts", "assessment", "plan", "evaluation"]
    if kind == "contingency_plan":
        parts["plan_parts"] = ["organisation", "measures", "responsibility"]
    return Next("add", "document", by, values={"kind": kind, "file": PAPER, **parts}, trigger=FILING[kind])


def fresh(case: Case, kind: str, state: str, /, **where: str) -> list[Item]:
    """The items of this round."""
    since = case.entered[state].version
    return [
        item
        for item in case.of_kind(kind)
        if item.added >= since and not item.superseded and all(item.fields.get(k) == v for k, v in where.items())
    ]


def toward(case: Case, state: str) -> Next | None:
    """The next act on a lawful way to the outcome ``state`` (approved, deferred or prohibited); ``None`` when there."""
    if case.state == state:
        return None
    for role, holder in APPOINTED.items():
        if not any((held.role, held.actor) == (role, holder.id) for held in case.appointments):
            return Next("appoint", role, CHIEF, values={"appointee": holder})
    return _POLICY[case.state](case, state)


def _screening(case: Case, state: str) -> Next:
    return fire("screen_in", REVIEWERS[0], scope_items=["construction"], scope_reasons="r", exemption="none")


def _investigating(case: Case, state: str) -> Next:
    for item in case.of_kind("consultation"):
        if item.state == "running":
            invited = item.fields["invited"]
            if item.fields["method"] == "publication" and (case.updated_at - item.entered["running"].at).days < 32:
                return Next("wait", "comments", wait=timedelta(days=32))
            return fire("end", ASSESSOR, item, responded=invited, support=invited, oppose=0, other=0)
    if not fresh(case, "consultation", "investigating", method="expert_review"):
        return add("consultation", ASSESSOR, method="expert_review", invited=12)
    return fire("complete_investigation", ASSESSOR, contested=True, specialised=True)


def _analyzing(case: Case, state: str) -> Next:
    for item in fresh(case, "criterion", "analyzing"):
        if item.state == "open":
            return fire(
                "assess", ASSESSOR, item, tests=["law_and_policy"], verdict="doubtful", hazard="larger", grounds="g"
            )
    if not any(item.state in ("identified", "rated") for item in case.of_kind("risk")):
        return add("risk", ASSESSOR, area="technical_economic", description="a pier may settle")
    for item in case.of_kind("risk"):
        if item.state == "identified":
            return fire(
                "rate",
                ASSESSOR,
                item,
                likelihood="likely",
                impact="large",
                harm="serious",
                unrest="likely",
                before="high",
            )
    return fire("complete_analysis", ASSESSOR, risks_found=True, larger_hazards=True)


def _planning(case: Case, state: str) -> Next:
    if not fresh(case, "document", "planning", kind="contingency_plan"):
        return document("contingency_plan", ASSESSOR)
    live = [m for m in case.of_kind("measure") if m.state != "withdrawn" and m.fields["target"] == "design"]
    if not live:
        return add("measure", ASSESSOR, target="design", description="wider", owner=IMPLEMENTER, deadline=SOON)
    for item in case.of_kind("risk"):
        if item.state == "identified":
            return fire("reopen_analysis", ASSESSOR, return_reasons="a risk is unrated")
        if item.state == "rated":
            return fire("appraise", ASSESSOR, item, after="high", grounds="g")
    return fire("complete_plan", ASSESSOR)


def _answering(case: Case) -> Next | None:
    for item in case.of_kind("objection"):
        if item.state == "raised":
            return fire("answer", INITIATOR, item, reply="partly", legal_basis="grounded", grounds="g")
    return None


def _reporting(case: Case, state: str) -> Next:
    for kind in ("report", "proposal"):
        if not fresh(case, "document", "reporting", kind=kind):
            return document(kind, ASSESSOR)
    return _answering(case) or fire(
        "submit_report", ASSESSOR, level_before="high", level_after="high", facts_confirmed=True
    )


def _reviewing(case: Case, state: str) -> Next:
    given = {item.adder for item in fresh(case, "opinion", "reviewing")}
    for reviewer in REVIEWERS:
        if reviewer.id not in given and len(given) < 2:
            return add("opinion", reviewer, view="unfavourable", grounds="g")
    return fire("pass_review", REVIEWERS[0], review_conclusion="unfavourable")


def _deciding(case: Case, state: str) -> Next:
    answer = _answering(case)
    if answer is not None:
        return answer
    votes = fresh(case, "vote", "deciding")
    mine = [vote for vote in votes if vote.fields["position"] == POSITIONS[state]]
    if len(votes) < 3 or 2 * len(mine) <= len(votes):
        for member in MEMBERS:
            if member.id not in {vote.adder for vote in votes}:
                return add("vote", member, position=POSITIONS[state], grounds="g")
        return fire("return_to_review", CHIEF, return_reasons="no majority")
    if state == "prohibited":
        return fire("prohibit", CHIEF, decision_reasons="r")
    if state == "deferred":
        return fire("defer", CHIEF, decision_reasons="r", deferral_causes="c")
    if not fresh(case, "document", "deciding", kind="statement"):
        return document("statement", CHIEF)
    return fire("implement", CHIEF, decision_reasons="r", plan_first=True)


def _deferred(case: Case, state: str) -> Next:
    if not fresh(case, "document", "deferred", kind="supplement"):
        return document("supplement", INITIATOR)
    return _answering(case) or fire("resume", INITIATOR, causes_resolved="resolved")


def _approved(case: Case, state: str) -> Next:
    return fire("reassess", OVERSEERS[0], circumstances=["new_risk"], circumstance_account="a crack")


def _over(case: Case, state: str) -> None:
    return None


_POLICY: dict[str, Callable[[Case, str], Next | None]] = {
    "screening": _screening,
    "investigating": _investigating,
    "analyzing": _analyzing,
    "planning": _planning,
    "reporting": _reporting,
    "reviewing": _reviewing,
    "deciding": _deciding,
    "deferred": _deferred,
    "approved": _approved,
    "controlling": _approved,
    "prohibited": _over,
    "archived": _over,
    "completed": _over,
    "out_of_scope": _over,
}


def fitting(procedure: Procedure, kind: str | None, names: Sequence[str], pick: Callable[[Sequence[Any]], Any]) -> Any:
    """Values that fit the fields ``names``; ``pick`` chooses."""
    fields = procedure.lifecycle(kind).fields
    return {name: _fitting(procedure, fields[name], pick) for name in names}


def _fitting(procedure: Procedure, field: Field, pick: Callable[[Sequence[Any]], Any]) -> Any:
    match field.type:
        case FieldType.BOOL:
            return pick([True, False])
        case FieldType.INT:
            return max(field.min or 0, pick([0, 1, 2, 10]))
        case FieldType.DECIMAL:
            return pick(["0.5", "2"])
        case FieldType.TEXT:
            return pick(["理由", "reasons"])
        case FieldType.CHOICE:
            choice = pick(list(procedure.lists[field.of or ""]))
            return [choice] if field.many else choice
        case FieldType.DATE:
            return SOON
        case FieldType.ACTOR:
            return pick(PEOPLE)
        case FieldType.FILE:
            return PAPER


def unlawful(procedure: Procedure, records: Sequence[Record]) -> Iterator[str]:
    """Every outcome in the history that was entered without all five steps, in order, since the last return, and every move
    that did not begin where the case stood."""
    passed: list[Step] = []
    stands = ""
    for record in records:
        event = record.event
        if isinstance(event, Moved) and event.source != stands:
            yield f"version {record.version} leaves {event.source}, but the case stood in {stands}"
        entered = event.state if isinstance(event, Opened) else event.dest if isinstance(event, Moved) else None
        if entered is None:
            continue
        stands, state = entered, procedure.states[entered]
        if state.step in FIVE_STEPS:
            place = FIVE_STEPS.index(state.step)
            if place > len(passed):
                yield f"version {record.version} skips to {entered} after {[step.value for step in passed]}"
            passed = [*passed[:place], state.step]
        elif state.outcome is not None and tuple(passed) != FIVE_STEPS:
            yield f"version {record.version} decides {entered} after {[step.value for step in passed]}"
