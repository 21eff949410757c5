"""The threads that hand messages to one channel, so that a slow channel delays no other, and one that hangs nothing at all.

A call that does not come back in its time is left behind in its thread, and counts as one that may have been sent. A channel
with too many of those is not used until some have come back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

import attrs

from ..decision.checks import RAISED
from ..errors import PluginError
from ..ports.notifier import Message, Notifier, Result, Retry

_log = logging.getLogger(__name__)

GRACE = 1.0
"""So many seconds after its time is over a call is left behind."""

MOST_HUNG = 8
"""With so many calls that have not come back, a channel is not used."""


@attrs.define(eq=False)
class Job:
    """A message to be handed over; ``began`` is when its call began (0: not yet), ``result`` what became of it."""

    message: Message
    began: float = 0.0
    left_behind: bool = False
    result: Result | None = None


class Crew:
    """The threads of one channel, at most so many (``size``) in use, each made when it is needed. A call has ``within`` seconds.
    What is finished comes into ``finished``, for whoever delivers just now."""

    def __init__(
        self,
        notifier: Notifier,
        *,
        size: int,
        within: float,
        finished: SimpleQueue[Job],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.notifier = notifier
        self._size, self._within, self._finished, self._clock = size, within, finished, clock
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._under_way: list[Job] = []
        self._waiting = 0
        self._threads = 0
        self._hung = 0

    @property
    def load(self) -> int:
        """How many messages it has, begun or not."""
        with self._lock:
            return self._waiting + len(self._under_way)

    @property
    def is_stuck(self) -> bool:
        """Whether too many of its calls have not come back."""
        with self._lock:
            return self._hung >= MOST_HUNG

    def take(self, job: Job) -> None:
        """Hand a message over when there is a thread for it."""
        with self._lock:
            self._waiting += 1
            self._hire()
        self._jobs.put(job)

    def _hire(self) -> None:
        """Make a thread, if there is work for one more."""
        idle = self._threads - len(self._under_way)
        if self._waiting > idle and self._threads < self._size:
            self._threads += 1
            threading.Thread(target=self._work, name="stabflow-deliver", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._lock:
                job.began = self._clock()
                self._waiting -= 1
                self._under_way.append(job)
            result = self._sent(job.message)
            with self._lock:
                if job.left_behind:
                    self._hung -= 1
                    return
                self._under_way.remove(job)
            job.result = result
            self._finished.put(job)
        with self._lock:
            self._threads -= 1

    def _sent(self, message: Message) -> Result:
        try:
            return self.notifier.send(message, within=self._within)
        except BaseException as error:  # noqa: BLE001 - the words of which may quote the address
            return Retry(f"the notifier raised {type(error).__name__}", maybe_sent=True)

    def leave_behind(self) -> None:
        """Give up waiting for the calls whose time is over; other threads take their places, unless the channel is stuck."""
        now = self._clock()
        with self._lock:
            late = [job for job in self._under_way if now - job.began > self._within + GRACE]
            for job in late:
                job.left_behind = True
                self._under_way.remove(job)
                self._hung += 1
                self._threads -= 1
            for _ in range(self._waiting if self._hung < MOST_HUNG else 0):
                self._hire()
        for job in late:
            job.result = Retry(f"there was no answer within {self._within:g} seconds", maybe_sent=True)
            self._finished.put(job)

    def give_back(self) -> list[Job]:
        """What has not begun, which it does not have any more."""
        back: list[Job] = []
        with self._lock, suppress(Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    back.append(job)
                    self._waiting -= 1
        return back

    def close(self) -> None:
        """Let the threads end as they come back, and close the notifier; that is waited for as long as for a call."""
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._jobs.put(None)
        closing = threading.Thread(target=self._close_notifier, name="stabflow-close", daemon=True)
        closing.start()
        closing.join(self._within)

    def _close_notifier(self) -> None:
        try:
            self.notifier.close()
        except PluginError as error:
            _log.warning("%s", error)
        except RAISED as error:  # whose words may quote a secret
            _log.warning("closing a notifier raised %s", type(error).__name__)
