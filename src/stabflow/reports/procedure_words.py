"""The parts of a procedure in sentences: what may be stated, by whom, how long, under which rules and clauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..language import (
    Breach,
    Field,
    FieldType,
    Outcome,
    Procedure,
    Recurrence,
    Separation,
    State,
    Transition,
)
from ..language.lifecycle import HOLIDAY_TITLES, OUTCOME_TITLES
from ..language.manifest import Carried
from ..language.parts import ANY
from ..text import Text, either, joined, listing, quoted, same, say

_AND_ALSO = Text("; ", "；")
_TYPES = {
    FieldType.BOOL: "是或否",
    FieldType.INT: "整数",
    FieldType.DECIMAL: "小数",
    FieldType.TEXT: "文本",
    FieldType.CHOICE: "选项",
    FieldType.DATE: "日期",
    FieldType.ACTOR: "任职人员",
    FieldType.FILE: "文件",
}
_BREACHES = {
    Breach.OVERDUE: Text("upon a duty that is overdue", "职责逾期时"),
    Breach.VACANT: Text("upon a duty whose role is vacant", "职责无人任职时"),
}
_RECURRENCES = {
    Recurrence.WEEK: Text("week", "每周"),
    Recurrence.MONTH: Text("month", "每月"),
    Recurrence.QUARTER: Text("quarter", "每季度"),
    Recurrence.HALF_YEAR: Text("half-year", "每半年"),
    Recurrence.YEAR: Text("year", "每年"),
    Recurrence.WEEKEND: Text("weekend", "每周末"),
    Recurrence.HOLIDAY: Text("holiday", "每个法定节假日"),
    **HOLIDAY_TITLES,
}


def cited(clauses: Sequence[str]) -> Text:
    """Clauses of the source, by name."""
    return listing([same(clause) for clause in clauses])


def with_clause(text: Text, clause: Sequence[str]) -> Text:
    """``text``, and behind it the clauses under which it stands."""
    return text if not clause else say("{text} [{clause}]", "{text}〔{clause}〕", text=text, clause=cited(clause))


def carried_text(one: Carried, *, most: int | None = None) -> Text:
    """What carries a clause out, ``most`` of it and how much more there is; or why nothing does."""
    if one.deviation is not None:
        reason = say("not carried: {why}", "不予采用：{why}", why=one.deviation)
        if not one.carriers:
            return reason
    shown = [carrier.title for carrier in one.carriers[:most]]
    if left := len(one.carriers) - len(shown):
        shown.append(say("{n} more", "另有{n}处", n=left))
    carried = joined(shown, _AND_ALSO)
    if one.deviation is None:
        return carried
    return say("{carried}; in part {reason}", "{carried}；部分{reason}", carried=carried, reason=reason)


def also_called(text: Text, aliases: Sequence[str]) -> Text:
    """``text``, and in brackets what the source also calls it."""
    if not aliases:
        return text
    names = listing([same(one) for one in aliases])
    return say("{text} (also called {names})", "{text}（又称{names}）", text=text, names=names)


def role_rules(procedure: Procedure, name: str) -> Text:
    """How a role is filled, whom it supervises, and what else is said of it."""
    role = procedure.roles[name]
    parts = [Text("standing office", "常设职务")]
    if role.appointed_by:
        parts = [say("appointed by {who}", "由{who}任命", who=_roles(procedure, role.appointed_by))]
    if role.supervises:
        parts.append(say("supervises {below}", "监督{below}", below=_roles(procedure, role.supervises)))
    if role.holders is not None:
        seats = Text("{n} seat" if role.holders == 1 else "{n} seats", "席位{n}个")
        parts.append(say(seats.en, seats.zh, n=role.holders))
    if role.body is not None:
        parts.append(_body_rule(procedure, role.body))
    for limit, en, zh in (
        (role.responds_within, "responds within {limit}", "响应期限{limit}"),
        (role.vacant_within, "vacant for {limit} at most", "空缺不超过{limit}"),
    ):
        if limit is not None:
            parts.append(say(en, zh, limit=procedure.duration(limit).title()))
    if role.delegable:
        parts.append(Text("may be delegated", "可以委托"))
    return also_called(joined(parts, _AND_ALSO), role.aliases)


def _roles(procedure: Procedure, roles: Sequence[str]) -> Text:
    return listing([procedure.role_title(one) for one in roles])


def _body_rule(procedure: Procedure, body: str) -> Text:
    """For which body the holders of a role act."""
    if "." in body:
        return say("acts for the {body}", "代表{body}", body=entry_title(procedure, body))
    what = quoted(procedure.field_title(body))
    return say("acts for the body to which {what} belongs", "代表{what}所属单位", what=what)


def entry_title(procedure: Procedure, reference: str) -> Text:
    """The ``list.entry`` that something belongs to, by its title."""
    list_name, _, entry = reference.partition(".")
    return Text("any", "任一") if reference == ANY else procedure.lists[list_name][entry].title


def separation_text(procedure: Procedure, one: Separation) -> Text:
    """Who may not act together."""
    who = _roles(procedure, one.roles)
    said = say("nobody acts in two of: {who}", "不得兼任：{who}", who=who)
    if one.across == "matter":
        said = say(
            "nobody acts in two of these in any case on the same matter: {who}",
            "在同一重大事项的各案件中均不得兼任：{who}",
            who=who,
        )
    return with_clause(said, one.clause)


def field_rules(field: Field) -> Text:
    """The type of a field, and what may be stated there."""
    type_ = Text(field.type.value, _TYPES[field.type])
    if field.of is not None:
        type_ = say("{type_}: {of}", "{type_}：{of}", type_=type_, of=field.of)
    parts = [type_]
    if field.many:
        parts.append(Text("one or several", "可多选"))
    if field.min is not None and field.max is not None:
        parts.append(say("from {min} to {max}", "{min}至{max}", min=field.min, max=field.max))
    elif field.min is not None:
        parts.append(say("at least {min}", "不小于{min}", min=field.min))
    elif field.max is not None:
        parts.append(say("at most {max}", "不大于{max}", max=field.max))
    if field.max_length is not None:
        parts.append(say("at most {n} characters", "不超过{n}字", n=field.max_length))
    if field.optional:
        parts.append(Text("may be left out", "可不填"))
    if field.material:
        parts.append(Text("stated after the decision, it sends the case back", "决定后填报的，须退回重新评估"))
    if field.suppress_below is not None:
        parts.append(say("below {n} not for the public", "小于{n}的不予公开", n=field.suppress_below))
    return joined(parts, _AND_ALSO)


def kind_rules(procedure: Procedure, kind: str) -> Iterator[Text]:
    """What holds of a kind of item besides its fields, states and rows."""
    defined = procedure.items[kind]
    if defined.clause:
        many = "s" if len(defined.clause) > 1 else ""
        yield say("under clause{s} {clause}", "依据条款：{clause}", s=many, clause=cited(defined.clause))
    if defined.unique:
        alike = [
            Text("by the same person", "办理人") if name == "actor" else quoted(procedure.field_title(name, kind))
            for name in defined.unique
        ]
        yield say(
            "no two with the same {alike} while the case stands in one state"
            if "actor" not in defined.unique
            else "no two {alike} while the case stands in one state",
            "案件处于同一状态期间，不得有两项{alike}相同",
            alike=listing(alike, last=Text(" and ", "、")),
        )
    if defined.preset is not None:
        preset = defined.preset
        yield say(
            "each time the case enters {at}, one for each entry of the list {list} is laid out, in {dest}, stating {field}",
            "案件每次进入{at}时，按选项{list}逐项列出，初始状态为{dest}，并填入{field}",
            at=either([procedure.state_title(one) for one in preset.at]),
            list=quoted(same(preset.from_)),
            dest=quoted(procedure.state_title(preset.dest, kind)),
            field=quoted(procedure.field_title(preset.field, kind)),
        )


def state_text(procedure: Procedure, kind: str | None, name: str) -> Text:
    """A state with its name: its outcome, whether it is final, who is accountable, for how long."""
    cycle = procedure.lifecycle(kind)
    state = cycle.states[name]
    text = say("{text} · {name}", "{text} · {name}", text=procedure.state_title(name, kind), name=name)
    if state.outcome is not None:
        text = say("{text} (outcome: {o})", "{text}（决定结果：{o}）", text=text, o=OUTCOME_TITLES[state.outcome])
    if state.final:
        text = say("{text} — final", "{text}——终结", text=text)
    if state.accountable is not None:
        text = say("{text} — {who}", "{text}——{who}", text=text, who=procedure.role_title(state.accountable))
    if not state.final:
        text = say("{text}, {limit}", "{text}，{limit}", text=text, limit=limit_text(procedure, kind, state))
    if state.clock_stopped_by:
        who = _roles(procedure, state.clock_stopped_by)
        text = say("{text}, clock stopped by {who}", "{text}，可由{who}中止计时", text=text, who=who)
    return with_clause(text, state.clause)


def limit_text(procedure: Procedure, kind: str | None, state: State) -> Text:
    """How long a case or item may stand in ``state``."""
    if state.within is not None:
        return procedure.duration(state.within).title()
    if state.until is not None:
        return say("until {until}", "至{until}", until=procedure.field_title(state.until, kind))
    return Text("final", "终结") if state.final else Text("open-ended", "不设期限")


def outcomes_text(procedure: Procedure) -> Text:
    """The outcomes that a case can come to."""
    return listing([OUTCOME_TITLES[one] for one in outcomes(procedure)], none=Text("none", "无"))


def outcomes(procedure: Procedure) -> list[Outcome]:
    """The outcomes that a case can come to, in the order in which they are always named."""
    found = {state.outcome for state in procedure.states.values()}
    return [one for one in Outcome if one in found]


def fired_by(procedure: Procedure, row: Transition) -> Text:
    """Who may fire a row, or what makes it happen."""
    if row.on:
        return listing([_BREACHES[one] for one in row.on])
    if not row.every:
        return _roles(procedure, row.by)
    when = say("every {what}", "{what}", what=listing([_RECURRENCES[one] for one in row.every]))
    if row.lead is None:
        return when
    return say("{when}, {lead} ahead", "{when}，提前{lead}", when=when, lead=procedure.duration(row.lead).title())


def row_text(procedure: Procedure, kind: str | None, row: Transition) -> Text:
    """A row: what it is called, where it leads, and who may do it, or what makes it happen."""
    text = say(
        "{t} · {n}",
        "{t} · {n}",
        t=row.title or procedure.trigger_title(row.trigger, kind),
        n=row.trigger,
    )
    if row.dest is not None:
        text = say("{text} → {dest}", "{text} → {dest}", text=text, dest=procedure.state_title(row.dest, kind))
    return with_clause(say("{text} — {who}", "{text}——{who}", text=text, who=fired_by(procedure, row)), row.clause)
