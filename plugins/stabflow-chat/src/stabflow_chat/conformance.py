"""The harness with which the conformance kit tests the notifier: by apprise's ``json``, on a real server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

from stabflow.ports.notifier import Notifier
from stabflow.testing import WAIT, NotifierFault, NotifierHarness, Received

from .notifier import ChatNotifier
from .testing import Answer, ChatServer

_TOKEN = "a-token-that-nobody-may-read"


class ChatHarness(NotifierHarness):
    """Each channel is a server of its own; the addresses are its pages."""

    longest: ClassVar[int | None] = 8_000
    wrong_addresses: ClassVar[Sequence[str]] = (
        "unit-3",
        "unit-3@transport.example",
        "https://hooks.example.org/unit-3",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
        "syslog://unit-3",
        "json://127.0.0.1/unit-3?verify=no",
    )

    def provision(self) -> ChatServer:
        """A server that listens."""
        return ChatServer().__enter__()

    def open(self, config: ChatServer) -> Notifier:
        """A notifier that may ask such servers."""
        return ChatNotifier.from_url("chat:?allow=json", {})

    def address(self, config: ChatServer, number: int) -> str:
        """A page of it."""
        return f"json://127.0.0.1:{config.port}/{_TOKEN}/unit-{number}"

    def received(self, config: ChatServer) -> Sequence[Received]:
        """What the server took."""
        said = [(one.path, json.loads(one.body)) for one in list(config.asked) if one.taken]
        return [
            Received(
                to=f"json://127.0.0.1:{config.port}{path}",
                subject=one["title"] or None,
                text=one["message"],
            )
            for path, one in said
        ]

    def secrets(self, config: ChatServer) -> Sequence[str]:
        """The token in the addresses."""
        return (_TOKEN,)

    def contacts(self, config: ChatServer) -> int:
        """Requests."""
        return config.connections

    def fault(self, config: ChatServer, kind: NotifierFault) -> AbstractContextManager[None] | None:
        """Each of them can be made."""
        return config.away() if kind == "refused" else _answering(config, _ANSWERS[kind])

    def destroy(self, config: ChatServer) -> None:
        """Stop the server."""
        config.__exit__(None, None, None)


_ANSWERS: dict[NotifierFault, Answer] = {
    "busy": Answer(503),
    "wait": Answer(429, headers={"Retry-After": str(WAIT)}),
    "rejected": Answer(400),
    "gone": Answer(410),
    "quoting": Answer(403, f"{_TOKEN}/unit-1 is no good token".encode()),
    "garbled": Answer(raw=b"a good day to you\r\n\r\n"),
    "silent": Answer(after=60),
    "slow": Answer(body=b"x" * 10_000, between=0.05),
    "flood": Answer(body=b"x" * 65_536, endless=True),
    "cut": Answer(0),
    "torn": Answer(-1),
}


@contextmanager
def _answering(server: ChatServer, answer: Answer) -> Iterator[None]:
    server.always = answer
    yield
    server.always = Answer()
