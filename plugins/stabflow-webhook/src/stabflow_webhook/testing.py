"""For tests: receivers on loopback that answer as they are told, and the harness that the kit of notifiers runs on."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from stabflow.ports.notifier import Notifier, Secret
from stabflow.testing import WAIT, NotifierFault, NotifierHarness, Received

from .notifier import WebhookNotifier
from .signing import headers, read_secrets

Answer = Callable[[socket.socket], None]
"""Answers a request that was read to its end; the connection is closed afterwards."""


def response(status: str, *lines: str, body: bytes = b"") -> Answer:
    """Answers with ``status``, such as ``200 OK``, and header ``lines``."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]
    return lambda link: link.sendall("\r\n".join(head).encode("latin-1") + body)


@attrs.frozen
class Request:
    """A request as it came; the names of its headers in small letters."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """A server on loopback that takes requests in, each in a thread, and has ``answer`` answer.

    With ``certificate``, a file with a key and a certificate in PEM, it speaks TLS. ``requests`` are those that came whole,
    ``connections`` counts all; ``over`` is set when the receiver is closed, for an answer that waits.
    """

    def __init__(
        self, answer: Answer, *, certificate: Path | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self._answer = answer
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._server = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def address(self, host: str = "127.0.0.1", path: str = "/notices") -> str:
        """Where it is, as the directory has it."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Take no more requests, and wait until those that are there are answered."""
        self.over.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._server.accept()
                self.connections += 1
                thread = threading.Thread(target=self._take, args=(link,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _take(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), link:  # what is no request of HTTP is not answered
            link.settimeout(10)
            if self._tls is None:
                self._talk(link)
            else:
                with self._tls.wrap_socket(link, server_side=True) as inner:
                    self._talk(inner)

    def _talk(self, link: socket.socket) -> None:
        if request := self.read(link):
            self.requests.append(request)
            self.answer(request, link)

    def answer(self, request: Request, link: socket.socket) -> None:
        """Answer a request."""
        self._answer(link)

    def read(self, link: socket.socket) -> Request | None:
        """A request, if it comes whole."""
        with link.makefile("rb") as source:
            line = source.readline().decode("ascii").strip()
            headers: dict[str, str] = {}
            while name_and_value := source.readline().decode("ascii").strip():
                name, _, value = name_and_value.partition(":")
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            body = source.read(length)
        return Request(line, headers, body) if line and len(body) == length else None


KEY = "whsec_" + base64.b64encode(b"a key that only tests have").decode()
_HEAD = b"HTTP/1.1 200 OK\r\n"
_RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
_REFUSING: Mapping[NotifierFault, Answer] = {
    "busy": response("503 Service Unavailable"),
    "wait": response("429 Too Many Requests", f"Retry-After: {WAIT}"),
    "rejected": response("422 Unprocessable Content"),
    "gone": response("410 Gone"),
    "garbled": lambda link: link.sendall(b"\x16\x03\x01 no answer\r\n\r\n"),
}


class _Office(Receiver):
    """A receiver that fails as it is told, and otherwise verifies what it takes."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(response("204 No Content"), port=port)
        self.failing: NotifierFault | None = None
        self.taken: dict[str, Received] = {}
        self.mended = threading.Event()

    def read(self, link: socket.socket) -> Request | None:
        """A request, unless the connection is to break in the middle of it."""
        if self.failing == "torn":
            link.recv(100)
            link.setsockopt(*_RESET)
            return None
        return super().read(link)

    def answer(self, request: Request, link: socket.socket) -> None:
        """Take the event, or fail."""
        kind = self.failing
        if kind is None or kind == "cut":
            self._take_over(request)
            if kind is None:
                super().answer(request, link)
        elif kind == "quoting":
            words = f"{request.line} {KEY} {dict(request.headers)}"
            response(f"500 {words}", f"Said: {words}", body=words.encode() + request.body)(link)
        elif kind in _REFUSING:
            _REFUSING[kind](link)
        elif kind == "flood":
            while True:
                link.sendall(_HEAD + b"X: y\r\n" * 4096)
        else:
            rest = itertools.cycle(_HEAD + b"X: y" * 10_000 if kind == "slow" else b"")
            while not (self.mended.wait(0.01) or self.over.is_set()):
                link.sendall(bytes([byte for byte, _ in zip(rest, "1", strict=False)]))

    def _take_over(self, request: Request) -> None:
        event = json.loads(request.body)
        signed = headers(
            read_secrets({"signing": [Secret(KEY)]}),
            event["id"],
            int(request.headers["webhook-timestamp"]),
            request.body,
        )
        if not signed.items() <= request.headers.items():
            raise ValueError("the request is not signed as it should be")
        data = event["data"]
        to = self.address(path=request.line.split()[1])
        self.taken.setdefault(
            event["id"],
            Received(
                to=to,
                id=event["id"],
                subject=data["subject"],
                text=data["text"],
                facts=data["facts"],
                more=request.headers,
            ),
        )


class WebhookHarness(NotifierHarness):
    """A receiver on loopback, which knows by the id what it has already: ``stabflow conformance
    stabflow_webhook.testing:WebhookHarness``."""

    wrong_addresses = (
        "ftp://127.0.0.1/notices",
        "https://user:password@127.0.0.1/notices",
        "https://127.0.0.1:99999/notices",
        "https://127.0.0.1/notices#part",
        "https://127.1/notices",
        "https://10.0.0.1/notices",
        "http://hooks.example/notices",
    )

    def provision(self) -> list[_Office]:
        """A receiver; another takes its place when it was away."""
        return [_Office()]

    def open(self, config: list[_Office]) -> Notifier:
        """A notifier that may send to it."""
        return WebhookNotifier("webhook:?allow=127.0.0.1", {"signing": [Secret(KEY)]})

    def address(self, config: list[_Office], number: int) -> str:
        """A path of its own for each number."""
        return config[-1].address(path=f"/t0ken-{number}")

    def received(self, config: list[_Office]) -> Sequence[Received]:
        """What all of them have taken."""
        return [one for office in config for one in office.taken.values()]

    def secrets(self, config: list[_Office]) -> Sequence[str]:
        """The key, and what is secret in addresses."""
        return (KEY, KEY.removeprefix("whsec_"), "t0ken")

    def contacts(self, config: list[_Office]) -> int:
        """How many connections there were."""
        return sum(office.connections for office in config)

    @contextmanager
    def fault(self, config: list[_Office], kind: NotifierFault) -> Iterator[None]:
        """All kinds can be made."""
        office = config[-1]
        if kind == "refused":
            office.close()
            yield
            config.append(_Office(office.port))
            return
        office.failing = kind
        office.mended.clear()
        yield
        office.failing = None
        office.mended.set()

    def destroy(self, config: list[_Office]) -> None:
        """Close the receiver."""
        config[-1].close()
