"""Corrections: the staying twin of the row that stated it, with a reason, and never under what has relied on it."""

from __future__ import annotations

from datetime import date

import pytest
from procedures_for_tests import START, Desk, changed, kinds, problems

from stabflow.case import Appointment
from stabflow.decision.events import Amended
from stabflow.errors import InvalidInput, NotYourRole, Refused, Unmet
from stabflow.text import Text
from stabflow.values import Actor


def described() -> Desk:
    return Desk().drafting().fire("describe", "officer", contested=False, people=10)


def test_a_correction_keeps_the_row_and_names_the_reason() -> None:
    desk = described().amend("officer", people=12, why="counted twice")
    event = desk.history[-1][0]
    assert isinstance(event, Amended)
    assert (event.item, dict(event.values), event.reason, event.due) == (None, {"people": 12}, "counted twice", None)
    case = desk.value
    assert dict(case.facts) == {"sector": "water", "contested": False, "people": 12}
    assert (case.stated["people"].version, case.stated["people"].trigger) == (6, "describe")
    assert case.stated["contested"].version == 5
    assert [(act.trigger, act.amends) for act in case.acts] == [
        ("open", False),
        ("describe", False),
        ("describe", True),
    ]
    assert (case.state, case.round, case.entered["drafting"].version) == ("drafting", 1, 1)
    assert desk.replayed() == case


def test_a_correction_changes_something() -> None:
    desk = described()
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", people=10, contested=False)
    assert kinds(caught.value) == ["unchanged"]
    (blocker,) = caught.value.blockers
    assert (blocker.text.en, blocker.text.zh) == (
        "this is what is stated already: a correction changes something",
        "与现已填报的内容相同：更正应有所变更",
    )
    assert (blocker.cure, dict(blocker.facts)) == ((), {"unchanged": ["people", "contested"]})
    event = desk.amend("officer", people=12, contested=False).history[-1][0]
    assert isinstance(event, Amended)
    assert dict(event.values) == {"people": 12}, "what stays as it was is not stated anew"


@pytest.mark.parametrize("why", ["", "  ", "x" * 2001, "a\u202eb", None])
def test_a_correction_needs_a_reason(why: str) -> None:
    desk = described()
    with pytest.raises(InvalidInput) as caught:
        desk.amend("officer", people=12, why=why)
    assert list(problems(caught.value)) == ["reason"]


def test_the_same_requirements_hold_for_it() -> None:
    setting = 'set = ["contested", "people"]'
    desk = Desk(
        changed((setting, setting + '\nrequires = [{ value = "people", at_most = 50, clause = "2" }]'))
    ).drafting()
    desk.fire("describe", "officer", contested=False, people=10)
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", people=51)
    assert (kinds(caught.value), caught.value.blockers[0].clause) == (["value"], ("2",))
    desk.amend("officer", people=50)


def test_the_values_have_their_types() -> None:
    with pytest.raises(InvalidInput) as caught:
        described().amend("officer", people="12", contested="no")
    assert list(problems(caught.value)) == ["people", "contested"]


def test_what_cannot_be_amended_is_said_all_at_once() -> None:
    desk = described().fire("submit", "officer", lead="officer")
    with pytest.raises(InvalidInput) as caught:
        desk.amend("officer", peopel=1, reasons="r", lead="x")
    assert problems(caught.value) == {
        "peopel": "unknown field 'peopel' (did you mean 'people'?)",
        "reasons": "has not been stated, so there is nothing to amend (state it by the row that sets it)",
        "lead": "names an office-holder (fire the row that names another one)",
    }
    with pytest.raises(InvalidInput, match="nothing is amended"):
        desk.amend("officer")
    with pytest.raises(InvalidInput, match="different acts"):
        desk.amend("officer", people=1, sector="roads")
    with pytest.raises(InvalidInput, match="laid out by the procedure"):
        desk.amend("officer", "criterion-1", aspect="law")
    with pytest.raises(InvalidInput, match="has not been stated"):
        desk.amend("officer", "criterion-1", verdict="good")


def test_only_the_role_that_stated_it_amends_it() -> None:
    desk = described()
    for other in ("officer", "clerk"):  # the clerk could have opened the case, but did not
        with pytest.raises(NotYourRole) as caught:
            desk.amend(other, sector="roads")
        assert caught.value.roles == ("chief",)
    desk.amend("chief", sector="roads")


# What has been read


