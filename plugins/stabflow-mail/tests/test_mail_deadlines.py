"""Servers that are slow, silent or mad: the deadline is over all of a dialogue, and who waits is told what is known."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from stabflow_mail import MailNotifier
from stabflow_mail.testing import MailServer, Talk, Talker

from stabflow.ports.notifier import Delivered, Message, Retry

Make = Callable[..., Message]
Opened = Callable[..., MailNotifier]
Talking = Callable[[Talk], Talker]
WITHIN = 0.5
LARGE = f"{'x' * 70}\n" * 100_000


@contextmanager
def in_time() -> Iterator[None]:
    """However busy the machine is: without a deadline over the whole, each of these takes longer, or never ends."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 4


def answered(line: socket.socket, *answers: bytes) -> None:
    """Greet, and give one answer for each line of the other side."""
    line.sendall(b"220 hello\r\n")
    heard = line.makefile("rb")
    with heard:
        for answer in answers:
            heard.readline()
            line.sendall(answer)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
def test_a_server_that_is_slow_before_the_end(server: MailServer, opened: Opened, message: Make, step: str) -> None:
    server.answers[step] = [5.0]
    with in_time():
        became = opened(server.url()).send(message(), within=WITHIN)
    assert became == Retry(f"{step}: the mail server did not answer in time")


def test_a_server_that_is_slow_at_the_end(server: MailServer, opened: Opened, message: Make) -> None:
    server.answers["DATA"] = [5.0]
    with in_time():
        became = opened(server.url()).send(message(), within=WITHIN)
    assert became == Retry("end of the message: the mail server did not answer in time", maybe_sent=True)


@pytest.mark.slow
def test_a_server_that_takes_leave_slowly(server: MailServer, opened: Opened, message: Make) -> None:
    server.answers["QUIT"] = [10.0]
    with in_time():
        assert opened(server.url()).send(message(), within=20) == Delivered("250 2.0.0")


def test_a_server_that_is_silent(opened: Opened, message: Make, talking: Talking) -> None:
    with in_time():
        became = opened(talking(lambda line: print(line.recv(1))).url).send(message(), within=0.2)
    assert became == Retry("greeting: the mail server did not answer in time")


@pytest.mark.slow
def test_a_server_that_is_silent_while_encrypting(opened: Opened, message: Make, talking: Talking) -> None:
    def talk(line: socket.socket) -> None:
        answered(line, b"250-hello\r\n250 STARTTLS\r\n", b"220 go\r\n")
        while line.recv(1000):
            pass

    url = talking(talk).url.replace("&tls=none", "")
    with in_time():
        became = opened(url).send(message(), within=WITHIN)
    assert became == Retry("STARTTLS: the mail server did not answer in time")


@pytest.mark.slow
def test_a_server_that_says_a_letter_now_and_then(opened: Opened, message: Make, talking: Talking) -> None:
    """Each step of it is quick enough: only the whole is not."""
    over = threading.Event()

    def talk(line: socket.socket) -> None:
        for letter in b"220 hello and welcome to the mail server\r\n" * 10:
            line.sendall(bytes([letter]))
            if over.wait(0.05):
                return

    with in_time():
        became = opened(talking(talk).url).send(message(), within=WITHIN)
    over.set()
    assert became == Retry("greeting: the mail server did not answer in time")


