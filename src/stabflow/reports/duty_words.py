"""A duty in words: by which role it is owed, and what is owed."""

from __future__ import annotations

import attrs

from ..case import CASE, kind_of, office_of
from ..cli.words import owed_title
from ..engine import Engine
from ..errors import ProcedureError
from ..language import Procedure
from ..ports.store import DutyRow
from ..text import Text, same, say

STANDS = Text("the clock stands", "计时已中止")
"""Stands for the due time of a duty of which nothing is due for that."""


@attrs.frozen
class DutyWords:
    """The words of the procedures of ``engine`` as they are known by name; what is stored must do where there is none."""

    engine: Engine
    _named: dict[str, Procedure | None] = attrs.field(factory=dict, init=False)

    def procedure(self, row: DutyRow) -> Procedure | None:
        """The procedure of the row's case, in its newest version that is known by name."""
        if row.procedure not in self._named:
            try:
                self._named[row.procedure] = self.engine.procedure(row.procedure)
            except ProcedureError:  # cases run under it, and nobody has given it a name here
                self._named[row.procedure] = None
        return self._named[row.procedure]

    def stands(self, row: DutyRow) -> bool:
        """Whether the clock stands: nothing is due of what has a limit."""
        if row.due_at or row.level:
            return False
        procedure = self.procedure(row) or self.engine.case(row.case_id).procedure
        kind = None if row.duty == CASE else kind_of(row.duty)
        states = procedure.lifecycle(kind).states if kind is None or kind in procedure.items else {}
        return row.state in states and not states[row.state].open_ended

    def role(self, row: DutyRow) -> Text:
        """Who owes it: the role, or the field that names the office-holder."""
        procedure, role = self.procedure(row), row.role
        kind = None if row.duty == CASE or office_of(row.duty) is not None else kind_of(row.duty)
        if procedure is None:
            return same(role)
        if role in procedure.roles:
            return procedure.role_title(role)
        return procedure.field_title(role, kind) if kind is None or kind in procedure.items else same(role)

    def what(self, row: DutyRow) -> Text:
        """What is owed: the state to be led on, an office to be filled, an answer to what others did not do."""
        procedure = self.procedure(row)
        if procedure is not None:
            return owed_title(procedure, row.duty, row.state, row.level)
        if row.duty == CASE:
            return same(row.state)
        return say("{item}: {state}", "{item}：{state}", item=row.duty, state=row.state)


def holder(row: DutyRow) -> Text:
    """Who owes it, by id, and the body acted for where one is known."""
    return same(f"{row.actor} ({row.body})" if row.body else row.actor)
