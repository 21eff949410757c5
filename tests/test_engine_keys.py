"""Keys, versions and lost races: an act happens once, and only on the case it was decided on."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import worlds
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER, FakeClock, Wrapped

from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, Record, Refused
from stabflow.decision.events import Added
from stabflow.errors import IdempotencyMismatch, NotPermitted, Unmet, VersionConflict
from stabflow.stores.memory import MemoryStore
from stabflow.testing import Trouble

Pair = tuple[Engine, Engine]


@pytest.fixture(params=["memory", "sqlite"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Two engines on one storage, each with its own caches (on SQLite: each with its own handle)."""
    clock, store = FakeClock(), MemoryStore()
    if request.param == "memory":
        engines = worlds.engine_over(store, clock), worlds.engine_over(store, clock)
    else:
        url = f"sqlite:///{tmp_path}/store.db"
        engines = worlds.engine_on(url, clock), worlds.engine_on(url, clock)
    worlds.constituted(engines[0])
    yield engines
    for engine in engines:
        assert engine.verify() is not None
    for engine in engines:
        engine.close()


def versions(case: CaseHandle) -> list[int]:
    return [record.version for record in case.history()]


# Keys

KEYED: dict[str, Callable[[CaseHandle, str], object]] = {
    "add": lambda case, key: case.add("note", by=CLERK, basis=BASIS, key=key, **NOTE),
    "fire": lambda case, key: case.fire("submit", by=CLERK, basis=BASIS, key=key, urgent=True),
    "fire item": lambda case, key: case.fire("do", item="note-2", by=CLERK, basis=BASIS, key=key),
    "amend": lambda case, key: case.amend("note-2", by=CLERK, basis=BASIS, reason="typo", key=key, words="new"),
    "appoint": lambda case, key: case.appoint("clerk", Actor("c-9", body="b"), by=CHAIR, basis=BASIS, key=key),
    "relieve": lambda case, key: case.relieve("auditor", AUDITOR, by=CHAIR, basis=BASIS, key=key),
}


def ready(engine: Engine) -> CaseHandle:
    case = worlds.opened(engine)
    worlds.noted(case)
    case.add("note", by=CLERK, basis=BASIS, **NOTE)
    return case


@pytest.mark.parametrize("what", sorted(KEYED))
def test_a_key_makes_an_act_happen_once(pair: Pair, what: str) -> None:
    case = ready(pair[0])
    act = KEYED[what]
    first = act(case, "k-1")
    after = versions(case)
    for engine in pair:
        assert _same(act(engine.case(case.id), "k-1"), first)
    case.fire("do", item="note-2", by=CLERK, basis=BASIS) if what in {"add", "amend"} else None
    worlds.noted(case) if what == "fire item" else None
    moved_on = versions(case)
    assert len(moved_on) >= len(after)
    for engine in pair:
        assert _same(act(engine.case(case.id), "k-1"), first), "replayed also after the case moved on"
    assert versions(case) == moved_on
    for other in KEYED.values():
        if other is not act:
            with pytest.raises(IdempotencyMismatch):
                other(case, "k-1")
    assert versions(case) == moved_on


def _same(one: object, other: object) -> bool:
    if isinstance(one, Record) and isinstance(other, Record):
        return (one.hash, one.event, one.version) == (other.hash, other.event, other.version)
    return one == other


@pytest.mark.parametrize(
    "other",
    [
        {"words": "other"},
        {"by": CHAIR},
        {"basis": "order 8"},
        {"role": "clerk"},
        {"by": Actor(CLERK.id, body="depot")},
        {"trigger": "add"},
    ],
    ids=str,
)
def test_a_key_stands_for_one_request(pair: Pair, other: dict[str, Any]) -> None:
    case = worlds.opened(pair[0])
    asked: dict[str, Any] = {**NOTE, "by": CLERK, "basis": BASIS, "key": "k"}
    case.add("note", **asked)
    with pytest.raises(IdempotencyMismatch):
        pair[1].case(case.id).add("note", **{**asked, **other})
    assert versions(case) == [1, 2, 3, 4]


def test_time_and_version_are_no_part_of_the_request(pair: Pair) -> None:
    case = worlds.opened(pair[0])
    first = case.add("note", by=CLERK, basis=BASIS, key="k", if_version=3, **NOTE)
    again = pair[1].case(case.id)
    assert again.add("note", by=CLERK, basis=BASIS, key="k", if_version=3, **NOTE) == first
    assert again.add("note", by=CLERK, basis=BASIS, key="k", at=worlds.START, **NOTE) == first


