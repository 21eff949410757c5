"""The frozen values: nothing in a case can be changed in place, and copies share nothing that could be."""

from __future__ import annotations

import attrs
import pytest
from procedures_for_tests import Desk

from stabflow.case import Appointment, frozen, item_id, kind_of, with_changes, with_entries


def test_a_case_and_its_items_cannot_be_changed() -> None:
    case = Desk().checking().value
    item = case.items["criterion-1"]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        case.state = "done"  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        item.state = "assessed"  # type: ignore[misc]
    for mapping in (case.entered, case.facts, case.stated, case.items, case.counters, case.acted):
        with pytest.raises(TypeError):
            mapping["state"] = None  # type: ignore[index]
    for mapping in (item.fields, item.stated, item.entered):
        with pytest.raises(TypeError):
            mapping["verdict"] = "good"  # type: ignore[index]


def test_frozen_copies_and_does_not_copy_twice() -> None:
    source = {"a": 1}
    copy = frozen(source)
    source["a"] = 2
    assert copy["a"] == 1
    assert frozen(copy) is copy


def test_with_entries_leaves_the_first_as_it_was() -> None:
    first = frozen({"a": 1, "b": 2})
    second = with_entries(first, {"b": 3, "c": 4})
    assert dict(first) == {"a": 1, "b": 2}
    assert dict(second) == {"a": 1, "b": 3, "c": 4}
    assert dict(with_entries({"a": 1}, {})) == {"a": 1}
    with pytest.raises(TypeError):
        second["a"] = 5  # type: ignore[index]


def test_with_changes_is_evolve() -> None:
    case = Desk().checking().value
    changes = {"state": "dropped", "version": 99, "head": "x"}
    assert with_changes(case, **changes) == attrs.evolve(case, **changes)  # type: ignore[arg-type]
    assert with_changes(case) == case
    with pytest.raises(KeyError):
        with_changes(case, stat="dropped")


def test_what_a_case_tells_of_its_items_and_holders() -> None:
    desk = Desk().checking()
    desk.add("task", "officer", owner="owner", deadline=desk.now.date())
    case = desk.value
    assert [item.id for item in case.of_kind("criterion")] == ["criterion-1", "criterion-2"]
    assert case.of_kind("vote") == ()
    assert case.roles_of("officer") == {"officer"}
    assert case.roles_of("chief") == frozenset()
    assert Appointment("officer", "officer", "bureau", "hash-2") in case.appointments


@pytest.mark.parametrize("kind", ["risk", "a", "measure_plan"])
def test_an_id_of_an_item_tells_its_kind(kind: str) -> None:
    assert [item_id(kind, number) for number in (1, 12)] == [f"{kind}-1", f"{kind}-12"]
    assert kind_of(item_id(kind, 12)) == kind
    assert kind_of(kind) == ""
