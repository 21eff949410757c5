"""An actor field names office-holders only: stabflow assesses decisions, never people, and no field makes anybody a party who
has no office. Who held one and has acted stays answerable, and may answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import five_steps
import pytest
import worlds
from five_steps import ASSESSOR, CHIEF, IMPLEMENTER, OVERSEERS, REVIEWERS
from procedures_for_tests import BASIS, OFFICES, START, Desk, actor, changed, kinds
from worlds import AUDITOR, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER

import stabflow
from stabflow.case import Appointment
from stabflow.decision.commands import Add
from stabflow.decision.decider import blockers
from stabflow.decision.events import Amended
from stabflow.errors import InvalidInput, NotYourRole, ProcedureError, Refused, Unmet
from stabflow.stores.memory import MemoryStore
from stabflow.text import Text
from stabflow.values import Actor

TASK: dict[str, Any] = {"deadline": START.date()}
HERE = Text("somebody who holds a role of the case or a standing office", "在本案件中任职或担任常设职务的人员")


def given(owner: str = "owner") -> Desk:
    """A task for ``owner``."""
    desk = Desk().drafting()
    desk.add("task", "officer", owner=owner, **TASK)
    return desk


def relieved(*, acted: bool) -> Desk:
    """officer2 was in office and is no more."""
    desk = Desk().drafting().appoint("officer", "officer2")
    if acted:
        desk.fire("describe", "officer2", contested=False, people=1)
    return desk.relieve("officer", "officer2")


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


# Outsiders


ACTS: list[tuple[str, Callable[[Desk, str | Actor], object]]] = [
    ("owner", lambda desk, who: desk.add("task", "officer", owner=who, **TASK)),
    ("owner", lambda desk, who: desk.fire("reassign", "chief", "task-1", owner=who, **TASK)),
    ("owner", lambda desk, who: desk.fire("reassign", "owner", "task-1", owner=who, **TASK)),
    ("lead", lambda desk, who: desk.fire("submit", "officer", lead=who)),
    ("who", lambda desk, who: desk.add("sample", "clerk", who=who)),
]
OUTSIDERS = [
    "stranger",
    Actor("stranger", body="bureau"),
    Actor("owner2", body="street"),
    Actor("Owner", body="street"),
]


@pytest.mark.parametrize("who", OUTSIDERS, ids=str)
@pytest.mark.parametrize(("field", "act"), ACTS)
def test_an_outsider_is_named_by_no_act(
    field: str, act: Callable[[Desk, str | Actor], object], who: str | Actor
) -> None:
    desk = given().fire("describe", "officer", contested=False, people=1)
    refused = refusal(lambda: act(desk, who))
    assert type(refused) is Unmet
    (blocker,) = refused.blockers
    name = who.id if isinstance(who, Actor) else who
    assert (blocker.kind, blocker.facts) == ("office", {"field": field, "actor": name})
    assert blocker.text == Text(
        f"“{field}” must be an office-holder: {name} holds no role here", f"“{field}”应为任职人员：{name}在此无职务"
    )
    assert (blocker.have, blocker.need) == (Text("no role here", "在此无职务"), HERE)
    assert [cure.role for cure in blocker.cure] == ["chief", "clerk"]  # those who appoint
    assert blocker.clause == ()  # the rule is the library's own
    act(desk, "officer")  # the same act, naming somebody in office


def test_an_appointment_cures_it() -> None:
    desk = Desk().drafting()
    refusal(lambda: desk.add("task", "officer", owner="officer2", **TASK))
    desk.appoint("officer", "officer2", "clerk").add("task", "officer", owner="officer2", **TASK)
    named = desk.history[-1][1].hash
    desk.fire("carry_out", "officer2", "task-1", account="x")
    stamp = desk.history[-1][1]
    assert (stamp.actor, stamp.role, stamp.mandate) == (Actor("officer2", body="bureau"), "owner", named)


def test_it_is_said_beside_everything_else() -> None:
    desk = Desk().drafting()
    refused = refusal(lambda: desk.fire("submit", "reviewer", lead="stranger"))
    assert type(refused) is NotYourRole
    assert kinds(refused) == ["role", "unstated", "unstated", "office"]
    assert "“lead” must be an office-holder" in refused.describe("en")
    assert "“lead”应为任职人员：stranger在此无职务——可由主任、文员补正" in refused.describe("zh")


def test_each_field_is_told_apart() -> None:
    two = changed(
        (
            'set = ["owner", "deadline"] },\n  { trigger = "reassign"',
            'set = ["owner", "deputy", "deadline"] },\n  { trigger = "reassign"',
        ),
        ("fields.owner = ", 'fields.deputy = { type = "actor" }\nfields.owner = '),
    )
    desk = Desk(two).drafting()
    refused = refusal(lambda: desk.add("task", "officer", owner="stranger", deputy="nobody", **TASK))
    assert [blocker.facts["field"] for blocker in refused.blockers] == ["owner", "deputy"]
    refused = refusal(lambda: desk.add("task", "officer", owner="judge", deputy="nobody", **TASK))
    assert [blocker.facts["actor"] for blocker in refused.blockers] == ["nobody"]


def test_who_is_named_already_or_not_at_all_is_not_asked_about() -> None:
    """What is left out names nobody, and nobody is asked about a name that stands there already."""
    desk = Desk().drafting()
    desk.add("sample", "clerk", count=1)
    desk = given()
    desk.offices = tuple(held for held in OFFICES if held.actor != "owner")
    desk.amend("officer", "task-1", deadline=START.date().replace(day=30))
    event, stamp = desk.history[-1]
    assert (type(event), stamp.actor, stamp.role) == (Amended, Actor("officer", body="bureau"), "officer")
    assert desk.value.items["task-1"].fields["owner"] == "owner"


# Those in office, and those who were


@pytest.mark.parametrize("who", ["owner", "judge2", "chief", "officer", "reviewer2"])
def test_whoever_is_in_office_may_be_named(who: str) -> None:
    desk = given(who)
    desk.fire("carry_out", who, "task-1", account="x")
    assert (desk.history[-1][1].role, desk.history[-1][1].mandate) == ("owner", desk.history[-2][1].hash)


def test_who_was_relieved_and_has_acted_may_be_named_and_may_answer() -> None:
    desk = relieved(acted=True)
    desk.add("task", "officer", owner="officer2", **TASK)
    assert [option.trigger for option in desk.available("officer2")] == ["reassign", "carry_out"]
    desk.fire("carry_out", "officer2", "task-1", account="x")
    assert (desk.history[-1][1].role, desk.value.roles_of("officer2")) == ("owner", frozenset())
    refused = refusal(lambda: desk.fire("describe", "officer2", contested=True, people=2))
    assert kinds(refused) == ["role"]  # and nothing beyond that


def test_who_was_relieved_and_has_not_acted_is_an_outsider_again() -> None:
    desk = relieved(acted=False)
    refused = refusal(lambda: desk.add("task", "officer", owner="officer2", **TASK))
    assert kinds(refused) == ["office"]
    desk.appoint("officer", "officer2").add("task", "officer", owner="officer2", **TASK)


def test_trying_is_not_acting() -> None:
    desk = Desk().drafting()
    refusal(lambda: desk.fire("describe", "stranger", contested=False, people=1))
    refusal(lambda: desk.add("task", "stranger", owner="stranger", **TASK))
    assert kinds(refusal(lambda: desk.add("task", "officer", owner="stranger", **TASK))) == ["office"]


def test_who_was_named_in_office_answers_also_when_relieved_before_acting() -> None:
    """Else whoever is concerned could be silenced by relieving them. Nobody names them again, nor do they themselves."""
    desk = Desk().drafting().appoint("officer", "officer2")
    desk.add("task", "officer", owner="officer2", **TASK)
    desk.relieve("officer", "officer2")
    for by in ("chief", "officer2"):
        assert kinds(refusal(lambda by=by: desk.fire("reassign", by, "task-1", owner="officer2", **TASK))) == ["office"]
    desk.fire("carry_out", "officer2", "task-1", account="x")
    assert desk.history[-1][1].role == "owner"


def test_a_standing_office_that_ended_counts_by_what_was_done_in_it() -> None:
    desk = Desk().drafting()
    desk.offices = tuple(held for held in OFFICES if held.actor not in ("owner", "chief"))
    desk.add("task", "officer", owner="chief", **TASK)  # who opened the case
    assert kinds(refusal(lambda: desk.add("task", "officer", owner="owner", **TASK))) == ["office"]


def test_what_somebody_does_in_another_case_is_no_office_here() -> None:
    desk = Desk(elsewhere={"stranger": frozenset({"officer", "judge"})}).drafting()
    assert kinds(refusal(lambda: desk.add("task", "officer", owner="stranger", **TASK))) == ["office"]


def test_the_office_counts_and_not_the_body_acted_for() -> None:
    desk = given("judge")
    assert kinds(refusal(lambda: desk.fire("carry_out", Actor("judge", body="street"), "task-1", account="x"))) == [
        "role"
    ]
    desk.fire("carry_out", "judge", "task-1", account="x")


# Asking


def test_asking_accuses_nobody_who_is_not_named_yet() -> None:
    desk = given().fire("describe", "officer", contested=False, people=1)
    assert desk.blockers("reassign", "chief", "task-1") == ()
    assert desk.blockers("reassign", "chief", "task-1", deadline=START.date()) == ()
    assert desk.blockers("submit", "officer") == ()
    assert {option.trigger for option in desk.available("officer")} >= {"add", "submit"}
    desk.offices = tuple(held for held in OFFICES if held.actor != "owner")
    assert [option.trigger for option in desk.available("owner")] == ["reassign", "carry_out"]


def test_asking_tells_of_who_is_named() -> None:
    desk = given().fire("describe", "officer", contested=False, people=1)
    refused = refusal(lambda: desk.fire("submit", "officer", lead="stranger"))
    assert desk.blockers("submit", "officer", lead="stranger") == refused.blockers
    assert kinds(refusal(lambda: desk.fire("reassign", "chief", "task-1", owner="stranger", **TASK))) == ["office"]
    assert [one.kind for one in desk.blockers("reassign", "chief", "task-1", owner="stranger")] == ["office"]
    command = Add(actor=actor("officer"), basis=BASIS, kind="task", values={"owner": "stranger"})
    assert [one.kind for one in blockers(desk.procedure, desk.value, command, desk.context)] == ["office"]


# Before a case is open, and when it is over


NAMED_AT_ONCE = changed(('set = ["sector", "remark"]', 'set = ["sector", "remark", "lead"]'))


def test_who_opens_a_case_names_holders_of_standing_offices_only() -> None:
    desk = Desk(NAMED_AT_ONCE, elsewhere={"officer": frozenset({"officer"})})
    for who in ("officer", "stranger"):
        (blocker,) = refusal(lambda who=who: desk.open(sector="water", lead=who)).blockers
        assert blocker.text == Text(
            f"“lead” must be an office-holder: {who} holds no standing office",
            f"“lead”应为任职人员：{who}未任常设职务",
        )
        assert blocker.need == Text("somebody who holds a standing office", "担任常设职务的人员")
        assert (blocker.kind, blocker.cure) == ("office", ())  # nobody appoints before there is a case
        assert desk.case is None
    desk.open(sector="water", lead="owner")
    assert desk.value.facts["lead"] == "owner"


@pytest.mark.parametrize("who", ["chief", "judge"])
def test_who_opens_a_case_may_name_themselves(who: str) -> None:
    desk = Desk(NAMED_AT_ONCE).open(sector="water", lead=who)
    assert desk.value.facts["lead"] == who


def test_when_the_case_is_over_nobody_can_be_appointed_for_it() -> None:
    notice = (
        'states.posted = { final = true }\ntransitions = [{ trigger = "add", dest = "posted", by = ["clerk"], ',
        'fields.about = { type = "actor" }\nstates.posted = { final = true }\n'
        'transitions = [{ trigger = "add", dest = "posted", by = ["clerk"], set = ["about"], ',
    )
    desk = Desk(changed(notice)).done()
    (blocker,) = refusal(lambda: desk.add("notice", "clerk", about="stranger")).blockers
    assert (blocker.kind, blocker.need, blocker.cure) == ("office", HERE, ())
    desk.add("notice", "clerk", about="officer")


# Ways round


def test_being_named_makes_no_office() -> None:
    """Who stands in one field, or does what that lets them, is not thereby in office; who handed it on neither."""
    desk = given()
    desk.offices = tuple(held for held in OFFICES if held.actor != "owner")
    assert kinds(refusal(lambda: desk.add("task", "officer", owner="owner", **TASK))) == ["office"]
    assert kinds(refusal(lambda: desk.fire("reassign", "owner", "task-1", owner="owner", **TASK))) == ["office"]
    assert kinds(refusal(lambda: desk.fire("reassign", "owner", "task-1", owner="crony", **TASK))) == ["office"]


def test_nobody_gets_in_by_an_act_of_which_they_are_the_party() -> None:
    """The row's party is whoever stood in the field before the act."""
    row = '{ trigger = "reassign", source = "given", by = ["chief", "owner", "officer"], set = ["owner", "deadline"] }'
    own = row.replace('["chief", "owner"]', '["owner"]')
    adds = '{ trigger = "add", dest = "given", by = ["officer"], set'
    desk = Desk(changed((row, own), (adds, adds.replace('["officer"]', '["officer", "owner"]')))).drafting()
    assert kinds(refusal(lambda: desk.add("task", "crony", owner="crony", **TASK))) == ["role", "office"]
    desk.add("task", "officer", owner="owner", **TASK)
    refused = refusal(lambda: desk.fire("reassign", "crony", "task-1", owner="crony", **TASK))
    assert kinds(refused) == ["role", "office"]
    assert kinds(refusal(lambda: desk.fire("reassign", "crony", "task-1", owner="chief", **TASK))) == ["role"]


