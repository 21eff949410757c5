"""Small mistakes, in a procedure or in the engine's guards, are found by `check` or by the machine, within its default budget."""

from __future__ import annotations

import os

import pytest
from mutated.catalogue import ENGINE_MUTANTS, MUTANTS, TEXT, EngineMutant, Mutant
from mutated.findings import Finding, finding_of, found_by_the_machine, told

from stabflow.language import loads
from stabflow.testing import check
from stabflow.testing.procedures.making import RUNS

SHORT = os.environ.get("STABFLOW_SHORT") == "1"


@pytest.mark.slow
def test_in_what_is_good_nothing_is_found() -> None:
    good = loads(TEXT)
    check(good, properties=[]).raise_for_failures()
    assert found_by_the_machine(good, 20 if SHORT else RUNS) is None


def said(mutant: Mutant | EngineMutant, found: Finding) -> None:
    """What was found, for whoever looks on; `pytest -rP` shows it."""
    print(f"{mutant.name}: {found.by}, {found.what}, after {found.acts}")


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS[::3] if SHORT else MUTANTS, ids=lambda one: one.name)
def test_a_mutant_of_the_procedure_is_found(mutant: Mutant) -> None:
    found = finding_of(mutant)
    said(mutant, found)
    assert found.by == mutant.by


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ENGINE_MUTANTS[::3] if SHORT else ENGINE_MUTANTS, ids=lambda one: one.name)
def test_a_mutant_of_the_engine_is_found(mutant: EngineMutant) -> None:
    found = finding_of(mutant)
    said(mutant, found)
    assert found.by == "machine"


def test_the_page_tells_of_every_mutant_by_what_it_is_found() -> None:
    expected = {mutant.name: mutant.by for mutant in MUTANTS} | {mutant.name: "machine" for mutant in ENGINE_MUTANTS}
    assert told() == expected
    assert len(expected) >= 60
    assert set(expected.values()) == {"loading", "check", "machine"}
