"""Snapshots: every case comes back as it went, in every type and order; what is not exactly one is not read."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

import attrs
import event_strategies as some
import pytest
from dossier_runs import EXAMPLES, dossier_run
from hypothesis import given, settings
from hypothesis import strategies as st
from live_cases import live_cases
from procedures_for_tests import Desk
from test_decision_walks import PATH, PLACES, SEEDS, STARTS, Walk, on_the_way

from stabflow import canonical
from stabflow.calendar import Stop
from stabflow.case import (
    Act,
    Appointment,
    Breach,
    Case,
    Delegation,
    Entry,
    Item,
    Recusal,
    Statement,
    item_id,
    with_changes,
    with_entries,
)
from stabflow.decision.evolution import evolve, replay
from stabflow.errors import Corrupt
from stabflow.history import positional, snapshot_codec, snapshots
from stabflow.history.snapshots import FORMAT, case_of, encode, is_due, is_ours, is_true, spacing
from stabflow.language import bundled, bundled_names
from stabflow.ports.store import Snapshot


def taken(case: Case, data: bytes | None = None) -> Snapshot:
    return Snapshot(f"case/{case.id}", case.version, encode(case) if data is None else data)


def alike(one: Any, other: Any, where: str = "case") -> None:
    """Equal in every type and, where there is an order, in that too: ``==`` overlooks both."""
    assert type(one) is type(other) or (isinstance(one, Mapping) and isinstance(other, Mapping)), where
    if attrs.has(type(one)):
        for field in attrs.fields(type(one)):
            alike(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, Mapping):
        assert list(one) == list(other), where
        for name in one:
            alike(one[name], other[name], f"{where}[{name}]")
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for number, (mine, yours) in enumerate(zip(one, other, strict=True)):
            alike(mine, yours, f"{where}[{number}]")
    else:
        assert one == other, where


def comes_back(case: Case) -> None:
    data = encode(case)
    back = case_of(taken(case, data))
    assert back == case
    alike(back, case)
    assert encode(back) == data


# There and back


def tuples(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(parts, max_size=2).map(tuple)


def tables(values: st.SearchStrategy[Any], names: st.SearchStrategy[str] = some.IDS) -> st.SearchStrategy[Any]:
    return st.dictionaries(names, values, max_size=3).map(MappingProxyType)


VERSIONS = st.integers(1, 10**6)
ENTRIES = st.builds(Entry, VERSIONS, some.MOMENTS)
STATEMENTS = st.builds(Statement, VERSIONS, some.NAMES, some.NAMES, some.SHA256)
ACTS = st.builds(Act, VERSIONS, some.NAMES, some.NAMES, some.IDS, some.NAMES, st.booleans(), st.just("") | some.IDS)
STOPS = st.builds(Stop, some.MOMENTS, some.MOMENTS)
SETS = st.frozensets(some.NAMES, max_size=3)
BREACHES = st.builds(
    Breach,
    VERSIONS,
    some.IDS,
    some.NAMES,
    some.NAMES,
    tuples(some.NAMES),
    tuples(some.ACTORS),
    st.integers(0, 3),
    some.DUE,
    some.DUE,
    tuples(some.NAMES),
    st.none() | some.DUE,
    tuples(some.NAMES),
    st.booleans(),
    tuples(some.IDS),
)
DELEGATIONS = st.builds(
    Delegation,
    some.NAMES,
    some.IDS,
    some.IDS,
    some.IDS,
    some.MOMENTS,
    some.MOMENTS,
    some.SHA256,
    some.SHA256,
    st.booleans(),
    st.booleans(),
)
ITEMS = st.builds(
    Item,
    st.builds(item_id, some.NAMES, VERSIONS),
    some.NAMES,
    some.NAMES,
    tables(some.VALUES),
    tables(STATEMENTS),
    tables(ENTRIES),
    tuples(ACTS),
    VERSIONS,
    st.just("") | some.IDS,
    st.none() | some.DUE,
    st.booleans(),
    st.booleans(),
    tuples(some.IDS),
    st.none() | some.MOMENTS,
    tuples(STOPS),
)
CASES = st.builds(
    Case,
    id=some.IDS,
    procedure=some.NAMES,
    procedure_version=some.IDS,
    digest=some.SHA256,
    matter=some.MATTERS,
    body=some.IDS,
    state=some.NAMES,
    entered=tables(ENTRIES),
    facts=tables(some.VALUES),
    stated=tables(STATEMENTS),
    appointments=tuples(st.builds(Appointment, some.NAMES, some.IDS, some.IDS, some.SHA256)),
    items=st.lists(ITEMS, max_size=3, unique_by=lambda item: item.id).map(
        lambda items: MappingProxyType({item.id: item for item in items})
    ),
    counters=tables(VERSIONS),
    acts=tuples(ACTS),
    acted=tables(SETS),
    due=st.none() | some.DUE,
    round=VERSIONS,
    round_began=VERSIONS,
    opened_at=some.MOMENTS,
    updated_at=some.MOMENTS,
    recorded_at=some.MOMENTS,
    version=VERSIONS,
    head=some.SHA256,
    unproved=st.booleans(),
    former=tables(SETS),
    bodies=tables(SETS),
    breaches=tables(BREACHES),
    vacancies=tables(some.DUE),
    filled=tables(some.DUE),
    recused=tables(st.builds(Recusal, some.NAMES, some.WORDS, VERSIONS)),
    delegations=tuples(DELEGATIONS),
    stopped_at=st.none() | some.MOMENTS,
    stops=tuples(STOPS),
)


@pytest.mark.slow
def test_the_strategy_fills_every_field() -> None:
    """So that a field that comes to a case later is not left at its default here."""
    strategies = {Case: CASES, Item: ITEMS, Breach: BREACHES, Delegation: DELEGATIONS, Act: ACTS}
    for type_, strategy in strategies.items():
        given_ = len(strategy.wrapped_strategy.args) + len(strategy.wrapped_strategy.kwargs)  # type: ignore[attr-defined]
        assert given_ == len(attrs.fields(type_)), type_


@pytest.mark.slow
@given(CASES)
def test_whatever_a_case_may_hold_comes_back(case: Case) -> None:
    comes_back(case)


def walked(walk: Walk, steps: int) -> None:
    comes_back(walk.desk.value)
    for _ in range(steps):
        before = walk.accepted
        walk.step()
        if walk.accepted > before:
            comes_back(walk.desk.value)


@settings(max_examples=4)
@given(STARTS, SEEDS, st.integers(1, 30))
def test_a_case_comes_back_wherever_a_walk_over_the_desk_has_led_it(start: str, seed: int, steps: int) -> None:
    walked(Walk(getattr(Desk(), start)(), ["stranger", "stray"], Random(seed)), steps)


@settings(max_examples=4)
@given(PLACES, SEEDS, st.integers(1, 20))
def test_a_case_comes_back_wherever_a_walk_over_the_five_steps_has_led_it(place: int, seed: int, steps: int) -> None:
    walked(Walk(on_the_way(place), ["stranger"], Random(seed)), steps)


@pytest.mark.slow
@given(STARTS | PLACES, SEEDS, st.integers(1, 150))
def test_a_case_comes_back_wherever_a_long_walk_has_led_it(start: str | int, seed: int, steps: int) -> None:
    at = on_the_way(start) if isinstance(start, int) else getattr(Desk(), start)()
    walked(Walk(at, ["stranger"], Random(seed)), steps)


@pytest.mark.parametrize("name", bundled_names())
def test_every_case_that_a_search_comes_to_comes_back(name: str) -> None:
    found = list(live_cases(bundled(name), 40))
    assert len(found) > 20
    for case in found:
        comes_back(case)


DOSSIERS = sorted(path.stem for path in EXAMPLES.glob("*.toml"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "plain" else pytest.mark.slow) for name in DOSSIERS]
)
def test_a_dossier_comes_back_after_every_record(name: str) -> None:
    with dossier_run(name) as (_, handle):
        history, case = handle.history(), None
        for record in history:
            case = evolve(case, record.event, record.stamp)
            comes_back(case)
        assert case == handle.value


def test_what_goes_on_from_a_snapshot_is_what_goes_on_from_the_records() -> None:
    history = on_the_way(len(PATH)).history
    whole = replay(history)
    for number in range(1, len(history)):
        before = replay(history[:number])
        assert before is not None
        after = replay(history[number:], case_of(taken(before)))
        assert after == whole
        alike(after, whole)


# Nothing else


@pytest.fixture(scope="module")
def case() -> Case:
    return on_the_way(len(PATH)).value


def sealed(lines: list[str]) -> bytes:
    """What somebody would write who wants it believed."""
    return snapshots._with_seal([line.encode() for line in lines])


def lines_of(case: Case) -> list[str]:
    return encode(case).decode().split("\n")[1:]


def test_sealing_the_lines_again_changes_nothing(case: Case) -> None:
    """So that each of the following is left alone for what is wrong with it."""
    assert sealed(lines_of(case)) == encode(case)
    assert case_of(taken(case, sealed(lines_of(case)))) == case


def changed(case: Case, place: str, put: object) -> bytes:
    """The case with a field of its own, of its last item (``item.``) or of that one's first act (``act.``) written otherwise."""
    lines = lines_of(case)
    of, _, name = place.rpartition(".")
    line = 0 if not of else len(lines) - 1
    type_ = {"": Case, "item": Item, "act": Act}[of]
    document = json.loads(lines[line])
    parts = document[[field.name for field in attrs.fields(Item)].index("acts")][0] if of == "act" else document
    number = [field.name for field in attrs.fields(type_)].index(name)
    assert parts[number] != put or type(parts[number]) is not type(put)
    parts[number] = put
    lines[line] = canonical.encode(document).decode()
    return sealed(lines)


