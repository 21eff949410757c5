"""In words: that an actor is none of those who may do it, that nobody is, or that they were recused."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..case import Appointment, Case
from ..errors import Blocker
from ..language import Procedure
from ..text import Text, either, listing, quoted, same, say
from ..values import Actor
from .commands import Command
from .view import Context, holdings


def not_your_role(
    procedure: Procedure,
    case: Case | None,
    parties: Sequence[str],
    command: Command,
    context: Context,
    bodies: Collection[str] | None,
) -> Blocker:
    """Why the actor of ``command`` is none of ``parties``; ``bodies`` are those they may act for, where a field names them."""
    actor = command.actor
    who = either([procedure.role_title(party) for party in parties], none=Text("time, no person,", "期限（并非个人）"))
    mine = [held for held in holdings(case, context) if held.actor == actor.id]
    roles = [party for party in parties if party in procedure.roles]
    filled = {held.role for held in holdings(case, context)}
    if case is not None and actor.id in case.recused and roles:
        return recused_blocker(procedure, case, actor.id, _others(procedure, parties, filled))
    if roles and len(roles) == len(parties) and filled.isdisjoint(roles):
        return _vacant(procedure, roles)
    have, shown = Text("no role here", "在此无职务"), Text("holds no role here", "在此无职务")
    if command.role is not None and command.role not in parties:
        asked = quoted(procedure.role_title(command.role))
        have = shown = say("asks to act as {role}", "请求以{role}身份办理", role=asked)
    elif mine:
        have = listing([_held(procedure, held, actor) for held in mine])
        shown = say("holds: {have}", "现任：{have}", have=have)
    elif bodies is not None:
        there = listing([same(body) for body in sorted(bodies)], none=Text("no body", "任何单位"))
        have = shown = say(
            "acts here for {bodies}, not for {other}", "在此代表{bodies}，而非{other}", bodies=there, other=actor.body
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


def _others(procedure: Procedure, parties: Sequence[str], filled: set[str]) -> Sequence[str]:
    """The parties that somebody is; where nobody is, those who appoint to them."""
    there = [party for party in parties if party in filled or party not in procedure.roles]
    return there or [by for party in parties for by in procedure.roles[party].appointed_by]


def recused_blocker(procedure: Procedure, case: Case, who: str, others: Sequence[str]) -> Blocker:
    """That ``who`` was recused; ``others`` are the roles whose holders can do it instead."""
    recusal = case.recused[who]
    return Blocker(
        kind="recused",
        text=say(
            "{who} was recused from this case and takes no further part in it: {reason}",
            "{who}已在本案件中回避，不得再参与：{reason}",
            who=who,
            reason=recusal.reason,
        ),
        have=Text("recused", "已回避"),
        need=Text("somebody else", "由他人办理"),
        cure=procedure.cures(tuple(others)),
        facts={"actor": who, "office": recusal.office, "version": recusal.version},
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
