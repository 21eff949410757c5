"""What a notice speaks of, in words for people and as facts for programs. Every value that fills a template comes from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import attrs

from ..calendar import Duration, end_text
from ..case import CASE, Case, kind_of_duty, office_of
from ..language import NoticeRule, Procedure
from ..language.lifecycle import OUTCOME_TITLES
from ..personal import named_in
from ..text import Text, same, say
from ..values import Value, moment_text
from .permission import BY_TIME, TIME_TITLE

_NO_LIMIT = Text("no time limit", "无期限")
_NOT_STATED = Text("not stated", "未填报")
_NOT_SHOWN = Text("not shown", "不予显示")
_THE_CASE = Text("the case", "本案件")


@attrs.frozen(kw_only=True)
class Told:
    """What a notice speaks of: ``about`` (a duty) in ``state`` of ``case``, as a rule speaks of it. ``parties`` are the roles
    and actor fields accountable for it, ``bodies`` those of whoever such a field names; ``due`` is when it falls due, or, where
    it has gone up, when an answer does. ``laid_out``: the ``trigger`` was one of the case."""

    case: Case
    about: str
    state: str
    parties: tuple[str, ...]
    bodies: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    due: datetime | None = None
    trigger: str = ""
    laid_out: bool = False
    by_role: str = ""
    level: int = 0
    lead: Duration | None = None

    @property
    def kind(self) -> str | None:
        """The kind of item it is about; ``None``: it is the case, or one of its offices."""
        return kind_of_duty(self.about)


def facts(procedure: Procedure, rule: NoticeRule, told: Told) -> dict[str, str]:
    """The same for programs, ids and moments as they are stored."""
    case, kind = told.case, told.kind
    said = {
        "notice": rule.name,
        "on": rule.on.value,
        "case": case.id,
        "matter": case.matter.key,
        "procedure": str(procedure),
        "about": told.about,
        "state": told.state,
        "kind": kind or "",
        "item": told.about if kind is not None else "",
        "trigger": told.trigger,
        "by_role": told.by_role,
        "outcome": _outcome(procedure, told),
        "due": "" if told.due is None else moment_text(told.due),
        "lead": "" if told.lead is None else str(told.lead),
        "level": str(told.level) if told.level else "",
    }
    return {name: value for name, value in said.items() if value}


def _outcome(procedure: Procedure, told: Told) -> str:
    return procedure.states[told.state].outcome_word if told.about == CASE else ""


def tell(procedure: Procedure, told: Told, role: str, name: str) -> Text:
    """What stands in a template where it says ``name``, for who reads it as ``role``."""
    if name == "role":
        return procedure.role_title(role)
    if name in WORDS:
        return WORDS[name](procedure, told)
    owner = None if told.kind is None else told.case.items[told.about].fields
    value = (owner or {}).get(name, told.case.facts.get(name))
    return _NOT_STATED if value is None else _value(procedure, name, told.kind, value)


def _value(procedure: Procedure, name: str, kind: str | None, value: Value) -> Text:
    if isinstance(value, date):
        return Text(value.isoformat(), f"{value.year}年{value.month}月{value.day}日")
    number = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if named_in(number) is not None:
        return _NOT_SHOWN
    if isinstance(value, Decimal):
        return same(number)
    return procedure.choice_title(procedure.field_of(name, kind), value)


def _item(procedure: Procedure, told: Told) -> Text:
    office = office_of(told.about)
    if office is not None:
        return say("the office “{role}”", "“{role}”岗位", role=procedure.role_title(office))
    return _THE_CASE if told.kind is None else procedure.item_title(told.about)


def _state(procedure: Procedure, told: Told) -> Text:
    if office_of(told.about) is not None:
        return Text("vacant", "空缺")
    return procedure.state_title(told.state, told.kind)


def _trigger(procedure: Procedure, told: Told) -> Text:
    return procedure.trigger_title(told.trigger, None if told.laid_out else told.kind)


def _by_role(procedure: Procedure, told: Told) -> Text:
    return TIME_TITLE if told.by_role == BY_TIME else procedure.role_title(told.by_role)


def _outcome_title(procedure: Procedure, told: Told) -> Text:
    outcome = procedure.states[told.state].outcome
    return _NOT_STATED if outcome is None else OUTCOME_TITLES[outcome]


WORDS: Mapping[str, Callable[[Procedure, Told], Text]] = {
    "case": lambda _, told: same(told.case.id),
    "matter": lambda _, told: same(told.case.matter.key),
    "matter_title": lambda _, told: same(told.case.matter.title),
    "procedure": lambda procedure, _: procedure.title,
    "kind": lambda procedure, told: procedure.kind_title(told.kind or ""),
    "item": _item,
    "state": _state,
    "trigger": _trigger,
    "due": lambda procedure, told: _NO_LIMIT if told.due is None else end_text(told.due, procedure.zone),
    "lead": lambda _, told: same("") if told.lead is None else told.lead.title(),
    "by_role": _by_role,
    "outcome": _outcome_title,
}
"""What each word of `stabflow.language.notice_template.FIELDS` reads as, but for ``role``, which is that of who reads it."""
