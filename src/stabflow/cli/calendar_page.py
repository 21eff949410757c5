"""What became of due times that were counted anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..calendar import DueTime, end_text
from ..engine import Engine
from ..engine.recalendar import Recalendaring
from ..language import Procedure
from ..reports.duty_words import duty_title
from ..text import Text, say
from .page import Cell, Column, Page


def show_recalendaring(
    page: Page, engine: Engine, calendar: str, found: Sequence[Recalendaring], *, dry_run: bool
) -> None:
    """Print how many due times were counted anew, then each with what it was and is, and what was kept and why."""
    page.title(say("by the calendar {id}", "按工作日历{id}", id=calendar))
    count = sum(len(one.recounted) for one in found)
    if not found:
        text = Text("nothing to count anew: all was counted by it", "无需重新计算：均已按该工作日历计算")
        page.paragraph(text, style="dim")
        return
    text = Text("due times counted anew: {n}, in so many cases: {cases}", "{cases}项案件中{n}个期限已重新计算")
    if dry_run:
        text = Text("due times that would be counted anew: {n}; nothing was done", "将重新计算{n}个期限；未作任何改动")
    page.paragraph(say(text.en, text.zh, n=count, cases=sum(bool(one.recounted) for one in found)))
    page.gap()
    columns = [
        Column(Text("case", "案件编号"), firm=True),
        Column(Text("what", "职责")),
        Column(Text("was due", "原期限")),
        Column(Text("is due", "现期限")),
    ]
    rows: list[tuple[str | Cell, ...]] = []
    for one in found:
        rows += _rows(page, engine.case(one.case_id).procedure, one)
    page.table(columns, rows)


def _rows(page: Page, procedure: Procedure, done: Recalendaring) -> Iterator[tuple[str | Cell, ...]]:
    for one in done.recounted:
        was, now = _due(procedure, one.old), _due(procedure, one.new)
        yield done.case_id, page.said(_what(procedure, one.duty, one.level)), page.said(was), page.said(now)
    for kept in done.kept:
        cell = Cell(page.said(kept.reason), "yellow")
        yield (
            done.case_id,
            page.said(_what(procedure, kept.duty, kept.level)),
            page.said(_due(procedure, kept.due)),
            cell,
        )


def _what(procedure: Procedure, duty: str, level: int) -> Text:
    title = duty_title(procedure, duty)
    return say("answer for {what}", "{what}的督办答复", what=title) if level else title


def _due(procedure: Procedure, due: DueTime) -> Text:
    text = end_text(due.at, procedure.zone)
    return say("{due} (estimated)", "{due}（暂估）", due=text) if due.estimated else text