def test_what_a_passed_row_has_read_is_amended_only_after_a_return() -> None:
    desk = described().fire("submit", "officer", lead="officer")
    for values in ({"people": 11}, {"contested": True}):  # the second was read by a `when`
        with pytest.raises(Unmet) as caught:
            desk.amend("officer", **values)
        assert kinds(caught.value) == ["read"]
        assert caught.value.blockers[0].facts == {"version": 6, "trigger": "submit"}
    desk.assess().fire("pass_check", "officer")
    with pytest.raises(Unmet):
        desk.amend("officer", people=11)
    desk.fire("send_back", "reviewer", reasons="r").amend("officer", people=11)
    desk.fire("submit", "officer", lead="officer")
    with pytest.raises(Unmet):
        desk.amend("officer", people=12)


def test_a_return_that_stays_behind_the_reader_does_not_reopen_what_it_read() -> None:
    desk = described().fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    for trigger in ("check_again", "begin_anew"):
        if desk.value.state == "checking":
            desk.assess().fire("pass_check", "officer")
        desk.fire(trigger, "reviewer")
        with pytest.raises(Unmet) as caught:  # submit will not be passed again
            desk.amend("officer", people=11)
        assert kinds(caught.value) == ["read"]


def test_what_was_passed_again_after_a_return_stands_again() -> None:
    desk = described().fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    desk.fire("send_back", "reviewer", reasons="r").fire("submit", "officer", lead="officer")
    for trigger in ("check_again", "begin_anew"):
        desk.assess().fire("pass_check", "officer").fire(trigger, "reviewer")
        with pytest.raises(Unmet) as caught:  # the case has not gone back behind the second submission
            desk.amend("officer", people=11)
        assert kinds(caught.value) == ["read"]
        if desk.value.state == "reviewing":
            desk.fire("check_again", "reviewer")
    desk.assess().fire("pass_check", "officer").fire("send_back", "reviewer", reasons="r").amend("officer", people=11)


def test_entering_a_state_again_from_itself_is_no_return() -> None:
    confirm = 'trigger = "confirm"\nsource = "reviewing"\nby = ["reviewer"]\nset = ["confirmed"]\nrequires = ['
    grade = 'trigger = "grade"\nsource = "reviewing"\nby = ["reviewer"]\nset = ["grade"]\n[[transitions]]\n'
    reads = (confirm, grade + confirm + '{ value = "grade", at_least = 3 },')
    desk = Desk(changed(reads, ("[facts]", '[facts]\ngrade = { type = "int" }')))
    desk.reviewing().fire("grade", "reviewer", grade=3).fire("confirm", "reviewer", confirmed=True)
    for again in (lambda: None, lambda: desk.fire("begin_anew", "reviewer")):
        again()
        with pytest.raises(Unmet) as caught:
            desk.amend("reviewer", grade=1)
        assert kinds(caught.value) == ["read"]
    desk.fire("check_again", "reviewer").amend("reviewer", grade=1)
    desk.assess().fire("pass_check", "officer")
    with pytest.raises(Unmet):
        desk.amend("reviewer", grade=2)


def test_what_no_row_read_is_relied_on_as_soon_as_the_case_moves_on() -> None:
    desk = described().amend("chief", sector="roads").fire("submit", "officer", lead="officer")
    with pytest.raises(Unmet) as caught:  # no row reads the sector, but those who go on from here do
        desk.amend("chief", sector="water")
    assert kinds(caught.value) == ["read"]
    desk.assess().fire("pass_check", "officer").fire("confirm", "reviewer", confirmed=False)
    desk.amend("reviewer2", confirmed=True)


def test_what_a_row_of_an_item_has_read_of_the_case() -> None:
    hold = 'set = ["came"], requires = ['
    desk = Desk(changed((hold, hold + '\n    { value = "people", at_least = 1 },'))).drafting()
    desk.fire("describe", "officer", contested=False, people=10)
    hearing = desk.add("hearing", "officer", day=START.date(), invited=3)
    desk.amend("officer", people=11)
    desk.fire("hold", "officer", hearing, came=2)
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", people=0)
    assert kinds(caught.value) == ["read"]


def test_what_a_row_of_the_item_itself_has_read() -> None:
    desk = described()
    hearing = desk.add("hearing", "officer", day=START.date(), invited=30)
    desk.amend("officer", hearing, invited=20)
    desk.fire("hold", "officer", hearing, came=15)
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", hearing, invited=10)
    assert kinds(caught.value) == ["read"]
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", hearing, came=21)
    assert kinds(caught.value) == ["value"]
    desk.amend("officer", hearing, came=20)
    # Nor after a return of the case: the item has not gone back, and its counts must go on adding up.
    desk.fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    desk.fire("send_back", "reviewer", reasons="r")
    with pytest.raises(Unmet):
        desk.amend("officer", hearing, invited=10)
    desk.amend("officer", hearing, came=19)


