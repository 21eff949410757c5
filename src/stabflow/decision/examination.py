"""What the examination of a command found: who would do it in which role, everything against it, the event it would become."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ..errors import Blocker, NotYourRole, Unmet
from ..requirements import Shortfall
from ..text import Text
from .events import Decided, Event
from .permission import Permission


@attrs.define
class Examination:
    """Filled in while a command is examined: what stands against it grows, ``event`` comes last.

    ``act`` says what was asked for, ``parties`` who may do it, ``held`` which roles the actor has; they are words for a
    refusal, made only when there is one, as are the ``blockers``.
    """

    act: Callable[[], Text]
    parties: Sequence[str]
    allowed: Permission
    held: Callable[[], frozenset[str]]
    event: Event | None = None
    _against: list[tuple[Blocker | Shortfall, tuple[str, ...]]] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.add(self.allowed.blocker)

    def add(self, against: Blocker | Shortfall | None, clause: tuple[str, ...] = ()) -> None:
        """Put one more to what was found against it, if it is something; ``clause`` is cited where it cites none itself."""
        if against is not None:
            self._against.append((against, clause))

    @property
    def is_free(self) -> bool:
        """Whether nothing was found against it."""
        return not self._against

    @property
    def blockers(self) -> list[Blocker]:
        """Everything found against it, in words."""
        return [_told(against, clause) for against, clause in self._against]

    def decided(self) -> Decided:
        """The event, or the refusal with every blocker."""
        if self.allowed.is_role_missing:
            raise NotYourRole(self.act(), self.blockers, roles=self.parties, held=sorted(self.held()))
        if not self.is_free:
            raise Unmet(self.act(), self.blockers)
        assert self.event is not None, "every examined command becomes an event"
        return Decided(self.event, self.allowed.role, self.allowed.mandate)


def _told(against: Blocker | Shortfall, clause: tuple[str, ...]) -> Blocker:
    blocker = against.tell() if isinstance(against, Shortfall) else against
    return blocker if blocker.clause or not clause else attrs.evolve(blocker, clause=clause)
