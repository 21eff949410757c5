"""Who may do it: in which role an actor acts, under which mandate, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..case import Case, Delegation
from ..errors import Blocker, InvalidInput, near_miss
from ..language import FieldType, Procedure, Role
from ..making import maker
from ..text import Text, quoted, same, say
from ..values import Actor, Value
from .bodies import required_body
from .commands import Command
from .curing import Cures
from .out_of_role import not_your_role
from .view import Context, delegations, holdings, roles_held

TICK = Actor("system:tick", body="system")
"""In whose name time acts: it records what has lapsed, and lays open what the calendar or a breach calls for."""

BY_TIME = "system:tick"
"""The role in which it does; no procedure can have one of that name."""
TIME_TITLE = Text("time", "时限")
"""What pages call it, for it is no role of any procedure."""


_NONE: frozenset[str] = frozenset()


@attrs.frozen(weakref_slot=False)
class Permission:
    """The role in which the actor acts and the mandate for it; ``blocker`` says why not. ``principal`` is for whom they act where
    that mandate is a delegation."""

    role: str
    mandate: str
    blocker: Blocker | None
    is_role_missing: bool = False
    principal: str = ""

    def persons(self, actor: str) -> tuple[str, ...]:
        """Those whose act it would be."""
        return (actor, self.principal) if self.principal else (actor,)


_permission = maker(Permission)


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
    that one. ``stating`` are the facts that the act itself states (``None``: it would). A role that the actor holds goes before
    the same one delegated to them.
    """
    if not parties and command.actor == TICK:
        return Permission(BY_TIME, "", None)
    wanted = parties if command.role is None else _named(procedure, parties, command.role)
    actor = command.actor
    held = mandates(case, actor, context)
    lent = lent_to(procedure, case, actor, context)
    first: Permission | None = None
    for party in wanted:
        role = procedure.roles.get(party)
        mandate = held.get(party) if role is not None else _named_in(party, fields, case, actor, context)
        principal = ""
        if mandate is None and party in lent:
            mandate, principal = lent[party].mandate, lent[party].holder
        if mandate is None:
            continue
        beside = _roles_beside(case, lent, actor, context) if principal else _NONE
        blocker = _separation(procedure, case, party, actor.id, context, beside)
        if blocker is None and principal:
            blocker = _separation(procedure, case, party, principal, context)
        if blocker is None and role is not None and role.body is not None:
            blocker = body_blocker(procedure, case, stating or {}, role, actor)
        if blocker is None:
            return _permission(party, mandate, None, False, principal)
        first = first or Permission(party, mandate, blocker, principal=principal)
    named = any(fields.get(party, ("", ""))[0] == actor.id for party in wanted)
    bodies = _bodies(case, actor, context) if named else None
    missing = not_your_role(procedure, case, parties, command, context, bodies)
    return first or Permission("", "", missing, is_role_missing=True)


def mandates(case: Case | None, actor: Actor, context: Context) -> dict[str, str]:
    """The roles that ``actor`` holds for the body they act for, each with its mandate."""
    return {
        held.role: held.mandate
        for held in holdings(case, context)
        if held.actor == actor.id and held.body == actor.body
    }


def _roles_beside(case: Case | None, lent: Mapping[str, Delegation], actor: Actor, context: Context) -> frozenset[str]:
    """Every role of ``actor``, for whatever body: somebody who acts for another in one role holds none that is apart from it."""
    return frozenset(lent) | {one.role for one in holdings(case, context) if one.actor == actor.id}


def lent_to(procedure: Procedure, case: Case | None, actor: Actor, context: Context) -> dict[str, Delegation]:
    """The roles in which ``actor`` acts now for those who hold them, for the body of whom they act for."""
    if case is None or not case.delegations:
        return {}
    return {
        one.office: one
        for one in delegations(procedure, case, context)
        if (one.delegate, one.body) == (actor.id, actor.body) and one.since <= context.now
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
    needed = required_body(procedure, facts, role)
    if needed == "":
        needed = required_body(procedure, stating, role)
    is_left_open = role.body in stating and stating[role.body] is None
    if needed is None or (not needed and is_left_open):
        return None
    list_name, _, body = needed.partition(".")
    if body == holder.body:
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
            needed=_body_title(procedure, list_name, body),
            body=_body_title(procedure, list_name, holder.body),
        ),
        have=same(holder.body),
        need=_body_title(procedure, list_name, body),
        clause=role.clause,
        facts={"body": holder.body, "needed": body},
    )


def _body_title(procedure: Procedure, list_name: str, body: str) -> Text:
    """A body by its id, behind its title where the list has it."""
    entry = procedure.lists[list_name].get(body)
    if entry is None:
        return same(body)
    return say("the {title} ({body})", "{title}（{body}）", title=entry.title, body=body)


_AMONG_OFFICES = Text("in a standing office", "在常设职务中")
_HERE = Text("in this case", "在本案件中")
_ELSEWHERE = Text("in another case on this matter", "在同一重大事项的另一案件中")


def _separation(
    procedure: Procedure, case: Case | None, role: str, actor: str, context: Context, held: frozenset[str] = _NONE
) -> Blocker | None:
    """The first of `_separations`."""
    others = procedure.apart_from.get(role)
    if others is None or (
        others.isdisjoint(held)
        and (case is None or others.isdisjoint(case.acted.get(actor, _NONE)))
        and others.isdisjoint(context.elsewhere.get(actor, _NONE))
    ):
        return None
    return next(_separations(procedure, case, role, actor, context, held), None)


def _separations(
    procedure: Procedure,
    case: Case | None,
    role: str,
    actor: str,
    context: Context,
    held: frozenset[str] = frozenset(),
) -> Iterator[Blocker]:
    """Everything that keeps ``actor``, who holds the roles ``held``, from being ``role``: each other role once, under every
    clause that says so."""
    mine = held if case is None else held | case.acted.get(actor, frozenset())
    there = context.elsewhere.get(actor, frozenset())
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
    """Why ``appointee`` cannot be given ``office`` beside what they hold, act in for somebody else, or have done."""
    held = roles_held(case, appointee.id, context)
    if case is not None and case.delegations:
        held |= {one.office for one in delegations(procedure, case, context) if one.delegate == appointee.id}
    cure = procedure.cures(procedure.roles[office].appointed_by)
    for found in _separations(procedure, case, office, appointee.id, context, held):
        yield attrs.evolve(found, cure=cure)
