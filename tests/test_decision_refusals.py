"""A refusal lists everything that is unmet, with clause and cure, and leaves everything as it was; unknown is not false."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from procedures_for_tests import BASIS, START, Desk, actor, changed, kinds

from stabflow.decision.commands import Add, Fire
from stabflow.decision.decider import blockers, moves
from stabflow.errors import Blocker, InvalidInput, NotYourRole, PluginError, Unmet
from stabflow.requirements import View
from stabflow.text import Text


def test_every_unmet_requirement_is_in_one_refusal() -> None:
    desk = Desk().drafting()
    desk.fire("describe", "officer", contested=True, people=0)
    desk.add("hearing", "officer", day=START.date(), invited=3)
    with pytest.raises(Unmet) as caught:
        desk.fire("submit", "officer", lead="officer")
    value, count, every = caught.value.blockers
    assert kinds(caught.value) == ["value", "items", "items"]
    assert value.clause == ("3",)  # its own
    assert count.clause == every.clause == ("2",)  # the row's
    assert [cure.role for cure in value.cure] == ["officer"]
    assert every.facts["items"] == ["hearing-1"]


def test_who_may_not_learns_also_what_is_unmet() -> None:
    desk = Desk().drafting()
    desk.fire("describe", "officer", contested=True, people=0)
    with pytest.raises(NotYourRole) as caught:
        desk.fire("submit", "reviewer", lead="officer")
    assert kinds(caught.value) == ["role", "value", "items"]


def test_what_nobody_stated_is_unmet_also_as_a_condition() -> None:
    desk = Desk().drafting()
    with pytest.raises(Unmet) as caught:
        desk.fire("submit", "officer", lead="officer")
    assert [blocker.unstated for blocker in caught.value.blockers] == [("people",), ("contested",)]
    assert [blocker.clause for blocker in caught.value.blockers] == [("3",), ("2",)]
    assert {cure.role for blocker in caught.value.blockers for cure in blocker.cure} == {"officer"}


def test_a_condition_that_does_not_hold_asks_nothing() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=False, people=1)
    desk.fire("submit", "officer", lead="officer")
    assert desk.value.state == "checking"


def test_requirements_see_what_the_act_itself_states() -> None:
    desk = Desk().drafting()
    desk.add("hearing", "officer", day=START.date(), invited=3)
    with pytest.raises(Unmet) as caught:
        desk.fire("hold", "officer", "hearing-1", came=4)
    assert "“invited” (3)" in caught.value.blockers[0].text.en
    desk.fire("hold", "officer", "hearing-1", came=3)
    label = desk.add("label", "clerk")
    other = desk.add("label", "clerk", trigger="add_marked", marks=["money"])
    with pytest.raises(Unmet) as caught:  # it would be the second with money in it
        desk.fire("mark", "clerk", label, marks=["money", "law"])
    assert caught.value.blockers[0].facts["items"] == [label, other]
    desk.fire("mark", "clerk", label, marks=["law"])


def test_of_several_choices_one_among_the_accepted_is_enough() -> None:
    desk = Desk(changed(('{ value = "marks", is = ["law", "money"] }', '{ value = "marks", is = "money" }')))
    desk.drafting()
    for marks, fits in ((["law"], False), (["law", "money"], True), (["money"], True)):
        label = desk.add("label", "clerk", trigger="add_marked", marks=marks)
        if fits:
            desk.fire("remove", "clerk", label)
        else:
            with pytest.raises(Unmet):
                desk.fire("remove", "clerk", label)


def test_elapsed_ends_at_the_instant_and_not_before() -> None:
    desk = Desk().reviewing().fire("suspend", "judge", wake_on=date(2026, 3, 20))
    began = desk.now
    desk.now = began.replace(day=4, hour=16)  # 24:00 in Shanghai of the second day after
    almost = desk.now
    desk.wait(microseconds=-1)
    with pytest.raises(Unmet) as caught:
        desk.fire("wake", "officer")
    assert datetime.fromisoformat(str(caught.value.blockers[0].facts["earliest"])) == almost
    assert caught.value.blockers[0].cure == ()
    desk.now = almost
    desk.fire("wake", "officer")


def test_the_wait_begins_anew_with_each_entering() -> None:
    desk = Desk().reviewing().fire("suspend", "judge", wake_on=date(2026, 3, 20))
    desk.wait(days=3).fire("wake", "officer").fire("suspend", "judge", wake_on=date(2026, 3, 20))
    with pytest.raises(Unmet):
        desk.fire("wake", "officer")
    desk.wait(days=3).fire("wake", "officer")


def test_a_state_that_lasts_until_a_date_is_entered_only_with_the_date() -> None:
    desk = Desk().reviewing()
    with pytest.raises(Unmet) as caught:
        desk.fire("suspend_again", "judge")
    assert caught.value.blockers[0].unstated == ("wake_on",)
    assert [cure.role for cure in caught.value.blockers[0].cure] == ["judge"]
    assert desk.blockers("suspend_again", "judge") == caught.value.blockers
    assert "suspend_again" not in [option.trigger for option in desk.available("judge")]
    desk.fire("suspend", "judge", wake_on=date(2026, 3, 20)).wait(days=4).fire("wake", "officer")
    assert "suspend_again" in [option.trigger for option in desk.available("judge")]
    desk.fire("suspend_again", "judge")


def test_so_is_a_state_in_which_a_case_is_opened() -> None:
    text = ('accountable = "officer", within = "5 working days" }', 'accountable = "officer", until = "wake_on" }')
    desk = Desk(changed(text))
    with pytest.raises(Unmet) as caught:
        desk.open()
    assert kinds(caught.value) == ["unstated"]


# Plugins

PLUGGED = (
    'set = ["lead"]\nclause = "2"\nrequires = [',
    'set = ["lead"]\nclause = "2"\nrequires = [\n  { plugin = "budget", with = { year = 2026 } },',
)


def test_a_plugin_answers_with_a_blocker_or_none() -> None:
    asked: list[object] = []

    def budget(view: View, said: object) -> Blocker | None:
        asked.append((view.value("lead"), view.actor, said))
        return None if view.value("lead") == "officer" else Blocker(kind="budget", text=Text("no money", "没钱"))

    desk = Desk(changed(PLUGGED), plugins={"budget": budget}).drafting()
    desk.fire("describe", "officer", contested=False, people=1)
    with pytest.raises(Unmet) as caught:
        desk.fire("submit", "officer", lead="next")
    assert (kinds(caught.value), caught.value.blockers[0].clause) == (["budget"], ("2",))
    assert "submit" in [option.trigger for option in desk.available("officer")]
    desk.fire("submit", "officer", lead="officer")
    assert asked[-1] == ("officer", "officer", {"year": 2026})


def test_nothing_passes_by_a_plugin_that_is_not_there() -> None:
    desk = Desk(changed(PLUGGED)).drafting()
    desk.fire("describe", "officer", contested=False, people=1)
    with pytest.raises(PluginError, match="no plugin answers") as caught:
        desk.fire("submit", "officer", lead="officer")
    assert caught.value.plugin == "budget"
    assert desk.value.state == "drafting"


# Asking without trying


def test_asking_tells_what_trying_would() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=True, people=0)
    with pytest.raises(Unmet) as caught:
        desk.fire("submit", "officer", lead="officer")
    assert desk.blockers("submit", "officer", lead="officer") == caught.value.blockers
    assert desk.blockers("submit", "officer") == caught.value.blockers


def test_asking_counts_what_the_act_must_state_as_fitting() -> None:
    desk = Desk().drafting()
    desk.add("hearing", "officer", day=START.date(), invited=3)
    assert desk.blockers("hold", "officer", "hearing-1") == ()
    assert desk.blockers("hold", "officer", "hearing-1", came=4)
    desk.add("label", "clerk", trigger="add_marked", marks="money")
    desk.add("label", "clerk", trigger="add_marked", marks=["law", "money"])
    assert desk.blockers("mark", "clerk", "label-1") == ()  # with law it fits


def test_asking_does_not_hold_an_earlier_value_against_an_act_that_states_it_anew() -> None:
    setting = 'set = ["contested", "people"]'
    heard = '{ when = { value = "contested", is = true }, items = "hearing", since = "drafting", at_least = 1 }'
    desk = Desk(changed((setting, setting + "\nrequires = [" + heard + "]"))).drafting()
    desk.add("hearing", "officer", day=START.date(), invited=3)
    desk.fire("describe", "officer", contested=True, people=1).fire("hold", "officer", "hearing-1", came=1)
    desk.fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    desk.fire("send_back", "reviewer", reasons="r")
    assert desk.value.facts["contested"] is True
    assert desk.blockers("describe", "officer", contested=True)
    assert desk.blockers("describe", "officer") == ()  # it may come out uncontested this time
    assert "describe" in [option.trigger for option in desk.available("officer")]


def test_asking_sees_when_each_requirement_could_be_met_but_no_choice_meets_them_all() -> None:
    against = '{ any = [{ value = "confirmed", is = true }, { items = "vote", where = { position = "against" }, at_most = 0 }] }'
    for_ = '{ when = { value = "confirmed", is = true }, items = "vote", where = { position = "for" }, at_least = 1 }'
    confirm = 'set = ["confirmed"]\nrequires = ['
    desk = Desk(changed((confirm, confirm + against + ", " + for_ + ", "))).reviewing()
    assert desk.blockers("confirm", "reviewer") == ()
    desk.add("vote", "judge", position="against")
    assert [len(desk.blockers("confirm", "reviewer", confirmed=confirmed)) for confirmed in (True, False)] == [1, 1]
    assert len(desk.blockers("confirm", "reviewer")) == 1
    assert "confirm" not in [option.trigger for option in desk.available("reviewer")]
    desk.add("vote", "judge2", position="for")
    assert desk.blockers("confirm", "reviewer") == ()


def test_asking_never_fails_for_what_the_rows_permit() -> None:
    for desk in (
        Desk().open(),
        Desk().drafting(),
        Desk().checking(),
        Desk().reviewing(),
        Desk().agreed(),
        Desk().done(),
    ):
        for option in moves(desk.procedure, desk.value):
            for who in ("chief", "clerk", "judge", "officer", "reviewer", "nobody"):
                command = (
                    Add(actor=actor(who), basis=BASIS, kind=option.kind, trigger=option.trigger)
                    if option.item is None and option.kind is not None
                    else Fire(actor=actor(who), basis=BASIS, item=option.item, trigger=option.trigger)
                )
                blockers(desk.procedure, desk.value, command, desk.context)


def test_what_is_available() -> None:
    desk = Desk().drafting()
    assert {(option.kind, option.trigger) for option in desk.available("officer")} == {
        (None, "describe"),
        (None, "resector"),
        ("hearing", "add"),
        ("task", "add"),
    }
    assert [option.trigger for option in desk.available("chief")] == ["drop"]
    assert desk.available("nobody") == []
    desk.add("task", "officer", owner="owner", deadline=START.date())
    assert [(option.item, option.trigger) for option in desk.available("owner")] == [
        ("task-1", "reassign"),
        ("task-1", "carry_out"),
    ]
    assert desk.available("officer", "reviewer") == []
    with pytest.raises(InvalidInput):
        desk.available("officer", "reviwer")
