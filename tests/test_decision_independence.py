"""Nobody judges their own work, acts in two roles that are apart, or counts twice; and no way round it."""

from __future__ import annotations

import pytest
from procedures_for_tests import OFFICES, START, Desk, actor, changed, kinds

from stabflow.case import Appointment
from stabflow.errors import Unmet
from stabflow.values import Actor

# officers may become reviewers, so that only what they have done stands against it
NOT_APART = changed(('roles = ["officer", "reviewer"]\nclause', 'roles = ["specialist", "reviewer"]\nclause'))
CHIEF_ADDS = ('dest = "given", by = ["officer"]', 'dest = "given", by = ["officer", "chief"]')


def given(owner: str = "owner", by: str = "officer") -> Desk:
    desk = Desk().drafting()
    if by != "officer":
        desk.appoint("officer", by)
    desk.add("task", by, owner=owner, deadline=START.date())
    return desk


# independent_of


def test_who_did_the_act_does_not_judge_it() -> None:
    desk = given().fire("carry_out", "owner", "task-1", account="x")
    with pytest.raises(Unmet) as caught:
        desk.fire("verify", "officer", "task-1")
    assert kinds(caught.value) == ["independent_of"]
    assert {cure.role for cure in caught.value.blockers[0].cure} == {"judge", "chief", "officer"}
    desk.appoint("officer", "officer2").fire("verify", "officer2", "task-1")


def test_not_even_in_another_role_or_for_another_body() -> None:
    offices = (
        *OFFICES,
        Appointment("judge", "owner", "court", "founding-7"),
        Appointment("chief", "owner", "x", "founding-8"),
    )
    desk = given("owner")
    desk.offices = offices
    desk.fire("carry_out", Actor("owner", body="court"), "task-1", account="x")
    for body, role in (("court", "judge"), ("x", "chief"), ("court", None), ("x", None)):
        with pytest.raises(Unmet) as caught:
            desk.fire("verify", Actor("owner", body=body), "task-1", role=role)
        assert kinds(caught.value) == ["independent_of"]


def test_who_stands_in_the_field_is_concerned_without_having_acted() -> None:
    desk = given("next").fire("reassign", "chief", "task-1", owner="judge", deadline=START.date())
    desk.fire("carry_out", "judge", "task-1", account="x")
    desk.fire("send_back", "judge2", "task-1")
    desk.fire("reassign", "chief", "task-1", owner="judge2", deadline=START.date())
    desk.fire("carry_out", "judge2", "task-1", account="x")
    for who in ("judge", "judge2"):
        with pytest.raises(Unmet):
            desk.fire("verify", who, "task-1")
    desk.fire("verify", "chief", "task-1")


def test_naming_somebody_else_with_the_same_act_does_not_help() -> None:
    text = ('by = ["owner"], set = ["account"] }', 'by = ["owner", "officer"], set = ["account"] }')
    desk = Desk(changed(text)).drafting()
    desk.add("task", "officer", owner="judge", deadline=START.date())
    desk.fire("carry_out", "officer", "task-1", account="x")
    with pytest.raises(Unmet) as caught:
        desk.fire("take_over", "judge", "task-1", owner="owner")
    assert kinds(caught.value) == ["independent_of"]
    with pytest.raises(Unmet):
        desk.fire("take_over", "judge2", "task-1", owner="judge2")
    desk.fire("take_over", "judge2", "task-1", owner="owner")


def test_a_subordinate_does_not_judge_a_superiors_work() -> None:
    text = (
        '{ trigger = "add", dest = "given", by = ["officer"]',
        '{ trigger = "add", dest = "given", by = ["officer", "chief"]',
    )
    desk = Desk(changed(text)).drafting().appoint("officer", "officer2")
    desk.add("task", "chief", owner="owner", deadline=START.date())
    desk.fire("carry_out", "owner", "task-1", account="x")
    with pytest.raises(Unmet) as caught:
        desk.fire("verify", "officer2", "task-1")
    assert "below" in caught.value.blockers[0].text.en
    both = (*OFFICES, Appointment("judge", "officer2", "bureau", "founding-7"))
    desk.offices = both  # holding another role too does not lift them above
    with pytest.raises(Unmet):
        desk.fire("verify", "officer2", "task-1", role="judge")
    desk.fire("verify", "judge", "task-1")


