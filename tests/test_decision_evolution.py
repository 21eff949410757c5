"""Folding the events gives the case; what could never have happened is not folded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import attrs
import pytest
from procedures_for_tests import START, Desk, actor

from stabflow.case import Entry
from stabflow.decision.events import Added, Amended, Appointed, Constituted, Event, ItemMoved, LaidOut, Moved, Relieved
from stabflow.decision.evolution import evolve, replay
from stabflow.errors import Corrupt


def well_filled() -> Desk:
    desk = Desk().reviewing()
    desk.add("task", "officer", owner="owner", deadline=date(2026, 4, 1))
    desk.fire("check_again", "reviewer")
    desk.fire("assess", "officer", "criterion-3", verdict="bad")
    return desk


def test_replay_is_the_fold_step_by_step() -> None:
    desk = Desk().voted()
    desk.fire("agree", "judge").fire("reopen", "judge", news="n")
    case = None
    for number, (event, stamp) in enumerate(desk.history, start=1):
        case = evolve(case, event, stamp)
        assert case == replay(desk.history[:number])
        assert case == replay(desk.history[number // 2 : number], replay(desk.history[: number // 2]))
    assert case == desk.case
    assert replay([]) is None


def test_a_case_remembers_who_did_what_when() -> None:
    desk = Desk().checking().wait(hours=1)
    desk.fire("assess", "officer", "criterion-1", verdict="good")
    case = desk.value
    assert case.entered["checking"] == Entry(6, START)
    assert [(act.version, act.source, act.trigger, act.actor, act.role) for act in case.acts] == [
        (1, "", "open", "chief", "chief"),
        (5, "drafting", "describe", "officer", "officer"),
        (6, "drafting", "submit", "officer", "officer"),
    ]
    assert case.acted == {"chief": {"chief"}, "officer": {"officer"}}
    assert case.updated_at == desk.now
    assert case.opened_at == START
    item = case.items["criterion-1"]
    assert (item.added, item.adder, item.laid_out, item.acts[0].trigger) == (6, "", True, "assess")
    assert item.stated["aspect"].trigger == ""
    assert (item.stated["verdict"].source, item.stated["verdict"].hash) == ("open", "hash-7")


def test_rounds_are_counted() -> None:
    desk = Desk().reviewing()
    assert (desk.value.round, desk.value.round_began) == (1, 1)
    desk.fire("send_back", "reviewer", reasons="r")
    began = desk.value.version
    assert (desk.value.round, desk.value.round_began) == (2, began)
    desk.fire("submit", "officer", lead="officer")  # forward again, into a state that was entered before
    assert (desk.value.round, desk.value.round_began) == (2, began)


Fault = Callable[[Desk], Event]
IMPOSSIBLE: dict[str, Fault] = {
    "opened twice": lambda desk: desk.history[0][0],
    "from another state": lambda _: Moved(trigger="submit", source="drafting", dest="checking"),
    "an unknown item moved": lambda _: ItemMoved(item="task-9", trigger="verify", source="given", dest="verified"),
    "an item moved from elsewhere": lambda _: ItemMoved(
        item="task-1", trigger="verify", source="carried_out", dest="verified"
    ),
    "a superseded item moved": lambda _: ItemMoved(
        item="criterion-1", trigger="assess", source="open", dest="assessed"
    ),
    "an item added twice": lambda _: Added(item="task-1", kind="task", trigger="add", state="given"),
    "an item laid out twice": lambda _: Moved(
        trigger="x",
        source="checking",
        dest="checking",
        laid_out=(LaidOut(item="criterion-1", kind="criterion", state="open"),),
    ),
    "an unknown item superseded": lambda _: Moved(
        trigger="x", source="checking", dest="checking", superseded=("task-9",)
    ),
    "a fact amended that nobody stated": lambda _: Amended(item=None, values={"news": "x"}, reason="r"),
    "an unknown item amended": lambda _: Amended(item="task-9", values={"deadline": START.date()}, reason="r"),
    "somebody appointed twice": lambda _: Appointed(office="officer", appointee=actor("officer")),
    "somebody relieved who holds nothing": lambda _: Relieved(office="officer", appointee=actor("reviewer")),
    "an event of another stream": lambda _: Constituted(procedure="desk", office="judge", holder=actor("judge3")),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_have_happened_is_corrupt(name: str) -> None:
    desk = Desk().reviewing() if name != "a superseded item moved" else Desk().checking()
    if name == "a superseded item moved":
        desk.fire("assess", "officer", "criterion-2", verdict="good")
        item = attrs.evolve(desk.value.items["criterion-1"], superseded=True)
        desk.case = attrs.evolve(desk.value, items={**desk.value.items, "criterion-1": item})
    elif name.startswith("an item laid") or name.endswith("item superseded"):
        desk = Desk().checking()
    desk.add("task", "officer", owner="owner", deadline=date(2026, 4, 1))
    event = IMPOSSIBLE[name](desk)
    stamp = attrs.evolve(desk.history[-1][1], version=desk.value.version + 1, hash="next")
    with pytest.raises(Corrupt, match="case-1"):
        evolve(desk.case, event, stamp)


def test_nothing_comes_before_the_opening() -> None:
    desk = Desk().drafting()
    for event, stamp in desk.history[1:]:
        with pytest.raises(Corrupt, match="before the case was opened"):
            evolve(None, event, stamp)
        with pytest.raises(Corrupt, match="before the case was opened"):
            evolve(None, event, attrs.evolve(stamp, version=1))
    with pytest.raises(Corrupt):
        evolve(None, desk.history[0][0], attrs.evolve(desk.history[0][1], version=2))


def test_versions_follow_one_another() -> None:
    desk = Desk().drafting()
    event, stamp = desk.history[-1]
    before = replay(desk.history[:-1])
    for version in (0, 1, stamp.version - 1, stamp.version + 1):
        with pytest.raises(Corrupt, match="does not follow"):
            evolve(before, event, attrs.evolve(stamp, version=version))
    assert evolve(before, event, stamp) == desk.case


def test_evolving_leaves_the_case_before_as_it_was() -> None:
    desk = well_filled()
    for number in range(1, len(desk.history)):
        before = replay(desk.history[:number])
        shown = repr(before)
        evolve(before, *desk.history[number])
        assert repr(before) == shown
