"""Several acts as one: all or nothing, decided one on the other, stored as they were decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import worlds
from worlds import AUDITOR, BASIS, CHAIR, CLERK, NOTE, FakeClock, Wrapped

from stabflow import Actor, CaseHandle, Engine, InvalidInput, Refused
from stabflow.engine import Acts
from stabflow.errors import (
    CommitUnknown,
    IdempotencyMismatch,
    NotPermitted,
    NotYourRole,
    StoreUnavailable,
    Unmet,
    VersionConflict,
)

Scene = tuple[Wrapped, Engine, CaseHandle, CaseHandle]


@pytest.fixture(params=["memory", "sqlite"])
def scene(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Scene]:
    """A store that can be interfered with, an engine, its case, and the same case in another engine."""
    store = worlds.wrapped("memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db")
    clock = FakeClock()
    engine, rival = worlds.constituted(worlds.engine_over(store, clock)), worlds.engine_over(store, clock)
    case = worlds.opened(engine)
    yield store, engine, case, rival.case(case.id)
    store.mend()
    assert engine.verify().cases == 1
    store.close()


def version(case: CaseHandle) -> int:
    return len(case.history())


def in_block(case: CaseHandle, *steps: Callable[[Acts], object], by: Actor = CLERK, **options: Any) -> Acts:
    """Take the steps in one block."""
    with case.acting(by, **{"basis": BASIS, **options}) as act:
        for step in steps:
            step(act)
    return act


def add(act: Acts) -> object:
    return act.add("note", **NOTE)


def do(act: Acts) -> object:
    return act.fire("do", item="note-1")


def submit(act: Acts) -> object:
    return act.fire("submit", urgent=True)


def settle(act: Acts) -> object:
    return act.fire("settle")


def fail(error: BaseException) -> Callable[[Acts], object]:
    def step(act: Acts) -> object:
        raise error

    return step


def test_the_acts_of_a_block_are_stored_together(scene: Scene) -> None:
    store, _, case, rival = scene
    batches: list[int] = []
    store.before = lambda batch: batches.append(len(batch.records))
    with case.acting(CLERK, role="clerk", basis=BASIS) as act:
        note = act.add("note", **NOTE)
        assert act.value.items[note].state == "open"
        assert rival.value.version == case.value.version == 3, "nothing is stored before the block is left"
        with pytest.raises(Refused):
            act.fire("do", item=note)  # the owner does that, not the clerk
    assert batches == [1]
    with case.acting(CLERK, basis=BASIS) as act:
        act.fire("do", item=note)
        moved = act.fire("submit", urgent=True)
        assert act.value.state == "deciding"
    assert batches == [1, 2]
    assert act.records[-1] == moved == case.history()[-1]
    assert case.value == rival.value
    assert [record.version for record in case.history()] == [1, 2, 3, 4, 5, 6]


def test_an_exception_in_the_block_drops_every_act(scene: Scene) -> None:
    _, _, case, _ = scene
    for error in (ZeroDivisionError(), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            in_block(case, add, fail(error), key="k")
    with pytest.raises(NotPermitted):
        in_block(case, add, settle, key="k")
    assert version(case) == 3
    assert not case.value.items
    with case.acting(CLERK, basis=BASIS, key="k") as act:
        act.add("note", **NOTE)
    assert version(case) == 4, "what was dropped consumed no key"


def test_without_a_key_a_refused_act_leaves_the_block_as_it_was(scene: Scene) -> None:
    _, _, case, _ = scene
    with case.acting(CLERK, basis=BASIS) as act:
        note = act.add("note", **NOTE)
        before = act.value
        for wrong in (
            lambda: act.fire("submit", urgent=True),
            lambda: act.fire("fly"),
            lambda: act.add("note", words=""),
            lambda: act.amend(note, reason="", words="x"),
        ):
            with pytest.raises((Refused, InvalidInput)):
                wrong()
            assert act.value is before
        act.fire("do", item=note)
    assert [record.tag for record in act.records] == ["item.added", "item.moved"]
    assert version(case) == 5


def test_a_refused_act_is_not_tried_again_after_a_lost_race(scene: Scene) -> None:
    store, _, case, rival = scene
    worlds.noted(case)
    store.interleave(lambda: rival.appoint("clerk", worlds.OUTSIDER, by=CHAIR, basis=BASIS))
    with case.acting(CLERK, basis=BASIS) as act:
        with pytest.raises(NotPermitted):
            act.fire("settle")
        act.fire("submit", urgent=True)
    assert [record.tag for record in case.history()][-2:] == ["appointed", "case.moved"]


def test_with_a_key_the_block_is_all_or_nothing(scene: Scene) -> None:
    """A repeated block must find its acts in order; one that went on after a refusal could not be told apart."""
    _, _, case, _ = scene

    def refused(act: Acts) -> None:
        with pytest.raises(Unmet):
            submit(act)

    with pytest.raises(Unmet):
        in_block(case, add, refused, add, key="k")
    assert version(case) == 3
    with case.acting(CLERK, basis=BASIS, key="k") as act:
        assert act.add("note", **NOTE) == "note-1"
    assert version(case) == 4


def block(case: CaseHandle, **more: Any) -> tuple[str, ...]:
    with case.acting(CLERK, basis=BASIS, key="k", **more) as act:
        note = act.add("note", **NOTE)
        act.fire("do", item=note)
        act.fire("submit", urgent=True)
    return (note, *(record.hash for record in act.records))


def test_a_block_with_a_key_happens_once(scene: Scene) -> None:
    _, _, case, rival = scene
    first = block(case)
    assert version(case) == 6
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="again")
    assert [block(case), block(rival), block(case, if_version=3)] == [first] * 3
    assert version(case) == 7


def test_another_block_under_the_same_key_is_refused(scene: Scene) -> None:
    _, _, case, rival = scene
    block(case)
    for steps in ((), (add,), (add, do), (add, do, submit, add), (submit, add), (add, submit, do)):
        with pytest.raises(IdempotencyMismatch):
            in_block(rival, *steps, key="k")
    with pytest.raises(IdempotencyMismatch):
        in_block(rival, add, do, submit, key="k", basis="other")
    with pytest.raises(IdempotencyMismatch):
        rival.add("note", by=CLERK, basis=BASIS, key="k", **NOTE)
    assert version(case) == 6


def test_a_block_that_lost_a_race_to_something_beside_it_is_stored(scene: Scene) -> None:
    store, _, case, rival = scene
    worlds.noted(case)
    store.interleave(lambda: rival.appoint("clerk", worlds.OUTSIDER, by=CHAIR, basis=BASIS))
    with case.acting(CLERK, basis=BASIS) as act:
        act.add("note", **NOTE)
        moved = act.fire("submit", urgent=True)
    assert act.records[-1].event == moved.event or moved.event.tag == act.records[-1].tag
    assert [record.version for record in act.records] == [7, 8]
    assert case.state == "deciding"


def test_a_block_whose_ids_are_taken_meanwhile_is_not_stored(scene: Scene) -> None:
    """The id was handed out within the block: it may have gone into a letter by now."""
    store, _, case, rival = scene
    store.interleave(lambda: rival.add("note", by=CLERK, basis=BASIS, **NOTE))
    with pytest.raises(VersionConflict), case.acting(CLERK, basis=BASIS) as act:
        assert act.add("note", **NOTE) == "note-1"
    assert version(case) == 4


def test_a_block_that_lost_a_race_to_a_move_is_not_stored(scene: Scene) -> None:
    store, _, case, rival = scene
    worlds.noted(case)
    store.interleave(lambda: rival.fire("submit", by=CLERK, basis=BASIS, urgent=False))
    with pytest.raises(VersionConflict), case.acting(CLERK, basis=BASIS) as act:
        act.add("note", **NOTE)
    assert case.state == "deciding"
    assert version(case) == 6


def test_an_office_that_changes_hands_within_the_block_is_seen(scene: Scene) -> None:
    _, engine, case, _ = scene

    def recall(act: Acts) -> object:
        return engine.withdraw("small", "chair", CHAIR, basis="recalled")

    with pytest.raises(Refused, match="chair-1"):
        in_block(case, add, recall, by=CHAIR)
    assert version(case) == 3
    engine.constitute("small", "chair", CHAIR, basis="again")
    in_block(case, add, recall)
    assert version(case) == 4, "what does not rest on that office is stored"


@pytest.mark.parametrize("how", ["unavailable", "lost", "unknown"])
def test_a_block_that_fails_in_the_store_can_be_sent_again(scene: Scene, how: str) -> None:
    store, _, case, _ = scene
    store.fail(how)
    with pytest.raises(StoreUnavailable if how == "unavailable" else CommitUnknown):
        block(case)
    first = block(case)
    assert version(case) == 6
    assert block(case) == first


def test_a_block_is_entered_before_it_is_acted_in(scene: Scene) -> None:
    _, _, case, _ = scene
    act = case.acting(CLERK, basis=BASIS)
    with pytest.raises(InvalidInput, match="not open"):
        act.add("note", **NOTE)
    with act:
        act.add("note", **NOTE)
    for late in (lambda: act.add("note", **NOTE), lambda: act.value):
        with pytest.raises(InvalidInput, match="not open"):
            late()
    with act:
        assert act.records == ()
        act.add("note", **NOTE)
    assert len(act.records) == 1
    assert version(case) == 5


def test_an_empty_block_stores_nothing_and_uses_no_key(scene: Scene) -> None:
    _, _, case, _ = scene
    with case.acting(CLERK, basis=BASIS, key="k") as act:
        assert act.value.version == 3
    assert act.records == ()
    assert version(case) == 3
    block(case)


def test_appointing_in_a_block_counts_at_once(scene: Scene) -> None:
    _, _, case, _ = scene
    helper = worlds.Actor("c-2", body="office")
    with case.acting(CHAIR, basis=BASIS) as act:
        act.appoint("clerk", helper)
        act.relieve("clerk", CLERK)
        with pytest.raises(Refused):
            act.appoint("auditor", helper)
    case.add("note", by=helper, basis=BASIS, **NOTE | {"owner": helper})
    with pytest.raises(NotYourRole):
        case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": helper})


def test_the_claimed_time_of_a_block_holds_for_each_act(scene: Scene) -> None:
    _, _, case, _ = scene
    at = case.value.updated_at
    with case.acting(CLERK, basis=BASIS, at=at) as act:
        note = act.add("note", **NOTE)
        act.fire("do", item=note)
    assert [record.occurred_at for record in act.records] == [at, at]
    assert AUDITOR.id not in case.value.acted


def test_a_block_that_is_open_is_not_entered_again(scene: Scene) -> None:
    """The inner block once took the outer one's acts with it when it was left."""
    _, _, case, _ = scene
    acts = case.acting(CHAIR, basis=BASIS)
    with acts as outer:
        outer.relieve("clerk", CLERK)
        with pytest.raises(InvalidInput, match="the block is open already"):
            acts.__enter__()
        outer.appoint("clerk", Actor("clerk-2", body="office"))
    assert [record.tag for record in case.history()[-2:]] == ["relieved", "appointed"]
    with acts as again:
        again.relieve("auditor", AUDITOR)
    assert [record.tag for record in acts.records] == ["relieved"]
