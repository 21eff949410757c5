"""Recusal and delegation: who steps back takes no further part, who acts for somebody does nothing that either could not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

import attrs
import pytest
from procedures_for_tests import BASIS, OFFICES, START, Desk, actor, changed, kinds, problems

from stabflow.case import Appointment, Recusal
from stabflow.decision.commands import Delegate
from stabflow.decision.events import Delegated, Recused
from stabflow.errors import InvalidInput, NotYourRole, Refused
from stabflow.language import Procedure
from stabflow.text import Text
from stabflow.values import Actor

DELEGABLE = tuple(
    (f'title = {{ en = "{title}"', f'delegable = true\ntitle = {{ en = "{title}"')
    for title in ("chief", "judge", "officer", "reviewer")
)
DEPUTY = Actor("deputy", body="bureau")
"""Of the officer; for the same bureau."""
COURT_DEPUTY = Actor("deputy", body="court")


@cache
def lending(*more: tuple[str, str]) -> Procedure:
    """The desk, with roles that may be delegated."""
    return changed(*DELEGABLE, *more)


def desk(*more: tuple[str, str]) -> Desk:
    return Desk(lending(*more))


def refused(act: object, *found: str) -> Refused:
    with pytest.raises(Refused) as caught:
        act()  # type: ignore[operator]
    assert set(found) <= set(kinds(caught.value)), kinds(caught.value)
    return caught.value


# Recusal


def test_who_recuses_themselves_takes_no_further_part() -> None:
    case = desk().reviewing()
    case.recuse("reviewer", "reviewer2")
    event, stamp = case.history[-1]
    assert event == Recused(office="reviewer", who=actor("reviewer2"), reason="kin of the builder")
    assert (stamp.role, stamp.mandate) == ("reviewer", "hash-4")
    assert case.value.recused == {"reviewer2": Recusal("reviewer", "kin of the builder", case.value.version)}
    assert [held.actor for held in case.value.appointments] == ["officer", "reviewer"]
    found = refused(lambda: case.add("vote", "reviewer2", position="for"), "recused")
    assert isinstance(found, NotYourRole)
    (blocker,) = found.blockers
    assert blocker.text == Text(
        "reviewer2 was recused from this case and takes no further part in it: kin of the builder",
        "reviewer2已在本案件中回避，不得再参与：kin of the builder",
    )
    assert [cure.role for cure in blocker.cure] == ["judge", "reviewer"]
    assert case.available("reviewer2") == []
    assert case.replayed() == case.case


def test_nothing_gives_a_role_back_to_who_was_recused() -> None:
    case = desk().reviewing().recuse("reviewer", "reviewer2")
    case.offices = (*OFFICES, Appointment("judge", "reviewer2", "court", "founding-9"))
    refused(lambda: case.add("vote", Actor("reviewer2", body="court"), position="for"), "recused")
    refused(lambda: case.appoint("reviewer", "reviewer2"), "recused")
    refused(lambda: case.appoint("specialist", Actor("reviewer2", body="water_bureau")), "recused")
    refused(lambda: case.delegate("judge", "judge", Actor("reviewer2", body="court")), "recused")
    refused(lambda: case.recuse("judge", Actor("reviewer2", body="court")), "recused")
    refused(lambda: case.relieve("reviewer", "reviewer2"), "role")


def test_a_standing_office_is_nobodys_here_once_its_holder_was_recused_and_theirs_elsewhere() -> None:
    case = desk().reviewing().recuse("judge", "judge")
    found = refused(lambda: case.fire("suspend", "judge", wake_on=START.date()), "recused")
    assert [cure.role for cure in found.blockers[0].cure] == ["judge"]  # the other one
    case.recuse("judge", "judge2")
    found = refused(lambda: case.fire("suspend", "judge", wake_on=START.date()), "recused")
    assert found.blockers[0].cure == ()  # filled outside of the case
    elsewhere = Desk(lending()).reviewing()
    elsewhere.fire("suspend", "judge", wake_on=START.date())


def test_the_seat_is_free_and_filled_counts_who_is_left() -> None:
    case = desk(
        (
            'requires = [\n  { items = "vote", since',
            'requires = [\n  { filled = ["reviewer"], at_least = 2 },\n  { items = "vote", since',
        )
    )
    case.voted().recuse("reviewer", "reviewer2")
    found = refused(lambda: case.fire("agree", "judge"), "filled")
    assert [cure.role for cure in found.blockers[0].cure] == ["chief"]
    case.appoint("reviewer", "reviewer3").fire("agree", "judge")


def test_votes_cast_before_stay_and_count() -> None:
    """Else a recusal would be the way to strike out a vote. Who thinks that it should not have counted returns the case."""
    case = desk().voted().recuse("reviewer", "reviewer")
    assert [vote.fields["position"] for vote in case.value.of_kind("vote")] == ["for", "for"]
    case.fire("agree", "judge")


def test_who_may_recuse_whom() -> None:
    case = desk().reviewing()
    refused(lambda: case.recuse("reviewer", "reviewer2", "reviewer"), "role")
    refused(lambda: case.recuse("reviewer", "reviewer2", "officer"), "role")
    refused(lambda: case.recuse("judge", "judge2", "judge"), "role")  # nobody appoints or supervises a judge
    refused(lambda: case.recuse("judge", "judge2", "chief"), "role")
    found = refused(lambda: case.recuse("officer", "officer", "judge"), "role")
    assert {cure.role for cure in found.blockers[0].cure} == {"chief", "clerk"}
    case.recuse("officer", "officer", "clerk")  # appoints
    case.recuse("reviewer", "reviewer2", "chief")
    assert case.history[-1][1].role == "chief"
    assert case.value.acted["chief"] == {"chief"}


def test_who_supervises_may_recuse_who_is_below() -> None:
    case = desk(('appointed_by = ["chief", "clerk"]', 'appointed_by = ["clerk"]')).open()
    case.appoint("officer", "officer", "clerk").recuse("officer", "officer", "chief")
    assert case.history[-1][1].role == "chief"


def test_only_who_is_there_is_recused_and_once_and_with_a_reason() -> None:
    case = desk().drafting()
    refused(lambda: case.recuse("reviewer", "officer", "chief"), "role")
    refused(lambda: case.recuse("officer", Actor("officer", body="elsewhere"), "chief"), "role")
    case.recuse("officer", "officer")
    refused(lambda: case.recuse("officer", "officer", "chief"), "recused")
    with pytest.raises(InvalidInput, match="did you mean 'officer'"):
        case.recuse("oficer", "officer")
    from stabflow.decision.commands import Recuse

    with pytest.raises(InvalidInput) as error:
        case.do(Recuse(actor=actor("reviewer"), basis=BASIS, office="reviewer", who=actor("reviewer"), reason=" "))
    assert "reason" in problems(error.value)


def test_nobody_is_kept_from_stepping_back_and_it_is_no_act_in_the_office() -> None:
    case = Desk(lending(), elsewhere={"judge": frozenset({"officer"})}).reviewing()
    refused(lambda: case.fire("suspend", "judge", wake_on=START.date()), "separation")
    case.recuse("judge", "judge")
    assert "judge" not in case.value.acted


def test_who_was_recused_still_answers_for_themselves_and_can_be_named() -> None:
    """The right of reply is nobody's to take; and no recusal shields from being named."""
    case = desk().drafting()
    case.add("task", "officer", owner="officer", deadline=START.date())
    case.appoint("officer", "officer2").recuse("officer", "officer")
    case.fire("carry_out", "officer", "task-1", account="done")
    assert case.history[-1][1].role == "owner"
    case.add("task", "officer2", owner="officer", deadline=START.date())
    refused(lambda: case.fire("carry_out", Actor("officer", body="elsewhere"), "task-2", account="x"), "role")


