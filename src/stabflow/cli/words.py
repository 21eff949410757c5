"""Acts, values and times in words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from ..calendar import end_text
from ..case import Breach, kind_of, office_of
from ..decision.breaches import CLOCK, ESTIMATED, TOO_LATE
from ..decision.events import (
    Added,
    Amended,
    Appointed,
    BreachConfirmed,
    BreachFound,
    BreachVoided,
    ClockResumed,
    ClockStopped,
    Constituted,
    Delegated,
    DelegationEnded,
    Event,
    ItemMoved,
    Migrated,
    Moved,
    Opened,
    Recalendared,
    Recused,
    Relieved,
    Withdrawn,
)
from ..decision.permission import BY_TIME, TIME_TITLE
from ..decision.recalendaring import CALENDAR_AUTHORITY
from ..history.record import Record
from ..language import Procedure
from ..reports.duty_words import duty_title
from ..text import Text, joined, listing, same, say
from ..values import File, Value, Withheld


def minute(moment: datetime, zone: tzinfo) -> str:
    """A time as the procedure's clock shows it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def day(moment: datetime, zone: ZoneInfo) -> str:
    """The day of a time by the procedure's clock."""
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def act_title(procedure: Procedure, event: Event) -> Text:
    """What was done, as the procedure calls it."""
    match event:
        case Opened():
            return procedure.trigger_title(event.trigger)
        case Moved():
            return procedure.trigger_title(event.trigger)
        case Added():
            return _of(procedure, procedure.trigger_title(event.trigger, event.kind), event.item)
        case ItemMoved():
            return _of(procedure, procedure.trigger_title(event.trigger, kind_of(event.item)), event.item)
        case Amended():
            what = procedure.item_title(event.item) if event.item is not None else Text("the case", "案件")
            return say("amend {what}", "更正{what}", what=what)
        case ClockStopped() | ClockResumed():
            return _clock_title(procedure, event)
        case Appointed() | Relieved():
            who, role = same(event.appointee.id), procedure.role_title(event.office)
            if isinstance(event, Appointed):
                return say("appoint {who} as {role}", "任命{who}为{role}", who=who, role=role)
            return say("relieve {who} of the role of {role}", "免去{who}的{role}职务", who=who, role=role)
        case Recused() | Delegated() | DelegationEnded():
            return _deputy_title(procedure, event)
        case Migrated():
            return say("go on under version {n}", "改按第{n}版办理", n=event.procedure_version)
        case Recalendared():
            id_ = event.calendar
            return say("count due times anew by {calendar}", "按工作日历{calendar}重新计算期限", calendar=id_)
        case BreachFound():
            return breach_title(procedure, event)
        case BreachConfirmed():
            what = duty_title(procedure, event.duty)
            return say("confirm that a duty was breached: {what}", "确认未履职：{what}", what=what)
        case BreachVoided():
            what = duty_title(procedure, event.duty)
            return say("void a breach: {what}", "撤销未履职记录：{what}", what=what)
        case Constituted() | Withdrawn():
            return say("{who}: {role}", "{who}：{role}", who=event.holder.id, role=procedure.role_title(event.office))
    return same(event.tag)


def _clock_title(procedure: Procedure, event: ClockStopped | ClockResumed) -> Text:
    what = Text("the case", "案件") if event.item is None else procedure.item_title(event.item)
    if isinstance(event, ClockStopped):
        return say("stop the clock of {what}", "对{what}中止计时", what=what)
    return say("resume the clock of {what}", "对{what}恢复计时", what=what)


def breach_title(procedure: Procedure, event: BreachFound | Breach) -> Text:
    """What was not done in time, and what makes that doubtful."""
    what = duty_title(procedure, event.duty)
    if event.level:
        who = listing([procedure.role_title(role) for role in event.roles if role in procedure.roles])
        title = say("not answered in time by {who}: {what}", "{who}逾期未响应：{what}", who=who, what=what)
    elif office_of(event.duty) is not None:
        title = say("not filled in time: {what}", "逾期未任命：{what}", what=what)
    else:
        title = say("not done in time: {what}", "逾期未办：{what}", what=what)
    if not event.doubts:
        return title
    doubts = listing([_DOUBTS.get(one, same(one)) for one in event.doubts])
    return say("possibly {title} ({doubts})", "疑似{title}（{doubts}）", title=title, doubts=doubts)


