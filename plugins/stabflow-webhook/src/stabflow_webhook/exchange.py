"""One request and its answer over one connection, under a deadline, with the answer bounded by bytes as well.

`http.client` bounds neither: its time-out is for each read, and a server that drips is read for ever.
"""

from __future__ import annotations

import contextlib
import errno
import io
import re
import socket
import ssl
from collections.abc import Mapping, Sequence

from .address import Target
from .attempt import Deadline, Ended

HEAD_BYTES = 65536
BODY_BYTES = 4096
BODY_SECONDS = 0.5
"""An answer's body means nothing; it is read so far that an orderly server sees its end."""

_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_RETRY_AFTER = re.compile(rb"retry-after:[ \t]*([^\r\n]*?)[ \t]*\r?\n", re.IGNORECASE)
_CERTIFICATE = {
    9: "is not valid yet",
    10: "has run out",
    18: "is signed by itself alone",
    19: "is of an authority that is not trusted here; ca= names another",
    20: "is of an authority that is not trusted here; ca= names another",
    21: "is of an authority that is not trusted here; ca= names another",
    62: "is for another name",
    64: "is for another address",
}


def connect(addresses: Sequence[str], target: Target, tls: ssl.SSLContext | None, deadline: Deadline) -> socket.socket:
    """A connection to the first of ``addresses`` that takes one, with ``tls`` unless that is ``None``; the certificate is checked
    for the name. `Ended` when none does, `TimeoutError` when there is no time left."""
    reason = ""
    for place, address in enumerate(addresses):
        mine = Deadline(deadline.left() / (len(addresses) - place))
        link = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            link.settimeout(mine.left())
            link.connect((address, target.port))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is None:
                return link
            link.settimeout(mine.left())
            return tls.wrap_socket(link, server_hostname=target.host)
        except OSError as error:
            link.close()
            reason = why(error)
    deadline.left()
    raise Ended(reason)


def why(error: OSError) -> str:
    """Why there is no connection, without a name or an address: what the system says may hold both."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the receiver's certificate {_CERTIFICATE.get(error.verify_code, 'does not hold')}"
    if isinstance(error, ssl.SSLError):
        return "the receiver and we agree on no TLS"
    if isinstance(error, TimeoutError):
        return "the receiver did not take a connection in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens where the receiver should"
    return f"the receiver could not be connected to ({errno.errorcode.get(error.errno or 0, 'no reason told')})"


def request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """The whole request, as it is sent."""
    head = {
        "Host": target.authority,
        "User-Agent": "stabflow-webhook",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
        "Content-Length": str(len(body)),
    }
    lines = [f"POST {target.requested} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + body


def send(link: socket.socket, data: bytes, deadline: Deadline) -> None:
    """All of ``data``. A server that has heard enough and closes is no error here: it may have answered."""
    rest = memoryview(data)
    with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
        while rest:
            link.settimeout(deadline.left())
            rest = rest[link.send(rest) :]


def read_answer(link: socket.socket, deadline: Deadline) -> tuple[int, str | None]:
    """The status of the answer and its ``Retry-After``; `Ended` where it is no answer of HTTP, `TimeoutError` where it does not
    come to its end in time."""
    source = io.BufferedReader(_Bounded(link, deadline))
    status, retry_after = _read_head(source)
    while 100 <= status <= 199 and status != 101:
        status, retry_after = _read_head(source)
    with contextlib.suppress(OSError, Ended):
        _Bounded(link, Deadline(min(BODY_SECONDS, deadline.left())), BODY_BYTES).readall()
    return status, retry_after


def _read_head(source: io.BufferedReader[_Bounded]) -> tuple[int, str | None]:
    status = _STATUS.fullmatch(source.readline())
    if status is None:
        raise Ended("the receiver answered with something that is not HTTP")
    retry_after: str | None = None
    while (line := source.readline()) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n"):
            raise Ended("the receiver broke off in its answer")
        if retry_after is None and (found := _RETRY_AFTER.fullmatch(line)):
            retry_after = found[1].decode("latin-1")
    return int(status[1]), retry_after


class _Bounded(io.RawIOBase):
    """What a connection brings, up to a deadline and a number of bytes."""

    def __init__(self, link: socket.socket, deadline: Deadline, at_most: int = HEAD_BYTES) -> None:
        self._link = link
        self._deadline = deadline
        self._rest = at_most

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            raise Ended("the receiver's answer has no end")
        self._link.settimeout(self._deadline.left())
        count = self._link.recv_into(memoryview(into)[: self._rest])
        self._rest -= count
        return count
