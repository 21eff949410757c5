"""Encryption and signing in, against a real server with a certificate of an authority of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from stabflow_mail import MailNotifier
from stabflow_mail.testing import Certificate, MailServer, Talk, Talker

from stabflow.ports.notifier import Delivered, Message, Retry

Make = Callable[..., Message]
Opened = Callable[..., MailNotifier]
DONE = Delivered("250 2.0.0")
WRONG = "AUTH 535 5.7.8: the mail server does not let us in: correct user= and secrets.password"


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_encrypted_mail(certificate: Certificate, opened: Opened, message: Make, tls: str, host: str) -> None:
    with MailServer(tls=tls, certificate=certificate) as server:  # type: ignore[arg-type]
        assert opened(server.url(host)).send(message(text="x" * 100_000), within=5) == DONE
    assert [one.encrypted for one in server.taken] == [True]


UNTRUSTED = "{}: the certificate of the mail server does not show that it is localhost: correct the host or ca="


@pytest.mark.parametrize(("tls", "stage"), [("starttls", "STARTTLS"), ("implicit", "greeting")])
def test_a_certificate_that_shows_nothing(
    certificate: Certificate, opened: Opened, message: Make, tmp_path: Path, tls: str, stage: str
) -> None:
    for folder, host, hours in (("other", "mail.example.org", 1), ("old", "localhost", -1), ("good", "localhost", 1)):
        (tmp_path / folder).mkdir()
        shown = Certificate.make(tmp_path / folder, host, hours=hours)
        with MailServer(tls=tls, certificate=shown) as server:  # type: ignore[arg-type]
            trusted = server.url("localhost")
            unknown = server.url("localhost", ca=str(certificate.authority))
            system = "&".join(part for part in trusted.split("&") if not part.startswith("ca="))
            system = system.replace(f"ca={shown.authority}", "")
            for url in {trusted, unknown, system} - ({trusted} if folder == "good" else set()):
                assert opened(url).send(message(), within=5) == Retry(UNTRUSTED.format(stage))
            assert server.taken == []
            if folder == "good":
                assert opened(trusted).send(message(), within=5) == DONE


def test_a_server_that_does_not_encrypt(server: MailServer, opened: Opened, message: Make) -> None:
    url = f"smtp://127.0.0.1:{server.port}?from=notices@example.org&user=notices"
    assert opened(url, "geheim").send(message(), within=5) == Retry(
        "STARTTLS: the mail server offers no encryption, and nothing is sent without"
    )
    assert server.taken == []


def test_both_ways_taken_for_each_other(certificate: Certificate, opened: Opened, message: Make) -> None:
    with MailServer(tls="starttls", certificate=certificate) as server:
        url = server.url("localhost").replace("smtp://", "smtps://")
        assert opened(url).send(message(), within=5) == Retry(
            "greeting: no encrypted connection came about: is it the right port, and smtp:// or smtps://?"
        )


def test_what_was_said_before_the_encryption_is_forgotten(
    certificate: Certificate, opened: Opened, message: Make, talking: Callable[[Talk], Talker]
) -> None:
    """Whoever sits between adds an answer behind the one to STARTTLS; it must not be taken for one of the encrypted server."""
    heard: list[bytes] = []

    def talk(link: socket.socket) -> None:
        link.sendall(b"220 hello\r\n")
        link.recv(1000)
        link.sendall(b"250-hello\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
        link.recv(1000)
        link.sendall(b"220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n")
        with certificate.context().wrap_socket(link, server_side=True) as safe:
            heard.append(safe.recv(1000))
            safe.sendall(b"250 nothing is offered here\r\n")
            heard.append(safe.recv(1000))
            safe.sendall(b"221 bye\r\n")

    talker = talking(talk)
    url = f"smtp://localhost:{talker.port}?from=notices@example.org&user=notices&ca={certificate.authority}"
    became = opened(url, "geheim").send(message(), within=5)
    assert became == Retry("AUTH: the mail server offers no way to sign in that is known here, PLAIN or LOGIN")
    talker.close()
    assert [one[:4].upper() for one in heard] == [b"EHLO", b"QUIT"]


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("password", ["geheim", "密码：很长 & geheim"])
def test_signing_in(certificate: Certificate, opened: Opened, message: Make, way: str, password: str) -> None:
    with MailServer(tls="starttls", certificate=certificate, users={"notices": password}, ways=[way]) as server:
        assert opened(server.url(user="notices"), password).send(message(), within=5) == DONE
    assert [one.user for one in server.taken] == ["notices"]


def test_a_wrong_password_is_not_the_recipients_fault(certificate: Certificate, opened: Opened, message: Make) -> None:
    with MailServer(tls="starttls", certificate=certificate, users={"notices": "geheim"}) as server:
        assert opened(server.url(user="notices"), "falsch").send(message(), within=5) == Retry(WRONG)
        assert opened(server.url(user="other"), "geheim").send(message(), within=5) == Retry(WRONG)
    assert server.taken == []


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
def test_while_a_password_changes(certificate: Certificate, opened: Opened, message: Make, way: str) -> None:
    """The one in use first; the other where that is not taken, and from then on the one that was."""
    with MailServer(tls="starttls", certificate=certificate, users={"notices": "old"}, ways=[way]) as server:
        channel = opened(server.url(user="notices"), "new", "old")
        assert [channel.send(message(), within=5) for _ in range(2)] == [DONE, DONE]
        assert server.tried == ["new", "old", "old"]
        server.change_password("notices", "new")
        assert [channel.send(message(), within=5) for _ in range(2)] == [DONE, DONE]
        assert server.tried == ["new", "old", "old", "old", "new", "new"]
        server.change_password("notices", "third")
        assert channel.send(message(), within=5) == Retry(WRONG)


def test_a_password_in_the_clear_to_this_machine(opened: Opened, message: Make) -> None:
    with MailServer(users={"notices": "geheim"}) as server:
        assert opened(server.url(user="notices"), "geheim").send(message(), within=5) == DONE


def test_this_machine_that_is_another(
    server: MailServer, opened: Opened, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``localhost`` stands in a file: the address that was connected to decides."""
    monkeypatch.setattr("stabflow_mail.line.Line.getpeername", lambda line: ("192.0.2.1", 25))
    became = opened(server.url("localhost", user="notices"), "geheim").send(message(), within=5)
    assert became == Retry("the mail server is not on this machine, and the password would be sent unencrypted")
    assert server.tried == []
