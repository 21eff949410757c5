"""From a config of the ``transitions`` library to the skeleton of a procedure: what the config says, and no more than it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from ..errors import Fault, ProcedureError
from ..text import Text
from .config_answers import answers
from .config_parts import ForeignRow, MachineConfig, Note
from .config_rows import ANY
from .gaps import GAP
from .loader import loads
from .machine_config import read_config
from .naming import Names, id_in_form, state_in_form, title_of, trigger_in_form
from .skeleton_text import OPEN, Outline, OutlineRow, OutlineState, toml_of

_PERHAPS_FINAL = (
    "no row of its own leads on from it; if a case ends there, write final = true in place of accountable and within"
)


@attrs.frozen(kw_only=True)
class Skeleton:
    """What `from_transitions` made of a config.

    ``toml`` is the text of a procedure to be completed: what the config does not say stands there as ``"TODO"``, and what was
    noted as a comment. ``notes`` has a sentence for everything in the config that was dropped, renamed or read in a certain way,
    beginning with its place there. ``lacks`` is what the loader still refuses, each place with its cure: gaps, and whatever else
    keeps the rows from being a procedure.
    """

    toml: str = attrs.field(repr=False)
    notes: tuple[str, ...]
    lacks: tuple[Fault, ...]


def from_transitions(config: dict[str, Any]) -> Skeleton:
    """The skeleton of a procedure with the states and rows of ``config``, the arguments of a ``transitions.Machine`` as a dict.

    The rows mean what they mean there. Callbacks and conditions are carried by name only: nothing is looked up, imported or
    called. Raises `ProcedureError` with every fault of the config: unknown states and keys, states within states, rows of which
    one silently wins over the other, names that become the same name.
    """
    machine = read_config(config)
    rows, faults = answers(machine)
    states, triggers = _names(machine)
    faults += [*states.faults, *triggers.faults]
    if faults:
        raise ProcedureError(faults, what="the config")
    outline = _outline(machine, rows, states, triggers)
    text = toml_of(outline)
    notes = dict.fromkeys(str(note) for note in outline.every_note())
    return Skeleton(toml=text, notes=tuple(notes), lacks=_lacks(text))


def _lacks(text: str) -> tuple[Fault, ...]:
    try:
        loads(text, what="the skeleton")
    except ProcedureError as error:
        return error.faults
    raise AssertionError("a skeleton has gaps, and the loader refuses every gap")


def _names(machine: MachineConfig) -> tuple[Names, Names]:
    states, triggers = Names("state"), Names("trigger")
    for state in machine.states.values():
        states.take(state.place, state.name, state_in_form(state.name))
    for row in machine.rows:
        triggers.take(row.place, row.trigger, trigger_in_form(row.trigger))
    return states, triggers


def _outline(machine: MachineConfig, rows: list[ForeignRow], states: Names, triggers: Names) -> Outline:
    starting = {source for row in rows for source in row.moves}
    final = {name for name, state in machine.states.items() if state.final or name not in starting}
    leading_on = {
        source for row in rows if not row.from_any for source, dest in row.moves.items() if dest not in (None, source)
    }
    outlined = []
    for name, state in machine.states.items():
        notes = [*state.notes, *_renaming(states, name)]
        if name in final and not state.final:
            notes.append(Note(state.place, "is final, for no row leads from it"))
        elif name not in final and name not in leading_on:
            notes.append(Note(state.place, _PERHAPS_FINAL))
        outlined.append(
            OutlineState(name=states.names[name], title=_title(name), final=name in final, notes=tuple(notes))
        )
    leaving = {name for name in machine.states if name not in final}
    titled: set[str] = set()
    listed: list[OutlineRow] = []
    for row in rows:
        first = row.trigger not in titled
        titled.add(row.trigger)
        listed += _rows(machine, row, leaving, states, triggers, first=first)
    return Outline(
        id=GAP if machine.name is None else id_in_form(machine.name),
        title=Text(GAP, GAP) if machine.name is None else title_of(machine.name),
        initial=states.names[machine.initial],
        states=tuple(outlined),
        rows=tuple(listed),
        notes=tuple(_notes(machine)),
    )


def _notes(machine: MachineConfig) -> Iterator[Note]:
    """The notes on the machine as a whole."""
    if machine.name is not None:
        id_ = id_in_form(machine.name)
        yield Note(
            "name", f"is carried as the title, and the id {'is a gap' if id_ == GAP else f'{id_!r} is made of it'}"
        )
    yield from machine.notes
    yield Note("initial", f"a case begins in {machine.initial!r:.60} by the row {OPEN!r}")


def _rows(
    machine: MachineConfig, row: ForeignRow, leaving: set[str], states: Names, triggers: Names, *, first: bool
) -> Iterator[OutlineRow]:
    """The rows that ``row`` becomes, one for each state it leads to; ``first``: none before it has its trigger."""
    notes = [*row.notes, *(_renaming(triggers, row.trigger) if first else ())]
    moves = row.moves
    if row.from_any:
        ended = [source for source in moves if source not in leaving]
        if ended:
            listed = ", ".join(f"{name!r:.60}" for name in ended[:3]) + (", …" if len(ended) > 3 else "")
            notes.append(Note(row.place, f"leads from {listed} as well, and here no row leaves a final state"))
        moves = {source: dest for source, dest in moves.items() if source in leaving}
    whole = row.from_any and set(moves) == leaving
    by_dest: dict[str | None, list[str]] = {}
    for source, dest in moves.items():
        by_dest.setdefault(dest, []).append(source)
    if not by_dest:
        yield OutlineRow(notes=tuple(notes))
    for dest, sources in by_dest.items():
        yield OutlineRow(
            trigger=triggers.names[row.trigger],
            title=_title(row.trigger) if first else None,
            source=(ANY,) if whole and len(by_dest) == 1 else tuple(states.names[source] for source in sources),
            dest=None if dest is None else states.names[dest],
            conditions=tuple(guard.name for guard in row.conditions),
            unless=tuple(guard.name for guard in row.unless),
            notes=tuple(notes),
        )
        notes, first = [], False


def _renaming(names: Names, text: str) -> Iterator[Note]:
    place, name = names.places[text], names.names[text]
    if name != text:
        yield Note(place, f"{text!r} is named {name!r} here")


def _title(text: str) -> Text | None:
    """The words that a name in form would lose."""
    return None if text.isascii() else title_of(text)
