"""A chat service on this machine, to test a channel of chats with: it answers as it is told, and keeps what it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import attrs


@attrs.frozen
class Answer:
    """What the service answers: ``status``, or ``raw`` instead of anything that is HTTP. ``status`` 0 cuts the connection, and -1
    does before the request has been read. It waits ``after`` seconds before that, and ``between`` two bytes of the body.
    ``endless``: the body is said over and over."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    after: float = 0.0
    between: float = 0.0
    raw: bytes = b""
    endless: bool = False


@attrs.frozen
class Asked:
    """A request: where to, with what, and whether what it said was taken over, as far as the service is concerned."""

    path: str
    body: bytes
    taken: bool


class ChatServer:
    """A server of HTTP on 127.0.0.1, from ``with`` to its end; ``answers`` are used one after the other, then ``always``."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.always = Answer()
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.over = threading.Event()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.owner = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens meanwhile."""
        self.__exit__(None, None, None)
        try:
            yield
        finally:
            self.__enter__()

    @property
    def address(self) -> str:
        """An address of apprise for a channel that allows ``json``."""
        return f"json://127.0.0.1:{self.port}/geheim-token"

    def next_answer(self) -> Answer:
        """What is to be answered."""
        with self._lock:
            return self.answers.pop(0) if self.answers else self.always


class _Server(ThreadingHTTPServer):
    owner: ChatServer
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asks may go."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        owner = self.server.owner
        owner.connections += 1
        self.close_connection = True
        answer = owner.next_answer()
        if answer.status < 0:
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        taken = not answer.raw and (answer.status == 0 or 200 <= answer.status < 300)
        owner.asked.append(Asked(self.path, body, taken))
        if not owner.over.wait(answer.after):
            with suppress(OSError):
                self._answer(answer)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def _answer(self, answer: Answer) -> None:
        if answer.raw or answer.status == 0:
            self.wfile.write(answer.raw)
            return
        self.send_response(answer.status)
        length = {} if answer.endless else {"Content-Length": str(len(answer.body))}
        for name, value in {"Connection": "close", **length, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not answer.between:
            self.wfile.write(answer.body)
            while answer.endless and not self.server.owner.over.is_set():
                self.wfile.write(answer.body)
            return
        for byte in answer.body:
            self.wfile.write(bytes([byte]))
            if self.server.owner.over.wait(answer.between):
                return

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""
