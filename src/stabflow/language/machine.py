"""The wall around ``transitions``: a lifecycle is compiled once, asked everything once, and its answers kept as a table.

No auto transitions, no model, no callbacks, no conditions: the machine answers one question, "where does this trigger lead
from here?". Guards are ours, and `decide` evaluates all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs
from transitions import Machine, MachineError

__all__ = ["NEW", "Machine", "Move", "Table", "build", "compile_table"]

from .lifecycle import FieldType, Lifecycle, State, Transition

NEW = "(new)"
"""Where a case or an item stands before it is created; no state of a procedure can bear this name."""

_PLACE = "_place"
"""The attribute of the cursor: no trigger can bear this name, and the machine refuses one that does."""


@attrs.define
class _Cursor:
    """One slot for the machine to move."""

    _place: str = NEW


@attrs.frozen
class Move:
    """What a trigger does in a state: the row, and where it leads (``None``: it stays).

    Of the row, found out once: ``entered`` is the state where one stands afterwards, ``due`` are the values that it must state,
    ``actors`` those by which it names somebody.
    """

    row: Transition
    dest: str | None
    entered: State
    due: tuple[str, ...]
    actors: tuple[str, ...]

    @classmethod
    def of(cls, lifecycle: Lifecycle, row: Transition, state: str) -> Move:
        """What ``row`` of ``lifecycle`` does in ``state``."""
        fields = [(name, lifecycle.fields[name]) for name in row.set]
        return cls(
            row,
            row.dest,
            lifecycle.states[row.dest or state],
            tuple(name for name, field in fields if not field.optional),
            tuple(name for name, field in fields if field.type is FieldType.ACTOR),
        )


Table = Mapping[str, Mapping[str, Move]]
"""state → trigger → move."""


def build(lifecycle: Lifecycle) -> Machine:
    """A real ``transitions`` machine of the rows, for reading and drawing."""
    machine = Machine(
        model=None,
        model_attribute=_PLACE,
        states=[NEW, *lifecycle.states],
        initial=NEW,
        auto_transitions=False,
        send_event=True,
    )
    for row in lifecycle.transitions:
        for source in (NEW,) if row.creates else lifecycle.sources(row):
            machine.add_transition(row.trigger, source, row.dest)
    return machine


def compile_table(lifecycle: Lifecycle, machine: Machine | None = None) -> Table:
    """The answers of the machine for every state and trigger, each beside the row it came from.

    The machine's real alphabet is asked, not the rows: a trigger that no row explains is an error here, whatever made it, and
    so is a row that the machine does not know.
    """
    machine = build(lifecycle) if machine is None else machine
    rows = {
        (source, row.trigger): row
        for row in lifecycle.transitions
        for source in ((NEW,) if row.creates else lifecycle.sources(row))
    }
    table: dict[str, dict[str, Move]] = {state: {} for state in machine.states}
    for state, moves in table.items():
        for trigger, event in machine.events.items():
            cursor = _Cursor(state)
            try:
                event.trigger(cursor)
            except MachineError:
                continue
            row = rows.pop((state, trigger), None)
            if row is None or cursor._place != (row.dest or state):
                raise AssertionError(
                    f"the machine answers {trigger!r} in {state!r} with {cursor._place!r}, which no row says"
                )
            moves[trigger] = Move.of(lifecycle, row, state)
    if rows:
        raise AssertionError(f"the machine does not answer {sorted(rows)}, which rows say")
    return MappingProxyType({state: MappingProxyType(moves) for state, moves in table.items()})
