"""What a procedure lets offices know, in sentences: when, whom, in which words."""

from __future__ import annotations

from ..language import ACCOUNTABLE, NoticeRule, Occasion, Procedure
from ..language.notice_rules import OF_DUTIES
from ..language.parts import titled
from ..text import AND, Text, either, listing, quoted, say
from .procedure_words import with_clause

_WHEN = {
    Occasion.BEFORE_DUE: Text("{lead} before {what} falls due", "{what}到期前{lead}"),
    Occasion.DUE: Text("when {what} is overdue", "{what}逾期时"),
    Occasion.ESCALATED: Text("when {what} is overdue and has gone up", "{what}逾期上报时"),
    Occasion.ENTERED: Text("when {what} comes to {where}", "{what}进入{where}时"),
    Occasion.FIRED: Text("upon {rows} of {what}", "{what}办理{rows}时"),
}


def rule_title(rule: NoticeRule) -> Text:
    """The title of a notice, or its name made readable."""
    return titled(rule.name, rule.title)


def notice_when(procedure: Procedure, rule: NoticeRule) -> Text:
    """On which occasion a notice goes out."""
    kinds = rule.of or (None,)
    what = Text("the case", "案件")
    if rule.of_everything:
        what = Text("whatever is owed", "各项应尽职责")
    elif rule.of:
        what = listing([quoted(procedure.kind_title(kind)) for kind in rule.of], last=AND)
    where = either([_state(procedure, kinds, name) for name in rule.in_])
    if rule.in_ and rule.on in OF_DUTIES:
        what = say("{what} in {where}", "处于{where}的{what}", what=what, where=where)
    leads = listing([procedure.duration(one).title() for one in rule.lead], last=AND)
    rows = either([_row(procedure, kinds, name) for name in rule.triggers])
    way = _WHEN[rule.on]
    return say(way.en, way.zh, what=what, where=where, lead=leads, rows=rows)


def _state(procedure: Procedure, kinds: tuple[str | None, ...], name: str) -> Text:
    every = (None, *procedure.items)
    for kind in every if kinds == ("*",) else kinds:
        if name in procedure.lifecycle(kind).states:
            return procedure.state_title(name, kind)
    return titled(name, None)


def _row(procedure: Procedure, kinds: tuple[str | None, ...], name: str) -> Text:
    found = next(
        (kind for kind in kinds if any(row.trigger == name for row in procedure.lifecycle(kind).transitions)), None
    )
    return procedure.trigger_title(name, found)


def notice_to(procedure: Procedure, rule: NoticeRule) -> Text:
    """To whom a notice goes."""
    accountable = Text("who is accountable", "责任主体")
    if rule.on is Occasion.ESCALATED:
        accountable = Text("those to whom it has gone", "受报单位")
    return listing([accountable if one == ACCOUNTABLE else procedure.role_title(one) for one in rule.to])


def notice_text(procedure: Procedure, rule: NoticeRule) -> Text:
    """All of a notice on one line, but for its words."""
    text = say(
        "{title} · {name} — {when} → {to}",
        "{title} · {name}——{when} → {to}",
        title=rule_title(rule),
        name=rule.name,
        when=notice_when(procedure, rule),
        to=notice_to(procedure, rule),
    )
    return with_clause(text, rule.clause)
