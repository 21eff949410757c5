"""The strategies of the kit: what they draw is what they say."""

from __future__ import annotations

import contextlib
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated.catalogue import TEXT

from stabflow import InvalidInput, Procedure, Refused
from stabflow.calendar import Calendar
from stabflow.decision.commands import Command
from stabflow.decision.decider import decide
from stabflow.decision.view import Context
from stabflow.language import Outcome, loads
from stabflow.language.written import written
from stabflow.reasoning.report import Status
from stabflow.testing import check
from stabflow.testing import strategies as kit
from stabflow.testing.procedures.flawed import Flaw
from stabflow.values import Basis

GOOD = loads(TEXT)


@pytest.mark.slow
@settings(max_examples=40)
@given(kit.procedures())
def test_a_drawn_procedure_can_be_written_down_and_read_again(drawn: Procedure) -> None:
    assert loads(written(drawn)).digest == drawn.digest


@pytest.mark.slow
@settings(max_examples=8)
@given(st.data())
@pytest.mark.parametrize("kind", get_args(Flaw))
def test_the_flaw_is_there(kind: Flaw, data: st.DataObject) -> None:
    flawed = data.draw(kit.flawed_procedures(kind))
    assert kind in {one.property for one in check(flawed).findings if one.status is not Status.PROVED}


def test_an_unknown_flaw_is_refused() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'gate'"):
        kit.flawed_procedures("gates")  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=10)
@given(kit.cases(GOOD, reached="reviewing"))
def test_a_case_has_come_where_it_was_to(drawn: kit.Drawn) -> None:
    assert drawn.case.state == "reviewing"
    assert drawn.records[-1].version == drawn.case.version


@pytest.mark.slow
@settings(max_examples=5)
@given(kit.cases(GOOD, reached=Outcome.IMPLEMENT, acts=120))
def test_a_case_has_the_outcome_it_was_to_have(drawn: kit.Drawn) -> None:
    assert GOOD.states[drawn.case.state].outcome is Outcome.IMPLEMENT


@pytest.mark.slow
@settings(max_examples=20)
@given(st.data())
def test_commands_are_of_the_case(data: st.DataObject) -> None:
    drawn = data.draw(kit.cases(GOOD, acts=12))
    command = data.draw(kit.commands(drawn))
    assert isinstance(command, Command)
    with contextlib.suppress(Refused, InvalidInput):
        decide(GOOD, drawn.case, command, Context(now=drawn.case.updated_at, calendar=Calendar("none")))


@given(kit.fitting_texts)
def test_fitting_texts_fit(text: str) -> None:
    assert Basis(text).text


def test_some_texts_do_not_fit() -> None:
    refused = 0
    for text in ("\x00", "\u202ecod.exe", "", "\ud800"):
        with pytest.raises(InvalidInput):
            Basis(text)
        refused += 1
    assert refused == 4