def test_a_relieved_superior_remains_the_superior_who_did_it() -> None:
    text = (
        '{ trigger = "add", dest = "given", by = ["officer"]',
        '{ trigger = "add", dest = "given", by = ["officer", "chief"]',
    )
    desk = Desk(changed(text)).drafting()
    desk.add("task", "chief", owner="owner", deadline=START.date())
    desk.fire("carry_out", "owner", "task-1", account="x")
    desk.offices = tuple(held for held in OFFICES if held.role != "chief")
    with pytest.raises(Unmet):
        desk.fire("verify", "officer", "task-1")


def test_who_amends_the_work_has_done_it_too() -> None:
    desk = given("owner").appoint("officer", "officer2")
    desk.amend("officer2", "task-1", deadline=START.date().replace(day=30))
    desk.fire("carry_out", "owner", "task-1", account="x")
    for who in ("officer", "officer2"):
        with pytest.raises(Unmet) as caught:
            desk.fire("verify", who, "task-1")
        assert kinds(caught.value) == ["independent_of"]
    desk.appoint("officer", "officer3").fire("verify", Actor("officer3", body="street"), "task-1")


def test_acts_of_earlier_rounds_count_as_well() -> None:
    desk = Desk().reviewing().fire("send_back", "reviewer", reasons="r")
    desk.relieve("officer", "officer").appoint("officer", "officer2")
    desk.fire("submit", "officer2", lead="officer2").wait(hours=1)
    for item in desk.value.of_kind("criterion"):
        if item.state == "open":
            desk.fire("assess", "officer2", item.id, verdict="good")
    desk.fire("pass_check", "officer2")
    desk.procedure = changed(
        ('roles = ["officer", "reviewer"]\nclause = "1"', 'roles = ["specialist", "reviewer"]\nclause = "1"')
    )
    desk.relieve("reviewer", "reviewer2").appoint("reviewer", "officer")
    with pytest.raises(Unmet) as caught:
        desk.fire("confirm", "officer", confirmed=True)
    assert kinds(caught.value) == ["independent_of"]


# Separations


def test_nobody_is_appointed_to_two_roles_that_are_apart() -> None:
    desk = Desk().drafting()
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", "reviewer")
    assert (kinds(caught.value), caught.value.blockers[0].clause) == (["separation"], ("1",))
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", Actor("judge", body="court"))
    assert caught.value.blockers[0].clause == ("2",)


def test_being_relieved_does_not_undo_having_acted() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=False, people=1)
    desk.relieve("officer", "officer").relieve("reviewer", "reviewer2")
    for body in ("bureau", "board"):
        with pytest.raises(Unmet) as caught:
            desk.appoint("reviewer", Actor("officer", body=body))
        assert kinds(caught.value) == ["separation"]
    desk.appoint("reviewer", "reviewer2")
    desk.appoint("officer", "officer")
    assert desk.value.roles_of("officer") == {"officer"}


def test_who_has_not_acted_may_change_sides() -> None:
    desk = Desk().drafting().relieve("reviewer", "reviewer2")
    desk.appoint("officer", "reviewer2")
    appointed = desk.history[-1][1].hash
    desk.fire("describe", "reviewer2", contested=False, people=1)
    stamp = desk.history[-1][1]
    assert (stamp.actor, stamp.role, stamp.mandate) == (Actor("reviewer2", body="board"), "officer", appointed)
    assert desk.value.acted["reviewer2"] == {"officer"}


def test_an_office_filled_afterwards_does_not_let_its_holder_act_in_both() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=False, people=1)
    desk.fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    desk.offices = (*OFFICES, Appointment("judge", "officer", "bureau", "founding-7"))
    with pytest.raises(Unmet) as caught:
        desk.add("vote", "officer", position="for")
    assert kinds(caught.value) == ["separation"]
    with pytest.raises(Unmet):
        desk.fire("suspend", "officer", wake_on=START.date(), role="judge")
    assert not [option for option in desk.available("officer") if option.kind == "vote"]


def test_across_cases_on_one_matter() -> None:
    desk = Desk(elsewhere={"officer": frozenset({"judge"}), "reviewer": frozenset({"officer"})}).open()
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", "officer")
    assert "another case on this matter" in caught.value.blockers[0].text.en
    desk.appoint("reviewer", "reviewer")  # officer and reviewer are apart within a case only
    desk = Desk(elsewhere={"judge": frozenset({"officer"})}).reviewing()
    with pytest.raises(Unmet) as caught:
        desk.add("vote", "judge", position="for")
    assert kinds(caught.value) == ["separation"]
    desk.add("vote", "judge2", position="for")