@pytest.mark.slow
def test_a_server_that_does_not_read_the_message(opened: Opened, message: Make, talking: Talking) -> None:
    def talk(line: socket.socket) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        answered(line, b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")
        talker.over.wait(10)

    talker = talking(talk)
    with in_time():
        became = opened(talker.url).send(message(text=LARGE), within=2.5)
    assert became == Retry("DATA: the mail server did not answer in time")


@pytest.mark.slow
def test_a_server_that_breaks_off_within_the_message(opened: Opened, message: Make, talking: Talking) -> None:
    def talk(line: socket.socket) -> None:
        answered(line, b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")

    became = opened(talking(talk).url).send(message(text=LARGE), within=5)
    assert became == Retry("DATA: the connection to the mail server broke off")


@pytest.mark.slow
@pytest.mark.parametrize("flood", [b"250-more\r\n", b"2" * 5000, b"250 x\r\n" + b"\0" * 100_000])
def test_a_server_that_does_not_stop(opened: Opened, message: Make, talking: Talking, flood: bytes) -> None:
    said = 0

    def talk(line: socket.socket) -> None:
        nonlocal said
        line.sendall(b"220 hello\r\n")
        while True:
            line.sendall(flood)
            said += len(flood)

    with in_time():
        became = opened(talking(talk).url).send(message(), within=WITHIN)
    assert isinstance(became, Retry)
    assert became.reason in ("EHLO: what answers speaks no SMTP", "MAIL: what answers speaks no SMTP")
    assert not became.maybe_sent
    assert said < 20_000_000


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"554 5.7.1 blocked, ask postmaster@example.org\r\n", "greeting 554 5.7.1: the mail server does not serve us"),
        (b"421 4.3.2 busy\r\n", "greeting 421 4.3.2: the mail server ends the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n", "greeting: the mail server answered out of turn"),
        (b"\xff\xfe\r\n", "greeting: the mail server answered out of turn"),
        (b"", "greeting: the connection to the mail server broke off"),
        (b"220-half", "greeting: the connection to the mail server broke off"),
        (b"5" * 9000 + b"\r\n", "greeting: what answers speaks no SMTP"),
    ],
)
def test_a_greeting_that_is_none(opened: Opened, message: Make, talking: Talking, greeting: bytes, reason: str) -> None:
    """Nobody's address is to blame for it, whatever the code."""
    became = opened(talking(lambda line: line.sendall(greeting)).url).send(message(), within=2)
    assert became == Retry(reason)


def test_a_line_at_the_end_that_is_too_long(opened: Opened, message: Make, talking: Talking) -> None:
    """smtplib calls it 500, which no server said."""

    def talk(line: socket.socket) -> None:
        answered(
            line, b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n", b"250 " + b"x" * 9000 + b"\r\n"
        )

    became = opened(talking(talk).url).send(message(), within=2)
    assert became == Retry("end of the message: what answers speaks no SMTP", maybe_sent=True)


def test_nobody_is_there(opened: Opened, message: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"smtp://127.0.0.1:{port}?from=notices@example.org"
    assert opened(url).send(message(), within=2) == Retry("connection: there is no mail server at this host and port")


def test_a_name_that_nobody_knows(opened: Opened, message: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert opened("smtp://mail.example.org?from=a@example.org").send(message(), within=2) == Retry(
        "connection: the name of the mail server is not known at present"
    )


@pytest.mark.slow
def test_a_resolver_that_hangs(opened: Opened, message: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hanging(*_: object, **__: object) -> list[object]:
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with in_time():
        became = opened("smtp://mail.example.org?from=a@example.org").send(message(), within=WITHIN)
    over.set()
    assert became == Retry("connection: the mail server did not answer in time")


def test_the_second_address_where_the_first_is_dead(
    server: MailServer, opened: Opened, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one swallows what is sent to it; it gets no more than its share of the time."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as dead:
        filling = [socket.socket() for _ in range(4)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(dead.getsockname())
        places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", dead.getsockname()[1]))]
        places.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
        with in_time():
            became = opened(server.url("localhost")).send(message(), within=WITHIN)
        for one in filling:
            one.close()
    assert became == Delivered("250 2.0.0")


def test_several_threads_at_once(server: MailServer, opened: Opened, message: Make) -> None:
    channel = opened(server.url())
    became: list[object] = []
    threads = [
        threading.Thread(
            target=lambda n=n: became.append(channel.send(message(id=f"m{n}", to=f"u{n}@x.example"), within=5))
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert became == [Delivered("250 2.0.0")] * 20
    assert sorted(one.recipients[0] for one in server.taken) == sorted(f"u{n}@x.example" for n in range(20))
    assert all(f"<m{one.recipients[0][1:].split('@')[0]}@example.org>".encode() in one.content for one in server.taken)
