"""Who owes what, for people: one line for each act that is owed, the first due first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from ..calendar import end_text
from ..engine import Engine
from ..history.codec import moment_from
from ..language import Procedure
from ..ports.store import DutyRow
from ..reports.duty_words import STANDS, DutyWords, holder
from ..text import Text, listing, say
from .page import Cell, Column, Page

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
    words, shown = DutyWords(engine), []
    for _, group in groupby(rows, key=lambda row: (row.case_id, row.duty, row.role, row.level)):
        several = list(group)
        first = several[0]
        holders = listing([holder(row) for row in several if row.actor], none=_VACANT)
        who = say("{role}: {who}", "{role}：{who}", role=words.role(first), who=holders)
        stands = Cell(page.said(STANDS), "yellow") if words.stands(first) else None
        due = stands or _due(page, words.procedure(first), first)
        shown.append((due, page.said(who), page.said(words.what(first)), first.case_id))
    page.table(columns, shown)


def _due(page: Page, procedure: Procedure | None, row: DutyRow) -> Cell:
    if not row.due_at:
        return Cell(page.said(Text("open-ended", "不设期限")))
    moment = moment_from(row.due_at)
    text = end_text(moment, UTC if procedure is None else procedure.zone)
    if row.estimated:
        text = say("{due} (estimated)", "{due}（暂估）", due=text)
    if row.breached:
        return Cell(page.said(say("{due} late, on record", "{due} 已逾期（已记录）", due=text)), "red")
    if moment < datetime.now(UTC):
        return Cell(page.said(say("{due} overdue", "{due} 已逾期", due=text)), "yellow")
    return Cell(page.said(text))
