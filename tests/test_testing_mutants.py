"""Small mistakes, in a procedure or in the engine's guards, are found by `check` or by the machine, within its default budget."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from mutated.catalogue import ENGINE_MUTANTS, EXTRA, MUTANTS, TEXT, EngineMutant, Mutant

from stabflow import Procedure, ProcedureError
from stabflow.language import loads
from stabflow.testing import Counterexample, check, procedure_machine
from stabflow.testing.procedures.making import RUNS, STEPS

SHORT = os.environ.get("STABFLOW_SHORT") == "1"


def found_by_the_machine(procedure: Procedure, runs: int = RUNS) -> Counterexample | None:
    """What the machine finds; it need not make it small here."""
    machine = procedure_machine(procedure, extra=EXTRA)
    machine.TestCase.settings = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        phases=settings().phases[:3],
        suppress_health_check=list(HealthCheck),
    )
    try:
        machine.TestCase("runTest").debug()
    except Counterexample as found:
        return found
    return None


def found_by(mutant: Mutant) -> str:
    """By what it is found first."""
    try:
        procedure = mutant.procedure()
    except ProcedureError:
        return "loading"
    if not check(procedure).proved:
        return "check"
    return "nothing" if found_by_the_machine(procedure) is None else "machine"


@pytest.mark.slow
def test_in_what_is_good_nothing_is_found() -> None:
    good = loads(TEXT)
    check(good, properties=[]).raise_for_failures()
    assert found_by_the_machine(good, 20 if SHORT else RUNS) is None


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS[::3] if SHORT else MUTANTS, ids=lambda one: one.name)
def test_a_mutant_of_the_procedure_is_found(mutant: Mutant) -> None:
    assert found_by(mutant) == mutant.by


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ENGINE_MUTANTS[::3] if SHORT else ENGINE_MUTANTS, ids=lambda one: one.name)
def test_a_mutant_of_the_engine_is_found(mutant: EngineMutant, monkeypatch: pytest.MonkeyPatch) -> None:
    good = loads(TEXT)
    mutant.plant(monkeypatch)
    assert found_by_the_machine(good) is not None
