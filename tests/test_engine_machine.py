"""The machine of the kit over the real engine: whatever is done, history stays whole and nobody gets round the procedure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import five_steps
import lapsing
import pytest
import worlds
from conftest import SHORT
from five_steps import CHIEF, toward
from hypothesis import settings
from mutated.catalogue import TEXT

import stabflow
from stabflow import CaseHandle, Engine, Matter, Procedure
from stabflow.decision.evolution import replay
from stabflow.language import bundled, loads
from stabflow.testing import MemoryHarness, SqliteHarness, StoreHarness, procedure_machine

FIVE = bundled("five-step")
OUTCOMES = ["approved", "deferred", "prohibited"]


def lending(text: str) -> Procedure:
    """A procedure in a version in which every role may be delegated."""
    text = text.replace("delegable = true\n", "").replace('version = "1"', 'version = "2"', 1)
    return loads(re.sub(r"^\[roles\.\w+\]$", r"\g<0>\ndelegable = true", text, flags=re.MULTILINE))


SMALL, LENDING = lending(TEXT), lending(five_steps.TEXT)

TestInMemory = procedure_machine(SMALL).TestCase
TestInMemory.settings = settings(TestInMemory.settings, max_examples=50)
TestOnFile = procedure_machine(SMALL, harness=SqliteHarness).TestCase
TestOnFile.settings = settings(TestOnFile.settings, max_examples=8, stateful_step_count=20)
TestPassing = procedure_machine(lapsing.known()).TestCase
TestPassing.settings = settings(TestPassing.settings, max_examples=30, stateful_step_count=30)


@pytest.mark.slow
@pytest.mark.parametrize("harness", [MemoryHarness, SqliteHarness])
@pytest.mark.parametrize("procedure", [SMALL, LENDING, lapsing.known()], ids=str)
def test_many_runs(procedure: Procedure, harness: type[StoreHarness]) -> None:
    case = procedure_machine(procedure, harness=harness).TestCase
    case.settings = settings(case.settings, max_examples=8 if SHORT else 200, stateful_step_count=50)
    case("runTest").debug()


# That the machine can get there at all


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db?synchronous=normal"
    with stabflow.open(url, clock=worlds.FakeClock()) as engine:
        five_steps.constitute(engine)
        yield engine


def walk(case: CaseHandle, state: str) -> None:
    for _ in range(200):
        step = toward(case.value, state)
        if step is None:
            return
        step.take(case)
    raise AssertionError(f"no way from {case.state} to {state}")


@pytest.mark.parametrize("state", OUTCOMES)
def test_every_outcome_is_reached_in_the_live_engine(engine: Engine, state: str) -> None:
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    walk(case, state)
    assert case.state == state
    assert list(five_steps.unlawful(FIVE, case.history())) == []
    assert engine.verify().cases == 1


def test_a_deferred_matter_is_implemented_and_assessed_again(engine: Engine) -> None:
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    for state in ("deferred", "approved", "deferred", "prohibited"):
        walk(case, state)
        assert case.state == state
    assert list(five_steps.unlawful(FIVE, case.history())) == []
    assert engine.verify().cases == 1
    assert case.value == replay((record.event, record.stamp) for record in case.history())


def test_a_way_round_would_be_seen(engine: Engine) -> None:
    """The judge of the machine is judged: histories with a step left out are called unlawful."""
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    walk(case, "approved")
    history = case.history()
    moves = [record for record in history if record.tag == "case.moved"]
    for left_out in moves[:-1]:
        assert list(five_steps.unlawful(FIVE, [record for record in history if record is not left_out]))
