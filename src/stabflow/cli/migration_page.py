"""What became of cases that were to go on under another version of their procedure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..engine.migration import Migration
from ..language import Procedure
from ..text import Text, listing, same, say
from .page import Page

MOST_NAMED = 20
"""So many cases of which the same is told are named; the JSON names all."""


def show_migrations(page: Page, to: Procedure, found: Sequence[Migration], cases: int, *, dry_run: bool) -> None:
    """Print how many could move, then what stands against others and what changes in those that could, like cases together.
    ``cases``: how many the store has of that procedure."""
    able = [one for one in found if one.possible]
    page.title(say("to {to}", "改为{to}", to=to))
    if not found and not cases:
        page.paragraph(say("there is no case of {id} in this store", "该存储中没有{id}的案件", id=same(to.id)))
        return
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
        _show_groups(page, stuck, lambda one: [blocker.sentence() for blocker in one.blockers])
    if able:
        page.heading(Text("What would change", "将有的变化") if dry_run else Text("What changed", "变化"))
        _show_groups(page, able, lambda one: one.changes)


def _show_groups(page: Page, found: Sequence[Migration], told: Callable[[Migration], Sequence[Text]]) -> None:
    """The cases of which the same is told, and what that is."""
    groups: dict[tuple[str, tuple[Text, ...]], list[str]] = {}
    for one in found:
        groups.setdefault((one.before, tuple(told(one))), []).append(one.case_id)
    for (before, sentences), names in groups.items():
        page.paragraph(say("{cases} ({before})", "{cases}（{before}）", cases=_cases(names), before=before), indent=2)
        for sentence in sentences:
            page.paragraph(sentence, indent=4, mark="-  ", style="dim")


def _cases(names: Sequence[str]) -> Text:
    shown = listing([same(name) for name in names[:MOST_NAMED]], last=None)
    if len(names) <= MOST_NAMED:
        return shown
    return say("{shown} and {n} more", "{shown}等{all}项", shown=shown, n=len(names) - MOST_NAMED, all=len(names))
