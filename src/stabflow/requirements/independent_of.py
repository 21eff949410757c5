"""``independent_of``: nobody judges their own work, nor their superior's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import Text, listing, same, say
from .base import Reads, Requirement, Scope, View


@attrs.frozen(kw_only=True)
class IndependentOf(Requirement):
    """The actor did none of the acts named in ``independent_of`` on this lifecycle, stands in none of the actor fields named
    there, and holds no role supervised by a role of those who did or do."""

    kind: ClassVar[str] = "independent_of"

    independent_of: tuple[str, ...]

    def unmet(self, view: View) -> Blocker | None:
        for name in self.independent_of:
            field = view.own_field(name)
            if isinstance(field, str):
                if field == view.actor:
                    return self._blocker(
                        view, say("stands in “{name}”", "列于“{name}”", name=view.number_name(name)), name
                    )
                if self._is_below(view, view.roles_of(field)):
                    superior = say(
                        "is below the one in “{name}”", "是“{name}”所列人员的下级", name=view.number_name(name)
                    )
                    return self._blocker(view, superior, name)
        for act in view.acts():
            if act.trigger not in self.independent_of:
                continue
            done = view.title_of_trigger(act.trigger)
            if act.actor == view.actor:
                return self._blocker(view, say("did “{done}” here", "办理了“{done}”", done=done), act.trigger)
            if self._is_below(view, frozenset({act.role})):
                role = view.title_of_role(act.role)
                below = say(
                    "is below {role}, who did “{done}” here", "是办理“{done}”的{role}的下级", role=role, done=done
                )
                return self._blocker(view, below, act.trigger)
        return None

    def _is_below(self, view: View, roles: frozenset[str]) -> bool:
        below = frozenset[str]().union(*(view.below(role) for role in roles))
        return not below.isdisjoint(view.actor_roles)

    def _blocker(self, view: View, why: Text, name: str) -> Blocker:
        others = view.who_else()
        return Blocker(
            kind=self.kind,
            text=say("somebody independent must do this: the actor {why}", "应由独立人员办理:本人{why}", why=why),
            have=why,
            need=say(
                "another holder of {roles}",
                "{roles}中的其他任职者",
                roles=listing([cure.title for cure in others], none=same("–")),
            ),
            cure=others,
            facts={"independent_of": name},
        )

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        known = scope.own_triggers() | scope.own_actor_fields()
        if not self.independent_of:
            yield Fault("independent_of", "names no act", "name triggers or actor fields of this lifecycle")
        for name in self.independent_of:
            if name not in known:
                yield Fault("independent_of", f"unknown trigger or actor field {name!r}", near_miss(name, known))

    def own_reads(self) -> Reads:
        return Reads(names=frozenset(self.independent_of))

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (cls(independent_of=("add",)), cls(independent_of=("add", "concerned")))
