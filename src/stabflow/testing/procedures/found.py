"""What the runs of a machine have found: the shortest of it, made smaller for so long only."""

from __future__ import annotations

import time

from .counterexamples import Counterexample

SHRINKING = 20.0
"""So many seconds of the processor go into making a counterexample small."""


class Enough(BaseException):
    """The time for making a counterexample small is over; not an `Exception`, so that it ends the whole search."""


class Found:
    """The shortest counterexample of all runs so far, and since when there is one."""

    def __init__(self) -> None:
        self.shortest: Counterexample | None = None
        self._since = 0.0

    def take(self, found: Counterexample) -> None:
        """Keep ``found`` if it is the shortest; `Enough` where that has gone on for long."""
        if self.shortest is None:
            self._since = time.process_time()
        if self.shortest is None or _rank(found) < _rank(self.shortest):
            self.shortest = found
        if time.process_time() - self._since > SHRINKING:
            raise Enough


def _rank(found: Counterexample) -> tuple[bool, int]:
    """What a dossier can show comes first, then what is short."""
    return not found.broken.refusable, len(found.steps)
