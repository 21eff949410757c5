"""Correcting what was stated: the staying twin of the row that stated it, with the same `requires`, and a reason, by somebody
acting in the role in which it was stated.

The earlier record stays. Once the case or the item has moved on from what was stated, or a passed row has read it, it can be
amended only after a return behind that: a decision must not find its evidence changed under it, whether a row reads that
evidence or a person does. What is one person's own, a vote or an opinion, is never amended.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..case import Act, Case, Item, Statement
from ..errors import Blocker, Fault, InvalidInput, near_miss
from ..language import FieldType, Procedure, Step, Transition
from ..language.machine import NEW
from ..requirements import PluginAnswers, Requirement, TimeElapsed
from ..text import Text, either, quoted, say
from ..values import Value, clean_text
from .commands import Amend
from .duties import due_for
from .events import Amended
from .examination import Examination
from .fields import stated
from .permission import permission
from .refusals import case_over, superseded, twin
from .view import CaseView, Context

MAX_REASON = 2_000


def decide_amendment(
    procedure: Procedure, case: Case, item: Item | None, command: Amend, context: Context
) -> Examination:
    """Examine a correction of ``item`` (``None``: of the case's facts)."""
    kind = None if item is None else item.kind
    values, statements = (case.facts, case.stated) if item is None else (item.fields, item.stated)
    row = _stating_row(procedure, kind, statements, command)
    act = functools.partial(_act, procedure, item)
    said = stated(procedure, kind, row.set, command.values, ())
    if said.faults:
        raise InvalidInput(said.faults, what=str(act()))
    changed = {name: value for name, value in said.values.items() if values[name] != value}
    reason = clean_text(command.reason, "reason", max_length=MAX_REASON)
    parties = {name: (values.get(name), statements[name].hash) for name in row.by if name in statements}
    stating = said.values if item is None else {}
    by = _in_the_same_role(row, case.acts if item is None else item.acts, statements, command)
    allowed = permission(procedure, case, by, parties, command, context, stating)
    view = CaseView(
        procedure=procedure,
        case=case,
        kind=kind,
        item=item,
        row=row,
        values=said.values,
        actor=command.actor.id,
        context=context,
        principal=allowed.principal,
    )
    found = Examination(act, by, allowed, lambda: view.actor_roles)
    if not changed:
        found.add(_unchanged(said.values))
    for blocker in _against(procedure, case, item, changed, by):
        found.add(blocker)
    for requirement in row.requires:
        found.add(requirement.blocker(view), row.clause)
    state = procedure.state_of(case.state if item is None else item.state, kind)
    found.event = Amended(
        item=None if item is None else item.id,
        values=changed,
        reason=reason,
        due=due_for(procedure, state, changed, context) if state.until in changed else None,
    )
    return found


def _act(procedure: Procedure, item: Item | None) -> Text:
    what = procedure.item_title(item.id) if item is not None else Text("the case", "案件")
    return say("amending {what}", "更正{what}", what=what)


def _in_the_same_role(
    row: Transition, acts: Sequence[Act], statements: Mapping[str, Statement], command: Amend
) -> tuple[str, ...]:
    """The roles in which the values were stated: nobody rewrites what another office has stated."""
    versions = {statements[name].version for name in command.values}
    return tuple(dict.fromkeys(act.role for act in acts if act.version in versions and act.role in row.by))


def _stating_row(
    procedure: Procedure, kind: str | None, statements: Mapping[str, Statement], command: Amend
) -> Transition:
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
            source = statement.source or NEW
            rows[source, statement.trigger] = procedure.tables[kind][source][statement.trigger].row
    if not command.values:
        faults.append(Fault("values", "nothing is amended", "give the fields with their right values"))
    if len(rows) > 1:
        faults.append(Fault("values", "were stated by different acts", "amend what one act stated at a time"))
    if faults:
        raise InvalidInput(faults, what="the amendment")
    return next(iter(rows.values()))


def _against(
    procedure: Procedure, case: Case, item: Item | None, values: Mapping[str, Value], by: Sequence[str]
) -> Iterator[Blocker | None]:
    """What stands against the correction by one of these roles, besides the row's own requirements."""
    here = procedure.states[case.state]
    if here.final:
        yield case_over(procedure, case)
    if item is None:
        material = [name for name in values if procedure.facts[name].material]
        if material and here.step in (Step.DECIDED, Step.CONTROL):
            yield _material(procedure, material[0])
        yield from _held(procedure, case, values)
    else:
        unique = procedure.items[item.kind].unique
        if item.superseded:
            yield superseded(item)
        if "actor" in unique:
            yield _ones_own(item)
        if not values.keys().isdisjoint(unique):
            yield twin(procedure, case, item.kind, {**item.fields, **values}, item.adders, item)
    yield from _put_off(procedure, case, item, values, by)
    yield from waited_for(procedure, None if item is None else item.kind, values)
    reader = next(_readers(procedure, case, item, values), None)
    if reader is not None:
        yield _has_been_read(procedure, *reader)


def _held(procedure: Procedure, case: Case, names: Mapping[str, Value]) -> Iterator[Blocker]:
    """A fact that tells for which body the holder of a role acts, where somebody holds or has held it here or acted in it: the
    appointment rests on the fact, and so does whatever was done by it, until a row states the fact anew."""
    roles = {held.role for held in case.appointments}.union(*case.former.values(), *case.acted.values())
    for name, role in procedure.roles.items():
        if role.body in names and name in roles:
            rows = [row for row in procedure.case.rows_setting(role.body or "") if row.source]
            yield Blocker(
                kind="held",
                text=say(
                    "{what} tells for which body {role} acts, and somebody has held that office by it: it cannot be amended",
                    "{role}代表的单位由{what}确定，且已有人据此任职：不得更正",
                    what=quoted(procedure.field_title(role.body or "")),
                    role=quoted(role.title),
                ),
                need=either(
                    [procedure.trigger_title(row.trigger) for row in rows], none=Text("a new case", "新的案件")
                ),
                cure=procedure.cures([party for row in rows for party in row.by]),
                facts={"fact": role.body, "role": name},
            )


def _put_off(
    procedure: Procedure, case: Case, item: Item | None, names: Mapping[str, Value], by: Sequence[str]
) -> Iterator[Blocker]:
    """A deadline that now runs, where the procedure has a row to set it anew that is for others, or asks for something: that is
    not walked around by a correction."""
    kind, state = (None, case.state) if item is None else (item.kind, item.state)
    until = procedure.state_of(state, kind).until
    rows = [move.row for move in procedure.tables[kind][state].values() if until in move.row.set]
    theirs = any(not row.requires and {*by} <= {*row.by} for row in rows)
    if until in names and rows and not theirs:
        title = quoted(procedure.trigger_title(rows[0].trigger, kind))
        yield Blocker(
            kind="deadline",
            text=say(
                "{what} is set anew by {act}, not by a correction",
                "{what}须通过{act}调整，不得以更正变更",
                what=quoted(procedure.field_title(until or "", kind)),
                act=title,
            ),
            need=title,
            clause=rows[0].clause,
            cure=procedure.cures([party for row in rows for party in row.by]),
            facts={"field": until, "triggers": [row.trigger for row in rows]},
        )


def waited_for(procedure: Procedure, of: str | None, names: Iterable[str]) -> Iterator[Blocker]:
    """A value ``of`` a kind of item (``None``: of the case) on which a waiting time hangs: what was begun as something that need
    not wait is begun anew as what must."""
    kinds = (None, *procedure.items) if of is None else (of,)
    for kind in kinds:
        own = procedure.lifecycle(kind).fields if kind is not None else ()
        for row in procedure.lifecycle(kind).transitions:
            for requirement in row.requires:
                read = requirement.reads().names
                hit = next((name for name in names if name in read and (of or name not in own)), None)
                if hit is not None and any(isinstance(part, TimeElapsed) for _, part in requirement.walk()):
                    yield Blocker(
                        kind="wait",
                        text=say(
                            "the time to wait before {act} hangs on {what}: begin anew instead of correcting it",
                            "{act}之前的等待期限取决于{what}：应重新开始，不得更正",
                            act=quoted(procedure.trigger_title(row.trigger, kind)),
                            what=quoted(procedure.field_title(hit, of)),
                        ),
                        clause=requirement.clause or row.clause,
                        facts={"field": hit, "trigger": row.trigger},
                    )
                    return


def _readers(
    procedure: Procedure, case: Case, item: Item | None, names: Mapping[str, Value]
) -> Iterator[tuple[str | None, Act]]:
    """The passed rows that still stand and followed the statement of one of ``names``: those that read it, and those by which
    the case, or the item it is of, moved on; each with the kind it is of."""
    statements = case.stated if item is None else item.stated
    others = [(one.kind, one, one.acts) for one in case.items.values() if not one.superseded]
    for kind, one, acts in [(None, None, case.acts), *others]:
        own = one is item
        for act, onward in _standing(procedure, kind, acts):
            requires = procedure.tables[kind][act.source or NEW][act.trigger].row.requires
            reads = [requirement.reads() for requirement in requires]
            read, kinds = {name for one in reads for name in one.names}, {kind for one in reads for kind in one.kinds}
            everything = (own and onward) or _asks_a_plugin(requires) or (item is not None and item.kind in kinds)
            for name in names:
                by_name = everything or (name in read and (own or item is None))
                if by_name and act.version > statements[name].version:
                    yield kind, act


def _standing(procedure: Procedure, kind: str | None, acts: Sequence[Act]) -> Iterator[tuple[Act, bool]]:
    """The acts behind which their lifecycle has not gone back since, to a state on the way to where it was; and whether they led
    it onward. What is passed again after a return stands again."""
    way = [(acts[0].source, 0)] if acts else []
    undone: list[tuple[int, int]] = []
    onward: set[int] = set()
    for act in acts:
        dest = None if act.amends else procedure.tables[kind][act.source or NEW][act.trigger].dest
        if dest is None or dest == act.source:
            continue
        place = next((number for number, (state, _) in enumerate(way) if state == dest), None)
        if place is None:
            way.append((dest, act.version))
            onward.add(act.version)
        else:
            del way[place + 1 :]
            undone.append((way[place][1], act.version))
    for act in acts:
        if not act.amends and not any(first < act.version < back for first, back in undone):
            yield act, act.version in onward


def _asks_a_plugin(requires: Sequence[Requirement]) -> bool:
    """Whether a plugin has a say in ``requires``, which may have read anything."""
    return any(isinstance(part, PluginAnswers) for one in requires for _, part in one.walk())


def _unchanged(values: Mapping[str, Value]) -> Blocker:
    return Blocker(
        kind="unchanged",
        text=Text(
            "this is what is stated already: a correction changes something",
            "与现已填报的内容相同：更正应有所变更",
        ),
        facts={"unchanged": [*values]},
    )


def _has_been_read(procedure: Procedure, kind: str | None, reader: Act) -> Blocker:
    title = quoted(procedure.trigger_title(reader.trigger, kind))
    return Blocker(
        kind="read",
        text=say(
            "{title} has relied on it: it can be amended only after a return",
            "{title}已以此为据：须退回后方可更正",
            title=title,
        ),
        have=title,
        need=Text("a return to an earlier step", "退回先前步骤"),
        facts={"version": reader.version, "trigger": reader.trigger},
    )


def _material(procedure: Procedure, name: str) -> Blocker:
    return Blocker(
        kind="material",
        text=say(
            "{what} is material: after the decision it can change only by a return to one of the five steps",
            "{what}属重大情况：决定作出后，须退回五个步骤之一方可变更",
            what=quoted(procedure.field_title(name)),
        ),
        need=Text("a return to one of the five steps", "退回五个步骤之一"),
        facts={"fact": name},
    )


def _ones_own(item: Item) -> Blocker:
    return Blocker(
        kind="own",
        text=say("{item} is one person's own and is never amended", "{item}系个人意见，不得更正", item=item.id),
        need=Text("a new one in a later round", "在以后的轮次中重新提出"),
        facts={"item": item.id},
    )
