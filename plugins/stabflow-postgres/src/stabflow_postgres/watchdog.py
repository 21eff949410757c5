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
    """One answer that is waited for, on the socket ``fileno``."""

    __slots__ = ("_fileno", "_guard", "_over", "ends", "expired")

    def __init__(self, fileno: int, ends: float) -> None:
        self._fileno = fileno
        self._guard = threading.Lock()
        self._over = False
        self.ends = ends
        self.expired = False

    def over(self) -> None:
        """The answer is there, or the connection is gone: the socket is not touched from now on."""
        with self._guard:
            self._over = True

    def expire(self) -> None:
        """Shut the socket, so that whoever waits on it wakes up."""
        with self._guard:
            if self._over or self.expired:
                return
            self.expired = True
            with contextlib.suppress(OSError), socket.fromfd(self._fileno, socket.AF_INET, socket.SOCK_STREAM) as twin:
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
        """Watch no longer; whether the deadline had passed."""
        watch.over()
        with self._guard:
            self._watches.discard(watch)
        return watch.expired

    def close(self) -> None:
        """Let the thread end."""
        self._closed.set()

    def _run(self) -> None:
        idle = 0
        while not (self._closed.wait(self._pause) and not self._watches):
            now = time.monotonic()
            with self._guard:
                late = [watch for watch in self._watches if watch.ends <= now]
                idle = 0 if self._watches else idle + 1
                if idle > 20:
                    self._thread = None
                    return
            for watch in late:
                watch.expire()
            if self._closed.is_set():
                time.sleep(self._pause)
