"""A duty in words: by which role it is owed, and what is owed."""

from __future__ import annotations

import attrs

from ..case import CASE, kind_of, kind_of_duty, office_of
from ..engine import Engine
from ..errors import ProcedureError
from ..language import Procedure
from ..ports.store import DutyRow
from ..text import Text, same, say

STANDS = Text("the clock stands", "计时已中止")
"""Stands for the due time of a duty of which nothing is due for that."""


@attrs.frozen
class DutyWords:
    """The words of the procedures of ``engine``, as they are known by name or as the store has them."""

    engine: Engine
    _named: dict[str, Procedure] = attrs.field(factory=dict, init=False)

    def procedure(self, row: DutyRow) -> Procedure:
        """The procedure of the row's case, in its newest version that is known by name, or as the case runs under it."""
        if row.procedure not in self._named:
            try:
                self._named[row.procedure] = self.engine.procedure(row.procedure)
            except ProcedureError:  # nobody has given it a name here: the store has the text that its cases run under
                self._named[row.procedure] = self.engine.case(row.case_id).procedure
        return self._named[row.procedure]

    def stands(self, row: DutyRow) -> bool:
        """Whether the clock stands: nothing is due of what has a limit."""
        if row.due_at or row.level:
            return False
        procedure = self.procedure(row)
        kind = kind_of_duty(row.duty)
        states = procedure.lifecycle(kind).states if kind is None or kind in procedure.items else {}
        return row.state in states and not states[row.state].open_ended

    def role(self, row: DutyRow) -> Text:
        """Who owes it: the role, or the field that names the office-holder."""
        procedure, role = self.procedure(row), row.role
        kind = kind_of_duty(row.duty)
        if role in procedure.roles:
            return procedure.role_title(role)
        return procedure.field_title(role, kind) if kind is None or kind in procedure.items else same(role)

    def what(self, row: DutyRow) -> Text:
        """What is owed: the state to be led on, an office to be filled, an answer to what others did not do."""
        return owed_title(self.procedure(row), row.duty, row.state, row.level)


def holder(row: DutyRow) -> Text:
    """Who owes it, by id, and the body acted for where one is known."""
    return holder_text(row.actor, row.body) if row.body else same(row.actor)


def holder_text(actor: str, body: str) -> Text:
    """An office-holder by id, and the body acted for."""
    return say("{actor} ({body})", "{actor}（{body}）", actor=actor, body=body)


def duty_title(procedure: Procedure, duty: str) -> Text:
    """What a duty is about: the case, an item, or an office to be filled."""
    office = office_of(duty)
    if duty == CASE:
        return Text("the case", "案件")
    if office is not None:
        known = office in procedure.roles
        return say("office of {role}", "{role}职位", role=procedure.role_title(office) if known else same(office))
    return procedure.item_title(duty) if kind_of(duty) in procedure.items else same(duty)


def owed_title(procedure: Procedure, duty: str, state: str, level: int = 0) -> Text:
    """What is owed: the state that somebody is to lead on, an office to be filled, or an answer to what others did not do."""
    kind = kind_of_duty(duty)
    if office_of(duty) is not None:
        title = say("{what}: to be filled", "{what}：待任命", what=duty_title(procedure, duty))
    else:
        known = kind is None or kind in procedure.items
        states = procedure.lifecycle(kind).states if known else {}
        title = procedure.state_title(state, kind) if state in states else same(state)
        if kind is not None:
            title = say("{item}: {state}", "{item}：{state}", item=duty_title(procedure, duty), state=title)
    if not level:
        return title
    return say("answer for: {what} (escalation {n})", "督办：{what}（第{n}级上报）", what=title, n=level)