def test_a_refusal_consumes_no_key(pair: Pair) -> None:
    case = worlds.opened(pair[0])
    with pytest.raises(Unmet):
        case.fire("submit", by=CLERK, basis=BASIS, key="k", urgent=True)
    with pytest.raises(InvalidInput):
        case.fire("submit", by=CLERK, basis=BASIS, key="k", urgent="no")
    worlds.noted(case)
    assert case.fire("submit", by=CLERK, basis=BASIS, key="k", urgent=True).key == "k"


def test_a_key_belongs_to_its_stream(pair: Pair) -> None:
    one = worlds.opened(pair[0])
    two = worlds.opened(pair[0], Matter("road-2", "Road"))
    for case in (one, two):
        assert case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE) == "note-1"
    worlds.constituted(pair[1], worlds.small(find='id = "small"', put='id = "tiny"'))
    assert len(pair[0].offices("small")) == 1


def test_opening_with_a_key_happens_once(pair: Pair) -> None:
    def open_it(engine: Engine, basis: str = BASIS) -> CaseHandle:
        return engine.open_case("small", BRIDGE, by=CHAIR, basis=basis, key="k")

    case = open_it(pair[0])
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    other = pair[0].open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    assert [open_it(engine).id for engine in pair] == [case.id, case.id]
    assert {row.case_id for row in pair[1].cases()} == {case.id, other.id}
    with pytest.raises(IdempotencyMismatch):
        open_it(pair[1], basis="order 9")


def test_opening_under_an_id_with_a_key_happens_once(pair: Pair) -> None:
    more: dict[str, Any] = {"by": CHAIR, "basis": BASIS, "case_id": "mine", "key": "k"}
    assert pair[0].open_case("small", BRIDGE, **more).id == "mine"
    assert pair[1].open_case("small", BRIDGE, **more).id == "mine"
    with pytest.raises(IdempotencyMismatch):
        pair[1].open_case("small", Matter("road-2", "Road"), **more)
    with pytest.raises(InvalidInput, match="taken"):
        pair[1].open_case("small", BRIDGE, **{**more, "key": "k-2"})
    with pytest.raises(InvalidInput, match="taken"):
        pair[1].open_case("small", BRIDGE, by=CHAIR, basis=BASIS, case_id="mine")
    assert versions(pair[0].case("mine")) == [1]


@pytest.mark.parametrize("used", ["for one act", "for several", "in a case with an id of its own"])
def test_a_key_of_an_act_in_another_case_opens_a_case_all_the_same(pair: Pair, used: str) -> None:
    case = worlds.opened(pair[0], **({"case_id": "mine"} if used.startswith("in a case") else {}))
    if used == "for several":
        with case.acting(CLERK, basis=BASIS, key="k") as act:
            note = act.add("note", **NOTE)
            act.fire("do", item=note)
    else:
        case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE)
    before = versions(case)
    fresh = [engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="k").id for engine in pair]
    assert fresh == ["small-bridge-1-2"] * 2, "one case, and it is opened once"
    assert versions(case) == before
    with pytest.raises(IdempotencyMismatch):
        pair[0].open_case("small", BRIDGE, by=CHAIR, basis="order 9", key="k")
    with pytest.raises(InvalidInput, match="taken"):
        pair[0].open_case("small", BRIDGE, by=CHAIR, basis=BASIS, case_id=case.id, key="k")
    assert len(list(pair[1].cases())) == 2


@pytest.mark.parametrize("opening", ["without a key", "with another key", "with the key"])
def test_who_loses_the_id_to_another_with_the_key_in_use_takes_the_next(opening: str) -> None:
    store = worlds.wrapped()
    engine, rival = worlds.constituted(worlds.engine_over(store)), worlds.engine_over(store)
    key = {"without a key": None, "with another key": "k-2", "with the key": "k"}[opening]

    def get_ahead() -> None:
        case = worlds.opened(rival, key=key)
        if key != "k":
            case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE)

    store.interleave(get_ahead)
    ours = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="k").id
    assert ours == ("small-bridge-1-1" if key == "k" else "small-bridge-1-2")
    assert len(list(engine.cases())) == (1 if key == "k" else 2)
    store.interleave(lambda: rival.open_case("small", Matter("road", "Road"), by=CHAIR, basis="order 9", key="k"))
    with pytest.raises(IdempotencyMismatch):
        engine.open_case("small", Matter("road", "Road"), by=CHAIR, basis=BASIS, key="k")
    assert engine.verify().cases == (2 if key == "k" else 3)


