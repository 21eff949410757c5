"""An attempt to send: the time that is left for it, and how it ends before there is an answer."""

from __future__ import annotations

import time

from stabflow.errors import StabflowError


class Deadline:
    """So many seconds from when it is made; it runs by a clock that nobody sets."""

    def __init__(self, within: float) -> None:
        self._end = time.monotonic() + within

    def left(self) -> float:
        """The seconds that are left, above zero; `TimeoutError` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Ended(StabflowError):
    """An attempt came to nothing for ``reason``, which names no address; ``for_good`` where the next would too."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        self.reason = reason
        self.for_good = for_good
        super().__init__(reason)
