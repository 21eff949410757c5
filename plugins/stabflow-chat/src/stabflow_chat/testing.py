"""A chat service on this machine, to test a channel of chats with: it answers as it is told, and keeps what it is told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import attrs


@attrs.frozen
class Answer:
    """What the service answers: ``status`` 0 cuts the connection. It waits ``after`` seconds before that, and ``between`` two
    bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    after: float = 0.0
    between: float = 0.0


@attrs.frozen
class Asked:
    """A request: where to, and with what."""

    path: str
    body: bytes


class ChatServer:
    """A server of HTTP on 127.0.0.1, from ``with`` to its end; ``answers`` are used one after the other, then all is well."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """An address of apprise for a channel that allows ``json``."""
        return f"json://127.0.0.1:{self.port}/geheim-token"


class _Server(ThreadingHTTPServer):
    owner: ChatServer
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever is asked may go."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        owner = self.server.owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        owner.asked.append(Asked(self.path, body))
        answer = owner.answers.pop(0) if owner.answers else Answer()
        self.close_connection = True
        if owner.over.wait(answer.after) or answer.status == 0:
            return
        with suppress(OSError):
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not answer.between:
                self.wfile.write(answer.body)
                return
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                if owner.over.wait(answer.between):
                    return

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""
