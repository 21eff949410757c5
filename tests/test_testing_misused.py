"""What the kit is given wrongly is refused where it is given, with its place and its cure: nothing is tested in vain."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st
from mutated.catalogue import TEXT

import stabflow.testing
from stabflow import InvalidInput
from stabflow.language import Outcome, loads
from stabflow.stores.memory import MemoryStore
from stabflow.testing import (
    ActProperty,
    Coverage,
    FakeClock,
    FaultyStore,
    StateProperty,
    crash_points,
    engine_over,
    procedure_machine,
)
from stabflow.testing import strategies as kit
from stabflow.text import Text

GOOD = loads(TEXT)
SO = Text("so", "如此")


def refused(words: str, **given: Any) -> None:
    with pytest.raises(InvalidInput, match=words):
        procedure_machine(GOOD, **given)


def test_examples_are_of_fields_that_are_there() -> None:
    refused(
        r"examples_of\['case.askd'\]: names no field.*did you mean 'case.asked'", examples_of={"case.askd": st.just(1)}
    )
    refused("int is no strategy", examples_of={"case.asked": 3})
    refused("list is no table of strategies", examples_of=[st.just(1)])
    for key in ("case.asked", "asked", "int"):
        procedure_machine(GOOD, examples_of={key: st.just(1)})


def test_a_clock_is_made_for_each_run() -> None:
    refused("clock: FakeClock does not make clocks", clock=FakeClock())
    refused("clock: int does not make clocks", clock=3)


@pytest.mark.parametrize("sort", [ActProperty, StateProperty])
def test_a_property_has_a_title_and_a_function(sort: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        sort(title="so", always=True)
    assert [fault.path for fault in caught.value.faults] == ["title", "always"]
    refused("extra: .*Property is no list of properties", extra=sort(title=SO, always=bool))


@pytest.mark.parametrize("least", [2, -0.1, "50%", True, None, float("nan")])
def test_the_least_coverage_is_a_share(least: Any) -> None:
    machine = procedure_machine(GOOD)
    machine.TestCase.least_coverage = least
    with pytest.raises(InvalidInput, match="is no share"):
        machine.TestCase("runTest").debug()
    with pytest.raises(InvalidInput, match="is no share"):
        machine.coverage.raise_below(least)
    assert not machine.coverage.acts


def test_nothing_is_covered_of_a_sort_that_is_not_there() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'state'"):
        Coverage(GOOD).share_of("states")


def test_strategies_refuse_what_they_cannot_draw_from() -> None:
    with pytest.raises(InvalidInput, match=r"no state 'reviewng'.*did you mean 'reviewing'"):
        kit.cases(GOOD, reached="reviewng")
    with pytest.raises(InvalidInput, match="less than none"):
        kit.cases(GOOD, acts=-1)
    unending = loads(TEXT.replace(', outcome = "prohibit"', ""))
    with pytest.raises(InvalidInput, match="no state has the outcome prohibit"):
        kit.cases(unending, reached=Outcome.PROHIBIT)
    for strategy in (kit.cases, kit.actors, kit.records):
        strategy("five-step")
        with pytest.raises(InvalidInput, match="a int is no procedure"):
            strategy(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="Procedure is no case that was drawn"):
        kit.commands(GOOD)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_sort_of_commands_is_one_of_three() -> None:
    drawn = find(kit.cases(GOOD, acts=0), lambda _: True, settings=settings(database=None))
    for strategy in (kit.asked, kit.commands):
        with pytest.raises(InvalidInput, match=r"unknown sort 'lawfull'.*did you mean 'lawful'"):
            strategy(drawn, "lawfull")  # type: ignore[arg-type]


@pytest.mark.parametrize("store", ["memory:", None, MemoryStore], ids=str)
def test_an_engine_and_faults_are_over_an_open_store(store: Any) -> None:
    for over in (engine_over, FaultyStore):
        with pytest.raises(InvalidInput, match="is no open store"):
            over(store)


def test_what_goes_wrong_is_a_trouble() -> None:
    with pytest.raises(TypeError, match="'conflict' is no trouble"):
        FaultyStore(MemoryStore(FakeClock()), ["conflict"])  # type: ignore[list-item]


def test_a_time_is_a_time() -> None:
    with pytest.raises(TypeError, match="'2024' is no time"):
        FakeClock("2024")  # type: ignore[arg-type]


@pytest.mark.parametrize("script", [print, "json", "json:", ":dumps"], ids=str)
def test_a_script_is_named(script: Any) -> None:
    with pytest.raises(ValueError, match="write 'module:function'"):
        crash_points(script, lambda left: None)


def test_what_needs_hypothesis_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(stabflow.testing), "procedure_machine", raising=False)
    for name in ("stabflow.testing.procedures.making", "hypothesis"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ModuleNotFoundError, match=r"procedure_machine draws at random.*stabflow\[testing\]"):
        stabflow.testing.procedure_machine  # noqa: B018


def test_a_failure_shows_what_was_drawn() -> None:
    assert repr(FakeClock()) == "FakeClock(2026-11-23 08:00:00+00:00)"
