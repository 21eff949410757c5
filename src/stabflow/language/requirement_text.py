"""What a row requires, in words, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import attrs

from ..requirements import (
    AllOf,
    AnyOf,
    CaseIs,
    IndependentOf,
    ItemsAre,
    PluginAnswers,
    Requirement,
    RolesFilled,
    TimeElapsed,
    ValueIs,
)
from ..text import Text, either, joined, listing, quoted, same, say
from .definition import Procedure

_HALF = Fraction(1, 2)


def requirement_text(procedure: Procedure, kind: str | None, one: Requirement) -> Text:
    """What a row requires, as a clerk would say it."""
    text = one.title or _plain(procedure, kind, one)
    if not one.when:
        return text
    asked = [requirement_text(procedure, kind, condition) for condition in one.when]
    return say("if {asked}: {text}", "若{asked}：{text}", asked=joined(asked, Text(" and ", "且")), text=text)


def content_text(procedure: Procedure, kind: str | None, one: Requirement) -> Text:
    """What a row requires, made from the data: a title that its author gave may stay while that changes."""
    return requirement_text(procedure, kind, untitled(one))


def untitled(one: Requirement) -> Requirement:
    """``one`` without the titles that its author gave it and its parts."""
    return attrs.evolve(with_parts(one, untitled), title=None)


def with_parts(one: Requirement, changed: Callable[[Requirement], Requirement]) -> Requirement:
    """``one`` with each of its conditions and parts ``changed``."""
    changes: dict[str, Any] = {"when": tuple(map(changed, one.when))}
    if one.parts():
        changes[one.kind] = tuple(map(changed, one.parts()))
    return attrs.evolve(one, **changes)


def _plain(procedure: Procedure, kind: str | None, one: Requirement) -> Text:
    match one:
        case ItemsAre():
            return _items(procedure, one)
        case ValueIs():
            return _value(procedure, kind, one)
        case CaseIs():
            states = either([procedure.state_title(name) for name in one.case])
            return say("the case stands in {states}", "案件处于{states}", states=states)
        case AnyOf():
            return joined([requirement_text(procedure, kind, part) for part in one.any], Text(", or ", "，或"))
        case AllOf():
            return joined([requirement_text(procedure, kind, part) for part in one.all], Text(", and ", "，且"))
        case TimeElapsed():
            limit, state = procedure.duration(one.elapsed).title(), quoted(procedure.state_title(one.since, kind))
            have = "has" if limit.en.startswith("1 ") else "have"
            return say(
                "{limit} {have} passed since {state}", "自{state}起满{limit}", limit=limit, have=have, state=state
            )
        case IndependentOf():
            triggers = {row.trigger for row in procedure.lifecycle(kind).transitions}
            acts = [
                procedure.trigger_title(name, kind) if name in triggers else procedure.role_title(name)
                for name in one.independent_of
            ]
            return say(
                "by somebody who has no part in: {acts}", "由与下列各项无关的人员办理：{acts}", acts=listing(acts)
            )
        case RolesFilled():
            roles = listing([procedure.role_title(role) for role in one.filled])
            if one.at_least == 1:
                return say("appointed: {roles}", "已任命：{roles}", roles=roles)
            return say(
                "at least {n}{named} appointed: {roles}",
                "至少已任命{n}名{named}：{roles}",
                n=_number(procedure, one.at_least),
                named=_named(procedure, one.at_least),
                roles=roles,
            )
        case PluginAnswers():
            given = listing([same(f"{key} = {value}") for key, value in one.with_.items()])
            name = (
                say("{name} ({given})", "{name}（{given}）", name=one.plugin, given=given) if one.with_ else one.plugin
            )
            return say("the plugin requirement {name} holds", "插件要求{name}成立", name=name)
    return same(one.kind)


def _bound(procedure: Procedure, kind: str | None, bound: int | str) -> Text:
    """A number, or the value of that name; a parameter with its number."""
    if isinstance(bound, int):
        return same(bound)
    name, parameter = quoted(procedure.field_title(bound, kind)), procedure.parameters.get(bound)
    if parameter is None:
        return name
    return say("{name} ({n})", "{name}（{n}）", name=name, n=parameter.value)


def _number(procedure: Procedure, bound: int | str) -> Text:
    return same(bound if isinstance(bound, int) else procedure.parameters[bound].value)


def _named(procedure: Procedure, bound: int | str) -> Text:
    """The parameter that a number of things comes from, to stand after the number."""
    if isinstance(bound, int):
        return Text("", "")
    return say(" ({name})", "（{name}）", name=quoted(procedure.field_title(bound)))


def _items(procedure: Procedure, one: ItemsAre) -> Text:
    standing = [either([procedure.state_title(state, one.items) for state in one.in_])] if one.in_ else []
    fields = procedure.items[one.items].fields
    stated = [
        (
            procedure.field_title(name, one.items),
            either([procedure.choice_title(fields[name], value) for value in accepted]),
            fields[name].many,
        )
        for name, accepted in one.where.items()
    ]
    since = [] if one.since is None else [say("since {s}", "自{s}起", s=quoted(procedure.state_title(one.since)))]
    kind = procedure.kind_title(one.items)
    whose = [say(_OF_ITEMS[many].en, _OF_ITEMS[many].zh, name=name, v=values) for name, values, many in stated]
    what = _with_details(kind, [*standing, *whose, *since])
    if one.every is not None:
        states = either([procedure.state_title(state, one.items) for state in one.every])
        return say("every {what} is {states}", "所有{what}均为{states}", what=what, states=states)
    if one.over is not None:
        share = Text("half", "半数") if one.over == _HALF else Text(str(one.over), f"全部的{one.over}")
        have = [f" are {states.en}" for states in standing]
        have += [f" include {v.en} in {name.en}" if many else f" have {name.en} {v.en}" for name, v, many in stated]
        english = f"{_with_details(kind, since).en}: more than {share.en} of all{' and'.join(have)}"
        return Text(english, f"{what.zh}超过{share.zh}")
    if one.at_most == 0:
        return say("no {what}", "无{what}", what=what)
    name = "at_least" if one.at_least is not None else "at_most" if one.at_most is not None else "equals"
    en, zh = {"at_least": ("at least", "至少"), "at_most": ("at most", "至多"), "equals": ("exactly", "恰好")}[name]
    bound = getattr(one, name)
    return say(
        f"{{what}}: {en} {{n}}{{named}}",
        f"{{what}}{zh}{{n}}项{{named}}",
        n=_number(procedure, bound),
        named=_named(procedure, bound),
        what=what,
    )


_OF_ITEMS = {False: Text("{name} {v}", "{name}为{v}"), True: Text("{name} includes {v}", "{name}包括{v}")}
"""What must be stated of an item, by whether several may be chosen."""


def _with_details(what: Text, details: list[Text]) -> Text:
    if not details:
        return what
    return say("{what} ({details})", "{what}（{details}）", what=what, details=joined(details, Text("; ", "；")))


def _value(procedure: Procedure, kind: str | None, one: ValueIs) -> Text:
    names = joined([_bound(procedure, kind, name) for name in one.value], Text(" + ", "+"))
    if one.is_ is not None:
        field = procedure.field_of(one.value[0], kind)
        values = either([procedure.choice_title(field, value) for value in one.is_])
        if field is not None and field.many:
            return say("{names} includes {values}", "{names}包括{values}", names=names, values=values)
        return say("{names} is {values}", "{names}为{values}", names=names, values=values)
    if one.times != 1:
        names = say("({names}) × {times}", "（{names}）×{times}", names=names, times=one.times)
    comparison, bound = one.comparison
    en, zh = {"at_least": ("at least", "不少于"), "at_most": ("at most", "不多于"), "equals": ("equal to", "等于")}[
        comparison
    ]
    return say(f"{{names}} {en} {{n}}", f"{{names}}{zh}{{n}}", names=names, n=_bound(procedure, kind, bound))
