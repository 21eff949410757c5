"""Appointing to the roles of a case, and relieving: by the roles that `appointed_by` names, and never oneself."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..case import Case
from ..errors import Blocker, InvalidInput, near_miss
from ..language import Procedure, Role
from ..text import Text, same, say
from ..values import Actor, check_office_holder
from .commands import Appoint, Relieve
from .duties import left_vacant
from .events import Appointed, Relieved
from .examination import Examination
from .out_of_role import recused_blocker
from .permission import body_blocker, permission, separations_of_appointee
from .refusals import case_over, plain
from .view import Context, holdings, roles_held

_OUTSIDE = {
    Appoint: "it is filled outside the cases: engine.constitute(…); case.appoint(…) is for the roles of one case",
    Relieve: "it is ended outside the cases: engine.withdraw(…); case.relieve(…) is for the roles of one case",
}


def _office(procedure: Procedure, command: Appoint | Relieve) -> Role:
    office = command.office
    role = procedure.roles.get(office)
    if role is None:
        raise InvalidInput.at("role", f"unknown role {office!r}", near_miss(office, procedure.roles))
    if role.standing:
        raise InvalidInput.at("role", f"{office!r} is a standing office", _OUTSIDE[type(command)])
    return role


def decide_appointment(procedure: Procedure, case: Case, command: Appoint, context: Context) -> Examination:
    """Examine an appointment: who appoints, whom, to what, for which body, beside what else they do."""
    office, appointee = command.office, command.appointee
    check_office_holder(appointee, "appointee")
    found = _examination(procedure, case, command, context, Text("appointing {who} as {role}", "任命{who}为{role}"))
    if procedure.states[case.state].final:
        found.add(case_over(procedure, case))
    by = found.allowed.persons(command.actor.id)
    for blocker in against_holding(procedure, case, office, appointee, by, context):
        found.add(blocker)
    found.event = Appointed(office=office, appointee=appointee)
    return found


def against_holding(
    procedure: Procedure, case: Case | None, office: str, holder: Actor, by: Collection[str], context: Context
) -> Iterator[Blocker]:
    """What stands against ``by`` (who acts, and whom they act for) giving ``holder`` a role of ``case`` or, where that is
    ``None``, a standing office."""
    role = procedure.roles[office]
    held = [one.actor for one in holdings(case, context) if one.role == office]
    if holder.id in by:
        yield plain("oneself", Text("nobody appoints themselves", "不得任命本人"))
    if case is not None and holder.id in case.recused:
        yield recused_blocker(procedure, case, holder.id, role.appointed_by)
    if holder.id in held:
        yield plain("unique", say("{who} holds the role already", "{who}已任该职", who=holder.id))
    elif role.holders is not None and len(held) >= role.holders:
        yield plain("seats", _no_seat(role.holders, standing=role.standing))
    # Outside a case, the body that a fact will tell cannot be known.
    body = body_blocker(procedure, case, {role.body or "": None} if case is None else {}, role, holder)
    if body is not None:
        yield body
    yield from separations_of_appointee(procedure, case, office, holder, context)


def decide_relief(procedure: Procedure, case: Case, command: Relieve, context: Context) -> Examination:
    """Examine the end of an appointment: by those who appoint, of somebody who holds the role."""
    found = _examination(
        procedure, case, command, context, Text("relieving {who} of the role of {role}", "免去{who}的{role}职务")
    )
    who = (command.office, command.appointee.id, command.appointee.body)
    if not any((one.role, one.actor, one.body) == who for one in case.appointments):
        found.add(plain("role", say("{who} does not hold the role", "{who}未任该职", who=command.appointee)))
    if procedure.states[case.state].final:
        found.add(case_over(procedure, case))
    left = [one for one in case.appointments if one.role == command.office and one.actor != command.appointee.id]
    until = None if left else left_vacant(procedure, case, command.office, context)
    found.event = Relieved(office=command.office, appointee=command.appointee, vacant_until=until)
    return found


def _examination(
    procedure: Procedure, case: Case, command: Appoint | Relieve, context: Context, act: Text
) -> Examination:
    role = _office(procedure, command)

    def named() -> Text:
        who = same(command.appointee.id)
        return say(act.en, act.zh, who=who, role=procedure.role_title(command.office))

    allowed = permission(procedure, case, role.appointed_by, {}, command, context)
    return Examination(named, role.appointed_by, allowed, lambda: roles_held(case, command.actor.id, context))


def _no_seat(seats: int, *, standing: bool) -> Text:
    how = Text("relieve a holder first", "请先免去任职者")
    if standing:
        how = Text("withdraw a holder first: engine.withdraw(…)", "请先终止任职者的任期：engine.withdraw(…)")
    if seats == 1:
        return say("the only seat is taken; {how}", "唯一席位已有人任职；{how}", how=how)
    return say("all {n} seats are taken; {how}", "{n}个席位均已有人任职；{how}", n=seats, how=how)
