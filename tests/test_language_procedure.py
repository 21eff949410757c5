"""A loaded procedure: its canonical form and digest, its machine, and the same procedure written in Python."""

from __future__ import annotations

import types

import attrs
import pytest
from inspections import SMALL, changed
from transitions import Machine, MachineError

from stabflow.errors import Corrupt
from stabflow.language import Procedure, State, bundled, from_canonical, loads
from stabflow.language.canonical_form import canonical_bytes
from stabflow.language.machine import NEW, build, compile_table
from stabflow.requirements import KINDS, Requirement

PROCEDURES = [loads(SMALL), bundled("five-step")]


@pytest.mark.parametrize("procedure", PROCEDURES, ids=str)
def test_the_canonical_form_gives_the_procedure_back(procedure: Procedure) -> None:
    again = from_canonical(canonical_bytes(procedure))
    assert again == procedure
    assert again.digest == procedure.digest


def test_bytes_that_are_not_canonical_are_no_procedure() -> None:
    data = canonical_bytes(loads(SMALL))
    for broken in (data + b" ", data[:-1], b"[]", b"1", data.replace(b'"format":1', b'"format":1.0')):
        with pytest.raises(Corrupt):
            from_canonical(broken)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('zh = "季度排查"', 'zh = "季度检查"', False),
        ('within = "10 working days"', 'within = "11 working days"', False),
        ('by = ["head"]\nset', 'by = ["head", "inspector"]\nset', False),
        ('every = "resolved"', 'every = ["resolved"]', True),
        ('by = ["inspector"]\nclause', 'by = "inspector"\nclause', True),
        ("holders = 3", "holders = 3\ndelegable = false", True),
        ('{ type = "choice", of = "type" }', '{ of = "type", type = "choice" }', True),
        ('clause = "2"\nfields', 'clause = ["2", "3"]\nfields', False),
    ],
)
def test_the_digest_is_that_of_the_meaning(old: str, new: str, same: bool) -> None:
    assert (loads(changed((old, new))).digest == loads(SMALL).digest) is same


def test_the_same_procedure_can_be_written_in_python() -> None:
    read = loads(SMALL)
    parts = {field.name: getattr(read, field.name) for field in attrs.fields(Procedure) if field.init}
    checking = State(title=read.states["checking"].title, accountable="inspector", within="10 working days", clause="1")
    written = Procedure(**parts | {"states": {"checking": checking, "finished": read.states["finished"]}})
    assert written == read
    assert written.digest == read.digest


@pytest.mark.parametrize("procedure", PROCEDURES, ids=str)
def test_the_real_alphabet_of_the_machine_agrees_with_the_rows(procedure: Procedure) -> None:
    for kind, cycle in procedure.lifecycles():
        machine = procedure.machine(kind)
        assert isinstance(machine, Machine)
        rows = {
            (source, row.trigger): row.dest or source
            for row in cycle.transitions
            for source in ((NEW,) if row.creates else cycle.sources(row))
        }
        answers = {}
        for state in machine.states:
            for trigger, event in machine.events.items():
                cursor = types.SimpleNamespace(**{machine.model_attribute: state})
                try:
                    assert event.trigger(cursor)
                except MachineError:
                    continue
                answers[state, trigger] = getattr(cursor, machine.model_attribute)
        assert answers == rows
        table = procedure.tables[kind]
        assert {
            (state, trigger): move.dest or state for state in table for trigger, move in table[state].items()
        } == rows


def test_a_back_door_in_the_machine_turns_it_red(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_back_door(*args: object, **named: object) -> Machine:
        return Machine(*args, **named | {"auto_transitions": True})

    cycle = loads(SMALL).case
    assert set(build(cycle).events) == {"open", "sign_off"}
    monkeypatch.setattr("stabflow.language.machine.Machine", with_a_back_door)
    assert len(build(cycle).events) > 2
    with pytest.raises(AssertionError, match="to_"):
        compile_table(cycle)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_requirement_has_samples_that_say_what_they_are(kind: str) -> None:
    samples = KINDS[kind].samples()
    assert samples
    for sample in samples:
        assert isinstance(sample, Requirement)
        assert sample.kind == kind
        assert sample.depth() >= 1
        assert sample.size() >= 1
        assert sample.reads() is not None