def test_an_item_that_itself_went_back_is_open_to_correction() -> None:
    reads = ('set = ["account"] }', 'set = ["account"], requires = [{ value = "size", at_least = 1 }] }')
    field = ("fields.account = ", 'fields.size = { type = "int" }\nfields.account = ')
    adds = (
        'by = ["officer"], set = ["owner", "deadline"] }',
        'by = ["officer"], set = ["owner", "deadline", "size"] }',
    )
    desk = Desk(changed(reads, field, adds)).drafting()
    task = desk.add("task", "officer", owner="owner", deadline=START.date(), size=3)
    desk.fire("carry_out", "owner", task, account="x")
    with pytest.raises(Unmet):
        desk.amend("officer", task, size=0)
    desk.fire("send_back", "judge", task)
    desk.amend("officer", task, size=0)
    with pytest.raises(Unmet):
        desk.fire("carry_out", "owner", task, account="x")


def test_what_a_row_of_the_case_has_counted() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=True, people=10)
    hearing = desk.add("hearing", "officer", day=START.date(), invited=30)
    desk.fire("hold", "officer", hearing, came=15).fire("submit", "officer", lead="officer")
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", hearing, came=14)
    assert kinds(caught.value) == ["read"]
    desk.assess().fire("pass_check", "officer").fire("send_back", "reviewer", reasons="r")
    desk.amend("officer", hearing, came=14)


def test_a_plugin_may_have_read_anything() -> None:
    rows = 'set = ["lead"]\nclause = "2"\nrequires = ['
    desk = Desk(
        changed((rows, rows + '\n  { plugin = "budget" },')), plugins={"budget": lambda _view, _with: None}
    ).drafting()
    desk.fire("describe", "officer", contested=False, people=1)
    task = desk.add("task", "officer", owner="owner", deadline=START.date())
    desk.fire("submit", "officer", lead="officer")
    for act in (
        lambda: desk.amend("chief", sector="roads"),
        lambda: desk.amend("officer", task, deadline=date(2026, 5, 1)),
    ):
        with pytest.raises(Unmet) as caught:
            act()
        assert kinds(caught.value) == ["read"]


# What else stands against it


def test_nothing_is_amended_when_the_case_is_over() -> None:
    desk = described()
    task = desk.add("task", "officer", owner="owner", deadline=START.date())
    desk.fire("drop", "chief")
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", people=11)
    assert kinds(caught.value) == ["state", "read"]
    with pytest.raises(Unmet):
        desk.amend("officer", task, deadline=date(2026, 5, 1))


def test_a_vote_is_never_amended() -> None:
    desk = Desk().voted()
    for who in ("judge2", "reviewer", "judge"):
        with pytest.raises(Refused) as caught:
            desk.amend(who, "vote-1", position="against")
        assert "own" in kinds(caught.value)
    assert desk.value.items["vote-1"].fields["position"] == "for"


def test_an_item_of_an_earlier_round_is_not_amended() -> None:
    again = (
        'trigger = "check_again"\nsource = "reviewing"',
        'trigger = "check_again"\nsource = ["reviewing", "checking"]',
    )
    field = ("fields.verdict", 'fields.hint = { type = "int" }\nfields.verdict')
    assess = '{ trigger = "assess", source = "open"'
    row = (assess, '{ trigger = "hint", source = "open", by = ["officer"], set = ["hint"] },\n  ' + assess)
    desk = Desk(changed(again, field, row))
    desk.checking().fire("hint", "officer", "criterion-1", hint=1).fire("check_again", "reviewer")
    with pytest.raises(Unmet) as caught:
        desk.amend("officer", "criterion-1", hint=2)
    assert kinds(caught.value) == ["superseded"]


def test_a_material_fact_is_not_amended_after_the_decision() -> None:
    desk = Desk().agreed().fire("reopen", "judge", news="n")
    desk.amend("judge", news="m")
    desk.fire("describe", "officer", contested=False, people=1).fire("submit", "officer", lead="officer").assess()
    desk.fire("pass_check", "officer").fire("confirm", "reviewer", confirmed=True)
    desk.add("vote", "judge", position="for")
    desk.add("vote", "reviewer", position="for")
    desk.fire("agree", "judge")
    with pytest.raises(Unmet) as caught:
        desk.amend("judge", news="p")
    assert kinds(caught.value) == ["material", "read"]