def test_a_recused_superior_remains_a_superior() -> None:
    text = ('dest = "given", by = ["officer"]', 'dest = "given", by = ["officer", "chief"]')
    case = desk(text).drafting()
    case.add("task", "chief", owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x").recuse("chief", "chief")
    refused(lambda: case.fire("verify", "officer", "task-1"), "independent_of")
    case.fire("verify", "judge", "task-1")


def test_a_case_that_is_over_recuses_only_where_something_goes_on() -> None:
    case = desk().agreed()
    case.fire("close", "judge").recuse("judge", "judge")  # notices are posted in it
    case = desk().open().fire("drop", "chief")
    refused(lambda: case.recuse("judge", "judge"), "state")


# Delegation


def test_a_delegate_acts_in_the_role_for_the_holder_under_the_record_of_the_delegation() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy", until=date(2026, 3, 31))
    event, stamp = case.history[-1]
    assert event == Delegated(
        office="officer",
        delegate=DEPUTY,
        until=datetime(2026, 3, 31, 16, tzinfo=UTC),  # 24:00 in Shanghai
        reason="on a course",
    )
    (lent,) = case.value.delegations
    assert (lent.holder, lent.since, lent.under, lent.used) == ("officer", START, "hash-2", False)
    case.fire("describe", DEPUTY, contested=False, people=10)
    done = case.history[-1][1]
    assert (done.actor, done.role, done.mandate) == (DEPUTY, "officer", stamp.hash)
    act = case.value.acts[-1]
    assert (act.actor, act.principal, act.doers) == ("deputy", "officer", ("deputy", "officer"))
    assert case.value.delegations[0].used
    assert case.value.acted["deputy"] == case.value.acted["officer"] == {"officer"}
    assert "submit" in [option.trigger for option in case.available(DEPUTY)]
    case.fire("describe", "officer", contested=True, people=3)  # the holder goes on
    assert case.value.acts[-1].principal == ""
    assert case.replayed() == case.case


def test_it_lasts_to_24_00_of_its_last_day_where_the_procedure_is_at_home() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy", until=date(2026, 3, 31))
    case.now = datetime(2026, 3, 31, 15, 59, 59, 999_999, tzinfo=UTC)
    case.fire("describe", DEPUTY, contested=False, people=1)
    case.now = datetime(2026, 3, 31, 16, tzinfo=UTC)
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "role")
    assert case.available(DEPUTY) == []
    case.delegate("officer", "officer", "other")  # and it is free to be delegated again


