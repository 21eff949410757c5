"""The machine that tests a procedure: what it finds, how it tells that, and what does it again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import worlds
from command_line import Run
from flawed.catalogue import FLAWS
from hypothesis import Phase, settings
from hypothesis import strategies as st
from mutated.catalogue import TEXT

from stabflow import Actor, Blocker, Case, InvalidInput, Plugin, Procedure, hookimpl
from stabflow.decision import rows
from stabflow.decision.permission import Permission, permission
from stabflow.language import loads
from stabflow.language.written import written
from stabflow.ports.hooks import Command
from stabflow.testing import (
    ActProperty,
    Counterexample,
    NothingHappened,
    NotProved,
    SqliteHarness,
    StateProperty,
    StoreHarness,
    TooLittleCovered,
    check,
    procedure_machine,
    replay_trace,
)
from stabflow.testing.procedures import rules
from stabflow.testing.procedures.counterexamples import FILE
from stabflow.testing.procedures.machine import ProcedureMachine
from stabflow.testing.procedures.standing import Broken
from stabflow.testing.procedures.steps import OFFICES, Came, Step, Verb
from stabflow.text import Text

SHORT = os.environ.get("STABFLOW_SHORT") == "1"
GOOD = loads(TEXT)


def run(machine: type[ProcedureMachine], runs: int = 5, steps: int = 8, *, shrinks: bool = False) -> None:
    phases = [Phase.generate, *([Phase.shrink] if shrinks else [])]
    machine.TestCase.settings = settings(
        machine.TestCase.settings,
        max_examples=runs,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        phases=phases,
    )
    machine.TestCase("runTest").debug()


def found(machine: type[ProcedureMachine], runs: int = 60, steps: int = 20, *, shrinks: bool = False) -> Counterexample:
    with pytest.raises(Counterexample) as caught:
        run(machine, runs, steps, shrinks=shrinks)
    return caught.value


def anybody(*arguments: Any, **more: Any) -> Permission:
    """In place of the engine's own: whoever acts may, as if they were the first whom the row names."""
    found, parties, context = permission(*arguments, **more), arguments[2], arguments[5]
    if found.blocker is None:
        return found
    mandate = next((held.mandate for held in context.offices if held.role == parties[0]), "f" * 64)
    return Permission(parties[0], mandate, None)


# What is proved


def test_a_flawed_procedure_raises_its_flaws_as_a_story() -> None:
    flawed = next(one for one in FLAWS if one.name == "outcome_without_review").flawed
    with pytest.raises(NotProved) as caught:
        check(flawed).raise_for_failures()
    assert isinstance(caught.value, AssertionError)
    told = str(caught.value)
    assert "without “review”" in told
    assert "    5. wave through – by head" in told
    assert "未经“审查”" in caught.value.report.story().zh
    check(GOOD).raise_for_failures()


def test_what_could_not_be_decided_is_no_pass() -> None:
    with pytest.raises(NotProved, match="incomplete"):
        check(GOOD, max_states=3).raise_for_failures()


# What the machine finds


@pytest.mark.slow
def test_a_good_procedure_passes() -> None:
    machine = procedure_machine(GOOD)
    run(machine, 20, 40)
    assert machine.tally[0] > 100
    assert machine.coverage.share_of("state") > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("harness", [SqliteHarness])
def test_it_runs_on_the_store_of_a_harness(harness: type[StoreHarness]) -> None:
    run(procedure_machine(GOOD, harness=harness), 3, 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["five-step", "town-2013", "township-2010", "facility-2012", "company-six-aspects"])
def test_the_bundled_procedures_pass(name: str) -> None:
    run(procedure_machine(name), 3 if SHORT else 25, 40)


@pytest.mark.slow
def test_skipped_role_checks_are_found_and_the_dossier_does_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stab: Run
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rows, "permission", anybody)
        it = found(procedure_machine(GOOD), shrinks=True)
        assert it.broken.rule in ("role", "party")
        assert len(it.steps) <= 20
        printed = str(it)
        assert printed.startswith(rules.RULES[it.broken.rule].en)
        assert "[[acts]]" in printed
        dossier = tmp_path / "found.toml"
        dossier.write_text(it.dossier(), encoding="utf-8")
        (tmp_path / FILE).write_text(written(GOOD), encoding="utf-8")
        status, _, errors = stab("run", dossier, "--store", f"sqlite:///{tmp_path}/patched.db")
        assert status == 2, errors
        assert "is marked as refused and was accepted" in errors
        for trace in (it, dossier):
            with pytest.raises(Counterexample):
                replay_trace(trace)
    status, _, errors = stab("run", dossier, "--store", f"sqlite:///{tmp_path}/mended.db")
    assert status == 0, errors
    replay_trace(dossier)
    replay_trace(it.dossier(), procedure=GOOD)


