"""What running a dossier looks like: the steps as they are passed, the refusals, the decision, the history, where it all is."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..case import Case
from ..decision.disclosure import Audience
from ..decision.events import Moved
from ..decision.evolution import evolve
from ..dossier import Dossier, Run, Tried
from ..engine import CaseHandle
from ..engine.shown import ShownCase
from ..history.record import Record
from ..language import Procedure, Step
from ..language.lifecycle import FIVE_STEPS, OUTCOME_TITLES, STEP_TITLES
from ..plugins.discretion import public
from ..reports.procedure_words import cited
from ..text import Language, Text, listing, same, say
from ..values import moment_text
from .case_page import show_history, state_words
from .page import Column, Page, numbered
from .timeline import BACK, DECIDED, PASSED, REFUSED, Happening, Stretch, stretches
from .words import brief, day, in_order, minute, stated_in, value_text

_STYLES = {REFUSED: "yellow", PASSED: "green", DECIDED: "bold green", BACK: "cyan"}


def show_run(
    page: Page, run: Run, handle: CaseHandle, audience: Audience, where: str, url: str, *, every_refusal: bool
) -> None:
    """Print what ``run`` did and what happened in the case, as ``audience`` is shown it."""
    dossier = run.dossier
    history = handle.shown_to(audience).history()
    _show_head(page, dossier)
    _show_outcome(page, run)
    if run.written:
        page.heading(Text("What happened", "办理经过"))
        richest = _richest(run.rehearsal)
        for stretch in stretches(dossier, run.rehearsal, handle.history()):
            _show_stretch(page, dossier, stretch, richest, every_refusal=every_refusal)
        refused = sum(tried.refusal is not None for tried in run.rehearsal)
        if refused > 1 and not every_refusal:
            _show_where_all_reasons_are(page, refused - 1)
    _show_decisions(page, handle.procedure, history)
    page.heading(Text("History", "全部记录"), page.said(say("{n} records", "{n}条", n=len(history))))
    show_history(page, handle.procedures(), history, indent=2)
    page.heading(Text("Where it is", "存放位置"))
    stands = state_words(handle.procedure, handle.value)
    page.paragraph(say("{case}: {stands}", "{case}：{stands}", case=handle.id, stands=stands), indent=2)
    page.line("  ", where)  # not wrapped, so that it can be copied; nor are the commands
    if not url.startswith("memory:"):
        page.gap()
        known = public(url) == url
        for verb in ("show", "history"):
            page.line(f"  {_program()} {verb} {handle.id}" + (f" --store {shlex.quote(url)}" if known else ""))
        if not known:
            page.paragraph(_SAME_STORE, indent=2, style="dim")


_SAME_STORE = Text(
    "with the same --store, or STABFLOW_STORE; it is not repeated here, since there may be a password in it",
    "并加上相同的--store或STABFLOW_STORE；其中可能含有密码，故此处不再显示",
)


def _program() -> str:
    """What one writes to run this program again: its name if that is found, else its path from here."""
    if shutil.which("stabflow") is not None:
        return "stabflow"
    running = Path(sys.argv[0]).absolute()
    if running.stem == "stabflow":
        return shlex.quote(_from_here(running))
    return f"{shlex.quote(_from_here(Path(sys.executable)))} -m stabflow"


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _show_head(page: Page, dossier: Dossier) -> None:
    page.title(say("{title}: {matter}", "{title}：{matter}", title=dossier.title, matter=dossier.matter.title))
    procedure = dossier.procedure
    page.paragraph(
        say("{title} ({name})", "{title}（{name}）", title=procedure.title, name=str(procedure)), style="dim"
    )
    if dossier.illustrative:
        page.gap()
        page.paragraph(Text("Illustrative: not everything here is real.", "示例：部分内容为虚构。"))
        for note in dossier.notes:
            page.paragraph(note, indent=2, style="dim")


def _show_outcome(page: Page, run: Run) -> None:
    page.gap()
    if not run.written:
        page.paragraph(
            say(
                "All is there already: {what}, of which none was written again. Nothing has changed.",
                "全部内容均已存在：{what}，未重复写入，无任何变化。",
                what=_amount(run.present - run.present_offices, run.present_offices),
            ),
            style="bold",
        )
        return
    refused = sum(tried.refusal is not None for tried in run.rehearsal)
    page.paragraph(
        say(
            "Rehearsed in memory: {n} acts came out as the dossier says, {refused} of them refused.",
            "已在内存中预演：{n}项办理均与案卷所载一致，其中{refused}项被拒绝。",
            n=len(run.rehearsal),
            refused=refused,
        )
    )
    offices = len(run.dossier.offices) - run.present_offices
    text = say("Written: {what}.", "已写入：{what}。", what=_amount(run.written - offices, offices))
    if run.present:
        present = _amount(run.present - run.present_offices, run.present_offices)
        text = say("{text} There already: {present}.", "{text}此前已有：{present}。", text=text, present=present)
    page.paragraph(text)


def _amount(acts: int, offices: int) -> Text:
    """So many acts and so many offices; what there is none of is left out."""
    parts = [
        say("{n} {what}", "{n}{what}", n=n, what=Text(one if n == 1 else many, zh))
        for n, one, many, zh in ((acts, "act", "acts", "项办理"), (offices, "office", "offices", "项任职"))
        if n
    ]
    return say(" and ".join(part.en for part in parts), "和".join(part.zh for part in parts))


def _richest(rehearsal: Sequence[Tried]) -> int:
    """The act whose refusal has most to teach."""
    refused = [tried for tried in rehearsal if tried.refusal is not None]
    return max(refused, key=lambda one: len(one.refusal.blockers) if one.refusal else 0).act.number if refused else 0


def _show_stretch(page: Page, dossier: Dossier, stretch: Stretch, richest: int, *, every_refusal: bool) -> None:
    zone = dossier.procedure.zone
    began, ended = day(stretch.began, zone), day(stretch.ended, zone)
    beside = same(began)
    if began != ended:
        beside = say("{began} to {ended}", "{began}至{ended}", began=began, ended=ended)
    counts = say("{n} act{s}", "{n}项办理", n=stretch.acts, s="" if stretch.acts == 1 else "s")
    if stretch.refused:
        counts = say("{counts}, {n} refused", "{counts}，拒绝{n}项", counts=counts, n=stretch.refused)
    if stretch.step is None:
        page.heading(beside, page.said(counts), indent=2)
    else:
        name = _step_name(stretch.step, again=stretch.again)
        page.heading(name, f"{page.said(beside)} · {page.said(counts)}", indent=2)
    for happening in stretch.happenings:
        full = every_refusal or happening.number == richest
        _show_happening(page, dossier, happening, full=full)


def _show_where_all_reasons_are(page: Page, others: int) -> None:
    """That more refusals have reasons than were printed. What is written already is not rehearsed again, so: in memory."""
    page.gap()
    page.paragraph(
        say(
            "The reasons of {n} more refusal{s} are printed with: --refusals --store memory:",
            "另有{n}项拒绝的理由，可加 --refusals --store memory: 查看",
            n=others,
            s="" if others == 1 else "s",
        ),
        indent=2,
        style="dim",
    )


def _step_name(step: Step, *, again: bool) -> Text:
    title = STEP_TITLES[step]
    if step in FIVE_STEPS:
        number = FIVE_STEPS.index(step) + 1
        title = say(
            "Step {n} of 5: {title}",
            "第{nth}步（共五步）：{title}",
            n=number,
            nth="一二三四五"[number - 1],
            title=title,
        )
    else:
        title = Text(title.en.capitalize(), title.zh)
    if again:
        title = say("{title}, again", "{title}（再次）", title=title)
    return title


def _show_happening(page: Page, dossier: Dossier, one: Happening, *, full: bool) -> None:
    procedure = dossier.procedure
    title = one.title
    if one.dest is not None:
        title = say("{title} → {dest}", "{title} → {dest}", title=title, dest=procedure.state_title(one.dest))
    if one.refusal is not None:
        count = len(one.refusal.blockers)
        reasons = say("{n} reason{s}", "{n}项理由", n=count, s="" if count == 1 else "s")
        title = say("{title}: {reasons}", "{title}：{reasons}", title=title, reasons=reasons)
    mark = page.said(one.mark)
    text = page.said(title)
    if one.note is not None:
        text += "\n" + page.said(one.note)
    columns = [Column(firm=True, style="dim"), Column(firm=True, style=_STYLES.get(one.mark, "")), Column()]
    page.table(columns, [(day(one.at, procedure.zone), f"{mark:<7}" if mark.isascii() else mark, text)], indent=4)
    if one.refusal is None or not full:
        return
    indent = 4 + 10 + 2 + (7 if mark.isascii() else 4) + 2
    marks = numbered([page.said(blocker.text) for blocker in one.refusal.blockers])
    for blocker, (number, line) in zip(one.refusal.blockers, marks, strict=True):
        page.paragraph(line, indent=indent, mark=number, style="yellow")
        for detail in _details(blocker.clause, [cure.title for cure in blocker.cure]):
            page.paragraph(detail, indent=indent + 3, style="dim")


def _details(clause: Sequence[str], cures: list[Text]) -> list[Text]:
    details = []
    if cures:
        details.append(say("can be cured by: {who}", "可补正主体：{who}", who=listing(cures)))
    if clause:
        many = "s" if len(clause) > 1 else ""
        details.append(say("clause{many} {clause}", "依据条款：{clause}", many=many, clause=cited(clause)))
    return details


def _show_decisions(page: Page, procedure: Procedure, history: Sequence[Record]) -> None:
    case: Case | None = None
    for record in history:
        before, case = case, evolve(case, record.event, record.stamp)
        if before is None or not isinstance(record.event, Moved) or record.event.dest is None:
            continue
        old, new = procedure.states[before.state], procedure.states[record.event.dest]
        if new.outcome is None or new.outcome is old.outcome:
            continue
        outcome = OUTCOME_TITLES[new.outcome]
        page.heading(say("Decision: {o}", "决定结果：{o}", o=outcome), day(record.occurred_at, procedure.zone))
        role = procedure.role_title(record.role)
        who = say(
            "{role}, {actor} ({body})",
            "{role}，{actor}（{body}）",
            role=role,
            actor=record.actor.id,
            body=record.actor.body,
        )
        rows: list[tuple[str, str]] = [
            (page.said(Text("decided by", "决定人")), page.said(who)),
            (page.said(Text("at", "时间")), minute(record.occurred_at, procedure.zone)),
            (page.said(Text("basis", "依据")), record.basis.text),
        ]
        kind, values = stated_in(record.event)
        rows += [
            (page.said(procedure.field_title(name, kind)), page.said(value_text(procedure, kind, name, value)))
            for name, value in in_order(procedure, kind, values)
        ]
        since = before.entered[before.state].version
        for item in before.items.values():
            if item.added > since and not item.laid_out:
                rows.append((item.id, page.said(brief(procedure, item.kind, item.fields))))
        page.table([Column(firm=True, style="dim"), Column()], rows)


def run_json(run: Run, handle: ShownCase, where: str, language: Language) -> dict[str, object]:
    """What ``run`` did, as plain JSON values; the sentences of refusals in ``language``."""
    dossier = run.dossier
    case, state = handle.value, handle.procedure.states[handle.state]
    refusals = {tried.act.number: tried.refusal for tried in run.rehearsal}
    return {
        "dossier": {
            "source": dossier.source,
            "digest": None if handle.audience == "public" else dossier.digest,  # by which small counts could be found
            "title": {"en": dossier.title.en, "zh": dossier.title.zh},
            "illustrative": dossier.illustrative,
        },
        "case": handle.id,
        "database": where,
        "written": run.written,
        "present": run.present,
        "state": case.state,
        "step": None if state.step is None else state.step.value,
        "outcome": None if state.outcome is None else state.outcome.value,
        "version": case.version,
        "head": case.head,
        "acts": [
            {
                "act": act.number,
                "at": moment_text(act.at),
                "verb": act.verb.value,
                "what": act.what,
                "item": act.item,
                "refused": act.refused,
                "refusal": refusal.as_dict(language) if (refusal := refusals.get(act.number)) is not None else None,
            }
            for act in dossier.acts
        ],
    }
