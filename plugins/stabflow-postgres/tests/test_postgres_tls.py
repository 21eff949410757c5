"""Encrypted connections. The server of the wheel has no TLS: a front stands before it that has, as a proxy in service would.

The certificates in ``tls`` are good until 2126: ``server.pem``, with its key, is that of ``localhost``, and signed by
``authority.crt``; ``stranger.crt`` has signed nothing.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from stabflow_postgres import PostgresStore
from stabflow_postgres.testing import administrator, embedded_server, waiting_for_a_standby

from stabflow.errors import CommitUnknown, StoreUnavailable
from stabflow.ports.store import AppendBatch, NewRecord

Open = Callable[..., PostgresStore]

FILES = Path(__file__).parent / "tls"
ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")


class Front:
    """Agrees on TLS with whoever connects, and passes the rest on to the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(FILES / "server.pem")
        self._context.num_tickets = 0  # as PostgreSQL does
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(plain,)))
                self._threads[-1].start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):  # an SSLError is one
            plain.settimeout(10)
            assert plain.recv(8) == ASKS_FOR_TLS
            plain.sendall(b"S")
            with (
                self._context.wrap_socket(plain, server_side=True) as client,
                socket.create_connection(("127.0.0.1", self._port)) as server,
            ):
                self._pass_on(client, server)

    def _pass_on(self, client: ssl.SSLSocket, server: socket.socket) -> None:
        while not self._over.is_set():
            ready = [client] if client.pending() else select.select([client, server], [], [], 0.05)[0]
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                (server if one is client else client).sendall(data)

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def front() -> Iterator[Front]:
    front = Front(embedded_server().port)
    yield front
    front.close()


def through(front: Front, url: str, host: str = "localhost", **parameters: str) -> str:
    given = re.sub("port=[0-9]+", f"port={front.port}", re.sub("host=[^&]+", f"host={host}", url))
    return "&".join([given, "sslmode=verify-full", *(f"{name}={quote(value)}" for name, value in parameters.items())])


def act(after: int = 0, key: str | None = None) -> AppendBatch:
    return AppendBatch("case/one", after, (NewRecord("tag", b"{}", b"{}", bytes(32)),), key=key, digest=key)


def test_a_certificate_that_is_good(front: Front, url: str, opened: Open) -> None:
    """And what was connected once is used again and again."""
    store = opened(through(front, url, sslrootcert=str(FILES / "authority.crt")))
    for after in range(3):
        assert store.append(act(after)).last_version == after + 1
    with administrator(url) as link:
        found = link.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stabflow'").fetchone()
    assert found == (1,)


@pytest.mark.parametrize(
    ("host", "root", "said"),
    [
        ("localhost", "stranger.crt", "certificate verify failed"),
        ("127.0.0.1", "authority.crt", "does not match host name"),
        ("localhost", "nowhere.crt", "does not exist"),
    ],
)
def test_a_certificate_that_is_not(front: Front, url: str, host: str, root: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=rf"do not trust each other: correct sslmode= and sslrootcert= .*{said}"):
        PostgresStore.from_url(through(front, url, host, sslrootcert=str(FILES / root)))


def test_a_key_that_others_may_read(front: Front, url: str, tmp_path: Path) -> None:
    key = tmp_path / "mine.key"
    key.write_text((FILES / "server.pem").read_text(encoding="ascii"), encoding="ascii")
    key.chmod(0o644)
    more = {"sslrootcert": str(FILES / "authority.crt"), "sslcert": str(FILES / "server.pem"), "sslkey": str(key)}
    with pytest.raises(StoreUnavailable, match=r"cannot be asked with the key of this client: correct sslkey="):
        PostgresStore.from_url(through(front, url, **more))


@pytest.mark.slow
def test_a_deadline_holds_for_what_is_encrypted_too(front: Front, url: str, opened: Open) -> None:
    store = opened(through(front, url.replace("deadline=5", "deadline=0.5"), sslrootcert=str(FILES / "authority.crt")))
    store.append(act())
    with waiting_for_a_standby(url):
        began = time.monotonic()
        with pytest.raises(CommitUnknown, match=r"no answer within 0\.5 s"):
            store.append(act(1, key="k"))
        assert time.monotonic() - began < 3
    assert store.append(act(1, key="k")).replayed
