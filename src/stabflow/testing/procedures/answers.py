"""What must hold of an answer: of the reasons that it gives, of those that were given before, and of the one given before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ...case import Case
from ...decision.fields import stated
from ...decision.view import CaseView, Context
from ...errors import Refused
from ...history.record import Record
from ...language import Procedure, Transition
from ...language.machine import NEW
from ...text import Text, same, say
from .standing import Broken
from .steps import Came, Step, Verb

Row = tuple[str | None, Transition]
"""A row, with the kind of item that it is of."""


def row_asked(procedure: Procedure, step: Step, case: Case) -> Row | None:
    """The row that a step fires, where the case has one."""
    if step.verb is Verb.ADD:
        kind = step.what
        moves = procedure.tables[kind][NEW] if kind in procedure.items else {}
        found = moves.get(step.trigger or "add")
    else:
        item = None if step.item is None else case.items.get(step.item)
        kind, state = (None, case.state) if item is None else (item.kind, item.state)
        found = procedure.tables[kind][state].get(step.what or "")
    return None if found is None else (kind, found.row)


def explained(parties: Collection[str], refusal: Refused) -> Iterator[Broken]:
    """A refusal has reasons, each in both languages, and names as cures only who there is among ``parties``."""
    if not refusal.blockers:
        yield Broken("explained", Text("a refusal gives no reason", "拒绝未说明理由"))
    for blocker in refusal.blockers:
        if not blocker.text.en.strip() or not blocker.text.zh.strip() or not blocker.kind:
            yield Broken("explained", Text("a reason is not told in both languages", "理由未以两种语言说明"))
        for cure in blocker.cure:
            if cure.role not in parties:
                text = say("{who} can cure nothing: there is no such role", "无{who}这一角色", who=same(cure.role))
                yield Broken("explained", text)


def as_announced(step: Step, row: Row | None, beforehand: object) -> Iterator[Broken]:
    """What `blockers` said ``beforehand`` is what came of the step. What was left out it takes as given, and fitting."""
    is_complete = row is None or set(row[1].set) <= step.values.keys()
    if step.came is Came.DONE and beforehand != ():
        text = Text("it was done, and `blockers` said that it could not be", "已办理，而blockers称不可办理")
        yield Broken("blockers", text)
    if step.came is not Came.REFUSED or not is_complete or not isinstance(beforehand, tuple):
        return
    if not beforehand:
        text = Text("it was refused, and `blockers` said that nothing stood against it", "被拒绝，而blockers称无障碍")
        yield Broken("blockers", text)
    elif beforehand != step.blockers:
        text = Text("the refusal tells other reasons than `blockers`", "拒绝的理由与blockers所列不符")
        yield Broken("blockers", text)


def unmet(procedure: Procedure, step: Step, row: Row, case: Case, context: Context) -> list[int]:
    """The requirements of the row, by number, that were not met when the step was refused."""
    kind, asked = row
    view = CaseView(
        procedure=procedure,
        case=case,
        kind=kind,
        item=None if step.item is None else case.items.get(step.item),
        row=asked,
        values=stated(procedure, kind, asked.set, step.values, ()).values,
        actor=step.by.id if step.by is not None else "",
        context=context,
    )
    return [number for number, one in enumerate(asked.requires) if not one.holds(view)]


class Keys:
    """What was answered under each key: an act that is sent again is answered as it was, and does not happen again."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], object] = {}

    def broken(self, step: Step, result: object, news: Sequence[Record]) -> Iterator[Broken]:
        """Everything that does not hold of the answer to a step under a key."""
        if step.key is None:
            return
        asked = step.case, step.key
        answer = result.hash if isinstance(result, Record) else result
        if asked not in self._answers:
            if step.came is Came.DONE:
                self._answers[asked] = answer
            return
        if any(record.actor == step.by for record in news):
            yield Broken("key", Text("an act sent again under its key happened again", "同一幂等键的办理重复发生"))
        if step.came is not Came.DONE or answer != self._answers[asked]:
            text = Text("an act sent again under its key was answered otherwise", "同一幂等键的办理答复不同")
            yield Broken("key", text)
