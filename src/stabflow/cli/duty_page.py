"""Who owes what, for people: one line for each act that is owed, the first due first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from ..calendar import end_text
from ..case import CASE, kind_of, office_of
from ..engine import Engine
from ..errors import ProcedureError
from ..history.codec import moment_from
from ..language import Procedure
from ..ports.store import DutyRow
from ..text import Text, listing, same, say
from .page import Cell, Column, Page
from .words import owed_title

_NOTHING = Text("nothing is owed", "无待履行职责")
_VACANT = Text("vacant", "空缺")


def show_duties(page: Page, engine: Engine, rows: Sequence[DutyRow]) -> None:
    """Print the duties; titles are those of the procedure as it is known by name."""
    if not rows:
        page.paragraph(_NOTHING, style="dim")
        return
    columns = [
        Column(Text("due", "期限"), firm=True),
        Column(Text("owed by", "责任人")),
        Column(Text("what", "职责")),
        Column(Text("case", "评估案件"), style="dim"),
    ]
    named: dict[str, Procedure | None] = {}
    shown = []
    for (case, _, role, _), group in groupby(rows, key=lambda row: (row.case_id, row.duty, row.role, row.level)):
        several = list(group)
        first = several[0]
        if first.procedure not in named:
            named[first.procedure] = _procedure(engine, first.procedure)
        procedure = named[first.procedure]
        holders = listing(
            [same(f"{row.actor} ({row.body})" if row.body else row.actor) for row in several if row.actor], none=_VACANT
        )
        who = say("{role}: {who}", "{role}：{who}", role=_role(procedure, first, role), who=holders)
        shown.append((_due(page, procedure, first), page.said(who), page.said(_what(procedure, first)), case))
    page.table(columns, shown)


def _holder(row: DutyRow) -> Text:
    return same(f"{row.actor} ({row.body})" if row.body else row.actor)


def _procedure(engine: Engine, id_: str) -> Procedure | None:
    try:
        return engine.procedure(id_)
    except ProcedureError:  # cases run under it, and nobody has given it a name here
        return None


def _due(page: Page, procedure: Procedure | None, row: DutyRow) -> Cell:
    if not row.due_at:
        return Cell(page.said(Text("open-ended", "不设期限")))
    moment = moment_from(row.due_at)
    text = end_text(moment, UTC if procedure is None else procedure.zone)
    if row.estimated:
        text = say("{due} (estimated)", "{due}（暂估）", due=text)
    if row.breached:
        return Cell(page.said(say("{due} breached", "{due} 已逾期（已记录）", due=text)), "red")
    if moment < datetime.now(UTC):
        return Cell(page.said(say("{due} overdue", "{due} 已逾期", due=text)), "yellow")
    return Cell(page.said(text))


def _role(procedure: Procedure | None, row: DutyRow, role: str) -> Text:
    kind = None if row.duty == CASE or office_of(row.duty) is not None else kind_of(row.duty)
    if procedure is None:
        return same(role)
    if role in procedure.roles:
        return procedure.role_title(role)
    return procedure.field_title(role, kind) if kind is None or kind in procedure.items else same(role)


def _what(procedure: Procedure | None, row: DutyRow) -> Text:
    if procedure is not None:
        return owed_title(procedure, row.duty, row.state, row.level)
    return (
        same(row.state)
        if row.duty == CASE
        else say("{item}: {state}", "{item}：{state}", item=row.duty, state=row.state)
    )
