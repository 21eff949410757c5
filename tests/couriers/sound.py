"""The notifier of the office, which keeps its contract, in parts that faulty ones can spoil one by one; and its harness."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import AbstractContextManager
from typing import Any

from stabflow import InvalidInput
from stabflow.ports.notifier import Delivered, Message, Notifier, Rejected, Result, Retry
from stabflow.testing import NotifierFault, NotifierHarness, Received

from .office import KEY, Office

DESK = re.compile(r"desk-[0-9]{1,4}")
MOST = 1_000


class Courier(Notifier):
    """One connection for each message."""

    contract = 1
    deduplicates = True

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._closed = False

    def check_address(self, address: str) -> None:
        if not DESK.fullmatch(address):
            raise InvalidInput.at("address", "it is no desk of the office", "write desk- and a number")

    def send(self, message: Message, *, within: float) -> Result:
        deadline = time.monotonic() + within
        if self._closed:
            return Retry("the notifier is closed")
        try:
            self.check_address(message.to)
        except InvalidInput:
            return self.misaddressed(message)
        try:
            connection = self.connected(deadline)
        except OSError as error:
            return self.unreached(error)
        try:
            with connection:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                connection.sendall(self.line(message))
                return self.result(self.answer(connection, deadline), message)
        except OSError as error:
            return self.broken_off(error, message)

    def misaddressed(self, message: Message) -> Result:
        return Rejected("the address is no desk of the office")

    def connected(self, deadline: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), max(0.001, deadline - time.monotonic()))

    def unreached(self, error: OSError) -> Result:
        return Retry(f"the office cannot be reached ({type(error).__name__})")

    def broken_off(self, error: OSError, message: Message) -> Result:
        return Retry(f"the office broke off ({type(error).__name__})", maybe_sent=True)

    def fields(self, message: Message) -> dict[str, Any]:
        return {
            "id": message.id,
            "to": message.to,
            "subject": " ".join(message.subject.splitlines()),
            "text": message.text,
            "facts": dict(message.facts),
            "key": self._key,
        }

    def line(self, message: Message) -> bytes:
        return json.dumps(self.fields(message)).encode() + b"\n"

    def answer(self, connection: socket.socket, deadline: float) -> bytes:
        """The line that it answers, or what there is of it."""
        answer = b""
        while not answer.endswith(b"\n") and len(answer) < MOST:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            part = connection.recv(MOST)
            if not part:
                raise ConnectionResetError
            answer += part
        return answer

    def result(self, answer: bytes, message: Message) -> Result:
        word, _, rest = answer.decode("ascii", "replace").strip().partition(" ")
        if word == "taken":
            return Delivered("taken")
        if word == "busy":
            return Retry("the office is busy", after=float(rest) if rest.isdigit() else None)
        if word in {"never", "gone"}:
            return Rejected("the office does not take it", gone=word == "gone")
        return Retry("the office gave an answer that is none", maybe_sent=True)

    def close(self) -> None:
        self._closed = True


class CourierHarness(NotifierHarness):
    """All that a harness can offer, for a courier of some kind."""

    wrong_addresses = ("desk-", "desk-12345", "table-3", "unit-9@example.org")

    def __init__(self, kind: type[Courier] = Courier) -> None:
        self.kind = kind

    def provision(self) -> Office:
        return Office()

    def open(self, config: Office) -> Notifier:
        return self.kind(config.port, KEY)

    def address(self, config: Office, number: int) -> str:
        return f"desk-{number}"

    def received(self, config: Office) -> list[Received]:
        return config.received()

    def secrets(self, config: Office) -> list[str]:
        return [KEY]

    def contacts(self, config: Office) -> int:
        return config.contacts

    def fault(self, config: Office, kind: NotifierFault) -> AbstractContextManager[None]:
        return config.fails(kind)

    def destroy(self, config: Office) -> None:
        config.close()
