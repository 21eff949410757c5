"""Configs of ``transitions`` that cannot be read, or that no procedure can say: every fault at once, at its place."""

from __future__ import annotations

import copy
import enum
from typing import Any

import pytest
from skeletons import Config, machine, refusal
from transitions import Machine, State
from transitions.extensions import MachineFactory


class Stage(enum.Enum):
    DRAFT = 1


@pytest.mark.parametrize(
    ("config", "path", "problem"),
    [
        pytest.param(None, "config", "is None, not a dict", id="nothing"),
        pytest.param(State("a"), "config", "is of type State, not a dict", id="an object"),
        pytest.param(machine(transition=[]), "transition", "unknown key", id="key"),
        pytest.param(machine(states=None), "states", "names no state", id="no states"),
        pytest.param(machine(states={"a": {}, "b": {}}), "states", "is a dict of states", id="dict of states"),
        pytest.param(machine(states=["a", "b", "c", 7]), "states[3]", "is a number, not a name", id="a number"),
        pytest.param(machine(states=["a", "b", State("c")]), "states[2]", "is of type State, not a name", id="a State"),
        pytest.param(machine(states=["a", "b", "c", "a"]), "states[3]", "is a second 'a'", id="twice"),
        pytest.param(machine(states=["a", "b", "c", {}]), "states[3].name", "is missing", id="no name"),
        pytest.param(
            machine(states=["a", "b", "c", {"name": "d", "on_entr": "x"}]),
            "states[3].on_entr",
            "unknown key",
            id="typo",
        ),
        pytest.param(
            machine(states=["a", "b", {"name": "c", "final": "yes"}]),
            "states[2].final",
            "is text, not true or false",
            id="final",
        ),
        pytest.param(
            machine(states=["a", "b", {"name": "c", "on_enter": 3}]),
            "states[2].on_enter",
            "is a number, which cannot be called",
            id="callback",
        ),
        pytest.param(
            machine(states=["a", "b", "c", "d\x07"]),
            "states[3]",
            "character U+0007 at position 1 is not allowed",
            id="bell",
        ),
        pytest.param(machine(initial=None), "initial", "no state is named in which it begins", id="begins nowhere"),
        pytest.param(machine(initial="d"), "initial", "unknown state 'd'", id="unknown initial"),
        pytest.param(machine(initial=["a", "b"]), "initial", "begins in several states at once", id="begins twice"),
        pytest.param(machine(name=3), "name", "is a number, not a name", id="name"),
        pytest.param(machine(auto_transitions="no"), "auto_transitions", "is text, not true or false", id="auto"),
        pytest.param(
            machine(transitions=["go"]), "transitions[0]", "is text, neither a dict nor a list", id="row of text"
        ),
        pytest.param(machine(transitions=[[]]), "transitions[0]", "is empty", id="empty row"),
        pytest.param(machine(transitions=[["go", "a"]]), "transitions[0].dest", "is missing", id="no dest"),
        pytest.param(
            machine(transitions=[["go", "a", "b", *"cdefgh"]]), "transitions[0]", "has 9 parts", id="too many parts"
        ),
        pytest.param(
            machine(transitions=[{"trigger": "go", "source": "a", "dest": "b", "condition": "x"}]),
            "transitions[0].condition",
            "unknown key",
            id="key of a row",
        ),
        pytest.param(machine(transitions=[["go", "a", "d"]]), "transitions[0][2]", "unknown state 'd'", id="unknown"),
        pytest.param(
            machine(transitions=[["go", ["a", "*"], "b"]]), "transitions[0][1][1]", "unknown state '*'", id="star"
        ),
        pytest.param(machine(transitions=[["go", [], "b"]]), "transitions[0][1]", "names no state", id="no source"),
        pytest.param(
            machine(transitions=[["go", "a", ["b", "c"]]]),
            "transitions[0][2]",
            "leads into several states at once",
            id="parallel dest",
        ),
        pytest.param(
            machine(transitions=[[Stage.DRAFT, "a", "b"]]),
            "transitions[0][0]",
            "is of type Stage, not the name of a trigger",
            id="trigger",
        ),
    ],
)
def test_a_config_that_cannot_be_read_is_refused_at_its_place(config: Any, path: str, problem: str) -> None:
    (fault,) = refusal(config)
    assert (fault.path, fault.problem) == (path, problem)
    assert fault.cure


def test_all_faults_are_told_at_once() -> None:
    faults = refusal(machine(initial="d", queue=True, transitions=[["go", "a", "d"], ["end"]]))
    assert [fault.path for fault in faults] == [
        "queue",
        "initial",
        "transitions[0][2]",
        "transitions[1].source",
        "transitions[1].dest",
    ]


INNER: Config = {"name": "b", "children": ["x", "y"], "initial": "x"}


@pytest.mark.parametrize(
    ("state", "paths"),
    [
        (INNER, ["states[1].children", "states[1].initial"]),
        ({"name": "b", "parallel": [{"name": "x"}, {"name": "y"}]}, ["states[1].parallel"]),
        (
            {"name": "b", "states": ["x"], "transitions": [["go", "x", "x"]]},
            ["states[1].states", "states[1].transitions"],
        ),
        ({"name": "b", "children": Machine(states=["x"], initial="x", model=None)}, ["states[1].children"]),
        ({"name": "b", "children": {"name": "x"}, "remap": {"x": "a"}}, ["states[1].children", "states[1].remap"]),
    ],
)
def test_states_within_states_are_refused_and_nothing_else_is_accused(state: Config, paths: list[str]) -> None:
    config = machine(
        states=["a", state, "c"], transitions=[["go", "a", "b_x"], ["on", "b_x", "b_y"], ["end", "b", "c"]]
    )
    faults = refusal(config)
    assert [fault.path for fault in faults] == paths
    assert all("a procedure is flat" in fault.problem and "lifecycle of its own" in fault.cure for fault in faults)


def test_such_states_are_what_transitions_calls_nested() -> None:
    nested = MachineFactory.get_predefined(nested=True)
    built = nested(states=["a", copy.deepcopy(INNER), "c"], initial="a", transitions=[["go", "a", "b_x"]])
    built.go()
    assert built.state == "b_x"
