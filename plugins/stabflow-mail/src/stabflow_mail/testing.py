"""A real mail server on this machine, to test a channel of mail with: it answers as it is told, and keeps what it takes.

It takes the extra ``testing``.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import attrs
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

logging.getLogger("mail.log").disabled = True  # where aiosmtpd repeats whole dialogues, addresses and all

Answer = str | float | None
"""What the server does at a step: answer so, wait so many seconds and go on, or (``None``) cut the connection."""


@attrs.frozen
class Taken:
    """A mail that a server has taken over."""

    sender: str
    recipients: Sequence[str]
    options: Sequence[str]
    content: bytes
    encrypted: bool
    user: str
    hello: str


@attrs.frozen
class Certificate:
    """The files of a certificate: of the authority that gave it, and of the server with its key."""

    authority: Path
    server: Path

    @classmethod
    def make(cls, folder: Path, *names: str, hours: int = 1) -> Certificate:
        """A certificate for ``names`` (hosts or addresses) by an authority of its own, in ``folder``, good for so many
        hours; below 0 it was so long ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stabflow tests")])
        now = datetime.datetime.now(datetime.UTC)
        alternatives: list[x509.GeneralName] = []
        for name in names:
            try:
                alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                alternatives.append(x509.DNSName(name))
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(hours=hours))
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_USAGE, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        public = made.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        files = cls(folder / "authority.pem", folder / "server.pem")
        files.authority.write_bytes(public)
        files.server.write_bytes(private + public)
        return files

    def context(self) -> ssl.SSLContext:
        """What a server shows it by."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return context


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class MailServer:
    """A mail server on 127.0.0.1, from ``with`` to its end.

    ``answers`` are those for ``MAIL``, ``RCPT``, ``BEGIN`` (before a message), ``DATA`` (at its end), ``EHLO`` and ``QUIT``, one
    used after the other; then those of ``always``, then all is well. ``users``: passwords by name; without any nobody need sign
    in. What it takes stands in ``taken``, what it cut off at the end of a message too.
    """

    def __init__(
        self,
        *,
        tls: Literal["none", "starttls", "implicit"] = "none",
        certificate: Certificate | None = None,
        users: Mapping[str, str] | None = None,
        ways: Sequence[str] = ("PLAIN", "LOGIN"),
        utf8: bool = True,
        largest: int = 1 << 20,
    ) -> None:
        self.taken: list[Taken] = []
        self.tried: list[str] = []
        """The passwords that clients tried."""
        self.answers: dict[str, list[Answer]] = {}
        self.always: dict[str, Answer] = {}
        self.instead: Callable[[], asyncio.Protocol] | None = None
        """What whoever connects talks to, where that is no mail server."""
        self.connections = 0
        self._tls, self._certificate, self._users = tls, certificate, dict(users or {})
        self._lock = threading.Lock()
        self._context = certificate.context() if certificate and tls != "none" else None
        self._more: dict[str, Any] = {
            "hostname": "mail.test",
            "enable_SMTPUTF8": utf8,
            "data_size_limit": largest,
            "tls_context": self._context if tls == "starttls" else None,
            "require_starttls": tls == "starttls",
        }
        if users:
            self._more |= {
                "authenticator": self._authenticate,
                "auth_require_tls": tls == "starttls",
                "auth_exclude_mechanism": {"PLAIN", "LOGIN"} - set(ways),
            }
        self._links: list[asyncio.Protocol] = []
        self.port = 0
        """Where it listens."""

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)))
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self, started: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        await self._listen()
        started.set()
        await self._over.wait()
        self._server.close()
        for link in self._links:
            _cut(link)

    async def _listen(self) -> None:
        implicit = self._context if self._tls == "implicit" else None
        self._server = await self._loop.create_server(self._linked, "127.0.0.1", self.port, ssl=implicit)
        self.port = int(self._server.sockets[0].getsockname()[1])

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens meanwhile."""

        async def go() -> None:
            self._server.close()

        asyncio.run_coroutine_threadsafe(go(), self._loop).result()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def _linked(self) -> asyncio.Protocol:
        self.connections += 1
        made = self.instead() if self.instead else _Smtp(self, self._loop, self._more)
        self._links.append(made)
        return made

    def url(self, host: str = "127.0.0.1", **parameters: str) -> str:
        """The URL of a channel to it, which trusts its certificate."""
        if self._tls == "none":
            parameters = {"tls": "none"} | parameters
        elif self._certificate is not None:
            parameters = {"ca": str(self._certificate.authority)} | parameters
        parameters = {"from": "notices@example.org"} | parameters
        scheme = "smtps" if self._tls == "implicit" else "smtp"
        return f"{scheme}://{host}:{self.port}?" + "&".join(
            f"{name}={quote(given)}" for name, given in parameters.items()
        )

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, way: str, data: Any) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        user, password = data.login.decode(), data.password.decode()
        with self._lock:
            self.tried.append(password)
        good = self._users.get(user) == password
        return AuthResult(success=good, handled=False, auth_data=user)

    def is_encrypted(self, session: Session) -> bool:
        """Whether what is said in ``session`` is encrypted."""
        return self._tls == "implicit" or session.ssl is not None

    def change_password(self, user: str, password: str) -> None:
        """Let ``user`` sign in with another password from here on."""
        self._users[user] = password

    def keep(self, one: Taken) -> None:
        """Keep a mail."""
        with self._lock:
            self.taken.append(one)

    def next_answer(self, step: str) -> list[Answer]:
        """The next answer for a step, in a list; or none."""
        with self._lock:
            left = self.answers.get(step, [])
            return [left.pop(0)] if left else [self.always[step]] if step in self.always else []


