"""A user's test of a procedure, as mypy --strict accepts it; nothing here is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

from hypothesis import given, settings
from hypothesis import strategies as st

import stabflow
from stabflow.testing import (
    ActProperty,
    Count,
    Counterexample,
    Coverage,
    FakeClock,
    MemoryHarness,
    ShownAct,
    SqliteHarness,
    StateProperty,
    check,
    procedure_machine,
    replay_trace,
)
from stabflow.testing import strategies as kit
from stabflow.testing.procedures.steps import Step
from stabflow.text import Text

MY_PROCEDURE = stabflow.procedure("five-step")


def by_the_body(shown: ShownAct) -> bool:
    return shown.after.state != "approved" or shown.record.role == "decision_body"


PROPERTIES = (
    StateProperty(
        title=Text("never without votes", "未表决不得决定"),
        never=lambda seen: seen.state == "approved" and not seen.counts["votes"],
        counts={"votes": Count(items="vote")},
    ),
    ActProperty(title=Text("by the body", "由决策机关决定"), always=by_the_body),
)


def test_procedure() -> None:
    check(MY_PROCEDURE).raise_for_failures()


Machine = procedure_machine(
    MY_PROCEDURE,
    harness=SqliteHarness,
    clock=FakeClock,
    examples_of={"case.contested": st.just(True), "int": st.integers(0, 9)},
    extra=PROPERTIES,
    calendar="weekends",
)
TestMyProcedure = Machine.TestCase
TestMyProcedure.settings = settings(max_examples=10, stateful_step_count=20)
TestMyProcedure.least_coverage = 0.3
assert_type(Machine.coverage, Coverage)


def test_what_was_found_once() -> None:
    assert_type(replay_trace(Path("found.toml"), harness=MemoryHarness()), tuple[Step, ...])
    try:
        replay_trace("found.toml")
    except Counterexample as found:
        assert_type(found.story("zh"), str)
        assert_type(found.dossier(), str)


@given(kit.cases(MY_PROCEDURE, reached="deciding"), kit.actors(MY_PROCEDURE), kit.texts)
def test_cases(drawn: kit.Drawn, actor: stabflow.Actor, text: str) -> None:
    assert_type(drawn.case.state, str)


@given(st.data())
def test_commands(data: Any) -> None:
    drawn = data.draw(kit.cases(MY_PROCEDURE))
    data.draw(kit.commands(drawn))
