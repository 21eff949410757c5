"""Rounds: what counts again after a return, what is laid out afresh, what stays."""

from __future__ import annotations

from datetime import date

import pytest
from procedures_for_tests import BASIS, START, Desk, actor, changed, kinds

from stabflow.decision.commands import Fire
from stabflow.decision.duties import open_duties
from stabflow.decision.events import Moved
from stabflow.errors import NotPermitted, Unmet

AGAIN = ('trigger = "check_again"\nsource = "reviewing"', 'trigger = "check_again"\nsource = ["reviewing", "checking"]')


def states(desk: Desk, kind: str = "criterion") -> dict[str, str]:
    return {item.id: "superseded" if item.superseded else item.state for item in desk.value.of_kind(kind)}


def test_what_the_same_entering_laid_out_counts_as_since_then() -> None:
    desk = Desk().checking()
    entered = desk.value.entered["checking"].version
    assert [item.added for item in desk.value.of_kind("criterion")] == [entered, entered]
    with pytest.raises(Unmet) as caught:
        desk.fire("pass_check", "officer")
    assert caught.value.blockers[0].facts["items"] == ["criterion-1", "criterion-2"]  # present, and open
    desk.assess().fire("pass_check", "officer")


def test_what_was_added_before_the_entering_does_not_count() -> None:
    desk = Desk().voted()
    desk.fire("check_again", "reviewer").assess().fire("pass_check", "officer").fire(
        "confirm", "reviewer", confirmed=True
    )
    with pytest.raises(Unmet) as caught:
        desk.fire("agree", "judge")
    assert kinds(caught.value) == ["items", "items"]
    assert caught.value.blockers[0].facts["count"] == 0
    desk.add("vote", "judge", position="for")
    desk.add("vote", "reviewer", position="for")
    desk.fire("agree", "judge")


def test_after_a_return_firing_straight_back_without_new_evidence_is_refused() -> None:
    desk = Desk().drafting().fire("describe", "officer", contested=True, people=10)
    hearing = desk.add("hearing", "officer", day=START.date(), invited=3)
    desk.fire("hold", "officer", hearing, came=2)
    desk.fire("submit", "officer", lead="officer").assess().fire("pass_check", "officer")
    desk.fire("send_back", "reviewer", reasons="hear them again")
    with pytest.raises(Unmet) as caught:
        desk.fire("submit", "officer", lead="officer")
    assert kinds(caught.value) == ["items"]
    assert "submit" not in [option.trigger for option in desk.available("officer")]
    hearing = desk.add("hearing", "officer", day=START.date(), invited=3)
    desk.fire("hold", "officer", hearing, came=2).fire("submit", "officer", lead="officer")
    with pytest.raises(Unmet) as caught:  # nor does the old checklist
        desk.fire("pass_check", "officer")
    assert kinds(caught.value) == ["items"]
    desk.assess().fire("pass_check", "officer")


def test_entering_the_same_state_again_begins_it_anew() -> None:
    desk = Desk().voted().fire("begin_anew", "reviewer")
    with pytest.raises(Unmet):
        desk.fire("agree", "judge")
    desk.add("vote", "judge", position="for")  # a second vote, of another round


def test_a_checklist_is_laid_out_anew_and_what_was_unfinished_is_superseded() -> None:
    desk = Desk().checking()
    desk.fire("assess", "officer", "criterion-1", verdict="good")
    back = changed(
        ('trigger = "check_again"\nsource = "reviewing"', 'trigger = "check_again"\nsource = ["reviewing", "checking"]')
    )
    desk.procedure = back
    with pytest.raises(Exception, match="only “reviewer” may"):
        desk.fire("check_again", "officer")
    desk.fire("check_again", "reviewer")
    assert states(desk) == {
        "criterion-1": "assessed",
        "criterion-2": "superseded",
        "criterion-3": "open",
        "criterion-4": "open",
    }
    event = desk.history[-1][0]
    assert isinstance(event, Moved)
    assert event.superseded == ("criterion-2",)
    assert [one.item for one in event.laid_out] == ["criterion-3", "criterion-4"]
    assert desk.replayed() == desk.case


def superseding() -> Desk:
    return Desk(changed(AGAIN)).checking().fire("check_again", "reviewer")


def test_a_superseded_item_counts_for_nothing() -> None:
    desk = superseding()
    desk.assess()
    assert [item.id for item in desk.value.of_kind("criterion") if item.state == "assessed"] == [
        "criterion-3",
        "criterion-4",
    ]
    desk.fire("pass_check", "officer")
    wanted = changed(
        ('{ items = "criterion", since = "checking", at_least = 2 }', '{ items = "criterion", at_least = 3 }')
    )
    desk = superseding()
    desk.procedure = wanted
    desk.assess()
    with pytest.raises(Unmet) as caught:
        desk.fire("pass_check", "officer")
    assert caught.value.blockers[0].facts["count"] == 2


