"""A deadline of our own for every answer.

A commit that waits for a standby heeds no ``statement_timeout``; and to cancel it would make the server report success for
what no standby has. So whoever waits too long has the socket shut, from another thread; what was asked may have been done.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Watch:
    """One answer that is waited for, on the socket ``fileno``, until the moment ``ends`` (of the monotonic clock)."""

    __slots__ = ("ends", "expired", "fileno")

    def __init__(self, fileno: int, ends: float) -> None:
        self.fileno = fileno
        self.ends = ends
        self.expired = False

    def expire(self) -> None:
        """Shut the socket, so that whoever waits on it wakes up."""
        if not self.expired:
            self.expired = True
            with contextlib.suppress(OSError), socket.fromfd(self.fileno, socket.AF_INET, socket.SOCK_STREAM) as twin:
                twin.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """Watches over the answers that a handle waits for; its thread lives while there are any, and a moment longer."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._pause = min(0.25, deadline / 4)
        self._guard = threading.Lock()
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def begin(self, fileno: int) -> Watch:
        """Watch over an answer on this socket; `end` it in any case."""
        watch = Watch(fileno, time.monotonic() + self._deadline)
        with self._guard:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stabflow-postgres-deadline", daemon=True)
                self._thread.start()
        return watch

    def end(self, watch: Watch) -> bool:
        """Watch no longer, so that the socket is not touched from now on; whether the deadline had passed."""
        with self._guard:
            self._watches.discard(watch)
        return watch.expired

    def close(self) -> None:
        """Let the thread end."""
        self._closed.set()

    def _run(self) -> None:
        idle = 0
        while True:
            self._closed.wait(self._pause)
            now = time.monotonic()
            with self._guard:
                for watch in self._watches:
                    if watch.ends <= now:
                        watch.expire()
                idle = 0 if self._watches else idle + 1
                if idle > 20 or (idle and self._closed.is_set()):
                    self._thread = None
                    return
            if self._closed.is_set():
                time.sleep(self._pause)
