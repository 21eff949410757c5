"""By what each mutant is found, and the page that tells it.

`python -m mutated.findings` in `tests/` finds all of them anew, and prints the page docs/explanation/mutants.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings

from stabflow import Procedure, ProcedureError
from stabflow.language import loads
from stabflow.reasoning.report import Status
from stabflow.testing import Counterexample, check, procedure_machine
from stabflow.testing.procedures.making import RUNS, STEPS
from stabflow.testing.procedures.rules import RULES

from .catalogue import ENGINE_MUTANTS, EXTRA, MUTANTS, TEXT, EngineMutant, Mutant

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "mutants.md"
_LINE = re.compile(r"^\| `(\w+)` \| ([a-z]+) \|", re.MULTILINE)


@attrs.frozen
class Finding:
    """By what a mutant was found ("loading", "check", "machine", "nothing"), what was said to be wrong, after how many acts."""

    by: str
    what: str = ""
    acts: int = 0


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
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        machine.TestCase("runTest").debug()
    except Counterexample as found:
        return found
    return None


def finding_of(mutant: Mutant | EngineMutant) -> Finding:
    """By what a mutant is found first."""
    if isinstance(mutant, EngineMutant):
        good = loads(TEXT)
        with pytest.MonkeyPatch.context() as patch:
            mutant.plant(patch)
            return _by_the_machine(good)
    try:
        procedure = mutant.procedure()
    except ProcedureError as error:
        return Finding("loading", error.faults[0].path)
    report = check(procedure)
    if not report.proved:
        flawed = next(one for one in report.findings if one.status is Status.FLAWED)
        return Finding("check", flawed.title.en, len(flawed.trace))
    return _by_the_machine(procedure)


def _by_the_machine(procedure: Procedure) -> Finding:
    found = found_by_the_machine(procedure)
    if found is None:
        return Finding("nothing")
    what = found.broken.text.en if found.broken.rule == "own" else RULES[found.broken.rule].en
    return Finding("machine", what, len(found.steps))


def told() -> dict[str, str]:
    """What the page says: each mutant, and by what it is found."""
    return dict(_LINE.findall(PAGE.read_text(encoding="utf-8")))


HEAD = """# What the test kit finds

The tests of the test kit plant small mistakes, one at a time: in a good procedure of five steps (`tests/mutated/good.toml`,
with thirteen properties that its author gave it), and in the guards of the engine. Each must be found when the file is read
(*loading*), by `check`, or by the [machine of a procedure](../how-to/test-your-procedure.md) within its default budget of
{runs} runs of {steps} steps. What is found by nothing fails a test, and so does a mutant that this page does not list, or
lists as found by something else. *After* is the number of acts to where it shows, before the story is made short.

`cd tests && python -m mutated.findings > mutants.md` finds them all anew; what it writes is this page.
"""


def page() -> Iterator[str]:
    """The lines of the page."""
    yield HEAD.format(runs=RUNS, steps=STEPS)
    yield from _table("In the procedure", MUTANTS)
    yield ""
    yield from _table("In the engine", ENGINE_MUTANTS)


def _table(title: str, mutants: Iterable[Mutant | EngineMutant]) -> Iterator[str]:
    yield from (f"## {title}", "", "| mutant | found by | as | after |", "|---|---|---|---|")
    for mutant in mutants:
        found = finding_of(mutant)
        yield f"| `{mutant.name}` | {found.by} | {found.what.replace('|', '/')} | {found.acts or ''} |"


if __name__ == "__main__":
    for line in page():
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
