"""Correcting what was stated: the staying twin of the row that stated it, with the same `by` and `requires`, and a reason.

The earlier record stays. What a passed row of the present round has read can be amended only after a return: a decision
must not find its evidence changed under it.
"""

from __future__ import annotations

import attrs

from ..case import Act, Case, Item, Statement
from ..errors import Blocker, Fault, InvalidInput, near_miss
from ..language import FieldType, Procedure, Transition
from ..language.machine import NEW
from ..requirements import Reads
from ..text import Text, listing, same, say
from ..values import clean_text
from .commands import Amend
from .duties import due_for
from .events import Amended
from .examination import Examination
from .fields import stated
from .permission import permission
from .view import CaseView, Context

MAX_REASON = 2_000


def decide_amendment(
    procedure: Procedure, case: Case, item: Item | None, command: Amend, context: Context
) -> Examination:
    """Examine a correction of ``item`` (``None``: of the case's facts)."""
    kind = None if item is None else item.kind
    what = same(item.id) if item is not None else Text("the case", "事项")
    act = say("amending {what}", "更正{what}", what=what)
    row = _stating_row(procedure, case, item, command)
    said = stated(procedure, kind, row.set, command.values, all_due=False)
    if said.faults:
        raise InvalidInput(said.faults, what=str(act))
    reason = clean_text(command.reason, "reason", max_length=MAX_REASON)
    statements = case.stated if item is None else item.stated
    fields = {
        name: ((case.facts if item is None else item.fields).get(name), statement.hash)
        for name, statement in statements.items()
    }
    allowed = permission(procedure, case, row.by, fields, command, context)
    found = [allowed.blocker] if allowed.blocker is not None else []
    if procedure.states[case.state].final:
        have = procedure.state_title(case.state)
        found.append(
            Blocker(kind="state", text=say("the case is over: “{have}”", "事项已终结:“{have}”", have=have), have=have)
        )
    reader = _reader(procedure, case, item, tuple(said.values))
    if reader is not None:
        found.append(_has_been_read(procedure, kind, reader))
    view = CaseView(
        procedure=procedure,
        case=case,
        kind=kind,
        item=item,
        row=row,
        values=said.values,
        actor=command.actor.id,
        context=context,
    )
    for requirement in row.requires:
        blocker = requirement.blocker(view)
        if blocker is not None:
            found.append(attrs.evolve(blocker, clause=blocker.clause or row.clause))
    state = procedure.state_of(case.state if item is None else item.state, kind)
    return Examination(
        act=act,
        role=allowed.role,
        mandate=allowed.mandate,
        blockers=tuple(found),
        roles=row.by if allowed.is_role_missing else None,
        held=tuple(sorted(view.actor_roles)),
        event=Amended(
            item=None if item is None else item.id,
            values=said.values,
            reason=reason,
            due=due_for(procedure, state, said.values, context) if state.until in said.values else None,
        ),
    )


def _stating_row(procedure: Procedure, case: Case, item: Item | None, command: Amend) -> Transition:
    kind = None if item is None else item.kind
    statements = case.stated if item is None else item.stated
    fields = procedure.lifecycle(kind).fields
    faults: list[Fault] = []
    rows: dict[tuple[str, str], Transition] = {}
    for name in command.values:
        if name not in fields:
            faults.append(Fault(name, f"unknown field {name!r}", near_miss(name, fields)))
        elif name not in statements:
            faults.append(
                Fault(name, "has not been stated, so there is nothing to amend", "state it by the row that sets it")
            )
        elif not statements[name].trigger:
            faults.append(Fault(name, "was laid out by the procedure", "it cannot be amended"))
        elif fields[name].type is FieldType.ACTOR:
            faults.append(Fault(name, "names an office-holder", "fire the row that names another one"))
        else:
            statement = statements[name]
            rows[statement.source, statement.trigger] = _row_of(procedure, kind, statement)
    if not command.values:
        faults.append(Fault("values", "nothing is amended", "give the fields with their right values"))
    if len(rows) > 1:
        faults.append(Fault("values", "were stated by different acts", "amend what one act stated at a time"))
    if faults:
        raise InvalidInput(faults, what="the amendment")
    return next(iter(rows.values()))


def _row_of(procedure: Procedure, kind: str | None, statement: Statement) -> Transition:
    return procedure.tables[kind][statement.source or NEW][statement.trigger].row


def _reader(procedure: Procedure, case: Case, item: Item | None, names: tuple[str, ...]) -> Act | None:
    """The passed row of this round that has read one of ``names`` since it was stated."""
    statements = case.stated if item is None else item.stated
    since = min(statements[name].version for name in names)
    for act in case.acts:
        if act.version <= max(since, case.round_began):
            continue
        reads = _reads(procedure, None, act)
        if (item is None and not reads.names.isdisjoint(names)) or (item is not None and item.kind in reads.kinds):
            return act
    for act in item.acts if item is not None else ():
        if act.version > max(since, case.round_began) and not _reads(procedure, item.kind, act).names.isdisjoint(names):  # type: ignore[union-attr]
            return act
    return None


def _reads(procedure: Procedure, kind: str | None, act: Act) -> Reads:
    found = Reads()
    for requirement in procedure.tables[kind][act.source or NEW][act.trigger].row.requires:
        found |= requirement.reads()
    return found


def _has_been_read(procedure: Procedure, kind: str | None, reader: Act) -> Blocker:
    title = procedure.trigger_title(reader.trigger, None)
    if kind is not None and reader.trigger in {row.trigger for row in procedure.items[kind].transitions}:
        title = procedure.trigger_title(reader.trigger, kind)
    return Blocker(
        kind="read",
        text=say(
            "“{title}” of this round has relied on it: it can be amended only after a return",
            "本轮的“{title}”已以此为据:须退回后方可更正",
            title=title,
        ),
        have=title,
        need=listing([Text("a return to an earlier step", "退回先前步骤")]),
        facts={"version": reader.version, "trigger": reader.trigger},
    )
