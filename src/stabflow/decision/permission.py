"""Who may do it: in which role an actor acts, under which mandate, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ..case import Appointment, Case
from ..errors import Blocker
from ..language import Procedure
from ..text import Text, listing, same, say
from ..values import Actor
from .commands import Command
from .view import Context, holdings


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
) -> Permission:
    """Whether the actor of ``command`` may act as one of ``parties``: roles, or actor fields with their (value, mandate).

    The first party of the row that the actor is, and that no separation forbids, is taken; if the command names a role, only
    that one.
    """
    wanted = parties if command.role is None else [party for party in parties if party == command.role]
    first: Permission | None = None
    for party in wanted:
        mandate = _mandate(procedure, case, party, fields, command.actor, context)
        if mandate is None:
            continue
        found = Permission(party, mandate, _separation(procedure, case, party, command.actor, context))
        if found.blocker is None:
            return found
        first = first or found
    return first or Permission("", "", _not_your_role(procedure, case, parties, command, context), is_role_missing=True)


def _mandate(
    procedure: Procedure,
    case: Case | None,
    party: str,
    fields: Mapping[str, tuple[object, str]],
    actor: Actor,
    context: Context,
) -> str | None:
    if party not in procedure.roles:
        value, mandate = fields.get(party, (None, ""))
        return mandate if value == actor.id else None
    for held in holdings(case, context):
        if held.role == party and held.actor == actor.id and held.body == actor.body:
            return held.mandate
    return None


def _separation(procedure: Procedure, case: Case | None, role: str, actor: Actor, context: Context) -> Blocker | None:
    for other, across, clause in procedure.separated.get(role, ()):
        here = case is not None and other in case.acted.get(actor.id, frozenset())
        elsewhere = across == "matter" and other in context.elsewhere.get(actor.id, frozenset())
        if here or elsewhere:
            return _separated(procedure, role, other, clause, elsewhere=elsewhere and not here)
    return None


def _separated(
    procedure: Procedure, role: str, other: str, clause: tuple[str, ...], *, elsewhere: bool = False
) -> Blocker:
    where = (
        Text("in another case on this matter", "在同一事项的另一评估中")
        if elsewhere
        else Text("in this case", "在本事项中")
    )
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


def separation_of_appointee(
    procedure: Procedure, case: Case, office: str, appointee: Actor, context: Context
) -> Blocker | None:
    """Why ``appointee`` cannot be appointed to ``office`` beside what they hold or have done."""
    held = {one.role for one in holdings(case, context) if one.actor == appointee.id}
    for other, _, clause in procedure.separated.get(office, ()):
        if other in held:
            return _separated(procedure, office, other, clause)
    return _separation(procedure, case, office, appointee, context)


def _not_your_role(
    procedure: Procedure, case: Case | None, parties: Sequence[str], command: Command, context: Context
) -> Blocker:
    actor = command.actor
    who = listing([procedure.role_title(party) for party in parties], none=Text("nobody", "无人"))
    mine = [held for held in holdings(case, context) if held.actor == actor.id]
    have = listing([_held(procedure, held, actor) for held in mine], none=Text("no role here", "在此无职务"))
    if command.role is not None and command.role not in parties:
        have = say("asks to act as {role}", "以{role}身份办理", role=procedure.role_title(command.role))
    return Blocker(
        kind="role",
        text=say(
            "only {who} may do this; {actor} has {have}",
            "仅{who}可办理;{actor}:{have}",
            who=who,
            actor=same(actor.id),
            have=have,
        ),
        have=have,
        need=who,
        cure=procedure.cures(tuple(parties)),
        facts={"roles": list(parties), "held": sorted({held.role for held in mine})},
    )


def _held(procedure: Procedure, held: Appointment, actor: Actor) -> Text:
    title = procedure.role_title(held.role)
    if held.body == actor.body:
        return title
    return say(
        "{title} for {body}, not for {other}",
        "{title}(代表{body},而非{other})",
        title=title,
        body=held.body,
        other=actor.body,
    )