def test_no_procedure_lays_out_a_name_and_no_correction_changes_one() -> None:
    preset = ('fields.aspect = { type = "choice", of = "aspect" }', 'fields.aspect = { type = "actor" }')
    with pytest.raises(ProcedureError, match="does not hold one choice"):
        changed(preset)
    desk = given()
    for who in ("stranger", "officer"):
        with pytest.raises(InvalidInput, match="names an office-holder"):
            desk.amend("officer", "task-1", owner=who)


def test_a_new_office_does_not_heal_what_was_named_before() -> None:
    """An office-holder named for one body acts for the body of the office they hold now."""
    desk = given()
    desk.offices = (
        *(held for held in OFFICES if held.actor != "owner"),
        Appointment("contributor", "owner", "depot", "founding-13"),
    )
    assert kinds(refusal(lambda: desk.fire("carry_out", "owner", "task-1", account="x"))) == ["role"]
    desk.fire("carry_out", Actor("owner", body="depot"), "task-1", account="x")
    assert (desk.history[-1][1].actor, desk.history[-1][1].role) == (Actor("owner", body="depot"), "owner")


# In an engine

ADVISED = worlds.SMALL.replace(
    "[roles.clerk]", '[roles.adviser]\ntitle = { en = "adviser", zh = "顾问" }\n\n[roles.clerk]'
)


