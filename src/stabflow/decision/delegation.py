"""Taking no further part in a case, and acting in a role for who holds it: recusal, delegation, and the end of one.

A delegation is one level deep, dated, and only of a role that is `delegable`. It never lets anybody do what the holder could not,
nor what they could not do themselves: what keeps either from an act keeps the delegate from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import attrs

from ..calendar import due_on, end_text
from ..case import Case, Delegation
from ..errors import Blocker, InvalidInput, near_miss
from ..language import Procedure, Role
from ..text import Text, say
from ..values import Actor, check_office_holder, clean_text, utc
from .amendment import MAX_REASON
from .commands import Command, Delegate, EndDelegation, Recuse
from .duties import left_vacant
from .events import Delegated, DelegationEnded, Recused, Vacancy
from .examination import Examination
from .out_of_role import recused_blocker
from .permission import Permission, mandates, permission, separations_of_appointee
from .refusals import case_over, plain
from .view import Context, delegations, holdings, roles_held

_DAY = timedelta(days=1)
_ANY = datetime(2000, 1, 1, tzinfo=UTC)
"""From when a day is counted to its end makes no difference."""


def decide_recusal(procedure: Procedure, case: Case, command: Recuse, context: Context) -> Examination:
    """Examine a recusal: by oneself, or by a role that appoints to the office or is above it."""
    role = _office(procedure, command.office)
    who, office = command.who, command.office
    check_office_holder(who, "who")
    reason = clean_text(command.reason, "reason", max_length=MAX_REASON)
    above = tuple(name for name in procedure.roles if office in procedure.subordinates[name])
    parties = tuple(dict.fromkeys((*role.appointed_by, *above)))
    if who == command.actor:
        allowed = _in_own(procedure, case, office, command, context)
    elif parties:
        allowed = permission(procedure, case, parties, {}, command, context)
    else:
        own = Text("only the holder may do this: nobody is above this office", "仅任职者本人可办理：该职务之上无人督导")
        allowed = Permission("", "", plain("role", own), is_role_missing=True)
    act = say("recusing {who} as {role}", "{who}（{role}）回避", who=who.id, role=role.title)
    found = _examination(case, command, context, act, parties or (office,), allowed)
    if who.id in case.recused:
        found.add(plain("recused", say("{who} was recused already", "{who}此前已回避", who=who.id)))
    elif not _is_there(procedure, case, office, who, context):
        found.add(_not_there(procedure, office, who))
    if procedure.states[case.state].final and not _goes_on(procedure, case):
        found.add(case_over(procedure, case))
    found.event = Recused(
        office=office, who=who, reason=reason, vacancies=tuple(_left_vacant(procedure, case, who, context))
    )
    return found


def _left_vacant(procedure: Procedure, case: Case, who: Actor, context: Context) -> Iterator[Vacancy]:
    """The roles of the case that only ``who`` holds, which are to be filled again by some time."""
    others = {one.role for one in case.appointments if one.actor != who.id}
    for office in dict.fromkeys(
        one.role for one in case.appointments if one.actor == who.id and one.role not in others
    ):
        due = left_vacant(procedure, case, office, context)
        if due is not None:
            yield Vacancy(office=office, due=due)


def decide_delegation(procedure: Procedure, case: Case, command: Delegate, context: Context) -> Examination:
    """Examine a delegation: by who holds the role, of a role that may be delegated, to somebody who could hold it."""
    role = _office(procedure, command.office)
    office, to = command.office, command.to
    check_office_holder(to, "to")
    reason = clean_text(command.reason, "reason", max_length=MAX_REASON)
    since, until = _period(procedure, command, context)
    allowed = permission(procedure, case, (office,), {}, command, context)
    act = say("delegating {role} to {who}", "委托{who}代行{role}", who=to.id, role=role.title)
    found = _examination(case, command, context, act, (office,), allowed)
    if allowed.principal:
        found.add(plain("onward", Text("what was delegated is not delegated on", "受委托的职权不得转委托")))
    if not role.delegable:
        found.add(
            attrs.evolve(
                plain("delegable", say("{role} may not be delegated", "{role}的职权不得委托", role=role.title)),
                clause=role.clause,
            )
        )
    for blocker in _against_delegate(procedure, case, command, context):
        found.add(blocker)
    if procedure.states[case.state].final:
        found.add(case_over(procedure, case))
    found.event = Delegated(office=office, delegate=to, since=since, until=until, reason=reason)
    return found


def _against_delegate(procedure: Procedure, case: Case, command: Delegate, context: Context) -> Iterator[Blocker]:
    """What stands against the one to whom the role is to be delegated."""
    office, to, by = command.office, command.to, command.actor
    if to.id == by.id:
        yield plain("oneself", Text("nobody delegates to themselves", "不得委托本人"))
        return
    if to.id in case.recused:
        yield recused_blocker(procedure, case, to.id, (office,))
    if to.body != by.body:
        yield plain(
            "body",
            say(
                "a delegate acts for the body of whom they act for: {body}, not {other}",
                "受委托人应代表委托人的单位{body}，而非{other}",
                body=by.body,
                other=to.body,
            ),
        )
    if any((one.role, one.actor) == (office, to.id) for one in holdings(case, context)):
        yield plain("unique", say("{who} holds the role already", "{who}已任该职", who=to.id))
    for one in delegations(procedure, case, context):
        if one.office == office and (one.holder == by.id or one.delegate == to.id):
            yield _delegated_already(procedure, one)
    for blocker in separations_of_appointee(procedure, case, office, to, context):
        yield attrs.evolve(blocker, cure=procedure.cures((office,)))


def _delegated_already(procedure: Procedure, one: Delegation) -> Blocker:
    return plain(
        "unique",
        say(
            "{holder} has delegated the role to {delegate}, until {end}: end that first",
            "{holder}已将该职权委托{delegate}，至{end}止：请先终止该委托",
            holder=one.holder,
            delegate=one.delegate,
            end=end_text(one.until, procedure.zone),
        ),
    )


def decide_end(procedure: Procedure, case: Case, command: EndDelegation, context: Context) -> Examination:
    """Examine the end of a delegation: by the holder, by those who appoint to the role, or by the delegate, who lays it down."""
    role = _office(procedure, command.office)
    office, who = command.office, command.delegate
    lent = _lent(procedure, case, office, who, context)
    if lent is not None and who == command.actor and command.role in (None, office):
        allowed = Permission(office, lent.mandate, None)
    else:
        allowed = permission(procedure, case, (office, *role.appointed_by), {}, command, context)
    act = say("ending the delegation of {role} to {who}", "终止对{who}代行{role}的委托", who=who.id, role=role.title)
    found = _examination(case, command, context, act, (office, *role.appointed_by), allowed)
    if lent is None:
        found.add(_not_there(procedure, office, who))
    elif allowed.role == office and command.actor.id not in (lent.holder, lent.delegate) and found.is_free:
        cure = procedure.cures((office, *role.appointed_by))
        text = say("it is {holder} who delegated it", "委托人为{holder}", holder=lent.holder)
        found.add(attrs.evolve(plain("role", text), cure=cure))
    if procedure.states[case.state].final:
        found.add(case_over(procedure, case))
    found.event = DelegationEnded(office=office, delegate=who)
    return found


def _office(procedure: Procedure, office: str) -> Role:
    role = procedure.roles.get(office)
    if role is None:
        raise InvalidInput.at("role", f"unknown role {office!r}", near_miss(office, procedure.roles))
    return role


def _examination(
    case: Case, command: Command, context: Context, act: Text, parties: tuple[str, ...], allowed: Permission
) -> Examination:

    return Examination(lambda: act, parties, allowed, lambda: roles_held(case, command.actor.id, context))


def _in_own(procedure: Procedure, case: Case, office: str, command: Command, context: Context) -> Permission:
    """In the office itself, whatever stands against acting in it: nobody is kept from stepping back."""
    mandate = mandates(case, command.actor, context).get(office)
    if mandate is None:
        lent = _lent(procedure, case, office, command.actor, context)
        mandate = None if lent is None else lent.mandate
    if mandate is None:
        return permission(procedure, case, (office,), {}, command, context)
    return Permission(office, mandate, None)


def _lent(procedure: Procedure, case: Case, office: str, delegate: Actor, context: Context) -> Delegation | None:
    """The delegation of ``office`` to ``delegate`` that is worth something, begun or not."""
    wanted = (office, delegate.id, delegate.body)
    live = delegations(procedure, case, context)
    return next((one for one in live if (one.office, one.delegate, one.body) == wanted), None)


def _is_there(procedure: Procedure, case: Case, office: str, who: Actor, context: Context) -> bool:
    holds = any((one.role, one.actor, one.body) == (office, who.id, who.body) for one in holdings(case, context))
    return holds or _lent(procedure, case, office, who, context) is not None


def _not_there(procedure: Procedure, office: str, who: Actor) -> Blocker:
    return plain(
        "role",
        say(
            "{who} neither holds nor has delegated to them: {role}",
            "{who}既未担任也未受托代行{role}",
            who=who,
            role=procedure.role_title(office),
        ),
    )


def _goes_on(procedure: Procedure, case: Case) -> bool:
    """Whether something is still done in the final state in which the case stands."""
    rows = (row for kind in procedure.items.values() for row in kind.transitions)
    return any(procedure.goes_on_in(row, case.state) for row in rows)


def _period(procedure: Procedure, command: Delegate, context: Context) -> tuple[datetime | None, datetime]:
    """From when to when: a date begins at 0:00 and ends at 24:00 of its day, where the procedure is at home."""
    now = context.now
    until = _moment(procedure, command.until, "until", end=True)
    since = None if command.since is None else _moment(procedure, command.since, "since", end=False)
    if since is not None and since <= now:
        today = now.astimezone(procedure.zone).date()
        if isinstance(command.since, datetime) or command.since != today:
            raise InvalidInput.at("since", f"{command.since} is past", "a delegation begins now or later: leave it out")
        since = None
    if until <= (since or now):
        raise InvalidInput.at("until", f"{command.until} is over before it begins", "give the last day of it")
    return since, until


def _moment(procedure: Procedure, given: object, path: str, *, end: bool) -> datetime:
    if isinstance(given, datetime):
        return utc(given, path)
    if type(given) is not date:
        raise InvalidInput.at(path, f"{given!r:.60} is neither a day nor a time", "such as date(2026, 5, 31)")
    try:
        day = given if end else given - _DAY
    except OverflowError:
        raise InvalidInput.at(path, f"{given} is the first day there is", "give another day") from None
    return due_on(day, _ANY, procedure.zone).at
