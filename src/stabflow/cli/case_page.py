"""A case for people: where it stands, what is known, who may act, what is owed, what is permitted next; and its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ..case import Case, Item
from ..decision.disclosure import STANDS_FOR
from ..decision.duties import Duty
from ..decision.events import Delegated
from ..history.record import Record
from ..language import Outcome, Procedure, Step
from ..language.lifecycle import OUTCOME_TITLES, STEP_TITLES
from ..ports.store import CaseRow
from ..reports.duty_words import holder_text, owed_title
from ..text import Text, listing, same, say
from .case_report import CaseReport
from .page import Cell, Column, Page
from .words import act_title, breach_title, brief, in_order, minute, period, role_of, value_text


def show_case(page: Page, report: CaseReport) -> None:
    """Print the case."""
    procedure, case = report.procedure, report.case
    page.title(case.matter.title)
    page.paragraph(
        say("{title} ({name})", "{title}（{name}）", title=procedure.title, name=str(procedure)), style="dim"
    )
    page.gap()
    page.table([Column(firm=True, style="dim"), Column()], list(_summary(page, report)))
    if case.facts:
        page.heading(Text("Facts", "事实"))
        facts = [
            (page.said(procedure.field_title(name)), page.said(value_text(procedure, None, name, value)))
            for name, value in in_order(procedure, None, case.facts)
        ]
        page.table([Column(), Column()], facts)
    for kind in procedure.items:
        _show_items(page, procedure, kind, case.of_kind(kind))
    _show_roles(page, report)
    _show_breaches(page, report)
    _show_duties(page, report)
    _show_next(page, report)


def state_words(procedure: Procedure, case: Case) -> Text:
    """Where a case stands: its state, its step, and the outcome if one was decided."""
    state = procedure.states[case.state]
    text = procedure.state_title(case.state)
    if state.step is not None:
        text = say("{text} · {step}", "{text} · {step}", text=text, step=STEP_TITLES[state.step])
    if state.outcome is not None:
        text = say("{text} · outcome: {o}", "{text} · 决定结果：{o}", text=text, o=OUTCOME_TITLES[state.outcome])
    return text


def _summary(page: Page, report: CaseReport) -> Iterator[tuple[str, str]]:
    procedure, case = report.procedure, report.case
    yield page.said(Text("case", "案件编号")), case.id
    yield page.said(Text("stands in", "当前状态")), page.said(state_words(procedure, case))
    yield page.said(Text("since", "进入时间")), minute(case.entered[case.state].at, procedure.zone)
    yield page.said(Text("round", "轮次")), str(case.round)
    opened = say("{at}, {body}", "{at}，{body}", at=minute(case.opened_at, procedure.zone), body=case.body)
    yield page.said(Text("opened", "启动时间")), page.said(opened)
    yield page.said(Text("last act", "最近办理")), minute(case.updated_at, procedure.zone)
    yield page.said(Text("records", "记录")), page.said(_records(case))
    if case.unproved:
        said = Text(
            "not proved when the case was opened: no gate opens for it",
            "启动时程序未通过证明：任何实施关口均不对本案件开放",
        )
        yield page.said(Text("procedure", "程序")), page.said(said)


def _records(case: Case) -> Text:
    if case.head.startswith(STANDS_FOR):
        return say("{n}, the hash of the last is not shown", "{n}条，末条的哈希值不予公开", n=case.version)
    return say("{n}, the last {h}…", "{n}条，末条{h}…", n=case.version, h=case.head[:12])


def _show_items(page: Page, procedure: Procedure, kind: str, items: Sequence[Item]) -> None:
    if not items:
        return
    page.heading(procedure.kind_title(kind), str(len(items)))
    rows = []
    for item in items:
        state = procedure.state_title(item.state, kind)
        if item.superseded:
            state = say("{state}, superseded", "{state}（已被替代）", state=state)
        rows.append((item.id, page.said(state), page.said(brief(procedure, kind, item.fields))))
    page.table([Column(firm=True), Column(), Column()], rows)


def _show_roles(page: Page, report: CaseReport) -> None:
    page.heading(Text("Who holds which role", "任职情况"))
    rows = []
    for role, defined in report.procedure.roles.items():
        held = [one for one in (*report.case.appointments, *report.offices) if one.role == role]
        who = listing(
            [holder_text(one.actor, one.body) for one in held],
            none=Text("nobody", "空缺"),
        )
        standing = Text("standing office", "常设职务") if defined.standing else Text("of this case", "本案件任命")
        rows.append((page.said(defined.title), page.said(standing), page.said(who)))
    page.table([Column(), Column(firm=True, style="dim"), Column()], rows)
    _show_deputies(page, report)


def _show_deputies(page: Page, report: CaseReport) -> None:
    """Who acts for whom, and who was recused."""
    procedure, zone = report.procedure, report.procedure.zone
    if report.delegations:
        page.heading(Text("Delegations", "委托代行"))
        lent = [
            (
                page.said(procedure.role_title(one.office)),
                page.said(_acting_for(one.delegate, one.holder)),
                page.said(period(one.since, one.until, zone)),
            )
            for one in report.delegations
        ]
        page.table([Column(), Column(), Column(style="dim")], lent)
    if report.case.recused:
        page.heading(Text("Recused", "已回避"))
        gone = [
            (who, page.said(procedure.role_title(one.office)), one.reason) for who, one in report.case.recused.items()
        ]
        page.table([Column(firm=True), Column(), Column()], gone)


def _acting_for(delegate: str, holder: str) -> Text:
    return say("{who} for {holder}", "{who}代{holder}", who=delegate, holder=holder)


_DOUBTFUL = Text("in doubt: confirm it, or void it", "存疑：待确认或撤销")
_VOIDED = Text("voided", "已撤销")
_STANDS = Text("stands", "成立")


def _show_breaches(page: Page, report: CaseReport) -> None:
    """What was not done in time, the last of each duty, with the version of its record, by which it is judged."""
    breaches = report.case.breaches.values()
    if not breaches:
        return
    page.heading(Text("Not done in time", "逾期"))
    rows = [
        (
            str(one.version),
            page.said(breach_title(report.procedure, one)),
            page.said(_VOIDED if one.voided else _DOUBTFUL if one.possible else _STANDS),
        )
        for one in breaches
    ]
    page.table(
        [Column(Text("record", "记录"), firm=True), Column(Text("what", "内容")), Column(Text("is", "状态"))], rows
    )


def _show_duties(page: Page, report: CaseReport) -> None:
    page.heading(Text("Open duties", "待履行职责"))
    if not report.duties:
        page.paragraph(Text("none", "无"), indent=2, style="dim")
        return
    columns = [
        Column(Text("what", "内容"), firm=True),
        Column(Text("who", "责任人"), firm=True),
        Column(Text("due", "期限")),
    ]
    page.table(columns, [_duty_row(page, report, duty) for duty in report.duties])


def _duty_row(page: Page, report: CaseReport, duty: Duty) -> tuple[str, str, Cell]:
    procedure = report.procedure
    what = page.said(owed_title(procedure, duty.duty, duty.state, duty.level))
    holders = [same(actor) for actor, _ in duty.holders]
    holders += [say("for them {actor}", "{actor}（受托）", actor=actor) for actor, _ in duty.delegates]
    who = page.said(listing(holders, none=Text("vacant", "空缺")))
    role = page.said(procedure.role_title(duty.role))
    if duty.stopped_at is not None:
        since = minute(duty.stopped_at, procedure.zone)
        due, style = page.said(say("the clock stands since {since}", "计时自{since}起中止", since=since)), "yellow"
    elif duty.due is None:
        due, style = page.said(Text("open-ended", "不设期限")), ""
    else:
        derived = page.said(duty.due.derivation(procedure.zone))
        due, style = derived, ""
        if duty.breached:
            due, style = (
                page.said(say("late, on record: {derived}", "已逾期（已记录）：{derived}", derived=derived)),
                "red",
            )
        elif duty.due.at < datetime.now(UTC):
            due, style = page.said(say("overdue: {derived}", "已逾期：{derived}", derived=derived)), "yellow"
    colon = page.said(Text(": ", "："))
    return what, f"{role}{colon}{who}", Cell(due, style)


def _show_next(page: Page, report: CaseReport) -> None:
    page.heading(Text("Permitted next", "下一步可办理"))
    if not report.next:
        page.paragraph(Text("nothing: the case is over", "无：案件已终结"), indent=2, style="dim")
        return
    for one in sorted(report.next, key=lambda one: one.option.kind is not None):
        kind, row = one.option.kind, one.option.row
        title = report.procedure.trigger_title(row.trigger, kind)
        if kind is not None:
            what = report.procedure.kind_title(kind)
            if one.items:
                what = say("{items}", "{kind}{items}", kind=what, items=listing([same(item) for item in one.items]))
            title = say("{title} ({what})", "{title}（{what}）", title=title, what=what)
        name = row.trigger if kind is None or one.items else f"{row.trigger} {kind}"
        parties = listing([report.procedure.role_title(party) for party in row.by])
        if not one.blockers:
            ready = Text("ready  ", "可办")
        else:
            ready = Text("untold ", "不详") if one.is_untold else Text("blocked", "受阻")
        said = say("{title} · {name} — {who}", "{title} · {name}——{who}", title=title, name=name, who=parties)
        page.paragraph(said, indent=2, mark=f"{page.said(ready)}  ", mark_style="yellow" if one.blockers else "green")
        for blocker in one.blockers:
            page.paragraph(blocker.sentence(), indent=6, mark="-  ", style="dim")


def show_cases(page: Page, rows: Iterable[tuple[CaseRow, Procedure]]) -> None:
    """Print the cases of a store, each with its procedure; or that there are none."""
    rows = list(rows)
    if not rows:
        page.paragraph(Text("This store has no cases.", "该存储中没有案件。"))
        return
    columns = [
        Column(Text("case", "案件编号"), whole=True),
        Column(Text("matter", "重大事项")),
        Column(Text("state", "状态")),
        Column(Text("step", "步骤")),
        Column(Text("outcome", "决定结果")),
    ]
    page.table(
        columns,
        [
            (
                row.case_id,
                row.title,
                page.said(procedure.state_title(row.state)),
                page.said(STEP_TITLES[Step(row.step)]) if row.step else "",
                page.said(OUTCOME_TITLES[Outcome(row.outcome)]) if row.outcome else "",
            )
            for row, procedure in rows
        ],
        indent=0,
    )


def show_history(
    page: Page, procedures: Mapping[str, Procedure], history: Sequence[Record], *, indent: int = 0
) -> None:
    """Print every record: time, act, who did it, role, body, basis; person and body in one column where room is scarce. Each is
    said in the words of the version it was made under, of ``procedures`` by digest."""
    is_wide = page.width >= 110
    columns = [
        Column(Text("", ""), firm=True, style="dim"),
        Column(Text("time", "时间"), firm=page.width >= 96),
        Column(Text("act", "办理")),
        *([Column(Text("who", "办理人"), firm=True)] if is_wide else []),
        Column(Text("role", "角色")),
        Column(Text("body", "单位") if is_wide else Text("who, body", "办理人，单位")),
        Column(Text("basis", "依据")),
    ]
    principals = {record.hash: record.actor.id for record in history if isinstance(record.event, Delegated)}

    def who(record: Record) -> Text:
        principal = principals.get(record.mandate)
        return same(record.actor.id) if principal is None else _acting_for(record.actor.id, principal)

    rows = [
        (
            str(record.version),
            minute(record.occurred_at, procedures[record.procedure].zone),
            page.said(act_title(procedures[record.procedure], record.event)),
            *([page.said(who(record))] if is_wide else []),
            page.said(role_of(procedures[record.procedure], record)),
            record.actor.body
            if is_wide
            else page.said(say("{who}, {body}", "{who}，{body}", who=who(record), body=record.actor.body)),
            record.basis.text,
        )
        for record in history
    ]
    page.table(columns, rows, indent=indent)
    late = [record for record in history if record.late >= timedelta(days=1)]
    if late:
        longest = max(record.late for record in late).days
        entered = say(
            "{n} of {of} acts were recorded later than they are said to have happened, by up to {days} day{many}",
            "{of}项记录中有{n}项为事后补录，补录最长滞后{days}日",
            n=len(late),
            of=len(history),
            days=longest,
            many="" if longest == 1 else "s",
        )
        page.gap()
        page.paragraph(entered, indent=indent, style="dim")
