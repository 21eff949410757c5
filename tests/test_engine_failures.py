"""When the store fails, is closed, or was put back to an older state: nothing is lost, doubled or made up."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import worlds
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE

from stabflow import Engine, Matter
from stabflow.errors import CommitUnknown, InvalidInput, NotYourRole, StoreUnavailable
from stabflow.stores.memory import MemoryStore
from stabflow.testing import Trouble

HOWS = ["unavailable", "lost", "unknown"]


@pytest.mark.parametrize("how", HOWS)
def test_what_failed_can_be_sent_again_and_happens_once(how: str) -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    error = StoreUnavailable if how == "unavailable" else CommitUnknown
    for number in range(1, 4):
        store.fail(how)
        with pytest.raises(error):
            case.add("note", by=CLERK, basis=BASIS, key=f"k-{number}", **NOTE)
        for _ in range(2):
            assert case.add("note", by=CLERK, basis=BASIS, key=f"k-{number}", **NOTE) == f"note-{number}"
    assert [record.version for record in case.history()] == [1, 2, 3, 4, 5, 6]
    assert engine.verify().cases == 1


@pytest.mark.parametrize("how", HOWS)
def test_after_a_failure_the_engine_knows_what_the_store_knows(how: str) -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    store.fail(how)
    with pytest.raises((StoreUnavailable, CommitUnknown)):
        case.add("note", by=CLERK, basis=BASIS, **NOTE)
    stored = how == "unknown"
    assert len(case.value.items) == int(stored)
    assert case.add("note", by=CLERK, basis=BASIS, **NOTE) == f"note-{1 + stored}"
    assert case.value == worlds.engine_over(store).case(case.id).value


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("stream", ["system/", "procedure/", "case/"])
def test_opening_and_constituting_can_be_sent_again(how: str, stream: str) -> None:
    store = worlds.wrapped()
    engine = worlds.engine_over(store)
    acts: list[Callable[[], object]] = [
        lambda: engine.constitute("small", "chair", CHAIR, basis=BASIS, key="c"),
        lambda: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="k"),
    ]
    store.fail(how, only=stream)
    failed = 0
    for act in acts:
        try:
            act()
        except (StoreUnavailable, CommitUnknown):
            failed += 1
            act()
        act()
    assert failed == 1
    assert [row.case_id for row in engine.cases()] == ["small-bridge-1-1"]
    assert len(engine.offices("small")) == 1
    assert engine.verify() == attrs.evolve(engine.verify(), cases=1, records=4)


@pytest.mark.parametrize("reading", ["read_stream", "are_heads", "find_cases", "lookup", "find_duties"])
def test_a_store_that_cannot_be_read_says_so_and_recovers(reading: str) -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    worlds.opened(engine)
    engine = worlds.engine_over(store)
    case = engine.case("small-bridge-1-1")  # all that this engine has read so far
    if reading == "are_heads":
        engine.offices("small")  # so that now it need only ask whether all is still so

    store.plan(Trouble("unavailable", reading))
    with pytest.raises(StoreUnavailable):
        engine.verify() if reading.startswith("find") else case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE)
    assert store.left == ()
    assert case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE) == "note-1"
    assert engine.verify().cases == 1


@pytest.mark.parametrize("url", ["memory:", "sqlite"])
def test_a_closed_engine_says_so(url: str, tmp_path: Path) -> None:
    engine = worlds.constituted(worlds.engine_on(url if url == "memory:" else f"sqlite:///{tmp_path}/store.db"))
    case = worlds.opened(engine)
    with engine:
        pass
    engine.close()
    for act in (
        lambda: case.value,
        case.history,
        lambda: case.add("note", by=CLERK, basis=BASIS, **NOTE),
        lambda: case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE),
        lambda: case.blockers("submit", by=CLERK),
        lambda: case.available(CLERK),
        lambda: engine.case(case.id),
        lambda: engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS),
        lambda: engine.withdraw("small", "chair", CHAIR, basis=BASIS),
        lambda: engine.offices("small"),
        lambda: list(engine.cases()),
        engine.verify,
    ):
        with pytest.raises(StoreUnavailable):
            act()


# A store put back to an older state beneath a running engine

State = dict[str, Any]
PARTS = ("_records", "_keys", "_cases", "_duties", "_snapshots", "_feed")


def backup(store: MemoryStore) -> State:
    return {part: copy.deepcopy(getattr(store, part)) for part in PARTS}


def restore(store: MemoryStore, state: State) -> None:
    for part, value in copy.deepcopy(state).items():
        setattr(store, part, value)


def test_a_case_of_which_the_end_is_gone_is_read_again() -> None:
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    older = backup(store)
    worlds.noted(case)
    restore(store, older)
    assert case.value.version == 3
    assert case.value == worlds.engine_over(store).case(case.id).value
    assert case.add("note", by=CLERK, basis=BASIS, **NOTE) == "note-1"
    assert engine.verify().cases == 1


def test_a_case_that_went_another_way_since_is_read_again() -> None:
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    older = backup(store)
    worlds.noted(case)
    restore(store, older)
    other = worlds.engine_over(store).case(case.id)
    for _ in range(4):
        other.add("note", by=CLERK, basis="another life", **NOTE)
    assert case.value == other.value
    assert case.add("note", by=CLERK, basis=BASIS, **NOTE) == "note-5"
    assert engine.verify().cases == 1


def test_an_office_that_was_never_filled_is_not_remembered() -> None:
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    older = backup(store)
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", AUDITOR, basis=BASIS)
    assert engine.offices("small")[0].actor == AUDITOR.id
    restore(store, older)
    with pytest.raises(NotYourRole):
        case.appoint("clerk", worlds.OUTSIDER, by=AUDITOR, basis=BASIS)
    case.appoint("clerk", worlds.OUTSIDER, by=CHAIR, basis=BASIS)
    assert engine.verify().cases == 1


def test_a_store_that_was_emptied_is_empty() -> None:
    store = MemoryStore()
    empty = backup(store)
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    restore(store, empty)
    with pytest.raises(InvalidInput, match="no case"):
        _ = case.value
    assert engine.offices("small") == ()
    again = worlds.opened(worlds.constituted(engine))
    assert again.id == case.id
    assert engine.verify().cases == 1, "the text of the procedure was kept again"
    assert worlds.engine_over(store, procedures=[]).case(case.id).value == again.value


def test_more_records_than_a_page_holds_are_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from stabflow.engine import streams

    engine = worlds.constituted(worlds.engine_on("memory:"))
    case = worlds.opened(engine)
    for _ in range(9):
        case.add("note", by=CLERK, basis=BASIS, **NOTE)
    for page in (1, 2, 3, 4, 6, 11, 12, 13):
        monkeypatch.setattr(streams, "MAX_PAGE", page)
        fresh = worlds.engine_over(engine._shell.store)
        assert len(fresh.case(case.id).history()) == 12
        assert fresh.case(case.id).value == case.value
        assert fresh.verify().cases == 1
        assert len(fresh.offices("small")) == 1


def test_cases_are_listed_page_after_page() -> None:
    engine: Engine = worlds.constituted(worlds.engine_on("memory:"))
    for number in range(105):
        engine.open_case("small", Matter(f"m-{number}", "M"), by=CHAIR, basis=BASIS)
    assert len({row.case_id for row in engine.cases()}) == 105
    assert [row.matter for row in engine.cases(matter="m-7")] == ["m-7"]
    assert list(engine.cases(state="settled")) == []
    assert engine.verify().cases == 105
