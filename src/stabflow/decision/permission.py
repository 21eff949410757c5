"""Who may do it: in which role an actor acts, under which mandate, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..case import Appointment, Case
from ..errors import Blocker, InvalidInput, near_miss
from ..language import FieldType, Procedure, Role
from ..text import Text, either, listing, quoted, same, say
from ..values import Actor, Value
from .commands import Command
from .curing import Cures
from .view import Context, holdings

TICK = Actor("system:tick", body="system")
"""In whose name time acts: it records what has lapsed, and lays open what the calendar or a breach calls for."""

BY_TIME = "system:tick"
"""The role in which it does; no procedure can have one of that name."""


@attrs.frozen
class Permission:
    """The role in which the actor acts and the mandate for it; ``blocker`` says why not."""

    role: str
    mandate: str
    blocker: Blocker | None
    is_role_missing: bool = False


def permission(
    procedure: Procedure,
    case: Case | None,
    parties: Sequence[str],
    fields: Mapping[str, tuple[object, str]],
    command: Command,
    context: Context,
    stating: Mapping[str, Value | None] | None = None,
) -> Permission:
    """Whether the actor of ``command`` may act as one of ``parties``: roles, or actor fields with their (value, mandate).

    The first party of the row that the actor is, and that nothing stands against, is taken; if the command names a role, only
    that one. ``stating`` are the facts that the act itself states (``None``: it would).
    """
    if command.actor == TICK and not parties:
        return Permission(BY_TIME, "", None)
    wanted = parties if command.role is None else _named(procedure, parties, command.role)
    actor = command.actor
    held = mandates(case, actor, context)
    first: Permission | None = None
    for party in wanted:
        role = procedure.roles.get(party)
        mandate = held.get(party) if role is not None else _named_in(party, fields, case, actor, context)
        if mandate is None:
            continue
        blocker = next(_separations(procedure, case, party, actor, context), None)
        if blocker is None and role is not None and role.body is not None:
            blocker = body_blocker(procedure, case, stating or {}, role, actor)
        if blocker is None:
            return Permission(party, mandate, None)
        first = first or Permission(party, mandate, blocker)
    named = any(fields.get(party, ("", ""))[0] == actor.id for party in wanted)
    missing = _not_your_role(procedure, case, parties, command, context, is_named=named)
    return first or Permission("", "", missing, is_role_missing=True)


def mandates(case: Case | None, actor: Actor, context: Context) -> dict[str, str]:
    """The roles that ``actor`` holds for the body they act for, each with its mandate."""
    return {
        held.role: held.mandate
        for held in holdings(case, context)
        if held.actor == actor.id and held.body == actor.body
    }


def _named(procedure: Procedure, parties: Sequence[str], role: str) -> Sequence[str]:
    if role in parties:
        return (role,)
    fields = (field for _, cycle in procedure.lifecycles() for field in cycle.fields.items())
    known = {*procedure.roles, *(name for name, field in fields if field.type is FieldType.ACTOR)}
    if role not in known:
        raise InvalidInput.at("role", f"unknown role {role!r}", near_miss(role, known))
    return ()


def _named_in(
    field: str, fields: Mapping[str, tuple[object, str]], case: Case | None, actor: Actor, context: Context
) -> str | None:
    """The mandate of whoever stands in an actor field: the record that named them."""
    value, mandate = fields.get(field, (None, ""))
    return mandate if value == actor.id and actor.body in _bodies(case, actor, context) else None


def _bodies(case: Case | None, actor: Actor, context: Context) -> frozenset[str]:
    """The bodies for which ``actor`` may act where only the person is named: those for which they hold a role; where they hold
    none any more, those for which they held one or acted in this case, or held a standing office."""
    present = frozenset(held.body for held in holdings(case, context) if held.actor == actor.id)
    here = frozenset[str]() if case is None else case.bodies.get(actor.id, frozenset())
    return present or here | context.former.get(actor.id, frozenset())


def required_body(procedure: Procedure, facts: Mapping[str, Value | None], role: Role) -> str | None:
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


def body_blocker(
    procedure: Procedure,
    case: Case | None,
    stating: Mapping[str, Value | None],
    role: Role,
    holder: Actor,
) -> Blocker | None:
    """Why ``holder`` cannot be ``role`` for their body. A fact stated by this very act counts only where nobody stated it before:
    else it could be turned to suit whoever states it."""
    if role.body is None:
        return None
    facts: Mapping[str, Value] = {} if case is None else case.facts
    needed = required_body(procedure, facts, role) or required_body(procedure, stating, role)
    if needed == holder.body or (needed == "" and role.body in stating and stating[role.body] is None):
        return None
    if not needed:
        what = procedure.field_title(role.body)
        return Blocker(
            kind="unstated",
            text=say("state {what} first", "请先填报{what}", what=quoted(what)),
            need=what,
            cure=Cures(procedure, case).stating(role.body, None, None),
            facts={"unstated": [role.body]},
            unstated=(role.body,),
        )
    return Blocker(
        kind="body",
        text=say(
            "{role} must act for {needed}, not for {body}",
            "{role}应代表{needed}，而非{body}",
            role=role.title,
            needed=needed,
            body=holder.body,
        ),
        have=same(holder.body),
        need=same(needed),
        facts={"body": holder.body, "needed": needed},
    )


_AMONG_OFFICES = Text("in a standing office", "在常设职务中")
_HERE = Text("in this case", "在本案件中")
_ELSEWHERE = Text("in another case on this matter", "在同一重大事项的另一案件中")


def _separations(
    procedure: Procedure,
    case: Case | None,
    role: str,
    actor: Actor,
    context: Context,
    held: frozenset[str] = frozenset(),
) -> Iterator[Blocker]:
    """Everything that keeps ``actor``, who holds the roles ``held``, from being ``role``: each other role once, under every
    clause that says so."""
    mine = held if case is None else held | case.acted.get(actor.id, frozenset())
    there = context.elsewhere.get(actor.id, frozenset())
    found: dict[str, tuple[str, ...]] = {}
    for other, across, clause in procedure.separated.get(role, ()):
        if other in mine or (across == "matter" and other in there):
            found[other] = tuple(dict.fromkeys((*found.get(other, ()), *clause)))
    here = _AMONG_OFFICES if case is None else _HERE
    for other, clauses in found.items():
        yield _separated(procedure, role, other, clauses, here if other in mine else _ELSEWHERE)


def _separated(procedure: Procedure, role: str, other: str, clause: tuple[str, ...], where: Text) -> Blocker:
    return Blocker(
        kind="separation",
        text=say(
            "{role} may not be somebody who is or has acted as {other} {where}",
            "{where}担任或曾任{other}者不得担任{role}",
            role=procedure.role_title(role),
            other=procedure.role_title(other),
            where=where,
        ),
        have=procedure.role_title(other),
        need=say("somebody else as {role}", "由他人担任{role}", role=procedure.role_title(role)),
        clause=clause,
        cure=procedure.cures([role]),
        facts={"role": role, "other": other},
    )


def separations_of_appointee(
    procedure: Procedure, case: Case | None, office: str, appointee: Actor, context: Context
) -> Iterator[Blocker]:
    """Why ``appointee`` cannot be given ``office`` beside what they hold or have done."""
    held = frozenset(one.role for one in holdings(case, context) if one.actor == appointee.id)
    cure = procedure.cures(procedure.roles[office].appointed_by)
    for found in _separations(procedure, case, office, appointee, context, held):
        yield attrs.evolve(found, cure=cure)


def _not_your_role(
    procedure: Procedure,
    case: Case | None,
    parties: Sequence[str],
    command: Command,
    context: Context,
    *,
    is_named: bool,
) -> Blocker:
    actor = command.actor
    who = either([procedure.role_title(party) for party in parties], none=Text("time, no person,", "期限（并非个人）"))
    mine = [held for held in holdings(case, context) if held.actor == actor.id]
    roles = [party for party in parties if party in procedure.roles]
    filled = {held.role for held in holdings(case, context)}
    if roles and len(roles) == len(parties) and filled.isdisjoint(roles):
        return _vacant(procedure, roles)
    have, shown = Text("no role here", "在此无职务"), Text("holds no role here", "在此无职务")
    if command.role is not None and command.role not in parties:
        asked = quoted(procedure.role_title(command.role))
        have = shown = say("asks to act as {role}", "请求以{role}身份办理", role=asked)
    elif mine:
        have = listing([_held(procedure, held, actor) for held in mine])
        shown = say("holds: {have}", "现任：{have}", have=have)
    elif is_named:
        bodies = listing(
            [same(body) for body in sorted(_bodies(case, actor, context))], none=Text("no body", "任何单位")
        )
        have = shown = say(
            "acts here for {bodies}, not for {other}", "在此代表{bodies}，而非{other}", bodies=bodies, other=actor.body
        )
    return Blocker(
        kind="role",
        text=say(
            "only {who} may do this; {actor} {shown}",
            "仅{who}可办理；{actor}{shown}",
            who=who,
            actor=actor.id,
            shown=shown,
        ),
        have=have,
        need=who,
        cure=procedure.cures(tuple(parties)),
        facts={"roles": list(parties), "held": sorted({held.role for held in mine})},
    )


def _vacant(procedure: Procedure, roles: Sequence[str]) -> Blocker:
    """Nobody at all holds one of ``roles``; those who appoint to them can cure it, standing offices are constituted outside."""
    who = either([procedure.role_title(role) for role in roles])
    appointing = [by for role in roles for by in procedure.roles[role].appointed_by]
    how = Text("appoint somebody first", "请先任命")
    if not appointing:
        how = Text("it is a standing office, to be constituted outside the case", "属常设职务，须在案件之外任命")
    return Blocker(
        kind="role",
        text=say("nobody holds {who}: {how}", "{who}无人任职：{how}", who=who, how=how),
        have=Text("vacant", "无人任职"),
        need=who,
        cure=procedure.cures(appointing),
        facts={"roles": list(roles), "held": [], "vacant": True},
    )


def _held(procedure: Procedure, held: Appointment, actor: Actor) -> Text:
    title = procedure.role_title(held.role)
    if held.body == actor.body:
        return title
    return say(
        "{title} for {body}, not for {other}",
        "{title}（代表{body}，而非{other}）",
        title=title,
        body=held.body,
        other=actor.body,
    )
