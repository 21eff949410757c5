"""Who may do what: every act that writes is somebody's by a row, in a role, under a mandate; everybody else is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from procedures_for_tests import OFFICES, START, Desk, actor, changed, kinds

from stabflow.case import Appointment
from stabflow.decision.events import Added, Amended, Appointed, ItemMoved, Moved, Opened, Relieved
from stabflow.errors import InvalidInput, NotPermitted, NotYourRole, ProcedureError, Refused, Unmet
from stabflow.text import Text
from stabflow.values import Actor

OUT_OF_OFFICE = tuple(held for held in OFFICES if held.actor != "owner")


def prepared() -> Desk:
    desk = Desk().drafting()
    desk.fire("describe", "officer", contested=False, people=10)
    desk.add("task", "officer", owner="owner", deadline=START.date())
    return desk


ACTS: dict[str, tuple[str, Callable[[Desk, Actor], object], type]] = {
    "appoint": ("chief", lambda desk, by: desk.appoint("officer", "officer2", by), Appointed),
    "relieve": ("chief", lambda desk, by: desk.relieve("reviewer", "reviewer2", by), Relieved),
    "state": ("officer", lambda desk, by: desk.fire("describe", by, contested=True, people=3), Moved),
    "move": ("officer", lambda desk, by: desk.fire("submit", by, lead="officer"), Moved),
    "add": ("officer", lambda desk, by: desk.add("hearing", by, day=START.date(), invited=3), Added),
    "move an item": ("owner", lambda desk, by: desk.fire("carry_out", by, "task-1", account="done"), ItemMoved),
    "amend": ("officer", lambda desk, by: desk.amend(by, people=11), Amended),
    "amend an item": ("officer", lambda desk, by: desk.amend(by, "task-1", deadline=date(2026, 4, 9)), Amended),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_by_who_holds_the_role_names_role_and_mandate(name: str) -> None:
    who, act, event = ACTS[name]
    desk = prepared()
    act(desk, actor(who))
    happened, stamp = desk.history[-1]
    assert type(happened) is event
    assert stamp.role == who
    mandates = {held.actor: held.mandate for held in (*OFFICES, *desk.value.appointments)}
    assert stamp.mandate == (mandates | {"owner": "hash-6"})[who]  # the owner's is the act that named them
    assert desk.replayed() == desk.case


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("who", [Actor("nobody", body="street"), actor("clerk"), actor("reviewer"), actor("judge")])
def test_nobody_else_may(name: str, who: Actor) -> None:
    role, act, _ = ACTS[name]
    desk = prepared()
    if name == "appoint" and who.id == "clerk":
        act(desk, who)
        return
    with pytest.raises(NotYourRole) as caught:
        act(desk, who)
    (blocker,) = [one for one in caught.value.blockers if one.kind == "role"]
    assert role in caught.value.roles or role == "owner"
    assert {cure.role for cure in blocker.cure} == set(caught.value.roles)
    held = {one.role for one in (*OFFICES, *desk.value.appointments) if one.actor == who.id}
    assert set(caught.value.held) == held


@pytest.mark.parametrize("name", ACTS)
def test_the_right_id_for_another_body_is_somebody_else(name: str) -> None:
    who, act, _ = ACTS[name]
    desk = prepared()
    with pytest.raises(NotYourRole) as caught:
        act(desk, Actor(who, body="elsewhere"))
    assert "not for elsewhere" in caught.value.blockers[0].text.en


def test_an_owner_acts_for_a_body_of_an_office_they_hold_or_when_they_hold_none_any_more_held() -> None:
    """The field names only a person; for whom they speak is told by their offices, here and before, and never by themselves."""
    anywhere = Actor("owner", body="anywhere")
    desk = prepared()
    desk.offices = OUT_OF_OFFICE
    with pytest.raises(NotYourRole) as caught:
        desk.fire("carry_out", anywhere, "task-1", account="done")
    (blocker,) = caught.value.blockers
    assert blocker.have == Text("acts here for street, not for anywhere", "在此代表street，而非anywhere")
    assert blocker.text == Text(
        "only “owner” may do this; owner acts here for street, not for anywhere",
        "仅“owner”可办理；owner在此代表street，而非anywhere",
    )
    desk.fire("carry_out", "owner", "task-1", account="done")
    assert (desk.history[-1][1].role, desk.history[-1][1].actor) == ("owner", actor("owner"))
    desk = prepared()
    desk.offices = OUT_OF_OFFICE
    desk.appoint("specialist", Actor("owner", body="water_bureau"))
    for body in ("street", "anywhere"):
        with pytest.raises(NotYourRole):
            desk.fire("carry_out", Actor("owner", body=body), "task-1", account="done")
    desk.fire("carry_out", Actor("owner", body="water_bureau"), "task-1", account="done")
    assert desk.history[-1][1].role == "owner"
    assert desk.history[-1][1].mandate == "hash-6"


@pytest.mark.parametrize("acted", [True, False])
def test_an_owner_relieved_of_a_role_of_the_case_acts_for_the_body_they_held_it_for(acted: bool) -> None:
    desk = Desk().drafting().appoint("officer", "officer2")
    desk.add("task", "officer", owner="officer2", deadline=START.date())
    if acted:
        desk.fire("describe", "officer2", contested=False, people=3)
    desk.relieve("officer", "officer2")
    with pytest.raises(NotYourRole) as caught:
        desk.fire("carry_out", Actor("officer2", body="supreme-court"), "task-1", account="done")
    assert caught.value.blockers[0].have.en == "acts here for bureau, not for supreme-court"
    assert desk.available(Actor("officer2", body="supreme-court")) == []
    desk.fire("carry_out", "officer2", "task-1", account="done")
    assert desk.history[-1][1].actor == Actor("officer2", body="bureau")
    assert desk.replayed() == desk.case


def test_an_owner_who_asks_to_act_in_a_role_they_do_not_hold_is_told_that() -> None:
    desk = prepared()
    desk.offices = OUT_OF_OFFICE
    with pytest.raises(NotYourRole) as caught:
        desk.fire("reassign", "owner", "task-1", role="chief", owner="chief", deadline=START.date())
    assert caught.value.blockers[0].have == Text("no role here", "在此无职务")


def test_an_owner_whose_offices_nobody_knows_acts_for_nobody() -> None:
    """No row leads there, since only office-holders are named: but where there is nothing to go by, nothing is believed."""
    desk = prepared()
    desk.offices, desk.former = OUT_OF_OFFICE, {}
    with pytest.raises(NotYourRole):
        desk.fire("carry_out", "owner", "task-1", account="done")


@pytest.mark.parametrize("name", [name for name in ACTS if ACTS[name][0] == "officer"])
def test_who_was_relieved_may_nothing_any_more(name: str) -> None:
    _, act, _ = ACTS[name]
    desk = prepared().relieve("officer", "officer")
    with pytest.raises(NotYourRole) as caught:
        act(desk, actor("officer"))
    assert caught.value.held == ()
    act(desk.appoint("officer", "officer"), actor("officer"))


def test_a_standing_office_that_ended_gives_no_right() -> None:
    desk = prepared()
    desk.offices = tuple(held for held in OFFICES if held.role != "chief")
    with pytest.raises(NotYourRole):
        desk.fire("drop", "chief")


# Opening


def test_opening() -> None:
    desk = Desk().open("clerk", sector="roads", remark="urgent")
    event, stamp = desk.history[0]
    assert isinstance(event, Opened)
    assert (event.trigger, event.state, dict(event.values)) == (
        "open",
        "drafting",
        {"sector": "roads", "remark": "urgent"},
    )
    assert (stamp.role, stamp.mandate) == ("clerk", "founding-2")
    assert (event.procedure, event.procedure_version, event.digest) == ("desk", "1", desk.procedure.digest)
    assert desk.value.body == "hall"


@pytest.mark.parametrize("who", [Actor("nobody", body="street"), actor("judge"), Actor("chief", body="street")])
def test_an_outsider_opens_nothing(who: Actor) -> None:
    desk = Desk()
    with pytest.raises(NotYourRole) as caught:
        desk.open(who)
    assert caught.value.roles == ("chief", "clerk")
    assert desk.case is None


def test_an_opening_has_requirements_too() -> None:
    desk = Desk(offices=OFFICES[:2])
    with pytest.raises(Unmet) as caught:
        desk.open()
    (blocker,) = caught.value.blockers
    assert (blocker.kind, blocker.clause) == ("filled", ("3",))
    assert desk.case is None


def test_opening_is_refused_with_everything_at_once() -> None:
    desk = Desk(offices=OFFICES[:2])
    with pytest.raises(NotYourRole) as caught:
        desk.open("judge")
    assert kinds(caught.value) == ["role", "filled"]


def test_a_case_is_opened_once_and_before_anything_else() -> None:
    desk = Desk()
    with pytest.raises(InvalidInput, match="has not been opened"):
        desk.fire("submit", "officer")
    desk.open()
    with pytest.raises(InvalidInput, match="is open already"):
        desk.open()


def test_time_opens_what_it_opens_and_no_person_does() -> None:
    desk = Desk()
    for who in ("chief", "clerk", "judge"):
        with pytest.raises(NotYourRole) as caught:
            desk.open(who, trigger="open_weekly")
        assert caught.value.roles == ()
        assert "time" in caught.value.blockers[0].text.en
    with pytest.raises(InvalidInput, match="did you mean 'open'"):
        desk.open(trigger="opem")


# Appointing


def test_nobody_appoints_themselves() -> None:
    desk = Desk().open()
    for who in ("chief", Actor("chief", body="street")):
        with pytest.raises(Unmet) as caught:
            desk.appoint("officer", who, "chief")
        assert kinds(caught.value) == ["oneself"]


def test_seats_are_limited_and_free_again_after_relief() -> None:
    desk = Desk().drafting()
    with pytest.raises(Unmet) as caught:
        desk.appoint("reviewer", "reviewer3")
    assert kinds(caught.value) == ["seats"]
    desk.relieve("reviewer", "reviewer2").appoint("reviewer", "reviewer3")
    assert [held.actor for held in desk.value.appointments if held.role == "reviewer"] == ["reviewer", "reviewer3"]


def test_nobody_holds_a_role_twice_not_even_for_another_body() -> None:
    desk = Desk().drafting()
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", Actor("officer", body="elsewhere"))
    assert kinds(caught.value) == ["unique"]


def test_who_appoints_what() -> None:
    desk = Desk().open()
    desk.appoint("officer", "officer", "clerk")
    assert desk.history[-1][1].role == "clerk"
    with pytest.raises(NotYourRole) as caught:
        desk.appoint("reviewer", "reviewer", "clerk")
    assert caught.value.roles == ("chief",)
    with pytest.raises(NotYourRole):
        desk.relieve("reviewer", "reviewer", "officer")


def test_a_holder_of_several_roles_appoints_in_the_one_that_may() -> None:
    offices = (*OFFICES, Appointment("clerk", "chief", "annex", "founding-5"))
    desk = Desk(offices=offices).open()
    desk.appoint("officer", "officer", Actor("chief", body="annex"))
    assert (desk.history[-1][1].role, desk.history[-1][1].mandate) == ("clerk", "founding-5")
    with pytest.raises(NotYourRole):
        desk.appoint("reviewer", "reviewer", Actor("chief", body="annex"))
    with pytest.raises(NotYourRole):
        desk.appoint("officer", "officer2", "chief", role="clerk")
    desk.appoint("officer", "officer2", "chief", role="chief")


def test_an_appointee_acts_for_the_body_that_the_procedure_asks_for() -> None:
    desk = Desk().open(sector="roads")
    with pytest.raises(Unmet) as caught:
        desk.appoint("specialist", Actor("s", body="water_bureau"))
    assert kinds(caught.value) == ["body"]
    (blocker,) = caught.value.blockers
    assert blocker.text.en.endswith(
        "must act for the road bureau (road_bureau), not for the water bureau (water_bureau)"
    )
    assert blocker.text.zh.endswith("应代表公路局（road_bureau），而非水务局（water_bureau）")
    desk.appoint("specialist", Actor("s", body="road_bureau"))


def test_where_the_fact_belongs_to_any_body_anybody_may_be_appointed_and_act() -> None:
    desk = Desk(changed(('zh = "路" }, of = "bureau.road_bureau"', 'zh = "路" }, of = "*"'))).open(sector="roads")
    desk.appoint("specialist", Actor("s", body="elsewhere"))
    desk.appoint("officer", "officer")
    desk.fire("resector", "officer", sector="water")
    with pytest.raises(Unmet) as caught:
        desk.fire("resector", Actor("s", body="elsewhere"), sector="roads")
    assert kinds(caught.value) == ["body"], "now it belongs to the water bureau"


def test_any_body_is_no_body_of_a_list() -> None:
    with pytest.raises(ProcedureError, match=r"unknown list '\*'"):
        changed(('of = "bureau.road_bureau"', 'of = "*.any"'))


def test_a_holder_whose_body_no_longer_fits_acts_no_more() -> None:
    desk = Desk().drafting()
    desk.appoint("specialist", Actor("s", body="water_bureau"))
    with pytest.raises(Unmet) as caught:
        desk.relieve("specialist", Actor("s", body="elsewhere"))
    assert kinds(caught.value) == ["role"]
    desk.fire("resector", "officer", sector="roads")
    with pytest.raises(Unmet) as caught:
        desk.fire("resector", Actor("s", body="water_bureau"), sector="water")
    assert kinds(caught.value) == ["body"]
    assert desk.available(Actor("s", body="water_bureau")) == []


def test_a_body_that_follows_from_a_fact_waits_for_the_fact() -> None:
    desk = Desk(
        changed(
            ('appointed_by = ["chief"]\nbody = "sector"', 'body = "sector"'),
            (
                'by = ["chief", "clerk"]\nset = ["sector", "remark"]\nrequires = [{ filled = ["judge"], clause = "3" }, '
                '{ value = "sector", is = ["water", "roads"] }]',
                'by = ["chief", "specialist"]\nset = ["remark"]',
            ),
        )
    )
    specialist = Actor("s", body="road_bureau")
    desk.offices = (*OFFICES, Appointment("specialist", "s", "road_bureau", "founding-9"))
    with pytest.raises(Unmet) as caught:
        desk.open(specialist, remark="r")
    assert kinds(caught.value) == ["unstated"]
    desk.open(remark="r").appoint("officer", "officer")
    assert "resector" in [option.trigger for option in desk.available(specialist)]
    with pytest.raises(Unmet) as caught:
        desk.fire("resector", specialist, sector="water")
    assert kinds(caught.value) == ["body"]
    desk.fire("resector", specialist, sector="roads")


def test_a_standing_office_is_not_filled_in_a_case() -> None:
    desk = Desk().open()
    with pytest.raises(
        InvalidInput, match=r"standing office .*engine\.constitute\(…\); case\.appoint\(…\) is for the roles"
    ):
        desk.appoint("judge", "somebody")
    with pytest.raises(InvalidInput, match="did you mean 'officer'"):
        desk.appoint("oficer", "somebody")
    with pytest.raises(
        InvalidInput, match=r"standing office .*engine\.withdraw\(…\); case\.relieve\(…\) is for the roles"
    ):
        desk.relieve("chief", "chief")


def test_nobody_is_appointed_when_the_case_is_over() -> None:
    desk = Desk().open().fire("drop", "chief")
    with pytest.raises(Unmet) as caught:
        desk.appoint("officer", "officer")
    assert kinds(caught.value) == ["state"]


def test_an_appointment_is_refused_with_everything_at_once() -> None:
    desk = Desk().drafting()
    with pytest.raises(NotYourRole) as caught:
        desk.appoint("reviewer", "officer", "officer")
    assert kinds(caught.value) == ["role", "oneself", "seats", "separation"]


def test_only_who_holds_a_role_is_relieved_of_it() -> None:
    desk = Desk().drafting()
    for who in (actor("officer2"), Actor("officer", body="elsewhere"), actor("reviewer")):
        with pytest.raises(Unmet) as caught:
            desk.relieve("officer", who)
        assert kinds(caught.value) == ["role"]


def test_who_is_relieved_of_one_role_keeps_the_others() -> None:
    desk = Desk().drafting().appoint("specialist", Actor("officer", body="water_bureau"))
    desk.relieve("officer", "officer")
    assert desk.value.roles_of("officer") == {"specialist"}


# The role that a command names


def test_a_named_role_is_the_one_acted_in() -> None:
    offices = (*OFFICES, Appointment("clerk", "chief", "hall", "founding-5"))
    desk = Desk(offices=offices).open("chief", role="clerk")
    assert (desk.history[0][1].role, desk.history[0][1].mandate) == ("clerk", "founding-5")
    with pytest.raises(NotYourRole) as caught:
        desk.fire("drop", "chief", role="clerk")
    assert "asks to act as “clerk”" in caught.value.blockers[0].text.en


def test_an_unknown_role_is_a_faulty_input() -> None:
    desk = prepared()
    for act in (
        lambda: desk.fire("describe", "officer", role="oficer", contested=True, people=1),
        lambda: desk.add("sample", "clerk", role="oficer"),
        lambda: desk.appoint("officer", "x", role="oficer"),
        lambda: desk.amend("officer", role="oficer", people=4),
    ):
        with pytest.raises(InvalidInput, match="did you mean 'officer'"):
            act()
    with pytest.raises(NotYourRole):
        desk.fire("describe", "officer", role="owner", contested=True, people=1)


# What a refusal says of who may


def said(act: Callable[[], object]) -> tuple[Text, Text, Text]:
    """The sentence, and what is there and needed, of the first blocker."""
    with pytest.raises(Refused) as caught:
        act()
    blocker = caught.value.blockers[0]
    return blocker.text, blocker.have, blocker.need


def test_who_may_is_quoted_and_who_asked_is_told_what_they_hold() -> None:
    desk = prepared().appoint("specialist", Actor("officer", body="water_bureau"))
    vote = Text("“judge” or “reviewer”", "“裁定人”或“审查人”")
    for act, sentence, have, need in (
        (
            lambda: desk.add("vote", "officer", position="for"),
            Text(
                "only “judge” or “reviewer” may do this; officer holds: officer, specialist for water_bureau, not for bureau",
                "仅“裁定人”或“审查人”可办理；officer现任：经办人、专员（代表water_bureau，而非bureau）",
            ),
            Text(
                "officer, specialist for water_bureau, not for bureau", "经办人、专员（代表water_bureau，而非bureau）"
            ),
            vote,
        ),
        (
            lambda: desk.add("vote", "stranger", position="for"),
            Text(
                "only “judge” or “reviewer” may do this; stranger holds no role here",
                "仅“裁定人”或“审查人”可办理；stranger在此无职务",
            ),
            Text("no role here", "在此无职务"),
            vote,
        ),
        (
            lambda: desk.add("vote", "judge", role="chief", position="for"),
            Text(
                "only “judge” or “reviewer” may do this; judge asks to act as “chief”",
                "仅“裁定人”或“审查人”可办理；judge请求以“主任”身份办理",
            ),
            Text("asks to act as “chief”", "请求以“主任”身份办理"),
            vote,
        ),
        (
            lambda: desk.add("vote", "officer", role="judge", position="for"),  # asked for rightly, but not held
            Text(
                "only “judge” or “reviewer” may do this; officer holds: officer, specialist for water_bureau, not for bureau",
                "仅“裁定人”或“审查人”可办理；officer现任：经办人、专员（代表water_bureau，而非bureau）",
            ),
            Text(
                "officer, specialist for water_bureau, not for bureau", "经办人、专员（代表water_bureau，而非bureau）"
            ),
            vote,
        ),
        (
            lambda: desk.add("alarm", "chief"),
            Text("only time, no person, may do this; chief holds: chief", "仅期限（并非个人）可办理；chief现任：主任"),
            Text("chief", "主任"),
            Text("time, no person,", "期限（并非个人）"),
        ),
    ):
        assert said(act) == (sentence, have, need)


def test_a_role_that_nobody_holds_is_said_to_be_vacant() -> None:
    desk = Desk().open()
    assert said(lambda: desk.fire("resector", "chief", sector="roads")) == (
        Text("nobody holds “officer” or “specialist”: appoint somebody first", "“经办人”或“专员”无人任职：请先任命"),
        Text("vacant", "无人任职"),
        Text("“officer” or “specialist”", "“经办人”或“专员”"),
    )
    desk.offices = tuple(held for held in OFFICES if held.role != "clerk")
    assert said(lambda: desk.add("sample", "chief")) == (
        Text(
            "nobody holds “clerk”: it is a standing office, to be constituted outside the case",
            "“文员”无人任职：属常设职务，须在案件之外任命",
        ),
        Text("vacant", "无人任职"),
        Text("“clerk”", "“文员”"),
    )


def test_the_fact_that_a_body_waits_for_is_quoted() -> None:
    titled = (
        'sector = { type = "choice", of = "sector" }',
        'sector = { type = "choice", of = "sector", title = { en = "line", zh = "行业" } }',
    )
    asked = (
        'set = ["sector", "remark"]\nrequires = [{ filled = ["judge"], clause = "3" }, '
        '{ value = "sector", is = ["water", "roads"] }]',
        'set = ["remark"]',
    )
    desk = Desk(changed(titled, asked)).open(remark="r")
    text, _, need = said(lambda: desk.appoint("specialist", Actor("s", body="water_bureau")))
    assert (text, need) == (Text("state “line” first", "请先填报“行业”"), Text("line", "行业"))


# An actor field as `by`


def test_nobody_makes_themselves_the_party_of_the_same_act() -> None:
    desk = Desk(
        changed(
            (
                '{ trigger = "add", dest = "given", by = ["officer"]',
                '{ trigger = "add", dest = "given", by = ["officer", "owner"]',
            )
        )
    )
    desk.drafting()
    with pytest.raises(NotYourRole) as caught:
        desk.add("task", "next", owner="next", deadline=START.date())
    assert kinds(caught.value) == ["role"]
    desk.add("task", "officer", owner="owner", deadline=START.date())
    with pytest.raises(NotYourRole) as caught:
        desk.fire("reassign", "next", "task-1", owner="next", deadline=START.date())
    assert kinds(caught.value) == ["role"]
    desk.fire("reassign", "owner", "task-1", owner="next", deadline=START.date())
    with pytest.raises(NotYourRole):
        desk.fire("carry_out", "owner", "task-1", account="x")
    desk.fire("carry_out", "next", "task-1", account="x")
    assert desk.history[-1][1].mandate == "hash-6"


def test_the_party_of_one_item_is_nobody_at_another() -> None:
    desk = prepared()
    desk.add("task", "officer", owner="next", deadline=START.date())
    with pytest.raises(NotYourRole):
        desk.fire("carry_out", "owner", "task-2", account="x")


def test_an_actor_fact_is_a_party_of_the_case() -> None:
    desk = Desk().reviewing().fire("suspend", "judge", wake_on=START.date())
    desk.wait(days=10)
    with pytest.raises(NotYourRole):
        desk.fire("wake", "judge")
    desk.fire("wake", "officer")
    assert desk.history[-1][1].role == "lead"


# What no row permits


def test_what_leads_nowhere_from_here_is_not_permitted() -> None:
    desk = Desk().drafting()
    with pytest.raises(NotPermitted) as caught:
        desk.fire("agree", "judge")
    refusal = caught.value
    assert (refusal.state, refusal.trigger) == ("drafting", "agree")
    assert set(refusal.permitted) == {"describe", "resector", "submit", "drop"}
    assert refusal.blockers[0].clause == ("2",)
    with pytest.raises(NotPermitted) as caught:
        desk.fire("open", "chief", sector="water")
    assert caught.value.blockers[0].need == Text("a new one", "新的一项")
    assert caught.value.blockers[0].text.en.startswith("it only begins something new, and this is there already, in ")
    with pytest.raises(NotPermitted):
        desk.fire("open_weekly", "chief")


def test_an_item_moves_only_from_where_it_stands() -> None:
    desk = prepared()
    with pytest.raises(NotPermitted) as caught:
        desk.fire("verify", "judge", "task-1")
    assert set(caught.value.permitted) == {"reassign", "carry_out"}
    with pytest.raises(NotPermitted):
        desk.fire("add", "officer", "task-1")
    with pytest.raises(InvalidInput, match="did you mean 'verify'"):
        desk.fire("verifi", "judge", "task-1")


def test_a_case_that_is_over_stays_over() -> None:
    desk = Desk().done()
    for trigger in ("drop", "agree", "describe"):
        with pytest.raises(NotPermitted) as caught:
            desk.fire(trigger, "chief")
        assert caught.value.permitted == ()
    for act in (
        lambda: desk.add("sample", "clerk"),
        lambda: desk.add("task", "officer", owner="x", deadline=START.date()),
    ):
        with pytest.raises(NotPermitted, match="the case is over"):
            act()
    assert desk.add("notice", "clerk") == "notice-1"


def test_items_of_a_final_state_wait_for_it() -> None:
    desk = Desk().agreed()
    with pytest.raises(Unmet) as caught:
        desk.add("notice", "clerk")
    assert kinds(caught.value) == ["case"]
    desk.fire("drop", "chief")
    with pytest.raises(NotPermitted):
        desk.add("notice", "clerk")


def test_an_item_that_was_open_when_the_case_ended_stays_as_it_is() -> None:
    desk = prepared().fire("drop", "chief")
    with pytest.raises(NotPermitted, match="the case is over"):
        desk.fire("carry_out", "owner", "task-1", account="x")


def test_what_time_creates_and_the_procedure_lays_out_no_person_adds() -> None:
    desk = Desk().drafting()
    for who in ("chief", "officer", "clerk"):
        for trigger in (None, "add"):
            with pytest.raises(NotYourRole) as caught:
                desk.add("alarm", who, trigger=trigger)
            assert caught.value.roles == ()
    with pytest.raises(InvalidInput, match="lays it out"):
        desk.add("criterion", "officer")


def test_a_refusal_is_a_refusal_whatever_it_concerns() -> None:
    assert issubclass(NotPermitted, Refused)
    assert issubclass(NotYourRole, Refused)
    assert issubclass(Unmet, Refused)


def test_a_holder_whose_body_no_longer_fits_fills_no_role() -> None:
    """Who could not act does not count as there."""
    asked = changed(('trigger = "resector"', 'trigger = "resector"\nrequires = [{ filled = "specialist" }]'))
    desk = Desk(asked).drafting()
    desk.appoint("specialist", Actor("s", body="water_bureau"))
    with pytest.raises(Unmet) as caught:
        desk.fire("resector", "officer", sector="roads")
    assert kinds(caught.value) == ["filled"]
    desk.fire("resector", "officer", sector="water")
    assert desk.case.facts["sector"] == "water"