def test_it_begins_at_0_00_of_its_first_day() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy", since=date(2026, 3, 4))
    case.now = datetime(2026, 3, 3, 15, 59, tzinfo=UTC)
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "role")
    case.now = datetime(2026, 3, 3, 16, tzinfo=UTC)
    case.fire("describe", DEPUTY, contested=False, people=1)


@pytest.mark.parametrize(
    ("until", "since", "path"),
    [
        (date(2026, 3, 1), None, "until"),
        (START, None, "until"),
        (date(2026, 3, 3), date(2026, 3, 4), "until"),
        (date(2026, 3, 31), date(2026, 3, 1), "since"),
        (date(2026, 3, 31), START, "since"),
        (datetime(2026, 3, 31), None, "until"),
        ("2026-03-31", None, "until"),
        (date(2026, 3, 31), 5, "since"),
        (date(9999, 12, 31), None, "day"),
        (date(2026, 3, 31), date(1, 1, 1), "since"),
    ],
)
def test_a_time_that_is_none_is_bad_input(until: date, since: date, path: str) -> None:
    case = desk().drafting()
    with pytest.raises(InvalidInput) as error:
        case.delegate("officer", "officer", "deputy", until=until, since=since)
    assert list(problems(error.value)) == [path]


def test_today_and_times_are_taken_as_they_are() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy", until=START.date(), since=START.date())
    assert case.value.delegations[0].since == START
    until = START + timedelta(hours=3)
    case = desk().drafting().delegate("officer", "officer", "deputy", until=until, since=START + timedelta(hours=2))
    assert (case.value.delegations[0].since, case.value.delegations[0].until) == (START + timedelta(hours=2), until)


def test_only_the_holder_delegates_and_only_what_may_be_delegated() -> None:
    case = Desk().drafting()
    found = refused(lambda: case.delegate("officer", "officer", "deputy"), "delegable")
    assert found.blockers[-1].text == Text("officer may not be delegated", "经办人的职权不得委托")
    case = desk().drafting()
    for other in ("chief", "clerk", "reviewer", "owner", Actor("officer", body="elsewhere")):
        refused(lambda other=other: case.delegate("officer", other, "deputy"), "role")
    with pytest.raises(InvalidInput, match="did you mean 'officer'"):
        case.delegate("oficer", "officer", "deputy")


def test_never_to_oneself_and_never_onwards() -> None:
    case = desk().drafting()
    refused(lambda: case.delegate("officer", "officer", "officer"), "oneself")
    refused(lambda: case.delegate("officer", "officer", Actor("officer", body="elsewhere")), "oneself")
    case.delegate("officer", "officer", "deputy")
    refused(lambda: case.delegate("officer", DEPUTY, "another"), "onward")
    refused(lambda: case.delegate("officer", DEPUTY, actor("officer")), "onward")


