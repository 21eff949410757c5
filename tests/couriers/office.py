"""A server on this machine that takes messages, a line of JSON each, and answers each by a line; it fails as it is told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from stabflow.testing import WAIT, NotifierFault, Received

KEY = "k3y-of-the-Office"

ANSWERS: dict[NotifierFault, bytes] = {
    "busy": b"busy",
    "wait": b"busy %d" % WAIT,
    "rejected": b"never",
    "gone": b"gone",
    "garbled": b"\x00\xff?!",
}


class Office:
    """Keeps what it takes, each id once."""

    def __init__(self) -> None:
        self.failing: NotifierFault | None = None
        self.contacts = 0
        self.port = 0
        self._taken: dict[str, Received] = {}
        self._works_again = threading.Event()
        self._works_again.set()
        self._listen()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=50)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.contacts += 1
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            if self.failing == "torn":
                lines.read(5)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                return
            line = lines.readline()
            while line.endswith(b"\n"):
                if not self._answer(connection, json.loads(line)):
                    return
                line = lines.readline()

    def _answer(self, connection: socket.socket, sent: dict[str, Any]) -> bool:
        failing = self.failing
        if failing in ANSWERS:
            connection.sendall(ANSWERS[failing] + b"\n")
        elif failing == "quoting":
            connection.sendall(f"never for {sent['to']}, who comes with {sent['key']}\n".encode())
        elif failing == "silent":
            self._works_again.wait()
            return False
        elif failing in {"slow", "flood"}:
            while not self._works_again.wait(0.05 if failing == "slow" else 0.001):
                connection.sendall(b"t" if failing == "slow" else b"t" * 2**19)
            return False
        else:
            self._taken.setdefault(sent["id"], _received(sent))
            if failing == "cut":
                return False
            connection.sendall(b"taken\n")
        return True

    def received(self) -> list[Received]:
        return list(self._taken.values())

    @contextmanager
    def fails(self, kind: NotifierFault) -> Iterator[None]:
        self.failing = kind
        self._works_again.clear()
        if kind == "refused":
            self._stop()
        yield
        self.failing = None
        self._works_again.set()
        if kind == "refused":
            self._listen()

    def _stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # lets the thread that accepts go
        self._listener.close()

    def close(self) -> None:
        self._works_again.set()
        self._stop()


def _received(sent: dict[str, Any]) -> Received:
    return Received(
        to=sent["to"],
        text=sent["text"],
        id=sent["id"],
        subject=sent["subject"],
        facts=sent["facts"],
        more=sent.get("more", {}),
    )