def test_a_correction_is_refused_with_everything_at_once() -> None:
    desk = described().fire("submit", "officer", lead="officer").fire("drop", "chief")
    with pytest.raises(NotYourRole) as caught:
        desk.amend("judge", people=3)
    assert kinds(caught.value) == ["role", "state", "read"]


def test_the_party_of_an_actor_field_amends_what_it_stated() -> None:
    desk = described()
    task = desk.add("task", "officer", owner="owner", deadline=START.date())
    desk.fire("carry_out", "owner", task, account="x")
    with pytest.raises(NotYourRole):
        desk.amend("officer", task, account="y")
    desk.amend("owner", task, account="y")
    assert desk.history[-1][1].role == "owner"


# A fact that tells for which body somebody acts


FRIEND = Actor("friend", body="road_bureau")


def test_a_fact_that_a_permission_rests_on_is_not_turned_to_suit_somebody() -> None:
    """Turned, used and turned back, it would leave a history in which the friend of another bureau acted under the first."""
    desk = Desk().open(sector="water").appoint("officer", "officer")
    desk.amend("chief", sector="roads").amend("chief", sector="water")  # nobody has been anything by it yet
    desk.amend("chief", sector="roads").appoint("specialist", FRIEND)
    desk.fire("resector", FRIEND, sector="roads")
    for act in (
        lambda: desk.amend("chief", sector="water"),
        lambda: desk.amend(FRIEND, sector="water"),
        lambda: desk.relieve("specialist", FRIEND).amend(FRIEND, sector="water"),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert "held" in kinds(caught.value)


@pytest.mark.parametrize("ends", [False, True])
def test_nor_while_somebody_holds_a_role_by_it_or_after_they_were_relieved(ends: bool) -> None:
    """Who was in office by it may have been named meanwhile, and answers for what they were named for."""
    desk = Desk().open(sector="water")
    desk.appoint("specialist", Actor("friend", body="water_bureau"))
    if ends:
        desk.relieve("specialist", Actor("friend", body="water_bureau"))
    with pytest.raises(Unmet) as caught:
        desk.amend("chief", sector="roads")
    (blocker,) = caught.value.blockers
    assert blocker.kind == "held"
    assert blocker.text == Text(
        "“sector” tells for which body “specialist” acts, and somebody has held that office by it: it cannot be amended",
        "“专员”代表的单位由“sector”确定，且已有人据此任职：不得更正",
    )
    assert blocker.need == Text("“resector”", "“resector”")
    assert [cure.role for cure in blocker.cure] == ["officer", "specialist"]
    assert blocker.facts == {"fact": "sector", "role": "specialist"}


def test_nor_when_the_office_stands_and_its_holder_has_acted() -> None:
    """A standing office cannot be compared with a fact before there is a case; its holder is, at every act."""
    standing = (
        'title = { en = "specialist", zh = "专员" }\nappointed_by = ["chief"]',
        'title = { en = "specialist", zh = "专员" }',
    )
    desk = Desk(changed(standing))
    desk.offices = (*desk.offices, Appointment("specialist", "friend", "water_bureau", "founding-9"))
    desk.open(sector="water").amend("chief", sector="roads").amend("chief", sector="water")
    desk.fire("resector", Actor("friend", body="water_bureau"), sector="water")
    with pytest.raises(Refused) as caught:
        desk.amend(Actor("friend", body="water_bureau"), sector="roads")
    assert kinds(caught.value) == ["held"]


def test_what_else_was_stated_beside_it_can_be_amended() -> None:
    desk = Desk().open(sector="water", remark="a").appoint("specialist", Actor("friend", body="water_bureau"))
    desk.amend("chief", remark="b")
    assert desk.value.facts["remark"] == "b"


def test_where_no_row_states_it_anew_it_takes_a_new_case() -> None:
    only_once = ('by = ["officer", "specialist"]\nset = ["sector"]', 'by = ["officer", "specialist"]\nset = ["remark"]')
    desk = Desk(changed(only_once)).open(sector="water")
    desk.appoint("specialist", Actor("friend", body="water_bureau"))
    with pytest.raises(Unmet) as caught:
        desk.amend("chief", sector="roads")
    (blocker,) = caught.value.blockers
    assert (blocker.kind, blocker.need, blocker.cure) == ("held", Text("a new case", "新的案件"), ())