WRONG: list[tuple[str, object]] = [
    ("id", 7),
    ("id", None),
    ("matter", "m"),
    ("matter", ["m", "two\nlines"]),
    ("version", "7"),
    ("version", True),
    ("version", 7.0),
    ("round", None),
    ("opened_at", "2026-03-02"),
    ("opened_at", "2026-03-02T00:00:00.000000+08:00"),
    ("opened_at", "2026-03-02T00:00:00.000000"),
    ("opened_at", 0),
    ("due", [1]),
    ("due", ["2026-03-02T00:00:00.000000Z"]),
    ("entered", {}),
    ("entered", [["a"]]),
    ("entered", [["a", [1, "2026-03-02T00:00:00.000000Z"]], ["a", [1, "2026-03-02T00:00:00.000000Z"]]]),
    ("entered", [[7, [1, "2026-03-02T00:00:00.000000Z"]]]),
    ("entered", [[[], [1, "2026-03-02T00:00:00.000000Z"]]]),
    ("facts", ["a"]),
    ("facts", ["a", None]),
    ("facts", ["a", 3.5]),
    ("facts", ["a", {"decimal": "3.50"}]),
    ("facts", ["a", {"decimal": "three"}]),
    ("facts", ["a", {"date": "2026-02-30"}]),
    ("facts", ["a", {"withheld": {}}]),
    ("stated", [[[1, "", "open", "x"], 7]]),
    ("stated", [[]]),
    ("acted", [["a", ["x", 7]]]),
    ("counters", [["a", "1"]]),
    ("appointments", [["r", "a", "b"]]),
    ("appointments", [["r", "a", "b", "m", "more"]]),
    ("item.state", None),
    ("item.due", "never"),
    ("item.added", True),
    ("act.version", "1"),
    ("act.trigger", []),
]


