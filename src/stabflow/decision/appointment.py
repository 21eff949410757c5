"""Appointing to the roles of a case, and relieving: by the roles that `appointed_by` names, and never oneself."""

from __future__ import annotations

from collections.abc import Mapping

from ..case import Case
from ..errors import Blocker, InvalidInput, near_miss
from ..language import Procedure, Role
from ..text import Text, same, say
from ..values import Actor, Value
from .commands import Appoint, Relieve
from .events import Appointed, Relieved
from .examination import Examination
from .permission import permission, separation_of_appointee
from .view import Context


def _office(procedure: Procedure, office: str) -> Role:
    role = procedure.roles.get(office)
    if role is None:
        raise InvalidInput.at("role", f"unknown role {office!r}", near_miss(office, procedure.roles))
    if role.standing:
        raise InvalidInput.at(
            "role", f"{office!r} is a standing office", "constitute it outside the case: engine.constitute(…)"
        )
    return role


def decide_appointment(procedure: Procedure, case: Case, command: Appoint, context: Context) -> Examination:
    """Examine an appointment: who appoints, whom, to what, for which body, beside what else they do."""
    role = _office(procedure, command.office)
    act = say(
        "appointing {who} as {role}",
        "任命{who}为{role}",
        who=same(command.appointee.id),
        role=procedure.role_title(command.office),
    )
    allowed = permission(procedure, case, role.appointed_by, {}, command, context)
    found = [allowed.blocker] if allowed.blocker is not None else []
    held = [one for one in case.appointments if one.role == command.office]
    if procedure.states[case.state].final:
        found.append(_plain("state", Text("the case is over", "事项已终结")))
    if command.appointee.id == command.actor.id:
        found.append(_plain("oneself", Text("nobody appoints themselves", "不得任命本人")))
    if any(one.actor == command.appointee.id for one in held):
        found.append(_plain("unique", Text("holds the role already", "已任该职")))
    elif role.holders is not None and len(held) >= role.holders:
        seats = say(
            "all {n} seat(s) are taken; relieve a holder first", "{n}个席位已满;请先免去一名任职者", n=role.holders
        )
        found.append(_plain("seats", seats))
    found += filter(None, (_body(procedure, case, role, command.appointee),))
    found += filter(None, (separation_of_appointee(procedure, case, command.office, command.appointee, context),))
    return Examination(
        act=act,
        role=allowed.role,
        mandate=allowed.mandate,
        blockers=tuple(found),
        roles=role.appointed_by if allowed.is_role_missing else None,
        event=Appointed(office=command.office, appointee=command.appointee),
    )


def decide_relief(procedure: Procedure, case: Case, command: Relieve, context: Context) -> Examination:
    """Examine the end of an appointment: by those who appoint, of somebody who holds the role."""
    role = _office(procedure, command.office)
    act = say(
        "relieving {who} as {role}",
        "免去{who}的{role}职务",
        who=same(command.appointee.id),
        role=procedure.role_title(command.office),
    )
    allowed = permission(procedure, case, role.appointed_by, {}, command, context)
    found = [allowed.blocker] if allowed.blocker is not None else []
    if not any(one.role == command.office and one.actor == command.appointee.id for one in case.appointments):
        found.append(_plain("role", Text("does not hold the role", "未任该职")))
    return Examination(
        act=act,
        role=allowed.role,
        mandate=allowed.mandate,
        blockers=tuple(found),
        roles=role.appointed_by if allowed.is_role_missing else None,
        event=Relieved(office=command.office, appointee=command.appointee),
    )


def _plain(kind: str, text: Text) -> Blocker:
    return Blocker(kind=kind, text=text)


def required_body(procedure: Procedure, facts: Mapping[str, Value], role: Role) -> str | None:
    """The ``list.entry`` id of the body that a holder must act for; ``None`` where any may, "" where it is not known yet."""
    if role.body is None:
        return None
    if "." in role.body:
        return role.body.partition(".")[2]
    value = facts.get(role.body)
    fact = procedure.facts[role.body]
    if not isinstance(value, str) or fact.of is None:
        return ""
    parent = procedure.lists[fact.of][value].of
    return value if parent is None else parent.partition(".")[2]


def _body(procedure: Procedure, case: Case, role: Role, appointee: Actor) -> Blocker | None:
    needed = required_body(procedure, case.facts, role)
    if needed is None or needed == appointee.body:
        return None
    if needed == "":
        what = procedure.field_title(role.body or "")
        return Blocker(
            kind="unstated", text=say("state {what} first", "请先填报{what}", what=what), unstated=(role.body or "",)
        )
    return Blocker(
        kind="body",
        text=say(
            "must act for {needed}, not for {body}", "应代表{needed},而非{body}", needed=needed, body=appointee.body
        ),
        have=same(appointee.body),
        need=same(needed),
    )
