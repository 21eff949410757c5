"""A connection whose every step ends at one deadline, however slowly the other side goes about it."""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_MOST = 1 << 16
"""Bytes that a server may say in one dialogue."""

_Places = list[tuple[Any, ...]]


class TooMuch(OSError):
    """A server says more than any server has to say."""


class Deadline:
    """The end of the time that something may take, all told."""

    def __init__(self, within: float) -> None:
        self._end = time.monotonic() + within

    def left(self) -> float:
        """The seconds that are left; `TimeoutError` where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline is over")
        return left

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end

    def shorten(self, within: float) -> None:
        """Have at most ``within`` seconds left."""
        self._end = min(self._end, time.monotonic() + within)


class _Allowance:
    """What a connection may still use: time, and bytes that it is told."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.heard = 0

    def hear(self, count: int) -> int:
        self.heard += count
        if self.heard > _MOST:
            raise TooMuch("more than a server has to say")
        return count


class Line(socket.socket):
    """A connection in the clear."""

    allowance: _Allowance

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(self.allowance.deadline.left())
        return self.allowance.hear(super().recv_into(buffer, nbytes, flags))

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        self.settimeout(self.allowance.deadline.left())
        super().sendall(data, flags)


class EncryptedLine(ssl.SSLSocket):
    """The same, encrypted."""

    allowance: _Allowance

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(self.allowance.deadline.left())
        return self.allowance.hear(super().recv_into(buffer, nbytes, flags))

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Part of ``data``: what all of it is sent by."""
        self.settimeout(self.allowance.deadline.left())
        return super().send(data, flags)


def connect(host: str, port: int, deadline: Deadline) -> Line:
    """A connection to the first address of ``host`` that answers; `OSError` where none does in time."""
    places = _resolve(host, port, deadline)
    failed: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for number, (family, kind, protocol, _, address) in enumerate(places):
        line = Line(family, kind, protocol)
        line.allowance = _Allowance(deadline)
        try:
            line.settimeout(deadline.left() / (len(places) - number))
            line.connect(address)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            line.close()
            failed = error
        else:
            return line
    raise failed


def encrypt(line: Line, context: ssl.SSLContext, host: str) -> EncryptedLine:
    """The connection from here on encrypted; `ssl.SSLError` where the other side cannot show that it is ``host``. ``line`` is of
    no use afterwards."""
    line.settimeout(line.allowance.deadline.left())
    encrypted = context.wrap_socket(line, server_hostname=host)
    if not isinstance(encrypted, EncryptedLine):
        raise TypeError("the context makes other connections: it comes from another place than tls_context()")
    encrypted.allowance = line.allowance
    return encrypted


def tls_context(authorities: str | None) -> ssl.SSLContext:
    """What checks certificates, against those of the system or those in a file; `OSError` or `ValueError` where that cannot be
    read."""
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = EncryptedLine
    return context


def _resolve(host: str, port: int, deadline: Deadline) -> _Places:
    """The addresses of ``host``. Nobody can stop the resolver of the system: who asks it waits no longer than there is time."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[_Places | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, name="stabflow-mail-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("the resolver does not answer") from None
    if isinstance(answer, OSError):
        raise answer
    return answer