@pytest.mark.parametrize("when", ["before the look", "after the look"])
def test_two_who_open_at_once_with_one_key_open_one_case(when: str) -> None:
    store = worlds.wrapped()
    engine, rival = worlds.constituted(worlds.engine_over(store)), worlds.engine_over(store)

    def open_it(one: Engine) -> str:
        return one.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="k").id

    if when == "after the look":
        store.interleave(lambda: open_it(rival))
    else:
        late = Trouble("meanwhile", "heads", stream="case/small-bridge-1-1", act=lambda: open_it(rival))
        store.plan(late)
    assert open_it(engine) == "small-bridge-1-1"
    assert store.left == (), "the rival came in between"
    assert [row.case_id for row in engine.cases()] == ["small-bridge-1-1"]


def test_two_who_open_at_once_open_two_cases() -> None:
    store = worlds.wrapped()
    engine, rival = worlds.constituted(worlds.engine_over(store)), worlds.engine_over(store)
    store.interleave(lambda: rival.open_case("small", BRIDGE, by=CHAIR, basis=BASIS))
    assert engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS).id == "small-bridge-1-2"
    assert len(list(engine.cases())) == 2
    assert engine.verify().cases == 2


@pytest.mark.parametrize("first", [{}, {"case_id": "mine"}])
def test_a_key_opens_one_case_on_a_matter_whatever_id_is_asked_for(pair: Pair, first: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"by": CHAIR, "basis": BASIS, "key": "k"}
    opened = pair[0].open_case("small", BRIDGE, **asked, **first)
    for other in ({}, {"case_id": "mine"}, {"case_id": "yours"}):
        if other == first:
            assert pair[1].open_case("small", BRIDGE, **asked, **other).id == opened.id
            continue
        with pytest.raises(IdempotencyMismatch):
            pair[1].open_case("small", BRIDGE, **asked, **other)
    assert [row.case_id for row in pair[0].cases()] == [opened.id]


@pytest.mark.parametrize("squatted", [1, 7, 90])
def test_ids_that_others_took_are_passed_over(pair: Pair, squatted: int) -> None:
    road = Matter("road", "Road")
    for number in range(1, squatted + 1):
        pair[0].open_case("small", BRIDGE, by=CHAIR, basis=BASIS, case_id=f"small-road-{number}")
    for key in (None, "k"):
        opened = pair[1].open_case("small", road, by=CHAIR, basis=BASIS, key=key)
        assert opened.id == f"small-road-{squatted + (2 if key else 1)}"
    assert pair[0].open_case("small", road, by=CHAIR, basis=BASIS, key="k").id == opened.id


def test_where_too_many_ids_are_taken_one_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from stabflow.engine import admission

    monkeypatch.setattr(admission, "MAX_PASSED", 3)
    engine = worlds.constituted(worlds.engine_on("memory:"))
    for number in range(1, 4):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, case_id=f"small-road-{number}")
    with pytest.raises(InvalidInput, match="case_id: small-road-1 and the next 3 ids are taken"):
        engine.open_case("small", Matter("road", "Road"), by=CHAIR, basis=BASIS)
    assert engine.open_case("small", Matter("road", "Road"), by=CHAIR, basis=BASIS, case_id="road").id == "road"


def test_a_retry_in_another_normal_form_is_the_same_request(pair: Pair) -> None:
    case = worlds.opened(pair[0])
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    assert composed != decomposed
    first = case.add("note", by=CLERK, basis=composed, key="k", **{**NOTE, "words": composed})
    again = pair[1].case(case.id).add("note", by=CLERK, basis=decomposed, key="k", **{**NOTE, "words": decomposed})
    assert first == again
    with pytest.raises(IdempotencyMismatch):
        case.add("note", by=CLERK, basis=composed, key="k", **{**NOTE, "words": "cafe"})


def test_constituting_with_a_key_happens_once(pair: Pair) -> None:
    procedure = worlds.small(find='id = "small"', put='id = "tiny"')
    for engine in pair:
        for _ in range(2):
            record = engine.constitute(procedure, "chair", CHAIR, basis=BASIS, key="k")
            assert record.version == 2
    assert record.key == "k"
    with pytest.raises(IdempotencyMismatch):
        pair[1].constitute(procedure, "chair", OUTSIDER, basis=BASIS, key="k")
    gone = pair[0].withdraw(procedure, "chair", CHAIR, basis=BASIS, key="k-2")
    assert pair[1].withdraw(procedure, "chair", CHAIR, basis=BASIS, key="k-2").hash == gone.hash
    assert pair[1].offices(procedure) == ()
    assert pair[1].constitute(procedure, "chair", CHAIR, basis=BASIS, key="k").hash == record.hash, "replayed for ever"
    assert pair[1].offices(procedure) == ()