@pytest.mark.parametrize(("place", "put"), WRONG, ids=lambda one: str(one)[:40])
def test_what_is_no_case_is_not_read(case: Case, place: str, put: object) -> None:
    back = case_of(taken(case, changed(case, place, put)))
    if "." not in place:
        assert back is None
        return
    assert back is not None, "an item is read when it is asked for"
    assert (back.state, list(back.items)) == (case.state, list(case.items))
    last = [*case.items][-1]
    for _ in range(2):
        with pytest.raises(Corrupt, match=rf"snapshot of case 'case-1' is forged, its {last} is no such item"):
            back.items[last]
        with pytest.raises(Corrupt, match="forged"):
            back.items.values()
    assert back.items[next(iter(case.items))] == next(iter(case.items.values()))


def test_lines_that_are_none_are_not_read(case: Case) -> None:
    first, *items = lines_of(case)
    parts = json.loads(first)
    place = [field.name for field in attrs.fields(Case)].index("items")
    others = [*parts[:place], None, *parts[place + 1 :]]
    ids = parts[place]

    def with_items(held: object) -> str:
        others[place] = held
        return canonical.encode(others).decode()

    assert with_items(ids) == first
    for lines in (
        [],
        [""],
        [first],
        [first, *items, ""],
        [first, *items, items[0]],
        [first, *items[1:]],
        [first + " ", *items],
        [first + "[]", *items],
        [first[:-1], *items],
        [canonical.encode(parts[:12]).decode(), *items],
        [canonical.encode([*parts, *[None] * 20]).decode(), *items],
        [with_items([*ids, ids[0]]), *items, items[0]],
        [with_items([*ids[:-1], 7]), *items],
        [with_items([*ids[:-1], []]), *items],
        [with_items(dict.fromkeys(ids)), *items],
        ["null", *items],
        ["{}", *items],
        ["[" * 100_000, *items],
        ["1" * 5_000, *items],
        [*items, first],
    ):
        assert case_of(taken(case, sealed(lines))) is None, lines[:1]