@pytest.mark.slow
@pytest.mark.parametrize("flaw", [one for one in FLAWS if one.stuck][:3], ids=lambda one: one.name)
def test_a_dead_end_is_called_one(flaw: object) -> None:
    procedure: Procedure = flaw.flawed  # type: ignore[attr-defined]
    it = found(procedure_machine(procedure), 200, 20)
    assert it.broken.rule == "dead_end"
    assert str(it).startswith("dead end: from ")
    assert it.story("zh").startswith("无法办结：")


class Never(Plugin):
    """Refuses whatever is asked."""

    contract = 1

    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: object) -> Blocker | None:
        return Blocker(kind="never", text=Text("the house is closed", "停止办公"))


def test_where_nothing_could_be_done_that_is_a_failure() -> None:
    with pytest.raises(NothingHappened, match="the house is closed") as caught:
        run(procedure_machine(GOOD, plugins=[Never()]), 2, 2)
    assert isinstance(caught.value, AssertionError)


@pytest.mark.slow
def test_every_run_is_told_by_a_dossier_that_comes_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for offices that change after the case is open, which no dossier has."""
    seen: list[tuple[Step, ...]] = []
    ended = ProcedureMachine.teardown

    def noting(machine: ProcedureMachine) -> None:
        if not machine._failed:
            seen.append(tuple(machine.run.steps))
        ended(machine)

    monkeypatch.setattr(ProcedureMachine, "teardown", noting)
    run(procedure_machine(GOOD), 15 if SHORT else 60, 30)
    told = 0
    for steps in seen:
        cases = [step.case for step in steps if step.verb is Verb.OPEN and step.came is Came.DONE]
        later = steps[[step.verb for step in steps].index(Verb.OPEN) :]
        if len(cases) != 1 or any(step.verb in OFFICES and step.came is Came.DONE for step in later):
            continue
        whole = Counterexample(GOOD, steps, Broken("own", Text("all of it", "全部")))
        replay_trace(whole)
        again = replay_trace(whole.dossier(), procedure=GOOD)
        assert sum(step.came is Came.DONE for step in again) > len(list(GOOD.roles))
        told += 1
    assert told >= 3


def test_nothing_falls_due_while_a_clock_stands() -> None:
    begun = datetime(2024, 1, 8, 1, tzinfo=UTC)
    head, clerk = Actor("head-1", body="head-office"), Actor("clerk-1", body="clerk-office")
    late = begun + timedelta(days=32)
    steps = [
        Step(verb=Verb.CONSTITUTE, what="head", person=head, at=begun),
        Step(verb=Verb.CONSTITUTE, what="clerk", person=clerk, at=begun),
        Step(verb=Verb.OPEN, by=clerk, trigger="open", case="case-1", at=begun),
        Step(verb=Verb.STOP_CLOCK, by=head, case="case-1", at=begun),
        Step(verb=Verb.TICK, at=late),
        Step(verb=Verb.RESUME_CLOCK, by=head, case="case-1", at=late),
        Step(verb=Verb.TICK, at=late + timedelta(days=32)),
    ]
    done = replay_trace(Counterexample(GOOD, steps, Broken("own", Text("all of it", "全部"))))
    assert [step.came for step in done] == [Came.DONE] * len(steps)


# The user's own


@pytest.mark.slow
def test_properties_of_the_user_are_judged() -> None:
    never_planned = StateProperty(title=Text("never planned", "从不预案"), never=lambda seen: seen.state == "planning")
    it = found(procedure_machine(GOOD, extra=[never_planned]))
    assert it.broken.text.en == "“never planned” does not hold"
    alone = ActProperty(title=Text("one clerk", "文员一人"), always=lambda shown: shown.record.actor.id != "clerk-2")
    it = found(procedure_machine(GOOD, extra=[alone]))
    assert it.steps[-1].by is not None
    assert it.steps[-1].by.id == "clerk-2"


def test_what_is_no_property_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"extra\[0\]: a str is no property"):
        procedure_machine(GOOD, extra=["x"])  # type: ignore[list-item]
    with pytest.raises(InvalidInput, match="unknown fact 'gardes'"):
        procedure_machine(GOOD, extra=[StateProperty(title=Text("x", "x"), never=bool, facts="gardes")])
    with pytest.raises(InvalidInput, match="exactly one of them"):
        ActProperty(title=Text("x", "x"))


@pytest.mark.slow
def test_values_come_from_the_users_strategies() -> None:
    said: list[object] = []
    noted = ActProperty(
        title=Text("noted", "记录"), always=lambda shown: said.append(dict(shown.after.facts).get("asked")) or True
    )
    run(procedure_machine(GOOD, examples_of={"case.asked": st.just(77)}, extra=[noted]), 3, 5)
    assert 77 in said


# What is told


@pytest.mark.parametrize("nobody", [[], "\u202e", "no such thing", 2**60])
def test_an_act_that_names_nobody_is_told_in_the_dossier(nobody: object) -> None:
    chair = Actor("chair-1", body="office")
    opening = Step(verb=Verb.OPEN, by=chair, case="case-1", trigger="open", at=worlds.START, came=Came.DONE)
    adding = Step(verb=Verb.ADD, by=chair, case="case-1", what="note", values={"owner": nobody}, at=worlds.START)
    found = Counterexample(
        worlds.small(),
        [opening, adding.after(InvalidInput.at("owner", "bad", "")), adding],
        Broken("own", Text("a", "甲")),
    )
    assert "owner" in found.dossier()
    assert "[actors.chair-1]" in found.dossier()


def test_every_rule_has_its_words() -> None:
    folder = Path(rules.__file__).parent
    sources = "".join(one.read_text(encoding="utf-8") for one in folder.glob("*.py"))
    told = set(re.findall(r'(?:Broken|_broken|\.same)\(\s*"(\w+)"', sources))
    assert told == set(rules.RULES)


# Coverage


def test_coverage_tells_what_was_come_to() -> None:
    machine = procedure_machine(GOOD)
    run(machine, 4, 4)
    coverage = machine.coverage
    assert 0 < coverage.share < 1
    assert "coverage of mutated@1" in coverage.table()
    assert "从未出现：" in coverage.table("zh") or "从未出现:" in coverage.table("zh")
    gap = coverage.gaps[0]
    assert gap.name.en in coverage.table()
    diagram = coverage.mermaid()
    assert diagram.startswith("stateDiagram-v2\n")
    assert "classDef gap" in diagram
    with pytest.raises(TooLittleCovered, match="at least 100% are asked for"):
        coverage.raise_below(1)
    coverage.raise_below(0.1)


@pytest.mark.slow
def test_a_threshold_fails_the_run() -> None:
    machine = procedure_machine(GOOD)
    machine.TestCase.least_coverage = 1.0
    with pytest.raises(TooLittleCovered):
        run(machine, 12, 8)


def test_every_part_of_a_procedure_has_its_place_in_the_coverage() -> None:
    parts = list(procedure_machine(GOOD).coverage.parts())
    assert sum(part.sort == "state" for part in parts) == len(GOOD.states) + 7
    assert len({(part.sort, part.name) for part in parts}) == len(parts)


WITHOUT = """
import sys
sys.modules["hypothesis"] = sys.modules["pytest"] = None
from stabflow.testing import ActProperty, Counterexample, Coverage, NotProved, check, replay_trace
"""


@pytest.mark.slow
def test_what_draws_nothing_needs_neither_hypothesis_nor_pytest() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=60)


def test_where_only_time_opens_cases_and_may_not_it_is_told_why() -> None:
    """The calendar opens no case under what is not proved."""
    with pytest.raises(NothingHappened, match="site@1 failed"):
        run(procedure_machine(loads(SITE)), 10, 20)


SITE = """
[procedure]
format = 1
timezone = "Asia/Shanghai"
id = "site"
version = "1"
title = { en = "Site", zh = "排查" }
source = "house rules"

[roles.head]
title = { en = "head", zh = "负责人" }

[states]
checking = { accountable = "head", within = "10 working days" }
finished = { final = true }

[[transitions]]
trigger = "open"
dest = "checking"
every = "month"

[[transitions]]
trigger = "sign_off"
source = "checking"
dest = "finished"
by = ["head"]

[[properties]]
title = { en = "nothing is ever finished", zh = "从不办结" }
never = [{ case = ["finished"] }]
"""
