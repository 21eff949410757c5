"""Appointing to the roles of a case, and relieving: by the roles that `appointed_by` names, and never oneself."""

from __future__ import annotations

from ..case import Case
from ..errors import Blocker, InvalidInput, near_miss
from ..language import Procedure, Role
from ..text import Text, same, say
from .commands import Appoint, Relieve
from .events import Appointed, Relieved
from .examination import Examination
from .permission import body_blocker, permission, required_body, separation_of_appointee
from .refusals import case_over
from .view import Context, holdings

__all__ = ["decide_appointment", "decide_relief", "required_body"]


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
    office, appointee = command.office, command.appointee
    found = _examination(procedure, case, command, context, Text("appointing {who} as {role}", "任命{who}为{role}"))
    role = procedure.roles[office]
    held = [one for one in case.appointments if one.role == office]
    if procedure.states[case.state].final:
        found.add(case_over(procedure, case))
    if appointee.id == command.actor.id:
        found.add(_plain("oneself", Text("nobody appoints themselves", "不得任命本人")))
    if any(one.actor == appointee.id for one in held):
        found.add(_plain("unique", say("{who} holds the role already", "{who}已任该职", who=appointee.id)))
    elif role.holders is not None and len(held) >= role.holders:
        seats = say(
            "all {n} seat(s) are taken; relieve a holder first", "{n}个席位已满；请先免去一名任职者", n=role.holders
        )
        found.add(_plain("seats", seats))
    found.add(body_blocker(procedure, case.facts, {}, role, appointee))
    found.add(separation_of_appointee(procedure, case, office, appointee, context))
    found.event = Appointed(office=office, appointee=appointee)
    return found


def decide_relief(procedure: Procedure, case: Case, command: Relieve, context: Context) -> Examination:
    """Examine the end of an appointment: by those who appoint, of somebody who holds the role."""
    found = _examination(procedure, case, command, context, Text("relieving {who} as {role}", "免去{who}的{role}职务"))
    who = (command.office, command.appointee.id, command.appointee.body)
    if not any((one.role, one.actor, one.body) == who for one in case.appointments):
        found.add(_plain("role", say("{who} does not hold the role", "{who}未任该职", who=command.appointee)))
    if procedure.states[case.state].final:
        found.add(case_over(procedure, case))
    found.event = Relieved(office=command.office, appointee=command.appointee)
    return found


def _examination(
    procedure: Procedure, case: Case, command: Appoint | Relieve, context: Context, act: Text
) -> Examination:
    role = _office(procedure, command.office)

    def named() -> Text:
        who = same(command.appointee.id)
        return say(act.en, act.zh, who=who, role=procedure.role_title(command.office))

    def held() -> frozenset[str]:
        return frozenset(one.role for one in holdings(case, context) if one.actor == command.actor.id)

    allowed = permission(procedure, case, role.appointed_by, {}, command, context)
    return Examination(named, role.appointed_by, allowed, held)


def _plain(kind: str, text: Text) -> Blocker:
    return Blocker(kind=kind, text=text)
