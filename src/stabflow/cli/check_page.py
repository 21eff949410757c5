"""What a check found, for people: each property, and for a flaw the acts that show it, one a line."""

from __future__ import annotations

from ..reasoning.report import STATUS_TITLES, Finding, Report, Status
from ..reports.procedure_words import cited
from ..text import Text, say
from .page import Page

LAST = 4
"""So many acts of those that show a warning are printed, the last ones."""

_STYLES = {
    Status.PROVED: "green",
    Status.FLAWED: "bold red",
    Status.INCOMPLETE: "yellow",
    Status.NOT_APPLICABLE: "dim",
    Status.WARNING: "yellow",
}
_MARKS = {
    Status.PROVED: "✓  ",
    Status.FLAWED: "✗  ",
    Status.INCOMPLETE: "?  ",
    Status.NOT_APPLICABLE: "-  ",
    Status.WARNING: "!  ",
}


def show_report(page: Page, report: Report) -> None:
    """Print the report: the answer first, then what does not hold with its acts, then what does."""
    page.title(report.procedure)
    page.paragraph(STATUS_TITLES[report.status], style=_STYLES[report.status])
    page.paragraph(
        say(
            "{n} states and {m} acts between them searched",
            "共搜索{n}个状态、{m}项办理",
            n=report.states,
            m=report.edges,
        ),
        style="dim",
    )
    warned = {one.title for one in report.findings if one.status is Status.WARNING}  # holds, but not without a doubt
    for status in (Status.FLAWED, Status.INCOMPLETE, Status.WARNING, Status.PROVED, Status.NOT_APPLICABLE):
        found = [
            one
            for one in report.findings
            if one.status is status and not (status is Status.PROVED and one.title in warned)
        ]
        if found:
            page.heading(STATUS_TITLES[status])
            for finding in found:
                _show_finding(page, finding)
    if report.assumed:
        page.heading(Text("Taken for possible, not followed", "视为可能、未予跟踪"))
        for text in report.assumed:
            page.paragraph(text, indent=2, mark="·  ")


def _show_finding(page: Page, finding: Finding) -> None:
    said = (
        finding.title
        if not finding.text.en
        else say("{title}: {text}", "{title}：{text}", title=finding.title, text=finding.text)
    )
    if finding.clause:
        many = "s" if len(finding.clause) > 1 else ""
        said = say(
            "{said} [clause{many} {clause}]", "{said}〔{clause}〕", said=said, many=many, clause=cited(finding.clause)
        )
    page.paragraph(said, indent=2, mark=_MARKS[finding.status], mark_style=_STYLES[finding.status])
    if finding.path:
        page.paragraph(finding.path, indent=5, style="dim")
    left_out = max(0, len(finding.trace) - LAST) if finding.status is Status.WARNING else 0
    if left_out:
        text = say(
            "{n} acts show it, of which these are the last; --json lists all of them",
            "可由{n}项办理说明，以下为最后几项；以--json列出全部",
            n=len(finding.trace),
        )
        page.paragraph(text, indent=5, style="dim")
    for number, act in enumerate(finding.trace[left_out:], start=left_out + 1):
        page.paragraph(act.text, indent=5, mark=f"{number:>3}  ", mark_style="dim")
