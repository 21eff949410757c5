"""Acts, values, times and requirements in words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ..decision.events import (
    Added,
    Amended,
    Appointed,
    Constituted,
    Event,
    ItemMoved,
    Moved,
    Opened,
    Relieved,
    Withdrawn,
)
from ..language import FieldType, Procedure
from ..requirements import Requirement
from ..requirements.case import CaseIs
from ..requirements.combined import AllOf, AnyOf
from ..requirements.elapsed import TimeElapsed
from ..requirements.filled import RolesFilled
from ..requirements.independent_of import IndependentOf
from ..requirements.items import ItemsAre
from ..requirements.plugin import PluginAnswers
from ..requirements.value import ValueIs
from ..text import Text, either, joined, listing, quoted, same, say
from ..values import File, Value


def minute(moment: datetime, zone: ZoneInfo) -> str:
    """A time as the procedure's clock shows it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def day(moment: datetime, zone: ZoneInfo) -> str:
    """The day of a time by the procedure's clock."""
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def kind_of(item: str) -> str:
    """The kind of the item with this id."""
    return item.rpartition("-")[0]


def act_title(procedure: Procedure, event: Event) -> Text:
    """What was done, as the procedure calls it."""
    match event:
        case Opened():
            return procedure.trigger_title(event.trigger)
        case Moved():
            return procedure.trigger_title(event.trigger)
        case Added():
            return _of(procedure.trigger_title(event.trigger, event.kind), event.item)
        case ItemMoved():
            return _of(procedure.trigger_title(event.trigger, kind_of(event.item)), event.item)
        case Amended():
            what = same(event.item) if event.item is not None else Text("the case", "事项")
            return say("amend {what}", "更正{what}", what=what)
        case Appointed() | Relieved():
            who, role = same(event.appointee.id), procedure.role_title(event.office)
            if isinstance(event, Appointed):
                return say("appoint {who} as {role}", "任命{who}为{role}", who=who, role=role)
            return say("relieve {who} of the role of {role}", "免去{who}的{role}职务", who=who, role=role)
        case Constituted() | Withdrawn():
            return say("{who}: {role}", "{who}：{role}", who=event.holder.id, role=procedure.role_title(event.office))
    return same(event.tag)


def _of(title: Text, item: str) -> Text:
    return say("{title} ({item})", "{title}（{item}）", title=title, item=item)


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
    if isinstance(value, Decimal):
        return same(f"{value:f}")
    return procedure.choice_title(procedure.field_of(name, kind), value)


def value_json(value: Value) -> object:
    """A value for programs."""
    if isinstance(value, File):
        return {"title": value.title, "media_type": value.media_type, "sha256": value.sha256}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return list(value) if isinstance(value, tuple) else value


def brief(procedure: Procedure, kind: str, values: Mapping[str, Value]) -> Text:
    """The values of an item in one line, in the order of its fields, counts with their names."""
    parts: list[Text] = []
    for name, value in in_order(procedure, kind, values):
        text = value_text(procedure, kind, name, value)
        field = procedure.field_of(name, kind)
        if isinstance(value, File):
            text = same(value.title)
        elif field is not None and field.type in (FieldType.INT, FieldType.DECIMAL, FieldType.BOOL, FieldType.DATE):
            text = say("{name} {value}", "{name}{value}", name=procedure.field_title(name, kind), value=text)
        parts.append(text)
    return joined(parts, same("\N{NO-BREAK SPACE}· "))


