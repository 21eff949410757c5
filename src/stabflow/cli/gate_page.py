"""The answer of a gate, for people: may the matter be implemented, and if not, everything against it by case."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ..engine.gate import Clearance
from ..errors import Blocker
from ..history.record import Record
from ..reports.duty_words import holder_text
from ..text import Text, say
from .page import Page

_CLEARED = Text("cleared: it may be implemented, as things stand now", "准予放行：以当前情况可以实施")
_NOT_CLEARED = Text("not cleared", "不予放行")


def show_clearance(page: Page, answer: Clearance, attempts: Sequence[Record]) -> None:
    """Print the answer, the cases it rests on, and the attempts on record to go ahead all the same."""
    page.title(answer.matter)
    page.paragraph(_CLEARED if answer.cleared else _NOT_CLEARED, style="bold green" if answer.cleared else "bold red")
    for case, reasons in groupby(answer.reasons, key=_case_of):
        if case:
            page.heading(case)
        for reason in reasons:
            page.paragraph(reason.sentence(), indent=2, mark="-  ")
    if answer.cleared:
        for ground in answer.grounds:
            page.paragraph(
                say(
                    "{case}, under {procedure}, at version {version}",
                    "{case}（依{procedure}，第{version}版记录）",
                    case=ground.case_id,
                    procedure=ground.procedure,
                    version=ground.version,
                ),
                indent=2,
                mark="·  ",
            )
    if attempts:
        page.heading(Text("Attempts on record to go ahead without clearance", "未经放行即行实施的记录"))
        for record in attempts:
            page.paragraph(
                say(
                    "{at}: {actor}; {basis}",
                    "{at}：{actor}；{basis}",
                    at=record.occurred_at.date(),
                    actor=holder_text(record.actor.id, record.actor.body),
                    basis=record.basis.text,
                ),
                indent=2,
                mark="·  ",
            )


def _case_of(reason: Blocker) -> str:
    return str(reason.facts.get("case", ""))
