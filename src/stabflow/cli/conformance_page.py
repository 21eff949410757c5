"""What the conformance kit found, for people: the answer, what failed and how, then each check at its level."""

from __future__ import annotations

from ..testing import CheckResult, ConformanceReport, Level, Outcome
from ..testing.conformance.report import FEW
from ..testing.patience import FRAME
from ..text import Text, listing, same, say
from .page import Cell, Column, Page

LEVEL_TITLES = {
    Level.SEQUENTIAL: Text("in order", "依次"),
    Level.SECOND_HANDLE: Text("second handle", "第二句柄"),
    Level.THREADS: Text("threads", "多线程"),
    Level.KILL: Text("processes", "多进程"),
    Level.POWER: Text("power", "断电"),
    Level.MACHINE: Text("histories", "随机历史"),
}
CLAUSE_TITLES = {
    "Port": Text("its methods", "方法"),
    "C1": Text("concurrency", "并发"),
    "C2": Text("atomicity", "原子性"),
    "C3": Text("idempotency", "幂等"),
    "C4": Text("durability", "持久性"),
    "C5": Text("outcome", "结果明确"),
    "C6": Text("feed", "全序流"),
    "C7": Text("visibility", "可见性"),
    "C8": Text("round trip", "原样往返"),
    "C9": Text("snapshot", "快照"),
    "C10": Text("leases", "租约"),
    "C11": Text("append-only", "只增不改"),
    "C12": Text("isolation", "隔离"),
    "C13": Text("index", "索引"),
    "C14": Text("schema", "结构版本"),
    "All": Text("together", "综合"),
    "N1": Text("intact", "完整送达"),
    "N2": Text("honest", "如实作答"),
    "N3": Text("identity", "消息编号"),
    "N4": Text("in time", "限时"),
    "N5": Text("discretion", "不泄露"),
    "N6": Text("wish to wait", "等待要求"),
    "N7": Text("addresses", "地址"),
    "N8": Text("threads", "并发使用"),
    "N9": Text("closing", "关闭"),
    "N10": Text("cut off", "连接中断"),
}


NOT_CUT = Text(
    "that acknowledged acts are on disk is not shown: killing a process takes nothing back that it has written. Give the harness"
    " cut_power, or cut the power of a machine that you can spare",
    "未能证明已确认的行为已写入磁盘：强制终止进程不会撤回其已写内容。请为测试支架提供cut_power，或对可供试验的机器实际断电",
)


def answer(report: ConformanceReport) -> Text:
    """What it comes to, in a sentence."""
    made, failed, asked = len(report.covered), len(report.failures), len(report.results)
    if failed:
        return say("{failed} of {made} checks failed", "{made}项检查中{failed}项不符合", failed=failed, made=made)
    if report.broken is not None:
        return say(
            "the harness does not work: {left} of {asked} checks could not be made, which says nothing about the {thing}",
            "测试支架无法使用：{asked}项检查中{left}项未能进行，对该{thing}未作判断",
            thing=report.thing,
            left=sum(one.harness_broken for one in report.results),
            asked=asked,
        )
    if report.chosen:
        return _of_those_asked_for(report, made, asked)
    if not report.required_ran:
        return say(
            "nothing was checked that every {thing} must keep: nothing is known of this {thing}",
            "凡{thing}均须遵守的条款均未检查：对该{thing}一无所知",
            thing=report.thing,
        )
    if not report.complete:
        return say("all {made} checks held, but they are not enough", "{made}项检查均符合，但尚不充分", made=made)
    if report.power_not_cut:
        return say(
            "all {made} checks held: durable against kill -9; the power was not cut",
            "{made}项检查均符合：经受住kill -9；未切断电源",
            made=made,
        )
    return say("all {made} checks held", "{made}项检查均符合", made=made)


def _of_those_asked_for(report: ConformanceReport, made: int, asked: int) -> Text:
    if not made:
        return say("none of the {asked} checks asked for could be made", "所要求的{asked}项检查均未能进行", asked=asked)
    power = Text("; the power was not cut", "；未切断电源") if report.power_not_cut else same("")
    return say(
        "{made} of the {asked} checks asked for held{power}",
        "所要求的{asked}项检查中{made}项符合{power}",
        made=made,
        asked=asked,
        power=power,
    )


