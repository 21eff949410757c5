"""Names from elsewhere: brought into form always in the same way, and no two into one."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skeletons import loaded, machine, refusal

from stabflow.errors import ProcedureError
from stabflow.language import from_transitions
from stabflow.language.naming import in_form, state_in_form, trigger_in_form


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("draft", "draft"),
        ("odd__but_right_", "odd__but_right_"),
        ("InReview", "in_review"),
        ("HTTPError", "http_error"),
        ("SOLID", "solid"),
        ("hanging out", "hanging_out"),
        ("  a -- b  ", "a_b"),
        ("Überprüfung", "uberprufung"),
        ("审核", "u5ba1u6838"),
        ("A组审核", "au7ec4u5ba1u6838"),
        ("2nd", "state_2nd"),
        ("Ａ１", "a1"),
        ("x" * 70, "x" * 64),
        ("***", ""),
    ],
)
def test_a_name_is_brought_into_form(text: str, name: str) -> None:
    assert in_form(text, numbered="state") == name


def test_states_are_not_named_like_steps_and_triggers_may_be() -> None:
    assert (state_in_form("Report"), trigger_in_form("Report")) == ("report_stage", "report")


@given(st.text(max_size=80))
def test_what_is_brought_into_form_is_a_name_or_nothing_and_stays_as_it_is(text: str) -> None:
    name = state_in_form(text)
    assert name == "" or (name.isascii() and state_in_form(name) == name)


def test_names_that_become_one_are_refused_at_both_places() -> None:
    faults = refusal(
        machine(
            states=["a", "In review", {"name": "InReview"}],
            transitions=[["go", "a", "InReview"], ["GO", "a", "In review"], ["***", "a", "a"]],
        )
    )
    assert [str(fault) for fault in faults] == [
        "states[2]: 'InReview' becomes 'in_review', and so does 'In review' at states[1] (rename one of them)",
        "transitions[1]: 'GO' becomes 'go', and so does 'go' at transitions[0] (rename one of them)",
        "transitions[2]: no name can be made of '***' (give the trigger a name with a letter or a digit in it)",
    ]


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_whatever_is_written_stays_text(state: str, trigger: str, condition: str) -> None:
    config = machine(
        name=condition,
        states=["first", state],
        initial="first",
        transitions=[
            {"trigger": trigger, "source": "first", "dest": state, "conditions": condition, "before": trigger}
        ],
        before_state_change=condition,
    )
    try:
        skeleton = from_transitions(config)
    except ProcedureError as error:
        assert {fault.path for fault in error.faults} <= {
            "name",
            "states[1]",
            "transitions[0].trigger",
            "transitions[0]",
        } | {fault.path for fault in error.faults if fault.path == "transitions[0].dest"}
        return
    (opening, row) = tomllib.loads(skeleton.toml)["transitions"]
    assert row.keys() - {"title"} == {"trigger", "source", "dest", "by", "requires"}
    assert opening["trigger"] == "open"
    assert all("is a gap" in fault.problem for fault in skeleton.lacks)
    assert loaded(skeleton.toml).states.keys() == {"first", row["dest"]}