OFTEN_APART = (
    'across = "matter"\nclause = "2"\n',
    'across = "matter"\nclause = "2"\n[[separations]]\nroles = ["judge", "officer"]\nclause = ["1", "3"]\n'
    '[[separations]]\nroles = ["officer", "judge"]\nacross = "matter"\nclause = ["3", "2"]\n',
)


def test_a_pair_that_is_apart_in_several_ways_is_one_reason_under_every_clause() -> None:
    desk = Desk(changed(OFTEN_APART), elsewhere={"judge": frozenset({"judge"})}).drafting()
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", "judge")
    (blocker,) = caught.value.blockers
    assert (blocker.kind, blocker.clause) == ("separation", ("2", "3", "1"))
    assert blocker.text.en.endswith("judge in this case")  # what is here goes before what is elsewhere
    desk = Desk(changed(OFTEN_APART), elsewhere={"officer2": frozenset({"judge"})}).drafting()
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", "officer2")
    (blocker,) = caught.value.blockers
    assert blocker.clause == ("2", "3")  # what is apart within a case says nothing about another one
    assert blocker.text.en.endswith("judge in another case on this matter")
    desk = Desk(changed(OFTEN_APART)).checking()
    desk.assess().fire("pass_check", "officer")
    desk.offices = (*OFFICES, Appointment("judge", "officer", "bureau", "founding-7"))
    with pytest.raises(Unmet) as caught:
        desk.add("vote", "officer", position="for")
    assert [one.clause for one in caught.value.blockers] == [("2", "3", "1")]


def test_of_two_roles_that_may_the_one_that_nothing_stands_against_is_taken() -> None:
    desk = Desk(NOT_APART).checking()
    desk.assess().fire("pass_check", "officer").relieve("reviewer", "reviewer2")
    desk.appoint("reviewer", "officer")
    desk.offices = (*OFFICES, Appointment("judge", "officer", "bureau", "founding-7"))
    desk.add("vote", "officer", position="for")
    assert desk.history[-1][1].role == "reviewer"
    desk.fire("begin_anew", "reviewer")
    with pytest.raises(Unmet) as caught:
        desk.add("vote", "officer", role="judge", position="for")
    assert kinds(caught.value) == ["separation"]


# unique


def test_nobody_votes_twice_by_two_roles_or_bodies() -> None:
    desk = Desk()
    desk.offices = (*OFFICES, Appointment("judge", "reviewer", "court", "founding-7"))
    desk.reviewing()
    desk.add("vote", Actor("reviewer", body="board"), position="for")
    for body, role in (("court", None), ("court", "judge"), ("board", "reviewer")):
        with pytest.raises(Unmet) as caught:
            desk.add("vote", Actor("reviewer", body=body), role=role, position="for")
        assert kinds(caught.value) == ["unique"]


def test_the_same_choices_in_another_order_are_the_same() -> None:
    desk = Desk().drafting()
    desk.add("label", "clerk", trigger="add_marked", marks=["law", "money"])
    with pytest.raises(Unmet):
        desk.add("label", "clerk", trigger="add_marked", marks=["money", "law"])
    desk.add("label", "clerk", trigger="add_marked", marks=["money"])


def test_what_is_unstated_is_like_nothing_and_cannot_become_alike_later() -> None:
    limit = ', requires = [\n    { items = "label", where = { marks = "money" }, at_most = 1 },\n  ] }'
    desk = Desk(changed((limit, " }"))).drafting()
    assert [desk.add("label", "clerk") for _ in range(3)] == ["label-1", "label-2", "label-3"]
    desk.fire("mark", "clerk", "label-1", marks="law")
    with pytest.raises(Unmet) as caught:
        desk.fire("mark", "clerk", "label-2", marks="law")
    assert kinds(caught.value) == ["unique"]
    desk.fire("mark", "clerk", "label-2", marks="money")
    desk.fire("mark", "clerk", "label-1", marks="law")  # as it is
    with pytest.raises(Unmet) as caught:
        desk.amend("clerk", "label-2", marks="law")
    assert "unique" in kinds(caught.value)


def test_offices_are_held_by_whom_the_context_says() -> None:
    desk = Desk().reviewing()
    assert actor("judge").body == "court"
    desk.offices = OFFICES[:2]
    assert desk.available("judge") == []