def test_an_item_that_is_none_is_a_forgery(case: Case) -> None:
    first, *items = lines_of(case)
    name = next(iter(case.items))
    for line in ("", "null", "[]", items[1], items[0] + "[]", items[0][:-1], "[" * 100_000, "1" * 5_000, "NaN"):
        back = case_of(taken(case, sealed([first, line, *items[1:]])))
        assert back is not None
        with pytest.raises(Corrupt, match="forged"):
            back.items[name]
        assert encode(with_changes(back, items=case.items)) == encode(case)


@settings(max_examples=30)
@given(st.data())
def test_no_damage_makes_an_error(case: Case, data: st.DataObject) -> None:
    """Not even such as was sealed again: then another case is read, or none, or it is called forged."""
    lines = lines_of(case)
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    put = data.draw(st.sampled_from(['"', "[", "]", "0", "-", "null", "", ",", "\\", "é", "{", "1e9", "NaN"]))
    lines[number] = lines[number][:place] + put + lines[number][place + 1 :]
    back = case_of(taken(case, sealed(lines)))
    if back is not None:
        try:
            assert len(back.items.values()) == len(case.items)
        except Corrupt as error:
            assert "forged" in str(error)
    damaged = b"\n".join([encode(case).split(b"\n")[0], *(line.encode() for line in lines)])
    assert damaged == encode(case) or case_of(taken(case, damaged)) is None, "the seal does not fit any more"


# Only what is asked for


