"""What an act must make of its case, and where it may not be done at all: judged from the procedure and the two values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ...case import Act, Appointment, Case, Statement
from ...decision.events import Added, Amended, Appointed, ItemMoved, Moved, Opened, Recused, Relieved
from ...decision.permission import TICK
from ...history.record import Record
from ...language import Procedure
from ...text import Text, say
from .standing import Broken, Standing


def effects(record: Record, standing: Standing, after: Case) -> Iterator[Broken]:
    """Everything that does not hold of a case after a record, or of where it was done."""
    event = record.event
    if record.actor != TICK:
        yield from _closed(record, standing)
    if isinstance(event, Opened | Moved):
        yield from _entered(record, event, standing, after)
    if isinstance(event, Added | ItemMoved):
        yield from _item_entered(record, event, standing, after)
    if isinstance(event, Amended):
        yield from _amended(record, event, standing)
    held = {(one.role, one.actor) for one in after.appointments}
    if isinstance(event, Appointed) and (event.office, event.appointee.id) not in held:
        yield Broken("appointed", Text("who was appointed does not hold the role", "被任命者未任该职"))
    if isinstance(event, Relieved) and (event.office, event.appointee.id) in held:
        yield Broken("relieved", Text("who was relieved still holds the role", "被免职者仍任该职"))
    if isinstance(event, Recused) and event.who.id not in after.recused:
        yield Broken("recused", Text("who was recused still takes part", "已回避者仍参与办理"))


def _closed(record: Record, standing: Standing) -> Iterator[Broken]:
    """Where a case is over, rows of items go on only if they name its state; superseded items do not go on at all."""
    before, event = standing.before, record.event
    if before is None or not isinstance(event, Added | ItemMoved):
        return
    row = standing.row_of(event)
    if row is not None and not standing.procedure.goes_on_in(row, before.state):
        yield Broken("closed", Text("the case was over", "案件已终结"), refusable=True)
    item = standing.item_of(event)
    if item is not None and item.superseded:
        yield Broken("superseded", say("{item} was superseded", "{item}已被替代", item=item.id), refusable=True)


def _entered(record: Record, event: Opened | Moved, standing: Standing, after: Case) -> Iterator[Broken]:
    """The case stands where the act leads, since then; what the state lays out lies there."""
    procedure, dest = standing.procedure, event.dest if isinstance(event, Moved) else event.state
    stands = dest if dest is not None else "" if standing.before is None else standing.before.state
    if after.state != stands:
        yield Broken("dest", say("the case stands in {here}", "案件处于{here}", here=after.state))
    if dest is None:
        return
    if after.entered[dest].version != record.version:
        text = say("it is not on record that {state} was entered anew", "再次进入{state}未予记录", state=dest)
        yield Broken("round", text)
    for kind, defined in procedure.items.items():
        preset = defined.preset
        if preset is None or dest not in preset.at:
            continue
        laid = sorted(str(one.values[preset.field]) for one in event.laid_out if one.kind == kind)
        if laid != sorted(procedure.lists[preset.from_]):
            text = say("of {kind} not everything was laid out", "{kind}未全部列出", kind=procedure.kind_title(kind))
            yield Broken("laid_out", text)


def _item_entered(record: Record, event: Added | ItemMoved, standing: Standing, after: Case) -> Iterator[Broken]:
    item = after.items.get(event.item)
    dest = event.state if isinstance(event, Added) else event.dest
    before = standing.item_of(event)
    stands = dest if dest is not None else "" if before is None else before.state
    if item is None or item.state != stands:
        yield Broken(
            "dest", say("{item} does not stand in {state}", "{item}未处于{state}", item=event.item, state=stands)
        )
    elif dest is not None and item.entered[dest].version != record.version:
        text = say("it is not on record that {state} was entered anew", "再次进入{state}未予记录", state=dest)
        yield Broken("round", text)


def _amended(record: Record, event: Amended, standing: Standing) -> Iterator[Broken]:
    """What was stated is corrected in the role in which it was stated."""
    before, item = standing.before, standing.item_of(event)
    if before is None:
        return
    stated = before.stated if item is None else item.stated
    acts: tuple[Act, ...] = before.acts if item is None else item.acts
    for name in event.values:
        statement: Statement | None = stated.get(name)
        version = None if statement is None else statement.version
        if not any(act.version == version and act.role == record.role for act in acts):
            text = say("{name} was stated in another role", "{name}系以其他职务填报", name=name)
            yield Broken("amended", text, refusable=True)


def crowded(procedure: Procedure, offices: Sequence[Appointment]) -> Iterator[Broken]:
    """Standing offices with more holders than seats, and people in two that are apart."""
    for name, role in procedure.roles.items():
        holders = [one.actor for one in offices if one.role == name]
        if len(set(holders)) < len(holders) or (role.holders is not None and len(holders) > role.holders):
            yield Broken("seats", say("{office} has no seat left", "{office}已无空缺", office=role.title))
    for separation in procedure.separations:
        held = Counter(one.actor for one in offices if one.role in separation.roles)
        for who, times in held.items():
            if times > 1:
                text = say("{who} holds two offices that are apart", "{who}兼任应分离的职务", who=who)
                yield Broken("separation", text)