def test_a_delegate_is_one_and_for_the_body_of_the_holder() -> None:
    case = desk().drafting().appoint("officer", "officer2")
    refused(lambda: case.delegate("officer", "officer", Actor("deputy", body="court")), "body")
    refused(lambda: case.delegate("officer", "officer", "officer2"), "unique")
    case.delegate("officer", "officer", "deputy")
    refused(lambda: case.delegate("officer", "officer", "another"), "unique")
    found = refused(lambda: case.delegate("officer", "officer2", "deputy"), "unique")
    assert (
        found.blockers[0].text.en
        == "officer has delegated the role to deputy, until 24:00 of 2026-04-30: end that first"
    )
    case.delegate("officer", "officer2", "another")
    for body in ("court", "hall"):
        refused(lambda body=body: case.fire("describe", Actor("deputy", body=body), contested=False, people=1), "role")


def test_a_delegate_takes_no_seat_and_fills_none() -> None:
    ask = (
        'requires = [\n  { items = "vote", since',
        'requires = [\n  { filled = ["reviewer"], at_least = 3 },\n  { items = "vote", since',
    )
    case = desk(ask, ("holders = 2", "holders = 3")).voted().delegate("reviewer", "reviewer", "deputy")
    refused(lambda: case.fire("agree", "judge"), "filled")
    case.appoint("reviewer", "reviewer3").fire("agree", "judge")
    case = desk().drafting().delegate("reviewer", "reviewer", "deputy")
    refused(lambda: case.appoint("reviewer", "reviewer3"), "seats")  # the two who hold them


@pytest.mark.parametrize("first", ["reviewer", "deputy"])
def test_holder_and_delegate_have_one_vote_between_them(first: str) -> None:
    case = desk().reviewing().delegate("reviewer", "reviewer", "deputy")
    both = {"reviewer": actor("reviewer"), "deputy": Actor("deputy", body="board")}
    case.add("vote", both.pop(first), position="for")
    (second,) = both.values()
    refused(lambda: case.add("vote", second, position="for"), "unique")
    case.end_delegation("reviewer", Actor("deputy", body="board"), "reviewer")
    case.delegate("reviewer", "reviewer", "another")
    refused(lambda: case.add("vote", Actor("another", body="board"), position="for"), "unique")
    case.add("vote", "judge", position="for").startswith("vote")
    case.fire("begin_anew", "reviewer")
    case.add("vote", Actor("another", body="board"), position="against")


def test_who_voted_for_another_does_not_vote_as_themselves_later() -> None:
    case = desk().reviewing().relieve("reviewer", "reviewer2").delegate("reviewer", "reviewer", "deputy")
    deputy = Actor("deputy", body="board")
    case.add("vote", deputy, position="for")
    case.appoint("reviewer", deputy)
    refused(lambda: case.add("vote", deputy, position="for"), "unique")


def test_a_vote_cast_for_another_is_never_amended() -> None:
    case = desk().reviewing().delegate("reviewer", "reviewer", "deputy")
    case.add("vote", Actor("deputy", body="board"), position="against")
    for who in (Actor("deputy", body="board"), actor("reviewer")):
        refused(lambda who=who: case.amend(who, "vote-1", position="for"), "own")


# What keeps either keeps both


def test_what_a_delegate_did_the_holder_does_not_judge_nor_the_other_way_round() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy")
    case.add("task", DEPUTY, owner="owner", deadline=START.date())
    case.add("task", "officer", owner="owner", deadline=START.date())
    for task in ("task-1", "task-2"):
        case.fire("carry_out", "owner", task, account="x")
        for who in (DEPUTY, actor("officer")):
            refused(lambda who=who, task=task: case.fire("verify", who, task), "independent_of")
    case.end_delegation("officer", DEPUTY, "officer")
    for task in ("task-1", "task-2"):
        refused(lambda task=task: case.fire("verify", "officer", task), "independent_of")
    case.appoint("officer", "officer2").fire("verify", "officer2", "task-1")


