"""What somebody asks for is exactly text where it is text: a word of another class could be written down as another one."""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs
import pytest
import worlds
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, SMALL

from stabflow.decision.commands import Add, Amend, Appoint, Fire, Migrate, Open, Relieve
from stabflow.errors import InvalidInput, ProcedureError
from stabflow.language import Procedure, loads
from stabflow.values import Basis


class Word(str, Enum):  # noqa: UP042 - a StrEnum is formatted as what it equals
    """As a host keeps the words of its procedure: what such a member is formatted as is not what it equals."""

    NOTE = "note"
    ADD = "add"
    DO = "do"
    WORDS = "words"
    CLERK = "clerk"
    CHAIR = "chair"
    AUDITOR = "auditor"
    NOTE_1 = "note-1"
    SUBMIT = "submit"
    URGENT = "urgent"
    OPEN = "open"


class Shown(str):
    """Formatted as something else, and equal to anything."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"

    def __format__(self, _spec: str) -> str:
        return "something else"

    def __eq__(self, _other: object) -> bool:
        return True

    __hash__ = str.__hash__


WHO: dict[str, Any] = {"actor": CHAIR, "basis": Basis(BASIS)}
COMMANDS = [
    lambda word: Open(**WHO, role=word, case_id="c", matter=BRIDGE, trigger=word, values={word: 1}),
    lambda word: Fire(**WHO, role=word, trigger=word, item=word, values={word: 1}),
    lambda word: Add(**WHO, role=word, kind=word, trigger=word, values={word: 1}),
    lambda word: Amend(**WHO, role=word, item=word, values={word: 1}, reason="r"),
    lambda word: Appoint(**WHO, role=word, office=word, appointee=CLERK),
    lambda word: Relieve(**WHO, role=word, office=word, appointee=CLERK),
    lambda word: Migrate(**WHO, role=word, to=worlds.small(), renamed={word: word}),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("word", [Word.NOTE, Shown("note"), "note"], ids=["enum", "shown", "plain"])
def test_every_word_of_a_command_is_exactly_text(command: Any, word: str) -> None:
    made = command(word)
    found = [made.role]
    for name in ("trigger", "item", "kind", "office"):
        found += [getattr(made, name)] if hasattr(made, name) else []
    for name in ("values", "renamed"):
        found += getattr(made, name, {})
    found += getattr(made, "renamed", {}).values()
    assert len(found) > 1
    for one in found:
        assert type(one) is str
        assert "".join(one) == "note"
    assert command("note") == made


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_text_is_no_word(command: Any) -> None:
    with pytest.raises(InvalidInput):
        command(7)


@pytest.mark.parametrize("url", ["memory:", "sqlite"])
def test_a_case_driven_by_the_members_of_an_enum_is_whole(url: str, tmp_path: Any) -> None:
    """`engine.verify` once called every one of these records corrupt: ``Word.NOTE-1`` was the item's id."""
    url = f"sqlite:///{tmp_path / 'w.db'}" if url == "sqlite" else url
    with worlds.engine_on(url) as engine:
        engine.constitute("small", Word.CHAIR, CHAIR, basis=BASIS)
        case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, role=Word.CHAIR, trigger=Word.OPEN)
        case.appoint(Word.CLERK, CLERK, by=CHAIR, basis=BASIS)
        case.appoint(Word.AUDITOR, AUDITOR, by=CHAIR, basis=BASIS)
        values = {Word.WORDS: "w"} | {name: value for name, value in NOTE.items() if name != "words"}
        assert case.add(Word.NOTE, by=CLERK, basis=BASIS, trigger=Word.ADD, role=Word.CLERK, **values) == "note-1"
        case.amend(Word.NOTE_1, by=CLERK, basis=BASIS, reason="r", **{Word.WORDS: "v"})
        case.fire(Word.DO, item=Word.NOTE_1, by=CLERK, basis=BASIS)
        with case.acting(CLERK, basis=BASIS, role=Word.CLERK) as act:
            assert act.add(Word.NOTE, **NOTE) == "note-2"
        case.fire(Word.SUBMIT, by=CLERK, basis=BASIS, **{Word.URGENT: True})
        case.relieve(Word.CLERK, CLERK, by=CHAIR, basis=BASIS)
        engine.withdraw("small", Word.CHAIR, CHAIR, basis=BASIS)
        assert [*case.value.items][:2] == ["note-1", "note-2"]
        assert engine.verify().cases == 1


def test_a_procedure_written_with_the_members_of_an_enum_is_refused_where_they_stand() -> None:
    """They would be formatted as something else wherever a name is written down."""
    read = loads(SMALL)
    parts = {field.name: getattr(read, field.name) for field in attrs.fields(Procedure) if field.init}
    note = read.items["note"]
    row = attrs.evolve(note.transitions[0], by=(Word.CLERK,))
    rows = (row, *note.transitions[1:])
    for changes, where in (
        ({"items": {Word.NOTE: note, "check": read.items["check"]}}, "items.note"),
        ({"items": {**read.items, "note": attrs.evolve(note, transitions=rows)}}, "items.note.transitions[0].by"),
    ):
        with pytest.raises(ProcedureError) as caught:
            Procedure(**parts | changes)
        assert any(fault.path.startswith(where) and "plain text" in fault.problem for fault in caught.value.faults)
