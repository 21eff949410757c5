"""Cases spread over several stores: what docs/how-to/scale-out.md says that no longer holds when a matter is split."""

from __future__ import annotations

import pytest
import worlds
from test_engine_across import ACROSS, MINE, WRITER
from test_engine_gate import ACCEPT, FakeClock, five_steps, led, opened, published
from worlds import BASIS, BRIDGE, CHAIR, CLERK, NOTE

import stabflow
from stabflow.errors import NotYourRole, Unmet


@pytest.mark.slow
def test_a_matter_that_is_split_is_cleared_in_one_store_and_forbidden_in_the_other() -> None:
    clock = FakeClock()
    here, there, whole = (stabflow.open("memory:", clock=clock) for _ in range(3))
    for engine in (here, there, whole):
        five_steps.constitute(engine)
    for engine in (here, whole):
        published(led(opened(engine), clock, "approved"))
    for engine in (there, whole):
        led(opened(engine), clock, "prohibited")
    assert here.gate("ring-road", accept=ACCEPT).cleared
    assert not there.gate("ring-road", accept=ACCEPT).cleared
    assert not whole.gate("ring-road", accept=ACCEPT).cleared
    assert len(here.matter("ring-road").cases) == 1


def test_who_is_separated_across_a_matter_is_not_where_it_is_split() -> None:
    def judged(*, split: bool) -> None:
        here = worlds.engine_on("memory:", procedures=[ACROSS])
        there = worlds.engine_on("memory:", procedures=[ACROSS]) if split else here
        for engine in {here, there}:
            worlds.constituted(engine)
        one, two = (engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS) for engine in (here, there))
        one.appoint("clerk", WRITER, by=CHAIR, basis=BASIS)
        one.add("note", by=WRITER, basis=BASIS, **MINE)
        two.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
        two.appoint("auditor", WRITER, by=CHAIR, basis=BASIS)
        worlds.noted(two)
        two.fire("submit", by=CLERK, basis=BASIS, urgent=True)
        two.fire("pass", item="check-1", by=WRITER, basis=BASIS)

    judged(split=True)
    with pytest.raises(Unmet, match="in another case on this matter"):
        judged(split=False)


def test_an_office_that_is_withdrawn_in_one_store_is_in_force_in_the_other() -> None:
    here, there = (worlds.constituted(worlds.engine_on("memory:")) for _ in range(2))
    here.withdraw("small", "chair", CHAIR, basis=BASIS)
    with pytest.raises(NotYourRole):
        worlds.opened(here)
    worlds.opened(there)


def test_a_key_that_is_sent_to_another_store_is_a_second_act() -> None:
    here, there = (worlds.opened(worlds.constituted(worlds.engine_on("memory:"))) for _ in range(2))
    for case in (here, here, there):
        case.add("note", by=CLERK, basis=BASIS, key="once", **NOTE)
    assert [len(case.value.items) for case in (here, there)] == [1, 1]