_DOUBTS = {
    ESTIMATED: Text("the due time was estimated", "期限为暂估"),
    CLOCK: Text("a clock stood wrong", "时钟有误"),
    TOO_LATE: Text("recorded only when the limit had passed", "记录时期限已过"),
}


def role_of(procedure: Procedure, record: Record) -> Text:
    """The role in which something was done; what time does, or an authority outside the case, is done in none of its roles."""
    return _OUTSIDE.get(record.role) or procedure.role_title(record.role)


_OUTSIDE = {
    BY_TIME: TIME_TITLE,
    CALENDAR_AUTHORITY: Text("authority for the calendar", "工作日历主管方"),
}


def _deputy_title(procedure: Procedure, event: Recused | Delegated | DelegationEnded) -> Text:
    role, who = procedure.role_title(event.office), event.who if isinstance(event, Recused) else event.delegate
    if isinstance(event, Recused):
        return say(
            "recuse {who} ({role}): {reason}",
            "{who}（{role}）回避：{reason}",
            who=who.id,
            role=role,
            reason=event.reason,
        )
    if isinstance(event, DelegationEnded):
        return say("end the delegation of {role} to {who}", "终止对{who}代行{role}的委托", who=who.id, role=role)
    return say(
        "delegate {role} to {who}, {period}: {reason}",
        "委托{who}代行{role}，{period}：{reason}",
        who=who.id,
        role=role,
        period=period(event.since, event.until, procedure.zone),
        reason=event.reason,
    )


def period(since: datetime | None, until: datetime, zone: ZoneInfo) -> Text:
    """From when to when something lasts."""
    end = end_text(until, zone)
    if since is None:
        return say("until {end}", "至{end}止", end=end)
    return say("from {begun} until {end}", "自{begun}起至{end}止", begun=minute(since, zone), end=end)


def _of(procedure: Procedure, title: Text, item: str) -> Text:
    return say("{title} ({item})", "{title}（{item}）", title=title, item=procedure.item_title(item))


def stated_in(event: Event) -> tuple[str | None, Mapping[str, Value]]:
    """The kind (``None``: the case) and the values that an event states."""
    match event:
        case Opened() | Moved():
            return None, event.values
        case Added():
            return event.kind, event.values
        case ItemMoved():
            return kind_of(event.item), event.values
        case Amended():
            return (None if event.item is None else kind_of(event.item)), event.values
    return None, {}


def value_text(procedure: Procedure, kind: str | None, name: str, value: Value) -> Text:
    """A value as people read it."""
    if isinstance(value, File):
        type_, digest = value.media_type, value.sha256[:12]
        return say(
            "{title} ({type}, SHA-256 {digest}…)",
            "{title}（{type}，SHA-256 {digest}…）",
            title=value.title,
            type=type_,
            digest=digest,
        )
    if isinstance(value, date):
        return same(value.isoformat())
    if isinstance(value, Withheld):
        below = value.below
        return Text("not shown", "不予公开") if below is None else Text(f"<{below}", f"少于{below}")
    if isinstance(value, Decimal):
        return same(f"{value:f}")
    return procedure.choice_title(procedure.field_of(name, kind), value)


def brief(procedure: Procedure, kind: str, values: Mapping[str, Value]) -> Text:
    """The values of an item in one line, in the order of its fields, each with its name; of a file the title alone."""
    parts: list[Text] = []
    for name, value in in_order(procedure, kind, values):
        text = same(value.title) if isinstance(value, File) else value_text(procedure, kind, name, value)
        parts.append(say("{name}: {value}", "{name}：{value}", name=procedure.field_title(name, kind), value=text))
    return joined(parts, same("\N{NO-BREAK SPACE}· "))


def in_order(procedure: Procedure, kind: str | None, values: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """``values`` in the order in which the procedure names the fields of ``kind`` (``None``: the facts of the case)."""
    return [(name, values[name]) for name in procedure.lifecycle(kind).fields if name in values]