def test_items_are_read_when_they_are_asked_for(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = snapshot_codec._Items._item

    def counted(self: Any, name: str, line: bytes) -> Item:
        read.append(name)
        return real(self, name, line)

    monkeypatch.setattr(snapshot_codec._Items, "_item", counted)
    back = case_of(taken(case))
    assert back is not None
    first, second, *_ = case.items
    assert (back.state, len(back.items), list(back.items)) == (case.state, len(case.items), list(case.items))
    assert list(reversed(back.items)) == list(reversed(case.items))
    assert first in back.items
    assert "x-1" not in back.items
    assert back.items.get("x-1") is None
    assert read == []
    assert back.items[second] == back.items[second] == case.items[second]
    assert read == [second]
    moved = with_changes(back, items=with_entries(back.items, {first: case.items[second]}))
    assert moved.items[first] == case.items[second]
    longer = with_entries(moved.items, {"x-1": case.items[first]})
    assert (list(longer), len(longer), "x-1" in longer) == ([*case.items, "x-1"], len(case.items) + 1, True)
    assert list(reversed(longer)) == ["x-1", *reversed(case.items)]
    assert len(with_entries(longer, {first: case.items[first]})) == len(longer)
    assert read == [second], "what goes on from it reads only what it needs"
    assert back.items == case.items
    assert case.items == back.items
    assert repr(back) == repr(case)
    assert sorted(read) == sorted(case.items), "each once"
    alike(with_entries(back.items, {"x-1": case.items[first]}), with_entries(case.items, {"x-1": case.items[first]}))
    alike(moved.items, with_entries(case.items, {first: case.items[second]}))


def test_several_threads_may_ask_at_once(case: Case) -> None:
    def asked(back: Case, turn: int) -> dict[str, Item]:
        return dict(back.items if turn % 2 else with_entries(back.items, {}))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            back = case_of(taken(case))
            assert back is not None
            assert all(one == case.items for one in pool.map(partial(asked, back), range(8)))


def test_a_snapshot_is_of_the_version_it_says(case: Case) -> None:
    for version in (0, -1, case.version - 1, case.version + 1):
        assert case_of(attrs.evolve(taken(case), version=version)) is None
    nothing = with_changes(case, version=0)
    assert case_of(taken(nothing)) is None


def test_what_another_stabflow_has_written_is_left_alone(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = taken(case)
    for data in (b"", b"junk", b"\xff\n\xff", b"stabflow case 0 x y\n[]", mine.data.replace(b"case 1", b"case 2", 1)):
        assert not is_ours(taken(case, data))
        assert case_of(taken(case, data)) is None
        assert is_true(taken(case, data), None), "who cannot read it says nothing of it"
    monkeypatch.setattr(snapshots, "FORMAT", FORMAT + 1)
    assert case_of(mine) is None
    monkeypatch.setattr(snapshots, "FORMAT", FORMAT)
    monkeypatch.setattr(snapshots, "shape", lambda: "of another")
    assert case_of(mine) is None


def test_a_snapshot_is_compared_to_the_last_byte(case: Case) -> None:
    assert is_true(taken(case), case)
    assert not is_true(taken(case), None)
    assert not is_true(taken(case), with_changes(case, state="elsewhere"))
    order = dict(reversed(case.items.items()))
    assert with_changes(case, items=order) == case
    assert not is_true(taken(with_changes(case, items=order)), case)
    assert not is_true(taken(case, encode(case)[:-1]), case)


# The shape


@attrs.frozen
class Old:
    name: str
    parts: Mapping[str, tuple[int, ...]]


@attrs.frozen
class Longer:
    name: str
    parts: Mapping[str, tuple[int, ...]]
    more: str = ""


@attrs.frozen
class Turned:
    parts: Mapping[str, tuple[int, ...]]
    name: str


@attrs.frozen
class Retyped:
    name: str
    parts: Mapping[str, tuple[bool, ...]]


@attrs.frozen
class Defaulted:
    name: str
    parts: Mapping[str, tuple[int, ...]] = attrs.field(factory=dict)


def test_the_shape_tells_every_change_of_a_value() -> None:
    def described(type_: type) -> bytes:
        return canonical.encode(positional._description(type_, {})).replace(type_.__name__.encode(), b"")

    described_ = [described(type_) for type_ in (Old, Longer, Turned, Retyped, Defaulted)]
    assert len(set(described_)) == len(described_)


def test_the_shape_reaches_everything_in_a_case() -> None:
    seen: dict[str, object] = {}
    positional._description(Case, seen)
    assert seen.keys() == {type_.__name__ for type_ in _reached(Case, set())}
    assert {"Case", "Item", "Breach", "DueTime", "Stop", "Actor", "Matter", "File", "Statement"} <= seen.keys()


def _reached(type_: Any, seen: set[Any]) -> set[Any]:
    if attrs.has(type_) and type_ not in seen:
        seen.add(type_)
        for name, hint in typing.get_type_hints(type_).items():
            assert name
            _reached(hint, seen)
    for inner in typing.get_args(type_):
        if isinstance(inner, type) or typing.get_args(inner):
            _reached(inner, seen)
    return seen


# When


@given(st.integers(0, 10**6), st.integers(1, 300))
def test_a_snapshot_is_never_far_behind(before: int, more: int) -> None:
    step = spacing(before)
    assert snapshots.EVERY <= step <= max(snapshots.EVERY, before // snapshots.PART)
    assert spacing(before + more) >= step
    last = next((version for version in range(before, max(before - step, 0), -1) if version % step == 0), 0)
    assert before - last < step
    assert is_due(before, before + more) is any(
        version % spacing(before + more) == 0 for version in range(before + 1, before + more + 1)
    )


def test_the_first_comes_with_the_hundredth_record() -> None:
    due = [version for version in range(1, 7_001) if is_due(version - 1, version)]
    assert due == [*range(100, 3_200, 100), *range(3_200, 6_400, 200), *range(6_400, 7_001, 400)]


def test_only_what_is_new_is_written_and_it_comes_to_the_same(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = snapshot_codec.item_line
    monkeypatch.setattr(snapshot_codec, "item_line", lambda item: written.append(item.id) or real(item))
    taking = snapshots.Snapshots()
    assert taking.taken("case/x", 99, with_changes(case, version=99)) is None
    first = taking.taken("case/x", 99, with_changes(case, version=100))
    assert first is not None
    assert written == list(case.items)
    written.clear()
    name, item = next(iter(case.items.items()))
    later = with_changes(case, version=205, items=MappingProxyType({**case.items, name: with_changes(item, state="x")}))
    second = taking.taken("case/x", 199, later)
    assert second == Snapshot("case/x", 205, encode(later))
    assert written == [name, *later.items], "the latter by the encoding that it is compared with"
    others = [taking.taken("case/y", 99, with_changes(case, version=100, id=f"c-{n}")) for n in range(100)]
    assert all(others)
    assert len(taking._lines) == snapshots._REMEMBERED
