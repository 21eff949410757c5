"""Names are looked up under a deadline: what the system offers for it has none."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence

from .attempt import Ended

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for a port; raises `OSError` where there are none."""


def look_up(name: str, port: int) -> list[str]:
    """As the system does it."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


class Lookups:
    """Looks names up, each in a thread of its own, in which it may hang; at most ``at_once`` of them."""

    def __init__(self, resolve: Resolve, at_once: int = 16) -> None:
        self._resolve = resolve
        self._free = threading.BoundedSemaphore(at_once)

    def addresses(self, name: str, port: int, within: float) -> list[str]:
        """The addresses of ``name``; `TimeoutError` after ``within`` seconds, `Ended` where there are none."""
        if not self._free.acquire(timeout=within):
            raise TimeoutError
        answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(list(self._resolve(name, port)))
            except (OSError, UnicodeError):
                answers.put(None)
            finally:
                self._free.release()

        thread = threading.Thread(target=ask, name="stabflow-webhook-lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._free.release()
            raise
        try:
            found = answers.get(timeout=within)
        except queue.Empty:
            raise TimeoutError from None
        if not found:
            raise Ended("the name of the receiver could not be looked up")
        return found
