"""What is known of a matter, for people: its cases, who screened it out and why, who went ahead with it, and what stands out."""

from __future__ import annotations

from ..engine.matters import Attempt, CaseOnMatter, MatterOverview, OnRecord
from ..history.record import Record
from ..language.lifecycle import OUTCOME_TITLES, STEP_TITLES
from ..reports.duty_words import holder_text
from ..text import Text, joined, listing, same, say
from .page import Page
from .words import minute, value_text

_NOTHING = Text("nothing is known of it", "无任何记录")
_BESIDE = Text(" · ", " · ")
_GATE_OPEN = Text("its gate is open, asked of it alone", "仅就本案而言实施关口已开放")
_GATE_SHUT = Text("its gate is shut", "实施关口未开放")


def show_matter(page: Page, found: MatterOverview, near: str | None = None) -> None:
    """Print the overview; ``near`` is a key that may have been meant where nothing is known of this one."""
    page.title(found.key)
    if not found.known:
        page.paragraph(_NOTHING, style="yellow")
        if near is not None:
            page.paragraph(say("did you mean {near!r}?", "是否指{near!r}？", near=near), style="dim")
        return
    for name in dict.fromkeys(one.title for one in reversed(found.cases)):
        page.paragraph(name)
    if found.observations:
        page.heading(Text("What stands out", "值得注意的情况"))
        for one in found.observations:
            page.paragraph(one.text, indent=2, mark="!  ", mark_style="yellow")
            page.paragraph(listing([_place(record) for record in one.records]), indent=5, style="dim")
    for case in found.cases:
        _show_case(page, case)
    if found.attempts:
        page.heading(Text("Attempts on record to go ahead without clearance", "未经放行即行实施的记录"))
        for attempt in found.attempts:
            _show_attempt(page, attempt, found)


def _place(record: Record) -> Text:
    return same(f"{record.stream} {record.version}")


def _show_case(page: Page, case: CaseOnMatter) -> None:
    page.heading(case.case_id, str(case.procedure))
    said = [case.procedure.state_title(case.state)]
    if case.step is not None:
        said.append(STEP_TITLES[case.step])
    if case.outcome is not None:
        said.append(say("outcome: {outcome}", "决定结果：{outcome}", outcome=OUTCOME_TITLES[case.outcome]))
    if case.over:
        said.append(Text("over", "已终结"))
    if case.procedure.gate is not None:
        said.append(_GATE_OPEN if case.gate_open else _GATE_SHUT)
    page.paragraph(joined(list(dict.fromkeys(said)), _BESIDE), indent=2)
    _show_act(page, case, case.opened)
    if case.moved.record != case.opened.record:
        _show_act(page, case, case.moved)


def _show_act(page: Page, case: CaseOnMatter, act: OnRecord) -> None:
    page.paragraph(_act(case, act), indent=2, mark="·  ")
    for name, value in act.stated.items():
        text = value_text(case.procedure, None, name, value)
        page.paragraph(
            say("{title}: {text}", "{title}：{text}", title=act.titles[name], text=text), indent=5, style="dim"
        )


def _act(case: CaseOnMatter, act: OnRecord) -> Text:
    return say(
        "{at} {act}: {role}, {actor}; {basis}",
        "{at} {act}：{role}，{actor}；{basis}",
        at=minute(act.record.occurred_at, case.procedure.zone),
        act=act.act,
        role=act.role,
        actor=holder_text(act.record.actor.id, act.record.actor.body),
        basis=act.record.basis.text,
    )


def _show_attempt(page: Page, attempt: Attempt, found: MatterOverview) -> None:
    record = attempt.record
    page.paragraph(
        say(
            "{at} {actor}; {basis}",
            "{at} {actor}；{basis}",
            at=minute(record.occurred_at, found.zone) + ("" if found.cases else " UTC"),
            actor=holder_text(record.actor.id, record.actor.body),
            basis=record.basis.text,
        ),
        indent=2,
        mark="·  ",
    )
    why = listing([_REASONS.get(reason) or _asked(reason) for reason in attempt.reasons])
    page.paragraph(say("against it then: {why}", "当时不予放行的理由：{why}", why=why), indent=5, style="dim")
    for case in found.cases:
        if case.case_id in attempt.opened_since:
            opened = say(
                "opened since: {case} ({act}, {role})",
                "此后启动：{case}（{act}，{role}）",
                case=case.case_id,
                act=case.opened.act,
                role=case.opened.role,
            )
            page.paragraph(opened, indent=5, style="dim")


def _asked(reason: str) -> Text:
    return say("what the gate asks for ({kind})", "实施关口的前置要求（{kind}）", kind=reason)


_REASONS = {
    "never_assessed": Text("never assessed", "从未评估"),
    "not_accepted": Text("not assessed under an accepted procedure", "未依所认可的程序评估"),
    "unproved": Text("under a procedure that was not proved", "所依程序未经证明"),
    "no_gate": Text("under a procedure without a gate", "所依程序未设实施关口"),
    "unfinished": Text("the assessment was not finished", "评估尚未完成"),
    "stale": Text("it was being assessed anew", "正在重新评估"),
    "deferred": Text("deferred", "决定暂缓实施"),
    "prohibited": Text("not to be implemented", "决定不得实施"),
    "screened_out": Text("screened out", "认定不属评估范围"),
    "over": Text("the case was over", "评估案件已终结"),
    "withheld": Text("what is not told", "不予说明的理由"),
}
"""What stood against going ahead, by its kind."""