def test_two_who_constitute_at_once_with_one_key_hear_the_same() -> None:
    store = worlds.wrapped()
    engine, rival = worlds.engine_over(store), worlds.engine_over(store, FakeClock(step=timedelta(minutes=1)))
    said: list[Record] = []
    store.interleave(
        lambda: said.append(rival.constitute("small", "chair", CHAIR, basis=BASIS, key="k")), only="system/offices"
    )
    record = engine.constitute("small", "chair", CHAIR, basis=BASIS, key="k")
    assert record.hash == said[0].hash
    assert record.recorded_at == said[0].recorded_at


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "\u202e", "a\0b", "\ud800", 7, b"k", True], ids=repr)
def test_what_is_no_key_is_refused_before_anything_is_stored(key: Any) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    case = worlds.opened(engine)
    with pytest.raises(InvalidInput, match="key"):
        case.add("note", by=CLERK, basis=BASIS, key=key, **NOTE)
    with pytest.raises(InvalidInput, match="key"):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key=key)
    with pytest.raises(InvalidInput, match="key"):
        engine.withdraw("small", "chair", CHAIR, basis=BASIS, key=key)
    with pytest.raises(InvalidInput, match="key"), case.acting(CLERK, basis=BASIS, key=key) as act:
        act.add("note", **NOTE)
    assert versions(case) == [1, 2, 3]


def test_a_key_in_any_normal_form_is_one_key() -> None:
    """A key in another form than NFC once made the stream unreadable for ever."""
    engine = worlds.constituted(worlds.engine_on("memory:"))
    case = worlds.opened(engine)
    key = "ré-1"
    assert unicodedata.normalize("NFD", key) != key
    case.add("note", by=CLERK, basis=BASIS, key=unicodedata.normalize("NFD", key), **NOTE)
    assert case.add("note", by=CLERK, basis=BASIS, key=key, **NOTE) == "note-1"
    assert worlds.engine_over(engine._shell.store).case(case.id).history()[-1].key == key


@pytest.mark.parametrize(
    "value",
    ["\ud800", 3.5, object(), {"a": 1.5}, float("nan")],
    ids=["surrogate", "float", "object", "table", "nan"],
)
def test_a_value_that_cannot_be_stated_is_refused_with_and_without_a_key(value: Any) -> None:
    case = worlds.opened(worlds.constituted(worlds.engine_on("memory:")))
    for key in (None, "k"):
        with pytest.raises(InvalidInput):
            case.add("note", by=CLERK, basis=BASIS, key=key, **{**NOTE, "words": value})
    assert versions(case) == [1, 2, 3]


# Versions and races


def test_if_version_holds_or_nothing_happens(pair: Pair) -> None:
    case = worlds.opened(pair[0])
    late = pair[1].case(case.id)
    for wrong in (0, 2, 4, 99):
        with pytest.raises(VersionConflict) as conflict:
            case.add("note", by=CLERK, basis=BASIS, if_version=wrong, **NOTE)
        assert (conflict.value.expected, conflict.value.actual) == (wrong, 3)
    case.add("note", by=CLERK, basis=BASIS, if_version=3, **NOTE)
    with pytest.raises(VersionConflict):
        late.add("note", by=CLERK, basis=BASIS, if_version=3, **NOTE)
    with pytest.raises(VersionConflict), late.acting(CLERK, basis=BASIS, if_version=3) as act:
        act.add("note", **NOTE)
    assert versions(case) == [1, 2, 3, 4]


@pytest.mark.parametrize("wrong", ["3", 3.0, True, ()])
def test_a_version_is_a_whole_number(wrong: Any) -> None:
    case = worlds.opened(worlds.constituted(worlds.engine_on("memory:")))
    with pytest.raises(InvalidInput) as refused:
        case.add("note", by=CLERK, basis=BASIS, key="k", if_version=wrong, **NOTE)
    assert [(fault.path, fault.cure) for fault in refused.value.faults] == [
        ("if_version", "give the version that the case must stand at, such as case.value.version")
    ]
    with pytest.raises(InvalidInput, match="is not a whole number"):
        case.acting(CLERK, basis=BASIS, if_version=wrong)
    assert versions(case) == [1, 2, 3]