def test_a_delegate_judges_nothing_that_concerns_the_holder_or_themselves() -> None:
    case = desk().drafting().appoint("officer", "officer2")
    case.add("task", "officer2", owner="judge", deadline=START.date())
    case.fire("carry_out", "judge", "task-1", account="x").delegate("judge", "judge", "deputy")
    found = refused(lambda: case.fire("verify", COURT_DEPUTY, "task-1"), "independent_of")
    assert "acts for the “owner”" in found.blockers[0].text.en
    case.fire("send_back", "judge2", "task-1")
    case.fire("reassign", "officer2", "task-1", owner="judge2", deadline=START.date())
    case.fire("carry_out", "judge2", "task-1", account="x")
    refused(lambda: case.fire("verify", COURT_DEPUTY, "task-1"), "independent_of")  # the holder carried out before
    case.fire("send_back", COURT_DEPUTY, "task-1")
    case.fire("reassign", "officer2", "task-1", owner="deputy", deadline=START.date())
    case.fire("carry_out", COURT_DEPUTY, "task-1", account="x")
    refused(lambda: case.fire("verify", COURT_DEPUTY, "task-1"), "independent_of")
    case.fire("verify", "chief", "task-1")


def test_a_delegate_does_not_get_the_holder_out_of_a_field_by_naming_another() -> None:
    case = desk(('by = ["owner"], set = ["account"] }', 'by = ["owner", "officer"], set = ["account"] }')).drafting()
    case.add("task", "officer", owner="judge", deadline=START.date())
    case.fire("carry_out", "officer", "task-1", account="x").delegate("judge", "judge", "deputy")
    refused(lambda: case.fire("take_over", COURT_DEPUTY, "task-1", owner="owner"), "independent_of")