def test_in_one_block_an_appointment_counts_at_once_and_so_does_a_relief() -> None:
    case = worlds.opened(worlds.constituted(worlds.engine_on("memory:")))
    with case.acting(CHAIR, basis=BASIS) as act:
        with pytest.raises(Unmet, match="must be an office-holder"):
            act.add("note", **NOTE | {"owner": OUTSIDER})
        act.appoint("clerk", OUTSIDER)
        act.add("note", **NOTE | {"owner": OUTSIDER})
        act.relieve("clerk", OUTSIDER)
        with pytest.raises(Unmet, match="must be an office-holder"):
            act.add("note", **NOTE | {"owner": OUTSIDER})
    assert [item.fields["owner"] for item in case.value.of_kind("note")] == [OUTSIDER.id]


def test_who_is_relieved_meanwhile_is_not_named() -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    rival = worlds.engine_over(store).case(case.id)
    store.interleave(lambda: rival.relieve("auditor", AUDITOR, by=CHAIR, basis=BASIS))
    with pytest.raises(Unmet, match="must be an office-holder: auditor-1 holds no role here"):
        case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": AUDITOR})
    assert case.value.of_kind("note") == ()


def test_nor_is_who_leaves_a_standing_office_meanwhile() -> None:
    two = worlds.loads(ADVISED)
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store, procedures=[two]))
    rival = worlds.engine_over(store, procedures=[two])
    engine.constitute("small", "adviser", OUTSIDER, basis=BASIS)
    case = worlds.opened(engine)
    case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": OUTSIDER})
    store.interleave(lambda: rival.withdraw("small", "adviser", OUTSIDER, basis=BASIS))
    with pytest.raises(Unmet, match="must be an office-holder: nobody-1 holds no role here"):
        case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": OUTSIDER})
    assert len(case.value.of_kind("note")) == 1


