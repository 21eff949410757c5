"""How the parts of a procedure are called when two versions are compared, and how their values read."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import attrs

from ..calendar import Duration
from ..language import ACCOUNTABLE, Breach, FieldType, Occasion, Outcome, Procedure, Recurrence, State, Step, Transition
from ..language.lifecycle import HOLIDAY_TITLES, OUTCOME_TITLES, STEP_TITLES
from ..language.parts import titled
from ..language.requirement_text import requirement_text
from ..requirements import Requirement
from ..text import AND, Text, joined, listing, quoted, same, say

NOTHING = Text("nothing", "无")

LABELS: Mapping[str, Text] = {
    "accountable": Text("accountable", "责任主体"),
    "aliases": Text("aliases", "别称"),
    "always": Text("always", "恒成立"),
    "appointed_by": Text("appointed by", "任命者"),
    "at": Text("laid out in", "生成状态"),
    "before": Text("before it", "先后"),
    "body": Text("body it acts for", "所代表单位"),
    "by": Text("done by", "办理者"),
    "clause": Text("clauses", "条款"),
    "clock_stopped_by": Text("may stop the clock", "可中止计时者"),
    "delegable": Text("may be delegated", "可否委托"),
    "dest": Text("leads to", "转入"),
    "deviation": Text("why it is not carried out", "偏离说明"),
    "note": Text("note on the source", "原文疑点"),
    "every": Text("made by the calendar", "定期生成"),
    "field": Text("laid out by", "生成所填字段"),
    "final": Text("is an end", "是否终结"),
    "format": Text("format", "格式"),
    "from": Text("laid out from the list", "生成所用选项"),
    "holders": Text("seats", "席位"),
    "id": Text("id", "编号"),
    "in": Text("open in", "开放状态"),
    "lead": Text("made ahead by", "提前"),
    "leads_to": Text("can be reached", "可达"),
    "limit": Text("limit", "期限"),
    "many": Text("several can be chosen", "可否多选"),
    "material": Text("stated after the decision, forces a new assessment", "决定后填报须重新评估"),
    "max": Text("at most", "上限"),
    "max_length": Text("characters at most", "字数上限"),
    "min": Text("at least", "下限"),
    "never": Text("never", "恒不成立"),
    "of": Text("belongs to", "所属"),
    "Transition.source": Text("leads from", "来源状态"),
    "Field.of": Text("chosen from the list", "所用选项"),
    "on": Text("made upon a breach", "因违规情形生成"),
    "optional": Text("may be left out", "可否不填"),
    "outcome": Text("outcome", "决定结果"),
    "preset": Text("laid out of itself", "预设清单"),
    "requires": Text("requires", "前置要求"),
    "responds_within": Text("time to respond", "响应期限"),
    "set": Text("states", "填报"),
    "source": Text("source", "来源"),
    "step": Text("step", "步骤"),
    "supervises": Text("supervises", "监督对象"),
    "suppress_below": Text("not for the public below", "不予公开的下限"),
    "timezone": Text("time zone", "时区"),
    "title": Text("title", "标题"),
    "type": Text("type", "类型"),
    "unique": Text("no two of the same", "不得重复"),
    "vacant_within": Text("longest vacancy", "空缺期限"),
    "NoticeRule.in": Text("in", "所处状态"),
    "NoticeRule.lead": Text("so long before", "提前时间"),
    "NoticeRule.of": Text("tells of", "所涉事项要素"),
    "NoticeRule.on": Text("occasion", "时机"),
    "subject": Text("subject", "主题"),
    "text": Text("text", "正文"),
    "to": Text("goes to", "发送对象"),
    "triggers": Text("upon", "所涉办理"),
    "value": Text("value", "数值"),
    "verified": Text("verified", "是否已核实"),
    "version": Text("version", "版本"),
}
"""What each key of a procedure file is called; one with its class before it goes first."""

_ROLES = {"accountable", "appointed_by", "by", "clock_stopped_by", "supervises", "to"}
_OWN_STATES = {"dest", "source"}
_CASE_STATES = {"at", "in"}
_FIELDS = {"set", "field", "unique"}
_TYPES = {
    FieldType.BOOL: Text("yes or no", "是否"),
    FieldType.INT: Text("whole number", "整数"),
    FieldType.DECIMAL: Text("decimal", "小数"),
    FieldType.TEXT: Text("text", "文字"),
    FieldType.CHOICE: Text("choice", "选项"),
    FieldType.DATE: Text("date", "日期"),
    FieldType.ACTOR: Text("office-holder", "责任人"),
    FieldType.FILE: Text("file", "文件"),
}
_OCCASIONS = {
    Occasion.BEFORE_DUE: Text("before a due time", "到期前"),
    Occasion.DUE: Text("a limit has passed", "逾期时"),
    Occasion.ESCALATED: Text("gone up", "逾期上报时"),
    Occasion.ENTERED: Text("a state is entered", "进入状态时"),
    Occasion.FIRED: Text("a row is fired", "办理时"),
}
_BREACHES = {Breach.OVERDUE: Text("overdue", "逾期"), Breach.VACANT: Text("vacant", "空缺")}
_RECURRENCES = {
    Recurrence.WEEK: Text("every week", "每周"),
    Recurrence.MONTH: Text("every month", "每月"),
    Recurrence.QUARTER: Text("every quarter", "每季度"),
    Recurrence.HALF_YEAR: Text("every half-year", "每半年"),
    Recurrence.YEAR: Text("every year", "每年"),
    Recurrence.WEEKEND: Text("every weekend", "每周末"),
    Recurrence.HOLIDAY: Text("every holiday", "每个法定节假日"),
    **HOLIDAY_TITLES,
}


@attrs.frozen
class Side:
    """One of the two versions, as seen from the lifecycle of ``kind`` (``None``: of the case); ``spoken`` has the titles by which
    its things are told apart from those of the other."""

    procedure: Procedure
    kind: str | None = None
    spoken: Procedure = attrs.field(default=attrs.Factory(lambda self: self.procedure, takes_self=True))

    def resolved(self, limit: Duration | str) -> Duration:
        """``limit`` itself, or what the parameter of this name holds."""
        return self.procedure.duration(limit)

    def duration(self, limit: Duration | str) -> Text:
        """A limit in words, the parameter it comes from in brackets."""
        text = self.resolved(limit).title()
        if isinstance(limit, Duration):
            return text
        return say("{text} ({name})", "{text}（{name}）", text=text, name=self.spoken.field_title(limit))

    def limit(self, state: State) -> Text:
        """How long a state may last."""
        if state.within is not None:
            return self.duration(state.within)
        if state.until is not None:
            return say("until {field}", "至{field}", field=self.shown("field", state.until))
        return Text("open-ended", "不设期限") if state.open_ended else NOTHING

    def shown(self, key: str, value: object) -> Text:
        """How ``value`` reads under ``key``."""
        if value is None or value == ():
            return Text("none: it stays where it is", "无，留在原状态") if key == "dest" else NOTHING
        if isinstance(value, tuple):
            return listing([self.shown(key, one) for one in value], last=AND if key == "requires" else None)
        if isinstance(value, Text):
            return quoted(value)
        if isinstance(value, Requirement):
            return requirement_text(self.spoken, self.kind, value)
        if isinstance(value, bool):
            return Text("yes", "是") if value else Text("no", "否")
        if isinstance(value, enum.Enum):
            return _word(value)
        if isinstance(value, Duration):
            return value.title()
        return self._named(key, str(value))

    def _named(self, key: str, name: str) -> Text:
        if key == "to" and name == ACCOUNTABLE:
            return Text("who is accountable", "责任主体")
        if key in _ROLES:
            return quoted(self.spoken.role_title(name))
        if key in _OWN_STATES and name in self.procedure.lifecycle(self.kind).states:
            return quoted(self.spoken.state_title(name, self.kind))
        if key in _CASE_STATES:
            return quoted(self.spoken.state_title(name))
        if key in _FIELDS:
            if name == "actor":
                return Text("the acting person", "办理人")
            return quoted(self.spoken.field_title(name, self.kind))
        if key in ("lead", "responds_within", "vacant_within"):
            return self.duration(name)
        return quoted(same(name)) if key in ("deviation", "aliases") else same(name)

    def of_kind(self, en: str, zh: str, name: Text) -> Text:
        """A part of the lifecycle by its title, the kind beside it where it is none of the case."""
        said = say(f"{en} {{name}}", f"{zh}{{name}}", name=quoted(name))
        if self.kind is None:
            return said
        kind = quoted(self.spoken.kind_title(self.kind))
        return say("{said} of {kind}", "{kind}的{said}", said=said, kind=kind)

    def state(self, name: str) -> Text:
        """A state as the subject of a sentence."""
        return self.of_kind("state", "状态", self.spoken.state_title(name, self.kind))

    def row(self, row: Transition, sources: Sequence[str]) -> Text:
        """A row as the subject of a sentence; ``sources``: those it is spoken of, where it has others."""
        rows = zip(
            self.procedure.lifecycle(self.kind).transitions, self.spoken.lifecycle(self.kind).transitions, strict=True
        )
        spoken = next((spoken for one, spoken in rows if one is row), row)
        said = self.of_kind("row", "流转规则", titled(row.trigger, spoken.title))
        if not sources:
            return said
        where = listing([quoted(self.spoken.state_title(one, self.kind)) for one in sources])
        return say("{said} (from {where})", "{said}（自{where}）", said=said, where=where)


def _word(value: enum.Enum) -> Text:
    match value:
        case Step():
            return STEP_TITLES[value]
        case Outcome():
            return OUTCOME_TITLES[value]
        case FieldType():
            return _TYPES[value]
        case Breach():
            return _BREACHES[value]
        case Occasion():
            return _OCCASIONS[value]
        case Recurrence():
            return _RECURRENCES[value]
    return same(value.value)


def label(type_: type, key: str) -> Text:
    """What ``key`` of a part of this type is called."""
    return LABELS.get(f"{type_.__name__}.{key}") or LABELS.get(key) or same(key.replace("_", " "))


def with_details(thing: Text, details: Sequence[Text]) -> Text:
    """``thing``, and in brackets what is to be known of it."""
    if not details:
        return thing
    return say("{thing} ({d})", "{thing}（{d}）", thing=thing, d=joined(details, Text("; ", "；")))
