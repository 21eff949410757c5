"""The wall around ``transitions``: the machine's real alphabet against the rows, and machines that say more or less than they."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings
from language_kit import BOARD, SITE, changed, load_tables, put, tables
from transitions import Machine, MachineError

from stabflow.errors import InvalidInput
from stabflow.language import Lifecycle, Procedure, State, Transition, bundled, loads
from stabflow.language.machine import NEW, build, compile_table
from stabflow.testing.procedures.drawn import procedures

PROCEDURES = {"site": loads(SITE), "board": loads(BOARD), "five-step": bundled("five-step")}


def rows_of(lifecycle: Lifecycle) -> dict[tuple[str, str], str | None]:
    """What the rows say, read without the machine: (state, trigger) → where it leads, ``None`` for staying."""
    said: dict[tuple[str, str], str | None] = {}
    for row in lifecycle.transitions:
        sources = [NEW] if not row.source else row.source
        if row.source == ("*",):
            sources = [name for name, state in lifecycle.states.items() if not state.final]
        said |= {(source, row.trigger): row.dest for source in sources}
    return said


def answers_of(machine: Machine) -> dict[tuple[str, str], str]:
    """What the machine does with each of its own triggers in each of its own states."""

    class Cursor:
        pass

    answers = {}
    for state in machine.states:
        for trigger, event in machine.events.items():
            cursor = Cursor()
            setattr(cursor, machine.model_attribute, state)
            try:
                event.trigger(cursor)
            except MachineError:
                continue
            answers[state, trigger] = getattr(cursor, machine.model_attribute)
    return answers


def check_agreement(procedure: Procedure) -> None:
    for kind, lifecycle in procedure.lifecycles():
        said = rows_of(lifecycle)
        assert answers_of(procedure.machine(kind)) == {
            (source, trigger): dest or source for (source, trigger), dest in said.items()
        }
        table = procedure.tables[kind]
        assert set(table) == {NEW, *lifecycle.states}
        assert {
            (state, trigger): move.dest for state, moves in table.items() for trigger, move in moves.items()
        } == said
        for moves in table.values():
            for trigger, move in moves.items():
                assert move.row.trigger == trigger
                assert move.row in lifecycle.transitions


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_machine_answers_what_the_rows_say_and_nothing_else(name: str) -> None:
    check_agreement(PROCEDURES[name])


@settings(max_examples=25)
@given(procedures())
def test_so_does_every_machine(procedure: Procedure) -> None:
    check_agreement(procedure)


def test_a_machine_is_a_real_one_and_calls_nobody_back() -> None:
    machine = PROCEDURES["site"].machine("hazard")
    assert isinstance(machine, Machine)
    assert list(machine.states) == [NEW, "found", "assigned", "resolved"]
    assert set(machine.events) == {"add", "assign", "resolve"}
    assert machine.get_triggers("found") == ["assign"]
    assert machine.models == []
    assert machine.initial == NEW
    for event in machine.events.values():
        for transitions in event.transitions.values():
            for transition in transitions:
                assert [*transition.conditions, *transition.before, *transition.after, *transition.prepare] == []


def test_each_call_makes_a_machine_of_its_own() -> None:
    procedure = PROCEDURES["site"]
    first = procedure.machine()
    first.add_transition("sneak", "checking", "finished")
    assert "sneak" not in procedure.machine().events
    assert "sneak" not in procedure.tables[None]["checking"]


def test_a_machine_of_an_unknown_kind_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="unknown kind 'hazzard' \\(did you mean 'hazard'\\?\\)"):
        PROCEDURES["site"].machine("hazzard")


def planted(lifecycle: Lifecycle, *, auto_transitions: bool = False) -> Machine:
    """A machine of the rows, made as the README of ``transitions`` makes one."""
    machine = Machine(
        model=None,
        states=[NEW, *lifecycle.states],
        initial=NEW,
        auto_transitions=auto_transitions,
        model_attribute="_place",
    )
    for row in lifecycle.transitions:
        machine.add_transition(row.trigger, list(lifecycle.sources(row)) or NEW, row.dest)
    return machine


def test_auto_transitions_turn_the_table_red() -> None:
    lifecycle = PROCEDURES["site"].case
    assert compile_table(lifecycle, planted(lifecycle)) == PROCEDURES["site"].tables[None]
    with pytest.raises(AssertionError, match=r"the machine answers 'to_.*' in .*, which no row says"):
        compile_table(lifecycle, planted(lifecycle, auto_transitions=True))


@pytest.mark.parametrize(
    ("trigger", "source", "dest"),
    [("sign_off", NEW, "finished"), ("reopen", "finished", "checking"), ("sneak", "checking", "finished")],
)
def test_a_back_door_turns_the_table_red(trigger: str, source: str, dest: str) -> None:
    lifecycle = PROCEDURES["site"].case
    machine = build(lifecycle)
    machine.add_transition(trigger, source, dest)
    with pytest.raises(AssertionError, match=f"the machine answers '{trigger}' in .*, which no row says"):
        compile_table(lifecycle, machine)


def test_a_row_that_leads_elsewhere_turns_the_table_red() -> None:
    lifecycle = PROCEDURES["board"].case
    machine = build(lifecycle)
    machine.remove_transition("finish", "agreed", "finished")
    machine.add_transition("finish", "agreed", "dropped")
    with pytest.raises(AssertionError, match="the machine answers 'finish' in 'agreed' with 'dropped'"):
        compile_table(lifecycle, machine)


def test_a_row_that_the_machine_does_not_know_turns_the_table_red() -> None:
    lifecycle = PROCEDURES["board"].case
    machine = build(lifecycle)
    machine.remove_transition("finish", "agreed", "finished")
    with pytest.raises(AssertionError, match=r"does not answer \[\('agreed', 'finish'\)\], which rows say"):
        compile_table(lifecycle, machine)


@pytest.mark.parametrize("trigger", ["state", "trigger", "model", "to", "initial", "may_open", "is_open", "add_model"])
def test_no_trigger_is_a_word_of_the_machine(trigger: str) -> None:
    procedure = load_tables(changed(tables(), put("transitions/1/trigger", trigger)))
    assert procedure.tables[None]["checking"][trigger].dest == "finished"


def test_tables_are_read_only() -> None:
    table = PROCEDURES["site"].tables
    with pytest.raises(TypeError):
        table[None] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        table[None]["checking"] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        del table[None]["checking"]["sign_off"]  # type: ignore[attr-defined]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        table[None]["checking"]["sign_off"].dest = "checking"  # type: ignore[misc]


def test_staying_moves_nothing_also_where_a_star_stands() -> None:
    lifecycle = Lifecycle(
        states={"a": State(accountable="x", open_ended=True), "b": State(final=True)},
        transitions=[
            Transition(trigger="open", dest="a", by="x"),
            Transition(trigger="note", source="*", by="x"),
            Transition(trigger="end", source="a", dest="b", by="x"),
        ],
    )
    table = compile_table(lifecycle)
    assert {state: {trigger: move.dest for trigger, move in moves.items()} for state, moves in table.items()} == {
        NEW: {"open": "a"},
        "a": {"note": None, "end": "b"},
        "b": {},
    }
