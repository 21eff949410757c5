"""What the examination of a command found: who would do it in which role, everything against it, the event it would become."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ..errors import Blocker, NotYourRole, Unmet
from ..text import Text
from .events import Decided, Event
from .permission import Permission


@attrs.define
class Examination:
    """Filled in while a command is examined: ``blockers`` grow, ``event`` comes last.

    ``act`` says what was asked for, ``parties`` who may do it, ``held`` which roles the actor has; they are words for a
    refusal, made only when there is one.
    """

    act: Callable[[], Text]
    parties: Sequence[str]
    allowed: Permission
    held: Callable[[], frozenset[str]]
    blockers: list[Blocker] = attrs.field(factory=list)
    event: Event | None = None

    def __attrs_post_init__(self) -> None:
        self.add(self.allowed.blocker)

    def add(self, blocker: Blocker | None, clause: tuple[str, ...] = ()) -> None:
        """Put one more blocker, if it is one, to those found; ``clause`` is cited where it cites none itself."""
        if blocker is not None:
            self.blockers.append(blocker if blocker.clause or not clause else attrs.evolve(blocker, clause=clause))

    def decided(self) -> Decided:
        """The event, or the refusal with every blocker."""
        if self.allowed.is_role_missing:
            raise NotYourRole(self.act(), self.blockers, roles=self.parties, held=sorted(self.held()))
        if self.blockers:
            raise Unmet(self.act(), self.blockers)
        assert self.event is not None, "every examined command becomes an event"
        return Decided(self.event, self.allowed.role, self.allowed.mandate)