def raced(**more: Any) -> tuple[Wrapped, CaseHandle, CaseHandle]:
    store = worlds.wrapped()
    engine, rival = worlds.constituted(worlds.engine_over(store)), worlds.engine_over(store)
    case = worlds.opened(engine)
    worlds.noted(case)
    return store, case, rival.case(case.id)


@pytest.mark.parametrize("times", [1, 5])
def test_an_add_that_lost_races_is_added_all_the_same(times: int) -> None:
    store, case, rival = raced()
    store.interleave(lambda: rival.add("note", by=CLERK, basis=BASIS, **NOTE), times=times)
    assert case.add("note", by=CLERK, basis=BASIS, **NOTE) == f"note-{times + 2}"
    assert versions(case) == list(range(1, len(versions(case)) + 1))
    ids = [record.event.item for record in case.history() if isinstance(record.event, Added)]
    assert len(set(ids)) == len(ids)


def test_an_add_that_loses_six_races_gives_up() -> None:
    store, case, rival = raced()
    store.interleave(lambda: rival.add("note", by=CLERK, basis=BASIS, **NOTE), times=6)
    with pytest.raises(VersionConflict):
        case.add("note", by=CLERK, basis=BASIS, **NOTE)
    assert store.left == ()
    assert len(case.value.of_kind("note")) == 7


def test_with_if_version_nothing_is_tried_again() -> None:
    store, case, rival = raced()
    store.interleave(lambda: rival.add("note", by=CLERK, basis=BASIS, **NOTE))
    with pytest.raises(VersionConflict):
        case.add("note", by=CLERK, basis=BASIS, if_version=case.value.version, **NOTE)
    assert len(case.value.of_kind("note")) == 2


def test_a_move_that_lost_a_race_to_something_beside_it_is_made() -> None:
    store, case, rival = raced()
    store.interleave(lambda: rival.add("note", by=CLERK, basis=BASIS, **NOTE))
    record = case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert record.version == rival.value.version
    assert [item.id for item in case.value.of_kind("note")] == ["note-1", "note-2"]


def test_a_move_that_lost_a_race_to_another_move_is_refused() -> None:
    store, case, rival = raced()
    store.interleave(lambda: rival.fire("submit", by=CLERK, basis=BASIS, urgent=False))
    with pytest.raises(NotPermitted):
        case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert case.value.facts["urgent"] is False


def test_a_move_that_lost_a_race_to_a_whole_round_is_not_repeated() -> None:
    """The case stands where it stood, but in a later round: who submitted did not see what was said meanwhile."""
    store, case, rival = raced()

    def round_() -> None:
        rival.fire("submit", by=CLERK, basis=BASIS, urgent=False)
        rival.fire("send_back", by=CHAIR, basis=BASIS, reasons="again")
        worlds.noted(rival)

    store.interleave(round_)
    with pytest.raises(VersionConflict):
        case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert case.state == "drafting"


def test_a_move_that_comes_out_otherwise_is_not_repeated() -> None:
    store, case, rival = raced()
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="again")
    worlds.noted(case)

    # The same move, but it would now supersede other items than it was decided on.
    store.interleave(lambda: rival.fire("pass", item="check-1", by=AUDITOR, basis=BASIS))
    with pytest.raises(VersionConflict):
        case.fire("submit", by=CLERK, basis=BASIS, urgent=True)


def test_who_lost_the_right_in_the_race_is_refused() -> None:
    store, case, rival = raced()
    store.interleave(lambda: rival.relieve("clerk", CLERK, by=CHAIR, basis=BASIS))
    with pytest.raises(Refused, match="clerk-1"):
        case.add("note", by=CLERK, basis=BASIS, **NOTE)
    assert len(case.value.of_kind("note")) == 1


def test_two_engines_on_one_file_take_turns(pair: Pair) -> None:
    case = worlds.opened(pair[0])
    other = pair[1].case(case.id)
    for number in range(1, 9):
        turn = (case, other)[number % 2]
        assert turn.add("note", by=CLERK, basis=BASIS, **NOTE) == f"note-{number}"
    assert case.value == other.value
    assert versions(case) == list(range(1, 12))


def test_the_cache_of_cases_stays_right_when_it_overflows(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    from stabflow.engine import shell

    monkeypatch.setattr(shell, "CACHED_CASES", 3)
    cases = [worlds.opened(pair[0], Matter(f"m-{n}", "M")) for n in range(6)]
    for number in range(3):
        for case in cases:
            pair[number % 2].case(case.id).add("note", by=CLERK, basis=BASIS, **NOTE)
    assert [len(case.value.of_kind("note")) for case in cases] == [3] * 6
    assert len(pair[0]._shell._cases) <= 3