def test_an_office_of_another_procedure_version_or_case_is_none_here() -> None:
    two = worlds.loads(ADVISED.replace('version = "1"', 'version = "2"'))
    engine = worlds.constituted(worlds.engine_over(MemoryStore()))
    case = worlds.opened(engine)
    engine.constitute(two, "adviser", OUTSIDER, basis=BASIS)
    other = engine.open_case("small@1", BRIDGE, by=CHAIR, basis=BASIS)
    helper = Actor("c-9", body="office")
    other.appoint("clerk", helper, by=CHAIR, basis=BASIS)
    other.add("note", by=helper, basis=BASIS, **NOTE | {"owner": helper})
    for who in (OUTSIDER, helper, "host:operator", "system:tick"):
        with pytest.raises(Unmet, match="must be an office-holder"):
            case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": who})
    newer = engine.open_case(two, BRIDGE, by=CHAIR, basis=BASIS)
    newer.add("note", by=CHAIR, basis=BASIS, **NOTE | {"owner": OUTSIDER})


def test_whoever_is_concerned_by_a_finding_is_in_office_or_was_and_may_reply() -> None:
    engine = stabflow.open("memory:")
    five_steps.constitute(engine)
    case = engine.open_case("five-step", BRIDGE, by=CHIEF, basis="order")
    for office, who in five_steps.APPOINTED.items():
        case.appoint(office, who, by=CHIEF, basis="order")
    case.fire(
        "screen_in", by=REVIEWERS[0], basis="order", scope_items=["planning"], scope_reasons="r", exemption="none"
    )
    case.add("consultation", by=ASSESSOR, basis="order", method="expert_review", invited=3)
    for office, who in five_steps.APPOINTED.items():
        case.relieve(office, who, by=CHIEF, basis="recall")
    finding = case.add("finding", by=OVERSEERS[0], basis="file 1", breach="poorly_done", account="a")
    resident = Actor("resident-1", body="village")
    for who in (resident, IMPLEMENTER):  # the builder was relieved before doing anything
        with pytest.raises(Unmet) as caught:
            case.fire("notify", item=finding, by=OVERSEERS[0], basis="file 1", concerned=who)
        assert kinds(caught.value) == ["office"]
        assert "“所涉责任人”应为任职人员" in caught.value.describe("zh")
    case.fire("notify", item=finding, by=OVERSEERS[0], basis="file 1", concerned=ASSESSOR)
    record = case.fire("reply", item=finding, by=ASSESSOR, basis="reply", defence="it was in time")
    assert (record.role, case.value.of_kind("finding")[0].state) == ("concerned", "replied")
    assert engine.verify().cases == 1
