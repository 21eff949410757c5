"""Who acts in a test of a procedure: as many office-holders for each role as it asks for, and somebody who holds none."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import attrs

from ...case import frozen
from ...decision.bodies import required_body
from ...language import Procedure, Role
from ...requirements import ItemsAre, Requirement, RolesFilled
from ...values import Actor

FEW, MOST = 2, 9
"""So many hold a role at least, where it has seats for them, and at most."""

OUTSIDER = Actor("stranger", body="nowhere")
"""Nobody ever names or appoints them."""


@attrs.frozen
class Cast:
    """The office-holders for one procedure: each is meant for one role, so that no separation stands in anybody's way."""

    procedure: Procedure
    holders: Mapping[str, tuple[Actor, ...]] = attrs.field(converter=frozen)

    @functools.cached_property
    def people(self) -> tuple[Actor, ...]:
        """Everybody who is meant for a role."""
        return tuple(one for actors in self.holders.values() for one in actors)

    @functools.cached_property
    def everybody(self) -> tuple[Actor, ...]:
        """Everybody who tries to act, the outsider among them, and one of them for a body that is not theirs."""
        strays = [Actor(self.people[0].id, body="another-office")] if self.people else []
        return (*self.people, OUTSIDER, *strays)

    def standing(self) -> Iterator[tuple[str, Actor]]:
        """The standing offices, each with somebody to fill it."""
        for role, actors in self.holders.items():
            if self.procedure.roles[role].standing:
                yield from ((role, one) for one in actors)

    def person(self, actor: str, body: str = "") -> Actor:
        """Whoever has this id, for ``body`` where that is given."""
        found = self._by_id.get(actor, OUTSIDER)
        return found if not body or body == found.body else Actor(actor, body=body)

    @functools.cached_property
    def _by_id(self) -> Mapping[str, Actor]:
        return {one.id: one for one in self.people}


def cast_for(procedure: Procedure) -> Cast:
    """A cast for ``procedure``: as many as its requirements count, within the seats of each role."""
    wanted = min(MOST, max(FEW, *(_counted(procedure, one) for one in _asked(procedure)), 0))
    return Cast(
        procedure, {name: tuple(_holders(procedure, name, role, wanted)) for name, role in procedure.roles.items()}
    )


def _asked(procedure: Procedure) -> Iterator[Requirement]:
    for _, cycle in procedure.lifecycles():
        for row in cycle.transitions:
            for requirement in row.requires:
                yield from (part for _, part in requirement.walk())


def _counted(procedure: Procedure, asked: Requirement) -> int:
    """How many different people a requirement may ask for."""
    if isinstance(asked, ItemsAre) and "actor" in procedure.items[asked.items].unique:
        bound = asked.at_least if asked.at_least is not None else asked.equals
    elif isinstance(asked, RolesFilled):
        bound = asked.at_least
    else:
        return 0
    value = procedure.parameters[bound].value if isinstance(bound, str) and bound in procedure.parameters else bound
    return value if isinstance(value, int) else 0


def _holders(procedure: Procedure, name: str, role: Role, wanted: int) -> Iterator[Actor]:
    bodies = _bodies(procedure, name, role)
    number = max(len(bodies), wanted) if role.holders is None else min(role.holders, max(len(bodies), wanted))
    for n in range(number):
        yield Actor(f"{name}-{n + 1}", body=bodies[n % len(bodies)])


def _bodies(procedure: Procedure, name: str, role: Role) -> list[str]:
    """The bodies for which holders of a role may have to act."""
    own = f"{name}-office"
    if role.body is None:
        return [own]
    if "." in role.body:
        return [role.body.partition(".")[2]]
    list_name = procedure.facts[role.body].of or ""
    needed = (required_body(procedure, {role.body: entry}, role) for entry in procedure.lists[list_name])
    return list(dict.fromkeys(own if one is None else one.partition(".")[2] for one in needed))
