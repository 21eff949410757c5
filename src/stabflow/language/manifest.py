"""The clause manifest of a procedure: every clause of its source, and what carries it out."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..requirements import Requirement
from ..text import Text, listing, quoted, say, worded
from .citations import Place, places
from .definition import Procedure
from .lifecycle import Field, State, Transition
from .notice_rules import NoticeRule
from .parts import Clause, Gate, ItemKind, ListEntry, Parameter, Property, Role, Separation, titled
from .requirement_text import requirement_text


@attrs.frozen
class Carrier:
    """A part of a procedure that cites a clause: where it stands in the file, and how it reads."""

    path: str
    title: Text


@attrs.frozen
class Carried:
    """A clause, and what carries it out; nothing does where its ``deviation`` says why."""

    id: str
    clause: Clause
    carriers: tuple[Carrier, ...]

    @property
    def deviation(self) -> Text | None:
        """Why nothing carries it, in both languages; in the one of the author where there is no other."""
        reason = self.clause.deviation
        return None if reason is None else worded(reason)


def manifest(procedure: Procedure) -> tuple[Carried, ...]:
    """Every clause of the source of ``procedure``, in its order, with its carriers in the order of the file."""
    found: dict[str, list[Carrier]] = {clause: [] for clause in procedure.clauses}
    for place in places(procedure):
        for clause in place.part.clause:
            found[clause].append(Carrier(place.path, _title(procedure, place)))
    return tuple(Carried(name, clause, tuple(found[name])) for name, clause in procedure.clauses.items())


def notes(procedure: Procedure) -> Mapping[str, Text]:
    """The notes on the source of ``procedure``, by the clause."""
    return {name: clause.note for name, clause in procedure.clauses.items() if clause.note is not None}


def _title(procedure: Procedure, place: Place) -> Text:
    """A part as the reader of a list of parts knows it."""
    match place.part:
        case ListEntry():
            return say("choice {name}", "选项{name}", name=quoted(place.part.title))
        case Parameter():
            return say("parameter {name}", "参数{name}", name=quoted(procedure.field_title(place.name)))
        case Role():
            return say("role {name}", "角色{name}", name=quoted(place.part.title))
        case Separation():
            who = listing([procedure.role_title(one) for one in place.part.roles])
            return say("separation of {who}", "不得兼任：{who}", who=who)
        case Field():
            return _of(procedure, place, "field {name}", "字段{name}", procedure.field_title(place.name, place.kind))
        case State():
            return _of(procedure, place, "state {name}", "状态{name}", procedure.state_title(place.name, place.kind))
        case Transition():
            return _of(procedure, place, "act {name}", "流转规则{name}", _row(procedure, place, place.part))
        case ItemKind():
            return say("kind of item {name}", "事项要素类别{name}", name=quoted(place.part.title))
        case Gate():
            return Text("the gate", "实施关口")
        case Property():
            return say("to be proved: {name}", "应予证明：{name}", name=quoted(place.part.title))
        case NoticeRule():
            return say("notice {name}", "通知{name}", name=quoted(titled(place.part.name, place.part.title)))
        case Requirement():
            return say(
                "{of}: {what}",
                "{of}：{what}",
                of=_owner(procedure, place),
                what=requirement_text(procedure, place.kind, place.part),
            )


def _owner(procedure: Procedure, place: Place) -> Text:
    """What a requirement stands on."""
    match place.of:
        case Transition():
            row = _row(procedure, place, place.of)
            return _of(procedure, place, "required for {name}", "{name}的前置要求", row)
        case Property():
            return say("to be proved: {name}", "应予证明：{name}", name=quoted(place.of.title))
        case _:
            return Text("required by the gate", "实施关口的前置要求")


def _row(procedure: Procedure, place: Place, row: Transition) -> Text:
    return row.title or procedure.trigger_title(place.name, place.kind)


def _of(procedure: Procedure, place: Place, en: str, zh: str, name: Text) -> Text:
    said = say(en, zh, name=quoted(name))
    if place.kind is None:
        return said
    kind = quoted(procedure.kind_title(place.kind))
    return say("{said} of {kind}", "{kind}的{said}", said=said, kind=kind)
