"""A plan, for people: its acts by the day on which they can be done, acts that are alike together; or what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ..language import Procedure
from ..reasoning.planned import Plan, PlannedAct, Prospect
from ..reports.procedure_words import cited
from ..text import Text, either, joined, listing, same, say
from .page import Page

_OPEN = Text("not decided", "未能判定")


def show_plan(page: Page, procedure: Procedure, state: str, plan: Plan) -> None:
    """Print the plan of a case that stands in ``state``."""
    where = procedure.state_title(state)
    page.title(
        say(
            "{case}: from “{where}” to {goal}",
            "{case}：自“{where}”至{goal}",
            case=plan.case_id,
            where=where,
            goal=plan.title,
        )
    )
    if plan.prospect is Prospect.OPEN:
        page.paragraph(say("{open}: {why}", "{open}：{why}", open=_OPEN, why=plan.reason), style="yellow")
        _show_blockers(page, plan)
        return
    if not plan.acts:
        page.paragraph(plan.reason, style="yellow" if plan.prospect is Prospect.NONE else "green")
        _show_blockers(page, plan)
        return
    last = plan.acts[-1].earliest.astimezone(procedure.zone).date()
    summary = say(
        "{n} act{s}, the last on {day} at the earliest. What is found on the way decides: where it is otherwise than said here, "
        "plan anew.",
        "共{n}项办理，最早可于{day}完成。以实际认定为准：与此处所列不同的，应重新规划。",
        n=len(plan.acts),
        s="" if len(plan.acts) == 1 else "s",
        day=last.isoformat(),
    )
    page.paragraph(summary)
    numbered = enumerate(plan.acts, start=1)
    for day, acts in groupby(numbered, key=lambda one: one[1].earliest.astimezone(procedure.zone).date()):
        page.heading(day.isoformat())
        _show_day(page, procedure, acts)


def _show_blockers(page: Page, plan: Plan) -> None:
    for blocker in plan.blockers:
        page.paragraph(blocker.sentence(), indent=2, mark="-  ")


def _show_day(page: Page, procedure: Procedure, acts: Iterable[tuple[int, PlannedAct]]) -> None:
    for _, alike in groupby(acts, key=lambda one: _but_for_its_item(one[1])):
        many = list(alike)
        (first, act), (last, _) = many[0], many[-1]
        mark = f"{first:>3}  " if first == last else f"{first:>3}–{last}  "
        page.paragraph(_act(procedure, act, [one.item or "" for _, one in many]), indent=2, mark=mark, mark_style="dim")
        for text in _remarks(act):
            page.paragraph(text, indent=9, style="dim")


def _but_for_its_item(act: PlannedAct) -> tuple[object, ...]:
    return (
        act.trigger,
        act.kind,
        act.amends,
        act.who,
        act.conditions,
        act.asks,
        act.waits,
        act.vacant,
        act.item is None,
    )


def _act(procedure: Procedure, act: PlannedAct, items: list[str]) -> Text:
    text = act.title
    if act.kind is not None and any(items):
        kind, ids = procedure.kind_title(act.kind), listing([same(item) for item in items])
        text = say("{act} ({ids})", "{act}（{kind}{ids}）", act=text, kind=kind, ids=ids)
    text = say("{act} — {who}", "{act}——{who}", act=text, who=act.who)
    if act.clause:
        text = say("{text} [{clause}]", "{text}〔{clause}〕", text=text, clause=cited(act.clause))
    return text


def _remarks(act: PlannedAct) -> Iterator[Text]:
    if act.waits is not None:
        yield say("waits: {why}", "须等待：{why}", why=act.waits)
    if act.conditions:
        yield say("if {what}", "前提：{what}", what=joined(act.conditions, Text("; ", "；")))
    for asked in act.asks:
        yield say("asks: {what}", "另须：{what}", what=asked)
    if act.amends:
        yield Text("only if it was stated wrongly", "仅限原填报有误时")
    if act.vacant and act.appointed_by:
        who = either([cure.title for cure in act.appointed_by])
        yield say("vacant: to be appointed by {who} first", "目前无人任职：须先由{who}任命", who=who)
    elif act.vacant:
        yield Text(
            "vacant: a standing office, to be filled outside the case first",
            "目前无人任职：属常设职务，须先在案件之外任命",
        )
