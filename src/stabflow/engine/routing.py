"""Who is told: the bodies whose office-holders hold a role as the notice is delivered, or the nearest role above it that somebody
holds; and by which channels, in the order that the directory gives."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case
from ..decision.duties import supervisors
from ..decision.events import Migrated
from ..decision.notices import Notice
from ..decision.renaming import Renaming
from ..decision.view import delegations, holdings
from ..errors import InvalidInput
from ..language import Procedure
from ..text import Text, same, say
from . import streams
from .directory import Directory
from .messages import Outgoing
from .offices import Offices
from .shell import Shell, present


class Nobody(Exception):
    """There is nobody to be told: ``text`` says why, and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def routed(shell: Shell, directory: Directory, notice: Notice) -> tuple[Outgoing, ...]:
    """The messages that ``notice`` becomes, at least one for each body; `Nobody` where it becomes none."""
    return tuple(one for recipient in _recipients(shell, notice) for one in ways(directory, recipient))


def ways(directory: Directory, recipient: Outgoing, *, after: str = "") -> tuple[Outgoing, ...]:
    """The messages for a recipient by the preferred channel, or by the one that follows ``after``, where the directory still has
    that: one for each address there. Where there is none, a message without a channel, or (``after`` another) nothing."""
    labels = directory.ways(recipient.body, recipient.role)
    left = labels[labels.index(after) + 1 :] if after in labels else labels
    if not left:
        return () if after else (recipient.by(""),)
    addresses = directory.addresses(recipient.body, recipient.role, left[0])
    return tuple(recipient.by(left[0], place) for place in range(len(addresses)))


def later_ways(directory: Directory, one: Outgoing) -> Iterator[Outgoing]:
    """The messages for the recipient of ``one`` by all channels that follow that of ``one``."""
    labels = directory.ways(one.body, one.role)
    for label in labels[labels.index(one.channel) + 1 :] if one.channel in labels else ():
        yield from (one.by(label, place) for place in range(len(directory.addresses(one.body, one.role, label))))


def _recipients(shell: Shell, notice: Notice) -> Iterator[Outgoing]:
    if notice.body:  # of somebody whom the case names
        yield Outgoing(notice=notice, role=notice.role, role_title=same(notice.role), body=notice.body)
        return
    try:
        procedure, case, offices = shell.standing(notice.case)
    except InvalidInput as error:
        raise Nobody(say("{why}", "{why}", why=str(error))) from error
    vacant = _called_now(shell, procedure, notice)
    title = procedure.roles[vacant].title if vacant in procedure.roles else same(vacant)
    for role in _upwards(procedure, vacant):
        bodies = _bodies(shell, procedure, case, offices, role)
        instead = role != vacant
        for body in bodies:
            yield Outgoing(
                notice=notice,
                role=role,
                role_title=procedure.roles[role].title,
                instead_of=vacant if instead else "",
                instead_of_title=title if instead else Text("", ""),
                body=body,
            )
        if bodies:
            return
    raise Nobody(
        say(
            "nobody holds {role}, nor any role above it: appoint somebody, then have it tried again",
            "{role}及其上级职务均无人担任：请先任命，再重新投递",
            role=title,
        )
    )


def _called_now(shell: Shell, procedure: Procedure, notice: Notice) -> str:
    """What the role of ``notice`` is called now, if the case has gone on under another version since."""
    role = notice.role
    if notice.facts.get("procedure", str(procedure)) == str(procedure):
        return role
    for record in streams.read(shell.store, streams.case_stream(notice.case)):
        if isinstance(record.event, Migrated) and record.recorded_at >= notice.created_at:
            role = Renaming({name: str(new) for name, new in record.event.renamed.items()}).of("roles", role)
    return role


def _upwards(procedure: Procedure, role: str) -> Iterator[str]:
    """``role``, then those above it, the nearest first."""
    level: tuple[str, ...] = (role,) if role in procedure.roles else ()
    seen: set[str] = set()
    while level:
        yield from level
        seen.update(level)
        level = tuple(one for one in supervisors(procedure, level) if one not in seen)


def _bodies(shell: Shell, procedure: Procedure, case: Case, offices: Offices, role: str) -> tuple[str, ...]:
    """The bodies of who holds ``role`` in the case, and of those to whom it is lent now."""
    now = present(shell.now(), case, offices)
    context = shell.context(procedure, now, offices, ())
    held = [one.body for one in holdings(case, context) if one.role == role]
    held += [one.body for one in delegations(procedure, case, context) if one.office == role and one.since <= now]
    return tuple(dict.fromkeys(held))