def test_nobody_owes_a_superseded_item_and_nobody_moves_it() -> None:
    desk = superseding()
    assert "criterion-1" not in [duty.duty for duty in open_duties(desk.procedure, desk.value)]
    with pytest.raises(Unmet) as caught:
        desk.fire("assess", "officer", "criterion-1", verdict="good")
    assert kinds(caught.value) == ["superseded"]
    assert "criterion-1" not in [option.item for option in desk.available("officer")]
    assert [blocker.kind for blocker in desk.blockers("assess", "officer", "criterion-1")] == ["superseded"]


def test_items_added_by_people_are_not_superseded() -> None:
    assess = '{ trigger = "assess", source = "open"'
    add = '{ trigger = "add", dest = "open", by = ["officer"], set = ["aspect"] },\n  '
    desk = Desk(changed((assess, add + assess), AGAIN)).checking()
    own = desk.add("criterion", "officer", aspect="law")
    for name in ("criterion-1", "criterion-2", own):
        desk.fire("assess", "officer", name, verdict="good")
    late = desk.add("criterion", "officer", aspect="money")
    with pytest.raises(Unmet) as caught:
        desk.fire("pass_check", "officer")
    assert caught.value.blockers[0].facts["items"] == [late]
    desk.fire("assess", "officer", late, verdict="good")
    desk.fire("pass_check", "officer").fire("check_again", "reviewer")
    assert "superseded" not in states(desk).values()
    late = desk.add("criterion", "officer", aspect="money")
    desk.fire("check_again", "reviewer")
    assert states(desk)[late] == "open"
    assert list(states(desk).values()).count("superseded") == 2


def test_items_keep_their_numbers_through_all_rounds() -> None:
    desk = Desk().reviewing().fire("check_again", "reviewer")
    assert list(states(desk)) == ["criterion-1", "criterion-2", "criterion-3", "criterion-4"]
    assert desk.value.counters == {"criterion": 4}


def test_a_preset_is_laid_out_also_where_a_case_is_opened() -> None:
    desk = Desk(changed(('dest = "open", at = "checking" }', 'dest = "open", at = ["drafting", "checking"] }'))).open()
    assert list(states(desk).values()) == ["open", "open"]
    assert desk.value.counters == {"criterion": 2}
    desk.appoint("officer", "officer").fire("describe", "officer", contested=False, people=1)
    desk.fire("submit", "officer", lead="judge")
    assert list(states(desk).values()) == ["superseded", "superseded", "open", "open"]


def test_votes_of_everybody_once_in_a_round() -> None:
    desk = Desk().reviewing()
    desk.add("vote", "judge", position="against")
    with pytest.raises(Unmet) as caught:
        desk.add("vote", "judge", position="for")
    assert kinds(caught.value) == ["unique"]
    assert caught.value.blockers[0].clause == ("3",)
    assert caught.value.blockers[0].facts["item"] == "vote-1"
    assert "add" not in [option.trigger for option in desk.available("judge") if option.kind == "vote"]
    desk.fire("begin_anew", "reviewer")
    desk.add("vote", "judge", position="for")


def test_a_majority_is_more_than_half_of_this_rounds_votes() -> None:
    desk = Desk().reviewing().fire("confirm", "reviewer", confirmed=True)
    desk.add("vote", "judge", position="for")
    desk.add("vote", "reviewer", position="against")
    with pytest.raises(Unmet) as caught:
        desk.fire("agree", "judge")
    assert caught.value.blockers[0].facts == {"kind": "vote", "count": 1, "of": 2}
    desk.add("vote", "judge2", position="for")
    desk.fire("agree", "judge")


def test_a_row_that_is_gone_by_is_not_permitted_again_before_a_return() -> None:
    desk = Desk().reviewing()
    for trigger, by in (("submit", "officer"), ("pass_check", "officer")):
        with pytest.raises(NotPermitted):
            desk.decide(Fire(actor=actor(by), basis=BASIS, trigger=trigger))


def test_evidence_of_a_passed_state_comes_too_late_for_it_and_counts_where_it_is_asked_for() -> None:
    desk = Desk().reviewing()
    with pytest.raises(Unmet) as caught:
        desk.add("hearing", "officer", day=date(2026, 3, 9), invited=1)
    assert kinds(caught.value) == ["case"]
