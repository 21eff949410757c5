"""``independent_of``: nobody judges their own work, nor their superior's, nor that of somebody they act for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import Text, either, quoted, say
from .base import Reads, Requirement, Scope, View, names
from .shortfall import Shortfall


@attrs.frozen(kw_only=True)
class IndependentOf(Requirement):
    """The actor did none of the acts named in ``independent_of`` on this lifecycle, stands in none of the actor fields named
    there, and holds no role supervised by a role of those who did or do: the one they acted in, or another. Roles of this case
    from which somebody was relieved count as held: no superior makes a subordinate independent by a relief.

    Who acts under a delegation is asked for both, the actor and whom they act for; what was done under one is the work of both.
    And who is somebody's delegate is not independent of them in any role, like a subordinate."""

    kind: ClassVar[str] = "independent_of"

    independent_of: tuple[str, ...] = attrs.field(converter=names)

    def unmet(self, view: View) -> Shortfall | None:
        for one in view.owed_by():  # whom the breach concerns is so from the beginning, whoever is named
            if one in view.persons or one in view.served:
                return self._short(view, self.independent_of[0], _owed)
            if _superior(view, view.ever_held(one)):
                return self._short(view, self.independent_of[0], _is_below_who_owed)
        for name in self.independent_of:
            holder = view.own_field(name)
            if not isinstance(holder, str):
                continue
            if holder in view.persons:
                return self._short(view, name, functools.partial(_is, view, name))
            if _superior(view, view.ever_held(holder)):
                return self._short(view, name, functools.partial(_is_below, view, name))
            if holder in view.served:
                return self._short(view, name, functools.partial(_serves, view, name))
        for act in view.acts():
            if act.trigger not in self.independent_of:
                continue
            doers = act.doers
            if any(one in view.persons for one in doers):
                return self._short(view, act.trigger, functools.partial(_did, view, act.trigger))
            superior = _superior(view, {act.role}.union(*map(view.ever_held, doers)))
            if superior:
                why = functools.partial(_is_below_who_did, view, act.trigger, superior)
                return self._short(view, act.trigger, why)
            if not view.served.isdisjoint(doers):
                return self._short(view, act.trigger, functools.partial(_serves_who_did, view, act.trigger))
        return None

    def _short(self, view: View, name: str, why: Callable[[], Text]) -> Shortfall:
        return Shortfall(functools.partial(self._tell, view, name, why))

    def _tell(self, view: View, name: str, because: Callable[[], Text]) -> Blocker:
        others, why = view.who_else(), because()
        return Blocker(
            kind=self.kind,
            text=say("somebody independent must do this: the actor {why}", "应由独立人员办理：该办理人{why}", why=why),
            have=why,
            need=say(
                "somebody else{roles}",
                "由其他人员{roles}办理",
                roles=say(" as {roles}", "以{roles}身份", roles=either([cure.title for cure in others]))
                if others
                else "",
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


def _superior(view: View, roles: Iterable[str]) -> str | None:
    """The one of ``roles`` that supervises a role of the acting person, or of whom they act for, now or before a relief."""
    held = frozenset[str]().union(*map(view.ever_held, view.persons))
    return next((role for role in sorted(roles) if not view.below(role).isdisjoint(held)), None)


def _is(view: View, name: str) -> Text:
    field = quoted(view.number_name(name))
    if view.own_field(name) != view.actor:
        return say("acts for the {field}", "系受{field}委托办理", field=field)
    return say("is the {field}", "即为{field}", field=field)


def _serves(view: View, name: str) -> Text:
    return say("is a delegate of the {field}", "系{field}的受委托人", field=quoted(view.number_name(name)))


def _is_below(view: View, name: str) -> Text:
    return say("is below the {field}", "是{field}的下级", field=quoted(view.number_name(name)))


def _owed() -> Text:
    return Text("held the duty that was not done, or acts for who did", "即逾期职责的责任人，或系其受委托人")


def _is_below_who_owed() -> Text:
    return Text("is below who held the duty that was not done", "是逾期职责责任人的下级")


def _did(view: View, trigger: str) -> Text:
    done = quoted(view.title_of_trigger(trigger))
    if len(view.persons) == 1:
        return say("did {done} here", "曾办理{done}", done=done)
    return say("or whom they act for did {done} here", "或其委托人曾办理{done}", done=done)


def _serves_who_did(view: View, trigger: str) -> Text:
    done = quoted(view.title_of_trigger(trigger))
    return say("is a delegate of who did {done} here", "系曾办理{done}者的受委托人", done=done)


def _is_below_who_did(view: View, trigger: str, superior: str) -> Text:
    return say(
        "is below the {role}, who did {done} here",
        "是{role}的下级，后者曾办理{done}",
        role=quoted(view.title_of_role(superior)),
        done=quoted(view.title_of_trigger(trigger)),
    )
