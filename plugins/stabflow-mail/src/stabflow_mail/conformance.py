"""The harness with which the conformance kit tests the notifier, on a real mail server on this machine.

It takes the extra ``testing``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from email import message_from_bytes
from email.policy import default
from typing import ClassVar

from stabflow.ports.notifier import Notifier, Secret
from stabflow.testing import NotifierFault, NotifierHarness, Received

from .notifier import MailNotifier
from .testing import Answer, MailServer

_USER, _PASSWORD = "notices", "a-password-that-nobody-may-read"


class MailHarness(NotifierHarness):
    """Each channel is a mail server of its own, to which one signs in."""

    wrong_addresses: ClassVar[Sequence[str]] = (
        "unit-3",
        "unit-3@",
        "@transport.example",
        "unit-3@transport.example, unit-4@transport.example",
        "https://hooks.example.org/unit-3",
        "unit 3@transport.example",
    )

    def provision(self) -> MailServer:
        """A server that listens."""
        return MailServer(users={_USER: _PASSWORD}).__enter__()

    def open(self, config: MailServer) -> Notifier:
        """A notifier for it."""
        return MailNotifier.from_url(config.url(user=_USER), {"password": (Secret(_PASSWORD),)})

    def address(self, config: MailServer, number: int) -> str:
        """Any that is one."""
        return f"unit-{number}@transport.example"

    def received(self, config: MailServer) -> Sequence[Received]:
        """What the server took, read as a mail program does."""
        return [_read(one.recipients[0], one.content) for one in list(config.taken)]

    def secrets(self, config: MailServer) -> Sequence[str]:
        """The password."""
        return (_PASSWORD,)

    def contacts(self, config: MailServer) -> int:
        """Connections."""
        return config.connections

    def fault(self, config: MailServer, kind: NotifierFault) -> AbstractContextManager[None] | None:
        """All but ``wait``: no mail server says for how long it wants to be left alone."""
        if kind == "refused":
            return config.away()
        if kind in _MAD:
            return _replaced(config, _MAD[kind])
        step = _ANSWERS.get(kind)
        return _answering(config, *step) if step else None

    def destroy(self, config: MailServer) -> None:
        """Stop the server."""
        config.__exit__(None, None, None)


_ANSWERS: dict[NotifierFault, tuple[str, Answer]] = {
    "busy": ("DATA", "451 4.3.0 not now"),
    "rejected": ("DATA", "554 5.6.0 never"),
    "gone": ("RCPT", "550 5.1.6 moved"),
    "quoting": ("RCPT", "550 5.7.1 unit-1@transport.example may not be written to with " + _PASSWORD),
    "garbled": ("DATA", "a good day to you"),
    "cut": ("DATA", None),
    "torn": ("BEGIN", None),
}


@contextmanager
def _answering(server: MailServer, step: str, answer: Answer) -> Iterator[None]:
    server.always[step] = answer
    yield
    del server.always[step]


@contextmanager
def _replaced(server: MailServer, by: Callable[[], asyncio.Protocol]) -> Iterator[None]:
    server.instead = by
    yield
    server.instead = None


class _Silent(asyncio.Protocol):
    """Takes the connection, and says nothing."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport
            self.say()

    def say(self) -> None:
        """What it says."""


class _Slow(_Silent):
    """Says a letter now and then."""

    def say(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"2")
            asyncio.get_running_loop().call_later(0.05, self.say)


class _Flood(_Silent):
    """Says more and more."""

    _full = False

    def say(self) -> None:
        while not self._full and not self.transport.is_closing():
            self.transport.write(b"220-welcome, and more of it follows\r\n" * 1000)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.say()


_MAD: dict[NotifierFault, Callable[[], asyncio.Protocol]] = {"silent": _Silent, "slow": _Slow, "flood": _Flood}


def _read(to: str, content: bytes) -> Received:
    mail = message_from_bytes(content, policy=default)
    body = mail.get_body()
    return Received(
        to=to,
        text=body.get_content().replace("\r\n", "\n") if body is not None else "",
        id=str(mail["Message-ID"]).strip("<>").rpartition("@")[0],
        subject=str(mail["Subject"]),
        more={name.lower(): str(value) for name, value in mail.items()},
    )