def in_order(procedure: Procedure, kind: str | None, values: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """``values`` in the order in which the procedure names the fields of ``kind`` (``None``: the facts of the case)."""
    return [(name, values[name]) for name in procedure.lifecycle(kind).fields if name in values]


def cited(clauses: Sequence[str]) -> Text:
    """Clauses of the source, by name."""
    return listing([same(clause) for clause in clauses])


def requirement_text(procedure: Procedure, kind: str | None, one: Requirement) -> Text:
    """What a row requires, as a clerk would say it."""
    text = one.title or _plain(procedure, kind, one)
    if not one.when:
        return text
    asked = [requirement_text(procedure, kind, condition) for condition in one.when]
    return say("if {asked}: {text}", "若{asked}：{text}", asked=joined(asked, Text(" and ", "且")), text=text)


def _plain(procedure: Procedure, kind: str | None, one: Requirement) -> Text:
    match one:
        case ItemsAre():
            return _items(procedure, one)
        case ValueIs():
            return _value(procedure, kind, one)
        case CaseIs():
            states = either([procedure.state_title(name) for name in one.case])
            return say("the case stands in {states}", "事项处于{states}", states=states)
        case AnyOf():
            return joined([requirement_text(procedure, kind, part) for part in one.any], Text(", or ", "，或"))
        case AllOf():
            return joined([requirement_text(procedure, kind, part) for part in one.all], Text(", and ", "，且"))
        case TimeElapsed():
            limit, state = procedure.duration(one.elapsed).title(), quoted(procedure.state_title(one.since, kind))
            return say("{limit} have passed since {state}", "自{state}起满{limit}", limit=limit, state=state)
        case IndependentOf():
            triggers = {row.trigger for row in procedure.lifecycle(kind).transitions}
            acts = [
                procedure.trigger_title(name, kind) if name in triggers else procedure.role_title(name)
                for name in one.independent_of
            ]
            return say("by somebody who has no part in: {acts}", "由未参与下列事项者办理：{acts}", acts=listing(acts))
        case RolesFilled():
            roles = listing([procedure.role_title(role) for role in one.filled])
            if one.at_least == 1:
                return say("appointed: {roles}", "已任命：{roles}", roles=roles)
            least = _bound(procedure, kind, one.at_least)
            return say("at least {n} appointed: {roles}", "至少已任命{n}名：{roles}", n=least, roles=roles)
        case PluginAnswers():
            return say("the plugin requirement {name} holds", "插件要求{name}成立", name=one.plugin)
    return same(one.kind)


def _bound(procedure: Procedure, kind: str | None, bound: int | str) -> Text:
    if isinstance(bound, int):
        return same(bound)
    parameter = procedure.parameters.get(bound)
    if parameter is None:
        return procedure.field_title(bound, kind)
    return say("{name} ({n})", "{name}（{n}）", name=procedure.field_title(bound, kind), n=parameter.value)


def _items(procedure: Procedure, one: ItemsAre) -> Text:
    details = [either([procedure.state_title(state, one.items) for state in one.in_])] if one.in_ else []
    fields = procedure.items[one.items].fields
    for name, accepted in one.where.items():
        values = either([procedure.choice_title(fields[name], value) for value in accepted])
        details.append(
            say("{name} {values}", "{name}为{values}", name=procedure.field_title(name, one.items), values=values)
        )
    if one.since is not None:
        details.append(say("since {state}", "自{state}起", state=quoted(procedure.state_title(one.since))))
    what = procedure.kind_title(one.items)
    if details:
        what = say("{what} ({details})", "{what}（{details}）", what=what, details=joined(details, Text("; ", "；")))
    if one.every is not None:
        states = either([procedure.state_title(state, one.items) for state in one.every])
        return say("every {what} is {states}", "所有{what}均为{states}", what=what, states=states)
    if one.over is not None:
        return say("more than {share} of all are {what}", "{what}超过全部的{share}", what=what, share=one.over)
    if one.at_most == 0:
        return say("no {what}", "无{what}", what=what)
    name = "at_least" if one.at_least is not None else "at_most" if one.at_most is not None else "equals"
    en, zh = {"at_least": ("at least", "至少"), "at_most": ("at most", "至多"), "equals": ("exactly", "恰好")}[name]
    return say(f"{en} {{n}} {{what}}", f"{zh}{{n}}项{{what}}", n=_bound(procedure, None, getattr(one, name)), what=what)


def _value(procedure: Procedure, kind: str | None, one: ValueIs) -> Text:
    names = joined([procedure.field_title(name, kind) for name in one.value], Text(" + ", "+"))
    if one.is_ is not None:
        field = procedure.field_of(one.value[0], kind)
        values = either([procedure.choice_title(field, value) for value in one.is_])
        return say("{names} is {values}", "{names}为{values}", names=names, values=values)
    if one.times != 1:
        names = say("({names}) × {times}", "（{names}）×{times}", names=names, times=one.times)
    comparison, bound = one.comparison
    en, zh = {"at_least": ("at least", "不少于"), "at_most": ("at most", "不多于"), "equals": ("equal to", "等于")}[
        comparison
    ]
    return say(f"{{names}} {en} {{n}}", f"{{names}}{zh}{{n}}", names=names, n=_bound(procedure, kind, bound))