def show_report(page: Page, report: ConformanceReport) -> None:
    """Print the report."""
    page.title(report.harness)
    good = report.complete and not report.failures and not report.power_not_cut
    page.paragraph(answer(report), style="green" if good else "bold red" if report.failures else "yellow")
    if report.capabilities or report.broken is None:
        none = Text("no capability", "无")
        declared = listing([same(one.name) for one in report.capabilities], none=none)
        page.paragraph(say("declares {declared}", "声明：{declared}", declared=declared), style="dim")
    if report.broken is not None:
        _show_lines(page, report.broken, indent=2)
    if report.power_not_cut:
        page.paragraph(NOT_CUT, style="yellow")
    elif report.untested:
        said = say(
            "declared, but the harness offers nothing to test it with: {untested}",
            "已声明，但测试支架未提供检验手段：{untested}",
            untested=listing([same(one.name) for one in report.untested]),
        )
        page.paragraph(said, style="yellow")
    if report.failures:
        page.heading(Text("What failed", "不符合之处"))
        if len(report.failures) > FEW:
            page.paragraph(
                Text("Begin with the first: the others may come of it.", "请从第一项开始：其余可能由其引起。"), indent=2
            )
        for one in report.failures:
            _show_failure(page, one)
    page.heading(Text("Checks that held, by clause and level", "各条款、各层级符合的检查数"))
    _show_clauses(page, report)
    if report.not_covered:
        page.heading(Text("What was not covered", "未覆盖之处"))
        for reason in dict.fromkeys(one.why for one in report.not_covered):
            _show_reason(page, reason, [one for one in report.not_covered if one.why == reason])
    page.gap()
    versions = ", ".join(f"{name} {value}" for name, value in report.versions.items())
    page.paragraph(versions, style="dim")
    page.paragraph(say("seed {seed}", "随机种子{seed}", seed=report.seed), style="dim")


def _show_failure(page: Page, one: CheckResult) -> None:
    page.paragraph(f"{one.check.clause}  {one.check.name}", indent=2, mark="✗  ", mark_style="bold red")
    page.paragraph(one.check.shows, indent=5)
    _show_lines(page, one.why, indent=5)


def _show_lines(page: Page, text: Text, *, indent: int) -> None:
    """An explanation; the place of an error in one line, however long, so that it can be copied."""
    for line in page.said(text).splitlines():
        if line.startswith(FRAME):
            page.line(" " * indent, (line, "dim"))
        else:
            inside = len(line) - len(line.lstrip(" "))
            page.paragraph(line[inside:], indent=indent + inside, style="dim")


def _show_clauses(page: Page, report: ConformanceReport) -> None:
    levels = [level for level in LEVEL_TITLES if any(one.check.level is level for one in report.results)]
    columns = [Column(firm=True), Column(whole=True), *(Column(LEVEL_TITLES[level], firm=True) for level in levels)]
    rows: list[list[str | Cell]] = []
    for clause, title in CLAUSE_TITLES.items():
        found = [one for one in report.results if one.check.clause == clause]
        if found:
            cells = [_cell([one for one in found if one.check.level is level]) for level in levels]
            rows.append([clause, page.said(title), *cells])
    page.table(columns, rows)


def _cell(found: list[CheckResult]) -> Cell:
    """How many held of those that were made; a dash where none was."""
    made = [one for one in found if one.outcome in {Outcome.HELD, Outcome.FAILED}]
    held = [one for one in made if one.outcome is Outcome.HELD]
    if not made:
        return Cell("–" if found else "", "dim")
    return Cell(f"{len(held)}/{len(made)}", "bold red") if len(held) < len(made) else Cell(f"{len(held)}", "green")


def _show_reason(page: Page, reason: Text, found: list[CheckResult]) -> None:
    first = Text(reason.en.partition("\n")[0], reason.zh.partition("\n")[0])
    page.paragraph(say("{reason}:", "{reason}：", reason=first), indent=2, mark="-  ")
    page.paragraph(", ".join(one.check.name for one in found), indent=5, style="dim")
