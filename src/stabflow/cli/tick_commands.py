"""The command that lets time pass: `tick`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..decision.events import BreachFound
from ..engine import Engine
from ..engine.ticker import Tick
from ..errors import InvalidInput, StabflowError
from ..history.record import Record
from ..language import load
from ..text import Language, Text, say
from ..values import Actor, moment_text
from .failures import ENVIRONMENT, YES, failure_json, tell
from .options import Session, calendar_option, common, json_option, store_option
from .page import Column, Page
from .stores import STORE, print_json, reading
from .times import moment
from .words import act_title, minute


@click.command()
@click.option(
    "--through", metavar="TIME", help="Up to when the clock is known to be right, where it stood still for long."
)
@click.option("--by", "actor", metavar="ID", help="Who says so.")
@click.option("--body", metavar="ID", help="For which body they act.")
@click.option("--basis", metavar="TEXT", help="How it is known.")
@click.option(
    "--procedure",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A procedure whose recurring cases are opened too, besides the bundled ones; may be given several times.",
)
@calendar_option
@common
@store_option(STORE)
@json_option
@click.pass_obj
def tick(
    session: Session,
    through: str | None,
    actor: str | None,
    body: str | None,
    basis: str | None,
    files: tuple[Path, ...],
    calendar: str,
    url: str,
    as_json: bool,
) -> int:
    """Put on record what has fallen due, let it come to those above, and create what recurs.

    Run it often, from as many machines as there are: nothing is done twice. What recurs at a holiday that the calendar does not
    know is told once; stabflow doctor tells it as long as it is so. The exit status is 4 where the clock is in doubt, or
    where a case could not be dealt with; the others were.
    """
    vouched: dict[str, Any] = {}
    if any(one is not None for one in (through, actor, body, basis)):
        if through is None or actor is None or body is None or basis is None:
            cure = "give --through, --by, --body and --basis together, or none of them"
            raise InvalidInput.at("--through", "that a clock is right needs until when, who says so, and why", cure)
        vouched = {"through": moment(through, "--through"), "by": Actor(actor, body=body), "basis": basis}
    with reading(url, [load(file) for file in files], calendar=calendar) as engine:
        done = engine.tick(**vouched)
        if as_json:
            print_json(_json(done, session.language))
        else:
            _show(session.page(), engine, done)
            for what, error in done.failures:
                tell(f"stabflow: {what}: {error}\n")
    return ENVIRONMENT if done.failures else YES


def _json(done: Tick, language: Language) -> dict[str, object]:
    return {
        "until": moment_text(done.until),
        "breaches": [record.as_dict() for record in done.breaches],
        "created": list(done.created),
        "by_hand": list(done.by_hand),
        "unknown": [one.as_dict(language) for one in done.unknown],
        "reminders": done.reminders,
        "failures": [{"what": what, **_failure(error, language)} for what, error in done.failures],
    }


def _failure(error: StabflowError, language: Language) -> dict[str, object]:
    return failure_json(error, language)


def _show(page: Page, engine: Engine, done: Tick) -> None:
    if done.reminders:
        page.paragraph(say("reminders for the outbox: {n}", "存入发件箱的到期提醒：{n}条", n=done.reminders))
    if not (done.breaches or done.created or done.by_hand or done.unknown):
        page.paragraph(Text("nothing has fallen due", "无逾期"), style="dim")
        return
    if done.breaches:
        page.heading(Text("Not done in time", "逾期"))
        columns = [
            Column(Text("due", "期限"), firm=True),
            Column(Text("what", "内容")),
            Column(Text("gone to", "已报"), firm=True),
            Column(Text("case", "评估案件"), style="dim"),
        ]
        page.table(columns, [_row(page, engine, record) for record in done.breaches])
    if done.created:
        page.heading(Text("Created by the calendar", "按日历新建"))
        for one in done.created:
            page.paragraph(one, indent=2, mark="·  ")
    if done.by_hand:
        page.heading(Text("Called for by the calendar, and opened by hand already", "日历应建而已由人启动"))
        for one in done.by_hand:
            page.paragraph(one, indent=2, mark="·  ")
    if done.unknown:
        page.heading(Text("Called for at holidays that the calendar does not know", "应于节日新建而工作日历未定其日期"))
        for unknown in done.unknown:
            page.paragraph(unknown.text, indent=2, mark="!  ", mark_style="yellow")
            page.paragraph(unknown.cure, indent=5, mark="→  ", style="dim")


def _row(page: Page, engine: Engine, record: Record) -> tuple[str, str, str, str]:
    event = record.event
    assert isinstance(event, BreachFound), "a tick tells of breaches"
    case = record.stream.removeprefix("case/")
    procedure = engine.case(case).procedure
    above = "; ".join(page.said(procedure.role_title(role)) for role in event.above)
    if not above:
        above = page.said(
            Text("nobody: to be confirmed", "待确认") if event.doubts else Text("nobody above", "已无上级")
        )
    return minute(event.due.at, procedure.zone), page.said(act_title(procedure, event)), above, case
