"""What was not done in time: found by time alone, once for each duty, limit and level; confirmed or voided by those above.

A breach is a fact and accuses nobody. It says which roles' duty it was, and who held it then; what follows is the finding's
affair, with its notice and its right of reply. Where there is doubt whether it is one (an estimated due time, a clock that
stood wrong, a limit that had passed before anybody could be told) it is only possible, and nothing comes of it until somebody
above confirms it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from ..calendar import DueTime, due_time
from ..case import Breach, Case, office_of
from ..errors import Blocker, InvalidInput, NotPermitted
from ..language import Breach as Kind
from ..language import Procedure
from ..text import Text, listing, quoted, same, say
from ..values import Actor, clean_text
from .amendment import MAX_REASON
from .commands import ConfirmBreach, FindBreach, VoidBreach
from .duties import Duty, duties_called, open_duties, supervisors
from .events import BreachConfirmed, BreachFound, BreachVoided
from .examination import Examination
from .permission import permission
from .refusals import plain
from .view import Context, holdings, roles_held, served_by

ESTIMATED, CLOCK, TOO_LATE = "estimated", "clock", "too_late"
"""The doubts: the due time was estimated; a clock stood notably wrong; what began the duty, or what escalated it, was recorded
only after its limit had passed."""


NO_BODY = "unknown"
"""Stands for the body of somebody who is named and holds no role by which to tell."""


@attrs.frozen
class Lapsed:
    """A duty, or one of its escalations, whose limit has passed without that being on record yet."""

    duty: str
    state: str
    roles: tuple[str, ...]
    level: int
    due: DueTime


def kind_of_breach(duty: str) -> Kind:
    """What it is not to have done a duty in time: to leave an office vacant, where it is to fill one."""
    return Kind.OVERDUE if office_of(duty) is None else Kind.VACANT


def lapsed(procedure: Procedure, case: Case, now: datetime) -> Iterator[Lapsed]:
    """What has fallen due in ``case`` by ``now`` and is not on record yet, the first due first."""
    yield from _lapsed(open_duties(procedure, case), now)


def lapsed_at(procedure: Procedure, case: Case, duty: str, level: int, now: datetime) -> Lapsed | None:
    """What `lapsed` has of one duty at one level."""
    found = _lapsed(duties_called(procedure, case, duty), now)
    return next((one for one in found if one.level == level), None)


def _lapsed(duties: Iterable[Duty], now: datetime) -> Iterator[Lapsed]:
    found: dict[tuple[str, int], Lapsed] = {}
    for duty in duties:
        if duty.breached or duty.due is None or duty.due.at > now:
            continue
        first = found.get((duty.duty, duty.level))
        roles = (duty.role,) if first is None else (*first.roles, duty.role)
        found[duty.duty, duty.level] = Lapsed(duty.duty, duty.state, roles, duty.level, duty.due)
    yield from sorted(found.values(), key=lambda one: (one.due.at, one.level))


def decide_finding(procedure: Procedure, case: Case, command: FindBreach, context: Context) -> Examination:
    """Examine what time finds: that a duty has lapsed."""
    one = lapsed_at(procedure, case, command.duty, command.level, context.now)
    if one is None:
        raise InvalidInput.at("duty", f"{command.duty!r} has not lapsed at level {command.level}", "ask for what has")
    doubts = tuple(dict.fromkeys((*((ESTIMATED,) if one.due.estimated else ()), *command.doubts)))
    above, respond = ((), None) if doubts else come_to(procedure, case, one, command.holders, one.due.at, context)
    found = Examination(
        lambda: say("recording a breach of {duty}", "记录{duty}逾期", duty=same(one.duty)),
        (),
        permission(procedure, case, (), {}, command, context),
        frozenset,
    )
    found.event = BreachFound(
        duty=one.duty,
        kind=kind_of_breach(one.duty).value,
        state=one.state,
        roles=one.roles,
        holders=command.holders,
        level=one.level,
        due=one.due,
        above=above,
        respond=respond,
        doubts=doubts,
    )
    return found


def come_to(
    procedure: Procedure,
    case: Case,
    one: Lapsed | Breach,
    holders: Collection[Actor],
    start: datetime,
    context: Context,
) -> tuple[tuple[str, ...], DueTime | None]:
    """The roles that a duty comes to when it was not done, and by when they owe an answer, counted from ``start``: the longest
    of their times to respond; ``None`` where they have none, and it goes no higher."""
    above = _above(procedure, case, one.roles, holders, context)
    limits = [role.responds_within for name, role in procedure.roles.items() if name in above]
    dues = [
        due_time(start, procedure.duration(limit), procedure.zone, context.calendar)
        for limit in limits
        if limit is not None
    ]
    return above, max(dues, key=lambda due: due.at, default=None)


def _above(
    procedure: Procedure, case: Case, parties: Iterable[str], holders: Collection[Actor], context: Context
) -> tuple[str, ...]:
    """Who supervises ``parties``. Whoever is named in an actor field is supervised as the holder of their roles; where they hold
    none, or nobody is named, it is for those whom nobody supervises."""
    roles = [party for party in parties if party in procedure.roles]
    if roles:
        return supervisors(procedure, roles)
    named = {holder.id for holder in holders}
    theirs = [held.role for held in holdings(case, context) if held.actor in named and held.role in procedure.roles]
    above = supervisors(procedure, theirs)
    if above or theirs:
        return above
    return tuple(
        name for name, role in procedure.roles.items() if role.supervises and not supervisors(procedure, [name])
    )


def decide_confirmation(procedure: Procedure, case: Case, command: ConfirmBreach, context: Context) -> Examination:
    """Examine the confirmation of a possible breach; what it leads to begins with it."""
    breach = _on_record(procedure, case, command.breach)
    act = Text("confirming a breach", "确认逾期")
    found = _by_those_above(procedure, case, breach, command, context, act)
    if not breach.possible:
        certain = Text("the breach is not in doubt: there is nothing to confirm", "该逾期并无疑问，无需确认")
        voided = Text("the breach has been voided", "该逾期已撤销")
        found.add(plain("breach", voided if breach.voided else certain))
    above, respond = come_to(procedure, case, breach, breach.holders, context.now, context)
    found.event = BreachConfirmed(duty=breach.duty, breach=breach.version, above=above, respond=respond)
    return found


def decide_voiding(procedure: Procedure, case: Case, command: VoidBreach, context: Context) -> Examination:
    """Examine the declaration that a breach on record is none."""
    breach = _on_record(procedure, case, command.breach)
    reason = clean_text(command.reason, "reason", max_length=MAX_REASON)
    found = _by_those_above(procedure, case, breach, command, context, Text("voiding a breach", "撤销逾期"))
    if breach.voided:
        found.add(plain("breach", Text("the breach has been voided", "该逾期已撤销")))
    found.event = BreachVoided(duty=breach.duty, breach=breach.version, reason=reason)
    return found


def _on_record(procedure: Procedure, case: Case, version: int) -> Breach:
    for breach in case.breaches.values():
        if breach.version == version:
            return breach
    known = ", ".join(str(one.version) for one in case.breaches.values())
    cure = f"name the last one of a duty: {known}" if known else "this case has none"
    raise InvalidInput.at("breach", f"version {version} is no breach that stands", cure)


def _by_those_above(
    procedure: Procedure,
    case: Case,
    breach: Breach,
    command: ConfirmBreach | VoidBreach,
    context: Context,
    act: Text,
) -> Examination:
    """Examined as an act of those above the roles whose duty it was, at any height; never of one who held the duty."""
    judges = judges_of(procedure, case, breach, context)
    if not judges:
        nobody = _nobody(procedure, breach)
        raise NotPermitted(act, state=case.state, trigger=_name(command), permitted=(), blocker=nobody)
    allowed = permission(procedure, case, judges, {}, command, context)
    found = Examination(
        lambda: act,
        judges,
        allowed,
        lambda: roles_held(case, command.actor.id, context),
    )
    persons = allowed.persons(command.actor.id)
    if _is_tied(
        procedure, case, breach, allowed.role, {*persons, *served_by(procedure, case, context, persons)}, context
    ):
        found.add(
            Blocker(
                kind="independence",
                text=say(
                    "{who} held the duty, is below who did, or acts for them",
                    "{who}即当时的责任人，或系其下级、受委托人",
                    who=same(command.actor.id),
                ),
                need=Text("somebody else", "其他人员"),
                cure=procedure.cures(judges),
                facts={"breach": breach.version},
            )
        )
    return found


def _is_tied(
    procedure: Procedure, case: Case, breach: Breach, role: str, persons: Collection[str], context: Context
) -> bool:
    """Whether one of ``persons``, acting in ``role``, is one of those whom the breach concerns, acted for one of them as the
    limit passed, or is below one."""
    concerned = breach.concerned
    lent = {
        one.delegate for one in case.delegations if one.holder in concerned and one.since <= breach.due.at < one.until
    }
    if not (concerned | lent).isdisjoint(persons):
        return True
    theirs = {held.role for held in holdings(case, context) if held.actor in concerned}
    theirs |= frozenset[str]().union(*(case.former.get(one, frozenset()) for one in concerned))
    return any(role in procedure.subordinates.get(one, ()) for one in theirs)


def judges_of(procedure: Procedure, case: Case, breach: Breach, context: Context) -> tuple[str, ...]:
    """The roles above those whose duty it was, the nearest first; none where nobody is above them."""
    found: dict[str, None] = {}
    waiting: Sequence[str] = _above(procedure, case, breach.roles, breach.holders, context)
    while waiting:
        found |= dict.fromkeys(waiting)
        waiting = [name for name in supervisors(procedure, waiting) if name not in found]
    return tuple(found)


def _name(command: ConfirmBreach | VoidBreach) -> str:
    return "confirm_breach" if isinstance(command, ConfirmBreach) else "void_breach"


def _nobody(procedure: Procedure, breach: Breach) -> Blocker:
    roles = listing([quoted(procedure.role_title(role)) for role in breach.roles])
    return Blocker(
        kind="role",
        text=say("nobody supervises {roles} in this procedure", "本程序中无人督导{roles}", roles=roles),
        need=Text("a role that supervises it", "对其督导的角色"),
        facts={"roles": list(breach.roles)},
    )