def test_in_their_own_office_too_a_delegate_is_not_independent_of_whom_they_act_for() -> None:
    """Like a subordinate, as long as it is in force or once they made use of it. So nobody chooses their judge by it: who was
    delegated to lays it down unused, and is as free as before."""
    case = desk().drafting()
    case.add("task", "officer", owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x")
    case.offices = (*OFFICES, Appointment("contributor", "chief", "bureau", "founding-9"))
    chief = actor("chief")
    case.delegate("officer", "officer", Actor("chief", body="bureau"))
    found = refused(lambda: case.fire("verify", chief, "task-1"), "independent_of")
    assert "is a delegate of who did" in found.blockers[0].text.en
    case.end_delegation("officer", Actor("chief", body="bureau"), Actor("chief", body="bureau"))
    assert case.value.acted["chief"] == {"chief"}
    case.fire("verify", chief, "task-1")


def test_who_made_use_of_it_stays_tied_and_the_holder_judges_what_a_delegate_did_in_their_own_office() -> None:
    case = desk(('roles = ["officer", "judge"]\nacross = "matter"', 'roles = ["officer", "specialist"]')).drafting()
    case.delegate("officer", "officer", Actor("judge", body="bureau"))
    case.fire("describe", Actor("judge", body="bureau"), contested=False, people=1)
    case.end_delegation("officer", Actor("judge", body="bureau"), "officer")
    case.add("task", "officer", owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x")
    refused(lambda: case.fire("verify", "judge", "task-1"), "independent_of")
    case.appoint("officer", "officer2")
    case.add("task", "officer2", owner="judge", deadline=START.date())
    case.fire("carry_out", "judge", "task-2", account="x")
    case.fire("verify", "officer", "task-2")  # a holder may judge their deputy's own work, as a superior may


def test_a_delegate_of_a_subordinate_does_not_judge_the_superior() -> None:
    text = ('dest = "given", by = ["officer"]', 'dest = "given", by = ["officer", "chief"]')
    case = desk(text).drafting()
    case.add("task", "chief", owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x").delegate("officer", "officer", "deputy")
    refused(lambda: case.fire("verify", DEPUTY, "task-1"), "independent_of")
    case.offices = (*OFFICES, Appointment("judge", "deputy", "bureau", "founding-9"))
    refused(lambda: case.fire("verify", DEPUTY, "task-1", role="judge"), "independent_of")


def test_a_role_is_not_delegated_to_somebody_on_the_other_side() -> None:
    case = desk().drafting()
    refused(lambda: case.delegate("officer", "officer", Actor("reviewer", body="bureau")), "separation")
    refused(lambda: case.delegate("officer", "officer", Actor("judge", body="bureau")), "separation")
    case = Desk(lending(), elsewhere={"deputy": frozenset({"judge"})}).drafting()
    found = refused(lambda: case.delegate("officer", "officer", "deputy"), "separation")
    assert found.blockers[0].clause == ("2",)
    assert [cure.role for cure in found.blockers[0].cure] == ["officer"]


def test_nor_does_a_delegate_get_to_the_other_side() -> None:
    case = desk().drafting().relieve("reviewer", "reviewer2").delegate("officer", "officer", "deputy")
    for body in ("bureau", "board"):
        refused(lambda body=body: case.appoint("reviewer", Actor("deputy", body=body)), "separation")
    # an office filled outside: neither role is acted in while the other is held or has been acted in
    case.offices = (*OFFICES, Appointment("judge", "deputy", "court", "founding-9"))
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "separation")
    case.offices = OFFICES
    case.fire("describe", DEPUTY, contested=False, people=1).end_delegation("officer", DEPUTY, "officer")
    refused(lambda: case.appoint("reviewer", "deputy"), "separation")
    case.offices = (*OFFICES, Appointment("judge", "deputy", "court", "founding-9"))
    case.fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    refused(lambda: case.add("vote", COURT_DEPUTY, position="for"), "separation")


def test_what_was_done_for_the_holder_keeps_the_holder_on_their_side() -> None:
    case = desk().drafting().relieve("reviewer", "reviewer2").delegate("officer", "officer", "deputy")
    case.fire("describe", DEPUTY, contested=False, people=1)
    case.relieve("officer", "officer")
    refused(lambda: case.appoint("reviewer", "officer"), "separation")


def test_what_the_holder_did_elsewhere_on_the_matter_keeps_the_delegate_too() -> None:
    case = Desk(lending()).reviewing().delegate("judge", "judge", "deputy")
    case.elsewhere = {"judge": frozenset({"officer"})}
    refused(lambda: case.add("vote", COURT_DEPUTY, position="for"), "separation")


def test_nobody_is_appointed_by_their_own_delegate() -> None:
    case = desk().drafting().delegate("chief", "chief", "deputy")
    deputy = Actor("deputy", body="hall")
    for whom in ("chief", "deputy"):
        refused(lambda whom=whom: case.appoint("officer", Actor(whom, body="hall"), deputy), "oneself")
    case.appoint("officer", "officer2", deputy)
    stamp = case.history[-1][1]
    assert (stamp.role, stamp.mandate) == ("chief", case.value.delegations[0].mandate)


# The end of it


def test_it_ends_with_what_it_rests_on() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy").relieve("officer", "officer")
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "role")
    case.appoint("officer", "officer")
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "role")  # another appointment
    case.delegate("officer", "officer", "deputy").fire("describe", DEPUTY, contested=False, people=1)
    case = desk().reviewing().delegate("judge", "judge", "deputy")
    case.offices = tuple(
        attrs.evolve(held, mandate="founding-99") if held.actor == "judge" else held for held in OFFICES
    )
    refused(lambda: case.add("vote", COURT_DEPUTY, position="for"), "role")


@pytest.mark.parametrize("who", ["officer", "deputy"])
def test_a_recusal_of_either_ends_it(who: str) -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy")
    case.recuse("officer", Actor(who, body="bureau"), "chief")
    found = "recused" if who == "deputy" else "role"
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), found)


def test_who_ends_it() -> None:
    case = desk().drafting().appoint("officer", "officer2").delegate("officer", "officer", "deputy")
    refused(lambda: case.end_delegation("officer", DEPUTY, "officer2"), "role")
    refused(lambda: case.end_delegation("officer", DEPUTY, "judge"), "role")
    refused(lambda: case.end_delegation("officer", Actor("deputy", body="x"), "officer"), "role")
    refused(lambda: case.end_delegation("reviewer", DEPUTY, "officer"), "role")
    case.end_delegation("officer", DEPUTY, "clerk")
    assert case.history[-1][1].role == "clerk"
    refused(lambda: case.end_delegation("officer", DEPUTY, "clerk"), "role")
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "role")
    case.delegate("officer", "officer", "deputy").end_delegation("officer", DEPUTY, DEPUTY)
    case.delegate("officer", "officer", "deputy", since=date(2026, 3, 9)).end_delegation("officer", DEPUTY, DEPUTY)
    assert "deputy" not in case.value.acted
    assert case.replayed() == case.case


def test_a_delegate_recuses_themselves_and_an_unused_delegation_is_no_act() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy").recuse("officer", DEPUTY)
    assert "deputy" not in case.value.acted
    refused(lambda: case.delegate("officer", "officer", "deputy"), "recused")