_CUT = "421 gone"


class _Smtp(SMTP):
    """The server's side of one connection."""

    def __init__(self, owner: MailServer, loop: asyncio.AbstractEventLoop, more: dict[str, Any]) -> None:
        self._handler = _Handler(owner)
        super().__init__(self._handler, loop=loop, **more)

    async def smtp_DATA(self, arg: str) -> None:
        said = await self._handler.scripted("BEGIN", self)
        if said is None:
            await super().smtp_DATA(arg)
        elif self.transport is not None:
            await self.push(said)


def _cut(link: asyncio.Protocol) -> None:
    transport = getattr(link, "transport", None)
    if isinstance(transport, asyncio.Transport):
        transport.abort()


Talk = Callable[[socket.socket], None]


class Talker:
    """What no mail server does, on 127.0.0.1: whoever connects is talked to by a function, one after the other."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._link: socket.socket | None = None
        self.port = int(self._listener.getsockname()[1])
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._link = link
            with link, suppress(OSError):
                self._talk(link)

    @property
    def url(self) -> str:
        """The URL of a channel to it."""
        return f"smtp://127.0.0.1:{self.port}?from=notices@example.org&tls=none"

    def close(self) -> None:
        """Break off, and wait until the function has come to its end; ``over`` tells it to."""
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._link is not None:
            with suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join()


# ruff: noqa: N802
class _Handler:
    """What the server asks at each step, by the names that aiosmtpd knows."""

    def __init__(self, owner: MailServer) -> None:
        self._owner = owner

    async def scripted(self, step: str, server: SMTP) -> str | None:
        """The answer that somebody gave for a step."""
        for answer in self._owner.next_answer(step):
            if isinstance(answer, str):
                return answer
            if answer is None:
                _cut(server)
                return _CUT
            await asyncio.sleep(answer)
        return None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        said = await self.scripted("EHLO", server)
        session.host_name = hostname
        return [said] if said else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self.scripted("MAIL", server)
        if said is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said or "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self.scripted("RCPT", server)
        if said is None or said.startswith("25"):
            envelope.rcpt_tos.append(address)
        return said or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = await self.scripted("DATA", server)
        if said in (None, _CUT):
            content: object = envelope.original_content
            self._owner.keep(
                Taken(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    tuple(envelope.mail_options),
                    content if isinstance(content, bytes) else b"",
                    self._owner.is_encrypted(session),
                    str(vars(session)["auth_data"] or ""),
                    session.host_name or "",
                )
            )
        return said or "250 2.0.0 OK: queued as 4F1A2"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return await self.scripted("QUIT", server) or "221 2.0.0 Bye"
