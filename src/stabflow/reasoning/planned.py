"""What a plan says: acts of roles, one after the other, or what stands in the way."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from ..errors import Blocker, Cure
from ..text import Language, Text
from ..values import Value, moment_text


class Prospect(enum.Enum):
    """What a plan comes to. ``OPEN``: a bound was hit, or it hangs on what a search does not follow."""

    FOUND = "found"
    NONE = "none"
    OPEN = "open"


@attrs.frozen(kw_only=True)
class PlannedAct:
    """One act of a plan: a row, the item it is fired on or makes (``kind``, ``item``; ``None``: the case), who may do it.

    ``amends``: what that row stated is corrected, if it was stated wrongly; ``given`` has the values that are to be other ones.

    ``given``: the values with which the way goes on from there, for each field where others would lead elsewhere, and
    ``conditions`` the same in words. They are findings, to be made as things are, never advice: where they come out otherwise,
    plan anew. ``fields``: what else it states, whatever that is; ``stated``: those of them that may be left
    out elsewhere, and not here. ``asks``: what it asks besides that no search follows (who may
    do it, numbers, dates, shares, plugins). ``earliest``: on a working day, and not before, if everything before it is done as
    early as it can be; ``waits``: for what, where that makes it later than the act before it. ``vacant``: nobody holds the role,
    and ``appointed_by`` is who appoints to it (nobody here for a standing office).
    """

    trigger: str
    kind: str | None
    item: str | None
    amends: bool = False
    roles: tuple[str, ...]
    clause: tuple[str, ...]
    title: Text
    who: Text
    given: Mapping[str, tuple[Value, ...]]
    conditions: tuple[Text, ...]
    fields: tuple[str, ...]
    stated: tuple[str, ...] = ()
    asks: tuple[Text, ...]
    earliest: datetime
    waits: Text | None
    vacant: bool
    appointed_by: tuple[Cure, ...] = ()

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The act as plain JSON values, its sentences in ``language``."""
        return {
            "trigger": self.trigger,
            "kind": self.kind,
            "item": self.item,
            "amends": self.amends,
            "roles": list(self.roles),
            "clause": list(self.clause),
            "title": self.title.get(language),
            "who": self.who.get(language),
            "given": {name: [_plain(value) for value in values] for name, values in self.given.items()},
            "conditions": [text.get(language) for text in self.conditions],
            "fields": list(self.fields),
            "stated": list(self.stated),
            "asks": [text.get(language) for text in self.asks],
            "earliest": moment_text(self.earliest),
            "waits": None if self.waits is None else self.waits.get(language),
            "vacant": self.vacant,
            "appointed_by": [cure.role for cure in self.appointed_by],
        }


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


@attrs.frozen(kw_only=True)
class Plan:
    """The shortest lawful way of a case, as it stood at ``version``, to ``goal``.

    Where ``prospect`` is ``NONE`` it is proved that no acts that anybody could do lead there; ``reason`` says so, ``blockers``
    what stands against the act that would have to come next. Doing the same to several items that look alike to every requirement
    counts as one act where the shortest way is sought; ``acts`` has each.
    """

    case_id: str
    version: int
    goal: str
    title: Text
    prospect: Prospect
    acts: tuple[PlannedAct, ...] = ()
    reason: Text = Text("", "")
    blockers: tuple[Blocker, ...] = ()

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The plan as plain JSON values, its sentences in ``language``."""
        return {
            "case": self.case_id,
            "version": self.version,
            "goal": self.goal,
            "prospect": self.prospect.value,
            "acts": [act.as_dict(language) for act in self.acts],
            "reason": self.reason.get(language),
            "blockers": [blocker.as_dict(language) for blocker in self.blockers],
        }
