"""Values made of their parts are the values that the constructor makes, and as frozen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from procedures_for_tests import Desk

from stabflow.case import Case, with_changes
from stabflow.decision.duties import open_duties
from stabflow.history import index
from stabflow.making import maker


def values_of_a_case() -> Iterator[Any]:
    """One value or more of every class that is made so, as a case has them."""
    desk = Desk().voted()
    case = desk.value
    yield case
    yield from case.items.values()
    yield from case.acts
    yield from case.stated.values()
    yield from case.entered.values()
    yield from case.appointments
    yield from (stamp for _, stamp in desk.history)
    yield from open_duties(desk.procedure, case)
    row, duties = index.all_rows(desk.procedure, case)
    yield row
    yield from duties


def test_made_of_its_parts_a_value_is_the_same() -> None:
    for value in values_of_a_case():
        type_ = type(value)
        parts = [getattr(value, field.name) for field in attrs.fields(type_)]
        made = maker(type_)(*parts)
        assert type(made) is type_
        assert made == value == type_(**dict(zip((one.alias for one in attrs.fields(type_)), parts, strict=True)))
        assert repr(made) == repr(value)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, attrs.fields(type_)[0].name, "x")


def test_with_changes_is_what_evolving_gives() -> None:
    case = Desk().voted().value
    changes: dict[str, Any] = {"state": "elsewhere", "version": 77, "items": {}, "former": case.acted}
    assert with_changes(case, **changes) == attrs.evolve(case, **changes)
    assert type(with_changes(case)) is Case
    with pytest.raises(KeyError):
        with_changes(case, sate="elsewhere")


def test_a_class_that_cannot_be_made_so_is_refused() -> None:
    @attrs.frozen
    class Referred:
        number: int

    with pytest.raises(TypeError):
        maker(Referred)(1)
    with pytest.raises(TypeError):
        maker(Case)(1)
