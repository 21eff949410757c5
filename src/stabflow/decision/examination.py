"""What the examination of a command found: who would do it in which role, everything against it, the event it would become."""

from __future__ import annotations

import attrs

from ..errors import Blocker, NotYourRole, Unmet
from ..text import Text
from .events import Decided, Event


@attrs.frozen(kw_only=True)
class Examination:
    """``roles`` is set when the actor holds none of the roles that may do it; ``held`` are those they do hold."""

    act: Text
    role: str
    mandate: str
    blockers: tuple[Blocker, ...]
    roles: tuple[str, ...] | None = None
    held: tuple[str, ...] = ()
    event: Event | None = None

    def with_event(self, event: Event) -> Examination:
        """The same, with what the command would become."""
        return attrs.evolve(self, event=event)

    def decided(self) -> Decided:
        """The event, or the refusal with every blocker."""
        if self.roles is not None:
            raise NotYourRole(self.act, self.blockers, roles=self.roles, held=self.held)
        if self.blockers:
            raise Unmet(self.act, self.blockers)
        assert self.event is not None, "every examined command becomes an event"
        return Decided(self.event, self.role, self.mandate)
