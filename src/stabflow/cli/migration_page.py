"""What became of cases that were to go on under another version of their procedure."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.migration import Migration
from ..language import Procedure
from ..text import Text, same, say
from .page import Page


def show_migrations(page: Page, to: Procedure, found: Sequence[Migration], *, dry_run: bool) -> None:
    """Print how many could move, then each that could not with every reason, then what changes in those that could."""
    able = [one for one in found if one.possible]
    page.title(say("to {to}", "改为{to}", to=to))
    if not found:
        page.paragraph(Text("no case to move: all run under it, or are over", "无可迁移案件：均已按该版本办理或已终结"))
        return
    text = Text("{n} of {all} moved", "{all}项中已迁移{n}项")
    if dry_run:
        text = Text("{n} of {all} could move; nothing was done", "{all}项中可迁移{n}项；未作任何改动")
    page.paragraph(
        say(text.en, text.zh, n=len(able), all=len(found)), style="green" if len(able) == len(found) else "yellow"
    )
    stuck = [one for one in found if not one.possible]
    if stuck:
        page.heading(Text("Not possible", "不能迁移"))
        for one in stuck:
            page.paragraph(
                say("{case} ({before})", "{case}（{before}）", case=one.case_id, before=one.before), indent=2
            )
            for blocker in one.blockers:
                page.paragraph(blocker.sentence(), indent=4, mark="-  ", style="dim")
    if able and len(found) == 1:
        page.heading(Text("What changes", "变化"))
        for change in able[0].changes:
            page.paragraph(change, indent=2, mark="-  ")
    if able and len(found) > 1:
        page.heading(Text("Moved", "已迁移") if not dry_run else Text("Possible", "可迁移"))
        for one in able:
            page.paragraph(same(one.case_id), indent=2)