def test_nothing_is_delegated_or_ended_when_the_case_is_over() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy").fire("drop", "chief")
    refused(lambda: case.end_delegation("officer", DEPUTY, "officer"), "state")
    refused(lambda: case.delegate("chief", "chief", "other"), "state")


def test_under_a_version_in_which_the_role_is_not_delegable_it_is_worth_nothing() -> None:
    case = desk().drafting().delegate("officer", "officer", "deputy")
    case.procedure = changed()
    refused(lambda: case.fire("describe", DEPUTY, contested=False, people=1), "role")


def test_two_who_act_for_each_other_are_kept_from_what_either_is_kept_from() -> None:
    case = desk().drafting().appoint("officer", "officer2")
    case.offices = (*OFFICES, Appointment("chief", "officer2", "bureau", "founding-9"))
    case.delegate("officer", "officer", Actor("next", body="bureau"))
    case.add("task", Actor("next", body="bureau"), owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x")
    case.do(
        Delegate(
            actor=Actor("officer2", body="bureau"),
            basis=BASIS,
            office="chief",
            to=Actor("officer", body="bureau"),
            until=date(2026, 4, 1),
            reason="r",
        )
    )
    # officer is now the chief's delegate, and next acted for officer
    refused(lambda: case.fire("verify", "officer", "task-1", role="chief"), "independent_of")


def test_who_is_named_and_comes_to_act_for_who_named_them_needs_another_to_be_named() -> None:
    """What the loader refuses where no row names another: see the samples of static faults."""
    own = (
        '{ trigger = "verify", source = "carried_out", dest = "verified", by = ["judge", "chief", "officer"]',
        '{ trigger = "verify", source = "carried_out", dest = "verified", by = ["owner"]',
    )
    alone = ('{ independent_of = ["add", "carry_out", "owner"] }', '{ independent_of = ["add"] }')
    back = '{ trigger = "send_back", source = "carried_out"'
    anew = (back, '{ trigger = "rename", source = "carried_out", by = ["judge"], set = ["owner"] },\n  ' + back)
    case = desk(own, alone, anew).drafting()
    case.add("task", "officer", owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x")
    case.delegate("officer", "officer", Actor("owner", body="bureau"))
    case.fire("describe", Actor("owner", body="bureau"), contested=False, people=1)
    refused(lambda: case.fire("verify", "owner", "task-1"), "independent_of")
    case.fire("rename", "judge", "task-1", owner="next").fire("verify", "next", "task-1")


def test_a_delegate_of_a_subordinate_does_not_judge_the_superior_in_another_role_of_theirs() -> None:
    """Whom the holder is below is asked of the holder, whatever role they delegate."""
    case = desk(
        ('dest = "given", by = ["officer"]', 'dest = "given", by = ["officer", "chief"]'), APART_NO_MORE
    ).drafting()
    case.add("task", "chief", owner="owner", deadline=START.date())
    case.fire("carry_out", "owner", "task-1", account="x")
    case.offices = (*OFFICES, Appointment("judge", "officer", "bureau", "founding-9"))
    refused(lambda: case.fire("verify", "officer", "task-1", role="judge"), "independent_of")
    case.delegate("judge", "officer", "deputy")
    refused(lambda: case.fire("verify", DEPUTY, "task-1"), "independent_of")


APART_NO_MORE = ('roles = ["officer", "judge"]\nacross = "matter"', 'roles = ["officer", "specialist"]')


def test_a_recused_superior_who_is_named_remains_a_superior() -> None:
    case = desk(APART_NO_MORE).drafting()
    case.appoint("officer", "officer2").add("task", "officer2", owner="chief", deadline=START.date())
    case.fire("carry_out", "chief", "task-1", account="x").recuse("chief", "chief")
    refused(lambda: case.fire("verify", "officer", "task-1"), "independent_of")
    case.fire("verify", "judge", "task-1")


def test_no_recusal_shields_from_being_named() -> None:
    case = desk().drafting().recuse("reviewer", "reviewer2", "chief")
    assert "reviewer2" not in case.value.acted
    case.add("task", "officer", owner="reviewer2", deadline=START.date())
    refused(lambda: case.add("task", "officer", owner="nobody", deadline=START.date()), "office")
