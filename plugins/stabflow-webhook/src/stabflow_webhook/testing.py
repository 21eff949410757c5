"""For tests: receivers on loopback that answer as they are told, or fail as real ones do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

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

    def __init__(self, answer: Answer, *, certificate: Path | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self._answer = answer
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._server = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
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
        with link.makefile("rb") as source:
            line = source.readline().decode("ascii").strip()
            headers: dict[str, str] = {}
            while name_and_value := source.readline().decode("ascii").strip():
                name, _, value = name_and_value.partition(":")
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            body = source.read(length)
        if line and len(body) == length:
            self.requests.append(Request(line, headers, body))
            self._answer(link)
